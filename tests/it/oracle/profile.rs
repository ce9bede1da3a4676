//! Profiles: the printed defaults, overrides key by key, and `extends` (formats.md, Profile).
//! Never checks a profile: the books of the oracle are valid.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::number::Fraction;
use super::rules::Notes;

/// "A missing key has the value printed here" (formats.md, Profile).
const PRINTED: &str = r#"
month_end = "clamp"
rounding = "half_up"
renew_periods = [1,2,3,4,5,6,7,8,9,10,11,12,24,36,48,60]
discounts = { 6 = "0.88", 12 = "0.83", 24 = "0.70", 36 = "0.50" }
auto_renew_months = 1
auto_renew_first = 0
auto_renew_while_reclaimed = false
charge_order = "expiry"
when_short = "skip"
suspend_after_days = 2
retention_days = 7
retention_from = "reclaim"
recover_from = "expiry"
remind_days = [-7, -5, -3, -1, 0, 2, 4, 6]
arrears_grace_hours = 2
postpaid_retention_days = 15
restart = "automatic"
restore_when = "positive"
"#;

/// One provider's rules. The words of a rule stay words, as in the file.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) month_end: String,
    pub(crate) rounding: String,
    pub(crate) renew_periods: Vec<u32>,
    pub(crate) discounts: BTreeMap<u32, Fraction>,
    pub(crate) auto_renew_months: u32,
    pub(crate) auto_renew_first: i64,
    pub(crate) auto_renew_days: Option<Vec<i64>>,
    pub(crate) auto_renew_while_reclaimed: bool,
    pub(crate) charge_order: String,
    pub(crate) when_short: String,
    pub(crate) suspend_after_days: i64,
    pub(crate) retention_days: i64,
    pub(crate) retention_from: String,
    pub(crate) recover_from: String,
    pub(crate) remind_days: Vec<i64>,
    pub(crate) arrears_grace_hours: i64,
    pub(crate) postpaid_retention_days: i64,
    pub(crate) restart: String,
    pub(crate) restore_when: String,
}

/// All profiles as tables: the built-in ones with the book's own laid over them, key by key.
pub(crate) struct Profiles {
    printed: Table,
    tables: BTreeMap<String, Table>,
    builtin: Vec<String>,
    overridden: Vec<String>,
}

impl Profiles {
    pub(crate) fn read(builtin: &str, own: &str) -> Self {
        let builtin_tables = tables(builtin);
        let own_tables = tables(own);
        let builtin: Vec<String> = builtin_tables.keys().cloned().collect();
        let overridden = own_tables.keys().filter(|name| builtin.contains(name)).cloned().collect();
        let mut tables = builtin_tables;
        for (name, own) in own_tables {
            tables.entry(name).or_default().extend(own);
        }
        let printed = PRINTED.parse().expect("the printed values are TOML");
        Self { printed, tables, builtin, overridden }
    }

    /// The profile of that name, with `extends` followed after all overrides.
    pub(crate) fn get(&self, name: &str, notes: &Notes) -> Profile {
        let is_builtin = self.builtin.iter().any(|known| known == name);
        let is_overridden = self.overridden.iter().any(|known| known == name);
        notes.reached_if(!is_builtin, "profile/own");
        notes.reached_if(is_builtin && !is_overridden, "profile/built-in");
        notes.reached_if(is_overridden, "profile/override");
        let mut keys = self.printed.clone();
        let inherited = self.inherited(name, notes);
        notes.reached_if(keys.keys().any(|key| !inherited.contains_key(key)), "profile/missing-key");
        keys.extend(inherited);
        profile(&keys)
    }

    fn inherited(&self, name: &str, notes: &Notes) -> Table {
        let own = &self.tables[name];
        let mut keys = match own.get("extends") {
            Some(parent) => {
                let parent = parent.as_str().expect("`extends` is a name");
                notes.reached("profile/extends");
                notes.reached_if(
                    self.overridden.iter().any(|known| known == parent),
                    "profile/extends-an-overridden-one",
                );
                self.inherited(parent, notes)
            }
            None => Table::new(),
        };
        keys.extend(own.clone());
        keys
    }
}

fn tables(text: &str) -> BTreeMap<String, Table> {
    let all: Table = text.parse().expect("profiles are TOML");
    all.into_iter().map(|(name, keys)| (name, keys.as_table().expect("a profile is a table").clone())).collect()
}

fn profile(keys: &Table) -> Profile {
    Profile {
        month_end: word(keys, "month_end"),
        rounding: word(keys, "rounding"),
        renew_periods: whole_list(&keys["renew_periods"]).into_iter().map(months).collect(),
        discounts: discounts(&keys["discounts"]),
        auto_renew_months: months(whole(keys, "auto_renew_months")),
        auto_renew_first: whole(keys, "auto_renew_first"),
        auto_renew_days: keys.get("auto_renew_days").map(whole_list),
        auto_renew_while_reclaimed: keys["auto_renew_while_reclaimed"].as_bool().expect("a boolean"),
        charge_order: word(keys, "charge_order"),
        when_short: word(keys, "when_short"),
        suspend_after_days: whole(keys, "suspend_after_days"),
        retention_days: whole(keys, "retention_days"),
        retention_from: word(keys, "retention_from"),
        recover_from: word(keys, "recover_from"),
        remind_days: whole_list(&keys["remind_days"]),
        arrears_grace_hours: whole(keys, "arrears_grace_hours"),
        postpaid_retention_days: whole(keys, "postpaid_retention_days"),
        restart: word(keys, "restart"),
        restore_when: word(keys, "restore_when"),
    }
}

fn word(keys: &Table, name: &str) -> String {
    keys[name].as_str().expect("a word").to_owned()
}

fn whole(keys: &Table, name: &str) -> i64 {
    keys[name].as_integer().expect("a whole number")
}

fn whole_list(value: &Value) -> Vec<i64> {
    let values = value.as_array().expect("a list");
    values.iter().map(|value| value.as_integer().expect("a list of whole numbers")).collect()
}

fn months(number: i64) -> u32 {
    u32::try_from(number).expect("months are positive")
}

fn discounts(value: &Value) -> BTreeMap<u32, Fraction> {
    let bands = value.as_table().expect("discounts are a table");
    bands
        .iter()
        .map(|(band, factor)| {
            let factor = factor.as_str().expect("a factor is written as text");
            (band.parse().expect("a band is months"), Fraction::parse(factor))
        })
        .collect()
}
