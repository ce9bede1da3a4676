//! What the rows of the ledger come to: by month, account and event, and as a data frame by month and value of a column.
//!
//! The only file that knows polars; it never reads a file. Rows are added up by month as they come; accounts come in order, so their sums need no
//! grouping, and polars groups the rest. Amounts are 64-bit minor units, so sums are exact; currencies are never added.

use std::collections::BTreeMap;
use std::mem;
use std::ops::{AddAssign, Range};

use polars::prelude::{Column as Series, DataFrame, PolarsResult};

use crate::engine::event::Event;
use crate::engine::ledger::Entry;
use crate::model::account::{AccountIndex, Movement};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::id::Label;
use crate::model::instance::InstanceLabels;
use crate::model::money::{Currency, Money};
use crate::model::selector::Column;

/// How many rows fall together, and the sum of their amounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowTotal {
    /// The number of rows.
    pub rows: u64,
    /// The sum of their amounts, signed as in the ledger.
    pub amount: Money,
}

impl AddAssign for RowTotal {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.amount += other.amount;
    }
}

/// What rows that are added up have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupKey {
    /// The first day of the month.
    pub month: Day,
    /// The account.
    pub account: AccountIndex,
    /// What happened.
    pub event: Event,
}

/// What the rows of a run that belong to an account come to, by month, account, value of a column, and event: the facts
/// of neighbouring accounts.
pub struct LedgerFacts<'g> {
    grouping: &'g Grouping,
    /// The pairs of its accounts.
    cells: Range<usize>,
    /// The month under way, and for each event that it has the totals of all pairs.
    month: MonthDays,
    totals: Vec<Vec<RowTotal>>,
    /// What the months that are over come to by account, and by value.
    by_account: Vec<(GroupKey, RowTotal)>,
    by_value: FrameColumns,
}

/// How the rows of a run are grouped.
pub struct Grouping {
    from: Day,
    /// The values of the column, each with the currency of its accounts.
    values: Vec<Value>,
    /// The pairs of account and value that occur.
    cells: Vec<GroupTotals>,
    of_instances: Vec<u32>,
    of_accounts: Vec<u32>,
}

/// The rows of an account that share a value of the column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct GroupTotals {
    account: u32,
    value: u32,
}

/// The columns of the frame.
#[derive(Default)]
struct FrameColumns {
    months: Vec<u32>,
    values: Vec<u32>,
    events: Vec<Event>,
    amounts: Vec<i64>,
}

const MONTH: &str = "month";
const VALUE: &str = "value";
const PART: &str = "part";
const AMOUNT: &str = "amount";

impl FrameColumns {
    fn append(&mut self, mut other: Self) {
        self.months.append(&mut other.months);
        self.values.append(&mut other.values);
        self.events.append(&mut other.events);
        self.amounts.append(&mut other.amounts);
    }
}

impl Grouping {
    /// By a column. Rows about an account alone, and instances with an empty cell, have no value of it.
    pub fn group_by(book: &Book, column: Column) -> Self {
        let mut values = LabelValues {
            book,
            known: Vec::new(),
            numbers: BTreeMap::new(),
        };
        let accounts = (0u32..).zip(&book.accounts);
        let of_accounts: Vec<GroupTotals> = accounts
            .map(|(account, one)| GroupTotals {
                account,
                value: values.number_of_text(one.currency, None),
            })
            .collect();
        let of_instances: Vec<GroupTotals> = values.of_instances(column);
        // Neighbours are often equal.
        let mut cells = of_instances.clone();
        cells.dedup();
        cells.extend_from_slice(&of_accounts);
        cells.sort_unstable();
        cells.dedup();
        let mut of_neighbours = Vec::with_capacity(of_instances.len());
        for (at, cell) in of_instances.iter().enumerate() {
            let is_repeated = at > 0 && of_instances[at - 1] == *cell;
            let last = of_neighbours.last().copied().filter(|_| is_repeated);
            of_neighbours.push(last.unwrap_or_else(|| place_in(&cells, *cell)));
        }
        let of_accounts = of_accounts.iter().map(|cell| place_in(&cells, *cell));
        Self {
            from: book.days.from,
            of_instances: of_neighbours,
            of_accounts: of_accounts.collect(),
            values: values.known,
            cells,
        }
    }

    /// Sums without a row so far, of all accounts.
    pub fn facts(&self) -> LedgerFacts<'_> {
        self.facts_of(0..u32::MAX)
    }

    /// Sums without a row so far, of some accounts.
    pub fn facts_of(&self, accounts: Range<u32>) -> LedgerFacts<'_> {
        let cells = &self.cells;
        let start = cells.partition_point(|cell| cell.account < accounts.start);
        let end = cells.partition_point(|cell| cell.account < accounts.end);
        LedgerFacts {
            grouping: self,
            cells: start..end,
            month: MonthDays::month_around(self.from),
            totals: vec![Vec::new(); Event::ALL.len()],
            by_account: Vec::new(),
            by_value: FrameColumns::default(),
        }
    }
}

impl<'g> LedgerFacts<'g> {
    /// Adds the next rows of the accounts.
    pub fn collect_entries<'r>(&mut self, entries: impl Iterator<Item = &'r Entry>) {
        for entry in entries {
            let Some(account) = entry.account else {
                continue;
            };
            if entry.date >= self.month.next {
                self.end_month();
                self.month = MonthDays::month_around(entry.date);
            }
            let cell = match entry.instance {
                Some(instance) => self.grouping.of_instances[instance.0 as usize],
                None => self.grouping.of_accounts[account.0 as usize],
            };
            let totals = &mut self.totals[entry.event as usize];
            if totals.is_empty() {
                totals.resize(self.cells.len(), RowTotal::default());
            }
            let total = &mut totals[cell as usize - self.cells.start];
            total.rows += 1;
            total.amount += entry.movement.map_or(Money::ZERO, Movement::amount);
        }
    }

    fn end_month(&mut self) {
        let cells = &self.grouping.cells[self.cells.clone()];
        let occurring = Event::ALL.iter().zip(&mut self.totals);
        for (event, totals) in occurring.filter(|(_, totals)| !totals.is_empty()) {
            let mut of_values: BTreeMap<u32, RowTotal> = BTreeMap::new();
            for (cell, total) in cells.iter().zip(totals).filter(|(_, total)| total.rows > 0) {
                let (account, total) = (AccountIndex(cell.account), mem::take(total));
                let key = GroupKey {
                    month: self.month.first,
                    account,
                    event: *event,
                };
                match self.by_account.last_mut().filter(|(last, _)| *last == key) {
                    Some((_, sum)) => *sum += total,
                    None => self.by_account.push((key, total)),
                }
                *of_values.entry(cell.value).or_default() += total;
            }
            for (value, total) in of_values {
                self.by_value.months.push(self.month.number());
                self.by_value.values.push(value);
                self.by_value.events.push(*event);
                self.by_value.amounts.push(total.amount.minor());
            }
        }
    }

    /// Adds the facts of other accounts.
    pub fn join(mut self, mut other: Self) -> Self {
        self.end_month();
        other.end_month();
        self.by_account.append(&mut other.by_account);
        self.by_value.append(other.by_value);
        self
    }

    /// The tables, once the last rows have been added.
    pub fn into_tables(mut self) -> Tables<'g> {
        self.end_month();
        self.by_account.sort_unstable_by_key(|(key, _)| *key);
        Tables {
            values: &self.grouping.values,
            by_account: self.by_account,
            by_value: self.by_value,
        }
    }
}

/// The place of a cell in the list of all.
fn place_in(cells: &[GroupTotals], cell: GroupTotals) -> u32 {
    let place = cells
        .binary_search(&cell)
        .expect("every cell is in the list");
    u32::try_from(place).expect("fewer cells than instances and accounts")
}

/// A value of a column, of accounts in a currency; none where the cell is empty.
pub type Value = (Currency, Option<String>);

/// The numbers of the values of a column.
struct LabelValues<'b> {
    book: &'b Book,
    known: Vec<Value>,
    numbers: BTreeMap<Value, u32>,
}

impl LabelValues<'_> {
    fn number_of_text(&mut self, currency: Currency, text: Option<String>) -> u32 {
        *self
            .numbers
            .entry((currency, text))
            .or_insert_with_key(|value| {
                self.known.push(value.clone());
                u32::try_from(self.known.len() - 1).expect("fewer values than instances")
            })
    }

    /// The cell of each instance. A label is looked up once for each currency.
    fn of_instances(&mut self, column: Column) -> Vec<GroupTotals> {
        let book = self.book;
        let mut numbers: BTreeMap<(Option<Label>, Currency), u32> = BTreeMap::new();
        let mut cells = Vec::with_capacity(book.instances.len());
        for instance in &book.instances {
            let currency = book.account(instance.account).currency;
            let label = label(&instance.labels, column);
            let known = label.and_then(|label| numbers.get(&(label, currency)));
            let value = known.copied().unwrap_or_else(|| {
                let text = book.cell_text(instance, column);
                self.number_of_text(currency, text)
            });
            if let Some(label) = label {
                numbers.insert((label, currency), value);
            }
            cells.push(GroupTotals {
                account: instance.account.0,
                value,
            });
        }
        cells
    }
}

/// The label of an instance in a column; none where its cells are not labels.
fn label(labels: &InstanceLabels, column: Column) -> Option<Option<Label>> {
    match column {
        Column::Product => Some(Some(labels.product)),
        Column::InstanceType => Some(labels.instance_type),
        Column::Region => Some(labels.region),
        Column::Zone => Some(labels.zone),
        Column::Project => Some(labels.project),
        Column::Name => Some(labels.name),
        Column::Tag(tag) => labels.tags.get(tag).copied(),
        _ => None,
    }
}

/// What the rows of a run come to.
pub struct Tables<'g> {
    values: &'g [Value],
    by_account: Vec<(GroupKey, RowTotal)>,
    by_value: FrameColumns,
}

/// What a month has of a part, for a value of the column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthShare<'t> {
    /// The first day of the month.
    pub month: Day,
    /// The value.
    pub value: &'t Value,
    /// The number of the part.
    pub part: usize,
    /// The sum of its amounts, signed as in the ledger.
    pub amount: Money,
}

impl Tables<'_> {
    /// Rows and amounts by month, account and event, in this order.
    pub fn by_account(&self) -> impl Iterator<Item = (GroupKey, RowTotal)> {
        self.by_account.iter().copied()
    }

    /// Amounts by month, currency and value of the column, and part: a list of events. An event that is in none is left out.
    pub fn by_value(&self, parts: &[&[Event]]) -> Vec<MonthShare<'_>> {
        let sums = self
            .frame(parts)
            .and_then(|frame| sums(&frame))
            .expect("numbers can be grouped and added");
        let [months, values, parts] = [MONTH, VALUE, PART].map(|name| keys(&sums, name));
        let amounts = sums.column("amount_sum").and_then(|column| column.i64());
        let amounts = amounts.expect("amounts add up").into_no_null_iter();
        amounts
            .enumerate()
            .map(|(row, minor)| MonthShare {
                month: MonthDays::numbered(months[row]).first,
                value: &self.values[values[row] as usize],
                part: parts[row] as usize,
                amount: Money::from_minor(minor),
            })
            .collect()
    }

    /// The facts of the events that are in some part.
    fn frame(&self, parts: &[&[Event]]) -> PolarsResult<DataFrame> {
        let rows = &self.by_value;
        let mut chosen = FrameColumns::default();
        let mut part_of_row: Vec<u32> = Vec::new();
        for (row, event) in rows.events.iter().enumerate() {
            let mut numbered = (0u32..).zip(parts);
            let Some((part, _)) = numbered.find(|(_, part)| part.contains(event)) else {
                continue;
            };
            part_of_row.push(part);
            chosen.months.push(rows.months[row]);
            chosen.values.push(rows.values[row]);
            chosen.amounts.push(rows.amounts[row]);
        }
        DataFrame::new_infer_height(vec![
            Series::new(MONTH.into(), chosen.months),
            Series::new(VALUE.into(), chosen.values),
            Series::new(PART.into(), part_of_row),
            Series::new(AMOUNT.into(), chosen.amounts),
        ])
    }
}

/// The keys of a grouped frame.
fn keys(frame: &DataFrame, name: &str) -> Vec<u32> {
    let column = frame.column(name).expect("the grouped frame has its keys");
    let numbers = column.u32().expect("keys are numbers");
    numbers.into_no_null_iter().collect()
}

#[expect(
    deprecated,
    reason = "the lazy engine that replaces it doubles the build for one sum"
)]
fn sums(frame: &DataFrame) -> PolarsResult<DataFrame> {
    frame.group_by([MONTH, VALUE, PART])?.select([AMOUNT]).sum()
}

/// A calendar month: its first day, and that of the next.
#[derive(Clone, Copy)]
struct MonthDays {
    first: Day,
    next: Day,
}

impl MonthDays {
    fn month_around(day: Day) -> Self {
        Self::numbered(month_number(day))
    }

    fn numbered(number: u32) -> Self {
        let date = chrono::NaiveDate::from_ymd_opt((number / 12).cast_signed(), number % 12 + 1, 1);
        let first = Day::from(date.expect("numbers come from months"));
        Self {
            first,
            next: first.next_month_start(),
        }
    }

    /// Months since the year 0: what polars can group by.
    fn number(self) -> u32 {
        month_number(self.first)
    }
}

fn month_number(day: Day) -> u32 {
    use chrono::Datelike as _;
    day.date().year().unsigned_abs() * 12 + day.date().month0()
}
