//! Numbers from a seed or from choices that were given: the same ones everywhere and always.

/// Choices that were given, two bytes each and the first one last, then SplitMix64.
pub(super) struct Random {
    pub(super) choices: Vec<u8>,
    pub(super) state: u64,
}

impl Random {
    pub(super) fn of(seed: u64) -> Self {
        Self {
            choices: Vec::new(),
            state: seed,
        }
    }

    pub(super) fn next(&mut self) -> u64 {
        if let (Some(low), Some(high)) = (self.choices.pop(), self.choices.pop()) {
            return u64::from(u16::from_le_bytes([low, high]));
        }
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Both ends included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high - low + 1).expect("low is not above high");
        low + i64::try_from(self.next() % width).expect("a small width")
    }

    pub(super) fn percent(&mut self, chance: i64) -> bool {
        self.between(1, 100) <= chance
    }

    pub(super) fn index(&mut self, length: usize) -> usize {
        let last = i64::try_from(length).expect("a short list") - 1;
        usize::try_from(self.between(0, last)).expect("an index")
    }

    pub(super) fn pick<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.index(list.len())].clone()
    }

    pub(super) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let other = self.index(last + 1);
            list.swap(last, other);
        }
    }
}
