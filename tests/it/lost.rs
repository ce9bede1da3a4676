//! `lost.csv`: small books whose losses were worked out by hand, and random books against the reference model's ledger.

use std::collections::BTreeMap;
use std::env;
use std::fs;

use crate::books::random_book;
use crate::oracle;
use crate::program::Place;
use crate::support::{Files, book, builtin};

/// So many random books; `BOOKS` asks for more.
fn books() -> u64 {
    env::var("BOOKS")
        .ok()
        .map_or(300, |text| text.parse().expect("BOOKS is a number"))
}

/// The default rules: tried every day from the expiry on but in the bin, reclaimed 2 days after it, gone 8 days later.
const SETTINGS: &str = "from = 2026-12-01\nto = 2027-02-28\nprofile = \"plain\"\n";

const INSTANCES: &str = "\
instance_id,account_id,charge_type,renew_flag,monthly_price,hourly_price,starts_on,expires_on,state,since,name,tag:env
soon,a,PREPAID,manual,80,,,2026-12-10,,,shop,prod
later,a,PREPAID,manual,70,,,2027-01-10,,,,test
purpose,a,PREPAID,none,60,,,2026-12-10,,,,
short,a,PREPAID,auto,50,,,2026-12-15,,,,
in-bin,a,PREPAID,manual,40,,,2026-11-22,reclaimed,2026-11-24,,
gone,a,PREPAID,auto,30,,,2026-11-21,reclaimed,2026-11-23,,
bought,a,PREPAID,manual,20,,2026-12-01,,,,,
ended,a,POSTPAID_BY_HOUR,,,0,,,,,,
";

const LOST: &str = "\
lost_on,stops_on,latest,account_id,instance_id,class,flag,monthly_value,currency,cause,remedy,name,product,tag:env
2026-12-20,2026-12-12,2026-12-19,a,soon,soon,manual,80.00,CNY,not_renewed,set_flag,shop,cvm,prod
2027-01-20,2027-01-12,2027-01-19,a,later,later,manual,70.00,CNY,not_renewed,set_flag,,cvm,test
2026-12-20,2026-12-12,2026-12-19,a,purpose,on_purpose,none,60.00,CNY,flag_none,,,cvm,
2026-12-25,2026-12-17,2026-12-24,a,short,soon,auto,50.00,CNY,funds_short,topup,,cvm,
2026-12-02,2026-11-24,2026-12-01,a,in-bin,soon,manual,40.00,CNY,not_renewed,renew,,cvm,
2026-12-01,2026-11-23,,a,gone,impossible,auto,30.00,CNY,no_attempt,,,cvm,
2026-12-01,,,a,bought,impossible,manual,20.00,CNY,funds_short,,,cvm,
2026-12-05,2026-12-05,,a,ended,on_purpose,,0.00,CNY,ended,,,cvm,
";

#[test]
fn each_loss_has_its_class_its_dates_and_what_helps() {
    let place = Place::new()
        .file("book/book.toml", SETTINGS)
        .file("book/profiles.toml", "[plain]\n")
        .file("book/accounts.csv", "account_id,cash\na,0\n")
        .file("book/instances.csv", INSTANCES)
        .file(
            "book/actions.csv",
            "date,action,instance_id\n2026-12-05,terminate,ended\n",
        );
    let answer = place.run("run book --out out --no-charts").done();
    let written =
        fs::read_to_string(place.folder.path().join("out/lost.csv")).expect("a list of losses");
    assert_eq!(written, LOST);
    for told in [
        "At risk within 30 days: 3 instances, CNY 170.00 a month, 1 production",
        "At risk later in the run: 1 instance, CNY 70.00 a month",
        "Ending on purpose: 2 instances, CNY 60.00 a month",
        "Cannot be saved: 2 instances, CNY 50.00 a month",
    ] {
        assert!(answer.out.contains(told), "{told}\n{}", answer.out);
    }
    place.run("verify out --book book").done();
}

/// What the reference model terminates for want of a payment is on the list with its day, unless it came before the run.
#[test]
fn what_the_reference_model_loses_is_listed_with_its_day() {
    let mut losses = 0;
    for seed in 0..books() {
        let files: Files = random_book(seed);
        let model = oracle::replay(&files, builtin());
        if model.is_refused {
            continue;
        }
        let reports = crate::verify::reports_of(&crate::verify::folder_of(&files))
            .expect("the model replays it");
        let listed = String::from_utf8(reports["lost.csv"].clone()).expect("a table is UTF-8");
        let listed: BTreeMap<String, String> =
            rows(&listed, |row| (row[4].to_owned(), row[0].to_owned()));
        let gone = rows(&model.ledger, |row| {
            (row[3].to_owned(), (row[1].to_owned(), row[4].to_owned()))
        });
        for (instance, (date, event)) in gone.iter().filter(|(_, (_, event))| event == "terminated")
        {
            losses += 1;
            assert_eq!(
                listed.get(instance),
                Some(date),
                "seed {seed}: {instance} {event}\n{}",
                model.ledger
            );
        }
        let terminated_before = book(&files);
        for instance in listed.keys() {
            let index = terminated_before
                .find_instance(instance)
                .expect("an instance of the book");
            let before = terminated_before.instance(index).state;
            assert_ne!(
                before,
                Some(renewcast::model::instance::State::Terminated),
                "seed {seed}: {instance}"
            );
        }
    }
    assert!(losses > 0 || books() < 10, "no book loses anything");
}

/// The last row of each key.
fn rows<V>(text: &str, of: impl Fn(&csv::StringRecord) -> (String, V)) -> BTreeMap<String, V> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader
        .records()
        .map(|row| of(&row.expect("a row")))
        .filter(|(key, _)| !key.is_empty())
        .collect()
}
