//! The replay: a book in, a ledger and the closing book out, window by window of days.
//!
//! Accounts are independent: each has a purse, its instances and a journal of its own, and shards of accounts run side by
//! side. A shard visits an account only on days on which something can happen; the phases of such a day are in
//! `engine/day.rs`. Of a day that is over only the state of accounts and instances is kept. There is no clock here, no file,
//! no randomness and no floating-point number.

mod account_state;
mod actions;
pub mod amortisation;
mod audit;
mod change;
pub mod charge;
mod closing;
mod day;
pub mod event;
mod event_queue;
mod instance_cells;
mod instances;
mod journal;
pub mod ledger;
pub mod lifecycle;
mod purse;
mod renewal;
mod renewal_fast_path;
mod routes;
mod shard;
mod simulation;
mod usage;
mod window;

use std::collections::BTreeSet;
use std::mem;
use std::ops::{Range, RangeInclusive};

use crate::parallel::prelude::*;

use crate::engine::ledger::Ledger;
use crate::model::account::AccountIndex;
use crate::model::action::{ActionIndex, Verb};
use crate::model::book::Book;
use crate::model::calendar::{Day, DayRange};
use crate::model::instance::InstanceIndex;
use crate::model::money::Money;
use crate::model::order::Order;
use crate::model::prices::PriceKind;
use account_state::{AccountInput, AccountState};
pub use closing::{ReplayEnd, TerminatedInstance};
use routes::{ActionRoutes, UnassignedActions};
use shard::{RowWriter, Shard};
pub use simulation::Simulation;
pub use window::{RowSpan, ShardRows, Window};

/// What a replay gives.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Everything that happened.
    pub ledger: Ledger,
    /// A book that continues on the day after the run.
    pub closing: Book,
}

/// A run that cannot be carried out as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// An action needs a price that neither the instance nor the action has.
    PriceMissing {
        /// The action.
        action: ActionIndex,
        /// The instance.
        instance: InstanceIndex,
        /// The day.
        date: Day,
        /// The price.
        kind: PriceKind,
    },
}

impl Refusal {
    fn date(&self) -> Day {
        match self {
            Self::PriceMissing { date, .. } => *date,
        }
    }
}

/// What a replay gives its accounts that the book does not.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplayOptions {
    /// Cash at the opening, besides their own.
    pub opening_cash: Money,
    /// Whether what nobody decided to end is renewed and started, whoever would have to do it (rule
    /// **all-kept**).
    pub keeps_all: bool,
}

/// What a plan adds to a day of a [`Simulation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlannedStep {
    /// Cash comes in.
    Receive(Money),
    /// People do something with an instance; nothing for which the book may lack a price.
    Do(InstanceIndex, Verb),
}

impl PlannedStep {
    fn is_money(&self) -> bool {
        matches!(self, Self::Receive(_))
    }
}

/// Replays a book from its first day to its last, and keeps every row.
///
/// # Errors
/// The first action, by date and account, that needs a price which is not known.
///
/// # Panics
/// When a law of the ledger is broken, naming day, instance and both sides: a fault of the program.
pub fn replay(book: &Book) -> Result<Replay, Refusal> {
    let mut run = start(book);
    let mut ledger = Ledger::default();
    let mut window = Window::default();
    while run.advance(&mut window)? {
        ledger.entries.extend(window.entries());
        ledger.balances.extend(window.balances());
    }
    Ok(Replay {
        ledger,
        closing: run.finish().into_book(book.clone()),
    })
}

/// The action that would stop the replay of a book for want of a price. Replays it only if an action could ask a price
/// that an instance does not have, and keeps nothing.
pub fn stopped_by(book: &Book) -> Option<Refusal> {
    let mut verbs = book.actions.iter().map(|action| action.verb);
    let asks_price = verbs.any(|verb| {
        matches!(
            verb,
            Verb::Terminate | Verb::Resize(..) | Verb::ToPrepaid(..) | Verb::ToPostpaid(_)
        )
    });
    let mut instances = book.instances.iter();
    let lacks_price =
        instances.any(|one| one.monthly_price.is_none() || one.hourly_price.is_none());
    if !asks_price || !lacks_price {
        return None;
    }
    let mut run = start(book);
    let mut window = Window::default();
    loop {
        match run.advance(&mut window) {
            Ok(true) => {}
            Ok(false) => return None,
            Err(refusal) => return Some(refusal),
        }
    }
}

/// Begins the replay of a book.
pub fn start(book: &Book) -> RunningReplay<'_> {
    open_routes(book, ActionRoutes::route_actions(book))
}

/// Begins the replay of some accounts of a book: accounts do not depend on each other.
pub fn open_accounts<'b>(book: &'b Book, accounts: &BTreeSet<AccountIndex>) -> RunningReplay<'b> {
    open_with(book, accounts, ReplayOptions::default())
}

/// [`open_accounts`], with these options.
pub fn open_with<'b>(
    book: &'b Book,
    accounts: &BTreeSet<AccountIndex>,
    options: ReplayOptions,
) -> RunningReplay<'b> {
    let mut routes = ActionRoutes::route_actions(book);
    routes
        .inputs
        .retain(|input| accounts.contains(&input.account));
    for input in &mut routes.inputs {
        input.options = options;
    }
    open_routes(book, routes)
}

/// Asks every account of a book the same question, side by side; the answers come by account.
pub fn ask_accounts<'b, T: Send>(
    book: &'b Book,
    question: impl Fn(Simulation<'b>) -> T + Sync,
) -> Vec<T> {
    ask_inputs(book, ActionRoutes::route_actions(book).inputs, question)
}

/// [`ask_accounts`], of some accounts.
pub fn ask_some<'b, T: Send>(
    book: &'b Book,
    accounts: &BTreeSet<AccountIndex>,
    question: impl Fn(Simulation<'b>) -> T + Sync,
) -> Vec<T> {
    let mut inputs = ActionRoutes::route_actions(book).inputs;
    inputs.retain(|input| accounts.contains(&input.account));
    ask_inputs(book, inputs, question)
}

fn ask_inputs<'b, T: Send>(
    book: &'b Book,
    inputs: Vec<AccountInput>,
    question: impl Fn(Simulation<'b>) -> T + Sync,
) -> Vec<T> {
    let inputs = inputs.into_par_iter();
    inputs
        .map(|input| question(Simulation::simulate(book, input)))
        .collect()
}

fn open_routes<'b>(book: &'b Book, routes: ActionRoutes<'b>) -> RunningReplay<'b> {
    let shards = shard::divide(routes.inputs).into_par_iter();
    RunningReplay {
        book,
        shards: shards
            .map(|inputs| Shard::open_shard(book, inputs))
            .collect(),
        split_days: routes.unassigned.split_days(),
        unassigned: routes.unassigned,
        next: book.days.from,
        passes_refusals: false,
    }
}

/// A window holds about a row for this many instances, within these bounds, and at least a day: enough rows to keep all
/// processors at work, and few enough to stay near them.
const INSTANCES_PER_ROW: usize = 4;
const ROWS_PER_WINDOW: RangeInclusive<usize> = 1 << 17..=1 << 18;
/// In very large books a window holds at least a row for this many instances.
const MAX_INSTANCES_PER_ROW: usize = 16;
const MAX_DAYS_PER_WINDOW: i32 = 31;

/// A replay under way.
pub struct RunningReplay<'b> {
    book: &'b Book,
    shards: Vec<Shard<'b>>,
    unassigned: UnassignedActions<'b>,
    /// Days on which rows that belong to no account stand between those of accounts.
    split_days: BTreeSet<Day>,
    /// The first day that has not been replayed.
    next: Day,
    /// Whether the other accounts go on where one cannot.
    passes_refusals: bool,
}

impl<'b> RunningReplay<'b> {
    /// The book that is replayed.
    pub fn book(&self) -> &'b Book {
        self.book
    }

    /// Replays the next days into `window`, whose earlier rows are gone; false where no day is left. The first window
    /// begins with the balances of the opening.
    ///
    /// # Errors
    /// The first action, by date and account, that needs a price which is not known.
    ///
    /// # Panics
    /// When a law of the ledger is broken, naming day, instance and both sides: a fault of the program.
    pub fn advance(&mut self, window: &mut Window) -> Result<bool, Refusal> {
        let mut no_totals = vec![(); self.parts().count()];
        self.advance_with(window, &mut no_totals, |(), rows, kept| {
            mem::swap(rows, kept);
        })
    }

    /// The parts of a window: the numbers of the accounts of each; the last is for rows that belong to no account.
    pub fn parts(&self) -> impl Iterator<Item = Range<u32>> {
        let accounts = self.book.accounts.len();
        let none = u32::try_from(accounts).map_or(0..0, |none| none..none);
        self.shards.iter().map(Shard::account_numbers).chain([none])
    }

    /// [`advance`](Self::advance), where `fold` sees the rows of each part as soon as they are written, adds them to the
    /// part's totals, and leaves in the window what is to be kept of them, in place of what was kept before. Parts are
    /// replayed side by side.
    ///
    /// # Errors
    /// As [`advance`](Self::advance).
    ///
    /// # Panics
    /// As [`advance`](Self::advance).
    pub fn advance_with<T: Send, K: Default + Send>(
        &mut self,
        window: &mut Window<K>,
        totals: &mut [T],
        fold: impl Fn(&mut T, &mut ShardRows, &mut K) + Sync,
    ) -> Result<bool, Refusal> {
        window.clear(self.shards.len() + 1);
        if self.next > self.book.days.to {
            return Ok(false);
        }
        let first_day = self.book.days.from;
        let (from, to) = (self.next, self.end_of_window());
        let split_days = &self.split_days;
        let shards = self.shards.par_iter_mut();
        let parts = shards.zip(&mut window.parts).zip(&mut *totals);
        parts.for_each_init(ShardRows::default, |rows, ((shard, part), total)| {
            rows.clear();
            let mut writer = RowWriter {
                rows,
                ends: &mut part.ends,
            };
            if from == first_day {
                shard.note_opening(first_day.yesterday(), &mut writer);
            }
            for day in (DayRange { from, to }).days() {
                let is_split = split_days.contains(&day);
                shard.replay(day, is_split, &mut writer);
            }
            fold(total, rows, &mut part.kept);
        });
        let refusals = self.refusals().map(|(_, refusal)| refusal);
        let first_refusal = refusals.min_by_key(Refusal::date);
        if let Some(refusal) = first_refusal.filter(|_| !self.passes_refusals) {
            return Err(refusal);
        }
        for shard in &mut self.shards {
            for account in &mut shard.accounts {
                self.unassigned.collect(account);
            }
        }
        if let (Some(part), Some(total)) = (window.parts.last_mut(), totals.last_mut()) {
            let mut rows = ShardRows::default();
            let mut writer = RowWriter {
                rows: &mut rows,
                ends: &mut part.ends,
            };
            self.unassigned.write_until(to, &mut writer);
            fold(total, &mut rows, &mut part.kept);
        }
        window.put_in_order(to);
        self.next = to.tomorrow();
        Ok(true)
    }

    /// Lets the other accounts go on where one asks a price that is not known: [`refusals`](Self::refusals) says which.
    pub fn pass_refusals(&mut self) {
        self.passes_refusals = true;
    }

    /// The accounts that could not go on, and why.
    pub fn refusals(&self) -> impl Iterator<Item = (AccountIndex, Refusal)> {
        self.accounts()
            .filter_map(|account| Some((account.account, account.refusal?)))
    }

    /// The accounts in which with more cash a payment, a restart or an hour would have been decided otherwise, once no
    /// day is left. In any other account ample cash changes nothing.
    pub fn short_accounts(&self) -> BTreeSet<AccountIndex> {
        let short = self
            .accounts()
            .filter(|account| account.purse.margin.is_some());
        short.map(|account| account.account).collect()
    }

    /// The accounts in which something was not renewed or started that would have been, were everything kept.
    pub fn lapsing_accounts(&self) -> BTreeSet<AccountIndex> {
        let lapsing = self
            .accounts()
            .filter(|account| account.instances.lets_lapse);
        lapsing.map(|account| account.account).collect()
    }

    fn accounts(&self) -> impl Iterator<Item = &AccountState<'b>> {
        self.shards.iter().flat_map(|shard| &shard.accounts)
    }

    /// The last day of the next window: it has at least one day, and no more rows than fit as far as that can be known.
    fn end_of_window(&self) -> Day {
        let last = (self.next + (MAX_DAYS_PER_WINDOW - 1)).min(self.book.days.to);
        let daily: usize = self.shards.iter().map(Shard::rows_of_every_day).sum();
        let instances = self.book.instances.len();
        let (fewest, most) = ROWS_PER_WINDOW.into_inner();
        let max_rows = (instances / INSTANCES_PER_ROW)
            .clamp(fewest, most)
            .max(instances / MAX_INSTANCES_PER_ROW);
        let mut rows = 0;
        let mut end = self.next;
        while end <= last {
            let scheduled = self.shards.iter().map(|shard| shard.queue.count_on(end));
            rows += daily + scheduled.sum::<usize>();
            if rows > max_rows {
                break;
            }
            end = end.tomorrow();
        }
        end.yesterday().max(self.next)
    }

    /// What the run lost, once no day is left: what is in the bin, stopped or terminated, and what was not bought for want of
    /// funds. By account, then id.
    pub fn gone(&self) -> impl Iterator<Item = TerminatedInstance> {
        self.accounts().flat_map(AccountState::lost_instances)
    }

    /// What is known to be paid for terms that go on after the run, once no day is left.
    pub fn orders(&self) -> impl Iterator<Item = (InstanceIndex, Order)> {
        let last = self.book.days.to;
        self.accounts().flat_map(move |account| {
            let instances = &account.instances;
            instances.positions().flat_map(move |position| {
                let instance = instances[position].instance;
                let known = instances.orders_on(position, last);
                known.map(move |order| (instance, order))
            })
        })
    }

    /// Where the run leaves everything, once no day is left.
    pub fn finish(self) -> ReplayEnd {
        let last = self.book.days.to;
        let accounts = self.shards.into_iter().flat_map(|shard| shard.accounts);
        ReplayEnd::gather_states(accounts.map(|mut account| {
            account.skip_to(last);
            account
        }))
    }
}
