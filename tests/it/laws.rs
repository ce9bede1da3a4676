//! Random books against the reference model and the laws of the ledger (`spec/replay.md` 12).

use std::collections::BTreeSet;
use std::env;
use std::sync::Mutex;
use std::thread;

use crate::books::{book_of, random_book, scaled, shuffled, with_extra_account};
use crate::oracle;
use crate::support::{Files, assert_same, book, builtin, run};

/// So many random books are compared with the model.
const BOOKS: u64 = 10_000;
/// So many are held against each law.
const LAW_BOOKS: u64 = 300;

/// As many of these books as the environment asks for: `BOOKS=100 cargo test laws` is done in seconds.
fn at_most(books: u64) -> u64 {
    let wanted = env::var("BOOKS").ok().map(|text| text.parse().expect("BOOKS is a number"));
    wanted.map_or(books, |wanted: u64| wanted.min(books))
}

/// Goes through the seeds on two threads of their own: the engine has those of its pool.
fn for_each_seed(seeds: u64, check: impl Fn(u64) + Sync) {
    const THREADS: usize = 2;
    thread::scope(|scope| {
        for first in 0..THREADS as u64 {
            let check = &check;
            scope.spawn(move || (first..seeds).step_by(THREADS).for_each(check));
        }
    });
}

#[test]
fn the_engine_equals_the_reference_model() {
    let reached = Mutex::new(BTreeSet::new());
    for_each_seed(at_most(BOOKS), |seed| {
        let rules = compare(seed);
        reached.lock().expect("no comparison failed").extend(rules);
    });
    let reached = reached.into_inner().expect("no comparison failed");
    let missed: Vec<&str> = oracle::RULES.iter().filter(|rule| !reached.contains(*rule)).copied().collect();
    assert!(missed.is_empty() || at_most(BOOKS) < BOOKS, "{} rules reached, never: {missed:?}", reached.len());
}

fn compare(seed: u64) -> BTreeSet<&'static str> {
    compare_files(&format!("seed {seed}"), &random_book(seed))
}

fn compare_files(name: &str, files: &Files) -> BTreeSet<&'static str> {
    let expected = oracle::replay(files, builtin());
    let written = run(files);
    let what = |file| format!("{name}, {file}: model against engine");
    assert_same(&what("ledger.csv"), &expected.ledger, &written.ledger, files);
    assert_same(&what("balances.csv"), &expected.balances, &written.balances, files);
    assert_same(&what("monthly.csv"), &expected.monthly, &written.monthly, files);
    expected.rules
}

/// Always the first choice, always the second, and so on; `tests/fuzz` looks between them.
#[test]
fn the_engine_equals_the_reference_model_where_every_choice_is_alike() {
    for choice in 0..=u8::MAX {
        compare_files(&format!("choice {choice}"), &book_of(&[choice; 4_096]));
    }
}

/// Rows without their number, and the rest of each cell after it.
fn unnumbered(ledger: &str) -> Vec<&str> {
    ledger.lines().skip(1).filter_map(|line| line.split_once(',').map(|(_, rest)| rest)).collect()
}

#[test]
fn a_run_in_two_parts_equals_the_run_in_one() {
    for_each_seed(at_most(LAW_BOOKS), |seed| {
        let files = random_book(seed);
        let days = book(&files).days;
        let whole = run(&files);
        let middle = days.from + i32::try_from(seed % 40).expect("small") % i32::try_from(days.len()).expect("short");
        if middle == days.to {
            return;
        }
        let cut = |text: &str| text.replace(&format!("to = {}", days.to), &format!("to = {middle}"));
        let mut first = files.clone();
        first.entry("book.toml".to_owned()).and_modify(|text| *text = cut(text));
        let first = run(&first);
        let mut second: Files = first.closing;
        let next = middle.tomorrow();
        let reopen = |text: &str| text.replace(&format!("to = {next}"), &format!("to = {}", days.to));
        second.entry("book.toml".to_owned()).and_modify(|text| *text = reopen(text));
        let second = run(&second);
        let parts = [unnumbered(&first.ledger), unnumbered(&second.ledger)].concat().join("\n");
        assert_same(&format!("seed {seed}, cut after {middle}"), &unnumbered(&whole.ledger).join("\n"), &parts, &files);
        assert_eq!(whole.closing["instances.csv"], second.closing["instances.csv"], "seed {seed}");
        assert_eq!(whole.closing["accounts.csv"], second.closing["accounts.csv"], "seed {seed}");
    });
}

#[test]
fn the_order_of_rows_says_nothing() {
    for_each_seed(at_most(LAW_BOOKS), |seed| {
        let files = random_book(seed);
        assert_eq!(run(&files), run(&shuffled(&files, seed)), "seed {seed}");
    });
}

#[test]
fn an_account_more_changes_no_row_of_another() {
    for_each_seed(at_most(LAW_BOOKS), |seed| {
        let files = random_book(seed);
        let known: BTreeSet<String> = book(&files).accounts.iter().map(|account| account.id.to_string()).collect();
        let rows = |files: &Files| {
            let ledger = run(files).ledger;
            let mut reader = csv::Reader::from_reader(ledger.as_bytes());
            let rows = reader.records().map(|row| row.expect("a ledger is CSV"));
            let rows = rows.filter(|row| known.contains(&row[2]));
            rows.map(|row| row.iter().skip(1).map(str::to_owned).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        assert_eq!(rows(&files), rows(&with_extra_account(&files, seed)), "seed {seed}");
    });
}

#[test]
fn amounts_times_n_give_the_same_events_times_n() {
    const TIMES: i128 = 3;
    const AMOUNTS: std::ops::RangeInclusive<usize> = 10..=14;
    for_each_seed(at_most(LAW_BOOKS), |seed| {
        let files = random_book(seed);
        let rows = |n: i128, times: i128| {
            let ledger = run(&scaled(&files, n)).ledger;
            let mut reader = csv::Reader::from_reader(ledger.as_bytes());
            let cell = |(column, cell): (usize, &str)| match cell.replace('.', "").parse::<i128>() {
                Ok(minor) if AMOUNTS.contains(&column) => (minor * times).to_string(),
                _ => cell.to_owned(),
            };
            let rows = reader.records().map(|row| row.expect("a ledger is CSV"));
            rows.map(|row| row.iter().take(16).enumerate().map(cell).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        assert_eq!(rows(1, TIMES), rows(TIMES, 1), "seed {seed}");
    });
}
