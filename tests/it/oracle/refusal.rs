//! Why an action cannot be carried out, and the one row that it then leaves (**rejected**).
//! Changes nothing else.

use chrono::Datelike;

use super::action::fact_and_note;
use super::day::Replay;
use super::ledger::Entry;
use super::number::money;
use super::price::monthly_price;
use super::read::Action;
use super::resize::new_price;
use super::state::{Instance, State};

/// A reason of the closed list, and its fact (**first-and-note**).
pub(crate) struct Refusal {
    reason: &'static str,
    fact: String,
}

pub(crate) fn refusal(reason: &'static str, fact: impl Into<String>) -> Refusal {
    Refusal {
        reason,
        fact: fact.into(),
    }
}

impl Replay<'_> {
    /// Of several reasons the first in the order of **reasons**.
    pub(crate) fn refusal_of(&self, index: usize, action: &Action) -> Option<Refusal> {
        let instance = &self.instances[index];
        let name = action.name.as_str();
        if instance.state == State::Terminated {
            return Some(refusal("already_terminated", ": terminated"));
        }
        let for_prepaid = matches!(name, "renew" | "renew_until" | "set_flag");
        if for_prepaid && !instance.prepaid {
            return Some(refusal(
                "not_prepaid",
                ": needed PREPAID, was POSTPAID_BY_HOUR",
            ));
        }
        if name == "to_postpaid" && !instance.prepaid {
            return Some(refusal(
                "not_prepaid",
                ": needed PREPAID, was POSTPAID_BY_HOUR",
            ));
        }
        if matches!(name, "start" | "stop" | "to_prepaid") && instance.prepaid {
            return Some(refusal(
                "not_postpaid",
                ": needed POSTPAID_BY_HOUR, was PREPAID",
            ));
        }
        if name == "start" && instance.state != State::Stopped {
            return Some(refusal("not_stopped", ": needed stopped, was running"));
        }
        if name == "stop" && instance.state != State::Running {
            return Some(refusal("not_running", ": needed running, was stopped"));
        }
        if matches!(name, "renew_until" | "resize" | "to_postpaid")
            && instance.state == State::Reclaimed
        {
            return Some(refusal(
                "in_bin",
                ": needed running or overdue, was reclaimed",
            ));
        }
        if let Some(months) = action.months
            && matches!(name, "renew" | "set_flag" | "to_prepaid")
            && !instance.profile.renew_periods.contains(&months)
        {
            return Some(refusal(
                "period_not_offered",
                format!(": {months} months not offered"),
            ));
        }
        if name == "renew_until" && Some(instance.expiry().day()) == action.day {
            let day = instance.expiry().day();
            return Some(refusal(
                "target_too_near",
                format!(": expires on day {day} already"),
            ));
        }
        self.limit_reached(index, action)
            .or_else(|| self.want_of_funds(index, action))
    }

    /// So many returns in a year, and so many downgrades of an instance (**return**, **downgrade**).
    fn limit_reached(&self, index: usize, action: &Action) -> Option<Refusal> {
        let instance = &self.instances[index];
        let returns = || self.returns_this_year(index);
        match action.name.as_str() {
            "terminate" if instance.prepaid && instance.state == State::Running => {
                let (returns, product, year) = (returns(), instance.product(), self.today.year());
                (returns >= instance.profile.returns_per_year).then(|| {
                    refusal(
                        "refund_limit",
                        format!(": {returns} returns of {product} in {year}"),
                    )
                })
            }
            "terminate" if instance.state == State::Overdue => {
                self.notes.reached_if(
                    returns() >= instance.profile.returns_per_year,
                    "return/overdue-is-not-limited",
                );
                None
            }
            "resize" if instance.prepaid && new_price(action) < monthly_price(instance) => {
                let before = instance.downgrades;
                (before >= instance.profile.downgrades)
                    .then(|| refusal("refund_limit", format!(": {before} downgrades")))
            }
            _ => None,
        }
    }

    fn want_of_funds(&self, index: usize, action: &Action) -> Option<Refusal> {
        let instance = &self.instances[index];
        let price = match action.name.as_str() {
            "renew" | "renew_until" => self.price_compared(index, action),
            "resize" if instance.prepaid && new_price(action) > monthly_price(instance) => {
                self.upgrade_charge(index, action)
            }
            "to_prepaid" => self.price_of_conversion(index, action)?,
            "start" if !self.may_run_again(index) => {
                return Some(refusal("insufficient_funds", self.too_poor_to_start(index)));
            }
            _ => return None,
        };
        if self.suffices(index, price) {
            return None;
        }
        let fact = format!(": {}", self.shortage(index, price));
        Some(refusal("insufficient_funds", fact))
    }

    fn too_poor_to_start(&self, index: usize) -> String {
        let instance = &self.instances[index];
        let account = &self.accounts[instance.account];
        let needed = match instance.profile.restore_when.as_str() {
            "positive" => "more than",
            _ => "at least",
        };
        let zero = money(0, account.digits);
        let available = money(account.available(), account.digits);
        format!(": needed {needed} {zero}, available {available}")
    }

    /// One `rejected` row; it repeats the action's instance, whether it exists or not (**rejected**).
    pub(crate) fn reject(&mut self, entry: Entry, action: &Action, refused: Refusal) {
        self.note_rejection(&action.name, refused.reason);
        let instance = match &action.instance {
            Some(id) => id.clone(),
            None => entry.instance,
        };
        self.entries.push(Entry {
            instance,
            reason: refused.reason,
            detail: fact_and_note(&format!("{}{}", action.name, refused.fact), &action.note),
            ..entry
        });
    }

    fn note_rejection(&self, name: &str, reason: &str) {
        self.notes.reached(match (reason, name) {
            ("unknown_account", _) => "rejected/unknown_account",
            ("unknown_instance", _) => "rejected/unknown_instance",
            ("no_match", _) => "rejected/no_match",
            ("already_terminated", _) => "rejected/already_terminated",
            ("not_prepaid", "renew") => "rejected/not_prepaid-renew",
            ("not_prepaid", "renew_until") => "rejected/not_prepaid-renew_until",
            ("not_prepaid", "set_flag") => "rejected/not_prepaid-set_flag",
            ("not_prepaid", _) => "rejected/not_prepaid-to_postpaid",
            ("not_postpaid", "start") => "rejected/not_postpaid-start",
            ("not_postpaid", "stop") => "rejected/not_postpaid-stop",
            ("not_postpaid", _) => "rejected/not_postpaid-to_prepaid",
            ("not_stopped", _) => "rejected/not_stopped",
            ("not_running", _) => "rejected/not_running",
            ("in_bin", "renew_until") => "rejected/in_bin-renew_until",
            ("in_bin", "resize") => "rejected/in_bin-resize",
            ("in_bin", _) => "rejected/in_bin-to_postpaid",
            ("refund_limit", "terminate") => "rejected/refund_limit-terminate",
            ("refund_limit", _) => "rejected/refund_limit-resize",
            ("period_not_offered", "renew") => "rejected/period_not_offered-renew",
            ("period_not_offered", "to_prepaid") => "rejected/period_not_offered-to_prepaid",
            ("period_not_offered", _) => "rejected/period_not_offered-set_flag",
            ("target_too_near", _) => "rejected/target_too_near",
            ("insufficient_funds", "start") => "rejected/insufficient_funds-start",
            ("insufficient_funds", "renew") => "rejected/insufficient_funds-renew",
            ("insufficient_funds", "resize") => "rejected/insufficient_funds-resize",
            ("insufficient_funds", "to_prepaid") => "rejected/insufficient_funds-to_prepaid",
            ("insufficient_funds", _) => "rejected/insufficient_funds-renew_until",
            (other, _) => panic!("unknown reason {other}"),
        });
    }

    pub(crate) fn note_unknown(&self, id: &str) {
        let listed = self.instances.iter().find(|instance| instance.id == id);
        let absent = listed.filter(|instance| !instance.exists());
        // Purchases come before actions: what was to be bought by today and does not exist was refused.
        let is_refused = |instance: &Instance| instance.starts_on <= Some(self.today);
        let rule = match absent {
            Some(instance) if is_refused(instance) => "rejected/after-a-refused-purchase",
            Some(_) => "rejected/before-its-purchase",
            None => "rejected/never-listed",
        };
        self.notes.reached(rule);
    }

    /// The day's actions that belong to no account of the book, in file order (**homeless-row**, **homeless-order**).
    pub(crate) fn homeless_actions(&mut self) {
        let book = self.book;
        for (place, action) in book.actions.iter().enumerate() {
            if action.date != self.today {
                continue;
            }
            if let Some(refused) = self.homelessness(place, action) {
                let entry = self.homeless_entry(action);
                self.reject(entry, action, refused);
            }
        }
    }

    fn homelessness(&self, place: usize, action: &Action) -> Option<Refusal> {
        if let Some(id) = &action.account {
            let known = self.accounts.iter().any(|account| account.id == *id);
            return match known {
                true => None,
                false => Some(refusal("unknown_account", ": no such account")),
            };
        }
        match &action.instance {
            Some(id) if self.existing(id).is_none() => {
                self.note_unknown(id);
                self.notes.reached("rejected/homeless-instance");
                Some(refusal("unknown_instance", ": no such instance"))
            }
            None if !self.matched.contains(&place) => {
                self.notes.reached("rejected/homeless-no-match");
                Some(refusal("no_match", ": no instance matches"))
            }
            _ => None,
        }
    }

    /// The `account_id` as given, and an empty balance (**homeless-row**).
    fn homeless_entry(&self, action: &Action) -> Entry {
        Entry {
            date: self.today,
            account: action.account.clone().unwrap_or_default(),
            digits: 0,
            instance: String::new(),
            event: "rejected",
            state: "",
            term: None,
            months: None,
            hours: None,
            movement: None,
            balance: None,
            reason: "",
            detail: String::new(),
        }
    }
}
