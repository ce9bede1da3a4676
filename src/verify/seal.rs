//! The hashes of all files of a result, held against those that `run.json` lists.

use std::collections::BTreeMap;
use std::io;

use super::Written;
use super::findings::Findings;
use super::record::{FILE, Record};
use super::report::{self, Report, is_of_report};
use crate::diagnostic::{Code, Place};
use crate::report::hash::Hasher;

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

/// Hashes every file and gives the number of those that are as the run wrote them.
pub(super) fn check(written: &Written<'_>, record: Option<&Record>, found: &mut Findings) -> usize {
    let trusted = record.filter(|_| !found.is_changed(FILE));
    let Some(outputs) = trusted.and_then(|record| record.outputs.as_ref()) else {
        let listed = record.and_then(|record| record.outputs.as_ref());
        ALWAYS.iter().filter(|name| listed.is_none_or(|listed| listed.contains_key(**name))).for_each(|name| {
            missing(written, name, found);
        });
        return 0;
    };
    let report = Report::read(written, trusted, found);
    let of_report = report.as_ref().map(|report| &report.outputs);
    let mut unchanged = 1 + usize::from(report.is_some());
    for (name, must) in outputs.iter().chain(of_report.into_iter().flatten()) {
        if missing(written, name, found) {
            continue;
        }
        match hash(written, name, found) {
            Some(is) if is == *must => unchanged += 1,
            Some(is) => {
                let message = format!("`{name}` has changed: its SHA-256 is {is}, must be {must}");
                found.add_changed(name, Code::ChangedFile, Place::of_file(name), message);
            }
            None => {}
        }
    }
    let is_listed = |name: &String| match is_of_report(name) && written.names.contains(report::FILE) {
        // Without its list nothing is known of the files of a report.
        true => name == report::FILE || of_report.is_none_or(|listed| listed.contains_key(name)),
        false => name == FILE || outputs.contains_key(name),
    };
    for name in written.names.iter().filter(|name| !is_listed(name)) {
        let message = format!("`{name}` is there, must not be: the run did not write it");
        found.add_changed(name, Code::ExtraFile, Place::of_file(name), message);
    }
    found.seal();
    ledger(trusted, outputs, found);
    unchanged
}

/// `ledger.csv` has its hash in two places.
fn ledger(record: Option<&Record>, outputs: &BTreeMap<String, String>, found: &mut Findings) {
    let (Some(record), Some(must)) = (record, outputs.get("ledger.csv")) else { return };
    if record.ledger != *must {
        found.add(Code::Disagrees, (FILE, &[]), || {
            (record.place("ledger"), format!("`ledger` is {}, must be {must} as in `outputs`", record.ledger))
        });
    }
}

fn missing(written: &Written<'_>, name: &str, found: &mut Findings) -> bool {
    let is_missing = !written.names.contains(name);
    if is_missing {
        let message = format!("`{name}` is not there, must be: the run wrote it");
        found.add_changed(name, Code::MissingFile, Place::of_file(name), message);
    }
    is_missing
}

fn hash(written: &Written<'_>, name: &str, found: &mut Findings) -> Option<String> {
    let mut hasher = Hasher::default();
    let mut file = written.open(name, found)?;
    match io::copy(&mut file, &mut hasher) {
        Ok(_) => Some(hasher.hex()),
        Err(error) => {
            written.unreadable(name, &error, found);
            None
        }
    }
}
