//! Actions that change what an instance is paid for: return, resize, conversion, stop (`docs/spec/money.md`).

use super::Refusal;
use super::account_state::{AccountState, NewRow, Position};
use crate::engine::charge::{HourPriceMissing, Refund, Tariff};
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::{Basis, Shortfall};
use crate::engine::lifecycle::Trigger;
use crate::model::account::{Movement, Returns};
use crate::model::action::ActionIndex;
use crate::model::calendar::Day;
use crate::model::id::Label;
use crate::model::instance::{ChargeType, State, StoppedBy};
use crate::model::money::{Money, Price};
use crate::model::order::{Order, PaidTerms, Term};
use crate::model::prices::PriceKind;
use crate::model::profile::RefundMethod;

/// One action, one instance, one day.
#[derive(Clone, Copy)]
pub(super) struct InstanceChange {
    /// None where a plan tries it out.
    pub action: Option<ActionIndex>,
    pub position: Position,
    pub day: Day,
}

impl InstanceChange {
    pub(super) fn row_for(self, event: Event) -> NewRow {
        NewRow::new(self.day, event)
            .at_position(self.position)
            .by(self.action)
    }
}

/// Why an action changes nothing.
pub(super) struct Unchanged {
    pub reason: Reason,
    pub basis: Option<Basis>,
}

impl Unchanged {
    /// There were so many refunds already.
    pub(super) fn beyond(count: u32) -> Self {
        Self {
            reason: Reason::RefundLimit,
            basis: Some(Basis::Count(count)),
        }
    }
}

impl From<Reason> for Unchanged {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            basis: None,
        }
    }
}

impl From<Shortfall> for Unchanged {
    fn from(shortfall: Shortfall) -> Self {
        Self {
            reason: Reason::InsufficientFunds,
            basis: Some(Basis::Short(shortfall)),
        }
    }
}

impl AccountState<'_> {
    /// Gives an instance up: destroyed at once, or returned with a refund.
    pub(super) fn terminate(&mut self, change: InstanceChange) -> Result<(), Unchanged> {
        let unit = self.unit(change.position);
        match unit.state {
            Some(State::Overdue) => {
                self.reclaim(change.position, Trigger::GiveBack, change.day);
                self.append_row(change.row_for(Event::Returned));
                Ok(())
            }
            Some(State::Running) if unit.is_prepaid() => self.give_back(change),
            _ => {
                self.transit(change.position, Trigger::Destroy);
                self.append_row(change.row_for(Event::Terminated).because(Reason::User));
                Ok(())
            }
        }
    }

    fn give_back(&mut self, change: InstanceChange) -> Result<(), Unchanged> {
        let InstanceChange { position, day, .. } = change;
        if self.returns_of_year(position, day).count >= self.profile(position).returns_per_year {
            return Err(Unchanged::beyond(self.returns_of_year(position, day).count));
        }
        let paid = self.paid_on(position, day);
        let in_full = paid
            .and_then(|paid| paid.current)
            .is_some_and(|order| self.comes_back_whole(position, &order, day));
        let Some(refund) = self.refund(change, paid.as_ref(), in_full) else {
            return Ok(());
        };
        let movement = paid
            .map(|paid| self.split(position, refund.amount, &paid))
            .unwrap_or_default();
        // A full return of which nothing comes back does not use up the right to one.
        self.count_return(position, day, in_full && refund.amount > Money::ZERO);
        self.replace_orders(position, None);
        self.reclaim(position, Trigger::GiveBack, day);
        self.move_funds(movement);
        let basis = refund_basis(paid.as_ref(), refund, in_full);
        self.append_row(
            change
                .row_for(Event::Returned)
                .moving_if_any(movement)
                .based_on(basis),
        );
        Ok(())
    }

    /// What comes back; none where a needed price is unknown, which stops the run.
    fn refund(
        &mut self,
        change: InstanceChange,
        paid: Option<&PaidTerms>,
        in_full: bool,
    ) -> Option<Refund> {
        let Some(paid) = paid else {
            return Some(Refund {
                amount: Money::ZERO,
                consumed: Money::ZERO,
            });
        };
        if in_full {
            return Some(Refund {
                amount: paid.total(),
                consumed: Money::ZERO,
            });
        }
        let refund = self.tariff(change.position).refund(paid, change.day);
        self.priced(change, refund)
    }

    fn tariff(&self, position: Position) -> Tariff<'_> {
        Tariff {
            profile: self.profile(position),
            currency: self.currency,
            monthly: self.monthly(position),
            hourly: self.details(position).hourly,
            anchor: self.unit(position).anchor,
        }
    }

    fn refuse_for_price(&mut self, change: InstanceChange, kind: PriceKind) {
        let instance = self.unit(change.position).instance;
        let action = change
            .action
            .expect("a plan tries out nothing that needs a further price");
        let refusal = Refusal::PriceMissing {
            action,
            instance,
            date: change.day,
            kind,
        };
        self.refusal.get_or_insert(refusal);
    }

    /// Whether a purchase is young enough to be returned in full, and the account has not used up that right.
    fn comes_back_whole(&self, position: Position, order: &Order, day: Day) -> bool {
        let profile = self.profile(position);
        let product = self.listed(position).labels.product;
        let used: u32 = self
            .returns
            .iter()
            .filter(|one| one.product == product)
            .map(|one| one.in_full)
            .sum();
        let young =
            i64::from(day.days_since(order.term.start)) <= i64::from(profile.full_refund_days);
        let granted = profile.refund != RefundMethod::Nothing && profile.full_refund_days > 0;
        order.new && granted && young && used < profile.full_refunds
    }

    fn returns_of_year(&self, position: Position, day: Day) -> Returns {
        let (product, year) = (self.listed(position).labels.product, day.year());
        let known = self
            .returns
            .iter()
            .find(|one| one.product == product && one.year == year);
        known.copied().unwrap_or(Returns {
            product,
            year,
            count: 0,
            in_full: 0,
        })
    }

    fn count_return(&mut self, position: Position, day: Day, in_full: bool) {
        let mut counted = self.returns_of_year(position, day);
        counted.count += 1;
        counted.in_full += u32::from(in_full);
        self.returns
            .retain(|one| (one.product, one.year) != (counted.product, counted.year));
        self.returns.push(counted);
    }

    /// Changes type and price. A prepaid instance pays the difference, or gets some back; its expiry stays.
    pub(super) fn resize(
        &mut self,
        change: InstanceChange,
        price: Price,
        kind: Option<Label>,
    ) -> Result<(), Unchanged> {
        let position = change.position;
        if self.unit(position).state == Some(State::Reclaimed) {
            return Err(Reason::InBin.into());
        }
        let row = change.row_for(Event::Resized);
        let row = if !self.unit(position).is_prepaid() {
            self.details_mut(position).billed_hours = 0;
            Some(row)
        } else {
            match price.cmp(&self.monthly(position)) {
                std::cmp::Ordering::Greater => self.upgrade(change, price, row)?,
                std::cmp::Ordering::Less => self.downgrade(change, price, row)?,
                std::cmp::Ordering::Equal => Some(row),
            }
        };
        let Some(row) = row else { return Ok(()) };
        self.set_price(position, price);
        let details = self.details_mut(position);
        details.instance_type = kind.or(details.instance_type);
        self.append_row(row);
        Ok(())
    }

    /// The row of an upgrade; none where a needed price is unknown, which stops the run.
    fn upgrade(
        &mut self,
        change: InstanceChange,
        price: Price,
        row: NewRow,
    ) -> Result<Option<NewRow>, Unchanged> {
        let InstanceChange { position, day, .. } = change;
        let expiry = self.unit(position).expires;
        let charge = self.tariff(position).upgrade(price, day, expiry);
        let payable = self.payable(position, charge, day)?;
        let paid = self.paid_on(position, day);
        let Some(left) = self.left_of(change, paid.as_ref()) else {
            return Ok(None);
        };
        let movement = self.pay(payable);
        if expiry <= day {
            return Ok(Some(row.moving(movement)));
        }
        let known = paid.is_some() || charge > Money::ZERO;
        let term = Term {
            start: day,
            end: expiry,
            months: 0,
        };
        self.replace_orders(position, known.then(|| changed_order(term, left, movement)));
        Ok(Some(row.moving(movement).paying_for(term)))
    }

    /// The row of a downgrade; none where a needed price is unknown, which stops the run.
    fn downgrade(
        &mut self,
        change: InstanceChange,
        price: Price,
        row: NewRow,
    ) -> Result<Option<NewRow>, Unchanged> {
        let InstanceChange { position, day, .. } = change;
        let profile = self.profile(position);
        if self.details(position).downgrades >= profile.downgrades {
            return Err(Unchanged::beyond(self.details(position).downgrades));
        }
        self.details_mut(position).downgrades += 1;
        let Some(paid) = self.paid_on(position, day) else {
            return Ok(Some(row));
        };
        let Some(left) = self.left_of(change, Some(&paid)) else {
            return Ok(None);
        };
        let expiry = self.unit(position).expires;
        let refund = self.tariff(position).downgrade(price, &paid, day, expiry);
        let Some(refund) = self.priced(change, refund) else {
            return Ok(None);
        };
        let amount = if profile.downgrade_refund {
            refund.amount
        } else {
            Money::ZERO
        };
        let movement = self.split(position, amount, &paid);
        let term = Term {
            start: day,
            end: expiry,
            months: 0,
        };
        self.replace_orders(position, Some(changed_order(term, left, movement)));
        self.move_funds(movement);
        let basis = Basis::Refund {
            paid: paid.total(),
            consumed: Some(refund.consumed),
        };
        Ok(Some(row.moving_if_any(movement).based_on(basis)))
    }

    /// What is left of a payment when the configuration changes; none where a needed price is unknown.
    fn left_of(&mut self, change: InstanceChange, paid: Option<&PaidTerms>) -> Option<Movement> {
        let Some(paid) = paid else {
            return Some(Movement::default());
        };
        let used = self
            .tariff(change.position)
            .used_before_change(paid, change.day);
        let used = self.priced(change, used)?;
        Some(self.split(
            change.position,
            (paid.total() - used).max(Money::ZERO),
            paid,
        ))
    }

    /// A sum of money; none where it needs a price of an hour that is unknown, which stops the run.
    fn priced<T>(&mut self, change: InstanceChange, sum: Result<T, HourPriceMissing>) -> Option<T> {
        sum.map_err(|HourPriceMissing| self.refuse_for_price(change, PriceKind::Hourly))
            .ok()
    }

    /// Makes a postpaid instance prepaid from this day on.
    pub(super) fn make_prepaid(
        &mut self,
        change: InstanceChange,
        months: u32,
        price: Option<Price>,
    ) -> Result<(), Unchanged> {
        let InstanceChange { position, day, .. } = change;
        if self.unit(position).is_prepaid() {
            return Err(Reason::NotPostpaid.into());
        }
        self.need_offered(position, Some(months))?;
        let Some(monthly) = price.or(self.details(position).monthly) else {
            self.refuse_for_price(change, PriceKind::Monthly);
            return Ok(());
        };
        let profile = self.profile(position);
        let payable = self.payable(
            position,
            crate::engine::charge::renewal(profile, self.currency, monthly, months),
            day,
        )?;
        self.transit(position, Trigger::Convert);
        let anchor = day.day_of_month();
        let term = Term {
            start: day,
            end: profile.month_end.add_months(day, months, anchor),
            months,
        };
        let unit = self.unit_mut(position);
        unit.charge_type = ChargeType::Prepaid;
        (unit.expires, unit.anchor) = (term.end, anchor);
        self.details_mut(position).monthly = Some(monthly);
        self.reprice(position);
        self.file_postpaid(position);
        self.append_row(change.row_for(Event::Converted));
        let movement = self.pay(payable);
        self.replace_orders(position, Some(Order::paid_by(movement, term, false)));
        self.append_row(
            change
                .row_for(Event::Purchased)
                .moving(movement)
                .paying_for(term),
        );
        Ok(())
    }

    /// Makes a prepaid instance postpaid from this day on; what is left of its terms comes back.
    pub(super) fn make_postpaid(
        &mut self,
        change: InstanceChange,
        price: Option<Price>,
    ) -> Result<(), Unchanged> {
        let InstanceChange { position, day, .. } = change;
        self.need_prepaid(position)?;
        if self.unit(position).state == Some(State::Reclaimed) {
            return Err(Reason::InBin.into());
        }
        let Some(hourly) = price.or(self.details(position).hourly) else {
            self.refuse_for_price(change, PriceKind::Hourly);
            return Ok(());
        };
        // The refund counts its hours at this price already.
        self.details_mut(position).hourly = Some(hourly);
        let paid = self.paid_on(position, day);
        let Some(refund) = self.refund(change, paid.as_ref(), false) else {
            return Ok(());
        };
        let movement = paid
            .map(|paid| self.split(position, refund.amount, &paid))
            .unwrap_or_default();
        self.replace_orders(position, None);
        self.transit(position, Trigger::Convert);
        self.unit_mut(position).charge_type = ChargeType::Postpaid;
        self.details_mut(position).billed_hours = 0;
        self.reprice(position);
        self.file_postpaid(position);
        self.append_row(change.row_for(Event::Converted));
        if movement.amount() != Money::ZERO {
            self.move_funds(movement);
            let basis = refund_basis(paid.as_ref(), refund, false);
            self.append_row(
                change
                    .row_for(Event::Refunded)
                    .moving(movement)
                    .based_on(basis),
            );
        }
        Ok(())
    }

    /// Switches a running postpaid instance off without charge.
    pub(super) fn stop(&mut self, change: InstanceChange) -> Result<(), Unchanged> {
        let unit = self.unit_mut(change.position);
        if unit.is_prepaid() {
            return Err(Reason::NotPostpaid.into());
        }
        if unit.state != Some(State::Running) {
            return Err(Reason::NotRunning.into());
        }
        unit.stopped_by = StoppedBy::User;
        self.details_mut(change.position).since = change.day;
        self.transit(change.position, Trigger::Stop);
        self.append_row(change.row_for(Event::Stopped).because(Reason::User));
        Ok(())
    }
}

/// The order of the rest of a term: what was left of the payments before, and what the change moved.
fn changed_order(term: Term, left: Movement, moved: Movement) -> Order {
    let cash = (left.cash - moved.cash).max(Money::ZERO);
    let free_credit = (left.free_credit - moved.free_credit).max(Money::ZERO);
    Order {
        term,
        cash,
        free_credit,
        new: false,
    }
}

fn refund_basis(paid: Option<&PaidTerms>, refund: Refund, in_full: bool) -> Basis {
    paid.map_or(Basis::PaymentUnknown, |paid| Basis::Refund {
        paid: paid.total(),
        consumed: (!in_full).then_some(refund.consumed),
    })
}
