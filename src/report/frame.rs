//! The ledger as a data frame: sums and counts by month, account, event and any column or tag.
//!
//! The only file that knows polars. Amounts are 64-bit minor units, so sums are exact; currencies are never added.

use std::collections::BTreeMap;

use polars::prelude::{Column as Series, DataFrame, PolarsResult, SortMultipleOptions};

use crate::account::AccountIndex;
use crate::book::Book;
use crate::calendar::Day;
use crate::event::Event;
use crate::ledger::Ledger;
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

/// The rows of a ledger that belong to an account: month, account, instance, event, amount.
pub struct Facts<'b> {
    book: &'b Book,
    frame: DataFrame,
}

const MONTH: &str = "month";
const GROUP: &str = "group";
const EVENT: &str = "event";
const ROWS: &str = "rows";
const AMOUNT: &str = "amount";

impl<'b> Facts<'b> {
    /// The facts of a ledger.
    pub fn of(book: &'b Book, ledger: &Ledger) -> Self {
        let entries = ledger.entries.iter().filter_map(|entry| entry.account.map(|account| (entry, account)));
        let count = entries.clone().count();
        let (mut months, mut accounts) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let (mut instances, mut events) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut amounts = Vec::with_capacity(count);
        let mut month = Month::of(book.days.from);
        for (entry, account) in entries {
            month = month.containing(entry.date);
            months.push(month.number);
            accounts.push(account.0);
            instances.push(entry.instance.map_or(u32::MAX, |instance| instance.0));
            events.push(entry.event as u32);
            amounts.push(entry.movement.map_or(0, |movement| movement.amount().minor()));
        }
        let columns = vec![
            Series::new(MONTH.into(), months),
            Series::new("account".into(), accounts),
            Series::new("instance".into(), instances),
            Series::new(EVENT.into(), events),
            Series::new(ROWS.into(), vec![1u64; count]),
            Series::new(AMOUNT.into(), amounts),
        ];
        let frame = DataFrame::new_infer_height(columns).expect("the columns of a frame are equally long");
        Self { book, frame }
    }

    /// Rows and amounts by month, account and event.
    pub fn by_account(&self) -> BTreeMap<Key<AccountIndex>, Total> {
        let groups = self.frame.column("account").expect("the frame has accounts").clone();
        self.grouped(groups, AccountIndex)
    }

    /// Rows and amounts by month, the value of a column of the inventory, and event; each currency on its own. Rows about
    /// the account alone, and instances with an empty cell, have no value.
    pub fn by_column(&self, column: Column) -> BTreeMap<Key<(Currency, Option<String>)>, Total> {
        let book = self.book;
        let mut values: Vec<(Currency, Option<String>)> = Vec::new();
        let mut numbers = BTreeMap::new();
        let mut number_of = |value: (Currency, Option<String>)| {
            *numbers.entry(value.clone()).or_insert_with(|| {
                values.push(value);
                u32::try_from(values.len() - 1).expect("fewer values than instances")
            })
        };
        let of_instances: Vec<u32> = book
            .instances
            .iter()
            .map(|instance| number_of((book.account(instance.account).currency, book.cell_text(instance, column))))
            .collect();
        let of_accounts: Vec<u32> = book.accounts.iter().map(|account| number_of((account.currency, None))).collect();
        let instances = self.frame.column("instance").and_then(|column| Ok(column.u32()?.clone()));
        let accounts = self.frame.column("account").and_then(|column| Ok(column.u32()?.clone()));
        let (instances, accounts) =
            (instances.expect("instances are numbers"), accounts.expect("accounts are numbers"));
        let rows = instances.into_no_null_iter().zip(accounts.into_no_null_iter());
        let groups: Vec<u32> = rows
            .map(|(instance, account)| {
                let of_instance = of_instances.get(instance as usize).copied();
                of_instance.unwrap_or_else(|| of_accounts[account as usize])
            })
            .collect();
        self.grouped(Series::new(GROUP.into(), groups), |number| values[number as usize].clone())
    }

    /// Groups the rows by month, a column of numbers and event.
    fn grouped<G: Ord>(&self, groups: Series, value: impl Fn(u32) -> G) -> BTreeMap<Key<G>, Total> {
        let sums = self.sums(groups).expect("numbers can be grouped and added");
        let numbers = |name: &str| {
            let column = sums.column(name).expect("the grouped frame has its keys");
            column.u32().expect("keys are numbers").into_no_null_iter().collect::<Vec<u32>>()
        };
        let amounts = sums.column("amount_sum").and_then(|column| Ok(column.i64()?.clone())).expect("amounts add up");
        let rows = sums.column("rows_sum").and_then(|column| Ok(column.u64()?.clone())).expect("rows add up");
        let totals = rows.into_no_null_iter().zip(amounts.into_no_null_iter());
        let totals = totals.map(|(rows, minor)| Total { rows, amount: Money::from_minor(minor) });
        let keys = numbers(MONTH).into_iter().zip(numbers(GROUP)).zip(numbers(EVENT));
        let keys = keys.map(|((month, group), event)| Key {
            month: Month::first_day(month),
            group: value(group),
            event: Event::ALL[event as usize],
        });
        keys.zip(totals).collect()
    }

    #[expect(deprecated, reason = "the lazy engine that replaces it doubles the build for one sum")]
    fn sums(&self, groups: Series) -> PolarsResult<DataFrame> {
        let mut columns = vec![groups.with_name(GROUP.into())];
        for name in [MONTH, EVENT, ROWS, AMOUNT] {
            columns.push(self.frame.column(name)?.clone());
        }
        let frame = DataFrame::new_infer_height(columns)?;
        let sums = frame.group_by([MONTH, GROUP, EVENT])?.select([ROWS, AMOUNT]).sum()?;
        sums.sort([MONTH, GROUP, EVENT], SortMultipleOptions::default())
    }
}

/// A calendar month as a number that polars can group by: months since the year 0.
#[derive(Clone, Copy)]
struct Month {
    number: u32,
    first: Day,
    next: Day,
}

impl Month {
    fn of(day: Day) -> Self {
        use chrono::Datelike as _;
        let date = day.date();
        let number = date.year().unsigned_abs() * 12 + date.month0();
        Self { number, first: day.month_start(), next: day.next_month_start() }
    }

    fn containing(self, day: Day) -> Self {
        if self.first <= day && day < self.next { self } else { Self::of(day) }
    }

    fn first_day(number: u32) -> Day {
        let date = chrono::NaiveDate::from_ymd_opt((number / 12).cast_signed(), number % 12 + 1, 1);
        Day::from(date.expect("numbers come from months"))
    }
}
