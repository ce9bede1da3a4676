//! `renewcast sweep`: many combinations of changes, which of them keep the limits, and which are efficient.

use std::path::{Path, PathBuf};

use clap::Args;

use super::batch::{self, Done, Job};
use super::diagnostics::render;
use super::folder::{self, reports_folder};
use super::interrupt::Interrupt;
use super::output::{OutputArguments, OutputTarget};
use super::print::{say, warn};
use super::table::table;
use super::words::{book_head, counted, figure, files_in, visible};
use super::{Failure, Outcome, results};
use crate::analysis::compare::{
    self, AccountOutcome, Cache, Group, Limit, Measure, RunTotal, frontier,
};
use crate::input::diagnostic::Diagnostics;
use crate::input::{self, Folder, PlannedRun, SweepSpec};
use crate::model::book::Book;
use crate::model::money::Currency;
use crate::output::sweep::{SweepRow, picture, sweep_csv};

const OUT: &str = "Write into this folder [default: reports/<book>/sweep]";
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
  name = \"no auto-renewal\"
  set = [\"renew_flag=manual\"]

Figures: spend, used, value_left, lowest, needed, failed, reclaimed, stopped, recovered, terminated, refused.
Exit code 1: no run keeps the limits, or a run was refused and left out. Ctrl-C keeps what is done: exit code 130.";

/// The most refused runs that are explained.
const MAX_REFUSALS: usize = 3;
/// The most runs of the table.
const MAX_RUNS: usize = 12;
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
#[command(after_help = EXAMPLES, mut_arg("out", |out| out.help(OUT)))]
pub(super) struct Arguments {
    /// The folder of the book
    book: PathBuf,
    /// The file with the axes and cases
    #[arg(value_name = "SWEEP.toml")]
    sweep: PathBuf,
    /// A limit that runs must keep; repeatable: FIGURE =|<>|<|<=|>|>= NUMBER [where CONDITION]
    #[arg(long, value_name = "LIMIT")]
    limit: Vec<String>,
    /// Sort by this figure [default: that of the file, else spend]
    #[arg(long, value_name = "FIGURE")]
    sort: Option<String>,
    /// The currency of money [default: the book's]
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
    #[command(flatten)]
    output: OutputArguments,
    /// Draw no chart
    #[arg(long)]
    no_charts: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let default = reports_folder(&arguments.book, &["sweep"]);
    let target = arguments.output.target(default, "sweep.json")?;
    let interrupt = Interrupt::listen();
    let folder = folder::read_folder(&arguments.book)?;
    let spec = read_spec(&arguments.sweep)?;
    let (book, problems) = input::read_book(&folder, spec.scenario.as_deref());
    let book = book.ok_or(Failure::Input(problems))?;
    let request = SweepRequest::read_request(arguments, &folder, &book, &spec)?;
    let problems = spec.check_runs(&folder);
    if problems.has_errors() {
        return Err(Failure::Input(problems));
    }
    if problems.warnings() > 0 {
        warn(render(&problems));
    }
    let runs = spec.runs();
    let jobs = runs
        .iter()
        .map(|run| request.job(run))
        .collect::<Result<Vec<_>, _>>()?;
    let mut cache = Cache::with_groups(request.groups.clone());
    let done = batch::run_jobs(&folder, &jobs, &mut cache, &interrupt);
    let done_runs = done.len();
    let outcome = SweepOutcome::sort_out(&jobs, runs, done)?;
    let ranking = Ranking::rank(&request, &outcome);
    ranking.write(&target, !arguments.no_charts)?;
    say(ranking.answer())?;
    if !ranking.keeps_limits() {
        say(ranking.nearest_run())?;
    }
    let all = outcome.runs.len() * book.accounts.len();
    say(format!(
        "Replayed {} of {all}",
        counted(cache.replayed(), "account")
    ))?;
    let chart = if arguments.no_charts {
        None
    } else {
        Some("1 chart")
    };
    let names: Vec<&str> = ["sweep.csv", "best.toml"]
        .into_iter()
        .chain(chart)
        .collect();
    say(files_in(&target.out, &names))?;
    for refusal in outcome.refused.iter().take(MAX_REFUSALS) {
        warn(format!("\n{refusal}"));
    }
    let more = outcome.refused.len().saturating_sub(MAX_REFUSALS);
    if more > 0 {
        warn(format!("\n… and {more} more runs are refused"));
    }
    if done_runs < jobs.len() {
        let all = jobs.len();
        warn(format!(
            "interrupted: {done_runs} of {all} runs are done and written"
        ));
        return Ok(Outcome::Interrupted);
    }
    Ok(Outcome::found_if(
        !ranking.keeps_limits() || !outcome.refused.is_empty(),
    ))
}

fn read_spec(path: &Path) -> Result<SweepSpec, Failure> {
    let bytes = folder::read_file(path)?;
    let mut problems = Diagnostics::default();
    let spec = SweepSpec::read_sweep(&path.display().to_string(), &bytes, &mut problems);
    spec.ok_or(Failure::Input(problems))
}

/// What the command line asks of the runs.
struct SweepRequest<'a> {
    book: &'a Book,
    /// The names of what is combined.
    columns: Vec<String>,
    sort: Measure,
    currency: Currency,
    limits: Vec<Limit>,
    /// The groups of instances that limits are about.
    groups: Vec<Group>,
    /// The limits as they were typed.
    texts: &'a [String],
}

impl<'a> SweepRequest<'a> {
    fn read_request(
        arguments: &'a Arguments,
        folder: &Folder,
        book: &'a Book,
        spec: &SweepSpec,
    ) -> Result<Self, Failure> {
        let sort = match &arguments.sort {
            Some(name) => {
                input::named_measure(name).map_err(|(message, help)| Failure::new(message, help))?
            }
            None => spec.sort.unwrap_or(Measure::Spend),
        };
        let currency = match &arguments.currency {
            Some(code) => account_currency(book, code)?,
            None => book.currency,
        };
        let (columns, texts) = (spec.columns(), arguments.limit.as_slice());
        let (limits, groups) = (Vec::new(), Vec::new());
        let mut request = Self {
            book,
            columns,
            sort,
            currency,
            limits,
            groups,
            texts,
        };
        for text in texts {
            request.add_limit(text, folder)?;
        }
        Ok(request)
    }

    fn add_limit(&mut self, text: &str, folder: &Folder) -> Result<(), Failure> {
        let (mut limit, condition) = input::limit(text, self.currency)
            .map_err(|(message, help)| Failure::new(message, help))?;
        if let Some(condition) = condition {
            let ids = input::selected(folder, Some(&condition))
                .map_err(|(message, help)| Failure::new(message, help))?;
            if ids.is_empty() {
                let message = format!("no instance matches the limit `{text}`");
                let help = "check its condition against `instances.csv`";
                return Err(Failure::new(message, help));
            }
            limit.group = Some(self.groups.len());
            let instances = self.book.instances.iter();
            let group = instances.map(|instance| ids.contains(instance.id.as_str()));
            self.groups.push(group.collect());
        }
        self.limits.push(limit);
        Ok(())
    }

    /// The figure that stands for cost.
    fn cost(&self) -> Measure {
        if self.sort == Measure::Used {
            Measure::Used
        } else {
            Measure::Spend
        }
    }

    /// What people call a run: what is chosen for it.
    fn name_of(&self, run: &PlannedRun) -> String {
        let chosen = self
            .columns
            .iter()
            .zip(&run.cells)
            .filter(|(_, cell)| !cell.is_empty());
        let parts = chosen.map(|(column, cell)| format!("{column} = {cell}"));
        parts.collect::<Vec<_>>().join(", ")
    }

    fn job(&self, run: &PlannedRun) -> Result<Job, Failure> {
        let (name, scenario) = (self.name_of(run), run.scenario.clone());
        Ok(Job {
            name,
            scenario,
            text: changes_of(run)?,
        })
    }
}

fn changes_of(run: &PlannedRun) -> Result<String, Failure> {
    run.to_toml()
        .map_err(|message| Failure::new(message, "see `renewcast sweep --help`"))
}

fn account_currency(book: &Book, code: &str) -> Result<Currency, Failure> {
    let mut known = book.accounts.iter().map(|account| account.currency);
    known
        .find(|currency| currency.code() == code)
        .ok_or_else(|| {
            Failure::new(
                format!("no account is in `{code}`"),
                format!("write {}", book.currency),
            )
        })
}

/// The runs of a sweep that could be carried out.
#[derive(Default)]
struct SweepOutcome {
    runs: Vec<PlannedRun>,
    /// What the accounts of each come to.
    outcomes: Vec<Vec<AccountOutcome>>,
    /// Why each other run was refused, as it is printed.
    refused: Vec<String>,
}

impl SweepOutcome {
    /// Separates the runs that could be carried out from those that were refused. Where all were, the first refusal is that
    /// of the sweep.
    fn sort_out(jobs: &[Job], runs: Vec<PlannedRun>, done: Vec<Done>) -> Result<Self, Failure> {
        let mut outcome = Self::default();
        let mut first = None;
        for ((job, run), done) in jobs.iter().zip(runs).zip(done) {
            match done {
                Ok(of_accounts) => {
                    outcome.runs.push(run);
                    outcome.outcomes.push(of_accounts);
                }
                Err(failure) => {
                    let (name, why) = (visible(&job.name), failure.render());
                    outcome
                        .refused
                        .push(format!("{name} is refused and left out:\n{why}"));
                    first.get_or_insert(failure);
                }
            }
        }
        match first.filter(|_| outcome.runs.is_empty()) {
            Some(failure) => Err(failure),
            None => Ok(outcome),
        }
    }
}

/// A run as a row, with its number among the runs.
struct RankedRun {
    number: usize,
    row: SweepRow,
}

/// The runs that are done, the best first: those within the limits, then by the figure, then in the order of the sweep.
struct Ranking<'r> {
    request: &'r SweepRequest<'r>,
    runs: &'r [PlannedRun],
    totals: Vec<RunTotal>,
    ranked: Vec<RankedRun>,
}

impl<'r> Ranking<'r> {
    fn rank(request: &'r SweepRequest<'r>, outcome: &'r SweepOutcome) -> Self {
        let outcomes = outcome.outcomes.iter();
        let totals: Vec<RunTotal> = outcomes
            .map(|outcomes| RunTotal::total_in(outcomes, request.currency))
            .collect();
        let mut ranked = Vec::new();
        let mut points = Vec::new();
        for (number, total) in totals.iter().enumerate() {
            let low = total
                .sum
                .lowest
                .map(|low| request.book.account(low.account).id.to_string());
            let is_within = request.limits.iter().all(|limit| limit.is_kept(total));
            if is_within {
                points.push((
                    figure_or_worst(total, request.cost()),
                    figure_or_worst(total, Measure::Terminated),
                ));
            }
            let row = SweepRow {
                cells: outcome.runs[number].cells.clone(),
                sum: total.sum,
                lowest_account: low.unwrap_or_default(),
                is_within,
                is_efficient: false,
            };
            ranked.push(RankedRun { number, row });
        }
        let within = ranked.iter_mut().filter(|run| run.row.is_within);
        for (run, is_efficient) in within.zip(frontier(&points)) {
            run.row.is_efficient = is_efficient;
        }
        ranked.sort_by_key(|RankedRun { number, row }| {
            let figure = row.sum.get(request.sort).unwrap_or(i64::MAX);
            let is_better_high = request.sort.is_better_high();
            let figure = if is_better_high {
                figure.saturating_neg()
            } else {
                figure
            };
            (!row.is_within, figure, *number)
        });
        Self {
            request,
            runs: &outcome.runs,
            totals,
            ranked,
        }
    }

    /// Whether some run keeps the limits; where none was done, none breaks them.
    fn keeps_limits(&self) -> bool {
        self.ranked.is_empty() || self.ranked.iter().any(|run| run.row.is_within)
    }

    fn answer(&self) -> String {
        let request = self.request;
        let (head, runs) = (book_head(request.book), counted(self.ranked.len(), "run"));
        let mut text = format!("{head}: {runs}, by {}", request.sort.name());
        if !request.limits.is_empty() {
            let within = self.ranked.iter().filter(|run| run.row.is_within).count();
            text += &format!("; {within} within the limits");
        }
        let mut lines: Vec<Vec<String>> = Vec::new();
        let columns = request.columns.iter().map(|column| visible(column));
        let figures = FIGURES.iter().map(|measure| measure.name().to_owned());
        lines.push(columns.chain(figures).chain([String::new()]).collect());
        let (first, others) = self.ranked.split_at(self.ranked.len().min(MAX_RUNS));
        let efficient = others
            .iter()
            .filter(|run| run.row.is_efficient)
            .take(MAX_RUNS);
        lines.extend(
            first
                .iter()
                .chain(efficient)
                .map(|run| self.cells(&run.row)),
        );
        text += &format!("\n\n{}", table(&lines));
        let more = (self.ranked.len() + 1).saturating_sub(lines.len());
        if more > 0 {
            text += &format!("… and {more} more in sweep.csv\n");
        }
        text + "\nefficient: no run costs less and loses no more\n"
    }

    fn cells(&self, row: &SweepRow) -> Vec<String> {
        let mut cells: Vec<String> = row.cells.iter().map(|cell| visible(cell)).collect();
        for measure in FIGURES {
            cells.push(figure(
                row.sum.get(*measure),
                *measure,
                self.request.currency,
            ));
        }
        let verdict = match (row.is_within, row.is_efficient) {
            (false, _) => "breaks a limit",
            (true, true) => "efficient",
            (true, false) => "",
        };
        cells.push(verdict.to_owned());
        cells
    }

    /// The run that comes nearest to keeping the limits, and which of them it breaks.
    fn nearest_run(&self) -> String {
        let SweepRequest {
            limits,
            texts,
            currency,
            ..
        } = self.request;
        let Some(number) = compare::nearest(&self.totals, limits) else {
            return String::new();
        };
        let (total, name) = (
            &self.totals[number],
            self.request.name_of(&self.runs[number]),
        );
        let mut text = format!(
            "No run keeps the limits. The nearest is {}:",
            visible(&name)
        );
        for (limit, typed) in limits
            .iter()
            .zip(*texts)
            .filter(|(limit, _)| !limit.is_kept(total))
        {
            let is = match limit.figure(total) {
                None => "is not known".to_owned(),
                is => format!("is {}", figure(is, limit.measure, *currency)),
            };
            let (name, typed) = (limit.measure.name(), visible(typed));
            text += &format!("\n  {name} {is}; the limit is {typed}");
        }
        text + "\n"
    }

    /// Writes the table, the best run as a scenario, and the chart.
    fn write(&self, target: &OutputTarget, has_chart: bool) -> Result<(), Failure> {
        let SweepRequest {
            book,
            columns,
            currency,
            ..
        } = self.request;
        let rows: Vec<SweepRow> = self.ranked.iter().map(|run| run.row.clone()).collect();
        let mut files = vec![("sweep.csv".to_owned(), sweep_csv(columns, *currency, &rows))];
        if let Some(best) = self.ranked.first().filter(|run| run.row.is_within) {
            let scenario = best_scenario(&self.runs[best.number])?;
            files.push(("best.toml".to_owned(), scenario.into_bytes()));
        }
        if has_chart {
            let title = format!("{}, {} to {}", book.name, book.days.from, book.days.to);
            let chart = picture(&title, columns, self.request.cost(), *currency, &rows);
            files.extend(results::draw_pictures(&[chart])?);
        }
        target.write_files(&files)
    }
}

fn figure_or_worst(total: &RunTotal, measure: Measure) -> i64 {
    total.sum.get(measure).unwrap_or(i64::MAX)
}

/// The best run as a scenario that can be put into the book.
fn best_scenario(run: &PlannedRun) -> Result<String, Failure> {
    let extends = match &run.scenario {
        Some(name) => format!("extends = {}\n", toml::Value::from(name.as_str())),
        None => String::new(),
    };
    let text = changes_of(run)?;
    Ok(format!(
        "# The best run of a sweep; put it into scenarios/ of the book.\n{extends}{text}"
    ))
}
