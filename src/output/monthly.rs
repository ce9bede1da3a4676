//! `monthly.csv` and `spend.csv`: what each month had, by account and by a column of the inventory. Which events are
//! spend on terms, and which pay back, is decided here for all of the output.

use std::collections::BTreeMap;

use super::csv_buffer::{CellWord, CsvBuffer};
use super::csv_columns::CsvColumns;
use crate::engine::event::Event;
use crate::model::account::AccountIndex;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::money::{Currency, Money};
use crate::tables::{RowTotal, Tables};

/// The events whose amounts are the spend on prepaid terms.
pub(super) const RENEWALS: &[Event] = &[
    Event::Renewed,
    Event::Recovered,
    Event::Purchased,
    Event::Resized,
];
/// The events whose amounts come back.
pub(super) const REFUNDS: &[Event] = &[Event::Returned, Event::Refunded];

/// The events whose rows are counted.
const COUNTED: [Event; 6] = [
    Event::Renewed,
    Event::Recovered,
    Event::RenewalFailed,
    Event::Reclaimed,
    Event::Terminated,
    Event::Stopped,
];

/// The header of `monthly.csv`.
const MONTHLY: &str = "month,account_id,renewed,recovered,renewal_failed,reclaimed,terminated,stopped,topup_amount,\
                       credit_amount,renewal_amount,usage_amount,refund_amount,closing_balance\n";

/// The bytes of `monthly.csv`: each month that the run touches and each account.
pub fn monthly(book: &Book, tables: &Tables) -> Vec<u8> {
    let mut totals = tables.by_account().peekable();
    let mut balances: Vec<Money> = book
        .accounts
        .iter()
        .map(|account| account.funds.settled())
        .collect();
    let mut buffer = CsvBuffer::default();
    buffer.push_text(MONTHLY);
    for month in book.days.months() {
        let name = CellWord::cell(&month_text(month));
        for ((number, account), balance) in (0u32..).zip(&book.accounts).zip(&mut balances) {
            let mut totals_of = [RowTotal::default(); Event::ALL.len()];
            let here = (month, AccountIndex(number));
            while let Some((key, total)) =
                totals.next_if(|(key, _)| (key.month, key.account) == here)
            {
                totals_of[key.event as usize] = total;
            }
            buffer.word(&name);
            buffer.cell(account.id.as_str());
            write_numbers(&mut buffer, &totals_of, balance, account.currency);
        }
    }
    buffer.into_bytes()
}

/// Writes the counts and amounts of a month, which move the balance of the account.
fn write_numbers(
    buffer: &mut CsvBuffer,
    totals: &[RowTotal],
    balance: &mut Money,
    currency: Currency,
) {
    let topup = sum_of(totals, &[Event::TopUp]);
    let credit = sum_of(totals, &[Event::Credit]);
    let renewal = -sum_of(totals, RENEWALS);
    let usage = -sum_of(totals, &[Event::Usage]);
    let refund = sum_of(totals, REFUNDS);
    *balance += topup + credit - renewal - usage + refund;
    for event in COUNTED {
        buffer.whole(totals[event as usize].rows);
    }
    for money in [topup, credit, renewal, usage, refund, *balance] {
        buffer.amount(money, currency);
    }
    buffer.end_row();
}

fn sum_of(totals: &[RowTotal], events: &[Event]) -> Money {
    let amounts = events.iter().map(|event| totals[*event as usize].amount);
    amounts.sum()
}

/// `YYYY-MM`.
pub fn month_text(month: Day) -> String {
    month.date().format("%Y-%m").to_string()
}

/// Spend by month of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupSpend {
    /// Paid for prepaid terms, positive.
    pub renewals: Money,
    /// Charged for hours, positive.
    pub usage: Money,
    /// What came back of terms, positive.
    pub refunds: Money,
}

impl GroupSpend {
    /// Paid for terms and hours, refunds not taken off.
    pub fn total(&self) -> Money {
        self.renewals + self.usage
    }
}

/// Spend by currency, value of a column, and month.
pub type SpendTable = BTreeMap<Currency, BTreeMap<Option<String>, BTreeMap<Day, GroupSpend>>>;

/// The spend of a run by the column that its facts were gathered by.
pub fn spend(tables: &Tables) -> SpendTable {
    let mut table = SpendTable::new();
    for spent in tables.by_value(&[RENEWALS, REFUNDS, &[Event::Usage]]) {
        let (currency, value) = spent.value;
        let months = table
            .entry(*currency)
            .or_default()
            .entry(value.clone())
            .or_default();
        let spend = months.entry(spent.month).or_default();
        match spent.part {
            0 => spend.renewals = -spent.amount,
            1 => spend.refunds = spent.amount,
            _ => spend.usage = -spent.amount,
        }
    }
    table
}

/// A row of `spend.csv`.
#[derive(Clone, Copy)]
struct SpendCsvRow<'t> {
    month: Day,
    currency: Currency,
    value: &'t str,
    spend: &'t GroupSpend,
}

/// The bytes of `spend.csv`: months with spend, by the values of one column.
pub fn spend_csv(column: &str, table: &SpendTable) -> Vec<u8> {
    let mut rows = Vec::new();
    for (currency, values) in table {
        for (value, months) in values {
            let value = value.as_deref().unwrap_or("");
            rows.extend(months.iter().map(|(month, spend)| SpendCsvRow {
                month: *month,
                currency: *currency,
                value,
                spend,
            }));
        }
    }
    rows.sort_by_key(|row| (row.currency.code(), row.month, row.value));
    CsvColumns::<SpendCsvRow<'_>>::new()
        .column("month", |row| month_text(row.month))
        .column("currency", |row| row.currency)
        .column("column", |_| column)
        .column("value", |row| row.value)
        .column("renewal_amount", |row| {
            row.spend.renewals.display(row.currency)
        })
        .column("usage_amount", |row| row.spend.usage.display(row.currency))
        .column("refund_amount", |row| {
            row.spend.refunds.display(row.currency)
        })
        .write(rows)
}
