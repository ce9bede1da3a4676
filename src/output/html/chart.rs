//! Small charts of the page, in whole units of their drawing area. Every value can be read by pointing at it. Never decides
//! which accounts or months are drawn.

use std::collections::BTreeMap;

use crate::model::calendar::{Day, DayRange};
use crate::model::money::{Currency, Money};
use crate::output::month::{BalanceLine, ReportTable, TableCell, with_code};
use crate::output::monthly::month_text;

const WIDTH: i64 = 640;
const HEIGHT: i64 = 150;
/// Room above and below a curve.
const EDGE: i64 = 8;
/// The most values of a curve that can be pointed at.
const MAX_SPOTS: usize = 120;
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
    pub spots: Vec<CurveSpot>,
}

/// Where one can point, how wide that is, and what is shown there.
pub(super) struct CurveSpot {
    pub x: i64,
    pub width: i64,
    pub label: String,
}

/// The points of a curve and the two axes.
struct Curve {
    points: Vec<(Day, Money)>,
    days: DayRange,
    low: Money,
    high: Money,
}

impl Curve {
    fn new(line: &BalanceLine) -> Self {
        let days = line.days;
        let points = line.points.iter();
        let points: Vec<_> = points
            .map(|(day, money)| ((*day).max(days.from), *money))
            .collect();
        let amounts = points
            .iter()
            .map(|(_, money)| *money)
            .chain(line.alert_below);
        Self {
            low: amounts.clone().fold(Money::ZERO, Money::min),
            high: amounts.fold(Money::ZERO, Money::max),
            points,
            days,
        }
    }

    fn y(&self, money: Money) -> i64 {
        let room = i128::from((self.high - self.low).minor()).max(1);
        let up = i128::from((money - self.low).minor()) * i128::from(HEIGHT - 2 * EDGE) / room;
        HEIGHT - EDGE - i64::try_from(up).unwrap_or(0)
    }

    fn x(&self, day: Day) -> i64 {
        let all = i64::from(self.days.to.days_since(self.days.from)) + 1;
        i64::from(day.days_since(self.days.from)) * WIDTH / all
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for (day, money) in &self.points {
            path += &match path.is_empty() {
                true => format!("M0 {}", self.y(*money)),
                false => format!("H{}V{}", self.x(*day), self.y(*money)),
            };
        }
        path + &format!("H{WIDTH}")
    }

    /// The values that can be pointed at: all, or the lowest of each few.
    fn spots(&self, currency: Currency) -> Vec<CurveSpot> {
        let few = self.points.len().div_ceil(MAX_SPOTS).max(1);
        let mut spots: Vec<CurveSpot> = Vec::new();
        for group in self.points.chunks(few).rev() {
            let x = self.x(group[0].0);
            let end = spots.last().map_or(WIDTH, |next| next.x);
            if let Some((day, money)) = lowest(group) {
                spots.push(CurveSpot {
                    x,
                    width: (end - x).max(1),
                    label: format!("{day}: {}", with_code(money, currency)),
                });
            }
        }
        spots.reverse();
        spots
    }
}

/// The first of the lowest points.
fn lowest(points: &[(Day, Money)]) -> Option<(Day, Money)> {
    points
        .iter()
        .copied()
        .min_by_key(|&(day, money)| (money, day))
}

impl BalanceCurve {
    pub(super) fn curve_of(line: &BalanceLine) -> Self {
        let curve = Curve::new(line);
        let DayRange { from, to } = line.days;
        let (day, amount) = lowest(&curve.points).unwrap_or((from, Money::ZERO));
        let low = format!("{} on {day}", with_code(amount, line.currency));
        let legend = line.alert_below.map(|alert| {
            format!(
                "dashed: alert below {}",
                alert.display_grouped(line.currency)
            )
        });
        Self {
            name: line.account.clone(),
            range: format!("available, {from} to {to}"),
            summary: format!(
                "Available balance of {} from {from} to {to}: lowest {low}",
                line.account
            ),
            low,
            legend: legend.unwrap_or_default(),
            path: curve.path(),
            zero: curve.low.is_negative().then(|| curve.y(Money::ZERO)),
            alert: line.alert_below.map(|alert| curve.y(alert)),
            spots: curve.spots(line.currency),
        }
    }
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
        let sums = months.iter();
        let sums = sums.map(|(_, renewals, usage)| positive(*renewals) + positive(*usage));
        let highest = sums.max().unwrap_or_default();
        let step = WIDTH / i64::try_from(months.len().max(1)).unwrap_or(1);
        let mut x = 0;
        let mut bars = Vec::new();
        for (month, renewals, usage) in months {
            let middle = TALLEST + EDGE - height(*renewals, highest);
            bars.push(SpendBar {
                name: month.date().format("%b").to_string(),
                label: format!(
                    "{}: renewals {}, usage {}",
                    month_text(*month),
                    renewals.display_grouped(currency),
                    usage.display_grouped(currency)
                ),
                x,
                width: step * 4 / 5,
                top: middle - height(*usage, highest),
                middle,
                bottom: TALLEST + EDGE,
            });
            x += step;
        }
        let labels: Vec<&str> = bars.iter().map(|bar| bar.label.as_str()).collect();
        Self {
            currency,
            summary: format!("Spend by month in {currency}: {}", labels.join("; ")),
            bars,
        }
    }
}

fn positive(money: Money) -> Money {
    money.max(Money::ZERO)
}

/// The height of a bar where the highest month has a sum.
fn height(money: Money, highest: Money) -> i64 {
    let highest = i128::from(highest.minor().max(1));
    let height = i128::from(positive(money).minor()) * i128::from(TALLEST) / highest;
    i64::try_from(height).unwrap_or(0)
}
