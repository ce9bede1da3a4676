//! What people have to do besides paying, so that the instances that are asked for stay and no other takes their money.
//!
//! Rule **plan-keep** of docs/spec.

use std::collections::{BTreeMap, BTreeSet};

use super::AmpleRun;
use crate::analysis::losses::{Losses, RowMeaning};
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::Entry;
use crate::engine::{PlannedStep, Refusal, Simulation};
use crate::model::action::Verb;
use crate::model::calendar::Day;
use crate::model::instance::{ChargeType, InstanceIndex, RenewFlag, State};

/// What people do with an instance on a day.
pub(super) type Doing = (Day, InstanceIndex, Verb);

/// What is done on a day is done in this order.
pub(super) fn order((day, instance, verb): &Doing) -> (Day, u8, InstanceIndex) {
    let place = match verb {
        Verb::Start => 0,
        Verb::Renew(_) => 1,
        _ => 2,
    };
    (*day, place, *instance)
}

/// Flags and stops on the first day of the run, or on the day on which an instance begins: what is kept renews itself, what
/// is not kept neither renews itself nor runs by the hour.
pub(super) fn flags(opening: &Simulation<'_>, kept: &[InstanceIndex]) -> Vec<Doing> {
    let is_kept = |instance: InstanceIndex| kept.binary_search(&instance).is_ok();
    let doing = |instance| {
        if is_kept(instance) {
            keep(opening, instance)
        } else {
            let_go(opening, instance)
        }
    };
    opening.instances().filter_map(doing).collect()
}

/// The day from which on people can do something with an instance.
fn beginning(opening: &Simulation<'_>, instance: InstanceIndex) -> Option<Day> {
    let book = opening.book();
    match opening.state(instance) {
        Some(State::Terminated) => None,
        Some(_) => Some(book.days.from),
        None => book
            .instance(instance)
            .starts_on
            .filter(|day| book.days.contains(*day)),
    }
}

fn keep(opening: &Simulation<'_>, instance: InstanceIndex) -> Option<Doing> {
    let listed = opening.book().instance(instance);
    let idle = listed.charge_type == ChargeType::Prepaid && listed.renew_flag != RenewFlag::Auto;
    let day = beginning(opening, instance).filter(|_| idle)?;
    Some((day, instance, Verb::SetFlag(RenewFlag::Auto, None)))
}

/// What keeps an instance from costing anything by itself; none where it costs nothing.
pub(super) fn let_go(opening: &Simulation<'_>, instance: InstanceIndex) -> Option<Doing> {
    let listed = opening.book().instance(instance);
    let verb = match (listed.charge_type, listed.renew_flag) {
        (ChargeType::Prepaid, RenewFlag::Auto) => Verb::SetFlag(RenewFlag::None, None),
        (ChargeType::Postpaid, _) if opening.state(instance) != Some(State::Stopped) => Verb::Stop,
        _ => return None,
    };
    Some((beginning(opening, instance)?, instance, verb))
}

/// Replays an account up to a day. What is let go and comes back from arrears is stopped on the day after; these stops are
/// added to what is done. Gives the rows.
pub(super) fn advance(
    trial: &mut Simulation<'_>,
    last: Day,
    (let_go, done): (&[InstanceIndex], &mut Vec<Doing>),
) -> Result<Vec<Entry>, Refusal> {
    if let_go.is_empty() {
        trial.advance(last)?;
        return Ok(trial.take_entries());
    }
    let mut all = Vec::new();
    while let Some(day) = trial.next_day().filter(|day| *day <= last) {
        trial.advance(day)?;
        let entries = trial.take_entries();
        let is_let_go = |instance: InstanceIndex| let_go.binary_search(&instance).is_ok();
        let back = entries
            .iter()
            .filter(|entry| entry.event == Event::Restored)
            .filter_map(|entry| entry.instance);
        let runs = |instance: &InstanceIndex| trial.state(*instance) == Some(State::Running);
        let back: BTreeSet<InstanceIndex> =
            back.filter(|one| is_let_go(*one)).filter(runs).collect();
        let stoppable = if day < trial.book().days.to {
            back
        } else {
            BTreeSet::new()
        };
        for instance in stoppable {
            trial.add_step(day.tomorrow(), PlannedStep::Do(instance, Verb::Stop));
            done.push((day.tomorrow(), instance, Verb::Stop));
        }
        all.extend(entries);
    }
    trial.advance(last)?;
    Ok(all)
}

/// Of what is done, what the rows of its run carry out; the rest is refused and changes nothing.
pub(super) fn carried_out(steps: Vec<Doing>, entries: &[Entry]) -> Vec<Doing> {
    let mut rows: BTreeMap<(Day, InstanceIndex, &str), usize> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.action.is_none()) {
        let verb = match (entry.event, entry.reason) {
            (Event::FlagSet, _) => "set_flag",
            (Event::Renewed | Event::Recovered, Some(Reason::Manual)) => "renew",
            (Event::Restored, Some(Reason::User)) => "start",
            (Event::Stopped, Some(Reason::User)) => "stop",
            _ => continue,
        };
        if let Some(instance) = entry.instance {
            *rows.entry((entry.date, instance, verb)).or_default() += 1;
        }
    }
    let is_carried_out =
        |(day, instance, verb): &Doing| match rows.get_mut(&(*day, *instance, verb.name())) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        };
    steps.into_iter().filter(is_carried_out).collect()
}

/// Troubles of kept instances, and what mends each.
struct UnpaidTimes {
    first: Day,
    /// Those that go on: on which day what can be done.
    open: BTreeMap<InstanceIndex, (Day, Verb)>,
    /// The first of each instance that does not pass by itself in time.
    found: BTreeMap<InstanceIndex, (Day, Verb)>,
}

impl UnpaidTimes {
    fn begin(&mut self, instance: InstanceIndex, day: Day, verb: Verb) {
        self.open
            .entry(instance)
            .or_insert((day.max(self.first), verb));
    }

    /// Something that must not happen, although it could be kept from happening.
    fn find(&mut self, instance: InstanceIndex, day: Day) {
        match self.open.get(&instance) {
            Some(trouble) if trouble.0 <= day => {
                self.found.entry(instance).or_insert(*trouble);
            }
            _ => {}
        }
    }
}

/// What the run with ample money still lacks: renewals and restarts of kept instances. What is in the bin or stopped before
/// money can come, and comes back by itself or by what people plan, is left to that.
pub(super) fn repairs(
    run: &AmpleRun<'_>,
    (opening, kept): (&Simulation<'_>, &[InstanceIndex]),
    known: &[Doing],
    first: Option<Day>,
) -> Vec<Doing> {
    let Some(first) = first else {
        return Vec::new();
    };
    let book = opening.book();
    let renewal = |instance: InstanceIndex| Verb::Renew(book.instance(instance).renew_months);
    let mut troubles = UnpaidTimes {
        first,
        open: BTreeMap::new(),
        found: BTreeMap::new(),
    };
    for instance in kept {
        match opening.state(*instance) {
            Some(State::Overdue | State::Reclaimed) => {
                troubles.begin(*instance, first, renewal(*instance))
            }
            Some(State::Stopped) => troubles.begin(*instance, first, Verb::Start),
            _ => {}
        }
    }
    let mut meanings = Losses::open_some(book, opening.instances());
    let mut refused: BTreeSet<(Day, InstanceIndex)> = BTreeSet::new();
    for entry in &run.entries {
        let meaning = meanings.meaning_of_entry(entry);
        let Some(instance) = entry
            .instance
            .filter(|instance| kept.binary_search(instance).is_ok())
        else {
            continue;
        };
        match (meaning, entry.event) {
            (_, Event::Expired) => troubles.begin(instance, entry.date, renewal(instance)),
            (Some(RowMeaning::Reclaimed), _) => {
                troubles.begin(instance, entry.date, renewal(instance));
                troubles.find(instance, entry.date);
            }
            (Some(RowMeaning::Stopped), _) => troubles.begin(instance, entry.date, Verb::Start),
            (Some(RowMeaning::Lost), _) => {
                // Gone in the morning, before anything can be done on that day.
                troubles.find(instance, entry.date.yesterday());
                troubles.open.remove(&instance);
            }
            (Some(RowMeaning::Settled | RowMeaning::Back | RowMeaning::GivenUp), _)
            | (_, Event::Restored | Event::Stopped) => {
                troubles.open.remove(&instance);
            }
            (_, Event::Rejected) if entry.action.is_none() => {
                refused.insert((entry.date, instance));
            }
            _ => {}
        }
    }
    let UnpaidTimes {
        open, mut found, ..
    } = troubles;
    open.into_iter().for_each(|(instance, trouble)| {
        found.entry(instance).or_insert(trouble);
    });
    let doings = found
        .into_iter()
        .map(|(instance, (day, verb))| (day, instance, verb));
    // What was refused once is refused again.
    doings
        .filter(|doing| !(refused.contains(&(doing.0, doing.1)) && known.contains(doing)))
        .collect()
}
