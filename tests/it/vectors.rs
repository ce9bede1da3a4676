//! Money, dates and the life cycle, one function at a time: tables of what goes in and what must come out.

use std::collections::BTreeSet;
use std::str::FromStr;

use chrono::{Datelike, Months, Weekday};
use csv::StringRecord;
use renewcast::engine::lifecycle::Trigger;
use renewcast::model::calendar::{
    Day, DayError, DayRange, MonthEnd, first_on_or_after, working_days_later,
};
use renewcast::model::instance::State;
use renewcast::model::money::{
    AmountError, Currency, Exact, Factor, Money, Price, Rounding, Share,
};

fn currency(code: &str) -> Currency {
    Currency::from_code(code).unwrap_or_else(|| panic!("{code} is known"))
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn named<T: Copy>(name: &str, names: &[(&str, T)]) -> T {
    names
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, value)| *value)
        .expect("a known name")
}

fn number<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a number")
}

/// The rows of a file below their header.
fn rows(text: &str) -> Vec<StringRecord> {
    csv::Reader::from_reader(text.as_bytes())
        .into_records()
        .map(|row| row.expect("a row"))
        .collect()
}

#[test]
fn a_charge_is_exact_and_rounded_once() {
    for row in rows(include_str!("../../data/vectors/charges.csv")) {
        let price = Price::parse(&row[0]).expect("a price");
        let factor = Factor::parse(&row[3]).expect("a factor");
        let share = Share {
            times: number(&row[1]),
            divisor: number(&row[2]),
            factor,
        };
        let charged = price.charge(currency(&row[4]), share, named(&row[5], Rounding::NAMES));
        assert_eq!(charged.minor(), number::<i64>(&row[6]), "{row:?}");
    }
}

#[test]
fn months_are_added_by_the_named_rule() {
    for row in rows(include_str!("../../data/vectors/months.csv")) {
        let later = named(&row[0], MonthEnd::NAMES).add_months(
            day(&row[1]),
            number(&row[2]),
            number(&row[3]),
        );
        assert_eq!(later, day(&row[4]), "{row:?}");
    }
}

#[test]
fn a_unified_day_is_the_first_one_that_is_not_too_early() {
    for row in rows(include_str!("../../data/vectors/unified.csv")) {
        assert_eq!(
            first_on_or_after(day(&row[0]), number(&row[1])),
            day(&row[2]),
            "{row:?}"
        );
    }
}

#[test]
fn an_amount_is_read_and_written_exactly() {
    let table = [
        ("0", "CNY", 0, "0.00", "0.00"),
        ("-0", "CNY", 0, "0.00", "0.00"),
        ("0.05", "CNY", 5, "0.05", "0.05"),
        ("-0.05", "CNY", -5, "-0.05", "-0.05"),
        ("0.5", "CNY", 50, "0.50", "0.50"),
        ("1", "CNY", 100, "1.00", "1.00"),
        ("0001.50", "CNY", 150, "1.50", "1.50"),
        ("999.99", "CNY", 99_999, "999.99", "999.99"),
        ("1000", "CNY", 100_000, "1000.00", "1,000.00"),
        ("-1234.5", "CNY", -123_450, "-1234.50", "-1,234.50"),
        (
            "-123456.78",
            "CNY",
            -12_345_678,
            "-123456.78",
            "-123,456.78",
        ),
        (
            "9999999999999.99",
            "CNY",
            999_999_999_999_999,
            "9999999999999.99",
            "9,999,999,999,999.99",
        ),
        ("00000000000000001", "CNY", 100, "1.00", "1.00"),
        ("7", "JPY", 7, "7", "7"),
        ("-1000000", "JPY", -1_000_000, "-1000000", "-1,000,000"),
        ("0.007", "KWD", 7, "0.007", "0.007"),
        ("12.34", "KWD", 12_340, "12.340", "12.340"),
        (
            "9999999999999.999",
            "KWD",
            9_999_999_999_999_999,
            "9999999999999.999",
            "9,999,999,999,999.999",
        ),
    ];
    for (text, code, minor, plain, grouped) in table {
        let money =
            Money::parse(text, currency(code)).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(money, Money::from_minor(minor), "{text}");
        assert_eq!(money.is_negative(), minor < 0, "{text}");
        assert_eq!(money.display(currency(code)).to_string(), plain, "{text}");
        assert_eq!(
            money.display_grouped(currency(code)).to_string(),
            grouped,
            "{text}"
        );
        assert_eq!(
            Money::parse(plain, currency(code)),
            Ok(money),
            "{plain} is read back"
        );
    }
    let least = Money::from_minor(i64::MIN)
        .display(currency("CNY"))
        .to_string();
    assert_eq!(least, "-92233720368547758.08");
}

#[test]
fn what_is_no_amount_is_refused_by_its_first_fault() {
    let table = [
        ("", "CNY", AmountError::NotPlain),
        ("-", "CNY", AmountError::NotPlain),
        (".", "CNY", AmountError::NotPlain),
        ("1.", "CNY", AmountError::NotPlain),
        (".5", "CNY", AmountError::NotPlain),
        ("1.2.3", "CNY", AmountError::NotPlain),
        ("--1", "CNY", AmountError::NotPlain),
        ("1-", "CNY", AmountError::NotPlain),
        ("１", "CNY", AmountError::NotPlain),
        ("NaN", "CNY", AmountError::NotPlain),
        ("inf", "CNY", AmountError::NotPlain),
        ("1,5x", "CNY", AmountError::NotPlain),
        ("5e", "CNY", AmountError::Exponent),
        ("5 e", "CNY", AmountError::Blank),
        ("one", "CNY", AmountError::NotPlain),
        ("0x1e", "CNY", AmountError::NotPlain),
        ("1,000.00", "CNY", AmountError::Separator),
        ("-1,000", "CNY", AmountError::Separator),
        ("1,000e3", "CNY", AmountError::NotPlain),
        ("1e3", "CNY", AmountError::Exponent),
        ("-1.5E+3", "CNY", AmountError::Exponent),
        ("1e3!", "CNY", AmountError::NotPlain),
        ("¥5", "CNY", AmountError::CurrencySign),
        ("5€", "CNY", AmountError::CurrencySign),
        (" 5", "CNY", AmountError::Blank),
        ("5\u{a0}000", "CNY", AmountError::Blank),
        ("+5", "CNY", AmountError::Plus),
        ("0.001", "CNY", AmountError::TooManyDecimals { most: 2 }),
        ("0.000", "CNY", AmountError::TooManyDecimals { most: 2 }),
        ("1.0", "JPY", AmountError::TooManyDecimals { most: 0 }),
        ("1.0001", "KWD", AmountError::TooManyDecimals { most: 3 }),
        (
            "10000000000000",
            "CNY",
            AmountError::TooLarge { integer_digits: 13 },
        ),
        (
            "-10000000000000",
            "JPY",
            AmountError::TooLarge { integer_digits: 13 },
        ),
        (
            "99999999999999999999999999999999999999999",
            "CNY",
            AmountError::TooLarge { integer_digits: 13 },
        ),
    ];
    for (text, code, error) in table {
        assert_eq!(Money::parse(text, currency(code)), Err(error), "{text:?}");
    }
}

#[test]
fn a_price_has_any_decimals_up_to_24_digits() {
    let table = [
        ("0", Ok("0")),
        ("100.00", Ok("100")),
        ("0.005", Ok("0.005")),
        ("007.10", Ok("7.1")),
        ("99999999999.9999999999999", Ok("99999999999.9999999999999")),
        (
            "0.000000000000000000000001",
            Ok("0.000000000000000000000001"),
        ),
        (
            "12345678901.23456789012340000000000000",
            Ok("12345678901.2345678901234"),
        ),
        (
            "0.0000000000000000000000001",
            Err(AmountError::TooManyDigits { most: 24 }),
        ),
        (
            "99999999999.99999999999999",
            Err(AmountError::TooManyDigits { most: 24 }),
        ),
        (
            "100000000000",
            Err(AmountError::TooLarge { integer_digits: 11 }),
        ),
        ("-1", Err(AmountError::Negative)),
        ("-0", Err(AmountError::Negative)),
        ("1e3", Err(AmountError::Exponent)),
    ];
    for (text, expected) in table {
        let read = Price::parse(text);
        assert_eq!(
            read.map(|price| price.to_string()),
            expected.map(str::to_owned),
            "{text}"
        );
        assert_eq!(
            read.map(|price| price.decimal().to_string()),
            expected.map(str::to_owned),
            "{text}"
        );
    }
}

#[test]
fn a_factor_has_one_digit_and_eight_decimals() {
    let table = [
        ("1", Ok("1")),
        ("0", Ok("0")),
        ("0.88", Ok("0.88")),
        ("9.99999999", Ok("9.99999999")),
        ("0.125000000000", Ok("0.125")),
        ("0.123456789", Err(AmountError::TooManyDecimals { most: 8 })),
        ("10", Err(AmountError::TooLarge { integer_digits: 1 })),
        ("-0.5", Err(AmountError::Negative)),
        ("50%", Err(AmountError::NotPlain)),
    ];
    for (text, expected) in table {
        assert_eq!(
            Factor::parse(text).map(|factor| factor.to_string()),
            expected.map(str::to_owned),
            "{text}"
        );
    }
    assert_eq!(
        Share::ONCE,
        Share {
            times: 1,
            divisor: 1,
            factor: Factor::parse("1").expect("a factor")
        }
    );
}

#[test]
fn amounts_add_like_whole_numbers() {
    let (three, five) = (Money::from_minor(3), Money::from_minor(5));
    let mut sum = three;
    sum += five;
    let mut rest = three;
    rest -= five;
    assert_eq!(
        (three + five, sum),
        (Money::from_minor(8), Money::from_minor(8))
    );
    assert_eq!(
        (three - five, rest),
        (Money::from_minor(-2), Money::from_minor(-2))
    );
    assert_eq!(
        (-three, three * 5, Money::ZERO),
        (
            Money::from_minor(-3),
            Money::from_minor(15),
            Money::from_minor(0)
        )
    );
    assert_eq!(
        [three, five, five].into_iter().sum::<Money>(),
        Money::from_minor(13)
    );
    assert!(!Money::ZERO.is_negative() && (-three).is_negative());
}

/// A sum that leaves 64 bits is a fault of the program, in any build.
#[test]
#[should_panic(expected = "overflow")]
fn an_amount_never_wraps() {
    let most = std::hint::black_box(Money::from_minor(i64::MAX));
    assert_ne!(most + Money::from_minor(1), Money::ZERO);
}

#[test]
fn currencies_have_the_decimals_of_iso_4217() {
    for (code, digits) in [
        ("CNY", 2),
        ("USD", 2),
        ("JPY", 0),
        ("KRW", 0),
        ("VND", 0),
        ("KWD", 3),
        ("BHD", 3),
    ] {
        let known = currency(code);
        assert_eq!(
            (known.code(), known.digits(), known.to_string()),
            (code, digits, code.to_owned())
        );
    }
    assert_eq!(Currency::from_code("cny"), None);
    assert_eq!(Currency::from_code("RMB"), None);
    let codes: Vec<&str> = Currency::codes().collect();
    assert!(
        codes.len() > 20 && codes.is_sorted() && codes.contains(&"EUR"),
        "{codes:?}"
    );
}

#[test]
fn a_day_is_ten_bytes_that_the_calendar_has() {
    let good = [
        "1900-01-01",
        "2028-02-29",
        "2000-02-29",
        "2026-12-31",
        "9999-12-31",
    ];
    for text in good {
        assert_eq!(day(text).to_string(), text);
    }
    let bad = [
        ("", DayError::Shape),
        ("2026-1-01", DayError::Shape),
        ("2026-12-011", DayError::Shape),
        ("2026/12/01", DayError::Shape),
        ("2026-12/01", DayError::Shape),
        ("2026-12-0a", DayError::Shape),
        ("20261-2-01", DayError::Shape),
        ("-026-12-01", DayError::Shape),
        ("2026-12-1é", DayError::Shape),
        ("2026-00-01", DayError::NoSuchDay),
        ("2026-13-01", DayError::NoSuchDay),
        ("2026-12-00", DayError::NoSuchDay),
        ("2026-12-32", DayError::NoSuchDay),
        ("2026-02-29", DayError::NoSuchDay),
        ("2100-02-29", DayError::NoSuchDay),
        ("0000-00-00", DayError::NoSuchDay),
        ("0000-01-01", DayError::TooEarly),
        ("1899-12-31", DayError::TooEarly),
    ];
    for (text, error) in bad {
        assert_eq!(Day::parse(text), Err(error), "{text:?}");
    }
    assert_eq!(
        (Day::FIRST, Day::LAST),
        (day("1900-01-01"), day("9999-12-31"))
    );
}

#[test]
fn days_are_counted_over_every_border() {
    let table = [
        ("2026-12-31", "2027-01-01", 31, "2026-12-01", "2027-01-01"),
        ("2028-02-28", "2028-02-29", 28, "2028-02-01", "2028-03-01"),
        ("2028-02-29", "2028-03-01", 29, "2028-02-01", "2028-03-01"),
        ("2027-02-28", "2027-03-01", 28, "2027-02-01", "2027-03-01"),
        ("2027-04-01", "2027-04-02", 1, "2027-04-01", "2027-05-01"),
    ];
    for (text, tomorrow, of_month, month, next_month) in table {
        let (one, next) = (day(text), day(tomorrow));
        assert_eq!(
            (one.tomorrow(), next.yesterday(), one + 1, next - 1),
            (next, one, next, one),
            "{text}"
        );
        assert_eq!(
            (one.day_of_month(), one.date().to_string().as_str()),
            (of_month, text)
        );
        assert_eq!(
            (one.month_start(), one.next_month_start()),
            (day(month), day(next_month)),
            "{text}"
        );
        assert_eq!(
            (next.days_since(one), one.days_since(next)),
            (1, -1),
            "{text}"
        );
    }
    assert_eq!(day("2027-12-01").days_since(day("2026-12-01")), 365);
    assert_eq!(Day::from(day("2027-12-01").date()), day("2027-12-01"));
}

/// Each day of five centuries, beside another calendar.
#[test]
fn every_day_is_that_of_the_calendar_crate() {
    let (mut one, last) = (day("1900-01-01"), day("2400-12-31"));
    while one < last {
        let date = one.date();
        assert_eq!(
            (one.year(), u32::from(one.day_of_month())),
            (date.year(), date.day()),
            "{one}"
        );
        assert_eq!(
            one.is_weekend(),
            matches!(date.weekday(), Weekday::Sat | Weekday::Sun),
            "{one}"
        );
        assert_eq!(
            one.month_start().date(),
            date.with_day(1).expect("a first day"),
            "{one}"
        );
        for months in [1, 2, 10, 11, 12, 13, 60] {
            let later = MonthEnd::Clamp.add_months(one, months, 31);
            assert_eq!(
                later.date(),
                date + Months::new(months),
                "{one} and {months} months"
            );
        }
        one = one.tomorrow();
    }
}

#[test]
fn working_days_leave_out_weekends_and_holidays() {
    let table = [
        ("2026-12-03", 0, "2026-12-03"),
        ("2026-12-03", 1, "2026-12-04"),
        ("2026-12-04", 1, "2026-12-07"),
        ("2026-12-05", 1, "2026-12-07"),
        ("2026-12-06", 1, "2026-12-07"),
        ("2026-12-06", 0, "2026-12-06"),
        ("2026-12-04", 5, "2026-12-11"),
        ("2026-12-04", 6, "2026-12-14"),
        ("2026-12-24", 1, "2026-12-29"),
        ("2026-12-24", 3, "2026-12-31"),
    ];
    let holidays = BTreeSet::from([day("2026-12-25"), day("2026-12-28")]);
    for (text, days, later) in table {
        assert_eq!(
            working_days_later(day(text), days, &holidays),
            day(later),
            "{text} {days}"
        );
    }
}

#[test]
fn a_formula_is_exact_until_its_end() {
    let (third, two) = (Exact::fraction(1, 3), Exact::from_whole(2));
    assert_eq!(
        third.clone() + third.clone() + third.clone(),
        Exact::from_whole(1)
    );
    assert_eq!(
        (third.clone() * two.clone(), two.clone() - third),
        (Exact::fraction(2, 3), Exact::fraction(5, 3))
    );
    assert_eq!(
        (
            Exact::fraction(7, 2).whole(),
            Exact::fraction(4, 2).whole(),
            Exact::from_whole(0).whole()
        ),
        (3, 2, 0)
    );
    for (numerator, hundredths) in [(124, 12), (125, 13), (126, 13), (0, 0), (1_000, 100)] {
        let rounded = Exact::fraction(numerator, 1_000).hundredths();
        assert_eq!(
            rounded,
            Exact::fraction(hundredths, 100),
            "{numerator}/1000"
        );
    }
    let round = |exact: &Exact, code, rounding| exact.round(currency(code), rounding).minor();
    let half = Exact::fraction(5, 1_000);
    assert_eq!(round(&half, "CNY", Rounding::HalfUp), 1);
    assert_eq!(
        (
            round(&half, "CNY", Rounding::HalfEven),
            round(&half, "CNY", Rounding::Down)
        ),
        (0, 0)
    );
    assert_eq!(
        (
            round(&half, "KWD", Rounding::Down),
            round(&two, "JPY", Rounding::Down)
        ),
        (5, 2)
    );
    assert_eq!(
        round(&(Exact::from_whole(0) - two), "CNY", Rounding::HalfUp),
        0
    );
    assert_eq!(
        Money::from_minor(150).exact(currency("CNY")),
        Exact::fraction(3, 2)
    );
    assert_eq!(
        Money::from_minor(150).exact(currency("JPY")),
        Exact::from_whole(150)
    );
    assert_eq!(
        Price::parse("0.125").map(Price::exact),
        Ok(Exact::fraction(1, 8))
    );
    assert_eq!(
        Factor::parse("0.88").map(Factor::exact),
        Ok(Exact::fraction(22, 25))
    );
}

#[test]
fn a_part_of_an_amount_is_rounded_once() {
    for row in rows(include_str!("../../data/vectors/parts.csv")) {
        let [amount, part, whole, expected] =
            [0, 1, 2, 4].map(|cell| Money::from_minor(number(&row[cell])));
        let rounded = amount.part(part, whole, named(&row[3], Rounding::NAMES));
        assert_eq!(rounded, expected, "{row:?}");
    }
}

#[test]
fn an_anchor_falls_on_the_last_day_of_a_short_month() {
    let table = [
        ("2027-02-28", 28, true),
        ("2027-02-28", 31, true),
        ("2027-02-28", 27, false),
        ("2027-02-27", 31, false),
        ("2028-02-28", 29, false),
        ("2028-02-29", 31, true),
        ("2027-04-30", 31, true),
        ("2027-04-30", 30, true),
        ("2027-05-30", 31, false),
        ("2027-05-31", 31, true),
        ("2027-05-15", 15, true),
        ("2027-05-16", 15, false),
    ];
    for (text, anchor, falls) in table {
        assert_eq!(day(text).falls_on(anchor), falls, "{text} {anchor}");
    }
}

#[test]
fn a_range_has_both_its_ends() {
    let range = DayRange {
        from: day("2026-12-31"),
        to: day("2027-02-01"),
    };
    assert_eq!((range.len(), range.is_empty()), (33, false));
    for (text, inside) in [
        ("2026-12-30", false),
        ("2026-12-31", true),
        ("2027-01-15", true),
        ("2027-02-01", true),
        ("2027-02-02", false),
    ] {
        assert_eq!(range.contains(day(text)), inside, "{text}");
    }
    let months: Vec<String> = range.months().map(|month| month.to_string()).collect();
    assert_eq!(months, ["2026-12-01", "2027-01-01", "2027-02-01"]);
    let one = DayRange {
        from: range.to,
        to: range.to,
    };
    assert_eq!(
        (one.len(), one.is_empty(), one.months().count()),
        (1, false, 1)
    );
    let none = DayRange {
        from: range.to,
        to: range.from,
    };
    assert_eq!((none.len(), none.is_empty()), (0, true));
}

/// The table at the top of `lifecycle.rs`; a dash is impossible.
#[test]
fn the_life_cycle_is_its_table() {
    const STATES: &[State] = &[
        State::Running,
        State::Overdue,
        State::Reclaimed,
        State::Stopped,
        State::Terminated,
    ];
    let table = [
        (Trigger::Expire, ["overdue", "-", "-", "-", "-"]),
        (Trigger::Reclaim, ["reclaimed", "reclaimed", "-", "-", "-"]),
        (Trigger::Renew, ["running", "running", "running", "-", "-"]),
        (Trigger::GiveBack, ["reclaimed", "reclaimed", "-", "-", "-"]),
        (Trigger::Stop, ["stopped", "-", "-", "-", "-"]),
        (Trigger::Start, ["-", "-", "-", "running", "-"]),
        (
            Trigger::Release,
            ["-", "-", "terminated", "terminated", "-"],
        ),
        (
            Trigger::Destroy,
            ["terminated", "-", "terminated", "terminated", "-"],
        ),
    ];
    for (trigger, after) in table {
        for (state, after) in STATES.iter().zip(after) {
            let found = state.checked_after(trigger).map_or("-", State::name);
            assert_eq!(found, after, "{trigger:?} while {state:?}");
            if after != "-" {
                assert_eq!(
                    state.after(trigger).name(),
                    after,
                    "{trigger:?} while {state:?}"
                );
            }
        }
    }
}

#[test]
#[should_panic(expected = "impossible move: Start while Running")]
fn an_impossible_move_stops_the_run() {
    State::Running.after(Trigger::Start);
}
