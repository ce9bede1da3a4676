//! The contents of the folder of a result, and whose they are, so that it can be proven. It changes nothing.

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
/// The lists of a run and of the report beside it.
const OURS: [&str; 2] = [RUN, RECORD];
/// The folders of a result.
const INNER: &[&str] = &["closing", "charts", "report"];
/// The folder of scenarios in one of them.
const SCENARIOS: &str = "closing/scenarios";
/// What file managers leave, and people keep beside results.
const UNNAMED: &[&str] = &[".DS_Store", "Thumbs.db", "desktop.ini", "vintages"];

const HELP: &str = "name a folder that `renewcast run` wrote; `reports/example` is one";

/// The failure of a folder that holds no result.
pub(super) fn no_result(folder: &Path) -> Failure {
    Failure::new(
        format!("there is no result in `{}`", folder.display()),
        HELP,
    )
}

/// Proves a result without its book; the names of its files.
pub(super) fn prove(folder: &Path) -> Result<BTreeSet<String>, Failure> {
    let contents = Contents::list_folder(folder)?;
    if !contents.names.contains(RUN) {
        return Err(no_result(folder));
    }
    let proof = contents.verify(None);
    if proof.holds() {
        Ok(contents.names)
    } else {
        Err(Failure::Input(proof.violations))
    }
}

/// What is in the folder of a result.
pub(super) struct Contents<'c> {
    folder: &'c Path,
    /// It stays where it is while it is read.
    _held: HeldFolders,
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
            return Err(Failure::new(
                format!("there is no folder `{}`", folder.display()),
                HELP,
            ));
        }
        let (names, links, of_commands, foreign) = Default::default();
        let held = HeldFolders::hold_folder(folder);
        let mut contents = Self {
            folder,
            _held: held,
            names,
            links,
            of_commands,
            foreign,
        };
        contents.name_commands();
        for entry in read_entries(folder)? {
            let is_inner = INNER.contains(&entry.name.as_str());
            match entry.is_folder {
                false => contents.add_file(entry.name, entry.is_link),
                true if is_inner => contents.add_inner(&entry.name, entry.is_link)?,
                true => contents.add_folder(&entry.name),
            }
        }
        let theirs = contents.of_other_lists();
        contents.names.retain(|name| !theirs.contains(name));
        Ok(contents)
    }

    fn add_file(&mut self, name: String, is_link: bool) {
        if is_link {
            self.links.insert(name.clone());
        }
        self.names.insert(name);
    }

    /// The files of one of its own folders, and those of the scenarios of the closing book.
    fn add_inner(&mut self, folder: &str, is_link: bool) -> Result<(), Failure> {
        for inner in read_entries(&self.folder.join(folder))? {
            let (name, is_link) = (format!("{folder}/{}", inner.name), is_link || inner.is_link);
            match inner.is_folder && name == SCENARIOS {
                true => self.add_inner(&name, is_link)?,
                false => self.add_file(name, is_link),
            }
        }
        Ok(())
    }

    /// A folder with a list of its own is a result: of a run, which is proven by itself, or of another command.
    fn add_folder(&mut self, name: &str) {
        let path = self.folder.join(name);
        let name = format!("{name}/");
        let is_own = [RUN, "book.toml"]
            .iter()
            .any(|file| path.join(file).is_file());
        if is_own || self.of_commands.contains(&name) {
            return;
        }
        let has_list = LISTINGS.iter().any(|list| path.join(list).is_file());
        let folders = if has_list {
            &mut self.of_commands
        } else {
            &mut self.foreign
        };
        folders.insert(name);
    }

    /// Names the other commands that left a list in the folder.
    fn name_commands(&mut self) {
        let lists = self.lists().into_keys().filter(|list| !OURS.contains(list));
        let commands = lists.map(|list| match list.split_once('/') {
            Some((folder, _)) => format!("{folder}/"),
            None => format!("the files of `{}`", verb(list)),
        });
        self.of_commands = commands.collect();
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
        let (ours, others): (Vec<_>, Vec<_>) =
            lists.iter().partition(|(list, _)| OURS.contains(*list));
        let listed = others.into_iter().flat_map(|(_, outputs)| outputs);
        let theirs = listed.filter(|(name, listed)| {
            !ours.iter().any(|(_, outputs)| outputs.contains_key(*name))
                && self
                    .bytes(name)
                    .is_some_and(|bytes| hash(&bytes) == **listed)
        });
        theirs.map(|(name, _)| name.clone()).collect()
    }

    /// Proves the result, with its inputs if they are given.
    pub(super) fn verify(&self, inputs: Option<&Inputs<'_>>) -> Proof {
        let sizes = self
            .names
            .iter()
            .filter(|name| verify::is_name_of_result(name))
            .map(|name| fs::metadata(self.folder.join(name)).map_or(0, |file| file.len()));
        // Each is hashed and read by its rows; a replay reads it once more.
        let passes = if inputs.is_some() { 3 } else { 2 };
        let reading = ReadProgress::for_bytes(passes * sizes.sum::<u64>());
        let written = WrittenFiles {
            names: self.names.clone(),
            links: self.links.clone(),
            open: &|name| match self.links.contains(name) {
                true => Err(io::Error::other("it is a symbolic link")),
                false => open_watched(&self.folder.join(name), &reading),
            },
        };
        verify::verify(&written, inputs)
    }
}

/// Opens a plain file whose reading counts.
pub(super) fn open_watched<'r>(
    path: &Path,
    reading: &'r ReadProgress,
) -> io::Result<Box<dyn Read + 'r>> {
    folder::plain_file(path)?;
    Ok(Box::new(reading.watch(fs::File::open(path)?)))
}

/// What a folder holds.
struct FolderEntry {
    name: String,
    is_folder: bool,
    is_link: bool,
}

impl FolderEntry {
    fn read_entry(entry: io::Result<fs::DirEntry>) -> io::Result<Self> {
        let entry = entry?;
        Ok(Self {
            name: entry.file_name().to_string_lossy().into_owned(),
            is_folder: entry.path().is_dir(),
            is_link: entry.file_type()?.is_symlink(),
        })
    }
}

fn read_entries(folder: &Path) -> Result<Vec<FolderEntry>, Failure> {
    let entries = fs::read_dir(folder).and_then(|entries| {
        entries
            .map(FolderEntry::read_entry)
            .collect::<io::Result<Vec<_>>>()
    });
    let mut entries = entries.map_err(|error| Failure::unreadable(folder, &error))?;
    entries.retain(|entry| !UNNAMED.contains(&entry.name.as_str()));
    Ok(entries)
}
