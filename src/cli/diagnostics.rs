//! Diagnostics for people: code, sentence, place, marked source line, help. Colours are taken out where none are wanted.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const FRAME: Style = AnsiColor::Blue.on_default().bold();
const BOLD: Style = Style::new().bold();

/// All of them, and how many there are.
pub(super) fn render(diagnostics: &Diagnostics) -> String {
    let mut text: String = diagnostics.iter().map(|one| one_of(one) + "\n").collect();
    if diagnostics.omitted() > 0 {
        let _ = writeln!(text, "… and {} more", diagnostics.omitted());
    }
    let (errors, warnings) = (diagnostics.errors(), diagnostics.warnings());
    text + &format!("{}, {}", counted(errors, "error"), counted(warnings, "warning"))
}

/// A failure without a place in a file.
pub(super) fn plain(message: &str, help: &str) -> String {
    let (message, help) = (visible(message), visible(help));
    format!("{ERROR}error{ERROR:#}{BOLD}: {message}{BOLD:#}\n  {FRAME}={FRAME:#} help: {help}")
}

fn one_of(one: &Diagnostic) -> String {
    let (style, word) = match one.code.severity() {
        Severity::Error => (ERROR, "error"),
        Severity::Warning => (WARNING, "warning"),
    };
    let place = &one.place;
    let file = visible(&place.file);
    let mut text = format!("{style}{word}[{}]{style:#}{BOLD}: {}{BOLD:#}\n", one.code.as_str(), visible(&one.message));
    let gutter = " ".repeat(place.line.to_string().len());
    if place.source.is_empty() {
        let _ = writeln!(text, "{gutter}{FRAME}-->{FRAME:#} {file}");
    } else {
        let before: String = place.source.chars().take(place.mark.start).collect();
        let marked: String = place.source.chars().skip(place.mark.start).take(place.mark.len()).collect();
        let carets = "^".repeat(width(&marked).max(1));
        let _ = writeln!(text, "{gutter}{FRAME}-->{FRAME:#} {file}:{}:{}", place.line, place.column);
        let _ = writeln!(text, "{gutter} {FRAME}|{FRAME:#}");
        let _ = writeln!(text, "{FRAME}{} |{FRAME:#} {}", place.line, visible(&place.source));
        let _ = writeln!(text, "{gutter} {FRAME}|{FRAME:#} {}{style}{carets}{style:#}", " ".repeat(width(&before)));
    }
    let _ = writeln!(text, "{gutter} {FRAME}={FRAME:#} help: {}", visible(&one.help));
    text
}

/// Text for a terminal in which every character can be seen: those that turn the direction of text, break the line,
/// command the terminal, or have no width are shown as dots.
pub(super) fn visible(text: &str) -> String {
    text.chars().map(|c| if is_visible(c) { c } else { '·' }).collect()
}

fn is_visible(c: char) -> bool {
    const BLANK: &[char] =
        &['\u{ad}', '\u{61c}', '\u{115f}', '\u{1160}', '\u{2028}', '\u{2029}', '\u{2800}', '\u{3164}'];
    c.width().is_some_and(|width| width > 0) && !BLANK.contains(&c)
}

fn width(text: &str) -> usize {
    visible(text).width()
}

/// "1 error", "2 errors".
pub(super) fn counted(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}
