//! `accounts.csv`: what each account holds at the opening.

use super::ids;
use super::settings::{Settings, currency};
use super::table::{CsvTable, InputRow, KnownColumns, Origins};
use super::value::{Problem, amount, amount_from_zero, shown, whole};
use crate::input::diagnostic::{Code, Diagnostics};
use crate::model::account::{Account, AccountIndex, Funds};
use crate::model::id::AccountId;
use crate::model::money::{Currency, Money};

pub(super) const FILE: &str = "accounts.csv";

pub(super) const COLUMNS: KnownColumns = KnownColumns {
    names: &[
        "account_id",
        "name",
        "cash",
        "free_credit",
        "frozen",
        "credit_limit",
        "alert_below",
        "currency",
        "arrears_hours",
        "alert_days",
    ],
    required: &[ACCOUNT_ID],
    tags: false,
    ids: &[ACCOUNT_ID],
    prices: &[],
};
const ACCOUNT_ID: usize = 0;
const NAME: usize = 1;
pub(super) const CASH: usize = 2;
const FREE_CREDIT: usize = 3;
const FROZEN: usize = 4;
const CREDIT_LIMIT: usize = 5;
const ALERT_BELOW: usize = 6;
pub(super) const CURRENCY: usize = 7;
const ARREARS_HOURS: usize = 8;
const ALERT_DAYS: usize = 9;

/// So many accounts are compared with a misspelt one.
const MOST_COMPARED: usize = 1_000;

/// The most hours or days that a counter of the opening may have.
const MOST_COUNTED: i64 = 1_000_000;

/// The accounts by id, and where their rows are.
pub(super) fn read_accounts<'t, 'f>(
    table: &'t CsvTable<'f>,
    settings: &Settings,
    diagnostics: &mut Diagnostics,
) -> (Vec<Account>, Origins<'t, 'f>) {
    let mut accounts = Vec::new();
    let errors = diagnostics.errors();
    table.rows(diagnostics, |row, diagnostics| {
        if let Some(account) = read_account(&row, settings, diagnostics) {
            accounts.push((account, row.start()));
        }
    });
    table.report_whole(errors, diagnostics);
    accounts.sort_unstable_by(|(left, left_start), (right, right_start)| {
        (&left.id, left_start).cmp(&(&right.id, right_start))
    });
    for pair in accounts.windows(2) {
        let [(first, first_start), (second, second_start)] = pair else {
            continue;
        };
        if first.id == second.id {
            diagnostics.push_with(Code::DuplicateId, || {
                let (id, line) = (shown(first.id.as_str()), table.line_number(*first_start));
                let message = format!("account {id} stands twice, first in line {line}");
                (
                    table.place_of_cell(*second_start, ACCOUNT_ID),
                    message,
                    "keep one of the two rows".to_owned(),
                )
            });
        }
    }
    let (accounts, starts) = accounts.into_iter().unzip();
    (accounts, Origins { table, starts })
}

/// Reads one row. An account with a wrong cell still exists: its instances are not to blame.
fn read_account(
    row: &impl InputRow,
    settings: &Settings,
    diagnostics: &mut Diagnostics,
) -> Option<Account> {
    let id = row.need((ACCOUNT_ID, "account_id"), diagnostics, |text| {
        Ok(AccountId::new(ids::id(text)?))
    });
    let currency = row
        .read_cell_as(CURRENCY, diagnostics, currency)
        .unwrap_or(settings.currency);
    let mut money = |slot, read: fn(&str, Currency) -> Result<Money, Problem>| {
        row.read_cell_as(slot, diagnostics, |text| read(text, currency))
    };
    let funds = Funds {
        cash: money(CASH, amount).unwrap_or(Money::ZERO),
        free_credit: money(FREE_CREDIT, amount_from_zero).unwrap_or(Money::ZERO),
        frozen: money(FROZEN, amount_from_zero).unwrap_or(Money::ZERO),
        credit_limit: money(CREDIT_LIMIT, amount_from_zero).unwrap_or(Money::ZERO),
    };
    let alert_below = money(ALERT_BELOW, amount);
    let count = |text: &str| {
        whole(text, 0, MOST_COUNTED).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
    };
    Some(Account {
        id: id??,
        name: row.text(NAME).map(Into::into),
        currency,
        funds,
        alert_below,
        arrears_hours: row.read_cell_as(ARREARS_HOURS, diagnostics, count),
        alert_days: row
            .read_cell_as(ALERT_DAYS, diagnostics, count)
            .unwrap_or(0),
        vouchers: Vec::new(),
        returns: Vec::new(),
    })
}

/// The account with this id.
pub(super) fn find_account(id: &str, accounts: &[Account]) -> Option<AccountIndex> {
    let at = accounts
        .binary_search_by(|account| account.id.as_str().cmp(id))
        .ok()?;
    Some(AccountIndex(
        u32::try_from(at).expect("a book numbers its accounts in 32 bits"),
    ))
}

/// The account that a row names, which must be one of the book.
pub(super) fn known_account(
    row: &impl InputRow,
    slot: usize,
    accounts: &[Account],
    diagnostics: &mut Diagnostics,
) -> Option<AccountIndex> {
    row.need((slot, "account_id"), diagnostics, |text| {
        find_account(text, accounts).ok_or_else(|| unknown_account(text, accounts))
    })
}

/// What is wrong with an id that no account has.
pub(super) fn unknown_account(text: &str, accounts: &[Account]) -> Problem {
    let known = accounts
        .iter()
        .take(MOST_COMPARED)
        .map(|account| account.id.as_str());
    match ids::id(text) {
        Err(problem) => problem,
        Ok(_) => {
            let help = ids::meant(text, (known, FILE), "add it to `accounts.csv`");
            Problem::new(
                Code::UnknownAccount,
                format!("there is no account {}", shown(text)),
                help,
            )
        }
    }
}
