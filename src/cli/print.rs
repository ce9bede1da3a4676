//! Prints lines to the terminal: the only place that does. Colours are taken out where standard output is not a terminal.

use std::fmt::Display;
use std::io::{ErrorKind, Write as _};

use super::Failure;
use super::ink::terminal;

/// Prints lines of the answer. A reader that has gone, as `head` does, has seen enough.
pub(super) fn say(text: impl Display) -> Result<(), Failure> {
    say_own(terminal(&text.to_string()))
}

/// Prints a text of the program itself as it is: nobody else wrote a character of it.
pub(super) fn say_own(text: impl Display) -> Result<(), Failure> {
    match writeln!(anstream::stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let message = format!("cannot print the answer: {error}");
            Err(Failure::new(
                message,
                "check where the output of the program goes",
            ))
        }
        _ => Ok(()),
    }
}

/// Prints lines about the run: problems and warnings. If even standard error is closed, there is nowhere left to report it.
pub(super) fn warn(text: impl Display) {
    let _ = writeln!(anstream::stderr(), "{}", terminal(&text.to_string()));
}
