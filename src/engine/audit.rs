//! The laws that hold at the end of every day. A broken one is a fault of the program and stops it.

use super::account_state::{AccountState, Position};
use crate::model::calendar::Day;
use crate::model::instance::State;
use crate::model::money::Money;

/// Checks the account and every instance that the day looked at.
pub(super) fn day(desk: &AccountState<'_>, day: Day) {
    let id = &desk.book.account(desk.account).id;
    let (opening, moved) = desk.opening_and_moved();
    let settled = desk.funds.settled();
    assert!(
        opening + moved == settled,
        "{day} {id}: opening {opening:?} and rows {moved:?} are not {settled:?}"
    );
    assert!(
        desk.funds.free_credit >= Money::ZERO,
        "{day} {id}: free credit below zero"
    );
    for &position in &desk.awake {
        audit_instance(desk, position, day);
    }
}

fn audit_instance(desk: &AccountState<'_>, position: Position, day: Day) {
    let unit = desk.unit(position);
    let profile = desk.profile(position);
    let lawful = match unit.state {
        Some(State::Running) => !unit.is_prepaid() || unit.expires > day,
        Some(State::Overdue) => {
            unit.expires <= day && day < unit.expires + profile.suspend_after_days
        }
        Some(State::Reclaimed | State::Stopped) => {
            desk.details(position).since <= day
                && desk
                    .release_day(position)
                    .is_none_or(|release| release > day)
        }
        Some(State::Terminated) | None => true,
    };
    if !lawful {
        let (id, since) = (&desk.listed(position).id, desk.details(position).since);
        panic!(
            "{day} {id}: {:?} with expiry {} since {since}",
            unit.state, unit.expires
        );
    }
}
