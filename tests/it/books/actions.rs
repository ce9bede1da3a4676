//! What people do: renewals, flags, prices, ends, and money that comes in.

use chrono::Datelike;

use super::funds::topup;
use super::{
    AccountDraft, Cells, Date, Draft, FLAGS, HOURLY_PRICES, INSTANCE_ACTIONS, MONTHLY_PRICES,
    NOTES, TROUBLE, amount, date, days_after,
};

impl Draft {
    pub(super) fn add_actions(&mut self) {
        let count = self.random.pick(&[0, 2, 4, 6, 9, 13, 18, 24]);
        for _ in 0..count {
            let date = self.an_action_date();
            let mut cells = Cells::from([("date", date.to_string())]);
            let note = self.random.pick(NOTES);
            cells.insert("note", note.to_owned());
            match self.random.between(1, 100) {
                1..=20 => self.add_account_action(&mut cells),
                21..=25 => self.add_voucher_action(&mut cells, date),
                26..=36 => self.add_termination(&mut cells),
                _ => self.add_instance_action(&mut cells),
            }
            self.actions.push(cells);
        }
        self.add_late_topups();
        self.add_allowances();
        self.add_ends();
        if self.random.percent(50) {
            // Dates may come in any order; within a date and account the order counts.
            self.random.shuffle(&mut self.actions);
        }
    }

    /// Top-ups that come again and again, so that some accounts live, and fail and recover.
    pub(super) fn add_allowances(&mut self) {
        for place in 0..self.accounts.len() {
            let (id, currency) = (self.accounts[place].id, self.accounts[place].currency);
            let every = self.random.pick(&[0, 0, 3, 7, 10, 30]);
            let times = self.random.pick(&[1, 1, 2, 4]);
            let mut day = self.random.between(0, 10);
            while every > 0 && day < (self.to - self.from).num_days() {
                let minor = self.a_price(id, currency).max(1) * times;
                let date = days_after(self.from, day).to_string();
                let mut action = topup(&date, id, amount(minor, currency));
                self.add_channel(&mut action, 15);
                self.actions.push(action);
                day += every;
            }
        }
    }

    /// On the day of a purchase, which cannot use them (**phases**).
    pub(super) fn add_late_topups(&mut self) {
        for cells in self.instances.clone() {
            let Some(start) = cells.get("starts_on") else {
                continue;
            };
            if !self.random.percent(20) {
                continue;
            }
            let owner = |account: &&AccountDraft| account.id == cells["account_id"];
            let account = self.accounts.iter().find(owner).expect("an owner");
            let (id, currency) = (account.id, account.currency);
            let minor = self.a_price(id, currency).max(1);
            self.actions.push(topup(start, id, amount(minor, currency)));
        }
    }

    /// Mostly near the opening, where the books are eventful; sometimes outside the run.
    pub(super) fn an_action_date(&mut self) -> Date {
        let length = (self.to - self.from).num_days();
        let days = match self.random.between(-1, 10) {
            -1..=0 => 0,
            1..=4 => (self.an_end() - self.from).num_days() + self.random.between(-1, 5),
            5..=7 => self.random.between(0, length.min(20)),
            8..=9 => self.random.between(0, length),
            _ => self.random.between(-3, length + 3),
        };
        days_after(self.from, days)
    }

    /// The end of some instance's term, where something is about to happen.
    pub(super) fn an_end(&mut self) -> Date {
        let ends = self
            .instances
            .iter()
            .filter_map(|row| row.get("expires_on"));
        let near = ends.map(|end| date(end).max(self.from));
        let mut ends: Vec<Date> = near.filter(|end| *end <= self.to).collect();
        ends.push(self.meeting);
        self.random.pick(&ends)
    }

    pub(super) fn add_account_action(&mut self, cells: &mut Cells) {
        let action = self
            .random
            .pick(&["topup", "topup", "topup", "credit", "set_credit_limit"]);
        cells.insert("action", action.to_owned());
        if self.random.percent(5) {
            cells.insert("account_id", "nobody".to_owned());
            cells.insert("amount", "50".to_owned());
            return;
        }
        let place = self.random.index(self.accounts.len());
        let (id, currency) = (self.accounts[place].id, self.accounts[place].currency);
        let nothing_allowed = action == "set_credit_limit";
        let minor = match self.random.between(1, 10) {
            1..=6 => self.a_price(id, currency),
            7 => 1,
            8 => 3_000,
            9 if nothing_allowed => 0,
            _ => 50_000,
        };
        let lowest = if nothing_allowed { 0 } else { 1 };
        cells.insert("account_id", id.to_owned());
        cells.insert("amount", amount(minor.max(lowest), currency));
        if action == "topup" {
            self.add_channel(cells, 50);
        }
    }

    pub(super) fn add_instance_action(&mut self, cells: &mut Cells) {
        let action = self.random.pick(INSTANCE_ACTIONS);
        cells.insert("action", action.to_owned());
        self.add_particulars(cells, action);
        let by_its_selectors = match action {
            "start" => 60,
            "stop" | "to_prepaid" | "to_postpaid" => 35,
            _ => 15,
        };
        let selector = if self.random.percent(by_its_selectors) {
            let selectors: &[&str] = match action {
                "start" => &["state = 'stopped'"],
                "stop" => &["charge_type = 'POSTPAID_BY_HOUR'", "billed_hours >= 24"],
                "to_prepaid" => &[
                    "charge_type = 'POSTPAID_BY_HOUR'",
                    "state = 'stopped'",
                    "stopped_by = 'user'",
                ],
                "to_postpaid" => &["state = 'overdue'", "charge_type = 'PREPAID'"],
                _ => TROUBLE,
            };
            self.random.pick(selectors).to_owned()
        } else if self.random.percent(30) {
            self.a_condition(2)
        } else {
            self.add_target(cells);
            return;
        };
        cells.insert("where", selector);
        self.add_owner(cells, None);
    }

    /// What the action needs besides its instances.
    pub(super) fn add_particulars(&mut self, cells: &mut Cells, action: &str) {
        match action {
            "renew" => self.add_months(cells),
            "renew_until" => {
                let meeting_day = self.meeting.day().min(28);
                let day =
                    self.random
                        .pick(&[1, 15, 28, 28, 10, meeting_day, meeting_day, meeting_day]);
                cells.insert("day", day.to_string());
            }
            "set_flag" => {
                let flag = self.random.pick(FLAGS);
                cells.insert("flag", flag.to_owned());
                if self.random.percent(50) {
                    self.add_months(cells);
                }
            }
            "set_price" => {
                let price = self
                    .random
                    .pick(&["120.50", "0", "0.00", "99.999", "33.335", "100", "0.0100"]);
                cells.insert("price", price.to_owned());
            }
            "resize" => self.add_size(cells),
            "to_prepaid" => {
                self.add_months(cells);
                self.add_price_of_conversion(cells, MONTHLY_PRICES);
            }
            "to_postpaid" => self.add_price_of_conversion(cells, HOURLY_PRICES),
            _ => {}
        }
    }

    pub(super) fn add_months(&mut self, cells: &mut Cells) {
        let months = self.random.pick(&[1, 1, 1, 2, 3, 3, 6, 12, 13, 24]);
        cells.insert("months", months.to_string());
    }

    pub(super) fn add_target(&mut self, cells: &mut Cells) {
        if self.instances.is_empty() || self.random.percent(4) {
            cells.insert("instance_id", "ghost".to_owned());
            self.add_owner(cells, None);
            return;
        }
        let target = self.a_target();
        cells.insert("instance_id", target["instance_id"].clone());
        self.add_owner(cells, Some(target["account_id"].clone()));
        self.repeat_price(cells, &target);
        if self.random.percent(15) {
            self.add_money_for(cells, &target);
        }
    }

    /// Often one that opens in trouble.
    pub(super) fn a_target(&mut self) -> Cells {
        let in_trouble = |cells: &&Cells| {
            let state = cells.get("state").map_or("", String::as_str);
            matches!(state, "overdue" | "reclaimed" | "stopped")
        };
        let troubled: Vec<Cells> = self.instances.iter().filter(in_trouble).cloned().collect();
        if troubled.is_empty() || self.random.percent(65) {
            self.random.pick(&self.instances)
        } else {
            self.random.pick(&troubled)
        }
    }

    /// A top-up on the same day, ahead of the action.
    pub(super) fn add_money_for(&mut self, action: &Cells, target: &Cells) {
        let sum = self.random.pick(&["100", "400", "1000"]);
        self.actions.push(topup(
            &action["date"],
            &target["account_id"],
            sum.to_owned(),
        ));
    }

    /// No `account_id`, the owner's, that of any account, or one that is not in the book.
    pub(super) fn add_owner(&mut self, cells: &mut Cells, owner: Option<String>) {
        let place = self.random.index(self.accounts.len());
        let any = self.accounts[place].id.to_owned();
        let id = match self.random.between(1, 100) {
            1..=45 => return,
            46..=86 => owner.unwrap_or(any),
            87..=96 => any,
            _ => self.random.pick(&["nobody", "Q"]).to_owned(),
        };
        cells.insert("account_id", id);
    }

    /// Of what runs, what is in trouble, and anything else.
    pub(super) fn add_termination(&mut self, cells: &mut Cells) {
        cells.insert("action", "terminate".to_owned());
        if !self.instances.is_empty() && self.random.percent(60) {
            let target = self.a_target();
            cells.insert("instance_id", target["instance_id"].clone());
            let owner = target["account_id"].clone();
            self.add_owner(cells, Some(owner));
            return;
        }
        let guard = self.random.pick(&[
            "state = 'overdue'",
            "state IN ('overdue', 'reclaimed')",
            "state = 'reclaimed'",
            "state = 'running'",
            "(state <> 'running' OR charge_type = 'POSTPAID_BY_HOUR')",
            "NOT (state = 'running' AND charge_type = 'PREPAID')",
        ]);
        let selector = match self.random.percent(60) {
            true => format!("{guard} AND ({})", self.a_condition(1)),
            false => guard.to_owned(),
        };
        cells.insert("where", selector);
        self.add_owner(cells, None);
    }
}
