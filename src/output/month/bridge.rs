//! Why two sums of spend differ, instance by instance, so that the parts add up to the difference exactly.
//!
//! Rule **report-bridge** of docs/spec.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::last_month::ByInstance;
use super::sums::SpendSums;
use super::table::{ReportTable, RowExtent, Sense};
use super::table_rows::TableRows;
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

add_fields!(Parts {
    new,
    ended,
    price,
    term,
    timing
});

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
    sums: BTreeMap<Currency, BridgeSums>,
    steps: Vec<SpendStep>,
}

/// The sums of a currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct BridgeSums {
    from: Money,
    to: Money,
    parts: Parts,
    /// The rows of the second sum.
    rows: RowExtent,
}

/// Instances that exist in one of the two only.
pub(super) struct OneSided {
    pub new: BTreeSet<String>,
    pub ended: BTreeSet<String>,
}

impl Bridge {
    /// From one sum of spend to another.
    pub(super) fn between(from: &ByInstance, to: &ByInstance, one_sided: &OneSided) -> Self {
        let mut bridge = Self::default();
        let keys: BTreeSet<&(Currency, String)> = from.keys().chain(to.keys()).collect();
        for key in keys {
            let (currency, instance) = key;
            let from = from.get(key).copied().unwrap_or_default();
            let to = to.get(key).copied().unwrap_or_default();
            let is_new = one_sided.new.contains(instance);
            let is_ended = one_sided.ended.contains(instance);
            let parts = parts(&from, &to, is_new, is_ended);
            let sums = bridge.sums.entry(*currency).or_default();
            sums.from += from.spend();
            sums.to += to.spend();
            sums.rows.join(to.rows);
            sums.parts += parts;
            if parts != Parts::default() {
                bridge.steps.push(SpendStep {
                    currency: *currency,
                    instance: instance.clone(),
                    from,
                    to,
                    parts,
                });
            }
        }
        bridge
    }

    /// The rows of this month of the instances that have a part.
    fn rows_behind(&self, currency: Currency, part: fn(&Parts) -> Money) -> RowExtent {
        let steps = self.steps.iter().filter(|step| step.currency == currency);
        let moved = steps.filter(|step| part(&step.parts) != Money::ZERO);
        RowExtent::joined(moved.map(|step| step.to.rows))
    }

    /// The steps of a bridge in a currency, from a sum to that of this month.
    fn steps_in<'b>(&self, currency: Currency, from: &'b str) -> Vec<BridgeRow<'b>> {
        let sums = self.sums[&currency];
        let mut rows = vec![BridgeRow {
            step: from,
            currency,
            amount: sums.from,
            rows: None,
        }];
        for (step, part) in PARTS {
            rows.push(BridgeRow {
                step,
                currency,
                amount: part(&sums.parts),
                rows: Some(self.rows_behind(currency, *part)),
            });
        }
        rows.extend([
            BridgeRow {
                step: "not explained",
                currency,
                amount: sums.to - sums.from - sums.parts.sum(),
                rows: None,
            },
            BridgeRow {
                step: "spend of this month",
                currency,
                amount: sums.to,
                rows: Some(sums.rows),
            },
        ]);
        rows
    }

    /// The two sums, and the parts between them.
    pub(super) fn table(&self, name: &str, title: &str, from: &str) -> ReportTable {
        let currencies = self.sums.keys();
        let rows = currencies.flat_map(|currency| self.steps_in(*currency, from));
        let mut table = TableRows::new(rows, |row| Some(row.currency));
        table.text("step", "Step", |row| row.step);
        table.currencies();
        table.money("amount", "Amount", |row| row.amount).unsummed();
        table.ledger_rows(|row| row.rows);
        table.table(
            name,
            title,
            "The change of each instance is split: new, or ended and cheaper; else refunds, then price (the same months or hours at \
             another price), term length, and timing (what falls into another month). The parts add up exactly. Ledger rows are \
             those of this month, of the instances behind a part.",
        )
    }

    /// The instances, the one that moves most first.
    pub(super) fn movers(&self, name: &str, title: &str) -> ReportTable {
        let mut steps: Vec<&SpendStep> = self.steps.iter().collect();
        steps.sort_by_key(|step| {
            let size = step.parts.sum().minor().abs();
            (step.currency, Reverse(size), &step.instance)
        });
        let mut table = TableRows::new(steps, |step| Some(step.currency));
        table.text("instance_id", "Instance", |step| step.instance.as_str());
        table.currencies();
        table.money("before", "Before", |step| step.from.spend());
        for (name, title, part) in [
            ("new", "New", PARTS[0].1),
            ("ended", "Ended", PARTS[1].1),
            ("price", "Price", PARTS[2].1),
            ("term_length", "Term length", PARTS[3].1),
            ("timing", "Timing", PARTS[4].1),
        ] {
            let column = table.money(name, title, |step| part(&step.parts));
            column.sense(Sense::MoreCost);
        }
        table.money("now", "Now", |step| step.to.spend());
        table
            .money("change", "Change", |step| step.parts.sum())
            .sense(Sense::MoreCost);
        table.ledger_rows(|step| step.to.rows);
        table.table(
            name,
            title,
            "The instances whose spend differs, the greatest difference first; ledger rows are those of this month.",
        )
    }
}

/// A part of a difference: its name, and the sum.
type NamedPart = (&'static str, fn(&Parts) -> Money);

/// The parts of a difference.
const PARTS: &[NamedPart] = &[
    ("new instances", |parts| parts.new),
    ("ended instances and refunds", |parts| parts.ended),
    ("price", |parts| parts.price),
    ("term length", |parts| parts.term),
    ("timing and hours", |parts| parts.timing),
];

/// A step from one sum to the other.
struct BridgeRow<'b> {
    step: &'b str,
    currency: Currency,
    amount: Money,
    rows: Option<RowExtent>,
}

/// The parts of the difference of an instance.
fn parts(from: &SpendSums, to: &SpendSums, is_new: bool, is_ended: bool) -> Parts {
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
