//! Payments spread over the days of their terms.

use renewcast::account::Movement;
use renewcast::amortisation::Amortisation;
use renewcast::calendar::Day;
use renewcast::money::Money;
use renewcast::order::Term;

fn day(text: &str) -> Day {
    Day::parse(text).expect("a date")
}

fn spread(cents: i64, start: &str, end: &str) -> Amortisation {
    let paid = Movement { cash: Money::from_minor(-cents), ..Movement::default() };
    Amortisation::of(paid, Term { start: day(start), end: day(end), months: 0 })
}

/// The examples of Tencent's cost analysis (成本分析, 2021-07-26).
#[test]
fn the_published_examples_come_out() {
    let august = spread(12200, "2019-08-20", "2019-10-20");
    assert_eq!(august.before(day("2019-09-01")).cash, Money::from_minor(2400));
    let july = spread(3100, "2019-07-20", "2019-08-20");
    assert_eq!(july.before(day("2019-08-01")).cash, Money::from_minor(1200));
    let refunded = spread(18100, "2019-01-01", "2019-07-01");
    assert_eq!(refunded.before(day("2019-05-11")).cash, Money::from_minor(13000), "the refund day included");
    assert_eq!(refunded.deferred(day("2019-05-11")).cash, Money::from_minor(5100), "booked on the refund day");
}

/// Each amount over each number of days, held against a walk from day to day.
#[test]
fn each_day_takes_its_share_of_what_is_left() {
    for days in 1..=40 {
        for cents in 0..=130 {
            let start = day("2026-12-01");
            let paid = Movement { free_credit: Money::from_minor(-cents), ..Movement::default() };
            let spread = Amortisation::of(paid, Term { start, end: start + days, months: 0 });
            let days = i64::from(days);
            let daily = ((2 * cents + days) / (2 * days)).max(1);
            let mut taken = 0;
            for passed in 0..=days {
                let at = start + i32::try_from(passed).expect("few days");
                assert_eq!(spread.before(at).free_credit.minor(), taken, "{cents} over {days}, {passed} passed");
                assert_eq!(spread.deferred(at).free_credit.minor(), cents - taken);
                let idle = passed == 0 && cents < days;
                let share = if passed == days - 1 { cents - taken } else { daily.min(cents - taken) };
                taken += if idle && days > 1 { 0 } else { share };
            }
        }
    }
}
