//! The timeline of losses: a row for each instance that ends reclaimed or terminated, with the days of its decline.
//! Never decides what a loss is: rows and spans are the caller's.

use chrono::NaiveDate;

use super::axis::DateAxis;
use super::canvas::{Anchor, Area, Canvas, Lettering, WIDTH};
use super::encode::encode;
use super::frame::{self, FOOT, MARGIN, TOP};
use super::palette::GRID;
use super::states::ChartState;
use super::{ChartError, Format};

/// Rows beyond this are counted, not drawn.
const MOST_ROWS: usize = 60;
const ROW: f64 = 27.0;
const BAR: f64 = 13.0;
const LABEL_GAP: f64 = 18.0;
const DATE_WIDTH: f64 = 92.0;

/// Instances that are lost, and how it came.
#[derive(Clone, Debug)]
pub struct LossTimeline {
    /// What the chart shows, such as `Instances lost`.
    pub title: String,
    /// Where and when: book, account, first and last day.
    pub subtitle: String,
    /// The first day of the axis.
    pub from: NaiveDate,
    /// The last day of the axis.
    pub to: NaiveDate,
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
    /// Its states on the axis, ascending, without [`ChartState::Terminated`].
    pub spans: Vec<StateSpan>,
    /// The day on which it was gone for good, if it was.
    pub terminated: Option<NaiveDate>,
}

/// Days in one state.
#[derive(Clone, Copy, Debug)]
pub struct StateSpan {
    /// The first day.
    pub from: NaiveDate,
    /// The day after the last one.
    pub until: NaiveDate,
    /// The state.
    pub state: ChartState,
}

impl LossRow {
    /// The day on which the instance last came into one of these states.
    fn last_entry(&self, states: &[ChartState]) -> Option<NaiveDate> {
        let spans = self
            .spans
            .iter()
            .filter(|span| states.contains(&span.state));
        spans.map(|span| span.from).next_back()
    }

    fn dates(&self) -> [Option<NaiveDate>; 3] {
        [
            self.last_entry(&[ChartState::Overdue, ChartState::Stopped]),
            self.last_entry(&[ChartState::Reclaimed]),
            self.terminated,
        ]
    }
}

impl LossTimeline {
    /// The picture in a file format. Its height grows with the rows.
    ///
    /// # Errors
    /// Only if the drawing backend or the encoder fails.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, ChartError> {
        encode(&self.lay_out(), format)
    }

    fn lay_out(&self) -> Canvas {
        let rows = &self.rows[..self.rows.len().min(MOST_ROWS)];
        if rows.is_empty() {
            return frame::no_data(&self.title, &self.subtitle, "no instance is lost");
        }
        let more = self.more + self.rows.len() - rows.len();
        let top = TOP + 26.0;
        let bottom = top + ROW * rows.len() as f64;
        let note = if more > 0 { 20.0 } else { 0.0 };
        let mut canvas = frame::open_canvas(&self.title, &self.subtitle, bottom + FOOT + note);
        let plot = Area {
            left: MARGIN + labels_width(rows) + LABEL_GAP,
            top,
            right: WIDTH - MARGIN - 3.0 * DATE_WIDTH - 12.0,
            bottom,
        };
        key(&mut canvas, rows);
        headings(&mut canvas, plot);
        let axis = DateAxis::new(self.from, self.to, plot.left, plot.right);
        frame::dates(&mut canvas, &axis, plot);
        for (at, row) in rows.iter().enumerate() {
            let middle = top + ROW * (at as f64 + 0.5);
            draw_row(&mut canvas, row, &axis, plot, middle);
        }
        if more > 0 {
            let note = format!("and {more} more");
            canvas.place_text(
                MARGIN,
                bottom + 24.0,
                &note,
                Lettering::QUIET,
                Anchor::Start,
            );
        }
        canvas
    }
}

/// The states that occur, with their colours, above the data.
fn key(canvas: &mut Canvas, rows: &[LossRow]) {
    let occurs = |state: &ChartState| {
        let has = |row: &LossRow| row.spans.iter().any(|span| span.state == *state);
        rows.iter()
            .any(|row| has(row) || (*state == ChartState::Terminated && row.terminated.is_some()))
    };
    let states = ChartState::ALL.into_iter().filter(occurs);
    let key: Vec<_> = states
        .map(|state| (state.colour(), state.caption()))
        .collect();
    frame::caption(canvas, "", &key);
}

/// The width of the column of labels: as wide as they need, within bounds.
fn labels_width(rows: &[LossRow]) -> f64 {
    let widths = rows.iter().map(|row| Lettering::LABEL.width(&row.label));
    widths.fold(0.0, f64::max).clamp(90.0, 300.0)
}

/// Where the three columns of dates begin, right of the data.
fn date_columns(plot: Area) -> [f64; 3] {
    [0.0, 1.0, 2.0].map(|column| plot.right + 20.0 + column * DATE_WIDTH)
}

fn headings(canvas: &mut Canvas, plot: Area) {
    let baseline = plot.top - 11.0;
    canvas.place_text(
        MARGIN,
        baseline,
        "instance",
        Lettering::QUIET,
        Anchor::Start,
    );
    for (x, text) in date_columns(plot)
        .into_iter()
        .zip(["unpaid from", "reclaimed", "terminated"])
    {
        canvas.place_text(x, baseline, text, Lettering::QUIET, Anchor::Start);
    }
}

fn draw_row(canvas: &mut Canvas, row: &LossRow, axis: &DateAxis, plot: Area, middle: f64) {
    canvas.rule(MARGIN, WIDTH - MARGIN, middle - ROW / 2.0, GRID);
    let baseline = middle + 4.5;
    let label = Lettering::LABEL.fit(&row.label, plot.left - LABEL_GAP - MARGIN);
    canvas.place_text(MARGIN, baseline, &label, Lettering::LABEL, Anchor::Start);
    let (top, bottom) = (middle - BAR / 2.0, middle + BAR / 2.0);
    for span in &row.spans {
        let (left, right) = (axis.start(span.from), axis.start(span.until));
        canvas.fill(left, top, right, bottom, span.state.colour());
    }
    if let Some(day) = row.terminated {
        let x = axis.start(day);
        canvas.fill(
            x,
            top - 3.0,
            x + 4.0,
            bottom + 3.0,
            ChartState::Terminated.colour(),
        );
    }
    for (x, date) in date_columns(plot).into_iter().zip(row.dates()) {
        let text = date.map_or_else(|| "–".to_owned(), |date| date.to_string());
        canvas.place_text(x, baseline, &text, Lettering::LABEL, Anchor::Start);
    }
}
