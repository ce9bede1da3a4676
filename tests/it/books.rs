//! Random books for the oracle and the laws: small, nasty and always valid by formats.md, replay.md and model.md.
//! A book depends on its seed alone. Nothing here replays a book, and nothing is shared with the program.

use std::collections::BTreeMap;
use std::fmt::Write;

use chrono::{Datelike, NaiveDate, TimeDelta};

/// File name and text, as the oracle and the harness take them.
pub(crate) type Files = BTreeMap<String, String>;

type Date = NaiveDate;

/// The cells of a row by column; an absent column is an empty cell.
type Cells = BTreeMap<&'static str, String>;

/// A valid book: 1 to 5 accounts, up to 12 instances, mostly 5 to 150 days.
pub(crate) fn random_book(seed: u64) -> Files {
    drawn(Random::of(seed))
}

/// A valid book whose choices follow these bytes, as far as they reach.
pub(crate) fn book_of(choices: &[u8]) -> Files {
    drawn(Random { choices: choices.iter().rev().copied().collect(), ..Random::of(0) })
}

fn drawn(random: Random) -> Files {
    let mut draft = Draft::begin(random);
    draft.add_profiles();
    draft.choose_profiles();
    draft.add_accounts();
    draft.add_instances();
    if draft.lists_prices {
        draft.add_list_prices();
    }
    draft.fund_accounts();
    draft.add_actions();
    draft.files()
}

/// Choices that were given, two bytes each and the first one last, then SplitMix64.
struct Random {
    choices: Vec<u8>,
    state: u64,
}

impl Random {
    fn of(seed: u64) -> Self {
        Self { choices: Vec::new(), state: seed }
    }

    fn next(&mut self) -> u64 {
        if let (Some(low), Some(high)) = (self.choices.pop(), self.choices.pop()) {
            return u64::from(u16::from_le_bytes([low, high]));
        }
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Both ends included.
    fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high - low + 1).expect("low is not above high");
        low + i64::try_from(self.next() % width).expect("a small width")
    }

    fn percent(&mut self, chance: i64) -> bool {
        self.between(1, 100) <= chance
    }

    fn index(&mut self, length: usize) -> usize {
        let last = i64::try_from(length).expect("a short list") - 1;
        usize::try_from(self.between(0, last)).expect("an index")
    }

    fn pick<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.index(list.len())].clone()
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let other = self.index(last + 1);
            list.swap(last, other);
        }
    }
}

/// A profile as a table of TOML values.
struct ProfileDraft {
    name: &'static str,
    keys: BTreeMap<&'static str, String>,
}

struct AccountDraft {
    id: &'static str,
    currency: &'static str,
    cells: Cells,
}

struct Draft {
    random: Random,
    from: Date,
    to: Date,
    /// A date that several instances share.
    meeting: Date,
    currency: &'static str,
    /// Of a hundred instances, how many are prepaid.
    prepaid_share: i64,
    /// Whether there is a prices.csv.
    lists_prices: bool,
    /// Monthly prices that most instances have, so that prices tie.
    usual_prices: Vec<&'static str>,
    profiles: Vec<ProfileDraft>,
    default_profile: &'static str,
    product_profiles: BTreeMap<&'static str, &'static str>,
    accounts: Vec<AccountDraft>,
    instances: Vec<Cells>,
    prices: Vec<Cells>,
    actions: Vec<Cells>,
}

const OPENINGS: &[&str] = &[
    "2026-12-01",
    "2026-12-28",
    "2027-01-29",
    "2027-01-31",
    "2027-02-26",
    "2027-08-30",
    "2028-01-15",
    "2028-02-27",
    "2028-02-29",
    "2023-12-31",
    "1999-12-30",
];

const CURRENCIES: &[&str] = &["CNY", "CNY", "USD", "JPY"];

const ZONES: &[&str] = &["Asia/Shanghai", "UTC", "America/New_York"];

const ACCOUNT_IDS: &[&str] = &["a-001", "A-001", "b", "B", "ä-1", "a,2", "10", "9", "z"];

const INSTANCE_IDS: &[&str] =
    &["i-1", "i-2", "i-10", "I-1", "a,b", "ä-1", "Z9", "z9", "0-x", "i_é", "10", "9", "ins-α", "x y", "i-1a", "_"];

const PRODUCTS: &[&str] = &["cvm", "cbs", "mysql"];

const TYPES: &[&str] = &["S5.SMALL", "S5.LARGE", "db-4"];

const REGIONS: &[&str] = &["ap-tokyo", "ap-shanghai"];

const MONTHLY_PRICES: &[&str] = &[
    "100",
    "100",
    "88.5",
    "60.10",
    "33.335",
    "50.005",
    "12.345",
    "199.995",
    "250",
    "7.777",
    "0",
    "40.125",
    "0.005",
    "150.5",
    "30.01",
    "12.3456789012345678901234",
];

const HOURLY_PRICES: &[&str] =
    &["0.5", "1", "0.125", "0.005", "0.333", "2.345", "1.5", "2.5", "0.0049", "0", "8", "0.25"];

const FACTORS: &[&str] = &["0.5", "0.88", "0.125", "0.99999999", "0.33333333", "1", "0.7"];

const NOTES: &[&str] =
    &["", "", "", "asked by the web team", "first, then the rest", "they said \"now\"", "续费; 两次", "two\nlines"];

/// Selectors of what is not well.
const TROUBLE: &[&str] = &[
    "state = 'reclaimed'",
    "state IN ('overdue', 'reclaimed')",
    "state IN ('overdue', 'reclaimed') OR renew_flag = 'none'",
    "state <> 'running'",
];

/// How often an action on instances comes, by repetition.
const INSTANCE_ACTIONS: &[&str] =
    &["renew", "renew", "renew", "renew", "renew_until", "renew_until", "set_flag", "set_flag", "set_price", "start"];

const FLAGS: &[&str] = &["auto", "manual", "none"];

const API_FLAGS: &[&str] = &["NOTIFY_AND_AUTO_RENEW", "NOTIFY_AND_MANUAL_RENEW", "DISABLE_NOTIFY_AND_MANUAL_RENEW"];

fn date(text: &str) -> Date {
    text.parse().expect("a date YYYY-MM-DD")
}

fn days_after(date: Date, days: i64) -> Date {
    date + TimeDelta::days(days)
}

fn is_last_of_month(date: Date) -> bool {
    days_after(date, 1).day() == 1
}

fn last_of_month(date: Date) -> Date {
    let mut last = date;
    while !is_last_of_month(last) {
        last = days_after(last, 1);
    }
    last
}

fn minor_digits(currency: &str) -> u32 {
    if currency == "JPY" { 0 } else { 2 }
}

/// Minor units as a plain decimal.
fn amount(minor: i64, currency: &str) -> String {
    if minor_digits(currency) == 0 {
        return minor.to_string();
    }
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", minor.abs() / 100, minor.abs() % 100)
}

impl Draft {
    fn begin(mut random: Random) -> Self {
        let mut from = date(random.pick(OPENINGS));
        if random.percent(40) {
            from = days_after(from, random.between(0, 40));
        }
        let days = match random.between(1, 100) {
            1..=50 => random.between(5, 40),
            51..=96 => random.between(40, 150),
            _ => 400,
        };
        Self {
            from,
            to: days_after(from, days - 1),
            meeting: days_after(from, random.between(-3, 15)),
            currency: random.pick(CURRENCIES),
            lists_prices: random.percent(85),
            prepaid_share: random.pick(&[100, 90, 75, 75, 40]),
            usual_prices: vec![random.pick(MONTHLY_PRICES), random.pick(MONTHLY_PRICES)],
            profiles: Vec::new(),
            default_profile: "tencent-cvm",
            product_profiles: BTreeMap::new(),
            accounts: Vec::new(),
            instances: Vec::new(),
            prices: Vec::new(),
            actions: Vec::new(),
            random,
        }
    }

    fn files(mut self) -> Files {
        let mut files = Files::new();
        files.insert("book.toml".to_owned(), self.book_toml());
        if !self.profiles.is_empty() {
            files.insert("profiles.toml".to_owned(), self.profiles_toml());
        }
        let accounts = self.accounts.iter().map(|account| account.cells.clone());
        let mut tables =
            vec![("accounts.csv", accounts.collect()), ("instances.csv", std::mem::take(&mut self.instances))];
        let optional =
            [("prices.csv", std::mem::take(&mut self.prices)), ("actions.csv", std::mem::take(&mut self.actions))];
        tables.extend(optional.into_iter().filter(|(_, rows)| !rows.is_empty()));
        for (name, rows) in tables {
            files.insert(name.to_owned(), self.csv(name, rows));
        }
        files
    }

    fn book_toml(&mut self) -> String {
        let mut text = format!(
            "name = \"Random\"\nfrom = {}\nto = {}\ntime_zone = \"{}\"\ncurrency = \"{}\"\nprofile = \"{}\"\n",
            self.from,
            self.to,
            self.random.pick(ZONES),
            self.currency,
            self.default_profile,
        );
        if !self.product_profiles.is_empty() {
            text.push_str("\n[product_profiles]\n");
        }
        for (product, profile) in &self.product_profiles {
            writeln!(text, "{product} = \"{profile}\"").expect("a string takes every line");
        }
        text
    }

    fn profiles_toml(&mut self) -> String {
        let mut text = String::new();
        self.random.shuffle(&mut self.profiles);
        for profile in &self.profiles {
            writeln!(text, "[{}]", profile.name).expect("a string takes every line");
            for (key, value) in &profile.keys {
                writeln!(text, "{key} = {value}").expect("a string takes every line");
            }
            text.push('\n');
        }
        text
    }

    /// Columns in any order, optional ones sometimes absent or empty; rows in any order but for the actions.
    fn csv(&mut self, name: &str, mut rows: Vec<Cells>) -> String {
        let (required, optional) = columns(name);
        let used = |column: &&str| rows.iter().any(|row| row.contains_key(column));
        let mut header = required.to_vec();
        for column in optional {
            let left_out = SPARE_COLUMNS.contains(column) && self.random.percent(6);
            if !left_out && (used(column) || self.random.percent(30)) {
                header.push(column);
            }
        }
        self.random.shuffle(&mut header);
        if name != "actions.csv" {
            self.random.shuffle(&mut rows);
        }
        let table = Table {
            header: header.iter().map(|&column| column.to_owned()).collect(),
            rows: rows.iter().map(|row| in_order(&header, row)).collect(),
        };
        match self.random.between(1, 40) {
            1 => format!("\u{feff}{}", table.text()),
            2 => table.text_with(csv::Terminator::CRLF),
            _ => table.text(),
        }
    }
}

/// Columns that a valid book stays valid without, whatever is in them.
const SPARE_COLUMNS: &[&str] =
    &["renew_flag", "renew_months", "priority", "zone", "project", "name", "credit_limit", "alert_below", "note"];

/// Required and optional columns, the tags among them.
fn columns(file: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match file {
        "accounts.csv" => (
            &["account_id"],
            &[
                "name",
                "cash",
                "free_credit",
                "frozen",
                "credit_limit",
                "alert_below",
                "currency",
                "arrears_hours",
                "alert_days",
            ],
        ),
        "instances.csv" => (
            &["instance_id", "account_id", "charge_type", "expires_on"],
            &[
                "product",
                "instance_type",
                "region",
                "zone",
                "project",
                "name",
                "renew_flag",
                "renew_months",
                "monthly_price",
                "hourly_price",
                "starts_on",
                "anchor_day",
                "state",
                "since",
                "priority",
                "tag:env",
                "tag:team",
                "returned",
            ],
        ),
        "prices.csv" => (&["product", "instance_type", "region", "monthly_price", "hourly_price"], &[]),
        _ => (
            &["date", "action"],
            &["account_id", "instance_id", "where", "amount", "months", "day", "flag", "price", "note"],
        ),
    }
}

fn in_order(header: &[&str], row: &Cells) -> Vec<String> {
    let cell = |column: &&str| row.get(column).cloned().unwrap_or_default();
    header.iter().map(cell).collect()
}

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

/// The printed defaults of the same keys (formats.md, Profile).
const PRINTED: &[(&str, &str)] = &[
    ("renew_periods", "[1,2,3,4,5,6,7,8,9,10,11,12,24,36,48,60]"),
    ("auto_renew_months", "1"),
    ("suspend_after_days", "2"),
    ("retention_days", "7"),
    ("retention_from", "\"reclaim\""),
];

const OWN_PROFILES: &[&str] = &["own-a", "own-b", "own-c"];

const PERIODS: &[&str] = &["[1, 2, 3, 6, 12]", "[1, 3, 12, 24]", "[1, 2, 12]", "[3, 6, 12]", "[1, 2, 3, 4, 5, 6]"];

const DISCOUNTS: &[&str] = &[
    "{}",
    "{ 1 = \"0.5\" }",
    "{ 1 = \"0.95\", 3 = \"0.125\" }",
    "{ 2 = \"0.88\", 12 = \"0.83\" }",
    "{ 3 = \"0.33333333\" }",
];

/// Keys that do not decide about validity, and values worth meeting.
const KEYS: &[(&str, &[&str])] = &[
    ("month_end", &["\"clamp\"", "\"sticky\"", "\"sticky\"", "\"days30\""]),
    ("rounding", &["\"half_up\"", "\"half_even\"", "\"down\""]),
    ("auto_renew_first", &["-7", "-3", "-1", "0", "1", "2", "9", "-40", "-40"]),
    ("auto_renew_days", &["[-3, -1, 0]", "[]", "[0, 1, 2, 3]", "[1]", "[-5, 2, 9]", "[-1, 0, 3]"]),
    ("auto_renew_while_reclaimed", &["true", "true", "false"]),
    ("charge_order", &["\"expiry\"", "\"cheapest\"", "\"dearest\"", "\"priority\""]),
    ("when_short", &["\"skip\"", "\"stop\""]),
    ("recover_from", &["\"expiry\"", "\"reclaim\"", "\"today\""]),
    ("remind_days", &["[]", "[0]", "[-3, 0, 1, 3, 5]", "[-30, -7, -1, 2, 4]"]),
    ("arrears_grace_hours", &["0", "1", "2", "5", "23", "24", "30", "50"]),
    ("postpaid_retention_days", &["0", "1", "3", "9"]),
    ("restart", &["\"manual\"", "\"manual\"", "\"automatic\""]),
    ("restore_when", &["\"positive\"", "\"not_negative\""]),
];

impl Draft {
    /// Overrides of built-in profiles, and own ones that extend them or each other.
    fn add_profiles(&mut self) {
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

    fn free_keys(&mut self, chance: i64) -> BTreeMap<&'static str, String> {
        let mut keys = BTreeMap::new();
        for (key, values) in KEYS {
            // The list of attempt days hides `auto_renew_first`, so it comes less often.
            let chance = if *key == "auto_renew_days" { chance / 2 } else { chance };
            if self.random.percent(chance) {
                keys.insert(*key, self.random.pick(values).to_owned());
            }
        }
        if self.random.percent(chance) {
            keys.insert("discounts", self.discounts());
        }
        keys
    }

    fn discounts(&mut self) -> String {
        if self.random.percent(60) {
            return self.random.pick(DISCOUNTS).to_owned();
        }
        let (first, second) = (self.random.pick(FACTORS), self.random.pick(FACTORS));
        format!("{{ 1 = \"{first}\", 6 = \"{second}\" }}")
    }

    /// Months that fit together, and the days in the bin.
    fn add_deciding_keys(&mut self, name: &'static str) {
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

    fn keys_of(&mut self, name: &str) -> &mut BTreeMap<&'static str, String> {
        let mut profiles = self.profiles.iter_mut();
        let profile = profiles.find(|profile| profile.name == name);
        &mut profile.expect("a profile of the book").keys
    }

    fn profile_names(&self) -> Vec<&'static str> {
        let own = self.profiles.iter().map(|profile| profile.name);
        let mut names: Vec<_> = BUILT_IN.iter().map(|(name, _)| *name).chain(own).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn choose_profiles(&mut self) {
        self.default_profile = self.a_profile();
        for product in PRODUCTS {
            if self.random.percent(60) {
                let profile = self.a_profile();
                self.product_profiles.insert(product, profile);
            }
        }
    }

    /// Mostly one that the book itself writes, as those are nastier.
    fn a_profile(&mut self) -> &'static str {
        if self.profiles.is_empty() || self.random.percent(30) {
            let names = self.profile_names();
            return self.random.pick(&names);
        }
        let place = self.random.index(self.profiles.len());
        self.profiles[place].name
    }

    fn profile_of(&self, product: &str) -> &'static str {
        let product = if product.is_empty() { "cvm" } else { product };
        let chosen = self.product_profiles.get(product);
        chosen.copied().unwrap_or(self.default_profile)
    }

    /// The value of a key that decides about validity: the book's own, the built-in, the parent's or the printed one.
    fn deciding(&self, profile: &str, key: &str) -> String {
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

    fn days_of(&self, profile: &str, key: &str) -> i64 {
        let value = self.deciding(profile, key);
        value.parse().expect("a number of days")
    }

    fn periods(&self, profile: &str) -> Vec<i64> {
        let list = self.deciding(profile, "renew_periods");
        let months = list.trim_matches(['[', ']']).split(',');
        months.map(|month| month.trim().parse().expect("a list of months")).collect()
    }

    /// A period on offer, mostly a short one.
    fn a_period(&mut self, profile: &str) -> i64 {
        let periods = self.periods(profile);
        let shown = if self.random.percent(85) { 3 } else { periods.len() };
        self.random.pick(&periods[..shown.min(periods.len())])
    }
}

fn value_of(keys: &[(&str, &str)], key: &str) -> Option<String> {
    let found = keys.iter().find(|(name, _)| *name == key);
    found.map(|(_, value)| (*value).to_owned())
}

impl Draft {
    fn add_accounts(&mut self) {
        let mut ids = ACCOUNT_IDS.to_vec();
        self.random.shuffle(&mut ids);
        let count = self.random.pick(&[1, 1, 1, 1, 2, 2, 3, 5]);
        for id in ids.into_iter().take(count) {
            let mut cells = Cells::from([("account_id", id.to_owned())]);
            let mut currency = self.currency;
            if self.random.percent(25) {
                currency = self.random.pick(CURRENCIES);
                cells.insert("currency", currency.to_owned());
            }
            self.accounts.push(AccountDraft { id, currency, cells });
        }
    }

    fn add_instances(&mut self) {
        let mut ids = INSTANCE_IDS.to_vec();
        self.random.shuffle(&mut ids);
        let count = self.random.pick(&[0, 1, 2, 3, 5, 7, 9, 10, 11, 12, 12]);
        for id in ids.into_iter().take(count) {
            let account = self.random.index(self.accounts.len());
            let account = self.accounts[account].id;
            let mut cells = Cells::from([("instance_id", id.to_owned()), ("account_id", account.to_owned())]);
            self.add_labels(&mut cells);
            self.add_renewal(&mut cells);
            if self.random.percent(self.prepaid_share) {
                self.add_prepaid(&mut cells);
            } else {
                self.add_postpaid(&mut cells);
            }
            self.instances.push(cells);
        }
    }

    fn add_labels(&mut self, cells: &mut Cells) {
        let labels: &[(&'static str, &[&str], i64)] = &[
            ("product", PRODUCTS, 75),
            ("instance_type", TYPES, 85),
            ("region", REGIONS, 60),
            ("zone", &["z-1", "ap-tokyo"], 25),
            ("project", &["web", "数据"], 25),
            ("name", &["web, one", "O'Hara", "db_1", "\"quoted\""], 40),
            ("tag:env", &["prod", "test"], 50),
            ("tag:team", &["a", "b%"], 20),
        ];
        for &(column, values, chance) in labels {
            if self.random.percent(chance) {
                cells.insert(column, self.random.pick(values).to_owned());
            }
        }
    }

    fn add_renewal(&mut self, cells: &mut Cells) {
        let flag = match self.random.between(1, 100) {
            1..=55 => "auto",
            56..=75 => self.random.pick(FLAGS),
            76..=88 => self.random.pick(API_FLAGS),
            _ => "",
        };
        cells.insert("renew_flag", flag.to_owned());
        if self.random.percent(60) {
            let profile = self.profile_of(cells.get("product").map_or("", String::as_str));
            let months = self.a_period(profile);
            cells.insert("renew_months", months.to_string());
        }
        if self.random.percent(50) {
            let priority = self.random.between(-1, 3);
            cells.insert("priority", priority.to_string());
        }
    }

    fn add_prepaid(&mut self, cells: &mut Cells) {
        cells.insert("charge_type", "PREPAID".to_owned());
        self.add_price(cells, "monthly_price", MONTHLY_PRICES);
        if self.random.percent(15) {
            let price = self.random.pick(HOURLY_PRICES);
            cells.insert("hourly_price", price.to_owned());
        }
        if self.random.percent(20) {
            let length = (self.to - self.from).num_days();
            let start = days_after(self.from, self.random.between(0, length.min(30) + 2));
            let start = self.nasty(start).max(self.from);
            cells.insert("starts_on", start.to_string());
            self.add_anchor(cells, start);
            return;
        }
        if self.random.percent(15) {
            let start = days_after(self.from, -self.random.between(1, 400));
            cells.insert("starts_on", start.to_string());
        }
        let expiry = self.an_expiry();
        cells.insert("expires_on", expiry.to_string());
        self.add_anchor(cells, expiry);
        self.add_prepaid_state(cells, expiry);
    }

    /// Near the opening, often shared, often at the end of a month.
    fn an_expiry(&mut self) -> Date {
        if self.random.percent(35) {
            return self.meeting;
        }
        let days = match self.random.between(1, 20) {
            1..=2 => self.random.between(-100, -30),
            3..=6 => self.random.between(-14, -1),
            7..=16 => self.random.between(0, 15),
            _ => self.random.between(16, 70),
        };
        let expiry = days_after(self.from, days);
        self.nasty(expiry)
    }

    /// Sometimes the last day of the month instead.
    fn nasty(&mut self, date: Date) -> Date {
        if self.random.percent(20) { last_of_month(date) } else { date }
    }

    /// The date falls on the anchor, or on the last day of a month too short for it (replay.md 5).
    fn add_anchor(&mut self, cells: &mut Cells, date: Date) {
        let day = i64::from(date.day());
        if self.random.percent(30) {
            let highest = if is_last_of_month(date) { 31 } else { day };
            let anchor = self.random.between(day, highest);
            cells.insert("anchor_day", anchor.to_string());
        }
    }

    fn add_prepaid_state(&mut self, cells: &mut Cells, expiry: Date) {
        let profile = self.profile_of(cells.get("product").map_or("", String::as_str));
        if self.may_be_derived(profile, expiry) && self.random.percent(65) {
            return;
        }
        let state = match (self.random.between(1, 10), expiry < self.from) {
            (1..=2, _) => "running",
            (3, _) => "terminated",
            (4..=6, true) => "overdue",
            (_, true) => "reclaimed",
            (_, false) if self.random.percent(25) => "reclaimed",
            (_, false) => "running",
        };
        cells.insert("state", state.to_owned());
        if state == "reclaimed" {
            let since = self.since_reclaiming(expiry);
            cells.insert("since", since.to_string());
            let not_due = expiry >= self.from;
            if self.random.percent(if not_due { 85 } else { 20 }) {
                cells.insert("returned", "true".to_owned());
            }
        } else if self.random.percent(5) {
            cells.insert("returned", "false".to_owned());
        }
    }

    fn since_reclaiming(&mut self, expiry: Date) -> Date {
        let last = days_after(self.from, -1);
        let since = days_after(expiry, self.random.between(0, 3));
        if since <= last && self.random.percent(80) { since } else { days_after(last, -self.random.between(0, 12)) }
    }

    /// A derived state is an error where its release day lies before `from` (formats.md, state).
    fn may_be_derived(&self, profile: &str, expiry: Date) -> bool {
        let reclaiming = days_after(expiry, self.days_of(profile, "suspend_after_days"));
        let base = match self.deciding(profile, "retention_from").as_str() {
            "\"expiry\"" => expiry,
            _ => reclaiming,
        };
        let after_retention = days_after(base, self.days_of(profile, "retention_days") + 1);
        self.from <= reclaiming || self.from <= after_retention.max(days_after(reclaiming, 1))
    }

    fn add_postpaid(&mut self, cells: &mut Cells) {
        cells.insert("charge_type", "POSTPAID_BY_HOUR".to_owned());
        self.add_price(cells, "hourly_price", HOURLY_PRICES);
        if self.random.percent(15) {
            let price = self.random.pick(MONTHLY_PRICES);
            cells.insert("monthly_price", price.to_owned());
        }
        match self.random.between(1, 10) {
            1..=2 => {
                let start = days_after(self.from, self.random.between(0, 25));
                cells.insert("starts_on", start.to_string());
            }
            3..=4 => {
                cells.insert("state", "stopped".to_owned());
                let longest = self.random.pick(&[2, 4, 18]);
                let since = days_after(self.from, -self.random.between(1, longest));
                cells.insert("since", since.to_string());
            }
            5 => {
                let state = self.random.pick(&["running", "running", "terminated"]);
                cells.insert("state", state.to_owned());
            }
            _ => {}
        }
    }

    /// A cell may stay empty where the type has a price of its own in prices.csv.
    fn add_price(&mut self, cells: &mut Cells, column: &'static str, prices: &[&str]) {
        let listed = self.lists_prices && cells.contains_key("instance_type");
        if !listed || self.random.percent(65) {
            cells.insert(column, self.random.pick(prices).to_owned());
        }
        if column == "monthly_price" && self.random.percent(50) {
            let usual = self.random.pick(&self.usual_prices);
            cells.insert(column, usual.to_owned());
        }
    }

    /// A row for each type, sometimes in two halves, and more specific ones beside it.
    fn add_list_prices(&mut self) {
        for kind in TYPES {
            let row = Cells::from([("instance_type", (*kind).to_owned())]);
            let mut monthly = row.clone();
            let mut hourly = row;
            self.add_cell(&mut monthly, "monthly_price", MONTHLY_PRICES, 100);
            self.add_cell(&mut hourly, "hourly_price", HOURLY_PRICES, 100);
            if self.random.percent(30) {
                self.prices.extend([monthly, hourly]);
            } else {
                monthly.append(&mut hourly);
                self.prices.push(monthly);
            }
            self.add_specific_prices(kind);
        }
    }

    fn add_specific_prices(&mut self, kind: &str) {
        for region in ["", REGIONS[0], REGIONS[1]] {
            for product in ["", PRODUCTS[0], PRODUCTS[1]] {
                if (region, product) == ("", "") || self.random.percent(75) {
                    continue;
                }
                let mut row = Cells::from([
                    ("instance_type", kind.to_owned()),
                    ("region", region.to_owned()),
                    ("product", product.to_owned()),
                ]);
                self.add_cell(&mut row, "monthly_price", MONTHLY_PRICES, 70);
                self.add_cell(&mut row, "hourly_price", HOURLY_PRICES, 70);
                self.prices.push(row);
            }
        }
    }

    fn add_cell(&mut self, row: &mut Cells, column: &'static str, values: &[&str], chance: i64) {
        if self.random.percent(chance) {
            row.insert(column, self.random.pick(values).to_owned());
        }
    }
}

impl Draft {
    /// Around the sums that are needed, so that some renewals fail and recover.
    fn fund_accounts(&mut self) {
        for place in 0..self.accounts.len() {
            let currency = self.accounts[place].currency;
            let mut funds = 0;
            let wealth = self.random.pick(&[1, 3, 8, 20]);
            for _ in 0..self.random.between(0, wealth) {
                funds += self.a_price(self.accounts[place].id, currency);
            }
            funds += self.random.pick(&[-1, 0, 0, 0, 1, 500, 20_000, -3_000, 200_000]);
            if self.random.percent(if self.has_stopped(place) { 40 } else { 5 }) {
                funds = self.random.pick(&[0, 0, 1]);
            }
            let (free_credit, frozen, limit) = self.side_pots(currency);
            let cash = funds - free_credit + frozen - limit;
            let pots = [("cash", cash), ("free_credit", free_credit), ("frozen", frozen), ("credit_limit", limit)];
            for (column, minor) in pots {
                if minor != 0 || self.random.percent(30) {
                    let text = amount(minor, currency);
                    self.accounts[place].cells.insert(column, text);
                }
            }
            self.add_alerts(place, funds < 0);
        }
    }

    /// Whether the account waits at the opening for funds to restore something.
    fn has_stopped(&self, place: usize) -> bool {
        let id = self.accounts[place].id;
        let stopped = |cells: &&Cells| cells.get("state").is_some_and(|state| state == "stopped");
        let mut stopped = self.instances.iter().filter(stopped);
        stopped.any(|cells| cells["account_id"] == id)
    }

    fn side_pots(&mut self, currency: &str) -> (i64, i64, i64) {
        let mut pot = |chance| {
            if self.random.percent(chance) {
                let sums = [1, 50, 5_000, 10_000, 8_850, 40_000];
                self.random.pick(&sums) / if currency == "JPY" { 20 } else { 1 }
            } else {
                0
            }
        };
        (pot(45), pot(25), pot(30))
    }

    fn add_alerts(&mut self, place: usize, in_arrears: bool) {
        let mut extra = Cells::new();
        if self.random.percent(60) {
            let below = self.random.pick(&["0", "100", "-50", "1000", "20", "-400"]);
            extra.insert("alert_below", below.to_owned());
        }
        if self.random.percent(20) {
            let days = self.random.between(0, 5);
            extra.insert("alert_days", days.to_string());
        }
        if self.random.percent(if in_arrears { 60 } else { 8 }) {
            let hours = self.random.between(0, 60);
            extra.insert("arrears_hours", hours.to_string());
        }
        if self.random.percent(30) {
            extra.insert("name", "Web, \"and\" more".to_owned());
        }
        self.accounts[place].cells.append(&mut extra);
    }

    /// What a renewal or a day of one of the account's instances costs, roughly, in minor units.
    fn a_price(&mut self, account: &str, currency: &str) -> i64 {
        let own: Vec<Cells> = self.instances.iter().filter(|cells| cells["account_id"] == account).cloned().collect();
        if own.is_empty() {
            return 5_000;
        }
        let cells = self.random.pick(&own);
        let (column, times) = match cells["charge_type"].as_str() {
            "PREPAID" => ("monthly_price", self.months_of(&cells)),
            _ => ("hourly_price", self.random.pick(&[1, 24, 240])),
        };
        let price = cells.get(column).map_or("100", String::as_str);
        minor_units(price, currency) * times
    }

    fn months_of(&self, cells: &Cells) -> i64 {
        let profile = self.profile_of(cells.get("product").map_or("", String::as_str));
        match cells.get("renew_months") {
            Some(months) => months.parse().expect("months"),
            None => self.days_of(profile, "auto_renew_months"),
        }
    }
}

/// A price cut to the currency's minor units.
fn minor_units(price: &str, currency: &str) -> i64 {
    let (whole, decimals) = price.split_once('.').unwrap_or((price, ""));
    let places = usize::try_from(minor_digits(currency)).expect("few digits");
    let kept = format!("{decimals:0<places$}");
    format!("{whole}{}", &kept[..places]).parse().expect("a small price")
}

fn topup(date: &str, account: &str, amount: String) -> Cells {
    Cells::from([
        ("date", date.to_owned()),
        ("action", "topup".to_owned()),
        ("account_id", account.to_owned()),
        ("amount", amount),
    ])
}

impl Draft {
    fn add_actions(&mut self) {
        let count = self.random.pick(&[0, 2, 4, 6, 9, 13, 18, 24]);
        for _ in 0..count {
            let date = self.an_action_date();
            let mut cells = Cells::from([("date", date.to_string())]);
            let note = self.random.pick(NOTES);
            cells.insert("note", note.to_owned());
            match self.random.between(1, 100) {
                1..=22 => self.add_account_action(&mut cells),
                23..=31 => self.add_termination(&mut cells),
                _ => self.add_instance_action(&mut cells),
            }
            self.actions.push(cells);
        }
        self.add_late_topups();
        self.add_allowances();
        if self.random.percent(50) {
            // Dates may come in any order; within a date and account the order counts.
            self.random.shuffle(&mut self.actions);
        }
        self.add_first_termination();
    }

    /// Top-ups that come again and again, so that some accounts live, and fail and recover.
    fn add_allowances(&mut self) {
        for place in 0..self.accounts.len() {
            let (id, currency) = (self.accounts[place].id, self.accounts[place].currency);
            let every = self.random.pick(&[0, 0, 3, 7, 10, 30]);
            let times = self.random.pick(&[1, 1, 2, 4]);
            let mut day = self.random.between(0, 10);
            while every > 0 && day < (self.to - self.from).num_days() {
                let minor = self.a_price(id, currency).max(1) * times;
                let date = days_after(self.from, day).to_string();
                self.actions.push(topup(&date, id, amount(minor, currency)));
                day += every;
            }
        }
    }

    /// On the day of a purchase, which cannot use them (replay.md 2).
    fn add_late_topups(&mut self) {
        for cells in self.instances.clone() {
            let Some(start) = cells.get("starts_on") else {
                continue;
            };
            if !self.random.percent(20) {
                continue;
            }
            let owner = |account: &&AccountDraft| account.id == cells["account_id"];
            let account = self.accounts.iter().find(owner).expect("an owner");
            let (id, currency) = (account.id, account.currency);
            let minor = self.a_price(id, currency).max(1);
            self.actions.push(topup(start, id, amount(minor, currency)));
        }
    }

    /// Mostly near the opening, where the books are eventful; sometimes outside the run.
    fn an_action_date(&mut self) -> Date {
        let length = (self.to - self.from).num_days();
        let days = match self.random.between(-1, 10) {
            -1..=0 => 0,
            1..=4 => (self.an_end() - self.from).num_days() + self.random.between(-1, 5),
            5..=7 => self.random.between(0, length.min(20)),
            8..=9 => self.random.between(0, length),
            _ => self.random.between(-3, length + 3),
        };
        days_after(self.from, days)
    }

    /// The end of some instance's term, where something is about to happen.
    fn an_end(&mut self) -> Date {
        let ends = self.instances.iter().filter_map(|row| row.get("expires_on"));
        let near = ends.map(|end| date(end).max(self.from));
        let mut ends: Vec<Date> = near.filter(|end| *end <= self.to).collect();
        ends.push(self.meeting);
        self.random.pick(&ends)
    }

    fn add_account_action(&mut self, cells: &mut Cells) {
        let action = self.random.pick(&["topup", "topup", "topup", "credit", "set_credit_limit"]);
        cells.insert("action", action.to_owned());
        if self.random.percent(5) {
            cells.insert("account_id", "nobody".to_owned());
            cells.insert("amount", "50".to_owned());
            return;
        }
        let place = self.random.index(self.accounts.len());
        let (id, currency) = (self.accounts[place].id, self.accounts[place].currency);
        let nothing_allowed = action == "set_credit_limit";
        let minor = match self.random.between(1, 10) {
            1..=6 => self.a_price(id, currency),
            7 => 1,
            8 => 3_000,
            9 if nothing_allowed => 0,
            _ => 50_000,
        };
        let lowest = if nothing_allowed { 0 } else { 1 };
        cells.insert("account_id", id.to_owned());
        cells.insert("amount", amount(minor.max(lowest), currency));
    }

    fn add_instance_action(&mut self, cells: &mut Cells) {
        let action = self.random.pick(INSTANCE_ACTIONS);
        cells.insert("action", action.to_owned());
        self.add_particulars(cells, action);
        let in_trouble = if action == "start" { 60 } else { 15 };
        let selector = if self.random.percent(in_trouble) {
            match action {
                "start" => "state = 'stopped'".to_owned(),
                _ => self.random.pick(TROUBLE).to_owned(),
            }
        } else if self.random.percent(30) {
            self.a_condition(2)
        } else {
            self.add_target(cells);
            return;
        };
        cells.insert("where", selector);
        self.add_owner(cells, None);
    }

    /// What the action needs besides its instances.
    fn add_particulars(&mut self, cells: &mut Cells, action: &str) {
        match action {
            "renew" => self.add_months(cells),
            "renew_until" => {
                let meeting_day = self.meeting.day().min(28);
                let day = self.random.pick(&[1, 15, 28, 28, 10, meeting_day, meeting_day, meeting_day]);
                cells.insert("day", day.to_string());
            }
            "set_flag" => {
                let flag = self.random.pick(FLAGS);
                cells.insert("flag", flag.to_owned());
                if self.random.percent(50) {
                    self.add_months(cells);
                }
            }
            "set_price" => {
                let price = self.random.pick(&["120.50", "0", "0.00", "99.999", "33.335", "100", "0.0100"]);
                cells.insert("price", price.to_owned());
            }
            _ => {}
        }
    }

    fn add_months(&mut self, cells: &mut Cells) {
        let months = self.random.pick(&[1, 1, 1, 2, 3, 3, 6, 12, 13, 24]);
        cells.insert("months", months.to_string());
    }

    fn add_target(&mut self, cells: &mut Cells) {
        if self.instances.is_empty() || self.random.percent(4) {
            cells.insert("instance_id", "ghost".to_owned());
            self.add_owner(cells, None);
            return;
        }
        let target = self.a_target();
        cells.insert("instance_id", target["instance_id"].clone());
        self.add_owner(cells, Some(target["account_id"].clone()));
        if self.random.percent(15) {
            self.add_money_for(cells, &target);
        }
    }

    /// Often one that opens in trouble.
    fn a_target(&mut self) -> Cells {
        let in_trouble = |cells: &&Cells| {
            let state = cells.get("state").map_or("", String::as_str);
            matches!(state, "overdue" | "reclaimed" | "stopped")
        };
        let troubled: Vec<Cells> = self.instances.iter().filter(in_trouble).cloned().collect();
        if troubled.is_empty() || self.random.percent(65) {
            self.random.pick(&self.instances)
        } else {
            self.random.pick(&troubled)
        }
    }

    /// A top-up on the same day, ahead of the action.
    fn add_money_for(&mut self, action: &Cells, target: &Cells) {
        let sum = self.random.pick(&["100", "400", "1000"]);
        self.actions.push(topup(&action["date"], &target["account_id"], sum.to_owned()));
    }

    /// No `account_id`, the owner's, that of any account, or one that is not in the book.
    fn add_owner(&mut self, cells: &mut Cells, owner: Option<String>) {
        let place = self.random.index(self.accounts.len());
        let any = self.accounts[place].id.to_owned();
        let id = match self.random.between(1, 100) {
            1..=45 => return,
            46..=86 => owner.unwrap_or(any),
            87..=96 => any,
            _ => self.random.pick(&["nobody", "Q"]).to_owned(),
        };
        cells.insert("account_id", id);
    }

    /// Never of a running prepaid instance, which would need the refund rules (model.md, returned-running).
    fn add_termination(&mut self, cells: &mut Cells) {
        cells.insert("action", "terminate".to_owned());
        let postpaid: Vec<Cells> =
            self.instances.iter().filter(|cells| cells["charge_type"] != "PREPAID").cloned().collect();
        if !postpaid.is_empty() && self.random.percent(40) {
            let target = self.random.pick(&postpaid);
            cells.insert("instance_id", target["instance_id"].clone());
            let owner = target["account_id"].clone();
            self.add_owner(cells, Some(owner));
            return;
        }
        let guard = self.random.pick(&[
            "state = 'overdue'",
            "state IN ('overdue', 'reclaimed')",
            "state = 'reclaimed'",
            "(state <> 'running' OR charge_type = 'POSTPAID_BY_HOUR')",
            "NOT (state = 'running' AND charge_type = 'PREPAID')",
        ]);
        let selector = match self.random.percent(40) {
            true => format!("{guard} AND ({})", self.a_condition(1)),
            false => guard.to_owned(),
        };
        cells.insert("where", selector);
        self.add_owner(cells, None);
    }

    /// By id, a prepaid instance is safe to terminate first thing on `from` where the book opens it as not running.
    fn add_first_termination(&mut self) {
        let safe = |cells: &&Cells| {
            let state = cells.get("state").map_or("", String::as_str);
            cells["charge_type"] == "PREPAID" && matches!(state, "overdue" | "reclaimed" | "terminated")
        };
        let targets: Vec<Cells> = self.instances.iter().filter(safe).cloned().collect();
        if targets.is_empty() || self.random.percent(80) {
            return;
        }
        let target = self.random.pick(&targets);
        let cells = Cells::from([
            ("date", self.from.to_string()),
            ("action", "terminate".to_owned()),
            ("instance_id", target["instance_id"].clone()),
        ]);
        self.actions.insert(0, cells);
    }
}

impl Draft {
    /// A selector of some depth, over columns that the book has.
    fn a_condition(&mut self, depth: i64) -> String {
        if depth == 0 {
            return self.a_predicate();
        }
        match self.random.between(1, 10) {
            1..=2 => self.joined("AND", depth),
            3..=4 => self.joined("OR", depth),
            5 => format!("NOT ({})", self.a_condition(depth - 1)),
            6 => format!("not {}", self.a_predicate()),
            _ => self.a_predicate(),
        }
    }

    /// Sometimes without parentheses, so that precedence counts.
    fn joined(&mut self, word: &str, depth: i64) -> String {
        let (left, right) = (self.a_condition(depth - 1), self.a_condition(depth - 1));
        match self.random.between(1, 3) {
            1 => format!("({left}) {word} ({right})"),
            2 => format!("{left} {} ({right})", word.to_lowercase()),
            _ => format!("{left} {word} {right}"),
        }
    }

    fn a_predicate(&mut self) -> String {
        match self.random.between(1, 12) {
            1..=5 => self.about_text(),
            6..=8 => self.about_a_number(),
            9..=11 => self.about_a_date(),
            _ => self
                .random
                .pick(&[
                    "1 = 1",
                    "region = zone",
                    "monthly_price > hourly_price",
                    "since > expires_on",
                    "starts_on IS NOT NULL AND starts_on <= expires_on",
                    "'prod' <> renew_flag",
                ])
                .to_owned(),
        }
    }

    fn about_text(&mut self) -> String {
        let (column, values) = self.a_text_column();
        let mut value = || format!("'{}'", self.random.pick(&values).replace('\'', "''"));
        let (first, second, third) = (value(), value(), value());
        let pattern = self.random.pick(&["%", "%", "i-_", "%1%", "a%", "_", "%o%", "S5.%", "%e"]);
        match self.random.between(1, 12) {
            1..=2 => format!("{column} = {first}"),
            3..=4 => format!("{column} <> {first}"),
            5 => format!("{column} IN ({first}, {second}, {third})"),
            6 => format!("{column} NOT IN ({first}, {second})"),
            7 => format!("{column} LIKE '{pattern}'"),
            8 => format!("{column} NOT LIKE '{pattern}'"),
            9 => format!("{column} IS NULL"),
            10 => format!("{column} IS NOT NULL"),
            11 => format!("{column} BETWEEN {first} AND {second}"),
            _ => format!("{column} >= {first}"),
        }
    }

    /// A text column, quoted where it must be or happens to be, and values that it may have.
    fn a_text_column(&mut self) -> (String, Vec<String>) {
        let known: &[(&str, &[&str])] = &[
            ("instance_id", INSTANCE_IDS),
            ("account_id", ACCOUNT_IDS),
            ("product", PRODUCTS),
            ("instance_type", TYPES),
            ("region", REGIONS),
            ("zone", REGIONS),
            ("project", &["web", "数据"]),
            ("name", &["O'Hara", "web, one"]),
            ("charge_type", &["PREPAID", "POSTPAID_BY_HOUR"]),
            ("renew_flag", FLAGS),
            ("state", &["running", "overdue", "reclaimed", "stopped"]),
            ("returned", &["true", "false"]),
            ("tag:env", &["prod", "test"]),
            ("tag:team", &["a", "b%"]),
        ];
        let (column, values) = self.random.pick(known);
        let is_tag = column.starts_with("tag:");
        if is_tag && !self.instances.iter().any(|row| row.contains_key(column)) {
            return self.a_text_column();
        }
        let values = values.iter().map(|&value| value.to_owned()).collect();
        let quoted = is_tag || self.random.percent(20);
        let mark = if quoted { "\"" } else { "" };
        (format!("{mark}{column}{mark}"), values)
    }

    fn about_a_number(&mut self) -> String {
        let columns: &[(&str, &[&str])] = &[
            ("renew_months", &["1", "2", "3", "12"]),
            ("anchor_day", &["31", "28", "29", "15", "1"]),
            ("priority", &["-1", "0", "1", "2"]),
            ("monthly_price", &["100", "88.5", "50", "0", "33.335"]),
            ("hourly_price", &["0.5", "1", "0", "0.005"]),
        ];
        let (column, values) = self.random.pick(columns);
        let (first, second) = (self.random.pick(values), self.random.pick(values));
        match self.random.between(1, 8) {
            1 => format!("{column} IN ({first}, {second})"),
            2 => format!("{column} NOT BETWEEN {first} AND {second}"),
            3 => format!("{column} BETWEEN {first} AND {second}"),
            4 => format!("{column} IS NULL"),
            _ => self.comparison(column, first),
        }
    }

    fn about_a_date(&mut self) -> String {
        let column = self.random.pick(&["expires_on", "expires_on", "since", "starts_on"]);
        let (first, second) = (self.a_date_literal(), self.a_date_literal());
        match self.random.between(1, 8) {
            1 => format!("{column} IN ({first}, {second})"),
            2 => format!("{column} NOT BETWEEN {first} AND {second}"),
            3 => format!("{column} BETWEEN {first} AND {second}"),
            4 => format!("{column} IS NULL"),
            _ => self.comparison(column, &first),
        }
    }

    fn comparison(&mut self, column: &str, value: &str) -> String {
        let sign = self.random.pick(&["=", "<>", "<", "<=", ">", ">="]);
        match self.random.percent(80) {
            true => format!("{column} {sign} {value}"),
            false => format!("{value} {sign} {column}"),
        }
    }

    fn a_date_literal(&mut self) -> String {
        let near = days_after(self.from, self.random.between(-10, 45));
        let date = self.random.pick(&[self.meeting, near]);
        match self.random.percent(50) {
            true => format!("DATE '{date}'"),
            false => format!("'{date}'"),
        }
    }
}

/// A CSV file as text cells.
struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn parse(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let mut rows =
            reader.deserialize().map(|row| row.expect("a CSV row")).collect::<Vec<Vec<String>>>().into_iter();
        Self { header: rows.next().expect("a header"), rows: rows.collect() }
    }

    fn text(&self) -> String {
        self.text_with(csv::Terminator::Any(b'\n'))
    }

    fn text_with(&self, line_end: csv::Terminator) -> String {
        let mut writer = csv::WriterBuilder::new().terminator(line_end).from_writer(Vec::new());
        for row in std::iter::once(&self.header).chain(&self.rows) {
            writer.write_record(row).expect("memory takes every row");
        }
        let bytes = writer.into_inner().expect("memory takes every row");
        String::from_utf8(bytes).expect("the cells are UTF-8")
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name)
    }

    fn add_row(&mut self, cells: &Cells) {
        for column in cells.keys() {
            if self.column(column).is_none() {
                self.header.push((*column).to_owned());
                self.rows.iter_mut().for_each(|row| row.push(String::new()));
            }
        }
        let cell = |column: &String| cells.get(column.as_str()).cloned().unwrap_or_default();
        self.rows.push(self.header.iter().map(cell).collect());
    }
}

/// The same book with the rows of instances.csv and accounts.csv in another order: the same outputs (replay.md 12.3).
pub(crate) fn shuffled(book: &Files, seed: u64) -> Files {
    let mut random = Random::of(seed);
    let mut files = book.clone();
    for name in ["accounts.csv", "instances.csv"] {
        let mut table = Table::parse(&book[name]);
        random.shuffle(&mut table.rows);
        files.insert(name.to_owned(), table.text());
    }
    files
}

/// What all amounts are multiplied with, so that prices with two decimals times a factor with two decimals, or over
/// 30 days, come out whole in a currency without decimals too.
const NO_ROUNDING: i128 = 30_000;

/// All amounts times `n`, in a variant of the book in which no rounding intervenes (replay.md 12.5).
///
/// Compare `scaled(book, n)` with `scaled(book, 1)`: the same events, amounts times `n`. Against the book itself, prices
/// and factors are cut to two decimals, every amount is 30,000 times as large, and actions whose selector names a
/// price are left out, because a literal in a selector is no amount. Numbers in `detail` grow with the amounts.
pub(crate) fn scaled(book: &Files, n: i128) -> Files {
    let mut files = book.clone();
    let columns: &[(&str, &[&str])] = &[
        ("accounts.csv", &["cash", "free_credit", "frozen", "credit_limit", "alert_below"]),
        ("instances.csv", &["monthly_price", "hourly_price"]),
        ("prices.csv", &["monthly_price", "hourly_price"]),
        ("actions.csv", &["amount", "price"]),
    ];
    for (name, amounts) in columns {
        let Some(text) = book.get(*name) else {
            continue;
        };
        let mut table = Table::parse(text);
        if let Some(selector) = table.column("where") {
            table.rows.retain(|row| !row[selector].contains("_price"));
        }
        for amount in *amounts {
            let column = table.column(amount);
            for row in &mut table.rows {
                if let Some(column) = column {
                    row[column] = scaled_amount(&row[column], n);
                }
            }
        }
        files.insert((*name).to_owned(), table.text());
    }
    if let Some(profiles) = files.get_mut("profiles.toml") {
        *profiles = with_short_factors(profiles);
    }
    files
}

fn scaled_amount(text: &str, n: i128) -> String {
    if text.is_empty() {
        return String::new();
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let hundredths = i128::from(minor_units(digits, "CNY"));
    let scaled = hundredths * (NO_ROUNDING / 100) * n;
    let sign = if scaled == 0 { "" } else { sign };
    format!("{sign}{scaled}")
}

/// Factors cut to two decimals. In a profile only factors are written `"0.…"`.
fn with_short_factors(profiles: &str) -> String {
    let mut text = String::new();
    for (place, piece) in profiles.split('"').enumerate() {
        let is_factor = place % 2 == 1 && piece.starts_with("0.");
        text.push_str(if place == 0 { "" } else { "\"" });
        text.push_str(if is_factor { &piece[..piece.len().min(4)] } else { piece });
    }
    text
}

/// The book with one more account and instances of its own, which no row of the book names (replay.md 12.4).
///
/// No row of another account changes. Rows without an account may: a selector without `account_id` can match the new
/// instances, and its `no_match` row then vanishes.
pub(crate) fn with_extra_account(book: &Files, seed: u64) -> Files {
    let mut random = Random::of(seed);
    let mut files = book.clone();
    let mut accounts = Table::parse(&book["accounts.csv"]);
    let id = random.pick(&["0-extra", "m-extra", "ω-extra"]);
    accounts.add_row(&Cells::from([("account_id", id.to_owned()), ("cash", random.between(-50, 400).to_string())]));
    let mut instances = Table::parse(&book["instances.csv"]);
    for number in 1..=random.between(1, 4) {
        let cells = extra_instance(book, id, number, &mut random);
        instances.add_row(&cells);
    }
    files.insert("accounts.csv".to_owned(), accounts.text());
    files.insert("instances.csv".to_owned(), instances.text());
    files
}

fn extra_instance(book: &Files, account: &str, number: i64, random: &mut Random) -> Cells {
    let mut cells = Cells::from([
        ("instance_id", format!("{number}-of-{account}")),
        ("account_id", account.to_owned()),
        ("monthly_price", random.pick(MONTHLY_PRICES).to_owned()),
        ("hourly_price", random.pick(HOURLY_PRICES).to_owned()),
        ("renew_flag", random.pick(FLAGS).to_owned()),
    ]);
    if random.percent(60) {
        let expiry = days_after(opening(book), random.between(0, 30));
        cells.insert("charge_type", "PREPAID".to_owned());
        cells.insert("expires_on", expiry.to_string());
    } else {
        cells.insert("charge_type", "POSTPAID_BY_HOUR".to_owned());
    }
    cells
}

/// The `from` of a book.
fn opening(book: &Files) -> Date {
    let lines = book["book.toml"].lines();
    let from = lines.filter_map(|line| line.strip_prefix("from = ")).next();
    date(from.expect("a book says `from`"))
}
