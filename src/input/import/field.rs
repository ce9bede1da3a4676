//! The members of an entry as values: texts, whole numbers, amounts, days.
//!
//! An absent member, `null` and an empty text are the same: nothing is said. A value of the wrong kind is reported at
//! its place and counts as nothing said. Nothing here knows what a member means.

use std::str::FromStr;

use chrono::{DateTime, NaiveTime};
use chrono_tz::Tz;
use rust_decimal::Decimal;

use super::json::{Members, Node, one_line};
use crate::input::diagnostic::{Code, Diagnostics};
use crate::model::calendar::Day;
use crate::model::money::{Currency, Money};

/// Decimals of an amount given in hundredths (fen, cents).
const FEN_DECIMALS: i64 = 2;
/// Decimals of an amount given in micro-units: 10^8 of them are one yuan.
const MICRO_DECIMALS: i64 = 8;
/// The clock time of the interface for "never".
const NEVER: &str = "0000-00-00";

/// A value and the place that says it.
#[derive(Clone, Debug)]
pub(super) struct SourcedValue<'s, T> {
    /// What is said.
    pub(super) value: T,
    /// Where.
    pub(super) node: Node<'s>,
}

impl<'s, T> SourcedValue<'s, T> {
    /// Another value at the same place.
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> SourcedValue<'s, U> {
        SourcedValue {
            value: change(self.value),
            node: self.node,
        }
    }
}

/// The members of one object, read one by one.
pub(super) struct Fields<'s, 'f> {
    /// The object.
    pub(super) node: Node<'s>,
    /// Where what is wrong is collected.
    pub(super) found: &'f mut Diagnostics,
    members: Members<'s>,
}

impl<'s, 'f> Fields<'s, 'f> {
    /// The members of an object; anything else is reported.
    pub(super) fn fields_of(node: Node<'s>, found: &'f mut Diagnostics) -> Option<Self> {
        let Some(members) = node.members() else {
            let (message, help) = (
                "an entry that is not an object",
                "save what the call printed once more, unchanged",
            );
            found.push_with(Code::BadValue, || {
                (node.place(), message.to_owned(), help.to_owned())
            });
            return None;
        };
        Some(Self {
            node,
            found,
            members,
        })
    }

    /// The value of a member.
    pub(super) fn get(&self, key: &str) -> Option<Node<'s>> {
        self.members
            .get(key)
            .copied()
            .filter(|node| !node.is_null())
    }

    /// Whether the member is there, be it `null`.
    pub(super) fn has(&self, key: &str) -> bool {
        self.members.contains_key(key)
    }

    /// Whether the member is the only one.
    pub(super) fn is_only(&self, key: &str) -> bool {
        self.members.len() == 1 && self.has(key)
    }

    /// The members of a member.
    pub(super) fn nested(&mut self, key: &str) -> Option<Fields<'s, '_>> {
        let node = self.get(key)?;
        Fields::fields_of(node, self.found)
    }

    /// A text that is not empty.
    pub(super) fn take_text(&mut self, key: &str) -> Option<SourcedValue<'s, String>> {
        let node = self.get(key)?;
        match node.string() {
            Some(value) if value.contains('\0') => {
                self.wrong(Code::BadValue, key, node, "a text with a NUL character")
            }
            Some(value) => (!value.is_empty()).then_some(SourcedValue { value, node }),
            None => self.wrong(Code::BadValue, key, node, "not a text"),
        }
    }

    /// A text that must be there.
    pub(super) fn needed_text(&mut self, key: &str) -> Option<SourcedValue<'s, String>> {
        let errors = self.found.errors();
        let text = self.take_text(key);
        if text.is_none() && self.found.errors() == errors {
            self.missing(key);
        }
        text
    }

    /// A name that may be written as a whole number.
    pub(super) fn take_name(&mut self, key: &str) -> Option<SourcedValue<'s, String>> {
        let node = self.get(key)?;
        match node.number_text() {
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => Some(SourcedValue {
                value: digits.to_owned(),
                node,
            }),
            Some(_) => self.wrong(Code::BadNumber, key, node, "not a whole number"),
            None => self.take_text(key),
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &str) -> Option<bool> {
        let node = self.get(key)?;
        match node.raw_text() {
            "true" => Some(true),
            "false" => Some(false),
            _ => self.wrong(Code::BadValue, key, node, "neither `true` nor `false`"),
        }
    }

    /// A whole number.
    pub(super) fn whole<T: FromStr>(&mut self, key: &str) -> Option<SourcedValue<'s, T>> {
        let node = self.get(key)?;
        match node.number_text().and_then(|digits| digits.parse().ok()) {
            Some(value) => Some(SourcedValue { value, node }),
            None => self.wrong(
                Code::BadNumber,
                key,
                node,
                "not a whole number that is not negative nor very large",
            ),
        }
    }

    /// The elements of an array; none if there is none.
    pub(super) fn list(&mut self, key: &str) -> Vec<Node<'s>> {
        let Some(node) = self.get(key) else {
            return Vec::new();
        };
        node.elements()
            .or_else(|| self.wrong(Code::BadValue, key, node, "not a list"))
            .unwrap_or_default()
    }

    /// The date of a time in the zone of the book, or none for `0000-00-00 00:00:00`.
    pub(super) fn day(&mut self, key: &str, zone: Tz) -> Option<SourcedValue<'s, Day>> {
        let said = self.take_text(key)?;
        self.day_of(said, key, zone)
    }

    /// The date of a time that the member `key` gives.
    pub(super) fn day_of(
        &mut self,
        said: SourcedValue<'s, String>,
        key: &str,
        zone: Tz,
    ) -> Option<SourcedValue<'s, Day>> {
        if said.value.starts_with(NEVER) {
            return None;
        }
        match local_day(&said.value, zone) {
            Some(day) => Some(said.map(|_| day)),
            None => {
                let rule = "not a time such as `2026-11-30T16:30:00Z` or `2026-12-01 00:30:00` from 1900 on";
                self.wrong(Code::BadDate, key, said.node, rule)
            }
        }
    }

    /// An amount in hundredths of the currency (fen), exactly.
    pub(super) fn fen(&mut self, key: &str, currency: Currency) -> Option<SourcedValue<'s, Money>> {
        let node = self.get(key)?;
        let exact = node
            .number_text()
            .and_then(|digits| shifted(digits, FEN_DECIMALS));
        let Some(exact) = exact else {
            return self.wrong(
                Code::BadAmount,
                key,
                node,
                "no amount in fen, or a very large one",
            );
        };
        match Money::parse(&exact.to_string(), currency) {
            Ok(value) => Some(SourcedValue { value, node }),
            Err(rule) => self.wrong(
                Code::BadAmount,
                key,
                node,
                &format!("{exact} {currency} with {rule}"),
            ),
        }
    }

    /// A whole number of hundredths (fen) as an exact amount.
    pub(super) fn hundredths(&mut self, key: &str) -> Option<Decimal> {
        let node = self.get(key)?;
        let exact = node
            .number_text()
            .and_then(|digits| shifted(digits, FEN_DECIMALS));
        exact.or_else(|| {
            self.wrong(
                Code::BadAmount,
                key,
                node,
                "no amount in fen, or a very large one",
            )
        })
    }

    /// An amount in hundredths of the currency that must be there.
    pub(super) fn needed_fen(
        &mut self,
        key: &str,
        currency: Currency,
    ) -> Option<SourcedValue<'s, Money>> {
        if self.get(key).is_none() {
            self.missing(key);
        }
        self.fen(key, currency)
    }

    /// A whole number of micro-units (10^-8 of the currency), as an exact amount of the currency.
    pub(super) fn micro(&mut self, key: &str) -> Option<Decimal> {
        let node = self.get(key)?;
        let exact = node
            .number_text()
            .and_then(|digits| shifted(digits, MICRO_DECIMALS));
        let whole = exact.filter(|amount| i64::from(amount.scale()) <= MICRO_DECIMALS);
        whole.or_else(|| {
            self.wrong(
                Code::BadAmount,
                key,
                node,
                "not a whole number of micro-units",
            )
        })
    }

    /// Reports a member that must be there.
    pub(super) fn missing(&mut self, key: &str) {
        let help = || format!("ask for the answer again, `{key}` included");
        self.found.push_with(Code::MissingValue, || {
            (self.node.place(), format!("`{key}` is missing"), help())
        });
    }

    /// Reports a value; there is none then.
    pub(super) fn wrong<T>(
        &mut self,
        code: Code,
        key: &str,
        node: Node<'s>,
        rule: &str,
    ) -> Option<T> {
        self.found.push_with(code, || {
            let message = format!("`{key}` is `{}`: {rule}", abridged(node.raw_text()));
            (
                node.place(),
                message,
                format!("call again, or correct `{key}` in `{}`", node.file()),
            )
        });
        None
    }
}

/// The beginning of a text that may be long.
fn abridged(text: &str) -> String {
    const SHOWN: usize = 40;
    let text = text.trim_matches('"');
    let more = if text.chars().nth(SHOWN).is_some() {
        "…"
    } else {
        ""
    };
    one_line(&text.chars().take(SHOWN).collect::<String>()) + more
}

/// A JSON number divided by ten so many times, exactly; none if 28 digits do not suffice.
fn shifted(digits: &str, places: i64) -> Option<Decimal> {
    let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let mantissa = Decimal::from_str_exact(mantissa).ok()?.normalize();
    let scale = i64::from(mantissa.scale()) + places - exponent.parse::<i64>().ok()?;
    let (tens, scale) = if scale < 0 {
        (10_i128.checked_pow(u32::try_from(-scale).ok()?)?, 0)
    } else {
        (1, scale)
    };
    let moved = mantissa.mantissa().checked_mul(tens)?;
    Decimal::try_from_i128_with_scale(moved, u32::try_from(scale).ok()?)
        .ok()
        .map(|exact| exact.normalize())
}

/// The date of a time: one with a zone in `zone`, one without as it stands.
fn local_day(text: &str, zone: Tz) -> Option<Day> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Day::parse(&instant.with_timezone(&zone).date_naive().to_string()).ok();
    }
    let (date, clock) = text.split_once(' ').unwrap_or((text, "00:00:00"));
    let day = Day::parse(date).ok()?;
    NaiveTime::parse_from_str(clock, "%H:%M:%S%.f")
        .ok()
        .map(|_| day)
}
