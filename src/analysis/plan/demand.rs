//! What has to be there, and by when: one fold over the run with ample money.
//!
//! Every row of that run that needs money says how much the account would have held without the plan. What is missing
//! must have come by the row's day, or by the day before where it stands ahead of the plan's top-ups of its day.
//!
//! Rules **plan-goal**, **plan-need**, **plan-sum** of docs/spec.

use std::collections::{BTreeMap, BTreeSet};

use super::arrivals::Arrival;
use super::{AmpleRun, FundingFailure, NeedCause, TopUp, UnavoidableCause, UnavoidableLoss};
use crate::analysis::losses::{Losses, RowMeaning};
use crate::engine::Simulation;
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::{Entry, Needed};
use crate::model::account::AccountIndex;
use crate::model::action::Verb;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::{InstanceIndex, State};
use crate::model::money::Money;
use crate::model::profile::RestoreWhen;

/// How low the available balance may fall.
#[derive(Clone, Copy, Debug)]
pub(super) struct Floors {
    /// What must stay in the account.
    pub reserve: Option<Money>,
    /// Below it there are balance alerts.
    pub alert: Option<Money>,
}

impl Floors {
    /// At the end of a day.
    fn of_a_day(self) -> Option<Money> {
        self.reserve.max(self.alert)
    }

    /// After a payment, for which at least nothing must be left.
    pub(super) fn of_a_payment(self, least: Money) -> Money {
        self.reserve.map_or(least, |reserve| reserve.max(least))
    }
}

/// What an account can use beyond what it holds: its credit limit less what is frozen.
pub(super) struct Credit<'q> {
    book: &'q Book,
    frozen: Money,
    credit: Money,
}

impl<'q> Credit<'q> {
    pub(super) fn credit_of_account(book: &'q Book, account: AccountIndex) -> Self {
        let funds = book.account(account).funds;
        Self {
            book,
            frozen: funds.frozen,
            credit: funds.credit_limit - funds.frozen,
        }
    }

    /// What is available behind a row; rows must come in order.
    pub(super) fn available(&mut self, entry: &Entry) -> Money {
        if let Some(Verb::SetCreditLimit(limit)) =
            entry.action.map(|action| self.book.action(action).verb)
        {
            self.credit = limit - self.frozen;
        }
        entry.balance + self.credit
    }
}

/// What an account needs.
pub(super) struct Needs<'q> {
    book: &'q Book,
    arrivals: &'q [Arrival],
    ample: Money,
    floors: Floors,
    credit: Credit<'q>,
    /// The ample money, once it has come.
    received: Option<Money>,
    /// The day of the last row, and what was available behind it.
    last: Option<(Day, Money)>,
    /// The sum of all top-ups.
    total: Money,
    /// The least sums.
    pub top_ups: Vec<TopUp>,
    /// What fails first without them.
    pub runway: Option<FundingFailure>,
    /// What fails before money can come, each instance once.
    pub unmet: Vec<FundingFailure>,
    failing: BTreeSet<(NeedCause, Option<InstanceIndex>)>,
}

impl<'q> Needs<'q> {
    /// Folds the run with ample money, which came on the first of these arrivals.
    pub(super) fn needs_of_run(
        run: &AmpleRun<'q>,
        (arrivals, ample): (&'q [Arrival], Money),
        floors: Floors,
    ) -> Self {
        let book = run.end.book();
        let mut needs = Self {
            book,
            arrivals,
            ample,
            floors,
            credit: Credit::credit_of_account(book, run.end.account()),
            received: None,
            last: None,
            total: Money::ZERO,
            top_ups: Vec::new(),
            runway: None,
            unmet: Vec::new(),
            failing: BTreeSet::new(),
        };
        run.entries.iter().for_each(|entry| needs.need_for(entry));
        needs.end_day();
        needs
    }

    fn need_for(&mut self, entry: &Entry) {
        if self.last.is_some_and(|(day, _)| day != entry.date) {
            self.end_day();
        }
        if (entry.event, entry.action) == (Event::TopUp, None) {
            self.received = Some(self.ample);
        }
        let available = self.credit.available(entry) - self.received.unwrap_or(Money::ZERO);
        self.last = Some((entry.date, available));
        let lacking = failed(entry, available)
            .filter(|failure| !self.has_come() || failure.cause != NeedCause::Usage);
        if let Some(failure) = lacking {
            self.give_up(failure);
        } else if let Some((cause, by)) = needed(entry).filter(|_| self.has_come()) {
            let least = match (cause, entry.instance) {
                (NeedCause::Restart, Some(instance)) => least_of_restart(self.book, instance),
                _ => Money::ZERO,
            };
            let instance = entry.instance;
            let failure = FundingFailure {
                day: entry.date,
                by,
                cause,
                instance,
                missing: least - available,
            };
            if failure.missing > Money::ZERO && self.runway.is_none() {
                self.runway = Some(failure);
            }
            self.need(FundingFailure {
                missing: self.floors.of_a_payment(least) - available,
                ..failure
            });
        }
    }

    /// Whether the money of the plan has come.
    fn has_come(&self) -> bool {
        self.received.is_some()
    }

    /// Holds the balance at a day's end against the floor.
    fn end_day(&mut self) {
        let (Some((day, available)), Some(floor)) = (self.last, self.floors.of_a_day()) else {
            return;
        };
        let failure = FundingFailure {
            day,
            by: day,
            cause: NeedCause::Floor,
            instance: None,
            missing: floor - available,
        };
        if self.has_come() {
            self.need(failure);
        }
    }

    /// Makes the top-up in time large enough.
    fn need(&mut self, failure: FundingFailure) {
        if failure.missing <= self.total {
            return;
        }
        let more = failure.missing - self.total;
        self.total = failure.missing;
        let open = self
            .arrivals
            .partition_point(|arrival| arrival.arrives <= failure.by);
        let arrival = self.arrivals[open.checked_sub(1).expect("ample money came before")];
        match self.top_ups.last_mut() {
            Some(last) if last.arrival == arrival => last.amount += more,
            _ => {
                let first = FundingFailure {
                    missing: more,
                    ..failure
                };
                self.top_ups.push(TopUp {
                    arrival,
                    amount: more,
                    first,
                    without: Vec::new(),
                });
            }
        }
    }

    fn give_up(&mut self, failure: FundingFailure) {
        self.runway = self.runway.or(Some(failure));
        if self.failing.insert((failure.cause, failure.instance)) {
            self.unmet.push(failure);
        }
    }
}

/// What must be available for the restart of an instance.
pub(super) fn least_of_restart(book: &Book, instance: InstanceIndex) -> Money {
    match book.profile(book.instance(instance).profile).restore_when {
        RestoreWhen::Positive => Money::from_minor(1),
        RestoreWhen::NotNegative => Money::ZERO,
    }
}

/// What a row needed money for that was paid, and the last day on which that can come.
pub(super) fn needed(entry: &Entry) -> Option<(NeedCause, Day)> {
    let paid = entry
        .movement
        .is_some_and(|movement| movement.amount() <= Money::ZERO);
    let cause = match entry.event {
        Event::Renewed | Event::Recovered => NeedCause::Renewal,
        Event::Purchased if entry.action.is_some() => NeedCause::Change,
        Event::Purchased => NeedCause::Purchase,
        Event::Resized if paid => NeedCause::Change,
        Event::Usage => NeedCause::Usage,
        Event::Restored => NeedCause::Restart,
        _ => return None,
    };
    let in_the_morning = cause == NeedCause::Purchase || entry.action.is_some();
    Some((
        cause,
        if in_the_morning {
            entry.date.yesterday()
        } else {
            entry.date
        },
    ))
}

/// What a row could not pay.
fn failed(entry: &Entry, available: Money) -> Option<FundingFailure> {
    let missing = entry.shortfall().map(|short| match short.needed {
        Needed::Price(price) => price - short.voucher - short.available,
        Needed::MoreThanZero => Money::from_minor(1) - short.available,
        Needed::AtLeastZero => -short.available,
    });
    let short_of_funds = entry.reason == Some(Reason::InsufficientFunds);
    let (cause, by) = match entry.event {
        Event::RenewalFailed => (NeedCause::Renewal, entry.date),
        Event::Rejected if short_of_funds && entry.action.is_none() => {
            (NeedCause::Purchase, entry.date.yesterday())
        }
        Event::Rejected if short_of_funds => (NeedCause::Change, entry.date.yesterday()),
        Event::Usage if available < Money::ZERO => (NeedCause::Usage, entry.date),
        _ => return None,
    };
    let missing = missing.unwrap_or(-available);
    // Hours are the account's matter, whichever instance takes it below zero.
    let instance = entry.instance.filter(|_| cause != NeedCause::Usage);
    Some(FundingFailure {
        day: entry.date,
        by,
        cause,
        instance,
        missing,
    })
}

/// What no money keeps: the instances that the run with ample money loses.
/// Rule **plan-lost**.
pub(super) fn lost(
    run: &AmpleRun<'_>,
    (opening, kept): (&Simulation<'_>, Option<&[InstanceIndex]>),
    first: Option<Day>,
) -> Vec<UnavoidableLoss> {
    let mut troubled: BTreeMap<InstanceIndex, (Day, UnavoidableCause, Option<Day>)> =
        BTreeMap::new();
    let mut meanings = Losses::open_some(opening.book(), opening.instances());
    for entry in &run.entries {
        let (meaning, Some(instance)) = (meanings.meaning_of_entry(entry), entry.instance) else {
            continue;
        };
        match meaning {
            Some(RowMeaning::Reclaimed | RowMeaning::Stopped) => {
                troubled.insert(instance, (entry.date, UnavoidableCause::NotRenewed, None));
            }
            Some(RowMeaning::GivenUp) => {
                troubled
                    .entry(instance)
                    .or_insert((entry.date, UnavoidableCause::People, None))
                    .1 = UnavoidableCause::People;
            }
            Some(RowMeaning::Lost) => {
                let trouble = troubled.entry(instance).or_insert((
                    entry.date,
                    UnavoidableCause::NotRenewed,
                    None,
                ));
                trouble.2 = Some(entry.date);
                if first.is_none_or(|first| entry.date <= first) {
                    trouble.1 = UnavoidableCause::BeforeMoney;
                }
            }
            Some(RowMeaning::Back) => {
                troubled.remove(&instance);
            }
            _ => {}
        }
    }
    let asked =
        |instance: InstanceIndex| kept.is_some_and(|kept| kept.binary_search(&instance).is_ok());
    troubled.retain(|instance, (_, why, _)| {
        asked(*instance) || (kept.is_none() && *why != UnavoidableCause::People)
    });
    let released = opening
        .instances()
        .filter(|one| opening.state(*one) == Some(State::Terminated) && asked(*one));
    let released = released.map(|instance| UnavoidableLoss {
        instance,
        day: None,
        gone: None,
        why: UnavoidableCause::Released,
        asked: true,
    });
    let lost = troubled.into_iter();
    let lost = lost.map(|(instance, (day, why, gone))| UnavoidableLoss {
        instance,
        day: Some(day),
        gone,
        why,
        asked: asked(instance),
    });
    released.chain(lost).collect()
}
