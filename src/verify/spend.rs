//! `spend.csv` beside the ledger: the values of a column add up to the spend of each month.

use std::collections::BTreeMap;

use super::sheet::{CheckedFile, minor, text_of};
use super::violations::{Violation, Violations, shown};
use crate::input::diagnostic::{Code, Place};
use crate::model::money::Currency;

/// The columns of `spend.csv`.
pub(super) const SPEND: (&str, &[&str]) = (
    "spend.csv",
    &[
        "month",
        "currency",
        "column",
        "value",
        "renewal_amount",
        "usage_amount",
        "refund_amount",
    ],
);
const MONTH: usize = 0;
const CURRENCY: usize = 1;
pub(super) const COLUMN: usize = 2;
const VALUE: usize = 3;
const AMOUNTS: [usize; 3] = [4, 5, 6];

const LEDGER: &[&str] = &["ledger.csv", "balances.csv", "closing/"];

/// Paid for terms, paid for hours, and what came back; all positive.
pub(super) type Spend = [i128; 3];

/// The spend of every month of a run in every currency, by currency and `YYYY-MM`.
pub(super) type Sums = BTreeMap<(&'static str, String), Spend>;

/// Adds to a spend.
pub(super) fn add_spend(spend: &mut Spend, more: Spend) {
    spend
        .iter_mut()
        .zip(more)
        .for_each(|(sum, more)| *sum += more);
}

/// The rows of one month in one currency.
struct Group {
    currency: Currency,
    month: String,
    /// What they are grouped by, and the last value.
    column: Vec<u8>,
    value: Vec<u8>,
    sum: Spend,
    first: Place,
}

/// Holds the rows of a file against the sums of the ledger.
pub(super) fn check_spend(mut sheet: CheckedFile<'_>, mut sums: Sums, found: &mut Violations) {
    let mut group: Option<Group> = None;
    while sheet.advance(found) {
        if let Err(Violation {
            code,
            column,
            message,
            needs,
        }) = check_spend_row(&sheet, (&mut group, &mut sums), found)
        {
            found.report_violation(code, (sheet.file, needs), || {
                (sheet.place_of_column(column), message)
            });
        }
    }
    if let Some(group) = group {
        end(&sheet, group, &mut sums, found);
    }
    for ((currency, month), sum) in sums.into_iter().filter(|(_, sum)| *sum != Spend::default()) {
        found.report_violation(Code::Disagrees, (sheet.file, LEDGER), || {
            let digits = Currency::from_code(currency).map_or(0, Currency::digits);
            let [renewals, usage, refunds] = sum.map(|minor| text_of(minor, digits));
            let message = format!(
                "no row of {month} in {currency}, must be: the ledger has renewals {renewals}, usage {usage}, refunds {refunds}"
            );
            (sheet.end(), message)
        });
    }
}

/// Adds a row to its group; the first of another one ends that before it.
fn check_spend_row(
    sheet: &CheckedFile<'_>,
    (group, sums): (&mut Option<Group>, &mut Sums),
    found: &mut Violations,
) -> Result<(), Violation> {
    let cell = sheet.cell(CURRENCY);
    let currency = std::str::from_utf8(cell)
        .ok()
        .and_then(Currency::from_code)
        .ok_or_else(|| {
            Violation::new(
                Code::BadValue,
                CURRENCY,
                format!("`currency` is {}, which is no known currency", shown(cell)),
            )
        })?;
    let mut sum = Spend::default();
    for (sum, column) in sum.iter_mut().zip(AMOUNTS) {
        *sum = minor(sheet.cell(column), currency.digits()).ok_or_else(|| {
            let (name, cell) = (sheet.column_name(column), shown(sheet.cell(column)));
            Violation::new(
                Code::BadAmount,
                column,
                format!("`{name}` is {cell}, must be a plain amount of {currency}"),
            )
        })?;
    }
    let (month, column, value) = (sheet.cell(MONTH), sheet.cell(COLUMN), sheet.cell(VALUE));
    let place = (currency.code(), month, value);
    let before = group.as_ref().map(|group| {
        (
            (group.currency.code(), group.month.as_bytes(), &*group.value),
            &*group.column,
        )
    });
    if before.is_some_and(|(before, _)| before >= place) {
        let message = "the row must stand by currency, month and value, and once";
        return Err(Violation::new(Code::WrongOrder, MONTH, message));
    }
    if let Some((_, other)) = before.filter(|(_, other)| *other != column) {
        let message = format!(
            "`column` is {}, must be {} as in the row above",
            shown(column),
            shown(other)
        );
        return Err(Violation::new(Code::BadValue, COLUMN, message));
    }
    match group {
        Some(group) if group.currency == currency && group.month.as_bytes() == month => {
            add_spend(&mut group.sum, sum);
            group.value = value.to_vec();
        }
        _ => {
            let first = sheet.place_of_column(MONTH);
            let (month, column, value) = (
                String::from_utf8_lossy(month).into_owned(),
                column.to_vec(),
                value.to_vec(),
            );
            if let Some(before) = group.replace(Group {
                currency,
                month,
                column,
                value,
                sum,
                first,
            }) {
                end(sheet, before, sums, found);
            }
        }
    }
    Ok(())
}

/// Holds a group that has ended against the ledger.
fn end(sheet: &CheckedFile<'_>, group: Group, sums: &mut Sums, found: &mut Violations) {
    let Group {
        currency,
        month,
        sum,
        first,
        ..
    } = group;
    let Some(must) = sums.remove(&(currency.code(), month.clone())) else {
        return found.report_violation(Code::Disagrees, (sheet.file, LEDGER), || {
            (
                first,
                format!(
                    "a row of {} in {currency}, must be none: the run has no such month",
                    shown(month.as_bytes())
                ),
            )
        });
    };
    for ((column, is), must) in AMOUNTS.iter().zip(sum).zip(must) {
        if is != must {
            let (name, digits) = (sheet.column_name(*column), currency.digits());
            return found.report_violation(Code::Disagrees, (sheet.file, LEDGER), || {
                let (is, must) = (text_of(is, digits), text_of(must, digits));
                (
                    first,
                    format!(
                        "`{name}` of {month} in {currency} adds up to {is}, must be {must}: the ledger comes to that"
                    ),
                )
            });
        }
    }
}
