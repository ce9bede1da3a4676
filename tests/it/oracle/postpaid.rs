//! Phases 3 and 6: postpaid instances come back, are used hour by hour, and stop in arrears (docs/spec/replay.md).
//! Asks nobody for money: usage is always deducted.

use super::day::Replay;
use super::ledger::Entry;
use super::price::hour_price;
use super::state::{Account, Movement, State};

/// What of a day was billed.
#[derive(Clone, Copy, Debug, Default)]
struct Hours {
    billed: i64,
    cost: i128,
}

impl Replay<'_> {
    /// Phase 3: stopped postpaid instances come back by themselves if funds allow (**restore**).
    pub(crate) fn restore(&mut self, account: usize) {
        for index in self.instances_of(account) {
            let instance = &self.instances[index];
            if instance.state != State::Stopped {
                continue;
            }
            if instance.stopped_by == Some("user") {
                self.notes
                    .reached_if(self.may_run_again(index), "stop/is-not-restored");
                continue;
            }
            if instance.profile.restart != "automatic" && !self.keeps_all {
                self.notes
                    .reached_if(self.may_run_again(index), "restore/manual-waits");
            } else if self.may_run_again(index) {
                self.run_again(index, "funds", String::new());
            } else {
                let nothing_left = self.accounts[account].available() == 0;
                self.notes
                    .reached_if(nothing_left, "restore/zero-is-not-positive");
            }
        }
    }

    /// Whether funds allow a stopped instance to run again (**restore**).
    pub(crate) fn may_run_again(&self, index: usize) -> bool {
        let instance = &self.instances[index];
        let available = self.accounts[instance.account].available();
        match instance.profile.restore_when.as_str() {
            "positive" => available > 0,
            "not_negative" => available >= 0,
            other => panic!("unknown restore_when {other}"),
        }
    }

    pub(crate) fn run_again(&mut self, index: usize, reason: &'static str, detail: String) {
        let available = self.accounts[self.instances[index].account].available();
        self.notes.reached(match reason {
            "funds" => "restore/automatic",
            _ if self.instances[index].stopped_by == Some("user") => "start/after-a-stop-by-people",
            _ => "start/by-people",
        });
        self.notes.reached_if(available == 0, "restore/at-zero");
        self.instances[index].state = State::Running;
        self.instances[index].since = None;
        self.instances[index].stopped_by = None;
        let entry = self.entry_of(index, "restored");
        self.entries.push(Entry {
            reason,
            detail,
            ..entry
        });
    }

    /// The arrears clock ends, too, where nothing is owed after phase 4 (**silent-clock**).
    pub(crate) fn clear_clock_after_renewals(&mut self, account: usize) {
        let account = &mut self.accounts[account];
        if account.available() >= 0 {
            self.notes.reached_if(
                account.arrears_clock.is_some(),
                "usage/clock-cleared-after-renewals",
            );
            account.arrears_clock = None;
        }
    }

    /// Phase 6: 24 hours, one by one; then the rows of the day (**hours**).
    pub(crate) fn usage(&mut self, account: usize) {
        let at_midnight = self.accounts[account].clone();
        let mut hours = vec![Hours::default(); self.instances.len()];
        let states: Vec<State> = self
            .instances
            .iter()
            .map(|instance| instance.state)
            .collect();
        let mut stopped = Vec::new();
        self.note_running_clock(account);
        for hour in 1..=24 {
            self.charge_hour(account, &mut hours);
            self.tick(account);
            self.stop_what_is_past_its_grace(account, &mut stopped);
            let mid_day = hour < 24 && stopped.iter().any(|&index| hours[index].billed == hour);
            self.notes.reached_if(mid_day, "usage/stopped-mid-day");
        }
        self.usage_entries(account, &hours, &states, at_midnight);
        for index in self.instances_of(account) {
            if stopped.contains(&index) {
                let entry = self.entry_of(index, "stopped");
                self.entries.push(Entry {
                    reason: "arrears",
                    ..entry
                });
            }
        }
    }

    fn note_running_clock(&self, account: usize) {
        let clock_runs = self.accounts[account].arrears_clock.is_some();
        let anything_postpaid = self
            .instances_of(account)
            .iter()
            .any(|&index| !self.instances[index].prepaid);
        self.notes
            .reached_if(clock_runs, "usage/clock-carries-over");
        self.notes
            .reached_if(clock_runs && !anything_postpaid, "usage/silent-clock");
    }

    fn charge_hour(&mut self, account: usize, hours: &mut [Hours]) {
        for index in self.instances_of(account) {
            if self.runs_postpaid(index) || self.is_billed_while_stopped(index) {
                let digits = self.accounts[account].digits;
                let price = hour_price(&self.instances[index], digits, self.notes);
                // Usage is deducted whatever there is (**usage-payment**).
                self.accounts[account].deduct(price);
                hours[index].billed += 1;
                hours[index].cost += price;
                self.instances[index].billed_hours += 1;
                self.note_tier(index, hours[index].billed);
            }
        }
    }

    fn note_tier(&self, index: usize, hours_today: i64) {
        let instance = &self.instances[index];
        let mut tiers = instance.profile.hourly_tiers.keys();
        let mut reached = instance
            .profile
            .hourly_tiers
            .keys()
            .filter(|&&from| from < instance.billed_hours);
        let begins = tiers.any(|&from| from == instance.billed_hours - 1);
        let in_arrears = self.accounts[instance.account].available() < 0;
        self.notes
            .reached_if(begins && hours_today > 1, "tiers/crossed-within-a-day");
        self.notes
            .reached_if(begins && hours_today == 1, "tiers/crossed-at-midnight");
        self.notes
            .reached_if(begins && in_arrears, "tiers/crossed-in-arrears");
        self.notes
            .reached_if(reached.nth(1).is_some(), "tiers/third");
    }

    /// What stopped in arrears may be billed on, what people stopped is not (**bill-while-stopped**).
    fn is_billed_while_stopped(&self, index: usize) -> bool {
        let instance = &self.instances[index];
        if instance.state != State::Stopped || !instance.profile.bill_while_stopped {
            return false;
        }
        self.notes
            .reached_if(instance.stopped_by == Some("user"), "stop/is-not-billed");
        instance.stopped_by == Some("arrears")
    }

    /// The arrears clock after an hour.
    fn tick(&mut self, account: usize) {
        let account = &mut self.accounts[account];
        account.arrears_clock = if account.available() >= 0 {
            None
        } else {
            self.notes
                .reached_if(account.arrears_clock.is_none(), "usage/clock-set");
            Some(account.arrears_clock.map_or(0, |hours| hours + 1))
        };
    }

    fn stop_what_is_past_its_grace(&mut self, account: usize, stopped: &mut Vec<usize>) {
        let Some(clock) = self.accounts[account].arrears_clock else {
            return;
        };
        for index in self.instances_of(account) {
            let grace = self.instances[index].profile.arrears_grace_hours;
            if self.runs_postpaid(index) && grace <= clock {
                self.notes.reached("usage/stopped");
                self.notes.reached_if(grace == 0, "usage/no-grace");
                self.notes.reached_if(grace > 24, "usage/grace-over-a-day");
                self.instances[index].state = State::Stopped;
                self.instances[index].since = Some(self.today);
                self.instances[index].stopped_by = Some("arrears");
                stopped.push(index);
            } else if self.runs_postpaid(index) {
                self.notes.reached("usage/runs-on-in-grace");
            }
        }
    }

    fn runs_postpaid(&self, index: usize) -> bool {
        !self.instances[index].prepaid && self.instances[index].state == State::Running
    }

    /// One row per instance with hours, as if they were deducted at once, in row order (**usage-rows**).
    fn usage_entries(
        &mut self,
        account: usize,
        hours: &[Hours],
        states: &[State],
        at_midnight: Account,
    ) {
        let mut running = at_midnight;
        for index in self.instances_of(account) {
            if hours[index].billed == 0 {
                continue;
            }
            let movement = running.deduct(hours[index].cost);
            let stops_today =
                states[index] == State::Running && self.instances[index].state == State::Stopped;
            let billed_on = self.instances[index].profile.bill_while_stopped;
            self.notes.reached("usage/row");
            self.notes.reached_if(
                states[index] == State::Stopped,
                "usage/billed-while-stopped",
            );
            self.notes
                .reached_if(stops_today && billed_on, "usage/billed-on-the-day-it-stops");
            self.note_contributions(movement);
            let entry = self.entry_of(index, "usage");
            self.entries.push(Entry {
                state: states[index].word(),
                hours: Some(hours[index].billed),
                movement: Some(movement),
                balance: Some(running.settled()),
                ..entry
            });
        }
        let closing = &self.accounts[account];
        assert_eq!(
            (running.cash, running.free_credit),
            (closing.cash, closing.free_credit),
            "rows and hours deduct the same"
        );
    }

    fn note_contributions(&self, movement: Movement) {
        let by_credit = movement.free_credit != 0;
        let by_cash = movement.cash != 0;
        self.notes
            .reached_if(by_credit && by_cash, "usage/free-credit-then-cash");
        self.notes
            .reached_if(!by_credit && !by_cash, "usage/free-instance");
    }
}
