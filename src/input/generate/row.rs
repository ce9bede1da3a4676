//! One line of a generated CSV file, cell by cell.
//!
//! Only [`RowText::quoted`] quotes: every other text of a generated book is free of commas, quotes and line ends.

/// Decimals of a price that is written with all of them: prices are held in ten-thousandths.
const PRICE_DECIMALS: usize = 4;

/// A line being written.
pub(super) struct RowText<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> RowText<'a> {
    /// A new line at the end of `out`.
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// The beginning of a cell; what follows belongs to it.
    pub(super) fn part(self, text: &str) -> Self {
        self.out.extend_from_slice(text.as_bytes());
        self
    }

    /// A cell.
    pub(super) fn push_text(self, text: &str) -> Self {
        self.part(text).part(",")
    }

    /// A cell in quotes.
    pub(super) fn quoted(self, text: &str) -> Self {
        let text = text.replace('"', "\"\"");
        self.part("\"").part(&text).part("\",")
    }

    /// An empty cell.
    pub(super) fn empty(self) -> Self {
        self.part(",")
    }

    /// A whole number.
    pub(super) fn push_number(self, number: i64) -> Self {
        self.decimal(number, 0)
    }

    /// An amount in cents, as `1234.50`.
    pub(super) fn amount(self, cents: i64) -> Self {
        self.decimal(cents, 2)
    }

    /// A price in ten-thousandths, with two decimals where they say it all and four otherwise.
    pub(super) fn price(self, units: i64) -> Self {
        if units % 100 == 0 {
            self.decimal(units / 100, 2)
        } else {
            self.decimal(units, PRICE_DECIMALS)
        }
    }

    /// A cell that may be empty.
    pub(super) fn maybe<T>(self, value: Option<T>, write: impl FnOnce(Self, T) -> Self) -> Self {
        match value {
            Some(value) => write(self, value),
            None => self.empty(),
        }
    }

    /// Ends the line.
    pub(super) fn end(self) {
        *self.out.last_mut().expect("a line has at least one cell") = b'\n';
    }

    fn decimal(self, value: i64, decimals: usize) -> Self {
        if value < 0 {
            self.out.push(b'-');
        }
        let start = self.out.len();
        let mut left = value.unsigned_abs();
        let mut digits = 0;
        while left > 0 || digits <= decimals {
            if digits == decimals && decimals > 0 {
                self.out.push(b'.');
            }
            self.out
                .push(b'0' + u8::try_from(left % 10).expect("a digit"));
            left /= 10;
            digits += 1;
        }
        self.out[start..].reverse();
        self.push_text("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_written_as_a_book_has_them() {
        let mut out = Vec::new();
        let row = RowText::new(&mut out)
            .push_number(0)
            .push_number(-17)
            .amount(-5)
            .amount(123_450)
            .price(1_180_000)
            .price(3_675);
        row.empty()
            .part("web-")
            .push_number(17)
            .quoted("\"tag:env\" = 'prod'")
            .end();
        let expected = "0,-17,-0.05,1234.50,118.00,0.3675,,web-17,\"\"\"tag:env\"\" = 'prod'\"\n";
        assert_eq!(String::from_utf8(out).as_deref(), Ok(expected));
    }
}
