//! Phase 6: the hours of postpaid instances, the arrears clock, and what arrears stop.

use super::instances::{Instances, Position};
use super::journal::Journal;
use super::purse::Purse;
use crate::engine::charge;
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::Entry;
use crate::model::calendar::Day;
use crate::model::instance::{State, StoppedBy};
use crate::model::money::Money;

const HOURS_PER_DAY: u8 = 24;

/// Hours billed to an instance on a day.
struct HourlyUsage {
    position: Position,
    hours: u8,
    amount: Money,
    /// Whether it was stopped before the day and is charged all the same.
    was_stopped: bool,
    /// Whether arrears stop it on this day.
    stops: bool,
}

impl Instances<'_> {
    /// Bills a day of usage and gives its sum.
    pub(super) fn use_hours(
        &mut self,
        purse: &mut Purse,
        journal: &mut Journal,
        day: Day,
    ) -> Money {
        let used = self.count_hours(purse);
        for usage in &used {
            let movement = purse.deduct(usage.amount);
            let details = self.details_mut(usage.position);
            details.billed_hours = details.billed_hours.saturating_add(usage.hours.into());
            // What was stopped before the day is so in its row; what stops on it runs there.
            let row = self.begin_row(usage.position, day, Event::Usage);
            let hours = usage.hours;
            journal.append(Entry { hours, ..row }.moving(movement));
        }
        for usage in used.iter().filter(|usage| usage.stops) {
            self.switch_off(usage.position, StoppedBy::Arrears, day);
            let row = self.begin_row(usage.position, day, Event::Stopped);
            journal.append(row.because(Reason::Arrears));
        }
        used.iter().map(|usage| usage.amount).sum()
    }

    /// Lets the hours of a day pass and says how many of them are billed to which instance, by id.
    fn count_hours(&self, purse: &mut Purse) -> Vec<HourlyUsage> {
        let whole_days = self.charged.iter().map(|at| self.whole_day(*at));
        let mut used: Vec<HourlyUsage> = whole_days.collect();
        let sum: Money = used.iter().map(|usage| usage.amount).sum();
        if purse.available() - sum >= Money::ZERO {
            purse.arrears_hours = None;
        } else {
            self.count_in_arrears(&mut used, purse);
        }
        used
    }

    fn whole_day(&self, position: Position) -> HourlyUsage {
        let amount = match self.profile(position).hourly_tiers.is_empty() {
            true => self.details(position).hour * u32::from(HOURS_PER_DAY),
            false => (0..HOURS_PER_DAY)
                .map(|hour| self.hour_price(position, hour))
                .sum(),
        };
        HourlyUsage {
            position,
            hours: HOURS_PER_DAY,
            amount,
            was_stopped: self[position].state == Some(State::Stopped),
            stops: false,
        }
    }

    /// What the hour costs that follows this many billed hours of the day.
    fn hour_price(&self, position: Position, hours_today: u8) -> Money {
        let details = self.details(position);
        match (details.hourly, self.profile(position)) {
            (Some(price), profile) if !profile.hourly_tiers.is_empty() => {
                let billed = details.billed_hours.saturating_add(hours_today.into());
                charge::tiered_hour(profile, self.currency, price, billed)
            }
            _ => details.hour,
        }
    }

    /// Counts hour by hour, because the account is in arrears at least at the end of the day.
    fn count_in_arrears(&self, used: &mut [HourlyUsage], purse: &mut Purse) {
        let mut available = purse.available();
        for usage in &mut *used {
            (usage.hours, usage.amount) = (0, Money::ZERO);
        }
        for _ in 0..HOURS_PER_DAY {
            for usage in &mut *used {
                if !usage.stops || self.profile(usage.position).bill_while_stopped {
                    let price = self.hour_price(usage.position, usage.hours);
                    usage.amount += price;
                    usage.hours += 1;
                    available -= price;
                }
            }
            purse.count_hour(available);
            let Some(clock) = purse.arrears_hours else {
                continue;
            };
            for usage in used.iter_mut().filter(|usage| !usage.was_stopped) {
                usage.stops |= self.profile(usage.position).arrears_grace_hours <= clock;
            }
        }
    }
}
