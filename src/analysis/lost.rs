//! The instances that a run loses, by kind: at risk soon or later, ending on purpose, or beyond help (`docs/model.md`,
//! **losses-told-apart**).
//!
//! A pure function of where a run leaves its instances. It never decides what helps, and until when: `remedy` does.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::analysis::remedy::{self, Help, Outlook};
use crate::engine::TerminatedInstance;
use crate::engine::charge;
use crate::engine::lifecycle::{DayStatus, PostpaidStatus, PrepaidStatus};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::{ChargeType, Instance, InstanceIndex, RenewFlag, State, StoppedBy};
use crate::model::money::{Currency, Money, Price, Share};

/// What is lost within this many days is at risk soon.
pub const SOON: i32 = 30;
/// Hours of the thirty days for which an hourly instance is valued.
const HOURS_PER_MONTH: u32 = 30 * 24;

/// Of what kind a loss is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LossClass {
    /// At risk: it stops, or can be saved for the last time, within 30 days.
    Soon,
    /// At risk, later in the run.
    Later,
    /// Its flag is `none`, or people end it.
    OnPurpose,
    /// Nothing helps any more.
    Impossible,
}

impl LossClass {
    /// All classes, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Soon, Self::Later, Self::OnPurpose, Self::Impossible];

    /// The word in files.
    pub fn as_word(self) -> &'static str {
        match self {
            Self::Soon => "soon",
            Self::Later => "later",
            Self::OnPurpose => "on_purpose",
            Self::Impossible => "impossible",
        }
    }
}

/// Why an instance is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostBecause {
    /// Its account cannot pay its renewal.
    FundsShort,
    /// Nobody renews it, and people are expected to.
    NotRenewed,
    /// It should renew itself, but its profile makes no attempt that reaches it.
    NoAttempt,
    /// Arrears stop it.
    Arrears,
    /// Its flag says that nobody means to renew it.
    FlagNone,
    /// People return or destroy it.
    Ended,
}

impl LostBecause {
    /// The word in files.
    pub fn as_word(self) -> &'static str {
        match self {
            Self::FundsShort => "funds_short",
            Self::NotRenewed => "not_renewed",
            Self::NoAttempt => "no_attempt",
            Self::Arrears => "arrears",
            Self::FlagNone => "flag_none",
            Self::Ended => "ended",
        }
    }
}

/// What helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossRemedy {
    /// Money in the account.
    TopUp,
    /// The flag `auto`.
    SetFlag,
    /// A renewal by people.
    Renew,
    /// A start by people.
    Start,
}

impl LossRemedy {
    /// The word in files: an action.
    pub fn as_word(self) -> &'static str {
        match self {
            Self::TopUp => "topup",
            Self::SetFlag => "set_flag",
            Self::Renew => "renew",
            Self::Start => "start",
        }
    }
}

/// An instance that a run loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The instance.
    pub instance: InstanceIndex,
    /// The day on which it is gone for good, perhaps after the run; of a purchase that is refused its day.
    pub lost_on: Day,
    /// The day on which it stops working; none for what never existed.
    pub stops_on: Option<Day>,
    /// The last day on which it can be saved; none where it cannot.
    pub latest: Option<Day>,
    /// Of what kind the loss is.
    pub class: LossClass,
    /// Its flag when it is lost; none of a postpaid instance.
    pub flag: Option<RenewFlag>,
    /// What it costs a month by the list price in force, 720 hours where it is charged by the hour.
    pub value: Money,
    /// The currency of its account.
    pub currency: Currency,
    /// Why.
    pub cause: LostBecause,
    /// What helps.
    pub cure: Option<LossRemedy>,
    /// Whether a tag says that it is production.
    pub is_production: bool,
}

/// The losses of a run as they look on the morning of a day: those that are over by then are left out. `gone` is where the run
/// leaves what it lost, `ended` what people end, with its day. Of each currency the dearest comes first.
pub fn losses(
    book: &Book,
    gone: impl Iterator<Item = TerminatedInstance>,
    ended: &BTreeMap<InstanceIndex, Day>,
    as_of: Day,
) -> Vec<Lost> {
    let mut losses: Vec<Lost> = gone
        .filter_map(|one| lost(book, &one, ended.get(&one.instance).copied(), as_of))
        .filter(|lost| lost.lost_on >= as_of)
        .collect();
    losses.sort_by_key(|lost| {
        let foreign = lost.currency != book.currency;
        let value = Reverse(lost.value);
        (foreign, lost.currency, value, lost.lost_on, lost.instance)
    });
    losses
}

fn lost(book: &Book, gone: &TerminatedInstance, ended: Option<Day>, as_of: Day) -> Option<Lost> {
    let listed = book.instance(gone.instance);
    let Some(status) = gone.status else {
        // A purchase that is refused on the first day of the run comes before everything that could help.
        let lost_on = listed.starts_on.filter(|day| *day == book.days.from)?;
        return Some(beyond_help(book, gone, lost_on));
    };
    let (flag, is_returned, is_switched_off) = match status {
        DayStatus::Prepaid(status) => (Some(status.flag), status.returned, false),
        DayStatus::Postpaid(status) => {
            let by_people = status.stopped_by == StoppedBy::User;
            (None, false, status.state == State::Stopped && by_people)
        }
    };
    if listed.state == Some(State::Terminated) || is_switched_off {
        return None;
    }
    let profile = book.profile(listed.profile);
    let waiting = unpaid_status(status, ended.is_some());
    // What ran until people destroyed it was never reclaimed or stopped.
    let since = status.since().or(ended).unwrap_or(book.days.from);
    let released = waiting
        .release_day(profile)
        .unwrap_or(since)
        .max(book.days.from);
    let terminated = ended.filter(|_| status.state() == State::Terminated);
    let lost_on = terminated.unwrap_or(released);
    let is_ended = ended.is_some() || is_returned;
    let stops_on = if ended.is_some() && !is_returned {
        lost_on
    } else {
        since
    };
    let latest = Some(lost_on.yesterday()).filter(|day| !is_ended && *day >= as_of);
    let before = status_before(book, listed, &waiting);
    let outlook = remedy::outlook(&before, profile, gone.months, begins(book, listed));
    let cause = cause(&status, is_ended, outlook);
    let is_soon = [Some(stops_on), latest]
        .into_iter()
        .flatten()
        .any(|day| day < as_of + SOON);
    let class = match (cause, outlook) {
        (LostBecause::Ended | LostBecause::FlagNone, _) => LossClass::OnPurpose,
        (_, Outlook::Lost(_)) => LossClass::Impossible,
        _ if latest.is_none() => LossClass::Impossible,
        _ if is_soon => LossClass::Soon,
        _ => LossClass::Later,
    };
    Some(Lost {
        stops_on: Some(stops_on),
        latest: latest.filter(|_| class != LossClass::Impossible),
        class,
        flag,
        cause,
        cure: cure(class, outlook),
        ..beyond_help(book, gone, lost_on)
    })
}

/// A lost instance that nothing helps.
fn beyond_help(book: &Book, gone: &TerminatedInstance, lost_on: Day) -> Lost {
    let listed = book.instance(gone.instance);
    let charge_type = match gone.status {
        Some(DayStatus::Postpaid(_)) => ChargeType::Postpaid,
        Some(DayStatus::Prepaid(_)) | None => ChargeType::Prepaid,
    };
    Lost {
        instance: gone.instance,
        lost_on,
        stops_on: None,
        latest: None,
        class: LossClass::Impossible,
        flag: Some(listed.renew_flag),
        value: value_of_month(book, listed, charge_type, gone.monthly, gone.hourly),
        currency: book.account(listed.account).currency,
        cause: LostBecause::FundsShort,
        cure: None,
        is_production: book.is_production(listed),
    }
}

/// Where an instance waits for its release: in the bin, or stopped, by arrears unless people end it.
fn unpaid_status(status: DayStatus, is_ended: bool) -> DayStatus {
    match status {
        DayStatus::Prepaid(status) => DayStatus::Prepaid(PrepaidStatus {
            state: State::Reclaimed,
            ..status
        }),
        DayStatus::Postpaid(status) => DayStatus::Postpaid(PostpaidStatus {
            state: State::Stopped,
            stopped_by: if is_ended {
                status.stopped_by
            } else {
                StoppedBy::Arrears
            },
            ..status
        }),
    }
}

fn cause(status: &DayStatus, is_ended: bool, outlook: Outlook) -> LostBecause {
    let flag = match status {
        _ if is_ended => return LostBecause::Ended,
        DayStatus::Postpaid(_) => return LostBecause::Arrears,
        DayStatus::Prepaid(status) => status.flag,
    };
    match flag {
        RenewFlag::None => LostBecause::FlagNone,
        RenewFlag::Manual => LostBecause::NotRenewed,
        RenewFlag::Auto if outlook == Outlook::ByItself => LostBecause::FundsShort,
        RenewFlag::Auto => LostBecause::NoAttempt,
    }
}

fn cure(class: LossClass, outlook: Outlook) -> Option<LossRemedy> {
    match (class, outlook) {
        (LossClass::OnPurpose | LossClass::Impossible, _) => None,
        (_, Outlook::Help(remedy)) => Some(match remedy.what {
            Help::SetFlag => LossRemedy::SetFlag,
            Help::Renew { .. } => LossRemedy::Renew,
            Help::Start => LossRemedy::Start,
        }),
        _ => Some(LossRemedy::TopUp),
    }
}

/// The first day of the run on which people can do something with an instance.
fn begins(book: &Book, listed: &Instance) -> Day {
    listed
        .starts_on
        .filter(|_| !listed.exists())
        .unwrap_or(book.days.from)
        .max(book.days.from)
}

/// Where an instance stood before its loss began: as the book opens if it began before the run, else running.
fn status_before(book: &Book, listed: &Instance, waiting: &DayStatus) -> DayStatus {
    let DayStatus::Prepaid(binned) = *waiting else {
        return *waiting;
    };
    if binned.since < Some(book.days.from) {
        return *waiting;
    }
    let is_overdue =
        listed.state == Some(State::Overdue) && listed.expires_on == Some(binned.expires);
    DayStatus::Prepaid(PrepaidStatus {
        state: if is_overdue {
            State::Overdue
        } else {
            State::Running
        },
        ..binned
    })
}

/// What an instance costs a month by these list prices, rounded as a charge; 720 hours where it is charged by the hour.
pub(crate) fn value_of_month(
    book: &Book,
    instance: &Instance,
    charge_type: ChargeType,
    monthly: Option<Price>,
    hourly: Option<Price>,
) -> Money {
    let profile = book.profile(instance.profile);
    let currency = book.account(instance.account).currency;
    let value = match charge_type {
        ChargeType::Prepaid => {
            monthly.map(|price| price.charge(currency, Share::ONCE, profile.rounding))
        }
        ChargeType::Postpaid => {
            hourly.map(|price| charge::hour(profile, currency, price) * HOURS_PER_MONTH)
        }
    };
    value.unwrap_or_default()
}

/// How many losses a class has, what they cost a month, and how many are production.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LossCount {
    /// How many.
    pub instances: usize,
    /// What they cost a month, by currency.
    pub value: BTreeMap<Currency, Money>,
    /// How many are production.
    pub production: usize,
}

/// Counts the losses of a class.
pub fn count(losses: &[Lost], class: LossClass) -> LossCount {
    let mut count = LossCount::default();
    for lost in losses.iter().filter(|lost| lost.class == class) {
        count.instances += 1;
        count.production += usize::from(lost.is_production);
        *count.value.entry(lost.currency).or_default() += lost.value;
    }
    count
}
