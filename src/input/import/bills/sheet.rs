//! Files of tables → rows of texts: CSV in UTF-8, UTF-16 or GBK, and workbooks.
//!
//! The heading may stand below other lines; the first line that has the names which a table needs is it. A cell of a
//! workbook that is a number of more than 15 digits in a column of ids is refused: the spreadsheet has destroyed it.
//! Formulas are never computed: what the file holds as their value counts.

use std::borrow::Cow;
use std::io::Cursor;

use calamine::{Data, Reader as _, Xlsx};

use super::headings;
use super::line::{BillLine, LineSource, Texts};
use crate::input::diagnostic::{Code, Diagnostics, Place};
use crate::input::import::json::one_line;
use crate::input::import::options::Source;

/// The lines among which a heading is looked for.
const LINES_ABOVE: usize = 40;
/// Digits that a number of a spreadsheet holds.
const EXACT_DIGITS: usize = 15;
/// The most bytes of a workbook's sheets once they are unpacked.
const MAX_UNPACKED_BYTES: u64 = 512 << 20;
/// Within so many bytes it shows whether a file is a table.
const HEAD: usize = 16 << 10;
/// The least columns of a table that can be a bill.
const LEAST_COLUMNS: usize = 3;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// The most columns of a table.
const MAX_COLUMNS: usize = 16_384;

/// A table whose heading was found.
pub(super) struct BillSheet<'s> {
    file: &'s str,
    bytes: Option<&'s [u8]>,
    heading: Vec<String>,
    rows: Vec<SheetRow>,
}

struct SheetRow {
    start: usize,
    number: usize,
    cells: Vec<SheetCell>,
}

/// A cell: its text, and whether it was a number of a workbook that may have lost digits.
struct SheetCell {
    text: String,
    lossy: bool,
}

/// Whether a file is a workbook.
pub(crate) fn is_workbook(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// Whether a file is a table rather than JSON or what a command complains about: one of its first lines has several cells.
pub(crate) fn is_table(bytes: &[u8]) -> bool {
    if is_workbook(bytes) {
        return true;
    }
    let head = &bytes[..bytes.len().min(HEAD)];
    let decoded = encoding_rs::Encoding::for_bom(head)
        .map(|(encoding, mark)| encoding.decode_without_bom_handling(&head[mark..]).0);
    let text = decoded
        .as_deref()
        .map_or(head, str::as_bytes)
        .trim_ascii_start();
    let is_other = matches!(text.first(), None | Some(b'{' | b'[' | b'<' | b'+' | b'|'))
        || text.starts_with(b"--");
    let is_other =
        is_other || crate::input::import::no_json::is_complaint(&String::from_utf8_lossy(text));
    let cells = |line: &[u8]| {
        line.iter()
            .filter(|byte| matches!(byte, b',' | b'\t'))
            .count()
    };
    !is_other
        && text
            .split(|byte| *byte == b'\n')
            .take(LINES_ABOVE)
            .any(|line| cells(line) >= LEAST_COLUMNS - 1)
}

/// The table of a file in which a heading stands that `fits`.
pub(super) fn open_sheet<'s>(
    source: &'s Source,
    fits: impl Fn(&[String]) -> bool,
    found: &mut Diagnostics,
) -> Option<BillSheet<'s>> {
    let sheets = if is_workbook(&source.bytes) {
        workbook(source, found)?
    } else {
        vec![text_rows(source, found)?]
    };
    for mut rows in sheets {
        let heading = rows.iter().take(LINES_ABOVE).position(|row| {
            let texts: Vec<String> = row.cells.iter().map(|cell| cell.text.clone()).collect();
            fits(&texts)
        });
        if let Some(at) = heading {
            let below = rows.split_off(at + 1);
            let heading = rows
                .pop()
                .map(|row| row.cells.into_iter().map(|cell| cell.text).collect())
                .unwrap_or_default();
            let bytes = std::str::from_utf8(&source.bytes)
                .is_ok()
                .then_some(source.bytes.as_slice());
            return Some(BillSheet {
                file: &source.name,
                bytes,
                heading,
                rows: below,
            });
        }
    }
    None
}

/// The text of a file: UTF-8, UTF-16 with its mark, or else GBK, in which Chinese spreadsheets save.
fn decoded<'s>(source: &'s Source, found: &mut Diagnostics) -> Option<Cow<'s, str>> {
    let bytes = source.bytes.as_slice();
    if let Some((encoding, mark)) = encoding_rs::Encoding::for_bom(bytes) {
        return Some(encoding.decode_without_bom_handling(&bytes[mark..]).0);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some(Cow::Borrowed(text));
    }
    let (text, _, had_errors) = encoding_rs::GB18030.decode(bytes);
    if had_errors {
        let message = format!("`{}` is neither UTF-8 nor GBK", source.name);
        let help = "save it as UTF-8; Excel calls it `CSV UTF-8 (Comma delimited)`";
        found.push(
            Code::NotUtf8,
            Place::of_file(&source.name),
            one_line(&message),
            help,
        );
        return None;
    }
    Some(text)
}

fn text_rows(source: &Source, found: &mut Diagnostics) -> Option<Vec<SheetRow>> {
    let text = decoded(source, found)?;
    let skipped = if source.bytes.starts_with(BYTE_ORDER_MARK) {
        BYTE_ORDER_MARK.len()
    } else {
        0
    };
    let is_tabbed = text
        .lines()
        .take(LINES_ABOVE)
        .any(|line| line.matches('\t').count() > line.matches(',').count() + 3);
    let delimiter = if is_tabbed { b'\t' } else { b',' };
    let mut reader = csv::ReaderBuilder::new();
    let reader = reader
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter);
    let mut rows = Vec::new();
    for (number, record) in (1..).zip(reader.from_reader(text.as_bytes()).into_records()) {
        let record = match record {
            Ok(record) if record.len() <= MAX_COLUMNS => record,
            Ok(record) => {
                let message = format!(
                    "a row of `{}` has {} cells; at most {MAX_COLUMNS} are read",
                    source.name,
                    record.len()
                );
                found.push(
                    Code::BadCsv,
                    Place::of_file(&source.name),
                    one_line(&message),
                    "save the table once more",
                );
                return None;
            }
            Err(error) => {
                let message = format!("`{}` is not a table: {error}", source.name);
                found.push(
                    Code::BadCsv,
                    Place::of_file(&source.name),
                    one_line(&message),
                    "save the table once more",
                );
                return None;
            }
        };
        let start = skipped
            + record
                .position()
                .map_or(0, |at| usize::try_from(at.byte()).unwrap_or_default());
        let cells = record
            .iter()
            .map(|cell| SheetCell {
                text: trimmed(cell).to_owned(),
                lossy: false,
            })
            .collect();
        rows.push(SheetRow {
            start,
            number,
            cells,
        });
    }
    Some(rows)
}

/// A cell without blanks and the apostrophe or tab that keep a spreadsheet from changing it.
fn trimmed(cell: &str) -> &str {
    let cell = cell.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}' | '\u{a0}')
    });
    crate::input::cell::read_cell(cell)
}

fn workbook(source: &Source, found: &mut Diagnostics) -> Option<Vec<Vec<SheetRow>>> {
    let refuse = |why: &str, found: &mut Diagnostics| {
        let message = format!("`{}` cannot be read as a workbook: {why}", source.name);
        let help = "open it in a spreadsheet and save it as .xlsx or as CSV in UTF-8";
        found.push(
            Code::Unreadable,
            Place::of_file(&source.name),
            one_line(&message),
            help,
        );
    };
    if let Err(why) = check_size(&source.bytes) {
        refuse(&why, found);
        return None;
    }
    let mut book: Xlsx<_> = match Xlsx::new(Cursor::new(source.bytes.as_slice())) {
        Ok(book) => book,
        Err(error) => {
            refuse(&error.to_string(), found);
            return None;
        }
    };
    let mut sheets = Vec::new();
    for name in book.sheet_names() {
        let Ok(range) = book.worksheet_range(&name) else {
            continue;
        };
        let first = range.start().map_or(0, |(row, _)| row as usize);
        let rows = range.rows().enumerate().map(|(at, cells)| SheetRow {
            start: 0,
            number: first + at + 1,
            cells: cells.iter().map(cell).collect(),
        });
        sheets.push(rows.collect());
    }
    Some(sheets)
}

/// Refuses archives that unpack to more than fits.
fn check_size(bytes: &[u8]) -> Result<(), String> {
    let mut archive =
        zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let mut sum = 0_u64;
    for at in 0..archive.len() {
        let entry = archive
            .by_index_raw(at)
            .map_err(|error| error.to_string())?;
        sum = sum.saturating_add(entry.size());
    }
    let most = MAX_UNPACKED_BYTES >> 20;
    if sum > MAX_UNPACKED_BYTES {
        Err(format!("it unpacks to more than {most} MiB"))
    } else {
        Ok(())
    }
}

fn cell(data: &Data) -> SheetCell {
    let (text, lossy) = match data {
        Data::Empty | Data::Error(_) => (String::new(), false),
        Data::String(text) => (trimmed(text).to_owned(), false),
        Data::Int(number) => (number.to_string(), number.unsigned_abs() >= 10_u64.pow(15)),
        Data::Float(number) => {
            let digits = number.to_string();
            let is_long = digits.bytes().filter(u8::is_ascii_digit).count() > EXACT_DIGITS
                && !digits.contains('.');
            (digits, is_long)
        }
        Data::Bool(flag) => (flag.to_string(), false),
        Data::DateTime(moment) => {
            let time = moment
                .as_datetime()
                .map(|time| time.format("%Y-%m-%d %H:%M:%S").to_string());
            (time.unwrap_or_default(), false)
        }
        Data::DateTimeIso(text) | Data::DurationIso(text) => (text.clone(), false),
    };
    SheetCell { text, lossy }
}

impl<'s> BillSheet<'s> {
    /// The heading.
    pub(super) fn heading(&self) -> &[String] {
        &self.heading
    }

    /// How many rows have a text.
    pub(super) fn len(&self) -> usize {
        self.rows.iter().filter(|row| !is_empty(row)).count()
    }

    /// The rows as lines of one component each; `name_of` says what a column is.
    pub(super) fn lines(
        &self,
        name_of: impl Fn(&str) -> Option<String>,
        found: &mut Diagnostics,
    ) -> Vec<BillLine<'s>> {
        let names: Vec<Option<String>> = self
            .heading
            .iter()
            .map(|heading| name_of(heading))
            .collect();
        let tags: Vec<Option<&str>> = self
            .heading
            .iter()
            .map(|heading| headings::tag_of(heading))
            .collect();
        self.report_lost_digits(&names, found);
        let rows = self.rows.iter().filter(|row| !is_empty(row));
        let line = |row: &SheetRow| {
            let named = names
                .iter()
                .zip(&row.cells)
                .filter_map(|(name, cell)| Some((name.clone()?, cell.text.clone())));
            let texts: Texts = named.collect();
            let tags = tags
                .iter()
                .zip(&row.cells)
                .filter_map(|(key, cell)| Some(((*key)?.to_owned(), cell.text.clone())));
            let tags = tags
                .filter(|(_, value)| !matches!(value.as_str(), "" | "-"))
                .collect();
            let spot = LineSource::Row {
                file: self.file,
                bytes: self.bytes,
                start: row.start,
                number: row.number,
            };
            BillLine {
                spot,
                components: vec![texts.clone()],
                texts,
                tags,
            }
        };
        rows.map(line).collect()
    }

    /// One message for a file whose ids a spreadsheet has turned into numbers.
    /// Rule **destroyed-id**.
    fn report_lost_digits(&self, names: &[Option<String>], found: &mut Diagnostics) {
        let is_id = |at: usize| {
            names
                .get(at)
                .and_then(Option::as_deref)
                .is_some_and(|name| headings::IDS.contains(&name))
        };
        let mut lost: Vec<(usize, usize)> = Vec::new();
        for row in &self.rows {
            for (at, _) in row
                .cells
                .iter()
                .enumerate()
                .filter(|(at, cell)| cell.lossy && is_id(*at))
            {
                if lost.iter().all(|(column, _)| *column != at) {
                    lost.push((at, row.number));
                }
            }
        }
        let Some((first, number)) = lost.first().copied() else {
            return;
        };
        let columns: Vec<String> = lost
            .iter()
            .map(|(at, _)| format!("`{}`", self.heading[*at]))
            .collect();
        let shown = self
            .rows
            .iter()
            .find(|row| row.number == number)
            .map(|row| row.cells[first].text.as_str());
        let message = format!(
            "column {} holds numbers of more than {EXACT_DIGITS} digits, such as {} in row {number}: the spreadsheet has changed their last digits",
            columns.join(", "),
            shown.unwrap_or_default()
        );
        let help = "download the bill once more and import it unopened, or format these columns as text before saving";
        found.push(
            Code::BadValue,
            Place::of_file(self.file),
            one_line(&message),
            help,
        );
    }
}

fn is_empty(row: &SheetRow) -> bool {
    row.cells.iter().all(|cell| cell.text.is_empty())
}
