//! What people have to do besides paying, so that the instances that are asked for stay and no other takes their money.

use std::collections::BTreeMap;

use super::AmpleRun;
use crate::action::Verb;
use crate::calendar::Day;
use crate::engine::Trial;
use crate::event::{Event, Reason};
use crate::instance::{ChargeType, InstanceIndex, RenewFlag, State};

/// What people do with an instance on a day.
pub(super) type Doing = (Day, InstanceIndex, Verb);

/// Flags and stops on the first day of the run, or on the day on which an instance begins: what is kept renews itself, what
/// is not kept neither renews itself nor runs by the hour.
pub(super) fn flags(opening: &Trial<'_>, kept: &[InstanceIndex]) -> Vec<Doing> {
    let is_kept = |instance: InstanceIndex| kept.binary_search(&instance).is_ok();
    let doing = |instance| if is_kept(instance) { keep(opening, instance) } else { let_go(opening, instance) };
    opening.instances().filter_map(doing).collect()
}

/// The day from which on people can do something with an instance.
fn beginning(opening: &Trial<'_>, instance: InstanceIndex) -> Option<Day> {
    let book = opening.book();
    match opening.state(instance) {
        Some(State::Terminated) => None,
        Some(_) => Some(book.days.from),
        None => book.instance(instance).starts_on.filter(|day| book.days.contains(*day)),
    }
}

fn keep(opening: &Trial<'_>, instance: InstanceIndex) -> Option<Doing> {
    let listed = opening.book().instance(instance);
    let idle = listed.charge_type == ChargeType::Prepaid && listed.renew_flag != RenewFlag::Auto;
    let day = beginning(opening, instance).filter(|_| idle)?;
    Some((day, instance, Verb::SetFlag(RenewFlag::Auto, None)))
}

/// What keeps an instance from costing anything by itself; none where it costs nothing.
pub(super) fn let_go(opening: &Trial<'_>, instance: InstanceIndex) -> Option<Doing> {
    let listed = opening.book().instance(instance);
    let verb = match (listed.charge_type, listed.renew_flag) {
        (ChargeType::Prepaid, RenewFlag::Auto) => Verb::SetFlag(RenewFlag::None, None),
        (ChargeType::Postpaid, _) if opening.state(instance) != Some(State::Stopped) => Verb::Stop,
        _ => return None,
    };
    Some((beginning(opening, instance)?, instance, verb))
}

/// What the run with ample money still lacks: renewals and restarts of kept instances, and stops of others that came back.
pub(super) fn repairs(
    run: &AmpleRun<'_>,
    (opening, kept): (&Trial<'_>, &[InstanceIndex]),
    known: &[Doing],
    first: Option<Day>,
) -> Vec<Doing> {
    let Some(first) = first else { return Vec::new() };
    let book = opening.book();
    let mut needed: BTreeMap<InstanceIndex, Day> = BTreeMap::new();
    let mut repairs = Vec::new();
    let asked = |instance: InstanceIndex| kept.binary_search(&instance).is_ok();
    for instance in opening.instances().filter(|instance| asked(*instance)) {
        if matches!(opening.state(instance), Some(State::Overdue | State::Reclaimed | State::Stopped)) {
            needed.insert(instance, first);
        }
    }
    for entry in &run.entries {
        let Some(instance) = entry.instance else { continue };
        if !asked(instance) {
            if entry.event == Event::Restored && entry.date < book.days.to {
                repairs.push((entry.date.tomorrow(), instance, Verb::Stop));
            }
            continue;
        }
        match (entry.event, entry.reason) {
            (Event::Expired | Event::Reclaimed, _) | (Event::Stopped, Some(Reason::Arrears)) => {
                needed.entry(instance).or_insert(entry.date.max(first));
            }
            (Event::Renewed | Event::Recovered | Event::Restored | Event::Returned | Event::Converted, _)
            | (Event::Stopped | Event::Terminated, Some(Reason::User)) => {
                needed.remove(&instance);
            }
            // Gone in the morning, before anything can be done.
            (Event::Terminated, _) if needed.get(&instance).is_some_and(|day| *day >= entry.date) => {
                needed.remove(&instance);
            }
            _ => {}
        }
    }
    repairs.extend(needed.into_iter().filter_map(|(instance, day)| {
        let listed = book.instance(instance);
        let verb = match run.end.state(instance)? {
            State::Stopped => Verb::Start,
            State::Running => return None,
            State::Overdue | State::Reclaimed | State::Terminated => Verb::Renew(listed.renew_months),
        };
        Some((day, instance, verb))
    }));
    repairs.retain(|doing| !known.contains(doing));
    repairs
}
