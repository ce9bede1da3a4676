//! The replay: a book in, a ledger and the closing book out, window by window of days.
//!
//! Accounts are independent, so each has a desk of its own; sections of desks run side by side. A desk visits only days
//! on which something can happen; the phases of such a day are in `engine/day.rs`. Nothing is kept of a day that is over
//! but where accounts and instances stand. There is no clock here, no file, no randomness and no floating-point number.

mod account_state;
mod actions;
pub mod amortisation;
mod audit;
mod change;
pub mod charge;
mod closing;
mod day;
mod due;
pub mod event;
mod event_queue;
mod kept;
pub mod ledger;
pub mod lifecycle;
mod payment;
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
use crate::engine::lifecycle::DayStatus;
use crate::model::account::AccountIndex;
use crate::model::action::{ActionIndex, Verb};
use crate::model::book::Book;
use crate::model::calendar::{Day, DayRange};
use crate::model::instance::{Instance, InstanceIndex};
use crate::model::money::{Money, Price};
use crate::model::order::Order;
use crate::model::prices::PriceKind;
use account_state::AccountState;
pub use closing::ReplayEnd;
use routes::{ActionRoutes, UnassignedActions, homeless};
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

/// Where a run leaves an instance that it lost.
#[derive(Clone, Copy, Debug)]
pub struct TerminatedInstance {
    /// The instance.
    pub instance: InstanceIndex,
    /// Where it stands; none of a purchase that was refused.
    pub standing: Option<DayStatus>,
    /// Months of its own renewals.
    pub months: u32,
    /// The list price of a month in force.
    pub monthly: Option<Price>,
    /// The list price of an hour in force.
    pub hourly: Option<Price>,
}

/// What a plan adds to a day of a [`Simulation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlannedStep {
    /// Cash comes in.
    Receive(Money),
    /// People do something with an instance; nothing for which the book may lack a price.
    Do(InstanceIndex, Verb),
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
    let asks = |verb| {
        matches!(
            verb,
            Verb::Terminate | Verb::Resize(..) | Verb::ToPrepaid(..) | Verb::ToPostpaid(_)
        )
    };
    let lacks =
        |instance: &Instance| instance.monthly_price.is_none() || instance.hourly_price.is_none();
    if !book.actions.iter().any(|action| asks(action.verb)) || !book.instances.iter().any(lacks) {
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
    let mut routes = ActionRoutes::route_actions(book);
    routes
        .papers
        .retain(|papers| accounts.contains(&papers.account));
    open_routes(book, routes)
}

/// What a replay gives its accounts that the book does not.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplayOptions {
    /// Cash at the opening, besides their own.
    pub gift: Money,
    /// Whether what nobody decided to end is renewed and started, whoever would have to do it (`docs/spec/answer.md`,
    /// **all-kept**).
    pub keeps: bool,
}

/// [`open_accounts`], each with these means.
pub fn open_with<'b>(
    book: &'b Book,
    accounts: &BTreeSet<AccountIndex>,
    means: ReplayOptions,
) -> RunningReplay<'b> {
    let mut routes = ActionRoutes::route_actions(book);
    routes
        .papers
        .retain(|papers| accounts.contains(&papers.account));
    routes
        .papers
        .iter_mut()
        .for_each(|papers| papers.means = means);
    open_routes(book, routes)
}

/// Asks every account of a book the same question, side by side; the answers come by account.
pub fn ask_accounts<'b, T: Send>(
    book: &'b Book,
    question: impl Fn(Simulation<'b>) -> T + Sync,
) -> Vec<T> {
    let papers = ActionRoutes::route_actions(book).papers;
    papers
        .into_par_iter()
        .map(|papers| question(Simulation::simulate(book, papers)))
        .collect()
}

/// [`ask_accounts`], of some accounts.
pub fn ask_some<'b, T: Send>(
    book: &'b Book,
    accounts: &BTreeSet<AccountIndex>,
    question: impl Fn(Simulation<'b>) -> T + Sync,
) -> Vec<T> {
    let mut papers = ActionRoutes::route_actions(book).papers;
    papers.retain(|papers| accounts.contains(&papers.account));
    papers
        .into_par_iter()
        .map(|papers| question(Simulation::simulate(book, papers)))
        .collect()
}

fn open_routes<'b>(book: &'b Book, routes: ActionRoutes<'b>) -> RunningReplay<'b> {
    let sections = shard::split(routes.papers)
        .into_par_iter()
        .map(|papers| Shard::open_shard(book, papers))
        .collect();
    let split = routes.strays.split_days();
    RunningReplay {
        book,
        sections,
        strays: routes.strays,
        split,
        next: book.days.from,
        passes_refusals: false,
    }
}

/// A window holds about a row for so many instances, within these bounds, and at least a day: enough rows to keep all
/// processors at work, and few enough to stay near them.
const INSTANCES_FOR_A_ROW: usize = 4;
const ROWS: RangeInclusive<usize> = 1 << 17..=1 << 18;
/// Where there are very many instances, a window holds a row for so many of them at least.
const MOST_INSTANCES_FOR_A_ROW: usize = 16;
/// The most days of a window.
const MOST_DAYS: i32 = 31;

/// A replay under way.
pub struct RunningReplay<'b> {
    book: &'b Book,
    sections: Vec<Shard<'b>>,
    strays: UnassignedActions<'b>,
    /// Days on which rows that belong to no account stand between those of accounts.
    split: BTreeSet<Day>,
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
        let mut nobody = vec![(); self.parts().count()];
        self.advance_with(window, &mut nobody, |(), rows, kept| mem::swap(rows, kept))
    }

    /// The parts of a window: the numbers of the accounts of each; the last is for rows that belong to no account.
    pub fn parts(&self) -> impl Iterator<Item = Range<u32>> {
        let accounts = self.book.accounts.len();
        let none = u32::try_from(accounts).map_or(0..0, |none| none..none);
        self.sections.iter().map(Shard::accounts).chain([none])
    }

    /// [`advance`](Self::advance), where each part has a clerk who sees its rows as soon as they are written and leaves in
    /// the window what is to be kept of them, in place of what was kept before. Parts are replayed side by side.
    ///
    /// # Errors
    /// As [`advance`](Self::advance).
    ///
    /// # Panics
    /// As [`advance`](Self::advance).
    pub fn advance_with<C: Send, K: Default + Send>(
        &mut self,
        window: &mut Window<K>,
        clerks: &mut [C],
        work: impl Fn(&mut C, &mut ShardRows, &mut K) + Sync,
    ) -> Result<bool, Refusal> {
        let days = self.book.days;
        window.clear(self.sections.len() + 1);
        if self.next > days.to {
            return Ok(false);
        }
        let (first, last) = (self.next, self.end_of_window());
        let split = &self.split;
        let sections = self
            .sections
            .par_iter_mut()
            .zip(&mut window.parts)
            .zip(&mut *clerks);
        sections.for_each_init(ShardRows::default, |rows, ((section, part), clerk)| {
            rows.clear();
            let mut pen = RowWriter {
                rows,
                ends: &mut part.ends,
            };
            if first == days.from {
                section.note_opening(days.from.yesterday(), &mut pen);
            }
            DayRange {
                from: first,
                to: last,
            }
            .days()
            .for_each(|day| section.replay((day, split.contains(&day)), &mut pen));
            work(clerk, rows, &mut part.kept);
        });
        let desks = || self.sections.iter().flat_map(|section| &section.desks);
        let refusal = desks()
            .filter_map(|desk| desk.refusal)
            .min_by_key(Refusal::date);
        if let Some(refusal) = refusal.filter(|_| !self.passes_refusals) {
            return Err(refusal);
        }
        for desk in self
            .sections
            .iter_mut()
            .flat_map(|section| &mut section.desks)
        {
            self.strays.collect(desk);
        }
        if let (Some(part), Some(clerk)) = (window.parts.last_mut(), clerks.last_mut()) {
            let mut rows = ShardRows::default();
            self.strays.take(
                last,
                &mut RowWriter {
                    rows: &mut rows,
                    ends: &mut part.ends,
                },
            );
            work(clerk, &mut rows, &mut part.kept);
        }
        window.put_in_order(last);
        self.next = last.tomorrow();
        Ok(true)
    }

    /// Lets the other accounts go on where one asks a price that is not known: [`refusals`](Self::refusals) says which.
    pub fn pass_refusals(&mut self) {
        self.passes_refusals = true;
    }

    /// The accounts that could not go on, and why.
    pub fn refusals(&self) -> impl Iterator<Item = (AccountIndex, Refusal)> {
        self.desks()
            .filter_map(|desk| Some((desk.account, desk.refusal?)))
    }

    /// The accounts in which with more cash a payment, a restart or an hour would have been decided otherwise, once no
    /// day is left. In any other account ample cash changes nothing.
    pub fn short_accounts(&self) -> BTreeSet<AccountIndex> {
        self.desks()
            .filter(|desk| desk.narrowest.is_some())
            .map(|desk| desk.account)
            .collect()
    }

    /// The accounts in which something was not renewed or started that would have been, were everything kept.
    pub fn lapsing_accounts(&self) -> BTreeSet<AccountIndex> {
        self.desks()
            .filter(|desk| desk.lets_lapse)
            .map(|desk| desk.account)
            .collect()
    }

    fn desks(&self) -> impl Iterator<Item = &AccountState<'b>> {
        self.sections.iter().flat_map(|section| &section.desks)
    }

    /// The last day of the next window: it has at least one day, and no more rows than fit as far as that can be known.
    fn end_of_window(&self) -> Day {
        let most = (self.next + (MOST_DAYS - 1)).min(self.book.days.to);
        let daily: usize = self.sections.iter().map(Shard::rows_of_every_day).sum();
        let instances = self.book.instances.len();
        let most_rows = (instances / INSTANCES_FOR_A_ROW).clamp(*ROWS.start(), *ROWS.end());
        let most_rows = most_rows.max(instances / MOST_INSTANCES_FOR_A_ROW);
        let mut rows = 0;
        let fits = |day: &Day| {
            rows += daily
                + self
                    .sections
                    .iter()
                    .map(|section| section.rows_ahead(*day))
                    .sum::<usize>();
            rows <= most_rows
        };
        DayRange {
            from: self.next,
            to: most,
        }
        .days()
        .take_while(fits)
        .last()
        .unwrap_or(self.next)
    }

    /// What the run lost, once no day is left: what is in the bin, stopped or terminated, and what was not bought for want of
    /// funds. By account, then id.
    pub fn gone(&self) -> impl Iterator<Item = TerminatedInstance> {
        let positions = self
            .desks()
            .flat_map(|desk| desk.positions().map(move |position| (desk, position)));
        positions.filter_map(|(desk, position)| desk.gone(position))
    }

    /// What is known to be paid for terms that go on after the run, once no day is left.
    pub fn orders(&self) -> impl Iterator<Item = (InstanceIndex, Order)> {
        let last = self.book.days.to;
        let desks = self.sections.iter().flat_map(|section| &section.desks);
        let units = desks.flat_map(|desk| desk.positions().map(move |position| (desk, position)));
        units.flat_map(move |(desk, position)| {
            let instance = desk.unit(position).instance;
            desk.orders_on(position, last)
                .map(move |order| (instance, order))
        })
    }

    /// Where the run leaves everything, once no day is left.
    pub fn finish(self) -> ReplayEnd {
        let last = self.book.days.to;
        let desks = self.sections.into_iter().flat_map(|section| section.desks);
        ReplayEnd::gather_states(desks.map(|mut desk| {
            desk.let_pass(last);
            desk
        }))
    }
}
