//! A progress bar on a terminal, from a second on.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::calendar::{Day, DayRange};

/// Runs shorter than this show no bar.
const QUIET: Duration = Duration::from_secs(1);

/// The progress through many runs.
pub(super) struct Count {
    all: usize,
    started: Instant,
    bar: RefCell<Option<ProgressBar>>,
}

impl Count {
    pub(super) fn new(all: usize) -> Self {
        Self { all, started: Instant::now(), bar: RefCell::new(None) }
    }

    /// So many runs are done.
    pub(super) fn reach(&self, done: usize) {
        if self.started.elapsed() < QUIET {
            return;
        }
        let mut bar = self.bar.borrow_mut();
        let bar = bar.get_or_insert_with(|| {
            let bar = ProgressBar::new(self.all as u64);
            let style = ProgressStyle::with_template("{pos} of {len} runs {wide_bar} {percent}% {eta} left");
            style.map_or(bar.clone(), |style| bar.with_style(style))
        });
        bar.set_position(done as u64);
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = self.bar.borrow().as_ref() {
            bar.finish_and_clear();
        }
    }
}

/// The progress of a replay through its days.
pub(super) struct Progress {
    days: DayRange,
    started: Instant,
    bar: RefCell<Option<ProgressBar>>,
}

impl Progress {
    pub(super) fn new(days: DayRange) -> Self {
        Self { days, started: Instant::now(), bar: RefCell::new(None) }
    }

    /// The replay has reached the end of `day`.
    pub(super) fn reach(&self, day: Day) {
        if self.started.elapsed() < QUIET {
            return;
        }
        let mut bar = self.bar.borrow_mut();
        let bar = bar.get_or_insert_with(|| {
            let bar = ProgressBar::new(self.days.len() as u64);
            let style = ProgressStyle::with_template("{msg} {wide_bar} {percent}% {eta} left");
            style.map_or(bar.clone(), |style| bar.with_style(style))
        });
        bar.set_message(day.to_string());
        bar.set_position(u64::try_from(day.days_since(self.days.from)).unwrap_or(0) + 1);
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = self.bar.borrow().as_ref() {
            bar.finish_and_clear();
        }
    }
}
