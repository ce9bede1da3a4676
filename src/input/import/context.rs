//! What each reader of an import gets: the caller's options, and the place for what is wrong. It reads nothing itself.

use super::options::Options;
use crate::input::diagnostic::{Code, Diagnostics, Place};

/// The options of an import and its diagnostics so far.
pub(crate) struct Context<'c> {
    pub(crate) options: &'c Options,
    pub(crate) found: &'c mut Diagnostics,
}

impl Context<'_> {
    /// The same context for a part of the work.
    pub(crate) fn reborrow(&mut self) -> Context<'_> {
        Context {
            options: self.options,
            found: &mut *self.found,
        }
    }

    /// Reports a fault or a warning.
    pub(crate) fn report(&mut self, code: Code, place: Place, message: &str, help: &str) {
        self.found.push(code, place, one_line(message), help);
    }

    /// Reports what is wrong with a file as a whole.
    pub(crate) fn report_file(&mut self, code: Code, file: &str, message: &str, help: &str) {
        self.report(code, Place::of_file(file), message, help);
    }
}

/// A sentence on one line, whatever text of a file it quotes.
pub(crate) fn one_line(sentence: &str) -> String {
    sentence.replace(char::is_control, " ")
}
