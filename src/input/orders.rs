//! `orders.csv`: what was paid for terms that are not over.

use super::ids;
use super::settings::Settings;
use super::table::{CsvRow, CsvTable, InputRow, KnownColumns};
use super::value::{Problem, amount_from_zero, day, months, shown, word};
use crate::input::diagnostic::{Code, Diagnostics};
use crate::model::account::Account;
use crate::model::instance::{ChargeType, Instance, InstanceIndex};
use crate::model::money::{Currency, Money};
use crate::model::order::{Order, Orders, Term};

pub(super) const FILE: &str = "orders.csv";

pub(super) const COLUMNS: KnownColumns = KnownColumns {
    names: &[
        "instance_id",
        "term_start",
        "term_end",
        "months",
        "cash",
        "free_credit",
        "new",
    ],
    required: &[INSTANCE_ID, TERM_START, TERM_END],
    tags: false,
    ids: &[INSTANCE_ID],
    prices: &[],
};
/// So many instances are compared with a misspelt one.
const MOST_COMPARED: usize = 1_000;
const INSTANCE_ID: usize = 0;
const TERM_START: usize = 1;
const TERM_END: usize = 2;
const MONTHS: usize = 3;
const CASH: usize = 4;
const FREE_CREDIT: usize = 5;
const NEW: usize = 6;

/// What the rows refer to.
#[derive(Clone, Copy)]
pub(super) struct OrderContext<'c> {
    pub accounts: &'c [Account],
    pub instances: &'c [Instance],
    pub settings: &'c Settings,
}

/// The orders.
pub(super) fn read_orders(
    bytes: &[u8],
    context: OrderContext<'_>,
    diagnostics: &mut Diagnostics,
) -> Orders {
    let mut orders: Vec<(InstanceIndex, Order, usize)> = Vec::new();
    let Some(mut table) = CsvTable::open_table(FILE, bytes, COLUMNS, diagnostics) else {
        return Orders::default();
    };
    table.set_zone(&context.settings.time_zone);
    let errors = diagnostics.errors();
    table.rows(diagnostics, |row, diagnostics| {
        if let Some((instance, order)) = order(&row, context, diagnostics) {
            orders.push((instance, order, row.start()));
        }
    });
    table.report_whole(errors, diagnostics);
    orders.sort_unstable_by_key(|(instance, order, start)| (*instance, order.term.start, *start));
    for pair in orders.windows(2) {
        let [(instance, first, _), (next, second, start)] = pair else {
            continue;
        };
        if instance == next && second.term.start < first.term.end {
            let id = shown(context.instances[instance.0 as usize].id.as_str());
            let message = format!("the term overlaps that of {id} until {}", first.term.end);
            let help = format!("let it start on {} or later", first.term.end);
            Problem::new(Code::BadOrder, message, help)
                .report(|| table.place_of_cell(*start, TERM_START), diagnostics);
        }
    }
    Orders::sorted(
        orders
            .into_iter()
            .map(|(instance, order, _)| (instance, order))
            .collect(),
    )
}

fn order(
    row: &CsvRow<'_, '_>,
    context: OrderContext<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<(InstanceIndex, Order)> {
    let before = diagnostics.errors();
    let number = row.need((INSTANCE_ID, "instance_id"), diagnostics, |text| {
        prepaid(text, context)
    });
    let instance = number.map(|number| &context.instances[number.0 as usize]);
    // Amounts of an id that nobody knows are read in the currency of the book.
    let currency = instance.map_or(context.settings.currency, |one| {
        context.accounts[one.account.0 as usize].currency
    });
    let start = row.need((TERM_START, "term_start"), diagnostics, day);
    let end = row.need((TERM_END, "term_end"), diagnostics, |text| {
        let end = day(text)?;
        match (start, instance.and_then(|one| one.expires_on)) {
            (Some(start), _) if end <= start => {
                let message = format!("the term ends on {end}, but starts on {start}");
                Err(Problem::new(
                    Code::BadOrder,
                    message,
                    format!("write a day after {start}"),
                ))
            }
            (_, Some(expiry)) if end > expiry => {
                let message =
                    format!("the term ends on {end}, but the instance expires on {expiry}");
                Err(Problem::new(
                    Code::BadOrder,
                    message,
                    format!("write {expiry} or an earlier day"),
                ))
            }
            _ => Ok(end),
        }
    });
    let months = row.read_cell_as(MONTHS, diagnostics, months).unwrap_or(0);
    let mut paid = |slot, currency: Currency| {
        row.read_cell_as(slot, diagnostics, |text| amount_from_zero(text, currency))
            .unwrap_or(Money::ZERO)
    };
    let (cash, free_credit) = (paid(CASH, currency), paid(FREE_CREDIT, currency));
    let new = row
        .read_cell_as(NEW, diagnostics, |text| {
            word(text, &[("true", true), ("false", false)])
        })
        .unwrap_or(false);
    let order = Order {
        term: Term {
            start: start?,
            end: end?,
            months,
        },
        cash,
        free_credit,
        new,
    };
    (diagnostics.errors() == before).then_some((number?, order))
}

/// The prepaid instance with this id.
fn prepaid(id: &str, context: OrderContext<'_>) -> Result<InstanceIndex, Problem> {
    let at = context
        .instances
        .binary_search_by(|instance| instance.id.as_str().cmp(id))
        .ok();
    let instance = at.map(|at| &context.instances[at]);
    let listed = instance.filter(|one| one.charge_type == ChargeType::Prepaid && one.exists());
    match (listed, at.and_then(|at| u32::try_from(at).ok())) {
        (Some(_), Some(number)) => Ok(InstanceIndex(number)),
        _ => {
            let message = format!("{} is no prepaid instance that exists", shown(id));
            let ids = context
                .instances
                .iter()
                .filter(|one| one.charge_type == ChargeType::Prepaid && one.exists());
            let ids = ids.take(MOST_COMPARED).map(|one| one.id.as_str());
            let help = ids::meant(
                id,
                (ids, "instances.csv"),
                "correct the id, or leave the row out",
            );
            Err(Problem::new(Code::BadOrder, message, help))
        }
    }
}
