//! The price list of a book: which row of `prices.csv` an instance takes.
//!
//! The most specific row wins: type, region and product; then type and region; then type and product; then type alone.
//! A row without the price asked for does not count.

use std::collections::BTreeMap;

use crate::id::Label;
use crate::money::Price;

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

/// All rows of `prices.csv`.
#[derive(Clone, Debug, Default)]
pub struct PriceList {
    rows: Vec<PriceRow>,
    by_type: BTreeMap<u32, Vec<usize>>,
}

impl PriceList {
    /// The list of these rows, in file order.
    pub fn new(rows: Vec<PriceRow>) -> Self {
        let mut by_type: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (number, row) in rows.iter().enumerate() {
            by_type.entry(row.instance_type.number()).or_default().push(number);
        }
        Self { rows, by_type }
    }

    /// The price of the most specific row that fits, or none.
    ///
    /// # Errors
    /// Two rows fit equally well.
    pub fn look_up(&self, priced: Priced, kind: PriceKind) -> Result<Option<Price>, Ambiguous> {
        let Some(candidates) = self.by_type.get(&priced.instance_type.number()) else { return Ok(None) };
        let fits = |row: &PriceRow| {
            row.product.is_none_or(|product| product == priced.product)
                && row.region.is_none_or(|region| Some(region) == priced.region)
                && row.price(kind).is_some()
        };
        let specificity = |row: &PriceRow| (row.region.is_some(), row.product.is_some());
        let mut best: Option<usize> = None;
        let mut tie = None;
        for &number in candidates.iter().filter(|number| fits(&self.rows[**number])) {
            match best.map(|first| specificity(&self.rows[number]).cmp(&specificity(&self.rows[first]))) {
                None | Some(std::cmp::Ordering::Greater) => (best, tie) = (Some(number), None),
                Some(std::cmp::Ordering::Equal) => tie = tie.or(best.map(|first| Ambiguous { first, second: number })),
                Some(std::cmp::Ordering::Less) => {}
            }
        }
        tie.map_or(Ok(best.and_then(|number| self.rows[number].price(kind))), Err)
    }
}
