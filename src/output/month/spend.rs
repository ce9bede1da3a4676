//! Tables of money: spend against budget and forecast, by any column, by instance, and ahead. Never replays anything.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::MonthView;
use super::accrual::Deferral;
use super::sums::SpendSums;
use super::table::{ColumnKind, ReportColumn, ReportTable, Sense, Sign, TableCell};
use super::table_rows::TableRows;
use crate::analysis::demand::ThreeSums;
use crate::engine::event::Event;
use crate::model::instance::{Instance, InstanceIndex};
use crate::model::money::{Currency, Money};
use crate::output::monthly::{REFUNDS, RENEWALS};
use crate::output::names::part;

const USAGE: &[Event] = &[Event::Usage];
/// Adds the column of what is paid for terms.
pub(super) fn renewals<R>(
    table: &mut TableRows<R>,
    sums: impl Fn(&R) -> SpendSums,
) -> &mut ReportColumn {
    table
        .money("renewals", "Renewals", |row| sums(row).renewals)
        .summing(RENEWALS, Sign::Reversed)
}

/// Adds the column of what is charged for hours.
pub(super) fn usage<R>(
    table: &mut TableRows<R>,
    sums: impl Fn(&R) -> SpendSums,
) -> &mut ReportColumn {
    table
        .money("usage", "Usage", |row| sums(row).usage)
        .summing(USAGE, Sign::Reversed)
}

/// Adds the column of what comes back.
pub(super) fn refunds<R>(
    table: &mut TableRows<R>,
    sums: impl Fn(&R) -> SpendSums,
) -> &mut ReportColumn {
    table
        .money("refunds", "Refunds", |row| sums(row).refunds)
        .summing(REFUNDS, Sign::AsIs)
}

/// Adds the columns of spend and its parts.
fn spend_and_parts<R>(table: &mut TableRows<R>, sums: impl Fn(&R) -> SpendSums) {
    renewals(table, &sums);
    usage(table, &sums);
    refunds(table, &sums);
    let spend = table.money("spend", "Spend", |row| sums(row).spend());
    spend.adding("renewals + usage - refunds");
}

/// Spend of a month in one currency: what was, was meant, and was forecast.
#[derive(Clone, Copy, Debug)]
pub struct MonthSpend {
    /// The currency.
    pub currency: Currency,
    /// Whether it is everything, converted.
    pub is_converted: bool,
    /// The spend.
    pub spend: Money,
    /// Of the month before, if that is known.
    pub before: Option<Money>,
    /// The budget, if there is one.
    pub budget: Option<Money>,
    /// The last forecast, if one was given.
    pub forecast: Option<Money>,
}

impl MonthSpend {
    /// What was spent more than another amount.
    fn more_than(&self, other: Option<Money>) -> Option<Money> {
        Some(self.spend - other?)
    }
}

/// Spend by currency, the book's first; then everything in the book's currency, where there are several and all have rates.
/// The budget of the book is for everything, or for the book's currency where not everything can be converted.
pub(super) fn of_month(view: &MonthView<'_>) -> Vec<MonthSpend> {
    let own = view.book.currency;
    let mut currencies: BTreeSet<Currency> = BTreeSet::from([own]);
    currencies.extend(view.book.accounts.iter().map(|account| account.currency));
    let mut spends = Vec::new();
    for currency in currencies {
        let before = view.before.as_ref();
        spends.push(MonthSpend {
            currency,
            is_converted: false,
            spend: view.spend_of(&view.this, currency),
            before: before.map(|before| view.spend_of(before, currency)),
            budget: None,
            forecast: view.last.map(|last| view.spend_of(&last.this, currency)),
        });
    }
    spends.sort_by_key(|one| one.currency != own);
    let budget = view.budget(None);
    match converted(view, &spends) {
        Some(all) => spends.push(MonthSpend { budget, ..all }),
        None => spends[0].budget = budget,
    }
    spends
}

/// Everything in the book's currency; none where there is one currency only, or one without a rate.
fn converted(view: &MonthView<'_>, spends: &[MonthSpend]) -> Option<MonthSpend> {
    if spends.len() < 2 {
        return None;
    }
    Some(MonthSpend {
        currency: view.book.currency,
        is_converted: true,
        spend: sum_of(view, spends, |one| Some(one.spend))?,
        before: sum_of(view, spends, |one| one.before),
        budget: None,
        forecast: sum_of(view, spends, |one| one.forecast),
    })
}

fn sum_of(
    view: &MonthView<'_>,
    spends: &[MonthSpend],
    amount: fn(&MonthSpend) -> Option<Money>,
) -> Option<Money> {
    let amounts = spends.iter().map(|one| Some((one.currency, amount(one)?)));
    view.convert(&amounts.collect::<Option<Vec<_>>>()?)
}

/// Spend of the month against the month before, the budget and the last forecast.
pub(super) fn comparison(view: &MonthView<'_>) -> ReportTable {
    let rows_of = view.sums_by(|instance| view.currency(instance));
    let mut table = TableRows::new(of_month(view), |row| Some(row.currency));
    table.text("currency", "Currency", |row| match row.is_converted {
        true => format!("all, in {}", row.currency),
        false => row.currency.to_string(),
    });
    table.figure("spend", "Spend", |row| row.spend);
    table.figure("before", "Month before", |row| row.before);
    let change = table.figure("change", "Change", |row| row.more_than(row.before));
    change.adding("spend - before").sense(Sense::MoreCost);
    table.figure("budget", "Budget", |row| row.budget);
    let left = table.figure("budget_left", "Left of budget", |row| {
        Some(row.budget? - row.spend)
    });
    left.adding("budget - spend").sense(Sense::Left);
    table.figure("forecast", "Last forecast", |row| row.forecast);
    let change = table.figure("since_forecast", "Change from forecast", |row| {
        row.more_than(row.forecast)
    });
    change.adding("spend - forecast").sense(Sense::MoreCost);
    table.ledger_rows(|row| {
        let sums = rows_of.get(&row.currency).filter(|_| !row.is_converted)?;
        Some(sums.rows)
    });
    table.table(
        "spend",
        "Spend of the month",
        "Renewals and usage without refunds, from cash and free credit. The month before is that of this run, or of the \
         last report where this run begins later; the budget is that of budget.csv; the forecast is that of the last \
         report. A negative change is less spend; a negative rest of the budget is what was overspent.",
    )
}

/// The three sums of the whole run, the book's currency first.
pub(super) fn run_sums(view: &MonthView<'_>) -> Vec<(Currency, ThreeSums)> {
    let totals = view.facts.demand.totals(view.book);
    let mut sums: Vec<(Currency, ThreeSums)> = totals.into_iter().collect();
    sums.sort_by_key(|(currency, _)| (*currency != view.book.currency, *currency));
    sums
}

/// The three sums of what shares a value of a column, or of everything.
struct DemandRow<'v> {
    column: &'v str,
    value: Option<String>,
    currency: Currency,
    sums: ThreeSums,
}

fn demand_rows<'v>(view: &MonthView<'v>) -> Vec<DemandRow<'v>> {
    let mut rows = Vec::new();
    for (currency, sums) in run_sums(view) {
        rows.push(DemandRow {
            column: "everything",
            value: None,
            currency,
            sums,
        });
    }
    for (column, name) in view.columns {
        let mut values: BTreeMap<(Currency, Option<String>), ThreeSums> = BTreeMap::new();
        for (instance, sums) in view.facts.demand.instances(view.book) {
            let value = view.value(instance, *column);
            values.entry(value).or_default().add_sums(sums);
        }
        rows.extend(
            values
                .into_iter()
                .map(|((currency, value), sums)| DemandRow {
                    column: name,
                    value,
                    currency,
                    sums,
                }),
        );
    }
    rows
}

/// The whole run in three sums: in all, and by each column.
pub(super) fn demand(view: &MonthView<'_>) -> ReportTable {
    let mut table = TableRows::new(demand_rows(view), |row| Some(row.currency));
    table.text("column", "By", |row| row.column);
    table.text("value", "Value", |row| row.value.clone());
    table.currencies();
    table.figure("as_funded", "As funded", |row| row.sums.as_funded);
    table.figure("all_due_paid", "All due paid", |row| row.sums.all_due_paid);
    table.figure("all_kept", "All kept", |row| row.sums.all_kept);
    let unpaid = table.figure("unpaid", "Due and not paid", |row| {
        Some(row.sums.all_due_paid? - row.sums.as_funded)
    });
    unpaid.sense(Sense::MoreCost);
    let days = view.book.days;
    let unknown = match view.facts.demand.untold.is_empty() {
        true => "",
        false => {
            " A sum is empty where ample cash leads to an action that asks a price which the book does not have."
        }
    };
    table.table(
        "demand",
        &format!("Spend from {} to {}, three times", days.from, days.to),
        format!(
            "The whole run. As funded is what the cash allows: renewals that fail cost nothing. All due paid is what would be spent with ample cash at the \
             opening, all kept the same with everything kept that nobody decided to end. Values of columns are those at the opening.{unknown}"
        ),
    )
}

/// What a value of a column has in the month.
#[derive(Default)]
struct ValueMonth {
    this: SpendSums,
    before: SpendSums,
    spread: Money,
}

/// A row of a table by column; the value has a currency.
type ValueRow = ((Currency, Option<String>), ValueMonth);

fn value_rows(view: &MonthView<'_>, at: usize) -> BTreeMap<(Currency, Option<String>), ValueMonth> {
    let column = view.columns[at].0;
    let mut values: BTreeMap<_, ValueMonth> = BTreeMap::new();
    for (instance, sums) in &view.facts.this {
        values
            .entry(view.value(*instance, column))
            .or_default()
            .this += *sums;
    }
    for (instance, sums) in &view.facts.before {
        values
            .entry(view.value(*instance, column))
            .or_default()
            .before += *sums;
    }
    for (instance, deferral) in &view.facts.deferrals {
        let value = values.entry(view.value(*instance, column)).or_default();
        value.spread += deferral.spread.funds + deferral.written_off.funds;
    }
    values
}

fn value_budget(view: &MonthView<'_>, ((currency, value), _): &ValueRow) -> Option<Money> {
    let budget = view.budget(Some(value.as_deref()?))?;
    (*currency == view.book.currency).then_some(budget)
}

/// Spend by the values of a column; the budget is by those of the first.
pub(super) fn by_column(view: &MonthView<'_>, at: usize) -> ReportTable {
    let name = &view.columns[at].1;
    let mut table = TableRows::new(value_rows(view, at), |((currency, _), _)| Some(*currency));
    table.text(name.clone(), heading(name), |((_, value), _)| value.clone());
    table.currencies();
    spend_and_parts(&mut table, |(_, value)| value.this);
    table.money("before", "Month before", |(_, value)| {
        view.if_own(value.before.spend())
    });
    table
        .money("change", "Change", |(_, value)| {
            view.if_own(value.this.spend() - value.before.spend())
        })
        .adding("spend - before")
        .sense(Sense::MoreCost);
    table.money("cost", "Cost", |(_, value)| {
        value.spread + value.this.usage - value.this.refunds
    });
    if at == 0 {
        table.money("budget", "Budget", |row| value_budget(view, row));
        table
            .money("budget_left", "Left of budget", |row| {
                Some(value_budget(view, row)? - row.1.this.spend())
            })
            .adding("budget - spend")
            .sense(Sense::Left);
    }
    table.ledger_rows(|(_, value)| value.this.rows);
    table.table(
        &format!("by-{}", part(&name.replace([':', '_'], "-"), 0)),
        &format!("By {}", people_name(name)),
        format!(
            "Sums of the month over the instances with each value of {name} at the opening of the book; an empty value is \
             everything without one. Spend is renewals and usage without refunds, cost is by day as in the accrual view."
        ),
    )
}

/// The name of a column for people: `account`, `tag team`.
fn people_name(column: &str) -> String {
    match column.strip_prefix("tag:") {
        Some(key) => format!("tag {key}"),
        None => column.trim_end_matches("_id").replace('_', " "),
    }
}

/// A heading of it: `Account`.
fn heading(column: &str) -> String {
    let name = people_name(column);
    let mut letters = name.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// An instance in the month.
struct InstanceMonth<'v> {
    index: InstanceIndex,
    instance: &'v Instance,
    currency: Currency,
    this: SpendSums,
    before: SpendSums,
    deferral: Deferral,
}

/// The instances that cost anything, by currency and spend.
fn instance_rows<'v>(view: &MonthView<'v>) -> Vec<InstanceMonth<'v>> {
    let facts = view.facts;
    let mut numbers: BTreeSet<InstanceIndex> = facts.this.keys().copied().collect();
    numbers.extend(facts.before.keys());
    numbers.extend(facts.deferrals.keys());
    let mut rows = Vec::new();
    for index in numbers {
        rows.push(InstanceMonth {
            index,
            instance: view.book.instance(index),
            currency: view.currency(index),
            this: facts.this.get(&index).copied().unwrap_or_default(),
            before: facts.before.get(&index).copied().unwrap_or_default(),
            deferral: facts.deferrals.get(&index).copied().unwrap_or_default(),
        });
    }
    rows.sort_by_key(|row| (row.currency, Reverse(row.this.spend()), row.index));
    rows
}

/// Every instance that costs anything, by cost.
pub(super) fn instances(view: &MonthView<'_>) -> ReportTable {
    let mut table = TableRows::new(instance_rows(view), |row| Some(row.currency));
    view.add_names(&mut table, |row| row.index);
    table.text("product", "Product", |row| {
        view.label(Some(row.instance.labels.product))
    });
    table.text("instance_type", "Type", |row| {
        view.label(row.instance.labels.instance_type)
    });
    table.text("region", "Region", |row| {
        view.label(row.instance.labels.region)
    });
    table.currencies();
    spend_and_parts(&mut table, |row| row.this);
    table.money("before", "Month before", |row| {
        view.if_own(row.before.spend())
    });
    table.money("cost", "Cost", |row| {
        let spread = row.deferral.spread.funds + row.deferral.written_off.funds;
        spread + row.this.usage - row.this.refunds
    });
    table.money("deferred_end", "Prepaid, closing", |row| {
        row.deferral.closing.funds
    });
    table.ledger_rows(|row| row.this.rows);
    table.table(
        "instances",
        "Instances by cost",
        "Every instance with spend in this month or the month before, or with a paid term.",
    )
}

/// The months to come.
pub(super) fn ahead(view: &MonthView<'_>) -> ReportTable {
    let own = view.book.currency;
    let mut months: Vec<_> = view.facts.ahead.iter().collect();
    months.sort_by_key(|((month, currency), _)| (*currency != own, *currency, *month));
    let mut table = TableRows::new(months, |((_, currency), _)| Some(*currency));
    table.column(ColumnKind::Month, "month", "Month", |((month, _), _)| {
        TableCell::Month(*month)
    });
    table.currencies();
    spend_and_parts(&mut table, |(_, ahead)| ahead.sums);
    table.unchecked();
    table.count("renewed", "Renewed", |(_, ahead)| ahead.renewed);
    table.count("renewal_failed", "Failed", |(_, ahead)| ahead.failed);
    table.count("reclaimed", "Reclaimed or stopped", |(_, ahead)| {
        ahead.reclaimed
    });
    table.count("terminated", "Terminated", |(_, ahead)| ahead.terminated);
    table.ledger_rows(|(_, ahead)| ahead.sums.rows);
    table.table(
        "ahead",
        "Twelve months ahead",
        "From this month on, as far as the run goes; each row sums the ledger rows of its month. Failed counts attempts; what people \
         return or destroy is no loss.",
    )
}
