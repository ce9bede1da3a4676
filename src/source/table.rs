//! CSV files as tables: columns by name, cells with their places. Strict where the format leaves doubt.

use std::collections::BTreeMap;

use csv::{ReaderBuilder, StringRecord};

use super::value::{Problem, nearest, shown};
use crate::diagnostic::{Code, Diagnostics, Place};

/// One row of cells, whatever file it comes from.
pub(super) trait Row {
    /// The text of a cell; empty is none.
    fn text(&self, slot: usize) -> Option<&str>;

    /// Where the cell is, or its row where there is none.
    fn place(&self, slot: usize) -> Place;

    /// Reads a cell, or reports why it cannot be read.
    fn read<T>(
        &self,
        slot: usize,
        diagnostics: &mut Diagnostics,
        read: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        let text = self.text(slot)?;
        read(text).map_err(|problem| problem.report(self.place(slot), diagnostics)).ok()
    }

    /// Reads a cell that must not be empty.
    fn need<T>(
        &self,
        (slot, name): (usize, &str),
        diagnostics: &mut Diagnostics,
        read: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        if self.text(slot).is_none() {
            diagnostics.push(
                Code::MissingValue,
                self.place(slot),
                format!("`{name}` is empty"),
                format!("fill in `{name}`"),
            );
            return None;
        }
        self.read(slot, diagnostics, read)
    }
}

/// The columns that a file may have.
#[derive(Clone, Copy)]
pub(super) struct Columns {
    pub names: &'static [&'static str],
    /// Slots of the columns that must be there.
    pub required: &'static [usize],
    /// Whether there may be `tag:KEY` columns.
    pub tags: bool,
}

/// The prefix of a tag column.
pub(super) const TAG: &str = "tag:";

/// A CSV file whose header has been read.
pub(super) struct Table<'f> {
    file: &'f str,
    text: &'f str,
    /// Bytes before the text: those of a byte order mark.
    skipped: usize,
    bytes: &'f [u8],
    /// For each slot the position of its column; the slots of tags follow those of names.
    positions: Vec<Option<usize>>,
    tag_keys: Vec<String>,
    width: usize,
}

impl<'f> Table<'f> {
    /// Reads the header; none where the file cannot be read at all.
    pub(super) fn open(
        file: &'f str,
        bytes: &'f [u8],
        columns: Columns,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let text = utf8(file, bytes, diagnostics)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let skipped = bytes.len() - text.len();
        if let Err((range, problem)) = check_quotes(text) {
            problem.report(Place::in_bytes(file, bytes, range.start + skipped..range.end + skipped), diagnostics);
            return None;
        }
        let mut table = Self { file, text, skipped, bytes, positions: Vec::new(), tag_keys: Vec::new(), width: 0 };
        table.read_header(columns, diagnostics).then_some(table)
    }

    fn reader(&self) -> csv::Reader<&'f [u8]> {
        ReaderBuilder::new().has_headers(false).flexible(true).from_reader(self.text.as_bytes())
    }

    fn read_header(&mut self, columns: Columns, diagnostics: &mut Diagnostics) -> bool {
        let mut header = StringRecord::new();
        let found = self.reader().read_record(&mut header).unwrap_or(false);
        self.width = header.len();
        self.positions = vec![None; columns.names.len()];
        let mut seen = BTreeMap::new();
        for (position, name) in header.iter().enumerate() {
            let place = || self.place_of((0, 1), position);
            if let Some(first) = seen.insert(name.to_owned(), position) {
                let message =
                    format!("column {} stands twice, as number {} and {}", shown(name), first + 1, position + 1);
                diagnostics.push(Code::DuplicateColumn, place(), message, "keep one of them");
            } else if let Some(slot) = columns.names.iter().position(|known| *known == name) {
                self.positions[slot] = Some(position);
            } else if let Some(key) = name.strip_prefix(TAG).filter(|key| columns.tags && !key.is_empty()) {
                self.tag_keys.push(key.to_owned());
                self.positions.push(Some(position));
            } else {
                let help =
                    nearest(name, columns.names.iter().copied(), "nothing reads it: correct its name or leave it out");
                diagnostics.push(Code::UnknownColumn, place(), format!("unknown column {}", shown(name)), help);
            }
        }
        let missing = columns.required.iter().filter(|slot| self.positions[**slot].is_none());
        let missing: Vec<&str> = missing.map(|slot| columns.names[*slot]).collect();
        for name in &missing {
            let place = if found { self.place_of((0, 1), 0) } else { Place::of_file(self.file) };
            let help = format!("add a column `{name}` to the header of `{}`", self.file);
            diagnostics.push(Code::MissingColumn, place, format!("there is no column `{name}`"), help);
        }
        missing.is_empty()
    }

    /// The keys of the tag columns; the first has the slot after the named columns.
    pub(super) fn tag_keys(&self) -> &[String] {
        &self.tag_keys
    }

    /// The position of a slot's column, the first where the file does not have it.
    pub(super) fn position(&self, slot: usize) -> usize {
        self.positions[slot].unwrap_or(0)
    }

    /// Adds the slot of a tag that the file does not have.
    pub(super) fn add_tag(&mut self, key: &str) {
        self.tag_keys.push(key.to_owned());
        self.positions.push(None);
    }

    /// Visits the rows in file order; rows of another width are reported and left out.
    pub(super) fn rows(&self, diagnostics: &mut Diagnostics, mut visit: impl FnMut(CsvRow<'_, 'f>, &mut Diagnostics)) {
        let mut reader = self.reader();
        let mut record = StringRecord::new();
        let mut is_header = true;
        while reader.read_record(&mut record).unwrap_or(false) {
            if std::mem::take(&mut is_header) {
                continue;
            }
            let start = record.position().map_or((0, 1), |position| {
                let byte = usize::try_from(position.byte()).unwrap_or(0);
                (byte, usize::try_from(position.line()).unwrap_or(1))
            });
            let row = CsvRow { table: self, record: &record, start, changed: BTreeMap::new() };
            if record.len() == self.width {
                visit(row, diagnostics);
            } else {
                self.report_width(&row, diagnostics);
            }
        }
    }

    fn report_width(&self, row: &CsvRow<'_, '_>, diagnostics: &mut Diagnostics) {
        let (has, width) = (row.record.len(), self.width);
        let place = self.place_of(row.start, has.min(width).saturating_sub(usize::from(has < width)));
        let help = "count the commas; put a text that holds a comma in double quotes";
        diagnostics.push(Code::BadCsv, place, format!("the row has {has} cells, the header has {width}"), help);
    }

    /// The place of the cell at a position of the record that starts at a byte and line.
    pub(super) fn place_of(&self, (start, line): (usize, usize), position: usize) -> Place {
        let record = start + leading_line_ends(&self.text[start..]);
        let cell = cell_range(self.text.as_bytes(), record, position);
        let range = cell.start + self.skipped..cell.end + self.skipped;
        Place::after_line(self.file, self.bytes, range, (start + if start > 0 { self.skipped } else { 0 }, line))
    }
}

/// A row of a CSV file, with cells that a scenario may have changed.
pub(super) struct CsvRow<'r, 'f> {
    table: &'r Table<'f>,
    record: &'r StringRecord,
    start: (usize, usize),
    changed: BTreeMap<usize, (String, Place)>,
}

impl CsvRow<'_, '_> {
    /// Replaces the text of a cell; the place is where the new text was written.
    pub(super) fn change(&mut self, slot: usize, text: String, place: Place) {
        self.changed.insert(slot, (text, place));
    }

    /// The byte and line where the row starts, for [`Table::place_of`].
    pub(super) fn start(&self) -> (usize, usize) {
        self.start
    }
}

impl Row for CsvRow<'_, '_> {
    fn text(&self, slot: usize) -> Option<&str> {
        let text = if self.changed.is_empty() {
            self.record.get(self.table.positions[slot]?)
        } else {
            match self.changed.get(&slot) {
                Some((text, _)) => Some(text.as_str()),
                None => self.record.get(self.table.positions[slot]?),
            }
        };
        text.filter(|text| !text.is_empty())
    }

    fn place(&self, slot: usize) -> Place {
        if let Some((_, place)) = self.changed.get(&slot) {
            return place.clone();
        }
        self.table.place_of(self.start, self.table.position(slot))
    }
}

/// The file as text, or a diagnostic at the first byte that is not UTF-8.
pub(super) fn utf8<'f>(file: &str, bytes: &'f [u8], diagnostics: &mut Diagnostics) -> Option<&'f str> {
    let (at, message) = match std::str::from_utf8(bytes) {
        Ok(text) => match text.find('\0') {
            None => return Some(text),
            Some(at) => (at, "the file holds a NUL byte"),
        },
        Err(error) => (error.valid_up_to(), "the file is not UTF-8"),
    };
    let help = format!("save `{file}` as UTF-8 text");
    diagnostics.push(Code::NotUtf8, Place::in_bytes(file, bytes, at..at + 1), message, help);
    None
}

fn leading_line_ends(text: &str) -> usize {
    text.bytes().take_while(|byte| matches!(byte, b'\n' | b'\r')).count()
}

/// The bytes of a cell, quotes included, in a record that begins at `start`.
fn cell_range(bytes: &[u8], start: usize, position: usize) -> std::ops::Range<usize> {
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
fn check_quotes(text: &str) -> Result<(), (std::ops::Range<usize>, Problem)> {
    let bytes = text.as_bytes();
    let mut cell_starts = true;
    let mut at = 0;
    while let Some(offset) = text[at..].find('"') {
        let quote = at + offset;
        cell_starts = if quote == at { cell_starts } else { matches!(bytes[quote - 1], b',' | b'\n' | b'\r') };
        if !cell_starts {
            let help = "put the whole cell in double quotes and double each quote inside";
            return Err((quote..quote + 1, Problem::new(Code::BadCsv, "a quote inside an unquoted cell", help)));
        }
        let Some(end) = closing_quote(bytes, quote + 1) else {
            let help = "close it with a double quote before the comma or line end";
            return Err((quote..quote + 1, Problem::new(Code::BadCsv, "a quote that never closes", help)));
        };
        if !matches!(bytes.get(end + 1), None | Some(b',' | b'\n' | b'\r')) {
            let help = "end the cell after its closing quote, or double the quote inside it";
            return Err((end..end + 1, Problem::new(Code::BadCsv, "text after a closing quote", help)));
        }
        at = (end + 2).min(text.len());
        cell_starts = true;
    }
    Ok(())
}

/// The quote that closes a cell opened before `from`; doubled ones belong to the cell.
fn closing_quote(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += bytes[at..].iter().position(|byte| *byte == b'"')?;
        if bytes.get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}
