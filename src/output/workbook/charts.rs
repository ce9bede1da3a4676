//! The charts of the workbook, above the contents of its summary: spend of the months ahead, and balances from day to day. Never computes a
//! figure.

use rust_xlsxwriter::{
    Chart, ChartAxisDateUnitType, ChartAxisLabelPosition, ChartFormat, ChartLegendPosition,
    ChartLine, ChartType, Format, Workbook, XlsxError,
};

use super::sheet::money_number;
use super::texts::Text;
use super::{CHARTS, SUMMARY, SheetNames, excel_day};
use crate::model::calendar::Day;
use crate::model::money::Money;
use crate::output::month::{BalanceLine, MonthReport, ReportTable};

/// The sheet with the balances that are drawn.
pub(super) const CURVES: &str = "balances-by-day";
/// The most curves of a chart.
const MAX_CURVES: usize = 8;
/// The column in which the second chart begins, and how far within it.
const RIGHT: u16 = 2;
const BESIDE: u32 = 110;

pub(super) fn write_charts(
    workbook: &mut Workbook,
    report: &MonthReport,
    sheets: &SheetNames<'_>,
) -> Result<(), XlsxError> {
    if let Some(chart) = report.table("ahead").and_then(|table| spend(table, sheets)) {
        let summary = workbook.worksheet_from_name(SUMMARY)?;
        summary.insert_chart(CHARTS, 0, &chart)?;
    }
    let Some(first) = report.lines.first() else {
        return Ok(());
    };
    let lines = report.lines.iter();
    let lines = lines.filter(|line| line.currency == first.currency);
    let lines: Vec<&BalanceLine> = lines.take(MAX_CURVES).collect();
    let chart = curves(workbook, &lines, first)?;
    let summary = workbook.worksheet_from_name(SUMMARY)?;
    summary.insert_chart_with_offset(CHARTS, RIGHT, &chart, BESIDE, 0)?;
    Ok(())
}

/// A chart with a title, amounts upwards and its legend below.
fn titled(kind: ChartType, title: &str) -> Chart {
    let mut chart = Chart::new(kind);
    chart.title().set_name(title);
    chart.x_axis().set_num_format("yyyy-mm");
    chart.y_axis().set_num_format("#,##0");
    chart.legend().set_position(ChartLegendPosition::Bottom);
    chart.set_width(500).set_height(390);
    chart
}

/// Spend by month, in the first currency of the table.
fn spend(table: &ReportTable, sheets: &SheetNames<'_>) -> Option<Chart> {
    let currency = table.currency_of(table.rows.first()?)?;
    let rows = table.rows.iter();
    let of_currency = rows.take_while(|row| table.currency_of(row) == Some(currency));
    let last = u32::try_from(of_currency.count()).ok()?;
    let sheet = sheets.of_table(table)?.sheet.as_str();
    let mut chart = titled(
        ChartType::ColumnStacked,
        &format!("Spend by month, {currency}"),
    );
    for name in ["renewals", "usage"] {
        let column = u16::try_from(table.column(name)?).ok()?;
        chart
            .add_series()
            .set_name((sheet, 0, column))
            .set_categories((sheet, 1, 0, last, 0))
            .set_values((sheet, 1, column, last, column))
            .set_gap(60);
    }
    Some(chart)
}

/// A sheet with the available balances of some accounts from day to day, and a chart of it.
fn curves(
    workbook: &mut Workbook,
    lines: &[&BalanceLine],
    first: &BalanceLine,
) -> Result<Chart, XlsxError> {
    let (days, currency) = (first.days, first.currency);
    let sheet = workbook.add_worksheet().set_name(CURVES)?;
    let bold = Format::new().set_bold();
    let day_format = Format::new().set_num_format("yyyy-mm-dd");
    let money = Format::new().set_num_format("#,##0.00;[Red]-#,##0.00");
    sheet.set_freeze_panes(1, 1)?;
    sheet.set_column_width(0, 12_u16)?;
    Text::cell(&format!("Available, {currency}")).put(sheet, 0, 0, &bold)?;
    for (row, day) in (1..).zip(days.days()) {
        sheet.write_datetime_with_format(row, 0, excel_day(day)?, &day_format)?;
    }
    let last = u32::try_from(days.len()).unwrap_or(1);
    let title = format!("Available balance at the ends of days, {currency}");
    let mut chart = titled(ChartType::Line, &title);
    for (column, line) in (1_u16..).zip(lines) {
        sheet.set_column_width(column, 16_u16)?;
        Text::cell(&line.account).put(sheet, 0, column, &bold)?;
        for (row, balance) in (1..).zip(day_by_day(line, days.days())) {
            if let Some(number) = money_number(balance, currency) {
                sheet.write_number_with_format(row, column, number, &money)?;
            }
        }
        chart
            .add_series()
            .set_name((CURVES, 0, column))
            .set_categories((CURVES, 1, 0, last, 0))
            .set_values((CURVES, 1, column, last, column))
            .set_format(ChartFormat::new().set_line(ChartLine::new().set_width(2)));
    }
    chart
        .x_axis()
        .set_date_axis(true)
        .set_major_unit(1)
        .set_major_unit_date_type(ChartAxisDateUnitType::Months)
        .set_label_position(ChartAxisLabelPosition::Low);
    Ok(chart)
}

/// The balance on each of some days.
fn day_by_day(line: &BalanceLine, days: impl Iterator<Item = Day>) -> impl Iterator<Item = Money> {
    let mut points = line.points.iter().peekable();
    let mut balance = Money::ZERO;
    days.map(move |day| {
        while let Some((_, money)) = points.next_if(|(from, _)| *from <= day) {
            balance = *money;
        }
        balance
    })
}
