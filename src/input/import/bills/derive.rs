//! Charges → what a book needs: orders, prices, and instances that only bills know.
//! Nothing is averaged and nothing guessed.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::input::import::options::Options;
use crate::input::import::pricing::Pricing;
use crate::model::bill::{self, BilledSpan, Charge, ChargeKind};
use crate::model::calendar::Day;
use crate::model::money::Currency;

/// A payment for a term that is not over on the first day of the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PaidTerm<'c> {
    pub(crate) instance: &'c str,
    pub(crate) term: BilledSpan,
    pub(crate) months: Option<u32>,
    pub(crate) cash: Decimal,
    pub(crate) free_credit: Decimal,
    /// Whether the instance was bought with it.
    pub(crate) new: bool,
    pub(crate) currency: Currency,
    order: &'c str,
}

impl PaidTerm<'_> {
    /// Whether more came back than was paid.
    pub(crate) fn is_negative(&self) -> bool {
        self.cash < Decimal::ZERO || self.free_credit < Decimal::ZERO
    }

    /// Whether a later term of the same instance begins before this one ends.
    pub(crate) fn overlaps(&self, later: &Self) -> bool {
        self.instance == later.instance && later.term.start < self.term.end
    }
}

/// A price that a bill gives, and a note of its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BilledPrice {
    pub(crate) price: String,
    pub(crate) note: String,
}

/// Prices by instance.
type InstancePrices<'c> = BTreeMap<&'c str, BilledPrice>;

/// What the charges say of terms and prices.
#[derive(Debug)]
pub(crate) struct DerivedTerms<'c> {
    /// Payments for terms that are not over, by instance and start. Amounts are exact; the book rounds them.
    pub(crate) orders: Vec<PaidTerm<'c>>,
    /// Payments for such terms that a return, a conversion or a resize ended, or a correction took away.
    pub(crate) ended: Vec<PaidTerm<'c>>,
    pub(crate) monthly: InstancePrices<'c>,
    pub(crate) hourly: InstancePrices<'c>,
    /// What is left to do where two prices of one day differ.
    pub(crate) undecided: Vec<String>,
    /// Instances that were returned or converted after their last payment, and the day.
    pub(crate) left: BTreeMap<&'c str, Day>,
    /// Instances that were resized within a term that is not over, and the latest day.
    pub(crate) resized: BTreeMap<&'c str, Day>,
}

impl<'c> DerivedTerms<'c> {
    /// Orders and prices of the charges that count, which are among all of them.
    pub(crate) fn derive_terms(
        all: &'c [Charge],
        current: &[&'c Charge],
        options: &Options,
    ) -> Self {
        let mut undecided = Vec::new();
        let resizes = latest_days(current, |charge| charge.kind == ChargeKind::Resize);
        let monthly = monthly_prices(current, &resizes, options, &mut undecided);
        let hourly = hourly_prices(current, &mut undecided);
        let orders = orders(current, options.from);
        Self {
            ended: ended(all, &orders, options.from),
            left: left(current, &orders),
            resized: resized(current, resizes, options.from),
            orders,
            monthly,
            hourly,
            undecided,
        }
    }
}

/// The charges that count: of each id the latest.
pub(crate) fn current(charges: &[Charge]) -> Vec<&Charge> {
    let mut latest: BTreeMap<&str, &Charge> = BTreeMap::new();
    for charge in charges {
        let known = latest.entry(&charge.row_id).or_insert(charge);
        if known.as_of < charge.as_of {
            *known = charge;
        }
    }
    latest.into_values().collect()
}

fn is_purchase(charge: &Charge) -> bool {
    charge.kind == ChargeKind::New || charge.kind.is_renewal()
}

fn is_return(charge: &Charge) -> bool {
    matches!(charge.kind, ChargeKind::Refund | ChargeKind::Convert)
}

/// The latest day on which each instance had such a charge.
fn latest_days<'c>(
    charges: &[&'c Charge],
    is_such: impl Fn(&Charge) -> bool,
) -> BTreeMap<&'c str, Day> {
    let mut latest: BTreeMap<&str, Day> = BTreeMap::new();
    for charge in charges.iter().filter(|charge| is_such(charge)) {
        if let Some(instance) = charge.instance.as_deref() {
            let day = latest.entry(instance).or_insert(charge.paid_on);
            *day = charge.paid_on.max(*day);
        }
    }
    latest
}

fn orders<'c>(charges: &[&'c Charge], from: Day) -> Vec<PaidTerm<'c>> {
    let mut sorted = charges.to_vec();
    sorted.sort_by_key(|charge| (charge.paid_on, &charge.row_id));
    let mut paid: BTreeMap<&str, Vec<PaidTerm<'c>>> = BTreeMap::new();
    for charge in sorted {
        let Some(instance) = charge.instance.as_deref() else {
            continue;
        };
        let terms = paid.entry(instance).or_default();
        if is_purchase(charge) {
            terms.extend(bought(charge));
        } else if is_return(charge) {
            // It ends the orders that it takes back; without their names, all of the instance.
            let names = &charge.reverses;
            terms.retain(|term| {
                let is_named = names.is_empty() || names.iter().any(|name| name == term.order);
                !is_named || term.term.end <= charge.paid_on
            });
        } else if charge.kind == ChargeKind::Resize {
            // No bill says what is left of the orders that it ends: people fill that in.
            terms.retain(|term| term.term.end <= charge.paid_on);
        }
    }
    for terms in paid.values_mut() {
        terms.retain(|term| term.term.end > from);
        terms.sort_by_key(|term| term.term.start);
    }
    paid.into_values().flatten().collect()
}

/// Orders that some version of the charges gives and the ones that count do not.
fn ended<'c>(all: &'c [Charge], orders: &[PaidTerm<'_>], from: Day) -> Vec<PaidTerm<'c>> {
    let kept = orders.iter().map(term_key);
    let kept: BTreeSet<(&str, Day)> = kept.collect();
    let purchases = all.iter().filter(|charge| is_purchase(charge));
    let mut ended: Vec<PaidTerm<'c>> = purchases.filter_map(bought).collect();
    ended.retain(|one| one.term.end > from && !kept.contains(&term_key(one)));
    ended
}

fn term_key<'c>(order: &PaidTerm<'c>) -> (&'c str, Day) {
    (order.instance, order.term.start)
}

fn left<'c>(charges: &[&'c Charge], orders: &[PaidTerm<'_>]) -> BTreeMap<&'c str, Day> {
    let purchases = latest_days(charges, is_purchase);
    let kept: BTreeSet<&str> = orders.iter().map(|order| order.instance).collect();
    let mut left = latest_days(charges, |charge| {
        is_return(charge) && charge.amount < Decimal::ZERO
    });
    left.retain(|instance, day| {
        let is_bought_again = purchases.get(instance).is_some_and(|bought| *bought > *day);
        !is_bought_again && !kept.contains(instance)
    });
    left
}

fn bought(charge: &Charge) -> Option<PaidTerm<'_>> {
    let (instance, term) = (charge.instance.as_deref()?, charge.term?);
    (charge.amount > Decimal::ZERO).then(|| PaidTerm {
        instance,
        term,
        months: charge.months,
        cash: charge.paid.cash,
        free_credit: charge.paid.free_credit,
        new: charge.kind == ChargeKind::New,
        currency: charge.currency,
        order: &charge.order,
    })
}

/// The resizes after the purchase of a term that is not over on `from`.
fn resized<'c>(
    charges: &[&'c Charge],
    mut resizes: BTreeMap<&'c str, Day>,
    from: Day,
) -> BTreeMap<&'c str, Day> {
    let mut first: BTreeMap<&str, Day> = BTreeMap::new();
    for charge in charges.iter().filter(|charge| is_purchase(charge)) {
        let lasts = charge.term.is_some_and(|term| term.end > from);
        if let Some(instance) = charge.instance.as_deref().filter(|_| lasts) {
            let day = first.entry(instance).or_insert(charge.paid_on);
            *day = charge.paid_on.min(*day);
        }
    }
    resizes.retain(|instance, day| first.get(instance).is_some_and(|first| first <= day));
    resizes
}

/// The monthly price of each instance: from the latest renewal with whole months, from the first purchase only where there
/// is no renewal. What was resized since has another price, which no bill says.
fn monthly_prices<'c>(
    charges: &[&'c Charge],
    resizes: &BTreeMap<&str, Day>,
    options: &Options,
    undecided: &mut Vec<String>,
) -> InstancePrices<'c> {
    let mut latest: BTreeMap<&str, Vec<&Charge>> = BTreeMap::new();
    for charge in charges.iter().filter(|charge| is_purchase(charge)) {
        let is_usable =
            charge.amount > Decimal::ZERO && charge.months.is_some_and(|months| months > 0);
        let Some(instance) = charge.instance.as_deref().filter(|_| is_usable) else {
            continue;
        };
        let rank = price_rank(charge);
        let known = latest.entry(instance).or_default();
        match known.first().map(|first| price_rank(first)) {
            Some(best) if best > rank => {}
            Some(best) if best == rank => known.push(charge),
            _ => *known = vec![charge],
        }
    }
    let mut prices = BTreeMap::new();
    for (instance, charges) in latest {
        let resized = resizes.get(instance);
        if resized.is_some_and(|day| charges.iter().all(|charge| *day >= charge.paid_on)) {
            continue;
        }
        let mut made = charges.iter().filter_map(|charge| {
            let (pricing, months) = (options.pricing(&charge.product), charge.months?);
            let price = pricing.monthly(charge.amount, months, charge.currency)?;
            Some((price.to_string(), *charge, months))
        });
        let Some((price, charge, months)) = made.next() else {
            continue;
        };
        if let Some((other, ..)) = made.find(|(other, ..)| *other != price) {
            undecided.push(undecided_price(instance, charge.paid_on, &price, &other));
            continue;
        }
        let note = note(charge, months);
        let price = match price.parse() {
            Ok(exact) => bill::plain(exact, charge.currency),
            Err(_) => price,
        };
        prices.insert(instance, BilledPrice { price, note });
    }
    prices
}

/// Renewals before first purchases, then the latest.
fn price_rank(charge: &Charge) -> (bool, Day) {
    (charge.kind.is_renewal(), charge.paid_on)
}

fn undecided_price(instance: &str, day: Day, one: &str, other: &str) -> String {
    format!("decide which price of {instance} counts: its bills of {day} give {one} and {other}")
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
        note.push_str(", incl. tax");
        if let Some(rate) = (tax * Decimal::ONE_HUNDRED).checked_div(net) {
            note.push_str(&format!(" {}%", rate.round_dp(2).normalize()));
        }
    }
    note
}

/// The hourly price of each instance: from the latest day of use with whole hours on which all hours agree.
fn hourly_prices<'c>(charges: &[&'c Charge], undecided: &mut Vec<String>) -> InstancePrices<'c> {
    let mut latest: BTreeMap<&str, (Day, BTreeSet<Decimal>)> = BTreeMap::new();
    for charge in charges {
        if charge.kind != ChargeKind::Usage || charge.amount <= Decimal::ZERO {
            continue;
        }
        let (Some(instance), Some(hours), Some(term)) =
            (charge.instance.as_deref(), charge.hours, charge.term)
        else {
            continue;
        };
        let Some(price) = Pricing::hourly(charge.amount, hours) else {
            continue;
        };
        let unpriced = (term.start, BTreeSet::new());
        let known = latest.entry(instance).or_insert_with(|| unpriced.clone());
        if term.start > known.0 {
            *known = unpriced;
        }
        if term.start == known.0 {
            known.1.insert(price);
        }
    }
    let mut prices = BTreeMap::new();
    for (instance, (day, all)) in latest {
        let (Some(least), Some(most)) = (all.first(), all.last()) else {
            continue;
        };
        let (price, other) = (least.to_string(), most.to_string());
        if all.len() > 1 {
            undecided.push(undecided_price(instance, day, &price, &other));
        } else {
            let note = format!("used {day}");
            prices.insert(instance, BilledPrice { price, note });
        }
    }
    prices
}

/// Instances that only bills know and whose last term is not over on `from`, with the charge of that term.
pub(crate) fn unlisted<'c>(
    charges: &[&'c Charge],
    from: Day,
    is_listed: impl Fn(&str) -> bool,
) -> BTreeMap<&'c str, &'c Charge> {
    let returns = latest_days(charges, is_return);
    let mut last: BTreeMap<&str, &Charge> = BTreeMap::new();
    for charge in charges.iter().filter(|charge| is_purchase(charge)) {
        let (instance, is_paid) = (charge.instance.as_deref(), charge.amount > Decimal::ZERO);
        let Some(instance) = instance.filter(|id| is_paid && !is_listed(id)) else {
            continue;
        };
        let known = last.entry(instance).or_insert(charge);
        if term_end(known) < term_end(charge) {
            *known = charge;
        }
    }
    last.retain(|instance, charge| {
        let lasts = term_end(charge).is_some_and(|end| end > from);
        let returned = returns.get(instance);
        lasts && returned.is_none_or(|day| *day < charge.paid_on)
    });
    last
}

fn term_end(charge: &Charge) -> Option<Day> {
    charge.term.map(|term| term.end)
}
