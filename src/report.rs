//! What a replay says, as bytes: nothing here writes a file.

use serde::Serialize;

pub mod chart;
pub mod closing;
pub mod csv;
mod detail;
pub mod frame;
pub mod hash;
pub mod monthly;
pub mod pictures;
pub mod profile;
pub mod run_json;

/// Rows as CSV below their header, whose cells are the fields of a row in order.
fn write_rows<R: Serialize>(header: &[&str], rows: impl IntoIterator<Item = R>) -> Vec<u8> {
    let mut writer = ::csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(header).expect("memory takes any row");
    for row in rows {
        writer.serialize(row).expect("memory takes any row");
    }
    writer.into_inner().expect("memory takes any row")
}
