//! Books that roll: the closing book is as long as the run was, and what it takes along.

use std::fs;

use renewcast::engine;
use renewcast::model::calendar::{Day, DayRange};

use crate::program::Place;
use crate::support::book;

fn day(text: &str) -> Day {
    Day::parse(text).expect("a day")
}

/// The run after another is as long: whole months if it was whole months, else days. A run ends in 2500 at the latest.
#[test]
fn the_next_run_is_as_long() {
    for (from, to, next) in [
        ("2026-12-01", "2027-11-30", "2028-11-30"),
        ("2026-12-01", "2026-12-31", "2027-01-31"),
        ("2027-02-01", "2027-02-28", "2027-03-31"),
        ("2026-12-15", "2027-01-14", "2027-02-14"),
        ("2026-12-31", "2027-03-30", "2027-06-29"),
        ("2027-01-29", "2027-03-28", "2027-05-28"),
        ("2027-01-31", "2027-02-27", "2027-03-27"),
        ("2026-12-01", "2026-12-01", "2026-12-02"),
        ("2026-12-01", "2026-12-10", "2026-12-20"),
        ("2028-02-29", "2029-02-27", "2030-02-27"),
        ("2026-11-30", "2027-02-27", "2027-05-27"),
        ("2026-01-01", "2300-12-31", "2500-12-31"),
        ("2026-01-01", "2400-12-30", "2500-12-31"),
        ("2500-12-01", "2500-12-31", "2501-01-01"),
    ] {
        let run = DayRange {
            from: day(from),
            to: day(to),
        };
        let next = DayRange {
            from: day(to).tomorrow(),
            to: day(next),
        };
        assert_eq!(run.next(), next, "{from} to {to}");
    }
}

/// A book that names no last day has a year.
#[test]
fn a_year_ends_on_the_eve_of_its_first_day() {
    for (from, to) in [
        ("2026-12-01", "2027-11-30"),
        ("2027-01-15", "2028-01-14"),
        ("2028-02-29", "2029-02-27"),
        ("2500-06-01", "2500-12-31"),
    ] {
        assert_eq!(DayRange::year_from(day(from)).to, day(to), "{from}");
    }
}

/// A year without `to`; then a year again, in which nobody has to correct a date.
#[test]
fn a_book_without_a_last_day_rolls_year_by_year() {
    let place = Place::with_book().file("book/book.toml", "from = 2026-12-01\n");
    place.run("run book --out first --no-charts").done();
    let closing = place.folder.path().join("first/closing");
    let settings = fs::read_to_string(closing.join("book.toml")).expect("a closing book");
    assert!(
        settings.contains("\nfrom = 2027-12-01\nto = 2028-11-30\n"),
        "{settings}"
    );
    place.run("check first/closing").done();
}

/// What a closing book takes along, byte for byte; it is proven with its book and without.
#[test]
fn budgets_rates_prices_and_scenarios_come_along() {
    let place = Place::with_example();
    place.run("run book --out first --no-charts").done();
    for name in ["prices.csv", "budget.csv", "scenarios"] {
        let [left, right] =
            ["book", "first/closing"].map(|folder| place.folder.path().join(folder).join(name));
        let files = |path: &std::path::Path| -> Vec<(String, Vec<u8>)> {
            let read = |path: &std::path::Path| fs::read(path).expect("a file");
            if path.is_file() {
                return vec![(name.to_owned(), read(path))];
            }
            let mut files: Vec<_> = fs::read_dir(path)
                .expect("a folder")
                .map(|entry| entry.expect("an entry"))
                .map(|entry| {
                    (
                        entry.file_name().to_string_lossy().into_owned(),
                        read(&entry.path()),
                    )
                })
                .collect();
            files.sort();
            files
        };
        assert_eq!(files(&left), files(&right), "{name}");
    }
    place.run("verify first").done();
    place.run("verify first --book book").done();
    place
        .run("run first/closing --out second --no-charts")
        .done();
}

/// Arrears that leave room for one year of hours, but not for another: 8,760 hours of 100 instances cost 5 × 10^18 minor units.
#[test]
fn a_closing_book_is_shorter_where_its_amounts_would_leave_64_bits() {
    let instances: String = (0..100)
        .map(|number| format!("h-{number},a,POSTPAID_BY_HOUR,57000000000\n"))
        .collect();
    let instances = format!("instance_id,account_id,charge_type,hourly_price\n{instances}");
    let files = [
        (
            "book.toml",
            "from = 2026-12-01\nto = 2027-11-30\nprofile = \"patient\"\n",
        ),
        (
            "profiles.toml",
            "[patient]\nextends = \"tencent-cvm\"\narrears_grace_hours = 36600\n",
        ),
        ("accounts.csv", "account_id,cash\na,0\n"),
        ("instances.csv", &*instances),
    ];
    let files = files
        .into_iter()
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .collect();
    let closing = engine::replay(&book(&files))
        .expect("nothing is refused")
        .closing;
    assert_eq!(closing.days.from, day("2027-12-01"));
    assert!(
        closing.days.to > day("2028-03-01") && closing.days.to < day("2028-11-30"),
        "{}",
        closing.days.to
    );
}
