//! A cash plan in words: the top-ups, how long the money lasts without them, what each is for, and what is impossible.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::plan::{
    AccountPlan, FundingFailure, KeepRule, NeedCause, PaymentChannel, Plan, TopUp,
    UnavoidableCause, UnavoidableLoss,
};
use crate::cli::answer::{BAD, HEAD, section};
use crate::cli::diagnostics::{counted, visible};
use crate::engine::event::Event;
use crate::model::action::Verb;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::{ChargeType, InstanceIndex};
use crate::model::money::{Currency, Money};

/// So many instances that are let go are named.
const NAMED: usize = 8;

/// The whole answer.
pub(super) fn render(
    book: &Book,
    (plan, keep): (&Plan, &KeepRule),
    way: PaymentChannel<'_>,
) -> String {
    let (from, to) = (book.days.from, book.days.to);
    let mut text = format!(
        "{HEAD}The cash plan of {}{HEAD:#}, {from} to {to}\n\n",
        visible(&book.name)
    );
    let teller = PlanPrinter { book, way };
    let top_ups = plan
        .accounts
        .iter()
        .flat_map(|plan| plan.top_ups.iter().map(move |one| (plan, one)));
    let mut top_ups: Vec<(&AccountPlan, &TopUp)> = top_ups.collect();
    top_ups.sort_by_key(|(plan, one)| (one.arrival.sent, plan.account));
    section(&mut text, "Impossible", teller.impossible(plan).into_iter());
    let chosen: Vec<String> = plan
        .accounts
        .iter()
        .flat_map(|plan| teller.triage(plan))
        .collect();
    section(&mut text, "What the budget keeps", chosen.into_iter());
    section(&mut text, "Sums", teller.sums(plan).into_iter());
    section(
        &mut text,
        "Top-ups",
        top_ups.iter().map(|(plan, one)| teller.top_up(plan, one)),
    );
    let without: Vec<String> = top_ups
        .iter()
        .filter_map(|(plan, one)| teller.without(plan, one))
        .collect();
    section(&mut text, "If one does not come", without.into_iter());
    let mut runways: Vec<&AccountPlan> = plan.accounts.iter().collect();
    runways.sort_by_key(|plan| {
        (
            plan.runway.is_none(),
            plan.runway.map(|failure| failure.day),
        )
    });
    section(
        &mut text,
        "Without any",
        runways.iter().map(|plan| teller.runway(plan)),
    );
    let mut steps: Vec<_> = plan.accounts.iter().flat_map(|plan| &plan.steps).collect();
    steps.sort_by_key(|step| step.day);
    section(
        &mut text,
        "To do besides",
        steps
            .iter()
            .map(|step| teller.step(step.day, step.instance, step.verb)),
    );
    let lost: Vec<&UnavoidableLoss> = plan
        .accounts
        .iter()
        .flat_map(|plan| &plan.lost)
        .filter(|loss| !loss.asked)
        .collect();
    let head = match keep {
        KeepRule::Flagged => "Ends, as its flag says; --keep keeps it",
        _ => "Lost whatever is paid; --keep keeps it",
    };
    section(&mut text, head, lost.iter().map(|loss| teller.lost(loss)));
    let chosen = plan.accounts.iter().any(|plan| plan.triage.is_some());
    if top_ups.is_empty() && !chosen && !plan.is_impossible() {
        text.push_str("No top-up is needed.\n");
    }
    text.trim_end().to_owned() + "\n"
}

struct PlanPrinter<'b> {
    book: &'b Book,
    way: PaymentChannel<'b>,
}

impl PlanPrinter<'_> {
    fn id(&self, instance: InstanceIndex) -> String {
        visible(self.book.instance(instance).id.as_str())
    }

    fn account_line(&self, plan: &AccountPlan) -> String {
        visible(self.book.account(plan.account).id.as_str())
    }

    fn money(&self, plan: &AccountPlan, money: Money) -> String {
        let currency = self.book.account(plan.account).currency;
        format!("{currency} {}", money.display_grouped(currency))
    }

    fn sums(&self, plan: &Plan) -> Vec<String> {
        let mut sums: BTreeMap<Currency, (Money, usize, BTreeSet<_>)> = BTreeMap::new();
        for plan in plan.accounts.iter().filter(|plan| !plan.top_ups.is_empty()) {
            let sum = sums
                .entry(self.book.account(plan.account).currency)
                .or_default();
            sum.0 += plan.top_ups.iter().map(|one| one.amount).sum();
            sum.1 += plan.top_ups.len();
            sum.2.insert(plan.account);
        }
        let line = |(currency, (sum, count, accounts)): (Currency, (Money, usize, BTreeSet<_>))| {
            let (count, accounts) = (counted(count, "top-up"), counted(accounts.len(), "account"));
            format!(
                "{currency} {} in {count} to {accounts}",
                sum.display_grouped(currency)
            )
        };
        sums.into_iter().map(line).collect()
    }

    fn top_up(&self, plan: &AccountPlan, top_up: &TopUp) -> String {
        let (sent, arrives) = (top_up.arrival.sent, top_up.arrival.arrives);
        let there = if arrives == sent {
            String::new()
        } else {
            format!(", there on {arrives}")
        };
        let latest = self.way.latest_sending(top_up.first.by).unwrap_or(sent);
        let latest = if latest > sent {
            format!("{latest} at the latest")
        } else {
            "not a day later".to_owned()
        };
        let (account, amount) = (self.account_line(plan), self.money(plan, top_up.amount));
        format!(
            "{sent} {account}: {amount}{there}; {latest}, for {}",
            self.purpose(&top_up.first)
        )
    }

    fn purpose(&self, failure: &FundingFailure) -> String {
        let day = failure.day;
        let of = failure
            .instance
            .map(|instance| format!(" of {}", self.id(instance)))
            .unwrap_or_default();
        match failure.cause {
            NeedCause::Renewal => format!("the renewal{of} on {day}"),
            NeedCause::Purchase => format!("the purchase{of} on {day}"),
            NeedCause::Change => format!("the change{of} on {day}"),
            NeedCause::Usage => format!("the hours of {day}"),
            NeedCause::Restart => format!("the restart{of} on {day}"),
            NeedCause::Floor => format!("the reserve or alert line on {day}"),
        }
    }

    fn without(&self, plan: &AccountPlan, top_up: &TopUp) -> Option<String> {
        let of = |events: &[Event]| {
            let these = top_up
                .without
                .iter()
                .filter(|one| events.contains(&one.event));
            these
                .filter_map(|one| Some((one.instance?, one.day)))
                .collect::<BTreeMap<_, _>>()
        };
        let failed = of(&[Event::RenewalFailed, Event::Rejected, Event::Stopped]);
        if failed.is_empty() {
            return None;
        }
        let first = top_up.without.iter().map(|one| one.day).min()?;
        let kept = of(&[Event::Reclaimed, Event::Stopped]);
        let gone = of(&[Event::Terminated]);
        let (sent, account) = (top_up.arrival.sent, self.account_line(plan));
        let mut line = format!(
            "{sent} {account}: {} from {first} on",
            counted(failed.len(), "failure")
        );
        for (what, instances, style) in [
            ("reclaimed or stopped", &kept, None),
            ("terminated", &gone, Some(BAD)),
        ] {
            let Some((instance, day)) = instances
                .iter()
                .min_by_key(|(instance, day)| (**day, **instance))
            else {
                continue;
            };
            let more = if instances.len() > 1 {
                format!(" and {} more", instances.len() - 1)
            } else {
                String::new()
            };
            let said = format!("{} on {day}{more} {what}", self.id(*instance));
            line += &style.map_or(format!(", {said}"), |style| {
                format!(", {style}{said}{style:#}")
            });
        }
        Some(line)
    }

    fn runway(&self, plan: &AccountPlan) -> String {
        let account = self.account_line(plan);
        match plan.runway {
            None => format!("{account} lasts to the end of the run"),
            Some(failure) => {
                let missing = self.money(plan, failure.missing);
                let day = failure.day;
                let what = self.purpose(&failure);
                format!("{account} fails on {BAD}{day}{BAD:#}: {missing} missing for {what}")
            }
        }
    }

    fn triage(&self, plan: &AccountPlan) -> Option<String> {
        let triage = plan.triage.as_ref()?;
        let (account, budget) = (self.account_line(plan), self.money(plan, triage.budget));
        let all = triage.kept.len() + triage.let_go.len();
        if triage.let_go.is_empty() {
            return (all > 0)
                .then(|| format!("{account}: {budget} keep all {all}, alert lines aside"));
        }
        let ids: Vec<String> = triage
            .let_go
            .iter()
            .take(NAMED)
            .map(|instance| self.id(*instance))
            .collect();
        let more = if triage.let_go.len() > NAMED {
            format!(" and {} more", triage.let_go.len() - NAMED)
        } else {
            String::new()
        };
        let quality = match (triage.is_best(), triage.most) {
            (true, _) => "no other set is worth more".to_owned(),
            (false, most) => format!("worth {} of at most {most}", triage.worth),
        };
        let let_go = format!("{BAD}{}{more}{BAD:#}", ids.join(", "));
        Some(format!(
            "{account}: {budget} keep {} of {all}, {quality}; let go {let_go}",
            triage.kept.len()
        ))
    }

    fn step(&self, day: Day, instance: InstanceIndex, verb: Verb) -> String {
        let id = self.id(instance);
        match verb {
            Verb::SetFlag(flag, _) => format!("{day} set the flag of {id} to {}", flag.name()),
            Verb::Renew(months) => {
                format!("{day} renew {id} by {}", counted(months as usize, "month"))
            }
            other => format!("{day} {} {id}", other.name()),
        }
    }

    fn impossible(&self, plan: &Plan) -> Vec<String> {
        let mut lines = Vec::new();
        for plan in &plan.accounts {
            for unmet in &plan.unmet {
                let (what, missing, by) = (
                    self.purpose(unmet),
                    self.money(plan, unmet.missing),
                    unmet.by,
                );
                let account = self.account_line(plan);
                let why = match plan.triage {
                    None => "before the first top-up",
                    Some(_) => "which even the smallest set of instances lacks",
                };
                lines.push(format!(
                    "{BAD}{account}: {missing} missing for {what}{BAD:#}: it must be there by {by}, {why}"
                ));
            }
            for loss in plan.lost.iter().filter(|loss| loss.asked) {
                lines.push(format!("{BAD}{}{BAD:#}", self.lost(loss)));
            }
        }
        lines
    }

    fn lost(&self, loss: &UnavoidableLoss) -> String {
        let id = self.id(loss.instance);
        let day = loss.day.map(|day| format!(" on {day}")).unwrap_or_default();
        match loss.why {
            UnavoidableCause::Released => format!("{id} is gone before the run begins"),
            UnavoidableCause::BeforeMoney => format!("{id} is gone{day}, before the first top-up"),
            UnavoidableCause::People => format!("{id} is given up{day} by an action of the book"),
            UnavoidableCause::NotRenewed => {
                let prepaid = self.book.instance(loss.instance).charge_type == ChargeType::Prepaid;
                let stops = if prepaid {
                    "goes to the recycle bin"
                } else {
                    "is stopped"
                };
                match loss.gone {
                    Some(gone) if loss.day == Some(gone) => {
                        format!("{id} is terminated{day}: nothing renews it in time")
                    }
                    Some(gone) => format!(
                        "{id} {stops}{day} and is terminated on {gone}: nothing renews it in time"
                    ),
                    None => format!("{id} {stops}{day}: nothing renews it in time"),
                }
            }
        }
    }
}
