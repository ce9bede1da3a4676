//! `renewcast verify`: what a run writes is proven, and whatever is changed in it is found and named.
//!
//! Here is the door: results in memory, and what is proven of them. The gallery of faults and the verb are files of their own.

mod gallery;
mod verb;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use renewcast::analysis::demand::{Demand, Detail, Differing};
use renewcast::analysis::lost;
use renewcast::analysis::summary::Tally;
use renewcast::engine::ledger::Ledger;
use renewcast::engine::{self, Window};
use renewcast::input::{self, Folder};
use renewcast::model::selector::Column;
use renewcast::output::hash::hash;
use renewcast::output::{closing, csv, demand, lost as report_lost, monthly, run_json};
use renewcast::tables::Grouping;
use renewcast::verify::{self, Inputs, Proof, WrittenFiles};

use crate::books::random_book;
use crate::program::{Place, tree};
use crate::support::Files;

/// The files of a result by name.
pub(crate) type Reports = BTreeMap<String, Vec<u8>>;

/// So many random books are run and proven.
const BOOKS: u64 = 300;
/// So many changes are made to results, each at a random place.
const CHANGES: usize = 3_000;
/// So many digits of amounts are changed and resealed.
const DIGITS: usize = 1_000;

/// Numbers that depend on their seed alone.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % most
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).expect("a byte")
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn folder_of(files: &Files) -> Folder {
    let mut folder = Folder::default();
    for (name, text) in files {
        folder.insert(name, text.clone().into_bytes());
    }
    folder
}

/// What a run without charts writes; nothing where the run is refused.
pub(crate) fn reports_of(folder: &Folder) -> Option<Reports> {
    let book = input::read_book(folder, None).0.expect("a valid book");
    let grouping = Grouping::group_by(&book, Column::Product);
    let (mut facts, mut tally) = (grouping.facts(), Tally::for_book(&book));
    let (mut ledger, mut window, mut run) =
        (Ledger::default(), Window::default(), engine::start(&book));
    while run.advance(&mut window).ok()? {
        ledger.entries.extend(window.entries());
        ledger.balances.extend(window.balances());
        facts.collect_entries(window.entries());
        tally.tally_entries(window.entries(), window.balances());
    }
    let tables = facts.into_tables();
    let summary = tally.into_summary();
    let lost_instances = lost::losses(&book, run.gone(), &summary.ended, book.days.from);
    let mut lost_csv = Vec::new();
    let written = report_lost::write_lost(&book, &lost_instances, |pieces| {
        lost_csv.extend(pieces.concat());
        Ok::<(), std::convert::Infallible>(())
    });
    written.expect("memory takes any row");
    let three_sums = Demand::from_spent(
        &book,
        demand::spent(&tables),
        &Differing::accounts_that_differ(&run),
        Detail::Accounts,
    );
    let mut reports = Reports::from([
        ("ledger.csv".to_owned(), csv::ledger(&book, &ledger)),
        ("balances.csv".to_owned(), csv::balances(&book, &ledger)),
        ("monthly.csv".to_owned(), monthly::monthly(&book, &tables)),
        (
            "spend.csv".to_owned(),
            monthly::spend_csv("product", &monthly::spend(&tables)),
        ),
        (
            "demand.csv".to_owned(),
            demand::demand_csv(&book, &three_sums),
        ),
        ("lost.csv".to_owned(), lost_csv),
    ]);
    let list = renewcast::analysis::tasks::list(&book, &summary);
    let to_do = renewcast::output::tasks::files(&book, &list).into_iter();
    reports.extend(to_do.map(|(name, bytes)| (name.to_owned(), bytes)));
    let closing = closing::files(&run.finish().into_book(book.clone())).into_iter();
    reports.extend(closing.map(|(name, bytes)| (format!("closing/{name}"), bytes)));
    reports.extend(
        folder
            .taken_over()
            .map(|(name, bytes)| (format!("closing/{name}"), bytes.to_vec())),
    );
    let outputs = reports
        .iter()
        .map(|(name, bytes)| (name.clone(), hash(bytes)))
        .collect();
    let inputs = folder
        .iter()
        .map(|(name, bytes)| (name.to_owned(), hash(bytes)))
        .collect();
    let record = run_json::RunRecord::record_of_run(inputs, &book, None, &summary, &three_sums)
        .grouped_by("product");
    reports.insert("run.json".to_owned(), record.bytes(outputs));
    Some(reports)
}

/// What seals the others.
const SEALING: [&str; 2] = ["run.json", "report/report.json"];

/// Results whose hashes agree with what was changed in them.
pub(crate) fn resealed(reports: &Reports, mut changed: Reports) -> Reports {
    for sealing in SEALING
        .into_iter()
        .filter(|sealing| reports.contains_key(*sealing))
    {
        let mut text = String::from_utf8(changed[sealing].clone()).expect("JSON is UTF-8");
        text.truncate(text.rfind(",\n  \"digest\"").expect("a digest"));
        for (name, bytes) in reports
            .iter()
            .filter(|(name, _)| !SEALING.contains(&name.as_str()))
        {
            if let Some(other) = changed.get(name) {
                text = text.replace(&hash(bytes), &hash(other));
            }
        }
        changed.insert(sealing.to_owned(), run_json::seal(&(text + "\n}")));
    }
    changed
}

pub(crate) fn proof(reports: &Reports, book: Option<&Folder>) -> Proof {
    let open = |name: &str| -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(
            reports.get(name).ok_or(io::ErrorKind::NotFound)?.as_slice(),
        ))
    };
    let written = WrittenFiles {
        names: reports.keys().cloned().collect(),
        links: BTreeSet::new(),
        open: &open,
    };
    verify::verify(
        &written,
        book.map(|folder| Inputs {
            folder,
            shown_as: "book",
            last: None,
        })
        .as_ref(),
    )
}

/// What was found, in short.
pub(crate) fn told(proof: &Proof) -> String {
    let lines = proof.violations.iter().take(20).map(|one| {
        let place = &one.place;
        format!(
            "{} {}:{}: {}\n    {}\n",
            one.code.as_str(),
            place.file,
            place.line,
            one.message,
            place.source
        )
    });
    lines.collect()
}

#[track_caller]
fn assert_proven(what: &str, reports: &Reports, book: Option<&Folder>) {
    let proof = proof(reports, book);
    assert!(
        proof.holds(),
        "{what}\n{}\n{}",
        told(&proof),
        String::from_utf8_lossy(&reports["ledger.csv"])
    );
    assert_eq!(proof.files, reports.len(), "{what}");
    assert_eq!(proof.inputs.is_some(), book.is_some(), "{what}");
}

/// The folders of a place of books.
fn books_in(place: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(place))
        .expect("a folder of books")
        .map(|entry| entry.expect("an entry").path());
    let mut books: Vec<PathBuf> = entries
        .filter(|path| path.join("book.toml").is_file())
        .collect();
    books.sort();
    books
}

fn read_folder(path: &Path) -> Folder {
    let mut folder = Folder::default();
    for name in input::FILES {
        if let Ok(bytes) = fs::read(path.join(name)) {
            folder.insert(name, bytes);
        }
    }
    folder
}

#[test]
fn what_a_run_writes_of_a_random_book_is_proven() {
    for seed in 0..BOOKS {
        let folder = folder_of(&random_book(seed));
        let Some(reports) = reports_of(&folder) else {
            continue;
        };
        assert_proven(&format!("seed {seed}"), &reports, None);
        assert_proven(
            &format!("seed {seed} with its book"),
            &reports,
            Some(&folder),
        );
    }
}

#[test]
fn what_a_run_writes_of_a_worked_case_is_proven() {
    for case in books_in("data/cases") {
        let folder = read_folder(&case);
        let reports = reports_of(&folder).expect("no worked case is refused");
        assert_proven(&case.display().to_string(), &reports, Some(&folder));
    }
}

/// The line that a byte is on, its end included.
fn line_at(bytes: &[u8], at: usize) -> Range<usize> {
    let ends: Vec<usize> = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .map(|(at, _)| at + 1)
        .collect();
    let number = ends.partition_point(|end| *end <= at);
    let start = number.checked_sub(1).map_or(0, |before| ends[before]);
    start..ends.get(number).copied().unwrap_or(bytes.len())
}

/// Changes one byte, line or file somewhere and gives the name of the file.
fn change(reports: &mut Reports, random: &mut Random) -> String {
    let names: Vec<String> = reports.keys().cloned().collect();
    let name = names[random.below(names.len())].clone();
    let kind = random.below(100);
    if kind < 2 {
        reports.remove(&name);
        return name;
    }
    if kind < 4 {
        let extra = [
            "charts/old.svg",
            "closing/returns.csv",
            "closing/rates.csv",
            "charts/old.png",
        ][random.below(4)];
        reports.insert(extra.to_owned(), b"nothing\n".to_vec());
        return extra.to_owned();
    }
    let bytes = reports.get_mut(&name).expect("a file of the result");
    let at = random.below(bytes.len());
    match kind {
        4..60 => bytes[at] = random.byte(),
        60..68 => bytes.insert(at, random.byte()),
        68..76 => drop(bytes.remove(at)),
        76..82 => drop(bytes.drain(line_at(bytes, at))),
        82..90 => {
            let copied = bytes[line_at(bytes, at)].to_vec();
            let to = line_at(bytes, random.below(bytes.len())).start;
            drop(bytes.splice(to..to, copied));
        }
        90..94 => bytes.truncate(at),
        94..97 => bytes.extend(b"\n"),
        _ => bytes.insert(0, b' '),
    }
    name
}

/// The example with its charts, and random books.
#[test]
fn whatever_is_changed_is_found_and_its_file_named() {
    let place = Place::with_example();
    place.run("run book --out out").done();
    let example = tree(&place.folder.path().join("out"));
    let example = example
        .into_iter()
        .map(|(name, bytes)| (name.to_string_lossy().replace('\\', "/"), bytes))
        .collect();
    let random_books = (0..9).filter_map(|seed| reports_of(&folder_of(&random_book(seed))));
    let all: Vec<Reports> = std::iter::once(example).chain(random_books).collect();
    let mut random = Random(1);
    let mut changes = 0;
    while changes < CHANGES {
        let reports = &all[random.below(all.len())];
        let mut changed = reports.clone();
        let name = change(&mut changed, &mut random);
        if changed == *reports {
            continue;
        }
        changes += 1;
        let proof = proof(&changed, None);
        assert!(!proof.holds(), "{name}: change {changes} is not found");
        let is_named = proof.violations.iter().all(|one| one.place.file == name);
        assert!(
            is_named,
            "{name}: change {changes} is found elsewhere\n{}",
            told(&proof)
        );
    }
}

/// Without any hash, since those of the changed files are made anew: sums and chains show every digit.
#[test]
fn a_changed_digit_of_an_amount_is_found_by_the_rows_alone() {
    let files: [(&str, &[usize]); 5] = [
        ("ledger.csv", &[10, 12, 13, 14]),
        ("balances.csv", &[2, 3, 4]),
        ("monthly.csv", &[2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]),
        ("spend.csv", &[4, 5, 6]),
        ("demand.csv", &[2, 3, 4]),
    ];
    let all: Vec<Reports> = (10..40)
        .filter_map(|seed| reports_of(&folder_of(&random_book(seed))))
        .collect();
    let mut random = Random(2);
    let mut changes = 0;
    while changes < DIGITS {
        let reports = &all[random.below(all.len())];
        let (name, columns) = files[random.below(files.len())];
        let at = random.below(reports[name].len());
        let byte = reports[name][at];
        if !byte.is_ascii_digit() || !columns.contains(&column(&reports[name], at)) {
            continue;
        }
        changes += 1;
        let mut changed = reports.clone();
        changed.get_mut(name).expect("a file of the result")[at] = b'0' + (byte - b'0' + 1) % 10;
        let proof = proof(&resealed(reports, changed), None);
        assert!(
            !proof.holds(),
            "{name}: byte {at} of\n{}",
            String::from_utf8_lossy(&reports[name])
        );
    }
}

/// The column of a byte. Quotes may hold commas and line ends.
fn column(bytes: &[u8], at: usize) -> usize {
    let (mut quoted, mut column) = (false, 0);
    for byte in &bytes[..at] {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => column += 1,
            b'\n' if !quoted => column = 0,
            _ => {}
        }
    }
    column
}
