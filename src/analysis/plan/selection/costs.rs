//! What each instance costs, payment by payment, where it does not depend on the others.

use super::{Candidate, FundsShortage};
use crate::analysis::plan::NeedCause;
use crate::analysis::plan::demand::{Credit, Floors, least_of_restart, needed};
use crate::engine::Refusal;
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::Entry;
use crate::model::calendar::Day;
use crate::model::instance::InstanceIndex;
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

/// The payments of an account, in order.
pub(super) struct Costs {
    pub checks: Vec<BalanceCheck>,
    /// For each candidate its payments: the number of the check, and how much.
    pub payments: Vec<Vec<(usize, i64)>>,
}

impl Costs {
    /// Reads them off a run in which every payment is made.
    pub(super) fn costs_of_candidates(
        shortage: &FundsShortage<'_, '_>,
        candidates: &[Candidate],
    ) -> Result<Self, Refusal> {
        let mut trial = shortage.trial(shortage.steps, Some(Money::ZERO));
        trial.add_opening_cash(shortage.setting.ample);
        let book = trial.book();
        trial.advance(book.days.to)?;
        let mut credit = Credit::credit_of_account(book, trial.account());
        let first = shortage.setting.first();
        let floors = Floors {
            reserve: shortage.reserve,
            alert: None,
        };
        let mut costs = Self {
            checks: Vec::new(),
            payments: vec![Vec::new(); candidates.len()],
        };
        // What the candidates have paid so far, and would still have if they were let go.
        let mut paid = 0;
        for entry in trial.take_entries() {
            let owner = owner(&entry, candidates);
            let available = credit.available(&entry) - shortage.setting.ample;
            let Some((cause, by)) = needed(&entry) else {
                continue;
            };
            let least = match (cause, entry.instance) {
                (NeedCause::Restart, Some(instance)) => least_of_restart(book, instance),
                _ => Money::ZERO,
            };
            let amount = owner
                .and(entry.movement)
                .map_or(0, |movement| -movement.amount().minor());
            paid += amount;
            let budget = if first.is_some_and(|first| by >= first) {
                shortage.budget
            } else {
                Money::ZERO
            };
            let slack = (available + budget - floors.of_a_payment(least)).minor() + paid;
            let owners = owner.map(|owner| vec![owner]);
            costs.add_check(BalanceCheck {
                day: entry.date,
                cause,
                owners,
                slack,
            });
            if let Some(owner) = owner {
                costs.payments[owner].push((costs.checks.len() - 1, amount));
            }
        }
        Ok(costs)
    }

    /// Adds a check; the hours of one day are one payment at its end.
    fn add_check(&mut self, check: BalanceCheck) {
        match self.checks.last_mut() {
            Some(last)
                if (last.day, last.cause, check.cause)
                    == (check.day, NeedCause::Usage, NeedCause::Usage) =>
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
        let until = |payments: &Vec<(usize, i64)>| {
            payments
                .iter()
                .take_while(|(at, _)| *at <= check)
                .map(|(_, amount)| amount)
                .sum()
        };
        self.payments.iter().map(until).collect()
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
    let instance: InstanceIndex = entry.instance.filter(|_| by_itself)?;
    candidates
        .binary_search_by_key(&instance, |(candidate, _)| *candidate)
        .ok()
}
