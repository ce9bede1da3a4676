//! Vouchers, and which of them a payment takes.
//!
//! Rule: Tencent's document on vouchers (代金券, 2021-04-27): one voucher for each payment, the earliest to end among those
//! that cover the whole order, else the earliest to end.
//!
//! Rule **voucher-payments** of docs/spec.

use std::cmp::Reverse;

use crate::model::calendar::Day;
use crate::model::id::Label;
use crate::model::instance::ChargeType;
use crate::model::money::Money;

/// The number of a voucher among those that the actions of a book grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GrantIndex(pub u32);

/// A voucher of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voucher {
    /// Its id, unique in the book.
    pub id: Box<str>,
    /// What is left of it, not negative.
    pub left: Money,
    /// The first day on which it can be used.
    pub valid_from: Day,
    /// The last day on which it can be used.
    pub valid_to: Day,
    /// The products that it pays for; none: all.
    pub products: Box<[Label]>,
    /// How they must be charged; none: in any way. The replay pays prepaid orders with vouchers only.
    pub pay_mode: Option<ChargeType>,
    /// The smallest price that it pays for.
    pub min_order: Money,
}

/// A prepaid payment, as vouchers see it.
#[derive(Clone, Copy, Debug)]
pub struct Purchase {
    /// Its price.
    pub price: Money,
    /// The product that it pays for.
    pub product: Label,
    /// Its day.
    pub day: Day,
}

impl Voucher {
    /// What it would pay; nothing where it does not fit.
    pub fn covers(&self, purchase: Purchase) -> Money {
        let in_time = self.valid_from <= purchase.day && purchase.day <= self.valid_to;
        let product = self.products.is_empty() || self.products.contains(&purchase.product);
        let pay_mode = self.pay_mode != Some(ChargeType::Postpaid);
        let fits = in_time && product && pay_mode && self.min_order <= purchase.price;
        if fits {
            self.left.min(purchase.price)
        } else {
            Money::ZERO
        }
    }
}

/// A voucher that a payment takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoucherUse {
    /// Its place among the vouchers.
    pub at: usize,
    /// What of the price it pays.
    pub covered: Money,
}

/// The voucher that a payment takes, if one fits.
pub fn choose(vouchers: &[Voucher], purchase: Purchase) -> Option<VoucherUse> {
    let fitting = vouchers
        .iter()
        .enumerate()
        .map(|(at, voucher)| (at, voucher, voucher.covers(purchase)));
    let chosen = fitting
        .filter(|(_, _, covered)| *covered > Money::ZERO)
        .min_by_key(|(_, voucher, covered)| {
            (
                *covered < purchase.price,
                voucher.valid_to,
                Reverse(*covered),
                voucher.left,
                &voucher.id,
            )
        });
    chosen.map(|(at, _, covered)| VoucherUse { at, covered })
}
