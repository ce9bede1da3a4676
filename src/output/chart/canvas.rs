//! What a chart is made of before it is a picture: a list of shapes at positions in CSS pixels.
//! Never knows money, dates or file formats, and cannot fail.

use super::font::{Face, Weight};
use super::palette::{INK, MUTED, PAPER, Rgb};
use crate::input::shown::Shown;

/// The width of every chart.
pub(super) const WIDTH: f64 = 1200.0;
/// Device pixels (PNG) or user units (SVG) for each CSS pixel.
pub(super) const SCALE: f64 = 2.0;

/// Whether a backend took a shape.
pub(super) type Painted = Result<(), Box<dyn std::error::Error>>;

/// Which point of a text its position names.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    /// Its left end.
    Start,
    /// The middle of its width.
    Middle,
    /// Its right end.
    End,
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lettering {
    /// Its em in CSS pixels, and its weight.
    pub(super) face: Face,
    /// The ink.
    pub(super) colour: Rgb,
}

/// The title of a chart.
pub(super) const TITLE: Lettering = Lettering::new(23.0, Weight::Bold, INK);
/// The line below the title, and the word for no data.
pub(super) const SUBTITLE: Lettering = Lettering::new(15.0, Weight::Regular, MUTED);
/// Names of things.
pub(super) const LABEL: Lettering = Lettering::new(13.0, Weight::Regular, INK);
/// Figures that matter.
pub(super) const STRONG: Lettering = Lettering::new(13.0, Weight::Bold, INK);
/// Axis labels and notes.
pub(super) const QUIET: Lettering = Lettering::new(13.0, Weight::Regular, MUTED);

impl Lettering {
    const fn new(size: f64, weight: Weight, colour: Rgb) -> Self {
        let face = Face { size, weight };
        Self { face, colour }
    }

    /// The same type in another colour.
    pub(super) const fn colour(self, colour: Rgb) -> Self {
        Self { colour, ..self }
    }

    /// The width of a text of this type, in CSS pixels.
    pub(super) fn width(self, text: &str) -> f64 {
        self.face.width(text)
    }

    /// The text, cut to a width in CSS pixels.
    pub(super) fn fit(self, text: &str, room: f64) -> String {
        self.face.fit(text, room)
    }
}

/// A place; `y` grows downwards.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// An upright rectangle; `y` grows downwards.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    /// The x of its left side.
    pub(super) left: f64,
    /// The y of its upper side.
    pub(super) top: f64,
    /// The x of its right side.
    pub(super) right: f64,
    /// The y of its lower side.
    pub(super) bottom: f64,
}

/// One thing to draw, over all things before it.
#[derive(Debug)]
pub(super) enum Shape {
    /// A filled rectangle.
    Fill(Area, Rgb),
    /// Columns that touch each other from left to right, of one colour.
    Columns(Vec<Area>, Rgb),
    /// A line of horizontal and vertical parts only.
    Steps {
        points: Vec<Spot>,
        thickness: f64,
        colour: Rgb,
    },
    /// A filled polygon, its last corner joined to the first.
    Polygon(Vec<Spot>, Rgb),
    /// A filled circle.
    Disc {
        centre: Spot,
        radius: f64,
        colour: Rgb,
    },
    /// One line of text.
    Text {
        /// What the anchor names, on the base line.
        at: Spot,
        text: Shown,
        style: Lettering,
        anchor: Anchor,
    },
}

/// The shapes of one chart, in the order in which they are drawn.
#[derive(Debug)]
pub(in crate::output) struct Canvas {
    height: f64,
    shapes: Vec<Shape>,
}

impl Canvas {
    /// An empty white canvas of the common width.
    pub(super) fn new(height: f64) -> Self {
        Self {
            height,
            shapes: Vec::new(),
        }
    }

    /// All shapes, in the order in which they are drawn.
    pub(super) fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// Width and height in CSS pixels.
    pub(super) fn size(&self) -> (u32, u32) {
        (WIDTH as u32, self.height.ceil() as u32)
    }

    /// Width and height in device pixels.
    pub(super) fn device_size(&self) -> (u32, u32) {
        let (width, height) = self.size();
        (width * SCALE as u32, height * SCALE as u32)
    }

    /// Adds a shape over all before it.
    pub(super) fn push(&mut self, shape: Shape) {
        self.shapes.push(shape);
    }

    /// A rectangle filled with a colour; one without any width or height is not there.
    pub(super) fn fill(&mut self, left: f64, top: f64, right: f64, bottom: f64, colour: Rgb) {
        if right <= left || bottom <= top {
            return;
        }
        let area = Area {
            left,
            top,
            right,
            bottom,
        };
        self.push(Shape::Fill(area, colour));
    }

    /// A horizontal line, one CSS pixel thick, on whole pixels.
    pub(super) fn rule(&mut self, left: f64, right: f64, y: f64, colour: Rgb) {
        let top = (y - 0.5).round();
        self.fill(left, top, right, top + 1.0, colour);
    }

    /// A vertical line, one CSS pixel thick, on whole pixels.
    pub(super) fn post(&mut self, x: f64, top: f64, bottom: f64, colour: Rgb) {
        let left = (x - 0.5).round();
        self.fill(left, top, left + 1.0, bottom, colour);
    }

    /// A dashed horizontal line.
    pub(super) fn dashes(&mut self, left: f64, right: f64, y: f64, colour: Rgb) {
        let mut x = left;
        while x < right {
            self.fill(x, y - 0.75, (x + 7.0).min(right), y + 0.75, colour);
            x += 11.0;
        }
    }

    /// A text in one line from `x` on, made fit to be shown: pictures take no other.
    pub(super) fn write(&mut self, x: f64, baseline: f64, text: &str, style: Lettering) {
        self.place(Spot { x, y: baseline }, text, style, Anchor::Start);
    }

    /// The same around `x`.
    pub(super) fn write_centred(&mut self, x: f64, baseline: f64, text: &str, style: Lettering) {
        self.place(Spot { x, y: baseline }, text, style, Anchor::Middle);
    }

    /// The same up to `x`.
    pub(super) fn write_left_of(&mut self, x: f64, baseline: f64, text: &str, style: Lettering) {
        self.place(Spot { x, y: baseline }, text, style, Anchor::End);
    }

    fn place(&mut self, at: Spot, text: &str, style: Lettering, anchor: Anchor) {
        let text = Shown::visible(text);
        self.push(Shape::Text {
            at,
            text,
            style,
            anchor,
        });
    }

    /// A figure on a piece of paper that hides the lines behind it, as near to `x` as it can be inside an area.
    pub(super) fn tag(&mut self, x: f64, baseline: f64, text: &str, area: Area) {
        const PADDING: f64 = 6.0;
        let (style, size) = (STRONG, STRONG.face.size);
        let (least, most) = (area.left + 2.0, area.right - 2.0);
        let width = style.width(text) + 2.0 * PADDING;
        let left = (x - width / 2.0).min(most - width).max(least);
        let (top, bottom) = (baseline - size * 1.1, baseline + size * 0.45);
        self.fill(left, top, left + width, bottom, PAPER);
        // A viewer's font may be wider: at the right bound the text grows to the left.
        if left + width >= most {
            self.write_left_of(left + width - PADDING, baseline, text, style);
        } else {
            self.write(left + PADDING, baseline, text, style);
        }
    }

    /// A disc with a rim of paper.
    pub(super) fn dot(&mut self, centre: Spot, rim: f64, radius: f64, ink: Rgb) {
        for (radius, colour) in [(rim, PAPER), (radius, ink)] {
            self.push(Shape::Disc {
                centre,
                radius,
                colour,
            });
        }
    }
}

/// A position on the grid of device pixels.
pub(super) fn device(position: f64) -> i32 {
    (position * SCALE).round() as i32
}

/// A place on the grid of device pixels.
pub(super) fn on_grid(spot: Spot) -> (i32, i32) {
    (device(spot.x), device(spot.y))
}
