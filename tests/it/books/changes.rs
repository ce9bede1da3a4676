//! Changes of a book, once as a scenario and once written out by hand in its files: both must be the same book.

use rust_decimal::{Decimal, RoundingStrategy};

use super::random::Random;
use super::table::Table;
use super::{Cells, FLAGS, Files, MONTHLY_PRICES, date, days_after, minor_digits};

/// A scenario, and the files of the book in which somebody made the same changes.
pub(crate) struct Changed {
    pub(crate) scenario: String,
    pub(crate) by_hand: Files,
}

struct Editor {
    random: Random,
    scenario: String,
    files: Files,
}

/// Some changes of every kind that a scenario has, in the order in which it applies them.
pub(crate) fn changed(book: &Files, seed: u64) -> Changed {
    let mut editor = Editor {
        random: Random::of(seed ^ 0x5eed),
        scenario: String::new(),
        files: book.clone(),
    };
    if editor.random.percent(30) {
        editor.move_the_end();
    }
    if editor.random.percent(50) {
        editor.change_a_profile();
    }
    for _ in 0..editor.random.between(0, 3) {
        editor.set_cells();
    }
    if editor.random.percent(30) {
        editor.change_prices();
    }
    if editor.random.percent(50) {
        editor.shift_topups();
    }
    if editor.random.percent(50) {
        editor.act();
    }
    Changed {
        scenario: editor.scenario,
        by_hand: editor.files,
    }
}

/// Whether there is anything to change.
fn has_rows(table: &Table) -> bool {
    table
        .rows
        .iter()
        .any(|row| row.iter().any(|cell| !cell.is_empty()))
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A price or amount after a change by some percent.
fn after(text: &str, percent: Decimal) -> Decimal {
    let value: Decimal = text.parse().expect("a plain decimal");
    value * (Decimal::ONE_HUNDRED + percent) / Decimal::ONE_HUNDRED
}

impl Editor {
    fn table(&self, name: &str) -> Option<Table> {
        self.files.get(name).map(|text| Table::parse(text))
    }

    fn keep(&mut self, name: &str, table: &Table) {
        self.files.insert(name.to_owned(), table.text());
    }

    fn edit_toml(&mut self, name: &str, edit: impl FnOnce(&mut toml::Table)) {
        let text = self.files.get(name).map_or("", String::as_str);
        let mut table: toml::Table = text.parse().expect("TOML");
        edit(&mut table);
        self.files.insert(name.to_owned(), table.to_string());
    }

    fn move_the_end(&mut self) {
        let table: toml::Table = self.files["book.toml"].parse().expect("TOML");
        let from = date(&table["from"].to_string());
        let to = days_after(from, self.random.between(3, 60)).to_string();
        self.scenario += &format!("[book]\nto = {to}\n");
        self.edit_toml("book.toml", |book| {
            book.insert(
                "to".to_owned(),
                toml::Value::Datetime(to.parse().expect("a date")),
            );
        });
    }

    fn change_a_profile(&mut self) {
        let own = self.files.get("profiles.toml").map_or("", String::as_str);
        let own: toml::Table = own.parse().expect("TOML");
        let mut names: Vec<String> = own.keys().cloned().collect();
        names.push("tencent-cvm".to_owned());
        let name = self.random.pick(&names);
        let (key, value) = self.random.pick(&[
            ("suspend_after_days", "0"),
            ("suspend_after_days", "3"),
            ("when_short", "\"stop\""),
            ("charge_order", "\"dearest\""),
            ("charge_order", "\"priority\""),
            ("month_end", "\"sticky\""),
            ("arrears_grace_hours", "0"),
            ("rounding", "\"down\""),
        ]);
        self.scenario += &format!("[profile.{}]\n{key} = {value}\n", quoted(&name));
        self.edit_toml("profiles.toml", |profiles| {
            let keys = profiles
                .entry(name)
                .or_insert_with(|| toml::Table::new().into());
            let value: toml::Table = format!("v = {value}").parse().expect("TOML");
            keys.as_table_mut()
                .expect("a profile is a table")
                .insert(key.to_owned(), value["v"].clone());
        });
    }

    fn set_cells(&mut self) {
        let mut table = self.table("instances.csv").expect("a book has instances");
        if !has_rows(&table) {
            return;
        }
        let (column, value) = match self.random.between(1, 5) {
            1 => ("renew_flag", self.random.pick(FLAGS).to_owned()),
            2 => (
                "renew_months",
                self.random.pick(&["", "1", "2", "3", "12"]).to_owned(),
            ),
            3 => ("priority", self.random.between(-3, 3).to_string()),
            4 => ("monthly_price", self.random.pick(MONTHLY_PRICES).to_owned()),
            _ => (
                "tag:wave",
                self.random.pick(&["first", "second"]).to_owned(),
            ),
        };
        self.scenario += "[[set]]\n";
        let chosen = self.chosen(&table);
        if let Some((name, ids)) = &chosen {
            let list: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
            self.scenario += &format!(
                "where = {}\n",
                quoted(&format!("{name} IN ({})", list.join(", ")))
            );
        }
        self.scenario += &format!("{} = {}\n", quoted(column), quoted(&value));
        if table.column(column).is_none() {
            table.header.push(column.to_owned());
            table
                .rows
                .iter_mut()
                .for_each(|row| row.push(String::new()));
        }
        let slot = table.column(column).expect("it was added");
        let chosen =
            chosen.map(|(name, ids)| (table.column(name).expect("a required column"), ids));
        for row in table
            .rows
            .iter_mut()
            .filter(|row| row.iter().any(|cell| !cell.is_empty()))
        {
            if chosen
                .as_ref()
                .is_none_or(|(column, ids)| ids.contains(&row[*column]))
            {
                row[slot].clone_from(&value);
            }
        }
        self.keep("instances.csv", &table);
    }

    /// Some ids or accounts of the inventory; none for all of it.
    fn chosen(&mut self, table: &Table) -> Option<(&'static str, Vec<String>)> {
        let name = self.random.pick(&[
            None,
            Some("instance_id"),
            Some("instance_id"),
            Some("account_id"),
        ])?;
        let column = table.column(name).expect("a required column");
        let mut ids: Vec<String> = table.rows.iter().map(|row| row[column].clone()).collect();
        ids.retain(|id| !id.is_empty() && self.random.percent(40));
        (!ids.is_empty()).then_some((name, ids))
    }

    fn change_prices(&mut self) {
        let percent = self.random.pick(&["10", "-5", "2.5", "0", "-100"]);
        // A scenario changes the prices that are taken; by hand those are changed, too, that nobody takes and that then have
        // more digits than a price can have.
        let is_long = self
            .files
            .values()
            .any(|text| text.contains("12.3456789012345678901234"));
        if is_long
            || !self
                .table("instances.csv")
                .is_some_and(|table| has_rows(&table))
        {
            return;
        }
        self.scenario += &format!("[[prices]]\nchange_percent = {}\n", quoted(percent));
        let percent = percent.parse().expect("a number");
        for name in ["instances.csv", "prices.csv"] {
            let Some(mut table) = self.table(name) else {
                continue;
            };
            for column in ["monthly_price", "hourly_price"]
                .iter()
                .filter_map(|name| table.column(name))
                .collect::<Vec<_>>()
            {
                for row in table.rows.iter_mut().filter(|row| !row[column].is_empty()) {
                    row[column] = after(&row[column], percent).normalize().to_string();
                }
            }
            self.keep(name, &table);
        }
    }

    fn shift_topups(&mut self) {
        let (delay, percent) = (
            self.random.between(-3, 10),
            self.random.pick(&["25", "-12.5", "0"]),
        );
        let block = format!(
            "[[topups]]\ndelay_days = {delay}\nchange_percent = {}\n",
            quoted(percent)
        );
        let percent = percent.parse().expect("a number");
        let Some(mut table) = self.table("actions.csv") else {
            return;
        };
        let (Some(day), Some(amount), Some(action)) = (
            table.column("date"),
            table.column("amount"),
            table.column("action"),
        ) else {
            return;
        };
        // A change that reaches nothing is refused.
        if table.rows.iter().all(|row| row[action] != "topup") {
            return;
        }
        self.scenario += &block;
        let account = table.column("account_id");
        let currencies = self.currencies();
        for row in table.rows.iter_mut().filter(|row| row[action] == "topup") {
            row[day] = days_after(date(&row[day]), delay).to_string();
            let account = account.map_or("", |column| row[column].as_str());
            let digits = minor_digits(currencies(account));
            let rounded = after(&row[amount], percent)
                .round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero);
            row[amount] = rounded.to_string();
        }
        self.keep("actions.csv", &table);
    }

    /// The currency of an account, that of the book where the account names none or is none.
    fn currencies(&self) -> impl Fn(&str) -> &'static str + use<> {
        let settings: toml::Table = self.files["book.toml"].parse().expect("TOML");
        let of_book = settings["currency"].as_str().expect("a code").to_owned();
        let accounts = self.table("accounts.csv").expect("a book has accounts");
        move |id| {
            let (key, currency) = (accounts.column("account_id"), accounts.column("currency"));
            let row = accounts
                .rows
                .iter()
                .find(|row| key.is_some_and(|key| row[key] == id));
            let own = row
                .zip(currency)
                .map(|(row, column)| row[column].as_str())
                .filter(|code| !code.is_empty());
            if own.unwrap_or(&of_book) == "JPY" {
                "JPY"
            } else {
                "CNY"
            }
        }
    }

    fn act(&mut self) {
        let accounts = self.table("accounts.csv").expect("a book has accounts");
        let column = accounts.column("account_id").expect("a required column");
        let mut ids: Vec<String> = accounts
            .rows
            .iter()
            .map(|row| row[column].clone())
            .collect();
        ids.retain(|id| !id.is_empty());
        let id = self.random.pick(&ids);
        let table: toml::Table = self.files["book.toml"].parse().expect("TOML");
        let day =
            days_after(date(&table["from"].to_string()), self.random.between(0, 20)).to_string();
        let amount = self.random.between(1, 400).to_string();
        let action = self.random.pick(&["topup", "credit"]);
        self.scenario += &format!(
            "[[actions]]\ndate = {day}\naction = \"{action}\"\naccount_id = {}\namount = \"{amount}\"\n",
            quoted(&id)
        );
        let mut actions = self.table("actions.csv").unwrap_or_else(|| Table {
            header: vec!["date".to_owned(), "action".to_owned()],
            rows: Vec::new(),
        });
        let cells = [
            ("date", day),
            ("action", action.to_owned()),
            ("account_id", id),
            ("amount", amount),
        ];
        actions.add_row(&Cells::from(cells));
        self.keep("actions.csv", &actions);
    }
}
