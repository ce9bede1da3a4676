//! The plain day: nobody acts, no hours are billed, and every instance that the day looks at is running and renews from
//! the account's balance, in the order of the ids. Most days of most accounts are plain. What the phases of such a day
//! would decide and write one after the other (`engine/day.rs`) is decided and written here at once.

use super::account_state::AccountState;
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::Entry;
use crate::model::calendar::Day;
use crate::model::instance::{RenewFlag, State};
use crate::model::money::Money;
use crate::model::order::{Order, Term};
use crate::model::profile::ChargeOrder;

impl AccountState<'_> {
    /// Whether phases 1 to 6 come to nothing but that all instances that are awake renew, one after the other.
    pub(super) fn is_plain(&mut self, day: Day) -> bool {
        let acts = self.next_action().is_some_and(|next| next <= day);
        let runs_by_the_hour =
            !self.charged.is_empty() || !self.stopped.is_empty() || self.arrears_hours.is_some();
        !acts && !runs_by_the_hour && self.vouchers.is_empty() && self.all_renew(day)
    }

    /// Whether all that are awake are due alike, and funds suffice for all of them.
    fn all_renew(&self, day: Day) -> bool {
        let Some(first) = self.awake.first().map(|position| self.unit(*position)) else {
            return false;
        };
        let (rules, expires) = (first.profile, first.expires);
        let profile = self.book.profile(rules);
        let by_id = profile.charge_order == ChargeOrder::Expiry || self.awake.len() == 1;
        if !by_id || expires < day || !profile.attempts.contains(first.after_expiry(day)) {
            return false;
        }
        let mut sum = Money::ZERO;
        let all_alike = self.awake.iter().all(|position| {
            let unit = self.unit(*position);
            sum += unit.renewal;
            // No hours are billed, so what runs is prepaid.
            let renews = unit.state == Some(State::Running) && unit.flag == RenewFlag::Auto;
            renews && unit.profile == rules && unit.expires == expires
        });
        all_alike && self.funds.suffice_for(sum)
    }

    /// Renews all instances that are awake.
    pub(super) fn renew_all(&mut self, day: Day) {
        let Some(first) = self.awake.first().map(|position| self.unit(*position)) else {
            return;
        };
        let rule = self.book.profile(first.profile).month_end;
        let end = |start: Day, (months, anchor): (u32, u8)| rule.add_months(start, months, anchor);
        // Neighbours often have the same term.
        let (start, mut asked) = (first.expires, (first.months(), first.anchor));
        let mut term = Term {
            start,
            end: end(start, asked),
            months: asked.0,
        };
        for at in 0..self.awake.len() {
            let position = self.awake[at];
            let unit = self.unit(position);
            let (instance, renewal) = (unit.instance, unit.renewal);
            if (unit.months(), unit.anchor) != asked {
                asked = (unit.months(), unit.anchor);
                term = Term {
                    start,
                    end: end(start, asked),
                    months: asked.0,
                };
            }
            let movement = self.deduct(renewal);
            self.remember_order(position, Order::paid_by(movement, term, false), day);
            self.unit_mut(position).expires = term.end;
            self.entries.push(Entry {
                date: day,
                account: Some(self.account),
                instance: Some(instance),
                event: Event::Renewed,
                state: Some(State::Running),
                term: Some(term),
                hours: 0,
                movement: Some(movement),
                balance: self.funds.settled(),
                reason: Some(Reason::Auto),
                action: None,
                basis: None,
            });
        }
    }
}
