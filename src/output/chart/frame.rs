//! What all charts share around their data: title, subtitle, caption, axes, notes, legend, and the page for no data.
//! Never decides what is drawn.

use super::ChartHeading;
use super::amount::{Scale, with_code};
use super::axis::{AxisLabel, DateAxis, Stretch};
use super::canvas::{Area, Canvas, LABEL, QUIET, STRONG, SUBTITLE, Shape, Spot, TITLE, WIDTH};
use super::palette::{ALERT, ALERT_TINT, AXIS, GRID, MUTED, Rgb};
use crate::model::calendar::Day;
use crate::model::money::Currency;

/// Kept free on the left and on the right of every chart.
pub(super) const MARGIN: f64 = 40.0;
/// Where the data may begin, below title, subtitle and caption.
pub(super) const TOP: f64 = 132.0;
/// The height of a chart whose height does not grow with its data.
pub(super) const HEIGHT: f64 = 620.0;
/// Room for the labels of a date axis below the data.
pub(super) const FOOT: f64 = 64.0;
/// The width of a legend right of the data.
const LEGEND_WIDTH: f64 = 212.0;
/// The right end of the data beside a legend.
pub(super) const LEFT_OF_LEGEND: f64 = WIDTH - MARGIN - LEGEND_WIDTH - 28.0;

const TITLE_BASELINE: f64 = 50.0;
const SUBTITLE_BASELINE: f64 = 75.0;
const CAPTION_BASELINE: f64 = 113.0;
const SWATCH: f64 = 12.0;

impl ChartHeading {
    /// A canvas with title and subtitle.
    pub(super) fn open_canvas(&self, height: f64) -> Canvas {
        let mut canvas = Canvas::new(height);
        let room = WIDTH - 2.0 * MARGIN;
        let title = TITLE.fit(&self.title, room);
        canvas.write(MARGIN, TITLE_BASELINE, &title, TITLE);
        let subtitle = SUBTITLE.fit(&self.subtitle, room);
        canvas.write(MARGIN, SUBTITLE_BASELINE, &subtitle, SUBTITLE);
        canvas
    }

    /// The chart for nothing to show, with the word for it.
    pub(super) fn no_data(&self, word: &str) -> Canvas {
        let height = 300.0;
        let mut canvas = self.open_canvas(height);
        let (top, bottom) = (CAPTION_BASELINE - 8.0, height - MARGIN);
        canvas.rule(MARGIN, WIDTH - MARGIN, top, GRID);
        canvas.rule(MARGIN, WIDTH - MARGIN, bottom, GRID);
        let middle = (top + bottom) / 2.0 + 5.0;
        canvas.write_centred(WIDTH / 2.0, middle, word, SUBTITLE);
        canvas
    }
}

/// The line above the data: what the numbers are, then a key to colours.
pub(super) fn caption(canvas: &mut Canvas, text: &str, key: &[(Rgb, &str)]) {
    let mut x = MARGIN;
    if !text.is_empty() {
        canvas.write(x, CAPTION_BASELINE, text, QUIET);
        x += QUIET.width(text) + 28.0;
    }
    for (colour, name) in key {
        swatch(canvas, x, CAPTION_BASELINE, *colour);
        x += SWATCH + 7.0;
        canvas.write(x, CAPTION_BASELINE, name, LABEL);
        x += LABEL.width(name) * 1.05 + 22.0;
    }
}

/// A small square before a text.
fn swatch(canvas: &mut Canvas, x: f64, baseline: f64, colour: Rgb) {
    let bottom = baseline + 1.0;
    canvas.fill(x, bottom - SWATCH, x + SWATCH, bottom, colour);
}

/// One entry of a legend: a colour, a name, and a quiet second line.
pub(super) struct LegendRow {
    /// The colour of its swatch.
    pub(super) colour: Rgb,
    /// Its name; cut where it is too long.
    pub(super) label: String,
    /// What stands below the name.
    pub(super) detail: String,
}

/// The area of a legend that begins at a height.
pub(super) fn legend_area(top: f64) -> Area {
    Area {
        left: WIDTH - MARGIN - LEGEND_WIDTH,
        top,
        right: WIDTH - MARGIN,
        bottom: HEIGHT - 20.0,
    }
}

/// A legend; rows that do not fit into its area are counted in a last line.
pub(super) fn legend(canvas: &mut Canvas, area: Area, rows: &[LegendRow]) {
    const PITCH: f64 = 41.0;
    let fitting = ((area.bottom - area.top) / PITCH) as usize;
    let shown = match rows.len() {
        all if all <= fitting => all,
        _ => fitting.saturating_sub(1),
    };
    let text_left = area.left + SWATCH + 9.0;
    let mut baseline = area.top + 12.0;
    for row in &rows[..shown] {
        swatch(canvas, area.left, baseline, row.colour);
        let label = LABEL.fit(&row.label, area.right - text_left);
        canvas.write(text_left, baseline, &label, LABEL);
        canvas.write(text_left, baseline + 17.0, &row.detail, QUIET);
        baseline += PITCH;
    }
    more(canvas, text_left, baseline, rows.len() - shown);
}

/// How many are not shown, where some are not.
pub(super) fn more(canvas: &mut Canvas, x: f64, baseline: f64, hidden: usize) {
    if hidden > 0 {
        canvas.write(x, baseline, &format!("and {hidden} more"), QUIET);
    }
}

/// The axis of amounts: the scale, and the heights at which its ends lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct ValueAxis {
    /// The amounts on the axis.
    pub(super) scale: Scale,
    /// The height of the highest one.
    pub(super) top: f64,
    /// The height of the lowest one.
    pub(super) bottom: f64,
}

impl ValueAxis {
    /// The height of an amount.
    pub(super) fn y(&self, amount: i128) -> f64 {
        self.bottom - self.scale.share(amount) * (self.bottom - self.top)
    }

    /// How far the data lies from the left edge, so that the labels have room.
    pub(super) fn left(&self) -> f64 {
        let labels = self.scale.marks().map(|mark| self.scale.label(mark));
        let widths = labels.map(|label| QUIET.width(&label));
        MARGIN + widths.fold(0.0, f64::max) + 12.0
    }

    /// Labels and light lines; the line of zero is drawn by [`zero`](Self::zero), over the data.
    pub(super) fn grid(&self, canvas: &mut Canvas, left: f64, right: f64) {
        for mark in self.scale.marks() {
            let y = self.y(mark);
            canvas.rule(left, right, y, GRID);
            canvas.write_left_of(left - 12.0, y + 4.5, &self.scale.label(mark), QUIET);
        }
    }

    /// The line of zero.
    pub(super) fn zero(&self, canvas: &mut Canvas, left: f64, right: f64) {
        canvas.rule(left, right, self.y(0), AXIS);
    }
}

/// Amounts in minor units at the ends of days, ascending by day; each holds until the next point.
pub(super) type DayBalances = [(Day, i64)];

/// Amounts over days: the two axes, and the area between them.
pub(super) struct TimePlot {
    pub(super) dates: DateAxis,
    pub(super) values: ValueAxis,
    pub(super) area: Area,
}

impl TimePlot {
    /// The days of some balances, from the axis of amounts to `right` and down to `bottom`.
    pub(super) fn of_balances(
        balances: &DayBalances,
        values: ValueAxis,
        right: f64,
        bottom: f64,
    ) -> Self {
        let (first, last) = (balances[0].0, balances[balances.len() - 1].0);
        let area = Area {
            left: values.left(),
            top: values.top,
            right,
            bottom,
        };
        Self {
            dates: DateAxis::new(first, last, area.left, right),
            values,
            area,
        }
    }

    /// Both axes, and a dashed line at an amount where there is one.
    pub(super) fn draw_axes(&self, canvas: &mut Canvas, alert: Option<i64>) {
        let Area { left, right, .. } = self.area;
        self.values.grid(canvas, left, right);
        dates(canvas, &self.dates, self.area);
        self.values.zero(canvas, left, right);
        if let Some(alert) = alert {
            canvas.dashes(left, right, self.values.y(alert.into()), ALERT);
        }
    }

    /// Tints the days on which a balance is below an amount, down to a height.
    pub(super) fn shade_below(
        &self,
        canvas: &mut Canvas,
        balances: &DayBalances,
        threshold: i64,
        bottom: f64,
    ) {
        let balances = balances.iter();
        let days: Vec<_> = balances
            .map(|&(day, amount)| (day, amount < threshold))
            .collect();
        for stretch in self.dates.stretches(&days) {
            if stretch.value {
                canvas.fill(
                    stretch.left,
                    self.area.top,
                    stretch.right,
                    bottom,
                    ALERT_TINT,
                );
            }
        }
    }

    /// A line in steps.
    pub(super) fn draw_line<V: Copy + PartialEq + Into<i128>>(
        &self,
        canvas: &mut Canvas,
        points: &[(Day, V)],
        colour: Rgb,
        thickness: f64,
    ) {
        let mut corners = Vec::new();
        for Stretch { left, right, value } in self.dates.stretches(points) {
            let y = self.values.y(value.into());
            corners.extend([Spot { x: left, y }, Spot { x: right, y }]);
        }
        canvas.push(Shape::Steps {
            points: corners,
            thickness,
            colour,
        });
    }

    /// An amount with its name, right of the data.
    pub(super) fn note(&self, canvas: &mut Canvas, y: f64, note: &Note, currency: Currency) {
        let x = self.area.right + 14.0;
        canvas.write(x, y - 3.0, &note.what, QUIET);
        let amount = with_code(note.amount, currency);
        canvas.write(x, y + 14.0, &amount, STRONG.colour(note.colour));
    }
}

/// An amount that is named right of the data.
pub(super) struct Note {
    pub(super) amount: i128,
    pub(super) what: String,
    pub(super) colour: Rgb,
}

impl Note {
    pub(super) fn new(amount: i64, what: String, colour: Rgb) -> Self {
        let amount = amount.into();
        Self {
            amount,
            what,
            colour,
        }
    }
}

/// The labels of a date axis along the bottom of an area, each with a light line up through the data.
pub(super) fn dates(canvas: &mut Canvas, axis: &DateAxis, plot: Area) {
    for label in axis.labels() {
        let x = axis.start(label.at);
        canvas.post(x, plot.top, plot.bottom, GRID);
        canvas.post(x, plot.bottom, plot.bottom + 6.0, AXIS);
        date_label(canvas, x, plot.bottom, &label);
    }
    canvas.rule(plot.left, plot.right, plot.bottom, AXIS);
}

/// A month or day and, below it, its year; a year alone moves up.
pub(super) fn date_label<P>(canvas: &mut Canvas, x: f64, bottom: f64, label: &AxisLabel<P>) {
    let first_line = bottom + 22.0;
    let year = label.year.map(|year| year.to_string()).unwrap_or_default();
    if label.text.is_empty() {
        canvas.write_centred(x, first_line, &year, QUIET);
        return;
    }
    canvas.write_centred(x, first_line, &label.text, QUIET);
    if !year.is_empty() {
        canvas.write_centred(x, first_line + 18.0, &year, STRONG.colour(MUTED));
    }
}
