//! `run.json`: what ran, on which inputs, with which result.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

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
    ledger: String,
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

/// The bytes of `run.json`. Hashes are SHA-256: of each input file, of each profile as resolved, of `ledger.csv`.
pub fn run_json(folder: &Folder, scenario: Option<&str>, book: &Book, ledger: &Ledger, ledger_csv: &[u8]) -> Vec<u8> {
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
        ledger: hash(ledger_csv),
        rows: ledger.entries.len(),
        events,
        lowest_available: lowest(book, ledger),
    };
    let mut bytes = serde_json::to_vec_pretty(&run).expect("a run has a JSON form");
    bytes.push(b'\n');
    bytes
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

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
