//! The price list of a book: which row of `prices.csv` an instance takes.
//!
//! The most specific row wins: type, region and product; then type and region; then type and product; then type alone.
//! A row without the price asked for does not count.

use std::collections::BTreeMap;

use crate::model::id::Label;
use crate::model::money::Price;

/// Which of the two prices is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceKind {
    /// The list price of a month.
    Monthly,
    /// The list price of an hour.
    Hourly,
}

impl PriceKind {
    /// The column that holds it.
    pub fn column(self) -> &'static str {
        match self {
            Self::Monthly => "monthly_price",
            Self::Hourly => "hourly_price",
        }
    }
}

/// One row of `prices.csv`. An empty product or region matches any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceRow {
    /// The product, or any.
    pub product: Option<Label>,
    /// The instance type.
    pub instance_type: Label,
    /// The region, or any.
    pub region: Option<Label>,
    /// The list price of a month.
    pub monthly: Option<Price>,
    /// The list price of an hour.
    pub hourly: Option<Price>,
}

impl PriceRow {
    fn price(&self, kind: PriceKind) -> Option<Price> {
        match kind {
            PriceKind::Monthly => self.monthly,
            PriceKind::Hourly => self.hourly,
        }
    }
}

/// The labels that decide an instance's price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priced {
    /// Its product.
    pub product: Label,
    /// Its type.
    pub instance_type: Label,
    /// Its region.
    pub region: Option<Label>,
}

/// Two rows that fit equally well, by their numbers in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ambiguous {
    /// The earlier row.
    pub first: usize,
    /// The later row.
    pub second: usize,
}

/// What a row is about: type, region and product.
type Fit = (Label, Option<Label>, Option<Label>);

/// Rows by what they are about: the first, and the second if there are two that are equally good.
type Index = BTreeMap<Fit, (usize, Option<usize>)>;

/// All rows of `prices.csv`.
#[derive(Clone, Debug, Default)]
pub struct PriceList {
    rows: Vec<PriceRow>,
    monthly: Index,
    hourly: Index,
}

impl PriceList {
    /// The list of these rows, in file order.
    pub fn new(rows: Vec<PriceRow>) -> Self {
        let index = |kind: PriceKind| {
            let mut index = Index::new();
            for (number, row) in rows
                .iter()
                .enumerate()
                .filter(|(_, row)| row.price(kind).is_some())
            {
                let first = index.entry((row.instance_type, row.region, row.product));
                first
                    .and_modify(|(_, second)| *second = second.or(Some(number)))
                    .or_insert((number, None));
            }
            index
        };
        Self {
            monthly: index(PriceKind::Monthly),
            hourly: index(PriceKind::Hourly),
            rows,
        }
    }

    /// The price of the most specific row that fits, or none.
    ///
    /// # Errors
    /// Two rows fit equally well.
    pub fn look_up(&self, priced: Priced, kind: PriceKind) -> Result<Option<Price>, Ambiguous> {
        let index = match kind {
            PriceKind::Monthly => &self.monthly,
            PriceKind::Hourly => &self.hourly,
        };
        let Priced {
            product,
            instance_type,
            region,
        } = priced;
        let with_region =
            region.map(|region| [(Some(region), Some(product)), (Some(region), None)]);
        let fits = with_region
            .into_iter()
            .flatten()
            .chain([(None, Some(product)), (None, None)]);
        let mut best =
            fits.filter_map(|(region, product)| index.get(&(instance_type, region, product)));
        match best.next() {
            Some(&(first, Some(second))) => Err(Ambiguous { first, second }),
            Some(&(first, None)) => Ok(self.rows[first].price(kind)),
            None => Ok(None),
        }
    }
}
