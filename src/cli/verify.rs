//! `renewcast verify`: prove a written result.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;

use super::changes::Changes;
use super::diagnostics::{counted, render, shown_path};
use super::output::Kept;
use super::say::say;
use super::{Failure, Outcome, folder};
use crate::money::grouped;
use crate::verify::{self, Inputs, Proof, Written};

const EXAMPLES: &str = "\
Examples:
  renewcast verify reports/example
  renewcast verify reports/example --book data/example   replays the inputs too

Exit codes: 0 proven; 1 something does not hold; 2 it cannot be read.";

/// The folders of a result; others inside it, such as those of scenarios, are results of their own.
const INNER: &[&str] = &["closing", "charts", "report"];
/// The folder of scenarios in one of them.
const SCENARIOS: &str = "closing/scenarios";

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
    /// The book that it is a result of: its files must not have changed, and their replay must write the same
    #[arg(long, value_name = "BOOK")]
    book: Option<PathBuf>,
    /// A change that the run was given by --set; `run.json` has its scenario, but of these only a hash
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "book")]
    set: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let folder = &arguments.result;
    let _kept = Kept::folder(folder);
    let names = names(folder)?;
    if !names.contains("run.json") && !names.contains("ledger.csv") {
        let message = format!("there is no result in `{}`", folder.display());
        return Err(Failure::new(message, "name a folder that `renewcast run` wrote; `reports/example` is one"));
    }
    let open = |name: &str| open(folder, name);
    let book = arguments.book.as_deref().map(|book| {
        let mut folder = folder::read(book)?;
        Changes { scenario: None, set: arguments.set.clone() }.apply(&mut folder)?;
        Ok((folder, book.display().to_string()))
    });
    let book = book.transpose()?;
    let inputs = book.as_ref().map(|(folder, shown_as)| Inputs { folder, shown_as: shown_as.trim_end_matches('/') });
    let proof = verify::verify(&Written { names, open: &open }, inputs.as_ref());
    say(answer(&proof, arguments))?;
    Ok(match proof.holds() {
        true => Outcome::Done,
        false if proof.is_unreadable() => Outcome::Refused,
        false => Outcome::Found,
    })
}

fn open(folder: &Path, name: &str) -> io::Result<Box<dyn Read>> {
    let path = folder.join(name);
    folder::plain_file(&path)?;
    Ok(Box::new(fs::File::open(path)?))
}

/// The files of a result that is proven.
pub(super) fn proven(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let _kept = Kept::folder(folder);
    let names = names(folder)?;
    if !names.contains("run.json") {
        let message = format!("there is no result in `{}`", folder.display());
        return Err(Failure::new(message, "name a folder that `renewcast run` wrote; `reports/example` is one"));
    }
    let files = names.clone();
    let open = |name: &str| open(folder, name);
    let proof = verify::verify(&Written { names, open: &open }, None);
    if !proof.holds() {
        return Err(Failure::Input(proof.findings));
    }
    files.into_iter().map(|name| folder::file(&folder.join(&name)).map(|bytes| (name, bytes))).collect()
}

/// The names of the files of a result: those at its top, and those in its own folders.
fn names(folder: &Path) -> Result<BTreeSet<String>, Failure> {
    if !folder.is_dir() {
        let message = format!("there is no folder `{}`", folder.display());
        return Err(Failure::new(message, "name a folder that `renewcast run` wrote; `reports/example` is one"));
    }
    let mut names = BTreeSet::new();
    for (name, is_folder) in entries(folder)? {
        if !is_folder {
            names.insert(name);
        } else if INNER.contains(&name.as_str()) {
            for (inner, is_folder) in entries(&folder.join(&name))? {
                let name = format!("{name}/{inner}");
                if is_folder && name == SCENARIOS {
                    let scenarios = entries(&folder.join(&name))?;
                    names.extend(scenarios.into_iter().map(|(scenario, _)| format!("{name}/{scenario}")));
                } else {
                    names.insert(name);
                }
            }
        }
    }
    Ok(names)
}

fn entries(folder: &Path) -> Result<Vec<(String, bool)>, Failure> {
    let entry = |entry: io::Result<fs::DirEntry>| {
        let entry = entry?;
        Ok((entry.file_name().to_string_lossy().into_owned(), entry.path().is_dir()))
    };
    fs::read_dir(folder).and_then(|entries| entries.map(entry).collect()).map_err(|error: io::Error| {
        let message = format!("cannot read `{}`: {error}", folder.display());
        Failure::new(message, "check that you may read the folder")
    })
}

fn answer(proof: &Proof, arguments: &Arguments) -> String {
    let result = shown_path(&arguments.result);
    if !proof.holds() {
        return format!("{}\n\n{result}: not proven", render(&proof.findings));
    }
    let (rows, accounts) = (grouped(&proof.rows.to_string()), counted(proof.accounts, "account"));
    let mut lines = vec![
        format!("{result}: proven"),
        format!("  {} unchanged since the run wrote them", counted(proof.files, "file")),
        format!("  {rows} rows, {accounts}, {}:", counted(proof.instances, "instance")),
        "  order, arithmetic, balances, monthly sums, terms, states and the closing book hold together".to_owned(),
    ];
    lines.push(match proof.inputs {
        Some(inputs) => {
            format!(
                "  {} unchanged since the run read them; a replay writes the same, byte by byte",
                counted(inputs, "input")
            )
        }
        None => format!("  the inputs were not looked at: renewcast verify {result} --book BOOK"),
    });
    lines.join("\n")
}
