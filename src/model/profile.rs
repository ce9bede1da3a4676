//! A provider's life-cycle rules for a product, as data.
//!
//! A [`Profile`] is fully resolved: inheritance and defaults are the reader's work. Every number that a rule needs lives
//! here. The built-in profiles are one TOML file, [`BUILTIN`], with the source of each value beside it.

use std::collections::BTreeSet;

use crate::model::calendar::MonthEnd;
use crate::model::money::{Factor, Rounding};

/// The built-in profiles: their TOML text.
pub const BUILTIN: &str = include_str!("profile/builtin.toml");

/// The number of a profile in its book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileIndex(pub u32);

/// In which order due renewals are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeOrder {
    /// By expiry date, then id.
    Expiry,
    /// By the price of this renewal, small first; then expiry, then id.
    Cheapest,
    /// By the price of this renewal, great first; then expiry, then id.
    Dearest,
    /// By the column `priority`, small first, empty last; then expiry, then id.
    Priority,
}

impl ChargeOrder {
    /// The spellings of `charge_order`.
    pub const NAMES: &[(&str, Self)] = &[
        ("expiry", Self::Expiry),
        ("cheapest", Self::Cheapest),
        ("dearest", Self::Dearest),
        ("priority", Self::Priority),
    ];
}

/// What a renewal that cannot be paid means for those behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenShort {
    /// The next one is tried.
    Skip,
    /// The remaining ones fail too.
    Stop,
}

impl WhenShort {
    /// The spellings of `when_short`.
    pub const NAMES: &[(&str, Self)] = &[("skip", Self::Skip), ("stop", Self::Stop)];
}

/// From which day the retention of a reclaimed instance counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetentionFrom {
    /// From the day of reclaiming.
    Reclaim,
    /// From the expiry date.
    Expiry,
}

impl RetentionFrom {
    /// The spellings of `retention_from`.
    pub const NAMES: &[(&str, Self)] = &[("reclaim", Self::Reclaim), ("expiry", Self::Expiry)];
}

/// Where the term of a recovered instance starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoverFrom {
    /// At the old expiry.
    Expiry,
    /// On the day of reclaiming.
    Reclaim,
    /// On the day of recovery.
    Today,
}

impl RecoverFrom {
    /// The spellings of `recover_from`.
    pub const NAMES: &[(&str, Self)] = &[
        ("expiry", Self::Expiry),
        ("reclaim", Self::Reclaim),
        ("today", Self::Today),
    ];
}

/// How a stopped postpaid instance comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// By itself, once funds allow.
    Automatic,
    /// By a `start` action.
    Manual,
}

impl Restart {
    /// The spellings of `restart`.
    pub const NAMES: &[(&str, Self)] = &[("automatic", Self::Automatic), ("manual", Self::Manual)];
}

/// Which available amount lets a stopped postpaid instance run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreWhen {
    /// Above zero.
    Positive,
    /// Zero or above.
    NotNegative,
}

impl RestoreWhen {
    /// The spellings of `restore_when`.
    pub const NAMES: &[(&str, Self)] = &[
        ("positive", Self::Positive),
        ("not_negative", Self::NotNegative),
    ];
}

/// How the used part of a term that is given back is priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundMethod {
    /// Full months at their discounted price, the rest by the hour.
    Hourly,
    /// The used share of the days at the list price, discounted like the full months used.
    Share,
    /// Nothing comes back.
    Nothing,
}

impl RefundMethod {
    /// The spellings of `refund`.
    pub const NAMES: &[(&str, Self)] = &[
        ("hourly", Self::Hourly),
        ("share", Self::Share),
        ("none", Self::Nothing),
    ];
}

/// How the days that an upgrade pays for become months.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpgradeMonths {
    /// Days × 12 / 365.
    Average,
    /// The same, rounded half up to two decimals first.
    AverageTwoDecimals,
    /// Days / 30.
    Days30,
}

impl UpgradeMonths {
    /// The spellings of `upgrade_months`.
    pub const NAMES: &[(&str, Self)] = &[
        ("average", Self::Average),
        ("average_2_decimals", Self::AverageTwoDecimals),
        ("days30", Self::Days30),
    ];
}

/// How the days that a downgrade leaves become months.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DowngradeMonths {
    /// Whole months where no days are over, else days / 30.
    MonthsOrDays30,
    /// Days × 12 / 365.
    Average,
    /// Full months, the days over / 30: the default of former books.
    Days30,
}

impl DowngradeMonths {
    /// The spellings of `downgrade_months`.
    pub const NAMES: &[(&str, Self)] = &[
        ("months_or_days30", Self::MonthsOrDays30),
        ("average", Self::Average),
        ("days30", Self::Days30),
    ];
}

/// On which days around the expiry date `E` an auto-renewal is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptDays {
    /// Every day from `E` plus so many days on.
    From(i32),
    /// On `E` plus each of these days, ascending.
    On(Vec<i32>),
}

impl AttemptDays {
    /// Whether an auto-renewal is tried so many days after `E`.
    pub fn contains(&self, after_expiry: i32) -> bool {
        match self {
            Self::From(first) => after_expiry >= *first,
            Self::On(days) => days.binary_search(&after_expiry).is_ok(),
        }
    }

    /// The first attempt day that lies so many days after `E` or later.
    pub fn next(&self, after_expiry: i32) -> Option<i32> {
        match self {
            Self::From(first) => Some(after_expiry.max(*first)),
            Self::On(days) => days
                .get(days.partition_point(|day| *day < after_expiry))
                .copied(),
        }
    }

    /// Whether there is no attempt at all.
    pub fn is_never(&self) -> bool {
        matches!(self, Self::On(days) if days.is_empty())
    }

    /// The last attempt day that lies so many days after `E` or earlier.
    pub fn last(&self, after_expiry: i32) -> Option<i32> {
        match self {
            Self::From(first) => (after_expiry >= *first).then_some(after_expiry),
            Self::On(days) => days[..days.partition_point(|day| *day <= after_expiry)]
                .last()
                .copied(),
        }
    }
}

/// A provider's rules for one product. Days are whole days, `docs/spec/profiles.md` says what each rule means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: Box<str>,
    /// How months are added to an expiry date.
    pub month_end: MonthEnd,
    /// How an exact amount becomes minor units.
    pub rounding: Rounding,
    /// The months that a renewal may have.
    pub renew_periods: BTreeSet<u32>,
    /// Discount bands: from so many months on, the factor. Ascending.
    pub discounts: Vec<(u32, Factor)>,
    /// Months of an auto-renewal where the instance says nothing.
    pub auto_renew_months: u32,
    /// When auto-renewals are tried.
    pub attempts: AttemptDays,
    /// Whether they are tried for reclaimed instances too.
    pub auto_renew_while_reclaimed: bool,
    /// In which order.
    pub charge_order: ChargeOrder,
    /// What a failure means for the next one.
    pub when_short: WhenShort,
    /// Days from expiry to reclaiming.
    pub suspend_after_days: i32,
    /// Days that a reclaimed instance is kept.
    pub retention_days: i32,
    /// From when they count.
    pub retention_from: RetentionFrom,
    /// Where a recovered term starts.
    pub recover_from: RecoverFrom,
    /// On which days around the expiry date people are reminded. Ascending.
    pub remind_days: Vec<i32>,
    /// Full hours of arrears after which a postpaid instance is stopped.
    pub arrears_grace_hours: u32,
    /// Days that a stopped postpaid instance is kept.
    pub postpaid_retention_days: i32,
    /// How it comes back.
    pub restart: Restart,
    /// When funds allow that.
    pub restore_when: RestoreWhen,
    /// How the used part of a term that is given back is priced.
    pub refund: RefundMethod,
    /// Days after its start up to which a purchase is returned in full; 0: never.
    pub full_refund_days: u32,
    /// How many such returns an account has for each product.
    pub full_refunds: u32,
    /// How many returns an account has for each product and calendar year.
    pub returns_per_year: u32,
    /// How the days that an upgrade pays for become months.
    pub upgrade_months: UpgradeMonths,
    /// How the days that a downgrade leaves become months; with a refund by share or of nothing, the days used too.
    pub downgrade_months: DowngradeMonths,
    /// Whether a downgrade pays anything back.
    pub downgrade_refund: bool,
    /// How many downgrades an instance has.
    pub downgrades: u32,
    /// Tiers of the hourly price: from so many billed hours on, the factor. Ascending.
    pub hourly_tiers: Vec<(u32, Factor)>,
    /// Whether a stopped postpaid instance is charged.
    pub bill_while_stopped: bool,
    /// Working days until an online top-up arrives.
    pub online_topup_days: u32,
    /// Working days until a bank transfer arrives.
    pub bank_topup_days: u32,
}

impl Profile {
    /// The factor of the largest discount band not above `months`, 1 where there is none.
    pub fn factor(&self, months: u32) -> Factor {
        band(&self.discounts, months)
    }

    /// The factor on the hourly price after so many billed hours, 1 below the first tier.
    pub fn tier(&self, billed_hours: u32) -> Factor {
        band(&self.hourly_tiers, billed_hours)
    }

    /// The first reminder day that lies so many days after the expiry date or later.
    pub fn next_remind_day(&self, after_expiry: i32) -> Option<i32> {
        self.remind_days
            .get(self.remind_days.partition_point(|day| *day < after_expiry))
            .copied()
    }
}

/// The spelling of a value in a list of names.
pub fn spelling<T: PartialEq>(value: T, names: &[(&'static str, T)]) -> &'static str {
    names
        .iter()
        .find(|(_, named)| *named == value)
        .map_or("", |(name, _)| *name)
}

/// The factor of the largest band not above `at`, 1 where there is none.
fn band(bands: &[(u32, Factor)], at: u32) -> Factor {
    let band = bands.iter().rev().find(|(from, _)| *from <= at);
    band.map_or(Factor::ONE, |(_, factor)| *factor)
}
