//! Which keys of a profile decided about a row. What a row does not say itself is known from the rows before it; nothing is
//! replayed.

use std::collections::BTreeMap;

use crate::engine::event::{Event, Reason};
use crate::engine::ledger::{Basis, Entry};
use crate::engine::lifecycle::release_of_unpaid;
use crate::model::action::Verb;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::{Instance, InstanceIndex, State};
use crate::model::money::Money;
use crate::model::profile::{
    AttemptDays, Profile, RecoverFrom, RefundMethod, RetentionFrom, WhenShort,
};

/// Where an instance stands before a row.
#[derive(Clone, Copy, Debug)]
struct StateBefore {
    state: Option<State>,
    /// Whether it is in the bin because it was returned.
    returned: bool,
    /// The end of its paid term.
    expires: Option<Day>,
    /// The day on which it went to the bin.
    since: Option<Day>,
}

impl StateBefore {
    fn at_opening(instance: &Instance) -> Self {
        Self {
            state: instance.state,
            returned: instance.returned,
            expires: instance.expires_on,
            since: instance.since,
        }
    }

    fn after(mut self, entry: &Entry) -> Self {
        match entry.event {
            Event::Returned => (self.returned, self.since) = (true, Some(entry.date)),
            Event::Reclaimed => (self.returned, self.since) = (false, Some(entry.date)),
            Event::Recovered => self.returned = false,
            _ => {}
        }
        self.expires = entry.term.map(|term| term.end).or(self.expires);
        self.state = entry.state.or(self.state);
        self
    }
}

/// The rules behind the rows of a book, which are asked in the order of the ledger.
pub(super) struct RuleFinder<'b> {
    book: &'b Book,
    states: BTreeMap<InstanceIndex, StateBefore>,
}

impl<'b> RuleFinder<'b> {
    pub(super) fn rules_of_book(book: &'b Book) -> Self {
        Self {
            book,
            states: BTreeMap::new(),
        }
    }

    /// Whether the row recovers an instance that was returned.
    pub(super) fn recovers_a_return(&self, entry: &Entry) -> bool {
        let before = entry.instance.map(|index| self.state_before(index));
        entry.event == Event::Recovered && before.is_some_and(|before| before.returned)
    }

    /// Notes a row whose rule is known.
    pub(super) fn follow(&mut self, entry: &Entry) {
        if let Some(index) = entry.instance {
            let after = self.state_before(index).after(entry);
            self.states.insert(index, after);
        }
    }

    fn state_before(&self, index: InstanceIndex) -> StateBefore {
        match self.states.get(&index) {
            Some(state) => *state,
            None => StateBefore::at_opening(self.book.instance(index)),
        }
    }

    /// The keys that decided about a row, with their profile; none where no key of a profile did.
    pub(super) fn rule_behind(&self, entry: &Entry) -> Option<String> {
        let index = entry.instance?;
        let before = self.state_before(index);
        let profile = self.book.profile(self.book.instance(index).profile);
        let rule = match (entry.event, entry.reason) {
            (Event::RenewalFailed, _) if could_be_paid(entry) => {
                return Some(self.stopped_renewals(profile));
            }
            (Event::Renewed, Some(Reason::Auto)) | (Event::RenewalFailed, _) => attempts(profile),
            (Event::Recovered, _) if before.returned => return None,
            (Event::Recovered, _) => recovery(profile),
            (Event::Expired | Event::Reclaimed, _) => {
                format!("suspend_after_days = {}", profile.suspend_after_days)
            }
            (Event::Terminated, Some(Reason::RetentionOver)) => {
                retention(profile, before, entry.date)
            }
            (Event::Returned | Event::Refunded, _) => refund(profile, entry)?,
            (Event::Resized, _) => resize(profile, entry)?,
            (Event::Usage, _) => usage(profile, entry)?,
            (Event::Stopped, Some(Reason::Arrears)) => {
                format!("arrears_grace_hours = {}", profile.arrears_grace_hours)
            }
            (Event::Restored, Some(Reason::Funds)) => restart(profile),
            (Event::Reminder, _) => format!("remind_days = {:?}", profile.remind_days),
            (Event::Rejected, Some(Reason::PeriodNotOffered)) => {
                format!("renew_periods = {:?}", profile.renew_periods)
            }
            (Event::Rejected, Some(Reason::RefundLimit)) => self.limit(profile, entry),
            _ => return None,
        };
        Some(format!("{}: {rule}", profile.name))
    }

    /// The profile by which renewals behind a failed one fail too: the default one where those that are due differ.
    fn stopped_renewals(&self, profile: &Profile) -> String {
        let is_own = profile.when_short == WhenShort::Stop;
        let profile = if is_own {
            profile
        } else {
            self.book.default_profile()
        };
        format!("{}: when_short = \"stop\"", profile.name)
    }

    fn limit(&self, profile: &Profile, entry: &Entry) -> String {
        match entry.action.map(|action| self.book.action(action).verb) {
            Some(Verb::Resize(..)) => format!("downgrades = {}", profile.downgrades),
            _ => format!("returns_per_year = {}", profile.returns_per_year),
        }
    }
}

/// Whether funds would have sufficed for a renewal that fails all the same, because one before it failed.
pub(super) fn could_be_paid(entry: &Entry) -> bool {
    let short = entry.shortfall();
    short.is_some_and(|short| short.price().is_some() && short.missing() <= Money::ZERO)
}

fn attempts(profile: &Profile) -> String {
    match &profile.attempts {
        AttemptDays::From(first) if profile.auto_renew_while_reclaimed => {
            format!(
                "auto_renew_first = {first}, auto_renew_while_reclaimed = true, tried daily until terminated"
            )
        }
        AttemptDays::From(first) => {
            format!("auto_renew_first = {first}, tried daily until reclaimed")
        }
        AttemptDays::On(days) => format!("auto_renew_days = {days:?}"),
    }
}

fn recovery(profile: &Profile) -> String {
    let from = match profile.recover_from {
        RecoverFrom::Expiry => "\"expiry\", the term starts at the old expiry",
        RecoverFrom::Reclaim => "\"reclaim\", the term starts on the day of reclaiming",
        RecoverFrom::Today => "\"today\", the term starts on the day of recovery",
    };
    format!("recover_from = {from}")
}

/// What is stopped in arrears is kept by one key, what is in the bin by another, counted from one of three days.
fn retention(profile: &Profile, before: StateBefore, day: Day) -> String {
    if before.state == Some(State::Stopped) {
        let days = profile.postpaid_retention_days;
        return format!("postpaid_retention_days = {days}");
    }
    let days = format!("retention_days = {}", profile.retention_days);
    let was_reclaimed_yesterday = before.since == Some(day.yesterday());
    let by_expiry = before
        .expires
        .map(|expires| release_of_unpaid(profile, expires, expires));
    let is_over = by_expiry.is_some_and(|released| released < day);
    match profile.retention_from {
        _ if before.returned => format!("{days}, counted from the day of return"),
        RetentionFrom::Reclaim => days,
        RetentionFrom::Expiry if was_reclaimed_yesterday && is_over => {
            format!(
                "{days}, counted from the expiry, but gone on the day after reclaiming at the earliest"
            )
        }
        RetentionFrom::Expiry => format!("{days}, counted from the expiry"),
    }
}

/// None where nothing is known to be paid, or the term is over: then no key decides.
fn refund(profile: &Profile, entry: &Entry) -> Option<String> {
    match entry.basis {
        Some(Basis::Refund {
            consumed: Some(_), ..
        }) => Some(format!("refund = \"{}\"", profile.refund.name())),
        Some(Basis::Refund { consumed: None, .. }) => {
            let (days, count) = (profile.full_refund_days, profile.full_refunds);
            Some(format!(
                "full_refund_days = {days}, full_refunds = {count}, a purchase that young comes back in full"
            ))
        }
        _ => None,
    }
}

/// An upgrade pays for a term; a downgrade has the figures of a refund. Other resizes move nothing by any key.
fn resize(profile: &Profile, entry: &Entry) -> Option<String> {
    let months = profile.downgrade_months.name();
    match (entry.basis, entry.term) {
        (Some(Basis::Refund { .. }), _) if !profile.downgrade_refund => {
            Some("downgrade_refund = false".to_owned())
        }
        (Some(Basis::Refund { .. }), _) if profile.refund == RefundMethod::Hourly => Some(format!(
            "refund = \"hourly\" of what is used, downgrade_months = \"{months}\" of what is left"
        )),
        (Some(Basis::Refund { .. }), _) => Some(format!("downgrade_months = \"{months}\"")),
        (_, Some(_)) => Some(format!(
            "upgrade_months = \"{}\"",
            profile.upgrade_months.name()
        )),
        _ => None,
    }
}

/// None where hours cost the hourly price as it is.
fn usage(profile: &Profile, entry: &Entry) -> Option<String> {
    let mut keys = Vec::new();
    if entry.state == Some(State::Stopped) {
        keys.push("bill_while_stopped = true".to_owned());
    }
    let tiers = profile.hourly_tiers.iter();
    let tiers: Vec<String> = tiers
        .map(|(from, factor)| format!("{from} = {factor}"))
        .collect();
    if !tiers.is_empty() {
        keys.push(format!("hourly_tiers = {{ {} }}", tiers.join(", ")));
    }
    (!keys.is_empty()).then(|| keys.join(", "))
}

fn restart(profile: &Profile) -> String {
    let restart = profile.restart.name();
    let when = profile.restore_when.name();
    format!("restart = \"{restart}\", restore_when = \"{when}\"")
}
