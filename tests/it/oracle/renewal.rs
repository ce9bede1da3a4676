//! Phases 4 and 5: auto-renewals that are due, and what is past its expiry and unpaid (docs/spec/replay.md).
//! Also the one place where a term of whole months is paid for, by people or not.

use chrono::Datelike;

use super::dates::Date;
use super::day::Replay;
use super::ledger::Entry;
use super::order::{Charge, agreed, sort};
use super::state::{Instance, State};

/// Why an instance is renewed, and what the people who asked for it noted.
pub(crate) struct Why {
    pub(crate) reason: &'static str,
    pub(crate) note: String,
}

impl Why {
    fn auto() -> Self {
        Self {
            reason: "auto",
            note: String::new(),
        }
    }
}

impl Replay<'_> {
    /// Phase 4: the due instances, their prices and their order are taken once, at the beginning.
    pub(crate) fn renew(&mut self, account: usize) {
        let due = self.due(account);
        let when_short = self.when_short(&due);
        let mut given_up = false;
        let mut failed = false;
        for Charge { instance, price } in due {
            let suffices = self.suffices(instance, price);
            if suffices && !given_up {
                self.notes.reached_if(failed, "renew/skip");
                self.note_renewal_with_topup(account, price);
                let months = self.instances[instance].renew_months;
                self.extend(instance, months, price, Why::auto());
                continue;
            }
            self.notes
                .reached_if(suffices, "renew/stop-fails-what-could-be-paid");
            self.renewal_failed(instance, price);
            failed = true;
            given_up = when_short == "stop";
        }
    }

    /// The due instances in charge order, with the prices of their renewals.
    fn due(&self, account: usize) -> Vec<Charge> {
        let mut due = Vec::new();
        for index in self.instances_of(account) {
            if self.is_due(index) || self.is_due_to_be_kept(index) {
                let price = self.price_of(index, self.instances[index].renew_months);
                due.push(Charge {
                    instance: index,
                    price,
                });
            }
        }
        let order = self.charge_order(&due, "renew/mixed-charge-order");
        sort(&mut due, &self.instances, &order, self.notes);
        due
    }

    /// Whether it renews itself today (**attempts**).
    fn is_due(&self, index: usize) -> bool {
        let instance = &self.instances[index];
        if !instance.prepaid || instance.flag != "auto" {
            return false;
        }
        let may_renew = match instance.state {
            State::Running | State::Overdue => true,
            State::Reclaimed => instance.profile.auto_renew_while_reclaimed,
            _ => false,
        };
        may_renew && self.is_attempt_day(instance)
    }

    /// Due although neither its flag nor its profile renew it (**all-kept**).
    fn is_due_to_be_kept(&self, index: usize) -> bool {
        let instance = &self.instances[index];
        let waits = matches!(
            instance.state,
            State::Running | State::Overdue | State::Reclaimed
        );
        if !self.keeps_all || !instance.prepaid || !waits || instance.returned {
            return false;
        }
        match instance.flag.as_str() {
            "manual" | "auto" if instance.state == State::Reclaimed => true,
            "manual" => instance.day_number(self.today) >= 0,
            "auto" => instance.day_number(self.today) >= instance.profile.suspend_after_days,
            _ => false,
        }
    }

    fn is_attempt_day(&self, instance: &Instance) -> bool {
        let day = instance.day_number(self.today);
        let first = instance.profile.auto_renew_first;
        let Some(list) = &instance.profile.auto_renew_days else {
            let notes = self.notes;
            notes.reached_if(day >= first && first < 0, "renew/first-before-expiry");
            notes.reached_if(day >= first && first == 0, "renew/first-on-expiry");
            notes.reached_if(day >= first && first > 0, "renew/first-after-expiry");
            return day >= first;
        };
        let listed = list.contains(&day);
        self.notes
            .reached_if(list.is_empty() && day >= first, "renew/empty-list-never");
        self.notes.reached_if(listed, "renew/attempt-list");
        self.notes
            .reached_if(!listed && day >= first, "renew/list-wins-over-first");
        listed
    }

    /// The charge order that the profiles agree on, else the default profile's.
    pub(crate) fn charge_order(&self, charges: &[Charge], rule_if_mixed: &'static str) -> String {
        let of_profiles: Vec<&str> = charges
            .iter()
            .map(|charge| {
                self.instances[charge.instance]
                    .profile
                    .charge_order
                    .as_str()
            })
            .collect();
        let default = &self.book.default_profile.charge_order;
        agreed(&of_profiles, default, rule_if_mixed, self.notes)
    }

    fn when_short(&self, due: &[Charge]) -> String {
        let of_profiles: Vec<&str> = due
            .iter()
            .map(|charge| self.instances[charge.instance].profile.when_short.as_str())
            .collect();
        let default = &self.book.default_profile.when_short;
        agreed(&of_profiles, default, "renew/mixed-when-short", self.notes)
    }

    fn note_renewal_with_topup(&self, account: usize, price: i128) {
        let without = self.accounts[account].available() - self.topups_of_today(account);
        self.notes
            .reached_if(without < price, "renew/uses-the-topup-of-the-day");
    }

    fn renewal_failed(&mut self, index: usize, price: i128) {
        self.notes.reached("renew/failed");
        self.notes.reached_if(
            self.instances[index].state == State::Reclaimed,
            "renew/failed-while-reclaimed",
        );
        let detail = self.shortage(index, price);
        let entry = self.entry_of(index, "renewal_failed");
        self.entries.push(Entry {
            reason: "insufficient_funds",
            detail,
            ..entry
        });
    }

    /// Pays and starts a new term of whole months, from the bin as a recovery (**renewal**, **recover**).
    pub(crate) fn extend(&mut self, index: usize, months: u32, price: i128, why: Why) {
        let event = self.note_extension(index, &why);
        let start = self.term_start(index);
        let instance = &mut self.instances[index];
        if start != instance.expiry() {
            // The new term is counted with this anchor (**recovery-anchor**).
            instance.anchor = Some(start.day());
            let sticky = instance.profile.month_end == "sticky";
            self.notes.reached_if(sticky, "recover/sets-the-anchor");
        }
        let end = instance.months_after(start, months, self.notes);
        instance.expires_on = Some(end);
        instance.state = State::Running;
        instance.since = None;
        instance.returned = false;
        self.notes
            .reached_if(end <= self.today, "renew/new-term-ends-in-the-past");
        let movement = self.pay(index, price);
        let by_voucher = movement.voucher != 0;
        self.notes.reached_if(
            by_voucher && event == "renewed" && why.reason == "auto",
            "voucher/for-an-auto-renewal",
        );
        self.notes.reached_if(
            by_voucher && event == "renewed" && why.reason != "auto",
            "voucher/for-a-renewal-by-people",
        );
        self.notes
            .reached_if(by_voucher && event == "recovered", "voucher/for-a-recovery");
        self.add_order(index, (start, end), Some(months), movement);
        let entry = self.entry_of(index, event);
        self.entries.push(Entry {
            term: Some((start, end)),
            months: Some(months),
            movement: Some(movement),
            reason: why.reason,
            detail: why.note,
            ..entry
        });
    }

    fn note_extension(&self, index: usize, why: &Why) -> &'static str {
        let state = self.instances[index].state;
        let auto = why.reason == "auto";
        self.notes.reached(match (auto, state) {
            (true, State::Running) => "renew/running",
            (true, State::Overdue) => "renew/overdue",
            (true, _) => "recover/auto",
            (false, State::Running) => "renew/by-people-running",
            (false, State::Overdue) => "renew/by-people-overdue",
            (false, _) => "recover/by-people",
        });
        let renewed_by_people_today = self
            .entries_of_today()
            .any(|entry| entry.instance == self.instances[index].id && entry.reason == "manual");
        self.notes
            .reached_if(auto && renewed_by_people_today, "renew/auto-after-people");
        if state == State::Reclaimed {
            "recovered"
        } else {
            "renewed"
        }
    }

    /// `E`, or what `recover_from` says of a reclaimed instance; a returned one starts anew (**returned-recovery**).
    fn term_start(&self, index: usize) -> Date {
        let instance = &self.instances[index];
        if instance.state != State::Reclaimed {
            return instance.expiry();
        }
        if instance.returned {
            self.notes.reached("recover/returned");
            return self.today;
        }
        match instance.profile.recover_from.as_str() {
            "expiry" => {
                self.notes.reached("recover/from-expiry");
                instance.expiry()
            }
            "reclaim" => {
                self.notes.reached("recover/from-reclaim");
                instance.since.expect("a reclaimed instance has its day")
            }
            "today" => {
                self.notes.reached("recover/from-today");
                self.today
            }
            other => panic!("unknown recover_from {other}"),
        }
    }

    /// Phase 5: expired and reclaimed rows, instance by instance (**expire**).
    pub(crate) fn expire(&mut self, account: usize) {
        for index in self.instances_of(account) {
            let instance = &self.instances[index];
            let usable = matches!(instance.state, State::Running | State::Overdue);
            if !instance.prepaid || !usable {
                continue;
            }
            let day = instance.day_number(self.today);
            let suspend_after = instance.profile.suspend_after_days;
            let was_running = instance.state == State::Running;
            if was_running && day >= 0 && suspend_after > 0 {
                self.expired(index);
                self.notes
                    .reached_if(day >= suspend_after, "expire/both-rows");
            }
            if day >= suspend_after {
                self.notes
                    .reached_if(suspend_after == 0, "expire/suspend-0");
                self.reclaimed(index);
            }
        }
    }

    fn expired(&mut self, index: usize) {
        self.notes.reached("expire/overdue");
        self.instances[index].state = State::Overdue;
        let entry = self.entry_of(index, "expired");
        self.entries.push(Entry {
            reason: "unpaid",
            ..entry
        });
    }

    fn reclaimed(&mut self, index: usize) {
        self.notes.reached("expire/reclaimed");
        self.instances[index].state = State::Reclaimed;
        self.instances[index].since = Some(self.today);
        let entry = self.entry_of(index, "reclaimed");
        self.entries.push(Entry {
            reason: "unpaid",
            ..entry
        });
    }
}
