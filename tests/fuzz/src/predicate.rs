//! Conditions made of bytes, their text, and what they match.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use renewcast::engine;
use renewcast::input;
use renewcast::input::diagnostic::Diagnostics;
use renewcast::model::action::{Action, Target};
use renewcast::model::calendar::Day;
use renewcast::model::selector::{
    Column, Comparison, Literal, Operand, Predicate, Selector, ValueKind,
};
use renewcast::output::csv;
use rust_decimal::Decimal;

use crate::it::support::{Files, builtin};
use crate::{folder_of, inventory, oracle, table};

/// What the program makes of a selector.
pub(crate) struct Answer {
    pub(crate) found: Diagnostics,
    selector: Option<Selector>,
    ledger: String,
    /// The rows of the ledger that the selector led to; none if it was refused.
    pub(crate) matched: Option<BTreeSet<String>>,
}

fn files(selector: &str) -> Files {
    let mut files = inventory();
    let row: &[&str] = &["2026-12-01", "set_flag", selector, "none"];
    files.insert(
        "actions.csv".to_owned(),
        table(&[&["date", "action", "where", "flag"], row]),
    );
    files
}

/// Reads a selector and lets an action on the first day use it.
pub(crate) fn answer(selector: &str) -> Answer {
    let (book, found) = input::check_book(&folder_of(&files(selector)), None);
    let Some(book) = book else {
        return Answer {
            found,
            selector: None,
            ledger: String::new(),
            matched: None,
        };
    };
    let replay = engine::replay(&book).expect("nothing is returned");
    let ledger = String::from_utf8(csv::ledger(&book, &replay.ledger)).expect("a ledger is UTF-8");
    let ids = replay
        .ledger
        .entries
        .iter()
        .filter(|entry| entry.event.name() == "flag_set");
    let ids = ids
        .filter_map(|entry| entry.instance)
        .map(|index| book.instance(index).id.to_string())
        .collect();
    let selector = match book.actions.first() {
        Some(Action {
            target: Target::Where(selector),
            ..
        }) => Some(selector.clone()),
        _ => None,
    };
    Answer {
        found,
        selector,
        ledger,
        matched: Some(ids),
    }
}

/// Builds a condition of bytes, writes it, and holds what is read against it and against the model.
pub(crate) fn compare(data: &[u8]) {
    let mut choices = Choices { data, at: 0 };
    let predicate = choices.predicate(5);
    let mut text = String::new();
    write(&mut text, &predicate, &mut choices);
    let answer = answer(&text);
    let read = answer
        .selector
        .unwrap_or_else(|| panic!("{text}\n{:#?}", answer.found.iter().collect::<Vec<_>>()));
    assert_eq!(read, Selector::new(&text, predicate), "{text}");
    let expected = oracle::replay(&files(&text), builtin());
    assert_eq!(expected.ledger, answer.ledger, "{text}");
}

/// Bytes as a row of choices; after the last byte every choice is the first one.
struct Choices<'d> {
    data: &'d [u8],
    at: usize,
}

impl Choices<'_> {
    fn next(&mut self, below: u8) -> u8 {
        let byte = self.data.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        byte % below
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        let below = u8::try_from(list.len()).expect("a short list");
        list[usize::from(self.next(below))]
    }

    fn predicate(&mut self, depth: usize) -> Predicate {
        match self.next(if depth == 0 { 4 } else { 8 }) {
            0 | 1 => {
                let kind = self.pick(&[ValueKind::Text, ValueKind::Number, ValueKind::Date]);
                let comparison = self.pick(COMPARISONS).0;
                Predicate::Compare(self.operand(kind), comparison, self.operand(kind))
            }
            2 => Predicate::Like(self.operand(ValueKind::Text), self.pattern()),
            3 => {
                let kind = self.pick(&[ValueKind::Text, ValueKind::Number, ValueKind::Date]);
                Predicate::IsNull(self.operand(kind))
            }
            4 | 5 => Predicate::And(
                Box::new(self.predicate(depth - 1)),
                Box::new(self.predicate(depth - 1)),
            ),
            6 => Predicate::Or(
                Box::new(self.predicate(depth - 1)),
                Box::new(self.predicate(depth - 1)),
            ),
            _ => Predicate::Not(Box::new(self.predicate(depth - 1))),
        }
    }

    fn operand(&mut self, kind: ValueKind) -> Operand {
        if self.next(3) == 0 {
            return Operand::Literal(self.literal(kind));
        }
        let tags = [Column::Tag(0), Column::Tag(1)];
        let columns = Column::NAMED.iter().map(|(_, column)| *column).chain(tags);
        let columns: Vec<Column> = columns.filter(|column| column.kind() == kind).collect();
        Operand::Column(self.pick(&columns))
    }

    fn literal(&mut self, kind: ValueKind) -> Literal {
        match kind {
            ValueKind::Text => Literal::Text(self.text()),
            ValueKind::Number => {
                let digits = (0..self.next(12))
                    .fold(0, |number: i64, _| number * 10 + i64::from(self.next(10)));
                let sign = self.pick(&[1, -1]);
                Literal::Number(Decimal::new(digits * sign, u32::from(self.next(9))))
            }
            ValueKind::Date => {
                let days = i32::from(self.next(255)) * 200 + i32::from(self.next(200));
                Literal::Date(Day::parse("1990-01-01").expect("a day") + days)
            }
        }
    }

    fn text(&mut self) -> Box<str> {
        const WHOLE: &[&str] = &[
            "web-1", "prod", "ap-tokyo", "running", "O'Hara", "PREPAID", "cvm", "true",
        ];
        const PIECES: &[&str] = &[
            "a",
            "'",
            "\"",
            "%",
            "_",
            "\n",
            "\\",
            "é",
            "😀",
            "--",
            "/*",
            "''",
            " ",
            "1",
            "2026-12-15",
        ];
        match self.next(2) {
            0 => self.pick(WHOLE).into(),
            _ => (0..self.next(6))
                .map(|_| self.pick(PIECES))
                .collect::<String>()
                .into(),
        }
    }

    fn pattern(&mut self) -> Box<str> {
        const PIECES: &[&str] = &[
            "%", "_", "web", "-", "a", "O'", "o", "1", "S5", "p", "é", "\n",
        ];
        (0..self.next(6))
            .map(|_| self.pick(PIECES))
            .collect::<String>()
            .into()
    }
}

const COMPARISONS: &[(Comparison, &str)] = &[
    (Comparison::Equal, "="),
    (Comparison::Unequal, "<>"),
    (Comparison::Less, "<"),
    (Comparison::AtMost, "<="),
    (Comparison::Greater, ">"),
    (Comparison::AtLeast, ">="),
];

/// The text of a condition, each part of it in parentheses.
fn write(text: &mut String, predicate: &Predicate, choices: &mut Choices<'_>) {
    match predicate {
        Predicate::And(left, right) => join(text, left, " AND ", right, choices),
        Predicate::Or(left, right) => join(text, left, " or ", right, choices),
        Predicate::Not(inner) => {
            text.push_str("NOT (");
            write(text, inner, choices);
            text.push(')');
        }
        Predicate::Compare(left, comparison, right) => {
            let sign = COMPARISONS
                .iter()
                .find(|(known, _)| known == comparison)
                .map_or("", |(_, sign)| sign);
            let is_beside_a_date = |other: &Operand| matches!(other, Operand::Column(column) if column.kind() == ValueKind::Date);
            let left_text = operand(left, is_beside_a_date(right) && choices.next(2) == 1);
            let right_text = operand(right, is_beside_a_date(left) && choices.next(2) == 1);
            write!(text, "{left_text} {sign} {right_text}").expect("a string takes everything");
        }
        Predicate::Like(left, pattern) => {
            write!(text, "{} LIKE {}", operand(left, false), quoted(pattern))
                .expect("a string takes everything");
        }
        Predicate::IsNull(inner) => {
            write!(text, "{} IS NULL", operand(inner, false)).expect("a string takes everything");
        }
    }
}

fn join(
    text: &mut String,
    left: &Predicate,
    word: &str,
    right: &Predicate,
    choices: &mut Choices<'_>,
) {
    for (part, before) in [(left, "("), (right, word)] {
        text.push_str(before);
        text.push('(');
        write(text, part, choices);
        text.push(')');
    }
    text.push(')');
}

/// A date beside a column of dates may be written as a plain text.
fn operand(operand: &Operand, is_plain: bool) -> String {
    match operand {
        Operand::Column(Column::Tag(0)) => "\"tag:env\"".to_owned(),
        Operand::Column(Column::Tag(_)) => "\"tag:a'b\"".to_owned(),
        Operand::Column(named) => {
            let name = Column::NAMED
                .iter()
                .find(|(_, known)| known == named)
                .map_or("", |(name, _)| name);
            name.to_owned()
        }
        Operand::Literal(Literal::Text(text)) => quoted(text),
        Operand::Literal(Literal::Number(number)) => number.to_string(),
        Operand::Literal(Literal::Date(day)) if is_plain => format!("'{day}'"),
        Operand::Literal(Literal::Date(day)) => format!("DATE '{day}'"),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
