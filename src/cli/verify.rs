//! `renewcast verify`: prove a written result.
//!
//! Rule **what-is-proven** of docs/spec.

use std::path::PathBuf;

use clap::Args;

use super::changes::Changes;
use super::contents::{Contents, no_result};
use super::diagnostics::{counted, render, shown_path, visible};
use super::earlier::Earlier;
use super::print::say;
use super::{Failure, Outcome, folder};
use crate::model::money::grouped;
use crate::verify::{self, Inputs, Proof};

const EXAMPLES: &str = "\
Examples:
  renewcast verify reports/example
  renewcast verify reports/example --book data/example   writes every file anew and compares
  renewcast verify reports/december --book my-book --last reports/november

What is proven:
  without --book   no file has changed since it was written, and the rows of the ledger, balances, sums and the closing
                   book agree; charts and the monthly report stand on their hashes alone
  with --book      besides: the inputs are those of the run, and ledger, tables, closing book, charts, run.json and the
                   monthly report beside them are written anew from the book, the same byte for byte
Named as not replayed, and proven by neither: what other commands wrote, such as calendar/ or cash-plan/. Files of others
are listed, unless they have a name that a run writes: that is an error.

Exit codes: 0 proven; 1 something does not hold; 2 it cannot be read.";

/// So many foreign files are named.
const NAMED: usize = 10;

/// Prove a written result: no byte has changed, and its rows, balances, sums, terms and states hold together
///
/// A digest finds every change that happens to a file. It is no signature: who rewrites the files can rewrite the digest,
/// which only --book finds out.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder that a run wrote
    #[arg(value_name = "DIR")]
    result: PathBuf,
    /// The book that it is a result of: its files must not have changed, and their replay must write every file the same
    #[arg(long, value_name = "BOOK")]
    book: Option<PathBuf>,
    /// A change that the run was given by --set; `run.json` has its scenario, but of these only a hash
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "book")]
    set: Vec<String>,
    /// The earlier result that the report was compared with by --last; `report/report.json` has only the hash of its ledger
    #[arg(long, value_name = "DIR", requires = "book")]
    last: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let contents = Contents::list_folder(&arguments.result)?;
    if !contents.names.contains("run.json") && !contents.names.contains("ledger.csv") {
        return Err(no_result(&arguments.result));
    }
    let book = arguments.book.as_deref().map(|book| {
        let mut folder = folder::read_folder(book)?;
        Changes {
            scenario: None,
            set: arguments.set.clone(),
        }
        .apply(&mut folder)?;
        Ok((folder, book.display().to_string()))
    });
    let book = book.transpose()?;
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
    let mut lines = match proof.holds() {
        true => proven(proof, &result),
        false => vec![format!(
            "{}\n\n{result}: not proven",
            render(&proof.findings)
        )],
    };
    if !contents.of_commands.is_empty() {
        let folders: Vec<&str> = contents.of_commands.iter().map(String::as_str).collect();
        lines.push(format!(
            "  not replayed: {}, which other commands wrote",
            folders.join(", ")
        ));
    }
    let foreign: Vec<&String> = proof.foreign.iter().chain(&contents.foreign).collect();
    if !foreign.is_empty() {
        let mut named: Vec<String> = foreign
            .iter()
            .take(NAMED)
            .map(|name| visible(name))
            .collect();
        let more = foreign.len() - named.len();
        named.extend((more > 0).then(|| format!("and {more} more")));
        lines.push(format!(
            "  not of this result, and not looked at: {}",
            named.join(", ")
        ));
    }
    lines.join("\n")
}

fn proven(proof: &Proof, result: &str) -> Vec<String> {
    let (rows, accounts) = (
        grouped(&proof.rows.to_string()),
        counted(proof.accounts, "account"),
    );
    let files = counted(proof.files, "file");
    let mut lines = vec![
        format!("{result}: proven"),
        format!("  {files} unchanged since the run wrote them"),
        format!("  {rows} rows, {accounts}, {}:", counted(proof.instances, "instance")),
        "  order, arithmetic, balances, monthly sums, terms, states and the closing book hold together".to_owned(),
    ];
    match proof.inputs {
        Some(inputs) => {
            lines.push(format!(
                "  {} unchanged since the run read them;",
                counted(inputs, "input")
            ));
            lines.push(format!(
                "  a replay of them writes all {files} anew, the same byte for byte"
            ));
        }
        None => {
            let by_hash = match (proof.has_charts, proof.has_report) {
                (true, true) => Some("charts and report are proven by their hashes alone"),
                (true, false) => Some("charts are proven by their hashes alone"),
                (false, true) => Some("the report is proven by its hashes alone"),
                (false, false) => None,
            };
            lines.extend(by_hash.map(|by_hash| format!("  not replayed: {by_hash}")));
            lines.push(format!(
                "  the inputs were not looked at: renewcast verify {result} --book BOOK"
            ));
        }
    }
    lines
}
