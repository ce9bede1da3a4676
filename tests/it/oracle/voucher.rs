//! Vouchers: which one a prepaid payment takes, and the action that grants one (docs/spec/money.md, Vouchers).
//! Takes nothing from anybody: the payment does.

use std::cmp::Reverse;

use super::action::fact_and_note;
use super::dates::Date;
use super::day::Replay;
use super::ledger::Entry;
use super::number::money;
use super::read::Action;
use super::state::Voucher;

/// The voucher that a payment takes, by its place among the run's, and what it covers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chosen {
    pub(crate) voucher: usize,
    pub(crate) covers: i128,
}

impl Replay<'_> {
    /// The earliest to end among those that cover the whole price, else the earliest of all (**voucher-choice**).
    pub(crate) fn voucher_for(&self, index: usize, price: i128) -> Option<Chosen> {
        let fitting: Vec<usize> = (0..self.vouchers.len())
            .filter(|&place| self.fits(&self.vouchers[place], index, price))
            .collect();
        if price == 0 {
            self.notes
                .reached_if(!fitting.is_empty(), "voucher/none-for-nothing");
            return None;
        }
        let covering: Vec<usize> = fitting
            .iter()
            .copied()
            .filter(|&place| self.vouchers[place].left >= price)
            .collect();
        let candidates = if covering.is_empty() {
            &fitting
        } else {
            &covering
        };
        let chosen = candidates
            .iter()
            .copied()
            .min_by_key(|&place| self.preference(place, price))?;
        self.note_choice(&fitting, &covering, chosen, price);
        Some(Chosen {
            voucher: chosen,
            covers: self.vouchers[chosen].left.min(price),
        })
    }

    /// Of equal dates the one that covers more, then the one with less left, then the smaller id.
    fn preference(&self, place: usize, price: i128) -> (Date, Reverse<i128>, i128, &str) {
        let voucher = &self.vouchers[place];
        (
            voucher.valid_to,
            Reverse(voucher.left.min(price)),
            voucher.left,
            &voucher.id,
        )
    }

    fn fits(&self, voucher: &Voucher, index: usize, price: i128) -> bool {
        let instance = &self.instances[index];
        if voucher.account != instance.account {
            return false;
        }
        let valid = voucher.valid_from <= self.today && self.today <= voucher.valid_to;
        let fits_product = voucher.products.is_empty()
            || voucher
                .products
                .iter()
                .any(|name| name == instance.product());
        let fits_pay_mode = voucher
            .pay_mode
            .as_deref()
            .is_none_or(|mode| mode == "PREPAID");
        let large_enough = voucher.min_order.is_none_or(|least| least <= price);
        let notes = self.notes;
        notes.reached_if(self.today < voucher.valid_from, "voucher/not-yet-valid");
        notes.reached_if(self.today > voucher.valid_to, "voucher/over");
        notes.reached_if(voucher.left == 0, "voucher/used-up");
        notes.reached_if(!fits_product, "voucher/other-product");
        notes.reached_if(!fits_pay_mode, "voucher/other-pay-mode");
        notes.reached_if(!large_enough, "voucher/order-too-small");
        let fits = valid && voucher.left > 0 && fits_product && fits_pay_mode && large_enough;
        notes.reached_if(
            fits && self.today == voucher.valid_from,
            "voucher/on-its-first-day",
        );
        notes.reached_if(
            fits && self.today == voucher.valid_to,
            "voucher/on-its-last-day",
        );
        notes.reached_if(
            fits && !voucher.products.is_empty(),
            "voucher/of-the-product",
        );
        notes.reached_if(
            fits && voucher.min_order == Some(price),
            "voucher/order-just-large-enough",
        );
        fits
    }

    fn note_choice(&self, fitting: &[usize], covering: &[usize], chosen: usize, price: i128) {
        let notes = self.notes;
        let of = |place: usize| &self.vouchers[place];
        let earlier = fitting
            .iter()
            .any(|&place| of(place).valid_to < of(chosen).valid_to);
        notes.reached_if(!covering.is_empty(), "voucher/covers-all");
        notes.reached_if(
            !covering.is_empty() && earlier,
            "voucher/passes-over-an-earlier-one",
        );
        notes.reached_if(
            covering.is_empty() && fitting.len() > 1,
            "voucher/none-covers-all",
        );
        notes.reached_if(of(chosen).left > price, "voucher/keeps-the-rest");
        let candidates = if covering.is_empty() {
            fitting
        } else {
            covering
        };
        let is_rival =
            |place: &&usize| **place != chosen && of(**place).valid_to == of(chosen).valid_to;
        for &rival in candidates.iter().filter(is_rival) {
            let (rival, chosen) = (of(rival), of(chosen));
            let covers_less = rival.left.min(price) < chosen.left.min(price);
            notes.reached(match (covers_less, rival.left == chosen.left) {
                (true, _) => "voucher/tie-covers-more",
                (false, false) => "voucher/tie-less-left",
                (false, true) => "voucher/tie-smaller-id",
            });
        }
    }

    /// A payment that fails with the chosen voucher, though another one would have paid (**voucher-funds**).
    pub(crate) fn another_would_do(&self, index: usize, price: i128) -> bool {
        let missing = price - self.accounts[self.instances[index].account].available();
        self.vouchers
            .iter()
            .any(|voucher| self.fits(voucher, index, price) && voucher.left.min(price) >= missing)
    }

    /// The action `voucher`: valid from its day on; its row has no amount (**voucher-action**).
    pub(crate) fn grant_voucher(&mut self, account: usize, amount: i128, action: &Action) {
        let digits = self.accounts[account].digits;
        let id = action.voucher.clone().expect("`voucher` has a voucher_id");
        let valid_to = action.valid_to.expect("`voucher` has a valid_to");
        self.notes.reached("voucher/granted");
        let fact = format!("{id} {} until {valid_to}", money(amount, digits));
        self.vouchers.push(Voucher {
            id,
            account,
            left: amount,
            valid_from: self.today,
            valid_to,
            products: action.products.clone(),
            pay_mode: action.pay_mode.clone(),
            min_order: action.min_order.map(|least| least.minor_units(digits)),
        });
        let entry = self.account_entry(account, "voucher_granted");
        self.entries.push(Entry {
            detail: fact_and_note(&fact, &action.note),
            ..entry
        });
    }
}
