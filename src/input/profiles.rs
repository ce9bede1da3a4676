//! Profiles: tables of keys, laid over each other, inherited, checked, and made into rules.
//!
//! The layers are the built-in file, `profiles.toml` and a scenario's `[profile.NAME]`; a later layer replaces keys one by
//! one. `extends` is followed after that, and a key that is missing still has the value of the built-in `tencent-cvm`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::document::{Field, TomlDocument, TomlTable};
use super::folder::QUICK;
use super::ids::nearest;
use super::value::{MOST_MONTHS, Problem, factor, months, shown, whole, word};
use crate::input::diagnostic::{Code, Diagnostics, Place};
use crate::model::calendar::MonthEnd;
use crate::model::money::{Factor, Rounding};
use crate::model::profile::{
    AttemptDays, BUILTIN, ChargeOrder, DowngradeMonths, Profile, ProfileIndex, RecoverFrom,
    RefundMethod, Restart, RestoreWhen, RetentionFrom, UpgradeMonths, WhenShort, spelling,
};

/// The profile whose built-in values stand for missing keys, and the default of a book.
pub(super) const DEFAULT: &str = "tencent-cvm";
/// The name under which the built-in profiles appear in diagnostics.
const BUILTIN_FILE: &str = "built-in profiles";

const KEYS: &[&str] = &[
    "extends",
    "month_end",
    "rounding",
    "renew_periods",
    "discounts",
    "auto_renew_months",
    "auto_renew_first",
    "auto_renew_days",
    "auto_renew_while_reclaimed",
    "charge_order",
    "when_short",
    "suspend_after_days",
    "retention_days",
    "retention_from",
    "recover_from",
    "remind_days",
    "arrears_grace_hours",
    "postpaid_retention_days",
    "restart",
    "restore_when",
    "refund",
    "full_refund_days",
    "full_refunds",
    "returns_per_year",
    "upgrade_months",
    "downgrade_months",
    "downgrade_refund",
    "downgrades",
    "hourly_tiers",
    "bill_while_stopped",
    "online_topup_days",
    "bank_topup_days",
];

/// The largest distance in days between an expiry and what happens around it.
const MOST_DAYS: i64 = 3_660;
/// The longest retention in days, and the longest grace in hours.
const MOST_RETENTION: i64 = 36_600;
/// The largest limit of returns, refunds and downgrades.
const MOST_COUNTED: i64 = 1_000_000_000;
/// The longest way of a top-up, in working days.
const MOST_TRANSFER: i64 = 366;
/// The highest tier, in billed hours.
const MOST_TIER_HOURS: i64 = 1_000_000;
/// How many profiles one can extend, directly and through others.
/// Rule **profile-limits**.
const MOST_ANCESTORS: usize = 32;
/// The most profiles of a file. A closing book writes out each, and has to be read again.
const MOST_PROFILES: usize = 1_000;

/// The built-in file, parsed once.
pub(super) fn builtin() -> &'static TomlDocument<'static> {
    static PARSED: LazyLock<TomlDocument<'static>> = LazyLock::new(|| {
        let mut diagnostics = Diagnostics::default();
        TomlDocument::parse_toml(BUILTIN_FILE, BUILTIN.as_bytes(), &mut diagnostics)
            .expect("the built-in profiles parse")
    });
    &PARSED
}

type Keys<'d> = BTreeMap<&'d str, Field<'d>>;

/// All tables of keys by profile name, and the profiles made from them so far.
pub(super) struct Profiles<'d> {
    tables: BTreeMap<&'d str, Keys<'d>>,
    defaults: Keys<'d>,
    own: Vec<Field<'d>>,
    resolved: Vec<Profile>,
    numbers: BTreeMap<&'d str, Option<ProfileIndex>>,
}

impl<'d> Profiles<'d> {
    pub(super) fn of_builtin(builtin: &'d TomlDocument<'d>) -> Self {
        let mut diagnostics = Diagnostics::default();
        let mut profiles = Self {
            tables: BTreeMap::new(),
            defaults: BTreeMap::new(),
            own: Vec::new(),
            resolved: Vec::new(),
            numbers: BTreeMap::new(),
        };
        profiles.overlay(&builtin.section(), &mut diagnostics);
        profiles.defaults = profiles
            .tables
            .get(DEFAULT)
            .cloned()
            .expect("the default profile is built in");
        profiles.own.clear();
        profiles
    }

    /// Lays the tables of a file or scenario over what is there.
    pub(super) fn overlay(&mut self, section: &TomlTable<'d>, diagnostics: &mut Diagnostics) {
        let count = section.fields().count();
        if count > MOST_PROFILES {
            let message = format!("there are {count} profiles, more than {MOST_PROFILES}");
            diagnostics.push(
                Code::TooLarge,
                section.place(),
                message,
                "leave out those that no product follows",
            );
            return;
        }
        for profile in section.fields() {
            let Some(keys) = profile.section(diagnostics) else {
                continue;
            };
            keys.refuse_unknown(KEYS, diagnostics);
            self.tables
                .entry(profile.key())
                .or_default()
                .extend(keys.fields().map(|field| (field.key(), field)));
            self.own.push(profile);
        }
    }

    /// The names of all profiles.
    pub(super) fn names(&self) -> impl Iterator<Item = &'d str> {
        self.tables.keys().copied()
    }

    /// The profile with this name, resolved on first use; `place` is where it is asked for.
    pub(super) fn find(
        &mut self,
        name: &str,
        place: impl FnOnce() -> Place,
        diagnostics: &mut Diagnostics,
    ) -> Option<ProfileIndex> {
        let Some((&name, _)) = self.tables.get_key_value(name) else {
            self.report_unknown(name, place, diagnostics);
            return None;
        };
        if let Some(known) = self.numbers.get(name) {
            return *known;
        }
        let keys = self.inherited(name, diagnostics);
        let keys = keys.filter(|_| self.has_sound_parent(name, diagnostics));
        let profile = keys.and_then(|keys| self.build(name, &keys, diagnostics));
        let number = profile.map(|profile| {
            self.resolved.push(profile);
            ProfileIndex(u32::try_from(self.resolved.len() - 1).expect("a book has few profiles"))
        });
        self.numbers.insert(name, number);
        number
    }

    /// What is wrong with a profile of the book is reported once, not again for each that extends it.
    fn has_sound_parent(&mut self, name: &str, diagnostics: &mut Diagnostics) -> bool {
        let parent = self.tables[name]
            .get("extends")
            .and_then(|extends| extends.read_text(diagnostics));
        let is_own = |parent: &String| {
            self.tables[parent.as_str()]
                .values()
                .any(|field| field.file() != BUILTIN_FILE)
        };
        let own = parent.filter(is_own);
        own.is_none_or(|parent| {
            self.find(&parent, || Place::of_file(BUILTIN_FILE), diagnostics)
                .is_some()
        })
    }

    fn report_unknown(
        &self,
        name: &str,
        place: impl FnOnce() -> Place,
        diagnostics: &mut Diagnostics,
    ) {
        diagnostics.push_with(Code::UnknownProfile, || {
            let help = nearest(
                name,
                self.names(),
                "`renewcast profiles` lists the built-in ones",
            );
            (
                place(),
                format!("there is no profile {}", shown(name)),
                help,
            )
        });
    }

    /// Resolves the profiles that the book defines itself, used or not.
    pub(super) fn check_own(&mut self, diagnostics: &mut Diagnostics) {
        for profile in std::mem::take(&mut self.own) {
            self.find(profile.key(), || profile.key_place(), diagnostics);
        }
    }

    /// Warns of the tables of a scenario that change nothing, because none of the profiles in use is theirs or extends it.
    pub(super) fn warn_of_idle(
        &self,
        changes: &TomlTable<'d>,
        used: &[ProfileIndex],
        diagnostics: &mut Diagnostics,
    ) {
        let mut known = BTreeSet::new();
        let mut next: Vec<String> = used
            .iter()
            .map(|index| self.resolved[index.0 as usize].name.to_string())
            .collect();
        while let Some(name) = next.pop() {
            let extends = self
                .tables
                .get(name.as_str())
                .and_then(|table| table.get("extends"));
            next.extend(extends.and_then(|extends| extends.read_text(&mut Diagnostics::default())));
            known.insert(name);
        }
        for profile in changes
            .fields()
            .filter(|profile| !known.contains(profile.key()))
        {
            let message = format!(
                "no product of this book follows the profile {}",
                shown(profile.key())
            );
            let otherwise = "name it in `profile` or `product_profiles`, or leave it out";
            let help = nearest(profile.key(), known.iter().map(String::as_str), otherwise);
            // What the command line asks for, it asks for on purpose.
            let code = if profile.file() == QUICK {
                Code::NoMatch
            } else {
                Code::IdleProfile
            };
            Problem::new(code, message, help).report(|| profile.key_place(), diagnostics);
        }
    }

    pub(super) fn into_resolved(self) -> Vec<Profile> {
        self.resolved
    }

    /// The keys of a profile after following `extends`; none where that fails, which has been reported once.
    fn inherited(&self, name: &'d str, diagnostics: &mut Diagnostics) -> Option<Keys<'d>> {
        let mut keys = Keys::new();
        let mut seen = BTreeSet::from([name]);
        let mut next = name;
        loop {
            let table = &self.tables[next];
            for (key, field) in table {
                keys.entry(key).or_insert_with(|| field.clone());
            }
            let Some(extends) = table.get("extends") else {
                break;
            };
            let parent = self.parent(next, extends, diagnostics)?;
            if self.numbers.get(parent).is_some_and(Option::is_none) {
                return None;
            }
            let problem = if !seen.insert(parent) {
                let message = format!(
                    "profile {} extends {}, which extends it in turn",
                    shown(next),
                    shown(parent)
                );
                Problem::new(Code::ProfileCycle, message, "leave out one `extends`")
            } else if seen.len() > MOST_ANCESTORS {
                let message = format!(
                    "profile {} extends more than {MOST_ANCESTORS} others",
                    shown(name)
                );
                Problem::new(
                    Code::ProfileConflict,
                    message,
                    "extend a profile nearer to the built-in ones",
                )
            } else {
                next = parent;
                continue;
            };
            problem.report(|| extends.place(), diagnostics);
            return None;
        }
        self.warn_of_idle_first(name, &keys, diagnostics);
        self.warn_of_former_months(name, diagnostics);
        for (key, field) in &self.defaults {
            keys.entry(key).or_insert_with(|| field.clone());
        }
        Some(keys)
    }

    /// The profile that `extends` names.
    fn parent(
        &self,
        of: &str,
        extends: &Field<'d>,
        diagnostics: &mut Diagnostics,
    ) -> Option<&'d str> {
        let name = extends.read_text(diagnostics)?;
        if name == of {
            let message = format!("profile {} extends itself", shown(of));
            Problem::new(Code::ProfileCycle, message, "leave out `extends`")
                .report(|| extends.place(), diagnostics);
            return None;
        }
        let parent = self
            .tables
            .get_key_value(name.as_str())
            .map(|(parent, _)| *parent);
        if parent.is_none() {
            self.report_unknown(&name, || extends.place(), diagnostics);
        }
        parent
    }

    /// `auto_renew_days` wins over `auto_renew_first`; whoever wrote the latter should know.
    fn warn_of_idle_first(&self, name: &str, keys: &Keys<'d>, diagnostics: &mut Diagnostics) {
        let own_first = keys
            .get("auto_renew_first")
            .filter(|field| field.file() != BUILTIN_FILE);
        if let (Some(first), true) = (own_first, keys.contains_key("auto_renew_days")) {
            let message = format!(
                "profile {} has `auto_renew_days`, so `auto_renew_first` says nothing",
                shown(name)
            );
            Problem::new(Code::IgnoredValue, message, "leave out one of the two")
                .report(|| first.key_place(), diagnostics);
        }
    }

    /// `days30` of a downgrade was the default before; no document prints it.
    fn warn_of_former_months(&self, name: &str, diagnostics: &mut Diagnostics) {
        let own = self.tables[name]
            .get("downgrade_months")
            .filter(|field| field.file() != BUILTIN_FILE);
        let former = spelling(DowngradeMonths::Days30, DowngradeMonths::NAMES);
        let is_former = |field: &&Field| {
            field
                .read_text(&mut Diagnostics::default())
                .is_some_and(|text| text == former)
        };
        if let Some(field) = own.filter(is_former) {
            let message = "`days30` counts full months and the days over / 30, which no public price list does";
            let help = "write `months_or_days30`, the default, or keep it if your contract says so";
            Problem::new(Code::FormerRule, message, help).report(|| field.place(), diagnostics);
        }
    }

    fn build(&self, name: &str, keys: &Keys<'d>, diagnostics: &mut Diagnostics) -> Option<Profile> {
        let mut reader = KeyReader { keys, diagnostics };
        let month_end = reader.word("month_end", MonthEnd::NAMES);
        let rounding = reader.word("rounding", Rounding::NAMES);
        let renew_periods = reader.periods();
        let discounts = reader.factors("discounts", months, |months| {
            format!("{months} months have two discounts")
        });
        let auto_renew_months = reader.count("auto_renew_months", 1, MOST_MONTHS);
        let attempts = reader.attempts();
        let auto_renew_while_reclaimed = reader.flag("auto_renew_while_reclaimed");
        let charge_order = reader.word("charge_order", ChargeOrder::NAMES);
        let when_short = reader.word("when_short", WhenShort::NAMES);
        let suspend_after_days = reader.read_days("suspend_after_days", 0, MOST_DAYS);
        let retention_days = reader.read_days("retention_days", 0, MOST_RETENTION);
        let retention_from = reader.word("retention_from", RetentionFrom::NAMES);
        let recover_from = reader.word("recover_from", RecoverFrom::NAMES);
        let remind_days = reader.day_list("remind_days");
        let arrears_grace_hours = reader.count("arrears_grace_hours", 0, MOST_RETENTION);
        let postpaid_retention_days =
            reader.read_days("postpaid_retention_days", 0, MOST_RETENTION);
        let restart = reader.word("restart", Restart::NAMES);
        let restore_when = reader.word("restore_when", RestoreWhen::NAMES);
        let refund = reader.word("refund", RefundMethod::NAMES);
        let full_refund_days = reader.count("full_refund_days", 0, MOST_DAYS);
        let full_refunds = reader.count("full_refunds", 0, MOST_COUNTED);
        let returns_per_year = reader.count("returns_per_year", 0, MOST_COUNTED);
        let upgrade_months = reader.word("upgrade_months", UpgradeMonths::NAMES);
        let downgrade_months = reader.word("downgrade_months", DowngradeMonths::NAMES);
        let downgrade_refund = reader.flag("downgrade_refund");
        let downgrades = reader.count("downgrades", 0, MOST_COUNTED);
        let hourly_tiers = reader.factors("hourly_tiers", billed_hours, |hours| {
            format!("{hours} hours have two factors")
        });
        let bill_while_stopped = reader.flag("bill_while_stopped");
        let online_topup_days = reader.count("online_topup_days", 0, MOST_TRANSFER);
        let bank_topup_days = reader.count("bank_topup_days", 0, MOST_TRANSFER);
        let profile = Profile {
            name: name.into(),
            month_end: month_end?,
            rounding: rounding?,
            renew_periods: renew_periods?,
            discounts: discounts?,
            auto_renew_months: auto_renew_months?,
            attempts: attempts?,
            auto_renew_while_reclaimed: auto_renew_while_reclaimed?,
            charge_order: charge_order?,
            when_short: when_short?,
            suspend_after_days: suspend_after_days?,
            retention_days: retention_days?,
            retention_from: retention_from?,
            recover_from: recover_from?,
            remind_days: remind_days?,
            arrears_grace_hours: arrears_grace_hours?,
            postpaid_retention_days: postpaid_retention_days?,
            restart: restart?,
            restore_when: restore_when?,
            refund: refund?,
            full_refund_days: full_refund_days?,
            full_refunds: full_refunds?,
            returns_per_year: returns_per_year?,
            upgrade_months: upgrade_months?,
            downgrade_months: downgrade_months?,
            downgrade_refund: downgrade_refund?,
            downgrades: downgrades?,
            hourly_tiers: hourly_tiers?,
            bill_while_stopped: bill_while_stopped?,
            online_topup_days: online_topup_days?,
            bank_topup_days: bank_topup_days?,
        };
        reader.check_months(&profile)?;
        Some(profile)
    }
}

/// Reads the keys of one profile.
struct KeyReader<'k, 'd> {
    keys: &'k Keys<'d>,
    diagnostics: &'k mut Diagnostics,
}

impl<'d> KeyReader<'_, 'd> {
    fn field(&self, name: &str) -> Field<'d> {
        self.keys
            .get(name)
            .cloned()
            .expect("the default profile has every key")
    }

    fn word<T: Copy>(&mut self, name: &str, names: &[(&str, T)]) -> Option<T> {
        self.field(name)
            .read_field(self.diagnostics, |text| word(text, names))
    }

    fn flag(&mut self, name: &str) -> Option<bool> {
        self.field(name).flag(self.diagnostics)
    }

    fn count(&mut self, name: &str, least: i64, most: i64) -> Option<u32> {
        self.field(name)
            .read_number(least, most, self.diagnostics)
            .and_then(|number| u32::try_from(number).ok())
    }

    fn read_days(&mut self, name: &str, least: i64, most: i64) -> Option<i32> {
        self.field(name)
            .read_number(least, most, self.diagnostics)
            .and_then(|number| i32::try_from(number).ok())
    }

    /// A list of days around the expiry date, ascending, each once.
    fn day_list(&mut self, name: &str) -> Option<Vec<i32>> {
        let numbers = self
            .field(name)
            .numbers(-MOST_DAYS, MOST_DAYS, self.diagnostics)?;
        let days: BTreeSet<i32> = numbers
            .into_iter()
            .filter_map(|number| i32::try_from(number).ok())
            .collect();
        Some(days.into_iter().collect())
    }

    fn periods(&mut self) -> Option<BTreeSet<u32>> {
        let field = self.field("renew_periods");
        let numbers = field.numbers(1, MOST_MONTHS, self.diagnostics)?;
        if numbers.is_empty() {
            let problem = Problem::new(
                Code::ProfileConflict,
                "`renew_periods` offers no term at all",
                "list the months of a renewal: renew_periods = [1, 12]",
            );
            problem.report(|| field.place(), self.diagnostics);
            return None;
        }
        Some(
            numbers
                .into_iter()
                .filter_map(|number| u32::try_from(number).ok())
                .collect(),
        )
    }

    fn attempts(&mut self) -> Option<AttemptDays> {
        if self.keys.contains_key("auto_renew_days") {
            return self.day_list("auto_renew_days").map(AttemptDays::On);
        }
        self.read_days("auto_renew_first", -MOST_DAYS, MOST_DAYS)
            .map(AttemptDays::From)
    }

    /// A table of factors, each from so many months or hours on.
    fn factors(
        &mut self,
        name: &str,
        bound: impl Fn(&str) -> Result<u32, Problem>,
        twice: impl Fn(u32) -> String,
    ) -> Option<Vec<(u32, Factor)>> {
        let bands = self.field(name).section(self.diagnostics)?;
        let mut factors = BTreeMap::new();
        let before = self.diagnostics.errors();
        for band in bands.fields() {
            let bound = bound(band.key())
                .map_err(|problem| problem.report(|| band.key_place(), self.diagnostics));
            let factor = band.read_field(self.diagnostics, factor);
            let (Ok(bound), Some(factor)) = (bound, factor) else {
                continue;
            };
            if factors.insert(bound, factor).is_some() {
                Problem::new(Code::ProfileConflict, twice(bound), "keep one of the two")
                    .report(|| band.key_place(), self.diagnostics);
            }
        }
        (self.diagnostics.errors() == before).then(|| factors.into_iter().collect())
    }

    /// The months of an auto-renewal must be offered; to blame is the key that the book wrote itself.
    fn check_months(&mut self, profile: &Profile) -> Option<()> {
        let months = profile.auto_renew_months;
        if profile.renew_periods.contains(&months) {
            return Some(());
        }
        let (own, other) = (self.field("auto_renew_months"), self.field("renew_periods"));
        let blamed = if own.file() == BUILTIN_FILE {
            other
        } else {
            own
        };
        not_offered(profile, months).report(|| blamed.place(), self.diagnostics);
        None
    }
}

/// Hours from which a tier counts.
fn billed_hours(text: &str) -> Result<u32, Problem> {
    whole(text, 0, MOST_TIER_HOURS)
        .map(|hours| u32::try_from(hours).expect("a tier lies between 0 and a million hours"))
}

/// Months that the profile does not offer.
pub(super) fn not_offered(profile: &Profile, months: u32) -> Problem {
    let offered: Vec<String> = profile.renew_periods.iter().map(u32::to_string).collect();
    let plural = if months == 1 { "" } else { "s" };
    let message = format!(
        "profile {} does not offer {months} month{plural}",
        shown(&profile.name)
    );
    Problem::new(
        Code::PeriodNotOffered,
        message,
        format!("write one of {}", offered.join(", ")),
    )
}
