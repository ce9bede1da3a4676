//! Where a result is made: the target without links, the folder beside it, and what killed runs left there.
//!
//! Runs know of each other by locks on folders, which end with their process. Where there are no such locks, runs that
//! write into one folder at the same time are on their own, and nothing is taken for left over.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::{env, mem};

use tempfile::TempDir;

use crate::cli::diagnostics::shown_path;
use crate::cli::say::warn;

/// Stands in every name of an unfinished folder, before [`RANDOM`] characters.
const MARK: &str = ".renewcast-";
const RANDOM: usize = 6;

/// Folders that were made for a result, gone again if nothing comes into them. Innermost first.
pub(super) struct MadeFolders(Vec<PathBuf>);

impl MadeFolders {
    /// Those around a target that were missing.
    pub(super) fn around(out: &Path) -> io::Result<Self> {
        let above = out.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
        let made = Self(above.take_while(|folder| !folder.exists()).map(Path::to_owned).collect());
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

/// Where a result goes, and where it is made.
pub(super) struct Site {
    /// Absolute and without links.
    pub target: PathBuf,
    pub way: Way,
    /// Nobody exchanges the folder in which this run works.
    around: Option<File>,
}

/// How a result takes the place of an old one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Made beside the target and exchanged for it.
    Beside,
    /// Made inside the target and put there name by name: the target itself must stay.
    Inside,
}

impl Site {
    /// The site of a target, which need not exist while the folder around it does.
    pub(super) fn of(out: &Path) -> io::Result<Self> {
        let target = match fs::canonicalize(out) {
            Err(error) if error.kind() == ErrorKind::NotFound && fs::symlink_metadata(out).is_err() => absent(out)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(io::Error::new(ErrorKind::NotFound, "it is a link that leads nowhere"));
            }
            found => found?,
        };
        restore(&target)?;
        let exists = target.exists();
        if exists && !target.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        let way = if exists && must_stay(&target) { Way::Inside } else { Way::Beside };
        let mut site = Self { target, way, around: None };
        site.around = shared(site.folder());
        Ok(site)
    }

    /// The folder in which the result is made.
    fn folder(&self) -> &Path {
        match self.way {
            Way::Inside => &self.target,
            Way::Beside => self.target.parent().unwrap_or(&self.target),
        }
    }

    /// How the names of unfinished folders begin.
    fn prefix(&self) -> OsString {
        match (self.way, self.target.file_name()) {
            (Way::Beside, Some(name)) => marked(name),
            _ => MARK.into(),
        }
    }

    /// Removes what killed runs into the same target left. What a living run works in is locked.
    pub(super) fn remove_leftovers(&self) {
        let prefix = self.prefix();
        let is_left = |name: &OsStr| {
            name.as_encoded_bytes().strip_prefix(prefix.as_encoded_bytes()).is_some_and(|rest| rest.len() == RANDOM)
        };
        // A folder that cannot be listed cannot be written either, and that has a message of its own.
        let entries = fs::read_dir(self.folder()).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| is_unfinished(entry) && is_left(&entry.file_name())) {
            let path = entry.path();
            let is_free = File::open(&path).is_ok_and(|folder| folder.try_lock().is_ok());
            if let (true, Err(error)) = (is_free, fs::remove_dir_all(&path)) {
                warn(format!("cannot remove `{}`, which a broken run left: {error}", shown_path(&path)));
            }
        }
    }

    /// A new folder with the lock that says that it is in use.
    pub(super) fn stage(&mut self) -> io::Result<(TempDir, Option<File>)> {
        loop {
            let folder =
                match tempfile::Builder::new().prefix(&self.prefix()).rand_bytes(RANDOM).tempdir_in(self.folder()) {
                    Err(error) if self.way == Way::Beside && is_forbidden(&error) && self.target.is_dir() => {
                        self.way = Way::Inside;
                        self.around = shared(&self.target);
                        continue;
                    }
                    made => made?,
                };
            let Ok(lock) = File::open(folder.path()) else { return Ok((folder, None)) };
            match lock.try_lock() {
                // Another run may have taken the folder for left over before it was locked.
                Ok(()) if !folder.path().exists() => {}
                Err(TryLockError::WouldBlock) => {}
                Ok(()) => return Ok((folder, Some(lock))),
                Err(TryLockError::Error(_)) => return Ok((folder, None)),
            }
        }
    }

    /// Waits until nobody else makes a result inside the target or exchanges it.
    pub(super) fn lock_target(&mut self) -> Option<File> {
        loop {
            let folder = match self.way {
                Way::Inside => mem::take(&mut self.around)?,
                Way::Beside => File::open(&self.target).ok()?,
            };
            if let Err(TryLockError::WouldBlock) = folder.try_lock() {
                warn(format!("waiting for another run that writes into `{}`", shown_path(&self.target)));
                folder.lock().ok()?;
            }
            if self.way == Way::Inside || is_at(&folder, &self.target)? {
                return Some(folder);
            }
        }
    }
}

/// Where the old result is for a moment if folders can be renamed but not exchanged.
pub(super) fn parked(target: &Path) -> PathBuf {
    let mut name = marked(target.file_name().unwrap_or_default());
    name.push("old");
    target.with_file_name(name)
}

/// Whether an entry of a folder is an unfinished result, whatever its target.
pub(super) fn is_unfinished(entry: &fs::DirEntry) -> bool {
    let name = entry.file_name();
    let name = name.as_encoded_bytes();
    let Some((front, random)) = name.len().checked_sub(RANDOM).and_then(|at| name.split_at_checked(at)) else {
        return false;
    };
    let is_named = name.starts_with(b".") && front.ends_with(MARK.as_bytes());
    is_named && random.iter().all(u8::is_ascii_alphanumeric) && entry.file_type().is_ok_and(|kind| kind.is_dir())
}

fn marked(name: &OsStr) -> OsString {
    let mut marked = OsString::from(".");
    marked.push(name);
    marked.push(MARK);
    marked
}

/// The path of a target that does not exist.
fn absent(out: &Path) -> io::Result<PathBuf> {
    let name = out.file_name().ok_or(ErrorKind::InvalidFilename)?;
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(fs::canonicalize(parent)?.join(name))
}

/// Puts back what was parked when a run was killed between two renames.
fn restore(target: &Path) -> io::Result<()> {
    let parked = parked(target);
    match (parked.is_dir(), target.exists()) {
        (false, _) => Ok(()),
        (true, false) => fs::rename(&parked, target),
        (true, true) => fs::remove_dir_all(&parked),
    }
}

/// A mount point cannot be renamed, and whoever stands in a folder would lose the ground.
fn must_stay(target: &Path) -> bool {
    let is_below = env::current_dir().is_ok_and(|current| current.starts_with(target));
    is_below || target.parent().is_none() || is_mount(target)
}

/// Whether something is mounted on a folder.
#[cfg(target_os = "linux")]
pub(super) fn is_mount(folder: &Path) -> bool {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    let status = statx(CWD, folder, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty());
    status.is_ok_and(|status| status.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_mount(_: &Path) -> bool {
    false
}

fn is_forbidden(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
}

/// A lock that many runs may have, on the folder that is under this path when it is locked.
fn shared(folder: &Path) -> Option<File> {
    loop {
        let file = File::open(folder).ok()?;
        file.lock_shared().ok()?;
        if is_at(&file, folder)? {
            return Some(file);
        }
    }
}

/// Whether an open folder is still the one under a path.
#[cfg(unix)]
fn is_at(folder: &File, path: &Path) -> Option<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let (open, named) = (folder.metadata().ok()?, fs::metadata(path).ok()?);
    Some((open.dev(), open.ino()) == (named.dev(), named.ino()))
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> Option<bool> {
    path.exists().then_some(true)
}
