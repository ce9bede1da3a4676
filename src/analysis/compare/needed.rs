//! What accounts need: the least cash on the first day with which every payment due is made and nobody is in arrears.
//!
//! With ample cash nothing is short, so the payments of an account and their order are fixed. What it lacks is then the
//! deepest point below what a payment, a restart or the end of a day asks for. With one minor unit less, that point fails.
//! It never looks for later days on which cash would also be in time; that is the plan's work.

use std::collections::BTreeSet;

use crate::engine::event::Event;
use crate::engine::ledger::{Balance, Entry};
use crate::engine::{self, Refusal, ReplayOptions, Window};
use crate::model::account::AccountIndex;
use crate::model::action::Verb;
use crate::model::book::Book;
use crate::model::instance::InstanceIndex;
use crate::model::money::Money;
use crate::model::profile::RestoreWhen;

/// What some accounts of a book need, in their order; none where that is not known: the amounts of the book are too
/// large, or ample cash would keep an instance of which an action then asks a price that is not known.
pub fn needed(book: &Book, accounts: &BTreeSet<AccountIndex>) -> Vec<Option<Money>> {
    let Some(ample) = book.ample_cash() else {
        return vec![None; accounts.len()];
    };
    let mut replayed = accounts.clone();
    let watches = loop {
        match replay(book, &replayed, ample) {
            Ok(watches) => break watches,
            Err(Refusal::PriceMissing { instance, .. }) => {
                replayed.remove(&book.instance(instance).account)
            }
        };
    };
    let lacking = |account: &AccountIndex| watches[account.0 as usize].lacking();
    accounts
        .iter()
        .map(|account| replayed.contains(account).then(|| lacking(account)))
        .collect()
}

/// Replays accounts with this much more cash.
fn replay<'b>(
    book: &'b Book,
    accounts: &BTreeSet<AccountIndex>,
    ample: Money,
) -> Result<Vec<CashWatch<'b>>, Refusal> {
    let options = ReplayOptions {
        opening_cash: ample,
        keeps_all: false,
    };
    let mut watches: Vec<CashWatch<'b>> = book
        .account_indexes()
        .map(|account| CashWatch::watch_account(book, account, ample))
        .collect();
    let mut run = engine::open_with(book, accounts, options);
    let mut window = Window::default();
    while run.advance(&mut window)? {
        for entry in window.entries() {
            if let Some(account) = entry.account {
                watches[account.0 as usize].add_entry(entry);
            }
        }
        for balance in window.balances() {
            watches[balance.account.0 as usize].add_balance(balance);
        }
    }
    Ok(watches)
}

/// What an account with ample cash has left, less that cash.
struct CashWatch<'b> {
    credit: Credit<'b>,
    ample: Money,
    /// The least that was left where something was asked for.
    least: Option<Money>,
    /// At the end of the first day.
    first: Money,
}

impl<'b> CashWatch<'b> {
    fn watch_account(book: &'b Book, account: AccountIndex, ample: Money) -> Self {
        Self {
            credit: Credit::credit_of_account(book, account),
            ample,
            least: None,
            first: book.account(account).funds.available(),
        }
    }

    fn add_balance(&mut self, balance: &Balance) {
        let left = balance.available - self.ample;
        let from = self.credit.book.days.from;
        if balance.date >= from {
            self.ask(left);
        }
        if balance.date <= from {
            self.first = left;
        }
    }

    /// What a payment or a restart asks for. Usage is asked for at the end of its day.
    fn add_entry(&mut self, entry: &Entry) {
        let left = self.credit.available_after(entry) - self.ample;
        let paid = entry.moved_amount();
        if entry.event != Event::Usage && paid.is_some_and(|paid| paid <= Money::ZERO) {
            self.ask(left);
        } else if entry.event == Event::Restored {
            let least = entry
                .instance
                .map(|one| least_to_restart(self.credit.book, one));
            self.ask(left - least.unwrap_or_default());
        }
    }

    fn ask(&mut self, left: Money) {
        self.least = Some(self.least.map_or(left, |least| least.min(left)));
    }

    fn lacking(&self) -> Money {
        let least = self.least.unwrap_or(self.first).min(self.first);
        (-least).max(Money::ZERO)
    }
}

/// What an account can use beyond what it holds: its credit limit less what is frozen.
pub(crate) struct Credit<'b> {
    book: &'b Book,
    frozen: Money,
    beyond: Money,
}

impl<'b> Credit<'b> {
    pub(crate) fn credit_of_account(book: &'b Book, account: AccountIndex) -> Self {
        let funds = book.account(account).funds;
        Self {
            book,
            frozen: funds.frozen,
            beyond: funds.credit_limit - funds.frozen,
        }
    }

    /// What is available after a row; rows must come in order.
    pub(crate) fn available_after(&mut self, entry: &Entry) -> Money {
        let verb = entry.action.map(|action| self.book.action(action).verb);
        if let Some(Verb::SetCreditLimit(limit)) = verb {
            self.beyond = limit - self.frozen;
        }
        entry.balance + self.beyond
    }
}

/// What must be available for the restart of an instance.
pub(crate) fn least_to_restart(book: &Book, instance: InstanceIndex) -> Money {
    match book.profile(book.instance(instance).profile).restore_when {
        RestoreWhen::Positive => Money::from_minor(1),
        RestoreWhen::NotNegative => Money::ZERO,
    }
}
