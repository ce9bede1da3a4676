//! `renewcast report`: every table held against the files of the run, and what a page must never do.

use std::collections::BTreeMap;

use super::program::Place;

/// A CSV file as rows of cells by the names of their columns.
type Rows = Vec<BTreeMap<String, String>>;

fn rows(text: &str) -> Rows {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let row = |record: csv::StringRecord| {
        header
            .iter()
            .map(str::to_owned)
            .zip(record.iter().map(str::to_owned))
            .collect()
    };
    reader
        .records()
        .map(|record| row(record.expect("a row")))
        .collect()
}

/// An amount in minor units of a currency with two decimals; nothing is zero.
fn minor(cell: &str) -> i64 {
    cell.replace('.', "").parse().unwrap_or(0)
}

/// A run and a report of a book in `book`, written into `out`.
fn reported(place: &Place, options: &str) -> impl Fn(&str) -> Rows + use<> {
    place.run("run book --no-charts --out out").done();
    place
        .run(&format!("report book --out out {options}"))
        .done();
    let files = place.files();
    move |name: &str| {
        let file = files.get(std::path::Path::new(&format!("out/{name}.csv")));
        file.map(|bytes| rows(std::str::from_utf8(bytes).expect("UTF-8")))
            .unwrap_or_default()
    }
}

const INVENTORY: &str =
    "instance_id,account_id,charge_type,renew_flag,monthly_price,hourly_price,expires_on\n";
const ACTIONS: &str = "date,action,instance_id,months,price\n";
const RENEWALS: &[&str] = &["renewed", "recovered", "purchased", "resized"];
const REFUNDS: &[&str] = &["returned", "refunded"];
const MONTHS: &[&str] = &["2026-12", "2027-01", "2027-03", "2027-06", "2027-11"];

/// What a group of ledger rows comes to, computed here from the file alone.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    renewals: i64,
    usage: i64,
    refunds: i64,
    rows: (u64, u64, u64),
}

fn sums(
    ledger: &Rows,
    key: impl Fn(&BTreeMap<String, String>) -> Option<String>,
) -> BTreeMap<String, Sums> {
    let mut groups: BTreeMap<String, Sums> = BTreeMap::new();
    for row in ledger.iter().filter(|row| !row["amount"].is_empty()) {
        let (event, amount) = (row["event"].as_str(), minor(&row["amount"]));
        let Some(key) = key(row) else { continue };
        if !RENEWALS.contains(&event) && !REFUNDS.contains(&event) && event != "usage" {
            continue;
        }
        let sums = groups.entry(key).or_default();
        match event {
            "usage" => sums.usage -= amount,
            _ if RENEWALS.contains(&event) => sums.renewals -= amount,
            _ => sums.refunds += amount,
        }
        let seq = row["seq"].parse().expect("a number");
        sums.rows = if sums.rows.0 == 0 {
            (1, seq, seq)
        } else {
            (sums.rows.0 + 1, sums.rows.1, seq)
        };
    }
    groups
}

/// The reference that a table prints for so many rows, of which the first and the last are known.
fn reference((count, first, last): (u64, u64, u64)) -> String {
    match count {
        0 => String::new(),
        1 => first.to_string(),
        _ if last - first + 1 == count => format!("{first}–{last}"),
        _ => format!("{count} in {first}–{last}"),
    }
}

/// Rule **report-rows**.
#[test]
fn every_sum_is_that_of_the_ledger_rows_it_names() {
    let place = Place::with_example();
    let inventory = rows(&place.text("book/instances.csv"));
    let of_instance: BTreeMap<&str, &BTreeMap<String, String>> = inventory
        .iter()
        .map(|row| (row["instance_id"].as_str(), row))
        .collect();
    for month in MONTHS {
        let table = reported(&place, &format!("--month {month}"));
        let ledger: Rows = table("ledger")
            .into_iter()
            .filter(|row| row["date"].starts_with(month))
            .collect();
        for column in [
            "instance_id",
            "account_id",
            "product",
            "region",
            "tag:env",
            "tag:team",
        ] {
            let key = |row: &BTreeMap<String, String>| {
                let instance = of_instance.get(row["instance_id"].as_str())?;
                Some(instance[column].clone())
            };
            let expected = sums(&ledger, key);
            let name = if column == "instance_id" {
                "instances".to_owned()
            } else {
                format!("by-{}", column.replace([':', '_'], "-"))
            };
            let mut seen = 0;
            for row in table(&format!("report/{name}")) {
                let none = Sums::default();
                let sums = expected.get(&row[column]).unwrap_or(&none);
                let cell = |name: &str| minor(row.get(name).map_or("", String::as_str));
                assert_eq!(
                    (
                        cell("renewals"),
                        cell("usage"),
                        cell("refunds"),
                        cell("spend")
                    ),
                    (
                        sums.renewals,
                        sums.usage,
                        sums.refunds,
                        sums.renewals + sums.usage - sums.refunds
                    ),
                    "{month} {name} {row:?}"
                );
                assert_eq!(
                    row["ledger_rows"],
                    reference(sums.rows),
                    "{month} {name} {row:?}"
                );
                seen += usize::from(sums.rows.0 > 0);
            }
            assert_eq!(seen, expected.len(), "{month} {name}");
        }
    }
}

#[test]
fn the_cash_view_is_the_monthly_table_and_the_accrual_view_follows_from_it() {
    let place = Place::with_example();
    let mut deferred: BTreeMap<String, i64> = BTreeMap::new();
    let months = (0..12)
        .map(|at| {
            if at == 0 {
                "2026-12".to_owned()
            } else {
                format!("2027-{at:02}")
            }
        })
        .take(12);
    for month in months {
        let table = reported(&place, &format!("--month {month}"));
        let monthly: Rows = table("monthly")
            .into_iter()
            .filter(|row| row["month"] == month)
            .collect();
        let cash = table("report/cash");
        for row in &monthly {
            let cash = cash
                .iter()
                .find(|cash| cash["account_id"] == row["account_id"])
                .expect("every account is there");
            for (of_cash, of_month) in [
                ("topups", "topup_amount"),
                ("credits", "credit_amount"),
                ("renewals", "renewal_amount"),
                ("usage", "usage_amount"),
                ("refunds", "refund_amount"),
                ("closing", "closing_balance"),
            ] {
                assert_eq!(
                    cash[of_cash], row[of_month],
                    "{month} {of_cash} of {}",
                    row["account_id"]
                );
            }
        }
        let spend: i64 = cash
            .iter()
            .map(|row| minor(&row["renewals"]) + minor(&row["usage"]) - minor(&row["refunds"]))
            .sum();
        assert_eq!(minor(&table("report/spend")[0]["spend"]), spend, "{month}");
        for row in table("report/accrual") {
            let cell = |name: &str| minor(&row[name]);
            assert_eq!(
                cell("deferred_start") + cell("paid") - cell("spread") - cell("written_off"),
                cell("deferred_end"),
                "{month} {row:?}"
            );
            assert_eq!(
                cell("spend") - cell("cost"),
                cell("deferred_end") - cell("deferred_start"),
                "{month} {row:?}"
            );
            assert_eq!(cell("difference"), 0, "{month} {row:?}");
            let before = deferred
                .insert(row["account_id"].clone(), cell("deferred_end"))
                .unwrap_or(0);
            assert_eq!(before, cell("deferred_start"), "{month} {row:?}");
        }
    }
}

/// 31 days from 12 December on, of a payment of 62.00: 2.00 a day, 20 days of them in December.
#[test]
fn a_term_is_spread_by_day() {
    let place = Place::new()
        .file("book/book.toml", "from = 2026-12-01\nto = 2027-02-28\n")
        .file("book/accounts.csv", "account_id,cash\nshop,500.00\n")
        .file(
            "book/instances.csv",
            "instance_id,account_id,charge_type,renew_flag,monthly_price,expires_on\n\
             web,shop,PREPAID,auto,62.00,2026-12-12\n",
        );
    let accrual = reported(&place, "")("report/accrual").remove(0);
    assert_eq!(
        (accrual["paid"].as_str(), accrual["spread"].as_str()),
        ("62.00", "40.00")
    );
    assert_eq!(accrual["deferred_end"], "22.00");
    let accrual = reported(&place, "--month 2027-01")("report/accrual").remove(0);
    assert_eq!(
        (
            accrual["deferred_start"].as_str(),
            accrual["spread"].as_str()
        ),
        ("22.00", "62.00")
    );
}

/// A downgrade to nothing gives back what was paid for the same days, so the month costs nothing, wherever the term that was
/// given back before it would have ended.
#[test]
fn a_downgrade_is_spread_to_the_expiry_that_the_instance_has() {
    let returned = "2027-03-01,terminate,web,,\n2027-03-01,renew,web,1,\n";
    let converted = "2027-03-01,to_postpaid,web,,\n2027-03-01,to_prepaid,web,1,\n";
    for (what, actions) in [("returned", returned), ("converted", converted)] {
        for expiry in ["2027-03-20", "2027-04-01", "2027-12-30"] {
            let instance = format!("web,main,PREPAID,none,31,0.1,{expiry}\n");
            let place = Place::new()
                .file(
                    "book/book.toml",
                    "from = 2027-03-01\nto = 2027-12-31\ncurrency = \"CNY\"\n",
                )
                .file("book/accounts.csv", "account_id,cash\nmain,31.00\n")
                .file("book/instances.csv", &format!("{INVENTORY}{instance}"))
                .file(
                    "book/actions.csv",
                    &format!("{ACTIONS}{actions}2027-03-01,resize,web,,0\n"),
                );
            for month in ["2027-03", "2027-04"] {
                for row in reported(&place, &format!("--month {month}"))("report/accrual") {
                    let figures = ["spread", "deferred_end", "written_off", "cost"]
                        .map(|name| minor(&row[name]));
                    assert_eq!(figures, [0; 4], "{what}, {expiry}, {month}: {row:?}");
                }
            }
        }
    }
}

#[test]
fn losses_balances_and_months_ahead_are_those_of_the_run() {
    let place = Place::with_example();
    let table = reported(&place, "--month 2027-01");
    let ledger = table("ledger");
    let act = table("report/act");
    let lost = ledger
        .iter()
        .filter(|row| row["event"] == "terminated" && row["reason"] == "retention_over");
    for row in lost.filter(|row| row["date"].as_str() >= "2027-01-01") {
        let told = act
            .iter()
            .find(|act| act["instance_id"] == row["instance_id"] && act["lost_on"] == row["date"]);
        assert!(
            told.is_some_and(|told| told["latest"] < row["date"]),
            "{row:?} in {act:?}"
        );
    }
    let balances = table("balances");
    for row in table("report/balances") {
        let of_account = || {
            balances
                .iter()
                .filter(|one| one["account_id"] == row["account_id"])
        };
        let ahead = of_account()
            .filter(|one| one["date"].as_str() >= "2027-01-01")
            .map(|one| minor(&one["available"]));
        let lowest = ahead
            .chain([minor(&row["before"])])
            .min()
            .expect("a balance");
        assert_eq!(minor(&row["lowest_ahead"]), lowest, "{row:?}");
    }
    let monthly = table("monthly");
    let ahead = table("report/ahead");
    assert_eq!(ahead.len(), 11, "the run ends in November");
    for row in ahead {
        let of_month = || monthly.iter().filter(|one| one["month"] == row["month"]);
        let sum = |name: &str| of_month().map(|one| minor(&one[name])).sum::<i64>();
        assert_eq!(
            (minor(&row["renewals"]), minor(&row["usage"])),
            (sum("renewal_amount"), sum("usage_amount"))
        );
    }
}

#[test]
fn renewals_due_are_told_with_what_becomes_of_them() {
    let table = reported(&Place::with_book(), "");
    let due = table("report/due");
    let outcome = |id: &str| {
        due.iter()
            .find(|row| row["instance_id"] == id)
            .map(|row| row["outcome"].clone())
    };
    assert_eq!(outcome("kept").as_deref(), Some("paid"));
    assert_eq!(outcome("lost").as_deref(), Some("nobody pays"));
    let counts = table("report/due-counts");
    // The paid term of `kept` ends again on 12 January, after the run.
    assert_eq!(
        counts
            .iter()
            .map(|row| row["renewals"].as_str())
            .collect::<Vec<_>>(),
        ["2", "3", "3"]
    );
}

#[test]
fn a_bridge_adds_up_exactly() {
    let place = Place::with_example();
    place.run("run book --no-charts --out last").done();
    for (options, month) in [
        ("--scenario yearly", "2027-03"),
        ("--set monthly_price=33.33", "2027-01"),
        ("", "2027-06"),
    ] {
        place
            .run(&format!(
                "report book --month {month} --last last --out out {options}"
            ))
            .done();
        for name in ["bridge", "bridge-last"] {
            let bridge = rows(&place.text(&format!("out/report/{name}.csv")));
            let amount = |step: &str| {
                let row = bridge
                    .iter()
                    .find(|row| row["step"] == step)
                    .unwrap_or_else(|| panic!("{name}: {step}"));
                minor(&row["amount"])
            };
            let parts: i64 = bridge[1..6].iter().map(|row| minor(&row["amount"])).sum();
            assert_eq!(
                minor(&bridge[0]["amount"]) + parts,
                amount("spend of this month"),
                "{month} {name} {bridge:?}"
            );
            assert_eq!(amount("not explained"), 0, "{month} {name}");
        }
        if options.is_empty() {
            let movers = place
                .files()
                .contains_key(std::path::Path::new("out/report/movers-last.csv"));
            assert!(!movers, "nothing differs from itself");
        }
    }
}

#[test]
fn a_budget_and_rates_are_compared_with_spend() {
    let two = Place::new()
        .file(
            "book/book.toml",
            "from = 2026-12-01\nto = 2026-12-31\ncurrency = \"CNY\"\n",
        )
        .file(
            "book/accounts.csv",
            "account_id,cash,currency\ncn,500.00,CNY\nus,500.00,USD\n",
        )
        .file(
            "book/budget.csv",
            "month,key,amount\n2026-12,cn,50.00\n2026-12,us,70.00\n",
        )
        .file(
            "book/instances.csv",
            "instance_id,account_id,charge_type,renew_flag,monthly_price,expires_on\n\
             a,cn,PREPAID,auto,100.00,2026-12-12\nb,us,PREPAID,auto,10.01,2026-12-12\n",
        );
    let spend = reported(&two, "")("report/spend");
    assert_eq!(
        spend.len(),
        2,
        "without rates there is no sum of everything"
    );
    assert_eq!(
        spend[0]["budget_left"], "20.00",
        "a budget is in the currency of the book: 50.00 + 70.00 - 100.00"
    );
    let two = two.file("book/rates.csv", "currency,rate\nUSD,7.1255\n");
    let spend = reported(&two, "")("report/spend");
    // 100.00 + 10.01 × 7.1255 = 171.326255
    assert_eq!(
        (spend[2]["currency"].as_str(), spend[2]["spend"].as_str()),
        ("all, in CNY", "171.33")
    );
    assert_eq!(spend[2]["budget_left"], "-51.33");
    let by_account = reported(&two, "")("report/by-account-id");
    assert_eq!(by_account[0]["budget_left"], "-50.00");
}

#[test]
fn a_key_of_a_budget_that_nothing_has_is_told() {
    let place =
        Place::with_book().file("book/budget.csv", "month,key,amount\n2026-12,shopp,5.00\n");
    place
        .run("report book --out out")
        .done()
        .complains("no instance has `shopp`");
}

#[test]
fn a_month_in_which_nothing_happens_has_a_report() {
    let place = Place::new()
        .file("book/book.toml", "from = 2026-12-01\nto = 2026-12-31\n")
        .file("book/accounts.csv", "account_id\nidle\n")
        .file(
            "book/instances.csv",
            "instance_id,account_id,charge_type,expires_on,monthly_price,renew_flag\n",
        );
    place
        .run("report book --out out")
        .done()
        .says("Nothing is lost");
    assert!(
        place
            .text("out/report.html")
            .contains("No instance is lost from this month")
    );
}

#[test]
fn names_stay_text_on_the_page() {
    let place = Place::with_book()
        .file(
            "book/instances.csv",
            "instance_id,account_id,charge_type,renew_flag,monthly_price,expires_on,name,tag:team\n\
             <script>alert(1)</script>,shop,PREPAID,auto,59.00,2026-12-12,\"\"\"'><img src=x onerror=alert(2)>\",{{ 7 }}\n\
             展会演示-😀,shop,PREPAID,manual,59.00,2026-12-05,</title></style>,数据\n",
        )
        .file("book/book.toml", "name = \"</script><b>\"\nfrom = 2026-12-01\nto = 2026-12-31\n");
    place.run("report book --out out").done();
    let page = place.text("out/report.html");
    assert_eq!(page.matches("<script").count(), 1, "only our own");
    assert!(
        !page.contains("<img") && !page.contains("<b>"),
        "a name became markup"
    );
    assert!(page.contains("展会演示-😀") && page.contains("{{ 7 }}"));
    for outside in ["http://", "https://", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn the_same_book_gives_the_same_report_and_old_tables_go() {
    let place = Place::with_example();
    for out in ["one", "two"] {
        place
            .run(&format!("report book --month 2027-01 --out {out}"))
            .done();
    }
    let files = place.files();
    let of = |folder: &str| {
        let inner = files
            .iter()
            .filter_map(|(name, bytes)| Some((name.strip_prefix(folder).ok()?, bytes)));
        inner.collect::<BTreeMap<_, _>>()
    };
    assert_eq!(of("one"), of("two"));
    assert!(files.contains_key(std::path::Path::new("one/report/by-region.csv")));
    place
        .run("report book --month 2027-01 --by product --out one")
        .done();
    assert!(
        !place
            .files()
            .contains_key(std::path::Path::new("one/report/by-region.csv"))
    );
}

#[test]
fn a_page_of_many_instances_is_small_and_its_tables_are_whole_elsewhere() {
    let place = Place::new();
    place
        .run("generate --accounts 300 --instances 5000 --days 62 --out book")
        .done();
    let table = reported(&place, "");
    let page = place.text("out/report.html");
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
    let instances = table("report/instances");
    assert!(instances.len() > 1_000, "{}", instances.len());
    assert!(page.contains(&format!("{} more rows are in", instances.len() - 250)));
}

#[test]
fn verify_proves_a_report_beside_its_run_and_finds_what_changed() {
    let place = Place::with_book();
    place.run("run book --no-charts --out out").done();
    place.run("report book --out out").done();
    place.run("verify out").done().says("proven");
    let page = place.text("out/report.html");
    place.write(
        std::path::Path::new("out/report.html"),
        page.replace("59.00", "58.00").as_bytes(),
    );
    place
        .run("verify out")
        .found()
        .says("error[changed-file]: `report.html` has changed");
    place.write(std::path::Path::new("out/report.html"), page.as_bytes());
    place.write(std::path::Path::new("out/report/more.csv"), b"a\n");
    place
        .run("verify out")
        .found()
        .says("error[extra-file]: `report/more.csv`");
    std::fs::remove_file(place.folder.path().join("out/report/more.csv"))
        .expect("a file can be removed");
    place
        .run("run book --no-charts --out out --set monthly_price=60")
        .done();
    place
        .run("verify out")
        .found()
        .says("error[disagrees]: the report is of another run");
}

#[test]
fn a_month_outside_the_run_is_refused() {
    let place = Place::with_book();
    place
        .run("report book --month 2027-01 --out out")
        .refused()
        .complains("has no day of 2027-01")
        .complains("2026-12 to 2026-12");
    place
        .run("report book --month 2027-13 --out out")
        .exits_with(2);
    place
        .run("run book --no-charts --out later --set book.from=2026-12-02")
        .done();
    place
        .run("report book --last later --out out")
        .refused()
        .complains("has neither the whole month from 2026-12-01 on");
    place
        .run("report book --last nowhere --out out")
        .refused()
        .complains("there is no folder `nowhere`");
}

/// Its links lead somewhere, its folder is proven, and next month's report compares with it.
/// Rule **report-run**.
#[test]
fn a_report_alone_has_its_run_beside_it() {
    let place = Place::with_example();
    place.run("report book --out first").done();
    place.run("verify first --book book").done();
    place
        .run("report book --month 2027-01 --last first --out second")
        .done()
        .says("At risk later in the run: 5 instances");
    place.run("verify second").done();
    let page = place.text("second/report.html");
    assert!(
        page.contains("<span class=\"good\">321.04 under budget</span>"),
        "saved money is good"
    );
    for sum in ["CNY 31,728.08", "CNY 41,653.16", "CNY 42,243.16"] {
        assert!(page.contains(sum), "{sum}");
    }
}

/// A run that is there stays as it is: its charts, and the column of its spend.
#[test]
fn a_report_leaves_the_run_that_is_there() {
    let place = Place::with_example();
    place
        .run("run book --out out --no-charts --by region")
        .done();
    let before = (place.text("out/run.json"), place.text("out/spend.csv"));
    place.run("report book --out out").done();
    assert_eq!(
        (place.text("out/run.json"), place.text("out/spend.csv")),
        before
    );
    place
        .run("report book --out out --set renew_months=3")
        .done();
    assert_ne!(
        place.text("out/run.json"),
        before.0,
        "another run takes its place"
    );
    place.run("verify out").done();
}
