//! `monthly.csv` beside the ledger: every count and every sum.

use super::balances::AccountNumbers;
use super::demand::DemandFile;
use super::funds::{AuditedAccount, MonthTally};
use super::sheet::{CheckedFile, StepPosition, reach, text_of};
use super::spend::{self, Sums, add_spend};
use super::violations::{Violations, shown};
use crate::input::diagnostic::Code;
use crate::model::calendar::Day;

/// The columns of `monthly.csv`.
pub(super) const MONTHLY: (&str, &[&str]) = (
    "monthly.csv",
    &[
        "month",
        "account_id",
        "renewed",
        "recovered",
        "renewal_failed",
        "reclaimed",
        "terminated",
        "stopped",
        "topup_amount",
        "credit_amount",
        "renewal_amount",
        "usage_amount",
        "refund_amount",
        "closing_balance",
    ],
);
const LEDGER: &[&str] = &["ledger.csv", "balances.csv"];

/// The sums of a run, taken at the end of each month.
#[derive(Default)]
pub(super) struct Months<'w> {
    sheet: Option<CheckedFile<'w>>,
    pub demand: DemandFile<'w>,
    spend: Sums,
    /// Whether the currency of every account is known.
    knows_currencies: bool,
}

impl<'w> Months<'w> {
    pub(super) fn open_months(
        mut sheet: Option<CheckedFile<'w>>,
        demand: Option<CheckedFile<'w>>,
        found: &mut Violations,
    ) -> Self {
        if let Some(sheet) = &mut sheet {
            sheet.advance(found);
        }
        Self {
            sheet,
            demand: DemandFile::open_demand(demand, found),
            spend: Sums::new(),
            knows_currencies: true,
        }
    }

    /// Holds a month that has ended against the file, and begins the next one.
    pub(super) fn end(
        &mut self,
        month: Day,
        accounts: &mut AccountNumbers,
        found: &mut Violations,
    ) {
        let month = month_text(month);
        for number in 0..accounts.list.len() {
            let name = accounts.names.id_of(number);
            let account = &accounts.list[number];
            let sums = account.month;
            match account.currency {
                Some(currency) => {
                    let spend = self.spend.entry((currency, month.clone())).or_default();
                    add_spend(spend, [sums.renewal, sums.usage, sums.refund]);
                }
                None => self.knows_currencies = false,
            }
            self.demand.check_demand_row((&month, name), account, found);
            let goes_on = self
                .sheet
                .as_mut()
                .is_none_or(|sheet| check_monthly_row(sheet, (&month, name), account, found));
            if !goes_on {
                self.sheet = None;
            }
            accounts.list[number].month = MonthTally::default();
        }
    }

    /// Reports the rows that are left, and holds `spend.csv` against the sums.
    pub(super) fn finish(&mut self, spend: Option<CheckedFile<'w>>, found: &mut Violations) {
        self.demand.finish(found);
        if let Some(mut sheet) = self.sheet.take() {
            while sheet.has_row() {
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
        if let Some(sheet) = spend.filter(|_| self.knows_currencies) {
            spend::check_spend(sheet, std::mem::take(&mut self.spend), found);
        }
    }
}

/// Holds one row of `monthly.csv` against the sums of an account. False where the file has ended.
fn check_monthly_row(
    sheet: &mut CheckedFile<'_>,
    key: (&str, &[u8]),
    account: &AuditedAccount,
    found: &mut Violations,
) -> bool {
    match reach(sheet, key, found) {
        StepPosition::Row => {}
        StepPosition::Other => return true,
        StepPosition::End => return false,
    }
    let sums = account.month;
    let text = |minor| text_of(minor, account.digits);
    let counts = sums.counts.iter().map(|count| count.to_string());
    let amounts = [
        sums.topup,
        sums.credit,
        sums.renewal,
        sums.usage,
        sums.refund,
        account.settled(),
    ];
    for (column, must) in (2..).zip(counts.chain(amounts.into_iter().map(text))) {
        if sheet.cell(column) != must.as_bytes() {
            found.report_violation(Code::Disagrees, (sheet.file, LEDGER), || {
                let (name, is) = (sheet.column_name(column), shown(sheet.cell(column)));
                (
                    sheet.place_of_column(column),
                    format!("`{name}` is {is}, must be `{must}`: the ledger comes to that"),
                )
            });
            break;
        }
    }
    sheet.advance(found);
    true
}

/// `YYYY-MM`.
fn month_text(month: Day) -> String {
    month
        .to_string()
        .get(..7)
        .map_or_else(String::new, str::to_owned)
}
