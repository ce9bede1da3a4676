//! Many runs as dots: what each costs from left to right, how many instances it loses from bottom to top.
//! Never decides which runs are efficient.

use std::collections::BTreeMap;

use super::amount::{Scale, with_code};
use super::canvas::{Canvas, LABEL, QUIET, STRONG, Spot, WIDTH};
use super::frame::{self, FOOT, HEIGHT, MARGIN, TOP, ValueAxis};
use super::palette::{ALERT, AXIS, BALANCE, GRID, REST};
use super::{Chart, ChartHeading};
use crate::model::money::Currency;

/// Room on the right for the names of efficient runs.
const NOTES_WIDTH: f64 = 300.0;
/// The most efficient runs that are named.
const MAX_NAMED: usize = 10;

/// Many runs.
#[derive(Clone, Debug)]
pub struct Frontier {
    /// What the chart shows.
    pub heading: ChartHeading,
    /// The currency of the costs.
    pub currency: Currency,
    /// The runs; of those at the same place one is drawn.
    pub points: Vec<Point>,
}

/// One run.
#[derive(Clone, Debug)]
pub struct Point {
    /// What was chosen.
    pub label: String,
    /// In minor units.
    pub cost: i64,
    /// Instances that are lost.
    pub losses: i64,
    /// Whether it keeps the limits; others are drawn grey.
    pub is_within: bool,
    /// Whether no run within the limits costs less and loses no more.
    pub is_efficient: bool,
}

/// The axis of costs: its scale, and where the ends lie.
struct CostAxis {
    scale: Scale,
    left: f64,
    right: f64,
}

impl CostAxis {
    fn x(&self, cost: i128) -> f64 {
        self.left + self.scale.share(cost) * (self.right - self.left)
    }

    fn draw_axis(&self, canvas: &mut Canvas, losses: &ValueAxis) {
        let bottom = losses.bottom + 14.0;
        for cost in self.scale.marks() {
            let x = self.x(cost);
            canvas.post(x, losses.top, bottom, GRID);
            canvas.write_centred(x, bottom + 22.0, &self.scale.label(cost), QUIET);
        }
        canvas.rule(self.left, self.right, bottom, AXIS);
    }
}

impl Chart for Frontier {
    fn lay_out(&self) -> Canvas {
        let costs = self.points.iter().map(|point| i128::from(point.cost));
        let (Some(low), Some(high)) = (costs.clone().min(), costs.max()) else {
            return self.heading.no_data("no runs");
        };
        let mut canvas = self.heading.open_canvas(HEIGHT);
        let key = [
            (BALANCE, "efficient"),
            (ALERT, "within the limits"),
            (REST, "breaks a limit"),
        ];
        frame::caption(&mut canvas, "instances lost", &key);
        let losses = self.points.iter().map(|point| i128::from(point.losses));
        let losses = ValueAxis {
            scale: Scale::with_zero(losses.chain([1]), 6, 0),
            top: TOP + 10.0,
            bottom: HEIGHT - FOOT - 14.0,
        };
        let (left, right) = (losses.left() + 14.0, WIDTH - MARGIN - NOTES_WIDTH);
        // A scale that holds zero would squeeze runs that all cost about the same.
        let costs = CostAxis {
            scale: Scale::around(low, high, 6, self.currency.digits()),
            left,
            right,
        };
        losses.grid(&mut canvas, left, right);
        costs.draw_axis(&mut canvas, &losses);
        self.draw_dots(&mut canvas, &costs, &losses);
        self.draw_names(&mut canvas, right + 28.0);
        canvas
    }
}

impl Frontier {
    fn draw_dots(&self, canvas: &mut Canvas, costs: &CostAxis, losses: &ValueAxis) {
        let mut ranks: BTreeMap<(i64, i64), u8> = BTreeMap::new();
        for point in &self.points {
            let rank = u8::from(point.is_within) + 2 * u8::from(point.is_efficient);
            let known = ranks.entry((point.cost, point.losses)).or_default();
            *known = rank.max(*known);
        }
        for (drawn, colour, radius) in [(0, REST, 3.5), (1, ALERT, 4.0), (3, BALANCE, 6.0)] {
            for (&(cost, lost), _) in ranks.iter().filter(|(_, rank)| **rank == drawn) {
                let centre = Spot {
                    x: costs.x(cost.into()),
                    y: losses.y(lost.into()),
                };
                canvas.dot(centre, radius + 1.0, radius, colour);
            }
        }
    }

    /// The efficient runs, from the cheapest: what is chosen, what it costs and loses.
    fn draw_names(&self, canvas: &mut Canvas, left: f64) {
        let points = self.points.iter();
        let mut efficient: Vec<&Point> = points.filter(|point| point.is_efficient).collect();
        efficient.sort_by_key(|point| (point.cost, point.losses));
        efficient.dedup_by_key(|point| (point.cost, point.losses));
        let mut y = TOP + 8.0;
        for point in efficient.iter().take(MAX_NAMED) {
            let label = STRONG.fit(&point.label, WIDTH - MARGIN - left);
            canvas.write(left, y, &label, STRONG.colour(BALANCE));
            let cost = with_code(point.cost.into(), self.currency);
            let text = format!("{cost}, {} lost", point.losses);
            canvas.write(left, y + 17.0, &text, LABEL);
            y += 41.0;
        }
        frame::more(canvas, left, y, efficient.len().saturating_sub(MAX_NAMED));
    }
}
