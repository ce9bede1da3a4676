//! `run.json` as it is read back.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::WrittenFiles;
use super::violations::{Violations, shown};
use crate::input::diagnostic::{Code, Place};
use crate::model::calendar::Day;
use crate::output::pictures;
use crate::output::run_json::Seal;

/// The name of the file.
pub(super) const FILE: &str = "run.json";

/// What `run.json` says. Hashes are texts as written.
#[derive(Debug, Deserialize)]
pub(super) struct WrittenRecord {
    pub version: String,
    pub scenario: Option<String>,
    /// The column by which spend is grouped; none in the results of versions that did not say it.
    pub by: Option<String>,
    from: String,
    to: String,
    pub inputs: BTreeMap<String, String>,
    pub profiles: BTreeMap<String, String>,
    pub ledger: String,
    /// None in the results of versions that did not list them.
    pub outputs: Option<BTreeMap<String, String>>,
    pub rows: u64,
    pub events: BTreeMap<String, u64>,
    pub spend: Vec<RecordedSpend>,
    pub lowest_available: Vec<RecordedLowest>,
    #[serde(skip)]
    bytes: Vec<u8>,
}

/// The three sums of a currency.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(super) struct RecordedSpend {
    pub currency: String,
    pub as_funded: String,
    pub all_due_paid: Option<String>,
    pub all_kept: Option<String>,
}

/// The lowest available amount of an account.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(super) struct RecordedLowest {
    pub account_id: String,
    pub currency: String,
    pub available: String,
    pub date: String,
}

impl WrittenRecord {
    /// Reads the file and holds it against its own digest.
    pub(super) fn read_record_file(
        written: &WrittenFiles<'_>,
        found: &mut Violations,
    ) -> Option<Self> {
        if !written.names.contains(FILE) {
            let message =
                format!("`{FILE}` is not there: the hashes of the other files are not known");
            found.add_changed(FILE, Code::MissingFile, Place::of_file(FILE), message);
            return None;
        }
        let bytes = written.bytes(FILE, found)?;
        let last = bytes.len().saturating_sub(b"\"\n}\n".len() + 64)
            ..bytes.len().saturating_sub(b"\"\n}\n".len());
        match Seal::seal_of(&bytes) {
            Seal::Whole => {}
            Seal::Broken { stated, actual } => {
                let message =
                    format!("a byte has changed: the `digest` is {stated}, must be {actual}");
                found.add_changed(
                    FILE,
                    Code::ChangedFile,
                    Place::in_bytes(FILE, &bytes, last),
                    message,
                );
            }
            Seal::None => {
                let message = format!(
                    "`{FILE}` does not end with a `digest`: its bytes and its hashes are not proven"
                );
                found.add_changed(FILE, Code::Unsealed, Place::of_file(FILE), message);
            }
        }
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(record) => Some(Self { bytes, ..record }),
            Err(error) => {
                let line = Place {
                    line: error.line().max(1),
                    ..Place::of_file(FILE)
                };
                let message = format!("not what a run writes: {error}");
                found.add_changed(FILE, Code::BadJson, line, message);
                None
            }
        }
    }

    /// Whether the run drew charts.
    pub(super) fn has_charts(&self) -> bool {
        let is_chart = |name: &String| {
            name.strip_prefix(pictures::FOLDER)
                .is_some_and(|rest| rest.starts_with('/'))
        };
        self.outputs
            .iter()
            .flatten()
            .any(|(name, _)| is_chart(name))
    }

    /// The days of the run, as far as they can be read.
    pub(super) fn days_of_run(&self, found: &mut Violations) -> (Option<Day>, Option<Day>) {
        let mut day = |key: &str, text: &str| {
            let day = Day::parse(text).ok();
            if day.is_none() {
                let message = format!(
                    "`{key}` is {}, must be a date of the form YYYY-MM-DD",
                    shown(text.as_bytes())
                );
                found.report_violation(Code::BadDate, (FILE, &[]), || {
                    (self.place_of_key(key), message)
                });
            }
            day
        };
        (day("from", &self.from), day("to", &self.to))
    }

    /// The place of a key: its first line that begins with it.
    pub(super) fn place_of_key(&self, key: &str) -> Place {
        let key = format!("\"{}\":", key.replace('\\', "\\\\").replace('"', "\\\""));
        let key = key.as_bytes();
        let at = self
            .bytes
            .windows(key.len())
            .position(|window| window == key);
        at.map_or_else(
            || Place::of_file(FILE),
            |at| Place::in_bytes(FILE, &self.bytes, at..at + key.len() - 1),
        )
    }
}
