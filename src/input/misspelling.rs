//! What a date or a number can mean that is not written in the plain form: as spreadsheets, consoles and other countries
//! write it. A value is taken only in its plain form; these are the cures that an error offers. Where a text has two
//! meanings both are offered, so that no cure leads to a wrong amount or day without a word.

use std::collections::BTreeSet;

use chrono::DateTime;
use chrono_tz::Tz;

use super::ids;
use crate::model::calendar::Day;
use crate::model::money::Currency;

/// Longer texts are no dates or amounts.
const LONGEST: usize = 60;
/// The day that a spreadsheet numbers 2.
const SPREADSHEET_DAY_2: &str = "1900-01-01";
/// The numbers of days that a spreadsheet gives to the years 1954 to 2119.
const SPREADSHEET_DAYS: std::ops::RangeInclusive<i32> = 20_000..=80_000;
/// How months begin in English and German.
const MONTHS: [&[&str]; 12] = [
    &["jan"],
    &["feb"],
    &["mar", "mär", "mrz"],
    &["apr"],
    &["may", "mai"],
    &["jun"],
    &["jul"],
    &["aug"],
    &["sep"],
    &["oct", "okt"],
    &["nov"],
    &["dec", "dez"],
];

/// What to type instead of a text that is no plain date.
pub(super) fn date_help(text: &str) -> String {
    let text = ids::plain(text);
    if text.len() > LONGEST {
        return "write the date as YYYY-MM-DD, such as 2026-12-01".to_owned();
    }
    if text.starts_with("0000-00-00") {
        return "leave it empty: this means no date".to_owned();
    }
    if instant(&text).is_some() {
        return "write the date that it is then in the time zone of the book, as YYYY-MM-DD"
            .to_owned();
    }
    let date = without_time(&text);
    if let Some(day) = serial(date) {
        return format!(
            "write {day}, if a spreadsheet saved the date as a number; else the date as YYYY-MM-DD"
        );
    }
    match (
        year_first(date).or_else(|| named_month(&text)),
        day_or_month_first(date),
    ) {
        (Some(day), _) | (None, (Some(day), None) | (None, Some(day))) => format!("write {day}"),
        (None, (Some(day_first), Some(month_first))) if day_first == month_first => {
            format!("write {day_first}")
        }
        (None, (Some(day_first), Some(month_first))) => {
            format!("write {day_first} if the day stands first, {month_first} if the month does")
        }
        (None, (None, None)) => "write the date as YYYY-MM-DD, such as 2026-12-01".to_owned(),
    }
}

/// The date in a zone of a text that is a moment: a date and a time with an offset, as interfaces write it.
pub(super) fn date_in(text: &str, zone: Tz) -> Option<Day> {
    let instant = instant(&ids::plain(text))?;
    Day::parse(&instant.with_timezone(&zone).date_naive().to_string()).ok()
}

fn instant(text: &str) -> Option<DateTime<chrono::FixedOffset>> {
    if text.len() > LONGEST {
        return None;
    }
    let text = text
        .strip_suffix('Z')
        .map_or_else(|| text.to_owned(), |local| format!("{local}+00:00"));
    [
        "%Y-%m-%dT%H:%M:%S%.f%z",
        "%Y-%m-%dT%H:%M%z",
        "%Y-%m-%d %H:%M:%S%.f %z",
        "%Y-%m-%d %H:%M:%S%.f%z",
    ]
    .iter()
    .find_map(|form| DateTime::parse_from_str(&text, form).ok())
}

/// The text before a time of day.
fn without_time(text: &str) -> &str {
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, ""));
    if time.starts_with(|first: char| first.is_ascii_digit()) && time.contains(':') {
        date
    } else {
        text
    }
}

fn civil(year: &str, month: &str, day: &str) -> Option<Day> {
    let parts = [(year, 4), (month, 2), (day, 2)];
    let fits = parts
        .iter()
        .all(|(part, most)| part.len() <= *most && ids::is_digits(part));
    fits.then(|| Day::parse(&format!("{year:0>4}-{month:0>2}-{day:0>2}")).ok())
        .flatten()
}

/// A date with its year first: other separators, too few digits, or none between them.
fn year_first(text: &str) -> Option<Day> {
    if text.len() == 8 && ids::is_digits(text) {
        return civil(&text[..4], &text[4..6], &text[6..]);
    }
    let parts = text.split(['-', '/', '.', '年', '月', '日']);
    match parts.filter(|part| !part.is_empty()).collect::<Vec<_>>()[..] {
        [year, month, day] if year.len() == 4 => civil(year, month, day),
        _ => None,
    }
}

/// A date with its year last: the readings with the day first and with the month first. Points are written where the day
/// stands first.
fn day_or_month_first(text: &str) -> (Option<Day>, Option<Day>) {
    let parts: Vec<&str> = text.split(['-', '/', '.']).collect();
    let [first, second, year] = parts[..] else {
        return (None, None);
    };
    if year.len() != 4 {
        return (None, None);
    }
    let day_first = civil(year, second, first);
    let month_first =
        civil(year, first, second).filter(|_| !text.contains('.') || day_first.is_none());
    (day_first, month_first)
}

/// A date with the name of its month, such as `1-Dec-26` or `Dec 1, 2026`.
fn named_month(text: &str) -> Option<Day> {
    let parts: Vec<&str> = text
        .split(['-', '/', '.', ',', ' '])
        .filter(|part| !part.is_empty())
        .collect();
    let [first, second, last] = parts[..] else {
        return None;
    };
    let (month, day, year) = match (month_of(first), month_of(second)) {
        (Some(month), None) => (month, second, last),
        (None, Some(month)) if first.len() == 4 => (month, last, first),
        (None, Some(month)) => (month, first, last),
        _ => return None,
    };
    let century = if year.len() == 2 { "20" } else { "" };
    civil(&format!("{century}{year}"), &(month + 1).to_string(), day)
}

/// The month that a word names, from 0.
fn month_of(word: &str) -> Option<usize> {
    let word = word.to_lowercase();
    let is_name = word.chars().all(char::is_alphabetic) && word.chars().count() >= 3;
    let begins = |names: &&[&str]| names.iter().any(|name| word.starts_with(name));
    MONTHS.iter().position(|names| is_name && begins(names))
}

/// A date that a spreadsheet saved as the number of its day.
fn serial(text: &str) -> Option<Day> {
    let number: i32 = text
        .parse()
        .ok()
        .filter(|number| SPREADSHEET_DAYS.contains(number))?;
    Some(Day::parse(SPREADSHEET_DAY_2).ok()? + (number - 2))
}

/// The plain decimals that a text can mean, the likeliest first; none if it is no number.
pub(super) fn numbers(text: &str) -> Vec<String> {
    let Some((sign, number)) = bare(text) else {
        return Vec::new();
    };
    let mut readings = Vec::new();
    let marks: BTreeSet<char> = number.chars().filter(|c| !c.is_ascii_digit()).collect();
    let commas = number.matches(',').count();
    readings.extend(grouped(&number));
    for mark in ['.', ','] {
        let Some((whole, decimals)) = number
            .rsplit_once(mark)
            .filter(|(whole, _)| !whole.contains(mark))
        else {
            continue;
        };
        let whole = grouped(whole).filter(|_| ids::is_digits(decimals));
        readings.extend(whole.map(|whole| format!("{whole}.{decimals}")));
    }
    // A comma between the wrong groups may be a slip as well as a decimal comma.
    if commas == 1 && marks.len() == 1 {
        readings.push(number.replace(',', ""));
    }
    let mut seen = BTreeSet::new();
    readings.retain(|reading| seen.insert(reading.clone()));
    readings
        .into_iter()
        .map(|reading| format!("{sign}{reading}"))
        .collect()
}

/// What to type instead of an amount with separators: the one number that it can mean, or each of two.
pub(super) fn number_help(text: &str) -> Option<String> {
    match &numbers(text)[..] {
        [] => None,
        [only] => Some(format!("write {only}")),
        [first, second, ..] => {
            let (mark, decimal, grouped) = match text.contains(',') {
                true if first.contains('.') => ("comma", first, second),
                true => ("comma", second, first),
                false => ("point", second, first),
            };
            Some(format!(
                "write {decimal} if the {mark} is a decimal {mark}, {grouped} if it separates thousands"
            ))
        }
    }
}

/// Whether a text is a number that can only be read with a decimal comma, or a point between thousands.
pub(super) fn has_decimal_comma(text: &str) -> bool {
    let Some((_, number)) = bare(text).filter(|(_, number)| number.contains(',')) else {
        return false;
    };
    let last = number.rsplit(',').next().map_or(0, str::len);
    number.matches(',').count() == 1
        && (last != 3 || number.contains('.'))
        && number.rfind(',') > number.rfind('.')
}

/// Whether a text would be a thousand times as large where points separate thousands: `1.000`.
pub(super) fn may_be_thousands(text: &str) -> bool {
    text.matches('.').count() == 1 && !text.starts_with("0.") && numbers(text).len() > 1
}

/// The sign, and the digits with the marks between them, of a number without currencies and wide forms. A blank or an apostrophe
/// between digits is `_`: it separates thousands and nothing else.
fn bare(text: &str) -> Option<(&'static str, String)> {
    let text = ids::plain(text);
    if text.len() > LONGEST {
        return None;
    }
    let text = text.replace(['¥', '￥', '$', '€', '£', '元', '+'], "");
    let text = text.trim();
    let text = match text.get(..3) {
        Some(ahead) if is_currency(ahead) => &text[3..],
        _ => text,
    };
    let behind = text.len().checked_sub(3);
    let behind = behind.filter(|at| text.get(*at..).is_some_and(is_currency));
    let text = behind.map_or(text, |at| &text[..at]).trim();
    let (sign, number) = text
        .strip_prefix(['-', '−'])
        .map_or(("", text), |number| ("-", number.trim()));
    let number = number.replace([' ', '\'', '’'], "_");
    let is_number = number.starts_with(|first: char| first.is_ascii_digit())
        && number
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ',' | '.' | '_'));
    is_number.then_some((sign, number))
}

fn is_currency(code: &str) -> bool {
    Currency::from_code(code).is_some() || code == "RMB"
}

/// The digits of a whole number, with or without one kind of mark between its thousands, or between its lakhs.
fn grouped(text: &str) -> Option<String> {
    let mark = text.chars().find(|c| !c.is_ascii_digit());
    let Some(mark) = mark else {
        return (!text.is_empty()).then(|| text.to_owned());
    };
    let groups: Vec<&str> = text.split(mark).collect();
    let (first, last) = (groups.first()?, groups.last()?);
    let middle = &groups[1..groups.len() - 1];
    let fits = (1..=3).contains(&first.len())
        && last.len() == 3
        && (middle.iter().all(|group| group.len() == 3)
            || middle.iter().all(|group| group.len() == 2))
        && groups.iter().all(|group| ids::is_digits(group));
    fits.then(|| groups.concat())
}
