//! Some desks of neighbouring accounts, replayed together day by day, so that their rows come in order.
//!
//! A section visits a desk only on days on which something can happen there: the first day of the run, those for which
//! an instance waits, those of actions, and every day while the account's balance moves by itself.

use std::mem;
use std::ops::Range;

use super::account_state::{AccountInput, AccountState, Position};
use super::event_queue::{EventQueue, Slot};
use super::window::{DayPosition, RunEnd, ShardRows};
use crate::model::book::Book;
use crate::model::calendar::Day;

/// A section has accounts for about so many instances: few enough to stay in a processor's cache.
const INSTANCES: usize = 8_192;

/// Desks of neighbouring accounts, and what comes next at them.
pub(super) struct Shard<'b> {
    pub desks: Vec<AccountState<'b>>,
    /// The slot of each account; those of its instances follow.
    slots: Vec<Slot>,
    agenda: EventQueue,
    /// Room for the slots of a day.
    slots_of_day: Vec<Slot>,
    /// Room for what is due on a day.
    due: Vec<DueVisit>,
    last: Day,
}

impl<'b> Shard<'b> {
    pub(super) fn open_shard(book: &'b Book, papers: Vec<AccountInput>) -> Self {
        let desk = |papers: AccountInput| AccountState::open_account(book, papers);
        let desks: Vec<AccountState<'b>> = papers.into_iter().map(desk).collect();
        let mut end = 0;
        let slots = desks.iter().map(|desk| {
            let slot = end;
            end = first_instance(slot) + desk.positions().end;
            slot
        });
        let slots = slots.collect();
        let agenda = EventQueue::from(book.days.from, end);
        let mut section = Self {
            desks,
            slots,
            agenda,
            slots_of_day: Vec::new(),
            due: Vec::new(),
            last: book.days.to,
        };
        for number in 0..section.desks.len() {
            section.file(number, book.days.from);
        }
        section
    }

    /// Enters what is known about a desk at the opening.
    fn file(&mut self, number: usize, from: Day) {
        let (desk, slot) = (&mut self.desks[number], self.slots[number]);
        desk.days_of_actions()
            .chain([from])
            .for_each(|day| self.agenda.schedule(day, slot));
        for position in desk.positions() {
            if let Some(next) = desk.plan(position, from.yesterday()) {
                self.agenda.schedule(next, first_instance(slot) + position);
            }
        }
    }

    /// About how many rows there will be on every day.
    pub(super) fn rows_of_every_day(&self) -> usize {
        self.desks.iter().map(|desk| desk.charged.len()).sum()
    }

    /// About how many rows more there will be on a day that has not been replayed.
    pub(super) fn rows_ahead(&self, day: Day) -> usize {
        self.agenda.len(day)
    }

    /// The numbers of its accounts.
    pub(super) fn accounts(&self) -> Range<u32> {
        let number = |desk: Option<&AccountState<'_>>| desk.map(|desk| desk.account.0);
        let (first, last) = (number(self.desks.first()), number(self.desks.last()));
        first.unwrap_or(0)..last.map_or(0, |last| last + 1)
    }

    /// Notes what the accounts hold at the opening, on the eve of the run.
    pub(super) fn note_opening(&self, eve: Day, pen: &mut RowWriter<'_>) {
        pen.rows
            .balances
            .extend(self.desks.iter().map(AccountState::noted_balance));
        pen.ends.push(pen.rows.end(eve, self.day_position()));
    }

    /// Where its rows stand in a day.
    fn day_position(&self) -> DayPosition {
        DayPosition::At(self.desks.first().map_or(0, |desk| desk.account.0 as usize))
    }

    /// Replays the next day. Where `is_split`, rows of other accounts may stand between those of its own.
    pub(super) fn replay(&mut self, (day, is_split): (Day, bool), pen: &mut RowWriter<'_>) {
        let mut due = mem::take(&mut self.due);
        self.take_due(day, &mut due);
        for of_desk in due.chunk_by(|due, next| due.desk == next.desk) {
            let number = of_desk[0].desk;
            self.visit(number, (day, of_desk), pen.rows);
            if is_split {
                pen.ends.push(
                    pen.rows
                        .end(day, DayPosition::At(self.desks[number].account.0 as usize)),
                );
            }
        }
        if !due.is_empty() && !is_split {
            pen.ends.push(pen.rows.end(day, self.day_position()));
        }
        self.due = due;
    }

    /// The accounts that the next day must visit, and the instances that wait for it. Going over them in one loop lets the
    /// processor fetch many at once.
    fn take_due(&mut self, day: Day, due: &mut Vec<DueVisit>) {
        self.agenda.take_day(&mut self.slots_of_day);
        due.clear();
        let mut desk = 0;
        due.extend(self.slots_of_day.iter().filter_map(|slot| {
            while self.slots.get(desk + 1).is_some_and(|next| next <= slot) {
                desk += 1;
            }
            let position = slot.checked_sub(first_instance(self.slots[desk]));
            let waits = position.is_none_or(|position| self.desks[desk].unit(position).wake == day);
            waits.then_some(DueVisit { desk, position })
        }));
    }

    /// Replays a day at a desk, and enters what comes next there.
    fn visit(&mut self, number: usize, (day, due): (Day, &[DueVisit]), rows: &mut ShardRows) {
        let (desk, slot) = (&mut self.desks[number], self.slots[number]);
        if desk.refusal.is_some() {
            return;
        }
        mem::swap(&mut desk.entries, &mut rows.entries);
        mem::swap(&mut desk.balances, &mut rows.balances);
        desk.replay(day, due.iter().filter_map(|due| due.position));
        mem::swap(&mut desk.entries, &mut rows.entries);
        mem::swap(&mut desk.balances, &mut rows.balances);
        for at in 0..desk.awake.len() {
            let position = desk.awake[at];
            if let Some(next) = desk.plan(position, day) {
                self.agenda.schedule(next, first_instance(slot) + position);
            }
        }
        if desk.is_restless() && day < self.last {
            self.agenda.schedule(day.tomorrow(), slot);
        }
    }
}

/// A visit to a desk: because of an instance, or of the account alone.
struct DueVisit {
    /// The number of the desk in its section.
    desk: usize,
    position: Option<Position>,
}

/// Where a section writes.
pub(super) struct RowWriter<'p> {
    pub rows: &'p mut ShardRows,
    pub ends: &'p mut Vec<RunEnd>,
}

/// The slot of the first instance of the account with this slot.
fn first_instance(account: Slot) -> Slot {
    account + 1
}

/// Sections of neighbouring accounts.
pub(super) fn split(papers: Vec<AccountInput>) -> Vec<Vec<AccountInput>> {
    let mut sections = Vec::new();
    let mut section = Vec::new();
    let mut instances = 0;
    for paper in papers {
        instances += paper.instances.len();
        section.push(paper);
        if instances >= INSTANCES || section.len() >= INSTANCES {
            sections.push(std::mem::take(&mut section));
            instances = 0;
        }
    }
    if !section.is_empty() {
        sections.push(section);
    }
    sections
}
