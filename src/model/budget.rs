//! What a month may cost, and what a currency is worth: people decide it, reports compare with it, no replay looks at it.

use crate::model::calendar::Day;
use crate::model::money::{Currency, Money, Price};

/// What people mean to spend in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The first day of the month.
    pub month: Day,
    /// The value of the column by which a report compares; none: everything.
    pub key: Option<Box<str>>,
    /// The amount in the book's currency, not negative.
    pub amount: Money,
}

/// What one unit of a currency is worth in the book's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The currency, another one than the book's.
    pub currency: Currency,
    /// Its worth, above zero.
    pub rate: Price,
}
