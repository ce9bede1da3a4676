//! A provider's life-cycle rules for a product, as data.
//!
//! A [`Profile`] is fully resolved: inheritance and defaults are the reader's work. Every number that a rule needs lives
//! here. The built-in profiles are one TOML file, [`BUILTIN`], with the source of each value beside it.
//!
//! Its keys are one list, at the end of this file: name, type, range and meaning. Reading, checking and writing follow
//! from it, so a new key is one line there, its value in [`BUILTIN`], and the rule that asks for it.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::model::calendar::{MAX_TERM_MONTHS, MonthEnd};
use crate::model::money::{Factor, Rounding};
use crate::model::words::{Word, words};

/// The built-in profiles: their TOML text.
pub const BUILTIN: &str = include_str!("profile/builtin.toml");

/// The number of a profile in its book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileIndex(pub u32);

words! {
    /// In which order due renewals are tried.
    pub enum ChargeOrder {
        /// By expiry date, then id.
        Expiry = "expiry",
        /// By the price of this renewal, small first; then expiry, then id.
        Cheapest = "cheapest",
        /// By the price of this renewal, great first; then expiry, then id.
        Dearest = "dearest",
        /// By the column `priority`, small first, empty last; then expiry, then id.
        Priority = "priority",
    }
}

words! {
    /// What a renewal that cannot be paid means for those behind it.
    pub enum WhenShort {
        /// The next one is tried.
        Skip = "skip",
        /// The remaining ones fail too.
        Stop = "stop",
    }
}

words! {
    /// From which day the retention of a reclaimed instance counts.
    pub enum RetentionFrom {
        /// From the day of reclaiming.
        Reclaim = "reclaim",
        /// From the expiry date.
        Expiry = "expiry",
    }
}

words! {
    /// Where the term of a recovered instance starts.
    pub enum RecoverFrom {
        /// At the old expiry.
        Expiry = "expiry",
        /// On the day of reclaiming.
        Reclaim = "reclaim",
        /// On the day of recovery.
        Today = "today",
    }
}

words! {
    /// How a stopped postpaid instance comes back.
    pub enum Restart {
        /// By itself, once funds allow.
        Automatic = "automatic",
        /// By a `start` action.
        Manual = "manual",
    }
}

words! {
    /// Which available amount lets a stopped postpaid instance run again.
    pub enum RestoreWhen {
        /// Above zero.
        Positive = "positive",
        /// Zero or above.
        NotNegative = "not_negative",
    }
}

words! {
    /// How the used part of a term that is given back is priced.
    pub enum RefundMethod {
        /// Full months at their discounted price, the rest by the hour.
        Hourly = "hourly",
        /// The used share of the days at the list price, discounted like the full months used.
        Share = "share",
        /// Nothing comes back.
        Nothing = "none",
    }
}

words! {
    /// How the days that an upgrade pays for become months.
    pub enum UpgradeMonths {
        /// Days × 12 / 365.
        Average = "average",
        /// The same, rounded half up to two decimals first.
        AverageTwoDecimals = "average_2_decimals",
        /// Days / 30.
        Days30 = "days30",
    }
}

words! {
    /// How the days that a downgrade leaves become months.
    pub enum DowngradeMonths {
        /// Whole months where no days are over, else days / 30.
        MonthsOrDays30 = "months_or_days30",
        /// Days × 12 / 365.
        Average = "average",
        /// Full months, the days over / 30: the default of former books.
        Days30 = "days30",
    }
}

/// On which days around the expiry date `E` an auto-renewal is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptDays {
    /// Every day from `E` plus these days on.
    From(i32),
    /// On `E` plus each of these days, ascending.
    On(Vec<i32>),
}

impl AttemptDays {
    /// Whether an auto-renewal is tried this number of days after `E`.
    pub fn contains(&self, after_expiry: i32) -> bool {
        match self {
            Self::From(first) => after_expiry >= *first,
            Self::On(days) => days.binary_search(&after_expiry).is_ok(),
        }
    }

    /// The first attempt at this number of days after `E`, or later.
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

    /// The last attempt at this number of days after `E`, or earlier.
    pub fn last(&self, after_expiry: i32) -> Option<i32> {
        match self {
            Self::From(first) => (after_expiry >= *first).then_some(after_expiry),
            Self::On(days) => days[..days.partition_point(|day| *day <= after_expiry)]
                .last()
                .copied(),
        }
    }
}

/// A factor that counts from a number of months or hours on.
pub type Band = (u32, Factor);

/// Where the values of a profile's keys are written. A reader reports what is wrong with a value, and has none then.
pub trait KeySource {
    /// Whether the key is written.
    fn has(&self, key: &str) -> bool;
    /// One word of a closed list.
    fn key_word<T: Word>(&mut self, key: &str) -> Option<T>;
    /// A whole number in a range.
    fn key_number(&mut self, key: &str, range: &RangeInclusive<i64>) -> Option<i64>;
    /// A list of whole numbers in a range.
    fn key_list(&mut self, key: &str, range: &RangeInclusive<i64>) -> Option<BTreeSet<i64>>;
    /// A table of factors by the bounds that they count from, ascending.
    fn key_bands(&mut self, key: &str, range: &RangeInclusive<i64>) -> Option<Vec<Band>>;
}

/// A key with what its numbers may be; words have no range.
struct KeySpec {
    names: &'static [&'static str],
    range: RangeInclusive<i64>,
}

/// What a key holds: how it is read, and how it is written as TOML.
trait KeyValue: Sized {
    fn read_key(source: &mut impl KeySource, key: &KeySpec) -> Option<Self>;

    fn toml(&self) -> String;

    /// Which of the names of the key spells this value.
    fn name_in(&self, key: &KeySpec) -> &'static str {
        key.names[0]
    }
}

impl<T: Word> KeyValue for T {
    fn read_key(source: &mut impl KeySource, key: &KeySpec) -> Option<Self> {
        source.key_word(key.names[0])
    }

    fn toml(&self) -> String {
        let word = self.as_word();
        // A boolean is a word without quotes.
        if bool::from_word(word).is_some() {
            word.to_owned()
        } else {
            format!("\"{word}\"")
        }
    }
}

/// Reads and writes whole numbers of one width.
macro_rules! number_keys {
    ($($number:ty),+) => {$(
        impl KeyValue for $number {
            fn read_key(source: &mut impl KeySource, key: &KeySpec) -> Option<Self> {
                let number = source.key_number(key.names[0], &key.range)?;
                Self::try_from(number).ok()
            }

            fn toml(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

number_keys!(u32, i32);

impl KeyValue for BTreeSet<u32> {
    fn read_key(source: &mut impl KeySource, key: &KeySpec) -> Option<Self> {
        let numbers = source.key_list(key.names[0], &key.range)?;
        numbers
            .into_iter()
            .map(|number| u32::try_from(number).ok())
            .collect()
    }

    fn toml(&self) -> String {
        toml_list(self)
    }
}

impl KeyValue for Vec<i32> {
    fn read_key(source: &mut impl KeySource, key: &KeySpec) -> Option<Self> {
        let numbers = source.key_list(key.names[0], &key.range)?;
        numbers
            .into_iter()
            .map(|number| i32::try_from(number).ok())
            .collect()
    }

    fn toml(&self) -> String {
        toml_list(self)
    }
}

impl KeyValue for Vec<Band> {
    fn read_key(source: &mut impl KeySource, key: &KeySpec) -> Option<Self> {
        source.key_bands(key.names[0], &key.range)
    }

    fn toml(&self) -> String {
        let bands: Vec<String> = self
            .iter()
            .map(|(from, factor)| format!("{from} = \"{factor}\""))
            .collect();
        format!("{{ {} }}", bands.join(", "))
    }
}

/// The list of days wins where both keys are written.
impl KeyValue for AttemptDays {
    fn read_key(source: &mut impl KeySource, key: &KeySpec) -> Option<Self> {
        let [first, days] = [0, 1].map(|at| KeySpec {
            names: &key.names[at..],
            range: key.range.clone(),
        });
        if source.has(days.names[0]) {
            Vec::read_key(source, &days).map(Self::On)
        } else {
            i32::read_key(source, &first).map(Self::From)
        }
    }

    fn toml(&self) -> String {
        match self {
            Self::From(first) => first.toml(),
            Self::On(days) => days.toml(),
        }
    }

    fn name_in(&self, key: &KeySpec) -> &'static str {
        key.names[usize::from(matches!(self, Self::On(_)))]
    }
}

fn toml_list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    format!("[{}]", items.join(", "))
}

/// The largest distance in days between an expiry and what happens around it.
const MAX_DAYS: i64 = 3_660;
/// The longest retention in days, and the longest grace in hours.
const MAX_RETENTION: i64 = 36_600;
/// The largest limit of returns, refunds and downgrades.
const MAX_COUNT: i64 = 1_000_000_000;
/// The longest way of a top-up, in working days.
const MAX_TRANSFER_DAYS: i64 = 366;
/// The highest tier, in billed hours.
const MAX_TIER_HOURS: i64 = 1_000_000;

/// Declares the keys of a profile: `field: type = range => [names]`. Words have no range, and a key is called like its
/// field unless it says otherwise.
macro_rules! profile_keys {
    ($($(#[$doc:meta])* $field:ident: $type:ty $(= $range:expr)? $(=> $names:expr)?,)+) => {
        /// A provider's rules for one product. Days are whole days.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Profile {
            /// Its name.
            pub name: Box<str>,
            $($(#[$doc])* pub $field: $type,)+
        }

        impl Profile {
            /// The names of all keys, in the order in which they are written.
            pub fn key_names() -> impl Iterator<Item = &'static str> {
                let keys = [$(profile_keys!(@names $field $($names)?)),+];
                keys.into_iter().flatten().copied()
            }

            /// Reads every key, so that all that is wrong is reported at once.
            pub fn read_keys(name: &str, source: &mut impl KeySource) -> Option<Self> {
                $(let $field = KeyValue::read_key(source, &profile_keys!(@spec $field $($range)?; $($names)?));)+
                Some(Self { name: name.into(), $($field: $field?,)+ })
            }

            /// Every key with its value as TOML.
            pub fn key_texts(&self) -> Vec<(&'static str, String)> {
                vec![$({
                    let key = profile_keys!(@spec $field; $($names)?);
                    (self.$field.name_in(&key), self.$field.toml())
                }),+]
            }
        }
    };
    (@names $field:ident) => { &[stringify!($field)][..] };
    (@names $field:ident $names:expr) => { &$names[..] };
    (@spec $field:ident $($range:expr)?; $($names:expr)?) => {
        KeySpec {
            names: profile_keys!(@names $field $($names)?),
            range: profile_keys!(@range $($range)?),
        }
    };
    (@range) => { 0..=0 };
    (@range $range:expr) => { $range };
}

profile_keys! {
    /// How months are added to an expiry date.
    month_end: MonthEnd,
    /// How an exact amount becomes minor units.
    rounding: Rounding,
    /// The months that a renewal may have.
    renew_periods: BTreeSet<u32> = 1..=MAX_TERM_MONTHS,
    /// Discounts by the months from which they count. Ascending.
    discounts: Vec<Band> = 1..=MAX_TERM_MONTHS,
    /// Months of an auto-renewal where the instance says nothing.
    auto_renew_months: u32 = 1..=MAX_TERM_MONTHS,
    /// When auto-renewals are tried.
    attempts: AttemptDays = -MAX_DAYS..=MAX_DAYS => ["auto_renew_first", "auto_renew_days"],
    /// Whether they are tried for reclaimed instances too.
    auto_renew_while_reclaimed: bool,
    /// In which order.
    charge_order: ChargeOrder,
    /// What a failure means for the next one.
    when_short: WhenShort,
    /// Days from expiry to reclaiming.
    suspend_after_days: i32 = 0..=MAX_DAYS,
    /// Days that a reclaimed instance is kept.
    retention_days: i32 = 0..=MAX_RETENTION,
    /// From when they count.
    retention_from: RetentionFrom,
    /// Where a recovered term starts.
    recover_from: RecoverFrom,
    /// On which days around the expiry date people are reminded. Ascending.
    remind_days: Vec<i32> = -MAX_DAYS..=MAX_DAYS,
    /// Full hours of arrears after which a postpaid instance is stopped.
    arrears_grace_hours: u32 = 0..=MAX_RETENTION,
    /// Days that a stopped postpaid instance is kept.
    postpaid_retention_days: i32 = 0..=MAX_RETENTION,
    /// How it comes back.
    restart: Restart,
    /// When funds allow that.
    restore_when: RestoreWhen,
    /// How the used part of a term that is given back is priced.
    refund: RefundMethod,
    /// Days after its start up to which a purchase is returned in full; 0: never.
    full_refund_days: u32 = 0..=MAX_DAYS,
    /// How many such returns an account has for each product.
    full_refunds: u32 = 0..=MAX_COUNT,
    /// How many returns an account has for each product and calendar year.
    returns_per_year: u32 = 0..=MAX_COUNT,
    /// How the days that an upgrade pays for become months.
    upgrade_months: UpgradeMonths,
    /// How the days that a downgrade leaves become months; with a refund by share or of nothing, the days used too.
    downgrade_months: DowngradeMonths,
    /// Whether a downgrade pays anything back.
    downgrade_refund: bool,
    /// How many downgrades an instance has.
    downgrades: u32 = 0..=MAX_COUNT,
    /// Factors on the hourly price by the billed hours from which they count. Ascending.
    hourly_tiers: Vec<Band> = 0..=MAX_TIER_HOURS,
    /// Whether a stopped postpaid instance is charged.
    bill_while_stopped: bool,
    /// Working days until an online top-up arrives.
    online_topup_days: u32 = 0..=MAX_TRANSFER_DAYS,
    /// Working days until a bank transfer arrives.
    bank_topup_days: u32 = 0..=MAX_TRANSFER_DAYS,
}

impl Profile {
    /// The factor of the largest discount band not above `months`, 1 where there is none.
    pub fn factor(&self, months: u32) -> Factor {
        factor_at(&self.discounts, months)
    }

    /// The factor on the hourly price after these billed hours, 1 below the first tier.
    pub fn tier(&self, billed_hours: u32) -> Factor {
        factor_at(&self.hourly_tiers, billed_hours)
    }

    /// The first reminder at this number of days after the expiry date, or later.
    pub fn next_remind_day(&self, after_expiry: i32) -> Option<i32> {
        let at = self.remind_days.partition_point(|day| *day < after_expiry);
        self.remind_days.get(at).copied()
    }
}

/// The factor of the largest band not above `at`, 1 where there is none.
fn factor_at(bands: &[Band], at: u32) -> Factor {
    let band = bands.iter().rev().find(|(from, _)| *from <= at);
    band.map_or(Factor::ONE, |(_, factor)| *factor)
}
