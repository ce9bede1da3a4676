//! Puts a new folder into the place of an old one, with the files that no run wrote.
//!
//! | target | what is done | what a kill leaves |
//! |---|---|---|
//! | does not exist | one rename | nothing or the new one |
//! | a folder, on Linux | one exchange | the old one or the new one |
//! | a folder, where no exchange exists (other systems; NFS) | renames: old away, new in place | besides: no target, and the old one as `.NAME.renewcast-old`, which the next run puts back |
//! | a mount point, the folder one stands in or one above it, one that is read-only, holds a mount, or stands where one may not write | renames within it, name by name | besides: files of both, and neither `run.json` nor `book.toml` |
//!
//! So a folder with its `run.json` or `book.toml` is always whole. Files that no run wrote come along as hard links, as
//! copies where there are none.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, FileTimes, FileType};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::site::{Site, Way, is_mount, is_unfinished, parked};

/// The files without which a folder is no result and no book: gone before the first rename within a folder, back after the
/// last.
const SEALS: &[&str] = &["run.json", "book.toml"];

/// What a new folder brings.
pub(super) struct Parts {
    /// The names at its top.
    pub made: BTreeSet<String>,
    /// Names whose old files do not come along.
    pub replaced: BTreeSet<String>,
}

/// How the new folder came to its place.
pub(super) enum Done {
    /// It was renamed.
    Moved,
    /// What is of no more use is where it was.
    Exchanged,
}

/// Why it did not.
pub(super) struct Broken {
    pub error: io::Error,
    /// The seal that the target lost.
    pub without: Option<&'static str>,
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self { error, without: None }
    }
}

impl Parts {
    fn hold(&self, name: &OsStr) -> bool {
        name.to_str().is_some_and(|name| self.made.contains(name) || self.replaced.contains(name))
    }
}

/// Puts `new`, whose files are durable, into the place of the target.
pub(super) fn put(site: &Site, new: &Path, parts: &Parts) -> Result<Done, Broken> {
    let target = &site.target;
    let parent = target.parent().unwrap_or(target);
    if site.way == Way::Beside && fs::symlink_metadata(target).is_err() {
        sync(new)?;
        fs::rename(new, target)?;
        sync(parent)?;
        return Ok(Done::Moved);
    }
    if site.way == Way::Beside {
        match keep(target, new, Some(parts)).and_then(|()| swap(new, target)) {
            Err(error) if is_bound(&error) => {}
            swapped => {
                swapped?;
                sync(parent)?;
                return Ok(Done::Exchanged);
            }
        }
    }
    let seal = SEALS.iter().copied().find(|seal| parts.made.contains(*seal));
    put_within(target, new, parts, seal).map_err(|error| Broken { error, without: seal })?;
    Ok(Done::Exchanged)
}

/// Whether the target cannot be exchanged, though files within it may be.
fn is_bound(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::CrossesDevices | ErrorKind::PermissionDenied | ErrorKind::ResourceBusy)
}

/// Brings what stands in `from` to `to`, except for what a run makes; the folder looks as before.
fn keep(from: &Path, to: &Path, parts: Option<&Parts>) -> io::Result<()> {
    // Neither could what is read-only be removed with the old folder, nor is it meant to be.
    if fs::metadata(from)?.permissions().readonly() {
        return Err(ErrorKind::PermissionDenied.into());
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        if parts.is_some_and(|parts| parts.hold(&name)) || is_unfinished(&entry) {
            continue;
        }
        let (old, new) = (entry.path(), to.join(&name));
        if kind.is_dir() {
            // What is mounted there would be removed with the old folder.
            if is_mount(&old) {
                return Err(ErrorKind::CrossesDevices.into());
            }
            fs::create_dir(&new)?;
            keep(&old, &new, None)?;
        } else if let Err(error) = fs::hard_link(&old, &new) {
            copy(&old, &new, (kind, error))?;
        }
    }
    look_like(from, to)?;
    sync(to)
}

/// Copies what cannot be linked.
fn copy(from: &Path, to: &Path, (kind, unlinked): (FileType, io::Error)) -> io::Result<()> {
    if unlinked.kind() == ErrorKind::CrossesDevices {
        return Err(unlinked);
    }
    if kind.is_file() {
        fs::copy(from, to)?;
        let copied = fs::File::options().write(true).open(to)?;
        copied.set_times(FileTimes::new().set_modified(fs::metadata(from)?.modified()?))?;
        return copied.sync_all();
    }
    #[cfg(unix)]
    if kind.is_symlink() {
        return std::os::unix::fs::symlink(fs::read_link(from)?, to);
    }
    Err(unlinked)
}

#[cfg(unix)]
fn look_like(from: &Path, to: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let (old, new) = (fs::metadata(from)?, fs::metadata(to)?);
    if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
        chown(to, Some(old.uid()), Some(old.gid()))?;
    }
    fs::set_permissions(to, old.permissions())
}

#[cfg(not(unix))]
fn look_like(_: &Path, _: &Path) -> io::Result<()> {
    Ok(())
}

/// Exchanges two folders.
#[cfg(target_os = "linux")]
fn swap(new: &Path, target: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, new, CWD, target, RenameFlags::EXCHANGE).map_err(io::Error::from) {
        Err(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::InvalidInput) => rotate(new, target),
        swapped => swapped,
    }
}

#[cfg(not(target_os = "linux"))]
fn swap(new: &Path, target: &Path) -> io::Result<()> {
    rotate(new, target)
}

/// Exchanges two folders in three renames.
fn rotate(new: &Path, target: &Path) -> io::Result<()> {
    let parked = parked(target);
    fs::rename(target, &parked)?;
    if let Err(error) = fs::rename(new, target) {
        fs::rename(&parked, target)?;
        return Err(error);
    }
    fs::rename(&parked, new)
}

/// Puts the parts of `new` into the target one by one, which has no seal in between.
fn put_within(target: &Path, new: &Path, parts: &Parts, seal: Option<&'static str>) -> io::Result<()> {
    let discarded = new.join(".renewcast-old");
    fs::create_dir(&discarded)?;
    let discard = |name: &str| match fs::rename(target.join(name), discarded.join(name)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    if let Some(seal) = seal {
        discard(seal)?;
        sync(target)?;
    }
    for name in parts.replaced.union(&parts.made) {
        let (old, new) = (target.join(name), new.join(name));
        if old.is_dir() || new.is_dir() || !parts.made.contains(name) {
            discard(name)?;
        }
        if parts.made.contains(name) && Some(name.as_str()) != seal {
            fs::rename(new, old)?;
        }
    }
    sync(target)?;
    if let Some(seal) = seal {
        fs::rename(new.join(seal), target.join(seal))?;
    }
    sync(target)
}

/// Makes the names in a folder durable, where the system can.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
    if cfg!(unix) { synced } else { Ok(()) }
}
