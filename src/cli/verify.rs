//! `renewcast verify`: prove a written result.
//!
//! Rule **what-is-proven** of docs/spec.

use std::path::PathBuf;

use clap::Args;

use super::changes::apply_set;
use super::contents::{Contents, no_result};
use super::diagnostics::render;
use super::earlier::Earlier;
use super::print::say;
use super::words::{counted, first_of, shown_path, visible};
use super::{Failure, Outcome, folder};
use crate::model::money::grouped;
use crate::verify::{self, Inputs, Proof};

const EXAMPLES: &str = "\
Examples:
  renewcast verify reports/example
  renewcast verify reports/example --book data/example   also replays the book and compares every file
  renewcast verify reports/december --book my-book --last reports/november

What is proven:
  without --book   no file has changed since it was written, and the rows of the ledger, balances, sums and the closing
                   book agree; for charts and the monthly report only the hashes are checked
  with --book      also that the inputs are those of the run, and that a replay writes ledger, tables, closing book,
                   charts, run.json and the monthly report again, byte for byte
What other commands wrote, such as calendar/ or cash-plan/, is named as not replayed, and proven by neither. Foreign files
are listed; one with a name that a run writes is an error.

Exit codes: 0 proven; 1 something does not hold; 2 it cannot be read.";

/// The most foreign files that are named.
const MAX_FOREIGN: usize = 10;

/// Prove a written result: no byte has changed, and its rows, balances, sums, terms and states hold together
///
/// The digest detects accidental change; it is not a signature. Only --book finds files that were rewritten together with
/// their digest.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder that a run wrote
    #[arg(value_name = "DIR")]
    result: PathBuf,
    /// The book of the result: its files must be unchanged, and a replay must write every file again, byte for byte
    #[arg(long, value_name = "BOOK")]
    book: Option<PathBuf>,
    /// A change that the run was given by --set; `run.json` has only its hash
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "book")]
    set: Vec<String>,
    /// The earlier result that the report was compared with by --last
    #[arg(long, value_name = "DIR", requires = "book")]
    last: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let contents = Contents::list_folder(&arguments.result)?;
    if !contents.names.contains("run.json") && !contents.names.contains("ledger.csv") {
        return Err(no_result(&arguments.result));
    }
    let book = match &arguments.book {
        Some(book) => {
            let mut folder = folder::read_folder(book)?;
            apply_set(&arguments.set, &mut folder)?;
            Some((folder, book.display().to_string()))
        }
        None => None,
    };
    let earlier = arguments
        .last
        .as_deref()
        .map(Earlier::open_earlier)
        .transpose()?;
    let read_last = earlier.as_ref().map(|earlier| {
        |period: &_| {
            earlier
                .read_earlier(period)
                .map_err(|failure| failure.in_short())
        }
    });
    let inputs = book.as_ref().map(|(folder, shown_as)| Inputs {
        folder,
        shown_as: shown_as.trim_end_matches('/'),
        last: read_last.as_ref().map(|read| read as &verify::Earlier<'_>),
    });
    let proof = contents.verify(inputs.as_ref());
    say(answer(&proof, &contents, arguments))?;
    Ok(match proof.holds() {
        true => Outcome::Done,
        false if proof.is_unreadable() => Outcome::Refused,
        false => Outcome::Found,
    })
}

fn answer(proof: &Proof, contents: &Contents<'_>, arguments: &Arguments) -> String {
    let result = shown_path(&arguments.result);
    let mut text = match proof.holds() {
        true => proven(proof, &result),
        false => format!("{}\n\n{result}: not proven", render(&proof.violations)),
    };
    if !contents.of_commands.is_empty() {
        let folders: Vec<&str> = contents.of_commands.iter().map(String::as_str).collect();
        let folders = folders.join(", ");
        text += &format!("\n  not replayed: {folders}, which other commands wrote");
    }
    let foreign: Vec<&String> = proof.foreign.iter().chain(&contents.foreign).collect();
    if !foreign.is_empty() {
        let named = first_of(foreign.into_iter().map(|name| visible(name)), MAX_FOREIGN);
        text += &format!("\n  foreign, and not looked at: {named}");
    }
    text
}

fn proven(proof: &Proof, result: &str) -> String {
    let rows = grouped(&proof.rows.to_string());
    let accounts = counted(proof.accounts, "account");
    let instances = counted(proof.instances, "instance");
    let files = counted(proof.files, "file");
    let text = format!(
        "{result}: proven
  {files} unchanged since the run wrote them
  {rows} rows, {accounts}, {instances}:
  order, arithmetic, balances, monthly sums, terms, states and the closing book agree"
    );
    if let Some(inputs) = proof.inputs {
        let inputs = counted(inputs, "input");
        return format!(
            "{text}
  {inputs} unchanged since the run read them;
  a replay of them writes all {files} again, byte for byte"
        );
    }
    let by_hash = match (proof.has_charts, proof.has_report) {
        (true, true) => "\n  not replayed: charts and report are proven by their hashes alone",
        (true, false) => "\n  not replayed: charts are proven by their hashes alone",
        (false, true) => "\n  not replayed: the report is proven by its hashes alone",
        (false, false) => "",
    };
    format!(
        "{text}{by_hash}\n  the inputs were not looked at: renewcast verify {result} --book BOOK"
    )
}
