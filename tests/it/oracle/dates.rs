//! Civil dates and month arithmetic (**month-end**). Knows no instance and no clock.

use chrono::{Datelike, NaiveDate, TimeDelta, Weekday};

use super::rules::Notes;

pub(crate) type Date = NaiveDate;

pub(crate) fn parse_date(text: &str) -> Date {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").expect("a date YYYY-MM-DD")
}

pub(crate) fn plus_days(date: Date, days: i64) -> Date {
    date + TimeDelta::days(days)
}

pub(crate) fn days_between(start: Date, end: Date) -> i64 {
    (end - start).num_days()
}

/// Adds months to an expiry date by the profile's `month_end` rule (**month-end**).
pub(crate) fn add_months(
    month_end: &str,
    expiry: Date,
    anchor: u32,
    months: u32,
    notes: &Notes,
) -> Date {
    match month_end {
        "clamp" => {
            notes.reached("months/clamp");
            let end = day_in_month(expiry, months, expiry.day());
            notes.reached_if(end.day() < expiry.day(), "months/clamp-short-month");
            notes.reached_if(expiry.day() < anchor, "months/clamp-forgets-anchor");
            end
        }
        "sticky" => {
            notes.reached("months/sticky");
            let end = day_in_month(expiry, months, anchor);
            notes.reached_if(end.day() < anchor, "months/sticky-short-month");
            notes.reached_if(end.day() > expiry.day(), "months/sticky-returns-to-anchor");
            end
        }
        "days30" => {
            notes.reached("months/days30");
            plus_days(expiry, 30 * i64::from(months))
        }
        other => panic!("unknown month_end {other}"),
    }
}

/// The first date from `earliest` on with the asked day of the month (**unified-date**).
pub(crate) fn first_with_day(earliest: Date, day: u32) -> Date {
    let mut date = earliest;
    while date.day() != day {
        date = plus_days(date, 1);
    }
    date
}

/// So many working days later: Monday to Friday, without the holidays (**arrival**).
pub(crate) fn plus_working_days(date: Date, days: i64, holidays: &[Date]) -> Date {
    let mut arrival = date;
    for _ in 0..days {
        arrival = plus_days(arrival, 1);
        while is_weekend(arrival) || holidays.contains(&arrival) {
            arrival = plus_days(arrival, 1);
        }
    }
    arrival
}

pub(crate) fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

/// Whether a date falls on the anchor, or on the last day of a month too short for it (**anchor**).
pub(crate) fn falls_on(date: Date, anchor: u32) -> bool {
    date == day_in_month(date, 0, anchor)
}

/// The asked day of the month `months` after the one of `start`, or that month's last day where it has none.
fn day_in_month(start: Date, months: u32, day: u32) -> Date {
    let month_number = start.month0() + months;
    let year = start.year() + i32::try_from(month_number / 12).expect("few years");
    let month = month_number % 12 + 1;
    (1..=day)
        .rev()
        .find_map(|candidate| NaiveDate::from_ymd_opt(year, month, candidate))
        .expect("every month has a first day")
}
