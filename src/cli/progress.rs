//! Progress bars on a terminal, for work of more than a second. They go to standard error, vanish when the work is done or
//! given up, and are never drawn where standard error is not a terminal.

use std::io::{self, IsTerminal as _, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::model::calendar::{Day, DayRange};

/// Work that takes less time than this shows no bar.
const SILENT_TIME: Duration = Duration::from_secs(1);
/// How often a bar moves to show that the work goes on.
const TICK: Duration = Duration::from_millis(200);

/// How far some work has come; any thread may say so.
struct ProgressLine {
    all: u64,
    template: &'static str,
    started: Instant,
    done: AtomicU64,
    shown: OnceLock<ProgressBar>,
}

impl ProgressLine {
    fn new(all: u64, template: &'static str) -> Self {
        Self {
            all,
            template,
            started: Instant::now(),
            done: AtomicU64::new(0),
            shown: OnceLock::new(),
        }
    }

    /// The bar, once it is time to show it.
    fn shown(&self) -> Option<&ProgressBar> {
        (self.started.elapsed() >= SILENT_TIME).then(|| self.show())
    }

    fn show(&self) -> &ProgressBar {
        self.shown.get_or_init(|| {
            let bar = ProgressBar::new(self.all);
            let style = ProgressStyle::with_template(self.template);
            let bar = style.map_or(bar.clone(), |style| bar.with_style(style));
            bar.enable_steady_tick(TICK);
            bar
        })
    }

    fn reach(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.draw(done);
    }

    fn advance(&self, more: u64) {
        self.draw(self.done.fetch_add(more, Ordering::Relaxed) + more);
    }

    fn draw(&self, done: u64) {
        if let Some(bar) = self.shown() {
            bar.set_position(done.min(self.all));
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if let Some(bar) = self.shown.get() {
            bar.finish_and_clear();
        }
    }
}

/// The progress through many runs.
pub(super) struct RunProgress(ProgressLine);

impl RunProgress {
    /// Begins, with nothing done.
    pub(super) fn of_runs(all: usize) -> Self {
        Self(ProgressLine::new(
            all as u64,
            "{pos} of {len} runs {wide_bar} {percent}% {eta} left",
        ))
    }

    /// The number of runs that are done.
    pub(super) fn reach(&self, done: usize) {
        self.0.reach(done as u64);
    }
}

/// The progress through accounts, each of which may take long: the bar comes by itself, and its time moves.
pub(super) struct AccountProgress {
    bar: Arc<ProgressLine>,
    /// Dropped to say that no bar is needed any more.
    over: Option<Sender<()>>,
    waiting: Option<JoinHandle<()>>,
}

impl AccountProgress {
    /// Begins, with nothing done.
    pub(super) fn for_count(all: usize) -> Self {
        let bar = Arc::new(ProgressLine::new(
            all as u64,
            "{spinner} {pos} of {len} accounts {wide_bar} {percent}% {elapsed}",
        ));
        let (over, is_over) = mpsc::channel::<()>();
        let waiting = io::stderr().is_terminal().then(|| {
            let bar = Arc::clone(&bar);
            thread::spawn(move || {
                if is_over.recv_timeout(SILENT_TIME) == Err(RecvTimeoutError::Timeout) {
                    bar.show();
                }
            })
        });
        Self {
            bar,
            over: Some(over),
            waiting,
        }
    }

    /// One more is done.
    pub(super) fn add_one(&self) {
        self.bar.advance(1);
    }
}

impl Drop for AccountProgress {
    fn drop(&mut self) {
        drop(self.over.take());
        // A thread that could not draw has nothing to say.
        let _ = self.waiting.take().map(JoinHandle::join);
    }
}

/// The progress of a replay through its days.
pub(super) struct Progress {
    days: DayRange,
    bar: ProgressLine,
}

impl Progress {
    pub(super) fn new(days: DayRange) -> Self {
        Self {
            days,
            bar: ProgressLine::new(days.len() as u64, "{msg} {wide_bar} {percent}% {eta} left"),
        }
    }

    /// The replay has reached the end of `day`.
    pub(super) fn reach(&self, day: Day) {
        if let Some(bar) = self.bar.shown() {
            bar.set_message(day.to_string());
        }
        let days = day.days_since(self.days.from);
        self.bar.reach(u64::try_from(days).unwrap_or(0) + 1);
    }
}

/// The progress of reading files.
pub(super) struct ReadProgress(ProgressLine);

impl ReadProgress {
    /// Begins, with nothing read; the number of bytes may be a guess.
    pub(super) fn for_bytes(bytes: u64) -> Self {
        Self(ProgressLine::new(
            bytes,
            "{bytes} of {total_bytes} {wide_bar} {percent}% {eta} left",
        ))
    }

    /// A file whose reading counts.
    pub(super) fn watch<R: Read>(&self, file: R) -> impl Read + use<'_, R> {
        Watched { file, bar: &self.0 }
    }
}

struct Watched<'b, R> {
    file: R,
    bar: &'b ProgressLine,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(bytes)?;
        self.bar.advance(read as u64);
        Ok(read)
    }
}
