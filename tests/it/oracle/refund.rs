//! Orders, what of them is used, and what comes back when an instance is given up (docs/spec/money.md, Orders and Returns).

use std::collections::BTreeMap;

use chrono::Datelike;

use super::dates::{Date, add_months, days_between, falls_on};
use super::day::Replay;
use super::ledger::Entry;
use super::number::{Fraction, money};
use super::price::{discount, monthly_price};
use super::read::Action;
use super::rules::Notes;
use super::state::{Instance, Movement, Order, State};

/// What is known to be paid for the current order and those ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paid {
    pub(crate) free_credit: i128,
    pub(crate) cash: i128,
}

impl Paid {
    pub(crate) fn all(self) -> i128 {
        self.free_credit + self.cash
    }

    /// A sum in cash and free credit as they were paid: cash rounded, the rest free credit (**refund**).
    pub(crate) fn split(self, sum: i128, rounding: &str, notes: &Notes) -> Movement {
        if self.all() == 0 {
            assert_eq!(sum, 0, "what was not paid has no parts");
            return Movement::default();
        }
        let cash = Fraction::whole(sum)
            .times_whole(self.cash)
            .over(self.all())
            .round(0, rounding, notes);
        Movement {
            voucher: 0,
            free_credit: sum - cash,
            cash,
        }
    }
}

/// What comes back, and the fact that the row says of it.
pub(crate) struct Refund {
    pub(crate) movement: Option<Movement>,
    pub(crate) fact: String,
}

impl Instance {
    /// The order whose term holds the day.
    pub(crate) fn current_order(&self, day: Date) -> Option<&Order> {
        self.orders
            .iter()
            .find(|order| order.start <= day && day < order.end)
    }

    /// What was paid for the current order and those ahead; none where no payment is known (**unknown-payment**).
    pub(crate) fn paid(&self, day: Date) -> Option<Paid> {
        let counts: Vec<&Order> = self.orders.iter().filter(|order| day < order.end).collect();
        let sum = |part: fn(&Order) -> i128| counts.iter().map(|order| part(order)).sum();
        let paid = Paid {
            free_credit: sum(|order| order.free_credit),
            cash: sum(|order| order.cash),
        };
        (!counts.is_empty()).then_some(paid)
    }

    /// The most months that do not lead past the end (**full-months**).
    pub(crate) fn full_months(&self, start: Date, end: Date, notes: &Notes) -> u32 {
        let anchor = self.anchor.expect("a prepaid instance has an anchor");
        let on_anchor = falls_on(start, anchor);
        let counted_from = if on_anchor { anchor } else { start.day() };
        let after = |months| {
            add_months(
                &self.profile.month_end,
                start,
                counted_from,
                months,
                &Notes::new(),
            )
        };
        let mut months = 0;
        while after(months + 1) <= end {
            months += 1;
        }
        let sticky = self.profile.month_end == "sticky" && months > 0;
        notes.reached_if(
            sticky && on_anchor && anchor != start.day(),
            "months/full-from-the-anchor",
        );
        notes.reached_if(sticky && !on_anchor, "months/full-from-the-start");
        months
    }

    /// The first day after so many full months.
    pub(crate) fn after_full_months(&self, start: Date, months: u32) -> Date {
        let anchor = self.anchor.expect("a prepaid instance has an anchor");
        let counted_from = if falls_on(start, anchor) {
            anchor
        } else {
            start.day()
        };
        if months == 0 {
            start
        } else {
            add_months(
                &self.profile.month_end,
                start,
                counted_from,
                months,
                &Notes::new(),
            )
        }
    }
}

/// The factor of the largest tier not above the hours before an hour; 1 where there is none (**tiers**).
pub(crate) fn tier(tiers: &BTreeMap<i64, Fraction>, hours_before: i64) -> Fraction {
    let mut factor = Fraction::ONE;
    let mut largest = None;
    for (&from, &of_tier) in tiers {
        if from <= hours_before && largest.is_none_or(|known| from > known) {
            largest = Some(from);
            factor = of_tier;
        }
    }
    factor
}

impl Replay<'_> {
    /// What of the current order is used, rounded; none where that takes an hourly price that is not there.
    fn consumed(&self, index: usize, paid: Paid) -> Option<i128> {
        let instance = &self.instances[index];
        let digits = self.accounts[instance.account].digits;
        let notes = self.notes;
        if instance.profile.refund == "none" {
            notes.reached("refund/none");
            return Some(paid.all());
        }
        let Some(order) = instance.current_order(self.today) else {
            notes.reached("refund/orders-ahead-without-a-current-one");
            return Some(0);
        };
        let used = match instance.profile.refund.as_str() {
            "hourly" => self.used_by_the_hour(instance, order)?,
            "share" => self.used_share(instance, order),
            other => panic!("unknown refund {other}"),
        };
        Some(used.round(digits, &instance.profile.rounding, notes))
    }

    /// Full months at the monthly price, the rest at the hourly price from hour 0 on.
    pub(crate) fn used_by_the_hour(&self, instance: &Instance, order: &Order) -> Option<Fraction> {
        let full = instance.full_months(order.start, self.today, self.notes);
        let rest = days_between(instance.after_full_months(order.start, full), self.today);
        let months = monthly_price(instance)
            .times_whole(i128::from(full))
            .times(discount(&instance.profile, full, self.notes));
        self.notes
            .reached_if(full > 0 && rest > 0, "refund/hourly-months-and-hours");
        self.notes
            .reached_if(full > 0 && rest == 0, "refund/hourly-full-months");
        self.notes
            .reached_if(full == 0 && rest > 0, "refund/hourly-hours");
        self.notes
            .reached_if(full == 0 && rest == 0, "refund/hourly-nothing-used");
        self.notes.reached_if(
            rest == 0 && instance.hourly_price.is_none(),
            "refund/needs-no-hourly-price",
        );
        if rest == 0 {
            return Some(months);
        }
        let price = instance.hourly_price?;
        let tiers = &instance.profile.hourly_tiers;
        let hours = (0..24 * rest).fold(Fraction::ZERO, |sum, hour| {
            sum.plus(price.times(tier(tiers, hour)))
        });
        let crosses = tiers.keys().any(|&from| from < 24 * rest);
        self.notes.reached_if(crosses, "refund/hourly-tiers");
        Some(months.plus(hours))
    }

    /// The share of the days, with the discount of the full months used.
    fn used_share(&self, instance: &Instance, order: &Order) -> Fraction {
        let full = instance.full_months(order.start, self.today, self.notes);
        let days = days_between(order.start, order.end);
        let used = days_between(order.start, self.today);
        let price = monthly_price(instance);
        self.notes.reached(match order.months {
            Some(_) => "refund/share-of-months",
            None => "refund/share-of-days",
        });
        self.notes.reached_if(full > 1, "refund/share-after-months");
        let list = match order.months {
            Some(months) => price.times_whole(i128::from(months)),
            None => price.times_whole(i128::from(days)).over(30),
        };
        list.times_whole(i128::from(used))
            .over(i128::from(days))
            .times(discount(&instance.profile, full.max(1), self.notes))
    }

    /// What comes back for a running instance, not in full (**refund**).
    pub(crate) fn refund(&mut self, index: usize) -> Refund {
        let instance = &self.instances[index];
        let Some(paid) = instance.paid(self.today) else {
            self.notes.reached("refund/no-payment-known");
            return Refund {
                movement: None,
                fact: "no payment known".to_owned(),
            };
        };
        let Some(consumed) = self.consumed(index, paid) else {
            self.notes.reached("no_price/hourly-for-a-refund");
            self.missing_price = true;
            return Refund {
                movement: None,
                fact: String::new(),
            };
        };
        let back = (paid.all() - consumed).max(0);
        let notes = self.notes;
        notes.reached_if(
            instance.orders.iter().any(|order| order.start > self.today),
            "refund/orders-ahead",
        );
        notes.reached_if(consumed > paid.all(), "refund/more-used-than-paid");
        notes.reached_if(paid.all() == 0, "refund/paid-by-voucher");
        notes.reached_if(
            back > 0 && paid.cash > 0 && paid.free_credit > 0,
            "refund/in-both-parts",
        );
        notes.reached_if(back > 0 && paid.cash == 0, "refund/in-free-credit");
        let digits = self.accounts[instance.account].digits;
        let fact = format!(
            "paid {}, consumed {}",
            money(paid.all(), digits),
            money(consumed, digits)
        );
        let movement = (back > 0).then(|| paid.split(back, &instance.profile.rounding, notes));
        Refund { movement, fact }
    }

    /// All that was paid, where the purchase is young enough and no such return was made before (**full-refund**).
    fn full_refund(&self, index: usize) -> Option<Refund> {
        let instance = &self.instances[index];
        let order = instance.current_order(self.today)?;
        let paid = instance.paid(self.today)?;
        let (profile, notes) = (&instance.profile, self.notes);
        let used = days_between(order.start, self.today);
        let young = profile.full_refund_days > 0 && used <= profile.full_refund_days;
        notes.reached_if(!order.new && young, "full_refund/not-of-a-renewal");
        notes.reached_if(
            order.new && profile.full_refund_days == 0,
            "full_refund/never",
        );
        if !order.new || profile.full_refund_days == 0 {
            return None;
        }
        notes.reached_if(used > profile.full_refund_days, "full_refund/too-late");
        notes.reached_if(
            young && profile.refund == "none",
            "full_refund/not-with-none",
        );
        if !young || profile.refund == "none" {
            return None;
        }
        if self.full_returns(instance.account, instance.product()) >= profile.full_refunds {
            notes.reached("full_refund/no-more");
            return None;
        }
        notes.reached("full_refund/taken");
        notes.reached_if(
            used == profile.full_refund_days,
            "full_refund/on-the-last-day",
        );
        notes.reached_if(
            used > 0 && instance.hourly_price.is_none(),
            "full_refund/needs-no-hourly-price",
        );
        notes.reached_if(
            instance.orders.iter().any(|order| order.start > self.today),
            "full_refund/orders-ahead",
        );
        let digits = self.accounts[instance.account].digits;
        let movement = Movement {
            voucher: 0,
            free_credit: paid.free_credit,
            cash: paid.cash,
        };
        Some(Refund {
            movement: (paid.all() > 0).then_some(movement),
            fact: format!("paid {}, in full", money(paid.all(), digits)),
        })
    }

    /// Over all years.
    fn full_returns(&self, account: usize, product: &str) -> i64 {
        let of_product = self
            .returns
            .iter()
            .filter(|((owner, name, _), _)| *owner == account && name == product);
        of_product.map(|(_, returns)| returns.full).sum()
    }

    /// Returns of the instance's account and product in this calendar year.
    pub(crate) fn returns_this_year(&self, index: usize) -> i64 {
        let instance = &self.instances[index];
        let key = (
            instance.account,
            instance.product().to_owned(),
            self.today.year(),
        );
        let of_other_years = self
            .returns
            .keys()
            .any(|other| (other.0, &other.1) == (key.0, &key.1) && other.2 != key.2);
        self.notes
            .reached_if(of_other_years, "return/counts-each-year");
        self.returns.get(&key).map_or(0, |returns| returns.all)
    }

    pub(crate) fn receive_refund(&mut self, index: usize, refund: &Refund) {
        let account = &mut self.accounts[self.instances[index].account];
        if let Some(movement) = refund.movement {
            account.free_credit += movement.free_credit;
            account.cash += movement.cash;
        }
    }

    /// `terminate` of a running prepaid instance (**return**).
    pub(crate) fn give_back(&mut self, index: usize, action: &Action) {
        let in_full = self.full_refund(index);
        let is_full = in_full.is_some();
        let refund = match in_full {
            Some(refund) => refund,
            None => self.refund(index),
        };
        self.notes.reached("return/running");
        self.notes.reached_if(
            self.today >= self.instances[index].expiry(),
            "return/running-at-its-end",
        );
        self.notes
            .reached_if(refund.movement.is_none(), "return/nothing-back");
        self.receive_refund(index, &refund);
        let instance = &mut self.instances[index];
        instance.orders.clear();
        instance.state = State::Reclaimed;
        instance.since = Some(self.today);
        instance.returned = true;
        let key = (
            instance.account,
            instance.product().to_owned(),
            self.today.year(),
        );
        let returns = self.returns.entry(key).or_default();
        returns.all += 1;
        // One that brings nothing back is not counted (**full-refund**).
        let counts_as_full = is_full && refund.movement.is_some();
        self.notes.reached_if(
            is_full && !counts_as_full,
            "full_refund/of-nothing-does-not-count",
        );
        returns.full += i64::from(counts_as_full);
        let entry = self.entry_of(index, "returned");
        let detail = super::action::fact_and_note(&refund.fact, &action.note);
        self.entries.push(Entry {
            movement: refund.movement,
            detail,
            ..entry
        });
    }

    /// A term that was paid for becomes an order.
    pub(crate) fn add_order(
        &mut self,
        index: usize,
        term: (Date, Date),
        months: Option<u32>,
        paid: Movement,
    ) {
        let order = Order {
            start: term.0,
            end: term.1,
            months,
            free_credit: -paid.free_credit,
            cash: -paid.cash,
            new: false,
        };
        self.instances[index].orders.push(order);
    }
}
