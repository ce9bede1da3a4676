//! What a message says to write: right when it is typed.

use std::collections::BTreeSet;

use super::{ACCOUNTS, BOOK, HEADER, read};
use crate::program::Place;

/// The help of the only error of a book with this cell in a column of its instance.
fn cure(column: &str, cell: &str) -> String {
    let columns = [
        ("renew_flag", "auto"),
        ("monthly_price", "100.00"),
        ("expires_on", "2026-12-15"),
    ];
    let of = |(name, plain): &(&str, &str)| {
        if *name == column {
            cell.replace('"', "\"\"")
        } else {
            (*plain).to_owned()
        }
    };
    let cells: Vec<String> = columns
        .iter()
        .map(|pair| format!("\"{}\"", of(pair)))
        .collect();
    let (_, found) = read(
        &[(
            "instances.csv",
            &format!("{HEADER}web-1,main,PREPAID,{}\n", cells.join(",")),
        )],
        None,
    );
    let helps: Vec<&str> = found.iter().map(|one| one.help.as_str()).collect();
    assert!(helps.len() < 2, "{cell}: {helps:?}");
    helps
        .first()
        .map(|help| (*help).to_owned())
        .unwrap_or_default()
}

/// Each text with all that it can mean. What an error says to write is right when it is typed, and where there are two
/// meanings both are given.
/// Rule **cures**.
#[test]
fn cures_are_right_when_typed() {
    let table: &[(&str, &str, &[&str])] = &[
        ("monthly_price", "1.000,00", &["1000.00"]),
        ("monthly_price", "12,5", &["12.5", "125"]),
        ("monthly_price", "60,00", &["60.00", "6000"]),
        ("monthly_price", "1,234", &["1234", "1.234"]),
        ("monthly_price", "1,234.50", &["1234.50"]),
        ("monthly_price", "1,234,567", &["1234567"]),
        ("monthly_price", "12,34,567.5", &["1234567.5"]),
        ("monthly_price", "1.234.567", &["1234567"]),
        ("monthly_price", "1 234,50", &["1234.50"]),
        ("monthly_price", "1\u{a0}234", &["1234"]),
        ("monthly_price", "1'234.50", &["1234.50"]),
        ("monthly_price", "1’234.50", &["1234.50"]),
        ("monthly_price", "¥1,234.50", &["1234.50"]),
        ("monthly_price", "￥60.00", &["60.00"]),
        ("monthly_price", "60.00元", &["60.00"]),
        ("monthly_price", "CNY 12", &["12"]),
        ("monthly_price", "12.50 EUR", &["12.50"]),
        ("monthly_price", "6０．５", &["60.5"]),
        ("monthly_price", "+5", &["5"]),
        ("monthly_price", "110.7 €", &["110.7"]),
        ("monthly_price", "1,2,3", &[]),
        ("monthly_price", "-", &[]),
        ("expires_on", "2027/1/5", &["2027-01-05"]),
        ("expires_on", "2027年1月5日", &["2027-01-05"]),
        ("expires_on", "15.01.2027", &["2027-01-15"]),
        ("expires_on", "02.01.2027", &["2027-01-02"]),
        ("expires_on", "12/31/2026", &["2026-12-31"]),
        ("expires_on", "31/12/2026", &["2026-12-31"]),
        ("expires_on", "03/04/2027", &["2027-04-03", "2027-03-04"]),
        ("expires_on", "05-05-2027", &["2027-05-05"]),
        ("expires_on", "1-Dec-26", &["2026-12-01"]),
        ("expires_on", "Dec 24, 2026", &["2026-12-24"]),
        ("expires_on", "24. Dezember 2026", &["2026-12-24"]),
        ("expires_on", "20261224", &["2026-12-24"]),
        ("expires_on", "46357", &["2026-12-01"]),
        ("expires_on", "2026-12-31 23:59:59", &["2026-12-31"]),
        // In Shanghai, the zone of the book.
        ("expires_on", "2026-12-31T15:59:59Z", &["2026-12-31"]),
        ("expires_on", "2026-12-31T16:00:00Z", &["2027-01-01"]),
        ("expires_on", "2026-12-31T16:00Z", &["2027-01-01"]),
        ("expires_on", "2027-01-01T00:30:00+09:00", &["2026-12-31"]),
        ("expires_on", "31/04/2027", &[]),
        ("expires_on", "soon", &[]),
        ("renew_flag", "自动续费", &["auto"]),
        ("renew_flag", "手动续费", &["manual"]),
        ("renew_flag", "AutoRenewal", &["auto"]),
        ("renew_flag", "Not_Renewal", &["none"]),
        ("renew_flag", "AUTO ", &["auto"]),
        ("renew_flag", "automatically", &[]),
    ];
    for (column, cell, meanings) in table {
        let help = cure(column, cell);
        let words: BTreeSet<&str> = help.split([' ', ',', ';', '`', '?']).collect();
        let offered: BTreeSet<&str> = words
            .into_iter()
            .filter(|word| !word.is_empty() && cure(column, word).is_empty())
            .collect();
        let is_example = help.contains("such as") || help.contains("expected");
        let offered = if is_example { BTreeSet::new() } else { offered };
        assert_eq!(
            offered,
            meanings.iter().copied().collect(),
            "{cell}: {help}"
        );
    }
}

/// In a file with a decimal comma a point may separate thousands; in any other it is a point.
#[test]
fn a_point_is_weighed_by_the_other_cells_of_its_file() {
    let told = |prices: [&str; 2]| {
        let rows: String = (0..)
            .zip(prices)
            .map(|(at, price)| format!("web-{at},main,PREPAID,auto,\"{price}\",2026-12-15\n"))
            .collect();
        let (_, found) = read(&[("instances.csv", &format!("{HEADER}{rows}"))], None);
        found
            .iter()
            .map(|one| format!("{}: {}", one.place.line, one.help))
            .collect::<Vec<_>>()
    };
    let both = |line: usize| {
        format!(
            "{line}: write 1.000 if the point is a decimal point, 1000 if it separates thousands"
        )
    };
    assert_eq!(told(["1.000", "12.00"]), Vec::<String>::new());
    assert_eq!(
        told(["1.000", "2.000,00"]),
        ["3: write 2000.00".to_owned(), both(2)]
    );
    assert_eq!(told(["0.125", "2.000,00"]), ["3: write 2000.00"]);
    assert_eq!(told(["1.00", "1,234.50"]), ["3: write 1234.50"]);
    assert_eq!(told(["1.000", "1,234.50"]), ["3: write 1234.50"]);
}

/// No verb and no action asks for it.
#[test]
fn what_is_terminated_needs_no_price() {
    let verbs = [
        "renew",
        "renew_until",
        "set_flag",
        "set_price",
        "terminate",
        "start",
        "stop",
        "resize",
        "to_prepaid",
        "to_postpaid",
    ];
    let action = |verb: &&str| {
        format!(
            "2026-12-02,{verb},\"charge_type LIKE 'P%'\",1,20,auto,{}\n",
            if *verb == "to_prepaid" { "" } else { "5" }
        )
    };
    let place = Place::new()
        .file("book/book.toml", BOOK)
        .file("book/accounts.csv", ACCOUNTS)
        .file(
            "book/instances.csv",
            "instance_id,account_id,charge_type,renew_flag,monthly_price,hourly_price,expires_on,state\n\
             gone,main,PREPAID,auto,,,2026-11-15,terminated\nwent,main,POSTPAID_BY_HOUR,,,,,terminated\n\
             web,main,PREPAID,auto,9.00,0.10,2026-12-15,\n",
        )
        .file(
            "book/actions.csv",
            &format!("date,action,where,months,day,flag,price\n{}", verbs.iter().map(action).collect::<String>()),
        );
    let place = place.file("book/scenarios/s.toml", "[[prices]]\nchange_percent = 5\n");
    for verb in [
        "run book --no-charts --out out",
        "run book --no-charts --out out --scenario s",
        "explain book gone",
        "explain book went",
        "compare book s --no-charts --out compared",
        "plan book --no-charts --out planned",
        "terms book --out terms",
        "report book --out report",
        "calendar book --out calendar",
    ] {
        let answer = place.run(verb);
        assert!(
            matches!(answer.code, Some(0 | 1)),
            "{verb}: {:?}\n{}{}",
            answer.code,
            answer.out,
            answer.err
        );
    }
}
