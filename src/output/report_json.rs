//! The files of a monthly report. `report/report.json` says of which run the report is, what it was asked for, and the hash
//! of each of its files; with the book and these it can be written anew, byte for byte.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::hash::hash;
use super::month::{MonthReport, Sources};
use super::monthly::month_text;
use super::run_json::{Hashes, seal};
use super::workbook::WorkbookError;
use super::{html, workbook};

/// The folder of the CSV files of a report.
pub const FOLDER: &str = "report";
/// The page.
pub const PAGE: &str = "report.html";
/// The workbook.
pub const WORKBOOK: &str = "report.xlsx";
/// What seals them all.
pub const RECORD: &str = "report/report.json";

#[derive(Serialize)]
struct ReportRecord<'r> {
    program: &'static str,
    version: &'r str,
    book: &'r str,
    scenario: Option<&'r str>,
    month: String,
    by: Vec<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<LastRun>,
    from: String,
    to: String,
    inputs: &'r Hashes,
    ledger: &'r str,
    outputs: Hashes,
}

/// The earlier result that a report compares with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRun {
    /// Its first day.
    pub from: String,
    /// Its last day.
    pub to: String,
    /// The SHA-256 of its `ledger.csv`.
    pub ledger: String,
}

/// The page, the workbook, each table with a row, and `report/report.json` with their hashes.
///
/// # Errors
/// The workbook library failed; data never causes it.
pub fn files(
    report: &MonthReport,
    sources: &Sources<'_>,
) -> Result<Vec<(String, Vec<u8>)>, WorkbookError> {
    let workbook = workbook::workbook(report)?;
    let mut files = vec![
        (PAGE.to_owned(), html::page(report)),
        (WORKBOOK.to_owned(), workbook),
    ];
    let tables = report.tables.iter().filter(|table| !table.rows.is_empty());
    files.extend(tables.map(|table| (format!("{FOLDER}/{}.csv", table.name), table.csv())));
    let record = record(sources, &files);
    files.push((RECORD.to_owned(), record));
    Ok(files)
}

/// The bytes of `report/report.json`. Hashes are SHA-256: of each input, of the ledger of the run, of each file of the report.
fn record(sources: &Sources<'_>, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let Sources {
        book,
        scenario,
        version,
        inputs,
        columns,
        facts,
        last,
    } = sources;
    let outputs: BTreeMap<String, String> = files
        .iter()
        .map(|(name, bytes)| (name.clone(), hash(bytes)))
        .collect();
    let last = last.as_ref().map(|last| LastRun {
        from: last.days_of_run().from.to_string(),
        to: last.days_of_run().to.to_string(),
        ledger: last.ledger_hash().to_owned(),
    });
    let record = ReportRecord {
        program: env!("CARGO_PKG_NAME"),
        version,
        book: &book.name,
        scenario: *scenario,
        month: month_text(facts.period().month),
        by: columns.iter().map(|(_, name)| name.as_str()).collect(),
        last,
        from: book.days.from.to_string(),
        to: book.days.to.to_string(),
        inputs,
        ledger: facts.ledger_hash(),
        outputs,
    };
    seal(&serde_json::to_string_pretty(&record).expect("a report has a JSON form"))
}
