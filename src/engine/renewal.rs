//! Phase 4, renewals: which are due, in which order they are tried, and what a paid term changes.

use std::mem;

use super::account_state::AccountState;
use super::instances::{Charge, Instances, PaidUntil, Position};
use super::purse::{Payment, Purse};
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::{Basis, Entry, Shortfall};
use crate::engine::lifecycle::{PrepaidStatus, Trigger};
use crate::model::action::ActionIndex;
use crate::model::calendar::Day;
use crate::model::instance::State;
use crate::model::money::Money;
use crate::model::order::{Order, Term};
use crate::model::profile::{ChargeOrder, Profile, WhenShort};

/// A prepaid instance that is to be charged, and the price.
#[derive(Clone, Copy)]
pub(super) struct DueRenewal {
    pub position: Position,
    pub price: Money,
}

/// A term, what is paid for it, and why.
pub(super) struct TermPayment {
    /// Where the instance stands before it.
    pub status: PrepaidStatus,
    pub payment: Payment,
    pub term: Term,
    pub reason: Reason,
    pub action: Option<ActionIndex>,
}

impl AccountState<'_> {
    /// Phase 4: auto-renewals. Due instances, their prices and their order are taken once.
    pub(super) fn renew_due(&mut self, day: Day) {
        let mut due = mem::take(&mut self.renewals);
        due.clear();
        let instances = &self.instances;
        let positions = instances.due.iter().copied();
        let renewed = positions.filter(|position| instances.renews_on(*position, day));
        due.extend(renewed.map(|position| DueRenewal {
            position,
            price: instances[position].renewal,
        }));
        instances.put_in_charge_order(&mut due);
        let when_short = instances.common_rule(&due, |profile| profile.when_short);
        let mut stopped = false;
        for renewal in &due {
            if let Err(shortfall) = self.auto_renew(*renewal, stopped, day) {
                let row = self
                    .instances
                    .begin_row(renewal.position, day, Event::RenewalFailed);
                let row = row.because(Reason::InsufficientFunds);
                self.journal.append(row.based_on(Basis::Short(shortfall)));
                stopped = when_short == WhenShort::Stop;
            }
        }
        self.renewals = due;
        self.purse.check_arrears();
    }

    fn auto_renew(&mut self, due: DueRenewal, stopped: bool, day: Day) -> Result<(), Shortfall> {
        let DueRenewal { position, price } = due;
        let Self {
            purse,
            instances,
            journal,
            ..
        } = self;
        let listed = instances.listed(position);
        if stopped {
            return Err(purse.untried(price, listed, day));
        }
        let payment = purse.payment(price, listed, day)?;
        let status = instances
            .prepaid_status(position)
            .expect("only prepaid instances that exist renew themselves");
        let months = instances[position].months();
        let term = status.next_term(instances.profile(position), months, day);
        let paid = TermPayment {
            status,
            payment,
            term,
            reason: Reason::Auto,
            action: None,
        };
        journal.append(instances.pay_term(position, paid, purse, day));
        Ok(())
    }
}

impl Instances<'_> {
    fn renews_on(&self, position: Position, day: Day) -> bool {
        let status = self.prepaid_status(position);
        status.is_some_and(|status| status.is_tried_on(self.profile(position), day))
            || self.is_kept_on(position, day)
    }

    /// The value that the profiles of these instances share, or that of the book's default profile.
    fn common_rule<T: PartialEq>(&self, due: &[DueRenewal], rule: impl Fn(&Profile) -> T) -> T {
        let mut rules = due.iter().map(|one| rule(self.profile(one.position)));
        match rules.next() {
            Some(first) if rules.all(|other| other == first) => first,
            _ => rule(self.book.default_profile()),
        }
    }

    /// Sorts prepaid instances with their prices into the order in which they are charged.
    pub(super) fn put_in_charge_order(&self, due: &mut [DueRenewal]) {
        if due.len() < 2 {
            return;
        }
        let order = self.common_rule(due, |profile| profile.charge_order);
        due.sort_by_key(|&DueRenewal { position, price }| {
            let rank = match order {
                ChargeOrder::Expiry => 0,
                ChargeOrder::Cheapest => price.minor(),
                ChargeOrder::Dearest => -price.minor(),
                ChargeOrder::Priority => self.listed(position).priority.unwrap_or(0),
            };
            let goes_last =
                order == ChargeOrder::Priority && self.listed(position).priority.is_none();
            (goes_last, rank, self[position].expires(), position)
        });
    }

    /// Pays for a term and gives the row.
    pub(super) fn pay_term(
        &mut self,
        position: Position,
        paid: TermPayment,
        purse: &mut Purse,
        day: Day,
    ) -> Entry {
        let TermPayment { status, term, .. } = paid;
        let movement = purse.pay(paid.payment);
        self.change_state(position, Trigger::Renew);
        self.remember_order(position, Order::paid_by(movement, term, false), day);
        self[position].charge = Charge::Prepaid(PaidUntil::of_status(&status.renewed(term)));
        let event = match status.state {
            State::Reclaimed => Event::Recovered,
            _ => Event::Renewed,
        };
        Entry {
            action: paid.action,
            ..self
                .begin_row(position, day, event)
                .because(paid.reason)
                .moving(movement)
                .paying_for(term)
        }
    }
}
