//! `returns.csv`: how many instances each account has returned so far, by product and calendar year.

use super::accounts::known_account;
use super::table::{CsvTable, InputRow, KnownColumns};
use super::value::{Problem, shown, whole};
use crate::input::diagnostic::{Code, Diagnostics};
use crate::model::account::{Account, Returns};
use crate::model::id::Labels;

pub(super) const FILE: &str = "returns.csv";

pub(super) const COLUMNS: KnownColumns = KnownColumns {
    names: &["account_id", "product", "year", "returns", "full_returns"],
    required: &[ACCOUNT_ID, PRODUCT, YEAR],
    tags: false,
    ids: &[ACCOUNT_ID, PRODUCT],
    prices: &[],
};
const ACCOUNT_ID: usize = 0;
const PRODUCT: usize = 1;
const YEAR: usize = 2;
const RETURNS: usize = 3;
const FULL_RETURNS: usize = 4;

/// The years that can be counted.
const YEARS: std::ops::RangeInclusive<i64> = 1900..=2500;
/// The most returns that are counted.
const MOST_RETURNS: i64 = 1_000_000;

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
    let errors = diagnostics.errors();
    table.rows(diagnostics, |row, diagnostics| {
        let account = known_account(&row, ACCOUNT_ID, accounts, diagnostics);
        let Some(returns) = returns(&row, labels, diagnostics) else {
            return;
        };
        let Some(account) = account else { return };
        let known = &mut accounts[account.0 as usize].returns;
        if known
            .iter()
            .any(|one| (one.product, one.year) == (returns.product, returns.year))
        {
            let message = format!(
                "the returns of {} in {} stand twice",
                shown(labels.label_text(returns.product)),
                returns.year
            );
            let problem = Problem::new(Code::DuplicateId, message, "keep one of the two rows");
            return problem.report(|| row.place(PRODUCT), diagnostics);
        }
        known.push(returns);
    });
    table.report_whole(errors, diagnostics);
}

fn returns(
    row: &impl InputRow,
    labels: &mut Labels,
    diagnostics: &mut Diagnostics,
) -> Option<Returns> {
    let before = diagnostics.errors();
    let product = row.need((PRODUCT, "product"), diagnostics, |text| {
        Ok(labels.intern(text))
    });
    let year = row.need((YEAR, "year"), diagnostics, |text| {
        whole(text, *YEARS.start(), *YEARS.end())
    });
    let mut number = |slot| {
        row.read_cell_as(slot, diagnostics, |text| whole(text, 0, MOST_RETURNS))
            .unwrap_or(0)
    };
    let (count, in_full) = (number(RETURNS), number(FULL_RETURNS));
    let year = i32::try_from(year?).ok()?;
    let (count, in_full) = (u32::try_from(count).ok()?, u32::try_from(in_full).ok()?);
    (diagnostics.errors() == before).then_some(Returns {
        product: product?,
        year,
        count,
        in_full,
    })
}
