//! `balances.csv` beside the ledger: the opening of every account, and a row for each day on which it changes.

use super::funds::{AccountFunds, AuditedAccount};
use super::names::SeenIds;
use super::sheet::{CheckedFile, day, minor, text_of};
use super::violations::{Violations, shown};
use crate::engine::ledger::columns::balances_csv::{
    self, ACCOUNT, AVAILABLE, CASH, DATE, FREE_CREDIT,
};
use crate::input::diagnostic::{Code, Place};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::money::Currency;

/// The columns of `balances.csv`.
pub(super) const BALANCES: (&str, &[&str]) = ("balances.csv", balances_csv::NAMES);

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
    /// Reads the opening rows: the day before the run, one for each account. Gives the first day of the run too.
    pub(super) fn open_balances(
        mut sheet: CheckedFile<'w>,
        (from, closing): (Option<Day>, Option<&Book>),
        found: &mut Violations,
    ) -> (Self, AccountNumbers, Option<Day>) {
        let mut accounts = AccountNumbers::default();
        let mut eve = from.map(Day::yesterday);
        while sheet.advance(found) {
            let Some(date) = date(&sheet, found) else {
                continue;
            };
            let eve = *eve.get_or_insert(date);
            if date > eve && !accounts.list.is_empty() {
                break;
            }
            if date != eve {
                found.report_violation(Code::Disagrees, (sheet.file, &["run.json"]), || {
                    (
                        sheet.place_of_column(DATE),
                        format!(
                            "`date` of an opening is {date}, must be {eve}: the day before the run"
                        ),
                    )
                });
            }
            opening(&sheet, (date, closing), &mut accounts, found);
        }
        (Self { sheet }, accounts, eve.map(Day::tomorrow))
    }

    /// Holds the end of a day of an account against the file, if it is not what was noted before.
    pub(super) fn expect(
        &mut self,
        (date, number): (Day, usize),
        accounts: &mut AccountNumbers,
        found: &mut Violations,
    ) {
        let AccountNumbers { names, list } = accounts;
        let (name, account) = (names.id_of(number), &mut list[number]);
        let must = account.holding();
        if must == Some(account.noted) {
            return;
        }
        while self.sheet.has_row() && self.comes_before(date, name) {
            self.extra(found);
            self.sheet.advance(found);
        }
        let is_there = self.sheet.has_row()
            && self.sheet.cell(ACCOUNT) == name
            && day(self.sheet.cell(DATE)) == Some(date);
        if !is_there {
            let Some(must) = must else {
                return account.keep_available();
            };
            account.noted = must;
            let place = self.missing_place();
            return found.report_violation(Code::Disagrees, (self.sheet.file, LEDGER), || {
                let text = |minor| text_of(minor, account.digits);
                let (cash, free_credit, available) = (
                    text(must.cash),
                    text(must.free_credit),
                    text(must.available),
                );
                let row = format!("cash {cash}, free credit {free_credit}, available {available}");
                (
                    place,
                    format!(
                        "no row of {date} for {}, must be one: the ledger comes to {row}",
                        shown(name)
                    ),
                )
            });
        }
        if let Some(stated) = holding(&self.sheet, account.digits, found) {
            compare(&self.sheet, (stated, must), account.digits, found);
            account.adopt(stated);
            account.noted = stated;
            if stated.available < account.lowest.0 {
                account.lowest = (stated.available, date);
            }
        }
        self.sheet.advance(found);
    }

    /// Reports the rows that are left when the ledger has ended.
    pub(super) fn finish(mut self, found: &mut Violations) {
        while self.sheet.has_row() {
            self.extra(found);
            self.sheet.advance(found);
        }
    }

    /// Whether the present row stands before the one of an account's day. One without a date is passed over.
    fn comes_before(&self, date: Day, name: &[u8]) -> bool {
        day(self.sheet.cell(DATE))
            .is_none_or(|stated| (stated, self.sheet.cell(ACCOUNT)) < (date, name))
    }

    fn extra(&self, found: &mut Violations) {
        let Some(date) = date(&self.sheet, found) else {
            return;
        };
        found.report_violation(Code::Disagrees, (self.sheet.file, LEDGER), || {
            let account = shown(self.sheet.cell(ACCOUNT));
            (
                self.sheet.place_of_column(DATE),
                format!("a row of {date} for {account}, must be none: the ledger changes nothing"),
            )
        });
    }

    fn missing_place(&self) -> Place {
        if self.sheet.has_row() {
            self.sheet.place_of_column(DATE)
        } else {
            self.sheet.end()
        }
    }
}

fn date(sheet: &CheckedFile<'_>, found: &mut Violations) -> Option<Day> {
    let date = day(sheet.cell(DATE));
    if date.is_none() {
        found.report_violation(Code::BadDate, (sheet.file, &[]), || {
            let cell = shown(sheet.cell(DATE));
            (
                sheet.place_of_column(DATE),
                format!("`date` is {cell}, must be a date of the form YYYY-MM-DD"),
            )
        });
    }
    date
}

fn opening(
    sheet: &CheckedFile<'_>,
    (date, closing): (Day, Option<&Book>),
    accounts: &mut AccountNumbers,
    found: &mut Violations,
) {
    let name = sheet.cell(ACCOUNT);
    let before = accounts
        .names
        .len()
        .checked_sub(1)
        .map(|last| accounts.names.id_of(last));
    if before.is_some_and(|before| before >= name) {
        return found.report_violation(Code::WrongOrder, (sheet.file, &[]), || {
            let (name, before) = (shown(name), shown(before.unwrap_or(b"")));
            (
                sheet.place_of_column(ACCOUNT),
                format!("the opening of {name} stands after that of {before}, must stand by id"),
            )
        });
    }
    let known = std::str::from_utf8(name)
        .ok()
        .and_then(|name| closing?.find_account(name));
    let known = known.and_then(|index| Some(closing?.account(index)));
    let digits = known.map_or_else(
        || decimals(sheet.cell(CASH)),
        |account| account.currency.digits(),
    );
    let Some(stated) = holding(sheet, digits, found) else {
        return;
    };
    let mut account = AuditedAccount::opening(digits, stated, date);
    account.currency = known.map(|account| account.currency.code());
    account.frozen = known.map(|account| account.funds.frozen.minor().into());
    accounts.names.number_of_id(name);
    accounts.list.push(account);
}

/// The decimals of an amount of a currency that is not known.
fn decimals(cell: &[u8]) -> u8 {
    let digits = cell
        .iter()
        .rev()
        .position(|byte| *byte == b'.')
        .and_then(|digits| u8::try_from(digits).ok());
    digits
        .filter(|digits| {
            Currency::codes()
                .filter_map(Currency::from_code)
                .any(|one| one.digits() == *digits)
        })
        .unwrap_or(0)
}

fn holding(sheet: &CheckedFile<'_>, digits: u8, found: &mut Violations) -> Option<AccountFunds> {
    let mut amount = |column: usize| {
        let amount = minor(sheet.cell(column), digits);
        if amount.is_none() {
            found.report_violation(Code::BadAmount, (sheet.file, &["closing/"]), || {
                let (name, cell) = (sheet.column_name(column), shown(sheet.cell(column)));
                (
                    sheet.place_of_column(column),
                    format!("`{name}` is {cell}, must be a plain amount with {digits} decimals"),
                )
            });
        }
        amount
    };
    let (cash, free_credit, available) = (amount(CASH), amount(FREE_CREDIT), amount(AVAILABLE));
    Some(AccountFunds {
        cash: cash?,
        free_credit: free_credit?,
        available: available?,
    })
}

fn compare(
    sheet: &CheckedFile<'_>,
    (stated, must): (AccountFunds, Option<AccountFunds>),
    digits: u8,
    found: &mut Violations,
) {
    let Some(must) = must else { return };
    for (column, is, must) in [
        (CASH, stated.cash, must.cash),
        (FREE_CREDIT, stated.free_credit, must.free_credit),
        (AVAILABLE, stated.available, must.available),
    ] {
        if is != must {
            return found.report_violation(Code::Disagrees, (sheet.file, LEDGER), || {
                let (name, is, must) = (
                    sheet.column_name(column),
                    text_of(is, digits),
                    text_of(must, digits),
                );
                (
                    sheet.place_of_column(column),
                    format!("`{name}` is {is}, must be {must}: the ledger comes to that"),
                )
            });
        }
    }
}
