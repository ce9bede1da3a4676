//! `balances.csv` beside the ledger: the opening of every account, and a row for each day on which it changes.

use super::KnownInputs;
use super::funds::{AccountFunds, AuditedAccount, LowestNoted};
use super::names::SeenIds;
use super::sheet::{CheckedFile, CsvLayout, amount_text, day};
use super::violations::{Violation, Violations, shown};
use crate::engine::ledger::columns::balances_csv::{
    self, ACCOUNT, AVAILABLE, CASH, DATE, FREE_CREDIT,
};
use crate::input::diagnostic::Code;
use crate::model::account::Account;
use crate::model::calendar::Day;
use crate::model::money::Currency;

pub(super) const BALANCES: CsvLayout = CsvLayout {
    file: "balances.csv",
    columns: balances_csv::NAMES,
};

/// What the rows are held against.
const LEDGER: &[&str] = &["ledger.csv"];

/// The accounts of a result by number; numbers follow the order of their ids.
#[derive(Default)]
pub(super) struct AccountNumbers {
    pub names: SeenIds,
    pub list: Vec<AuditedAccount>,
}

/// The file, read in step with the ledger.
pub(super) struct Balances<'w> {
    sheet: CheckedFile<'w>,
}

impl<'w> Balances<'w> {
    /// Reads the opening rows: the day before the run, one for each account. Where the first day of the run is not known,
    /// they give it.
    pub(super) fn open_balances(
        mut sheet: CheckedFile<'w>,
        known: &mut KnownInputs<'_>,
        found: &mut Violations,
    ) -> (Self, AccountNumbers) {
        let mut accounts = AccountNumbers::default();
        while sheet.advance(found) {
            let date = match sheet.date(DATE) {
                Ok(date) => date,
                Err(violation) => {
                    sheet.report(violation, found);
                    continue;
                }
            };
            let eve = known.days.from.get_or_insert(date.tomorrow()).yesterday();
            if date > eve && !accounts.list.is_empty() {
                break;
            }
            if date != eve {
                let expected = format!("{eve} (the day before the run) in an opening row");
                let violation = Violation::expected(Code::Disagrees, DATE, expected);
                sheet.report(violation.needing(&["run.json"]), found);
            }
            if let Err(violation) = accounts.open_account(&sheet, date, known) {
                sheet.report(violation, found);
            }
        }
        (Self { sheet }, accounts)
    }

    /// Holds the end of a day of an account against the file, if it is not what was noted before.
    pub(super) fn check_day_end(
        &mut self,
        date: Day,
        number: usize,
        accounts: &mut AccountNumbers,
        found: &mut Violations,
    ) {
        let AccountNumbers { names, list } = accounts;
        let (name, account) = (names.id_of(number), &mut list[number]);
        let funds = account.funds();
        if funds == Some(account.noted) {
            return;
        }
        while self.sheet.has_row() && self.comes_before(date, name) {
            self.refuse_row(found);
            self.sheet.advance(found);
        }
        let is_there = self.sheet.has_row()
            && self.sheet.cell(ACCOUNT) == name
            && day(self.sheet.cell(DATE)) == Some(date);
        if !is_there {
            let Some(funds) = funds else {
                return account.keep_available();
            };
            account.noted = funds;
            let [cash, free_credit, available] = funds
                .amounts()
                .map(|minor| amount_text(minor, account.digits));
            let message = format!(
                "missing row of {date} for {}: the ledger comes to cash {cash}, free credit {free_credit}, available {available}",
                shown(name)
            );
            return self.sheet.report_missing(LEDGER, message, found);
        }
        match read_funds(&self.sheet, account.digits) {
            Ok(stated) => {
                if let Some(funds) = funds {
                    compare(&self.sheet, stated, funds, account.digits, found);
                }
                account.adopt(stated);
                account.noted = stated;
                if stated.available < account.lowest.available {
                    account.lowest = LowestNoted {
                        available: stated.available,
                        date,
                    };
                }
            }
            Err(violation) => self.sheet.report(violation, found),
        }
        self.sheet.advance(found);
    }

    /// Reports the rows that are left when the ledger has ended.
    pub(super) fn finish(mut self, found: &mut Violations) {
        while self.sheet.has_row() {
            self.refuse_row(found);
            self.sheet.advance(found);
        }
    }

    /// Whether the present row stands before the one of an account's day. One without a date is passed over.
    fn comes_before(&self, date: Day, name: &[u8]) -> bool {
        day(self.sheet.cell(DATE))
            .is_none_or(|stated| (stated, self.sheet.cell(ACCOUNT)) < (date, name))
    }

    fn refuse_row(&self, found: &mut Violations) {
        let violation = match self.sheet.date(DATE) {
            Ok(date) => {
                let account = shown(self.sheet.cell(ACCOUNT));
                let message =
                    format!("unexpected row of {date} for {account}: the ledger changes nothing");
                Violation::new(Code::Disagrees, DATE, message).needing(LEDGER)
            }
            Err(violation) => violation,
        };
        self.sheet.report(violation, found);
    }
}

impl AccountNumbers {
    /// Adds the account of an opening row.
    fn open_account(
        &mut self,
        sheet: &CheckedFile<'_>,
        date: Day,
        known: &KnownInputs<'_>,
    ) -> Result<(), Violation> {
        let name = sheet.cell(ACCOUNT);
        let before = self
            .names
            .len()
            .checked_sub(1)
            .map(|last| self.names.id_of(last));
        if let Some(before) = before.filter(|before| *before >= name) {
            let message = format!(
                "expected the openings by id, found {} after {}",
                shown(name),
                shown(before)
            );
            return Err(Violation::new(Code::WrongOrder, ACCOUNT, message));
        }
        let listed: Option<&Account> = known
            .closing
            .zip(std::str::from_utf8(name).ok())
            .and_then(|(closing, name)| Some(closing.account(closing.find_account(name)?)));
        let digits = listed.map_or_else(
            || decimals(sheet.cell(CASH)),
            |account| account.currency.digits(),
        );
        let stated = read_funds(sheet, digits)?;
        let mut account = AuditedAccount::opening(digits, stated, date);
        account.currency = listed.map(|account| account.currency.code());
        account.frozen = listed.map(|account| account.funds.frozen.minor().into());
        self.names.number_of_id(name);
        self.list.push(account);
        Ok(())
    }
}

/// The decimals of an amount of a currency that is not known.
fn decimals(cell: &[u8]) -> u8 {
    let point = cell.iter().rev().position(|byte| *byte == b'.');
    let mut known = Currency::codes()
        .filter_map(Currency::from_code)
        .map(Currency::digits);
    known
        .find(|digits| Some(usize::from(*digits)) == point)
        .unwrap_or(0)
}

fn read_funds(sheet: &CheckedFile<'_>, digits: u8) -> Result<AccountFunds, Violation> {
    let [cash, free_credit, available] = [CASH, FREE_CREDIT, AVAILABLE].map(|column| {
        sheet
            .read_amount(column, digits)
            .map_err(|wrong| wrong.needing(&["closing/"]))
    });
    Ok(AccountFunds {
        cash: cash?,
        free_credit: free_credit?,
        available: available?,
    })
}

fn compare(
    sheet: &CheckedFile<'_>,
    stated: AccountFunds,
    ledger: AccountFunds,
    digits: u8,
    found: &mut Violations,
) {
    let pairs = stated.amounts().into_iter().zip(ledger.amounts());
    let mut columns = (CASH..).zip(pairs);
    if let Some((column, (_, ledger))) = columns.find(|(_, (stated, ledger))| stated != ledger) {
        let expected = format!("{} (by the ledger)", amount_text(ledger, digits));
        let violation = Violation::expected(Code::Disagrees, column, expected);
        sheet.report(violation.needing(LEDGER), found);
    }
}
