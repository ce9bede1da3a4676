//! One cell's text to one value: the strict readers that all tables and settings share.

use super::ids::{nearest, synonym};
use super::misspelling;
pub(super) use super::problem::{Problem, shown};
use crate::input::diagnostic::Code;
use crate::model::calendar::{Day, DayError, MAX_TERM_MONTHS};
use crate::model::money::{AmountError, Currency, Factor, Money, Price};
use crate::model::words::Word;

pub(super) fn day(text: &str) -> Result<Day, Problem> {
    Day::parse(text).map_err(|error| {
        let help = match error {
            DayError::Shape => misspelling::date_help(text),
            DayError::NoSuchDay => "write a day that the calendar has".to_owned(),
            DayError::TooEarly => "write a date from 1900-01-01 on".to_owned(),
        };
        Problem::new(Code::BadDate, format!("{} is {error}", shown(text)), help)
    })
}

/// An amount of any sign.
pub(super) fn amount(text: &str, currency: Currency) -> Result<Money, Problem> {
    Money::parse(text, currency).map_err(|error| amount_problem(text, error, currency.code()))
}

/// An amount that must not be negative.
pub(super) fn amount_from_zero(text: &str, currency: Currency) -> Result<Money, Problem> {
    let money = amount(text, currency)?;
    if money.is_negative() {
        Err(amount_problem(text, AmountError::Negative, currency.code()))
    } else {
        Ok(money)
    }
}

/// An amount above zero.
pub(super) fn amount_above_zero(text: &str, currency: Currency) -> Result<Money, Problem> {
    let money = amount_from_zero(text, currency)?;
    if money == Money::ZERO {
        return Err(Problem::new(
            Code::BadAmount,
            format!("{} moves nothing", shown(text)),
            "write an amount above zero",
        ));
    }
    Ok(money)
}

pub(super) fn price(text: &str) -> Result<Price, Problem> {
    Price::parse(text).map_err(|error| amount_problem(text, error, "a price"))
}

pub(super) fn factor(text: &str) -> Result<Factor, Problem> {
    Factor::parse(text).map_err(|error| amount_problem(text, error, "a factor"))
}

/// A change by percent, as what it multiplies with.
pub(super) fn change(text: &str) -> Result<Factor, Problem> {
    Factor::of_change(text).map_err(|error| match error {
        AmountError::Negative => {
            let message = format!("{} takes away more than there is", shown(text));
            Problem::new(Code::NegativeAmount, message, "write -100 or more")
        }
        other => amount_problem(text, other, "a change"),
    })
}

/// A price after such a change.
pub(super) fn changed_price(price: Price, factor: Factor) -> Result<Price, Problem> {
    price.times(factor).map_err(|error| {
        let message = format!("{price} after this change has {error}");
        Problem::new(Code::BadAmount, message, "change by fewer decimals")
    })
}

fn amount_problem(text: &str, error: AmountError, of: &str) -> Problem {
    let code = if error == AmountError::Negative {
        Code::NegativeAmount
    } else {
        Code::BadAmount
    };
    let message = match error {
        AmountError::NotPlain => format!("{} is {error}", shown(text)),
        AmountError::Negative => format!("{} is below zero", shown(text)),
        AmountError::TooManyDecimals { most: 0 } => format!("{} has decimals", shown(text)),
        AmountError::Separator
            if misspelling::numbers(text).len() != 1 || misspelling::has_decimal_comma(text) =>
        {
            format!("{} has a comma", shown(text))
        }
        _ => format!("{} has {error}", shown(text)),
    };
    let round = match error {
        AmountError::TooManyDecimals { most: 0 } => {
            format!("{of} has no decimals: write a whole number")
        }
        AmountError::TooManyDecimals { most } => {
            format!("{of} has at most {most} decimals: round the number")
        }
        _ => String::new(),
    };
    let help = match error {
        AmountError::Separator
        | AmountError::Blank
        | AmountError::Plus
        | AmountError::CurrencySign
        | AmountError::NotPlain => number_help(text),
        AmountError::Exponent => "write all digits, such as 1000.00".to_owned(),
        AmountError::Negative => "write zero or more".to_owned(),
        AmountError::TooManyDecimals { .. } if misspelling::may_be_thousands(text) => {
            format!(
                "write {} if the point separates thousands; else {round}",
                text.replace('.', "")
            )
        }
        AmountError::TooManyDecimals { .. } => round,
        AmountError::TooManyDigits { most } => format!("write at most {most} digits in all"),
        AmountError::TooLarge { integer_digits } => {
            format!("write at most {integer_digits} digits before the point")
        }
    };
    Problem::new(code, message, help)
}

/// What to type instead of a number that is not plain.
fn number_help(text: &str) -> String {
    let nothing = text
        .chars()
        .all(|c| matches!(c, '-' | '–' | '—' | '/' | ' '));
    let otherwise = match nothing {
        true => "leave it empty, or write 0: a dash is no number",
        false => "write a plain decimal with a point, such as 1234.50",
    };
    misspelling::number_help(text).unwrap_or_else(|| otherwise.to_owned())
}

/// A price in a file that has decimal commas elsewhere: one that may be a thousand times as large.
pub(super) fn ambiguous_price(text: &str) -> Option<Problem> {
    let is_ambiguous = misspelling::may_be_thousands(text) && price(text).is_ok();
    is_ambiguous.then(|| {
        let message = format!("{} stands in a file with decimal commas", shown(text));
        let help = misspelling::number_help(text).unwrap_or_default();
        Problem::new(Code::BadAmount, message, help)
    })
}

/// A whole number between two bounds.
pub(super) fn whole(text: &str, least: i64, most: i64) -> Result<i64, Problem> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let number = text
        .parse::<i64>()
        .ok()
        .filter(|number| plain && (least..=most).contains(number));
    number.ok_or_else(|| {
        let message = format!(
            "{} is not a whole number from {least} to {most}",
            shown(text)
        );
        Problem::new(
            Code::BadNumber,
            message,
            format!("write digits only, from {least} to {most}"),
        )
    })
}

/// A whole number of any size that fits.
pub(super) fn any_whole(text: &str) -> Result<i64, Problem> {
    whole(text, i64::MIN, i64::MAX).map_err(|_| {
        let message = format!("{} is not a whole number of at most 18 digits", shown(text));
        Problem::new(Code::BadNumber, message, "write digits only, such as 10")
    })
}

/// Months of a term.
pub(super) fn months(text: &str) -> Result<u32, Problem> {
    whole(text, 1, MAX_TERM_MONTHS)
        .map(|months| u32::try_from(months).expect("months lie between 1 and a hundred years"))
}

/// One word of a closed list, the value of a column or key.
pub(super) fn word<T: Word>(name: &str, text: &str) -> Result<T, Problem> {
    T::from_word(text).ok_or_else(|| {
        let is_written = |(word, value): &&(&str, T)| *word == value.as_word();
        let written: Vec<&str> = T::NAMES
            .iter()
            .filter(is_written)
            .map(|(word, _)| *word)
            .collect();
        let message = format!("invalid `{name}` {}", shown(text));
        let help = meant_word(text, T::NAMES.iter().map(|(word, _)| *word), &written);
        Problem::new(Code::BadValue, message, help)
    })
}

/// The word that a misspelt or foreign one stands for, as a help line, or those that are expected.
pub(super) fn meant_word<'n>(
    text: &str,
    known: impl Iterator<Item = &'n str> + Clone,
    expected: &[&str],
) -> String {
    match synonym(text, known.clone()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => nearest(text, known, &format!("expected {}", listed(expected))),
    }
}

/// "auto, manual or none".
pub(super) fn listed(words: &[&str]) -> String {
    match words {
        [rest @ .., last] if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        few => few.concat(),
    }
}
