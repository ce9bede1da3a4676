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
//! needs such a day asks here.

use crate::model::calendar::Day;
use crate::model::instance::{ChargeType, RenewFlag, State, StoppedBy};
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

/// Where an instance stands on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayStatus {
    /// How it is charged.
    pub charge_type: ChargeType,
    /// Its state.
    pub state: State,
    /// Its flag.
    pub flag: RenewFlag,
    /// The end of its paid term; says nothing of a postpaid instance.
    pub expires: Day,
    /// The day of the month that sticky terms come back to.
    pub anchor: u8,
    /// The day of reclaiming or stopping; says nothing in any other state.
    pub since: Day,
    /// Whether it is in the recycle bin because people returned it.
    pub returned: bool,
    /// Who stopped it, while it is stopped.
    pub stopped_by: StoppedBy,
}

impl DayStatus {
    /// Whether an instance in this state renews itself on an attempt day, if its flag says so (**attempts**).
    #[inline]
    pub fn may_renew_itself(&self, profile: &Profile) -> bool {
        let tried = match self.state {
            State::Running | State::Overdue => true,
            State::Reclaimed => profile.auto_renew_while_reclaimed,
            State::Stopped | State::Terminated => false,
        };
        tried && self.charge_type == ChargeType::Prepaid
    }

    /// The day on which it goes to the recycle bin if nobody pays; none where it cannot go there any more.
    #[inline]
    pub fn suspension_day(&self, profile: &Profile) -> Option<Day> {
        let usable = matches!(self.state, State::Running | State::Overdue)
            && self.charge_type == ChargeType::Prepaid;
        usable.then(|| self.expires + profile.suspend_after_days)
    }

    /// The day on which it is terminated, in the morning, that is reclaimed or stopped in arrears
    /// (**release**, **stopped-since**); none for any other.
    #[inline]
    pub fn release_day(&self, profile: &Profile) -> Option<Day> {
        match self.state {
            State::Stopped => {
                let arrears = self.stopped_by == StoppedBy::Arrears;
                arrears.then(|| release_of_stopped(profile, self.since))
            }
            // What people returned is kept from that day on.
            State::Reclaimed if self.returned => {
                Some(release_of_unpaid(profile, self.since, self.since))
            }
            State::Reclaimed => Some(release_of_unpaid(profile, self.expires, self.since)),
            _ => None,
        }
    }

    /// The same instance in the recycle bin since `day`, because nobody paid.
    #[must_use]
    pub fn suspended(self, day: Day) -> Self {
        Self {
            state: State::Reclaimed,
            since: day,
            returned: false,
            ..self
        }
    }

    /// The term that `months` paid on `day` buy: from the expiry, or where a recovery starts.
    #[inline]
    pub fn next_term(&self, profile: &Profile, months: u32, day: Day) -> Term {
        let start = match (self.state, self.returned, profile.recover_from) {
            (State::Reclaimed, true, _) | (State::Reclaimed, false, RecoverFrom::Today) => day,
            (State::Reclaimed, false, RecoverFrom::Reclaim) => self.since,
            _ => self.expires,
        };
        let anchor = if start == self.expires {
            self.anchor
        } else {
            start.day_of_month()
        };
        Term {
            start,
            end: profile.month_end.add_months(start, months, anchor),
            months,
        }
    }

    /// The same instance once that term is paid.
    #[must_use]
    pub fn renewed(self, term: Term) -> Self {
        let anchor = if term.start == self.expires {
            self.anchor
        } else {
            term.start.day_of_month()
        };
        Self {
            state: State::Running,
            expires: term.end,
            anchor,
            returned: false,
            ..self
        }
    }
}

/// The day on which a prepaid instance is terminated that expired unpaid and went to the recycle bin.
#[inline]
pub fn release_of_unpaid(profile: &Profile, expiry: Day, reclaimed: Day) -> Day {
    let base = if profile.retention_from == RetentionFrom::Expiry {
        expiry
    } else {
        reclaimed
    };
    (base + profile.retention_days + 1).max(reclaimed.tomorrow())
}

/// The day on which a postpaid instance is terminated that arrears stopped.
#[inline]
pub fn release_of_stopped(profile: &Profile, stopped: Day) -> Day {
    stopped + profile.postpaid_retention_days + 1
}
