//! Spend and balance of a run, day by day, for pictures. It draws nothing.

use std::collections::BTreeMap;

use crate::engine::Window;
use crate::engine::event::Event;
use crate::model::account::AccountIndex;
use crate::model::book::Book;
use crate::model::calendar::{Day, DayRange};
use crate::model::money::{Currency, Money};

/// What all accounts of a currency come to, at the end of each day of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrencyCurve {
    /// Spend since the opening.
    pub spend: Vec<Money>,
    /// What is available in all accounts together.
    pub available: Vec<Money>,
}

/// Changes from day to day, of the accounts of a currency.
#[derive(Clone, Debug)]
pub struct Deltas {
    from: Day,
    spend: Vec<Money>,
    available: Vec<Money>,
    /// The last balance of each account.
    held: BTreeMap<AccountIndex, Money>,
}

impl Deltas {
    /// No changes yet, for these days.
    pub fn deltas_over(days: DayRange) -> Self {
        let none = vec![Money::ZERO; days.len()];
        Self {
            from: days.from,
            spend: none.clone(),
            available: none,
            held: BTreeMap::new(),
        }
    }

    /// The day before the first counts as the first.
    fn slot(&self, day: Day) -> usize {
        usize::try_from(day.days_since(self.from)).unwrap_or(0)
    }

    /// Adds what a row moves.
    pub fn pay(&mut self, event: Event, day: Day, amount: Money) {
        if !matches!(event, Event::TopUp | Event::Credit) {
            let slot = self.slot(day);
            self.spend[slot] -= amount;
        }
    }

    /// Notes what is available in an account at the end of a day.
    pub fn hold(&mut self, account: AccountIndex, day: Day, available: Money) {
        let held = self.held.insert(account, available).unwrap_or_default();
        let slot = self.slot(day);
        self.available[slot] += available - held;
    }

    /// The curve, once all rows have been added.
    pub fn sums(self) -> CurrencyCurve {
        CurrencyCurve {
            spend: running_sums(self.spend),
            available: running_sums(self.available),
        }
    }
}

fn running_sums(mut changes: Vec<Money>) -> Vec<Money> {
    let mut sum = Money::ZERO;
    for change in &mut changes {
        sum += *change;
        *change = sum;
    }
    changes
}

/// No changes yet; the opening balances come with the first window.
pub(super) fn open_curves(book: &Book) -> BTreeMap<Currency, Deltas> {
    let accounts = book.accounts.iter();
    accounts
        .map(|account| (account.currency, Deltas::deltas_over(book.days)))
        .collect()
}

/// Adds the rows of the next window.
pub(super) fn add_window_to(curves: &mut BTreeMap<Currency, Deltas>, book: &Book, window: &Window) {
    for entry in window.entries() {
        let (Some(account), Some(amount)) = (entry.account, entry.moved_amount()) else {
            continue;
        };
        if let Some(curve) = curves.get_mut(&book.account(account).currency) {
            curve.pay(entry.event, entry.date, amount);
        }
    }
    for balance in window.balances() {
        if let Some(curve) = curves.get_mut(&book.account(balance.account).currency) {
            curve.hold(balance.account, balance.date, balance.available);
        }
    }
}
