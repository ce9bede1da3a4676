//! The status of an instance according to a response: in use, in the recycle bin and why, or gone.
//!
//! A cloud spreads this over several members; its reader boils them down to one [`CloudStatus`]. The state in the
//! book, which also depends on the days of the book, is decided in the listing.

use std::fmt;

/// Why an instance is in the recycle bin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IsolationCause {
    /// It expired.
    Expiry,
    /// People returned or destroyed it.
    Returned,
    /// The account was in arrears.
    Arrears,
    /// The response does not say.
    Unknown,
}

/// The status of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloudStatus {
    /// Not in the bin.
    InUse,
    /// In the bin.
    InBin(IsolationCause),
    /// Being destroyed.
    Gone,
    /// It was never created.
    NeverMade,
}

impl CloudStatus {
    /// What two responses say together; none if they contradict each other.
    pub(crate) fn and(self, other: Self) -> Option<Self> {
        match (self, other) {
            (one, another) if one == another => Some(one),
            (Self::InBin(IsolationCause::Unknown), Self::InBin(cause))
            | (Self::InBin(cause), Self::InBin(IsolationCause::Unknown)) => {
                Some(Self::InBin(cause))
            }
            (Self::Gone, Self::InBin(_)) | (Self::InBin(_), Self::Gone) => Some(Self::Gone),
            _ => None,
        }
    }
}

impl fmt::Display for CloudStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InUse => "in use",
            Self::InBin(IsolationCause::Expiry) => "in the recycle bin, expired",
            Self::InBin(IsolationCause::Returned) => "in the recycle bin, returned",
            Self::InBin(IsolationCause::Arrears) => "in the recycle bin for arrears",
            Self::InBin(IsolationCause::Unknown) => "in the recycle bin",
            Self::Gone => "being destroyed",
            Self::NeverMade => "never created",
        })
    }
}
