//! The dates that a generated book can name, written out once, because a large book names them millions of times.
//!
//! A day is its number here: 0 is the first day of the run, those before it are negative. No date is drawn here.

use crate::model::calendar::Day;

/// Days before the run that a book can name: the oldest expiry of a terminated instance.
const BEFORE: i64 = 40;
/// Days from the start of the run to the latest expiry: thirteen months, moved to a month's end.
const AHEAD: i64 = 430;

/// The dates of a book.
pub(super) struct Dates {
    days: i64,
    texts: Vec<[u8; 10]>,
    month_starts: Vec<i64>,
}

impl Dates {
    /// The dates around a run of `days` days.
    pub(super) fn new(from: Day, days: u32) -> Self {
        let (mut texts, mut month_starts) = (Vec::new(), Vec::new());
        let days = i64::from(days);
        let mut day = from - i32::try_from(BEFORE).expect("a few days");
        for number in -BEFORE..=days.max(AHEAD) + 31 {
            let text = day.to_string().into_bytes();
            texts.push(text.try_into().expect("a date of a book has ten bytes"));
            if day.day_of_month() == 1 {
                month_starts.push(number);
            }
            day = day.tomorrow();
        }
        Self {
            days,
            texts,
            month_starts,
        }
    }

    /// The length of the run.
    pub(super) fn run_days(&self) -> i64 {
        self.days
    }

    /// The date as a file has it.
    pub(super) fn date_text(&self, day: i64) -> &str {
        let at = usize::try_from(day + BEFORE).expect("no day lies before the first date");
        str::from_utf8(&self.texts[at]).expect("a date is digits and hyphens")
    }

    /// The last day of the month of `day`.
    pub(super) fn month_end(&self, day: i64) -> i64 {
        let next = self.month_starts.partition_point(|start| *start <= day);
        self.month_starts[next] - 1
    }

    /// The days of the run on this day of the month, 1 to 28.
    pub(super) fn each_month(&self, day_of_month: i64) -> impl Iterator<Item = i64> {
        let days = 0..self.days;
        self.month_starts
            .iter()
            .map(move |start| start + day_of_month - 1)
            .filter(move |day| days.contains(day))
    }
}
