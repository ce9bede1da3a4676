//! What a chart is made of before it is a picture: a list of shapes at positions in CSS pixels.
//! Never knows money, dates or file formats, and cannot fail.

use super::font::{self, Weight};
use super::palette::{INK, MUTED, PAPER, Rgb};
use crate::input::shown::Shown;

/// The width of every chart.
pub(super) const WIDTH: f64 = 1200.0;
/// Device pixels (PNG) or user units (SVG) for each CSS pixel.
pub(super) const SCALE: f64 = 2.0;

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
    /// The em in CSS pixels.
    pub(super) size: f64,
    /// Regular or bold.
    pub(super) weight: Weight,
    /// The ink.
    pub(super) colour: Rgb,
}

impl Lettering {
    /// The title of a chart.
    pub(super) const TITLE: Self = Self::new(23.0, Weight::Bold, INK);
    /// The line below the title, and the word for no data.
    pub(super) const SUBTITLE: Self = Self::new(15.0, Weight::Regular, MUTED);
    /// Names of things.
    pub(super) const LABEL: Self = Self::new(13.0, Weight::Regular, INK);
    /// Figures that matter.
    pub(super) const STRONG: Self = Self::new(13.0, Weight::Bold, INK);
    /// Axis labels and notes.
    pub(super) const QUIET: Self = Self::new(13.0, Weight::Regular, MUTED);

    const fn new(size: f64, weight: Weight, colour: Rgb) -> Self {
        Self {
            size,
            weight,
            colour,
        }
    }

    /// The same type in another colour.
    pub(super) const fn colour(self, colour: Rgb) -> Self {
        Self { colour, ..self }
    }

    /// The width of a text of this type, in CSS pixels.
    pub(super) fn width(self, text: &str) -> f64 {
        font::width(text, self.size, self.weight)
    }

    /// The text, cut to a width in CSS pixels.
    pub(super) fn fit(self, text: &str, room: f64) -> String {
        font::fit(text, self.size, self.weight, room)
    }
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
        points: Vec<(f64, f64)>,
        thickness: f64,
        colour: Rgb,
    },
    /// A filled polygon, its last corner joined to the first.
    Polygon(Vec<(f64, f64)>, Rgb),
    /// A filled circle.
    Disc {
        centre: (f64, f64),
        radius: f64,
        colour: Rgb,
    },
    /// One line of text; see [`Canvas::place_text`].
    Text {
        x: f64,
        baseline: f64,
        text: Shown,
        style: Lettering,
        anchor: Anchor,
    },
}

/// The shapes of one chart, in the order in which they are drawn.
#[derive(Debug)]
pub(super) struct Canvas {
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

    /// A text in one line, made fit to be shown: pictures take no other.
    pub(super) fn place_text(
        &mut self,
        x: f64,
        baseline: f64,
        text: &str,
        style: Lettering,
        anchor: Anchor,
    ) {
        self.push(Shape::Text {
            x,
            baseline,
            text: Shown::visible(text),
            style,
            anchor,
        });
    }

    /// A text on a piece of paper that hides the lines behind it, as near to `x` as it can be between two bounds.
    pub(super) fn tag(
        &mut self,
        x: f64,
        baseline: f64,
        text: &str,
        style: Lettering,
        bounds: (f64, f64),
    ) {
        const PADDING: f64 = 6.0;
        let width = style.width(text) + 2.0 * PADDING;
        let left = (x - width / 2.0).min(bounds.1 - width).max(bounds.0);
        let (top, bottom) = (baseline - style.size * 1.1, baseline + style.size * 0.45);
        self.fill(left, top, left + width, bottom, PAPER);
        // A viewer's font may be wider: at the right bound the text grows to the left.
        if left + width >= bounds.1 {
            let right = left + width - PADDING;
            self.place_text(right, baseline, text, style, Anchor::End);
        } else {
            self.place_text(left + PADDING, baseline, text, style, Anchor::Start);
        }
    }
}

/// A position on the grid of device pixels.
pub(super) fn device(position: f64) -> i32 {
    (position * SCALE).round() as i32
}
