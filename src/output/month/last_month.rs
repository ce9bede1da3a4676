//! An earlier result, as far as a report compares with it: what its ledger spends in the month and in the month before.
//!
//! The result has been proven; here it is only added up.
//!
//! Rule **report-last** of docs/spec.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use csv::StringRecord;

use super::gather::ReportPeriod;
use super::sums::SpendSums;
use crate::engine::event::Event;
use crate::input::cell;
use crate::model::account::AccountIndex;
use crate::model::book::Book;
use crate::model::calendar::{Day, DayRange};
use crate::model::money::{Currency, Money};

/// What is spent by an instance, told apart by the currency of its account.
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

/// The columns of `ledger.csv` that are read.
const COLUMNS: [&str; 7] = [
    "date",
    "account_id",
    "instance_id",
    "event",
    "months",
    "hours",
    "amount",
];

impl LastMonth {
    /// Adds up a ledger, whose accounts and instances its closing book lists; none where it is not what a run writes.
    pub fn read_last_month(
        ledger: impl Read,
        closing: &Book,
        run_json: &[u8],
        period: &ReportPeriod,
    ) -> Option<Self> {
        let run: serde_json::Value = serde_json::from_slice(run_json).ok()?;
        let text = |key: &str| Some(run.get(key)?.as_str()?.to_owned());
        let mut last = Self {
            days: DayRange {
                from: Day::parse(&text("from")?).ok()?,
                to: Day::parse(&text("to")?).ok()?,
            },
            ledger_hash: text("ledger")?,
            this: BTreeMap::new(),
            before: BTreeMap::new(),
            known: closing
                .instances
                .iter()
                .map(|instance| instance.id.to_string())
                .collect(),
        };
        let mut reader = csv::Reader::from_reader(ledger);
        let header = reader.headers().ok()?.clone();
        let at = |name: &str| header.iter().position(|known| known == name);
        let columns: Vec<usize> = COLUMNS.iter().filter_map(|name| at(name)).collect();
        let columns = <[usize; 7]>::try_from(columns).ok()?;
        let mut row = StringRecord::new();
        let mut seq = 0;
        while reader.read_record(&mut row).ok()? {
            seq += 1;
            last.add_written_row((seq, &row), (columns, closing), period)?;
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
        (seq, row): (u64, &StringRecord),
        (columns, closing): ([usize; 7], &Book),
        period: &ReportPeriod,
    ) -> Option<()> {
        let [date, account, instance, event, months, hours, amount] =
            columns.map(|column| cell::read_cell(row.get(column).unwrap_or("")));
        let date = Day::parse(date).ok()?;
        let sums = match date.month_start() {
            month if month == period.month => &mut self.this,
            month if month == period.before() => &mut self.before,
            _ => return Some(()),
        };
        if amount.is_empty() || instance.is_empty() {
            return Some(());
        }
        let AccountIndex(account) = closing.find_account(account)?;
        let currency = closing.accounts[account as usize].currency;
        let event = *Event::ALL.iter().find(|known| known.name() == event)?;
        let number = |text: &str| {
            if text.is_empty() {
                Some(0)
            } else {
                text.parse().ok()
            }
        };
        let amount = Money::parse(amount, currency).ok()?;
        let of_instance = sums.entry((currency, instance.to_owned())).or_default();
        of_instance.add_amount((seq, event), amount, number(months)?, number(hours)?);
        Some(())
    }
}
