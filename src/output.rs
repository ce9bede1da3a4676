//! What a replay comes to, as bytes. Never writes a file, never reads a clock.

pub mod chart;
pub mod closing;
pub mod compare;
pub mod csv;
mod csv_buffer;
pub mod csv_buffers;
mod csv_columns;
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
