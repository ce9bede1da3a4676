//! `renewcast verify`: prove a written result.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;

use super::changes::Changes;
use super::diagnostics::{counted, render, shown_path, visible};
use super::earlier::Earlier;
use super::output::Kept;
use super::progress::Reading;
use super::say::say;
use super::{Failure, Outcome, folder};
use crate::money::grouped;
use crate::report::hash::hash;
use crate::report::listing::{LISTINGS, listings, verb};
use crate::report::report_json::RECORD;
use crate::report::run_json::Hashes;
use crate::verify::{self, Inputs, Proof, Written};

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

/// What lists the files of a run.
const RUN: &str = "run.json";
/// The folders of a result.
const INNER: &[&str] = &["closing", "charts", "report"];
/// The folder of scenarios in one of them.
const SCENARIOS: &str = "closing/scenarios";
/// What file managers leave, and people keep beside results.
const UNNAMED: &[&str] = &[".DS_Store", "Thumbs.db", "desktop.ini", "vintages"];
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
    let contents = Contents::of(&arguments.result)?;
    if !contents.names.contains("run.json") && !contents.names.contains("ledger.csv") {
        return Err(no_result(&arguments.result));
    }
    let book = arguments.book.as_deref().map(|book| {
        let mut folder = folder::read(book)?;
        Changes { scenario: None, set: arguments.set.clone() }.apply(&mut folder)?;
        Ok((folder, book.display().to_string()))
    });
    let book = book.transpose()?;
    let earlier = arguments.last.as_deref().map(Earlier::open).transpose()?;
    let read_last =
        earlier.as_ref().map(|earlier| |period: &_| earlier.read(period).map_err(|failure| failure.in_short()));
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

fn no_result(folder: &Path) -> Failure {
    let message = format!("there is no result in `{}`", folder.display());
    Failure::new(message, "name a folder that `renewcast run` wrote; `reports/example` is one")
}

/// Proves a result without its book; the names of its files.
pub(super) fn prove(folder: &Path) -> Result<BTreeSet<String>, Failure> {
    let contents = Contents::of(folder)?;
    if !contents.names.contains("run.json") {
        return Err(no_result(folder));
    }
    let proof = contents.verify(None);
    if proof.holds() { Ok(contents.names) } else { Err(Failure::Input(proof.findings)) }
}

/// What is in the folder of a result.
struct Contents<'c> {
    folder: &'c Path,
    /// It stays where it is while it is read.
    _kept: Kept,
    /// The files at its top, and those in its own folders; none that another command lists as its own.
    names: BTreeSet<String>,
    /// Those of them that are reached by a symbolic link.
    links: BTreeSet<String>,
    /// What other commands wrote, in words.
    of_commands: BTreeSet<String>,
    /// Folders of others that are no results and no books.
    foreign: BTreeSet<String>,
}

impl<'c> Contents<'c> {
    fn of(folder: &'c Path) -> Result<Self, Failure> {
        if !folder.is_dir() {
            let message = format!("there is no folder `{}`", folder.display());
            return Err(Failure::new(message, "name a folder that `renewcast run` wrote; `reports/example` is one"));
        }
        let (names, links, of_commands, foreign) = Default::default();
        let mut contents = Self { folder, _kept: Kept::folder(folder), names, links, of_commands, foreign };
        contents.tell_commands();
        for Entry { name, is_folder, is_link } in entries(folder)? {
            match is_folder {
                false => contents.add(name, is_link),
                true if INNER.contains(&name.as_str()) => contents.add_inner(&name, is_link)?,
                true => contents.add_folder(&name),
            }
        }
        let theirs = contents.of_other_lists();
        contents.names.retain(|name| !theirs.contains(name));
        Ok(contents)
    }

    fn add(&mut self, name: String, is_link: bool) {
        if is_link {
            self.links.insert(name.clone());
        }
        self.names.insert(name);
    }

    /// The files of one of its own folders, and those of the scenarios of the closing book.
    fn add_inner(&mut self, folder: &str, is_link: bool) -> Result<(), Failure> {
        for inner in entries(&self.folder.join(folder))? {
            let (name, is_link) = (format!("{folder}/{}", inner.name), is_link || inner.is_link);
            match inner.is_folder && name == SCENARIOS {
                true => self.add_inner(&name, is_link)?,
                false => self.add(name, is_link),
            }
        }
        Ok(())
    }

    /// A folder with a list of its own is a result: of a run, which is proven by itself, or of another command.
    fn add_folder(&mut self, name: &str) {
        let holds = |file: &str| self.folder.join(name).join(file).is_file();
        let name = format!("{name}/");
        if holds(RUN) || holds("book.toml") || self.of_commands.contains(&name) {
            return;
        }
        let has_list = LISTINGS.iter().any(|list| holds(list));
        let folders = if has_list { &mut self.of_commands } else { &mut self.foreign };
        folders.insert(name);
    }

    /// Names the other commands that left a list in the folder.
    fn tell_commands(&mut self) {
        let told = self.lists().into_keys().filter(|list| ![RUN, RECORD].contains(list));
        self.of_commands = told
            .map(|list| match list.split_once('/') {
                Some((folder, _)) => format!("{folder}/"),
                None => format!("the files of `{}`", verb(list)),
            })
            .collect();
    }

    fn lists(&self) -> BTreeMap<&'static str, Hashes> {
        listings(|name| self.bytes(name))
    }

    fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.folder.join(name);
        folder::plain_file(&path).and_then(|_| fs::read(path)).ok()
    }

    /// What other commands list as their own, where neither run nor report does and no byte has changed.
    fn of_other_lists(&self) -> BTreeSet<String> {
        let lists = self.lists();
        let (ours, others): (Vec<_>, Vec<_>) = lists.iter().partition(|(list, _)| [RUN, RECORD].contains(*list));
        let listed = others.into_iter().flat_map(|(_, outputs)| outputs);
        let not_ours = listed.filter(|(name, _)| !ours.iter().any(|(_, outputs)| outputs.contains_key(*name)));
        let theirs = not_ours.filter(|(name, must)| self.bytes(name).is_some_and(|bytes| hash(&bytes) == **must));
        theirs.map(|(name, _)| name.clone()).collect()
    }

    fn verify(&self, inputs: Option<&Inputs<'_>>) -> Proof {
        let size = |name: &String| fs::metadata(self.folder.join(name)).map_or(0, |file| file.len());
        let bytes: u64 = self.names.iter().filter(|name| verify::is_name_of_result(name)).map(size).sum();
        // Each is hashed and read by its rows; a replay reads it once more.
        let reading = Reading::of(bytes * if inputs.is_some() { 3 } else { 2 });
        let open = |name: &str| -> io::Result<Box<dyn Read + '_>> {
            if self.links.contains(name) {
                return Err(io::Error::other("it is a symbolic link"));
            }
            let path = self.folder.join(name);
            folder::plain_file(&path)?;
            Ok(Box::new(reading.watch(fs::File::open(path)?)))
        };
        verify::verify(&Written { names: self.names.clone(), links: self.links.clone(), open: &open }, inputs)
    }
}

/// What a folder holds.
struct Entry {
    name: String,
    is_folder: bool,
    is_link: bool,
}

fn entries(folder: &Path) -> Result<Vec<Entry>, Failure> {
    let entry = |entry: io::Result<fs::DirEntry>| {
        let entry = entry?;
        Ok(Entry {
            name: entry.file_name().to_string_lossy().into_owned(),
            is_folder: entry.path().is_dir(),
            is_link: entry.file_type()?.is_symlink(),
        })
    };
    let all: io::Result<Vec<Entry>> = fs::read_dir(folder).and_then(|entries| entries.map(entry).collect());
    let all = all.map(|all| all.into_iter().filter(|one| !UNNAMED.contains(&one.name.as_str())).collect());
    all.map_err(|error: io::Error| {
        let message = format!("cannot read `{}`: {error}", folder.display());
        Failure::new(message, "check that you may read the folder")
    })
}

fn answer(proof: &Proof, contents: &Contents<'_>, arguments: &Arguments) -> String {
    let result = shown_path(&arguments.result);
    let mut lines = match proof.holds() {
        true => proven(proof, &result),
        false => vec![format!("{}\n\n{result}: not proven", render(&proof.findings))],
    };
    if !contents.of_commands.is_empty() {
        let folders: Vec<&str> = contents.of_commands.iter().map(String::as_str).collect();
        lines.push(format!("  not replayed: {}, which other commands wrote", folders.join(", ")));
    }
    let foreign: Vec<&String> = proof.foreign.iter().chain(&contents.foreign).collect();
    if !foreign.is_empty() {
        let mut named: Vec<String> = foreign.iter().take(NAMED).map(|name| visible(name)).collect();
        let more = foreign.len() - named.len();
        named.extend((more > 0).then(|| format!("and {more} more")));
        lines.push(format!("  not of this result, and not looked at: {}", named.join(", ")));
    }
    lines.join("\n")
}

fn proven(proof: &Proof, result: &str) -> Vec<String> {
    let (rows, accounts) = (grouped(&proof.rows.to_string()), counted(proof.accounts, "account"));
    let files = counted(proof.files, "file");
    let mut lines = vec![
        format!("{result}: proven"),
        format!("  {files} unchanged since the run wrote them"),
        format!("  {rows} rows, {accounts}, {}:", counted(proof.instances, "instance")),
        "  order, arithmetic, balances, monthly sums, terms, states and the closing book hold together".to_owned(),
    ];
    match proof.inputs {
        Some(inputs) => {
            lines.push(format!("  {} unchanged since the run read them;", counted(inputs, "input")));
            lines.push(format!("  a replay of them writes all {files} anew, the same byte for byte"));
        }
        None => {
            let by_hash = match (proof.has_charts, proof.has_report) {
                (true, true) => Some("charts and report are proven by their hashes alone"),
                (true, false) => Some("charts are proven by their hashes alone"),
                (false, true) => Some("the report is proven by its hashes alone"),
                (false, false) => None,
            };
            lines.extend(by_hash.map(|by_hash| format!("  not replayed: {by_hash}")));
            lines.push(format!("  the inputs were not looked at: renewcast verify {result} --book BOOK"));
        }
    }
    lines
}
