//! What a ledger row can say: the closed lists of events and reasons. Nothing here decides which of them happens.
//!
//! Rules **event-reasons**, **events** of docs/spec.

use crate::model::words::words;

words! {
    /// What happened.
    pub enum Event {
        /// A further term was paid.
        Renewed = "renewed",
        /// A reclaimed instance came back with a paid term.
        Recovered = "recovered",
        /// An auto-renewal could not be paid.
        RenewalFailed = "renewal_failed",
        /// The paid term ended; the instance is overdue.
        Expired = "expired",
        /// The instance went to the recycle bin.
        Reclaimed = "reclaimed",
        /// The instance is gone for good.
        Terminated = "terminated",
        /// Hours of a day were charged.
        Usage = "usage",
        /// Arrears switched the instance off.
        Stopped = "stopped",
        /// The instance was switched on again.
        Restored = "restored",
        /// An instance was bought.
        Purchased = "purchased",
        /// People gave a prepaid instance back.
        Returned = "returned",
        /// Money of a term came back because the instance became postpaid.
        Refunded = "refunded",
        /// The type or price of an instance changed.
        Resized = "resized",
        /// An instance changed between prepaid and postpaid.
        Converted = "converted",
        /// Cash came in.
        TopUp = "topup",
        /// Free credit came in.
        Credit = "credit",
        /// A voucher came in.
        VoucherGranted = "voucher_granted",
        /// The credit limit changed.
        CreditLimitSet = "credit_limit_set",
        /// The renew flag changed.
        FlagSet = "flag_set",
        /// A price changed.
        PriceSet = "price_set",
        /// People were reminded of an expiry.
        Reminder = "reminder",
        /// The available balance is below the alert line.
        BalanceAlert = "balance_alert",
        /// The available balance lasts for less than three days of usage.
        ArrearsForecast = "arrears_forecast",
        /// An action could not be carried out.
        Rejected = "rejected",
    }
}

words! {
    /// Why it happened.
    pub enum Reason {
        /// The instance renewed itself.
        Auto = "auto",
        /// People renewed it.
        Manual = "manual",
        /// People moved its expiry to a day of the month.
        Unified = "unified",
        /// The payment needed more than was available.
        InsufficientFunds = "insufficient_funds",
        /// The paid term ended and nothing was paid.
        Unpaid = "unpaid",
        /// It stayed in the bin, or stopped, for too long.
        RetentionOver = "retention_over",
        /// People asked for it.
        User = "user",
        /// The account was in arrears for too long.
        Arrears = "arrears",
        /// Funds allow it again.
        Funds = "funds",
        /// The expiry date is near or past, and people must act.
        Expiring = "expiring",
        /// The next auto-renewal costs more than is available.
        FundsShort = "funds_short",
        /// The book has no such account.
        UnknownAccount = "unknown_account",
        /// There is no such instance, not yet, or never was.
        UnknownInstance = "unknown_instance",
        /// No instance matches the selector.
        NoMatch = "no_match",
        /// The instance is gone.
        AlreadyTerminated = "already_terminated",
        /// The action is for prepaid instances.
        NotPrepaid = "not_prepaid",
        /// The action is for postpaid instances.
        NotPostpaid = "not_postpaid",
        /// The action is for stopped instances.
        NotStopped = "not_stopped",
        /// The action is for running instances.
        NotRunning = "not_running",
        /// The action is not for instances in the recycle bin.
        InBin = "in_bin",
        /// The profile does not offer this number of months.
        PeriodNotOffered = "period_not_offered",
        /// The instance expires on the asked day already.
        TargetTooNear = "target_too_near",
        /// The account, or the instance, has had as many refunds as the profile grants.
        RefundLimit = "refund_limit",
    }
}
