//! What a cloud says of one instance: one entry of a list is a [`CloudRecord`]; records of the same id are joined.
//!
//! Nothing here knows the members of a response or the days of the book.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::status::CloudStatus;
use crate::input::import::field::{SourcedText, SourcedValue};
use crate::input::import::json::Node;
use crate::model::calendar::Day;
use crate::model::instance::{ChargeType, RenewFlag};

/// How an instance is charged according to a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RecordedCharge {
    /// A charge type of books.
    Known(ChargeType),
    /// Another one, such as `SPOTPAID`.
    Other(String),
}

impl fmt::Display for RecordedCharge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Known(charge) => charge.name(),
            Self::Other(text) => text,
        })
    }
}

/// A renewal flag as diagnostics name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordedFlag(pub(crate) RenewFlag);

impl fmt::Display for RecordedFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// An instance as responses describe it.
#[derive(Clone, Debug)]
pub(crate) struct CloudRecord<'s> {
    pub(crate) id: SourcedText<'s>,
    /// Its product as a book names it.
    pub(crate) product: SourcedText<'s>,
    pub(crate) facts: RecordFacts<'s>,
}

/// What is known of an instance; what no response says is none.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecordFacts<'s> {
    pub(crate) instance_type: Option<SourcedText<'s>>,
    /// What billing calls the kind of product, for instances whose type is unknown.
    pub(crate) sub_product: Option<SourcedText<'s>>,
    pub(crate) region: Option<SourcedText<'s>>,
    pub(crate) zone: Option<SourcedText<'s>>,
    pub(crate) project_id: Option<SourcedText<'s>>,
    pub(crate) project_name: Option<SourcedText<'s>>,
    pub(crate) name: Option<SourcedText<'s>>,
    pub(crate) charge: Option<SourcedValue<'s, RecordedCharge>>,
    /// What happens at its expiry.
    pub(crate) renew_flag: Option<SourcedValue<'s, RecordedFlag>>,
    /// Months of one auto-renewal.
    pub(crate) renew_months: Option<SourcedValue<'s, u32>>,
    pub(crate) expires_on: Option<SourcedValue<'s, Day>>,
    pub(crate) status: Option<SourcedValue<'s, CloudStatus>>,
    /// The day on which it came into the bin.
    pub(crate) isolated_on: Option<SourcedValue<'s, Day>>,
    /// Where it says that it is shut down without charge.
    pub(crate) uncharged: Option<Node<'s>>,
    /// The instance that a disk is part of; empty if it is not attached.
    pub(crate) part_of: Option<SourcedText<'s>>,
    /// Where the cloud says that a disk does not renew itself as its server does, or ends before it.
    pub(crate) unlike_server: Option<Node<'s>>,
    pub(crate) tags: BTreeMap<String, SourcedText<'s>>,
    /// The ids of its data disks.
    pub(crate) disks: BTreeSet<String>,
}

impl<'s> CloudRecord<'s> {
    /// A record that says nothing but its id and product.
    pub(crate) fn of_product(id: SourcedText<'s>, product: &str) -> Self {
        Self {
            product: id.clone().map(|_| product.to_owned()),
            id,
            facts: RecordFacts::default(),
        }
    }

    /// Its status; an instance of which no response says one is in use.
    pub(crate) fn status(&self) -> CloudStatus {
        let status = self.facts.status.as_ref();
        status.map_or(CloudStatus::InUse, |status| status.value)
    }
}
