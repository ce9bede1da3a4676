//! Rows → the text of a book's files. Nothing is decided here.

use std::collections::{BTreeMap, BTreeSet};

use super::account::Amounts;
use super::listing::ListedInstance;
use crate::input::cell;
use crate::input::import::options::{DEFAULT_PROFILE, Options};
use crate::input::shown::Shown;
use crate::model::calendar::Day;
use crate::model::id::AccountId;
use crate::model::instance::{RenewFlag, State};
use crate::model::money::Currency;

/// The columns of `instances.csv` before the tags.
const COLUMNS: &[&str] = &[
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
    "monthly_price",
    "hourly_price",
    "expires_on",
    "state",
    "since",
    "returned",
];

/// A row of `prices.csv` with both prices to fill in.
#[derive(Debug)]
pub(in crate::input::import) struct BlankPrice {
    product: String,
    instance_type: String,
    region: String,
}

/// The prices that the rows need, by product, type and region.
pub(in crate::input::import) fn prices(rows: &[ListedInstance]) -> Vec<BlankPrice> {
    // What is gone is never renewed: its price is not asked for.
    let here = rows
        .iter()
        .filter(|row| row.begins.state != Some(State::Terminated));
    let needed: BTreeSet<(&str, &str, &str)> = here
        .map(|row| {
            (
                row.product.as_str(),
                row.instance_type.as_str(),
                row.region.as_str(),
            )
        })
        .collect();
    let row = |(product, instance_type, region): (&str, &str, &str)| BlankPrice {
        product: product.to_owned(),
        instance_type: instance_type.to_owned(),
        region: region.to_owned(),
    };
    needed.into_iter().map(row).collect()
}

/// The text of `book.toml`; what is left to do is one line each.
pub(in crate::input::import) fn settings(
    products: &[String],
    to_do: &[String],
    options: &Options,
) -> String {
    let mut text = String::from(
        "# Made by `renewcast import tencent` from answers of the cloud's interface.\n",
    );
    text.push_str("# An instance whose price differs from its type's, for its disks or its bandwidth, takes its own\n");
    text.push_str("# monthly_price or hourly_price in instances.csv.\n");
    if !to_do.is_empty() {
        text.push_str("#\n# Left to do:\n");
        text.extend(
            to_do
                .iter()
                .map(|sentence| format!("# - {}\n", Shown::visible(sentence))),
        );
    }
    text.push_str(&format!(
        "\nname = {}\nfrom = {}\nto = {}\ntime_zone = \"{}\"\ncurrency = \"{}\"\nprofile = \"{DEFAULT_PROFILE}\"\n",
        toml::Value::from(options.name.as_str()),
        options.from,
        options.to,
        options.zone.name(),
        options.currency
    ));
    text + &product_profiles(products, options)
}

fn product_profiles(products: &[String], options: &Options) -> String {
    let profiles: toml::Table = products
        .iter()
        .filter_map(|product| Some((product.clone(), &options.own_profile(product)?.name)))
        .filter(|(_, profile)| *profile != DEFAULT_PROFILE)
        .map(|(product, profile)| (product, toml::Value::from(profile.as_str())))
        .collect();
    if profiles.is_empty() {
        String::new()
    } else {
        format!("\n[product_profiles]\n{profiles}")
    }
}

/// The text of `instances.csv`.
pub(in crate::input::import) fn instances_csv(
    rows: &[ListedInstance],
    owner: &AccountId,
) -> String {
    let tags: BTreeSet<&str> = rows
        .iter()
        .flat_map(|row| row.tags.keys().map(String::as_str))
        .collect();
    let header = COLUMNS
        .iter()
        .map(|column| (*column).to_owned())
        .chain(tags.iter().map(|key| format!("tag:{key}")));
    let records = rows.iter().map(|row| {
        let tag = |key: &&str| row.tags.get(*key).cloned().unwrap_or_default();
        cells(row, owner)
            .into_iter()
            .chain(tags.iter().map(tag))
            .collect()
    });
    csv(header.collect(), records)
}

fn cells(row: &ListedInstance, owner: &AccountId) -> Vec<String> {
    let day = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
    let begins = row.begins;
    vec![
        row.id.clone(),
        owner.to_string(),
        row.product.clone(),
        row.instance_type.clone(),
        row.region.clone(),
        row.zone.clone(),
        row.project.clone(),
        row.name.clone(),
        row.charge.name().to_owned(),
        row.renew_flag
            .map(RenewFlag::name)
            .unwrap_or_default()
            .to_owned(),
        row.renew_months
            .map(|months| months.to_string())
            .unwrap_or_default(),
        String::new(),
        String::new(),
        day(row.expires_on),
        begins.state.map(State::name).unwrap_or_default().to_owned(),
        day(begins.since),
        if begins.returned {
            "true".to_owned()
        } else {
            String::new()
        },
    ]
}

/// The text of `accounts.csv`.
pub(in crate::input::import) fn accounts_csv(
    accounts: &BTreeMap<AccountId, Option<Amounts>>,
    currency: Currency,
) -> String {
    let header = [
        "account_id",
        "cash",
        "free_credit",
        "frozen",
        "credit_limit",
    ]
    .map(str::to_owned)
    .to_vec();
    let records = accounts.iter().map(|(id, amounts)| {
        let cells =
            amounts.map(|amounts| amounts.map(|(_, amount)| amount.display(currency).to_string()));
        let cells = cells.unwrap_or_default();
        std::iter::once(id.to_string()).chain(cells).collect()
    });
    csv(header, records)
}

/// The text of `prices.csv`.
pub(in crate::input::import) fn prices_csv(prices: &[BlankPrice]) -> String {
    let header = [
        "product",
        "instance_type",
        "region",
        "monthly_price",
        "hourly_price",
    ]
    .map(str::to_owned)
    .to_vec();
    let records = prices.iter().map(|row| {
        vec![
            row.product.clone(),
            row.instance_type.clone(),
            row.region.clone(),
            String::new(),
            String::new(),
        ]
    });
    csv(header, records)
}

fn csv(header: Vec<String>, records: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in std::iter::once(header).chain(records) {
        let cells = record.iter().map(|text| cell::written(text).into_owned());
        writer
            .write_record(cells)
            .expect("all records of a file have its columns, and memory takes them");
    }
    let bytes = writer
        .into_inner()
        .expect("writing to memory does not fail");
    String::from_utf8(bytes).expect("texts stay texts in CSV")
}
