//! Phase 6: the hours of postpaid instances, the arrears clock, and what arrears stop.

use super::desk::{Desk, Position, Row};
use crate::calendar::Day;
use crate::event::{Event, Reason};
use crate::lifecycle::Trigger;
use crate::money::Money;

/// Hours of a day.
const HOURS: u8 = 24;

/// Hours billed to an instance on a day.
struct Used {
    position: Position,
    hours: u8,
    stopped: bool,
}

impl Desk<'_> {
    /// Settles a day of usage and gives its sum.
    pub(super) fn use_hours(&mut self, day: Day) -> Money {
        let used = self.count_hours();
        let mut sum = Money::ZERO;
        for usage in &used {
            let amount = self.unit(usage.position).hour * u32::from(usage.hours);
            sum += amount;
            let movement = self.deduct(amount);
            self.write(Row::new(day, Event::Usage).of(usage.position).using(usage.hours).moving(movement));
        }
        for usage in used.iter().filter(|usage| usage.stopped) {
            self.transit(usage.position, Trigger::Stop);
            self.unit_mut(usage.position).since = day;
            self.write(Row::new(day, Event::Stopped).of(usage.position).because(Reason::Arrears));
        }
        sum
    }

    /// Lets 24 hours pass and says which instance ran for how many of them, by id.
    fn count_hours(&mut self) -> Vec<Used> {
        let mut used: Vec<Used> =
            self.running.iter().map(|&position| Used { position, hours: HOURS, stopped: false }).collect();
        let mut burn: Money = used.iter().map(|usage| self.unit(usage.position).hour).sum();
        let mut available = self.funds.available();
        if available - burn * u32::from(HOURS) >= Money::ZERO {
            self.arrears_hours = None;
            return used;
        }
        for hour in 1..=HOURS {
            available -= burn;
            self.arrears_hours = match self.arrears_hours {
                _ if available >= Money::ZERO => None,
                None => Some(0),
                Some(hours) => Some(hours.saturating_add(1)),
            };
            let Some(clock) = self.arrears_hours else { continue };
            for usage in used.iter_mut().filter(|usage| !usage.stopped) {
                if self.profile(usage.position).arrears_grace_hours <= clock {
                    (usage.stopped, usage.hours) = (true, hour);
                    burn -= self.unit(usage.position).hour;
                }
            }
        }
        used
    }
}
