//! Prints lines. Colours are taken out where there is no terminal.

use std::fmt::Display;
use std::io::{ErrorKind, Write as _};

use super::Failure;

/// Prints lines of the answer. A reader that has gone, as `head` does, has seen enough.
pub(super) fn say(text: impl Display) -> Result<(), Failure> {
    match writeln!(anstream::stdout(), "{text}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed.map_err(|error| {
            Failure::new(format!("cannot print the answer: {error}"), "check where the output of the program goes")
        }),
    }
}

/// Prints lines about the run: problems and warnings. Where even that is impossible, nobody is left to be told.
pub(super) fn warn(text: impl Display) {
    let _ = writeln!(anstream::stderr(), "{text}");
}
