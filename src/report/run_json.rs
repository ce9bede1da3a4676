//! `run.json`: what ran, on which inputs, with which result, and a digest of itself.

use std::collections::BTreeMap;

use serde::Serialize;

use super::hash::hash;
use super::profile;
use crate::book::Book;
use crate::summary::{AccountSummary, Summary};

#[derive(Serialize)]
struct Run<'r> {
    program: &'static str,
    version: &'static str,
    book: &'r str,
    scenario: Option<&'r str>,
    from: String,
    to: String,
    inputs: &'r Hashes,
    profiles: BTreeMap<&'r str, String>,
    ledger: &'r str,
    outputs: &'r Hashes,
    rows: u64,
    events: BTreeMap<&'static str, u64>,
    lowest_available: Vec<Lowest<'r>>,
}

#[derive(Serialize)]
struct Lowest<'r> {
    account_id: &'r str,
    currency: &'static str,
    available: String,
    date: String,
}

/// The hashes of files by their names.
pub type Hashes = BTreeMap<String, String>;

/// The bytes of `run.json`. Hashes are SHA-256: of each input file, of each profile as resolved, of each output.
pub fn run_json(
    inputs: &Hashes,
    (book, scenario): (&Book, Option<&str>),
    summary: &Summary,
    outputs: &Hashes,
) -> Vec<u8> {
    let run = Run {
        program: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        book: &book.name,
        scenario,
        from: book.days.from.to_string(),
        to: book.days.to.to_string(),
        inputs,
        profiles: book.profiles.iter().map(|one| (&*one.name, hash(profile::toml(one).as_bytes()))).collect(),
        ledger: outputs.get("ledger.csv").map_or("", String::as_str),
        outputs,
        rows: summary.rows(),
        events: summary.events.iter().map(|(event, rows)| (event.name(), *rows)).collect(),
        lowest_available: lowest(book, summary),
    };
    seal(&serde_json::to_string_pretty(&run).expect("a run has a JSON form"))
}

/// What stands before the digest, and behind it to the end of the file.
const DIGEST: (&str, &str) = (",\n  \"digest\": \"", "\"\n}\n");

/// Adds the key `digest` to the end of a JSON object: the hash of every byte of the file before it.
pub fn seal(object: &str) -> Vec<u8> {
    let (before, after) = DIGEST;
    let open = object.trim_end().strip_suffix('}').unwrap_or(object).trim_end();
    let sealed = format!("{open}{before}");
    let digest = hash(sealed.as_bytes());
    (sealed + &digest + after).into_bytes()
}

/// Whether a file is as [`seal`] left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seal {
    /// No byte has changed.
    Whole,
    /// The digest that it has is not that of its bytes.
    Broken {
        /// What stands in the file.
        stated: String,
        /// What its bytes have.
        actual: String,
    },
    /// It does not end with a digest.
    None,
}

impl Seal {
    /// Looks at the bytes of a file.
    pub fn of(bytes: &[u8]) -> Self {
        let (before, after) = DIGEST;
        let digest = bytes.strip_suffix(after.as_bytes()).and_then(|rest| rest.split_last_chunk::<64>());
        let Some((sealed, stated)) = digest.filter(|(sealed, _)| sealed.ends_with(before.as_bytes())) else {
            return Self::None;
        };
        let (stated, actual) = (String::from_utf8_lossy(stated).into_owned(), hash(sealed));
        if stated == actual { Self::Whole } else { Self::Broken { stated, actual } }
    }
}

fn lowest<'r>(book: &'r Book, summary: &Summary) -> Vec<Lowest<'r>> {
    let row = |summary: &AccountSummary| {
        let account = book.account(summary.account);
        Lowest {
            account_id: account.id.as_str(),
            currency: account.currency.code(),
            available: summary.lowest.available.display(account.currency).to_string(),
            date: summary.lowest.date.to_string(),
        }
    };
    summary.accounts.iter().map(row).collect()
}
