//! What a renewal, an hour and a unified date cost, and the term that a payment buys.
//!
//! Every formula is evaluated exactly and rounded once (`spec/replay.md` 3, 4, 5 and 9).

use crate::calendar::{DAYS_OF_A_MONTH, Day, first_on_or_after};
use crate::money::{Currency, Money, Price, Share};
use crate::profile::Profile;

/// The price of `months` prepaid: `monthly price × months × factor of the band`.
pub fn renewal(profile: &Profile, currency: Currency, monthly: Price, months: u32) -> Money {
    let share = Share { times: months, factor: profile.factor(months), ..Share::ONCE };
    monthly.charge(currency, share, profile.rounding)
}

/// The price of one hour.
pub fn hour(profile: &Profile, currency: Currency, hourly: Price) -> Money {
    hourly.charge(currency, Share::ONCE, profile.rounding)
}

/// The price of so many days up to a unified expiry date: `monthly price × days / 30`, without discount.
pub fn days(profile: &Profile, currency: Currency, monthly: Price, days: u32) -> Money {
    let share = Share { times: days, divisor: DAYS_OF_A_MONTH, ..Share::ONCE };
    monthly.charge(currency, share, profile.rounding)
}

/// The first date on the asked day of the month that is at least one month after `expiry`.
/// Source: the console's unified expiry date, whose renewal is longer than one month.
pub fn unified_date(profile: &Profile, expiry: Day, anchor: u8, asked: u8) -> Day {
    first_on_or_after(profile.month_end.add_months(expiry, 1, anchor), asked)
}
