//! A payment spread over the days of its term, straight-line: the accrual view of reports, never of the ledger.
//!
//! Rule: Tencent's cost analysis (成本分析, 2021-07-26). Each day takes the payment divided by the days, rounded half up to
//! minor units; the last day takes what is left. A day never takes more than what is left. Where a day's share is below one
//! minor unit, the days from the second on take one each until nothing is left. Voucher, free credit and cash are spread
//! each on its own.

use crate::model::account::Movement;
use crate::model::calendar::Day;
use crate::model::money::{Money, Rounding};
use crate::model::order::{Term, days_between};

/// A payment spread over its term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amortisation {
    term: Term,
    voucher: Spread,
    free_credit: Spread,
    cash: Spread,
}

impl Amortisation {
    /// Spreads what a row paid for a term. The movement of a payment is negative, what is spread is positive.
    pub fn of_payment(paid: Movement, term: Term) -> Self {
        let days = term.days();
        Self {
            term,
            voucher: Spread::over_days(-paid.voucher, days),
            free_credit: Spread::over_days(-paid.free_credit, days),
            cash: Spread::over_days(-paid.cash, days),
        }
    }

    /// What the days before `day` have taken. On the day of a refund the rest of it is booked as well.
    pub fn before(&self, day: Day) -> Movement {
        let days = days_between(self.term.start, day);
        Movement {
            voucher: self.voucher.first(days),
            free_credit: self.free_credit.first(days),
            cash: self.cash.first(days),
        }
    }

    /// What is still to be spread at the beginning of `day`: the deferred balance.
    pub fn deferred(&self, day: Day) -> Movement {
        let (whole, taken) = (self.before(self.term.end), self.before(day));
        Movement {
            voucher: whole.voucher - taken.voucher,
            free_credit: whole.free_credit - taken.free_credit,
            cash: whole.cash - taken.cash,
        }
    }
}

/// An amount spread over days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Spread {
    total: Money,
    days: u32,
    daily: Money,
    /// Days at the beginning that take nothing.
    idle: u32,
}

impl Spread {
    fn over_days(total: Money, days: u32) -> Self {
        debug_assert!(total >= Money::ZERO, "a payment of {total:?}");
        let one = Money::from_minor(1);
        let daily = total.part(one, one * days.max(1), Rounding::HalfUp);
        let idle = u32::from(total < one * days);
        Self {
            total,
            days,
            daily: daily.max(one),
            idle,
        }
    }

    /// What the first days take together.
    fn first(&self, days: u32) -> Money {
        if days >= self.days {
            return self.total;
        }
        self.total.min(self.daily * days.saturating_sub(self.idle))
    }
}
