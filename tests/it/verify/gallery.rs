//! The gallery is `data/verify`: a book, and for each fault the answer of the program. Where a fault is resealed, the hashes
//! of `run.json` agree with the changed files, so that the rows alone have to show it.
//! `UPDATE_EXPECTED=1 cargo test verify` writes the answers anew.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Reports, proof, resealed, root};
use crate::program::{Place, tree};

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
pub(super) fn with_gallery() -> (Place, Reports) {
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
fn assert_answer(name: &str, files: &Reports, command: &str, wrong: &mut Vec<String>) {
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

/// The files of a result in the folder `out`.
fn in_out(reports: &Reports) -> Reports {
    reports
        .iter()
        .map(|(name, bytes)| (format!("out/{name}"), bytes.clone()))
        .collect()
}

/// The files in the folder `out`, as a result.
fn of_out(files: &Reports) -> Reports {
    files
        .iter()
        .filter_map(|(name, bytes)| Some((name.strip_prefix("out/")?.to_owned(), bytes.clone())))
        .collect()
}

#[test]
fn each_fault_is_answered_as_expected() {
    let (place, reports) = with_gallery();
    let mut wrong = Vec::new();
    assert_answer("proven", &in_out(&reports), "verify out", &mut wrong);
    for fault in CHANGES_OF_FILES {
        assert_answer(
            fault.0,
            &in_out(&with_fault(&reports, fault)),
            "verify out",
            &mut wrong,
        );
    }
    for fault in RESEALED {
        let changed = resealed(&reports, with_fault(&reports, fault));
        assert_answer(fault.0, &in_out(&changed), "verify out", &mut wrong);
    }
    with_book("proven-with-book", WITH_BOOK, &place, &mut wrong);
    place.run("run book --out out").done();
    place.run("report book --out out").done();
    with_book("proven-with-report", WITH_REPORT, &place, &mut wrong);
    let files = place
        .files()
        .into_iter()
        .map(|(name, bytes)| (name.to_string_lossy().into_owned(), bytes));
    let mut files: Reports = files.collect();
    assert_answer("proven-by-hash", &files, "verify out", &mut wrong);
    files.remove("out/report/report.json");
    assert_answer("missing-file-report", &files, "verify out", &mut wrong);
    assert!(
        wrong.is_empty(),
        "{}\nif that is right: UPDATE_EXPECTED=1 cargo test verify",
        wrong.concat()
    );
}

/// What is said of the results of a place with the book at hand, as they are and with faults, whose hashes are made anew.
fn with_book(name: &str, faults: &[Fault], place: &Place, wrong: &mut Vec<String>) {
    let whole: Reports = place
        .files()
        .into_iter()
        .map(|(name, bytes)| (name.to_string_lossy().into_owned(), bytes))
        .collect();
    assert_answer(name, &whole, "verify out --book book", wrong);
    for fault in faults {
        let mut changed = with_fault(&whole, fault);
        if fault.1.starts_with("out/") {
            changed.extend(in_out(&resealed(&of_out(&whole), of_out(&changed))));
        }
        assert_answer(fault.0, &changed, "verify out --book book", wrong);
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
        let codes: Vec<&str> = proof
            .violations
            .iter()
            .map(|one| one.code.as_str())
            .collect();
        assert!(
            codes.iter().any(|code| fault.0.starts_with(code)),
            "{}: {codes:?}",
            fault.0
        );
        assert!(!codes.contains(&"changed-file"), "{}: {codes:?}", fault.0);
    }
}
