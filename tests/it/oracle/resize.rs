//! `resize`: another type and price, what an upgrade costs and what a downgrade brings back (docs/spec/money.md, Resizes).

use std::cmp::Ordering;

use super::action::fact_and_note;
use super::dates::{Date, days_between};
use super::day::Replay;
use super::ledger::Entry;
use super::number::{Fraction, money, price_as_written};
use super::price::{discount, monthly_price};
use super::read::Action;
use super::refund::Paid;
use super::state::{Instance, Movement, Order, State};

/// What a downgrade brings back, and what it calls consumed.
struct Downgrade {
    back: i128,
    consumed: i128,
}

pub(crate) fn new_price(action: &Action) -> Fraction {
    Fraction::parse(action.price.as_deref().expect("`resize` has a price"))
}

impl Replay<'_> {
    pub(crate) fn resize(&mut self, index: usize, action: &Action) {
        if !self.instances[index].prepaid {
            self.resize_postpaid(index, action);
            return;
        }
        match new_price(action).cmp(&monthly_price(&self.instances[index])) {
            Ordering::Greater => self.upgrade(index, action),
            Ordering::Less => self.downgrade(index, action),
            Ordering::Equal => {
                self.notes.reached("resize/same-price");
                self.take_shape(index, action);
                self.resized(index, action, "", None, None);
            }
        }
    }

    /// It pays nothing, and its hours are counted anew.
    fn resize_postpaid(&mut self, index: usize, action: &Action) {
        self.notes.reached(match self.instances[index].state {
            State::Stopped => "resize/postpaid-stopped",
            _ => "resize/postpaid",
        });
        self.notes.reached_if(
            self.instances[index].billed_hours > 0,
            "resize/counts-hours-anew",
        );
        self.instances[index].billed_hours = 0;
        self.take_shape(index, action);
        self.resized(index, action, "", None, None);
    }

    fn upgrade(&mut self, index: usize, action: &Action) {
        let charge = self.upgrade_charge(index, action);
        let (today, notes) = (self.today, self.notes);
        notes.reached(match self.instances[index].state {
            State::Overdue => "upgrade/overdue",
            _ => "upgrade/running",
        });
        let paid = self.instances[index].paid(today);
        let left = match paid {
            Some(paid) => match self.left_of(index, paid) {
                Some(left) => Some(left),
                None => return self.lack_hourly_price("no_price/hourly-for-an-upgrade"),
            },
            None => None,
        };
        let movement = self.pay(index, charge);
        notes.reached_if(movement.voucher != 0, "voucher/for-an-upgrade");
        let keeps_an_order = paid.is_some() || charge > 0;
        notes.reached_if(
            paid.is_none() && charge > 0,
            "upgrade/order-of-the-charge-alone",
        );
        let minus = |sum: Movement| Movement {
            voucher: 0,
            free_credit: -sum.free_credit,
            cash: -sum.cash,
        };
        self.keep_order(
            index,
            keeps_an_order.then(|| (left.unwrap_or_default(), minus(movement))),
        );
        let expiry = self.instances[index].expiry();
        let term = (today < expiry).then_some((today, expiry));
        self.take_shape(index, action);
        self.resized(index, action, "", Some(movement), term);
    }

    /// The used part takes an hourly price that is not there: the run stops (**missing-hour-price**).
    fn lack_hourly_price(&mut self, rule: &'static str) {
        self.notes.reached(rule);
        self.missing_price = true;
    }

    /// Price difference times months times factor, rounded once (**upgrade**).
    pub(crate) fn upgrade_charge(&self, index: usize, action: &Action) -> i128 {
        let instance = &self.instances[index];
        let days = days_between(self.today, instance.expiry()).max(0);
        let months = self.months_left(instance, days);
        let band = u32::try_from(months.floor()).expect("few months");
        let difference = new_price(action).plus(monthly_price(instance).times_whole(-1));
        let digits = self.accounts[instance.account].digits;
        let factor = discount(&instance.profile, band, self.notes);
        self.notes
            .reached_if(factor != Fraction::ONE, "upgrade/discount");
        let charge = difference.times(months).times(factor).round(
            digits,
            &instance.profile.rounding,
            self.notes,
        );
        self.notes
            .reached_if(charge == 0 && days > 0, "upgrade/rounded-to-nothing");
        charge
    }

    fn months_left(&self, instance: &Instance, days: i64) -> Fraction {
        let days = Fraction::whole(i128::from(days));
        match instance.profile.upgrade_months.as_str() {
            "average" => {
                self.notes.reached("upgrade/average");
                days.times_whole(12).over(365)
            }
            "average_2_decimals" => {
                self.notes.reached("upgrade/average-2-decimals");
                days.times_whole(12).over(365).to_two_decimals()
            }
            "days30" => {
                self.notes.reached("upgrade/days30");
                days.over(30)
            }
            other => panic!("unknown upgrade_months {other}"),
        }
    }

    fn downgrade(&mut self, index: usize, action: &Action) {
        let (today, notes) = (self.today, self.notes);
        let paid = self.instances[index].paid(today);
        let (movement, fact) = match paid {
            Some(paid) => match self.pay_back(index, action, paid) {
                Some(paid_back) => paid_back,
                None => return self.lack_hourly_price("no_price/hourly-for-a-downgrade"),
            },
            None => {
                notes.reached("downgrade/no-payment-known");
                notes.reached_if(
                    self.instances[index].state == State::Overdue,
                    "downgrade/overdue",
                );
                self.keep_order(index, None);
                (None, String::new())
            }
        };
        self.instances[index].downgrades += 1;
        self.take_shape(index, action);
        self.resized(index, action, &fact, movement, None);
    }

    /// None where that takes an hourly price that is not there.
    fn pay_back(
        &mut self,
        index: usize,
        action: &Action,
        paid: Paid,
    ) -> Option<(Option<Movement>, String)> {
        let Downgrade { back, consumed } = self.downgrade_refund(index, action, paid)?;
        let instance = &self.instances[index];
        let digits = self.accounts[instance.account].digits;
        let movement = paid.split(back, &instance.profile.rounding, self.notes);
        let left = self.left_of(index, paid)?;
        self.keep_order(
            index,
            Some((
                left,
                Movement {
                    free_credit: -movement.free_credit,
                    cash: -movement.cash,
                    ..movement
                },
            )),
        );
        let account = &mut self.accounts[self.instances[index].account];
        account.free_credit += movement.free_credit;
        account.cash += movement.cash;
        self.notes.reached_if(
            movement.free_credit > 0 && movement.cash > 0,
            "downgrade/back-in-both-parts",
        );
        let fact = format!(
            "; paid {}, consumed {}",
            money(paid.all(), digits),
            money(consumed, digits)
        );
        Some(((back > 0).then_some(movement), fact))
    }

    /// What was paid, less what is used at the old price and what is left at the new one (**downgrade**).
    fn downgrade_refund(&self, index: usize, action: &Action, paid: Paid) -> Option<Downgrade> {
        let instance = &self.instances[index];
        let (notes, rounding) = (self.notes, &instance.profile.rounding);
        let digits = self.accounts[instance.account].digits;
        let used = self.used_part(instance)?;
        let left = self.cost(instance, new_price(action), self.today, instance.expiry());
        let consumed = used.round(digits, rounding, notes);
        let most =
            Fraction::of_minor_units(paid.all(), digits).plus(used.plus(left).times_whole(-1));
        let most = if most > Fraction::ZERO {
            most.round(digits, rounding, notes)
        } else {
            0
        };
        notes.reached(match instance.profile.downgrade_months.as_str() {
            "months_or_days30" => "downgrade/months-or-days30",
            "days30" => "downgrade/days30",
            _ => "downgrade/average",
        });
        notes.reached_if(
            most > 0 && !instance.profile.downgrade_refund,
            "downgrade/nothing-by-the-profile",
        );
        notes.reached_if(most == 0, "downgrade/nothing-left");
        notes.reached_if(
            instance.current_order(self.today).is_none(),
            "downgrade/orders-ahead-without-a-current-one",
        );
        let back = if instance.profile.downgrade_refund {
            most
        } else {
            0
        };
        notes.reached_if(back > 0, "downgrade/pays-back");
        Some(Downgrade { back, consumed })
    }

    /// What counts as used of the current order at the price in force; nothing without one (**used-part**).
    fn used_part(&self, instance: &Instance) -> Option<Fraction> {
        let Some(order) = instance.current_order(self.today) else {
            return Some(Fraction::ZERO);
        };
        if instance.profile.refund == "hourly" {
            self.notes.reached("resize/used-by-the-hour");
            return self.used_by_the_hour(instance, order);
        }
        self.notes.reached("resize/used-by-downgrade-months");
        Some(self.cost(instance, monthly_price(instance), order.start, self.today))
    }

    /// Months by `downgrade_months` times price times factor.
    fn cost(&self, instance: &Instance, price: Fraction, start: Date, end: Date) -> Fraction {
        let months = match instance.profile.downgrade_months.as_str() {
            "months_or_days30" => {
                let full = instance.full_months(start, end, self.notes);
                let ends_with_a_month = instance.after_full_months(start, full) == end;
                self.notes
                    .reached_if(full > 0 && ends_with_a_month, "downgrade/ends-with-a-month");
                match ends_with_a_month {
                    true => Fraction::whole(i128::from(full)),
                    false => Fraction::whole(i128::from(days_between(start, end))).over(30),
                }
            }
            "days30" => {
                let full = instance.full_months(start, end, self.notes);
                let rest = days_between(instance.after_full_months(start, full), end);
                Fraction::whole(i128::from(full)).plus(Fraction::whole(i128::from(rest)).over(30))
            }
            "average" => Fraction::whole(i128::from(days_between(start, end)))
                .times_whole(12)
                .over(365),
            other => panic!("unknown downgrade_months {other}"),
        };
        let band = u32::try_from(months.floor()).expect("few months");
        months
            .times(price)
            .times(discount(&instance.profile, band, self.notes))
    }

    /// Of what was paid, the part that is left after what is used (**resized-order**).
    fn left_of(&self, index: usize, paid: Paid) -> Option<Movement> {
        let instance = &self.instances[index];
        let digits = self.accounts[instance.account].digits;
        let consumed =
            self.used_part(instance)?
                .round(digits, &instance.profile.rounding, self.notes);
        let left = (paid.all() - consumed).max(0);
        self.notes
            .reached_if(consumed > paid.all(), "resize/nothing-left-of-the-order");
        Some(paid.split(left, &instance.profile.rounding, self.notes))
    }

    /// One order for the days that are left: what is left of the old ones, with the charge or without the refund.
    fn keep_order(&mut self, index: usize, kept: Option<(Movement, Movement)>) {
        let (today, notes) = (self.today, self.notes);
        let instance = &mut self.instances[index];
        notes.reached_if(
            instance.orders.iter().any(|order| order.start > today),
            "resize/joins-the-orders-ahead",
        );
        instance.orders.clear();
        let end = instance.expiry();
        if let Some((left, change)) = kept.filter(|_| today < end) {
            notes.reached("resize/keeps-an-order");
            instance.orders.push(Order {
                start: today,
                end,
                months: None,
                free_credit: (left.free_credit + change.free_credit).max(0),
                cash: (left.cash + change.cash).max(0),
                new: false,
            });
        }
    }

    /// The new price, and the new type if it is given.
    fn take_shape(&mut self, index: usize, action: &Action) {
        let price = Some(new_price(action));
        let instance = &mut self.instances[index];
        if instance.prepaid {
            instance.monthly_price = price;
        } else {
            instance.hourly_price = price;
        }
        self.notes
            .reached_if(action.instance_type.is_some(), "resize/new-type");
        if let Some(kind) = &action.instance_type {
            instance
                .cells
                .insert("instance_type".to_owned(), kind.clone());
        }
    }

    fn resized(
        &mut self,
        index: usize,
        action: &Action,
        of_a_downgrade: &str,
        movement: Option<Movement>,
        term: Option<(Date, Date)>,
    ) {
        let price = price_as_written(action.price.as_deref().expect("`resize` has a price"));
        let shape = match &action.instance_type {
            Some(kind) => format!("{kind} {price}"),
            None => price.to_owned(),
        };
        let detail = fact_and_note(&format!("{shape}{of_a_downgrade}"), &action.note);
        let entry = self.entry_of(index, "resized");
        self.entries.push(Entry {
            term,
            movement,
            detail,
            ..entry
        });
    }
}
