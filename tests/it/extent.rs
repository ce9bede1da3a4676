//! What only wide and long books reach: sections of accounts side by side, and days that are far ahead.

use crate::laws::compare_files;
use crate::support::{Files, run};

/// More accounts, and more instances of one account, than a section of desks takes.
const MANY: usize = 4_200;

/// The rest of `book.toml`.
const SETTINGS: &str = "time_zone = \"Asia/Shanghai\"\ncurrency = \"CNY\"\nprofile = \"tencent-cvm\"\n";

fn files(parts: &[(&str, String)]) -> Files {
    parts.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect()
}

/// Accounts `a-0000` and so on with a term each, of which three in four end in the run; one has as many instances besides.
fn wide_book() -> Files {
    let accounts = (0..MANY).map(|number| format!("a-{number:04},1000000.00\n"));
    let prepaid = |number| format!("i-{number},a-{number:04},PREPAID,60,,none,2026-03-0{}\n", number % 4 + 1);
    let postpaid = |number| format!("h-{number},a-0007,POSTPAID_BY_HOUR,,0.01,,\n");
    let instances = (0..MANY).map(prepaid).chain((0..MANY).map(postpaid));
    files(&[
        ("book.toml", format!("from = 2026-03-01\nto = 2026-03-03\n{SETTINGS}")),
        ("accounts.csv", "account_id,cash\n".to_owned() + &accounts.collect::<String>()),
        (
            "instances.csv",
            "instance_id,account_id,charge_type,monthly_price,hourly_price,renew_flag,expires_on\n".to_owned()
                + &instances.collect::<String>(),
        ),
        (
            "actions.csv",
            "date,action,account_id,instance_id,where,amount,flag\n\
             2026-03-02,topup,zz,,,5.00,\n\
             2026-03-02,topup,a-4150x,,,5.00,\n\
             2026-03-02,topup,a-0005x,,,5.00,\n\
             2026-03-02,topup,a-4199,,,5.00,\n\
             2026-03-02,set_flag,,ghost,,,none\n\
             2026-03-03,set_flag,,,instance_id = 'ghost',,none\n\
             2026-03-03,set_flag,,,\"instance_id IN ('i-3', 'i-4199')\",,none\n"
                .to_owned(),
        ),
    ])
}

#[test]
fn rows_of_many_accounts_come_in_order() {
    let ledger = run(&wide_book()).ledger;
    let mut reader = csv::Reader::from_reader(ledger.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a ledger is CSV")).collect();
    assert!(rows.is_sorted_by_key(|row| (row[1].to_owned(), row[2].to_owned())), "by date, then account");
    let count = |event: &str| rows.iter().filter(|row| row[4] == *event).count();
    let counts = ["usage", "expired", "reclaimed", "topup", "rejected", "flag_set"].map(count);
    assert_eq!(counts, [3 * MANY, MANY / 4 * 3, MANY / 4, 1, 5, 2]);
    assert_eq!(rows.len(), counts.iter().sum::<usize>());
}

/// The days around those for which an agenda has a list each, and years.
#[test]
fn what_is_far_ahead_happens_on_its_day() {
    let ahead = (390..=410).chain((0..4).map(|years| 760 + 90 * years));
    let from = renewcast::calendar::Day::parse("2026-01-01").expect("a date");
    let expiring = |flag: &'static str| ahead.clone().map(move |days| (flag, days, from + days));
    let rows = expiring("auto").chain(expiring("none"));
    let rows = rows.map(|(flag, days, expiry)| format!("{flag}-{days},main,PREPAID,1,{flag},12,{expiry},\n"));
    let later = ahead.clone().map(|days| format!("later-{days},main,PREPAID,1,none,12,,{}\n", from + days));
    compare_files(
        "far ahead",
        &files(&[
            ("book.toml", format!("from = 2026-01-01\nto = 2030-06-30\n{SETTINGS}")),
            ("accounts.csv", "account_id,cash\nmain,800.00\n".to_owned()),
            (
                "instances.csv",
                "instance_id,account_id,charge_type,monthly_price,renew_flag,renew_months,expires_on,starts_on\n"
                    .to_owned()
                    + &rows.chain(later).collect::<String>(),
            ),
        ]),
    );
}
