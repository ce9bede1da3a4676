//! The least sums where renewals may be late.
//!
//! What a late payment costs, and which of several it is, depends on the money itself, and more money can keep less: a
//! dear renewal that comes first in the charge order takes what a cheap one had. So sums are not halved until they fit; they
//! grow from nothing by the least sum with which any decision would be another one. Between two such sums the run is the
//! same, so the first that fits is the least there is.
//!
//! Rule **plan-late** of docs/spec.

use std::collections::{BTreeMap, BTreeSet};

use super::keep_rules::{self, Doing};
use super::{AmpleRun, FundingFailure, NeedCause, PlanSetting, Tolerance, TopUp};
use crate::analysis::losses::{Losses, RowMeaning};
use crate::engine::event::Event;
use crate::engine::ledger::Entry;
use crate::engine::{PlannedStep, Refusal, Simulation};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::{ChargeType, InstanceIndex};
use crate::model::money::Money;

/// Something that must not happen, to which instance; none where it is about a purchase or payment of no instance.
type Harm = (RowMeaning, Option<InstanceIndex>);

/// The search for an account.
pub(super) struct LateSearch<'s> {
    setting: &'s PlanSetting<'s>,
    reserve: Option<Money>,
    tolerance: Tolerance,
    let_go: &'s [InstanceIndex],
    /// What happens with ample money, too, with all its days.
    anyhow: BTreeMap<Harm, Vec<Day>>,
}

/// What is known of an account so far.
#[derive(Clone)]
struct AccountHistory {
    meanings: Losses,
    /// How often each harm was done.
    seen: BTreeMap<Harm, usize>,
    /// Instances whose auto-renewal failed since they were last paid, although money could have come.
    short: BTreeSet<InstanceIndex>,
}

/// Why a sum does not do, and how much more it takes at least for anything to change.
struct TooLittle {
    failure: FundingFailure,
    more: Option<Money>,
}

impl<'s> LateSearch<'s> {
    pub(super) fn new(
        setting: &'s PlanSetting<'s>,
        run: &AmpleRun<'_>,
        (reserve, tolerance): (Option<Money>, Tolerance),
        let_go: &'s [InstanceIndex],
    ) -> Self {
        let mut anyhow: BTreeMap<Harm, Vec<Day>> = BTreeMap::new();
        let mut meanings = meanings(&run.end);
        for entry in &run.entries {
            if let Some(meaning) = meanings
                .meaning_of_entry(entry)
                .filter(|meaning| is_too_late(*meaning, tolerance))
            {
                anyhow
                    .entry((meaning, entry.instance))
                    .or_default()
                    .push(entry.date);
            }
        }
        Self {
            setting,
            reserve,
            tolerance,
            let_go,
            anyhow,
        }
    }

    /// The least sum on the first day, then the least on the second, and so on; and the stops of what is let go and comes back
    /// with them.
    pub(super) fn top_ups(
        &self,
        opening: &Simulation<'_>,
    ) -> Result<(Vec<TopUp>, Vec<Doing>), Refusal> {
        let mut walk = opening.clone();
        let mut record = AccountHistory {
            meanings: meanings(opening),
            seen: BTreeMap::new(),
            short: BTreeSet::new(),
        };
        let (mut top_ups, mut stops) = (Vec::new(), Vec::new());
        let arrivals = self.setting.arrivals;
        for (at, arrival) in arrivals.iter().enumerate() {
            let entries = keep_rules::advance(
                &mut walk,
                arrival.arrives.yesterday(),
                (self.let_go, &mut stops),
            )?;
            entries.iter().for_each(|entry| {
                self.is_bad(&mut record, entry);
            });
            let start = (&walk, &record);
            let next = arrivals.get(at + 1).map(|next| next.arrives);
            let mut amount = Money::ZERO;
            let mut first = None;
            while let Err(too_little) = self.attempt(start, (arrival.arrives, amount), next)? {
                first.get_or_insert(too_little.failure);
                let Some(more) = too_little.more else { break };
                amount += more;
            }
            if let Some(first) = first.filter(|_| amount > Money::ZERO) {
                let by = self.latest(start, (arrival.arrives, amount), next)?;
                let first = FundingFailure {
                    by,
                    missing: amount,
                    ..first
                };
                top_ups.push(TopUp {
                    arrival: *arrival,
                    amount,
                    first,
                    without: Vec::new(),
                });
                walk.add_step(arrival.arrives, PlannedStep::Receive(amount));
            }
        }
        let last = walk.book().days.to;
        keep_rules::advance(&mut walk, last, (self.let_go, &mut stops))?;
        Ok((top_ups, stops))
    }

    /// The last day to which a sum can be put off in one piece.
    /// Rule **plan-latest**.
    fn latest(
        &self,
        start: (&Simulation<'_>, &AccountHistory),
        (day, amount): (Day, Money),
        next: Option<Day>,
    ) -> Result<Day, Refusal> {
        let end = next.map_or(start.0.book().days.to, Day::yesterday);
        let mut latest = day;
        while latest < end
            && self
                .attempt(start, (latest.tomorrow(), amount), next)?
                .is_ok()
        {
            latest = latest.tomorrow();
        }
        Ok(latest)
    }

    /// Whether a sum on a day does, with ample money from the next arrival on.
    fn attempt(
        &self,
        (walk, record): (&Simulation<'_>, &AccountHistory),
        (day, amount): (Day, Money),
        next: Option<Day>,
    ) -> Result<Result<(), TooLittle>, Refusal> {
        let (mut trial, mut record) = (walk.clone(), record.clone());
        trial.reset_margin();
        trial.add_step(day, PlannedStep::Receive(amount));
        next.into_iter()
            .for_each(|next| trial.add_step(next, PlannedStep::Receive(self.setting.ample)));
        while let Some(today) = trial.next_day() {
            let entries = keep_rules::advance(&mut trial, today, (self.let_go, &mut Vec::new()))?;
            let bad = entries.iter().find(|entry| self.is_bad(&mut record, entry));
            let short = self
                .reserve
                .map(|reserve| reserve - trial.available())
                .filter(|short| *short > Money::ZERO);
            let short = short.filter(|_| today >= day);
            if bad.is_none() && short.is_none() {
                continue;
            }
            let cause = bad.map_or(NeedCause::Floor, |entry| cause(walk.book(), entry));
            let instance = bad.and_then(|entry| entry.instance);
            let failure = FundingFailure {
                day: today,
                by: today,
                cause,
                instance,
                missing: Money::ZERO,
            };
            let more = trial.margin().into_iter().chain(short).min();
            return Ok(Err(TooLittle { failure, more }));
        }
        Ok(Ok(()))
    }

    /// Whether the next row says that something was later than tolerated and need not have been: with ample money it does
    /// not happen as often or as early, or only a payment that failed since the first arrival led to it.
    fn is_bad(&self, record: &mut AccountHistory, entry: &Entry) -> bool {
        let Some(meaning) = record.meanings.meaning_of_entry(entry) else {
            return false;
        };
        match (meaning, entry.instance) {
            (RowMeaning::Fails | RowMeaning::FailsAgain, Some(instance))
                if self.setting.first() <= Some(entry.date) =>
            {
                record.short.insert(instance);
            }
            (RowMeaning::Settled | RowMeaning::Back, Some(instance)) => {
                record.short.remove(&instance);
            }
            _ => {}
        }
        if !is_too_late(meaning, self.tolerance) {
            return false;
        }
        let times = record.seen.entry((meaning, entry.instance)).or_default();
        let with_ample = self
            .anyhow
            .get(&(meaning, entry.instance))
            .and_then(|days| days.get(*times));
        *times += 1;
        let of_a_failure = meaning != RowMeaning::Refused
            && entry
                .instance
                .is_some_and(|one| record.short.contains(&one));
        of_a_failure || with_ample.is_none_or(|day| entry.date < *day)
    }
}

/// What rows of the account mean, from its opening on.
fn meanings(trial: &Simulation<'_>) -> Losses {
    Losses::open_some(trial.book(), trial.instances())
}

fn cause(book: &Book, entry: &Entry) -> NeedCause {
    let charge_type = entry
        .instance
        .map(|instance| book.instance(instance).charge_type);
    match entry.event {
        Event::Stopped => NeedCause::Usage,
        Event::Terminated if charge_type == Some(ChargeType::Postpaid) => NeedCause::Usage,
        Event::Rejected if entry.action.is_none() => NeedCause::Purchase,
        Event::Rejected => NeedCause::Change,
        _ => NeedCause::Renewal,
    }
}

/// Whether a renewal or usage is later than tolerated.
fn is_too_late(meaning: RowMeaning, tolerance: Tolerance) -> bool {
    match meaning {
        RowMeaning::Refused | RowMeaning::Lost => true,
        RowMeaning::Reclaimed | RowMeaning::Stopped => tolerance != Tolerance::Reclaimed,
        _ => false,
    }
}

/// Of what fails before money can come, what is not tolerated: what fails with it, before it is paid or given up.
pub(super) fn unmet(
    unmet: Vec<FundingFailure>,
    run: &AmpleRun<'_>,
    tolerance: Tolerance,
) -> Vec<FundingFailure> {
    let mut meanings = meanings(&run.end);
    let told: Vec<(&Entry, Option<RowMeaning>)> = run
        .entries
        .iter()
        .map(|entry| (entry, meanings.meaning_of_entry(entry)))
        .collect();
    let too_late = |failure: &FundingFailure| {
        let later = told.iter().filter(|(entry, _)| entry.date >= failure.day);
        let later = later.filter_map(|(entry, meaning)| Some((*entry, (*meaning)?)));
        match (failure.cause, failure.instance) {
            (NeedCause::Usage, _) => hours_are_too_late(later, tolerance),
            (NeedCause::Purchase | NeedCause::Change, _) => true,
            (_, of) => later
                .filter(|(entry, _)| entry.instance == of)
                .skip_while(|(_, meaning)| {
                    !matches!(meaning, RowMeaning::Fails | RowMeaning::FailsAgain)
                })
                .take_while(|(_, meaning)| {
                    !matches!(
                        meaning,
                        RowMeaning::Settled | RowMeaning::Back | RowMeaning::GivenUp
                    )
                })
                .any(|(_, meaning)| is_too_late(meaning, tolerance)),
        }
    };
    unmet.into_iter().filter(too_late).collect()
}

/// Whether arrears stop instances, or are the reason why some of them are lost.
fn hours_are_too_late<'e>(
    rows: impl Iterator<Item = (&'e Entry, RowMeaning)>,
    tolerance: Tolerance,
) -> bool {
    let mut stopped = BTreeSet::new();
    for (entry, meaning) in rows {
        match meaning {
            RowMeaning::Stopped if is_too_late(meaning, tolerance) => return true,
            RowMeaning::Stopped => {
                stopped.insert(entry.instance);
            }
            RowMeaning::Lost if stopped.contains(&entry.instance) => return true,
            RowMeaning::Back | RowMeaning::GivenUp => {
                stopped.remove(&entry.instance);
            }
            _ => {}
        }
    }
    false
}
