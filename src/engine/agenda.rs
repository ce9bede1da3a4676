//! What comes next: the days on which an instance must be looked at, earliest first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::calendar::Day;

/// Positions of instances by the day on which they wake. An entry can be outdated; the instance itself knows its day.
#[derive(Clone, Debug, Default)]
pub(super) struct Agenda(BinaryHeap<Reverse<(Day, u32)>>);

impl Agenda {
    pub(super) fn add(&mut self, day: Day, position: u32) {
        self.0.push(Reverse((day, position)));
    }

    /// The earliest day with an entry.
    pub(super) fn next_day(&self) -> Option<Day> {
        self.0.peek().map(|Reverse((day, _))| *day)
    }

    /// Takes the next position that was added for this day, ascending.
    pub(super) fn take(&mut self, day: Day) -> Option<u32> {
        let Reverse((next, position)) = *self.0.peek()?;
        (next <= day).then(|| {
            self.0.pop();
            position
        })
    }
}
