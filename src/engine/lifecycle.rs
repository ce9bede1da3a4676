//! The life of an instance as one table: in which state what may happen, and what state follows.
//!
//! | | running | overdue | reclaimed | stopped |
//! |---|---|---|---|---|
//! | expire | overdue | | | |
//! | reclaim | reclaimed | reclaimed | | |
//! | renew | running | running | running | |
//! | give back | reclaimed | reclaimed | | |
//! | stop | stopped | | | |
//! | start | | | | running |
//! | release | | | terminated | terminated |
//! | destroy | terminated | | terminated | terminated |
//! | convert | running | running | | running |
//!
//! Nothing happens to a terminated instance. An empty cell is impossible: the engine never asks for it.
//!
//! A [`DayStatus`] is what decides on which days things happen by themselves: attempts to renew, suspension, release. Whoever
//! needs such a day asks here. Nothing here moves money or writes a row.

use std::ops::RangeInclusive;

use crate::model::calendar::Day;
use crate::model::instance::{RenewFlag, State, StoppedBy};
use crate::model::order::Term;
use crate::model::profile::{Profile, RecoverFrom, RetentionFrom};

/// What happens to an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Its paid term ended.
    Expire,
    /// It goes to the recycle bin.
    Reclaim,
    /// A further term was paid; from the bin this is its recovery.
    Renew,
    /// People return it before it expires, or while it is overdue.
    GiveBack,
    /// Arrears or people switch it off.
    Stop,
    /// It is switched on again.
    Start,
    /// Its retention is over.
    Release,
    /// People destroy it.
    Destroy,
    /// It changes between prepaid and postpaid.
    Convert,
}

impl State {
    /// The state that follows.
    /// Rule **states**.
    ///
    /// # Panics
    /// On a move that the table does not have: the engine is wrong, and going on would write a wrong ledger.
    pub fn after(self, trigger: Trigger) -> Self {
        self.checked_after(trigger)
            .unwrap_or_else(|| panic!("impossible move: {trigger:?} while {self:?}"))
    }

    /// The state that follows, or none where the table has no such move.
    pub fn checked_after(self, trigger: Trigger) -> Option<Self> {
        use State::{Overdue, Reclaimed, Running, Stopped, Terminated};
        use Trigger::{Convert, Destroy, Expire, GiveBack, Reclaim, Release, Renew, Start, Stop};
        match (self, trigger) {
            (Running, Expire) => Some(Overdue),
            (Running | Overdue, Reclaim | GiveBack) => Some(Reclaimed),
            (Running | Overdue | Reclaimed, Renew)
            | (Stopped, Start)
            | (Running | Overdue | Stopped, Convert) => Some(Running),
            (Running, Stop) => Some(Stopped),
            (Reclaimed | Stopped, Release) | (Running | Reclaimed | Stopped, Destroy) => {
                Some(Terminated)
            }
            _ => None,
        }
    }
}

/// What decides on the days of an instance that exists: what is known of it depends on how it is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayStatus {
    /// Paid months ahead.
    Prepaid(PrepaidStatus),
    /// Charged by the hour.
    Postpaid(PostpaidStatus),
}

/// Where a prepaid instance stands on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrepaidStatus {
    /// Its state.
    pub state: State,
    /// Its flag.
    pub flag: RenewFlag,
    /// The end of its paid term.
    pub expires: Day,
    /// The day of the month that sticky terms come back to.
    pub anchor: u8,
    /// The day on which it went to the recycle bin; says nothing while it is usable.
    pub since: Option<Day>,
    /// Whether it is in the recycle bin because people returned it.
    pub returned: bool,
}

/// Where a postpaid instance stands on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostpaidStatus {
    /// Its state.
    pub state: State,
    /// The day on which it was stopped last.
    pub since: Option<Day>,
    /// Who stopped it, while it is stopped.
    pub stopped_by: StoppedBy,
}

impl DayStatus {
    /// Its state.
    pub fn state(&self) -> State {
        match self {
            Self::Prepaid(status) => status.state,
            Self::Postpaid(status) => status.state,
        }
    }

    /// The day of reclaiming or stopping, of the last one if there were more.
    pub fn since(&self) -> Option<Day> {
        match self {
            Self::Prepaid(status) => status.since,
            Self::Postpaid(status) => status.since,
        }
    }

    /// The day on which it is terminated, in the morning, that is reclaimed or stopped in arrears
    /// (**release**, **stopped-since**); none for any other.
    #[inline]
    pub fn release_day(&self, profile: &Profile) -> Option<Day> {
        match self {
            Self::Prepaid(status) => status.release_day(profile),
            Self::Postpaid(status) => status.release_day(profile),
        }
    }
}

impl PostpaidStatus {
    /// See [`DayStatus::release_day`]. What people stopped waits for them without end.
    #[inline]
    pub fn release_day(self, profile: &Profile) -> Option<Day> {
        let in_arrears = self.state == State::Stopped && self.stopped_by == StoppedBy::Arrears;
        let stopped = self.since.filter(|_| in_arrears)?;
        Some(release_of_stopped(profile, stopped))
    }
}

impl PrepaidStatus {
    /// Whether it is usable: running or overdue.
    #[inline]
    pub fn is_usable(&self) -> bool {
        matches!(self.state, State::Running | State::Overdue)
    }

    /// Whether an instance in this state renews itself on an attempt day, if its flag says so (**attempts**).
    #[inline]
    pub fn may_renew_itself(&self, profile: &Profile) -> bool {
        let in_bin = self.state == State::Reclaimed && profile.auto_renew_while_reclaimed;
        self.is_usable() || in_bin
    }

    /// Whether an auto-renewal is tried on `day`.
    #[inline]
    pub fn is_tried_on(&self, profile: &Profile, day: Day) -> bool {
        self.flag == RenewFlag::Auto
            && profile.attempts.contains(day.days_since(self.expires))
            && self.may_renew_itself(profile)
    }

    /// The first day from `day` on on which an auto-renewal is tried, if its state and flag stay.
    #[inline]
    pub fn next_attempt(&self, profile: &Profile, day: Day) -> Option<Day> {
        if self.flag != RenewFlag::Auto || !self.may_renew_itself(profile) {
            return None;
        }
        let attempt = profile.attempts.next(day.days_since(self.expires))?;
        Some(self.expires + attempt)
    }

    /// The last of some days on which an auto-renewal is tried, if its flag is `auto` on it.
    pub fn last_attempt(&self, profile: &Profile, days: RangeInclusive<Day>) -> Option<Day> {
        let attempt = profile.attempts.last(days.end().days_since(self.expires))?;
        let day = self.expires + attempt;
        (day >= *days.start() && self.may_renew_itself(profile)).then_some(day)
    }

    /// The day on which it goes to the recycle bin if nobody pays; none where it cannot go there any more.
    #[inline]
    pub fn suspension_day(&self, profile: &Profile) -> Option<Day> {
        self.is_usable()
            .then(|| suspension_of(profile, self.expires))
    }

    /// See [`DayStatus::release_day`]. What people returned is kept from that day on.
    #[inline]
    pub fn release_day(&self, profile: &Profile) -> Option<Day> {
        let reclaimed = self.since.filter(|_| self.state == State::Reclaimed)?;
        let expiry = if self.returned {
            reclaimed
        } else {
            self.expires
        };
        Some(release_of_unpaid(profile, expiry, reclaimed))
    }

    /// The same instance in the recycle bin since `day`, because nobody paid.
    #[must_use]
    pub fn suspended(self, day: Day) -> Self {
        Self {
            state: State::Reclaimed,
            since: Some(day),
            returned: false,
            ..self
        }
    }

    /// The term that `months` paid on `day` buy: from the expiry, or where a recovery starts.
    #[inline]
    pub fn next_term(&self, profile: &Profile, months: u32, day: Day) -> Term {
        let start = match (self.state, profile.recover_from) {
            (State::Reclaimed, _) if self.returned => day,
            (State::Reclaimed, RecoverFrom::Today) => day,
            (State::Reclaimed, RecoverFrom::Reclaim) => self
                .since
                .expect("what is reclaimed has the day of reclaiming"),
            _ => self.expires,
        };
        Term::of_months(start, months, profile.month_end, self.anchor_from(start))
    }

    /// A term that does not follow the one before has an anchor of its own.
    fn anchor_from(&self, start: Day) -> u8 {
        if start == self.expires {
            self.anchor
        } else {
            start.day_of_month()
        }
    }

    /// The same instance once that term is paid.
    #[must_use]
    #[inline]
    pub fn renewed(self, term: Term) -> Self {
        Self {
            state: State::Running,
            expires: term.end,
            anchor: self.anchor_from(term.start),
            returned: false,
            ..self
        }
    }
}

/// The day on which a prepaid instance goes to the recycle bin that expired and is not paid for.
#[inline]
pub fn suspension_of(profile: &Profile, expiry: Day) -> Day {
    expiry + profile.suspend_after_days
}

/// The day on which a prepaid instance is terminated that expired unpaid and went to the recycle bin.
#[inline]
pub fn release_of_unpaid(profile: &Profile, expiry: Day, reclaimed: Day) -> Day {
    let kept_from = match profile.retention_from {
        RetentionFrom::Expiry => expiry,
        RetentionFrom::Reclaim => reclaimed,
    };
    retention_over(profile, kept_from).max(reclaimed.tomorrow())
}

/// The first day that the recycle bin does not keep any more of a retention that counts from a day.
#[inline]
pub fn retention_over(profile: &Profile, kept_from: Day) -> Day {
    kept_from + profile.retention_days + 1
}

/// The day on which a postpaid instance is terminated that arrears stopped.
#[inline]
pub fn release_of_stopped(profile: &Profile, stopped: Day) -> Day {
    stopped + profile.postpaid_retention_days + 1
}
