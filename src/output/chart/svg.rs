//! Shapes as SVG, written by plotters. Never decides where anything goes.

use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, RGBColor, ShapeStyle, TextStyle};

use super::ChartError;
use super::canvas::{Anchor, Area, Canvas, Lettering, Painted, SCALE, Shape, Spot, on_grid};
use super::font::{CSS_FAMILIES, Weight};
use super::palette::{PAPER, Rgb};

/// plotters writes a font size divided by this.
const PLOTTERS_FONT_RATIO: f64 = 1.24;
/// plotters hangs a text whose position is its top this far below it, in ems.
const PLOTTERS_TOP_TO_BASELINE: f64 = 0.76;

/// The picture as an SVG document. It is drawn on a grid of half CSS pixels and shown at its size in CSS pixels.
pub(super) fn encode(canvas: &Canvas) -> Result<Vec<u8>, ChartError> {
    let (width, height) = canvas.device_size();
    let mut document = String::new();
    let mut backend = SVGBackend::with_string(&mut document, (width, height));
    paint(&mut backend, canvas).map_err(|error| ChartError::Draw(error.to_string()))?;
    drop(backend);

    let drawn = format!(r#"width="{width}" height="{height}""#);
    let (width, height) = canvas.size();
    let shown = format!(r#"width="{width}" height="{height}""#);
    Ok(document.replacen(&drawn, &shown, 1).into_bytes())
}

fn paint(backend: &mut SVGBackend, canvas: &Canvas) -> Painted {
    let (width, height) = canvas.device_size();
    let corner = (width.cast_signed(), height.cast_signed());
    backend.draw_rect((0, 0), corner, &plain(PAPER), true)?;
    for shape in canvas.shapes() {
        paint_shape(backend, shape)?;
    }
    Ok(backend.present()?)
}

fn paint_shape(backend: &mut SVGBackend, shape: &Shape) -> Painted {
    match shape {
        Shape::Fill(area, colour) => {
            let [from, to] = corners(area).map(on_grid);
            backend.draw_rect(from, to, &plain(*colour), true)?;
        }
        Shape::Columns(columns, colour) => {
            backend.fill_polygon(outline(columns), &plain(*colour))?;
        }
        Shape::Steps {
            points,
            thickness,
            colour,
        } => {
            let style = plain(*colour).stroke_width((thickness * SCALE).round() as u32);
            backend.draw_path(points.iter().copied().map(on_grid), &style)?;
        }
        Shape::Polygon(points, colour) => {
            backend.fill_polygon(points.iter().copied().map(on_grid), &plain(*colour))?;
        }
        Shape::Disc {
            centre,
            radius,
            colour,
        } => {
            let radius = (radius * SCALE).round() as u32;
            backend.draw_circle(on_grid(*centre), radius, &plain(*colour), true)?;
        }
        Shape::Text {
            at,
            text,
            style,
            anchor,
        } => {
            let y = at.y - style.face.size * PLOTTERS_TOP_TO_BASELINE;
            let style = type_style(*style, *anchor);
            backend.draw_text(text.as_str(), &style, on_grid(Spot { y, ..*at }))?;
        }
    }
    Ok(())
}

fn plain(Rgb(red, green, blue): Rgb) -> ShapeStyle {
    RGBColor(red, green, blue).filled()
}

fn corners(area: &Area) -> [Spot; 2] {
    let Area {
        left,
        top,
        right,
        bottom,
    } = *area;
    [
        Spot { x: left, y: top },
        Spot {
            x: right,
            y: bottom,
        },
    ]
}

/// One outline for all columns, so that no seam shows between them: along the tops, and back along the bottoms.
fn outline(columns: &[Area]) -> Vec<(i32, i32)> {
    let tops = columns.iter().map(|area| (area.left, area.right, area.top));
    let bottoms = columns.iter().rev();
    let bottoms = bottoms.map(|area| (area.right, area.left, area.bottom));
    tops.chain(bottoms)
        .flat_map(|(from, to, y)| [Spot { x: from, y }, Spot { x: to, y }])
        .map(on_grid)
        .collect()
}

fn type_style(style: Lettering, anchor: Anchor) -> TextStyle<'static> {
    let weight = match style.face.weight {
        Weight::Regular => FontStyle::Normal,
        Weight::Bold => FontStyle::Bold,
    };
    let side = match anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    let Rgb(red, green, blue) = style.colour;
    let size = style.face.size * SCALE * PLOTTERS_FONT_RATIO;
    let font = FontDesc::new(FontFamily::Name(CSS_FAMILIES), size, weight);
    TextStyle {
        font,
        color: RGBColor(red, green, blue).to_backend_color(),
        pos: Pos::new(side, VPos::Top),
    }
}
