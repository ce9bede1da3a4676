//! What each event may say: the closed lists of the file formats, written down a second time.
//!
//! Nothing here is shared with the code that writes a ledger.

use crate::engine::lifecycle::Trigger;
use CellRule::{Either, Empty, Filled};
use MovementRule::{Back, Cash, Change, FreeCredit, MaybeBack, Nothing, Payment, Usage};
use Transition::{
    Alert, Buy, Convert, Credit, End, Expire, Fail, Flag, Forecast, GiveBack, Limit, Price,
    Reclaim, Recover, Refund, Reject, Remind, Renew, Resize, Start, Stop, TopUp, Use, Voucher,
};

/// What an event does to what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transition {
    Renew,
    Recover,
    Fail,
    Expire,
    Reclaim,
    End,
    Use,
    Stop,
    Start,
    Buy,
    GiveBack,
    Refund,
    Resize,
    Convert,
    TopUp,
    Credit,
    Limit,
    Voucher,
    Flag,
    Price,
    Remind,
    Alert,
    Forecast,
    Reject,
}

/// Whether a cell is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CellRule {
    Empty,
    Filled,
    Either,
}

/// What money a row moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MovementRule {
    /// None.
    Nothing,
    /// A prepaid payment: vouchers, then free credit, then cash; never below zero.
    Payment,
    /// Hours: free credit, then cash.
    Usage,
    /// Cash comes in.
    Cash,
    /// Free credit comes in.
    FreeCredit,
    /// Cash and free credit come back, or nothing does.
    MaybeBack,
    /// Cash and free credit come back.
    Back,
    /// A payment, or something comes back, or nothing moves.
    Change,
}

/// What an event may say.
#[derive(Debug)]
pub(super) struct EventRule {
    pub event: &'static str,
    pub step: Transition,
    pub instance: CellRule,
    pub moves: MovementRule,
    pub term: CellRule,
    pub reasons: &'static [&'static str],
}

const fn rule(
    event: &'static str,
    step: Transition,
    moves: MovementRule,
    reasons: &'static [&'static str],
) -> EventRule {
    EventRule {
        event,
        step,
        instance: Filled,
        moves,
        term: Empty,
        reasons,
    }
}

const fn of_term(
    event: &'static str,
    step: Transition,
    reasons: &'static [&'static str],
) -> EventRule {
    EventRule {
        term: Filled,
        ..rule(event, step, Payment, reasons)
    }
}

const fn of_account(event: &'static str, step: Transition, moves: MovementRule) -> EventRule {
    EventRule {
        instance: Empty,
        ..rule(event, step, moves, &[])
    }
}

const REJECTIONS: &[&str] = &[
    "unknown_account",
    "unknown_instance",
    "no_match",
    "already_terminated",
    "not_prepaid",
    "not_postpaid",
    "not_stopped",
    "not_running",
    "in_bin",
    "period_not_offered",
    "target_too_near",
    "refund_limit",
    "insufficient_funds",
];

/// Every event, the most frequent ones first.
pub(super) const RULES: &[EventRule] = &[
    rule("usage", Use, Usage, &[]),
    of_term("renewed", Renew, &["auto", "manual", "unified"]),
    rule("reminder", Remind, Nothing, &["expiring", "funds_short"]),
    rule("renewal_failed", Fail, Nothing, &["insufficient_funds"]),
    of_account("balance_alert", Alert, Nothing),
    of_account("arrears_forecast", Forecast, Nothing),
    rule("expired", Expire, Nothing, &["unpaid"]),
    rule("reclaimed", Reclaim, Nothing, &["unpaid"]),
    rule("terminated", End, Nothing, &["retention_over", "user"]),
    of_term("recovered", Recover, &["auto", "manual"]),
    of_term("purchased", Buy, &[]),
    rule("stopped", Stop, Nothing, &["arrears", "user"]),
    rule("restored", Start, Nothing, &["funds", "user"]),
    of_account("topup", TopUp, Cash),
    of_account("credit", Credit, FreeCredit),
    of_account("credit_limit_set", Limit, Nothing),
    of_account("voucher_granted", Voucher, Nothing),
    rule("flag_set", Flag, Nothing, &[]),
    rule("price_set", Price, Nothing, &[]),
    rule("returned", GiveBack, MaybeBack, &[]),
    rule("refunded", Refund, Back, &[]),
    EventRule {
        term: Either,
        ..rule("resized", Resize, Change, &[])
    },
    rule("converted", Convert, Nothing, &[]),
    EventRule {
        instance: Either,
        ..rule("rejected", Reject, Nothing, REJECTIONS)
    },
];

impl EventRule {
    /// The rule of an event.
    pub(super) fn rule_of_event(event: &[u8]) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.event.as_bytes() == event)
    }

    /// The reason that a cell gives, if the event has it; empty where the event has none.
    pub(super) fn reason(&self, cell: &[u8]) -> Option<&'static str> {
        let reasons = if self.reasons.is_empty() {
            &[""]
        } else {
            self.reasons
        };
        reasons
            .iter()
            .find(|reason| reason.as_bytes() == cell)
            .copied()
    }

    /// What happens to an instance in terms of the table of its life; none where its state stays.
    pub(super) fn trigger(&self, reason: &str) -> Option<Trigger> {
        Some(match self.step {
            Renew | Recover => Trigger::Renew,
            Expire => Trigger::Expire,
            Reclaim => Trigger::Reclaim,
            GiveBack => Trigger::GiveBack,
            Stop => Trigger::Stop,
            Start => Trigger::Start,
            End if reason == "user" => Trigger::Destroy,
            End => Trigger::Release,
            Convert => Trigger::Convert,
            _ => return None,
        })
    }

    /// When in its day a row stands: the phase, and the part of the phase.
    pub(super) fn phase(&self, reason: &str) -> Phase {
        match (self.step, reason) {
            (End, "retention_over") => Phase::Release,
            (Start, "funds") => Phase::Restore,
            (Renew | Recover, "auto") | (Fail, _) => Phase::Renew,
            (Expire | Reclaim, _) => Phase::Expire,
            (Use, _) => Phase::Usage,
            (Stop, "arrears") => Phase::Stops,
            (Remind, _) => Phase::Reminders,
            (Alert, _) => Phase::Alert,
            (Forecast, _) => Phase::Forecast,
            _ => Phase::Actions,
        }
    }
}

/// The parts of an account's day, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Release,
    Actions,
    Restore,
    Renew,
    Expire,
    Usage,
    Stops,
    Reminders,
    Alert,
    Forecast,
}

impl Phase {
    /// Whether its rows stand by instance id.
    pub(super) fn is_by_id(self) -> bool {
        !matches!(self, Self::Actions | Self::Renew)
    }

    /// The name of the phase for people.
    pub(super) fn as_word(self) -> &'static str {
        match self {
            Self::Release => "releases",
            Self::Actions => "actions",
            Self::Restore => "restarts",
            Self::Renew => "auto-renewals",
            Self::Expire => "expiries",
            Self::Usage => "usage",
            Self::Stops => "stops in arrears",
            Self::Reminders => "reminders",
            Self::Alert => "the balance alert",
            Self::Forecast => "the arrears forecast",
        }
    }
}
