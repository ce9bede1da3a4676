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

use super::OutputFile;
use super::names::{has_pending, is_unfinished};
use crate::cli::Failure;
use crate::output::hash::Hasher;
use crate::output::listing::{LISTINGS, ListOrigin, listings, verb};
use crate::output::run_json::Hashes;

/// The file without which a folder is no book.
pub(super) const BOOK: &str = "book.toml";
/// What is no reason to refuse a folder.
const NO_REASON: &[&str] = &[".DS_Store", "Thumbs.db", "desktop.ini"];
/// A folder that a result may have beside it.
const VINTAGES: &str = "vintages";
/// No list is larger.
const LARGEST_LISTING: u64 = 1 << 31;
/// A list says within so many bytes whose it is.
const HEAD: u64 = 256;

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

/// Refuses a folder that holds a book, or files but no result: a result never goes into the one, and into the other only by
/// `--force`. A book does not go into a result.
pub(super) fn check_folder(
    target: &Path,
    (out, work, is_forced): (&Path, OutputFile, bool),
) -> Result<(), Failure> {
    let shown = out.display();
    match work {
        OutputFile::Book if is_result(target) => Err(Failure::new(
            format!("`{shown}` holds results; a book needs a folder of its own"),
            "choose another folder with --out",
        )),
        OutputFile::Book if target.join(BOOK).exists() && !is_forced => Err(Failure::new(
            format!("there is already a book in `{shown}`"),
            format!(
                "choose another folder with --out, or add --force: the old book is kept as `{shown}.before`"
            ),
        )),
        OutputFile::Grown if !target.join(BOOK).exists() => Err(Failure::new(
            format!("there is no book in `{shown}`"),
            "leave out --add to make one, or name the folder of a book with --out",
        )),
        OutputFile::Result(_) if target.join(BOOK).exists() => Err(Failure::new(
            format!("`{shown}` is a book; results need a folder of their own"),
            "choose another folder with --out",
        )),
        OutputFile::Result(_) if !is_forced && !is_result(target) => {
            match foreign_file(target, target) {
                // A result whose files are being put into place has no list for a moment, or since a kill.
                Some(_) if has_pending(target) || is_result(target) => Ok(()),
                Some(name) => Err(Failure::new(
                    format!(
                        "`{shown}` is not empty and holds no earlier result: it has `{}`",
                        name.display()
                    ),
                    "choose another folder with --out, or add --force: the files that are there stay as they are",
                )),
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// Whether a verb has left its list in a folder, be it changed since.
fn is_result(folder: &Path) -> bool {
    LISTINGS.iter().any(|name| {
        let mut head = Vec::new();
        let read = Stamp::stamp_of_file(&folder.join(name))
            .and_then(|_| File::open(folder.join(name)).ok());
        read.is_some_and(|file| {
            file.take(HEAD).read_to_end(&mut head).is_ok() && ListOrigin::begins(&head)
        })
    })
}

/// The first file in a folder that is no part of a result in it.
fn foreign_file(folder: &Path, top: &Path) -> Option<PathBuf> {
    let mut entries: Vec<fs::DirEntry> =
        fs::read_dir(folder).ok()?.filter_map(Result::ok).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    let (folders, files): (Vec<_>, Vec<_>) = entries
        .into_iter()
        .partition(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let counts = |entry: &&fs::DirEntry| {
        let name = entry.file_name();
        !NO_REASON.iter().any(|known| name == **known) && !is_unfinished(entry)
    };
    let file = files.iter().find(counts).map(fs::DirEntry::path);
    let file = file.and_then(|path| path.strip_prefix(top).map(Path::to_owned).ok());
    file.or_else(|| {
        let is_looked_at = |entry: &&fs::DirEntry| {
            !is_unfinished(entry)
                && (folder != top || entry.file_name() != VINTAGES)
                && !is_result(&entry.path())
        };
        folders
            .iter()
            .filter(is_looked_at)
            .find_map(|entry| foreign_file(&entry.path(), top))
    })
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
    let look = |(name, hash): (&String, &String)| {
        let file = OwnFile::look_at(&target.join(name)).filter(|file| file.hash == *hash)?;
        Some((PathBuf::from(name), file))
    };
    let own: Own = listed.par_iter().filter_map(look).collect();
    // The list first: where it has changed, nothing is known of the other files.
    let others_first = std::iter::once(listing).chain(
        made.iter()
            .map(String::as_str)
            .filter(|name| *name != listing),
    );
    for name in others_first {
        let Some(taken) = taken(target, name) else {
            continue;
        };
        if taken == Path::new(name) && own.contains_key(&taken) {
            continue;
        }
        let other = lists
            .iter()
            .find(|(_, outputs)| outputs.contains_key(name))
            .map(|(listing, _)| *listing);
        let is_changed_list = name == listing
            && plain(&target.join(name))
                .is_some_and(|bytes| ListOrigin::origin_of(&bytes) == ListOrigin::Changed);
        let file = out.join(&taken);
        return Err(match other {
            _ if is_changed_list || listed.contains_key(name) => changed(&file),
            Some(other) => belongs(&file, other),
            None => foreign(&file),
        });
    }
    Ok(own)
}

/// Refuses a book whose files would be written over others than those in `own`.
pub(super) fn check_book(
    target: &Path,
    (made, own): (&BTreeSet<String>, &Own),
    out: &Path,
) -> Result<(), Failure> {
    let others = made
        .iter()
        .filter_map(|name| taken(target, name))
        .find(|taken| !own.contains_key(taken));
    others.map_or(Ok(()), |taken| {
        let message = format!(
            "`{}` would be overwritten, and there is no book in the folder",
            out.join(&taken).display()
        );
        Err(Failure::new(
            message,
            "move or rename it, or choose another folder with --out",
        ))
    })
}

/// What stands in the place of a file that is to be made: itself, or something else than a folder above it.
fn taken(target: &Path, name: &str) -> Option<PathBuf> {
    let name = Path::new(name);
    let mut above: Vec<&Path> = name
        .ancestors()
        .skip(1)
        .filter(|path| !path.as_os_str().is_empty())
        .collect();
    above.reverse();
    for folder in above {
        match fs::symlink_metadata(target.join(folder)) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Some(folder.to_owned()),
            Err(_) => return None,
        }
    }
    fs::symlink_metadata(target.join(name))
        .ok()
        .map(|_| name.to_owned())
}

/// Refuses to write over a file of somebody else.
fn foreign(file: &Path) -> Failure {
    let message = format!(
        "`{}` would be overwritten, and it is not part of an earlier result",
        file.display()
    );
    Failure::new(
        message,
        "move or rename it, or choose another folder with --out",
    )
}

fn changed(file: &Path) -> Failure {
    let message = format!("`{}` has changed since it was written", file.display());
    Failure::new(
        message,
        "move it to keep it, delete it to have it written again, or choose another folder with --out",
    )
}

fn belongs(file: &Path, listing: &str) -> Failure {
    let message = format!(
        "`{}` belongs to what `renewcast {}` wrote",
        file.display(),
        verb(listing)
    );
    Failure::new(message, "choose another folder with --out")
}

/// The bytes of a plain file of no great size.
pub(super) fn plain(path: &Path) -> Option<Vec<u8>> {
    let metadata = fs::symlink_metadata(path).ok()?;
    if metadata.is_file() && metadata.len() <= LARGEST_LISTING {
        fs::read(path).ok()
    } else {
        None
    }
}

/// The SHA-256 of a file.
fn hash_of(path: &Path) -> io::Result<String> {
    let mut hasher = Hasher::default();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher.hex())
}

/// A free name beside a file or folder: `NAME.before`, `NAME.before-2`, and so on.
pub(super) fn free_name(path: &Path) -> PathBuf {
    let name = |number: u32| {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".before");
        if number > 1 {
            name.push(format!("-{number}"));
        }
        path.with_file_name(name)
    };
    let is_free = |path: &PathBuf| matches!(fs::symlink_metadata(path), Err(error) if error.kind() == ErrorKind::NotFound);
    (1..)
        .map(name)
        .find(is_free)
        .expect("a folder has fewer files than there are numbers")
}
