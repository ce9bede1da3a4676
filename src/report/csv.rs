//! `ledger.csv` and `balances.csv`: rows straight into bytes, page by page.
//!
//! Texts that repeat (ids, dates, the words of closed lists) are made once and copied. Pages are written side by side;
//! one after the other they are the file. Quotes follow RFC 4180: only where a cell needs them.

use std::ops::Range;

use super::cells::Cells;
use super::detail;
use super::page::{Amount, Days, Page, Word};
use super::pages::Pages;
use crate::account::Movement;
use crate::action::AccountRef;
use crate::book::Book;
use crate::engine::Rows;
use crate::event::{Event, Reason};
use crate::instance::State;
use crate::ledger::{Balance, Basis, Entry, Ledger, Needed, Shortfall};
use crate::money::{Currency, Money};

/// The header of `ledger.csv`.
pub const LEDGER_HEADER: &str = "seq,date,account_id,instance_id,event,state,term_start,term_end,months,hours,\
                                 amount,voucher,free_credit,cash,balance,reason,detail\n";
/// The header of `balances.csv`.
pub const BALANCES_HEADER: &str = "date,account_id,cash,free_credit,available\n";

/// The most bytes of a row beside cells of any length, which make their own room.
const ROW: usize = 512;
/// So many days before the run and after it have their texts ready.
const DAYS_BEFORE: i32 = 100;
const DAYS_AFTER: i32 = 5 * 366;

/// The bytes of `ledger.csv`.
pub fn ledger(book: &Book, ledger: &Ledger) -> Vec<u8> {
    let mut pages = Pages::default();
    Texts::of(book).ledger(1, std::iter::once(ledger.entries.as_slice()), &mut pages);
    pages.below(LEDGER_HEADER)
}

/// The bytes of `balances.csv`.
pub fn balances(book: &Book, ledger: &Ledger) -> Vec<u8> {
    let mut pages = Pages::default();
    Texts::of(book).balances(std::iter::once(ledger.balances.as_slice()), &mut pages);
    pages.below(BALANCES_HEADER)
}

/// The texts of a book that its rows repeat.
#[derive(Debug)]
pub struct Texts<'b> {
    book: &'b Book,
    accounts: Cells,
    instances: Cells,
    days: Days,
    events: Vec<Word>,
    states: Vec<Word>,
    reasons: Vec<Word>,
}

impl<'b> Texts<'b> {
    /// Makes the texts.
    pub fn of(book: &'b Book) -> Self {
        let accounts = Cells::of(book.accounts.iter().map(|account| account.id.as_str()));
        let instances = Cells::of(book.instances.iter().map(|instance| instance.id.as_str()));
        let days = i32::try_from(book.days.len()).unwrap_or(i32::MAX).min(DAYS_AFTER) + DAYS_BEFORE + DAYS_AFTER;
        Self {
            book,
            accounts,
            instances,
            days: Days::from(book.days.from - DAYS_BEFORE, days),
            events: Event::ALL.iter().map(|event| Word::cell(event.name())).collect(),
            states: State::NAMES.iter().map(|(name, _)| Word::cell(name)).collect(),
            reasons: Reason::ALL.iter().map(|reason| Word::cell(reason.name())).collect(),
        }
    }

    /// Writes rows of the ledger, of which the first has the number `seq`.
    pub fn ledger<'r>(&self, seq: u64, runs: impl Iterator<Item = &'r [Entry]>, pages: &mut Pages) {
        pages.fill(runs, |page, before, runs| {
            for (seq, entry) in (seq + before as u64..).zip(runs.iter().copied().flatten()) {
                page.reserve(ROW);
                page.number(seq);
                self.entry(page, entry);
            }
        });
    }

    /// Puts the rows of a section into words, in place of what is there.
    pub fn word(&self, rows: &Rows, worded: &mut Worded) {
        let instances = rows.entries.iter().filter_map(|entry| entry.instance);
        let ids = self.instances.sum(instances.map(|instance| instance.0 as usize));
        worded.ledger.page.clear();
        worded.ledger.page.reserve(ids);
        worded.ledger.write(&rows.entries, |page, entry| self.entry(page, entry));
        worded.balances.write(&rows.balances, |page, balance| self.balance(page, balance));
    }

    /// Writes rows of balances.
    pub fn balances<'r>(&self, runs: impl Iterator<Item = &'r [Balance]>, pages: &mut Pages) {
        pages.fill(runs, |page, _, runs| {
            runs.iter().copied().flatten().for_each(|balance| self.balance(page, balance));
        });
    }

    /// Writes a row without its number.
    fn entry(&self, page: &mut Page, entry: &Entry) {
        let account = entry.account.map(|account| self.book.account(account));
        let currency = account.map_or(self.book.currency, |account| account.currency);
        page.reserve(ROW);
        page.comma();
        page.day(&self.days, entry.date);
        self.ids(page, entry);
        page.word(&self.events[entry.event as usize]);
        optional(page, entry.state.map(|state| &self.states[state as usize]));
        self.term(page, entry);
        if entry.hours > 0 {
            page.number(u64::from(entry.hours));
        }
        page.comma();
        movement(page, entry.movement, currency);
        if account.is_some() {
            page.money(entry.balance, currency);
        }
        page.comma();
        optional(page, entry.reason.map(|reason| &self.reasons[reason as usize]));
        self.detail(page, entry, currency);
        page.byte(b'\n');
    }

    fn ids(&self, page: &mut Page, entry: &Entry) {
        match entry.account {
            Some(account) => page.ready(&self.accounts, account.0 as usize),
            None => page.cell(given_account(self.book, entry)),
        }
        match entry.instance {
            Some(instance) => page.ready(&self.instances, instance.0 as usize),
            None => page.cell(detail::named_instance(self.book, entry).unwrap_or("")),
        }
        page.reserve(ROW);
    }

    fn term(&self, page: &mut Page, entry: &Entry) {
        let Some(term) = entry.term else { return (0..3).for_each(|_| page.comma()) };
        page.day(&self.days, term.start);
        page.day(&self.days, term.end);
        if term.months > 0 {
            page.number(u64::from(term.months));
        }
        page.comma();
    }

    fn detail(&self, page: &mut Page, entry: &Entry, currency: Currency) {
        match (entry.action, entry.basis) {
            (None, None) => {}
            // By far the most frequent text, and always the same but for its amounts.
            (None, Some(Basis::Short(Shortfall { needed: Needed::Price(price), available, voucher: Money::ZERO })))
                if entry.event == Event::RenewalFailed =>
            {
                page.text("\"needed ");
                page.reserve(ROW);
                page.money(price, currency);
                page.text(", available ");
                page.reserve(ROW);
                page.money(available, currency);
                page.byte(b'"');
            }
            _ => page.quoted(&detail::of(self.book, entry)),
        }
        page.reserve(1);
    }

    fn balance(&self, page: &mut Page, balance: &Balance) {
        let currency = self.book.account(balance.account).currency;
        page.reserve(ROW);
        page.day(&self.days, balance.date);
        page.ready(&self.accounts, balance.account.0 as usize);
        page.reserve(ROW);
        for money in [balance.cash, balance.free_credit] {
            page.money(money, currency);
            page.comma();
        }
        page.money(balance.available, currency);
        page.byte(b'\n');
    }
}

/// Rows of a section in words. Those of the ledger have no numbers, which depend on the rows of other sections.
#[derive(Debug, Default)]
pub struct Worded {
    ledger: Lines,
    balances: Lines,
}

/// Rows that follow each other.
#[derive(Debug, Default)]
struct Lines {
    page: Page,
    /// Where each row begins, and the end of the last.
    bounds: Vec<usize>,
}

impl Lines {
    fn write<R>(&mut self, rows: &[R], write: impl Fn(&mut Page, &R)) {
        let Self { page, bounds } = self;
        page.clear();
        bounds.clear();
        bounds.push(0);
        bounds.extend(rows.iter().map(|row| {
            write(page, row);
            page.mark()
        }));
    }

    fn bytes(&self, rows: Range<usize>) -> &[u8] {
        &self.page.bytes()[self.bounds[rows.start]..self.bounds[rows.end]]
    }
}

/// Bytes of `ledger.csv` that come together from sections: numbers its rows.
#[derive(Debug)]
pub struct LedgerSheet {
    page: Page,
    /// The number of the next row.
    seq: u64,
}

impl Default for LedgerSheet {
    fn default() -> Self {
        Self { page: Page::default(), seq: 1 }
    }
}

impl LedgerSheet {
    /// Adds rows of a section.
    pub fn add(&mut self, worded: &Worded, rows: Range<usize>) {
        for row in rows {
            self.page.reserve(ROW);
            self.page.number(self.seq);
            self.page.raw(worded.ledger.bytes(row..row + 1));
            self.seq += 1;
        }
    }

    /// What has come together.
    pub fn bytes(&self) -> &[u8] {
        self.page.bytes()
    }

    /// Lets go what has come together; the numbers go on.
    pub fn clear(&mut self) {
        self.page.clear();
    }
}

impl Worded {
    /// Rows of `balances.csv`.
    pub fn balances(&self, rows: Range<usize>) -> &[u8] {
        self.balances.bytes(rows)
    }
}

fn optional(page: &mut Page, word: Option<&Word>) {
    match word {
        Some(word) => page.word(word),
        None => page.comma(),
    }
}

fn movement(page: &mut Page, movement: Option<Movement>, currency: Currency) {
    let Some(movement) = movement else { return (0..4).for_each(|_| page.comma()) };
    let Movement { voucher, free_credit, cash } = movement;
    let amount = Amount::of(cash, currency).filter(|_| voucher == Money::ZERO && free_credit == Money::ZERO);
    if let Some(amount) = amount {
        // Most are paid in cash.
        page.amount(amount);
        page.word(&NOTHING_ELSE);
        page.amount(amount);
        page.comma();
    } else {
        for money in [movement.amount(), voucher, free_credit, cash] {
            page.money(money, currency);
            page.comma();
        }
    }
}

/// Between an amount and the cash that is all of it: nothing by voucher, nothing by free credit.
const NOTHING_ELSE: Word = Word::of(b",0.00,0.00,");

fn given_account<'b>(book: &'b Book, entry: &Entry) -> &'b str {
    match entry.action.and_then(|action| book.action(action).account.as_ref()) {
        Some(AccountRef::Unknown(id)) => id,
        Some(AccountRef::Known(_)) | None => "",
    }
}
