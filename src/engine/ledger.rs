//! The ledger: everything that happened, in order, and the balances at the ends of days.
//!
//! An [`Entry`] is one row in numbers; texts are the report's work.

use crate::engine::event::{Event, Reason};
use crate::model::account::{AccountIndex, Movement};
use crate::model::action::ActionIndex;
use crate::model::calendar::Day;
use crate::model::instance::{InstanceIndex, State};
use crate::model::money::Money;
use crate::model::order::Term;

/// One row of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The day.
    pub date: Day,
    /// The account, none for an action that belongs to no account of the book.
    pub account: Option<AccountIndex>,
    /// The instance, none for a row about the account or about an instance that does not exist.
    pub instance: Option<InstanceIndex>,
    /// What happened.
    pub event: Event,
    /// The instance's state after the row.
    pub state: Option<State>,
    /// The term that the row pays for.
    pub term: Option<Term>,
    /// Hours of usage, 0 on other rows.
    pub hours: u8,
    /// What was moved, none where nothing moves.
    pub movement: Option<Movement>,
    /// Cash and free credit of the account after the row.
    pub balance: Money,
    /// Why it happened.
    pub reason: Option<Reason>,
    /// The action that caused it.
    pub action: Option<ActionIndex>,
    /// The figures behind it: what was short, or what a refund comes from.
    pub basis: Option<Basis>,
}

impl Entry {
    /// What was moved besides vouchers, if anything.
    pub fn moved_amount(&self) -> Option<Money> {
        self.movement.map(Movement::amount)
    }

    /// What was needed and what was there, where funds did not suffice.
    pub fn shortfall(&self) -> Option<Shortfall> {
        match self.basis {
            Some(Basis::Short(shortfall)) => Some(shortfall),
            _ => None,
        }
    }
}

/// The figures behind a row, for its detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Funds did not suffice.
    Short(Shortfall),
    /// Something came back, or could have.
    Refund {
        /// Cash and free credit that is known to be paid.
        paid: Money,
        /// What of it counts as consumed; none where all of it comes back.
        consumed: Option<Money>,
    },
    /// So many returns or downgrades there were.
    Count(u32),
    /// Nothing is known to be paid, so nothing came back.
    PaymentUnknown,
}

/// Funds that did not suffice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortfall {
    /// What was needed.
    pub needed: Needed,
    /// What was available.
    pub available: Money,
    /// What the chosen voucher would have paid.
    pub voucher: Money,
}

impl Shortfall {
    /// What was to be paid; none of a start, which pays nothing.
    pub fn price(&self) -> Option<Money> {
        match self.needed {
            Needed::Price(price) => Some(price),
            Needed::MoreThanZero | Needed::AtLeastZero => None,
        }
    }

    /// The least that was missing.
    pub fn missing(&self) -> Money {
        let needed = match self.needed {
            Needed::Price(price) => price - self.voucher,
            Needed::MoreThanZero => Money::from_minor(1),
            Needed::AtLeastZero => Money::ZERO,
        };
        needed - self.available
    }
}

/// What a payment or a start needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed {
    /// At least this amount, to be paid.
    Price(Money),
    /// More than nothing.
    MoreThanZero,
    /// Nothing, but no arrears.
    AtLeastZero,
}

/// What an account holds at the end of a day, noted when it differs from the note before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// The day; the day before the run for the opening.
    pub date: Day,
    /// The account.
    pub account: AccountIndex,
    /// Its cash.
    pub cash: Money,
    /// Its free credit.
    pub free_credit: Money,
    /// What a payment can use.
    pub available: Money,
}

/// All entries and balances of a run, each by date, then account id, then order of occurrence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The rows of `ledger.csv`.
    pub entries: Vec<Entry>,
    /// The rows of `balances.csv`.
    pub balances: Vec<Balance>,
}

impl Ledger {
    /// The lowest available balance of each account over the opening and the ends of days; the first of equal ones.
    pub fn lowest_available(&self, accounts: usize) -> Vec<Option<Balance>> {
        let mut lowest: Vec<Option<Balance>> = vec![None; accounts];
        for balance in &self.balances {
            let low = &mut lowest[balance.account.0 as usize];
            if low.is_none_or(|low| balance.available < low.available) {
                *low = Some(*balance);
            }
        }
        lowest
    }
}
