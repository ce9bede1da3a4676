//! Puts a new folder into the place of an old one by an atomic exchange of names, with the files that others have in it.
//!
//! | target | what is done | what a kill leaves |
//! |---|---|---|
//! | does not exist | one rename | nothing or the new one |
//! | a folder, on Linux | one exchange | the old one or the new one |
//! | a folder, where no exchange exists (other systems; NFS) | renames: old away, new in place | besides: no target, and the old one as `.NAME.renewcast-old`, which the next run puts back |
//! | a mount point, the folder one stands in or one above it, one that is read-only, holds a mount, or stands where one may not write | renames file by file: `within` | besides: files of both, and no list or `book.toml`; the next run ends it |
//!
//! So a folder with its list or `book.toml` is always whole. Files of others come along as hard links, as copies where there are
//! none. Of the old folder only what is known is removed; whatever came into it meanwhile is moved along.

use std::collections::BTreeSet;
use std::fs::{self, DirEntry, FileTimes, FileType};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::claim::{Own, Stamp, inode};
use super::disk::{is_mount, sync};
use super::names::{is_begun, is_unfinished, parked};
use super::site::{Replacement, Site};
use super::within::{self, Broken};
use crate::cli::print::warn;

/// How the new folder came to its place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Exchanged {
    /// As a folder: nothing is left where it was.
    Whole,
    /// File by file: empty folders are left where it was.
    ByFiles,
}

/// A folder and the one that takes its place, or an entry in each of them.
struct FolderPair {
    old: PathBuf,
    new: PathBuf,
    /// The name of both, relative to the folders that are exchanged.
    name: PathBuf,
}

impl FolderPair {
    fn whole(old: &Path, new: &Path) -> Self {
        Self {
            old: old.to_owned(),
            new: new.to_owned(),
            name: PathBuf::new(),
        }
    }

    /// What is in both under the name of an entry of the old folder.
    fn inner(&self, entry: &DirEntry) -> Self {
        let name = entry.file_name();
        Self {
            old: entry.path(),
            new: self.new.join(&name),
            name: self.name.join(&name),
        }
    }
}

/// Puts `new`, whose files are durable, into the place of the target, of which `own` is written over or removed. `is_alone` says
/// that nobody else works in the target.
pub(super) fn put(site: &Site, new: &Path, own: &Own, is_alone: bool) -> Result<Exchanged, Broken> {
    let target = &site.target;
    let parent = target.parent().unwrap_or(target);
    if site.way == Replacement::Inside {
        within::put(target, new, own)?;
        return Ok(Exchanged::ByFiles);
    }
    if fs::symlink_metadata(target).is_err() {
        sync(new)?;
        fs::rename(new, target)?;
        sync(parent)?;
        return Ok(Exchanged::Whole);
    }
    let made: BTreeSet<PathBuf> = within::files(new)?.into_iter().collect();
    let kept = BackupRule { own, is_alone }.keep_folder(&FolderPair::whole(target, new));
    match kept.and_then(|_| swap(new, target)) {
        Err(error) if is_bound(&error) => {
            forget(new, &made)?;
            within::put(target, new, own)?;
            Ok(Exchanged::ByFiles)
        }
        swapped => {
            swapped?;
            let clearing = Clearing { own, made: &made };
            // After the exchange the old folder has the name of the new one.
            clearing.finish(parent, &FolderPair::whole(new, target));
            Ok(Exchanged::Whole)
        }
    }
}

/// Whether the target cannot be exchanged, though files within it may be.
fn is_bound(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::CrossesDevices | ErrorKind::PermissionDenied | ErrorKind::ResourceBusy
    )
}

/// Removes from a new folder what was kept for an exchange that could not be.
fn forget(new: &Path, made: &BTreeSet<PathBuf>) -> io::Result<()> {
    for name in within::files(new)? {
        if !made.contains(&name) {
            fs::remove_file(new.join(name))?;
        }
    }
    Ok(())
}

/// Brings what others have in an old folder to a new one.
struct BackupRule<'o> {
    own: &'o Own,
    is_alone: bool,
}

impl BackupRule<'_> {
    /// A folder; whether anything in it is kept, or nothing was in it.
    fn keep_folder(&self, folders: &FolderPair) -> io::Result<bool> {
        let FolderPair { old, new, .. } = folders;
        // Neither could what is read-only be removed with the old folder, nor is it meant to be.
        if fs::metadata(old)?.permissions().readonly() {
            return Err(ErrorKind::PermissionDenied.into());
        }
        let (mut is_empty, mut is_kept) = (true, false);
        for entry in fs::read_dir(old)? {
            let entry = entry?;
            is_empty = false;
            if is_unfinished(&entry) && !is_begun(&entry.path()) {
                // Without locks it may be somebody's who is at work.
                if !self.is_alone {
                    return Err(ErrorKind::ResourceBusy.into());
                }
            } else {
                is_kept |= self.keep_entry(entry.file_type()?, &folders.inner(&entry))?;
            }
        }
        if is_kept || is_empty {
            look_like(old, new)?;
            sync(new)?;
        }
        Ok(is_kept || is_empty)
    }

    fn keep_entry(&self, kind: FileType, entry: &FolderPair) -> io::Result<bool> {
        let FolderPair { old, new, name } = entry;
        if kind.is_dir() {
            // What is mounted there would be removed with the old folder.
            if is_mount(old) {
                return Err(ErrorKind::CrossesDevices.into());
            }
            let is_there = new.is_dir();
            if !is_there {
                fs::create_dir(new)?;
            }
            let is_kept = self.keep_folder(entry)?;
            if !is_kept && !is_there {
                fs::remove_dir(new)?;
            }
            return Ok(is_kept);
        }
        if self.own.contains_key(name) {
            return Ok(false);
        }
        fs::hard_link(old, new).or_else(|error| copy_unlinkable(old, new, kind, error))?;
        Ok(true)
    }
}

/// Copies what cannot be linked.
fn copy_unlinkable(from: &Path, to: &Path, kind: FileType, error: io::Error) -> io::Result<()> {
    if matches!(
        error.kind(),
        ErrorKind::CrossesDevices | ErrorKind::AlreadyExists
    ) {
        return Err(error);
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
    Err(error)
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
    let swapped = renameat_with(CWD, new, CWD, target, RenameFlags::EXCHANGE);
    swapped
        .map_err(io::Error::from)
        .or_else(|error| match error.kind() {
            ErrorKind::Unsupported | ErrorKind::InvalidInput => rotate(new, target),
            _ => Err(error),
        })
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

/// Takes apart the old folder after an exchange.
struct Clearing<'o> {
    own: &'o Own,
    /// The files of the new result.
    made: &'o BTreeSet<PathBuf>,
}

impl Clearing<'_> {
    /// What is left to do after an exchange. It cannot undo it any more.
    fn finish(&self, parent: &Path, folders: &FolderPair) {
        // What somebody puts in while the folder is taken apart is met the next time.
        let cleared = self
            .clear_folder(folders)
            .or_else(|_| self.clear_folder(folders))
            .or_else(|_| self.clear_folder(folders));
        if let Err(error) = sync(parent).and(cleared) {
            warn(format!(
                "the result is complete, but the old one cannot be removed: {error}"
            ));
        }
    }

    fn clear_folder(&self, folders: &FolderPair) -> io::Result<()> {
        for entry in fs::read_dir(&folders.old)? {
            let entry = entry?;
            let is_folder = entry.file_type()?.is_dir();
            match is_unfinished(&entry) && !is_begun(&entry.path()) {
                true if is_folder => fs::remove_dir_all(entry.path())?,
                true => fs::remove_file(entry.path())?,
                false if is_folder => self.clear_folder(&folders.inner(&entry))?,
                false => self.clear_file(&folders.inner(&entry))?,
            }
        }
        // One that something came into meanwhile stays, and with it what came.
        fs::remove_dir(&folders.old)
    }

    /// Removes a file that is known; one that came after the others were looked at goes to the new result.
    fn clear_file(&self, file: &FolderPair) -> io::Result<()> {
        let FolderPair { old, new, name } = file;
        let own = self.own.get(name);
        let is_own = own.is_some_and(|own| Stamp::stamp_of_file(old) == Some(own.stamp));
        let is_made = self.made.contains(name);
        if is_own || (!is_made && is_same(old, new)) {
            return fs::remove_file(old);
        }
        if is_made {
            return within::keep_aside(old, new);
        }
        if let Some(folder) = new.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::rename(old, new)
    }
}

/// Whether two names are of one file, or of files with the same bytes.
fn is_same(one: &Path, other: &Path) -> bool {
    let (Ok(first), Ok(second)) = (fs::symlink_metadata(one), fs::symlink_metadata(other)) else {
        return false;
    };
    if cfg!(unix) && inode(&first) == inode(&second) {
        return true;
    }
    if first.is_symlink() && second.is_symlink() {
        return fs::read_link(one)
            .is_ok_and(|to| fs::read_link(other).is_ok_and(|other| to == other));
    }
    let is_alike = first.is_file() && second.is_file() && first.len() == second.len();
    is_alike && fs::read(one).is_ok_and(|bytes| fs::read(other).is_ok_and(|other| bytes == other))
}
