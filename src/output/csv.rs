//! `ledger.csv` and `balances.csv`: rows straight into bytes, buffer by buffer. Never computes an amount.
//!
//! Texts that repeat (ids, dates, the words of closed lists) are made once and copied. Buffers are written side by side;
//! one after the other they are the file. Quotes follow RFC 4180: only where a cell needs them.

use std::ops::Range;

use super::csv_buffer::{CellWord, CsvBuffer, FormattedAmount, FormattedDays};
use super::csv_buffers::CsvBuffers;
use super::detail;
use super::padded_cells::PaddedCells;
use crate::engine::ShardRows;
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::columns::{balances_csv, ledger_csv};
use crate::engine::ledger::{Balance, Basis, Entry, Ledger, Needed, Shortfall};
use crate::model::account::Movement;
use crate::model::action::AccountRef;
use crate::model::book::Book;
use crate::model::instance::State;
use crate::model::money::{Currency, Money};

/// The header of `ledger.csv`.
pub const LEDGER_HEADER: &str = ledger_csv::HEADER;
/// The header of `balances.csv`.
pub const BALANCES_HEADER: &str = balances_csv::HEADER;

/// The days before the run, and after it, whose texts are made once.
const DAYS_BEFORE: i32 = 100;
const DAYS_AFTER: i32 = 5 * 366;
/// Terms of fewer months have texts made once.
const MONTHS: u32 = 64;

/// The bytes of `ledger.csv`.
pub fn ledger(book: &Book, ledger: &Ledger) -> Vec<u8> {
    let mut buffers = CsvBuffers::default();
    BookTexts::texts_of_book(book).ledger(
        1,
        std::iter::once(ledger.entries.as_slice()),
        &mut buffers,
    );
    buffers.below(LEDGER_HEADER)
}

/// The bytes of `balances.csv`.
pub fn balances(book: &Book, ledger: &Ledger) -> Vec<u8> {
    let mut buffers = CsvBuffers::default();
    BookTexts::texts_of_book(book)
        .balances(std::iter::once(ledger.balances.as_slice()), &mut buffers);
    buffers.below(BALANCES_HEADER)
}

/// The texts of a book that its rows repeat.
#[derive(Debug)]
pub struct BookTexts<'b> {
    book: &'b Book,
    accounts: PaddedCells,
    instances: PaddedCells,
    days: FormattedDays,
    /// The cells of each event and state: for each event one without a state, then one for each.
    event_states: Vec<CellWord>,
    months: Vec<CellWord>,
    reasons: Vec<CellWord>,
}

impl<'b> BookTexts<'b> {
    /// Makes the texts.
    pub fn texts_of_book(book: &'b Book) -> Self {
        let accounts = book.accounts.iter().map(|account| account.id.as_str());
        let instances = book.instances.iter().map(|instance| instance.id.as_str());
        let days = i32::try_from(book.days.len()).unwrap_or(i32::MAX);
        let days = DAYS_BEFORE + days.min(DAYS_AFTER) + DAYS_AFTER;
        let months = (0..MONTHS).map(|months| format!("{months},,"));
        let reasons = Reason::ALL.iter();
        Self {
            book,
            accounts: PaddedCells::pad_texts(accounts),
            instances: PaddedCells::pad_texts(instances),
            days: FormattedDays::from(book.days.from - DAYS_BEFORE, days),
            event_states: Event::ALL.iter().flat_map(event_states).collect(),
            months: months
                .map(|text| CellWord::from_short_text(text.as_bytes()))
                .collect(),
            reasons: reasons
                .map(|reason| CellWord::cell(reason.name()))
                .collect(),
        }
    }

    /// Writes rows of the ledger; `seq` is the number of the first.
    pub fn ledger<'r>(
        &self,
        seq: u64,
        runs: impl Iterator<Item = &'r [Entry]>,
        buffers: &mut CsvBuffers,
    ) {
        buffers.fill(runs, |buffer, before, runs| {
            for (seq, entry) in (seq + before as u64..).zip(runs.iter().copied().flatten()) {
                buffer.whole(seq);
                self.entry(buffer, entry);
            }
        });
    }

    /// Formats the rows of a shard, in place of those before.
    pub fn word(&self, rows: &ShardRows, formatted: &mut FormattedRows) {
        let instances = rows.entries.iter().filter_map(|entry| entry.instance);
        let ids = instances.map(|instance| instance.0 as usize);
        let ids = self.instances.sum(ids);
        formatted.ledger.buffer.clear();
        formatted.ledger.buffer.reserve(ids);
        formatted
            .ledger
            .write_rows(&rows.entries, |buffer, entry| self.entry(buffer, entry));
        formatted
            .balances
            .write_rows(&rows.balances, |buffer, balance| {
                self.balance(buffer, balance);
            });
    }

    /// Writes rows of balances.
    pub fn balances<'r>(
        &self,
        runs: impl Iterator<Item = &'r [Balance]>,
        buffers: &mut CsvBuffers,
    ) {
        buffers.fill(runs, |buffer, _, runs| {
            for balance in runs.iter().copied().flatten() {
                self.balance(buffer, balance);
            }
        });
    }

    /// Writes a row without its number.
    fn entry(&self, buffer: &mut CsvBuffer, entry: &Entry) {
        let account = entry.account.map(|account| self.book.account(account));
        let currency = account.map_or(self.book.currency, |account| account.currency);
        buffer.day(&self.days, entry.date);
        self.ids(buffer, entry);
        buffer.word(&self.event_states[place(entry.event, entry.state)]);
        self.term(buffer, entry);
        movement(buffer, entry.movement, currency);
        match account {
            Some(_) => buffer.amount(entry.balance, currency),
            None => buffer.comma(),
        }
        match entry.reason {
            Some(reason) => buffer.word(&self.reasons[reason as usize]),
            None => buffer.comma(),
        }
        self.detail(buffer, entry, currency);
        buffer.byte(b'\n');
    }

    fn ids(&self, buffer: &mut CsvBuffer, entry: &Entry) {
        match entry.account {
            Some(account) => buffer.ready(&self.accounts, account.0 as usize),
            None => buffer.cell(given_account(self.book, entry)),
        }
        match entry.instance {
            Some(instance) => buffer.ready(&self.instances, instance.0 as usize),
            None => buffer.cell(detail::named_instance(self.book, entry).unwrap_or("")),
        }
    }

    /// Writes the term that is paid for, and the hours that are billed.
    fn term(&self, buffer: &mut CsvBuffer, entry: &Entry) {
        let Some(term) = entry.term else {
            buffer.word(&NO_TERM);
            return buffer.whole_if_any(entry.hours.into());
        };
        buffer.day(&self.days, term.start);
        buffer.day(&self.days, term.end);
        match self.months.get(term.months as usize) {
            Some(months) if term.months > 0 && entry.hours == 0 => buffer.word(months),
            _ => {
                buffer.whole_if_any(term.months.into());
                buffer.whole_if_any(entry.hours.into());
            }
        }
    }

    fn detail(&self, buffer: &mut CsvBuffer, entry: &Entry, currency: Currency) {
        match (entry.action, entry.basis) {
            (None, None) => {}
            // By far the most frequent text, and always the same but for its amounts.
            (
                None,
                Some(Basis::Short(Shortfall {
                    needed: Needed::Price(price),
                    available,
                    voucher: Money::ZERO,
                })),
            ) if entry.event == Event::RenewalFailed => {
                buffer.word(&NEEDED);
                buffer.money(price, currency);
                buffer.word(&AVAILABLE);
                buffer.money(available, currency);
                buffer.byte(b'"');
            }
            _ => buffer.quoted(&detail::detail_of_entry(self.book, entry)),
        }
    }

    fn balance(&self, buffer: &mut CsvBuffer, balance: &Balance) {
        let currency = self.book.account(balance.account).currency;
        buffer.day(&self.days, balance.date);
        buffer.ready(&self.accounts, balance.account.0 as usize);
        for money in [balance.cash, balance.free_credit, balance.available] {
            buffer.amount(money, currency);
        }
        buffer.end_row();
    }
}

/// Formatted rows of a shard. Those of the ledger have no numbers, which depend on the rows of other shards.
#[derive(Debug, Default)]
pub struct FormattedRows {
    ledger: RowBlock,
    balances: RowBlock,
}

/// Rows that follow each other.
#[derive(Debug, Default)]
struct RowBlock {
    buffer: CsvBuffer,
    /// Where each row begins, and the end of the last.
    bounds: Vec<usize>,
}

impl RowBlock {
    fn write_rows<R>(&mut self, rows: &[R], write: impl Fn(&mut CsvBuffer, &R)) {
        let Self { buffer, bounds } = self;
        buffer.clear();
        bounds.clear();
        bounds.push(0);
        bounds.extend(rows.iter().map(|row| {
            write(buffer, row);
            buffer.mark()
        }));
    }

    fn bytes(&self, rows: Range<usize>) -> &[u8] {
        &self.buffer.bytes()[self.bounds[rows.start]..self.bounds[rows.end]]
    }
}

/// Bytes of `ledger.csv` that come together from shards: numbers its rows.
#[derive(Debug)]
pub struct LedgerSheet {
    buffer: CsvBuffer,
    /// The number of the next row.
    seq: u64,
}

impl Default for LedgerSheet {
    fn default() -> Self {
        Self {
            buffer: CsvBuffer::default(),
            seq: 1,
        }
    }
}

impl LedgerSheet {
    /// Adds rows of a shard.
    pub fn add_rows(&mut self, formatted: &FormattedRows, rows: Range<usize>) {
        for row in rows {
            self.buffer.whole(self.seq);
            self.buffer.raw(formatted.ledger.bytes(row..row + 1));
            self.seq += 1;
        }
    }

    /// What has come together.
    pub fn bytes(&self) -> &[u8] {
        self.buffer.bytes()
    }

    /// Forgets what has come together; the numbers go on.
    pub fn clear(&mut self) {
        self.buffer.clear();
    }
}

impl FormattedRows {
    /// Rows of `balances.csv`.
    pub fn balances(&self, rows: Range<usize>) -> &[u8] {
        self.balances.bytes(rows)
    }
}

/// The cells of an event: without a state, then with each.
fn event_states(event: &Event) -> impl Iterator<Item = CellWord> {
    let states = std::iter::once("").chain(State::NAMES.iter().map(|(name, _)| *name));
    states.map(|state| CellWord::from_short_text(format!("{},{state},", event.name()).as_bytes()))
}

/// The number of such cells among those of all events.
fn place(event: Event, state: Option<State>) -> usize {
    event as usize * (State::NAMES.len() + 1) + state.map_or(0, |state| state as usize + 1)
}

fn movement(buffer: &mut CsvBuffer, movement: Option<Movement>, currency: Currency) {
    let Some(movement) = movement else {
        return buffer.word(&NO_AMOUNTS);
    };
    let Movement {
        voucher,
        free_credit,
        cash,
    } = movement;
    let amount = FormattedAmount::format_amount(cash, currency)
        .filter(|_| voucher == Money::ZERO && free_credit == Money::ZERO);
    if let Some(amount) = amount {
        // Most are paid in cash.
        buffer.ready_amount(amount);
        buffer.word(&NOTHING_ELSE);
        buffer.ready_amount(amount);
    } else {
        for money in [movement.amount(), voucher, free_credit, cash] {
            buffer.amount(money, currency);
        }
    }
}

/// Between an amount and the cash that is all of it: nothing by voucher, nothing by free credit.
const NOTHING_ELSE: CellWord = CellWord::from_short_text(b"0.00,0.00,");
/// No amount, no voucher, no free credit, no cash.
const NO_AMOUNTS: CellWord = CellWord::from_short_text(b",,,,");
/// No start, no end, no months.
const NO_TERM: CellWord = CellWord::from_short_text(b",,,");
/// In the details of a failed renewal.
const NEEDED: CellWord = CellWord::from_short_text(b"\"needed ");
const AVAILABLE: CellWord = CellWord::from_short_text(b", available ");

fn given_account<'b>(book: &'b Book, entry: &Entry) -> &'b str {
    let action = entry.action.map(|action| book.action(action));
    match action.and_then(|action| action.account.as_ref()) {
        Some(AccountRef::Unknown(id)) => id,
        Some(AccountRef::Known(_)) | None => "",
    }
}
