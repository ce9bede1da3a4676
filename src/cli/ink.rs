//! Styles of the terminal. While a text is put together, a style is a character that no text for people has; only
//! [`terminal`] turns it into an escape sequence, and nothing else ever becomes one.

use std::{env, fmt};

use anstyle::{AnsiColor, Style};

use crate::input::shown::{Shown, is_setting_apart};

/// A style, as the mark that begins it; `{:#}` ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ink(char);

pub(super) const HEAD: Ink = Ink('\u{FDD1}');
pub(super) const BAD: Ink = Ink('\u{FDD2}');
pub(super) const ERROR: Ink = Ink('\u{FDD3}');
pub(super) const WARNING: Ink = Ink('\u{FDD4}');
pub(super) const FRAME: Ink = Ink('\u{FDD5}');
pub(super) const FAINT: Ink = Ink('\u{FDD6}');
/// Ends a style.
const END: char = '\u{FDD0}';

impl fmt::Display for Ink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", if f.alternate() { END } else { self.0 })
    }
}

impl Ink {
    fn style(self) -> Option<Style> {
        Some(match self {
            HEAD => Style::new().bold(),
            BAD => AnsiColor::Red.on_default(),
            ERROR => AnsiColor::Red.on_default().bold(),
            WARNING => AnsiColor::Yellow.on_default().bold(),
            FRAME => AnsiColor::Blue.on_default().bold(),
            FAINT => Style::new().dimmed(),
            _ => return None,
        })
    }
}

/// What the terminal gets: lines whose characters can all be seen, and escape sequences for the marks of styles alone.
pub(super) fn terminal(text: &str) -> String {
    let lines = text.split('\n').map(inked).collect::<Vec<_>>().join("\n");
    // Terminals that keep every text in its order draw what sets words apart, or lose the rest of the line.
    if orders_words() {
        lines
    } else {
        lines.replace(is_setting_apart, "")
    }
}

/// Whether the terminal is known to turn words that are written from right to left.
fn orders_words() -> bool {
    ["VTE_VERSION", "KONSOLE_VERSION"]
        .iter()
        .any(|name| env::var_os(name).is_some())
}

/// A text as one line: what would end it is a dot.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for (piece, mark) in pieces(text) {
        line.push_str(Shown::line(piece).as_str());
        line.extend(mark);
    }
    line
}

/// The pieces of a text, each with the mark that ends it.
fn pieces(text: &str) -> impl Iterator<Item = (&str, Option<char>)> {
    text.split_inclusive(is_mark).map(|piece| {
        let mark = piece.chars().next_back().filter(|c| is_mark(*c));
        (&piece[..piece.len() - mark.map_or(0, char::len_utf8)], mark)
    })
}

fn is_mark(c: char) -> bool {
    c == END || Ink(c).style().is_some()
}

/// A line with its styles, which end where it ends.
fn inked(line: &str) -> String {
    let mut inked = String::with_capacity(line.len());
    let mut now: Option<Style> = None;
    for (piece, mark) in pieces(line).chain([("", Some(END))]) {
        inked.push_str(Shown::line(piece).as_str());
        let Some(mark) = mark else {
            continue;
        };
        let next = Ink(mark).style();
        if let Some(style) = std::mem::replace(&mut now, next) {
            inked.push_str(&format!("{style:#}"));
        }
        inked.extend(next.map(|style| style.to_string()));
    }
    inked
}
