//! The monthly report as a workbook: a summary with charts, and each table on a sheet of its own, with formulas for what can be
//! recalculated. The only file that knows the format, with those beside it; the same report gives the same bytes.

mod charts;
mod sheet;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Url, Workbook, XlsxError};

use super::month::{Cell, Report, Table};
use super::monthly::month_text;
use crate::calendar::Day;
use sheet::{Formats, Ledger, name_of};

/// The most rows of a sheet below its header.
const ROWS: usize = 1_000_000;
/// The name of the first sheet.
const SUMMARY: &str = "Summary";
/// The table on the summary that lists all others begins in this row.
const CONTENTS: u32 = 25;

/// The bytes of the workbook.
///
/// # Errors
/// The library refuses something; data never causes it.
pub fn workbook(report: &Report) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let created = excel_day(report.period.days.from)?;
    let title = format!("{} {}", report.book, month_text(report.period.month));
    workbook.set_properties(
        &DocProperties::new().set_title(&title).set_author("renewcast").set_creation_datetime(&created),
    );
    let mut formats = Formats::default();
    let shown: Vec<&Table> = report.tables.iter().filter(|table| !table.rows.is_empty()).collect();
    let ledger = report.table("ledger").and_then(|table| Ledger::of(table, &report.by));
    summary(&mut workbook, report, &shown)?;
    for table in &shown {
        let sheet = workbook.add_worksheet().set_name(name_of(table))?;
        sheet::write(sheet, table, (&mut formats, ledger.as_ref()))?;
    }
    charts::write(&mut workbook, report)?;
    workbook.save_to_buffer()
}

/// The first sheet: what must be known first, then a list of the others.
fn summary(workbook: &mut Workbook, report: &Report, shown: &[&Table]) -> Result<(), XlsxError> {
    let (bold, big) = (Format::new().set_bold(), Format::new().set_bold().set_font_size(16));
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    let top = Format::new().set_align(FormatAlign::Top);
    let sheet = workbook.add_worksheet().set_name(SUMMARY)?;
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    let scenario = report.scenario.as_ref().map_or_else(String::new, |scenario| format!(" · scenario {scenario}"));
    let days = report.period.days;
    sheet.write_string_with_format(0, 0, format!("{} · {}", report.book, month_text(report.period.month)), &big)?;
    sheet.write_string(1, 0, format!("{} to {}{scenario}", days.from, days.to))?;
    sheet.write_string(2, 0, first_line(report))?;
    for (at, (head, width)) in [("Table", 40_u16), ("Rows", 10), ("What it shows", 95)].into_iter().enumerate() {
        let column = u16::try_from(at).unwrap_or(0);
        sheet.set_column_width(column, width)?;
        sheet.write_string_with_format(CONTENTS, column, head, &bold)?;
    }
    for (row, table) in (CONTENTS + 1..).zip(shown) {
        let link = Url::new(format!("internal:'{}'!A1", name_of(table))).set_text(&table.title);
        sheet.write_url_with_format(row, 0, link, &top)?;
        let count = u32::try_from(table.rows.len()).unwrap_or(u32::MAX);
        sheet.write_number_with_format(row, 1, count, &top)?;
        let cut = match table.rows.len() > ROWS {
            true => format!(" Only the first {ROWS} rows are here; report/{}.csv has all.", table.name),
            false => String::new(),
        };
        sheet.write_string_with_format(row, 2, format!("{}{cut}", table.about), &wrapped)?;
    }
    Ok(())
}

/// What the first screen of the page says, in a line.
fn first_line(report: &Report) -> String {
    let first = &report.first;
    let losses = match first.losses {
        0 => "Nothing is destroyed".to_owned(),
        1 => "1 instance will be destroyed unless someone acts".to_owned(),
        losses => format!("{losses} instances will be destroyed unless someone acts"),
    };
    let lowest = first.lowest.first().map(|(account, currency, amount, day)| {
        format!("; lowest balance {currency} {} in {account} on {day}", amount.display_grouped(*currency))
    });
    let spend = first.spend.first().map(|spent| {
        format!("; spend of the month {} {}", spent.currency, spent.spend.display_grouped(spent.currency))
    });
    format!("{losses}{}{}.", lowest.unwrap_or_default(), spend.unwrap_or_default())
}

fn excel_day(day: Day) -> Result<ExcelDateTime, XlsxError> {
    use chrono::Datelike as _;
    let date = day.date();
    let year = u16::try_from(date.year()).expect("a day of a book has a year of four digits");
    let [month, day] = [date.month(), date.day()].map(|part| u8::try_from(part).expect("months and days are small"));
    ExcelDateTime::from_ymd(year, month, day)
}

/// The text of a cell that a sheet can hold.
fn fitting(cell: &Cell) -> String {
    const LONGEST: usize = 32_000;
    cell.plain().chars().take(LONGEST).collect()
}
