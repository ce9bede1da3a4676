//! The embedded fonts: how wide a text is, how much of it fits, and the coverage of its pixels.
//! Never asks the system for a font; a character that no embedded font has is drawn as a box.
//!
//! Glyphs are set here and not by plotters, which (0.3.7) moves every glyph to a whole pixel and drops its left bearing.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, GlyphId, PxScale, point};

use crate::input::shown::{Shown, is_setting_apart};

static REGULAR: LazyLock<FontRef<'static>> =
    LazyLock::new(|| parse(include_bytes!("fonts/NotoSans-Regular.ttf")));
static BOLD: LazyLock<FontRef<'static>> =
    LazyLock::new(|| parse(include_bytes!("fonts/NotoSans-Bold.ttf")));
static CHINESE: LazyLock<FontRef<'static>> =
    LazyLock::new(|| parse(include_bytes!("fonts/NotoSansSC-Regular.ttf")));

/// What a viewer of an SVG picture shall use, best first.
pub(super) const CSS_FAMILIES: &str = "Noto Sans, Noto Sans SC, Source Han Sans SC, PingFang SC, \
     Microsoft YaHei, Helvetica Neue, Arial, sans-serif";

/// The weight of a text; Chinese characters come in regular only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// For reading.
    Regular,
    /// For titles and figures.
    Bold,
}

fn parse(bytes: &'static [u8]) -> FontRef<'static> {
    FontRef::try_from_slice(bytes).expect("an embedded font is a valid font file")
}

/// The glyph of a character, from the Latin font if it has one, else from the Chinese one.
fn glyph(character: char, weight: Weight) -> (&'static FontRef<'static>, GlyphId) {
    let latin: &FontRef = match weight {
        Weight::Regular => &REGULAR,
        Weight::Bold => &BOLD,
    };
    let id = latin.glyph_id(character);
    if id != GlyphId(0) {
        return (latin, id);
    }
    match CHINESE.glyph_id(character) {
        GlyphId(0) => (latin, id),
        id => (&CHINESE, id),
    }
}

fn units_per_em(font: &FontRef) -> f32 {
    font.units_per_em()
        .expect("an embedded font names its units per em")
}

/// A font size (the em) and a weight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Face {
    /// The em, in the unit of all widths.
    pub(super) size: f64,
    /// Regular or bold.
    pub(super) weight: Weight,
}

impl Face {
    /// The width of a text as it is shown.
    pub(super) fn width(self, text: &str) -> f64 {
        let advances = text.chars().map(|c| self.advance_of(c));
        f64::from(advances.sum::<f32>())
    }

    fn advance_of(self, character: char) -> f32 {
        if is_setting_apart(character) {
            return 0.0;
        }
        let (font, id) = glyph(character, self.weight);
        font.h_advance_unscaled(id) / units_per_em(font) * self.size as f32
    }

    /// The text, or its beginning with an ellipsis where it is wider than `room`. What is cut keeps a reserve for viewers of
    /// SVG whose font is wider.
    pub(super) fn fit(self, text: &str, room: f64) -> String {
        let shown = Shown::alone(text);
        let text = shown.as_str();
        if self.width(text) <= room {
            return shown.into_string();
        }
        let mut left = room as f32 * 0.95 - self.advance_of('…');
        let fitting = text.chars().take_while(|&c| {
            left -= self.advance_of(c);
            left >= 0.0
        });
        let begin: String = fitting.collect();
        format!("{}…", begin.trim_end())
    }

    /// Calls `pixel` with column, row and coverage (0 to 1) for each pixel that the text touches; `x` is its left end.
    pub(super) fn draw(
        self,
        text: &str,
        x: f32,
        baseline: f32,
        mut pixel: impl FnMut(i32, i32, f32),
    ) {
        let mut pen = x;
        for character in text.chars().filter(|c| !is_setting_apart(*c)) {
            let (font, id) = glyph(character, self.weight);
            // ab_glyph scales by the height of a line, not by the em.
            let em = self.size as f32;
            let scale = PxScale::from(em * font.height_unscaled() / units_per_em(font));
            let placed = id.with_scale_and_position(scale, point(pen, baseline));
            if let Some(outline) = font.outline_glyph(placed) {
                let corner = outline.px_bounds().min;
                let (left, top) = (corner.x as i32, corner.y as i32);
                outline.draw(|column, row, coverage| {
                    pixel(left + column as i32, top + row as i32, coverage);
                });
            }
            pen += self.advance_of(character);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACE: Face = Face {
        size: 13.0,
        weight: Weight::Regular,
    };

    #[test]
    fn a_text_that_fits_is_whole_and_a_longer_one_ends_in_an_ellipsis() {
        assert_eq!(FACE.fit("web-01", 100.0), "web-01");
        let cut = FACE.fit(&"w".repeat(60), 100.0);
        assert!(cut.ends_with('…') && FACE.width(&cut) <= 100.0);
    }

    #[test]
    fn latin_and_chinese_characters_have_glyphs_and_others_a_box() {
        for known in [
            'A', 'ž', '€', '¥', '–', '…', '−', '→', '云', '器', '，', 'カ',
        ] {
            assert_ne!(glyph(known, Weight::Bold).1, GlyphId(0), "{known}");
        }
        assert_eq!(glyph('\u{1F600}', Weight::Regular).1, GlyphId(0));
        assert!(FACE.width("\u{1F600}") > 0.0);
    }
}
