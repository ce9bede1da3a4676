//! A book made in code: names instead of numbers, put in order and checked when it is built. Nothing here reads a file.

use std::collections::{BTreeMap, BTreeSet};

use super::Book;
use super::check::BookError;
use crate::model::account::Account;
use crate::model::action::{AccountRef, Action, Target};
use crate::model::calendar::DayRange;
use crate::model::id::{Label, Labels};
use crate::model::instance::Instance;
use crate::model::money::Currency;
use crate::model::order::Orders;
use crate::model::profile::{Profile, ProfileIndex};

/// A book in the making.
#[derive(Debug)]
pub struct BookBuilder {
    book: Book,
    /// Each with the id of its account.
    instances: Vec<(Box<str>, Instance)>,
}

impl BookBuilder {
    /// A book without accounts that replays these days; instances follow the profile unless they name another one.
    pub fn new(days: DayRange, currency: Currency, profile: Profile) -> Self {
        let book = Book {
            name: "Book".into(),
            days,
            time_zone: "Asia/Shanghai".into(),
            currency,
            default_profile: ProfileIndex(0),
            product_profiles: BTreeMap::new(),
            profiles: vec![profile],
            accounts: Vec::new(),
            instances: Vec::new(),
            actions: Vec::new(),
            orders: Orders::default(),
            grants: Vec::new(),
            holidays: BTreeSet::new(),
            budgets: Vec::new(),
            rates: Vec::new(),
            labels: Labels::default(),
            tag_keys: Vec::new(),
        };
        Self {
            book,
            instances: Vec::new(),
        }
    }

    /// The label of a text, such as a product.
    pub fn label(&mut self, text: &str) -> Label {
        self.book.labels.intern(text)
    }

    /// Adds an account.
    pub fn add_account(&mut self, account: Account) {
        self.book.accounts.push(account);
    }

    /// Adds an instance of the account with this id.
    pub fn add_instance(&mut self, account: &str, instance: Instance) {
        self.instances.push((account.into(), instance));
    }

    /// Adds an action. Accounts and instances may be named as unknown ones: those of the book are found when it is built.
    pub fn add_action(&mut self, action: Action) {
        self.book.actions.push(action);
    }

    /// The book, in order and checked.
    ///
    /// # Errors
    /// The first rule of books that it breaks.
    pub fn build(self) -> Result<Book, BookError> {
        let Self {
            mut book,
            mut instances,
        } = self;
        book.accounts.sort_by(|left, right| left.id.cmp(&right.id));
        instances.sort_by(|(_, left), (_, right)| left.id.cmp(&right.id));
        for (account, mut instance) in instances {
            let number = book.find_account(&account);
            instance.account = number.ok_or(BookError::UnknownAccount(account))?;
            book.instances.push(instance);
        }
        let mut actions = std::mem::take(&mut book.actions);
        for action in &mut actions {
            if let Some(AccountRef::Unknown(id)) = &action.account
                && let Some(number) = book.find_account(id)
            {
                action.account = Some(AccountRef::Known(number));
            }
            if let Target::UnknownInstance(id) = &action.target
                && let Some(number) = book.find_instance(id)
            {
                action.target = Target::Instance(number);
            }
        }
        book.actions = actions;
        book.check()?;
        Ok(book)
    }
}
