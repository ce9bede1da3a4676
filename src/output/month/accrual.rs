//! The accrual view of a month: what was paid for terms, spread over their days, and what is left to be spread.
//!
//! A payment counts from the day on which it is made; days of its term before that day are caught up on it. On the day on
//! which a term is given back the rest of it is written off.
//!
//! Rule **report-accrual** of docs/spec.

use std::collections::BTreeMap;
use std::ops::{AddAssign, Sub};

use crate::engine::amortisation::Amortisation;
use crate::engine::event::Event;
use crate::engine::ledger::Entry;
use crate::model::account::Movement;
use crate::model::action::Verb;
use crate::model::book::Book;
use crate::model::calendar::{Day, DayRange};
use crate::model::instance::InstanceIndex;
use crate::model::money::Money;
use crate::model::order::Term;
use crate::output::monthly::RENEWALS;

/// An amount of the account, and one of vouchers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Amounts {
    /// Cash and free credit.
    pub funds: Money,
    /// Vouchers.
    pub voucher: Money,
}

impl AddAssign for Amounts {
    fn add_assign(&mut self, other: Self) {
        self.funds += other.funds;
        self.voucher += other.voucher;
    }
}

impl Sub for Amounts {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self {
            funds: self.funds - other.funds,
            voucher: self.voucher - other.voucher,
        }
    }
}

/// How the deferred balance of an instance moves through the month: opening + paid − spread − written off = closing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Deferral {
    /// What is left to be spread when the month begins.
    pub opening: Amounts,
    /// What the month pays for terms.
    pub paid: Amounts,
    /// What its days take.
    pub spread: Amounts,
    /// What was left of terms that were given back in it.
    pub written_off: Amounts,
    /// What is left to be spread when it is over.
    pub closing: Amounts,
}

impl AddAssign for Deferral {
    fn add_assign(&mut self, other: Self) {
        self.opening += other.opening;
        self.paid += other.paid;
        self.spread += other.spread;
        self.written_off += other.written_off;
        self.closing += other.closing;
    }
}

/// A payment that is spread.
#[derive(Clone, Copy, Debug)]
struct SpreadPayment {
    day: Day,
    spread: Amortisation,
    /// Whether it is a downgrade, which pays back.
    pays_back: bool,
    end: Day,
}

impl SpreadPayment {
    fn signed(&self, movement: Movement) -> Amounts {
        let amounts = Amounts {
            funds: movement.amount(),
            voucher: movement.voucher,
        };
        if self.pays_back {
            Amounts::default() - amounts
        } else {
            amounts
        }
    }

    /// What the days before `day` have taken.
    fn before(&self, day: Day) -> Amounts {
        if day <= self.day {
            Amounts::default()
        } else {
            self.signed(self.spread.before(day))
        }
    }

    /// All of it.
    fn whole(&self) -> Amounts {
        self.signed(self.spread.before(self.end))
    }

    /// What it holds back at the beginning of `day`.
    fn deferred(&self, day: Day) -> Amounts {
        if day <= self.day {
            Amounts::default()
        } else {
            self.whole() - self.before(day)
        }
    }
}

/// The accrual view in the making.
pub(super) struct Accrual {
    month: DayRange,
    /// Payments of terms that are not given back.
    payments: BTreeMap<InstanceIndex, Vec<SpreadPayment>>,
    expiries: Vec<Option<Day>>,
    deferrals: BTreeMap<InstanceIndex, Deferral>,
    has_begun: bool,
}

impl Accrual {
    /// Nothing yet but what is known to be paid for terms that go on.
    pub(super) fn accrue_month(book: &Book, month: DayRange) -> Self {
        let mut payments: BTreeMap<InstanceIndex, Vec<SpreadPayment>> = BTreeMap::new();
        for (instance, order) in book.orders.as_slice() {
            let paid = Movement {
                voucher: Money::ZERO,
                free_credit: -order.free_credit,
                cash: -order.cash,
            };
            let day = order.term.start.min(book.days.from.yesterday());
            let spread = Amortisation::of_payment(paid, order.term);
            let payment = SpreadPayment {
                day,
                spread,
                pays_back: false,
                end: order.term.end,
            };
            payments.entry(*instance).or_default().push(payment);
        }
        let expiries = book
            .instances
            .iter()
            .map(|instance| instance.expires_on)
            .collect();
        Self {
            month,
            payments,
            expiries,
            deferrals: BTreeMap::new(),
            has_begun: false,
        }
    }

    /// Adds a row; rows after the month say nothing.
    pub(super) fn accrue(&mut self, book: &Book, entry: &Entry) {
        let Some(instance) = entry.instance.filter(|_| entry.date <= self.month.to) else {
            return;
        };
        if entry.date >= self.month.from {
            self.begin();
        }
        if RENEWALS.contains(&entry.event) {
            self.pay(instance, entry);
        } else if is_given_back(book, entry) {
            self.give_back(instance, entry.date);
        }
    }

    fn begin(&mut self) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        let from = self.month.from;
        self.payments
            .values_mut()
            .for_each(|payments| payments.retain(|one| one.end > from));
        self.payments.retain(|_, payments| !payments.is_empty());
        for (instance, payments) in &self.payments {
            let deferral = self.deferrals.entry(*instance).or_default();
            payments
                .iter()
                .for_each(|one| deferral.opening += one.deferred(from));
        }
    }

    fn pay(&mut self, instance: InstanceIndex, entry: &Entry) {
        let expiry = &mut self.expiries[instance.0 as usize];
        // The term of a row ends at the expiry; after a return or a conversion that can be nearer than the one before.
        *expiry = entry.term.map(|term| term.end).or(*expiry);
        let Some(movement) = entry.movement else {
            return;
        };
        let pays_back = !movement.amount().is_negative() && movement.amount() != Money::ZERO;
        let rest = Term {
            start: entry.date,
            end: expiry.unwrap_or(entry.date),
            months: 0,
        };
        let term = entry.term.unwrap_or(rest);
        let Movement {
            voucher,
            free_credit,
            cash,
        } = movement;
        let paid = if pays_back {
            Movement {
                voucher: -voucher,
                free_credit: -free_credit,
                cash: -cash,
            }
        } else {
            movement
        };
        let end = term.end.max(term.start.tomorrow());
        let payment = SpreadPayment {
            day: entry.date,
            spread: Amortisation::of_payment(paid, term),
            pays_back,
            end,
        };
        if entry.date >= self.month.from {
            self.deferrals.entry(instance).or_default().paid += payment.whole();
        }
        self.payments.entry(instance).or_default().push(payment);
    }

    fn give_back(&mut self, instance: InstanceIndex, day: Day) {
        let payments = self.payments.remove(&instance).unwrap_or_default();
        if day < self.month.from || payments.is_empty() {
            return;
        }
        let deferral = self.deferrals.entry(instance).or_default();
        for payment in payments {
            let taken = payment.before(day.tomorrow());
            deferral.spread += taken - payment.before(self.month.from);
            deferral.written_off += payment.whole() - taken;
        }
    }

    /// How the deferred balance of each instance that has one moves through the month.
    pub(super) fn into_deferrals(mut self) -> BTreeMap<InstanceIndex, Deferral> {
        self.begin();
        let (from, next) = (self.month.from, self.month.to.tomorrow());
        for (instance, payments) in &self.payments {
            let deferral = self.deferrals.entry(*instance).or_default();
            for payment in payments {
                deferral.spread += payment.before(next) - payment.before(from);
                deferral.closing += payment.deferred(next);
            }
        }
        self.deferrals
    }
}

/// Whether the paid terms of the instance end with this row.
fn is_given_back(book: &Book, entry: &Entry) -> bool {
    match entry.event {
        Event::Returned | Event::Refunded | Event::Terminated => true,
        Event::Converted => {
            let verb = entry.action.map(|action| book.action(action).verb);
            matches!(verb, Some(Verb::ToPostpaid(_)))
        }
        _ => false,
    }
}
