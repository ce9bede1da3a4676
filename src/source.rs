//! A folder of files to a book, or to every problem at once.
//!
//! Nothing here opens a file: a [`Folder`] is names and bytes. Files are read in the order in which they depend on each
//! other: profiles, settings, prices, accounts, instances, actions. A scenario changes what is read, never a book.

mod accounts;
mod actions;
mod document;
mod instances;
mod prices;
mod profiles;
mod scenario;
mod selectors;
mod settings;
mod table;
mod value;

use std::collections::BTreeMap;

use crate::book::Book;
use crate::diagnostic::{Code, Diagnostics, Place};
use crate::id::Labels;
use crate::profile::Profile;
use document::Document;
use profiles::Profiles;
use scenario::Scenario;
use settings::Settings;
use table::Table;

/// The files that a book may have, beside its scenarios.
pub const FILES: &[&str] =
    &[SETTINGS_FILE, instances::FILE, accounts::FILE, prices::FILE, actions::FILE, VOUCHERS_FILE, PROFILES_FILE];
const SETTINGS_FILE: &str = "book.toml";
const PROFILES_FILE: &str = "profiles.toml";
const VOUCHERS_FILE: &str = "vouchers.csv";

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

    /// The bytes of a file.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(Vec::as_slice)
    }

    /// All files, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
    }

    /// The file of a scenario, relative to the book.
    pub fn scenario_file(name: &str) -> String {
        format!("{}/{name}.toml", scenario::FOLDER)
    }
}

/// Reads a book, with a scenario if one is named. There is a book exactly if there are no errors.
pub fn read(folder: &Folder, scenario: Option<&str>) -> (Option<Book>, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let book = read_book(folder, scenario, &mut diagnostics);
    let book = book.filter(|_| !diagnostics.has_errors());
    (book, diagnostics)
}

/// The names of the built-in profiles, each with the line that says what it is.
pub fn builtin_profiles() -> impl Iterator<Item = (&'static str, &'static str)> {
    let text = crate::profile::BUILTIN;
    let lines = text.lines().zip(text.lines().skip(1));
    lines.filter_map(|(comment, header)| {
        let name = header.strip_prefix('[')?.strip_suffix(']')?;
        Some((name, comment.strip_prefix("# ").unwrap_or("")))
    })
}

/// The built-in profiles, resolved.
pub fn builtin_rules() -> Vec<Profile> {
    let builtin = profiles::builtin();
    let mut diagnostics = Diagnostics::default();
    let mut profiles = Profiles::of_builtin(&builtin);
    for (name, _) in builtin_profiles() {
        profiles.find(name, &Place::of_file(name), &mut diagnostics);
    }
    profiles.into_resolved()
}

fn read_book(folder: &Folder, scenario: Option<&str>, diagnostics: &mut Diagnostics) -> Option<Book> {
    refuse_vouchers(folder, diagnostics);
    let builtin = profiles::builtin();
    let own_profiles = optional_document(folder, PROFILES_FILE, diagnostics);
    let scenario_file = scenario.map(Folder::scenario_file);
    let scenario_document = match &scenario_file {
        Some(file) => Some(scenario_document(folder, file, diagnostics)?),
        None => None,
    };
    let scenario = scenario_document.as_ref().map(|document| Scenario::read(document, diagnostics)).unwrap_or_default();
    let mut profiles = Profiles::of_builtin(&builtin);
    let own = own_profiles.as_ref().map(Document::section);
    for section in own.iter().chain(&scenario.profiles) {
        profiles.overlay(section, diagnostics);
    }
    profiles.check_own(diagnostics);

    let settings_document = Document::open(SETTINGS_FILE, required(folder, SETTINGS_FILE, diagnostics)?, diagnostics)?;
    let settings = Settings::read(&settings_document, scenario.book.as_ref(), &mut profiles, diagnostics)?;
    let profiles = profiles.into_resolved();
    Reader { folder, scenario: &scenario, settings, profiles }.book(diagnostics)
}

/// Reads the tables of a book, whose settings and profiles are known.
struct Reader<'r, 'd> {
    folder: &'r Folder,
    scenario: &'r Scenario<'d>,
    settings: Settings,
    profiles: Vec<Profile>,
}

impl Reader<'_, '_> {
    fn book(self, diagnostics: &mut Diagnostics) -> Option<Book> {
        let Self { folder, scenario, settings, profiles } = self;
        let mut labels = Labels::default();
        let prices = match folder.get(prices::FILE) {
            Some(bytes) => prices::read(bytes, &mut labels, diagnostics)?,
            None => prices::Prices::default(),
        };
        let account_bytes = required(folder, accounts::FILE, diagnostics);
        let instance_bytes = required(folder, instances::FILE, diagnostics);
        let accounts = accounts::read(account_bytes?, &settings, diagnostics)?;
        let mut table = Table::open(instances::FILE, instance_bytes?, instances::COLUMNS, diagnostics)?;
        let edits = scenario.edits(&mut table, diagnostics);
        let context =
            instances::Context { settings: &settings, profiles: &profiles, accounts: &accounts, prices: &prices };
        let instances = instances::read(&table, &edits, &context, &mut labels, diagnostics);
        let context = actions::Context {
            settings: &settings,
            accounts: &accounts,
            instances: &instances,
            tag_keys: table.tag_keys(),
        };
        let actions = actions::read(folder.get(actions::FILE), &scenario.actions, &context, diagnostics);
        let book = Book {
            name: settings.name,
            days: settings.days,
            time_zone: settings.time_zone,
            currency: settings.currency,
            default_profile: settings.profile,
            product_profiles: settings.product_profiles,
            profiles,
            accounts,
            instances,
            actions,
            labels,
            tag_keys: table.tag_keys().iter().map(|key| key.as_str().into()).collect(),
        };
        refuse_too_large(&book, diagnostics);
        Some(book)
    }
}

fn refuse_too_large(book: &Book, diagnostics: &mut Diagnostics) {
    if book.largest_movement() > i128::from(i64::MAX) {
        let message = "the amounts of this book could add up to more than 64 bits of minor units";
        diagnostics.push(
            Code::TooLarge,
            Place::of_file(SETTINGS_FILE),
            message,
            "look for a price or amount with too many digits",
        );
    }
}

fn refuse_vouchers(folder: &Folder, diagnostics: &mut Diagnostics) {
    if folder.get(VOUCHERS_FILE).is_some() {
        let message = "vouchers are not carried out by this version";
        diagnostics.push(
            Code::NotSupported,
            Place::of_file(VOUCHERS_FILE),
            message,
            "move `vouchers.csv` out of the book",
        );
    }
}

fn required<'f>(folder: &'f Folder, file: &str, diagnostics: &mut Diagnostics) -> Option<&'f [u8]> {
    let bytes = folder.get(file);
    if bytes.is_none() {
        let message = format!("a book needs `{file}`");
        diagnostics.push(Code::Unreadable, Place::of_file(file), message, format!("add `{file}` to the folder"));
    }
    bytes
}

fn optional_document<'f>(folder: &'f Folder, file: &'f str, diagnostics: &mut Diagnostics) -> Option<Document<'f>> {
    folder.get(file).and_then(|bytes| Document::open(file, bytes, diagnostics))
}

fn scenario_document<'f>(folder: &'f Folder, file: &'f str, diagnostics: &mut Diagnostics) -> Option<Document<'f>> {
    let Some(bytes) = folder.get(file) else {
        let prefix = format!("{}/", scenario::FOLDER);
        let names = folder.iter().filter_map(|(name, _)| name.strip_prefix(&prefix)?.strip_suffix(".toml"));
        let help = match names.collect::<Vec<_>>() {
            names if names.is_empty() => "this book has no scenarios".to_owned(),
            names => format!("this book has {}", names.join(", ")),
        };
        diagnostics.push(Code::UnknownScenario, Place::of_file(file), "there is no such scenario", help);
        return None;
    };
    Document::open(file, bytes, diagnostics)
}
