//! Ids as numbers, in the order in which they are first seen: a hash table with open addressing and linear probing. A ledger
//! names the same few ids millions of times, so finding one must not allocate. Nothing is ever removed.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// The ids seen so far.
#[derive(Default)]
pub(super) struct SeenIds {
    /// All ids, one after the other.
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
    /// Places by hash, each empty or a number plus one; at least half of them are empty.
    places: Vec<u32>,
}

impl SeenIds {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The id with this number.
    pub(super) fn id_of(&self, number: usize) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[number]]
    }

    /// The number of an id.
    pub(super) fn find(&self, id: &[u8]) -> Option<usize> {
        if self.places.is_empty() {
            return None;
        }
        let place = self.find_or_insert(id);
        usize::try_from(self.places[place]).ok()?.checked_sub(1)
    }

    /// The number of an id, a new one when it is first seen.
    pub(super) fn number_of_id(&mut self, id: &[u8]) -> usize {
        if let Some(known) = self.find(id) {
            return known;
        }
        self.bytes.extend_from_slice(id);
        self.ends.push(self.bytes.len());
        if self.places.len() < 2 * self.ends.len() {
            self.places = vec![0; 4 * self.ends.len()];
            (0..self.ends.len()).for_each(|number| self.put(number));
        } else {
            self.put(self.ends.len() - 1);
        }
        self.ends.len() - 1
    }

    fn put(&mut self, number: usize) {
        let place = self.find_or_insert(self.id_of(number));
        self.places[place] = u32::try_from(number + 1).expect("fewer than four billion ids");
    }

    /// Where an id is, or the empty place where it belongs.
    fn find_or_insert(&self, id: &[u8]) -> usize {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        let count = self.places.len();
        let mut place = usize::try_from(hasher.finish() % count as u64).unwrap_or(0);
        while let Some(number) = self.places[place].checked_sub(1) {
            if self.id_of(number as usize) == id {
                break;
            }
            place = (place + 1) % count;
        }
        place
    }
}
