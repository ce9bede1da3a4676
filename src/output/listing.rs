//! The list that each verb leaves of the files it wrote: their SHA-256, and a digest of the list itself.
//!
//! A file that no list names belongs to somebody else, and so does one whose bytes have changed since.
//!
//! Rule **listing** of docs/spec.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::hash::hash;
use super::run_json::{Hashes, Seal, seal};

/// The lists of all verbs, relative to the folder that a verb writes into.
pub const LISTINGS: &[&str] = &[
    "run.json",
    "report/report.json",
    "calendar/calendar.json",
    "plan.json",
    "compare.json",
    "rules.json",
    "sweep.json",
    "terms.json",
    "diff.json",
];

#[derive(Serialize)]
struct ListingRecord<'r> {
    program: &'static str,
    version: &'static str,
    verb: &'r str,
    outputs: &'r Hashes,
}

#[derive(Deserialize)]
struct WrittenListing {
    program: String,
    #[serde(default)]
    outputs: Hashes,
}

/// The verb that leaves a list, as people type it.
pub fn verb(listing: &str) -> &str {
    let file = listing.rsplit('/').next().unwrap_or(listing);
    match file.strip_suffix(".json").unwrap_or(file) {
        "rules" => "compare --rules",
        verb => verb,
    }
}

/// The bytes of a list.
pub fn listing(verb: &str, outputs: &Hashes) -> Vec<u8> {
    let record = ListingRecord {
        program: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        verb,
        outputs,
    };
    seal(&serde_json::to_string_pretty(&record).expect("a list has a JSON form"))
}

/// Whether the bytes of a list are those that a verb wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListOrigin {
    /// Yes: the SHA-256 of each file.
    Whole(Hashes),
    /// They were once, and have changed.
    Changed,
    /// No.
    Foreign,
}

impl ListOrigin {
    /// Whether these are the first bytes of a list that a verb wrote.
    pub fn begins(bytes: &[u8]) -> bool {
        let name = format!("{{\n  \"program\": \"{}\",", env!("CARGO_PKG_NAME"));
        bytes.starts_with(name.as_bytes())
    }

    /// Reads the bytes of a list.
    pub fn origin_of(bytes: &[u8]) -> Self {
        let Ok(read) = serde_json::from_slice::<WrittenListing>(bytes) else {
            return Self::Foreign;
        };
        match Seal::seal_of(bytes) {
            _ if read.program != env!("CARGO_PKG_NAME") => Self::Foreign,
            // Names that lead out of the folder are none that a verb wrote.
            Seal::Whole if read.outputs.keys().all(|name| is_inside(name)) => {
                Self::Whole(read.outputs)
            }
            _ => Self::Changed,
        }
    }
}

/// What the lists in a folder say: by list, the SHA-256 of each file that it names, and its own. Lists that are not there, or
/// not whole, are left out. `read` gives the bytes of a plain file relative to the folder.
pub fn listings(read: impl Fn(&str) -> Option<Vec<u8>>) -> BTreeMap<&'static str, Hashes> {
    let one = |name: &'static str| {
        let bytes = read(name)?;
        match ListOrigin::origin_of(&bytes) {
            ListOrigin::Whole(mut outputs) => {
                outputs.insert(name.to_owned(), hash(&bytes));
                Some((name, outputs))
            }
            ListOrigin::Changed | ListOrigin::Foreign => None,
        }
    };
    LISTINGS.iter().filter_map(|name| one(name)).collect()
}

/// Whether a name stays within a folder.
fn is_inside(name: &str) -> bool {
    let is_plain = |part: &str| !matches!(part, "" | "." | "..");
    !name.contains(['\\', ':']) && name.split('/').all(is_plain)
}
