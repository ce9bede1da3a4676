//! `renewcast report`: a monthly report that explains every number in it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;

use super::changes::Changes;
use super::earlier::Earlier;
use super::folder::{load, results_folder};
use super::lost;
use super::output::OutputArguments;
use super::print::{say, warn};
use super::results::{self, RunRequest};
use super::run::inventory_column;
use super::words::{amount, counted, files_in, month, visible};
use super::{Failure, Outcome};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::selector::Column;
use crate::output::hash::hash;
use crate::output::month::{self as report, Gather, MonthReport, ReportPeriod, Sources};
use crate::output::report_json::{self, FOLDER, PAGE, RECORD, WORKBOOK};
use crate::output::run_json::Hashes;

const OUT: &str = "Write into this folder [default: reports/<book>[/<scenario>][-set]]";
const EXAMPLES: &str = "\
Examples:
  renewcast report data/example                            the first month of the run
  renewcast report my-book --month 2026-12 --by tag:team --by region
  renewcast report my-book --month 2026-12 --last reports/november
  renewcast report my-book --scenario yearly";

/// The list of the files of a run.
const RUN: &str = "run.json";
/// The column of `spend.csv` where none is asked for.
const DEFAULT_BY: &str = "product";
/// The columns by which every report sums, and in this order, if they are used.
const COLUMNS: [&str; 4] = ["account_id", "product", "region", "project"];

/// Write a monthly report (HTML, XLSX, CSV): instances at risk, spend, balances, changes
///
/// Every figure names the rows of ledger.csv that it sums; the files of the run are written beside it, unless they exist. budget.csv of the book has the
/// budgets of months, rates.csv the exchange rates.
#[derive(Args)]
#[command(after_help = EXAMPLES, mut_arg("out", |out| out.help(OUT)))]
pub(super) struct Arguments {
    /// The folder of the book
    book: PathBuf,
    /// The month, such as 2026-12 [default: the first of the run]
    #[arg(long, value_name = "YYYY-MM", value_parser = first_of_month)]
    month: Option<Day>,
    /// Sum by this column of instances.csv, such as region or tag:team; repeatable; keys of budget.csv are values of the
    /// first [default: account_id, product, region, project and every tag]
    #[arg(long, value_name = "COLUMN")]
    by: Vec<String>,
    /// Compare with the earlier result in this folder
    #[arg(long, value_name = "DIR")]
    last: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    changes: Changes,
}

fn first_of_month(text: &str) -> Result<Day, String> {
    Day::parse(&format!("{text}-01")).map_err(|_| "not a month of the form YYYY-MM".to_owned())
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let default = results_folder(&arguments.book, &arguments.changes);
    let target = arguments.output.target(default.clone(), RECORD)?;
    let loaded = load(&arguments.book, &arguments.changes)?;
    let book = &loaded.book;
    let period = period(book, arguments.month)?;
    let columns = columns(book, &arguments.by)?;
    let last = match &arguments.last {
        Some(folder) => Some(Earlier::open_earlier(folder)?.read_earlier(&period)?),
        None => None,
    };
    let mut gather = Gather::gather_period(book, period);
    let replay = loaded.replay(|window| gather.gather_window(window))?;
    let facts = gather.into_facts(&replay);
    drop(replay);
    let inputs: Hashes = loaded
        .folder
        .iter()
        .map(|(name, bytes)| (name.to_owned(), hash(bytes)))
        .collect();
    let scenario = loaded.scenario.as_deref();
    let ledger = facts.ledger_hash().to_owned();
    let version = env!("CARGO_PKG_VERSION");
    let sources = Sources {
        book,
        scenario,
        version,
        inputs: &inputs,
        columns,
        facts,
        last,
    };
    let report = report::report(&sources);
    let files = report_json::files(&report, &sources).map_err(|error| {
        let message = format!("cannot make the workbook: {error}");
        Failure::new(message, "please report this as a fault")
    })?;
    let text = answer(&report, &target.out);
    warn_of_idle_budgets(book, &report)?;
    if !has_run(&target.out, &inputs, scenario, &ledger) {
        let by = arguments.by.first().map_or(DEFAULT_BY, String::as_str);
        let column = inventory_column(book, by)?;
        let request = RunRequest {
            column,
            by,
            charts: true,
        };
        let target = arguments.output.target(default, RUN)?;
        results::write_results(loaded, &request, &target)?;
    }
    target.write_files(&files)?;
    say(text)?;
    Ok(Outcome::Done)
}

/// What `run.json` says of its run.
#[derive(Deserialize)]
struct EarlierRun {
    version: String,
    scenario: Option<String>,
    inputs: Hashes,
    ledger: String,
}

/// Whether a folder has the result of a run of these inputs with this ledger. The files of a report link to it, and the next
/// month's report compares with it.
fn has_run(out: &Path, inputs: &Hashes, scenario: Option<&str>, ledger: &str) -> bool {
    let Ok(bytes) = std::fs::read(out.join(RUN)) else {
        return false;
    };
    serde_json::from_slice(&bytes).is_ok_and(|run: EarlierRun| {
        run.version == env!("CARGO_PKG_VERSION")
            && run.scenario.as_deref() == scenario
            && run.inputs == *inputs
            && run.ledger == ledger
    })
}

fn period(book: &Book, asked: Option<Day>) -> Result<ReportPeriod, Failure> {
    let days = book.days;
    let first = asked.unwrap_or_else(|| days.from.month_start());
    ReportPeriod::month_of_run(days, first).ok_or_else(|| {
        let message = format!(
            "the run from {} to {} has no day of {}",
            days.from,
            days.to,
            month(first)
        );
        let help = format!(
            "ask for a month from {} to {}",
            month(days.from),
            month(days.to)
        );
        Failure::new(message, help)
    })
}

/// The columns by which the report sums, with their names.
fn columns(book: &Book, asked: &[String]) -> Result<Vec<(Column, String)>, Failure> {
    let mut columns = Vec::new();
    if !asked.is_empty() {
        let mut seen = BTreeSet::new();
        for name in asked.iter().filter(|name| seen.insert(*name)) {
            columns.push((inventory_column(book, name)?, name.clone()));
        }
        return Ok(columns);
    }
    let tags = book.tag_keys.iter().map(|key| format!("tag:{key}"));
    for name in COLUMNS.iter().map(|name| (*name).to_owned()).chain(tags) {
        let column = inventory_column(book, &name)?;
        let mut instances = book.instances.iter();
        if name == COLUMNS[0] || instances.any(|one| book.cell_text(one, column).is_some()) {
            columns.push((column, name));
        }
    }
    Ok(columns)
}

fn answer(report: &MonthReport, out: &Path) -> String {
    let first = &report.first;
    let mut lines = Vec::new();
    for (class, count) in first.losses.iter().filter(|(_, count)| count.instances > 0) {
        lines.push(format!(
            "{}: {}",
            lost::heading(*class),
            lost::counts(count)
        ));
    }
    if lines.is_empty() {
        lines.push("Nothing is lost from this month on.".to_owned());
    }
    if let Some(low) = first.lowest.first() {
        let (lowest, account) = (amount(low.currency, low.amount), visible(&low.account));
        lines.push(format!(
            "lowest balance: {lowest} in {account} on {}",
            low.day
        ));
    }
    for spent in &first.spend {
        let all = if spent.is_converted { "all, " } else { "" };
        lines.push(format!(
            "spend of the month: {all}{}",
            amount(spent.currency, spent.spend)
        ));
    }
    let tables = report
        .tables
        .iter()
        .filter(|table| !table.rows.is_empty())
        .count();
    let tables = format!("{FOLDER}/ ({})", counted(tables, "table"));
    lines.push(files_in(out, &[PAGE, WORKBOOK, &tables]));
    lines.join("\n")
}

/// A budget of this month whose key is no value of the first column compares with nothing.
fn warn_of_idle_budgets(book: &Book, report: &MonthReport) -> Result<(), Failure> {
    let Some(by) = report.by.first() else {
        return Ok(());
    };
    let column = inventory_column(book, by)?;
    let of_month = book
        .budgets
        .iter()
        .filter(|budget| budget.month == report.period.month);
    for key in of_month.filter_map(|budget| budget.key.as_deref()) {
        let mut instances = book.instances.iter();
        if !instances.any(|one| book.cell_text(one, column).as_deref() == Some(key)) {
            let (key, by) = (visible(key), visible(by));
            warn(format!(
                "budget.csv: no instance has `{key}` in the column {by}; `--by` names another column"
            ));
        }
    }
    Ok(())
}
