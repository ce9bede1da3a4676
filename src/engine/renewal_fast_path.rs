//! The renewal fast path: nobody acts, no hours are billed, and every instance that the day looks at is running and renews
//! from the account's balance, in the order of the ids. Most days of most accounts are so. What the phases of such a day
//! would decide and write one after the other (`engine/day.rs`) is decided and written here in one loop; it must never
//! differ from them by a byte.

use super::account_state::AccountState;
use super::instances::{Charge, Instances, PaidUntil};
use crate::engine::event::{Event, Reason};
use crate::model::calendar::Day;
use crate::model::instance::{RenewFlag, State};
use crate::model::money::Money;
use crate::model::order::{Order, Term};
use crate::model::profile::ChargeOrder;

impl AccountState<'_> {
    /// Whether all that phases 1 to 6 do is to renew the instances that are due, one after the other.
    pub(super) fn only_renews(&mut self, day: Day) -> bool {
        let by_the_hour = !self.instances.charged.is_empty() || !self.instances.stopped.is_empty();
        let purse = &self.purse;
        if by_the_hour || purse.arrears_hours.is_some() || !purse.vouchers.is_empty() {
            return false;
        }
        let price = self.instances.price_if_all_renew(day);
        price.is_some_and(|price| purse.funds().suffice_for(price)) && !self.acts_on(day)
    }

    /// Renews all instances that are due.
    pub(super) fn renew_all(&mut self, day: Day) {
        // Neighbours often have the same term.
        let mut before: Option<(u8, Term)> = None;
        for at in 0..self.instances.due.len() {
            let position = self.instances.due[at];
            let instance = &self.instances[position];
            let Some(paid) = instance.usable_prepaid() else {
                continue;
            };
            let (months, renewal) = (instance.months(), instance.renewal);
            let shared =
                before.filter(|(anchor, term)| (*anchor, term.months) == (paid.anchor, months));
            let term = shared.map_or_else(
                || {
                    let rule = self.instances.profile(position).month_end;
                    Term {
                        start: paid.expires,
                        end: rule.add_months(paid.expires, months, paid.anchor),
                        months,
                    }
                },
                |(_, term)| term,
            );
            before = Some((paid.anchor, term));
            let movement = self.purse.deduct(renewal);
            let order = Order::paid_by(movement, term, false);
            self.instances.remember_order(position, order, day);
            self.instances[position].charge = Charge::Prepaid(PaidUntil {
                expires: term.end,
                ..paid
            });
            let row = self.instances.begin_row(position, day, Event::Renewed);
            let row = row.because(Reason::Auto).moving(movement);
            self.journal.append(row.paying_for(term));
        }
    }
}

impl Instances<'_> {
    /// The price of all that are due, where all are due alike and renew themselves.
    fn price_if_all_renew(&self, day: Day) -> Option<Money> {
        let first = &self[*self.due.first()?];
        let (rules, expires) = (first.profile, first.expires()?);
        let profile = self.book.profile(rules);
        let by_id = profile.charge_order == ChargeOrder::Expiry || self.due.len() == 1;
        let is_tried = profile.attempts.contains(day.days_since(expires));
        if !by_id || expires < day || !is_tried {
            return None;
        }
        let mut sum = Money::ZERO;
        let all_alike = self.due.iter().all(|position| {
            let instance = &self[*position];
            sum += instance.renewal;
            instance.state == Some(State::Running)
                && instance.flag == RenewFlag::Auto
                && instance.profile == rules
                && instance.expires() == Some(expires)
        });
        all_alike.then_some(sum)
    }
}
