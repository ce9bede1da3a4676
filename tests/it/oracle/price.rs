//! What things cost: the look-up in prices.csv and the formulas of docs/spec/money.md.
//! Takes no money from anybody.

use super::dates::{Date, days_between, first_with_day};
use super::number::Fraction;
use super::profile::Profile;
use super::refund::tier;
use super::rules::Notes;
use super::state::Instance;

/// A row of prices.csv; an empty product or region matches any.
pub(crate) struct ListPrice {
    pub(crate) product: String,
    pub(crate) instance_type: String,
    pub(crate) region: String,
    pub(crate) monthly: Option<Fraction>,
    pub(crate) hourly: Option<Fraction>,
}

/// What a look-up asks for.
pub(crate) struct Wanted<'a> {
    pub(crate) product: &'a str,
    pub(crate) instance_type: &'a str,
    pub(crate) region: &'a str,
}

/// The most specific row with a price wins (**price-lookup**).
pub(crate) fn look_up(
    rows: &[ListPrice],
    wanted: &Wanted,
    price: fn(&ListPrice) -> Option<Fraction>,
    notes: &Notes,
) -> Option<Fraction> {
    let classes = [
        (wanted.region, wanted.product, "price/type-region-product"),
        (wanted.region, "", "price/type-region"),
        ("", wanted.product, "price/type-product"),
        ("", "", "price/type"),
    ];
    for (region, product, rule) in classes {
        for row in rows {
            let fits = row.instance_type == wanted.instance_type
                && row.region == region
                && row.product == product;
            if !fits {
                continue;
            }
            if let Some(found) = price(row) {
                notes.reached(rule);
                return Some(found);
            }
            notes.reached("price/row-without-the-price-asked");
        }
    }
    None
}

/// Prepaid, `m` months: monthly price times months times factor (**term-price**).
pub(crate) fn renewal_price(instance: &Instance, months: u32, digits: u32, notes: &Notes) -> i128 {
    let factor = discount(&instance.profile, months, notes);
    monthly_price(instance)
        .times_whole(i128::from(months))
        .times(factor)
        .round(digits, &instance.profile.rounding, notes)
}

/// The factor of the largest band not above the months; 1 where there is none (**term-price**).
pub(crate) fn discount(profile: &Profile, months: u32, notes: &Notes) -> Fraction {
    let mut factor = Fraction::ONE;
    let mut largest = None;
    for (&band, &of_band) in &profile.discounts {
        if band <= months && largest.is_none_or(|known| band > known) {
            largest = Some(band);
            factor = of_band;
        }
    }
    notes.reached_if(largest.is_none(), "price/no-band");
    notes.reached_if(largest == Some(months), "price/band");
    notes.reached_if(
        largest.is_some_and(|band| band < months),
        "price/band-below",
    );
    factor
}

/// The first date with the asked day that is at least one month after the expiry date (**unified-date**).
pub(crate) fn unified_target(instance: &Instance, day: u32, notes: &Notes) -> Date {
    let earliest = instance.months_after(instance.expiry(), 1, notes);
    let target = first_with_day(earliest, day);
    notes.reached_if(target == earliest, "unify/exactly-one-month");
    target
}

/// Monthly price times days over 30, without a discount (**unified-date**).
pub(crate) fn unified_price(instance: &Instance, target: Date, digits: u32, notes: &Notes) -> i128 {
    let days = days_between(instance.expiry(), target);
    monthly_price(instance)
        .times_whole(i128::from(days))
        .over(30)
        .round(digits, &instance.profile.rounding, notes)
}

/// Postpaid: the next hour, by the tier of the hours billed before it, rounded by itself (**tiers**).
pub(crate) fn hour_price(instance: &Instance, digits: u32, notes: &Notes) -> i128 {
    let price = instance
        .hourly_price
        .expect("a postpaid instance has an hourly price");
    let factor = tier(&instance.profile.hourly_tiers, instance.billed_hours);
    price
        .times(factor)
        .round(digits, &instance.profile.rounding, notes)
}

pub(crate) fn monthly_price(instance: &Instance) -> Fraction {
    instance
        .monthly_price
        .expect("a prepaid instance has a monthly price")
}
