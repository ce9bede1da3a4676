//! Phase 2, second half: the day's actions in file order, what they change and why they are refused (docs/spec/replay.md).

use super::dates::Date;
use super::day::Replay;
use super::ledger::Entry;
use super::number::{Fraction, money, price_as_written};
use super::price::{unified_price, unified_target};
use super::read::Action;
use super::refusal::refusal;
use super::renewal::Why;
use super::state::{Movement, State};

impl Replay<'_> {
    /// The day's actions that belong to the account, or may by their selector.
    pub(crate) fn actions(&mut self, account: usize) {
        let book = self.book;
        for (place, action) in book.actions.iter().enumerate() {
            if action.date != self.today {
                continue;
            }
            let own = self.belongs_to(action, account);
            match (&action.selector, &action.instance) {
                _ if !own => {}
                (Some(_), _) => self.act_by_selector(account, place),
                (None, Some(id)) => self.act_by_id(account, action, id),
                (None, None) => self.act_on_account(account, action),
            }
        }
    }

    /// By the account that it names, else by the existing instance (**homeless-row**).
    fn belongs_to(&self, action: &Action, account: usize) -> bool {
        match (&action.account, &action.instance) {
            (Some(id), _) => *id == self.accounts[account].id,
            (None, Some(id)) => self
                .existing(id)
                .is_some_and(|index| self.instances[index].account == account),
            (None, None) => true,
        }
    }

    pub(crate) fn existing(&self, id: &str) -> Option<usize> {
        (0..self.instances.len())
            .find(|&index| self.instances[index].id == id && self.instances[index].exists())
    }

    fn act_by_id(&mut self, account: usize, action: &Action, id: &str) {
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

    /// Each instance that matches, each on its own; the matches are taken before the first is handled (**matches**).
    fn act_by_selector(&mut self, account: usize, place: usize) {
        let action = &self.book.actions[place];
        let matches = self.matches(account, action);
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
            "resize" => self.resize(index, action),
            "to_prepaid" => self.convert_to_prepaid(index, action),
            "to_postpaid" => self.convert_to_postpaid(index, action),
            "stop" => self.stop(index, action),
            "start" => self.run_again(index, "user", action.note.clone()),
            other => panic!("the oracle does not know the action {other}"),
        }
    }

    fn act_on_account(&mut self, account: usize, action: &Action) {
        let digits = self.accounts[account].digits;
        let amount = action.amount.expect("an amount").minor_units(digits);
        match action.name.as_str() {
            "topup" => {
                self.notes.reached("action/topup");
                self.receive(
                    account,
                    action,
                    Movement {
                        cash: amount,
                        ..Movement::default()
                    },
                );
            }
            "credit" => {
                self.notes.reached("action/credit");
                self.receive(
                    account,
                    action,
                    Movement {
                        free_credit: amount,
                        ..Movement::default()
                    },
                );
            }
            "set_credit_limit" => self.set_credit_limit(account, amount, action),
            "voucher" => self.grant_voucher(account, amount, action),
            other => panic!("`{other}` needs an instance"),
        }
    }

    fn receive(&mut self, account: usize, action: &Action, movement: Movement) {
        self.accounts[account].cash += movement.cash;
        self.accounts[account].free_credit += movement.free_credit;
        let event = if movement.cash > 0 { "topup" } else { "credit" };
        let entry = self.account_entry(account, event);
        let detail = match &action.sent {
            Some((date, channel)) => {
                fact_and_note(&format!("sent {date} by {channel}"), &action.note)
            }
            None => action.note.clone(),
        };
        self.entries.push(Entry {
            movement: Some(movement),
            detail,
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

    /// Unified expiry date (**unified-date**).
    fn renew_until(&mut self, index: usize, action: &Action) {
        let (target, price) = self.unified(index, action);
        let start = self.instances[index].expiry();
        let overdue = self.instances[index].state == State::Overdue;
        self.notes.reached(match overdue {
            true => "unify/overdue",
            false => "unify/running",
        });
        let movement = self.pay(index, price);
        self.notes
            .reached_if(movement.voucher != 0, "voucher/for-a-unified-date");
        self.add_order(index, (start, target), None, movement);
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
    pub(crate) fn unified(&self, index: usize, action: &Action) -> (Date, i128) {
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

    /// Postpaid and in the bin: gone at once; overdue: returned without a refund; running: with one (**return**).
    fn terminate(&mut self, index: usize, action: &Action) {
        let instance = &mut self.instances[index];
        if instance.prepaid && instance.state == State::Running {
            self.give_back(index, action);
            return;
        }
        let (rule, event, reason) = match instance.state {
            State::Reclaimed => ("terminate/in-the-bin", "terminated", "user"),
            State::Overdue => ("terminate/overdue-is-returned", "returned", ""),
            State::Stopped => ("terminate/stopped", "terminated", "user"),
            _ => ("terminate/postpaid", "terminated", "user"),
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
}

/// The fact first, then the note, joined by `; ` (**first-and-note**).
pub(crate) fn fact_and_note(fact: &str, note: &str) -> String {
    if note.is_empty() {
        fact.to_owned()
    } else {
        format!("{fact}; {note}")
    }
}
