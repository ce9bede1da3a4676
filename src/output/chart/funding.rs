//! The balance with a cash plan and without it: two lines of the money available at each day's end, and the top-ups between
//! them. Never computes a balance.

use super::amount::{Scale, exact, with_code};
use super::axis::day_name;
use super::canvas::{Canvas, LABEL, QUIET, STRONG, Shape, Spot, WIDTH};
use super::frame::{self, FOOT, HEIGHT, MARGIN, Note, TOP, TimePlot, ValueAxis};
use super::palette::{ALERT, ALERT_TINT, BALANCE, GRID, MUTED, PAPER, REST};
use super::{Chart, ChartHeading};
use crate::model::calendar::Day;
use crate::model::money::Currency;

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
    pub heading: ChartHeading,
    /// The currency of all amounts.
    pub currency: Currency,
    /// Balances in minor units at the end of a day without the plan, ascending by day; they hold until the next point.
    pub before: Vec<(Day, i64)>,
    /// The same with the plan.
    pub after: Vec<(Day, i64)>,
    /// The line below which the plan keeps the balance from falling, if there is one.
    pub floor: Option<i64>,
    /// The top-ups of the plan, by day.
    pub inflows: Vec<Inflow>,
}

/// A top-up.
#[derive(Clone, Copy, Debug)]
pub struct Inflow {
    /// The day on which it arrives.
    pub day: Day,
    /// How much.
    pub amount: i64,
}

impl Chart for FundingChart {
    fn lay_out(&self) -> Canvas {
        if self.after.is_empty() {
            return self.heading.no_data("no data");
        }
        let height = HEIGHT + LANE;
        let mut canvas = self.heading.open_canvas(height);
        let balances = self
            .before
            .iter()
            .chain(&self.after)
            .map(|&(_, amount)| amount);
        let amounts = balances.chain(self.floor).map(i128::from);
        let values = ValueAxis {
            scale: Scale::with_zero(amounts, 8, self.currency.digits()),
            top: TOP + 4.0,
            bottom: height - FOOT - LANE,
        };
        let right = WIDTH - MARGIN - NOTES_WIDTH;
        let time = TimePlot::of_balances(&self.after, values, right, height - FOOT);
        let unit = format!("{} available at the end of the day", self.currency);
        let key = [
            (BALANCE, "with the plan"),
            (REST, "without it"),
            (ALERT_TINT, "below zero without it"),
        ];
        frame::caption(&mut canvas, &unit, &key);
        time.shade_below(&mut canvas, &self.before, 0, values.bottom);
        time.draw_axes(&mut canvas, self.floor);
        time.draw_line(&mut canvas, &self.before, REST, 2.0);
        time.draw_line(&mut canvas, &self.after, BALANCE, 2.0);
        self.notes(&mut canvas, &time);
        self.draw_top_ups(&mut canvas, &time);
        canvas
    }
}

impl FundingChart {
    /// The last balances and the floor, named on the right at their heights but not over each other.
    fn notes(&self, canvas: &mut Canvas, time: &TimePlot) {
        let mut notes = Vec::new();
        for (points, what, colour) in [
            (&self.after, "planned", BALANCE),
            (&self.before, "unplanned", MUTED),
        ] {
            if let Some(&(day, amount)) = points.last() {
                let what = format!("{what}, {}", day_name(day));
                notes.push(Note::new(amount, what, colour));
            }
        }
        let floor = self.floor;
        notes.extend(floor.map(|floor| Note::new(floor, "floor of the plan".to_owned(), ALERT)));
        notes.sort_by_key(|note| -note.amount);
        let room = NOTE_HEIGHT * notes.len() as f64;
        let mut y = f64::NEG_INFINITY;
        for (at, note) in notes.iter().enumerate() {
            let lowest = time.values.bottom - room + NOTE_HEIGHT * (at as f64 + 0.5);
            let wanted = time.values.y(note.amount).min(lowest.max(time.area.top));
            y = wanted.max(y + NOTE_HEIGHT);
            time.note(canvas, y, note, self.currency);
        }
    }

    /// The row of top-ups between the lines and the date axis, with amounts where there is room.
    fn draw_top_ups(&self, canvas: &mut Canvas, time: &TimePlot) {
        let (area, top) = (time.area, time.values.bottom);
        let y = top + LANE / 2.0 + 4.0;
        let count = self.inflows.len();
        let sum: i128 = self.inflows.iter().map(|one| i128::from(one.amount)).sum();
        let noun = if count == 1 { "top-up" } else { "top-ups" };
        canvas.rule(area.left, area.right, top, GRID);
        let x = area.right + 14.0;
        canvas.write(x, y - 2.0, &format!("{count} {noun}"), QUIET);
        canvas.write(x, y + 14.0, &with_code(sum, self.currency), STRONG);
        for (at, inflow) in self.inflows.iter().enumerate() {
            let x = time.dates.middle(inflow.day);
            let next = self.inflows.get(at + 1);
            let free_to = next.map_or(area.right, |next| time.dates.middle(next.day) - 12.0);
            let text = exact(inflow.amount.into(), self.currency.digits());
            if x + 10.0 + LABEL.width(&text) <= free_to {
                canvas.write(x + 10.0, y + 4.5, &text, LABEL);
            }
            for (reach, colour) in [(7.5, PAPER), (6.0, BALANCE)] {
                let corners = [
                    (x, y - reach),
                    (x + reach, y + reach),
                    (x - reach, y + reach),
                ];
                let corners = corners.map(|(x, y)| Spot { x, y }).to_vec();
                canvas.push(Shape::Polygon(corners, colour));
            }
        }
    }
}
