//! What does not hold, and which file is to blame.

use std::collections::BTreeSet;

use crate::input::diagnostic::{Code, Diagnostics, Place};

/// Something wrong with one cell of a row.
pub(super) struct Violation {
    pub code: Code,
    pub column: usize,
    pub message: String,
    /// The other files that the finding rests on.
    pub needs: &'static [&'static str],
}

impl Violation {
    pub(super) fn new(code: Code, column: usize, message: impl Into<String>) -> Self {
        Self {
            code,
            column,
            message: message.into(),
            needs: &[],
        }
    }

    pub(super) fn needing(self, needs: &'static [&'static str]) -> Self {
        Self { needs, ..self }
    }
}

/// Everything found so far.
///
/// Where two files disagree and a hash says that one of them has changed, the other is not blamed: the changed one has
/// its finding already.
#[derive(Default)]
pub(super) struct Violations {
    list: Diagnostics,
    changed: BTreeSet<String>,
    /// Whether every file has the hash that `run.json` lists.
    is_sealed: bool,
}

impl Violations {
    /// Adds what is wrong with a file that is no longer the one that was written.
    pub(super) fn add_changed(&mut self, file: &str, code: Code, place: Place, message: String) {
        self.changed.insert(file.to_owned());
        self.list.push(code, place, message, help(code));
    }

    /// Adds what is wrong in `file`, seen beside the files that it `needs`; a name with a slash at its end is a folder.
    pub(super) fn report_violation(
        &mut self,
        code: Code,
        (file, needs): (&str, &[&str]),
        find: impl FnOnce() -> (Place, String),
    ) {
        if !self.is_changed(file) && needs.iter().any(|need| self.is_changed(need)) {
            return;
        }
        let is_of_rows = self.is_sealed && code != Code::OtherReplay;
        let help = if is_of_rows {
            HELP_OF_SEALED
        } else {
            help(code)
        };
        self.list.push_with(code, || {
            let (place, message) = find();
            (place, message, help.to_owned())
        });
    }

    /// What rests on a file that could not be read is no finding of its own.
    pub(super) fn distrust(&mut self, file: &str) {
        self.changed.insert(file.to_owned());
    }

    /// Every file has the hash that `run.json` lists: what is found now was written like that.
    pub(super) fn seal(&mut self) {
        self.is_sealed = self.changed.is_empty();
    }

    /// Adds what a reader of books says about a file.
    pub(super) fn add_read(&mut self, code: Code, place: Place, (message, help): (String, String)) {
        self.list.push(code, place, message, help);
    }

    /// Whether a file, or one of a folder, is not as it was written.
    pub(super) fn is_changed(&self, name: &str) -> bool {
        self.changed
            .iter()
            .any(|changed| changed == name || (name.ends_with('/') && changed.starts_with(name)))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.list.errors() + self.list.warnings()
    }

    pub(super) fn into_diagnostics(self) -> Diagnostics {
        self.list
    }
}

/// What to do about files whose hashes agree with them.
const HELP_OF_SEALED: &str =
    "the hashes agree with it: the run wrote it so, or they were made anew; run the book again";

fn help(code: Code) -> &'static str {
    match code {
        Code::ChangedInput | Code::OtherReplay => {
            "give the book as it was when it ran, or run it again to have its present results"
        }
        Code::ExtraFile => "move it elsewhere: no run wrote it",
        Code::Unsealed => "run the book again: only a version that writes a digest can be proven",
        Code::Unreadable => "put back the plain file that the run wrote",
        _ => "put back the file that the run wrote, or run the book again",
    }
}

/// A cell for people: at most so many characters of it.
pub(super) fn shown(cell: &[u8]) -> String {
    const MOST: usize = 60;
    if cell.is_empty() {
        return "empty".to_owned();
    }
    let text = String::from_utf8_lossy(&cell[..cell.len().min(8 * MOST)]);
    let mut short: String = text.chars().take(MOST).collect();
    if short.len() < cell.len() && text.chars().nth(MOST).is_some() {
        short.push('…');
    }
    format!("`{short}`")
}
