//! Where a run leaves accounts and instances: what it lost, and the book that continues it on the day after.

use std::collections::BTreeMap;

use crate::parallel::prelude::*;

use super::account_state::AccountState;
use super::instances::{Charge, InstanceDetails, InstanceState, Position};
use super::purse::Purse;
use crate::engine::lifecycle::DayStatus;
use crate::model::account::{AccountIndex, Returns};
use crate::model::action::{Action, Target};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::{Instance, InstanceIndex, State};
use crate::model::money::Price;
use crate::model::order::{Order, Orders};
use crate::model::profile::Profile;

/// Instances whose orders are gathered side by side: what is gathered so is there twice for a moment.
const INSTANCES_PER_BATCH: usize = 1 << 16;

/// Where a run leaves an instance that it lost.
#[derive(Clone, Copy, Debug)]
pub struct TerminatedInstance {
    /// The instance.
    pub instance: InstanceIndex,
    /// Where it stands; none of a purchase that was refused.
    pub status: Option<DayStatus>,
    /// Months of its own renewals.
    pub months: u32,
    /// The list price of a month in force.
    pub monthly: Option<Price>,
    /// The list price of an hour in force.
    pub hourly: Option<Price>,
}

impl AccountState<'_> {
    /// Where the instances are left that are gone, or were not bought by now; by id.
    pub(super) fn lost_instances(&self) -> impl Iterator<Item = TerminatedInstance> {
        let instances = &self.instances;
        let lost = instances.positions().filter(|at| self.is_lost(*at));
        lost.map(|position| TerminatedInstance {
            instance: instances[position].instance,
            status: instances.status(position),
            months: instances[position].months(),
            monthly: instances.details(position).monthly,
            hourly: instances.details(position).hourly,
        })
    }

    fn is_lost(&self, position: Position) -> bool {
        match self.instances[position].state {
            Some(State::Reclaimed | State::Stopped | State::Terminated) => true,
            Some(State::Running | State::Overdue) => false,
            None => {
                let start = self.instances.listed(position).starts_on;
                start.is_some_and(|day| day <= self.replayed)
            }
        }
    }
}

/// Where a run leaves the accounts and instances of its book.
pub struct ReplayEnd(Vec<ClosingAccount>);

/// Where a run leaves an account and its instances.
struct ClosingAccount {
    account: AccountIndex,
    purse: Purse,
    alert_days: u32,
    returns: Vec<Returns>,
    states: Vec<InstanceState>,
    details: Vec<InstanceDetails>,
    earlier_orders: BTreeMap<Position, Vec<Order>>,
}

impl ReplayEnd {
    /// What is left of these accounts once the last day is over.
    pub(super) fn gather_states<'b>(accounts: impl Iterator<Item = AccountState<'b>>) -> Self {
        let left = accounts.map(|account| ClosingAccount {
            account: account.account,
            purse: account.purse,
            alert_days: account.alert_days,
            returns: account.returns,
            states: account.instances.states,
            details: account.instances.details,
            earlier_orders: account.instances.earlier_orders,
        });
        Self(left.collect())
    }

    /// Makes the book that was replayed the one that continues the run: refused purchases left out, terminated instances
    /// kept. Nothing is copied, since a book can be most of what memory holds.
    pub fn into_book(self, mut book: Book) -> Book {
        let last = book.days.to;
        book.days = book.days.next();
        let from = book.days.from;
        let states = self.by_instance(book.instances.len());
        let refused = OmittedInstances::find_omitted(&states, &book);
        book.actions.retain(|action| action.date >= from);
        for action in &mut book.actions {
            refused.retarget(action, &book.instances);
        }
        let instances = book.instances.par_iter_mut().zip(&states);
        instances.for_each(|(instance, state)| {
            if let Some(state) = state {
                state.write_instance(&book.profiles, instance);
            }
        });
        book.orders = orders(&states, last, &refused);
        refused.remove_from(&mut book.instances);
        for left in self.0 {
            let account = &mut book.accounts[left.account.0 as usize];
            account.returns = left.returns;
            account.alert_days = left.alert_days;
            left.purse.close(account, last);
        }
        book.shorten();
        book
    }

    /// The closing states, which are by account, by the number of their instance.
    fn by_instance(&self, instances: usize) -> Vec<Option<ClosingState<'_>>> {
        let mut states = vec![None; instances];
        for left in &self.0 {
            for (position, state) in (0..).zip(&left.states) {
                states[state.instance.0 as usize] = Some(ClosingState { left, position });
            }
        }
        states
    }
}

/// Where an instance is found once its run is over.
#[derive(Clone, Copy)]
struct ClosingState<'l> {
    left: &'l ClosingAccount,
    position: Position,
}

impl<'l> ClosingState<'l> {
    fn state(self) -> &'l InstanceState {
        &self.left.states[self.position as usize]
    }

    /// The orders whose terms go on after the last day.
    fn orders(self, last: Day) -> impl Iterator<Item = Order> {
        let earlier = self.left.earlier_orders.get(&self.position);
        let earlier = earlier.into_iter().flatten().copied();
        let known = earlier.chain(self.state().order);
        known.filter(move |order| order.term.end > last)
    }

    /// Writes what an instance came to into the book.
    fn write_instance(self, profiles: &[Profile], instance: &mut Instance) {
        let state = self.state();
        let details = &self.left.details[self.position as usize];
        let month_end = profiles[state.profile.0 as usize].month_end;
        instance.charge_type = state.charge_type();
        instance.renew_flag = state.flag;
        instance.renew_months = state.months();
        instance.monthly_price = details.monthly;
        instance.hourly_price = details.hourly;
        instance.expires_on = state.expires().filter(|_| state.state.is_some());
        if state.state.is_some() {
            instance.anchor_day = state.anchor(month_end);
        }
        instance.state = state.state;
        instance.since = details.since.filter(|_| state.is_kept());
        instance.returned = state.is_returned() && state.state == Some(State::Reclaimed);
        if let Charge::Postpaid { stopped_by } = state.charge {
            instance.stopped_by = stopped_by;
        }
        instance.billed_hours = details.billed_hours;
        instance.downgrades = details.downgrades;
        instance.labels.instance_type = details.instance_type;
    }
}

/// The orders of all instances.
fn orders(states: &[Option<ClosingState<'_>>], last: Day, refused: &OmittedInstances) -> Orders {
    let mut orders = Vec::with_capacity(states.len());
    for batch in states.chunks(INSTANCES_PER_BATCH) {
        let existing = batch.par_iter().flatten();
        orders.par_extend(existing.flat_map_iter(|state| {
            let number = refused.renumbered(state.state().instance);
            let known = number.map(|_| state.orders(last)).into_iter().flatten();
            known.filter_map(move |order| Some((number?, order)))
        }));
    }
    Orders::sorted(orders)
}

/// Instances that the closing book does not have, ascending.
struct OmittedInstances(Vec<InstanceIndex>);

impl OmittedInstances {
    /// The purchases that were refused: what does not exist, and will not be bought any more.
    fn find_omitted(states: &[Option<ClosingState<'_>>], book: &Book) -> Self {
        let states = states.par_iter().flatten().map(|state| state.state());
        let from = Some(book.days.from);
        let gone = states.filter(|state| {
            state.state.is_none() && book.instance(state.instance).starts_on < from
        });
        Self(gone.map(|state| state.instance).collect())
    }

    /// The number that an instance has in the closing book.
    fn renumbered(&self, instance: InstanceIndex) -> Option<InstanceIndex> {
        let before = self.0.binary_search(&instance).err()?;
        let before = u32::try_from(before).expect("instances are numbered in 32 bits");
        Some(InstanceIndex(instance.0 - before))
    }

    fn retarget(&self, action: &mut Action, instances: &[Instance]) {
        let Target::Instance(instance) = action.target else {
            return;
        };
        let id = &instances[instance.0 as usize].id;
        action.target = match self.renumbered(instance) {
            Some(number) => Target::Instance(number),
            None => Target::UnknownInstance(id.as_str().into()),
        };
    }

    fn remove_from(&self, instances: &mut Vec<Instance>) {
        let mut numbers = (0u32..).map(InstanceIndex);
        instances.retain(|_| {
            let number = numbers.next();
            number.is_some_and(|number| self.renumbered(number).is_some())
        });
    }
}
