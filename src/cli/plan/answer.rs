//! A cash plan in words: the top-ups, how long the money lasts without them, what each is for, and what is impossible.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::plan::{
    AccountPlan, FundingFailure, KeepRule, NeedCause, PaymentChannel, Plan, TopUp,
    UnavoidableCause, UnavoidableLoss,
};
use crate::cli::ink::{BAD, HEAD};
use crate::cli::words::{BookWords, Sections, amount, counted, first_of, visible};
use crate::engine::event::Event;
use crate::model::account::AccountIndex;
use crate::model::action::Verb;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::{ChargeType, InstanceIndex};
use crate::model::money::{Currency, Money};

/// The most instances that are named among those to give up.
const MAX_NAMED: usize = 8;

/// The whole answer.
pub(super) fn render(
    book: &Book,
    plan: &Plan,
    keep: &KeepRule,
    channel: PaymentChannel<'_>,
) -> String {
    let (name, from, to) = (visible(&book.name), book.days.from, book.days.to);
    let mut text = Sections::below(format!(
        "{HEAD}The cash plan of {name}{HEAD:#}, {from} to {to}"
    ));
    let words = PlanWords {
        words: BookWords { book },
        channel,
    };
    let accounts = &plan.accounts;
    let mut top_ups: Vec<(&AccountPlan, &TopUp)> = accounts
        .iter()
        .flat_map(|plan| plan.top_ups.iter().map(move |one| (plan, one)))
        .collect();
    top_ups.sort_by_key(|(plan, one)| (one.arrival.sent, plan.account));
    text.add("Impossible", words.impossible(plan).into_iter());
    let kept: Vec<String> = accounts
        .iter()
        .flat_map(|plan| words.budget_line(plan))
        .collect();
    text.add("What the budget keeps", kept.into_iter());
    text.add("Sums", sum_lines(book, plan).into_iter());
    text.add(
        "Top-ups",
        top_ups
            .iter()
            .map(|(plan, one)| words.top_up(plan.account, one)),
    );
    let missed = top_ups
        .iter()
        .filter_map(|(plan, one)| words.missed(plan.account, one));
    let missed: Vec<String> = missed.collect();
    text.add("If a top-up is missed", missed.into_iter());
    let mut runways: Vec<&AccountPlan> = accounts.iter().collect();
    runways.sort_by_key(|plan| {
        let fails_on = plan.runway.map(|failure| failure.day);
        (fails_on.is_none(), fails_on)
    });
    text.add(
        "Without top-ups",
        runways.iter().map(|plan| words.runway(plan)),
    );
    let mut steps: Vec<_> = accounts.iter().flat_map(|plan| &plan.steps).collect();
    steps.sort_by_key(|step| step.day);
    let steps = steps
        .iter()
        .map(|step| words.step(step.day, step.instance, step.verb));
    text.add("Other steps", steps);
    let lost = accounts
        .iter()
        .flat_map(|plan| &plan.lost)
        .filter(|loss| !loss.asked);
    let lost: Vec<&UnavoidableLoss> = lost.collect();
    let head = match keep {
        KeepRule::Flagged => "Ends, as its flag says; --keep keeps it",
        _ => "Lost whatever is paid; --keep keeps it",
    };
    text.add(head, lost.iter().map(|loss| words.lost(loss)));
    let has_budget = accounts.iter().any(|plan| plan.triage.is_some());
    if top_ups.is_empty() && !has_budget && !plan.is_impossible() {
        text.0 += "No top-up is needed.\n";
    }
    text.into_text()
}

/// The top-ups of a currency.
#[derive(Default)]
struct TopUpSum {
    sum: Money,
    count: usize,
    accounts: BTreeSet<AccountIndex>,
}

fn sum_lines(book: &Book, plan: &Plan) -> Vec<String> {
    let mut sums: BTreeMap<Currency, TopUpSum> = BTreeMap::new();
    for plan in plan.accounts.iter().filter(|plan| !plan.top_ups.is_empty()) {
        let sum = sums.entry(book.account(plan.account).currency).or_default();
        sum.sum += plan.top_ups.iter().map(|one| one.amount).sum();
        sum.count += plan.top_ups.len();
        sum.accounts.insert(plan.account);
    }
    let lines = sums.into_iter().map(
        |(
            currency,
            TopUpSum {
                sum,
                count,
                accounts,
            },
        )| {
            let (count, accounts) = (counted(count, "top-up"), counted(accounts.len(), "account"));
            format!("{} in {count} to {accounts}", amount(currency, sum))
        },
    );
    lines.collect()
}

#[derive(Clone, Copy)]
struct PlanWords<'b> {
    words: BookWords<'b>,
    channel: PaymentChannel<'b>,
}

impl PlanWords<'_> {
    fn top_up(self, account: AccountIndex, top_up: &TopUp) -> String {
        let (sent, arrives) = (top_up.arrival.sent, top_up.arrival.arrives);
        let latest = self.channel.latest_sending(top_up.first.by).unwrap_or(sent);
        let mut text = format!(
            "{sent} {}: {}",
            self.words.account(account),
            self.words.amount(account, top_up.amount)
        );
        if arrives != sent {
            text += &format!(", arrives on {arrives}");
        }
        text += &match latest > sent {
            true => format!("; {latest} at the latest"),
            false => "; no slack".to_owned(),
        };
        text + &format!(", for {}", self.purpose(&top_up.first))
    }

    fn purpose(self, failure: &FundingFailure) -> String {
        let (day, of) = (failure.day, self.words.of_instance(failure.instance));
        match failure.cause {
            NeedCause::Renewal => format!("the renewal{of} on {day}"),
            NeedCause::Purchase => format!("the purchase{of} on {day}"),
            NeedCause::Change => format!("the change{of} on {day}"),
            NeedCause::Usage => format!("hourly usage on {day}"),
            NeedCause::Restart => format!("the restart{of} on {day}"),
            NeedCause::Floor => format!("the reserve or alert line on {day}"),
        }
    }

    /// What happens without a top-up; none where nothing fails.
    fn missed(self, account: AccountIndex, top_up: &TopUp) -> Option<String> {
        let failed = days_of_events(
            top_up,
            &[Event::RenewalFailed, Event::Rejected, Event::Stopped],
        );
        if failed.is_empty() {
            return None;
        }
        let first = top_up.without.iter().map(|one| one.day).min()?;
        let (sent, account) = (top_up.arrival.sent, self.words.account(account));
        let count = counted(failed.len(), "failure");
        let mut line = format!("{sent} {account}: {count} from {first} on");
        let off = days_of_events(top_up, &[Event::Reclaimed, Event::Stopped]);
        if let Some(first) = self.first_instance(&off) {
            line += &format!(", {first} reclaimed or stopped");
        }
        if let Some(first) = self.first_instance(&days_of_events(top_up, &[Event::Terminated])) {
            line += &format!(", {BAD}{first} terminated{BAD:#}");
        }
        Some(line)
    }

    /// The first of some instances and its day, and how many more there are.
    fn first_instance(self, days: &BTreeMap<InstanceIndex, Day>) -> Option<String> {
        let (instance, day) = days
            .iter()
            .min_by_key(|(instance, day)| (**day, **instance))?;
        let more = match days.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Some(format!("{} on {day}{more}", self.words.instance(*instance)))
    }

    fn runway(self, plan: &AccountPlan) -> String {
        let account = self.words.account(plan.account);
        let Some(failure) = plan.runway else {
            return format!("{account} lasts to the end of the run");
        };
        let (missing, day) = (
            self.words.amount(plan.account, failure.missing),
            failure.day,
        );
        let purpose = self.purpose(&failure);
        format!("{account} fails on {BAD}{day}{BAD:#}: {missing} missing for {purpose}")
    }

    fn budget_line(self, plan: &AccountPlan) -> Option<String> {
        let triage = plan.triage.as_ref()?;
        let account = self.words.account(plan.account);
        let budget = self.words.amount(plan.account, triage.budget);
        let (kept, all) = (triage.kept.len(), triage.kept.len() + triage.let_go.len());
        if triage.let_go.is_empty() {
            let line = format!(
                "{account}: {budget} pays for all {}, alert lines aside",
                counted(all, "instance")
            );
            return (all > 0).then_some(line);
        }
        let quality = match triage.is_best() {
            true => "proven best".to_owned(),
            false => format!("worth {} of at most {}", triage.worth, triage.most),
        };
        let given_up = triage
            .let_go
            .iter()
            .map(|instance| self.words.instance(*instance));
        let given_up = first_of(given_up, MAX_NAMED);
        Some(format!(
            "{account}: {budget} pays for {kept} of {all} instances ({quality}); give up {BAD}{given_up}{BAD:#}"
        ))
    }

    fn step(self, day: Day, instance: InstanceIndex, verb: Verb) -> String {
        let id = self.words.instance(instance);
        match verb {
            Verb::SetFlag(flag, _) => format!("{day} set the flag of {id} to {}", flag.name()),
            Verb::Renew(months) => {
                format!("{day} renew {id} for {}", counted(months as usize, "month"))
            }
            other => format!("{day} {} {id}", other.name()),
        }
    }

    fn impossible(self, plan: &Plan) -> Vec<String> {
        let mut lines = Vec::new();
        for plan in &plan.accounts {
            let account = self.words.account(plan.account);
            let why = match plan.triage {
                None => "before the first top-up",
                Some(_) => "more than even the smallest set of instances leaves",
            };
            for unmet in &plan.unmet {
                let (purpose, by) = (self.purpose(unmet), unmet.by);
                let missing = self.words.amount(plan.account, unmet.missing);
                lines.push(format!(
                    "{BAD}{account}: {missing} missing for {purpose}{BAD:#}: needed by {by}, {why}"
                ));
            }
            let lost = plan.lost.iter().filter(|loss| loss.asked);
            lines.extend(lost.map(|loss| format!("{BAD}{}{BAD:#}", self.lost(loss))));
        }
        lines
    }

    fn lost(self, loss: &UnavoidableLoss) -> String {
        let id = self.words.instance(loss.instance);
        let day = loss.day.map(|day| format!(" on {day}")).unwrap_or_default();
        let instance = self.words.book.instance(loss.instance);
        let stops = match instance.charge_type {
            ChargeType::Prepaid => "goes to the recycle bin",
            ChargeType::Postpaid => "is stopped",
        };
        let late = "nothing renews it in time";
        match (loss.why, loss.gone) {
            (UnavoidableCause::Released, _) => format!("{id} is gone before the run begins"),
            (UnavoidableCause::BeforeMoney, _) => {
                format!("{id} is gone{day}, before the first top-up")
            }
            (UnavoidableCause::People, _) => {
                format!("{id} is given up{day} by an action of the book")
            }
            (UnavoidableCause::NotRenewed, None) => format!("{id} {stops}{day}: {late}"),
            (UnavoidableCause::NotRenewed, Some(gone)) if loss.day == Some(gone) => {
                format!("{id} is terminated{day}: {late}")
            }
            (UnavoidableCause::NotRenewed, Some(gone)) => {
                format!("{id} {stops}{day} and is terminated on {gone}: {late}")
            }
        }
    }
}

/// The instances to which some events happen without a top-up, each with the last day of these.
fn days_of_events(top_up: &TopUp, events: &[Event]) -> BTreeMap<InstanceIndex, Day> {
    let happened = top_up
        .without
        .iter()
        .filter(|one| events.contains(&one.event));
    happened
        .filter_map(|one| Some((one.instance?, one.day)))
        .collect()
}
