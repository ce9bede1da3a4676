//! The story of one instance, or of one account, in plain sentences: what happened, what it cost, and by which rule.

mod rule;
use std::collections::BTreeSet;

use crate::engine::event::{Event, Reason};
use crate::engine::ledger::{Basis, Entry, Needed};
use crate::engine::{self, Refusal, Window};
use crate::model::account::{AccountIndex, Movement};
use crate::model::action::{Action, Verb};
use crate::model::book::Book;
use crate::model::instance::{ChargeType, Instance, InstanceIndex, State};
use crate::model::money::{Currency, Money};
use rule::{RuleFinder, could_be_paid};

/// One step of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryStep {
    /// What happened, in a sentence that begins with its day.
    pub sentence: String,
    /// The rule behind it, if it is one of a profile.
    pub rule: Option<String>,
}

/// Everything told about an instance or account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// Who it is about, and how it stood at the opening.
    pub opening: String,
    /// What happened.
    pub steps: Vec<StoryStep>,
    /// How it stands at the end.
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
    let teller = StoryWriter {
        book,
        currency: book.account(instance.account).currency,
    };
    let (entries, closing) = replay(
        book,
        instance.account,
        (seen, |entry| entry.instance == Some(index)),
    )?;
    let end = closing
        .find_instance(instance.id.as_str())
        .map(|index| closing.instance(index));
    let entries: Vec<&Entry> = entries.iter().collect();
    Ok(Story {
        opening: teller.opening(instance),
        steps: teller.steps(&entries),
        closing: teller.closing(instance, end),
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
    let teller = StoryWriter {
        book,
        currency: account.currency,
    };
    let (entries, closing) = replay(book, index, (seen, |entry| entry.account == Some(index)))?;
    let entries: Vec<&Entry> = entries.iter().collect();
    let funds = |account: &crate::model::account::Account| {
        let (settled, available) = (account.funds.settled(), account.funds.available());
        format!(
            "holds {} {}, of which {} is available",
            teller.money(settled),
            account.currency,
            teller.money(available)
        )
    };
    let count = book
        .instances
        .iter()
        .filter(|instance| instance.account == index)
        .count();
    Ok(Story {
        opening: format!(
            "Account {} {} on {} and pays for {count} instances.",
            account.id,
            funds(account),
            book.days.from
        ),
        steps: teller.steps(&entries),
        closing: format!(
            "At the end of {} it {}.",
            book.days.to,
            funds(closing.account(index))
        ),
    })
}

/// The rows of an account that are told, and the closing book, which knows no more than this account.
fn replay(
    book: &Book,
    account: AccountIndex,
    (mut seen, is_told): (impl FnMut(&Window), impl Fn(&Entry) -> bool),
) -> Result<(Vec<Entry>, Book), Refusal> {
    let mut run = engine::open_accounts(book, &BTreeSet::from([account]));
    let (mut window, mut told) = (Window::default(), Vec::new());
    while run.advance(&mut window)? {
        seen(&window);
        told.extend(window.entries().filter(|entry| is_told(entry)).copied());
    }
    Ok((told, run.finish().into_book(book.clone())))
}

struct StoryWriter<'b> {
    book: &'b Book,
    currency: Currency,
}

impl StoryWriter<'_> {
    fn money(&self, money: Money) -> String {
        money.display_grouped(self.currency).to_string()
    }

    fn opening(&self, instance: &Instance) -> String {
        let profile = self.book.profile(instance.profile);
        let account = &self.book.account(instance.account).id;
        let price = instance
            .price()
            .map_or_else(String::new, |price| price.to_string());
        let (per, flag) = match instance.charge_type {
            ChargeType::Prepaid => (
                "month",
                format!(", renew flag {}", instance.renew_flag.name()),
            ),
            ChargeType::Postpaid => ("hour", String::new()),
        };
        let stands = match (instance.state, instance.expires_on, instance.starts_on) {
            (None, _, Some(start)) => format!("begins on {start}"),
            (Some(state), Some(expiry), _) => format!("is {} with expiry {expiry}", state.name()),
            (state, _, _) => format!("is {}", state.map_or("absent", |state| state.name())),
        };
        format!(
            "Instance {} of account {account} {stands} ({}, {price} {} a {per}{flag}, profile {}).",
            instance.id,
            instance.charge_type.name(),
            self.currency,
            profile.name
        )
    }

    fn closing(&self, instance: &Instance, end: Option<&Instance>) -> String {
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

    /// One step for each row; days of equal usage are told as one.
    fn steps(&self, entries: &[&Entry]) -> Vec<StoryStep> {
        let mut steps = Vec::new();
        let mut rules = RuleFinder::rules_of_book(self.book);
        let mut rest = entries;
        while let Some(first) = rest.first() {
            let same = |entry: &&&Entry| {
                first.event == Event::Usage
                    && entry.event == Event::Usage
                    && (entry.instance, entry.state) == (first.instance, first.state)
            };
            let count = rest.iter().take_while(same).count().max(1);
            let mut sentence = if count > 1 {
                self.usage(&rest[..count])
            } else {
                self.sentence(first)
            };
            if rules.recovers_a_return(first) {
                sentence
                    .push_str(" It was returned, so its new term starts on the day of recovery.");
            }
            steps.push(StoryStep {
                sentence,
                rule: rules.rule_behind(first),
            });
            rest[..count].iter().for_each(|entry| rules.follow(entry));
            rest = &rest[count..];
        }
        steps
    }

    fn usage(&self, days: &[&Entry]) -> String {
        let hours: u32 = days.iter().map(|day| u32::from(day.hours)).sum();
        let amount: Money = days
            .iter()
            .filter_map(|day| day.movement)
            .map(|movement| -movement.amount())
            .sum();
        let (first, last) = (days[0], days[days.len() - 1]);
        let what = if first.state == Some(State::Stopped) {
            "hours while it is stopped"
        } else {
            "hours of use"
        };
        format!(
            "{} to {}: {hours} {what} cost {} {}; {} left.",
            first.date,
            last.date,
            self.money(amount),
            self.currency,
            self.money(last.balance)
        )
    }

    fn sentence(&self, entry: &Entry) -> String {
        let who = entry.instance.map_or_else(
            || "the account".to_owned(),
            |index| self.book.instance(index).id.to_string(),
        );
        let paid = entry
            .movement
            .map_or(Money::ZERO, |movement| movement.amount());
        let voucher = entry
            .movement
            .map_or(Money::ZERO, |movement| -movement.voucher);
        let cost = match voucher {
            Money::ZERO => format!("{} {}", self.money(-paid), self.currency),
            _ => format!(
                "{} {} and {} by voucher",
                self.money(-paid),
                self.currency,
                self.money(voucher)
            ),
        };
        let left = format!("{} left", self.money(entry.balance));
        let term = entry
            .term
            .map_or_else(String::new, |term| match term.months {
                0 => format!("from {} to {}", term.start, term.end),
                months => format!(
                    "for {} from {} to {}",
                    counted(months, "month"),
                    term.start,
                    term.end
                ),
            });
        let by = match entry.reason {
            Some(Reason::Auto) => "by itself",
            Some(Reason::Unified) => "to a unified date",
            _ => "by people",
        };
        let text = match entry.event {
            Event::Renewed => format!("{who} is renewed {by} {term}: {cost}; {left}"),
            Event::Recovered => {
                format!("{who} is recovered from the bin {by} {term}: {cost}; {left}")
            }
            Event::Purchased => format!("{who} is bought {term}: {cost}; {left}"),
            Event::RenewalFailed => {
                format!("{who} should renew by itself, but {}", self.missing(entry))
            }
            Event::Expired => {
                format!("the paid term of {who} ends; it is overdue and still usable")
            }
            Event::Reclaimed => format!("{who} is unpaid and goes to the recycle bin"),
            Event::Terminated if entry.reason == Some(Reason::User) => {
                format!("{who} is destroyed by people")
            }
            Event::Terminated => format!("{who} is gone for good, with its data"),
            Event::Usage if entry.state == Some(State::Stopped) => {
                format!(
                    "{who} is stopped, and {} hours are billed: {cost}; {left}",
                    entry.hours
                )
            }
            Event::Usage => format!("{who} runs for {} hours: {cost}; {left}", entry.hours),
            Event::Stopped if entry.reason == Some(Reason::User) => {
                format!("people stop {who} without charge")
            }
            Event::Stopped => format!("arrears stop {who}"),
            Event::Restored => format!("{who} runs again"),
            Event::Returned => {
                format!(
                    "{who} is returned and goes to the recycle bin: {}",
                    self.comes_back(entry)
                )
            }
            Event::Refunded => self.comes_back(entry),
            Event::Resized => format!(
                "{who} is resized{}: {}",
                self.set_to(entry),
                self.charged(entry, &cost)
            ),
            Event::Converted => format!("{who} becomes {}", self.charge_type_after(entry)),
            Event::VoucherGranted => format!("{} comes in", self.granted(entry)),
            Event::TopUp => {
                let (amount, balance) = (self.money(paid), self.money(entry.balance));
                let sent = self.action(entry).and_then(|action| action.sent);
                let sent = sent.map_or_else(String::new, |sent| {
                    format!(", sent on {} by {}", sent.date, sent.channel.name())
                });
                format!(
                    "{amount} {} come in{sent}; the balance is {balance}",
                    self.currency
                )
            }
            Event::Credit => format!(
                "{} {} of free credit come in",
                self.money(paid),
                self.currency
            ),
            Event::CreditLimitSet => format!("the credit limit is set{}", self.set_to(entry)),
            Event::FlagSet => format!("the renew flag of {who} is set{}", self.set_to(entry)),
            Event::PriceSet => format!("the price of {who} is set{}", self.set_to(entry)),
            Event::Reminder if entry.reason == Some(Reason::FundsShort) => {
                format!(
                    "people are reminded that the next renewal of {who} costs more than is available ({left})"
                )
            }
            Event::Reminder => format!("people are reminded that {who} expires"),
            Event::BalanceAlert => {
                format!(
                    "people are alerted: the available balance is below the alert line ({left})"
                )
            }
            Event::ArrearsForecast => {
                format!(
                    "people are warned: the balance covers less than three days of use ({left})"
                )
            }
            Event::Rejected => format!(
                "{} of {who} is rejected: {}",
                self.asked(entry),
                self.missing(entry)
            ),
        };
        format!("{}: {text}.", entry.date)
    }

    fn action(&self, entry: &Entry) -> Option<&Action> {
        entry.action.map(|action| self.book.action(action))
    }

    fn asked(&self, entry: &Entry) -> &'static str {
        self.action(entry)
            .map_or("the purchase", |action| action.verb.name())
    }

    fn set_to(&self, entry: &Entry) -> String {
        match self.action(entry).map(|action| action.verb) {
            Some(Verb::SetCreditLimit(limit)) => {
                format!(" to {} {}", self.money(limit), self.currency)
            }
            Some(Verb::SetFlag(flag, None)) => format!(" to {}", flag.name()),
            Some(Verb::SetFlag(flag, Some(months))) => {
                format!(" to {} for {}", flag.name(), counted(months, "month"))
            }
            Some(Verb::SetPrice(price) | Verb::Resize(price, None)) => {
                format!(" to {price} {}", self.currency)
            }
            Some(Verb::Resize(price, Some(kind))) => {
                format!(
                    " to {} at {price} {}",
                    self.book.labels.label_text(kind),
                    self.currency
                )
            }
            _ => String::new(),
        }
    }

    /// What a return or a conversion pays back.
    fn comes_back(&self, entry: &Entry) -> String {
        let amount = entry.movement.map_or(Money::ZERO, Movement::amount);
        match entry.basis {
            Some(Basis::Refund {
                paid,
                consumed: Some(consumed),
            }) => {
                let (paid, consumed) = (self.money(paid), self.money(consumed));
                let currency = self.currency;
                format!(
                    "{} {currency} come back, of {paid} paid {consumed} are consumed",
                    self.money(amount)
                )
            }
            Some(Basis::Refund { consumed: None, .. }) => {
                format!("all of {} {} come back", self.money(amount), self.currency)
            }
            Some(Basis::PaymentUnknown) => "nothing comes back, no payment is known".to_owned(),
            _ => "nothing comes back, its term is over".to_owned(),
        }
    }

    /// What a new type or price costs or pays back.
    fn charged(&self, entry: &Entry, cost: &str) -> String {
        let amount = entry.movement.map_or(Money::ZERO, Movement::amount);
        if amount > Money::ZERO || entry.basis.is_some() {
            return self.comes_back(entry);
        }
        match entry.movement {
            Some(_) => format!("{cost} for the rest of its term"),
            None => "nothing is paid".to_owned(),
        }
    }

    fn charge_type_after(&self, entry: &Entry) -> &'static str {
        match self.action(entry).map(|action| action.verb) {
            Some(Verb::ToPrepaid(..)) => "prepaid",
            _ => "postpaid",
        }
    }

    fn granted(&self, entry: &Entry) -> String {
        let Some(Verb::Voucher(grant)) = self.action(entry).map(|action| action.verb) else {
            return "a voucher".to_owned();
        };
        let voucher = self.book.grant(grant);
        let amount = self.money(voucher.left);
        format!(
            "voucher {} for {amount} {}, valid until {},",
            voucher.id, self.currency, voucher.valid_to
        )
    }

    fn missing(&self, entry: &Entry) -> String {
        let Some(shortfall) = entry.shortfall() else {
            return entry
                .reason
                .map_or_else(String::new, |reason| reason.name().replace('_', " "));
        };
        let available = self.money(shortfall.available);
        match shortfall.needed {
            Needed::Price(_) if entry.event == Event::RenewalFailed && could_be_paid(entry) => {
                "a renewal before it failed, and those behind wait".to_owned()
            }
            Needed::Price(price) => {
                let short = self.money(price - shortfall.available - shortfall.voucher);
                let voucher = match shortfall.voucher {
                    Money::ZERO => String::new(),
                    voucher => format!(", with a voucher for {}", self.money(voucher)),
                };
                format!(
                    "{} is needed and {available} is available{voucher}: {short} short",
                    self.money(price)
                )
            }
            Needed::MoreThanZero => {
                format!("the available balance is {available} and must be above zero")
            }
            Needed::AtLeastZero => {
                format!("the available balance is {available} and must not be negative")
            }
        }
    }
}

fn counted(count: u32, one: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {one}s")
    }
}
