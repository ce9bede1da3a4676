//! A table on a sheet: typed cells, a native table, and formulas for the figures that other cells give.

use std::collections::{BTreeMap, BTreeSet};

use rust_xlsxwriter::utility::{column_number_to_name, row_col_to_cell, row_col_to_cell_absolute};
use rust_xlsxwriter::{
    Format, FormatAlign, FormatBorder, Formula, Table as SheetTable, TableColumn, TableStyle,
    Worksheet, XlsxError,
};

use super::texts::Text;
use super::{NamesOfTable, ROWS, excel_day};
use crate::engine::event::Event;
use crate::model::money::{Currency, Money};
use crate::output::month::{ColumnKind, ReportColumn, ReportTable, Sense, Sign, TableCell, Tone};
use crate::output::names::folded;

/// The most comparisons that the formulas of a sheet may ask for, so that a program opens it at once.
const COMPARISONS: usize = 4_000_000;
/// Amounts with more digits than a spreadsheet keeps are written as texts.
const EXACT_BELOW: i64 = 1_000_000_000_000_000;
/// The background of headings.
const HEAD: u32 = 0x00E4_EAF2;
/// The widest column, in characters.
const WIDEST: usize = 60;

/// The formats of cells, made once each.
#[derive(Default)]
pub(super) struct Formats(BTreeMap<(Style, bool), Format>);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Style {
    Plain,
    Day,
    Month,
    Count,
    Money(u8, Sense),
    Right,
}

impl Formats {
    fn get(&mut self, style: Style, is_total: bool) -> &Format {
        self.0.entry((style, is_total)).or_insert_with(|| {
            let format = match style {
                Style::Plain => Format::new().set_indent(1),
                Style::Day => Format::new()
                    .set_num_format("yyyy-mm-dd")
                    .set_align(FormatAlign::Left)
                    .set_indent(1),
                Style::Month => Format::new()
                    .set_num_format("yyyy-mm")
                    .set_align(FormatAlign::Left)
                    .set_indent(1),
                Style::Count => Format::new().set_num_format("#,##0"),
                Style::Money(digits, sense) => {
                    Format::new().set_num_format(money_format(digits, sense))
                }
                Style::Right => Format::new().set_align(FormatAlign::Right),
            };
            if is_total { format.set_bold() } else { format }
        })
    }
}

/// The number format of amounts: what is above zero, below it, and zero, good in green and bad in red.
fn money_format(digits: u8, sense: Sense) -> String {
    let point = if digits == 0 { "" } else { "." };
    let plain = format!("#,##0{point}{}", "0".repeat(usize::from(digits)));
    let colour = |minor| match sense.tone(Money::from_minor(minor)) {
        Tone::Good => "[Color10]",
        Tone::Bad => "[Red]",
        Tone::Plain => "",
    };
    format!("{}{plain};{}-{plain};{plain}", colour(1), colour(-1))
}

/// The sheet with the rows of the ledger, to which formulas point.
pub(super) struct LedgerFormulas<'t> {
    table: &'t ReportTable,
    sheet: String,
    rows: usize,
    columns: BTreeMap<String, usize>,
    /// The columns by which rows can be told apart.
    keys: BTreeSet<String>,
}

impl<'t> LedgerFormulas<'t> {
    /// The sheet of a table with all rows of the month; none where some are missing.
    pub(super) fn formulas_to(
        table: &'t ReportTable,
        names: &NamesOfTable,
        by: &[String],
    ) -> Option<Self> {
        let columns: BTreeMap<String, usize> = table
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| (column.name.to_string(), at))
            .collect();
        let is_whole = ["amount", "event", "currency"]
            .iter()
            .all(|name| columns.contains_key(*name));
        let has_usage = table.is_whole && table.rows.len() <= ROWS;
        let keys = by
            .iter()
            .cloned()
            .chain(["account_id", "instance_id"].map(str::to_owned));
        let keys = keys.filter(|name| columns.contains_key(name)).collect();
        (is_whole && has_usage).then(|| Self {
            table,
            sheet: names.sheet.clone(),
            rows: table.rows.len(),
            columns,
            keys,
        })
    }

    /// A range of a column.
    fn range(&self, name: &str) -> String {
        let column = column_number_to_name(u16::try_from(self.columns[name]).unwrap_or(0));
        format!("'{}'!${column}$2:${column}${}", self.sheet, self.rows + 1)
    }

    /// The sum of the amounts of some events over the rows whose cell is that of the row `at`.
    fn sum(
        &self,
        (events, sign): (&[Event], Sign),
        key: &str,
        (at, currency): (u32, u16),
    ) -> String {
        let names: Vec<String> = events
            .iter()
            .map(|event| format!("\"{}\"", event.name()))
            .collect();
        let (key_cell, currency_cell) = (row_col_to_cell(at, 0), row_col_to_cell(at, currency));
        let minus = if sign == Sign::Reversed { "-" } else { "" };
        let [amount, event, of_currency, of_key] =
            ["amount", "event", "currency", key].map(|name| self.range(name));
        let events = names.join(",");
        format!(
            "={minus}SUM(SUMIFS({amount},{event},{{{events}}},{of_currency},{currency_cell},{of_key},{key_cell}))"
        )
    }
}

/// Writes a table, its totals below it.
pub(super) fn write_sheet(
    sheet: &mut Worksheet,
    (table, names): (&ReportTable, &NamesOfTable),
    (formats, ledger): (&mut Formats, Option<&LedgerFormulas<'_>>),
) -> Result<(), XlsxError> {
    let rows = &table.rows[..table.rows.len().min(ROWS)];
    sheet
        .set_landscape()
        .set_paper_size(9)
        .set_print_fit_to_pages(1, 0);
    sheet.set_freeze_panes(1, 1)?;
    sheet.set_repeat_rows(0, 0)?;
    let calculated = Calculated {
        table,
        ledger: ledger.filter(|ledger| ledger.can_check(table)),
    };
    for (at, column) in (0_u16..).zip(&table.columns) {
        sheet.set_column_width(at, width(table, usize::from(at), column))?;
        for (row, cells) in (1_u32..).zip(rows) {
            let cell = &cells[usize::from(at)];
            let formula = calculated.formula(cells, column, row);
            put(
                sheet,
                (row, at),
                (cell, formula),
                (
                    formats,
                    CellLook {
                        sense: column.sense,
                        is_total: false,
                    },
                ),
            )?;
        }
    }
    let last = u32::try_from(rows.len()).expect("a sheet has a million rows at most");
    let columns: Vec<TableColumn> = headings(table)
        .into_iter()
        .zip(&table.columns)
        .map(|(head, column)| head.column(heading(column)))
        .collect();
    let right = u16::try_from(table.columns.len().saturating_sub(1)).unwrap_or(0);
    let native = SheetTable::new()
        .set_name(&names.native)
        .set_style(TableStyle::Light9)
        .set_columns(&columns);
    sheet.add_table(0, 0, last, right, &native)?;
    for (row, (currency, cells)) in (last + 2..).zip(table.totals()) {
        for (at, (column, cell)) in (0_u16..).zip(table.columns.iter().zip(&cells)) {
            let formula = total(table, column, (at, last), currency);
            put(
                sheet,
                (row, at),
                (cell, formula),
                (
                    formats,
                    CellLook {
                        sense: column.sense,
                        is_total: true,
                    },
                ),
            )?;
        }
    }
    Ok(())
}

/// The headings of the columns, no two alike.
fn headings(table: &ReportTable) -> Vec<Text> {
    let mut seen = BTreeSet::new();
    let heading = |column: &ReportColumn| {
        let (title, longer) = (
            Text::heading(&column.title),
            format!("{} ({})", column.title, column.name),
        );
        let longer = Text::heading(&longer);
        let numbered = (2..).map(|number| longer.numbered(number));
        let mut wishes = [title, longer.clone()].into_iter().chain(numbered);
        wishes
            .find(|wish| seen.insert(folded(wish.as_str())))
            .expect("there are more numbers than columns")
    };
    table.columns.iter().map(heading).collect()
}

/// The look of a heading, also where a program does not know native tables.
fn heading(column: &ReportColumn) -> Format {
    let is_number = matches!(
        column.kind,
        ColumnKind::Money | ColumnKind::Count | ColumnKind::Rows
    );
    let align = if is_number {
        FormatAlign::Right
    } else {
        FormatAlign::Left
    };
    let format = Format::new()
        .set_bold()
        .set_align(align)
        .set_background_color(HEAD)
        .set_border_bottom(FormatBorder::Thin);
    if is_number {
        format
    } else {
        format.set_indent(1)
    }
}

/// The figures of a table that formulas give.
struct Calculated<'t> {
    table: &'t ReportTable,
    /// The ledger, where its rows can be told apart by the first column of the table.
    ledger: Option<&'t LedgerFormulas<'t>>,
}

impl Calculated<'_> {
    fn formula(&self, cells: &[TableCell], column: &ReportColumn, row: u32) -> Option<String> {
        if !column.adds.is_empty() {
            return self.added(cells, column, row);
        }
        let (sums, ledger) = (column.sums?, self.ledger?);
        let currency = u16::try_from(self.table.column("currency")?).ok()?;
        is_plain_key(&cells[0])
            .then(|| ledger.sum(sums, &self.table.columns[0].name, (row, currency)))
    }

    /// The sum of other cells of the row, if all of them hold amounts.
    fn added(&self, cells: &[TableCell], column: &ReportColumn, row: u32) -> Option<String> {
        let mut formula = "=".to_owned();
        for (name, sign) in column.adds {
            let at = self.table.column(name)?;
            cells[at].money()?;
            formula.push(if *sign == Sign::Reversed { '-' } else { '+' });
            formula.push_str(&row_col_to_cell(row, u16::try_from(at).ok()?));
        }
        Some(formula)
    }
}

impl LedgerFormulas<'_> {
    /// Whether formulas over the ledger give the figures of a table, and give them quickly. Comparisons of a spreadsheet do not
    /// tell capitals from small letters.
    fn can_check(&self, table: &ReportTable) -> bool {
        let key = table
            .columns
            .first()
            .filter(|column| self.keys.contains(&*column.name));
        let is_quick = table.rows.len() * self.rows <= COMPARISONS;
        key.is_some_and(|key| {
            is_quick && has_one_spelling([(table, 0), (self.table, self.columns[&*key.name])])
        })
    }
}

/// Whether a comparison of a spreadsheet tells the texts of columns apart, as they are written into cells.
fn has_one_spelling(columns: [(&ReportTable, usize); 2]) -> bool {
    let cells = columns
        .into_iter()
        .flat_map(|(table, at)| table.rows.iter().map(move |row| row[at].plain()));
    let spellings: BTreeSet<_> = cells.collect();
    let shown: BTreeSet<String> = spellings
        .iter()
        .map(|text| folded(Text::cell(text).as_str()))
        .collect();
    shown.len() == spellings.len()
}

/// Whether a comparison takes a text as it stands, and not as a pattern, a number or nothing.
fn is_plain_key(cell: &TableCell) -> bool {
    let text = Text::cell(&cell.plain());
    let text = text.as_str();
    let is_like_a_number = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    !text.is_empty()
        && text.len() <= 200
        && !is_like_a_number
        && !text.contains(['*', '?', '~', '=', '<', '>', '"'])
}

/// The sum below a column, over the rows of the currency.
fn total(
    table: &ReportTable,
    column: &ReportColumn,
    (at, last): (u16, u32),
    currency: Option<Currency>,
) -> Option<String> {
    if !column.is_summed || at == 0 {
        return None;
    }
    let range = |at: u16| {
        format!(
            "{}:{}",
            row_col_to_cell_absolute(1, at),
            row_col_to_cell_absolute(last, at)
        )
    };
    let of_currency = table
        .column("currency")
        .and_then(|at| u16::try_from(at).ok())
        .zip(currency);
    Some(match of_currency {
        Some((key, currency)) => format!("=SUMIFS({},{},\"{currency}\")", range(at), range(key)),
        None => format!("=SUM({})", range(at)),
    })
}

/// How an amount looks.
#[derive(Clone, Copy)]
pub(super) struct CellLook {
    pub sense: Sense,
    /// Whether it stands below the others, in bold.
    pub is_total: bool,
}

/// Writes a cell, as a formula where there is one.
pub(super) fn put(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    (cell, formula): (&TableCell, Option<String>),
    (formats, look): (&mut Formats, CellLook),
) -> Result<(), XlsxError> {
    let number = match cell {
        TableCell::Money(money, currency) => money_number(*money, *currency)
            .map(|number| (number, Style::Money(currency.digits(), look.sense))),
        TableCell::Count(count) => count
            .to_string()
            .parse()
            .ok()
            .map(|number| (number, Style::Count)),
        _ => None,
    };
    match (cell, number, formula) {
        (TableCell::Empty, ..) => {}
        (_, Some((_, style)), Some(formula)) => {
            let formula = Formula::new(formula).set_result(cell.plain());
            sheet.write_formula_with_format(
                row,
                column,
                formula,
                formats.get(style, look.is_total),
            )?;
        }
        (_, Some((number, style)), None) => {
            let number: f64 = number;
            sheet.write_number_with_format(
                row,
                column,
                number,
                formats.get(style, look.is_total),
            )?;
        }
        (TableCell::Day(day), ..) => {
            sheet.write_datetime_with_format(
                row,
                column,
                excel_day(*day)?,
                formats.get(Style::Day, look.is_total),
            )?;
        }
        (TableCell::Month(day), ..) => {
            sheet.write_datetime_with_format(
                row,
                column,
                excel_day(*day)?,
                formats.get(Style::Month, look.is_total),
            )?;
        }
        (TableCell::Rows(_) | TableCell::Money(..), ..) => {
            Text::cell(&cell.plain()).put(
                sheet,
                (row, column),
                formats.get(Style::Right, look.is_total),
            )?;
        }
        _ => {
            Text::cell(&cell.plain()).put(
                sheet,
                (row, column),
                formats.get(Style::Plain, look.is_total),
            )?;
        }
    }
    Ok(())
}

/// The number nearest to an amount; a spreadsheet shows it with the decimals of its currency, and so exactly.
pub(super) fn money_number(money: Money, currency: Currency) -> Option<f64> {
    let is_exact = (-EXACT_BELOW..EXACT_BELOW).contains(&money.minor());
    money
        .display(currency)
        .to_string()
        .parse()
        .ok()
        .filter(|_| is_exact)
}

/// The width of a column for its heading and its cells, of which the first thousand are looked at.
fn width(table: &ReportTable, at: usize, column: &ReportColumn) -> u16 {
    const LOOKED_AT: usize = 1_000;
    let wide = |text: &str| {
        text.chars()
            .map(|c| if c.is_ascii() { 1 } else { 2 })
            .sum::<usize>()
    };
    let cells = table
        .rows
        .iter()
        .take(LOOKED_AT)
        .map(|row| wide(&row[at].shown()))
        .max()
        .unwrap_or(0);
    let total = if column.kind == ColumnKind::Money {
        3
    } else {
        0
    };
    let width = (cells + total + 2)
        .max(wide(&column.title) + 5)
        .clamp(6, WIDEST);
    u16::try_from(width).unwrap_or(10)
}
