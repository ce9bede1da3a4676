//! The hashes of all files of a result, held against those that `run.json` and `report/report.json` list; and the files that
//! neither of them lists. What is in the files does not matter here.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::path::Path;

use super::WrittenFiles;
use super::record::{FILE, WrittenRecord};
use super::report::{ReportClaims, is_of_report};
use super::violations::{Violations, mismatch};
use crate::input;
use crate::input::diagnostic::Code;
use crate::output::hash::Hasher;
use crate::output::run_json::Hashes;
use crate::output::{pictures, report_json};

/// What every result has, whether or not its `run.json` lists it.
const ALWAYS: &[&str] = &[
    "ledger.csv",
    "balances.csv",
    "monthly.csv",
    "spend.csv",
    "demand.csv",
    "lost.csv",
    "closing/book.toml",
    "closing/profiles.toml",
    "closing/accounts.csv",
    "closing/instances.csv",
    "closing/actions.csv",
];

/// The to-do list.
const TASKS: &[&str] = &["todo.csv", "todo-actions.csv"];
/// The folder of scenarios in a closing book.
const SCENARIOS: &str = "scenarios/";

/// What the hashes say.
#[derive(Default)]
pub(super) struct HashCheck {
    /// How many files are as they were written.
    pub unchanged: usize,
    /// Files that nobody lists, and whose names neither a run nor a report uses.
    pub foreign: Vec<String>,
    /// The report beside the run, if its list can be trusted.
    pub report: Option<ReportClaims>,
}

/// Whether a run or a report writes files of this name: one that nobody lists would be taken for theirs.
pub fn is_name_of_result(name: &str) -> bool {
    let ending = Path::new(name).extension().and_then(OsStr::to_str);
    match name.split_once('/') {
        None => {
            name == FILE || ALWAYS.contains(&name) || TASKS.contains(&name) || is_of_report(name)
        }
        Some(("closing", inner)) => input::FILES.contains(&inner) || inner.starts_with(SCENARIOS),
        Some((pictures::FOLDER, _)) => matches!(ending, Some("svg" | "png")),
        Some((report_json::FOLDER, _)) => ending == Some("csv") || name == report_json::RECORD,
        Some(_) => false,
    }
}

/// Finds links in the place of files: where they lead can change without any file of the result.
pub(super) fn refuse_links(written: &WrittenFiles<'_>, found: &mut Violations) {
    for name in written.links.iter().filter(|name| is_name_of_result(name)) {
        refuse_link(name, found);
    }
}

fn refuse_link(name: &str, found: &mut Violations) {
    let message = format!("`{name}` is a symbolic link; expected the file itself");
    found.add_changed(Code::ChangedFile, name, message);
}

/// Hashes every file and finds those that are not as they were written.
pub(super) fn check_hashes(
    written: &WrittenFiles<'_>,
    record: Option<&WrittenRecord>,
    found: &mut Violations,
) -> HashCheck {
    let trusted = record.filter(|_| !found.is_changed(FILE));
    let Some((record, outputs)) = trusted.and_then(|it| Some((it, it.outputs.as_ref()?))) else {
        if trusted.is_some() {
            let message = format!("`{FILE}` lists no `outputs`: the other files are not proven");
            found.add_changed(Code::Unsealed, FILE, message);
        }
        let listed = record.and_then(|record| record.outputs.as_ref());
        for name in ALWAYS {
            if listed.is_none_or(|listed| listed.contains_key(*name)) {
                is_missing(written, name, found);
            }
        }
        return HashCheck::default();
    };
    let report = ReportClaims::read_claims(written, record, found);
    let of_report = report.iter().flat_map(|report| &report.outputs);
    let listed = outputs.iter().chain(of_report);
    let names: BTreeSet<&str> = listed.clone().map(|(name, _)| name.as_str()).collect();
    let unchanged = listed
        .filter(|(name, hash)| is_unchanged(written, name, hash, found))
        .count();
    let foreign = refuse_unlisted(written, &names, report.is_some(), found);
    found.seal();
    check_ledger_hash(record, outputs, found);
    HashCheck {
        unchanged: 1 + usize::from(report.is_some()) + unchanged,
        foreign,
        report,
    }
}

/// Finds files that nobody lists; those whose names neither a run nor a report uses are given back.
fn refuse_unlisted(
    written: &WrittenFiles<'_>,
    listed: &BTreeSet<&str>,
    has_report: bool,
    found: &mut Violations,
) -> Vec<String> {
    const RECORD: &str = report_json::RECORD;
    let unlisted = written
        .names
        .iter()
        .filter(|name| **name != FILE && **name != RECORD && !listed.contains(name.as_str()));
    let (ours, foreign): (Vec<&String>, Vec<&String>) =
        unlisted.partition(|name| is_name_of_result(name));
    // Without its list nothing is known of the files of a report.
    let (of_unknown, extra): (Vec<&String>, Vec<&String>) = ours
        .into_iter()
        .partition(|name| !has_report && is_of_report(name));
    if let Some(name) = of_unknown
        .first()
        .filter(|_| !written.names.contains(RECORD))
    {
        let message =
            format!("missing `{RECORD}`: it has the hashes of the report, as of `{name}`");
        found.add_changed(Code::MissingFile, RECORD, message);
    }
    for name in extra {
        let message = format!("unexpected `{name}`: the run did not write it");
        found.add_changed(Code::ExtraFile, name, message);
    }
    foreign.into_iter().cloned().collect()
}

/// Whether a file is as it was written.
fn is_unchanged(
    written: &WrittenFiles<'_>,
    name: &str,
    expected: &str,
    found: &mut Violations,
) -> bool {
    if written.links.contains(name) && !found.is_changed(name) {
        refuse_link(name, found);
    }
    if is_missing(written, name, found) {
        return false;
    }
    let Some(is) = hash_of(written, name, found) else {
        return false;
    };
    if is != expected {
        let message = format!("`{name}` has changed: expected SHA-256 {expected}, found {is}");
        found.add_changed(Code::ChangedFile, name, message);
    }
    is == expected
}

/// `ledger.csv` has its hash in two places.
fn check_ledger_hash(record: &WrittenRecord, outputs: &Hashes, found: &mut Violations) {
    if let Some(listed) = outputs
        .get("ledger.csv")
        .filter(|listed| **listed != record.ledger)
    {
        let message = mismatch(
            "ledger",
            format!("{listed} (as in `outputs`)"),
            &record.ledger,
        );
        found.report(Code::Disagrees, FILE, &[], || {
            (record.place_of_key("ledger"), message)
        });
    }
}

fn is_missing(written: &WrittenFiles<'_>, name: &str, found: &mut Violations) -> bool {
    let is_missing = !written.names.contains(name);
    if is_missing {
        let message = format!("missing `{name}`: the run wrote it");
        found.add_changed(Code::MissingFile, name, message);
    }
    is_missing
}

fn hash_of(written: &WrittenFiles<'_>, name: &str, found: &mut Violations) -> Option<String> {
    let mut hasher = Hasher::default();
    let mut file = written.open_file(name, found)?;
    match io::copy(&mut file, &mut hasher) {
        Ok(_) => Some(hasher.hex()),
        Err(error) => {
            written.report_unreadable(name, &error, found);
            None
        }
    }
}
