//! Spend by month: a column for each month, stacked by series, with its total above it.
//! Never groups anything: which series there are, and what goes into the rest, is the caller's choice.

use chrono::NaiveDate;

use super::amount::{Scale, exact, short};
use super::axis::month_labels;
use super::canvas::{Anchor, Area, Canvas, Lettering, WIDTH};
use super::encode::encode;
use super::frame::{self, FOOT, HEIGHT, LEGEND_WIDTH, LegendRow, MARGIN, TOP, ValueAxis};
use super::palette::{AXIS, PAPER, REST, Rgb, SERIES};
use super::{ChartCurrency, ChartError, Format};

/// What is paid in each month, stacked by series. Amounts below zero (refunds) are stacked below the zero line.
#[derive(Clone, Debug)]
pub struct SpendByMonth {
    /// What the chart shows, such as `Spend by month`.
    pub title: String,
    /// Where and when: book, account, first and last month.
    pub subtitle: String,
    /// The currency of all amounts.
    pub currency: ChartCurrency,
    /// A day of each month, ascending; 1 to about 60.
    pub months: Vec<NaiveDate>,
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

impl SpendByMonth {
    /// The picture in a file format.
    ///
    /// # Errors
    /// Only if the drawing backend or the encoder fails.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, ChartError> {
        encode(&self.lay_out(), format)
    }

    fn lay_out(&self) -> Canvas {
        if self.months.is_empty() || self.layers().next().is_none() {
            return frame::no_data(&self.title, &self.subtitle, "no data");
        }
        let mut canvas = frame::open_canvas(&self.title, &self.subtitle, HEIGHT);
        let net = if self
            .layers()
            .any(|(_, layer)| layer.amounts.iter().any(|&amount| amount < 0))
        {
            "net totals"
        } else {
            "totals"
        };
        let caption = format!("{} per month, {net} above the columns", self.currency.code);
        frame::caption(&mut canvas, &caption, &[]);

        let axis = self.axis();
        let (left, right) = (axis.left(), WIDTH - MARGIN - LEGEND_WIDTH - 28.0);
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
        self.legend(&mut canvas);
        canvas
    }

    /// The layers with their colours, from the bottom up.
    fn layers(&self) -> impl DoubleEndedIterator<Item = (Rgb, &Series)> {
        let colour = |at: usize| SERIES.get(at).copied().unwrap_or(REST);
        let series = self.series.iter().enumerate();
        series
            .map(move |(at, layer)| (colour(at), layer))
            .chain(self.rest.iter().map(|rest| (REST, rest)))
    }

    fn total(&self, month: usize) -> i128 {
        self.layers().map(|(_, layer)| layer.amount(month)).sum()
    }

    /// The ends of a column: what is above zero and what is below.
    fn reach(&self, month: usize) -> (i128, i128) {
        let amounts = || self.layers().map(|(_, layer)| layer.amount(month));
        (
            amounts().filter(|&amount| amount < 0).sum(),
            amounts().filter(|&amount| amount > 0).sum(),
        )
    }

    fn axis(&self) -> ValueAxis {
        let reaches = || (0..self.months.len()).map(|month| self.reach(month));
        let low = reaches().map(|(low, _)| low).min().unwrap_or(0);
        let high = reaches().map(|(_, high)| high).max().unwrap_or(0);
        ValueAxis {
            scale: Scale::new(low, high, 8, self.currency.digits),
            top: TOP + 16.0,
            bottom: HEIGHT - FOOT - if low < 0 { 22.0 } else { 0.0 },
        }
    }

    /// Rows in the order in which the layers are seen, from the top down, below the grand total.
    fn legend(&self, canvas: &mut Canvas) {
        let area = Area {
            left: WIDTH - MARGIN - LEGEND_WIDTH,
            top: TOP + 52.0,
            right: WIDTH - MARGIN,
            bottom: HEIGHT - 20.0,
        };
        let months = self.months.len();
        let total: i128 = self.layers().map(|(_, layer)| layer.total(months)).sum();
        let all_paid = self.layers().all(|(_, layer)| layer.total(months) >= 0);
        let heading = format!("Total, {}", self.currency.code);
        canvas.place_text(
            area.left,
            TOP + 8.0,
            &heading,
            Lettering::QUIET,
            Anchor::Start,
        );
        let figure = exact(total, self.currency.digits);
        canvas.place_text(
            area.left,
            TOP + 27.0,
            &figure,
            Lettering::STRONG,
            Anchor::Start,
        );
        canvas.rule(area.left, area.right, TOP + 38.0, AXIS);
        let row = |(colour, layer): (Rgb, &Series)| {
            let amount = layer.total(months);
            let mut detail = exact(amount, self.currency.digits);
            if all_paid && total > 0 {
                detail += &format!(" · {}", percent(amount, total));
            }
            LegendRow {
                colour,
                label: layer.label.clone(),
                detail,
            }
        };
        frame::legend(
            canvas,
            area,
            &self.layers().rev().map(row).collect::<Vec<_>>(),
        );
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
            let middle = self.middle(month);
            let (mut below, mut above) = (0, 0);
            for (colour, layer) in self.chart.layers() {
                let amount = layer.amount(month);
                let end = if amount < 0 { &mut below } else { &mut above };
                let (from, to) = (self.axis.y(*end), self.axis.y(*end + amount));
                *end += amount;
                canvas.fill(
                    middle - half,
                    from.min(to),
                    middle + half,
                    from.max(to),
                    colour,
                );
                if (from - to).abs() > 2.0 {
                    canvas.fill(
                        middle - half,
                        from - 0.25,
                        middle + half,
                        from + 0.25,
                        PAPER,
                    );
                }
            }
        }
    }

    /// The total of each month above its column or, if there is nothing above zero, below it. Where the columns are too
    /// narrow for that, only of those that stand out.
    fn totals(&self, canvas: &mut Canvas) {
        let months = 0..self.chart.months.len();
        let style = Lettering::STRONG;
        let texts: Vec<String> = months
            .clone()
            .map(|month| short(self.chart.total(month), self.chart.currency.digits))
            .collect();
        let widest = texts
            .iter()
            .map(|text| style.width(text))
            .fold(0.0, f64::max);
        let shown: Vec<usize> = if widest + 6.0 <= self.pitch {
            months.collect()
        } else {
            self.peaks(widest + 10.0)
        };
        for month in shown {
            let (low, high) = self.chart.reach(month);
            let baseline = if high == 0 && low < 0 {
                self.axis.y(low) + 16.0
            } else {
                self.axis.y(high) - 7.0
            };
            canvas.place_text(
                self.middle(month),
                baseline,
                &texts[month],
                style,
                Anchor::Middle,
            );
        }
    }

    /// Months whose column is the highest within the width of its label, no two labels touching.
    fn peaks(&self, label: f64) -> Vec<usize> {
        let height = |month: usize| self.chart.reach(month).1;
        let months = self.chart.months.len();
        let near = (label / 2.0 / self.pitch + 0.5).ceil() as usize;
        let mut ranked: Vec<usize> = (0..months)
            .filter(|&month| {
                let around = month.saturating_sub(near)..(month + near + 1).min(months);
                height(month) > 0
                    && around
                        .into_iter()
                        .all(|other| height(other) <= height(month))
            })
            .collect();
        ranked.sort_by_key(|&month| (-height(month), month));
        let mut kept: Vec<usize> = Vec::new();
        for month in ranked {
            if kept
                .iter()
                .all(|&other| month.abs_diff(other) as f64 * self.pitch >= label)
            {
                kept.push(month);
            }
        }
        kept
    }

    fn months(&self, canvas: &mut Canvas) {
        let bottom = HEIGHT - FOOT;
        for label in month_labels(&self.chart.months, self.pitch) {
            frame::date_label(canvas, self.middle(label.at), bottom, &label);
        }
    }
}
