//! The charts of the workbook, above the contents of its summary: spend of the months ahead, and balances from day to day.

use rust_xlsxwriter::{Chart, ChartFormat, ChartLine, ChartType, Format, Workbook, XlsxError};

use super::sheet::money_number;
use super::texts::Text;
use super::{CHARTS, SUMMARY, SheetNames, excel_day};
use crate::model::calendar::Day;
use crate::model::money::{Currency, Money};
use crate::output::month::{BalanceLine, MonthReport, ReportTable};

/// The sheet with the balances that are drawn.
pub(super) const CURVES: &str = "balances-by-day";
/// At most so many curves stand in one chart.
const MOST: usize = 8;
/// The column in which the second chart begins, and how far within it.
const RIGHT: u16 = 2;
const BESIDE: u32 = 110;

pub(super) fn write_charts(
    workbook: &mut Workbook,
    report: &MonthReport,
    sheets: &SheetNames<'_>,
) -> Result<(), XlsxError> {
    if let Some(chart) = report.table("ahead").and_then(|table| spend(table, sheets)) {
        workbook
            .worksheet_from_name(SUMMARY)?
            .insert_chart(CHARTS, 0, &chart)?;
    }
    let currency = report.lines.first().map(|line| line.currency);
    let lines: Vec<&BalanceLine> = report
        .lines
        .iter()
        .filter(|line| Some(line.currency) == currency)
        .take(MOST)
        .collect();
    if let Some(currency) = currency {
        let chart = curves(workbook, &lines, currency)?;
        workbook
            .worksheet_from_name(SUMMARY)?
            .insert_chart_with_offset(CHARTS, RIGHT, &chart, BESIDE, 0)?;
    }
    Ok(())
}

/// Spend by month, in the first currency of the table.
fn spend(table: &ReportTable, sheets: &SheetNames<'_>) -> Option<Chart> {
    let currency = table.currency_of(table.rows.first()?)?;
    let last = table
        .rows
        .iter()
        .take_while(|row| table.currency_of(row) == Some(currency))
        .count();
    let (sheet, last) = (&sheets.of_table(table)?.sheet, u32::try_from(last).ok()?);
    let mut chart = Chart::new(ChartType::ColumnStacked);
    for name in ["renewals", "usage"] {
        let column = u16::try_from(table.column(name)?).ok()?;
        chart
            .add_series()
            .set_name((sheet.as_str(), 0, column))
            .set_categories((sheet.as_str(), 1, 0, last, 0))
            .set_values((sheet.as_str(), 1, column, last, column))
            .set_gap(60);
    }
    chart
        .title()
        .set_name(&format!("Spend by month, {currency}"));
    chart.x_axis().set_num_format("yyyy-mm");
    chart.y_axis().set_num_format("#,##0");
    chart
        .legend()
        .set_position(rust_xlsxwriter::ChartLegendPosition::Bottom);
    chart.set_width(500).set_height(390);
    Some(chart)
}

/// A sheet with the available balances of some accounts from day to day, and a chart of it.
fn curves(
    workbook: &mut Workbook,
    lines: &[&BalanceLine],
    currency: Currency,
) -> Result<Chart, XlsxError> {
    let sheet = workbook.add_worksheet().set_name(CURVES)?;
    let (bold, day_format) = (
        Format::new().set_bold(),
        Format::new().set_num_format("yyyy-mm-dd"),
    );
    let money = Format::new().set_num_format("#,##0.00;[Red]-#,##0.00");
    let (first, last) = lines
        .first()
        .map_or((Day::FIRST, Day::FIRST), |line| line.days);
    let days = u32::try_from(last.days_since(first) + 1).unwrap_or(1);
    sheet.set_freeze_panes(1, 1)?;
    sheet.set_column_width(0, 12_u16)?;
    Text::cell(&format!("Available, {currency}")).put(sheet, (0, 0), &bold)?;
    for (row, day) in (1..=days).zip(std::iter::successors(Some(first), |day| {
        Some(day.tomorrow())
    })) {
        sheet.write_datetime_with_format(row, 0, excel_day(day)?, &day_format)?;
    }
    let mut chart = Chart::new(ChartType::Line);
    for (column, line) in (1_u16..).zip(lines) {
        sheet.set_column_width(column, 16_u16)?;
        Text::cell(&line.account).put(sheet, (0, column), &bold)?;
        for (row, balance) in (1..=days).zip(day_by_day(line, first)) {
            if let Some(number) = money_number(balance, currency) {
                sheet.write_number_with_format(row, column, number, &money)?;
            }
        }
        chart
            .add_series()
            .set_name((CURVES, 0, column))
            .set_categories((CURVES, 1, 0, days, 0))
            .set_values((CURVES, 1, column, days, column))
            .set_format(ChartFormat::new().set_line(ChartLine::new().set_width(2)));
    }
    chart.title().set_name(&format!(
        "Available balance at the ends of days, {currency}"
    ));
    chart
        .x_axis()
        .set_num_format("yyyy-mm")
        .set_date_axis(true)
        .set_major_unit(1)
        .set_major_unit_date_type(rust_xlsxwriter::ChartAxisDateUnitType::Months)
        .set_label_position(rust_xlsxwriter::ChartAxisLabelPosition::Low);
    chart.y_axis().set_num_format("#,##0");
    chart
        .legend()
        .set_position(rust_xlsxwriter::ChartLegendPosition::Bottom);
    chart.set_width(500).set_height(390);
    Ok(chart)
}

/// The balance on each day from the first on.
fn day_by_day(line: &BalanceLine, first: Day) -> impl Iterator<Item = Money> {
    let mut points = line.points.iter().peekable();
    let mut balance = Money::ZERO;
    std::iter::successors(Some(first), |day| Some(day.tomorrow())).map(move |day| {
        while let Some((_, money)) = points.next_if(|(from, _)| *from <= day) {
            balance = *money;
        }
        balance
    })
}
