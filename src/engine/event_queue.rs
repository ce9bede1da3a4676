//! The one scheduler of the engine: slots of accounts and instances by the day on which they must be looked at.
//!
//! It is a calendar queue: near days have a bucket each, later ones are in an ordered set. A run that visits most days has
//! buckets; a simulation of one account, which is copied often and visits few days, does without. An entry that has become
//! wrong is never searched for; who takes it sees that it is outdated.

use std::collections::{BTreeSet, VecDeque};

use crate::model::calendar::Day;

/// An account of a shard, or one of its instances; slots order by account, each account before its instances.
pub(super) type Slot = u32;

/// Slots that are marked in one number.
const MARKS_PER_WORD: usize = u64::BITS as usize;
/// Days with a bucket of their own: a year's term, and the days around its end.
const BUCKETS: usize = 400;

/// Slots by day.
#[derive(Clone, Debug)]
pub(super) struct EventQueue {
    /// The day of the first bucket.
    first: Day,
    buckets: VecDeque<Vec<Slot>>,
    later: BTreeSet<(Day, Slot)>,
    /// A bit for each slot, none set between days.
    marks: Vec<u64>,
}

impl EventQueue {
    /// Nothing to do for these slots, from the day `first` on, each of which will be taken.
    pub(super) fn for_every_day(first: Day, slots: Slot) -> Self {
        Self {
            buckets: VecDeque::from(vec![Vec::new(); BUCKETS]),
            marks: vec![0; slots as usize / MARKS_PER_WORD + 1],
            ..Self::for_few_days(first)
        }
    }

    /// Nothing to do from the day `first` on; only days that have slots need to be taken.
    pub(super) fn for_few_days(first: Day) -> Self {
        Self {
            first,
            buckets: VecDeque::new(),
            later: BTreeSet::new(),
            marks: Vec::new(),
        }
    }

    /// Adds a slot to a day that has not been taken.
    pub(super) fn schedule(&mut self, day: Day, slot: Slot) {
        match self.bucket_of(day) {
            Some(bucket) => self.buckets[bucket].push(slot),
            None => {
                self.later.insert((day, slot));
            }
        }
    }

    /// The number of slots on a near day that has not been taken.
    pub(super) fn count_on(&self, day: Day) -> usize {
        self.bucket_of(day)
            .map_or(0, |bucket| self.buckets[bucket].len())
    }

    /// The next day that has slots, where no day has a bucket.
    pub(super) fn next_day(&self) -> Option<Day> {
        debug_assert!(self.buckets.is_empty(), "near days are not in order");
        self.later.first().map(|(day, _)| *day)
    }

    /// Takes the slots of the next day, ascending, each once, in place of what is in `slots`.
    pub(super) fn take_day(&mut self, day: Day, slots: &mut Vec<Slot>) {
        slots.clear();
        if let Some(bucket) = self.buckets.pop_front() {
            assert!(day == self.first, "{day} is taken before {}", self.first);
            self.sort_into(slots, &bucket);
            self.first = day.tomorrow();
            let mut coming = Vec::new();
            let last = self.first + (i32::try_from(self.buckets.len()).unwrap_or(0));
            while let Some(slot) = self.pop_later(last) {
                coming.push(slot);
            }
            self.buckets.push_back(coming);
        }
        while let Some(slot) = self.pop_later(day) {
            slots.push(slot);
        }
    }

    /// The first slot that comes later, if it is on this day.
    fn pop_later(&mut self, day: Day) -> Option<Slot> {
        self.later.first().filter(|(next, _)| *next == day)?;
        self.later.pop_first().map(|(_, slot)| slot)
    }

    /// A bitset sort: marks the slots and reads the marks in order. That takes a few steps for each slot, where comparing
    /// takes hundreds.
    fn sort_into(&mut self, slots: &mut Vec<Slot>, bucket: &[Slot]) {
        if bucket.is_empty() {
            return;
        }
        for slot in bucket {
            self.marks[*slot as usize / MARKS_PER_WORD] |= 1 << (*slot as usize % MARKS_PER_WORD);
        }
        for (word, marks) in (0..).zip(&mut self.marks) {
            while *marks != 0 {
                slots.push(word * u64::BITS + marks.trailing_zeros());
                *marks &= *marks - 1;
            }
        }
    }

    fn bucket_of(&self, day: Day) -> Option<usize> {
        let bucket = usize::try_from(day.days_since(self.first)).ok()?;
        (bucket < self.buckets.len()).then_some(bucket)
    }
}
