//! Profiles: tables of keys, laid over each other, inherited, checked, and made into rules.
//!
//! The layers are the built-in file, `profiles.toml` and a scenario's `[profile.NAME]`; a later layer replaces keys one by
//! one. `extends` is followed after that, and a key that is missing still has the value of the built-in `tencent-cvm`.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Document, Field, Section};
use super::value::{MOST_MONTHS, Problem, factor, months, nearest, shown, whole, word};
use crate::calendar::MonthEnd;
use crate::diagnostic::{Code, Diagnostics, Place};
use crate::money::{Factor, Rounding};
use crate::profile::{
    AttemptDays, BUILTIN, ChargeOrder, Profile, ProfileIndex, RecoverFrom, Restart, RestoreWhen, RetentionFrom,
    WhenShort,
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
];

/// The largest distance in days between an expiry and what happens around it.
const MOST_DAYS: i64 = 3_660;
/// The longest retention in days, and the longest grace in hours.
const MOST_RETENTION: i64 = 36_600;

/// Parses the built-in file.
pub(super) fn builtin() -> Document<'static> {
    let mut diagnostics = Diagnostics::default();
    Document::open(BUILTIN_FILE, BUILTIN.as_bytes(), &mut diagnostics).expect("the built-in profiles parse")
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
    pub(super) fn of_builtin(builtin: &'d Document<'d>) -> Self {
        let mut diagnostics = Diagnostics::default();
        let mut profiles = Self {
            tables: BTreeMap::new(),
            defaults: BTreeMap::new(),
            own: Vec::new(),
            resolved: Vec::new(),
            numbers: BTreeMap::new(),
        };
        profiles.overlay(&builtin.section(), &mut diagnostics);
        profiles.defaults = profiles.tables.get(DEFAULT).cloned().expect("the default profile is built in");
        profiles.own.clear();
        profiles
    }

    /// Lays the tables of a file or scenario over what is there.
    pub(super) fn overlay(&mut self, section: &Section<'d>, diagnostics: &mut Diagnostics) {
        for profile in section.fields() {
            let Some(keys) = profile.section(diagnostics) else { continue };
            keys.refuse_unknown(KEYS, diagnostics);
            self.tables.entry(profile.name()).or_default().extend(keys.fields().map(|field| (field.name(), field)));
            self.own.push(profile);
        }
    }

    /// The names of all profiles.
    pub(super) fn names(&self) -> impl Iterator<Item = &'d str> {
        self.tables.keys().copied()
    }

    /// The profile with this name, resolved on first use; `place` is where it is asked for.
    pub(super) fn find(&mut self, name: &str, place: &Place, diagnostics: &mut Diagnostics) -> Option<ProfileIndex> {
        let Some((&name, _)) = self.tables.get_key_value(name) else {
            let help = nearest(name, self.names(), "`renewcast profiles` lists the built-in ones");
            diagnostics.push(Code::UnknownProfile, place.clone(), format!("there is no profile {}", shown(name)), help);
            return None;
        };
        if let Some(known) = self.numbers.get(name) {
            return *known;
        }
        let profile = self.inherited(name, diagnostics).and_then(|keys| self.build(name, &keys, diagnostics));
        let number = profile.map(|profile| {
            self.resolved.push(profile);
            ProfileIndex(u32::try_from(self.resolved.len() - 1).expect("a book has few profiles"))
        });
        self.numbers.insert(name, number);
        number
    }

    /// Resolves the profiles that the book defines itself, used or not.
    pub(super) fn check_own(&mut self, diagnostics: &mut Diagnostics) {
        for profile in std::mem::take(&mut self.own) {
            self.find(profile.name(), &profile.key_place(), diagnostics);
        }
    }

    pub(super) fn into_resolved(self) -> Vec<Profile> {
        self.resolved
    }

    /// The keys of a profile after following `extends`.
    fn inherited(&self, name: &'d str, diagnostics: &mut Diagnostics) -> Option<Keys<'d>> {
        let mut keys = Keys::new();
        let mut seen = BTreeSet::from([name]);
        let mut next = name;
        loop {
            let table = &self.tables[next];
            for (key, field) in table {
                keys.entry(key).or_insert_with(|| field.clone());
            }
            let Some(extends) = table.get("extends") else { break };
            let parent = extends.text(diagnostics)?;
            let Some((&parent, _)) = self.tables.get_key_value(parent.as_str()) else {
                let help = nearest(&parent, self.names(), "`renewcast profiles` lists the built-in ones");
                diagnostics.push(
                    Code::UnknownProfile,
                    extends.place(),
                    format!("there is no profile {}", shown(&parent)),
                    help,
                );
                return None;
            };
            if !seen.insert(parent) {
                let message = format!("`{next}` extends `{parent}`, which extends it in turn");
                diagnostics.push(Code::ProfileCycle, extends.place(), message, "leave out one `extends`");
                return None;
            }
            next = parent;
        }
        self.warn_of_idle_first(name, &keys, diagnostics);
        for (key, field) in &self.defaults {
            keys.entry(key).or_insert_with(|| field.clone());
        }
        Some(keys)
    }

    /// `auto_renew_days` wins over `auto_renew_first`; whoever wrote the latter should know.
    fn warn_of_idle_first(&self, name: &str, keys: &Keys<'d>, diagnostics: &mut Diagnostics) {
        let own_first = keys.get("auto_renew_first").filter(|field| field.file() != BUILTIN_FILE);
        if let (Some(first), true) = (own_first, keys.contains_key("auto_renew_days")) {
            let message = format!("profile `{name}` has `auto_renew_days`, so `auto_renew_first` says nothing");
            diagnostics.push(Code::IgnoredValue, first.key_place(), message, "leave out one of the two");
        }
    }

    fn build(&self, name: &str, keys: &Keys<'d>, diagnostics: &mut Diagnostics) -> Option<Profile> {
        let mut reader = KeyReader { keys, diagnostics };
        let profile = Profile {
            name: name.into(),
            month_end: reader.word("month_end", MonthEnd::NAMES)?,
            rounding: reader.word("rounding", Rounding::NAMES)?,
            renew_periods: reader.periods()?,
            discounts: reader.discounts()?,
            auto_renew_months: reader.count("auto_renew_months", 1, MOST_MONTHS)?,
            attempts: reader.attempts()?,
            auto_renew_while_reclaimed: reader.flag("auto_renew_while_reclaimed")?,
            charge_order: reader.word("charge_order", ChargeOrder::NAMES)?,
            when_short: reader.word("when_short", WhenShort::NAMES)?,
            suspend_after_days: reader.days("suspend_after_days", 0, MOST_DAYS)?,
            retention_days: reader.days("retention_days", 0, MOST_RETENTION)?,
            retention_from: reader.word("retention_from", RetentionFrom::NAMES)?,
            recover_from: reader.word("recover_from", RecoverFrom::NAMES)?,
            remind_days: reader.day_list("remind_days")?,
            arrears_grace_hours: reader.count("arrears_grace_hours", 0, MOST_RETENTION)?,
            postpaid_retention_days: reader.days("postpaid_retention_days", 0, MOST_RETENTION)?,
            restart: reader.word("restart", Restart::NAMES)?,
            restore_when: reader.word("restore_when", RestoreWhen::NAMES)?,
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
        self.keys.get(name).cloned().expect("the default profile has every key")
    }

    fn word<T: Copy>(&mut self, name: &str, names: &[(&str, T)]) -> Option<T> {
        self.field(name).read(self.diagnostics, |text| word(text, names))
    }

    fn flag(&mut self, name: &str) -> Option<bool> {
        self.field(name).flag(self.diagnostics)
    }

    fn count(&mut self, name: &str, least: i64, most: i64) -> Option<u32> {
        self.field(name).number(least, most, self.diagnostics).and_then(|number| u32::try_from(number).ok())
    }

    fn days(&mut self, name: &str, least: i64, most: i64) -> Option<i32> {
        self.field(name).number(least, most, self.diagnostics).and_then(|number| i32::try_from(number).ok())
    }

    /// A list of days around the expiry date, ascending, each once.
    fn day_list(&mut self, name: &str) -> Option<Vec<i32>> {
        let numbers = self.field(name).numbers(-MOST_DAYS, MOST_DAYS, self.diagnostics)?;
        let days: BTreeSet<i32> = numbers.into_iter().filter_map(|number| i32::try_from(number).ok()).collect();
        Some(days.into_iter().collect())
    }

    fn periods(&mut self) -> Option<BTreeSet<u32>> {
        let field = self.field("renew_periods");
        let numbers = field.numbers(1, MOST_MONTHS, self.diagnostics)?;
        if numbers.is_empty() {
            let message = "`renew_periods` offers no term at all";
            self.diagnostics.push(Code::ProfileConflict, field.place(), message, "list the months of a renewal");
            return None;
        }
        Some(numbers.into_iter().filter_map(|number| u32::try_from(number).ok()).collect())
    }

    fn attempts(&mut self) -> Option<AttemptDays> {
        if self.keys.contains_key("auto_renew_days") {
            return self.day_list("auto_renew_days").map(AttemptDays::On);
        }
        self.days("auto_renew_first", -MOST_DAYS, MOST_DAYS).map(AttemptDays::From)
    }

    fn discounts(&mut self) -> Option<Vec<(u32, Factor)>> {
        let bands = self.field("discounts").section(self.diagnostics)?;
        let mut discounts = BTreeMap::new();
        for band in bands.fields() {
            let months = whole(band.name(), 1, MOST_MONTHS).and_then(|_| months(band.name()));
            let months = months.map_err(|problem| problem.report(band.key_place(), self.diagnostics)).ok()?;
            discounts.insert(months, band.read(self.diagnostics, factor)?);
        }
        Some(discounts.into_iter().collect())
    }

    /// The months of an auto-renewal must be offered.
    fn check_months(&mut self, profile: &Profile) -> Option<()> {
        let months = profile.auto_renew_months;
        if profile.renew_periods.contains(&months) {
            return Some(());
        }
        let problem = not_offered(profile, months);
        problem.report(self.field("auto_renew_months").place(), self.diagnostics);
        None
    }
}

/// Months that the profile does not offer.
pub(super) fn not_offered(profile: &Profile, months: u32) -> Problem {
    let offered: Vec<String> = profile.renew_periods.iter().map(u32::to_string).collect();
    let message = format!("profile `{}` does not offer {months} months", profile.name);
    Problem::new(Code::PeriodNotOffered, message, format!("write one of {}", offered.join(", ")))
}
