//! `renewcast run`: replay a book, write its reports, print the answer.

use std::path::{Path, PathBuf};

use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};

use super::diagnostics::counted;
use super::folder::{Loaded, load, name_of};
use super::progress::Progress;
use super::say::{say, warn};
use super::{Failure, Outcome, answer, output};
use crate::book::Book;
use crate::diagnostic::{Code, Diagnostics};
use crate::engine::{self, Refusal, Replay};
use crate::report::chart::Format;
use crate::report::frame::Facts;
use crate::report::hash::hash;
use crate::report::{closing, csv, monthly, pictures, run_json};
use crate::selector::Column;
use crate::source;
use crate::summary::Summary;

const EXAMPLES: &str = "\
Examples:
  renewcast run data/example
  renewcast run my-book --out forecast --by tag:team
  renewcast run my-book --scenario yearly --no-charts
  renewcast run my-book --fail-on terminated   exit code 1 if anything is lost for good";

/// Replay a book and write ledger, balances, monthly table, closing book and charts
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder of the book
    book: PathBuf,
    /// Write into this folder [default: reports/<book>[/<scenario>]]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Apply scenarios/NAME.toml of the book
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    /// Group spend by this column of instances.csv, such as product, region or tag:team
    #[arg(long, value_name = "COLUMN", default_value = "product")]
    by: String,
    /// Draw no charts
    #[arg(long)]
    no_charts: bool,
    /// Replay accounts on so many threads, at most 512 [default: one per processor]
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
    let loaded = load(&arguments.book, arguments.scenario.as_deref())?;
    let column = column(&loaded.book, &arguments.by)?;
    let replay = replay(&loaded, arguments.scenario.as_deref(), arguments.threads)?;
    let summary = Summary::of(&loaded.book, &replay);
    let files = files(&loaded, &replay, &summary, (arguments, column))?;
    let out = arguments.out.clone().unwrap_or_else(|| default_out(&arguments.book, arguments.scenario.as_deref()));
    output::write(&out, &files, &["charts"])?;
    say(answer::render(&loaded.book, &summary))?;
    say(answer::files(&out, &files, replay.ledger.entries.len()))?;
    if loaded.warnings.warnings() > 0 {
        let count = counted(loaded.warnings.warnings(), "warning");
        warn(format!("{count} in the input; `renewcast check {}` shows them", arguments.book.display()));
    }
    Ok(if arguments.fail_on.iter().any(|alert| alert.is_raised(&summary)) { Outcome::Found } else { Outcome::Done })
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

fn column(book: &Book, name: &str) -> Result<Column, Failure> {
    let named = Column::NAMED.iter().find(|(known, _)| *known == name).map(|(_, column)| *column);
    let tag = || {
        let key = name.strip_prefix("tag:")?;
        book.tag_keys.iter().position(|known| **known == *key).map(Column::Tag)
    };
    named.or_else(tag).ok_or_else(|| {
        let tags = book.tag_keys.iter().map(|key| format!("tag:{key}"));
        let known: Vec<String> = Column::NAMED.iter().map(|(name, _)| (*name).to_owned()).chain(tags).collect();
        Failure::new(format!("there is no column `{name}`"), format!("--by takes one of {}", known.join(", ")))
    })
}

/// Replays with a progress bar; a refusal becomes a diagnostic at the action's line.
pub(super) fn replay(loaded: &Loaded, scenario: Option<&str>, threads: Option<usize>) -> Result<Replay, Failure> {
    let book = &loaded.book;
    let progress = Progress::new(book.days);
    let result = match threads {
        None => engine::replay_observed(book, &|day| progress.reach(day)),
        Some(threads) => {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let pool = pool.map_err(|error| Failure::new(format!("cannot start threads: {error}"), "ask for fewer"))?;
            pool.install(|| engine::replay(book))
        }
    };
    progress.finish();
    result.map_err(|refusal| refused(loaded, scenario, refusal))
}

fn refused(loaded: &Loaded, scenario: Option<&str>, refusal: Refusal) -> Failure {
    let Refusal::PriceMissing { action, instance, date, kind } = refusal;
    let mut diagnostics = Diagnostics::default();
    let (id, column) = (&loaded.book.instance(instance).id, kind.column());
    let message = format!("on {date} this action needs the `{column}` of `{id}`, which has none");
    let help = format!("fill in `{column}` in `instances.csv`, or add it to `prices.csv`");
    let place = source::place_of_action(&loaded.folder, scenario, action);
    diagnostics.push(Code::MissingPrice, place, message, help);
    Failure::Input(diagnostics)
}

fn files(
    loaded: &Loaded,
    replay: &Replay,
    summary: &Summary,
    (arguments, column): (&Arguments, Column),
) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let Loaded { folder, book, .. } = loaded;
    let facts = Facts::of(book, &replay.ledger);
    let spend = monthly::spend(&facts.by_column(column));
    let mut files = vec![
        ("ledger.csv".to_owned(), csv::ledger(book, &replay.ledger)),
        ("balances.csv".to_owned(), csv::balances(book, &replay.ledger)),
        ("monthly.csv".to_owned(), monthly::monthly(book, &facts)),
        ("spend.csv".to_owned(), monthly::spend_csv(&arguments.by, &spend)),
    ];
    files.extend(closing::files(&replay.closing).into_iter().map(|(name, bytes)| (format!("closing/{name}"), bytes)));
    if !arguments.no_charts {
        for picture in pictures::of_run(book, replay, summary, &arguments.by, &spend) {
            for (format, ending) in [(Format::Svg, "svg"), (Format::Png, "png")] {
                let bytes = picture.draw(format).map_err(|error| Failure::new(error.to_string(), "use --no-charts"))?;
                files.push((format!("charts/{}.{ending}", picture.name), bytes));
            }
        }
    }
    let outputs = files.iter().map(|(name, bytes)| (name.clone(), hash(bytes))).collect();
    let run = run_json::run_json(folder, arguments.scenario.as_deref(), book, &replay.ledger, &outputs);
    files.push(("run.json".to_owned(), run));
    Ok(files)
}

fn default_out(book: &Path, scenario: Option<&str>) -> PathBuf {
    let reports = Path::new("reports").join(name_of(book));
    scenario.map_or(reports.clone(), |scenario| reports.join(scenario))
}
