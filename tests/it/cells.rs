//! CSV files of a result as tests read them: rows of cells by the names of their columns.

use std::collections::BTreeMap;

use csv::{Reader, StringRecord, Writer};

/// The cells of a row by column.
pub(crate) type Row = BTreeMap<String, String>;

/// The rows of a CSV file.
pub(crate) fn rows(text: &str) -> Vec<Row> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Reader::from_reader(text.as_bytes())
        .deserialize()
        .map(|row| row.expect("a CSV row"))
        .collect()
}

/// An amount of a cell in minor units, whatever the currency: the point is left out. An empty cell is zero.
pub(crate) fn minor(cell: &str) -> i64 {
    if cell.is_empty() {
        return 0;
    }
    cell.replace('.', "").parse().expect("an amount")
}

/// The columns of a table that `expected` names, in its order.
pub(crate) fn projected(table: &str, expected: &str) -> String {
    let mut reader = Reader::from_reader(table.as_bytes());
    let known = reader.headers().expect("a header").clone();
    let asked = Reader::from_reader(expected.as_bytes())
        .headers()
        .expect("a header")
        .clone();
    let columns: Vec<usize> = asked.iter().map(|name| position(&known, name)).collect();
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(&asked).expect("memory takes any row");
    for row in reader.records() {
        let row = row.expect("a CSV row");
        writer
            .write_record(columns.iter().map(|column| &row[*column]))
            .expect("memory takes any row");
    }
    String::from_utf8(writer.into_inner().expect("memory takes any row")).expect("cells are UTF-8")
}

/// The place of a column.
pub(crate) fn position(header: &StringRecord, name: &str) -> usize {
    header
        .iter()
        .position(|column| column == name)
        .unwrap_or_else(|| panic!("no column {name}"))
}
