//! Amounts, prices and currencies: exact values and the only rounding function.
//!
//! An amount ([`Money`]) is a whole number of minor units; a [`Price`] is an exact decimal; a [`Factor`] is a discount.
//! They meet in [`Price::charge`], and in [`Exact`] for formulas of several terms; both evaluate exactly and round once.
//! Nothing here knows accounts, dates or files, and nothing here is a floating-point number.
//!
//! | operation | result | rounding |
//! |---|---|---|
//! | `Money ± Money` | `Money` | none; leaving 64 bits is impossible in a checked book |
//! | `Money × u32` | `Money` | none |
//! | `Price::charge(currency, ratio, rounding)` | `Money` | once, at the end |
//! | `Exact::round(currency, rounding)` | `Money` | once, at the end of a formula of several terms |
//! | `Money::part(of, whole, rounding)` | `Money` | once |
//! | `Money::parse`, `Price::parse` | value or [`AmountError`] | never: what does not fit is refused |

mod price;

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use rust_decimal::Decimal;

use crate::model::words::words;

pub use price::Price;

/// The largest number of digits before the point of an input amount.
const AMOUNT_INTEGER_DIGITS: usize = 13;
/// The largest number of significant digits of a price.
/// Rule **price-digits**.
const PRICE_DIGITS: usize = 24;
/// The largest number of decimals of a discount factor.
const FACTOR_DECIMALS: usize = 8;

/// A currency: its ISO 4217 code and the number of decimals of its minor unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    code: &'static str,
    digits: u8,
}

/// The currencies known, with their minor digits (ISO 4217).
const CURRENCIES: &[(&str, u8)] = &[
    ("AED", 2),
    ("AUD", 2),
    ("BHD", 3),
    ("BRL", 2),
    ("CAD", 2),
    ("CHF", 2),
    ("CNY", 2),
    ("EUR", 2),
    ("GBP", 2),
    ("HKD", 2),
    ("IDR", 2),
    ("INR", 2),
    ("JPY", 0),
    ("KRW", 0),
    ("KWD", 3),
    ("MOP", 2),
    ("MYR", 2),
    ("PHP", 2),
    ("SAR", 2),
    ("SGD", 2),
    ("THB", 2),
    ("TWD", 2),
    ("USD", 2),
    ("VND", 0),
];

impl Currency {
    /// The currency with this ISO 4217 code, in capitals.
    pub fn from_code(code: &str) -> Option<Self> {
        CURRENCIES
            .iter()
            .find(|(known, _)| *known == code)
            .map(|&(code, digits)| Self { code, digits })
    }

    /// Every known code, in alphabetical order.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        CURRENCIES.iter().map(|(code, _)| *code)
    }

    /// The ISO 4217 code.
    pub fn code(self) -> &'static str {
        self.code
    }

    /// Decimals of the minor unit: 2 for CNY, 0 for JPY.
    pub fn digits(self) -> u8 {
        self.digits
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

words! {
    /// How a formula's exact value becomes minor units.
    pub enum Rounding {
        /// To the nearest, a half away from zero.
        HalfUp = "half_up",
        /// To the nearest, a half to the even neighbour.
        HalfEven = "half_even",
        /// Towards zero.
        Down = "down",
    }
}

impl Rounding {
    /// `numerator / denominator` as a whole number: the only place where renewcast rounds.
    /// The numerator must not be negative and the denominator must be positive.
    fn quotient<N: Integer + Clone>(self, numerator: &N, denominator: &N) -> N {
        debug_assert!(
            *numerator >= N::zero() && *denominator > N::zero(),
            "a formula is a fraction from zero on"
        );
        let (whole, rest) = numerator.div_rem(denominator);
        let missing = denominator.clone() - rest.clone();
        let up = match self {
            Self::Down => false,
            Self::HalfUp => rest >= missing,
            Self::HalfEven => rest > missing || (rest == missing && whole.is_odd()),
        };
        if up { whole + N::one() } else { whole }
    }
}

/// An exact amount in minor units of a currency that the context knows (cents for CNY).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount of so many minor units.
    pub const fn from_minor(minor: i64) -> Self {
        Self(minor)
    }

    /// The number of minor units.
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// Whether the amount is below zero.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Reads a plain decimal such as `-1234.50`.
    /// Rule **plain-amount**.
    ///
    /// # Errors
    /// The first rule of plain amounts that the text breaks; nothing is ever rounded.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, AmountError> {
        let plain = PlainNumber::parse_plain(text)?;
        let digits = usize::from(currency.digits);
        if plain.decimals.len() > digits {
            return Err(AmountError::TooManyDecimals { most: digits });
        }
        if plain.integer_digits() > AMOUNT_INTEGER_DIGITS {
            return Err(AmountError::TooLarge {
                integer_digits: AMOUNT_INTEGER_DIGITS,
            });
        }
        let padding = 10_i128.pow(u32::from(currency.digits)) / 10_i128.pow(count(plain.decimals));
        let minor = i64::try_from(plain.mantissa(plain.decimals) * padding);
        minor.map(Self).map_err(|_| AmountError::TooLarge {
            integer_digits: AMOUNT_INTEGER_DIGITS,
        })
    }

    /// The amount with exactly the currency's decimals: `-1234.50`, never `-0.00`.
    pub fn display(self, currency: Currency) -> impl fmt::Display {
        fmt::from_fn(move |f| {
            let mut text = String::new();
            self.push_to(currency, &mut text);
            f.write_str(&text)
        })
    }

    /// Adds the text of [`Money::display`] to a string.
    pub fn push_to(self, currency: Currency, text: &mut String) {
        let mut buffer = itoa::Buffer::new();
        let minor = buffer.format(self.0.unsigned_abs());
        let digits = usize::from(currency.digits);
        if self.0 < 0 {
            text.push('-');
        }
        let (whole, decimals) = minor.split_at(minor.len().saturating_sub(digits));
        text.push_str(if whole.is_empty() { "0" } else { whole });
        if digits > 0 {
            text.push('.');
            (decimals.len()..digits).for_each(|_| text.push('0'));
            text.push_str(decimals);
        }
    }

    /// `self × factor`, a half rounded away from zero.
    pub fn times(self, factor: Factor) -> Option<Self> {
        let product = i128::from(self.0) * factor.0.mantissa();
        let rounded = Rounding::HalfUp.quotient(&product, &10_i128.pow(factor.0.scale()));
        i64::try_from(rounded).ok().map(Self)
    }

    /// `self × part / whole`, rounded once; nothing of nothing. No argument may be negative.
    pub fn part(self, part: Self, whole: Self, rounding: Rounding) -> Self {
        if whole == Self::ZERO {
            return Self::ZERO;
        }
        let share = rounding.quotient(
            &(i128::from(self.0) * i128::from(part.0)),
            &i128::from(whole.0),
        );
        Self(i64::try_from(share).expect("a part is not above the whole"))
    }

    /// The amount as a term of a formula.
    pub fn exact(self, currency: Currency) -> Exact {
        Exact(BigRational::new(
            self.0.into(),
            BigInt::from(10).pow(u32::from(currency.digits)),
        ))
    }

    /// The amount for people: as [`Money::display`], with the thousands set apart: `-1,234.50`.
    pub fn display_grouped(self, currency: Currency) -> impl fmt::Display {
        fmt::from_fn(move |f| {
            let plain = self.display(currency).to_string();
            let (sign, digits) = plain
                .strip_prefix('-')
                .map_or(("", plain.as_str()), |rest| ("-", rest));
            let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
            write!(f, "{sign}{}{rest}", grouped(whole))
        })
    }
}

/// The digits of a whole number in groups of three: `1,234,567`.
pub fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for Money {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Mul<u32> for Money {
    type Output = Self;
    fn mul(self, times: u32) -> Self {
        Self(self.0 * i64::from(times))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Money {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// What part of a price is charged: `times / divisor × factor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Months, hours or days.
    pub times: u32,
    /// 1, or the days of a month in a formula by days.
    pub divisor: u32,
    /// The discount.
    pub factor: Factor,
}

impl Share {
    /// The whole price, once.
    pub const ONCE: Self = Self {
        times: 1,
        divisor: 1,
        factor: Factor::ONE,
    };
}

/// A discount factor: an exact decimal from 0 to below 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Factor(Decimal);

impl Factor {
    /// No discount.
    pub const ONE: Self = Self(Decimal::ONE);

    /// The factor as an exact decimal.
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// Reads a plain decimal with at most eight decimals.
    ///
    /// # Errors
    /// The first rule of factors that the text breaks.
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        let plain = PlainNumber::parse_plain(text)?;
        let decimals = plain.decimals.trim_end_matches('0');
        if plain.negative {
            Err(AmountError::Negative)
        } else if plain.integer_digits() > 1 {
            Err(AmountError::TooLarge { integer_digits: 1 })
        } else if decimals.len() > FACTOR_DECIMALS {
            Err(AmountError::TooManyDecimals {
                most: FACTOR_DECIMALS,
            })
        } else {
            plain.exact(decimals).map(Self)
        }
    }
}

impl Factor {
    /// What a change by so many percent multiplies with: 1.05 for `5`, 0.90 for `-10`.
    ///
    /// # Errors
    /// The first rule of factors that the text breaks, or a change by more than the whole.
    pub fn of_change(text: &str) -> Result<Self, AmountError> {
        let plain = PlainNumber::parse_plain(text)?;
        let decimals = plain.decimals.trim_end_matches('0');
        if decimals.len() > FACTOR_DECIMALS - 2 {
            return Err(AmountError::TooManyDecimals {
                most: FACTOR_DECIMALS - 2,
            });
        }
        if plain.integer_digits() > 3 {
            return Err(AmountError::TooLarge { integer_digits: 3 });
        }
        let whole = 100 * 10_i128.pow(count(decimals));
        let mantissa = whole + plain.mantissa(decimals);
        if mantissa < 0 {
            return Err(AmountError::Negative);
        }
        let scale = count(decimals) + 2;
        Decimal::try_from_i128_with_scale(mantissa, scale)
            .map(|factor| Self(factor.normalize()))
            .map_err(|_| AmountError::TooManyDigits { most: PRICE_DIGITS })
    }

    /// The factor as a term of a formula.
    pub fn exact(self) -> Exact {
        Exact::of_decimal(self.0)
    }
}

/// An exact number in the middle of a formula. It has no size limit; it becomes an amount by [`Exact::round`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exact(BigRational);

impl Exact {
    /// A whole number.
    pub fn from_whole(number: u32) -> Self {
        Self(BigRational::from_integer(number.into()))
    }

    /// A fraction, whose denominator must not be zero.
    pub fn fraction(numerator: u32, denominator: u32) -> Self {
        Self(BigRational::new(numerator.into(), denominator.into()))
    }

    fn of_decimal(decimal: Decimal) -> Self {
        Self(BigRational::new(
            decimal.mantissa().into(),
            BigInt::from(10).pow(decimal.scale()),
        ))
    }

    /// The whole part of a number that is not negative.
    pub fn whole(&self) -> u32 {
        u32::try_from(self.0.to_integer()).expect("months and days of a term fit into 32 bits")
    }

    /// The number rounded half up to hundredths; it must not be negative.
    pub fn hundredths(&self) -> Self {
        let hundred = BigInt::from(100);
        let scaled = &self.0 * &hundred;
        Self(BigRational::new(
            Rounding::HalfUp.quotient(scaled.numer(), scaled.denom()),
            hundred,
        ))
    }

    /// The value in minor units of `currency`, zero where it is below zero: the end of a formula.
    pub fn round(&self, currency: Currency, rounding: Rounding) -> Money {
        let minor = &self.0 * BigInt::from(10).pow(u32::from(currency.digits));
        if *minor.numer() < BigInt::ZERO {
            return Money::ZERO;
        }
        let minor = rounding.quotient(minor.numer(), minor.denom());
        Money(i64::try_from(minor).expect("a checked book keeps every amount in 64 bits"))
    }
}

impl Add for Exact {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Exact {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Mul for Exact {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self(self.0 * other.0)
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The parts of a plain decimal.
struct PlainNumber<'t> {
    negative: bool,
    integer: &'t str,
    decimals: &'t str,
}

impl<'t> PlainNumber<'t> {
    fn parse_plain(text: &'t str) -> Result<Self, AmountError> {
        let (negative, digits) = text
            .strip_prefix('-')
            .map_or((false, text), |rest| (true, rest));
        let point = digits.bytes().position(|byte| byte == b'.');
        let (integer, decimals) =
            point.map_or((digits, ""), |at| (&digits[..at], &digits[at + 1..]));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let is_plain = !integer.is_empty() && (point.is_none() || !decimals.is_empty());
        if is_plain && all_digits(integer) && all_digits(decimals) {
            return Ok(Self {
                negative,
                integer,
                decimals,
            });
        }
        Err(AmountError::of_unplain(text))
    }

    /// Digits before the point without leading zeros.
    fn integer_digits(&self) -> usize {
        self.integer.trim_start_matches('0').len()
    }

    /// The digits before the point and these decimals as one number; the caller has bounded how many they are.
    fn mantissa(&self, decimals: &str) -> i128 {
        const OF_A_WORD: usize = 18;
        let digits = || {
            self.integer
                .bytes()
                .chain(decimals.bytes())
                .map(|digit| digit - b'0')
        };
        let magnitude = if self.integer.len() + decimals.len() <= OF_A_WORD {
            i128::from(digits().fold(0, |number, digit| number * 10 + i64::from(digit)))
        } else {
            digits().fold(0, |number, digit| number * 10 + i128::from(digit))
        };
        if self.negative { -magnitude } else { magnitude }
    }

    /// The number with these decimals, which have no zero at their end.
    fn exact(&self, decimals: &str) -> Result<Decimal, AmountError> {
        Decimal::try_from_i128_with_scale(self.mantissa(decimals), count(decimals))
            .map_err(|_| AmountError::TooManyDigits { most: PRICE_DIGITS })
    }
}

/// The number of bounded digits.
fn count(digits: &str) -> u32 {
    u32::try_from(digits.len()).expect("an amount has few digits")
}

/// Why a text is not an amount, price or factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Other characters than digits, one point and a leading minus.
    #[error("not a plain decimal number")]
    NotPlain,
    /// A thousands separator.
    #[error("a thousands separator")]
    Separator,
    /// Scientific notation.
    #[error("an exponent")]
    Exponent,
    /// A currency sign or code.
    #[error("a currency sign")]
    CurrencySign,
    /// White space around or inside the number.
    #[error("a blank in the number")]
    Blank,
    /// A leading plus.
    #[error("a plus sign")]
    Plus,
    /// A minus where none is allowed.
    #[error("a negative number")]
    Negative,
    /// More decimals than the currency has.
    #[error("more than {most} decimals")]
    TooManyDecimals {
        /// The largest number of decimals.
        most: usize,
    },
    /// More significant digits than can be computed with exactly.
    #[error("more than {most} significant digits")]
    TooManyDigits {
        /// The largest number of significant digits.
        most: usize,
    },
    /// More digits before the point than any real amount.
    #[error("more than {integer_digits} digits before the point")]
    TooLarge {
        /// The largest number of digits before the point.
        integer_digits: usize,
    },
}

impl AmountError {
    /// Names what keeps `text` from being a plain decimal.
    fn of_unplain(text: &str) -> Self {
        let number_like = |c: char| c.is_ascii_digit() || c == '.' || c == '-';
        if text.contains(char::is_whitespace) {
            Self::Blank
        } else if text.starts_with('+') {
            Self::Plus
        } else if text.contains(['¥', '$', '€', '￥', '£']) {
            Self::CurrencySign
        } else if text.contains(',') && text.chars().all(|c| number_like(c) || c == ',') {
            Self::Separator
        } else if text.contains(['e', 'E'])
            && text.chars().all(|c| number_like(c) || "eE+".contains(c))
        {
            Self::Exponent
        } else {
            Self::NotPlain
        }
    }
}
