//! What a replay comes to, as bytes. Never writes a file, never reads a clock.

#[cfg(feature = "reports")]
pub mod chart;
pub mod closing;
#[cfg(feature = "reports")]
pub mod compare;
pub mod csv;
mod csv_buffer;
pub mod csv_buffers;
mod csv_columns;
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
