//! A CSV file as its cells, to change some of them and leave all others as people wrote them. The only place where an
//! import writes CSV; it knows no file of a book.

use std::collections::{BTreeMap, BTreeSet};

use crate::input::cell;

/// Whether a file is a table with rows of one width, without a look at its cells.
pub(crate) fn is_table(bytes: &[u8]) -> bool {
    let is_text = str::from_utf8(bytes).is_ok();
    let mut records = csv::Reader::from_reader(bytes).into_byte_records();
    is_text && records.all(|record| record.is_ok())
}

/// A table with a header.
#[derive(Clone, Debug, Default)]
pub(crate) struct EditedTable {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    /// The file, as long as nothing in it has changed.
    text: Option<String>,
}

impl EditedTable {
    /// A table without rows.
    pub(crate) fn with_header(names: &[&str]) -> Self {
        Self {
            header: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Self::default()
        }
    }

    /// The cells of a file; none where it is not a table with rows of one width.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().ok()?.iter().map(str::to_owned).collect();
        let rows = reader.into_deserialize::<Vec<String>>();
        Some(Self {
            header,
            rows: rows.collect::<Result<_, _>>().ok()?,
            text: Some(text.to_owned()),
        })
    }

    /// Whether there is such a column.
    pub(crate) fn has(&self, column: &str) -> bool {
        self.header.iter().any(|name| name == column)
    }

    /// How many rows it has.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The text of a cell as it is meant; empty where there is no such column.
    pub(crate) fn get(&self, row: usize, column: &str) -> &str {
        let at = self.header.iter().position(|name| name == column);
        let cell = at.and_then(|at| self.rows[row].get(at));
        cell.map_or("", |cell| cell::read_cell(cell))
    }

    /// The texts of some cells of a row.
    pub(crate) fn key(&self, row: usize, columns: &[&str]) -> Vec<String> {
        let cells = columns.iter().map(|column| self.get(row, column));
        cells.map(str::to_owned).collect()
    }

    /// The first row with each combination of these cells, so that many rows can be looked up.
    pub(crate) fn index(&self, columns: &[&str]) -> BTreeMap<Vec<String>, usize> {
        let mut rows = BTreeMap::new();
        for row in 0..self.len() {
            rows.entry(self.key(row, columns)).or_insert(row);
        }
        rows
    }

    /// Writes a cell; its column is added at the end if need be.
    pub(crate) fn set(&mut self, row: usize, column: &str, text: &str) {
        if self.get(row, column) == text {
            return;
        }
        let at = self.header.iter().position(|name| name == column);
        let at = at.unwrap_or_else(|| {
            self.header.push(column.to_owned());
            self.rows.iter_mut().for_each(|row| row.push(String::new()));
            self.header.len() - 1
        });
        self.rows[row][at] = cell::written(text).into_owned();
        self.text = None;
    }

    /// Writes cells of a row.
    pub(crate) fn set_all(&mut self, row: usize, cells: &[(&str, &str)]) {
        for (column, text) in cells {
            self.set(row, column, text);
        }
    }

    /// Adds a row with these cells and returns its number.
    pub(crate) fn push(&mut self, cells: &[(&str, &str)]) -> usize {
        self.rows.push(vec![String::new(); self.header.len()]);
        self.text = None;
        let row = self.rows.len() - 1;
        self.set_all(row, cells);
        row
    }

    /// Removes rows.
    pub(crate) fn remove(&mut self, rows: &BTreeSet<usize>) {
        if !rows.is_empty() {
            let mut number = 0..;
            self.rows
                .retain(|_| number.next().is_none_or(|row| !rows.contains(&row)));
            self.text = None;
        }
    }

    /// Sorts the rows by some cells; a file that has not changed stays as it is.
    pub(crate) fn sort_by(&mut self, columns: &[&str]) {
        if self.text.is_some() {
            return;
        }
        let at = |name: &&str| self.header.iter().position(|known| known == name);
        let places: Vec<usize> = columns.iter().filter_map(at).collect();
        self.rows.sort_by(|one, other| {
            let cells = places.iter().map(|at| &one[*at]);
            cells.cmp(places.iter().map(|at| &other[*at]))
        });
    }

    /// The text of the file.
    pub(crate) fn into_csv(self) -> String {
        if let Some(text) = self.text {
            return text;
        }
        let mut writer = csv::Writer::from_writer(Vec::new());
        for record in std::iter::once(self.header).chain(self.rows) {
            let written = writer.write_record(record);
            written.expect("all records of a file have its columns, and memory takes them");
        }
        let bytes = writer.into_inner().expect("memory takes any row");
        String::from_utf8(bytes).expect("texts stay texts in CSV")
    }
}
