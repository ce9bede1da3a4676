//! What rows of the ledger come to: for an instance, an account or a month.

use std::ops::AddAssign;

use super::table::RowExtent;
use crate::engine::event::Event;
use crate::engine::ledger::Entry;
use crate::model::account::Movement;
use crate::model::money::Money;
use crate::output::monthly::{REFUNDS, RENEWALS};

/// Sums of amounts, all positive where money is spent but refunds, which are positive where it comes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SpendSums {
    /// Paid for prepaid terms; what a downgrade pays back is taken off.
    pub renewals: Money,
    /// Charged for hours.
    pub usage: Money,
    /// What came back of terms.
    pub refunds: Money,
    /// The months of the paid terms.
    pub months: u32,
    /// The hours charged.
    pub hours: u32,
    /// The rows with these amounts.
    pub rows: RowExtent,
}

impl SpendSums {
    /// Adds a row, unless it is none that spends or pays back.
    pub(super) fn sum_entry(&mut self, seq: u64, entry: &Entry) {
        let Some(amount) = entry.movement.map(Movement::amount) else {
            return;
        };
        let months = entry.term.map_or(0, |term| term.months);
        self.add_amount((seq, entry.event), amount, months, u32::from(entry.hours));
    }

    /// Adds the amount of a row, with the months and hours that it pays for.
    pub(super) fn add_amount(
        &mut self,
        (seq, event): (u64, Event),
        amount: Money,
        months: u32,
        hours: u32,
    ) {
        if RENEWALS.contains(&event) {
            self.renewals -= amount;
            self.months += months;
        } else if REFUNDS.contains(&event) {
            self.refunds += amount;
        } else if event == Event::Usage {
            self.usage -= amount;
            self.hours += hours;
        } else {
            return;
        }
        self.rows.extend_to(seq);
    }

    /// What was spent: renewals and usage without what came back.
    pub(super) fn spend(&self) -> Money {
        self.renewals + self.usage - self.refunds
    }
}

impl AddAssign for SpendSums {
    fn add_assign(&mut self, other: Self) {
        self.renewals += other.renewals;
        self.usage += other.usage;
        self.refunds += other.refunds;
        self.months += other.months;
        self.hours += other.hours;
        self.rows.join(other.rows);
    }
}
