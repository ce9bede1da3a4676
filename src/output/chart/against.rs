//! Runs side by side: a line for each above, what each differs from the first below, on the same days.
//! Never decides which runs there are or what is summed up.

use super::amount::{Scale, exact};
use super::axis::DateAxis;
use super::canvas::{Area, Canvas, LABEL, QUIET, STRONG, WIDTH};
use super::frame::{self, FOOT, MARGIN, TOP, TimePlot, ValueAxis};
use super::palette::{BASE, GRID, LINES, Rgb};
use super::{Chart, ChartHeading};
use crate::model::calendar::Day;
use crate::model::money::Currency;

/// Room on the right for names and last amounts.
const NOTES_WIDTH: f64 = 190.0;
/// The heights of the two panels, and of the caption between them.
const UPPER: f64 = 380.0;
const LOWER: f64 = 210.0;
const BETWEEN: f64 = 58.0;

/// Amounts of several runs, day by day.
#[derive(Clone, Debug)]
pub struct AgainstBase {
    /// What the chart shows.
    pub heading: ChartHeading,
    /// What the amounts are, for the caption of the upper panel.
    pub what: &'static str,
    /// The currency of all amounts.
    pub currency: Currency,
    /// The first day.
    pub first: Day,
    /// The first one is what the others are held against. The first seven are drawn.
    pub lines: Vec<RunLine>,
}

/// One run.
#[derive(Clone, Debug)]
pub struct RunLine {
    /// Its name.
    pub label: String,
    /// Amounts in minor units at the ends of the days.
    pub amounts: Vec<i64>,
}

/// A line of a panel.
struct PanelLine<'c> {
    colour: Rgb,
    label: &'c str,
    points: Vec<(Day, i128)>,
}

impl PanelLine<'_> {
    /// The last amount.
    fn last(&self) -> i128 {
        self.points.last().map_or(0, |&(_, amount)| amount)
    }
}

impl Chart for AgainstBase {
    fn lay_out(&self) -> Canvas {
        let days = self.lines.iter().map(|line| line.amounts.len());
        let days = i32::try_from(days.max().unwrap_or(0)).unwrap_or(i32::MAX);
        let Some(base) = self.lines.first().filter(|_| days > 0) else {
            return self.heading.no_data("no data");
        };
        let height = TOP + UPPER + BETWEEN + LOWER + FOOT;
        let mut canvas = self.heading.open_canvas(height);
        let unit = format!("{}, {}", self.currency, self.what);
        frame::caption(&mut canvas, &unit, &[]);
        let amounts: Vec<PanelLine<'_>> = self.panel_lines(None);
        let changes: Vec<PanelLine<'_>> = self.panel_lines(Some(base));
        let digits = self.currency.digits();
        let upper = axis(&amounts, 8, digits, TOP, UPPER);
        let lower = axis(&changes, 4, digits, TOP + UPPER + BETWEEN, LOWER);
        let left = upper.left().max(lower.left());
        let last = self.first + (days - 1);
        let dates = DateAxis::new(self.first, last, left, WIDTH - MARGIN - NOTES_WIDTH);
        let (upper, lower) = (panel(dates, upper, left), panel(dates, lower, left));

        draw_grid(&mut canvas, &upper);
        self.draw_lines(&mut canvas, &upper, &amounts);
        let baseline = upper.area.bottom + BETWEEN - 16.0;
        let caption = format!("difference from {}", base.label);
        canvas.write(MARGIN, baseline, &caption, QUIET);
        draw_grid(&mut canvas, &lower);
        frame::dates(&mut canvas, &lower.dates, lower.area);
        self.draw_lines(&mut canvas, &lower, &changes);
        canvas
    }
}

impl AgainstBase {
    /// The lines as they are or, but for the first, by what they have more than it on the days that both have.
    fn panel_lines(&self, base: Option<&RunLine>) -> Vec<PanelLine<'_>> {
        let coloured = std::iter::once(BASE).chain(LINES).zip(&self.lines);
        let mut lines = Vec::new();
        for (colour, line) in coloured.skip(usize::from(base.is_some())) {
            let mut amounts: Vec<i128> = line.amounts.iter().copied().map(i128::from).collect();
            if let Some(base) = base {
                amounts.truncate(base.amounts.len());
                for (amount, base) in amounts.iter_mut().zip(&base.amounts) {
                    *amount -= i128::from(*base);
                }
            }
            let days = (0..).map(|day| self.first + day);
            lines.push(PanelLine {
                colour,
                label: &line.label,
                points: days.zip(amounts).collect(),
            });
        }
        lines
    }

    /// The lines, the first one below the others and broader, so that it shows where they lie on it; then name and last
    /// amount of each, on the right at its height but not over each other.
    fn draw_lines(&self, canvas: &mut Canvas, panel: &TimePlot, lines: &[PanelLine<'_>]) {
        const PITCH: f64 = 35.0;
        for line in lines {
            let thickness = if line.colour == BASE { 4.0 } else { 2.0 };
            panel.draw_line(canvas, &line.points, line.colour, thickness);
        }
        let heights = lines.iter().map(|line| panel.values.y(line.last()));
        let mut notes: Vec<(f64, &PanelLine<'_>)> = heights.zip(lines).collect();
        notes.sort_by(|left, right| left.0.total_cmp(&right.0));
        let heights: Vec<f64> = notes.iter().map(|note| note.0).collect();
        let x = panel.area.right + 14.0;
        for ((_, line), y) in notes.iter().zip(apart(&heights, PITCH, panel.area)) {
            let style = STRONG.colour(line.colour);
            let label = style.fit(line.label, NOTES_WIDTH - 14.0);
            canvas.write(x, y - 2.0, &label, style);
            let last = exact(line.last(), self.currency.digits());
            canvas.write(x, y + 14.0, &last, LABEL);
        }
    }
}

fn axis(lines: &[PanelLine<'_>], steps: i128, digits: u8, top: f64, height: f64) -> ValueAxis {
    let points = lines.iter().flat_map(|line| &line.points);
    ValueAxis {
        scale: Scale::with_zero(points.map(|&(_, amount)| amount), steps, digits),
        top,
        bottom: top + height,
    }
}

/// A panel of which the data begins at `left`, so that days line up with those of the other.
fn panel(dates: DateAxis, values: ValueAxis, left: f64) -> TimePlot {
    let area = Area {
        left,
        top: values.top,
        right: WIDTH - MARGIN - NOTES_WIDTH,
        bottom: values.bottom,
    };
    TimePlot {
        dates,
        values,
        area,
    }
}

fn draw_grid(canvas: &mut Canvas, panel: &TimePlot) {
    let Area {
        left,
        top,
        right,
        bottom,
    } = panel.area;
    panel.values.grid(canvas, left, right);
    for label in panel.dates.labels() {
        canvas.post(panel.dates.start(label.at), top, bottom, GRID);
    }
    panel.values.zero(canvas, left, right);
}

/// Heights, ascending, moved as little as is simple to be a pitch apart and inside an area.
fn apart(heights: &[f64], pitch: f64, area: Area) -> Vec<f64> {
    let mut moved = Vec::new();
    let mut free = f64::NEG_INFINITY;
    for height in heights {
        let height = height.max(free);
        free = height + pitch;
        moved.push(height);
    }
    let mut free = area.bottom;
    for height in moved.iter_mut().rev() {
        *height = height.min(free);
        free = *height - pitch;
    }
    moved
}
