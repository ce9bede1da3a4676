//! Where an instance stands according to an answer: in use, in the recycle bin and why, or gone.
//!
//! The interface spreads this over several members; each reader of answers boils them down to one [`CloudStatus`]. The
//! state of a book, which also depends on the days of the book, is decided elsewhere.

use std::fmt;

/// Why an instance is in the recycle bin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::input::import) enum IsolationCause {
    /// It expired.
    Expiry,
    /// It was returned or destroyed by people.
    Returned,
    /// The account was in arrears.
    Arrears,
    /// The answer does not say.
    Unsaid,
}

/// Where an instance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::input::import) enum CloudStatus {
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
    /// What two answers say together; none if they contradict each other.
    pub(in crate::input::import) fn and(self, other: Self) -> Option<Self> {
        match (self, other) {
            (one, another) if one == another => Some(one),
            (Self::InBin(IsolationCause::Unsaid), Self::InBin(cause))
            | (Self::InBin(cause), Self::InBin(IsolationCause::Unsaid)) => Some(Self::InBin(cause)),
            (Self::Gone, Self::InBin(_)) | (Self::InBin(_), Self::Gone) => Some(Self::Gone),
            _ => None,
        }
    }

    /// Of cvm: `IsolatedSource`, then `InstanceState`. A security isolation (`RestrictState`) is none.
    pub(in crate::input::import) fn of_cvm(
        isolated_source: Option<&str>,
        instance_state: Option<&str>,
    ) -> Self {
        match (isolated_source, instance_state) {
            (_, Some("TERMINATING")) => Self::Gone,
            (_, Some("LAUNCH_FAILED")) => Self::NeverMade,
            (Some("EXPIRE"), _) => Self::InBin(IsolationCause::Expiry),
            (Some("MANMADE"), _) => Self::InBin(IsolationCause::Returned),
            (Some("ARREAR"), _) => Self::InBin(IsolationCause::Arrears),
            (None | Some("NOTISOLATED"), Some("SHUTDOWN")) => Self::InBin(IsolationCause::Unsaid),
            (None | Some("NOTISOLATED"), _) => Self::InUse,
            (Some(_), _) => Self::InBin(IsolationCause::Unsaid),
        }
    }

    /// Of lighthouse: `InstanceState`, and whether `IsolatedTime` is there. One that runs is out of the bin again.
    pub(in crate::input::import) fn of_lighthouse(
        isolated: bool,
        instance_state: Option<&str>,
    ) -> Self {
        match instance_state {
            Some("TERMINATING" | "DELETING") => Self::Gone,
            Some("LAUNCH_FAILED") => Self::NeverMade,
            Some("SHUTDOWN") => Self::InBin(IsolationCause::Unsaid),
            Some("RUNNING") => Self::InUse,
            _ if isolated => Self::InBin(IsolationCause::Unsaid),
            _ => Self::InUse,
        }
    }

    /// Of cbs: `DiskState`, and whether `ReturnFailCode` says that the disk was returned already.
    pub(in crate::input::import) fn of_disk(disk_state: &str, returned: bool) -> Self {
        match (disk_state, returned) {
            ("TORECYCLE", true) => Self::InBin(IsolationCause::Returned),
            ("TORECYCLE", false) => Self::InBin(IsolationCause::Unsaid),
            _ => Self::InUse,
        }
    }

    /// Of billing: `Status`; none for a value that is not known.
    pub(in crate::input::import) fn of_renewal(status: &str) -> Option<Self> {
        match status {
            "NORMAL" => Some(Self::InUse),
            "ISOLATED" => Some(Self::InBin(IsolationCause::Unsaid)),
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
            Self::InBin(IsolationCause::Unsaid) => "in the recycle bin",
            Self::Gone => "being destroyed",
            Self::NeverMade => "never created",
        })
    }
}
