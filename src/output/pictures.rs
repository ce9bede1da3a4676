//! The charts of a run: which ones there are, and what each shows.

use std::collections::{BTreeMap, BTreeSet};

use crate::parallel::prelude::*;
use chrono::NaiveDate;

use super::chart::{
    self, AgainstBase, BalanceOverTime, ChartError, Format, Frontier, InstancesByState, LossRow,
    LossTimeline, Mark, MarkKind, Series, SpendByMonth, StateCounts, StateSpan,
};
use super::monthly::SpendTable;
use super::names::{UniqueNames, part};
use crate::analysis::summary::{AccountSummary, Summary};
use crate::engine::event::Event;
use crate::engine::ledger::{Balance, Entry};
use crate::engine::{self, Window};
use crate::model::account::AccountIndex;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::{ChargeType, Instance, InstanceIndex, State};
use crate::model::money::{Currency, Money};

/// The folder of charts.
pub const FOLDER: &str = "charts";
/// At most so many values are stacked; the smallest are drawn together.
const STACKED: usize = 8;
/// At most so many accounts get a chart of their balance, the lowest first.
const ACCOUNTS: usize = 12;
/// At most so many lost instances are drawn.
const LOSSES: usize = 40;

/// A picture with the name of its file, without ending.
pub struct NamedChart {
    /// The name, made of letters, digits, dots, dashes and underscores.
    pub name: String,
    shape: ChartData,
}

enum ChartData {
    Spend(SpendByMonth),
    Balance(BalanceOverTime),
    States(InstancesByState),
    Losses(LossTimeline),
    Against(AgainstBase),
    Frontier(Frontier),
}

impl NamedChart {
    /// A picture of many runs.
    pub(super) fn of_frontier(chart: Frontier) -> Self {
        Self {
            name: "frontier".to_owned(),
            shape: ChartData::Frontier(chart),
        }
    }

    /// A picture of runs side by side.
    pub(super) fn against_base(name: String, chart: AgainstBase) -> Self {
        Self {
            name,
            shape: ChartData::Against(chart),
        }
    }

    /// The bytes of the picture.
    ///
    /// # Errors
    /// The drawing library failed; data never causes it.
    pub fn draw_chart(&self, format: Format) -> Result<Vec<u8>, ChartError> {
        match &self.shape {
            ChartData::Spend(chart) => chart.render(format),
            ChartData::Balance(chart) => chart.render(format),
            ChartData::States(chart) => chart.render(format),
            ChartData::Losses(chart) => chart.render(format),
            ChartData::Against(chart) => chart.render(format),
            ChartData::Frontier(chart) => chart.render(format),
        }
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
        .flat_map_iter(|picture| formats.map(|format| (picture, format)));
    let files = files.map(|(picture, (format, ending))| {
        Ok((
            format!("{FOLDER}/{}.{ending}", picture.name),
            picture.draw_chart(format)?,
        ))
    });
    files.collect()
}

/// The charts of a run. Spend is stacked by the values of the column with this name. The accounts of which rows are
/// drawn are replayed once more: nothing but the states was kept of the run.
pub fn of_run(
    book: &Book,
    states: States<'_>,
    summary: &Summary,
    (column, spend): (&str, &SpendTable),
) -> Vec<NamedChart> {
    let mut short: Vec<&AccountSummary> = summary
        .accounts
        .iter()
        .filter(|account| account.is_short)
        .collect();
    short.sort_by_key(|account| (account.lowest.available, account.account));
    let short: Vec<AccountIndex> = short
        .iter()
        .take(ACCOUNTS)
        .map(|account| account.account)
        .collect();
    let lost = states.lost();
    let shown = lost.iter().take(LOSSES).copied();
    let stories = InstanceStories::stories_of(book, &short, shown);
    let mut pictures: Vec<NamedChart> = spend
        .iter()
        .map(|(currency, values)| spend_by_month(book, *currency, column, values))
        .collect();
    pictures.push(states.picture());
    pictures.push(losses(book, &stories, lost.len()));
    let mut names = UniqueNames::of_files();
    pictures.extend(
        short
            .iter()
            .map(|account| balance_over_time(book, &stories, *account, &mut names)),
    );
    pictures
}

fn title(book: &Book, what: &str) -> String {
    format!("{what} · {}", book.name)
}

fn range(book: &Book) -> String {
    format!("{} to {}", book.days.from, book.days.to)
}

pub(super) fn of_chart(currency: Currency) -> chart::ChartCurrency {
    chart::ChartCurrency {
        code: currency.code().to_owned(),
        digits: currency.digits(),
    }
}

type Months = BTreeMap<Day, super::monthly::GroupSpend>;

fn spend_by_month(
    book: &Book,
    currency: Currency,
    column: &str,
    values: &BTreeMap<Option<String>, Months>,
) -> NamedChart {
    let months: Vec<Day> = book.days.months().collect();
    let series = |label: String, sums: &[&Months]| {
        let of_month = |month: &Day| {
            sums.iter()
                .filter_map(|months| months.get(month))
                .map(|spend| spend.total())
                .sum()
        };
        Series {
            label,
            amounts: months
                .iter()
                .map(|month| Money::minor(of_month(month)))
                .collect(),
        }
    };
    let total = |months: &Months| {
        months
            .values()
            .map(super::monthly::GroupSpend::total)
            .sum::<Money>()
    };
    let mut ranked: Vec<(&Option<String>, &Months)> = values.iter().collect();
    ranked.sort_by_key(|(value, months)| (std::cmp::Reverse(total(months)), *value));
    let (shown, rest) = ranked.split_at(ranked.len().min(STACKED));
    let label = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".to_owned());
    let others: Vec<&Months> = rest.iter().map(|(_, months)| *months).collect();
    let chart = SpendByMonth {
        title: title(book, "Spend by month"),
        subtitle: format!(
            "{}, renewals and usage by {column}, {}",
            range(book),
            currency.code()
        ),
        currency: of_chart(currency),
        months: months.iter().map(|month| month.date()).collect(),
        series: shown
            .iter()
            .map(|(value, months)| series(label(value), &[months]))
            .collect(),
        rest: (!others.is_empty()).then(|| series(format!("{} others", others.len()), &others)),
    };
    let one = book
        .accounts
        .iter()
        .all(|account| account.currency == currency);
    let name = if one {
        "spend".to_owned()
    } else {
        format!("spend-{}", currency.code())
    };
    NamedChart {
        name,
        shape: ChartData::Spend(chart),
    }
}

/// What is drawn row by row: the balances and troubles of some accounts, the lives of some instances.
struct InstanceStories {
    balances: BTreeMap<AccountIndex, Vec<Balance>>,
    troubles: BTreeMap<AccountIndex, BTreeMap<(Day, Event), DayLosses>>,
    lives: Vec<(InstanceIndex, Life)>,
}

/// What happened on a day, to which instance first, and to how many.
struct DayLosses {
    first: InstanceIndex,
    count: usize,
}

/// The states of an instance, each with the day on which it began.
type Life = Vec<(Day, State)>;

impl InstanceStories {
    fn stories_of(
        book: &Book,
        accounts: &[AccountIndex],
        instances: impl Iterator<Item = InstanceIndex>,
    ) -> Self {
        let mut stories = Self {
            balances: accounts
                .iter()
                .map(|account| (*account, Vec::new()))
                .collect(),
            troubles: accounts
                .iter()
                .map(|account| (*account, BTreeMap::new()))
                .collect(),
            lives: instances
                .map(|instance| (instance, opening_life(book, instance)))
                .collect(),
        };
        let mut lives: BTreeMap<InstanceIndex, usize> = BTreeMap::new();
        lives.extend(
            stories
                .lives
                .iter()
                .enumerate()
                .map(|(at, (instance, _))| (*instance, at)),
        );
        let payers = lives
            .keys()
            .map(|instance| book.instance(*instance).account);
        let watched: BTreeSet<AccountIndex> = accounts.iter().copied().chain(payers).collect();
        let mut run = engine::open_accounts(book, &watched);
        let mut window = Window::default();
        while run
            .advance(&mut window)
            .expect("these accounts have been replayed before")
        {
            for balance in window.balances() {
                stories
                    .balances
                    .entry(balance.account)
                    .and_modify(|balances| balances.push(*balance));
            }
            for entry in window.entries() {
                stories.tell_entry(entry, &lives);
            }
        }
        stories
    }

    fn tell_entry(&mut self, entry: &Entry, lives: &BTreeMap<InstanceIndex, usize>) {
        let (Some(account), Some(instance)) = (entry.account, entry.instance) else {
            return;
        };
        if let (Some(troubles), Some(_)) = (self.troubles.get_mut(&account), mark_kind(entry.event))
        {
            let trouble = troubles
                .entry((entry.date, entry.event))
                .or_insert(DayLosses {
                    first: instance,
                    count: 0,
                });
            trouble.count += 1;
        }
        if let (Some(at), Some(state)) = (lives.get(&instance), entry.state) {
            let life = &mut self.lives[*at].1;
            if life.last().is_none_or(|(_, last)| *last != state) {
                life.push((entry.date, state));
            }
        }
    }
}

/// The state of the opening; a start has no row.
fn opening_life(book: &Book, index: InstanceIndex) -> Life {
    let instance = book.instance(index);
    let state = instance.state.map(|state| (book.days.from, state));
    state.or(start(book, instance)).into_iter().collect()
}

/// The day on which a postpaid instance starts in the run, which has no row.
fn start(book: &Book, instance: &Instance) -> Option<(Day, State)> {
    let start = instance.starts_on.filter(|day| book.days.contains(*day))?;
    (instance.charge_type == ChargeType::Postpaid).then_some((start, State::Running))
}

fn balance_over_time(
    book: &Book,
    stories: &InstanceStories,
    index: AccountIndex,
    names: &mut UniqueNames,
) -> NamedChart {
    let account = book.account(index);
    let noted = stories.balances.get(&index).into_iter().flatten();
    let mut points: Vec<_> = noted
        .map(|one| (one.date.date(), one.available.minor()))
        .collect();
    if let Some((_, last)) = points
        .last()
        .copied()
        .filter(|(day, _)| *day < book.days.to.date())
    {
        points.push((book.days.to.date(), last));
    }
    let troubles = stories.troubles.get(&index).into_iter().flatten();
    let mark = |((day, event), trouble): (&(Day, Event), &DayLosses)| {
        let label = book.instance(trouble.first).id.to_string();
        Some(Mark {
            day: day.date(),
            kind: mark_kind(*event)?,
            label,
            count: trouble.count,
        })
    };
    let chart = BalanceOverTime {
        title: title(book, &format!("Available balance of {}", account.id)),
        subtitle: format!(
            "{}, at the end of each day, {}",
            range(book),
            account.currency.code()
        ),
        currency: of_chart(account.currency),
        points,
        alert_below: account.alert_below.map(Money::minor),
        marks: troubles.filter_map(mark).collect(),
    };
    let name = names.take(&format!("balance-{}", part(account.id.as_str(), index.0)));
    NamedChart {
        name,
        shape: ChartData::Balance(chart),
    }
}

fn mark_kind(event: Event) -> Option<MarkKind> {
    match event {
        Event::RenewalFailed => Some(MarkKind::RenewalFailed),
        Event::Stopped => Some(MarkKind::Stopped),
        Event::Reclaimed => Some(MarkKind::Reclaimed),
        Event::Terminated => Some(MarkKind::Terminated),
        _ => None,
    }
}

fn of_chart_state(state: State) -> chart::ChartState {
    match state {
        State::Running => chart::ChartState::Running,
        State::Overdue => chart::ChartState::Overdue,
        State::Reclaimed => chart::ChartState::Reclaimed,
        State::Stopped => chart::ChartState::Stopped,
        State::Terminated => chart::ChartState::Terminated,
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
    days: Vec<(NaiveDate, StateCounts)>,
    /// Starts of postpaid instances, the last one first.
    starts: Vec<(Day, InstanceIndex)>,
}

impl<'b> States<'b> {
    /// The states at the opening.
    pub fn states_over(book: &'b Book) -> Self {
        let from = book.days.from;
        let now: Vec<_> = book
            .instances
            .iter()
            .map(|one| one.state.map(|state| (from, state)))
            .collect();
        let mut counts = StateCounts::default();
        for (_, state) in now.iter().flatten() {
            *count(&mut counts, *state) += 1;
        }
        let numbered = (0u32..).map(InstanceIndex).zip(&book.instances);
        let starts =
            numbered.filter_map(|(index, one)| start(book, one).map(|(day, _)| (day, index)));
        let mut starts: Vec<(Day, InstanceIndex)> = starts.collect();
        starts.sort_unstable_by(|left, right| right.cmp(left));
        Self {
            book,
            now,
            counts,
            days: vec![(from.yesterday().date(), counts)],
            starts,
        }
    }

    /// What a row says about the state of its instance; nothing where hours are charged.
    pub fn sight(entry: &Entry) -> Option<StateChange> {
        let seen = entry
            .instance
            .zip(entry.state)
            .filter(|_| entry.event != Event::Usage);
        seen.map(|(instance, state)| StateChange { instance, state })
    }

    /// Adds what rows of a day say, each after those before it.
    pub fn count_changes(&mut self, day: Day, sights: &[Option<StateChange>]) {
        for sight in sights.iter().flatten() {
            self.start_until(day);
            self.change(day, sight.instance, sight.state);
        }
    }

    /// Lets the days up to this one pass.
    pub fn pass(&mut self, day: Day) {
        self.start_until(day);
    }

    fn start_until(&mut self, day: Day) {
        while let Some((start, instance)) = self.starts.pop_if(|(start, _)| *start <= day) {
            self.change(start, instance, State::Running);
        }
    }

    fn change(&mut self, day: Day, instance: InstanceIndex, state: State) {
        let known = &mut self.now[instance.0 as usize];
        if known.is_none_or(|(_, known)| known != state) {
            if let Some((_, before)) = known.replace((day, state)) {
                *count(&mut self.counts, before) -= 1;
            }
            *count(&mut self.counts, state) += 1;
        }
        match self.days.last_mut() {
            Some((last, known)) if *last == day.date() => *known = self.counts,
            _ => self.days.push((day.date(), self.counts)),
        }
    }

    /// The instances that end the run reclaimed, or were terminated in it, by the day on which that came.
    fn lost(&self) -> Vec<InstanceIndex> {
        let numbered = (0u32..)
            .map(InstanceIndex)
            .zip(&self.now)
            .zip(&self.book.instances);
        let lost = numbered.filter_map(|((index, now), instance)| {
            let (day, _) =
                now.filter(|(_, state)| matches!(state, State::Reclaimed | State::Terminated))?;
            (instance.state != Some(State::Terminated)).then_some((day, index))
        });
        let mut lost: Vec<(Day, InstanceIndex)> = lost.collect();
        lost.sort_unstable();
        lost.into_iter().map(|(_, index)| index).collect()
    }

    fn picture(mut self) -> NamedChart {
        let to = self.book.days.to.date();
        if self.days.last().is_some_and(|(day, _)| *day < to) {
            self.days.push((to, self.counts));
        }
        let chart = InstancesByState {
            title: title(self.book, "Instances by state"),
            subtitle: format!("{}, at the end of each day", range(self.book)),
            days: self.days,
        };
        NamedChart {
            name: "states".to_owned(),
            shape: ChartData::States(chart),
        }
    }
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

/// The instances that end the run reclaimed, or were terminated in it.
fn losses(book: &Book, stories: &InstanceStories, count: usize) -> NamedChart {
    let rows: Vec<LossRow> = stories
        .lives
        .iter()
        .map(|(index, life)| loss_row(book, *index, life))
        .collect();
    let chart = LossTimeline {
        title: title(book, "Instances that end reclaimed or terminated"),
        subtitle: range(book),
        from: book.days.from.date(),
        to: book.days.to.date(),
        more: count - rows.len(),
        rows,
    };
    NamedChart {
        name: "losses".to_owned(),
        shape: ChartData::Losses(chart),
    }
}

fn loss_row(book: &Book, index: InstanceIndex, life: &[(Day, State)]) -> LossRow {
    let instance = book.instance(index);
    let name = instance
        .labels
        .name
        .map(|name| format!(" {}", book.labels.label_text(name)));
    let ends = life
        .iter()
        .skip(1)
        .map(|(day, _)| *day)
        .chain([book.days.to.tomorrow()]);
    let mut spans: Vec<StateSpan> = Vec::new();
    let mut terminated = None;
    for ((from, state), until) in life.iter().zip(ends) {
        if *state == State::Terminated {
            terminated = Some(from.date());
            break;
        }
        let state = of_chart_state(*state);
        match spans.last_mut().filter(|last| last.state == state) {
            Some(last) => last.until = until.date(),
            None if *from < until => spans.push(StateSpan {
                from: from.date(),
                until: until.date(),
                state,
            }),
            None => {}
        }
    }
    LossRow {
        label: format!("{}{}", instance.id, name.unwrap_or_default()),
        spans,
        terminated,
    }
}
