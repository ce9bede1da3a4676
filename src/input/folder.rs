//! The files of a book: names and bytes. Nothing here opens a file.

use std::collections::BTreeMap;

/// The folder of scenarios in a book.
pub(super) const SCENARIOS: &str = "scenarios";
/// The name of the changes that the command line makes.
pub(super) const QUICK: &str = "--set";

/// The files of a book by their names relative to it.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    files: BTreeMap<String, Vec<u8>>,
}

impl Folder {
    /// Adds a file.
    pub fn insert(&mut self, name: &str, bytes: Vec<u8>) {
        self.files.insert(name.to_owned(), bytes);
    }

    /// Takes a file away.
    pub fn remove(&mut self, name: &str) {
        self.files.remove(name);
    }

    /// The bytes of a file.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(Vec::as_slice)
    }

    /// All files, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files
            .iter()
            .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
    }

    /// Adds changes that the command line makes, as the text of a scenario that is applied last.
    pub fn change(&mut self, text: &str) {
        self.insert(QUICK, text.as_bytes().to_vec());
    }

    /// The files that a book which continues this one takes over as they are: list prices, budgets, rates and scenarios.
    pub fn taken_over(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.iter()
            .filter(|(name, _)| super::TAKEN_OVER.contains(name) || scenario_name(name).is_some())
    }

    /// The names of the scenarios.
    pub fn scenarios(&self) -> impl Iterator<Item = &str> {
        self.files.keys().filter_map(|file| scenario_name(file))
    }

    /// The file of a scenario, relative to the book.
    pub fn scenario_file(name: &str) -> String {
        format!("{SCENARIOS}/{name}.toml")
    }
}

/// The name of the scenario that a file holds.
pub(super) fn scenario_name(file: &str) -> Option<&str> {
    file.strip_prefix(SCENARIOS)?
        .strip_prefix('/')?
        .strip_suffix(".toml")
}
