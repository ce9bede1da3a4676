//! Phase 2: purchases and starts of the day, then its actions in file order (`docs/spec/replay.md`).

use rust_decimal::Decimal;

use super::account_state::{AccountState, NewRow, Position};
use super::change::{InstanceChange, Unchanged};
use super::due::TermPayment;
use super::{PlannedStep, homeless};
use crate::engine::charge;
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::{Needed, Shortfall};
use crate::engine::lifecycle::Trigger;
use crate::model::account::Movement;
use crate::model::action::{ActionIndex, Target, Verb};
use crate::model::calendar::{Day, MonthEnd};
use crate::model::id::Label;
use crate::model::instance::{InstanceIndex, RenewFlag, State};
use crate::model::money::{Money, Price};
use crate::model::order::{Order, Term};
use crate::model::profile::RestoreWhen;
use crate::model::selector::{Column, Selector, SelectorCells, Value};

impl AccountState<'_> {
    pub(super) fn act(&mut self, day: Day) {
        for at in 0..self.awake.len() {
            let position = self.awake[at];
            if self.unit(position).state.is_none() {
                self.begin(position, day);
            }
        }
        while let Some(action) = self.take_action(day) {
            self.carry_out(action, day);
        }
        for step in self.steps.remove(&day).into_iter().flatten() {
            self.try_step(step, day);
        }
    }

    /// What a plan adds to the day.
    fn try_step(&mut self, step: PlannedStep, day: Day) {
        match step {
            PlannedStep::Receive(cash) => {
                let movement = self.move_funds(Movement {
                    cash,
                    ..Movement::default()
                });
                self.append_row(NewRow::new(day, Event::TopUp).moving(movement));
            }
            PlannedStep::Do(instance, verb) => match self.find(instance) {
                Some(position) => self.apply((verb, None), position, day),
                None => self
                    .append_row(NewRow::new(day, Event::Rejected).because(Reason::UnknownInstance)),
            },
        }
    }

    /// An instance that exists.
    fn find(&self, instance: InstanceIndex) -> Option<Position> {
        let known = self
            .units
            .binary_search_by_key(&instance, |unit| unit.instance);
        let existing = known.ok().filter(|at| self.units[*at].state.is_some());
        existing.and_then(|at| Position::try_from(at).ok())
    }

    /// Buys a prepaid instance or starts a postpaid one.
    fn begin(&mut self, position: Position, day: Day) {
        if self.unit(position).is_prepaid() {
            self.purchase(position, day);
        } else {
            self.unit_mut(position).state = Some(State::Running);
            self.file_postpaid(position);
        }
    }

    fn purchase(&mut self, position: Position, day: Day) {
        let (price, months) = (self.unit(position).renewal, self.unit(position).months());
        let payable = match self.payable(position, price, day) {
            Ok(payable) => payable,
            Err(shortfall) => {
                let row = NewRow::new(day, Event::Rejected)
                    .at_position(position)
                    .because(Reason::InsufficientFunds);
                return self.append_row(row.short_of(shortfall));
            }
        };
        let anchor = self.unit(position).anchor;
        let end = self
            .profile(position)
            .month_end
            .add_months(day, months, anchor);
        let term = Term {
            start: day,
            end,
            months,
        };
        let movement = self.pay(payable);
        self.remember_order(position, Order::paid_by(movement, term, true), day);
        let unit = self.unit_mut(position);
        unit.state = Some(State::Running);
        unit.expires = end;
        self.append_row(
            NewRow::new(day, Event::Purchased)
                .at_position(position)
                .moving(movement)
                .paying_for(term),
        );
    }

    fn carry_out(&mut self, index: ActionIndex, day: Day) {
        let book = self.book;
        let action = book.action(index);
        match &action.target {
            Target::Account => self.change_account(index, action.verb, day),
            Target::UnknownInstance(_) => self.reject_nameless(index, Reason::UnknownInstance, day),
            Target::Instance(instance) => match self.find(*instance) {
                Some(position) => self.apply((action.verb, Some(index)), position, day),
                None if action.account.is_some() => {
                    self.reject_nameless(index, Reason::UnknownInstance, day)
                }
                None => self
                    .homeless
                    .push(homeless(book, index, Reason::UnknownInstance)),
            },
            Target::Where(selector) => self.apply_where(index, selector, day),
        }
    }

    fn change_account(&mut self, index: ActionIndex, verb: Verb, day: Day) {
        let (event, movement) = match verb {
            Verb::TopUp(amount) => (
                Event::TopUp,
                Some(Movement {
                    cash: amount,
                    ..Movement::default()
                }),
            ),
            Verb::Credit(amount) => (
                Event::Credit,
                Some(Movement {
                    free_credit: amount,
                    ..Movement::default()
                }),
            ),
            Verb::SetCreditLimit(limit) => {
                self.funds.credit_limit = limit;
                (Event::CreditLimitSet, None)
            }
            Verb::Voucher(grant) => {
                self.vouchers.push(self.book.grant(grant).clone());
                (Event::VoucherGranted, None)
            }
            _ => unreachable!("a reader gives every other action an instance or a selector"),
        };
        let row = NewRow::new(day, event).by(Some(index));
        match movement.map(|movement| self.move_funds(movement)) {
            Some(movement) => self.append_row(row.moving(movement)),
            None => self.append_row(row),
        }
    }

    fn reject_nameless(&mut self, index: ActionIndex, reason: Reason, day: Day) {
        self.append_row(
            NewRow::new(day, Event::Rejected)
                .because(reason)
                .by(Some(index)),
        );
    }

    /// Applies an action to each match of its selector; the matches are taken before the first is handled.
    fn apply_where(&mut self, index: ActionIndex, selector: &Selector, day: Day) {
        let verb = self.book.action(index).verb;
        let matches: Vec<Position> = self
            .positions()
            .filter(|position| self.is_selected(*position, selector))
            .collect();
        if matches.is_empty() {
            if self.book.action(index).account.is_some() {
                self.reject_nameless(index, Reason::NoMatch, day);
            }
            return;
        }
        self.matched.push(index);
        let (prepaid, postpaid): (Vec<_>, Vec<_>) = matches
            .into_iter()
            .partition(|position| self.unit(*position).is_prepaid());
        let priced = prepaid
            .into_iter()
            .map(|position| (position, self.price_of(verb, position)));
        let mut priced: Vec<(Position, Money)> = priced.collect();
        self.put_in_charge_order(&mut priced);
        for position in priced
            .into_iter()
            .map(|(position, _)| position)
            .chain(postpaid)
        {
            self.apply((verb, Some(index)), position, day);
        }
    }

    fn is_selected(&self, position: Position, selector: &Selector) -> bool {
        let lives = self
            .unit(position)
            .state
            .is_some_and(|state| state != State::Terminated);
        lives && self.is_meant(position, selector)
    }

    /// Whether a selector means the instance as it stands, whether it lives or not.
    pub(super) fn is_meant(&self, position: Position, selector: &Selector) -> bool {
        selector.selects(&InstanceCells {
            desk: self,
            position,
        })
    }

    /// The price that orders the matches of a selector.
    fn price_of(&self, verb: Verb, position: Position) -> Money {
        match verb {
            // What is terminated needs no price; it counts as free.
            _ if self.details(position).monthly.is_none() => self.unit(position).renewal,
            Verb::Renew(months) => self.renewal_price(position, months),
            Verb::RenewUntil(asked) => {
                self.unified_price(position, self.unified_date(position, asked))
            }
            _ => self.unit(position).renewal,
        }
    }

    pub(super) fn monthly(&self, position: Position) -> Price {
        self.details(position).monthly.expect(
            "a checked book gives every prepaid instance that is not terminated a monthly price",
        )
    }

    fn renewal_price(&self, position: Position, months: u32) -> Money {
        charge::renewal(
            self.profile(position),
            self.currency,
            self.monthly(position),
            months,
        )
    }

    fn unified_date(&self, position: Position, asked: u8) -> Day {
        let unit = self.unit(position);
        charge::unified_date(self.profile(position), unit.expires, unit.anchor, asked)
    }

    fn unified_price(&self, position: Position, target: Day) -> Money {
        let days = target
            .days_since(self.unit(position).expires)
            .unsigned_abs();
        charge::price_of_days(
            self.profile(position),
            self.currency,
            self.monthly(position),
            days,
        )
    }

    fn apply(&mut self, (verb, action): (Verb, Option<ActionIndex>), position: Position, day: Day) {
        self.rouse(position);
        if let Err(refused) = self.try_apply(
            verb,
            InstanceChange {
                action,
                position,
                day,
            },
        ) {
            let row = NewRow::new(day, Event::Rejected)
                .at_position(position)
                .because(refused.reason)
                .by(action);
            self.append_row(match refused.basis {
                Some(basis) => row.based_on(basis),
                None => row,
            });
        }
    }

    /// Checks an action against one existing instance, in the order of the reasons, and carries it out.
    fn try_apply(&mut self, verb: Verb, change: InstanceChange) -> Result<(), Unchanged> {
        if self.unit(change.position).state == Some(State::Terminated) {
            return Err(Reason::AlreadyTerminated.into());
        }
        match verb {
            Verb::Renew(months) => self.renew(change, months),
            Verb::RenewUntil(asked) => self.renew_until(change, asked),
            Verb::SetFlag(flag, months) => self.set_flag(change, flag, months),
            Verb::SetPrice(price) => {
                self.set_price(change.position, price);
                self.append_row(change.row_for(Event::PriceSet));
                Ok(())
            }
            Verb::Terminate => self.terminate(change),
            Verb::Start => self.start(change),
            Verb::Stop => self.stop(change),
            Verb::Resize(price, kind) => self.resize(change, price, kind),
            Verb::ToPrepaid(months, price) => self.make_prepaid(change, months, price),
            Verb::ToPostpaid(price) => self.make_postpaid(change, price),
            Verb::TopUp(_) | Verb::Credit(_) | Verb::SetCreditLimit(_) | Verb::Voucher(_) => {
                unreachable!("a reader gives account actions no instance")
            }
        }
    }

    pub(super) fn need_prepaid(&self, position: Position) -> Result<(), Reason> {
        if self.unit(position).is_prepaid() {
            Ok(())
        } else {
            Err(Reason::NotPrepaid)
        }
    }

    pub(super) fn need_offered(
        &self,
        position: Position,
        months: Option<u32>,
    ) -> Result<(), Reason> {
        let periods = &self.profile(position).renew_periods;
        let offered = months.is_none_or(|months| periods.contains(&months));
        if offered {
            Ok(())
        } else {
            Err(Reason::PeriodNotOffered)
        }
    }

    fn renew(&mut self, change: InstanceChange, months: u32) -> Result<(), Unchanged> {
        let InstanceChange {
            action,
            position,
            day,
        } = change;
        self.need_prepaid(position)?;
        self.need_offered(position, Some(months))?;
        let price = self.renewal_price(position, months);
        let payable = self.payable(position, price, day)?;
        let term = self.next_term(position, months, day);
        self.pay_term(
            position,
            TermPayment {
                payable,
                term,
                reason: Reason::Manual,
                action,
            },
            day,
        );
        Ok(())
    }

    fn renew_until(&mut self, change: InstanceChange, asked: u8) -> Result<(), Unchanged> {
        let InstanceChange {
            action,
            position,
            day,
        } = change;
        self.need_prepaid(position)?;
        let unit = self.unit(position);
        if unit.state == Some(State::Reclaimed) {
            return Err(Reason::InBin.into());
        }
        let start = unit.expires;
        if start.day_of_month() == asked {
            return Err(Reason::TargetTooNear.into());
        }
        let end = self.unified_date(position, asked);
        let price = self.unified_price(position, end);
        let payable = self.payable(position, price, day)?;
        let term = Term {
            start,
            end,
            months: 0,
        };
        self.pay_term(
            position,
            TermPayment {
                payable,
                term,
                reason: Reason::Unified,
                action,
            },
            day,
        );
        self.unit_mut(position).anchor = asked;
        Ok(())
    }

    fn set_flag(
        &mut self,
        change: InstanceChange,
        flag: RenewFlag,
        months: Option<u32>,
    ) -> Result<(), Unchanged> {
        let position = change.position;
        self.need_prepaid(position)?;
        self.need_offered(position, months)?;
        let unit = self.unit_mut(position);
        unit.flag = flag;
        unit.set_months(months.unwrap_or(unit.months()));
        self.reprice(position);
        self.lets_lapse |= self.is_lapsed(position);
        self.append_row(change.row_for(Event::FlagSet));
        Ok(())
    }

    pub(super) fn set_price(&mut self, position: Position, price: Price) {
        if self.unit(position).is_prepaid() {
            self.details_mut(position).monthly = Some(price);
        } else {
            self.details_mut(position).hourly = Some(price);
        }
        self.reprice(position);
    }

    fn start(&mut self, change: InstanceChange) -> Result<(), Unchanged> {
        let position = change.position;
        let unit = self.unit(position);
        if unit.is_prepaid() {
            return Err(Reason::NotPostpaid.into());
        }
        if unit.state != Some(State::Stopped) {
            return Err(Reason::NotStopped.into());
        }
        let profile = self.profile(position);
        if !self.funds_allow_start(profile) {
            let needed = match profile.restore_when {
                RestoreWhen::Positive => Needed::MoreThanZero,
                RestoreWhen::NotNegative => Needed::AtLeastZero,
            };
            return Err(Shortfall {
                needed,
                available: self.funds.available(),
                voucher: Money::ZERO,
            }
            .into());
        }
        self.transit(position, Trigger::Start);
        self.append_row(change.row_for(Event::Restored).because(Reason::User));
        Ok(())
    }
}

/// An instance as a selector sees it on its day: current values, defaults filled in.
struct InstanceCells<'d, 'b> {
    desk: &'d AccountState<'b>,
    position: Position,
}

impl<'v> SelectorCells<'v> for InstanceCells<'v, '_> {
    fn cell(&self, column: Column) -> Option<Value<'v>> {
        let desk = self.desk;
        let book = desk.book;
        let (unit, details) = (desk.unit(self.position), desk.details(self.position));
        let listed = desk.listed(self.position);
        let label = |label: Label| Value::Text(book.labels.label_text(label));
        let number = |number: i64| Value::Number(Decimal::from(number));
        let kept = matches!(unit.state, Some(State::Reclaimed | State::Stopped));
        let sticky = desk.profile(self.position).month_end == MonthEnd::Sticky;
        let anchor = if sticky {
            unit.anchor
        } else {
            unit.expires.day_of_month()
        };
        match column {
            Column::InstanceId => Some(Value::Text(listed.id.as_str())),
            Column::AccountId => Some(Value::Text(book.account(desk.account).id.as_str())),
            Column::Product => Some(label(listed.labels.product)),
            Column::InstanceType => details.instance_type.map(label),
            Column::Region => listed.labels.region.map(label),
            Column::Zone => listed.labels.zone.map(label),
            Column::Project => listed.labels.project.map(label),
            Column::Name => listed.labels.name.map(label),
            Column::Tag(tag) => listed.labels.tags.get(tag).copied().flatten().map(label),
            Column::ChargeType => Some(Value::Text(unit.charge_type.name())),
            Column::RenewFlag => Some(Value::Text(unit.flag.name())),
            Column::RenewMonths => Some(number(i64::from(unit.months()))),
            Column::MonthlyPrice => details.monthly.map(|price| Value::Number(price.decimal())),
            Column::HourlyPrice => details.hourly.map(|price| Value::Number(price.decimal())),
            Column::StartsOn => listed.starts_on.map(Value::Date),
            Column::ExpiresOn => {
                (unit.is_prepaid() && unit.state.is_some()).then_some(Value::Date(unit.expires))
            }
            Column::AnchorDay => unit.is_prepaid().then(|| number(i64::from(anchor))),
            Column::State => unit.state.map(|state| Value::Text(state.name())),
            Column::Since => kept.then_some(Value::Date(details.since)),
            Column::Priority => listed.priority.map(number),
            Column::Returned => Some(Value::Text(if unit.returned { "true" } else { "false" })),
            Column::StoppedBy => {
                (unit.state == Some(State::Stopped)).then(|| Value::Text(unit.stopped_by.name()))
            }
            Column::BilledHours => Some(number(i64::from(details.billed_hours))),
            Column::Downgrades => Some(number(i64::from(details.downgrades))),
        }
    }
}
