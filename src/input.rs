//! A folder of files to a book, or to every problem at once.
//!
//! Nothing here opens a file: a [`Folder`] is names and bytes. Files are read in the order in which they depend on each
//! other: profiles, settings, prices, accounts, instances, actions. A scenario changes what is read, never a book.

mod accounts;
mod actions;
pub mod bills;
mod budget;
pub mod cell;
pub mod diagnostic;
mod document;
mod folder;
pub mod generate;
mod ids;
#[cfg(feature = "import")]
pub mod import;
mod inline_change;
mod instances;
mod limits;
mod memory;
mod misspelling;
mod orders;
mod prices;
mod problem;
mod profiles;
mod result;
mod returns;
mod review;
mod rows;
mod rules;
mod scenario;
mod selectors;
mod settings;
pub mod shown;
mod stream;
mod sweep;
mod table;
mod value;
mod vouchers;

use std::collections::{BTreeMap, BTreeSet};

use crate::input::diagnostic::{Code, Diagnostics, Place};
use crate::model::account::Account;
use crate::model::action::{Action, ActionIndex};
use crate::model::book::Book;
use crate::model::budget::{Budget, Rate};
use crate::model::calendar::Day;
use crate::model::instance::Instance;
use crate::model::money::Currency;
use crate::model::order::Orders;
use crate::model::profile::{Profile, ProfileIndex};
use crate::model::selector::Selector;
use document::TomlDocument;
use instances::{Inventory, InventoryContext};
use memory::RememberedRead;
use prices::Prices;
use profiles::Profiles;
use review::{BookReview, InventoryReview};
use scenario::{Scenario, Shift, WrittenCells};
use selectors::selector;
use settings::Settings;
use table::{CsvTable, InputRow as _, KnownColumns, Origins};
use value::shown;
use vouchers::SharedParts;

pub use document::LARGEST_TOML;
pub use folder::Folder;
pub use inline_change::toml as quick_change;
pub use limits::limit;
pub use memory::ReadMemory;
pub use result::{IdRegister, RESULT_FILES, WrittenResult};
pub use rules::{UncertainRule, Variant, rules};
pub use sweep::{SweepRun as PlannedRun, SweepSpec, named_measure};
pub use table::LONGEST_ROW;

/// The files that a book may have, beside its scenarios.
pub const FILES: &[&str] = &[
    SETTINGS_FILE,
    instances::FILE,
    accounts::FILE,
    prices::FILE,
    actions::FILE,
    vouchers::FILE,
    orders::FILE,
    returns::FILE,
    budget::FILE,
    budget::RATES_FILE,
    PROFILES_FILE,
];
/// The files that have a row for each instance.
pub const INVENTORY: &[&str] = &[instances::FILE, orders::FILE];
/// The files that a closing book takes over as they are, besides the scenarios.
const TAKEN_OVER: &[&str] = &[prices::FILE, budget::FILE, budget::RATES_FILE];
/// The folder of the scenarios of a book.
pub const SCENARIO_FOLDER: &str = folder::SCENARIOS;
/// The name among the files of a book of the changes that the command line makes.
pub const QUICK: &str = folder::QUICK;
/// The columns of `accounts.csv`.
pub const ACCOUNT_COLUMNS: &[&str] = accounts::COLUMNS.names;
/// The columns of `actions.csv`.
pub const ACTION_COLUMNS: &[&str] = actions::COLUMNS.names;
/// The columns of `vouchers.csv`.
pub const VOUCHER_COLUMNS: &[&str] = vouchers::COLUMNS.names;
/// The columns of `orders.csv`.
pub const ORDER_COLUMNS: &[&str] = orders::COLUMNS.names;
/// The columns of `returns.csv`.
pub const RETURN_COLUMNS: &[&str] = returns::COLUMNS.names;
/// The tables with texts of people.
const TEXTS: &[(&str, KnownColumns)] = &[
    (accounts::FILE, accounts::COLUMNS),
    (instances::FILE, instances::COLUMNS),
    (actions::FILE, actions::COLUMNS),
    (vouchers::FILE, vouchers::COLUMNS),
    (budget::FILE, budget::COLUMNS),
];
const SETTINGS_FILE: &str = "book.toml";
const PROFILES_FILE: &str = "profiles.toml";

/// Reads a book, with a scenario if one is named. There is a book exactly if there are no errors.
pub fn read_book(folder: &Folder, scenario: Option<&str>) -> (Option<Book>, Diagnostics) {
    read_with(folder, scenario, ReadMode::default())
}

/// [`read_book`], where other scenarios of the same files have been read before: what they left as it was is taken over. The
/// warnings of such rows are not found again.
pub fn read_again(
    folder: &Folder,
    scenario: Option<&str>,
    memory: &ReadMemory,
) -> (Option<Book>, Diagnostics) {
    let mode = ReadMode {
        reviews: false,
        memory: Some(memory),
    };
    read_with(folder, scenario, mode)
}

/// [`read_book`], with warnings about what a person should look at in a book that is right in itself.
pub fn check_book(folder: &Folder, scenario: Option<&str>) -> (Option<Book>, Diagnostics) {
    let mode = ReadMode {
        reviews: true,
        memory: None,
    };
    read_with(folder, scenario, mode)
}

/// How a book is read.
#[derive(Clone, Copy, Default)]
struct ReadMode<'m> {
    /// Whether the warnings of `review` are looked for too.
    reviews: bool,
    memory: Option<&'m ReadMemory>,
}

fn read_with(
    folder: &Folder,
    scenario: Option<&str>,
    mode: ReadMode<'_>,
) -> (Option<Book>, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let book = read_book_as(folder, scenario, mode, &mut diagnostics);
    if mode.reviews && !diagnostics.has_errors() {
        for (file, columns) in TEXTS {
            if let Some(bytes) = folder.get(file) {
                review::formulas(file, bytes, *columns, &mut diagnostics);
            }
        }
    }
    let book = book.filter(|_| !diagnostics.has_errors());
    (book, diagnostics)
}

/// Reads a condition on the instances of a book that stands outside its files; `name` says where.
pub fn condition(
    book: &Book,
    name: &str,
    text: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Selector> {
    let tag_keys: Vec<String> = book.tag_keys.iter().map(|key| key.to_string()).collect();
    let problem = match selectors::selector(text, &tag_keys) {
        Ok(selector) => return Some(selector),
        Err(problem) => problem,
    };
    problem.report(
        || Place::in_bytes(name, text.as_bytes(), 0..text.len()),
        diagnostics,
    );
    None
}

/// Where an action of a book stands that was read from these files without errors.
pub fn place_of_action(folder: &Folder, scenario: Option<&str>, action: ActionIndex) -> Place {
    let mut diagnostics = Diagnostics::default();
    let files = scenario::files(folder, scenario, &mut diagnostics).unwrap_or_default();
    let documents = documents(folder, &files, &mut diagnostics).unwrap_or_default();
    let scenario = Scenario::read_scenario(&documents, &mut diagnostics);
    actions::place_of(
        folder.get(actions::FILE),
        &scenario.actions,
        action.0 as usize,
    )
    .unwrap_or_else(|| Place::of_file(actions::FILE))
}

/// The ids of the instances whose cells, as they are written, a condition selects; all without one.
///
/// # Errors
/// What is wrong with the condition or with the inventory, and what to type instead.
pub fn selected(
    folder: &Folder,
    condition: Option<&str>,
) -> Result<BTreeSet<Box<str>>, (String, String)> {
    let mut diagnostics = Diagnostics::default();
    let table = folder.get(instances::FILE).and_then(|bytes| {
        CsvTable::open_table(instances::FILE, bytes, instances::COLUMNS, &mut diagnostics)
    });
    let Some(table) = table else {
        let message = "the inventory cannot be read".to_owned();
        return Err((message, "see `renewcast check`".to_owned()));
    };
    let condition = condition.map(|text| selector(text, table.tag_keys()));
    let condition = condition
        .transpose()
        .map_err(|problem| (problem.message, problem.help))?;
    let mut ids = BTreeSet::new();
    table.rows(&mut diagnostics, |row, _| {
        let cells = WrittenCells(&row);
        let condition = condition.as_ref();
        if condition.is_none_or(|condition| condition.selects(&cells)) {
            ids.extend(row.text(instances::INSTANCE_ID).map(Into::into));
        }
    });
    Ok(ids)
}

/// What to type instead of an id that is in no list.
pub fn meant_id<'n>(text: &str, known: impl Iterator<Item = &'n str> + Clone) -> String {
    let otherwise = "take an id from instances.csv or accounts.csv";
    ids::meant(text, known, "the book", otherwise)
}

/// The names of the built-in profiles, each with the line that says what it is.
pub fn builtin_profiles() -> impl Iterator<Item = (&'static str, &'static str)> {
    let text = crate::model::profile::BUILTIN;
    let lines = text.lines().zip(text.lines().skip(1));
    lines.filter_map(|(comment, header)| {
        let name = header.strip_prefix('[')?.strip_suffix(']')?;
        Some((name, comment.strip_prefix("# ").unwrap_or("")))
    })
}

/// The built-in profiles, resolved.
pub fn builtin_rules() -> Vec<Profile> {
    let mut diagnostics = Diagnostics::default();
    let mut profiles = Profiles::of_builtin(profiles::builtin());
    for (name, _) in builtin_profiles() {
        profiles.find(name, || Place::of_file(name), &mut diagnostics);
    }
    profiles.into_resolved()
}

/// What a book says about itself before its tables are read.
#[derive(Clone, Debug)]
pub struct BookRules {
    /// Its first day.
    pub from: Day,
    /// The name of its zone.
    pub time_zone: Box<str>,
    /// The currency of accounts that name none.
    pub currency: Currency,
    /// The profile of products that have none of their own.
    pub default: Profile,
    /// The profiles of products.
    pub products: BTreeMap<Box<str>, Profile>,
}

/// The settings of a book and the profiles that its products follow, whatever is wrong with its tables.
///
/// # Errors
/// What is wrong with `book.toml` and `profiles.toml`.
pub fn book_rules(folder: &Folder) -> Result<BookRules, Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let rules = read_rules(folder, &mut diagnostics);
    rules
        .filter(|_| !diagnostics.has_errors())
        .ok_or(diagnostics)
}

fn read_rules(folder: &Folder, diagnostics: &mut Diagnostics) -> Option<BookRules> {
    let own = own_profiles(folder, diagnostics).ok()?;
    let mut profiles = Profiles::of_builtin(profiles::builtin());
    if let Some(own) = &own {
        profiles.overlay(&own.section(), diagnostics);
    }
    profiles.check_own(diagnostics);
    let bytes = required(folder, SETTINGS_FILE, diagnostics)?;
    let document = TomlDocument::parse_toml(SETTINGS_FILE, bytes, diagnostics)?;
    let settings = Settings::read_settings(&document, &[], &mut profiles, diagnostics)?;
    let profiles = profiles.into_resolved();
    let resolved = |index: ProfileIndex| profiles[index.0 as usize].clone();
    let products = settings.product_profiles.iter();
    Some(BookRules {
        from: settings.days.from,
        time_zone: settings.time_zone.clone(),
        currency: settings.currency,
        default: resolved(settings.profile),
        products: products
            .map(|(product, index)| (product.clone(), resolved(*index)))
            .collect(),
    })
}

/// The profiles of the book, if it has any; an error where the file cannot be parsed, which has been reported.
fn own_profiles<'f>(
    folder: &'f Folder,
    diagnostics: &mut Diagnostics,
) -> Result<Option<TomlDocument<'f>>, ()> {
    let parse = |bytes| TomlDocument::parse_toml(PROFILES_FILE, bytes, diagnostics).ok_or(());
    folder.get(PROFILES_FILE).map(parse).transpose()
}

/// Makes ready what every book needs: a folder can be read meanwhile.
pub fn prepare() {
    profiles::builtin();
}

fn read_book_as(
    folder: &Folder,
    scenario: Option<&str>,
    mode: ReadMode<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Book> {
    let [settings, accounts, instances] = [SETTINGS_FILE, accounts::FILE, instances::FILE]
        .map(|file| required(folder, file, diagnostics));
    let own_profiles = own_profiles(folder, diagnostics).ok()?;
    let scenario_files = scenario::files(folder, scenario, diagnostics)?;
    let scenario_documents = documents(folder, &scenario_files, diagnostics)?;
    let scenario = Scenario::read_scenario(&scenario_documents, diagnostics);
    let mut profiles = Profiles::of_builtin(profiles::builtin());
    let own = own_profiles.as_ref().map(TomlDocument::section);
    for section in own.iter().chain(&scenario.profiles) {
        profiles.overlay(section, diagnostics);
    }
    profiles.check_own(diagnostics);
    let document = TomlDocument::parse_toml(SETTINGS_FILE, settings?, diagnostics)?;
    let settings = Settings::read_settings(&document, &scenario.book, &mut profiles, diagnostics)?;
    for changes in &scenario.profiles {
        profiles.warn_of_idle(changes, &settings.profiles_in_use(), diagnostics);
    }
    let reader = BookReader {
        folder,
        scenario: &scenario,
        settings,
        profiles: profiles.into_resolved(),
        mode,
    };
    reader.read_tables(accounts?, instances?, diagnostics)
}

/// Reads the tables of a book, whose settings and profiles are known.
struct BookReader<'r, 'd> {
    folder: &'r Folder,
    scenario: &'r Scenario<'d>,
    settings: Settings,
    profiles: Vec<Profile>,
    mode: ReadMode<'r>,
}

impl BookReader<'_, '_> {
    fn read_tables(
        self,
        accounts: &[u8],
        instances: &[u8],
        diagnostics: &mut Diagnostics,
    ) -> Option<Book> {
        let memory = self.mode.memory;
        let before = memory.and_then(|memory| memory.find(&self.settings, &self.profiles));
        let mut parts = SharedParts::default();
        if let Some(before) = &before {
            parts.labels = before.labels.clone();
        }
        let prices = match self.folder.get(prices::FILE) {
            Some(bytes) => prices::read_prices(bytes, &mut parts.labels, diagnostics)?,
            None => Prices::default(),
        };
        let account_table =
            CsvTable::open_table(accounts::FILE, accounts, accounts::COLUMNS, diagnostics);
        let table =
            CsvTable::open_table(instances::FILE, instances, instances::COLUMNS, diagnostics);
        let (account_table, mut table) = (account_table?, table?);
        table.set_zone(&self.settings.time_zone);
        let (accounts, account_rows) = self.read_accounts(&account_table, &mut parts, diagnostics);
        let (budgets, rates) = self.read_budgets(diagnostics);
        let edits = self.scenario.edits(&mut table, diagnostics);
        let inventory = Inventory {
            table: &table,
            edits: &edits,
            context: InventoryContext {
                settings: &self.settings,
                profiles: &self.profiles,
                accounts: &accounts,
                prices: &prices,
            },
            known: before
                .as_deref()
                .filter(|before| before.tag_keys == table.tag_keys())
                .map(|before| &before.rows),
            keeps: memory.is_some() && before.is_none(),
        };
        let instances = self.read_inventory(&inventory, &mut parts, diagnostics);
        let context = orders::OrderContext {
            accounts: &accounts,
            instances: &instances,
            settings: &self.settings,
        };
        let orders = self.folder.get(orders::FILE);
        let orders = orders.map(|bytes| orders::read_orders(bytes, context, diagnostics));
        let orders = orders.unwrap_or_default();
        let actions = self.read_actions(
            ActionInputs {
                accounts: &accounts,
                instances: &instances,
                orders: &orders,
                tag_keys: table.tag_keys(),
            },
            &mut parts,
            diagnostics,
        );
        let reviews = self.mode.reviews;
        let has_rates = self.folder.get(budget::RATES_FILE).is_some();
        let Settings {
            name,
            days,
            time_zone,
            currency,
            profile,
            product_profiles,
            holidays,
        } = self.settings;
        let tag_keys = table.tag_keys().iter().map(|key| key.as_str().into());
        let book = Book {
            name,
            days,
            time_zone,
            currency,
            default_profile: profile,
            product_profiles,
            profiles: self.profiles,
            accounts,
            instances,
            actions,
            orders,
            grants: parts.grants,
            holidays,
            budgets,
            rates,
            labels: parts.labels,
            tag_keys: tag_keys.collect(),
        };
        refuse_too_large(&book, diagnostics);
        if reviews && !diagnostics.has_errors() {
            let review = BookReview {
                book: &book,
                inventory: &table,
                accounts: &account_rows,
                has_rates,
            };
            review.review_book(diagnostics);
        }
        Some(book)
    }

    /// The accounts with their vouchers and returns, and where their rows are.
    fn read_accounts<'t, 'f>(
        &self,
        table: &'t CsvTable<'f>,
        parts: &mut SharedParts,
        diagnostics: &mut Diagnostics,
    ) -> (Vec<Account>, Origins<'t, 'f>) {
        let (mut accounts, rows) = accounts::read_accounts(table, &self.settings, diagnostics);
        if let Some(bytes) = self.folder.get(vouchers::FILE) {
            vouchers::read_vouchers(bytes, &self.settings, &mut accounts, parts, diagnostics);
        }
        if let Some(bytes) = self.folder.get(returns::FILE) {
            returns::read_returns(bytes, &mut accounts, &mut parts.labels, diagnostics);
        }
        (accounts, rows)
    }

    fn read_budgets(&self, diagnostics: &mut Diagnostics) -> (Vec<Budget>, Vec<Rate>) {
        let budget = self.folder.get(budget::FILE);
        let budgets = budget.map(|bytes| budget::read_budget(bytes, &self.settings, diagnostics));
        let rates = self.folder.get(budget::RATES_FILE);
        let rates = rates.map(|bytes| budget::read_rates(bytes, &self.settings, diagnostics));
        (budgets.unwrap_or_default(), rates.unwrap_or_default())
    }

    /// The instances. Rows that were read before under the same rules are taken over; else what is read is kept for later.
    fn read_inventory(
        &self,
        inventory: &Inventory<'_>,
        parts: &mut SharedParts,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Instance> {
        let review = InventoryReview {
            days: self.settings.days,
            profiles: &self.profiles,
            tag_keys: inventory.table.tag_keys(),
        };
        let reviews = self.mode.reviews;
        let (instances, rows) =
            inventory.read_instances(&mut parts.labels, diagnostics, |read, diagnostics| {
                if reviews {
                    review.review_row(read, diagnostics);
                }
            });
        if let Some(memory) = self.mode.memory.filter(|_| inventory.keeps) {
            memory.keep(RememberedRead {
                settings: self.settings.clone(),
                profiles: self.profiles.clone(),
                tag_keys: inventory.table.tag_keys().to_vec(),
                labels: parts.labels.clone(),
                rows,
            });
        }
        instances
    }

    fn read_actions(
        &self,
        inputs: ActionInputs<'_>,
        parts: &mut SharedParts,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Action> {
        let shifts = Shift::read_all(&self.scenario.topups, inputs.accounts, diagnostics);
        let context = actions::ActionContext {
            shifts: &shifts,
            settings: &self.settings,
            accounts: inputs.accounts,
            profiles: &self.profiles,
            instances: inputs.instances,
            tag_keys: inputs.tag_keys,
            orders: self.mode.reviews.then_some(inputs.orders),
        };
        let bytes = self.folder.get(actions::FILE);
        actions::read_actions(bytes, &self.scenario.actions, &context, parts, diagnostics)
    }
}

/// What the rows of actions refer to.
struct ActionInputs<'r> {
    accounts: &'r [Account],
    instances: &'r [Instance],
    orders: &'r Orders,
    tag_keys: &'r [String],
}

fn refuse_too_large(book: &Book, diagnostics: &mut Diagnostics) {
    let mut refuse = |message: &str, help: String| {
        diagnostics.push(Code::TooLarge, Place::of_file(SETTINGS_FILE), message, help);
    };
    if book.largest_movement() > i128::from(i64::MAX) {
        let instances = book.instances.iter();
        let dearest = instances.max_by_key(|one| one.monthly_price.max(one.hourly_price));
        let dearest = dearest.map_or_else(String::new, |one| {
            format!("; the dearest instance is {}", shown(one.id.as_str()))
        });
        refuse(
            "the amounts of this book could add up to more than 64 bits of minor units",
            format!("look for amounts with too many digits{dearest}"),
        );
    }
    if !book.terms_end_in_time() {
        let instances = book.instances.iter();
        let last = instances
            .filter(|one| one.expires_on.is_some())
            .max_by_key(|one| one.expires_on);
        let last = last.map_or_else(String::new, |one| {
            format!(
                ", or look at {}, which expires last",
                shown(one.id.as_str())
            )
        });
        refuse(
            "the renewals of this book could end after 9999-12-31",
            format!("plan fewer or shorter renewals{last}"),
        );
    }
}

fn required<'f>(folder: &'f Folder, file: &str, diagnostics: &mut Diagnostics) -> Option<&'f [u8]> {
    let bytes = folder.get(file);
    if bytes.is_none() {
        let message = format!("a book needs `{file}`");
        let help = format!("add `{file}` to the folder");
        diagnostics.push(Code::Unreadable, Place::of_file(file), message, help);
    }
    bytes
}

/// Parses the files of a scenario.
fn documents<'f>(
    folder: &'f Folder,
    files: &'f [String],
    diagnostics: &mut Diagnostics,
) -> Option<Vec<TomlDocument<'f>>> {
    files
        .iter()
        .map(|file| TomlDocument::parse_toml(file, folder.get(file)?, diagnostics))
        .collect()
}
