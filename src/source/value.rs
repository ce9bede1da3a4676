//! One cell's text to one value: the strict readers that all tables and settings share.

use std::cmp::Reverse;

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

    /// Reports it, at a place that is looked for only if the report is kept.
    pub(super) fn report(self, place: impl FnOnce() -> Place, diagnostics: &mut Diagnostics) {
        diagnostics.push_with(self.code, || (place(), self.message, self.help));
    }
}

/// The text for a message: short, and on one line.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 40;
    let short: String = text.chars().take(MOST).map(|c| if c.is_control() { '·' } else { c }).collect();
    let more = if text.chars().nth(MOST).is_some() { "…" } else { "" };
    format!("`{short}{more}`")
}

pub(super) fn day(text: &str) -> Result<Day, Problem> {
    Day::parse(text).map_err(|error| {
        let help = match error {
            DayError::Shape => match respelt(text) {
                Some(day) => format!("write {day}"),
                None => "write the date as YYYY-MM-DD, such as 2026-12-01".to_owned(),
            },
            DayError::NoSuchDay => "write a day that the calendar has".to_owned(),
            DayError::TooEarly => "write a date from 1900-01-01 on".to_owned(),
        };
        Problem::new(Code::BadDate, format!("{} is {error}", shown(text)), help)
    })
}

/// The day of a date with its year first but other separators, too few digits, or a time behind it.
fn respelt(text: &str) -> Option<Day> {
    let date = text.trim().split(['T', ' ']).next()?;
    let mut parts = date.split(['-', '/', '.', '年', '月', '日']).filter(|part| !part.is_empty());
    let mut part = |longest: usize| parts.next().filter(|part| part.len() <= longest);
    let (year, month, day) = (part(4)?, part(2)?, part(2)?);
    if parts.next().is_some() {
        return None;
    }
    Day::parse(&format!("{year}-{month:0>2}-{day:0>2}")).ok()
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
    let code = if error == AmountError::Negative { Code::NegativeAmount } else { Code::BadAmount };
    let message = match error {
        AmountError::NotPlain => format!("{} is {error}", shown(text)),
        AmountError::Negative => format!("{} is below zero", shown(text)),
        AmountError::TooManyDecimals { most: 0 } => format!("{} has decimals", shown(text)),
        _ => format!("{} has {error}", shown(text)),
    };
    let help = match error {
        AmountError::Separator | AmountError::Blank | AmountError::Plus | AmountError::CurrencySign => {
            let plain = || "write a plain decimal with a point, such as 1234.50".to_owned();
            bare(text).map_or_else(plain, |number| format!("write {number}"))
        }
        AmountError::Exponent => "write all digits, such as 1000.00".to_owned(),
        AmountError::Negative => "write zero or more".to_owned(),
        AmountError::TooManyDecimals { most: 0 } => format!("{of} has no decimals: write a whole number"),
        AmountError::TooManyDecimals { most } => format!("{of} has at most {most} decimals: round the number"),
        AmountError::TooManyDigits { most } => format!("write at most {most} digits in all"),
        AmountError::TooLarge { integer_digits } => format!("write at most {integer_digits} digits before the point"),
        AmountError::NotPlain => "write a plain decimal, such as 1234.50".to_owned(),
    };
    Problem::new(code, message, help)
}

/// The number without currency signs, blanks, a plus and thousands separators, where its commas can be nothing else.
fn bare(text: &str) -> Option<String> {
    const LONGEST: usize = 40;
    if text.len() > LONGEST {
        return None;
    }
    let dressing = |c: char| c.is_whitespace() || "+¥￥$€£".contains(c);
    let bare: String = text.chars().filter(|c| !dressing(*c)).collect();
    let (whole, decimals) = bare.split_once('.').map_or((bare.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut groups = whole.trim_start_matches('-').split(',');
    let first = groups.next().is_some_and(|group| (1..=3).contains(&group.len()) || !whole.contains(','));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = whole.trim_start_matches('-').replace(',', "");
    let is_number = all_digits(&plain) && decimals.is_none_or(all_digits);
    (first && groups.all(|group| group.len() == 3) && is_number).then(|| bare.replace(',', ""))
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

/// A whole number of any size that fits.
pub(super) fn any_whole(text: &str) -> Result<i64, Problem> {
    whole(text, i64::MIN, i64::MAX).map_err(|_| {
        let message = format!("{} is not a whole number of at most 18 digits", shown(text));
        Problem::new(Code::BadNumber, message, "write digits only, such as 10")
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
        let help = nearest(text, choices.iter().copied(), &format!("write one of {}", choices.join(", ")));
        Problem::new(Code::BadValue, format!("{} is none of the values allowed here", shown(text)), help)
    })
}

/// The known name that a misspelt one is nearest to, as a help line, or the alternative. Of equally near ones the one
/// that begins alike for longer; one with control characters cannot be typed and is none.
pub(super) fn nearest<'n>(text: &str, names: impl Iterator<Item = &'n str>, otherwise: &str) -> String {
    let alike = |name: &str| text.chars().zip(name.chars()).take_while(|(left, right)| left == right).count();
    let close = names.filter(|name| !name.contains(char::is_control)).filter_map(|name| {
        let most = (name.len() / 3).max(1);
        distance(text, name, most).map(|far| (far, Reverse(alike(name)), name))
    });
    close.min().map_or_else(|| otherwise.to_owned(), |(_, _, name)| format!("did you mean `{name}`?"))
}

/// How many letters must be changed, added, left out or exchanged with their neighbour, unless it is more than `most`;
/// capitals count as small letters.
fn distance(from: &str, to: &str, most: usize) -> Option<usize> {
    const LONGEST: usize = 64;
    if from.len().max(to.len()) > LONGEST {
        return None;
    }
    let letters = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<Vec<char>>();
    let (from, to) = (letters(from), letters(to));
    if from.len().abs_diff(to.len()) > most {
        return None;
    }
    let mut before = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (line, left) in from.iter().enumerate() {
        let mut row = vec![line + 1];
        for (column, right) in to.iter().enumerate() {
            let changed = above[column] + usize::from(left != right);
            let added = above[column + 1].min(row[column]) + 1;
            let exchanges = line > 0 && column > 0 && *left == to[column - 1] && from[line - 1] == *right;
            let exchanged = if exchanges { before[column - 1] + 1 } else { usize::MAX };
            row.push(changed.min(added).min(exchanged));
        }
        if row.iter().all(|far| *far > most) {
            return None;
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().filter(|far| *far <= most)
}
