//! The least sums where renewals may be late.
//!
//! What a late payment costs, and which of several it is, depends on the money itself, and more money can keep less: a
//! dear renewal that comes first in the charge order takes what a cheap one had. So sums are not halved until they fit; they
//! grow from nothing by the least sum with which any decision would be another one. Between two such sums the run is the
//! same, so the first that fits is the least there is.

use std::collections::BTreeMap;

use super::{AmpleRun, Cause, Failure, Setting, Tolerance, TopUp};
use crate::book::Book;
use crate::calendar::Day;
use crate::engine::{Refusal, Step, Trial};
use crate::event::{Event, Reason};
use crate::instance::{ChargeType, InstanceIndex};
use crate::ledger::Entry;
use crate::money::Money;

/// The search for an account.
pub(super) struct Search<'s> {
    setting: &'s Setting<'s>,
    reserve: Option<Money>,
    tolerance: Tolerance,
    /// What happens whatever is paid, with its first day.
    anyhow: BTreeMap<(Event, Option<InstanceIndex>), Day>,
}

/// Why a sum does not do, and how much more it takes at least for anything to change.
struct TooLittle {
    failure: Failure,
    more: Option<Money>,
}

impl<'s> Search<'s> {
    pub(super) fn new(
        setting: &'s Setting<'s>,
        run: &AmpleRun<'_>,
        reserve: Option<Money>,
        tolerance: Tolerance,
    ) -> Self {
        let mut anyhow = BTreeMap::new();
        for entry in run.entries.iter().filter(|entry| is_too_late(entry, tolerance)) {
            anyhow.entry((entry.event, entry.instance)).or_insert(entry.date);
        }
        Self { setting, reserve, tolerance, anyhow }
    }

    /// The least sum on the first day, then the least on the second, and so on.
    pub(super) fn top_ups(&self, opening: &Trial<'_>) -> Result<Vec<TopUp>, Refusal> {
        let mut walk = opening.clone();
        let mut top_ups = Vec::new();
        let arrivals = self.setting.arrivals;
        for (at, arrival) in arrivals.iter().enumerate() {
            walk.advance(arrival.arrives.yesterday())?;
            walk.take_entries();
            let next = arrivals.get(at + 1).map(|next| next.arrives);
            let mut amount = Money::ZERO;
            let mut first = None;
            while let Err(too_little) = self.attempt(&walk, (arrival.arrives, amount), next)? {
                first.get_or_insert(too_little.failure);
                let Some(more) = too_little.more else { break };
                amount += more;
            }
            if let Some(first) = first.filter(|_| amount > Money::ZERO) {
                let by = self.latest(&walk, (arrival.arrives, amount), next)?;
                let first = Failure { by, missing: amount, ..first };
                top_ups.push(TopUp { arrival: *arrival, amount, first, without: Vec::new() });
                walk.add(arrival.arrives, Step::Receive(amount));
            }
        }
        Ok(top_ups)
    }

    /// The last day to which a sum can be put off in one piece.
    fn latest(&self, walk: &Trial<'_>, (day, amount): (Day, Money), next: Option<Day>) -> Result<Day, Refusal> {
        let end = next.map_or(walk.book().days.to, Day::yesterday);
        let mut latest = day;
        while latest < end && self.attempt(walk, (latest.tomorrow(), amount), next)?.is_ok() {
            latest = latest.tomorrow();
        }
        Ok(latest)
    }

    /// Whether a sum on a day does, with ample money from the next arrival on.
    fn attempt(
        &self,
        walk: &Trial<'_>,
        (day, amount): (Day, Money),
        next: Option<Day>,
    ) -> Result<Result<(), TooLittle>, Refusal> {
        let mut trial = walk.clone();
        trial.watch();
        trial.add(day, Step::Receive(amount));
        next.into_iter().for_each(|next| trial.add(next, Step::Receive(self.setting.ample)));
        while let Some(today) = trial.next_day() {
            trial.advance(today)?;
            let entries = trial.take_entries();
            let bad = entries.iter().find(|entry| self.is_bad(entry));
            let short = self.reserve.map(|reserve| reserve - trial.available()).filter(|short| *short > Money::ZERO);
            let short = short.filter(|_| today >= day);
            if bad.is_none() && short.is_none() {
                continue;
            }
            let cause = bad.map_or(Cause::Floor, |entry| cause(walk.book(), entry));
            let instance = bad.and_then(|entry| entry.instance);
            let failure = Failure { day: today, by: today, cause, instance, missing: Money::ZERO };
            let more = trial.narrowest().into_iter().chain(short).min();
            return Ok(Err(TooLittle { failure, more }));
        }
        Ok(Ok(()))
    }

    fn is_bad(&self, entry: &Entry) -> bool {
        let anyhow = self.anyhow.get(&(entry.event, entry.instance));
        is_too_late(entry, self.tolerance) && anyhow.is_none_or(|day| entry.date < *day)
    }
}

fn cause(book: &Book, entry: &Entry) -> Cause {
    let charge_type = entry.instance.map(|instance| book.instance(instance).charge_type);
    match entry.event {
        Event::Stopped => Cause::Usage,
        Event::Terminated if charge_type == Some(ChargeType::Postpaid) => Cause::Usage,
        Event::Rejected if entry.action.is_none() => Cause::Purchase,
        Event::Rejected => Cause::Change,
        _ => Cause::Renewal,
    }
}

/// Whether a row says that a renewal or usage was later than tolerated.
fn is_too_late(entry: &Entry, tolerance: Tolerance) -> bool {
    match (entry.event, entry.reason) {
        (Event::Rejected, Some(Reason::InsufficientFunds)) => true,
        (Event::Terminated, Some(Reason::RetentionOver)) => true,
        (Event::Reclaimed, _) | (Event::Stopped, Some(Reason::Arrears)) => tolerance != Tolerance::Reclaimed,
        _ => false,
    }
}

/// Of what fails before money can come, what is not tolerated.
pub(super) fn unmet(unmet: Vec<Failure>, entries: &[Entry], tolerance: Tolerance) -> Vec<Failure> {
    let too_late = |failure: &Failure| {
        let concerns = |entry: &&Entry| match failure.cause {
            Cause::Usage => entry.event == Event::Stopped || entry.reason == Some(Reason::RetentionOver),
            _ => entry.instance == failure.instance,
        };
        entries.iter().filter(concerns).any(|entry| entry.date >= failure.day && is_too_late(entry, tolerance))
    };
    unmet.into_iter().filter(too_late).collect()
}
