//! The names of what is not a result yet, or no longer: unfinished folders, locks, what was parked. It only looks.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

/// Part of every name of an unfinished folder, before [`RANDOM`] characters.
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
    let prefix = marked(target.file_name().unwrap_or_default(), "");
    let beside = target
        .parent()
        .map(|folder| left_over(folder, &prefix))
        .unwrap_or_default();
    beside
        .iter()
        .chain(&left_over(&target, OsStr::new(MARK)))
        .any(|left| is_begun(left))
}

/// The unfinished folders in a folder whose names begin like this.
pub(super) fn left_over(folder: &Path, prefix: &OsStr) -> Vec<PathBuf> {
    // A folder that cannot be listed cannot be written either, and that has a message of its own.
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let left = entries.filter(|entry| {
        let name = entry.file_name();
        let random = name
            .as_encoded_bytes()
            .strip_prefix(prefix.as_encoded_bytes());
        is_unfinished(entry) && random.is_some_and(|random| random.len() == RANDOM)
    });
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
    if !name.starts_with(b".") {
        return false;
    }
    if let Some(front) = name.strip_suffix(LOCK.as_bytes()) {
        let is_marked = front.ends_with(MARK.as_bytes());
        let is_lock = |lock: fs::Metadata| lock.is_file() && lock.len() == 0;
        return is_marked && entry.metadata().is_ok_and(is_lock);
    }
    let Some((front, random)) = name.split_last_chunk::<RANDOM>() else {
        return false;
    };
    front.ends_with(MARK.as_bytes())
        && random.iter().all(u8::is_ascii_alphanumeric)
        && entry.file_type().is_ok_and(|kind| kind.is_dir())
}

pub(super) fn marked(name: &OsStr, end: &str) -> OsString {
    let mut marked = OsString::from(".");
    marked.push(name);
    marked.push(MARK);
    marked.push(end);
    marked
}
