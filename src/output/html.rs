//! The monthly report as one page: no network, no font, no clock. The template escapes every text and makes it fit to be
//! shown, in `Fit`; a table that is too long is cut, and says so.

mod chart;

use std::collections::BTreeSet;
use std::fmt;

use askama::Template;
use askama::filters::{Escaper, Html};

use super::hash::base64;
use super::month::{ColumnKind, MonthReport, MonthSpend, ReportTable, Sense, TableCell, Tone};
use crate::analysis::demand::ThreeSums;
use crate::analysis::lost::{LossClass, LossCount};
use crate::input::shown::Shown;
use crate::model::calendar::Day;
use crate::model::money::{Currency, Money};
use chart::{BalanceCurve, Bars};

/// The most rows of a table on the page.
/// Rule **report-cut**.
const ROWS: usize = 250;
/// The most losses on the first screen.
const LOSSES: usize = 5;
/// How the table of losses calls those that are at risk soon.
const SOON: &str = "at risk soon";
/// A table with so many rows begins a page of paper.
const WIDE: usize = 20;
/// Texts longer than this may take several lines.
const LONG: usize = 34;

const STYLE: &str = include_str!("html/report.css");
const SCRIPT: &str = include_str!("html/report.js");

/// The door to the page: what the template writes is made fit to be shown, then escaped. `askama.toml` names it.
#[derive(Clone, Copy, Default)]
struct Fit;

impl Escaper for Fit {
    fn write_escaped_str<W: fmt::Write>(&self, page: W, text: &str) -> fmt::Result {
        Html.write_escaped_str(page, Shown::visible(text).as_str())
    }
}

#[derive(Template)]
#[template(path = "report.html", config = "src/output/html/askama.toml")]
struct ReportPage<'r> {
    report: &'r MonthReport,
    month: String,
    style: &'static str,
    script: &'static str,
    script_hash: String,
    version: &'r str,
    /// How many are at risk soon, the first of them, and a line for every class that has any.
    soon: usize,
    losses: Vec<LossLine>,
    classes: Vec<(String, String)>,
    low_is_bad: bool,
    /// The lowest balances and the next top-up: account, amount, day.
    lowest: Vec<(String, String, String)>,
    top_up: Option<(String, String, String)>,
    spends: Vec<SpendLine>,
    /// What the whole run costs, and of which currency: a name and an amount each.
    run: Vec<(&'static str, String)>,
    tables: Vec<HtmlTable<'r>>,
    lines: Vec<BalanceCurve>,
    bars: Vec<Bars>,
    accounts: usize,
}

/// A loss on the first screen.
struct LossLine {
    who: String,
    why: String,
    by: String,
    value: String,
}

/// A sum on the first screen, and what it is compared with.
struct SpendLine {
    amount: String,
    /// What it is compared with, that amount, the difference, and its tone.
    lines: Vec<(&'static str, String, String, &'static str)>,
}

/// A table on the page.
struct HtmlTable<'r> {
    table: &'r ReportTable,
    /// The rows of the ledger that are on the page.
    on_page: &'r BTreeSet<u64>,
}

/// A cell on the page.
struct CellShape {
    is_head: bool,
    class: &'static str,
    text: String,
    sort: Option<String>,
    href: Option<String>,
}

/// The bytes of the page.
pub fn page(report: &MonthReport) -> Vec<u8> {
    let on_page: BTreeSet<u64> = report
        .table("ledger")
        .into_iter()
        .flat_map(|table| table.rows.iter().take(ROWS))
        .filter_map(|row| seq(row))
        .collect();
    let told = |(account, currency, amount, day): &(String, Currency, Money, Day)| {
        (
            account.clone(),
            with_code(*amount, *currency),
            day.to_string(),
        )
    };
    let page = ReportPage {
        report,
        month: report.period.month.date().format("%B %Y").to_string(),
        style: STYLE,
        script: SCRIPT,
        script_hash: base64(SCRIPT.as_bytes()),
        version: &report.version,
        soon: report
            .first
            .losses
            .iter()
            .find(|(class, _)| *class == LossClass::Soon)
            .map_or(0, |(_, count)| count.instances),
        losses: losses(report),
        classes: report
            .first
            .losses
            .iter()
            .filter(|(_, count)| count.instances > 0)
            .map(counted)
            .collect(),
        low_is_bad: report.first.top_up.is_some()
            || report
                .first
                .lowest
                .iter()
                .any(|(_, _, amount, _)| amount.is_negative()),
        lowest: report.first.lowest.iter().map(told).collect(),
        top_up: report.first.top_up.as_ref().map(told),
        spends: report.first.spend.iter().map(spend).collect(),
        run: report.first.run.iter().flat_map(run).collect(),
        tables: report
            .tables
            .iter()
            .map(|table| HtmlTable {
                table,
                on_page: &on_page,
            })
            .collect(),
        lines: report.lines.iter().map(BalanceCurve::curve_of).collect(),
        bars: report.table("ahead").map(Bars::of).unwrap_or_default(),
        accounts: report.table("balances").map_or(0, |table| table.rows.len()),
    };
    page.render().expect("memory takes any page").into_bytes()
}

/// The first losses that are at risk soon, from the table of all.
fn losses(report: &MonthReport) -> Vec<LossLine> {
    let Some(table) = report.table("act") else {
        return Vec::new();
    };
    let cell = |row: &[TableCell], name: &str| {
        table
            .column(name)
            .map_or(TableCell::Empty, |at| row[at].clone())
    };
    let loss = |row: &Vec<TableCell>| LossLine {
        who: cell(row, "instance_id").plain().into_owned(),
        why: cell(row, "cause").plain().into_owned(),
        by: cell(row, "latest").plain().into_owned(),
        value: cell(row, "monthly_value")
            .money()
            .map_or_else(String::new, |(money, currency)| {
                format!("{} a month", with_code(money, currency))
            }),
    };
    let soon = table
        .rows
        .iter()
        .filter(|row| cell(row, "class").plain() == SOON);
    soon.take(LOSSES).map(loss).collect()
}

/// What the first screen says of a class of losses.
fn counted((class, count): &(LossClass, LossCount)) -> (String, String) {
    let name = match class {
        LossClass::Soon => "at risk within 30 days",
        LossClass::Later => "at risk later in the run",
        LossClass::OnPurpose => "ending on purpose",
        LossClass::Impossible => "nothing helps any more",
    };
    let values: Vec<String> = count
        .value
        .iter()
        .map(|(currency, value)| with_code(*value, *currency))
        .collect();
    let production = if count.production > 0 {
        format!(", {} production", count.production)
    } else {
        String::new()
    };
    (
        name.to_owned(),
        format!(
            "{}: {} a month{production}",
            count.instances,
            values.join(", ")
        ),
    )
}

fn with_code(money: Money, currency: Currency) -> String {
    format!("{currency} {}", money.display_grouped(currency))
}

/// The three sums of the run in a currency; one line where they agree.
fn run((currency, sums): &(Currency, ThreeSums)) -> Vec<(&'static str, String)> {
    let shown = |sum: Option<Money>| {
        sum.map_or_else(|| "not known".to_owned(), |sum| with_code(sum, *currency))
    };
    if sums.agree() {
        return vec![(
            "as funded, with all due paid, and with all kept",
            shown(Some(sums.as_funded)),
        )];
    }
    vec![
        ("as funded", shown(Some(sums.as_funded))),
        ("if all that is due is paid", shown(sums.all_due_paid)),
        ("if everything is kept", shown(sums.all_kept)),
    ]
}

fn spend(spent: &MonthSpend) -> SpendLine {
    let shown = |money: Money| money.display_grouped(spent.currency).to_string();
    let class = |sense: Sense, amount: Money| match sense.tone(amount) {
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Plain => "soft",
    };
    let changed = |(what, other): (&'static str, Option<Money>)| {
        let other = other?;
        let change = spent.spend - other;
        let sign = if change > Money::ZERO { "+" } else { "" };
        Some((
            what,
            shown(other),
            format!("{sign}{}", shown(change)),
            class(Sense::MoreCost, change),
        ))
    };
    let budget = spent.budget.map(|budget| {
        let left = budget - spent.spend;
        let words = if left.is_negative() {
            format!("{} over budget", shown(-left))
        } else {
            format!("{} under budget", shown(left))
        };
        ("budget", shown(budget), words, class(Sense::Left, left))
    });
    let lines = [
        changed(("month before", spent.before)),
        budget,
        changed(("last forecast", spent.forecast)),
    ];
    let lines: Vec<_> = lines.into_iter().flatten().collect();
    let all = if spent.is_converted { "all: " } else { "" };
    SpendLine {
        amount: format!("{all}{}", with_code(spent.spend, spent.currency)),
        lines,
    }
}

/// The number of the one row of the ledger that a row is about.
fn seq(row: &[TableCell]) -> Option<u64> {
    match row.last() {
        Some(TableCell::Rows(rows)) => Some(rows.first),
        _ => None,
    }
}

impl HtmlTable<'_> {
    fn shown(&self) -> &[Vec<TableCell>] {
        &self.table.rows[..self.table.rows.len().min(ROWS)]
    }

    fn hidden(&self) -> usize {
        self.table.rows.len().saturating_sub(ROWS)
    }

    fn is_wide(&self) -> bool {
        self.table.rows.len() >= WIDE
    }

    /// The number of a row of the ledger, in the table that lists them.
    fn seq(&self, row: &[TableCell]) -> Option<u64> {
        if self.table.name == "ledger" {
            seq(row)
        } else {
            None
        }
    }

    fn cells(&self, row: &[TableCell]) -> Vec<CellShape> {
        row.iter()
            .enumerate()
            .map(|(at, cell)| self.cell(at, cell))
            .collect()
    }

    fn cell(&self, at: usize, cell: &TableCell) -> CellShape {
        let column = &self.table.columns[at];
        let is_number = column.kind.is_number();
        let text = cell.shown().into_owned();
        let tone = cell
            .money()
            .map_or(Tone::Plain, |(money, _)| column.sense.tone(money));
        let class = match (cell, tone) {
            (_, Tone::Bad) => "n bad",
            (_, Tone::Good) => "n good",
            _ if is_number => "n",
            (TableCell::Day(_) | TableCell::Month(_), _) => "d",
            _ if text.chars().nth(LONG).is_some() => "long",
            _ => "",
        };
        let (sort, href) = match cell {
            TableCell::Money(money, _) => (Some(money.minor().to_string()), None),
            TableCell::Rows(rows) if rows.count > 0 => {
                (Some(rows.first.to_string()), Some(self.href(rows.first)))
            }
            _ => (None, None),
        };
        CellShape {
            is_head: at == 0,
            class,
            text,
            sort,
            href,
        }
    }

    /// Where a row of the ledger can be looked at.
    fn href(&self, seq: u64) -> String {
        if self.on_page.contains(&seq) && self.table.name != "ledger" {
            format!("#r{seq}")
        } else {
            "ledger.csv".to_owned()
        }
    }
}

impl ColumnKind {
    /// Whether its cells stand to the right.
    pub(super) fn is_number(self) -> bool {
        matches!(self, Self::Count | Self::Money | Self::Rows)
    }
}
