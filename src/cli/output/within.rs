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
use crate::cli::diagnostics::shown_path;
use crate::cli::print::warn;
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
            return Err(
                io::Error::new(ErrorKind::CrossesDevices, "a disk is mounted in it").into(),
            );
        }
    }
    let listed = |is_stale: bool| -> Hashes {
        let chosen = own
            .iter()
            .filter(|(name, _)| files.contains(name) != is_stale);
        chosen
            .map(|(name, file)| (name_in_listing(name), file.hash.clone()))
            .collect()
    };
    let begun = new.join(BEGUN);
    fs::create_dir(&begun)?;
    write_listing(&begun.join(OWN), &listed(false))?;
    write_listing(&begun.join(STALE), &listed(true))?;
    sync(&begun)?;
    sync(new)?;
    let seal = seal(&files);
    if let Some(seal) = seal.filter(|seal| own.contains_key(*seal)) {
        let removed = fs::remove_file(target.join(seal));
        if let Err(error) = removed {
            fs::remove_dir_all(&begun)?;
            return Err(error.into());
        }
    }
    resume(target, new).map_err(|error| Broken {
        error,
        without: seal.map(name_in_listing),
    })
}

/// Ends what [`put`] began.
pub(super) fn resume(target: &Path, new: &Path) -> io::Result<()> {
    let begun = new.join(BEGUN);
    let read =
        |name: &str| match plain(&begun.join(name)).map(|bytes| ListOrigin::origin_of(&bytes)) {
            Some(ListOrigin::Whole(listed)) => listed,
            _ => Hashes::new(),
        };
    let (own, stale) = (read(OWN), read(STALE));
    let is_own = |listed: &Hashes, name: &Path| {
        listed.get(&name_in_listing(name)).is_some_and(|hash| {
            OwnFile::look_at(&target.join(name)).is_some_and(|file| file.hash == *hash)
        })
    };
    let files = files(new)?;
    let seal = seal(&files).map(Path::to_owned);
    sync(target)?;
    for name in stale
        .keys()
        .map(PathBuf::from)
        .filter(|name| is_own(&stale, name))
    {
        fs::remove_file(target.join(&name))?;
        // A folder that holds something else stays.
        let _ = name
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .map(|folder| fs::remove_dir(target.join(folder)));
    }
    for name in files
        .iter()
        .filter(|name| Some(*name) != seal.as_ref())
        .chain(&seal)
    {
        let place = target.join(name);
        let folder = place.parent().unwrap_or(target);
        fs::create_dir_all(folder)?;
        if Some(name) == seal.as_ref() {
            files
                .iter()
                .filter_map(|name| name.parent())
                .try_for_each(|folder| sync(&target.join(folder)))?;
        }
        if fs::symlink_metadata(&place).is_ok() && !is_own(&own, name) {
            aside((&place, &place))?;
        }
        fs::rename(new.join(name), &place)?;
        if Some(name) == seal.as_ref() {
            sync(folder)?;
        }
    }
    fs::remove_dir_all(begun)
}

/// Keeps a file that came into the place of another one while results were put there.
pub(super) fn aside((file, place): (&Path, &Path)) -> io::Result<()> {
    let kept = free_name(place);
    fs::rename(file, &kept)?;
    warn(format!(
        "`{}` was written by another program meanwhile; it is now `{}`",
        shown_path(place),
        shown_path(&kept)
    ));
    Ok(())
}

/// The file that comes last.
fn seal(files: &[PathBuf]) -> Option<&Path> {
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
