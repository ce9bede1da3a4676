//! What each event may say: the closed lists of the file formats, written down a second time.
//!
//! Nothing here is shared with the code that writes a ledger.

use crate::engine::lifecycle::Trigger;

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
    instance: CellRule,
    moves: MovementRule,
    term: CellRule,
) -> EventRule {
    EventRule {
        event,
        step,
        instance,
        moves,
        term,
        reasons: &[],
    }
}

const fn of_instance(
    event: &'static str,
    step: Transition,
    moves: MovementRule,
    reasons: &'static [&'static str],
) -> EventRule {
    EventRule {
        reasons,
        ..rule(event, step, CellRule::Filled, moves, CellRule::Empty)
    }
}

const fn of_term(
    event: &'static str,
    step: Transition,
    reasons: &'static [&'static str],
) -> EventRule {
    EventRule {
        reasons,
        ..rule(
            event,
            step,
            CellRule::Filled,
            MovementRule::Payment,
            CellRule::Filled,
        )
    }
}

const fn of_account(event: &'static str, step: Transition, moves: MovementRule) -> EventRule {
    rule(event, step, CellRule::Empty, moves, CellRule::Empty)
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

/// Every event, those that are most frequent first.
pub(super) const RULES: &[EventRule] = &[
    of_instance("usage", Transition::Use, MovementRule::Usage, &[]),
    of_term("renewed", Transition::Renew, &["auto", "manual", "unified"]),
    of_instance(
        "reminder",
        Transition::Remind,
        MovementRule::Nothing,
        &["expiring", "funds_short"],
    ),
    of_instance(
        "renewal_failed",
        Transition::Fail,
        MovementRule::Nothing,
        &["insufficient_funds"],
    ),
    of_account("balance_alert", Transition::Alert, MovementRule::Nothing),
    of_account(
        "arrears_forecast",
        Transition::Forecast,
        MovementRule::Nothing,
    ),
    of_instance(
        "expired",
        Transition::Expire,
        MovementRule::Nothing,
        &["unpaid"],
    ),
    of_instance(
        "reclaimed",
        Transition::Reclaim,
        MovementRule::Nothing,
        &["unpaid"],
    ),
    of_instance(
        "terminated",
        Transition::End,
        MovementRule::Nothing,
        &["retention_over", "user"],
    ),
    of_term("recovered", Transition::Recover, &["auto", "manual"]),
    of_term("purchased", Transition::Buy, &[]),
    of_instance(
        "stopped",
        Transition::Stop,
        MovementRule::Nothing,
        &["arrears", "user"],
    ),
    of_instance(
        "restored",
        Transition::Start,
        MovementRule::Nothing,
        &["funds", "user"],
    ),
    of_account("topup", Transition::TopUp, MovementRule::Cash),
    of_account("credit", Transition::Credit, MovementRule::FreeCredit),
    of_account("credit_limit_set", Transition::Limit, MovementRule::Nothing),
    of_account(
        "voucher_granted",
        Transition::Voucher,
        MovementRule::Nothing,
    ),
    of_instance("flag_set", Transition::Flag, MovementRule::Nothing, &[]),
    of_instance("price_set", Transition::Price, MovementRule::Nothing, &[]),
    of_instance(
        "returned",
        Transition::GiveBack,
        MovementRule::MaybeBack,
        &[],
    ),
    of_instance("refunded", Transition::Refund, MovementRule::Back, &[]),
    rule(
        "resized",
        Transition::Resize,
        CellRule::Filled,
        MovementRule::Change,
        CellRule::Either,
    ),
    of_instance("converted", Transition::Convert, MovementRule::Nothing, &[]),
    EventRule {
        reasons: REJECTIONS,
        ..rule(
            "rejected",
            Transition::Reject,
            CellRule::Either,
            MovementRule::Nothing,
            CellRule::Empty,
        )
    },
];

impl EventRule {
    /// The rule of an event.
    pub(super) fn rule_of_event(event: &[u8]) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.event.as_bytes() == event)
    }

    /// The reason that a cell gives, if the event has it; empty where the event has none.
    pub(super) fn reason(&self, cell: &[u8]) -> Option<&'static str> {
        if self.reasons.is_empty() {
            return cell.is_empty().then_some("");
        }
        self.reasons
            .iter()
            .find(|reason| reason.as_bytes() == cell)
            .copied()
    }

    /// What happens to an instance in terms of the table of its life; none where its state stays.
    pub(super) fn trigger(&self, reason: &str) -> Option<Trigger> {
        match self.step {
            Transition::Renew | Transition::Recover => Some(Trigger::Renew),
            Transition::Expire => Some(Trigger::Expire),
            Transition::Reclaim => Some(Trigger::Reclaim),
            Transition::GiveBack => Some(Trigger::GiveBack),
            Transition::Stop => Some(Trigger::Stop),
            Transition::Start => Some(Trigger::Start),
            Transition::End if reason == "user" => Some(Trigger::Destroy),
            Transition::End => Some(Trigger::Release),
            Transition::Convert => Some(Trigger::Convert),
            _ => None,
        }
    }

    /// When in its day a row stands: the phase, and the part of the phase.
    pub(super) fn phase(&self, reason: &str) -> Phase {
        match (self.step, reason) {
            (Transition::End, "retention_over") => Phase::Release,
            (Transition::Start, "funds") => Phase::Restore,
            (Transition::Renew | Transition::Recover, "auto") | (Transition::Fail, _) => {
                Phase::Renew
            }
            (Transition::Expire | Transition::Reclaim, _) => Phase::Expire,
            (Transition::Use, _) => Phase::Usage,
            (Transition::Stop, "arrears") => Phase::Stops,
            (Transition::Remind, _) => Phase::Reminders,
            (Transition::Alert, _) => Phase::Alert,
            (Transition::Forecast, _) => Phase::Forecast,
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
