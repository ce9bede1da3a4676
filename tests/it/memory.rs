//! What a run holds in memory at once: a window of rows, however many there are in all.

use renewcast::engine::{self, Window};

use crate::support::{Files, book};

/// The most rows that a window of these books may hold.
const MOST: u64 = 300_000;

/// A book in which every instance writes a row a day.
fn book_of_hours(instances: usize, last_year: u32) -> Files {
    let rows = (0..instances).map(|number| format!("i-{number},shop,POSTPAID_BY_HOUR,0.01\n"));
    let files = [
        ("book.toml", format!("from = 2026-01-01\nto = {last_year}-12-31\n")),
        ("accounts.csv", "account_id,cash\nshop,9999999.00\n".to_owned()),
        ("instances.csv", "instance_id,account_id,charge_type,hourly_price\n".to_owned() + &rows.collect::<String>()),
    ];
    files.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
}

/// The rows of all windows together, and of the largest.
fn rows(files: &Files) -> (u64, u64) {
    let book = book(files);
    let mut run = engine::open(&book);
    let mut window = Window::default();
    let (mut all, mut largest) = (0, 0);
    while run.advance(&mut window).expect("every price is known") {
        all += window.rows();
        largest = largest.max(window.rows());
    }
    (all, largest)
}

#[test]
fn ten_years_are_held_in_no_more_memory_than_one() {
    let (one, largest) = rows(&book_of_hours(100, 2026));
    assert_eq!((one, largest), (36_500, 3_100));
    let (ten, largest) = rows(&book_of_hours(100, 2035));
    assert_eq!((ten, largest), (365_200, 3_100));
}

#[test]
fn many_instances_are_held_for_few_days_at_once() {
    let (all, largest) = rows(&book_of_hours(3_000, 2026));
    assert_eq!(all, 1_095_000);
    assert!(largest <= MOST, "{largest} rows at once");
}
