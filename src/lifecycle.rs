//! The life of an instance as one table: in which state what may happen, and what state follows.
//!
//! | | running | overdue | reclaimed | stopped |
//! |---|---|---|---|---|
//! | expire | overdue | | | |
//! | reclaim | reclaimed | reclaimed | | |
//! | renew | running | running | running | |
//! | give back | reclaimed | reclaimed | | |
//! | stop | stopped | | | |
//! | start | | | | running |
//! | release | | | terminated | terminated |
//! | destroy | terminated | | terminated | terminated |
//! | convert | running | running | | running |
//!
//! Nothing happens to a terminated instance. An empty cell is impossible: the engine never asks for it.

use crate::instance::State;

/// What happens to an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Its paid term ended.
    Expire,
    /// It goes to the recycle bin.
    Reclaim,
    /// A further term was paid; from the bin this is its recovery.
    Renew,
    /// People return it before it expires, or while it is overdue.
    GiveBack,
    /// Arrears or people switch it off.
    Stop,
    /// It is switched on again.
    Start,
    /// Its retention is over.
    Release,
    /// People destroy it.
    Destroy,
    /// It changes between prepaid and postpaid.
    Convert,
}

impl State {
    /// The state that follows.
    ///
    /// # Panics
    /// On a move that the table does not have: the engine is wrong, and going on would write a wrong ledger.
    pub fn after(self, trigger: Trigger) -> Self {
        self.checked_after(trigger).unwrap_or_else(|| panic!("impossible move: {trigger:?} while {self:?}"))
    }

    /// The state that follows, or none where the table has no such move.
    pub fn checked_after(self, trigger: Trigger) -> Option<Self> {
        use State::{Overdue, Reclaimed, Running, Stopped, Terminated};
        use Trigger::{Convert, Destroy, Expire, GiveBack, Reclaim, Release, Renew, Start, Stop};
        match (self, trigger) {
            (Running, Expire) => Some(Overdue),
            (Running | Overdue, Reclaim | GiveBack) => Some(Reclaimed),
            (Running | Overdue | Reclaimed, Renew) | (Stopped, Start) | (Running | Overdue | Stopped, Convert) => {
                Some(Running)
            }
            (Running, Stop) => Some(Stopped),
            (Reclaimed | Stopped, Release) | (Running | Reclaimed | Stopped, Destroy) => Some(Terminated),
            _ => None,
        }
    }
}
