//! The small vocabulary of all answers: counts, amounts, ids, lists and sections. It knows no verb and prints nothing.

use std::fmt::{Display, Write as _};
use std::path::Path;

use super::ink::{HEAD, one_line};
use crate::analysis::compare::Measure;
use crate::input::shown::Shown;
use crate::model::account::AccountIndex;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::InstanceIndex;
use crate::model::money::{Currency, Money};

/// The most lines of a section.
const MAX_LINES: usize = 8;

/// A foreign text in a line for the terminal.
pub(super) fn visible(text: &str) -> String {
    Shown::visible(text).into_string()
}

/// A path in a line for the terminal.
pub(super) fn shown_path(path: &Path) -> String {
    visible(&path.display().to_string())
}

/// "1 error", "2 errors".
pub(super) fn counted(count: usize, one: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {one}{plural}")
}

/// "CNY 1,200.00".
pub(super) fn amount(currency: Currency, money: Money) -> String {
    format!("{currency} {}", money.display_grouped(currency))
}

/// A figure of a run: an amount or a count; one that is not known is a question mark.
pub(super) fn figure(figure: Option<i64>, measure: Measure, currency: Currency) -> String {
    match figure {
        None => "?".to_owned(),
        Some(minor) if measure.is_money() => Money::from_minor(minor)
            .display_grouped(currency)
            .to_string(),
        Some(count) => count.to_string(),
    }
}

/// `YYYY-MM`.
pub(super) fn month(day: Day) -> String {
    let mut month = day.to_string();
    month.truncate("YYYY-MM".len());
    month
}

/// The first of many items, and how many more there are: "a, b and 3 more".
pub(super) fn first_of(items: impl ExactSizeIterator<Item = String>, most: usize) -> String {
    let more = items.len().saturating_sub(most);
    let mut text = items.take(most).collect::<Vec<_>>().join(", ");
    if more > 0 {
        let _ = write!(text, " and {more} more");
    }
    text
}

/// Where files are that were written.
pub(super) fn files_in(out: &Path, names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    format!("Files in {}: {}", shown_path(out), names.join(", "))
}

/// The name and the days of a book, as a head.
pub(super) fn book_head(book: &Book) -> String {
    let name = visible(&book.name);
    format!(
        "{HEAD}{name}{HEAD:#}, {} to {}",
        book.days.from, book.days.to
    )
}

/// An answer of several sections.
#[derive(Default)]
pub(super) struct Sections(pub String);

impl Sections {
    /// Begins with a head line.
    pub(super) fn below(head: impl Display) -> Self {
        Self(format!("{head}\n\n"))
    }

    /// Adds lines below a head, if there are any; only those that are shown are put into words.
    pub(super) fn add(&mut self, head: &str, lines: impl ExactSizeIterator<Item = String>) {
        let more = lines.len().saturating_sub(MAX_LINES);
        let more = (more > 0).then(|| format!("… and {more} more"));
        self.add_all(
            head,
            lines
                .take(MAX_LINES)
                .map(|line| one_line(&line))
                .chain(more),
        );
    }

    /// Adds all of some lines below a head, if there are any.
    pub(super) fn add_all(&mut self, head: &str, lines: impl Iterator<Item = String>) {
        let mut lines = lines.peekable();
        if lines.peek().is_none() {
            return;
        }
        let _ = writeln!(self.0, "{HEAD}{head}{HEAD:#}");
        for line in lines {
            let _ = writeln!(self.0, "  {line}");
        }
        self.0.push('\n');
    }

    /// The whole answer.
    pub(super) fn into_text(self) -> String {
        self.0.trim_end().to_owned() + "\n"
    }
}

/// What is in a book, in words.
#[derive(Clone, Copy)]
pub(super) struct BookWords<'b> {
    pub book: &'b Book,
}

impl BookWords<'_> {
    pub(super) fn instance(self, instance: InstanceIndex) -> String {
        visible(self.book.instance(instance).id.as_str())
    }

    pub(super) fn account(self, account: AccountIndex) -> String {
        visible(self.book.account(account).id.as_str())
    }

    pub(super) fn currency(self, account: AccountIndex) -> Currency {
        self.book.account(account).currency
    }

    /// "CNY 1,200.00".
    pub(super) fn amount(self, account: AccountIndex, money: Money) -> String {
        amount(self.currency(account), money)
    }

    /// "1,200.00".
    pub(super) fn money(self, account: AccountIndex, money: Money) -> String {
        money.display_grouped(self.currency(account)).to_string()
    }

    /// " of web-1", where an instance is meant.
    pub(super) fn of_instance(self, instance: Option<InstanceIndex>) -> String {
        instance
            .map(|instance| format!(" of {}", self.instance(instance)))
            .unwrap_or_default()
    }
}
