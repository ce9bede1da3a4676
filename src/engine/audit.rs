//! The laws that hold at the end of every day. A broken one is a fault of the program and stops it; nothing is repaired.

use super::account_state::AccountState;
use super::instances::{Instances, Position};
use crate::engine::lifecycle;
use crate::model::calendar::Day;
use crate::model::instance::State;
use crate::model::money::Money;

/// Checks the account and every instance that the day looked at.
pub(super) fn check_day(account: &AccountState<'_>, day: Day) {
    let id = &account.book.account(account.account).id;
    let (funds, rows) = (account.purse.funds(), account.journal.balance());
    let settled = funds.settled();
    assert!(
        rows == settled,
        "{day} {id}: the rows give {rows:?}, the account holds {settled:?}"
    );
    assert!(
        funds.free_credit >= Money::ZERO,
        "{day} {id}: free credit below zero"
    );
    for &position in &account.instances.due {
        check_instance(&account.instances, position, day);
    }
}

fn check_instance(instances: &Instances<'_>, position: Position, day: Day) {
    let instance = &instances[position];
    let (expires, since) = (instance.expires(), instances.details(position).since);
    let is_lawful = match (instance.state, expires) {
        (Some(State::Running), None) | (Some(State::Terminated) | None, _) => true,
        (Some(State::Running), Some(expires)) => expires > day,
        (Some(State::Overdue), Some(expires)) => {
            let suspended = lifecycle::suspension_of(instances.profile(position), expires);
            expires <= day && day < suspended
        }
        (Some(State::Overdue), None) => false,
        (Some(State::Reclaimed | State::Stopped), _) => {
            since.is_some_and(|since| since <= day)
                && instances
                    .release_day(position)
                    .is_none_or(|release| release > day)
        }
    };
    assert!(
        is_lawful,
        "{day} {}: {} with expiry {} since {}",
        instances.listed(position).id,
        instance.state.map_or("planned", State::name),
        shown(expires),
        shown(since)
    );
}

fn shown(day: Option<Day>) -> String {
    day.map_or_else(|| "none".to_owned(), |day| day.to_string())
}
