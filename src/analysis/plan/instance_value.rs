//! What an instance is worth where money does not keep all of them. It never looks at a run.

use std::collections::BTreeMap;

use crate::analysis::lost::value_of_month;
use crate::model::account::AccountIndex;
use crate::model::book::Book;
use crate::model::instance::{Instance, InstanceIndex};
use crate::model::money::Money;
use crate::model::selector::Column;

/// How instances are weighed against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceValue {
    /// Each counts the same.
    Count,
    /// By the list price of a month, in minor units; an hourly instance by 720 hours.
    Price,
    /// By the column `priority`: one of a smaller number is worth more than all with greater numbers together.
    Priority,
    /// By a tag, which holds a whole number; an empty one is nothing.
    Tag(usize),
}

/// Why instances cannot be weighed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// A tag that holds something else.
    #[error("the tag of `{instance}` is `{text}`, not a whole number from 0 on")]
    NoNumber {
        /// The instance.
        instance: String,
        /// The text of its tag.
        text: String,
    },
    /// More priorities than 128 bits tell apart.
    #[error("account `{account}` has more different priorities than can be weighed")]
    TooManyPriorities {
        /// The account.
        account: String,
    },
}

/// What each instance is worth.
///
/// # Errors
/// The first instance or account that cannot be weighed.
pub fn weigh(
    book: &Book,
    worth: InstanceValue,
) -> Result<BTreeMap<InstanceIndex, u128>, ValueError> {
    let mut worths = BTreeMap::new();
    for (index, instance) in book.numbered_instances() {
        let worth = match worth {
            InstanceValue::Count => 1,
            InstanceValue::Price => u128::try_from(month(book, instance).minor()).unwrap_or(0),
            InstanceValue::Tag(tag) => value_of_tag(book, instance, tag)?,
            InstanceValue::Priority => return by_priority(book),
        };
        worths.insert(index, worth);
    }
    Ok(worths)
}

/// The list price of a month of an instance; 720 hours of one that is charged by the hour.
pub fn month(book: &Book, instance: &Instance) -> Money {
    let (monthly, hourly) = (instance.monthly_price, instance.hourly_price);
    value_of_month(book, instance, instance.charge_type, monthly, hourly)
}

fn value_of_tag(book: &Book, instance: &Instance, tag: usize) -> Result<u128, ValueError> {
    let Some(text) = book.cell_text(instance, Column::Tag(tag)) else {
        return Ok(0);
    };
    let number: Result<u64, _> = text.trim().parse();
    number.map(u128::from).map_err(|_| ValueError::NoNumber {
        instance: instance.id.to_string(),
        text,
    })
}

/// In each account one of a priority is worth one more than all behind it; those without a priority come last.
fn by_priority(book: &Book) -> Result<BTreeMap<InstanceIndex, u128>, ValueError> {
    let mut classes: BTreeMap<(AccountIndex, bool, i64), Vec<InstanceIndex>> = BTreeMap::new();
    for (index, instance) in book.numbered_instances() {
        let (account, priority) = (instance.account, instance.priority);
        let class = (account, priority.is_none(), priority.unwrap_or(0));
        classes.entry(class).or_default().push(index);
    }
    let mut worths = BTreeMap::new();
    let mut behind: Option<(AccountIndex, u128)> = None;
    for ((account, ..), instances) in classes.into_iter().rev() {
        let sum = behind.filter(|(known, _)| *known == account);
        let worth = sum.map_or(0, |(_, sum)| sum) + 1;
        // The worth of all in this class and behind it.
        let all = (instances.len() as u128).checked_mul(worth);
        let all = all.and_then(|all| all.checked_add(worth));
        let Some(all) = all else {
            return Err(ValueError::TooManyPriorities {
                account: book.account(account).id.to_string(),
            });
        };
        behind = Some((account, all - 1));
        worths.extend(instances.into_iter().map(|instance| (instance, worth)));
    }
    Ok(worths)
}
