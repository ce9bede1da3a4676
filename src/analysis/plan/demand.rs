//! What has to be there, and by when: one fold over the run with ample money.
//!
//! Every row of that run that needs money says how much the account would have held without the plan. What is missing
//! must have come by the row's day, or by the day before where it stands ahead of the plan's top-ups of its day. The least sums
//! are the running maximum of what is missing. It never replays.

use std::collections::{BTreeMap, BTreeSet};

use super::arrivals::Arrival;
use super::{AmpleRun, FundingFailure, NeedCause, TopUp, UnavoidableCause, UnavoidableLoss};
use crate::analysis::compare::{Credit, least_to_restart};
use crate::analysis::losses::{Losses, RowMeaning};
use crate::engine::Simulation;
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::Entry;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::{InstanceIndex, State};
use crate::model::money::Money;

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

    /// After a payment that must leave `least`.
    pub(super) fn of_a_payment(self, least: Money) -> Money {
        self.reserve.map_or(least, |reserve| reserve.max(least))
    }
}

/// What an account needs.
pub(super) struct Needs<'q> {
    book: &'q Book,
    arrivals: &'q [Arrival],
    ample: Money,
    floors: Floors,
    credit: Credit<'q>,
    /// Whether the ample money has come.
    has_come: bool,
    /// The day of the last row, and what was available after it without the ample money.
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
        arrivals: &'q [Arrival],
        ample: Money,
        floors: Floors,
    ) -> Self {
        let book = run.end.book();
        let mut needs = Self {
            book,
            arrivals,
            ample,
            floors,
            credit: Credit::credit_of_account(book, run.end.account()),
            has_come: false,
            last: None,
            total: Money::ZERO,
            top_ups: Vec::new(),
            runway: None,
            unmet: Vec::new(),
            failing: BTreeSet::new(),
        };
        run.entries.iter().for_each(|entry| needs.need_for(entry));
        needs.end_day();
        debug_assert_eq!(
            needs.top_ups.iter().map(|one| one.amount).sum::<Money>(),
            needs.total,
            "the top-ups add up to the greatest lack"
        );
        needs
    }

    fn need_for(&mut self, entry: &Entry) {
        if self.last.is_some_and(|(day, _)| day != entry.date) {
            self.end_day();
        }
        self.has_come |= (entry.event, entry.action) == (Event::TopUp, None);
        let mut available = self.credit.available_after(entry);
        if self.has_come {
            available -= self.ample;
        }
        self.last = Some((entry.date, available));
        if let Some(failure) = failed(entry, available)
            && !(self.has_come && failure.cause == NeedCause::Usage)
        {
            self.give_up(failure);
        } else if let Some(need) = PaymentNeed::need_of(self.book, entry)
            && self.has_come
        {
            let failure = FundingFailure {
                day: entry.date,
                by: need.by,
                cause: need.cause,
                instance: entry.instance,
                missing: need.least - available,
            };
            if failure.missing > Money::ZERO {
                self.runway = self.runway.or(Some(failure));
            }
            self.need(FundingFailure {
                missing: self.floors.of_a_payment(need.least) - available,
                ..failure
            });
        }
    }

    /// Compares the balance at a day's end with the floor.
    fn end_day(&mut self) {
        if let (Some((day, available)), Some(floor)) = (self.last, self.floors.of_a_day())
            && self.has_come
        {
            self.need(FundingFailure {
                day,
                by: day,
                cause: NeedCause::Floor,
                instance: None,
                missing: floor - available,
            });
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
            _ => self.top_ups.push(TopUp {
                arrival,
                amount: more,
                first: FundingFailure {
                    missing: more,
                    ..failure
                },
                without: Vec::new(),
            }),
        }
    }

    fn give_up(&mut self, failure: FundingFailure) {
        self.runway = self.runway.or(Some(failure));
        if self.failing.insert((failure.cause, failure.instance)) {
            self.unmet.push(failure);
        }
    }
}

/// What a row needed money for that was paid.
pub(super) struct PaymentNeed {
    pub cause: NeedCause,
    /// The last day on which money for it can come.
    pub by: Day,
    /// What must be left.
    pub least: Money,
}

impl PaymentNeed {
    pub(super) fn need_of(book: &Book, entry: &Entry) -> Option<Self> {
        let paid = entry.moved_amount();
        let cause = match entry.event {
            Event::Renewed | Event::Recovered => NeedCause::Renewal,
            Event::Purchased if entry.action.is_some() => NeedCause::Change,
            Event::Purchased => NeedCause::Purchase,
            Event::Resized if paid.is_some_and(|paid| paid <= Money::ZERO) => NeedCause::Change,
            Event::Usage => NeedCause::Usage,
            Event::Restored => NeedCause::Restart,
            _ => return None,
        };
        let in_the_morning = cause == NeedCause::Purchase || entry.action.is_some();
        let restarted = entry.instance.filter(|_| cause == NeedCause::Restart);
        Some(Self {
            cause,
            by: if in_the_morning {
                entry.date.yesterday()
            } else {
                entry.date
            },
            least: restarted.map_or(Money::ZERO, |instance| least_to_restart(book, instance)),
        })
    }
}

/// What a row could not pay.
fn failed(entry: &Entry, available: Money) -> Option<FundingFailure> {
    let missing = entry.shortfall().map(|short| short.missing());
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
    Some(FundingFailure {
        day: entry.date,
        by,
        cause,
        // Hours are the account's matter, whichever instance takes it below zero.
        instance: entry.instance.filter(|_| cause != NeedCause::Usage),
        missing: missing.unwrap_or(-available),
    })
}

/// What no money keeps: the instances that the run with ample money loses.
/// Rule **plan-lost**.
pub(super) fn lost(
    run: &AmpleRun<'_>,
    opening: &Simulation<'_>,
    kept: Option<&BTreeSet<InstanceIndex>>,
    first: Option<Day>,
) -> Vec<UnavoidableLoss> {
    let is_asked = |one: &InstanceIndex| kept.is_some_and(|kept| kept.contains(one));
    let mut losses: BTreeMap<InstanceIndex, UnavoidableLoss> = BTreeMap::new();
    let mut meanings = Losses::open_some(opening.book(), opening.instances());
    for entry in &run.entries {
        let (Some(meaning), Some(instance)) = (meanings.meaning_of_entry(entry), entry.instance)
        else {
            continue;
        };
        let new = UnavoidableLoss {
            instance,
            day: Some(entry.date),
            gone: None,
            why: UnavoidableCause::NotRenewed,
            asked: is_asked(&instance),
        };
        match meaning {
            RowMeaning::Reclaimed | RowMeaning::Stopped => {
                losses.insert(instance, new);
            }
            RowMeaning::GivenUp => {
                losses.entry(instance).or_insert(new).why = UnavoidableCause::People;
            }
            RowMeaning::Lost => {
                let loss = losses.entry(instance).or_insert(new);
                loss.gone = Some(entry.date);
                if first.is_none_or(|first| entry.date <= first) {
                    loss.why = UnavoidableCause::BeforeMoney;
                }
            }
            RowMeaning::Back => {
                losses.remove(&instance);
            }
            _ => {}
        }
    }
    losses.retain(|_, loss| loss.asked || (kept.is_none() && loss.why != UnavoidableCause::People));
    let released = opening
        .instances()
        .filter(|one| opening.state(*one) == Some(State::Terminated) && is_asked(one));
    let released = released.map(|instance| UnavoidableLoss {
        instance,
        day: None,
        gone: None,
        why: UnavoidableCause::Released,
        asked: true,
    });
    released.chain(losses.into_values()).collect()
}
