//! Reads a valid book from the text of its files (formats.md, A book). Never checks what a valid book keeps.

use std::collections::BTreeMap;

use chrono::Datelike;
use toml::Table;

use super::dates::{Date, parse_date, plus_days};
use super::number::Fraction;
use super::price::{ListPrice, Wanted, look_up};
use super::profile::{Profile, Profiles};
use super::rules::Notes;
use super::selector::{Condition, parse_selector};
use super::state::{Account, Instance, State};

/// A book, with everything as it stands at 00:00 of `from`.
pub(crate) struct Book {
    pub(crate) from: Date,
    pub(crate) to: Date,
    pub(crate) default_profile: Profile,
    /// By id, in byte order.
    pub(crate) accounts: Vec<Account>,
    /// By id, in byte order.
    pub(crate) instances: Vec<Instance>,
    /// In file order.
    pub(crate) actions: Vec<Action>,
}

/// A row of actions.csv.
pub(crate) struct Action {
    pub(crate) date: Date,
    pub(crate) name: String,
    pub(crate) account: Option<String>,
    pub(crate) instance: Option<String>,
    pub(crate) selector: Option<Condition>,
    pub(crate) amount: Option<Fraction>,
    pub(crate) months: Option<u32>,
    pub(crate) day: Option<u32>,
    pub(crate) flag: Option<String>,
    /// As written.
    pub(crate) price: Option<String>,
    pub(crate) note: String,
}

type Row = BTreeMap<String, String>;

pub(crate) fn read(files: &BTreeMap<String, String>, builtin_profiles: &str, notes: &Notes) -> Book {
    let settings = Settings::read(files, builtin_profiles);
    let accounts = accounts(&settings, &records(files, "accounts.csv"), notes);
    let instances = instances(&settings, files, &accounts, notes);
    Book {
        from: settings.from,
        to: settings.to,
        default_profile: settings.profiles.get(&settings.default_profile, notes),
        accounts,
        instances,
        actions: records(files, "actions.csv").iter().map(action).collect(),
    }
}

/// book.toml, and the profiles that it chooses from.
struct Settings {
    from: Date,
    to: Date,
    currency: String,
    default_profile: String,
    product_profiles: BTreeMap<String, String>,
    profiles: Profiles,
}

impl Settings {
    fn read(files: &BTreeMap<String, String>, builtin_profiles: &str) -> Self {
        let book: Table = files["book.toml"].parse().expect("book.toml is TOML");
        let own = files.get("profiles.toml").map_or("", String::as_str);
        Self {
            from: parse_date(&text(&book["from"])),
            to: parse_date(&text(&book["to"])),
            currency: text(&book["currency"]),
            default_profile: text(&book["profile"]),
            product_profiles: product_profiles(&book),
            profiles: Profiles::read(builtin_profiles, own),
        }
    }

    fn profile_of(&self, product: &str, notes: &Notes) -> Profile {
        let chosen = self.product_profiles.get(product);
        notes.reached_if(chosen.is_some(), "profile/of-the-product");
        notes.reached_if(chosen.is_none(), "profile/default");
        self.profiles.get(chosen.unwrap_or(&self.default_profile), notes)
    }
}

fn product_profiles(book: &Table) -> BTreeMap<String, String> {
    let Some(table) = book.get("product_profiles") else {
        return BTreeMap::new();
    };
    let table = table.as_table().expect("`product_profiles` is a table");
    table.iter().map(|(product, profile)| (product.clone(), text(profile))).collect()
}

/// A TOML string or date as text.
fn text(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Datetime(date) => date.to_string(),
        other => panic!("neither text nor a date: {other}"),
    }
}

/// The rows of a CSV file by column name; a file that is not there has none.
fn records(files: &BTreeMap<String, String>, name: &str) -> Vec<Row> {
    let text = files.get(name).map_or("", String::as_str);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|row| row.expect("a CSV row")).collect()
}

/// A cell's text; empty means absent (formats.md).
fn cell<'a>(row: &'a Row, column: &str) -> Option<&'a str> {
    row.get(column).map(String::as_str).filter(|text| !text.is_empty())
}

fn required<'a>(row: &'a Row, column: &str) -> &'a str {
    cell(row, column).expect("a required cell")
}

fn number<T: std::str::FromStr>(row: &Row, column: &str) -> Option<T> {
    cell(row, column).map(|text| text.parse().ok().expect("a whole number in range"))
}

fn date(row: &Row, column: &str) -> Option<Date> {
    cell(row, column).map(parse_date)
}

fn fraction(row: &Row, column: &str) -> Option<Fraction> {
    cell(row, column).map(Fraction::parse)
}

/// Minor digits of a currency (replay.md 3).
fn minor_digits(currency: &str) -> u32 {
    match currency {
        "CNY" | "USD" => 2,
        "JPY" => 0,
        other => panic!("the oracle does not know {other}"),
    }
}

fn accounts(settings: &Settings, rows: &[Row], notes: &Notes) -> Vec<Account> {
    let mut accounts: Vec<Account> = rows.iter().map(|row| account(settings, row)).collect();
    accounts.sort_by(|left, right| left.id.cmp(&right.id));
    for account in &accounts {
        notes.reached_if(account.digits == 0, "account/no-minor-digits");
        notes.reached_if(account.cash < 0, "account/negative-cash");
        notes.reached_if(account.arrears_clock.is_some(), "open/arrears-hours");
        notes.reached_if(account.alert_days > 0, "open/alert-days");
    }
    accounts
}

fn account(settings: &Settings, row: &Row) -> Account {
    let digits = minor_digits(cell(row, "currency").unwrap_or(&settings.currency));
    let amount = |column| fraction(row, column).map(|amount| amount.minor_units(digits));
    Account {
        id: required(row, "account_id").to_owned(),
        digits,
        cash: amount("cash").unwrap_or(0),
        free_credit: amount("free_credit").unwrap_or(0),
        frozen: amount("frozen").unwrap_or(0),
        credit_limit: amount("credit_limit").unwrap_or(0),
        alert_below: amount("alert_below"),
        arrears_clock: number(row, "arrears_hours"),
        alert_days: number(row, "alert_days").unwrap_or(0),
    }
}

fn instances(
    settings: &Settings,
    files: &BTreeMap<String, String>,
    accounts: &[Account],
    notes: &Notes,
) -> Vec<Instance> {
    let prices: Vec<ListPrice> = records(files, "prices.csv").iter().map(list_price).collect();
    let mut instances = Vec::new();
    for row in records(files, "instances.csv") {
        let owner = required(&row, "account_id");
        let account = accounts.iter().position(|account| account.id == owner).expect("an account of the book");
        let mut instance = instance(settings, &row, account, notes);
        fill_prices(&mut instance, &prices, notes);
        open(&mut instance, &row, settings.from, notes);
        instances.push(instance);
    }
    instances.sort_by(|left, right| left.id.cmp(&right.id));
    instances
}

fn list_price(row: &Row) -> ListPrice {
    let label = |column| cell(row, column).unwrap_or("").to_owned();
    ListPrice {
        product: label("product"),
        instance_type: label("instance_type"),
        region: label("region"),
        monthly: fraction(row, "monthly_price"),
        hourly: fraction(row, "hourly_price"),
    }
}

fn instance(settings: &Settings, row: &Row, account: usize, notes: &Notes) -> Instance {
    let product = cell(row, "product").unwrap_or("cvm");
    let profile = settings.profile_of(product, notes);
    let prepaid = required(row, "charge_type") == "PREPAID";
    let months = number(row, "renew_months");
    notes.reached_if(months.is_none(), "open/months-of-the-profile");
    let mut cells = row.clone();
    cells.insert("product".to_owned(), product.to_owned());
    Instance {
        id: required(row, "instance_id").to_owned(),
        account,
        cells,
        prepaid,
        flag: renew_flag(row, notes).to_owned(),
        renew_months: months.unwrap_or(profile.auto_renew_months),
        monthly_price: fraction(row, "monthly_price"),
        hourly_price: fraction(row, "hourly_price"),
        starts_on: date(row, "starts_on"),
        expires_on: date(row, "expires_on").filter(|_| prepaid),
        anchor: number(row, "anchor_day"),
        state: State::Absent,
        since: date(row, "since"),
        returned: cell(row, "returned") == Some("true"),
        priority: number(row, "priority"),
        profile,
    }
}

fn renew_flag(row: &Row, notes: &Notes) -> &'static str {
    let written = cell(row, "renew_flag").unwrap_or("manual");
    notes.reached_if(written.contains('_'), "open/flag-in-api-spelling");
    match written {
        "auto" | "NOTIFY_AND_AUTO_RENEW" => "auto",
        "manual" | "NOTIFY_AND_MANUAL_RENEW" => "manual",
        "none" | "DISABLE_NOTIFY_AND_MANUAL_RENEW" => "none",
        other => panic!("unknown renew_flag {other}"),
    }
}

/// An empty price cell takes the most specific row, for both prices (model.md, price-lookup).
fn fill_prices(instance: &mut Instance, prices: &[ListPrice], notes: &Notes) {
    let label = |column: &str| instance.cells.get(column).map_or("", String::as_str);
    let wanted = Wanted { product: label("product"), instance_type: label("instance_type"), region: label("region") };
    let found = |price| look_up(prices, &wanted, price, notes);
    instance.monthly_price = instance.monthly_price.or_else(|| found(|row| row.monthly));
    instance.hourly_price = instance.hourly_price.or_else(|| found(|row| row.hourly));
}

/// The opening state, its day and the anchor (replay.md 5 and 8; formats.md, instances.csv).
fn open(instance: &mut Instance, row: &Row, from: Date, notes: &Notes) {
    let begins_later = instance.starts_on.is_some_and(|start| start >= from);
    notes.reached_if(instance.starts_on.is_some() && !begins_later, "open/past-start-says-nothing");
    notes.reached_if(instance.anchor.is_some(), "open/anchor-given");
    // The anchor is fixed when the book is read (replay.md 5).
    let anchor_date = instance.expires_on.or(instance.starts_on);
    if instance.prepaid && instance.anchor.is_none() {
        instance.anchor = anchor_date.map(|date| date.day());
    }
    if begins_later {
        return;
    }
    match cell(row, "state") {
        Some(word) => open_as_given(instance, word, from, notes),
        None if instance.prepaid => derive(instance, from, notes),
        None => instance.state = State::Running,
    }
}

fn open_as_given(instance: &mut Instance, word: &str, from: Date, notes: &Notes) {
    instance.state = State::parse(word);
    notes.reached(match instance.state {
        State::Running => "open/given-running",
        State::Overdue => "open/given-overdue",
        State::Reclaimed if instance.returned => "open/given-returned",
        State::Reclaimed => "open/given-reclaimed",
        State::Stopped => "open/given-stopped",
        State::Terminated => "open/given-terminated",
        State::Absent => unreachable!("no word means absent"),
    });
    let past = instance.expires_on.is_some_and(|expiry| expiry < from);
    notes.reached_if(past && instance.state == State::Running, "open/given-running-past-expiry");
    let in_bin = instance.state == State::Reclaimed;
    notes.reached_if(in_bin && !past, "open/given-reclaimed-before-expiry");
}

/// A prepaid state "as if nothing had been paid since" (formats.md, state; model.md, derived-state).
fn derive(instance: &mut Instance, from: Date, notes: &Notes) {
    let expiry = instance.expiry();
    let reclaiming = plus_days(expiry, instance.profile.suspend_after_days);
    if expiry >= from {
        notes.reached("open/derived-running");
        instance.state = State::Running;
    } else if from <= reclaiming {
        notes.reached("open/derived-overdue");
        instance.state = State::Overdue;
    } else {
        notes.reached("open/derived-reclaimed");
        instance.state = State::Reclaimed;
        instance.since = Some(reclaiming);
        assert!(instance.release_day() >= from, "a derived row is not past its release");
    }
}

fn action(row: &Row) -> Action {
    let word = |column| cell(row, column).map(str::to_owned);
    Action {
        date: parse_date(required(row, "date")),
        name: required(row, "action").to_owned(),
        account: word("account_id"),
        instance: word("instance_id"),
        selector: cell(row, "where").map(parse_selector),
        amount: fraction(row, "amount"),
        months: number(row, "months"),
        day: number(row, "day"),
        flag: word("flag"),
        price: word("price"),
        note: cell(row, "note").unwrap_or("").to_owned(),
    }
}
