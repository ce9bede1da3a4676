//! Why two sums of spend differ, instance by instance, so that the parts add up to the difference exactly.
//!
//! Rule **report-bridge** of docs/spec.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use super::last_month::ByInstance;
use super::sums::SpendSums;
use super::table::RowExtent;
use crate::model::money::{Currency, Money, Rounding};

/// The parts of a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// Of instances that were not there.
    pub new: Money,
    /// Of instances that are gone, and what came back of terms.
    pub ended: Money,
    /// The same months or hours at another price.
    pub price: Money,
    /// Terms of other lengths.
    pub term: Money,
    /// Terms paid in one of the two only, and other hours.
    pub timing: Money,
}

impl Parts {
    /// All of them.
    pub(super) fn sum(&self) -> Money {
        self.new + self.ended + self.price + self.term + self.timing
    }
}

impl AddAssign for Parts {
    fn add_assign(&mut self, other: Self) {
        self.new += other.new;
        self.ended += other.ended;
        self.price += other.price;
        self.term += other.term;
        self.timing += other.timing;
    }
}

/// An instance whose spend differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SpendStep {
    pub currency: Currency,
    pub instance: String,
    pub from: SpendSums,
    pub to: SpendSums,
    pub parts: Parts,
}

/// Two sums of spend and why they differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bridge {
    pub from: BTreeMap<Currency, Money>,
    pub to: BTreeMap<Currency, Money>,
    pub parts: BTreeMap<Currency, Parts>,
    /// The rows of the second sum.
    pub rows: BTreeMap<Currency, RowExtent>,
    pub steps: Vec<SpendStep>,
}

/// Instances that are there in one of the two only.
pub(super) struct FirstDays<'s> {
    pub new: &'s BTreeSet<String>,
    pub ended: &'s BTreeSet<String>,
}

impl Bridge {
    /// From one sum of spend to another.
    pub(super) fn between(from: &ByInstance, to: &ByInstance, births: &FirstDays<'_>) -> Self {
        let mut bridge = Self::default();
        let keys: BTreeSet<&(Currency, String)> = from.keys().chain(to.keys()).collect();
        for key in keys {
            let (currency, instance) = key;
            let (old, new) = (
                from.get(key).copied().unwrap_or_default(),
                to.get(key).copied().unwrap_or_default(),
            );
            *bridge.from.entry(*currency).or_default() += old.spend();
            *bridge.to.entry(*currency).or_default() += new.spend();
            bridge.rows.entry(*currency).or_default().join(new.rows);
            let all = bridge.parts.entry(*currency).or_default();
            let parts = parts(
                &old,
                &new,
                (
                    births.new.contains(instance),
                    births.ended.contains(instance),
                ),
            );
            *all += parts;
            if parts != Parts::default() {
                let (currency, instance) = key.clone();
                bridge.steps.push(SpendStep {
                    currency,
                    instance,
                    from: old,
                    to: new,
                    parts,
                });
            }
        }
        bridge
    }
}

/// The parts of the difference of an instance.
fn parts(from: &SpendSums, to: &SpendSums, (is_new, is_ended): (bool, bool)) -> Parts {
    let change = to.spend() - from.spend();
    let mut parts = Parts::default();
    if is_new {
        parts.new = change;
    } else if is_ended && change.is_negative() {
        parts.ended = change;
    } else {
        parts.ended = from.refunds - to.refunds;
        let (renewals, usage) = (to.renewals - from.renewals, to.usage - from.usage);
        match scaled(from.renewals, to.months, from.months) {
            Some(as_long) => {
                parts.term = as_long - from.renewals;
                parts.price = to.renewals - as_long;
            }
            None => parts.timing = renewals,
        }
        match scaled(from.usage, to.hours, from.hours) {
            Some(as_long) => {
                parts.timing += as_long - from.usage;
                parts.price += to.usage - as_long;
            }
            None => parts.timing += usage,
        }
    }
    parts
}

/// What an amount for some months or hours would be for others, at the same price; none where there is nothing to compare.
fn scaled(amount: Money, to: u32, from: u32) -> Option<Money> {
    if to == 0 || from == 0 || amount.is_negative() {
        return None;
    }
    if to == from {
        return Some(amount);
    }
    let (to, from) = (Money::from_minor(to.into()), Money::from_minor(from.into()));
    i64::try_from(i128::from(amount.minor()) * i128::from(to.minor()) / i128::from(from.minor()))
        .ok()?;
    Some(amount.part(to, from, Rounding::HalfUp))
}
