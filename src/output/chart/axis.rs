//! The axis of days: where a day lies, and which days, months or years are named below it.
//! Never knows what is drawn above it. Days and months that are too close to each other are named now and then.

use chrono::Datelike as _;

use crate::model::calendar::Day;

/// The least distance between two labels, in CSS pixels.
const LABEL_ROOM: f64 = 46.0;

/// How often the axis names a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// Every few days, counted from the first of each month.
    Days(u32),
    /// Every few months, counted from January of year 0.
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

    fn names(self, day: Day) -> bool {
        let day_of_month = u32::from(day.day_of_month());
        match self {
            // The last days of a month lie too close to the first of the next one.
            Self::Days(every) => {
                (day_of_month - 1).is_multiple_of(every)
                    && (every == 1 || day_of_month + every <= 29)
            }
            Self::Months(every) => {
                day_of_month == 1 && month_number(day).rem_euclid(every.cast_signed()) == 0
            }
        }
    }

    fn label(self, day: Day) -> String {
        match self {
            Self::Days(_) => format!("{} {}", day.day_of_month(), month_name(day)),
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
    first: Day,
    days: i32,
    left: f64,
    right: f64,
}

/// A stretch of an axis on which a value holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch<V> {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) value: V,
}

impl DateAxis {
    /// An axis from the start of the first day to the end of the last one.
    pub(super) fn new(first: Day, last: Day, left: f64, right: f64) -> Self {
        let days = last.max(first).days_since(first) + 1;
        Self {
            first,
            days,
            left,
            right,
        }
    }

    /// Where a day begins; days outside the axis lie at its ends.
    pub(super) fn start(&self, day: Day) -> f64 {
        let all = f64::from(self.days);
        let days = f64::from(day.days_since(self.first)).clamp(0.0, all);
        self.left + days / all * (self.right - self.left)
    }

    /// Where a day ends.
    pub(super) fn end(&self, day: Day) -> f64 {
        self.start(day.tomorrow())
    }

    /// The middle of a day.
    pub(super) fn middle(&self, day: Day) -> f64 {
        (self.start(day) + self.end(day)) / 2.0
    }

    /// The stretches on which a value holds. A point holds from its day until the next point, the last one for its day; equal
    /// neighbours are one stretch.
    pub(super) fn stretches<V: Copy + PartialEq>(&self, points: &[(Day, V)]) -> Vec<Stretch<V>> {
        let mut stretches: Vec<Stretch<V>> = Vec::new();
        for (at, &(day, value)) in points.iter().enumerate() {
            let right = match points.get(at + 1) {
                Some(&(next, _)) => self.start(next),
                None => self.end(day),
            };
            match stretches.last_mut() {
                Some(last) if last.value == value => last.right = right,
                _ => stretches.push(Stretch {
                    left: self.start(day),
                    right,
                    value,
                }),
            }
        }
        stretches
    }

    /// The days that are named.
    pub(super) fn labels(&self) -> Vec<AxisLabel<Day>> {
        let pace = self.pace();
        let days = (0..self.days).map(|days| self.first + days);
        let named = days.filter(|day| pace.names(*day));
        with_years(named.map(|day| (day, day, pace.label(day))))
    }

    fn pace(&self) -> Pace {
        let width_of_day = (self.right - self.left) / f64::from(self.days);
        PACES
            .into_iter()
            .find(|pace| pace.days_per_mark() * width_of_day >= LABEL_ROOM)
            .unwrap_or(Pace::Months(600))
    }
}

/// The columns of a chart by month that are named, when a column has this width.
pub(super) fn month_labels(months: &[Day], width: f64) -> Vec<AxisLabel<usize>> {
    let every = [1, 2, 3, 6, 12, 24, 60]
        .into_iter()
        .find(|&every| f64::from(every) * width >= 32.0)
        .unwrap_or(120);
    let months = months.iter().enumerate();
    let named = months.filter(|(_, month)| month_number(**month).rem_euclid(every) == 0);
    with_years(named.map(|(at, &month)| (at, month, month_name(month).to_owned())))
}

fn with_years<P>(labels: impl Iterator<Item = (P, Day, String)>) -> Vec<AxisLabel<P>> {
    let mut before = None;
    labels
        .map(|(at, day, text)| {
            let year = Some(day.year()).filter(|year| before != Some(*year));
            before = Some(day.year());
            AxisLabel { at, text, year }
        })
        .collect()
}

fn month_number(day: Day) -> i32 {
    let date = day.date();
    date.year() * 12 + date.month0().cast_signed()
}

fn month_name(day: Day) -> &'static str {
    const NAMES: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    NAMES[day.date().month0() as usize]
}

/// A day in words: `3 Sep 2026`.
pub(super) fn day_name(day: Day) -> String {
    format!("{} {} {}", day.day_of_month(), month_name(day), day.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i32, month: u32, day: u32) -> Day {
        Day::parse(&format!("{year}-{month:02}-{day:02}")).expect("a test names real days")
    }

    fn texts(first: Day, last: Day) -> Vec<String> {
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
