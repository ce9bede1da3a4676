//! What accounts come to in a run: sums, lows, counts, and the value of days that are paid for.
//!
//! | figure | what it is |
//! |---|---|
//! | spend | cash and free credit paid in the run, refunds taken off |
//! | value left | what is known to be paid for days after the run |
//! | used | spend, plus the value at the opening, minus the value left: the cost of the days of the run |
//! | needed | the least cash on the first day with which every payment due is made and nobody is in arrears |
//!
//! Currencies are never added.

use std::ops::AddAssign;

use crate::analysis::losses::{Losses, RowMeaning};
use crate::analysis::summary::Totals;
use crate::engine::Window;
use crate::engine::amortisation::Amortisation;
use crate::engine::ledger::Entry;
use crate::model::account::{AccountIndex, Movement};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::InstanceIndex;
use crate::model::money::{Currency, Money};
use crate::model::order::Order;
use crate::model::words::words;

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
    pub lowest: LowBalance,
    /// The available balance at the end.
    pub closing: Money,
    /// What is known to be paid at the opening for days from then on, and at the end for days after the run; none where only
    /// a ledger is known.
    pub value: Option<PrepaidValue>,
    /// The least further cash on the first day; none where only a ledger is known, or the amounts are too large.
    pub needed: Option<Money>,
    /// How often what happened.
    pub counts: EventCounts,
}

impl Figures {
    /// Only what is available at the opening, which is the evening of `date`.
    pub fn opened(account: AccountIndex, currency: Currency, date: Day, available: Money) -> Self {
        Self {
            account,
            currency,
            totals: Totals::default(),
            lowest: LowBalance {
                account,
                date,
                available,
            },
            closing: available,
            value: None,
            needed: None,
            counts: EventCounts::default(),
        }
    }

    /// Adds what a row says.
    pub fn add_group(&mut self, part: GroupFigures) {
        self.totals += part.totals;
        self.counts += part.counts;
    }

    /// Notes what is available at the end of a day.
    pub fn note(&mut self, date: Day, available: Money) {
        self.closing = available;
        if available < self.lowest.available {
            self.lowest = LowBalance {
                date,
                available,
                ..self.lowest
            };
        }
    }
}

/// What is known to be paid for days to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PrepaidValue {
    /// At the opening.
    pub before: Money,
    /// At the end.
    pub left: Money,
}

/// A low of an account: its available balance at the end of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LowBalance {
    /// The account.
    pub account: AccountIndex,
    /// The first such day; the day before the run for the opening.
    pub date: Day,
    /// The balance.
    pub available: Money,
}

/// How often something happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventCounts {
    /// Instances whose auto-renewal failed; days in a row until it is paid count once.
    pub failed: u32,
    /// Instances that went to the recycle bin unpaid.
    pub reclaimed: u32,
    /// Instances that arrears stopped.
    pub stopped: u32,
    /// Instances that came back from the recycle bin or from arrears, by funds or by people.
    pub recovered: u32,
    /// Instances that are gone because nobody paid in time; none that people gave up.
    pub terminated: u32,
    /// Payments of people, and purchases, that were refused for want of funds.
    pub refused: u32,
}

impl AddAssign for EventCounts {
    fn add_assign(&mut self, other: Self) {
        self.failed += other.failed;
        self.reclaimed += other.reclaimed;
        self.stopped += other.stopped;
        self.recovered += other.recovered;
        self.terminated += other.terminated;
        self.refused += other.refused;
    }
}

/// The sums of some accounts of one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// What moved.
    pub totals: Totals,
    /// The lowest of the accounts' lows; none without an account.
    pub lowest: Option<LowBalance>,
    /// Available at the end, all accounts together.
    pub closing: Money,
    /// What is paid for days to come; none where it is not known of one.
    pub value: Option<PrepaidValue>,
    /// What the accounts need together; none where it is not known of one.
    pub needed: Option<Money>,
    /// How often what happened.
    pub counts: EventCounts,
}

impl Sum {
    /// Adds up accounts.
    pub fn sum_figures<'f>(figures: impl Iterator<Item = &'f Figures>) -> Self {
        let mut sum = Self {
            needed: Some(Money::ZERO),
            value: Some(PrepaidValue::default()),
            ..Self::default()
        };
        for one in figures {
            sum.totals += one.totals;
            sum.closing += one.closing;
            sum.value = sum.value.zip(one.value).map(|(sum, one)| PrepaidValue {
                before: sum.before + one.before,
                left: sum.left + one.left,
            });
            sum.needed = sum.needed.zip(one.needed).map(|(sum, one)| sum + one);
            sum.counts += one.counts;
            if sum
                .lowest
                .is_none_or(|low| one.lowest.available < low.available)
            {
                sum.lowest = Some(one.lowest);
            }
        }
        sum
    }

    /// The cost of the days of the run.
    pub fn used(&self) -> Option<Money> {
        self.value
            .map(|value| value.before + self.totals.spend() - value.left)
    }

    /// One of its figures.
    pub fn get(&self, measure: Measure) -> Option<i64> {
        let counts = &self.counts;
        let money = match measure {
            Measure::Spend => Some(self.totals.spend()),
            Measure::Used => self.used(),
            Measure::ValueLeft => self.value.map(|value| value.left),
            Measure::Lowest => self.lowest.map(|low| low.available),
            Measure::Needed => self.needed,
            Measure::Failed => return Some(counts.failed.into()),
            Measure::Reclaimed => return Some(counts.reclaimed.into()),
            Measure::Stopped => return Some(counts.stopped.into()),
            Measure::Recovered => return Some(counts.recovered.into()),
            Measure::Terminated => return Some(counts.terminated.into()),
            Measure::Refused => return Some(counts.refused.into()),
        };
        money.map(Money::minor)
    }
}

words! {
    /// A figure that runs are compared by.
    pub enum Measure {
        /// Cash and free credit paid, refunds taken off.
        Spend = "spend",
        /// The cost of the days of the run.
        Used = "used",
        /// What is paid for days after the run.
        ValueLeft = "value_left",
        /// The lowest available balance.
        Lowest = "lowest",
        /// Further cash needed on the first day.
        Needed = "needed",
        /// Auto-renewals that failed.
        Failed = "failed",
        /// Instances that went to the recycle bin.
        Reclaimed = "reclaimed",
        /// Instances stopped in arrears.
        Stopped = "stopped",
        /// Instances that came back.
        Recovered = "recovered",
        /// Instances that are gone.
        Terminated = "terminated",
        /// Payments refused.
        Refused = "refused",
    }
}

impl Measure {
    /// Whether more of it is better.
    pub fn is_better_high(self) -> bool {
        matches!(self, Self::ValueLeft | Self::Lowest | Self::Recovered)
    }

    /// Whether it is an amount of money.
    pub fn is_money(self) -> bool {
        matches!(
            self,
            Self::Spend | Self::Used | Self::ValueLeft | Self::Lowest | Self::Needed
        )
    }
}

/// What some instances of an account come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupFigures {
    /// What moved for them.
    pub totals: Totals,
    /// How often what happened to them.
    pub counts: EventCounts,
}

impl AddAssign for GroupFigures {
    fn add_assign(&mut self, other: Self) {
        self.totals += other.totals;
        self.counts += other.counts;
    }
}

/// Instances that are counted besides, each by its number.
pub type Group = Vec<bool>;

/// What an account comes to, and the parts of it that groups of instances have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountOutcome {
    /// The account's figures.
    pub figures: Figures,
    /// What each group has of it.
    pub parts: Vec<GroupFigures>,
}

/// Counts what rows say.
#[derive(Clone, Debug, Default)]
pub struct Counter {
    losses: Losses,
}

impl Counter {
    /// No rows yet; the instances stand as a book opens.
    pub fn count_over(book: &Book) -> Self {
        Self {
            losses: Losses::losses_of_book(book),
        }
    }

    /// What a row adds.
    pub fn part(&mut self, entry: &Entry) -> GroupFigures {
        let mut part = GroupFigures::default();
        if let Some(amount) = entry.moved_amount() {
            part.totals.count_event(entry.event, amount);
        }
        let counts = &mut part.counts;
        match self.losses.meaning_of_entry(entry) {
            Some(RowMeaning::Fails) => counts.failed += 1,
            Some(RowMeaning::Reclaimed) => counts.reclaimed += 1,
            Some(RowMeaning::Stopped) => counts.stopped += 1,
            Some(RowMeaning::Back) => counts.recovered += 1,
            Some(RowMeaning::Lost) => counts.terminated += 1,
            Some(RowMeaning::Refused) => counts.refused += 1,
            Some(RowMeaning::FailsAgain | RowMeaning::Settled | RowMeaning::GivenUp) | None => {}
        }
        part
    }
}

/// Folds the windows of a run into the figures of its accounts.
#[derive(Clone, Debug)]
pub struct Fold<'b> {
    book: &'b Book,
    groups: &'b [Group],
    outcomes: Vec<AccountOutcome>,
    counter: Counter,
}

impl<'b> Fold<'b> {
    /// Only the opening, with groups of instances that are counted besides.
    pub fn fold_over(book: &'b Book, groups: &'b [Group]) -> Self {
        let eve = book.days.from.yesterday();
        let accounts = book.account_indexes().zip(&book.accounts);
        let outcomes = accounts.map(|(index, account)| AccountOutcome {
            figures: Figures {
                value: Some(PrepaidValue::default()),
                ..Figures::opened(index, account.currency, eve, account.funds.available())
            },
            parts: vec![GroupFigures::default(); groups.len()],
        });
        let mut fold = Self {
            book,
            groups,
            outcomes: outcomes.collect(),
            counter: Counter::count_over(book),
        };
        for (instance, order) in book.orders.as_slice() {
            fold.value_of(*instance).before += value_on(order, book.days.from);
        }
        fold
    }

    /// Adds the rows of the next window.
    pub fn fold_window(&mut self, window: &Window) {
        for entry in window.entries() {
            let Some(account) = entry.account else {
                continue;
            };
            let part = self.counter.part(entry);
            let outcome = &mut self.outcomes[account.0 as usize];
            outcome.figures.add_group(part);
            let Some(instance) = entry.instance else {
                continue;
            };
            for (sum, group) in outcome.parts.iter_mut().zip(self.groups) {
                if group[instance.0 as usize] {
                    *sum += part;
                }
            }
        }
        for balance in window.balances() {
            let figures = &mut self.outcomes[balance.account.0 as usize].figures;
            figures.note(balance.date, balance.available);
        }
    }

    /// The outcomes of all accounts by number, once the last window has been added; `orders` are those of its end.
    pub fn into_outcomes(
        mut self,
        orders: impl Iterator<Item = (InstanceIndex, Order)>,
    ) -> Vec<AccountOutcome> {
        let after = self.book.days.to.tomorrow();
        for (instance, order) in orders {
            self.value_of(instance).left += value_on(&order, after);
        }
        self.outcomes
    }

    fn value_of(&mut self, instance: InstanceIndex) -> &mut PrepaidValue {
        let account = self.book.instance(instance).account;
        let figures = &mut self.outcomes[account.0 as usize].figures;
        figures.value.get_or_insert_default()
    }
}

/// What of a payment is for the days from `day` on.
/// Rule **days-used**.
fn value_on(order: &Order, day: Day) -> Money {
    let paid = Movement {
        voucher: Money::ZERO,
        free_credit: -order.free_credit,
        cash: -order.cash,
    };
    Amortisation::of_payment(paid, order.term)
        .deferred(day)
        .amount()
}
