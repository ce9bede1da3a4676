//! Civil days and the rules for adding months to them.
//!
//! A [`Day`] is a date in the book's time zone; it has no clock time. The three rules for adding months are those of
//! `month_end` in a profile. Nothing here reads the clock.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroI32;
use std::ops::{Add, Sub};

use chrono::{Datelike, Months as ChronoMonths, NaiveDate};

use crate::model::words::words;

/// Days of a month under [`MonthEnd::Days30`] and in formulas by days.
pub const DAYS_OF_A_MONTH: u32 = 30;

/// The longest term, in months.
pub const MAX_TERM_MONTHS: i64 = 1_200;

/// A civil date, held as days since 0000-03-01. What a run computes stays within centuries of the days that a book may name.
/// Rules **own-zone**, **year-range**.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(NonZeroI32);

impl Day {
    /// The first day that a book may name.
    pub const FIRST: Self = Civil {
        year: FIRST_YEAR,
        month: 1,
        day: 1,
    }
    .day();
    /// The last day that a book may name.
    pub const LAST: Self = Civil {
        year: 9999,
        month: 12,
        day: 31,
    }
    .day();

    #[inline]
    const fn from_number(days: i32) -> Self {
        assert!(
            days > 0,
            "no day is computed that lies two thousand years back"
        );
        Self(NonZeroI32::new(days).expect("a positive number is not zero"))
    }

    /// Reads `YYYY-MM-DD`, exactly ten bytes.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, DayError> {
        let bytes = text.as_bytes();
        let shaped = bytes.len() == 10
            && bytes.iter().enumerate().all(|(at, byte)| match at {
                4 | 7 => *byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !shaped {
            return Err(DayError::Shape);
        }
        let number = |range: std::ops::Range<usize>| {
            bytes[range]
                .iter()
                .fold(0, |n, b| n * 10 + u32::from(b - b'0'))
        };
        let (year, month, day) = (number(0..4), number(5..7), number(8..10));
        let date = Civil {
            year: year.cast_signed(),
            month,
            day,
        };
        match date.year {
            _ if !date.exists() => Err(DayError::NoSuchDay),
            FIRST_YEAR.. => Ok(date.day()),
            _ => Err(DayError::TooEarly),
        }
    }

    /// The same day as a chrono date.
    pub fn date(self) -> NaiveDate {
        NaiveDate::from_epoch_days(self.0.get() - EPOCH)
            .expect("days come from dates, moved by bounded terms")
    }

    /// The bytes of `YYYY-MM-DD`; none after the year 9999.
    pub fn to_iso_bytes(self) -> Option<[u8; 10]> {
        let Civil { year, month, day } = self.civil();
        let year = u32::try_from(year).ok().filter(|year| *year <= 9999)?;
        let [[c, e], [d, y], [m, n], [t, u]] =
            [year / 100, year % 100, month, day].map(|part| PAIRS[part as usize]);
        Some([c, e, d, y, b'-', m, n, b'-', t, u])
    }

    /// The day of the month, 1 to 31.
    pub fn day_of_month(self) -> u8 {
        u8::try_from(self.civil().day).expect("a month has at most 31 days")
    }

    /// The year.
    pub fn year(self) -> i32 {
        self.date().year()
    }

    /// Whether it is a Saturday or Sunday.
    pub fn is_weekend(self) -> bool {
        self.date().weekday().num_days_from_monday() >= 5
    }

    /// Whether a week begins with it.
    pub fn is_monday(self) -> bool {
        self.date().weekday().num_days_from_monday() == 0
    }

    /// The first day of this day's month.
    pub fn month_start(self) -> Self {
        self - (i32::from(self.day_of_month()) - 1)
    }

    /// The first day of the month after this day's.
    pub fn next_month_start(self) -> Self {
        Self::from(self.month_start().date() + ChronoMonths::new(1))
    }

    /// The day before.
    #[inline]
    pub fn yesterday(self) -> Self {
        self - 1
    }

    /// The day after.
    #[inline]
    pub fn tomorrow(self) -> Self {
        self + 1
    }

    /// Whether this is the `anchor` day of its month, or the last day of a month too short to have one.
    pub fn falls_on(self, anchor: u8) -> bool {
        let day = self.day_of_month();
        day == anchor || (day < anchor && self.tomorrow() == self.next_month_start())
    }

    /// Whole days from `earlier` to this day, negative if it lies after.
    #[inline]
    pub fn days_since(self, earlier: Self) -> i32 {
        self.0.get() - earlier.0.get()
    }

    /// The anchor day in the month that lies `months` after this day's month, or that month's last day.
    #[inline]
    fn in_later_month(self, months: u32, anchor: u8) -> Self {
        let Civil { year, month, .. } = self.civil();
        let month = month - 1 + months;
        let year = year + (month / 12).cast_signed();
        let first = Civil {
            year,
            month: month % 12 + 1,
            day: 1,
        };
        Civil {
            day: u32::from(anchor).min(first.days_of_month()),
            ..first
        }
        .day()
    }

    /// The year, month and day of the month. A year that begins in March has its leap day at its end. In quarters of a day,
    /// a century has as many as four centuries have days, and a year as many as four years: no leap day is counted alone.
    #[inline]
    fn civil(self) -> Civil {
        let quarters = 4 * self.0.get() + 3;
        let (century, quarters) = (quarters / FOUR_CENTURIES, (quarters % FOUR_CENTURIES) | 3);
        let (year, of_year) = (quarters / FOUR_YEARS, quarters % FOUR_YEARS / 4);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let (month, later) = if month < 10 {
            (month + 3, 0)
        } else {
            (month - 9, 1)
        };
        Civil {
            year: century * 100 + year + later,
            month: month.cast_unsigned(),
            day: day.cast_unsigned(),
        }
    }
}

/// The two digits of the numbers below 100.
const PAIRS: [[u8; 2]; 100] = {
    let mut all = [[0; 2]; 100];
    let mut number = 0_u8;
    while number < 100 {
        all[number as usize] = [b'0' + number / 10, b'0' + number % 10];
        number += 1;
    }
    all
};

/// The year of the first day that a book may name.
const FIRST_YEAR: i32 = 1900;
/// Days of 400 years.
const FOUR_CENTURIES: i32 = 146_097;
/// Days of four years, of which one has a leap day.
const FOUR_YEARS: i32 = 1_461;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: i32 = 719_468;

/// A date in its parts.
#[derive(Clone, Copy)]
struct Civil {
    year: i32,
    month: u32,
    day: u32,
}

impl Civil {
    fn exists(self) -> bool {
        (1..=12).contains(&self.month) && (1..=self.days_of_month()).contains(&self.day)
    }

    #[inline]
    const fn day(self) -> Day {
        let (month, earlier) = if self.month > 2 {
            (self.month - 3, 0)
        } else {
            (self.month + 9, 1)
        };
        let year = self.year - earlier;
        let of_year = (153 * month.cast_signed() + 2) / 5 + self.day.cast_signed() - 1;
        Day::from_number(year * FOUR_YEARS / 4 - year / 100 + year / 400 + of_year)
    }

    #[inline]
    fn days_of_month(self) -> u32 {
        let Self { year, month, .. } = self;
        match month {
            2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }
}

impl From<NaiveDate> for Day {
    fn from(date: NaiveDate) -> Self {
        Self::from_number(date.to_epoch_days() + EPOCH)
    }
}

impl Add<i32> for Day {
    type Output = Self;
    #[inline]
    fn add(self, days: i32) -> Self {
        Self::from_number(self.0.get() + days)
    }
}

impl Sub<i32> for Day {
    type Output = Self;
    #[inline]
    fn sub(self, days: i32) -> Self {
        Self::from_number(self.0.get() - days)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_iso_bytes() {
            Some(text) => f.write_str(str::from_utf8(&text).expect("digits are text")),
            None => self.date().fmt(f),
        }
    }
}

/// Why a text is not a date of a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DayError {
    /// Not of the form `YYYY-MM-DD`.
    #[error("not a date of the form YYYY-MM-DD")]
    Shape,
    /// No such day in the calendar, such as 30 February.
    #[error("no such day in the calendar")]
    NoSuchDay,
    /// Before 1900.
    #[error("a date before 1900")]
    TooEarly,
}

/// A range of days, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayRange {
    /// The first day.
    pub from: Day,
    /// The last day, not before `from`.
    pub to: Day,
}

impl DayRange {
    /// Whether the day lies in the range.
    pub fn contains(self, day: Day) -> bool {
        self.from <= day && day <= self.to
    }

    /// The number of days, at least one.
    pub fn len(self) -> usize {
        usize::try_from(self.to.days_since(self.from) + 1).unwrap_or(0)
    }

    /// Never: a range has at least one day.
    pub fn is_empty(self) -> bool {
        self.to < self.from
    }

    /// Its days, in order.
    pub fn days(self) -> impl Iterator<Item = Day> {
        (self.from.0.get()..=self.to.0.get()).map(Day::from_number)
    }

    /// The last day on which a run may end, 31 December 2500.
    pub fn latest_end() -> Day {
        Day::from(NaiveDate::from_ymd_opt(2500, 12, 31).expect("every December has 31 days"))
    }

    /// The year that begins on `from` (`docs/spec/formats.md`, **year-from**).
    pub fn year_from(from: Day) -> Self {
        Self {
            from,
            to: Self::end_after(from, 12),
        }
    }

    /// The days after these, as many of them (**rolling-book**): whole months where these are whole months.
    pub fn next(self) -> Self {
        let from = self.to.tomorrow();
        let to = match self.whole_months() {
            Some(months) => Self::end_after(from, months),
            None => {
                from + from
                    .days_since(self.from)
                    .saturating_sub(1)
                    .min(Self::latest_end().days_since(from))
            }
        };
        Self {
            from,
            to: to.max(from),
        }
    }

    /// Its whole months, if it ends on the eve of the day that lies as many months after its first.
    fn whole_months(self) -> Option<u32> {
        let (from, end) = (self.from.date(), self.to.tomorrow().date());
        let months = (end.year() - from.year()) * 12 + end.month0().cast_signed()
            - from.month0().cast_signed();
        let months = u32::try_from(months).ok().filter(|months| *months > 0)?;
        (MonthEnd::Clamp.add_months(self.from, months, self.from.day_of_month())
            == self.to.tomorrow())
        .then_some(months)
    }

    /// The eve of the day `months` after `from`; no later than a run may end.
    fn end_after(from: Day, months: u32) -> Day {
        let last = Self::latest_end();
        if from > last {
            from
        } else {
            MonthEnd::Clamp
                .add_months(from, months, from.day_of_month())
                .yesterday()
                .min(last)
        }
    }

    /// The first days of the calendar months that the range touches.
    pub fn months(self) -> impl Iterator<Item = Day> {
        std::iter::successors(Some(self.from.month_start()), |month| {
            Some(month.next_month_start())
        })
        .take_while(move |month| *month <= self.to)
    }
}

words! {
    /// The rule for adding months to an expiry date: `month_end` of a profile (**month-end**).
    pub enum MonthEnd {
        /// Same day of the month as the current expiry, or the month's last day.
        Clamp = "clamp",
        /// The anchor day of the month, or the month's last day.
        Sticky = "sticky",
        /// A month is 30 days.
        Days30 = "days30",
    }
}

impl MonthEnd {
    /// `months` after `day`; `anchor` counts under [`MonthEnd::Sticky`] only.
    #[inline]
    pub fn add_months(self, day: Day, months: u32, anchor: u8) -> Day {
        match self {
            Self::Clamp => day.in_later_month(months, day.day_of_month()),
            Self::Sticky => day.in_later_month(months, anchor),
            Self::Days30 => {
                let days =
                    i32::try_from(months * DAYS_OF_A_MONTH).expect("the months of a term are few");
                day + days
            }
        }
    }
}

/// The first date with the asked day of the month that is `least` or later; `asked` is 1 to 28.
pub fn first_on_or_after(least: Day, asked: u8) -> Day {
    let months = u32::from(least.day_of_month() > asked);
    least.in_later_month(months, asked)
}

/// The day that lies this number of working days after a day: Mondays to Fridays that are not holidays.
pub fn working_days_later(day: Day, days: u32, holidays: &BTreeSet<Day>) -> Day {
    let working = |day: &Day| !day.is_weekend() && !holidays.contains(day);
    let mut later =
        std::iter::successors(Some(day.tomorrow()), |day| Some(day.tomorrow())).filter(working);
    (0..days).filter_map(|_| later.next()).last().unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::Day;

    #[test]
    fn a_day_is_written_as_the_calendar_crate_writes_it() {
        let mut day = Day::FIRST;
        while day <= Day::LAST {
            assert_eq!(day.to_string(), day.date().to_string());
            assert_eq!(Day::parse(&day.to_string()), Ok(day));
            day = day + 11;
        }
        assert_eq!(Day::LAST.to_string(), "9999-12-31");
        assert_eq!(
            Day::LAST.tomorrow().to_string(),
            Day::LAST.tomorrow().date().to_string()
        );
    }
}
