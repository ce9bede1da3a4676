//! Dates to act on: until when the lines of the to-do list must be done, what the book plans, and what renewals will cost.
//!
//! What helps, and until when, is never decided here: the to-do list has it.

use std::collections::BTreeMap;

use crate::analysis::plan::{FundingFailure, ListedTask};
use crate::analysis::tasks::{TaskKind, TaskList};
use crate::engine::Window;
use crate::engine::charge;
use crate::engine::event::Event;
use crate::model::account::AccountIndex;
use crate::model::action::{AccountRef, Action, Target, Verb};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::InstanceIndex;
use crate::model::money::{Money, Price};

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

/// The prices and months of renewals to come, as a run changes them.
#[derive(Clone, Debug)]
pub struct PriceWatch<'b> {
    book: &'b Book,
    /// Monthly prices and months that actions set.
    prices: BTreeMap<InstanceIndex, Price>,
    months: BTreeMap<InstanceIndex, u32>,
}

impl<'b> PriceWatch<'b> {
    /// The prices of a book at its opening.
    pub fn watch_book(book: &'b Book) -> Self {
        Self {
            book,
            prices: BTreeMap::new(),
            months: BTreeMap::new(),
        }
    }

    /// Adds the rows of the next window.
    pub fn see_window(&mut self, window: &Window) {
        for entry in window
            .entries()
            .filter(|entry| entry.event != Event::Rejected)
        {
            let (Some(instance), Some(action)) = (entry.instance, entry.action) else {
                continue;
            };
            match self.book.action(action).verb {
                Verb::SetFlag(_, Some(months)) => {
                    self.months.insert(instance, months);
                }
                Verb::SetPrice(price)
                | Verb::Resize(price, _)
                | Verb::ToPrepaid(_, Some(price)) => {
                    self.prices.insert(instance, price);
                }
                _ => {}
            }
        }
    }

    /// What the next renewal costs by the prices in force.
    pub fn next_price(&self, index: InstanceIndex) -> Option<Money> {
        let instance = self.book.instance(index);
        let price = self.prices.get(&index).copied();
        let months = self.months.get(&index).copied();
        let currency = self.book.account(instance.account).currency;
        Some(charge::renewal(
            self.book.profile(instance.profile),
            currency,
            price.or(instance.monthly_price)?,
            months.unwrap_or(instance.renew_months),
        ))
    }
}

/// All dates to act on within the run, in order: those of the to-do list, and what the book plans.
/// Rule **calendar-dates**.
pub fn deadlines(book: &Book, list: &TaskList) -> Vec<Deadline> {
    let mut all = Vec::new();
    for line in &list.lines {
        let by = Deadline {
            day: line.by,
            account: line.account,
            matter: match line.what {
                TaskKind::TopUp { first, .. } => DeadlineSubject::TopUp(first),
                TaskKind::Task(task) => DeadlineSubject::Task(task),
            },
            amount: line.amount(),
        };
        all.push(by);
        if let DeadlineSubject::Task(task) = by.matter
            && line.latest > line.by
        {
            all.push(Deadline {
                day: line.latest,
                matter: DeadlineSubject::LastDay(task),
                ..by
            });
        }
    }
    let actions = book.actions.iter();
    let in_run = actions.filter(|action| book.days.contains(action.date));
    all.extend(in_run.filter_map(|action| planned(book, action)));
    all.sort_by_key(|one| {
        let instance = one.matter.instance();
        (one.day, one.account, one.matter.rank(), instance)
    });
    all
}

/// A top-up or renewal that the book plans, on the day on which people must do it.
fn planned(book: &Book, action: &Action) -> Option<Deadline> {
    let (account, matter, amount) = match (action.verb, &action.target, &action.account) {
        (Verb::TopUp(amount), _, Some(AccountRef::Known(account))) => {
            (*account, DeadlineSubject::PlannedTopUp, Some(amount))
        }
        (Verb::Renew(_) | Verb::RenewUntil(_), Target::Instance(instance), _) => {
            let account = book.instance(*instance).account;
            (account, DeadlineSubject::PlannedRenewal(*instance), None)
        }
        _ => return None,
    };
    Some(Deadline {
        day: action.sent.map_or(action.date, |sent| sent.date),
        account,
        matter,
        amount,
    })
}
