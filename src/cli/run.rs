//! `renewcast run`: replays a book, writes its reports, prints the answer.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};

use super::answer::written_files;
use super::changes::Changes;
use super::folder::{load, results_folder};
use super::output::OutputArguments;
use super::print::{say, warn};
use super::results::{self, RunRequest};
use super::words::{counted, files_in, shown_path, visible};
use super::{Failure, Outcome};
use crate::analysis::summary::Summary;
use crate::model::book::Book;
use crate::model::selector::Column;

const OUT: &str = "Write into this folder [default: reports/<book>[/<scenario>][-set]]";
const EXAMPLES: &str = "\
Examples:
  renewcast run data/example
  renewcast run my-book --out forecast --by tag:team
  renewcast run my-book --scenario yearly --no-charts
  renewcast run my-book --set \"renew_months=12 where region = 'eu'\" --set book.to=2028-12-31
  renewcast run my-book --fail-on terminated   exit code 1 if anything is lost for good";

/// Replay a book and write ledger, balances, monthly table, closing book and charts
#[derive(Args)]
#[command(after_help = EXAMPLES, mut_arg("out", |out| out.help(OUT)))]
pub(super) struct Arguments {
    /// The folder of the book
    book: PathBuf,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    changes: Changes,
    /// Group spend by this column of instances.csv, such as product, region or tag:team
    #[arg(long, value_name = "COLUMN", default_value = "product")]
    by: String,
    /// Draw no charts
    #[arg(long)]
    no_charts: bool,
    /// Number of threads, at most 512 [default: one per processor]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=512))]
    threads: Option<usize>,
    /// Exit with code 1 if any of these happens in the run
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',')]
    fail_on: Vec<Alert>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Alert {
    /// A renewal that could not be paid
    Failed,
    /// An instance that went to the recycle bin or stopped in arrears
    Reclaimed,
    /// An instance that was terminated because nobody paid in time
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
    let default = results_folder(&arguments.book, &arguments.changes);
    let target = arguments.output.target(default, "run.json")?;
    let loaded = load(&arguments.book, &arguments.changes)?;
    let request = RunRequest {
        column: inventory_column(&loaded.book, &arguments.by)?,
        by: &arguments.by,
        charts: !arguments.no_charts,
    };
    let warnings = loaded.warnings.warnings();
    let results = results::write_results(loaded, &request, &target)?;
    let summary = results.summary;
    say(results.answer)?;
    say(files_in(
        &target.out,
        &[written_files(results.charts, summary.rows())],
    ))?;
    if warnings > 0 {
        let count = counted(warnings, "warning");
        let book = shown_path(&arguments.book);
        let changes = visible(&arguments.changes.typed());
        warn(format!(
            "{count} in the input; `renewcast check {book}{changes}` shows them"
        ));
    }
    Ok(Outcome::found_if(
        arguments
            .fail_on
            .iter()
            .any(|alert| alert.is_raised(&summary)),
    ))
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

/// The column of the inventory with this name.
pub(super) fn inventory_column(book: &Book, name: &str) -> Result<Column, Failure> {
    book.column(name).ok_or_else(|| {
        let named = Column::NAMED.iter().map(|(name, _)| (*name).to_owned());
        let tags = book.tag_keys.iter().map(|key| format!("tag:{key}"));
        let known: Vec<String> = named.chain(tags).collect();
        let help = format!("--by takes one of {}", known.join(", "));
        Failure::new(format!("there is no column `{name}`"), help)
    })
}
