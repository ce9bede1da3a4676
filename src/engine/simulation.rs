//! One account's replay that can be halted, copied, and asked for more than its book plans: what a plan tries out.
//!
//! A trial follows the rules of every replay. What it adds to a day comes after the actions of that day, where rows
//! stand that people paste at the end of `actions.csv`.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::account_state::{AccountInput, AccountState, Position};
use super::{PlannedStep, Refusal};
use crate::engine::ledger::Entry;
use crate::engine::lifecycle::DayStatus;
use crate::model::account::AccountIndex;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::{InstanceIndex, RenewFlag, State};
use crate::model::money::Money;
use crate::model::selector::Selector;

/// The replay of one account.
///
/// | operation | what it does |
/// |---|---|
/// | [`add_step`](Self::add_step) | adds to a day that is still to come |
/// | [`advance`](Self::advance) | replays up to a day |
/// | [`take_entries`](Self::take_entries) | the rows since they were last taken |
/// | `clone` | the same account at the same moment, to be tried in another way |
#[derive(Clone)]
pub struct Simulation<'b> {
    desk: AccountState<'b>,
    /// The instances by the day on which they must be looked at; one that is outdated is passed over.
    ahead: BinaryHeap<Reverse<(Day, Position)>>,
}

impl<'b> Simulation<'b> {
    pub(super) fn simulate(book: &'b Book, papers: AccountInput) -> Self {
        let desk = AccountState::open_account(book, papers);
        let mut trial = Self {
            desk,
            ahead: BinaryHeap::new(),
        };
        trial
            .desk
            .positions()
            .for_each(|position| trial.plan(position, book.days.from.yesterday()));
        trial
    }

    fn plan(&mut self, position: Position, day: Day) {
        self.ahead.extend(
            self.desk
                .plan(position, day)
                .map(|next| Reverse((next, position))),
        );
    }

    /// The book that is replayed.
    pub fn book(&self) -> &'b Book {
        self.desk.book
    }

    /// The account.
    pub fn account(&self) -> AccountIndex {
        self.desk.account
    }

    /// Its instances, by id.
    pub fn instances(&self) -> impl Iterator<Item = InstanceIndex> {
        self.desk.units.iter().map(|unit| unit.instance)
    }

    /// Those that a selector means as they stand, also those that do not exist yet.
    pub fn matching(&self, selector: &Selector) -> Vec<InstanceIndex> {
        let matching = self
            .desk
            .positions()
            .filter(|position| self.desk.is_meant(*position, selector));
        matching
            .map(|position| self.desk.unit(position).instance)
            .collect()
    }

    /// Where an instance of the account stands; none before its purchase or start.
    pub fn state(&self, instance: InstanceIndex) -> Option<State> {
        self.desk.unit(self.position(instance)?).state
    }

    /// Its flag.
    pub fn flag(&self, instance: InstanceIndex) -> Option<RenewFlag> {
        Some(self.desk.unit(self.position(instance)?).flag)
    }

    /// All that decides on its days; none before its purchase or start.
    pub fn standing(&self, instance: InstanceIndex) -> Option<DayStatus> {
        self.desk.standing(self.position(instance)?)
    }

    /// The months of its next auto-renewal.
    pub fn months(&self, instance: InstanceIndex) -> Option<u32> {
        Some(self.desk.unit(self.position(instance)?).months())
    }

    fn position(&self, instance: InstanceIndex) -> Option<Position> {
        let at = self
            .desk
            .units
            .binary_search_by_key(&instance, |unit| unit.instance)
            .ok()?;
        Position::try_from(at).ok()
    }

    /// What a payment can use.
    pub fn available(&self) -> Money {
        self.desk.funds.available()
    }

    /// Gives the account so much more at its opening, before any day is replayed.
    pub fn endow(&mut self, cash: Money) {
        self.desk.endow(cash);
    }

    /// Sets the months of an instance's auto-renewal and purchase, before any day is replayed.
    pub fn set_months(&mut self, instance: InstanceIndex, months: u32) {
        self.desk.set_months(instance, months);
    }

    /// Adds to a day that has not been replayed: money before everything else, all in the order in which it is added.
    pub fn add_step(&mut self, day: Day, step: PlannedStep) {
        let steps = self.desk.steps.entry(day).or_default();
        let is_money = |step: &PlannedStep| matches!(step, PlannedStep::Receive(_));
        let place = if is_money(&step) {
            steps.partition_point(is_money)
        } else {
            steps.len()
        };
        steps.insert(place, step);
    }

    /// Takes back everything but money that was added to days to come.
    pub fn forget_tasks(&mut self) {
        let is_money = |step: &PlannedStep| matches!(step, PlannedStep::Receive(_));
        self.desk
            .steps
            .values_mut()
            .for_each(|steps| steps.retain(is_money));
        self.desk.steps.retain(|_, steps| !steps.is_empty());
    }

    /// The next day on which something can happen, if there is one.
    pub fn next_day(&mut self) -> Option<Day> {
        let (from, last) = (self.desk.book.days.from, self.desk.book.days.to);
        let tomorrow = self.desk.tomorrow();
        let waiting = self.ahead.peek().map(|Reverse((day, _))| *day);
        let next = match tomorrow == from || self.desk.is_restless() {
            true => Some(tomorrow),
            false => waiting.into_iter().chain(self.desk.next_action()).min(),
        };
        next.filter(|day| *day <= last && self.desk.refusal.is_none())
    }

    /// Replays every day up to `last`.
    ///
    /// # Errors
    /// An action needs a price that is not known.
    pub fn advance(&mut self, last: Day) -> Result<(), Refusal> {
        while let Some(day) = self.next_day().filter(|day| *day <= last) {
            self.replay(day);
        }
        self.desk.let_pass(last);
        self.desk.balances.clear();
        self.desk.homeless.clear();
        self.desk.matched.clear();
        self.desk.refusal.map_or(Ok(()), Err)
    }

    fn replay(&mut self, day: Day) {
        let mut positions = Vec::new();
        while let Some(Reverse((_, position))) = self
            .ahead
            .peek()
            .copied()
            .filter(|Reverse((next, _))| *next <= day)
        {
            positions.push(position);
            self.ahead.pop();
        }
        positions.retain(|position| self.desk.unit(*position).wake == day);
        positions.sort_unstable();
        positions.dedup();
        self.desk.replay(day, positions.into_iter());
        for at in 0..self.desk.awake.len() {
            self.plan(self.desk.awake[at], day);
        }
    }

    /// The rows since they were last taken.
    pub fn take_entries(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.desk.entries)
    }

    /// The least sum more with which any decision would have been another one since the last call of
    /// [`watch`](Self::watch): a payment, a restart, or an hour of arrears. With less everything goes as it went.
    pub fn narrowest(&self) -> Option<Money> {
        self.desk.narrowest
    }

    /// Begins to watch decisions.
    pub fn watch(&mut self) {
        self.desk.narrowest = None;
    }
}
