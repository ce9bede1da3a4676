//! Phase 6: the hours of postpaid instances, the arrears clock, and what arrears stop.

use super::account_state::{AccountState, NewRow, Position};
use crate::engine::charge;
use crate::engine::event::{Event, Reason};
use crate::engine::lifecycle::Trigger;
use crate::model::calendar::Day;
use crate::model::instance::{State, StoppedBy};
use crate::model::money::Money;

/// Hours of a day.
const HOURS: u8 = 24;

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

impl AccountState<'_> {
    /// Settles a day of usage and gives its sum.
    pub(super) fn use_hours(&mut self, day: Day) -> Money {
        let used = self.count_hours();
        let mut sum = Money::ZERO;
        for usage in &used {
            sum += usage.amount;
            let movement = self.deduct(usage.amount);
            self.details_mut(usage.position).count_billed(usage.hours);
            let row = NewRow::new(day, Event::Usage)
                .at_position(usage.position)
                .using(usage.hours);
            self.append_row(row.while_stopped(usage.was_stopped).moving(movement));
        }
        for usage in used.iter().filter(|usage| usage.stops) {
            self.unit_mut(usage.position).stopped_by = StoppedBy::Arrears;
            self.details_mut(usage.position).since = day;
            self.transit(usage.position, Trigger::Stop);
            self.append_row(
                NewRow::new(day, Event::Stopped)
                    .at_position(usage.position)
                    .because(Reason::Arrears),
            );
        }
        sum
    }

    /// Lets 24 hours pass and says how many of them are billed to which instance, by id.
    fn count_hours(&mut self) -> Vec<HourlyUsage> {
        let used: Vec<HourlyUsage> = self
            .charged
            .iter()
            .map(|position| self.whole_day(*position))
            .collect();
        let sum: Money = used.iter().map(|usage| usage.amount).sum();
        if self.funds.available() - sum >= Money::ZERO {
            self.arrears_hours = None;
            return used;
        }
        self.count_hours_in_arrears(used)
    }

    fn whole_day(&self, position: Position) -> HourlyUsage {
        let amount = match self.profile(position).hourly_tiers.is_empty() {
            true => self.details(position).hour * u32::from(HOURS),
            false => (0..HOURS).map(|hour| self.hour_price(position, hour)).sum(),
        };
        let was_stopped = self.unit(position).state == Some(State::Stopped);
        HourlyUsage {
            position,
            hours: HOURS,
            amount,
            was_stopped,
            stops: false,
        }
    }

    /// What the hour costs that follows so many billed hours of the day.
    fn hour_price(&self, position: Position, hours_today: u8) -> Money {
        let details = self.details(position);
        match (details.hourly, self.profile(position)) {
            (Some(price), profile) if !profile.hourly_tiers.is_empty() => {
                let billed = details.billed_hours.saturating_add(u32::from(hours_today));
                charge::tiered_hour(profile, self.currency, price, billed)
            }
            _ => details.hour,
        }
    }

    /// Counts hour by hour, because the account is in arrears at least at the end of the day.
    fn count_hours_in_arrears(&mut self, whole_days: Vec<HourlyUsage>) -> Vec<HourlyUsage> {
        let mut available = self.funds.available();
        let begin = |usage| HourlyUsage {
            hours: 0,
            amount: Money::ZERO,
            ..usage
        };
        let mut used: Vec<HourlyUsage> = whole_days.into_iter().map(begin).collect();
        for _ in 1..=HOURS {
            for usage in &mut used {
                if !usage.stops || self.profile(usage.position).bill_while_stopped {
                    let price = self.hour_price(usage.position, usage.hours);
                    usage.amount += price;
                    usage.hours += 1;
                    available -= price;
                }
            }
            self.lack(-available);
            self.arrears_hours = match self.arrears_hours {
                _ if available >= Money::ZERO => None,
                None => Some(0),
                Some(hours) => Some(hours.saturating_add(1)),
            };
            let Some(clock) = self.arrears_hours else {
                continue;
            };
            for usage in used.iter_mut().filter(|usage| !usage.was_stopped) {
                usage.stops |= self.profile(usage.position).arrears_grace_hours <= clock;
            }
        }
        used
    }
}
