//! What accounts come to in a run: sums, lows, counts, and the value of days that are paid for.
//!
//! | figure | what it is |
//! |---|---|
//! | spend | cash and free credit paid in the run, refunds taken off |
//! | value left | what is known to be paid for days after the run |
//! | used | spend, plus the value at the opening, minus the value left: the cost of the days of the run |
//! | needed | the least cash on the first day with which every payment due is made and nobody is in arrears |

use std::iter::Sum as IterSum;
use std::ops::AddAssign;

use crate::account::{AccountIndex, Movement};
use crate::amortisation::Amortisation;
use crate::book::Book;
use crate::calendar::Day;
use crate::engine::Window;
use crate::event::{Event, Reason};
use crate::instance::InstanceIndex;
use crate::ledger::{Balance, Entry};
use crate::money::{Currency, Money};
use crate::order::Order;
use crate::summary::Totals;

/// What an account comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// The account.
    pub account: AccountIndex,
    /// The currency of all its amounts.
    pub currency: Currency,
    /// What moved.
    pub totals: Totals,
    /// The lowest available balance over the opening and the ends of days.
    pub lowest: Low,
    /// The available balance at the end.
    pub closing: Money,
    /// What is known to be paid at the opening for days from then on.
    pub value_before: Money,
    /// What is known to be paid at the end for days after the run.
    pub value_left: Money,
    /// The least further cash on the first day; none where the amounts of the book are too large to tell.
    pub needed: Option<Money>,
    /// How often what happened.
    pub counts: Counts,
}

impl Figures {
    /// The cost of the days of the run.
    pub fn used(&self) -> Money {
        self.value_before + self.totals.spend() - self.value_left
    }
}

/// A low of an account: its available balance at the end of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Low {
    /// The account.
    pub account: AccountIndex,
    /// The first such day; the day before the run for the opening.
    pub date: Day,
    /// The balance.
    pub available: Money,
}

/// How often something happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Instances whose auto-renewal failed; days in a row until it is paid count once.
    pub failed: u32,
    /// Instances that went to the recycle bin unpaid.
    pub reclaimed: u32,
    /// Instances that arrears stopped.
    pub stopped: u32,
    /// Instances that came back from the recycle bin or from arrears.
    pub recovered: u32,
    /// Instances that are gone because nobody paid in time.
    pub terminated: u32,
    /// Payments of people, and purchases, that were refused for want of funds.
    pub refused: u32,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.failed += other.failed;
        self.reclaimed += other.reclaimed;
        self.stopped += other.stopped;
        self.recovered += other.recovered;
        self.terminated += other.terminated;
        self.refused += other.refused;
    }
}

impl IterSum for Counts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |mut sum, one| {
            sum += one;
            sum
        })
    }
}

/// The sums of some accounts of one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// What moved.
    pub totals: Totals,
    /// The lowest of the accounts' lows; none without an account.
    pub lowest: Option<Low>,
    /// Available at the end, all accounts together.
    pub closing: Money,
    /// The value at the opening.
    pub value_before: Money,
    /// The value left.
    pub value_left: Money,
    /// What the accounts need together; none where it cannot be told of one.
    pub needed: Option<Money>,
    /// How often what happened.
    pub counts: Counts,
}

impl Sum {
    /// Adds up accounts.
    pub fn of<'f>(figures: impl Iterator<Item = &'f Figures>) -> Self {
        let mut sum = Self { needed: Some(Money::ZERO), ..Self::default() };
        for one in figures {
            sum.totals += one.totals;
            sum.closing += one.closing;
            sum.value_before += one.value_before;
            sum.value_left += one.value_left;
            sum.needed = sum.needed.zip(one.needed).map(|(sum, one)| sum + one);
            sum.counts += one.counts;
            if sum.lowest.is_none_or(|low| one.lowest.available < low.available) {
                sum.lowest = Some(one.lowest);
            }
        }
        sum
    }

    /// The cost of the days of the run.
    pub fn used(&self) -> Money {
        self.value_before + self.totals.spend() - self.value_left
    }

    /// One of its figures.
    pub fn get(&self, measure: Measure) -> Option<i64> {
        let Counts { failed, reclaimed, stopped, recovered, terminated, refused } = self.counts;
        match measure {
            Measure::Spend => Some(self.totals.spend().minor()),
            Measure::Used => Some(self.used().minor()),
            Measure::ValueLeft => Some(self.value_left.minor()),
            Measure::Lowest => self.lowest.map(|low| low.available.minor()),
            Measure::Needed => self.needed.map(Money::minor),
            Measure::Failed => Some(failed.into()),
            Measure::Reclaimed => Some(reclaimed.into()),
            Measure::Stopped => Some(stopped.into()),
            Measure::Recovered => Some(recovered.into()),
            Measure::Terminated => Some(terminated.into()),
            Measure::Refused => Some(refused.into()),
        }
    }
}

/// A figure that runs are compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Cash and free credit paid, refunds taken off.
    Spend,
    /// The cost of the days of the run.
    Used,
    /// What is paid for days after the run.
    ValueLeft,
    /// The lowest available balance.
    Lowest,
    /// Further cash needed on the first day.
    Needed,
    /// Auto-renewals that failed.
    Failed,
    /// Instances that went to the recycle bin.
    Reclaimed,
    /// Instances stopped in arrears.
    Stopped,
    /// Instances that came back.
    Recovered,
    /// Instances that are gone.
    Terminated,
    /// Payments refused.
    Refused,
}

impl Measure {
    /// Their names in files and on the command line.
    pub const NAMES: &[(&str, Self)] = &[
        ("spend", Self::Spend),
        ("used", Self::Used),
        ("value_left", Self::ValueLeft),
        ("lowest", Self::Lowest),
        ("needed", Self::Needed),
        ("failed", Self::Failed),
        ("reclaimed", Self::Reclaimed),
        ("stopped", Self::Stopped),
        ("recovered", Self::Recovered),
        ("terminated", Self::Terminated),
        ("refused", Self::Refused),
    ];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, one)| *one == self).map_or("", |(name, _)| *name)
    }

    /// Whether it is an amount of money.
    pub fn is_money(self) -> bool {
        matches!(self, Self::Spend | Self::Used | Self::ValueLeft | Self::Lowest | Self::Needed)
    }
}

/// The figures of accounts in the making.
#[derive(Clone, Debug)]
pub struct Fold<'b> {
    book: &'b Book,
    figures: Vec<Figures>,
    /// For each instance whether its auto-renewal fails and is not yet paid.
    failing: Vec<bool>,
}

impl<'b> Fold<'b> {
    /// Nothing yet but the opening.
    pub fn open(book: &'b Book) -> Self {
        let eve = book.days.from.yesterday();
        let accounts = (0u32..).zip(&book.accounts).map(|(number, account)| {
            let (currency, available) = (account.currency, account.funds.available());
            let account = AccountIndex(number);
            Figures {
                account,
                currency,
                totals: Totals::default(),
                lowest: Low { account, date: eve, available },
                closing: available,
                value_before: Money::ZERO,
                value_left: Money::ZERO,
                needed: None,
                counts: Counts::default(),
            }
        });
        let mut fold = Self { book, figures: accounts.collect(), failing: vec![false; book.instances.len()] };
        for (instance, order) in book.orders.as_slice() {
            fold.of_instance(*instance).value_before += value_on(order, book.days.from);
        }
        fold
    }

    /// Adds the rows of the next window.
    pub fn add(&mut self, window: &Window) {
        for entry in window.entries() {
            let Some(account) = entry.account else { continue };
            if let Some(movement) = entry.movement {
                self.figures[account.0 as usize].totals.add(entry.event, movement.amount());
            }
            self.count(account, entry);
        }
        window.balances().for_each(|balance| self.note(balance));
    }

    fn note(&mut self, balance: &Balance) {
        let figures = &mut self.figures[balance.account.0 as usize];
        figures.closing = balance.available;
        if balance.available < figures.lowest.available {
            figures.lowest = Low { account: balance.account, date: balance.date, available: balance.available };
        }
    }

    fn count(&mut self, account: AccountIndex, entry: &Entry) {
        let counts = &mut self.figures[account.0 as usize].counts;
        match (entry.event, entry.reason) {
            (Event::Rejected, Some(Reason::InsufficientFunds)) => counts.refused += 1,
            (Event::Reclaimed, _) => counts.reclaimed += 1,
            (Event::Stopped, Some(Reason::Arrears)) => counts.stopped += 1,
            (Event::Recovered, _) | (Event::Restored, Some(Reason::Funds)) => counts.recovered += 1,
            (Event::Terminated, Some(Reason::RetentionOver)) => counts.terminated += 1,
            _ => {}
        }
        let Some(failing) = entry.instance.map(|instance| &mut self.failing[instance.0 as usize]) else { return };
        match entry.event {
            Event::RenewalFailed => counts.failed += u32::from(!std::mem::replace(failing, true)),
            Event::Renewed | Event::Recovered => *failing = false,
            _ => {}
        }
    }

    /// The figures of all accounts by number, once the last window has been added; `orders` are those of its end.
    pub fn close(mut self, orders: impl Iterator<Item = (InstanceIndex, Order)>) -> Vec<Figures> {
        let after = self.book.days.to.tomorrow();
        for (instance, order) in orders {
            self.of_instance(instance).value_left += value_on(&order, after);
        }
        self.figures
    }

    fn of_instance(&mut self, instance: InstanceIndex) -> &mut Figures {
        &mut self.figures[self.book.instance(instance).account.0 as usize]
    }
}

/// What of a payment is for the days from `day` on.
fn value_on(order: &Order, day: Day) -> Money {
    let paid = Movement { voucher: Money::ZERO, free_credit: -order.free_credit, cash: -order.cash };
    Amortisation::of(paid, order.term).deferred(day).amount()
}
