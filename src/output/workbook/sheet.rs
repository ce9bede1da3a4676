//! A table on a sheet: typed cells, a native table, and formulas for the figures that other cells give. Never decides what
//! a figure is.

use std::collections::{BTreeMap, BTreeSet};

use rust_xlsxwriter::utility::{column_number_to_name, row_col_to_cell, row_col_to_cell_absolute};
use rust_xlsxwriter::{
    Format, FormatAlign, FormatBorder, Formula, Table as SheetTable, TableColumn, TableStyle,
    Worksheet, XlsxError,
};

use super::texts::Text;
use super::{MAX_ROWS, NamesOfTable, excel_day, set_page};
use crate::model::money::{Currency, Money};
use crate::output::month::{ColumnKind, ReportColumn, ReportTable, Sense, Sign, TableCell, Tone};
use crate::output::names::folded;

/// The most comparisons that the formulas of a sheet may ask for, so that a program opens it at once.
const MAX_COMPARISONS: usize = 4_000_000;
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
            let format = Format::new();
            let left = format.clone().set_align(FormatAlign::Left).set_indent(1);
            let format = match style {
                Style::Plain => format.set_indent(1),
                Style::Day => left.set_num_format("yyyy-mm-dd"),
                Style::Month => left.set_num_format("yyyy-mm"),
                Style::Count => format.set_num_format("#,##0"),
                Style::Money(digits, sense) => format.set_num_format(money_format(digits, sense)),
                Style::Right => format.set_align(FormatAlign::Right),
            };
            if is_total { format.set_bold() } else { format }
        })
    }
}

/// The number format of amounts: what is above zero, below it, and zero, good in green and bad in red.
fn money_format(digits: u8, sense: Sense) -> String {
    let point = if digits == 0 { "" } else { "." };
    let plain = format!("#,##0{point}{}", "0".repeat(usize::from(digits)));
    let [above, below] = [1, -1].map(|minor| match sense.tone(Money::from_minor(minor)) {
        Tone::Good => "[Color10]",
        Tone::Bad => "[Red]",
        Tone::Plain => "",
    });
    format!("{above}{plain};{below}-{plain};{plain}")
}

/// The sheet with the rows of the ledger, to which formulas point.
pub(super) struct LedgerFormulas<'t> {
    table: &'t ReportTable,
    sheet: String,
    rows: usize,
    columns: BTreeMap<String, usize>,
    /// The columns whose values formulas compare.
    keys: BTreeSet<String>,
}

impl<'t> LedgerFormulas<'t> {
    /// The sheet of a table with all rows of the month; none where some are missing.
    pub(super) fn formulas_to(
        table: &'t ReportTable,
        names: &NamesOfTable,
        by: &[String],
    ) -> Option<Self> {
        let columns = table.columns.iter().zip(0..);
        let columns: BTreeMap<String, usize> = columns
            .map(|(column, at)| (column.name.to_string(), at))
            .collect();
        let mut needed = ["amount", "event", "currency"].iter();
        let is_whole = needed.all(|name| columns.contains_key(*name));
        let has_usage = table.is_whole && table.rows.len() <= MAX_ROWS;
        let ids = ["account_id", "instance_id"].map(str::to_owned);
        let keys = by.iter().cloned().chain(ids);
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

    /// The sum that a column makes of the amounts of events, over the rows whose cell is the first one of the row `at`.
    fn sum(&self, column: &ReportColumn, key: &str, at: u32, currency: u16) -> Option<String> {
        let (events, sign) = column.sums?;
        let events = events.iter().map(|event| format!("\"{}\"", event.name()));
        let events = events.collect::<Vec<_>>().join(",");
        let (key_cell, currency_cell) = (row_col_to_cell(at, 0), row_col_to_cell(at, currency));
        let minus = if sign == Sign::Reversed { "-" } else { "" };
        let [amount, event, of_currency, of_key] =
            ["amount", "event", "currency", key].map(|name| self.range(name));
        Some(format!(
            "={minus}SUM(SUMIFS({amount},{event},{{{events}}},{of_currency},{currency_cell},{of_key},{key_cell}))"
        ))
    }
}

/// A sheet that is written.
pub(super) struct SheetWriter<'s> {
    pub sheet: &'s mut Worksheet,
    pub formats: &'s mut Formats,
}

impl SheetWriter<'_> {
    /// Writes a table, its totals below it.
    pub(super) fn write_table(
        &mut self,
        table: &ReportTable,
        names: &NamesOfTable,
        ledger: Option<&LedgerFormulas<'_>>,
    ) -> Result<(), XlsxError> {
        let rows = &table.rows[..table.rows.len().min(MAX_ROWS)];
        set_page(self.sheet);
        self.sheet.set_freeze_panes(1, 1)?;
        self.sheet.set_repeat_rows(0, 0)?;
        let calculated = Calculated {
            table,
            ledger: ledger.filter(|ledger| ledger.can_check(table)),
        };
        for (at, column) in (0_u16..).zip(&table.columns) {
            let look = CellLook {
                sense: column.sense,
                is_total: false,
            };
            let width = width(table, usize::from(at), column);
            self.sheet.set_column_width(at, width)?;
            for (row, cells) in (1_u32..).zip(rows) {
                let formula = calculated.formula(cells, column, row);
                self.put(row, at, &cells[usize::from(at)], formula, look)?;
            }
        }
        let last = u32::try_from(rows.len()).expect("a sheet has a million rows at most");
        let headings = headings(table).into_iter().zip(&table.columns);
        let columns: Vec<TableColumn> = headings
            .map(|(head, column)| head.column(heading(column)))
            .collect();
        let right = u16::try_from(table.columns.len().saturating_sub(1)).unwrap_or(0);
        let native = SheetTable::new()
            .set_name(&names.native)
            .set_style(TableStyle::Light9)
            .set_columns(&columns);
        self.sheet.add_table(0, 0, last, right, &native)?;
        for (row, (currency, cells)) in (last + 2..).zip(table.totals()) {
            for (at, (column, cell)) in (0_u16..).zip(table.columns.iter().zip(&cells)) {
                let look = CellLook {
                    sense: column.sense,
                    is_total: true,
                };
                let is_summed = column.is_summed && at > 0;
                let formula = is_summed.then(|| total(table, at, last, currency));
                self.put(row, at, cell, formula, look)?;
            }
        }
        Ok(())
    }

    /// Writes a cell, as a formula where there is one.
    pub(super) fn put(
        &mut self,
        row: u32,
        column: u16,
        cell: &TableCell,
        formula: Option<String>,
        look: CellLook,
    ) -> Result<(), XlsxError> {
        if *cell == TableCell::Empty {
            return Ok(());
        }
        let number = number(cell);
        let format = self
            .formats
            .get(style(cell, number, look.sense), look.is_total);
        match (cell, number, formula) {
            (_, Some(_), Some(formula)) => {
                let formula = Formula::new(formula).set_result(cell.plain());
                self.sheet
                    .write_formula_with_format(row, column, formula, format)?;
            }
            (_, Some(number), None) => {
                self.sheet
                    .write_number_with_format(row, column, number, format)?;
            }
            (TableCell::Day(day) | TableCell::Month(day), ..) => {
                let day = excel_day(*day)?;
                self.sheet
                    .write_datetime_with_format(row, column, day, format)?;
            }
            _ => Text::cell(&cell.plain()).put(self.sheet, row, column, format)?,
        }
        Ok(())
    }
}

/// The number of a cell, where a spreadsheet keeps it exactly.
fn number(cell: &TableCell) -> Option<f64> {
    match cell {
        TableCell::Money(money, currency) => money_number(*money, *currency),
        TableCell::Count(count) => count.to_string().parse().ok(),
        _ => None,
    }
}

fn style(cell: &TableCell, number: Option<f64>, sense: Sense) -> Style {
    match cell {
        TableCell::Money(_, currency) if number.is_some() => Style::Money(currency.digits(), sense),
        TableCell::Count(_) => Style::Count,
        TableCell::Day(_) => Style::Day,
        TableCell::Month(_) => Style::Month,
        TableCell::Rows(_) | TableCell::Money(..) => Style::Right,
        TableCell::Text(_) | TableCell::Empty => Style::Plain,
    }
}

/// The headings of the columns, no two alike.
fn headings(table: &ReportTable) -> Vec<Text> {
    let mut seen = BTreeSet::new();
    let mut headings = Vec::new();
    for column in &table.columns {
        let longer = Text::heading(&format!("{} ({})", column.title, column.name));
        let numbered = (2..).map(|number| longer.numbered(number));
        let mut wishes = [Text::heading(&column.title), longer.clone()]
            .into_iter()
            .chain(numbered);
        let free = wishes.find(|wish| seen.insert(folded(wish.as_str())));
        headings.push(free.expect("there are more numbers than columns"));
    }
    headings
}

/// The look of a heading, also where a program does not know native tables.
fn heading(column: &ReportColumn) -> Format {
    let format = Format::new()
        .set_bold()
        .set_background_color(HEAD)
        .set_border_bottom(FormatBorder::Thin);
    match column.kind.is_number() {
        true => format.set_align(FormatAlign::Right),
        false => format.set_align(FormatAlign::Left).set_indent(1),
    }
}

/// The figures of a table that formulas give.
struct Calculated<'t> {
    table: &'t ReportTable,
    /// The ledger, where formulas can compare its rows with the first column of the table.
    ledger: Option<&'t LedgerFormulas<'t>>,
}

impl Calculated<'_> {
    fn formula(&self, cells: &[TableCell], column: &ReportColumn, row: u32) -> Option<String> {
        if !column.adds.is_empty() {
            return self.added(cells, column, row);
        }
        let ledger = self.ledger.filter(|_| is_plain_key(&cells[0]))?;
        let currency = u16::try_from(self.table.column("currency")?).ok()?;
        ledger.sum(column, &self.table.columns[0].name, row, currency)
    }

    /// The sum of other cells of the row, if all of them hold amounts.
    fn added(&self, cells: &[TableCell], column: &ReportColumn, row: u32) -> Option<String> {
        let mut formula = "=".to_owned();
        let mut sign = "+";
        for word in column.adds.split(' ') {
            if matches!(word, "+" | "-") {
                sign = word;
                continue;
            }
            let at = self.table.column(word)?;
            cells[at].money()?;
            formula += sign;
            formula += &row_col_to_cell(row, u16::try_from(at).ok()?);
        }
        Some(formula)
    }
}

impl LedgerFormulas<'_> {
    /// Whether formulas over the ledger give the figures of a table, and give them quickly. Comparisons of a spreadsheet do not
    /// tell capitals from small letters.
    fn can_check(&self, table: &ReportTable) -> bool {
        let key = table.columns.first();
        let is_quick = table.rows.len() * self.rows <= MAX_COMPARISONS;
        key.filter(|key| is_quick && self.keys.contains(&*key.name))
            .is_some_and(|key| {
                has_one_spelling([(table, 0), (self.table, self.columns[&*key.name])])
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
fn total(table: &ReportTable, at: u16, last: u32, currency: Option<Currency>) -> String {
    let key = table
        .column("currency")
        .and_then(|at| u16::try_from(at).ok());
    match key.zip(currency) {
        Some((key, currency)) => {
            let (amounts, keys) = (range(at, last), range(key, last));
            format!("=SUMIFS({amounts},{keys},\"{currency}\")")
        }
        None => format!("=SUM({})", range(at, last)),
    }
}

/// The cells of a column below its heading.
fn range(column: u16, last: u32) -> String {
    let first = row_col_to_cell_absolute(1, column);
    format!("{first}:{}", row_col_to_cell_absolute(last, column))
}

/// How an amount looks.
#[derive(Clone, Copy)]
pub(super) struct CellLook {
    pub sense: Sense,
    /// Whether it stands below the others, in bold.
    pub is_total: bool,
}

/// The number nearest to an amount; a spreadsheet shows it with the decimals of its currency, and so exactly.
pub(super) fn money_number(money: Money, currency: Currency) -> Option<f64> {
    if !(-EXACT_BELOW..EXACT_BELOW).contains(&money.minor()) {
        return None;
    }
    money.display(currency).to_string().parse().ok()
}

/// The width of a column for its heading and its cells, of which the first thousand are looked at.
fn width(table: &ReportTable, at: usize, column: &ReportColumn) -> u16 {
    const LOOKED_AT: usize = 1_000;
    let rows = table.rows.iter().take(LOOKED_AT);
    let cells = rows
        .map(|row| characters(&row[at].shown()))
        .max()
        .unwrap_or(0);
    let total = match column.kind {
        ColumnKind::Money => 3,
        _ => 0,
    };
    let width = (cells + total + 2).max(characters(&column.title) + 5);
    u16::try_from(width.clamp(6, WIDEST)).unwrap_or(10)
}

/// How wide a text is; characters beyond ASCII may be twice as wide as others.
fn characters(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}
