//! The axis of days: where a day lies, and which days, months or years are named below it.
//! Never knows what is drawn above it. Days and months that are too close to each other are named now and then.

use chrono::{Datelike, Days, NaiveDate};

/// The least distance between two labels, in CSS pixels.
const LABEL_ROOM: f64 = 46.0;

/// How often the axis names a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// Every so many days, counted from the first of each month.
    Days(u32),
    /// Every so many months, counted from January of year 0.
    Months(u32),
}

const PACES: [Pace; 13] = [
    Pace::Days(1),
    Pace::Days(2),
    Pace::Days(7),
    Pace::Days(14),
    Pace::Months(1),
    Pace::Months(2),
    Pace::Months(3),
    Pace::Months(6),
    Pace::Months(12),
    Pace::Months(24),
    Pace::Months(60),
    Pace::Months(120),
    Pace::Months(600),
];

impl Pace {
    fn days_per_mark(self) -> f64 {
        match self {
            Self::Days(days) => f64::from(days),
            Self::Months(months) => f64::from(months) * 30.4,
        }
    }

    fn names(self, day: NaiveDate) -> bool {
        match self {
            // The last days of a month stand too close to the first of the next one.
            Self::Days(days) => {
                day.day0().is_multiple_of(days) && (days == 1 || day.day0() + days <= 28)
            }
            Self::Months(months) => {
                day.day() == 1 && month_number(day).rem_euclid(months.cast_signed()) == 0
            }
        }
    }

    fn label(self, day: NaiveDate) -> String {
        match self {
            Self::Days(_) => format!("{} {}", day.day(), month_name(day)),
            Self::Months(months) if months >= 12 => String::new(),
            Self::Months(_) => month_name(day).to_owned(),
        }
    }
}

/// A label below the axis. The year stands below it where it is not the year of the label before.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AxisLabel<P> {
    /// What is named: a day, or a column.
    pub(super) at: P,
    /// The day or month; empty where only years are named.
    pub(super) text: String,
    /// The year, if it is to be written.
    pub(super) year: Option<i32>,
}

/// Days from left to right; each takes the same width.
#[derive(Clone, Copy, Debug)]
pub(super) struct DateAxis {
    first: NaiveDate,
    days: f64,
    left: f64,
    right: f64,
}

impl DateAxis {
    /// An axis from the start of the first day to the end of the last one.
    pub(super) fn new(first: NaiveDate, last: NaiveDate, left: f64, right: f64) -> Self {
        let days = (last.max(first) - first).num_days() + 1;
        Self {
            first,
            days: days as f64,
            left,
            right,
        }
    }

    /// Where a day begins; days outside the axis lie at its ends.
    pub(super) fn start(&self, day: NaiveDate) -> f64 {
        let days = ((day - self.first).num_days() as f64).clamp(0.0, self.days);
        self.left + days / self.days * (self.right - self.left)
    }

    /// Where a day ends.
    pub(super) fn end(&self, day: NaiveDate) -> f64 {
        self.start(day.succ_opt().unwrap_or(day))
    }

    /// The stretches on which a value holds, each with its left and right end. A point holds from its day until the next
    /// point, the last one for its day; equal neighbours are one stretch.
    pub(super) fn runs<V: Copy + PartialEq>(
        &self,
        points: &[(NaiveDate, V)],
    ) -> Vec<(f64, f64, V)> {
        let mut runs: Vec<(f64, f64, V)> = Vec::new();
        for (at, &(day, value)) in points.iter().enumerate() {
            let right = match points.get(at + 1) {
                Some(&(next, _)) => self.start(next),
                None => self.end(day),
            };
            match runs.last_mut() {
                Some((_, end, before)) if *before == value => *end = right,
                _ => runs.push((self.start(day), right, value)),
            }
        }
        runs
    }

    /// The days that are named.
    pub(super) fn labels(&self) -> Vec<AxisLabel<NaiveDate>> {
        let pace = self.pace();
        let days = (0..self.days as u64)
            .map_while(|n| self.first.checked_add_days(Days::new(n)))
            .filter(|&day| pace.names(day))
            .map(|day| (day, day, pace.label(day)));
        with_years(days)
    }

    fn pace(&self) -> Pace {
        let width_of_day = (self.right - self.left) / self.days;
        PACES
            .into_iter()
            .find(|pace| pace.days_per_mark() * width_of_day >= LABEL_ROOM)
            .unwrap_or(Pace::Months(600))
    }
}

/// The columns of a chart by month that are named, when a column has this width.
pub(super) fn month_labels(months: &[NaiveDate], width: f64) -> Vec<AxisLabel<usize>> {
    let every = [1, 2, 3, 6, 12, 24, 60]
        .into_iter()
        .find(|&every| f64::from(every) * width >= 32.0)
        .unwrap_or(120);
    let named = months
        .iter()
        .enumerate()
        .filter(|(_, month)| month_number(**month).rem_euclid(every) == 0)
        .map(|(at, &month)| (at, month, month_name(month).to_owned()));
    with_years(named)
}

fn with_years<P>(labels: impl Iterator<Item = (P, NaiveDate, String)>) -> Vec<AxisLabel<P>> {
    let mut before = None;
    labels
        .map(|(at, day, text)| {
            let year = (before != Some(day.year())).then_some(day.year());
            before = Some(day.year());
            AxisLabel { at, text, year }
        })
        .collect()
}

fn month_number(day: NaiveDate) -> i32 {
    day.year() * 12 + day.month0().cast_signed()
}

fn month_name(day: NaiveDate) -> &'static str {
    const NAMES: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    NAMES[day.month0() as usize]
}

/// A day in words: `3 Sep 2026`.
pub(super) fn day_name(day: NaiveDate) -> String {
    format!("{} {} {}", day.day(), month_name(day), day.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).expect("a test names real days")
    }

    fn texts(first: NaiveDate, last: NaiveDate) -> Vec<String> {
        let axis = DateAxis::new(first, last, 0.0, 800.0);
        let label = |l: AxisLabel<_>| match l.year {
            Some(year) => format!("{} {year}", l.text).trim().to_owned(),
            None => l.text,
        };
        axis.labels().into_iter().map(label).collect()
    }

    #[test]
    fn labels_thin_out_from_days_to_years() {
        assert_eq!(texts(day(2026, 5, 4), day(2026, 5, 4)), ["4 May 2026"]);
        assert_eq!(
            texts(day(2026, 1, 20), day(2026, 3, 10)),
            [
                "22 Jan 2026",
                "1 Feb",
                "8 Feb",
                "15 Feb",
                "22 Feb",
                "1 Mar",
                "8 Mar"
            ]
        );
        let year = texts(day(2025, 11, 15), day(2026, 10, 1));
        assert_eq!(year[..3], ["Dec 2025", "Jan 2026", "Feb"]);
        let decade = texts(day(2026, 1, 1), day(2035, 12, 31));
        assert_eq!(decade[..2], ["2026", "2027"]);
    }

    #[test]
    fn a_day_takes_its_share_of_the_axis() {
        let axis = DateAxis::new(day(2026, 1, 1), day(2026, 1, 10), 100.0, 200.0);
        assert!((axis.start(day(2026, 1, 3)) - 120.0).abs() < 1e-9);
        assert!((axis.end(day(2026, 1, 10)) - 200.0).abs() < 1e-9);
        assert!((axis.end(day(2027, 1, 1)) - 200.0).abs() < 1e-9);
    }

    #[test]
    fn three_years_of_months_are_named_by_the_quarter_where_columns_are_narrow() {
        let months: Vec<_> = (0..36)
            .map(|n| day(2026 + n / 12, (n % 12) as u32 + 1, 1))
            .collect();
        let labels = month_labels(&months, 12.0);
        assert_eq!(
            (labels[1].at, labels[1].text.as_str(), labels[1].year),
            (3, "Apr", None)
        );
        assert_eq!((labels[4].at, labels[4].year), (12, Some(2027)));
    }
}
