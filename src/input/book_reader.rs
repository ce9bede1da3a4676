//! The tables of a book, read in the order in which they depend on each other, and put together. Settings, profiles and
//! scenario are known before.

use super::instances::{Inventory, InventoryContext};
use super::memory::RememberedRead;
use super::prices::Prices;
use super::review::{BookReview, InventoryReview};
use super::scenario::{Scenario, Shift};
use super::settings::Settings;
use super::table::{CsvTable, Origins};
use super::value::shown;
use super::vouchers::SharedParts;
use super::{
    Folder, ReadMode, SETTINGS_FILE, accounts, actions, budget, instances, orders, prices, returns,
    vouchers,
};
use crate::input::diagnostic::{Code, Diagnostics, Place};
use crate::model::account::Account;
use crate::model::action::Action;
use crate::model::book::{Book, BookError};
use crate::model::budget::{Budget, Rate};
use crate::model::id::Labels;
use crate::model::instance::Instance;
use crate::model::order::Orders;
use crate::model::profile::Profile;

/// Reads the tables of a book, whose settings and profiles are known.
pub(super) struct BookReader<'r, 'd> {
    pub folder: &'r Folder,
    pub scenario: &'r Scenario<'d>,
    pub settings: Settings,
    pub profiles: Vec<Profile>,
    pub mode: ReadMode<'r>,
}

impl BookReader<'_, '_> {
    /// The book; what is wrong with its tables is reported.
    pub(super) fn read_tables(
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
        let prices = read_prices(self.folder, &mut parts.labels, diagnostics)?;
        let [account_table, table] = [
            (accounts::FILE, accounts, accounts::COLUMNS),
            (instances::FILE, instances, instances::COLUMNS),
        ]
        .map(|(file, bytes, columns)| CsvTable::open_table(file, bytes, columns, diagnostics));
        let (account_table, mut table) = (account_table?, table?);
        table.set_zone(&self.settings.time_zone);
        let (accounts, account_rows) = self.read_accounts(&account_table, &mut parts, diagnostics);
        let (budgets, rates) = self.read_budgets(diagnostics);
        let edits = self.scenario.edits(&mut table, diagnostics);
        let context = InventoryContext {
            settings: &self.settings,
            profiles: &self.profiles,
            accounts: &accounts,
            prices: &prices,
        };
        let before = before.as_deref();
        let inventory = Inventory {
            table: &table,
            edits: &edits,
            context,
            known: before.and_then(|before| before.rows_of(table.tag_keys())),
            keeps: memory.is_some() && before.is_none(),
        };
        let instances = self.read_inventory(&inventory, &mut parts, diagnostics);
        let orders = self.read_orders(&accounts, &instances, diagnostics);
        let actions = ActionInputs {
            accounts: &accounts,
            instances: &instances,
            orders: &orders,
            tag_keys: table.tag_keys(),
        };
        let actions = self.read_actions(actions, &mut parts, diagnostics);
        let (mode, folder) = (self.mode, self.folder);
        let book = self.into_book(ReadTables {
            accounts,
            instances,
            actions,
            orders,
            budgets,
            rates,
            parts,
            tag_keys: table.tag_keys(),
        });
        refuse_broken(&book, diagnostics);
        if mode.reviews && !diagnostics.has_errors() {
            let review = BookReview {
                book: &book,
                inventory: &table,
                accounts: &account_rows,
                has_rates: folder.get(budget::RATES_FILE).is_some(),
            };
            review.review_book(diagnostics);
        }
        Some(book)
    }

    fn into_book(self, tables: ReadTables<'_>) -> Book {
        let settings = self.settings;
        let tag_keys = tables.tag_keys.iter().map(|key| key.as_str().into());
        Book {
            name: settings.name,
            days: settings.days,
            time_zone: settings.time_zone,
            currency: settings.currency,
            default_profile: settings.profile,
            product_profiles: settings.product_profiles,
            profiles: self.profiles,
            accounts: tables.accounts,
            instances: tables.instances,
            actions: tables.actions,
            orders: tables.orders,
            grants: tables.parts.grants,
            holidays: settings.holidays,
            budgets: tables.budgets,
            rates: tables.rates,
            labels: tables.parts.labels,
            tag_keys: tag_keys.collect(),
        }
    }

    fn read_orders(
        &self,
        accounts: &[Account],
        instances: &[Instance],
        diagnostics: &mut Diagnostics,
    ) -> Orders {
        let context = orders::OrderContext {
            accounts,
            instances,
            settings: &self.settings,
        };
        let orders = self.folder.get(orders::FILE);
        let orders = orders.map(|bytes| orders::read_orders(bytes, context, diagnostics));
        orders.unwrap_or_default()
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

fn read_prices<'f>(
    folder: &'f Folder,
    labels: &mut Labels,
    diagnostics: &mut Diagnostics,
) -> Option<Prices<'f>> {
    match folder.get(prices::FILE) {
        Some(bytes) => prices::read_prices(bytes, labels, diagnostics),
        None => Some(Prices::default()),
    }
}

/// What the tables of a book hold.
struct ReadTables<'r> {
    accounts: Vec<Account>,
    instances: Vec<Instance>,
    actions: Vec<Action>,
    orders: Orders,
    budgets: Vec<Budget>,
    rates: Vec<Rate>,
    parts: SharedParts,
    tag_keys: &'r [String],
}

/// What the rows of actions refer to.
struct ActionInputs<'r> {
    accounts: &'r [Account],
    instances: &'r [Instance],
    orders: &'r Orders,
    tag_keys: &'r [String],
}

/// Reports the rule of books that this one breaks. Where cells are wrong only its size is looked at: they explain the rest.
fn refuse_broken(book: &Book, diagnostics: &mut Diagnostics) {
    let checked = if diagnostics.has_errors() {
        book.check_size()
    } else {
        book.check()
    };
    let Err(error) = checked else { return };
    let (code, help) = match error {
        BookError::AmountsTooLarge => (Code::TooLarge, help_with_amounts(book)),
        BookError::TermsTooLong => (Code::TooLarge, help_with_terms(book)),
        _ => (
            Code::ImpossibleState,
            "look at the files that name it".to_owned(),
        ),
    };
    let place = Place::of_file(SETTINGS_FILE);
    diagnostics.push(code, place, error.to_string(), help);
}

fn help_with_amounts(book: &Book) -> String {
    let instances = book.instances.iter();
    match instances.max_by_key(|one| one.monthly_price.max(one.hourly_price)) {
        None => "look for an amount with too many digits".to_owned(),
        Some(one) => format!(
            "look for amounts with too many digits; the dearest instance is {}",
            shown(one.id.as_str())
        ),
    }
}

fn help_with_terms(book: &Book) -> String {
    let prepaid = book.instances.iter().filter(|one| one.expires_on.is_some());
    match prepaid.max_by_key(|one| one.expires_on) {
        None => "plan fewer or shorter renewals".to_owned(),
        Some(one) => format!(
            "plan fewer or shorter renewals, or look at {}, which expires last",
            shown(one.id.as_str())
        ),
    }
}
