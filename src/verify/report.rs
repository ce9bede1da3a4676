//! A monthly report beside a result: of which run it is, and the hashes of its files. Its figures only a replay proves.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::WrittenFiles;
use super::record::WrittenRecord;
use super::violations::{Violations, mismatch};
use crate::input::diagnostic::Code;
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
        record: &WrittenRecord,
        found: &mut Violations,
    ) -> Option<Self> {
        if !written.names.contains(FILE) {
            return None;
        }
        let bytes = written.bytes(FILE, found)?;
        let (code, message) = match Seal::seal_of(&bytes) {
            Seal::Broken { stated, actual } => {
                let message = mismatch("digest", actual, stated);
                (Code::ChangedFile, format!("a byte has changed: {message}"))
            }
            Seal::None => {
                let message = format!(
                    "`{FILE}` ends without a `digest`: the files of the report are not proven"
                );
                (Code::Unsealed, message)
            }
            Seal::Whole => match serde_json::from_slice::<Self>(&bytes) {
                Ok(report) => {
                    if record.ledger != report.ledger {
                        let message = mismatch("ledger", &record.ledger, &report.ledger);
                        let message = format!("the report is of another run: {message}");
                        found.add_changed(Code::Disagrees, FILE, message);
                    }
                    return Some(report);
                }
                Err(error) => (Code::BadJson, format!("not what a report writes: {error}")),
            },
        };
        found.add_changed(code, FILE, message);
        None
    }
}

/// Whether a report writes a file of this name.
pub(super) fn is_of_report(name: &str) -> bool {
    let is_inside = name
        .split_once('/')
        .is_some_and(|(folder, _)| folder == FOLDER);
    is_inside || name == PAGE || name == WORKBOOK
}
