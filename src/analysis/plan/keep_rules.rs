//! What people have to do besides paying, so that the instances that are asked for stay and no other takes their money.
//!
//! It never plans money: it reads runs with ample money.

use std::collections::{BTreeMap, BTreeSet};

use super::{AmpleRun, InstanceStep};
use crate::analysis::losses::{Losses, RowMeaning};
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::Entry;
use crate::engine::{PlannedStep, Refusal, Simulation};
use crate::model::action::Verb;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::{ChargeType, InstanceIndex, RenewFlag, State};

impl InstanceStep {
    /// Steps of a day are done in this order.
    pub(super) fn rank(&self) -> (Day, u8, InstanceIndex) {
        let place = match self.verb {
            Verb::Start => 0,
            Verb::Renew(_) => 1,
            _ => 2,
        };
        (self.day, place, self.instance)
    }

    /// Adds it to a simulation.
    pub(super) fn add_to(&self, fork: &mut Simulation<'_>) {
        fork.add_step(self.day, PlannedStep::Do(self.instance, self.verb));
    }
}

/// Flags and stops on the first day of the run, or on the day on which an instance begins: what is kept renews itself, what
/// is not kept neither renews itself nor runs by the hour.
pub(super) fn flags(opening: &Simulation<'_>, kept: &BTreeSet<InstanceIndex>) -> Vec<InstanceStep> {
    let steps = opening
        .instances()
        .map(|instance| match kept.contains(&instance) {
            true => keep(opening, instance),
            false => let_go(opening, instance),
        });
    steps.flatten().collect()
}

/// A step on the first day on which people can do something with an instance; none where there is no such day.
fn at_beginning(
    opening: &Simulation<'_>,
    instance: InstanceIndex,
    verb: Verb,
) -> Option<InstanceStep> {
    let book = opening.book();
    let day = match opening.state(instance) {
        Some(State::Terminated) => return None,
        Some(_) => book.days.from,
        None => book.instance(instance).starts_on?,
    };
    let step = InstanceStep {
        day,
        instance,
        verb,
    };
    book.days.contains(day).then_some(step)
}

fn keep(opening: &Simulation<'_>, instance: InstanceIndex) -> Option<InstanceStep> {
    let listed = opening.book().instance(instance);
    if listed.charge_type == ChargeType::Postpaid || listed.renew_flag == RenewFlag::Auto {
        return None;
    }
    at_beginning(opening, instance, Verb::SetFlag(RenewFlag::Auto, None))
}

/// What keeps an instance from costing anything by itself; none where it costs nothing.
pub(super) fn let_go(opening: &Simulation<'_>, instance: InstanceIndex) -> Option<InstanceStep> {
    let listed = opening.book().instance(instance);
    let verb = match (listed.charge_type, listed.renew_flag) {
        (ChargeType::Prepaid, RenewFlag::Auto) => Verb::SetFlag(RenewFlag::None, None),
        (ChargeType::Postpaid, _) if opening.state(instance) != Some(State::Stopped) => Verb::Stop,
        _ => return None,
    };
    at_beginning(opening, instance, verb)
}

/// The rows of a day.
pub(super) struct DayRows {
    pub day: Day,
    pub entries: Vec<Entry>,
}

/// Replays the next day up to `last` on which something can happen; none once `last` is reached.
pub(super) fn next_rows(fork: &mut Simulation<'_>, last: Day) -> Result<Option<DayRows>, Refusal> {
    let Some(day) = fork.next_day().filter(|day| *day <= last) else {
        fork.advance(last)?;
        return Ok(None);
    };
    fork.advance(day)?;
    let entries = fork.take_entries();
    Ok(Some(DayRows { day, entries }))
}

/// Replays an account up to a day. What is let go and comes back from arrears is stopped on the day after; these stops are
/// added to `steps`. Gives the rows.
pub(super) fn advance(
    fork: &mut Simulation<'_>,
    last: Day,
    let_go: &BTreeSet<InstanceIndex>,
    steps: &mut Vec<InstanceStep>,
) -> Result<Vec<Entry>, Refusal> {
    if let_go.is_empty() {
        fork.advance(last)?;
        return Ok(fork.take_entries());
    }
    let mut all = Vec::new();
    while let Some(rows) = next_rows(fork, last)? {
        let restored = rows
            .entries
            .iter()
            .filter(|entry| entry.event == Event::Restored);
        let back: BTreeSet<InstanceIndex> = restored
            .filter_map(|entry| entry.instance)
            .filter(|one| let_go.contains(one) && fork.state(*one) == Some(State::Running))
            .filter(|_| rows.day < fork.book().days.to)
            .collect();
        for instance in back {
            let step = InstanceStep {
                day: rows.day.tomorrow(),
                instance,
                verb: Verb::Stop,
            };
            step.add_to(fork);
            steps.push(step);
        }
        all.extend(rows.entries);
    }
    Ok(all)
}

/// The steps that the rows of their run carry out; the rest is refused and changes nothing.
pub(super) fn carried_out(mut steps: Vec<InstanceStep>, entries: &[Entry]) -> Vec<InstanceStep> {
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
    steps.retain(|step| {
        let left = rows.get_mut(&(step.day, step.instance, step.verb.name()));
        left.is_some_and(|left| {
            let is_left = *left > 0;
            *left -= usize::from(is_left);
            is_left
        })
    });
    steps
}

/// What the run with ample money still lacks: renewals and restarts of kept instances. What is in the bin or stopped before
/// money can come, and comes back by itself or by what people plan, is left to that.
pub(super) fn repairs(
    run: &AmpleRun<'_>,
    opening: &Simulation<'_>,
    kept: &BTreeSet<InstanceIndex>,
    first: Day,
) -> Repairs {
    let book = opening.book();
    let mut repairs = Repairs {
        first,
        open: BTreeMap::new(),
        found: BTreeMap::new(),
        refused: BTreeSet::new(),
    };
    for instance in kept {
        match opening.state(*instance) {
            Some(State::Overdue | State::Reclaimed) => {
                repairs.begin(*instance, first, renewal(book, *instance));
            }
            Some(State::Stopped) => repairs.begin(*instance, first, Verb::Start),
            _ => {}
        }
    }
    let mut meanings = Losses::open_some(book, opening.instances());
    for entry in &run.entries {
        let meaning = meanings.meaning_of_entry(entry);
        if let Some(instance) = entry.instance.filter(|instance| kept.contains(instance)) {
            repairs.read(instance, entry, meaning, renewal(book, instance));
        }
    }
    repairs
}

fn renewal(book: &Book, instance: InstanceIndex) -> Verb {
    Verb::Renew(book.instance(instance).renew_months)
}

/// Times in which kept instances are not paid for, and the step that ends each.
pub(super) struct Repairs {
    first: Day,
    /// Of the times that go on.
    open: BTreeMap<InstanceIndex, InstanceStep>,
    /// Of the first time of each instance that does not pass by itself.
    found: BTreeMap<InstanceIndex, InstanceStep>,
    refused: BTreeSet<(Day, InstanceIndex)>,
}

impl Repairs {
    fn begin(&mut self, instance: InstanceIndex, day: Day, verb: Verb) {
        let step = InstanceStep {
            day: day.max(self.first),
            instance,
            verb,
        };
        self.open.entry(instance).or_insert(step);
    }

    /// What must not happen happens, although a step until `day` would have prevented it.
    fn find(&mut self, instance: InstanceIndex, day: Day) {
        if let Some(step) = self.open.get(&instance).filter(|step| step.day <= day) {
            self.found.entry(instance).or_insert(*step);
        }
    }

    fn read(
        &mut self,
        instance: InstanceIndex,
        entry: &Entry,
        meaning: Option<RowMeaning>,
        renewal: Verb,
    ) {
        match (meaning, entry.event) {
            (_, Event::Expired) => self.begin(instance, entry.date, renewal),
            (Some(RowMeaning::Reclaimed), _) => {
                self.begin(instance, entry.date, renewal);
                self.find(instance, entry.date);
            }
            (Some(RowMeaning::Stopped), _) => self.begin(instance, entry.date, Verb::Start),
            (Some(RowMeaning::Lost), _) => {
                // Gone in the morning, before anything can be done on that day.
                self.find(instance, entry.date.yesterday());
                self.open.remove(&instance);
            }
            (Some(RowMeaning::Settled | RowMeaning::Back | RowMeaning::GivenUp), _)
            | (_, Event::Restored | Event::Stopped) => {
                self.open.remove(&instance);
            }
            (_, Event::Rejected) if entry.action.is_none() => {
                self.refused.insert((entry.date, instance));
            }
            _ => {}
        }
    }

    /// The steps that are missing, besides those already taken.
    pub(super) fn into_steps(mut self, taken: &[InstanceStep]) -> Vec<InstanceStep> {
        for (instance, step) in self.open {
            self.found.entry(instance).or_insert(step);
        }
        let mut steps: Vec<InstanceStep> = self.found.into_values().collect();
        // What was refused once is refused again.
        steps.retain(|step| {
            let is_refused = self.refused.contains(&(step.day, step.instance));
            !(is_refused && taken.contains(step))
        });
        steps
    }
}
