//! Dates to act on: when an instance is not paid for, until when it can be saved, and when a top-up is still in time.
//!
//! A pure fold over the windows of a run. A [`UnpaidLapse`] begins on the first day on which an instance is not paid for, and
//! ends when it is paid, or lost. What people give up on purpose is no lapse.

use std::collections::BTreeMap;

use crate::analysis::losses::{Losses, RowMeaning};
use crate::analysis::plan::{FundingFailure, ListedTask};
use crate::analysis::summary::LossEnd;
use crate::analysis::tasks::{TaskKind, TaskList};
use crate::engine::Window;
use crate::engine::charge;
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::{Entry, Needed};
use crate::engine::lifecycle;
use crate::model::account::AccountIndex;
use crate::model::action::{AccountRef, Target, Verb};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::{InstanceIndex, RenewFlag, State, StoppedBy};
use crate::model::money::{Money, Price};

/// Why an instance is not paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnpaidCause {
    /// Its auto-renewal failed for want of funds.
    FundsShort,
    /// Nobody renewed it, and people are expected to.
    NotRenewed,
    /// Nobody renewed it, and its flag says that nobody means to.
    LetGo,
    /// Arrears stopped it.
    Arrears,
}

/// A time in which an instance is not paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnpaidLapse {
    /// The instance.
    pub instance: InstanceIndex,
    /// Why.
    pub cause: UnpaidCause,
    /// The first day of it; the first day of the run where it began before.
    pub first: Day,
    /// The day on which it went to the recycle bin or stopped; none where it did not.
    pub gone_dark: Option<Day>,
    /// What its renewal costs, or what is missing at the end of the day on which it stops; none where that is not known.
    pub needed: Option<Money>,
    /// The last day on which it can be saved; none where it was, or where people destroyed it.
    pub last_day: Option<Day>,
    /// What became of it.
    pub end: LossEnd,
}

impl UnpaidLapse {
    /// Whether it ends, or will end, with the loss of the instance, unless somebody acts.
    pub fn is_loss(&self) -> bool {
        matches!(self.end, LossEnd::Terminated(_) | LossEnd::Kept)
    }
}

/// A date on which people can act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The day.
    pub day: Day,
    /// The account that pays.
    pub account: AccountIndex,
    /// What it is about.
    pub matter: DeadlineSubject,
    /// What is needed, in the currency of the account; none where that is not known.
    pub amount: Option<Money>,
}

/// What a date to act on is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadlineSubject {
    /// The account must be topped up on this day at the latest, or this fails.
    TopUp(FundingFailure),
    /// People must do something with an instance on this day at the latest, or it stops, or is lost.
    Task(ListedTask),
    /// The last day that saves an instance, where that is later.
    LastDay(ListedTask),
    /// A top-up that the book plans and the run counts on.
    PlannedTopUp,
    /// A renewal that the book plans and the run counts on.
    PlannedRenewal(InstanceIndex),
}

impl DeadlineSubject {
    /// The instance that it is about.
    pub fn instance(&self) -> Option<InstanceIndex> {
        match self {
            Self::Task(task) | Self::LastDay(task) => Some(task.instance),
            Self::PlannedRenewal(instance) => Some(*instance),
            Self::TopUp(_) | Self::PlannedTopUp => None,
        }
    }

    /// Its place among those of a day.
    pub fn rank(&self) -> u8 {
        match self {
            Self::TopUp(_) => 0,
            Self::Task(task) => match task.verb {
                Verb::Start => 1,
                Verb::Renew(_) => 2,
                _ => 3,
            },
            Self::LastDay(_) => 4,
            Self::PlannedTopUp => 5,
            Self::PlannedRenewal(_) => 6,
        }
    }
}

/// No lapse.
const NONE: u32 = u32::MAX;

/// The lapses of a run in the making.
#[derive(Clone, Debug)]
pub struct LapseWatch<'b> {
    book: &'b Book,
    lapses: Vec<UnpaidLapse>,
    /// For each instance its lapse that goes on.
    open: Vec<u32>,
    /// What rows mean.
    meanings: Losses,
    /// For each instance the end of its last paid term.
    expiries: Vec<Option<Day>>,
    /// Monthly prices, flags and months that actions set.
    prices: BTreeMap<InstanceIndex, Price>,
    flags: BTreeMap<InstanceIndex, RenewFlag>,
    months: BTreeMap<InstanceIndex, u32>,
}

impl<'b> LapseWatch<'b> {
    /// Nothing yet but what the book says of its first day.
    pub fn watch_book(book: &'b Book) -> Self {
        let mut watch = Self {
            book,
            lapses: Vec::new(),
            open: vec![NONE; book.instances.len()],
            meanings: Losses::losses_of_book(book),
            expiries: book
                .instances
                .iter()
                .map(|instance| instance.expires_on)
                .collect(),
            prices: BTreeMap::new(),
            flags: BTreeMap::new(),
            months: BTreeMap::new(),
        };
        for (number, instance) in (0u32..).map(InstanceIndex).zip(&book.instances) {
            let first = book.days.from;
            match instance.state {
                Some(State::Overdue) => watch.begin(number, first),
                Some(State::Reclaimed) if !instance.returned => {
                    watch.begin(number, first);
                    watch.darken(number, instance.since);
                }
                Some(State::Stopped) if instance.stopped_by == StoppedBy::Arrears => {
                    watch.stop(number, first);
                    watch.darken(number, instance.since);
                }
                _ => {}
            }
        }
        watch
    }

    /// Adds the rows of the next window.
    pub fn see_window(&mut self, window: &Window) {
        let mut stopped: BTreeMap<(AccountIndex, Day), Vec<u32>> = BTreeMap::new();
        for entry in window.entries() {
            let (Some(instance), Some(account)) = (entry.instance, entry.account) else {
                continue;
            };
            self.add_row(instance, entry);
            if entry.reason == Some(Reason::Arrears) {
                stopped
                    .entry((account, entry.date))
                    .or_default()
                    .push(self.open[instance.0 as usize]);
            }
        }
        for balance in window.balances() {
            for lapse in stopped
                .remove(&(balance.account, balance.date))
                .into_iter()
                .flatten()
            {
                if let Some(lapse) = self.lapses.get_mut(lapse as usize) {
                    lapse.needed = Some(-balance.available);
                }
            }
        }
    }

    fn add_row(&mut self, instance: InstanceIndex, entry: &Entry) {
        match self.meanings.meaning_of_entry(entry) {
            Some(RowMeaning::Settled | RowMeaning::Back) => {
                self.end(instance, LossEnd::Recovered(entry.date));
                if let Some(term) = entry.term {
                    self.expiries[instance.0 as usize] = Some(term.end);
                }
            }
            Some(RowMeaning::Fails | RowMeaning::FailsAgain) => self.fail(instance, entry),
            Some(RowMeaning::Reclaimed) => {
                self.begin(instance, entry.date);
                self.darken(instance, Some(entry.date));
            }
            Some(RowMeaning::Stopped) => {
                self.stop(instance, entry.date);
                self.darken(instance, Some(entry.date));
            }
            Some(RowMeaning::Lost) => self.end(instance, LossEnd::Terminated(entry.date)),
            Some(RowMeaning::GivenUp) => self.end(instance, LossEnd::Destroyed(entry.date)),
            Some(RowMeaning::Refused) => return,
            None => match entry.event {
                Event::Expired => self.begin(instance, entry.date),
                Event::FlagSet | Event::PriceSet | Event::Resized => {}
                _ => return,
            },
        }
        self.remember(instance, entry);
    }

    /// An auto-renewal cannot be paid.
    fn fail(&mut self, instance: InstanceIndex, entry: &Entry) {
        self.begin(instance, entry.date);
        let price = entry
            .shortfall()
            .and_then(|shortfall| match shortfall.needed {
                Needed::Price(price) => Some(price),
                Needed::MoreThanZero | Needed::AtLeastZero => None,
            });
        if let Some(lapse) = self.lapse(instance) {
            lapse.cause = UnpaidCause::FundsShort;
            lapse.needed = price.or(lapse.needed);
        }
    }

    /// What an action sets for the renewals to come.
    fn remember(&mut self, instance: InstanceIndex, entry: &Entry) {
        let Some(verb) = entry.action.map(|action| self.book.action(action).verb) else {
            return;
        };
        match verb {
            Verb::SetFlag(flag, months) => {
                self.flags.insert(instance, flag);
                months.and_then(|months| self.months.insert(instance, months));
            }
            Verb::SetPrice(price) | Verb::Resize(price, _) | Verb::ToPrepaid(_, Some(price)) => {
                self.prices.insert(instance, price);
            }
            _ => {}
        }
    }

    fn lapse(&mut self, instance: InstanceIndex) -> Option<&mut UnpaidLapse> {
        self.lapses.get_mut(self.open[instance.0 as usize] as usize)
    }

    /// A prepaid instance is not paid for. Rule **lapse**.
    fn begin(&mut self, instance: InstanceIndex, first: Day) {
        if self.open[instance.0 as usize] != NONE {
            return;
        }
        let flag = self
            .flags
            .get(&instance)
            .copied()
            .unwrap_or(self.book.instance(instance).renew_flag);
        let cause = if flag == RenewFlag::None {
            UnpaidCause::LetGo
        } else {
            UnpaidCause::NotRenewed
        };
        let needed = self.next_price(instance);
        self.push(UnpaidLapse {
            instance,
            cause,
            first,
            gone_dark: None,
            needed,
            last_day: None,
            end: LossEnd::Kept,
        });
    }

    /// A postpaid instance is stopped in arrears.
    fn stop(&mut self, instance: InstanceIndex, first: Day) {
        let (needed, cause) = (None, UnpaidCause::Arrears);
        self.push(UnpaidLapse {
            instance,
            cause,
            first,
            gone_dark: None,
            needed,
            last_day: None,
            end: LossEnd::Kept,
        });
    }

    fn push(&mut self, lapse: UnpaidLapse) {
        let number = u32::try_from(self.lapses.len()).expect("fewer than four billion lapses");
        self.open[lapse.instance.0 as usize] = number;
        self.lapses.push(lapse);
    }

    fn darken(&mut self, instance: InstanceIndex, day: Option<Day>) {
        if let Some(lapse) = self.lapse(instance) {
            lapse.gone_dark = day;
        }
    }

    fn end(&mut self, instance: InstanceIndex, end: LossEnd) {
        if let Some(lapse) = self.lapse(instance) {
            lapse.end = end;
            if let LossEnd::Terminated(day) = end {
                lapse.last_day = Some(day.yesterday());
            }
        }
        self.open[instance.0 as usize] = NONE;
    }

    /// What the next renewal costs by the prices in force.
    pub fn next_price(&self, index: InstanceIndex) -> Option<Money> {
        let instance = self.book.instance(index);
        let price = self
            .prices
            .get(&index)
            .copied()
            .or(instance.monthly_price)?;
        let months = self
            .months
            .get(&index)
            .copied()
            .unwrap_or(instance.renew_months);
        let currency = self.book.account(instance.account).currency;
        Some(charge::renewal(
            self.book.profile(instance.profile),
            currency,
            price,
            months,
        ))
    }

    /// The lapses, once the last window has been added, by their first day and instance. Those that the run leaves open
    /// have the last day that their profile gives them.
    pub fn into_lapses(mut self) -> Vec<UnpaidLapse> {
        let mut lapses = std::mem::take(&mut self.lapses);
        for lapse in lapses.iter_mut().filter(|lapse| lapse.end == LossEnd::Kept) {
            lapse.last_day = self.last_day(lapse);
        }
        lapses.sort_by_key(|lapse| (lapse.first, lapse.instance));
        lapses
    }

    /// The last day of the retention that goes on when the run ends.
    /// Rule **last-day**.
    fn last_day(&self, lapse: &UnpaidLapse) -> Option<Day> {
        let profile = self
            .book
            .profile(self.book.instance(lapse.instance).profile);
        if lapse.cause == UnpaidCause::Arrears {
            return lapse
                .gone_dark
                .map(|day| lifecycle::release_of_stopped(profile, day).yesterday());
        }
        let expiry = self.expiries[lapse.instance.0 as usize]?;
        let reclaimed = lapse
            .gone_dark
            .unwrap_or(lifecycle::suspension_of(profile, expiry));
        Some(lifecycle::release_of_unpaid(profile, expiry, reclaimed).yesterday())
    }
}

/// All dates to act on within the run, in order: those of the to-do list, and what the book plans.
/// Rule **calendar-dates**.
pub fn deadlines(book: &Book, list: &TaskList) -> Vec<Deadline> {
    let mut all = Vec::new();
    for line in &list.lines {
        let of = |day, matter| Deadline {
            day,
            account: line.account,
            matter,
            amount: line.amount(),
        };
        match line.what {
            TaskKind::TopUp { first, .. } => all.push(of(line.by, DeadlineSubject::TopUp(first))),
            TaskKind::Task(task) => {
                all.push(of(line.by, DeadlineSubject::Task(task)));
                all.extend(
                    (line.latest > line.by)
                        .then(|| of(line.latest, DeadlineSubject::LastDay(task))),
                );
            }
        }
    }
    all.extend(planned(book));
    all.sort_by_key(|one| {
        (
            one.day,
            one.account,
            one.matter.rank(),
            one.matter.instance(),
        )
    });
    all
}

/// The top-ups and renewals that the book plans, on the days on which people must do them.
fn planned(book: &Book) -> impl Iterator<Item = Deadline> {
    let actions = book
        .actions
        .iter()
        .filter(|action| book.days.contains(action.date));
    actions.filter_map(|action| {
        let day = action.sent.map_or(action.date, |sent| sent.date);
        match (action.verb, &action.target, &action.account) {
            (Verb::TopUp(amount), _, Some(AccountRef::Known(account))) => Some(Deadline {
                day,
                account: *account,
                matter: DeadlineSubject::PlannedTopUp,
                amount: Some(amount),
            }),
            (Verb::Renew(_) | Verb::RenewUntil(_), Target::Instance(instance), _) => {
                let account = book.instance(*instance).account;
                Some(Deadline {
                    day,
                    account,
                    matter: DeadlineSubject::PlannedRenewal(*instance),
                    amount: None,
                })
            }
            _ => None,
        }
    })
}
