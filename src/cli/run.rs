//! `renewcast run`: replay a book, write its reports, print the answer.

use std::path::{Path, PathBuf};

use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};

use super::changes::Changes;
use super::diagnostics::{counted, shown_path, visible};
use super::folder::{load, name_of};
use super::output::OutputTarget;
use super::print::{say, warn};
use super::results::{self, RunRequest};
use super::{Failure, Outcome, answer};
use crate::model::book::Book;

use crate::model::selector::Column;

use crate::analysis::summary::Summary;

const EXAMPLES: &str = "\
Examples:
  renewcast run data/example
  renewcast run my-book --out forecast --by tag:team
  renewcast run my-book --scenario yearly --no-charts
  renewcast run my-book --set \"renew_months=12 where region = 'eu'\" --set book.to=2028-12-31
  renewcast run my-book --fail-on terminated   exit code 1 if anything is lost for good";

/// Replay a book and write ledger, balances, monthly table, closing book and charts
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder of the book
    book: PathBuf,
    /// Write into this folder [default: reports/<book>[/<scenario>][-set]]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write into a folder that holds other files; none of them is touched
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    changes: Changes,
    /// Group spend by this column of instances.csv, such as product, region or tag:team
    #[arg(long, value_name = "COLUMN", default_value = "product")]
    by: String,
    /// Draw no charts
    #[arg(long)]
    no_charts: bool,
    /// Work on so many threads, at most 512 [default: one per processor]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=512))]
    threads: Option<usize>,
    /// Exit with code 1 if the run holds any of these
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',')]
    fail_on: Vec<Alert>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Alert {
    /// A renewal that could not be paid
    Failed,
    /// An instance that went to the recycle bin or stopped in arrears
    Reclaimed,
    /// An instance that is gone because nobody paid in time
    Terminated,
    /// An action or purchase that was rejected
    Rejected,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let Some(threads) = arguments.threads else {
        return read_and_write(arguments);
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool
        .map_err(|error| Failure::new(format!("cannot start threads: {error}"), "ask for fewer"))?;
    pool.install(|| read_and_write(arguments))
}

fn read_and_write(arguments: &Arguments) -> Result<Outcome, Failure> {
    let scenario = arguments.changes.scenario();
    let out = arguments
        .out
        .clone()
        .unwrap_or_else(|| default_out(&arguments.book, &arguments.changes));
    let target = OutputTarget::of_result((&out, arguments.force), "run.json")?;
    let loaded = load(&arguments.book, &arguments.changes)?;
    let asked = RunRequest {
        column: column(&loaded.book, &arguments.by)?,
        by: &arguments.by,
        charts: !arguments.no_charts,
    };
    let warnings = loaded.warnings.warnings();
    let results = results::write_results(loaded, scenario, &asked, &target)?;
    let summary = results.summary;
    say(results.answer)?;
    say(answer::files(&out, results.charts, summary.rows()))?;
    if warnings > 0 {
        let count = counted(warnings, "warning");
        let (book, changes) = (
            shown_path(&arguments.book),
            visible(&arguments.changes.typed()),
        );
        warn(format!(
            "{count} in the input; `renewcast check {book}{changes}` shows them"
        ));
    }
    Ok(
        if arguments
            .fail_on
            .iter()
            .any(|alert| alert.is_raised(&summary))
        {
            Outcome::Found
        } else {
            Outcome::Done
        },
    )
}

impl Alert {
    fn is_raised(self, summary: &Summary) -> bool {
        match self {
            Self::Failed => !summary.failures.is_empty(),
            Self::Reclaimed => !summary.losses.is_empty(),
            Self::Terminated => summary.terminated().next().is_some(),
            Self::Rejected => summary.rejected > 0,
        }
    }
}

pub(super) fn column(book: &Book, name: &str) -> Result<Column, Failure> {
    book.column(name).ok_or_else(|| {
        let tags = book.tag_keys.iter().map(|key| format!("tag:{key}"));
        let known: Vec<String> = Column::NAMED
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .chain(tags)
            .collect();
        Failure::new(
            format!("there is no column `{name}`"),
            format!("--by takes one of {}", known.join(", ")),
        )
    })
}

pub(super) fn default_out(book: &Path, changes: &Changes) -> PathBuf {
    let reports = Path::new("reports").join(name_of(book));
    changes
        .folder()
        .map_or(reports.clone(), |folder| reports.join(folder))
}
