//! An account: what it holds, and how a payment is taken from it.
//!
//! | amount | meaning |
//! |---|---|
//! | `settled` | cash + free credit |
//! | `available` | settled − frozen + credit limit |
//!
//! A prepaid payment is all or nothing; usage is always deducted (`docs/spec/money.md`). A voucher goes before free credit,
//! free credit before cash.

use crate::model::id::{AccountId, Label};

pub use crate::model::id::AccountIndex;
use crate::model::money::{Currency, Money};
use crate::model::voucher::Voucher;

/// One account of a book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id, unique in the book.
    pub id: AccountId,
    /// What people call it.
    pub name: Option<Box<str>>,
    /// The currency of all its amounts and prices.
    pub currency: Currency,
    /// What it holds.
    pub funds: Funds,
    /// Below this available amount there are balance alerts.
    pub alert_below: Option<Money>,
    /// Hours since the arrears clock was set; none while it is not running.
    pub arrears_hours: Option<u32>,
    /// Balance alerts in a row so far.
    pub alert_days: u32,
    /// Its vouchers.
    pub vouchers: Vec<Voucher>,
    /// Its returns so far, by product and calendar year.
    pub returns: Vec<Returns>,
}

/// How many instances of a product an account returned in a calendar year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Returns {
    /// The product.
    pub product: Label,
    /// The calendar year.
    pub year: i32,
    /// Returned instances.
    pub count: u32,
    /// How many of them with the whole payment.
    pub in_full: u32,
}

/// The money of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Funds {
    /// Cash; below zero only in debt.
    pub cash: Money,
    /// Free credit, never below zero.
    pub free_credit: Money,
    /// The part that cannot be spent.
    pub frozen: Money,
    /// How far spending may go beyond what is there.
    pub credit_limit: Money,
}

/// What each source contributed to a movement, signed like the movement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Movement {
    /// What a voucher paid; it is not part of the account's funds.
    pub voucher: Money,
    /// Change of free credit.
    pub free_credit: Money,
    /// Change of cash.
    pub cash: Money,
}

impl Movement {
    /// Change of `settled`.
    pub fn amount(self) -> Money {
        self.free_credit + self.cash
    }
}

impl Funds {
    /// Cash and free credit together.
    pub fn settled(&self) -> Money {
        self.cash + self.free_credit
    }

    /// What a payment can use.
    pub fn available(&self) -> Money {
        self.settled() - self.frozen + self.credit_limit
    }

    /// Whether a prepaid payment of `price` can be made; a price of zero still needs `available ≥ 0`.
    pub fn suffice_for(&self, price: Money) -> bool {
        self.available() >= price
    }

    /// Takes an amount, free credit first, whether or not it suffices.
    pub fn deduct(&mut self, amount: Money) -> Movement {
        let free_credit = amount.min(self.free_credit);
        let taken = Movement {
            free_credit: -free_credit,
            cash: -(amount - free_credit),
            ..Movement::default()
        };
        self.apply(taken);
        taken
    }

    /// Adds a movement to what is there.
    pub fn apply(&mut self, movement: Movement) {
        self.free_credit += movement.free_credit;
        self.cash += movement.cash;
    }
}
