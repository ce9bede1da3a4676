//! Where a run leaves accounts and instances, and the book that continues it on the day after.

use std::collections::BTreeMap;

use crate::parallel::prelude::*;

use super::account_state::{AccountState, InstanceDetails, InstanceState, Position};
use crate::model::account::{Account, AccountIndex, Funds, Returns};
use crate::model::action::{Action, Target};
use crate::model::book::Book;
use crate::model::calendar::{Day, MonthEnd};
use crate::model::instance::{Instance, InstanceIndex, State};
use crate::model::money::Money;
use crate::model::order::{Order, Orders};
use crate::model::profile::Profile;
use crate::model::voucher::Voucher;

/// The orders of so many instances are gathered side by side.
const BATCH: usize = 1 << 16;

/// Where a run leaves the accounts and instances of its book.
pub struct ReplayEnd(Vec<RemainingFunds>);

/// Where a run leaves an account and its instances.
struct RemainingFunds {
    account: AccountIndex,
    funds: Funds,
    arrears_hours: Option<u32>,
    alert_days: u32,
    vouchers: Vec<Voucher>,
    returns: Vec<Returns>,
    units: Vec<InstanceState>,
    details: Vec<InstanceDetails>,
    earlier_orders: BTreeMap<Position, Vec<Order>>,
}

impl ReplayEnd {
    /// What is left at these desks once the last day is over.
    pub(super) fn gather_states<'b>(desks: impl Iterator<Item = AccountState<'b>>) -> Self {
        Self(desks.map(RemainingFunds::at).collect())
    }

    /// Makes the book that was replayed the one that continues the run: refused purchases left out, terminated instances
    /// kept. Nothing is copied, since a book can be most of what memory holds.
    pub fn into_book(self, mut book: Book) -> Book {
        let last = book.days.to;
        book.days = book.days.next();
        let from = book.days.from;
        let units = self.by_instance(book.instances.len());
        let refused = OmittedInstances::find_omitted(&units, &book);
        book.actions.retain(|action| action.date >= from);
        let instances = &book.instances;
        book.actions
            .iter_mut()
            .for_each(|action| refused.retarget(action, instances));
        write_states(&units, &book.profiles, &mut book.instances);
        book.orders = orders(&units, last, &refused);
        refused.remove_from(&mut book.instances);
        for left in self.0 {
            let account = left.account.0 as usize;
            left.write_account(&mut book.accounts[account], last);
        }
        book.shorten();
        book
    }

    /// The units, which are by account, by the number of their instance.
    fn by_instance(&self, instances: usize) -> Vec<Option<ClosingState<'_>>> {
        let mut units = vec![None; instances];
        for left in &self.0 {
            for (position, unit) in (0..).zip(&left.units) {
                units[unit.instance.0 as usize] = Some(ClosingState { left, position });
            }
        }
        units
    }
}

/// Where a unit is found once its run is over.
#[derive(Clone, Copy)]
struct ClosingState<'l> {
    left: &'l RemainingFunds,
    position: Position,
}

impl<'l> ClosingState<'l> {
    fn unit(self) -> &'l InstanceState {
        &self.left.units[self.position as usize]
    }

    fn details(self) -> &'l InstanceDetails {
        &self.left.details[self.position as usize]
    }

    /// The orders whose terms go on after the last day.
    fn orders(self, last: Day) -> impl Iterator<Item = Order> {
        let earlier = self
            .left
            .earlier_orders
            .get(&self.position)
            .into_iter()
            .flatten()
            .copied();
        earlier
            .chain(self.unit().order)
            .filter(move |order| order.term.end > last)
    }
}

/// The orders of all instances.
fn orders(units: &[Option<ClosingState<'_>>], last: Day, refused: &OmittedInstances) -> Orders {
    // In batches: what is gathered side by side is there twice for a moment.
    let mut orders = Vec::with_capacity(units.len());
    for units in units.chunks(BATCH) {
        orders.par_extend(
            units
                .par_iter()
                .filter_map(|seat| *seat)
                .flat_map_iter(|seat| {
                    let number = refused.renumbered(seat.unit().instance);
                    number
                        .into_iter()
                        .flat_map(move |number| seat.orders(last).map(move |order| (number, order)))
                }),
        );
    }
    Orders::sorted(orders)
}

/// Writes what the units came to into the instances.
fn write_states(
    units: &[Option<ClosingState<'_>>],
    profiles: &[Profile],
    instances: &mut [Instance],
) {
    let units = instances
        .par_iter_mut()
        .zip(units)
        .filter_map(|(instance, seat)| Some((instance, (*seat)?)));
    units.for_each(|(instance, seat)| {
        let profile = &profiles[seat.unit().profile.0 as usize];
        write_instance((seat.unit(), seat.details()), profile, instance);
    });
}

/// Instances that the closing book does not have, ascending.
struct OmittedInstances(Vec<InstanceIndex>);

impl OmittedInstances {
    /// The purchases that were refused: what does not exist, and will not be bought any more.
    fn find_omitted(units: &[Option<ClosingState<'_>>], book: &Book) -> Self {
        let units = units.par_iter().flatten().map(|seat| seat.unit());
        let from = Some(book.days.from);
        let gone = units
            .filter(|unit| unit.state.is_none() && book.instance(unit.instance).starts_on < from);
        Self(gone.map(|unit| unit.instance).collect())
    }

    /// The number that an instance has in the closing book.
    fn renumbered(&self, instance: InstanceIndex) -> Option<InstanceIndex> {
        let before = self.0.binary_search(&instance).err()?;
        Some(InstanceIndex(
            instance.0 - u32::try_from(before).expect("instances are numbered in 32 bits"),
        ))
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
            instances.retain(|_| {
                numbers
                    .next()
                    .is_some_and(|number| self.renumbered(number).is_some())
            });
        }
    }
}

impl RemainingFunds {
    fn at(desk: AccountState<'_>) -> Self {
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

    fn write_account(self, account: &mut Account, last: Day) {
        account.vouchers = self.vouchers;
        account
            .vouchers
            .retain(|voucher| voucher.left > Money::ZERO && voucher.valid_to > last);
        account.returns = self.returns;
        account.funds = self.funds;
        account.arrears_hours = self.arrears_hours;
        account.alert_days = self.alert_days;
    }
}

fn write_instance(
    (unit, details): (&InstanceState, &InstanceDetails),
    profile: &Profile,
    instance: &mut Instance,
) {
    let kept = matches!(unit.state, Some(State::Reclaimed | State::Stopped));
    let existing_prepaid = unit.is_prepaid() && unit.state.is_some();
    let anchor = if profile.month_end == MonthEnd::Sticky {
        unit.anchor
    } else {
        unit.expires.day_of_month()
    };
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
