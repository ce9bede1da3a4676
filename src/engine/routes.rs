//! Which account carries out which action, and the rows of actions that belong to no account. Nothing is carried out here.

use std::collections::{BTreeMap, BTreeSet};

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

/// What each account works on, and what none does.
pub(super) struct ActionRoutes<'b> {
    pub inputs: Vec<AccountInput>,
    pub unassigned: UnassignedActions<'b>,
}

impl<'b> ActionRoutes<'b> {
    /// The instances of each account by id, and the actions of the run in order of date, then file.
    pub(super) fn route_actions(book: &'b Book) -> Self {
        let accounts = (0u32..).zip(&book.accounts);
        let inputs = accounts.map(|(number, _)| AccountInput {
            account: AccountIndex(number),
            options: ReplayOptions::default(),
            instances: Vec::new(),
            actions: Vec::new(),
        });
        let mut routes = Self {
            inputs: inputs.collect(),
            unassigned: UnassignedActions {
                book,
                waiting: BTreeMap::new(),
                everywhere: BTreeSet::new(),
            },
        };
        for (number, instance) in (0u32..).zip(&book.instances) {
            let input = &mut routes.inputs[instance.account.0 as usize];
            input.instances.push(InstanceIndex(number));
        }
        let numbered = (0u32..).zip(&book.actions);
        let of_run = numbered.filter(|(_, action)| book.days.contains(action.date));
        let mut actions: Vec<ActionIndex> = of_run.map(|(at, _)| ActionIndex(at)).collect();
        actions.sort_by_key(|action| book.action(*action).date);
        for action in actions {
            routes.route_action(book, action);
        }
        routes
    }

    fn route_action(&mut self, book: &Book, index: ActionIndex) {
        let action = book.action(index);
        let account = match (&action.account, &action.target) {
            (Some(AccountRef::Known(account)), _) => *account,
            (Some(AccountRef::Unknown(_)), _) => {
                return self.unassigned.reject(index, Reason::UnknownAccount);
            }
            (None, Target::Instance(instance)) => book.instance(*instance).account,
            (None, Target::Where(_)) => {
                self.unassigned.everywhere.insert(index);
                return self
                    .inputs
                    .iter_mut()
                    .for_each(|input| input.actions.push(index));
            }
            (None, Target::UnknownInstance(_) | Target::Account) => {
                return self.unassigned.reject(index, Reason::UnknownInstance);
            }
        };
        self.inputs[account.0 as usize].actions.push(index);
    }
}

/// Actions that belong to no account, until their day has come.
pub(super) struct UnassignedActions<'b> {
    book: &'b Book,
    waiting: BTreeMap<PlannedAction<'b>, Reason>,
    /// Actions on all accounts that have matched in none so far.
    everywhere: BTreeSet<ActionIndex>,
}

/// The order of rows that belong to no account: date, the account that they name, the order of their actions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct PlannedAction<'b> {
    date: Day,
    /// Empty where none is named.
    account: &'b str,
    action: ActionIndex,
}

impl UnassignedActions<'_> {
    fn reject(&mut self, index: ActionIndex, reason: Reason) {
        let action = self.book.action(index);
        let account = match &action.account {
            Some(AccountRef::Unknown(id)) => id,
            Some(AccountRef::Known(_)) | None => "",
        };
        let planned = PlannedAction {
            date: action.date,
            account,
            action: index,
        };
        self.waiting.insert(planned, reason);
    }

    /// Takes from an account the actions on instances that did not exist on the day, and learns which actions matched.
    pub(super) fn collect(&mut self, account: &mut AccountState<'_>) {
        for action in account.journal.unassigned.drain(..) {
            self.reject(action, Reason::UnknownInstance);
        }
        for action in account.journal.matched.drain(..) {
            self.everywhere.remove(&action);
        }
    }

    /// The days on which rows stand between those of accounts: actions name accounts that the book does not have. Any other
    /// row comes before those of all accounts.
    pub(super) fn split_days(&self) -> BTreeSet<Day> {
        let named = self
            .waiting
            .keys()
            .filter(|action| !action.account.is_empty());
        named.map(|action| action.date).collect()
    }

    /// Writes the rows up to `last`, in order; the actions on all accounts that matched in none are over then.
    pub(super) fn write_until(&mut self, last: Day, writer: &mut RowWriter<'_>) {
        let book = self.book;
        let is_over = |action: &ActionIndex| book.action(*action).date <= last;
        let unmatched: Vec<ActionIndex> = self.everywhere.extract_if(.., is_over).collect();
        for action in unmatched {
            self.reject(action, Reason::NoMatch);
        }
        while let Some(next) = self.waiting.first_entry() {
            let planned = *next.key();
            if planned.date > last {
                break;
            }
            let reason = next.remove();
            writer.rows.entries.push(Entry {
                action: Some(planned.action),
                ..Entry::begin_row(planned.date, Event::Rejected).because(reason)
            });
            let accounts = &book.accounts;
            let before = accounts.partition_point(|one| one.id.as_str() < planned.account);
            writer.mark_end(planned.date, DayPosition::before(before));
        }
    }
}
