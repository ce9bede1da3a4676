//! Renewals that come due in the days after the month begins, and what becomes of them.
//!
//! Rule **report-due** of docs/spec.

use std::collections::BTreeMap;

use super::table::RowExtent;
use crate::engine::event::Event;
use crate::engine::ledger::{Entry, Needed};
use crate::model::account::Movement;
use crate::model::book::Book;
use crate::model::calendar::{Day, DayRange};
use crate::model::instance::{InstanceIndex, State};
use crate::model::money::Money;

/// What becomes of a renewal that comes due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RenewalOutcome {
    /// It is paid on this day, in this row of the ledger.
    Paid(Day, u64),
    /// It could not be paid, and never was.
    Failed(Day, u64),
    /// Nobody renewed it.
    Unpaid(Day, u64),
    /// The instance was given back, converted or destroyed before.
    Ended(Day, u64),
    /// The run ends before.
    Open,
}

impl RenewalOutcome {
    /// The row of the ledger that decides it.
    pub(super) fn rows_of_outcome(self) -> RowExtent {
        match self {
            Self::Paid(_, seq)
            | Self::Failed(_, seq)
            | Self::Unpaid(_, seq)
            | Self::Ended(_, seq) => RowExtent::one(seq),
            Self::Open => RowExtent::default(),
        }
    }

    /// The day of that row.
    pub(super) fn day(self) -> Option<Day> {
        match self {
            Self::Paid(day, _)
            | Self::Failed(day, _)
            | Self::Unpaid(day, _)
            | Self::Ended(day, _) => Some(day),
            Self::Open => None,
        }
    }

    /// Whether it is not paid.
    pub(super) fn is_lost(self) -> bool {
        matches!(self, Self::Failed(..) | Self::Unpaid(..))
    }
}

/// A renewal that comes due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DueRenewal {
    /// The instance.
    pub instance: InstanceIndex,
    /// The expiry date.
    pub expiry: Day,
    /// What it costs, vouchers included; none where the run does not say.
    pub price: Option<Money>,
    /// What becomes of it.
    pub outcome: RenewalOutcome,
}

/// The renewals in the making.
pub(super) struct DueRenewals<'b> {
    book: &'b Book,
    window: DayRange,
    expiries: Vec<Option<Day>>,
    /// The places of those that are open.
    open: BTreeMap<InstanceIndex, usize>,
    dues: Vec<DueRenewal>,
    has_begun: bool,
}

impl<'b> DueRenewals<'b> {
    /// Those with an expiry date in a range of days.
    pub(super) fn dues_in(book: &'b Book, window: DayRange) -> Self {
        let mut expiries = Vec::with_capacity(book.instances.len());
        for instance in &book.instances {
            let is_gone = instance.state == Some(State::Terminated);
            expiries.push(instance.expires_on.filter(|_| !is_gone));
        }
        Self {
            book,
            window,
            expiries,
            open: BTreeMap::new(),
            dues: Vec::new(),
            has_begun: false,
        }
    }

    /// Adds a row.
    pub(super) fn follow_entry(&mut self, seq: u64, entry: &Entry) {
        let Some(instance) = entry.instance else {
            return;
        };
        if entry.date >= self.window.from {
            self.begin();
        }
        match entry.event {
            Event::Renewed | Event::Recovered | Event::Purchased => {
                let paid = RenewalOutcome::Paid(entry.date, seq);
                self.settle(instance, paid, entry.movement.map(price));
                self.expect(instance, entry.term.map(|term| term.end));
            }
            Event::RenewalFailed => {
                let price = match entry.shortfall().map(|shortfall| shortfall.needed) {
                    Some(Needed::Price(price)) => Some(price),
                    _ => None,
                };
                self.mark(instance, RenewalOutcome::Failed(entry.date, seq), price);
            }
            Event::Expired | Event::Reclaimed => {
                self.mark(instance, RenewalOutcome::Unpaid(entry.date, seq), None);
            }
            Event::Returned | Event::Converted | Event::Terminated => {
                self.settle(instance, RenewalOutcome::Ended(entry.date, seq), None);
                self.expiries[instance.0 as usize] = None;
            }
            _ => {}
        }
    }

    fn begin(&mut self) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        for number in 0..self.expiries.len() {
            let index = InstanceIndex(
                u32::try_from(number).expect("a book numbers its instances in 32 bits"),
            );
            self.expect(index, self.expiries[number]);
        }
    }

    /// The instance expires on a day, unless it is paid.
    fn expect(&mut self, instance: InstanceIndex, expiry: Option<Day>) {
        self.expiries[instance.0 as usize] = expiry;
        if let Some(expiry) = expiry.filter(|day| self.has_begun && self.window.contains(*day)) {
            self.open.insert(instance, self.dues.len());
            self.dues.push(DueRenewal {
                instance,
                expiry,
                price: None,
                outcome: RenewalOutcome::Open,
            });
        }
    }

    /// Says what becomes of an open one for good; what was lost before the end of the month stays lost.
    fn settle(&mut self, instance: InstanceIndex, outcome: RenewalOutcome, price: Option<Money>) {
        let Some(at) = self.open.remove(&instance) else {
            return;
        };
        let due = &mut self.dues[at];
        if !(due.outcome.is_lost() && matches!(outcome, RenewalOutcome::Ended(..))) {
            due.outcome = outcome;
        }
        due.price = price.or(due.price);
    }

    /// Says what has become of an open one so far: of its troubles the first counts.
    fn mark(&mut self, instance: InstanceIndex, outcome: RenewalOutcome, price: Option<Money>) {
        let Some(at) = self.open.get(&instance) else {
            return;
        };
        let due = &mut self.dues[*at];
        if due.outcome == RenewalOutcome::Open {
            due.outcome = outcome;
        }
        due.price = due.price.or(price);
    }

    /// The renewals by expiry date and instance; `price` tells what those cost of which the run says nothing.
    pub(super) fn into_dues(
        mut self,
        price: impl Fn(InstanceIndex) -> Option<Money>,
    ) -> Vec<DueRenewal> {
        self.begin();
        let mut dues = self.dues;
        dues.sort_by_key(|due| {
            let account = self.book.instance(due.instance).account;
            (due.expiry, account, due.instance)
        });
        for due in &mut dues {
            due.price = due.price.or_else(|| price(due.instance));
        }
        dues
    }
}

fn price(movement: Movement) -> Money {
    -(movement.amount() + movement.voucher)
}
