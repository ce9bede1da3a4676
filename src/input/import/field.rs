//! The members of an object as values: texts, whole numbers, amounts, days.
//!
//! An absent member, `null` and an empty text are the same: no value. A value of the wrong kind is reported at
//! its place and counts as none. Nothing here knows what a member means.

use std::str::FromStr;

use chrono::{DateTime, NaiveTime, TimeZone};
use chrono_tz::Tz;
use rust_decimal::Decimal;

use super::context::{Context, one_line};
use super::json::{Members, Node};
use crate::input::diagnostic::Code;
use crate::model::bill::exact;
use crate::model::calendar::Day;
use crate::model::money::Money;

/// Decimals of an amount in hundredths (fen, cents).
const FEN_DECIMALS: i64 = 2;
/// Decimals of an amount in micro-units: 10^8 of them are one yuan.
const MICRO_DECIMALS: i64 = 8;
/// The date of a time that never comes.
const NEVER: &str = "0000-00-00";
/// The longest piece of a value that a message quotes.
const MAX_QUOTED: usize = 40;

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct SourcedValue<'s, T> {
    pub(crate) value: T,
    pub(crate) node: Node<'s>,
}

/// A text and its place.
pub(crate) type SourcedText<'s> = SourcedValue<'s, String>;

impl<'s, T> SourcedValue<'s, T> {
    /// Another value at the same place.
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> SourcedValue<'s, U> {
        SourcedValue {
            value: change(self.value),
            node: self.node,
        }
    }
}

/// The members of one object, read one by one.
pub(crate) struct Fields<'s, 'f> {
    /// The object.
    pub(crate) node: Node<'s>,
    /// The options, and the place for what is wrong.
    pub(crate) cx: Context<'f>,
    members: Members<'s>,
}

impl<'s, 'f> Fields<'s, 'f> {
    /// The members of an object; anything else is reported.
    pub(crate) fn of_object(node: Node<'s>, cx: &'f mut Context<'_>) -> Option<Self> {
        let Some(members) = node.members() else {
            let help = "save what the call printed once more, unchanged";
            node.report(Code::BadValue, "an entry that is not an object", help, cx);
            return None;
        };
        Some(Self {
            node,
            cx: cx.reborrow(),
            members,
        })
    }

    /// The value of a member.
    pub(crate) fn get(&self, key: &str) -> Option<Node<'s>> {
        let node = self.members.get(key).copied();
        node.filter(|node| !node.is_null())
    }

    /// Whether the member is there, be it `null`.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.members.contains_key(key)
    }

    /// Whether the member is the only one.
    pub(crate) fn is_only(&self, key: &str) -> bool {
        self.members.len() == 1 && self.has(key)
    }

    /// The members of a member.
    pub(crate) fn nested(&mut self, key: &str) -> Option<Fields<'s, '_>> {
        let node = self.get(key)?;
        Fields::of_object(node, &mut self.cx)
    }

    /// A text that is not empty, and its place.
    pub(crate) fn take_text(&mut self, key: &str) -> Option<SourcedText<'s>> {
        let node = self.get(key)?;
        match node.string() {
            Some(value) if value.contains('\0') => {
                self.wrong(Code::BadValue, key, node, "a text with a NUL character")
            }
            Some(value) => (!value.is_empty()).then_some(SourcedValue { value, node }),
            None => self.wrong(Code::BadValue, key, node, "not a text"),
        }
    }

    /// A text that is not empty.
    pub(crate) fn plain_text(&mut self, key: &str) -> Option<String> {
        self.take_text(key).map(|text| text.value)
    }

    /// A required text.
    pub(crate) fn needed_text(&mut self, key: &str) -> Option<SourcedText<'s>> {
        let errors = self.cx.found.errors();
        let text = self.take_text(key);
        if text.is_none() && self.cx.found.errors() == errors {
            self.missing(key);
        }
        text
    }

    /// A name that may be written as a whole number.
    pub(crate) fn take_name(&mut self, key: &str) -> Option<SourcedText<'s>> {
        let node = self.get(key)?;
        let Some(digits) = node.number_text() else {
            return self.take_text(key);
        };
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return self.wrong(Code::BadNumber, key, node, "not a whole number");
        }
        let value = digits.to_owned();
        Some(SourcedValue { value, node })
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, key: &str) -> Option<bool> {
        let node = self.get(key)?;
        node.raw_text()
            .parse()
            .ok()
            .or_else(|| self.wrong(Code::BadValue, key, node, "neither `true` nor `false`"))
    }

    /// A whole number.
    pub(crate) fn whole<T: FromStr>(&mut self, key: &str) -> Option<SourcedValue<'s, T>> {
        let node = self.get(key)?;
        match node.number_text().and_then(|digits| digits.parse().ok()) {
            Some(value) => Some(SourcedValue { value, node }),
            None => {
                let rule = "not a whole number that is not negative nor very large";
                self.wrong(Code::BadNumber, key, node, rule)
            }
        }
    }

    /// The elements of an array; none if there is none.
    pub(crate) fn list(&mut self, key: &str) -> Vec<Node<'s>> {
        let Some(node) = self.get(key) else {
            return Vec::new();
        };
        node.elements()
            .or_else(|| self.wrong(Code::BadValue, key, node, "not a list"))
            .unwrap_or_default()
    }

    /// The date of a time in the zone of the book, or none for `0000-00-00 00:00:00`.
    pub(crate) fn day(&mut self, key: &str) -> Option<SourcedValue<'s, Day>> {
        let text = self.take_text(key)?;
        self.day_of(text, key)
    }

    /// The date of a time that the member `key` gives.
    pub(crate) fn day_of(
        &mut self,
        text: SourcedText<'s>,
        key: &str,
    ) -> Option<SourcedValue<'s, Day>> {
        if text.value.starts_with(NEVER) {
            return None;
        }
        let Some(day) = local_day(&text.value, self.cx.options.zone) else {
            let rule =
                "not a time such as `2026-11-30T16:30:00Z` or `2026-12-01 00:30:00` from 1900 on";
            return self.wrong(Code::BadDate, key, text.node, rule);
        };
        Some(text.map(|_| day))
    }

    /// An amount in hundredths of the currency (fen), exactly.
    pub(crate) fn fen(&mut self, key: &str) -> Option<SourcedValue<'s, Money>> {
        let (exact, node) = (self.hundredths(key)?, self.get(key)?);
        let currency = self.cx.options.currency;
        match Money::parse(&exact.to_string(), currency) {
            Ok(value) => Some(SourcedValue { value, node }),
            Err(rule) => {
                let rule = format!("{exact} {currency} with {rule}");
                self.wrong(Code::BadAmount, key, node, &rule)
            }
        }
    }

    /// A whole number of hundredths (fen) as an exact amount.
    pub(crate) fn hundredths(&mut self, key: &str) -> Option<Decimal> {
        let node = self.get(key)?;
        let rule = "not an amount in fen, or a very large one";
        shifted(node, FEN_DECIMALS).or_else(|| self.wrong(Code::BadAmount, key, node, rule))
    }

    /// A required amount in hundredths of the currency.
    pub(crate) fn needed_fen(&mut self, key: &str) -> Option<SourcedValue<'s, Money>> {
        if self.get(key).is_none() {
            self.missing(key);
        }
        self.fen(key)
    }

    /// A whole number of micro-units (10^-8 of the currency), as an exact amount of the currency.
    pub(crate) fn micro(&mut self, key: &str) -> Option<Decimal> {
        let node = self.get(key)?;
        let exact = shifted(node, MICRO_DECIMALS);
        let whole = exact.filter(|amount| i64::from(amount.scale()) <= MICRO_DECIMALS);
        let rule = "not a whole number of micro-units";
        whole.or_else(|| self.wrong(Code::BadAmount, key, node, rule))
    }

    /// Reports that a required member is missing.
    pub(crate) fn missing(&mut self, key: &str) {
        let message = format!("`{key}` is missing");
        let help = format!("repeat the call with `{key}` in its response");
        self.node
            .report(Code::MissingValue, &message, &help, &mut self.cx);
    }

    /// Reports a value, which then counts as none.
    pub(crate) fn wrong<T>(
        &mut self,
        code: Code,
        key: &str,
        node: Node<'s>,
        rule: &str,
    ) -> Option<T> {
        let message = format!("`{key}` is `{}`: {rule}", abridged(node.raw_text()));
        let help = format!("call again, or correct `{key}` in `{}`", node.file());
        node.report(code, &message, &help, &mut self.cx);
        None
    }
}

/// The beginning of a text that may be long.
fn abridged(text: &str) -> String {
    let text = text.trim_matches('"');
    let start: String = text.chars().take(MAX_QUOTED).collect();
    let more = if start.len() < text.len() { "…" } else { "" };
    one_line(&start) + more
}

/// A JSON number divided by ten `places` times, exactly; none where [`exact`] gives none.
fn shifted(node: Node<'_>, places: i64) -> Option<Decimal> {
    let digits = node.number_text()?;
    let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let exponent = exponent.parse::<i64>().ok()?.checked_sub(places)?;
    exact(&format!("{mantissa}e{exponent}"))
}

/// The date of a time: one with a zone in `zone`, one without as it is.
fn local_day(text: &str, zone: Tz) -> Option<Day> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return day_in(instant, zone);
    }
    let (date, clock) = text.split_once(' ').unwrap_or((text, "00:00:00"));
    let day = Day::parse(date).ok()?;
    NaiveTime::parse_from_str(clock, "%H:%M:%S%.f").ok()?;
    Some(day)
}

/// The date of a moment in a zone; none outside the days that a book can have.
pub(crate) fn day_in<Z: TimeZone>(moment: DateTime<Z>, zone: Tz) -> Option<Day> {
    Day::parse(&moment.with_timezone(&zone).date_naive().to_string()).ok()
}
