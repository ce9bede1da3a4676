//! Vouchers, orders, earlier returns, holidays, and the actions about them (docs/spec/money.md).

use chrono::Datelike;

use super::funds::minor_units;
use super::{
    Cells, Date, Draft, HOURLY_PRICES, MONTHLY_PRICES, PRODUCTS, TYPES, amount, date, days_after,
    last_of_month, minor_digits,
};

impl Draft {
    /// Of sums that some price equals, and of dates that several vouchers share.
    pub(super) fn add_vouchers(&mut self) {
        if self.random.percent(40) {
            return;
        }
        let ends = [
            self.meeting,
            days_after(self.from, self.random.between(-2, 40)),
            days_after(self.from, 60),
        ];
        for number in 1..=self.random.between(1, 9) {
            let (account, currency) = self.an_account();
            let minor = self.a_voucher_sum(account, currency);
            let valid_to = self.random.pick(&ends);
            let valid_from =
                days_after(self.from, self.random.pick(&[-30, -30, -30, -1, 0, 3, 10]));
            let mut cells = Cells::from([
                ("voucher_id", format!("v-{number}")),
                ("account_id", account.to_owned()),
                ("amount", amount(minor, currency)),
                ("valid_from", valid_from.min(valid_to).to_string()),
                ("valid_to", valid_to.to_string()),
            ]);
            self.add_conditions(&mut cells, account, currency);
            self.vouchers.push(cells);
        }
    }

    fn an_account(&mut self) -> (&'static str, &'static str) {
        let place = self.random.index(self.accounts.len());
        (self.accounts[place].id, self.accounts[place].currency)
    }

    fn a_voucher_sum(&mut self, account: &str, currency: &str) -> i64 {
        let unit = if minor_digits(currency) == 0 { 1 } else { 100 };
        let minor = match self.random.between(1, 10) {
            1..=4 => self.a_price(account, currency),
            5..=8 => self.random.pick(&[5, 8, 10, 12, 50, 100, 100]) * unit,
            9 => self.a_price(account, currency) / 2,
            _ => self.random.pick(&[1, 1, 500_000]),
        };
        minor.max(1)
    }

    /// What a voucher is for.
    fn add_conditions(&mut self, cells: &mut Cells, account: &str, currency: &str) {
        if self.random.percent(30) {
            let products = self
                .random
                .pick(&["cvm", "cvm;mysql", "cbs", "mysql;cbs;other"]);
            cells.insert("products", products.to_owned());
        }
        if self.random.percent(25) {
            let mode = self
                .random
                .pick(&["PREPAID", "PREPAID", "POSTPAID_BY_HOUR"]);
            cells.insert("pay_mode", mode.to_owned());
        }
        if self.random.percent(30) {
            let least = self.a_price(account, currency);
            cells.insert("min_order", amount(least, currency));
        }
    }

    /// Valid for some days, often for one.
    pub(super) fn add_voucher_action(&mut self, cells: &mut Cells, day: Date) {
        let number = self.actions.len();
        cells.insert("action", "voucher".to_owned());
        cells.insert("voucher_id", format!("granted-{number}"));
        let (account, currency) = self.an_account();
        let minor = self.a_voucher_sum(account, currency);
        cells.insert("amount", amount(minor, currency));
        let days = self.random.pick(&[0, 0, 1, 5, 20, 90]);
        cells.insert("valid_to", days_after(day, days).to_string());
        self.add_conditions(cells, account, currency);
        if self.random.percent(4) {
            cells.insert("account_id", "nobody".to_owned());
            cells.insert("amount", "5".to_owned());
            cells.remove("min_order");
        } else {
            cells.insert("account_id", account.to_owned());
        }
    }

    /// Terms that lie before the end of what runs, one after the other, sometimes with gaps, sometimes none.
    pub(super) fn add_orders(&mut self) {
        for cells in self.instances.clone() {
            let state = cells.get("state").map_or("running", String::as_str);
            let Some(expiry) = cells.get("expires_on").map(|end| date(end)) else {
                continue;
            };
            if state != "running" || expiry <= self.from || self.random.percent(20) {
                continue;
            }
            let mut end = expiry;
            if self.random.percent(10) {
                end = days_after(end, -self.random.between(1, 9)).max(days_after(self.from, 1));
            }
            while end > self.from {
                let start = self.start_of_order(end);
                self.add_order(&cells, start, end);
                let gap = self.random.pick(&[0, 0, 0, 0, 4]);
                end = days_after(start, -gap);
                if self.random.percent(15) {
                    break;
                }
            }
        }
    }

    /// Mostly months before the end; sometimes just before the opening, as of a purchase.
    fn start_of_order(&mut self, end: Date) -> Date {
        let recent = days_after(self.from, -self.random.between(0, 7));
        let a_month_ago = days_after(self.from, -self.random.pick(&[28, 30, 31]));
        let days = match self.random.between(1, 10) {
            1..=3 if recent < end => return recent,
            4 if a_month_ago < end => return a_month_ago,
            1..=5 => 30,
            6 => 31,
            7 => 28,
            8 => self.random.between(1, 20),
            9 => self.random.between(60, 100),
            _ => 365,
        };
        let start = days_after(end, -days);
        if self.random.percent(20) {
            last_of_month(days_after(start, -31))
        } else {
            start
        }
    }

    fn add_order(&mut self, instance: &Cells, start: Date, end: Date) {
        let owner = self
            .accounts
            .iter()
            .find(|account| account.id == instance["account_id"]);
        let currency = owner.expect("an owner").currency;
        let price = instance.get("monthly_price").map_or("100", String::as_str);
        let months = ((end - start).num_days() / 28).max(1);
        let paid = match self.random.between(1, 10) {
            1 => 0,
            2 => 1,
            3 => 300_000,
            _ => minor_units(price, currency) * months,
        };
        let by_cash = match self.random.between(1, 4) {
            1 => 0,
            2 => paid,
            _ => self.random.between(0, paid),
        };
        let mut cells = Cells::from([
            ("instance_id", instance["instance_id"].clone()),
            ("term_start", start.to_string()),
            ("term_end", end.to_string()),
            ("cash", amount(by_cash, currency)),
        ]);
        if by_cash < paid {
            cells.insert("free_credit", amount(paid - by_cash, currency));
        }
        if self.random.percent(60) {
            cells.insert("months", months.to_string());
        }
        let is_new = start <= self.from && self.random.percent(60);
        if is_new || self.random.percent(10) {
            cells.insert("new", is_new.to_string());
        }
        self.orders.push(cells);
    }

    /// Something becomes of what was just bought, or was paid for.
    pub(super) fn add_ends(&mut self) {
        let bought = self
            .instances
            .iter()
            .filter(|cells| cells["charge_type"] == "PREPAID");
        let bought = bought.filter_map(|cells| {
            Some((cells["instance_id"].clone(), date(cells.get("starts_on")?)))
        });
        let ordered = self
            .orders
            .iter()
            .map(|cells| (cells["instance_id"].clone(), date(&cells["term_start"])));
        let begun: Vec<(String, Date)> = bought.chain(ordered).collect();
        for (id, start) in begun {
            let days = self
                .random
                .pick(&[0, 1, 2, 5, 5, 6, 20, 28, 30, 31, 31, 59, 61]);
            let day = days_after(start, days);
            if self.random.percent(80) || day < self.from {
                continue;
            }
            let action = self.random.pick(&[
                "terminate",
                "terminate",
                "terminate",
                "to_postpaid",
                "resize",
            ]);
            let mut cells = Cells::from([
                ("date", day.to_string()),
                ("action", action.to_owned()),
                ("instance_id", id),
            ]);
            self.add_particulars(&mut cells, action);
            self.actions.push(cells);
        }
    }

    /// Nearly every instance knows what an hour costs, so that few changes stop the run.
    pub(super) fn price_hours(&mut self) {
        for place in 0..self.instances.len() {
            if self.random.percent(95) && !self.instances[place].contains_key("hourly_price") {
                let price = self.random.pick(HOURLY_PRICES);
                self.instances[place].insert("hourly_price", price.to_owned());
            }
        }
    }

    /// Each instance goes through several changes, some on one day, and is recovered or extended between them.
    pub(super) fn add_changes(&mut self) {
        const CHANGES: &[&str] = &[
            "resize",
            "resize",
            "resize",
            "resize",
            "terminate",
            "renew",
            "renew",
            "to_postpaid",
            "to_prepaid",
        ];
        let length = (self.to - self.from).num_days();
        for cells in self.instances.clone() {
            let mut day = self.random.between(0, length.min(20));
            for _ in 0..self.random.between(0, 5) {
                let action = self.random.pick(CHANGES);
                let mut change = Cells::from([
                    ("date", days_after(self.from, day).to_string()),
                    ("action", action.to_owned()),
                    ("instance_id", cells["instance_id"].clone()),
                ]);
                self.add_particulars(&mut change, action);
                self.repeat_price(&mut change, &cells);
                self.actions.push(change);
                day = (day + self.random.pick(&[0, 0, 1, 3, 5, 10, 28, 30, 31])).min(length);
            }
        }
    }

    pub(super) fn add_returns(&mut self) {
        if self.random.percent(60) {
            return;
        }
        for place in 0..self.accounts.len() {
            for product in PRODUCTS {
                for year in self.from.year() - 1..=self.to.year() {
                    if self.random.percent(60) {
                        continue;
                    }
                    let all = self.random.between(0, 3);
                    let mut cells = Cells::from([
                        ("account_id", self.accounts[place].id.to_owned()),
                        ("product", (*product).to_owned()),
                        ("year", year.to_string()),
                        ("returns", all.to_string()),
                    ]);
                    if self.random.percent(50) {
                        cells.insert("full_returns", all.min(1).to_string());
                    }
                    self.returns.push(cells);
                }
            }
        }
    }

    pub(super) fn add_holidays(&mut self) {
        let count = self.random.pick(&[0, 0, 0, 3, 8]);
        for _ in 0..count {
            let day = days_after(self.from, self.random.between(-3, 30));
            if !self.holidays.contains(&day) {
                self.holidays.push(day);
            }
        }
    }

    /// Money that takes its time.
    pub(super) fn add_channel(&mut self, cells: &mut Cells, chance: i64) {
        if self.random.percent(chance) {
            let channel = self.random.pick(&["bank", "bank", "online"]);
            cells.insert("channel", channel.to_owned());
        }
    }

    /// Another price and sometimes another type.
    pub(super) fn add_size(&mut self, cells: &mut Cells) {
        let price = self.random.pick(&[
            "120.50", "0", "0.00", "99.999", "33.335", "100", "250", "60.1", "0.0100", "12",
        ]);
        cells.insert("price", price.to_owned());
        if self.random.percent(50) {
            let kind = self.random.pick(TYPES);
            cells.insert("instance_type", kind.to_owned());
        }
    }

    /// A resize to the price that the instance has.
    pub(super) fn repeat_price(&mut self, cells: &mut Cells, target: &Cells) {
        let price = target
            .get("monthly_price")
            .filter(|price| MONTHLY_PRICES.contains(&price.as_str()));
        if let (Some(price), "resize") = (price, cells["action"].as_str())
            && self.random.percent(15)
        {
            cells.insert("price", price.clone());
        }
    }

    /// Mostly given, as an instance without it would stop the run.
    pub(super) fn add_price_of_conversion(&mut self, cells: &mut Cells, prices: &[&str]) {
        if self.random.percent(80) {
            let price = self.random.pick(prices);
            cells.insert("price", price.to_owned());
        }
    }
}
