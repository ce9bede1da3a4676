//! Prepaid payments: whether funds suffice, what is taken, and what to say where they do not (docs/spec/money.md).
//! Knows nothing of terms and states.

use super::day::Replay;
use super::number::money;
use super::price::renewal_price;
use super::read::Action;
use super::state::Movement;

impl Replay<'_> {
    /// Whether a prepaid payment is possible: all or nothing, zero included (**payment**, **zero-payment**).
    pub(crate) fn suffices(&self, index: usize, price: i128) -> bool {
        let account = &self.accounts[self.instances[index].account];
        let covered = self.covered(index, price);
        let available = account.available() + covered;
        let (notes, suffices) = (self.notes, available >= price);
        notes.reached_if(available == price, "funds/just-enough");
        notes.reached_if(price - available == 1, "funds/one-unit-short");
        notes.reached_if(!suffices && price == 0, "funds/zero-price-in-arrears");
        notes.reached_if(
            suffices && available - account.credit_limit < price,
            "funds/credit-limit-counts",
        );
        notes.reached_if(
            !suffices && available + account.frozen >= price,
            "funds/frozen-does-not-count",
        );
        notes.reached_if(
            suffices && available - covered < price,
            "voucher/makes-the-difference",
        );
        notes.reached_if(!suffices && covered > 0, "voucher/does-not-suffice");
        notes.reached_if(
            !suffices && covered == price,
            "voucher/covers-all-but-not-arrears",
        );
        let other = !suffices && covered > 0 && self.another_would_do(index, price);
        notes.reached_if(other, "voucher/another-is-not-tried");
        suffices
    }

    /// What the chosen voucher covers of a price.
    fn covered(&self, index: usize, price: i128) -> i128 {
        self.voucher_for(index, price)
            .map_or(0, |chosen| chosen.covers)
    }

    /// A voucher first, then free credit, then cash (**payment**).
    pub(crate) fn pay(&mut self, index: usize, price: i128) -> Movement {
        let chosen = self.voucher_for(index, price);
        let covered = chosen.map_or(0, |chosen| chosen.covers);
        if let Some(chosen) = chosen {
            self.vouchers[chosen.voucher].left -= chosen.covers;
        }
        let account = &mut self.accounts[self.instances[index].account];
        let movement = Movement {
            voucher: -covered,
            ..account.deduct(price - covered)
        };
        let notes = self.notes;
        notes.reached_if(price == 0, "pay/nothing");
        notes.reached_if(
            movement.free_credit != 0 && movement.cash == 0,
            "pay/free-credit",
        );
        notes.reached_if(
            movement.free_credit != 0 && movement.cash != 0,
            "pay/free-credit-then-cash",
        );
        notes.reached_if(
            movement.cash != 0 && account.cash < 0,
            "pay/cash-below-zero",
        );
        notes.reached_if(covered > 0 && covered == price, "pay/voucher");
        notes.reached_if(covered > 0 && covered < price, "pay/voucher-and-more");
        assert!(
            account.available() >= 0,
            "a prepaid payment keeps `available` at zero or above (**law-end**)"
        );
        movement
    }

    /// What was needed and what was there (**first-and-note**).
    pub(crate) fn shortage(&self, index: usize, price: i128) -> String {
        let account = &self.accounts[self.instances[index].account];
        let needed = money(price, account.digits);
        let available = money(account.available(), account.digits);
        match self.covered(index, price) {
            0 => format!("needed {needed}, available {available}"),
            covered => format!(
                "needed {needed}, available {available}, voucher {}",
                money(covered, account.digits)
            ),
        }
    }

    pub(crate) fn price_of(&self, index: usize, months: u32) -> i128 {
        let instance = &self.instances[index];
        let digits = self.accounts[instance.account].digits;
        renewal_price(instance, months, digits, self.notes)
    }

    pub(crate) fn topups_of_today(&self, account: usize) -> i128 {
        let account = &self.accounts[account];
        let is_topup = |action: &&Action| {
            action.date == self.today
                && action.name == "topup"
                && action.account.as_ref() == Some(&account.id)
        };
        let topups = self.book.actions.iter().filter(is_topup);
        let amounts = topups.filter_map(|action| action.amount);
        amounts
            .map(|amount| amount.minor_units(account.digits))
            .sum()
    }
}
