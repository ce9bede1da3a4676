//! Many runs as dots: what each costs from left to right, how many instances it loses from bottom to top.
//! Never decides which runs are efficient.

use std::collections::BTreeMap;

use super::amount::{Scale, exact};
use super::canvas::{Anchor, Area, Canvas, Lettering, Shape, WIDTH};
use super::encode::encode;
use super::frame::{self, FOOT, HEIGHT, MARGIN, TOP, ValueAxis};
use super::palette::{ALERT, AXIS, BALANCE, GRID, PAPER, REST, Rgb};
use super::{ChartCurrency, ChartError, Format};

/// Room on the right for the names of efficient runs.
const NOTES_WIDTH: f64 = 300.0;
/// At most so many efficient runs are named.
const NAMED: usize = 10;

/// Many runs.
#[derive(Clone, Debug)]
pub struct Frontier {
    /// What the chart shows.
    pub title: String,
    /// Where and when.
    pub subtitle: String,
    /// The currency of the costs.
    pub currency: ChartCurrency,
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
            canvas.post(self.x(cost), losses.top, bottom, GRID);
            canvas.place_text(
                self.x(cost),
                bottom + 22.0,
                &self.scale.label(cost),
                Lettering::QUIET,
                Anchor::Middle,
            );
        }
        canvas.rule(self.left, self.right, bottom, AXIS);
    }
}

impl Frontier {
    /// The picture in a file format.
    ///
    /// # Errors
    /// Only if the drawing backend or the encoder fails.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, ChartError> {
        encode(&self.lay_out(), format)
    }

    fn lay_out(&self) -> Canvas {
        let costs = || self.points.iter().map(|point| i128::from(point.cost));
        let (Some(low), Some(high)) = (costs().min(), costs().max()) else {
            return frame::no_data(&self.title, &self.subtitle, "no runs");
        };
        let mut canvas = frame::open_canvas(&self.title, &self.subtitle, HEIGHT);
        let key = [
            (BALANCE, "efficient"),
            (ALERT, "within the limits"),
            (REST, "breaks a limit"),
        ];
        frame::caption(&mut canvas, "instances lost", &key);
        let most = self
            .points
            .iter()
            .map(|point| i128::from(point.losses))
            .max()
            .unwrap_or(0);
        let scale = Scale::new(0, most.max(1), 6, 0);
        let losses = ValueAxis {
            scale,
            top: TOP + 10.0,
            bottom: HEIGHT - FOOT - 14.0,
        };
        let (left, right) = (losses.left() + 14.0, WIDTH - MARGIN - NOTES_WIDTH);
        // A scale that holds zero would squeeze runs that all cost about the same.
        let costs = CostAxis {
            scale: Scale::around(low, high, 6, self.currency.digits),
            left,
            right,
        };
        losses.grid(&mut canvas, left, right);
        costs.draw_axis(&mut canvas, &losses);
        self.dots(&mut canvas, &costs, &losses);
        self.names(&mut canvas, right);
        canvas
    }

    fn dots(&self, canvas: &mut Canvas, costs: &CostAxis, losses: &ValueAxis) {
        let rank = |point: &Point| u8::from(point.is_within) + 2 * u8::from(point.is_efficient);
        let mut places: BTreeMap<(i64, i64), u8> = BTreeMap::new();
        for point in &self.points {
            let known = places.entry((point.cost, point.losses)).or_default();
            *known = (*known).max(rank(point));
        }
        for drawn in [0, 1, 3] {
            let (colour, radius): (Rgb, f64) = match drawn {
                0 => (REST, 3.5),
                1 => (ALERT, 4.0),
                _ => (BALANCE, 6.0),
            };
            for ((cost, lost), _) in places.iter().filter(|(_, rank)| **rank == drawn) {
                let centre = (costs.x(i128::from(*cost)), losses.y(i128::from(*lost)));
                canvas.push(Shape::Disc {
                    centre,
                    radius: radius + 1.0,
                    colour: PAPER,
                });
                canvas.push(Shape::Disc {
                    centre,
                    radius,
                    colour,
                });
            }
        }
    }

    /// The efficient runs, from the cheapest: what is chosen, what it costs and loses.
    fn names(&self, canvas: &mut Canvas, right: f64) {
        let mut efficient: Vec<&Point> = self
            .points
            .iter()
            .filter(|point| point.is_efficient)
            .collect();
        efficient.sort_by_key(|point| (point.cost, point.losses));
        efficient.dedup_by_key(|point| (point.cost, point.losses));
        let area = Area {
            left: right + 28.0,
            top: TOP,
            right: WIDTH - MARGIN,
            bottom: HEIGHT,
        };
        let mut y = area.top + 8.0;
        for point in efficient.iter().take(NAMED) {
            let label = Lettering::STRONG.fit(&point.label, area.right - area.left);
            canvas.place_text(
                area.left,
                y,
                &label,
                Lettering::STRONG.colour(BALANCE),
                Anchor::Start,
            );
            let cost = exact(i128::from(point.cost), self.currency.digits);
            let text = format!("{} {cost}, {} lost", self.currency.code, point.losses);
            canvas.place_text(area.left, y + 17.0, &text, Lettering::LABEL, Anchor::Start);
            y += 41.0;
        }
        if efficient.len() > NAMED {
            let more = format!("and {} more", efficient.len() - NAMED);
            canvas.place_text(area.left, y, &more, Lettering::QUIET, Anchor::Start);
        }
    }
}
