//! The hashes of all files of a result, held against those that `run.json` and `report/report.json` list; and the files that
//! neither of them lists.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::WrittenFiles;
use super::record::{FILE, WrittenRecord};
use super::report::{ReportClaims, is_of_report};
use super::violations::Violations;
use crate::input;
use crate::input::diagnostic::{Code, Place};
use crate::output::hash::Hasher;
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
    /// Files that nobody lists, and whose names are none of a run or a report.
    pub foreign: Vec<String>,
    /// The report beside the run, if its list can be trusted.
    pub report: Option<ReportClaims>,
}

/// Whether a run or a report writes files of this name: one that nobody lists would be taken for theirs.
pub fn is_name_of_result(name: &str) -> bool {
    let ends_in = |inner: &str, endings: &[&str]| {
        Path::new(inner)
            .extension()
            .is_some_and(|ending| endings.iter().any(|known| ending == *known))
    };
    match name.split_once('/') {
        None => {
            name == FILE || ALWAYS.contains(&name) || TASKS.contains(&name) || is_of_report(name)
        }
        Some(("closing", inner)) => input::FILES.contains(&inner) || inner.starts_with(SCENARIOS),
        Some((pictures::FOLDER, inner)) => ends_in(inner, &["svg", "png"]),
        Some((report_json::FOLDER, inner)) => {
            ends_in(inner, &["csv"]) || name == report_json::RECORD
        }
        Some(_) => false,
    }
}

/// Finds links in the place of files: where they lead can change without any file of the result.
pub(super) fn refuse_links(written: &WrittenFiles<'_>, found: &mut Violations) {
    let ours = written.links.iter().filter(|name| is_name_of_result(name));
    ours.for_each(|name| refuse_link(name, found));
}

fn refuse_link(name: &str, found: &mut Violations) {
    let message = format!("`{name}` is a symbolic link, must be the file itself");
    found.add_changed(name, Code::ChangedFile, Place::of_file(name), message);
}

/// Hashes every file and finds those that are not as they were written.
pub(super) fn check_hashes(
    written: &WrittenFiles<'_>,
    record: Option<&WrittenRecord>,
    found: &mut Violations,
) -> HashCheck {
    let trusted = record.filter(|_| !found.is_changed(FILE));
    let Some(outputs) = trusted.and_then(|record| record.outputs.as_ref()) else {
        if trusted.is_some() {
            let message = format!("`{FILE}` lists no `outputs`: the other files are not proven");
            found.add_changed(FILE, Code::Unsealed, Place::of_file(FILE), message);
        }
        let listed = record.and_then(|record| record.outputs.as_ref());
        ALWAYS
            .iter()
            .filter(|name| listed.is_none_or(|listed| listed.contains_key(**name)))
            .for_each(|name| {
                missing(written, name, found);
            });
        return HashCheck::default();
    };
    let report = ReportClaims::read_claims(written, trusted, found);
    let of_report = report.as_ref().map(|report| &report.outputs);
    let listed = outputs.iter().chain(of_report.into_iter().flatten());
    let unchanged = listed
        .filter(|listed| is_unchanged(written, *listed, found))
        .count();
    let is_listed = |name: &str| {
        name == FILE
            || outputs.contains_key(name)
            || of_report.is_some_and(|listed| listed.contains_key(name))
    };
    let others = written
        .names
        .iter()
        .filter(|name| !is_listed(name) && *name != report_json::RECORD);
    let (ours, foreign): (Vec<&String>, Vec<&String>) =
        others.partition(|name| is_name_of_result(name));
    // Without its list nothing is known of the files of a report.
    let (of_unknown, extra): (Vec<&String>, Vec<&String>) = ours
        .into_iter()
        .partition(|name| report.is_none() && is_of_report(name));
    if let Some(name) = of_unknown
        .first()
        .filter(|_| !written.names.contains(report_json::RECORD))
    {
        let name_of_list = report_json::RECORD;
        let message = format!(
            "`{name_of_list}` is not there, must be: it has the hashes of the report, as of `{name}`"
        );
        found.add_changed(
            name_of_list,
            Code::MissingFile,
            Place::of_file(name_of_list),
            message,
        );
    }
    for name in extra {
        let message = format!("`{name}` is there, must not be: the run did not write it");
        found.add_changed(name, Code::ExtraFile, Place::of_file(name), message);
    }
    found.seal();
    ledger(trusted, outputs, found);
    let foreign = foreign.into_iter().cloned().collect();
    HashCheck {
        unchanged: 1 + usize::from(report.is_some()) + unchanged,
        foreign,
        report,
    }
}

/// Whether a file is as it was written.
fn is_unchanged(
    written: &WrittenFiles<'_>,
    (name, must): (&String, &String),
    found: &mut Violations,
) -> bool {
    if written.links.contains(name) && !found.is_changed(name) {
        refuse_link(name, found);
    }
    if missing(written, name, found) {
        return false;
    }
    match hash(written, name, found) {
        Some(is) if is == *must => true,
        Some(is) => {
            let message = format!("`{name}` has changed: its SHA-256 is {is}, must be {must}");
            found.add_changed(name, Code::ChangedFile, Place::of_file(name), message);
            false
        }
        None => false,
    }
}

/// `ledger.csv` has its hash in two places.
fn ledger(
    record: Option<&WrittenRecord>,
    outputs: &BTreeMap<String, String>,
    found: &mut Violations,
) {
    let (Some(record), Some(must)) = (record, outputs.get("ledger.csv")) else {
        return;
    };
    if record.ledger != *must {
        found.report_violation(Code::Disagrees, (FILE, &[]), || {
            (
                record.place_of_key("ledger"),
                format!(
                    "`ledger` is {}, must be {must} as in `outputs`",
                    record.ledger
                ),
            )
        });
    }
}

fn missing(written: &WrittenFiles<'_>, name: &str, found: &mut Violations) -> bool {
    let is_missing = !written.names.contains(name);
    if is_missing {
        let message = format!("`{name}` is not there, must be: the run wrote it");
        found.add_changed(name, Code::MissingFile, Place::of_file(name), message);
    }
    is_missing
}

fn hash(written: &WrittenFiles<'_>, name: &str, found: &mut Violations) -> Option<String> {
    let mut hasher = Hasher::default();
    let mut file = written.open_file(name, found)?;
    match io::copy(&mut file, &mut hasher) {
        Ok(_) => Some(hasher.hex()),
        Err(error) => {
            written.unreadable(name, &error, found);
            None
        }
    }
}
