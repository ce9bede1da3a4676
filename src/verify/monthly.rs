//! `monthly.csv` beside the ledger: every count and every sum. It keeps the sums of one month, and passes them on to
//! `demand.csv` and `spend.csv`.

use super::balances::AccountNumbers;
use super::demand::DemandFile;
use super::funds::{AuditedAccount, MonthTally};
use super::sheet::{CheckedFile, CsvLayout, MonthKey, ROWS, SeekOutcome, amount_text};
use super::spend::{self, SpendByMonth, add_spend};
use super::violations::{Violation, Violations};
use crate::input::diagnostic::Code;
use crate::model::calendar::Day;

pub(super) const MONTHLY: CsvLayout = CsvLayout {
    file: "monthly.csv",
    columns: &[
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
};

/// The sums of a run, taken at the end of each month.
#[derive(Default)]
pub(super) struct Months<'w> {
    sheet: Option<CheckedFile<'w>>,
    pub demand: DemandFile<'w>,
    spend: SpendByMonth,
    /// Whether an account has a currency that is not known.
    lacks_currency: bool,
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
        let demand = DemandFile::open_demand(demand, found);
        Self {
            sheet,
            demand,
            ..Self::default()
        }
    }

    /// Holds a month that has ended against the files, and begins the next one.
    pub(super) fn end(
        &mut self,
        month: Day,
        accounts: &mut AccountNumbers,
        found: &mut Violations,
    ) {
        let mut month = month.to_string();
        month.truncate("YYYY-MM".len());
        for (number, account) in accounts.list.iter_mut().enumerate() {
            match account.currency {
                Some(currency) => {
                    let sum = self.spend.entry((currency, month.clone())).or_default();
                    add_spend(sum, account.month.spend);
                }
                None => self.lacks_currency = true,
            }
            let key = MonthKey {
                month: &month,
                account: accounts.names.id_of(number),
            };
            self.demand.check_demand_row(key, account, found);
            if let Some(sheet) = &mut self.sheet
                && check_monthly_row(sheet, key, account, found) == SeekOutcome::End
            {
                self.sheet = None;
            }
            account.month = MonthTally::default();
        }
    }

    /// Reports the rows that are left, and holds `spend.csv` against the sums.
    pub(super) fn finish(&mut self, spend: Option<CheckedFile<'w>>, found: &mut Violations) {
        self.demand.finish(found);
        if let Some(sheet) = self.sheet.take() {
            sheet.refuse_rest(found);
        }
        if let Some(sheet) = spend.filter(|_| !self.lacks_currency) {
            spend::check_spend(sheet, std::mem::take(&mut self.spend), found);
        }
    }
}

/// Holds one row of `monthly.csv` against the sums of an account.
fn check_monthly_row(
    sheet: &mut CheckedFile<'_>,
    key: MonthKey<'_>,
    account: &AuditedAccount,
    found: &mut Violations,
) -> SeekOutcome {
    let outcome = sheet.seek(key, found);
    if outcome != SeekOutcome::Found {
        return outcome;
    }
    let MonthTally {
        counts,
        topup,
        credit,
        spend: [renewal, usage, refund],
    } = account.month;
    let amounts = [topup, credit, renewal, usage, refund, account.settled()];
    let amounts = amounts
        .into_iter()
        .map(|amount| amount_text(amount, account.digits));
    let cells = counts.iter().map(u64::to_string).chain(amounts);
    if let Some((column, cell)) = (2..)
        .zip(cells)
        .find(|(column, cell)| sheet.cell(*column) != cell.as_bytes())
    {
        let violation =
            Violation::expected(Code::Disagrees, column, format!("`{cell}` (by the ledger)"));
        sheet.report(violation.needing(ROWS), found);
    }
    sheet.advance(found);
    outcome
}
