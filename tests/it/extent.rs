//! What only wide and long books reach: sections of accounts side by side, and days that are far ahead.

use std::path::Path;

use renewcast::analysis::summary::Tally;
use renewcast::engine::{self, Window};
use renewcast::input::{self, Folder};

use crate::laws::compare_files;
use crate::program::Place;
use crate::support::{Files, run};
use crate::verify::reports_of;

/// More accounts, and more instances of one account, than a section of desks takes.
const MANY: usize = 4_200;

/// The rest of `book.toml`.
const SETTINGS: &str =
    "time_zone = \"Asia/Shanghai\"\ncurrency = \"CNY\"\nprofile = \"tencent-cvm\"\n";

fn files(parts: &[(&str, String)]) -> Files {
    parts
        .iter()
        .map(|(name, text)| ((*name).to_owned(), text.clone()))
        .collect()
}

/// Accounts `a-0000` and so on with a term each, of which three in four end in the run; one has as many instances besides.
fn wide_book() -> Files {
    let accounts = (0..MANY).map(|number| format!("a-{number:04},1000000.00\n"));
    let prepaid = (0..MANY).map(|number| {
        let day = number % 4 + 1;
        format!("i-{number},a-{number:04},PREPAID,60,,none,2026-03-0{day}\n")
    });
    let postpaid = (0..MANY).map(|number| format!("h-{number},a-0007,POSTPAID_BY_HOUR,,0.01,,\n"));
    let instances = prepaid.chain(postpaid);
    files(&[
        (
            "book.toml",
            format!("from = 2026-03-01\nto = 2026-03-03\n{SETTINGS}"),
        ),
        (
            "accounts.csv",
            "account_id,cash\n".to_owned() + &accounts.collect::<String>(),
        ),
        (
            "instances.csv",
            "instance_id,account_id,charge_type,monthly_price,hourly_price,renew_flag,expires_on\n"
                .to_owned()
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
    let rows: Vec<csv::StringRecord> = reader
        .records()
        .map(|row| row.expect("a ledger is CSV"))
        .collect();
    assert!(
        rows.is_sorted_by_key(|row| (row[1].to_owned(), row[2].to_owned())),
        "by date, then account"
    );
    let count = |event: &str| rows.iter().filter(|row| row[4] == *event).count();
    let counts = [
        "usage",
        "expired",
        "reclaimed",
        "topup",
        "rejected",
        "flag_set",
    ]
    .map(count);
    assert_eq!(counts, [3 * MANY, MANY / 4 * 3, MANY / 4, 1, 5, 2]);
    assert_eq!(rows.len(), counts.iter().sum::<usize>());
}

/// The days around those for which an agenda has a list each, and years.
#[test]
fn what_is_far_ahead_happens_on_its_day() {
    let ahead = (390..=410).chain((0..4).map(|years| 760 + 90 * years));
    let from = renewcast::model::calendar::Day::parse("2026-01-01").expect("a date");
    let expiring = |flag: &'static str| ahead.clone().map(move |days| (flag, days, from + days));
    let rows = expiring("auto").chain(expiring("none"));
    let rows = rows
        .map(|(flag, days, expiry)| format!("{flag}-{days},main,PREPAID,1,{flag},12,{expiry},\n"));
    let later = ahead
        .clone()
        .map(|days| format!("later-{days},main,PREPAID,1,none,12,,{}\n", from + days));
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

/// The program numbers, adds up and writes the rows of a section apart from those of others.
#[test]
fn the_program_writes_what_a_replay_of_all_accounts_says() {
    let place = wide_book()
        .into_iter()
        .fold(Place::new(), |place, (name, text)| {
            place.file(&format!("book/{name}"), &text)
        });
    place.run("run book --out out").done();
    let wide = run(&wide_book());
    for (name, text) in [
        ("ledger.csv", wide.ledger),
        ("balances.csv", wide.balances),
        ("monthly.csv", wide.monthly),
    ] {
        assert!(place.text(&format!("out/{name}")) == text, "{name}");
    }
}

#[test]
fn sections_come_to_what_all_accounts_do() {
    let place = Place::new();
    place
        .run("generate --accounts 300 --instances 9000 --seed 7 --out book")
        .done();
    place.run("run book --no-charts --out out").done();
    let files = place.files();
    let mut folder = Folder::default();
    for (name, bytes) in files
        .iter()
        .filter_map(|(name, bytes)| Some((name.strip_prefix("book").ok()?, bytes)))
    {
        folder.insert(&name.display().to_string(), bytes.clone());
    }
    for (name, bytes) in reports_of(&folder).expect("every price is known") {
        assert!(
            files.get(&Path::new("out").join(&name)) == Some(&bytes),
            "{name}"
        );
    }

    let book = input::read_book(&folder, None)
        .0
        .expect("a generated book is right");
    let (mut all, mut window, mut run) = (
        Tally::for_book(&book),
        Window::default(),
        engine::start(&book),
    );
    while run.advance(&mut window).expect("every price is known") {
        all.tally_entries(window.entries(), window.balances());
    }
    let (mut kept, mut run) = (Window::<()>::default(), engine::start(&book));
    let mut parts = Tally::open_parts(&book, run.parts());
    assert!(parts.len() > 2, "there is more than one section");
    let add = |tally: &mut Tally<'_>, rows: &mut engine::ShardRows, _: &mut ()| {
        tally.tally_entries(rows.entries.iter(), rows.balances.iter());
    };
    while run
        .advance_with(&mut kept, &mut parts, add)
        .expect("every price is known")
    {}
    let joined = parts
        .into_iter()
        .reduce(Tally::join)
        .expect("there is a section");
    assert_eq!(
        format!("{:?}", joined.into_summary()),
        format!("{:?}", all.into_summary())
    );
}
