//! `budget.csv` and `rates.csv`: what months may cost, and what currencies are worth. Only reports look at them.

use std::collections::BTreeMap;

use super::settings::{Settings, currency};
use super::table::{CsvTable, InputRow, KnownColumns};
use super::value::{Problem, amount_from_zero, price, shown};
use crate::input::diagnostic::{Code, Diagnostics};
use crate::model::budget::{Budget, Rate};
use crate::model::calendar::Day;
use crate::model::money::{Currency, Price};

pub(super) const FILE: &str = "budget.csv";
pub(super) const RATES_FILE: &str = "rates.csv";

pub(super) const COLUMNS: KnownColumns = KnownColumns {
    names: &["month", "key", "amount"],
    required: &[MONTH, AMOUNT],
    tags: false,
    ids: &[KEY],
    prices: &[],
};
const MONTH: usize = 0;
const KEY: usize = 1;
const AMOUNT: usize = 2;

const RATES: KnownColumns = KnownColumns {
    names: &["currency", "rate"],
    required: &[CURRENCY, RATE],
    tags: false,
    ids: &[],
    prices: &[RATE],
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
    let errors = diagnostics.errors();
    table.rows(diagnostics, |row, diagnostics| {
        let month = row.need((MONTH, "month"), diagnostics, month);
        let amount = row.need((AMOUNT, "amount"), diagnostics, |text| {
            amount_from_zero(text, settings.currency)
        });
        let (Some(month), Some(amount)) = (month, amount) else {
            return;
        };
        let key = row.text(KEY);
        let first = *seen
            .entry((month, key.map(str::to_owned)))
            .or_insert(row.start());
        if first != row.start() {
            let of = key.map_or_else(|| "everything".to_owned(), shown);
            let message = format!(
                "the budget of {of} stands twice, first in line {}",
                table.line_number(first)
            );
            let problem = Problem::new(Code::DuplicateId, message, "keep one of the two rows");
            return problem.report(|| row.place(MONTH), diagnostics);
        }
        budgets.push(Budget {
            month,
            key: key.map(Into::into),
            amount,
        });
    });
    table.report_whole(errors, diagnostics);
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
    let errors = diagnostics.errors();
    table.rows(diagnostics, |row, diagnostics| {
        let currency = row.need((CURRENCY, "currency"), diagnostics, |text| {
            foreign(text, settings.currency)
        });
        let rate = row.need((RATE, "rate"), diagnostics, rate);
        let (Some(currency), Some(rate)) = (currency, rate) else {
            return;
        };
        if rates.insert(currency, Rate { currency, rate }).is_some() {
            let message = format!("the rate of {currency} stands twice");
            let problem = Problem::new(Code::DuplicateId, message, "keep one of the two rows");
            problem.report(|| row.place(CURRENCY), diagnostics);
        }
    });
    table.report_whole(errors, diagnostics);
    rates.into_values().collect()
}

/// The first day of a month of the form `YYYY-MM`.
fn month(text: &str) -> Result<Day, Problem> {
    Day::parse(&format!("{text}-01")).map_err(|_| {
        let message = format!("{} is not a month of the form YYYY-MM", shown(text));
        let help = match text
            .get(..7)
            .filter(|start| Day::parse(&format!("{start}-01")).is_ok())
        {
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
