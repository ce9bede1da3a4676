//! `run.json`: what ran, on which inputs, with which result, and a digest of itself.

use std::collections::BTreeMap;

use serde::Serialize;

use super::hash::hash;
use super::profile;
use crate::book::Book;
use crate::ledger::{Balance, Ledger};
use crate::source::Folder;

#[derive(Serialize)]
struct Run<'r> {
    program: &'static str,
    version: &'static str,
    book: &'r str,
    scenario: Option<&'r str>,
    from: String,
    to: String,
    inputs: BTreeMap<&'r str, String>,
    profiles: BTreeMap<&'r str, String>,
    ledger: &'r str,
    outputs: &'r Outputs,
    rows: usize,
    events: BTreeMap<&'static str, usize>,
    lowest_available: Vec<Lowest<'r>>,
}

#[derive(Serialize)]
struct Lowest<'r> {
    account_id: &'r str,
    currency: &'static str,
    available: String,
    date: String,
}

/// The hash of every file that a run writes beside `run.json`, by name.
pub type Outputs = BTreeMap<String, String>;

/// The bytes of `run.json`. Hashes are SHA-256: of each input file, of each profile as resolved, of each output.
pub fn run_json(folder: &Folder, scenario: Option<&str>, book: &Book, ledger: &Ledger, outputs: &Outputs) -> Vec<u8> {
    let mut events = BTreeMap::new();
    for entry in &ledger.entries {
        *events.entry(entry.event.name()).or_insert(0) += 1;
    }
    let run = Run {
        program: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        book: &book.name,
        scenario,
        from: book.days.from.to_string(),
        to: book.days.to.to_string(),
        inputs: folder.iter().map(|(name, bytes)| (name, hash(bytes))).collect(),
        profiles: book.profiles.iter().map(|one| (&*one.name, hash(profile::toml(one).as_bytes()))).collect(),
        ledger: outputs.get("ledger.csv").map_or("", String::as_str),
        outputs,
        rows: ledger.entries.len(),
        events,
        lowest_available: lowest(book, ledger),
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

fn lowest<'r>(book: &'r Book, ledger: &Ledger) -> Vec<Lowest<'r>> {
    let lows = ledger.lowest_available(book.accounts.len());
    let lows = lows.into_iter().flatten();
    let row = |balance: Balance| {
        let account = book.account(balance.account);
        Lowest {
            account_id: account.id.as_str(),
            currency: account.currency.code(),
            available: balance.available.display(account.currency).to_string(),
            date: balance.date.to_string(),
        }
    };
    lows.map(row).collect()
}
