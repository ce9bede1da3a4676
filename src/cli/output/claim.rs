//! What a verb may write over: the files of its own earlier result, as its list names them, while their bytes are the same.
//! Everything else in a folder is somebody else's, and is neither written over nor removed.
//!
//! Rule **whose-file** of docs/spec.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rayon::prelude::*;

use super::names::{has_pending, is_unfinished};
use super::{OutputFile, OutputTarget};
use crate::cli::Failure;
use crate::output::hash::Hasher;
use crate::output::listing::{LISTINGS, ListOrigin, listings, verb};
use crate::output::run_json::Hashes;

/// The file without which a folder is no book.
pub(super) const BOOK: &str = "book.toml";
/// What file managers leave, which is no reason to refuse a folder.
const IGNORED: &[&str] = &[".DS_Store", "Thumbs.db", "desktop.ini"];
/// A folder that a result may have beside it.
const VINTAGES: &str = "vintages";
/// No list is larger.
const MAX_LISTING_BYTES: u64 = 1 << 31;
/// A list says at its beginning whose it is.
const LISTING_HEAD_BYTES: u64 = 256;

/// A file as it was when it was looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    inode: (u64, u64),
}

impl Stamp {
    /// Of a plain file; a link is none.
    pub(super) fn stamp_of_file(path: &Path) -> Option<Self> {
        let metadata = fs::symlink_metadata(path).ok().filter(Metadata::is_file)?;
        Some(Self {
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
            inode: inode(&metadata),
        })
    }
}

#[cfg(unix)]
pub(super) fn inode(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
pub(super) fn inode(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

/// A file that may be written over or removed.
pub(super) struct OwnFile {
    pub stamp: Stamp,
    pub hash: String,
}

impl OwnFile {
    /// A file as it is now.
    pub(super) fn look_at(path: &Path) -> Option<Self> {
        let stamp = Stamp::stamp_of_file(path)?;
        let hash = hash_of(path).ok()?;
        (Stamp::stamp_of_file(path) == Some(stamp)).then_some(Self { stamp, hash })
    }
}

/// The files that may be written over or removed, relative to the target.
pub(super) type Own = BTreeMap<PathBuf, OwnFile>;

const OTHER_FOLDER: &str = "choose another folder with --out";
const MOVE_OR_OTHER_FOLDER: &str = "move or rename it, or choose another folder with --out";

/// Refuses a folder that holds a book, or files but no result: a result never goes into the one, and into the other only by
/// `--force`. A book does not go into a result.
pub(super) fn check_folder(folder: &Path, target: &OutputTarget) -> Result<(), Failure> {
    let shown = target.out.display();
    let is_book = folder.join(BOOK).exists();
    let (message, help) = match target.work {
        OutputFile::Book if is_result(folder) => (
            format!("`{shown}` holds results; a book needs a folder of its own"),
            OTHER_FOLDER.to_owned(),
        ),
        OutputFile::Book if is_book && !target.is_forced => (
            format!("there is already a book in `{shown}`"),
            format!("{OTHER_FOLDER}, or add --force: the old book is kept as `{shown}.before`"),
        ),
        OutputFile::Grown if !is_book => (
            format!("there is no book in `{shown}`"),
            "leave out --add to make one, or name the folder of a book with --out".to_owned(),
        ),
        OutputFile::Result(_) if is_book => (
            format!("`{shown}` is a book; results need a folder of their own"),
            OTHER_FOLDER.to_owned(),
        ),
        OutputFile::Result(_) if !target.is_forced && !is_result(folder) => {
            let foreign = foreign_file(folder, folder);
            // A result whose files are being put into place has no list for a moment, or since a kill.
            match foreign.filter(|_| !has_pending(folder) && !is_result(folder)) {
                Some(name) => (
                    format!(
                        "`{shown}` is not empty and holds no earlier result: it has `{}`",
                        name.display()
                    ),
                    format!("{OTHER_FOLDER}, or add --force: existing files stay as they are"),
                ),
                None => return Ok(()),
            }
        }
        _ => return Ok(()),
    };
    Err(Failure::new(message, help))
}

/// Whether a verb has left its list in a folder, be it changed since.
fn is_result(folder: &Path) -> bool {
    LISTINGS
        .iter()
        .any(|name| begins_as_list(&folder.join(name)).unwrap_or(false))
}

fn begins_as_list(path: &Path) -> Option<bool> {
    Stamp::stamp_of_file(path)?;
    let mut head = Vec::new();
    File::open(path)
        .ok()?
        .take(LISTING_HEAD_BYTES)
        .read_to_end(&mut head)
        .ok()?;
    Some(ListOrigin::begins(&head))
}

/// The first file in a folder that is no part of a result in it.
fn foreign_file(folder: &Path, top: &Path) -> Option<PathBuf> {
    let mut entries: Vec<fs::DirEntry> =
        fs::read_dir(folder).ok()?.filter_map(Result::ok).collect();
    entries.retain(|entry| !is_unfinished(entry));
    entries.sort_by_key(fs::DirEntry::file_name);
    let (folders, files): (Vec<_>, Vec<_>) = entries
        .into_iter()
        .partition(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    for entry in files {
        let name = entry.file_name();
        if !IGNORED.iter().any(|ignored| name == **ignored) {
            return entry.path().strip_prefix(top).map(Path::to_owned).ok();
        }
    }
    let mut others = folders.into_iter().filter(|entry| {
        (folder != top || entry.file_name() != VINTAGES) && !is_result(&entry.path())
    });
    others.find_map(|entry| foreign_file(&entry.path(), top))
}

/// The files of the earlier result that `listing` names, if all that is to be made can be made without writing over others.
pub(super) fn survey(
    target: &Path,
    made: &BTreeSet<String>,
    listing: &str,
    out: &Path,
) -> Result<Own, Failure> {
    let lists = listings(|name| plain(&target.join(name)));
    let empty = Hashes::new();
    let listed = lists.get(listing).unwrap_or(&empty);
    let own: Own = listed
        .par_iter()
        .filter_map(|(name, hash)| {
            let file = OwnFile::look_at(&target.join(name)).filter(|file| file.hash == *hash)?;
            Some((PathBuf::from(name), file))
        })
        .collect();
    // The list first: where it has changed, nothing is known of the other files.
    let others = made
        .iter()
        .map(String::as_str)
        .filter(|name| *name != listing);
    for name in std::iter::once(listing).chain(others) {
        let Some(taken) = taken(target, name) else {
            continue;
        };
        if taken == Path::new(name) && own.contains_key(&taken) {
            continue;
        }
        let bytes = if name == listing {
            plain(&target.join(name))
        } else {
            None
        };
        let origin = bytes.map(|bytes| ListOrigin::origin_of(&bytes));
        let is_changed = origin == Some(ListOrigin::Changed) || listed.contains_key(name);
        let other = lists.iter().find(|(_, outputs)| outputs.contains_key(name));
        let shown = out.join(&taken);
        let shown = shown.display();
        return Err(match other {
            _ if is_changed => Failure::new(
                format!("`{shown}` has changed since it was written"),
                "move it to keep it, delete it to have it written again, or choose another folder with --out",
            ),
            Some((other, _)) => Failure::new(
                format!(
                    "`{shown}` belongs to what `renewcast {}` wrote",
                    verb(other)
                ),
                OTHER_FOLDER,
            ),
            None => Failure::new(
                format!("`{shown}` would be overwritten, and it is not part of an earlier result"),
                MOVE_OR_OTHER_FOLDER,
            ),
        });
    }
    Ok(own)
}

/// Refuses a book whose files would be written over others than those in `own`.
pub(super) fn check_book(
    target: &Path,
    made: &BTreeSet<String>,
    own: &Own,
    out: &Path,
) -> Result<(), Failure> {
    let mut others = made.iter().filter_map(|name| taken(target, name));
    let Some(taken) = others.find(|taken| !own.contains_key(taken)) else {
        return Ok(());
    };
    let shown = out.join(&taken);
    let message = format!(
        "`{}` would be overwritten, and there is no book in the folder",
        shown.display()
    );
    Err(Failure::new(message, MOVE_OR_OTHER_FOLDER))
}

/// What is in the place of a file that is to be made: itself, or something else than a folder above it.
fn taken(target: &Path, name: &str) -> Option<PathBuf> {
    let name = Path::new(name);
    let above = name
        .ancestors()
        .skip(1)
        .filter(|path| !path.as_os_str().is_empty());
    for folder in above.collect::<Vec<_>>().into_iter().rev() {
        let found = fs::symlink_metadata(target.join(folder)).ok()?;
        if !found.is_dir() {
            return Some(folder.to_owned());
        }
    }
    fs::symlink_metadata(target.join(name))
        .ok()
        .map(|_| name.to_owned())
}

/// The bytes of a plain file of no great size.
pub(super) fn plain(path: &Path) -> Option<Vec<u8>> {
    let metadata = fs::symlink_metadata(path).ok()?;
    let is_read = metadata.is_file() && metadata.len() <= MAX_LISTING_BYTES;
    is_read.then(|| fs::read(path).ok()).flatten()
}

/// The SHA-256 of a file.
fn hash_of(path: &Path) -> io::Result<String> {
    let mut hasher = Hasher::default();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher.hex())
}

/// A free name beside a file or folder: `NAME.before`, `NAME.before-2`, and so on.
pub(super) fn free_name(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".before");
    let mut free = path.with_file_name(&name);
    let mut number = 1;
    while !matches!(fs::symlink_metadata(&free), Err(error) if error.kind() == ErrorKind::NotFound)
    {
        number += 1;
        let mut numbered = name.clone();
        numbered.push(format!("-{number}"));
        free = path.with_file_name(numbered);
    }
    free
}
