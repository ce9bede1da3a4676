//! Spend and balance of a run, day by day, for pictures.

use std::collections::BTreeMap;

use crate::book::Book;
use crate::calendar::Day;
use crate::engine::Window;
use crate::event::Event;
use crate::money::{Currency, Money};

/// What all accounts of a currency come to, at the end of each day of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Curve {
    /// Spend since the opening.
    pub spend: Vec<Money>,
    /// What is available in all accounts together.
    pub available: Vec<Money>,
}

/// Changes from day to day.
pub(super) struct Deltas {
    from: Day,
    spend: Vec<Money>,
    available: Vec<Money>,
    /// What each account had last, by number; those of other currencies stay zero.
    held: Vec<Money>,
}

impl Deltas {
    fn slot(&self, day: Day) -> usize {
        usize::try_from(day.days_since(self.from)).unwrap_or(0)
    }

    pub(super) fn sums(self) -> Curve {
        let running = |changes: Vec<Money>| {
            let sums = changes.into_iter().scan(Money::ZERO, |sum, change| {
                *sum += change;
                Some(*sum)
            });
            sums.collect()
        };
        Curve { spend: running(self.spend), available: running(self.available) }
    }
}

/// Nothing yet; the opening balances come with the first window.
pub(super) fn open(book: &Book) -> BTreeMap<Currency, Deltas> {
    let days = book.days.len();
    let deltas = || Deltas {
        from: book.days.from,
        spend: vec![Money::ZERO; days],
        available: vec![Money::ZERO; days],
        held: vec![Money::ZERO; book.accounts.len()],
    };
    book.accounts.iter().map(|account| (account.currency, deltas())).collect()
}

/// Adds the rows of the next window.
pub(super) fn add(curves: &mut BTreeMap<Currency, Deltas>, book: &Book, window: &Window) {
    for entry in window.entries() {
        let (Some(account), Some(movement)) = (entry.account, entry.movement) else { continue };
        if matches!(entry.event, Event::TopUp | Event::Credit) {
            continue;
        }
        if let Some(curve) = curves.get_mut(&book.account(account).currency) {
            let day = curve.slot(entry.date);
            curve.spend[day] -= movement.amount();
        }
    }
    for balance in window.balances() {
        if let Some(curve) = curves.get_mut(&book.account(balance.account).currency) {
            let day = curve.slot(balance.date);
            let held = std::mem::replace(&mut curve.held[balance.account.0 as usize], balance.available);
            curve.available[day] += balance.available - held;
        }
    }
}
