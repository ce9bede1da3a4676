//! The events that differ between two runs, in words, instance by instance. What differs is decided by the analysis.

use std::cmp::Reverse;

use crate::analysis::compare::{ComparedEvent, ComparedRun, Difference, RunNames, Subject};
use crate::cli::ink::HEAD;
use crate::cli::words::{amount, counted, visible};
use crate::engine::event::{Event, Reason};
use crate::model::money::{Currency, Money};

/// The most instances that are named for one run.
const MAX_INSTANCES: usize = 8;

/// How two runs differ: how many instances, what they cost more and less, and the gravest differences.
pub(super) fn differences(
    names: &RunNames,
    base: &ComparedRun,
    case: &ComparedRun,
    differences: &[Difference],
) -> String {
    let name = visible(&case.name);
    if differences.is_empty() {
        return format!("{HEAD}{name}{HEAD:#}: nothing differs\n\n");
    }
    let words = ComparisonWords { names, base, case };
    let mut text = format!("{HEAD}{name}{HEAD:#}: {}\n", words.totals(differences));
    let mut ranked: Vec<&Difference> = differences.iter().collect();
    ranked.sort_by_key(|one| {
        (
            Reverse(one.weight()),
            Reverse(one.spend().minor().unsigned_abs()),
            one.subject,
        )
    });
    for one in ranked.iter().take(MAX_INSTANCES) {
        text += &format!("  {}\n", words.difference(one));
    }
    let more = ranked.len().saturating_sub(MAX_INSTANCES);
    if more > 0 {
        text += &format!("  … and {more} more in events.csv\n");
    }
    text + "\n"
}

struct ComparisonWords<'t> {
    names: &'t RunNames,
    base: &'t ComparedRun,
    case: &'t ComparedRun,
}

impl ComparisonWords<'_> {
    fn currency(&self, subject: Subject) -> Currency {
        self.case.figures[self.names.account_of(subject).0 as usize].currency
    }

    fn money(&self, subject: Subject, money: Money) -> String {
        money.display_grouped(self.currency(subject)).to_string()
    }

    /// How many differ, and what they cost more and less, so that equal totals hide nothing.
    fn totals(&self, differences: &[Difference]) -> String {
        let instances = differences
            .iter()
            .filter(|one| matches!(one.subject, Subject::Instance(_)))
            .count();
        let accounts = differences.len() - instances;
        let differ = if instances == 1 { "differs" } else { "differ" };
        let mut parts = vec![format!("{} {differ}", counted(instances, "instance"))];
        if accounts > 0 {
            parts.push(format!(
                "planned actions differ in {}",
                counted(accounts, "account")
            ));
        }
        for currency in self.base.currencies() {
            let (mut more, mut less) = (Vec::new(), Vec::new());
            for one in differences
                .iter()
                .filter(|one| self.currency(one.subject) == currency)
            {
                let spend = one.spend();
                let side = if spend.is_negative() {
                    &mut less
                } else {
                    &mut more
                };
                side.extend((spend != Money::ZERO).then_some(spend));
            }
            for (word, spends) in [("more", more), ("less", less)] {
                if !spends.is_empty() {
                    let verb = if spends.len() == 1 { "costs" } else { "cost" };
                    let sum = amount(currency, absolute(spends.iter().copied().sum()));
                    parts.push(format!("{} {verb} {sum} {word}", spends.len()));
                }
            }
        }
        parts.join(", ")
    }

    fn difference(&self, one: &Difference) -> String {
        let subject = one.subject;
        let id = match subject {
            Subject::Account(account) => {
                format!("account {}", visible(self.names.account_id(account)))
            }
            Subject::Instance(_) => visible(self.names.instance_id(subject).unwrap_or("")),
        };
        let (base, case) = (visible(&self.base.name), visible(&self.case.name));
        let text = match (self.side(one, &one.base), self.side(one, &one.other)) {
            (Some(in_base), Some(in_case)) => format!("{in_case} in `{case}`, {in_base} in {base}"),
            (None, Some(in_case)) => format!("{in_case} in `{case}` only"),
            (Some(in_base), None) => format!("{in_base} in {base} only"),
            (None, None) => format!(
                "hourly usage costs {} in `{case}`, {} in {base}",
                self.money(subject, one.usage.1),
                self.money(subject, one.usage.0)
            ),
        };
        let spend = one.spend();
        if matches!(subject, Subject::Account(_)) || spend == Money::ZERO {
            return format!("{id}: {text}");
        }
        let sign = if spend.is_negative() { "" } else { "+" };
        format!("{id}: {text} ({sign}{})", self.money(subject, spend))
    }

    /// The worst of what only one of the runs has; where nothing is bad, what is done most often.
    fn side(&self, one: &Difference, steps: &[ComparedEvent]) -> Option<String> {
        let worst = steps.iter().rev().max_by_key(|step| step.weight)?;
        if worst.weight > 0 {
            return Some(self.step(one.subject, worst, short_before(steps, worst)));
        }
        let event = most_frequent(steps);
        let same: Vec<&ComparedEvent> = steps.iter().filter(|step| step.event == event).collect();
        let (first, last) = (same.first()?, same.last()?);
        let count = same.len();
        if count == 1 {
            return Some(self.step(one.subject, first, None));
        }
        let mut text = format!(
            "{} {count} times from {} to {}",
            word(event),
            first.date,
            last.date
        );
        let sum: Money = same.iter().filter_map(|step| step.amount).sum();
        if sum != Money::ZERO {
            text += &format!(", {}", self.money(one.subject, absolute(sum)));
        }
        Some(text)
    }

    fn step(&self, subject: Subject, step: &ComparedEvent, short: Option<Money>) -> String {
        let mut text = format!("{} on {}", word(step.event), step.date);
        if let Some(until) = step.until {
            text += &format!(" until {until}");
        }
        if let Some(amount) = step.amount.filter(|amount| *amount != Money::ZERO) {
            text += &format!(" for {}", self.money(subject, absolute(amount)));
        }
        if step.reason == Some(Reason::User) {
            text += " as asked";
        }
        match short.or(step.short) {
            Some(short) => format!("{text}: {} short", self.money(subject, short)),
            None => text,
        }
    }
}

fn absolute(amount: Money) -> Money {
    if amount.is_negative() {
        -amount
    } else {
        amount
    }
}

/// What was missing when the renewal failed that led to a loss.
fn short_before(steps: &[ComparedEvent], loss: &ComparedEvent) -> Option<Money> {
    let failed = steps
        .iter()
        .rev()
        .find(|step| step.event == Event::RenewalFailed && step.date <= loss.date);
    failed.and_then(|step| step.short)
}

/// The event that most of the steps are; of equals the one that comes first in the list of events.
fn most_frequent(steps: &[ComparedEvent]) -> Event {
    let events = Event::ALL.iter().rev();
    let most = events.max_by_key(|event| steps.iter().filter(|step| step.event == **event).count());
    most.copied().unwrap_or(Event::Renewed)
}

/// What happened, as part of a sentence.
fn word(event: Event) -> &'static str {
    match event {
        Event::Renewed => "renewed",
        Event::Recovered => "recovered",
        Event::RenewalFailed => "not renewed",
        Event::Expired => "expired",
        Event::Reclaimed => "reclaimed",
        Event::Terminated => "terminated",
        Event::Usage => "used",
        Event::Stopped => "stopped",
        Event::Restored => "started again",
        Event::Purchased => "bought",
        Event::Returned => "returned",
        Event::Refunded => "refunded",
        Event::Resized => "resized",
        Event::Converted => "converted",
        Event::TopUp => "topped up",
        Event::Credit => "credited",
        Event::VoucherGranted => "given a voucher",
        Event::CreditLimitSet => "given a credit limit",
        Event::FlagSet => "given another flag",
        Event::PriceSet => "given another price",
        Event::Reminder | Event::BalanceAlert | Event::ArrearsForecast => "notified",
        Event::Rejected => "rejected",
    }
}
