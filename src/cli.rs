//! The command line: one verb per file. The only code that prints, touches files, or reads environment and clock; it decides
//! nothing about renewals.

mod amount;
mod answer;
mod batch;
mod calendar;
mod changes;
mod check;
mod compare;
mod contents;
mod diagnostics;
mod diff;
mod earlier;
mod explain;
mod folder;
mod generate;
mod import;
mod ink;
mod interrupt;
mod licenses;
mod lost;
mod output;
mod plan;
mod print;
mod profiles;
mod progress;
mod report;
mod results;
mod rules;
mod run;
mod sweep;
mod table;
mod terms;
mod verify;
mod words;

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::input::diagnostic::Diagnostics;
use print::{say_own, warn};
use words::visible;

/// What a run of the program came to; its exit codes are stable.
/// Rule **exit-codes**.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done: exit code 0.
    Done,
    /// Done, and `check`, `verify`, `plan` or an alert option found something: exit code 1.
    Found,
    /// The input or the command line is wrong, and nothing was written: exit code 2.
    Refused,
    /// Interrupted, and what was done until then is written: exit code 130.
    Interrupted,
}

impl Outcome {
    fn found_if(is_found: bool) -> Self {
        if is_found { Self::Found } else { Self::Done }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Done => 0,
            Outcome::Found => 1,
            Outcome::Refused => 2,
            Outcome::Interrupted => 130,
        })
    }
}

/// Why a verb could not be carried out.
#[derive(Debug)]
enum Failure {
    /// Problems of the input.
    Input(Diagnostics),
    /// Anything else, with what to do about it.
    Other { message: String, help: String },
}

impl Failure {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        let (message, help) = (message.into(), help.into());
        Self::Other { message, help }
    }

    /// A file or folder cannot be read.
    fn unreadable(path: &Path, error: &io::Error) -> Self {
        let message = format!("cannot read `{}`: {error}", path.display());
        Self::new(message, "check that you may read the folder")
    }

    /// The failure as it is printed.
    fn render(&self) -> String {
        match self {
            Self::Input(problems) => diagnostics::render(problems),
            Self::Other { message, help } => diagnostics::plain(message, help),
        }
    }

    /// What went wrong, in one line.
    fn in_short(self) -> String {
        match self {
            Self::Input(problems) => problems
                .iter()
                .next()
                .map(|first| first.message.clone())
                .unwrap_or_default(),
            Self::Other { message, .. } => message,
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  renewcast run data/example                  replay a book, print the answer, write its reports
  renewcast check my-book                     show every problem of a book at once
  renewcast explain data/example shop-web-1   tell the story of one instance
  renewcast compare my-book yearly in-time    what scenarios change, in money and in lost instances
  renewcast plan data/example                 how much money is needed, and by when
  renewcast report my-book --month 2026-12    a monthly report: page, workbook, tables
  renewcast terms data/example                by how many months to renew, and what that saves
  renewcast calendar my-book --by tag:team    the dates to act on, as calendar files
  renewcast sweep my-book sweep.toml          hundreds of combinations: which is cheapest without losses?
  renewcast diff reports/last reports/now     two written results, event by event
  renewcast import tencent *.json --out book  a book from the responses of the cloud's own tools
  renewcast generate --instances 1000 --out try
  renewcast verify reports/my-book            prove a written result
  renewcast profiles                          the built-in life-cycle rules
  renewcast licenses                          the licences of the program and its libraries

Exit codes: 0 done; 1 done, and `check`, `verify`, `plan`, `diff`, `sweep`, `terms` or --fail-on found something; 2 the input
or the command line is wrong; 130 a sweep was interrupted, and what was done is written.";

/// What will rented cloud instances cost, when, and which will be lost? Replays renewals day by day, offline.
#[derive(Parser)]
#[command(name = "renewcast", version, after_help = EXAMPLES, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    verb: VerbArguments,
}

#[derive(Subcommand)]
enum VerbArguments {
    Run(run::Arguments),
    Check(check::Arguments),
    Explain(explain::Arguments),
    Compare(compare::Arguments),
    Plan(plan::Arguments),
    Report(report::Arguments),
    Terms(terms::Arguments),
    Calendar(calendar::Arguments),
    Sweep(sweep::Arguments),
    Diff(diff::Arguments),
    Import(import::Arguments),
    Generate(generate::Arguments),
    Verify(verify::Arguments),
    Profiles(profiles::Arguments),
    /// Print the licences of the program and its libraries
    Licenses,
    /// Print completions for a shell
    #[command(
        after_help = "Examples:\n  renewcast completions bash > ~/.local/share/bash-completion/completions/renewcast"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// The arguments of the command line. After a mistake or `--help` the program ends; the message shows every character of the
/// arguments, invisible ones too.
pub fn arguments() -> Arguments {
    let given: Vec<OsString> = std::env::args_os().collect();
    Arguments::try_parse_from(&given).unwrap_or_else(|error| {
        let shown = given.iter().map(|text| visible(&text.to_string_lossy()));
        Arguments::try_parse_from(shown)
            .err()
            .unwrap_or(error)
            .exit()
    })
}

/// Carries out what the arguments ask for.
pub fn run(arguments: Arguments) -> Outcome {
    use VerbArguments as Verb;
    interrupt::outlive_large_files();
    let result = match arguments.verb {
        Verb::Run(arguments) => run::run(&arguments),
        Verb::Check(arguments) => check::run(&arguments),
        Verb::Explain(arguments) => explain::run(&arguments),
        Verb::Compare(arguments) => compare::run(&arguments),
        Verb::Plan(arguments) => plan::run(&arguments),
        Verb::Report(arguments) => report::run(&arguments),
        Verb::Terms(arguments) => terms::run(&arguments),
        Verb::Calendar(arguments) => calendar::run(&arguments),
        Verb::Sweep(arguments) => sweep::run(&arguments),
        Verb::Diff(arguments) => diff::run(&arguments),
        Verb::Import(arguments) => import::run(&arguments),
        Verb::Generate(arguments) => generate::run(&arguments),
        Verb::Verify(arguments) => verify::run(&arguments),
        Verb::Profiles(arguments) => profiles::run(&arguments),
        Verb::Licenses => licenses::run(),
        Verb::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "renewcast", &mut script);
            say_own(String::from_utf8_lossy(&script).trim_end()).map(|()| Outcome::Done)
        }
    };
    result.unwrap_or_else(|failure| {
        warn(failure.render());
        Outcome::Refused
    })
}
