//! `ledger.csv` and `balances.csv`: rows straight into bytes.
//!
//! Texts that repeat, ids above all, are quoted once. Quotes follow RFC 4180: only where a cell needs them.

use std::fmt::Write as _;

use super::detail;
use crate::account::{AccountIndex, Movement};
use crate::action::AccountRef;
use crate::book::Book;
use crate::calendar::Day;
use crate::cell;
use crate::ledger::{Balance, Entry, Ledger};
use crate::money::{Currency, Money};

/// The header of `ledger.csv`.
pub const LEDGER_HEADER: &str = "seq,date,account_id,instance_id,event,state,term_start,term_end,months,hours,\
                                 amount,voucher,free_credit,cash,balance,reason,detail\n";
const BALANCES_HEADER: &str = "date,account_id,cash,free_credit,available\n";

/// The bytes of `ledger.csv`.
pub fn ledger(book: &Book, ledger: &Ledger) -> Vec<u8> {
    let ids = Ids::of(book);
    let mut sheet = Sheet::new(LEDGER_HEADER, ledger.entries.len() * ROW);
    for (seq, entry) in (1u64..).zip(&ledger.entries) {
        sheet.entry(book, &ids, (seq, entry));
    }
    sheet.text.into_bytes()
}

/// The bytes of `balances.csv`.
pub fn balances(book: &Book, ledger: &Ledger) -> Vec<u8> {
    let ids = Ids::of(book);
    let mut sheet = Sheet::new(BALANCES_HEADER, ledger.balances.len() * ROW);
    for balance in &ledger.balances {
        sheet.balance(book, &ids, balance);
    }
    sheet.text.into_bytes()
}

/// About so many bytes has a row.
const ROW: usize = 100;

/// The ids of a book as cells, each with the comma behind it.
struct Ids {
    accounts: Vec<String>,
    instances: Vec<String>,
}

impl Ids {
    fn of(book: &Book) -> Self {
        let cell = |id: &str| {
            let mut text = String::new();
            quote(&mut text, id);
            text.push(',');
            text
        };
        Self {
            accounts: book.accounts.iter().map(|account| cell(account.id.as_str())).collect(),
            instances: book.instances.iter().map(|instance| cell(instance.id.as_str())).collect(),
        }
    }

    fn account(&self, account: AccountIndex) -> &str {
        &self.accounts[account.0 as usize]
    }
}

/// A file in the making, and the last day's cell.
struct Sheet {
    text: String,
    day: Option<(Day, String)>,
}

impl Sheet {
    fn new(header: &str, bytes: usize) -> Self {
        let mut text = String::with_capacity(header.len() + bytes);
        text.push_str(header);
        Self { text, day: None }
    }

    fn entry(&mut self, book: &Book, ids: &Ids, (seq, entry): (u64, &Entry)) {
        let account = entry.account.map(|account| book.account(account));
        let currency = account.map_or(book.currency, |account| account.currency);
        self.number(seq);
        self.date(entry.date);
        match entry.account {
            Some(account) => self.text.push_str(ids.account(account)),
            None => self.cell(given_account(book, entry)),
        }
        match entry.instance {
            Some(instance) => self.text.push_str(&ids.instances[instance.0 as usize]),
            None => self.cell(detail::named_instance(book, entry).unwrap_or("")),
        }
        self.word(entry.event.name());
        self.word(entry.state.map_or("", |state| state.name()));
        self.optional_date(entry.term.map(|term| term.start));
        self.optional_date(entry.term.map(|term| term.end));
        self.count(entry.term.map_or(0, |term| term.months));
        self.count(u32::from(entry.hours));
        self.movement(entry.movement, currency);
        match account {
            Some(_) => self.money(entry.balance, currency),
            None => self.text.push(','),
        }
        self.word(entry.reason.map_or("", |reason| reason.name()));
        if entry.action.is_some() || entry.basis.is_some() {
            quote(&mut self.text, &detail::of(book, entry));
        }
        self.text.push('\n');
    }

    fn balance(&mut self, book: &Book, ids: &Ids, balance: &Balance) {
        let currency = book.account(balance.account).currency;
        self.date(balance.date);
        self.text.push_str(ids.account(balance.account));
        self.money(balance.cash, currency);
        self.money(balance.free_credit, currency);
        balance.available.push_to(currency, &mut self.text);
        self.text.push('\n');
    }

    fn movement(&mut self, movement: Option<Movement>, currency: Currency) {
        let Some(movement) = movement else { return self.text.push_str(",,,,") };
        for money in [movement.amount(), movement.voucher, movement.free_credit, movement.cash] {
            self.money(money, currency);
        }
    }

    fn date(&mut self, day: Day) {
        if self.day.as_ref().is_none_or(|(known, _)| *known != day) {
            self.day = Some((day, format!("{day},")));
        }
        self.text.push_str(self.day.as_ref().map_or("", |(_, text)| text));
    }

    fn optional_date(&mut self, day: Option<Day>) {
        if let Some(day) = day {
            write!(self.text, "{day}").expect("writing to memory does not fail");
        }
        self.text.push(',');
    }

    fn number(&mut self, number: u64) {
        self.text.push_str(itoa::Buffer::new().format(number));
        self.text.push(',');
    }

    /// A number of which zero is not written.
    fn count(&mut self, number: u32) {
        match number {
            0 => self.text.push(','),
            _ => self.number(u64::from(number)),
        }
    }

    fn money(&mut self, money: Money, currency: Currency) {
        money.push_to(currency, &mut self.text);
        self.text.push(',');
    }

    /// A word of a closed list, which needs no quotes.
    fn word(&mut self, word: &str) {
        self.text.push_str(word);
        self.text.push(',');
    }

    fn cell(&mut self, text: &str) {
        quote(&mut self.text, text);
        self.text.push(',');
    }
}

fn given_account<'b>(book: &'b Book, entry: &Entry) -> &'b str {
    match entry.action.and_then(|action| book.action(action).account.as_ref()) {
        Some(AccountRef::Unknown(id)) => id,
        Some(AccountRef::Known(_)) | None => "",
    }
}

/// Adds a cell that is no formula, in quotes if it holds a comma, a quote or a line end.
fn quote(row: &mut String, text: &str) {
    let text = &*cell::written(text);
    if !text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        return row.push_str(text);
    }
    row.push('"');
    row.push_str(&text.replace('"', "\"\""));
    row.push('"');
}
