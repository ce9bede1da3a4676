//! The files of a result beside what a replay writes, byte by byte while it goes on. A file is read once, and never held
//! whole unless it is no text.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::ops::Range;
use std::path::Path;

use super::WrittenFiles;
use super::violations::Violations;
use crate::input::diagnostic::{Code, Place};

const READ_BUFFER_BYTES: usize = 1 << 18;

/// The files of the result that a replay writes too, each read as far as the replay has come.
pub(super) struct ReplayComparison<'c, 'w> {
    written: &'c WrittenFiles<'w>,
    /// What is said besides where another version wrote the files.
    of_version: String,
    /// None of a file that is not there, differs, or has been compared to its end.
    files: BTreeMap<String, Option<LineReader<'w>>>,
    pub found: &'c mut Violations,
}

/// A file, line by line.
struct LineReader<'w> {
    file: BufReader<Box<dyn Read + 'w>>,
    /// The line that was read last, and its number.
    line: Vec<u8>,
    number: usize,
    /// What the replay has written of the next line.
    begun: Vec<u8>,
}

impl<'c, 'w> ReplayComparison<'c, 'w> {
    /// Begins with files that this version of the program wrote.
    pub(super) fn start_comparison(
        written: &'c WrittenFiles<'w>,
        version: &str,
        found: &'c mut Violations,
    ) -> Self {
        let own = env!("CARGO_PKG_VERSION");
        let of_version = match version == own {
            true => String::new(),
            false => format!(" (written by version {version}, replayed by {own})"),
        };
        Self {
            written,
            of_version,
            files: BTreeMap::new(),
            found,
        }
    }

    /// Whether a file is there that a replay writes.
    fn is_there(&mut self, name: &str) -> bool {
        let is_there = self.written.names.contains(name);
        if !is_there && !self.found.is_changed(name) {
            let message = format!("missing `{name}`: a replay of the inputs writes it");
            self.found.report_file(Code::OtherReplay, name, message);
        }
        is_there
    }

    /// Holds the next bytes of a replay against a file, up to the first line that differs.
    pub(super) fn compare_piece(&mut self, name: &str, bytes: &[u8]) {
        if !self.files.contains_key(name) {
            let is_there = self.is_there(name);
            let file = is_there
                .then(|| self.written.open_file(name, self.found))
                .flatten();
            self.files
                .insert(name.to_owned(), file.map(LineReader::read_lines));
        }
        let Some(Some(lines)) = self.files.get_mut(name) else {
            return;
        };
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let is_whole = piece.ends_with(b"\n");
            if !is_whole || !lines.begun.is_empty() {
                lines.begun.extend_from_slice(piece);
            }
            if !is_whole {
                return;
            }
            let begun = std::mem::take(&mut lines.begun);
            let expected = if begun.is_empty() { piece } else { &begun };
            if !lines.next_line_is(expected) {
                return self.report_line(name, expected);
            }
        }
    }

    /// The same for bytes in pieces.
    pub(super) fn compare_pieces<'p>(
        &mut self,
        name: &str,
        pieces: impl IntoIterator<Item = &'p [u8]>,
    ) {
        for bytes in pieces {
            self.compare_piece(name, bytes);
        }
    }

    /// Holds a whole file against what is written anew. In a text the line is named, else the byte.
    pub(super) fn compare_whole(&mut self, name: &str, bytes: &[u8]) {
        let ending = Path::new(name).extension().and_then(OsStr::to_str);
        if !matches!(ending, Some("png" | "xlsx")) {
            self.compare_piece(name, bytes);
            return self.end(name);
        }
        let is_there = self.is_there(name);
        let is = is_there
            .then(|| self.written.bytes(name, self.found))
            .flatten();
        self.files.insert(name.to_owned(), None);
        let Some(is) = is.filter(|is| is != bytes) else {
            return;
        };
        let at = common_prefix(&is, bytes) + 1;
        let mut message = format!("a replay of the inputs writes other bytes from byte {at} on");
        if is.len() != bytes.len() {
            message += &format!("; expected {} bytes, found {}", bytes.len(), is.len());
        }
        message += &self.of_version;
        self.found.report_file(Code::OtherReplay, name, message);
    }

    /// A file that has the hashes of others: it is looked at only where nothing was found so far, in them or elsewhere.
    pub(super) fn compare_sealing(&mut self, name: &str, bytes: &[u8]) {
        if self.found.len() == 0 {
            self.compare_piece(name, bytes);
            return self.end(name);
        }
        self.files.insert(name.to_owned(), None);
    }

    /// Finds those of the listed files that no replay writes.
    pub(super) fn refuse_others<'l>(&mut self, listed: impl Iterator<Item = &'l String>) {
        for name in listed.filter(|name| !self.files.contains_key(*name)) {
            let message = format!("unexpected `{name}`: a replay of the inputs does not write it");
            self.found.report_file(Code::OtherReplay, name, message);
        }
    }

    /// Ends every file: a replay that has come to its end writes no line more.
    pub(super) fn finish(mut self) {
        for name in self.files.keys().cloned().collect::<Vec<_>>() {
            self.end(&name);
        }
    }

    /// Ends a file: nothing more comes to it.
    fn end(&mut self, name: &str) {
        let Some(Some(lines)) = self.files.get_mut(name) else {
            return;
        };
        let begun = std::mem::take(&mut lines.begun);
        if !lines.next_line_is(&begun) {
            self.report_line(name, &begun);
        }
    }

    /// Reports the line at which a file differs, and looks no further into it.
    fn report_line(&mut self, name: &str, expected: &[u8]) {
        let Some(Some(lines)) = self.files.insert(name.to_owned(), None) else {
            return;
        };
        self.found.report(Code::OtherReplay, name, &[], || {
            let place = Place::in_bytes(name, &lines.line, difference(&lines.line, expected));
            let shown = match expected {
                b"" => "no line".to_owned(),
                _ => {
                    let range = difference(expected, &lines.line);
                    format!("`{}`", Place::in_bytes(name, expected, range).source)
                }
            };
            let message = format!(
                "a replay of the inputs writes another line; expected {shown}{}",
                self.of_version
            );
            (
                Place {
                    line: lines.number,
                    ..place
                },
                message,
            )
        });
    }
}

impl<'w> LineReader<'w> {
    fn read_lines(file: Box<dyn Read + 'w>) -> Self {
        let file = BufReader::with_capacity(READ_BUFFER_BYTES, file);
        Self {
            file,
            line: Vec::new(),
            number: 0,
            begun: Vec::new(),
        }
    }

    /// Reads the next line; whether it is this one. What cannot be read is none.
    fn next_line_is(&mut self, expected: &[u8]) -> bool {
        self.line.clear();
        self.number += 1;
        self.file.read_until(b'\n', &mut self.line).is_ok() && self.line == expected
    }
}

fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    one.iter()
        .zip(other)
        .take_while(|(one, other)| one == other)
        .count()
}

/// The bytes of a line from the first that differs to the last.
fn difference(is: &[u8], expected: &[u8]) -> Range<usize> {
    let start = common_prefix(is, expected);
    let backwards = is[start..].iter().rev().zip(expected[start..].iter().rev());
    let same_end = backwards
        .take_while(|(is, expected)| is == expected)
        .count();
    start..is.len() - same_end
}
