//! Amounts as text, and round steps for an axis of amounts. Exact: digits are cut from integers, never from floats.
//!
//! A count (of instances) is an amount with no decimals.

use crate::model::money::{Currency, grouped};

const UNITS: [(u32, &str); 4] = [(3, "k"), (6, "M"), (9, "B"), (12, "T")];

/// The whole amount, with separators and all decimals of the currency: `1,234.50`, `−0.05`.
pub(super) fn exact(amount: i128, digits: u8) -> String {
    decimal(amount, u32::from(digits))
}

/// The whole amount with its currency: `CNY 1,234.50`.
pub(super) fn with_code(amount: i128, currency: Currency) -> String {
    format!("{currency} {}", exact(amount, currency.digits()))
}

/// The amount in at most six characters and a sign: `12.50`, `842`, `1,204`, `12.3k`, `1.20M`; a half rounds away from zero.
pub(super) fn short(amount: i128, digits: u8) -> String {
    let one = 10_i128.pow(u32::from(digits));
    let size = amount.abs();
    if size % one == 0 && size < 10_000 * one {
        return decimal(amount / one, 0);
    }
    if size < 100 * one {
        return exact(amount, digits);
    }
    if size < 10_000 * one {
        return decimal(rounded(amount, one), 0);
    }
    UNITS
        .iter()
        .find_map(|&(exponent, unit)| three_digits(amount, one * 10_i128.pow(exponent), unit))
        .unwrap_or_else(|| format!("{}T", decimal(rounded(amount, one * 10_i128.pow(12)), 0)))
}

/// Three significant digits of the amount in a unit, or nothing if it has a thousand of them.
fn three_digits(amount: i128, unit: i128, name: &str) -> Option<String> {
    (0..=2)
        .rev()
        .map(|decimals| (decimals, rounded(amount * 10_i128.pow(decimals), unit)))
        .find(|(_, digits)| digits.abs() < 1000)
        .map(|(decimals, digits)| format!("{}{name}", decimal(digits, decimals)))
}

/// `numerator / denominator`, a half away from zero. The denominator is positive.
fn rounded(numerator: i128, denominator: i128) -> i128 {
    (numerator.abs() + denominator / 2) / denominator * numerator.signum()
}

/// An integer with its last `decimals` digits after the point and separators before it.
fn decimal(number: i128, decimals: u32) -> String {
    let one = 10_u128.pow(decimals);
    let size = number.unsigned_abs();
    let sign = if number < 0 { "−" } else { "" };
    let whole = grouped(&(size / one).to_string());
    if decimals == 0 {
        return format!("{sign}{whole}");
    }
    let rest = size % one;
    format!("{sign}{whole}.{rest:0places$}", places = decimals as usize)
}

/// A range of amounts with round steps: it holds zero and all amounts that it was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    low: i128,
    high: i128,
    step: i128,
    digits: u8,
}

impl Scale {
    /// A scale for amounts, and zero, in about `steps` steps.
    pub(super) fn with_zero(amounts: impl Iterator<Item = i128>, steps: i128, digits: u8) -> Self {
        let ends = amounts.fold((0, 0), |(low, high), amount| {
            (amount.min(low), amount.max(high))
        });
        Self::around(ends.0, ends.1, steps, digits)
    }

    /// A scale for amounts from `low` to `high`, in about `steps` steps.
    pub(super) fn around(low: i128, high: i128, steps: i128, digits: u8) -> Self {
        if low == high {
            let high = low + 1;
            return Self {
                low,
                high,
                step: 2,
                digits,
            };
        }
        let step = round_step((high - low + steps - 1) / steps);
        Self {
            low: low.div_euclid(step) * step,
            high: -(-high).div_euclid(step) * step,
            step,
            digits,
        }
    }

    /// Where an amount lies: 0 at the lower end, 1 at the upper one.
    pub(super) fn share(&self, amount: i128) -> f64 {
        (amount - self.low) as f64 / (self.high - self.low) as f64
    }

    /// The amounts to mark, from the lowest.
    pub(super) fn marks(&self) -> impl Iterator<Item = i128> {
        let steps = (self.high - self.low) / self.step;
        (0..=steps).map(|at| self.low + at * self.step)
    }

    /// The label of a mark: all marks of a scale use the same unit and the same decimals, zero none.
    pub(super) fn label(&self, mark: i128) -> String {
        if mark == 0 {
            return "0".to_owned();
        }
        let one = 10_i128.pow(u32::from(self.digits));
        let largest = self.high.max(-self.low);
        let (unit, name) = UNITS
            .iter()
            .rev()
            .map(|&(exponent, name)| (one * 10_i128.pow(exponent), name))
            .find(|&(unit, name)| largest >= unit && (name != "k" || largest >= 10 * unit))
            .unwrap_or((one, ""));
        let decimals = (0..).find(|&d| self.step * 10_i128.pow(d) % unit == 0);
        let decimals = decimals
            .expect("a unit is a power of ten, so some power of ten times the step is a multiple");
        format!(
            "{}{name}",
            decimal(mark * 10_i128.pow(decimals) / unit, decimals)
        )
    }
}

/// The smallest of 1, 2, 5, 10, 20, 25, 50, 100, 200, 250, … that is not below the wanted step.
fn round_step(wanted: i128) -> i128 {
    let mut power = 1;
    loop {
        let steps = [10, 20, 25, 50].map(|tenths| tenths * power / 10);
        if let Some(step) = steps.into_iter().find(|&step| step >= wanted) {
            return step;
        }
        power *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_amounts_have_separators_and_every_decimal() {
        for (amount, digits, text) in [
            (0, 2, "0.00"),
            (-5, 2, "−0.05"),
            (123_450, 2, "1,234.50"),
            (1_234_567, 0, "1,234,567"),
            (100_000_000_000_000, 2, "1,000,000,000,000.00"),
        ] {
            assert_eq!(exact(amount, digits), text);
        }
    }

    #[test]
    fn short_amounts_keep_three_digits_and_take_the_next_unit_when_they_round_up_to_it() {
        for (amount, text) in [
            (0, "0"),
            (1250, "12.50"),
            (-84_200, "−842"),
            (120_449, "1,204"),
            (120_450, "1,205"),
            (999_999, "10,000"),
            (1_200_000, "12.0k"),
            (1_234_500, "12.3k"),
            (99_999_999, "1.00M"),
            (-123_400_000, "−1.23M"),
            (100_000_000_000_000, "1.00T"),
            (i128::from(i64::MAX), "92,234T"),
        ] {
            assert_eq!(short(amount, 2), text, "{amount}");
        }
        assert_eq!(short(1_204, 0), "1,204");
    }

    #[test]
    fn a_scale_holds_zero_and_its_amounts_and_labels_its_marks_alike() {
        let labels = |low, high, digits| {
            let scale = Scale::with_zero([low, high].into_iter(), 5, digits);
            scale
                .marks()
                .map(|mark| scale.label(mark))
                .collect::<Vec<_>>()
        };
        assert_eq!(labels(0, 0, 2), ["0"]);
        assert_eq!(labels(0, 3, 2), ["0", "0.01", "0.02", "0.03"]);
        assert_eq!(
            labels(30, 480_000, 2),
            ["0", "1,000", "2,000", "3,000", "4,000", "5,000"]
        );
        assert_eq!(
            labels(-150_000, 120_000, 0),
            ["−200k", "−100k", "0", "100k", "200k"]
        );
        assert_eq!(
            labels(0, 210_000_000, 2),
            ["0", "0.5M", "1.0M", "1.5M", "2.0M", "2.5M"]
        );
    }
}
