//! SQL boolean expressions to selectors. A tokenizer of SQL makes the words; the grammar is this small one:
//!
//! ```text
//! any      = all { OR all }            all     = negated { AND negated }
//! negated  = { NOT } compared          value   = column | [-] number | 'text' | DATE 'day' | ( value )
//! compared = value (= | <> | < | <= | > | >=) value
//!          | value [NOT] IN ( value { , value } )  |  value [NOT] BETWEEN value AND value
//!          | value [NOT] LIKE 'pattern'            |  value IS [NOT] NULL  |  ( any )
//! ```
//!
//! Chains of `AND`, `OR` and `NOT` and long lists do not nest here or in the predicate; parentheses nest up to a limit.
//!
//! Rule **selector-grammar** of docs/spec.

use rust_decimal::Decimal;
use sqlparser::dialect::GenericDialect;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Word};

use super::ids::nearest;
use super::table::TAG;
use super::value::{Problem, day, shown};
use crate::input::diagnostic::Code;
use crate::model::selector::{
    Column, Comparison, Literal, Operand, Predicate, Selector, ValueKind,
};

/// The longest selector, in bytes: a list of some thousand ids fits.
const LONGEST: usize = 65_536;
/// How deep parentheses may nest.
const DEEPEST: usize = 64;

const HELP: &str =
    "write a condition such as \"tag:env\" = 'prod' AND region IN ('ap-guangzhou', 'ap-shanghai')";
const LANGUAGE: &str =
    "use = <> < <= > >=, AND OR NOT, IN, BETWEEN, LIKE, IS [NOT] NULL and parentheses";

/// Reads a selector over the columns of `instances.csv`, whose tags have these keys.
pub(super) fn selector(text: &str, tag_keys: &[String]) -> Result<Selector, Problem> {
    if text.len() > LONGEST {
        let message = format!("the selector has {} bytes, more than {LONGEST}", text.len());
        return Err(bad(
            message,
            "mark the instances with a tag and select that",
        ));
    }
    let mut parser = SelectorParser {
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
        tag_keys,
    };
    let part = parser.any()?;
    if *parser.peek() != Token::EOF {
        return Err(parser.unexpected("AND, OR or the end"));
    }
    Ok(Selector::new(text, parser.condition(part)?))
}

fn tokens(text: &str) -> Result<Vec<TokenWithSpan>, Problem> {
    let mut tokens = Tokenizer::new(&GenericDialect {}, text)
        .tokenize_with_location()
        .map_err(|error| {
            let what = match error.message.as_str() {
                message if message.contains("string literal") => "a single quote that never closes",
                message if message.contains("close delimiter") => {
                    "a double quote that never closes"
                }
                message if message.contains("comment") => "a comment that never ends",
                other => other,
            };
            bad(format!("the selector has {what}"), HELP)
        })?;
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    refuse_other_unequal(text, &tokens)?;
    Ok(tokens)
}

/// The tokenizer takes `!=` for `<>`, which formats do not have.
fn refuse_other_unequal(text: &str, tokens: &[TokenWithSpan]) -> Result<(), Problem> {
    if !text.contains("!=") {
        return Ok(());
    }
    let lines: Vec<Vec<char>> = text
        .split('\n')
        .map(|line| line.chars().collect())
        .collect();
    let is_written_so = |token: &TokenWithSpan| {
        let (line, column) = (token.span.start.line, token.span.start.column);
        let at = |number: u64| usize::try_from(number).ok()?.checked_sub(1);
        let character = at(line).and_then(|line| lines.get(line)?.get(at(column)?));
        token.token == Token::Neq && character == Some(&'!')
    };
    if tokens.iter().any(is_written_so) {
        return Err(bad("`!=` is not part of the selector language", "write <>"));
    }
    Ok(())
}

fn bad(message: impl Into<String>, help: impl Into<String>) -> Problem {
    Problem::new(Code::BadSelector, message, help)
}

/// A piece of a selector: a value to compare, or something that is true or false.
enum SelectorPart {
    Value(Operand),
    Condition(Predicate),
}

struct SelectorParser<'t> {
    tokens: Vec<TokenWithSpan>,
    at: usize,
    depth: usize,
    tag_keys: &'t [String],
}

impl SelectorParser<'_> {
    fn peek(&self) -> &Token {
        self.tokens
            .get(self.at)
            .map_or(&Token::EOF, |token| &token.token)
    }

    fn take(&mut self, wanted: &Token) -> bool {
        let found = self.peek() == wanted;
        self.at += usize::from(found);
        found
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Token::Word(word) if is_keyword(word, wanted));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: &Token) -> Result<(), Problem> {
        if self.take(wanted) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{wanted}`")))
        }
    }

    /// What the parser needs here, and what it found instead.
    fn unexpected(&self, wanted: &str) -> Problem {
        let found = self.tokens.get(self.at).map_or_else(
            || "the end".to_owned(),
            |token| {
                format!(
                    "{} at character {}",
                    shown(&token.token.to_string()),
                    token.span.start.column
                )
            },
        );
        bad(
            format!("the selector needs {wanted}, but has {found}"),
            LANGUAGE,
        )
    }

    fn any(&mut self) -> Result<SelectorPart, Problem> {
        self.joined("OR", Self::all, Predicate::Or)
    }

    fn all(&mut self) -> Result<SelectorPart, Problem> {
        self.joined("AND", Self::negated, Predicate::And)
    }

    fn joined(
        &mut self,
        word: &str,
        part: impl Fn(&mut Self) -> Result<SelectorPart, Problem>,
        join: fn(Box<Predicate>, Box<Predicate>) -> Predicate,
    ) -> Result<SelectorPart, Problem> {
        let first = part(self)?;
        if !self.take_word(word) {
            return Ok(first);
        }
        let mut conditions = vec![self.condition(first)?];
        loop {
            let next = part(self)?;
            conditions.push(self.condition(next)?);
            if !self.take_word(word) {
                return Ok(SelectorPart::Condition(balanced(conditions, join)));
            }
        }
    }

    fn negated(&mut self) -> Result<SelectorPart, Problem> {
        let mut negations = 0;
        while self.take_word("NOT") {
            negations += 1;
        }
        let part = self.compared()?;
        if negations == 0 {
            return Ok(part);
        }
        self.condition(part)
            .map(|condition| SelectorPart::Condition(not(negations % 2 == 1, condition)))
    }

    fn compared(&mut self) -> Result<SelectorPart, Problem> {
        let left = match self.unit()? {
            SelectorPart::Value(left) => left,
            condition @ SelectorPart::Condition(_) => return Ok(condition),
        };
        if let Some(comparison) = comparison(self.peek()) {
            self.at += 1;
            let right = self.value()?;
            return self
                .compare(left, comparison, right)
                .map(SelectorPart::Condition);
        }
        if self.take_word("IS") {
            let negated = self.take_word("NOT");
            let is_null = self
                .take_word("NULL")
                .then(|| not(negated, Predicate::IsNull(left)));
            return is_null
                .map(SelectorPart::Condition)
                .ok_or_else(|| self.unexpected("NULL"));
        }
        let negated = self.take_word("NOT");
        let condition = if self.take_word("IN") {
            self.any_of(&left)?
        } else if self.take_word("BETWEEN") {
            self.between(left)?
        } else if self.take_word("LIKE") {
            self.like(left)?
        } else if negated {
            return Err(self.unexpected("IN, BETWEEN or LIKE"));
        } else {
            return Ok(SelectorPart::Value(left));
        };
        Ok(SelectorPart::Condition(not(negated, condition)))
    }

    fn any_of(&mut self, left: &Operand) -> Result<Predicate, Problem> {
        self.expect(&Token::LParen)?;
        let mut choices = Vec::new();
        loop {
            let choice = self.value()?;
            choices.push(self.compare(left.clone(), Comparison::Equal, choice)?);
            if !self.take(&Token::Comma) {
                self.expect(&Token::RParen)?;
                return Ok(balanced(choices, Predicate::Or));
            }
        }
    }

    fn between(&mut self, left: Operand) -> Result<Predicate, Problem> {
        let low = self.value()?;
        if !self.take_word("AND") {
            return Err(self.unexpected("AND"));
        }
        let high = self.value()?;
        let low = self.compare(left.clone(), Comparison::AtLeast, low)?;
        let high = self.compare(left, Comparison::AtMost, high)?;
        Ok(Predicate::And(Box::new(low), Box::new(high)))
    }

    fn like(&mut self, left: Operand) -> Result<Predicate, Problem> {
        let Operand::Literal(Literal::Text(pattern)) = self.value()? else {
            return Err(bad(
                "the pattern of `LIKE` is not a text in single quotes",
                "write LIKE 'web-%'",
            ));
        };
        if left.kind() != ValueKind::Text {
            let message = format!(
                "`LIKE` is for text, but {} is {}",
                self.spelled(&left),
                left.kind().as_word()
            );
            return Err(bad(message, "use = < > or BETWEEN"));
        }
        Ok(Predicate::Like(left, pattern))
    }

    /// A column, a literal, or anything in parentheses.
    fn unit(&mut self) -> Result<SelectorPart, Problem> {
        const WANTED: &str = "a column, a number or a text in single quotes";
        let token = self.peek().clone();
        let at = self.at;
        self.at += 1;
        let operand = match token {
            Token::LParen => return self.nested(),
            Token::Minus => self.negative(),
            Token::Number(digits, false) => parse_number(&digits)
                .map(Literal::Number)
                .map(Operand::Literal),
            Token::SingleQuotedString(text) => Ok(Operand::Literal(Literal::Text(text.into()))),
            Token::Word(word) if is_keyword(&word, "NULL") => {
                Err(bad("nothing equals NULL", "write IS NULL or IS NOT NULL"))
            }
            Token::Word(word)
                if is_keyword(&word, "DATE")
                    && matches!(self.peek(), Token::SingleQuotedString(_)) =>
            {
                self.value().and_then(dated)
            }
            Token::Word(word) if !OPERATORS.iter().any(|operator| is_keyword(&word, operator)) => {
                self.column(&word)
            }
            _ => {
                self.at = at;
                Err(self.unexpected(WANTED))
            }
        };
        operand.map(SelectorPart::Value)
    }

    fn nested(&mut self) -> Result<SelectorPart, Problem> {
        if self.depth == DEEPEST {
            return Err(bad(
                format!("parentheses nest deeper than {DEEPEST}"),
                "leave out parentheses that do nothing",
            ));
        }
        self.depth += 1;
        let part = self.any()?;
        self.depth -= 1;
        self.expect(&Token::RParen)?;
        Ok(part)
    }

    fn negative(&mut self) -> Result<Operand, Problem> {
        let Token::Number(digits, false) = self.peek() else {
            return Err(self.unexpected("a number"));
        };
        let number = -parse_number(digits)?;
        self.at += 1;
        Ok(Operand::Literal(Literal::Number(number)))
    }

    fn value(&mut self) -> Result<Operand, Problem> {
        match self.unit()? {
            SelectorPart::Value(operand) => Ok(operand),
            SelectorPart::Condition(_) => Err(bad("expected a value, found a condition", LANGUAGE)),
        }
    }

    fn condition(&self, part: SelectorPart) -> Result<Predicate, Problem> {
        match part {
            SelectorPart::Condition(predicate) => Ok(predicate),
            SelectorPart::Value(operand) => Err(bad(
                format!("{} alone is not a condition", self.spelled(&operand)),
                HELP,
            )),
        }
    }

    /// Rule **selector-types**.
    fn compare(
        &self,
        left: Operand,
        comparison: Comparison,
        right: Operand,
    ) -> Result<Predicate, Problem> {
        let (left, right) = match (left.kind(), right.kind()) {
            (ValueKind::Date, ValueKind::Text) => (left, dated(right)?),
            (ValueKind::Text, ValueKind::Date) => (dated(left)?, right),
            _ => (left, right),
        };
        if left.kind() == right.kind() {
            return Ok(Predicate::Compare(left, comparison, right));
        }
        let (left_kind, right_kind) = (left.kind().as_word(), right.kind().as_word());
        let message = format!(
            "{} is {left_kind}, but {} is {right_kind}",
            self.spelled(&left),
            self.spelled(&right)
        );
        Err(bad(
            message,
            "compare like with like: text and dates in single quotes, numbers without",
        ))
    }

    /// Rule **selector-columns**.
    fn column(&self, word: &Word) -> Result<Operand, Problem> {
        let name = word.value.as_str();
        if *self.peek() == Token::LParen {
            return Err(bad(
                format!("{} is a function, which selectors do not have", shown(name)),
                LANGUAGE,
            ));
        }
        if !matches!(word.quote_style, None | Some('"')) {
            return Err(bad(
                format!("{} is not quoted as SQL does", shown(&word.to_string())),
                format!("write \"{name}\""),
            ));
        }
        let named = Column::NAMED
            .iter()
            .find(|(known, _)| match word.quote_style {
                None => known.eq_ignore_ascii_case(name),
                Some(_) => *known == name,
            });
        let column = named
            .map(|(_, column)| *column)
            .or_else(|| tag_column(name, self.tag_keys));
        let column = column.ok_or_else(|| self.unknown(name))?;
        Ok(Operand::Column(column))
    }

    fn unknown(&self, name: &str) -> Problem {
        const MOST: usize = 1_000;
        let tags: Vec<String> = self
            .tag_keys
            .iter()
            .take(MOST)
            .map(|key| format!("{TAG}{key}"))
            .collect();
        let known = Column::NAMES.iter().copied();
        let known = known.chain(tags.iter().map(String::as_str));
        let otherwise =
            "name a column of `instances.csv`; write texts as 'prod' and tags as \"tag:env\"";
        let help = nearest(name, known, otherwise);
        Problem::new(
            Code::UnknownSelectorColumn,
            format!("there is no column {}", shown(name)),
            help,
        )
    }

    /// An operand as a selector writes it.
    fn spelled(&self, operand: &Operand) -> String {
        match operand {
            Operand::Column(Column::Tag(tag)) => shown(&format!("{TAG}{}", self.tag_keys[*tag])),
            Operand::Column(named) => shown(Column::NAMES[named.slot()]),
            Operand::Literal(Literal::Text(text)) => shown(&format!("'{text}'")),
            Operand::Literal(Literal::Number(number)) => shown(&number.to_string()),
            Operand::Literal(Literal::Date(day)) => shown(&format!("DATE '{day}'")),
        }
    }
}

/// The column of a tag, by its name with the prefix.
pub(super) fn tag_column(name: &str, tag_keys: &[String]) -> Option<Column> {
    let key = name.strip_prefix(TAG)?;
    let tag = tag_keys.iter().position(|known| known == key);
    tag.map(Column::Tag)
}

/// Words that are never columns, unless in double quotes.
const OPERATORS: &[&str] = &["AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "IS"];

fn is_keyword(word: &Word, keyword: &str) -> bool {
    word.quote_style.is_none() && word.value.eq_ignore_ascii_case(keyword)
}

fn comparison(token: &Token) -> Option<Comparison> {
    match token {
        Token::Eq => Some(Comparison::Equal),
        Token::Neq => Some(Comparison::Unequal),
        Token::Lt => Some(Comparison::Less),
        Token::LtEq => Some(Comparison::AtMost),
        Token::Gt => Some(Comparison::Greater),
        Token::GtEq => Some(Comparison::AtLeast),
        _ => None,
    }
}

/// Joins conditions so that none lies deep: `AND` and `OR` do not care in which pairs they are taken.
fn balanced(
    mut conditions: Vec<Predicate>,
    join: fn(Box<Predicate>, Box<Predicate>) -> Predicate,
) -> Predicate {
    let right = conditions.split_off(conditions.len() / 2);
    match conditions.is_empty() {
        false => join(
            Box::new(balanced(conditions, join)),
            Box::new(balanced(right, join)),
        ),
        true => right
            .into_iter()
            .next()
            .expect("a list of conditions has one at least"),
    }
}

fn not(negated: bool, predicate: Predicate) -> Predicate {
    if negated {
        Predicate::Not(Box::new(predicate))
    } else {
        predicate
    }
}

fn parse_number(digits: &str) -> Result<Decimal, Problem> {
    let plain = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let value = Decimal::from_str_exact(digits).ok().filter(|_| plain);
    value.ok_or_else(|| {
        bad(
            format!(
                "{} is not a plain number of at most 28 digits",
                shown(digits)
            ),
            "write its digits",
        )
    })
}

/// A text beside a date is a date.
fn dated(operand: Operand) -> Result<Operand, Problem> {
    match operand {
        Operand::Literal(Literal::Text(text)) => {
            let day = day(&text).map_err(|problem| Problem {
                code: Code::BadSelector,
                ..problem
            })?;
            Ok(Operand::Literal(Literal::Date(day)))
        }
        other => Ok(other),
    }
}
