//! Reads the files of a book into memory.

use std::fs;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::book::Book;
use crate::diagnostic::Diagnostics;
use crate::source::{self, Folder};

/// A book with the files that it was read from.
pub(super) struct Loaded {
    pub folder: Folder,
    pub book: Book,
    pub warnings: Diagnostics,
}

/// Reads and checks a book.
pub(super) fn load(path: &Path, scenario: Option<&str>) -> Result<Loaded, Failure> {
    let folder = read(path)?;
    match source::read(&folder, scenario) {
        (Some(book), warnings) => Ok(Loaded { folder, book, warnings }),
        (None, problems) => Err(Failure::Input(problems)),
    }
}

/// The files of a book that are there.
pub(super) fn read(path: &Path) -> Result<Folder, Failure> {
    if !path.is_dir() {
        let message = format!("there is no folder `{}`", path.display());
        return Err(Failure::new(message, "name the folder of a book; `data/example` is one"));
    }
    let mut folder = Folder::default();
    for name in source::FILES {
        if let Some(bytes) = optional_file(&path.join(name))? {
            folder.insert(name, bytes);
        }
    }
    for name in scenario_names(path)? {
        let file = Folder::scenario_file(&name);
        if let Some(bytes) = optional_file(&path.join(&file))? {
            folder.insert(&file, bytes);
        }
    }
    Ok(folder)
}

fn scenario_names(path: &Path) -> Result<Vec<String>, Failure> {
    let scenarios = path.join("scenarios");
    if !scenarios.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(&scenarios).map_err(|error| unreadable(&scenarios, &error))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.filter_map(|name| name.strip_suffix(".toml").map(str::to_owned)).collect())
}

/// The bytes of a file, none if it is not there.
fn optional_file(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, &error)),
        Ok(_) => file(path).map(Some),
    }
}

/// The bytes of a file; a folder, pipe or device is refused.
pub(super) fn file(path: &Path) -> Result<Vec<u8>, Failure> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if !metadata.is_file() {
        return Err(Failure::new(format!("`{}` is not a file", path.display()), "put a plain file in its place"));
    }
    fs::read(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot read `{}`: {error}", path.display()), "check the path and its permissions")
}

/// The last part of a book's path, which names its reports.
pub(super) fn name_of(path: &Path) -> PathBuf {
    let absolute = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    absolute.file_name().map_or_else(|| PathBuf::from("book"), PathBuf::from)
}
