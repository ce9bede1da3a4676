//! Two written results side by side.

use std::path::Path;

use crate::cells::rows;
use crate::program::Place;

/// What the comparison of scenarios and that of their written results have in common.
fn in_common(text: &str) -> Vec<Vec<String>> {
    let columns = [
        "currency",
        "account_id",
        "renewals",
        "usage",
        "refunds",
        "spend",
        "income",
        "lowest",
        "lowest_date",
        "closing",
        "failed",
        "reclaimed",
        "stopped",
        "recovered",
        "terminated",
        "refused",
    ];
    let mut common: Vec<Vec<String>> = rows(text)
        .iter()
        .map(|row| columns.map(|column| row[column].clone()).to_vec())
        .collect();
    common.sort();
    common
}

/// The events without the names of the two sides.
fn events(text: &str) -> Vec<Vec<String>> {
    let columns = [
        "account_id",
        "instance_id",
        "date",
        "event",
        "reason",
        "amount",
        "term_end",
    ];
    let mut events = Vec::new();
    for row in rows(text) {
        let is_base = (row["only_in"] != row["scenario"]).to_string();
        let cells = columns.iter().map(|column| row[*column].clone());
        events.push(cells.chain([is_base]).collect());
    }
    events.sort();
    events
}

#[test]
fn two_ledgers_differ_as_the_scenarios_that_wrote_them() {
    let place = Place::with_example();
    for scenario in ["in-time", "yearly"] {
        place.run("run book --no-charts --out base").done();
        place
            .run(&format!(
                "run book --scenario {scenario} --no-charts --out {scenario}"
            ))
            .done();
        place
            .run(&format!(
                "compare book {scenario} --no-charts --out compared"
            ))
            .done();
        place
            .run(&format!("diff base {scenario} --no-charts --out differing"))
            .found()
            .says("differ");
        let (compared, differing) = (
            place.text("compared/compare.csv"),
            place.text("differing/compare.csv"),
        );
        assert_eq!(in_common(&compared), in_common(&differing), "{scenario}");
        let (compared, differing) = (
            place.text("compared/events.csv"),
            place.text("differing/events.csv"),
        );
        assert_eq!(events(&compared), events(&differing), "{scenario}");
    }
}

#[test]
fn a_result_does_not_differ_from_itself() {
    let place = Place::with_example();
    place.run("run book --no-charts --out one").done();
    place
        .run("diff one one --no-charts")
        .done()
        .says("nothing differs");
}

#[test]
fn only_common_days_are_compared() {
    let place = Place::with_book();
    place.run("run book --no-charts --out long").done();
    place
        .run("run book --set book.to=2026-12-12 --no-charts --out short")
        .done();
    let answer = place.run("diff short long --no-charts").done();
    answer
        .says("long goes from 2026-12-01 to 2026-12-31; only 2026-12-01 to 2026-12-12 is compared")
        .says("nothing differs");
    let late = place.file("late/book.toml", "from = 2027-02-01\nto = 2027-02-02\n");
    let late = late.file("late/accounts.csv", "account_id,cash\nshop,1.00\n");
    let late = late.file("late/instances.csv", "instance_id,account_id,charge_type\n");
    late.run("run late --no-charts --out later").done();
    late.run("diff short later")
        .refused()
        .complains("share no day");
}

#[test]
fn what_is_no_result_is_refused() {
    let place = Place::with_book();
    place.run("run book --no-charts --out one").done();
    place
        .run("diff one book")
        .refused()
        .complains("there is no result in `book`");
    let ledger = place.text("one/ledger.csv");
    for name in ["run.json", "balances.csv", "closing/accounts.csv"] {
        place.write(
            &Path::new("two").join(name),
            place.text(&format!("one/{name}")).as_bytes(),
        );
    }
    place
        .run("diff one two")
        .refused()
        .complains("two/ledger.csv");
    place.write(Path::new("two/ledger.csv"), ledger.as_bytes());
    let without_opening = place
        .text("one/balances.csv")
        .replace("2026-11-30,shop,100.00,0.00,100.00\n", "");
    place.write(Path::new("two/balances.csv"), without_opening.as_bytes());
    place
        .run("diff one two")
        .refused()
        .complains("there is no balance of `shop` before 2026-12-01");
    place.write(
        Path::new("two/balances.csv"),
        place.text("one/balances.csv").as_bytes(),
    );
    place.write(
        Path::new("two/ledger.csv"),
        ledger.replace("-59.00", "59.0.0").as_bytes(),
    );
    place
        .run("diff one two")
        .refused()
        .complains("two/ledger.csv");
    place.write(
        Path::new("two/ledger.csv"),
        ledger.replace(",renewed,", ",rewound,").as_bytes(),
    );
    place
        .run("diff one two")
        .refused()
        .complains("a word that this version does not know");
}
