//! The charts of a run: which ones there are, and what each shows.

use std::collections::BTreeMap;

use super::chart::{
    self, BalanceOverTime, ChartError, Format, InstancesByState, LossRow, LossTimeline, Mark, MarkKind, Series, Span,
    SpendByMonth, StateCounts,
};
use super::monthly::SpendTable;
use crate::account::AccountIndex;
use crate::book::Book;
use crate::calendar::Day;
use crate::engine::Replay;
use crate::event::Event;
use crate::instance::{ChargeType, InstanceIndex, State};
use crate::ledger::{Balance, Entry};
use crate::money::{Currency, Money};
use crate::summary::{AccountSummary, Summary};

/// At most so many values are stacked; the smallest are drawn together.
const STACKED: usize = 8;
/// At most so many accounts get a chart of their balance, the lowest first.
const ACCOUNTS: usize = 12;
/// At most so many lost instances are drawn.
const LOSSES: usize = 40;

/// A picture with the name of its file, without ending.
pub struct Picture {
    /// The name, made of letters, digits, dots, dashes and underscores.
    pub name: String,
    shape: Shape,
}

enum Shape {
    Spend(SpendByMonth),
    Balance(BalanceOverTime),
    States(InstancesByState),
    Losses(LossTimeline),
}

impl Picture {
    /// The bytes of the picture.
    ///
    /// # Errors
    /// The drawing library failed; data never causes it.
    pub fn draw(&self, format: Format) -> Result<Vec<u8>, ChartError> {
        match &self.shape {
            Shape::Spend(chart) => chart.draw(format),
            Shape::Balance(chart) => chart.draw(format),
            Shape::States(chart) => chart.draw(format),
            Shape::Losses(chart) => chart.draw(format),
        }
    }
}

/// The charts of a run. Spend is stacked by the values of the column with this name.
pub fn of_run(book: &Book, replay: &Replay, summary: &Summary, column: &str, spend: &SpendTable) -> Vec<Picture> {
    let mut pictures: Vec<Picture> =
        spend.iter().map(|(currency, values)| spend_by_month(book, *currency, column, values)).collect();
    let changes = changes(book, replay);
    pictures.push(instances_by_state(book, &changes));
    pictures.push(losses(book, &changes));
    let mut short: Vec<&AccountSummary> = summary.accounts.iter().filter(|account| account.is_short).collect();
    short.sort_by_key(|account| (account.lowest.available, account.account));
    pictures.extend(short.iter().take(ACCOUNTS).map(|account| balance_over_time(book, replay, account.account)));
    pictures
}

fn title(book: &Book, what: &str) -> String {
    format!("{what} · {}", book.name)
}

fn range(book: &Book) -> String {
    format!("{} to {}", book.days.from, book.days.to)
}

fn of_chart(currency: Currency) -> chart::Currency {
    chart::Currency { code: currency.code().to_owned(), digits: currency.digits() }
}

type Months = BTreeMap<Day, super::monthly::Spend>;

fn spend_by_month(book: &Book, currency: Currency, column: &str, values: &BTreeMap<Option<String>, Months>) -> Picture {
    let months: Vec<Day> = book.days.months().collect();
    let series = |label: String, sums: &[&Months]| {
        let of_month =
            |month: &Day| sums.iter().filter_map(|months| months.get(month)).map(|spend| spend.total()).sum();
        Series { label, amounts: months.iter().map(|month| Money::minor(of_month(month))).collect() }
    };
    let total = |months: &Months| months.values().map(super::monthly::Spend::total).sum::<Money>();
    let mut ranked: Vec<(&Option<String>, &Months)> = values.iter().collect();
    ranked.sort_by_key(|(value, months)| (std::cmp::Reverse(total(months)), *value));
    let (shown, rest) = ranked.split_at(ranked.len().min(STACKED));
    let label = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".to_owned());
    let others: Vec<&Months> = rest.iter().map(|(_, months)| *months).collect();
    let chart = SpendByMonth {
        title: title(book, "Spend by month"),
        subtitle: format!("{}, renewals and usage by {column}, {}", range(book), currency.code()),
        currency: of_chart(currency),
        months: months.iter().map(|month| month.date()).collect(),
        series: shown.iter().map(|(value, months)| series(label(value), &[months])).collect(),
        rest: (!others.is_empty()).then(|| series(format!("{} others", others.len()), &others)),
    };
    let one = book.accounts.iter().all(|account| account.currency == currency);
    let name = if one { "spend".to_owned() } else { format!("spend-{}", currency.code()) };
    Picture { name, shape: Shape::Spend(chart) }
}

fn balance_over_time(book: &Book, replay: &Replay, index: AccountIndex) -> Picture {
    let account = book.account(index);
    let noted: Vec<&Balance> = replay.ledger.balances.iter().filter(|balance| balance.account == index).collect();
    let mut points: Vec<_> = noted.iter().map(|one| (one.date.date(), one.available.minor())).collect();
    if let Some((_, last)) = points.last().copied().filter(|(day, _)| *day < book.days.to.date()) {
        points.push((book.days.to.date(), last));
    }
    let entries = replay.ledger.entries.iter().filter(|entry| entry.account == Some(index));
    let chart = BalanceOverTime {
        title: title(book, &format!("Available balance of {}", account.id)),
        subtitle: format!("{}, at the end of each day, {}", range(book), account.currency.code()),
        currency: of_chart(account.currency),
        points,
        alert_below: account.alert_below.map(Money::minor),
        marks: entries.filter_map(|entry| mark(book, entry)).collect(),
    };
    Picture { name: format!("balance-{}", file_name(account.id.as_str(), index.0)), shape: Shape::Balance(chart) }
}

fn mark(book: &Book, entry: &Entry) -> Option<Mark> {
    let kind = match entry.event {
        Event::RenewalFailed => MarkKind::RenewalFailed,
        Event::Stopped => MarkKind::Stopped,
        Event::Reclaimed => MarkKind::Reclaimed,
        Event::Terminated => MarkKind::Terminated,
        _ => return None,
    };
    Some(Mark { day: entry.date.date(), kind, label: book.instance(entry.instance?).id.to_string() })
}

/// An id as part of a file name: other characters become underscores, and the number tells two such names apart.
fn file_name(id: &str, number: u32) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let plain: String = id.chars().take(60).map(|c| if is_plain(c) { c } else { '_' }).collect();
    if plain == id { plain } else { format!("{plain}-{number}") }
}

fn of_chart_state(state: State) -> chart::State {
    match state {
        State::Running => chart::State::Running,
        State::Overdue => chart::State::Overdue,
        State::Reclaimed => chart::State::Reclaimed,
        State::Stopped => chart::State::Stopped,
        State::Terminated => chart::State::Terminated,
    }
}

/// The state in which an instance is from a day on.
type Change = (Day, InstanceIndex, State);

/// Every change of state of a run, in the order of days: rows of the ledger, and starts, which have no row.
fn changes(book: &Book, replay: &Replay) -> Vec<Change> {
    let rows = replay.ledger.entries.iter().filter(|entry| entry.event != Event::Usage);
    let rows = rows.filter_map(|entry| Some((entry.date, entry.instance?, entry.state?)));
    let starts = (0u32..).map(InstanceIndex).zip(&book.instances).filter_map(|(index, instance)| {
        let start = instance.starts_on.filter(|day| book.days.contains(*day))?;
        (instance.charge_type == ChargeType::Postpaid).then_some((start, index, State::Running))
    });
    let mut changes: Vec<_> = starts.chain(rows).collect();
    changes.sort_by_key(|(day, ..)| *day);
    changes
}

fn instances_by_state(book: &Book, changes: &[Change]) -> Picture {
    let mut states: Vec<Option<State>> = book.instances.iter().map(|instance| instance.state).collect();
    let mut counts = StateCounts::default();
    for state in states.iter().flatten() {
        *count(&mut counts, *state) += 1;
    }
    let mut days = vec![(book.days.from.yesterday().date(), counts)];
    for &(day, instance, state) in changes {
        let known = &mut states[instance.0 as usize];
        if let Some(before) = known.replace(state) {
            *count(&mut counts, before) -= 1;
        }
        *count(&mut counts, state) += 1;
        match days.last_mut() {
            Some((last, known)) if *last == day.date() => *known = counts,
            _ => days.push((day.date(), counts)),
        }
    }
    if days.last().is_some_and(|(day, _)| *day < book.days.to.date()) {
        days.push((book.days.to.date(), counts));
    }
    let chart = InstancesByState {
        title: title(book, "Instances by state"),
        subtitle: format!("{}, at the end of each day", range(book)),
        days,
    };
    Picture { name: "states".to_owned(), shape: Shape::States(chart) }
}

fn count(counts: &mut StateCounts, state: State) -> &mut u32 {
    match state {
        State::Running => &mut counts.running,
        State::Overdue => &mut counts.overdue,
        State::Reclaimed => &mut counts.reclaimed,
        State::Stopped => &mut counts.stopped,
        State::Terminated => &mut counts.terminated,
    }
}

/// The states of an instance, each with the day on which it began.
type Life = Vec<(Day, State)>;

/// The instances that end the run reclaimed, or were terminated in it.
fn losses(book: &Book, changes: &[Change]) -> Picture {
    let mut lives: BTreeMap<InstanceIndex, Life> = BTreeMap::new();
    for &(day, instance, state) in changes {
        lives.entry(instance).or_default().push((day, state));
    }
    for (index, instance) in (0u32..).map(InstanceIndex).zip(&book.instances) {
        if instance.state == Some(State::Reclaimed) {
            lives.entry(index).or_default();
        }
    }
    let mut lost: Vec<(Option<Day>, InstanceIndex, Life)> = Vec::new();
    for (index, mut life) in lives {
        if let Some(state) = book.instance(index).state {
            life.insert(0, (book.days.from, state));
        }
        let last = life.last().copied();
        let ended = matches!(last, Some((_, State::Reclaimed | State::Terminated)));
        if ended && book.instance(index).state != Some(State::Terminated) {
            lost.push((last.map(|(day, _)| day), index, life));
        }
    }
    lost.sort_by_key(|(day, index, _)| (*day, *index));
    let rows: Vec<LossRow> = lost.iter().take(LOSSES).map(|(_, index, life)| loss_row(book, *index, life)).collect();
    let chart = LossTimeline {
        title: title(book, "Instances that end reclaimed or terminated"),
        subtitle: range(book),
        from: book.days.from.date(),
        to: book.days.to.date(),
        more: lost.len() - rows.len(),
        rows,
    };
    Picture { name: "losses".to_owned(), shape: Shape::Losses(chart) }
}

fn loss_row(book: &Book, index: InstanceIndex, life: &[(Day, State)]) -> LossRow {
    let instance = book.instance(index);
    let name = instance.labels.name.map(|name| format!(" {}", book.labels.text(name)));
    let ends = life.iter().skip(1).map(|(day, _)| *day).chain([book.days.to.tomorrow()]);
    let mut spans: Vec<Span> = Vec::new();
    let mut terminated = None;
    for ((from, state), until) in life.iter().zip(ends) {
        if *state == State::Terminated {
            terminated = Some(from.date());
            break;
        }
        let state = of_chart_state(*state);
        match spans.last_mut().filter(|last| last.state == state) {
            Some(last) => last.until = until.date(),
            None if *from < until => spans.push(Span { from: from.date(), until: until.date(), state }),
            None => {}
        }
    }
    LossRow { label: format!("{}{}", instance.id, name.unwrap_or_default()), spans, terminated }
}
