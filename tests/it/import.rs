//! Imports of cloud answers: each shape and each trap is a file in `data/imports`, each expectation a row of a table.
//!
//! All books begin on 2026-12-01 in Shanghai. `data/imports/fleet/book` is what `renewcast import tencent` makes of
//! `data/imports/fleet/*.json`; `data/imports/wrong` are answers that are refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use renewcast::input::diagnostic::{Code, Diagnostics, Severity};
use renewcast::input::import::{Imported, KnownProfile, Options, Source, tencent};
use renewcast::input::{Folder, builtin_rules, read_book};
use renewcast::model::calendar::Day;
use renewcast::model::id::AccountId;
use renewcast::model::money::Currency;
use renewcast::model::profile::Profile;

const FLEET: &[&str] = &[
    "fleet/cvm-page-1.json",
    "fleet/cvm-page-2.json",
    "fleet/disks.json",
    "fleet/lighthouse.json",
    "fleet/renewals.json",
    "fleet/balance.json",
    "fleet/vouchers.json",
    "fleet/price.json",
];

/// Files that become a book each.
const BOOKS: &[&str] = &[
    "array.json",
    "credit.json",
    "debt.json",
    "hourly-and-listed.json",
    "missing-pages.json",
    "odd-sum.json",
    "renewals.json",
    "same-page-twice.json",
    "states-cvm.json",
    "states-disks.json",
    "states-lighthouse.json",
    "two-accounts.json",
    "useless.json",
];

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data/imports")
        .join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn sources(names: &[&str]) -> Vec<Source> {
    names
        .iter()
        .map(|name| Source {
            name: (*name).to_owned(),
            bytes: text(name).into_bytes(),
        })
        .collect()
}

fn day(text: &str) -> Day {
    Day::parse(text).expect("a day of a test")
}

/// The built-in profiles, resolved.
static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(builtin_rules);

fn options() -> Options {
    Options {
        name: "Fleet".to_owned(),
        zone: chrono_tz::Asia::Shanghai,
        from: day("2026-12-01"),
        to: day("2027-11-30"),
        account: AccountId::new("main").expect("not empty"),
        currency: Currency::from_code("CNY").expect("known"),
        as_of: day("2026-12-01"),
        complete: false,
        followed: None,
        profiles: PROFILES.iter().map(KnownProfile::from).collect(),
    }
}

fn import(names: &[&str]) -> Imported {
    tencent(&sources(names), &options()).unwrap_or_else(|found| panic!("{names:?}: {found:?}"))
}

fn import_text(text: &str) -> Result<Imported, Diagnostics> {
    tencent(
        &[Source {
            name: "answer.json".to_owned(),
            bytes: text.as_bytes().to_vec(),
        }],
        &options(),
    )
}

fn file<'i>(imported: &'i Imported, name: &str) -> &'i str {
    let found = imported.files.iter().find(|(file, _)| *file == name);
    &found.unwrap_or_else(|| panic!("there is no {name}")).1
}

/// The rows of a file by their first cell, cells by column.
fn rows(csv: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let records = reader.records().map(|record| record.expect("a record"));
    let cells = |record: &csv::StringRecord| {
        header
            .iter()
            .zip(record)
            .map(|(column, cell)| (column.to_owned(), cell.to_owned()))
            .collect()
    };
    records
        .map(|record| (record[0].to_owned(), cells(&record)))
        .collect()
}

/// Chosen cells of an instance, joined by blanks; `-` for an empty one, nothing where there is no row.
fn cells(imported: &Imported, id: &str, columns: &[&str]) -> String {
    let rows = rows(file(imported, "instances.csv"));
    let Some(row) = rows.get(id) else {
        return String::new();
    };
    let shown = |column: &&str| match row.get(*column).map(String::as_str) {
        None | Some("") => "-".to_owned(),
        Some(cell) => cell.to_owned(),
    };
    columns.iter().map(shown).collect::<Vec<_>>().join(" ")
}

fn folder<'t>(files: impl IntoIterator<Item = (&'t str, &'t str)>) -> Folder {
    let mut folder = Folder::default();
    files
        .into_iter()
        .for_each(|(name, text)| folder.insert(name, text.as_bytes().to_vec()));
    folder
}

fn messages(found: &Diagnostics) -> Vec<String> {
    found
        .iter()
        .map(|one| format!("{}: {}", one.code.as_str(), one.message))
        .collect()
}

#[test]
fn a_fleet_becomes_this_book() {
    let imported = import(FLEET);
    for (name, made) in &imported.files {
        assert_eq!(*made, text(&format!("fleet/book/{name}")), "{name}");
    }
    assert_eq!(
        imported.to_do.len(),
        imported.counts.prices,
        "{:?}",
        imported.to_do
    );
    let counts = imported.counts;
    assert_eq!(
        (
            counts.answers,
            counts.instances,
            counts.accounts,
            counts.prices
        ),
        (9, 8, 1, 7)
    );
    let notes = messages(&imported.notes);
    let expected = [
        "left-out: usable vouchers are not part of the book: 2, worth 52.50000001 CNY",
        "left-out: a price that names neither instances nor months is left out: `InstancePrice.OriginalPrice` 240.0, \
         `InstancePrice.DiscountPrice` 175.2",
        "left-out: disks that are not elastic live and are paid with their instance and have no row: 1 (`disk-sys1`)",
    ];
    assert_eq!(notes, expected);
}

#[test]
fn instances_begin_in_the_state_that_the_answers_give() {
    // file, id, `expires_on state since returned`
    let table = [
        ("states-cvm.json", "ins-in-use", "2027-06-15 - - -"),
        ("states-cvm.json", "ins-security", "2027-06-15 - - -"),
        ("states-cvm.json", "ins-overdue", "2026-11-29 - - -"),
        ("states-cvm.json", "ins-bin-derived", "2026-11-28 - - -"),
        (
            "states-cvm.json",
            "ins-bin-early",
            "2026-11-29 reclaimed 2026-11-30 -",
        ),
        ("states-cvm.json", "ins-bin-today", "2026-12-01 - - -"),
        (
            "states-cvm.json",
            "ins-returned",
            "2027-06-15 reclaimed 2026-11-30 true",
        ),
        (
            "states-cvm.json",
            "ins-shutdown",
            "2027-06-15 reclaimed 2026-11-30 -",
        ),
        (
            "states-cvm.json",
            "ins-other-source",
            "2027-06-15 reclaimed 2026-11-30 -",
        ),
        (
            "states-cvm.json",
            "ins-destroyed",
            "2027-06-15 terminated - -",
        ),
        ("states-cvm.json", "ins-last-day", "2026-11-21 - - -"),
        ("states-cvm.json", "ins-gone", "2026-11-20 terminated - -"),
        (
            "states-cvm.json",
            "ins-gone-running",
            "2020-09-22 terminated - -",
        ),
        ("states-cvm.json", "ins-arrears", "- stopped 2026-11-30 -"),
        ("states-cvm.json", "ins-hourly-returned", "- terminated - -"),
        ("states-cvm.json", "ins-uncharged", "- - - -"),
        ("states-cvm.json", "ins-hourly-with-expiry", "- - - -"),
        ("states-disks.json", "disk-bin-derived", "2026-11-23 - - -"),
        (
            "states-disks.json",
            "disk-bin-early",
            "2026-11-24 reclaimed 2026-11-30 -",
        ),
        (
            "states-disks.json",
            "disk-returned",
            "2027-06-15 reclaimed 2026-11-30 true",
        ),
        ("states-disks.json", "disk-last-day", "2026-11-16 - - -"),
        (
            "states-disks.json",
            "disk-gone",
            "2026-11-15 terminated - -",
        ),
        (
            "states-disks.json",
            "disk-arrears",
            "- stopped 2026-11-30 -",
        ),
        ("states-disks.json", "disk-hourly", "- - - -"),
        (
            "states-lighthouse.json",
            "lhins-isolated",
            "2026-11-22 reclaimed 2026-11-25 -",
        ),
        (
            "states-lighthouse.json",
            "lhins-returned",
            "2027-06-15 reclaimed 2026-11-28 -",
        ),
        (
            "states-lighthouse.json",
            "lhins-later",
            "2026-11-29 overdue - -",
        ),
        ("states-lighthouse.json", "lhins-back", "2027-06-15 - - -"),
        (
            "states-lighthouse.json",
            "lhins-deleting",
            "2027-06-15 terminated - -",
        ),
        (
            "states-lighthouse.json",
            "lhins-restricted",
            "2027-06-15 - - -",
        ),
        ("renewals.json", "ins-isolated", "2026-11-27 - - -"),
        (
            "renewals.json",
            "ins-isolated-early",
            "2026-12-05 reclaimed 2026-11-30 -",
        ),
    ];
    for (name, id, expected) in table {
        let columns = ["expires_on", "state", "since", "returned"];
        assert_eq!(
            cells(&import(&[name]), id, &columns),
            expected,
            "{name} {id}"
        );
    }
}

#[test]
fn members_become_cells() {
    // file, id, `product instance_type region charge_type renew_flag renew_months project`
    let table = [
        (
            "states-cvm.json",
            "ins-in-use",
            "cvm S5.MEDIUM4 ap-guangzhou PREPAID manual - 0",
        ),
        (
            "states-cvm.json",
            "ins-hourly-with-expiry",
            "cvm S5.MEDIUM4 ap-guangzhou POSTPAID_BY_HOUR - - 0",
        ),
        (
            "states-disks.json",
            "disk-hourly",
            "cbs CLOUD_SSD-100GB ap-guangzhou POSTPAID_BY_HOUR - - 默认项目",
        ),
        (
            "states-lighthouse.json",
            "lhins-back",
            "lighthouse bundle_starter_mc_s1 ap-shanghai PREPAID manual - -",
        ),
        (
            "renewals.json",
            "ins-yearly",
            "cvm sp_cvm_s5 ap-guangzhou PREPAID auto 24 shop",
        ),
        (
            "renewals.json",
            "ins-half-year",
            "cvm sp_cvm_s5 ap-guangzhou PREPAID auto 6 shop",
        ),
        (
            "renewals.json",
            "ins-unset",
            "cvm sp_cvm_s5 ap-guangzhou PREPAID manual - shop",
        ),
        (
            "renewals.json",
            "ins-not-offered",
            "cvm sp_cvm_s5 ap-guangzhou PREPAID auto - shop",
        ),
        (
            "renewals.json",
            "redis-1",
            "redis redis - PREPAID auto 1 shop",
        ),
        (
            "renewals.json",
            "disk-1",
            "cbs sp_cbs_ssd ap-guangzhou PREPAID auto 1 shop",
        ),
        (
            "renewals.json",
            "odd-1",
            "marketplace marketplace ap-others PREPAID auto 1 u9ed8u8ba4u9879u76ee",
        ),
        (
            "hourly-and-listed.json",
            "ins-a1",
            "cvm S5.MEDIUM4 ap-guangzhou POSTPAID_BY_HOUR - - shop",
        ),
        (
            "array.json",
            "ins-a1",
            "cvm S5.MEDIUM4 ap-guangzhou PREPAID manual - 0",
        ),
        (
            "same-page-twice.json",
            "ins-a1",
            "cvm S5.MEDIUM4 ap-guangzhou PREPAID manual - 0",
        ),
    ];
    for (name, id, expected) in table {
        let columns = [
            "product",
            "instance_type",
            "region",
            "charge_type",
            "renew_flag",
            "renew_months",
            "project",
        ];
        assert_eq!(
            cells(&import(&[name]), id, &columns),
            expected,
            "{name} {id}"
        );
    }
}

#[test]
fn what_a_book_cannot_hold_is_named() {
    // file, the instance without a row or nothing, the warning
    let table = [
        (
            "states-cvm.json",
            "ins-failed",
            "`ins-failed` was never created: it has no row",
        ),
        (
            "states-cvm.json",
            "ins-pending",
            "`ins-pending` is prepaid, but no response gives its expiry: it has no row",
        ),
        (
            "states-cvm.json",
            "ins-spot",
            "`ins-spot` has the charge type `SPOTPAID`, which a book does not know: it has no row",
        ),
        (
            "states-cvm.json",
            "ins-on-host",
            "`ins-on-host` has the charge type `CDHPAID`, which a book does not know: it has no row",
        ),
        (
            "states-cvm.json",
            "ins-on-cluster",
            "`ins-on-cluster` has the charge type `CDCPAID`, which a book does not know: it has no row",
        ),
        (
            "states-cvm.json",
            "ins-new-charge",
            "`ins-new-charge` has the charge type `UNDERWRITE`, which a book does not know: it has no row",
        ),
        (
            "hourly-and-listed.json",
            "ins-s1",
            "`ins-s1` has the charge type `SPOTPAID`, which a book does not know: it has no row",
        ),
        (
            "states-disks.json",
            "disk-part",
            "disks that are not elastic live and are paid with their instance and have no row: 1 (`disk-part`)",
        ),
        (
            "renewals.json",
            "ins-without-expiry",
            "`ins-without-expiry` is prepaid, but no response gives its expiry: it has no row",
        ),
        (
            "renewals.json",
            "",
            "`ins-not-offered` renews by 13 months, which the profile `tencent-cvm` does not offer: that is left out",
        ),
        (
            "hourly-and-listed.json",
            "",
            "`ins-a1` is charged by the hour: its expiry 2027-06-15 of another response is left out",
        ),
        (
            "states-cvm.json",
            "",
            "`ins-uncharged` is shut down without charge (`STOP_CHARGING`): a run bills it like a running one",
        ),
        (
            "states-cvm.json",
            "",
            "`ins-bin-today` is in the recycle bin, expired since 2026-12-01 at the earliest, but the book begins on \
             2026-12-01: it is in use there",
        ),
        (
            "states-cvm.json",
            "",
            "`ins-gone-running` expired on 2020-09-22 and is released on 2020-10-02 by its profile, before the \
             book begins: \
             it is `terminated` there, though the responses say that it is in use",
        ),
        (
            "missing-pages.json",
            "",
            "found 1 of 250 `cvm` in `ap-guangzhou`",
        ),
        (
            "missing-pages.json",
            "",
            "a list of renewable instances without its last page",
        ),
        (
            "useless.json",
            "",
            "a response that holds a `RequestId` only, as `cvm RenewInstances` gives it",
        ),
        (
            "useless.json",
            "",
            "the response of `cvm InquiryPriceTerminateInstances`: refunds are not part of a book",
        ),
        (
            "useless.json",
            "",
            "a price that names neither instances nor months is left out: `InstancePrice.OriginalPrice` 1386.0, \
             `InstancePrice.DiscountPrice` 1219.68",
        ),
        (
            "credit.json",
            "",
            "temporary credit of 2000.00 CNY until 2027-01-16 is not part of the book",
        ),
        (
            "odd-sum.json",
            "",
            "`RealBalance` is 999.99 CNY, but its parts make 1234.50 CNY, which the book takes",
        ),
    ];
    for (name, id, expected) in table {
        let imported = import(&[name]);
        let notes = messages(&imported.notes);
        assert!(
            notes.contains(&format!("left-out: {expected}")),
            "{name}: {expected}\n{notes:#?}"
        );
        assert!(
            id.is_empty() || cells(&imported, id, &["charge_type"]).is_empty(),
            "{name}: {id} has a row"
        );
    }
    for (name, count) in [
        ("array.json", 0),
        ("credit.json", 1),
        ("debt.json", 0),
        ("states-lighthouse.json", 1),
    ] {
        assert_eq!(import(&[name]).notes.warnings(), count, "{name}");
    }
}

#[test]
fn what_is_left_to_do_names_the_cell() {
    let table = [
        (
            "states-cvm.json",
            "fill in monthly_price of cvm S5.MEDIUM4 in ap-guangzhou (10 instances) in prices.csv",
        ),
        (
            "states-cvm.json",
            "fill in hourly_price of cvm S5.MEDIUM4 in ap-guangzhou (3 instances) in prices.csv",
        ),
        (
            "renewals.json",
            "fill in monthly_price of redis redis (1 instance) in prices.csv",
        ),
        (
            "array.json",
            "fill in cash of account main in accounts.csv: no response gives its balance, and an empty cell counts as 0",
        ),
        (
            "states-cvm.json",
            "correct since of ins-returned in instances.csv: it is in the recycle bin, returned, but the \
             responses do not say \
             since when, and 2026-11-30 is only the latest day possible",
        ),
        (
            "states-cvm.json",
            "correct expires_on of ins-overdue in instances.csv if it was renewed: it expired on 2026-11-29, \
             and the book \
             begins on 2026-12-01 as if nothing had been paid since",
        ),
        (
            "states-lighthouse.json",
            "put true into returned of lhins-returned in instances.csv if it was returned: it is in the recycle \
             bin since \
             2026-11-28, before its expiry",
        ),
        (
            "renewals.json",
            "fill in monthly_price in instances.csv where the 6 instances of cvm that only billing names differ \
             in price: \
             billing does not say their types",
        ),
        (
            "renewals.json",
            "name the profile of marketplace under [product_profiles] in book.toml if its rules are not those of \
             tencent-cvm",
        ),
        (
            "two-accounts.json",
            "put the right account_id beside each instance in instances.csv: the responses name several accounts, \
             and every \
             instance is under main now",
        ),
        (
            "fleet/cvm-page-1.json",
            "import the response of cbs DescribeDisks as well: data disks that only their instances name (1) are \
             missing from \
             the book if they are paid on their own",
        ),
    ];
    for (name, expected) in table {
        let imported = import(&[name]);
        assert!(
            imported.to_do.iter().any(|sentence| sentence == expected),
            "{name}: {expected}\n{:#?}",
            imported.to_do
        );
        assert!(
            file(&imported, "book.toml").contains(&format!("# - {expected}\n")),
            "{name}: {expected}"
        );
    }
}

#[test]
fn balances_become_accounts_exactly() {
    let table = [
        ("credit.json", "100000000001,1000.00,300.00,65.50,5000.00\n"),
        ("debt.json", "100000000002,-800.00,0.00,0.00,0.00\n"),
        (
            "odd-sum.json",
            "100000000001,1000.00,300.00,65.50,5000.00\n",
        ),
        ("array.json", "main,,,,\n"),
        (
            "two-accounts.json",
            "100000000001,1000.00,300.00,65.50,5000.00\n100000000002,1000.00,300.00,65.50,0.00\nmain,,,,\n",
        ),
    ];
    for (name, expected) in table {
        let made = format!("account_id,cash,free_credit,frozen,credit_limit\n{expected}");
        assert_eq!(file(&import(&[name]), "accounts.csv"), made, "{name}");
    }
    assert_eq!(
        cells(&import(FLEET), "ins-web1", &["account_id"]),
        "100000000001"
    );
}

#[test]
fn fen_become_yuan_without_rounding() {
    let table = [
        ("0", Some("0.00")),
        ("-0.0", Some("0.00")),
        ("1", Some("0.01")),
        ("-105", Some("-1.05")),
        ("123450.0", Some("1234.50")),
        ("1.5e1", Some("0.15")),
        ("2E+3", Some("20.00")),
        ("30e-1", Some("0.03")),
        ("90071992547409.930e1", None),
        ("900719925474099", Some("9007199254740.99")),
        ("9007199254740993", None),
        ("0.5", None),
        ("1e-1", None),
        ("1e40", None),
        ("1e-400", None),
        ("1e99999999999999999999", None),
        ("1e-9223372036854775808", None),
        ("1e9223372036854775807", None),
        ("12345678901234567890123456789012345678901234567890", None),
        ("\"100\"", None),
        ("true", None),
    ];
    for (fen, expected) in table {
        let answer = format!(
            "{{\"Uin\": 1, \"CashAccountBalance\": {fen}, \"IncomeIntoAccountBalance\": 0, \
             \"PresentAccountBalance\": 0, \
             \"FreezeAmount\": 0, \"OweAmount\": 0}}"
        );
        match (import_text(&answer), expected) {
            (Ok(imported), Some(cash)) => {
                assert_eq!(
                    rows(file(&imported, "accounts.csv"))["1"]["cash"],
                    cash,
                    "{fen}"
                );
            }
            (Err(found), None) => {
                let codes: Vec<(Code, usize)> = found
                    .iter()
                    .map(|one| (one.code, one.place.column))
                    .collect();
                assert_eq!(codes, [(Code::BadAmount, 34)], "{fen}");
            }
            (result, _) => panic!("{fen}: {result:?}"),
        }
    }
}

#[test]
fn times_become_dates_of_the_zone() {
    let table = [
        ("Asia/Shanghai", "2026-11-30T15:59:59Z", "2026-11-30"),
        ("Asia/Shanghai", "2026-11-30T16:00:00Z", "2026-12-01"),
        ("Asia/Shanghai", "2026-11-30T16:30:00+00:00", "2026-12-01"),
        ("Asia/Shanghai", "2026-12-01T00:30:00+08:00", "2026-12-01"),
        ("Asia/Shanghai", "2026-12-31T23:59:59.500Z", "2027-01-01"),
        ("Asia/Shanghai", "2026-11-30 23:59:59", "2026-11-30"),
        ("Asia/Shanghai", "2026-12-01 00:00:00", "2026-12-01"),
        ("Asia/Shanghai", "2026-12-01", "2026-12-01"),
        ("America/New_York", "2027-03-14T04:30:00Z", "2027-03-13"),
        ("America/New_York", "2027-03-15T04:30:00Z", "2027-03-15"),
        ("America/New_York", "2026-12-01 00:00:00", "2026-12-01"),
        ("Asia/Kathmandu", "2026-11-30T18:15:00Z", "2026-12-01"),
        ("Asia/Shanghai", "0000-00-00 00:00:00", ""),
        ("Asia/Shanghai", "", ""),
        ("Asia/Shanghai", "9999-12-31T16:00:00Z", "bad-date"),
        ("Asia/Shanghai", "0001-01-01T00:00:00Z", "bad-date"),
        ("Asia/Shanghai", "2026-02-29 00:00:00", "bad-date"),
        ("Asia/Shanghai", "2026-12-01 24:00:00", "bad-date"),
        ("Asia/Shanghai", "2026-12-01T00:30:00", "bad-date"),
        ("Asia/Shanghai", "2026/12/01", "bad-date"),
    ];
    for (zone, time, expected) in table {
        let answer = format!(
            "{{\"InstanceList\": [{{\"InstanceId\": \"a\", \"ProductCode\": \"p_cvm\", \"ExpireTime\": \"{time}\"}}]}}"
        );
        let source = Source {
            name: "answer.json".to_owned(),
            bytes: answer.into_bytes(),
        };
        let options = Options {
            zone: zone.parse().expect("a zone"),
            ..options()
        };
        let made = match tencent(&[source], &options) {
            Ok(imported) => cells(&imported, "a", &["expires_on"]),
            Err(found) => found.iter().map(|one| one.code.as_str()).collect(),
        };
        assert_eq!(made, expected, "{time} in {zone}");
    }
}

#[test]
fn wrong_answers_are_refused_at_their_place() {
    // files, code, line, column, the message
    let table: &[(&[&str], Code, usize, usize, &str)] = &[
        (
            &["cut.json"],
            Code::BadJson,
            4,
            1,
            "not the JSON of a response: EOF while parsing an object",
        ),
        (
            &["not-json.json"],
            Code::UnknownAnswer,
            1,
            1,
            "the call failed with this message: [TencentCloudSDKException]",
        ),
        (
            &["comma.json"],
            Code::BadJson,
            1,
            19,
            "not the JSON of a response: expected value",
        ),
        (
            &["twice.json"],
            Code::BadJson,
            4,
            14,
            "not the JSON of a response: duplicate key `TotalCount` in one object",
        ),
        (
            &["empty.json"],
            Code::BadJson,
            1,
            1,
            "`wrong/empty.json` holds no response",
        ),
        (
            &["unknown.json"],
            Code::UnknownAnswer,
            1,
            14,
            "unrecognised API response",
        ),
        (
            &["unknown-instances.json"],
            Code::UnknownAnswer,
            1,
            14,
            "a response of another call (its list is `InstanceSet`)",
        ),
        (
            &["number.json"],
            Code::UnknownAnswer,
            2,
            2,
            "values without the response around them",
        ),
        (
            &["failed.json"],
            Code::UnknownAnswer,
            1,
            24,
            "the call failed with `AuthFailure.SignatureExpire`: The signature has expired.",
        ),
        (
            &["no-id.json"],
            Code::MissingValue,
            4,
            7,
            "`InstanceId` is missing",
        ),
        (
            &["no-type.json"],
            Code::MissingValue,
            4,
            7,
            "`InstanceType` is missing",
        ),
        (
            &["no-charge-type.json"],
            Code::MissingValue,
            4,
            7,
            "`InstanceChargeType` is missing",
        ),
        (
            &["flag.json"],
            Code::BadValue,
            18,
            22,
            "`RenewFlag` is `AUTO`: not a renewal flag of the interface",
        ),
        (
            &["time.json"],
            Code::BadDate,
            20,
            24,
            "`ExpiredTime` is `2026-02-30T00:00:00Z`",
        ),
        (
            &["time-without-zone.json"],
            Code::BadDate,
            20,
            24,
            "`ExpiredTime` is `2026-11-30T16:30:00`",
        ),
        (
            &["disk-size.json"],
            Code::BadNumber,
            7,
            21,
            "`DiskSize` is `100`: not a whole number",
        ),
        (
            &["period.json"],
            Code::BadNumber,
            15,
            24,
            "`RenewPeriod` is `1.5`: not a whole number",
        ),
        (
            &["period-unit.json"],
            Code::BadValue,
            16,
            28,
            "`RenewPeriodUnit` is `d`: neither `m` nor `y`",
        ),
        (
            &["status.json"],
            Code::BadValue,
            9,
            19,
            "`Status` is `FROZEN`: neither `NORMAL` nor `ISOLATED`",
        ),
        (
            &["tag.json"],
            Code::BadValue,
            30,
            20,
            "`Key` is `env`: a key with two values, `prod` and `test`",
        ),
        (
            &["fraction.json"],
            Code::BadAmount,
            8,
            30,
            "`PresentAccountBalance` is `30000.5`: 300.005 CNY with more than 2 decimals",
        ),
        (
            &["negative.json"],
            Code::NegativeAmount,
            9,
            21,
            "`FreezeAmount` is `-6550`: an amount below zero",
        ),
        (
            &["huge.json"],
            Code::BadAmount,
            6,
            27,
            "`CashAccountBalance` is `1e400`: not an amount in fen, or a very large one",
        ),
        (
            &["no-debt.json"],
            Code::MissingValue,
            2,
            15,
            "`OweAmount` is missing",
        ),
        (
            &["balance-again.json"],
            Code::ConflictingAnswers,
            23,
            12,
            "`cash` of account `1` is 1000.00 in `wrong/balance-again.json`, but 1000.01 in",
        ),
        (
            &["voucher.json"],
            Code::BadAmount,
            6,
            20,
            "`Balance` is `1.5`: not a whole number of micro-units",
        ),
        (
            &["voucher-unit.json"],
            Code::BadValue,
            9,
            13,
            "`Unit` is `fen`: not `micro`",
        ),
        (
            &["conflict-cvm.json", "conflict-renewals.json"],
            Code::ConflictingAnswers,
            11,
            23,
            "expires_on of `ins-a1` is `2026-11-30` in `wrong/conflict-cvm.json`, but `2026-12-01` in \
             `wrong/conflict-renewals.json`",
        ),
    ];
    for (names, code, line, column, message) in table {
        let names: Vec<String> = names.iter().map(|name| format!("wrong/{name}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let found = tencent(&sources(&names), &options()).expect_err(names[0]);
        let fits = found.iter().any(|one| {
            (one.code, one.place.line, one.place.column) == (*code, *line, *column)
                && one.message.starts_with(message)
        });
        assert!(fits, "{names:?}: {message}\n{found:#?}");
        assert!(found.iter().all(|one| !one.help.is_empty()));
    }
}

/// What people save instead of an answer, and what the one message for the file says: what it is, and what to do.
#[test]
fn a_near_miss_is_named_once_for_its_file() {
    let many = |entry: &str, count: usize| format!("[{}]", vec![entry; count].join(","));
    let table: &[(String, &str, &str)] = &[
        // What filters leave.
        (
            many(r#"{"ID": "ins-1", "Expire": "2026-12-20"}"#, 100),
            "so are 99 other values",
            "without `jq` or `--filter`",
        ),
        (
            many(r#""ins-1""#, 3),
            "values without the response around them",
            "without `jq` or `--filter`",
        ),
        (
            "\"ins-1\"\n\"ins-2\"\n".to_owned(),
            "values without the response around them",
            "without `jq` or `--filter`",
        ),
        (
            r#"{"InstanceId": "ins-1"}"#.to_owned(),
            "some of their members only",
            "without `jq` or `--filter`",
        ),
        // What failed calls print.
        (
            "usage: tccli [options] <service>\n".to_owned(),
            "the command was refused: usage: tccli",
            "correct the command",
        ),
        (
            "tccli: error: unrecognized arguments\n".to_owned(),
            "the command was refused",
            "correct the command",
        ),
        (
            "Traceback (most recent call last):\n  File".to_owned(),
            "the call failed",
            "repeat the call",
        ),
        (
            r#"{"Code": "InvalidAccessKeyId.NotFound", "Message": "no such key"}"#.to_owned(),
            "failed with `Inv",
            "repeat",
        ),
        // What is no JSON.
        (
            "<!DOCTYPE html><title>Sign in</title>".to_owned(),
            "a web page",
            "prints as JSON",
        ),
        (
            "+------+------+\n| ID   | Zone |\n".to_owned(),
            "printed as a table",
            "`--output json`",
        ),
        (
            "ID,实例名,到期时间\nins-1,web,2026-12-31\n".to_owned(),
            "a list of instances, not a bill",
            "`instances.csv`",
        ),
        // Other products.
        (
            r#"{"TotalCount": 1, "Items": [{"InstanceId": "cdb-1"}]}"#.to_owned(),
            "its list is `Items`",
            "RenewInstances",
        ),
        (
            r#"{"DBInstanceSet": [{"DBInstanceId": "pg-1"}], "RequestId": ""}"#.to_owned(),
            "`DBInstanceSet`",
            "RenewInstances",
        ),
        (
            r#"{"Response": {"TotalCount": 1, "InstanceDetails": [{"a": 1}]}}"#.to_owned(),
            "`InstanceDetails`",
            "RenewInst",
        ),
        // Other clouds.
        (
            r#"{"Instances": {"Instance": []}, "RequestId": "0"}"#.to_owned(),
            "Alibaba Cloud",
            "`profile = \"aliyun-ecs\"`",
        ),
        (
            r#"{"Items": {"DBInstance": [{"a": 1}]}, "RequestId": "0"}"#.to_owned(),
            "Alibaba Cloud",
            "by hand",
        ),
        (
            r#"{"servers": [{"id": "1"}], "count": 1}"#.to_owned(),
            "Huawei Cloud",
            "`profile = \"huawei-ecs\"`",
        ),
        (
            r#"{"ResponseMetadata": {"Action": "DescribeInstances"}, "Result": {}}"#.to_owned(),
            "Volcengine",
            "`profile = \"volcengine-ecs\"`",
        ),
        (
            r#"{"Reservations": [{"Instances": []}]}"#.to_owned(),
            "Amazon Web Services",
            "by hand",
        ),
        (
            r#"[{"id": "/x", "hardwareProfile": {"vmSize": "B1"}}]"#.to_owned(),
            "Microsoft Azure",
            "by hand",
        ),
    ];
    for (text, says, help) in table {
        let found = import_text(text).expect_err(says);
        let errors: Vec<_> = found
            .iter()
            .filter(|one| one.code == Code::UnknownAnswer)
            .collect();
        let [only] = errors[..] else {
            panic!("{text}: {found:#?}")
        };
        assert!(
            only.message.contains(says) && only.help.contains(help),
            "{text}: {only:#?}"
        );
    }
}

/// The lists of an answer, as people cut them out: taken, with one warning.
#[test]
fn instances_without_their_answer_are_taken() {
    let whole: serde_json::Value =
        serde_json::from_str(&text("fleet/cvm-page-1.json")).expect("JSON");
    let inner = if whole.get("Response").is_some() {
        &whole["Response"]
    } else {
        &whole
    };
    let entries = inner["InstanceSet"]
        .as_array()
        .expect("a list of instances");
    let array = serde_json::to_string(entries).expect("JSON");
    let lines: String = entries.iter().map(|entry| format!("{entry}\n")).collect();
    let expected = import_text(&whole.to_string()).expect("a whole answer");
    for cut in [array, lines] {
        let imported = import_text(&cut).unwrap_or_else(|found| panic!("{found:#?}"));
        assert_eq!(
            file(&imported, "instances.csv"),
            file(&expected, "instances.csv")
        );
        let notes = messages(&imported.notes);
        let taken = notes
            .iter()
            .filter(|note| note.contains("without the response around them are taken"));
        assert_eq!(taken.count(), 1, "{notes:?}");
    }
}

#[test]
fn a_disk_that_ends_before_its_server_is_named_and_keeps_the_name_of_its_server() {
    let disk = |more: &str| {
        format!(
            "{{\"TotalCount\": 1, \"DiskSet\": [{{\"DiskId\": \"disk-7\", \"DiskType\": \"CLOUD_BSSD\", \"DiskSize\": 50, \
             \"Portable\": true, \"InstanceId\": \"ins-7\", \"DiskChargeType\": \"PREPAID\", \"RenewFlag\": \
             \"NOTIFY_AND_MANUAL_RENEW\", \"DeadlineTime\": \"2026-12-09 08:00:00\", \"DiskState\": \"ATTACHED\"{more}}}]}}"
        )
    };
    for (more, warnings) in [
        ("", 0),
        (
            ", \"AutoRenewFlagError\": false, \"DeadlineError\": false",
            0,
        ),
        (", \"AutoRenewFlagError\": true", 1),
        (", \"DeadlineError\": true", 1),
        (", \"AutoRenewFlagError\": true, \"DeadlineError\": true", 1),
    ] {
        let imported = import_text(&disk(more)).unwrap_or_else(|found| panic!("{found:#?}"));
        let notes = messages(&imported.notes);
        let told = notes
            .iter()
            .filter(|note| note.contains("disk `disk-7` does not renew itself as its server does"));
        assert_eq!(told.count(), warnings, "{more}: {notes:?}");
        assert_eq!(
            cells(&imported, "disk-7", &["tag:attached_to", "expires_on"]),
            "ins-7 2026-12-09"
        );
    }
}

#[test]
fn what_is_gone_needs_no_price() {
    let instance = |id: &str, state: &str| {
        format!(
            "{{\"InstanceId\": \"{id}\", \"InstanceType\": \"{id}.BIG\", \"InstanceChargeType\": \"PREPAID\", \"InstanceState\": \
             \"{state}\", \"ExpiredTime\": \"2026-12-09T08:00:00Z\", \"Placement\": {{\"Zone\": \"ap-guangzhou-3\"}}}}"
        )
    };
    let (here, gone) = (
        instance("ins-1", "RUNNING"),
        instance("ins-2", "TERMINATING"),
    );
    let imported = import_text(&format!(
        "{{\"TotalCount\": 2, \"InstanceSet\": [{here}, {gone}]}}"
    ))
    .expect("an answer");
    let prices = file(&imported, "prices.csv");
    assert!(
        prices.contains("ins-1.BIG") && !prices.contains("ins-2.BIG"),
        "{prices}"
    );
    assert_eq!(imported.counts.prices, 1);
    let prices = prices.replace("ap-guangzhou,,", "ap-guangzhou,10.00,");
    let files = imported.files.iter().map(|(name, text)| {
        (
            name.as_str(),
            if *name == "prices.csv" { &prices } else { text }.as_str(),
        )
    });
    let (book, found) = read_book(&folder(files), None);
    assert!(book.is_some(), "{found:#?}");
}

#[test]
fn products_of_databases_follow_their_own_profiles() {
    for (code, profile) in [
        ("p_cdb", "tencent-mysql"),
        ("p_postgres", "tencent-postgresql"),
        ("p_redis", "tencent-redis"),
    ] {
        let entry = format!(
            "{{\"InstanceId\": \"x-1\", \"ProductCode\": \"{code}\", \"ExpireTime\": \"2026-12-15 10:00:00\", \"Status\": \"NORMAL\"}}"
        );
        let imported = import_text(&format!("{{\"InstanceList\": [{entry}]}}")).expect("an answer");
        let settings = file(&imported, "book.toml");
        assert!(settings.contains(&format!("= \"{profile}\"")), "{settings}");
        assert!(!settings.contains("name the profile of"), "{settings}");
    }
}

#[test]
fn every_contradiction_is_reported_with_both_values() {
    let found = tencent(
        &sources(&["wrong/conflict-cvm.json", "wrong/conflict-renewals.json"]),
        &options(),
    );
    let found = messages(&found.expect_err("they contradict each other"));
    let starts = [
        "conflicting-answers: region of `ins-a1` is `ap-guangzhou` in",
        "conflicting-answers: renew_flag of `ins-a1` is `manual` in",
        "conflicting-answers: expires_on of `ins-a1` is `2026-11-30` in",
        "conflicting-answers: state of `ins-a1` is `in the recycle bin, expired` in",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (found, start) in found.iter().zip(starts) {
        assert!(found.starts_with(start), "{found}");
    }
}

#[test]
fn imported_books_need_prices_and_nothing_else() {
    let fleet = import(FLEET);
    for imported in std::iter::once(fleet).chain(BOOKS.iter().map(|name| import(&[name]))) {
        let files = || {
            imported
                .files
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_str()))
        };
        let (_, found) = read_book(&folder(files()), None);
        let codes: Vec<Code> = found.iter().map(|one| one.code).collect();
        assert!(
            codes.iter().all(|code| *code == Code::MissingPrice),
            "{found:#?}"
        );
        // What is gone needs none.
        let gone = file(&imported, "instances.csv")
            .matches(",terminated,")
            .count();
        assert_eq!(codes.len() + gone, imported.counts.instances);

        let prices = file(&imported, "prices.csv").replace(",,\n", ",100.00,0.50\n");
        let filled =
            files().map(|(name, text)| (name, if name == "prices.csv" { &prices } else { text }));
        let (book, found) = read_book(&folder(filled), None);
        assert!(
            book.is_some_and(|book| book.instances.len() == imported.counts.instances),
            "{found:#?}"
        );
        assert_eq!(found.iter().count(), 0, "{found:#?}");
    }
}

#[test]
fn neither_order_nor_repetition_changes_the_book() {
    let once = import(FLEET);
    let reversed: Vec<&str> = FLEET.iter().rev().copied().collect();
    let twice: Vec<&str> = FLEET.iter().chain(FLEET).copied().collect();
    let in_one_file = FLEET.iter().map(|name| text(name)).collect::<String>();
    for imported in [
        import(&reversed),
        import(&twice),
        import_text(&in_one_file).expect("the same answers"),
    ] {
        assert_eq!(imported.files, once.files);
        assert_eq!(imported.to_do, once.to_do);
    }
}

#[test]
fn broken_files_are_refused_and_never_panic() {
    let deep_lists = "[".repeat(1_000_000);
    let deep_objects = "{\"Response\":".repeat(1_000_000);
    let closed = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let hidden = format!("{{\"RequestId\": \"1\", \"Extra\": {closed}}}");
    for text in [&deep_lists, &deep_objects, &closed, &hidden] {
        let found = import_text(text).expect_err("nested too deep, or cut");
        assert!(found.iter().all(|one| one.code == Code::BadJson));
    }
    let bytes = [&b"\xff\xfe{\0}\0"[..], b"{\"a\": \"\xc3\x28\"}"];
    for bytes in bytes {
        let source = Source {
            name: "answer.json".to_owned(),
            bytes: bytes.to_vec(),
        };
        let found = tencent(&[source], &options()).expect_err("not UTF-8");
        assert_eq!(
            found.iter().map(|one| one.code).collect::<Vec<_>>(),
            [Code::NotUtf8]
        );
    }
    let whole = text("fleet/renewals.json");
    for end in 0..whole.len() {
        if let Err(found) = import_text(&whole[..end]) {
            assert!(
                found
                    .iter()
                    .all(|one| one.place.line > 0 && !one.message.is_empty())
            );
        }
    }
}

/// A reader that counts from the top for each of them takes minutes.
#[test]
fn many_problems_late_in_a_file_have_their_places_be_it_one_line_or_many() {
    for between in [" ", "\n"] {
        let entry = |flag: &str| {
            format!(
                "{{\"InstanceId\": \"网站\", \"ProductCode\": \"p_cvm\",{between}\"RenewFlag\": {flag}}}"
            )
        };
        let good = vec![entry("\"NOTIFY_AND_MANUAL_RENEW\""); 20_000].join(", ");
        let text = format!(
            "{{\"InstanceList\": [{good}, {}]}}",
            vec![entry("7"); 2_000].join(", ")
        );
        let found = import_text(&text).expect_err("a flag is no number");
        let places: Vec<_> = found
            .iter()
            .filter(|one| one.code == Code::BadValue)
            .map(|one| &one.place)
            .collect();
        let ends: Vec<usize> = text.match_indices(": 7}").map(|(at, _)| at + 2).collect();
        assert_eq!(places.len(), 1_000);
        for (place, at) in places.into_iter().zip(ends) {
            let line = text[..at].rsplit('\n').next().expect("the text before it");
            let lines = if between == "\n" {
                text[..at].split('\n').count()
            } else {
                1
            };
            assert_eq!(
                (place.line, place.column),
                (lines, line.chars().count() + 1)
            );
        }
    }
}

#[test]
fn a_mark_at_the_beginning_and_a_nul_are_handled() {
    assert!(import_text("\u{feff}{\"RequestId\": \"1\"}").is_ok());
    let found = import_text(
        "{\"InstanceList\": [{\"InstanceId\": \"a\\u0000\", \"ProductCode\": \"p_cvm\"}]}",
    );
    assert_eq!(
        messages(&found.expect_err("a book cannot hold it"))[0],
        "bad-value: `InstanceId` is `a\\u0000`: a text with a NUL character"
    );
}

#[test]
fn odd_texts_stay_in_their_cells_and_comments() {
    let answer = "{\"InstanceSet\": [{\"InstanceId\": \"ins-\\\"1\\\",\\n2\", \"InstanceType\": \"T\\n[profile]\", \
                  \"InstanceChargeType\": \"PREPAID\", \"ExpiredTime\": \"2027-01-01T00:00:00Z\", \
                  \"Tags\": [{\"Key\": \"a,b\", \"Value\": \"=1+1\"}]}]}";
    let imported = import_text(answer).expect("odd, but right");
    assert_eq!(
        cells(&imported, "ins-\"1\",\n2", &["instance_type", "tag:a,b"]),
        "T\n[profile] '=1+1"
    );
    let (_, found) = read_book(
        &folder(
            imported
                .files
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_str())),
        ),
        None,
    );
    assert!(
        found.iter().all(|one| one.code == Code::MissingPrice),
        "{found:#?}"
    );
    let spot = "{\"InstanceSet\": [{\"InstanceId\": \"a\\u001b[31m\", \"InstanceType\": \"T\", \
                \"InstanceChargeType\": \"X\\nY\"}]}";
    let notes = messages(&import_text(spot).expect("only left out").notes);
    assert_eq!(
        notes,
        ["left-out: `a [31m` has the charge type `X Y`, which a book does not know: it has no row"]
    );
}

#[test]
fn amounts_follow_the_currency_of_the_book() {
    let balance = |fen: &str| {
        format!(
            "{{\"CashAccountBalance\": {fen}, \"IncomeIntoAccountBalance\": 0, \"PresentAccountBalance\": 0, \
             \"FreezeAmount\": 0, \"OweAmount\": 0}}"
        )
    };
    for (fen, code, expected) in [
        ("150", "USD", "1.50"),
        ("200", "JPY", "2"),
        ("150", "JPY", "bad-amount"),
        ("5", "KWD", "0.050"),
    ] {
        let source = Source {
            name: "answer.json".to_owned(),
            bytes: balance(fen).into_bytes(),
        };
        let options = Options {
            currency: Currency::from_code(code).expect("known"),
            ..options()
        };
        let made = match tencent(&[source], &options) {
            Ok(imported) => rows(file(&imported, "accounts.csv"))["main"]["cash"].clone(),
            Err(found) => found.iter().map(|one| one.code.as_str()).collect(),
        };
        assert_eq!(made, expected, "{fen} {code}");
    }
}

#[test]
fn a_release_counts_from_where_the_profile_counts() {
    let known: BTreeMap<String, (i32, i32)> = PROFILES
        .iter()
        .map(KnownProfile::from)
        .map(|profile| {
            (
                profile.name,
                (profile.suspend_after_days, profile.released_after_days),
            )
        })
        .collect();
    for (name, days) in [
        ("tencent-cvm", (2, 10)),
        ("tencent-cbs", (7, 15)),
        ("tencent-cvm-2016", (0, 8)),
    ] {
        assert_eq!(known[name], days, "{name}");
    }
}

#[test]
fn all_that_comes_with_a_book_is_a_warning() {
    for name in BOOKS {
        assert!(
            import(&[name])
                .notes
                .iter()
                .all(|one| one.code.severity() == Severity::Warning),
            "{name}"
        );
    }
}
