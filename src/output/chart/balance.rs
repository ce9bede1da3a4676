//! The balance over time: a line of the money available at each day's end, with the days on which it is too low.
//! Never computes a balance and never decides what too low means: the alert line is the caller's.

use super::amount::{Scale, exact, with_code};
use super::axis::day_name;
use super::canvas::{Area, Canvas, LABEL, QUIET, Shape, Spot, WIDTH};
use super::frame::{self, FOOT, HEIGHT, MARGIN, Note, TOP, TimePlot, ValueAxis};
use super::palette::{ALERT, ALERT_TINT, BALANCE, GRID, PAPER, Rgb};
use super::states::{STACK, state_colour};
use super::{Chart, ChartHeading};
use crate::model::calendar::Day;
use crate::model::instance::State;
use crate::model::money::Currency;

/// Room on the right for the last balance and the name of the alert line.
const NOTES_WIDTH: f64 = 200.0;
/// Room below the lowest amount for the label of the lowest point.
const LOWEST_ROOM: f64 = 40.0;
/// The height of a row of marks.
const LANE: f64 = 26.0;

/// The balance available at the end of each day.
#[derive(Clone, Debug)]
pub struct BalanceOverTime {
    /// What the chart shows.
    pub heading: ChartHeading,
    /// The currency of all amounts.
    pub currency: Currency,
    /// Balances in minor units at the end of a day, ascending by day; they hold until the next point. The last point ends
    /// the chart.
    pub points: Vec<(Day, i64)>,
    /// Days on which the balance is below this are shaded; without it, days below zero.
    pub alert_below: Option<i64>,
    /// What happened for want of money, each kind once a day; drawn below the line, a row for each kind.
    pub marks: Vec<Mark>,
}

/// What happened on a day, to one instance or several.
#[derive(Clone, Debug)]
pub struct Mark {
    /// The day.
    pub day: Day,
    /// The state that it led to; `overdue` is an automatic renewal for which the money did not suffice.
    pub state: State,
    /// To what, such as an instance id; written beside the mark where there is room and it is alone.
    pub label: String,
    /// To how many.
    pub count: usize,
}

impl Chart for BalanceOverTime {
    fn lay_out(&self) -> Canvas {
        if self.points.is_empty() {
            return self.heading.no_data("no data");
        }
        let lanes = self.lanes().count() as f64 * LANE;
        let height = HEIGHT + lanes;
        let mut canvas = self.heading.open_canvas(height);
        let values = self.axis(height - FOOT - lanes);
        let right = WIDTH - MARGIN - NOTES_WIDTH;
        let time = TimePlot::of_balances(&self.points, values, right, height - FOOT);
        self.caption(&mut canvas);
        time.shade_below(
            &mut canvas,
            &self.points,
            self.threshold(),
            time.area.bottom,
        );
        time.draw_axes(&mut canvas, self.alert_below);
        time.draw_line(&mut canvas, &self.points, BALANCE, 2.0);
        self.lowest(&mut canvas, &time);
        self.notes(&mut canvas, &time);
        self.draw_lanes(&mut canvas, &time);
        canvas
    }
}

impl BalanceOverTime {
    fn axis(&self, bottom: f64) -> ValueAxis {
        let balances = self.points.iter().map(|&(_, balance)| balance);
        let amounts = balances.clone().chain(self.alert_below).map(i128::from);
        let axis = ValueAxis {
            scale: Scale::with_zero(amounts, 8, self.currency.digits()),
            top: TOP + 4.0,
            bottom,
        };
        let room = balances.min().map(|lowest| bottom - axis.y(lowest.into()));
        if room.is_some_and(|room| room < LOWEST_ROOM) {
            let bottom = bottom - LOWEST_ROOM;
            return ValueAxis { bottom, ..axis };
        }
        axis
    }

    /// Below this, a day is shaded.
    fn threshold(&self) -> i64 {
        self.alert_below.unwrap_or(0)
    }

    /// Days below the threshold; a balance counts on each day on which it holds.
    fn days_below(&self) -> i32 {
        let mut days = 0;
        for (at, (day, balance)) in self.points.iter().enumerate() {
            if *balance < self.threshold() {
                let next = self.points.get(at + 1);
                days += next.map_or(1, |(next, _)| next.days_since(*day));
            }
        }
        days
    }

    fn caption(&self, canvas: &mut Canvas) {
        let unit = format!("{} available at the end of the day", self.currency);
        let days = self.days_below();
        let what = match self.alert_below {
            Some(_) => "the alert line",
            None => "zero",
        };
        let noun = if days == 1 { "day" } else { "days" };
        let shaded = format!("{} {noun} below {what}", exact(days.into(), 0));
        let key = [(ALERT_TINT, shaded.as_str())];
        frame::caption(canvas, &unit, if days > 0 { &key } else { &[] });
    }

    /// A dot on the first of the lowest days, with amount and date below it, where no part of the line lies.
    /// A balance that never moves has none.
    fn lowest(&self, canvas: &mut Canvas, time: &TimePlot) {
        let points = self.points.iter().copied();
        let Some((day, balance)) = points.clone().min_by_key(|&(day, amount)| (amount, day)) else {
            return;
        };
        if points.map(|(_, amount)| amount).max() == Some(balance) {
            return;
        }
        let (x, y) = (time.dates.middle(day), time.values.y(balance.into()));
        let amount = with_code(balance.into(), self.currency);
        let text = format!("lowest: {amount} on {}", day_name(day));
        canvas.tag(x, y + 26.0, &text, time.area);
        canvas.dot(Spot { x, y }, 6.5, 4.5, BALANCE);
    }

    /// The last balance and the alert line, named on the right at their heights but not over each other.
    fn notes(&self, canvas: &mut Canvas, time: &TimePlot) {
        let last = self.points.last();
        let last =
            last.map(|&(day, amount)| Note::new(amount, format!("on {}", day_name(day)), BALANCE));
        let alert = self.alert_below;
        let alert = alert.map(|alert| Note::new(alert, "alert below".to_owned(), ALERT));
        let mut notes: Vec<Note> = last.into_iter().chain(alert).collect();
        notes.sort_by_key(|note| -note.amount);
        let heights: Vec<f64> = notes
            .iter()
            .map(|note| time.values.y(note.amount))
            .collect();
        for (note, y) in notes.iter().zip(apart(&heights, 44.0)) {
            time.note(canvas, y, note, self.currency);
        }
    }

    /// The states to which marks led, from the top row down.
    fn lanes(&self) -> impl Iterator<Item = State> {
        let states = STACK.into_iter();
        states.filter(|state| self.marks.iter().any(|mark| mark.state == *state))
    }

    /// A row for each kind of mark, between the line and the date axis, named and counted on the right.
    fn draw_lanes(&self, canvas: &mut Canvas, time: &TimePlot) {
        let Area {
            left,
            right,
            bottom,
            ..
        } = time.area;
        let top = bottom - self.lanes().count() as f64 * LANE;
        let mut y = top + LANE / 2.0;
        for state in self.lanes() {
            let marks = self.marks.iter().filter(|mark| mark.state == state);
            let mut marks: Vec<&Mark> = marks.collect();
            marks.sort_by_key(|mark| mark.day);
            let count: usize = marks.iter().map(|mark| mark.count).sum();
            let name = match state {
                State::Overdue => "renewals failed",
                _ => state.name(),
            };
            canvas.rule(left, right, y - LANE / 2.0, GRID);
            canvas.write(right + 14.0, y + 4.5, &format!("{name}: {count}"), QUIET);
            draw_lane(canvas, time, &marks, y);
            y += LANE;
        }
    }
}

/// The marks of one kind, one for each day, with a label right or left of it where there is room.
fn draw_lane(canvas: &mut Canvas, time: &TimePlot, marks: &[&Mark], y: f64) {
    let mut free_from = time.area.left;
    for (at, mark) in marks.iter().enumerate() {
        let x = time.dates.middle(mark.day);
        let next = marks.get(at + 1);
        let free_to = next.map_or(time.area.right, |next| time.dates.middle(next.day) - 20.0);
        let text = match mark.count {
            1 => mark.label.clone(),
            several => format!("{several} instances"),
        };
        let width = 12.0 + LABEL.width(&text) * 1.05;
        let mut end = x + 10.0;
        if x + width <= free_to {
            canvas.write(x + 10.0, y + 4.5, &text, LABEL);
            end = x + width;
        } else if x - width >= free_from + 10.0 {
            canvas.write_left_of(x - 10.0, y + 4.5, &text, LABEL);
        }
        free_from = end;
        draw_diamond(canvas, Spot { x, y }, 7.0, PAPER);
        draw_diamond(canvas, Spot { x, y }, 5.5, state_colour(mark.state));
    }
}

fn draw_diamond(canvas: &mut Canvas, Spot { x, y }: Spot, reach: f64, colour: Rgb) {
    let corners = [
        Spot { x, y: y - reach },
        Spot { x: x + reach, y },
        Spot { x, y: y + reach },
        Spot { x: x - reach, y },
    ];
    canvas.push(Shape::Polygon(corners.to_vec(), colour));
}

/// Heights, ascending, moved as little as needed to be at least `gap` from each other.
fn apart(heights: &[f64], gap: f64) -> Vec<f64> {
    match heights {
        [upper, lower] if lower - upper < gap => {
            let middle = (upper + lower) / 2.0;
            vec![middle - gap / 2.0, middle + gap / 2.0]
        }
        _ => heights.to_vec(),
    }
}
