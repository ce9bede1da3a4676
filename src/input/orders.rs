//! `orders.csv`: what was paid for terms that are not over.

use super::ids;
use super::instances::{find_instance, ids_of};
use super::settings::Settings;
use super::table::{CellReader, CsvRow, CsvTable, KnownColumns, columns};
use super::value::{Problem, day, months, shown};
use crate::input::diagnostic::{Code, Diagnostics};
use crate::model::account::Account;
use crate::model::calendar::Day;
use crate::model::instance::{ChargeType, Instance, InstanceIndex};
use crate::model::order::{Order, Orders, Term};

pub(super) const FILE: &str = "orders.csv";

columns! {
    INSTANCE_ID "instance_id",
    TERM_START "term_start",
    TERM_END "term_end",
    MONTHS "months",
    CASH "cash",
    FREE_CREDIT "free_credit",
    NEW "new",
}

pub(super) const COLUMNS: KnownColumns = KnownColumns {
    names: NAMES,
    required: &[INSTANCE_ID, TERM_START, TERM_END],
    ids: &[INSTANCE_ID],
    ..KnownColumns::NONE
};

/// The instances that a misspelt one is compared with, at most.
const MAX_COMPARED: usize = 1_000;

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
    table.read_rows(diagnostics, |mut cells| {
        let order = context.order(&mut cells);
        orders.extend(order.map(|(instance, order)| (instance, order, cells.row.start())));
    });
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
    let orders = orders
        .into_iter()
        .map(|(instance, order, _)| (instance, order));
    Orders::sorted(orders.collect())
}

impl OrderContext<'_> {
    fn order(self, cells: &mut CellReader<'_, CsvRow<'_, '_>>) -> Option<(InstanceIndex, Order)> {
        let before = cells.errors();
        let number = cells.need(INSTANCE_ID, |text| self.prepaid(text));
        let instance = number.map(|number| &self.instances[number.0 as usize]);
        // Amounts of an unknown id are read in the currency of the book.
        let currency = instance.map_or(self.settings.currency, |one| {
            self.accounts[one.account.0 as usize].currency
        });
        let start = cells.need(TERM_START, day);
        let expiry = instance.and_then(|one| one.expires_on);
        let end = cells.need(TERM_END, |text| end_of_term(day(text)?, start, expiry));
        let months = cells.read(MONTHS, months).unwrap_or(0);
        let [cash, free_credit] =
            [CASH, FREE_CREDIT].map(|slot| cells.amount_or_zero(slot, currency));
        let new = cells.word(NEW).unwrap_or(false);
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
        (cells.errors() == before).then_some((number?, order))
    }

    /// The prepaid instance with this id.
    fn prepaid(self, id: &str) -> Result<InstanceIndex, Problem> {
        let is_prepaid = |one: &&Instance| one.charge_type == ChargeType::Prepaid && one.exists();
        let found = find_instance(id, self.instances);
        let found = found.filter(|number| is_prepaid(&&self.instances[number.0 as usize]));
        found.ok_or_else(|| {
            let message = format!("{} is not a prepaid instance that exists", shown(id));
            let known = ids_of(self.instances.iter().filter(is_prepaid).take(MAX_COMPARED));
            let otherwise = "correct the id, or leave the row out";
            let help = ids::meant(id, known, "instances.csv", otherwise);
            Problem::new(Code::BadOrder, message, help)
        })
    }
}

/// The end of a term, which lies after its start and not after the expiry of its instance.
fn end_of_term(end: Day, start: Option<Day>, expiry: Option<Day>) -> Result<Day, Problem> {
    let (message, help) = match (start, expiry) {
        (Some(start), _) if end <= start => (
            format!("the term ends on {end}, but starts on {start}"),
            format!("write a day after {start}"),
        ),
        (_, Some(expiry)) if end > expiry => (
            format!("the term ends on {end}, but the instance expires on {expiry}"),
            format!("write {expiry} or an earlier day"),
        ),
        _ => return Ok(end),
    };
    Err(Problem::new(Code::BadOrder, message, help))
}
