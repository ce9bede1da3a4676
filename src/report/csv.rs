//! `ledger.csv` and `balances.csv`: rows straight into bytes.
//!
//! Texts that repeat, ids above all, are quoted once. Quotes follow RFC 4180: only where a cell needs them.

use std::io::Write as _;

use super::detail;
use crate::account::Movement;
use crate::action::AccountRef;
use crate::book::Book;
use crate::calendar::Day;
use crate::ledger::{Balance, Entry, Ledger};
use crate::money::{Currency, Money};

/// The header of `ledger.csv`.
pub const LEDGER_HEADER: &str = "seq,date,account_id,instance_id,event,state,term_start,term_end,months,hours,\
                                 amount,voucher,free_credit,cash,balance,reason,detail\n";
const BALANCES_HEADER: &str = "date,account_id,cash,free_credit,available\n";

/// The bytes of `ledger.csv`.
pub fn ledger(book: &Book, ledger: &Ledger) -> Vec<u8> {
    let mut sheet = Sheet::new(LEDGER_HEADER);
    for (seq, entry) in (1u64..).zip(&ledger.entries) {
        sheet.entry(book, seq, entry);
    }
    sheet.bytes
}

/// The bytes of `balances.csv`.
pub fn balances(book: &Book, ledger: &Ledger) -> Vec<u8> {
    let mut sheet = Sheet::new(BALANCES_HEADER);
    for balance in &ledger.balances {
        sheet.balance(book, balance);
    }
    sheet.bytes
}

/// A file in the making, and the last day's text.
struct Sheet {
    bytes: Vec<u8>,
    day: Option<(Day, String)>,
}

impl Sheet {
    fn new(header: &str) -> Self {
        Self { bytes: header.as_bytes().to_vec(), day: None }
    }

    fn entry(&mut self, book: &Book, seq: u64, entry: &Entry) {
        let account = entry.account.map(|account| book.account(account));
        let currency = account.map_or(book.currency, |account| account.currency);
        self.number(seq);
        self.date(entry.date);
        self.text(account.map_or_else(|| given_account(book, entry), |account| account.id.as_str()));
        let listed = entry.instance.map(|instance| book.instance(instance).id.as_str());
        self.text(listed.or_else(|| detail::named_instance(book, entry)).unwrap_or(""));
        self.word(entry.event.name());
        self.word(entry.state.map_or("", |state| state.name()));
        self.optional_date(entry.term.map(|term| term.start));
        self.optional_date(entry.term.map(|term| term.end));
        self.count(entry.term.map_or(0, |term| term.months));
        self.count(u32::from(entry.hours));
        self.movement(entry.movement, currency);
        match account {
            Some(_) => self.money(entry.balance, currency),
            None => self.word(""),
        }
        self.word(entry.reason.map_or("", |reason| reason.name()));
        quote(&mut self.bytes, &detail::of(book, entry));
        self.bytes.push(b'\n');
    }

    fn balance(&mut self, book: &Book, balance: &Balance) {
        let account = book.account(balance.account);
        self.date(balance.date);
        self.text(account.id.as_str());
        self.money(balance.cash, account.currency);
        self.money(balance.free_credit, account.currency);
        self.money(balance.available, account.currency);
        self.bytes.pop();
        self.bytes.push(b'\n');
    }

    fn movement(&mut self, movement: Option<Movement>, currency: Currency) {
        let Some(movement) = movement else { return self.bytes.extend_from_slice(b",,,,") };
        for money in [movement.amount(), Money::ZERO, movement.free_credit, movement.cash] {
            self.money(money, currency);
        }
    }

    fn date(&mut self, day: Day) {
        if self.day.as_ref().is_none_or(|(known, _)| *known != day) {
            self.day = Some((day, day.to_string()));
        }
        let text = self.day.as_ref().map_or("", |(_, text)| text.as_str());
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(b',');
    }

    fn optional_date(&mut self, day: Option<Day>) {
        match day {
            Some(day) => self.display(day),
            None => self.bytes.push(b','),
        }
    }

    fn number(&mut self, number: u64) {
        self.display(number);
    }

    /// A number of which zero is not written.
    fn count(&mut self, number: u32) {
        match number {
            0 => self.bytes.push(b','),
            _ => self.display(number),
        }
    }

    fn money(&mut self, money: Money, currency: Currency) {
        self.display(money.display(currency));
    }

    fn display(&mut self, value: impl std::fmt::Display) {
        write!(self.bytes, "{value},").expect("writing to memory does not fail");
    }

    /// A word of a closed list, which needs no quotes.
    fn word(&mut self, word: &str) {
        self.bytes.extend_from_slice(word.as_bytes());
        self.bytes.push(b',');
    }

    fn text(&mut self, text: &str) {
        quote(&mut self.bytes, text);
        self.bytes.push(b',');
    }
}

fn given_account<'b>(book: &'b Book, entry: &Entry) -> &'b str {
    match entry.action.and_then(|action| book.action(action).account.as_ref()) {
        Some(AccountRef::Unknown(id)) => id,
        Some(AccountRef::Known(_)) | None => "",
    }
}

/// Writes a cell, in quotes if it holds a comma, a quote or a line end.
fn quote(bytes: &mut Vec<u8>, text: &str) {
    if !text.contains([',', '"', '\n', '\r']) {
        return bytes.extend_from_slice(text.as_bytes());
    }
    bytes.push(b'"');
    bytes.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    bytes.push(b'"');
}
