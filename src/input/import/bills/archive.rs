//! Bills that come again: what is new, corrected, withdrawn and known.
//!
//! Of rows with one `row_id` the one with the latest `as_of` counts. A statement that is complete replaces the earlier
//! one: its rows that are gone are written again with amount 0 and the new `as_of`.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::input::diagnostic::Code;
use crate::input::import::context::Context;
use crate::model::bill::{self, Charge, PaymentParts, StatementMonth};
use crate::model::calendar::Day;
use crate::model::id::AccountId;

/// A statement: an account, a month, and whether it is of movements of cash or of charges, which do not complete each other.
pub(crate) type Statement = (AccountId, StatementMonth, bool);

/// How many rows of each sort there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Rows read.
    pub read: usize,
    /// Duplicate rows of one download, equal in every cell.
    pub twice: usize,
    /// Rows that were not there.
    pub new: usize,
    /// Rows that differ from before.
    pub corrected: usize,
    /// Rows of the earlier statement that the complete new one does not have.
    pub withdrawn: usize,
    /// Rows that were there.
    pub known: usize,
}

/// All charges, old and new.
#[derive(Debug, Default)]
pub(crate) struct Archive {
    /// By `row_id`, then `as_of`.
    rows: BTreeMap<(String, Day), Charge>,
}

impl Archive {
    /// The charges that a book has already.
    pub(crate) fn from_charges(charges: Vec<Charge>) -> Self {
        let mut archive = Self::default();
        charges.into_iter().for_each(|charge| archive.put(charge));
        archive
    }

    /// Takes one row of each id of a download: equal ones are one, different ones an error. The order of files says nothing.
    pub(crate) fn distinct(
        mut read: Vec<Charge>,
        added: &mut Added,
        cx: &mut Context<'_>,
    ) -> Vec<Charge> {
        read.sort_by(|one, other| (&one.row_id, &one.source).cmp(&(&other.row_id, &other.source)));
        added.read += read.len();
        let mut rows: Vec<Charge> = Vec::with_capacity(read.len());
        for charge in read {
            match rows.last().filter(|before| before.row_id == charge.row_id) {
                Some(before) if before.says_the_same(&charge) => added.twice += 1,
                Some(before) => contradiction(before, &charge, cx),
                None => rows.push(charge),
            }
        }
        rows
    }

    /// Adds the rows of a download. Rows of its statements that it does not have are withdrawn where `is_gone` says that they
    /// must be gone; the others are returned.
    pub(crate) fn add_download(
        &mut self,
        download: Vec<Charge>,
        is_gone: impl Fn(&Charge) -> bool,
        added: &mut Added,
        cx: &mut Context<'_>,
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
            self.add_row(charge, added, cx);
        }
        let current = self.current();
        let absent = current.filter(|charge| {
            let is_known = charge.amount.is_zero() || ids.contains(&charge.row_id);
            !is_known && reached.contains(&statement(charge))
        });
        let (gone, missing): (Vec<Charge>, Vec<Charge>) = absent
            .cloned()
            .partition(|charge| charge.as_of < as_of && is_gone(charge));
        for charge in gone {
            added.withdrawn += 1;
            self.put(Charge {
                as_of,
                ..withdrawn(charge)
            });
        }
        missing
    }

    fn add_row(&mut self, charge: Charge, added: &mut Added, cx: &mut Context<'_>) {
        let Some(before) = self.latest(&charge.row_id) else {
            added.new += 1;
            return self.put(charge);
        };
        // An earlier version of the row is in the archive beside the one that counts.
        let is_archived = before.as_of > charge.as_of
            && self
                .rows
                .contains_key(&(charge.row_id.clone(), charge.as_of));
        if before.says_the_same(&charge) || is_archived {
            added.known += 1;
        } else if before.as_of == charge.as_of {
            contradiction(before, &charge, cx);
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
    fn current(&self) -> impl Iterator<Item = &Charge> {
        let mut rows = self.rows.values().peekable();
        std::iter::from_fn(move || {
            let mut row = rows.next()?;
            while let Some(later) = rows.next_if(|later| later.row_id == row.row_id) {
                row = later;
            }
            Some(row)
        })
    }

    /// Reports statements that came from two kinds of files, whose rows have different ids: each charge would count twice.
    pub(crate) fn refuse_two_kinds(&self, cx: &mut Context<'_>) {
        let mut seen: BTreeMap<Statement, [Option<&Charge>; 2]> = BTreeMap::new();
        for charge in self
            .rows
            .values()
            .filter(|charge| charge.instance.is_some())
        {
            // An interface numbers its rows; other rows are named after what they are about.
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
            cx.report_file(Code::ConflictingAnswers, file_of(other), &message, help);
        }
    }

    /// All rows, by payment, account, id and `as_of`.
    pub(crate) fn into_rows(self) -> Vec<Charge> {
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
pub(crate) fn statement(charge: &Charge) -> Statement {
    let is_movement = charge.kind.is_movement();
    (charge.account.clone(), charge.bill_month, is_movement)
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
pub(crate) fn file_of(charge: &Charge) -> &str {
    let source = charge.source.rsplit_once(':');
    source.map_or(charge.source.as_str(), |(file, _)| file)
}

fn contradiction(before: &Charge, charge: &Charge, cx: &mut Context<'_>) {
    let one = bill::plain(before.amount, before.currency);
    let other = bill::plain(charge.amount, charge.currency);
    let what = if one == other {
        "another cell".to_owned()
    } else {
        format!("{one} and {other}")
    };
    let message = format!(
        "duplicate row `{}` differs ({what}): in {} and in {}, both as of {}",
        charge.row_id, before.source, charge.source, charge.as_of
    );
    cx.report_file(
        Code::ConflictingAnswers,
        file_of(charge),
        &message,
        AS_OF_HELP,
    );
}

/// What to do where the same day says two things.
pub(crate) const AS_OF_HELP: &str =
    "give the later download its day with --as-of, such as `--as-of 2026-11-12`";
