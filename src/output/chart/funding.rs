//! The balance with a cash plan and without it: two lines of the money available at each day's end, and the top-ups between
//! them. Never computes a balance.

use chrono::NaiveDate;

use super::amount::{Scale, exact, with_code};
use super::axis::{DateAxis, day_name};
use super::canvas::{Anchor, Area, Canvas, Lettering, Shape, WIDTH};
use super::encode::encode;
use super::frame::{self, FOOT, HEIGHT, MARGIN, TOP, ValueAxis};
use super::palette::{ALERT, ALERT_TINT, BALANCE, GRID, MUTED, PAPER, REST};
use super::{ChartCurrency, ChartError, Format};

/// Room on the right for the last balances.
const NOTES_WIDTH: f64 = 200.0;
/// The height of the row of top-ups.
const LANE: f64 = 34.0;
/// The least distance of two notes.
const NOTE_HEIGHT: f64 = 44.0;

/// The balance of an account with a plan and without it.
#[derive(Clone, Debug)]
pub struct FundingChart {
    /// What the chart shows.
    pub title: String,
    /// Where and when: book, account, first and last day.
    pub subtitle: String,
    /// The currency of all amounts.
    pub currency: ChartCurrency,
    /// Balances in minor units at the end of a day without the plan, ascending by day; they hold until the next point.
    pub before: Vec<(NaiveDate, i64)>,
    /// The same with the plan.
    pub after: Vec<(NaiveDate, i64)>,
    /// The line below which the plan keeps the balance from falling, if there is one.
    pub floor: Option<i64>,
    /// The top-ups of the plan, by day.
    pub inflows: Vec<Inflow>,
}

/// A top-up.
#[derive(Clone, Copy, Debug)]
pub struct Inflow {
    /// The day on which it is there.
    pub day: NaiveDate,
    /// How much.
    pub amount: i64,
}

/// The axes of the chart and the area between them.
struct FundingPlot<'a> {
    chart: &'a FundingChart,
    dates: DateAxis,
    values: ValueAxis,
    area: Area,
}

impl FundingChart {
    /// The picture in a file format.
    ///
    /// # Errors
    /// Only if the drawing backend or the encoder fails.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, ChartError> {
        encode(&self.lay_out(), format)
    }

    fn lay_out(&self) -> Canvas {
        let (Some(first), Some(last)) = (self.after.first(), self.after.last()) else {
            return frame::no_data(&self.title, &self.subtitle, "no data");
        };
        let height = HEIGHT + LANE;
        let mut canvas = frame::open_canvas(&self.title, &self.subtitle, height);
        let amounts = || {
            self.before
                .iter()
                .chain(&self.after)
                .map(|&(_, amount)| amount)
                .chain(self.floor)
        };
        let (low, high) = (amounts().min().unwrap_or(0), amounts().max().unwrap_or(0));
        let scale = Scale::new(low.into(), high.into(), 8, self.currency.digits);
        let values = ValueAxis {
            scale,
            top: TOP + 4.0,
            bottom: height - FOOT - LANE,
        };
        let right = WIDTH - MARGIN - NOTES_WIDTH;
        let area = Area {
            left: values.left(),
            top: values.top,
            right,
            bottom: height - FOOT,
        };
        FundingPlot {
            chart: self,
            dates: DateAxis::new(first.0, last.0, area.left, right),
            values,
            area,
        }
        .draw_plot(&mut canvas);
        canvas
    }
}

impl FundingPlot<'_> {
    fn draw_plot(&self, canvas: &mut Canvas) {
        let Area { left, right, .. } = self.area;
        let unit = format!(
            "{} available at the end of the day",
            self.chart.currency.code
        );
        let key = [
            (BALANCE, "with the plan"),
            (REST, "without it"),
            (ALERT_TINT, "below zero without it"),
        ];
        frame::caption(canvas, &unit, &key);
        self.shade(canvas);
        self.values.grid(canvas, left, right);
        frame::dates(canvas, &self.dates, self.area);
        self.values.zero(canvas, left, right);
        if let Some(floor) = self.chart.floor {
            canvas.dashes(left, right, self.values.y(floor.into()), ALERT);
        }
        self.draw_line(canvas, &self.chart.before, REST);
        self.draw_line(canvas, &self.chart.after, BALANCE);
        self.notes(canvas);
        self.lane(canvas);
    }

    fn shade(&self, canvas: &mut Canvas) {
        let below: Vec<_> = self
            .chart
            .before
            .iter()
            .map(|&(day, amount)| (day, amount < 0))
            .collect();
        for (left, right, below) in self.dates.runs(&below) {
            if below {
                canvas.fill(left, self.area.top, right, self.values.bottom, ALERT_TINT);
            }
        }
    }

    fn draw_line(
        &self,
        canvas: &mut Canvas,
        points: &[(NaiveDate, i64)],
        colour: super::palette::Rgb,
    ) {
        let mut steps = Vec::new();
        for (left, right, amount) in self.dates.runs(points) {
            let y = self.values.y(amount.into());
            steps.extend([(left, y), (right, y)]);
        }
        canvas.push(Shape::Steps {
            points: steps,
            thickness: 2.0,
            colour,
        });
    }

    /// The last balances and the floor, named on the right at their heights but not over each other.
    fn notes(&self, canvas: &mut Canvas) {
        let last = |points: &[(NaiveDate, i64)], what: &str, colour| {
            points.last().map(|&(day, amount)| {
                (
                    i128::from(amount),
                    format!("{what}, {}", day_name(day)),
                    colour,
                )
            })
        };
        let floor = self
            .chart
            .floor
            .map(|floor| (i128::from(floor), "floor of the plan".to_owned(), ALERT));
        let lines = [
            last(&self.chart.after, "planned", BALANCE),
            last(&self.chart.before, "unplanned", MUTED),
            floor,
        ];
        let mut notes: Vec<_> = lines.into_iter().flatten().collect();
        notes.sort_by_key(|&(amount, ..)| -amount);
        let room = NOTE_HEIGHT * notes.len() as f64;
        let mut y = f64::NEG_INFINITY;
        for (at, (amount, what, colour)) in notes.iter().enumerate() {
            let lowest = self.values.bottom - room + NOTE_HEIGHT * (at as f64 + 0.5);
            y = self
                .values
                .y(*amount)
                .min(lowest.max(self.area.top))
                .max(y + NOTE_HEIGHT);
            let x = self.area.right + 14.0;
            canvas.place_text(x, y - 3.0, what, Lettering::QUIET, Anchor::Start);
            let style = Lettering::STRONG.colour(*colour);
            canvas.place_text(
                x,
                y + 14.0,
                &with_code(*amount, &self.chart.currency),
                style,
                Anchor::Start,
            );
        }
    }

    /// The row of top-ups between the lines and the date axis, with amounts where there is room.
    fn lane(&self, canvas: &mut Canvas) {
        let y = self.values.bottom + LANE / 2.0 + 4.0;
        let count = self.chart.inflows.len();
        let sum: i128 = self
            .chart
            .inflows
            .iter()
            .map(|inflow| i128::from(inflow.amount))
            .sum();
        let noun = if count == 1 { "top-up" } else { "top-ups" };
        canvas.rule(self.area.left, self.area.right, self.values.bottom, GRID);
        let x = self.area.right + 14.0;
        canvas.place_text(
            x,
            y - 2.0,
            &format!("{count} {noun}"),
            Lettering::QUIET,
            Anchor::Start,
        );
        canvas.place_text(
            x,
            y + 14.0,
            &with_code(sum, &self.chart.currency),
            Lettering::STRONG,
            Anchor::Start,
        );
        let middle =
            |inflow: &Inflow| (self.dates.start(inflow.day) + self.dates.end(inflow.day)) / 2.0;
        for (at, inflow) in self.chart.inflows.iter().enumerate() {
            let x = middle(inflow);
            let free_to = self
                .chart
                .inflows
                .get(at + 1)
                .map_or(self.area.right, |next| middle(next) - 12.0);
            let text = exact(inflow.amount.into(), self.chart.currency.digits);
            if x + 10.0 + Lettering::LABEL.width(&text) <= free_to {
                canvas.place_text(x + 10.0, y + 4.5, &text, Lettering::LABEL, Anchor::Start);
            }
            for (reach, colour) in [(7.5, PAPER), (6.0, BALANCE)] {
                let points = [
                    (x, y - reach),
                    (x + reach, y + reach),
                    (x - reach, y + reach),
                ];
                canvas.push(Shape::Polygon(points.to_vec(), colour));
            }
        }
    }
}
