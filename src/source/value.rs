//! One cell's text to one value: the strict readers that all tables and settings share.

use crate::calendar::{Day, DayError};
use crate::diagnostic::{Code, Diagnostics, Place};
use crate::money::{AmountError, Currency, Factor, Money, Price};

/// Why a text is not the value that its cell needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub code: Code,
    pub message: String,
    pub help: String,
}

impl Problem {
    pub(super) fn new(code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: help.into() }
    }

    pub(super) fn report(self, place: Place, diagnostics: &mut Diagnostics) {
        diagnostics.push(self.code, place, self.message, self.help);
    }
}

/// The text for a message: short, and on one line.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 40;
    let short: String = text.chars().take(MOST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let more = if text.chars().nth(MOST).is_some() { "…" } else { "" };
    format!("`{short}{more}`")
}

pub(super) fn day(text: &str) -> Result<Day, Problem> {
    Day::parse(text).map_err(|error| {
        let help = match error {
            DayError::Shape => "write the date as YYYY-MM-DD, such as 2026-12-01",
            DayError::NoSuchDay => "write a day that the calendar has",
            DayError::TooEarly => "write a date from 1900-01-01 on",
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
    if money.is_negative() { Err(amount_problem(text, AmountError::Negative, currency.code())) } else { Ok(money) }
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

fn amount_problem(text: &str, error: AmountError, of: &str) -> Problem {
    let code = if error == AmountError::Negative { Code::NegativeAmount } else { Code::BadAmount };
    let message = match error {
        AmountError::NotPlain => format!("{} is {error}", shown(text)),
        AmountError::Negative => format!("{} is below zero", shown(text)),
        _ => format!("{} has {error}", shown(text)),
    };
    let help = match error {
        AmountError::Separator => format!("write it without separators: {}", text.replace(',', "")),
        AmountError::Exponent => "write all digits, such as 1000.00".to_owned(),
        AmountError::CurrencySign => "write the number alone; the account has the currency".to_owned(),
        AmountError::Blank => format!("write it without blanks: {}", text.split_whitespace().collect::<String>()),
        AmountError::Plus => format!("write it without the sign: {}", text.trim_start_matches('+')),
        AmountError::Negative => "write zero or more".to_owned(),
        AmountError::TooManyDecimals { most } => format!("{of} has at most {most} decimals here"),
        AmountError::TooManyDigits { .. } | AmountError::TooLarge { .. } => "check the number".to_owned(),
        AmountError::NotPlain => "write a plain decimal, such as 1234.50".to_owned(),
    };
    Problem::new(code, message, help)
}

/// A whole number between two bounds.
pub(super) fn whole(text: &str, least: i64, most: i64) -> Result<i64, Problem> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse::<i64>().ok().filter(|number| plain && (least..=most).contains(number));
    number.ok_or_else(|| {
        let message = format!("{} is not a whole number from {least} to {most}", shown(text));
        Problem::new(Code::BadNumber, message, format!("write digits only, from {least} to {most}"))
    })
}

/// Months of a term.
pub(super) fn months(text: &str) -> Result<u32, Problem> {
    whole(text, 1, MOST_MONTHS).map(|months| u32::try_from(months).expect("months lie between 1 and a hundred years"))
}

/// The longest term, in months.
pub(super) const MOST_MONTHS: i64 = 1200;

/// One word of a closed list.
pub(super) fn word<T: Copy>(text: &str, names: &[(&str, T)]) -> Result<T, Problem> {
    names.iter().find(|(name, _)| *name == text).map(|(_, value)| *value).ok_or_else(|| {
        let choices: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        let message = format!("{} is none of the values allowed here", shown(text));
        Problem::new(Code::BadValue, message, format!("write one of {}", choices.join(", ")))
    })
}

/// The known name that a misspelt one is nearest to, as a help line, or the alternative.
pub(super) fn nearest<'n>(text: &str, names: impl Iterator<Item = &'n str>, otherwise: &str) -> String {
    let close = names.map(|name| (distance(text, name), name)).filter(|(far, name)| *far <= 1 + name.len() / 4);
    close.min().map_or_else(|| otherwise.to_owned(), |(_, name)| format!("did you mean `{name}`?"))
}

/// How many letters must be changed, added or left out.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, from) in left.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, to) in right.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}
