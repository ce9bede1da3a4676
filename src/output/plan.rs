//! A cash plan as files: tables, rows for `actions.csv`, a scenario, and pictures of balances before and after.
//!
//! Rule **plan-files** of docs/spec.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::Display;

use serde::Serialize;
use toml::value::Datetime;

use super::chart::{FundingChart, Inflow};
use super::closing::{self, toml_day};
use super::csv_columns::CsvColumns;
use super::names::{UniqueNames, part};
use super::pictures::{NamedChart, available_by_day, heading_of_account};
use crate::analysis::plan::{
    AccountPlan, Consequence, FundingFailure, PaymentChannel, Plan, Selection, TopUp,
    UnavoidableCause, UnavoidableLoss,
};
use crate::engine::event::Event;
use crate::input::LARGEST_TOML;
use crate::model::account::{Account, AccountIndex};
use crate::model::action::{AccountRef, Action, Target};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::InstanceIndex;
use crate::model::money::Money;

/// The most accounts with a chart, those with the largest top-ups first.
const MAX_CHARTS: usize = 12;
/// The name of the scenario that puts the plan into effect.
pub const SCENARIO: &str = "plan";

/// The files of a plan, its scenario on top of the one that was planned with.
pub fn files(
    book: &Book,
    plan: &Plan,
    way: PaymentChannel<'_>,
    extends: Option<&str>,
) -> Vec<(String, Vec<u8>)> {
    let actions = plan.actions(way.channel);
    let named = [
        ("plan.csv", top_ups(book, plan, way)),
        ("without.csv", without(book, plan)),
        ("runway.csv", runway(book, plan)),
        ("impossible.csv", impossible(book, plan)),
        ("actions.csv", closing::actions(book, &actions)),
    ];
    let chosen = plan
        .accounts
        .iter()
        .any(|plan| plan.triage.is_some())
        .then(|| ("triage.csv", triage(book, plan)));
    let scenario = scenario(book, &actions, extends);
    let scenario = (scenario.len() <= LARGEST_TOML).then_some(("scenarios/plan.toml", scenario));
    named
        .into_iter()
        .chain(chosen)
        .chain(scenario)
        .map(|(name, bytes)| (name.to_owned(), bytes))
        .collect()
}

/// A row about something of an account.
#[derive(Clone, Copy)]
struct PlanRow<'p, T> {
    book: &'p Book,
    account: &'p Account,
    of: T,
}

impl<'p, T> PlanRow<'p, T> {
    fn money_text(&self, money: Money) -> impl Display + use<T> {
        money.display(self.account.currency)
    }

    fn instance_id(&self, instance: Option<InstanceIndex>) -> &'p str {
        instance.map_or("", |instance| self.book.instance(instance).id.as_str())
    }
}

/// The rows that each account of a plan has.
fn account_rows<'p, T: IntoIterator>(
    book: &'p Book,
    plan: &'p Plan,
    items: impl Fn(&'p AccountPlan) -> T,
) -> Vec<PlanRow<'p, T::Item>> {
    let mut rows = Vec::new();
    for plan in &plan.accounts {
        let account = book.account(plan.account);
        let items = items(plan).into_iter();
        rows.extend(items.map(|of| PlanRow { book, account, of }));
    }
    rows
}

/// The columns of rows about accounts.
fn account_columns<'p, T: Copy + 'p>() -> CsvColumns<'p, PlanRow<'p, T>> {
    CsvColumns::new().column("account_id", |row: PlanRow<'p, T>| &row.account.id)
}

fn top_ups(book: &Book, plan: &Plan, way: PaymentChannel<'_>) -> Vec<u8> {
    const FAIL: &[Event] = &[Event::RenewalFailed, Event::Rejected, Event::Stopped];
    account_columns::<&TopUp>()
        .column("currency", |row| row.account.currency)
        .column("send_on", |row| row.of.arrival.sent)
        .column("arrives_on", |row| row.of.arrival.arrives)
        .column("amount", |row| row.money_text(row.of.amount))
        .column("send_by", |row| {
            let latest = way.latest_sending(row.of.first.by);
            latest.unwrap_or(row.of.arrival.sent)
        })
        .column("arrive_by", |row| row.of.first.by)
        .column("fails_on", |row| row.of.first.day)
        .column("cause", |row| row.of.first.cause.name())
        .column("instance_id", |row| row.instance_id(row.of.first.instance))
        .column("instances_failed", |row| affected(row.of, FAIL))
        .column("instances_reclaimed", |row| {
            affected(row.of, &[Event::Reclaimed, Event::Stopped])
        })
        .column("instances_terminated", |row| {
            affected(row.of, &[Event::Terminated])
        })
        .write(account_rows(book, plan, |plan| &plan.top_ups))
}

/// How many instances one of these events befalls without a top-up.
fn affected(top_up: &TopUp, events: &[Event]) -> usize {
    let without = top_up.without.iter();
    let affected = without.filter(|one| events.contains(&one.event));
    let instances: BTreeSet<_> = affected.filter_map(|one| one.instance).collect();
    instances.len()
}

fn without(book: &Book, plan: &Plan) -> Vec<u8> {
    let rows = account_rows(book, plan, |plan| {
        let top_ups = plan.top_ups.iter();
        top_ups.flat_map(|top_up| top_up.without.iter().map(move |one| (top_up, one)))
    });
    account_columns::<(&TopUp, &Consequence)>()
        .column("missing_on", |row| row.of.0.arrival.arrives)
        .column("date", |row| row.of.1.day)
        .column("event", |row| row.of.1.event.name())
        .column("instance_id", |row| row.instance_id(row.of.1.instance))
        .write(rows)
}

/// Rule **plan-runway**.
fn runway(book: &Book, plan: &Plan) -> Vec<u8> {
    account_columns::<&AccountPlan>()
        .optional("fails_on", |row| Some(row.of.runway?.day))
        .optional("cause", |row| Some(row.of.runway?.cause.name()))
        .optional("instance_id", |row| {
            Some(row.instance_id(row.of.runway?.instance))
        })
        .optional("missing", |row| {
            Some(row.money_text(row.of.runway?.missing))
        })
        .column("top_ups", |row| row.of.top_ups.len())
        .column("planned", |row| row.money_text(planned(row.of)))
        .write(account_rows(book, plan, |plan| [plan]))
}

/// What the budgets keep, account by account; each row has the value of the whole set and its bound.
fn triage(book: &Book, plan: &Plan) -> Vec<u8> {
    let rows = account_rows(book, plan, |plan| {
        let mut all: Vec<(InstanceIndex, bool, &Selection)> = Vec::new();
        if let Some(selection) = &plan.triage {
            all.extend(selection.kept.iter().map(|one| (*one, true, selection)));
            all.extend(selection.let_go.iter().map(|one| (*one, false, selection)));
        }
        all.sort_unstable_by_key(|(instance, ..)| *instance);
        all
    });
    account_columns::<(InstanceIndex, bool, &Selection)>()
        .column("instance_id", |row| row.instance_id(Some(row.of.0)))
        .column("kept", |row| row.of.1)
        .column("budget", |row| row.money_text(row.of.2.budget))
        .column("worth", |row| row.of.2.worth)
        .column("most", |row| row.of.2.most)
        .write(rows)
}

/// Why an instance is lost, in one word.
fn loss_word(why: UnavoidableCause) -> &'static str {
    match why {
        UnavoidableCause::Released => "released",
        UnavoidableCause::BeforeMoney => "before_money",
        UnavoidableCause::People => "people",
        UnavoidableCause::NotRenewed => "not_renewed",
    }
}

/// What a plan cannot help.
#[derive(Clone, Copy)]
struct Unhelped {
    instance: Option<InstanceIndex>,
    day: Option<Day>,
    cause: &'static str,
    /// What is missing, and by when.
    missing: Option<(Money, Day)>,
    kind: &'static str,
}

impl Unhelped {
    fn unmet(failure: &FundingFailure) -> Self {
        Self {
            instance: failure.instance,
            day: Some(failure.day),
            cause: failure.cause.name(),
            missing: Some((failure.missing, failure.by)),
            kind: "demand",
        }
    }

    fn lost(lost: &UnavoidableLoss) -> Self {
        Self {
            instance: Some(lost.instance),
            day: lost.day,
            cause: loss_word(lost.why),
            missing: None,
            kind: if lost.asked { "asked" } else { "lost" },
        }
    }
}

fn impossible(book: &Book, plan: &Plan) -> Vec<u8> {
    let rows = account_rows(book, plan, |plan| {
        let unmet = plan.unmet.iter().map(Unhelped::unmet);
        unmet.chain(plan.lost.iter().map(Unhelped::lost))
    });
    account_columns::<Unhelped>()
        .column("instance_id", |row| row.instance_id(row.of.instance))
        .optional("date", |row| row.of.day)
        .column("cause", |row| row.of.cause)
        .optional("missing", |row| Some(row.money_text(row.of.missing?.0)))
        .optional("arrive_by", |row| Some(row.of.missing?.1))
        .column("kind", |row| row.of.kind)
        .write(rows)
}

/// A scenario file.
#[derive(Serialize)]
struct PlanScenario<'b> {
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    extends: Option<&'b str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<Row<'b>>,
}

/// An action in a scenario.
#[derive(Serialize)]
struct Row<'b> {
    date: Datetime,
    action: &'b str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_id: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    months: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flag: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'b str>,
}

/// The scenario that adds the actions of a plan.
fn scenario(book: &Book, actions: &[Action], extends: Option<&str>) -> Vec<u8> {
    let scenario = PlanScenario {
        description: format!(
            "The cash plan of {}: the least money, as late as possible",
            book.name
        ),
        extends,
        actions: actions
            .iter()
            .map(|action| Row::new(book, action))
            .collect(),
    };
    let text = toml::to_string(&scenario);
    text.expect("a scenario has a TOML form").into_bytes()
}

impl<'b> Row<'b> {
    fn new(book: &'b Book, action: &Action) -> Self {
        let account = match action.account {
            Some(AccountRef::Known(account)) => Some(book.account(account)),
            _ => None,
        };
        let instance = match action.target {
            Target::Instance(instance) => Some(book.instance(instance)),
            _ => None,
        };
        let amount = action.amount().zip(account);
        Self {
            date: toml_day(action.sent.map_or(action.date, |sent| sent.date)),
            action: action.verb.name(),
            account_id: account.map(|account| account.id.as_str()),
            instance_id: instance.map(|instance| instance.id.as_str()),
            amount: amount.map(|(amount, account)| amount.display(account.currency).to_string()),
            months: action.verb.months(),
            flag: closing::flag(action.verb),
            channel: action.sent.map(|sent| sent.channel.name()),
        }
    }
}

/// What the top-ups of an account come to.
fn planned(plan: &AccountPlan) -> Money {
    plan.top_ups.iter().map(|top_up| top_up.amount).sum()
}

/// The balances of the accounts with the largest top-ups, before and after. `floor` is the line that the plan holds.
pub fn pictures(
    book: &Book,
    plan: &Plan,
    floor: impl Fn(AccountIndex) -> Option<Money>,
) -> Vec<NamedChart> {
    let mut funded: Vec<&AccountPlan> = plan.accounts.iter().collect();
    funded.retain(|plan| !plan.top_ups.is_empty());
    funded.sort_by_key(|plan| (Reverse(planned(plan)), plan.account));
    funded.truncate(MAX_CHARTS);
    let shown: BTreeSet<AccountIndex> = funded.iter().map(|plan| plan.account).collect();
    let mut funded_book = book.clone();
    funded_book.actions.extend(plan.actions(None));
    let mut before = available_by_day(book, &shown);
    let mut after = available_by_day(&funded_book, &shown);
    let mut names = UniqueNames::of_files();
    let mut charts = Vec::new();
    for plan in funded {
        let account = book.account(plan.account);
        let what = format!("Available balance of {} with the cash plan", account.id);
        let chart = FundingChart {
            heading: heading_of_account(book, &what, account),
            currency: account.currency,
            before: before.remove(&plan.account).unwrap_or_default(),
            after: after.remove(&plan.account).unwrap_or_default(),
            floor: floor(plan.account).map(Money::minor),
            inflows: plan.top_ups.iter().map(inflow).collect(),
        };
        let id = part(account.id.as_str(), plan.account.0);
        charts.push(NamedChart::new(names.take(&format!("plan-{id}")), chart));
    }
    charts
}

fn inflow(top_up: &TopUp) -> Inflow {
    Inflow {
        day: top_up.arrival.arrives,
        amount: top_up.amount.minor(),
    }
}
