//! The story of one instance, or of one account, in plain sentences: what happened, what it cost, and by which rule.
//!
//! It replays one account and never changes a book.

mod rule;
mod sentence;

use std::collections::BTreeSet;

use crate::engine::event::Event;
use crate::engine::ledger::Entry;
use crate::engine::{self, Refusal, Window};
use crate::model::account::{Account, AccountIndex};
use crate::model::book::Book;
use crate::model::instance::{ChargeType, Instance, InstanceIndex, State};
use rule::RuleFinder;
use sentence::StoryWriter;

/// One step of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryStep {
    /// What happened, in a sentence that begins with its day.
    pub sentence: String,
    /// The rule behind it, if it is one of a profile.
    pub rule: Option<String>,
}

/// The story of an instance or account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// Who it is about, and its state at the opening.
    pub opening: String,
    /// What happened.
    pub steps: Vec<StoryStep>,
    /// Its state at the end.
    pub closing: String,
}

/// The story of an instance. Its account is replayed, whose windows are `seen`, and of them only its rows are kept.
///
/// # Errors
/// An action of the account needs a price that is not known.
pub fn instance_story(
    book: &Book,
    index: InstanceIndex,
    seen: impl FnMut(&Window),
) -> Result<Story, Refusal> {
    let instance = book.instance(index);
    let writer = StoryWriter::for_account(book, instance.account);
    let is_told = |entry: &Entry| entry.instance == Some(index);
    let replayed = replay(book, instance.account, seen, is_told)?;
    let closing = &replayed.closing;
    let end = closing.find_instance(instance.id.as_str());
    let end = end.map(|index| closing.instance(index));
    Ok(Story {
        opening: writer.instance_at_opening(instance),
        steps: writer.steps(&replayed.entries),
        closing: writer.instance_at_end(instance, end),
    })
}

/// The story of an account: its money, its alerts, and what happened to its instances.
///
/// # Errors
/// As [`instance_story`].
pub fn account_story(
    book: &Book,
    index: AccountIndex,
    seen: impl FnMut(&Window),
) -> Result<Story, Refusal> {
    let account = book.account(index);
    let writer = StoryWriter::for_account(book, index);
    let is_told = |entry: &Entry| entry.account == Some(index);
    let replayed = replay(book, index, seen, is_told)?;
    let instances = book.instances.iter();
    let count = instances.filter(|one| one.account == index).count();
    let (id, from, to) = (&account.id, book.days.from, book.days.to);
    let funds = writer.funds(account);
    let left = writer.funds(replayed.closing.account(index));
    Ok(Story {
        opening: format!("Account {id} {funds} on {from} and pays for {count} instances."),
        steps: writer.steps(&replayed.entries),
        closing: format!("At the end of {to} it {left}."),
    })
}

/// A replayed account.
struct ReplayedAccount {
    /// The rows that the story is told of; an account may have far more.
    entries: Vec<Entry>,
    /// The closing book, which knows no more than this account.
    closing: Book,
}

fn replay(
    book: &Book,
    account: AccountIndex,
    mut seen: impl FnMut(&Window),
    is_told: impl Fn(&Entry) -> bool,
) -> Result<ReplayedAccount, Refusal> {
    let mut run = engine::open_accounts(book, &BTreeSet::from([account]));
    let (mut window, mut entries) = (Window::default(), Vec::new());
    while run.advance(&mut window)? {
        seen(&window);
        entries.extend(window.entries().filter(|entry| is_told(entry)).copied());
    }
    Ok(ReplayedAccount {
        entries,
        closing: run.finish().into_book(book.clone()),
    })
}

impl StoryWriter<'_> {
    fn funds(&self, account: &Account) -> String {
        let settled = self.money(account.funds.settled());
        let available = self.money(account.funds.available());
        let currency = account.currency;
        format!("holds {settled} {currency}, of which {available} is available")
    }

    fn instance_at_opening(&self, instance: &Instance) -> String {
        let profile = &self.book.profile(instance.profile).name;
        let account = &self.book.account(instance.account).id;
        let price = instance
            .price()
            .map(|price| price.to_string())
            .unwrap_or_default();
        let (per, flag) = match instance.charge_type {
            ChargeType::Prepaid => {
                let flag = instance.renew_flag.name();
                ("month", format!(", renew flag {flag}"))
            }
            ChargeType::Postpaid => ("hour", String::new()),
        };
        let state = match (instance.state, instance.expires_on, instance.starts_on) {
            (None, _, Some(start)) => format!("begins on {start}"),
            (Some(state), Some(expiry), _) => format!("is {} with expiry {expiry}", state.name()),
            (state, _, _) => format!("is {}", state.map_or("absent", |state| state.name())),
        };
        let (id, charge_type) = (&instance.id, instance.charge_type.name());
        let terms = format!("{charge_type}, {price} {} a {per}{flag}", self.currency);
        format!("Instance {id} of account {account} {state} ({terms}, profile {profile}).")
    }

    fn instance_at_end(&self, instance: &Instance, end: Option<&Instance>) -> String {
        let last = self.book.days.to;
        match end.map(|end| (end.state, end.expires_on)) {
            None => format!("{} was never bought.", instance.id),
            Some((None, _)) => format!("At the end of {last} it does not exist yet."),
            Some((Some(State::Running), Some(expiry))) => {
                format!("At the end of {last} it is running, paid to {expiry}.")
            }
            Some((Some(state), _)) => format!("At the end of {last} it is {}.", state.name()),
        }
    }

    /// One step for each row; days of equal usage are one step.
    fn steps(&self, entries: &[Entry]) -> Vec<StoryStep> {
        let mut rules = RuleFinder::rules_of_book(self.book);
        let steps = entries.chunk_by(|one, next| {
            one.event == Event::Usage
                && next.event == Event::Usage
                && (one.instance, one.state) == (next.instance, next.state)
        });
        let steps = steps.map(|rows| {
            let first = &rows[0];
            let mut sentence = match rows.len() {
                1 => self.sentence(first),
                _ => self.usage_of_days(rows),
            };
            if rules.recovers_a_return(first) {
                sentence += " It was returned, so its new term starts on the day of recovery.";
            }
            let rule = rules.rule_behind(first);
            rows.iter().for_each(|entry| rules.follow(entry));
            StoryStep { sentence, rule }
        });
        steps.collect()
    }
}
