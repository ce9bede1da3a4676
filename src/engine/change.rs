//! Actions on one instance: each checks whether it can be done, in the order of the reasons, and does it whole or not at
//! all (docs/spec/money.md).

use std::cmp::Ordering;

use super::Refusal;
use super::instances::{BillingTerms, InstanceDetails, Instances, PaidUntil, Position};
use super::journal::Journal;
use super::purse::{Payment, Purse};
use crate::engine::charge::{self, HourPriceMissing, Refund, Tariff};
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
    pub refusal: &'a mut Option<Refusal>,
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

/// The last row of what was done, or why nothing was.
type Changed = Result<Entry, Unchanged>;

fn ensure(holds: bool, reason: Reason) -> Result<(), Reason> {
    if holds { Ok(()) } else { Err(reason) }
}

impl<'b> InstanceChange<'_, 'b> {
    /// Checks an action and carries it out.
    pub(super) fn carry_out(&mut self, verb: Verb) -> Changed {
        let is_gone = self.state() == Some(State::Terminated);
        ensure(!is_gone, Reason::AlreadyTerminated)?;
        match verb {
            Verb::Renew(months) => self.renew(months),
            Verb::RenewUntil(asked) => self.renew_until(asked),
            Verb::SetFlag(flag, months) => self.set_flag(flag, months),
            Verb::SetPrice(price) => {
                self.set_price(price);
                Ok(self.begin_row(Event::PriceSet))
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

    /// Writes the row of what was done, or why nothing was; a missing price stops the run.
    pub(super) fn write(&mut self, changed: Changed) {
        let row = match changed {
            Ok(row) => row,
            Err(Unchanged::Rejected { reason, basis }) => {
                let row = self.begin_row(Event::Rejected).because(reason);
                Entry { basis, ..row }
            }
            Err(Unchanged::PriceMissing(kind)) => {
                let action = self.action;
                self.refusal.get_or_insert(Refusal::PriceMissing {
                    action: action.expect("a plan tries out nothing that needs a further price"),
                    instance: self.instances[self.position].instance,
                    date: self.day,
                    kind,
                });
                return;
            }
        };
        self.journal.append(row);
    }

    fn state(&self) -> Option<State> {
        self.instances[self.position].state
    }

    fn details(&mut self) -> &mut InstanceDetails {
        self.instances.details_mut(self.position)
    }

    fn tariff(&self) -> Tariff<'b> {
        self.instances.tariff(self.position)
    }

    pub(super) fn profile(&self) -> &'b Profile {
        self.instances.profile(self.position)
    }

    /// What is known to be paid for terms that are not over.
    fn paid(&self) -> Option<PaidTerms> {
        self.instances.paid_on(self.position, self.day)
    }

    /// Begins a row about the instance, with its present state.
    pub(super) fn begin_row(&self, event: Event) -> Entry {
        let row = self.instances.begin_row(self.position, self.day, event);
        let action = self.action;
        Entry { action, ..row }
    }

    pub(super) fn need_prepaid(&self) -> Result<PrepaidStatus, Reason> {
        let status = self.instances.prepaid_status(self.position);
        status.ok_or(Reason::NotPrepaid)
    }

    fn need_postpaid(&self) -> Result<(), Reason> {
        let is_prepaid = self.instances[self.position].is_prepaid();
        ensure(!is_prepaid, Reason::NotPostpaid)
    }

    fn need_offered(&self, months: u32) -> Result<(), Reason> {
        let periods = &self.profile().renew_periods;
        ensure(periods.contains(&months), Reason::PeriodNotOffered)
    }

    pub(super) fn payment(&mut self, price: Money) -> Result<Payment, Shortfall> {
        let listed = self.instances.listed(self.position);
        self.purse.payment(price, listed, self.day)
    }

    /// Buys a prepaid instance.
    pub(super) fn purchase(&mut self) -> Changed {
        let rule = self.profile().month_end;
        let instance = &self.instances[self.position];
        let paid = instance.paid().expect("only what is prepaid is bought");
        let (price, months) = (instance.renewal, instance.months());
        let payment = self.payment(price)?;
        let term = Term::of_months(self.day, months, rule, paid.anchor);
        let movement = self.purse.pay(payment);
        let order = Order::paid_by(movement, term, true);
        self.instances
            .remember_order(self.position, order, self.day);
        let instance = &mut self.instances[self.position];
        instance.state = Some(State::Running);
        instance.charge = BillingTerms::Prepaid(PaidUntil {
            expires: term.end,
            ..paid
        });
        let row = self.begin_row(Event::Purchased);
        Ok(row.moving(movement).paying_for(term))
    }

    fn renew(&mut self, months: u32) -> Changed {
        let status = self.need_prepaid()?;
        self.need_offered(months)?;
        let payment = self.payment(self.tariff().renewal(months))?;
        let term = status.next_term(self.profile(), months, self.day);
        Ok(self.pay_term(status, payment, term, Reason::Manual))
    }

    fn renew_until(&mut self, asked: u8) -> Changed {
        let mut status = self.need_prepaid()?;
        ensure(status.state != State::Reclaimed, Reason::InBin)?;
        let is_there = status.expires.day_of_month() == asked;
        ensure(!is_there, Reason::TargetTooNear)?;
        let tariff = self.tariff();
        let term = tariff.unified_term(status.expires, asked);
        let payment = self.payment(tariff.price_of_days(term.days()))?;
        // Further terms come back to the asked day.
        status.anchor = asked;
        Ok(self.pay_term(status, payment, term, Reason::Unified))
    }

    fn set_flag(&mut self, flag: RenewFlag, months: Option<u32>) -> Changed {
        self.need_prepaid()?;
        months.map_or(Ok(()), |months| self.need_offered(months))?;
        let instance = &mut self.instances[self.position];
        instance.flag = flag;
        instance.set_months(months.unwrap_or(instance.months()));
        self.instances.reprice(self.position);
        self.instances.lets_lapse |= self.instances.is_lapsed(self.position);
        Ok(self.begin_row(Event::FlagSet))
    }

    fn set_price(&mut self, price: Price) {
        if self.instances[self.position].is_prepaid() {
            self.details().monthly = Some(price);
        } else {
            self.details().hourly = Some(price);
        }
        self.instances.reprice(self.position);
    }

    /// Switches a stopped instance on again.
    fn start(&mut self) -> Changed {
        self.need_postpaid()?;
        ensure(self.state() == Some(State::Stopped), Reason::NotStopped)?;
        self.purse.check_restart(self.profile())?;
        self.instances.change_state(self.position, Trigger::Start);
        Ok(self.begin_row(Event::Restored).because(Reason::User))
    }

    /// Switches a running postpaid instance off without charge.
    fn stop(&mut self) -> Changed {
        self.need_postpaid()?;
        ensure(self.state() == Some(State::Running), Reason::NotRunning)?;
        let (position, day) = (self.position, self.day);
        self.instances.switch_off(position, StoppedBy::User, day);
        Ok(self.begin_row(Event::Stopped).because(Reason::User))
    }

    /// Gives an instance up: destroyed at once, or returned with a refund.
    fn terminate(&mut self) -> Changed {
        match (self.state(), self.need_prepaid()) {
            (Some(State::Overdue), _) => {
                self.reclaim();
                Ok(self.begin_row(Event::Returned))
            }
            (Some(State::Running), Ok(_)) => self.give_back(),
            _ => {
                self.instances.change_state(self.position, Trigger::Destroy);
                Ok(self.begin_row(Event::Terminated).because(Reason::User))
            }
        }
    }

    fn reclaim(&mut self) {
        let (position, day) = (self.position, self.day);
        self.instances.reclaim(position, Trigger::GiveBack, day);
    }

    fn give_back(&mut self) -> Changed {
        let returns = self.returns_of_year();
        if returns.count >= self.profile().returns_per_year {
            return Err(Unchanged::beyond_limit(returns.count));
        }
        let paid = self.paid();
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
        self.reclaim();
        let movement = self.receive(refund.amount, paid);
        let row = self.begin_row(Event::Returned).moving_if_any(movement);
        let consumed = (!in_full).then_some(refund.consumed);
        Ok(row.based_on(refund_basis(paid, consumed)))
    }

    /// What comes back of what is known to be paid.
    fn refund(&self, paid: Option<PaidTerms>) -> Result<Refund, HourPriceMissing> {
        let paid = paid.unwrap_or_default();
        self.tariff().refund(&paid, self.day)
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
    fn resize(&mut self, price: Price, kind: Option<Label>) -> Changed {
        ensure(self.state() != Some(State::Reclaimed), Reason::InBin)?;
        let mut row = self.begin_row(Event::Resized);
        if let Ok(status) = self.need_prepaid() {
            row = match price.cmp(&self.tariff().monthly) {
                Ordering::Greater => self.upgrade(price, status.expires, row)?,
                Ordering::Less => self.downgrade(price, status.expires, row)?,
                Ordering::Equal => row,
            };
        } else {
            self.details().billed_hours = 0;
        }
        self.set_price(price);
        let details = self.details();
        details.instance_type = kind.or(details.instance_type);
        Ok(row)
    }

    /// Pays for an upgrade, and adds that to its row.
    fn upgrade(&mut self, price: Price, expiry: Day, row: Entry) -> Changed {
        let charge = self.tariff().upgrade(price, self.day, expiry);
        let payment = self.payment(charge)?;
        let paid = self.paid();
        let left = self.left_of(paid.unwrap_or_default())?;
        let movement = self.purse.pay(payment);
        let row = row.moving(movement);
        if expiry <= self.day {
            return Ok(row);
        }
        let is_known = paid.is_some() || charge > Money::ZERO;
        let order = changed_order(Term::until(self.day, expiry), left, movement);
        let known = is_known.then_some(order);
        self.instances.replace_orders(self.position, known);
        Ok(row.paying_for(order.term))
    }

    /// Takes in what comes back for a downgrade, and adds that to its row.
    fn downgrade(&mut self, price: Price, expiry: Day, row: Entry) -> Changed {
        let profile = self.profile();
        let details = self.details();
        if details.downgrades >= profile.downgrades {
            return Err(Unchanged::beyond_limit(details.downgrades));
        }
        details.downgrades += 1;
        let Some(paid) = self.paid() else {
            return Ok(row);
        };
        let left = self.left_of(paid)?;
        let refund = self.tariff().downgrade(price, &paid, self.day, expiry)?;
        let amount = match profile.downgrade_refund {
            true => refund.amount,
            false => Money::ZERO,
        };
        let movement = self.receive(amount, Some(paid));
        let order = changed_order(Term::until(self.day, expiry), left, movement);
        self.instances.replace_orders(self.position, Some(order));
        let basis = refund_basis(Some(paid), Some(refund.consumed));
        Ok(row.moving_if_any(movement).based_on(basis))
    }

    /// What is left of a payment when the configuration changes.
    fn left_of(&self, paid: PaidTerms) -> Result<Movement, HourPriceMissing> {
        let used = self.tariff().used_before_change(&paid, self.day)?;
        let left = (paid.total() - used).max(Money::ZERO);
        Ok(self.split_as_paid(left, paid))
    }

    /// Makes a postpaid instance prepaid from this day on.
    fn make_prepaid(&mut self, months: u32, price: Option<Price>) -> Changed {
        self.need_postpaid()?;
        self.need_offered(months)?;
        let monthly = price.or(self.details().monthly);
        let monthly = monthly.ok_or(Unchanged::PriceMissing(PriceKind::Monthly))?;
        let (profile, currency) = (self.profile(), self.instances.currency);
        let payment = self.payment(charge::renewal(profile, currency, monthly, months))?;
        self.details().monthly = Some(monthly);
        let anchor = self.day.day_of_month();
        let term = Term::of_months(self.day, months, profile.month_end, anchor);
        let paid = PaidUntil {
            expires: term.end,
            anchor,
            returned: false,
        };
        let converted = self.convert(BillingTerms::Prepaid(paid));
        self.journal.append(converted);
        let movement = self.purse.pay(payment);
        let order = Order::paid_by(movement, term, false);
        self.instances.replace_orders(self.position, Some(order));
        let row = self.begin_row(Event::Purchased);
        Ok(row.moving(movement).paying_for(term))
    }

    /// Makes a prepaid instance postpaid from this day on; what is left of its terms comes back.
    fn make_postpaid(&mut self, price: Option<Price>) -> Changed {
        let state = self.need_prepaid()?.state;
        ensure(state != State::Reclaimed, Reason::InBin)?;
        let hourly = price.or(self.details().hourly).ok_or(HourPriceMissing)?;
        // The refund counts its hours at this price already.
        self.details().hourly = Some(hourly);
        let paid = self.paid();
        let refund = self.refund(paid)?;
        self.instances.replace_orders(self.position, None);
        self.details().billed_hours = 0;
        let stopped_by = StoppedBy::Arrears;
        let converted = self.convert(BillingTerms::Postpaid { stopped_by });
        let movement = self.receive(refund.amount, paid);
        if movement.amount() == Money::ZERO {
            return Ok(converted);
        }
        self.journal.append(converted);
        let row = self.begin_row(Event::Refunded).moving(movement);
        Ok(row.based_on(refund_basis(paid, Some(refund.consumed))))
    }

    /// Changes between prepaid and postpaid, and gives the row.
    fn convert(&mut self, charge: BillingTerms) -> Entry {
        self.instances[self.position].charge = charge;
        self.instances.change_state(self.position, Trigger::Convert);
        self.instances.reprice(self.position);
        self.begin_row(Event::Converted)
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
