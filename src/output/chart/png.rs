//! Shapes as PNG: plotters fills them, the embedded fonts give the text. Never decides where anything goes.
//!
//! A chart has few colours, so the file holds a list of them and one byte for each pixel: a third of the size of RGB.

use std::cell::RefCell;

use plotters::backend::{BitMapBackend, DrawingBackend};
use plotters::style::{Color, RGBColor};
use png::{BitDepth, ColorType, Compression, Encoder, Filter, PixelDimensions, Unit};

use super::ChartError;
use super::canvas::{
    Anchor, Area, Canvas, Lettering, Painted, SCALE, Shape, Spot, device, on_grid,
};
use super::font::Face;
use super::palette::Rgb;

/// Device pixels for a metre of paper: 96 CSS pixels to the inch.
const PIXELS_PER_METRE: u32 = (96.0 * SCALE / 0.0254) as u32;

thread_local! {
    /// Room for the pixels of a picture. To ask the system for megabytes anew for each takes longer than to draw it.
    static PIXELS: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The picture as a PNG file.
pub(super) fn encode(canvas: &Canvas) -> Result<Vec<u8>, ChartError> {
    PIXELS.with_borrow_mut(|pixels| paint(canvas, pixels))
}

fn paint(canvas: &Canvas, pixels: &mut Vec<u8>) -> Result<Vec<u8>, ChartError> {
    let (width, height) = canvas.device_size();
    pixels.clear();
    pixels.resize(3 * width as usize * height as usize, 0xFF);
    let mut backend = BitMapBackend::with_buffer(pixels, (width, height));
    for shape in canvas.shapes() {
        paint_shape(&mut backend, shape).map_err(|error| ChartError::Draw(error.to_string()))?;
    }
    drop(backend);
    encode_png(&Indexed::new(pixels, width as usize), width, height)
}

fn encode_png(picture: &Indexed, width: u32, height: u32) -> Result<Vec<u8>, ChartError> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width, height);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(picture.colours.concat());
    encoder.set_compression(Compression::Fast);
    encoder.set_filter(Filter::Up);
    encoder.set_pixel_dims(Some(PixelDimensions {
        xppu: PIXELS_PER_METRE,
        yppu: PIXELS_PER_METRE,
        unit: Unit::Meter,
    }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&picture.pixels)?;
    writer.finish()?;
    Ok(file)
}

/// A picture as a list of at most 256 colours and, for each pixel, a place in it.
struct Indexed {
    colours: Vec<[u8; 3]>,
    pixels: Vec<u8>,
}

impl Indexed {
    /// Colours in the order of their first pixels. Those beyond the 256th, which only shades at the edges of many
    /// coloured texts could be, become the nearest one. Most rows of a chart are like the one above them.
    fn new(rgb: &[u8], width: usize) -> Self {
        let mut picture = Self {
            colours: vec![[0xFF; 3]],
            pixels: Vec::with_capacity(rgb.len() / 3),
        };
        let mut above: &[[u8; 3]] = &[];
        for row in rgb.as_chunks().0.chunks(width) {
            if row == above {
                let start = picture.pixels.len() - width;
                picture.pixels.extend_from_within(start..);
            } else {
                picture.index_row(row);
            }
            above = row;
        }
        picture
    }

    fn index_row(&mut self, mut row: &[[u8; 3]]) {
        while let Some(colour) = row.first() {
            let (run, others) = row.split_at(length_of_run(*colour, row));
            let place = place_of(*colour, &mut self.colours);
            self.pixels.resize(self.pixels.len() + run.len(), place);
            row = others;
        }
    }
}

/// The pixels that are compared at once.
const STRIDE: usize = 32;

/// How many pixels from the first on have this colour: most of a chart is paper.
fn length_of_run(colour: [u8; 3], pixels: &[[u8; 3]]) -> usize {
    let (strides, _) = pixels.as_chunks::<STRIDE>();
    let one_colour = [colour; STRIDE];
    let strides = strides.iter();
    let whole = STRIDE * strides.take_while(|stride| **stride == one_colour).count();
    let rest = pixels[whole..].iter();
    whole + rest.take_while(|pixel| **pixel == colour).count()
}

/// The place of a colour in the list, at whose end a new one is added while there is room.
fn place_of(colour: [u8; 3], colours: &mut Vec<[u8; 3]>) -> u8 {
    let known = colours.iter().position(|&other| other == colour);
    if let Ok(place) = u8::try_from(known.unwrap_or(colours.len())) {
        if known.is_none() {
            colours.push(colour);
        }
        return place;
    }
    let nearest = (0..=u8::MAX).min_by_key(|place| distance(colour, colours[usize::from(*place)]));
    nearest.expect("there is a first place")
}

/// The square of the distance of two colours.
fn distance(one: [u8; 3], other: [u8; 3]) -> u32 {
    let channels = one.into_iter().zip(other);
    channels.map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
}

/// Shades between paper and ink at the edges of a text; more are not seen, and would be more colours.
const SHADES: f32 = 15.0;

fn paint_shape(backend: &mut BitMapBackend, shape: &Shape) -> Painted {
    match shape {
        Shape::Fill(area, colour) => fill(backend, *area, *colour),
        Shape::Columns(columns, colour) => columns
            .iter()
            .try_for_each(|column| fill(backend, *column, *colour)),
        Shape::Steps {
            points,
            thickness,
            colour,
        } => points
            .windows(2)
            .map(|pair| stroke(pair[0], pair[1], *thickness))
            .try_for_each(|part| fill(backend, part, *colour)),
        Shape::Polygon(points, colour) => {
            let points = points.iter().copied().map(on_grid);
            Ok(backend.fill_polygon(points, &rgb(*colour))?)
        }
        Shape::Disc {
            centre,
            radius,
            colour,
        } => {
            let radius = (radius * SCALE).round() as u32;
            Ok(backend.draw_circle(on_grid(*centre), radius, &rgb(*colour).filled(), true)?)
        }
        Shape::Text {
            at,
            text,
            style,
            anchor,
        } => write_text(backend, *at, text.as_str(), *style, *anchor),
    }
}

fn rgb(Rgb(red, green, blue): Rgb) -> RGBColor {
    RGBColor(red, green, blue)
}

fn fill(backend: &mut BitMapBackend, area: Area, colour: Rgb) -> Painted {
    let from = (device(area.left), device(area.top));
    let to = (device(area.right), device(area.bottom));
    Ok(backend.draw_rect(from, to, &rgb(colour), true)?)
}

/// The rectangle of a horizontal or vertical line, with square ends that close the corners.
fn stroke(from: Spot, to: Spot, thickness: f64) -> Area {
    let half = thickness / 2.0;
    Area {
        left: from.x.min(to.x) - half,
        top: from.y.min(to.y) - half,
        right: from.x.max(to.x) + half,
        bottom: from.y.max(to.y) + half,
    }
}

fn write_text(
    backend: &mut BitMapBackend,
    at: Spot,
    text: &str,
    style: Lettering,
    anchor: Anchor,
) -> Painted {
    let left = match anchor {
        Anchor::Start => at.x,
        Anchor::Middle => at.x - style.width(text) / 2.0,
        Anchor::End => at.x - style.width(text),
    };
    let face = Face {
        size: style.face.size * SCALE,
        ..style.face
    };
    let (x, baseline) = ((left * SCALE) as f32, device(at.y) as f32);
    let ink = rgb(style.colour);
    let mut painted = Ok(());
    face.draw(text, x, baseline, |column, row, coverage| {
        let opacity = f64::from((coverage * SHADES).round() / SHADES);
        let pixel = ink.mix(opacity).to_backend_color();
        if let Err(error) = backend.draw_pixel((column, row), pixel) {
            painted = Err(error.into());
        }
    });
    painted
}
