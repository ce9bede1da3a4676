//! Writes a result whole or not at all: a new folder beside the target, synced, then exchanged for it in one step.
//!
//! ```text
//! claim ── may the folder be written into? ──▶ site ── its lock, what killed runs left ──▶ files in the making
//!     ──▶ claim ── whose are the files in the way? ──▶ exchange, or within where that cannot be
//! ```
//!
//! A program that is killed at any moment leaves the old result whole or the new one whole. What else it leaves is its
//! unfinished folder, `.NAME.renewcast-` and six characters, and its lock, both of which the next run into the same target removes.
//! Files of others are neither written over nor removed; `claim` says whose a file is.
//!
//! Rule **whole-result** of docs/spec.

mod before;
mod claim;
mod disk;
mod exchange;
mod lock;
mod names;
mod site;
mod synced_file;
mod within;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use clap::Args;
use rayon::prelude::*;
use tempfile::TempDir;

use super::Failure;
use super::print::warn;
use super::words::shown_path;
use crate::output::hash::hash;
use crate::output::listing::{listing, verb};
use crate::output::run_json::Hashes;
use exchange::Exchanged;
pub(super) use lock::HeldFolders;
use site::{MadeFolders, Site};
use synced_file::SyncedFile;
use within::Broken;

/// Complete files that stay open until the disk has them.
const MAX_OPEN_FILES: usize = 32;
/// A folder around the target can vanish with a run that is refused; it is made again up to this often.
const MAX_TRIES: usize = 16;

/// What a verb writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutputFile {
    /// A result, with the list of its files.
    Result(&'static str),
    /// A book.
    Book,
    /// Further files of an existing book; its others stay as they are.
    Grown,
}

/// The arguments of verbs that write results.
#[derive(Args)]
pub(super) struct OutputArguments {
    /// Write into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write into a folder that holds other files; none of them is touched
    #[arg(long)]
    force: bool,
}

impl OutputArguments {
    /// The folder of a result, which its verb checks before it begins to compute.
    pub(super) fn target(
        &self,
        default: PathBuf,
        listing: &'static str,
    ) -> Result<OutputTarget, Failure> {
        let out = self.out.clone().unwrap_or(default);
        OutputTarget::open_target(out, OutputFile::Result(listing), self.force)
    }
}

/// Where a verb writes.
#[derive(Debug)]
pub(super) struct OutputTarget {
    /// As the command line names it.
    pub out: PathBuf,
    work: OutputFile,
    /// Whether files of others are no reason to refuse it, nor is a book that a book takes the place of.
    is_forced: bool,
}

impl OutputTarget {
    /// Refuses a folder that the verb may not write into.
    pub(super) fn open_target(
        out: PathBuf,
        work: OutputFile,
        is_forced: bool,
    ) -> Result<Self, Failure> {
        let target = Self {
            out,
            work,
            is_forced,
        };
        claim::check_folder(&target.out, &target)?;
        Ok(target)
    }

    /// Writes files, and the list of them where they have none.
    pub(super) fn write_files(&self, files: &[(String, Vec<u8>)]) -> Result<(), Failure> {
        let mut staged = Staged::begin(self)?;
        for (name, bytes) in files {
            staged.append(name, bytes)?;
            staged.complete(name)?;
        }
        if let OutputFile::Result(list) = self.work
            && !files.iter().any(|(name, _)| name == list)
        {
            let outputs: Hashes = files
                .iter()
                .map(|(name, bytes)| (name.clone(), hash(bytes)))
                .collect();
            staged.append(list, &listing(verb(list), &outputs))?;
        }
        staged.commit()
    }

    /// The failure of writing one of its files.
    fn failed(&self, name: &str, error: &io::Error) -> Failure {
        failed(&self.out.join(name), error)
    }
}

/// A result in the making. One that is dropped leaves no trace. Nobody else writes into its target meanwhile.
///
/// | operation | what it does |
/// |---|---|
/// | [`begin`](Self::begin) | begins, in a new folder beside the target |
/// | [`append`](Self::append) | adds bytes to a file |
/// | [`complete`](Self::complete) | says that nothing more comes to a file |
/// | [`commit`](Self::commit) | puts the result into the place of the old one |
pub(super) struct Staged<'a> {
    target: &'a OutputTarget,
    /// By name; none where a file is complete and closed.
    files: BTreeMap<String, Option<SyncedFile>>,
    /// Files that are complete and not yet closed.
    completed: Vec<String>,
    folder: TempDir,
    site: Site,
    /// Dropped last, when nothing is left in them.
    _made: MadeFolders,
}

impl<'a> Staged<'a> {
    /// Nothing yet. The folder around the target is made if need be; the target is not touched.
    pub(super) fn begin(target: &'a OutputTarget) -> Result<Self, Failure> {
        let out = target.out.as_path();
        let mut tries = 0..MAX_TRIES;
        let (made, mut site) = loop {
            let taken = MadeFolders::around(out).and_then(|made| Ok((made, Site::take(out)?)));
            match taken {
                Err(error) if error.kind() == ErrorKind::NotFound && tries.next().is_some() => {}
                taken => break taken.map_err(|error| failed(out, &error))?,
            }
        };
        // Another run may have written into it since it was checked.
        claim::check_folder(&site.target, target)?;
        let folder = site.stage().map_err(|error| failed(out, &error))?;
        Ok(Self {
            target,
            files: BTreeMap::new(),
            completed: Vec::new(),
            folder,
            site,
            _made: made,
        })
    }

    /// Adds bytes to the end of a file, whose name may have folders: `charts/spend.svg`.
    pub(super) fn append(&mut self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        self.try_append(name, bytes)
            .map_err(|error| self.target.failed(name, &error))
    }

    fn try_append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        if !self.files.contains_key(name) {
            let path = self.folder.path().join(name);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            self.files
                .insert(name.to_owned(), Some(SyncedFile::create(&path)?));
        }
        let file = self.files.get_mut(name).and_then(Option::as_mut);
        file.expect("nothing comes to a file that is complete")
            .append(bytes)
    }

    /// Says that nothing more comes to a file: it goes to the disk while others are made, and is closed.
    pub(super) fn complete(&mut self, name: &str) -> Result<(), Failure> {
        if let Some(file) = self.files.get_mut(name).and_then(Option::as_mut) {
            file.complete()
                .map_err(|error| self.target.failed(name, &error))?;
            self.completed.push(name.to_owned());
        }
        if self.completed.len() >= MAX_OPEN_FILES {
            self.close()
        } else {
            Ok(())
        }
    }

    /// Makes files that are complete durable, and closes them.
    fn close(&mut self) -> Result<(), Failure> {
        let mut open = Vec::new();
        for name in std::mem::take(&mut self.completed) {
            let file = self.files.get_mut(&name).and_then(Option::take);
            open.extend(file.map(|file| (name, file)));
        }
        // Side by side, since the disk takes as long for many at once as for one.
        let closed: Vec<_> = open
            .into_par_iter()
            .map(|(name, file)| (name, file.finish()))
            .collect();
        for (name, done) in closed {
            done.map_err(|error| self.target.failed(&name, &error))?;
        }
        Ok(())
    }

    /// Makes all files durable, then puts them into the place of the old ones.
    pub(super) fn commit(mut self) -> Result<(), Failure> {
        self.finish()?;
        let (out, target) = (self.target.out.as_path(), self.target);
        let alone = self.site.alone();
        let folder = &self.site.target;
        claim::check_folder(folder, target)?;
        let made: BTreeSet<String> = self.files.keys().cloned().collect();
        let (own, kept) = match target.work {
            OutputFile::Result(listing) => (claim::survey(folder, &made, listing, out)?, None),
            OutputFile::Book => {
                let (own, kept) = match target.is_forced {
                    true => before::keep(folder, &made).map_err(|error| failed(out, &error))?,
                    false => (claim::Own::new(), None),
                };
                claim::check_book(folder, &made, &own, out)?;
                (own, kept)
            }
            OutputFile::Grown => (before::own(folder, &made), None),
        };
        let is_alone = alone.is_some() || self.site.is_alone();
        match exchange::put(&self.site, self.folder.path(), &own, is_alone) {
            Ok(Exchanged::Whole) => drop(self.folder.keep()),
            Ok(Exchanged::ByFiles) => {}
            Err(broken) => {
                if broken.without.is_some() {
                    // The next run ends what was begun.
                    let _ = self.folder.keep();
                }
                return Err(refused(out, &broken));
            }
        }
        if let Some(kept) = kept {
            let near = out.with_file_name(kept.file_name().unwrap_or_default());
            let is_it = fs::canonicalize(&near).is_ok_and(|near| near == kept);
            let shown = shown_path(if is_it { &near } else { &kept });
            warn(format!("the old book is kept as `{shown}`"));
        }
        Ok(())
    }

    /// Makes all files durable, and their folders.
    fn finish(&mut self) -> Result<(), Failure> {
        let open = self.files.iter().filter(|(_, file)| file.is_some());
        for name in open.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
            self.complete(&name)?;
        }
        self.close()?;
        let names = self.files.keys();
        let folders = names.flat_map(|name| name.match_indices('/').map(|(end, _)| &name[..end]));
        for name in folders.collect::<BTreeSet<_>>() {
            disk::sync(&self.folder.path().join(name))
                .map_err(|error| self.target.failed(name, &error))?;
        }
        Ok(())
    }
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    let help = match error.kind() {
        ErrorKind::FileTooLarge => {
            "nothing was changed; raise the limit for file sizes (`ulimit -f unlimited`)"
        }
        ErrorKind::StorageFull => {
            "nothing was changed; make room on the disk, or choose another folder with --out"
        }
        _ => {
            "nothing was changed; check space and permissions, or choose another folder with --out"
        }
    };
    Failure::new(format!("cannot write `{}`: {error}", path.display()), help)
}

fn refused(out: &Path, broken: &Broken) -> Failure {
    let Some(list) = &broken.without else {
        return failed(out, &broken.error);
    };
    let message = format!("cannot write `{}`: {}", out.display(), broken.error);
    let help = "until a run into it succeeds; check space and permissions";
    Failure::new(message, format!("the folder has no `{list}` {help}"))
}
