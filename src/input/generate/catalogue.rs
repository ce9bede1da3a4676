//! What a generated book rents: products, types, regions, and the price list `prices.csv`.
//!
//! Prices are in ten-thousandths of a yuan. Where Tencent Cloud printed one it is used (CVM 价格总览, 2021-05-31, and its like);
//! the others are scaled from those. No life-cycle rule stands here: a product only names its profile.

use super::row::RowText;

/// A product.
pub(super) struct Product {
    /// Its name in `instances.csv`.
    pub(super) name: &'static str,
    /// The built-in profile that it follows; none for the default one.
    profile: Option<&'static str>,
    /// How the ids of its instances begin.
    pub(super) id_prefix: &'static str,
    /// Its share of all instances, in permille.
    pub(super) share: u64,
    /// Whether it can be charged by the hour.
    pub(super) hourly: bool,
    /// Its types, from cheap to dear.
    pub(super) types: &'static [CatalogueType],
    /// What its instances are named after.
    pub(super) roles: &'static [&'static str],
}

/// An instance type with its list prices in the mainland.
pub(super) struct CatalogueType {
    /// Its name.
    pub(super) name: &'static str,
    monthly: i64,
    hourly: i64,
}

/// A region.
pub(super) struct Region {
    /// Its name.
    pub(super) name: &'static str,
    /// Its share of all instances, in permille.
    pub(super) share: u64,
    /// The number of its zones.
    pub(super) zones: i64,
    /// Its prices in permille of those of the mainland.
    price_level: i64,
}

impl CatalogueType {
    const fn with_prices(name: &'static str, monthly: i64, hourly: i64) -> Self {
        Self {
            name,
            monthly,
            hourly,
        }
    }

    /// The list price of a month in a region.
    pub(super) fn monthly_in(&self, region: &Region) -> i64 {
        self.monthly * region.price_level / MAINLAND
    }

    /// The list price of an hour in a region.
    pub(super) fn hourly_in(&self, region: &Region) -> i64 {
        self.hourly * region.price_level / MAINLAND
    }
}

/// The price level of the mainland.
const MAINLAND: i64 = 1000;

/// The regions.
pub(super) const REGIONS: &[Region] = &[
    Region {
        name: "ap-guangzhou",
        share: 380,
        zones: 7,
        price_level: MAINLAND,
    },
    Region {
        name: "ap-shanghai",
        share: 270,
        zones: 5,
        price_level: MAINLAND,
    },
    Region {
        name: "ap-beijing",
        share: 200,
        zones: 7,
        price_level: MAINLAND,
    },
    Region {
        name: "ap-singapore",
        share: 100,
        zones: 4,
        price_level: 1250,
    },
    Region {
        name: "ap-hongkong",
        share: 50,
        zones: 3,
        price_level: 1100,
    },
];

/// The products.
pub(super) const PRODUCTS: &[Product] = &[
    Product {
        name: "cvm",
        profile: None,
        id_prefix: "ins-",
        share: 750,
        hourly: true,
        types: CVM,
        roles: &["web", "api", "job", "batch", "search", "gateway", "build"],
    },
    Product {
        name: "cbs",
        profile: Some("tencent-cbs"),
        id_prefix: "disk-",
        share: 100,
        hourly: true,
        types: CBS,
        roles: &["data", "log", "backup"],
    },
    Product {
        name: "mysql",
        profile: Some("tencent-mysql"),
        id_prefix: "cdb-",
        share: 70,
        hourly: true,
        types: MYSQL,
        roles: &["orders-db", "users-db", "stock-db", "report-db"],
    },
    Product {
        name: "redis",
        profile: Some("tencent-redis"),
        id_prefix: "crs-",
        share: 50,
        hourly: true,
        types: REDIS,
        roles: &["session", "cache", "queue"],
    },
    Product {
        name: "lighthouse",
        profile: Some("tencent-lighthouse"),
        id_prefix: "lhins-",
        share: 30,
        hourly: false,
        types: LIGHTHOUSE,
        roles: &["site", "demo", "blog"],
    },
];

const CVM: &[CatalogueType] = &[
    CatalogueType::with_prices("S2.SMALL1", 590_000, 1_900),
    CatalogueType::with_prices("S2.SMALL2", 600_000, 2_000),
    CatalogueType::with_prices("SA2.MEDIUM4", 960_000, 3_000),
    CatalogueType::with_prices("S2.MEDIUM4", 1_020_000, 3_200),
    CatalogueType::with_prices("S5.MEDIUM4", 1_180_000, 3_675),
    CatalogueType::with_prices("S5.MEDIUM8", 1_725_000, 5_300),
    CatalogueType::with_prices("SA2.LARGE8", 1_920_000, 5_850),
    CatalogueType::with_prices("S5.LARGE8", 2_360_000, 7_350),
    CatalogueType::with_prices("S5.LARGE16", 3_450_000, 10_600),
    CatalogueType::with_prices("S5.2XLARGE16", 4_720_000, 14_700),
    CatalogueType::with_prices("S5.2XLARGE32", 6_900_000, 21_200),
    CatalogueType::with_prices("S5.4XLARGE32", 9_440_000, 29_400),
    CatalogueType::with_prices("S5.4XLARGE64", 13_800_000, 42_400),
    CatalogueType::with_prices("GN7.2XLARGE32", 22_500_000, 78_100),
    CatalogueType::with_prices("S5.16XLARGE256", 88_845_000, 160_900),
];

const CBS: &[CatalogueType] = &[
    CatalogueType::with_prices("CLOUD_PREMIUM.50G", 175_000, 450),
    CatalogueType::with_prices("CLOUD_PREMIUM.100G", 350_000, 900),
    CatalogueType::with_prices("CLOUD_SSD.100G", 1_000_000, 2_500),
    CatalogueType::with_prices("CLOUD_PREMIUM.500G", 1_750_000, 4_500),
    CatalogueType::with_prices("CLOUD_HSSD.200G", 2_000_000, 4_200),
    CatalogueType::with_prices("CLOUD_SSD.500G", 5_000_000, 12_500),
];

const MYSQL: &[CatalogueType] = &[
    CatalogueType::with_prices("mysql.1C1000MB", 1_020_000, 2_833),
    CatalogueType::with_prices("mysql.1C2000MB", 2_040_000, 5_667),
    CatalogueType::with_prices("mysql.2C4000MB", 4_080_000, 11_333),
    CatalogueType::with_prices("mysql.4C8000MB", 8_160_000, 22_667),
    CatalogueType::with_prices("mysql.8C16000MB", 16_320_000, 45_333),
];

const REDIS: &[CatalogueType] = &[
    CatalogueType::with_prices("redis.1G", 660_000, 1_833),
    CatalogueType::with_prices("redis.2G", 1_200_000, 3_333),
    CatalogueType::with_prices("redis.4G", 2_300_000, 6_389),
    CatalogueType::with_prices("redis.8G", 4_500_000, 12_500),
    CatalogueType::with_prices("redis.16G", 8_800_000, 24_444),
];

/// Bundles are prepaid: they have no price of an hour.
const LIGHTHOUSE: &[CatalogueType] = &[
    CatalogueType::with_prices("bundle.1C1G", 400_000, 0),
    CatalogueType::with_prices("bundle.1C2G", 500_000, 0),
    CatalogueType::with_prices("bundle.1C2G.60G", 900_000, 0),
    CatalogueType::with_prices("bundle.2C4G", 1_400_000, 0),
    CatalogueType::with_prices("bundle.4C8G", 2_550_000, 0),
    CatalogueType::with_prices("bundle.4C16G", 3_500_000, 0),
];

/// The entries of `[product_profiles]`, one a line.
pub(super) fn product_profiles() -> String {
    let named = PRODUCTS
        .iter()
        .filter_map(|product| Some((product.name, product.profile?)));
    named
        .map(|(product, profile)| format!("{product} = \"{profile}\"\n"))
        .collect()
}

/// `prices.csv`: the mainland's prices for any region, then those of the regions that differ.
pub(super) fn price_list() -> Vec<u8> {
    let mut out = b"product,instance_type,region,monthly_price,hourly_price\n".to_vec();
    let differing = REGIONS
        .iter()
        .filter(|region| region.price_level != MAINLAND);
    for region in std::iter::once(None).chain(differing.map(Some)) {
        for product in PRODUCTS {
            product
                .types
                .iter()
                .for_each(|one| price_row(&mut out, product, one, region));
        }
    }
    out
}

fn price_row(out: &mut Vec<u8>, product: &Product, one: &CatalogueType, region: Option<&Region>) {
    let monthly = region.map_or(one.monthly, |region| one.monthly_in(region));
    let hourly = region.map_or(one.hourly, |region| one.hourly_in(region));
    let row = RowText::new(out)
        .push_text(product.name)
        .push_text(one.name)
        .push_text(region.map_or("", |region| region.name));
    row.price(monthly)
        .maybe(product.hourly.then_some(hourly), RowText::price)
        .end();
}
