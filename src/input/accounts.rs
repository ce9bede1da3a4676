//! `accounts.csv`: what each account holds at the opening.

use super::ids;
use super::settings::{Settings, currency};
use super::table::{CellReader, CsvTable, InputRow, KnownColumns, Origins, columns};
use super::value::{Problem, shown};
use crate::input::diagnostic::{Code, Diagnostics};
use crate::model::account::{Account, AccountIndex, Funds};
use crate::model::id::AccountId;
use crate::model::money::Money;

pub(super) const FILE: &str = "accounts.csv";

columns! {
    ACCOUNT_ID "account_id",
    NAME "name",
    CASH "cash",
    FREE_CREDIT "free_credit",
    FROZEN "frozen",
    CREDIT_LIMIT "credit_limit",
    ALERT_BELOW "alert_below",
    CURRENCY "currency",
    ARREARS_HOURS "arrears_hours",
    ALERT_DAYS "alert_days",
}

pub(super) const COLUMNS: KnownColumns = KnownColumns {
    names: NAMES,
    required: &[ACCOUNT_ID],
    ids: &[ACCOUNT_ID],
    ..KnownColumns::NONE
};

/// The accounts that a misspelt one is compared with, at most.
const MAX_COMPARED: usize = 1_000;
/// The most hours or days of a counter at the opening.
const MAX_COUNT: i64 = 1_000_000;

/// The accounts by id, and where their rows are.
pub(super) fn read_accounts<'t, 'f>(
    table: &'t CsvTable<'f>,
    settings: &Settings,
    diagnostics: &mut Diagnostics,
) -> (Vec<Account>, Origins<'t, 'f>) {
    let mut accounts = Vec::new();
    table.read_rows(diagnostics, |mut cells| {
        let account = read_account(&mut cells, settings);
        accounts.extend(account.map(|account| (account, cells.row.start())));
    });
    accounts.sort_unstable_by(|(left, left_start), (right, right_start)| {
        (&left.id, left_start).cmp(&(&right.id, right_start))
    });
    for pair in accounts.windows(2) {
        if pair[0].0.id == pair[1].0.id {
            let what = format!("account {}", shown(pair[0].0.id.as_str()));
            table.report_duplicate(&what, [pair[0].1, pair[1].1], ACCOUNT_ID, diagnostics);
        }
    }
    let (accounts, starts) = accounts.into_iter().unzip();
    (accounts, Origins { table, starts })
}

/// Reads one row. An account with a wrong cell still exists: its instances are not to blame.
fn read_account(cells: &mut CellReader<'_, impl InputRow>, settings: &Settings) -> Option<Account> {
    let id = cells.need(ACCOUNT_ID, |text| Ok(AccountId::new(ids::id(text)?)));
    let currency = cells.read(CURRENCY, currency).unwrap_or(settings.currency);
    let funds = Funds {
        cash: cells.amount(CASH, currency).unwrap_or(Money::ZERO),
        free_credit: cells.amount_or_zero(FREE_CREDIT, currency),
        frozen: cells.amount_or_zero(FROZEN, currency),
        credit_limit: cells.amount_or_zero(CREDIT_LIMIT, currency),
    };
    Some(Account {
        id: id??,
        name: cells.text(NAME).map(Into::into),
        currency,
        funds,
        alert_below: cells.amount(ALERT_BELOW, currency),
        arrears_hours: cells.count(ARREARS_HOURS, 0..=MAX_COUNT),
        alert_days: cells.count(ALERT_DAYS, 0..=MAX_COUNT).unwrap_or(0),
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
    cells: &mut CellReader<'_, impl InputRow>,
    slot: usize,
    accounts: &[Account],
) -> Option<AccountIndex> {
    cells.need(slot, |text| account_of_id(text, accounts))
}

/// The account with this id, which must be one of the book.
pub(super) fn account_of_id(id: &str, accounts: &[Account]) -> Result<AccountIndex, Problem> {
    find_account(id, accounts).ok_or_else(|| unknown_account(id, accounts))
}

/// What is wrong with an id that no account has.
pub(super) fn unknown_account(text: &str, accounts: &[Account]) -> Problem {
    if let Err(problem) = ids::id(text) {
        return problem;
    }
    let known = accounts.iter().take(MAX_COMPARED);
    let known = known.map(|account| account.id.as_str());
    let help = ids::meant(text, known, FILE, "add it to `accounts.csv`");
    let message = format!("there is no account {}", shown(text));
    Problem::new(Code::UnknownAccount, message, help)
}
