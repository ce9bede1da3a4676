//! What happens if one top-up does not come and all others do: the instances that fail until the next one, and how each of
//! them ends. It changes no sum.

use std::collections::BTreeSet;

use super::TopUp;
use super::keep_rules::next_rows;
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::Entry;
use crate::engine::{PlannedStep, Refusal, Simulation};
use crate::model::calendar::Day;
use crate::model::instance::InstanceIndex;

/// Something that happens because a top-up does not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consequence {
    /// The day.
    pub day: Day,
    /// To which instance.
    pub instance: Option<InstanceIndex>,
    /// What.
    pub event: Event,
}

/// Finds for each top-up what happens without it.
pub(super) fn find(opening: &Simulation<'_>, top_ups: &mut [TopUp]) -> Result<(), Refusal> {
    let mut walk = opening.clone();
    for at in 0..top_ups.len() {
        let day = top_ups[at].arrival.arrives;
        walk.advance(day.yesterday())?;
        walk.take_entries();
        let (one, later) = top_ups[at..].split_at_mut(1);
        one[0].without = follow(walk.clone(), day, later)?;
        walk.add_step(day, PlannedStep::Receive(top_ups[at].amount));
    }
    Ok(())
}

/// Follows a run from a day on, to which later top-ups come: victims are taken until the first of these is there, and
/// followed to their end.
fn follow(
    mut fork: Simulation<'_>,
    from: Day,
    later: &[TopUp],
) -> Result<Vec<Consequence>, Refusal> {
    let last = fork.book().days.to;
    let next = later.first().map(|next| next.arrival.arrives);
    let mut coming = later.iter().peekable();
    let mut victims = Victims {
        taking: true,
        taken: BTreeSet::new(),
        found: Vec::new(),
    };
    loop {
        let day = fork.next_day();
        // Most end before the next top-up but one, so none is added before its day.
        if let Some(top_up) = coming.next_if(|one| day.is_none_or(|day| one.arrival.arrives <= day))
        {
            fork.add_step(top_up.arrival.arrives, PlannedStep::Receive(top_up.amount));
            continue;
        }
        let is_late = day.zip(next).is_some_and(|(day, next)| day > next);
        if is_late && victims.taken.is_empty() {
            break;
        }
        let Some(rows) = next_rows(&mut fork, last)? else {
            break;
        };
        for entry in rows.entries.iter().filter(|entry| entry.date >= from) {
            victims.taking &= !(Some(entry.date) == next && is_of_the_plan(entry));
            victims.read(entry);
        }
        victims.taking &= next.is_none_or(|next| rows.day < next);
    }
    Ok(victims.found)
}

/// The instances that fail, and what happens to them.
struct Victims {
    /// Whether what fails now is a victim.
    taking: bool,
    taken: BTreeSet<InstanceIndex>,
    found: Vec<Consequence>,
}

impl Victims {
    fn read(&mut self, entry: &Entry) {
        let Some(instance) = entry.instance else {
            return;
        };
        let is_taken = self.taken.contains(&instance);
        let is_found = match entry.event {
            Event::Rejected => self.taking && begins(entry),
            _ if self.taking && !is_taken && begins(entry) => self.taken.insert(instance),
            Event::Expired | Event::Reclaimed => is_taken,
            Event::Renewed
            | Event::Recovered
            | Event::Restored
            | Event::Terminated
            | Event::Returned => self.taken.remove(&instance),
            _ => false,
        };
        if is_found {
            self.found.push(Consequence {
                day: entry.date,
                instance: entry.instance,
                event: entry.event,
            });
        }
    }
}

/// Whether a row is a top-up of the plan, behind the actions of its day.
fn is_of_the_plan(entry: &Entry) -> bool {
    entry.event == Event::TopUp && entry.action.is_none()
}

/// Whether a row is the first sign of missing money.
fn begins(entry: &Entry) -> bool {
    match entry.event {
        Event::RenewalFailed => true,
        Event::Rejected => entry.reason == Some(Reason::InsufficientFunds),
        Event::Stopped => entry.reason == Some(Reason::Arrears),
        _ => false,
    }
}
