//! Which desk carries out which action, and the rows of those that belong to no account.

use std::collections::BTreeSet;

use super::ReplayOptions;
use super::account_state::{AccountInput, AccountState};
use super::shard::RowWriter;
use super::window::DayPosition;
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::Entry;
use crate::model::account::AccountIndex;
use crate::model::action::{AccountRef, ActionIndex, Target};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::InstanceIndex;
use crate::model::money::Money;

/// What each desk works on, and what none does.
pub(super) struct ActionRoutes<'b> {
    pub papers: Vec<AccountInput>,
    pub strays: UnassignedActions<'b>,
}

impl<'b> ActionRoutes<'b> {
    /// The instances of each account by id, and the actions of the run in order of date, then file.
    pub(super) fn route_actions(book: &'b Book) -> Self {
        let accounts = (0u32..)
            .zip(&book.accounts)
            .map(|(number, _)| AccountIndex(number));
        let papers = accounts.map(|account| AccountInput {
            account,
            means: ReplayOptions::default(),
            instances: Vec::new(),
            actions: Vec::new(),
        });
        let strays = UnassignedActions {
            book,
            waiting: Vec::new(),
            everywhere: BTreeSet::new(),
        };
        let mut routes = Self {
            papers: papers.collect(),
            strays,
        };
        for (number, instance) in (0u32..).zip(&book.instances) {
            routes.papers[instance.account.0 as usize]
                .instances
                .push(InstanceIndex(number));
        }
        let mut actions: Vec<ActionIndex> = (0u32..)
            .zip(&book.actions)
            .map(|(number, _)| ActionIndex(number))
            .collect();
        actions.retain(|action| book.days.contains(book.action(*action).date));
        actions.sort_by_key(|action| book.action(*action).date);
        for action in actions {
            routes.route_action(book, action);
        }
        routes
    }

    fn route_action(&mut self, book: &Book, index: ActionIndex) {
        let action = book.action(index);
        match (&action.account, &action.target) {
            (Some(AccountRef::Unknown(_)), _) => {
                self.strays.note_unassigned(index, Reason::UnknownAccount)
            }
            (Some(AccountRef::Known(account)), _) => {
                self.papers[account.0 as usize].actions.push(index)
            }
            (None, Target::Instance(instance)) => {
                self.papers[book.instance(*instance).account.0 as usize]
                    .actions
                    .push(index);
            }
            (None, Target::Where(_)) => {
                self.strays.everywhere.insert(index);
                self.papers
                    .iter_mut()
                    .for_each(|papers| papers.actions.push(index));
            }
            (None, Target::UnknownInstance(_) | Target::Account) => {
                self.strays.note_unassigned(index, Reason::UnknownInstance);
            }
        }
    }
}

/// Rows that belong to no account, until their day has come.
pub(super) struct UnassignedActions<'b> {
    book: &'b Book,
    waiting: Vec<Entry>,
    /// Actions on all accounts that have matched in none so far.
    everywhere: BTreeSet<ActionIndex>,
}

impl UnassignedActions<'_> {
    fn note_unassigned(&mut self, action: ActionIndex, reason: Reason) {
        self.waiting.push(homeless(self.book, action, reason));
    }

    /// Takes from a desk the rows about instances that did not exist on the day, and learns which actions matched.
    pub(super) fn collect(&mut self, desk: &mut AccountState<'_>) {
        self.waiting.append(&mut desk.homeless);
        for action in desk.matched.drain(..) {
            self.everywhere.remove(&action);
        }
    }

    /// The days on which rows stand between those of accounts: actions name accounts that the book does not have. Any other
    /// row comes before those of all accounts.
    pub(super) fn split_days(&self) -> BTreeSet<Day> {
        self.waiting
            .iter()
            .filter(|entry| {
                !PlannedAction::action_behind(self.book, entry)
                    .account
                    .is_empty()
            })
            .map(|entry| entry.date)
            .collect()
    }

    /// Writes the rows up to `last`, in order; the actions on all accounts that matched in none are over then.
    pub(super) fn take(&mut self, last: Day, pen: &mut RowWriter<'_>) {
        let book = self.book;
        let over = |action: &ActionIndex| book.action(*action).date <= last;
        let unmatched = self.everywhere.extract_if(.., over);
        self.waiting
            .extend(unmatched.map(|action| homeless(book, action, Reason::NoMatch)));
        let mut now: Vec<Entry> = self
            .waiting
            .extract_if(.., |entry| entry.date <= last)
            .collect();
        now.sort_by_cached_key(|entry| PlannedAction::action_behind(book, entry));
        for entry in now {
            let place = PlannedAction::action_behind(book, &entry).day_position(book);
            let day = entry.date;
            pen.rows.entries.push(entry);
            pen.ends.push(pen.rows.end(day, place));
        }
    }
}

/// The order of rows that belong to no account: date, the account that they name, the order of their actions.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct PlannedAction<'b> {
    date: Day,
    account: &'b str,
    action: Option<ActionIndex>,
}

impl<'b> PlannedAction<'b> {
    fn action_behind(book: &'b Book, entry: &Entry) -> Self {
        let account = match entry
            .action
            .and_then(|action| book.action(action).account.as_ref())
        {
            Some(AccountRef::Unknown(id)) => id,
            Some(AccountRef::Known(_)) | None => "",
        };
        Self {
            account,
            date: entry.date,
            action: entry.action,
        }
    }

    fn day_position(&self, book: &Book) -> DayPosition {
        DayPosition::Before(
            book.accounts
                .partition_point(|account| account.id.as_str() < self.account),
        )
    }
}

/// The row of an action that belongs to no account of the book.
pub(super) fn homeless(book: &Book, action: ActionIndex, reason: Reason) -> Entry {
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
