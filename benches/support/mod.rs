//! The books of all benches: generated, in memory, with named sizes.

use renewcast::input::generate::{self, SampleSpec};
use renewcast::input::{self, Folder};
use renewcast::model::book::Book;
use renewcast::model::calendar::Day;

/// The days of every book.
pub(crate) const DAYS: u32 = 365;

/// The names of sizes, with their accounts and instances: a company with a few cloud accounts; a reseller or large group.
const SIZES: &[(&str, u32, u32)] = &[("company", 10, 1_000), ("reseller", 1_000, 100_000)];

/// The number of instances and the files of the book of a size.
pub(crate) fn folder(name: &str) -> (u32, Folder) {
    let size = SIZES.iter().find(|(known, ..)| *known == name);
    let (_, accounts, instances) = *size.expect("benches name known sizes");
    let from = Day::parse("2026-12-01").expect("a date");
    let plan = SampleSpec {
        accounts,
        instances,
        seed: 1,
        from,
        days: DAYS,
    };
    let mut folder = Folder::default();
    for (name, bytes) in generate::book(&plan) {
        folder.insert(name, bytes);
    }
    (instances, folder)
}

/// The book in a folder.
pub(crate) fn read(folder: &Folder) -> Book {
    let (book, problems) = input::read_book(folder, None);
    book.unwrap_or_else(|| panic!("a generated book has no errors, not {}", problems.errors()))
}
