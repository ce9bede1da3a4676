//! Actions on one instance: each checks whether it can be done, in the order of the reasons, and does it whole or not at
//! all (`spec/replay.md` 9 and 10).

use std::cmp::Ordering;

use super::instances::{Charge, Instances, PaidUntil, Position};
use super::journal::Journal;
use super::purse::{Payment, Purse};
use super::renewal::TermPayment;
use crate::engine::charge::{self, HourPriceMissing, Refund};
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::{Basis, Entry, Shortfall};
use crate::engine::lifecycle::{PrepaidStatus, Trigger};
use crate::model::account::{Movement, Returns};
use crate::model::action::{ActionIndex, Verb};
use crate::model::calendar::Day;
use crate::model::id::Label;
use crate::model::instance::{RenewFlag, State, StoppedBy};
use crate::model::money::{Money, Price};
use crate::model::order::{Order, PaidTerms, Term};
use crate::model::prices::PriceKind;
use crate::model::profile::{Profile, RefundMethod};

/// One action on one instance on one day, and what it may change.
pub(super) struct InstanceChange<'a, 'b> {
    pub purse: &'a mut Purse,
    pub instances: &'a mut Instances<'b>,
    pub journal: &'a mut Journal,
    pub returns: &'a mut Vec<Returns>,
    pub position: Position,
    pub day: Day,
    /// None where a plan tries it out.
    pub action: Option<ActionIndex>,
}

/// Why an action changes nothing.
pub(super) enum Unchanged {
    /// The rules or the funds do not allow it.
    Rejected {
        reason: Reason,
        basis: Option<Basis>,
    },
    /// It needs a price that nobody knows, which stops the run.
    PriceMissing(PriceKind),
}

impl Unchanged {
    /// There were this many refunds already.
    fn beyond_limit(count: u32) -> Self {
        Self::Rejected {
            reason: Reason::RefundLimit,
            basis: Some(Basis::Count(count)),
        }
    }
}

impl From<Reason> for Unchanged {
    fn from(reason: Reason) -> Self {
        let basis = None;
        Self::Rejected { reason, basis }
    }
}

impl From<Shortfall> for Unchanged {
    fn from(shortfall: Shortfall) -> Self {
        Self::Rejected {
            reason: Reason::InsufficientFunds,
            basis: Some(Basis::Short(shortfall)),
        }
    }
}

impl From<HourPriceMissing> for Unchanged {
    fn from(_: HourPriceMissing) -> Self {
        Self::PriceMissing(PriceKind::Hourly)
    }
}

impl<'b> InstanceChange<'_, 'b> {
    pub(super) fn carry_out(&mut self, verb: Verb) -> Result<(), Unchanged> {
        if self.state() == Some(State::Terminated) {
            return Err(Reason::AlreadyTerminated.into());
        }
        match verb {
            Verb::Renew(months) => self.renew(months),
            Verb::RenewUntil(asked) => self.renew_until(asked),
            Verb::SetFlag(flag, months) => self.set_flag(flag, months),
            Verb::SetPrice(price) => {
                self.set_price(price);
                self.write(self.begin_row(Event::PriceSet));
                Ok(())
            }
            Verb::Terminate => self.terminate(),
            Verb::Start => self.start(),
            Verb::Stop => self.stop(),
            Verb::Resize(price, kind) => self.resize(price, kind),
            Verb::ToPrepaid(months, price) => self.make_prepaid(months, price),
            Verb::ToPostpaid(price) => self.make_postpaid(price),
            Verb::TopUp(_) | Verb::Credit(_) | Verb::SetCreditLimit(_) | Verb::Voucher(_) => {
                unreachable!("a reader gives account actions no instance")
            }
        }
    }

    fn state(&self) -> Option<State> {
        self.instances[self.position].state
    }

    fn profile(&self) -> &'b Profile {
        self.instances.profile(self.position)
    }

    /// Begins a row about the instance, with its present state.
    pub(super) fn begin_row(&self, event: Event) -> Entry {
        let row = self.instances.begin_row(self.position, self.day, event);
        Entry {
            action: self.action,
            ..row
        }
    }

    fn write(&mut self, row: Entry) {
        self.journal.append(row);
    }

    fn need_prepaid(&self) -> Result<PrepaidStatus, Reason> {
        let status = self.instances.prepaid_status(self.position);
        status.ok_or(Reason::NotPrepaid)
    }

    fn need_postpaid(&self) -> Result<(), Reason> {
        if self.instances[self.position].is_prepaid() {
            Err(Reason::NotPostpaid)
        } else {
            Ok(())
        }
    }

    fn need_offered(&self, months: u32) -> Result<(), Reason> {
        if self.profile().renew_periods.contains(&months) {
            Ok(())
        } else {
            Err(Reason::PeriodNotOffered)
        }
    }

    fn payment(&mut self, price: Money) -> Result<Payment, Shortfall> {
        let listed = self.instances.listed(self.position);
        self.purse.payment(price, listed, self.day)
    }

    fn renew(&mut self, months: u32) -> Result<(), Unchanged> {
        let status = self.need_prepaid()?;
        self.need_offered(months)?;
        let price = self.instances.tariff(self.position).renewal(months);
        let payment = self.payment(price)?;
        self.pay_term(TermPayment {
            status,
            payment,
            term: status.next_term(self.profile(), months, self.day),
            reason: Reason::Manual,
            action: self.action,
        });
        Ok(())
    }

    fn renew_until(&mut self, asked: u8) -> Result<(), Unchanged> {
        let status = self.need_prepaid()?;
        if status.state == State::Reclaimed {
            return Err(Reason::InBin.into());
        }
        if status.expires.day_of_month() == asked {
            return Err(Reason::TargetTooNear.into());
        }
        let tariff = self.instances.tariff(self.position);
        let term = tariff.unified_term(status.expires, asked);
        let payment = self.payment(tariff.price_of_days(term.days()))?;
        self.pay_term(TermPayment {
            // From this term on it comes back to the asked day.
            status: PrepaidStatus {
                anchor: asked,
                ..status
            },
            payment,
            term,
            reason: Reason::Unified,
            action: self.action,
        });
        Ok(())
    }

    fn pay_term(&mut self, payment: TermPayment) {
        let row = self
            .instances
            .pay_term(self.position, payment, self.purse, self.day);
        self.write(row);
    }

    fn set_flag(&mut self, flag: RenewFlag, months: Option<u32>) -> Result<(), Unchanged> {
        self.need_prepaid()?;
        months.map_or(Ok(()), |months| self.need_offered(months))?;
        let instance = &mut self.instances[self.position];
        instance.flag = flag;
        instance.set_months(months.unwrap_or(instance.months()));
        self.instances.reprice(self.position);
        self.instances.lets_lapse |= self.instances.is_lapsed(self.position);
        self.write(self.begin_row(Event::FlagSet));
        Ok(())
    }

    fn set_price(&mut self, price: Price) {
        let prepaid = self.instances[self.position].is_prepaid();
        let details = self.instances.details_mut(self.position);
        if prepaid {
            details.monthly = Some(price);
        } else {
            details.hourly = Some(price);
        }
        self.instances.reprice(self.position);
    }

    /// Switches a stopped instance on again.
    fn start(&mut self) -> Result<(), Unchanged> {
        self.need_postpaid()?;
        if self.state() != Some(State::Stopped) {
            return Err(Reason::NotStopped.into());
        }
        self.purse.check_restart(self.profile())?;
        self.instances.change_state(self.position, Trigger::Start);
        self.write(self.begin_row(Event::Restored).because(Reason::User));
        Ok(())
    }

    /// Switches a running postpaid instance off without charge.
    fn stop(&mut self) -> Result<(), Unchanged> {
        self.need_postpaid()?;
        if self.state() != Some(State::Running) {
            return Err(Reason::NotRunning.into());
        }
        self.instances
            .switch_off(self.position, StoppedBy::User, self.day);
        self.write(self.begin_row(Event::Stopped).because(Reason::User));
        Ok(())
    }

    /// Gives an instance up: destroyed at once, or returned with a refund.
    fn terminate(&mut self) -> Result<(), Unchanged> {
        match self.need_prepaid() {
            Ok(status) if status.state == State::Overdue => {
                self.instances
                    .reclaim(self.position, Trigger::GiveBack, self.day);
                self.write(self.begin_row(Event::Returned));
                Ok(())
            }
            Ok(status) if status.state == State::Running => self.give_back(),
            _ => {
                self.instances.change_state(self.position, Trigger::Destroy);
                self.write(self.begin_row(Event::Terminated).because(Reason::User));
                Ok(())
            }
        }
    }

    fn give_back(&mut self) -> Result<(), Unchanged> {
        let returns = self.returns_of_year();
        if returns.count >= self.profile().returns_per_year {
            return Err(Unchanged::beyond_limit(returns.count));
        }
        let paid = self.instances.paid_on(self.position, self.day);
        let current = paid.and_then(|paid| paid.current);
        let in_full = current.is_some_and(|order| self.is_refunded_in_full(&order));
        let refund = match paid {
            Some(paid) if in_full => Refund {
                amount: paid.total(),
                consumed: Money::ZERO,
            },
            _ => self.refund(paid)?,
        };
        // A full return of which nothing comes back does not use up the right to one.
        self.count_return(in_full && refund.amount > Money::ZERO);
        self.instances.replace_orders(self.position, None);
        self.instances
            .reclaim(self.position, Trigger::GiveBack, self.day);
        let movement = self.receive(refund.amount, paid);
        let row = self.begin_row(Event::Returned).moving_if_any(movement);
        let consumed = (!in_full).then_some(refund.consumed);
        self.write(row.based_on(refund_basis(paid, consumed)));
        Ok(())
    }

    /// What comes back of what is known to be paid.
    fn refund(&self, paid: Option<PaidTerms>) -> Result<Refund, HourPriceMissing> {
        let tariff = self.instances.tariff(self.position);
        tariff.refund(&paid.unwrap_or_default(), self.day)
    }

    /// Takes in an amount that comes back, in cash and free credit as it was paid.
    fn receive(&mut self, amount: Money, paid: Option<PaidTerms>) -> Movement {
        assert!(amount >= Money::ZERO, "a refund of {amount:?}");
        let movement = self.split_as_paid(amount, paid.unwrap_or_default());
        self.purse.receive(movement)
    }

    fn split_as_paid(&self, amount: Money, paid: PaidTerms) -> Movement {
        let cash = amount.part(paid.cash, paid.total(), self.profile().rounding);
        Movement {
            voucher: Money::ZERO,
            cash,
            free_credit: amount - cash,
        }
    }

    /// Whether a purchase is young enough to be returned in full, and the account has not used up that right.
    fn is_refunded_in_full(&self, order: &Order) -> bool {
        let profile = self.profile();
        let product = self.instances.listed(self.position).labels.product;
        let of_product = self.returns.iter().filter(|one| one.product == product);
        let used: u32 = of_product.map(|one| one.in_full).sum();
        let age = i64::from(self.day.days_since(order.term.start));
        let granted = profile.refund != RefundMethod::Nothing && profile.full_refund_days > 0;
        order.new
            && granted
            && age <= i64::from(profile.full_refund_days)
            && used < profile.full_refunds
    }

    fn returns_of_year(&self) -> Returns {
        let product = self.instances.listed(self.position).labels.product;
        let none = Returns {
            product,
            year: self.day.year(),
            count: 0,
            in_full: 0,
        };
        let is_same = |one: &&Returns| (one.product, one.year) == (none.product, none.year);
        self.returns.iter().find(is_same).copied().unwrap_or(none)
    }

    fn count_return(&mut self, in_full: bool) {
        let mut counted = self.returns_of_year();
        counted.count += 1;
        counted.in_full += u32::from(in_full);
        self.returns
            .retain(|one| (one.product, one.year) != (counted.product, counted.year));
        self.returns.push(counted);
    }

    /// Changes type and price. A prepaid instance pays the difference, or gets some back; its expiry stays.
    fn resize(&mut self, price: Price, kind: Option<Label>) -> Result<(), Unchanged> {
        if self.state() == Some(State::Reclaimed) {
            return Err(Reason::InBin.into());
        }
        let mut row = self.begin_row(Event::Resized);
        match self.need_prepaid() {
            Err(_) => self.instances.details_mut(self.position).billed_hours = 0,
            Ok(status) => {
                let monthly = self.instances.tariff(self.position).monthly;
                row = match price.cmp(&monthly) {
                    Ordering::Greater => self.upgrade(price, status.expires, row)?,
                    Ordering::Less => self.downgrade(price, status.expires, row)?,
                    Ordering::Equal => row,
                }
            }
        }
        self.set_price(price);
        let details = self.instances.details_mut(self.position);
        details.instance_type = kind.or(details.instance_type);
        self.write(row);
        Ok(())
    }

    /// Pays for an upgrade, and adds that to its row.
    fn upgrade(&mut self, price: Price, expiry: Day, row: Entry) -> Result<Entry, Unchanged> {
        let tariff = self.instances.tariff(self.position);
        let charge = tariff.upgrade(price, self.day, expiry);
        let payment = self.payment(charge)?;
        let paid = self.instances.paid_on(self.position, self.day);
        let left = self.left_of(paid.unwrap_or_default())?;
        let movement = self.purse.pay(payment);
        let row = row.moving(movement);
        if expiry <= self.day {
            return Ok(row);
        }
        let order = changed_order(self.rest_until(expiry), left, movement);
        let is_known = paid.is_some() || charge > Money::ZERO;
        self.instances
            .replace_orders(self.position, is_known.then_some(order));
        Ok(row.paying_for(order.term))
    }

    /// Takes in what comes back for a downgrade, and adds that to its row.
    fn downgrade(&mut self, price: Price, expiry: Day, row: Entry) -> Result<Entry, Unchanged> {
        let profile = self.profile();
        let details = self.instances.details_mut(self.position);
        if details.downgrades >= profile.downgrades {
            return Err(Unchanged::beyond_limit(details.downgrades));
        }
        details.downgrades += 1;
        let Some(paid) = self.instances.paid_on(self.position, self.day) else {
            return Ok(row);
        };
        let left = self.left_of(paid)?;
        let tariff = self.instances.tariff(self.position);
        let refund = tariff.downgrade(price, &paid, self.day, expiry)?;
        let amount = if profile.downgrade_refund {
            refund.amount
        } else {
            Money::ZERO
        };
        let movement = self.receive(amount, Some(paid));
        let order = changed_order(self.rest_until(expiry), left, movement);
        self.instances.replace_orders(self.position, Some(order));
        let basis = refund_basis(Some(paid), Some(refund.consumed));
        Ok(row.moving_if_any(movement).based_on(basis))
    }

    /// The rest of a term, whose configuration changes.
    fn rest_until(&self, expiry: Day) -> Term {
        Term {
            start: self.day,
            end: expiry,
            months: 0,
        }
    }

    /// What is left of a payment when the configuration changes.
    fn left_of(&self, paid: PaidTerms) -> Result<Movement, HourPriceMissing> {
        let tariff = self.instances.tariff(self.position);
        let used = tariff.used_before_change(&paid, self.day)?;
        let left = (paid.total() - used).max(Money::ZERO);
        Ok(self.split_as_paid(left, paid))
    }

    /// Makes a postpaid instance prepaid from this day on.
    fn make_prepaid(&mut self, months: u32, price: Option<Price>) -> Result<(), Unchanged> {
        self.need_postpaid()?;
        self.need_offered(months)?;
        let known = self.instances.details(self.position).monthly;
        let monthly = price.or(known);
        let monthly = monthly.ok_or(Unchanged::PriceMissing(PriceKind::Monthly))?;
        let (profile, currency) = (self.profile(), self.instances.currency);
        let payment = self.payment(charge::renewal(profile, currency, monthly, months))?;
        let anchor = self.day.day_of_month();
        let term = Term {
            start: self.day,
            end: profile.month_end.add_months(self.day, months, anchor),
            months,
        };
        self.instances.details_mut(self.position).monthly = Some(monthly);
        let paid = PaidUntil {
            expires: term.end,
            anchor,
            returned: false,
        };
        self.instances.convert(self.position, Charge::Prepaid(paid));
        self.write(self.begin_row(Event::Converted));
        let movement = self.purse.pay(payment);
        let order = Order::paid_by(movement, term, false);
        self.instances.replace_orders(self.position, Some(order));
        let row = self.begin_row(Event::Purchased).moving(movement);
        self.write(row.paying_for(term));
        Ok(())
    }

    /// Makes a prepaid instance postpaid from this day on; what is left of its terms comes back.
    fn make_postpaid(&mut self, price: Option<Price>) -> Result<(), Unchanged> {
        if self.need_prepaid()?.state == State::Reclaimed {
            return Err(Reason::InBin.into());
        }
        let details = self.instances.details_mut(self.position);
        let hourly = price.or(details.hourly);
        // The refund counts its hours at this price already.
        details.hourly = Some(hourly.ok_or(HourPriceMissing)?);
        let paid = self.instances.paid_on(self.position, self.day);
        let refund = self.refund(paid)?;
        self.instances.replace_orders(self.position, None);
        self.instances.details_mut(self.position).billed_hours = 0;
        let charge = Charge::Postpaid {
            stopped_by: StoppedBy::Arrears,
        };
        self.instances.convert(self.position, charge);
        self.write(self.begin_row(Event::Converted));
        let movement = self.receive(refund.amount, paid);
        if movement.amount() != Money::ZERO {
            let row = self.begin_row(Event::Refunded).moving(movement);
            self.write(row.based_on(refund_basis(paid, Some(refund.consumed))));
        }
        Ok(())
    }
}

/// The order of the rest of a term: what was left of the payments before, and what the change moved.
fn changed_order(term: Term, left: Movement, moved: Movement) -> Order {
    Order {
        term,
        cash: (left.cash - moved.cash).max(Money::ZERO),
        free_credit: (left.free_credit - moved.free_credit).max(Money::ZERO),
        new: false,
    }
}

fn refund_basis(paid: Option<PaidTerms>, consumed: Option<Money>) -> Basis {
    match paid.map(|paid| paid.total()) {
        Some(paid) => Basis::Refund { paid, consumed },
        None => Basis::PaymentUnknown,
    }
}
