//! The harness of all tests: books in memory, replayed through the library.

use std::collections::BTreeMap;

use renewcast::engine::{self, Replay};
use renewcast::input::{self, Folder};
use renewcast::model::book::Book;
use renewcast::model::profile::BUILTIN;
use renewcast::model::selector::Column;
use renewcast::output::{closing, csv, monthly};
use renewcast::tables::Grouping;

/// The files of a book by name.
pub(crate) type Files = BTreeMap<String, String>;

/// What a run writes of a book's money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) ledger: String,
    pub(crate) balances: String,
    pub(crate) monthly: String,
    pub(crate) closing: Files,
}

/// Reads a book that must be valid.
pub(crate) fn book(files: &Files) -> Book {
    let mut folder = Folder::default();
    for (name, text) in files {
        folder.insert(name, text.clone().into_bytes());
    }
    let (book, problems) = input::read_book(&folder, None);
    book.unwrap_or_else(|| {
        panic!(
            "not a valid book: {:#?}\n{files:#?}",
            problems.iter().collect::<Vec<_>>()
        )
    })
}

/// Replays a book that must be valid and asks for nothing that stops the run, and writes its results.
pub(crate) fn run(files: &Files) -> Written {
    run_or_refuse(files)
        .unwrap_or_else(|| panic!("the book asks for something that is refused\n{files:#?}"))
}

/// Replays a book that must be valid, and writes its results, unless an action stops the run.
pub(crate) fn run_or_refuse(files: &Files) -> Option<Written> {
    results(&book(files))
}

/// What a run of a book writes, unless an action stops it.
pub(crate) fn results(book: &Book) -> Option<Written> {
    let Replay { ledger, closing } = engine::replay(book).ok()?;
    let grouping = Grouping::group_by(book, Column::Product);
    let mut facts = grouping.facts();
    facts.collect_entries(ledger.entries.iter());
    let text = |bytes| String::from_utf8(bytes).expect("results are UTF-8");
    let closing = closing::files(&closing)
        .into_iter()
        .map(|(name, bytes)| (name.to_owned(), text(bytes)));
    Some(Written {
        ledger: text(csv::ledger(book, &ledger)),
        balances: text(csv::balances(book, &ledger)),
        monthly: text(monthly::monthly(book, &facts.into_tables())),
        closing: closing.collect(),
    })
}

/// The text of the built-in profiles.
pub(crate) fn builtin() -> &'static str {
    BUILTIN
}

/// Fails with the first line in which two texts differ.
pub(crate) fn assert_same(what: &str, left: &str, right: &str, files: &Files) {
    if left == right {
        return;
    }
    let differing = left
        .lines()
        .zip(right.lines())
        .position(|(left, right)| left != right);
    let at = differing.unwrap_or_else(|| left.lines().count().min(right.lines().count()));
    let around = |text: &str| {
        text.lines()
            .skip(at.saturating_sub(3))
            .take(6)
            .collect::<Vec<_>>()
            .join("\n")
    };
    let book: String = files
        .iter()
        .map(|(name, text)| format!("--- {name}\n{text}\n"))
        .collect();
    panic!(
        "{what}: line {} differs\n=== left\n{}\n=== right\n{}\n{book}",
        at + 1,
        around(left),
        around(right)
    );
}
