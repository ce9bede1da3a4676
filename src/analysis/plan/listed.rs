//! What people must do with instances so that none is lost whose flag is `auto` or `manual` and that nobody gives up: the
//! instance rows of the to-do list (`docs/spec/answer.md`, **todo-list**).
//!
//! The run with ample money shows which instances are lost, or are not back when it ends. Each of them gets what helps
//! ([`remedy`]) on the last day on which that keeps it working; then the run goes on from there, until nothing is lost.

use std::collections::{BTreeMap, BTreeSet};

use super::AmpleRun;
use super::keep_rules::{self, Doing};
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
    fn doing(&self) -> Doing {
        (self.by, self.instance, self.verb)
    }

    /// Tasks of a day are done in this order.
    fn rank(&self) -> (Day, u8, InstanceIndex) {
        keep_rules::order(&self.doing())
    }
}

/// What people must do in an account, and the run with it and ample money.
pub(super) struct ListedAccount<'b> {
    pub tasks: Vec<ListedTask>,
    /// Instances that nothing saves any more, with the day on which they are gone.
    pub beyond: Vec<(InstanceIndex, Day)>,
    pub run: AmpleRun<'b>,
}

/// Finds the tasks of an account that gets ample money on its first day.
pub(super) fn keep<'b>(
    opening: &Simulation<'b>,
    money: Option<(Day, Money)>,
) -> Result<ListedAccount<'b>, Refusal> {
    let mut start = ListedWalk::walk_from(opening.clone());
    money
        .into_iter()
        .for_each(|(day, ample)| start.trial.add_step(day, PlannedStep::Receive(ample)));
    let (mut tasks, mut beyond) = (Vec::<ListedTask>::new(), BTreeMap::new());
    let mut base = start.clone();
    let last = opening.book().days.to;
    loop {
        let mut walk = base.clone();
        walk.advance(last)?;
        let more = walk.missing(&tasks, &mut beyond);
        let Some(first) = more.iter().map(|task| task.by).min() else {
            tasks.sort_by_key(ListedTask::rank);
            // What was refused changed nothing.
            let done = keep_rules::carried_out(
                tasks.iter().map(ListedTask::doing).collect(),
                &walk.entries,
            );
            let mut done = done.into_iter().peekable();
            tasks.retain(|task| done.next_if(|doing| *doing == task.doing()).is_some());
            walk.price(&mut tasks);
            let run = AmpleRun {
                entries: walk.entries,
                end: walk.trial,
            };
            return Ok(ListedAccount {
                tasks,
                beyond: beyond.into_iter().collect(),
                run,
            });
        };
        tasks.extend(more);
        tasks.sort_by_key(ListedTask::rank);
        // What comes before the first new task stays as it is.
        if first > base.reached {
            base.advance(first.yesterday())?;
        } else {
            base = start.clone();
        }
        base.trial.forget_tasks();
        let ahead = tasks.iter().filter(|task| task.by > base.reached);
        ahead.for_each(|task| {
            base.trial
                .add_step(task.by, PlannedStep::Do(task.instance, task.verb))
        });
    }
}

/// A time in which an instance is not paid for.
#[derive(Clone, Copy, Debug)]
struct UnpaidTime {
    /// Where it stands at the end of the day on which it went dark, or at the opening.
    standing: DayStatus,
    months: u32,
    /// The first day on which people could do something about it.
    since: Day,
    /// The day on which it went dark; none where that was before the run.
    dark: Option<Day>,
    /// Where it stood on that morning, if it renewed itself on that day for a term that was over already.
    morning: Option<PrepaidStatus>,
}

/// The run of an account, and the instances that are in trouble.
#[derive(Clone)]
struct ListedWalk<'b> {
    trial: Simulation<'b>,
    /// The last day that has been replayed.
    reached: Day,
    entries: Vec<Entry>,
    open: BTreeMap<InstanceIndex, UnpaidTime>,
    /// The first day on which people can act upon the present term, where that is not the first day of the run.
    since: BTreeMap<InstanceIndex, Day>,
    /// The last day on which an instance renewed itself, and where it stood on that morning.
    renewed: BTreeMap<InstanceIndex, (Day, PrepaidStatus)>,
}

impl<'b> ListedWalk<'b> {
    fn walk_from(trial: Simulation<'b>) -> Self {
        let from = trial.book().days.from;
        let in_trouble = |instance: InstanceIndex| {
            let standing = trial.status(instance)?;
            let is_dark = match standing {
                DayStatus::Prepaid(status) => status.state == State::Reclaimed && !status.returned,
                DayStatus::Postpaid(status) => {
                    status.state == State::Stopped && status.stopped_by == StoppedBy::Arrears
                }
            };
            let months = trial.months(instance)?;
            is_dark.then_some((
                instance,
                UnpaidTime {
                    standing,
                    months,
                    since: from,
                    dark: None,
                    morning: None,
                },
            ))
        };
        let open = trial.instances().filter_map(in_trouble).collect();
        Self {
            trial,
            reached: from.yesterday(),
            entries: Vec::new(),
            open,
            since: BTreeMap::new(),
            renewed: BTreeMap::new(),
        }
    }

    /// Replays every day up to `last`.
    fn advance(&mut self, last: Day) -> Result<(), Refusal> {
        while let Some(day) = self.trial.next_day().filter(|day| *day <= last) {
            self.trial.advance(day)?;
            let entries = self.trial.take_entries();
            entries.iter().for_each(|entry| self.watch(entry));
            self.entries.extend(entries);
        }
        self.reached = self.reached.max(last);
        self.trial.advance(last)
    }

    fn watch(&mut self, entry: &Entry) {
        let Some(instance) = entry.instance else {
            return;
        };
        match (entry.event, entry.reason) {
            (Event::Reclaimed, _) | (Event::Stopped, Some(Reason::Arrears)) => {
                self.darken(instance, entry.date)
            }
            (Event::Renewed | Event::Recovered, Some(Reason::Auto)) => {
                let status = prepaid(self.trial.status(instance));
                let standing = status.zip(entry.term).map(|(status, term)| PrepaidStatus {
                    state: State::Overdue,
                    expires: term.start,
                    returned: false,
                    ..status
                });
                let open = self.open.get(&instance).map(|trouble| trouble.standing);
                let morning = prepaid(open)
                    .or(standing)
                    .map(|standing| (instance, (entry.date, standing)));
                self.renewed.extend(morning);
                self.save(instance, entry.date.tomorrow());
            }
            (
                Event::Renewed
                | Event::Recovered
                | Event::Restored
                | Event::Purchased
                | Event::Converted,
                _,
            ) => {
                self.save(instance, entry.date);
            }
            (Event::Returned, _) | (Event::Stopped | Event::Terminated, Some(Reason::User)) => {
                self.open.remove(&instance);
            }
            _ => {}
        }
    }

    fn darken(&mut self, instance: InstanceIndex, day: Day) {
        let Some((standing, months)) = self.trial.status(instance).zip(self.trial.months(instance))
        else {
            return;
        };
        let from = self.trial.book().days.from;
        let since = self.since.get(&instance).copied().unwrap_or(from);
        let morning = self
            .renewed
            .get(&instance)
            .filter(|(renewed, _)| *renewed == day)
            .map(|(_, standing)| *standing);
        self.open.insert(
            instance,
            UnpaidTime {
                standing,
                months,
                since,
                dark: Some(day),
                morning,
            },
        );
    }

    fn save(&mut self, instance: InstanceIndex, since: Day) {
        self.open.remove(&instance);
        self.since.insert(instance, since);
    }

    /// What helps those that are lost, or not back, although their flag keeps them. Rule **two-dates**.
    fn missing(
        &self,
        known: &[ListedTask],
        beyond: &mut BTreeMap<InstanceIndex, Day>,
    ) -> Vec<ListedTask> {
        let days = self.trial.book().days;
        let mut tried: BTreeMap<InstanceIndex, Vec<&ListedTask>> = BTreeMap::new();
        known
            .iter()
            .for_each(|task| tried.entry(task.instance).or_default().push(task));
        let mut missing = Vec::new();
        for (instance, trouble) in &self.open {
            let is_kept = self
                .trial
                .flag(*instance)
                .is_some_and(|flag| flag != RenewFlag::None);
            if !is_kept || beyond.contains_key(instance) {
                continue;
            }
            let profile = self
                .trial
                .book()
                .profile(self.trial.book().instance(*instance).profile);
            let remedy = match outlook(trouble, profile) {
                Outlook::ByItself => continue,
                Outlook::Lost(day) => {
                    beyond.insert(*instance, day);
                    continue;
                }
                Outlook::Help(remedy) => remedy,
            };
            let verbs = match remedy.what {
                Help::SetFlag => vec![Verb::SetFlag(RenewFlag::Auto, None)],
                Help::Renew { periods } => remedy::terms(profile, trouble.months, periods)
                    .into_iter()
                    .map(Verb::Renew)
                    .collect(),
                Help::Start => vec![Verb::Start],
            };
            let latest = remedy.latest.min(days.to);
            let task = |verb| ListedTask {
                by: remedy.by,
                latest,
                instance: *instance,
                verb,
                why: remedy.why,
                cost: None,
                expiry: None,
            };
            let tasks: Vec<ListedTask> = verbs
                .into_iter()
                .map(task)
                .filter(|task| task.by <= days.to)
                .collect();
            let tried = tried.get(instance).map_or(&[][..], Vec::as_slice);
            let is_tried = |task: &ListedTask| {
                tried
                    .iter()
                    .any(|one| (one.by, one.verb) == (task.by, task.verb))
            };
            if tasks.iter().any(is_tried) {
                beyond.insert(*instance, latest.tomorrow());
            } else {
                missing.extend(tasks);
            }
        }
        missing
    }

    /// Fills in what tasks cost and how long that lasts.
    fn price(&self, tasks: &mut [ListedTask]) {
        let concerned: BTreeSet<InstanceIndex> = tasks.iter().map(|task| task.instance).collect();
        let mut paid: BTreeMap<InstanceIndex, Vec<&Entry>> = BTreeMap::new();
        for entry in self
            .entries
            .iter()
            .filter(|one| matches!(one.event, Event::Renewed | Event::Recovered))
        {
            let instance = entry
                .instance
                .filter(|instance| concerned.contains(instance));
            instance
                .into_iter()
                .for_each(|instance| paid.entry(instance).or_default().push(entry));
        }
        for task in tasks {
            let rows = paid.entry(task.instance).or_default();
            let brought = match task.verb {
                Verb::Renew(_) => rows
                    .iter()
                    .position(|row| row.action.is_none() && row.date == task.by),
                Verb::SetFlag(..) => rows
                    .iter()
                    .position(|row| row.date >= task.by && row.reason == Some(Reason::Auto)),
                _ => None,
            };
            if let Some(entry) = brought.map(|at| rows.remove(at)) {
                task.cost = entry.movement.map(|movement| -movement.amount());
                task.expiry = entry.term.map(|term| term.end);
            }
        }
    }
}

fn prepaid(status: Option<DayStatus>) -> Option<PrepaidStatus> {
    match status? {
        DayStatus::Prepaid(status) => Some(status),
        DayStatus::Postpaid(_) => None,
    }
}

/// What becomes of an instance in trouble, as people could have known before.
fn outlook(trouble: &UnpaidTime, profile: &Profile) -> Outlook {
    let UnpaidTime {
        standing,
        months,
        since,
        dark,
        morning,
    } = *trouble;
    if let Some((morning, day)) = morning.zip(dark) {
        return Outlook::Help(remedy::in_place_of_attempt(&morning, profile, months, day));
    }
    let before = match (standing, dark) {
        (DayStatus::Prepaid(status), Some(dark))
            if since <= dark && status.state == State::Reclaimed =>
        {
            DayStatus::Prepaid(PrepaidStatus {
                state: State::Overdue,
                ..status
            })
        }
        _ => standing,
    };
    match remedy::outlook(&before, profile, months, since) {
        Outlook::ByItself => remedy::by_hand(&before, profile, months, since),
        other => other,
    }
}
