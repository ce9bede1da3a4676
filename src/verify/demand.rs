//! `demand.csv` beside the ledger: what each month cost as funded, and what the three sums come to.

use std::collections::BTreeMap;

use super::funds::AuditedAccount;
use super::sheet::{CheckedFile, StepPosition, minor, reach, text_of};
use super::violations::{Violations, shown};
use crate::input::diagnostic::Code;

/// The columns of `demand.csv`.
pub(super) const DEMAND: (&str, &[&str]) = (
    "demand.csv",
    &[
        "month",
        "account_id",
        "as_funded",
        "all_due_paid",
        "all_kept",
    ],
);
const AS_FUNDED: usize = 2;
const LEDGER: &[&str] = &["ledger.csv", "balances.csv"];

/// The three sums of a currency, with its decimals; one that is not known of an account is not known of all.
#[derive(Clone, Copy)]
pub(super) struct DemandSums {
    pub digits: u8,
    pub sums: [Option<i128>; 3],
}

/// The three sums by currency.
pub(super) type Totals = BTreeMap<&'static str, DemandSums>;

/// The file, read in step with the ledger.
#[derive(Default)]
pub(super) struct DemandFile<'w> {
    sheet: Option<CheckedFile<'w>>,
    totals: Totals,
    /// Whether every row was there and could be read.
    is_whole: bool,
}

impl<'w> DemandFile<'w> {
    pub(super) fn open_demand(mut sheet: Option<CheckedFile<'w>>, found: &mut Violations) -> Self {
        if let Some(sheet) = &mut sheet {
            sheet.advance(found);
        }
        Self {
            is_whole: sheet.is_some(),
            sheet,
            totals: Totals::new(),
        }
    }

    /// Holds the row of a month that has ended against what the account paid in it.
    pub(super) fn check_demand_row(
        &mut self,
        key: (&str, &[u8]),
        account: &AuditedAccount,
        found: &mut Violations,
    ) {
        let Some(sheet) = &mut self.sheet else { return };
        match reach(sheet, key, found) {
            StepPosition::Row => {}
            StepPosition::Other => return self.is_whole = false,
            StepPosition::End => {
                (self.sheet, self.is_whole) = (None, false);
                return;
            }
        }
        let must = account.month.renewal + account.month.usage - account.month.refund;
        let text = text_of(must, account.digits);
        if sheet.cell(AS_FUNDED) != text.as_bytes() {
            found.report_violation(Code::Disagrees, (sheet.file, LEDGER), || {
                let is = shown(sheet.cell(AS_FUNDED));
                (
                    sheet.place_of_column(AS_FUNDED),
                    format!("`as_funded` is {is}, must be `{text}`: the ledger comes to that"),
                )
            });
        }
        let mut sums = [Some(must), None, None];
        for (sum, column) in sums.iter_mut().zip(AS_FUNDED..).skip(1) {
            *sum = minor(sheet.cell(column), account.digits);
            if sum.is_none() && !sheet.cell(column).is_empty() {
                found.report_violation(Code::BadAmount, (sheet.file, &[]), || {
                    let (name, cell) = (sheet.column_name(column), shown(sheet.cell(column)));
                    (
                        sheet.place_of_column(column),
                        format!("`{name}` is {cell}, must be a plain amount, or empty"),
                    )
                });
                self.is_whole = false;
            }
        }
        match account.currency {
            Some(currency) => {
                let none = DemandSums {
                    digits: account.digits,
                    sums: [Some(0); 3],
                };
                let total = self.totals.entry(currency).or_insert(none);
                for (total, sum) in total.sums.iter_mut().zip(sums) {
                    *total = total.zip(sum).map(|(total, sum)| total + sum);
                }
            }
            None => self.is_whole = false,
        }
        sheet.advance(found);
    }

    /// Reports the rows that are left, and gives the sums, where all of them could be read.
    pub(super) fn finish(&mut self, found: &mut Violations) {
        if let Some(mut sheet) = self.sheet.take() {
            while sheet.has_row() {
                self.is_whole = false;
                found.report_violation(Code::Disagrees, (sheet.file, LEDGER), || {
                    let (month, account) = (shown(sheet.cell(0)), shown(sheet.cell(1)));
                    (
                        sheet.place_of_column(0),
                        format!("a row of {month} for {account}, must be none behind the last month of the run"),
                    )
                });
                sheet.advance(found);
            }
        }
    }

    /// The three sums, where all rows could be read.
    pub(super) fn totals(&self) -> Option<&Totals> {
        Some(&self.totals).filter(|_| self.is_whole)
    }
}
