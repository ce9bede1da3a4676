//! Runs side by side, as bytes: `compare.csv`, `events.csv` and pictures. Never decides what differs.

use super::chart::{AgainstBase, ChartHeading, RunLine};
use super::csv_columns::CsvColumns;
use super::pictures::NamedChart;
use crate::analysis::compare::{
    ComparedEvent, ComparedRun, CurrencyCurve, Difference, Measure, RunNames, Sum,
};
use crate::model::account::AccountIndex;
use crate::model::calendar::Day;
use crate::model::money::{Currency, Money};

/// A row of `compare.csv`: an account of a run, or all of a currency.
struct CompareRow<'r> {
    scenario: &'r str,
    currency: Currency,
    account: Option<AccountIndex>,
    sum: Sum,
    /// The same of the first run.
    base: Sum,
}

impl CompareRow<'_> {
    fn money_text(&self, money: Money) -> String {
        money.display(self.currency).to_string()
    }

    fn difference(&self, measure: Measure) -> Option<String> {
        let difference = self.sum.get(measure)? - self.base.get(measure)?;
        Some(measured(measure, difference, self.currency))
    }
}

/// The bytes of `compare.csv`: for each run and currency the sums, then each account; the first run is the base of the
/// differences at the end of each row.
pub fn compare_csv(names: &RunNames, cases: &[ComparedRun]) -> Vec<u8> {
    let mut rows = Vec::new();
    for case in cases {
        for currency in case.currencies() {
            let figures = case.figures.iter();
            let of_currency = figures.filter(|figures| figures.currency == currency);
            let accounts = of_currency.map(|figures| Some(figures.account));
            for account in std::iter::once(None).chain(accounts) {
                rows.push(CompareRow {
                    scenario: &case.name,
                    currency,
                    account,
                    sum: part(case, currency, account),
                    base: part(&cases[0], currency, account),
                });
            }
        }
    }
    figure_columns(names).write(&rows)
}

/// The sums of one account, or of all of a currency.
fn part(case: &ComparedRun, currency: Currency, account: Option<AccountIndex>) -> Sum {
    let figures = case.figures.iter().filter(|one| one.currency == currency);
    Sum::sum_figures(figures.filter(|one| account.is_none_or(|account| one.account == account)))
}

fn figure_columns<'r>(names: &'r RunNames) -> CsvColumns<'r, &'r CompareRow<'r>> {
    let mut columns = CsvColumns::<&CompareRow<'_>>::new()
        .column("scenario", |row| row.scenario)
        .column("currency", |row| row.currency)
        .optional("account_id", |row| Some(names.account_id(row.account?)))
        .column("renewals", |row| row.money_text(row.sum.totals.renewals))
        .column("usage", |row| row.money_text(row.sum.totals.usage))
        .column("refunds", |row| row.money_text(row.sum.totals.refunds))
        .column("spend", |row| row.money_text(row.sum.totals.spend()))
        .column("income", |row| row.money_text(row.sum.totals.income))
        .optional("value_before", |row| {
            Some(row.money_text(row.sum.value?.before))
        })
        .optional("value_left", |row| {
            Some(row.money_text(row.sum.value?.left))
        })
        .optional("used", |row| Some(row.money_text(row.sum.used()?)))
        .optional("lowest", |row| {
            Some(row.money_text(row.sum.lowest?.available))
        })
        .optional("lowest_account", |row| {
            Some(names.account_id(row.sum.lowest?.account))
        })
        .optional("lowest_date", |row| Some(row.sum.lowest?.date))
        .column("closing", |row| row.money_text(row.sum.closing))
        .optional("needed", |row| Some(row.money_text(row.sum.needed?)))
        .column("failed", |row| row.sum.counts.failed)
        .column("reclaimed", |row| row.sum.counts.reclaimed)
        .column("stopped", |row| row.sum.counts.stopped)
        .column("recovered", |row| row.sum.counts.recovered)
        .column("terminated", |row| row.sum.counts.terminated)
        .column("refused", |row| row.sum.counts.refused);
    for (name, measure) in Measure::NAMES {
        columns = columns.optional(format!("{name}_difference"), |row| row.difference(*measure));
    }
    columns
}

/// A figure as a cell: an amount with the currency's decimals, or a count.
pub fn measured(measure: Measure, figure: i64, currency: Currency) -> String {
    if measure.is_money() {
        Money::from_minor(figure).display(currency).to_string()
    } else {
        figure.to_string()
    }
}

/// A row of `events.csv`.
#[derive(Clone, Copy)]
struct EventRow<'r> {
    scenario: &'r str,
    account: AccountIndex,
    currency: Currency,
    instance_id: Option<&'r str>,
    /// The run that alone has it.
    only_in: &'r str,
    date: Option<Day>,
    event: &'static str,
    reason: Option<&'static str>,
    amount: Option<Money>,
    term_end: Option<Day>,
    short: Option<Money>,
}

impl<'r> EventRow<'r> {
    /// The subject of a difference, without what differs.
    fn blank(names: &'r RunNames, case: &'r ComparedRun, difference: &Difference) -> Self {
        let account = names.account_of(difference.subject);
        Self {
            scenario: &case.name,
            account,
            currency: case.figures[account.0 as usize].currency,
            instance_id: names.instance_id(difference.subject),
            only_in: "",
            date: None,
            event: "usage",
            reason: None,
            amount: None,
            term_end: None,
            short: None,
        }
    }

    fn step(self, only_in: &'r str, step: &ComparedEvent) -> Self {
        Self {
            only_in,
            date: Some(step.date),
            event: step.event.name(),
            reason: step.reason.map(|reason| reason.name()),
            amount: step.amount,
            term_end: step.until,
            short: step.short,
            ..self
        }
    }

    fn hours(self, only_in: &'r str, usage: Money) -> Self {
        Self {
            only_in,
            amount: Some(-usage),
            ..self
        }
    }

    fn money_text(&self, money: Option<Money>) -> Option<String> {
        money.map(|money| money.display(self.currency).to_string())
    }
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
        let (first, second) = (base.name.as_str(), case.name.as_str());
        for difference in differences {
            let row = EventRow::blank(names, case, difference);
            rows.extend(difference.base.iter().map(|one| row.step(first, one)));
            rows.extend(difference.other.iter().map(|one| row.step(second, one)));
            let (before, after) = difference.usage;
            if before != after {
                rows.extend([row.hours(first, before), row.hours(second, after)]);
            }
        }
    }
    CsvColumns::<EventRow<'_>>::new()
        .column("scenario", |row| row.scenario)
        .column("account_id", |row| names.account_id(row.account))
        .optional("instance_id", |row| row.instance_id)
        .column("only_in", |row| row.only_in)
        .optional("date", |row| row.date)
        .column("event", |row| row.event)
        .optional("reason", |row| row.reason)
        .optional("amount", |row| row.money_text(row.amount))
        .optional("term_end", |row| row.term_end)
        .optional("short", |row| row.money_text(row.short))
        .write(rows)
}

/// The pictures of runs side by side: spend and balance of each currency.
pub fn pictures(title: &str, cases: &[ComparedRun]) -> Vec<NamedChart> {
    let Some(base) = cases.first() else {
        return Vec::new();
    };
    let currencies = base.currencies();
    let mut pictures = Vec::new();
    for currency in &currencies {
        let suffix = match currencies.len() {
            1 => String::new(),
            _ => format!("-{currency}"),
        };
        let mut spend = against(base, cases, *currency, |curve| &curve.spend);
        spend.heading.title = format!("Spend · {title}");
        spend.what = "paid since the opening, refunds taken off";
        pictures.push(NamedChart::new(format!("spend{suffix}"), spend));
        let mut balance = against(base, cases, *currency, |curve| &curve.available);
        balance.heading.title = format!("Balance · {title}");
        balance.what = "available in all accounts together";
        pictures.push(NamedChart::new(format!("balance{suffix}"), balance));
    }
    pictures
}

/// The runs that begin with the first one, by what `amounts` takes of a curve; title and caption are still to be set.
fn against(
    base: &ComparedRun,
    cases: &[ComparedRun],
    currency: Currency,
    amounts: fn(&CurrencyCurve) -> &Vec<Money>,
) -> AgainstBase {
    let days = base.days;
    let mut lines = Vec::new();
    for case in cases.iter().filter(|case| case.days.from == days.from) {
        if let Some(curve) = case.curves.get(&currency) {
            lines.push(RunLine {
                label: case.name.clone(),
                amounts: amounts(curve).iter().map(|amount| amount.minor()).collect(),
            });
        }
    }
    AgainstBase {
        heading: ChartHeading {
            title: String::new(),
            subtitle: format!(
                "{} to {}, {currency}, at the end of each day",
                days.from, days.to
            ),
        },
        what: "",
        currency,
        first: days.from,
        lines,
    }
}
