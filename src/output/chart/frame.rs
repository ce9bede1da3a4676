//! What all charts share around their data: title, subtitle, caption, axes, legend, and the page for no data.
//! Never draws data.

use super::amount::Scale;
use super::axis::{AxisLabel, DateAxis};
use super::canvas::{Anchor, Area, Canvas, Lettering, WIDTH};
use super::palette::{AXIS, GRID, MUTED, Rgb};

/// Kept free on the left and on the right of every chart.
pub(super) const MARGIN: f64 = 40.0;
/// Where the data may begin, below title, subtitle and caption.
pub(super) const TOP: f64 = 132.0;
/// The height of a chart whose height does not grow with its data.
pub(super) const HEIGHT: f64 = 620.0;
/// The width of a legend right of the data.
pub(super) const LEGEND_WIDTH: f64 = 212.0;
/// Room for the labels of a date axis below the data.
pub(super) const FOOT: f64 = 64.0;

const TITLE_BASELINE: f64 = 50.0;
const SUBTITLE_BASELINE: f64 = 75.0;
const CAPTION_BASELINE: f64 = 113.0;
const SWATCH: f64 = 12.0;

/// A canvas with title and subtitle.
pub(super) fn open_canvas(title: &str, subtitle: &str, height: f64) -> Canvas {
    let mut canvas = Canvas::new(height);
    let room = WIDTH - 2.0 * MARGIN;
    let lines = [
        (title, TITLE_BASELINE, Lettering::TITLE),
        (subtitle, SUBTITLE_BASELINE, Lettering::SUBTITLE),
    ];
    for (text, baseline, style) in lines {
        canvas.place_text(
            MARGIN,
            baseline,
            &style.fit(text, room),
            style,
            Anchor::Start,
        );
    }
    canvas
}

/// The chart for nothing to show, with the word for it.
pub(super) fn no_data(title: &str, subtitle: &str, word: &str) -> Canvas {
    let height = 300.0;
    let mut canvas = open_canvas(title, subtitle, height);
    let (top, bottom) = (CAPTION_BASELINE - 8.0, height - MARGIN);
    canvas.rule(MARGIN, WIDTH - MARGIN, top, GRID);
    canvas.rule(MARGIN, WIDTH - MARGIN, bottom, GRID);
    let middle = (top + bottom) / 2.0 + 5.0;
    canvas.place_text(
        WIDTH / 2.0,
        middle,
        word,
        Lettering::SUBTITLE,
        Anchor::Middle,
    );
    canvas
}

/// The line above the data: what the numbers are, then a key to colours.
pub(super) fn caption(canvas: &mut Canvas, text: &str, key: &[(Rgb, &str)]) {
    let mut x = MARGIN;
    if !text.is_empty() {
        canvas.place_text(x, CAPTION_BASELINE, text, Lettering::QUIET, Anchor::Start);
        x += Lettering::QUIET.width(text) + 28.0;
    }
    for (colour, name) in key {
        swatch(canvas, x, CAPTION_BASELINE, *colour);
        x += SWATCH + 7.0;
        canvas.place_text(x, CAPTION_BASELINE, name, Lettering::LABEL, Anchor::Start);
        x += Lettering::LABEL.width(name) * 1.05 + 22.0;
    }
}

/// A small square that stands before a text.
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

/// A legend from the top of an area to its bottom at most; rows that do not fit are counted in a last line.
pub(super) fn legend(canvas: &mut Canvas, area: Area, rows: &[LegendRow]) {
    const PITCH: f64 = 41.0;
    let fitting = ((area.bottom - area.top) / PITCH) as usize;
    let shown = if rows.len() > fitting {
        fitting.saturating_sub(1)
    } else {
        rows.len()
    };
    let text_left = area.left + SWATCH + 9.0;
    let room = area.right - text_left;
    let mut baseline = area.top + 12.0;
    for row in &rows[..shown] {
        swatch(canvas, area.left, baseline, row.colour);
        let label = Lettering::LABEL.fit(&row.label, room);
        canvas.place_text(text_left, baseline, &label, Lettering::LABEL, Anchor::Start);
        canvas.place_text(
            text_left,
            baseline + 17.0,
            &row.detail,
            Lettering::QUIET,
            Anchor::Start,
        );
        baseline += PITCH;
    }
    if shown < rows.len() {
        let more = format!("and {} more", rows.len() - shown);
        canvas.place_text(text_left, baseline, &more, Lettering::QUIET, Anchor::Start);
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
        let widths = self
            .scale
            .marks()
            .map(|mark| Lettering::QUIET.width(&self.scale.label(mark)));
        MARGIN + widths.fold(0.0, f64::max) + 12.0
    }

    /// Labels and light lines; the line of zero is drawn by [`zero`](Self::zero), over the data.
    pub(super) fn grid(&self, canvas: &mut Canvas, left: f64, right: f64) {
        for mark in self.scale.marks() {
            let y = self.y(mark);
            canvas.rule(left, right, y, GRID);
            let label = self.scale.label(mark);
            canvas.place_text(left - 12.0, y + 4.5, &label, Lettering::QUIET, Anchor::End);
        }
    }

    /// The line of zero.
    pub(super) fn zero(&self, canvas: &mut Canvas, left: f64, right: f64) {
        canvas.rule(left, right, self.y(0), AXIS);
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
        canvas.place_text(x, first_line, &year, Lettering::QUIET, Anchor::Middle);
        return;
    }
    canvas.place_text(x, first_line, &label.text, Lettering::QUIET, Anchor::Middle);
    if !year.is_empty() {
        canvas.place_text(
            x,
            first_line + 18.0,
            &year,
            Lettering::STRONG.colour(MUTED),
            Anchor::Middle,
        );
    }
}
