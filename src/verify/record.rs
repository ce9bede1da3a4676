//! `run.json` as it is read back. It is held against its own digest here, and against everything else elsewhere.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::violations::{Violations, mismatch, shown};
use super::{KnownDays, WrittenFiles};
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

impl fmt::Display for RecordedSpend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            currency,
            as_funded,
            ..
        } = self;
        let [paid, kept] =
            [&self.all_due_paid, &self.all_kept].map(|sum| sum.as_deref().unwrap_or("not known"));
        write!(f, "{currency} {as_funded}, {paid}, {kept}")
    }
}

/// The lowest available amount of an account.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(super) struct RecordedLowest {
    pub account_id: String,
    pub currency: String,
    pub available: String,
    pub date: String,
}

impl fmt::Display for RecordedLowest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            account_id,
            currency,
            available,
            date,
        } = self;
        write!(f, "{currency} {available} on {date} of `{account_id}`")
    }
}

impl WrittenRecord {
    /// Reads the file and holds it against its own digest.
    pub(super) fn read_record_file(
        written: &WrittenFiles<'_>,
        found: &mut Violations,
    ) -> Option<Self> {
        if !written.names.contains(FILE) {
            let message = format!("missing `{FILE}`: the hashes of the other files are not known");
            found.add_changed(Code::MissingFile, FILE, message);
            return None;
        }
        let bytes = written.bytes(FILE, found)?;
        match Seal::seal_of(&bytes) {
            Seal::Whole => {}
            Seal::Broken { stated, actual } => {
                let end = bytes.len().saturating_sub(b"\"\n}\n".len());
                let place = Place::in_bytes(FILE, &bytes, end.saturating_sub(64)..end);
                let message = format!("a byte has changed: {}", mismatch("digest", actual, stated));
                found.add_changed_at(Code::ChangedFile, place, message);
            }
            Seal::None => {
                let message = format!(
                    "`{FILE}` ends without a `digest`: neither its bytes nor its hashes are proven"
                );
                found.add_changed(Code::Unsealed, FILE, message);
            }
        }
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(record) => Some(Self { bytes, ..record }),
            Err(error) => {
                let place = Place {
                    line: error.line().max(1),
                    ..Place::of_file(FILE)
                };
                found.add_changed_at(
                    Code::BadJson,
                    place,
                    format!("not what a run writes: {error}"),
                );
                None
            }
        }
    }

    /// Whether the run drew charts.
    pub(super) fn has_charts(&self) -> bool {
        let mut names = self.outputs.iter().flat_map(BTreeMap::keys);
        names.any(|name| {
            name.split_once('/')
                .is_some_and(|(folder, _)| folder == pictures::FOLDER)
        })
    }

    /// The days of the run, as far as they can be read.
    pub(super) fn days_of_run(&self, found: &mut Violations) -> KnownDays {
        let [from, to] = [("from", &self.from), ("to", &self.to)].map(|(key, text)| {
            let day = Day::parse(text).ok();
            if day.is_none() {
                let expected = "a date of the form YYYY-MM-DD";
                let message = mismatch(key, expected, shown(text.as_bytes()));
                found.report(Code::BadDate, FILE, &[], || {
                    (self.place_of_key(key), message)
                });
            }
            day
        });
        KnownDays { from, to }
    }

    /// The place of a key: its first line that begins with it.
    pub(super) fn place_of_key(&self, key: &str) -> Place {
        let key = format!("\"{}\":", key.replace('\\', "\\\\").replace('"', "\\\""));
        let at = memchr::memmem::find(&self.bytes, key.as_bytes());
        at.map_or_else(
            || Place::of_file(FILE),
            |at| Place::in_bytes(FILE, &self.bytes, at..at + key.len() - 1),
        )
    }
}
