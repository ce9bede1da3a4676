//! The answer of a run: what is paid, how low the balances go, what fails, what is lost and what to do about it.
//!
//! A pure fold over the ledger. Currencies are never added.

use std::collections::{BTreeMap, BTreeSet};

use crate::account::AccountIndex;
use crate::book::Book;
use crate::calendar::Day;
use crate::engine::Replay;
use crate::event::{Event, Reason};
use crate::instance::{ChargeType, InstanceIndex, RenewFlag, State};
use crate::ledger::{Balance, Entry, Needed, Shortfall};
use crate::money::{Currency, Money};

/// What a run comes to.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Sums by currency.
    pub totals: BTreeMap<Currency, Totals>,
    /// How each account fares, by id.
    pub accounts: Vec<AccountSummary>,
    /// The auto-renewals that failed, each with its first and last day.
    pub failures: Vec<Failure>,
    /// The instances that go to the recycle bin or are terminated.
    pub losses: Vec<Loss>,
    /// The instances that were stopped in arrears, with the day.
    pub stops: Vec<(InstanceIndex, Day)>,
    /// The number of actions and purchases that were rejected.
    pub rejected: usize,
    /// What people can do, by the day until which it helps.
    pub advice: Vec<Advice>,
}

/// Sums in one currency, all positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Paid for prepaid terms.
    pub renewals: Money,
    /// Charged for hours.
    pub usage: Money,
    /// Cash and free credit that came in.
    pub income: Money,
}

/// How an account fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountSummary {
    /// The account.
    pub account: AccountIndex,
    /// Its lowest available balance over the opening and the ends of days.
    pub lowest: Balance,
    /// Its last balance.
    pub closing: Balance,
    /// Whether a renewal failed, an instance stopped, or the available balance fell below zero or the alert line.
    pub is_short: bool,
}

/// An instance whose auto-renewal failed, once or on several days until it was paid or lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The instance.
    pub instance: InstanceIndex,
    /// The first day on which it failed.
    pub first: Day,
    /// The last day of the same row of attempts.
    pub last: Day,
    /// What was needed.
    pub needed: Money,
    /// What was there on the first day.
    pub available: Money,
}

/// An instance that was reclaimed, terminated, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The instance.
    pub instance: InstanceIndex,
    /// The day of reclaiming, or of stopping; none where it lies before the run.
    pub reclaimed: Option<Day>,
    /// The last day on which it can be recovered.
    pub last_day: Option<Day>,
    /// What became of it.
    pub end: LossEnd,
}

/// What became of a reclaimed or stopped instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossEnd {
    /// It was recovered.
    Recovered(Day),
    /// It is gone, because nobody paid in time.
    Terminated(Day),
    /// It is gone, because people asked for it.
    Destroyed(Day),
    /// It is still in the bin, or stopped, when the run ends.
    Kept,
}

/// What people can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advice {
    /// The last day on which it helps.
    pub by: Day,
    /// What.
    pub what: Remedy,
}

/// A remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Top up an account by at least so much: then the first renewals that fail are paid.
    TopUp {
        /// The account.
        account: AccountIndex,
        /// At least so much.
        amount: Money,
        /// How many renewals fail on that day.
        renewals: usize,
    },
    /// Top up an account whose hours end in arrears.
    Arrears {
        /// The account.
        account: AccountIndex,
        /// What is missing at the end of the day on which instances stop.
        amount: Money,
    },
    /// Renew an instance that people are expected to renew, or set it to auto.
    Renew {
        /// The instance.
        instance: InstanceIndex,
    },
}

impl Summary {
    /// Sums up a replay of `book`.
    pub fn of(book: &Book, replay: &Replay) -> Self {
        let entries = &replay.ledger.entries;
        let failures = failures(entries);
        let losses = losses(book, replay);
        let stops = of_event(entries, Event::Stopped).filter_map(|entry| Some((entry.instance?, entry.date))).collect();
        let mut advice = top_ups(entries);
        advice.extend(arrears(entries, &replay.ledger.balances));
        advice.extend(renewals(book, &replay.closing, &losses));
        advice.sort_by_key(|advice| advice.by);
        Self {
            totals: totals(book, entries),
            accounts: accounts(book, replay),
            failures,
            losses,
            stops,
            rejected: of_event(entries, Event::Rejected).count(),
            advice,
        }
    }

    /// The instances terminated because nobody paid in time.
    pub fn terminated(&self) -> impl Iterator<Item = &Loss> {
        self.losses.iter().filter(|loss| matches!(loss.end, LossEnd::Terminated(_)))
    }
}

fn of_event(entries: &[Entry], event: Event) -> impl Iterator<Item = &Entry> {
    entries.iter().filter(move |entry| entry.event == event)
}

fn totals(book: &Book, entries: &[Entry]) -> BTreeMap<Currency, Totals> {
    let mut totals: BTreeMap<Currency, Totals> =
        book.accounts.iter().map(|account| (account.currency, Totals::default())).collect();
    for entry in entries {
        let (Some(account), Some(movement)) = (entry.account, entry.movement) else { continue };
        let totals = totals.entry(book.account(account).currency).or_default();
        match entry.event {
            Event::Usage => totals.usage -= movement.amount(),
            Event::TopUp | Event::Credit => totals.income += movement.amount(),
            _ => totals.renewals -= movement.amount(),
        }
    }
    totals
}

fn accounts(book: &Book, replay: &Replay) -> Vec<AccountSummary> {
    let ledger = &replay.ledger;
    let mut closing: Vec<Option<Balance>> = vec![None; book.accounts.len()];
    for balance in &ledger.balances {
        closing[balance.account.0 as usize] = Some(*balance);
    }
    let mut short = vec![false; book.accounts.len()];
    for entry in ledger.entries.iter().filter(|entry| matches!(entry.event, Event::RenewalFailed | Event::Stopped)) {
        if let Some(account) = entry.account {
            short[account.0 as usize] = true;
        }
    }
    let lows = ledger.lowest_available(book.accounts.len());
    let rows = lows.into_iter().zip(closing).zip(short).zip(&book.accounts);
    let rows = rows.filter_map(|(((lowest, closing), short), account)| {
        let lowest = lowest?;
        let line = account.alert_below.unwrap_or(Money::ZERO);
        let is_short = short || lowest.available < line;
        Some(AccountSummary { account: lowest.account, lowest, closing: closing?, is_short })
    });
    rows.collect()
}

fn failures(entries: &[Entry]) -> Vec<Failure> {
    let mut open: BTreeMap<InstanceIndex, usize> = BTreeMap::new();
    let mut failures: Vec<Failure> = Vec::new();
    for entry in entries {
        let Some(instance) = entry.instance else { continue };
        match (entry.event, entry.shortfall()) {
            (Event::RenewalFailed, Some(Shortfall { needed: Needed::Price(needed), available, .. })) => {
                if let Some(at) = open.get(&instance) {
                    failures[*at].last = entry.date;
                } else {
                    open.insert(instance, failures.len());
                    failures.push(Failure { instance, first: entry.date, last: entry.date, needed, available });
                }
            }
            (Event::Renewed | Event::Recovered, _) => {
                open.remove(&instance);
            }
            _ => {}
        }
    }
    failures
}

fn losses(book: &Book, replay: &Replay) -> Vec<Loss> {
    let mut open: BTreeMap<InstanceIndex, usize> = BTreeMap::new();
    let mut losses: Vec<Loss> = Vec::new();
    for (number, instance) in (0u32..).zip(&book.instances) {
        if matches!(instance.state, Some(State::Reclaimed)) {
            open.insert(InstanceIndex(number), losses.len());
            losses.push(Loss { instance: InstanceIndex(number), reclaimed: None, last_day: None, end: LossEnd::Kept });
        }
    }
    for entry in &replay.ledger.entries {
        let Some(instance) = entry.instance else { continue };
        let known = open.get(&instance).copied();
        match (entry.event, known) {
            (Event::Reclaimed | Event::Returned | Event::Stopped, _) => {
                open.insert(instance, losses.len());
                let reclaimed = Some(entry.date);
                losses.push(Loss { instance, reclaimed, last_day: None, end: LossEnd::Kept });
            }
            (Event::Recovered | Event::Restored, Some(at)) => {
                losses[at].end = LossEnd::Recovered(entry.date);
                open.remove(&instance);
            }
            (Event::Terminated, at) => {
                let at = at.unwrap_or_else(|| {
                    losses.push(Loss { instance, reclaimed: None, last_day: None, end: LossEnd::Kept });
                    losses.len() - 1
                });
                let by_people = entry.reason == Some(Reason::User);
                let end = if by_people { LossEnd::Destroyed(entry.date) } else { LossEnd::Terminated(entry.date) };
                losses[at].end = end;
                losses[at].last_day = (!by_people).then(|| entry.date.yesterday());
                open.remove(&instance);
            }
            _ => {}
        }
    }
    losses
}

/// Renewals of an account that fail together, on a first day.
struct Gap {
    first: Day,
    last: Day,
    needed: Money,
    available: Money,
    renewals: usize,
}

/// For each account and each row of days on which renewals fail: what is missing to pay them all on the first.
fn top_ups(entries: &[Entry]) -> Vec<Advice> {
    let mut gaps: BTreeMap<AccountIndex, Vec<Gap>> = BTreeMap::new();
    for entry in of_event(entries, Event::RenewalFailed) {
        let (Some(account), Some(Shortfall { needed: Needed::Price(price), available, .. })) =
            (entry.account, entry.shortfall())
        else {
            continue;
        };
        let gaps = gaps.entry(account).or_default();
        match gaps.last_mut().filter(|gap| entry.date <= gap.last.tomorrow()) {
            Some(gap) => {
                gap.last = entry.date;
                if gap.first == entry.date {
                    gap.needed += price;
                    gap.available = available;
                    gap.renewals += 1;
                }
            }
            None => {
                gaps.push(Gap { first: entry.date, last: entry.date, needed: price, available, renewals: 1 });
            }
        }
    }
    let advice = gaps.into_iter().flat_map(|(account, gaps)| gaps.into_iter().map(move |gap| (account, gap)));
    let advice = advice.map(|(account, gap)| {
        let what = Remedy::TopUp { account, amount: gap.needed - gap.available, renewals: gap.renewals };
        Advice { by: gap.first, what }
    });
    advice.collect()
}

/// The days on which arrears stop instances of an account.
fn arrears(entries: &[Entry], balances: &[Balance]) -> Vec<Advice> {
    let stops = of_event(entries, Event::Stopped).filter_map(|entry| Some((entry.account?, entry.date)));
    let stops: BTreeSet<(AccountIndex, Day)> = stops.collect();
    let noted = balances.iter().filter(|balance| stops.contains(&(balance.account, balance.date)));
    let advice = noted.map(|balance| {
        let what = Remedy::Arrears { account: balance.account, amount: -balance.available };
        Advice { by: balance.date, what }
    });
    advice.collect()
}

/// The instances that are lost because nobody renewed them: their flag was manual when they went.
fn renewals(book: &Book, closing: &Book, losses: &[Loss]) -> Vec<Advice> {
    let flag = |loss: &Loss| {
        let at = closing.find_instance(book.instance(loss.instance).id.as_str())?;
        Some(closing.instance(at).renew_flag)
    };
    let lost = losses.iter().filter(|loss| flag(loss) == Some(RenewFlag::Manual));
    let advice = lost.filter_map(|loss| match (loss.end, loss.last_day) {
        (LossEnd::Terminated(_), Some(by)) if book.instance(loss.instance).charge_type == ChargeType::Prepaid => {
            Some(Advice { by, what: Remedy::Renew { instance: loss.instance } })
        }
        _ => None,
    });
    advice.collect()
}
