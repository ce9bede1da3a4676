//! Diagnostics for people: code, sentence, place, marked source line, help. What is wrong was decided elsewhere.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::ink::{ERROR, FRAME, HEAD as BOLD, WARNING, one_line};
use super::words::{counted, visible};
use crate::input::diagnostic::{Diagnostic, Diagnostics, Severity};

/// All of them, and how many there are.
pub(super) fn render(diagnostics: &Diagnostics) -> String {
    let mut text: String = diagnostics
        .iter()
        .map(|one| render_one(one) + "\n")
        .collect();
    if diagnostics.omitted() > 0 {
        let _ = writeln!(text, "… and {} more", diagnostics.omitted());
    }
    let errors = counted(diagnostics.errors(), "error");
    text + &format!("{errors}, {}", counted(diagnostics.warnings(), "warning"))
}

/// A failure without a place in a file.
pub(super) fn plain(message: &str, help: &str) -> String {
    let (message, help) = (one_line(message), one_line(help));
    format!("{ERROR}error{ERROR:#}{BOLD}: {message}{BOLD:#}\n  {FRAME}={FRAME:#} help: {help}")
}

fn render_one(one: &Diagnostic) -> String {
    let (style, word) = match one.code.severity() {
        Severity::Error => (ERROR, "error"),
        Severity::Warning => (WARNING, "warning"),
    };
    let place = &one.place;
    let [file, message, help, source] =
        [&place.file, &one.message, &one.help, &place.source].map(|text| visible(text));
    let gutter = " ".repeat(place.line.to_string().len());
    let (code, bar) = (one.code.as_str(), format!("{FRAME}|{FRAME:#}"));
    let mut text = format!("{style}{word}[{code}]{style:#}{BOLD}: {message}{BOLD:#}\n");
    let _ = write!(text, "{gutter}{FRAME}-->{FRAME:#} {file}");
    if !source.is_empty() {
        let mut characters = place.source.chars();
        let before: String = characters.by_ref().take(place.mark.start).collect();
        let marked: String = characters.take(place.mark.len()).collect();
        let blanks = " ".repeat(width(&before));
        let carets = "^".repeat(width(&marked).max(1));
        let _ = writeln!(text, ":{}:{}\n{gutter} {bar}", place.line, place.column);
        let _ = writeln!(text, "{FRAME}{} |{FRAME:#} {source}", place.line);
        let _ = write!(text, "{gutter} {bar} {blanks}{style}{carets}{style:#}");
    }
    let _ = writeln!(text, "\n{gutter} {FRAME}={FRAME:#} help: {help}");
    text
}

fn width(text: &str) -> usize {
    visible(text).width()
}
