//! What was paid for the terms of an instance: needed when a term is given back or changed.

use crate::model::account::Movement;
use crate::model::calendar::Day;
use crate::model::instance::InstanceIndex;
use crate::model::money::Money;

/// A paid term: `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Its first day.
    pub start: Day,
    /// The expiry date.
    pub end: Day,
    /// Its months, 0 for a term counted in days.
    pub months: u32,
}

impl Term {
    /// Its days, at least one.
    pub fn days(self) -> u32 {
        days_between(self.start, self.end)
    }

    /// Whether it holds the day.
    pub fn contains(self, day: Day) -> bool {
        self.start <= day && day < self.end
    }
}

/// Days from one day to a later one; none where it is not later.
pub fn days_between(start: Day, end: Day) -> u32 {
    u32::try_from(end.days_since(start)).unwrap_or(0)
}

/// A term with what was paid for it. What a voucher paid never comes back and is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The term.
    pub term: Term,
    /// Cash paid, not negative.
    pub cash: Money,
    /// Free credit paid, not negative.
    pub free_credit: Money,
    /// Whether the instance was bought with it.
    pub new: bool,
}

impl Order {
    /// The order of a payment, whose movement is negative.
    pub fn paid_by(movement: Movement, term: Term, new: bool) -> Self {
        Self {
            term,
            cash: -movement.cash,
            free_credit: -movement.free_credit,
            new,
        }
    }

    /// Cash and free credit paid.
    pub fn paid(&self) -> Money {
        self.cash + self.free_credit
    }
}

/// The orders of a book, by instance, then by the start of their terms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orders(Vec<(InstanceIndex, Order)>);

impl Orders {
    /// Puts orders in order; the terms of an instance must not overlap.
    pub fn sorted(mut orders: Vec<(InstanceIndex, Order)>) -> Self {
        orders.sort_unstable_by_key(|(instance, order)| (*instance, order.term.start));
        Self(orders)
    }

    /// Those of one instance.
    pub fn of_instance(&self, instance: InstanceIndex) -> impl DoubleEndedIterator<Item = &Order> {
        let from = self.0.partition_point(|(other, _)| *other < instance);
        let count = self.0[from..].partition_point(|(other, _)| *other == instance);
        self.0[from..from + count].iter().map(|(_, order)| order)
    }

    /// All of them.
    pub fn as_slice(&self) -> &[(InstanceIndex, Order)] {
        &self.0
    }
}

/// What is known to be paid for an instance on a day, current and further terms together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PaidTerms {
    /// The order whose term holds the day.
    pub current: Option<Order>,
    /// Cash of all terms.
    pub cash: Money,
    /// Free credit of all terms.
    pub free_credit: Money,
}

impl PaidTerms {
    /// Sums up the orders that are not over on `day`; none where there are none.
    pub fn on(day: Day, orders: impl Iterator<Item = Order>) -> Option<Self> {
        orders
            .filter(|order| order.term.end > day)
            .fold(None, |sum: Option<Self>, order| {
                let sum = sum.unwrap_or(Self {
                    current: None,
                    cash: Money::ZERO,
                    free_credit: Money::ZERO,
                });
                Some(Self {
                    current: if order.term.contains(day) {
                        Some(order)
                    } else {
                        sum.current
                    },
                    cash: sum.cash + order.cash,
                    free_credit: sum.free_credit + order.free_credit,
                })
            })
    }

    /// Cash and free credit together.
    pub fn total(&self) -> Money {
        self.cash + self.free_credit
    }
}
