//! The worked examples: each folder of `data/cases` is a small book, what it comes to, and why.
//!
//! What a case expects is worked out by hand from the rules and never recorded from a run, so nothing here writes files.

use std::fs;
use std::path::{Path, PathBuf};

use csv::{Reader, StringRecord};
use renewcast::input::{self, Folder};

use crate::cells::projected;
use crate::laws::ending;
use crate::oracle;
use crate::support::{Files, Written, assert_same, book, builtin, run};

/// A file that a run writes.
type Part = fn(&Written) -> &str;

/// What a case may expect, and what of a run it is compared with. A file names the columns that it is about, and holds
/// every row.
const EXPECTED: &[(&str, Part)] = &[
    ("expected.csv", |written| &written.ledger),
    ("expected-balances.csv", |written| &written.balances),
    ("expected-monthly.csv", |written| &written.monthly),
    (
        "expected-accounts.csv",
        |written| &written.closing["accounts.csv"],
    ),
    (
        "expected-instances.csv",
        |written| &written.closing["instances.csv"],
    ),
    (
        "expected-actions.csv",
        |written| &written.closing["actions.csv"],
    ),
    (
        "expected-orders.csv",
        |written| &written.closing["orders.csv"],
    ),
    (
        "expected-vouchers.csv",
        |written| &written.closing["vouchers.csv"],
    ),
];

/// Warnings about what a book comes to, not about its files: most cases are made of it.
const EXPECTED_WARNINGS: &[&str] = &[
    "former-rule",
    "outside-run",
    "production-manual",
    "repeated-row",
    "short-month",
    "taken-as-unpaid",
    "unknown-target",
    "zero-price",
];

struct Case {
    name: String,
    folder: PathBuf,
    files: Files,
}

impl Case {
    fn text(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.folder.join(file)).ok()
    }
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/cases");
    let entries = fs::read_dir(root)
        .expect("there is a folder of cases")
        .map(|entry| entry.expect("an entry").path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders.into_iter().map(case).collect()
}

fn case(folder: PathBuf) -> Case {
    let name = folder
        .file_name()
        .expect("a folder has a name")
        .to_string_lossy()
        .into_owned();
    let files = input::FILES.iter().filter_map(|file| {
        let text = fs::read_to_string(folder.join(file)).ok()?;
        Some(((*file).to_owned(), text))
    });
    Case {
        name,
        files: files.collect(),
        folder,
    }
}

/// The books of all cases and of the example, by name.
pub(crate) fn all_cases() -> Vec<(String, Files)> {
    let example = case(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/example"));
    cases()
        .into_iter()
        .chain([example])
        .map(|case| (case.name, case.files))
        .collect()
}

#[test]
fn a_case_comes_to_what_its_rule_says() {
    for case in cases() {
        let written = run(&case.files);
        assert!(
            case.text("expected.csv").is_some(),
            "{} expects nothing",
            case.name
        );
        for (file, part) in EXPECTED {
            let Some(expected) = case.text(file) else {
                continue;
            };
            let what = format!("data/cases/{}/{file}: by hand against the run", case.name);
            assert_same(
                &what,
                &expected,
                &projected(part(&written), &expected),
                &case.files,
            );
        }
    }
}

#[test]
fn a_case_is_a_well_formed_book_and_says_why() {
    for case in cases() {
        let mut folder = Folder::default();
        for (name, text) in &case.files {
            folder.insert(name, text.clone().into_bytes());
        }
        let (_, problems) = input::read_book(&folder, None);
        let unexpected: Vec<_> = problems
            .iter()
            .filter(|problem| !EXPECTED_WARNINGS.contains(&problem.code.as_str()))
            .collect();
        assert!(unexpected.is_empty(), "{}: {unexpected:#?}", case.name);
        let why = case.text("README.md").unwrap_or_default();
        let paragraphs: Vec<&str> = why.split("\n\n").collect();
        assert!(
            matches!(paragraphs[..], [title, _] if title.starts_with("# ")),
            "{}: one paragraph says why",
            case.name
        );
    }
}

/// The example too: what the reference model says of it is what the run writes.
#[test]
fn a_case_is_the_same_to_the_reference_model() {
    for (name, files) in all_cases() {
        let (model, written) = (oracle::replay(&files, builtin()), run(&files));
        let what = |file| format!("{name}, {file}: model against engine");
        assert_same(&what("ledger.csv"), &model.ledger, &written.ledger, &files);
        assert_same(
            &what("balances.csv"),
            &model.balances,
            &written.balances,
            &files,
        );
        assert_same(
            &what("monthly.csv"),
            &model.monthly,
            &written.monthly,
            &files,
        );
    }
}

/// Law 2: a run to any day, and one from its closing book on, have the rows of the whole run.
#[test]
fn a_case_split_after_any_day_is_the_same() {
    for case in cases() {
        let days = book(&case.files).days;
        let whole = run(&case.files);
        let mut day = days.from;
        while day < days.to {
            let first = run(&ending(&case.files, day));
            let second = run(&ending(&first.closing, days.to));
            let what = |part| format!("{} split after {day}, {part}", case.name);
            let ledger = without_seq(&first.ledger) + &without_seq(&second.ledger);
            assert_same(
                &what("ledger.csv"),
                &without_seq(&whole.ledger),
                &ledger,
                &case.files,
            );
            let balances = rows(&first.balances, |_| true)
                + &rows(&second.balances, |date| date != day.to_string());
            assert_same(
                &what("balances.csv"),
                &rows(&whole.balances, |_| true),
                &balances,
                &case.files,
            );
            // Each is as long as its own run.
            let [left, right] = [&whole, &second].map(|run| ending(&run.closing, days.to));
            assert_eq!(left, right, "{}", what("closing"));
            day = day.tomorrow();
        }
    }
}

/// The rows of a ledger without their numbers.
fn without_seq(ledger: &str) -> String {
    lines(ledger, |_| true, |row| row.iter().skip(1).collect())
}

/// The rows of balances of some dates.
fn rows(balances: &str, keep: impl Fn(&str) -> bool) -> String {
    lines(balances, |row| keep(&row[0]), Clone::clone)
}

fn lines(
    text: &str,
    keep: impl Fn(&StringRecord) -> bool,
    change: impl Fn(&StringRecord) -> StringRecord,
) -> String {
    let mut reader = Reader::from_reader(text.as_bytes());
    let rows = reader
        .records()
        .map(|row| row.expect("a row of a run"))
        .filter(keep);
    rows.map(|row| change(&row).iter().collect::<Vec<_>>().join("\u{1f}") + "\n")
        .collect()
}
