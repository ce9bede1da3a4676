//! Phase 2, second half: the day's actions in file order, what they change and why they are refused (replay.md 8 and 9).
//! Section 10 is out of scope: no vouchers, resizing or conversions, and no refund of a running instance.

use chrono::Datelike;

use super::dates::Date;
use super::day::Replay;
use super::ledger::Entry;
use super::number::{Fraction, money, price_as_written};
use super::order::{Charge, sort};
use super::price::{unified_price, unified_target};
use super::read::Action;
use super::renewal::Why;
use super::selector::{Condition, Value};
use super::state::{Instance, Movement, State};

/// A reason of the closed list, and its fact (replay.md 8; model.md, first-and-note).
struct Refusal {
    reason: &'static str,
    fact: String,
}

fn refusal(reason: &'static str, fact: impl Into<String>) -> Refusal {
    Refusal {
        reason,
        fact: fact.into(),
    }
}

impl Replay<'_> {
    /// The day's actions that belong to the account, or may by their selector.
    pub fn actions(&mut self, account: usize) {
        let book = self.book;
        for (place, action) in book.actions.iter().enumerate() {
            if action.date != self.today {
                continue;
            }
            let own = self.belongs_to(action, account);
            match &action.selector {
                _ if !own => {}
                Some(selector) => self.act_by_selector(account, action, (place, selector)),
                None if action.instance.is_some() => self.act_by_id(account, action),
                None => self.act_on_account(account, action),
            }
        }
    }

    /// By the account that it names, else by the existing instance (model.md, homeless-row).
    fn belongs_to(&self, action: &Action, account: usize) -> bool {
        match (&action.account, &action.instance) {
            (Some(id), _) => *id == self.accounts[account].id,
            (None, Some(id)) => self
                .existing(id)
                .is_some_and(|index| self.instances[index].account == account),
            (None, None) => true,
        }
    }

    fn existing(&self, id: &str) -> Option<usize> {
        (0..self.instances.len())
            .find(|&index| self.instances[index].id == id && self.instances[index].exists())
    }

    fn act_by_id(&mut self, account: usize, action: &Action) {
        let id = action.instance.as_deref().expect("an action by id");
        match self.existing(id) {
            Some(index) if self.instances[index].account == account => self.act(index, action),
            found => {
                self.note_unknown(id);
                self.notes
                    .reached_if(found.is_some(), "rejected/instance-of-another-account");
                let refused = refusal("unknown_instance", ": no such instance");
                let entry = self.account_entry(account, "rejected");
                self.reject(entry, action, refused);
            }
        }
    }

    fn note_unknown(&self, id: &str) {
        let listed = self.instances.iter().find(|instance| instance.id == id);
        let absent = listed.filter(|instance| !instance.exists());
        let is_refused = |instance: &Instance| instance.starts_on < Some(self.today);
        let rule = match absent {
            Some(instance) if is_refused(instance) => "rejected/after-a-refused-purchase",
            Some(_) => "rejected/before-its-purchase",
            None => "rejected/unknown_instance",
        };
        self.notes.reached(rule);
    }

    /// Each instance that matches, each on its own; the matches are taken before the first is handled (replay.md 8).
    fn act_by_selector(
        &mut self,
        account: usize,
        action: &Action,
        (place, selector): (usize, &Condition),
    ) {
        let matches = self.matches(account, action, selector);
        self.notes
            .reached_if(matches.len() > 1, "selector/several-matches");
        self.notes.reached(match action.account {
            Some(_) => "selector/limited-to-an-account",
            None => "selector/all-accounts",
        });
        if matches.is_empty() && action.account.is_some() {
            let refused = refusal("no_match", ": no instance matches");
            let entry = self.account_entry(account, "rejected");
            self.reject(entry, action, refused);
        }
        for index in matches {
            self.matched.push(place);
            self.act(index, action);
        }
    }

    /// The matching instances in charge order, postpaid ones last by id (replay.md 8; model.md, selector-order).
    fn matches(&self, account: usize, action: &Action, selector: &Condition) -> Vec<usize> {
        let mut prepaid = Vec::new();
        let mut postpaid = Vec::new();
        for index in self.instances_of(account) {
            let instance = &self.instances[index];
            let alive = instance.exists() && instance.state != State::Terminated;
            if !alive || !selector.holds(&|column| self.column(index, column), self.notes) {
                continue;
            }
            if instance.prepaid {
                let price = self.price_compared(index, action);
                prepaid.push(Charge {
                    instance: index,
                    price,
                });
            } else {
                postpaid.push(index);
            }
        }
        let order = self.charge_order(&prepaid, "selector/mixed-charge-order");
        sort(&mut prepaid, &self.instances, &order, self.notes);
        self.notes.reached_if(
            !prepaid.is_empty() && !postpaid.is_empty(),
            "selector/postpaid-last",
        );
        let prepaid = prepaid.iter().map(|charge| charge.instance);
        prepaid.chain(postpaid).collect()
    }

    /// The price of the action, or of the next auto-renewal where it has none (replay.md 8).
    fn price_compared(&self, index: usize, action: &Action) -> i128 {
        let instance = &self.instances[index];
        match action.name.as_str() {
            "renew" => self.price_of(index, action.months.expect("`renew` has months")),
            "renew_until" => self.unified(index, action).1,
            _ => self.price_of(index, instance.renew_months),
        }
    }

    /// The current value of a column; an empty one is none (model.md, selector-values).
    fn column(&self, index: usize, column: &str) -> Option<Value> {
        let instance = &self.instances[index];
        let text = |word: &str| Some(Value::Text(word.to_owned()));
        let whole = |number: i64| Value::Number(Fraction::ONE.times_whole(i128::from(number)));
        match column {
            "instance_id" => text(&instance.id),
            "account_id" => text(&self.accounts[instance.account].id),
            "renew_flag" => text(&instance.flag),
            "state" => text(instance.state.word()),
            "returned" => text(if instance.returned { "true" } else { "false" }),
            "renew_months" => Some(whole(i64::from(instance.renew_months))),
            "anchor_day" => anchor_seen(instance).map(|day| whole(i64::from(day))),
            "priority" => instance.priority.map(whole),
            "monthly_price" => instance.monthly_price.map(Value::Number),
            "hourly_price" => instance.hourly_price.map(Value::Number),
            "starts_on" => instance.starts_on.map(Value::Date),
            "expires_on" => instance.expires_on.map(Value::Date),
            "since" => instance.since.map(Value::Date),
            _ => {
                let written = instance.cells.get(column).filter(|cell| !cell.is_empty());
                written.cloned().map(Value::Text)
            }
        }
    }

    /// Carries the action out on one instance, or says why not.
    fn act(&mut self, index: usize, action: &Action) {
        if let Some(refused) = self.refusal_of(index, action) {
            let entry = self.entry_of(index, "rejected");
            self.reject(entry, action, refused);
            return;
        }
        match action.name.as_str() {
            "renew" => self.renew_by_people(index, action),
            "renew_until" => self.renew_until(index, action),
            "set_flag" => self.set_flag(index, action),
            "set_price" => self.set_price(index, action),
            "terminate" => self.terminate(index, action),
            "start" => self.run_again(index, "user", action.note.clone()),
            other => panic!("the oracle does not know the action {other}"),
        }
    }

    /// Of several reasons the first in the order of replay.md 8.
    fn refusal_of(&self, index: usize, action: &Action) -> Option<Refusal> {
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
        if name == "start" && instance.prepaid {
            return Some(refusal(
                "not_postpaid",
                ": needed POSTPAID_BY_HOUR, was PREPAID",
            ));
        }
        if name == "start" && instance.state != State::Stopped {
            return Some(refusal("not_stopped", ": needed stopped, was running"));
        }
        if name == "renew_until" && instance.state == State::Reclaimed {
            return Some(refusal(
                "in_bin",
                ": needed running or overdue, was reclaimed",
            ));
        }
        if let Some(months) = action.months
            && matches!(name, "renew" | "set_flag")
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
        self.want_of_funds(index, action)
    }

    fn want_of_funds(&self, index: usize, action: &Action) -> Option<Refusal> {
        let account = self.instances[index].account;
        let price = match action.name.as_str() {
            "renew" | "renew_until" => self.price_compared(index, action),
            "start" if !self.may_run_again(index) => {
                return Some(refusal("insufficient_funds", self.too_poor_to_start(index)));
            }
            _ => return None,
        };
        if self.suffices(account, price) {
            return None;
        }
        let fact = format!(": {}", self.shortage(account, price));
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

    /// One `rejected` row; it repeats the action's instance, whether it exists or not (replay.md 8).
    fn reject(&mut self, entry: Entry, action: &Action, refused: Refusal) {
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
            ("unknown_instance", _) => "rejected/no-such-instance",
            ("no_match", _) => "rejected/no_match",
            ("already_terminated", _) => "rejected/already_terminated",
            ("not_prepaid", "renew") => "rejected/not_prepaid-renew",
            ("not_prepaid", "renew_until") => "rejected/not_prepaid-renew_until",
            ("not_prepaid", _) => "rejected/not_prepaid-set_flag",
            ("not_postpaid", _) => "rejected/not_postpaid",
            ("not_stopped", _) => "rejected/not_stopped",
            ("in_bin", _) => "rejected/in_bin",
            ("period_not_offered", "renew") => "rejected/period_not_offered-renew",
            ("period_not_offered", _) => "rejected/period_not_offered-set_flag",
            ("target_too_near", _) => "rejected/target_too_near",
            ("insufficient_funds", "start") => "rejected/insufficient_funds-start",
            ("insufficient_funds", "renew") => "rejected/insufficient_funds-renew",
            ("insufficient_funds", _) => "rejected/insufficient_funds-renew_until",
            (other, _) => panic!("unknown reason {other}"),
        });
    }

    fn act_on_account(&mut self, account: usize, action: &Action) {
        let digits = self.accounts[account].digits;
        let amount = action.amount.expect("an amount").minor_units(digits);
        match action.name.as_str() {
            "topup" => {
                self.notes.reached("action/topup");
                self.accounts[account].cash += amount;
                self.credited(account, "topup", (0, amount), action);
            }
            "credit" => {
                self.notes.reached("action/credit");
                self.accounts[account].free_credit += amount;
                self.credited(account, "credit", (amount, 0), action);
            }
            "set_credit_limit" => self.set_credit_limit(account, amount, action),
            other => panic!("`{other}` needs an instance"),
        }
    }

    fn credited(
        &mut self,
        account: usize,
        event: &'static str,
        (free_credit, cash): (i128, i128),
        action: &Action,
    ) {
        let entry = self.account_entry(account, event);
        self.entries.push(Entry {
            movement: Some(Movement { free_credit, cash }),
            detail: action.note.clone(),
            ..entry
        });
    }

    fn set_credit_limit(&mut self, account: usize, amount: i128, action: &Action) {
        let was_in_arrears = self.accounts[account].available() < 0;
        self.accounts[account].credit_limit = amount;
        let in_arrears = self.accounts[account].available() < 0;
        self.notes.reached("action/set_credit_limit");
        self.notes
            .reached_if(in_arrears && !was_in_arrears, "action/limit-brings-arrears");
        let limit = money(amount, self.accounts[account].digits);
        let entry = self.account_entry(account, "credit_limit_set");
        self.entries.push(Entry {
            detail: fact_and_note(&limit, &action.note),
            ..entry
        });
    }

    fn renew_by_people(&mut self, index: usize, action: &Action) {
        let months = action.months.expect("`renew` has months");
        let price = self.price_of(index, months);
        let why = Why {
            reason: "manual",
            note: action.note.clone(),
        };
        self.extend(index, months, price, why);
    }

    /// Unified expiry date (replay.md 9).
    fn renew_until(&mut self, index: usize, action: &Action) {
        let (target, price) = self.unified(index, action);
        let start = self.instances[index].expiry();
        let overdue = self.instances[index].state == State::Overdue;
        self.notes.reached(match overdue {
            true => "unify/overdue",
            false => "unify/running",
        });
        let movement = self.pay(self.instances[index].account, price);
        let instance = &mut self.instances[index];
        instance.expires_on = Some(target);
        self.notes.reached_if(
            instance.profile.month_end == "sticky" && instance.anchor != action.day,
            "unify/sets-the-anchor",
        );
        instance.anchor = action.day;
        instance.state = State::Running;
        let entry = self.entry_of(index, "renewed");
        self.entries.push(Entry {
            term: Some((start, target)),
            movement: Some(movement),
            reason: "unified",
            detail: action.note.clone(),
            ..entry
        });
    }

    /// The target of the action and its price.
    fn unified(&self, index: usize, action: &Action) -> (Date, i128) {
        let instance = &self.instances[index];
        let digits = self.accounts[instance.account].digits;
        let day = action.day.expect("`renew_until` has a day");
        let target = unified_target(instance, day, self.notes);
        let price = unified_price(instance, target, digits, self.notes);
        (target, price)
    }

    fn set_flag(&mut self, index: usize, action: &Action) {
        let flag = action.flag.clone().expect("`set_flag` has a flag");
        self.notes.reached(match action.months {
            Some(_) => "action/set_flag-with-months",
            None => "action/set_flag",
        });
        let instance = &mut self.instances[index];
        self.notes.reached_if(
            instance.state == State::Reclaimed,
            "action/set_flag-in-the-bin",
        );
        let fact = match action.months {
            Some(months) => format!("{flag} {months}"),
            None => flag.clone(),
        };
        instance.renew_months = action.months.unwrap_or(instance.renew_months);
        instance.flag = flag;
        let entry = self.entry_of(index, "flag_set");
        self.entries.push(Entry {
            detail: fact_and_note(&fact, &action.note),
            ..entry
        });
    }

    fn set_price(&mut self, index: usize, action: &Action) {
        let written = action.price.as_deref().expect("`set_price` has a price");
        let price = Some(Fraction::parse(written));
        let instance = &mut self.instances[index];
        if instance.prepaid {
            self.notes.reached("action/set_price-monthly");
            instance.monthly_price = price;
        } else {
            self.notes.reached("action/set_price-hourly");
            instance.hourly_price = price;
        }
        let entry = self.entry_of(index, "price_set");
        self.entries.push(Entry {
            detail: fact_and_note(price_as_written(written), &action.note),
            ..entry
        });
    }

    /// Postpaid and in the bin: gone at once; overdue: returned without a refund (replay.md 8).
    fn terminate(&mut self, index: usize, action: &Action) {
        let instance = &mut self.instances[index];
        let (rule, event, reason) = match instance.state {
            State::Reclaimed => ("terminate/in-the-bin", "terminated", "user"),
            State::Overdue => ("terminate/overdue-is-returned", "returned", ""),
            State::Stopped => ("terminate/stopped", "terminated", "user"),
            _ if !instance.prepaid => ("terminate/postpaid", "terminated", "user"),
            _ => panic!("`terminate` of a running prepaid instance is section 10"),
        };
        self.notes.reached(rule);
        if event == "returned" {
            instance.state = State::Reclaimed;
            instance.since = Some(self.today);
            instance.returned = true;
        } else {
            instance.state = State::Terminated;
        }
        let entry = self.entry_of(index, event);
        self.entries.push(Entry {
            reason,
            detail: action.note.clone(),
            ..entry
        });
    }

    /// The day's actions that belong to no account of the book, in file order (model.md, homeless-row and -order).
    pub fn homeless_actions(&mut self) {
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

    /// The `account_id` as given, and an empty balance (replay.md 8).
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

/// The anchor under `sticky`, else the day of the month of the expiry date (model.md, selector-values).
fn anchor_seen(instance: &Instance) -> Option<u32> {
    if instance.profile.month_end == "sticky" {
        instance.anchor
    } else {
        instance.expires_on.map(|expiry| expiry.day())
    }
}

/// The fact first, then the note, joined by `; ` (model.md, first-and-note).
fn fact_and_note(fact: &str, note: &str) -> String {
    if note.is_empty() {
        fact.to_owned()
    } else {
        format!("{fact}; {note}")
    }
}
