//! CSV files as tables: columns by name, cells with their places. Strict where the format leaves doubt.

mod header;
mod whole;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::mem;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::parallel::{self, prelude::*};
use chrono_tz::Tz;

use super::ids::{self, nearest};
use super::misspelling;
use super::rows::{RowReader, cell_range, check_quotes, parts};
use super::value::{Problem, shown};
use crate::input::cell;
use crate::input::diagnostic::{Code, Diagnostics, LineIndex, Place};
use crate::model::money::Factor;

/// One row of cells, whatever file it comes from.
pub(super) trait InputRow {
    /// The text of a cell; empty is none.
    fn text(&self, slot: usize) -> Option<&str>;

    /// The text of a cell that is a condition, whose first apostrophe is its own; empty is none.
    fn condition(&self, slot: usize) -> Option<&str> {
        self.text(slot)
    }

    /// Where the cell is, or its row where there is none.
    fn place(&self, slot: usize) -> Place;

    /// Reads a cell, or reports why it cannot be read.
    fn read_cell_as<T>(
        &self,
        slot: usize,
        diagnostics: &mut Diagnostics,
        read: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        let text = self.text(slot)?;
        read(text)
            .map_err(|problem| {
                self.dated(problem, text)
                    .report(|| self.place(slot), diagnostics)
            })
            .ok()
    }

    /// The zone of the dates, where it is known.
    fn zone(&self) -> Option<Tz> {
        None
    }

    /// A problem with a date whose cure is the date in the zone of the book.
    fn dated(&self, problem: Problem, text: &str) -> Problem {
        let zone = self.zone().filter(|_| problem.code == Code::BadDate);
        match zone.and_then(|zone| Some((zone, misspelling::date_in(text, zone)?))) {
            Some((zone, day)) => Problem {
                help: format!("write {day}, its date in {zone}"),
                ..problem
            },
            None => problem,
        }
    }

    /// Reads a cell that must not be empty.
    fn need<T>(
        &self,
        (slot, name): (usize, &str),
        diagnostics: &mut Diagnostics,
        read: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        if self.text(slot).is_none() {
            Problem::new(
                Code::MissingValue,
                format!("`{name}` is empty"),
                format!("fill in `{name}`"),
            )
            .report(|| self.place(slot), diagnostics);
            return None;
        }
        self.read_cell_as(slot, diagnostics, read)
    }
}

/// The columns that a file may have.
#[derive(Clone, Copy)]
pub(super) struct KnownColumns {
    pub names: &'static [&'static str],
    /// Slots of the columns that must be there.
    pub required: &'static [usize],
    /// Whether there may be `tag:KEY` columns.
    pub tags: bool,
    /// Slots of ids. What cannot be seen at the ends of ids and tags is left out; see `docs/spec/formats.md`, **blank-ends**.
    pub ids: &'static [usize],
    /// Slots of prices, which may have any number of decimals.
    pub prices: &'static [usize],
}

/// Columns that only people read: where a price came from.
/// Rule **notes-for-people**.
const FOR_PEOPLE: &[(&str, &str)] = &[("prices.csv", "note"), ("instances.csv", "price_note")];

/// The prefix of a tag column.
pub(super) const TAG: &str = "tag:";

/// A CSV file whose header has been read.
pub(super) struct CsvTable<'f> {
    file: &'f str,
    text: &'f str,
    /// Bytes before the text: those of a byte order mark.
    skipped: usize,
    bytes: &'f [u8],
    columns: KnownColumns,
    /// For each slot the position of its column; the slots of tags follow those of names.
    positions: Vec<Option<usize>>,
    tag_keys: Vec<String>,
    width: usize,
    /// The bytes of the header in the text.
    header: Range<usize>,
    /// Lines of the file before the text.
    lines_before: usize,
    lines: OnceLock<LineIndex>,
    zone: Option<Tz>,
    /// Whether something that cannot be seen was left out at the end of an id or a tag.
    trims: AtomicBool,
}

/// Where the columns of a file are.
pub(super) struct Layout {
    positions: Vec<Option<usize>>,
    tag_keys: Vec<String>,
    width: usize,
}

/// The most bytes of a row. A file is read no further than to the end of such a row; see `docs/spec/formats.md`, **csv-limits**.
pub const LONGEST_ROW: usize = 1 << 22;
/// The most columns of a header: twice as many as a spreadsheet has.
pub(super) const MOST_COLUMNS: usize = 1 << 15;
/// So many parts of a file are held at once: what was read of them, and is not taken yet.
const WAVE: usize = 32;

impl<'f> CsvTable<'f> {
    /// Reads the header; none where the file cannot be read at all.
    pub(super) fn open_table(
        file: &'f str,
        bytes: &'f [u8],
        columns: KnownColumns,
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
            header: 0..0,
            lines_before: 0,
            lines: OnceLock::new(),
            zone: None,
            trims: AtomicBool::new(false),
        };
        if let Err((range, problem)) = check_quotes(text) {
            problem.report(|| table.place_in(range), diagnostics);
            return None;
        }
        table.read_header(diagnostics).then_some(table)
    }

    /// A further piece of a file, of whole rows, behind so many lines; none where it cannot be read at all.
    pub(super) fn going_on(
        (file, lines_before): (&'f str, usize),
        bytes: &'f [u8],
        (columns, layout): (KnownColumns, Layout),
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let mut found = Diagnostics::default();
        let text = utf8(file, bytes, &mut found);
        for one in found.iter() {
            let place = Place {
                line: one.place.line + lines_before,
                ..one.place.clone()
            };
            diagnostics.push(one.code, place, one.message.clone(), one.help.clone());
        }
        let Layout {
            positions,
            tag_keys,
            width,
        } = layout;
        let text = text?;
        let table = Self {
            file,
            text,
            skipped: 0,
            bytes,
            columns,
            positions,
            tag_keys,
            width,
            header: 0..0,
            lines_before,
            lines: OnceLock::new(),
            zone: None,
            trims: AtomicBool::new(false),
        };
        if let Err((range, problem)) = check_quotes(text) {
            problem.report(|| table.place_in(range), diagnostics);
            return None;
        }
        Some(table)
    }

    /// Where its columns are, for the next piece of the file.
    pub(super) fn layout(self) -> Layout {
        Layout {
            positions: self.positions,
            tag_keys: self.tag_keys,
            width: self.width,
        }
    }

    fn read_header(&mut self, diagnostics: &mut Diagnostics) -> bool {
        let mut rows = RowReader::over_range(self.text, 0..self.text.len(), MOST_COLUMNS);
        if !rows.advance() {
            let message = format!("`{}` is empty", self.file);
            let help = format!(
                "write its header, such as `{}`",
                self.required().collect::<Vec<_>>().join(",")
            );
            diagnostics.push(
                Code::MissingColumn,
                Place::of_file(self.file),
                message,
                help,
            );
            return false;
        }
        let header = rows.cells();
        self.width = header.len();
        self.header = rows.range();
        if self.width > MOST_COLUMNS || self.header.len() >= LONGEST_ROW {
            let message = format!(
                "the header has more than {MOST_COLUMNS} columns, or more than {}",
                size(LONGEST_ROW)
            );
            let help = "leave out what stands behind the last column";
            diagnostics.push(
                Code::BadCsv,
                self.place_of_name(self.width.min(MOST_COLUMNS)),
                message,
                help,
            );
            return false;
        }
        if let Some(problem) = other_separator(header) {
            problem.report(|| self.place_of_name(0), diagnostics);
            return false;
        }
        let (unknown, missing) = self.read_names(header, diagnostics);
        if !missing.is_empty()
            && let Some((start, problem)) = self
                .other_headings(&unknown, &missing)
                .or_else(|| self.header_below())
        {
            problem.report(|| self.place_of(start, 0), diagnostics);
            return false;
        }
        unknown
            .iter()
            .for_each(|(position, name)| self.report_unknown(name, *position, diagnostics));
        for name in &missing {
            let help = format!("add a column `{name}` to the header of `{}`", self.file);
            Problem::new(
                Code::MissingColumn,
                format!("there is no column `{name}`"),
                help,
            )
            .report(|| self.place_of_name(self.width), diagnostics);
        }
        missing.is_empty()
    }

    /// Reads the names of a header: those that nothing reads, with their positions, and the required ones that are missing.
    fn read_names<'h>(
        &mut self,
        header: &'h [Cow<'_, str>],
        diagnostics: &mut Diagnostics,
    ) -> (Vec<(usize, &'h str)>, Vec<&'static str>) {
        let mut seen = BTreeMap::new();
        let mut unknown = Vec::new();
        for (position, name) in header.iter().map(Cow::as_ref).enumerate() {
            let first = *seen.entry(name).or_insert(position);
            if !self.is_known(name) {
                unknown.push((position, name));
            } else if first < position {
                self.report_twice(name, (first, position), diagnostics);
            } else {
                self.add_column(name, position);
            }
        }
        let missing = self
            .required()
            .filter(|name| !seen.contains_key(name))
            .collect();
        (unknown, missing)
    }

    /// The names of the columns that must be there.
    fn required(&self) -> impl Iterator<Item = &'static str> + use<> {
        let columns = self.columns;
        columns
            .required
            .iter()
            .map(move |slot| columns.names[*slot])
    }

    fn is_known(&self, name: &str) -> bool {
        let is_tag =
            || self.columns.tags && name.strip_prefix(TAG).is_some_and(|key| !key.is_empty());
        self.columns.names.contains(&name) || is_tag() || FOR_PEOPLE.contains(&(self.file, name))
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
                "" => (
                    format!("column {} has no name", position + 1),
                    "nothing reads it: name it or leave it out",
                ),
                _ => (
                    format!("unknown column {}", shown(name)),
                    "nothing reads it: correct its name or leave it out",
                ),
            };
            let help = match ids::heading(name, self.columns.names) {
                Some(column) => format!("did you mean `{column}`?"),
                None => nearest(name, self.columns.names.iter().copied(), otherwise),
            };
            (self.place_of_name(position), message, help)
        });
    }

    /// Rule **duplicate-column**.
    fn report_twice(
        &self,
        name: &str,
        (first, second): (usize, usize),
        diagnostics: &mut Diagnostics,
    ) {
        diagnostics.push_with(Code::DuplicateColumn, || {
            let message = format!(
                "column {} stands twice, as number {} and {}",
                shown(name),
                first + 1,
                second + 1
            );
            (
                self.place_of_name(second),
                message,
                "rename or leave out one of them".to_owned(),
            )
        });
    }

    /// Says in which zone the dates of the book are.
    pub(super) fn set_zone(&mut self, zone: &str) {
        self.zone = zone.parse().ok();
    }

    /// Whether a slot is that of an id or a tag.
    fn is_trimmed(&self, slot: usize) -> bool {
        slot >= self.columns.names.len() || self.columns.ids.contains(&slot)
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
    pub(super) fn rows(
        &self,
        diagnostics: &mut Diagnostics,
        visit: impl FnMut(CsvRow<'_, 'f>, &mut Diagnostics),
    ) {
        self.rows_in(self.header.end..self.text.len(), diagnostics, visit);
    }

    /// [`CsvTable::rows`] on all processors. The file is read in parts of many rows, each by itself; what was made of them is
    /// taken in file order, while the next ones are read.
    pub(super) fn parts<T: Send>(
        &self,
        diagnostics: &mut Diagnostics,
        read: impl Fn(TableChunk<'_, 'f>, &mut Diagnostics) -> T + Sync,
        mut take: impl FnMut(T) + Send,
    ) {
        let read_one = |range: &Range<usize>, mut found: Diagnostics| {
            let made = read(
                TableChunk {
                    table: self,
                    range: range.clone(),
                },
                &mut found,
            );
            (made, found)
        };
        let mut take_all = |ready: Vec<(T, Diagnostics)>, diagnostics: &mut Diagnostics| {
            for (made, found) in ready {
                diagnostics.append(found);
                take(made);
            }
        };
        let mut ready = Vec::new();
        for wave in parts(self.text, self.header.end).chunks(WAVE) {
            let (before, fresh) = (mem::take(&mut ready), diagnostics.for_later());
            let read_wave = || {
                wave.par_iter()
                    .map(|range| read_one(range, fresh.clone()))
                    .collect()
            };
            (_, ready) = parallel::join(|| take_all(before, diagnostics), read_wave);
        }
        take_all(ready, diagnostics);
    }

    fn rows_in(
        &self,
        range: Range<usize>,
        diagnostics: &mut Diagnostics,
        mut visit: impl FnMut(CsvRow<'_, 'f>, &mut Diagnostics),
    ) {
        let mut rows = RowReader::over_range(self.text, range, self.width);
        while rows.advance() {
            let (Range { start, end }, cells) = (rows.range(), rows.cells());
            let is_long = end - start >= LONGEST_ROW;
            if cells.len() > self.width || is_long {
                self.report_long(start, cells.len(), diagnostics);
            } else if cells.iter().all(|cell| cell.is_empty()) {
                continue;
            } else if cells.len() == self.width {
                let row = CsvRow {
                    table: self,
                    cells,
                    start,
                    changed: BTreeMap::new(),
                    markups: Vec::new(),
                };
                visit(row, diagnostics);
            } else {
                self.report_short(start, cells.len(), diagnostics);
            }
        }
    }

    fn report_short(&self, start: usize, has: usize, diagnostics: &mut Diagnostics) {
        diagnostics.push_with(Code::BadCsv, || {
            let message = format!("the row has {}, the header has {}", cells(has), self.width);
            (
                self.place_of(start, has),
                message,
                "fill it up with commas, one for each empty cell".to_owned(),
            )
        });
    }

    /// Reports a row with too many cells, or one with too many bytes in them. How many there are is not counted.
    fn report_long(&self, start: usize, has: usize, diagnostics: &mut Diagnostics) {
        diagnostics.push_with(Code::BadCsv, || {
            let (message, help) = if has > self.width {
                let message = format!("the row has more cells than the header, which has {}", self.width);
                let help =
                    "put a text that holds a comma in double quotes, or leave out what stands behind the last column";
                (message, help)
            } else {
                (format!("the row has more than {}", size(LONGEST_ROW)), "look for a text that nobody wrote on purpose")
            };
            (self.place_of(start, self.width.min(has)), message, help.to_owned())
        });
    }

    /// The place of a slot's cell in the row that starts at a byte; of the row's first required cell where the file
    /// does not have the column.
    pub(super) fn place_of_cell(&self, start: usize, slot: usize) -> Place {
        let position = |slot: usize| self.positions.get(slot).copied().flatten();
        let home = || {
            self.columns
                .required
                .first()
                .and_then(|slot| position(*slot))
        };
        self.place_of(start, position(slot).or_else(home).unwrap_or(0))
    }

    /// The line of the row that starts at a byte.
    pub(super) fn line_number(&self, start: usize) -> usize {
        self.lines().line_at(self.bytes, start + self.skipped)
    }

    /// The place of the name at a position of the header.
    fn place_of_name(&self, position: usize) -> Place {
        self.place_of(self.header.start, position)
    }

    /// The place of the cell at a position of the row that starts at a byte.
    fn place_of(&self, start: usize, position: usize) -> Place {
        self.place_in(cell_range(self.text.as_bytes(), start, position))
    }

    fn place_in(&self, range: Range<usize>) -> Place {
        let range = range.start + self.skipped..range.end + self.skipped;
        let place = Place::in_lines(self.file, self.bytes, self.lines(), range);
        Place {
            line: place.line + self.lines_before,
            ..place
        }
    }

    fn lines(&self) -> &LineIndex {
        self.lines
            .get_or_init(|| LineIndex::index_lines(self.bytes))
    }
}

/// Some rows of a table.
pub(super) struct TableChunk<'t, 'f> {
    table: &'t CsvTable<'f>,
    range: Range<usize>,
}

impl<'f> TableChunk<'_, 'f> {
    /// How many lines it has: hardly ever fewer than rows.
    pub(super) fn lines(&self) -> usize {
        memchr::memchr_iter(b'\n', &self.table.text.as_bytes()[self.range.clone()]).count() + 1
    }

    /// [`CsvTable::rows`] of this part.
    pub(super) fn rows(
        self,
        diagnostics: &mut Diagnostics,
        visit: impl FnMut(CsvRow<'_, 'f>, &mut Diagnostics),
    ) {
        self.table.rows_in(self.range, diagnostics, visit);
    }
}

/// A header whose names are separated by something else than commas.
fn other_separator(header: &[Cow<'_, str>]) -> Option<Problem> {
    let [only] = header else { return None };
    let (_, name) = [(';', "semicolons"), ('\t', "tabs")]
        .into_iter()
        .find(|(separator, _)| only.contains(*separator))?;
    let help = "save the file with commas between the cells, as `CSV UTF-8 (Comma delimited)`";
    Some(Problem::new(
        Code::BadCsv,
        format!("the columns are separated by {name}"),
        help,
    ))
}

/// "4 MiB".
pub(super) fn size(bytes: usize) -> String {
    format!("{} MiB", bytes >> 20)
}

/// "1 cell", "2 cells".
fn cells(count: usize) -> String {
    if count == 1 {
        "1 cell".to_owned()
    } else {
        format!("{count} cells")
    }
}

/// Where the rows of a table begin, by the number of what was read from them.
pub(super) struct Origins<'t, 'f> {
    pub table: &'t CsvTable<'f>,
    pub starts: Vec<usize>,
}

impl Origins<'_, '_> {
    /// The place of a slot's cell in the row with this number.
    pub(super) fn origin_of(&self, number: usize, slot: usize) -> Place {
        self.table.place_of_cell(self.starts[number], slot)
    }
}

/// A cell that a scenario writes, and where it does.
pub(super) type Written = Arc<(String, Place)>;

/// A row of a CSV file, with cells that a scenario may have changed.
pub(super) struct CsvRow<'r, 'f> {
    table: &'r CsvTable<'f>,
    cells: &'r [Cow<'f, str>],
    start: usize,
    changed: BTreeMap<usize, Written>,
    /// What its prices are multiplied with, and where that is said.
    markups: Vec<(Factor, Arc<Place>)>,
}

impl CsvRow<'_, '_> {
    /// Replaces the text of a cell.
    pub(super) fn change(&mut self, slot: usize, written: &Written) {
        self.changed.insert(slot, Arc::clone(written));
    }

    /// Whether it is as it stands in the file.
    pub(super) fn is_unchanged(&self) -> bool {
        self.changed.is_empty() && self.markups.is_empty()
    }

    /// Multiplies its prices.
    pub(super) fn mark_up(&mut self, factor: Factor, place: &Arc<Place>) {
        self.markups.push((factor, Arc::clone(place)));
    }

    /// What its prices are multiplied with, one after the other.
    pub(super) fn markups(&self) -> &[(Factor, Arc<Place>)] {
        &self.markups
    }

    /// The text of a cell as it stands in the file.
    pub(super) fn written(&self, slot: usize) -> Option<&str> {
        self.cells
            .get((*self.table.positions.get(slot)?)?)
            .map(Cow::as_ref)
    }

    fn trimmed<'t>(&self, text: &'t str) -> &'t str {
        let trimmed = ids::trimmed(text);
        if trimmed.len() < text.len() {
            self.table.trims.store(true, Ordering::Relaxed);
        }
        trimmed
    }

    /// The byte where the row starts, for [`CsvTable::place_of_cell`].
    pub(super) fn start(&self) -> usize {
        self.start
    }
}

impl InputRow for CsvRow<'_, '_> {
    fn text(&self, slot: usize) -> Option<&str> {
        let changed = if self.changed.is_empty() {
            None
        } else {
            self.changed.get(&slot)
        };
        let text = match changed {
            Some(written) => written.0.as_str(),
            None => cell::read_cell(self.written(slot)?),
        };
        let text = if self.table.is_trimmed(slot) {
            self.trimmed(text)
        } else {
            text
        };
        (!text.is_empty()).then_some(text)
    }

    fn zone(&self) -> Option<Tz> {
        self.table.zone
    }

    fn condition(&self, slot: usize) -> Option<&str> {
        self.written(slot).filter(|text| !text.is_empty())
    }

    fn place(&self, slot: usize) -> Place {
        match self.changed.get(&slot) {
            Some(written) => written.1.clone(),
            None => self.table.place_of_cell(self.start, slot),
        }
    }
}

/// The file as text, or a diagnostic at the first byte that is not UTF-8 text.
pub(super) fn utf8<'f>(
    file: &str,
    bytes: &'f [u8],
    diagnostics: &mut Diagnostics,
) -> Option<&'f str> {
    let (at, message) = match std::str::from_utf8(bytes) {
        _ if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) => {
            (0, "the file is UTF-16")
        }
        Err(error) => (error.valid_up_to(), "the file is not UTF-8"),
        Ok(text) => match memchr::memchr(0, bytes) {
            None => return Some(text),
            Some(at) => (at, "the file holds a NUL byte"),
        },
    };
    let help = if Path::new(file)
        .extension()
        .is_some_and(|ending| ending == "csv")
    {
        format!("save `{file}` as UTF-8; Excel calls it `CSV UTF-8 (Comma delimited)`")
    } else {
        format!("save `{file}` as UTF-8 text")
    };
    diagnostics.push(
        Code::NotUtf8,
        Place::in_bytes(file, bytes, at..at + 1),
        message,
        help,
    );
    None
}
