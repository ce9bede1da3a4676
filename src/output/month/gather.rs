//! One replay folded into everything that a monthly report shows. Memory grows with instances and accounts, and with the
//! rows of the month that are no usage.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use super::accrual::{Accrual, Deferral};
use super::dues::{DueRenewal, DueRenewals};
use super::sums::SpendSums;
use super::table::RowExtent;
use crate::analysis::deadline::{self, Deadline, PriceWatch};
use crate::analysis::demand::{Demand, Detail, Differing, Spending};
use crate::analysis::losses::{Losses, RowMeaning};
use crate::analysis::lost::{self, Lost};
use crate::analysis::summary::Tally;
use crate::analysis::tasks;
use crate::engine::event::Event;
use crate::engine::ledger::{Balance, Entry};
use crate::engine::{RunningReplay, Window};
use crate::model::account::{AccountIndex, Movement};
use crate::model::book::Book;
use crate::model::calendar::{Day, DayRange};
use crate::model::instance::{InstanceIndex, State};
use crate::model::money::{Currency, Money};
use crate::output::csv::{BookTexts, LEDGER_HEADER};
use crate::output::csv_buffers::CsvBuffers;
use crate::output::hash::Hasher;

/// Renewals are shown that come due in so many days.
pub(super) const DUE_DAYS: i32 = 90;
/// So many months are looked ahead.
pub(super) const MONTHS_AHEAD: usize = 12;
/// The balances of at most so many accounts are kept from day to day.
const DRAWN: usize = 20_000;

/// Rows of usage are kept only while no more rows than these are.
const KEPT: usize = 50_000;

/// The days that a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportPeriod {
    /// The first day of the calendar month.
    pub month: Day,
    /// The days of the month that the run has.
    pub days: DayRange,
    /// The first day after the months that are looked ahead.
    pub ahead: Day,
}

impl ReportPeriod {
    /// The calendar month that begins on `month`; none where the run has no day of it.
    pub fn month_of_run(run: DayRange, month: Day) -> Option<Self> {
        let last = month.next_month_start().yesterday();
        let days = DayRange {
            from: month.max(run.from),
            to: last.min(run.to),
        };
        let ahead = (0..MONTHS_AHEAD).fold(month, |day, _| day.next_month_start());
        (!days.is_empty()).then_some(Self { month, days, ahead })
    }

    /// The first day of the month before.
    pub fn before(&self) -> Day {
        self.month.yesterday().month_start()
    }
}

/// What an account does in the month.
#[derive(Clone, Debug, Default)]
pub(super) struct AccountMonth {
    /// Cash and free credit when the month begins, and when it is over.
    pub opening: Money,
    pub closing: Money,
    pub topups: Money,
    pub credits: Money,
    /// The rows with an amount.
    pub rows: RowExtent,
    pub alerts: u64,
    /// The available balance before the month, its lowest in the month, and its last.
    pub before: Option<Balance>,
    pub low: Option<Balance>,
    pub last: Option<Balance>,
    /// The lowest from the beginning of the month to the end of the run.
    pub low_ahead: Option<Balance>,
    /// The available balance at the ends of days, from the beginning of the month on.
    pub line: Vec<(Day, Money)>,
}

/// What a month comes to, in one currency.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RunAhead {
    pub sums: SpendSums,
    pub renewed: u64,
    pub failed: u64,
    pub reclaimed: u64,
    pub terminated: u64,
}

/// Everything that a report shows of a run.
pub struct MonthFacts {
    pub(super) period: ReportPeriod,
    pub(super) this: BTreeMap<InstanceIndex, SpendSums>,
    pub(super) before: BTreeMap<InstanceIndex, SpendSums>,
    pub(super) accounts: Vec<AccountMonth>,
    pub(super) ahead: BTreeMap<(Day, Currency), RunAhead>,
    /// The rows of the month with their numbers.
    pub(super) rows: Vec<(u64, Entry)>,
    /// Whether rows of usage are among them.
    pub(super) has_usage: bool,
    /// The instances that are in the bin, stopped or terminated when the month is over.
    pub(super) gone: BTreeSet<InstanceIndex>,
    pub(super) deferrals: BTreeMap<InstanceIndex, Deferral>,
    pub(super) dues: Vec<DueRenewal>,
    pub(super) deadlines: Vec<Deadline>,
    /// What the whole run costs: as funded, with everything paid that is due, with everything kept.
    pub(super) demand: Demand,
    /// What the run loses, as it looks when the month begins.
    pub(super) losses: Vec<Lost>,
    pub(super) ledger_hash: String,
}

impl MonthFacts {
    /// The days that the report is about.
    pub fn period(&self) -> &ReportPeriod {
        &self.period
    }

    /// The hash of the ledger of the run.
    pub fn ledger_hash(&self) -> &str {
        &self.ledger_hash
    }
}

/// A report's facts in the making.
pub struct Gather<'b> {
    book: &'b Book,
    period: ReportPeriod,
    texts: BookTexts<'b>,
    pages: CsvBuffers,
    hasher: Hasher,
    seq: u64,
    tally: Tally<'b>,
    watch: PriceWatch<'b>,
    meanings: Losses,
    accrual: Accrual,
    dues: DueRenewals<'b>,
    spending: Spending,
    this: BTreeMap<InstanceIndex, SpendSums>,
    before: BTreeMap<InstanceIndex, SpendSums>,
    accounts: Vec<AccountMonth>,
    ahead: BTreeMap<(Day, Currency), RunAhead>,
    rows: Vec<(u64, Entry)>,
    has_usage: bool,
    gone: BTreeSet<InstanceIndex>,
}

impl<'b> Gather<'b> {
    /// Nothing yet.
    pub fn gather_period(book: &'b Book, period: ReportPeriod) -> Self {
        let mut hasher = Hasher::default();
        hasher
            .write_all(LEDGER_HEADER.as_bytes())
            .expect("a hash takes any bytes");
        let due = DayRange {
            from: period.days.from,
            to: period.days.from + (DUE_DAYS - 1),
        };
        let account = |account: &crate::model::account::Account| {
            let opening = account.funds.settled();
            AccountMonth {
                opening,
                closing: opening,
                ..AccountMonth::default()
            }
        };
        Self {
            book,
            period,
            texts: BookTexts::texts_of_book(book),
            pages: CsvBuffers::default(),
            hasher,
            seq: 0,
            tally: Tally::for_book(book),
            watch: PriceWatch::watch_book(book),
            meanings: Losses::losses_of_book(book),
            accrual: Accrual::accrue_month(book, period.days),
            dues: DueRenewals::dues_in(book, due),
            spending: Spending::of_all(book, Detail::Instances),
            this: BTreeMap::new(),
            before: BTreeMap::new(),
            accounts: book.accounts.iter().map(account).collect(),
            ahead: BTreeMap::new(),
            rows: Vec::new(),
            has_usage: true,
            gone: BTreeSet::new(),
        }
    }

    /// Adds the next window of the run.
    pub fn gather_window(&mut self, window: &Window) {
        self.texts
            .ledger(self.seq + 1, window.runs(), &mut self.pages);
        self.pages.iter().for_each(|bytes| {
            self.hasher
                .write_all(bytes)
                .expect("a hash takes any bytes")
        });
        self.tally
            .tally_entries(window.entries(), window.balances());
        self.watch.see_window(window);
        self.spending.spend_entries(window.entries());
        for entry in window.entries() {
            self.seq += 1;
            self.accrual.accrue(self.book, entry);
            self.dues.follow_entry(self.seq, entry);
            self.add_entry(self.seq, entry);
        }
        window
            .balances()
            .for_each(|balance| self.add_balance(*balance));
    }

    fn add_entry(&mut self, seq: u64, entry: &Entry) {
        let days = self.period.days;
        if days.contains(entry.date) {
            self.keep(seq, entry);
        }
        let meaning = self.meanings.meaning_of_entry(entry);
        let Some(account) = entry.account else { return };
        if let (Some(instance), Some(state), true) =
            (entry.instance, entry.state, entry.date <= days.to)
        {
            match state {
                State::Running | State::Overdue => self.gone.remove(&instance),
                State::Reclaimed | State::Stopped | State::Terminated => self.gone.insert(instance),
            };
        }
        if entry.date >= self.period.before() && entry.date <= days.to {
            let sums = if entry.date < self.period.month {
                &mut self.before
            } else {
                &mut self.this
            };
            if let Some(instance) = entry.instance.filter(|_| entry.movement.is_some()) {
                sums.entry(instance).or_default().sum_entry(seq, entry);
            }
        }
        self.add_to_account(account, seq, entry);
        if (self.period.month..self.period.ahead).contains(&entry.date) {
            self.add_ahead(account, (seq, entry), meaning);
        }
    }

    /// Keeps a row of the month; all rows of usage, or none where there are too many.
    fn keep(&mut self, seq: u64, entry: &Entry) {
        let is_usage = entry.event == Event::Usage;
        if is_usage && self.has_usage && self.rows.len() >= KEPT {
            self.has_usage = false;
            self.rows.retain(|(_, entry)| entry.event != Event::Usage);
        }
        if !is_usage || self.has_usage {
            self.rows.push((seq, *entry));
        }
    }

    fn add_to_account(&mut self, account: AccountIndex, seq: u64, entry: &Entry) {
        let days = self.period.days;
        let month = &mut self.accounts[account.0 as usize];
        if entry.date < days.from {
            month.opening = entry.balance;
        }
        if entry.date <= days.to {
            month.closing = entry.balance;
        }
        if !days.contains(entry.date) {
            return;
        }
        let amount = entry.movement.map(Movement::amount);
        match entry.event {
            Event::TopUp => month.topups += amount.unwrap_or_default(),
            Event::Credit => month.credits += amount.unwrap_or_default(),
            Event::BalanceAlert | Event::ArrearsForecast => month.alerts += 1,
            _ => {}
        }
        amount.into_iter().for_each(|_| month.rows.extend_to(seq));
    }

    fn add_ahead(
        &mut self,
        account: AccountIndex,
        (seq, entry): (u64, &Entry),
        meaning: Option<RowMeaning>,
    ) {
        let currency = self.book.account(account).currency;
        let month = self
            .ahead
            .entry((entry.date.month_start(), currency))
            .or_default();
        month.sums.sum_entry(seq, entry);
        match meaning {
            Some(RowMeaning::Fails | RowMeaning::FailsAgain) => month.failed += 1,
            Some(RowMeaning::Reclaimed | RowMeaning::Stopped) => month.reclaimed += 1,
            Some(RowMeaning::Lost) => month.terminated += 1,
            _ => {}
        }
        if matches!(entry.event, Event::Renewed | Event::Recovered) {
            month.renewed += 1;
        }
    }

    fn add_balance(&mut self, balance: Balance) {
        let days = self.period.days;
        let is_drawn = self.accounts.len() <= DRAWN && balance.date < self.period.ahead;
        let month = &mut self.accounts[balance.account.0 as usize];
        let lower = |low: Option<Balance>| match low {
            Some(low) if low.available <= balance.available => Some(low),
            _ => Some(balance),
        };
        if balance.date < days.from {
            let at_start = Balance {
                date: days.from.yesterday(),
                ..balance
            };
            month.before = Some(at_start);
            (month.low, month.last, month.low_ahead) =
                (Some(at_start), Some(balance), Some(at_start));
            month.line = if is_drawn {
                vec![(days.from.yesterday(), balance.available)]
            } else {
                Vec::new()
            };
            return;
        }
        if balance.date <= days.to {
            month.low = lower(month.low);
            month.last = Some(balance);
        }
        month.low_ahead = lower(month.low_ahead);
        if is_drawn {
            month.line.push((balance.date, balance.available));
        }
    }

    /// Everything, once the last window has been added; replays again the accounts in which ample cash would make a difference.
    pub fn into_facts(self, run: &RunningReplay<'_>) -> MonthFacts {
        let Self {
            book,
            period,
            this,
            before,
            accounts,
            ahead,
            rows,
            has_usage,
            gone,
            ..
        } = self;
        let dues = self
            .dues
            .into_dues(|instance| self.watch.next_price(instance));
        let summary = self.tally.into_summary();
        MonthFacts {
            period,
            this,
            before,
            accounts,
            ahead,
            rows,
            has_usage,
            gone,
            deferrals: self.accrual.into_deferrals(),
            dues,
            deadlines: deadline::deadlines(book, &tasks::list(book, &summary)),
            demand: Demand::from_spent(
                book,
                self.spending.into_spent(),
                &Differing::accounts_that_differ(run),
                Detail::Instances,
            ),
            losses: lost::losses(book, run.gone(), &summary.ended, period.days.from),
            ledger_hash: self.hasher.hex(),
        }
    }
}
