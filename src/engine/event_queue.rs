//! What comes next: the slots of a section by the day on which they must be looked at.

use std::collections::{BTreeMap, VecDeque};

use crate::model::calendar::Day;

/// An account of a section, or one of its instances; slots order by account, each account before its instances.
pub(super) type Slot = u32;

/// So many slots are marked in one number.
const MARKS: usize = u64::BITS as usize;
/// So many days have a list each; what comes later than that is sorted in when its time is near.
const NEAR: usize = 400;

/// Slots by day. One can be in the lists of several days; it knows itself which of them counts.
#[derive(Debug)]
pub(super) struct EventQueue {
    first: Day,
    near: VecDeque<Vec<Slot>>,
    later: BTreeMap<Day, Vec<Slot>>,
    /// A bit for each slot, none set between days.
    marks: Vec<u64>,
}

impl EventQueue {
    /// Nothing to do for so many slots, from the day `first` on.
    pub(super) fn from(first: Day, slots: Slot) -> Self {
        let marks = vec![0; slots as usize / MARKS + 1];
        Self {
            first,
            near: VecDeque::from(vec![Vec::new(); NEAR]),
            later: BTreeMap::new(),
            marks,
        }
    }

    /// Adds a slot to a day that has not been taken.
    pub(super) fn schedule(&mut self, day: Day, slot: Slot) {
        match self.slot_of_day(day) {
            Some(place) => self.near[place].push(slot),
            None => self.later.entry(day).or_default().push(slot),
        }
    }

    /// The number of slots on a day that has not been taken.
    pub(super) fn len(&self, day: Day) -> usize {
        match self.slot_of_day(day) {
            Some(place) => self.near[place].len(),
            None => self.later.get(&day).map_or(0, Vec::len),
        }
    }

    /// Takes the slots of the next day, ascending, each once, in place of what is in `slots`.
    pub(super) fn take_day(&mut self, slots: &mut Vec<Slot>) {
        let list = self.near.pop_front().expect("every near day has a list");
        slots.clear();
        self.sort(&list, slots);
        self.first = self.first.tomorrow();
        let coming = self.first + (i32::try_from(NEAR).expect("few days are near") - 1);
        self.near
            .push_back(self.later.remove(&coming).unwrap_or_default());
    }

    /// Marks the slots and reads the marks in order: that takes a few steps for each, where comparing takes hundreds.
    fn sort(&mut self, list: &[Slot], slots: &mut Vec<Slot>) {
        if list.is_empty() {
            return;
        }
        for slot in list {
            self.marks[*slot as usize / MARKS] |= 1 << (*slot as usize % MARKS);
        }
        for (block, marks) in (0..).zip(&mut self.marks) {
            while *marks != 0 {
                slots.push(block * u64::BITS + marks.trailing_zeros());
                *marks &= *marks - 1;
            }
        }
    }

    fn slot_of_day(&self, day: Day) -> Option<usize> {
        usize::try_from(day.days_since(self.first))
            .ok()
            .filter(|place| *place < NEAR)
    }
}
