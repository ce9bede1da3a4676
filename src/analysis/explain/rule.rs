//! Which keys of a profile decided about a row. What a row does not say itself is known from the rows before it.

use std::collections::BTreeMap;

use crate::engine::event::{Event, Reason};
use crate::engine::ledger::{Basis, Entry, Needed};
use crate::engine::lifecycle;
use crate::model::action::Verb;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::{Instance, InstanceIndex, State};
use crate::model::profile::{
    AttemptDays, DowngradeMonths, Profile, RecoverFrom, RefundMethod, Restart, RestoreWhen,
    RetentionFrom, UpgradeMonths, WhenShort, spelling,
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
        let Instance {
            state,
            returned,
            expires_on,
            since,
            ..
        } = *instance;
        Self {
            state,
            returned,
            expires: expires_on,
            since,
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
    standings: BTreeMap<InstanceIndex, StateBefore>,
}

impl<'b> RuleFinder<'b> {
    pub(super) fn rules_of_book(book: &'b Book) -> Self {
        Self {
            book,
            standings: BTreeMap::new(),
        }
    }

    /// Whether the row recovers an instance that was returned.
    pub(super) fn recovers_a_return(&self, entry: &Entry) -> bool {
        let standing = entry.instance.map(|index| self.standing(index));
        entry.event == Event::Recovered && standing.is_some_and(|standing| standing.returned)
    }

    /// The row has been told.
    pub(super) fn follow(&mut self, entry: &Entry) {
        if let Some(index) = entry.instance {
            self.standings
                .insert(index, self.standing(index).after(entry));
        }
    }

    fn standing(&self, index: InstanceIndex) -> StateBefore {
        let opening = || StateBefore::at_opening(self.book.instance(index));
        self.standings.get(&index).copied().unwrap_or_else(opening)
    }

    /// The keys that decided about a row, with their profile; none where no key of a profile did.
    pub(super) fn rule_behind(&self, entry: &Entry) -> Option<String> {
        let index = entry.instance?;
        let (standing, profile) = (
            self.standing(index),
            self.book.profile(self.book.instance(index).profile),
        );
        let rule = match (entry.event, entry.reason) {
            (Event::RenewalFailed, _) if could_be_paid(entry) => {
                return Some(self.stopped_renewals(profile));
            }
            (Event::Renewed, Some(Reason::Auto)) | (Event::RenewalFailed, _) => attempts(profile),
            (Event::Recovered, _) if standing.returned => return None,
            (Event::Recovered, _) => recovery(profile),
            (Event::Expired | Event::Reclaimed, _) => {
                format!("suspend_after_days = {}", profile.suspend_after_days)
            }
            (Event::Terminated, Some(Reason::RetentionOver)) => {
                retention(profile, standing, entry.date)
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
    entry.shortfall().is_some_and(|short| match short.needed {
        Needed::Price(price) => price <= short.available + short.voucher,
        Needed::MoreThanZero | Needed::AtLeastZero => false,
    })
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
fn retention(profile: &Profile, standing: StateBefore, day: Day) -> String {
    if standing.state == Some(State::Stopped) {
        return format!(
            "postpaid_retention_days = {}",
            profile.postpaid_retention_days
        );
    }
    let days = format!("retention_days = {}", profile.retention_days);
    let due =
        |base: Option<Day>| base.is_some_and(|base| lifecycle::retention_over(profile, base) < day);
    match profile.retention_from {
        _ if standing.returned => format!("{days}, counted from the day of return"),
        RetentionFrom::Reclaim => days,
        RetentionFrom::Expiry
            if standing.since == Some(day.yesterday()) && due(standing.expires) =>
        {
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
        }) => Some(format!(
            "refund = \"{}\"",
            spelling(profile.refund, RefundMethod::NAMES)
        )),
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
    let months = spelling(profile.downgrade_months, DowngradeMonths::NAMES);
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
            spelling(profile.upgrade_months, UpgradeMonths::NAMES)
        )),
        _ => None,
    }
}

/// None where hours cost the hourly price as it is.
fn usage(profile: &Profile, entry: &Entry) -> Option<String> {
    let tiers: Vec<String> = profile
        .hourly_tiers
        .iter()
        .map(|(from, factor)| format!("{from} = {factor}"))
        .collect();
    let tiers = (!tiers.is_empty()).then(|| format!("hourly_tiers = {{ {} }}", tiers.join(", ")));
    let stopped =
        (entry.state == Some(State::Stopped)).then(|| "bill_while_stopped = true".to_owned());
    let keys: Vec<String> = stopped.into_iter().chain(tiers).collect();
    (!keys.is_empty()).then(|| keys.join(", "))
}

fn restart(profile: &Profile) -> String {
    let restart = spelling(profile.restart, Restart::NAMES);
    let when = spelling(profile.restore_when, RestoreWhen::NAMES);
    format!("restart = \"{restart}\", restore_when = \"{when}\"")
}
