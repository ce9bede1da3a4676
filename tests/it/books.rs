//! Random books for the oracle and the laws: small, nasty and always valid by docs/spec.
//! A book depends on its seed alone. Nothing here replays a book, and nothing is shared with the program.

mod actions;
mod changes;
mod conditions;
mod funds;
mod inventory;
mod money;
mod profiles;
mod random;
mod table;
mod variants;

use std::collections::BTreeMap;
use std::fmt::Write;

use chrono::{Datelike, NaiveDate, TimeDelta};

pub(crate) use changes::{Changed, changed};
use random::Random;
use table::Table;
pub(crate) use variants::{scaled, shuffled, with_extra_account};

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
    drawn(Random {
        choices: choices.iter().rev().copied().collect(),
        ..Random::of(0)
    })
}

/// A valid book in which much is returned, recovered, resized and converted, mostly with an hourly price to count hours at.
pub(crate) fn changeful_book(seed: u64) -> Files {
    let mut draft = begun(Random::of(seed));
    draft.price_hours();
    finished(draft, Draft::add_changes)
}

fn drawn(random: Random) -> Files {
    finished(begun(random), |_| {})
}

fn begun(random: Random) -> Draft {
    let mut draft = Draft::begin(random);
    draft.add_profiles();
    draft.choose_profiles();
    draft.add_accounts();
    draft.add_instances();
    draft
}

fn finished(mut draft: Draft, add_more: impl Fn(&mut Draft)) -> Files {
    if draft.lists_prices {
        draft.add_list_prices();
    }
    draft.fund_accounts();
    draft.add_vouchers();
    draft.add_orders();
    draft.add_returns();
    draft.add_holidays();
    draft.add_actions();
    add_more(&mut draft);
    draft.files()
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
    vouchers: Vec<Cells>,
    orders: Vec<Cells>,
    returns: Vec<Cells>,
    holidays: Vec<Date>,
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

const INSTANCE_IDS: &[&str] = &[
    "i-1", "i-2", "i-10", "I-1", "a,b", "ä-1", "Z9", "z9", "0-x", "i_é", "10", "9", "ins-α", "x y",
    "i-1a", "_",
];

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

const HOURLY_PRICES: &[&str] = &[
    "0.5", "1", "0.125", "0.005", "0.333", "2.345", "1.5", "2.5", "0.0049", "0", "8", "0.25",
];

const FACTORS: &[&str] = &[
    "0.5",
    "0.88",
    "0.125",
    "0.99999999",
    "0.33333333",
    "1",
    "0.7",
];

const NOTES: &[&str] = &[
    "",
    "",
    "",
    "asked by the web team",
    "first, then the rest",
    "they said \"now\"",
    "续费; 两次",
    "two\nlines",
];

/// Selectors of what is not well.
const TROUBLE: &[&str] = &[
    "state = 'reclaimed'",
    "state IN ('overdue', 'reclaimed')",
    "state IN ('overdue', 'reclaimed') OR renew_flag = 'none'",
    "state <> 'running'",
];

/// How often an action on instances comes, by repetition.
const INSTANCE_ACTIONS: &[&str] = &[
    "renew",
    "renew",
    "renew",
    "renew",
    "renew_until",
    "renew_until",
    "set_flag",
    "set_price",
    "start",
    "stop",
    "resize",
    "resize",
    "resize",
    "to_prepaid",
    "to_postpaid",
];

const FLAGS: &[&str] = &["auto", "manual", "none"];

const API_FLAGS: &[&str] = &[
    "NOTIFY_AND_AUTO_RENEW",
    "NOTIFY_AND_MANUAL_RENEW",
    "DISABLE_NOTIFY_AND_MANUAL_RENEW",
];

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
            vouchers: Vec::new(),
            orders: Vec::new(),
            returns: Vec::new(),
            holidays: Vec::new(),
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
        let mut tables = vec![
            ("accounts.csv", accounts.collect()),
            ("instances.csv", std::mem::take(&mut self.instances)),
        ];
        let optional = [
            ("prices.csv", std::mem::take(&mut self.prices)),
            ("actions.csv", std::mem::take(&mut self.actions)),
            ("vouchers.csv", std::mem::take(&mut self.vouchers)),
            ("orders.csv", std::mem::take(&mut self.orders)),
            ("returns.csv", std::mem::take(&mut self.returns)),
        ];
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
        if !self.holidays.is_empty() {
            let days: Vec<String> = self.holidays.iter().map(Date::to_string).collect();
            writeln!(text, "holidays = [{}]", days.join(", ")).expect("a string takes every line");
        }
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
const SPARE_COLUMNS: &[&str] = &[
    "renew_flag",
    "renew_months",
    "priority",
    "zone",
    "project",
    "name",
    "credit_limit",
    "alert_below",
    "note",
    "new",
    "downgrades",
    "billed_hours",
    "free_credit",
    "pay_mode",
    "min_order",
];

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
                "stopped_by",
                "billed_hours",
                "downgrades",
            ],
        ),
        "prices.csv" => (
            &[
                "product",
                "instance_type",
                "region",
                "monthly_price",
                "hourly_price",
            ],
            &[],
        ),
        "vouchers.csv" => (
            &[
                "voucher_id",
                "account_id",
                "amount",
                "valid_from",
                "valid_to",
            ],
            &["products", "pay_mode", "min_order"],
        ),
        "orders.csv" => (
            &["instance_id", "term_start", "term_end"],
            &["months", "cash", "free_credit", "new"],
        ),
        "returns.csv" => (
            &["account_id", "product", "year"],
            &["returns", "full_returns"],
        ),
        _ => (
            &["date", "action"],
            &[
                "account_id",
                "instance_id",
                "where",
                "amount",
                "months",
                "day",
                "flag",
                "price",
                "note",
                "channel",
                "voucher_id",
                "valid_to",
                "products",
                "pay_mode",
                "min_order",
                "instance_type",
            ],
        ),
    }
}

fn in_order(header: &[&str], row: &Cells) -> Vec<String> {
    let cell = |column: &&str| row.get(column).cloned().unwrap_or_default();
    header.iter().map(cell).collect()
}
