//! Puts the files of a new result into a target that cannot be exchanged, one by one.
//!
//! The list of the result, or `book.toml`, is gone before the first file and comes last, so a folder that has it is whole. What
//! may be written over and removed is written down first, so that the next run can end what a killed one began.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::claim::{BOOK, Own, OwnFile, free_name, plain};
use super::disk::{is_mount, sync};
use super::names::{BEGUN, STALE};
use crate::cli::print::warn;
use crate::cli::words::shown_path;
use crate::output::listing::{LISTINGS, ListOrigin, listing};
use crate::output::run_json::Hashes;

/// The files that may be written over or removed, with their hashes.
const OWN: &str = "own.json";

/// Why the files did not come into place.
pub(super) struct Broken {
    pub error: io::Error,
    /// The file without which the target is no result now.
    pub without: Option<String>,
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self {
            error,
            without: None,
        }
    }
}

/// Puts the files of `new`, which are durable, into the target; `own` may be written over, and removed where nothing takes its
/// place.
pub(super) fn put(target: &Path, new: &Path, own: &Own) -> Result<(), Broken> {
    let files = files(new)?;
    for folder in files.iter().filter_map(|file| file.parent()) {
        if !folder.as_os_str().is_empty() && is_mount(&target.join(folder)) {
            let error = io::Error::new(ErrorKind::CrossesDevices, "a disk is mounted in it");
            return Err(error.into());
        }
    }
    let begun = new.join(BEGUN);
    fs::create_dir(&begun)?;
    let (mut replaced, mut stale) = (Hashes::new(), Hashes::new());
    for (name, file) in own {
        let hashes = if files.contains(name) {
            &mut replaced
        } else {
            &mut stale
        };
        hashes.insert(name_in_listing(name), file.hash.clone());
    }
    write_listing(&begun.join(OWN), &replaced)?;
    write_listing(&begun.join(STALE), &stale)?;
    sync(&begun)?;
    sync(new)?;
    let last = last_file(&files);
    if let Some(last) = last.filter(|last| own.contains_key(*last))
        && let Err(error) = fs::remove_file(target.join(last))
    {
        fs::remove_dir_all(&begun)?;
        return Err(error.into());
    }
    resume(target, new).map_err(|error| Broken {
        error,
        without: last.map(name_in_listing),
    })
}

/// Ends what [`put`] began.
pub(super) fn resume(target: &Path, new: &Path) -> io::Result<()> {
    let begun = new.join(BEGUN);
    let [own, stale] = [OWN, STALE].map(|name| read_listing(&begun.join(name)));
    let files = files(new)?;
    let last = last_file(&files);
    sync(target)?;
    for name in stale.keys().map(Path::new) {
        if is_unchanged(target, name, &stale) {
            fs::remove_file(target.join(name))?;
            if let Some(folder) = name
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty())
            {
                // A folder that holds something else stays.
                let _ = fs::remove_dir(target.join(folder));
            }
        }
    }
    for name in files.iter().filter(|name| Some(name.as_path()) != last) {
        put_file(target, new, name, &own)?;
    }
    if let Some(last) = last {
        // Only when all others are durable may the file come without which the folder is no result.
        fs::create_dir_all(target.join(last).parent().unwrap_or(target))?;
        for folder in files.iter().filter_map(|name| name.parent()) {
            sync(&target.join(folder))?;
        }
        put_file(target, new, last, &own)?;
        sync(target.join(last).parent().unwrap_or(target))?;
    }
    fs::remove_dir_all(begun)
}

fn put_file(target: &Path, new: &Path, name: &Path, own: &Hashes) -> io::Result<()> {
    let place = target.join(name);
    fs::create_dir_all(place.parent().unwrap_or(target))?;
    if fs::symlink_metadata(&place).is_ok() && !is_unchanged(target, name, own) {
        keep_aside(&place, &place)?;
    }
    fs::rename(new.join(name), &place)
}

/// Whether a file of the target is as it was when it was listed.
fn is_unchanged(target: &Path, name: &Path, listed: &Hashes) -> bool {
    let hash = listed.get(&name_in_listing(name));
    hash.is_some_and(|hash| {
        OwnFile::look_at(&target.join(name)).is_some_and(|file| file.hash == *hash)
    })
}

/// Keeps a file that came into the place of another one while results were put there.
pub(super) fn keep_aside(file: &Path, place: &Path) -> io::Result<()> {
    let kept = free_name(place);
    fs::rename(file, &kept)?;
    let [place, kept] = [place, &kept].map(shown_path);
    warn(format!(
        "`{place}` was written by another program meanwhile; it is now `{kept}`"
    ));
    Ok(())
}

/// The file that comes last: the list of the result, or `book.toml`.
fn last_file(files: &[PathBuf]) -> Option<&Path> {
    let known = LISTINGS.iter().chain(&[BOOK]).map(Path::new);
    known.into_iter().find_map(|name| {
        files
            .iter()
            .map(PathBuf::as_path)
            .find(|file| *file == name)
    })
}

/// The files in a folder, relative to it, but for what says how far they came.
pub(super) fn files(new: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut waiting = vec![PathBuf::new()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(new.join(&folder))? {
            let entry = entry?;
            let name = folder.join(entry.file_name());
            if !entry.file_type()?.is_dir() {
                files.push(name);
            } else if name != Path::new(BEGUN) {
                waiting.push(name);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Names are those of lists and of files that verbs make, which are all UTF-8.
fn name_in_listing(name: &Path) -> String {
    name.to_string_lossy().replace('\\', "/")
}

fn write_listing(path: &Path, listed: &Hashes) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(&listing("put", listed))?;
    file.sync_all()
}

/// What is listed in a file; nothing where it was not written to its end.
fn read_listing(path: &Path) -> Hashes {
    match plain(path).map(|bytes| ListOrigin::origin_of(&bytes)) {
        Some(ListOrigin::Whole(listed)) => listed,
        _ => Hashes::new(),
    }
}
