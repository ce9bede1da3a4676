//! A CSV file as text cells.

use super::Cells;

/// A CSV file as text cells.
pub(super) struct Table {
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn parse(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(text.as_bytes());
        let mut rows = reader
            .deserialize()
            .map(|row| row.expect("a CSV row"))
            .collect::<Vec<Vec<String>>>()
            .into_iter();
        Self {
            header: rows.next().expect("a header"),
            rows: rows.collect(),
        }
    }

    pub(super) fn text(&self) -> String {
        self.text_with(csv::Terminator::Any(b'\n'))
    }

    pub(super) fn text_with(&self, line_end: csv::Terminator) -> String {
        let mut writer = csv::WriterBuilder::new()
            .terminator(line_end)
            .from_writer(Vec::new());
        for row in std::iter::once(&self.header).chain(&self.rows) {
            writer.write_record(row).expect("memory takes every row");
        }
        let bytes = writer.into_inner().expect("memory takes every row");
        String::from_utf8(bytes).expect("the cells are UTF-8")
    }

    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name)
    }

    pub(super) fn add_row(&mut self, cells: &Cells) {
        for column in cells.keys() {
            if self.column(column).is_none() {
                self.header.push((*column).to_owned());
                self.rows.iter_mut().for_each(|row| row.push(String::new()));
            }
        }
        let row = self
            .header
            .iter()
            .map(|column| cells.get(column.as_str()).cloned().unwrap_or_default());
        self.rows.push(row.collect());
    }
}
