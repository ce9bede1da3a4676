//! What people must do with instances so that none is lost whose flag is `auto` or `manual` and that nobody gives up: the
//! instance rows of the to-do list (`docs/spec/answer.md`, **todo-list**).
//!
//! The run with ample money shows which instances are lost, or are not back when it ends. Each of them gets what helps
//! ([`remedy`]) on the last day on which that keeps it working; then the run goes on from there, until nothing is lost. It
//! never decides itself what helps.

use std::collections::{BTreeMap, BTreeSet};

use super::keep_rules::{self, next_rows};
use super::{AmpleRun, InstanceStep};
use crate::analysis::remedy::{self, Help, Outlook, RemedyReason};
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::Entry;
use crate::engine::lifecycle::{DayStatus, PrepaidStatus};
use crate::engine::{PlannedStep, Refusal, Simulation};
use crate::model::action::Verb;
use crate::model::calendar::Day;
use crate::model::instance::{InstanceIndex, RenewFlag, State, StoppedBy};
use crate::model::money::Money;
use crate::model::profile::Profile;

/// Something that people must do with an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedTask {
    /// The last day on which it keeps the instance working, else the last day that saves it.
    pub by: Day,
    /// The last day that saves the instance, within the run.
    pub latest: Day,
    /// The instance.
    pub instance: InstanceIndex,
    /// What is done: `start`, `renew`, or `set_flag`.
    pub verb: Verb,
    /// Why the instance does not do it by itself.
    pub why: RemedyReason,
    /// What it costs: the renewal, or the first one that the flag brings; none where it costs nothing by itself.
    pub cost: Option<Money>,
    /// The expiry date that this renewal brings.
    pub expiry: Option<Day>,
}

impl ListedTask {
    pub(super) fn step(&self) -> InstanceStep {
        InstanceStep {
            day: self.by,
            instance: self.instance,
            verb: self.verb,
        }
    }
}

/// What people must do in an account, and the run with it and ample money.
pub(super) struct ListedAccount<'b> {
    pub tasks: Vec<ListedTask>,
    /// Instances that nothing saves any more, with the day on which they are gone.
    pub beyond: BTreeMap<InstanceIndex, Day>,
    pub run: AmpleRun<'b>,
}

/// Finds the tasks of an account whose ample money comes on a day; none: no money comes.
pub(super) fn keep<'b>(
    opening: &Simulation<'b>,
    first: Option<Day>,
    ample: Money,
) -> Result<ListedAccount<'b>, Refusal> {
    let mut start = ListedWalk::walk_from(opening.clone());
    if let Some(first) = first {
        start.fork.add_step(first, PlannedStep::Receive(ample));
    }
    let (mut tasks, mut beyond) = (Vec::<ListedTask>::new(), BTreeMap::new());
    let mut base = start.clone();
    let last = opening.book().days.to;
    loop {
        let mut walk = base.clone();
        walk.advance(last)?;
        let more = walk.missing(&tasks, &mut beyond);
        let Some(first) = more.iter().map(|task| task.by).min() else {
            walk.settle_tasks(&mut tasks);
            let run = AmpleRun {
                entries: walk.entries,
                end: walk.fork,
            };
            return Ok(ListedAccount { tasks, beyond, run });
        };
        tasks.extend(more);
        tasks.sort_by_key(|task| task.step().rank());
        // What comes before the first new task stays as it is.
        if first > base.reached {
            base.advance(first.yesterday())?;
        } else {
            base = start.clone();
        }
        base.fork.forget_tasks();
        for task in tasks.iter().filter(|task| task.by > base.reached) {
            task.step().add_to(&mut base.fork);
        }
    }
}

/// A time in which an instance is not paid for.
#[derive(Clone, Copy, Debug)]
struct UnpaidTime {
    /// Where it stands at the end of the day on which it stopped working, or at the opening.
    status: DayStatus,
    months: u32,
    /// The first day on which people could do something about it.
    since: Day,
    /// The day on which it stopped working; none where that was before the run.
    stopped_on: Option<Day>,
    /// Where it stood on that morning, if it renewed itself on that day for a term that was over already.
    morning: Option<PrepaidStatus>,
}

/// The last day on which an instance renewed itself, and where it stood on that morning.
#[derive(Clone, Copy)]
struct AutoRenewal {
    day: Day,
    morning: PrepaidStatus,
}

/// The run of an account, and the instances that are not paid for.
#[derive(Clone)]
struct ListedWalk<'b> {
    fork: Simulation<'b>,
    /// The last day that has been replayed.
    reached: Day,
    entries: Vec<Entry>,
    open: BTreeMap<InstanceIndex, UnpaidTime>,
    /// The first day on which people can act upon the present term, where that is not the first day of the run.
    since: BTreeMap<InstanceIndex, Day>,
    renewed: BTreeMap<InstanceIndex, AutoRenewal>,
}

impl<'b> ListedWalk<'b> {
    fn walk_from(fork: Simulation<'b>) -> Self {
        let mut walk = Self {
            reached: fork.book().days.from.yesterday(),
            entries: Vec::new(),
            open: BTreeMap::new(),
            since: BTreeMap::new(),
            renewed: BTreeMap::new(),
            fork,
        };
        let instances: Vec<InstanceIndex> = walk.fork.instances().collect();
        for instance in instances {
            let is_unpaid = match walk.fork.status(instance) {
                Some(DayStatus::Prepaid(status)) => {
                    status.state == State::Reclaimed && !status.returned
                }
                Some(DayStatus::Postpaid(status)) => {
                    status.state == State::Stopped && status.stopped_by == StoppedBy::Arrears
                }
                None => false,
            };
            if is_unpaid {
                walk.begin_unpaid(instance, None);
            }
        }
        walk
    }

    /// Replays every day up to `last`.
    fn advance(&mut self, last: Day) -> Result<(), Refusal> {
        while let Some(rows) = next_rows(&mut self.fork, last)? {
            rows.entries.iter().for_each(|entry| self.watch(entry));
            self.entries.extend(rows.entries);
        }
        self.reached = self.reached.max(last);
        Ok(())
    }

    fn watch(&mut self, entry: &Entry) {
        let Some(instance) = entry.instance else {
            return;
        };
        match (entry.event, entry.reason) {
            (Event::Reclaimed, _) | (Event::Stopped, Some(Reason::Arrears)) => {
                self.begin_unpaid(instance, Some(entry.date));
            }
            (Event::Renewed | Event::Recovered, Some(Reason::Auto)) => {
                if let Some(morning) = self.morning_of_renewal(instance, entry) {
                    let day = entry.date;
                    self.renewed.insert(instance, AutoRenewal { day, morning });
                }
                self.end_unpaid(instance, entry.date.tomorrow());
            }
            (
                Event::Renewed
                | Event::Recovered
                | Event::Restored
                | Event::Purchased
                | Event::Converted,
                _,
            ) => self.end_unpaid(instance, entry.date),
            (Event::Returned, _) | (Event::Stopped | Event::Terminated, Some(Reason::User)) => {
                self.open.remove(&instance);
            }
            _ => {}
        }
    }

    /// Where an instance stood on the morning of the day on which it renews itself.
    fn morning_of_renewal(&self, instance: InstanceIndex, entry: &Entry) -> Option<PrepaidStatus> {
        let unpaid = self.open.get(&instance).map(|unpaid| unpaid.status);
        if let Some(DayStatus::Prepaid(status)) = unpaid {
            return Some(status);
        }
        let Some(DayStatus::Prepaid(status)) = self.fork.status(instance) else {
            return None;
        };
        Some(PrepaidStatus {
            state: State::Overdue,
            expires: entry.term?.start,
            returned: false,
            ..status
        })
    }

    fn begin_unpaid(&mut self, instance: InstanceIndex, stopped_on: Option<Day>) {
        let status = self.fork.status(instance);
        let Some((status, months)) = status.zip(self.fork.months(instance)) else {
            return;
        };
        let since = self.since.get(&instance).copied();
        let renewed = self.renewed.get(&instance);
        let renewed = renewed.filter(|renewed| Some(renewed.day) == stopped_on);
        let unpaid = UnpaidTime {
            status,
            months,
            since: since.unwrap_or(self.fork.book().days.from),
            stopped_on,
            morning: renewed.map(|renewed| renewed.morning),
        };
        self.open.insert(instance, unpaid);
    }

    fn end_unpaid(&mut self, instance: InstanceIndex, since: Day) {
        self.open.remove(&instance);
        self.since.insert(instance, since);
    }

    /// What helps those that are lost, or not back, although their flag keeps them. Rule **two-dates**.
    fn missing(
        &self,
        known: &[ListedTask],
        beyond: &mut BTreeMap<InstanceIndex, Day>,
    ) -> Vec<ListedTask> {
        let book = self.fork.book();
        let mut tried: BTreeMap<InstanceIndex, Vec<InstanceStep>> = BTreeMap::new();
        for task in known {
            tried.entry(task.instance).or_default().push(task.step());
        }
        let mut missing = Vec::new();
        for (instance, unpaid) in &self.open {
            let flag = self.fork.flag(*instance);
            if flag.is_none_or(|flag| flag == RenewFlag::None) || beyond.contains_key(instance) {
                continue;
            }
            let profile = book.profile(book.instance(*instance).profile);
            let remedy = match outlook(unpaid, profile) {
                Outlook::ByItself => continue,
                Outlook::Lost(day) => {
                    beyond.insert(*instance, day);
                    continue;
                }
                Outlook::Help(remedy) => remedy,
            };
            let verbs = match remedy.what {
                Help::SetFlag => vec![Verb::SetFlag(RenewFlag::Auto, None)],
                Help::Renew { periods } => {
                    let terms = remedy::terms(profile, unpaid.months, periods);
                    terms.into_iter().map(Verb::Renew).collect()
                }
                Help::Start => vec![Verb::Start],
            };
            let latest = remedy.latest.min(book.days.to);
            let tasks = verbs.into_iter().map(|verb| ListedTask {
                by: remedy.by,
                latest,
                instance: *instance,
                verb,
                why: remedy.why,
                cost: None,
                expiry: None,
            });
            let tasks: Vec<ListedTask> = tasks.filter(|task| task.by <= book.days.to).collect();
            let tried = tried.get(instance).map_or(&[][..], Vec::as_slice);
            if tasks.iter().any(|task| tried.contains(&task.step())) {
                beyond.insert(*instance, latest.tomorrow());
            } else {
                missing.extend(tasks);
            }
        }
        missing
    }

    /// Leaves out what was refused, and fills in what the tasks cost and how long that lasts.
    fn settle_tasks(&self, tasks: &mut Vec<ListedTask>) {
        tasks.sort_by_key(|task| task.step().rank());
        let steps = tasks.iter().map(ListedTask::step).collect();
        let mut done = keep_rules::carried_out(steps, &self.entries)
            .into_iter()
            .peekable();
        tasks.retain(|task| done.next_if_eq(&task.step()).is_some());
        let concerned: BTreeSet<InstanceIndex> = tasks.iter().map(|task| task.instance).collect();
        let mut paid: BTreeMap<InstanceIndex, Vec<&Entry>> = BTreeMap::new();
        for entry in &self.entries {
            if let (Event::Renewed | Event::Recovered, Some(instance)) =
                (entry.event, entry.instance)
                && concerned.contains(&instance)
            {
                paid.entry(instance).or_default().push(entry);
            }
        }
        for task in tasks {
            let rows = paid.entry(task.instance).or_default();
            let brought = rows.iter().position(|row| match task.verb {
                Verb::Renew(_) => row.action.is_none() && row.date == task.by,
                Verb::SetFlag(..) => row.date >= task.by && row.reason == Some(Reason::Auto),
                _ => false,
            });
            if let Some(at) = brought {
                let entry = rows.remove(at);
                task.cost = entry.moved_amount().map(|amount| -amount);
                task.expiry = entry.term.map(|term| term.end);
            }
        }
    }
}

/// What becomes of an instance that is not paid for, as people could have known before.
fn outlook(unpaid: &UnpaidTime, profile: &Profile) -> Outlook {
    let (months, since) = (unpaid.months, unpaid.since);
    if let Some((morning, day)) = unpaid.morning.zip(unpaid.stopped_on) {
        return Outlook::Help(remedy::in_place_of_attempt(&morning, profile, months, day));
    }
    let mut before = unpaid.status;
    let could_act = unpaid.stopped_on.is_some_and(|day| since <= day);
    if let DayStatus::Prepaid(status) = &mut before
        && could_act
        && status.state == State::Reclaimed
    {
        status.state = State::Overdue;
    }
    match remedy::outlook(&before, profile, months, since) {
        Outlook::ByItself => remedy::by_hand(&before, profile, months, since),
        other => other,
    }
}
