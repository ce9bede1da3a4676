//! The charts of a run: which ones there are, and what each shows. Never draws.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::parallel::prelude::*;

use super::chart::{
    BalanceOverTime, Chart, ChartError, ChartHeading, Format, InstancesByState, LossRow,
    LossTimeline, Mark, Series, SpendByMonth, StateCounts, StateSpan,
};
use super::monthly::{GroupSpend, SpendTable};
use super::names::{UniqueNames, part};
use crate::analysis::summary::{AccountSummary, Summary};
use crate::engine::event::Event;
use crate::engine::ledger::Entry;
use crate::engine::{self, Window};
use crate::model::account::{Account, AccountIndex};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::{ChargeType, Instance, InstanceIndex, State};
use crate::model::money::{Currency, Money};

/// The folder of charts.
pub const FOLDER: &str = "charts";
/// The most values that are stacked; the smallest are drawn together.
const MAX_STACKED: usize = 8;
/// The most accounts with a chart of their balance, the lowest first.
const MAX_BALANCES: usize = 12;
/// The most lost instances that are drawn.
const MAX_LOSSES: usize = 40;

/// A picture with the name of its file, without ending.
pub struct NamedChart {
    /// The name, made of letters, digits, dots, dashes and underscores.
    pub name: String,
    chart: Box<dyn Chart>,
}

impl NamedChart {
    pub(super) fn new(name: String, chart: impl Chart + 'static) -> Self {
        let chart = Box::new(chart);
        Self { name, chart }
    }
}

/// The files of pictures, each in both formats, in the folder of charts.
///
/// # Errors
/// The drawing library failed; data never causes it.
pub fn draw_all(pictures: &[NamedChart]) -> Result<Vec<(String, Vec<u8>)>, ChartError> {
    let formats = [(Format::Svg, "svg"), (Format::Png, "png")];
    let files = pictures
        .par_iter()
        .flat_map_iter(|picture| formats.map(|(format, ending)| (picture, format, ending)));
    let files = files.map(|(picture, format, ending)| {
        let name = format!("{FOLDER}/{}.{ending}", picture.name);
        Ok((name, picture.chart.render(format)?))
    });
    files.collect()
}

/// The charts of a run. Spend is stacked by the values of the column with this name. The accounts of which rows are
/// drawn are replayed once more: of the run itself the states alone are at hand.
pub fn of_run(
    book: &Book,
    states: States<'_>,
    summary: &Summary,
    column: &str,
    spend: &SpendTable,
) -> Vec<NamedChart> {
    let accounts = summary.accounts.iter();
    let mut short: Vec<&AccountSummary> = accounts.filter(|account| account.is_short).collect();
    short.sort_by_key(|account| (account.lowest.available, account.account));
    short.truncate(MAX_BALANCES);
    let short: Vec<AccountIndex> = short.iter().map(|account| account.account).collect();
    let lost = states.lost();
    let drawn = &lost[..lost.len().min(MAX_LOSSES)];
    let mut stories = Stories::stories_of(book, &short, drawn);
    let mut pictures = Vec::new();
    for (currency, values) in spend {
        pictures.push(spend_by_month(book, *currency, column, values));
    }
    pictures.push(states.picture());
    pictures.push(losses(book, drawn, &stories, lost.len()));
    let mut names = UniqueNames::of_files();
    for account in short {
        let name = part(book.account(account).id.as_str(), account.0);
        let name = names.take(&format!("balance-{name}"));
        pictures.push(NamedChart::new(name, stories.balance(book, account)));
    }
    pictures
}

fn heading(book: &Book, what: &str, subtitle: String) -> ChartHeading {
    ChartHeading {
        title: format!("{what} · {}", book.name),
        subtitle,
    }
}

/// The heading of a chart of an account's balance.
pub(super) fn heading_of_account(book: &Book, what: &str, account: &Account) -> ChartHeading {
    let (range, currency) = (range(book), account.currency);
    heading(
        book,
        what,
        format!("{range}, at the end of each day, {currency}"),
    )
}

fn range(book: &Book) -> String {
    format!("{} to {}", book.days.from, book.days.to)
}

type Months = BTreeMap<Day, GroupSpend>;

fn spend_by_month(
    book: &Book,
    currency: Currency,
    column: &str,
    values: &BTreeMap<Option<String>, Months>,
) -> NamedChart {
    let months: Vec<Day> = book.days.months().collect();
    let mut ranked: Vec<(&Option<String>, &Months)> = values.iter().collect();
    ranked.sort_by_key(|(value, months)| (Reverse(total(months)), *value));
    let others = ranked.split_off(ranked.len().min(MAX_STACKED));
    let mut series = Vec::new();
    for (value, sums) in ranked {
        let label = value.clone().unwrap_or_else(|| "(none)".to_owned());
        series.push(series_of(label, &months, &[sums]));
    }
    let rest = (!others.is_empty()).then(|| {
        let label = format!("{} others", others.len());
        let others: Vec<&Months> = others.iter().map(|(_, sums)| *sums).collect();
        series_of(label, &months, &others)
    });
    let range = range(book);
    let subtitle = format!("{range}, renewals and usage by {column}, {currency}");
    let chart = SpendByMonth {
        heading: heading(book, "Spend by month", subtitle),
        currency,
        months,
        series,
        rest,
    };
    let mut accounts = book.accounts.iter();
    let name = match accounts.all(|account| account.currency == currency) {
        true => "spend".to_owned(),
        false => format!("spend-{currency}"),
    };
    NamedChart::new(name, chart)
}

fn total(months: &Months) -> Money {
    months.values().map(GroupSpend::total).sum()
}

/// What some values come to in each month.
fn series_of(label: String, months: &[Day], sums: &[&Months]) -> Series {
    let mut amounts = Vec::new();
    for month in months {
        let of_month = sums.iter().filter_map(|sums| sums.get(month));
        let total: Money = of_month.map(GroupSpend::total).sum();
        amounts.push(total.minor());
    }
    Series { label, amounts }
}

/// What is drawn row by row: the balances and losses of some accounts, the states of some instances.
struct Stories {
    balances: BalancesByDay,
    losses: BTreeMap<AccountIndex, BTreeMap<(Day, Event), DayLosses>>,
    states: BTreeMap<InstanceIndex, StateHistory>,
}

/// What happened on a day, to which instance first, and to how many.
struct DayLosses {
    first: InstanceIndex,
    count: usize,
}

/// The states of an instance, each with the day on which it began.
type StateHistory = Vec<(Day, State)>;

/// What is available at the ends of days, by account.
type BalancesByDay = BTreeMap<AccountIndex, Vec<(Day, i64)>>;

/// What some accounts have available at the ends of days, to the last day of the run.
pub(super) fn available_by_day(book: &Book, accounts: &BTreeSet<AccountIndex>) -> BalancesByDay {
    let mut balances = BalancesByDay::new();
    replay_accounts(book, accounts, |window| add_balances(&mut balances, window));
    extend_to_end(book, &mut balances);
    balances
}

fn replay_accounts(book: &Book, accounts: &BTreeSet<AccountIndex>, mut look: impl FnMut(&Window)) {
    let mut run = engine::open_accounts(book, accounts);
    let mut window = Window::default();
    while run
        .advance(&mut window)
        .expect("these accounts have been replayed before")
    {
        look(&window);
    }
}

fn add_balances(balances: &mut BalancesByDay, window: &Window) {
    for balance in window.balances() {
        let points = balances.entry(balance.account).or_default();
        points.push((balance.date, balance.available.minor()));
    }
}

/// Lets the last balance of each account hold to the end of the run.
fn extend_to_end(book: &Book, balances: &mut BalancesByDay) {
    let end = book.days.to;
    for points in balances.values_mut() {
        if let Some(&(_, amount)) = points.last().filter(|(day, _)| *day < end) {
            points.push((end, amount));
        }
    }
}

impl Stories {
    fn stories_of(book: &Book, accounts: &[AccountIndex], instances: &[InstanceIndex]) -> Self {
        let mut stories = Self {
            balances: BalancesByDay::new(),
            losses: accounts.iter().map(|one| (*one, BTreeMap::new())).collect(),
            states: BTreeMap::new(),
        };
        let mut watched: BTreeSet<AccountIndex> = accounts.iter().copied().collect();
        for instance in instances {
            watched.insert(book.instance(*instance).account);
            stories
                .states
                .insert(*instance, opening_state(book, *instance));
        }
        replay_accounts(book, &watched, |window| {
            add_balances(&mut stories.balances, window);
            window.entries().for_each(|entry| stories.add_entry(entry));
        });
        extend_to_end(book, &mut stories.balances);
        stories
    }

    fn add_entry(&mut self, entry: &Entry) {
        let (Some(account), Some(instance)) = (entry.account, entry.instance) else {
            return;
        };
        if let (Some(losses), Some(_)) = (self.losses.get_mut(&account), led_to(entry.event)) {
            let first = DayLosses {
                first: instance,
                count: 0,
            };
            let of_day = losses.entry((entry.date, entry.event));
            of_day.or_insert(first).count += 1;
        }
        if let (Some(history), Some(state)) = (self.states.get_mut(&instance), entry.state)
            && history.last().is_none_or(|(_, last)| *last != state)
        {
            history.push((entry.date, state));
        }
    }

    fn balance(&mut self, book: &Book, index: AccountIndex) -> BalanceOverTime {
        let account = book.account(index);
        let mut marks = Vec::new();
        for ((day, event), losses) in self.losses.remove(&index).into_iter().flatten() {
            marks.extend(led_to(event).map(|state| Mark {
                day,
                state,
                label: book.instance(losses.first).id.to_string(),
                count: losses.count,
            }));
        }
        let what = format!("Available balance of {}", account.id);
        BalanceOverTime {
            heading: heading_of_account(book, &what, account),
            currency: account.currency,
            points: self.balances.remove(&index).unwrap_or_default(),
            alert_below: account.alert_below.map(Money::minor),
            marks,
        }
    }
}

/// The state at the opening; a start has no row.
fn opening_state(book: &Book, index: InstanceIndex) -> StateHistory {
    let instance = book.instance(index);
    let state = instance.state.map(|state| (book.days.from, state));
    let start = start(book, instance).map(|day| (day, State::Running));
    state.or(start).into_iter().collect()
}

/// The day on which a postpaid instance starts in the run, which has no row.
fn start(book: &Book, instance: &Instance) -> Option<Day> {
    let start = instance.starts_on.filter(|day| book.days.contains(*day))?;
    (instance.charge_type == ChargeType::Postpaid).then_some(start)
}

/// The state to which want of money leads; a failed renewal is on the way to overdue.
fn led_to(event: Event) -> Option<State> {
    match event {
        Event::RenewalFailed => Some(State::Overdue),
        Event::Stopped => Some(State::Stopped),
        Event::Reclaimed => Some(State::Reclaimed),
        Event::Terminated => Some(State::Terminated),
        _ => None,
    }
}

/// An instance in a state.
#[derive(Clone, Copy, Debug)]
pub struct StateChange {
    instance: InstanceIndex,
    state: State,
}

/// The states of all instances as days pass.
pub struct States<'b> {
    book: &'b Book,
    /// For each instance its state, and the day on which it came into it.
    now: Vec<Option<(Day, State)>>,
    counts: StateCounts,
    /// The counts at the ends of days on which they changed.
    days: Vec<(Day, StateCounts)>,
    /// Starts of postpaid instances, the last one first.
    starts: Vec<(Day, InstanceIndex)>,
}

impl<'b> States<'b> {
    /// The states at the opening.
    pub fn states_over(book: &'b Book) -> Self {
        let from = book.days.from;
        let mut states = Self {
            book,
            now: Vec::with_capacity(book.instances.len()),
            counts: StateCounts::default(),
            days: Vec::new(),
            starts: Vec::new(),
        };
        for (index, instance) in (0u32..).map(InstanceIndex).zip(&book.instances) {
            if let Some(state) = instance.state {
                *states.counts.of_state(state) += 1;
            }
            states.now.push(instance.state.map(|state| (from, state)));
            let start = start(book, instance);
            states.starts.extend(start.map(|day| (day, index)));
        }
        states.days.push((from.yesterday(), states.counts));
        states.starts.sort_unstable_by_key(|start| Reverse(*start));
        states
    }

    /// What a row says about the state of its instance; nothing where hours are charged.
    pub fn change_in(entry: &Entry) -> Option<StateChange> {
        let (instance, state) = entry.instance.zip(entry.state)?;
        (entry.event != Event::Usage).then_some(StateChange { instance, state })
    }

    /// Adds what rows of a day say, each after those before it.
    pub fn count_changes(&mut self, day: Day, changes: &[Option<StateChange>]) {
        for change in changes.iter().flatten() {
            self.pass(day);
            self.change(day, change.instance, change.state);
        }
    }

    /// Lets the days up to this one pass.
    pub fn pass(&mut self, day: Day) {
        while let Some((start, instance)) = self.starts.pop_if(|(start, _)| *start <= day) {
            self.change(start, instance, State::Running);
        }
    }

    fn change(&mut self, day: Day, instance: InstanceIndex, state: State) {
        let known = &mut self.now[instance.0 as usize];
        if known.is_none_or(|(_, known)| known != state) {
            if let Some((_, before)) = known.replace((day, state)) {
                *self.counts.of_state(before) -= 1;
            }
            *self.counts.of_state(state) += 1;
        }
        match self.days.last_mut() {
            Some((last, known)) if *last == day => *known = self.counts,
            _ => self.days.push((day, self.counts)),
        }
    }

    /// The instances that end the run reclaimed, or were terminated in it, by the day on which that came.
    fn lost(&self) -> Vec<InstanceIndex> {
        let now = (0u32..).map(InstanceIndex).zip(&self.now);
        let mut lost = Vec::new();
        for ((index, now), instance) in now.zip(&self.book.instances) {
            if let Some((day, State::Reclaimed | State::Terminated)) = now
                && instance.state != Some(State::Terminated)
            {
                lost.push((*day, index));
            }
        }
        lost.sort_unstable();
        lost.into_iter().map(|(_, index)| index).collect()
    }

    fn picture(mut self) -> NamedChart {
        let to = self.book.days.to;
        if self.days.last().is_some_and(|(day, _)| *day < to) {
            self.days.push((to, self.counts));
        }
        let subtitle = format!("{}, at the end of each day", range(self.book));
        let chart = InstancesByState {
            heading: heading(self.book, "Instances by state", subtitle),
            days: self.days,
        };
        NamedChart::new("states".to_owned(), chart)
    }
}

/// The first of the instances that end the run reclaimed, or were terminated in it.
fn losses(book: &Book, drawn: &[InstanceIndex], stories: &Stories, count: usize) -> NamedChart {
    let mut rows = Vec::new();
    for index in drawn {
        rows.push(loss_row(book, *index, &stories.states[index]));
    }
    let what = "Instances that end reclaimed or terminated";
    let chart = LossTimeline {
        heading: heading(book, what, range(book)),
        from: book.days.from,
        to: book.days.to,
        more: count - drawn.len(),
        rows,
    };
    NamedChart::new("losses".to_owned(), chart)
}

fn loss_row(book: &Book, index: InstanceIndex, history: &[(Day, State)]) -> LossRow {
    let instance = book.instance(index);
    let mut label = instance.id.to_string();
    if let Some(name) = instance.labels.name {
        label += &format!(" {}", book.labels.label_text(name));
    }
    let mut spans: Vec<StateSpan> = Vec::new();
    let mut terminated = None;
    for (at, &(from, state)) in history.iter().enumerate() {
        if state == State::Terminated {
            terminated = Some(from);
            break;
        }
        let next = history.get(at + 1);
        let until = next.map_or(book.days.to.tomorrow(), |(day, _)| *day);
        match spans.last_mut() {
            Some(last) if last.state == state => last.until = until,
            _ if from < until => spans.push(StateSpan { from, until, state }),
            _ => {}
        }
    }
    LossRow {
        label,
        spans,
        terminated,
    }
}
