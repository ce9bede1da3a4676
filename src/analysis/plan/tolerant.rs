//! The least sums where renewals may be late.
//!
//! What a late payment costs, and which of several it is, depends on the money itself, and more money can keep less: a
//! dear renewal that comes first in the charge order takes what a cheap one had. So sums are not halved until they fit; they
//! grow from nothing by the least sum with which any decision would be another one (a parametric search by breakpoints). Between
//! two such sums the run is the same, so the first that fits is the least there is.

use std::collections::{BTreeMap, BTreeSet};

use super::arrivals::Arrival;
use super::keep_rules;
use super::{AmpleRun, FundingFailure, InstanceStep, NeedCause, PlanSetting, Tolerance, TopUp};
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
    let_go: &'s BTreeSet<InstanceIndex>,
    /// What happens with ample money, too, with all its days.
    anyhow: BTreeMap<Harm, Vec<Day>>,
}

/// The account on the morning of an arrival.
#[derive(Clone)]
struct LateWalk<'b> {
    fork: Simulation<'b>,
    meanings: Losses,
    /// How often each harm was done.
    seen: BTreeMap<Harm, usize>,
    /// Instances whose auto-renewal failed since they were last paid, although money could have come.
    short: BTreeSet<InstanceIndex>,
}

/// A sum that is tried on a day, and the day of the next arrival.
#[derive(Clone, Copy)]
struct Attempt {
    day: Day,
    amount: Money,
    next: Option<Day>,
}

/// Why a sum does not do, and how much more it takes at least for anything to change.
struct TooLittle {
    failure: FundingFailure,
    more: Option<Money>,
}

impl<'s> LateSearch<'s> {
    pub(super) fn search_late(
        setting: &'s PlanSetting<'s>,
        run: &AmpleRun<'_>,
        reserve: Option<Money>,
        let_go: &'s BTreeSet<InstanceIndex>,
    ) -> Self {
        let mut anyhow: BTreeMap<Harm, Vec<Day>> = BTreeMap::new();
        let mut meanings = meanings(&run.end);
        for entry in &run.entries {
            if let Some(meaning) = meanings.meaning_of_entry(entry)
                && is_too_late(meaning, setting.question.tolerance)
            {
                let days = anyhow.entry((meaning, entry.instance)).or_default();
                days.push(entry.date);
            }
        }
        Self {
            setting,
            reserve,
            let_go,
            anyhow,
        }
    }

    /// The least sum on the first day, then the least on the second, and so on; and the stops of what is let go and comes back
    /// with them.
    pub(super) fn top_ups(
        &self,
        opening: &Simulation<'_>,
    ) -> Result<(Vec<TopUp>, Vec<InstanceStep>), Refusal> {
        let mut walk = LateWalk {
            fork: opening.clone(),
            meanings: meanings(opening),
            seen: BTreeMap::new(),
            short: BTreeSet::new(),
        };
        let (mut top_ups, mut stops) = (Vec::new(), Vec::new());
        let arrivals = self.setting.arrivals;
        for (at, arrival) in arrivals.iter().enumerate() {
            let eve = arrival.arrives.yesterday();
            for entry in keep_rules::advance(&mut walk.fork, eve, self.let_go, &mut stops)? {
                self.is_bad(&mut walk, &entry);
            }
            let next = arrivals.get(at + 1).map(|next| next.arrives);
            if let Some(top_up) = self.least(&walk, *arrival, next)? {
                let money = PlannedStep::Receive(top_up.amount);
                walk.fork.add_step(arrival.arrives, money);
                top_ups.push(top_up);
            }
        }
        let last = opening.book().days.to;
        keep_rules::advance(&mut walk.fork, last, self.let_go, &mut stops)?;
        Ok((top_ups, stops))
    }

    /// The least sum that does at an arrival; none where nothing is needed, or no sum does.
    fn least(
        &self,
        walk: &LateWalk<'_>,
        arrival: Arrival,
        next: Option<Day>,
    ) -> Result<Option<TopUp>, Refusal> {
        let mut attempt = Attempt {
            day: arrival.arrives,
            amount: Money::ZERO,
            next,
        };
        let mut first = None;
        while let Err(too_little) = self.attempt(walk, attempt)? {
            first.get_or_insert(too_little.failure);
            let Some(more) = too_little.more else { break };
            debug_assert!(more > Money::ZERO, "a search by breakpoints moves on");
            attempt.amount += more;
        }
        let amount = attempt.amount;
        let Some(first) = first.filter(|_| amount > Money::ZERO) else {
            return Ok(None);
        };
        let first = FundingFailure {
            by: self.latest(walk, attempt)?,
            missing: amount,
            ..first
        };
        Ok(Some(TopUp {
            arrival,
            amount,
            first,
            without: Vec::new(),
        }))
    }

    /// The last day to which a sum can be put off in one piece.
    fn latest(&self, walk: &LateWalk<'_>, mut attempt: Attempt) -> Result<Day, Refusal> {
        let end = attempt
            .next
            .map_or(walk.fork.book().days.to, Day::yesterday);
        let mut latest = attempt.day;
        while latest < end {
            attempt.day = latest.tomorrow();
            if self.attempt(walk, attempt)?.is_err() {
                break;
            }
            latest = attempt.day;
        }
        Ok(latest)
    }

    /// Whether a sum on a day does, with ample money from the next arrival on.
    fn attempt(
        &self,
        walk: &LateWalk<'_>,
        attempt: Attempt,
    ) -> Result<Result<(), TooLittle>, Refusal> {
        let mut walk = walk.clone();
        let book = walk.fork.book();
        walk.fork.reset_margin();
        let money = PlannedStep::Receive(attempt.amount);
        walk.fork.add_step(attempt.day, money);
        if let Some(next) = attempt.next {
            let ample = PlannedStep::Receive(self.setting.ample);
            walk.fork.add_step(next, ample);
        }
        while let Some(today) = walk.fork.next_day() {
            let entries = keep_rules::advance(&mut walk.fork, today, self.let_go, &mut Vec::new())?;
            let bad = entries.iter().find(|entry| self.is_bad(&mut walk, entry));
            let short = self.reserve.map(|reserve| reserve - walk.fork.available());
            let short = short.filter(|short| today >= attempt.day && *short > Money::ZERO);
            if bad.is_none() && short.is_none() {
                continue;
            }
            let failure = FundingFailure {
                day: today,
                by: today,
                cause: bad.map_or(NeedCause::Floor, |entry| cause(book, entry)),
                instance: bad.and_then(|entry| entry.instance),
                missing: Money::ZERO,
            };
            let more = walk.fork.margin().into_iter().chain(short).min();
            return Ok(Err(TooLittle { failure, more }));
        }
        Ok(Ok(()))
    }

    /// Whether the next row says that something was later than tolerated and need not have been: with ample money it does
    /// not happen as often or as early, or only a payment that failed since the first arrival led to it.
    fn is_bad(&self, walk: &mut LateWalk<'_>, entry: &Entry) -> bool {
        let Some(meaning) = walk.meanings.meaning_of_entry(entry) else {
            return false;
        };
        match (meaning, entry.instance) {
            (RowMeaning::Fails | RowMeaning::FailsAgain, Some(instance))
                if self.setting.first() <= Some(entry.date) =>
            {
                walk.short.insert(instance);
            }
            (RowMeaning::Settled | RowMeaning::Back, Some(instance)) => {
                walk.short.remove(&instance);
            }
            _ => {}
        }
        if !is_too_late(meaning, self.setting.question.tolerance) {
            return false;
        }
        let harm = (meaning, entry.instance);
        let times = walk.seen.entry(harm).or_default();
        let days = self.anyhow.get(&harm);
        let with_ample = days.and_then(|days| days.get(*times));
        *times += 1;
        let is_short = entry.instance.is_some_and(|one| walk.short.contains(&one));
        (is_short && meaning != RowMeaning::Refused)
            || with_ample.is_none_or(|day| entry.date < *day)
    }
}

/// What rows of the account mean, from its opening on.
fn meanings(fork: &Simulation<'_>) -> Losses {
    Losses::open_some(fork.book(), fork.instances())
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
    mut unmet: Vec<FundingFailure>,
    run: &AmpleRun<'_>,
    tolerance: Tolerance,
) -> Vec<FundingFailure> {
    use RowMeaning::{Back, Fails, FailsAgain, GivenUp, Settled};
    let mut meanings = meanings(&run.end);
    let rows = run.entries.iter();
    let rows: Vec<(&Entry, RowMeaning)> = rows
        .filter_map(|entry| Some((entry, meanings.meaning_of_entry(entry)?)))
        .collect();
    unmet.retain(|failure| {
        let later = rows.iter().filter(|(entry, _)| entry.date >= failure.day);
        match failure.cause {
            NeedCause::Usage => hours_are_too_late(later, tolerance),
            NeedCause::Purchase | NeedCause::Change => true,
            _ => later
                .filter(|(entry, _)| entry.instance == failure.instance)
                .map(|(_, meaning)| *meaning)
                .skip_while(|meaning| !matches!(meaning, Fails | FailsAgain))
                .take_while(|meaning| !matches!(meaning, Settled | Back | GivenUp))
                .any(|meaning| is_too_late(meaning, tolerance)),
        }
    });
    unmet
}

/// Whether arrears stop instances, or are the reason why some of them are lost.
fn hours_are_too_late<'e>(
    rows: impl Iterator<Item = &'e (&'e Entry, RowMeaning)>,
    tolerance: Tolerance,
) -> bool {
    let mut stopped = BTreeSet::new();
    for (entry, meaning) in rows {
        match *meaning {
            RowMeaning::Stopped if is_too_late(*meaning, tolerance) => return true,
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
