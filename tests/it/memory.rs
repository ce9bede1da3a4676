//! What a run holds in memory at once: a window of rows, however many there are in all.

use std::fs;
use std::process::Command;

use renewcast::engine::{self, Window};
use renewcast::instance::Instance;

use crate::program::Place;
use crate::support::{Files, book};

fn files(to: &str, instances: &str, actions: &str) -> Files {
    let files = [
        ("book.toml", format!("from = 2026-01-01\nto = {to}\n")),
        ("accounts.csv", "account_id,cash\nshop,9999999.00\n".to_owned()),
        ("instances.csv", format!("instance_id,account_id,charge_type,hourly_price\n{instances}")),
        ("actions.csv", format!("date,action,account_id,amount\n{actions}")),
    ];
    files.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
}

/// A book in which every instance writes a row a day.
fn book_of_hours(instances: usize, to: &str) -> Files {
    let rows = (0..instances).map(|number| format!("i-{number},shop,POSTPAID_BY_HOUR,0.01\n"));
    files(to, &rows.collect::<String>(), "")
}

/// A book in which people do so much on every day of January.
fn book_of_actions(daily: usize) -> Files {
    let rows = (1..=31).map(|day| format!("2026-01-{day:02},topup,shop,1.00\n").repeat(daily));
    files("2026-01-31", "", &rows.collect::<String>())
}

/// The rows of each window.
fn rows(files: &Files) -> Vec<u64> {
    let book = book(files);
    let mut run = engine::open(&book);
    let mut window = Window::default();
    let mut rows = Vec::new();
    while run.advance(&mut window).expect("every price is known") {
        assert_eq!(window.rows(), window.entries().count() as u64);
        rows.push(window.rows());
    }
    rows
}

/// Ten million instances take as many times so much for the whole of a run. Ids of up to 24 bytes are part of it.
#[test]
fn an_instance_is_held_in_few_bytes() {
    assert_eq!(size_of::<Instance>(), 144);
}

#[test]
fn ten_years_are_held_in_no_more_memory_than_one() {
    let windows = rows(&book_of_hours(100, "2035-12-31"));
    assert_eq!((windows.iter().sum::<u64>(), windows.len()), (365_200, 118));
    assert!(windows[..117].iter().all(|rows| *rows == 3_100), "a window has at most 31 days: {windows:?}");
}

#[test]
fn many_instances_are_held_for_few_days_at_once() {
    assert_eq!(rows(&book_of_hours(10_000, "2026-01-31")), [130_000, 130_000, 50_000]);
}

#[test]
fn many_actions_are_held_for_few_days_at_once() {
    assert_eq!(rows(&book_of_actions(10_000)), [130_000, 130_000, 50_000]);
}

/// Ten years of hours make a ledger larger than the memory that the program may ask for.
#[cfg(target_os = "linux")]
#[test]
fn a_ledger_larger_than_memory_is_written() {
    const KIBIBYTES: u64 = 80_000;
    let files = book_of_hours(300, "2035-12-31");
    let place = files.iter().fold(Place::new(), |place, (name, text)| place.file(&format!("book/{name}"), text));
    let run = place.program("run book --threads 1 --no-charts --out out");
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(format!("ulimit -v {KIBIBYTES} && exec \"$@\""))
        .arg("sh")
        .arg(run.get_program())
        .args(run.get_args());
    let done = shell.current_dir(place.folder.path()).output().expect("there is a shell");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let ledger = fs::metadata(place.folder.path().join("out/ledger.csv")).expect("a ledger").len();
    assert!(ledger > KIBIBYTES * 1024, "{ledger} bytes");
}
