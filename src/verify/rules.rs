//! What each event may say: the closed lists of the file formats, written down a second time.
//!
//! Nothing here is shared with the code that writes a ledger.

use crate::engine::lifecycle::Trigger;

/// What an event does to what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
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
pub(super) enum Cell {
    Empty,
    Filled,
    Either,
}

/// What money a row moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moves {
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
pub(super) struct Rule {
    pub event: &'static str,
    pub step: Step,
    pub instance: Cell,
    pub moves: Moves,
    pub term: Cell,
    pub reasons: &'static [&'static str],
}

const fn rule(event: &'static str, step: Step, instance: Cell, moves: Moves, term: Cell) -> Rule {
    Rule {
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
    step: Step,
    moves: Moves,
    reasons: &'static [&'static str],
) -> Rule {
    Rule {
        reasons,
        ..rule(event, step, Cell::Filled, moves, Cell::Empty)
    }
}

const fn of_term(event: &'static str, step: Step, reasons: &'static [&'static str]) -> Rule {
    Rule {
        reasons,
        ..rule(event, step, Cell::Filled, Moves::Payment, Cell::Filled)
    }
}

const fn of_account(event: &'static str, step: Step, moves: Moves) -> Rule {
    rule(event, step, Cell::Empty, moves, Cell::Empty)
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
pub(super) const RULES: &[Rule] = &[
    of_instance("usage", Step::Use, Moves::Usage, &[]),
    of_term("renewed", Step::Renew, &["auto", "manual", "unified"]),
    of_instance(
        "reminder",
        Step::Remind,
        Moves::Nothing,
        &["expiring", "funds_short"],
    ),
    of_instance(
        "renewal_failed",
        Step::Fail,
        Moves::Nothing,
        &["insufficient_funds"],
    ),
    of_account("balance_alert", Step::Alert, Moves::Nothing),
    of_account("arrears_forecast", Step::Forecast, Moves::Nothing),
    of_instance("expired", Step::Expire, Moves::Nothing, &["unpaid"]),
    of_instance("reclaimed", Step::Reclaim, Moves::Nothing, &["unpaid"]),
    of_instance(
        "terminated",
        Step::End,
        Moves::Nothing,
        &["retention_over", "user"],
    ),
    of_term("recovered", Step::Recover, &["auto", "manual"]),
    of_term("purchased", Step::Buy, &[]),
    of_instance("stopped", Step::Stop, Moves::Nothing, &["arrears", "user"]),
    of_instance("restored", Step::Start, Moves::Nothing, &["funds", "user"]),
    of_account("topup", Step::TopUp, Moves::Cash),
    of_account("credit", Step::Credit, Moves::FreeCredit),
    of_account("credit_limit_set", Step::Limit, Moves::Nothing),
    of_account("voucher_granted", Step::Voucher, Moves::Nothing),
    of_instance("flag_set", Step::Flag, Moves::Nothing, &[]),
    of_instance("price_set", Step::Price, Moves::Nothing, &[]),
    of_instance("returned", Step::GiveBack, Moves::MaybeBack, &[]),
    of_instance("refunded", Step::Refund, Moves::Back, &[]),
    rule(
        "resized",
        Step::Resize,
        Cell::Filled,
        Moves::Change,
        Cell::Either,
    ),
    of_instance("converted", Step::Convert, Moves::Nothing, &[]),
    Rule {
        reasons: REJECTIONS,
        ..rule(
            "rejected",
            Step::Reject,
            Cell::Either,
            Moves::Nothing,
            Cell::Empty,
        )
    },
];

impl Rule {
    /// The rule of an event.
    pub(super) fn of(event: &[u8]) -> Option<&'static Self> {
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
            Step::Renew | Step::Recover => Some(Trigger::Renew),
            Step::Expire => Some(Trigger::Expire),
            Step::Reclaim => Some(Trigger::Reclaim),
            Step::GiveBack => Some(Trigger::GiveBack),
            Step::Stop => Some(Trigger::Stop),
            Step::Start => Some(Trigger::Start),
            Step::End if reason == "user" => Some(Trigger::Destroy),
            Step::End => Some(Trigger::Release),
            Step::Convert => Some(Trigger::Convert),
            _ => None,
        }
    }

    /// When in its day a row stands: the phase, and the part of the phase.
    pub(super) fn phase(&self, reason: &str) -> Phase {
        match (self.step, reason) {
            (Step::End, "retention_over") => Phase::Release,
            (Step::Start, "funds") => Phase::Restore,
            (Step::Renew | Step::Recover, "auto") | (Step::Fail, _) => Phase::Renew,
            (Step::Expire | Step::Reclaim, _) => Phase::Expire,
            (Step::Use, _) => Phase::Usage,
            (Step::Stop, "arrears") => Phase::Stops,
            (Step::Remind, _) => Phase::Reminders,
            (Step::Alert, _) => Phase::Alert,
            (Step::Forecast, _) => Phase::Forecast,
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
    pub(super) fn name(self) -> &'static str {
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
