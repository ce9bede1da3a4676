//! Signals. Ctrl-C while many runs go on: the present ones end, and what is done is written; a second one ends the program.
//! A limit for file sizes makes writing fail; the program goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::SIGINT;
use signal_hook::flag;

/// The exit code of a program that Ctrl-C ended, as shells give it.
const INTERRUPTED: i32 = 130;

/// Makes a file that becomes larger than the system allows an error of writing, not a silent end of the program.
pub(super) fn outlive_large_files() {
    #[cfg(unix)]
    // Where the system does not let it, the program ends as ever.
    let _ = flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
}

/// Whether people have asked to stop.
#[derive(Clone, Default)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on. Where the system does not let it, an interrupt ends the program as ever.
    pub(super) fn listen() -> Self {
        let interrupt = Self::default();
        // The first to be registered is the first to look: it ends the program where the flag is set already.
        let _ = flag::register_conditional_shutdown(SIGINT, INTERRUPTED, Arc::clone(&interrupt.0))
            .and_then(|_| flag::register(SIGINT, Arc::clone(&interrupt.0)));
        interrupt
    }

    pub(super) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
