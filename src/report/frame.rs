//! The ledger as a data frame: sums and counts by month, account, event and any column or tag.
//!
//! The only file that knows polars. Rows are added up by month as they come, and polars groups what they come to. Amounts are 64-bit minor units, so sums are exact; currencies are never added.

use std::collections::BTreeMap;

use polars::prelude::{Column as Series, DataFrame, PolarsResult};

use crate::account::{AccountIndex, Movement};
use crate::book::Book;
use crate::calendar::Day;
use crate::event::Event;
use crate::id::Label;
use crate::instance::InstanceLabels;
use crate::ledger::Entry;
use crate::money::{Currency, Money};
use crate::selector::Column;

/// How many rows fall together, and the sum of their amounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// The number of rows.
    pub rows: u64,
    /// The sum of their amounts, signed as in the ledger.
    pub amount: Money,
}

/// One cell of a grouping: a month and an event of what the rows were grouped by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key<G> {
    /// The first day of the month.
    pub month: Day,
    /// What the rows have in common.
    pub group: G,
    /// What happened.
    pub event: Event,
}

/// What the rows of a run that belong to an account come to, by month, account, value of a column, and event.
pub struct Facts {
    /// The values of the column, each with the currency of its accounts.
    values: Vec<Value>,
    /// The pairs of account and value that occur.
    cells: Vec<Cell>,
    of_instances: Vec<u32>,
    of_accounts: Vec<u32>,
    /// The month under way, and for each event that it has the totals of all cells.
    month: Month,
    totals: Vec<Vec<Total>>,
    columns: Columns,
}

/// The rows of an account that share a value of the column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cell {
    account: u32,
    value: u32,
}

/// The facts of the months that are over.
#[derive(Default)]
struct Columns {
    months: Vec<u32>,
    accounts: Vec<u32>,
    values: Vec<u32>,
    events: Vec<u32>,
    rows: Vec<u64>,
    amounts: Vec<i64>,
}

const MONTH: &str = "month";
const ACCOUNT: &str = "account";
const VALUE: &str = "value";
const EVENT: &str = "event";
const ROWS: &str = "rows";
const AMOUNT: &str = "amount";

impl Facts {
    /// No facts yet. Rows about an account alone, and instances with an empty cell, have no value of the column.
    pub fn open(book: &Book, column: Column) -> Self {
        let mut values = Values { book, known: Vec::new(), numbers: BTreeMap::new() };
        let accounts = (0u32..).zip(&book.accounts);
        let of_accounts: Vec<Cell> =
            accounts.map(|(account, one)| Cell { account, value: values.number(one.currency, None) }).collect();
        let of_instances: Vec<Cell> = values.of_instances(column);
        let mut cells = [of_accounts.as_slice(), of_instances.as_slice()].concat();
        cells.sort_unstable();
        cells.dedup();
        let number = |cell: &Cell| {
            let place = cells.binary_search(cell).expect("every cell is in the list");
            u32::try_from(place).expect("fewer cells than instances and accounts")
        };
        Self {
            of_instances: of_instances.iter().map(number).collect(),
            of_accounts: of_accounts.iter().map(number).collect(),
            values: values.known,
            cells,
            month: Month::of(book.days.from),
            totals: vec![Vec::new(); Event::ALL.len()],
            columns: Columns::default(),
        }
    }

    /// Adds the rows of the next window.
    pub fn add<'r>(&mut self, entries: impl Iterator<Item = &'r Entry>) {
        for entry in entries {
            let Some(account) = entry.account else { continue };
            if entry.date >= self.month.next {
                self.end_month();
                self.month = Month::of(entry.date);
            }
            let of_instance = entry.instance.map(|instance| self.of_instances[instance.0 as usize]);
            let cell = of_instance.unwrap_or_else(|| self.of_accounts[account.0 as usize]);
            let totals = &mut self.totals[entry.event as usize];
            if totals.is_empty() {
                totals.resize(self.cells.len(), Total::default());
            }
            let total = &mut totals[cell as usize];
            total.rows += 1;
            total.amount += entry.movement.map_or(Money::ZERO, Movement::amount);
        }
    }

    fn end_month(&mut self) {
        for (event, totals) in (0u32..).zip(&mut self.totals) {
            for (cell, total) in self.cells.iter().zip(totals).filter(|(_, total)| total.rows > 0) {
                self.columns.months.push(self.month.number);
                self.columns.accounts.push(cell.account);
                self.columns.values.push(cell.value);
                self.columns.events.push(event);
                self.columns.rows.push(total.rows);
                self.columns.amounts.push(total.amount.minor());
                *total = Total::default();
            }
        }
    }

    /// The tables, once the last window has been added.
    pub fn close(mut self) -> Tables {
        self.end_month();
        let Columns { months, accounts, values, events, rows, amounts } = self.columns;
        let columns = vec![
            Series::new(MONTH.into(), months),
            Series::new(ACCOUNT.into(), accounts),
            Series::new(VALUE.into(), values),
            Series::new(EVENT.into(), events),
            Series::new(ROWS.into(), rows),
            Series::new(AMOUNT.into(), amounts),
        ];
        let frame = DataFrame::new_infer_height(columns).expect("the columns of a frame are equally long");
        Tables { values: self.values, frame }
    }
}

/// A value of a column, of accounts in a currency; none where the cell is empty.
pub type Value = (Currency, Option<String>);

/// The numbers of the values of a column.
struct Values<'b> {
    book: &'b Book,
    known: Vec<Value>,
    numbers: BTreeMap<Value, u32>,
}

impl Values<'_> {
    fn number(&mut self, currency: Currency, text: Option<String>) -> u32 {
        *self.numbers.entry((currency, text)).or_insert_with_key(|value| {
            self.known.push(value.clone());
            u32::try_from(self.known.len() - 1).expect("fewer values than instances")
        })
    }

    /// The cell of each instance. A label is looked up once for each currency.
    fn of_instances(&mut self, column: Column) -> Vec<Cell> {
        let book = self.book;
        let mut labels: BTreeMap<(Currency, Option<Label>), u32> = BTreeMap::new();
        let cells = book.instances.iter().map(|instance| {
            let currency = book.account(instance.account).currency;
            let mut number = || self.number(currency, book.cell_text(instance, column));
            let value = match label(&instance.labels, column) {
                Some(label) => *labels.entry((currency, label)).or_insert_with(number),
                None => number(),
            };
            Cell { account: instance.account.0, value }
        });
        cells.collect()
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

/// The facts of a run as a data frame.
pub struct Tables {
    values: Vec<Value>,
    frame: DataFrame,
}

impl Tables {
    /// Rows and amounts by month, account and event, in this order.
    pub fn by_account(&self) -> Vec<(Key<AccountIndex>, Total)> {
        self.grouped(ACCOUNT, AccountIndex)
    }

    /// Rows and amounts by month, currency and value of the column, and event.
    pub fn by_value(&self) -> Vec<(Key<&Value>, Total)> {
        self.grouped(VALUE, |number| &self.values[number as usize])
    }

    /// Groups the facts by month, a column of numbers and event.
    fn grouped<G>(&self, column: &str, value: impl Fn(u32) -> G) -> Vec<(Key<G>, Total)> {
        let sums = self.sums(column).expect("numbers can be grouped and added");
        let numbers = |name: &str| {
            let column = sums.column(name).expect("the grouped frame has its keys");
            column.u32().expect("keys are numbers").into_no_null_iter().collect::<Vec<u32>>()
        };
        let amounts = sums.column("amount_sum").and_then(|column| Ok(column.i64()?.clone())).expect("amounts add up");
        let rows = sums.column("rows_sum").and_then(|column| Ok(column.u64()?.clone())).expect("rows add up");
        let totals = rows.into_no_null_iter().zip(amounts.into_no_null_iter());
        let totals = totals.map(|(rows, minor)| Total { rows, amount: Money::from_minor(minor) });
        let keys = numbers(MONTH).into_iter().zip(numbers(column)).zip(numbers(EVENT));
        // The groups come in any order; three numbers are put in order sooner here than as columns.
        let mut groups: Vec<_> = keys.zip(totals).collect();
        groups.sort_unstable_by_key(|(key, _)| *key);
        let group = |(((month, group), event), total): (((u32, u32), u32), Total)| {
            (Key { month: Month::first_day(month), group: value(group), event: Event::ALL[event as usize] }, total)
        };
        groups.into_iter().map(group).collect()
    }

    #[expect(deprecated, reason = "the lazy engine that replaces it doubles the build for one sum")]
    fn sums(&self, column: &str) -> PolarsResult<DataFrame> {
        self.frame.group_by([MONTH, column, EVENT])?.select([ROWS, AMOUNT]).sum()
    }
}

/// A calendar month as a number that polars can group by: months since the year 0.
#[derive(Clone, Copy)]
struct Month {
    number: u32,
    next: Day,
}

impl Month {
    fn of(day: Day) -> Self {
        use chrono::Datelike as _;
        let date = day.date();
        let number = date.year().unsigned_abs() * 12 + date.month0();
        Self { number, next: day.next_month_start() }
    }

    fn first_day(number: u32) -> Day {
        let date = chrono::NaiveDate::from_ymd_opt((number / 12).cast_signed(), number % 12 + 1, 1);
        Day::from(date.expect("numbers come from months"))
    }
}
