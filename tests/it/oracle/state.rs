//! What changes from day to day: accounts and instances, and the sums and dates that follow from them.
//! Decides nothing: the phases do.

use std::collections::BTreeMap;

use super::dates::{Date, add_months, days_between, plus_days};
use super::number::Fraction;
use super::profile::Profile;
use super::rules::Notes;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Not bought or started yet, or refused (**purchase**): it does not exist.
    Absent,
    Running,
    Overdue,
    Reclaimed,
    Stopped,
    Terminated,
}

impl State {
    pub(crate) fn parse(word: &str) -> Self {
        match word {
            "running" => Self::Running,
            "overdue" => Self::Overdue,
            "reclaimed" => Self::Reclaimed,
            "stopped" => Self::Stopped,
            "terminated" => Self::Terminated,
            other => panic!("unknown state {other}"),
        }
    }

    /// The word of docs/spec/formats.md; empty for what does not exist.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Absent => "",
            Self::Running => "running",
            Self::Overdue => "overdue",
            Self::Reclaimed => "reclaimed",
            Self::Stopped => "stopped",
            Self::Terminated => "terminated",
        }
    }
}

/// An account; all sums are minor units of its currency.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    /// Decimals of its currency.
    pub(crate) digits: u32,
    pub(crate) cash: i128,
    pub(crate) free_credit: i128,
    pub(crate) frozen: i128,
    pub(crate) credit_limit: i128,
    pub(crate) alert_below: Option<i128>,
    /// Hours since the arrears clock was set; none while it is not running.
    pub(crate) arrears_clock: Option<i64>,
    /// Balance alerts in a row.
    pub(crate) alert_days: i64,
}

/// What a movement changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Movement {
    /// What a voucher paid; no part of the account's sums.
    pub(crate) voucher: i128,
    pub(crate) free_credit: i128,
    pub(crate) cash: i128,
}

impl Account {
    pub(crate) fn settled(&self) -> i128 {
        self.cash + self.free_credit
    }

    pub(crate) fn available(&self) -> i128 {
        self.settled() - self.frozen + self.credit_limit
    }

    /// Takes free credit, then cash (**payment**). Whether it may, the caller has decided.
    pub(crate) fn deduct(&mut self, amount: i128) -> Movement {
        let from_free_credit = amount.min(self.free_credit);
        let from_cash = amount - from_free_credit;
        self.free_credit -= from_free_credit;
        self.cash -= from_cash;
        Movement {
            voucher: 0,
            free_credit: -from_free_credit,
            cash: -from_cash,
        }
    }
}

/// An instance. Of a prepaid one that exists, `expires_on` is always there.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) account: usize,
    pub(crate) profile: Profile,
    /// The text cells as written, `product` filled in; tags under `tag:KEY`.
    pub(crate) cells: BTreeMap<String, String>,
    pub(crate) prepaid: bool,
    pub(crate) flag: String,
    pub(crate) renew_months: u32,
    pub(crate) monthly_price: Option<Fraction>,
    pub(crate) hourly_price: Option<Fraction>,
    pub(crate) starts_on: Option<Date>,
    pub(crate) expires_on: Option<Date>,
    pub(crate) anchor: Option<u32>,
    pub(crate) state: State,
    /// The day of reclaiming or stopping.
    pub(crate) since: Option<Date>,
    pub(crate) returned: bool,
    pub(crate) priority: Option<i64>,
    /// `arrears` or `user`, while stopped.
    pub(crate) stopped_by: Option<&'static str>,
    /// Hours billed so far, for tiered prices.
    pub(crate) billed_hours: i64,
    /// Downgrades so far.
    pub(crate) downgrades: i64,
    /// What is known to be paid for its terms.
    pub(crate) orders: Vec<Order>,
}

/// A paid term, and what of free credit and cash was paid for it (**orders**).
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) start: Date,
    pub(crate) end: Date,
    /// None where it is counted in days.
    pub(crate) months: Option<u32>,
    pub(crate) free_credit: i128,
    pub(crate) cash: i128,
    /// Whether it is the order of a purchase.
    pub(crate) new: bool,
}

/// A voucher of an account (docs/spec/formats.md).
#[derive(Clone, Debug)]
pub(crate) struct Voucher {
    pub(crate) id: String,
    pub(crate) account: usize,
    /// What is left of it, in minor units.
    pub(crate) left: i128,
    pub(crate) valid_from: Date,
    pub(crate) valid_to: Date,
    /// Empty: any.
    pub(crate) products: Vec<String>,
    pub(crate) pay_mode: Option<String>,
    pub(crate) min_order: Option<i128>,
}

/// How many instances of a product an account returned in a year.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Returns {
    pub(crate) all: i64,
    /// Those with the whole payment.
    pub(crate) full: i64,
}

impl Instance {
    pub(crate) fn product(&self) -> &str {
        &self.cells["product"]
    }

    pub(crate) fn exists(&self) -> bool {
        self.state != State::Absent
    }

    pub(crate) fn expiry(&self) -> Date {
        self.expires_on
            .expect("a prepaid instance that exists has an expiry date")
    }

    /// The day number of `date` relative to the expiry date (**attempts**).
    pub(crate) fn day_number(&self, date: Date) -> i64 {
        days_between(self.expiry(), date)
    }

    /// The end of a term of whole months (**month-end**).
    pub(crate) fn months_after(&self, start: Date, months: u32, notes: &Notes) -> Date {
        let anchor = self.anchor.expect("a prepaid instance has an anchor");
        add_months(&self.profile.month_end, start, anchor, months, notes)
    }

    /// The first day on which it is released, while it is in the bin or stopped (**release**, **stopped-since**).
    pub(crate) fn release_day(&self) -> Date {
        let since = self.since.expect("what waits for release has a day");
        if !self.prepaid {
            return plus_days(since, self.profile.postpaid_retention_days + 1);
        }
        let base = if self.retention_counts_from_expiry() {
            self.expiry()
        } else {
            since
        };
        let after_retention = plus_days(base, self.profile.retention_days + 1);
        after_retention.max(plus_days(since, 1))
    }

    /// What was returned is kept from that day on (**release**).
    pub(crate) fn retention_counts_from_expiry(&self) -> bool {
        self.profile.retention_from == "expiry" && !self.returned
    }
}
