//! `renewcast sweep`: many combinations of changes, which of them keep the limits, and which are efficient.

use std::path::{Path, PathBuf};

use clap::Args;

use super::batch::{self, Job};
use super::diagnostics::{counted, render, shown_path, visible};
use super::folder::{self, name_of};
use super::ink::HEAD;
use super::interrupt::Interrupt;
use super::output::OutputTarget;
use super::print::{say, warn};
use super::table::table;
use super::{Failure, Outcome, results};
use crate::analysis::compare::{self, Cache, Group, Limit, Measure, RunTotal, frontier};
use crate::input::diagnostic::Diagnostics;
use crate::input::{self, Folder, PlannedRun, SweepSpec};
use crate::model::book::Book;
use crate::model::money::{Currency, Money};
use crate::output::sweep::{SweepRow, picture, sweep_csv};

const EXAMPLES: &str = "\
Examples:
  renewcast sweep my-book sweep.toml
  renewcast sweep my-book sweep.toml --limit \"terminated = 0 where \\\"tag:env\\\" = 'prod'\" --sort used

A sweep is a list of axes whose values are combined, and of single cases:
  [[axis]]
  name = \"months\"
  key = \"renew_months\"                  # what --set takes, or \"scenario\"
  where = \"\\\"tag:env\\\" = 'prod'\"       # optional
  values = [1, 3, 12]
  [[axis]]
  key = \"topups.delay_days\"             # also topups.change_percent and prices.change_percent
  values = [0, 5, 10]
  [[case]]
  name = \"nothing renews\"
  set = [\"renew_flag=manual\"]

Figures: spend, used, value_left, lowest, needed, failed, reclaimed, stopped, recovered, terminated, refused.
Exit code 1: no run keeps the limits, or a run was refused and left out. Ctrl-C keeps what is done: exit code 130.";

/// So many refused runs are told in full.
const SHOWN_REFUSALS: usize = 3;
/// So many runs are shown.
const SHOWN: usize = 12;
/// The figures that are shown of each run.
const FIGURES: &[Measure] = &[
    Measure::Spend,
    Measure::Used,
    Measure::Lowest,
    Measure::Needed,
    Measure::Failed,
    Measure::Reclaimed,
    Measure::Terminated,
];

/// Try many combinations of changes: which is cheapest without losing anything that matters?
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder of the book
    book: PathBuf,
    /// The file that says what is combined
    #[arg(value_name = "SWEEP.toml")]
    sweep: PathBuf,
    /// A condition that runs must keep, as often as needed: FIGURE =|<>|<|<=|>|>= NUMBER [where CONDITION]
    #[arg(long, value_name = "LIMIT")]
    limit: Vec<String>,
    /// Sort by this figure [default: that of the file, else spend]
    #[arg(long, value_name = "FIGURE")]
    sort: Option<String>,
    /// The currency of money [default: the book's]
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
    /// Write into this folder [default: reports/<book>/sweep]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write into a folder that holds other files; none of them is touched
    #[arg(long)]
    force: bool,
    /// Draw no chart
    #[arg(long)]
    no_charts: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let out = arguments.out.clone().unwrap_or_else(|| {
        Path::new("reports")
            .join(name_of(&arguments.book))
            .join("sweep")
    });
    let target = OutputTarget::of_result((&out, arguments.force), "sweep.json")?;
    let interrupt = Interrupt::listen();
    let folder = folder::read_folder(&arguments.book)?;
    let plan = plan(&arguments.sweep)?;
    let (book, problems) = input::read_book(&folder, plan.scenario.as_deref());
    let book = book.ok_or(Failure::Input(problems))?;
    let sort = match &arguments.sort {
        Some(name) => {
            input::named_measure(name).map_err(|(message, help)| Failure::new(message, help))?
        }
        None => plan.sort.unwrap_or(Measure::Spend),
    };
    let currency = currency(arguments, &book)?;
    let (limits, groups) = limits(&arguments.limit, (&folder, &book), currency)?;
    let problems = plan.check_runs(&folder);
    if problems.has_errors() {
        return Err(Failure::Input(problems));
    }
    if problems.warnings() > 0 {
        warn(render(&problems));
    }
    let runs = plan.runs();
    let mut cache = Cache::with_groups(groups);
    let jobs = jobs(&plan.columns(), &runs)?;
    let done = batch::run(&folder, &jobs, (&mut cache, &interrupt));
    let done_runs = done.len();
    let SweepOutcome {
        runs,
        outcomes: done,
        refused,
    } = carried_out(&jobs, runs, done)?;
    let totals: Vec<RunTotal> = done
        .iter()
        .map(|outcomes| RunTotal::total_in(outcomes, currency))
        .collect();
    let asked = SweepRequest {
        sort,
        currency,
        limits: &limits,
        texts: &arguments.limit,
    };
    let rows = rows(&book, &runs, &totals, &asked);
    write_sweep(
        &target,
        (&book, &plan, &runs),
        &rows,
        (&asked, !arguments.no_charts),
    )?;
    say(answer(&book, &plan, &rows, &asked))?;
    let is_kept = rows.is_empty() || rows.iter().any(|(_, row)| row.is_within);
    if !is_kept {
        say(nearest_run(&plan.columns(), &runs, &totals, &asked))?;
    }
    say(format!(
        "Replayed {} of {}",
        counted(cache.replayed(), "account"),
        done.len() * book.accounts.len()
    ))?;
    say(format!(
        "Files in {}: sweep.csv, best.toml{}",
        shown_path(&out),
        if arguments.no_charts { "" } else { ", 1 chart" }
    ))?;
    refused
        .iter()
        .take(SHOWN_REFUSALS)
        .for_each(|told| warn(format!("\n{told}")));
    if refused.len() > SHOWN_REFUSALS {
        warn(format!(
            "\n… and {} more runs are refused",
            refused.len() - SHOWN_REFUSALS
        ));
    }
    if done_runs < jobs.len() {
        warn(format!(
            "interrupted: {done_runs} of {} runs are done and written",
            jobs.len()
        ));
        return Ok(Outcome::Interrupted);
    }
    Ok(if is_kept && refused.is_empty() {
        Outcome::Done
    } else {
        Outcome::Found
    })
}

/// The runs of a sweep that could be carried out.
struct SweepOutcome {
    runs: Vec<PlannedRun>,
    /// What the accounts of each come to.
    outcomes: Vec<Vec<compare::AccountOutcome>>,
    /// Why each other run was refused, as it is printed.
    refused: Vec<String>,
}

/// The runs that could be carried out with what came of them, and why each other one was refused. Where all were, the first
/// refusal is that of the sweep.
fn carried_out(
    jobs: &[Job],
    runs: Vec<PlannedRun>,
    done: Vec<batch::Done>,
) -> Result<SweepOutcome, Failure> {
    let (mut carried, mut outcomes, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    let mut first = None;
    for ((job, run), done) in jobs.iter().zip(runs).zip(done) {
        match done {
            Ok(of_accounts) => {
                carried.push(run);
                outcomes.push(of_accounts);
            }
            Err(failure) => {
                refused.push(format!(
                    "{} is refused and left out:\n{}",
                    visible(&job.name),
                    failure.render()
                ));
                first.get_or_insert(failure);
            }
        }
    }
    match first.filter(|_| outcomes.is_empty()) {
        Some(failure) => Err(failure),
        None => Ok(SweepOutcome {
            runs: carried,
            outcomes,
            refused,
        }),
    }
}

/// The run that comes nearest to keeping the limits, and which of them it breaks.
fn nearest_run(
    columns: &[String],
    runs: &[PlannedRun],
    totals: &[RunTotal],
    asked: &SweepRequest<'_>,
) -> String {
    let Some(number) = compare::nearest(totals, asked.limits) else {
        return String::new();
    };
    let (total, chosen) = (&totals[number], run_name(columns, &runs[number]));
    let broken = asked
        .limits
        .iter()
        .zip(asked.texts)
        .filter(|(limit, _)| !limit.is_kept(total));
    let told = broken.map(|(limit, text)| {
        let figure = match limit.figure(total) {
            None => "cannot be told".to_owned(),
            Some(figure) if limit.measure.is_money() => {
                format!(
                    "is {}",
                    Money::from_minor(figure).display_grouped(asked.currency)
                )
            }
            Some(figure) => format!("is {figure}"),
        };
        format!(
            "\n  {} {figure}; the limit is {}",
            limit.measure.name(),
            visible(text)
        )
    });
    format!(
        "No run keeps the limits. The nearest is {}:{}\n",
        visible(&chosen),
        told.collect::<String>()
    )
}

/// What the command line asks of the runs.
struct SweepRequest<'a> {
    sort: Measure,
    currency: Currency,
    limits: &'a [Limit],
    /// The limits as they were typed.
    texts: &'a [String],
}

impl SweepRequest<'_> {
    /// The figure that stands for cost.
    fn cost(&self) -> Measure {
        if self.sort == Measure::Used {
            Measure::Used
        } else {
            Measure::Spend
        }
    }
}

/// A run as a row, with the number that it has among the runs.
type Numbered = (usize, SweepRow);

fn plan(path: &Path) -> Result<SweepSpec, Failure> {
    let bytes = folder::file(path)?;
    let mut problems = Diagnostics::default();
    let plan = SweepSpec::read_sweep(&path.display().to_string(), &bytes, &mut problems);
    plan.ok_or(Failure::Input(problems))
}

fn currency(arguments: &Arguments, book: &Book) -> Result<Currency, Failure> {
    let Some(code) = &arguments.currency else {
        return Ok(book.currency);
    };
    let known: Vec<Currency> = book
        .accounts
        .iter()
        .map(|account| account.currency)
        .collect();
    let found = known
        .iter()
        .copied()
        .find(|currency| currency.code() == code);
    found.ok_or_else(|| {
        Failure::new(
            format!("no account is in `{code}`"),
            format!("write {}", book.currency),
        )
    })
}

/// The limits, and the groups of instances that they are about.
fn limits(
    texts: &[String],
    (folder, book): (&Folder, &Book),
    currency: Currency,
) -> Result<(Vec<Limit>, Vec<Group>), Failure> {
    let (mut limits, mut groups) = (Vec::new(), Vec::new());
    for text in texts {
        let wrong = |(message, help): (String, String)| Failure::new(message, help);
        let (mut limit, condition) = input::limit(text, currency).map_err(wrong)?;
        if let Some(condition) = condition {
            let ids = input::selected(folder, Some(&condition)).map_err(wrong)?;
            if ids.is_empty() {
                let message = format!("the limit `{text}` is about no instance");
                return Err(Failure::new(
                    message,
                    "check its condition against `instances.csv`",
                ));
            }
            limit.group = Some(groups.len());
            groups.push(
                book.instances
                    .iter()
                    .map(|instance| ids.contains(instance.id.as_str()))
                    .collect(),
            );
        }
        limits.push(limit);
    }
    Ok((limits, groups))
}

/// What people call a run: what is chosen for it.
fn run_name(columns: &[String], run: &PlannedRun) -> String {
    let chosen = columns
        .iter()
        .zip(&run.cells)
        .filter(|(_, cell)| !cell.is_empty());
    chosen
        .map(|(column, cell)| format!("{column} = {cell}"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn jobs(columns: &[String], runs: &[PlannedRun]) -> Result<Vec<Job>, Failure> {
    let job = |run: &PlannedRun| {
        let name = run_name(columns, run);
        let text = run
            .to_toml()
            .map_err(|message| Failure::new(message, "see `renewcast sweep --help`"))?;
        Ok(Job {
            name,
            scenario: run.scenario.clone(),
            text,
        })
    };
    runs.iter().map(job).collect()
}

/// The runs that are done, the best first: those within the limits, then by the figure, then in the order of the sweep.
fn rows(
    book: &Book,
    runs: &[PlannedRun],
    totals: &[RunTotal],
    asked: &SweepRequest<'_>,
) -> Vec<Numbered> {
    let within: Vec<bool> = totals
        .iter()
        .map(|total| asked.limits.iter().all(|limit| limit.is_kept(total)))
        .collect();
    let point = |total: &RunTotal| {
        let figure = |measure| total.sum.get(measure).unwrap_or(i64::MAX);
        (figure(asked.cost()), figure(Measure::Terminated))
    };
    let points: Vec<(i64, i64)> = totals
        .iter()
        .zip(&within)
        .filter(|(_, within)| **within)
        .map(|(total, _)| point(total))
        .collect();
    let mut efficient = frontier(&points).into_iter();
    let row = |((number, total), is_within): ((usize, &RunTotal), &bool)| {
        let low = total
            .sum
            .lowest
            .map(|low| book.account(low.account).id.to_string());
        let row = SweepRow {
            cells: runs[number].cells.clone(),
            sum: total.sum,
            lowest_account: low.unwrap_or_default(),
            is_within: *is_within,
            is_efficient: *is_within && efficient.next().unwrap_or(false),
        };
        (number, row)
    };
    let mut rows: Vec<Numbered> = totals.iter().enumerate().zip(&within).map(row).collect();
    rows.sort_by_key(|(number, row)| {
        let figure = row.sum.get(asked.sort).unwrap_or(i64::MAX);
        let figure = if asked.sort.is_better_high() {
            figure.saturating_neg()
        } else {
            figure
        };
        (!row.is_within, figure, *number)
    });
    rows
}

fn answer(book: &Book, plan: &SweepSpec, rows: &[Numbered], asked: &SweepRequest<'_>) -> String {
    let within = rows.iter().filter(|(_, row)| row.is_within).count();
    let sorted = asked.sort.name();
    let mut text = format!(
        "{HEAD}{}{HEAD:#}, {} to {}: {}, by {sorted}",
        visible(&book.name),
        book.days.from,
        book.days.to,
        counted(rows.len(), "run")
    );
    if !asked.limits.is_empty() {
        text += &format!("; {within} within the limits");
    }
    text += "\n\n";
    let mut head: Vec<String> = plan
        .columns()
        .iter()
        .map(|column| visible(column))
        .collect();
    head.extend(FIGURES.iter().map(|measure| measure.name().to_owned()));
    head.push(String::new());
    let mut lines = vec![head];
    lines.extend(
        rows.iter()
            .take(SHOWN)
            .map(|(_, row)| run_cells(row, asked)),
    );
    let efficient = rows.iter().skip(SHOWN).filter(|(_, row)| row.is_efficient);
    lines.extend(efficient.take(SHOWN).map(|(_, row)| run_cells(row, asked)));
    text += &table(&lines);
    let more = (rows.len() + 1).saturating_sub(lines.len());
    if more > 0 {
        text += &format!("… and {more} more in sweep.csv\n");
    }
    text + "\nefficient: no run costs less and loses no more\n"
}

fn run_cells(row: &SweepRow, asked: &SweepRequest<'_>) -> Vec<String> {
    let mut cells: Vec<String> = row.cells.iter().map(|cell| visible(cell)).collect();
    cells.extend(FIGURES.iter().map(|measure| {
        match row.sum.get(*measure) {
            None => "?".to_owned(),
            Some(figure) if measure.is_money() => Money::from_minor(figure)
                .display_grouped(asked.currency)
                .to_string(),
            Some(figure) => figure.to_string(),
        }
    }));
    cells.push(match (row.is_within, row.is_efficient) {
        (false, _) => "breaks a limit".to_owned(),
        (true, true) => "efficient".to_owned(),
        (true, false) => String::new(),
    });
    cells
}

/// Writes the table, the best run as a scenario, and the picture.
fn write_sweep(
    target: &OutputTarget<'_>,
    (book, plan, runs): (&Book, &SweepSpec, &[PlannedRun]),
    rows: &[Numbered],
    (asked, charts): (&SweepRequest<'_>, bool),
) -> Result<(), Failure> {
    let plain: Vec<SweepRow> = rows.iter().map(|(_, row)| row.clone()).collect();
    let mut files = vec![(
        "sweep.csv".to_owned(),
        sweep_csv(&plan.columns(), asked.currency, &plain),
    )];
    if let Some((number, _)) = rows.first().filter(|(_, row)| row.is_within) {
        files.push(("best.toml".to_owned(), best(&runs[*number])?.into_bytes()));
    }
    if charts {
        let name = format!("{}, {} to {}", book.name, book.days.from, book.days.to);
        files.extend(results::draw_pictures(&[picture(
            &name,
            &plan.columns(),
            asked.cost(),
            asked.currency,
            &plain,
        )])?);
    }
    target.write_files(&files)
}

/// The best run as a scenario that can be put into the book.
fn best(run: &PlannedRun) -> Result<String, Failure> {
    let text = run
        .to_toml()
        .map_err(|message| Failure::new(message, "see `renewcast sweep --help`"))?;
    let extends = run
        .scenario
        .as_ref()
        .map(|name| format!("extends = {}\n", toml::Value::from(name.as_str())));
    Ok(format!(
        "# The best run of a sweep; put it into scenarios/ of the book.\n{}{text}",
        extends.unwrap_or_default()
    ))
}
