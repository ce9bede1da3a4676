//! What a replay says, as bytes: nothing here writes a file.

use serde::Serialize;

use crate::input::cell;

#[cfg(feature = "reports")]
pub mod chart;
pub mod closing;
#[cfg(feature = "reports")]
pub mod compare;
pub mod csv;
mod csv_buffer;
pub mod csv_buffers;
#[cfg(feature = "reports")]
pub mod demand;
mod detail;
#[cfg(feature = "reports")]
pub mod hash;
#[cfg(feature = "reports")]
pub mod html;
#[cfg(feature = "reports")]
pub mod icalendar;
#[cfg(feature = "reports")]
pub mod listing;
#[cfg(feature = "reports")]
pub mod lost;
#[cfg(feature = "reports")]
pub mod month;
#[cfg(feature = "reports")]
pub mod monthly;
#[cfg(feature = "reports")]
mod names;
mod padded_cells;
#[cfg(feature = "reports")]
pub mod pictures;
#[cfg(feature = "reports")]
pub mod plan;
pub mod profile;
#[cfg(feature = "reports")]
pub mod report_json;
#[cfg(feature = "reports")]
pub mod run_json;
#[cfg(feature = "reports")]
pub mod sweep;
#[cfg(feature = "reports")]
pub mod tasks;
#[cfg(feature = "reports")]
pub mod terms;
#[cfg(feature = "reports")]
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
