//! `prices.csv`: list prices by type, region and product.

use super::table::{CsvTable, KnownColumns, columns};
use super::value::price;
use crate::input::diagnostic::Diagnostics;
use crate::model::id::Labels;
use crate::model::prices::{PriceList, PriceRow};

pub(super) const FILE: &str = "prices.csv";

columns! {
    PRODUCT "product",
    INSTANCE_TYPE "instance_type",
    REGION "region",
    MONTHLY_PRICE "monthly_price",
    HOURLY_PRICE "hourly_price",
}

const COLUMNS: KnownColumns = KnownColumns {
    names: NAMES,
    required: &[INSTANCE_TYPE],
    ids: &[PRODUCT, INSTANCE_TYPE, REGION],
    prices: &[MONTHLY_PRICE, HOURLY_PRICE],
    ..KnownColumns::NONE
};

/// The price list, and where its rows are.
#[derive(Default)]
pub(super) struct Prices<'f> {
    pub list: PriceList,
    table: Option<CsvTable<'f>>,
    starts: Vec<usize>,
}

impl Prices<'_> {
    /// The line of the row with this number.
    pub(super) fn line_number(&self, number: usize) -> usize {
        let table = self.table.as_ref();
        table.map_or(1, |table| table.line_number(self.starts[number]))
    }
}

/// Reads the list; labels of new texts are made.
pub(super) fn read_prices<'f>(
    bytes: &'f [u8],
    labels: &mut Labels,
    diagnostics: &mut Diagnostics,
) -> Option<Prices<'f>> {
    let table = CsvTable::open_table(FILE, bytes, COLUMNS, diagnostics)?;
    let (mut rows, mut starts) = (Vec::new(), Vec::new());
    table.read_rows(diagnostics, |mut cells| {
        let instance_type = cells.need(INSTANCE_TYPE, |text| Ok(labels.intern(text)));
        let (monthly, hourly) = (
            cells.read(MONTHLY_PRICE, price),
            cells.read(HOURLY_PRICE, price),
        );
        let Some(instance_type) = instance_type else {
            return;
        };
        rows.push(PriceRow {
            product: cells.text(PRODUCT).map(|text| labels.intern(text)),
            instance_type,
            region: cells.text(REGION).map(|text| labels.intern(text)),
            monthly,
            hourly,
        });
        starts.push(cells.row.start());
    });
    Some(Prices {
        list: PriceList::new(rows),
        table: Some(table),
        starts,
    })
}
