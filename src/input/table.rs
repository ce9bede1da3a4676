//! CSV files as tables: columns by name, cells with their places. Strict where the format leaves doubt.
//!
//! Every table of a book and of a written result is read here. The `csv` crate reads what other programs wrote, where a
//! lenient reader is right; here every error needs the place of its cell, quotes that leave doubt are refused, and a large
//! inventory is cut into parts that all processors read side by side: none of this is in that crate. The quotes and cells
//! themselves are found by `rows`.

mod header;
mod row;
mod whole;

use std::fmt::Display;
use std::mem;
use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use crate::parallel::{self, prelude::*};
use chrono_tz::Tz;

use super::rows::{RowReader, cell_range, check_quotes, parts};
use super::value::Problem;
use crate::input::diagnostic::{Code, Diagnostics, LineIndex, Place};

pub(super) use row::{CellReader, CsvRow, InputRow, Markup, Written};

/// Declares the columns of a file: `NAMES` in their order, and for each the constant of its slot.
macro_rules! columns {
    ($($slot:ident $name:literal,)+) => {
        const NAMES: &[&str] = &[$($name),+];
        $crate::input::table::columns!(@slots 0; $($slot)+);
    };
    (@slots $at:expr;) => {};
    (@slots $at:expr; $slot:ident $($rest:ident)*) => {
        pub(super) const $slot: usize = $at;
        // A column that only some readers ask for is declared all the same.
        const _: usize = $slot;
        $crate::input::table::columns!(@slots $at + 1; $($rest)*);
    };
}
pub(super) use columns;

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

impl KnownColumns {
    /// Nothing; what a file has replaces it.
    pub(super) const NONE: Self = Self {
        names: &[],
        required: &[],
        tags: false,
        ids: &[],
        prices: &[],
    };

    /// The names of the columns that must be there.
    fn required_names(self) -> impl Iterator<Item = &'static str> {
        self.required.iter().map(move |slot| self.names[*slot])
    }
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
    layout: Layout,
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
    columns: KnownColumns,
    /// For each slot the position of its column; the slots of tags follow those of names.
    positions: Vec<Option<usize>>,
    tag_keys: Vec<String>,
    width: usize,
}

/// The most bytes of a row. A file is read no further than to the end of such a row; see `docs/spec/formats.md`, **csv-limits**.
pub const LONGEST_ROW: usize = 1 << 22;
/// The most columns of a header: twice as many as a spreadsheet has.
pub(super) const MOST_COLUMNS: usize = 1 << 15;
/// The parts of a file that are read and not taken yet, at most.
const PARTS_IN_FLIGHT: usize = 32;

impl<'f> CsvTable<'f> {
    /// Reads the header; none where the file cannot be read at all.
    pub(super) fn open_table(
        file: &'f str,
        bytes: &'f [u8],
        columns: KnownColumns,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let layout = Layout {
            columns,
            positions: vec![None; columns.names.len()],
            tag_keys: Vec::new(),
            width: 0,
        };
        let text = utf8(file, bytes, diagnostics)?.trim_start_matches('\u{feff}');
        let mut table = Self::over_text(file, bytes, text, layout);
        (table.has_sound_quotes(diagnostics) && table.read_header(diagnostics)).then_some(table)
    }

    /// A further piece of a file, of whole rows; none where it cannot be read at all.
    pub(super) fn open_next(
        file: &'f str,
        bytes: &'f [u8],
        layout: Layout,
        lines_before: usize,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let mut found = Diagnostics::default();
        let text = utf8(file, bytes, &mut found);
        for mut one in found.iter().cloned() {
            one.place.line += lines_before;
            diagnostics.push_found(one);
        }
        let table = Self {
            lines_before,
            ..Self::over_text(file, bytes, text?, layout)
        };
        table.has_sound_quotes(diagnostics).then_some(table)
    }

    fn over_text(file: &'f str, bytes: &'f [u8], text: &'f str, layout: Layout) -> Self {
        Self {
            file,
            text,
            skipped: bytes.len() - text.len(),
            bytes,
            layout,
            header: 0..0,
            lines_before: 0,
            lines: OnceLock::new(),
            zone: None,
            trims: AtomicBool::new(false),
        }
    }

    fn has_sound_quotes(&self, diagnostics: &mut Diagnostics) -> bool {
        let checked = check_quotes(self.text);
        checked
            .map_err(|(range, problem)| problem.report(|| self.place_in(range), diagnostics))
            .is_ok()
    }

    /// Where its columns are, for the next piece of the file.
    pub(super) fn into_layout(self) -> Layout {
        self.layout
    }

    /// Says in which zone the dates of the book are.
    pub(super) fn set_zone(&mut self, zone: &str) {
        self.zone = zone.parse().ok();
    }

    /// Whether a slot is that of an id or a tag.
    fn is_trimmed(&self, slot: usize) -> bool {
        slot >= self.layout.columns.names.len() || self.layout.columns.ids.contains(&slot)
    }

    /// The keys of the tag columns; the first has the slot after the named columns.
    pub(super) fn tag_keys(&self) -> &[String] {
        &self.layout.tag_keys
    }

    /// Adds the slot of a tag that the file does not have.
    pub(super) fn add_tag(&mut self, key: &str) {
        self.layout.tag_keys.push(key.to_owned());
        self.layout.positions.push(None);
    }

    /// Visits the rows in file order. Rows without a single text are none; rows of another width are reported.
    pub(super) fn rows(
        &self,
        diagnostics: &mut Diagnostics,
        visit: impl FnMut(CsvRow<'_, 'f>, &mut Diagnostics),
    ) {
        self.rows_in(self.header.end..self.text.len(), diagnostics, visit);
    }

    /// Reads the rows in file order, then reports what only the whole file tells.
    pub(super) fn read_rows(
        &self,
        diagnostics: &mut Diagnostics,
        mut read: impl FnMut(CellReader<'_, CsvRow<'_, 'f>>),
    ) {
        let errors = diagnostics.errors();
        self.rows(diagnostics, |row, diagnostics| {
            read(CellReader {
                row: &row,
                diagnostics,
            });
        });
        self.report_whole(errors, diagnostics);
    }

    /// [`CsvTable::rows`] on all processors. The file is read in parts of many rows, each by itself; what was made of them is
    /// taken in file order, while the next ones are read.
    pub(super) fn parts<T: Send>(
        &self,
        diagnostics: &mut Diagnostics,
        read: impl Fn(TableChunk<'_, 'f>, &mut Diagnostics) -> T + Sync,
        mut take: impl FnMut(T) + Send,
    ) {
        let mut take_all = |ready: Vec<(T, Diagnostics)>, diagnostics: &mut Diagnostics| {
            for (made, found) in ready {
                diagnostics.append(found);
                take(made);
            }
        };
        let mut ready = Vec::new();
        for wave in parts(self.text, self.header.end).chunks(PARTS_IN_FLIGHT) {
            let (before, fresh) = (mem::take(&mut ready), diagnostics.for_later());
            let reading = || {
                let read_part = |range: &Range<usize>| {
                    let mut found = fresh.clone();
                    let range = range.clone();
                    (read(TableChunk { table: self, range }, &mut found), found)
                };
                wave.par_iter().map(read_part).collect()
            };
            (_, ready) = parallel::join(|| take_all(before, diagnostics), reading);
        }
        take_all(ready, diagnostics);
    }

    fn rows_in(
        &self,
        range: Range<usize>,
        diagnostics: &mut Diagnostics,
        mut visit: impl FnMut(CsvRow<'_, 'f>, &mut Diagnostics),
    ) {
        let mut rows = RowReader::over_range(self.text, range, self.layout.width);
        while rows.advance() {
            let (Range { start, end }, cells) = (rows.range(), rows.cells());
            let is_long = end - start >= LONGEST_ROW;
            if cells.len() > self.layout.width || is_long {
                self.report_long(start, cells.len(), diagnostics);
            } else if cells.iter().all(|cell| cell.is_empty()) {
                continue;
            } else if cells.len() == self.layout.width {
                visit(CsvRow::unchanged(self, cells, start), diagnostics);
            } else {
                self.report_short(start, cells.len(), diagnostics);
            }
        }
    }

    fn report_short(&self, start: usize, has: usize, diagnostics: &mut Diagnostics) {
        diagnostics.push_with(Code::BadCsv, || {
            let message = format!(
                "the row has {}, the header has {}",
                cells(has),
                self.layout.width
            );
            (
                self.place_of(start, has),
                message,
                "add the missing commas".to_owned(),
            )
        });
    }

    /// Reports a row with too many cells, or one with too many bytes in them. How many there are is not counted.
    fn report_long(&self, start: usize, has: usize, diagnostics: &mut Diagnostics) {
        diagnostics.push_with(Code::BadCsv, || {
            let (message, help) = if has > self.layout.width {
                let message = format!("the row has more cells than the header, which has {}", self.layout.width);
                let help =
                    "put a text that holds a comma in double quotes, or leave out what stands behind the last column";
                (message, help)
            } else {
                (format!("the row has more than {}", size(LONGEST_ROW)), "look for a text that nobody wrote on purpose")
            };
            (self.place_of(start, self.layout.width.min(has)), message, help.to_owned())
        });
    }

    /// The place of a slot's cell in the row that starts at a byte; of the row's first required cell where the file
    /// does not have the column.
    pub(super) fn place_of_cell(&self, start: usize, slot: usize) -> Place {
        let home = self.layout.columns.required.first();
        let position = [Some(&slot), home].into_iter().flatten();
        let position = position.filter_map(|slot| *self.layout.positions.get(*slot)?);
        self.place_of(start, position.take(1).next().unwrap_or(0))
    }

    /// Reports the second of two rows with one id.
    pub(super) fn report_duplicate(
        &self,
        what: &str,
        [first, second]: [usize; 2],
        slot: usize,
        diagnostics: &mut Diagnostics,
    ) {
        diagnostics.push_with(Code::DuplicateId, || {
            let line = self.line_number(first);
            let problem = duplicate(format!("{what} (first on line {line})"));
            (
                self.place_of_cell(second, slot),
                problem.message,
                problem.help,
            )
        });
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

/// What a second row of the same thing is.
pub(super) fn duplicate(what: impl Display) -> Problem {
    Problem::new(
        Code::DuplicateId,
        format!("duplicate {what}"),
        "keep one of the two rows",
    )
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
