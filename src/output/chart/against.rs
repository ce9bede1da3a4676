//! Runs side by side: a line for each above, what each differs from the first below, on the same days.
//! Never decides which runs there are or what is summed up.

use chrono::{Days, NaiveDate};

use super::amount::{Scale, exact};
use super::axis::DateAxis;
use super::canvas::{Anchor, Area, Canvas, Lettering, Shape, WIDTH};
use super::encode::encode;
use super::frame::{self, FOOT, MARGIN, TOP, ValueAxis};
use super::palette::{BASE, GRID, LINES, Rgb};
use super::{ChartCurrency, ChartError, Format};

/// Room on the right for names and last amounts.
const NOTES_WIDTH: f64 = 190.0;
/// The heights of the two panels, and of the caption between them.
const UPPER: f64 = 380.0;
const LOWER: f64 = 210.0;
const BETWEEN: f64 = 58.0;

/// Amounts of several runs, day by day.
#[derive(Clone, Debug)]
pub struct AgainstBase {
    /// What the chart shows, such as `Spend since the opening`.
    pub title: String,
    /// Where and when: book, first and last day.
    pub subtitle: String,
    /// What the amounts are, for the caption of the upper panel.
    pub what: String,
    /// The currency of all amounts.
    pub currency: ChartCurrency,
    /// The first day.
    pub first: NaiveDate,
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

/// A panel: its axes, and the area between them.
struct Panel {
    dates: DateAxis,
    values: ValueAxis,
    area: Area,
}

impl AgainstBase {
    /// The picture in a file format.
    ///
    /// # Errors
    /// Only if the drawing backend or the encoder fails.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, ChartError> {
        encode(&self.lay_out(), format)
    }

    fn lay_out(&self) -> Canvas {
        let days = self
            .lines
            .iter()
            .map(|line| line.amounts.len())
            .max()
            .unwrap_or(0);
        let Some(base) = self.lines.first().filter(|_| days > 0) else {
            return frame::no_data(&self.title, &self.subtitle, "no data");
        };
        let mut canvas = frame::open_canvas(
            &self.title,
            &self.subtitle,
            TOP + UPPER + BETWEEN + LOWER + FOOT,
        );
        let shown: Vec<(Rgb, &RunLine)> = std::iter::once(BASE)
            .chain(LINES)
            .zip(&self.lines)
            .collect();
        frame::caption(
            &mut canvas,
            &format!("{}, {}", self.currency.code, self.what),
            &[],
        );
        let amounts: Vec<(Rgb, &str, Vec<i128>)> = shown
            .iter()
            .map(|(colour, line)| (*colour, line.label.as_str(), wide(&line.amounts)))
            .collect();
        let changes: Vec<(Rgb, &str, Vec<i128>)> = shown
            .iter()
            .skip(1)
            .map(|(colour, line)| (*colour, line.label.as_str(), line.less(base)))
            .collect();
        let (upper, lower) = self.panels(days, &amounts, &changes);
        upper.grid(&mut canvas);
        upper.draw_panel(&mut canvas, self.first, &amounts);
        upper.names(&mut canvas, &self.currency, &amounts);
        let baseline = upper.area.bottom + BETWEEN - 16.0;
        let caption = format!("difference from {}", base.label);
        canvas.place_text(MARGIN, baseline, &caption, Lettering::QUIET, Anchor::Start);
        lower.grid(&mut canvas);
        frame::dates(&mut canvas, &lower.dates, lower.area);
        lower.draw_panel(&mut canvas, self.first, &changes);
        lower.names(&mut canvas, &self.currency, &changes);
        canvas
    }

    /// The upper and the lower panel, above each other so that days line up.
    fn panels(
        &self,
        days: usize,
        amounts: &[(Rgb, &str, Vec<i128>)],
        changes: &[(Rgb, &str, Vec<i128>)],
    ) -> (Panel, Panel) {
        let digits = self.currency.digits;
        let axis = |lines: &[(Rgb, &str, Vec<i128>)], top: f64, height: f64, steps: i128| {
            let all = || {
                lines
                    .iter()
                    .flat_map(|(_, _, amounts)| amounts.iter().copied())
            };
            let scale = Scale::new(
                all().min().unwrap_or(0),
                all().max().unwrap_or(0),
                steps,
                digits,
            );
            ValueAxis {
                scale,
                top,
                bottom: top + height,
            }
        };
        let upper = axis(amounts, TOP, UPPER, 8);
        let lower = axis(changes, TOP + UPPER + BETWEEN, LOWER, 4);
        let left = upper.left().max(lower.left());
        let right = WIDTH - MARGIN - NOTES_WIDTH;
        let last = self
            .first
            .checked_add_days(Days::new(days as u64 - 1))
            .unwrap_or(self.first);
        let dates = DateAxis::new(self.first, last, left, right);
        let panel = |values: ValueAxis| {
            let area = Area {
                left,
                top: values.top,
                right,
                bottom: values.bottom,
            };
            Panel {
                dates,
                values,
                area,
            }
        };
        (panel(upper), panel(lower))
    }
}

fn wide(amounts: &[i64]) -> Vec<i128> {
    amounts.iter().copied().map(i128::from).collect()
}

impl RunLine {
    /// What it has more than another one, on the days that both have.
    fn less(&self, base: &Self) -> Vec<i128> {
        self.amounts
            .iter()
            .zip(&base.amounts)
            .map(|(own, base)| i128::from(*own) - i128::from(*base))
            .collect()
    }
}

impl Panel {
    fn grid(&self, canvas: &mut Canvas) {
        self.values.grid(canvas, self.area.left, self.area.right);
        for label in self.dates.labels() {
            canvas.post(
                self.dates.start(label.at),
                self.area.top,
                self.area.bottom,
                GRID,
            );
        }
        self.values.zero(canvas, self.area.left, self.area.right);
    }

    /// The lines, the first one below the others and broader, so that it shows where they lie on it.
    fn draw_panel(&self, canvas: &mut Canvas, first: NaiveDate, lines: &[(Rgb, &str, Vec<i128>)]) {
        for (colour, _, amounts) in lines {
            let days = (0..).map_while(|day| first.checked_add_days(Days::new(day)));
            let points: Vec<(NaiveDate, i128)> = days.zip(amounts.iter().copied()).collect();
            let mut corners = Vec::new();
            for (left, right, amount) in self.dates.runs(&points) {
                let y = self.values.y(amount);
                corners.extend([(left, y), (right, y)]);
            }
            let thickness = if *colour == BASE { 4.0 } else { 2.0 };
            canvas.push(Shape::Steps {
                points: corners,
                thickness,
                colour: *colour,
            });
        }
    }

    /// Name and last amount of each line, on the right at its height but not over each other.
    fn names(
        &self,
        canvas: &mut Canvas,
        currency: &ChartCurrency,
        lines: &[(Rgb, &str, Vec<i128>)],
    ) {
        const PITCH: f64 = 35.0;
        let mut notes: Vec<(f64, Rgb, &str, i128)> = Vec::new();
        for (colour, label, amounts) in lines {
            let last = amounts.last().copied().unwrap_or(0);
            notes.push((self.values.y(last), *colour, label, last));
        }
        notes.sort_by(|left, right| left.0.total_cmp(&right.0));
        let heights = apart(
            &notes.iter().map(|note| note.0).collect::<Vec<_>>(),
            PITCH,
            self.area,
        );
        let x = self.area.right + 14.0;
        for ((_, colour, label, last), y) in notes.into_iter().zip(heights) {
            let style = Lettering::STRONG.colour(colour);
            canvas.place_text(
                x,
                y - 2.0,
                &style.fit(label, NOTES_WIDTH - 14.0),
                style,
                Anchor::Start,
            );
            canvas.place_text(
                x,
                y + 14.0,
                &exact(last, currency.digits),
                Lettering::LABEL,
                Anchor::Start,
            );
        }
    }
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
