//! Texts that a spreadsheet would run: no cell of a result is one, and every text comes back as it was.

use std::collections::BTreeSet;

use renewcast::input::cell;
use renewcast::model::selector::Column;

use super::support::{Files, book, run};

/// What a spreadsheet runs, what only looks so, and what looks as if it had been written with care.
const TEXTS: &[&str] = &[
    "=HYPERLINK(\"https://example.com?\"&A1,\"web, 1\")",
    "=1+1",
    "+1+1",
    "-web",
    "@SUM(1,1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "＝1+1",
    "'=1+1",
    "''=1+1",
    "'",
    "''",
    "'web",
    "-",
    "=",
    "-5.00",
    "+8613800138000",
    " =1+1",
];

/// Those that ids and tags keep as they are: blanks at their ends are taken away when a book is read.
fn kept() -> impl Iterator<Item = &'static str> {
    TEXTS.iter().copied().filter(|text| text.trim() == *text)
}

/// A book in which every text is the id of an account, the note of its top-up, and id, name and tag of its instance.
/// The first book of a person has the texts as they are; only those with an apostrophe need another one.
fn hostile() -> Files {
    let mut accounts = "account_id,name,cash\n".to_owned();
    let mut instances =
        "instance_id,account_id,name,project,charge_type,renew_flag,monthly_price,expires_on,tag:owner\n".to_owned();
    let mut actions = "date,action,account_id,amount,note\n".to_owned();
    for text in kept() {
        let text = if text.starts_with('\'') {
            cell::written(text).into_owned()
        } else {
            text.to_owned()
        };
        let cell = format!("\"{}\"", text.replace('"', "\"\""));
        accounts += &format!("{cell},{cell},100.00\n");
        instances += &format!("{cell},{cell},{cell},{cell},PREPAID,auto,59.00,2026-12-12,{cell}\n");
        actions += &format!("2026-12-02,topup,{cell},1.00,{cell}\n");
    }
    let settings = "from = 2026-12-01\nto = 2026-12-31\n".to_owned();
    let files = [
        ("book.toml", settings),
        ("accounts.csv", accounts),
        ("instances.csv", instances),
        ("actions.csv", actions),
    ];
    files
        .into_iter()
        .map(|(name, text)| (name.to_owned(), text))
        .collect()
}

/// The cells below a column of a file.
fn column(text: &str, name: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let at = reader
        .headers()
        .expect("a header")
        .iter()
        .position(|known| known == name)
        .expect("the column");
    reader
        .records()
        .map(|record| record.expect("a row")[at].to_owned())
        .collect()
}

#[test]
fn no_cell_of_a_result_is_a_formula() {
    let written = run(&hostile());
    let results = [&written.ledger, &written.balances, &written.monthly];
    let closing = written
        .closing
        .iter()
        .filter(|(name, _)| name.ends_with(".csv"))
        .map(|(_, text)| text);
    for text in results.into_iter().chain(closing) {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(text.as_bytes());
        for record in reader.records() {
            let record = record.expect("a row");
            assert!(
                record.iter().all(|cell| !cell::is_formula(cell)),
                "{record:?}"
            );
        }
    }
}

#[test]
fn every_id_in_a_ledger_reads_as_it_was() {
    let ledger = run(&hostile()).ledger;
    for name in ["account_id", "instance_id", "detail"] {
        let cells = column(&ledger, name);
        let found: BTreeSet<&str> = cells
            .iter()
            .map(|text| cell::read_cell(text))
            .filter(|text| !text.is_empty())
            .collect();
        assert_eq!(found, kept().collect(), "{name}");
    }
}

#[test]
fn every_text_of_a_book_survives_its_closing_book() {
    let first = run(&hostile()).closing;
    let again = book(&first);
    let expected: BTreeSet<String> = kept().map(str::to_owned).collect();
    let named = |name: &str| {
        Column::NAMED
            .iter()
            .find(|(known, _)| *known == name)
            .expect("a column")
            .1
    };
    for column in [
        named("instance_id"),
        named("account_id"),
        named("name"),
        named("project"),
        Column::Tag(0),
    ] {
        let texts = again
            .instances
            .iter()
            .filter_map(|instance| again.cell_text(instance, column));
        assert_eq!(texts.collect::<BTreeSet<_>>(), expected);
    }
    let names: BTreeSet<&str> = again
        .accounts
        .iter()
        .filter_map(|account| account.name.as_deref())
        .collect();
    assert_eq!(names, kept().collect());
    let second = run(&first).closing;
    for file in ["accounts.csv", "instances.csv"] {
        assert_eq!(
            column(&first[file], "account_id"),
            column(&second[file], "account_id"),
            "{file}"
        );
        assert_eq!(
            column(&first[file], "name"),
            column(&second[file], "name"),
            "{file}"
        );
    }
}

#[test]
fn what_is_written_is_read_again_and_only_formulas_change() {
    for text in TEXTS {
        let written = cell::written(text);
        assert_eq!(cell::read_cell(&written), *text);
        assert!(!cell::is_formula(&written), "{written:?}");
    }
    let changed: Vec<&str> = TEXTS
        .iter()
        .copied()
        .filter(|text| cell::written(text) != *text)
        .collect();
    assert_eq!(changed, TEXTS[..11]);
}
