//! `returns.csv`: how many instances each account has returned so far, by product and calendar year.

use super::accounts::known_account;
use super::table::{CellReader, CsvTable, InputRow, KnownColumns, columns, duplicate};
use super::value::{shown, whole};
use crate::input::diagnostic::Diagnostics;
use crate::model::account::{Account, Returns};
use crate::model::id::Labels;

pub(super) const FILE: &str = "returns.csv";

columns! {
    ACCOUNT_ID "account_id",
    PRODUCT "product",
    YEAR "year",
    RETURNS "returns",
    FULL_RETURNS "full_returns",
}

pub(super) const COLUMNS: KnownColumns = KnownColumns {
    names: NAMES,
    required: &[ACCOUNT_ID, PRODUCT, YEAR],
    ids: &[ACCOUNT_ID, PRODUCT],
    ..KnownColumns::NONE
};

/// The most returns of an account in a year.
const MAX_RETURNS: i64 = 1_000_000;

/// Adds the counts of the file to their accounts.
pub(super) fn read_returns(
    bytes: &[u8],
    accounts: &mut [Account],
    labels: &mut Labels,
    diagnostics: &mut Diagnostics,
) {
    let Some(table) = CsvTable::open_table(FILE, bytes, COLUMNS, diagnostics) else {
        return;
    };
    table.read_rows(diagnostics, |mut cells| {
        let account = known_account(&mut cells, ACCOUNT_ID, accounts);
        let returns = read_counts(&mut cells, labels);
        let (Some(account), Some(returns)) = (account, returns) else {
            return;
        };
        let Returns { product, year, .. } = returns;
        let known = &mut accounts[account.0 as usize].returns;
        if known
            .iter()
            .any(|one| (one.product, one.year) == (product, year))
        {
            let product = shown(labels.label_text(product));
            return cells.report(
                PRODUCT,
                duplicate(format!("returns of {product} in {year}")),
            );
        }
        known.push(returns);
    });
}

fn read_counts(cells: &mut CellReader<'_, impl InputRow>, labels: &mut Labels) -> Option<Returns> {
    let before = cells.errors();
    let product = cells.need(PRODUCT, |text| Ok(labels.intern(text)));
    let year = cells.need(YEAR, |text| whole(text, 1900, 2500));
    let [count, in_full] =
        [RETURNS, FULL_RETURNS].map(|slot| cells.count(slot, 0..=MAX_RETURNS).unwrap_or(0));
    let returns = Returns {
        product: product?,
        year: i32::try_from(year?).ok()?,
        count,
        in_full,
    };
    (cells.errors() == before).then_some(returns)
}
