//! Writes a result whole or not at all: a new folder beside the target, synced, then exchanged for it in one step.
//!
//! A program that is killed at any moment leaves the old result whole or the new one whole. What else it leaves is its
//! unfinished folder, `.NAME.renewcast-` and six characters, which the next run into the same target removes. Not every
//! target can be exchanged; `exchange` says what is done where it cannot.

mod exchange;
mod growing;
mod site;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use tempfile::TempDir;

use super::Failure;
use super::say::warn;
use exchange::{Broken, Done, Parts};
use growing::Growing;
use site::{MadeFolders, Site};

/// Writes files into a folder, as [`Staged`] does; for `replaces` see there.
pub(super) fn write(folder: &Path, files: &[(String, Vec<u8>)], replaces: &[&str]) -> Result<(), Failure> {
    let mut staged = Staged::beside(folder)?;
    staged.replaces(replaces);
    for (name, bytes) in files {
        staged.append(name, bytes)?;
    }
    staged.commit()
}

/// A result in the making. One that is dropped leaves no trace.
///
/// | operation | what it does |
/// |---|---|
/// | [`beside`](Self::beside) | begins, in a new folder beside the target |
/// | [`append`](Self::append) | adds bytes to a file |
/// | [`complete`](Self::complete) | says that nothing more comes to a file |
/// | [`replaces`](Self::replaces) | names what belongs to the result even where it is not made this time |
/// | [`commit`](Self::commit) | puts the result into the place of the old one |
pub(super) struct Staged {
    /// The target as the command line names it.
    out: PathBuf,
    files: BTreeMap<String, Growing>,
    replaced: BTreeSet<String>,
    site: Site,
    folder: TempDir,
    /// Says to other runs that somebody works in the folder.
    _in_use: Option<File>,
    /// Dropped last, when nothing is left in them.
    _made: MadeFolders,
}

impl Staged {
    /// Nothing yet. The folder around the target is made if need be; the target is not touched.
    pub(super) fn beside(out: &Path) -> Result<Self, Failure> {
        let fail = |error: io::Error| failed(out, &error);
        let made = MadeFolders::around(out).map_err(fail)?;
        let mut site = Site::of(out).map_err(fail)?;
        site.remove_leftovers();
        let (folder, in_use) = site.stage().map_err(fail)?;
        let (out, files, replaced) = (out.to_owned(), BTreeMap::new(), BTreeSet::new());
        Ok(Self { out, files, replaced, site, folder, _in_use: in_use, _made: made })
    }

    /// Adds bytes to the end of a file, whose name may have one folder: `charts/spend.svg`.
    pub(super) fn append(&mut self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let fail = |error: io::Error| failed(&self.out.join(name), &error);
        if !self.files.contains_key(name) {
            if let Some((inner, _)) = name.split_once('/') {
                fs::create_dir_all(self.folder.path().join(inner)).map_err(fail)?;
            }
            let file = Growing::create(&self.folder.path().join(name)).map_err(fail)?;
            self.files.insert(name.to_owned(), file);
        }
        match self.files.get_mut(name) {
            Some(file) => file.append(bytes).map_err(fail),
            None => Ok(()),
        }
    }

    /// Says that nothing more comes to a file: it goes to the disk while others are made.
    pub(super) fn complete(&mut self, name: &str) -> Result<(), Failure> {
        let completed = self.files.get_mut(name).map_or(Ok(()), Growing::complete);
        completed.map_err(|error| failed(&self.out.join(name), &error))
    }

    /// What an earlier run left under these names at the top of the target is gone afterwards, whether they are made
    /// this time or not. Every other name that is not made is kept.
    pub(super) fn replaces(&mut self, names: &[&str]) {
        self.replaced.extend(names.iter().map(|name| (*name).to_owned()));
    }

    /// Makes all files durable, then puts them into the place of the old ones. A folder of a result is replaced whole.
    pub(super) fn commit(mut self) -> Result<(), Failure> {
        let made = self.finish()?;
        let parts = Parts { made, replaced: std::mem::take(&mut self.replaced) };
        let _alone = self.site.lock_target();
        let done = exchange::put(&self.site, self.folder.path(), &parts);
        match done.map_err(|broken| refused(&self.out, &broken))? {
            Done::Moved => {
                let _ = self.folder.keep();
            }
            Done::Exchanged => {
                if let Err(error) = self.folder.close() {
                    warn(format!("the result is complete, but the old one cannot be removed: {error}"));
                }
            }
        }
        Ok(())
    }

    /// Makes all files durable; the names at the top.
    fn finish(&mut self) -> Result<BTreeSet<String>, Failure> {
        let mut top = BTreeSet::new();
        let mut inner = BTreeSet::new();
        let mut files = std::mem::take(&mut self.files);
        for (name, file) in &mut files {
            file.complete().map_err(|error| failed(&self.out.join(name), &error))?;
        }
        // Side by side, since the disk takes as long for many at once as for one.
        let finished: Vec<_> = files.into_par_iter().map(|(name, file)| (name, file.finish())).collect();
        for (name, done) in finished {
            done.map_err(|error| failed(&self.out.join(&name), &error))?;
            match name.split_once('/') {
                Some((folder, _)) => inner.insert(folder.to_owned()),
                None => top.insert(name),
            };
        }
        for name in &inner {
            let synced = exchange::sync(&self.folder.path().join(name));
            synced.map_err(|error| failed(&self.out.join(name), &error))?;
        }
        top.append(&mut inner);
        Ok(top)
    }
}

/// Keeps a book from being overwritten by accident.
pub(super) fn refuse_existing_book(folder: &Path, force: bool) -> Result<(), Failure> {
    if folder.join("book.toml").exists() && !force {
        let message = format!("there is a book in `{}` already", folder.display());
        return Err(Failure::new(message, "choose another folder, or replace it with --force"));
    }
    Ok(())
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    let help = "what was there before is unchanged; check space and permissions, or choose another folder with --out";
    Failure::new(format!("cannot write `{}`: {error}", path.display()), help)
}

fn refused(out: &Path, broken: &Broken) -> Failure {
    let Some(seal) = broken.without else { return failed(out, &broken.error) };
    let message = format!("cannot write `{}`: {}", out.display(), broken.error);
    Failure::new(
        message,
        format!("the folder has no `{seal}` until a run into it succeeds; check space and permissions"),
    )
}
