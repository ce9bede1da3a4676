//! Tables of typed cells: every figure of a report stands in one, once, and the page, the workbook and the CSV files are
//! made of them.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use crate::engine::event::Event;
use crate::model::calendar::Day;
use crate::model::money::{Currency, Money};

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableCell {
    /// Nothing is known, or nothing applies.
    Empty,
    /// Words or an id.
    Text(String),
    /// A date.
    Day(Day),
    /// The month that begins on this day.
    Month(Day),
    /// A number of things.
    Count(u64),
    /// An amount.
    Money(Money, Currency),
    /// The rows of the ledger that the figures beside it sum.
    Rows(RowExtent),
}

/// Rows of the ledger: how many there are, the first and the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowExtent {
    /// Their number.
    pub count: u64,
    /// `seq` of the first.
    pub first: u64,
    /// `seq` of the last.
    pub last: u64,
}

impl RowExtent {
    /// Adds the row with this number, which comes after those before.
    pub fn extend_to(&mut self, seq: u64) {
        if self.count == 0 {
            self.first = seq;
        }
        self.count += 1;
        self.last = seq;
    }

    /// All rows of several.
    pub fn joined(all: impl Iterator<Item = Self>) -> Self {
        all.fold(Self::default(), |mut joined, rows| {
            joined.join(rows);
            joined
        })
    }

    /// The row with this number alone.
    pub fn one(seq: u64) -> Self {
        Self {
            count: 1,
            first: seq,
            last: seq,
        }
    }

    /// All rows of both.
    pub fn join(&mut self, other: Self) {
        if self.count == 0 {
            *self = other;
        } else if other.count > 0 {
            self.count += other.count;
            self.first = self.first.min(other.first);
            self.last = self.last.max(other.last);
        }
    }
}

impl fmt::Display for RowExtent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.count, self.first, self.last) {
            (0, ..) => Ok(()),
            (1, first, _) => write!(f, "{first}"),
            (count, first, last) if last - first + 1 == count => write!(f, "{first}–{last}"),
            (count, first, last) => write!(f, "{count} in {first}–{last}"),
        }
    }
}

impl TableCell {
    /// A text, or an empty cell.
    pub fn text_or_empty<T: Into<String>>(text: Option<T>) -> Self {
        text.map_or(Self::Empty, |text| Self::Text(text.into()))
    }

    /// A date, or an empty cell.
    pub fn of_day(day: Option<Day>) -> Self {
        day.map_or(Self::Empty, Self::Day)
    }

    /// As in a CSV file: amounts plain, with the decimals of their currency.
    pub fn plain(&self) -> Cow<'_, str> {
        match self {
            Self::Empty => Cow::Borrowed(""),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Day(day) => Cow::Owned(day.to_string()),
            Self::Month(day) => Cow::Owned(super::month_text(*day)),
            Self::Count(count) => Cow::Owned(count.to_string()),
            Self::Money(money, currency) => Cow::Owned(money.display(*currency).to_string()),
            Self::Rows(rows) => Cow::Owned(rows.to_string()),
        }
    }

    /// For people: amounts with their thousands apart.
    pub fn shown(&self) -> Cow<'_, str> {
        match self {
            Self::Money(money, currency) => {
                Cow::Owned(money.display_grouped(*currency).to_string())
            }
            _ => self.plain(),
        }
    }

    /// The amount, where it is one.
    pub fn money(&self) -> Option<(Money, Currency)> {
        match self {
            Self::Money(money, currency) => Some((*money, *currency)),
            _ => None,
        }
    }
}

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Words and ids.
    Text,
    /// Dates.
    Day,
    /// Months.
    Month,
    /// Numbers of things.
    Count,
    /// Amounts.
    Money,
    /// References to the ledger.
    Rows,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportColumn {
    /// Its name in CSV files.
    pub name: Cow<'static, str>,
    /// Its heading.
    pub title: Cow<'static, str>,
    /// What its cells are.
    pub kind: ColumnKind,
    /// Whether a total stands below it.
    pub is_summed: bool,
    /// What a figure above or below zero means.
    pub sense: Sense,
    /// The events of the month whose ledger amounts it sums, and the sign it gives them; a workbook recalculates it.
    pub sums: Option<(&'static [Event], Sign)>,
    /// The columns whose figures it adds or takes off; a workbook recalculates it.
    pub adds: &'static [(&'static str, Sign)],
}

/// How a figure shows the signed amounts of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// As they are.
    AsIs,
    /// Spend is positive.
    Reversed,
}

/// What a figure above or below zero means to whoever pays. It alone decides what is shown as good or bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sense {
    /// Neither is good or bad: what was spent, or came back.
    Plain,
    /// A balance: below zero is bad.
    Balance,
    /// A difference of costs: more is bad, less is good.
    MoreCost,
    /// What is left of a sum: something is good, less than nothing is bad.
    Left,
}

/// Whether a figure is good, bad or neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It is shown in green.
    Good,
    /// It is shown in red.
    Bad,
    /// It has no colour.
    Plain,
}

impl Sense {
    /// What an amount is.
    /// Rule **report-colours**.
    pub fn tone(self, amount: Money) -> Tone {
        match (self, amount.cmp(&Money::ZERO)) {
            (Self::Balance | Self::Left, Ordering::Less) | (Self::MoreCost, Ordering::Greater) => {
                Tone::Bad
            }
            (Self::MoreCost, Ordering::Less) | (Self::Left, Ordering::Greater) => Tone::Good,
            _ => Tone::Plain,
        }
    }
}

/// A column of texts.
pub(super) fn text_column(name: &'static str, title: &'static str) -> ReportColumn {
    ReportColumn {
        name: name.into(),
        title: title.into(),
        kind: ColumnKind::Text,
        is_summed: false,
        sense: Sense::Plain,
        sums: None,
        adds: &[],
    }
}

/// A column of dates.
pub(super) fn day(name: &'static str, title: &'static str) -> ReportColumn {
    ReportColumn {
        kind: ColumnKind::Day,
        ..text_column(name, title)
    }
}

/// A column of numbers, with totals.
pub(super) fn count(name: &'static str, title: &'static str) -> ReportColumn {
    ReportColumn {
        kind: ColumnKind::Count,
        is_summed: true,
        ..text_column(name, title)
    }
}

/// A column of amounts, with totals.
pub(super) fn money(name: &'static str, title: &'static str) -> ReportColumn {
    ReportColumn {
        kind: ColumnKind::Money,
        is_summed: true,
        ..text_column(name, title)
    }
}

/// The column of references to the ledger.
pub(super) fn rows() -> ReportColumn {
    ReportColumn {
        kind: ColumnKind::Rows,
        ..text_column("ledger_rows", "Ledger rows")
    }
}

impl ReportColumn {
    /// Without a total: the figures below each other do not add up to anything.
    pub fn unsummed(self) -> Self {
        Self {
            is_summed: false,
            ..self
        }
    }

    /// Its figures mean this.
    pub fn sense(self, sense: Sense) -> Self {
        Self { sense, ..self }
    }

    /// Adds the figures of columns of the same row, or takes them off.
    pub fn adding(self, adds: &'static [(&'static str, Sign)]) -> Self {
        Self { adds, ..self }
    }

    /// Sums the amounts of these events.
    pub fn summing(self, events: &'static [Event], sign: Sign) -> Self {
        Self {
            sums: Some((events, sign)),
            ..self
        }
    }
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportTable {
    /// The name of its file, its sheet and its place on the page; letters, digits, dashes and
    /// underscores. No other table of the report has it, whatever a file system holds to be one name.
    pub name: String,
    /// Its heading.
    pub title: String,
    /// What it shows, and which rows of the ledger its figures sum.
    pub about: String,
    /// Its columns.
    pub columns: Vec<ReportColumn>,
    /// Its rows, each with a cell for every column.
    pub rows: Vec<Vec<TableCell>>,
    /// Whether nothing was left out.
    pub is_whole: bool,
}

/// The word above the totals.
const TOTAL: &str = "Total";

impl ReportTable {
    /// The totals of each currency: a row with the word `Total`, and sums in the columns that have them. None where there is
    /// nothing to add.
    pub fn totals(&self) -> Vec<(Option<Currency>, Vec<TableCell>)> {
        if self.rows.len() < 2 || !self.columns.iter().any(|column| column.is_summed) {
            return Vec::new();
        }
        let mut groups: BTreeMap<Option<Currency>, Vec<&Vec<TableCell>>> = BTreeMap::new();
        for row in &self.rows {
            groups.entry(self.currency_of(row)).or_default().push(row);
        }
        groups
            .into_iter()
            .map(|(currency, rows)| (currency, self.total(currency, &rows)))
            .collect()
    }

    /// The currency of the amounts of a row.
    pub fn currency_of(&self, row: &[TableCell]) -> Option<Currency> {
        row.iter()
            .find_map(|cell| cell.money().map(|(_, currency)| currency))
    }

    fn total(&self, currency: Option<Currency>, rows: &[&Vec<TableCell>]) -> Vec<TableCell> {
        let cell = |(at, column): (usize, &ReportColumn)| match column.kind {
            _ if at == 0 => TableCell::Text(TOTAL.to_owned()),
            ColumnKind::Count if column.is_summed => {
                let count = |row: &&Vec<TableCell>| {
                    if let TableCell::Count(count) = row[at] {
                        count
                    } else {
                        0
                    }
                };
                TableCell::Count(rows.iter().map(count).sum())
            }
            ColumnKind::Money if column.is_summed => {
                let mut amounts = rows.iter().filter_map(|row| row[at].money()).peekable();
                match (amounts.peek().is_some(), currency) {
                    (true, Some(currency)) => {
                        TableCell::Money(amounts.map(|(money, _)| money).sum(), currency)
                    }
                    _ => TableCell::Empty,
                }
            }
            _ if column.name == "currency" => {
                TableCell::text_or_empty(currency.map(Currency::code))
            }
            _ => TableCell::Empty,
        };
        self.columns.iter().enumerate().map(cell).collect()
    }

    /// The table as CSV, whole.
    pub fn csv(&self) -> Vec<u8> {
        let header: Vec<&str> = self.columns.iter().map(|column| &*column.name).collect();
        let rows = self
            .rows
            .iter()
            .map(|row| row.iter().map(TableCell::plain).collect::<Vec<_>>());
        super::write_rows(&header, rows)
    }

    /// Leaves out the columns of which no row has a cell, but those that a total or a reader needs.
    pub fn leave_out_empty_columns(&mut self) {
        let is_kept: Vec<bool> = (0..self.columns.len())
            .map(|at| {
                at == 0
                    || self.rows.iter().any(|row| {
                        !matches!(&row[at], TableCell::Empty) && !row[at].plain().is_empty()
                    })
            })
            .collect();
        let mut kept = is_kept.iter();
        self.columns.retain(|_| *kept.next().unwrap_or(&true));
        for row in &mut self.rows {
            let mut kept = is_kept.iter();
            row.retain(|_| *kept.next().unwrap_or(&true));
        }
    }

    /// The position of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}
