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
use crate::model::action::ActionIndex;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::id::{FurtherLabels, Labels};
use crate::model::instance::Instance;
use crate::model::money::Currency;
use crate::model::profile::{Profile, ProfileIndex};
use crate::model::selector::Selector;
use document::TomlDocument;
use prices::Prices;
use profiles::Profiles;
use scenario::{Edit, Scenario, Shift, WrittenCells};
use selectors::selector;
use settings::Settings;
use table::{CsvRow, CsvTable, InputRow as _, KnownColumns};
use value::shown;

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
    read_with(
        folder,
        scenario,
        ReadMode {
            care: CheckDepth::Enough,
            memory: Some(memory),
        },
    )
}

/// [`read_book`], with warnings about what a person should look at in a book that is right in itself.
pub fn check_book(folder: &Folder, scenario: Option<&str>) -> (Option<Book>, Diagnostics) {
    read_with(
        folder,
        scenario,
        ReadMode {
            care: CheckDepth::Most,
            memory: None,
        },
    )
}

/// How much is looked for.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum CheckDepth {
    /// What a run needs.
    #[default]
    Enough,
    /// The warnings of `review` too.
    Most,
}

/// How a book is read.
#[derive(Clone, Copy, Default)]
struct ReadMode<'m> {
    care: CheckDepth,
    memory: Option<&'m ReadMemory>,
}

fn read_with(
    folder: &Folder,
    scenario: Option<&str>,
    way: ReadMode<'_>,
) -> (Option<Book>, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let care = way.care;
    let book = read_book_as(folder, (scenario, way), &mut diagnostics);
    if care == CheckDepth::Most && !diagnostics.has_errors() {
        for (file, columns) in TEXTS {
            folder
                .get(file)
                .inspect(|bytes| review::formulas((file, bytes, *columns), &mut diagnostics));
        }
    }
    let book = book.filter(|_| !diagnostics.has_errors());
    (book, diagnostics)
}

/// Reads a condition on the instances of a book that stands outside its files; `name` says where.
pub fn condition(
    book: &Book,
    (name, text): (&str, &str),
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
    let table = folder.get(instances::FILE);
    let table = table.and_then(|bytes| {
        CsvTable::open_table(instances::FILE, bytes, instances::COLUMNS, &mut diagnostics)
    });
    let table = table.ok_or_else(|| {
        (
            "the inventory cannot be read".to_owned(),
            "see `renewcast check`".to_owned(),
        )
    })?;
    let condition = condition
        .map(|text| selector(text, table.tag_keys()))
        .transpose();
    let condition = condition.map_err(|problem| (problem.message, problem.help))?;
    let mut ids = BTreeSet::new();
    table.rows(&mut diagnostics, |row, _| {
        let is_selected = condition
            .as_ref()
            .is_none_or(|condition| condition.selects(&WrittenCells(&row)));
        ids.extend(row.text(0).filter(|_| is_selected).map(Into::into));
    });
    Ok(ids)
}

/// What to type instead of an id that is in no list.
pub fn meant_id<'n>(text: &str, known: impl Iterator<Item = &'n str> + Clone) -> String {
    ids::meant(
        text,
        (known, "the book"),
        "take an id from instances.csv or accounts.csv",
    )
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
    let own = match folder.get(PROFILES_FILE) {
        Some(bytes) => Some(TomlDocument::parse_toml(PROFILES_FILE, bytes, diagnostics)?),
        None => None,
    };
    let mut profiles = Profiles::of_builtin(profiles::builtin());
    if let Some(own) = &own {
        profiles.overlay(&own.section(), diagnostics);
    }
    profiles.check_own(diagnostics);
    let document = TomlDocument::parse_toml(
        SETTINGS_FILE,
        required(folder, SETTINGS_FILE, diagnostics)?,
        diagnostics,
    )?;
    let settings = Settings::read_settings(&document, &[], &mut profiles, diagnostics)?;
    let profiles = profiles.into_resolved();
    let of = |index: ProfileIndex| profiles.get(index.0 as usize).cloned();
    let products = settings
        .product_profiles
        .iter()
        .filter_map(|(product, index)| Some((product.clone(), of(*index)?)));
    Some(BookRules {
        from: settings.days.from,
        time_zone: settings.time_zone.clone(),
        currency: settings.currency,
        default: of(settings.profile)?,
        products: products.collect(),
    })
}

/// Makes ready what every book needs: a folder can be read meanwhile.
pub fn prepare() {
    profiles::builtin();
}

fn read_book_as(
    folder: &Folder,
    (scenario, way): (Option<&str>, ReadMode<'_>),
    diagnostics: &mut Diagnostics,
) -> Option<Book> {
    let files = Files {
        settings: required(folder, SETTINGS_FILE, diagnostics),
        accounts: required(folder, accounts::FILE, diagnostics),
        instances: required(folder, instances::FILE, diagnostics),
        prices: folder.get(prices::FILE),
        actions: folder.get(actions::FILE),
        vouchers: folder.get(vouchers::FILE),
        orders: folder.get(orders::FILE),
        returns: folder.get(returns::FILE),
        budget: folder.get(budget::FILE),
        rates: folder.get(budget::RATES_FILE),
    };
    let own_profiles = match folder.get(PROFILES_FILE) {
        Some(bytes) => Some(TomlDocument::parse_toml(PROFILES_FILE, bytes, diagnostics)?),
        None => None,
    };
    let scenario_files = scenario::files(folder, scenario, diagnostics)?;
    let scenario_documents = documents(folder, &scenario_files, diagnostics)?;
    let scenario = Scenario::read_scenario(&scenario_documents, diagnostics);
    let mut profiles = Profiles::of_builtin(profiles::builtin());
    let own = own_profiles.as_ref().map(TomlDocument::section);
    for section in own.iter().chain(&scenario.profiles) {
        profiles.overlay(section, diagnostics);
    }
    profiles.check_own(diagnostics);

    let settings_document = TomlDocument::parse_toml(SETTINGS_FILE, files.settings?, diagnostics)?;
    let settings = Settings::read_settings(
        &settings_document,
        &scenario.book,
        &mut profiles,
        diagnostics,
    )?;
    for changes in &scenario.profiles {
        let used: Vec<ProfileIndex> = settings
            .product_profiles
            .values()
            .copied()
            .chain([settings.profile])
            .collect();
        profiles.warn_of_idle(changes, &used, diagnostics);
    }
    let profiles = profiles.into_resolved();
    BookReader {
        files,
        scenario: &scenario,
        settings,
        profiles,
        way,
    }
    .book(diagnostics)
}

/// The files of a book that are read whatever its settings say.
struct Files<'f> {
    settings: Option<&'f [u8]>,
    accounts: Option<&'f [u8]>,
    instances: Option<&'f [u8]>,
    prices: Option<&'f [u8]>,
    actions: Option<&'f [u8]>,
    vouchers: Option<&'f [u8]>,
    orders: Option<&'f [u8]>,
    returns: Option<&'f [u8]>,
    budget: Option<&'f [u8]>,
    rates: Option<&'f [u8]>,
}

/// Reads the tables of a book, whose settings and profiles are known.
struct BookReader<'r, 'd> {
    files: Files<'r>,
    scenario: &'r Scenario<'d>,
    settings: Settings,
    profiles: Vec<Profile>,
    way: ReadMode<'r>,
}

impl BookReader<'_, '_> {
    fn book(self, diagnostics: &mut Diagnostics) -> Option<Book> {
        let Self {
            files,
            scenario,
            settings,
            profiles,
            way,
        } = self;
        let care = way.care;
        let before = way
            .memory
            .and_then(|memory| memory.find(&settings, &profiles));
        let mut labels = before
            .as_ref()
            .map(|before| before.labels.clone())
            .unwrap_or_default();
        let prices = match files.prices {
            Some(bytes) => prices::read_prices(bytes, &mut labels, diagnostics)?,
            None => Prices::default(),
        };
        let account_table = CsvTable::open_table(
            accounts::FILE,
            files.accounts?,
            accounts::COLUMNS,
            diagnostics,
        );
        let table = CsvTable::open_table(
            instances::FILE,
            files.instances?,
            instances::COLUMNS,
            diagnostics,
        );
        let (account_table, mut table) = (account_table?, table?);
        table.set_zone(&settings.time_zone);
        let (mut accounts, account_rows) =
            accounts::read_accounts(&account_table, &settings, diagnostics);
        let mut voucher_ids = vouchers::Ids::new();
        if let Some(bytes) = files.vouchers {
            vouchers::read_vouchers(
                bytes,
                (&settings, &mut accounts),
                (&mut labels, &mut voucher_ids),
                diagnostics,
            );
        }
        if let Some(bytes) = files.returns {
            returns::read_returns(bytes, &mut accounts, &mut labels, diagnostics);
        }
        let budgets = files
            .budget
            .map(|bytes| budget::read_budget(bytes, &settings, diagnostics))
            .unwrap_or_default();
        let rates = files
            .rates
            .map(|bytes| budget::read_rates(bytes, &settings, diagnostics))
            .unwrap_or_default();
        let edits = scenario.edits(&mut table, diagnostics);
        let context = instances::InventoryContext {
            settings: &settings,
            profiles: &profiles,
            accounts: &accounts,
            prices: &prices,
        };
        let known = (way, before.as_deref(), &mut labels);
        let instances = inventory((&table, &edits), &context, known, diagnostics);
        let context = orders::OrderContext {
            accounts: &accounts,
            instances: &instances,
            settings: &settings,
        };
        let orders = files
            .orders
            .map(|bytes| orders::read_orders(bytes, context, diagnostics))
            .unwrap_or_default();
        let shifts = Shift::read_all(&scenario.topups, &accounts, diagnostics);
        let context = actions::ActionContext {
            shifts: &shifts,
            settings: &settings,
            accounts: &accounts,
            profiles: &profiles,
            instances: &instances,
            tag_keys: table.tag_keys(),
            orders: (care == CheckDepth::Most).then_some(&orders),
        };
        let mut grants = Vec::new();
        let mut makings = actions::ActionParts {
            labels: &mut labels,
            voucher_ids: &mut voucher_ids,
            grants: &mut grants,
        };
        let actions = actions::read_actions(
            files.actions,
            &scenario.actions,
            (&context, &mut makings),
            diagnostics,
        );
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
            orders,
            grants,
            holidays: settings.holidays,
            budgets,
            rates,
            labels,
            tag_keys: table
                .tag_keys()
                .iter()
                .map(|key| key.as_str().into())
                .collect(),
        };
        refuse_too_large(&book, diagnostics);
        if care == CheckDepth::Most && !diagnostics.has_errors() {
            review::whole(
                &book,
                (&table, &account_rows, files.rates.is_some()),
                diagnostics,
            );
        }
        Some(book)
    }
}

/// The instances. Rows that were read before under the same rules are taken over; else what is read is kept for later.
fn inventory(
    (table, edits): (&CsvTable<'_>, &[Edit]),
    context: &instances::InventoryContext<'_>,
    (way, before, labels): (ReadMode<'_>, Option<&memory::RememberedRead>, &mut Labels),
    diagnostics: &mut Diagnostics,
) -> Vec<Instance> {
    let days = context.settings.days;
    let review = |row: &CsvRow<'_, '_>,
                  one: &Instance,
                  labels: &FurtherLabels<'_>,
                  found: &mut Diagnostics| {
        if way.care == CheckDepth::Most {
            let rules = &context.profiles[one.profile.0 as usize];
            review::review_instance(row, (one, rules), (days, table.tag_keys(), labels), found);
        }
    };
    let rows = before
        .filter(|before| before.tag_keys == table.tag_keys())
        .map(|before| &before.rows);
    let keeps = (way.memory.is_some() && before.is_none()).then(Default::default);
    let mut known = instances::PriorReading { rows, keeps };
    let instances = instances::read_instances(
        table,
        (edits, context),
        (&mut *labels, &mut known),
        diagnostics,
        review,
    );
    if let (Some(rows), Some(memory)) = (known.keeps, way.memory) {
        memory.keep(memory::RememberedRead {
            settings: context.settings.clone(),
            profiles: context.profiles.to_vec(),
            tag_keys: table.tag_keys().to_vec(),
            labels: labels.clone(),
            rows,
        });
    }
    instances
}

fn refuse_too_large(book: &Book, diagnostics: &mut Diagnostics) {
    if book.largest_movement() > i128::from(i64::MAX) {
        let dearest = book
            .instances
            .iter()
            .max_by_key(|one| one.monthly_price.max(one.hourly_price));
        let help = dearest.map_or_else(
            || "look for an amount with too many digits".to_owned(),
            |one| {
                format!(
                    "look for amounts with too many digits; the dearest instance is {}",
                    shown(one.id.as_str())
                )
            },
        );
        let message = "the amounts of this book could add up to more than 64 bits of minor units";
        diagnostics.push(Code::TooLarge, Place::of_file(SETTINGS_FILE), message, help);
    }
    if !book.terms_end_in_time() {
        let last = book
            .instances
            .iter()
            .filter(|one| one.expires_on.is_some())
            .max_by_key(|one| one.expires_on);
        let help = last.map_or_else(
            || "plan fewer or shorter renewals".to_owned(),
            |one| {
                format!(
                    "plan fewer or shorter renewals, or look at {}, which expires last",
                    shown(one.id.as_str())
                )
            },
        );
        let message = "the renewals of this book could end after 9999-12-31";
        diagnostics.push(Code::TooLarge, Place::of_file(SETTINGS_FILE), message, help);
    }
}

fn required<'f>(folder: &'f Folder, file: &str, diagnostics: &mut Diagnostics) -> Option<&'f [u8]> {
    let bytes = folder.get(file);
    if bytes.is_none() {
        let message = format!("a book needs `{file}`");
        diagnostics.push(
            Code::Unreadable,
            Place::of_file(file),
            message,
            format!("add `{file}` to the folder"),
        );
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
