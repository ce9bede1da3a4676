//! The phases of a day, in order (`docs/spec/replay.md`, **phases**).

use super::account_state::{AccountState, NewRow, Position};
use super::audit;
use crate::engine::event::{Event, Reason};
use crate::engine::lifecycle::Trigger;
use crate::model::calendar::Day;
use crate::model::instance::{RenewFlag, State};
use crate::model::money::Money;
use crate::model::profile::{Profile, Restart, RestoreWhen};

/// Balance alerts are given on at most so many days in a row.
const ALERT_DAYS: u32 = 5;
/// The arrears forecast looks so many days ahead.
const FORECAST_DAYS: u32 = 3;

impl AccountState<'_> {
    /// Replays one day. Phases 1 to 6 of a plain day are its renewals.
    pub(super) fn replay_day(&mut self, day: Day) {
        let mut used = Money::ZERO;
        if self.is_plain(day) {
            self.renew_all(day);
        } else {
            self.release(day);
            self.act(day);
            self.restore(day);
            self.renew_due(day);
            self.expire(day);
            used = self.use_hours(day);
        }
        self.notify(day, used);
        audit::day(self, day);
    }

    /// Lets something happen to an instance, and looks at it again before the day ends.
    pub(super) fn transit(&mut self, position: Position, trigger: Trigger) {
        let state = self
            .unit(position)
            .state
            .expect("only existing instances change state");
        self.unit_mut(position).state = Some(state.after(trigger));
        self.file_postpaid(position);
        self.rouse(position);
    }

    /// Phase 1: what was kept long enough is gone for good.
    fn release(&mut self, day: Day) {
        for at in 0..self.awake.len() {
            let position = self.awake[at];
            if self
                .release_day(position)
                .is_some_and(|release| release <= day)
            {
                self.transit(position, Trigger::Release);
                self.append_row(
                    NewRow::new(day, Event::Terminated)
                        .at_position(position)
                        .because(Reason::RetentionOver),
                );
            }
        }
    }

    /// Phase 3: stopped postpaid instances come back if funds allow.
    fn restore(&mut self, day: Day) {
        if self.stopped.is_empty() {
            return;
        }
        for position in self.stopped.clone() {
            let profile = self.profile(position);
            let comes_back = self.keeps || profile.restart == Restart::Automatic;
            if comes_back && self.funds_allow_start(profile) {
                self.transit(position, Trigger::Start);
                self.append_row(
                    NewRow::new(day, Event::Restored)
                        .at_position(position)
                        .because(Reason::Funds),
                );
            }
        }
    }

    /// Whether a stopped instance with this profile may run again.
    pub(super) fn funds_allow_start(&mut self, profile: &Profile) -> bool {
        let least = match profile.restore_when {
            RestoreWhen::Positive => Money::from_minor(1),
            RestoreWhen::NotNegative => Money::ZERO,
        };
        self.lack(least - self.funds.available());
        self.funds.available() >= least
    }

    /// Phase 5: what is past its expiry and unpaid becomes overdue, then reclaimed.
    fn expire(&mut self, day: Day) {
        for at in 0..self.awake.len() {
            let position = self.awake[at];
            let unit = self.unit(position);
            if !unit.is_usable_prepaid() || unit.expires > day {
                continue;
            }
            let suspend_after = self.profile(position).suspend_after_days;
            let (state, flag) = (unit.state, unit.flag);
            self.lets_lapse |= flag == RenewFlag::Manual;
            if state == Some(State::Running) && suspend_after > 0 {
                self.transit(position, Trigger::Expire);
                self.append_row(
                    NewRow::new(day, Event::Expired)
                        .at_position(position)
                        .because(Reason::Unpaid),
                );
            }
            if self.unit(position).expires + suspend_after <= day {
                self.reclaim(position, Trigger::Reclaim, day);
                self.lets_lapse |= self.is_lapsed(position);
                self.append_row(
                    NewRow::new(day, Event::Reclaimed)
                        .at_position(position)
                        .because(Reason::Unpaid),
                );
            }
        }
    }

    /// Puts an instance into the recycle bin.
    pub(super) fn reclaim(&mut self, position: Position, trigger: Trigger, day: Day) {
        self.transit(position, trigger);
        self.details_mut(position).since = day;
        self.unit_mut(position).returned = trigger == Trigger::GiveBack;
    }

    /// Phase 7: reminders, then the balance alert, then the arrears forecast.
    fn notify(&mut self, day: Day, used: Money) {
        for at in 0..self.awake.len() {
            let position = self.awake[at];
            if let Some(reason) = self.reminder(position, day) {
                self.append_row(
                    NewRow::new(day, Event::Reminder)
                        .at_position(position)
                        .because(reason),
                );
            }
        }
        if self.has_alert_to_give() {
            self.alert_days += 1;
            self.append_row(NewRow::new(day, Event::BalanceAlert));
        } else if !self.is_below_alert_line() {
            self.alert_days = 0;
        }
        let available = self.funds.available();
        if available >= Money::ZERO && available < used * FORECAST_DAYS {
            self.append_row(NewRow::new(day, Event::ArrearsForecast));
        }
    }

    fn reminder(&self, position: Position, day: Day) -> Option<Reason> {
        let unit = self.unit(position);
        let remind_days = &self.profile(position).remind_days;
        if !unit.is_usable_prepaid() || remind_days.binary_search(&unit.after_expiry(day)).is_err()
        {
            return None;
        }
        match unit.flag {
            RenewFlag::Manual => Some(Reason::Expiring),
            RenewFlag::Auto => {
                (self.funds.available() < unit.renewal).then_some(Reason::FundsShort)
            }
            RenewFlag::None => None,
        }
    }

    fn is_below_alert_line(&self) -> bool {
        self.book
            .account(self.account)
            .alert_below
            .is_some_and(|line| self.funds.available() < line)
    }

    pub(super) fn has_alert_to_give(&self) -> bool {
        self.is_below_alert_line() && self.alert_days < ALERT_DAYS
    }
}
