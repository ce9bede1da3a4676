//! What a replay says, as bytes: nothing here writes a file.

pub mod csv;
mod detail;
