//! A CSV file as its cells, to change some of them and leave all others as people wrote them.

/// A table with a header.
#[derive(Clone, Debug, Default)]
pub(super) struct EditedTable {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    /// The file, as long as nothing in it has changed.
    text: Option<String>,
}

impl EditedTable {
    /// A table without rows.
    pub(super) fn with_header(names: &[&str]) -> Self {
        Self {
            header: names.iter().map(|name| (*name).to_owned()).collect(),
            rows: Vec::new(),
            text: None,
        }
    }

    /// The cells of a file; none where it is not a table with rows of one width.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(true)
            .from_reader(text.as_bytes());
        let header = reader.headers().ok()?.iter().map(str::to_owned).collect();
        let rows = reader
            .records()
            .map(|record| Some(record.ok()?.iter().map(str::to_owned).collect()));
        Some(Self {
            header,
            rows: rows.collect::<Option<_>>()?,
            text: Some(text.to_owned()),
        })
    }

    /// Whether there is such a column.
    pub(super) fn has(&self, column: &str) -> bool {
        self.header.iter().any(|name| name == column)
    }

    /// How many rows it has.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The text of a cell as it is meant; empty where there is no such column.
    pub(super) fn get(&self, row: usize, column: &str) -> &str {
        let at = self.header.iter().position(|name| name == column);
        at.and_then(|at| self.rows[row].get(at))
            .map(|cell| crate::input::cell::read_cell(cell))
            .unwrap_or_default()
    }

    /// Writes a cell; its column is added at the end if need be.
    pub(super) fn set(&mut self, row: usize, column: &str, text: &str) {
        if self.get(row, column) == text {
            return;
        }
        let at = self.column(column);
        self.rows[row][at] = crate::input::cell::written(text).into_owned();
        self.text = None;
    }

    /// Adds a row with these cells.
    pub(super) fn push(&mut self, cells: &[(&str, &str)]) {
        self.rows.push(vec![String::new(); self.header.len()]);
        self.text = None;
        let row = self.rows.len() - 1;
        cells
            .iter()
            .for_each(|(column, text)| self.set(row, column, text));
    }

    /// Takes a row away.
    pub(super) fn remove(&mut self, row: usize) {
        self.rows.remove(row);
        self.text = None;
    }

    fn column(&mut self, name: &str) -> usize {
        if let Some(at) = self.header.iter().position(|known| known == name) {
            return at;
        }
        self.header.push(name.to_owned());
        self.rows.iter_mut().for_each(|row| row.push(String::new()));
        self.header.len() - 1
    }

    /// The number of the first row with these cells.
    pub(super) fn find(&self, cells: &[(&str, &str)]) -> Option<usize> {
        (0..self.rows.len()).find(|row| {
            cells
                .iter()
                .all(|(column, text)| self.get(*row, column) == *text)
        })
    }

    /// Sorts the rows by some cells; a file that has not changed stays as it is.
    pub(super) fn sort_by(&mut self, columns: &[&str]) {
        let places: Vec<usize> = columns
            .iter()
            .filter_map(|name| self.header.iter().position(|known| known == name))
            .collect();
        if self.text.is_some() {
            return;
        }
        self.rows.sort_by(|one, other| {
            places
                .iter()
                .map(|at| &one[*at])
                .cmp(places.iter().map(|at| &other[*at]))
        });
    }

    /// The text of the file.
    pub(super) fn to_csv(&self) -> String {
        if let Some(text) = &self.text {
            return text.clone();
        }
        let mut writer = csv::Writer::from_writer(Vec::new());
        for record in std::iter::once(&self.header).chain(&self.rows) {
            writer
                .write_record(record)
                .expect("all records of a file have its columns, and memory takes them");
        }
        let bytes = writer
            .into_inner()
            .expect("writing to memory does not fail");
        String::from_utf8(bytes).expect("texts stay texts in CSV")
    }
}
