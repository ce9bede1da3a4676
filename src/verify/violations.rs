//! Violations: what does not hold in a result, and which file is to blame. It never decides what must hold.

use std::collections::BTreeSet;
use std::fmt::Display;

use crate::input::diagnostic::{Code, Diagnostic, Diagnostics, Place};

/// A rule that a row breaks, in one of its cells.
pub(super) struct Violation {
    pub code: Code,
    pub column: usize,
    pub complaint: Complaint,
    /// The other files that the finding rests on.
    pub needs: &'static [&'static str],
}

/// What is wrong with a cell.
pub(super) enum Complaint {
    /// The cell holds another text than this one.
    Expected(String),
    /// A sentence of its own.
    Sentence(String),
}

impl Violation {
    pub(super) fn new(code: Code, column: usize, sentence: impl Into<String>) -> Self {
        let complaint = Complaint::Sentence(sentence.into());
        Self {
            code,
            column,
            complaint,
            needs: &[],
        }
    }

    /// The cell holds something else than `expected`; what it holds is read when the violation is reported.
    pub(super) fn expected(code: Code, column: usize, expected: impl Display) -> Self {
        let complaint = Complaint::Expected(expected.to_string());
        Self {
            code,
            column,
            complaint,
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
/// its violation already.
#[derive(Default)]
pub(super) struct Violations {
    list: Diagnostics,
    changed: BTreeSet<String>,
    /// Whether every file has the hash that `run.json` lists.
    is_sealed: bool,
}

impl Violations {
    /// Adds what is wrong with a file that is no longer the one that was written.
    pub(super) fn add_changed(&mut self, code: Code, file: &str, message: impl Into<String>) {
        self.add_changed_at(code, Place::of_file(file), message);
    }

    /// The same, at a place in the file.
    pub(super) fn add_changed_at(&mut self, code: Code, place: Place, message: impl Into<String>) {
        self.changed.insert(place.file.clone());
        self.list.push(code, place, message, help(code));
    }

    /// Adds what is wrong in `file`, seen beside the files that it `needs`; a name with a slash at its end is a folder.
    /// `find` is not called where the violation is only counted.
    pub(super) fn report(
        &mut self,
        code: Code,
        file: &str,
        needs: &[&str],
        find: impl FnOnce() -> (Place, String),
    ) {
        if !self.is_changed(file) && needs.iter().any(|need| self.is_changed(need)) {
            return;
        }
        let was_written_so = self.is_sealed && code != Code::OtherReplay;
        let help = if was_written_so {
            HELP_OF_SEALED
        } else {
            help(code)
        };
        self.list.push_with(code, || {
            let (place, message) = find();
            (place, message, help.to_owned())
        });
    }

    /// Adds what is wrong with a file as a whole.
    pub(super) fn report_file(&mut self, code: Code, file: &str, message: impl Into<String>) {
        self.report(code, file, &[], || (Place::of_file(file), message.into()));
    }

    /// What rests on a file that could not be read is no violation of its own.
    pub(super) fn distrust(&mut self, file: &str) {
        self.changed.insert(file.to_owned());
    }

    /// Every file has the hash that `run.json` lists: what is found from now on was written like that.
    pub(super) fn seal(&mut self) {
        self.is_sealed = self.changed.is_empty();
    }

    /// Adds what a reader of books says about a file, whose name is given as people know it.
    pub(super) fn add_read(&mut self, read: &Diagnostic, file: String) {
        let Diagnostic {
            code,
            place,
            message,
            help,
        } = read.clone();
        self.list.push(code, Place { file, ..place }, message, help);
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

const HELP_OF_SEALED: &str =
    "the file matches its hash, so either the run was wrong or the hashes were regenerated; re-run";

fn help(code: Code) -> &'static str {
    match code {
        Code::ChangedInput | Code::OtherReplay => {
            "give the book as it was when it ran, or run it again for its present results"
        }
        Code::ExtraFile => "move it elsewhere: no run wrote it",
        Code::Unsealed => "run the book again: only results with a digest can be proven",
        Code::Unreadable => "put back the plain file that the run wrote",
        _ => "put back the file that the run wrote, or run the book again",
    }
}

/// The message of a value that is not the expected one.
pub(super) fn mismatch(what: &str, expected: impl Display, found: impl Display) -> String {
    format!("`{what}`: expected {expected}, found {found}")
}

/// A cell for people, shortened to [`MAX_SHOWN_CHARS`].
pub(super) fn shown(cell: &[u8]) -> String {
    if cell.is_empty() {
        return "nothing".to_owned();
    }
    // No character of UTF-8 has more than four bytes, and a replaced byte is one character.
    let text = String::from_utf8_lossy(&cell[..cell.len().min(8 * MAX_SHOWN_CHARS)]);
    let mut short: String = text.chars().take(MAX_SHOWN_CHARS).collect();
    if short.len() < cell.len() && text.chars().nth(MAX_SHOWN_CHARS).is_some() {
        short.push('…');
    }
    format!("`{short}`")
}

const MAX_SHOWN_CHARS: usize = 60;
