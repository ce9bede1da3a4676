//! `run.json`: what ran, on which inputs, with which result, and a digest of itself. Never reads a clock: the same run writes
//! the same bytes.

use std::collections::BTreeMap;

use serde::Serialize;

use super::hash::hash;
use super::profile;
use crate::analysis::demand::{Demand, ThreeSums};
use crate::analysis::summary::{AccountSummary, Summary};
use crate::model::book::Book;
use crate::model::money::Currency;
use crate::model::profile::Profile;

/// What ran and what it came to: everything in `run.json` but the hashes of the other outputs.
#[derive(Clone, Debug, Serialize)]
pub struct RunRecord {
    program: &'static str,
    version: Box<str>,
    book: Box<str>,
    scenario: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<Box<str>>,
    from: String,
    to: String,
    inputs: Hashes,
    profiles: Hashes,
    ledger: String,
    outputs: Hashes,
    rows: u64,
    events: BTreeMap<&'static str, u64>,
    spend: Vec<CurrencySums>,
    lowest_available: Vec<LowestBalance>,
}

/// The three sums in a currency; one that is not known is `null`.
#[derive(Clone, Debug, Serialize)]
struct CurrencySums {
    currency: &'static str,
    as_funded: String,
    all_due_paid: Option<String>,
    all_kept: Option<String>,
}

impl CurrencySums {
    fn sums_in(currency: Currency, sums: &ThreeSums) -> Self {
        let known = [sums.all_due_paid, sums.all_kept];
        let [all_due_paid, all_kept] =
            known.map(|sum| sum.map(|sum| sum.display(currency).to_string()));
        Self {
            currency: currency.code(),
            as_funded: sums.as_funded.display(currency).to_string(),
            all_due_paid,
            all_kept,
        }
    }
}

#[derive(Clone, Debug, Serialize)]
struct LowestBalance {
    account_id: String,
    currency: &'static str,
    available: String,
    date: String,
}

/// The hashes of files by their names.
pub type Hashes = BTreeMap<String, String>;

impl RunRecord {
    /// Of a run that has ended. Hashes are SHA-256: of each input file, and of each profile as resolved.
    pub fn record_of_run(
        inputs: Hashes,
        book: &Book,
        scenario: Option<&str>,
        summary: &Summary,
        demand: &Demand,
    ) -> Self {
        let events = summary.events.iter();
        let spend = demand.totals(book);
        let spend = spend.iter();
        Self {
            program: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION").into(),
            book: book.name.clone(),
            scenario: scenario.map(str::to_owned),
            by: None,
            from: book.days.from.to_string(),
            to: book.days.to.to_string(),
            inputs,
            profiles: book.profiles.iter().map(named_hash).collect(),
            ledger: String::new(),
            outputs: Hashes::new(),
            rows: summary.rows(),
            events: events.map(|(event, rows)| (event.name(), *rows)).collect(),
            spend: spend
                .map(|(currency, sums)| CurrencySums::sums_in(*currency, sums))
                .collect(),
            lowest_available: summary
                .accounts
                .iter()
                .map(|summary| LowestBalance::of_account(book, summary))
                .collect(),
        }
    }

    /// The same, of a run whose spend is grouped by the column with this name.
    pub fn grouped_by(self, column: &str) -> Self {
        Self {
            by: Some(column.into()),
            ..self
        }
    }

    /// The same, as another version of the program says it.
    pub fn of_version(self, version: &str) -> Self {
        Self {
            version: version.into(),
            ..self
        }
    }

    /// The bytes of `run.json`, with the SHA-256 of each other output.
    pub fn bytes(mut self, outputs: Hashes) -> Vec<u8> {
        self.ledger = outputs.get("ledger.csv").cloned().unwrap_or_default();
        self.outputs = outputs;
        seal(&serde_json::to_string_pretty(&self).expect("a run has a JSON form"))
    }
}

/// What stands before the digest, and behind it to the end of the file.
const DIGEST: (&str, &str) = (",\n  \"digest\": \"", "\"\n}\n");

/// Adds the key `digest` to the end of a JSON object: the hash of every byte of the file before it.
pub fn seal(object: &str) -> Vec<u8> {
    let (before, after) = DIGEST;
    let open = object
        .trim_end()
        .strip_suffix('}')
        .unwrap_or(object)
        .trim_end();
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
    pub fn seal_of(bytes: &[u8]) -> Self {
        let (before, after) = DIGEST;
        let digest = bytes
            .strip_suffix(after.as_bytes())
            .and_then(|rest| rest.split_last_chunk::<64>());
        let Some((sealed, stated)) =
            digest.filter(|(sealed, _)| sealed.ends_with(before.as_bytes()))
        else {
            return Self::None;
        };
        let (stated, actual) = (String::from_utf8_lossy(stated).into_owned(), hash(sealed));
        if stated == actual {
            Self::Whole
        } else {
            Self::Broken { stated, actual }
        }
    }
}

/// A profile by its name, and the hash of its table.
fn named_hash(profile: &Profile) -> (String, String) {
    let hash = hash(profile::toml(profile).as_bytes());
    (profile.name.to_string(), hash)
}

impl LowestBalance {
    fn of_account(book: &Book, summary: &AccountSummary) -> Self {
        let account = book.account(summary.account);
        let available = summary.lowest.available;
        Self {
            account_id: account.id.to_string(),
            currency: account.currency.code(),
            available: available.display(account.currency).to_string(),
            date: summary.lowest.date.to_string(),
        }
    }
}
