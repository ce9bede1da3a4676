//! The balance over time: a line of the money available at each day's end, with the days on which it is too low.
//! Never computes a balance and never decides what too low means: the alert line is the caller's.

use chrono::NaiveDate;

use super::amount::{Scale, exact, with_code};
use super::axis::{DateAxis, day_name};
use super::canvas::{Anchor, Area, Canvas, Lettering, Shape, WIDTH};
use super::encode::encode;
use super::frame::{self, FOOT, HEIGHT, MARGIN, TOP, ValueAxis};
use super::palette::{ALERT, ALERT_TINT, BALANCE, GRID, PAPER, Rgb};
use super::states::ChartState;
use super::{ChartCurrency, ChartError, Format};

/// Room on the right for the last balance and the name of the alert line.
const NOTES_WIDTH: f64 = 200.0;
/// Room below the lowest amount for the label of the lowest point.
const LOWEST_ROOM: f64 = 40.0;
/// The height of a row of marks.
const LANE: f64 = 26.0;

/// The balance available at the end of each day.
#[derive(Clone, Debug)]
pub struct BalanceOverTime {
    /// What the chart shows, such as `Available balance`.
    pub title: String,
    /// Where and when: book, account, first and last day.
    pub subtitle: String,
    /// The currency of all amounts.
    pub currency: ChartCurrency,
    /// Balances in minor units at the end of a day, ascending by day; they hold until the next point. The last point ends
    /// the chart.
    pub points: Vec<(NaiveDate, i64)>,
    /// Days on which the balance is below this are shaded; without it, days below zero.
    pub alert_below: Option<i64>,
    /// What happened for want of money, each kind once a day; drawn below the line, a row for each kind.
    pub marks: Vec<Mark>,
}

/// What happened on a day, to one instance or several.
#[derive(Clone, Debug)]
pub struct Mark {
    /// The day.
    pub day: NaiveDate,
    /// What happened.
    pub kind: MarkKind,
    /// To what, such as an instance id; written beside the mark where there is room and it is alone.
    pub label: String,
    /// To how many.
    pub count: usize,
}

/// What a [`Mark`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// An automatic renewal for which the money did not suffice.
    RenewalFailed,
    /// A postpaid instance that stopped for arrears.
    Stopped,
    /// An instance that went to the recycle bin.
    Reclaimed,
    /// An instance that is gone for good.
    Terminated,
}

impl MarkKind {
    const ALL: [Self; 4] = [
        Self::RenewalFailed,
        Self::Stopped,
        Self::Reclaimed,
        Self::Terminated,
    ];

    fn caption(self) -> &'static str {
        match self {
            Self::RenewalFailed => "renewals failed",
            Self::Stopped => "stopped",
            Self::Reclaimed => "reclaimed",
            Self::Terminated => "terminated",
        }
    }

    fn colour(self) -> Rgb {
        match self {
            Self::RenewalFailed => ChartState::Overdue.colour(),
            Self::Stopped => ChartState::Stopped.colour(),
            Self::Reclaimed => ChartState::Reclaimed.colour(),
            Self::Terminated => ChartState::Terminated.colour(),
        }
    }
}

/// The axes of the chart and the area between them.
struct BalancePlot<'a> {
    chart: &'a BalanceOverTime,
    dates: DateAxis,
    values: ValueAxis,
    area: Area,
}

impl BalanceOverTime {
    /// The picture in a file format.
    ///
    /// # Errors
    /// Only if the drawing backend or the encoder fails.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, ChartError> {
        encode(&self.lay_out(), format)
    }

    fn lay_out(&self) -> Canvas {
        let (Some(first), Some(last)) = (self.points.first(), self.points.last()) else {
            return frame::no_data(&self.title, &self.subtitle, "no data");
        };
        let lanes = self.lanes().count() as f64 * LANE;
        let height = HEIGHT + lanes;
        let mut canvas = frame::open_canvas(&self.title, &self.subtitle, height);
        let values = self.axis(height - FOOT - lanes);
        let area = Area {
            left: values.left(),
            top: values.top,
            right: WIDTH - MARGIN - NOTES_WIDTH,
            bottom: height - FOOT,
        };
        let plot = BalancePlot {
            chart: self,
            dates: DateAxis::new(first.0, last.0, area.left, area.right),
            values,
            area,
        };
        plot.draw_plot(&mut canvas);
        canvas
    }

    fn axis(&self, bottom: f64) -> ValueAxis {
        let amounts = || {
            let balances = self.points.iter().map(|&(_, balance)| balance);
            balances.chain(self.alert_below).map(i128::from)
        };
        let low = amounts().min().unwrap_or(0);
        let high = amounts().max().unwrap_or(0);
        let scale = Scale::new(low, high, 8, self.currency.digits);
        let axis = |bottom| ValueAxis {
            scale,
            top: TOP + 4.0,
            bottom,
        };
        let lowest = self.points.iter().map(|&(_, balance)| balance).min();
        let near = |lowest: i64| bottom - axis(bottom).y(i128::from(lowest)) < LOWEST_ROOM;
        let room = if lowest.is_some_and(near) {
            LOWEST_ROOM
        } else {
            0.0
        };
        axis(bottom - room)
    }

    /// Below this, a day is shaded.
    fn threshold(&self) -> i64 {
        self.alert_below.unwrap_or(0)
    }

    /// The kinds of marks that occur, from the top row down.
    fn lanes(&self) -> impl Iterator<Item = MarkKind> {
        let occurs = |kind: &MarkKind| self.marks.iter().any(|mark| mark.kind == *kind);
        MarkKind::ALL.into_iter().filter(occurs)
    }

    /// The marks of a kind, day by day.
    fn marks(&self, kind: MarkKind) -> Vec<&Mark> {
        let mut marks: Vec<&Mark> = self.marks.iter().filter(|mark| mark.kind == kind).collect();
        marks.sort_by_key(|mark| mark.day);
        marks
    }

    /// Days below the threshold; a balance counts on each day on which it holds.
    fn days_below(&self) -> i64 {
        let ends = self
            .points
            .iter()
            .skip(1)
            .map(|&(day, _)| Some(day))
            .chain([None]);
        let below = self.points.iter().zip(ends);
        below
            .filter(|((_, balance), _)| *balance < self.threshold())
            .map(|(&(day, _), end)| end.map_or(1, |end| (end - day).num_days()))
            .sum()
    }
}

impl BalancePlot<'_> {
    fn draw_plot(&self, canvas: &mut Canvas) {
        let Area { left, right, .. } = self.area;
        self.caption(canvas);
        self.shade(canvas);
        self.values.grid(canvas, left, right);
        frame::dates(canvas, &self.dates, self.area);
        self.values.zero(canvas, left, right);
        if let Some(alert) = self.chart.alert_below {
            canvas.dashes(left, right, self.values.y(i128::from(alert)), ALERT);
        }
        self.draw_line(canvas);
        self.lowest(canvas);
        self.notes(canvas);
        self.lanes(canvas);
    }

    fn caption(&self, canvas: &mut Canvas) {
        let unit = format!(
            "{} available at the end of the day",
            self.chart.currency.code
        );
        let days = self.chart.days_below();
        let what = if self.chart.alert_below.is_some() {
            "the alert line"
        } else {
            "zero"
        };
        let noun = if days == 1 { "day" } else { "days" };
        let shaded = format!("{} {noun} below {what}", exact(i128::from(days), 0));
        let key = [(ALERT_TINT, shaded.as_str())];
        frame::caption(canvas, &unit, if days > 0 { &key } else { &[] });
    }

    fn shade(&self, canvas: &mut Canvas) {
        let below = |&(day, balance): &(NaiveDate, i64)| (day, balance < self.chart.threshold());
        let days: Vec<_> = self.chart.points.iter().map(below).collect();
        for (left, right, below) in self.dates.runs(&days) {
            if below {
                canvas.fill(left, self.area.top, right, self.area.bottom, ALERT_TINT);
            }
        }
    }

    fn draw_line(&self, canvas: &mut Canvas) {
        let mut points = Vec::new();
        for (left, right, balance) in self.dates.runs(&self.chart.points) {
            let y = self.values.y(i128::from(balance));
            points.extend([(left, y), (right, y)]);
        }
        canvas.push(Shape::Steps {
            points,
            thickness: 2.0,
            colour: BALANCE,
        });
    }

    /// Where the rows of marks begin.
    fn lanes_top(&self) -> f64 {
        self.area.bottom - self.chart.lanes().count() as f64 * LANE
    }

    /// A dot on the first of the lowest days, with amount and date below it: nothing of the line lies there.
    /// A balance that never moves has none.
    fn lowest(&self, canvas: &mut Canvas) {
        if self
            .chart
            .points
            .iter()
            .all(|point| point.1 == self.chart.points[0].1)
        {
            return;
        }
        let lowest = self
            .chart
            .points
            .iter()
            .min_by_key(|&&(day, balance)| (balance, day));
        let Some(&(day, balance)) = lowest else {
            return;
        };
        let x = (self.dates.start(day) + self.dates.end(day)) / 2.0;
        let y = self.values.y(i128::from(balance));
        let amount = with_code(i128::from(balance), &self.chart.currency);
        let text = format!("lowest: {amount} on {}", day_name(day));
        let bounds = (self.area.left + 2.0, self.area.right - 2.0);
        canvas.tag(x, y + 26.0, &text, Lettering::STRONG, bounds);
        for (radius, colour) in [(6.5, PAPER), (4.5, BALANCE)] {
            canvas.push(Shape::Disc {
                centre: (x, y),
                radius,
                colour,
            });
        }
    }

    /// The last balance and the alert line, named on the right at their heights but not over each other.
    fn notes(&self, canvas: &mut Canvas) {
        let currency = &self.chart.currency;
        let mut notes = Vec::new();
        if let Some(&(day, balance)) = self.chart.points.last() {
            notes.push((
                i128::from(balance),
                format!("on {}", day_name(day)),
                BALANCE,
            ));
        }
        if let Some(alert) = self.chart.alert_below {
            notes.push((i128::from(alert), "alert below".to_owned(), ALERT));
        }
        notes.sort_by_key(|&(amount, _, _)| -amount);
        let heights: Vec<f64> = notes
            .iter()
            .map(|(amount, ..)| self.values.y(*amount))
            .collect();
        let heights = apart(&heights, 44.0);
        for ((amount, what, colour), y) in notes.into_iter().zip(heights) {
            let x = self.area.right + 14.0;
            canvas.place_text(x, y - 3.0, &what, Lettering::QUIET, Anchor::Start);
            let style = Lettering::STRONG.colour(colour);
            canvas.place_text(
                x,
                y + 14.0,
                &with_code(amount, currency),
                style,
                Anchor::Start,
            );
        }
    }

    /// A row for each kind of mark, between the line and the date axis, named and counted on the right.
    fn lanes(&self, canvas: &mut Canvas) {
        let mut y = self.lanes_top() + LANE / 2.0;
        for kind in self.chart.lanes() {
            let marks = self.chart.marks(kind);
            let count: usize = marks.iter().map(|mark| mark.count).sum();
            let name = format!("{}: {count}", kind.caption());
            canvas.rule(self.area.left, self.area.right, y - LANE / 2.0, GRID);
            canvas.place_text(
                self.area.right + 14.0,
                y + 4.5,
                &name,
                Lettering::QUIET,
                Anchor::Start,
            );
            self.lane(canvas, &marks, y);
            y += LANE;
        }
    }

    /// The marks of one kind, one for each day, with a label right or left of it where there is room.
    fn lane(&self, canvas: &mut Canvas, marks: &[&Mark], y: f64) {
        let middle = |mark: &Mark| (self.dates.start(mark.day) + self.dates.end(mark.day)) / 2.0;
        let mut free_from = self.area.left;
        for (at, mark) in marks.iter().enumerate() {
            let x = middle(mark);
            let free_to = marks
                .get(at + 1)
                .map_or(self.area.right, |next| middle(next) - 20.0);
            let text = match mark.count {
                1 => mark.label.clone(),
                several => format!("{several} instances"),
            };
            let width = 12.0 + Lettering::LABEL.width(&text) * 1.05;
            let mut end = x + 10.0;
            if x + width <= free_to {
                canvas.place_text(x + 10.0, y + 4.5, &text, Lettering::LABEL, Anchor::Start);
                end = x + width;
            } else if x - width >= free_from + 10.0 {
                canvas.place_text(x - 10.0, y + 4.5, &text, Lettering::LABEL, Anchor::End);
            }
            free_from = end;
            diamond(canvas, (x, y), 7.0, PAPER);
            diamond(canvas, (x, y), 5.5, mark.kind.colour());
        }
    }
}

fn diamond(canvas: &mut Canvas, (x, y): (f64, f64), reach: f64, colour: Rgb) {
    let points = [
        (x, y - reach),
        (x + reach, y),
        (x, y + reach),
        (x - reach, y),
    ];
    canvas.push(Shape::Polygon(points.to_vec(), colour));
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
