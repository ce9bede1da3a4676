//! A CSV file of a result, read row by row into the same memory.

use std::io::Read;

use csv::{ByteRecord, ReaderBuilder};

use super::WrittenFiles;
use super::violations::{Violations, shown};
use crate::input::cell;
use crate::input::diagnostic::{Code, Place};
use crate::model::calendar::Day;

/// A file whose header is as it must be, and its present row.
pub(super) struct CheckedFile<'w> {
    pub file: &'static str,
    reader: csv::Reader<Box<dyn Read + 'w>>,
    row: ByteRecord,
    columns: &'static [&'static str],
    width: usize,
    has_row: bool,
    /// The rows so far, those of another width included.
    pub rows: u64,
}

impl<'w> CheckedFile<'w> {
    /// The file before its first row; none where it is not there or has another header, which is reported.
    pub(super) fn open_checked(
        written: &WrittenFiles<'w>,
        (file, columns): (&'static str, &'static [&'static str]),
        found: &mut Violations,
    ) -> Option<Self> {
        let bytes = written
            .names
            .contains(file)
            .then(|| written.open_file(file, found))
            .flatten();
        let sheet = bytes.and_then(|bytes| Self::check_header(bytes, (file, columns), found));
        if sheet.is_none() {
            found.distrust(file);
        }
        sheet
    }

    fn check_header(
        bytes: Box<dyn Read + 'w>,
        (file, columns): (&'static str, &'static [&'static str]),
        found: &mut Violations,
    ) -> Option<Self> {
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(1 << 18)
            .from_reader(bytes);
        let mut sheet = Self {
            file,
            reader,
            row: ByteRecord::new(),
            columns,
            width: 0,
            has_row: true,
            rows: 0,
        };
        if !sheet.read_next_row(found) {
            let header = columns.join(",");
            let place = Place::of_file(file);
            found.report_violation(Code::MissingColumn, (file, &[]), || {
                (
                    place,
                    format!("`{file}` is empty, its header must be `{header}`"),
                )
            });
            return None;
        }
        let strange = columns
            .iter()
            .enumerate()
            .find(|(column, name)| sheet.cell(*column) != name.as_bytes());
        if let Some((column, name)) = strange {
            found.report_violation(Code::MissingColumn, (file, &[]), || {
                (
                    sheet.place_of_column(column),
                    format!(
                        "column {} is {}, must be `{name}`",
                        column + 1,
                        shown(sheet.cell(column))
                    ),
                )
            });
            return None;
        }
        sheet.width = sheet.row.len();
        Some(sheet)
    }

    /// Goes on to the next row of the width of the header; others are reported. False at the end.
    pub(super) fn advance(&mut self, found: &mut Violations) -> bool {
        while self.read_next_row(found) {
            self.rows += 1;
            if self.row.len() == self.width {
                return true;
            }
            found.report_violation(Code::BadCsv, (self.file, &[]), || {
                let (has, must) = (self.row.len(), self.width);
                (
                    self.place_of_column(has.min(must) - 1),
                    format!("the row has {has} cells, must have {must}"),
                )
            });
        }
        false
    }

    fn read_next_row(&mut self, found: &mut Violations) -> bool {
        if !self.has_row {
            return false;
        }
        self.has_row = self
            .reader
            .read_byte_record(&mut self.row)
            .unwrap_or_else(|error| {
                found.report_violation(Code::Unreadable, (self.file, &[]), || {
                    (
                        Place::of_file(self.file),
                        format!("cannot read `{}`: {error}", self.file),
                    )
                });
                false
            });
        self.has_row
    }

    /// Whether there is a present row.
    pub(super) fn has_row(&self) -> bool {
        self.has_row
    }

    /// A cell of the present row, as it was before it was kept from being a formula; empty where the row has none.
    pub(super) fn cell(&self, column: usize) -> &[u8] {
        unguarded(self.row.get(column).unwrap_or(b""))
    }

    /// The name of a column.
    pub(super) fn column_name(&self, column: usize) -> &'static str {
        self.columns[column]
    }

    /// Where a cell of the present row is.
    pub(super) fn place_of_column(&self, column: usize) -> Place {
        place_in(self.file, &self.row, column)
    }

    /// The end of the file, where something is missing.
    pub(super) fn end(&self) -> Place {
        Place {
            line: usize::try_from(self.reader.position().line()).unwrap_or(1),
            ..Place::of_file(self.file)
        }
    }
}

/// The text of a cell without the apostrophe that keeps it from being a formula.
pub(super) fn unguarded(cell: &[u8]) -> &[u8] {
    match cell.first() {
        Some(b'\'') => {
            std::str::from_utf8(cell).map_or(cell, |text| cell::read_cell(text).as_bytes())
        }
        _ => cell,
    }
}

/// Where a cell of a row is; the row is written again as renewcast writes it.
pub(super) fn place_in(file: &str, row: &ByteRecord, column: usize) -> Place {
    let mut line = Vec::new();
    let mut marked = 0..0;
    for (number, cell) in row.iter().enumerate() {
        let start = line.len();
        quote(&mut line, cell);
        if number == column {
            marked = start..line.len();
        }
        line.push(b',');
    }
    line.pop();
    let place = Place::in_bytes(file, &line, marked);
    let begins = row
        .position()
        .map_or(1, |position| usize::try_from(position.line()).unwrap_or(1));
    Place {
        line: begins + place.line - 1,
        ..place
    }
}

fn quote(line: &mut Vec<u8>, cell: &[u8]) {
    if !cell
        .iter()
        .any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'))
    {
        return line.extend_from_slice(cell);
    }
    line.push(b'"');
    for byte in cell {
        line.extend(std::iter::repeat_n(
            *byte,
            if *byte == b'"' { 2 } else { 1 },
        ));
    }
    line.push(b'"');
}

/// The most digits of an amount: no sum of a run is longer.
const DIGITS: usize = 20;

/// An amount in minor units, if it is written with exactly so many decimals and in no other way than renewcast does.
pub(super) fn minor(cell: &[u8], digits: u8) -> Option<i128> {
    let (negative, text) = cell
        .strip_prefix(b"-")
        .map_or((false, cell), |rest| (true, rest));
    let digits = usize::from(digits);
    let whole = match digits {
        0 => text,
        _ => text
            .len()
            .checked_sub(digits + 1)
            .filter(|at| text[*at] == b'.')
            .map(|at| &text[..at])?,
    };
    let leading_zero = whole.len() > 1 && whole[0] == b'0';
    if whole.is_empty() || text.len() > DIGITS || leading_zero {
        return None;
    }
    let mut minor: i128 = 0;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'.' if at == whole.len() => {}
            b'0'..=b'9' => minor = minor * 10 + i128::from(byte - b'0'),
            _ => return None,
        }
    }
    match (negative, minor) {
        (true, 0) => None,
        (true, _) => Some(-minor),
        (false, _) => Some(minor),
    }
}

/// Minor units as text, as [`minor`] reads them.
pub(super) fn text_of(minor: i128, digits: u8) -> String {
    let digits = usize::from(digits);
    let sign = if minor < 0 { "-" } else { "" };
    let plain = format!("{:0width$}", minor.unsigned_abs(), width = digits + 1);
    let (whole, decimals) = plain.split_at(plain.len() - digits);
    let point = if digits > 0 { "." } else { "" };
    format!("{sign}{whole}{point}{decimals}")
}

/// A date of the form `YYYY-MM-DD`.
pub(super) fn day(cell: &[u8]) -> Option<Day> {
    Day::parse(std::str::from_utf8(cell).ok()?).ok()
}

/// A whole number without leading zeros, as renewcast writes it.
pub(super) fn whole(cell: &[u8]) -> Option<u64> {
    let plain = !cell.is_empty() && cell.len() < 19 && (cell.len() == 1 || cell[0] != b'0');
    let digits = || cell.iter().all(u8::is_ascii_digit);
    (plain && digits()).then(|| {
        cell.iter()
            .fold(0, |number, byte| number * 10 + u64::from(byte - b'0'))
    })
}

/// What the rows of a table by month and account rest on.
const LEDGER: &[&str] = &["ledger.csv", "balances.csv"];

/// Where a file stands that is read in step.
pub(super) enum StepPosition {
    /// At the row that is asked for.
    Row,
    /// At another one behind it: the row is not there.
    Other,
    /// At its end.
    End,
}

/// Goes on to the row of a month and account, which is the next one in a file that is whole.
pub(super) fn reach(
    sheet: &mut CheckedFile<'_>,
    (month, name): (&str, &[u8]),
    found: &mut Violations,
) -> StepPosition {
    while sheet.has_row() && (sheet.cell(0), sheet.cell(1)) != (month.as_bytes(), name) {
        found.report_violation(Code::Disagrees, (sheet.file, LEDGER), || {
            let (is_month, is_account) = (shown(sheet.cell(0)), shown(sheet.cell(1)));
            (
                sheet.place_of_column(0),
                format!(
                    "a row of {is_month} for {is_account}, must be that of {month} for {}",
                    shown(name)
                ),
            )
        });
        if (sheet.cell(0), sheet.cell(1)) > (month.as_bytes(), name) {
            return StepPosition::Other;
        }
        sheet.advance(found);
    }
    if !sheet.has_row() {
        found.report_violation(Code::Disagrees, (sheet.file, LEDGER), || {
            (
                sheet.end(),
                format!("no row of {month} for {}, must be one", shown(name)),
            )
        });
        return StepPosition::End;
    }
    StepPosition::Row
}
