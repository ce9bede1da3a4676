//! Diagnostics for people: code, sentence, place, marked source line, help. Colours are taken out where none are wanted.

use std::fmt::Write as _;
use std::path::Path;

use unicode_width::UnicodeWidthStr;

use super::ink::{ERROR, FRAME, HEAD as BOLD, WARNING, one_line};
use crate::input::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::input::shown::Shown;

/// All of them, and how many there are.
pub(super) fn render(diagnostics: &Diagnostics) -> String {
    let mut text: String = diagnostics.iter().map(|one| one_of(one) + "\n").collect();
    if diagnostics.omitted() > 0 {
        let _ = writeln!(text, "… and {} more", diagnostics.omitted());
    }
    let (errors, warnings) = (diagnostics.errors(), diagnostics.warnings());
    text + &format!(
        "{}, {}",
        counted(errors, "error"),
        counted(warnings, "warning")
    )
}

/// A failure without a place in a file.
pub(super) fn plain(message: &str, help: &str) -> String {
    let (message, help) = (one_line(message), one_line(help));
    format!("{ERROR}error{ERROR:#}{BOLD}: {message}{BOLD:#}\n  {FRAME}={FRAME:#} help: {help}")
}

fn one_of(one: &Diagnostic) -> String {
    let (style, word) = match one.code.severity() {
        Severity::Error => (ERROR, "error"),
        Severity::Warning => (WARNING, "warning"),
    };
    let place = &one.place;
    let file = visible(&place.file);
    let mut text = format!(
        "{style}{word}[{}]{style:#}{BOLD}: {}{BOLD:#}\n",
        one.code.as_str(),
        visible(&one.message)
    );
    let gutter = " ".repeat(place.line.to_string().len());
    if place.source.is_empty() {
        let _ = writeln!(text, "{gutter}{FRAME}-->{FRAME:#} {file}");
    } else {
        let before: String = place.source.chars().take(place.mark.start).collect();
        let marked: String = place
            .source
            .chars()
            .skip(place.mark.start)
            .take(place.mark.len())
            .collect();
        let carets = "^".repeat(width(&marked).max(1));
        let _ = writeln!(
            text,
            "{gutter}{FRAME}-->{FRAME:#} {file}:{}:{}",
            place.line, place.column
        );
        let _ = writeln!(text, "{gutter} {FRAME}|{FRAME:#}");
        let _ = writeln!(
            text,
            "{FRAME}{} |{FRAME:#} {}",
            place.line,
            visible(&place.source)
        );
        let _ = writeln!(
            text,
            "{gutter} {FRAME}|{FRAME:#} {}{style}{carets}{style:#}",
            " ".repeat(width(&before))
        );
    }
    let _ = writeln!(
        text,
        "{gutter} {FRAME}={FRAME:#} help: {}",
        visible(&one.help)
    );
    text
}

/// A foreign text in a line for the terminal.
pub(super) fn visible(text: &str) -> String {
    Shown::visible(text).into_string()
}

/// A path in a line for the terminal.
pub(super) fn shown_path(path: &Path) -> String {
    visible(&path.display().to_string())
}

fn width(text: &str) -> usize {
    visible(text).width()
}

/// "1 error", "2 errors".
pub(super) fn counted(count: usize, one: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {one}s")
    }
}
