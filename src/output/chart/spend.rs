//! Spend by month: a column for each month, stacked by series, with its total above it.
//! Never groups anything: which series there are, and what goes into the rest, is the caller's choice.

use super::amount::{Scale, exact, short};
use super::axis::month_labels;
use super::canvas::{Canvas, QUIET, STRONG};
use super::frame::{self, FOOT, HEIGHT, LEFT_OF_LEGEND, LegendRow, TOP, ValueAxis};
use super::palette::{AXIS, PAPER, REST, Rgb, SERIES};
use super::{Chart, ChartHeading};
use crate::model::calendar::Day;
use crate::model::money::Currency;

/// What is paid in each month, stacked by series. Amounts below zero (refunds) are stacked below the zero line.
#[derive(Clone, Debug)]
pub struct SpendByMonth {
    /// What the chart shows.
    pub heading: ChartHeading,
    /// The currency of all amounts.
    pub currency: Currency,
    /// A day of each month, ascending; 1 to about 60.
    pub months: Vec<Day>,
    /// From the bottom of the stack to its top. The first eight have colours; later ones look like the rest.
    pub series: Vec<Series>,
    /// All that is not in a series, drawn grey on top.
    pub rest: Option<Series>,
}

/// One layer of the stack.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name in the legend.
    pub label: String,
    /// One amount for each month, in minor units; a missing one is zero.
    pub amounts: Vec<i64>,
}

impl Series {
    fn amount(&self, month: usize) -> i128 {
        self.amounts.get(month).copied().map_or(0, i128::from)
    }

    fn total(&self, months: usize) -> i128 {
        (0..months).map(|month| self.amount(month)).sum()
    }
}

/// The columns of the chart, and the heights of their ends.
struct SpendColumns<'a> {
    chart: &'a SpendByMonth,
    axis: ValueAxis,
    left: f64,
    pitch: f64,
}

impl Chart for SpendByMonth {
    fn lay_out(&self) -> Canvas {
        if self.months.is_empty() || self.layers().next().is_none() {
            return self.heading.no_data("no data");
        }
        let mut canvas = self.heading.open_canvas(HEIGHT);
        let mut amounts = self.layers().flat_map(|(_, layer)| &layer.amounts);
        let net = match amounts.any(|amount| *amount < 0) {
            true => "net totals",
            false => "totals",
        };
        let caption = format!("{} per month, {net} above the columns", self.currency);
        frame::caption(&mut canvas, &caption, &[]);

        let axis = self.axis();
        let (left, right) = (axis.left(), LEFT_OF_LEGEND);
        let columns = SpendColumns {
            chart: self,
            axis,
            left,
            pitch: (right - left) / self.months.len() as f64,
        };
        axis.grid(&mut canvas, left, right);
        columns.draw_columns(&mut canvas);
        axis.zero(&mut canvas, left, right);
        columns.totals(&mut canvas);
        columns.months(&mut canvas);
        self.draw_legend(&mut canvas);
        canvas
    }
}

impl SpendByMonth {
    /// The layers with their colours, from the bottom up; those that have no colour of their own look like the rest.
    fn layers(&self) -> impl DoubleEndedIterator<Item = (Rgb, &Series)> {
        let series = self.series.iter().enumerate();
        series
            .map(|(at, layer)| (*SERIES.get(at).unwrap_or(&REST), layer))
            .chain(self.rest.iter().map(|rest| (REST, rest)))
    }

    /// The amounts of a month, from the bottom up.
    fn amounts(&self, month: usize) -> impl Iterator<Item = i128> {
        self.layers().map(move |(_, layer)| layer.amount(month))
    }

    /// The lower end of a column: what is below zero.
    fn low(&self, month: usize) -> i128 {
        self.amounts(month).filter(|amount| *amount < 0).sum()
    }

    /// The upper end of a column: what is above zero.
    fn high(&self, month: usize) -> i128 {
        self.amounts(month).filter(|amount| *amount > 0).sum()
    }

    fn axis(&self) -> ValueAxis {
        let months = 0..self.months.len();
        let ends = months.flat_map(|month| [self.low(month), self.high(month)]);
        let has_below = ends.clone().any(|end| end < 0);
        ValueAxis {
            scale: Scale::with_zero(ends, 8, self.currency.digits()),
            top: TOP + 16.0,
            bottom: HEIGHT - FOOT - if has_below { 22.0 } else { 0.0 },
        }
    }

    /// Rows in the order in which the layers are seen, from the top down, below the grand total.
    fn draw_legend(&self, canvas: &mut Canvas) {
        let area = frame::legend_area(TOP + 52.0);
        let digits = self.currency.digits();
        let layers = self.layers().map(|(_, layer)| layer);
        let totals: Vec<i128> = layers.map(|one| one.total(self.months.len())).collect();
        let total: i128 = totals.iter().sum();
        let has_shares = totals.iter().all(|total| *total >= 0) && total > 0;
        let heading = format!("Total, {}", self.currency);
        canvas.write(area.left, TOP + 8.0, &heading, QUIET);
        canvas.write(area.left, TOP + 27.0, &exact(total, digits), STRONG);
        canvas.rule(area.left, area.right, TOP + 38.0, AXIS);
        let mut rows = Vec::new();
        for ((colour, layer), amount) in self.layers().zip(totals) {
            let mut detail = exact(amount, digits);
            if has_shares {
                detail += &format!(" · {}", percent(amount, total));
            }
            rows.push(LegendRow {
                colour,
                label: layer.label.clone(),
                detail,
            });
        }
        rows.reverse();
        frame::legend(canvas, area, &rows);
    }
}

/// A share in whole percent; one that is not zero never reads so.
fn percent(part: i128, whole: i128) -> String {
    match (part * 200 + whole) / (2 * whole) {
        0 if part > 0 => "<1%".to_owned(),
        share => format!("{share}%"),
    }
}

impl SpendColumns<'_> {
    fn middle(&self, month: usize) -> f64 {
        self.left + (month as f64 + 0.5) * self.pitch
    }

    fn draw_columns(&self, canvas: &mut Canvas) {
        let half = (self.pitch * 0.36).min(30.0);
        for month in 0..self.chart.months.len() {
            let (left, right) = (self.middle(month) - half, self.middle(month) + half);
            let (mut below, mut above) = (0, 0);
            for (colour, layer) in self.chart.layers() {
                let amount = layer.amount(month);
                let end = if amount < 0 { &mut below } else { &mut above };
                let (from, to) = (self.axis.y(*end), self.axis.y(*end + amount));
                *end += amount;
                canvas.fill(left, from.min(to), right, from.max(to), colour);
                if (from - to).abs() > 2.0 {
                    canvas.fill(left, from - 0.25, right, from + 0.25, PAPER);
                }
            }
        }
    }

    /// The total of each month above its column or, if there is nothing above zero, below it. Where the columns are too
    /// narrow for that, only of those that stand out.
    fn totals(&self, canvas: &mut Canvas) {
        let (chart, months) = (self.chart, 0..self.chart.months.len());
        let totals = months.clone().map(|month| chart.amounts(month).sum());
        let digits = chart.currency.digits();
        let texts: Vec<String> = totals.map(|total| short(total, digits)).collect();
        let widths = texts.iter().map(|text| STRONG.width(text));
        let widest = widths.fold(0.0, f64::max);
        let shown: Vec<usize> = match widest + 6.0 <= self.pitch {
            true => months.collect(),
            false => self.peaks(widest + 10.0),
        };
        for month in shown {
            let (low, high) = (chart.low(month), chart.high(month));
            let baseline = match high == 0 && low < 0 {
                true => self.axis.y(low) + 16.0,
                false => self.axis.y(high) - 7.0,
            };
            canvas.write_centred(self.middle(month), baseline, &texts[month], STRONG);
        }
    }

    /// Months whose column is the highest within the width of its label, no two labels touching.
    fn peaks(&self, label: f64) -> Vec<usize> {
        let months = self.chart.months.len();
        let heights: Vec<i128> = (0..months).map(|month| self.chart.high(month)).collect();
        let near = (label / 2.0 / self.pitch + 0.5).ceil() as usize;
        let mut ranked: Vec<usize> = (0..months).collect();
        ranked.retain(|&month| {
            let around = month.saturating_sub(near)..(month + near + 1).min(months);
            heights[month] > 0 && heights[around].iter().max() == Some(&heights[month])
        });
        ranked.sort_by_key(|&month| (-heights[month], month));
        let mut apart: Vec<usize> = Vec::new();
        for month in ranked {
            let mut chosen = apart.iter();
            if chosen.all(|&other| month.abs_diff(other) as f64 * self.pitch >= label) {
                apart.push(month);
            }
        }
        apart
    }

    fn months(&self, canvas: &mut Canvas) {
        let bottom = HEIGHT - FOOT;
        for label in month_labels(&self.chart.months, self.pitch) {
            frame::date_label(canvas, self.middle(label.at), bottom, &label);
        }
    }
}
