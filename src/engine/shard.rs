//! A shard: neighbouring accounts, replayed together day by day, so that their rows come in order.
//!
//! A shard visits an account only on days on which something can happen there: the first day of the run, those for which
//! an instance waits, those of actions, and every day while the account's balance moves by itself.

use std::mem;
use std::ops::Range;

use super::account_state::{AccountInput, AccountState};
use super::event_queue::{EventQueue, Slot};
use super::instances::Position;
use super::window::{DayPosition, RunEnd, ShardRows};
use crate::model::book::Book;
use crate::model::calendar::Day;

/// Instances of a shard, about: few enough to stay in a processor's cache.
const INSTANCES_PER_SHARD: usize = 8_192;

/// Neighbouring accounts, and when each must be visited.
#[derive(Clone)]
pub(super) struct Shard<'b> {
    pub accounts: Vec<AccountState<'b>>,
    /// The slot of each account; those of its instances follow.
    slots: Vec<Slot>,
    pub queue: EventQueue,
    /// Room for the slots of a day.
    slots_of_day: Vec<Slot>,
    /// Room for the visits of a day.
    visits: Vec<DueVisit>,
    last: Day,
}

/// A visit to an account: because of an instance, or of the account alone.
#[derive(Clone)]
struct DueVisit {
    /// The number of the account in its shard.
    account: usize,
    position: Option<Position>,
}

/// A day that a shard replays.
#[derive(Clone, Copy)]
pub(super) struct ShardDay {
    pub day: Day,
    /// Whether rows of other accounts may stand between those of its own.
    pub is_split: bool,
}

/// Where a shard writes.
pub(super) struct RowWriter<'p> {
    pub rows: &'p mut ShardRows,
    pub ends: &'p mut Vec<RunEnd>,
}

impl RowWriter<'_> {
    /// Marks the end of what stands at a place.
    pub(super) fn mark_end(&mut self, day: Day, place: DayPosition) {
        self.ends.push(RunEnd {
            day,
            place,
            entries: self.rows.entries.len(),
            balances: self.rows.balances.len(),
        });
    }
}

impl<'b> Shard<'b> {
    /// Opens accounts that every day of the run will be taken from.
    pub(super) fn open_shard(book: &'b Book, inputs: Vec<AccountInput>) -> Self {
        let slots: usize = inputs.iter().map(|input| 1 + input.instances.len()).sum();
        let slots = Slot::try_from(slots).expect("a book numbers its instances in 32 bits");
        let queue = EventQueue::for_every_day(book.days.from, slots);
        Self::open_with_queue(book, inputs, queue)
    }

    pub(super) fn open_with_queue(
        book: &'b Book,
        inputs: Vec<AccountInput>,
        queue: EventQueue,
    ) -> Self {
        let mut shard = Self {
            accounts: Vec::with_capacity(inputs.len()),
            slots: Vec::with_capacity(inputs.len()),
            queue,
            slots_of_day: Vec::new(),
            visits: Vec::new(),
            last: book.days.to,
        };
        let mut slot = 0;
        for input in inputs {
            let mut account = AccountState::open_account(book, input);
            for day in account.days_of_actions().chain([book.days.from]) {
                shard.queue.schedule(day, slot);
            }
            let positions = account.instances.positions();
            for position in positions.clone() {
                let next = account
                    .instances
                    .schedule(position, book.days.from.yesterday());
                if let Some(next) = next {
                    shard.queue.schedule(next, slot_of(slot, position));
                }
            }
            shard.slots.push(slot);
            shard.accounts.push(account);
            slot = slot_of(slot, positions.end);
        }
        shard
    }

    /// About how many rows there will be on every day.
    pub(super) fn rows_of_every_day(&self) -> usize {
        let charged = |account: &AccountState<'_>| account.instances.charged.len();
        self.accounts.iter().map(charged).sum()
    }

    /// The numbers of its accounts.
    pub(super) fn account_numbers(&self) -> Range<u32> {
        let number = |account: &AccountState<'_>| account.account.0;
        let last = self.accounts.last().map_or(0, |last| number(last) + 1);
        self.accounts.first().map_or(0, number)..last
    }

    /// Notes what the accounts hold at the opening, on the eve of the run.
    pub(super) fn note_opening(&self, eve: Day, writer: &mut RowWriter<'_>) {
        let noted = self
            .accounts
            .iter()
            .map(|account| account.journal.noted_balance());
        writer.rows.balances.extend(noted);
        writer.mark_end(eve, self.place_of(0));
    }

    /// Where the rows of an account of the shard stand in a day.
    fn place_of(&self, number: usize) -> DayPosition {
        let account = self.accounts.get(number);
        DayPosition::at(account.map_or(0, |account| account.account.0 as usize))
    }

    /// Replays a day that has not been taken.
    pub(super) fn replay(
        &mut self,
        ShardDay { day, is_split }: ShardDay,
        writer: &mut RowWriter<'_>,
    ) {
        let mut visits = mem::take(&mut self.visits);
        self.take_visits(day, &mut visits);
        for of_account in visits.chunk_by(|visit, next| visit.account == next.account) {
            self.visit(of_account, day, writer.rows);
            if is_split {
                writer.mark_end(day, self.place_of(of_account[0].account));
            }
        }
        if !visits.is_empty() && !is_split {
            writer.mark_end(day, self.place_of(0));
        }
        self.visits = visits;
    }

    /// The accounts that the day must visit, and the instances that wait for it. Going over them in one loop lets the
    /// processor fetch many at once.
    fn take_visits(&mut self, day: Day, visits: &mut Vec<DueVisit>) {
        self.queue.take_day(day, &mut self.slots_of_day);
        visits.clear();
        let mut account = 0;
        visits.extend(self.slots_of_day.iter().filter_map(|slot| {
            while self.slots.get(account + 1).is_some_and(|next| next <= slot) {
                account += 1;
            }
            let position = slot.checked_sub(slot_of(self.slots[account], 0));
            let instances = &self.accounts[account].instances;
            let is_due = position.is_none_or(|position| instances[position].next_event == day);
            is_due.then_some(DueVisit { account, position })
        }));
    }

    /// Replays a day of an account, and schedules what comes next there.
    fn visit(&mut self, visits: &[DueVisit], day: Day, rows: &mut ShardRows) {
        let number = visits[0].account;
        let (account, slot) = (&mut self.accounts[number], self.slots[number]);
        if account.refusal.is_some() {
            return;
        }
        mem::swap(&mut account.journal.rows, rows);
        account.replay(day, visits.iter().filter_map(|visit| visit.position));
        mem::swap(&mut account.journal.rows, rows);
        for at in 0..account.instances.due.len() {
            let position = account.instances.due[at];
            if let Some(next) = account.instances.schedule(position, day) {
                self.queue.schedule(next, slot_of(slot, position));
            }
        }
        if account.is_restless() && day < self.last {
            self.queue.schedule(day.tomorrow(), slot);
        }
    }
}

/// The slot of an instance of the account with this slot.
fn slot_of(account: Slot, position: Position) -> Slot {
    account + 1 + position
}

/// Divides accounts into shards of neighbours.
pub(super) fn divide(inputs: Vec<AccountInput>) -> Vec<Vec<AccountInput>> {
    let mut shards = Vec::new();
    let mut shard = Vec::new();
    let mut instances = 0;
    for input in inputs {
        instances += input.instances.len();
        shard.push(input);
        if instances.max(shard.len()) >= INSTANCES_PER_SHARD {
            shards.push(mem::take(&mut shard));
            instances = 0;
        }
    }
    if !shard.is_empty() {
        shards.push(shard);
    }
    shards
}
