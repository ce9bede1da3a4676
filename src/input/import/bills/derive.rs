//! Charges → what a book needs: orders, prices, balances, and instances that only bills know.
//! Nothing is averaged and nothing guessed.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::input::import::pricing::Pricing;
use crate::model::bill::{BilledSpan, Charge, ChargeKind};
use crate::model::calendar::Day;
use crate::model::money::Currency;

/// A payment for a term that is not over on the first day of the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::input::import) struct PaidTerm {
    /// The instance.
    pub(in crate::input::import) instance: String,
    /// The term.
    pub(in crate::input::import) term: BilledSpan,
    /// Its months, where known.
    pub(in crate::input::import) months: Option<u32>,
    /// Cash paid.
    pub(in crate::input::import) cash: Decimal,
    /// Free credit paid.
    pub(in crate::input::import) free_credit: Decimal,
    /// Whether the instance was bought with it.
    pub(in crate::input::import) new: bool,
    /// The currency of both.
    pub(in crate::input::import) currency: Currency,
    /// The order.
    order: String,
}

impl PaidTerm {
    /// Whether more came back than was paid.
    pub(in crate::input::import) fn is_negative(&self) -> bool {
        self.cash < Decimal::ZERO || self.free_credit < Decimal::ZERO
    }

    /// Whether a later term of the same instance begins before this one ends.
    pub(in crate::input::import) fn overlaps(&self, later: &Self) -> bool {
        self.instance == later.instance && later.term.start < self.term.end
    }
}

/// The orders of the terms that are not over on `from`, by instance and start. Amounts are exact; the book rounds them.
pub(in crate::input::import) fn orders(charges: &[&Charge], from: Day) -> Vec<PaidTerm> {
    let mut paid: Vec<PaidTerm> = Vec::new();
    let mut sorted: Vec<&&Charge> = charges.iter().collect();
    sorted.sort_by_key(|charge| (charge.paid_on, charge.row_id.clone()));
    for charge in sorted {
        let Some(instance) = &charge.instance else {
            continue;
        };
        match charge.kind {
            ChargeKind::New | ChargeKind::Renew | ChargeKind::AutoRenew => {
                paid.extend(bought(charge, instance))
            }
            ChargeKind::Resize => resize(charge, instance, &mut paid),
            ChargeKind::Refund | ChargeKind::Convert => end(charge, instance, &mut paid),
            _ => {}
        }
    }
    paid.retain(|order| order.term.end > from);
    paid.sort_by(|one, other| {
        (&one.instance, one.term.start).cmp(&(&other.instance, other.term.start))
    });
    paid
}

/// Orders that some version of the charges gives and the ones that count do not: they were ended, corrected away or withdrawn.
pub(in crate::input::import) fn ended(
    all: &[Charge],
    orders: &[PaidTerm],
    from: Day,
) -> Vec<PaidTerm> {
    let kept: BTreeSet<(&str, Day)> = orders
        .iter()
        .map(|order| (order.instance.as_str(), order.term.start))
        .collect();
    let is_bought = |charge: &&Charge| charge.kind == ChargeKind::New || charge.kind.is_renewal();
    let given = all
        .iter()
        .filter(is_bought)
        .filter_map(|charge| bought(charge, charge.instance.as_deref()?));
    given
        .filter(|one| {
            one.term.end > from && !kept.contains(&(one.instance.as_str(), one.term.start))
        })
        .collect()
}

/// Instances that were returned or converted after their last payment, and the day.
pub(in crate::input::import) fn left(
    charges: &[&Charge],
    orders: &[PaidTerm],
) -> BTreeMap<String, Day> {
    let mut left: BTreeMap<String, Day> = BTreeMap::new();
    for charge in charges
        .iter()
        .filter(|charge| matches!(charge.kind, ChargeKind::Refund | ChargeKind::Convert))
    {
        let Some(instance) = charge
            .instance
            .as_deref()
            .filter(|_| charge.amount < Decimal::ZERO)
        else {
            continue;
        };
        let day = left.entry(instance.to_owned()).or_insert(charge.paid_on);
        *day = (*day).max(charge.paid_on);
    }
    for charge in charges
        .iter()
        .filter(|charge| charge.kind.is_renewal() || charge.kind == ChargeKind::New)
    {
        let instance = charge.instance.as_deref().unwrap_or_default();
        if left.get(instance).is_some_and(|day| *day < charge.paid_on) {
            left.remove(instance);
        }
    }
    left.retain(|instance, _| orders.iter().all(|order| order.instance != *instance));
    left
}

fn bought(charge: &Charge, instance: &str) -> Option<PaidTerm> {
    let term = charge.term?;
    (charge.amount > Decimal::ZERO).then(|| PaidTerm {
        instance: instance.to_owned(),
        term,
        months: charge.months,
        cash: charge.paid.cash,
        free_credit: charge.paid.free_credit,
        new: charge.kind == ChargeKind::New,
        currency: charge.currency,
        order: charge.order.clone(),
    })
}

/// A return or a conversion to postpaid ends the orders that it takes back; without their names, all of the instance.
fn end(charge: &Charge, instance: &str, paid: &mut Vec<PaidTerm>) {
    let is_named =
        |order: &PaidTerm| charge.reverses.is_empty() || charge.reverses.contains(&order.order);
    paid.retain(|order| {
        order.instance != instance || !is_named(order) || order.term.end <= charge.paid_on
    });
}

/// What is left of the orders that a resize ends, and the price from then on, no bill says: both are for people to fill in.
fn resize(charge: &Charge, instance: &str, paid: &mut Vec<PaidTerm>) {
    paid.retain(|order| order.instance != instance || order.term.end <= charge.paid_on);
}

/// The latest resize of each instance within a term that is not over on `from`.
pub(in crate::input::import) fn resized<'c>(
    charges: &[&'c Charge],
    from: Day,
) -> BTreeMap<&'c str, Day> {
    let mut latest: BTreeMap<&str, Day> = BTreeMap::new();
    for charge in charges
        .iter()
        .filter(|charge| charge.kind == ChargeKind::Resize)
    {
        let Some(instance) = charge.instance.as_deref() else {
            continue;
        };
        let day = latest.entry(instance).or_insert(charge.paid_on);
        *day = (*day).max(charge.paid_on);
    }
    let lasts = |instance: &str, resized: Day| {
        charges.iter().any(|charge| {
            let is_bought = charge.kind.is_renewal() || charge.kind == ChargeKind::New;
            let is_its = is_bought
                && charge.instance.as_deref() == Some(instance)
                && charge.paid_on <= resized;
            is_its && charge.term.is_some_and(|term| term.end > from)
        })
    };
    latest.retain(|instance, day| lasts(instance, *day));
    latest
}

/// A price that a bill gives, and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::input::import) struct BilledPrice {
    /// The price.
    pub(in crate::input::import) price: String,
    /// The day of the payment.
    pub(in crate::input::import) paid_on: Day,
    /// Where it came from, in words.
    pub(in crate::input::import) note: String,
}

/// Two latest prices of one day that differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::input::import) struct Undecided {
    /// The instance.
    pub(in crate::input::import) instance: String,
    /// The day.
    pub(in crate::input::import) paid_on: Day,
    /// Both prices.
    pub(in crate::input::import) prices: (String, String),
}

/// The monthly price of each instance: from the latest renewal with whole months, from the first purchase only where there
/// is no renewal. What was resized since has another price, which no bill says.
pub(in crate::input::import) fn monthly_prices(
    charges: &[&Charge],
    pricing: impl Fn(&str) -> Pricing,
) -> (BTreeMap<String, BilledPrice>, Vec<Undecided>) {
    let mut latest: BTreeMap<&str, Vec<&Charge>> = BTreeMap::new();
    let usable = charges.iter().filter(|charge| {
        let is_term = charge.kind.is_renewal() || charge.kind == ChargeKind::New;
        is_term && charge.amount > Decimal::ZERO && charge.months.is_some_and(|months| months > 0)
    });
    for charge in usable {
        let Some(instance) = charge.instance.as_deref() else {
            continue;
        };
        let known = latest.entry(instance).or_default();
        let rank = |charge: &Charge| (charge.kind.is_renewal(), charge.paid_on);
        match known.first().map(|first| rank(first)) {
            Some(best) if best > rank(charge) => {}
            Some(best) if best == rank(charge) => known.push(charge),
            _ => *known = vec![charge],
        }
    }
    let is_resized = |instance: &str, paid_on: Day| {
        let resizes = charges
            .iter()
            .filter(|charge| charge.kind == ChargeKind::Resize && charge.paid_on >= paid_on);
        resizes
            .into_iter()
            .any(|charge| charge.instance.as_deref() == Some(instance))
    };
    latest.retain(|instance, charges| {
        charges
            .first()
            .is_none_or(|first| !is_resized(instance, first.paid_on))
    });
    let (mut prices, mut undecided) = (BTreeMap::new(), Vec::new());
    for (instance, charges) in latest {
        let mut made = charges.iter().filter_map(|charge| {
            let months = charge.months?;
            let price = pricing(&charge.product).monthly(charge.amount, months, charge.currency)?;
            Some((price.to_string(), *charge, months))
        });
        let Some((price, charge, months)) = made.next() else {
            continue;
        };
        if let Some((other, ..)) = made.find(|(other, ..)| *other != price) {
            undecided.push(Undecided {
                instance: instance.to_owned(),
                paid_on: charge.paid_on,
                prices: (price, other),
            });
            continue;
        }
        prices.insert(
            instance.to_owned(),
            BilledPrice {
                note: note(charge, months),
                price: written(&price, charge.currency),
                paid_on: charge.paid_on,
            },
        );
    }
    (prices, undecided)
}

/// A price with the currency's decimals at least.
fn written(price: &str, currency: Currency) -> String {
    price.parse().map_or_else(
        |_| price.to_owned(),
        |price: Decimal| crate::model::bill::plain(price, currency),
    )
}

fn note(charge: &Charge, months: u32) -> String {
    let mut note = format!("paid {}", charge.paid_on);
    if !charge.order.is_empty() {
        note.push_str(&format!(", order {}", charge.order));
    }
    let unit = if months == 1 { "month" } else { "months" };
    note.push_str(&format!(", {months} {unit}"));
    if charge.kind == ChargeKind::New {
        note.push_str(", first purchase");
    }
    if let Some(tax) = charge.tax.filter(|tax| !tax.is_zero()) {
        // A voucher lowers what is taxed.
        let net = charge.amount - tax - charge.paid.voucher;
        let rate = (tax * Decimal::ONE_HUNDRED)
            .checked_div(net)
            .map(|rate| rate.round_dp(2).normalize());
        note.push_str(&rate.map_or_else(
            || ", incl. tax".to_owned(),
            |rate| format!(", incl. tax {rate}%"),
        ));
    }
    note
}

/// The hourly price of each instance: from the latest day of use with whole hours on which all hours agree.
pub(in crate::input::import) fn hourly_prices(
    charges: &[&Charge],
) -> (BTreeMap<String, BilledPrice>, Vec<Undecided>) {
    let mut latest: BTreeMap<&str, (Day, Vec<Decimal>)> = BTreeMap::new();
    for charge in charges
        .iter()
        .filter(|charge| charge.kind == ChargeKind::Usage && charge.amount > Decimal::ZERO)
    {
        let (Some(instance), Some(hours), Some(term)) =
            (charge.instance.as_deref(), charge.hours, charge.term)
        else {
            continue;
        };
        let Some(price) = Pricing::hourly(charge.amount, hours) else {
            continue;
        };
        let known = latest.entry(instance).or_insert((term.start, Vec::new()));
        if term.start > known.0 {
            *known = (term.start, Vec::new());
        }
        if term.start == known.0 {
            known.1.push(price);
        }
    }
    let (mut prices, mut undecided) = (BTreeMap::new(), Vec::new());
    for (instance, (day, mut all)) in latest {
        all.sort();
        all.dedup();
        match all.as_slice() {
            [price] => {
                let found = BilledPrice {
                    price: price.to_string(),
                    paid_on: day,
                    note: format!("used {day}"),
                };
                prices.insert(instance.to_owned(), found);
            }
            [first, .., last] => {
                let prices = (first.to_string(), last.to_string());
                undecided.push(Undecided {
                    instance: instance.to_owned(),
                    paid_on: day,
                    prices,
                });
            }
            [] => {}
        }
    }
    (prices, undecided)
}

/// Instances that only bills know and whose last term is not over on `from`: the end of the term, product and region.
pub(in crate::input::import) fn unlisted<'c>(
    charges: &[&'c Charge],
    from: Day,
    is_listed: impl Fn(&str) -> bool,
) -> BTreeMap<&'c str, &'c Charge> {
    let mut last: BTreeMap<&str, &Charge> = BTreeMap::new();
    let mut ended: BTreeMap<&str, Day> = BTreeMap::new();
    for charge in charges {
        let Some(instance) = charge.instance.as_deref().filter(|id| !is_listed(id)) else {
            continue;
        };
        if matches!(charge.kind, ChargeKind::Refund | ChargeKind::Convert) {
            let day = ended.entry(instance).or_insert(charge.paid_on);
            *day = (*day).max(charge.paid_on);
        }
        let is_term = charge.kind.is_renewal() || charge.kind == ChargeKind::New;
        let end = |charge: &Charge| charge.term.map(|term| term.end);
        if is_term
            && charge.amount > Decimal::ZERO
            && last
                .get(instance)
                .is_none_or(|known| end(known) < end(charge))
        {
            last.insert(instance, charge);
        }
    }
    last.retain(|instance, charge| {
        let is_over = charge.term.is_none_or(|term| term.end <= from);
        !is_over && ended.get(instance).is_none_or(|day| *day < charge.paid_on)
    });
    last
}
