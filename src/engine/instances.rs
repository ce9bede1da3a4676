//! The instances of one account as rows of numbers: where they stand, what is paid for them, and on which day each must
//! be looked at next. Nothing here moves money.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::ops::{Index, IndexMut};

use crate::engine::charge::{self, Tariff};
use crate::engine::event::Event;
use crate::engine::ledger::Entry;
use crate::engine::lifecycle::{self, DayStatus, PostpaidStatus, PrepaidStatus, Trigger};
use crate::model::book::Book;
use crate::model::calendar::{Day, MonthEnd};
use crate::model::id::Label;
use crate::model::instance::{ChargeType, Instance, InstanceIndex, RenewFlag, State, StoppedBy};
use crate::model::money::{Currency, Money, Price};
use crate::model::order::{Order, PaidTerms};
use crate::model::profile::{Profile, ProfileIndex, Restart};

/// The number of an instance in its account; numbers follow the ids.
pub(super) type Position = u32;

/// What decides on the days of an instance: exactly one cache line.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct InstanceState {
    pub instance: InstanceIndex,
    pub profile: ProfileIndex,
    pub charge: BillingTerms,
    /// None before its purchase or start, and after a refused purchase.
    pub state: Option<State>,
    pub flag: RenewFlag,
    months: u16,
    /// The payment for its last term, if that is known; earlier terms are in [`Instances::earlier_orders`].
    pub order: Option<Order>,
    /// The price of its next auto-renewal.
    pub renewal: Money,
    /// The next day on which it must be looked at, or the day after the run. The event queue is never searched for an
    /// entry that has become wrong: an entry for any other day than this is ignored.
    pub next_event: Day,
}

const _: () = assert!(
    size_of::<InstanceState>() == 64,
    "what decides on an instance fits into a cache line"
);

/// How an instance is charged, and what is known only of one that is charged so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BillingTerms {
    Prepaid(PaidUntil),
    Postpaid {
        /// Who stopped it, while it is stopped.
        stopped_by: StoppedBy,
    },
}

/// The end of the paid term of a prepaid instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PaidUntil {
    /// Before its purchase the day of that: nothing is paid up to there.
    pub expires: Day,
    /// The day of the month that sticky terms come back to.
    pub anchor: u8,
    /// Whether it is in the recycle bin because people returned it.
    pub returned: bool,
}

impl PaidUntil {
    /// The day of the month that its terms come back to.
    pub(super) fn anchor_by(self, rule: MonthEnd) -> u8 {
        match rule {
            MonthEnd::Sticky => self.anchor,
            MonthEnd::Clamp | MonthEnd::Days30 => self.expires.day_of_month(),
        }
    }

    /// The paid term of an instance that stands so.
    pub(super) fn of_status(status: &PrepaidStatus) -> Self {
        Self {
            expires: status.expires,
            anchor: status.anchor,
            returned: status.returned,
        }
    }
}

impl BillingTerms {
    fn at_opening(instance: &Instance) -> Self {
        match instance.charge_type {
            ChargeType::Postpaid => Self::Postpaid {
                stopped_by: instance.stopped_by,
            },
            ChargeType::Prepaid => {
                let expires = instance.expires_on.or(instance.starts_on);
                let expires = expires.expect("a prepaid instance has an expiry or a start");
                Self::Prepaid(PaidUntil {
                    expires,
                    anchor: instance.anchor_day.unwrap_or(expires.day_of_month()),
                    returned: instance.returned,
                })
            }
        }
    }
}

/// What else is known of an instance, and seldom looked at.
#[derive(Clone, Debug)]
pub(super) struct InstanceDetails {
    pub monthly: Option<Price>,
    pub hourly: Option<Price>,
    /// The price of an hour of the first tier.
    pub hour: Money,
    /// The day of the last reclaiming or stopping.
    pub since: Option<Day>,
    pub instance_type: Option<Label>,
    /// Hours billed so far, which decide the tier.
    pub billed_hours: u32,
    pub downgrades: u32,
}

impl InstanceDetails {
    fn details_of(instance: &Instance) -> Self {
        Self {
            monthly: instance.monthly_price,
            hourly: instance.hourly_price,
            hour: Money::ZERO,
            since: instance.since,
            instance_type: instance.labels.instance_type,
            billed_hours: instance.billed_hours,
            downgrades: instance.downgrades,
        }
    }
}

impl InstanceState {
    fn at_opening(book: &Book, index: InstanceIndex) -> Self {
        let instance = book.instance(index);
        let mut state = Self {
            instance: index,
            profile: instance.profile,
            charge: BillingTerms::at_opening(instance),
            state: instance.state,
            flag: instance.renew_flag,
            months: 0,
            order: book.orders.of_instance(index).next_back().copied(),
            renewal: Money::ZERO,
            next_event: book.days.to.tomorrow(),
        };
        state.set_months(instance.renew_months);
        state
    }

    /// Months of its next auto-renewal.
    pub(super) fn months(&self) -> u32 {
        u32::from(self.months)
    }

    pub(super) fn set_months(&mut self, months: u32) {
        self.months = u16::try_from(months).expect("a term has at most 1200 months");
    }

    /// The paid term, where it is prepaid.
    pub(super) fn paid(&self) -> Option<PaidUntil> {
        match self.charge {
            BillingTerms::Prepaid(paid) => Some(paid),
            BillingTerms::Postpaid { .. } => None,
        }
    }

    pub(super) fn is_prepaid(&self) -> bool {
        self.paid().is_some()
    }

    pub(super) fn charge_type(&self) -> ChargeType {
        match self.charge {
            BillingTerms::Prepaid(_) => ChargeType::Prepaid,
            BillingTerms::Postpaid { .. } => ChargeType::Postpaid,
        }
    }

    /// The end of the paid term of a prepaid instance.
    pub(super) fn expires(&self) -> Option<Day> {
        Some(self.paid()?.expires)
    }

    /// The paid term of a prepaid instance that is usable: running or overdue.
    pub(super) fn usable_prepaid(&self) -> Option<PaidUntil> {
        let is_usable = matches!(self.state, Some(State::Running | State::Overdue));
        self.paid().filter(|_| is_usable)
    }

    /// Who stopped it, while it is stopped.
    pub(super) fn stopped_by(&self) -> Option<StoppedBy> {
        match self.charge {
            BillingTerms::Postpaid { stopped_by } if self.state == Some(State::Stopped) => {
                Some(stopped_by)
            }
            _ => None,
        }
    }

    /// Whether it is reclaimed or stopped: its retention has begun.
    pub(super) fn is_kept(&self) -> bool {
        matches!(self.state, Some(State::Stopped | State::Reclaimed))
    }

    /// Whether people returned it, and it is in the recycle bin since.
    pub(super) fn is_returned(&self) -> bool {
        self.paid().is_some_and(|paid| paid.returned)
    }

    /// Whether it is postpaid and runs.
    fn runs_by_the_hour(&self) -> bool {
        !self.is_prepaid() && self.state == Some(State::Running)
    }

    /// Whether arrears stopped it.
    fn is_stopped_in_arrears(&self) -> bool {
        self.stopped_by() == Some(StoppedBy::Arrears)
    }
}

/// The instances of one account. They are indexed by their [`Position`].
#[derive(Clone)]
pub(super) struct Instances<'b> {
    pub book: &'b Book,
    pub currency: Currency,
    pub states: Vec<InstanceState>,
    pub details: Vec<InstanceDetails>,
    /// Payments for terms before that of an instance's own order.
    pub earlier_orders: BTreeMap<Position, Vec<Order>>,
    /// Postpaid instances whose hours are billed.
    pub charged: BTreeSet<Position>,
    /// Postpaid instances that arrears stopped.
    pub stopped: BTreeSet<Position>,
    /// Those that the present day must look at, ascending.
    pub due: Vec<Position>,
    /// Whether what nobody decided to end is renewed and started (**all-kept**).
    pub keeps_all: bool,
    /// Whether something was not renewed or started that would have been, were everything kept.
    pub lets_lapse: bool,
}

impl Index<Position> for Instances<'_> {
    type Output = InstanceState;

    fn index(&self, position: Position) -> &InstanceState {
        &self.states[position as usize]
    }
}

impl IndexMut<Position> for Instances<'_> {
    fn index_mut(&mut self, position: Position) -> &mut InstanceState {
        &mut self.states[position as usize]
    }
}

fn to_position(at: usize) -> Position {
    Position::try_from(at).expect("a book numbers its instances in 32 bits")
}

impl<'b> Instances<'b> {
    pub(super) fn open_instances(
        book: &'b Book,
        currency: Currency,
        indices: &[InstanceIndex],
        keeps_all: bool,
    ) -> Self {
        let states = indices
            .iter()
            .map(|at| InstanceState::at_opening(book, *at));
        let details = indices.iter().map(|at| book.instance(*at));
        let mut opened = Self {
            book,
            currency,
            states: states.collect(),
            details: details.map(InstanceDetails::details_of).collect(),
            earlier_orders: BTreeMap::new(),
            charged: BTreeSet::new(),
            stopped: BTreeSet::new(),
            due: Vec::new(),
            keeps_all,
            lets_lapse: false,
        };
        for position in opened.positions() {
            opened.reprice(position);
            opened.open_earlier_orders(position);
            opened.update_sets(position);
            opened.lets_lapse |= opened.is_lapsed(position);
        }
        opened
    }

    pub(super) fn positions(&self) -> std::ops::Range<Position> {
        0..to_position(self.states.len())
    }

    /// The position of an instance, whether it exists or not.
    pub(super) fn position_of(&self, instance: InstanceIndex) -> Option<Position> {
        let known = self
            .states
            .binary_search_by_key(&instance, |state| state.instance);
        known.ok().map(to_position)
    }

    pub(super) fn details(&self, position: Position) -> &InstanceDetails {
        &self.details[position as usize]
    }

    pub(super) fn details_mut(&mut self, position: Position) -> &mut InstanceDetails {
        &mut self.details[position as usize]
    }

    /// The rules that the instance follows.
    pub(super) fn profile(&self, position: Position) -> &'b Profile {
        self.book.profile(self[position].profile)
    }

    /// The instance as the book has it.
    pub(super) fn listed(&self, position: Position) -> &'b Instance {
        self.book.instance(self[position].instance)
    }

    /// Begins a row about an instance, with its present state.
    pub(super) fn begin_row(&self, position: Position, day: Day, event: Event) -> Entry {
        Entry {
            instance: Some(self[position].instance),
            state: self[position].state,
            ..Entry::begin_row(day, event)
        }
    }

    /// What its prices and months cost, after a change of them.
    pub(super) fn reprice(&mut self, position: Position) {
        let (profile, currency) = (self.profile(position), self.currency);
        let months = self[position].months();
        let details = self.details_mut(position);
        let hour = |price| charge::tiered_hour(profile, currency, price, 0);
        details.hour = details.hourly.map_or(Money::ZERO, hour);
        let renewal = |price| charge::renewal(profile, currency, price, months);
        self[position].renewal = self.details(position).monthly.map_or(Money::ZERO, renewal);
    }

    /// Where a prepaid instance that exists stands.
    #[inline]
    pub(super) fn prepaid_status(&self, position: Position) -> Option<PrepaidStatus> {
        let instance = &self[position];
        let paid = instance.paid()?;
        Some(PrepaidStatus {
            state: instance.state?,
            flag: instance.flag,
            expires: paid.expires,
            anchor: paid.anchor,
            // Details are far away in memory, and most instances are usable.
            since: match instance.state {
                Some(State::Running | State::Overdue) => None,
                _ => self.details(position).since,
            },
            returned: paid.returned,
        })
    }

    /// Where an instance stands; none where it does not exist.
    #[inline]
    pub(super) fn status(&self, position: Position) -> Option<DayStatus> {
        let BillingTerms::Postpaid { stopped_by } = self[position].charge else {
            return self.prepaid_status(position).map(DayStatus::Prepaid);
        };
        Some(DayStatus::Postpaid(PostpaidStatus {
            state: self[position].state?,
            since: self.details(position).since,
            stopped_by,
        }))
    }

    /// The day on which an instance is terminated, if its retention has begun.
    pub(super) fn release_day(&self, position: Position) -> Option<Day> {
        if !self[position].is_kept() {
            return None;
        }
        self.status(position)?.release_day(self.profile(position))
    }

    /// Lets something happen to an instance, and looks at it again before the day ends.
    pub(super) fn change_state(&mut self, position: Position, trigger: Trigger) {
        let state = self[position]
            .state
            .expect("only existing instances change state");
        self[position].state = Some(state.after(trigger));
        self.update_sets(position);
        self.make_due(position);
    }

    /// What a prepaid instance costs. A checked book gives every one that is not terminated a monthly price.
    pub(super) fn tariff(&self, position: Position) -> Tariff<'b> {
        let details = self.details(position);
        let paid = self[position].paid();
        Tariff {
            profile: self.profile(position),
            currency: self.currency,
            monthly: details.monthly.expect("what is prepaid has a price"),
            hourly: details.hourly,
            anchor: paid.expect("only what is prepaid is priced so").anchor,
        }
    }

    /// Puts a prepaid instance into the recycle bin.
    pub(super) fn reclaim(&mut self, position: Position, trigger: Trigger, day: Day) {
        self.change_state(position, trigger);
        self.details_mut(position).since = Some(day);
        if let BillingTerms::Prepaid(paid) = &mut self[position].charge {
            paid.returned = trigger == Trigger::GiveBack;
        }
    }

    /// Switches a postpaid instance off.
    pub(super) fn switch_off(&mut self, position: Position, stopped_by: StoppedBy, day: Day) {
        self[position].charge = BillingTerms::Postpaid { stopped_by };
        self.details_mut(position).since = Some(day);
        self.change_state(position, Trigger::Stop);
    }

    /// Lets the present day look at an instance, too.
    pub(super) fn make_due(&mut self, position: Position) {
        if let Err(place) = self.due.binary_search(&position) {
            self.due.insert(place, position);
        }
    }

    /// Keeps the sets of charged and stopped postpaid instances true after a change of state.
    pub(super) fn update_sets(&mut self, position: Position) {
        let stopped = self[position].is_stopped_in_arrears();
        let charged = self[position].runs_by_the_hour()
            || (stopped && self.profile(position).bill_while_stopped);
        include(&mut self.charged, position, charged);
        include(&mut self.stopped, position, stopped);
    }

    /// Decides when the instance must be looked at after `day`, and gives that day where it is a new one.
    pub(super) fn schedule(&mut self, position: Position, day: Day) -> Option<Day> {
        let last = self.book.days.to;
        let next = self
            .next_event(position, day.tomorrow())
            .unwrap_or(last.tomorrow());
        let before = mem::replace(&mut self[position].next_event, next);
        (next <= last && next != before).then_some(next)
    }

    /// The first day from `day` on on which the instance can start, renew, expire, be reclaimed, released or reminded of.
    fn next_event(&self, position: Position, day: Day) -> Option<Day> {
        let instance = &self[position];
        let profile = self.profile(position);
        let Some(state) = instance.state else {
            return self
                .listed(position)
                .starts_on
                .filter(|start| *start >= day);
        };
        let status = match state {
            State::Terminated => return None,
            State::Stopped => return self.release_day(position).map(|release| release.max(day)),
            State::Overdue | State::Reclaimed if self.is_kept_on(position, day) => {
                return Some(day);
            }
            _ => self.prepaid_status(position)?,
        };
        let expires = status.expires;
        let (end, is_reminded) = match state {
            State::Running => (Some(expires), true),
            State::Overdue => (status.suspension_day(profile), true),
            _ => (status.release_day(profile), false),
        };
        let reminder = profile
            .next_remind_day(day.days_since(expires))
            .filter(|_| is_reminded && instance.flag != RenewFlag::None)
            .map(|after_expiry| expires + after_expiry);
        let attempt = status.next_attempt(profile, day);
        let ends = [end.map(|end| end.max(day)), reminder, attempt];
        ends.into_iter().flatten().min()
    }

    /// Whether an instance lies there, unpaid or stopped in arrears, although nobody decided to end it.
    pub(super) fn is_lapsed(&self, position: Position) -> bool {
        let instance = &self[position];
        match instance.state {
            Some(State::Overdue | State::Reclaimed) => {
                instance.flag != RenewFlag::None && !instance.is_returned()
            }
            // It comes back only when people start it.
            Some(State::Stopped) if self.profile(position).restart == Restart::Manual => {
                instance.is_stopped_in_arrears()
            }
            _ => false,
        }
    }

    /// Where everything is kept: whether an instance is due that its flag and profile do not renew on `day`.
    pub(super) fn is_kept_on(&self, position: Position, day: Day) -> bool {
        let instance = &self[position];
        let Some(paid) = instance.paid().filter(|_| self.keeps_all) else {
            return false;
        };
        let from = match instance.flag {
            RenewFlag::Manual => paid.expires,
            RenewFlag::Auto => lifecycle::suspension_of(self.profile(position), paid.expires),
            RenewFlag::None => return false,
        };
        match instance.state {
            // It may lie there before it expires.
            Some(State::Reclaimed) => !paid.returned,
            Some(State::Running | State::Overdue) => day >= from,
            _ => false,
        }
    }

    /// Remembers what was paid for a term that follows the others.
    pub(super) fn remember_order(&mut self, position: Position, order: Order, day: Day) {
        let before = self[position].order.replace(order);
        let going_on = before.filter(|before| before.term.end > day);
        if going_on.is_none() && self.earlier_orders.is_empty() {
            return;
        }
        let earlier = self.earlier_orders.remove(&position);
        let known = earlier.into_iter().flatten().chain(going_on);
        let kept: Vec<Order> = known.filter(|order| order.term.end > day).collect();
        if !kept.is_empty() {
            self.earlier_orders.insert(position, kept);
        }
    }

    /// Puts one order, or none, in the place of all that is known.
    pub(super) fn replace_orders(&mut self, position: Position, order: Option<Order>) {
        self.earlier_orders.remove(&position);
        self[position].order = order;
    }

    /// The orders of the book but the last one, which stays with the instance.
    fn open_earlier_orders(&mut self, position: Position) {
        let mut known = self.book.orders.of_instance(self[position].instance);
        known.next_back();
        let earlier: Vec<Order> = known.copied().collect();
        if !earlier.is_empty() {
            self.earlier_orders.insert(position, earlier);
        }
    }

    /// The orders of an instance that are not over on `day`, by their start.
    pub(super) fn orders_on(&self, position: Position, day: Day) -> impl Iterator<Item = Order> {
        let earlier = self.earlier_orders.get(&position).into_iter().flatten();
        let known = earlier.copied().chain(self[position].order);
        known.filter(move |order| order.term.end > day)
    }

    /// What is known to be paid for the terms that are not over on `day`.
    pub(super) fn paid_on(&self, position: Position, day: Day) -> Option<PaidTerms> {
        PaidTerms::on(day, self.orders_on(position, day))
    }
}

/// Makes a set hold a position or not.
fn include(set: &mut BTreeSet<Position>, position: Position, belongs: bool) {
    if belongs {
        set.insert(position);
    } else {
        set.remove(&position);
    }
}
