//! Locks between programs, which end with their process.
//!
//! | who | holds | for how long |
//! |---|---|---|
//! | whoever writes into `x/y` | alone: the file `x/.y.renewcast-lock` | from its first file to the end |
//! | whoever works in `x`: writes into `x/y`, reads the book or result `x` | with others: `x` and each folder above | as long |
//! | whoever exchanges `x` for a new folder | alone: the folder `x` | for the exchange |
//! | whoever writes within `x`, which cannot be exchanged | alone: the folder `x` | from its first file to the end |
//!
//! A lock is taken again if the folder or file under its path has become another one meanwhile. Everybody asks for folders from the
//! top down and for the file last, so nobody waits in a circle. Where the system has no locks, programs are on their own.
//!
//! Rule **one-at-a-time** of docs/spec.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::thread;
use std::time::Duration;

use super::names::{LOCK, MARK};
use crate::cli::diagnostics::shown_path;
use crate::cli::print::warn;

/// Before it says so, a program waits this often, and so long each time.
const SILENT_WAITS: u32 = 30;
const WAIT: Duration = Duration::from_millis(10);

/// Folders that nobody exchanges while this is held.
pub(in crate::cli) struct HeldFolders(
    #[expect(dead_code, reason = "a lock is held, not used")] Vec<File>,
);

impl HeldFolders {
    /// Keeps a folder, and each one above it, where it is.
    pub(in crate::cli) fn folder(folder: &Path) -> Self {
        let Ok(folder) = fs::canonicalize(folder) else {
            return Self(Vec::new());
        };
        let mut above: Vec<&Path> = folder.ancestors().collect();
        above.reverse();
        Self(
            above
                .into_iter()
                .filter_map(|folder| lock_folder(folder, LockMode::WithOthers))
                .collect(),
        )
    }
}

/// Waits until nobody works in a folder; none where there are no such locks, or no such folder.
pub(super) fn alone(folder: &Path) -> Option<File> {
    lock_folder(folder, LockMode::Alone)
}

/// A file beside a target that says that somebody writes into it. Gone when it is dropped.
pub(super) struct TargetLock {
    path: PathBuf,
    file: File,
    /// Whether the system has locks.
    pub is_held: bool,
}

impl TargetLock {
    /// Waits until nobody else writes into the target.
    pub(super) fn take(path: PathBuf) -> io::Result<Self> {
        loop {
            let file = open_lock_file(&path)?;
            let is_held = wait(&file, LockMode::Alone, &path);
            if !is_held || is_at(&file, &path) == Some(true) {
                return Ok(Self {
                    path,
                    file,
                    is_held,
                });
            }
        }
    }
}

impl Drop for TargetLock {
    fn drop(&mut self) {
        // Whoever waits for this file sees that it is gone, and makes a new one.
        if self.is_held && is_at(&self.file, &self.path) == Some(true) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Opens a lock; one that another person's program left can be read only.
fn open_lock_file(path: &Path) -> io::Result<File> {
    match OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
    {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            File::open(path).map_err(|_| error)
        }
        opened => opened,
    }
}

#[derive(Clone, Copy)]
enum LockMode {
    WithOthers,
    Alone,
}

fn lock_folder(folder: &Path, share: LockMode) -> Option<File> {
    loop {
        let file = File::open(folder).ok()?;
        if !wait(&file, share, folder) {
            return None;
        }
        if is_at(&file, folder)? {
            return Some(file);
        }
    }
}

/// Waits for a lock, and says so once if that takes a while; false where there are no locks.
fn wait(file: &File, share: LockMode, path: &Path) -> bool {
    static SAID: Once = Once::new();
    for _ in 0..SILENT_WAITS {
        let tried = match share {
            LockMode::WithOthers => file.try_lock_shared(),
            LockMode::Alone => file.try_lock(),
        };
        match tried {
            Ok(()) => return true,
            Err(TryLockError::Error(_)) => return false,
            Err(TryLockError::WouldBlock) => thread::sleep(WAIT),
        }
    }
    SAID.call_once(|| {
        warn(format!(
            "waiting for another renewcast that is at work in `{}`",
            shown_path(&folder_of(path))
        ));
    });
    let locked = match share {
        LockMode::WithOthers => file.lock_shared(),
        LockMode::Alone => file.lock(),
    };
    locked.is_ok()
}

/// The folder that a lock is about.
fn folder_of(path: &Path) -> PathBuf {
    let name = path.file_name().and_then(|name| name.to_str());
    let target = name.and_then(|name| {
        name.strip_prefix('.')?
            .strip_suffix(&format!("{MARK}{LOCK}"))
    });
    target.map_or_else(|| path.to_owned(), |target| path.with_file_name(target))
}

/// Whether an open file or folder is still the one under a path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> Option<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let open = file.metadata().ok()?;
    match fs::metadata(path) {
        Ok(named) => Some((open.dev(), open.ino()) == (named.dev(), named.ino())),
        Err(error) if error.kind() == ErrorKind::NotFound => Some(false),
        Err(_) => None,
    }
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> Option<bool> {
    Some(path.exists())
}
