//! What accounts need: the least cash on the first day with which every payment due is made and nobody is in arrears.
//!
//! With ample cash nothing is short, so the payments of an account and their order are fixed. What it lacks is then the
//! deepest point below what a payment, a restart or the end of a day asks for. With one minor unit less, that point fails.
//!
//! Rule **cash-needed** of docs/spec.

use std::collections::BTreeSet;

use crate::engine::event::Event;
use crate::engine::ledger::Entry;
use crate::engine::{self, Refusal, ReplayOptions, Window};
use crate::model::account::AccountIndex;
use crate::model::action::Verb;
use crate::model::book::Book;
use crate::model::money::Money;
use crate::model::profile::RestoreWhen;

/// What some accounts of a book need, in their order; none where that cannot be told: the amounts of the book are too
/// large, or ample cash would keep an instance of which an action then asks a price that is not known.
pub fn needed(book: &Book, accounts: &BTreeSet<AccountIndex>) -> Vec<Option<Money>> {
    let Some(ample) = book.ample_cash() else {
        return vec![None; accounts.len()];
    };
    let mut told = accounts.clone();
    let till = loop {
        match replay(book, &told, ample) {
            Ok(till) => break till,
            Err(Refusal::PriceMissing { instance, .. }) => {
                told.remove(&book.instance(instance).account)
            }
        };
    };
    accounts
        .iter()
        .map(|account| told.contains(account).then(|| till.lacking(*account)))
        .collect()
}

/// Replays accounts with so much more cash.
fn replay<'b>(
    book: &'b Book,
    accounts: &BTreeSet<AccountIndex>,
    ample: Money,
) -> Result<CashNeeded<'b>, Refusal> {
    let mut till = CashNeeded::watch_cash(book, ample);
    let mut run = engine::open_with(
        book,
        accounts,
        ReplayOptions {
            opening_cash: ample,
            keeps_all: false,
        },
    );
    let mut window = Window::default();
    while run.advance(&mut window)? {
        till.watch_window(&window);
    }
    Ok(till)
}

/// What accounts with ample cash have left, less that cash.
struct CashNeeded<'b> {
    book: &'b Book,
    ample: Money,
    /// What is available beyond settled funds: the credit limit less what is frozen.
    beyond: Vec<Money>,
    /// The least that was left where something was asked for.
    least: Vec<Option<Money>>,
    /// At the end of the first day.
    first: Vec<Money>,
}

impl<'b> CashNeeded<'b> {
    fn watch_cash(book: &'b Book, ample: Money) -> Self {
        let funds = || book.accounts.iter().map(|account| account.funds);
        Self {
            book,
            ample,
            beyond: funds()
                .map(|funds| funds.available() - funds.settled())
                .collect(),
            least: vec![None; book.accounts.len()],
            first: funds().map(|funds| funds.available()).collect(),
        }
    }

    fn watch_window(&mut self, window: &Window) {
        window.entries().for_each(|entry| self.add_entry(entry));
        for balance in window.balances() {
            let left = balance.available - self.ample;
            if balance.date >= self.book.days.from {
                self.ask(balance.account, left);
            }
            if balance.date <= self.book.days.from {
                self.first[balance.account.0 as usize] = left;
            }
        }
    }

    /// What a payment or a restart asks for. Usage is asked for at the end of its day.
    fn add_entry(&mut self, entry: &Entry) {
        let Some(account) = entry.account else { return };
        let number = account.0 as usize;
        if let Some(Verb::SetCreditLimit(limit)) =
            entry.action.map(|action| self.book.action(action).verb)
        {
            self.beyond[number] = limit - self.book.account(account).funds.frozen;
        }
        let left = entry.balance - self.ample + self.beyond[number];
        let pays = entry.event != Event::Usage
            && entry
                .movement
                .is_some_and(|moved| moved.amount() <= Money::ZERO);
        if pays {
            self.ask(account, left);
        } else if entry.event == Event::Restored {
            self.ask(account, left - self.least_to_restart(entry));
        }
    }

    /// What must be there for a stopped instance to start.
    fn least_to_restart(&self, entry: &Entry) -> Money {
        let instance = entry.instance.map(|instance| self.book.instance(instance));
        let rule = instance.map(|instance| self.book.profile(instance.profile).restore_when);
        if rule == Some(RestoreWhen::Positive) {
            Money::from_minor(1)
        } else {
            Money::ZERO
        }
    }

    fn ask(&mut self, account: AccountIndex, left: Money) {
        let least = &mut self.least[account.0 as usize];
        *least = Some(least.map_or(left, |least| least.min(left)));
    }

    fn lacking(&self, account: AccountIndex) -> Money {
        let first = self.first[account.0 as usize];
        let least = self.least[account.0 as usize].map_or(first, |least| least.min(first));
        (-least).max(Money::ZERO)
    }
}
