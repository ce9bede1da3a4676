//! Foreign texts as people see them: ids, names, tags, notes, paths and arguments, which anybody may have written.
//!
//! Two things are promised of what is shown. Every character of it can be seen, so that no text commands a terminal,
//! breaks a line or a file format, or hides. And no text turns round what stands beside it: words that are written from
//! right to left are set apart, so that an amount beside them keeps its digits in order. Files of data keep the exact
//! bytes; nothing here is for them.
//!
//! Rule **shown-texts** of docs/spec.

use std::fmt;

use unicode_normalization::char::is_combining_mark;
use unicode_width::UnicodeWidthChar;

/// Stands for a character that cannot be seen.
const UNSEEN: char = '·';
/// First strong isolate and pop directional isolate: what is between them does not reach what is around them.
const APART: char = '\u{2068}';
const AGAIN: char = '\u{2069}';
/// The most marks on one letter: more would be drawn over other lines.
const MARKS: usize = 3;

/// A text that has been made fit to be shown. Outputs for people take nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shown(String);

impl Shown {
    /// The text, fit to stand in a line with others.
    pub fn visible(text: &str) -> Self {
        if is_plain(text) {
            Self(text.to_owned())
        } else {
            Self(apart(&seen(text)))
        }
    }

    /// The text, fit to stand alone, as in a cell: nothing has to be set apart.
    pub fn alone(text: &str) -> Self {
        if is_plain(text) {
            Self(text.to_owned())
        } else {
            Self(seen(text).into_iter().collect())
        }
    }

    /// A line in which texts that were shown stand already: what was set apart stays so, everything else is made fit.
    pub fn line(text: &str) -> Self {
        if is_plain(text) {
            return Self(text.to_owned());
        }
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, inner, after)) = next_apart(rest) {
            shown.push_str(&Self::visible(before).0);
            shown.extend([APART].into_iter().chain(seen(inner)).chain([AGAIN]));
            rest = after;
        }
        shown.push_str(&Self::visible(rest).0);
        Self(shown)
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The characters.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Whether a character only says where a text is set apart, and is not drawn.
pub fn is_setting_apart(c: char) -> bool {
    matches!(c, APART | AGAIN)
}

/// Whether a character is drawn, by itself.
pub fn is_seen(c: char) -> bool {
    /// They have a width, but nothing in it, or nothing that is for texts.
    const BLANK: &[char] = &[
        '\u{ad}', '\u{61c}', '\u{115f}', '\u{1160}', '\u{2028}', '\u{2029}', '\u{2800}',
        '\u{3164}', '\u{ffa0}',
    ];
    let is_no_character =
        matches!(u32::from(c), 0xFDD0..=0xFDEF) || u32::from(c) & 0xFFFE == 0xFFFE;
    c.width().is_some_and(|width| width > 0)
        && !BLANK.contains(&c)
        && !is_no_character
        && !is_combining_mark(c)
}

/// What most texts are: nothing has to be done for them.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// The characters, with dots for those that cannot be seen. Marks are seen on the letter before them.
fn seen(text: &str) -> Vec<char> {
    let mut marks = MARKS;
    let shown = |c: char| {
        let is_mark = is_combining_mark(c) && !is_never_drawn(c) && marks < MARKS;
        marks = if is_mark { marks + 1 } else { MARKS };
        if is_mark {
            return c;
        }
        if !is_seen(c) {
            return UNSEEN;
        }
        if c.is_alphanumeric() {
            marks = 0;
        }
        c
    };
    text.chars().map(shown).collect()
}

/// Marks that no font draws: joiners, selectors of variants, vowels that are only thought.
fn is_never_drawn(c: char) -> bool {
    matches!(u32::from(c), 0x34F | 0x17B4 | 0x17B5 | 0x180B..=0x180F | 0xFE00..=0xFE0F | 0xE0100..=0xE01EF)
}

/// Whether a character may turn what stands beside it: it is in a block of scripts that are written from right to left.
fn is_right_to_left(c: char) -> bool {
    let blocks = [
        0x590..=0x8FF,
        0xFB1D..=0xFDFF,
        0xFE70..=0xFEFF,
        0x1_0800..=0x1_0FFF,
        0x1_E800..=0x1_EFFF,
    ];
    blocks.iter().any(|block| block.contains(&u32::from(c)))
}

/// The characters, with the words from right to left set apart. Digits and signs between two such words stay outside, in
/// the order in which they are read.
fn apart(characters: &[char]) -> String {
    let mut shown = String::with_capacity(characters.len());
    let mut rest = characters;
    while let Some(&first) = rest.first() {
        let length = right_to_left(rest);
        if length == 0 {
            shown.push(first);
            rest = &rest[1..];
        } else {
            let (words, after) = rest.split_at(length);
            shown.extend(
                [APART]
                    .into_iter()
                    .chain(words.iter().copied())
                    .chain([AGAIN]),
            );
            rest = after;
        }
    }
    shown
}

/// How many characters from the first on are words from right to left, with marks in them and blanks between them.
fn right_to_left(characters: &[char]) -> usize {
    let mut length = 0;
    for (at, &c) in characters.iter().enumerate() {
        if is_right_to_left(c) || (length > 0 && length == at && is_combining_mark(c)) {
            length = at + 1;
        } else if c != ' ' || length == 0 {
            break;
        }
    }
    length
}

/// What stands before the first part that is set apart, the part, and what stands behind it.
fn next_apart(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(APART)?;
    let (inner, after) = rest.split_once(AGAIN)?;
    (!inner.contains(APART)).then_some((before, inner, after))
}
