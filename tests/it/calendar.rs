//! `renewcast calendar`: what RFC 5545 asks of a file, and the dates of the example held against its ledger.

use std::collections::BTreeMap;
use std::path::Path;

use super::program::Place;

/// The entries of a calendar as properties, folded lines joined; those of alarms stand behind `VALARM/`.
fn entries(calendar: &str) -> Vec<BTreeMap<String, String>> {
    let joined = calendar.replace("\r\n ", "");
    let mut entries = Vec::new();
    let mut prefix = "";
    for line in joined.split_terminator("\r\n") {
        let (key, value) = line
            .split_once(':')
            .unwrap_or_else(|| panic!("no property: {line}"));
        match (key, value) {
            ("BEGIN", "VEVENT") => entries.push(BTreeMap::new()),
            ("BEGIN", "VALARM") => prefix = "VALARM/",
            ("END", "VALARM") => prefix = "",
            ("BEGIN" | "END", _) => {}
            _ => entries.last_mut().map_or((), |entry| {
                let is_new = entry
                    .insert(format!("{prefix}{key}"), value.to_owned())
                    .is_none();
                assert!(is_new, "{key} stands twice");
            }),
        }
    }
    entries
}

fn feeds(place: &Place, options: &str) -> BTreeMap<String, String> {
    place
        .run(&format!("calendar book --out out {options}"))
        .done();
    let files = place.files().into_iter().filter(|(name, _)| {
        name.starts_with("out") && name.extension().is_some_and(|ending| ending == "ics")
    });
    files
        .map(|(name, bytes)| {
            let text = String::from_utf8(bytes).expect("a calendar is UTF-8");
            (name.display().to_string(), text)
        })
        .collect()
}

#[test]
fn every_file_is_as_the_standard_asks() {
    let place = Place::with_example();
    for (name, calendar) in feeds(&place, "--by tag:team") {
        assert!(
            calendar.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:"),
            "{name}"
        );
        assert!(calendar.ends_with("END:VCALENDAR\r\n"), "{name}");
        assert!(
            calendar
                .split("\r\n")
                .all(|line| line.len() <= 75 && !line.contains('\n')),
            "{name}: a long line"
        );
        let entries = entries(&calendar);
        let ids: std::collections::BTreeSet<&String> =
            entries.iter().map(|entry| &entry["UID"]).collect();
        assert_eq!(ids.len(), entries.len(), "{name}: an id stands twice");
        for entry in &entries {
            assert_eq!(entry["DTSTAMP"], "20261201T000000Z");
            assert!(entry["DTSTART;VALUE=DATE"] < entry["DTEND;VALUE=DATE"]);
            assert_eq!(entry["SUMMARY"], entry["VALARM/DESCRIPTION"]);
        }
    }
}

/// The calendar has the lines of the to-do list on their days, the last day of each instance to save, and what the book plans.
#[test]
fn the_dates_are_those_of_the_list() {
    let place = Place::with_example();
    let all = feeds(&place, "")
        .remove("out/calendar/all.ics")
        .expect("a calendar of everything");
    let dates: Vec<(String, String)> = entries(&all)
        .into_iter()
        .map(|entry| {
            (
                entry["DTSTART;VALUE=DATE"].clone(),
                entry["SUMMARY"].replace('\\', ""),
            )
        })
        .collect();
    let has = |day: &str, what: &str| dates.contains(&(day.to_owned(), what.to_owned()));
    assert!(
        has(
            "20270104",
            "lab: top up CNY 406.72, or a day ends below the alert line"
        ),
        "{dates:?}"
    );
    assert!(
        has("20270124", "lab: top up CNY 1,500.00, as planned"),
        "{dates:?}"
    );
    assert!(
        has(
            "20270222",
            "lab: set the flag of lab-demo-1 to auto (CNY 59.00)"
        ),
        "{dates:?}"
    );
    assert!(
        has("20270301", "lab: last day to save lab-demo-1 (CNY 59.00)"),
        "{dates:?}"
    );
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/example/todo.csv");
    let list = std::fs::read_to_string(list).expect("the to-do list of the example");
    let mut lines = 0;
    for cells in list
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect::<Vec<_>>())
    {
        let day = cells[0].replace('-', "");
        let about = if cells[4].is_empty() {
            cells[3]
        } else {
            cells[4]
        };
        assert!(
            dates
                .iter()
                .any(|(date, what)| *date == day && what.contains(about)),
            "{cells:?} in {dates:?}"
        );
        lines += 1;
    }
    assert!(lines > 0, "the example has something to do");
}

#[test]
fn the_same_book_gives_the_same_bytes_and_old_calendars_go() {
    let place = Place::with_example();
    let first = feeds(&place, "");
    assert_eq!(first, feeds(&place, ""));
    assert!(first.contains_key("out/calendar/account-lab.ics"));
    assert!(!feeds(&place, "--by region").contains_key("out/calendar/account-lab.ics"));
}

#[test]
fn names_cannot_break_out_of_their_line() {
    let place = Place::with_book().file(
        "book/instances.csv",
        "instance_id,account_id,name,charge_type,renew_flag,monthly_price,expires_on\n\
         lost,shop,\"a;b,c\\d\r\nEND:VEVENT\r\n非常非常非常非常非常非常非常非常非常非常非常长的名字\",PREPAID,manual,59.00,2026-12-05\n",
    );
    let all = feeds(&place, "")
        .remove("out/calendar/all.ics")
        .expect("a calendar of everything");
    assert_eq!(entries(&all).len(), 2, "{all}");
    assert!(
        all.replace("\r\n ", "")
            .contains("a\\;b\\,c\\\\d··END:VEVENT··非常"),
        "{all}"
    );
    assert!(all.split("\r\n").all(|line| line.len() <= 75), "{all}");
}
