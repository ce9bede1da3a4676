//! What is kept where everything is kept that nobody decided to end (`docs/spec/answer.md`, **all-kept**), and what a run lost.

use super::TerminatedInstance;
use super::account_state::{AccountState, Position};
use crate::model::calendar::Day;
use crate::model::instance::{RenewFlag, State, StoppedBy};
use crate::model::profile::Restart;

impl AccountState<'_> {
    /// Where an instance is left that is gone, or was not bought by now.
    pub(super) fn gone(&self, position: Position) -> Option<TerminatedInstance> {
        let unit = self.unit(position);
        let is_gone = match unit.state {
            Some(State::Reclaimed | State::Stopped | State::Terminated) => true,
            None => self
                .listed(position)
                .starts_on
                .is_some_and(|day| day <= self.replayed),
            Some(State::Running | State::Overdue) => false,
        };
        let details = self.details(position);
        is_gone.then(|| TerminatedInstance {
            instance: unit.instance,
            standing: self.standing(position),
            months: unit.months(),
            monthly: details.monthly,
            hourly: details.hourly,
        })
    }

    /// Whether an instance lies there, unpaid or stopped in arrears, although nobody decided to end it.
    pub(super) fn is_lapsed(&self, position: Position) -> bool {
        let unit = self.unit(position);
        match unit.state {
            Some(State::Overdue | State::Reclaimed) => {
                unit.flag != RenewFlag::None && !unit.returned
            }
            Some(State::Stopped) => self.waits_for_people(position),
            _ => false,
        }
    }

    /// Whether arrears stopped an instance that comes back only when people start it.
    pub(super) fn waits_for_people(&self, position: Position) -> bool {
        self.unit(position).is_stopped_by(StoppedBy::Arrears)
            && self.profile(position).restart == Restart::Manual
    }

    /// Where everything is kept: whether an instance is due that its flag and profile do not renew on `day`.
    pub(super) fn is_kept(&self, position: Position, day: Day) -> bool {
        let unit = self.unit(position);
        let from = match unit.flag {
            RenewFlag::Manual => 0,
            RenewFlag::Auto => self.profile(position).suspend_after_days,
            RenewFlag::None => return false,
        };
        let is_due = match unit.state {
            // It may lie there before it expires.
            Some(State::Reclaimed) => !unit.returned,
            Some(State::Running | State::Overdue) => unit.after_expiry(day) >= from,
            _ => false,
        };
        self.keeps && unit.is_prepaid() && is_due
    }
}
