//! `renewcast report`: a month for people who must defend every number of it.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;

use super::changes::Changes;
use super::diagnostics::{counted, shown_path, visible};
use super::earlier::Earlier;
use super::folder::{Loaded, load};
use super::lost;
use super::output::OutputTarget;
use super::print::{say, warn};
use super::progress::Progress;
use super::results::{self, RunRequest};
use super::run::{column, default_out};
use super::{Failure, Outcome};
use crate::engine::{self, Window};
use crate::model::calendar::Day;
use crate::model::selector::Column;
use crate::output::hash::hash;
use crate::output::month::{self, Gather, MonthFacts, MonthReport, ReportPeriod, Sources};
use crate::output::report_json::{self, FOLDER, PAGE, RECORD, WORKBOOK};
use crate::output::run_json::Hashes;

const EXAMPLES: &str = "\
Examples:
  renewcast report data/example                            the first month of the run
  renewcast report my-book --month 2026-12 --by tag:team --by region
  renewcast report my-book --month 2026-12 --last reports/november
  renewcast report my-book --scenario yearly";

/// What lists the files of a run.
const RUN: &str = "run.json";
/// The column of `spend.csv` where none is asked for.
const DEFAULT_BY: &str = "product";
/// The columns by which every report sums, and in this order, if they are used.
const COLUMNS: [&str; 4] = ["account_id", "product", "region", "project"];

/// Write a month as a page, a workbook and CSV files: what is lost unless someone acts, spend, balances, changes
///
/// Every figure names the rows of ledger.csv that it sums; the files of the run are written beside it, unless they are there. budget.csv of the book has what
/// months may cost, rates.csv what other currencies are worth.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder of the book
    book: PathBuf,
    /// The month, such as 2026-12 [default: the first of the run]
    #[arg(long, value_name = "YYYY-MM", value_parser = month)]
    month: Option<Day>,
    /// Sum by this column of instances.csv, as often as needed, such as region or tag:team; keys of budget.csv are values of the
    /// first [default: account_id, product, region, project and every tag]
    #[arg(long, value_name = "COLUMN")]
    by: Vec<String>,
    /// Compare with the result in this folder, which an earlier run wrote
    #[arg(long, value_name = "DIR")]
    last: Option<PathBuf>,
    /// Write into this folder [default: reports/<book>[/<scenario>][-set]]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write into a folder that holds other files; none of them is touched
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    changes: Changes,
}

fn month(text: &str) -> Result<Day, String> {
    Day::parse(&format!("{text}-01")).map_err(|_| "not a month of the form YYYY-MM".to_owned())
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let out = arguments
        .out
        .clone()
        .unwrap_or_else(|| default_out(&arguments.book, &arguments.changes));
    let target = OutputTarget::of_result((&out, arguments.force), RECORD)?;
    let loaded = load(&arguments.book, &arguments.changes)?;
    let book = &loaded.book;
    let period = period(&loaded, arguments.month)?;
    let columns = columns(&loaded, &arguments.by)?;
    let last = arguments
        .last
        .as_deref()
        .map(|folder| Earlier::open_earlier(folder)?.read_earlier(&period))
        .transpose()?;
    let facts = gather(&loaded, arguments, period)?;
    let inputs: Hashes = loaded
        .folder
        .iter()
        .map(|(name, bytes)| (name.to_owned(), hash(bytes)))
        .collect();
    let scenario = arguments.changes.scenario();
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
    let report = month::report(&sources);
    let files = report_json::files(&report, &sources).map_err(|error| {
        Failure::new(
            format!("cannot make the workbook: {error}"),
            "please report this as a fault",
        )
    })?;
    let text = answer(&report, &out);
    warn_of_idle_budgets(&loaded, &report)?;
    if !has_run(&out, (&inputs, scenario), &ledger) {
        let by = arguments.by.first().map_or(DEFAULT_BY, String::as_str);
        let asked = RunRequest {
            column: column(book, by)?,
            by,
            charts: true,
        };
        results::write_results(
            loaded,
            scenario,
            &asked,
            &OutputTarget::of_result((&out, arguments.force), RUN)?,
        )?;
    }
    target.write_files(&files)?;
    say(text)?;
    Ok(Outcome::Done)
}

/// Whether a folder has the result of a run of these inputs with this ledger. The files of a report link to it, and the next
/// month's report compares with it.
/// Rule **report-run**.
fn has_run(out: &Path, (inputs, scenario): (&Hashes, Option<&str>), ledger: &str) -> bool {
    #[derive(Deserialize)]
    struct EarlierRun {
        version: String,
        scenario: Option<String>,
        inputs: Hashes,
        ledger: String,
    }
    let record = std::fs::read(out.join("run.json")).ok();
    let record = record.and_then(|bytes| serde_json::from_slice::<EarlierRun>(&bytes).ok());
    record.is_some_and(|record| {
        record.version == env!("CARGO_PKG_VERSION")
            && record.scenario.as_deref() == scenario
            && record.inputs == *inputs
            && record.ledger == ledger
    })
}

fn period(loaded: &Loaded, month: Option<Day>) -> Result<ReportPeriod, Failure> {
    let days = loaded.book.days;
    let month = month.unwrap_or_else(|| days.from.month_start());
    ReportPeriod::month_of_run(days, month).ok_or_else(|| {
        let name = |day: Day| day.to_string()[..7].to_owned();
        let message = format!(
            "the run from {} to {} has no day of {}",
            days.from,
            days.to,
            name(month)
        );
        Failure::new(
            message,
            format!(
                "ask for a month from {} to {}",
                name(days.from),
                name(days.to)
            ),
        )
    })
}

/// The columns by which the report sums, with their names.
fn columns(loaded: &Loaded, asked: &[String]) -> Result<Vec<(Column, String)>, Failure> {
    let book = &loaded.book;
    if !asked.is_empty() {
        let mut seen = std::collections::BTreeSet::new();
        let asked = asked.iter().filter(|name| seen.insert(*name));
        return asked
            .map(|name| Ok((column(book, name)?, name.clone())))
            .collect();
    }
    let tags = book.tag_keys.iter().map(|key| format!("tag:{key}"));
    let names = COLUMNS.iter().map(|name| (*name).to_owned()).chain(tags);
    let columns: Result<Vec<(Column, String)>, Failure> =
        names.map(|name| Ok((column(book, &name)?, name))).collect();
    let is_used = |column: Column| {
        book.instances
            .iter()
            .any(|instance| book.cell_text(instance, column).is_some())
    };
    Ok(columns?
        .into_iter()
        .filter(|(column, name)| name == COLUMNS[0] || is_used(*column))
        .collect())
}

fn gather(
    loaded: &Loaded,
    arguments: &Arguments,
    period: ReportPeriod,
) -> Result<MonthFacts, Failure> {
    let book = &loaded.book;
    let (mut run, mut window) = (engine::start(book), Window::default());
    let mut gather = Gather::gather_period(book, period);
    let progress = Progress::new(book.days);
    while run
        .advance(&mut window)
        .map_err(|refusal| loaded.refused(arguments.changes.scenario(), refusal))?
    {
        gather.gather_window(&window);
        window
            .last()
            .into_iter()
            .for_each(|day| progress.reach(day));
    }
    Ok(gather.into_facts(&run))
}

fn answer(report: &MonthReport, out: &Path) -> String {
    let first = &report.first;
    let classes = first.losses.iter().filter(|(_, count)| count.instances > 0);
    let mut lines: Vec<String> = classes
        .map(|(class, count)| format!("{}: {}", lost::heading(*class), lost::counts(count)))
        .collect();
    if lines.is_empty() {
        lines.push("Nothing is lost from this month on.".to_owned());
    }
    lines.extend(
        first
            .lowest
            .iter()
            .take(1)
            .map(|(account, currency, amount, day)| {
                format!(
                    "lowest balance: {currency} {} in {} on {day}",
                    amount.display_grouped(*currency),
                    visible(account)
                )
            }),
    );
    lines.extend(first.spend.iter().map(|spent| {
        let all = if spent.is_converted { "all, " } else { "" };
        format!(
            "spend of the month: {all}{} {}",
            spent.currency,
            spent.spend.display_grouped(spent.currency)
        )
    }));
    let tables = report
        .tables
        .iter()
        .filter(|table| !table.rows.is_empty())
        .count();
    lines.push(format!(
        "Files in {}: {PAGE}, {WORKBOOK}, {FOLDER}/ ({})",
        shown_path(out),
        counted(tables, "table")
    ));
    lines.join("\n")
}

/// A budget of this month whose key is no value of the first column compares with nothing.
fn warn_of_idle_budgets(loaded: &Loaded, report: &MonthReport) -> Result<(), Failure> {
    let Some(by) = report.by.first() else {
        return Ok(());
    };
    let column = column(&loaded.book, by)?;
    let of_month = loaded
        .book
        .budgets
        .iter()
        .filter(|budget| budget.month == report.period.month);
    for key in of_month.filter_map(|budget| budget.key.as_deref()) {
        let is_value = |one| loaded.book.cell_text(one, column).as_deref() == Some(key);
        if !loaded.book.instances.iter().any(is_value) {
            warn(format!(
                "budget.csv: no instance has `{}` in the column {}; `--by` names another column",
                visible(key),
                visible(by)
            ));
        }
    }
    Ok(())
}
