//! A resolved profile as TOML, every key written out.

use std::fmt::{Display, Write as _};

use crate::model::calendar::MonthEnd;
use crate::model::money::{Factor, Rounding};
use crate::model::profile::{
    AttemptDays, ChargeOrder, DowngradeMonths, Profile, RecoverFrom, RefundMethod, Restart,
    RestoreWhen, RetentionFrom, UpgradeMonths, WhenShort, spelling,
};

/// The table of a profile; equal rules give equal bytes.
pub fn toml(profile: &Profile) -> String {
    let mut text = format!("[{}]\n", toml::Value::from(&*profile.name));
    let mut key = |name: &str, value: &dyn Display| {
        writeln!(text, "{name} = {value}").expect("memory takes any text")
    };
    key("month_end", &word(profile.month_end, MonthEnd::NAMES));
    key("rounding", &word(profile.rounding, Rounding::NAMES));
    key("renew_periods", &list(&profile.renew_periods));
    key("discounts", &factors(&profile.discounts));
    key("auto_renew_months", &profile.auto_renew_months);
    match &profile.attempts {
        AttemptDays::From(first) => key("auto_renew_first", first),
        AttemptDays::On(days) => key("auto_renew_days", &list(days)),
    }
    key(
        "auto_renew_while_reclaimed",
        &profile.auto_renew_while_reclaimed,
    );
    key(
        "charge_order",
        &word(profile.charge_order, ChargeOrder::NAMES),
    );
    key("when_short", &word(profile.when_short, WhenShort::NAMES));
    key("suspend_after_days", &profile.suspend_after_days);
    key("retention_days", &profile.retention_days);
    key(
        "retention_from",
        &word(profile.retention_from, RetentionFrom::NAMES),
    );
    key(
        "recover_from",
        &word(profile.recover_from, RecoverFrom::NAMES),
    );
    key("remind_days", &list(&profile.remind_days));
    key("arrears_grace_hours", &profile.arrears_grace_hours);
    key("postpaid_retention_days", &profile.postpaid_retention_days);
    key("restart", &word(profile.restart, Restart::NAMES));
    key(
        "restore_when",
        &word(profile.restore_when, RestoreWhen::NAMES),
    );
    key("refund", &word(profile.refund, RefundMethod::NAMES));
    key("full_refund_days", &profile.full_refund_days);
    key("full_refunds", &profile.full_refunds);
    key("returns_per_year", &profile.returns_per_year);
    key(
        "upgrade_months",
        &word(profile.upgrade_months, UpgradeMonths::NAMES),
    );
    key(
        "downgrade_months",
        &word(profile.downgrade_months, DowngradeMonths::NAMES),
    );
    key("downgrade_refund", &profile.downgrade_refund);
    key("downgrades", &profile.downgrades);
    key("hourly_tiers", &factors(&profile.hourly_tiers));
    key("bill_while_stopped", &profile.bill_while_stopped);
    key("online_topup_days", &profile.online_topup_days);
    key("bank_topup_days", &profile.bank_topup_days);
    text
}

fn word<T: PartialEq>(value: T, names: &[(&'static str, T)]) -> String {
    format!("\"{}\"", spelling(value, names))
}

fn factors(bands: &[(u32, Factor)]) -> String {
    let bands: Vec<String> = bands
        .iter()
        .map(|(from, factor)| format!("{from} = \"{factor}\""))
        .collect();
    format!("{{ {} }}", bands.join(", "))
}

fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    format!("[{}]", items.join(", "))
}
