//! What is in the folder of a result, and whose it is, so that it can be proven.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use super::output::HeldFolders;
use super::progress::ReadProgress;
use super::{Failure, folder};
use crate::output::hash::hash;
use crate::output::listing::{LISTINGS, listings, verb};
use crate::output::report_json::RECORD;
use crate::output::run_json::Hashes;
use crate::verify::{self, Inputs, Proof, WrittenFiles};

/// What lists the files of a run.
const RUN: &str = "run.json";
/// The folders of a result.
const INNER: &[&str] = &["closing", "charts", "report"];
/// The folder of scenarios in one of them.
const SCENARIOS: &str = "closing/scenarios";
/// What file managers leave, and people keep beside results.
const UNNAMED: &[&str] = &[".DS_Store", "Thumbs.db", "desktop.ini", "vintages"];

/// The failure of a folder that holds no result.
pub(super) fn no_result(folder: &Path) -> Failure {
    let message = format!("there is no result in `{}`", folder.display());
    Failure::new(
        message,
        "name a folder that `renewcast run` wrote; `reports/example` is one",
    )
}

/// Proves a result without its book; the names of its files.
pub(super) fn prove(folder: &Path) -> Result<BTreeSet<String>, Failure> {
    let contents = Contents::list_folder(folder)?;
    if !contents.names.contains("run.json") {
        return Err(no_result(folder));
    }
    let proof = contents.verify(None);
    if proof.holds() {
        Ok(contents.names)
    } else {
        Err(Failure::Input(proof.findings))
    }
}

/// What is in the folder of a result.
pub(super) struct Contents<'c> {
    folder: &'c Path,
    /// It stays where it is while it is read.
    _kept: HeldFolders,
    /// The files at its top, and those in its own folders; none that another command lists as its own.
    pub(super) names: BTreeSet<String>,
    /// Those of them that are reached by a symbolic link.
    links: BTreeSet<String>,
    /// What other commands wrote, in words.
    pub(super) of_commands: BTreeSet<String>,
    /// Folders of others that are no results and no books.
    pub(super) foreign: BTreeSet<String>,
}

impl<'c> Contents<'c> {
    /// Reads the names in a folder.
    pub(super) fn list_folder(folder: &'c Path) -> Result<Self, Failure> {
        if !folder.is_dir() {
            let message = format!("there is no folder `{}`", folder.display());
            return Err(Failure::new(
                message,
                "name a folder that `renewcast run` wrote; `reports/example` is one",
            ));
        }
        let (names, links, of_commands, foreign) = Default::default();
        let mut contents = Self {
            folder,
            _kept: HeldFolders::folder(folder),
            names,
            links,
            of_commands,
            foreign,
        };
        contents.tell_commands();
        for FolderEntry {
            name,
            is_folder,
            is_link,
        } in entries(folder)?
        {
            match is_folder {
                false => contents.note_file(name, is_link),
                true if INNER.contains(&name.as_str()) => contents.add_inner(&name, is_link)?,
                true => contents.add_folder(&name),
            }
        }
        let theirs = contents.of_other_lists();
        contents.names.retain(|name| !theirs.contains(name));
        Ok(contents)
    }

    fn note_file(&mut self, name: String, is_link: bool) {
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
                false => self.note_file(name, is_link),
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
        let folders = if has_list {
            &mut self.of_commands
        } else {
            &mut self.foreign
        };
        folders.insert(name);
    }

    /// Names the other commands that left a list in the folder.
    fn tell_commands(&mut self) {
        let told = self
            .lists()
            .into_keys()
            .filter(|list| ![RUN, RECORD].contains(list));
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
        let (ours, others): (Vec<_>, Vec<_>) = lists
            .iter()
            .partition(|(list, _)| [RUN, RECORD].contains(*list));
        let listed = others.into_iter().flat_map(|(_, outputs)| outputs);
        let not_ours =
            listed.filter(|(name, _)| !ours.iter().any(|(_, outputs)| outputs.contains_key(*name)));
        let theirs = not_ours
            .filter(|(name, must)| self.bytes(name).is_some_and(|bytes| hash(&bytes) == **must));
        theirs.map(|(name, _)| name.clone()).collect()
    }

    /// Proves the result, with its inputs if they are given.
    pub(super) fn verify(&self, inputs: Option<&Inputs<'_>>) -> Proof {
        let size =
            |name: &String| fs::metadata(self.folder.join(name)).map_or(0, |file| file.len());
        let bytes: u64 = self
            .names
            .iter()
            .filter(|name| verify::is_name_of_result(name))
            .map(size)
            .sum();
        // Each is hashed and read by its rows; a replay reads it once more.
        let reading = ReadProgress::for_bytes(bytes * if inputs.is_some() { 3 } else { 2 });
        let open = |name: &str| -> io::Result<Box<dyn Read + '_>> {
            if self.links.contains(name) {
                return Err(io::Error::other("it is a symbolic link"));
            }
            let path = self.folder.join(name);
            folder::plain_file(&path)?;
            Ok(Box::new(reading.watch(fs::File::open(path)?)))
        };
        verify::verify(
            &WrittenFiles {
                names: self.names.clone(),
                links: self.links.clone(),
                open: &open,
            },
            inputs,
        )
    }
}

/// What a folder holds.
struct FolderEntry {
    name: String,
    is_folder: bool,
    is_link: bool,
}

fn entries(folder: &Path) -> Result<Vec<FolderEntry>, Failure> {
    let entry = |entry: io::Result<fs::DirEntry>| {
        let entry = entry?;
        Ok(FolderEntry {
            name: entry.file_name().to_string_lossy().into_owned(),
            is_folder: entry.path().is_dir(),
            is_link: entry.file_type()?.is_symlink(),
        })
    };
    let all: io::Result<Vec<FolderEntry>> =
        fs::read_dir(folder).and_then(|entries| entries.map(entry).collect());
    let all = all.map(|all| {
        all.into_iter()
            .filter(|one| !UNNAMED.contains(&one.name.as_str()))
            .collect()
    });
    all.map_err(|error: io::Error| {
        let message = format!("cannot read `{}`: {error}", folder.display());
        Failure::new(message, "check that you may read the folder")
    })
}
