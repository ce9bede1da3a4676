//! The events that differ between two runs, in words, instance by instance.

use std::cmp::Reverse;

use super::super::diagnostics::{counted, visible};
use super::super::ink::HEAD;
use crate::analysis::compare::{ComparedEvent, ComparedRun, Difference, RunNames, Subject};
use crate::engine::event::{Event, Reason};
use crate::model::money::{Currency, Money};

/// How two runs differ: how many instances, what they cost more and less, and the gravest differences.
pub(super) fn differences(
    names: &RunNames,
    (base, case): (&ComparedRun, &ComparedRun),
    differences: &[Difference],
    most: usize,
) -> String {
    let name = visible(&case.name);
    if differences.is_empty() {
        return format!("{HEAD}{name}{HEAD:#}: nothing differs\n\n");
    }
    let teller = ComparisonPrinter { names, base, case };
    let mut text = format!("{HEAD}{name}{HEAD:#}: {}\n", teller.totals(differences));
    let mut ranked: Vec<&Difference> = differences.iter().collect();
    ranked.sort_by_key(|one| {
        (
            Reverse(one.weight()),
            Reverse(one.spend().minor().unsigned_abs()),
            one.subject,
        )
    });
    for one in ranked.iter().take(most) {
        text += &format!("  {}\n", teller.difference(one));
    }
    let more = ranked.len().saturating_sub(most);
    if more > 0 {
        text += &format!("  … and {more} more in events.csv\n");
    }
    text + "\n"
}

struct ComparisonPrinter<'t> {
    names: &'t RunNames,
    base: &'t ComparedRun,
    case: &'t ComparedRun,
}

impl ComparisonPrinter<'_> {
    fn currency(&self, subject: Subject) -> Currency {
        self.case.figures[self.names.account_of(subject).0 as usize].currency
    }

    fn money(&self, subject: Subject, money: Money) -> String {
        money.display_grouped(self.currency(subject)).to_string()
    }

    /// How many differ, and what they cost more and less, so that equal totals hide nothing.
    fn totals(&self, differences: &[Difference]) -> String {
        let is_instance = |one: &&Difference| matches!(one.subject, Subject::Instance(_));
        let instances = differences.iter().filter(is_instance).count();
        let accounts = differences.len() - instances;
        let mut parts = vec![
            format!("{} differ", counted(instances, "instance"))
                .replace("1 instance differ", "1 instance differs"),
        ];
        if accounts > 0 {
            parts.push(format!(
                "{} planned otherwise",
                counted(accounts, "account")
            ));
        }
        for currency in self.base.currencies() {
            let of_currency = || {
                differences
                    .iter()
                    .filter(|one| self.currency(one.subject) == currency)
            };
            for (word, is_more) in [("more", true), ("less", false)] {
                let asked = |spend: &Money| {
                    if is_more {
                        *spend > Money::ZERO
                    } else {
                        spend.is_negative()
                    }
                };
                let spends: Vec<Money> =
                    of_currency().map(Difference::spend).filter(asked).collect();
                let sum: Money = spends.iter().copied().sum();
                if !spends.is_empty() {
                    let sum = if is_more { sum } else { -sum };
                    let verb = if spends.len() == 1 { "costs" } else { "cost" };
                    let sum = sum.display_grouped(currency);
                    parts.push(format!("{} {verb} {currency} {sum} {word}", spends.len()));
                }
            }
        }
        parts.join(", ")
    }

    fn difference(&self, one: &Difference) -> String {
        let id = match one.subject {
            Subject::Account(account) => {
                format!("account {}", visible(self.names.account_id(account)))
            }
            Subject::Instance(_) => visible(self.names.instance_id(one.subject).unwrap_or("")),
        };
        let (base, case) = (visible(&self.base.name), visible(&self.case.name));
        let told = match (self.side(one, &one.base), self.side(one, &one.other)) {
            (Some(in_base), Some(in_case)) => format!("{in_case} in `{case}`, {in_base} in {base}"),
            (None, Some(in_case)) => format!("{in_case} in `{case}` only"),
            (Some(in_base), None) => format!("{in_base} in {base} only"),
            (None, None) => format!(
                "hours cost {} in `{case}`, {} in {base}",
                self.money(one.subject, one.usage.1),
                self.money(one.subject, one.usage.0)
            ),
        };
        let spend = one.spend();
        if matches!(one.subject, Subject::Account(_)) || spend == Money::ZERO {
            return format!("{id}: {told}");
        }
        let sign = if spend.is_negative() { "" } else { "+" };
        format!("{id}: {told} ({sign}{})", self.money(one.subject, spend))
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
        if same.len() == 1 {
            return Some(self.step(one.subject, first, None));
        }
        let sum: Money = same.iter().filter_map(|step| step.amount).sum();
        let amount = if sum == Money::ZERO {
            String::new()
        } else {
            format!(", {}", self.paid(one.subject, sum))
        };
        let times = format!(
            "{} {} times from {} to {}",
            word(event),
            same.len(),
            first.date,
            last.date
        );
        Some(times + &amount)
    }

    fn paid(&self, subject: Subject, amount: Money) -> String {
        self.money(
            subject,
            if amount.is_negative() {
                -amount
            } else {
                amount
            },
        )
    }

    fn step(&self, subject: Subject, step: &ComparedEvent, short: Option<Money>) -> String {
        let mut text = format!("{} on {}", word(step.event), step.date);
        if let Some(until) = step.until {
            text += &format!(" until {until}");
        }
        if let Some(amount) = step.amount.filter(|amount| *amount != Money::ZERO) {
            text += &format!(" for {}", self.paid(subject, amount));
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

/// What was missing when the renewal failed that led to a loss.
fn short_before(steps: &[ComparedEvent], loss: &ComparedEvent) -> Option<Money> {
    let mut before = steps
        .iter()
        .filter(|step| step.event == Event::RenewalFailed && step.date <= loss.date);
    before.next_back().and_then(|step| step.short)
}

/// The event that most of the steps are; of equals the one that comes first in the list of events.
fn most_frequent(steps: &[ComparedEvent]) -> Event {
    let count = |event: Event| steps.iter().filter(|step| step.event == event).count();
    let events = Event::ALL.iter().rev().max_by_key(|event| count(**event));
    events.copied().unwrap_or(Event::Renewed)
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
        Event::Reminder | Event::BalanceAlert | Event::ArrearsForecast => "noticed",
        Event::Rejected => "refused",
    }
}
