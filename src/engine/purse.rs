//! What an account pays with: its funds, its vouchers and the arrears clock (**payment**).
//!
//! A prepaid price is paid whole or not at all; usage is always deducted. The purse decides and moves; it writes no row
//! and knows no instance.

use crate::engine::ledger::{Needed, Shortfall};
use crate::model::account::{Account, Funds, Movement};
use crate::model::calendar::Day;
use crate::model::instance::Instance;
use crate::model::money::Money;
use crate::model::profile::{Profile, RestoreWhen};
use crate::model::voucher::{self, Purchase, Voucher, VoucherUse};

/// The means of one account.
#[derive(Clone)]
pub(super) struct Purse {
    funds: Funds,
    pub vouchers: Vec<Voucher>,
    /// Full hours since the available balance fell below zero; none while it is not.
    pub arrears_hours: Option<u32>,
    /// The smallest amount of further cash with which a decision would have been another one.
    pub margin: Option<Money>,
}

/// A price, and the voucher that pays a part of it.
#[derive(Clone, Copy)]
pub(super) struct Payment {
    price: Money,
    voucher: Option<VoucherUse>,
}

impl Payment {
    fn covered(self) -> Money {
        self.voucher.map_or(Money::ZERO, |used| used.covered)
    }

    /// What free credit and cash must pay.
    fn rest(self) -> Money {
        self.price - self.covered()
    }
}

impl Purse {
    pub(super) fn open_purse(account: &Account, opening_cash: Money) -> Self {
        let mut purse = Self {
            funds: account.funds,
            vouchers: account.vouchers.clone(),
            arrears_hours: account.arrears_hours,
            margin: None,
        };
        purse.funds.cash += opening_cash;
        purse
    }

    pub(super) fn funds(&self) -> &Funds {
        &self.funds
    }

    pub(super) fn available(&self) -> Money {
        self.funds.available()
    }

    pub(super) fn set_credit_limit(&mut self, limit: Money) {
        self.funds.credit_limit = limit;
    }

    /// Takes in what comes, or comes back.
    pub(super) fn receive(&mut self, movement: Movement) -> Movement {
        self.funds.apply(movement);
        movement
    }

    /// Takes in cash.
    pub(super) fn receive_cash(&mut self, cash: Money) -> Movement {
        self.receive(Movement {
            cash,
            ..Movement::default()
        })
    }

    /// Deducts an amount, free credit first, whether or not it suffices.
    pub(super) fn deduct(&mut self, amount: Money) -> Movement {
        debug_assert!(amount >= Money::ZERO, "a deduction of {amount:?}");
        self.funds.deduct(amount)
    }

    /// Whether an instance's price can be paid on this day: all or nothing, with the one voucher that fits best.
    pub(super) fn payment(
        &mut self,
        price: Money,
        instance: &Instance,
        day: Day,
    ) -> Result<Payment, Shortfall> {
        debug_assert!(price >= Money::ZERO, "a price of {price:?}");
        let payment = self.with_voucher(price, instance, day);
        if self.funds.suffice_for(payment.rest()) {
            return Ok(payment);
        }
        self.note_missing(payment.rest() - self.available());
        Err(self.shortfall(Needed::Price(price), payment.covered()))
    }

    /// What a price that is not even tried is held against.
    pub(super) fn untried(&self, price: Money, instance: &Instance, day: Day) -> Shortfall {
        let payment = self.with_voucher(price, instance, day);
        self.shortfall(Needed::Price(price), payment.covered())
    }

    fn with_voucher(&self, price: Money, instance: &Instance, day: Day) -> Payment {
        let mut voucher = None;
        // Most accounts have none, and the labels of an instance are far away in memory.
        if !self.vouchers.is_empty() {
            let product = instance.labels.product;
            let purchase = Purchase {
                price,
                product,
                day,
            };
            voucher = voucher::choose(&self.vouchers, purchase);
        }
        Payment { price, voucher }
    }

    fn shortfall(&self, needed: Needed, voucher: Money) -> Shortfall {
        Shortfall {
            needed,
            available: self.available(),
            voucher,
        }
    }

    /// Pays: the voucher first, then free credit, then cash.
    pub(super) fn pay(&mut self, payment: Payment) -> Movement {
        if let Some(used) = payment.voucher {
            self.vouchers[used.at].left -= used.covered;
        }
        Movement {
            voucher: -payment.covered(),
            ..self.deduct(payment.rest())
        }
    }

    /// Whether a stopped instance with this profile may run again.
    ///
    /// # Errors
    /// What that would need.
    pub(super) fn check_restart(&mut self, profile: &Profile) -> Result<(), Shortfall> {
        let (least, needed) = match profile.restore_when {
            RestoreWhen::Positive => (Money::from_minor(1), Needed::MoreThanZero),
            RestoreWhen::NotNegative => (Money::ZERO, Needed::AtLeastZero),
        };
        self.note_missing(least - self.available());
        if self.available() >= least {
            Ok(())
        } else {
            Err(self.shortfall(needed, Money::ZERO))
        }
    }

    /// Notes that with this much more cash a decision would have been another one.
    pub(super) fn note_missing(&mut self, sum: Money) {
        if sum > Money::ZERO && self.margin.is_none_or(|margin| sum < margin) {
            self.margin = Some(sum);
        }
    }

    /// Stops the arrears clock if nothing is owed; notes what is missing if it runs.
    pub(super) fn check_arrears(&mut self) {
        if self.available() >= Money::ZERO {
            self.arrears_hours = None;
        } else if self.arrears_hours.is_some() {
            self.note_missing(-self.available());
        }
    }

    /// Lets the arrears clock, if it runs, count days on which nothing else happens.
    pub(super) fn skip_days(&mut self, days: u32) {
        if days == 0 {
            return;
        }
        if let Some(hours) = self.arrears_hours {
            self.arrears_hours = Some(hours.saturating_add(24 * days));
            self.note_missing(-self.available());
        }
    }

    /// Counts an hour that ends with this much available: the clock starts at the first in arrears, and stops at none.
    pub(super) fn count_hour(&mut self, available: Money) {
        self.note_missing(-available);
        self.arrears_hours = match self.arrears_hours {
            _ if available >= Money::ZERO => None,
            None => Some(0),
            Some(hours) => Some(hours.saturating_add(1)),
        };
    }

    /// Writes what is left into the account of the book that continues the run.
    pub(super) fn close(self, account: &mut Account, last: Day) {
        account.funds = self.funds;
        account.arrears_hours = self.arrears_hours;
        account.vouchers = self.vouchers;
        account
            .vouchers
            .retain(|voucher| voucher.left > Money::ZERO && voucher.valid_to > last);
    }
}
