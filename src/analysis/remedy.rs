//! What helps an instance that nobody pays for: whether it still renews itself, what people can do, and until when.
//!
//! Pure rules on where an instance stands ([`DayStatus`]); `docs/model.md` has them as **remedy**. The to-do list, plans, losses
//! and calendars ask here, so that they give the same advice.

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
    /// Renew it by so many periods, which reach beyond the day.
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

/// What becomes of an instance that stands so on the morning of `today` and is not paid for, and what helps. `months` are those
/// of its own renewals.
pub fn outlook(standing: &DayStatus, profile: &Profile, months: u32, today: Day) -> Outlook {
    match standing {
        DayStatus::Postpaid(status) => stopped(*status, profile, today),
        DayStatus::Prepaid(status) => match status.state {
            State::Running | State::Overdue => usable(status, profile, months, today),
            State::Reclaimed => in_bin(status, profile, months, today),
            State::Stopped | State::Terminated => Outlook::ByItself,
        },
    }
}

/// What helps before it goes to the recycle bin.
fn usable(standing: &PrepaidStatus, profile: &Profile, months: u32, today: Day) -> Outlook {
    let Some(suspended) = standing.suspension_day(profile).map(|day| day.max(today)) else {
        return Outlook::ByItself;
    };
    let binned = standing.suspended(suspended);
    let Some(latest) = binned.release_day(profile).map(Day::yesterday) else {
        return Outlook::ByItself;
    };
    let in_time = standing.last_attempt(profile, today..=suspended);
    let in_bin = binned.last_attempt(profile, suspended.tomorrow()..=latest);
    if standing.flag == RenewFlag::Auto && (in_time.is_some() || in_bin.is_some()) {
        return Outlook::ByItself;
    }
    let remedy = |what, by, why| {
        Outlook::Help(Remedy {
            what,
            by,
            latest,
            why,
        })
    };
    // An automatic renewal after which it goes to the recycle bin on the same day saves nothing.
    let lasts = |by: &Day| {
        let end = standing.next_term(profile, months, *by).end;
        lifecycle::suspension_of(profile, end) > *by
    };
    let periods = periods_beyond(standing, profile, months, suspended);
    match in_time {
        Some(by) if lasts(&by) => remedy(Help::SetFlag, by, RemedyReason::Flag),
        Some(_) => remedy(Help::Renew { periods }, suspended, RemedyReason::Flag),
        None => remedy(Help::Renew { periods }, suspended, no_attempt(profile)),
    }
}

/// What helps in the recycle bin.
fn in_bin(standing: &PrepaidStatus, profile: &Profile, months: u32, today: Day) -> Outlook {
    let Some(released) = standing.release_day(profile) else {
        return Outlook::ByItself;
    };
    let latest = released.yesterday();
    if latest < today {
        return Outlook::Lost(released);
    }
    let remedy = |what, by, why| {
        Outlook::Help(Remedy {
            what,
            by,
            latest,
            why,
        })
    };
    let periods = |day| periods_beyond(standing, profile, months, day);
    match standing.last_attempt(profile, today..=latest) {
        Some(_) if standing.flag == RenewFlag::Auto => Outlook::ByItself,
        // An automatic recovery that is over on its own day saves nothing.
        Some(by) if periods(by) == 1 => remedy(Help::SetFlag, by, RemedyReason::Flag),
        Some(_) => remedy(
            Help::Renew {
                periods: periods(latest),
            },
            latest,
            RemedyReason::Flag,
        ),
        None if profile.auto_renew_while_reclaimed => remedy(
            Help::Renew {
                periods: periods(latest),
            },
            latest,
            no_attempt(profile),
        ),
        None => remedy(
            Help::Renew {
                periods: periods(latest),
            },
            latest,
            RemedyReason::InBin,
        ),
    }
}

fn no_attempt(profile: &Profile) -> RemedyReason {
    if profile.attempts.is_never() {
        RemedyReason::NoAttempts
    } else {
        RemedyReason::AttemptsOver
    }
}

/// What helps an instance that is switched off.
fn stopped(standing: PostpaidStatus, profile: &Profile, today: Day) -> Outlook {
    let Some(released) = standing.release_day(profile) else {
        return Outlook::ByItself;
    };
    let latest = released.yesterday();
    match profile.restart {
        _ if latest < today => Outlook::Lost(released),
        Restart::Automatic => Outlook::ByItself,
        Restart::Manual => Outlook::Help(Remedy {
            what: Help::Start,
            by: latest,
            latest,
            why: RemedyReason::Stopped,
        }),
    }
}

/// What helps an instance that stands so where no automatic attempt reaches it, whatever its flag: a renewal by people.
pub fn by_hand(standing: &DayStatus, profile: &Profile, months: u32, today: Day) -> Outlook {
    let DayStatus::Prepaid(status) = *standing else {
        return outlook(standing, profile, months, today);
    };
    let auto = PrepaidStatus {
        flag: RenewFlag::Auto,
        ..status
    };
    match outlook(&DayStatus::Prepaid(auto), profile, months, today) {
        Outlook::ByItself => by_people(&status, profile, months, today),
        other => other,
    }
}

/// A renewal on the last day on which it helps, although attempts are still to come by the rules.
fn by_people(standing: &PrepaidStatus, profile: &Profile, months: u32, today: Day) -> Outlook {
    let suspended = standing.suspension_day(profile).map(|day| day.max(today));
    let binned = suspended.map_or(*standing, |day| standing.suspended(day));
    let Some(latest) = binned.release_day(profile).map(Day::yesterday) else {
        return Outlook::ByItself;
    };
    let by = suspended.unwrap_or(latest);
    let periods = periods_beyond(standing, profile, months, by);
    Outlook::Help(Remedy {
        what: Help::Renew { periods },
        by,
        latest,
        why: RemedyReason::AttemptsOver,
    })
}

/// What helps an instance that renews itself on `day`, but goes to the recycle bin on the same day again, since that term is
/// over: a renewal by people before, for more periods. `standing` is that of the morning.
pub fn in_place_of_attempt(
    standing: &PrepaidStatus,
    profile: &Profile,
    months: u32,
    day: Day,
) -> Remedy {
    let periods = periods_beyond(standing, profile, months, day);
    Remedy {
        what: Help::Renew { periods },
        by: day,
        latest: day,
        why: RemedyReason::AttemptsOver,
    }
}

/// The least number of periods with which a renewal on `day` ends after that day.
fn periods_beyond(standing: &PrepaidStatus, profile: &Profile, months: u32, day: Day) -> u32 {
    let ends_later = |periods: &u32| {
        let pay = |standing: PrepaidStatus, months| {
            standing.renewed(standing.next_term(profile, months, day))
        };
        terms(profile, months, *periods)
            .into_iter()
            .fold(*standing, pay)
            .expires
            > day
    };
    (1..=MOST_PERIODS).find(ends_later).unwrap_or(MOST_PERIODS)
}

/// The longest retention is shorter than so many periods of a month.
const MOST_PERIODS: u32 = 1_200;

/// The months of each renewal that makes up so many periods: one renewal, where that is offered, else one after the other.
pub fn terms(profile: &Profile, months: u32, periods: u32) -> Vec<u32> {
    let together = months.saturating_mul(periods);
    if profile.renew_periods.contains(&together) {
        vec![together]
    } else {
        vec![months; usize::try_from(periods).unwrap_or(1)]
    }
}
