//! What a replay says, as bytes: nothing here writes a file.

use serde::Serialize;

pub mod chart;
pub mod closing;
pub mod csv;
mod detail;
pub mod frame;
pub mod monthly;
pub mod pictures;
pub mod profile;
pub mod run_json;

/// Rows as CSV, with a header of their field names. No rows give no bytes but the header of none.
fn write_rows<R: Serialize>(rows: impl IntoIterator<Item = R>) -> Vec<u8> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).expect("memory takes any row");
    }
    writer.into_inner().expect("memory takes any row")
}
