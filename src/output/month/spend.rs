//! Tables of money: spend against budget and forecast, cash and accrual by account, by any column, by instance, and ahead.

use std::collections::BTreeMap;

use super::MonthView;
use super::accrual::{Amounts, Deferral};
use super::sums::SpendSums;
use super::table::{
    ColumnKind, ReportColumn, ReportTable, RowExtent, Sense, Sign, TableCell, count, money, rows,
    text_column,
};
use crate::analysis::demand::ThreeSums;
use crate::engine::event::Event;
use crate::model::account::AccountIndex;
use crate::model::calendar::Day;
use crate::model::instance::InstanceIndex;
use crate::model::money::{Currency, Money};
use crate::output::monthly::{REFUNDS, RENEWALS};

const USAGE: &[Event] = &[Event::Usage];
const TOPUPS: &[Event] = &[Event::TopUp];
const CREDITS: &[Event] = &[Event::Credit];
/// Spend as the sum of its parts.
const SPENT: &[(&str, Sign)] = &[
    ("renewals", Sign::AsIs),
    ("usage", Sign::AsIs),
    ("refunds", Sign::Reversed),
];
const CHANGED: &[(&str, Sign)] = &[("spend", Sign::AsIs), ("before", Sign::Reversed)];
const BUDGET_LEFT: &[(&str, Sign)] = &[("budget", Sign::AsIs), ("spend", Sign::Reversed)];
const SINCE_FORECAST: &[(&str, Sign)] = &[("spend", Sign::AsIs), ("forecast", Sign::Reversed)];
const CLOSING: &[(&str, Sign)] = &[
    ("opening", Sign::AsIs),
    ("topups", Sign::AsIs),
    ("credits", Sign::AsIs),
    ("renewals", Sign::Reversed),
    ("usage", Sign::Reversed),
    ("refunds", Sign::AsIs),
];
const DEFERRED: &[(&str, Sign)] = &[
    ("deferred_start", Sign::AsIs),
    ("paid", Sign::AsIs),
    ("spread", Sign::Reversed),
    ("written_off", Sign::Reversed),
];
const COST: &[(&str, Sign)] = &[
    ("spread", Sign::AsIs),
    ("written_off", Sign::AsIs),
    ("usage", Sign::AsIs),
    ("refunds", Sign::Reversed),
];
const PAID: &[(&str, Sign)] = &[
    ("paid", Sign::AsIs),
    ("usage", Sign::AsIs),
    ("refunds", Sign::Reversed),
];
const DIFFERENCE: &[(&str, Sign)] = &[
    ("spend", Sign::AsIs),
    ("cost", Sign::Reversed),
    ("deferred_end", Sign::Reversed),
    ("deferred_start", Sign::AsIs),
];

fn renewals() -> ReportColumn {
    money("renewals", "Renewals").summing(RENEWALS, Sign::Reversed)
}

fn usage() -> ReportColumn {
    money("usage", "Usage").summing(USAGE, Sign::Reversed)
}

fn refunds() -> ReportColumn {
    money("refunds", "Refunds").summing(REFUNDS, Sign::AsIs)
}

fn spent() -> ReportColumn {
    money("spend", "Spend").adding(SPENT)
}

/// Spend of a month in one currency: what was, was meant, and was forecast.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Compared {
    pub spend: Money,
    pub before: Option<Money>,
    pub budget: Option<Money>,
    pub forecast: Option<Money>,
}

/// Spend by currency, the book's first; then everything in the book's currency, where all have rates.
pub(super) struct SpendOfMonth {
    pub by_currency: Vec<(Currency, Compared)>,
    pub converted: Option<Compared>,
}

pub(super) fn of_month(view: &MonthView<'_>) -> SpendOfMonth {
    let mut currencies: Vec<Currency> = view
        .book
        .accounts
        .iter()
        .map(|account| account.currency)
        .collect();
    currencies.push(view.book.currency);
    currencies.sort_by_key(|currency| (*currency != view.book.currency, *currency));
    currencies.dedup();
    let last = |currency: Currency| view.last.map(|last| view.spend_of(&last.this, currency));
    let compared = |currency: Currency| Compared {
        spend: view.spend_of(&view.this, currency),
        before: view
            .before
            .as_ref()
            .map(|before| view.spend_of(before, currency)),
        budget: None,
        forecast: last(currency),
    };
    let mut by_currency: Vec<(Currency, Compared)> = currencies
        .iter()
        .map(|one| (*one, compared(*one)))
        .collect();
    let mut converted = converted(view, &by_currency);
    let budget = view.budget(None);
    match &mut converted {
        Some(converted) => converted.budget = budget,
        None => by_currency[0].1.budget = budget,
    }
    SpendOfMonth {
        by_currency,
        converted,
    }
}

/// Everything in the book's currency; none where there is one currency only, or one without a rate.
fn converted(view: &MonthView<'_>, by_currency: &[(Currency, Compared)]) -> Option<Compared> {
    if by_currency.len() < 2 {
        return None;
    }
    let sum = |of: &dyn Fn(&Compared) -> Option<Money>| {
        let amounts: Option<Vec<(Currency, Money)>> = by_currency
            .iter()
            .map(|(currency, compared)| Some((*currency, of(compared)?)))
            .collect();
        view.convert(&amounts?)
    };
    Some(Compared {
        spend: sum(&|compared| Some(compared.spend))?,
        before: sum(&|compared| compared.before),
        budget: None,
        forecast: sum(&|compared| compared.forecast),
    })
}

/// Spend of the month against the month before, the budget and the last forecast.
pub(super) fn comparison(view: &MonthView<'_>) -> ReportTable {
    let spend = of_month(view);
    let row = |name: String, currency: Currency, (of, rows): (&Compared, Option<RowExtent>)| {
        let cell = |money: Option<Money>| {
            money.map_or(TableCell::Empty, |money| TableCell::Money(money, currency))
        };
        let against = |other: Option<Money>| cell(other.map(|other| of.spend - other));
        let left = cell(of.budget.map(|budget| budget - of.spend));
        vec![
            TableCell::Text(name),
            TableCell::Money(of.spend, currency),
            cell(of.before),
            against(of.before),
            cell(of.budget),
            left,
            cell(of.forecast),
            against(of.forecast),
            rows.map_or(TableCell::Empty, TableCell::Rows),
        ]
    };
    let mut rows_of: BTreeMap<Currency, RowExtent> = BTreeMap::new();
    for (instance, sums) in &view.facts.this {
        rows_of
            .entry(view.currency(*instance))
            .or_default()
            .join(sums.rows);
    }
    let own = view.book.currency;
    let by_currency = spend.by_currency.iter();
    let of_currency = |(currency, of): &(Currency, Compared)| {
        row(
            currency.to_string(),
            *currency,
            (of, rows_of.get(currency).copied()),
        )
    };
    let mut table_rows: Vec<Vec<TableCell>> = by_currency.map(of_currency).collect();
    table_rows.extend(
        spend
            .converted
            .iter()
            .map(|of| row(format!("all, in {own}"), own, (of, None))),
    );
    let plain = |name, title| money(name, title).unsummed();
    ReportTable {
        name: "spend".to_owned(),
        title: "Spend of the month".to_owned(),
        about: "Renewals and usage without refunds, from cash and free credit. The month before is that of this run, or of the \
                last report where this run begins later; the budget is that of budget.csv; the forecast is that of the last \
                report. A change below zero is less spend; what is left of the budget is below zero where more was spent."
            .to_owned(),
        columns: vec![
            text_column("currency", "Currency"),
            plain("spend", "Spend"),
            plain("before", "Month before"),
            plain("change", "Change").adding(CHANGED).sense(Sense::MoreCost),
            plain("budget", "Budget"),
            plain("budget_left", "Left of budget").adding(BUDGET_LEFT).sense(Sense::Left),
            plain("forecast", "Last forecast"),
            plain("since_forecast", "Change from forecast").adding(SINCE_FORECAST).sense(Sense::MoreCost),
            rows(),
        ],
        rows: table_rows,
        is_whole: true,
    }
}

/// The three sums of the whole run, the book's currency first.
pub(super) fn run_sums(view: &MonthView<'_>) -> Vec<(Currency, ThreeSums)> {
    let mut sums: Vec<(Currency, ThreeSums)> =
        view.facts.demand.totals(view.book).into_iter().collect();
    sums.sort_by_key(|(currency, _)| (*currency != view.book.currency, *currency));
    sums
}

/// The whole run in three sums: in all, and by each column.
pub(super) fn demand(view: &MonthView<'_>) -> ReportTable {
    let row = |column: &str, value: Option<String>, currency: Currency, sums: ThreeSums| {
        let cell = |sum: Option<Money>| {
            sum.map_or(TableCell::Empty, |sum| TableCell::Money(sum, currency))
        };
        let texts = [
            TableCell::Text(column.to_owned()),
            TableCell::text_or_empty(value),
            TableCell::Text(currency.to_string()),
        ];
        let unpaid = sums.all_due_paid.map(|paid| paid - sums.as_funded);
        let sums = [
            Some(sums.as_funded),
            sums.all_due_paid,
            sums.all_kept,
            unpaid,
        ]
        .map(cell);
        texts.into_iter().chain(sums).collect::<Vec<TableCell>>()
    };
    let mut table_rows: Vec<Vec<TableCell>> = run_sums(view)
        .into_iter()
        .map(|(currency, sums)| row("everything", None, currency, sums))
        .collect();
    for (column, name) in view.columns {
        let mut values: BTreeMap<(Currency, Option<String>), ThreeSums> = BTreeMap::new();
        for (instance, sums) in view.facts.demand.instances(view.book) {
            let one = view.book.instance(instance);
            let key = (
                view.book.account(one.account).currency,
                view.book.cell_text(one, *column),
            );
            values.entry(key).or_default().add_sums(sums);
        }
        table_rows.extend(
            values
                .into_iter()
                .map(|((currency, value), sums)| row(name, value, currency, sums)),
        );
    }
    let days = view.book.days;
    let plain = |name, title| money(name, title).unsummed();
    let unknown = match view.facts.demand.untold.is_empty() {
        true => "",
        false => {
            " A sum is empty where ample cash leads to an action that asks a price which the book does not have."
        }
    };
    ReportTable {
        name: "demand".to_owned(),
        title: format!("Spend from {} to {}, three times", days.from, days.to),
        about: format!(
            "The whole run. As funded is what the cash allows: renewals that fail cost nothing. All due paid is what would be spent with ample cash at the \
             opening, all kept the same with everything kept that nobody decided to end. Values of columns are those at the opening.{unknown}"
        ),
        columns: vec![
            text_column("column", "By"),
            text_column("value", "Value"),
            text_column("currency", "Currency"),
            plain("as_funded", "As funded"),
            plain("all_due_paid", "All due paid"),
            plain("all_kept", "All kept"),
            plain("unpaid", "Due and not paid").sense(Sense::MoreCost),
        ],
        rows: table_rows,
        is_whole: true,
    }
}

/// The deductions of the month, account by account.
pub(super) fn cash(view: &MonthView<'_>) -> ReportTable {
    let by_account = view.sums_by(|instance| view.book.instance(instance).account);
    let row = |(number, month): (u32, &super::gather::AccountMonth)| {
        let account = view.book.account(AccountIndex(number));
        let sums = by_account
            .get(&AccountIndex(number))
            .copied()
            .unwrap_or_default();
        let amount = |money| TableCell::Money(money, account.currency);
        vec![
            TableCell::Text(account.id.to_string()),
            TableCell::Text(account.currency.to_string()),
            amount(month.opening),
            amount(month.topups),
            amount(month.credits),
            amount(sums.renewals),
            amount(sums.usage),
            amount(sums.refunds),
            amount(month.closing),
            TableCell::Rows(month.rows),
        ]
    };
    ReportTable {
        name: "cash".to_owned(),
        title: "Cash view".to_owned(),
        about: "What came into each account and was deducted from it, cash and free credit together: opening + top-ups + credits − \
                renewals − usage + refunds = closing. The ledger rows are those of the account in the month that have an \
                amount; renewals sum renewed, recovered, purchased and resized."
            .to_owned(),
        columns: vec![
            text_column("account_id", "Account"),
            text_column("currency", "Currency"),
            money("opening", "Opening").sense(Sense::Balance),
            money("topups", "Top-ups").summing(TOPUPS, Sign::AsIs),
            money("credits", "Credits").summing(CREDITS, Sign::AsIs),
            renewals(),
            usage(),
            refunds(),
            money("closing", "Closing").adding(CLOSING).sense(Sense::Balance),
            rows(),
        ],
        rows: (0u32..).zip(&view.facts.accounts).map(row).collect(),
        is_whole: true,
    }
}

/// The cost of the month by day, and how it follows from the deductions.
pub(super) fn accrual(view: &MonthView<'_>) -> ReportTable {
    let mut deferrals: BTreeMap<AccountIndex, Deferral> = BTreeMap::new();
    for (instance, deferral) in &view.facts.deferrals {
        *deferrals
            .entry(view.book.instance(*instance).account)
            .or_default() += *deferral;
    }
    let by_account = view.sums_by(|instance| view.book.instance(instance).account);
    let mut table_rows = Vec::new();
    for (number, account) in (0u32..).map(AccountIndex).zip(&view.book.accounts) {
        let deferral = deferrals.get(&number).copied().unwrap_or_default();
        let sums = by_account.get(&number).copied().unwrap_or_default();
        let rows_of_month = sums.rows;
        let mut add = |source: &str, of: &dyn Fn(Amounts) -> Money, sums: SpendSums| {
            let [opening, paid, spread, written_off, closing] = [
                deferral.opening,
                deferral.paid,
                deferral.spread,
                deferral.written_off,
                deferral.closing,
            ]
            .map(of);
            let cost = spread + written_off + sums.usage - sums.refunds;
            let spend = paid + sums.usage - sums.refunds;
            let amounts = [
                opening,
                paid,
                spread,
                written_off,
                closing,
                sums.usage,
                sums.refunds,
                cost,
                spend,
            ];
            let rest = spend - cost - (closing - opening);
            let cells = [&account.id.to_string(), account.currency.code(), source]
                .map(|text| TableCell::Text(text.to_owned()));
            let amounts = amounts
                .into_iter()
                .chain([rest])
                .map(|money| TableCell::Money(money, account.currency));
            table_rows.push(
                cells
                    .into_iter()
                    .chain(amounts)
                    .chain([TableCell::Rows(rows_of_month)])
                    .collect(),
            );
        };
        add("cash and credit", &|amounts| amounts.funds, sums);
        let has_vouchers = [deferral.opening, deferral.paid, deferral.spread]
            .iter()
            .any(|one| one.voucher != Money::ZERO);
        if has_vouchers {
            add("vouchers", &|amounts| amounts.voucher, SpendSums::default());
        }
    }
    ReportTable {
        name: "accrual".to_owned(),
        title: "Accrual view".to_owned(),
        about: format!(
            "Each payment is spread over the days of its term; usage and refunds count on their day. Deferred at start + paid − spread \
             − written off = deferred at end; cost = spread + written off + usage − refunds; spend − cost − growth of the deferred \
             balance = difference, which is nothing.{}",
            view.unknown_payments()
        ),
        columns: vec![
            text_column("account_id", "Account"),
            text_column("currency", "Currency"),
            text_column("paid_with", "Paid with"),
            money("deferred_start", "Deferred at start"),
            money("paid", "Paid for terms"),
            money("spread", "Spread"),
            money("written_off", "Written off"),
            money("deferred_end", "Deferred at end").adding(DEFERRED),
            money("usage", "Usage"),
            money("refunds", "Refunds"),
            money("cost", "Cost").adding(COST),
            money("spend", "Spend").adding(PAID),
            money("difference", "Difference").adding(DIFFERENCE),
            rows(),
        ],
        rows: table_rows,
        is_whole: true,
    }
}

/// Spend by the values of a column.
pub(super) fn by_column(view: &MonthView<'_>, at: usize) -> ReportTable {
    let (column, name) = &view.columns[at];
    let has_budget = at == 0;
    let mut values: BTreeMap<(Currency, Option<String>), (SpendSums, SpendSums, Money)> =
        BTreeMap::new();
    let key = |instance: InstanceIndex| {
        let one = view.book.instance(instance);
        (
            view.book.account(one.account).currency,
            view.book.cell_text(one, *column),
        )
    };
    view.facts
        .this
        .iter()
        .for_each(|(instance, sums)| values.entry(key(*instance)).or_default().0 += *sums);
    view.facts
        .before
        .iter()
        .for_each(|(instance, sums)| values.entry(key(*instance)).or_default().1 += *sums);
    for (instance, deferral) in &view.facts.deferrals {
        values.entry(key(*instance)).or_default().2 +=
            (deferral.spread.funds) + deferral.written_off.funds;
    }
    let row = |((currency, value), (sums, before, spread)): (
        &(Currency, Option<String>),
        &(SpendSums, SpendSums, Money),
    )| {
        let amount = |money| TableCell::Money(money, *currency);
        let mut cells = vec![
            TableCell::text_or_empty(value.clone()),
            TableCell::Text(currency.to_string()),
        ];
        cells.extend([sums.renewals, sums.usage, sums.refunds, sums.spend()].map(amount));
        let is_known = view.before_is_own;
        cells.extend(
            [before.spend(), sums.spend() - before.spend()].map(|money| match is_known {
                true => amount(money),
                false => TableCell::Empty,
            }),
        );
        cells.push(amount(*spread + sums.usage - sums.refunds));
        if has_budget {
            let budget = value
                .as_deref()
                .and_then(|value| view.budget(Some(value)))
                .filter(|_| *currency == view.book.currency);
            let left = budget.map(|budget| budget - sums.spend());
            cells.extend([budget, left].map(|money| money.map_or(TableCell::Empty, amount)));
        }
        cells.push(TableCell::Rows(sums.rows));
        cells
    };
    let mut columns = vec![
        ReportColumn {
            name: name.clone().into(),
            title: heading(name).into(),
            ..text_column("", "")
        },
        text_column("currency", "Currency"),
        renewals(),
        usage(),
        refunds(),
        spent(),
        money("before", "Month before"),
        money("change", "Change")
            .adding(CHANGED)
            .sense(Sense::MoreCost),
        money("cost", "Cost"),
    ];
    if has_budget {
        let left = money("budget_left", "Left of budget")
            .adding(BUDGET_LEFT)
            .sense(Sense::Left);
        columns.extend([money("budget", "Budget"), left]);
    }
    columns.push(rows());
    ReportTable {
        name: format!("by-{}", super::plain(name)),
        title: format!("By {}", people_name(name)),
        about: format!(
            "Sums of the month over the instances with each value of {name} at the opening of the book; an empty value are those \
             without one. Spend is renewals and usage without refunds, cost is by day as in the accrual view."
        ),
        columns,
        rows: values.iter().map(row).collect(),
        is_whole: true,
    }
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
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// Every instance that costs anything, the dearest first.
pub(super) fn instances(view: &MonthView<'_>) -> ReportTable {
    let mut numbers: Vec<InstanceIndex> = view
        .facts
        .this
        .keys()
        .chain(view.facts.before.keys())
        .copied()
        .collect();
    numbers.extend(view.facts.deferrals.keys());
    numbers.sort_unstable();
    numbers.dedup();
    let sums = |sums: &BTreeMap<InstanceIndex, SpendSums>, instance| {
        sums.get(&instance).copied().unwrap_or_default()
    };
    numbers.sort_by_key(|one| {
        let currency = view.currency(*one);
        (
            currency,
            std::cmp::Reverse(sums(&view.facts.this, *one).spend()),
            *one,
        )
    });
    let row = |index: &InstanceIndex| {
        let instance = view.book.instance(*index);
        let (this, before) = (
            sums(&view.facts.this, *index),
            sums(&view.facts.before, *index),
        );
        let deferral = view.facts.deferrals.get(index).copied().unwrap_or_default();
        let currency = view.currency(*index);
        let amount = |money| TableCell::Money(money, currency);
        let label = |label: Option<crate::model::id::Label>| {
            TableCell::text_or_empty(label.map(|label| view.book.labels.label_text(label)))
        };
        let labels = &instance.labels;
        let mut cells = view.who(*index).to_vec();
        cells.extend([
            label(Some(labels.product)),
            label(labels.instance_type),
            label(labels.region),
        ]);
        cells.push(TableCell::Text(currency.to_string()));
        cells.extend([this.renewals, this.usage, this.refunds, this.spend()].map(amount));
        cells.push(if view.before_is_own {
            amount(before.spend())
        } else {
            TableCell::Empty
        });
        cells.push(amount(
            deferral.spread.funds + deferral.written_off.funds + this.usage - this.refunds,
        ));
        cells.push(amount(deferral.closing.funds));
        cells.push(TableCell::Rows(this.rows));
        cells
    };
    let mut columns = view.who_columns().to_vec();
    columns.extend([
        text_column("product", "Product"),
        text_column("instance_type", "Type"),
        text_column("region", "Region"),
    ]);
    columns.extend([
        text_column("currency", "Currency"),
        renewals(),
        usage(),
        refunds(),
        spent(),
    ]);
    columns.extend([
        money("before", "Month before"),
        money("cost", "Cost"),
        money("deferred_end", "Deferred at end"),
        rows(),
    ]);
    ReportTable {
        name: "instances".to_owned(),
        title: "Instances, the dearest first".to_owned(),
        about: "Every instance with spend in this month or the month before, or with a paid term."
            .to_owned(),
        columns,
        rows: numbers.iter().map(row).collect(),
        is_whole: true,
    }
}

/// The months to come.
pub(super) fn ahead(view: &MonthView<'_>) -> ReportTable {
    let row = |((month, currency), ahead): (&(Day, Currency), &super::gather::RunAhead)| {
        let amount = |money| TableCell::Money(money, *currency);
        let mut cells = vec![
            TableCell::Month(*month),
            TableCell::Text(currency.to_string()),
        ];
        cells.extend(
            [
                ahead.sums.renewals,
                ahead.sums.usage,
                ahead.sums.refunds,
                ahead.sums.spend(),
            ]
            .map(amount),
        );
        cells.extend(
            [
                ahead.renewed,
                ahead.failed,
                ahead.reclaimed,
                ahead.terminated,
            ]
            .map(TableCell::Count),
        );
        cells.push(TableCell::Rows(ahead.sums.rows));
        cells
    };
    let mut months: Vec<_> = view.facts.ahead.iter().collect();
    months
        .sort_by_key(|((month, currency), _)| (*currency != view.book.currency, *currency, *month));
    let month = ReportColumn {
        kind: ColumnKind::Month,
        ..text_column("month", "Month")
    };
    let unchecked = |column: ReportColumn| ReportColumn {
        sums: None,
        ..column
    };
    ReportTable {
        name: "ahead".to_owned(),
        title: "Twelve months ahead".to_owned(),
        about: "From this month on, as far as the run goes; each row sums the ledger rows of its month. Failed counts attempts; what people \
                return or destroy is no loss."
            .to_owned(),
        columns: vec![
            month,
            text_column("currency", "Currency"),
            unchecked(renewals()),
            unchecked(usage()),
            unchecked(refunds()),
            unchecked(spent()),
            count("renewed", "Renewed"),
            count("renewal_failed", "Failed"),
            count("reclaimed", "Reclaimed or stopped"),
            count("terminated", "Terminated"),
            rows(),
        ],
        rows: months.into_iter().map(row).collect(),
        is_whole: true,
    }
}
