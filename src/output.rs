//! What a replay says, as bytes: nothing here writes a file.

use serde::Serialize;

use crate::input::cell;

pub mod chart;
pub mod closing;
pub mod compare;
pub mod csv;
mod csv_buffer;
pub mod csv_buffers;
pub mod demand;
mod detail;
pub mod hash;
pub mod html;
pub mod icalendar;
pub mod listing;
pub mod lost;
pub mod month;
pub mod monthly;
mod names;
mod padded_cells;
pub mod pictures;
pub mod plan;
pub mod profile;
pub mod report_json;
pub mod run_json;
pub mod sweep;
pub mod tasks;
pub mod terms;
pub mod workbook;

/// Rows as CSV below their header, whose cells are the fields of a row in order; none of them is a formula.
fn write_rows<R: Serialize>(header: &[&str], rows: impl IntoIterator<Item = R>) -> Vec<u8> {
    let mut writer = ::csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(Vec::new());
    writer.write_record(header).expect("memory takes any row");
    for row in rows {
        writer.serialize(row).expect("memory takes any row");
    }
    let bytes = writer.into_inner().expect("memory takes any row");
    let mut cells = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(bytes.as_slice());
    let mut writer = ::csv::Writer::from_writer(Vec::with_capacity(bytes.len()));
    for record in cells.records() {
        let record = record.expect("what was written can be read");
        writer
            .write_record(record.iter().map(|text| cell::written(text).into_owned()))
            .expect("memory takes any row");
    }
    writer.into_inner().expect("memory takes any row")
}
