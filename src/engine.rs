//! The replay: a book in, a ledger and the closing book out.
//!
//! Accounts are independent, so each has a [`desk::Desk`] of its own and desks run side by side. A desk visits only days
//! on which something can happen; the phases of such a day are in `engine/day.rs`. The rows of a window of days are put in
//! order once all desks have passed it. There is no clock here, no file, no randomness and no floating-point number.

mod actions;
mod agenda;
mod audit;
mod closing;
mod day;
mod desk;
mod due;
mod usage;

use std::cmp::Reverse;
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
    /// An action returns a running prepaid instance, which needs refund rules that this version lacks.
    ReturnOfRunning {
        /// The action.
        action: ActionIndex,
        /// The instance.
        instance: InstanceIndex,
        /// The day.
        date: Day,
    },
}

/// Replays a book from its first day to its last.
///
/// # Errors
/// The first action, by date and account, that this version cannot carry out.
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
        let from = ledger.entries.len();
        let (now, later) = self.homeless.drain(..).partition(|entry| entry.date <= last);
        self.homeless = later;
        ledger.entries.extend::<Vec<Entry>>(now);
        let balances_from = ledger.balances.len();
        for desk in &mut self.desks {
            ledger.entries.append(&mut desk.entries);
            ledger.balances.append(&mut desk.balances);
        }
        let book = self.book;
        ledger.entries[from..].sort_by_cached_key(|entry| (entry.date, Place::of(book, entry)));
        ledger.balances[balances_from..].sort_by_key(|balance| balance.date);
        Ok(())
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
            Self::ReturnOfRunning { date, .. } => *date,
        }
    }
}

/// Where a row stands within its day: account ids by bytes, then the order of occurrence.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    accounts_before: usize,
    of_account: Reverse<bool>,
    homeless: Option<(Box<str>, ActionIndex)>,
}

impl Place {
    fn of(book: &Book, entry: &Entry) -> Self {
        if let Some(account) = entry.account {
            return Self { accounts_before: account.0 as usize + 1, of_account: Reverse(true), homeless: None };
        }
        let action = entry.action.expect("a row without account comes from an action");
        let given = match &book.action(action).account {
            Some(AccountRef::Unknown(id)) => id.clone(),
            Some(AccountRef::Known(_)) | None => "".into(),
        };
        let accounts_before = book.accounts.partition_point(|account| account.id.as_str() < &*given);
        Self { accounts_before, of_account: Reverse(false), homeless: Some((given, action)) }
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
        shortfall: None,
    }
}
