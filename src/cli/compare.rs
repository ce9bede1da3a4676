//! `renewcast compare`: scenarios of a book side by side, in sums and in events.

mod diff_text;

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;

use super::changes::apply_set;
use super::diagnostics::render;
use super::folder::{self, reports_folder};
use super::output::{OutputArguments, OutputTarget};
use super::print::{say, warn};
use super::progress::Progress;
use super::table::table;
use super::words::{book_head, counted, figure, files_in, visible};
use super::{Failure, Outcome, results, rules};
use crate::analysis::compare::{ComparedRun, Difference, Measure, RunNames, Sum, differences};
use crate::input::diagnostic::{Code, Diagnostics};
use crate::input::{self, Folder};
use crate::model::book::Book;
use crate::output::compare as report;

const OUT: &str = "Write into this folder [default: reports/<book>/compare, or /rules]";
const EXAMPLES: &str = "\
Examples:
  renewcast compare data/example                       the book against each of its scenarios
  renewcast compare my-book yearly in-time             against these two
  renewcast compare my-book --rules                    does the answer depend on unpublished rules?
  renewcast compare my-book --set \"renew_flag=manual\"  what if nothing auto-renews?

Writes compare.csv, events.csv and charts. Amounts are in the account's currency; currencies are never added.
`Used` is the cost of the days of the run: spend, less what is paid at its end for later days.";

/// Scenarios side by side in one table, besides the base.
const TABLE_WIDTH: usize = 3;
/// The name of the book as it is.
const BASE: &str = "base";
/// The name of the changes of the command line.
const SET: &str = "set";

/// Compare scenarios with the book: spend, balances, failures, losses, and the events that differ
#[derive(Args)]
#[command(after_help = EXAMPLES, mut_arg("out", |out| out.help(OUT)))]
pub(super) struct Arguments {
    /// The folder of the book
    book: PathBuf,
    /// Scenarios of the book [default: all of them]
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// Add a scenario named `set` made of these changes; as for `run`
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Compare the ways in which unpublished rules could be instead; takes one scenario at most
    #[arg(long, conflicts_with = "set")]
    rules: bool,
    #[command(flatten)]
    output: OutputArguments,
    /// Draw no charts
    #[arg(long)]
    no_charts: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let (below, listing) = if arguments.rules {
        ("rules", "rules.json")
    } else {
        ("compare", "compare.json")
    };
    let default = reports_folder(&arguments.book, &[below]);
    let target = arguments.output.target(default, listing)?;
    let folder = folder::read_folder(&arguments.book)?;
    if arguments.rules {
        return match arguments.scenarios.as_slice() {
            [] => rules::run(&folder, None, &target),
            [scenario] => rules::run(&folder, Some(scenario), &target),
            _ => Err(Failure::new(
                "--rules takes one scenario at most",
                "ask for each scenario by itself",
            )),
        };
    }
    let mut warnings = Diagnostics::default();
    let (book, base) = replay_case(BASE, &folder, None, &mut warnings)?;
    let mut runs = vec![base];
    for name in scenarios(arguments, &folder)? {
        runs.push(replay_case(&name, &folder, Some(&name), &mut warnings)?.1);
    }
    if !arguments.set.is_empty() {
        let mut folder = folder.clone();
        apply_set(&arguments.set, &mut folder)?;
        runs.push(replay_case(SET, &folder, None, &mut warnings)?.1);
    }
    if warnings.warnings() > 0 {
        warn(render(&warnings));
    }
    let comparison = ComparedRuns {
        names: &RunNames::ids_of_book(&book),
        runs: &runs,
    };
    let charts = (!arguments.no_charts).then_some(&*book.name);
    comparison.show(&book_head(&book), charts, &target)?;
    Ok(Outcome::Done)
}

/// Runs that are compared; the first one is what the others are held against.
pub(super) struct ComparedRuns<'c> {
    pub names: &'c RunNames,
    pub runs: &'c [ComparedRun],
}

impl ComparedRuns<'_> {
    /// Prints what the runs come to and what differs, and writes it, with charts of this title if any are asked for. Whether
    /// anything differs.
    pub(super) fn show(
        &self,
        head: &str,
        charts: Option<&str>,
        target: &OutputTarget,
    ) -> Result<bool, Failure> {
        let (base, others) = self.runs.split_first().expect("there is a base");
        let differing: Vec<(&ComparedRun, Vec<Difference>)> = others
            .iter()
            .map(|run| (run, differences(&base.steps, &run.steps)))
            .collect();
        let mut text = format!("{head}\n\n");
        for others in others.chunks(TABLE_WIDTH) {
            text += &ComparisonTable {
                names: self.names,
                base,
                others,
            }
            .render();
        }
        for (run, differences) in &differing {
            text += &diff_text::differences(self.names, base, run, differences);
        }
        let mut files = vec![
            (
                "compare.csv".to_owned(),
                report::compare_csv(self.names, self.runs),
            ),
            (
                "events.csv".to_owned(),
                report::events_csv(self.names, base, &differing),
            ),
        ];
        let charts = charts
            .map(|title| report::pictures(title, self.runs))
            .unwrap_or_default();
        files.extend(results::draw_pictures(&charts)?);
        target.write_files(&files)?;
        let mut names = vec!["compare.csv".to_owned(), "events.csv".to_owned()];
        if !charts.is_empty() {
            names.push(counted(charts.len(), "chart"));
        }
        say(text.trim_end())?;
        say(format!("\n{}", files_in(&target.out, &names)))?;
        Ok(differing
            .iter()
            .any(|(_, differences)| !differences.is_empty()))
    }
}

/// The scenarios that are asked for, each once.
fn scenarios(arguments: &Arguments, folder: &Folder) -> Result<Vec<String>, Failure> {
    if !arguments.scenarios.is_empty() || !arguments.set.is_empty() {
        let mut seen = BTreeSet::new();
        let names = arguments.scenarios.iter();
        return Ok(names.filter(|name| seen.insert(*name)).cloned().collect());
    }
    let names: Vec<String> = folder.scenarios().map(str::to_owned).collect();
    if names.is_empty() {
        let message = format!(
            "`{}` has no scenarios to compare with",
            arguments.book.display()
        );
        let help =
            "write one into `scenarios/NAME.toml`, or name a change: --set \"renew_months=12\"";
        return Err(Failure::new(message, help));
    }
    Ok(names)
}

/// Reads and replays a book with a scenario; changes of a profile that nothing follows are kept as warnings.
fn replay_case(
    name: &str,
    folder: &Folder,
    scenario: Option<&str>,
    warnings: &mut Diagnostics,
) -> Result<(Book, ComparedRun), Failure> {
    let (book, problems) = input::read_book(folder, scenario);
    let Some(book) = book else {
        return Err(Failure::Input(problems));
    };
    for one in problems.iter().filter(|one| one.code == Code::IdleProfile) {
        warnings.push(
            one.code,
            one.place.clone(),
            one.message.as_str(),
            one.help.as_str(),
        );
    }
    let progress = Progress::new(book.days);
    let run = ComparedRun::of_days(name, &book, |day| progress.reach(day));
    let run = run.map_err(|refusal| folder::refused(folder, scenario, &book, refusal))?;
    Ok((book, run))
}

const MONEY: &[(&str, Measure)] = &[
    ("Spend", Measure::Spend),
    ("  paid for later days", Measure::ValueLeft),
    ("Used", Measure::Used),
    ("Lowest available", Measure::Lowest),
    ("Top-ups needed", Measure::Needed),
];

const COUNTS: &[(&str, Measure)] = &[
    ("Renewals failed", Measure::Failed),
    ("Payments refused", Measure::Refused),
    ("Reclaimed", Measure::Reclaimed),
    ("Stopped in arrears", Measure::Stopped),
    ("Recovered", Measure::Recovered),
    ("Terminated", Measure::Terminated),
];

/// A few runs beside the base, each with a column of its own and one of its difference.
struct ComparisonTable<'c> {
    names: &'c RunNames,
    base: &'c ComparedRun,
    others: &'c [ComparedRun],
}

impl ComparisonTable<'_> {
    /// A table of money for each currency, and one of counts.
    fn render(&self) -> String {
        let runs = || std::iter::once(self.base).chain(self.others);
        let mut text = String::new();
        for currency in self.base.currencies() {
            let sums: Vec<Sum> = runs().map(|run| run.sum(currency)).collect();
            let mut rows = vec![self.heads(currency.code())];
            for (label, measure) in MONEY {
                if sums.iter().any(|sum| sum.get(*measure).is_some()) {
                    rows.push(figures(label, *measure, &sums, |minor| {
                        figure(Some(minor), *measure, currency)
                    }));
                }
                if *measure == Measure::Lowest {
                    rows.push(self.lows(&sums));
                }
            }
            text += &format!("{}\n", table(&rows));
        }
        let counts = runs().map(|run| Sum {
            counts: run.counts(),
            ..Sum::default()
        });
        let sums: Vec<Sum> = counts.collect();
        let mut rows = vec![self.heads("Instances")];
        rows.extend(
            COUNTS
                .iter()
                .map(|(label, measure)| figures(label, *measure, &sums, |count| count.to_string())),
        );
        text + &format!("{}\n", table(&rows))
    }

    fn heads(&self, what: &str) -> Vec<String> {
        let mut row = vec![what.to_owned(), visible(&self.base.name)];
        row.extend(
            self.others
                .iter()
                .flat_map(|run| [visible(&run.name), String::new()]),
        );
        row
    }

    /// The accounts and days of the lows.
    fn lows(&self, sums: &[Sum]) -> Vec<String> {
        let mut row = vec![String::new()];
        for (number, sum) in sums.iter().enumerate() {
            let low = sum.lowest.map(|low| {
                let account = visible(self.names.account_id(low.account));
                format!("{account} {}", low.date)
            });
            row.push(low.unwrap_or_default());
            // The base has no difference.
            row.extend((number > 0).then(String::new));
        }
        row
    }
}

/// A row of figures: the first sum is the base, the others have their difference behind them.
fn figures(
    label: &str,
    measure: Measure,
    sums: &[Sum],
    show: impl Fn(i64) -> String,
) -> Vec<String> {
    let mut row = vec![label.to_owned()];
    let base = sums.first().and_then(|sum| sum.get(measure));
    for (number, sum) in sums.iter().enumerate() {
        let own = sum.get(measure);
        row.push(own.map_or("?".to_owned(), &show));
        if number > 0 {
            let difference = own.zip(base).map(|(own, base)| match own - base {
                0 => "=".to_owned(),
                more if more > 0 => format!("+{}", show(more)),
                less => show(less),
            });
            row.push(difference.unwrap_or_default());
        }
    }
    row
}
