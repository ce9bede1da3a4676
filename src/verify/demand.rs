//! `demand.csv` beside the ledger: what each month cost as funded, and what the three sums come to. The two sums of ample
//! cash are only added up: just a replay can say what they must be.

use std::collections::BTreeMap;

use super::funds::AuditedAccount;
use super::sheet::{CheckedFile, CsvLayout, MonthKey, ROWS, SeekOutcome, amount_text, minor};
use super::violations::{Violation, Violations};
use crate::input::diagnostic::Code;

pub(super) const DEMAND: CsvLayout = CsvLayout {
    file: "demand.csv",
    columns: &[
        "month",
        "account_id",
        "as_funded",
        "all_due_paid",
        "all_kept",
    ],
};
const AS_FUNDED: usize = 2;

/// The three sums of a currency, with its decimals; one that is not known of an account is not known of all.
#[derive(Clone, Copy)]
pub(super) struct DemandSums {
    pub digits: u8,
    pub sums: [Option<i128>; 3],
}

/// The three sums by currency.
pub(super) type DemandTotals = BTreeMap<&'static str, DemandSums>;

/// The file, read in step with the ledger.
#[derive(Default)]
pub(super) struct DemandFile<'w> {
    sheet: Option<CheckedFile<'w>>,
    totals: DemandTotals,
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
            totals: DemandTotals::new(),
        }
    }

    /// Holds the row of a month that has ended against what the account paid in it.
    pub(super) fn check_demand_row(
        &mut self,
        key: MonthKey<'_>,
        account: &AuditedAccount,
        found: &mut Violations,
    ) {
        let Some(sheet) = &mut self.sheet else { return };
        let outcome = sheet.seek(key, found);
        if outcome != SeekOutcome::Found {
            self.is_whole = false;
            self.sheet.take_if(|_| outcome == SeekOutcome::End);
            return;
        }
        let [renewal, usage, refund] = account.month.spend;
        let spend = renewal + usage - refund;
        let expected = amount_text(spend, account.digits);
        if sheet.cell(AS_FUNDED) != expected.as_bytes() {
            let violation = Violation::expected(
                Code::Disagrees,
                AS_FUNDED,
                format!("`{expected}` (by the ledger)"),
            );
            sheet.report(violation.needing(ROWS), found);
        }
        let mut sums = [Some(spend), None, None];
        for (sum, column) in sums.iter_mut().zip(AS_FUNDED..).skip(1) {
            *sum = minor(sheet.cell(column), account.digits);
            if sum.is_none() && !sheet.cell(column).is_empty() {
                let expected = "a plain amount or nothing";
                sheet.report(
                    Violation::expected(Code::BadAmount, column, expected),
                    found,
                );
                self.is_whole = false;
            }
        }
        match account.currency {
            Some(currency) => {
                let nothing = DemandSums {
                    digits: account.digits,
                    sums: [Some(0); 3],
                };
                let total = self.totals.entry(currency).or_insert(nothing);
                for (total, sum) in total.sums.iter_mut().zip(sums) {
                    *total = total.zip(sum).map(|(total, sum)| total + sum);
                }
            }
            None => self.is_whole = false,
        }
        sheet.advance(found);
    }

    /// Reports the rows that are left.
    pub(super) fn finish(&mut self, found: &mut Violations) {
        if let Some(sheet) = self.sheet.take() {
            self.is_whole &= sheet.refuse_rest(found);
        }
    }

    /// The three sums, where all rows could be read.
    pub(super) fn totals(&self) -> Option<&DemandTotals> {
        Some(&self.totals).filter(|_| self.is_whole)
    }
}
