//! How a prepaid price is paid, and what is remembered of it: vouchers and orders (`docs/spec/money.md`).

use super::account_state::{AccountState, Position};
use crate::engine::ledger::{Needed, Shortfall};
use crate::model::account::Movement;
use crate::model::calendar::Day;
use crate::model::money::Money;
use crate::model::order::{Order, PaidTerms};
use crate::model::voucher::{self, Purchase};

/// A price that can be paid, and the voucher that pays a part of it.
#[derive(Clone, Copy)]
pub(super) struct PriceDue {
    price: Money,
    voucher: Option<(usize, Money)>,
}

impl AccountState<'_> {
    /// Whether an instance's price can be paid on this day: all or nothing, with the one voucher that fits best.
    pub(super) fn payable(
        &mut self,
        position: Position,
        price: Money,
        day: Day,
    ) -> Result<PriceDue, Shortfall> {
        let voucher = self.voucher(position, price, day);
        let covered = voucher.map_or(Money::ZERO, |(_, covered)| covered);
        if self.funds.suffice_for(price - covered) {
            return Ok(PriceDue { price, voucher });
        }
        self.lack(price - covered - self.funds.available());
        Err(self.shortfall(price, covered))
    }

    /// The voucher that fits best, and what it covers.
    /// Rules **voucher-payments**, **voucher-choice**.
    fn voucher(&self, position: Position, price: Money, day: Day) -> Option<(usize, Money)> {
        if self.vouchers.is_empty() {
            return None;
        }
        let product = self.listed(position).labels.product;
        voucher::choose(
            &self.vouchers,
            Purchase {
                price,
                product,
                day,
            },
        )
    }

    /// What a price that is not even tried is held against.
    pub(super) fn untried(&self, position: Position, price: Money, day: Day) -> Shortfall {
        let voucher = self.voucher(position, price, day);
        self.shortfall(price, voucher.map_or(Money::ZERO, |(_, covered)| covered))
    }

    fn shortfall(&self, price: Money, voucher: Money) -> Shortfall {
        Shortfall {
            needed: Needed::Price(price),
            available: self.funds.available(),
            voucher,
        }
    }

    /// Pays: the voucher first, then free credit, then cash.
    pub(super) fn pay(&mut self, payable: PriceDue) -> Movement {
        let Some((at, covered)) = payable.voucher else {
            return self.deduct(payable.price);
        };
        self.vouchers[at].left -= covered;
        Movement {
            voucher: -covered,
            ..self.deduct(payable.price - covered)
        }
    }

    /// Remembers what was paid for a term that follows the others.
    pub(super) fn remember_order(&mut self, position: Position, order: Order, day: Day) {
        let last = &mut self.unit_mut(position).order;
        let going_on = last
            .as_ref()
            .filter(|before| before.term.end > day)
            .copied();
        *last = Some(order);
        if going_on.is_none() && self.earlier_orders.is_empty() {
            return;
        }
        let earlier = self.earlier_orders.remove(&position);
        let kept = earlier
            .into_iter()
            .flatten()
            .chain(going_on)
            .filter(|order| order.term.end > day);
        let kept: Vec<Order> = kept.collect();
        if !kept.is_empty() {
            self.earlier_orders.insert(position, kept);
        }
    }

    /// Puts one order, or none, in the place of all that is known.
    pub(super) fn replace_orders(&mut self, position: Position, order: Option<Order>) {
        self.earlier_orders.remove(&position);
        self.unit_mut(position).order = order;
    }

    /// Sorts the orders of the book: the last stays with the instance.
    pub(super) fn file_earlier_orders(&mut self, position: Position) {
        let mut known = self.book.orders.of_instance(self.unit(position).instance);
        known.next_back();
        let earlier: Vec<Order> = known.copied().collect();
        if !earlier.is_empty() {
            self.earlier_orders.insert(position, earlier);
        }
    }

    /// The orders of an instance that are not over on `day`, by their start.
    pub(super) fn orders_on(&self, position: Position, day: Day) -> impl Iterator<Item = Order> {
        let earlier = self
            .earlier_orders
            .get(&position)
            .into_iter()
            .flatten()
            .copied();
        earlier
            .chain(self.unit(position).order)
            .filter(move |order| order.term.end > day)
    }

    /// What is known to be paid for the terms that are not over on `day`.
    pub(super) fn paid_on(&self, position: Position, day: Day) -> Option<PaidTerms> {
        PaidTerms::on(day, self.orders_on(position, day))
    }

    /// An amount that comes back, in cash and free credit as it was paid.
    pub(super) fn split(&self, position: Position, amount: Money, paid: &PaidTerms) -> Movement {
        let cash = amount.part(paid.cash, paid.total(), self.profile(position).rounding);
        Movement {
            voucher: Money::ZERO,
            cash,
            free_credit: amount - cash,
        }
    }
}
