//! `report/report.json`: of which run a report is, the hash of each of its files, and a digest of itself.

use std::collections::BTreeMap;

use serde::Serialize;

use super::hash::hash;
use super::month::Period;
use super::monthly::month_text;
use super::run_json::{Hashes, seal};
use crate::book::Book;

#[derive(Serialize)]
struct Record<'r> {
    program: &'static str,
    version: &'static str,
    book: &'r str,
    scenario: Option<&'r str>,
    month: String,
    from: String,
    to: String,
    inputs: &'r Hashes,
    ledger: &'r str,
    outputs: Hashes,
}

/// The bytes of the file. Hashes are SHA-256: of each input, of the ledger of the run, of each file of the report.
pub fn report_json(
    (book, scenario): (&Book, Option<&str>),
    period: &Period,
    (inputs, ledger): (&Hashes, &str),
    files: &[(String, Vec<u8>)],
) -> Vec<u8> {
    let outputs: BTreeMap<String, String> = files.iter().map(|(name, bytes)| (name.clone(), hash(bytes))).collect();
    let record = Record {
        program: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        book: &book.name,
        scenario,
        month: month_text(period.month),
        from: book.days.from.to_string(),
        to: book.days.to.to_string(),
        inputs,
        ledger,
        outputs,
    };
    seal(&serde_json::to_string_pretty(&record).expect("a report has a JSON form"))
}
