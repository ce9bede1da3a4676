//! One account's part of the replay: its purse, its instances, its journal, and what people do on which day.
//!
//! Each part guards what it holds; a phase is given those that it may change.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::vec;

use super::instances::{Instances, Position};
use super::journal::Journal;
use super::purse::Purse;
use super::renewal::DueRenewal;
use super::{PlannedStep, Refusal, ReplayOptions};
use crate::model::account::{AccountIndex, Returns};
use crate::model::action::ActionIndex;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::InstanceIndex;
use crate::model::money::Money;

/// What an account of a book brings to its replay.
pub(super) struct AccountInput {
    pub account: AccountIndex,
    /// What the replay gives it that the book does not.
    pub options: ReplayOptions,
    pub instances: Vec<InstanceIndex>,
    pub actions: Vec<ActionIndex>,
}

/// One account's part of the replay.
#[derive(Clone)]
pub(super) struct AccountState<'b> {
    pub book: &'b Book,
    pub account: AccountIndex,
    pub purse: Purse,
    pub instances: Instances<'b>,
    pub journal: Journal,
    pub returns: Vec<Returns>,
    pub alert_days: u32,
    /// Room for the renewals that are due on a day.
    pub renewals: Vec<DueRenewal>,
    pub refusal: Option<Refusal>,
    /// The actions of the book that are still to come.
    actions: Peekable<vec::IntoIter<DatedAction>>,
    /// What a plan adds, by day.
    pub steps: BTreeMap<Day, Vec<PlannedStep>>,
    /// The last day that has been replayed.
    pub replayed: Day,
}

#[derive(Clone, Copy)]
struct DatedAction {
    day: Day,
    action: ActionIndex,
}

impl<'b> AccountState<'b> {
    pub(super) fn open_account(book: &'b Book, input: AccountInput) -> Self {
        let account = book.account(input.account);
        let purse = Purse::open_purse(account, input.options.opening_cash);
        let eve = book.days.from.yesterday();
        let actions = input.actions.into_iter().map(|action| DatedAction {
            day: book.action(action).date,
            action,
        });
        Self {
            book,
            account: input.account,
            instances: Instances::open_instances(
                book,
                account.currency,
                &input.instances,
                input.options.keeps_all,
            ),
            journal: Journal::begin(input.account, purse.funds(), eve),
            purse,
            returns: account.returns.clone(),
            alert_days: account.alert_days,
            renewals: Vec::new(),
            refusal: None,
            actions: actions.collect::<Vec<_>>().into_iter().peekable(),
            steps: BTreeMap::new(),
            replayed: eve,
        }
    }

    /// Replays a day that must look at these instances, ascending.
    pub(super) fn replay(&mut self, day: Day, due: impl Iterator<Item = Position>) {
        self.skip_to(day.yesterday());
        self.instances.due.clear();
        self.instances.due.extend(due);
        self.replay_day(day);
        self.replayed = day;
        self.journal.note_balance(self.purse.funds(), day);
    }

    /// Lets days pass on which nothing happens; only the arrears clock counts their hours.
    pub(super) fn skip_to(&mut self, day: Day) {
        let quiet_days = u32::try_from(day.days_since(self.replayed)).unwrap_or(0);
        self.purse.skip_days(quiet_days);
        self.replayed = self.replayed.max(day);
    }

    /// Whether the account's balance moves by itself, so that every day counts.
    pub(super) fn is_restless(&self) -> bool {
        !self.instances.charged.is_empty() || self.has_alert_to_give()
    }

    /// The days of the run on which people act.
    pub(super) fn days_of_actions(&self) -> impl Iterator<Item = Day> {
        self.actions.clone().map(|dated| dated.day)
    }

    /// Whether people, or a plan, act on the day.
    pub(super) fn acts_on(&mut self, day: Day) -> bool {
        let by_book = self.actions.peek().is_some_and(|dated| dated.day <= day);
        by_book || self.steps.range(..=day).next().is_some()
    }

    /// The action of the day that is next in file order.
    pub(super) fn take_action(&mut self, day: Day) -> Option<ActionIndex> {
        let next = self.actions.next_if(|dated| dated.day == day);
        next.map(|dated| dated.action)
    }

    /// Adds to its cash at the opening, before any day is replayed.
    pub(super) fn add_opening_cash(&mut self, cash: Money) {
        self.purse.receive_cash(cash);
        self.journal.raise_opening(cash, self.purse.funds());
    }

    /// Sets the months of an instance as its listing could have them.
    pub(super) fn set_months(&mut self, instance: InstanceIndex, months: u32) {
        if let Some(position) = self.instances.position_of(instance) {
            self.instances[position].set_months(months);
            self.instances.reprice(position);
        }
    }
}
