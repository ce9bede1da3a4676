//! The book that continues a run on the day after it.

use std::collections::BTreeMap;

use super::desk::{Desk, Position, Unit};
use crate::action::{Action, Target};
use crate::book::Book;
use crate::calendar::{Day, DayRange, MonthEnd};
use crate::instance::{Instance, InstanceIndex, InstanceLabels, State};
use crate::money::Money;
use crate::order::Order;
use crate::voucher::Voucher;

/// The book as it stands after the last day: refused purchases left out, terminated instances kept.
pub(super) fn book(opened: &Book, desks: &[Desk<'_>]) -> Book {
    let from = opened.days.to.tomorrow();
    let mut units: Vec<&Unit> = desks.iter().flat_map(|desk| &desk.units).collect();
    units.sort_by_key(|unit| unit.instance);
    units.retain(|unit| unit.state.is_some() || opened.instance(unit.instance).starts_on >= Some(from));
    let kept = Kept::of(opened, &units);
    let orders = orders(desks, &kept, opened.days.to);
    Book {
        orders,
        days: DayRange { from, to: opened.days.to.max(from) },
        accounts: desks.iter().map(|desk| account(desk, opened.days.to)).collect(),
        instances: units.into_iter().map(|unit| instance(opened, unit)).collect(),
        actions: opened
            .actions
            .iter()
            .filter(|action| action.date >= from)
            .map(|one| action(opened, one, &kept))
            .collect(),
        ..opened.clone()
    }
}

/// The numbers that instances have in the closing book.
struct Kept(Vec<Option<InstanceIndex>>);

impl Kept {
    fn of(opened: &Book, units: &[&Unit]) -> Self {
        let mut numbers = vec![None; opened.instances.len()];
        for (number, unit) in (0u32..).zip(units) {
            numbers[unit.instance.0 as usize] = Some(InstanceIndex(number));
        }
        Self(numbers)
    }

    fn number(&self, opened: InstanceIndex) -> Option<InstanceIndex> {
        self.0[opened.0 as usize]
    }
}

/// The orders of running instances whose terms go on after the last day.
fn orders(desks: &[Desk<'_>], kept: &Kept, last: Day) -> BTreeMap<InstanceIndex, Vec<Order>> {
    let units = desks.iter().flat_map(|desk| desk.positions().map(move |position| (desk, position)));
    let of_unit = |(desk, position): (&Desk<'_>, Position)| {
        let orders: Vec<Order> = desk.orders_on(position, last).collect();
        let number = kept.number(desk.unit(position).instance).filter(|_| !orders.is_empty())?;
        Some((number, orders))
    };
    units.filter_map(of_unit).collect()
}

fn account(desk: &Desk<'_>, last: Day) -> crate::account::Account {
    let usable = |voucher: &&Voucher| voucher.left > Money::ZERO && voucher.valid_to > last;
    crate::account::Account {
        vouchers: desk.vouchers.iter().filter(usable).cloned().collect(),
        returns: desk.returns.clone(),
        funds: desk.funds,
        arrears_hours: desk.arrears_hours,
        alert_days: desk.alert_days,
        ..desk.book.account(desk.account).clone()
    }
}

fn instance(opened: &Book, unit: &Unit) -> Instance {
    let kept = matches!(unit.state, Some(State::Reclaimed | State::Stopped));
    let existing_prepaid = unit.is_prepaid() && unit.state.is_some();
    let listed = opened.instance(unit.instance);
    let anchor = if opened.profile(unit.profile).month_end == MonthEnd::Sticky {
        unit.anchor
    } else {
        unit.expires.day_of_month()
    };
    Instance {
        charge_type: unit.charge_type,
        renew_flag: unit.flag,
        renew_months: unit.months,
        monthly_price: unit.monthly,
        hourly_price: unit.hourly,
        expires_on: existing_prepaid.then_some(unit.expires),
        anchor_day: match unit.state {
            None => listed.anchor_day,
            Some(_) => existing_prepaid.then_some(anchor),
        },
        state: unit.state,
        since: kept.then_some(unit.since),
        returned: unit.returned && unit.state == Some(State::Reclaimed),
        stopped_by: unit.stopped_by,
        billed_hours: unit.billed_hours,
        downgrades: unit.downgrades,
        labels: InstanceLabels { instance_type: unit.instance_type, ..listed.labels.clone() },
        ..listed.clone()
    }
}

fn action(opened: &Book, action: &Action, kept: &Kept) -> Action {
    let target = match &action.target {
        Target::Instance(instance) => match kept.number(*instance) {
            Some(number) => Target::Instance(number),
            None => Target::UnknownInstance(opened.instance(*instance).id.as_str().into()),
        },
        other => other.clone(),
    };
    Action { target, ..action.clone() }
}
