//! What a renewal, an hour, a unified date, a refund and a change of configuration cost.
//!
//! Every formula is evaluated exactly and rounded once (`docs/spec/money.md`).

use crate::model::calendar::{DAYS_OF_A_MONTH, Day, first_on_or_after};
use crate::model::money::{Currency, Exact, Money, Price, Share};
use crate::model::order::{Order, PaidTerms, Term, days_between};
use crate::model::profile::{DowngradeMonths, Profile, RefundMethod, UpgradeMonths};

/// The price of `months` prepaid: `monthly price × months × factor of the band`.
pub fn renewal(profile: &Profile, currency: Currency, monthly: Price, months: u32) -> Money {
    let share = Share {
        times: months,
        factor: profile.factor(months),
        ..Share::ONCE
    };
    monthly.charge(currency, share, profile.rounding)
}

/// The price of one hour.
pub fn hour(profile: &Profile, currency: Currency, hourly: Price) -> Money {
    hourly.charge(currency, Share::ONCE, profile.rounding)
}

/// Days of a year in the formulas that count a month as 365 / 12 days.
const DAYS_PER_YEAR: u32 = 365;
/// Months of a year.
const MONTHS_PER_YEAR: u32 = 12;
/// Hours of a day.
const HOURS_PER_DAY: u32 = 24;

/// The price of one hour after these billed hours: `hourly price × factor of the tier`.
pub fn tiered_hour(profile: &Profile, currency: Currency, hourly: Price, billed: u32) -> Money {
    let share = Share {
        factor: profile.tier(billed),
        ..Share::ONCE
    };
    hourly.charge(currency, share, profile.rounding)
}

/// What an instance costs: its rules, its currency and its list prices in force.
///
/// | formula | of | source |
/// |---|---|---|
/// | [`Tariff::consumed`] | a term that is given back | 云服务退货说明 2021-11-08 |
/// | [`Tariff::refund`] | the same | 云服务退货说明 2021-11-08 |
/// | [`Tariff::upgrade`], [`Tariff::downgrade`] | a new type or price | 实例调整配置费用说明 2021-04-25 |
#[derive(Clone, Copy, Debug)]
pub struct Tariff<'p> {
    /// The provider's rules.
    pub profile: &'p Profile,
    /// The currency of the prices.
    pub currency: Currency,
    /// The list price of a month.
    pub monthly: Price,
    /// The list price of an hour, where one is known.
    pub hourly: Option<Price>,
    /// The day of the month that sticky terms come back to.
    pub anchor: u8,
}

/// A refund needs the price of an hour, which the instance does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HourPriceMissing;

impl Tariff<'_> {
    /// The price of `months` prepaid.
    pub fn renewal(&self, months: u32) -> Money {
        renewal(self.profile, self.currency, self.monthly, months)
    }

    /// The term that moves an expiry to the asked day of the month: it ends on the first such day that is at least one
    /// month later. Source: the console's unified expiry date, whose renewal is longer than one month.
    pub fn unified_term(&self, expiry: Day, asked: u8) -> Term {
        let month_later = self.profile.month_end.add_months(expiry, 1, self.anchor);
        Term {
            start: expiry,
            end: first_on_or_after(month_later, asked),
            months: 0,
        }
    }

    /// The price of days up to a unified expiry date: `monthly price × days / 30`, without discount.
    pub fn price_of_days(&self, days: u32) -> Money {
        let share = Share {
            times: days,
            divisor: DAYS_OF_A_MONTH,
            ..Share::ONCE
        };
        self.monthly
            .charge(self.currency, share, self.profile.rounding)
    }

    /// What the days before `day` have used of an order that is given back, rounded.
    ///
    /// # Errors
    /// The method counts hours, but no price of an hour is known.
    pub fn consumed(&self, order: &Order, day: Day) -> Result<Money, HourPriceMissing> {
        let value = match self.profile.refund {
            RefundMethod::Nothing => return Ok(order.paid()),
            RefundMethod::Hourly => self.months_and_hours(order.term.start, day)?,
            RefundMethod::Share => {
                let (months, _) = self.months_and_days(order.term.start, day);
                let used = days_between(order.term.start, day);
                let factor = self.profile.factor(months.max(1)).exact();
                self.list_price(order.term) * Exact::fraction(used, order.term.days()) * factor
            }
        };
        Ok(self.round(&value))
    }

    /// What comes back of `paid` on `day`, and what counts as consumed. Nothing comes back where nothing is left.
    ///
    /// # Errors
    /// As [`Tariff::consumed`].
    pub fn refund(&self, paid: &PaidTerms, day: Day) -> Result<Refund, HourPriceMissing> {
        let consumed = match self.profile.refund {
            RefundMethod::Nothing => paid.total(),
            _ => paid
                .current
                .map_or(Ok(Money::ZERO), |order| self.consumed(&order, day))?,
        };
        Ok(Refund {
            amount: (paid.total() - consumed).max(Money::ZERO),
            consumed,
        })
    }

    /// The charge for a higher price on `day`: the difference over the months that are left, discounted like them.
    pub fn upgrade(&self, new: Price, day: Day, expiry: Day) -> Money {
        let days = days_between(day, expiry);
        let average = Exact::fraction(days * MONTHS_PER_YEAR, DAYS_PER_YEAR);
        let months = match self.profile.upgrade_months {
            UpgradeMonths::Average => average,
            UpgradeMonths::AverageTwoDecimals => average.hundredths(),
            UpgradeMonths::Days30 => Exact::fraction(days, DAYS_OF_A_MONTH),
        };
        let factor = self.profile.factor(months.whole()).exact();
        self.round(&((new.exact() - self.monthly.exact()) * months * factor))
    }

    /// What comes back for a lower price on `day`: what is left of the payment after the used part at the old price and
    /// the months left at the new one.
    ///
    /// # Errors
    /// As [`Tariff::consumed`].
    pub fn downgrade(
        &self,
        new: Price,
        paid: &PaidTerms,
        day: Day,
        expiry: Day,
    ) -> Result<Refund, HourPriceMissing> {
        let used = self.used_part(paid, day)?;
        let reduced = Self {
            monthly: new,
            ..*self
        };
        let left = reduced.listed(self.counted_months(day, expiry));
        let rest = paid.total().exact(self.currency) - used.clone() - left;
        Ok(Refund {
            amount: self.round(&rest),
            consumed: self.round(&used),
        })
    }

    /// What the days before `day` have used of the current order when the configuration changes: as much as if it were
    /// given back, at the price in force.
    ///
    /// # Errors
    /// As [`Tariff::consumed`].
    pub fn used_before_change(
        &self,
        paid: &PaidTerms,
        day: Day,
    ) -> Result<Money, HourPriceMissing> {
        Ok(self.round(&self.used_part(paid, day)?))
    }

    fn used_part(&self, paid: &PaidTerms, day: Day) -> Result<Exact, HourPriceMissing> {
        let Some(order) = paid.current else {
            return Ok(Exact::from_whole(0));
        };
        match self.profile.refund {
            RefundMethod::Hourly => self.months_and_hours(order.term.start, day),
            RefundMethod::Share | RefundMethod::Nothing => {
                Ok(self.listed(self.counted_months(order.term.start, day)))
            }
        }
    }

    /// Full months at the list price and their discount, the days after them by the hour.
    fn months_and_hours(&self, start: Day, end: Day) -> Result<Exact, HourPriceMissing> {
        let (months, days) = self.months_and_days(start, end);
        Ok(self.listed(Exact::from_whole(months)) + self.hours(days * HOURS_PER_DAY)?)
    }

    /// Months from one day to another by the rule for downgrades.
    fn counted_months(&self, start: Day, end: Day) -> Exact {
        let all = days_between(start, end);
        let (months, days) = self.months_and_days(start, end);
        match self.profile.downgrade_months {
            DowngradeMonths::Average => Exact::fraction(all * MONTHS_PER_YEAR, DAYS_PER_YEAR),
            DowngradeMonths::MonthsOrDays30 if days == 0 => Exact::from_whole(months),
            DowngradeMonths::MonthsOrDays30 => Exact::fraction(all, DAYS_OF_A_MONTH),
            DowngradeMonths::Days30 => {
                Exact::from_whole(months) + Exact::fraction(days, DAYS_OF_A_MONTH)
            }
        }
    }

    /// Months at the list price and the discount of their whole months.
    fn listed(&self, months: Exact) -> Exact {
        let factor = self.profile.factor(months.whole()).exact();
        self.monthly.exact() * months * factor
    }

    fn list_price(&self, term: Term) -> Exact {
        let months = match term.months {
            0 => Exact::fraction(term.days(), DAYS_OF_A_MONTH),
            months => Exact::from_whole(months),
        };
        self.monthly.exact() * months
    }

    /// Hours from the first tier on.
    fn hours(&self, hours: u32) -> Result<Exact, HourPriceMissing> {
        if hours == 0 {
            return Ok(Exact::from_whole(0));
        }
        let price = self.hourly.ok_or(HourPriceMissing)?.exact();
        let tiers = self.profile.hourly_tiers.iter().map(|(from, _)| *from);
        let bounds = tiers.filter(|from| (1..hours).contains(from));
        let mut weighted = Exact::from_whole(0);
        let mut start = 0;
        for end in bounds.chain([hours]) {
            let factor = self.profile.tier(start).exact();
            weighted = weighted + Exact::from_whole(end - start) * factor;
            start = end;
        }
        Ok(price * weighted)
    }

    /// Full months from one day to another by the profile's month rule, and the days after them.
    fn months_and_days(&self, start: Day, end: Day) -> (u32, u32) {
        let anchor = if start.falls_on(self.anchor) {
            self.anchor
        } else {
            start.day_of_month()
        };
        let (mut months, mut reached) = (0, start);
        loop {
            let month_end = self.profile.month_end;
            let later = month_end.add_months(start, months + 1, anchor);
            if later > end {
                return (months, days_between(reached, end));
            }
            (months, reached) = (months + 1, later);
        }
    }

    fn round(&self, value: &Exact) -> Money {
        value.round(self.currency, self.profile.rounding)
    }
}

/// What comes back of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The amount, not negative.
    pub amount: Money,
    /// What counts as consumed.
    pub consumed: Money,
}
