//! Payments spread over the days of their terms.

use renewcast::engine::amortisation::Amortisation;
use renewcast::model::account::Movement;
use renewcast::model::calendar::Day;
use renewcast::model::money::Money;
use renewcast::model::order::Term;

fn day(text: &str) -> Day {
    Day::parse(text).expect("a date")
}

fn spread(cents: i64, start: &str, end: &str) -> Amortisation {
    let paid = Movement {
        cash: Money::from_minor(-cents),
        ..Movement::default()
    };
    Amortisation::of_payment(
        paid,
        Term {
            start: day(start),
            end: day(end),
            months: 0,
        },
    )
}

/// The examples of Tencent's cost analysis (成本分析, 2021-07-26).
/// Rule **amortise**.
#[test]
fn the_published_examples_come_out() {
    for row in
        csv::Reader::from_reader(include_str!("../../data/vectors/amortisation.csv").as_bytes())
            .records()
    {
        let row = row.expect("a row");
        let minor = |cell: usize| row[cell].parse().expect("an amount");
        let (spread, at) = (spread(minor(0), &row[1], &row[2]), day(&row[3]));
        assert_eq!(
            spread.before(at).cash,
            Money::from_minor(minor(4)),
            "{row:?}"
        );
        assert_eq!(
            spread.deferred(at).cash,
            Money::from_minor(minor(0) - minor(4)),
            "{row:?}"
        );
    }
}

/// Each amount over each number of days, held against a walk from day to day.
#[test]
fn each_day_takes_its_share_of_what_is_left() {
    for days in 1..=40 {
        for cents in 0..=130 {
            let start = day("2026-12-01");
            let paid = Movement {
                free_credit: Money::from_minor(-cents),
                ..Movement::default()
            };
            let spread = Amortisation::of_payment(
                paid,
                Term {
                    start,
                    end: start + days,
                    months: 0,
                },
            );
            let days = i64::from(days);
            let daily = ((2 * cents + days) / (2 * days)).max(1);
            let mut taken = 0;
            for passed in 0..=days {
                let at = start + i32::try_from(passed).expect("few days");
                assert_eq!(
                    spread.before(at).free_credit.minor(),
                    taken,
                    "{cents} over {days}, {passed} passed"
                );
                assert_eq!(spread.deferred(at).free_credit.minor(), cents - taken);
                let idle = passed == 0 && cents < days;
                let share = if passed == days - 1 {
                    cents - taken
                } else {
                    daily.min(cents - taken)
                };
                taken += if idle && days > 1 { 0 } else { share };
            }
        }
    }
}
