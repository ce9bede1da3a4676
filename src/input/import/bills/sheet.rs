//! Files of tables → rows of texts: CSV in UTF-8, UTF-16 or GBK, and workbooks.
//!
//! The heading may be below other lines; the first line that has the names which a table needs is it. A cell of a
//! workbook that is a number of more than 15 digits in a column of ids is refused: the spreadsheet has destroyed it.
//! Formulas are never computed: what the file holds as their value counts.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Cursor;
use std::rc::Rc;

use calamine::{Data, Reader as _, Xlsx};

use super::line::{BillLine, LineSource, RowSource, Texts};
use crate::input::cell;
use crate::input::diagnostic::Code;
use crate::input::import::context::Context;
use crate::input::import::no_json;
use crate::input::import::options::Source;
use crate::model::bill::Charge;

/// The lines among which a heading is looked for.
const MAX_HEADING_LINE: usize = 40;
/// Digits that a number of a spreadsheet holds.
const EXACT_DIGITS: usize = 15;
/// The first whole number that may have lost digits.
const FIRST_LOSSY: u64 = 10_u64.pow(15);
/// The most bytes of a workbook's sheets once they are unpacked.
const MAX_UNPACKED_BYTES: u64 = 512 << 20;
/// The bytes of a file that show whether it is a table, and which one.
const HEAD_BYTES: usize = 16 << 10;
/// The least columns of a table that can be a bill.
const MIN_COLUMNS: usize = 3;
/// The most columns of a table.
const MAX_COLUMNS: usize = 16_384;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A kind of table: how it is recognised, and how it is read.
pub(crate) struct TableReader {
    /// Whether a heading is that of such a table.
    pub(crate) fits: fn(&[String]) -> bool,
    /// The charges of the table.
    pub(crate) charges: fn(BillSheet<'_>, &mut Context<'_>) -> Vec<Charge>,
}

/// What a column of a table is.
pub(crate) enum SheetColumn {
    /// The text of this name.
    Named(Rc<str>),
    /// The id of this name, which a number of a workbook can have destroyed.
    Id(Rc<str>),
    /// The tag with this key.
    Tag(String),
    /// Nothing that is read.
    Other,
}

/// A table whose heading was found.
pub(crate) struct BillSheet<'s> {
    file: &'s str,
    bytes: Option<&'s [u8]>,
    pub(crate) heading: Vec<String>,
    rows: Vec<SheetRow>,
}

struct SheetRow {
    start: usize,
    number: usize,
    cells: Vec<SheetCell>,
}

impl SheetRow {
    fn is_empty(&self) -> bool {
        self.cells.iter().all(|cell| cell.text.is_empty())
    }
}

/// A cell: its text, and whether it was a number of a workbook that may have lost digits.
struct SheetCell {
    text: String,
    lossy: bool,
}

/// Whether a file is a workbook.
fn is_workbook(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// The beginning of a file.
pub(crate) fn head(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(HEAD_BYTES)]
}

/// Whether a file is a table rather than JSON or the complaint of a command: one of its first lines has several cells.
pub(crate) fn is_table(bytes: &[u8]) -> bool {
    if is_workbook(bytes) {
        return true;
    }
    let head = head(bytes);
    let decoded = encoding_rs::Encoding::for_bom(head)
        .map(|(encoding, mark)| encoding.decode_without_bom_handling(&head[mark..]).0);
    let text = decoded.as_deref().map_or(head, str::as_bytes);
    let text = text.trim_ascii_start();
    if matches!(text.first(), None | Some(b'{' | b'[' | b'<' | b'+' | b'|'))
        || text.starts_with(b"--")
        || no_json::is_complaint(&String::from_utf8_lossy(text))
    {
        return false;
    }
    let mut lines = text.split(|byte| *byte == b'\n').take(MAX_HEADING_LINE);
    lines.any(|line| line.split(|byte| matches!(byte, b',' | b'\t')).count() >= MIN_COLUMNS)
}

/// The table of a file whose heading `fits`.
pub(crate) fn open_sheet<'s>(
    source: &'s Source,
    fits: impl Fn(&[String]) -> bool,
    cx: &mut Context<'_>,
) -> Option<BillSheet<'s>> {
    let sheets = if is_workbook(&source.bytes) {
        match workbook_rows(&source.bytes) {
            Ok(sheets) => sheets,
            Err(why) => {
                let name = &source.name;
                let message = format!("`{name}` cannot be read as a workbook: {why}");
                let help = "open it in a spreadsheet and save it as .xlsx or as CSV in UTF-8";
                cx.report_file(Code::Unreadable, name, &message, help);
                return None;
            }
        }
    } else {
        vec![text_rows(source, cx)?]
    };
    for mut rows in sheets {
        for at in 0..rows.len().min(MAX_HEADING_LINE) {
            let heading = rows[at].cells.iter().map(|cell| cell.text.clone());
            let heading: Vec<String> = heading.collect();
            if fits(&heading) {
                let is_text = std::str::from_utf8(&source.bytes).is_ok();
                return Some(BillSheet {
                    file: &source.name,
                    bytes: is_text.then_some(source.bytes.as_slice()),
                    heading,
                    rows: rows.split_off(at + 1),
                });
            }
        }
    }
    None
}

/// The text of a file: UTF-8, UTF-16 with its mark, or else GBK, in which Chinese spreadsheets save.
fn decoded<'s>(source: &'s Source, cx: &mut Context<'_>) -> Option<Cow<'s, str>> {
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
        cx.report_file(Code::NotUtf8, &source.name, &message, help);
        return None;
    }
    Some(text)
}

fn text_rows(source: &Source, cx: &mut Context<'_>) -> Option<Vec<SheetRow>> {
    let text = decoded(source, cx)?;
    let has_mark = source.bytes.starts_with(BYTE_ORDER_MARK);
    let skipped = if has_mark { BYTE_ORDER_MARK.len() } else { 0 };
    let mut lines = text.lines().take(MAX_HEADING_LINE);
    let is_tabbed = lines.any(|line| line.matches('\t').count() > line.matches(',').count() + 3);
    let mut reader = csv::ReaderBuilder::new();
    reader.has_headers(false).flexible(true);
    reader.delimiter(if is_tabbed { b'\t' } else { b',' });
    let mut rows = Vec::new();
    for (number, record) in (1..).zip(reader.from_reader(text.as_bytes()).into_records()) {
        let name = &source.name;
        let record = record.map_err(|error| format!("`{name}` is not a table: {error}"));
        let record = record.and_then(|record| match record.len() {
            cells if cells > MAX_COLUMNS => Err(format!(
                "a row of `{name}` has {cells} cells; at most {MAX_COLUMNS} are read"
            )),
            _ => Ok(record),
        });
        let record = match record {
            Ok(record) => record,
            Err(message) => {
                cx.report_file(Code::BadCsv, name, &message, "save the table once more");
                return None;
            }
        };
        let byte = record.position().map_or(0, csv::Position::byte);
        let cells = record.iter().map(|cell| SheetCell {
            text: trimmed(cell).to_owned(),
            lossy: false,
        });
        rows.push(SheetRow {
            start: skipped + usize::try_from(byte).unwrap_or_default(),
            number,
            cells: cells.collect(),
        });
    }
    Some(rows)
}

/// A cell without blanks and the apostrophe or tab that keep a spreadsheet from changing it.
fn trimmed(cell: &str) -> &str {
    let is_blank = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}' | '\u{a0}');
    cell::read_cell(cell.trim_matches(is_blank))
}

fn workbook_rows(bytes: &[u8]) -> Result<Vec<Vec<SheetRow>>, String> {
    check_size(bytes).map_err(|error| error.to_string())??;
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let mut sheets = Vec::new();
    for name in book.sheet_names() {
        let Ok(range) = book.worksheet_range(&name) else {
            continue;
        };
        let first = range.start().map_or(0, |(row, _)| row as usize);
        let rows = range.rows().enumerate().map(|(at, cells)| SheetRow {
            start: 0,
            number: first + at + 1,
            cells: cells.iter().map(workbook_cell).collect(),
        });
        sheets.push(rows.collect());
    }
    Ok(sheets)
}

/// Refuses archives that unpack to more than fits.
fn check_size(bytes: &[u8]) -> zip::result::ZipResult<Result<(), String>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))?;
    let mut sum = 0_u64;
    for at in 0..archive.len() {
        sum = sum.saturating_add(archive.by_index_raw(at)?.size());
    }
    let most = MAX_UNPACKED_BYTES >> 20;
    Ok(if sum > MAX_UNPACKED_BYTES {
        Err(format!("it unpacks to more than {most} MiB"))
    } else {
        Ok(())
    })
}

fn workbook_cell(data: &Data) -> SheetCell {
    let (text, lossy) = match data {
        Data::Empty | Data::Error(_) => (String::new(), false),
        Data::String(text) => (trimmed(text).to_owned(), false),
        Data::Int(number) => (number.to_string(), number.unsigned_abs() >= FIRST_LOSSY),
        Data::Float(number) => {
            let text = number.to_string();
            let digits = text.bytes().filter(u8::is_ascii_digit).count();
            let is_long = digits > EXACT_DIGITS && !text.contains('.');
            (text, is_long)
        }
        Data::Bool(flag) => (flag.to_string(), false),
        Data::DateTime(moment) => {
            let time = moment.as_datetime();
            let time = time.map(|time| time.format("%Y-%m-%d %H:%M:%S").to_string());
            (time.unwrap_or_default(), false)
        }
        Data::DateTimeIso(text) | Data::DurationIso(text) => (text.clone(), false),
    };
    SheetCell { text, lossy }
}

impl<'s> BillSheet<'s> {
    /// Whether no row has a text.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.iter().all(SheetRow::is_empty)
    }

    /// The rows as lines; `column_of` says what a heading means. Cells are moved, so that a large table is in memory once.
    pub(crate) fn into_lines(
        self,
        column_of: impl Fn(&str) -> SheetColumn,
        cx: &mut Context<'_>,
    ) -> Vec<BillLine<'s>> {
        let columns = self.heading.iter().map(|heading| column_of(heading));
        let columns: Vec<SheetColumn> = columns.collect();
        self.report_lost_digits(&columns, cx);
        let rows = self.rows.into_iter().filter(|row| !row.is_empty());
        rows.map(|row| {
            let source = RowSource {
                file: self.file,
                bytes: self.bytes,
                start: row.start,
                number: row.number,
            };
            line(&columns, row.cells, source)
        })
        .collect()
    }

    /// One message for a file whose ids a spreadsheet has turned into numbers.
    /// Rule **destroyed-id**.
    fn report_lost_digits(&self, columns: &[SheetColumn], cx: &mut Context<'_>) {
        // The first row in which each column is lost, in the order in which they are found.
        let mut lost: Vec<(usize, &SheetRow)> = Vec::new();
        for row in &self.rows {
            for (at, _) in row.cells.iter().enumerate().filter(|(_, cell)| cell.lossy) {
                let is_id = matches!(columns.get(at), Some(SheetColumn::Id(_)));
                if is_id && lost.iter().all(|(column, _)| *column != at) {
                    lost.push((at, row));
                }
            }
        }
        let Some((first, row)) = lost.first() else {
            return;
        };
        let names = lost.iter().map(|(at, _)| &self.heading[*at]);
        let names = names.map(|name| format!("`{name}`"));
        let message = format!(
            "column {} holds numbers of more than {EXACT_DIGITS} digits, such as {} in row {}: the spreadsheet has changed their last digits",
            names.collect::<Vec<_>>().join(", "),
            row.cells[*first].text,
            row.number
        );
        let help = "download the bill once more and import it unopened, or format these columns as text before saving";
        cx.report_file(Code::BadValue, self.file, &message, help);
    }
}

fn line<'s>(columns: &[SheetColumn], cells: Vec<SheetCell>, source: RowSource<'s>) -> BillLine<'s> {
    let (mut texts, mut tags) = (Texts::new(), BTreeMap::new());
    for (column, SheetCell { text, .. }) in columns.iter().zip(cells) {
        match column {
            SheetColumn::Named(name) | SheetColumn::Id(name) => {
                texts.insert(name.clone(), text);
            }
            SheetColumn::Tag(key) if !matches!(text.as_str(), "" | "-") => {
                tags.insert(key.clone(), text);
            }
            SheetColumn::Tag(_) | SheetColumn::Other => {}
        }
    }
    BillLine {
        source: LineSource::Row(source),
        texts,
        is_component: true,
        components: Vec::new(),
        tags,
    }
}

/// What a column is whose heading names a tag: `tag:KEY`.
pub(crate) fn tag_of(heading: &str) -> Option<String> {
    let (front, key) = heading.split_once([':', '：'])?;
    let fronts = ["标签", "tag", "tags", "标签键", "tagkey"];
    let key = key.trim();
    let is_tag = !key.is_empty() && fronts.contains(&plain_heading(front).as_str());
    is_tag.then(|| key.to_owned())
}

/// A heading without blanks, invisible characters, units in brackets of money, and case.
pub(crate) fn plain_heading(heading: &str) -> String {
    const INVISIBLE: &[char] = &['\u{feff}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}'];
    let mut text = heading.to_lowercase();
    text.retain(|c| !c.is_whitespace() && !INVISIBLE.contains(&c));
    text = text.replace('（', "(").replace('）', ")");
    for unit in ["(元)", "(cny)", "(usd)"] {
        text = text.replace(unit, "");
    }
    text
}
