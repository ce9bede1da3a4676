//! Accounts, instances and list prices.

use chrono::Datelike;

use super::{
    ACCOUNT_IDS, API_FLAGS, AccountDraft, CURRENCIES, Cells, Date, Draft, FLAGS, HOURLY_PRICES,
    INSTANCE_IDS, MONTHLY_PRICES, PRODUCTS, REGIONS, TYPES, days_after, is_last_of_month,
    last_of_month,
};

impl Draft {
    pub(super) fn add_accounts(&mut self) {
        let mut ids = ACCOUNT_IDS.to_vec();
        self.random.shuffle(&mut ids);
        let count = self.random.pick(&[1, 1, 1, 1, 2, 2, 3, 5]);
        for id in ids.into_iter().take(count) {
            let mut cells = Cells::from([("account_id", id.to_owned())]);
            let mut currency = self.currency;
            if self.random.percent(25) {
                currency = self.random.pick(CURRENCIES);
                cells.insert("currency", currency.to_owned());
            }
            self.accounts.push(AccountDraft {
                id,
                currency,
                cells,
            });
        }
    }

    pub(super) fn add_instances(&mut self) {
        let mut ids = INSTANCE_IDS.to_vec();
        self.random.shuffle(&mut ids);
        let count = self.random.pick(&[0, 1, 2, 3, 5, 7, 9, 10, 11, 12, 12]);
        for id in ids.into_iter().take(count) {
            let account = self.random.index(self.accounts.len());
            let account = self.accounts[account].id;
            let mut cells = Cells::from([
                ("instance_id", id.to_owned()),
                ("account_id", account.to_owned()),
            ]);
            self.add_labels(&mut cells);
            self.add_renewal(&mut cells);
            if self.random.percent(self.prepaid_share) {
                self.add_prepaid(&mut cells);
            } else {
                self.add_postpaid(&mut cells);
            }
            self.instances.push(cells);
        }
    }

    pub(super) fn add_labels(&mut self, cells: &mut Cells) {
        let labels: &[(&'static str, &[&str], i64)] = &[
            ("product", PRODUCTS, 75),
            ("instance_type", TYPES, 85),
            ("region", REGIONS, 60),
            ("zone", &["z-1", "ap-tokyo"], 25),
            ("project", &["web", "数据"], 25),
            ("name", &["web, one", "O'Hara", "db_1", "\"quoted\""], 40),
            ("tag:env", &["prod", "test"], 50),
            ("tag:team", &["a", "b%"], 20),
        ];
        for &(column, values, chance) in labels {
            if self.random.percent(chance) {
                cells.insert(column, self.random.pick(values).to_owned());
            }
        }
    }

    pub(super) fn add_renewal(&mut self, cells: &mut Cells) {
        let flag = match self.random.between(1, 100) {
            1..=55 => "auto",
            56..=75 => self.random.pick(FLAGS),
            76..=88 => self.random.pick(API_FLAGS),
            _ => "",
        };
        cells.insert("renew_flag", flag.to_owned());
        if self.random.percent(60) {
            let profile = self.profile_of(cells.get("product").map_or("", String::as_str));
            let months = self.a_period(profile);
            cells.insert("renew_months", months.to_string());
        }
        if self.random.percent(50) {
            let priority = self.random.between(-1, 3);
            cells.insert("priority", priority.to_string());
        }
    }

    pub(super) fn add_prepaid(&mut self, cells: &mut Cells) {
        cells.insert("charge_type", "PREPAID".to_owned());
        self.add_price(cells, "monthly_price", MONTHLY_PRICES);
        if self.random.percent(75) {
            let price = self.random.pick(HOURLY_PRICES);
            cells.insert("hourly_price", price.to_owned());
        }
        if self.random.percent(15) {
            let downgrades = self.random.between(0, 5);
            cells.insert("downgrades", downgrades.to_string());
        }
        if self.random.percent(20) {
            let length = (self.to - self.from).num_days();
            let start = days_after(self.from, self.random.between(0, length.min(30) + 2));
            let start = self.nasty(start).max(self.from);
            cells.insert("starts_on", start.to_string());
            self.add_anchor(cells, start);
            return;
        }
        if self.random.percent(15) {
            let start = days_after(self.from, -self.random.between(1, 400));
            cells.insert("starts_on", start.to_string());
        }
        let expiry = self.an_expiry();
        cells.insert("expires_on", expiry.to_string());
        self.add_anchor(cells, expiry);
        self.add_prepaid_state(cells, expiry);
    }

    /// Near the opening, often shared, often at the end of a month.
    pub(super) fn an_expiry(&mut self) -> Date {
        if self.random.percent(35) {
            return self.meeting;
        }
        let days = match self.random.between(1, 20) {
            1..=2 => self.random.between(-100, -30),
            3..=6 => self.random.between(-14, -1),
            7..=16 => self.random.between(0, 15),
            _ => self.random.between(16, 70),
        };
        let expiry = days_after(self.from, days);
        self.nasty(expiry)
    }

    /// Sometimes the last day of the month instead.
    pub(super) fn nasty(&mut self, date: Date) -> Date {
        if self.random.percent(20) {
            last_of_month(date)
        } else {
            date
        }
    }

    /// The date falls on the anchor, or on the last day of a month too short for it (**anchor**).
    pub(super) fn add_anchor(&mut self, cells: &mut Cells, date: Date) {
        let day = i64::from(date.day());
        if self.random.percent(30) {
            let highest = if is_last_of_month(date) { 31 } else { day };
            let anchor = self.random.between(day, highest);
            cells.insert("anchor_day", anchor.to_string());
        }
    }

    pub(super) fn add_prepaid_state(&mut self, cells: &mut Cells, expiry: Date) {
        let profile = self.profile_of(cells.get("product").map_or("", String::as_str));
        if self.may_be_derived(profile, expiry) && self.random.percent(65) {
            return;
        }
        let state = match (self.random.between(1, 10), expiry < self.from) {
            (1..=2, _) => "running",
            (3, _) => "terminated",
            (4..=6, true) => "overdue",
            (_, true) => "reclaimed",
            (_, false) if self.random.percent(25) => "reclaimed",
            (_, false) => "running",
        };
        cells.insert("state", state.to_owned());
        if state == "reclaimed" {
            let since = self.since_reclaiming(expiry);
            cells.insert("since", since.to_string());
            let not_due = expiry >= self.from;
            if self.random.percent(if not_due { 85 } else { 20 }) {
                cells.insert("returned", "true".to_owned());
            }
        } else if self.random.percent(5) {
            cells.insert("returned", "false".to_owned());
        }
    }

    pub(super) fn since_reclaiming(&mut self, expiry: Date) -> Date {
        let last = days_after(self.from, -1);
        let since = days_after(expiry, self.random.between(0, 3));
        if since <= last && self.random.percent(80) {
            since
        } else {
            days_after(last, -self.random.between(0, 12))
        }
    }

    /// A derived state is an error where its release day lies before `from` (**derived-state**).
    pub(super) fn may_be_derived(&self, profile: &str, expiry: Date) -> bool {
        let reclaiming = days_after(expiry, self.days_of(profile, "suspend_after_days"));
        let base = match self.deciding(profile, "retention_from").as_str() {
            "\"expiry\"" => expiry,
            _ => reclaiming,
        };
        let after_retention = days_after(base, self.days_of(profile, "retention_days") + 1);
        self.from <= reclaiming || self.from <= after_retention.max(days_after(reclaiming, 1))
    }

    pub(super) fn add_postpaid(&mut self, cells: &mut Cells) {
        cells.insert("charge_type", "POSTPAID_BY_HOUR".to_owned());
        self.add_price(cells, "hourly_price", HOURLY_PRICES);
        if self.random.percent(60) {
            let price = self.random.pick(MONTHLY_PRICES);
            cells.insert("monthly_price", price.to_owned());
        }
        if self.random.percent(30) {
            let hours = self.random.pick(&[0, 1, 3, 23, 24, 90, 95, 96, 359]);
            cells.insert("billed_hours", hours.to_string());
        }
        match self.random.between(1, 10) {
            1..=2 => {
                let start = days_after(self.from, self.random.between(0, 25));
                cells.insert("starts_on", start.to_string());
            }
            3..=4 => {
                cells.insert("state", "stopped".to_owned());
                let longest = self.random.pick(&[2, 4, 18]);
                let since = days_after(self.from, -self.random.between(1, longest));
                cells.insert("since", since.to_string());
                if self.random.percent(40) {
                    let by = self.random.pick(&["arrears", "user", "user"]);
                    cells.insert("stopped_by", by.to_owned());
                }
            }
            5 => {
                let state = self.random.pick(&["running", "running", "terminated"]);
                cells.insert("state", state.to_owned());
            }
            _ => {}
        }
    }

    /// A cell may stay empty where the type has a price of its own in prices.csv.
    pub(super) fn add_price(&mut self, cells: &mut Cells, column: &'static str, prices: &[&str]) {
        let listed = self.lists_prices && cells.contains_key("instance_type");
        if !listed || self.random.percent(65) {
            cells.insert(column, self.random.pick(prices).to_owned());
        }
        if column == "monthly_price" && self.random.percent(50) {
            let usual = self.random.pick(&self.usual_prices);
            cells.insert(column, usual.to_owned());
        }
    }

    /// A row for each type, sometimes in two halves, and more specific ones beside it.
    pub(super) fn add_list_prices(&mut self) {
        for kind in TYPES {
            let row = Cells::from([("instance_type", (*kind).to_owned())]);
            let mut monthly = row.clone();
            let mut hourly = row;
            self.add_cell(&mut monthly, "monthly_price", MONTHLY_PRICES, 100);
            self.add_cell(&mut hourly, "hourly_price", HOURLY_PRICES, 100);
            if self.random.percent(30) {
                self.prices.extend([monthly, hourly]);
            } else {
                monthly.append(&mut hourly);
                self.prices.push(monthly);
            }
            self.add_specific_prices(kind);
        }
    }

    pub(super) fn add_specific_prices(&mut self, kind: &str) {
        for region in ["", REGIONS[0], REGIONS[1]] {
            for product in ["", PRODUCTS[0], PRODUCTS[1]] {
                if (region, product) == ("", "") || self.random.percent(75) {
                    continue;
                }
                let mut row = Cells::from([
                    ("instance_type", kind.to_owned()),
                    ("region", region.to_owned()),
                    ("product", product.to_owned()),
                ]);
                self.add_cell(&mut row, "monthly_price", MONTHLY_PRICES, 70);
                self.add_cell(&mut row, "hourly_price", HOURLY_PRICES, 70);
                self.prices.push(row);
            }
        }
    }

    pub(super) fn add_cell(
        &mut self,
        row: &mut Cells,
        column: &'static str,
        values: &[&str],
        chance: i64,
    ) {
        if self.random.percent(chance) {
            row.insert(column, self.random.pick(values).to_owned());
        }
    }
}
