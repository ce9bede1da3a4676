//! SQL boolean expressions to selectors. The SQL is read by a parser; here it is checked and made small.

use rust_decimal::Decimal;
use sqlparser::ast::{BinaryOperator, DataType, Expr, Ident, UnaryOperator, Value as SqlValue};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::table::TAG;
use super::value::{Problem, day, nearest, shown};
use crate::diagnostic::Code;
use crate::selector::{Column, Comparison, Kind, Literal, Operand, Predicate, Selector};

/// The longest selector, in bytes: long lists fit, and no nesting can exhaust the stack.
const LONGEST: usize = 16_384;

/// Reads a selector over the columns of `instances.csv`, whose tags have these keys.
pub(super) fn selector(text: &str, tag_keys: &[String]) -> Result<Selector, Problem> {
    if text.len() > LONGEST {
        return Err(bad(
            format!("the selector is longer than {LONGEST} bytes"),
            "mark the instances with a tag instead",
        ));
    }
    let mut parser = Parser::new(&GenericDialect {}).try_with_sql(text).map_err(|error| syntax(&error.to_string()))?;
    let expression = parser.parse_expr().map_err(|error| syntax(&error.to_string()))?;
    let next = parser.peek_token();
    if next.token != Token::EOF {
        return Err(bad(format!("the selector goes on after its end: {}", shown(&next.token.to_string())), HELP));
    }
    let predicate = Reader { tag_keys }.predicate(&expression)?;
    Ok(Selector::new(text, predicate))
}

const HELP: &str = "write a condition such as \"tag:env\" = 'prod' AND region IN ('ap-guangzhou', 'ap-shanghai')";

fn bad(message: impl Into<String>, help: impl Into<String>) -> Problem {
    Problem::new(Code::BadSelector, message, help)
}

fn syntax(error: &str) -> Problem {
    let detail = error.trim_start_matches("sql parser error: ");
    bad(format!("the selector does not parse: {detail}"), HELP)
}

fn unsupported(expression: &Expr) -> Problem {
    let help = "use = <> < <= > >=, AND OR NOT, IN, BETWEEN, LIKE, IS [NOT] NULL and parentheses";
    bad(format!("{} is not part of the selector language", shown(&expression.to_string())), help)
}

struct Reader<'t> {
    tag_keys: &'t [String],
}

impl Reader<'_> {
    fn predicate(&self, expression: &Expr) -> Result<Predicate, Problem> {
        match expression {
            Expr::Nested(inner) => self.predicate(inner),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                Ok(Predicate::And(Box::new(self.predicate(left)?), Box::new(self.predicate(right)?)))
            }
            Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
                Ok(Predicate::Or(Box::new(self.predicate(left)?), Box::new(self.predicate(right)?)))
            }
            Expr::BinaryOp { left, op, right } => {
                let comparison = comparison(op).ok_or_else(|| unsupported(expression))?;
                self.compare(left, comparison, right)
            }
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => Ok(not(true, self.predicate(expr)?)),
            Expr::IsNull(inner) => Ok(Predicate::IsNull(self.operand(inner)?)),
            Expr::IsNotNull(inner) => Ok(not(true, Predicate::IsNull(self.operand(inner)?))),
            Expr::InList { expr, list, negated } => self.any_of(expr, list).map(|inner| not(*negated, inner)),
            Expr::Between { expr, negated, low, high } => {
                let low = self.compare(expr, Comparison::AtLeast, low)?;
                let high = self.compare(expr, Comparison::AtMost, high)?;
                Ok(not(*negated, Predicate::And(Box::new(low), Box::new(high))))
            }
            Expr::Like { negated, any: false, expr, pattern, escape_char: None } => {
                self.like(expr, pattern).map(|inner| not(*negated, inner))
            }
            _ => Err(unsupported(expression)),
        }
    }

    fn compare(&self, left: &Expr, comparison: Comparison, right: &Expr) -> Result<Predicate, Problem> {
        let (mut left_side, mut right_side) = (self.operand(left)?, self.operand(right)?);
        if left_side.kind() == Kind::Date {
            right_side = dated(right_side)?;
        } else if right_side.kind() == Kind::Date {
            left_side = dated(left_side)?;
        }
        if left_side.kind() != right_side.kind() {
            let (left_kind, right_kind) = (left_side.kind().name(), right_side.kind().name());
            let (left, right) = (shown(&left.to_string()), shown(&right.to_string()));
            let message = format!("{left} is {left_kind}, but {right} is {right_kind}");
            return Err(bad(message, "compare like with like: text and dates in single quotes, numbers without"));
        }
        Ok(Predicate::Compare(left_side, comparison, right_side))
    }

    fn any_of(&self, expression: &Expr, list: &[Expr]) -> Result<Predicate, Problem> {
        let mut choices = list.iter().map(|choice| self.compare(expression, Comparison::Equal, choice));
        let first = choices.next().unwrap_or_else(|| Err(bad("`IN` has an empty list", HELP)))?;
        choices.try_fold(first, |all, next| Ok(Predicate::Or(Box::new(all), Box::new(next?))))
    }

    fn like(&self, expression: &Expr, pattern: &Expr) -> Result<Predicate, Problem> {
        let operand = self.operand(expression)?;
        let Operand::Literal(Literal::Text(pattern)) = self.operand(pattern)? else {
            return Err(bad("the pattern of `LIKE` must be a text in single quotes", HELP));
        };
        if operand.kind() != Kind::Text {
            let message =
                format!("`LIKE` is for text, but {} is {}", shown(&expression.to_string()), operand.kind().name());
            return Err(bad(message, "use = < > or BETWEEN"));
        }
        Ok(Predicate::Like(operand, pattern))
    }

    fn operand(&self, expression: &Expr) -> Result<Operand, Problem> {
        match expression {
            Expr::Nested(inner) => self.operand(inner),
            Expr::Identifier(name) => self.column(name).map(Operand::Column),
            Expr::Value(value) => match &value.value {
                SqlValue::SingleQuotedString(text) => Ok(Operand::Literal(Literal::Text(text.as_str().into()))),
                SqlValue::Number(digits, false) => number(digits),
                SqlValue::Null => Err(bad("nothing equals NULL", "write IS NULL or IS NOT NULL")),
                _ => Err(unsupported(expression)),
            },
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match self.operand(expr)? {
                Operand::Literal(Literal::Number(value)) => Ok(Operand::Literal(Literal::Number(-value))),
                _ => Err(unsupported(expression)),
            },
            Expr::TypedString(typed) if typed.data_type == DataType::Date => match &typed.value.value {
                SqlValue::SingleQuotedString(text) => date(text),
                _ => Err(unsupported(expression)),
            },
            _ => Err(unsupported(expression)),
        }
    }

    fn column(&self, name: &Ident) -> Result<Column, Problem> {
        let unquoted = name.quote_style.is_none();
        let named = Column::NAMED
            .iter()
            .find(|(known, _)| if unquoted { known.eq_ignore_ascii_case(&name.value) } else { *known == name.value });
        let tag = || {
            let key = name.value.strip_prefix(TAG)?;
            self.tag_keys.iter().position(|known| known == key).map(Column::Tag)
        };
        named.map(|(_, column)| *column).or_else(tag).ok_or_else(|| self.unknown(&name.value))
    }

    fn unknown(&self, name: &str) -> Problem {
        let tags: Vec<String> = self.tag_keys.iter().map(|key| format!("{TAG}{key}")).collect();
        let known = Column::NAMED.iter().map(|(name, _)| *name).chain(tags.iter().map(String::as_str));
        let otherwise =
            "name a column of instances.csv; a text goes in single quotes, a tag in double ones: \"tag:env\"";
        let help = nearest(name, known, otherwise);
        Problem::new(Code::UnknownSelectorColumn, format!("there is no column {}", shown(name)), help)
    }
}

fn comparison(operator: &BinaryOperator) -> Option<Comparison> {
    match operator {
        BinaryOperator::Eq => Some(Comparison::Equal),
        BinaryOperator::NotEq => Some(Comparison::Unequal),
        BinaryOperator::Lt => Some(Comparison::Less),
        BinaryOperator::LtEq => Some(Comparison::AtMost),
        BinaryOperator::Gt => Some(Comparison::Greater),
        BinaryOperator::GtEq => Some(Comparison::AtLeast),
        _ => None,
    }
}

fn not(negated: bool, predicate: Predicate) -> Predicate {
    if negated { Predicate::Not(Box::new(predicate)) } else { predicate }
}

fn number(digits: &str) -> Result<Operand, Problem> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let value = Decimal::from_str_exact(digits).ok().filter(|_| plain);
    let value = value.ok_or_else(|| bad(format!("{} is not a plain number", shown(digits)), "write all its digits"))?;
    Ok(Operand::Literal(Literal::Number(value)))
}

fn date(text: &str) -> Result<Operand, Problem> {
    let day = day(text).map_err(|problem| Problem { code: Code::BadSelector, ..problem })?;
    Ok(Operand::Literal(Literal::Date(day)))
}

/// A plain string beside a date column is a date.
fn dated(operand: Operand) -> Result<Operand, Problem> {
    match &operand {
        Operand::Literal(Literal::Text(text)) => date(text),
        _ => Ok(operand),
    }
}
