//! Selectors: SQL conditions over the columns of instances.csv (docs/spec/replay.md, Selectors).
//! A tokenizer, a recursive descent parser and an evaluator in three-valued logic; never simplifies anything.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::str::Chars;

use super::dates::{Date, parse_date};
use super::number::Fraction;
use super::rules::Notes;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Number(Fraction),
    Date(Date),
}

#[derive(Debug)]
pub(crate) enum Operand {
    Column(String),
    Literal(Value),
}

#[derive(Debug)]
pub(crate) enum Condition {
    Or(Box<Condition>, Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    Compare(Operand, String, Operand),
    Test(Test),
}

/// A predicate with or without NOT inside it, such as `x NOT IN (1, 2)`.
#[derive(Debug)]
pub(crate) struct Test {
    operand: Operand,
    negated: bool,
    kind: TestKind,
}

#[derive(Debug)]
enum TestKind {
    In(Vec<Operand>),
    Between(Operand, Operand),
    Like(Operand),
    IsNull,
}

/// True, false, or unknown (none). Only true selects.
type Truth = Option<bool>;

impl Condition {
    /// Whether the condition is true for an instance whose columns are given; an empty cell is none.
    pub(crate) fn holds(&self, columns: &dyn Fn(&str) -> Option<Value>, notes: &Notes) -> bool {
        let truth = self.truth(columns, notes);
        notes.reached_if(truth.is_none(), "selector/unknown-selects-nothing");
        truth == Some(true)
    }

    fn truth(&self, columns: &dyn Fn(&str) -> Option<Value>, notes: &Notes) -> Truth {
        match self {
            Self::Or(left, right) => {
                notes.reached("selector/or");
                or(left.truth(columns, notes), right.truth(columns, notes))
            }
            Self::And(left, right) => {
                notes.reached("selector/and");
                and(left.truth(columns, notes), right.truth(columns, notes))
            }
            Self::Not(inner) => {
                notes.reached("selector/not");
                not(inner.truth(columns, notes))
            }
            Self::Compare(left, sign, right) => {
                notes.reached("selector/comparison");
                let (left, right) = (left.value(columns, notes), right.value(columns, notes));
                compare(&left, sign, &right)
            }
            Self::Test(test) => test.truth(columns, notes),
        }
    }
}

impl Test {
    fn truth(&self, columns: &dyn Fn(&str) -> Option<Value>, notes: &Notes) -> Truth {
        notes.reached(self.rule());
        let value = self.operand.value(columns, notes);
        let truth = match &self.kind {
            TestKind::In(list) => {
                let mut found = Some(false);
                for member in list {
                    found = or(found, compare(&value, "=", &member.value(columns, notes)));
                }
                found
            }
            TestKind::Between(low, high) => and(
                compare(&value, ">=", &low.value(columns, notes)),
                compare(&value, "<=", &high.value(columns, notes)),
            ),
            TestKind::Like(pattern) => like(&value, &pattern.value(columns, notes)),
            TestKind::IsNull => Some(value.is_none()),
        };
        if self.negated { not(truth) } else { truth }
    }

    fn rule(&self) -> &'static str {
        match (&self.kind, self.negated) {
            (TestKind::In(_), false) => "selector/in",
            (TestKind::In(_), true) => "selector/not-in",
            (TestKind::Between(..), false) => "selector/between",
            (TestKind::Between(..), true) => "selector/not-between",
            (TestKind::Like(_), false) => "selector/like",
            (TestKind::Like(_), true) => "selector/not-like",
            (TestKind::IsNull, false) => "selector/is-null",
            (TestKind::IsNull, true) => "selector/is-not-null",
        }
    }
}

impl Operand {
    fn value(&self, columns: &dyn Fn(&str) -> Option<Value>, notes: &Notes) -> Option<Value> {
        match self {
            Self::Column(name) => {
                notes.reached_if(name.starts_with("tag:"), "selector/tag");
                columns(name)
            }
            Self::Literal(value) => Some(value.clone()),
        }
    }
}

fn or(left: Truth, right: Truth) -> Truth {
    match (left, right) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

fn and(left: Truth, right: Truth) -> Truth {
    not(or(not(left), not(right)))
}

fn not(truth: Truth) -> Truth {
    truth.map(|known| !known)
}

/// A comparison with NULL is unknown.
fn compare(left: &Option<Value>, sign: &str, right: &Option<Value>) -> Truth {
    let (Some(left), Some(right)) = (left, right) else {
        return None;
    };
    let order = order(left, right);
    Some(match sign {
        "=" => order == Ordering::Equal,
        "<>" | "!=" => order != Ordering::Equal,
        "<" => order == Ordering::Less,
        "<=" => order != Ordering::Greater,
        ">" => order == Ordering::Greater,
        ">=" => order != Ordering::Less,
        other => panic!("unknown comparison {other}"),
    })
}

/// Text compares by bytes; a plain string beside a date is a date (**selector-types**).
fn order(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => left.as_bytes().cmp(right.as_bytes()),
        (Value::Number(left), Value::Number(right)) => left.cmp(right),
        (Value::Date(left), Value::Date(right)) => left.cmp(right),
        (Value::Date(left), Value::Text(right)) => left.cmp(&parse_date(right)),
        (Value::Text(left), Value::Date(right)) => parse_date(left).cmp(right),
        (left, right) => panic!("two kinds: {left:?} and {right:?}"),
    }
}

fn like(value: &Option<Value>, pattern: &Option<Value>) -> Truth {
    match (value, pattern) {
        (Some(Value::Text(text)), Some(Value::Text(pattern))) => Some(matches(text, pattern)),
        (None, _) | (_, None) => None,
        _ => panic!("LIKE is for text"),
    }
}

/// `%` stands for any text, `_` for any one character; there is no escape.
fn matches(text: &str, pattern: &str) -> bool {
    let mut rest = text.chars();
    let mut pattern_rest = pattern.chars();
    match pattern_rest.next() {
        None => text.is_empty(),
        Some('%') => text
            .char_indices()
            .map(|(start, _)| start)
            .chain([text.len()])
            .any(|start| matches(&text[start..], pattern_rest.as_str())),
        Some(wanted) => match rest.next() {
            Some(found) if wanted == '_' || wanted == found => {
                matches(rest.as_str(), pattern_rest.as_str())
            }
            _ => false,
        },
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// A keyword or a column name without quotes.
    Word(String),
    /// A column name in double quotes.
    Quoted(String),
    Text(String),
    Number(Fraction),
    Sign(String),
}

pub(crate) fn parse_selector(text: &str) -> Condition {
    let mut parser = Parser {
        tokens: tokens(text),
        next: 0,
    };
    let condition = parser.disjunction();
    assert_eq!(
        parser.next,
        parser.tokens.len(),
        "a selector ends where its text ends: {text}"
    );
    condition
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
}

impl Parser {
    fn disjunction(&mut self) -> Condition {
        let mut left = self.conjunction();
        while self.take_word("OR") {
            left = Condition::Or(Box::new(left), Box::new(self.conjunction()));
        }
        left
    }

    fn conjunction(&mut self) -> Condition {
        let mut left = self.negation();
        while self.take_word("AND") {
            left = Condition::And(Box::new(left), Box::new(self.negation()));
        }
        left
    }

    fn negation(&mut self) -> Condition {
        if self.take_word("NOT") {
            Condition::Not(Box::new(self.negation()))
        } else if self.take_sign("(") {
            let inner = self.disjunction();
            self.expect_sign(")");
            inner
        } else {
            self.predicate()
        }
    }

    fn predicate(&mut self) -> Condition {
        let operand = self.operand();
        if self.take_word("IS") {
            let negated = self.take_word("NOT");
            self.expect_word("NULL");
            return test(operand, negated, TestKind::IsNull);
        }
        let negated = self.take_word("NOT");
        if self.take_word("IN") {
            let list = self.list();
            return test(operand, negated, TestKind::In(list));
        }
        if self.take_word("BETWEEN") {
            let low = self.operand();
            self.expect_word("AND");
            let high = self.operand();
            return test(operand, negated, TestKind::Between(low, high));
        }
        if self.take_word("LIKE") {
            let pattern = self.operand();
            return test(operand, negated, TestKind::Like(pattern));
        }
        assert!(!negated, "NOT stands before IN, BETWEEN or LIKE");
        let Token::Sign(sign) = self.take() else {
            panic!("a comparison has a sign");
        };
        Condition::Compare(operand, sign, self.operand())
    }

    fn list(&mut self) -> Vec<Operand> {
        self.expect_sign("(");
        let mut list = vec![self.operand()];
        while self.take_sign(",") {
            list.push(self.operand());
        }
        self.expect_sign(")");
        list
    }

    fn operand(&mut self) -> Operand {
        match self.take() {
            Token::Text(text) => Operand::Literal(Value::Text(text)),
            Token::Number(number) => Operand::Literal(Value::Number(number)),
            Token::Quoted(name) => Operand::Column(name),
            Token::Word(word) if word.eq_ignore_ascii_case("DATE") => {
                let Token::Text(text) = self.take() else {
                    panic!("DATE stands before a string");
                };
                Operand::Literal(Value::Date(parse_date(&text)))
            }
            Token::Word(name) => Operand::Column(name),
            Token::Sign(sign) => panic!("`{sign}` is no operand"),
        }
    }

    fn take(&mut self) -> Token {
        let token = self.tokens.get(self.next).expect("a token").clone();
        self.next += 1;
        token
    }

    fn take_word(&mut self, word: &str) -> bool {
        let here = matches!(self.tokens.get(self.next), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        self.next += usize::from(here);
        here
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let here = matches!(self.tokens.get(self.next), Some(Token::Sign(found)) if found == sign);
        self.next += usize::from(here);
        here
    }

    fn expect_word(&mut self, word: &str) {
        assert!(self.take_word(word), "{word} stands here");
    }

    fn expect_sign(&mut self, sign: &str) {
        assert!(self.take_sign(sign), "`{sign}` stands here");
    }
}

fn test(operand: Operand, negated: bool, kind: TestKind) -> Condition {
    Condition::Test(Test {
        operand,
        negated,
        kind,
    })
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(&first) = rest.peek() {
        if first.is_whitespace() {
            rest.next();
            continue;
        }
        tokens.push(match first {
            '\'' => Token::Text(quoted(&mut rest, '\'')),
            '"' => Token::Quoted(quoted(&mut rest, '"')),
            '0'..='9' | '-' => {
                let first: String = rest.next().into_iter().collect();
                let more = taken_while(&mut rest, |c| c.is_ascii_digit() || c == '.');
                Token::Number(Fraction::parse(&(first + &more)))
            }
            '<' | '>' | '=' | '!' => Token::Sign(taken_while(&mut rest, |c| "<>=!".contains(c))),
            '(' | ')' | ',' => Token::Sign(rest.next().into_iter().collect()),
            _ => Token::Word(taken_while(&mut rest, |c| c.is_alphanumeric() || c == '_')),
        });
    }
    tokens
}

/// The text between two marks; a doubled mark stands for itself.
fn quoted(rest: &mut Peekable<Chars>, mark: char) -> String {
    rest.next();
    let mut text = String::new();
    loop {
        let next = rest.next().expect("a closing quote");
        if next != mark {
            text.push(next);
        } else if rest.peek() == Some(&mark) {
            rest.next();
            text.push(mark);
        } else {
            return text;
        }
    }
}

fn taken_while(rest: &mut Peekable<Chars>, belongs: impl Fn(char) -> bool) -> String {
    let mut text = String::new();
    while let Some(next) = rest.next_if(|&c| belongs(c)) {
        text.push(next);
    }
    text
}
