//! Work side by side: rayon's iterators with the feature `parallel`, the same words one after the other without it.
//!
//! Whatever is asked for here gives the same result in both ways; nothing depends on an order of execution.

#[cfg(feature = "parallel")]
pub(crate) use rayon::{join, prelude};

/// Does the first on another processor while the second runs here, and waits for both.
#[cfg(feature = "parallel")]
pub(crate) fn beside<R>(background: impl FnOnce() + Send, foreground: impl FnOnce() -> R) -> R {
    rayon::in_place_scope(|scope| {
        scope.spawn(|_| background());
        foreground()
    })
}

/// Does one after the other.
#[cfg(not(feature = "parallel"))]
pub(crate) fn beside<R>(background: impl FnOnce(), foreground: impl FnOnce() -> R) -> R {
    background();
    foreground()
}

/// Runs one after the other what rayon would run side by side.
#[cfg(not(feature = "parallel"))]
pub(crate) fn join<A, B>(first: impl FnOnce() -> A, second: impl FnOnce() -> B) -> (A, B) {
    (first(), second())
}

/// The names of rayon's traits that the crate uses, for plain iterators.
#[cfg(not(feature = "parallel"))]
pub(crate) mod prelude {
    use std::cmp::Ordering;
    use std::slice::{Chunks, ChunksMut, Iter, IterMut, Windows};

    pub(crate) trait ParallelSlice<T> {
        fn par_iter(&self) -> Iter<'_, T>;
        fn par_iter_mut(&mut self) -> IterMut<'_, T>;
        fn par_chunks(&self, size: usize) -> Chunks<'_, T>;
        fn par_chunks_mut(&mut self, size: usize) -> ChunksMut<'_, T>;
        fn par_windows(&self, size: usize) -> Windows<'_, T>;
        fn par_sort_unstable_by(&mut self, compare: impl FnMut(&T, &T) -> Ordering);
    }

    impl<T> ParallelSlice<T> for [T] {
        fn par_iter(&self) -> Iter<'_, T> {
            self.iter()
        }

        fn par_iter_mut(&mut self) -> IterMut<'_, T> {
            self.iter_mut()
        }

        fn par_chunks(&self, size: usize) -> Chunks<'_, T> {
            self.chunks(size)
        }

        fn par_chunks_mut(&mut self, size: usize) -> ChunksMut<'_, T> {
            self.chunks_mut(size)
        }

        fn par_windows(&self, size: usize) -> Windows<'_, T> {
            self.windows(size)
        }

        fn par_sort_unstable_by(&mut self, compare: impl FnMut(&T, &T) -> Ordering) {
            self.sort_unstable_by(compare);
        }
    }

    pub(crate) trait IntoParallelIterator: IntoIterator + Sized {
        fn into_par_iter(self) -> Self::IntoIter {
            self.into_iter()
        }
    }

    impl<I: IntoIterator> IntoParallelIterator for I {}

    pub(crate) trait ParallelIterator: Iterator + Sized {
        fn flat_map_iter<I: IntoIterator>(
            self,
            make: impl FnMut(Self::Item) -> I,
        ) -> impl Iterator<Item = I::Item> {
            self.flat_map(make)
        }

        fn for_each_init<S>(
            self,
            mut init: impl FnMut() -> S,
            mut act: impl FnMut(&mut S, Self::Item),
        ) {
            let mut state = init();
            self.for_each(|item| act(&mut state, item));
        }
    }

    impl<I: Iterator> ParallelIterator for I {}

    pub(crate) trait ParallelExtend<T> {
        fn par_extend(&mut self, items: impl IntoIterator<Item = T>);
    }

    impl<T> ParallelExtend<T> for Vec<T> {
        fn par_extend(&mut self, items: impl IntoIterator<Item = T>) {
            self.extend(items);
        }
    }
}
