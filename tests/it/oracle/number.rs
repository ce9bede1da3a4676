//! Exact numbers: fractions of whole numbers, and the one rounding to minor units (**exact-money**).
//! Never uses floating point, and never rounds on the way.

use super::rules::Notes;

/// An exact number. The denominator is positive and the fraction is in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fraction {
    numerator: i128,
    denominator: i128,
}

impl Fraction {
    pub(crate) const ONE: Fraction = Fraction {
        numerator: 1,
        denominator: 1,
    };
    pub(crate) const ZERO: Fraction = Fraction {
        numerator: 0,
        denominator: 1,
    };

    fn new(numerator: i128, denominator: i128) -> Self {
        let divisor = common_divisor(numerator.abs(), denominator);
        Self {
            numerator: numerator / divisor,
            denominator: denominator / divisor,
        }
    }

    /// Reads a plain decimal such as `-12.50`.
    pub(crate) fn parse(text: &str) -> Self {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let all: i128 = format!("{whole}{decimals}")
            .parse()
            .expect("a plain decimal");
        let places = u32::try_from(decimals.len()).expect("few decimals");
        Self::new(sign * all, power_of_ten(places))
    }

    pub(crate) fn times(self, other: Self) -> Self {
        // Crosswise reduction first: the product of two reduced fractions then needs no more room than its value.
        let left = Self::new(self.numerator, other.denominator);
        let right = Self::new(other.numerator, self.denominator);
        Self {
            numerator: product(left.numerator, right.numerator),
            denominator: product(left.denominator, right.denominator),
        }
    }

    pub(crate) fn times_whole(self, factor: i128) -> Self {
        self.times(Self::new(factor, 1))
    }

    pub(crate) fn over(self, divisor: i128) -> Self {
        self.times(Self::new(1, divisor))
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        let shared = common_divisor(self.denominator, other.denominator);
        let left = product(self.numerator, other.denominator / shared);
        let right = product(other.numerator, self.denominator / shared);
        let sum = left
            .checked_add(right)
            .expect("the numbers of a book are small");
        Self::new(sum, product(self.denominator / shared, other.denominator))
    }

    /// The number without what follows its point; for numbers that are not negative.
    pub(crate) fn floor(self) -> i128 {
        self.numerator / self.denominator
    }

    pub(crate) fn whole(number: i128) -> Self {
        Self {
            numerator: number,
            denominator: 1,
        }
    }

    /// Half up to two decimals, where a formula asks for that before its end (**months-left**).
    pub(crate) fn to_two_decimals(self) -> Self {
        let half_hundredths = self.times_whole(200).floor();
        Self::new((half_hundredths + 1) / 2, 100)
    }

    pub(crate) fn of_minor_units(minor: i128, digits: u32) -> Self {
        Self::new(minor, power_of_ten(digits))
    }

    /// The amount in minor units, which must be whole: input amounts have at most the currency's decimals.
    pub(crate) fn minor_units(self, digits: u32) -> i128 {
        let minor = self.times_whole(power_of_ten(digits));
        assert_eq!(
            minor.denominator, 1,
            "an amount has its currency's decimals"
        );
        minor.numerator
    }

    /// The one rounding of a formula that is not negative, in minor units (**exact-money**).
    pub(crate) fn round(self, digits: u32, rounding: &str, notes: &Notes) -> i128 {
        let minor = self.times_whole(power_of_ten(digits));
        let whole = minor.numerator / minor.denominator;
        let rest = minor.numerator % minor.denominator;
        if rest == 0 {
            return whole;
        }
        let twice_rest = product(2, rest);
        let goes_up = match rounding {
            "down" => {
                notes.reached("round/down");
                false
            }
            "half_up" if twice_rest == minor.denominator => {
                notes.reached("round/half-up-at-a-half");
                true
            }
            "half_even" if twice_rest == minor.denominator => {
                notes.reached_if(whole % 2 == 0, "round/half-even-stays");
                notes.reached_if(whole % 2 == 1, "round/half-even-goes-up");
                whole % 2 == 1
            }
            "half_up" | "half_even" => {
                notes.reached("round/to-the-nearest");
                twice_rest > minor.denominator
            }
            other => panic!("unknown rounding {other}"),
        };
        whole + i128::from(goes_up)
    }
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Fraction {
    /// Compares the whole parts, then what is left, turned upside down: no product, so no lack of room.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let whole = |number: &Self| number.numerator.div_euclid(number.denominator);
        let rest = |number: &Self| number.numerator.rem_euclid(number.denominator);
        let by_whole = whole(self).cmp(&whole(other));
        match (rest(self), rest(other)) {
            _ if by_whole.is_ne() => by_whole,
            (0, right) => 0.cmp(&right),
            (left, 0) => left.cmp(&0),
            (left, right) => {
                let turned = Self::new(self.denominator, left);
                Self::new(other.denominator, right).cmp(&turned)
            }
        }
    }
}

/// Minor units as text with the currency's decimals, `-0.05`; never `-0.00`.
pub(crate) fn money(minor: i128, digits: u32) -> String {
    let unit = power_of_ten(digits);
    let sign = if minor < 0 { "-" } else { "" };
    let (whole, rest) = (minor.abs() / unit, minor.abs() % unit);
    if digits == 0 {
        return format!("{sign}{whole}");
    }
    let width = usize::try_from(digits).expect("few digits");
    format!("{sign}{whole}.{rest:0width$}")
}

/// A price as written, without trailing zeros after the point (**first-and-note**).
pub(crate) fn price_as_written(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

fn power_of_ten(places: u32) -> i128 {
    10_i128
        .checked_pow(places)
        .expect("a power of ten within i128")
}

fn product(left: i128, right: i128) -> i128 {
    left.checked_mul(right)
        .expect("the numbers of a book are small")
}

fn common_divisor(left: i128, right: i128) -> i128 {
    if right == 0 {
        left
    } else {
        common_divisor(right, left % right)
    }
}
