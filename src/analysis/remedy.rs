//! What helps an instance that nobody pays for: whether it still renews itself, what people can do, and until when.
//!
//! Pure rules on where an instance stands ([`DayStatus`]); docs/spec/answer.md has them as **remedy**. The to-do list, plans, losses
//! and calendars ask here, so that they give the same advice. It knows no run and no money.

use crate::engine::lifecycle::{self, DayStatus, PostpaidStatus, PrepaidStatus};
use crate::model::calendar::Day;
use crate::model::instance::{RenewFlag, State};
use crate::model::profile::{Profile, Restart};

/// What becomes of an instance from a day on if it is let alone, and what helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// It needs nobody: it renews itself, comes back as soon as there is money, or is not in trouble.
    ByItself,
    /// People must do something.
    Help(Remedy),
    /// Nothing helps any more: it is terminated on this day, in the morning.
    Lost(Day),
}

/// What people can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// What.
    pub what: Help,
    /// The last day on which that keeps it from going to the recycle bin, if it is not there yet, else the last day that
    /// saves it.
    pub by: Day,
    /// The last day that saves it, be it by a renewal.
    pub latest: Day,
    /// Why it does not renew itself.
    pub why: RemedyReason,
}

/// What helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Help {
    /// Set its flag to `auto`: an attempt is still to come.
    SetFlag,
    /// Renew it, beyond the day.
    Renew {
        /// Periods of the instance's own months.
        periods: u32,
    },
    /// Start it.
    Start,
}

/// Why an instance does not renew itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RemedyReason {
    /// Its flag is not `auto`.
    Flag,
    /// No attempt day is left before it goes to the recycle bin.
    AttemptsOver,
    /// Its profile never renews anything by itself.
    NoAttempts,
    /// It is in the recycle bin, where its profile renews nothing by itself.
    InBin,
    /// It is stopped, and comes back only when people start it.
    Stopped,
}

impl RemedyReason {
    /// The word in files.
    pub fn as_word(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::AttemptsOver => "attempts_over",
            Self::NoAttempts => "no_attempts",
            Self::InBin => "in_bin",
            Self::Stopped => "stopped",
        }
    }
}

/// What becomes of an instance with this status on the morning of `today` that is not paid for, and what helps. `months` are
/// those of its own renewals.
pub fn outlook(status: &DayStatus, profile: &Profile, months: u32, today: Day) -> Outlook {
    let outlook = match status {
        DayStatus::Prepaid(status) => {
            let unpaid = Unpaid {
                status,
                profile,
                months,
                today,
            };
            match status.state {
                State::Running | State::Overdue => unpaid.usable(),
                State::Reclaimed => unpaid.in_bin(),
                _ => None,
            }
        }
        DayStatus::Postpaid(status) => stopped(status, profile, today),
    };
    outlook.unwrap_or(Outlook::ByItself)
}

/// What helps an instance that no automatic attempt reaches, whatever its flag: a renewal by people.
pub fn by_hand(status: &DayStatus, profile: &Profile, months: u32, today: Day) -> Outlook {
    let DayStatus::Prepaid(status) = status else {
        return outlook(status, profile, months, today);
    };
    let auto = PrepaidStatus {
        flag: RenewFlag::Auto,
        ..*status
    };
    let unpaid = Unpaid {
        status,
        profile,
        months,
        today,
    };
    match outlook(&DayStatus::Prepaid(auto), profile, months, today) {
        Outlook::ByItself => unpaid.by_people().unwrap_or(Outlook::ByItself),
        other => other,
    }
}

/// A prepaid instance that is not paid for. Its questions give none where it needs nobody.
#[derive(Clone, Copy)]
struct Unpaid<'u> {
    status: &'u PrepaidStatus,
    profile: &'u Profile,
    months: u32,
    today: Day,
}

impl Unpaid<'_> {
    /// What helps before it goes to the recycle bin.
    fn usable(self) -> Option<Outlook> {
        let (status, profile) = (self.status, self.profile);
        let suspended = status.suspension_day(profile)?.max(self.today);
        let binned = status.suspended(suspended);
        let latest = binned.release_day(profile)?.yesterday();
        let in_time = status.last_attempt(profile, self.today..=suspended);
        let in_bin = binned.last_attempt(profile, suspended.tomorrow()..=latest);
        if status.flag == RenewFlag::Auto && (in_time.is_some() || in_bin.is_some()) {
            return None;
        }
        // An automatic renewal after which it goes to the recycle bin on the same day saves nothing.
        let lasting = in_time.filter(|by| {
            let end = status.next_term(profile, self.months, *by).end;
            lifecycle::suspension_of(profile, end) > *by
        });
        if let Some(by) = lasting {
            return Some(help(Help::SetFlag, by, latest, RemedyReason::Flag));
        }
        let why = in_time.map_or(self.no_attempt(), |_| RemedyReason::Flag);
        Some(help(self.renewal_beyond(suspended), suspended, latest, why))
    }

    /// What helps in the recycle bin.
    fn in_bin(self) -> Option<Outlook> {
        let profile = self.profile;
        let released = self.status.release_day(profile)?;
        let latest = released.yesterday();
        if latest < self.today {
            return Some(Outlook::Lost(released));
        }
        let why = match self.status.last_attempt(profile, self.today..=latest) {
            Some(_) if self.status.flag == RenewFlag::Auto => return None,
            // An automatic recovery that is over on its own day saves nothing.
            Some(by) if self.renewal_beyond(by) == (Help::Renew { periods: 1 }) => {
                return Some(help(Help::SetFlag, by, latest, RemedyReason::Flag));
            }
            Some(_) => RemedyReason::Flag,
            None if profile.auto_renew_while_reclaimed => self.no_attempt(),
            None => RemedyReason::InBin,
        };
        Some(help(self.renewal_beyond(latest), latest, latest, why))
    }

    /// A renewal on the last day on which it helps, although attempts are still to come by the rules.
    fn by_people(self) -> Option<Outlook> {
        let suspended = self.status.suspension_day(self.profile);
        let suspended = suspended.map(|day| day.max(self.today));
        let binned = suspended.map_or(*self.status, |day| self.status.suspended(day));
        let latest = binned.release_day(self.profile)?.yesterday();
        let by = suspended.unwrap_or(latest);
        let what = self.renewal_beyond(by);
        Some(help(what, by, latest, RemedyReason::AttemptsOver))
    }

    fn no_attempt(self) -> RemedyReason {
        if self.profile.attempts.is_never() {
            RemedyReason::NoAttempts
        } else {
            RemedyReason::AttemptsOver
        }
    }

    /// A renewal on `day` that ends after that day.
    fn renewal_beyond(self, day: Day) -> Help {
        let periods = periods_beyond(self.status, self.profile, self.months, day);
        Help::Renew { periods }
    }
}

/// What helps an instance that is switched off.
fn stopped(status: &PostpaidStatus, profile: &Profile, today: Day) -> Option<Outlook> {
    let released = status.release_day(profile)?;
    let latest = released.yesterday();
    match profile.restart {
        _ if latest < today => Some(Outlook::Lost(released)),
        Restart::Automatic => None,
        Restart::Manual => Some(help(Help::Start, latest, latest, RemedyReason::Stopped)),
    }
}

fn help(what: Help, by: Day, latest: Day, why: RemedyReason) -> Outlook {
    Outlook::Help(Remedy {
        what,
        by,
        latest,
        why,
    })
}

/// What helps an instance that renews itself on `day`, but goes to the recycle bin on the same day again, since that term is
/// over: a renewal by people before, for more periods. `status` is that of the morning.
pub fn in_place_of_attempt(
    status: &PrepaidStatus,
    profile: &Profile,
    months: u32,
    day: Day,
) -> Remedy {
    let periods = periods_beyond(status, profile, months, day);
    Remedy {
        what: Help::Renew { periods },
        by: day,
        latest: day,
        why: RemedyReason::AttemptsOver,
    }
}

/// The least number of periods with which a renewal on `day` ends after that day.
fn periods_beyond(status: &PrepaidStatus, profile: &Profile, months: u32, day: Day) -> u32 {
    for periods in 1..MAX_PERIODS {
        let mut renewed = *status;
        for months in terms(profile, months, periods) {
            renewed = renewed.renewed(renewed.next_term(profile, months, day));
        }
        if renewed.expires > day {
            return periods;
        }
    }
    MAX_PERIODS
}

/// More periods of a month than the longest retention has.
const MAX_PERIODS: u32 = 1_200;

/// The months of each renewal that makes up these periods: one renewal, where that is offered, else one after the other.
pub fn terms(profile: &Profile, months: u32, periods: u32) -> Vec<u32> {
    let together = months.saturating_mul(periods);
    if profile.renew_periods.contains(&together) {
        vec![together]
    } else {
        vec![months; usize::try_from(periods).unwrap_or(1)]
    }
}
