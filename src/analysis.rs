//! Questions to a replay: pure folds of its ledger, and replays of a changed book.

pub mod compare;
pub mod deadline;
pub mod demand;
pub mod explain;
pub mod losses;
pub mod lost;
pub mod plan;
pub mod remedy;
pub mod summary;
pub mod tasks;
#[cfg(feature = "terms")]
pub mod terms;
