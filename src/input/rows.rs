//! Where the rows and cells of a CSV text are (RFC 4180). Nothing here knows what a column means.
//!
//! A text whose quotes are sound can be read from the start of any row, so that its parts are read side by side.

use std::borrow::Cow;
use std::ops::Range;

use crate::parallel::prelude::*;

use super::value::Problem;
use crate::input::diagnostic::Code;

/// The bytes of a part, about. It is the same on every machine: what is read must not depend on the processors.
const PART_BYTES: usize = 1 << 18;

/// Reads one row after the other of a text with sound quotes.
pub(super) struct RowReader<'f> {
    text: &'f str,
    /// The most cells that a row may have. Of a longer one no more than the first cell too many is kept, so that what it
    /// takes is bounded by the header and not by its commas.
    most: usize,
    /// What has not been read yet.
    ahead: Range<usize>,
    start: usize,
    cells: Vec<Cow<'f, str>>,
}

impl<'f> RowReader<'f> {
    /// The rows in a range of the text that begins with a row; each may have `most` cells.
    pub(super) fn over_range(text: &'f str, range: Range<usize>, most: usize) -> Self {
        Self {
            text,
            most,
            start: range.start,
            ahead: range,
            cells: Vec::new(),
        }
    }

    /// Reads the next row; empty lines are none. False where there is none.
    pub(super) fn advance(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        while self.ahead.start < self.ahead.end && ends_line(bytes[self.ahead.start]) {
            self.ahead.start += 1;
        }
        self.start = self.ahead.start;
        self.cells.clear();
        if self.ahead.is_empty() {
            return false;
        }
        loop {
            let (cell, end) = cell(self.text, self.ahead.start);
            if self.cells.len() <= self.most {
                self.cells.push(cell);
            }
            self.ahead.start = end;
            if bytes.get(end) != Some(&b',') {
                return true;
            }
            self.ahead.start += 1;
        }
    }

    /// The bytes of the row, without its line end.
    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.ahead.start
    }

    /// The texts of the row's cells, without their quotes; one more than there may be if it has more.
    pub(super) fn cells(&self) -> &[Cow<'f, str>] {
        &self.cells
    }
}

fn ends_line(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// The text of the cell that begins at `from`, and its end: the comma or line end behind it.
fn cell(text: &str, from: usize) -> (Cow<'_, str>, usize) {
    let bytes = text.as_bytes();
    if bytes.get(from) != Some(&b'"') {
        let length = memchr::memchr3(b',', b'\n', b'\r', &bytes[from..]);
        let end = length.map_or(bytes.len(), |length| from + length);
        return (Cow::Borrowed(&text[from..end]), end);
    }
    let closing = closing_quote(bytes, from + 1).expect("every quote of a checked text closes");
    let inside = &text[from + 1..closing];
    let cell = if inside.contains('"') {
        inside.replace("\"\"", "\"").into()
    } else {
        Cow::Borrowed(inside)
    };
    (cell, closing + 1)
}

/// A text with sound quotes from the start of a row on, in parts of whole rows.
pub(super) fn parts(text: &str, from: usize) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let quotes: Vec<usize> = bytes[from..]
        .par_chunks(PART_BYTES)
        .map(|chunk| memchr::memchr_iter(b'"', chunk).count())
        .collect();
    let mut parts = Vec::new();
    let (mut start, mut before) = (from, 0);
    for (number, quotes) in quotes.iter().enumerate() {
        let nominal = from + number * PART_BYTES;
        if start <= nominal && nominal > from {
            // Behind an odd number of quotes, a byte stands inside a cell.
            let end = row_end(&bytes[nominal..], before % 2 == 1)
                .map_or(bytes.len(), |length| nominal + length);
            parts.push(start..end);
            start = end;
        }
        before += quotes;
    }
    parts.push(start..bytes.len());
    parts
}

/// The first byte behind a line feed that ends a row.
/// Rule **blank-row**.
fn row_end(bytes: &[u8], mut quoted: bool) -> Option<usize> {
    let end = bytes.iter().position(|byte| {
        quoted ^= *byte == b'"';
        *byte == b'\n' && !quoted
    });
    end.map(|end| end + 1)
}

/// The bytes of a cell, quotes included, in a record that begins at `start`.
pub(super) fn cell_range(bytes: &[u8], start: usize, position: usize) -> Range<usize> {
    let mut from = start;
    for _ in 0..position {
        match cell_end(bytes, from) {
            end if bytes.get(end) == Some(&b',') => from = end + 1,
            end => return end..end,
        }
    }
    from..cell_end(bytes, from)
}

/// The end of the cell that begins at `from`: the comma or line end behind it.
fn cell_end(bytes: &[u8], from: usize) -> usize {
    let mut quoted = false;
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        match byte {
            b'"' => quoted = !quoted,
            b',' | b'\n' | b'\r' if !quoted => return at,
            _ => {}
        }
    }
    bytes.len()
}

/// Checks that every quote opens, closes or doubles one: what RFC 4180 has and lenient readers guess at.
pub(super) fn check_quotes(text: &str) -> Result<(), (Range<usize>, Problem)> {
    let bytes = text.as_bytes();
    let mut cell_starts = true;
    let mut at = 0;
    while let Some(offset) = memchr::memchr(b'"', &bytes[at..]) {
        let quote = at + offset;
        if quote > at {
            cell_starts = matches!(bytes[quote - 1], b',' | b'\n' | b'\r');
        }
        if !cell_starts {
            let message = "a quote inside an unquoted cell";
            let help = "put the whole cell in double quotes and double each quote inside";
            return Err((quote..quote + 1, Problem::new(Code::BadCsv, message, help)));
        }
        let Some(end) = closing_quote(bytes, quote + 1) else {
            let message = "a quote that never closes";
            let help = "close it with a double quote before the comma or line end";
            return Err((quote..quote + 1, Problem::new(Code::BadCsv, message, help)));
        };
        if !matches!(bytes.get(end + 1), None | Some(b',' | b'\n' | b'\r')) {
            return Err(text_after_quote(text, quote, end));
        }
        at = (end + 2).min(text.len());
        cell_starts = true;
    }
    Ok(())
}

/// What is wrong where a cell goes on behind its closing quote. If the quotes stand in different lines, it is the first
/// one that was not meant to be there, or not closed.
fn text_after_quote(text: &str, opening: usize, closing: usize) -> (Range<usize>, Problem) {
    let (range, message, help) = if text[opening..closing].contains(['\n', '\r']) {
        let message = "a quote that closes in a later line, in front of more text";
        let help = "close it with a double quote before the comma or line end";
        (opening..opening + 1, message, help)
    } else {
        let after = text[closing + 1..].chars().next().map_or(1, char::len_utf8);
        let help = "end the cell after its closing quote, or double the quote inside it";
        (
            closing + 1..closing + 1 + after,
            "text after a closing quote",
            help,
        )
    };
    (range, Problem::new(Code::BadCsv, message, help))
}

/// The quote that closes a cell opened before `from`; doubled ones belong to the cell.
fn closing_quote(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr::memchr(b'"', &bytes[at..])?;
        if bytes.get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}
