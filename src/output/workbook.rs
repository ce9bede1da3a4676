//! The monthly report as a workbook: a summary with charts, and each table on a sheet of its own, with formulas for what can be
//! recalculated. The only file that knows the format, with those beside it; the same report gives the same bytes.

mod charts;
mod sheet;
mod texts;

use std::collections::BTreeMap;

pub use rust_xlsxwriter::XlsxError as WorkbookError;
use rust_xlsxwriter::{ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError};

use super::month::{MonthReport, ReportTable, Sense, TableCell};
use super::monthly::month_text;
use super::names::UniqueNames;
use crate::analysis::lost::LossClass;
use crate::model::calendar::Day;
use charts::CURVES;
use sheet::{CellLook, Formats, LedgerFormulas};
use texts::Text;

/// The most rows of a sheet below its header.
const ROWS: usize = 1_000_000;
/// The name of the first sheet.
const SUMMARY: &str = "Summary";
/// The figures of the summary begin in this row, the charts in that one.
const FIGURES: u32 = 3;
const CHARTS: u32 = 14;
/// The width of the last column of the summary, and the height of a line, in pixels.
const ABOUT: u16 = 95;
const LINE: u32 = 20;
/// The table on the summary that lists all others begins in this row.
const CONTENTS: u32 = 35;

/// The bytes of the workbook.
///
/// # Errors
/// The library refuses something; data never causes it.
pub fn workbook(report: &MonthReport) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let created = excel_day(report.period.days.from)?;
    let title = format!("{} {}", report.book, month_text(report.period.month));
    let properties = Text::sentence(&title).title();
    workbook.set_properties(
        &properties
            .set_author("renewcast")
            .set_creation_datetime(&created),
    );
    let mut formats = Formats::default();
    let shown: Vec<&ReportTable> = report
        .tables
        .iter()
        .filter(|table| !table.rows.is_empty())
        .collect();
    let sheets = SheetNames::name_sheets(&shown);
    let ledger = report
        .table("ledger")
        .and_then(|table| LedgerFormulas::formulas_to(table, sheets.of_table(table)?, &report.by));
    summary(&mut workbook, report, (&shown, &sheets))?;
    for table in &shown {
        let Some(names) = sheets.of_table(table) else {
            continue;
        };
        let sheet = workbook.add_worksheet().set_name(&names.sheet)?;
        sheet::write_sheet(sheet, (table, names), (&mut formats, ledger.as_ref()))?;
    }
    charts::write_charts(&mut workbook, report, &sheets)?;
    workbook.save_to_buffer()
}

/// The names of a table in the workbook.
struct NamesOfTable {
    /// Of its sheet.
    sheet: String,
    /// Of the native table on it.
    native: String,
}

/// The names of all tables that are shown, by what the report calls them.
struct SheetNames<'r>(BTreeMap<&'r str, NamesOfTable>);

impl<'r> SheetNames<'r> {
    fn name_sheets(shown: &[&'r ReportTable]) -> Self {
        let (mut sheets, mut natives) = (
            UniqueNames::of_sheets(&[SUMMARY, CURVES]),
            UniqueNames::of_tables(),
        );
        let ascii = |name: &str| {
            name.chars()
                .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
                .collect::<String>()
        };
        let names = |table: &&'r ReportTable| NamesOfTable {
            sheet: sheets.take(&table.name.replace('_', "-")),
            native: natives.take(&format!("t_{}", ascii(&table.name))),
        };
        Self(
            shown
                .iter()
                .map(|table| &*table.name)
                .zip(shown.iter().map(names).collect::<Vec<_>>())
                .collect(),
        )
    }

    fn of_table(&self, table: &ReportTable) -> Option<&NamesOfTable> {
        self.0.get(&*table.name)
    }
}

/// The first sheet: what must be known first, then a list of the others.
fn summary(
    workbook: &mut Workbook,
    report: &MonthReport,
    (shown, sheets): (&[&ReportTable], &SheetNames<'_>),
) -> Result<(), XlsxError> {
    let big = Format::new().set_bold().set_font_size(16);
    let sheet = workbook.add_worksheet().set_name(SUMMARY)?;
    sheet
        .set_landscape()
        .set_paper_size(9)
        .set_print_fit_to_pages(1, 0);
    for (column, width) in [(0, 42_u16), (1, 16), (2, ABOUT)] {
        sheet.set_column_width(column, width)?;
    }
    let scenario = report
        .scenario
        .as_ref()
        .map_or_else(String::new, |scenario| format!(" · scenario {scenario}"));
    let days = report.period.days;
    let plain = Format::default();
    Text::sentence(&format!(
        "{} · {}",
        report.book,
        month_text(report.period.month)
    ))
    .put(sheet, (0, 0), &big)?;
    Text::sentence(&format!("{} to {}{scenario}", days.from, days.to)).put(
        sheet,
        (1, 0),
        &plain,
    )?;
    for (row, (what, cell, beside)) in (FIGURES..CHARTS).zip(figures(report)) {
        Text::sentence(&what).put(sheet, (row, 0), &plain)?;
        let look = CellLook {
            sense: Sense::Balance,
            is_total: true,
        };
        sheet::put(
            sheet,
            (row, 1),
            (&cell, None),
            (&mut Formats::default(), look),
        )?;
        Text::sentence(&beside).put(sheet, (row, 2), &plain)?;
    }
    contents(sheet, shown, sheets)
}

/// What the first screen of the page says, as typed figures: what each is, its value, and a note.
fn figures(report: &MonthReport) -> Vec<(String, TableCell, String)> {
    let first = &report.first;
    let soon = first
        .losses
        .iter()
        .filter(|(class, _)| *class == LossClass::Soon)
        .map(|(_, count)| count.instances as u64);
    let mut lines = vec![(
        "Instances at risk within 30 days".to_owned(),
        TableCell::Count(soon.sum()),
        String::new(),
    )];
    lines.extend(
        first
            .lowest
            .iter()
            .take(1)
            .map(|(account, currency, amount, day)| {
                (
                    format!("Lowest balance ahead, {currency}"),
                    TableCell::Money(*amount, *currency),
                    format!(" in {account} on {day}"),
                )
            }),
    );
    lines.extend(first.top_up.iter().map(|(account, currency, amount, day)| {
        (
            format!("Next top-up, {currency}"),
            TableCell::Money(*amount, *currency),
            format!(" of {account} by {day}"),
        )
    }));
    for spent in first.spend.iter().take(1) {
        let amounts = [
            ("Spend of the month", Some(spent.spend)),
            ("Month before", spent.before),
            ("Budget", spent.budget),
            ("Last forecast", spent.forecast),
        ];
        let all = if spent.is_converted {
            " all converted"
        } else {
            ""
        };
        lines.extend(amounts.into_iter().filter_map(|(what, amount)| {
            let name = format!("{what}, {}", spent.currency);
            Some((
                name,
                TableCell::Money(amount?, spent.currency),
                all.to_owned(),
            ))
        }));
    }
    for (currency, sums) in first.run.iter().take(1) {
        let sums = [
            ("Whole run, as funded", Some(sums.as_funded)),
            ("Whole run, all due paid", sums.all_due_paid),
            ("Whole run, all kept", sums.all_kept),
        ];
        lines.extend(sums.into_iter().filter_map(|(what, sum)| {
            Some((
                format!("{what}, {currency}"),
                TableCell::Money(sum?, *currency),
                String::new(),
            ))
        }));
    }
    lines
}

/// The list of the other sheets.
fn contents(
    sheet: &mut Worksheet,
    shown: &[&ReportTable],
    sheets: &SheetNames<'_>,
) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    let top = Format::new().set_align(FormatAlign::Top);
    let wrapped = Format::new()
        .set_text_wrap()
        .set_align(FormatAlign::Top)
        .set_indent(1);
    for (column, head) in [(0, "Table"), (1, "Rows"), (2, " What it shows")] {
        Text::cell(head).put(sheet, (CONTENTS, column), &bold)?;
    }
    for (row, table) in (CONTENTS + 1..).zip(shown) {
        let Some(names) = sheets.of_table(table) else {
            continue;
        };
        Text::heading(&table.title).put_link(sheet, (row, &names.sheet), &top)?;
        let count = u32::try_from(table.rows.len()).unwrap_or(u32::MAX);
        sheet.write_number_with_format(row, 1, count, &top)?;
        let cut = match table.rows.len() > ROWS {
            true => format!(
                " Only the first {ROWS} rows are here; report/{}.csv has all.",
                table.name
            ),
            false => String::new(),
        };
        let about = format!("{}{cut}", table.about);
        let lines = u32::try_from(about.chars().count())
            .unwrap_or(0)
            .div_ceil(u32::from(ABOUT));
        sheet.set_row_height_pixels(row, LINE * lines.max(1))?;
        Text::sentence(&about).put(sheet, (row, 2), &wrapped)?;
    }
    Ok(())
}

fn excel_day(day: Day) -> Result<ExcelDateTime, XlsxError> {
    use chrono::Datelike as _;
    let date = day.date();
    let year = u16::try_from(date.year()).expect("a day of a book has a year of four digits");
    let [month, day] = [date.month(), date.day()]
        .map(|part| u8::try_from(part).expect("months and days are small"));
    ExcelDateTime::from_ymd(year, month, day)
}
