//! The command line: one verb per file. The only code that prints, touches files or reads the environment.

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

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::input::diagnostic::Diagnostics;
use crate::input::shown;
use print::{say_own, warn};

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
        Self::Other {
            message: message.into(),
            help: help.into(),
        }
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
                .map_or_else(String::new, |first| first.message.clone()),
            Self::Other { message, .. } => message,
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  renewcast run data/example                  replay a book, see the answer, write its reports
  renewcast check my-book                     every problem of a book at once
  renewcast explain data/example shop-web-1   the story of one instance
  renewcast compare my-book yearly in-time    what scenarios change, in money and in lost instances
  renewcast plan data/example                 how much money, and by when, so that nothing fails
  renewcast report my-book --month 2026-12    a month as a page, a workbook and tables
  renewcast terms data/example                by how many months to renew, and what that saves
  renewcast calendar my-book --by tag:team    the dates to act on, for a calendar
  renewcast sweep my-book sweep.toml          hundreds of combinations: which is cheapest without losses?
  renewcast diff reports/last reports/now     two written results, event by event
  renewcast import tencent *.json --out book  a book from what the cloud's tools print
  renewcast generate --instances 1000 --out try
  renewcast verify reports/my-book            prove a written result
  renewcast profiles                          the built-in life-cycle rules
  renewcast licenses                          the licences of the program and of what is in it

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
    /// Print the licences of the program and of what it is built from
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

/// The arguments of the command line. Whoever made a mistake is told, with every character of the arguments to be seen, and
/// the program ends; so it does after `--help`.
pub fn arguments() -> Arguments {
    let given: Vec<OsString> = std::env::args_os().collect();
    Arguments::try_parse_from(&given).unwrap_or_else(|error| {
        let shown = given
            .iter()
            .map(|text| shown::Shown::visible(&text.to_string_lossy()).into_string());
        Arguments::try_parse_from(shown)
            .err()
            .unwrap_or(error)
            .exit()
    })
}

/// Carries out what the arguments ask for.
pub fn run(arguments: Arguments) -> Outcome {
    interrupt::outlive_large_files();
    let result = match arguments.verb {
        VerbArguments::Run(arguments) => run::run(&arguments),
        VerbArguments::Check(arguments) => check::run(&arguments),
        VerbArguments::Explain(arguments) => explain::run(&arguments),
        VerbArguments::Compare(arguments) => compare::run(&arguments),
        VerbArguments::Plan(arguments) => plan::run(&arguments),
        VerbArguments::Report(arguments) => report::run(&arguments),
        VerbArguments::Terms(arguments) => terms::run(&arguments),
        VerbArguments::Calendar(arguments) => calendar::run(&arguments),
        VerbArguments::Sweep(arguments) => sweep::run(&arguments),
        VerbArguments::Diff(arguments) => diff::run(&arguments),
        VerbArguments::Import(arguments) => import::run(&arguments),
        VerbArguments::Generate(arguments) => generate::run(&arguments),
        VerbArguments::Verify(arguments) => verify::run(&arguments),
        VerbArguments::Profiles(arguments) => profiles::run(&arguments),
        VerbArguments::Licenses => licenses::run(),
        VerbArguments::Completions { shell } => {
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
