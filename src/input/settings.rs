//! `book.toml`: the name, the days, the currency and the profiles of a book.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Field, TomlDocument, TomlTable};
use super::ids::nearest;
use super::profiles::{DEFAULT, Profiles};
use super::value::{Problem, listed, shown};
use crate::input::diagnostic::{Code, Diagnostics, Place};
use crate::model::calendar::{Day, DayRange};
use crate::model::money::Currency;
use crate::model::profile::ProfileIndex;

const KEYS: &[&str] = &[
    "name",
    "from",
    "to",
    "time_zone",
    "currency",
    "profile",
    "product_profiles",
    "holidays",
];
/// The zone of a book that names none.
const DEFAULT_ZONE: &str = "Asia/Shanghai";
/// The currency of a book that names none.
const DEFAULT_CURRENCY: &str = "CNY";

/// What `book.toml` says, after a scenario's changes.
#[derive(Clone, PartialEq)]
pub(super) struct Settings {
    pub name: Box<str>,
    pub days: DayRange,
    pub time_zone: Box<str>,
    pub currency: Currency,
    pub profile: ProfileIndex,
    pub product_profiles: BTreeMap<Box<str>, ProfileIndex>,
    pub holidays: BTreeSet<Day>,
}

impl Settings {
    /// Reads the settings; `changes` are the `[book]` of scenarios, the later ones over the earlier.
    pub(super) fn read_settings<'d>(
        document: &'d TomlDocument<'d>,
        changes: &[TomlTable<'d>],
        profiles: &mut Profiles<'d>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let mut fields = BTreeMap::new();
        for section in std::iter::once(&document.section()).chain(changes) {
            section.refuse_unknown(KEYS, diagnostics);
            fields.extend(section.fields().map(|field| (field.key(), field)));
        }
        let mut reader = SettingsReader {
            fields,
            document,
            diagnostics,
        };
        let days = reader.read_days();
        let name = reader.optional("name", |text| Ok(text.into()));
        let time_zone = reader.optional("time_zone", zone);
        let currency = reader.optional("currency", currency);
        let profile = reader.profile(profiles);
        let product_profiles = reader.product_profiles(profiles);
        let holidays = reader
            .fields
            .get("holidays")
            .map_or_else(Vec::new, |field| field.read_days(reader.diagnostics));
        // What was wrong with the first three has been reported; the tables can be checked without them.
        Some(Self {
            name: name.unwrap_or_else(|| "Book".into()),
            days: days?,
            time_zone: time_zone.unwrap_or_else(|| DEFAULT_ZONE.into()),
            currency: currency
                .unwrap_or_else(|| Currency::from_code(DEFAULT_CURRENCY).expect("CNY is known")),
            profile: profile?,
            product_profiles: product_profiles?,
            holidays: holidays.into_iter().collect(),
        })
    }
}

impl Settings {
    /// The profile of a product.
    pub(super) fn profile_of(&self, product: &str) -> ProfileIndex {
        let own = self.product_profiles.get(product);
        own.copied().unwrap_or(self.profile)
    }

    /// The profiles of all products.
    pub(super) fn profiles_in_use(&self) -> Vec<ProfileIndex> {
        let own = self.product_profiles.values().copied();
        own.chain([self.profile]).collect()
    }
}

/// A currency by its code.
pub(super) fn currency(text: &str) -> Result<Currency, Problem> {
    Currency::from_code(text).ok_or_else(|| {
        let codes: Vec<&str> = Currency::codes().collect();
        let help = nearest(
            text,
            Currency::codes(),
            &format!("expected {}", listed(&codes)),
        );
        Problem::new(
            Code::BadValue,
            format!("{} is not a known currency", shown(text)),
            help,
        )
    })
}

fn zone(text: &str) -> Result<Box<str>, Problem> {
    if text.parse::<chrono_tz::Tz>().is_ok() {
        return Ok(text.into());
    }
    let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    let help = nearest(text, names, "write an IANA name, such as Asia/Shanghai");
    let message = format!("{} is not a time zone", shown(text));
    Err(Problem::new(Code::BadValue, message, help))
}

struct SettingsReader<'r, 'd> {
    fields: BTreeMap<&'d str, Field<'d>>,
    document: &'d TomlDocument<'d>,
    diagnostics: &'r mut Diagnostics,
}

impl<'d> SettingsReader<'_, 'd> {
    fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        self.fields.get(name)?.read_field(self.diagnostics, read)
    }

    fn needed_day(&mut self, name: &str) -> Option<(Day, Place)> {
        let Some(field) = self.fields.get(name) else {
            let help = format!("add a line such as `{name} = 2026-12-31`");
            Problem::new(Code::MissingValue, format!("`{name}` is missing"), help)
                .report(|| self.document.section().place(), self.diagnostics);
            return None;
        };
        Some((field.day(self.diagnostics)?, field.place()))
    }

    fn read_days(&mut self) -> Option<DayRange> {
        let from = self.needed_day("from");
        let to = self
            .fields
            .get("to")
            .map(|field| Some((field.day(self.diagnostics)?, field.place())));
        let (from, begins) = from?;
        let (to, place) = to.unwrap_or_else(|| Some((DayRange::year_from(from).to, begins)))?;
        let latest = DayRange::latest_end();
        let (message, help) = if to < from {
            let message = format!("the run ends on {to}, before it begins on {from}");
            (message, "exchange `from` and `to`".to_owned())
        } else if to > latest {
            let message = format!("the run ends on {to}, later than a run can");
            (message, format!("write {latest} or an earlier day"))
        } else {
            return Some(DayRange { from, to });
        };
        self.diagnostics.push(Code::BadDate, place, message, help);
        None
    }

    fn profile(&mut self, profiles: &mut Profiles<'d>) -> Option<ProfileIndex> {
        let Some(field) = self.fields.get("profile") else {
            let place = || self.document.section().place();
            return profiles.find(DEFAULT, place, self.diagnostics);
        };
        let name = field.read_text(self.diagnostics)?;
        profiles.find(&name, || field.place(), self.diagnostics)
    }

    fn product_profiles(
        &mut self,
        profiles: &mut Profiles<'d>,
    ) -> Option<BTreeMap<Box<str>, ProfileIndex>> {
        let Some(field) = self.fields.get("product_profiles") else {
            return Some(BTreeMap::new());
        };
        let products = field.section(self.diagnostics)?;
        let found: Vec<_> = products
            .fields()
            .map(|product| {
                let name = product.read_text(self.diagnostics)?;
                let profile = profiles.find(&name, || product.place(), self.diagnostics)?;
                Some((product.key().into(), profile))
            })
            .collect();
        found.into_iter().collect()
    }
}
