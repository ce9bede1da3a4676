//! Profiles: defaults, overrides key by key, and `extends` (docs/spec/profiles.md).
//! Never checks a profile: the books of the oracle are valid.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};

use toml::{Table, Value};

use super::number::Fraction;
use super::rules::Notes;

/// A key that no table gives has this value (**profile-layers**).
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
refund = "hourly"
full_refund_days = 5
full_refunds = 1
returns_per_year = 199
upgrade_months = "average"
downgrade_months = "months_or_days30"
downgrade_refund = true
downgrades = 5
hourly_tiers = {}
bill_while_stopped = false
online_topup_days = 0
bank_topup_days = 1
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
    pub(crate) refund: String,
    pub(crate) full_refund_days: i64,
    pub(crate) full_refunds: i64,
    pub(crate) returns_per_year: i64,
    pub(crate) upgrade_months: String,
    pub(crate) downgrade_months: String,
    pub(crate) downgrade_refund: bool,
    pub(crate) downgrades: i64,
    pub(crate) hourly_tiers: BTreeMap<i64, Fraction>,
    pub(crate) bill_while_stopped: bool,
    pub(crate) online_topup_days: i64,
    pub(crate) bank_topup_days: i64,
}

/// All profiles as tables: the built-in ones with the book's own laid over them, key by key.
pub(crate) struct Profiles {
    builtin: Arc<Tables>,
    own: Tables,
}

type Tables = BTreeMap<String, Table>;

static PRINTED_KEYS: LazyLock<Table> =
    LazyLock::new(|| PRINTED.parse().expect("the printed values are TOML"));

/// Built-in profiles by their text: all books have the same ones, and reading them takes longer than a replay.
static KNOWN: Mutex<BTreeMap<String, Arc<Tables>>> = Mutex::new(BTreeMap::new());

fn builtin_tables(text: &str) -> Arc<Tables> {
    let mut known = KNOWN.lock().expect("no reading failed");
    Arc::clone(
        known
            .entry(text.to_owned())
            .or_insert_with(|| Arc::new(tables(text))),
    )
}

impl Profiles {
    pub(crate) fn read(builtin: &str, own: &str) -> Self {
        Self {
            builtin: builtin_tables(builtin),
            own: tables(own),
        }
    }

    fn is_overridden(&self, name: &str) -> bool {
        self.builtin.contains_key(name) && self.own.contains_key(name)
    }

    /// The profile of that name, with `extends` followed after all overrides.
    pub(crate) fn get(&self, name: &str, notes: &Notes) -> Profile {
        let is_builtin = self.builtin.contains_key(name);
        let is_overridden = self.is_overridden(name);
        notes.reached_if(!is_builtin, "profile/own");
        notes.reached_if(is_builtin && !is_overridden, "profile/built-in");
        notes.reached_if(is_overridden, "profile/override");
        let mut keys = PRINTED_KEYS.clone();
        let inherited = self.inherited(name, notes);
        notes.reached_if(
            keys.keys().any(|key| !inherited.contains_key(key)),
            "profile/missing-key",
        );
        keys.extend(inherited);
        profile(&keys)
    }

    fn inherited(&self, name: &str, notes: &Notes) -> Table {
        let mut table = self.builtin.get(name).cloned().unwrap_or_default();
        table.extend(self.own.get(name).cloned().unwrap_or_default());
        let mut keys = match table.get("extends") {
            Some(parent) => {
                let parent = parent.as_str().expect("`extends` is a name");
                notes.reached("profile/extends");
                notes.reached_if(
                    self.is_overridden(parent),
                    "profile/extends-an-overridden-one",
                );
                self.inherited(parent, notes)
            }
            None => Table::new(),
        };
        keys.extend(table);
        keys
    }
}

fn tables(text: &str) -> Tables {
    let all: Table = text.parse().expect("profiles are TOML");
    all.into_iter()
        .map(|(name, keys)| (name, keys.as_table().expect("a profile is a table").clone()))
        .collect()
}

fn profile(keys: &Table) -> Profile {
    Profile {
        month_end: word(keys, "month_end"),
        rounding: word(keys, "rounding"),
        renew_periods: whole_list(&keys["renew_periods"])
            .into_iter()
            .map(months)
            .collect(),
        discounts: factors(&keys["discounts"]),
        auto_renew_months: months(whole(keys, "auto_renew_months")),
        auto_renew_first: whole(keys, "auto_renew_first"),
        auto_renew_days: keys.get("auto_renew_days").map(whole_list),
        auto_renew_while_reclaimed: yes_or_no(keys, "auto_renew_while_reclaimed"),
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
        refund: word(keys, "refund"),
        full_refund_days: whole(keys, "full_refund_days"),
        full_refunds: whole(keys, "full_refunds"),
        returns_per_year: whole(keys, "returns_per_year"),
        upgrade_months: word(keys, "upgrade_months"),
        downgrade_months: word(keys, "downgrade_months"),
        downgrade_refund: yes_or_no(keys, "downgrade_refund"),
        downgrades: whole(keys, "downgrades"),
        hourly_tiers: factors(&keys["hourly_tiers"]),
        bill_while_stopped: yes_or_no(keys, "bill_while_stopped"),
        online_topup_days: whole(keys, "online_topup_days"),
        bank_topup_days: whole(keys, "bank_topup_days"),
    }
}

fn yes_or_no(keys: &Table, name: &str) -> bool {
    keys[name].as_bool().expect("a boolean")
}

fn word(keys: &Table, name: &str) -> String {
    keys[name].as_str().expect("a word").to_owned()
}

fn whole(keys: &Table, name: &str) -> i64 {
    keys[name].as_integer().expect("a whole number")
}

fn whole_list(value: &Value) -> Vec<i64> {
    let values = value.as_array().expect("a list");
    values
        .iter()
        .map(|value| value.as_integer().expect("a list of whole numbers"))
        .collect()
}

fn months(number: i64) -> u32 {
    u32::try_from(number).expect("months are positive")
}

/// A table of factors by months or hours.
fn factors<T: Ord + std::str::FromStr>(value: &Value) -> BTreeMap<T, Fraction> {
    let bands = value.as_table().expect("factors are a table");
    bands
        .iter()
        .map(|(band, factor)| {
            let factor = factor.as_str().expect("a factor is written as text");
            (
                band.parse().ok().expect("a band is a whole number"),
                Fraction::parse(factor),
            )
        })
        .collect()
}
