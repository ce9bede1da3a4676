//! A CSV file as a list of columns, each with its name and how a row is written in it, so that header and cells cannot part.
//! Never for the large files: a ledger's rows go through `csv_buffer`.

use std::borrow::Cow;
use std::iter::once;

use crate::input::cell::csv_bytes;

/// The columns of a file with rows of one type, from left to right.
pub(super) struct CsvColumns<'c, R>(Vec<CsvColumn<'c, R>>);

struct CsvColumn<'c, R> {
    name: Cow<'c, str>,
    cell: Box<dyn Fn(R) -> String + 'c>,
}

impl<'c, R: Copy> CsvColumns<'c, R> {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a column.
    pub(super) fn column<T: ToString>(
        mut self,
        name: impl Into<Cow<'c, str>>,
        cell: impl Fn(R) -> T + 'c,
    ) -> Self {
        self.0.push(CsvColumn {
            name: name.into(),
            cell: Box::new(move |row| cell(row).to_string()),
        });
        self
    }

    /// Adds a column whose cells may be empty.
    pub(super) fn optional<T: ToString>(
        self,
        name: impl Into<Cow<'c, str>>,
        cell: impl Fn(R) -> Option<T> + 'c,
    ) -> Self {
        self.column(name, move |row| {
            cell(row).map_or_else(String::new, |value| value.to_string())
        })
    }

    /// The bytes of the file.
    pub(super) fn write(&self, rows: impl IntoIterator<Item = R>) -> Vec<u8> {
        let header: Vec<Cow<'_, str>> =
            self.0.iter().map(|column| (&*column.name).into()).collect();
        let rows = rows.into_iter().map(|row| self.cells(row));
        csv_bytes(once(header).chain(rows))
    }

    /// The bytes of a file that `input` reads again: its reader knows these columns in this order.
    pub(super) fn write_input(&self, known: &[&str], rows: impl IntoIterator<Item = R>) -> Vec<u8> {
        let names = self.0.iter().map(|column| &*column.name);
        assert!(
            names.eq(known.iter().copied()),
            "columns are those of the reader, in its order"
        );
        self.write(rows)
    }

    fn cells<'r>(&self, row: R) -> Vec<Cow<'r, str>> {
        self.0
            .iter()
            .map(|column| (column.cell)(row).into())
            .collect()
    }
}
