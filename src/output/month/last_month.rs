//! An earlier result, as far as a report compares with it: what its ledger spends in the month and in the month before.
//!
//! The result has been verified; here it is only added up.
//!
//! Rule **report-last** of docs/spec.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use csv::StringRecord;

use super::gather::ReportPeriod;
use super::sums::{SpendRow, SpendSums};
use crate::engine::event::Event;
use crate::engine::ledger::columns::ledger_csv::{
    ACCOUNT, AMOUNT, DATE, EVENT, HOURS, INSTANCE, MONTHS, NAMES,
};
use crate::input::cell::read_cell;
use crate::model::book::Book;
use crate::model::calendar::{Day, DayRange};
use crate::model::money::{Currency, Money};

/// What each instance spends, by the currency of its account.
pub(super) type ByInstance = BTreeMap<(Currency, String), SpendSums>;

/// An earlier result.
pub struct LastMonth {
    /// Its first and its last day, and the hash of its ledger, from its `run.json`.
    pub(super) days: DayRange,
    pub(super) ledger_hash: String,
    pub(super) this: ByInstance,
    pub(super) before: ByInstance,
    /// The instances that it knew.
    pub(super) known: BTreeSet<String>,
}

impl LastMonth {
    /// Adds up a ledger, whose accounts and instances its closing book lists; none where it is not what a run writes.
    pub fn read_last_month(
        ledger: impl Read,
        closing: &Book,
        run_json: &[u8],
        period: &ReportPeriod,
    ) -> Option<Self> {
        let run: serde_json::Value = serde_json::from_slice(run_json).ok()?;
        let mut last = Self {
            days: DayRange {
                from: Day::parse(run.get("from")?.as_str()?).ok()?,
                to: Day::parse(run.get("to")?.as_str()?).ok()?,
            },
            ledger_hash: run.get("ledger")?.as_str()?.to_owned(),
            this: BTreeMap::new(),
            before: BTreeMap::new(),
            known: closing
                .instances
                .iter()
                .map(|instance| instance.id.to_string())
                .collect(),
        };
        let mut reader = csv::Reader::from_reader(ledger);
        if !reader.headers().ok()?.iter().eq(NAMES.iter().copied()) {
            return None;
        }
        let mut row = StringRecord::new();
        let mut seq = 0;
        while reader.read_record(&mut row).ok()? {
            seq += 1;
            last.add_written_row(seq, &row, closing, period)?;
        }
        Some(last)
    }

    /// Its first and its last day.
    pub fn days_of_run(&self) -> DayRange {
        self.days
    }

    /// The SHA-256 of its ledger.
    pub fn ledger_hash(&self) -> &str {
        &self.ledger_hash
    }

    /// Whether it has every day of the month that the report has.
    pub fn has_month(&self, period: &ReportPeriod) -> bool {
        self.days.from <= period.days.from && self.days.to >= period.days.to
    }

    /// Whether it has every day of the month before.
    pub fn has_month_before(&self, period: &ReportPeriod) -> bool {
        self.days.from <= period.before() && self.days.to >= period.month.yesterday()
    }

    fn add_written_row(
        &mut self,
        seq: u64,
        row: &StringRecord,
        closing: &Book,
        period: &ReportPeriod,
    ) -> Option<()> {
        let date = Day::parse(text_in(row, DATE)).ok()?;
        let sums = match date.month_start() {
            month if month == period.month => &mut self.this,
            month if month == period.before() => &mut self.before,
            _ => return Some(()),
        };
        let (instance, amount) = (text_in(row, INSTANCE), text_in(row, AMOUNT));
        if amount.is_empty() || instance.is_empty() {
            return Some(());
        }
        let account = closing.account(closing.find_account(text_in(row, ACCOUNT))?);
        let event = text_in(row, EVENT);
        let of_instance = sums
            .entry((account.currency, instance.to_owned()))
            .or_default();
        of_instance.add_row(&SpendRow {
            seq,
            event: *Event::ALL.iter().find(|known| known.name() == event)?,
            amount: Money::parse(amount, account.currency).ok()?,
            months: number(text_in(row, MONTHS))?,
            hours: number(text_in(row, HOURS))?,
        });
        Some(())
    }
}

fn text_in(row: &StringRecord, column: usize) -> &str {
    read_cell(row.get(column).unwrap_or(""))
}

/// A number; an empty cell is zero.
fn number(text: &str) -> Option<u32> {
    match text {
        "" => Some(0),
        text => text.parse().ok(),
    }
}
