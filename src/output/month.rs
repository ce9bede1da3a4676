//! The monthly report as one value: tables of typed cells, and what the first screen says. The page, the workbook and the CSV
//! files are made of it, and so each figure exists once.
//!
//! ```text
//! a run, window by window ──gather──▶ Gathered ──spend, events──▶ Report ──html, workbook, Table::csv──▶ bytes
//! an earlier result ──last──▶ Last ──────────────┘
//! ```
//!
//! Rule **report-month** of docs/spec.

/// Lets values be added field by field.
macro_rules! add_fields {
    ($sums:ident { $($field:ident),+ }) => {
        impl std::ops::AddAssign for $sums {
            fn add_assign(&mut self, other: Self) {
                $(self.$field += other.$field;)+
            }
        }
    };
}

mod accounts;
mod accrual;
mod bridge;
mod dues;
mod events;
mod gather;
mod last_month;
mod spend;
mod sums;
mod table;
mod table_rows;

use std::collections::{BTreeMap, BTreeSet};

use super::hash::hash;
use super::monthly::month_text;
use super::names::UniqueNames;
use super::profile;
use super::run_json::Hashes;
use crate::analysis::deadline::DeadlineSubject;
use crate::analysis::demand::ThreeSums;
use crate::analysis::lost::{self, LossClass, LossCount};
use crate::model::account::Account;
use crate::model::book::Book;
use crate::model::calendar::{Day, DayRange};
use crate::model::id::Label;
use crate::model::instance::{Instance, InstanceIndex};
use crate::model::money::{Currency, Exact, Money, Rounding};
use crate::model::selector::Column as BookColumn;
use bridge::{Bridge, OneSided};
pub use gather::{Gather, MonthFacts, ReportPeriod};
use last_month::ByInstance;
pub use last_month::LastMonth;
pub use spend::MonthSpend;
use sums::SpendSums;
pub use table::{ColumnKind, ReportColumn, ReportTable, RowExtent, Sense, Sign, TableCell, Tone};
use table_rows::TableRows;

/// A monthly report.
pub struct MonthReport {
    /// The name of the book.
    pub book: String,
    /// The scenario, if there is one.
    pub scenario: Option<String>,
    /// The version of the program that makes it.
    pub version: String,
    /// The days that it is about.
    pub period: ReportPeriod,
    /// What the first screen says.
    pub first: FirstScreen,
    /// The balances to be drawn, the account in the greatest need first.
    pub lines: Vec<BalanceLine>,
    /// Every table, in order.
    pub tables: Vec<ReportTable>,
    /// The columns of the book by which the ledger rows can be summed.
    pub by: Vec<String>,
}

/// What a reader must know before anything else.
pub struct FirstScreen {
    /// How many instances of each class are lost, and what they cost a month.
    pub losses: Vec<(LossClass, LossCount)>,
    /// The next top-up that is needed, by its last day.
    pub top_up: Option<AccountFigure>,
    /// The lowest balances of the accounts in the greatest need, the lowest first.
    pub lowest: Vec<AccountFigure>,
    /// Spend of the month, by currency; the book's first.
    pub spend: Vec<MonthSpend>,
    /// The three sums of the whole run, by currency; the book's first.
    pub run: Vec<(Currency, ThreeSums)>,
}

/// An amount of an account on a day.
pub struct AccountFigure {
    /// The id of the account.
    pub account: String,
    /// Its currency.
    pub currency: Currency,
    /// The amount.
    pub amount: Money,
    /// The day.
    pub day: Day,
}

impl AccountFigure {
    fn new(account: &Account, amount: Money, day: Day) -> Self {
        Self {
            account: account.id.to_string(),
            currency: account.currency,
            amount,
            day,
        }
    }

    /// The amount with its currency, for people.
    pub fn shown(&self) -> String {
        with_code(self.amount, self.currency)
    }
}

/// An amount with its currency, for people: `CNY 1,204.50`.
pub(super) fn with_code(money: Money, currency: Currency) -> String {
    format!("{currency} {}", money.display_grouped(currency))
}

/// The available balance of an account from day to day.
pub struct BalanceLine {
    /// The account.
    pub account: String,
    /// Its currency.
    pub currency: Currency,
    /// The first and the last day that is drawn.
    pub days: DayRange,
    /// The balance from each day on.
    pub points: Vec<(Day, Money)>,
    /// Below this there are alerts.
    pub alert_below: Option<Money>,
}

/// The most lowest balances on the first screen.
const MAX_LOWEST: usize = 3;
/// The most accounts whose balance is drawn.
const MAX_LINES: usize = 24;

/// What a report is made from.
pub struct Sources<'r> {
    /// The book and the scenario that was applied.
    pub book: &'r Book,
    /// Its scenario, if there is one.
    pub scenario: Option<&'r str>,
    /// The version of the program to be named as its maker.
    pub version: &'r str,
    /// The hashes of its files.
    pub inputs: &'r Hashes,
    /// The columns by which it sums; the first is that of the budget.
    pub columns: Vec<(BookColumn, String)>,
    /// The run.
    pub facts: MonthFacts,
    /// An earlier result, which has the month or the month before.
    pub last: Option<LastMonth>,
}

impl MonthReport {
    /// A table by its name.
    pub fn table(&self, name: &str) -> Option<&ReportTable> {
        self.tables.iter().find(|table| table.name == name)
    }
}

/// What the tables look at.
struct MonthView<'r> {
    book: &'r Book,
    columns: &'r [(BookColumn, String)],
    facts: &'r MonthFacts,
    last: Option<&'r LastMonth>,
    this: ByInstance,
    /// The month before, in this run or in the last result.
    before: Option<ByInstance>,
    /// Whether that is this run's.
    before_is_own: bool,
}

/// Makes the report.
pub fn report(sources: &Sources<'_>) -> MonthReport {
    let Sources {
        book,
        scenario,
        columns,
        facts,
        last,
        ..
    } = sources;
    let view = MonthView::view_of_month(book, columns, facts, last.as_ref());
    let mut tables = vec![
        events::act(&view),
        events::to_do(&view),
        spend::comparison(&view),
        spend::demand(&view),
        accounts::balances(&view),
        accounts::cash(&view),
        accounts::accrual(&view),
        events::due_counts(&view),
        events::dues(&view),
        events::happenings(&view),
    ];
    tables.extend(bridges(&view));
    tables.extend((0..columns.len()).map(|at| spend::by_column(&view, at)));
    tables.extend([
        spend::ahead(&view),
        spend::instances(&view),
        events::payments(&view),
        events::notices(&view),
        events::ledger(&view),
        provenance(sources),
    ]);
    let mut names = UniqueNames::of_files();
    for table in &mut tables {
        table.name = names.take(&table.name);
        table.leave_out_empty_columns();
    }
    MonthReport {
        book: book.name.to_string(),
        scenario: scenario.map(str::to_owned),
        version: sources.version.to_owned(),
        period: facts.period,
        first: first_screen(&view),
        lines: lines(&view),
        tables,
        by: columns.iter().map(|(_, name)| name.clone()).collect(),
    }
}

impl<'r> MonthView<'r> {
    fn view_of_month(
        book: &'r Book,
        columns: &'r [(BookColumn, String)],
        facts: &'r MonthFacts,
        last: Option<&'r LastMonth>,
    ) -> Self {
        let before_is_own = book.days.from <= facts.period.before();
        let before = match last {
            _ if before_is_own => Some(by_id(book, &facts.before)),
            Some(last) if last.has_month_before(&facts.period) => Some(last.before.clone()),
            _ => None,
        };
        let last = last.filter(|last| last.has_month(&facts.period));
        Self {
            book,
            columns,
            facts,
            last,
            this: by_id(book, &facts.this),
            before,
            before_is_own,
        }
    }

    fn currency(&self, instance: InstanceIndex) -> Currency {
        let account = self.book.instance(instance).account;
        self.book.account(account).currency
    }

    /// The value of an instance in a column, with its currency.
    fn value(&self, instance: InstanceIndex, column: BookColumn) -> (Currency, Option<String>) {
        let value = self.book.cell_text(self.book.instance(instance), column);
        (self.currency(instance), value)
    }

    /// The instances with their numbers.
    fn instances(&self) -> impl Iterator<Item = (InstanceIndex, &'r Instance)> + use<'r> {
        (0u32..).map(InstanceIndex).zip(&self.book.instances)
    }

    /// The ids of some instances.
    fn ids(&self, is_one: impl Fn(InstanceIndex) -> bool) -> BTreeSet<String> {
        let some = self.instances().filter(|(index, _)| is_one(*index));
        some.map(|(_, instance)| instance.id.to_string()).collect()
    }

    /// The text of a label.
    fn label(&self, label: Option<Label>) -> Option<&'r str> {
        label.map(|label| self.book.labels.label_text(label))
    }

    /// An amount of the month before, where this run has that month.
    fn if_own(&self, before: Money) -> Option<Money> {
        self.before_is_own.then_some(before)
    }

    fn spend_of(&self, sums: &ByInstance, currency: Currency) -> Money {
        sums.iter()
            .filter(|((of, _), _)| *of == currency)
            .map(|(_, sums)| sums.spend())
            .sum()
    }

    /// The sums of the month by what `key` says of instances.
    fn sums_by<K: Ord>(&self, key: impl Fn(InstanceIndex) -> K) -> BTreeMap<K, SpendSums> {
        let mut by_key: BTreeMap<K, SpendSums> = BTreeMap::new();
        self.facts
            .this
            .iter()
            .for_each(|(instance, sums)| *by_key.entry(key(*instance)).or_default() += *sums);
        by_key
    }

    /// The budget of the month for a value, or for everything: that without a key, else the sum of those with one.
    fn budget(&self, key: Option<&str>) -> Option<Money> {
        let month = self.facts.period.month;
        let budgets = self.book.budgets.iter();
        let mut of_month = budgets.filter(|budget| budget.month == month).peekable();
        of_month.peek()?;
        let mut sum = Money::ZERO;
        for budget in of_month {
            if budget.key.as_deref() == key {
                return Some(budget.amount);
            }
            sum += budget.amount;
        }
        key.is_none().then_some(sum)
    }

    /// The sum of amounts in the book's currency, rounded half up, once, at its end; none where a rate is missing.
    fn convert(&self, amounts: &[(Currency, Money)]) -> Option<Money> {
        let own = self.book.currency;
        let mut positive = Exact::from_whole(0);
        let mut negative = Exact::from_whole(0);
        for (currency, money) in amounts {
            let size = if money.is_negative() { -*money } else { *money };
            let mut exact = size.exact(*currency);
            if *currency != own {
                let mut rates = self.book.rates.iter();
                let rate = rates.find(|rate| rate.currency == *currency)?;
                exact = exact * rate.rate.exact();
            }
            let side = match money.is_negative() {
                true => &mut negative,
                false => &mut positive,
            };
            *side = side.clone() + exact;
        }
        Some(match positive >= negative {
            true => (positive - negative).round(own, Rounding::HalfUp),
            false => -(negative - positive).round(own, Rounding::HalfUp),
        })
    }

    /// Adds the columns of the id, the name and the account of an instance.
    fn add_names<R>(&self, table: &mut TableRows<R>, index: impl Fn(&R) -> InstanceIndex) {
        let book = self.book;
        table.text("instance_id", "Instance", |row| {
            book.instance(index(row)).id.as_str()
        });
        table.text("name", "Name", |row| {
            self.label(book.instance(index(row)).labels.name)
        });
        table.text("account_id", "Account", |row| {
            book.account(book.instance(index(row)).account).id.as_str()
        });
    }
}

/// Sums of instances by currency and id.
fn by_id(book: &Book, sums: &BTreeMap<InstanceIndex, SpendSums>) -> ByInstance {
    let mut by_id = ByInstance::new();
    for (index, sums) in sums {
        let instance = book.instance(*index);
        let currency = book.account(instance.account).currency;
        by_id.insert((currency, instance.id.to_string()), *sums);
    }
    by_id
}

/// The bridges from the month before and from the last forecast, as far as they are known.
fn bridges(view: &MonthView<'_>) -> Vec<ReportTable> {
    let gone = view.ids(|index| view.facts.gone.contains(&index));
    let mut tables = Vec::new();
    if let Some(before) = &view.before {
        let days = view.facts.period.days;
        let one_sided = OneSided {
            new: view.ids(|index| {
                let start = view.book.instance(index).starts_on;
                start.is_some_and(|day| days.contains(day))
            }),
            ended: gone.clone(),
        };
        let bridge = Bridge::between(before, &view.this, &one_sided);
        let title = "Why it differs from the month before";
        tables.push(bridge.table("bridge", title, "spend of the month before"));
        tables.push(bridge.movers("movers", "Movers since the month before"));
    }
    if let Some(last) = view.last {
        let here = view.ids(|_| true);
        let one_sided = OneSided {
            new: here.difference(&last.known).cloned().collect(),
            ended: last.known.difference(&here).cloned().chain(gone).collect(),
        };
        let bridge = Bridge::between(&last.this, &view.this, &one_sided);
        let title = "Why it differs from the last forecast";
        tables.push(bridge.table("bridge-last", title, "last forecast of this month"));
        tables.push(bridge.movers("movers-last", "Movers since the last forecast"));
    }
    tables
}

fn first_screen(view: &MonthView<'_>) -> FirstScreen {
    let own = view.book.currency;
    let mut spend = spend::of_month(view);
    spend.retain(|one| one.is_converted || one.currency == own || one.spend != Money::ZERO);
    spend.sort_by_key(|one| !one.is_converted);
    let from = view.facts.period.days.from;
    let mut top_ups = view
        .facts
        .deadlines
        .iter()
        .filter(|one| matches!(one.matter, DeadlineSubject::TopUp(_)) && one.day >= from);
    let top_up = top_ups.find_map(|one| {
        let account = view.book.account(one.account);
        Some(AccountFigure::new(account, one.amount?, one.day))
    });
    let accounts = view.facts.accounts.iter();
    let mut lowest: Vec<_> = accounts.filter_map(|account| account.low_ahead).collect();
    lowest.sort_by_key(|low| {
        let is_foreign = view.book.account(low.account).currency != own;
        (is_foreign, low.available, low.date, low.account)
    });
    lowest.truncate(MAX_LOWEST);
    let lowest = lowest
        .iter()
        .map(|low| AccountFigure::new(view.book.account(low.account), low.available, low.date));
    let losses = LossClass::ALL
        .iter()
        .map(|class| (*class, lost::count(&view.facts.losses, *class)));
    FirstScreen {
        losses: losses.collect(),
        top_up,
        lowest: lowest.collect(),
        spend,
        run: spend::run_sums(view),
    }
}

/// The balances of the accounts in the greatest need.
fn lines(view: &MonthView<'_>) -> Vec<BalanceLine> {
    let period = view.facts.period;
    let days = DayRange {
        from: period.days.from,
        to: period.ahead.yesterday().min(view.book.days.to),
    };
    let mut lines: Vec<(Money, BalanceLine)> = Vec::new();
    for (account, month) in view.book.accounts.iter().zip(&view.facts.accounts) {
        if let Some(low) = month.low_ahead
            && !month.line.is_empty()
        {
            let room = low.available - account.alert_below.unwrap_or(Money::ZERO);
            let line = BalanceLine {
                account: account.id.to_string(),
                currency: account.currency,
                days,
                points: month.line.clone(),
                alert_below: account.alert_below,
            };
            lines.push((room, line));
        }
    }
    lines.sort_by_key(|(room, _)| *room);
    lines.truncate(MAX_LINES);
    lines.into_iter().map(|(_, line)| line).collect()
}

/// About the report: the hashes of the inputs, of the ledger and of the profiles.
fn provenance(sources: &Sources<'_>) -> ReportTable {
    let Sources { book, facts, .. } = sources;
    let scenario = sources.scenario.unwrap_or("none");
    let days = format!("{} to {}", book.days.from, book.days.to);
    let profile = book.default_profile().name.to_string();
    let mut lines = vec![
        (
            "program".to_owned(),
            format!("renewcast {}", sources.version),
        ),
        ("book".to_owned(), book.name.to_string()),
        ("scenario".to_owned(), scenario.to_owned()),
        ("run".to_owned(), days),
        ("default profile".to_owned(), profile),
        ("ledger.csv".to_owned(), facts.ledger_hash.clone()),
    ];
    for (name, hash) in sources.inputs {
        lines.push((format!("input {name}"), hash.clone()));
    }
    for one in &book.profiles {
        let hash = hash(profile::toml(one).as_bytes());
        lines.push((format!("profile {}", one.name), hash));
    }
    for rate in &book.rates {
        lines.push((format!("rate of {}", rate.currency), rate.rate.to_string()));
    }
    if let Some(last) = &sources.last {
        let DayRange { from, to } = last.days;
        let value = format!("{from} to {to}, ledger.csv {}", last.ledger_hash);
        lines.push(("last report".to_owned(), value));
    }
    let mut table = TableRows::new(lines, |_| None);
    table.text("what", "What", |(what, _)| what.clone());
    table.text("value", "Value", |(_, value)| value.clone());
    table.table(
        "run",
        "About this report",
        "Hashes are SHA-256. The same inputs give the same report, byte for byte; `renewcast verify` proves the ledger.",
    )
}
