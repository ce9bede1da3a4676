//! Figures of many similar books, each account replayed once for the same inputs.
//!
//! Accounts do not depend on each other, and a change seldom reaches all of them. What an account depends on is compared
//! value by value, never by a hash: the days and rules of the book, the account, its instances, and the actions on them.
//!
//! Rule **replayed-once** of docs/spec.

use std::collections::{BTreeMap, BTreeSet};

use super::figures::{AccountOutcome, Fold, Group};
use super::needed::needed;
use crate::engine::{self, Refusal, Window};
use crate::model::account::{Account, AccountIndex};
use crate::model::action::{AccountRef, Action, Target};
use crate::model::book::Book;
use crate::model::calendar::DayRange;
use crate::model::id::Labels;
use crate::model::instance::Instance;
use crate::model::order::Orders;
use crate::model::profile::{Profile, ProfileIndex};
use crate::model::voucher::Voucher;

/// What all accounts of a book have in common.
#[derive(PartialEq)]
struct CommonInputs {
    days: DayRange,
    profiles: Vec<Profile>,
    default_profile: ProfileIndex,
    tag_keys: Vec<Box<str>>,
    grants: Vec<Voucher>,
    orders: Orders,
    labels: Labels,
}

impl CommonInputs {
    fn common_of(book: &Book) -> Self {
        Self {
            days: book.days,
            profiles: book.profiles.clone(),
            default_profile: book.default_profile,
            tag_keys: book.tag_keys.clone(),
            grants: book.grants.clone(),
            orders: book.orders.clone(),
            labels: book.labels.clone(),
        }
    }

    fn are_those_of(&self, book: &Book) -> bool {
        self.days == book.days
            && self.default_profile == book.default_profile
            && self.profiles == book.profiles
            && self.tag_keys == book.tag_keys
            && self.grants == book.grants
            && self.orders == book.orders
            && self.labels == book.labels
    }
}

/// The variant of everything that an account depends on. Instances that are as in the first book are left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct AccountVariant {
    rules: usize,
    account: usize,
    actions: usize,
    instances: Vec<(u32, usize)>,
}

/// The number of the variant that is the same; of a new one the next.
fn variant_number<T>(
    known: &mut Vec<T>,
    is_same: impl Fn(&T) -> bool,
    new: impl FnOnce() -> T,
) -> usize {
    known.iter().position(is_same).unwrap_or_else(|| {
        known.push(new());
        known.len() - 1
    })
}

/// What is known of one account.
#[derive(Debug, Default)]
struct AccountCache {
    account: Vec<Account>,
    actions: Vec<Vec<Action>>,
    outcomes: BTreeMap<AccountVariant, CacheHit>,
}

/// What is known of an account with some inputs.
#[derive(Debug)]
enum CacheHit {
    /// Somebody has been asked to replay it.
    Asked,
    /// What it comes to.
    Outcome(Box<AccountOutcome>),
    /// It cannot be replayed.
    Refused,
}

/// The figures of accounts that have been replayed.
#[derive(Default)]
pub struct Cache {
    groups: Vec<Group>,
    rules: Vec<CommonInputs>,
    instances: Vec<Vec<Instance>>,
    accounts: Vec<AccountCache>,
    replayed: usize,
}

/// A book whose accounts have been looked up.
pub struct CachedBook {
    keys: Vec<AccountVariant>,
    /// The accounts that have to be replayed.
    pub missing: BTreeSet<AccountIndex>,
}

impl Cache {
    /// An empty cache. The groups are of the instances by number, which every book must have alike.
    pub fn with_groups(groups: Vec<Group>) -> Self {
        Self {
            groups,
            ..Self::default()
        }
    }

    /// The groups.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// How many accounts had to be replayed so far.
    pub fn replayed(&self) -> usize {
        self.replayed
    }

    /// Looks up the accounts of a book. Those that are missing must be replayed and then be kept.
    pub fn look_up(&mut self, book: &Book) -> CachedBook {
        self.instances.resize_with(book.instances.len(), Vec::new);
        self.accounts
            .resize_with(book.accounts.len(), AccountCache::default);
        let rules = variant_number(
            &mut self.rules,
            |known| known.are_those_of(book),
            || CommonInputs::common_of(book),
        );
        let mut changed: Vec<Vec<(u32, usize)>> = vec![Vec::new(); book.accounts.len()];
        for ((number, instance), variants) in (0u32..).zip(&book.instances).zip(&mut self.instances)
        {
            let variant = variant_number(variants, |known| known == instance, || instance.clone());
            if variant > 0 {
                changed[instance.account.0 as usize].push((number, variant));
            }
        }
        let actions = actions_by_account(book);
        let mut looked_up = CachedBook {
            keys: Vec::new(),
            missing: BTreeSet::new(),
        };
        for ((index, instances), actions) in book.account_indexes().zip(changed).zip(actions) {
            let (known, account) = (&mut self.accounts[index.0 as usize], book.account(index));
            let key = AccountVariant {
                rules,
                account: variant_number(
                    &mut known.account,
                    |known| known == account,
                    || account.clone(),
                ),
                actions: variant_number(
                    &mut known.actions,
                    |known| known.iter().eq(actions.iter().copied()),
                    || actions.iter().copied().cloned().collect(),
                ),
                instances,
            };
            if !known.outcomes.contains_key(&key) {
                // Marked at once, so that the next book does not ask for it again.
                known.outcomes.insert(key.clone(), CacheHit::Asked);
                looked_up.missing.insert(index);
            }
            looked_up.keys.push(key);
        }
        looked_up
    }

    /// Keeps what a replay gave for the missing accounts of a task.
    pub fn keep(&mut self, task: &CachedBook, outcomes: Vec<AccountOutcome>) {
        self.replayed += outcomes.len();
        for outcome in outcomes {
            let number = outcome.figures.account.0 as usize;
            self.accounts[number].outcomes.insert(
                task.keys[number].clone(),
                CacheHit::Outcome(Box::new(outcome)),
            );
        }
    }

    /// Keeps that an account of a task cannot be replayed.
    pub fn refuse(&mut self, task: &CachedBook, account: AccountIndex) {
        let number = account.0 as usize;
        self.accounts[number]
            .outcomes
            .insert(task.keys[number].clone(), CacheHit::Refused);
    }

    /// What the accounts of a task come to, once all missing ones of this task and those before it are kept or refused.
    ///
    /// # Errors
    /// The first account that cannot be replayed.
    ///
    /// # Panics
    /// A missing account was neither kept nor refused.
    pub fn outcomes(&self, task: &CachedBook) -> Result<Vec<AccountOutcome>, AccountIndex> {
        let mut outcomes = Vec::new();
        for (at, (key, known)) in (0..).zip(task.keys.iter().zip(&self.accounts)) {
            match known.outcomes.get(key) {
                Some(CacheHit::Outcome(outcome)) => outcomes.push(AccountOutcome::clone(outcome)),
                Some(CacheHit::Refused) => return Err(AccountIndex(at)),
                Some(CacheHit::Asked) | None => {
                    unreachable!("every missing account was replayed and kept, or refused")
                }
            }
        }
        Ok(outcomes)
    }
}

/// The actions that reach each account, in the order of the book.
fn actions_by_account(book: &Book) -> Vec<Vec<&Action>> {
    let mut actions: Vec<Vec<&Action>> = vec![Vec::new(); book.accounts.len()];
    for action in &book.actions {
        match (&action.account, &action.target) {
            (Some(AccountRef::Known(account)), _) => actions[account.0 as usize].push(action),
            (None, Target::Instance(instance)) => {
                actions[book.instance(*instance).account.0 as usize].push(action);
            }
            (None, Target::Where(_)) => actions.iter_mut().for_each(|list| list.push(action)),
            (Some(AccountRef::Unknown(_)), _)
            | (None, Target::UnknownInstance(_) | Target::Account) => {}
        }
    }
    actions
}

/// Replays some accounts of a book.
///
/// # Errors
/// The first action that needs a price which is not known.
pub fn replay(
    book: &Book,
    accounts: &BTreeSet<AccountIndex>,
    groups: &[Group],
) -> Result<Vec<AccountOutcome>, Refusal> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    let mut run = engine::open_accounts(book, accounts);
    let mut window = Window::default();
    let mut fold = Fold::fold_over(book, groups);
    while run.advance(&mut window)? {
        fold.fold_window(&window);
    }
    let mut outcomes = fold.into_outcomes(run.orders());
    outcomes.retain(|outcome| accounts.contains(&outcome.figures.account));
    for (outcome, needed) in outcomes.iter_mut().zip(needed(book, accounts)) {
        outcome.figures.needed = needed;
    }
    Ok(outcomes)
}
