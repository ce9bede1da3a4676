//! Writes files whole or not at all: a temporary file beside the target, synced, then renamed over it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::Failure;

/// Writes files into a folder, which is made if need be. Their folders are written whole: what an earlier run left in
/// them is gone.
pub(super) fn write(folder: &Path, files: &[(String, Vec<u8>)]) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let mut inner: Vec<&str> =
        files.iter().filter_map(|(name, _)| name.split_once('/').map(|(inner, _)| inner)).collect();
    inner.dedup();
    for inner in inner {
        write_inner(folder, inner, files)?;
    }
    let mut staged = Staged::in_folder(folder)?;
    for (name, bytes) in files.iter().filter(|(name, _)| !name.contains('/')) {
        staged.append(name, bytes)?;
    }
    staged.commit()?;
    sync(folder)
}

/// Writes a folder inside `folder` under a temporary name and exchanges it for the one that is there.
fn write_inner(folder: &Path, inner: &str, files: &[(String, Vec<u8>)]) -> Result<(), Failure> {
    let fail = |error: std::io::Error| failed(&folder.join(inner), &error);
    let staged = tempfile::Builder::new().prefix(&format!(".{inner}-")).tempdir_in(folder).map_err(fail)?;
    let mut inside = Staged::in_folder(staged.path())?;
    for (name, bytes) in files {
        if let Some(name) = name.strip_prefix(inner).and_then(|rest| rest.strip_prefix('/')) {
            inside.append(name, bytes)?;
        }
    }
    inside.commit()?;
    sync(staged.path())?;
    open_to_all(staged.path()).map_err(fail)?;
    let (target, old) = (folder.join(inner), staged.path().with_extension("old"));
    if target.exists() {
        fs::rename(&target, &old).map_err(fail)?;
    }
    fs::rename(staged.keep(), &target).map_err(fail)?;
    if old.exists() {
        fs::remove_dir_all(&old).map_err(fail)?;
    }
    Ok(())
}

/// Files of a folder in the making, under temporary names until all of them are whole.
pub(super) struct Staged {
    folder: PathBuf,
    files: BTreeMap<String, NamedTempFile>,
}

impl Staged {
    /// Nothing yet, in a folder that is made if need be.
    pub(super) fn in_folder(folder: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
        Ok(Self { folder: folder.to_owned(), files: BTreeMap::new() })
    }

    /// Adds bytes to the end of a file.
    pub(super) fn append(&mut self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let fail = |error: std::io::Error| failed(&self.folder.join(name), &error);
        if !self.files.contains_key(name) {
            let file = tempfile::Builder::new().prefix(".renewcast-").tempfile_in(&self.folder).map_err(fail)?;
            self.files.insert(name.to_owned(), file);
        }
        match self.files.get_mut(name) {
            Some(file) => file.write_all(bytes).map_err(fail),
            None => Ok(()),
        }
    }

    /// Makes all files durable, then gives them their names.
    pub(super) fn commit(self) -> Result<(), Failure> {
        for (name, file) in &self.files {
            let ready = open_to_all(file.path()).and_then(|()| file.as_file().sync_all());
            ready.map_err(|error| failed(&self.folder.join(name), &error))?;
        }
        for (name, file) in self.files {
            let target = self.folder.join(name);
            file.persist(&target).map_err(|error| failed(&target, &error.error))?;
        }
        Ok(())
    }
}

/// Keeps a book from being overwritten by accident.
pub(super) fn refuse_existing_book(folder: &Path, force: bool) -> Result<(), Failure> {
    if folder.join("book.toml").exists() && !force {
        let message = format!("there is a book in `{}` already", folder.display());
        return Err(Failure::new(message, "choose another folder, or replace it with --force"));
    }
    Ok(())
}

/// Temporary files are private; results have the permissions of any new file.
#[cfg(unix)]
fn open_to_all(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = if path.is_dir() { 0o755 } else { 0o644 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn open_to_all(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Makes the renames of a folder durable, where the system can.
fn sync(folder: &Path) -> Result<(), Failure> {
    let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
    if cfg!(unix) { synced.map_err(|error| failed(folder, &error)) } else { Ok(()) }
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    let help =
        "what was there before is unchanged or whole; check space and permissions, or choose another folder with --out";
    Failure::new(format!("cannot write `{}`: {error}", path.display()), help)
}
