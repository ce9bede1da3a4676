//! The tables of a book that an import makes or fills, and what people still have to fill in. Nothing here reads a
//! response or a bill.

use std::collections::{BTreeMap, BTreeSet};

use super::accounts::AccountTable;
use super::document::EditedTable;
use super::inventory::listing::ListedInstance;
use super::options::{DEFAULT_PROFILE, Options};
use crate::input::shown::Shown;
use crate::model::id::AccountId;
use crate::model::instance::{ChargeType, RenewFlag, State};
use crate::model::money::Currency;

/// The tables of a book by file name.
pub(crate) type BookTables = BTreeMap<String, EditedTable>;

pub(crate) const INSTANCES: &str = "instances.csv";
pub(crate) const ACCOUNTS: &str = "accounts.csv";
pub(crate) const PRICES: &str = "prices.csv";
pub(crate) const ORDERS: &str = "orders.csv";

/// The columns of `prices.csv`.
pub(crate) const PRICE_COLUMNS: &[&str] = &[
    "product",
    "instance_type",
    "region",
    MONTHLY_PRICE,
    HOURLY_PRICE,
];
pub(crate) const MONTHLY_PRICE: &str = "monthly_price";
const HOURLY_PRICE: &str = "hourly_price";

/// What a price is for: the first columns of `prices.csv`.
pub(crate) const PRICED: &[&str] = &["product", "instance_type", "region"];

/// The columns of `instances.csv` before the tags.
const INSTANCE_COLUMNS: &[&str] = &[
    "instance_id",
    "account_id",
    "product",
    "instance_type",
    "region",
    "zone",
    "project",
    "name",
    "charge_type",
    "renew_flag",
    "renew_months",
    MONTHLY_PRICE,
    HOURLY_PRICE,
    "expires_on",
    "state",
    "since",
    "returned",
];

/// The most lines of what is left to do; tens of thousands would make a file that is refused (**toml-limits**).
const MAX_NOTED: usize = 1_000;

/// The text of `book.toml`; what is left to do is one line each (**noted-to-do**).
pub(crate) fn settings(tables: &BookTables, to_do: &[String], options: &Options) -> String {
    let mut text = String::from(
        "# Made by `renewcast import tencent` from responses of the cloud's interface.\n\
         # An instance whose price differs from its type's, for its disks or its bandwidth, takes its own\n\
         # monthly_price or hourly_price in instances.csv.\n",
    );
    if !to_do.is_empty() {
        text.push_str("#\n# Left to do:\n");
    }
    for sentence in to_do.iter().take(MAX_NOTED) {
        text.push_str(&format!("# - {}\n", Shown::visible(sentence)));
    }
    if to_do.len() > MAX_NOTED {
        text.push_str(&format!("# - and {} more\n", to_do.len() - MAX_NOTED));
    }
    text + &format!(
        "\nname = {}\nfrom = {}\nto = {}\ntime_zone = \"{}\"\ncurrency = \"{}\"\nprofile = \"{DEFAULT_PROFILE}\"\n{}",
        toml::Value::from(options.name.as_str()),
        options.from,
        options.to,
        options.zone.name(),
        options.currency,
        product_profiles(tables, options)
    )
}

/// The profiles of products that do not follow the default one.
fn product_profiles(tables: &BookTables, options: &Options) -> String {
    let mut profiles = toml::Table::new();
    let instances = &tables[INSTANCES];
    for row in 0..instances.len() {
        let product = instances.get(row, "product");
        let own = options.own_profile(product);
        if let Some(own) = own.filter(|own| own.name != DEFAULT_PROFILE) {
            profiles.insert(product.to_owned(), own.name.as_str().into());
        }
    }
    if profiles.is_empty() {
        return String::new();
    }
    format!("\n[product_profiles]\n{profiles}")
}

/// `instances.csv`.
pub(crate) fn instance_table(rows: &[ListedInstance], owner: &AccountId) -> EditedTable {
    let tags: BTreeSet<&String> = rows.iter().flat_map(|row| row.tags.keys()).collect();
    let tags: Vec<String> = tags.into_iter().map(|key| format!("tag:{key}")).collect();
    let mut header = INSTANCE_COLUMNS.to_vec();
    header.extend(tags.iter().map(String::as_str));
    let mut table = EditedTable::with_header(&header);
    for row in rows {
        let opening = row.opening;
        let months = row.renew_months.map(|months| months.to_string());
        let expiry = row.expires_on.map(|day| day.to_string());
        let since = opening.since.map(|day| day.to_string());
        let number = table.push(&[
            ("instance_id", &row.id),
            ("account_id", owner.as_str()),
            ("product", &row.product),
            ("instance_type", &row.instance_type),
            ("region", &row.region),
            ("zone", &row.zone),
            ("project", &row.project),
            ("name", &row.name),
            ("charge_type", row.charge.name()),
            ("renew_flag", row.renew_flag.map_or("", RenewFlag::name)),
            ("renew_months", &months.unwrap_or_default()),
            ("expires_on", &expiry.unwrap_or_default()),
            ("state", opening.state.map_or("", State::name)),
            ("since", &since.unwrap_or_default()),
            ("returned", if opening.returned { "true" } else { "" }),
        ]);
        for (key, value) in &row.tags {
            table.set(number, &format!("tag:{key}"), value);
        }
    }
    table
}

/// `accounts.csv`.
pub(crate) fn account_table(accounts: &AccountTable, currency: Currency) -> EditedTable {
    let header = [
        "account_id",
        "cash",
        "free_credit",
        "frozen",
        "credit_limit",
    ];
    let mut table = EditedTable::with_header(&header);
    for (id, amounts) in &accounts.rows {
        let row = table.push(&[("account_id", id.as_str())]);
        for (column, text) in amounts.iter().flat_map(|amounts| amounts.cells(currency)) {
            table.set(row, column, &text);
        }
    }
    table
}

/// `prices.csv` with the prices that the rows need, to be filled in.
pub(crate) fn price_table(rows: &[ListedInstance]) -> EditedTable {
    let renewable = rows.iter().filter(|row| !row.is_terminated());
    let needed = renewable.map(|row| [&row.product, &row.instance_type, &row.region]);
    let mut table = EditedTable::with_header(PRICE_COLUMNS);
    for [product, instance_type, region] in needed.collect::<BTreeSet<_>>() {
        table.push(&[
            ("product", product),
            ("instance_type", instance_type),
            ("region", region),
        ]);
    }
    table
}

/// The column of the price that an instance takes from `prices.csv`; none if it has its own, or is gone.
pub(crate) fn open_price(instances: &EditedTable, row: usize) -> Option<&'static str> {
    let is_prepaid = instances.get(row, "charge_type") == ChargeType::Prepaid.name();
    let column = if is_prepaid {
        MONTHLY_PRICE
    } else {
        HOURLY_PRICE
    };
    let is_gone = instances.get(row, "state") == State::Terminated.name();
    (!is_gone && instances.get(row, column).is_empty()).then_some(column)
}

/// A sentence for each account whose cash is unknown.
pub(crate) fn unfunded(accounts: &EditedTable) -> Vec<String> {
    let empty = (0..accounts.len()).filter(|row| accounts.get(*row, "cash").is_empty());
    let ids = empty.map(|row| accounts.get(row, "account_id"));
    ids.map(|id| {
        format!("fill in cash of account {id} in accounts.csv: no response gives its balance, and an empty cell counts as 0")
    })
    .collect()
}

/// A sentence for each price that an instance still needs.
pub(crate) fn unpriced(tables: &BookTables) -> Vec<String> {
    let empty = EditedTable::default();
    let instances = &tables[INSTANCES];
    let prices = tables.get(PRICES).unwrap_or(&empty);
    let mut filled = BTreeSet::new();
    for row in 0..prices.len() {
        for column in [MONTHLY_PRICE, HOURLY_PRICE] {
            if !prices.get(row, column).is_empty() {
                filled.insert((column, prices.key(row, PRICED)));
            }
        }
    }
    let mut needed: BTreeMap<(Vec<String>, &str), Vec<&str>> = BTreeMap::new();
    for row in 0..instances.len() {
        let Some(column) = open_price(instances, row) else {
            continue;
        };
        let key = instances.key(row, PRICED);
        let [product, kind, region] = [&key[0], &key[1], &key[2]].map(String::as_str);
        // An empty cell of prices.csv means any product or region.
        let fitting = [(product, region), ("", region), (product, ""), ("", "")];
        let mut keys = fitting
            .iter()
            .map(|(product, region)| [*product, kind, *region]);
        if !keys.any(|key| filled.contains(&(column, key.map(str::to_owned).to_vec()))) {
            let ids = needed.entry((key, column)).or_default();
            ids.push(instances.get(row, "instance_id"));
        }
    }
    let needed = needed.into_iter();
    needed
        .map(|((key, column), ids)| ask_for_price(&key, column, &ids))
        .collect()
}

fn ask_for_price(key: &[String], column: &str, ids: &[&str]) -> String {
    let (product, instance_type, region) = (&key[0], &key[1], &key[2]);
    if instance_type.is_empty() {
        return format!("fill in {column} of {} in instances.csv", ids.join(", "));
    }
    let place = if region.is_empty() {
        String::new()
    } else {
        format!(" in {region}")
    };
    let count = ids.len();
    let noun = if count == 1 { "instance" } else { "instances" };
    format!("fill in {column} of {product} {instance_type}{place} ({count} {noun}) in prices.csv")
}
