//! Selectors: which instances an action or a scenario means.
//!
//! A [`Selector`] is a small predicate over the cells of one instance, with SQL's three-valued logic: only true selects.
//! Reading the SQL text is the reader's work; nothing here knows where a cell comes from.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use crate::model::calendar::Day;

/// Declares the columns of the inventory with a fixed name, in the order in which renewcast writes them, and what their
/// cells hold.
macro_rules! inventory_columns {
    ($($column:ident $name:literal $kind:ident,)+) => {
        /// A column of `instances.csv`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Column {
            $(#[doc = concat!("`", $name, "`")] $column,)+
            /// The tag column with this number.
            Tag(usize),
        }

        impl Column {
            /// The columns with a fixed name, in the order in which renewcast writes them.
            pub const NAMED: &[(&str, Self)] = &[$(($name, Self::$column)),+];
            /// Their names.
            pub const NAMES: &[&str] = &[$($name),+];

            /// What its cells hold.
            pub fn kind(self) -> ValueKind {
                match self {
                    $(Self::$column => ValueKind::$kind,)+
                    Self::Tag(_) => ValueKind::Text,
                }
            }
        }
    };
}

inventory_columns! {
    InstanceId "instance_id" Text,
    AccountId "account_id" Text,
    Product "product" Text,
    InstanceType "instance_type" Text,
    Region "region" Text,
    Zone "zone" Text,
    Project "project" Text,
    Name "name" Text,
    ChargeType "charge_type" Text,
    RenewFlag "renew_flag" Text,
    RenewMonths "renew_months" Number,
    MonthlyPrice "monthly_price" Number,
    HourlyPrice "hourly_price" Number,
    StartsOn "starts_on" Date,
    ExpiresOn "expires_on" Date,
    AnchorDay "anchor_day" Number,
    State "state" Text,
    Since "since" Date,
    Priority "priority" Number,
    Returned "returned" Text,
    StoppedBy "stopped_by" Text,
    BilledHours "billed_hours" Number,
    Downgrades "downgrades" Number,
}

impl Column {
    /// The column with a fixed name.
    pub fn named(name: &str) -> Option<Self> {
        let found = Self::NAMED.iter().find(|(known, _)| *known == name);
        found.map(|(_, column)| *column)
    }

    /// Its number: columns with a fixed name first, then tags.
    pub fn slot(self) -> usize {
        match self {
            Self::Tag(tag) => Self::NAMED.len() + tag,
            named => {
                let slot = Self::NAMED.iter().position(|(_, known)| *known == named);
                slot.expect("every column but those of tags has a fixed name")
            }
        }
    }
}

/// What a value is; unlike kinds never compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// Text, ordered by bytes.
    Text,
    /// An exact decimal.
    Number,
    /// A civil date.
    Date,
}

impl ValueKind {
    /// The word for messages.
    pub fn as_word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "a number",
            Self::Date => "a date",
        }
    }
}

/// The value of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'v> {
    /// Text.
    Text(&'v str),
    /// A number.
    Number(Decimal),
    /// A date.
    Date(Day),
}

/// A literal of a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// Text.
    Text(Box<str>),
    /// A number.
    Number(Decimal),
    /// A date.
    Date(Day),
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// The instance's cell.
    Column(Column),
    /// The same for every instance.
    Literal(Literal),
}

impl Operand {
    /// What it holds.
    pub fn kind(&self) -> ValueKind {
        match self {
            Self::Column(column) => column.kind(),
            Self::Literal(Literal::Text(_)) => ValueKind::Text,
            Self::Literal(Literal::Number(_)) => ValueKind::Number,
            Self::Literal(Literal::Date(_)) => ValueKind::Date,
        }
    }

    fn value<'v>(&'v self, cells: &impl SelectorCells<'v>) -> Option<Value<'v>> {
        match self {
            Self::Column(column) => cells.cell(*column),
            Self::Literal(Literal::Text(text)) => Some(Value::Text(text)),
            Self::Literal(Literal::Number(number)) => Some(Value::Number(*number)),
            Self::Literal(Literal::Date(day)) => Some(Value::Date(*day)),
        }
    }
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Comparison {
    /// Whether it holds between two values that compare like this.
    pub fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Unequal => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::AtLeast => ordering.is_ge(),
        }
    }
}

/// A boolean expression over the cells of one instance. `IN` and `BETWEEN` are read as comparisons joined by
/// `OR` and `AND`, which is what they mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predicate {
    /// Both.
    And(Box<Self>, Box<Self>),
    /// Either.
    Or(Box<Self>, Box<Self>),
    /// The opposite.
    Not(Box<Self>),
    /// A comparison of two values of one kind.
    Compare(Operand, Comparison, Operand),
    /// Text that fits a pattern of `%` (any text) and `_` (any character).
    Like(Operand, Box<str>),
    /// A cell that is empty.
    IsNull(Operand),
}

/// The cells of one instance; an empty one is none.
pub trait SelectorCells<'v> {
    /// The value in this column.
    fn cell(&self, column: Column) -> Option<Value<'v>>;
}

impl Predicate {
    /// True, false, or unknown where an empty cell decides.
    fn truth<'v>(&'v self, cells: &impl SelectorCells<'v>) -> Option<bool> {
        match self {
            Self::And(left, right) => match (left.truth(cells), right.truth(cells)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Or(left, right) => match (left.truth(cells), right.truth(cells)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Self::Not(inner) => inner.truth(cells).map(|truth| !truth),
            Self::Compare(left, comparison, right) => {
                let ordering = compare(left.value(cells)?, right.value(cells)?);
                Some(comparison.holds(ordering))
            }
            Self::Like(operand, pattern) => match operand.value(cells)? {
                Value::Text(text) => Some(is_like(text, pattern)),
                _ => unreachable!("`LIKE` is read for text only"),
            },
            Self::IsNull(operand) => Some(operand.value(cells).is_none()),
        }
    }
}

fn compare(left: Value<'_>, right: Value<'_>) -> Ordering {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => left.as_bytes().cmp(right.as_bytes()),
        (Value::Number(left), Value::Number(right)) => left.cmp(&right),
        (Value::Date(left), Value::Date(right)) => left.cmp(&right),
        _ => unreachable!("unlike kinds are refused when a selector is read"),
    }
}

/// Whether the text fits the pattern; the last `%` seen is where a mismatch goes back to.
fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) =
        (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut in_pattern) = (0, 0);
    let mut last_any: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(in_pattern) {
            Some('%') => {
                last_any = Some((at, in_pattern));
                in_pattern += 1;
            }
            Some(wanted) if *wanted == '_' || *wanted == text[at] => {
                at += 1;
                in_pattern += 1;
            }
            _ => {
                let Some((taken, any)) = last_any else {
                    return false;
                };
                last_any = Some((taken + 1, any));
                (at, in_pattern) = (taken + 1, any + 1);
            }
        }
    }
    pattern[in_pattern..].iter().all(|rest| *rest == '%')
}

/// A selector as written and as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    text: Box<str>,
    predicate: Predicate,
}

impl Selector {
    /// A selector with the text that it was read from.
    pub fn new(text: &str, predicate: Predicate) -> Self {
        Self {
            text: text.into(),
            predicate,
        }
    }

    /// The SQL text.
    pub fn source_text(&self) -> &str {
        &self.text
    }

    /// Whether the instance with these cells is meant.
    pub fn selects<'v>(&'v self, cells: &impl SelectorCells<'v>) -> bool {
        self.predicate.truth(cells) == Some(true)
    }
}
