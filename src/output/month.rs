//! The monthly report as one value: tables of typed cells, and what the first screen says. The page, the workbook and the CSV
//! files are made of it, and so each figure exists once.
//!
//! ```text
//! a run, window by window ──gather──▶ Gathered ──spend, events──▶ Report ──html, workbook, Table::csv──▶ bytes
//! an earlier result ──last──▶ Last ──────────────┘
//! ```
//!
//! Rule **report-month** of docs/spec.

mod accrual;
mod bridge;
mod dues;
mod events;
mod gather;
mod last_month;
mod spend;
mod sums;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use super::hash::hash;
use super::monthly::month_text;
use super::names::UniqueNames;
use super::profile;
use super::run_json::Hashes;
use super::write_rows;
use crate::analysis::deadline::DeadlineSubject;
use crate::analysis::demand::ThreeSums;
use crate::analysis::lost::{self, LossClass, LossCount};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::{ChargeType, InstanceIndex};
use crate::model::money::{Currency, Exact, Money, Rounding};
use crate::model::selector::Column as BookColumn;
use bridge::{Bridge, FirstDays};
pub use gather::{Gather, MonthFacts, ReportPeriod};
use last_month::ByInstance;
pub use last_month::LastMonth;
use spend::SpendOfMonth;
use sums::SpendSums;
use table::text_column;
pub use table::{ColumnKind, ReportColumn, ReportTable, RowExtent, Sense, Sign, TableCell, Tone};

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
    /// The next top-up that is needed: the account, its currency, the amount and the last day.
    pub top_up: Option<(String, Currency, Money, Day)>,
    /// The lowest balances of the accounts in the greatest need, the lowest first: account, amount and day.
    pub lowest: Vec<(String, Currency, Money, Day)>,
    /// Spend of the month, by currency; the book's first.
    pub spend: Vec<MonthSpend>,
    /// The three sums of the whole run, by currency; the book's first.
    pub run: Vec<(Currency, ThreeSums)>,
}

/// Spend of the month in a currency, and what it differs from.
pub struct MonthSpend {
    /// The currency.
    pub currency: Currency,
    /// Whether it is everything, converted.
    pub is_converted: bool,
    /// The spend.
    pub spend: Money,
    /// Of the month before, if that is known.
    pub before: Option<Money>,
    /// The budget, if there is one.
    pub budget: Option<Money>,
    /// The last forecast, if one was given.
    pub forecast: Option<Money>,
}

/// The available balance of an account from day to day.
pub struct BalanceLine {
    /// The account.
    pub account: String,
    /// Its currency.
    pub currency: Currency,
    /// The first and the last day that is drawn.
    pub days: (Day, Day),
    /// The balance from each day on.
    pub points: Vec<(Day, Money)>,
    /// Below this there are alerts.
    pub alert_below: Option<Money>,
}

/// So many of the lowest balances are on the first screen.
const LOWS: usize = 3;
/// At most so many accounts are drawn.
const LINES: usize = 24;

/// What a report is made from.
pub struct Sources<'r> {
    /// The book and the scenario that was applied.
    pub book: &'r Book,
    /// Its scenario, if there is one.
    pub scenario: Option<&'r str>,
    /// The version of the program that is said to make it.
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
        events::balances(&view),
        spend::cash(&view),
        spend::accrual(&view),
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
    ]);
    tables.extend([events::ledger(&view), provenance(sources)]);
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
        let by_id = |sums: &BTreeMap<InstanceIndex, SpendSums>| {
            let key = |instance: &InstanceIndex| {
                let one = book.instance(*instance);
                (book.account(one.account).currency, one.id.to_string())
            };
            sums.iter()
                .map(|(instance, sums)| (key(instance), *sums))
                .collect()
        };
        let before_is_own = book.days.from <= facts.period.before();
        let before = match last {
            _ if before_is_own => Some(by_id(&facts.before)),
            Some(last) if last.has_month_before(&facts.period) => Some(last.before.clone()),
            _ => None,
        };
        let last = last.filter(|last| last.has_month(&facts.period));
        Self {
            book,
            columns,
            facts,
            last,
            this: by_id(&facts.this),
            before,
            before_is_own,
        }
    }

    fn currency(&self, instance: InstanceIndex) -> Currency {
        self.book
            .account(self.book.instance(instance).account)
            .currency
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
        let of_month = || {
            self.book
                .budgets
                .iter()
                .filter(|budget| budget.month == self.facts.period.month)
        };
        let exact = of_month()
            .find(|budget| budget.key.as_deref() == key)
            .map(|budget| budget.amount);
        let sum = || {
            key.is_none()
                .then(|| of_month().map(|budget| budget.amount).sum())
        };
        exact.or_else(|| sum().filter(|_| of_month().next().is_some()))
    }

    /// The sum of amounts in the book's currency, rounded half up, once, at its end; none where a rate is missing.
    fn convert(&self, amounts: &[(Currency, Money)]) -> Option<Money> {
        let own = self.book.currency;
        let mut positive = Exact::from_whole(0);
        let mut negative = Exact::from_whole(0);
        for (currency, money) in amounts {
            let size = if money.is_negative() { -*money } else { *money };
            let exact = match self
                .book
                .rates
                .iter()
                .find(|rate| rate.currency == *currency)
            {
                _ if *currency == own => size.exact(own),
                Some(rate) => size.exact(*currency) * rate.rate.exact(),
                None => return None,
            };
            let side = if money.is_negative() {
                &mut negative
            } else {
                &mut positive
            };
            *side = side.clone() + exact;
        }
        let (positive, negative) = (positive, negative);
        Some(match positive >= negative {
            true => (positive - negative).round(own, Rounding::HalfUp),
            false => -(negative - positive).round(own, Rounding::HalfUp),
        })
    }

    /// Id, name and account of an instance.
    fn who(&self, index: InstanceIndex) -> [TableCell; 3] {
        let instance = self.book.instance(index);
        let name = instance
            .labels
            .name
            .map(|name| self.book.labels.label_text(name));
        [
            TableCell::Text(instance.id.to_string()),
            TableCell::text_or_empty(name),
            TableCell::Text(self.book.account(instance.account).id.to_string()),
        ]
    }

    fn who_columns(&self) -> [ReportColumn; 3] {
        [
            text_column("instance_id", "Instance"),
            text_column("name", "Name"),
            text_column("account_id", "Account"),
        ]
    }

    /// A sentence about terms that began before the book, whose payment nobody told.
    fn unknown_payments(&self) -> String {
        let numbered = (0u32..).map(InstanceIndex).zip(&self.book.instances);
        let unknown = numbered.filter(|(number, one)| {
            let is_paid_ahead =
                one.exists() && one.expires_on.is_some_and(|day| day > self.book.days.from);
            one.charge_type == ChargeType::Prepaid
                && is_paid_ahead
                && self.book.orders.of_instance(*number).next().is_none()
        });
        match unknown.count() {
            0 => String::new(),
            1 => " What was paid before the book for 1 instance is not in orders.csv, so nothing of it is spread."
                .to_owned(),
            count => format!(
                " What was paid before the book for {count} instances is not in orders.csv, so nothing of it is spread."
            ),
        }
    }
}

/// The bridges from the month before and from the last forecast, as far as they are known.
fn bridges(view: &MonthView<'_>) -> Vec<ReportTable> {
    let month = view.facts.period.days;
    let ids = |is_one: &dyn Fn(InstanceIndex) -> bool| -> BTreeSet<String> {
        let numbered = (0u32..).map(InstanceIndex).zip(&view.book.instances);
        numbered
            .filter(|(number, _)| is_one(*number))
            .map(|(_, instance)| instance.id.to_string())
            .collect()
    };
    let gone = ids(&|number| view.facts.gone.contains(&number));
    let mut tables = Vec::new();
    if let Some(before) = &view.before {
        let new = ids(&|number| {
            view.book
                .instance(number)
                .starts_on
                .is_some_and(|day| month.contains(day))
        });
        let bridge = Bridge::between(
            before,
            &view.this,
            &FirstDays {
                new: &new,
                ended: &gone,
            },
        );
        tables.push(events::bridge(
            &bridge,
            (
                "bridge",
                "Why it differs from the month before",
                "spend of the month before",
            ),
        ));
        tables.push(events::movers(
            &bridge,
            ("movers", "Movers since the month before"),
        ));
    }
    if let Some(last) = view.last {
        let here: BTreeSet<String> = ids(&|_| true);
        let new = here.difference(&last.known).cloned().collect();
        let ended = last.known.difference(&here).cloned().chain(gone).collect();
        let bridge = Bridge::between(
            &last.this,
            &view.this,
            &FirstDays {
                new: &new,
                ended: &ended,
            },
        );
        let title = "Why it differs from the last forecast";
        tables.push(events::bridge(
            &bridge,
            ("bridge-last", title, "last forecast of this month"),
        ));
        tables.push(events::movers(
            &bridge,
            ("movers-last", "Movers since the last forecast"),
        ));
    }
    tables
}

fn first_screen(view: &MonthView<'_>) -> FirstScreen {
    let SpendOfMonth {
        by_currency,
        converted,
    } = spend::of_month(view);
    let spent = |currency: Currency, is_converted: bool, of: &spend::Compared| MonthSpend {
        currency,
        is_converted,
        spend: of.spend,
        before: of.before,
        budget: of.budget,
        forecast: of.forecast,
    };
    let own = view.book.currency;
    let mut spend: Vec<MonthSpend> = converted.iter().map(|of| spent(own, true, of)).collect();
    let is_used =
        |(currency, of): &&(Currency, spend::Compared)| *currency == own || of.spend != Money::ZERO;
    spend.extend(
        by_currency
            .iter()
            .filter(is_used)
            .map(|(currency, of)| spent(*currency, false, of)),
    );
    let from = view.facts.period.days.from;
    let top_up = view.facts.deadlines.iter().find_map(|one| {
        let is_one = matches!(one.matter, DeadlineSubject::TopUp(_)) && one.day >= from;
        let account = view.book.account(one.account);
        one.amount
            .filter(|_| is_one)
            .map(|amount| (account.id.to_string(), account.currency, amount, one.day))
    });
    let lows = view.book.accounts.iter().zip(&view.facts.accounts);
    let lows = lows.filter_map(|(account, month)| Some((account, month.low_ahead?)));
    let mut lows: Vec<_> = lows.collect();
    lows.sort_by_key(|(account, low)| {
        (
            account.currency != own,
            low.available,
            low.date,
            low.account,
        )
    });
    let low = |(account, low): &(
        &crate::model::account::Account,
        crate::engine::ledger::Balance,
    )| {
        (
            account.id.to_string(),
            account.currency,
            low.available,
            low.date,
        )
    };
    let losses = LossClass::ALL
        .map(|class| (class, lost::count(&view.facts.losses, class)))
        .to_vec();
    FirstScreen {
        losses,
        top_up,
        lowest: lows.iter().take(LOWS).map(low).collect(),
        spend,
        run: spend::run_sums(view),
    }
}

/// The balances of the accounts in the greatest need.
fn lines(view: &MonthView<'_>) -> Vec<BalanceLine> {
    let period = view.facts.period;
    let last = period.ahead.yesterday().min(view.book.days.to);
    let accounts = view.book.accounts.iter().zip(&view.facts.accounts);
    let mut lines: Vec<(Money, BalanceLine)> = accounts
        .filter_map(|(account, month)| {
            let room = month.low_ahead?.available - account.alert_below.unwrap_or(Money::ZERO);
            let line = BalanceLine {
                account: account.id.to_string(),
                currency: account.currency,
                days: (period.days.from, last),
                points: month.line.clone(),
                alert_below: account.alert_below,
            };
            (!line.points.is_empty()).then_some((room, line))
        })
        .collect();
    lines.sort_by_key(|(room, _)| *room);
    lines.truncate(LINES);
    lines.into_iter().map(|(_, line)| line).collect()
}

/// What ran: the hashes of the inputs, of the ledger and of the profiles.
fn provenance(sources: &Sources<'_>) -> ReportTable {
    let mut lines = vec![
        (
            "program".to_owned(),
            format!("renewcast {}", sources.version),
        ),
        ("book".to_owned(), sources.book.name.to_string()),
        (
            "scenario".to_owned(),
            sources.scenario.unwrap_or("none").to_owned(),
        ),
        (
            "run".to_owned(),
            format!("{} to {}", sources.book.days.from, sources.book.days.to),
        ),
        (
            "default profile".to_owned(),
            sources.book.default_profile().name.to_string(),
        ),
        ("ledger.csv".to_owned(), sources.facts.ledger_hash.clone()),
    ];
    lines.extend(
        sources
            .inputs
            .iter()
            .map(|(name, hash)| (format!("input {name}"), hash.clone())),
    );
    let profiles = sources.book.profiles.iter();
    lines.extend(profiles.map(|one| {
        (
            format!("profile {}", one.name),
            hash(profile::toml(one).as_bytes()),
        )
    }));
    let rates = sources.book.rates.iter();
    lines.extend(rates.map(|rate| (format!("rate of {}", rate.currency), rate.rate.to_string())));
    if let Some(last) = &sources.last {
        lines.push((
            "last report".to_owned(),
            format!(
                "{} to {}, ledger.csv {}",
                last.days.from, last.days.to, last.ledger_hash
            ),
        ));
    }
    ReportTable {
        name: "run".to_owned(),
        title: "What ran".to_owned(),
        about: "Hashes are SHA-256. The same inputs give the same report, byte for byte; `renewcast verify` proves the ledger.".to_owned(),
        columns: vec![text_column("what", "What"), text_column("value", "Value")],
        rows: lines.into_iter().map(|(what, value)| vec![TableCell::Text(what), TableCell::Text(value)]).collect(),
        is_whole: true,
    }
}

/// The name of a column as part of that of its table.
fn plain(text: &str) -> String {
    super::names::part(&text.replace([':', '_'], "-"), 0)
}
