//! A monthly report beside a result: of which run it is, and the hashes of its files.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::WrittenFiles;
use super::record::WrittenRecord;
use super::violations::Violations;
use crate::input::diagnostic::{Code, Place};
pub(super) use crate::output::report_json::RECORD as FILE;
use crate::output::report_json::{FOLDER, LastRun, PAGE, WORKBOOK};
use crate::output::run_json::Seal;

/// What the file says.
#[derive(Deserialize)]
pub(super) struct ReportClaims {
    pub version: String,
    /// The month, and the columns by which it sums; none where a version wrote it that did not say.
    pub month: String,
    pub by: Option<Vec<String>>,
    /// The earlier result that it compares with.
    pub last: Option<LastRun>,
    ledger: String,
    /// The hashes of the files of the report.
    pub outputs: BTreeMap<String, String>,
}

impl ReportClaims {
    /// Reads the file, if there is one, and holds it against its own digest and against the run beside it.
    pub(super) fn read_claims(
        written: &WrittenFiles<'_>,
        record: Option<&WrittenRecord>,
        found: &mut Violations,
    ) -> Option<Self> {
        if !written.names.contains(FILE) {
            return None;
        }
        let bytes = written.bytes(FILE, found)?;
        match (
            Seal::seal_of(&bytes),
            serde_json::from_slice::<Self>(&bytes),
        ) {
            (Seal::Whole, Ok(report)) => {
                if let Some(record) = record.filter(|record| record.ledger != report.ledger) {
                    let message = format!(
                        "the report is of another run: its `ledger` is {}, must be {}",
                        report.ledger, record.ledger
                    );
                    found.add_changed(FILE, Code::Disagrees, Place::of_file(FILE), message);
                }
                Some(report)
            }
            (Seal::Broken { stated, actual }, _) => {
                let message =
                    format!("a byte has changed: the `digest` is {stated}, must be {actual}");
                found.add_changed(FILE, Code::ChangedFile, Place::of_file(FILE), message);
                None
            }
            (Seal::None, _) => {
                let message = format!(
                    "`{FILE}` does not end with a `digest`: the files of the report are not proven"
                );
                found.add_changed(FILE, Code::Unsealed, Place::of_file(FILE), message);
                None
            }
            (Seal::Whole, Err(error)) => {
                let message = format!("not what a report writes: {error}");
                found.add_changed(FILE, Code::BadJson, Place::of_file(FILE), message);
                None
            }
        }
    }
}

/// Whether a report writes a file of this name.
pub(super) fn is_of_report(name: &str) -> bool {
    let is_inside = name
        .strip_prefix(FOLDER)
        .is_some_and(|rest| rest.starts_with('/'));
    is_inside || name == PAGE || name == WORKBOOK
}
