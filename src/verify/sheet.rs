//! A CSV file of a result, read row by row into the same memory, strictly: a value may be written in one way only. It never
//! uses the reader of books, so that both can be held against each other.

use std::io::Read;

use csv::{ByteRecord, ReaderBuilder};

use super::WrittenFiles;
use super::violations::{Complaint, Violation, Violations, mismatch, shown};
use crate::input::cell;
use crate::input::diagnostic::{Code, Place};
use crate::model::calendar::Day;

/// What rows by month and account rest on.
pub(super) const ROWS: &[&str] = &["ledger.csv", "balances.csv"];

/// The name of a file and those of its columns.
pub(super) struct CsvLayout {
    pub file: &'static str,
    pub columns: &'static [&'static str],
}

/// A file whose header is right, and its present row.
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
        layout: &CsvLayout,
        found: &mut Violations,
    ) -> Option<Self> {
        let is_there = written.names.contains(layout.file);
        let bytes = is_there
            .then(|| written.open_file(layout.file, found))
            .flatten();
        let sheet = bytes.and_then(|bytes| Self::check_header(bytes, layout, found));
        if sheet.is_none() {
            found.distrust(layout.file);
        }
        sheet
    }

    fn check_header(
        bytes: Box<dyn Read + 'w>,
        &CsvLayout { file, columns }: &CsvLayout,
        found: &mut Violations,
    ) -> Option<Self> {
        let mut options = ReaderBuilder::new();
        options
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(1 << 18);
        let mut sheet = Self {
            file,
            reader: options.from_reader(bytes),
            row: ByteRecord::new(),
            columns,
            width: 0,
            has_row: true,
            rows: 0,
        };
        if !sheet.read_next_row(found) {
            let message = format!(
                "`{file}` is empty; expected the header `{}`",
                columns.join(",")
            );
            found.report_file(Code::MissingColumn, file, message);
            return None;
        }
        let mut numbered = columns.iter().enumerate();
        if let Some((column, name)) =
            numbered.find(|(column, name)| sheet.cell(*column) != name.as_bytes())
        {
            found.report(Code::MissingColumn, file, &[], || {
                let cell = shown(sheet.cell(column));
                let message = format!("column {}: expected `{name}`, found {cell}", column + 1);
                (sheet.place_of_column(column), message)
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
            let (cells, width) = (self.row.len(), self.width);
            if cells == width {
                return true;
            }
            let message = format!("expected {width} cells in the row, found {cells}");
            self.report(
                Violation::new(Code::BadCsv, cells.min(width) - 1, message),
                found,
            );
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
                let message = format!("cannot read `{}`: {error}", self.file);
                found.report_file(Code::Unreadable, self.file, message);
                false
            });
        self.has_row
    }

    /// Whether there is a present row.
    pub(super) fn has_row(&self) -> bool {
        self.has_row
    }

    /// A cell of the present row without the guard against formulas; empty where the row has none.
    pub(super) fn cell(&self, column: usize) -> &[u8] {
        unguarded(self.row.get(column).unwrap_or(b""))
    }

    /// Where a cell of the present row is.
    pub(super) fn place_of_column(&self, column: usize) -> Place {
        place_in(self.file, &self.row, column)
    }

    /// Reports what is wrong with a cell of the present row.
    pub(super) fn report(&self, violation: Violation, found: &mut Violations) {
        let Violation {
            code,
            column,
            complaint,
            needs,
        } = violation;
        found.report(code, self.file, needs, || {
            let message = match complaint {
                Complaint::Sentence(sentence) => sentence,
                Complaint::Expected(expected) => {
                    mismatch(self.columns[column], expected, shown(self.cell(column)))
                }
            };
            (self.place_of_column(column), message)
        });
    }

    /// Reports that a row is missing: before the present one, or at the end of the file.
    pub(super) fn report_missing(&self, needs: &[&str], message: String, found: &mut Violations) {
        found.report(Code::Disagrees, self.file, needs, || {
            if self.has_row {
                return (self.place_of_column(0), message);
            }
            let line = usize::try_from(self.reader.position().line()).unwrap_or(1);
            (
                Place {
                    line,
                    ..Place::of_file(self.file)
                },
                message,
            )
        });
    }

    /// The amount of a cell, in minor units.
    pub(super) fn amount(&self, column: usize, digits: u8) -> Result<i128, Violation> {
        minor(self.cell(column), digits).ok_or_else(|| {
            let expected = format!("a plain amount with {digits} decimals");
            Violation::expected(Code::BadAmount, column, expected)
        })
    }

    /// The date of a cell.
    pub(super) fn date(&self, column: usize) -> Result<Day, Violation> {
        let expected = "a date of the form YYYY-MM-DD";
        day(self.cell(column)).ok_or_else(|| Violation::expected(Code::BadDate, column, expected))
    }

    /// The whole number of a cell, from 1 on.
    pub(super) fn count_up_to(&self, column: usize, most: u16) -> Result<u16, Violation> {
        let number = whole(self.cell(column)).and_then(|number| u16::try_from(number).ok());
        number
            .filter(|number| (1..=most).contains(number))
            .ok_or_else(|| {
                let expected = format!("a whole number from 1 to {most}");
                Violation::expected(Code::BadNumber, column, expected)
            })
    }

    /// Goes on to the row of a month and account, which is the next one in a file that is whole.
    pub(super) fn seek(&mut self, key: MonthKey<'_>, found: &mut Violations) -> SeekOutcome {
        let wanted = (key.month.as_bytes(), key.account);
        while self.has_row && (self.cell(0), self.cell(1)) != wanted {
            let (month, account) = (shown(self.cell(0)), shown(self.cell(1)));
            let message = format!(
                "expected the row of {} for {}, found that of {month} for {account}",
                key.month,
                shown(key.account)
            );
            self.report(
                Violation::new(Code::Disagrees, 0, message).needing(ROWS),
                found,
            );
            if (self.cell(0), self.cell(1)) > wanted {
                return SeekOutcome::Missing;
            }
            self.advance(found);
        }
        if self.has_row {
            return SeekOutcome::Found;
        }
        let message = format!("missing row of {} for {}", key.month, shown(key.account));
        self.report_missing(ROWS, message, found);
        SeekOutcome::End
    }

    /// Reports the rows behind the last month of the run; whether there were none.
    pub(super) fn refuse_rest(mut self, found: &mut Violations) -> bool {
        let is_at_end = !self.has_row;
        while self.has_row {
            let (month, account) = (shown(self.cell(0)), shown(self.cell(1)));
            let message =
                format!("unexpected row of {month} for {account}: the run has no later month");
            self.report(
                Violation::new(Code::Disagrees, 0, message).needing(ROWS),
                found,
            );
            self.advance(found);
        }
        is_at_end
    }
}

/// What names a row of a file by month and account.
#[derive(Clone, Copy)]
pub(super) struct MonthKey<'k> {
    /// `YYYY-MM`.
    pub month: &'k str,
    pub account: &'k [u8],
}

/// Where a file stands that is read in step with the ledger.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SeekOutcome {
    /// At the row that is asked for.
    Found,
    /// At one behind it: the row is not there.
    Missing,
    /// At its end.
    End,
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
    let cells: Vec<Vec<u8>> = row.iter().map(quoted).collect();
    let start = cells.iter().take(column).map(|cell| cell.len() + 1).sum();
    let marked = cells
        .get(column)
        .map_or(0..0, |cell| start..start + cell.len());
    let place = Place::in_bytes(file, &cells.join(&b','), marked);
    let first_line = row.position().map_or(1, |position| position.line());
    let line = usize::try_from(first_line).unwrap_or(1) + place.line - 1;
    Place { line, ..place }
}

fn quoted(cell: &[u8]) -> Vec<u8> {
    if !cell.iter().any(|byte| b",\"\n\r".contains(byte)) {
        return cell.to_vec();
    }
    let doubled: Vec<&[u8]> = cell.split(|byte| *byte == b'"').collect();
    [b"\"", doubled.join(&b"\"\""[..]).as_slice(), b"\""].concat()
}

/// No sum of a run has more digits.
const MAX_AMOUNT_DIGITS: usize = 20;

/// An amount in minor units, if it is written with this number of decimals and in no other way than renewcast does.
pub(super) fn minor(cell: &[u8], digits: u8) -> Option<i128> {
    let negative = cell.strip_prefix(b"-");
    let text = negative.unwrap_or(cell);
    let whole = match usize::from(digits) {
        0 => text,
        digits => {
            let point = text
                .len()
                .checked_sub(digits + 1)
                .filter(|at| text[*at] == b'.')?;
            &text[..point]
        }
    };
    let leading_zero = whole.len() > 1 && whole[0] == b'0';
    if whole.is_empty() || text.len() > MAX_AMOUNT_DIGITS || leading_zero {
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
        (Some(_), 0) => None,
        (Some(_), _) => Some(-minor),
        (None, _) => Some(minor),
    }
}

/// Minor units as text, as [`minor`] reads them.
pub(super) fn amount_text(minor: i128, digits: u8) -> String {
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
    let is_plain = matches!(cell, [b'0'..=b'9'] | [b'1'..=b'9', ..]) && cell.len() < 19;
    let digits = is_plain && cell.iter().all(u8::is_ascii_digit);
    digits.then(|| {
        cell.iter()
            .fold(0, |number, byte| number * 10 + u64::from(byte - b'0'))
    })
}
