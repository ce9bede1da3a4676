//! The timeline of losses: a row for each instance that ends reclaimed or terminated, with the days of its decline.
//! Never decides what a loss is: rows and spans are the caller's.

use super::axis::DateAxis;
use super::canvas::{Area, Canvas, LABEL, QUIET, WIDTH};
use super::frame::{self, FOOT, MARGIN, TOP};
use super::palette::GRID;
use super::states::{STACK, state_colour};
use super::{Chart, ChartHeading};
use crate::model::calendar::Day;
use crate::model::instance::State;

/// Rows beyond this are counted, not drawn.
const MAX_ROWS: usize = 60;
const ROW: f64 = 27.0;
const BAR: f64 = 13.0;
const LABEL_GAP: f64 = 18.0;
const DATE_WIDTH: f64 = 92.0;

/// Instances that are lost, and how it came.
#[derive(Clone, Debug)]
pub struct LossTimeline {
    /// What the chart shows.
    pub heading: ChartHeading,
    /// The first day of the axis.
    pub from: Day,
    /// The last day of the axis.
    pub to: Day,
    /// From the top down; about 40 read well, and those beyond 60 are counted with `more`.
    pub rows: Vec<LossRow>,
    /// How many instances the caller left out.
    pub more: usize,
}

/// One instance.
#[derive(Clone, Debug)]
pub struct LossRow {
    /// Its id or name; cut with an ellipsis where it is too long.
    pub label: String,
    /// Its states on the axis, ascending, without [`State::Terminated`].
    pub spans: Vec<StateSpan>,
    /// The day on which it was gone for good, if it was.
    pub terminated: Option<Day>,
}

/// Days in one state.
#[derive(Clone, Copy, Debug)]
pub struct StateSpan {
    /// The first day.
    pub from: Day,
    /// The day after the last one.
    pub until: Day,
    /// The state.
    pub state: State,
}

impl LossRow {
    /// The day on which the instance last came into one of these states.
    fn last_entry(&self, states: &[State]) -> Option<Day> {
        let mut spans = self.spans.iter().rev();
        let last = spans.find(|span| states.contains(&span.state));
        last.map(|span| span.from)
    }

    fn dates(&self) -> [Option<Day>; 3] {
        [
            self.last_entry(&[State::Overdue, State::Stopped]),
            self.last_entry(&[State::Reclaimed]),
            self.terminated,
        ]
    }

    fn is_ever(&self, state: State) -> bool {
        self.spans.iter().any(|span| span.state == state)
            || (state == State::Terminated && self.terminated.is_some())
    }
}

impl Chart for LossTimeline {
    /// The height grows with the rows.
    fn lay_out(&self) -> Canvas {
        let rows = &self.rows[..self.rows.len().min(MAX_ROWS)];
        if rows.is_empty() {
            return self.heading.no_data("no instance is lost");
        }
        let hidden = self.more + self.rows.len() - rows.len();
        let top = TOP + 26.0;
        let bottom = top + ROW * rows.len() as f64;
        let note = if hidden > 0 { 20.0 } else { 0.0 };
        let mut canvas = self.heading.open_canvas(bottom + FOOT + note);
        // The column of labels is as wide as they need, within bounds.
        let widths = rows.iter().map(|row| LABEL.width(&row.label));
        let labels_width = widths.fold(0.0, f64::max).clamp(90.0, 300.0);
        let plot = Area {
            left: MARGIN + labels_width + LABEL_GAP,
            top,
            right: WIDTH - MARGIN - 3.0 * DATE_WIDTH - 12.0,
            bottom,
        };
        let states = STACK.into_iter();
        let states = states.filter(|state| rows.iter().any(|row| row.is_ever(*state)));
        let key: Vec<_> = states
            .map(|state| (state_colour(state), state.name()))
            .collect();
        frame::caption(&mut canvas, "", &key);
        draw_headings(&mut canvas, plot);
        let axis = DateAxis::new(self.from, self.to, plot.left, plot.right);
        frame::dates(&mut canvas, &axis, plot);
        for (at, row) in rows.iter().enumerate() {
            let middle = top + ROW * (at as f64 + 0.5);
            draw_row(&mut canvas, row, &axis, plot, middle);
        }
        frame::more(&mut canvas, MARGIN, bottom + 24.0, hidden);
        canvas
    }
}

/// Where the three columns of dates begin, right of the data.
fn date_columns(plot: Area) -> [f64; 3] {
    [0.0, 1.0, 2.0].map(|column| plot.right + 20.0 + column * DATE_WIDTH)
}

fn draw_headings(canvas: &mut Canvas, plot: Area) {
    let baseline = plot.top - 11.0;
    canvas.write(MARGIN, baseline, "instance", QUIET);
    let texts = ["unpaid from", "reclaimed", "terminated"];
    for (x, text) in date_columns(plot).into_iter().zip(texts) {
        canvas.write(x, baseline, text, QUIET);
    }
}

fn draw_row(canvas: &mut Canvas, row: &LossRow, axis: &DateAxis, plot: Area, middle: f64) {
    canvas.rule(MARGIN, WIDTH - MARGIN, middle - ROW / 2.0, GRID);
    let baseline = middle + 4.5;
    let label = LABEL.fit(&row.label, plot.left - LABEL_GAP - MARGIN);
    canvas.write(MARGIN, baseline, &label, LABEL);
    let (top, bottom) = (middle - BAR / 2.0, middle + BAR / 2.0);
    for span in &row.spans {
        let (left, right) = (axis.start(span.from), axis.start(span.until));
        canvas.fill(left, top, right, bottom, state_colour(span.state));
    }
    if let Some(day) = row.terminated {
        let (x, colour) = (axis.start(day), state_colour(State::Terminated));
        canvas.fill(x, top - 3.0, x + 4.0, bottom + 3.0, colour);
    }
    for (x, date) in date_columns(plot).into_iter().zip(row.dates()) {
        let text = date.map_or_else(|| "–".to_owned(), |date| date.to_string());
        canvas.write(x, baseline, &text, LABEL);
    }
}
