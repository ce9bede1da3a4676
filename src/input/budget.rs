//! `budget.csv` and `rates.csv`: what months may cost, and what currencies are worth. Only reports look at them.

use std::collections::BTreeMap;

use super::settings::{Settings, currency};
use super::table::{CsvTable, KnownColumns, columns, duplicate};
use super::value::{Problem, amount_from_zero, price, shown};
use crate::input::diagnostic::{Code, Diagnostics};
use crate::model::budget::{Budget, Rate};
use crate::model::calendar::Day;
use crate::model::money::{Currency, Price};

pub(super) const FILE: &str = "budget.csv";
pub(super) const RATES_FILE: &str = "rates.csv";

columns! {
    MONTH "month",
    KEY "key",
    AMOUNT "amount",
}

pub(super) const COLUMNS: KnownColumns = KnownColumns {
    names: NAMES,
    required: &[MONTH, AMOUNT],
    ids: &[KEY],
    ..KnownColumns::NONE
};

const RATES: KnownColumns = KnownColumns {
    names: &["currency", "rate"],
    required: &[CURRENCY, RATE],
    prices: &[RATE],
    ..KnownColumns::NONE
};
const CURRENCY: usize = 0;
const RATE: usize = 1;

/// The budgets, in file order.
/// Rule **budget-file**.
pub(super) fn read_budget(
    bytes: &[u8],
    settings: &Settings,
    diagnostics: &mut Diagnostics,
) -> Vec<Budget> {
    let mut budgets: Vec<Budget> = Vec::new();
    let mut seen: BTreeMap<(Day, Option<String>), usize> = BTreeMap::new();
    let Some(table) = CsvTable::open_table(FILE, bytes, COLUMNS, diagnostics) else {
        return budgets;
    };
    table.read_rows(diagnostics, |mut cells| {
        let month = cells.need(MONTH, month);
        let amount = cells.need(AMOUNT, |text| amount_from_zero(text, settings.currency));
        let (Some(month), Some(amount)) = (month, amount) else {
            return;
        };
        let (key, start) = (cells.text(KEY), cells.row.start());
        let first = *seen.entry((month, key.map(str::to_owned))).or_insert(start);
        if first != start {
            let of = key.map_or_else(|| "everything".to_owned(), shown);
            let what = format!(
                "budget of {of} (first on line {})",
                table.line_number(first)
            );
            return cells.report(MONTH, duplicate(what));
        }
        budgets.push(Budget {
            month,
            key: key.map(Into::into),
            amount,
        });
    });
    budgets
}

/// The rates, by currency.
/// Rule **rates-file**.
pub(super) fn read_rates(
    bytes: &[u8],
    settings: &Settings,
    diagnostics: &mut Diagnostics,
) -> Vec<Rate> {
    let mut rates: BTreeMap<Currency, Rate> = BTreeMap::new();
    let Some(table) = CsvTable::open_table(RATES_FILE, bytes, RATES, diagnostics) else {
        return Vec::new();
    };
    table.read_rows(diagnostics, |mut cells| {
        let currency = cells.need(CURRENCY, |text| foreign(text, settings.currency));
        let rate = cells.need(RATE, rate);
        let (Some(currency), Some(rate)) = (currency, rate) else {
            return;
        };
        if rates.insert(currency, Rate { currency, rate }).is_some() {
            cells.report(CURRENCY, duplicate(format!("rate of {currency}")));
        }
    });
    rates.into_values().collect()
}

/// The first day of a month of the form `YYYY-MM`.
fn month(text: &str) -> Result<Day, Problem> {
    let first_of = |month: &str| Day::parse(&format!("{month}-01")).ok();
    first_of(text).ok_or_else(|| {
        let message = format!("{} is not a month of the form YYYY-MM", shown(text));
        let help = match text.get(..7).filter(|start| first_of(start).is_some()) {
            Some(start) => format!("write {start}"),
            None => "write the month as YYYY-MM, such as 2026-12".to_owned(),
        };
        Problem::new(Code::BadDate, message, help)
    })
}

/// A currency that needs a rate.
fn foreign(text: &str, own: Currency) -> Result<Currency, Problem> {
    let currency = currency(text)?;
    if currency == own {
        let message = format!(
            "{} is the currency of the book, and needs no rate",
            shown(text)
        );
        return Err(Problem::new(Code::BadValue, message, "leave the row out"));
    }
    Ok(currency)
}

fn rate(text: &str) -> Result<Price, Problem> {
    let rate = price(text)?;
    if rate.is_zero() {
        let message = format!("a rate of {} makes a currency worth nothing", shown(text));
        return Err(Problem::new(
            Code::BadAmount,
            message,
            "write a rate above zero",
        ));
    }
    Ok(rate)
}
