//! The random numbers of a generated book: SplitMix64, with one stream for each account.
//!
//! Written out instead of taken from a crate, because a plan must give the same book for ever: `fastrand` changed its
//! sequence in a minor version (2.1.0), `oorandom` calls a major version for that only probable, and `rand_pcg` leaves
//! ranges to `rand`. Never seeded from the clock, and not for secrets.

use std::ops::RangeInclusive;

/// The step of SplitMix64: 2^64 divided by the golden ratio, made odd.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// One stream of random numbers.
pub(super) struct Random {
    state: u64,
}

impl Random {
    /// The stream with this number among those of `seed`.
    pub(super) fn from_seed(seed: u64, stream: u64) -> Self {
        Self {
            state: scrambled(seed) ^ scrambled(stream.wrapping_add(STEP)),
        }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        scrambled(self.state)
    }

    /// A number from 0 to below `bound`; 0 if `bound` is 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.next()) * u128::from(bound);
        u64::try_from(product >> 64).expect("the upper half of a product has 64 bits")
    }

    /// A number of the range, both ends included.
    pub(super) fn within(&mut self, range: RangeInclusive<i64>) -> i64 {
        let width = range.end() - range.start() + 1;
        let offset = self.below(u64::try_from(width).expect("a range is not empty"));
        range.start() + i64::try_from(offset).expect("an offset lies below a 64-bit width")
    }

    /// True in `permille` of a thousand cases.
    pub(super) fn chance(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    /// The number of one of `len` things.
    pub(super) fn index(&mut self, len: usize) -> usize {
        let bound = u64::try_from(len).expect("a length has 64 bits");
        usize::try_from(self.below(bound)).expect("an index lies below a length")
    }

    /// One of the items, each as likely as the others.
    pub(super) fn choose<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.index(items.len())]
    }

    /// One of the values, each as likely as the weight before it says.
    pub(super) fn pick<T: Copy>(&mut self, weighted: &[(u64, T)]) -> T {
        self.weighted(weighted, |(weight, _)| *weight).1
    }

    /// One of the items, each as likely as its weight says.
    pub(super) fn weighted<'a, T>(&mut self, items: &'a [T], weight: impl Fn(&T) -> u64) -> &'a T {
        let mut left = self.below(items.iter().map(&weight).sum());
        let chosen = items
            .iter()
            .find(|item| match left.checked_sub(weight(item)) {
                Some(rest) => {
                    left = rest;
                    false
                }
                None => true,
            });
        chosen.expect("a number below the sum of the weights falls on an item")
    }
}

fn scrambled(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published first numbers of SplitMix64 for the seed 1234567.
    #[test]
    fn the_sequence_is_that_of_splitmix64() {
        let mut random = Random { state: 1_234_567 };
        let first = [(); 3].map(|()| random.next());
        assert_eq!(
            first,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }
}
