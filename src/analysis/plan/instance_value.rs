//! What an instance is worth where money does not keep all of them.
//!
//! Rule **plan-worth** of docs/spec.

use std::collections::BTreeMap;

use crate::engine::charge;
use crate::model::account::AccountIndex;
use crate::model::book::Book;
use crate::model::instance::{ChargeType, Instance, InstanceIndex};
use crate::model::money::{Money, Share};
use crate::model::selector::Column;

/// Hours of the thirty days for which an hourly instance is priced.
const HOURS_OF_A_MONTH: u32 = 30 * 24;

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
    let numbered = || (0u32..).map(InstanceIndex).zip(&book.instances);
    match worth {
        InstanceValue::Count => Ok(numbered().map(|(index, _)| (index, 1)).collect()),
        InstanceValue::Price => Ok(numbered()
            .map(|(index, one)| (index, u128::try_from(month(book, one).minor()).unwrap_or(0)))
            .collect()),
        InstanceValue::Tag(tag) => numbered()
            .map(|(index, one)| Ok((index, value_of_tag(book, one, tag)?)))
            .collect(),
        InstanceValue::Priority => by_priority(book),
    }
}

/// The list price of a month of an instance; 720 hours of one that is charged by the hour.
pub fn month(book: &Book, instance: &Instance) -> Money {
    let currency = book.account(instance.account).currency;
    let profile = book.profile(instance.profile);
    let price = match instance.charge_type {
        ChargeType::Prepaid => instance
            .monthly_price
            .map(|price| price.charge(currency, Share::ONCE, profile.rounding)),
        ChargeType::Postpaid => instance
            .hourly_price
            .map(|price| charge::hour(profile, currency, price) * HOURS_OF_A_MONTH),
    };
    price.unwrap_or(Money::ZERO)
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
    for (number, instance) in (0u32..).zip(&book.instances) {
        let class = (
            instance.account,
            instance.priority.is_none(),
            instance.priority.unwrap_or(0),
        );
        classes
            .entry(class)
            .or_default()
            .push(InstanceIndex(number));
    }
    let mut worths = BTreeMap::new();
    let mut behind: Option<(AccountIndex, u128)> = None;
    for ((account, ..), instances) in classes.into_iter().rev() {
        let sum = behind
            .filter(|(known, _)| *known == account)
            .map_or(0, |(_, sum)| sum);
        let error = || ValueError::TooManyPriorities {
            account: book.account(account).id.to_string(),
        };
        let all = (instances.len() as u128)
            .checked_mul(sum + 1)
            .and_then(|all| all.checked_add(sum + 1));
        behind = Some((account, all.ok_or_else(error)? - 1));
        worths.extend(instances.into_iter().map(|instance| (instance, sum + 1)));
    }
    Ok(worths)
}
