//! What a sample book rents: products, types, regions and environments of `catalogue.toml`, and the price list
//! `prices.csv`. Nothing is drawn here.

use std::sync::LazyLock;

use serde::Deserialize;

use super::row::{Maybe, price_cell, push_row};

/// The lists of `catalogue.toml`.
#[derive(Deserialize)]
pub(super) struct Catalogue {
    pub(super) departments: Vec<String>,
    pub(super) projects: Vec<String>,
    pub(super) regions: Vec<Region>,
    pub(super) environments: Vec<Environment>,
    pub(super) products: Vec<Product>,
    pub(super) selective_actions: Vec<SelectiveAction>,
}

/// An action that selects many instances. Its price or day of the month is drawn.
#[derive(Deserialize)]
pub(super) struct SelectiveAction {
    /// Its day, in permille of the run.
    pub(super) permille: i64,
    pub(super) verb: String,
    /// Whether it is for the first account only.
    #[serde(default)]
    pub(super) first_account: bool,
    /// The condition of its instances, in which `{soon}` is a day early in the run.
    pub(super) condition: String,
    pub(super) months: Option<i64>,
    #[serde(default)]
    pub(super) flag: String,
    pub(super) note: String,
}

/// A product.
#[derive(Deserialize)]
pub(super) struct Product {
    /// Its name in `instances.csv`.
    pub(super) name: String,
    /// The built-in profile that it follows; none for the default one.
    profile: Option<String>,
    /// How the ids of its instances begin.
    pub(super) id_prefix: String,
    /// Its share of all instances, in permille.
    pub(super) share: u64,
    /// Whether it can be charged by the hour.
    pub(super) hourly: bool,
    /// Its types, from cheap to dear.
    pub(super) types: Vec<CatalogueType>,
    /// What its instances are named after.
    pub(super) roles: Vec<String>,
}

/// An instance type with its list prices in the mainland, in ten-thousandths of a yuan.
#[derive(Deserialize)]
pub(super) struct CatalogueType {
    pub(super) name: String,
    pub(super) monthly: i64,
    pub(super) hourly: i64,
}

/// A region.
#[derive(Deserialize)]
pub(super) struct Region {
    pub(super) name: String,
    /// Its share of all instances, in permille.
    pub(super) share: u64,
    /// The number of its zones.
    pub(super) zones: i64,
    /// Its prices in permille of those of the mainland.
    price_level: i64,
}

/// What an instance is for, with the weights of its renew flags.
#[derive(Deserialize)]
pub(super) struct Environment {
    pub(super) name: String,
    /// Its share of all instances, in permille.
    pub(super) share: u64,
    pub(super) auto: u64,
    pub(super) manual: u64,
    pub(super) none: u64,
    /// The number of draws of which the cheapest type counts.
    pub(super) draws: u64,
}

/// The price level of the mainland.
const MAINLAND: i64 = 1000;

/// All there is to rent.
pub(super) static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    toml::from_str(include_str!("catalogue.toml")).expect("the program's own lists have their form")
});

impl Region {
    /// A price of the mainland in this region.
    pub(super) fn local_price(&self, mainland: i64) -> i64 {
        mainland * self.price_level / MAINLAND
    }
}

/// The entries of `[product_profiles]`, one a line.
pub(super) fn product_profiles() -> String {
    let mut text = String::new();
    for Product { name, profile, .. } in &CATALOGUE.products {
        if let Some(profile) = profile {
            text.push_str(&format!("{name} = \"{profile}\"\n"));
        }
    }
    text
}

/// `prices.csv`: the mainland's prices for any region, then those of the regions that differ.
pub(super) fn price_list() -> Vec<u8> {
    let mut out = b"product,instance_type,region,monthly_price,hourly_price\n".to_vec();
    let regions = CATALOGUE.regions.iter();
    let differing = regions.filter(|region| region.price_level != MAINLAND);
    for region in std::iter::once(None).chain(differing.map(Some)) {
        for product in &CATALOGUE.products {
            for one in &product.types {
                let [monthly, hourly] = [one.monthly, one.hourly]
                    .map(|mainland| region.map_or(mainland, |region| region.local_price(mainland)));
                let hourly = product.hourly.then(|| price_cell(hourly));
                let region = region.map_or("", |region| &region.name);
                let (monthly, hourly) = (price_cell(monthly), Maybe(hourly));
                push_row(
                    &mut out,
                    &[&product.name, &one.name, &region, &monthly, &hourly],
                );
            }
        }
    }
    out
}
