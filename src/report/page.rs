//! Bytes of a CSV file in the making, and texts made ready to be copied into it.
//!
//! A short text is copied in a block of fixed size, of which only its own bytes count: a processor does that in a few
//! steps, where a copy of any length is a loop.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::calendar::Day;
use crate::cell;
use crate::money::{Currency, Money, Price};

/// The size of the block in which a [`Word`] is copied.
const BLOCK: usize = 32;

/// A text shorter than a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    block: [u8; BLOCK],
    len: usize,
}

impl Word {
    /// A word of a closed list, which needs no quotes, with the comma behind it.
    pub(super) fn cell(text: &str) -> Self {
        let word = Self::of(text.as_bytes());
        let mut block = word.block;
        block[word.len] = b',';
        Self { block, len: word.len + 1 }
    }

    const fn of(text: &[u8]) -> Self {
        let mut block = [0; BLOCK];
        block.split_at_mut(text.len()).0.copy_from_slice(text);
        Self { block, len: text.len() }
    }
}

/// An amount of nothing in most currencies.
const ZERO: Word = Word::of(b"0.00");

/// Bytes with room behind them.
#[derive(Debug, Default)]
pub(super) struct Page {
    bytes: Vec<u8>,
    len: usize,
}

impl Page {
    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Makes room for so many bytes, and for what copies in blocks touch behind them.
    pub(super) fn reserve(&mut self, bytes: usize) {
        let needed = self.len + bytes + BLOCK;
        if self.bytes.len() < needed {
            self.bytes.resize(needed.max(2 * self.bytes.len()), 0);
        }
    }

    /// Adds a word; there must be room.
    pub(super) fn word(&mut self, word: &Word) {
        self.bytes[self.len..self.len + BLOCK].copy_from_slice(&word.block);
        self.len += word.len;
    }

    /// Adds a comma; there must be room.
    pub(super) fn comma(&mut self) {
        self.byte(b',');
    }

    /// Adds one byte; there must be room.
    pub(super) fn byte(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    /// Adds a text of any length.
    pub(super) fn text(&mut self, text: &str) {
        self.reserve(text.len());
        self.bytes[self.len..self.len + text.len()].copy_from_slice(text.as_bytes());
        self.len += text.len();
    }

    /// Adds a cell of any length that is no formula, in quotes where it needs them, and a comma.
    pub(super) fn cell(&mut self, text: &str) {
        if is_plain(text) {
            return self.word_of(text);
        }
        self.quoted(text);
        self.reserve(1);
        self.comma();
    }

    /// Adds a number or a word of a closed list, which need no quotes, and a comma.
    pub(super) fn word_of(&mut self, text: &str) {
        self.text(text);
        self.reserve(1);
        self.comma();
    }

    /// Turns the last comma into the end of the row.
    pub(super) fn end_row(&mut self) {
        self.bytes[self.len - 1] = b'\n';
    }

    /// Adds a cell of any length that is no formula, in quotes where it needs them.
    pub(super) fn quoted(&mut self, text: &str) {
        let text = &*cell::written(text);
        if needs_quotes(text) {
            self.text("\"");
            self.text(&text.replace('"', "\"\""));
            self.text("\"");
        } else {
            self.text(text);
        }
    }

    /// Adds a whole number; there must be room.
    pub(super) fn number(&mut self, number: u64) {
        let mut digits = Digits::default();
        digits.whole(number);
        self.digits(&digits);
    }

    /// Adds a whole number and a comma; there must be room.
    pub(super) fn whole(&mut self, number: u64) {
        self.number(number);
        self.comma();
    }

    /// Where the next byte goes.
    pub(super) fn mark(&self) -> usize {
        self.len
    }

    /// Adds a number of this page once more; there must be room.
    pub(super) fn again(&mut self, marks: Range<usize>) {
        self.len += marks.len();
        self.bytes.copy_within(marks.start..marks.start + BLOCK, self.len - marks.len());
    }

    /// Adds an amount with exactly the currency's decimals, never `-0.00`; there must be room.
    pub(super) fn money(&mut self, money: Money, currency: Currency) {
        if money == Money::ZERO && currency.digits() == 2 {
            return self.word(&ZERO);
        }
        let minor = money.minor().unsigned_abs();
        let mut digits = Digits::default();
        match currency.digits() {
            0 => digits.whole(minor),
            // A division by a constant is a multiplication.
            2 => {
                digits.pair(minor % 100);
                digits.byte(b'.');
                digits.whole(minor / 100);
            }
            decimals => digits.decimals(minor, decimals.into()),
        }
        if money.is_negative() {
            digits.byte(b'-');
        }
        self.digits(&digits);
    }

    /// Adds a price as it is displayed, and a comma; there must be room.
    pub(super) fn price(&mut self, price: Price) {
        let decimal = price.decimal();
        let Ok(mantissa) = u64::try_from(decimal.mantissa()) else { return self.word_of(&price.to_string()) };
        let mut digits = Digits::default();
        digits.byte(b',');
        match decimal.scale() {
            0 => digits.whole(mantissa),
            decimals => digits.decimals(mantissa, decimals),
        }
        self.digits(&digits);
    }

    fn digits(&mut self, digits: &Digits) {
        self.bytes[self.len..self.len + BLOCK].copy_from_slice(&digits.block[digits.at..digits.at + BLOCK]);
        self.len += BLOCK - digits.at;
    }
}

/// A number in the making, from its last digit to its first; behind them there is room for a copy in a block.
struct Digits {
    block: [u8; 2 * BLOCK],
    at: usize,
}

impl Default for Digits {
    fn default() -> Self {
        Self { block: [0; 2 * BLOCK], at: BLOCK }
    }
}

impl Digits {
    fn byte(&mut self, byte: u8) {
        self.at -= 1;
        self.block[self.at] = byte;
    }

    fn pair(&mut self, number: u64) {
        let [tens, ones] = pair(number);
        self.byte(ones);
        self.byte(tens);
    }

    fn whole(&mut self, mut number: u64) {
        while number >= 100 {
            self.pair(number % 100);
            number /= 100;
        }
        if number >= 10 {
            self.pair(number);
        } else {
            self.byte(pair(number)[1]);
        }
    }
}

impl Digits {
    /// A number with so many decimals, at least one.
    fn decimals(&mut self, mut number: u64, decimals: u32) {
        for _ in 0..decimals {
            self.byte(pair(number % 10)[1]);
            number /= 10;
        }
        self.byte(b'.');
        self.whole(number);
    }
}

/// Both digits of a number below 100.
fn pair(number: u64) -> [u8; 2] {
    PAIRS[usize::try_from(number).expect("two digits are few")]
}

/// The numbers from 00 to 99.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0_u8;
    while number < 100 {
        pairs[number as usize] = [b'0' + number / 10, b'0' + number % 10];
        number += 1;
    }
    pairs
};

/// Whether a text can be seen at once to need neither quotes nor an apostrophe, as most ids can.
fn is_plain(text: &str) -> bool {
    let is_sign = |byte: u8| matches!(byte, b'-' | b'_' | b'.');
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || is_sign(byte)) && !text.starts_with('-')
}

/// Whether a cell must be in quotes (RFC 4180).
fn needs_quotes(text: &str) -> bool {
    text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'))
}

/// Many cells with the comma behind them, equally far from each other, so that one look into memory finds a cell.
#[derive(Debug, Default)]
pub(super) struct Cells {
    /// So many bytes for each cell; the last is its length, or [`LONG`].
    width: usize,
    bytes: Vec<u8>,
    long: BTreeMap<usize, Box<str>>,
}

/// The length of a cell that is among the long ones.
const LONG: u8 = u8::MAX;

impl Cells {
    pub(super) fn of<'t>(texts: impl Iterator<Item = &'t str> + Clone) -> Self {
        let longest = texts.clone().map(|text| text.len() + 1).max().unwrap_or(0);
        let width = longest.min(BLOCK - 1) + 1;
        let mut cells = Self { width, bytes: Vec::new(), long: BTreeMap::new() };
        let mut page = Page::default();
        for (number, text) in texts.enumerate() {
            page.clear();
            page.cell(text);
            let room = width - 1;
            match u8::try_from(page.len).ok().filter(|_| page.len <= room) {
                Some(len) => {
                    cells.bytes.extend_from_slice(&page.bytes[..room]);
                    cells.bytes.push(len);
                }
                None => {
                    cells.bytes.extend(std::iter::repeat_n(LONG, width));
                    cells.long.insert(number, text.into());
                }
            }
        }
        cells.bytes.extend([0; BLOCK]);
        cells
    }
}

impl Page {
    /// Adds the cell with this number; there must be room for a block.
    pub(super) fn ready(&mut self, cells: &Cells, number: usize) {
        let start = number * cells.width;
        match cells.bytes[start + cells.width - 1] {
            LONG => self.cell(cells.long.get(&number).map_or("", |text| text)),
            len => {
                self.bytes[self.len..self.len + BLOCK].copy_from_slice(&cells.bytes[start..start + BLOCK]);
                self.len += usize::from(len);
            }
        }
    }
}

/// The days of some years as cells.
#[derive(Debug)]
pub(super) struct Days {
    first: Day,
    cells: Vec<[u8; DAY]>,
}

/// The bytes of `YYYY-MM-DD,`.
const DAY: usize = 11;

impl Days {
    /// Texts for so many days from `first` on.
    pub(super) fn from(first: Day, count: i32) -> Self {
        let cell = |day: Day| {
            let mut cell = [b','; DAY];
            cell[..DAY - 1].copy_from_slice(day.to_string().as_bytes());
            cell
        };
        let days = (0..count).map(|days| first + days).take_while(|day| *day <= Day::LAST);
        Self { first, cells: days.map(cell).collect() }
    }

    fn get(&self, day: Day) -> Option<&[u8; DAY]> {
        self.cells.get(usize::try_from(day.days_since(self.first)).ok()?)
    }
}

impl Page {
    /// Adds a day and a comma; there must be room for a few bytes more than a date has.
    pub(super) fn day(&mut self, days: &Days, day: Day) {
        match days.get(day) {
            Some(cell) => {
                self.bytes[self.len..self.len + DAY].copy_from_slice(cell);
                self.len += DAY;
            }
            None => self.cell(&day.to_string()),
        }
    }
}
