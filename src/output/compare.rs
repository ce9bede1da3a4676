//! Runs side by side, as bytes: `compare.csv`, `events.csv` and pictures.

use serde::Serialize;

use super::chart::{AgainstBase, RunLine};
use super::pictures::{NamedChart, of_chart};
use super::write_rows;
use crate::analysis::compare::{
    ComparedEvent, ComparedRun, CurrencyCurve, Difference, EventCounts, Figures, Measure, RunNames,
    Sum,
};
use crate::model::account::AccountIndex;
use crate::model::money::{Currency, Money};

/// The columns of `compare.csv` before the differences.
const FIGURES: &[&str] = &[
    "scenario",
    "currency",
    "account_id",
    "renewals",
    "usage",
    "refunds",
    "spend",
    "income",
    "value_before",
    "value_left",
    "used",
    "lowest",
    "lowest_account",
    "lowest_date",
    "closing",
    "needed",
    "failed",
    "reclaimed",
    "stopped",
    "recovered",
    "terminated",
    "refused",
];

/// The bytes of `compare.csv`: for each run and currency the sums, then each account; the first run is the base of the
/// differences at the end of each row.
pub fn compare_csv(names: &RunNames, cases: &[ComparedRun]) -> Vec<u8> {
    let differences = Measure::NAMES
        .iter()
        .map(|(name, _)| format!("{name}_difference"));
    let header: Vec<String> = FIGURES
        .iter()
        .map(|name| (*name).to_owned())
        .chain(differences)
        .collect();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let Some(base) = cases.first() else {
        return write_rows(&header, Vec::<Vec<String>>::new());
    };
    let mut rows = Vec::new();
    for case in cases {
        for currency in case.currencies() {
            let of = |account: Option<AccountIndex>| {
                (part(case, currency, account), part(base, currency, account))
            };
            rows.push(figure_row(names, (case, currency, None), of(None)));
            let accounts = case
                .figures
                .iter()
                .filter(|figures| figures.currency == currency);
            rows.extend(accounts.map(|figures| {
                let account = Some(figures.account);
                figure_row(names, (case, currency, account), of(account))
            }));
        }
    }
    write_rows(&header, rows)
}

/// The sums of one account, or of all of a currency.
fn part(case: &ComparedRun, currency: Currency, account: Option<AccountIndex>) -> Sum {
    let is_asked = |figures: &&Figures| {
        figures.currency == currency && account.is_none_or(|account| figures.account == account)
    };
    Sum::sum_figures(case.figures.iter().filter(is_asked))
}

fn figure_row(
    names: &RunNames,
    (case, currency, account): (&ComparedRun, Currency, Option<AccountIndex>),
    (sum, base): (Sum, Sum),
) -> Vec<String> {
    let text = |money: Money| money.display(currency).to_string();
    let EventCounts {
        failed,
        reclaimed,
        stopped,
        recovered,
        terminated,
        refused,
    } = sum.counts;
    let low = sum.lowest;
    let mut cells = vec![
        case.name.clone(),
        currency.code().to_owned(),
        account
            .map_or("", |account| names.account_id(account))
            .to_owned(),
        text(sum.totals.renewals),
        text(sum.totals.usage),
        text(sum.totals.refunds),
        text(sum.totals.spend()),
        text(sum.totals.income),
        sum.value
            .map(|value| text(value.before))
            .unwrap_or_default(),
        sum.value.map(|value| text(value.left)).unwrap_or_default(),
        sum.used().map(text).unwrap_or_default(),
        low.map(|low| text(low.available)).unwrap_or_default(),
        low.map(|low| names.account_id(low.account).to_owned())
            .unwrap_or_default(),
        low.map(|low| low.date.to_string()).unwrap_or_default(),
        text(sum.closing),
        sum.needed.map(text).unwrap_or_default(),
    ];
    let counts = [failed, reclaimed, stopped, recovered, terminated, refused];
    cells.extend(counts.map(|count| count.to_string()));
    cells.extend(Measure::NAMES.iter().map(|(_, measure)| {
        let difference = sum
            .get(*measure)
            .zip(base.get(*measure))
            .map(|(own, base)| own - base);
        difference
            .map(|difference| measured(*measure, difference, currency))
            .unwrap_or_default()
    }));
    cells
}

/// A figure as a cell: an amount with the currency's decimals, or a count.
pub fn measured(measure: Measure, figure: i64, currency: Currency) -> String {
    if measure.is_money() {
        Money::from_minor(figure).display(currency).to_string()
    } else {
        figure.to_string()
    }
}

/// The columns of `events.csv`.
const EVENTS: &[&str] = &[
    "scenario",
    "account_id",
    "instance_id",
    "only_in",
    "date",
    "event",
    "reason",
    "amount",
    "term_end",
    "short",
];

/// A row of `events.csv`.
#[derive(Serialize)]
struct EventRow<'r> {
    scenario: &'r str,
    account_id: &'r str,
    instance_id: &'r str,
    only_in: &'r str,
    date: String,
    event: &'static str,
    reason: &'static str,
    amount: String,
    term_end: String,
    short: String,
}

/// The bytes of `events.csv`: what only one of two runs has, run by run. Hours that cost something else have one row for
/// each of the two runs, without a date.
pub fn events_csv(
    names: &RunNames,
    base: &ComparedRun,
    others: &[(&ComparedRun, Vec<Difference>)],
) -> Vec<u8> {
    let mut rows = Vec::new();
    for (case, differences) in others {
        for difference in differences {
            let account = names.account_of(difference.subject);
            let currency = case.figures[account.0 as usize].currency;
            let text = |money: Money| money.display(currency).to_string();
            let blank = |only_in| EventRow {
                scenario: &case.name,
                account_id: names.account_id(account),
                instance_id: names.instance_id(difference.subject).unwrap_or(""),
                only_in,
                date: String::new(),
                event: "",
                reason: "",
                amount: String::new(),
                term_end: String::new(),
                short: String::new(),
            };
            let step = |only_in, step: &ComparedEvent| EventRow {
                date: step.date.to_string(),
                event: step.event.name(),
                reason: step.reason.map_or("", |reason| reason.name()),
                amount: step.amount.map(text).unwrap_or_default(),
                term_end: step.until.map(|day| day.to_string()).unwrap_or_default(),
                short: step.short.map(text).unwrap_or_default(),
                ..blank(only_in)
            };
            let hours = |only_in, usage: Money| EventRow {
                event: "usage",
                amount: text(-usage),
                ..blank(only_in)
            };
            rows.extend(
                difference
                    .base
                    .iter()
                    .map(|one| step(base.name.as_str(), one)),
            );
            rows.extend(
                difference
                    .other
                    .iter()
                    .map(|one| step(case.name.as_str(), one)),
            );
            if difference.usage.0 != difference.usage.1 {
                rows.push(hours(base.name.as_str(), difference.usage.0));
                rows.push(hours(case.name.as_str(), difference.usage.1));
            }
        }
    }
    write_rows(EVENTS, rows)
}

/// The pictures of runs side by side: spend and balance of each currency.
pub fn pictures(title: &str, cases: &[ComparedRun]) -> Vec<NamedChart> {
    let Some(base) = cases.first() else {
        return Vec::new();
    };
    let currencies = base.currencies();
    let mut pictures = Vec::new();
    for currency in &currencies {
        let suffix = if currencies.len() == 1 {
            String::new()
        } else {
            format!("-{}", currency.code())
        };
        let spend = |curve: &CurrencyCurve| minor(&curve.spend);
        let chart = against(
            cases,
            (*currency, "paid since the opening, refunds taken off"),
            spend,
        );
        let chart = AgainstBase {
            title: format!("Spend · {title}"),
            ..chart
        };
        pictures.push(NamedChart::against_base(format!("spend{suffix}"), chart));
        let available = |curve: &CurrencyCurve| minor(&curve.available);
        let chart = against(
            cases,
            (*currency, "available in all accounts together"),
            available,
        );
        let chart = AgainstBase {
            title: format!("Balance · {title}"),
            ..chart
        };
        pictures.push(NamedChart::against_base(format!("balance{suffix}"), chart));
    }
    pictures
}

fn minor(amounts: &[Money]) -> Vec<i64> {
    amounts.iter().map(|amount| amount.minor()).collect()
}

fn against(
    cases: &[ComparedRun],
    (currency, what): (Currency, &str),
    amounts: impl Fn(&CurrencyCurve) -> Vec<i64>,
) -> AgainstBase {
    let days = cases.first().map(|base| base.days);
    let (first, range) = days.map_or_else(Default::default, |days| {
        (days.from.date(), format!("{} to {}", days.from, days.to))
    });
    let with_curve = cases
        .iter()
        .filter(|case| Some(case.days.from) == days.map(|days| days.from));
    let lines = with_curve.filter_map(|case| {
        Some(RunLine {
            label: case.name.clone(),
            amounts: amounts(case.curves.get(&currency)?),
        })
    });
    AgainstBase {
        title: String::new(),
        subtitle: format!("{range}, {}, at the end of each day", currency.code()),
        what: what.to_owned(),
        currency: of_chart(currency),
        first,
        lines: lines.collect(),
    }
}
