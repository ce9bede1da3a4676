//! What is wrong with one text, before it is known where the text stands.

use crate::input::diagnostic::{Code, Diagnostics, Place};

/// Why a text is not the value that its cell needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub code: Code,
    pub message: String,
    pub help: String,
}

impl Problem {
    pub(super) fn new(code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            help: help.into(),
        }
    }

    /// Reports it, at a place that is looked for only if the report is kept.
    pub(super) fn report(self, place: impl FnOnce() -> Place, diagnostics: &mut Diagnostics) {
        diagnostics.push_with(self.code, || (place(), self.message, self.help));
    }
}

/// The text for a message: short, and on one line.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 40;
    let short: String = text
        .chars()
        .take(MOST)
        .map(|c| if c.is_control() { '·' } else { c })
        .collect();
    let more = if text.chars().nth(MOST).is_some() {
        "…"
    } else {
        ""
    };
    format!("`{short}{more}`")
}
