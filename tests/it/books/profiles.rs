//! Overrides of built-in profiles, and profiles of the book itself.

use std::collections::BTreeMap;

use super::{Draft, FACTORS, PRODUCTS, ProfileDraft};

/// What decides about validity in the built-in profiles that a book may name: its months, and its days in the bin.
const BUILT_IN: &[(&str, &[(&str, &str)])] = &[
    ("tencent-cvm", &[]),
    (
        "tencent-cvm-2016",
        &[
            ("extends", "\"tencent-cvm\""),
            ("renew_periods", "[1,2,3,4,5,6,7,8,9,10,11,12,24,36]"),
            ("suspend_after_days", "0"),
            ("retention_days", "7"),
            ("retention_from", "\"expiry\""),
        ],
    ),
    (
        "tencent-mysql",
        &[
            ("extends", "\"tencent-cvm\""),
            ("renew_periods", "[1,2,3,4,5,6,7,8,9,10,11,12,24,36]"),
            ("suspend_after_days", "7"),
            ("retention_days", "7"),
        ],
    ),
];

/// The defaults of the same keys (docs/spec/profiles.md).
const PRINTED: &[(&str, &str)] = &[
    ("renew_periods", "[1,2,3,4,5,6,7,8,9,10,11,12,24,36,48,60]"),
    ("auto_renew_months", "1"),
    ("suspend_after_days", "2"),
    ("retention_days", "7"),
    ("retention_from", "\"reclaim\""),
];

const OWN_PROFILES: &[&str] = &["own-a", "own-b", "own-c"];

const PERIODS: &[&str] = &[
    "[1, 2, 3, 6, 12]",
    "[1, 3, 12, 24]",
    "[1, 2, 12]",
    "[3, 6, 12]",
    "[1, 2, 3, 4, 5, 6]",
];

const DISCOUNTS: &[&str] = &[
    "{}",
    "{ 1 = \"0.5\" }",
    "{ 1 = \"0.95\", 3 = \"0.125\" }",
    "{ 2 = \"0.88\", 12 = \"0.83\" }",
    "{ 3 = \"0.33333333\" }",
];

/// Keys that do not decide about validity, and values worth meeting.
const KEYS: &[(&str, &[&str])] = &[
    (
        "month_end",
        &["\"clamp\"", "\"sticky\"", "\"sticky\"", "\"days30\""],
    ),
    ("rounding", &["\"half_up\"", "\"half_even\"", "\"down\""]),
    (
        "auto_renew_first",
        &["-7", "-3", "-1", "0", "1", "2", "9", "-40", "-40"],
    ),
    (
        "auto_renew_days",
        &[
            "[-3, -1, 0]",
            "[]",
            "[0, 1, 2, 3]",
            "[1]",
            "[-5, 2, 9]",
            "[-1, 0, 3]",
        ],
    ),
    ("auto_renew_while_reclaimed", &["true", "true", "false"]),
    (
        "charge_order",
        &["\"expiry\"", "\"cheapest\"", "\"dearest\"", "\"priority\""],
    ),
    ("when_short", &["\"skip\"", "\"stop\""]),
    ("recover_from", &["\"expiry\"", "\"reclaim\"", "\"today\""]),
    (
        "remind_days",
        &["[]", "[0]", "[-3, 0, 1, 3, 5]", "[-30, -7, -1, 2, 4]"],
    ),
    (
        "arrears_grace_hours",
        &["0", "1", "2", "5", "23", "24", "30", "50"],
    ),
    ("postpaid_retention_days", &["0", "1", "3", "9"]),
    ("restart", &["\"manual\"", "\"manual\"", "\"automatic\""]),
    ("restore_when", &["\"positive\"", "\"not_negative\""]),
    (
        "refund",
        &[
            "\"hourly\"",
            "\"hourly\"",
            "\"share\"",
            "\"share\"",
            "\"none\"",
        ],
    ),
    ("full_refund_days", &["0", "1", "5", "20"]),
    ("full_refunds", &["1", "1", "2", "0"]),
    ("returns_per_year", &["199", "3", "1", "0"]),
    (
        "upgrade_months",
        &["\"average\"", "\"average_2_decimals\"", "\"days30\""],
    ),
    (
        "downgrade_months",
        &[
            "\"average\"",
            "\"months_or_days30\"",
            "\"months_or_days30\"",
            "\"days30\"",
        ],
    ),
    ("downgrade_refund", &["true", "true", "false"]),
    ("downgrades", &["5", "2", "1", "0"]),
    (
        "hourly_tiers",
        &[
            "{}",
            "{ 3 = \"0.5\" }",
            "{ 24 = \"0.5\", 48 = \"0.34\" }",
            "{ 5 = \"0.33333333\", 30 = \"0.125\", 96 = \"0.1\" }",
        ],
    ),
    ("bill_while_stopped", &["true", "false"]),
    ("online_topup_days", &["0", "1", "2"]),
    ("bank_topup_days", &["0", "1", "1", "3"]),
];

impl Draft {
    /// Overrides of built-in profiles, and own ones that extend them or each other.
    pub(super) fn add_profiles(&mut self) {
        for (name, _) in BUILT_IN {
            if self.random.percent(25) {
                let keys = self.free_keys(40);
                self.profiles.push(ProfileDraft { name, keys });
            }
        }
        let own = self.random.pick(&[0, 1, 2, 2, 3, 3]);
        for name in OWN_PROFILES.iter().take(own) {
            let mut keys = self.free_keys(55);
            if self.random.percent(60) {
                let parent = self.random.pick(&self.profile_names());
                keys.insert("extends", format!("\"{parent}\""));
            }
            self.profiles.push(ProfileDraft { name, keys });
            self.add_deciding_keys(name);
        }
    }

    pub(super) fn free_keys(&mut self, chance: i64) -> BTreeMap<&'static str, String> {
        let mut keys = BTreeMap::new();
        for (key, values) in KEYS {
            // The list of attempt days hides `auto_renew_first`, so it comes less often.
            let chance = if *key == "auto_renew_days" {
                chance / 2
            } else {
                chance
            };
            if self.random.percent(chance) {
                keys.insert(*key, self.random.pick(values).to_owned());
            }
        }
        if self.random.percent(chance) {
            keys.insert("discounts", self.discounts());
        }
        keys
    }

    pub(super) fn discounts(&mut self) -> String {
        if self.random.percent(60) {
            return self.random.pick(DISCOUNTS).to_owned();
        }
        let (first, second) = (self.random.pick(FACTORS), self.random.pick(FACTORS));
        format!("{{ 1 = \"{first}\", 6 = \"{second}\" }}")
    }

    /// Months that fit together, and the days in the bin.
    pub(super) fn add_deciding_keys(&mut self, name: &'static str) {
        let mut keys = BTreeMap::new();
        if self.random.percent(40) {
            keys.insert("renew_periods", self.random.pick(PERIODS).to_owned());
            self.keys_of(name).append(&mut keys);
            let months = self.a_period(name);
            keys.insert("auto_renew_months", months.to_string());
        }
        if self.random.percent(60) {
            let days = self.random.pick(&[0, 0, 1, 1, 2, 3]);
            keys.insert("suspend_after_days", days.to_string());
        }
        if self.random.percent(60) {
            keys.insert("retention_days", self.random.between(0, 9).to_string());
        }
        if self.random.percent(40) {
            let base = self.random.pick(&["\"expiry\"", "\"reclaim\""]);
            keys.insert("retention_from", base.to_owned());
        }
        self.keys_of(name).append(&mut keys);
    }

    pub(super) fn keys_of(&mut self, name: &str) -> &mut BTreeMap<&'static str, String> {
        let mut profiles = self.profiles.iter_mut();
        let profile = profiles.find(|profile| profile.name == name);
        &mut profile.expect("a profile of the book").keys
    }

    pub(super) fn profile_names(&self) -> Vec<&'static str> {
        let own = self.profiles.iter().map(|profile| profile.name);
        let mut names: Vec<_> = BUILT_IN.iter().map(|(name, _)| *name).chain(own).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    pub(super) fn choose_profiles(&mut self) {
        self.default_profile = self.a_profile();
        for product in PRODUCTS {
            if self.random.percent(60) {
                let profile = self.a_profile();
                self.product_profiles.insert(product, profile);
            }
        }
    }

    /// Mostly one that the book itself writes, as those are nastier.
    pub(super) fn a_profile(&mut self) -> &'static str {
        if self.profiles.is_empty() || self.random.percent(30) {
            let names = self.profile_names();
            return self.random.pick(&names);
        }
        let place = self.random.index(self.profiles.len());
        self.profiles[place].name
    }

    pub(super) fn profile_of(&self, product: &str) -> &'static str {
        let product = if product.is_empty() { "cvm" } else { product };
        let chosen = self.product_profiles.get(product);
        chosen.copied().unwrap_or(self.default_profile)
    }

    /// The value of a key that decides about validity: the book's own, the built-in, the parent's or the printed one.
    pub(super) fn deciding(&self, profile: &str, key: &str) -> String {
        let own = self.profiles.iter().find(|own| own.name == profile);
        let built_in = BUILT_IN.iter().find(|(name, _)| *name == profile);
        let look = |key: &str| -> Option<String> {
            let of_own = own.and_then(|own| own.keys.get(key).cloned());
            of_own.or_else(|| built_in.and_then(|(_, keys)| value_of(keys, key)))
        };
        match (look(key), look("extends")) {
            (Some(value), _) => value,
            (None, Some(parent)) => self.deciding(parent.trim_matches('"'), key),
            (None, None) => value_of(PRINTED, key).expect("a printed key"),
        }
    }

    pub(super) fn days_of(&self, profile: &str, key: &str) -> i64 {
        let value = self.deciding(profile, key);
        value.parse().expect("a number of days")
    }

    pub(super) fn periods(&self, profile: &str) -> Vec<i64> {
        let list = self.deciding(profile, "renew_periods");
        let months = list.trim_matches(['[', ']']).split(',');
        months
            .map(|month| month.trim().parse().expect("a list of months"))
            .collect()
    }

    /// A period on offer, mostly a short one.
    pub(super) fn a_period(&mut self, profile: &str) -> i64 {
        let periods = self.periods(profile);
        let shown = if self.random.percent(85) {
            3
        } else {
            periods.len()
        };
        self.random.pick(&periods[..shown.min(periods.len())])
    }
}

fn value_of(keys: &[(&str, &str)], key: &str) -> Option<String> {
    let found = keys.iter().find(|(name, _)| *name == key);
    found.map(|(_, value)| (*value).to_owned())
}
