//! Dates to act on as calendars (RFC 5545): one of all, and one for each account or value of a column.
//!
//! What falls on one day, for one account and one reason, is one entry. Nothing here knows the time: the stamp of an entry is
//! the first day of the book, and its id comes from what it is, so that a calendar that is read again replaces itself. Never decides which dates there are.

use std::collections::{BTreeMap, BTreeSet};

use ics::components::Property;
use ics::parameters::Value;
use ics::properties::{Categories, Description, DtEnd, DtStart, Summary, Transp, Trigger};
use ics::{Alarm, Event, ICalendar, escape_text};

use super::hash::hash;
use super::names::{UniqueNames, part};
use crate::analysis::deadline::{Deadline, DeadlineSubject};
use crate::analysis::plan::{FundingFailure, ListedTask, NeedCause};
use crate::analysis::remedy::RemedyReason;
use crate::input::shown::Shown;
use crate::model::account::AccountIndex;
use crate::model::action::Verb;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::InstanceIndex;
use crate::model::money::Money;
use crate::model::selector::Column;

/// The most instances that an entry names.
const MAX_NAMED: usize = 50;

/// A calendar: the name of its file, and its bytes.
pub struct CalendarFeed {
    /// Without folder: `account-shop.ics`.
    pub name: String,
    /// The value of the column that it is about; none for that of everything.
    pub value: Option<String>,
    /// Its entries.
    pub entries: usize,
    /// The file.
    pub bytes: Vec<u8>,
}

/// The calendar of everything, then those of the values of a column, which `by` names. What is about an account alone is in the
/// calendar of each value that its instances have.
pub fn feeds(book: &Book, deadlines: &[Deadline], column: Column, by: &str) -> Vec<CalendarFeed> {
    let mut values_of: BTreeMap<AccountIndex, BTreeSet<String>> = BTreeMap::new();
    for instance in &book.instances {
        let values = values_of.entry(instance.account).or_default();
        values.extend(book.cell_text(instance, column));
    }
    let mut by_value: BTreeMap<String, Vec<&Deadline>> = BTreeMap::new();
    for deadline in deadlines {
        let values = match deadline.matter.instance() {
            Some(index) => book
                .cell_text(book.instance(index), column)
                .into_iter()
                .collect(),
            None => values_of
                .get(&deadline.account)
                .cloned()
                .unwrap_or_default(),
        };
        for value in values {
            by_value.entry(value).or_default().push(deadline);
        }
    }
    let title = book.name.to_string();
    let everything: Vec<&Deadline> = deadlines.iter().collect();
    let mut feeds = vec![CalendarTexts { book, title }.feed("all.ics".to_owned(), &everything)];
    let key = by.strip_prefix("tag:").unwrap_or(by);
    let key = part(key.trim_end_matches("_id"), 0);
    let mut names = UniqueNames::of_files();
    for (number, (value, deadlines)) in (0u32..).zip(by_value) {
        let name = names.take(&format!("{key}-{}", part(&value, number)));
        let title = format!("{} · {value}", book.name);
        let feed = CalendarTexts { book, title }.feed(format!("{name}.ics"), &deadlines);
        feeds.push(CalendarFeed {
            value: Some(value),
            ..feed
        });
    }
    feeds
}

/// Puts the dates of a calendar into words.
struct CalendarTexts<'b> {
    book: &'b Book,
    title: String,
}

impl CalendarTexts<'_> {
    fn feed(&self, name: String, deadlines: &[&Deadline]) -> CalendarFeed {
        let mut calendar = ICalendar::new("2.0", "-//renewcast//dates to act on//EN");
        for (key, value) in [
            ("CALSCALE", "GREGORIAN"),
            ("METHOD", "PUBLISH"),
            ("X-WR-TIMEZONE", &*self.book.time_zone),
            ("X-WR-CALNAME", &self.title),
        ] {
            calendar.push(Property::new(key, shown_text(value)));
        }
        let groups = deadlines.chunk_by(|one, next| {
            (one.day, one.account, one.matter.rank())
                == (next.day, next.account, next.matter.rank())
        });
        let mut entries = 0;
        for group in groups {
            calendar.add_event(self.event(group));
            entries += 1;
        }
        CalendarFeed {
            name,
            value: None,
            entries,
            bytes: folded(&calendar.to_string()).into_bytes(),
        }
    }

    fn event(&self, group: &[&Deadline]) -> Event<'static> {
        let first = group[0];
        let account = &self.book.account(first.account).id;
        let stamp = format!("{}T000000Z", basic(self.book.days.from));
        let (title, day, rank) = (&self.title, first.day, first.matter.rank());
        let identity = hash(format!("{title}\n{day}\n{account}\n{rank}").as_bytes());
        let mut event = Event::new(format!("{}@renewcast", &identity[..32]), stamp);
        let mut start = DtStart::new(basic(day));
        start.add(Value::DATE);
        event.push(start);
        let mut end = DtEnd::new(basic(day.tomorrow()));
        end.add(Value::DATE);
        event.push(end);
        event.push(Summary::new(shown_text(&self.summary(group))));
        event.push(Description::new(self.description(group)));
        event.push(Categories::new(category(&first.matter)));
        event.push(Transp::transparent());
        // The morning of the day before.
        event.add_alarm(Alarm::display(
            Trigger::new("-PT15H"),
            Description::new(shown_text(&self.summary(group))),
        ));
        event
    }

    fn summary(&self, group: &[&Deadline]) -> String {
        let account = &self.book.account(group[0].account).id;
        let amounts: Option<Vec<Money>> = group.iter().map(|one| one.amount).collect();
        let amount = amounts.map(|amounts| self.cost_text(group[0], amounts.into_iter().sum()));
        let cost = match &amount {
            Some(amount) => format!(" ({amount})"),
            None => String::new(),
        };
        let amount = amount.unwrap_or_default();
        let who = match group {
            [one] => self.id(one.matter.instance()),
            _ => format!("{} instances", group.len()),
        };
        let what = match &group[0].matter {
            DeadlineSubject::TopUp(first) => format!("top up {amount}, or {}", self.failure(first)),
            DeadlineSubject::Task(task) => format!("{}{cost}", doing(task.verb, &who)),
            DeadlineSubject::LastDay(_) => format!("last day to save {who}{cost}"),
            DeadlineSubject::PlannedTopUp => format!("top up {amount}, as planned"),
            DeadlineSubject::PlannedRenewal(_) => format!("renew {who}, as planned"),
        };
        format!("{account}: {what}")
    }

    /// The id of an instance; empty where there is none.
    fn id(&self, index: Option<InstanceIndex>) -> String {
        index.map_or_else(String::new, |index| {
            self.book.instance(index).id.to_string()
        })
    }

    /// One line for each, as a value.
    fn description(&self, group: &[&Deadline]) -> String {
        let named = group.iter().take(MAX_NAMED);
        let mut lines: Vec<String> = named.map(|one| self.deadline_sentence(one)).collect();
        if group.len() > MAX_NAMED {
            lines.push(format!("… and {} more", group.len() - MAX_NAMED));
        }
        let lines: Vec<String> = lines.iter().map(|line| shown_text(line)).collect();
        lines.join("\\n")
    }

    fn deadline_sentence(&self, deadline: &Deadline) -> String {
        let account = &self.book.account(deadline.account).id;
        match &deadline.matter {
            DeadlineSubject::TopUp(first) => {
                let (by, day, failure) = (first.by, first.day, self.failure(first));
                format!("Account {account} needs it by {by}: {failure} on {day} without it.")
            }
            DeadlineSubject::Task(task) | DeadlineSubject::LastDay(task) => {
                let (named, why, until) = (self.named(task.instance), why(task.why), until(task));
                format!("{named}: {why}; {until}.")
            }
            DeadlineSubject::PlannedTopUp => {
                format!("The forecast counts on it: a top-up of {account} that the book plans.")
            }
            DeadlineSubject::PlannedRenewal(instance) => {
                format!(
                    "{}: the forecast counts on this renewal, which the book plans.",
                    self.named(*instance)
                )
            }
        }
    }

    /// The id of an instance, with its name where it has one.
    fn named(&self, index: InstanceIndex) -> String {
        let instance = self.book.instance(index);
        match instance.labels.name {
            Some(name) => format!("{} ({})", instance.id, self.book.labels.label_text(name)),
            None => instance.id.to_string(),
        }
    }

    /// What fails first without a top-up.
    fn failure(&self, first: &FundingFailure) -> String {
        let id = self.id(first.instance);
        let of = match first.instance {
            Some(_) => format!(" of {id}"),
            None => String::new(),
        };
        match first.cause {
            NeedCause::Renewal => format!("the renewal{of} fails"),
            NeedCause::Purchase => format!("the purchase{of} fails"),
            NeedCause::Change => format!("the change{of} fails"),
            NeedCause::Usage => "hours end in arrears".to_owned(),
            NeedCause::Restart => format!("{id} does not start again"),
            NeedCause::Floor => "a day ends below the alert line".to_owned(),
        }
    }

    fn cost_text(&self, deadline: &Deadline, money: Money) -> String {
        let currency = self.book.account(deadline.account).currency;
        format!("{currency} {}", money.display_grouped(currency))
    }
}

/// What people do with instances.
fn doing(verb: Verb, who: &str) -> String {
    match verb {
        Verb::Start => format!("start {who}"),
        Verb::SetFlag(..) => format!("set the flag of {who} to auto"),
        _ => format!("renew {who}"),
    }
}

fn why(why: RemedyReason) -> &'static str {
    match why {
        RemedyReason::Flag => "its flag is not auto",
        RemedyReason::AttemptsOver => "no automatic attempt is left",
        RemedyReason::NoAttempts => "its profile never renews it by itself",
        RemedyReason::InBin => "it is in the recycle bin, where nothing renews it",
        RemedyReason::Stopped => "it is stopped until people start it",
    }
}

fn until(task: &ListedTask) -> String {
    if task.by < task.latest {
        format!(
            "after {} it stops, and only a renewal by {} saves it",
            task.by, task.latest
        )
    } else {
        format!("{} is the last day that saves it", task.by)
    }
}

fn category(matter: &DeadlineSubject) -> &'static str {
    match matter {
        DeadlineSubject::TopUp(_) => "Top up",
        DeadlineSubject::Task(_) => "To do",
        DeadlineSubject::LastDay(_) => "Last day",
        DeadlineSubject::PlannedTopUp | DeadlineSubject::PlannedRenewal(_) => "Planned",
    }
}

/// `20261231`.
fn basic(day: Day) -> String {
    day.to_string().replace('-', "")
}

/// The most bytes of a line (RFC 5545, 3.1).
const MAX_LINE_BYTES: usize = 75;

/// The lines folded anew: those of `ics` (0.5.8) have 76 bytes, as it does not count the blank that begins a continuation.
fn folded(calendar: &str) -> String {
    let mut folded = String::with_capacity(calendar.len());
    for line in calendar.replace("\r\n ", "").split_terminator("\r\n") {
        let mut width = 0;
        for character in line.chars() {
            if width + character.len_utf8() > MAX_LINE_BYTES {
                folded.push_str("\r\n ");
                width = 1;
            }
            folded.push(character);
            width += character.len_utf8();
        }
        folded.push_str("\r\n");
    }
    folded
}

/// A text as a value: fit to be shown, then escaped.
fn shown_text(plain: &str) -> String {
    escape_text(Shown::visible(plain).as_str()).into_owned()
}
