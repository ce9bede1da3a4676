//! A simulation: one account's replay that can be halted, copied, and asked for more than its book plans. Plans try things
//! out with it.
//!
//! A simulation follows the rules of every replay: it is a shard of one account. What it adds to a day comes after the
//! actions of that day, where rows stand that people paste at the end of `actions.csv`.

use std::mem;

use super::account_state::{AccountInput, AccountState};
use super::event_queue::EventQueue;
use super::instances::Instances;
use super::shard::{RowWriter, Shard, ShardDay};
use super::window::ShardRows;
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
    shard: Shard<'b>,
    rows: ShardRows,
}

impl<'b> Simulation<'b> {
    pub(super) fn simulate(book: &'b Book, input: AccountInput) -> Self {
        let queue = EventQueue::for_few_days(book.days.from);
        Self {
            shard: Shard::open_with_queue(book, vec![input], queue),
            rows: ShardRows::default(),
        }
    }

    fn state_of_account(&self) -> &AccountState<'b> {
        &self.shard.accounts[0]
    }

    fn account_mut(&mut self) -> &mut AccountState<'b> {
        &mut self.shard.accounts[0]
    }

    fn all_instances(&self) -> &Instances<'b> {
        &self.state_of_account().instances
    }

    /// The book that is replayed.
    pub fn book(&self) -> &'b Book {
        self.state_of_account().book
    }

    /// The account.
    pub fn account(&self) -> AccountIndex {
        self.state_of_account().account
    }

    /// Its instances, by id.
    pub fn instances(&self) -> impl Iterator<Item = InstanceIndex> {
        self.all_instances()
            .states
            .iter()
            .map(|state| state.instance)
    }

    /// Those that a selector means as they stand, also those that do not exist yet.
    pub fn matching(&self, selector: &Selector) -> Vec<InstanceIndex> {
        let instances = self.all_instances();
        let positions = instances.positions();
        let matching = positions.filter(|position| instances.matches(*position, selector));
        matching.map(|at| instances[at].instance).collect()
    }

    /// The state of an instance of the account; none before its purchase or start.
    pub fn state(&self, instance: InstanceIndex) -> Option<State> {
        let instances = self.all_instances();
        instances[instances.position_of(instance)?].state
    }

    /// Its flag.
    pub fn flag(&self, instance: InstanceIndex) -> Option<RenewFlag> {
        let instances = self.all_instances();
        Some(instances[instances.position_of(instance)?].flag)
    }

    /// All that decides on its days; none before its purchase or start.
    pub fn status(&self, instance: InstanceIndex) -> Option<DayStatus> {
        let instances = self.all_instances();
        instances.status(instances.position_of(instance)?)
    }

    /// The months of its next auto-renewal.
    pub fn months(&self, instance: InstanceIndex) -> Option<u32> {
        let instances = self.all_instances();
        Some(instances[instances.position_of(instance)?].months())
    }

    /// What a payment can use.
    pub fn available(&self) -> Money {
        self.state_of_account().purse.available()
    }

    /// Adds to the account's cash at the opening, before any day is replayed.
    pub fn add_opening_cash(&mut self, cash: Money) {
        self.account_mut().add_opening_cash(cash);
    }

    /// Sets the months of an instance's auto-renewal and purchase, before any day is replayed.
    pub fn set_months(&mut self, instance: InstanceIndex, months: u32) {
        self.account_mut().set_months(instance, months);
    }

    /// Adds to a day that has not been replayed: money before everything else, all in the order in which it is added.
    pub fn add_step(&mut self, day: Day, step: PlannedStep) {
        let steps = self.account_mut().steps.entry(day).or_default();
        let place = match step {
            PlannedStep::Receive(_) => steps.partition_point(PlannedStep::is_money),
            PlannedStep::Do(..) => steps.len(),
        };
        steps.insert(place, step);
        // The only account has the first slot.
        self.shard.queue.schedule(day, 0);
    }

    /// Takes back everything but money that was added to days to come.
    pub fn forget_tasks(&mut self) {
        self.account_mut().steps.retain(|_, steps| {
            steps.retain(PlannedStep::is_money);
            !steps.is_empty()
        });
    }

    /// The next day on which something can happen, if there is one.
    pub fn next_day(&self) -> Option<Day> {
        let account = self.state_of_account();
        let next = self.shard.queue.next_day()?;
        (next <= account.book.days.to && account.refusal.is_none()).then_some(next)
    }

    /// Replays every day up to `last`.
    ///
    /// # Errors
    /// An action needs a price that is not known.
    pub fn advance(&mut self, last: Day) -> Result<(), Refusal> {
        while let Some(day) = self.next_day().filter(|day| *day <= last) {
            let mut writer = RowWriter {
                rows: &mut self.rows,
                ends: &mut Vec::new(),
            };
            let is_split = false;
            self.shard.replay(ShardDay { day, is_split }, &mut writer);
        }
        self.rows.balances.clear();
        let account = self.account_mut();
        account.skip_to(last);
        account.journal.unassigned.clear();
        account.journal.matched.clear();
        account.refusal.map_or(Ok(()), Err)
    }

    /// The rows since they were last taken.
    pub fn take_entries(&mut self) -> Vec<Entry> {
        mem::take(&mut self.rows.entries)
    }

    /// The smallest amount of further cash with which any decision would have been another one since the last call of
    /// [`reset_margin`](Self::reset_margin): a payment, a restart, or an hour of arrears. With less everything goes as it
    /// went.
    pub fn margin(&self) -> Option<Money> {
        self.state_of_account().purse.margin
    }

    /// Begins to watch decisions.
    pub fn reset_margin(&mut self) {
        self.account_mut().purse.margin = None;
    }
}
