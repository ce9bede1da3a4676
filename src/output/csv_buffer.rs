//! Bytes of a CSV file in the making, and texts made ready to be copied into it. Never knows a book.
//!
//! It stands beside the `csv` crate for speed (`benches/write.rs`): a large ledger has a hundred million cells, mostly texts that
//! repeat. Digits are made by SWAR: eight at once, in one register.
//!
//! A short text is copied in a block of fixed size, of which only its own bytes count: a processor does that in a few
//! steps, where a copy of any length is a loop.

use crate::input::cell;
use crate::model::calendar::Day;
use crate::model::money::{Currency, Money, Price};

/// The size of the block in which a [`CellWord`] is copied.
pub(super) const BLOCK: usize = 32;

/// A text shorter than a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct CellWord {
    block: [u8; BLOCK],
    len: usize,
}

impl CellWord {
    /// A word of a closed list, which needs no quotes, with the comma behind it.
    pub(super) fn cell(text: &str) -> Self {
        let word = Self::from_short_text(text.as_bytes());
        let mut block = word.block;
        block[word.len] = b',';
        Self {
            block,
            len: word.len + 1,
        }
    }

    pub(super) const fn from_short_text(text: &[u8]) -> Self {
        let mut block = [0; BLOCK];
        block.split_at_mut(text.len()).0.copy_from_slice(text);
        Self {
            block,
            len: text.len(),
        }
    }
}

/// Bytes of a file.
#[derive(Debug, Default)]
pub(super) struct CsvBuffer {
    /// What is written, and room behind it.
    bytes: Vec<u8>,
    len: usize,
}

impl CsvBuffer {
    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.len);
        self.bytes
    }

    /// Where the next byte goes.
    pub(super) fn mark(&self) -> usize {
        self.len
    }

    /// Makes room for more bytes.
    #[inline]
    pub(super) fn reserve(&mut self, bytes: usize) {
        let needed = self.len + bytes;
        if self.bytes.len() < needed {
            self.grow(needed);
        }
    }

    #[cold]
    fn grow(&mut self, needed: usize) {
        self.bytes.resize(needed.max(2 * self.bytes.len()), 0);
    }

    /// Adds a block of bytes, of which the first `len` count.
    #[inline]
    pub(super) fn block<const N: usize>(&mut self, block: &[u8; N], len: usize) {
        self.reserve(N);
        self.bytes[self.len..self.len + N].copy_from_slice(block);
        self.len += len;
    }

    /// Adds a word.
    #[inline]
    pub(super) fn word(&mut self, word: &CellWord) {
        self.block(&word.block, word.len);
    }

    /// Adds one byte.
    #[inline]
    pub(super) fn byte(&mut self, byte: u8) {
        self.block(&[byte], 1);
    }

    /// Adds a comma.
    #[inline]
    pub(super) fn comma(&mut self) {
        self.byte(b',');
    }

    /// Adds bytes of any number.
    #[inline]
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    /// Adds a text of any length.
    pub(super) fn push_text(&mut self, text: &str) {
        self.raw(text.as_bytes());
    }

    /// Adds a cell of any length that is no formula, in quotes where it needs them, and a comma.
    pub(super) fn cell(&mut self, text: &str) {
        if is_plain(text) {
            return self.word_of(text);
        }
        self.quoted(text);
        self.comma();
    }

    /// Adds a number or a word of a closed list, which need no quotes, and a comma.
    pub(super) fn word_of(&mut self, text: &str) {
        self.push_text(text);
        self.comma();
    }

    /// Turns the last comma into the end of the row.
    #[inline]
    pub(super) fn end_row(&mut self) {
        self.bytes[self.len - 1] = b'\n';
    }

    /// Adds a cell of any length that is no formula, in quotes where it needs them.
    pub(super) fn quoted(&mut self, text: &str) {
        let text = &*cell::written(text);
        if needs_quotes(text) {
            self.push_text("\"");
            self.push_text(&text.replace('"', "\"\""));
            self.push_text("\"");
        } else {
            self.push_text(text);
        }
    }

    /// Adds a whole number.
    #[inline]
    pub(super) fn push_number(&mut self, number: u64) {
        match u32::try_from(number).ok().filter(|number| *number < LIMIT) {
            Some(number) => {
                let digits = NumberDigits::format_number(number);
                self.block(&digits.text.to_le_bytes(), digits.len);
            }
            None => self.long_number(number),
        }
    }

    #[cold]
    fn long_number(&mut self, number: u64) {
        self.push_number(number / u64::from(LIMIT));
        let last = u32::try_from(number % u64::from(LIMIT)).expect("eight digits are few");
        self.block(&all_digits(last).to_le_bytes(), 8);
    }

    /// Adds a whole number and a comma.
    #[inline]
    pub(super) fn whole(&mut self, number: u64) {
        self.push_number(number);
        self.comma();
    }

    /// Adds a whole number that is not zero, and a comma.
    pub(super) fn whole_if_any(&mut self, number: u64) {
        if number > 0 {
            self.push_number(number);
        }
        self.comma();
    }

    /// Adds an amount with exactly the currency's decimals, never `-0.00`.
    #[inline]
    pub(super) fn money(&mut self, money: Money, currency: Currency) {
        match FormattedAmount::format_amount(money, currency) {
            Some(amount) => self.block(&amount.text, amount.len),
            None => self.long_money(money, currency),
        }
    }

    /// Adds an amount and a comma.
    #[inline]
    pub(super) fn amount(&mut self, money: Money, currency: Currency) {
        match FormattedAmount::format_amount(money, currency) {
            Some(amount) => self.ready_amount(amount),
            None => {
                self.long_money(money, currency);
                self.comma();
            }
        }
    }

    /// Adds an amount that is ready, and can be added again, and a comma.
    #[inline]
    pub(super) fn ready_amount(&mut self, amount: FormattedAmount) {
        self.block(&amount.text, amount.len + 1);
    }

    /// Adds an amount of many digits, or of a currency without hundredths.
    #[cold]
    fn long_money(&mut self, money: Money, currency: Currency) {
        let minor = money.minor().unsigned_abs();
        if money.is_negative() {
            self.byte(b'-');
        }
        self.fraction(minor, 10_u64.pow(currency.digits().into()));
    }

    /// Adds a price as it is displayed, and a comma.
    pub(super) fn price(&mut self, price: Price) {
        let (digits, decimals) = price.parts();
        let digits = u64::try_from(digits).ok();
        if let Some(amount) = digits
            .filter(|_| decimals == 2)
            .and_then(|digits| FormattedAmount::hundredths(digits, false))
        {
            return self.ready_amount(amount);
        }
        match digits.zip(10_u64.checked_pow(decimals)) {
            Some((digits, unit)) => self.fraction(digits, unit),
            None => self.push_text(&price.to_string()),
        }
        self.comma();
    }

    /// Adds a number in parts of a unit, which is a power of ten.
    fn fraction(&mut self, number: u64, unit: u64) {
        self.push_number(number / unit);
        if unit == 1 {
            return;
        }
        self.byte(b'.');
        let mut rest = number % unit;
        let mut place = unit / 10;
        while place > 0 {
            self.byte(b'0' + u8::try_from(rest / place).expect("one digit"));
            rest %= place;
            place /= 10;
        }
    }
}

/// An amount of a currency with hundredths that has few digits, ready to be written, and a comma behind it.
#[derive(Clone, Copy)]
pub(super) struct FormattedAmount {
    text: [u8; 16],
    /// Of the amount alone.
    len: usize,
}

impl FormattedAmount {
    /// The amount; none where it has more digits, or the currency has no hundredths.
    #[inline]
    pub(super) fn format_amount(money: Money, currency: Currency) -> Option<Self> {
        let has_hundredths = currency.digits() == 2;
        Self::hundredths(money.minor().unsigned_abs(), money.is_negative())
            .filter(|_| has_hundredths)
    }

    /// A number of hundredths.
    #[inline]
    fn hundredths(hundredths: u64, is_negative: bool) -> Option<Self> {
        let whole = u32::try_from(hundredths / 100)
            .ok()
            .filter(|whole| *whole < LIMIT)?;
        let decimals = DECIMALS[usize::try_from(hundredths % 100).expect("two digits are few")];
        let digits = NumberDigits::format_number(whole);
        // What is put together in a register can be copied at once; single bytes would have to arrive in memory first.
        let text = u128::from(digits.text) | u128::from(decimals) << (8 * digits.len);
        let (text, sign) = if is_negative {
            (text << 8 | u128::from(b'-'), 1)
        } else {
            (text, 0)
        };
        Some(Self {
            text: text.to_le_bytes(),
            len: sign + digits.len + 3,
        })
    }
}

/// Numbers below this one have at most eight digits, which fit into one number of the processor.
const LIMIT: u32 = 100_000_000;

/// The digits of a number below [`LIMIT`], without zeros in front: the first in the lowest byte, nothing behind the last.
#[derive(Clone, Copy)]
struct NumberDigits {
    text: u64,
    len: usize,
}

impl NumberDigits {
    #[inline]
    fn format_number(number: u32) -> Self {
        let all = all_digits(number);
        // The digits of zero are all zeros in front; the last one stays.
        let zeros = (all & !ZEROS).trailing_zeros().min(56) / 8;
        Self {
            text: all >> (8 * zeros),
            len: 8 - zeros as usize,
        }
    }
}

/// Eight times the digit 0.
const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);

/// All eight digits of a number below [`LIMIT`], the first in the lowest byte. The number is split into halves, quarters and
/// digits, each in one step for all: `10_486 / 2^20` is a hundredth and `103 / 2^10` a tenth for numbers so small. No step can
/// leave 64 bits, so none is checked.
#[inline]
fn all_digits(number: u32) -> u64 {
    let halves = u64::from(number / 10_000) | u64::from(number % 10_000) << 32;
    let hundreds = (halves.wrapping_mul(10_486) >> 20) & 0x0000_007f_0000_007f;
    let quarters = hundreds | halves.wrapping_sub(hundreds.wrapping_mul(100)) << 16;
    let tens = (quarters.wrapping_mul(103) >> 10) & 0x000f_000f_000f_000f;
    ZEROS | tens | quarters.wrapping_sub(tens.wrapping_mul(10)) << 8
}

/// The decimals `.00` to `.99` with a comma behind them, the first in the lowest byte.
const DECIMALS: [u32; 100] = {
    let mut all = [0; 100];
    let mut number = 0_u8;
    while number < 100 {
        all[number as usize] =
            u32::from_le_bytes([b'.', b'0' + number / 10, b'0' + number % 10, b',']);
        number += 1;
    }
    all
};

/// Whether a text can be seen at once to need neither quotes nor an apostrophe, as most ids can.
fn is_plain(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.all(|byte| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.'))
        && !text.starts_with('-')
}

/// Whether a cell must be in quotes (RFC 4180).
fn needs_quotes(text: &str) -> bool {
    text.bytes()
        .any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'))
}

/// The days of some years as cells.
#[derive(Debug)]
pub(super) struct FormattedDays {
    first: Day,
    /// Each in a block that is copied in one step.
    cells: Vec<[u8; 16]>,
}

/// The bytes of `YYYY-MM-DD,`.
const DAY: usize = 11;

impl FormattedDays {
    /// Texts for a number of days from `first` on.
    pub(super) fn from(first: Day, count: i32) -> Self {
        let cell = |day: Day| {
            let mut cell = [b','; 16];
            cell[..DAY - 1].copy_from_slice(
                &day.to_iso_bytes()
                    .expect("a book names no day after the year 9999"),
            );
            cell
        };
        let days = (0..count)
            .map(|days| first + days)
            .take_while(|day| *day <= Day::LAST);
        Self {
            first,
            cells: days.map(cell).collect(),
        }
    }

    #[inline]
    fn get(&self, day: Day) -> Option<&[u8; 16]> {
        self.cells
            .get(usize::try_from(day.days_since(self.first)).ok()?)
    }
}

impl CsvBuffer {
    /// Adds a day and a comma.
    #[inline]
    pub(super) fn day(&mut self, days: &FormattedDays, day: Day) {
        match days.get(day) {
            Some(cell) => self.block(cell, DAY),
            None => self.cell(&day.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CsvBuffer, FormattedAmount};
    use crate::model::money::{Currency, Money, Price};

    fn written(write: impl FnOnce(&mut CsvBuffer)) -> String {
        let mut buffer = CsvBuffer::default();
        write(&mut buffer);
        String::from_utf8(buffer.into_bytes()).expect("digits are text")
    }

    /// Numbers around every change of length, and a sample between them.
    fn numbers() -> impl Iterator<Item = u64> {
        let powers = (0..19).map(|digits| 10_u64.pow(digits));
        let around = powers.flat_map(|power| {
            (power.saturating_sub(3)..power + 3).chain([3 * power, 7 * power / 3])
        });
        around
            .chain((0..400_000).step_by(37))
            .chain((0..1 << 40).step_by(987_654_321))
    }

    #[test]
    fn numbers_have_their_digits() {
        for number in numbers() {
            assert_eq!(
                written(|buffer| buffer.push_number(number)),
                number.to_string()
            );
        }
    }

    #[test]
    fn amounts_have_the_decimals_of_their_currency() {
        for currency in
            ["CNY", "JPY", "KWD"].map(|code| Currency::from_code(code).expect("a known currency"))
        {
            let minor = numbers()
                .filter_map(|number| i64::try_from(number).ok())
                .flat_map(|minor| [minor, -minor]);
            for money in minor.map(Money::from_minor) {
                let displayed = money.display(currency).to_string();
                assert_eq!(written(|buffer| buffer.money(money, currency)), displayed);
                assert_eq!(
                    written(|buffer| buffer.amount(money, currency)),
                    format!("{displayed},")
                );
            }
        }
    }

    #[test]
    fn prices_have_the_decimals_that_they_need() {
        let wholes = ["0", "7", "99999999", "100000000", "99999999999"];
        let decimals = [
            "",
            ".5",
            ".05",
            ".25",
            ".99",
            ".10",
            ".001",
            ".1234567890123",
        ];
        for text in wholes
            .iter()
            .flat_map(|whole| decimals.map(|decimals| format!("{whole}{decimals}")))
        {
            let price = Price::parse(&text).expect("a price");
            assert_eq!(written(|buffer| buffer.price(price)), format!("{price},"));
        }
    }

    #[test]
    fn an_amount_can_be_written_twice() {
        let yuan = Currency::from_code("CNY").expect("a known currency");
        let amount =
            FormattedAmount::format_amount(Money::from_minor(-1_205), yuan).expect("few digits");
        let twice = |buffer: &mut CsvBuffer| {
            [amount; 2]
                .into_iter()
                .for_each(|amount| buffer.ready_amount(amount));
        };
        assert_eq!(written(twice), "-12.05,-12.05,");
    }
}
