//! Small charts of the page, in whole units of their drawing area. Every value can be read by pointing at it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::model::calendar::Day;
use crate::model::money::{Currency, Money};
use crate::output::month::{BalanceLine, ReportTable, TableCell};
use crate::output::monthly::month_text;

const WIDTH: i64 = 640;
const HEIGHT: i64 = 150;
/// Room above and below a curve.
const EDGE: i64 = 8;
/// The most values of a curve that can be pointed at.
const SPOTS: usize = 120;
/// The height of the highest bar.
const TALLEST: i64 = 200;

/// The balance of an account from day to day.
pub(super) struct BalanceCurve {
    pub name: String,
    pub range: String,
    pub summary: String,
    pub low: String,
    pub legend: String,
    pub path: String,
    pub zero: Option<i64>,
    pub alert: Option<i64>,
    /// Where one can point, how wide that is, and what is said.
    pub spots: Vec<(i64, i64, String)>,
}

impl BalanceCurve {
    pub(super) fn curve_of(line: &BalanceLine) -> Self {
        let (first, last) = line.days;
        let points: Vec<(Day, Money)> = line
            .points
            .iter()
            .map(|(day, money)| ((*day).max(first), *money))
            .collect();
        let amounts = || {
            points
                .iter()
                .map(|(_, money)| *money)
                .chain(line.alert_below)
                .chain([Money::ZERO])
        };
        let (low, high) = (
            amounts().min().unwrap_or_default(),
            amounts().max().unwrap_or_default(),
        );
        let y = |money: Money| {
            let room = i128::from((high - low).minor()).max(1);
            let up = i128::from((money - low).minor()) * i128::from(HEIGHT - 2 * EDGE) / room;
            HEIGHT - EDGE - i64::try_from(up).unwrap_or(0)
        };
        let days = i64::from(last.days_since(first)) + 1;
        let x = |day: Day| i64::from(day.days_since(first)) * WIDTH / days;
        let mut path = String::new();
        for (at, (day, money)) in points.iter().enumerate() {
            let step = if at == 0 {
                format!("M0 {}", y(*money))
            } else {
                format!("H{}V{}", x(*day), y(*money))
            };
            path.push_str(&step);
        }
        let _ = write!(path, "H{WIDTH}");
        let shown = |money: Money| money.display_grouped(line.currency).to_string();
        let lowest = points
            .iter()
            .min_by_key(|(day, money)| (*money, *day))
            .copied()
            .unwrap_or((first, Money::ZERO));
        let low_text = format!("{} {} on {}", line.currency, shown(lowest.1), lowest.0);
        Self {
            name: line.account.clone(),
            range: format!("available, {first} to {last}"),
            summary: format!(
                "Available balance of {} from {first} to {last}: lowest {low_text}",
                line.account
            ),
            low: low_text,
            legend: line.alert_below.map_or_else(String::new, |alert| {
                format!("dashed: alert below {}", shown(alert))
            }),
            path,
            zero: low.is_negative().then(|| y(Money::ZERO)),
            alert: line.alert_below.map(y),
            spots: spots(&points, x, |(day, money)| {
                format!("{day}: {} {}", line.currency, shown(money))
            }),
        }
    }
}

/// The values that can be pointed at: all, or the lowest of each few.
fn spots(
    points: &[(Day, Money)],
    x: impl Fn(Day) -> i64,
    label: impl Fn((Day, Money)) -> String,
) -> Vec<(i64, i64, String)> {
    let groups: Vec<&[(Day, Money)]> = points.chunks(points.len().div_ceil(SPOTS).max(1)).collect();
    let end = |at: usize| groups.get(at + 1).map_or(WIDTH, |next| x(next[0].0));
    let spot = |(at, group): (usize, &&[(Day, Money)])| {
        let lowest = group
            .iter()
            .min_by_key(|(day, money)| (*money, *day))
            .copied()?;
        let left = x(group[0].0);
        Some((left, (end(at) - left).max(1), label(lowest)))
    };
    groups.iter().enumerate().filter_map(spot).collect()
}

/// Spend by month in one currency.
pub(super) struct Bars {
    pub currency: Currency,
    pub summary: String,
    pub bars: Vec<SpendBar>,
}

/// The spend of a month: renewals above the ground, usage above them.
pub(super) struct SpendBar {
    pub name: String,
    pub label: String,
    pub x: i64,
    pub width: i64,
    pub top: i64,
    pub middle: i64,
    pub bottom: i64,
}

impl Bars {
    /// From the table of the months to come.
    pub(super) fn of(table: &ReportTable) -> Vec<Self> {
        let columns = ["month", "renewals", "usage"].map(|name| table.column(name).unwrap_or(0));
        let mut months: BTreeMap<Currency, Vec<(Day, Money, Money)>> = BTreeMap::new();
        for row in &table.rows {
            let [month, renewals, usage] = columns.map(|at| &row[at]);
            if let (TableCell::Month(month), Some((renewals, currency)), Some((usage, _))) =
                (month, renewals.money(), usage.money())
            {
                months
                    .entry(currency)
                    .or_default()
                    .push((*month, renewals, usage));
            }
        }
        months
            .into_iter()
            .map(|(currency, months)| Self::of_currency(currency, &months))
            .collect()
    }

    fn of_currency(currency: Currency, months: &[(Day, Money, Money)]) -> Self {
        let size = |money: Money| money.max(Money::ZERO);
        let highest = months
            .iter()
            .map(|(_, renewals, usage)| size(*renewals) + size(*usage))
            .max()
            .unwrap_or_default();
        let height = |money: Money| {
            let height = i128::from(size(money).minor()) * i128::from(TALLEST)
                / i128::from(highest.minor().max(1));
            i64::try_from(height).unwrap_or(0)
        };
        let step = WIDTH / i64::try_from(months.len().max(1)).unwrap_or(1);
        let mut x = 0;
        let mut bars = Vec::new();
        for (month, renewals, usage) in months {
            let shown = |money: Money| money.display_grouped(currency).to_string();
            let middle = TALLEST + EDGE - height(*renewals);
            bars.push(SpendBar {
                name: month.date().format("%b").to_string(),
                label: format!(
                    "{}: renewals {}, usage {}",
                    month_text(*month),
                    shown(*renewals),
                    shown(*usage)
                ),
                x,
                width: step * 4 / 5,
                top: middle - height(*usage),
                middle,
                bottom: TALLEST + EDGE,
            });
            x += step;
        }
        let summary = bars
            .iter()
            .map(|bar| bar.label.as_str())
            .collect::<Vec<_>>()
            .join("; ");
        Self {
            currency,
            summary: format!("Spend by month in {currency}: {summary}"),
            bars,
        }
    }
}
