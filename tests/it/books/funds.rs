//! Money at the opening: around the sums that are needed.

use super::{Cells, Draft, amount, minor_digits};

impl Draft {
    /// Around the sums that are needed, so that some renewals fail and recover.
    pub(super) fn fund_accounts(&mut self) {
        for place in 0..self.accounts.len() {
            let currency = self.accounts[place].currency;
            let mut funds = 0;
            let wealth = self.random.pick(&[1, 3, 8, 20]);
            for _ in 0..self.random.between(0, wealth) {
                funds += self.a_price(self.accounts[place].id, currency);
            }
            funds += self
                .random
                .pick(&[-1, 0, 0, 0, 1, 500, 20_000, -3_000, 200_000]);
            if self
                .random
                .percent(if self.has_stopped(place) { 40 } else { 5 })
            {
                funds = self.random.pick(&[0, 0, 1]);
            }
            let (free_credit, frozen, limit) = self.side_pots(currency);
            let cash = funds - free_credit + frozen - limit;
            let pots = [
                ("cash", cash),
                ("free_credit", free_credit),
                ("frozen", frozen),
                ("credit_limit", limit),
            ];
            for (column, minor) in pots {
                if minor != 0 || self.random.percent(30) {
                    let text = amount(minor, currency);
                    self.accounts[place].cells.insert(column, text);
                }
            }
            self.add_alerts(place, funds < 0);
        }
    }

    /// Whether the account waits at the opening for funds to restore something.
    pub(super) fn has_stopped(&self, place: usize) -> bool {
        let id = self.accounts[place].id;
        self.instances.iter().any(|cells| {
            cells.get("state").is_some_and(|state| state == "stopped") && cells["account_id"] == id
        })
    }

    pub(super) fn side_pots(&mut self, currency: &str) -> (i64, i64, i64) {
        let mut pot = |chance| {
            if self.random.percent(chance) {
                let sums = [1, 50, 5_000, 10_000, 8_850, 40_000];
                self.random.pick(&sums) / if currency == "JPY" { 20 } else { 1 }
            } else {
                0
            }
        };
        (pot(45), pot(25), pot(30))
    }

    pub(super) fn add_alerts(&mut self, place: usize, in_arrears: bool) {
        let mut extra = Cells::new();
        if self.random.percent(60) {
            let below = self.random.pick(&["0", "100", "-50", "1000", "20", "-400"]);
            extra.insert("alert_below", below.to_owned());
        }
        if self.random.percent(20) {
            let days = self.random.between(0, 5);
            extra.insert("alert_days", days.to_string());
        }
        if self.random.percent(if in_arrears { 60 } else { 8 }) {
            let hours = self.random.between(0, 60);
            extra.insert("arrears_hours", hours.to_string());
        }
        if self.random.percent(30) {
            extra.insert("name", "Web, \"and\" more".to_owned());
        }
        self.accounts[place].cells.append(&mut extra);
    }

    /// What a renewal or a day of one of the account's instances costs, roughly, in minor units.
    pub(super) fn a_price(&mut self, account: &str, currency: &str) -> i64 {
        let own: Vec<Cells> = self
            .instances
            .iter()
            .filter(|cells| cells["account_id"] == account)
            .cloned()
            .collect();
        if own.is_empty() {
            return 5_000;
        }
        let cells = self.random.pick(&own);
        let (column, times) = match cells["charge_type"].as_str() {
            "PREPAID" => ("monthly_price", self.months_of(&cells)),
            _ => ("hourly_price", self.random.pick(&[1, 24, 240])),
        };
        let price = cells.get(column).map_or("100", String::as_str);
        minor_units(price, currency) * times
    }

    pub(super) fn months_of(&self, cells: &Cells) -> i64 {
        let profile = self.profile_of(cells.get("product").map_or("", String::as_str));
        match cells.get("renew_months") {
            Some(months) => months.parse().expect("months"),
            None => self.days_of(profile, "auto_renew_months"),
        }
    }
}

/// A price cut to the currency's minor units.
pub(super) fn minor_units(price: &str, currency: &str) -> i64 {
    let (whole, decimals) = price.split_once('.').unwrap_or((price, ""));
    let places = usize::try_from(minor_digits(currency)).expect("few digits");
    let kept = format!("{decimals:0<places$}");
    format!("{whole}{}", &kept[..places])
        .parse()
        .expect("a small price")
}

pub(super) fn topup(date: &str, account: &str, amount: String) -> Cells {
    Cells::from([
        ("date", date.to_owned()),
        ("action", "topup".to_owned()),
        ("account_id", account.to_owned()),
        ("amount", amount),
    ])
}
