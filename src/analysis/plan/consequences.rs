//! What happens if one top-up does not come and all others do: the instances that fail until the next one, and how each of
//! them ends.
//!
//! Rule **plan-without** of docs/spec.

use std::collections::BTreeSet;

use super::TopUp;
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

/// Tells for each top-up what happens without it.
pub(super) fn tell(opening: &Simulation<'_>, top_ups: &mut [TopUp]) -> Result<(), Refusal> {
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
    mut trial: Simulation<'_>,
    from: Day,
    later: &[TopUp],
) -> Result<Vec<Consequence>, Refusal> {
    let next = later.first().map(|next| next.arrival.arrives);
    let mut coming = later.iter().peekable();
    let mut story = Vec::new();
    let mut victims: BTreeSet<InstanceIndex> = BTreeSet::new();
    let mut taking = true;
    loop {
        // Most stories end before the next top-up but one, so none is added before its day.
        while let Some(top_up) = coming.next_if(|one| {
            trial
                .next_day()
                .is_none_or(|day| one.arrival.arrives <= day)
        }) {
            trial.add_step(top_up.arrival.arrives, PlannedStep::Receive(top_up.amount));
        }
        let Some(day) = trial.next_day() else { break };
        if victims.is_empty() && next.is_some_and(|next| day > next) {
            break;
        }
        trial.advance(day)?;
        for entry in trial
            .take_entries()
            .iter()
            .filter(|entry| entry.date >= from)
        {
            taking &= !(Some(entry.date) == next && is_of_the_plan(entry));
            let Some(instance) = entry.instance else {
                continue;
            };
            let told = Consequence {
                day: entry.date,
                instance: entry.instance,
                event: entry.event,
            };
            let is_victim = victims.contains(&instance);
            match entry.event {
                Event::Rejected if taking && begins(entry) => story.push(told),
                _ if taking && !is_victim && begins(entry) => {
                    story.push(told);
                    victims.insert(instance);
                }
                Event::Expired | Event::Reclaimed if is_victim => story.push(told),
                Event::Renewed
                | Event::Recovered
                | Event::Restored
                | Event::Terminated
                | Event::Returned
                    if is_victim =>
                {
                    story.push(told);
                    victims.remove(&instance);
                }
                _ => {}
            }
        }
        taking &= next.is_none_or(|next| day < next);
    }
    Ok(story)
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
