//! Reads a valid book from the text of its files (docs/spec/formats.md, A book). Never checks what a valid book keeps.

use std::collections::BTreeMap;

use chrono::Datelike;
use toml::Table;

use super::dates::{Date, days_between, is_weekend, parse_date, plus_days, plus_working_days};
use super::number::Fraction;
use super::price::{ListPrice, Wanted, look_up};
use super::profile::{Profile, Profiles};
use super::rules::Notes;
use super::selector::{Condition, parse_selector};
use super::state::{Account, Instance, Order, Returns, State, Voucher};

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
    pub(crate) vouchers: Vec<Voucher>,
    /// By account, product and year.
    pub(crate) returns: BTreeMap<(usize, String, i32), Returns>,
}

/// A row of actions.csv.
pub(crate) struct Action {
    /// The day on which it counts.
    pub(crate) date: Date,
    /// Of a top-up with a channel: when it was sent, and by which.
    pub(crate) sent: Option<(Date, String)>,
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
    pub(crate) instance_type: Option<String>,
    pub(crate) voucher: Option<String>,
    pub(crate) valid_to: Option<Date>,
    /// Empty: any.
    pub(crate) products: Vec<String>,
    pub(crate) pay_mode: Option<String>,
    pub(crate) min_order: Option<Fraction>,
    pub(crate) note: String,
}

type Row = BTreeMap<String, String>;

pub(crate) fn read(
    files: &BTreeMap<String, String>,
    builtin_profiles: &str,
    notes: &Notes,
) -> Book {
    let settings = Settings::read(files, builtin_profiles);
    let accounts = accounts(&settings, &records(files, "accounts.csv"), notes);
    let instances = instances(&settings, files, &accounts, notes);
    let default_profile = settings.profiles.get(&settings.default_profile, notes);
    let actions = records(files, "actions.csv")
        .iter()
        .map(|row| action(&settings, &default_profile, row, notes))
        .collect();
    Book {
        from: settings.from,
        to: settings.to,
        vouchers: records(files, "vouchers.csv")
            .iter()
            .map(|row| voucher(&accounts, row))
            .collect(),
        returns: records(files, "returns.csv")
            .iter()
            .map(|row| returns(&accounts, row))
            .collect(),
        default_profile,
        accounts,
        instances,
        actions,
    }
}

/// book.toml, and the profiles that it chooses from.
struct Settings {
    from: Date,
    to: Date,
    currency: String,
    default_profile: String,
    product_profiles: BTreeMap<String, String>,
    holidays: Vec<Date>,
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
            holidays: holidays(&book),
            profiles: Profiles::read(builtin_profiles, own),
        }
    }

    fn profile_of(&self, product: &str, notes: &Notes) -> Profile {
        let chosen = self.product_profiles.get(product);
        notes.reached_if(chosen.is_some(), "profile/of-the-product");
        notes.reached_if(chosen.is_none(), "profile/default");
        self.profiles
            .get(chosen.unwrap_or(&self.default_profile), notes)
    }
}

fn product_profiles(book: &Table) -> BTreeMap<String, String> {
    let Some(table) = book.get("product_profiles") else {
        return BTreeMap::new();
    };
    let table = table.as_table().expect("`product_profiles` is a table");
    table
        .iter()
        .map(|(product, profile)| (product.clone(), text(profile)))
        .collect()
}

fn holidays(book: &Table) -> Vec<Date> {
    let listed = book
        .get("holidays")
        .map(|days| days.as_array().expect("`holidays` is a list"));
    listed
        .into_iter()
        .flatten()
        .map(|day| parse_date(&text(day)))
        .collect()
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
    reader
        .deserialize()
        .map(|row| row.expect("a CSV row"))
        .collect()
}

/// A cell's text; empty means absent (**csv-shape**).
fn cell<'a>(row: &'a Row, column: &str) -> Option<&'a str> {
    row.get(column)
        .map(String::as_str)
        .filter(|text| !text.is_empty())
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

/// Minor digits of a currency (**one-currency**).
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
    let prices: Vec<ListPrice> = records(files, "prices.csv")
        .iter()
        .map(list_price)
        .collect();
    let mut instances = Vec::new();
    for row in records(files, "instances.csv") {
        let account = place_of(accounts, &row);
        let mut instance = instance(settings, &row, account, notes);
        fill_prices(&mut instance, &prices, notes);
        open(&mut instance, &row, settings.from, notes);
        instances.push(instance);
    }
    instances.sort_by(|left, right| left.id.cmp(&right.id));
    for row in records(files, "orders.csv") {
        let id = required(&row, "instance_id");
        let instance = instances
            .iter_mut()
            .find(|instance| instance.id == id)
            .expect("an instance of the book");
        instance
            .orders
            .push(order(&row, accounts[instance.account].digits));
    }
    instances
}

fn order(row: &Row, digits: u32) -> Order {
    let amount = |column| fraction(row, column).map_or(0, |amount| amount.minor_units(digits));
    Order {
        start: parse_date(required(row, "term_start")),
        end: parse_date(required(row, "term_end")),
        months: number(row, "months"),
        free_credit: amount("free_credit"),
        cash: amount("cash"),
        new: cell(row, "new") == Some("true"),
    }
}

fn place_of(accounts: &[Account], row: &Row) -> usize {
    let owner = required(row, "account_id");
    accounts
        .iter()
        .position(|account| account.id == owner)
        .expect("an account of the book")
}

fn voucher(accounts: &[Account], row: &Row) -> Voucher {
    let account = place_of(accounts, row);
    let amount =
        |column| fraction(row, column).map(|amount| amount.minor_units(accounts[account].digits));
    Voucher {
        id: required(row, "voucher_id").to_owned(),
        account,
        left: amount("amount").expect("a voucher has an amount"),
        valid_from: parse_date(required(row, "valid_from")),
        valid_to: parse_date(required(row, "valid_to")),
        products: products(row),
        pay_mode: cell(row, "pay_mode").map(str::to_owned),
        min_order: amount("min_order"),
    }
}

/// A list with `;`.
fn products(row: &Row) -> Vec<String> {
    cell(row, "products").map_or(Vec::new(), |list| {
        list.split(';').map(str::to_owned).collect()
    })
}

fn returns(accounts: &[Account], row: &Row) -> ((usize, String, i32), Returns) {
    let year = number(row, "year").expect("a year");
    let key = (
        place_of(accounts, row),
        required(row, "product").to_owned(),
        year,
    );
    let count = |column| number(row, column).unwrap_or(0);
    (
        key,
        Returns {
            all: count("returns"),
            full: count("full_returns"),
        },
    )
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
        stopped_by: stopped_by(row),
        billed_hours: number(row, "billed_hours").unwrap_or(0),
        downgrades: number(row, "downgrades").unwrap_or(0),
        orders: Vec::new(),
        profile,
    }
}

/// Arrears are the default of a stopped instance (docs/spec/formats.md).
fn stopped_by(row: &Row) -> Option<&'static str> {
    match (cell(row, "state"), cell(row, "stopped_by")) {
        (Some("stopped"), Some("user")) => Some("user"),
        (Some("stopped"), _) => Some("arrears"),
        _ => None,
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

/// An empty price cell takes the most specific row, for both prices (**price-lookup**).
fn fill_prices(instance: &mut Instance, prices: &[ListPrice], notes: &Notes) {
    let label = |column: &str| instance.cells.get(column).map_or("", String::as_str);
    let wanted = Wanted {
        product: label("product"),
        instance_type: label("instance_type"),
        region: label("region"),
    };
    let found = |price| look_up(prices, &wanted, price, notes);
    instance.monthly_price = instance.monthly_price.or_else(|| found(|row| row.monthly));
    instance.hourly_price = instance.hourly_price.or_else(|| found(|row| row.hourly));
}

/// The opening state, its day and the anchor (**derived-state**, **given-state**).
fn open(instance: &mut Instance, row: &Row, from: Date, notes: &Notes) {
    let begins_later = instance.starts_on.is_some_and(|start| start >= from);
    notes.reached_if(
        instance.starts_on.is_some() && !begins_later,
        "open/past-start-says-nothing",
    );
    notes.reached_if(instance.anchor.is_some(), "open/anchor-given");
    // The anchor is fixed when the book is read (**anchor**).
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
    notes.reached_if(
        past && instance.state == State::Running,
        "open/given-running-past-expiry",
    );
    let in_bin = instance.state == State::Reclaimed;
    notes.reached_if(in_bin && !past, "open/given-reclaimed-before-expiry");
}

/// The state of a prepaid row that gives none (**derived-state**).
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
        assert!(
            instance.release_day() >= from,
            "a derived row is not past its release"
        );
    }
}

fn action(settings: &Settings, profile: &Profile, row: &Row, notes: &Notes) -> Action {
    let word = |column| cell(row, column).map(str::to_owned);
    let date = parse_date(required(row, "date"));
    let channel = word("channel");
    Action {
        date: channel.as_ref().map_or(date, |channel| {
            arrival(settings, profile, date, channel, notes)
        }),
        sent: channel.map(|channel| (date, channel)),
        name: required(row, "action").to_owned(),
        account: word("account_id"),
        instance: word("instance_id"),
        selector: cell(row, "where").map(parse_selector),
        amount: fraction(row, "amount"),
        months: number(row, "months"),
        day: number(row, "day"),
        flag: word("flag"),
        price: word("price"),
        instance_type: word("instance_type"),
        voucher: word("voucher_id"),
        valid_to: self::date(row, "valid_to"),
        products: products(row),
        pay_mode: word("pay_mode"),
        min_order: fraction(row, "min_order"),
        note: cell(row, "note").unwrap_or("").to_owned(),
    }
}

/// A top-up with a channel counts on the day on which it arrives (**arrival**).
fn arrival(
    settings: &Settings,
    profile: &Profile,
    sent: Date,
    channel: &str,
    notes: &Notes,
) -> Date {
    let days = match channel {
        "online" => profile.online_topup_days,
        "bank" => profile.bank_topup_days,
        other => panic!("unknown channel {other}"),
    };
    let arrives = plus_working_days(sent, days, &settings.holidays);
    let on_the_way: Vec<Date> = (1..days_between(sent, arrives))
        .map(|day| plus_days(sent, day))
        .collect();
    let (from, to) = (settings.from, settings.to);
    notes.reached_if(days == 0, "topup/arrives-at-once");
    notes.reached_if(
        days == 0 && is_weekend(sent),
        "topup/arrives-at-once-at-a-weekend",
    );
    notes.reached_if(
        on_the_way.iter().any(|&day| is_weekend(day)),
        "topup/over-a-weekend",
    );
    let holiday = |day: &&Date| settings.holidays.contains(day) && !is_weekend(**day);
    notes.reached_if(
        on_the_way.iter().any(|day| holiday(&day)),
        "topup/over-a-holiday",
    );
    notes.reached_if(
        sent < from && (from..=to).contains(&arrives),
        "topup/sent-before-the-run",
    );
    notes.reached_if(
        (from..=to).contains(&sent) && arrives > to,
        "topup/arrives-after-the-run",
    );
    notes.reached_if(channel == "bank", "topup/by-bank");
    notes.reached_if(channel == "online", "topup/online");
    arrives
}
