//! Phase 7: reminders, the balance alert and the arrears forecast, all by the values of that moment (docs/spec/replay.md).
//! Moves nothing; only the count of alerts changes.

use super::day::Replay;
use super::ledger::Entry;
use super::state::State;

/// The most days in a row with an alert (**alert-count**).
const ALERTS_IN_A_ROW: i64 = 5;

impl Replay<'_> {
    pub(crate) fn notices(&mut self, account: usize) {
        for index in self.instances_of(account) {
            if let Some(reason) = self.reminder(index) {
                let entry = self.entry_of(index, "reminder");
                self.entries.push(Entry { reason, ..entry });
            }
        }
        self.balance_alert(account);
        self.arrears_forecast(account);
    }

    /// The reason of the reminder that is due, if one is.
    fn reminder(&self, index: usize) -> Option<&'static str> {
        let instance = &self.instances[index];
        let notes = self.notes;
        if !instance.prepaid || !instance.exists() {
            return None;
        }
        let day = instance.day_number(self.today);
        if !instance.profile.remind_days.contains(&day) {
            return None;
        }
        if !matches!(instance.state, State::Running | State::Overdue) {
            notes.reached_if(
                instance.state == State::Reclaimed,
                "notice/no-reminder-in-the-bin",
            );
            return None;
        }
        notes.reached_if(day >= 0, "notice/day-after-expiry");
        match instance.flag.as_str() {
            "manual" => {
                notes.reached("notice/reminder-expiring");
                Some("expiring")
            }
            "auto" => self.funds_short(index),
            _ => {
                notes.reached("notice/no-reminder-for-none");
                None
            }
        }
    }

    /// With flag `auto`, only `available` below the price of the next renewal is worth a word.
    fn funds_short(&self, index: usize) -> Option<&'static str> {
        let instance = &self.instances[index];
        let price = self.price_of(index, instance.renew_months);
        if self.accounts[instance.account].available() < price {
            self.notes.reached("notice/reminder-funds-short");
            Some("funds_short")
        } else {
            self.notes.reached("notice/no-reminder-funds-suffice");
            None
        }
    }

    fn balance_alert(&mut self, account: usize) {
        let Some(alert_below) = self.accounts[account].alert_below else {
            return;
        };
        let count = self.accounts[account].alert_days;
        if self.accounts[account].available() >= alert_below {
            self.notes
                .reached_if(count > 0, "notice/alert-count-starts-again");
            self.accounts[account].alert_days = 0;
        } else if count >= ALERTS_IN_A_ROW {
            self.notes.reached("notice/alert-sixth-day-quiet");
        } else {
            self.notes.reached("notice/alert");
            self.notes
                .reached_if(alert_below < 0, "notice/alert-below-a-negative-sum");
            self.accounts[account].alert_days = count + 1;
            self.entries
                .push(self.account_entry(account, "balance_alert"));
        }
    }

    fn arrears_forecast(&mut self, account: usize) {
        let id = &self.accounts[account].id;
        let rows = self
            .entries_of_today()
            .filter(|entry| &entry.account == id && entry.event == "usage");
        let usage: Vec<i128> = rows.map(|entry| -entry.amount()).collect();
        let available = self.accounts[account].available();
        if usage.is_empty() {
            return;
        }
        if available < 0 {
            self.notes.reached("notice/no-forecast-in-arrears");
        } else if available < 3 * usage.iter().sum::<i128>() {
            self.notes.reached("notice/forecast");
            self.entries
                .push(self.account_entry(account, "arrears_forecast"));
        } else {
            self.notes.reached("notice/no-forecast-funds-suffice");
        }
    }
}
