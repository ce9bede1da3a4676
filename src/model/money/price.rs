//! A list price, held in few bytes: a book has two for each of its instances.

use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroU8;

use rust_decimal::Decimal;

use super::{
    AmountError, Currency, Exact, Factor, Money, PRICE_DIGITS, PlainNumber, Rounding, Share,
};

/// The largest number of digits before the point of a price.
const INTEGER_DIGITS: usize = 11;
/// Bytes that hold the digits of a price as one number.
const BYTES: usize = 10;

/// A list price: an exact, non-negative decimal per month or hour, in the account's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Price {
    /// All its digits as one number, the last byte first.
    digits: [u8; BYTES],
    /// One more than the number of its decimals, of which the last is not zero.
    scale: NonZeroU8,
}

impl Price {
    /// Reads a plain decimal with any number of decimals, up to 24 significant digits in all.
    ///
    /// # Errors
    /// The first rule of prices that the text breaks.
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        let plain = PlainNumber::parse_plain(text)?;
        if plain.negative {
            return Err(AmountError::Negative);
        }
        if plain.integer_digits() > INTEGER_DIGITS {
            return Err(AmountError::TooLarge {
                integer_digits: INTEGER_DIGITS,
            });
        }
        let decimals = plain.decimals.trim_end_matches('0');
        if plain.integer_digits() + decimals.len() > PRICE_DIGITS {
            return Err(AmountError::TooManyDigits { most: PRICE_DIGITS });
        }
        let mut digits = [0; BYTES];
        digits.copy_from_slice(&plain.mantissa(decimals).to_le_bytes()[..BYTES]);
        let scale = u8::try_from(decimals.len() + 1)
            .ok()
            .and_then(NonZeroU8::new);
        Ok(Self {
            digits,
            scale: scale.expect("a price has at most 24 decimals"),
        })
    }

    /// The price as an exact decimal.
    pub fn decimal(self) -> Decimal {
        Decimal::from_i128_with_scale(self.mantissa(), self.decimals())
    }

    /// All its digits as one number, and how many of them are decimals; the last of those is not zero.
    pub fn parts(self) -> (i128, u32) {
        (self.mantissa(), self.decimals())
    }

    /// Whether it costs nothing.
    pub fn is_zero(self) -> bool {
        self.mantissa() == 0
    }

    fn mantissa(self) -> i128 {
        let [a, b, c, d, e, f, g, h, i, j] = self.digits;
        // Two short numbers: the bytes of one long number would have to arrive in memory before it can be read.
        let (low, high) = (
            u64::from_le_bytes([a, b, c, d, e, f, g, h]),
            u16::from_le_bytes([i, j]),
        );
        i128::from(high) << u64::BITS | i128::from(low)
    }

    fn decimals(self) -> u32 {
        u32::from(self.scale.get()) - 1
    }

    /// Its digits with a number of decimals that is not smaller than its own: 35 digits at most.
    fn with_decimals(self, decimals: u32) -> i128 {
        self.mantissa() * 10_i128.pow(decimals - self.decimals())
    }

    /// `price × times / divisor × factor` in minor units of `currency`, evaluated exactly and rounded once.
    pub fn charge(self, currency: Currency, share: Share, rounding: Rounding) -> Money {
        let factor = share.factor.0;
        let mut numerator = self.mantissa() * i128::from(share.times) * factor.mantissa();
        let mut denominator = i128::from(share.divisor);
        let decimals = self.decimals() + factor.scale();
        match decimals.checked_sub(u32::from(currency.digits)) {
            Some(surplus) => denominator *= 10_i128.pow(surplus),
            None => numerator *= 10_i128.pow(u32::from(currency.digits) - decimals),
        }
        let minor = match (i64::try_from(numerator), i64::try_from(denominator)) {
            // Nearly always; a division of short numbers takes a tenth of the time.
            (Ok(numerator), Ok(denominator)) => {
                i128::from(rounding.quotient(&numerator, &denominator))
            }
            _ => rounding.quotient(&numerator, &denominator),
        };
        Money(
            i64::try_from(minor)
                .expect("the limits of prices, factors and months keep a charge in 64 bits"),
        )
    }

    /// `price × factor`, exactly.
    ///
    /// # Errors
    /// The first rule of prices that the product breaks.
    pub fn times(self, factor: Factor) -> Result<Self, AmountError> {
        let mantissa = self.mantissa() * factor.0.mantissa();
        let scale = usize::try_from(self.decimals() + factor.0.scale()).unwrap_or(usize::MAX);
        let digits = format!("{mantissa:0>width$}", width = scale + 1);
        let (whole, decimals) = digits.split_at(digits.len() - scale);
        Self::parse(&format!("{whole}.{decimals:0<1}"))
    }

    /// The price as a term of a formula.
    pub fn exact(self) -> Exact {
        Exact::of_decimal(self.decimal())
    }
}

impl Ord for Price {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.scale == other.scale {
            return self.mantissa().cmp(&other.mantissa());
        }
        let decimals = self.decimals().max(other.decimals());
        self.with_decimals(decimals)
            .cmp(&other.with_decimals(decimals))
    }
}

impl PartialOrd for Price {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.decimal().fmt(f)
    }
}
