//! Profiles: tables of keys, laid over each other, inherited, checked, and made into rules.
//!
//! The layers are the built-in file, `profiles.toml` and a scenario's `[profile.NAME]`; a later layer replaces keys one by
//! one. `extends` is followed after that, and a key that is missing still has the value of the built-in `tencent-cvm`.
//!
//! Rule **profile-limits** of docs/spec.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use super::document::{Field, TomlDocument, TomlTable};
use super::folder::QUICK;
use super::ids::nearest;
use super::value::{Problem, factor, shown, whole};
use crate::input::diagnostic::{Code, Diagnostics, Place};
use crate::model::profile::{BUILTIN, Band, DowngradeMonths, KeySource, Profile, ProfileIndex};
use crate::model::words::Word;

/// The profile whose built-in values stand for missing keys, and the default of a book.
pub(super) const DEFAULT: &str = "tencent-cvm";
/// The name under which the built-in profiles appear in diagnostics.
const BUILTIN_FILE: &str = "built-in profiles";

/// The key that names the profile whose keys are inherited.
const EXTENDS: &str = "extends";
/// How many profiles one can extend, directly and through others.
const MAX_ANCESTORS: usize = 32;
/// The most profiles of a file. A closing book writes out each, and has to be read again.
const MAX_PROFILES: usize = 1_000;

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
        if count > MAX_PROFILES {
            let message = format!("there are {count} profiles, more than {MAX_PROFILES}");
            let help = "leave out those that no product follows";
            diagnostics.push(Code::TooLarge, section.place(), message, help);
            return;
        }
        let known: Vec<&str> = [EXTENDS].into_iter().chain(Profile::key_names()).collect();
        for profile in section.fields() {
            let Some(keys) = profile.section(diagnostics) else {
                continue;
            };
            keys.refuse_unknown(&known, diagnostics);
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
            .get(EXTENDS)
            .and_then(|extends| extends.read_text(diagnostics));
        let Some(parent) = parent else { return true };
        let mut fields = self.tables[parent.as_str()].values();
        fields.all(|field| field.file() == BUILTIN_FILE)
            || self
                .find(&parent, || Place::of_file(BUILTIN_FILE), diagnostics)
                .is_some()
    }

    fn report_unknown(
        &self,
        name: &str,
        place: impl FnOnce() -> Place,
        diagnostics: &mut Diagnostics,
    ) {
        diagnostics.push_with(Code::UnknownProfile, || {
            let otherwise = "`renewcast profiles` lists the built-in ones";
            let help = nearest(name, self.names(), otherwise);
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
                .and_then(|table| table.get(EXTENDS));
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
            let Some(extends) = table.get(EXTENDS) else {
                break;
            };
            let parent = self.parent(next, extends, diagnostics)?;
            if self.numbers.get(parent).is_some_and(Option::is_none) {
                return None;
            }
            let problem = if !seen.insert(parent) {
                let (one, other) = (shown(next), shown(parent));
                let message = format!("profile {one} extends {other}, which extends it in turn");
                Problem::new(Code::ProfileCycle, message, "leave out one `extends`")
            } else if seen.len() > MAX_ANCESTORS {
                let message = format!(
                    "profile {} extends more than {MAX_ANCESTORS} others",
                    shown(name)
                );
                let help = "extend a profile nearer to the built-in ones";
                Problem::new(Code::ProfileConflict, message, help)
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
        let parent = self.tables.get_key_value(name.as_str());
        if parent.is_none() {
            self.report_unknown(&name, || extends.place(), diagnostics);
        }
        parent.map(|(parent, _)| *parent)
    }

    /// `auto_renew_days` wins over `auto_renew_first`; whoever wrote the latter should know.
    fn warn_of_idle_first(&self, name: &str, keys: &Keys<'d>, diagnostics: &mut Diagnostics) {
        let own_first = keys
            .get("auto_renew_first")
            .filter(|field| field.file() != BUILTIN_FILE);
        if let (Some(first), true) = (own_first, keys.contains_key("auto_renew_days")) {
            let name = shown(name);
            let message =
                format!("profile {name} has `auto_renew_days`, so `auto_renew_first` is ignored");
            Problem::new(Code::IgnoredValue, message, "leave out one of the two")
                .report(|| first.key_place(), diagnostics);
        }
    }

    /// `days30` of a downgrade was the default before; no document prints it.
    fn warn_of_former_months(&self, name: &str, diagnostics: &mut Diagnostics) {
        let own = self.tables[name]
            .get("downgrade_months")
            .filter(|field| field.file() != BUILTIN_FILE);
        let Some(field) = own else { return };
        let text = field.read_text(&mut Diagnostics::default());
        if text.is_some_and(|text| text == DowngradeMonths::Days30.name()) {
            let message = "`days30` counts full months and the days over / 30, which no public price list does";
            let help = "write `months_or_days30`, the default, or keep it if your contract says so";
            Problem::new(Code::FormerRule, message, help).report(|| field.place(), diagnostics);
        }
    }

    fn build(&self, name: &str, keys: &Keys<'d>, diagnostics: &mut Diagnostics) -> Option<Profile> {
        let mut reader = KeyReader { keys, diagnostics };
        let profile = Profile::read_keys(name, &mut reader)?;
        reader.check_months(&profile)?;
        Some(profile)
    }
}

/// Reads the keys of one profile.
struct KeyReader<'k, 'd> {
    keys: &'k Keys<'d>,
    diagnostics: &'k mut Diagnostics,
}

impl KeySource for KeyReader<'_, '_> {
    fn has(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    fn key_word<T: Word>(&mut self, key: &str) -> Option<T> {
        self.field(key).word(self.diagnostics)
    }

    fn key_number(&mut self, key: &str, range: &RangeInclusive<i64>) -> Option<i64> {
        let field = self.field(key);
        field.read_number(*range.start(), *range.end(), self.diagnostics)
    }

    fn key_list(&mut self, key: &str, range: &RangeInclusive<i64>) -> Option<BTreeSet<i64>> {
        let field = self.field(key);
        let numbers = field.numbers(*range.start(), *range.end(), self.diagnostics)?;
        if key == "renew_periods" && numbers.is_empty() {
            let message = "`renew_periods` offers no term at all";
            let help = "list the months of a renewal: renew_periods = [1, 12]";
            Problem::new(Code::ProfileConflict, message, help)
                .report(|| field.place(), self.diagnostics);
            return None;
        }
        Some(numbers.into_iter().collect())
    }

    fn key_bands(&mut self, key: &str, range: &RangeInclusive<i64>) -> Option<Vec<Band>> {
        let bands = self.field(key).section(self.diagnostics)?;
        let mut factors = BTreeMap::new();
        let before = self.diagnostics.errors();
        for band in bands.fields() {
            let bound = whole(band.key(), *range.start(), *range.end())
                .map_err(|problem| problem.report(|| band.key_place(), self.diagnostics));
            let factor = band.read_field(self.diagnostics, factor);
            let (Ok(bound), Some(factor)) = (bound, factor) else {
                continue;
            };
            let bound = u32::try_from(bound).expect("no band begins below zero or above a million");
            if factors.insert(bound, factor).is_some() {
                let message = format!("duplicate `{bound}` in `{key}`");
                Problem::new(Code::ProfileConflict, message, "keep one of the two")
                    .report(|| band.key_place(), self.diagnostics);
            }
        }
        (self.diagnostics.errors() == before).then(|| factors.into_iter().collect())
    }
}

impl<'d> KeyReader<'_, 'd> {
    fn field(&self, name: &str) -> Field<'d> {
        let field = self.keys.get(name).cloned();
        field.expect("the default profile has every key")
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

/// Months that the profile does not offer.
pub(super) fn not_offered(profile: &Profile, months: u32) -> Problem {
    let offered: Vec<String> = profile.renew_periods.iter().map(u32::to_string).collect();
    let plural = if months == 1 { "" } else { "s" };
    let name = shown(&profile.name);
    let message = format!("profile {name} does not offer {months} month{plural}");
    let help = format!("write one of {}", offered.join(", "));
    Problem::new(Code::PeriodNotOffered, message, help)
}
