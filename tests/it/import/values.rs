//! Amounts and times of cloud answers, and what a book holds in their place.

use std::collections::BTreeMap;

use renewcast::input::diagnostic::Code;
use renewcast::input::import::{KnownProfile, Options, Source, tencent};
use renewcast::model::money::Currency;

use super::{PROFILES, cells, file, import_text, options, rows};

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
fn amounts_follow_the_currency_of_the_book() {
    for (fen, code, expected) in [
        ("150", "USD", "1.50"),
        ("200", "JPY", "2"),
        ("150", "JPY", "bad-amount"),
        ("5", "KWD", "0.050"),
    ] {
        let balance = format!(
            "{{\"CashAccountBalance\": {fen}, \"IncomeIntoAccountBalance\": 0, \"PresentAccountBalance\": 0, \
             \"FreezeAmount\": 0, \"OweAmount\": 0}}"
        );
        let source = Source {
            name: "answer.json".to_owned(),
            bytes: balance.into_bytes(),
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
