//! Tables as rows of a type: each column is described once, with its name, its heading and how a row fills it, so that
//! headings and cells cannot part. Never decides which tables there are.

use std::borrow::Cow;

use super::table::{ColumnKind, ReportColumn, ReportTable, RowExtent, Sense, TableCell};
use crate::model::calendar::Day;
use crate::model::money::{Currency, Money};

/// A table in the making.
pub(super) struct TableRows<R> {
    rows: Vec<R>,
    currency: fn(&R) -> Option<Currency>,
    columns: Vec<ReportColumn>,
    cells: Vec<Vec<TableCell>>,
}

impl<R> TableRows<R> {
    /// Rows whose amounts are in a currency each.
    pub(super) fn new(
        rows: impl IntoIterator<Item = R>,
        currency: fn(&R) -> Option<Currency>,
    ) -> Self {
        let rows: Vec<R> = rows.into_iter().collect();
        Self {
            cells: rows.iter().map(|_| Vec::new()).collect(),
            rows,
            currency,
            columns: Vec::new(),
        }
    }

    /// Adds a column.
    pub(super) fn column<C: Into<TableCell>>(
        &mut self,
        kind: ColumnKind,
        name: impl Into<Cow<'static, str>>,
        title: impl Into<Cow<'static, str>>,
        cell: impl Fn(&R) -> C,
    ) -> &mut ReportColumn {
        for (row, cells) in self.rows.iter().zip(&mut self.cells) {
            cells.push(cell(row).into());
        }
        self.columns.push(ReportColumn {
            name: name.into(),
            title: title.into(),
            kind,
            is_summed: matches!(kind, ColumnKind::Count | ColumnKind::Money),
            sense: Sense::Plain,
            sums: None,
            adds: "",
        });
        self.columns.last_mut().expect("a column was added")
    }

    /// Adds a column of texts.
    pub(super) fn text<C: Into<TableCell>>(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        title: impl Into<Cow<'static, str>>,
        cell: impl Fn(&R) -> C,
    ) {
        self.column(ColumnKind::Text, name, title, cell);
    }

    /// Adds a column of dates.
    pub(super) fn day<C: Into<TableCell>>(
        &mut self,
        name: &'static str,
        title: &'static str,
        cell: impl Fn(&R) -> C,
    ) {
        self.column(ColumnKind::Day, name, title, cell);
    }

    /// Adds a column of numbers, with totals.
    pub(super) fn count(
        &mut self,
        name: &'static str,
        title: &'static str,
        cell: impl Fn(&R) -> u64,
    ) -> &mut ReportColumn {
        self.column(ColumnKind::Count, name, title, cell)
    }

    /// Adds a column of amounts in the currency of their row, with totals.
    pub(super) fn money<M: Into<Option<Money>>>(
        &mut self,
        name: &'static str,
        title: &'static str,
        amount: impl Fn(&R) -> M,
    ) -> &mut ReportColumn {
        let currency = self.currency;
        self.column(ColumnKind::Money, name, title, |row| {
            match (amount(row).into(), currency(row)) {
                (Some(amount), Some(currency)) => TableCell::Money(amount, currency),
                _ => TableCell::Empty,
            }
        })
    }

    /// Adds a column of amounts that do not add up to anything.
    pub(super) fn figure<M: Into<Option<Money>>>(
        &mut self,
        name: &'static str,
        title: &'static str,
        amount: impl Fn(&R) -> M,
    ) -> &mut ReportColumn {
        self.money(name, title, amount).unsummed()
    }

    /// Adds a column of balances.
    pub(super) fn balance<M: Into<Option<Money>>>(
        &mut self,
        name: &'static str,
        title: &'static str,
        amount: impl Fn(&R) -> M,
    ) {
        self.figure(name, title, amount).sense(Sense::Balance);
    }

    /// Adds the column of currencies.
    pub(super) fn currencies(&mut self) {
        let currency = self.currency;
        self.text("currency", "Currency", |row| {
            currency(row).map(Currency::code)
        });
    }

    /// Takes away what a workbook recalculates from the ledger of the month: the rows are of other months.
    pub(super) fn unchecked(&mut self) {
        self.columns
            .iter_mut()
            .for_each(|column| column.sums = None);
    }

    /// Adds the column of references to the ledger.
    pub(super) fn ledger_rows<C: Into<TableCell>>(&mut self, cell: impl Fn(&R) -> C) {
        self.column(ColumnKind::Rows, "ledger_rows", "Ledger rows", cell);
    }

    /// The table.
    pub(super) fn table(self, name: &str, title: &str, about: impl Into<String>) -> ReportTable {
        ReportTable {
            name: name.to_owned(),
            title: title.to_owned(),
            about: about.into(),
            columns: self.columns,
            rows: self.cells,
            is_whole: true,
        }
    }
}

impl<T: Into<Self>> From<Option<T>> for TableCell {
    fn from(cell: Option<T>) -> Self {
        cell.map_or(Self::Empty, T::into)
    }
}

impl From<&str> for TableCell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for TableCell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Day> for TableCell {
    fn from(day: Day) -> Self {
        Self::Day(day)
    }
}

impl From<u64> for TableCell {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl From<RowExtent> for TableCell {
    fn from(rows: RowExtent) -> Self {
        Self::Rows(rows)
    }
}
