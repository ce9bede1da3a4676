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
use std::path::Path;

use rayon::prelude::*;
use tempfile::TempDir;

use super::Failure;
use super::diagnostics::shown_path;
use super::print::warn;
use crate::output::hash::hash;
use crate::output::listing::{listing, verb};
use crate::output::run_json::Hashes;
use exchange::Exchanged;
pub(super) use lock::HeldFolders;
use site::{MadeFolders, Site};
use synced_file::SyncedFile;
use within::Broken;

/// So many complete files stay open until the disk has them.
const OPEN_FILES: usize = 32;
/// A folder around the target can vanish with a run that is refused; so often it is made again.
const TRIES: usize = 16;

/// What a verb writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutputFile {
    /// A result, with the list of its files.
    Result(&'static str),
    /// A book.
    Book,
    /// Files of a book that is there.
    Grown,
}

/// Where a verb writes.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutputTarget<'a> {
    /// As the command line names it.
    pub out: &'a Path,
    pub work: OutputFile,
    /// Whether files of others are no reason to refuse it, nor is a book that a book takes the place of.
    pub is_forced: bool,
}

impl<'a> OutputTarget<'a> {
    /// The folder of a result, which its verb checks before it begins to compute.
    pub(super) fn of_result(
        (out, is_forced): (&'a Path, bool),
        listing: &'static str,
    ) -> Result<Self, Failure> {
        let target = Self {
            out,
            work: OutputFile::Result(listing),
            is_forced,
        };
        target.check_writable().map(|()| target)
    }

    /// The folder of a book.
    pub(super) fn of_book(out: &'a Path, is_forced: bool) -> Result<Self, Failure> {
        let target = Self {
            out,
            work: OutputFile::Book,
            is_forced,
        };
        target.check_writable().map(|()| target)
    }

    /// The folder of a book that is there and gets more; its other files stay as they are.
    pub(super) fn of_grown_book(out: &'a Path) -> Result<Self, Failure> {
        let target = Self {
            out,
            work: OutputFile::Grown,
            is_forced: false,
        };
        target.check_writable().map(|()| target)
    }

    fn check_writable(&self) -> Result<(), Failure> {
        claim::check_folder(self.out, (self.out, self.work, self.is_forced))
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
    target: OutputTarget<'a>,
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
    pub(super) fn begin(target: &OutputTarget<'a>) -> Result<Self, Failure> {
        let out = target.out;
        let mut tries = 0..TRIES;
        let (made, mut site) = loop {
            let taken = MadeFolders::around(out).and_then(|made| Ok((made, Site::take(out)?)));
            match taken {
                Err(error) if error.kind() == ErrorKind::NotFound && tries.next().is_some() => {}
                taken => break taken.map_err(|error| failed(out, &error))?,
            }
        };
        claim::check_folder(&site.target, (out, target.work, target.is_forced))?;
        let folder = site.stage().map_err(|error| failed(out, &error))?;
        Ok(Self {
            target: *target,
            files: BTreeMap::new(),
            completed: Vec::new(),
            folder,
            site,
            _made: made,
        })
    }

    /// Adds bytes to the end of a file, whose name may have folders: `charts/spend.svg`.
    pub(super) fn append(&mut self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let fail = |error: io::Error| failed(&self.target.out.join(name), &error);
        if !self.files.contains_key(name) {
            if let Some((inner, _)) = name.rsplit_once('/') {
                fs::create_dir_all(self.folder.path().join(inner)).map_err(fail)?;
            }
            let file = SyncedFile::create(&self.folder.path().join(name)).map_err(fail)?;
            self.files.insert(name.to_owned(), Some(file));
        }
        let file = self.files.get_mut(name).and_then(Option::as_mut);
        file.expect("nothing comes to a file that is complete")
            .append(bytes)
            .map_err(fail)
    }

    /// Says that nothing more comes to a file: it goes to the disk while others are made, and is closed.
    pub(super) fn complete(&mut self, name: &str) -> Result<(), Failure> {
        if let Some(file) = self.files.get_mut(name).and_then(Option::as_mut) {
            file.complete()
                .map_err(|error| failed(&self.target.out.join(name), &error))?;
            self.completed.push(name.to_owned());
        }
        if self.completed.len() >= OPEN_FILES {
            self.close()
        } else {
            Ok(())
        }
    }

    /// Makes files that are complete durable, and closes them.
    fn close(&mut self) -> Result<(), Failure> {
        let files = &mut self.files;
        let close = |name: String| {
            let file = files.get_mut(&name).and_then(Option::take)?;
            Some((name, file))
        };
        let open: Vec<(String, SyncedFile)> = std::mem::take(&mut self.completed)
            .into_iter()
            .filter_map(close)
            .collect();
        // Side by side, since the disk takes as long for many at once as for one.
        let closed: Vec<_> = open
            .into_par_iter()
            .map(|(name, file)| (name, file.finish()))
            .collect();
        let out = self.target.out;
        closed
            .into_iter()
            .try_for_each(|(name, done)| done.map_err(|error| failed(&out.join(&name), &error)))
    }

    /// Makes all files durable, then puts them into the place of the old ones.
    pub(super) fn commit(mut self) -> Result<(), Failure> {
        self.finish()?;
        let out = self.target.out;
        let alone = self.site.alone();
        claim::check_folder(
            &self.site.target,
            (out, self.target.work, self.target.is_forced),
        )?;
        let made: BTreeSet<String> = self.files.keys().cloned().collect();
        let folder = &self.site.target;
        let (own, kept) = match self.target.work {
            OutputFile::Result(listing) => (claim::survey(folder, &made, listing, out)?, None),
            OutputFile::Book => {
                let kept = if self.target.is_forced {
                    before::keep(folder, &made)
                } else {
                    Ok((claim::Own::new(), None))
                };
                let (own, kept) = kept.map_err(|error| failed(out, &error))?;
                claim::check_book(folder, (&made, &own), out)?;
                (own, kept)
            }
            OutputFile::Grown => (before::own(folder, &made), None),
        };
        match exchange::put(
            &self.site,
            self.folder.path(),
            &own,
            alone.is_some() || self.site.is_alone(),
        ) {
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
            warn(format!(
                "the old book is kept as `{}`",
                shown_path(if is_it { &near } else { &kept })
            ));
        }
        Ok(())
    }

    /// Makes all files durable, and their folders.
    fn finish(&mut self) -> Result<(), Failure> {
        let open = self
            .files
            .iter()
            .filter(|(_, file)| file.is_some())
            .map(|(name, _)| name.clone());
        for name in open.collect::<Vec<_>>() {
            self.complete(&name)?;
        }
        self.close()?;
        let folders = self
            .files
            .keys()
            .flat_map(|name| name.match_indices('/').map(|(end, _)| &name[..end]));
        for name in folders.collect::<BTreeSet<_>>() {
            let synced = disk::sync(&self.folder.path().join(name));
            synced.map_err(|error| failed(&self.target.out.join(name), &error))?;
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
    let Some(seal) = &broken.without else {
        return failed(out, &broken.error);
    };
    let message = format!("cannot write `{}`: {}", out.display(), broken.error);
    Failure::new(
        message,
        format!(
            "the folder has no `{seal}` until a run into it succeeds; check space and permissions"
        ),
    )
}
