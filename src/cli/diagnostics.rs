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
    format!("{ERROR}error{ERROR:#}{BOLD}: {message}{BOLD:#}\n  {FRAME}={FRAME:#} help: {help}")
}

fn one_of(one: &Diagnostic) -> String {
    let (style, word) = match one.code.severity() {
        Severity::Error => (ERROR, "error"),
        Severity::Warning => (WARNING, "warning"),
    };
    let place = &one.place;
    let mut text = format!("{style}{word}[{}]{style:#}{BOLD}: {}{BOLD:#}\n", one.code.as_str(), one.message);
    let gutter = " ".repeat(place.line.to_string().len());
    if place.source.is_empty() {
        let _ = writeln!(text, "{gutter}{FRAME}-->{FRAME:#} {}", place.file);
    } else {
        let before: String = place.source.chars().take(place.mark.start).collect();
        let marked: String = place.source.chars().skip(place.mark.start).take(place.mark.len()).collect();
        let carets = "^".repeat(width(&marked).max(1));
        let _ = writeln!(text, "{gutter}{FRAME}-->{FRAME:#} {}:{}:{}", place.file, place.line, place.column);
        let _ = writeln!(text, "{gutter} {FRAME}|{FRAME:#}");
        let _ = writeln!(text, "{FRAME}{} |{FRAME:#} {}", place.line, visible(&place.source));
        let _ = writeln!(text, "{gutter} {FRAME}|{FRAME:#} {}{style}{carets}{style:#}", " ".repeat(width(&before)));
    }
    let _ = writeln!(text, "{gutter} {FRAME}={FRAME:#} help: {}", one.help);
    text
}

/// Characters that turn the direction of text, or have no width, are shown as dots: a source line must read as written.
fn visible(source: &str) -> String {
    source.chars().map(|c| if c.width().is_some_and(|width| width > 0) { c } else { '·' }).collect()
}

fn width(text: &str) -> usize {
    visible(text).width()
}

/// "1 error", "2 errors".
pub(super) fn counted(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}
