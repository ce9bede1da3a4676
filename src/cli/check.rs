//! `renewcast check`: every problem of a book at once. It writes nothing.

use std::path::PathBuf;

use clap::Args;

use super::changes::Changes;
use super::diagnostics::render;
use super::folder::{self, report_notes, report_refusal};
use super::print::say;
use super::words::{counted, visible};
use super::{Failure, Outcome};
use crate::{engine, input};

const EXAMPLES: &str = "\
Examples:
  renewcast check my-book
  renewcast check my-book --scenario yearly

Exit codes: 0 nothing found; 1 warnings only; 2 errors.";

/// Show every problem of a book, with its place and what to type instead; writes nothing
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder of the book
    book: PathBuf,
    #[command(flatten)]
    changes: Changes,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let mut folder = folder::read_folder(&arguments.book)?;
    arguments.changes.apply(&mut folder)?;
    let scenario = arguments.changes.scenario();
    let (book, mut problems) = input::check_book(&folder, scenario);
    let Some(book) = book else {
        return Err(Failure::Input(problems));
    };
    if let Some(refusal) = engine::stopped_by(&book) {
        report_refusal(&folder, scenario, &book, refusal, &mut problems);
        return Err(Failure::Input(problems));
    }
    report_notes(&problems);
    if problems.warnings() > 0 {
        say(render(&problems))?;
        return Ok(Outcome::Found);
    }
    let accounts = counted(book.accounts.len(), "account");
    let instances = counted(book.instances.len(), "instance");
    let actions = counted(book.actions.len(), "action");
    let name = visible(&book.name);
    say(format!(
        "{name}: {accounts}, {instances}, {actions}: no problems"
    ))?;
    Ok(Outcome::Done)
}
