//! What a row means for its instance: unpaid, back, lost, or given up. One reading for every sum, list and date.
//!
//! What nobody paid for in time is a loss; what people return or destroy is not (`docs/model.md`, **given-up**). A row alone
//! does not say which: the bin lets go of both, and people start what arrears stopped and what they stopped themselves. So
//! [`Losses`] remembers what the rows before it said. It looks at no date and no amount.

use std::collections::BTreeSet;

use crate::engine::event::{Event, Reason};
use crate::engine::ledger::Entry;
use crate::model::book::Book;
use crate::model::instance::{Instance, InstanceIndex, State, StoppedBy};

/// What a row means for its instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowMeaning {
    /// Its auto-renewal fails, for the first time since it was paid.
    Fails,
    /// Its auto-renewal fails once more.
    FailsAgain,
    /// It is paid for, or people made it postpaid.
    Settled,
    /// It goes to the recycle bin unpaid.
    Reclaimed,
    /// Arrears stop it.
    Stopped,
    /// It comes back from the recycle bin or from arrears.
    Back,
    /// It is gone because nobody paid in time.
    Lost,
    /// People return it or destroy it, or it is gone because they returned it before.
    GivenUp,
    /// A payment or a start of people, or a purchase, is refused for want of funds.
    Refused,
}

impl RowMeaning {
    /// How bad it is: 0 where nothing is lost or short.
    pub fn weight(self) -> u8 {
        match self {
            Self::Lost => 5,
            Self::Reclaimed => 4,
            Self::Stopped => 3,
            Self::Fails | Self::FailsAgain => 2,
            Self::Refused => 1,
            Self::Settled | Self::Back | Self::GivenUp => 0,
        }
    }
}

/// What is known of the instances so far.
#[derive(Clone, Debug, Default)]
pub struct Losses {
    /// Those whose auto-renewal fails and is not yet paid.
    failing: BTreeSet<InstanceIndex>,
    /// Those in the bin that people returned.
    returned: BTreeSet<InstanceIndex>,
    /// Those that arrears stopped.
    in_arrears: BTreeSet<InstanceIndex>,
}

impl Losses {
    /// As the instances of a book stand at its opening.
    pub fn losses_of_book(book: &Book) -> Self {
        Self::open_some(book, book.numbered_instances().map(|(index, _)| index))
    }

    /// As some instances of a book stand at its opening: those whose rows will be read.
    pub fn open_some(book: &Book, instances: impl Iterator<Item = InstanceIndex>) -> Self {
        let mut losses = Self::default();
        for index in instances {
            losses.note_opening(index, book.instance(index));
        }
        losses
    }

    /// Notes how an instance stands at the opening.
    pub fn note_opening(&mut self, number: InstanceIndex, instance: &Instance) {
        match instance.state {
            Some(State::Reclaimed) if instance.returned => {
                self.returned.insert(number);
            }
            Some(State::Stopped) if instance.stopped_by == StoppedBy::Arrears => {
                self.in_arrears.insert(number);
            }
            _ => {}
        }
    }

    /// What the next row means; none where it is about no instance, or changes nothing in this respect.
    pub fn meaning_of_entry(&mut self, entry: &Entry) -> Option<RowMeaning> {
        if (entry.event, entry.reason) == (Event::Rejected, Some(Reason::InsufficientFunds)) {
            return Some(RowMeaning::Refused);
        }
        let instance = entry.instance?;
        match (entry.event, entry.reason) {
            (Event::RenewalFailed, _) if self.failing.insert(instance) => Some(RowMeaning::Fails),
            (Event::RenewalFailed, _) => Some(RowMeaning::FailsAgain),
            (Event::Renewed | Event::Purchased, _) => {
                self.settle(instance);
                Some(RowMeaning::Settled)
            }
            (Event::Recovered, _) => {
                self.settle(instance);
                self.returned.remove(&instance);
                Some(RowMeaning::Back)
            }
            (Event::Converted, _) => {
                self.settle(instance);
                Some(if self.in_arrears.remove(&instance) {
                    RowMeaning::Back
                } else {
                    RowMeaning::Settled
                })
            }
            (Event::Restored, reason) => {
                let was_in_arrears = self.in_arrears.remove(&instance);
                (was_in_arrears || reason == Some(Reason::Funds)).then_some(RowMeaning::Back)
            }
            (Event::Reclaimed, _) => Some(RowMeaning::Reclaimed),
            (Event::Stopped, Some(Reason::Arrears)) => {
                self.in_arrears.insert(instance);
                Some(RowMeaning::Stopped)
            }
            (Event::Returned, _) => {
                self.returned.insert(instance);
                Some(RowMeaning::GivenUp)
            }
            (Event::Terminated, reason) => {
                self.settle(instance);
                self.in_arrears.remove(&instance);
                let given_up = self.returned.remove(&instance) || reason == Some(Reason::User);
                Some(if given_up {
                    RowMeaning::GivenUp
                } else {
                    RowMeaning::Lost
                })
            }
            _ => None,
        }
    }

    fn settle(&mut self, instance: InstanceIndex) {
        // Most rows are renewals of instances that never failed.
        if !self.failing.is_empty() {
            self.failing.remove(&instance);
        }
    }
}
