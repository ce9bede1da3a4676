//! `renewcast verify`: what a run writes is proven, and whatever is changed in it is found and named.
//!
//! The gallery is `data/verify`: a book, and for each fault the answer of the program. Where a fault is resealed, the hashes
//! of `run.json` agree with the changed files, so that the rows alone have to show it.
//! `UPDATE_EXPECTED=1 cargo test verify` writes the answers anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use renewcast::analysis::demand::{Demand, Detail, Differing};
use renewcast::analysis::lost;
use renewcast::analysis::summary::Tally;
use renewcast::engine::ledger::Ledger;
use renewcast::engine::{self, Window};
use renewcast::input::diagnostic::Diagnostic;
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
    let record = run_json::RunRecord::record_of_run(inputs, (&book, None), (&summary, &three_sums))
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
    let line = |one: &Diagnostic| {
        let place = &one.place;
        format!(
            "{} {}:{}: {}\n    {}\n",
            one.code.as_str(),
            place.file,
            place.line,
            one.message,
            place.source
        )
    };
    proof.findings.iter().take(20).map(line).collect()
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
    let line = |at: usize| {
        let ends: Vec<usize> = bytes
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'\n')
            .map(|(at, _)| at + 1)
            .collect();
        let number = ends.partition_point(|end| *end <= at);
        let start = number.checked_sub(1).map_or(0, |before| ends[before]);
        start..ends.get(number).copied().unwrap_or(bytes.len())
    };
    match kind {
        4..60 => bytes[at] = random.byte(),
        60..68 => bytes.insert(at, random.byte()),
        68..76 => drop(bytes.remove(at)),
        76..82 => drop(bytes.drain(line(at))),
        82..90 => {
            let copied = bytes[line(at)].to_vec();
            let to = line(random.below(bytes.len())).start;
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
        let is_named = proof.findings.iter().all(|one| one.place.file == name);
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

/// A fault of the gallery: its name, the file, what stands there, what takes its place. Nothing stands for a file that is
/// not there; a file that is given up has nothing at all.
type Fault = (&'static str, &'static str, &'static str, &'static str);

/// Faults that a hash or the names of the files show.
const CHANGES_OF_FILES: &[Fault] = &[
    (
        "changed-file",
        "ledger.csv",
        "kept,renewed,running,2026-12-12",
        "kept,renewed,running,2026-12-13",
    ),
    (
        "changed-file-balances",
        "balances.csv",
        "2026-12-10,shop,861.00",
        "2026-12-10,shop,861.01",
    ),
    (
        "changed-file-closing",
        "closing/accounts.csv",
        "shop,,596.00",
        "shop,,696.00",
    ),
    ("changed-file-run", "run.json", "\"rows\": ", "\"rows\":  "),
    (
        "extra-file",
        "closing/returns.csv",
        "",
        "account_id,product,year\n",
    ),
    ("foreign-file", "notes.txt", "", "Ask the team.\n"),
    ("missing-file", "monthly.csv", "*", ""),
    (
        "unsealed",
        "run.json",
        "  \"digest\": \"",
        "  \"digests\": \"",
    ),
    ("bad-json-run", "run.json", "\"rows\": ", "\"rows\": 7"),
];

/// Faults that the rows show, as the hashes agree with them.
const RESEALED: &[Fault] = &[
    (
        "wrong-order-seq",
        "ledger.csv",
        "\n3,2026-12-02",
        "\n4,2026-12-02",
    ),
    (
        "wrong-order-date",
        "ledger.csv",
        "2026-12-14,lab,,credit",
        "2026-12-12,lab,,credit",
    ),
    (
        "wrong-order-outside",
        "ledger.csv",
        "2026-12-01,lab,hours",
        "2026-11-30,lab,hours",
    ),
    (
        "wrong-order-account",
        "ledger.csv",
        "lab,,arrears_forecast,,,,,,,,,,42.40,,\n11,2026-12-04,shop,back,reminder,running,,,,,,,,,920.00,expiring,",
        "shop,back,reminder,running,,,,,,,,,920.00,expiring,\n11,2026-12-04,lab,,arrears_forecast,,,,,,,,,,42.40,,",
    ),
    (
        "wrong-order-phase",
        "ledger.csv",
        "expired,overdue,,,,,,,,,920.00,unpaid,\n16,2026-12-05,shop,back,reminder,overdue,,,,,,,,,920.00,expiring,",
        "reminder,running,,,,,,,,,920.00,expiring,\n16,2026-12-05,shop,back,expired,overdue,,,,,,,,,920.00,unpaid,",
    ),
    (
        "wrong-order-id",
        "ledger.csv",
        "hours,stopped,stopped,,,,,,,,,-1.40,arrears,\n26,2026-12-08,lab,short,",
        "short,stopped,stopped,,,,,,,,,-1.40,arrears,\n26,2026-12-08,lab,hours,",
    ),
    (
        "wrong-sum-amount",
        "ledger.csv",
        "1,,-59.00,0.00,-20.00,-39.00",
        "1,,-60.00,0.00,-20.00,-39.00",
    ),
    (
        "wrong-sum-balance",
        "ledger.csv",
        "200.00,0.00,0.00,200.00,198.60",
        "200.00,0.00,0.00,200.00,198.50",
    ),
    (
        "wrong-sum-sources",
        "ledger.csv",
        "1,,-59.00,0.00,-20.00,-39.00",
        "1,,-59.00,0.00,-19.00,-40.00",
    ),
    (
        "wrong-sum-voucher",
        "ledger.csv",
        "200.00,0.00,0.00,200.00,198.60",
        "200.00,1.00,0.00,200.00,198.60",
    ),
    (
        "overdrawn",
        "balances.csv",
        "2026-11-30,tokyo,50000,0,50000",
        "2026-11-30,tokyo,500,0,500",
    ),
    (
        "wrong-reason",
        "ledger.csv",
        "2026-12-02,shop,back,reminder,running,,,,,,,,,920.00,expiring",
        "2026-12-02,shop,back,reminder,running,,,,,,,,,920.00,auto",
    ),
    (
        "wrong-reason-state",
        "ledger.csv",
        "370.60,already_terminated",
        "370.60,in_bin",
    ),
    (
        "impossible-move",
        "ledger.csv",
        "gone,reclaimed,reclaimed",
        "gone,reclaimed,overdue",
    ),
    (
        "impossible-move-kind",
        "ledger.csv",
        "kept,price_set,running,,,,,,,,,802.00,,60",
        "hours,flag_set,running,,,,,,,,,802.00,,auto",
    ),
    (
        "impossible-move-table",
        "ledger.csv",
        "given,returned,reclaimed,,,,,,,,,802.00,",
        "gone,expired,overdue,,,,,,,,,802.00,unpaid",
    ),
    (
        "impossible-move-terminated",
        "ledger.csv",
        "2027-01-20,shop,given,reminder",
        "2027-01-20,shop,gone,reminder",
    ),
    (
        "impossible-move-refused",
        "ledger.csv",
        "2027-01-20,shop,given,reminder",
        "2027-01-20,shop,dear,reminder",
    ),
    (
        "impossible-move-hours",
        "ledger.csv",
        "2026-12-14,lab,short,usage,running,,,,24",
        "2026-12-14,lab,short,usage,running,,,,23",
    ),
    (
        "broken-term-gap",
        "ledger.csv",
        "bought,renewed,running,2027-02-10",
        "bought,renewed,running,2027-02-11",
    ),
    (
        "broken-term-overlap",
        "ledger.csv",
        "bought,renewed,running,2027-02-10",
        "bought,renewed,running,2027-02-09",
    ),
    (
        "broken-term-months",
        "ledger.csv",
        "yen,renewed,running,2027-01-31,2027-02-28",
        "yen,renewed,running,2027-01-31,2027-03-03",
    ),
    (
        "broken-term-backwards",
        "ledger.csv",
        "yen,renewed,running,2027-01-31,2027-02-28",
        "yen,renewed,running,2027-01-31,2027-01-31",
    ),
    (
        "broken-term-recovery",
        "ledger.csv",
        "given,recovered,running,2026-12-27",
        "given,recovered,running,2026-12-24",
    ),
    (
        "broken-term-unified",
        "ledger.csv",
        "kept,renewed,running,2027-01-12,2027-03-01",
        "kept,renewed,running,2027-01-12,2027-01-30",
    ),
    (
        "wrong-day",
        "closing/profiles.toml",
        "suspend_after_days = 2",
        "suspend_after_days = 3",
    ),
    (
        "disagrees-balances",
        "balances.csv",
        "2026-12-10,shop,861.00,0.00,861.00",
        "2026-12-10,shop,860.00,0.00,860.00",
    ),
    (
        "disagrees-balances-missing",
        "balances.csv",
        "2026-12-10,shop,861.00,0.00,861.00\n",
        "",
    ),
    (
        "disagrees-balances-extra",
        "balances.csv",
        "2026-12-10,shop,861.00,0.00,861.00\n",
        "2026-12-09,shop,1.00,0.00,1.00\n2026-12-10,shop,861.00,0.00,861.00\n",
    ),
    (
        "disagrees-monthly",
        "monthly.csv",
        "2026-12,lab,0,0,0,0,0,4",
        "2026-12,lab,0,0,0,0,0,3",
    ),
    (
        "disagrees-monthly-missing",
        "monthly.csv",
        "2026-12,tokyo,0,0,0,0,0,0,0,0,0,0,0,50000\n",
        "",
    ),
    (
        "disagrees-demand",
        "demand.csv",
        "2026-12,lab,",
        "2026-12,lab,1",
    ),
    (
        "disagrees-spend",
        "spend.csv",
        "2026-12,CNY,product,cvm,148.00",
        "2026-12,CNY,product,cvm,147.00",
    ),
    (
        "disagrees-closing-account",
        "closing/accounts.csv",
        "shop,,596.00",
        "shop,,696.00",
    ),
    (
        "disagrees-closing-instance",
        "closing/instances.csv",
        "2027-03-10,10,running",
        "2027-04-10,10,running",
    ),
    (
        "disagrees-closing-day",
        "closing/book.toml",
        "from = 2027-03-01",
        "from = 2027-02-27",
    ),
    (
        "disagrees-run",
        "run.json",
        "\"returned\": 1",
        "\"returned\": 2",
    ),
    (
        "disagrees-run-lowest",
        "run.json",
        "\"available\": \"-1.40\"",
        "\"available\": \"-1.30\"",
    ),
    (
        "unknown-account-row",
        "ledger.csv",
        "2026-12-11,lab,,topup",
        "2026-12-11,moon,,topup",
    ),
    (
        "bad-amount-row",
        "ledger.csv",
        "200.00,0.00,0.00,200.00,198.60",
        "200.0,0.00,0.00,200.00,198.60",
    ),
    (
        "bad-csv-row",
        "ledger.csv",
        "198.60,,\"first, of two\"",
        "198.60,,first, of two",
    ),
    (
        "bad-date-row",
        "ledger.csv",
        "2026-12-11,lab,,topup",
        "2026-12-32,lab,,topup",
    ),
    (
        "bad-number-row",
        "ledger.csv",
        "\n1,2026-12-01,lab,hours,usage,running,,,,24",
        "\n1,2026-12-01,lab,hours,usage,running,,,,25",
    ),
    (
        "bad-value-event",
        "ledger.csv",
        "2026-12-11,lab,,topup",
        "2026-12-11,lab,,top-up",
    ),
    (
        "missing-column-row",
        "ledger.csv",
        "seq,date,account_id",
        "seq,day,account_id",
    ),
    (
        "missing-value-row",
        "ledger.csv",
        "2026-12-02,shop,back,reminder",
        "2026-12-02,shop,,reminder",
    ),
    (
        "unexpected-value-row",
        "ledger.csv",
        "2026-12-11,lab,,topup",
        "2026-12-11,lab,hours,topup",
    ),
];

/// What the program says of the faults of the gallery with the book at hand.
const WITH_BOOK: &[Fault] = &[
    (
        "changed-input",
        "book/accounts.csv",
        "shop,900.00",
        "shop,901.00",
    ),
    ("missing-input", "book/actions.csv", "*", ""),
    (
        "other-replay",
        "out/ledger.csv",
        "first, of two",
        "first, of three",
    ),
];

/// The same, where charts and a report stand beside.
const WITH_REPORT: &[Fault] = &[
    ("other-replay-page", "out/report.html", "CNY ", "CNY 1"),
    (
        "other-replay-table",
        "out/report/spend.csv",
        "CNY,",
        "CNY,1",
    ),
    (
        "other-replay-chart",
        "out/charts/states.svg",
        "Instances by state",
        "Instances by fate",
    ),
];

fn gallery() -> PathBuf {
    root().join("data/verify")
}

/// The book of the gallery with its results in `out`.
fn with_gallery() -> (Place, Reports) {
    let place = Place::new();
    for (name, bytes) in tree(&gallery().join("book")) {
        place.write(&Path::new("book").join(name), &bytes);
    }
    place.run("run book --no-charts --out out").done();
    let reports = tree(&place.folder.path().join("out")).into_iter();
    let reports = reports
        .map(|(name, bytes)| (name.to_string_lossy().replace('\\', "/"), bytes))
        .collect();
    (place, reports)
}

fn with_fault(reports: &Reports, (name, file, from, to): &Fault) -> Reports {
    let mut changed = reports.clone();
    let text = changed.get(*file).map_or_else(String::new, |bytes| {
        String::from_utf8(bytes.clone()).expect("UTF-8")
    });
    assert!(
        text.contains(from) || *from == "*",
        "{name}: `{from}` is not in {file}\n{text}"
    );
    match *from {
        "*" => changed.remove(*file),
        _ => changed.insert((*file).to_owned(), text.replacen(from, to, 1).into_bytes()),
    };
    changed
}

/// Runs a command on files, and holds the answer against the one that is kept.
fn assert_answer(name: &str, (files, command): (&Reports, &str), wrong: &mut Vec<String>) {
    let place = Place::new();
    files
        .iter()
        .for_each(|(name, bytes)| place.write(Path::new(name), bytes));
    let answer = place.run(command);
    let code = answer.code.map_or_else(
        || "no exit code".to_owned(),
        |code| format!("exit code {code}"),
    );
    let said = format!(
        "$ renewcast {command}\n{}{}{code}\n",
        answer.out, answer.err
    );
    let kept = gallery().join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(kept, &said).expect("an answer can be written");
    } else if fs::read_to_string(kept).ok().as_ref() != Some(&said) {
        wrong.push(format!("--- {name}\n{said}"));
    }
}

#[test]
fn each_fault_is_answered_as_expected() {
    let (place, reports) = with_gallery();
    let in_out = |reports: &Reports| {
        let reports = reports
            .iter()
            .map(|(name, bytes)| (format!("out/{name}"), bytes.clone()));
        reports.collect::<Reports>()
    };
    let mut wrong = Vec::new();
    assert_answer("proven", (&in_out(&reports), "verify out"), &mut wrong);
    for fault in CHANGES_OF_FILES {
        assert_answer(
            fault.0,
            (&in_out(&with_fault(&reports, fault)), "verify out"),
            &mut wrong,
        );
    }
    for fault in RESEALED {
        let changed = resealed(&reports, with_fault(&reports, fault));
        assert_answer(fault.0, (&in_out(&changed), "verify out"), &mut wrong);
    }
    with_book(("proven-with-book", WITH_BOOK), &place, &mut wrong);
    place.run("run book --out out").done();
    place.run("report book --out out").done();
    with_book(("proven-with-report", WITH_REPORT), &place, &mut wrong);
    let files = place
        .files()
        .into_iter()
        .map(|(name, bytes)| (name.to_string_lossy().into_owned(), bytes));
    let mut files: Reports = files.collect();
    assert_answer("proven-by-hash", (&files, "verify out"), &mut wrong);
    files.remove("out/report/report.json");
    assert_answer("missing-file-report", (&files, "verify out"), &mut wrong);
    assert!(
        wrong.is_empty(),
        "{}\nif that is right: UPDATE_EXPECTED=1 cargo test verify",
        wrong.concat()
    );
}

/// What is said of the results of a place with the book at hand, as they are and with faults, whose hashes are made anew.
fn with_book((name, faults): (&str, &[Fault]), place: &Place, wrong: &mut Vec<String>) {
    let whole: Reports = place
        .files()
        .into_iter()
        .map(|(name, bytes)| (name.to_string_lossy().into_owned(), bytes))
        .collect();
    let out = |files: &Reports| -> Reports {
        let out = files.iter().filter_map(|(name, bytes)| {
            Some((name.strip_prefix("out/")?.to_owned(), bytes.clone()))
        });
        out.collect()
    };
    assert_answer(name, (&whole, "verify out --book book"), wrong);
    for fault in faults {
        let mut changed = with_fault(&whole, fault);
        if fault.1.starts_with("out/") {
            let sealed = resealed(&out(&whole), out(&changed)).into_iter();
            changed.extend(sealed.map(|(name, bytes)| (format!("out/{name}"), bytes)));
        }
        assert_answer(fault.0, (&changed, "verify out --book book"), wrong);
    }
}

/// Every fault is an answer of the gallery, and no answer is left over.
#[test]
fn each_answer_has_its_fault() {
    let faults = CHANGES_OF_FILES
        .iter()
        .chain(RESEALED)
        .chain(WITH_BOOK)
        .chain(WITH_REPORT)
        .map(|fault| fault.0);
    let others = [
        "proven",
        "proven-with-book",
        "proven-with-report",
        "proven-by-hash",
        "missing-file-report",
    ];
    let mut names: Vec<String> = faults
        .chain(others)
        .map(|name| format!("{name}.txt"))
        .collect();
    names.sort();
    let entries = fs::read_dir(gallery())
        .expect("the gallery")
        .map(|entry| entry.expect("an entry").file_name());
    let mut kept: Vec<String> = entries
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    kept.retain(|name| name != "book");
    kept.sort();
    assert_eq!(names, kept);
}

/// What the gallery calls a fault is one by its rows alone; and the first finding has the code that names it.
#[test]
fn each_resealed_fault_has_the_code_of_its_name() {
    let (_, reports) = with_gallery();
    for fault in RESEALED {
        let proof = proof(&resealed(&reports, with_fault(&reports, fault)), None);
        let codes: Vec<&str> = proof.findings.iter().map(|one| one.code.as_str()).collect();
        assert!(
            codes.iter().any(|code| fault.0.starts_with(code)),
            "{}: {codes:?}",
            fault.0
        );
        assert!(!codes.contains(&"changed-file"), "{}: {codes:?}", fault.0);
    }
}

// The verb.

#[test]
fn the_example_is_proven_by_its_book() {
    let place = Place::with_example();
    place.run("run book --out out").done();
    place
        .run("verify out")
        .done()
        .says("out: proven")
        .says("the inputs were not looked at: renewcast verify out --book BOOK");
    place
        .run("verify out/ --book book/")
        .done()
        .says("8 inputs unchanged")
        .says("files anew, the same byte for byte");
}

#[test]
fn a_result_of_a_scenario_inside_another_result_is_proven_and_so_is_the_other() {
    let place = Place::with_example();
    place.run("run book --no-charts").done();
    place
        .run("run book --scenario yearly --by tag:team --no-charts")
        .done();
    place
        .run("verify reports/book --book book")
        .done()
        .says("proven");
    place
        .run("verify reports/book/yearly --book book")
        .done()
        .says("proven");
    place.write(
        Path::new("book/scenarios/new.toml"),
        b"description = \"later\"\n",
    );
    place.run("verify reports/book/yearly --book book").done();
}

/// Quick changes are kept as a hash: who proves their result gives them again.
#[test]
fn a_result_of_quick_changes_is_proven_with_them() {
    let place = Place::with_example();
    place
        .run("run book --set renew_months=12 --no-charts --out out")
        .done();
    place.run("verify out").done();
    place
        .run("verify out --book book --set renew_months=12")
        .done()
        .says("9 inputs unchanged");
    place
        .run("verify out --book book")
        .found()
        .says("error[changed-input]: the run had changes by --set");
    place
        .run("verify out --book book --set renew_months=6")
        .found()
        .says("error[changed-input]");
    place.run("verify out --set renew_months=12").exits_with(2);
}

#[test]
fn charts_of_an_earlier_run_are_not_of_this_one() {
    let place = Place::with_example();
    place.run("run book --out out").done();
    let charts = tree(&place.folder.path().join("out/charts"));
    place.run("run book --no-charts --out out").done();
    charts
        .iter()
        .for_each(|(name, bytes)| place.write(&Path::new("out/charts").join(name), bytes));
    place
        .run("verify out")
        .found()
        .says("error[extra-file]: unexpected `charts/spend.svg`: the run did not write it");
}

#[test]
fn a_result_without_hashes_of_its_outputs_is_read_and_not_proven() {
    let (place, reports) = with_gallery();
    let run = String::from_utf8(reports["run.json"].clone()).expect("JSON is UTF-8");
    let (before, rest) = run.split_once("  \"outputs\": {").expect("outputs");
    let (_, after) = rest.split_once("},\n").expect("the end of the outputs");
    let (after, _) = after.split_once(",\n  \"digest\"").expect("a digest");
    place.write(
        Path::new("out/run.json"),
        format!("{before}{after}\n}}\n").as_bytes(),
    );
    let answer = place
        .run("verify out")
        .found()
        .says("error[unsealed]")
        .says("\n1 error, 0 warnings\n");
    assert!(!answer.out.contains("disagrees"), "{}", answer.out);
    fs::remove_file(place.folder.path().join("out/spend.csv")).expect("a file can be removed");
    place
        .run("verify out")
        .found()
        .says("error[missing-file]: missing `spend.csv`");
}

#[test]
fn what_is_no_result_is_refused() {
    let (place, _) = with_gallery();
    for (command, complaint) in [
        ("verify nowhere", "there is no folder `nowhere`"),
        (
            "verify out/ledger.csv",
            "there is no folder `out/ledger.csv`",
        ),
        ("verify book", "there is no result in `book`"),
        ("verify out --book nowhere", "there is no folder `nowhere`"),
    ] {
        place.run(command).refused().complains(complaint);
    }
    place.run("verify").exits_with(2);
}

#[test]
fn ids_that_look_like_formulas_are_proven() {
    let place = Place::with_book();
    for name in ["book/accounts.csv", "book/instances.csv"] {
        let text = place
            .text(name)
            .replace("shop,", "=shop,")
            .replace("kept,", "\"@kept, '1\",");
        place.write(Path::new(name), text.as_bytes());
    }
    place
        .run("run book --no-charts --out out --by instance_id")
        .done();
    assert!(
        place
            .text("out/ledger.csv")
            .contains("'=shop,\"'@kept, '1\""),
        "{}",
        place.text("out/ledger.csv")
    );
    place.run("verify out --book book").done();
}

#[test]
fn a_verification_writes_nothing() {
    let (place, _) = with_gallery();
    let before = place.files();
    place.run("verify out --book book").done();
    assert_eq!(place.files(), before);
}

#[cfg(unix)]
#[test]
fn what_is_no_plain_file_of_a_result_is_never_waited_for() {
    use std::os::unix::fs::symlink;
    for file in [
        "ledger.csv",
        "run.json",
        "closing/accounts.csv",
        "spend.csv",
    ] {
        for kind in ["folder", "pipe", "device", "loop"] {
            let is_link = matches!(kind, "device" | "loop");
            let (place, _) = with_gallery();
            let path = place.folder.path().join("out").join(file);
            fs::remove_file(&path).expect("a file can be removed");
            match kind {
                "folder" => fs::create_dir(&path).expect("a folder"),
                "pipe" => {
                    let made = std::process::Command::new("mkfifo").arg(&path).status();
                    assert!(made.expect("mkfifo starts").success());
                }
                "device" => symlink("/dev/zero", &path).expect("a link"),
                _ => symlink(&path, &path).expect("a link"),
            }
            let answer = place.run("verify out");
            let (code, word) = if kind == "folder" {
                (1, "missing-file")
            } else {
                (2, "unreadable")
            };
            let word = if file.contains('/') && kind == "folder" {
                "unreadable"
            } else {
                word
            };
            let (code, word) = if is_link {
                (1, "changed-file")
            } else {
                (code, word)
            };
            let code = if word == "unreadable" { 2 } else { code };
            answer
                .exits_with(code)
                .says(&format!("error[{word}]"))
                .says(&format!("`{file}`"));
        }
    }
}
