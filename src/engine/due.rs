//! Renewals: which are due, in which order they are tried, and what a paid term changes.

use super::account_state::{AccountState, NewRow, Position};
use super::payment::PriceDue;
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::Shortfall;
use crate::engine::lifecycle::Trigger;
use crate::model::action::ActionIndex;
use crate::model::calendar::Day;
use crate::model::instance::{RenewFlag, State};
use crate::model::money::Money;
use crate::model::order::{Order, Term};
use crate::model::profile::{ChargeOrder, Profile, WhenShort};

impl AccountState<'_> {
    /// Phase 4: auto-renewals. Due instances, their prices and their order are taken once.
    pub(super) fn renew_due(&mut self, day: Day) {
        let mut due = std::mem::take(&mut self.due);
        due.clear();
        let positions = self
            .awake
            .iter()
            .copied()
            .filter(|position| self.is_due(*position, day));
        due.extend(positions.map(|position| (position, self.unit(position).renewal)));
        self.put_in_charge_order(&mut due);
        let when_short = self.common(&due, |profile| profile.when_short);
        let mut stopped = false;
        for &(position, price) in &due {
            let tried = if stopped {
                Err(self.untried(position, price, day))
            } else {
                self.auto_renew(position, price, day)
            };
            if let Err(shortfall) = tried {
                self.write_failure(position, shortfall, day);
                stopped = when_short == WhenShort::Stop;
            }
        }
        self.due = due;
        if self.funds.available() >= Money::ZERO {
            self.arrears_hours = None;
        } else if self.arrears_hours.is_some() {
            self.lack(-self.funds.available());
        }
    }

    fn is_due(&self, position: Position, day: Day) -> bool {
        let unit = self.unit(position);
        let profile = self.profile(position);
        let tried =
            unit.flag == RenewFlag::Auto && profile.attempts.contains(unit.after_expiry(day));
        let renews_itself = || {
            self.standing(position)
                .is_some_and(|standing| standing.may_renew_itself(profile))
        };
        (tried && renews_itself()) || self.is_kept(position, day)
    }

    fn auto_renew(&mut self, position: Position, price: Money, day: Day) -> Result<(), Shortfall> {
        let payable = self.payable(position, price, day)?;
        let term = self.next_term(position, self.unit(position).months(), day);
        self.pay_term(
            position,
            TermPayment {
                payable,
                term,
                reason: Reason::Auto,
                action: None,
            },
            day,
        );
        Ok(())
    }

    fn write_failure(&mut self, position: Position, shortfall: Shortfall, day: Day) {
        let row = NewRow::new(day, Event::RenewalFailed)
            .at_position(position)
            .because(Reason::InsufficientFunds);
        self.append_row(row.short_of(shortfall));
    }

    /// The value that the profiles of these instances share, or that of the book's default profile.
    fn common<T: PartialEq>(
        &self,
        positions: &[(Position, Money)],
        value: impl Fn(&Profile) -> T,
    ) -> T {
        let mut values = positions
            .iter()
            .map(|(position, _)| value(self.profile(*position)));
        let default = value(self.book.default_profile());
        match values.next() {
            Some(first) if values.all(|other| other == first) => first,
            _ => default,
        }
    }

    /// Sorts prepaid instances with their prices into the order in which they are charged.
    pub(super) fn put_in_charge_order(&self, priced: &mut [(Position, Money)]) {
        if priced.len() < 2 {
            return;
        }
        let order = self.common(priced, |profile| profile.charge_order);
        priced.sort_by_key(|(position, price)| {
            let rank = match order {
                ChargeOrder::Expiry => (false, 0),
                ChargeOrder::Cheapest => (false, price.minor()),
                ChargeOrder::Dearest => (false, -price.minor()),
                ChargeOrder::Priority => {
                    let priority = self.listed(*position).priority;
                    (priority.is_none(), priority.unwrap_or(0))
                }
            };
            (rank, self.unit(*position).expires, *position)
        });
    }

    /// The term that `months` paid on `day` buy: from the expiry, or where a recovery starts.
    pub(super) fn next_term(&self, position: Position, months: u32, day: Day) -> Term {
        let standing = self
            .standing(position)
            .expect("only existing instances are renewed");
        standing.next_term(self.profile(position), months, day)
    }

    /// Pays for a term, which must be affordable, and writes the row.
    pub(super) fn pay_term(&mut self, position: Position, payment: TermPayment, day: Day) {
        let recovering = self.unit(position).state == Some(State::Reclaimed);
        let movement = self.pay(payment.payable);
        self.transit(position, Trigger::Renew);
        self.remember_order(position, Order::paid_by(movement, payment.term, false), day);
        let unit = self.unit_mut(position);
        if payment.term.start != unit.expires {
            unit.anchor = payment.term.start.day_of_month();
        }
        unit.expires = payment.term.end;
        unit.returned = false;
        let event = if recovering {
            Event::Recovered
        } else {
            Event::Renewed
        };
        let row = NewRow::new(day, event)
            .at_position(position)
            .because(payment.reason)
            .by(payment.action);
        self.append_row(row.moving(movement).paying_for(payment.term));
    }
}

/// A term and what is paid for it.
pub(super) struct TermPayment {
    pub payable: PriceDue,
    pub term: Term,
    pub reason: Reason,
    pub action: Option<ActionIndex>,
}
