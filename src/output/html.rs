//! The monthly report as one page: no network, no font, no clock. The template escapes every text and makes it fit to be
//! shown, in `Fit`; a table that is too long is cut, and says so. Never computes a figure.
//!
//! Rule **report-cut** of docs/spec.

mod chart;

use std::collections::BTreeSet;
use std::fmt;

use askama::Template;
use askama::filters::{Escaper, Html};

use super::hash::base64;
use super::month::{
    ColumnKind, MonthReport, MonthSpend, ReportTable, Sense, TableCell, Tone, with_code,
};
use crate::analysis::demand::ThreeSums;
use crate::analysis::lost::{LossClass, LossCount};
use crate::input::shown::Shown;
use crate::model::money::{Currency, Money};
use chart::{BalanceCurve, Bars};

/// The most rows of a table on the page.
const MAX_ROWS: usize = 250;
/// The most losses on the first screen.
const MAX_LOSSES: usize = 5;
/// How the table of losses calls those that are at risk soon.
const SOON: &str = "at risk soon";
/// A table with this number of rows begins a page of paper.
const WIDE: usize = 20;
/// Texts of more characters may take several lines.
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
    classes: Vec<(&'static str, String)>,
    low_is_bad: bool,
    spends: Vec<SpendLines>,
    /// What the whole run costs: a name and an amount each.
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
struct SpendLines {
    amount: String,
    lines: Vec<SpendLine>,
}

/// What a sum is compared with, and the difference.
struct SpendLine {
    what: &'static str,
    amount: String,
    change: String,
    class: &'static str,
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
    let ledger = report.table("ledger").into_iter();
    let listed = ledger.flat_map(|table| table.rows.iter().take(MAX_ROWS));
    let on_page: BTreeSet<u64> = listed.filter_map(|row| seq(row)).collect();
    let first = &report.first;
    let occurring = first.losses.iter().filter(|(_, count)| count.instances > 0);
    let mut classes = first.losses.iter();
    let soon = classes.find(|(class, _)| *class == LossClass::Soon);
    let mut lowest = first.lowest.iter();
    let page = ReportPage {
        report,
        month: report.period.month.date().format("%B %Y").to_string(),
        style: STYLE,
        script: SCRIPT,
        script_hash: base64(SCRIPT.as_bytes()),
        version: &report.version,
        soon: soon.map_or(0, |(_, count)| count.instances),
        losses: losses(report),
        classes: occurring
            .map(|(class, count)| (class_name(*class), counted(count)))
            .collect(),
        low_is_bad: first.top_up.is_some() || lowest.any(|low| low.amount.is_negative()),
        spends: first.spend.iter().map(spend).collect(),
        run: first
            .run
            .iter()
            .flat_map(|(currency, sums)| run(*currency, sums))
            .collect(),
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
    let rows = table.rows.iter();
    let soon = rows.filter(|row| text(table, row, "class") == SOON);
    soon.take(MAX_LOSSES)
        .map(|row| LossLine {
            who: text(table, row, "instance_id"),
            why: text(table, row, "cause"),
            by: text(table, row, "latest"),
            value: cell_in(table, row, "monthly_value")
                .and_then(TableCell::money)
                .map(|(money, currency)| format!("{} a month", with_code(money, currency)))
                .unwrap_or_default(),
        })
        .collect()
}

/// The cell of a row in a column, where the table has it.
fn cell_in<'t>(table: &ReportTable, row: &'t [TableCell], column: &str) -> Option<&'t TableCell> {
    row.get(table.column(column)?)
}

fn text(table: &ReportTable, row: &[TableCell], column: &str) -> String {
    let cell = cell_in(table, row, column);
    cell.map_or_else(String::new, |cell| cell.plain().into_owned())
}

fn class_name(class: LossClass) -> &'static str {
    match class {
        LossClass::Soon => "at risk within 30 days",
        LossClass::Later => "at risk later in the run",
        LossClass::OnPurpose => "ending on purpose",
        LossClass::Impossible => "nothing helps any more",
    }
}

/// What the first screen says of a class of losses.
fn counted(count: &LossCount) -> String {
    let values = count.value.iter();
    let values: Vec<String> = values
        .map(|(currency, value)| with_code(*value, *currency))
        .collect();
    let production = match count.production {
        0 => String::new(),
        production => format!(", {production} production"),
    };
    format!(
        "{}: {} a month{production}",
        count.instances,
        values.join(", ")
    )
}

/// The three sums of the run in a currency; one line where they agree.
fn run(currency: Currency, sums: &ThreeSums) -> Vec<(&'static str, String)> {
    let as_funded = with_code(sums.as_funded, currency);
    if sums.agree() {
        return vec![("as funded, with all due paid, and with all kept", as_funded)];
    }
    let [all_due_paid, all_kept] = [sums.all_due_paid, sums.all_kept].map(|sum| match sum {
        Some(sum) => with_code(sum, currency),
        None => "not known".to_owned(),
    });
    vec![
        ("as funded", as_funded),
        ("if all that is due is paid", all_due_paid),
        ("if everything is kept", all_kept),
    ]
}

fn tone_class(sense: Sense, amount: Money) -> &'static str {
    match sense.tone(amount) {
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Plain => "soft",
    }
}

fn spend(spent: &MonthSpend) -> SpendLines {
    let budget = spent.budget.map(|budget| {
        let left = budget - spent.spend;
        let (size, side) = match left.is_negative() {
            true => (-left, "over"),
            false => (left, "under"),
        };
        SpendLine {
            what: "budget",
            amount: budget.display_grouped(spent.currency).to_string(),
            change: format!("{} {side} budget", size.display_grouped(spent.currency)),
            class: tone_class(Sense::Left, left),
        }
    });
    let lines = [
        changed("month before", spent, spent.before),
        budget,
        changed("last forecast", spent, spent.forecast),
    ];
    let all = if spent.is_converted { "all: " } else { "" };
    SpendLines {
        amount: format!("{all}{}", with_code(spent.spend, spent.currency)),
        lines: lines.into_iter().flatten().collect(),
    }
}

/// What is spent more or less than another amount.
fn changed(what: &'static str, spent: &MonthSpend, other: Option<Money>) -> Option<SpendLine> {
    let other = other?;
    let change = spent.spend - other;
    let sign = if change > Money::ZERO { "+" } else { "" };
    Some(SpendLine {
        what,
        amount: other.display_grouped(spent.currency).to_string(),
        change: format!("{sign}{}", change.display_grouped(spent.currency)),
        class: tone_class(Sense::MoreCost, change),
    })
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
        &self.table.rows[..self.table.rows.len().min(MAX_ROWS)]
    }

    fn hidden(&self) -> usize {
        self.table.rows.len().saturating_sub(MAX_ROWS)
    }

    fn is_wide(&self) -> bool {
        self.table.rows.len() >= WIDE
    }

    /// The number of a row of the ledger, in the table that lists them.
    fn seq(&self, row: &[TableCell]) -> Option<u64> {
        seq(row).filter(|_| self.table.name == "ledger")
    }

    fn cells(&self, row: &[TableCell]) -> Vec<CellShape> {
        let cells = row.iter().enumerate();
        cells.map(|(at, cell)| self.cell(at, cell)).collect()
    }

    fn cell(&self, at: usize, cell: &TableCell) -> CellShape {
        let column = &self.table.columns[at];
        let text = cell.shown().into_owned();
        let tone = cell.money().map(|(money, _)| column.sense.tone(money));
        let class = match (cell, tone) {
            (_, Some(Tone::Bad)) => "n bad",
            (_, Some(Tone::Good)) => "n good",
            _ if column.kind.is_number() => "n",
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
