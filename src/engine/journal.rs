//! What an account writes: its ledger rows and the balances at the ends of days.
//!
//! The journal keeps double entry with the purse: it knows the balance from the movements of its rows alone, and the
//! audit holds that against the purse. It moves no money.

use super::window::ShardRows;
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::{Balance, Basis, Entry};
use crate::model::account::{AccountIndex, Funds, Movement};
use crate::model::action::ActionIndex;
use crate::model::calendar::Day;
use crate::model::money::Money;
use crate::model::order::Term;

/// The rows of one account.
#[derive(Clone)]
pub(super) struct Journal {
    account: AccountIndex,
    /// Cash and free credit by the rows: the opening and what every row has moved since.
    balance: Money,
    /// What was written and not yet taken.
    pub rows: ShardRows,
    /// What the account held when that was last noted.
    noted: Balance,
    /// Actions on one instance that name no account, where the instance did not exist on the day.
    pub unassigned: Vec<ActionIndex>,
    /// Actions by selector that matched here.
    pub matched: Vec<ActionIndex>,
}

impl Journal {
    pub(super) fn begin(account: AccountIndex, funds: &Funds, eve: Day) -> Self {
        Self {
            account,
            balance: funds.settled(),
            rows: ShardRows::default(),
            noted: balance_of(account, funds, eve),
            unassigned: Vec::new(),
            matched: Vec::new(),
        }
    }

    /// Writes a row of this account; its balance follows from its movement.
    pub(super) fn append(&mut self, row: Entry) {
        self.balance += row.movement.map_or(Money::ZERO, Movement::amount);
        self.rows.entries.push(Entry {
            account: Some(self.account),
            balance: self.balance,
            ..row
        });
    }

    /// Cash and free credit by the rows.
    pub(super) fn balance(&self) -> Money {
        self.balance
    }

    /// What the account held when that was last noted.
    pub(super) fn noted_balance(&self) -> Balance {
        self.noted
    }

    /// Notes what the account holds, where that has changed.
    pub(super) fn note_balance(&mut self, funds: &Funds, day: Day) {
        let now = balance_of(self.account, funds, day);
        let unchanged = Balance {
            date: day,
            ..self.noted
        };
        if now != unchanged {
            self.noted = now;
            self.rows.balances.push(now);
        }
    }

    /// Raises the opening balance, before any day is replayed.
    pub(super) fn raise_opening(&mut self, cash: Money, funds: &Funds) {
        self.balance += cash;
        self.noted = balance_of(self.account, funds, self.noted.date);
    }
}

fn balance_of(account: AccountIndex, funds: &Funds, date: Day) -> Balance {
    Balance {
        date,
        account,
        cash: funds.cash,
        free_credit: funds.free_credit,
        available: funds.available(),
    }
}

/// A row is begun with what it always says, and told the rest.
impl Entry {
    /// A row about no instance. The journal fills in account and balance.
    pub(super) fn begin_row(date: Day, event: Event) -> Self {
        Self {
            date,
            account: None,
            instance: None,
            event,
            state: None,
            term: None,
            hours: 0,
            movement: None,
            balance: Money::ZERO,
            reason: None,
            action: None,
            basis: None,
        }
    }

    pub(super) fn because(mut self, reason: Reason) -> Self {
        self.reason = Some(reason);
        self
    }

    pub(super) fn moving(mut self, movement: Movement) -> Self {
        self.movement = Some(movement);
        self
    }

    /// A movement that can be zero, which then is left out.
    pub(super) fn moving_if_any(self, movement: Movement) -> Self {
        if movement.amount() == Money::ZERO {
            self
        } else {
            self.moving(movement)
        }
    }

    pub(super) fn paying_for(mut self, term: Term) -> Self {
        self.term = Some(term);
        self
    }

    pub(super) fn based_on(mut self, basis: Basis) -> Self {
        self.basis = Some(basis);
        self
    }
}
