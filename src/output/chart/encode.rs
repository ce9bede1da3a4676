//! A canvas as the bytes of a file: which format is whose work. Never draws.

use super::canvas::Canvas;
use super::{ChartError, Format, png, svg};

/// The bytes of the picture.
pub(super) fn encode(canvas: &Canvas, format: Format) -> Result<Vec<u8>, ChartError> {
    match format {
        Format::Svg => svg::encode(canvas),
        Format::Png => png::encode(canvas),
    }
}
