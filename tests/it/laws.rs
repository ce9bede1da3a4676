//! Random books against the reference model and the laws of the ledger (`docs/spec/replay.md`, Laws).

use std::collections::BTreeSet;
use std::env;
use std::sync::Mutex;
use std::thread;

use renewcast::model::calendar::{Day, DayRange};

use crate::books::{book_of, changeful_book, random_book, scaled, shuffled, with_extra_account};
use crate::oracle;
use crate::support::{Files, Written, assert_same, builtin, run, run_or_refuse};

/// So many random books are compared with the model where all are asked for.
const BOOKS: u64 = 10_000;
/// So many are held against each law.
const LAW_BOOKS: u64 = 1_000;
/// So many of these are taken unless the environment asks for another number.
const SAMPLE: u64 = 2_000;

/// As many of these books as the environment asks for: `BOOKS=100 cargo test laws` is done in seconds, and CI asks for all with
/// `LAWS=10000`.
fn at_most(books: u64) -> u64 {
    let number = |name: &str| {
        env::var(name)
            .ok()
            .map(|text| text.parse().expect("BOOKS and LAWS are numbers"))
    };
    number("BOOKS")
        .or_else(|| number("LAWS"))
        .unwrap_or(SAMPLE)
        .min(books)
}

/// Goes through the seeds on two threads of their own: the engine has those of its pool.
pub(crate) fn for_each_seed(seeds: u64, check: impl Fn(u64) + Sync) {
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
    let missed: Vec<&str> = oracle::RULES
        .iter()
        .filter(|rule| !reached.contains(*rule))
        .copied()
        .collect();
    assert!(
        missed.is_empty() || at_most(BOOKS) < BOOKS,
        "{} rules reached, never: {missed:?}",
        reached.len()
    );
}

/// Books full of returns, resizes and conversions: what is used, what is left, and what comes back.
#[test]
fn the_engine_equals_the_reference_model_where_much_changes() {
    let whole = Mutex::new(0_u64);
    for_each_seed(at_most(BOOKS), |seed| {
        let rules = compare_files(&format!("changeful seed {seed}"), &changeful_book(seed));
        let is_whole = !rules.iter().any(|rule| rule.starts_with("no_price/"));
        *whole.lock().expect("no comparison failed") += u64::from(is_whole);
    });
    let (whole, books) = (
        whole.into_inner().expect("no comparison failed"),
        at_most(BOOKS),
    );
    assert!(
        books < 100 || whole > books / 2,
        "only {whole} of {books} books do not stop for want of a price"
    );
}

fn compare(seed: u64) -> BTreeSet<&'static str> {
    compare_files(&format!("seed {seed}"), &random_book(seed))
}

/// Holds a book against the reference model, and says which rules it came across.
pub(crate) fn compare_files(name: &str, files: &Files) -> BTreeSet<&'static str> {
    let expected = oracle::replay(files, builtin());
    let Some(written) = run_or_refuse(files) else {
        assert!(
            expected.is_refused,
            "{name}: only the engine refuses\n{files:#?}"
        );
        return expected.rules;
    };
    assert!(
        !expected.is_refused,
        "{name}: only the model refuses\n{files:#?}"
    );
    let what = |file| format!("{name}, {file}: model against engine");
    assert_same(
        &what("ledger.csv"),
        &expected.ledger,
        &written.ledger,
        files,
    );
    assert_same(
        &what("balances.csv"),
        &expected.balances,
        &written.balances,
        files,
    );
    assert_same(
        &what("monthly.csv"),
        &expected.monthly,
        &written.monthly,
        files,
    );
    expected.rules
}

/// Always the first choice, always the second, and so on; `tests/fuzz` looks between them.
#[test]
fn the_engine_equals_the_reference_model_where_every_choice_is_alike() {
    for choice in (0..=u8::MAX).step_by(if at_most(BOOKS) < BOOKS { 16 } else { 1 }) {
        compare_files(&format!("choice {choice}"), &book_of(&[choice; 4_096]));
    }
}

/// Random books that no missing price stops.
fn for_each_book(check: impl Fn(u64, &Files, &Written) + Sync) {
    for_each_seed(at_most(LAW_BOOKS), |seed| {
        let files = random_book(seed);
        if let Some(written) = run_or_refuse(&files) {
            check(seed, &files, &written);
        }
    });
}

/// A day of `book.toml`.
fn setting(files: &Files, key: &str) -> Day {
    let mut lines = files["book.toml"].lines();
    let day = lines
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "))
        .expect("a book has its days");
    Day::parse(day).expect("a day")
}

/// The same book with another last day.
pub(crate) fn ending(files: &Files, to: Day) -> Files {
    let mut files = files.clone();
    let settings = files.get_mut("book.toml").expect("a book has settings");
    let line = |line: &str| {
        if line.starts_with("to = ") {
            format!("to = {to}\n")
        } else {
            format!("{line}\n")
        }
    };
    *settings = settings.lines().map(line).collect();
    files
}

/// Rows without their number, and the rest of each cell after it.
fn unnumbered(ledger: &str) -> Vec<&str> {
    ledger
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(',').map(|(_, rest)| rest))
        .collect()
}

/// Rule **law-split**.
#[test]
fn a_run_in_two_parts_equals_the_run_in_one() {
    for_each_book(|seed, files, whole| {
        let (from, to) = (setting(files, "from"), setting(files, "to"));
        let middle =
            from + i32::try_from(seed % 40).expect("small") % (to.tomorrow().days_since(from));
        if middle == to {
            return;
        }
        let first = run(&ending(files, middle));
        let second = run(&ending(&first.closing, to));
        assert_eq!(
            setting(&second.closing, "to"),
            DayRange {
                from: middle.tomorrow(),
                to
            }
            .next()
            .to,
            "seed {seed}"
        );
        let parts = [unnumbered(&first.ledger), unnumbered(&second.ledger)]
            .concat()
            .join("\n");
        assert_same(
            &format!("seed {seed}, cut after {middle}"),
            &unnumbered(&whole.ledger).join("\n"),
            &parts,
            files,
        );
        // Each is as long as its own run.
        let (left, right) = (ending(&whole.closing, to), ending(&second.closing, to));
        for (name, text) in &left {
            let found = right.get(name).map_or("", String::as_str);
            // The profiles of a book come in the order in which they are met.
            if !(name == "profiles.toml"
                && text.parse::<toml::Table>() == found.parse::<toml::Table>())
            {
                assert_same(
                    &format!("seed {seed}, cut after {middle}, closing/{name}"),
                    text,
                    found,
                    files,
                );
            }
        }
        assert!(
            whole.closing.keys().eq(second.closing.keys()),
            "seed {seed}, cut after {middle}, files"
        );
    });
}

/// Rule **law-order**.
#[test]
fn the_order_of_rows_says_nothing() {
    for_each_book(|seed, files, written| {
        assert_eq!(*written, run(&shuffled(files, seed)), "seed {seed}");
    });
}

/// Rule **law-accounts**.
#[test]
fn an_account_more_changes_no_row_of_another() {
    for_each_book(|seed, files, written| {
        let mut accounts = csv::Reader::from_reader(written.closing["accounts.csv"].as_bytes());
        let known: BTreeSet<String> = accounts
            .records()
            .map(|row| row.expect("a closing book is CSV")[0].to_owned())
            .collect();
        let rows = |ledger: &str| {
            let mut reader = csv::Reader::from_reader(ledger.as_bytes());
            let rows = reader.records().map(|row| row.expect("a ledger is CSV"));
            let rows = rows.filter(|row| known.contains(&row[2]));
            rows.map(|row| row.iter().skip(1).map(str::to_owned).collect::<Vec<_>>())
                .collect::<Vec<_>>()
        };
        let extended = run_or_refuse(&with_extra_account(files, seed));
        if let Some(extended) = extended {
            assert_eq!(rows(&written.ledger), rows(&extended.ledger), "seed {seed}");
        }
    });
}

/// What a refund gives back in cash and what in free credit is rounded, so a book with refunds is compared without these.
/// Rule **law-scale**.
#[test]
fn amounts_times_n_give_the_same_events_times_n() {
    const TIMES: i128 = 3;
    const AMOUNTS: std::ops::RangeInclusive<usize> = 10..=14;
    const PARTS: std::ops::RangeInclusive<usize> = 12..=13;
    const REFUNDS: &[&str] = &["returned", "refunded", "resized"];
    for_each_seed(at_most(LAW_BOOKS), |seed| {
        let files = random_book(seed);
        let (Some(once), Some(often)) = (
            run_or_refuse(&scaled(&files, 1)),
            run_or_refuse(&scaled(&files, TIMES)),
        ) else {
            return;
        };
        let rows = |ledger: &str, times: i128| {
            let mut reader = csv::Reader::from_reader(ledger.as_bytes());
            let records: Vec<csv::StringRecord> = reader
                .records()
                .map(|row| row.expect("a ledger is CSV"))
                .collect();
            let refunds = records.iter().any(|row| REFUNDS.contains(&&row[4]));
            let cell = |(column, cell): (usize, &str)| match cell.replace('.', "").parse::<i128>() {
                Ok(_) if refunds && PARTS.contains(&column) => String::new(),
                Ok(minor) if AMOUNTS.contains(&column) => (minor * times).to_string(),
                _ => cell.to_owned(),
            };
            records
                .iter()
                .map(|row| {
                    row.iter()
                        .take(16)
                        .enumerate()
                        .map(cell)
                        .collect::<Vec<_>>()
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(
            rows(&once.ledger, TIMES),
            rows(&often.ledger, 1),
            "seed {seed}"
        );
    });
}
