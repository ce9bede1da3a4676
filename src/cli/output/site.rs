//! Where a result is made: the target without links, the folder beside it, and what killed runs left there.
//!
//! All of it is looked at and changed only while the lock of the target is held, so what stands there under the name of an
//! unfinished result is nobody's any more. Without locks nothing is taken for left over.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::disk::is_mount;
use super::lock::{self, HeldFolders, TargetLock};
use super::names::{self, LOCK, MARK, left_over, marked, parked};
use super::within;
use crate::cli::print::warn;
use crate::cli::words::shown_path;

/// Folders that were made for a result, gone again if nothing comes into them. Innermost first.
pub(super) struct MadeFolders(Vec<PathBuf>);

impl MadeFolders {
    /// Those around a target that were missing.
    pub(super) fn around(out: &Path) -> io::Result<Self> {
        let above = out
            .ancestors()
            .skip(1)
            .filter(|folder| !folder.as_os_str().is_empty());
        let missing = above.take_while(|folder| !folder.exists());
        let made = Self(missing.map(Path::to_owned).collect());
        made.0.first().map_or(Ok(()), fs::create_dir_all)?;
        Ok(made)
    }
}

impl Drop for MadeFolders {
    fn drop(&mut self) {
        for folder in &self.0 {
            // One that holds something stays.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Where a result goes, and where it is made. Nobody else writes there while there is a site.
pub(super) struct Site {
    /// Absolute and without links.
    pub target: PathBuf,
    pub way: Replacement,
    /// The target itself, where the result is made inside.
    inside: Option<File>,
    /// The target, whether or not it exists. None where the folder around it does not take files.
    lock: Option<TargetLock>,
    /// The folders around the target.
    _around: Option<HeldFolders>,
}

/// How a result takes the place of an old one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Replacement {
    /// Made beside the target and exchanged for it.
    Beside,
    /// Made inside the target and put there file by file: the target itself must stay.
    Inside,
}

impl Site {
    /// Takes a target, which need not exist while the folder around it does, and puts right what killed runs left of it.
    pub(super) fn take(out: &Path) -> io::Result<Self> {
        let target = match fs::canonicalize(out) {
            Err(error) if error.kind() == ErrorKind::NotFound => absent(out)?,
            found => found?,
        };
        let _around = target.parent().map(HeldFolders::hold_folder);
        let path = target
            .file_name()
            .map(|name| target.with_file_name(marked(name, LOCK)));
        let lock = match path.map(TargetLock::take).transpose() {
            Err(error) if is_forbidden(&error) && target.is_dir() => None,
            taken => taken?,
        };
        let way = if lock.is_none() || must_stay(&target) {
            Replacement::Inside
        } else {
            Replacement::Beside
        };
        let mut site = Self {
            target,
            way,
            inside: None,
            lock,
            _around,
        };
        site.restore()?;
        let exists = site.target.exists();
        if exists && !site.target.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        if way == Replacement::Inside {
            site.inside = lock::alone(&site.target);
        }
        site.clear_up()?;
        Ok(site)
    }

    /// A new folder for the files in the making.
    pub(super) fn stage(&mut self) -> io::Result<TempDir> {
        if self.way == Replacement::Beside {
            match beside(&self.target) {
                Err(error) if is_forbidden(&error) && self.target.is_dir() => {
                    self.way = Replacement::Inside;
                    self.inside = lock::alone(&self.target);
                    self.clear_up()?;
                }
                made => return made,
            }
        }
        unfinished(OsStr::new(MARK), &self.target)
    }

    /// Whether nobody else works in the target as long as there is this site.
    pub(super) fn is_alone(&self) -> bool {
        self.inside.is_some()
    }

    /// Waits until nobody works in the target.
    pub(super) fn alone(&self) -> Option<File> {
        match &self.inside {
            Some(_) => None,
            None => lock::alone(&self.target),
        }
    }

    /// Puts back what was parked when a run was killed between two renames.
    fn restore(&self) -> io::Result<()> {
        let parked = parked(&self.target);
        match (parked.is_dir(), self.target.exists()) {
            (true, false) => fs::rename(&parked, &self.target),
            (true, true) if self.is_locked() => fs::remove_dir_all(&parked),
            _ => Ok(()),
        }
    }

    fn is_locked(&self) -> bool {
        self.lock.as_ref().is_some_and(|lock| lock.is_held)
    }

    /// Ends what killed runs into the same target began: files that were being put into place are, others are removed.
    fn clear_up(&self) -> io::Result<()> {
        let prefix = marked(self.target.file_name().unwrap_or_default(), "");
        if let Some(folder) = self.target.parent().filter(|_| self.is_locked()) {
            left_over(folder, &prefix)
                .iter()
                .try_for_each(|left| self.end(left))?;
        }
        let inside = left_over(&self.target, OsStr::new(MARK));
        if inside.is_empty() {
            return Ok(());
        }
        let here = self.alone();
        if self.inside.is_some() || here.is_some() {
            inside.iter().try_for_each(|left| self.end(left))?;
        }
        Ok(())
    }

    fn end(&self, left: &Path) -> io::Result<()> {
        if names::is_begun(left) {
            let _alone = self.alone();
            within::resume(&self.target, left)?;
        }
        if let Err(error) = fs::remove_dir_all(left) {
            let left = shown_path(left);
            warn(format!(
                "cannot remove `{left}`, which a broken run left: {error}"
            ));
        }
        Ok(())
    }
}

/// A new folder beside a target, which the next run into the target removes where this one is killed.
pub(super) fn beside(target: &Path) -> io::Result<TempDir> {
    let name = target.file_name().unwrap_or_default();
    unfinished(&marked(name, ""), target.parent().unwrap_or(target))
}

fn unfinished(prefix: &OsStr, folder: &Path) -> io::Result<TempDir> {
    tempfile::Builder::new()
        .prefix(prefix)
        .rand_bytes(names::RANDOM)
        .tempdir_in(folder)
}

/// The path of a target that does not exist.
fn absent(out: &Path) -> io::Result<PathBuf> {
    if fs::symlink_metadata(out).is_ok() {
        return Err(io::Error::new(
            ErrorKind::NotFound,
            "it is a link that leads nowhere",
        ));
    }
    let name = out.file_name().ok_or(ErrorKind::InvalidFilename)?;
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty());
    Ok(fs::canonicalize(parent.unwrap_or(Path::new(".")))?.join(name))
}

/// A mount point cannot be renamed, and whoever stands in a folder would lose the ground.
fn must_stay(target: &Path) -> bool {
    let is_below = env::current_dir().is_ok_and(|current| current.starts_with(target));
    is_below || target.parent().is_none() || is_mount(target)
}

fn is_forbidden(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
    )
}
