//! One row of a generated CSV file.
//!
//! Only [`Quoted`] cells are quoted: every other text of a sample book is free of commas, quotes and line ends. Conditions are
//! always quoted, so that a sample stays the same byte for byte: a CSV writer would quote only some of them.

use std::fmt::{self, Display};
use std::io::Write;

use rust_decimal::Decimal;

/// Adds a row to a file.
pub(super) fn push_row(out: &mut Vec<u8>, cells: &[&dyn Display]) {
    for (at, cell) in cells.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        write!(out, "{comma}{cell}").expect("memory takes any row");
    }
    out.push(b'\n');
}

/// A cell in quotes, or an empty one.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(f, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

/// A cell that may be empty.
pub(super) struct Maybe<T>(pub(super) Option<T>);

impl<T: Display> Display for Maybe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|value| value.fmt(f))
    }
}

/// An amount in cents, as `1234.50`.
pub(super) fn yuan(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

/// A price in ten-thousandths, with two decimals where they say it all and four otherwise.
pub(super) fn price_cell(units: i64) -> Decimal {
    if units % 100 == 0 {
        Decimal::new(units / 100, 2)
    } else {
        Decimal::new(units, 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_written_as_a_book_has_them() {
        let mut out = Vec::new();
        push_row(
            &mut out,
            &[
                &0,
                &-17,
                &yuan(-5),
                &yuan(123_450),
                &price_cell(1_180_000),
                &price_cell(3_675),
                &Maybe(None::<i64>),
                &"web-17",
                &Quoted("\"tag:env\" = 'prod'"),
            ],
        );
        let expected = "0,-17,-0.05,1234.50,118.00,0.3675,,web-17,\"\"\"tag:env\"\" = 'prod'\"\n";
        assert_eq!(String::from_utf8(out).as_deref(), Ok(expected));
    }
}
