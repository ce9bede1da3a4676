//! The copy of a book that another one takes the place of, and which of its files may be written over. It never removes one.
//!
//! Rule **kept-book** of docs/spec.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::claim::{Own, OwnFile, free_name};
use super::disk::sync;
use super::site::beside;
use crate::cli::folder::book_files;

/// Those files of a folder that are to be written over.
pub(super) fn own(target: &Path, made: &BTreeSet<String>) -> Own {
    made.iter()
        .filter_map(|name| Some((name.into(), OwnFile::look_at(&target.join(name))?)))
        .collect()
}

/// Copies the book in a folder to `NAME.before`, or the next free name, if any of its files is to be written over. Those that are,
/// and the copy.
pub(super) fn keep(target: &Path, made: &BTreeSet<String>) -> io::Result<(Own, Option<PathBuf>)> {
    let own = own(target, made);
    if own.is_empty() {
        return Ok((own, None));
    }
    let parent = target.parent().ok_or(io::ErrorKind::InvalidFilename)?;
    let copy = beside(target)?;
    for name in book_files(target) {
        let (from, to) = (target.join(&name), copy.path().join(&name));
        let folder = to.parent().unwrap_or(copy.path());
        fs::create_dir_all(folder)?;
        fs::copy(&from, &to)?;
        fs::File::open(&to)?.sync_all()?;
        sync(folder)?;
    }
    #[cfg(unix)]
    fs::set_permissions(copy.path(), fs::metadata(target)?.permissions())?;
    sync(copy.path())?;
    let kept = free_name(target);
    fs::rename(copy.path(), &kept)?;
    let _ = copy.keep();
    sync(parent)?;
    Ok((own, Some(kept)))
}
