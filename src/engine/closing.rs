//! Where a run leaves accounts and instances, and the book that continues it on the day after.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::desk::{Desk, Details, Position, Unit};
use crate::account::{Account, AccountIndex, Funds, Returns};
use crate::action::{Action, Target};
use crate::book::Book;
use crate::calendar::{Day, DayRange, MonthEnd};
use crate::instance::{Instance, InstanceIndex, State};
use crate::money::Money;
use crate::order::{Order, Orders};
use crate::profile::Profile;
use crate::voucher::Voucher;

/// Where a run leaves the accounts and instances of its book.
pub struct Ending(Vec<Left>);

/// Where a run leaves an account and its instances.
struct Left {
    account: AccountIndex,
    funds: Funds,
    arrears_hours: Option<u32>,
    alert_days: u32,
    vouchers: Vec<Voucher>,
    returns: Vec<Returns>,
    units: Vec<Unit>,
    details: Vec<Details>,
    earlier_orders: BTreeMap<Position, Vec<Order>>,
}

impl Ending {
    /// What is left at these desks once the last day is over.
    pub(super) fn of<'b>(desks: impl Iterator<Item = Desk<'b>>) -> Self {
        Self(desks.map(Left::at).collect())
    }

    /// Makes the book that was replayed the one that continues the run: refused purchases left out, terminated instances
    /// kept. Nothing is copied, since a book can be most of what memory holds.
    pub fn into_book(self, mut book: Book) -> Book {
        let last = book.days.to;
        let from = last.tomorrow();
        book.days = DayRange { from, to: last.max(from) };
        let refused = self.refused(&book);
        book.actions.retain(|action| action.date >= from);
        let instances = &book.instances;
        book.actions.iter_mut().for_each(|action| refused.retarget(action, instances));
        // One after the other: each takes memory while all units are there.
        self.write(&book.profiles, &mut book.instances);
        book.orders = self.orders(last, &refused);
        refused.remove_from(&mut book.instances);
        for left in self.0 {
            let account = left.account.0 as usize;
            left.write_account(&mut book.accounts[account], last);
        }
        book
    }

    /// The orders whose terms go on after the last day.
    fn orders(&self, last: Day, refused: &Refused) -> Orders {
        let mut orders = Vec::new();
        self.0.iter().for_each(|left| left.add_orders(last, refused, &mut orders));
        Orders::sorted(orders)
    }

    /// Writes what the units came to into the instances: units are by account, instances by id.
    fn write(&self, profiles: &[Profile], instances: &mut [Instance]) {
        let mut units: Vec<Option<(&Unit, &Details)>> = vec![None; instances.len()];
        for (unit, details) in self.0.iter().flat_map(|left| left.units.iter().zip(&left.details)) {
            units[unit.instance.0 as usize] = Some((unit, details));
        }
        let units = instances.par_iter_mut().zip(units).filter_map(|(instance, unit)| Some((instance, unit?)));
        units.for_each(|(instance, unit)| write(unit, &profiles[unit.0.profile.0 as usize], instance));
    }

    /// The purchases that were refused: what does not exist, and will not be bought any more.
    fn refused(&self, book: &Book) -> Refused {
        let units = self.0.iter().flat_map(|left| &left.units);
        let gone =
            units.filter(|unit| unit.state.is_none() && book.instance(unit.instance).starts_on < Some(book.days.from));
        let mut gone: Vec<InstanceIndex> = gone.map(|unit| unit.instance).collect();
        gone.sort_unstable();
        Refused(gone)
    }
}

/// Instances that the closing book does not have, ascending.
struct Refused(Vec<InstanceIndex>);

impl Refused {
    /// The number that an instance has in the closing book.
    fn renumbered(&self, instance: InstanceIndex) -> Option<InstanceIndex> {
        let before = self.0.binary_search(&instance).err()?;
        Some(InstanceIndex(instance.0 - u32::try_from(before).expect("instances are numbered in 32 bits")))
    }

    fn retarget(&self, action: &mut Action, instances: &[Instance]) {
        if let Target::Instance(instance) = action.target {
            action.target = match self.renumbered(instance) {
                Some(number) => Target::Instance(number),
                None => Target::UnknownInstance(instances[instance.0 as usize].id.as_str().into()),
            };
        }
    }

    fn remove_from(&self, instances: &mut Vec<Instance>) {
        if !self.0.is_empty() {
            let mut numbers = (0u32..).map(InstanceIndex);
            instances.retain(|_| numbers.next().is_some_and(|number| self.renumbered(number).is_some()));
        }
    }
}

impl Left {
    fn at(desk: Desk<'_>) -> Self {
        Self {
            account: desk.account,
            funds: desk.funds,
            arrears_hours: desk.arrears_hours,
            alert_days: desk.alert_days,
            vouchers: desk.vouchers,
            returns: desk.returns,
            units: desk.units,
            details: desk.details,
            earlier_orders: desk.earlier_orders,
        }
    }

    /// The orders whose terms go on after the last day.
    fn add_orders(&self, last: Day, refused: &Refused, orders: &mut Vec<(InstanceIndex, Order)>) {
        for (position, unit) in (0..).zip(&self.units) {
            let earlier = self.earlier_orders.get(&position).into_iter().flatten().copied();
            let going_on = earlier.chain(unit.order).filter(|order| order.term.end > last);
            if let Some(number) = refused.renumbered(unit.instance) {
                orders.extend(going_on.map(|order| (number, order)));
            }
        }
    }

    fn write_account(self, account: &mut Account, last: Day) {
        account.vouchers = self.vouchers;
        account.vouchers.retain(|voucher| voucher.left > Money::ZERO && voucher.valid_to > last);
        account.returns = self.returns;
        account.funds = self.funds;
        account.arrears_hours = self.arrears_hours;
        account.alert_days = self.alert_days;
    }
}

fn write((unit, details): (&Unit, &Details), profile: &Profile, instance: &mut Instance) {
    let kept = matches!(unit.state, Some(State::Reclaimed | State::Stopped));
    let existing_prepaid = unit.is_prepaid() && unit.state.is_some();
    let anchor = if profile.month_end == MonthEnd::Sticky { unit.anchor } else { unit.expires.day_of_month() };
    instance.charge_type = unit.charge_type;
    instance.renew_flag = unit.flag;
    instance.renew_months = unit.months();
    instance.monthly_price = details.monthly;
    instance.hourly_price = details.hourly;
    instance.expires_on = existing_prepaid.then_some(unit.expires);
    if unit.state.is_some() {
        instance.anchor_day = existing_prepaid.then_some(anchor);
    }
    instance.state = unit.state;
    instance.since = kept.then_some(details.since);
    instance.returned = unit.returned && unit.state == Some(State::Reclaimed);
    instance.stopped_by = unit.stopped_by;
    instance.billed_hours = details.billed_hours;
    instance.downgrades = details.downgrades;
    instance.labels.instance_type = details.instance_type;
}
