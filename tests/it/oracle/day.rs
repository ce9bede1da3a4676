//! One day of one account: the seven phases in their order (docs/spec/replay.md).
//! Plain loops over all instances in every phase; keeps no queue and remembers nothing but the states.

use std::collections::BTreeMap;

use super::dates::Date;
use super::ledger::Entry;
use super::read::Book;
use super::rules::Notes;
use super::state::{Account, Instance, Returns, State, Voucher};

/// A run in the middle of a day.
pub(crate) struct Replay<'a> {
    pub(crate) book: &'a Book,
    pub(crate) accounts: Vec<Account>,
    pub(crate) instances: Vec<Instance>,
    pub(crate) today: Date,
    pub(crate) entries: Vec<Entry>,
    /// Places in the book's actions of the selectors that matched in some account today.
    pub(crate) matched: Vec<usize>,
    pub(crate) vouchers: Vec<Voucher>,
    /// By account, product and year.
    pub(crate) returns: BTreeMap<(usize, String, i32), Returns>,
    /// A price is not there that an action needs: the run stops (**missing-hour-price**).
    pub(crate) missing_price: bool,
    /// Whether nothing is lost that nobody decided to end (**all-kept**).
    pub(crate) keeps_all: bool,
    pub(crate) notes: &'a Notes,
}

impl Replay<'_> {
    /// The phases of a day (**phases**).
    pub(crate) fn day_of(&mut self, account: usize) {
        self.release(account);
        self.purchases_and_starts(account);
        self.actions(account);
        self.restore(account);
        self.renew(account);
        self.clear_clock_after_renewals(account);
        self.expire(account);
        self.usage(account);
        self.notices(account);
    }

    /// Phase 1: what is in the bin or stopped, and whose release day has come, is gone.
    fn release(&mut self, account: usize) {
        for index in self.instances_of(account) {
            let instance = &self.instances[index];
            let by_people = instance.stopped_by == Some("user");
            let waits = matches!(instance.state, State::Reclaimed | State::Stopped) && !by_people;
            self.notes.reached_if(
                by_people && self.today >= instance.release_day(),
                "stop/is-not-released",
            );
            if !waits || self.today < instance.release_day() {
                continue;
            }
            self.note_release(index);
            self.instances[index].state = State::Terminated;
            let entry = self.entry_of(index, "terminated");
            self.entries.push(Entry {
                reason: "retention_over",
                ..entry
            });
        }
    }

    fn note_release(&self, index: usize) {
        let instance = &self.instances[index];
        let since = instance.since.expect("what waits for release has a day");
        let first_day = self.today == self.book.from;
        let notes = self.notes;
        notes.reached_if(!instance.prepaid, "release/postpaid");
        notes.reached_if(instance.prepaid, "release/prepaid");
        notes.reached_if(instance.returned, "release/returned");
        notes.reached_if(
            first_day && self.today > instance.release_day(),
            "release/past-its-day-at-the-opening",
        );
        if instance.prepaid && instance.retention_counts_from_expiry() {
            let over = instance.day_number(since) > instance.profile.retention_days;
            notes.reached("release/retention-from-expiry");
            notes.reached_if(over, "release/never-before-the-day-after-reclaiming");
        }
    }

    /// Phase 2, first half: purchases of the day by instance id, and postpaid starts (**purchase**, **free-start**).
    fn purchases_and_starts(&mut self, account: usize) {
        for index in self.instances_of(account) {
            let instance = &self.instances[index];
            if instance.starts_on != Some(self.today) {
                continue;
            }
            if instance.prepaid {
                self.purchase(account, index);
            } else {
                // It starts whatever the account's arrears (**free-start**).
                let in_arrears = self.accounts[account].available() < 0;
                self.notes.reached("start/postpaid-begins");
                self.notes
                    .reached_if(in_arrears, "start/postpaid-begins-in-arrears");
                self.instances[index].state = State::Running;
            }
        }
    }

    fn purchase(&mut self, account: usize, index: usize) {
        let months = self.instances[index].renew_months;
        let price = self.price_of(index, months);
        if !self.suffices(index, price) {
            self.refuse_purchase(account, index, price);
            return;
        }
        self.notes.reached("purchase/paid");
        let start = self.today;
        let end = self.instances[index].months_after(start, months, self.notes);
        let movement = self.pay(index, price);
        self.notes
            .reached_if(movement.voucher != 0, "voucher/for-a-purchase");
        self.add_order(index, (start, end), Some(months), movement);
        let instance = &mut self.instances[index];
        instance
            .orders
            .iter_mut()
            .for_each(|order| order.new = true);
        instance.expires_on = Some(end);
        instance.state = State::Running;
        let entry = self.entry_of(index, "purchased");
        self.entries.push(Entry {
            term: Some((start, end)),
            months: Some(months),
            movement: Some(movement),
            ..entry
        });
    }

    fn refuse_purchase(&mut self, account: usize, index: usize, price: i128) {
        self.notes.reached("purchase/refused");
        self.notes.reached_if(
            price <= self.accounts[account].available() + self.topups_of_today(account),
            "purchase/before-the-topup-of-the-day",
        );
        let detail = format!("purchase: {}", self.shortage(index, price));
        let entry = self.entry_of(index, "rejected");
        self.entries.push(Entry {
            reason: "insufficient_funds",
            detail,
            ..entry
        });
    }

    /// The account's instances by id, whether they exist or not.
    pub(crate) fn instances_of(&self, account: usize) -> Vec<usize> {
        (0..self.instances.len())
            .filter(|&index| self.instances[index].account == account)
            .collect()
    }

    /// The rows written so far today, the last one first.
    pub(crate) fn entries_of_today(&self) -> impl Iterator<Item = &Entry> {
        let rows = self.entries.iter().rev();
        rows.take_while(|entry| entry.date == self.today)
    }

    /// A row of the account, with nothing moved.
    pub(crate) fn account_entry(&self, account: usize, event: &'static str) -> Entry {
        let account = &self.accounts[account];
        Entry {
            date: self.today,
            account: account.id.clone(),
            digits: account.digits,
            instance: String::new(),
            event,
            state: "",
            term: None,
            months: None,
            hours: None,
            movement: None,
            balance: Some(account.settled()),
            reason: "",
            detail: String::new(),
        }
    }

    /// A row of the instance as it stands now, with nothing moved.
    pub(crate) fn entry_of(&self, index: usize, event: &'static str) -> Entry {
        let instance = &self.instances[index];
        Entry {
            instance: instance.id.clone(),
            state: instance.state.word(),
            ..self.account_entry(instance.account, event)
        }
    }
}
