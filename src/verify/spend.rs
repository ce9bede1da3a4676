//! `spend.csv` beside the ledger: the values of a column add up to the spend of each month. Which instance has which value
//! is not looked at: only a replay knows that.

use std::collections::BTreeMap;

use super::sheet::{CheckedFile, CsvLayout, amount_text, minor};
use super::violations::{Violation, Violations, shown};
use crate::input::diagnostic::{Code, Place};
use crate::model::money::Currency;

pub(super) const SPEND: CsvLayout = CsvLayout {
    file: "spend.csv",
    columns: &[
        "month",
        "currency",
        "column",
        "value",
        "renewal_amount",
        "usage_amount",
        "refund_amount",
    ],
};
const MONTH: usize = 0;
const CURRENCY: usize = 1;
pub(super) const COLUMN: usize = 2;
const VALUE: usize = 3;
const AMOUNTS: [usize; 3] = [4, 5, 6];

const NEEDS: &[&str] = &["ledger.csv", "balances.csv", "closing/"];

/// Paid for terms, paid for hours, and what came back; all positive.
pub(super) type Spend = [i128; 3];

/// The spend of every month of a run in every currency, by currency and `YYYY-MM`.
pub(super) type SpendByMonth = BTreeMap<(&'static str, String), Spend>;

/// Adds to a spend.
pub(super) fn add_spend(spend: &mut Spend, more: Spend) {
    for (sum, more) in spend.iter_mut().zip(more) {
        *sum += more;
    }
}

/// The rows of one month in one currency.
struct SpendGroup {
    currency: Currency,
    month: Vec<u8>,
    /// What they are grouped by, and the last value.
    column: Vec<u8>,
    value: Vec<u8>,
    sum: Spend,
    first: Place,
}

/// Holds the rows of a file against the sums of the ledger.
pub(super) fn check_spend(sheet: CheckedFile<'_>, ledger: SpendByMonth, found: &mut Violations) {
    let mut check = SpendCheck {
        sheet,
        ledger,
        group: None,
    };
    while check.sheet.advance(found) {
        if let Err(violation) = check.check_spend_row(found) {
            check.sheet.report(violation, found);
        }
    }
    check.end_group(found);
    let SpendCheck { sheet, ledger, .. } = check;
    for ((currency, month), sum) in ledger
        .into_iter()
        .filter(|(_, sum)| *sum != Spend::default())
    {
        let digits = Currency::from_code(currency).map_or(0, Currency::digits);
        let [renewals, usage, refunds] = sum.map(|minor| amount_text(minor, digits));
        let message = format!(
            "missing row of {month} in {currency}: the ledger has renewals {renewals}, usage {usage}, refunds {refunds}"
        );
        sheet.report_missing(NEEDS, message, found);
    }
}

struct SpendCheck<'w> {
    sheet: CheckedFile<'w>,
    /// The sums of the ledger that no group of rows was held against yet.
    ledger: SpendByMonth,
    group: Option<SpendGroup>,
}

impl SpendCheck<'_> {
    /// Adds a row to its group; the first of another one ends that before it.
    fn check_spend_row(&mut self, found: &mut Violations) -> Result<(), Violation> {
        let sheet = &self.sheet;
        let code = std::str::from_utf8(sheet.cell(CURRENCY)).ok();
        let currency = code.and_then(Currency::from_code).ok_or_else(|| {
            Violation::expected(Code::BadValue, CURRENCY, "the code of a known currency")
        })?;
        let mut sum = Spend::default();
        for (sum, column) in sum.iter_mut().zip(AMOUNTS) {
            *sum = minor(sheet.cell(column), currency.digits()).ok_or_else(|| {
                let expected = format!("a plain amount of {currency}");
                Violation::expected(Code::BadAmount, column, expected)
            })?;
        }
        let [month, column, value] = [MONTH, COLUMN, VALUE].map(|column| sheet.cell(column));
        if let Some(before) = &self.group {
            let place = (before.currency.code(), &*before.month, &*before.value);
            if place >= (currency.code(), month, value) {
                let message = "expected the rows by currency, month and value, each once";
                return Err(Violation::new(Code::WrongOrder, MONTH, message));
            }
            if before.column != column {
                let expected = format!("{}, as in the row above", shown(&before.column));
                return Err(Violation::expected(Code::BadValue, COLUMN, expected));
            }
        }
        if let Some(group) = &mut self.group
            && (group.currency, &*group.month) == (currency, month)
        {
            add_spend(&mut group.sum, sum);
            group.value = value.to_vec();
            return Ok(());
        }
        let [month, column, value] = [month, column, value].map(<[u8]>::to_vec);
        let first = sheet.place_of_column(MONTH);
        let group = SpendGroup {
            currency,
            month,
            column,
            value,
            sum,
            first,
        };
        self.end_group(found);
        self.group = Some(group);
        Ok(())
    }

    /// Holds a group that has ended against the ledger.
    fn end_group(&mut self, found: &mut Violations) {
        let Some(SpendGroup {
            currency,
            month,
            sum,
            first,
            ..
        }) = self.group.take()
        else {
            return;
        };
        let file = self.sheet.file;
        let key = (
            currency.code(),
            String::from_utf8_lossy(&month).into_owned(),
        );
        let Some(ledger) = self.ledger.remove(&key) else {
            let message = format!(
                "unexpected row of {} in {currency}: the run has no such month",
                shown(&month)
            );
            return found.report(Code::Disagrees, file, NEEDS, || (first, message));
        };
        let differs = (0..AMOUNTS.len()).find(|at| sum[*at] != ledger[*at]);
        let Some(at) = differs else { return };
        let digits = currency.digits();
        let name = SPEND.columns[AMOUNTS[at]];
        let [ledger, sum] = [ledger[at], sum[at]].map(|minor| amount_text(minor, digits));
        let message = format!(
            "`{name}` of {} in {currency}: expected {ledger} (by the ledger), found {sum}",
            key.1
        );
        found.report(Code::Disagrees, file, NEEDS, || (first, message));
    }
}
