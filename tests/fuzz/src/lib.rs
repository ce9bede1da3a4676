//! What every fuzz target does with its bytes. Whatever the bytes are, they end in diagnostics or in a book, and a book
//! ends in a ledger; never in a panic, a long wait or a message that nobody can read.

mod predicate;

use std::collections::BTreeMap;

use chrono_tz::Tz;
use renewcast::engine;
use renewcast::input::diagnostic::{Code, Diagnostics, Severity};
use renewcast::input::import::{self, Imported, KnownProfile, Options, Source};
use renewcast::input::{self, Folder};
use renewcast::model::book::Book;
use renewcast::model::calendar::Day;
use renewcast::model::id::AccountId;
use renewcast::model::money::Currency;
use renewcast::output::{closing, csv};

#[path = "../../it"]
#[expect(
    dead_code,
    unused_imports,
    reason = "only the books and the model are used here"
)]
mod it {
    pub(crate) mod books;
    pub(crate) mod oracle;
    pub(crate) mod support;
}

use it::support::Files;
use it::{books as random, oracle, support};

/// The book around the one file that is fuzzed.
const AROUND: &[(&str, &str)] = &[
    ("book.toml", include_str!("../../../data/example/book.toml")),
    (
        "accounts.csv",
        include_str!("../../../data/example/accounts.csv"),
    ),
    (
        "instances.csv",
        include_str!("../../../data/example/instances.csv"),
    ),
    (
        "prices.csv",
        include_str!("../../../data/example/prices.csv"),
    ),
    (
        "actions.csv",
        include_str!("../../../data/example/actions.csv"),
    ),
];
const SCENARIO: &str = "s";

/// Bytes as `accounts.csv`.
pub fn accounts(data: &[u8]) {
    reader("accounts.csv", data);
}

/// Bytes as `instances.csv`.
pub fn instances(data: &[u8]) {
    reader("instances.csv", data);
}

/// Bytes as `prices.csv`.
pub fn prices(data: &[u8]) {
    reader("prices.csv", data);
}

/// Bytes as `actions.csv`.
pub fn actions(data: &[u8]) {
    reader("actions.csv", data);
}

/// Bytes as `book.toml`.
pub fn settings(data: &[u8]) {
    reader("book.toml", data);
}

/// Bytes as `profiles.toml`.
pub fn profiles(data: &[u8]) {
    reader("profiles.toml", data);
}

/// Bytes as a scenario of the book.
pub fn scenario(data: &[u8]) {
    reader(&Folder::scenario_file(SCENARIO), data);
}

fn reader(file: &str, data: &[u8]) {
    let mut folder = around();
    folder.insert(file, data.to_vec());
    whole(&folder);
}

fn around() -> Folder {
    let mut folder = Folder::default();
    for (name, text) in AROUND {
        folder.insert(name, text.as_bytes().to_vec());
    }
    folder
}

/// Bytes as all files of a book: a line `=== NAME` comes before each file.
pub fn folder(data: &[u8]) {
    const HEADER: &[u8] = b"=== ";
    let mut folder = Folder::default();
    let mut file: Option<(String, Vec<u8>)> = None;
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        match (line.strip_prefix(HEADER), &mut file) {
            (Some(name), _) => {
                let name = String::from_utf8_lossy(name).trim_end().to_owned();
                if let Some((name, bytes)) = file.replace((name, Vec::new())) {
                    folder.insert(&name, bytes);
                }
            }
            (None, Some((_, bytes))) => bytes.extend_from_slice(line),
            (None, None) => {}
        }
    }
    if let Some((name, bytes)) = file {
        folder.insert(&name, bytes);
    }
    whole(&folder);
}

/// Reads a book as carefully as possible, replays it, and reads what it closes with.
fn whole(folder: &Folder) {
    let scenario = folder
        .get(&Folder::scenario_file(SCENARIO))
        .map(|_| SCENARIO);
    let (book, found) = input::check_book(folder, scenario);
    readable(&found);
    assert_eq!(
        book.is_some(),
        !found.has_errors(),
        "a book exactly if there are no errors"
    );
    let Some(book) = book.filter(is_small) else {
        return;
    };
    let Ok(replay) = engine::replay(&book) else {
        return;
    };
    csv::ledger(&book, &replay.ledger);
    csv::balances(&book, &replay.ledger);
    reopens(&replay.closing);
}

/// Whether a replay takes no longer than reading: years of many accounts are right, but teach nothing.
fn is_small(book: &Book) -> bool {
    const MOST_DAYS: usize = 500;
    const MOST_WORK: usize = 50_000;
    let days = usize::try_from(book.days.len()).unwrap_or(usize::MAX);
    days <= MOST_DAYS
        && days.saturating_mul(book.accounts.len() + book.instances.len()) <= MOST_WORK
}

/// A closing book is a book.
fn reopens(closing: &Book) {
    let mut folder = Folder::default();
    for (name, bytes) in closing::files(closing) {
        folder.insert(name, bytes);
    }
    let (book, found) = input::read_book(&folder, None);
    assert!(
        book.is_some(),
        "the closing book is refused: {:#?}",
        found.iter().collect::<Vec<_>>()
    );
}

/// What is said can be shown on one line, has an end, and marks something in the line that it shows.
fn readable(found: &Diagnostics) {
    const LONGEST: usize = 4_010;
    for one in found.iter() {
        for text in [&one.message, &one.help, &one.place.source] {
            assert!(text.len() <= LONGEST, "{} bytes: {text:.200}", text.len());
            assert!(!text.contains(char::is_control), "{text:?}");
        }
        assert!(!one.message.is_empty() && !one.help.is_empty(), "{one:?}");
        assert!(one.place.line > 0 && one.place.column > 0, "{one:?}");
        assert!(
            one.place.mark.start <= one.place.source.chars().count(),
            "{one:?}"
        );
    }
}

/// Bytes as the selector of an action; put into parentheses or denied twice it selects the same.
pub fn selector(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let said = predicate::answer(text);
    readable(&said.found);
    for same in [
        format!("({text}\n)"),
        format!("NOT NOT ({text}\n)"),
        format!("({text}\n) AND ({text}\n)"),
    ] {
        // A comment, or the depth of its parentheses, may keep a text from being part of another.
        if let (Some(one), Some(other)) = (&said.matched, predicate::answer(&same).matched) {
            assert_eq!(*one, other, "{text:?} and {same:?}");
        }
    }
}

/// Bytes as choices that build a condition: its text reads as the same condition, and the model matches the same.
pub fn predicate(data: &[u8]) {
    predicate::compare(data);
}

/// Bytes as answers of a cloud, one file up to each zero byte. The order of files says nothing, and the book needs only
/// prices.
pub fn import(data: &[u8]) {
    let mut sources: Vec<Source> = (0..)
        .zip(data.split(|byte| *byte == 0))
        .take(4)
        .map(|(number, bytes): (u32, _)| Source {
            name: format!("answer-{number}.json"),
            bytes: bytes.to_vec(),
        })
        .collect();
    let options = import_options();
    let forwards = import::tencent(&sources, &options);
    sources.reverse();
    let backwards = import::tencent(&sources, &options);
    match (&forwards, &backwards) {
        (Ok(forwards), Ok(backwards)) => {
            readable(&forwards.notes);
            assert_eq!(
                forwards.files, backwards.files,
                "the order of files says something"
            );
            needs_only_prices(forwards);
        }
        (Err(forwards), Err(_)) => readable(forwards),
        _ => panic!("the order of files decides whether they are refused"),
    }
}

fn import_options() -> Options {
    Options {
        name: "fuzzed".to_owned(),
        zone: Tz::Asia__Shanghai,
        from: Day::parse("2026-12-01").expect("a day"),
        to: Day::parse("2027-11-30").expect("a day"),
        account: AccountId::new("main").expect("an id"),
        currency: Currency::from_code("CNY").expect("a currency"),
        as_of: Day::parse("2026-12-01").expect("a day"),
        complete: false,
        followed: None,
        profiles: input::builtin_rules()
            .iter()
            .map(KnownProfile::from)
            .collect(),
    }
}

fn needs_only_prices(imported: &Imported) {
    let mut folder = Folder::default();
    for (name, text) in &imported.files {
        folder.insert(name, text.clone().into_bytes());
    }
    let (_, found) = input::read_book(&folder, None);
    let wrong = found
        .iter()
        .find(|one| one.code.severity() == Severity::Error && one.code != Code::MissingPrice);
    assert!(
        wrong.is_none(),
        "an imported book is refused: {wrong:#?}\n{:#?}",
        imported.files
    );
}

/// Bytes as the random source of a valid book: the engine writes what the reference model writes.
pub fn books(data: &[u8]) {
    let files = random::book_of(data);
    let expected = oracle::replay(&files, support::builtin());
    assert!(
        expected
            .rules
            .iter()
            .all(|rule| oracle::RULES.contains(rule)),
        "{:?}",
        expected.rules
    );
    let written = support::run_or_refuse(&files);
    assert_eq!(
        expected.is_refused,
        written.is_none(),
        "one of the two refuses\n{files:#?}"
    );
    let Some(written) = written else { return };
    support::assert_same(
        "ledger.csv: model against engine",
        &expected.ledger,
        &written.ledger,
        &files,
    );
    support::assert_same(
        "balances.csv: model against engine",
        &expected.balances,
        &written.balances,
        &files,
    );
    support::assert_same(
        "monthly.csv: model against engine",
        &expected.monthly,
        &written.monthly,
        &files,
    );
}

/// Files as a folder in memory.
fn folder_of(files: &Files) -> Folder {
    let mut folder = Folder::default();
    for (name, text) in files {
        folder.insert(name, text.clone().into_bytes());
    }
    folder
}

/// A CSV table of plain cells below their header.
fn table(rows: &[&[&str]]) -> String {
    let cell = |cell: &&str| format!("\"{}\"", cell.replace('"', "\"\""));
    let row = |row: &&[&str]| row.iter().map(cell).collect::<Vec<_>>().join(",") + "\n";
    rows.iter().map(row).collect()
}

/// The files that a condition is put to, beside its action.
fn inventory() -> BTreeMap<String, String> {
    let settings =
        "from = 2026-12-01\nto = 2026-12-01\ncurrency = \"CNY\"\nprofile = \"tencent-cvm\"\n";
    let accounts: &[&[&str]] = &[&["account_id", "cash"], &["main", "5000.00"]];
    BTreeMap::from([
        ("book.toml".to_owned(), settings.to_owned()),
        ("accounts.csv".to_owned(), table(accounts)),
        (
            "instances.csv".to_owned(),
            include_str!("inventory.csv").to_owned(),
        ),
    ])
}
