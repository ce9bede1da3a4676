//! What happened to instances and accounts, and which of it two runs do not share.
//!
//! Usage is summed up, notices are left out, and days on which the same renewal fails in a row are one step: what is left
//! is what people mean by "what happened".
//!
//! Rule **same-event** of docs/spec.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::mem;

use crate::analysis::losses::{Losses, RowMeaning};
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::{Entry, Needed};
use crate::model::account::AccountIndex;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::InstanceIndex;
use crate::model::money::Money;

/// To whom something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// An account.
    Account(AccountIndex),
    /// An instance.
    Instance(InstanceIndex),
}

/// Something that happened. Two are the same if all but what was short is the same.
#[derive(Clone, Copy, Debug)]
pub struct ComparedEvent {
    /// The day; of failures in a row the first.
    pub date: Day,
    /// What.
    pub event: Event,
    /// Why.
    pub reason: Option<Reason>,
    /// What was moved, none where nothing moves.
    pub amount: Option<Money>,
    /// The end of the term that it pays for.
    pub until: Option<Day>,
    /// What was missing, where funds did not suffice.
    pub short: Option<Money>,
    /// How bad it is: 0 where nothing is lost or short.
    pub weight: u8,
}

impl ComparedEvent {
    fn key(&self) -> (Day, Event, Option<Reason>, Option<Money>, Option<Day>) {
        (self.date, self.event, self.reason, self.amount, self.until)
    }
}

impl PartialEq for ComparedEvent {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for ComparedEvent {}

/// The steps of a run.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    steps: Vec<(Subject, ComparedEvent)>,
    /// What hours cost each instance.
    usage: BTreeMap<InstanceIndex, Money>,
    losses: Losses,
    /// So many of the steps have been held against those of another run; the rest has still to be.
    settled: usize,
}

impl Steps {
    /// Nothing yet but how the instances of a book stand at its opening.
    pub fn steps_of(book: &Book) -> Self {
        Self {
            losses: Losses::losses_of_book(book),
            ..Self::default()
        }
    }

    /// Adds a row. Rows without an account of the book are left out.
    pub fn add_event_of(&mut self, entry: &Entry) {
        let meaning = self.losses.meaning_of_entry(entry);
        let Some(account) = entry
            .account
            .filter(|_| meaning != Some(RowMeaning::FailsAgain))
        else {
            return;
        };
        let subject = entry
            .instance
            .map_or(Subject::Account(account), Subject::Instance);
        let short = entry.shortfall().and_then(|short| match short.needed {
            Needed::Price(needed) => Some(needed - short.available - short.voucher),
            Needed::MoreThanZero | Needed::AtLeastZero => None,
        });
        let step = ComparedEvent {
            date: entry.date,
            event: entry.event,
            reason: entry.reason,
            amount: entry.movement.map(|movement| movement.amount()),
            until: entry.term.map(|term| term.end),
            short,
            weight: meaning.map_or(0, RowMeaning::weight),
        };
        match (step.event, subject) {
            (Event::Usage, Subject::Instance(instance)) => {
                *self.usage.entry(instance).or_default() -= step.amount.unwrap_or_default();
            }
            (Event::Reminder | Event::BalanceAlert | Event::ArrearsForecast, _) => {}
            _ => self.steps.push((subject, step)),
        }
    }

    /// Forgets what two runs that are read side by side share before a day, none for all days: their differences stay the
    /// same. Both have all their steps before that day.
    pub fn settle(base: &mut Self, other: &mut Self, before: Option<Day>) {
        let (left, right) = (base.take_before(before), other.take_before(before));
        let (mut left, mut right) = (left.as_slice(), right.as_slice());
        let (mut only_base, mut only_other) = (Vec::new(), Vec::new());
        while let Some(subject) = next_subject(left, right) {
            let (of_left, of_right) = (take(&mut left, subject), take(&mut right, subject));
            only_base.extend(
                without(of_left, of_right)
                    .into_iter()
                    .map(|step| (subject, step)),
            );
            only_other.extend(
                without(of_right, of_left)
                    .into_iter()
                    .map(|step| (subject, step)),
            );
        }
        base.keep(only_base);
        other.keep(only_other);
    }

    /// Takes the steps before a day that have not been held against others, by subject.
    fn take_before(&mut self, day: Option<Day>) -> Vec<(Subject, ComparedEvent)> {
        let open = self.steps.split_off(self.settled);
        let is_before =
            |(_, step): &(Subject, ComparedEvent)| day.is_none_or(|day| step.date < day);
        let (mut taken, later): (Vec<_>, Vec<_>) = open.into_iter().partition(is_before);
        self.steps.extend(later);
        taken.sort_by_key(|(subject, _)| *subject);
        taken
    }

    /// Keeps steps that the other run does not have, before those that are still to be held against it.
    fn keep(&mut self, only: Vec<(Subject, ComparedEvent)>) {
        let kept = only.len();
        self.steps.splice(self.settled..self.settled, only);
        self.settled += kept;
    }

    /// Gives every instance another number.
    pub fn renumber(&mut self, number: impl Fn(InstanceIndex) -> InstanceIndex) {
        for (subject, _) in &mut self.steps {
            if let Subject::Instance(instance) = subject {
                *instance = number(*instance);
            }
        }
        self.usage = mem::take(&mut self.usage)
            .into_iter()
            .map(|(instance, cost)| (number(instance), cost))
            .collect();
    }

    /// Puts the steps of each subject together, once all are there.
    pub fn in_order(mut self) -> Self {
        self.steps.sort_by_key(|(subject, _)| *subject);
        self
    }

    /// What hours cost an instance.
    pub fn usage(&self, subject: Subject) -> Money {
        match subject {
            Subject::Instance(instance) => self.usage.get(&instance).copied().unwrap_or_default(),
            Subject::Account(_) => Money::ZERO,
        }
    }
}

/// What two runs do not share of one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The subject.
    pub subject: Subject,
    /// The steps that only the first run has.
    pub base: Vec<ComparedEvent>,
    /// The steps that only the second run has.
    pub other: Vec<ComparedEvent>,
    /// What hours cost in the first run and in the second.
    pub usage: (Money, Money),
}

impl Difference {
    /// What the instance costs more in the second run; of an account nothing.
    pub fn spend(&self) -> Money {
        if matches!(self.subject, Subject::Account(_)) {
            return Money::ZERO;
        }
        let paid =
            |steps: &[ComparedEvent]| -steps.iter().filter_map(|step| step.amount).sum::<Money>();
        paid(&self.other) - paid(&self.base) + self.usage.1 - self.usage.0
    }

    /// How bad the worst is that happens in only one of the runs: 0 where nothing is lost or short in either.
    pub fn weight(&self) -> u8 {
        self.base
            .iter()
            .chain(&self.other)
            .map(|step| step.weight)
            .max()
            .unwrap_or(0)
    }
}

/// The subjects of which two runs tell different things, in their order.
pub fn differences(base: &Steps, other: &Steps) -> Vec<Difference> {
    let (mut left, mut right) = (base.steps.as_slice(), other.steps.as_slice());
    let mut found = BTreeMap::new();
    while let Some(subject) = next_subject(left, right) {
        let (of_left, of_right) = (take(&mut left, subject), take(&mut right, subject));
        let (only_base, only_other) = (without(of_left, of_right), without(of_right, of_left));
        if !only_base.is_empty() || !only_other.is_empty() {
            let usage = (base.usage(subject), other.usage(subject));
            found.insert(
                subject,
                Difference {
                    subject,
                    base: only_base,
                    other: only_other,
                    usage,
                },
            );
        }
    }
    for subject in base
        .usage
        .keys()
        .chain(other.usage.keys())
        .map(|instance| Subject::Instance(*instance))
    {
        let usage = (base.usage(subject), other.usage(subject));
        if usage.0 != usage.1 {
            let none = || Difference {
                subject,
                base: Vec::new(),
                other: Vec::new(),
                usage,
            };
            found.entry(subject).or_insert_with(none);
        }
    }
    found.into_values().collect()
}

fn next_subject(
    left: &[(Subject, ComparedEvent)],
    right: &[(Subject, ComparedEvent)],
) -> Option<Subject> {
    let (left, right) = (
        left.first().map(|(subject, _)| *subject),
        right.first().map(|(subject, _)| *subject),
    );
    left.into_iter().chain(right).min()
}

/// Takes the steps of a subject from the front.
fn take<'s>(
    steps: &mut &'s [(Subject, ComparedEvent)],
    subject: Subject,
) -> &'s [(Subject, ComparedEvent)] {
    let (of_subject, rest) =
        steps.split_at(steps.partition_point(|(one, _)| one.cmp(&subject) != Ordering::Greater));
    *steps = rest;
    of_subject
}

/// The steps of one list that the other does not have, as often as it has them.
fn without(
    steps: &[(Subject, ComparedEvent)],
    others: &[(Subject, ComparedEvent)],
) -> Vec<ComparedEvent> {
    let mut others: Vec<&ComparedEvent> = others.iter().map(|(_, step)| step).collect();
    let mut only = Vec::new();
    for (_, step) in steps {
        match others.iter().position(|other| *other == step) {
            Some(at) => {
                others.remove(at);
            }
            None => only.push(*step),
        }
    }
    only
}
