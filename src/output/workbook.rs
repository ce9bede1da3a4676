//! The monthly report as a workbook: a summary with charts, and each table on a sheet of its own, with formulas for what can be
//! recalculated. The only file that knows the format, with those beside it; the same report gives the same bytes. Never computes a figure.

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
use crate::model::money::{Currency, Money};
use charts::CURVES;
use sheet::{CellLook, Formats, LedgerFormulas, SheetWriter};
use texts::Text;

/// The most rows of a sheet below its header.
const MAX_ROWS: usize = 1_000_000;
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
    let tables = report.tables.iter();
    let shown: Vec<&ReportTable> = tables.filter(|table| !table.rows.is_empty()).collect();
    let sheets = SheetNames::name_sheets(&shown);
    let ledger = report.table("ledger");
    let ledger = ledger
        .and_then(|table| LedgerFormulas::formulas_to(table, sheets.of_table(table)?, &report.by));
    summary(&mut workbook, report, &shown, &sheets)?;
    for table in &shown {
        let Some(names) = sheets.of_table(table) else {
            continue;
        };
        let sheet = workbook.add_worksheet().set_name(&names.sheet)?;
        let mut writer = SheetWriter {
            sheet,
            formats: &mut formats,
        };
        writer.write_table(table, names, ledger.as_ref())?;
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
        let mut sheets = UniqueNames::of_sheets(&[SUMMARY, CURVES]);
        let mut natives = UniqueNames::of_tables();
        let mut names = BTreeMap::new();
        for table in shown {
            let native = table
                .name
                .replace(|c: char| !c.is_ascii_alphanumeric(), "_");
            let of_table = NamesOfTable {
                sheet: sheets.take(&table.name.replace('_', "-")),
                native: natives.take(&format!("t_{native}")),
            };
            names.insert(table.name.as_str(), of_table);
        }
        Self(names)
    }

    fn of_table(&self, table: &ReportTable) -> Option<&NamesOfTable> {
        self.0.get(&*table.name)
    }
}

/// Lets a sheet be printed across a page, whatever its width.
fn set_page(sheet: &mut Worksheet) {
    sheet
        .set_landscape()
        .set_paper_size(9)
        .set_print_fit_to_pages(1, 0);
}

/// The first sheet: what must be known first, then a list of the others.
fn summary(
    workbook: &mut Workbook,
    report: &MonthReport,
    shown: &[&ReportTable],
    sheets: &SheetNames<'_>,
) -> Result<(), XlsxError> {
    let big = Format::new().set_bold().set_font_size(16);
    let plain = Format::default();
    let sheet = workbook.add_worksheet().set_name(SUMMARY)?;
    set_page(sheet);
    for (column, width) in [(0, 42_u16), (1, 16), (2, ABOUT)] {
        sheet.set_column_width(column, width)?;
    }
    let title = format!("{} · {}", report.book, month_text(report.period.month));
    Text::sentence(&title).put(sheet, 0, 0, &big)?;
    let days = report.period.days;
    let mut range = format!("{} to {}", days.from, days.to);
    if let Some(scenario) = &report.scenario {
        range += &format!(" · scenario {scenario}");
    }
    Text::sentence(&range).put(sheet, 1, 0, &plain)?;
    let look = CellLook {
        sense: Sense::Balance,
        is_total: true,
    };
    for (row, figure) in (FIGURES..CHARTS).zip(figures(report)) {
        Text::sentence(&figure.what).put(sheet, row, 0, &plain)?;
        let mut writer = SheetWriter {
            sheet,
            formats: &mut Formats::default(),
        };
        writer.put(row, 1, &figure.cell, None, look)?;
        Text::sentence(&figure.note).put(sheet, row, 2, &plain)?;
    }
    contents(sheet, shown, sheets)
}

/// A figure of the summary.
struct SummaryFigure {
    what: String,
    cell: TableCell,
    note: String,
}

impl SummaryFigure {
    fn of_money(what: &str, amount: Money, currency: Currency, note: String) -> Self {
        Self {
            what: format!("{what}, {currency}"),
            cell: TableCell::Money(amount, currency),
            note,
        }
    }
}

/// What the first screen of the page says, as typed figures.
fn figures(report: &MonthReport) -> Vec<SummaryFigure> {
    let first = &report.first;
    let soon = first
        .losses
        .iter()
        .filter(|(class, _)| *class == LossClass::Soon);
    let mut figures = vec![SummaryFigure {
        what: "Instances at risk within 30 days".to_owned(),
        cell: TableCell::Count(soon.map(|(_, count)| count.instances as u64).sum()),
        note: String::new(),
    }];
    figures.extend(first.lowest.first().map(|low| {
        let note = format!(" in {} on {}", low.account, low.day);
        SummaryFigure::of_money("Lowest balance ahead", low.amount, low.currency, note)
    }));
    figures.extend(first.top_up.as_ref().map(|top_up| {
        let note = format!(" of {} by {}", top_up.account, top_up.day);
        SummaryFigure::of_money("Next top-up", top_up.amount, top_up.currency, note)
    }));
    if let Some(spent) = first.spend.first() {
        let note = if spent.is_converted {
            " all converted"
        } else {
            ""
        };
        for (what, amount) in [
            ("Spend of the month", Some(spent.spend)),
            ("Month before", spent.before),
            ("Budget", spent.budget),
            ("Last forecast", spent.forecast),
        ] {
            figures.extend(amount.map(|amount| {
                SummaryFigure::of_money(what, amount, spent.currency, note.to_owned())
            }));
        }
    }
    if let Some((currency, sums)) = first.run.first() {
        for (what, sum) in [
            ("Whole run, as funded", Some(sums.as_funded)),
            ("Whole run, all due paid", sums.all_due_paid),
            ("Whole run, all kept", sums.all_kept),
        ] {
            figures.extend(
                sum.map(|sum| SummaryFigure::of_money(what, sum, *currency, String::new())),
            );
        }
    }
    figures
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
        Text::cell(head).put(sheet, CONTENTS, column, &bold)?;
    }
    for (row, table) in (CONTENTS + 1..).zip(shown) {
        let Some(names) = sheets.of_table(table) else {
            continue;
        };
        Text::heading(&table.title).put_link(sheet, row, &names.sheet, &top)?;
        let count = u32::try_from(table.rows.len()).unwrap_or(u32::MAX);
        sheet.write_number_with_format(row, 1, count, &top)?;
        let mut about = table.about.clone();
        if table.rows.len() > MAX_ROWS {
            let name = &table.name;
            about +=
                &format!(" Only the first {MAX_ROWS} rows are here; report/{name}.csv has all.");
        }
        let characters = u32::try_from(about.chars().count()).unwrap_or(0);
        let lines = characters.div_ceil(u32::from(ABOUT));
        sheet.set_row_height_pixels(row, LINE * lines.max(1))?;
        Text::sentence(&about).put(sheet, row, 2, &wrapped)?;
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
