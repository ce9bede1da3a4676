//! CSV files as tables: columns by name, cells with their places. Strict where the format leaves doubt.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::rc::Rc;

use csv::{ReaderBuilder, StringRecord};

use super::value::{Problem, nearest, shown};
use crate::cell;
use crate::diagnostic::{Code, Diagnostics, Lines, Place};
use crate::money::Factor;

/// One row of cells, whatever file it comes from.
pub(super) trait Row {
    /// The text of a cell; empty is none.
    fn text(&self, slot: usize) -> Option<&str>;

    /// The text of a cell that is a condition, whose first apostrophe is its own; empty is none.
    fn condition(&self, slot: usize) -> Option<&str> {
        self.text(slot)
    }

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
        read(text).map_err(|problem| problem.report(|| self.place(slot), diagnostics)).ok()
    }

    /// Reads a cell that must not be empty.
    fn need<T>(
        &self,
        (slot, name): (usize, &str),
        diagnostics: &mut Diagnostics,
        read: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        if self.text(slot).is_none() {
            Problem::new(Code::MissingValue, format!("`{name}` is empty"), format!("fill in `{name}`"))
                .report(|| self.place(slot), diagnostics);
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
    columns: Columns,
    /// For each slot the position of its column; the slots of tags follow those of names.
    positions: Vec<Option<usize>>,
    tag_keys: Vec<String>,
    width: usize,
    lines: OnceCell<Lines>,
}

impl<'f> Table<'f> {
    /// Reads the header; none where the file cannot be read at all.
    pub(super) fn open(
        file: &'f str,
        bytes: &'f [u8],
        columns: Columns,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let text = utf8(file, bytes, diagnostics)?.trim_start_matches('\u{feff}');
        let mut table = Self {
            file,
            text,
            skipped: bytes.len() - text.len(),
            bytes,
            columns,
            positions: vec![None; columns.names.len()],
            tag_keys: Vec::new(),
            width: 0,
            lines: OnceCell::new(),
        };
        if let Err((range, problem)) = check_quotes(text) {
            problem.report(|| table.place_in(range), diagnostics);
            return None;
        }
        table.read_header(diagnostics).then_some(table)
    }

    fn reader(&self) -> csv::Reader<&'f [u8]> {
        ReaderBuilder::new().has_headers(false).flexible(true).from_reader(self.text.as_bytes())
    }

    fn read_header(&mut self, diagnostics: &mut Diagnostics) -> bool {
        let mut header = StringRecord::new();
        if !self.reader().read_record(&mut header).unwrap_or(false) {
            let message = format!("`{}` is empty", self.file);
            let help = format!("write its header, such as `{}`", self.required().collect::<Vec<_>>().join(","));
            diagnostics.push(Code::MissingColumn, Place::of_file(self.file), message, help);
            return false;
        }
        self.width = header.len();
        if let Some(problem) = other_separator(&header) {
            problem.report(|| self.place_of(0, 0), diagnostics);
            return false;
        }
        let mut seen = BTreeMap::new();
        for (position, name) in header.iter().enumerate() {
            let first = *seen.entry(name).or_insert(position);
            if !self.is_known(name) {
                self.report_unknown(name, position, diagnostics);
            } else if first < position {
                self.report_twice(name, (first, position), diagnostics);
            } else {
                self.add_column(name, position);
            }
        }
        let missing: Vec<&str> = self.required().filter(|name| !seen.contains_key(name)).collect();
        for name in &missing {
            let help = format!("add a column `{name}` to the header of `{}`", self.file);
            Problem::new(Code::MissingColumn, format!("there is no column `{name}`"), help)
                .report(|| self.place_of(0, self.width), diagnostics);
        }
        missing.is_empty()
    }

    /// The names of the columns that must be there.
    fn required(&self) -> impl Iterator<Item = &'static str> + use<> {
        let columns = self.columns;
        columns.required.iter().map(move |slot| columns.names[*slot])
    }

    fn is_known(&self, name: &str) -> bool {
        let is_tag = || self.columns.tags && name.strip_prefix(TAG).is_some_and(|key| !key.is_empty());
        self.columns.names.contains(&name) || is_tag()
    }

    fn add_column(&mut self, name: &str, position: usize) {
        if let Some(slot) = self.columns.names.iter().position(|known| *known == name) {
            self.positions[slot] = Some(position);
        } else if let Some(key) = name.strip_prefix(TAG) {
            self.tag_keys.push(key.to_owned());
            self.positions.push(Some(position));
        }
    }

    fn report_unknown(&self, name: &str, position: usize, diagnostics: &mut Diagnostics) {
        diagnostics.push_with(Code::UnknownColumn, || {
            let (message, otherwise) = match name {
                "" => (format!("column {} has no name", position + 1), "nothing reads it: name it or leave it out"),
                _ => (format!("unknown column {}", shown(name)), "nothing reads it: correct its name or leave it out"),
            };
            let help = nearest(name, self.columns.names.iter().copied(), otherwise);
            (self.place_of(0, position), message, help)
        });
    }

    fn report_twice(&self, name: &str, (first, second): (usize, usize), diagnostics: &mut Diagnostics) {
        diagnostics.push_with(Code::DuplicateColumn, || {
            let message = format!("column {} stands twice, as number {} and {}", shown(name), first + 1, second + 1);
            (self.place_of(0, second), message, "rename or leave out one of them".to_owned())
        });
    }

    /// The keys of the tag columns; the first has the slot after the named columns.
    pub(super) fn tag_keys(&self) -> &[String] {
        &self.tag_keys
    }

    /// Adds the slot of a tag that the file does not have.
    pub(super) fn add_tag(&mut self, key: &str) {
        self.tag_keys.push(key.to_owned());
        self.positions.push(None);
    }

    /// Visits the rows in file order. Rows without a single text are none; rows of another width are reported.
    pub(super) fn rows(&self, diagnostics: &mut Diagnostics, mut visit: impl FnMut(CsvRow<'_, 'f>, &mut Diagnostics)) {
        let mut reader = self.reader();
        let mut record = StringRecord::new();
        let mut is_header = true;
        while reader.read_record(&mut record).unwrap_or(false) {
            if std::mem::take(&mut is_header) || record.as_slice().is_empty() {
                continue;
            }
            let start = record.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or(0));
            if record.len() == self.width {
                visit(
                    CsvRow { table: self, record: &record, start, changed: BTreeMap::new(), markups: Vec::new() },
                    diagnostics,
                );
            } else {
                self.report_width(start, record.len(), diagnostics);
            }
        }
    }

    fn report_width(&self, start: usize, has: usize, diagnostics: &mut Diagnostics) {
        let width = self.width;
        diagnostics.push_with(Code::BadCsv, || {
            let message = format!("the row has {}, the header has {width}", cells(has));
            let help = if has < width {
                "fill it up with commas, one for each empty cell"
            } else {
                "put a text that holds a comma in double quotes, or leave out what stands behind the last column"
            };
            (self.place_of(start, has.min(width)), message, help.to_owned())
        });
    }

    /// The place of a slot's cell in the row that starts at a byte; of the row's first required cell where the file
    /// does not have the column.
    pub(super) fn place(&self, start: usize, slot: usize) -> Place {
        let position = |slot: usize| self.positions.get(slot).copied().flatten();
        let home = || self.columns.required.first().and_then(|slot| position(*slot));
        self.place_of(start, position(slot).or_else(home).unwrap_or(0))
    }

    /// The line of the row that starts at a byte.
    pub(super) fn line(&self, start: usize) -> usize {
        self.lines().line(self.bytes, self.record_start(start) + self.skipped)
    }

    /// The place of the cell at a position of the row that starts at a byte.
    fn place_of(&self, start: usize, position: usize) -> Place {
        self.place_in(cell_range(self.text.as_bytes(), self.record_start(start), position))
    }

    fn place_in(&self, range: Range<usize>) -> Place {
        Place::in_lines(self.file, self.bytes, self.lines(), range.start + self.skipped..range.end + self.skipped)
    }

    fn lines(&self) -> &Lines {
        self.lines.get_or_init(|| Lines::of(self.bytes))
    }

    /// The reader counts empty lines before a row to the row.
    fn record_start(&self, start: usize) -> usize {
        start + self.text.as_bytes()[start..].iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count()
    }
}

/// A header whose names are separated by something else than commas.
fn other_separator(header: &StringRecord) -> Option<Problem> {
    let only = header.get(0).filter(|_| header.len() == 1)?;
    let (_, name) =
        [(';', "semicolons"), ('\t', "tabs")].into_iter().find(|(separator, _)| only.contains(*separator))?;
    let help = "save the file with commas between the cells, as `CSV UTF-8 (Comma delimited)`";
    Some(Problem::new(Code::BadCsv, format!("the columns are separated by {name}"), help))
}

/// "1 cell", "2 cells".
fn cells(count: usize) -> String {
    if count == 1 { "1 cell".to_owned() } else { format!("{count} cells") }
}

/// Where the rows of a table begin, by the number of what was read from them.
pub(super) struct Origins<'t, 'f> {
    pub table: &'t Table<'f>,
    pub starts: Vec<usize>,
}

impl Origins<'_, '_> {
    /// The place of a slot's cell in the row with this number.
    pub(super) fn place(&self, number: usize, slot: usize) -> Place {
        self.table.place(self.starts[number], slot)
    }
}

/// A cell that a scenario writes, and where it does.
pub(super) type Written = Rc<(String, Place)>;

/// A row of a CSV file, with cells that a scenario may have changed.
pub(super) struct CsvRow<'r, 'f> {
    table: &'r Table<'f>,
    record: &'r StringRecord,
    start: usize,
    changed: BTreeMap<usize, Written>,
    /// What its prices are multiplied with, and where that is said.
    markups: Vec<(Factor, Rc<Place>)>,
}

impl CsvRow<'_, '_> {
    /// Replaces the text of a cell.
    pub(super) fn change(&mut self, slot: usize, written: &Written) {
        self.changed.insert(slot, Rc::clone(written));
    }

    /// Whether it is as it stands in the file.
    pub(super) fn is_unchanged(&self) -> bool {
        self.changed.is_empty() && self.markups.is_empty()
    }

    /// Multiplies its prices.
    pub(super) fn mark_up(&mut self, factor: Factor, place: &Rc<Place>) {
        self.markups.push((factor, Rc::clone(place)));
    }

    /// What its prices are multiplied with, one after the other.
    pub(super) fn markups(&self) -> &[(Factor, Rc<Place>)] {
        &self.markups
    }

    /// The text of a cell as it stands in the file.
    pub(super) fn written(&self, slot: usize) -> Option<&str> {
        self.record.get((*self.table.positions.get(slot)?)?)
    }

    /// The byte where the row starts, for [`Table::place`].
    pub(super) fn start(&self) -> usize {
        self.start
    }
}

impl Row for CsvRow<'_, '_> {
    fn text(&self, slot: usize) -> Option<&str> {
        let changed = if self.changed.is_empty() { None } else { self.changed.get(&slot) };
        let text = match changed {
            Some(written) => written.0.as_str(),
            None => cell::read(self.written(slot)?),
        };
        (!text.is_empty()).then_some(text)
    }

    fn condition(&self, slot: usize) -> Option<&str> {
        self.written(slot).filter(|text| !text.is_empty())
    }

    fn place(&self, slot: usize) -> Place {
        match self.changed.get(&slot) {
            Some(written) => written.1.clone(),
            None => self.table.place(self.start, slot),
        }
    }
}

/// The file as text, or a diagnostic at the first byte that is not UTF-8 text.
pub(super) fn utf8<'f>(file: &str, bytes: &'f [u8], diagnostics: &mut Diagnostics) -> Option<&'f str> {
    let (at, message) = match std::str::from_utf8(bytes) {
        _ if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) => (0, "the file is UTF-16"),
        Err(error) => (error.valid_up_to(), "the file is not UTF-8"),
        Ok(text) => match text.find('\0') {
            None => return Some(text),
            Some(at) => (at, "the file holds a NUL byte"),
        },
    };
    let help = if Path::new(file).extension().is_some_and(|ending| ending == "csv") {
        format!("save `{file}` as UTF-8; Excel calls it `CSV UTF-8 (Comma delimited)`")
    } else {
        format!("save `{file}` as UTF-8 text")
    };
    diagnostics.push(Code::NotUtf8, Place::in_bytes(file, bytes, at..at + 1), message, help);
    None
}

/// The bytes of a cell, quotes included, in a record that begins at `start`.
fn cell_range(bytes: &[u8], start: usize, position: usize) -> Range<usize> {
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
fn check_quotes(text: &str) -> Result<(), (Range<usize>, Problem)> {
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
    if text[opening..closing].contains(['\n', '\r']) {
        let message = "a quote that closes in a later line, in front of more text";
        let help = "close it with a double quote before the comma or line end";
        return (opening..opening + 1, Problem::new(Code::BadCsv, message, help));
    }
    let after = text[closing + 1..].chars().next().map_or(1, char::len_utf8);
    let help = "end the cell after its closing quote, or double the quote inside it";
    (closing + 1..closing + 1 + after, Problem::new(Code::BadCsv, "text after a closing quote", help))
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
