//! Bills that come again: what is new, corrected, withdrawn and known.
//!
//! Of rows with one `row_id` the one with the latest `as_of` counts. A statement that is complete replaces the earlier
//! one: its rows that are gone are written again with amount 0 and the new `as_of`.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::input::diagnostic::{Code, Diagnostics, Place};
use crate::input::import::json::one_line;
use crate::model::bill::{Charge, PaymentParts, StatementMonth};
use crate::model::calendar::Day;
use crate::model::id::AccountId;

/// A statement: an account, a month, and the kind of source.
pub(super) type Statement = (AccountId, StatementMonth, SourceKind);

/// Kinds of sources whose statements do not complete each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SourceKind {
    /// Charges: detailed bills, of the interface or exported.
    Charges,
    /// Movements of the cash ledger.
    Movements,
}

impl SourceKind {
    /// That of a charge.
    pub(super) fn kind_of_charge(charge: &Charge) -> Self {
        if charge.kind.is_movement() {
            Self::Movements
        } else {
            Self::Charges
        }
    }
}

/// How many rows of each sort there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Rows read.
    pub read: usize,
    /// Rows of one download that are there twice, equal in every cell.
    pub twice: usize,
    /// Rows that were not there.
    pub new: usize,
    /// Rows that say something else than before.
    pub corrected: usize,
    /// Rows of the earlier statement that the complete new one does not have.
    pub withdrawn: usize,
    /// Rows that were there.
    pub known: usize,
}

/// All charges, old and new.
#[derive(Debug, Default)]
pub(super) struct Archive {
    /// By `row_id`, then `as_of`.
    rows: BTreeMap<(String, Day), Charge>,
}

impl Archive {
    /// The charges that a book has already.
    pub(super) fn from_charges(charges: Vec<Charge>) -> Self {
        Self {
            rows: charges
                .into_iter()
                .map(|charge| ((charge.row_id.clone(), charge.as_of), charge))
                .collect(),
        }
    }

    /// Takes one row of each id of a download: equal ones are one, different ones an error. The order of files says nothing.
    pub(super) fn distinct(
        mut read: Vec<Charge>,
        added: &mut Added,
        found: &mut Diagnostics,
    ) -> Vec<Charge> {
        read.sort_by(|one, other| (&one.row_id, &one.source).cmp(&(&other.row_id, &other.source)));
        let mut rows: BTreeMap<String, Charge> = BTreeMap::new();
        added.read += read.len();
        for charge in read {
            match rows.get(&charge.row_id) {
                Some(before) if before.says_the_same(&charge) => added.twice += 1,
                Some(before) => contradiction(before, &charge, found),
                None => {
                    rows.insert(charge.row_id.clone(), charge);
                }
            }
        }
        rows.into_values().collect()
    }

    /// Adds the rows of a download. Rows of its statements that it does not have are withdrawn where `is_gone` says that they
    /// must be gone; the others are returned.
    pub(super) fn add_download(
        &mut self,
        download: Vec<Charge>,
        is_gone: impl Fn(&Charge) -> bool,
        added: &mut Added,
        found: &mut Diagnostics,
    ) -> Vec<Charge> {
        let Some(as_of) = download.first().map(|charge| charge.as_of) else {
            return Vec::new();
        };
        let ids: BTreeSet<String> = download
            .iter()
            .map(|charge| charge.row_id.clone())
            .collect();
        let reached: BTreeSet<Statement> = download.iter().map(statement).collect();
        for charge in download {
            self.add_row(charge, added, found);
        }
        let is_absent = |charge: &&Charge| {
            reached.contains(&statement(charge))
                && !ids.contains(&charge.row_id)
                && !charge.amount.is_zero()
        };
        let absent = self.current().into_iter().filter(is_absent).cloned();
        let (gone, kept): (Vec<Charge>, Vec<Charge>) =
            absent.partition(|charge| charge.as_of < as_of && is_gone(charge));
        for charge in gone {
            added.withdrawn += 1;
            self.put(Charge {
                as_of,
                ..withdrawn(charge)
            });
        }
        kept
    }

    fn add_row(&mut self, charge: Charge, added: &mut Added, found: &mut Diagnostics) {
        let Some(before) = self.latest(&charge.row_id) else {
            added.new += 1;
            return self.put(charge);
        };
        // What was said earlier is kept beside what counts.
        let is_kept = before.as_of > charge.as_of
            && self
                .rows
                .contains_key(&(charge.row_id.clone(), charge.as_of));
        if before.says_the_same(&charge) || is_kept {
            added.known += 1;
        } else if before.as_of == charge.as_of {
            contradiction(before, &charge, found);
        } else {
            added.corrected += 1;
            self.put(charge);
        }
    }

    fn put(&mut self, charge: Charge) {
        self.rows
            .insert((charge.row_id.clone(), charge.as_of), charge);
    }

    fn latest(&self, row_id: &str) -> Option<&Charge> {
        let all = (row_id.to_owned(), Day::FIRST)..=(row_id.to_owned(), Day::LAST);
        self.rows.range(all).next_back().map(|(_, charge)| charge)
    }

    /// The rows that count: of each id the latest.
    pub(super) fn current(&self) -> Vec<&Charge> {
        let mut current: Vec<&Charge> = Vec::with_capacity(self.rows.len());
        for charge in self.rows.values() {
            if current
                .last()
                .is_some_and(|last| last.row_id == charge.row_id)
            {
                current.pop();
            }
            current.push(charge);
        }
        current
    }

    /// Reports statements that came from two kinds of files, whose rows have different ids: each charge would count twice.
    pub(super) fn refuse_two_kinds(&self, found: &mut Diagnostics) {
        let mut seen: BTreeMap<Statement, [Option<&Charge>; 2]> = BTreeMap::new();
        for charge in self
            .rows
            .values()
            .filter(|charge| charge.instance.is_some())
        {
            // The interface numbers its rows; other rows are named after what they are about.
            let kind = if charge.row_id.bytes().all(|byte| byte.is_ascii_digit()) {
                0
            } else if charge.row_id.contains('/') {
                1
            } else {
                continue;
            };
            seen.entry(statement(charge)).or_default()[kind].get_or_insert(charge);
        }
        for ((account, month, _), both) in seen {
            let [Some(one), Some(other)] = both else {
                continue;
            };
            let message = format!(
                "the bill of {month} of account `{account}` is there in two kinds of files, whose rows cannot be told apart: {} and {}",
                one.source, other.source
            );
            let help = "import one of them only, or each charge counts twice";
            found.push(
                Code::ConflictingAnswers,
                Place::of_file(file_of(other)),
                one_line(&message),
                help,
            );
        }
    }

    /// All rows, by payment, account, id and `as_of`.
    pub(super) fn into_rows(self) -> Vec<Charge> {
        let mut rows: Vec<Charge> = self.rows.into_values().collect();
        rows.sort_by(|one, other| order(one).cmp(&order(other)));
        rows
    }
}

fn order(charge: &Charge) -> (Day, &AccountId, &str, Day) {
    (
        charge.paid_on,
        &charge.account,
        &charge.row_id,
        charge.as_of,
    )
}

/// The statement of a charge.
pub(super) fn statement(charge: &Charge) -> Statement {
    (
        charge.account.clone(),
        charge.bill_month,
        SourceKind::kind_of_charge(charge),
    )
}

/// A row that the source no longer has: it charges nothing.
fn withdrawn(charge: Charge) -> Charge {
    Charge {
        amount: Decimal::ZERO,
        tax: charge.tax.map(|_| Decimal::ZERO),
        paid: PaymentParts::default(),
        ..charge
    }
}

/// The file that a row came from.
pub(super) fn file_of(charge: &Charge) -> &str {
    charge
        .source
        .rsplit_once(':')
        .map_or(charge.source.as_str(), |(file, _)| file)
}

fn contradiction(before: &Charge, charge: &Charge, found: &mut Diagnostics) {
    let (one, other) = (
        crate::model::bill::plain(before.amount, before.currency),
        crate::model::bill::plain(charge.amount, charge.currency),
    );
    let what = if one == other {
        "another cell".to_owned()
    } else {
        format!("{one} and {other}")
    };
    let message = format!(
        "row `{}` is there twice and differs ({what}): in {} and in {}, both as of {}",
        charge.row_id, before.source, charge.source, charge.as_of
    );
    let help = "give the later download its day with --as-of, such as `--as-of 2026-11-12`";
    found.push(
        Code::ConflictingAnswers,
        Place::of_file(file_of(charge)),
        one_line(&message),
        help,
    );
}
