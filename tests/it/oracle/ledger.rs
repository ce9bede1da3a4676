//! The rows of a run and the three files made of them: ledger.csv, balances.csv, monthly.csv (docs/spec/formats.md).
//! Writes what it is given; decides nothing.

use chrono::Datelike;

use super::dates::Date;
use super::number::money;
use super::state::{Account, Movement};

/// A row of the ledger. Where nothing moves, there is no movement.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) date: Date,
    pub(crate) account: String,
    /// Decimals of the account's currency.
    pub(crate) digits: u32,
    pub(crate) instance: String,
    pub(crate) event: &'static str,
    pub(crate) state: &'static str,
    pub(crate) term: Option<(Date, Date)>,
    pub(crate) months: Option<u32>,
    pub(crate) hours: Option<i64>,
    pub(crate) movement: Option<Movement>,
    /// `settled` after the row; none on rows without an account of the book.
    pub(crate) balance: Option<i128>,
    pub(crate) reason: &'static str,
    pub(crate) detail: String,
}

impl Entry {
    pub(crate) fn amount(&self) -> i128 {
        self.movement
            .map_or(0, |moved| moved.free_credit + moved.cash)
    }
}

pub(crate) fn ledger_csv(entries: &[Entry]) -> String {
    let mut file = CsvText::new(
        "seq,date,account_id,instance_id,event,state,term_start,term_end,months,hours,\
         amount,voucher,free_credit,cash,balance,reason,detail",
    );
    for (index, entry) in entries.iter().enumerate() {
        let amount = |sum: i128| money(sum, entry.digits);
        // A row with an amount has all contributions (docs/spec/formats.md, ledger.csv).
        let moved = |sum: fn(&Movement) -> i128| entry.movement.as_ref().map(|m| amount(sum(m)));
        file.row(&[
            (index + 1).to_string(),
            entry.date.to_string(),
            entry.account.clone(),
            entry.instance.clone(),
            entry.event.to_owned(),
            entry.state.to_owned(),
            or_empty(entry.term.map(|term| term.0)),
            or_empty(entry.term.map(|term| term.1)),
            or_empty(entry.months),
            or_empty(entry.hours),
            or_empty(moved(|m| m.free_credit + m.cash)),
            or_empty(moved(|m| m.voucher)),
            or_empty(moved(|m| m.free_credit)),
            or_empty(moved(|m| m.cash)),
            or_empty(entry.balance.map(amount)),
            entry.reason.to_owned(),
            entry.detail.clone(),
        ]);
    }
    file.text()
}

/// An account's sums at the end of a day, or at the opening.
#[derive(Clone, Debug)]
pub(crate) struct DayEnd {
    pub(crate) date: Date,
    pub(crate) account: Account,
}

/// The opening, and each day at whose end something differs from the account's last row.
/// The day ends come by date, then account id.
pub(crate) fn balances_csv(day_ends: &[DayEnd]) -> String {
    let mut file = CsvText::new("date,account_id,cash,free_credit,available");
    let mut written: Vec<&DayEnd> = Vec::new();
    for end in day_ends {
        let last = written
            .iter()
            .rfind(|last| last.account.id == end.account.id);
        if last.is_some_and(|last| sums(last) == sums(end)) {
            continue;
        }
        written.push(end);
        let amount = |sum| money(sum, end.account.digits);
        let (cash, free_credit, available) = sums(end);
        file.row(&[
            end.date.to_string(),
            end.account.id.clone(),
            amount(cash),
            amount(free_credit),
            amount(available),
        ]);
    }
    file.text()
}

fn sums(end: &DayEnd) -> (i128, i128, i128) {
    let account = &end.account;
    (account.cash, account.free_credit, account.available())
}

/// One row for each month that the run touches and each account. `day_ends` has the opening's rows first.
pub(crate) fn monthly_csv(entries: &[Entry], day_ends: &[DayEnd], from: Date) -> String {
    let mut file = CsvText::new(
        "month,account_id,renewed,recovered,renewal_failed,reclaimed,terminated,stopped,\
         topup_amount,credit_amount,renewal_amount,usage_amount,refund_amount,closing_balance",
    );
    for (index, end) in day_ends.iter().enumerate() {
        let next = day_ends[index + 1..]
            .iter()
            .find(|later| later.account.id == end.account.id);
        let month_goes_on = next.is_some_and(|next| same_month(next.date, end.date));
        if end.date >= from && !month_goes_on {
            file.row(&monthly_row(entries, end));
        }
    }
    file.text()
}

fn monthly_row(entries: &[Entry], end: &DayEnd) -> Vec<String> {
    let of_month: Vec<&Entry> = entries
        .iter()
        .filter(|entry| entry.account == end.account.id && same_month(entry.date, end.date))
        .collect();
    let count = |event: &str| {
        let rows = of_month.iter().filter(|entry| entry.event == event);
        rows.count().to_string()
    };
    let sum = |events: &[&str]| -> i128 {
        let rows = of_month
            .iter()
            .filter(|entry| events.contains(&entry.event));
        rows.map(|entry| entry.amount()).sum()
    };
    let amount = |sum| money(sum, end.account.digits);
    vec![
        end.date.format("%Y-%m").to_string(),
        end.account.id.clone(),
        count("renewed"),
        count("recovered"),
        count("renewal_failed"),
        count("reclaimed"),
        count("terminated"),
        count("stopped"),
        amount(sum(&["topup"])),
        amount(sum(&["credit"])),
        amount(-sum(&["renewed", "recovered", "purchased", "resized"])),
        amount(-sum(&["usage"])),
        amount(sum(&["refunded", "returned"])),
        amount(end.account.settled()),
    ]
}

fn same_month(one: Date, other: Date) -> bool {
    (one.year(), one.month()) == (other.year(), other.month())
}

fn or_empty<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

pub(super) struct CsvText {
    writer: csv::Writer<Vec<u8>>,
}

impl CsvText {
    pub(super) fn new(header: &str) -> Self {
        let mut file = Self {
            writer: csv::Writer::from_writer(Vec::new()),
        };
        let columns: Vec<String> = header.split(',').map(str::to_owned).collect();
        file.row(&columns);
        file
    }

    pub(super) fn row(&mut self, cells: &[String]) {
        self.writer
            .write_record(cells)
            .expect("memory takes every row");
    }

    pub(super) fn text(self) -> String {
        let bytes = self.writer.into_inner().expect("memory takes every row");
        String::from_utf8(bytes).expect("the cells are UTF-8")
    }
}
