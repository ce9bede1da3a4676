//! The names of what is not a result yet, or no longer: unfinished folders, locks, what was parked.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

/// Stands in every name of an unfinished folder, before [`RANDOM`] characters.
pub(super) const MARK: &str = ".renewcast-";
pub(super) const RANDOM: usize = 6;
/// How the name of a lock ends.
pub(super) const LOCK: &str = "lock";
/// A folder among new files: putting them into place has begun.
pub(super) const BEGUN: &str = ".renewcast-old";
/// Last of what is written down before putting files into place begins.
pub(super) const STALE: &str = "stale.json";

/// Whether putting the files of a folder into place has begun, and not ended.
pub(super) fn is_begun(new: &Path) -> bool {
    new.join(BEGUN).join(STALE).is_file()
}

/// Whether a killed or living run has begun to put files into a target one by one, and has not ended.
pub(super) fn has_pending(target: &Path) -> bool {
    let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
    let name = target.file_name().unwrap_or_default();
    let beside = target
        .parent()
        .map(|folder| left_over(folder, &marked(name, "")))
        .unwrap_or_default();
    beside
        .iter()
        .chain(&left_over(&target, OsStr::new(MARK)))
        .any(|left| is_begun(left))
}

/// The unfinished folders in a folder whose names begin like this.
pub(super) fn left_over(folder: &Path, prefix: &OsStr) -> Vec<PathBuf> {
    let is_left = |name: &OsStr| {
        name.as_encoded_bytes()
            .strip_prefix(prefix.as_encoded_bytes())
            .is_some_and(|rest| rest.len() == RANDOM)
    };
    // A folder that cannot be listed cannot be written either, and that has a message of its own.
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let left = entries.filter(|entry| is_unfinished(entry) && is_left(&entry.file_name()));
    left.map(|entry| entry.path()).collect()
}

/// Where the old result is for a moment if folders can be renamed but not exchanged.
pub(super) fn parked(target: &Path) -> PathBuf {
    target.with_file_name(marked(target.file_name().unwrap_or_default(), "old"))
}

/// Whether an entry of a folder is an unfinished result or a lock, whatever its target.
pub(super) fn is_unfinished(entry: &fs::DirEntry) -> bool {
    let name = entry.file_name();
    let name = name.as_encoded_bytes();
    let kind = entry.file_type();
    if let Some(front) = name.strip_suffix(LOCK.as_bytes()) {
        let is_empty = || {
            entry
                .metadata()
                .is_ok_and(|metadata| metadata.is_file() && metadata.len() == 0)
        };
        return name.starts_with(b".") && front.ends_with(MARK.as_bytes()) && is_empty();
    }
    let Some((front, random)) = name
        .len()
        .checked_sub(RANDOM)
        .and_then(|at| name.split_at_checked(at))
    else {
        return false;
    };
    let is_named = name.starts_with(b".") && front.ends_with(MARK.as_bytes());
    is_named && random.iter().all(u8::is_ascii_alphanumeric) && kind.is_ok_and(|kind| kind.is_dir())
}

pub(super) fn marked(name: &OsStr, end: &str) -> OsString {
    let mut marked = OsString::from(".");
    marked.push(name);
    marked.push(MARK);
    marked.push(end);
    marked
}
