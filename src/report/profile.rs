//! A resolved profile as TOML, every key written out.

use std::fmt::{Display, Write as _};

use crate::calendar::MonthEnd;
use crate::money::Rounding;
use crate::profile::{AttemptDays, ChargeOrder, Profile, RecoverFrom, Restart, RestoreWhen, RetentionFrom, WhenShort};

/// The table of a profile; equal rules give equal bytes.
pub fn toml(profile: &Profile) -> String {
    let mut text = format!("[{}]\n", toml::Value::from(&*profile.name));
    let mut key = |name: &str, value: &dyn Display| writeln!(text, "{name} = {value}").expect("memory takes any text");
    key("month_end", &word(profile.month_end, MonthEnd::NAMES));
    key("rounding", &word(profile.rounding, Rounding::NAMES));
    key("renew_periods", &list(&profile.renew_periods));
    let bands = profile.discounts.iter().map(|(months, factor)| format!("{months} = \"{factor}\""));
    key("discounts", &format!("{{ {} }}", bands.collect::<Vec<_>>().join(", ")));
    key("auto_renew_months", &profile.auto_renew_months);
    match &profile.attempts {
        AttemptDays::From(first) => key("auto_renew_first", first),
        AttemptDays::On(days) => key("auto_renew_days", &list(days)),
    }
    key("auto_renew_while_reclaimed", &profile.auto_renew_while_reclaimed);
    key("charge_order", &word(profile.charge_order, ChargeOrder::NAMES));
    key("when_short", &word(profile.when_short, WhenShort::NAMES));
    key("suspend_after_days", &profile.suspend_after_days);
    key("retention_days", &profile.retention_days);
    key("retention_from", &word(profile.retention_from, RetentionFrom::NAMES));
    key("recover_from", &word(profile.recover_from, RecoverFrom::NAMES));
    key("remind_days", &list(&profile.remind_days));
    key("arrears_grace_hours", &profile.arrears_grace_hours);
    key("postpaid_retention_days", &profile.postpaid_retention_days);
    key("restart", &word(profile.restart, Restart::NAMES));
    key("restore_when", &word(profile.restore_when, RestoreWhen::NAMES));
    text
}

fn word<T: PartialEq>(value: T, names: &[(&str, T)]) -> String {
    let name = names.iter().find(|(_, named)| *named == value).map_or("", |(name, _)| *name);
    format!("\"{name}\"")
}

fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    format!("[{}]", items.join(", "))
}
