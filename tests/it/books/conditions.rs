//! Selectors of some depth, over columns that the book has.

use super::{ACCOUNT_IDS, Draft, FLAGS, INSTANCE_IDS, PRODUCTS, REGIONS, TYPES, days_after};

impl Draft {
    /// A selector of some depth, over columns that the book has.
    pub(super) fn a_condition(&mut self, depth: i64) -> String {
        if depth == 0 {
            return self.a_predicate();
        }
        match self.random.between(1, 10) {
            1..=2 => self.joined("AND", depth),
            3..=4 => self.joined("OR", depth),
            5 => format!("NOT ({})", self.a_condition(depth - 1)),
            6 => format!("not {}", self.a_predicate()),
            _ => self.a_predicate(),
        }
    }

    /// Sometimes without parentheses, so that precedence counts.
    pub(super) fn joined(&mut self, word: &str, depth: i64) -> String {
        let (left, right) = (self.a_condition(depth - 1), self.a_condition(depth - 1));
        match self.random.between(1, 3) {
            1 => format!("({left}) {word} ({right})"),
            2 => format!("{left} {} ({right})", word.to_lowercase()),
            _ => format!("{left} {word} {right}"),
        }
    }

    pub(super) fn a_predicate(&mut self) -> String {
        match self.random.between(1, 12) {
            1..=5 => self.about_text(),
            6..=8 => self.about_a_number(),
            9..=11 => self.about_a_date(),
            _ => self
                .random
                .pick(&[
                    "1 = 1",
                    "region = zone",
                    "monthly_price > hourly_price",
                    "since > expires_on",
                    "starts_on IS NOT NULL AND starts_on <= expires_on",
                    "'prod' <> renew_flag",
                ])
                .to_owned(),
        }
    }

    pub(super) fn about_text(&mut self) -> String {
        let (column, values) = self.a_text_column();
        let mut value = || format!("'{}'", self.random.pick(&values).replace('\'', "''"));
        let (first, second, third) = (value(), value(), value());
        let pattern = self
            .random
            .pick(&["%", "%", "i-_", "%1%", "a%", "_", "%o%", "S5.%", "%e"]);
        match self.random.between(1, 12) {
            1..=2 => format!("{column} = {first}"),
            3..=4 => format!("{column} <> {first}"),
            5 => format!("{column} IN ({first}, {second}, {third})"),
            6 => format!("{column} NOT IN ({first}, {second})"),
            7 => format!("{column} LIKE '{pattern}'"),
            8 => format!("{column} NOT LIKE '{pattern}'"),
            9 => format!("{column} IS NULL"),
            10 => format!("{column} IS NOT NULL"),
            11 => format!("{column} BETWEEN {first} AND {second}"),
            _ => format!("{column} >= {first}"),
        }
    }

    /// A text column, quoted where it must be or happens to be, and values that it may have.
    pub(super) fn a_text_column(&mut self) -> (String, Vec<String>) {
        let known: &[(&str, &[&str])] = &[
            ("instance_id", INSTANCE_IDS),
            ("account_id", ACCOUNT_IDS),
            ("product", PRODUCTS),
            ("instance_type", TYPES),
            ("region", REGIONS),
            ("zone", REGIONS),
            ("project", &["web", "数据"]),
            ("name", &["O'Hara", "web, one"]),
            ("charge_type", &["PREPAID", "POSTPAID_BY_HOUR"]),
            ("renew_flag", FLAGS),
            ("state", &["running", "overdue", "reclaimed", "stopped"]),
            ("returned", &["true", "false"]),
            ("stopped_by", &["arrears", "user"]),
            ("tag:env", &["prod", "test"]),
            ("tag:team", &["a", "b%"]),
        ];
        let (column, values) = self.random.pick(known);
        let is_tag = column.starts_with("tag:");
        if is_tag && !self.instances.iter().any(|row| row.contains_key(column)) {
            return self.a_text_column();
        }
        let values = values.iter().map(|&value| value.to_owned()).collect();
        let quoted = is_tag || self.random.percent(20);
        let mark = if quoted { "\"" } else { "" };
        (format!("{mark}{column}{mark}"), values)
    }

    pub(super) fn about_a_number(&mut self) -> String {
        let columns: &[(&str, &[&str])] = &[
            ("renew_months", &["1", "2", "3", "12"]),
            ("anchor_day", &["31", "28", "29", "15", "1"]),
            ("priority", &["-1", "0", "1", "2"]),
            ("monthly_price", &["100", "88.5", "50", "0", "33.335"]),
            ("hourly_price", &["0.5", "1", "0", "0.005"]),
            ("billed_hours", &["0", "24", "96", "360"]),
            ("downgrades", &["0", "1", "5"]),
        ];
        let (column, values) = self.random.pick(columns);
        let (first, second) = (self.random.pick(values), self.random.pick(values));
        match self.random.between(1, 8) {
            1 => format!("{column} IN ({first}, {second})"),
            2 => format!("{column} NOT BETWEEN {first} AND {second}"),
            3 => format!("{column} BETWEEN {first} AND {second}"),
            4 => format!("{column} IS NULL"),
            _ => self.comparison(column, first),
        }
    }

    pub(super) fn about_a_date(&mut self) -> String {
        let column = self
            .random
            .pick(&["expires_on", "expires_on", "since", "starts_on"]);
        let (first, second) = (self.a_date_literal(), self.a_date_literal());
        match self.random.between(1, 8) {
            1 => format!("{column} IN ({first}, {second})"),
            2 => format!("{column} NOT BETWEEN {first} AND {second}"),
            3 => format!("{column} BETWEEN {first} AND {second}"),
            4 => format!("{column} IS NULL"),
            _ => self.comparison(column, &first),
        }
    }

    pub(super) fn comparison(&mut self, column: &str, value: &str) -> String {
        let sign = self.random.pick(&["=", "<>", "<", "<=", ">", ">="]);
        match self.random.percent(80) {
            true => format!("{column} {sign} {value}"),
            false => format!("{value} {sign} {column}"),
        }
    }

    pub(super) fn a_date_literal(&mut self) -> String {
        let near = days_after(self.from, self.random.between(-10, 45));
        let date = self.random.pick(&[self.meeting, near]);
        match self.random.percent(50) {
            true => format!("DATE '{date}'"),
            false => format!("'{date}'"),
        }
    }
}
