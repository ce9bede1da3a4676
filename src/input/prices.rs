//! `prices.csv`: list prices by type, region and product.

use super::table::{CsvRow, CsvTable, InputRow, KnownColumns};
use super::value::price;
use crate::input::diagnostic::Diagnostics;
use crate::model::id::Labels;
use crate::model::prices::{PriceList, PriceRow};

pub(super) const FILE: &str = "prices.csv";

const COLUMNS: KnownColumns = KnownColumns {
    names: &[
        "product",
        "instance_type",
        "region",
        "monthly_price",
        "hourly_price",
    ],
    required: &[INSTANCE_TYPE],
    tags: false,
    ids: &[PRODUCT, INSTANCE_TYPE, REGION],
    prices: &[MONTHLY_PRICE, HOURLY_PRICE],
};
const PRODUCT: usize = 0;
const INSTANCE_TYPE: usize = 1;
const REGION: usize = 2;
const MONTHLY_PRICE: usize = 3;
const HOURLY_PRICE: usize = 4;

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
        self.table
            .as_ref()
            .map_or(1, |table| table.line_number(self.starts[number]))
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
    let errors = diagnostics.errors();
    table.rows(diagnostics, |row, diagnostics| {
        if let Some(read) = price_row(&row, labels, diagnostics) {
            rows.push(read);
            starts.push(row.start());
        }
    });
    table.report_whole(errors, diagnostics);
    Some(Prices {
        list: PriceList::new(rows),
        table: Some(table),
        starts,
    })
}

fn price_row(
    row: &CsvRow<'_, '_>,
    labels: &mut Labels,
    diagnostics: &mut Diagnostics,
) -> Option<PriceRow> {
    let instance_type = row.need((INSTANCE_TYPE, "instance_type"), diagnostics, |text| {
        Ok(labels.intern(text))
    });
    let (monthly, hourly) = (
        row.read_cell_as(MONTHLY_PRICE, diagnostics, price),
        row.read_cell_as(HOURLY_PRICE, diagnostics, price),
    );
    Some(PriceRow {
        product: row.text(PRODUCT).map(|text| labels.intern(text)),
        instance_type: instance_type?,
        region: row.text(REGION).map(|text| labels.intern(text)),
        monthly,
        hourly,
    })
}
