//! `monthly.csv` and `spend.csv`: what each month had, by account and by a column of the inventory.

use std::collections::BTreeMap;

use serde::Serialize;

use super::frame::{Key, Tables, Total};
use super::write_rows;
use crate::account::AccountIndex;
use crate::book::Book;
use crate::calendar::Day;
use crate::event::Event;
use crate::money::{Currency, Money};

/// The events whose amounts are the spend on prepaid terms.
const RENEWALS: &[Event] = &[Event::Renewed, Event::Recovered, Event::Purchased, Event::Resized];
/// The events whose amounts come back.
const REFUNDS: &[Event] = &[Event::Returned, Event::Refunded];

/// The header of `monthly.csv`.
const MONTHLY: &[&str] = &[
    "month",
    "account_id",
    "renewed",
    "recovered",
    "renewal_failed",
    "reclaimed",
    "terminated",
    "stopped",
    "topup_amount",
    "credit_amount",
    "renewal_amount",
    "usage_amount",
    "refund_amount",
    "closing_balance",
];

/// A row of `monthly.csv`.
#[derive(Serialize)]
struct MonthlyRow<'b> {
    month: String,
    account_id: &'b str,
    renewed: u64,
    recovered: u64,
    renewal_failed: u64,
    reclaimed: u64,
    terminated: u64,
    stopped: u64,
    topup_amount: String,
    credit_amount: String,
    renewal_amount: String,
    usage_amount: String,
    refund_amount: String,
    closing_balance: String,
}

/// The bytes of `monthly.csv`: each month that the run touches and each account.
pub fn monthly(book: &Book, tables: &Tables) -> Vec<u8> {
    let mut totals = tables.by_account().into_iter().peekable();
    let mut balances: Vec<Money> = book.accounts.iter().map(|account| account.funds.settled()).collect();
    let mut rows = Vec::new();
    for month in book.days.months() {
        for ((number, account), balance) in (0u32..).zip(&book.accounts).zip(&mut balances) {
            let mut of = [Total::default(); Event::ALL.len()];
            let is_here = |key: &Key<AccountIndex>| key.month == month && key.group == AccountIndex(number);
            while let Some((key, total)) = totals.next_if(|(key, _)| is_here(key)) {
                of[key.event as usize] = total;
            }
            let sheet = MonthSheet { month, account_id: account.id.as_str(), currency: account.currency };
            rows.push(sheet.row(|event| of[event as usize], balance));
        }
    }
    write_rows(MONTHLY, rows)
}

/// What a row of `monthly.csv` is about.
struct MonthSheet<'b> {
    month: Day,
    account_id: &'b str,
    currency: Currency,
}

impl<'b> MonthSheet<'b> {
    fn row(self, of: impl Fn(Event) -> Total, balance: &mut Money) -> MonthlyRow<'b> {
        let (topup, credit) = (of(Event::TopUp).amount, of(Event::Credit).amount);
        let renewal: Money = RENEWALS.iter().map(|event| -of(*event).amount).sum();
        let usage = -of(Event::Usage).amount;
        let refund: Money = REFUNDS.iter().map(|event| of(*event).amount).sum();
        *balance += topup + credit - renewal - usage + refund;
        let text = |money: Money| money.display(self.currency).to_string();
        MonthlyRow {
            month: month_text(self.month),
            account_id: self.account_id,
            renewed: of(Event::Renewed).rows,
            recovered: of(Event::Recovered).rows,
            renewal_failed: of(Event::RenewalFailed).rows,
            reclaimed: of(Event::Reclaimed).rows,
            terminated: of(Event::Terminated).rows,
            stopped: of(Event::Stopped).rows,
            topup_amount: text(topup),
            credit_amount: text(credit),
            renewal_amount: text(renewal),
            usage_amount: text(usage),
            refund_amount: text(refund),
            closing_balance: text(*balance),
        }
    }
}

/// `YYYY-MM`.
pub fn month_text(month: Day) -> String {
    month.date().format("%Y-%m").to_string()
}

/// Spend by month of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spend {
    /// Paid for prepaid terms, positive.
    pub renewals: Money,
    /// Charged for hours, positive.
    pub usage: Money,
    /// What came back of terms, positive.
    pub refunds: Money,
}

impl Spend {
    /// Paid for terms and hours, refunds not taken off.
    pub fn total(&self) -> Money {
        self.renewals + self.usage
    }
}

/// Spend by currency, value of a column, and month.
pub type SpendTable = BTreeMap<Currency, BTreeMap<Option<String>, BTreeMap<Day, Spend>>>;

/// The spend of a run by the column that its facts were gathered by.
pub fn spend(tables: &Tables) -> SpendTable {
    let mut table = SpendTable::new();
    for (key, total) in tables.by_value() {
        let (currency, value) = key.group;
        let (is_renewal, is_refund) = (RENEWALS.contains(&key.event), REFUNDS.contains(&key.event));
        if !is_renewal && !is_refund && key.event != Event::Usage {
            continue;
        }
        let months = table.entry(*currency).or_default().entry(value.clone()).or_default();
        let spend = months.entry(key.month).or_default();
        if is_refund {
            spend.refunds += total.amount;
        } else {
            let part = if is_renewal { &mut spend.renewals } else { &mut spend.usage };
            *part += -total.amount;
        }
    }
    table
}

/// The header of `spend.csv`.
const SPEND: &[&str] = &["month", "currency", "column", "value", "renewal_amount", "usage_amount", "refund_amount"];

/// A row of `spend.csv`.
#[derive(Serialize)]
struct SpendRow<'t> {
    month: String,
    currency: &'t str,
    column: &'t str,
    value: &'t str,
    renewal_amount: String,
    usage_amount: String,
    refund_amount: String,
}

/// The bytes of `spend.csv`: months with spend, by the values of one column.
pub fn spend_csv(column: &str, table: &SpendTable) -> Vec<u8> {
    let mut rows = Vec::new();
    for (currency, values) in table {
        for (value, months) in values {
            for (month, spend) in months {
                rows.push(SpendRow {
                    month: month_text(*month),
                    currency: currency.code(),
                    column,
                    value: value.as_deref().unwrap_or(""),
                    renewal_amount: spend.renewals.display(*currency).to_string(),
                    usage_amount: spend.usage.display(*currency).to_string(),
                    refund_amount: spend.refunds.display(*currency).to_string(),
                });
            }
        }
    }
    rows.sort_by(|left, right| {
        (left.currency, &left.month, left.value).cmp(&(right.currency, &right.month, right.value))
    });
    write_rows(SPEND, rows)
}
