//! What each instance costs, payment by payment, where it does not depend on the others. It chooses nothing.

use super::{Candidate, FundsShortage};
use crate::analysis::compare::Credit;
use crate::analysis::plan::NeedCause;
use crate::analysis::plan::demand::PaymentNeed;
use crate::engine::Refusal;
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::Entry;
use crate::model::calendar::Day;
use crate::model::money::Money;

/// A payment, and what must be left behind it.
#[derive(Clone, Debug)]
pub(super) struct BalanceCheck {
    day: Day,
    cause: NeedCause,
    /// The candidates that make it; none: it is made whoever stays.
    pub owners: Option<Vec<usize>>,
    /// What is left behind it if every candidate is let go, less what must be left.
    pub slack: i64,
}

/// What a candidate pays at a check.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payment {
    /// The number of the check.
    pub check: usize,
    pub amount: i64,
}

/// The payments of an account, in order.
pub(super) struct Costs {
    pub checks: Vec<BalanceCheck>,
    /// Those of each candidate.
    pub payments: Vec<Vec<Payment>>,
}

impl Costs {
    /// Reads them off a run in which every payment is made.
    pub(super) fn costs_of_candidates(
        shortage: &FundsShortage<'_, '_>,
        candidates: &[Candidate],
    ) -> Result<Self, Refusal> {
        let ample = shortage.setting.ample;
        let mut fork = shortage.fork(shortage.steps, Some(Money::ZERO));
        fork.add_opening_cash(ample);
        let book = fork.book();
        fork.advance(book.days.to)?;
        let mut credit = Credit::credit_of_account(book, fork.account());
        let first = shortage.setting.first();
        let mut costs = Self {
            checks: Vec::new(),
            payments: vec![Vec::new(); candidates.len()],
        };
        // What the candidates have paid so far, and would still have if they were let go.
        let mut paid = 0;
        for entry in fork.take_entries() {
            let mut available = credit.available_after(&entry) - ample;
            let Some(need) = PaymentNeed::need_of(book, &entry) else {
                continue;
            };
            let owner = owner(&entry, candidates);
            let amount = owner
                .and(entry.moved_amount())
                .map_or(0, |amount| -amount.minor());
            paid += amount;
            if first.is_some_and(|first| need.by >= first) {
                available += shortage.budget;
            }
            let floor = shortage.floors().of_a_payment(need.least);
            costs.add_check(BalanceCheck {
                day: entry.date,
                cause: need.cause,
                owners: owner.map(|owner| vec![owner]),
                slack: (available - floor).minor() + paid,
            });
            if let Some(owner) = owner {
                let check = costs.checks.len() - 1;
                costs.payments[owner].push(Payment { check, amount });
            }
        }
        Ok(costs)
    }

    /// Adds a check; the hours of one day are one payment at its end.
    fn add_check(&mut self, check: BalanceCheck) {
        match self.checks.last_mut() {
            Some(last)
                if last.day == check.day
                    && last.cause == NeedCause::Usage
                    && check.cause == NeedCause::Usage =>
            {
                let owners = last.owners.take().zip(check.owners);
                *last = BalanceCheck {
                    owners: owners.map(|(one, other)| [one, other].concat()),
                    ..check
                };
            }
            _ => self.checks.push(check),
        }
    }

    /// What each candidate has paid up to a check.
    pub(super) fn spent(&self, check: usize) -> Vec<i64> {
        let candidates = self.payments.iter().map(|payments| {
            let until = payments.iter().take_while(|payment| payment.check <= check);
            until.map(|payment| payment.amount).sum()
        });
        candidates.collect()
    }
}

/// The candidate that a row pays for by itself.
fn owner(entry: &Entry, candidates: &[Candidate]) -> Option<usize> {
    let by_itself = match entry.event {
        Event::Renewed | Event::Recovered => {
            entry.reason == Some(Reason::Auto) || entry.action.is_none()
        }
        Event::Usage => true,
        _ => false,
    };
    let instance = entry.instance.filter(|_| by_itself)?;
    candidates
        .binary_search_by_key(&instance, |candidate| candidate.instance)
        .ok()
}
