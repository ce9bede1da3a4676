//! What rows of the ledger come to: for an instance, an account or a month.

use std::ops::AddAssign;

use super::table::RowExtent;
use crate::engine::event::Event;
use crate::engine::ledger::Entry;
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

/// A row of a ledger that moves money, with the months and hours that it pays for.
pub(super) struct SpendRow {
    pub seq: u64,
    pub event: Event,
    pub amount: Money,
    pub months: u32,
    pub hours: u32,
}

impl SpendSums {
    /// Adds a row, if it spends or pays back.
    pub(super) fn sum_entry(&mut self, seq: u64, entry: &Entry) {
        if let Some(movement) = entry.movement {
            self.add_row(&SpendRow {
                seq,
                event: entry.event,
                amount: movement.amount(),
                months: entry.term.map_or(0, |term| term.months),
                hours: entry.hours.into(),
            });
        }
    }

    /// Adds the amount of a row, if it spends or pays back.
    pub(super) fn add_row(&mut self, row: &SpendRow) {
        let SpendRow {
            seq,
            event,
            amount,
            months,
            hours,
        } = *row;
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
