//! The replay: a book in, a ledger and the closing book out.
//!
//! Accounts are independent, so each has a desk of its own and desks run side by side. A desk visits only days
//! on which something can happen; the phases of such a day are in `engine/day.rs`. The rows of a window of days are put in
//! order once all desks have passed it. There is no clock here, no file, no randomness and no floating-point number.

mod actions;
mod agenda;
mod audit;
mod change;
mod closing;
mod day;
mod desk;
mod due;
mod payment;
mod usage;

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::account::AccountIndex;
use crate::action::{AccountRef, ActionIndex, Target};
use crate::book::Book;
use crate::calendar::Day;
use crate::event::{Event, Reason};
use crate::instance::InstanceIndex;
use crate::ledger::{Balance, Entry, Ledger};
use crate::money::Money;
use crate::prices::PriceKind;
use desk::Desk;

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

/// Replays a book from its first day to its last.
///
/// # Errors
/// The first action, by date and account, that needs a price which is not known.
///
/// # Panics
/// When a law of the ledger is broken, naming day, instance and both sides: a fault of the program.
pub fn replay(book: &Book) -> Result<Replay, Refusal> {
    replay_observed(book, &|_| {})
}

/// [`replay`], telling `observe` after each window which day has been reached.
///
/// # Errors
/// As [`replay`].
pub fn replay_observed(book: &Book, observe: &dyn Fn(Day)) -> Result<Replay, Refusal> {
    let mut engine = Engine::open(book);
    let mut ledger = Ledger { entries: Vec::new(), balances: engine.opening_balances() };
    for month in book.days.months() {
        let last = month.next_month_start().yesterday().min(book.days.to);
        engine.advance(last, &mut ledger)?;
        observe(last);
    }
    Ok(Replay { ledger, closing: engine.close() })
}

/// All desks of a book, and the actions that belong to none.
struct Engine<'b> {
    book: &'b Book,
    desks: Vec<Desk<'b>>,
    homeless: Vec<Entry>,
    unmatched: BTreeSet<ActionIndex>,
}

impl<'b> Engine<'b> {
    fn open(book: &'b Book) -> Self {
        let routes = Routes::of(book);
        let mut instances = vec![Vec::new(); book.accounts.len()];
        for (number, instance) in (0u32..).zip(&book.instances) {
            instances[instance.account.0 as usize].push(InstanceIndex(number));
        }
        let accounts = (0u32..).map(AccountIndex).zip(instances).zip(routes.of_accounts);
        let desks = accounts.map(|((account, instances), actions)| Desk::open(book, account, &instances, actions));
        Self { book, desks: desks.collect(), homeless: routes.homeless, unmatched: routes.everywhere }
    }

    fn opening_balances(&self) -> Vec<Balance> {
        self.desks.iter().map(Desk::noted_balance).collect()
    }

    /// Replays all desks to the end of `last` and adds their rows to the ledger.
    fn advance(&mut self, last: Day, ledger: &mut Ledger) -> Result<(), Refusal> {
        self.desks.par_iter_mut().for_each(|desk| desk.advance(last));
        if let Some(refusal) = self.desks.iter().filter_map(|desk| desk.refusal).min_by_key(Refusal::date) {
            return Err(refusal);
        }
        self.collect_homeless(last);
        let (now, later) = self.homeless.drain(..).partition(|entry| entry.date <= last);
        self.homeless = later;
        self.merge_entries(now, ledger);
        let balances_from = ledger.balances.len();
        for desk in &mut self.desks {
            ledger.balances.append(&mut desk.balances);
        }
        ledger.balances[balances_from..].sort_by_key(|balance| balance.date);
        Ok(())
    }

    /// Adds the rows of all desks and those that belong to none: by date, then account id, then order of occurrence.
    /// Desks are in the order of ids and each has its rows by date, so every row's place can be counted.
    fn merge_entries(&mut self, mut homeless: Vec<Entry>, ledger: &mut Ledger) {
        homeless.sort_by_cached_key(|entry| Given::of(self.book, entry));
        let mut homeless = homeless
            .chunk_by(|left, right| accounts_before(self.book, left) == accounts_before(self.book, right))
            .peekable();
        let mut runs: Vec<&[Entry]> = Vec::with_capacity(self.desks.len());
        for (number, desk) in self.desks.iter().enumerate() {
            runs.extend(homeless.next_if(|run| accounts_before(self.book, &run[0]) == number));
            runs.push(&desk.entries);
        }
        runs.extend(homeless);
        merge_by_date(&runs, &mut ledger.entries);
        self.desks.iter_mut().for_each(|desk| desk.entries.clear());
    }

    /// Adds what turned out to belong to no account up to `last`: instances that did not exist on the day, and selectors
    /// that matched in no account.
    fn collect_homeless(&mut self, last: Day) {
        for desk in &mut self.desks {
            self.homeless.append(&mut desk.homeless);
            for action in desk.matched.drain(..) {
                self.unmatched.remove(&action);
            }
        }
        let book = self.book;
        let over = |action: &ActionIndex| book.action(*action).date <= last;
        for action in self.unmatched.extract_if(.., |action| over(action)) {
            self.homeless.push(homeless(book, action, Reason::NoMatch));
        }
    }

    fn close(self) -> Book {
        closing::book(self.book, &self.desks)
    }
}

impl Refusal {
    fn date(&self) -> Day {
        match self {
            Self::PriceMissing { date, .. } => *date,
        }
    }
}

/// Adds runs of rows, each ordered by date, so that the whole is ordered by date and rows of one day keep their order.
fn merge_by_date(runs: &[&[Entry]], merged: &mut Vec<Entry>) {
    let dates = || runs.iter().flat_map(|run| run.iter()).map(|entry| entry.date);
    let (Some(first), Some(last)) = (dates().min(), dates().max()) else { return };
    let slot = |date: Day| usize::try_from(date.days_since(first)).expect("no row lies before the first");
    let mut next = vec![0; slot(last) + 2];
    dates().for_each(|date| next[slot(date) + 1] += 1);
    let mut placed = merged.len();
    for count in &mut next {
        placed += *count;
        *count = placed;
    }
    let filler = runs.iter().find_map(|run| run.first()).copied();
    merged.extend(filler.into_iter().cycle().take(placed - merged.len()));
    for entry in runs.iter().flat_map(|run| run.iter()) {
        let place = &mut next[slot(entry.date)];
        merged[*place] = *entry;
        *place += 1;
    }
}

/// How many accounts stand before a row that belongs to none of them.
fn accounts_before(book: &Book, entry: &Entry) -> usize {
    let given = Given::of(book, entry).account;
    book.accounts.partition_point(|account| *account.id.as_str() < *given)
}

/// The order of rows that belong to no account: date, the account that they name, the order of their actions.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Given<'b> {
    account: &'b str,
    date: Day,
    action: Option<ActionIndex>,
}

impl<'b> Given<'b> {
    fn of(book: &'b Book, entry: &Entry) -> Self {
        let account = match entry.action.and_then(|action| book.action(action).account.as_ref()) {
            Some(AccountRef::Unknown(id)) => id,
            Some(AccountRef::Known(_)) | None => "",
        };
        Self { account, date: entry.date, action: entry.action }
    }
}

/// Which desk carries out which action.
struct Routes {
    of_accounts: Vec<Vec<ActionIndex>>,
    everywhere: BTreeSet<ActionIndex>,
    homeless: Vec<Entry>,
}

impl Routes {
    /// The actions of the run, for each account in order of date, then file.
    fn of(book: &Book) -> Self {
        let mut routes = Self {
            of_accounts: vec![Vec::new(); book.accounts.len()],
            everywhere: BTreeSet::new(),
            homeless: Vec::new(),
        };
        let mut actions: Vec<ActionIndex> =
            (0u32..).zip(&book.actions).map(|(number, _)| ActionIndex(number)).collect();
        actions.retain(|action| book.days.contains(book.action(*action).date));
        actions.sort_by_key(|action| book.action(*action).date);
        for action in actions {
            routes.add(book, action);
        }
        routes
    }

    fn add(&mut self, book: &Book, index: ActionIndex) {
        let action = book.action(index);
        match (&action.account, &action.target) {
            (Some(AccountRef::Unknown(_)), _) => self.homeless.push(homeless(book, index, Reason::UnknownAccount)),
            (Some(AccountRef::Known(account)), _) => self.of_accounts[account.0 as usize].push(index),
            (None, Target::Instance(instance)) => {
                self.of_accounts[book.instance(*instance).account.0 as usize].push(index);
            }
            (None, Target::Where(_)) => {
                self.everywhere.insert(index);
                self.of_accounts.iter_mut().for_each(|actions| actions.push(index));
            }
            (None, Target::UnknownInstance(_) | Target::Account) => {
                self.homeless.push(homeless(book, index, Reason::UnknownInstance));
            }
        }
    }
}

/// The row of an action that belongs to no account of the book.
fn homeless(book: &Book, action: ActionIndex, reason: Reason) -> Entry {
    Entry {
        date: book.action(action).date,
        account: None,
        instance: None,
        event: Event::Rejected,
        state: None,
        term: None,
        hours: 0,
        movement: None,
        balance: Money::ZERO,
        reason: Some(reason),
        action: Some(action),
        basis: None,
    }
}
