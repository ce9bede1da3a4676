//! The phases of a day, in order (**phases**). Phases 2, 4 and 6 have files of their own.

use super::account_state::AccountState;
use super::audit;
use super::instances::{Instances, Position};
use super::journal::Journal;
use super::purse::Purse;
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::Entry;
use crate::engine::lifecycle::{self, Trigger};
use crate::model::calendar::Day;
use crate::model::instance::{RenewFlag, State};
use crate::model::money::Money;
use crate::model::profile::Restart;

/// The most days in a row with a balance alert.
const MAX_ALERT_DAYS: u32 = 5;
/// How far ahead the arrears forecast looks.
const FORECAST_DAYS: u32 = 3;

impl AccountState<'_> {
    /// Replays one day. Phases 1 to 6 of a day on which instances only renew are its renewals.
    pub(super) fn replay_day(&mut self, day: Day) {
        let mut used = Money::ZERO;
        if self.only_renews(day) {
            self.renew_all(day);
        } else {
            self.instances.release(&mut self.journal, day);
            self.act(day);
            self.instances
                .restore(&mut self.purse, &mut self.journal, day);
            self.renew_due(day);
            self.instances.expire(&mut self.journal, day);
            used = self
                .instances
                .use_hours(&mut self.purse, &mut self.journal, day);
        }
        self.notify(used, day);
        audit::check_day(self, day);
    }

    /// Phase 7: reminders, then the balance alert, then the arrears forecast.
    fn notify(&mut self, used: Money, day: Day) {
        for &position in &self.instances.due {
            if let Some(reason) = self.instances.reminder(position, &self.purse, day) {
                let row = self.instances.begin_row(position, day, Event::Reminder);
                self.journal.append(row.because(reason));
            }
        }
        if self.has_alert_to_give() {
            self.alert_days += 1;
            self.journal
                .append(Entry::begin_row(day, Event::BalanceAlert));
        } else if !self.is_below_alert_line() {
            self.alert_days = 0;
        }
        let available = self.purse.available();
        if available >= Money::ZERO && available < used * FORECAST_DAYS {
            self.journal
                .append(Entry::begin_row(day, Event::ArrearsForecast));
        }
    }

    fn is_below_alert_line(&self) -> bool {
        let line = self.book.account(self.account).alert_below;
        line.is_some_and(|line| self.purse.available() < line)
    }

    pub(super) fn has_alert_to_give(&self) -> bool {
        self.is_below_alert_line() && self.alert_days < MAX_ALERT_DAYS
    }
}

impl Instances<'_> {
    /// Phase 1: what was kept long enough is gone for good.
    fn release(&mut self, journal: &mut Journal, day: Day) {
        for at in 0..self.due.len() {
            let position = self.due[at];
            let release = self.release_day(position);
            if release.is_some_and(|release| release <= day) {
                self.change_state(position, Trigger::Release);
                let row = self.begin_row(position, day, Event::Terminated);
                journal.append(row.because(Reason::RetentionOver));
            }
        }
    }

    /// Phase 3: stopped postpaid instances come back if funds allow.
    fn restore(&mut self, purse: &mut Purse, journal: &mut Journal, day: Day) {
        if self.stopped.is_empty() {
            return;
        }
        for position in self.stopped.clone() {
            let profile = self.profile(position);
            let comes_back = self.keeps_all || profile.restart == Restart::Automatic;
            if comes_back && purse.check_restart(profile).is_ok() {
                self.change_state(position, Trigger::Start);
                let row = self.begin_row(position, day, Event::Restored);
                journal.append(row.because(Reason::Funds));
            }
        }
    }

    /// Phase 5: what is past its expiry and unpaid becomes overdue, then reclaimed.
    fn expire(&mut self, journal: &mut Journal, day: Day) {
        for at in 0..self.due.len() {
            let position = self.due[at];
            let instance = &self[position];
            let paid = instance.usable_prepaid();
            let Some(paid) = paid.filter(|paid| paid.expires <= day) else {
                continue;
            };
            let suspended = lifecycle::suspension_of(self.profile(position), paid.expires);
            let was_running = instance.state == Some(State::Running);
            self.lets_lapse |= instance.flag == RenewFlag::Manual;
            if was_running && suspended > paid.expires {
                self.change_state(position, Trigger::Expire);
                let row = self.begin_row(position, day, Event::Expired);
                journal.append(row.because(Reason::Unpaid));
            }
            if suspended <= day {
                self.reclaim(position, Trigger::Reclaim, day);
                self.lets_lapse |= self.is_lapsed(position);
                let row = self.begin_row(position, day, Event::Reclaimed);
                journal.append(row.because(Reason::Unpaid));
            }
        }
    }

    /// Why people are reminded of an instance, if they are.
    fn reminder(&self, position: Position, purse: &Purse, day: Day) -> Option<Reason> {
        let instance = &self[position];
        let after_expiry = day.days_since(instance.usable_prepaid()?.expires);
        let remind_days = &self.profile(position).remind_days;
        remind_days.binary_search(&after_expiry).ok()?;
        match instance.flag {
            RenewFlag::Auto if purse.available() < instance.renewal => Some(Reason::FundsShort),
            RenewFlag::Manual => Some(Reason::Expiring),
            RenewFlag::Auto | RenewFlag::None => None,
        }
    }
}
