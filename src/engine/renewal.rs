//! Phase 4, renewals: which are due, in which order they are tried, and what a paid term changes.

use super::account_state::AccountState;
use super::change::InstanceChange;
use super::instances::{BillingTerms, Instances, PaidUntil, Position};
use super::purse::Payment;
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::{Entry, Shortfall};
use crate::engine::lifecycle::{PrepaidStatus, Trigger};
use crate::model::calendar::Day;
use crate::model::instance::State;
use crate::model::money::Money;
use crate::model::order::{Order, Term};
use crate::model::profile::{ChargeOrder, Profile, WhenShort};

/// A prepaid instance that is to be charged, and the price.
#[derive(Clone, Copy)]
pub(super) struct PricedRenewal {
    pub position: Position,
    pub price: Money,
}

impl AccountState<'_> {
    /// Phase 4: auto-renewals. Due instances, their prices and their order are taken once.
    pub(super) fn renew_due(&mut self, day: Day) {
        let instances = &self.instances;
        let positions = instances.due.iter().copied();
        let renewed = positions.filter(|position| instances.renews_on(*position, day));
        let priced = renewed.map(|position| PricedRenewal {
            position,
            price: instances[position].renewal,
        });
        let mut due: Vec<PricedRenewal> = priced.collect();
        instances.put_in_charge_order(&mut due);
        let when_short = instances.common_rule(&due, |profile| profile.when_short);
        let mut stopped = false;
        for PricedRenewal { position, price } in &due {
            let listed = self.instances.listed(*position);
            let mut change = self.change_instance(*position, None, day);
            let renewed = if stopped {
                Err(change.purse.untried(*price, listed, day))
            } else {
                change.auto_renew(*price)
            };
            let row = renewed.unwrap_or_else(|shortfall| {
                stopped = when_short == WhenShort::Stop;
                change.begin_row(Event::RenewalFailed).short_of(shortfall)
            });
            self.journal.append(row);
        }
        self.purse.check_arrears();
    }
}

impl InstanceChange<'_, '_> {
    fn auto_renew(&mut self, price: Money) -> Result<Entry, Shortfall> {
        let payment = self.payment(price)?;
        let status = self
            .need_prepaid()
            .expect("only prepaid instances that exist renew themselves");
        let months = self.instances[self.position].months();
        let term = status.next_term(self.profile(), months, self.day);
        Ok(self.pay_term(status, payment, term, Reason::Auto))
    }

    /// Pays for a term and gives the row.
    pub(super) fn pay_term(
        &mut self,
        status: PrepaidStatus,
        payment: Payment,
        term: Term,
        reason: Reason,
    ) -> Entry {
        let movement = self.purse.pay(payment);
        let (instances, position) = (&mut *self.instances, self.position);
        instances.change_state(position, Trigger::Renew);
        let order = Order::paid_by(movement, term, false);
        instances.remember_order(position, order, self.day);
        instances[position].charge =
            BillingTerms::Prepaid(PaidUntil::of_status(&status.renewed(term)));
        let event = match status.state {
            State::Reclaimed => Event::Recovered,
            _ => Event::Renewed,
        };
        let row = self.begin_row(event).because(reason);
        row.moving(movement).paying_for(term)
    }
}

impl Instances<'_> {
    fn renews_on(&self, position: Position, day: Day) -> bool {
        let status = self.prepaid_status(position);
        status.is_some_and(|status| status.is_tried_on(self.profile(position), day))
            || self.is_kept_on(position, day)
    }

    /// The value that the profiles of these instances share, or that of the book's default profile.
    fn common_rule<T: PartialEq>(&self, due: &[PricedRenewal], rule: impl Fn(&Profile) -> T) -> T {
        let mut rules = due.iter().map(|one| rule(self.profile(one.position)));
        match rules.next() {
            Some(first) if rules.all(|other| other == first) => first,
            _ => rule(self.book.default_profile()),
        }
    }

    /// Sorts prepaid instances with their prices into the order in which they are charged.
    pub(super) fn put_in_charge_order(&self, due: &mut [PricedRenewal]) {
        if due.len() < 2 {
            return;
        }
        let order = self.common_rule(due, |profile| profile.charge_order);
        due.sort_by_key(|&PricedRenewal { position, price }| {
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
}
