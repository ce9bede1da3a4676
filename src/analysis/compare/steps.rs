//! What happened to instances and accounts, and which of it two runs do not share.
//!
//! Usage is summed up, notices are left out, and days on which the same renewal fails in a row are one event: what is left
//! is what people mean by "what happened". Only runs of the same book can be compared.

use std::collections::BTreeMap;
use std::mem;

use crate::analysis::losses::{Losses, RowMeaning};
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::Entry;
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

/// Something that happened. Two are the same if all but the shortfall is the same.
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

/// An event and its subject.
type SubjectEvent = (Subject, ComparedEvent);

/// The events of a run.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    events: Vec<SubjectEvent>,
    /// What hours cost each instance.
    usage: BTreeMap<InstanceIndex, Money>,
    losses: Losses,
    /// Number of leading events that have been compared with those of another run.
    settled: usize,
}

impl Steps {
    /// No event yet; the instances stand as a book opens.
    pub fn steps_of(book: &Book) -> Self {
        Self {
            losses: Losses::losses_of_book(book),
            ..Self::default()
        }
    }

    /// Adds a row. Rows without an account of the book are left out.
    pub fn add_event_of(&mut self, entry: &Entry) {
        let meaning = self.losses.meaning_of_entry(entry);
        let Some(account) = entry.account else { return };
        if meaning == Some(RowMeaning::FailsAgain) {
            return;
        }
        let subject = entry
            .instance
            .map_or(Subject::Account(account), Subject::Instance);
        let short = entry.shortfall().filter(|short| short.price().is_some());
        let event = ComparedEvent {
            date: entry.date,
            event: entry.event,
            reason: entry.reason,
            amount: entry.moved_amount(),
            until: entry.term.map(|term| term.end),
            short: short.map(|short| short.missing()),
            weight: meaning.map_or(0, RowMeaning::weight),
        };
        match (event.event, subject) {
            (Event::Usage, Subject::Instance(instance)) => {
                *self.usage.entry(instance).or_default() -= event.amount.unwrap_or_default();
            }
            (Event::Reminder | Event::BalanceAlert | Event::ArrearsForecast, _) => {}
            _ => self.events.push((subject, event)),
        }
    }

    /// Forgets what two runs that are read side by side share before a day, none for all days: their differences stay the
    /// same. Both have all their events before that day.
    pub fn settle(base: &mut Self, other: &mut Self, before: Option<Day>) {
        let (mut only_base, mut only_other) = (Vec::new(), Vec::new());
        for one in unshared(&base.take_before(before), &other.take_before(before)) {
            only_base.extend(one.base.into_iter().map(|event| (one.subject, event)));
            only_other.extend(one.other.into_iter().map(|event| (one.subject, event)));
        }
        base.keep(only_base);
        other.keep(only_other);
    }

    /// Takes the events before a day that have not been compared, by subject.
    fn take_before(&mut self, before: Option<Day>) -> Vec<SubjectEvent> {
        let open = self.events.split_off(self.settled).into_iter();
        let (mut taken, later): (Vec<_>, Vec<_>) =
            open.partition(|(_, event)| before.is_none_or(|day| event.date < day));
        self.events.extend(later);
        taken.sort_by_key(|(subject, _)| *subject);
        taken
    }

    /// Keeps events that the other run does not have, before those that have not been compared.
    fn keep(&mut self, only: Vec<SubjectEvent>) {
        let kept = only.len();
        self.events.splice(self.settled..self.settled, only);
        self.settled += kept;
    }

    /// Gives every instance another number.
    pub fn renumber(&mut self, number: impl Fn(InstanceIndex) -> InstanceIndex) {
        for (subject, _) in &mut self.events {
            if let Subject::Instance(instance) = subject {
                *instance = number(*instance);
            }
        }
        let usage = mem::take(&mut self.usage).into_iter();
        self.usage = usage
            .map(|(instance, cost)| (number(instance), cost))
            .collect();
    }

    /// Puts the events of each subject together, once all are there.
    pub fn in_order(mut self) -> Self {
        self.events.sort_by_key(|(subject, _)| *subject);
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
    /// The events that only the first run has.
    pub base: Vec<ComparedEvent>,
    /// The events that only the second run has.
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
        moved(&self.base) - moved(&self.other) + self.usage.1 - self.usage.0
    }

    /// How bad the worst is that happens in only one of the runs: 0 where nothing is lost or short in either.
    pub fn weight(&self) -> u8 {
        let events = self.base.iter().chain(&self.other);
        events.map(|event| event.weight).max().unwrap_or(0)
    }

    /// No difference in events.
    fn in_usage(subject: Subject) -> Self {
        Self {
            subject,
            base: Vec::new(),
            other: Vec::new(),
            usage: (Money::ZERO, Money::ZERO),
        }
    }
}

fn moved(events: &[ComparedEvent]) -> Money {
    events.iter().filter_map(|event| event.amount).sum()
}

/// The subjects in which two runs differ, in their order.
pub fn differences(base: &Steps, other: &Steps) -> Vec<Difference> {
    let mut found: BTreeMap<Subject, Difference> = unshared(&base.events, &other.events)
        .into_iter()
        .map(|difference| (difference.subject, difference))
        .collect();
    for instance in base.usage.keys().chain(other.usage.keys()) {
        let subject = Subject::Instance(*instance);
        if base.usage(subject) != other.usage(subject) {
            let entry = found.entry(subject);
            entry.or_insert_with(|| Difference::in_usage(subject));
        }
    }
    for (subject, difference) in &mut found {
        difference.usage = (base.usage(*subject), other.usage(*subject));
    }
    found.into_values().collect()
}

/// What only one of two lists has, by subject: a merge of lists that are sorted by subject.
fn unshared(mut base: &[SubjectEvent], mut other: &[SubjectEvent]) -> Vec<Difference> {
    let mut found = Vec::new();
    while let Some((subject, _)) = base
        .iter()
        .take(1)
        .chain(other.first())
        .min_by_key(|one| one.0)
    {
        let of_base = take_subject(&mut base, *subject);
        let of_other = take_subject(&mut other, *subject);
        let difference = Difference {
            base: without(of_base, of_other),
            other: without(of_other, of_base),
            ..Difference::in_usage(*subject)
        };
        if !difference.base.is_empty() || !difference.other.is_empty() {
            found.push(difference);
        }
    }
    found
}

/// Takes the events of the least subject from the front.
fn take_subject<'s>(events: &mut &'s [SubjectEvent], subject: Subject) -> &'s [SubjectEvent] {
    let end = events.partition_point(|(one, _)| *one <= subject);
    let (taken, rest) = events.split_at(end);
    *events = rest;
    taken
}

/// The events of one list that the other does not have, as often as it has them.
fn without(events: &[SubjectEvent], others: &[SubjectEvent]) -> Vec<ComparedEvent> {
    let mut others: Vec<&ComparedEvent> = others.iter().map(|(_, event)| event).collect();
    let mut only = Vec::new();
    for (_, event) in events {
        match others.iter().position(|other| *other == event) {
            Some(at) => {
                others.remove(at);
            }
            None => only.push(*event),
        }
    }
    only
}
