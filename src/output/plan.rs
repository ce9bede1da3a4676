//! A cash plan as files: tables, rows for `actions.csv`, a scenario, and pictures of balances before and after.
//!
//! Rule **plan-files** of docs/spec.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Serialize;
use toml::value::Datetime;

use super::chart::{self, ChartError, Format, FundingChart, Inflow};
use super::closing;
use super::names::{UniqueNames, part};
use super::write_rows;
use crate::analysis::plan::{AccountPlan, PaymentChannel, Plan, TopUp, UnavoidableCause};
use crate::engine::event::Event;
use crate::engine::{self, Window};
use crate::input::LARGEST_TOML;
use crate::model::account::AccountIndex;
use crate::model::action::{AccountRef, Action, Target, Verb};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::InstanceIndex;
use crate::model::money::Money;

/// At most so many accounts get a picture, the largest sums first.
const ACCOUNTS: usize = 12;
/// The name of the scenario that puts the plan into effect.
pub const SCENARIO: &str = "plan";

/// The files of a plan, its scenario on top of the one that was planned with.
pub fn files(
    book: &Book,
    plan: &Plan,
    (way, extends): (PaymentChannel<'_>, Option<&str>),
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

/// The texts of a row about an account.
struct AccountTexts<'b> {
    book: &'b Book,
    account: AccountIndex,
}

impl<'b> AccountTexts<'b> {
    fn account_id(&self) -> &'b str {
        self.book.account(self.account).id.as_str()
    }

    fn money(&self, money: Money) -> String {
        money
            .display(self.book.account(self.account).currency)
            .to_string()
    }

    fn instance_id(&self, instance: Option<InstanceIndex>) -> &'b str {
        instance.map_or("", |instance| self.book.instance(instance).id.as_str())
    }
}

const PLAN: &[&str] = &[
    "account_id",
    "currency",
    "send_on",
    "arrives_on",
    "amount",
    "send_by",
    "arrive_by",
    "fails_on",
    "cause",
    "instance_id",
    "instances_failed",
    "instances_reclaimed",
    "instances_terminated",
];

fn top_ups(book: &Book, plan: &Plan, way: PaymentChannel<'_>) -> Vec<u8> {
    let all = plan.accounts.iter().flat_map(|plan| {
        plan.top_ups
            .iter()
            .map(move |top_up| (plan.account, top_up))
    });
    let row = |(account, top_up): (AccountIndex, &TopUp)| {
        let texts = AccountTexts { book, account };
        let first = &top_up.first;
        let count = |events: &[Event]| {
            let victims = top_up
                .without
                .iter()
                .filter(|one| events.contains(&one.event));
            victims
                .filter_map(|one| one.instance)
                .collect::<BTreeSet<_>>()
                .len()
        };
        (
            (texts.account_id(), book.account(account).currency.code()),
            (
                top_up.arrival.sent.to_string(),
                top_up.arrival.arrives.to_string(),
                texts.money(top_up.amount),
            ),
            (
                way.latest_sending(first.by)
                    .unwrap_or(top_up.arrival.sent)
                    .to_string(),
                first.by.to_string(),
            ),
            (
                first.day.to_string(),
                first.cause.as_word(),
                texts.instance_id(first.instance),
            ),
            count(&[Event::RenewalFailed, Event::Rejected, Event::Stopped]),
            count(&[Event::Reclaimed, Event::Stopped]),
            count(&[Event::Terminated]),
        )
    };
    write_rows(PLAN, all.map(row))
}

fn without(book: &Book, plan: &Plan) -> Vec<u8> {
    let all = plan.accounts.iter().flat_map(|plan| {
        let texts = AccountTexts {
            book,
            account: plan.account,
        };
        plan.top_ups.iter().flat_map(move |top_up| {
            let missing = top_up.arrival.arrives.to_string();
            let texts = AccountTexts { ..texts };
            top_up.without.iter().map(move |one| {
                (
                    texts.account_id(),
                    missing.clone(),
                    one.day.to_string(),
                    one.event.name(),
                    texts.instance_id(one.instance),
                )
            })
        })
    });
    write_rows(
        &["account_id", "missing_on", "date", "event", "instance_id"],
        all,
    )
}

/// Rule **plan-runway**.
fn runway(book: &Book, plan: &Plan) -> Vec<u8> {
    let row = |plan: &AccountPlan| {
        let texts = AccountTexts {
            book,
            account: plan.account,
        };
        let planned = texts.money(plan.top_ups.iter().map(|top_up| top_up.amount).sum());
        let Some(failure) = plan.runway else {
            return (
                texts.account_id(),
                String::new(),
                "",
                "",
                String::new(),
                plan.top_ups.len(),
                planned,
            );
        };
        let (cause, instance) = (failure.cause.as_word(), texts.instance_id(failure.instance));
        let missing = texts.money(failure.missing);
        (
            texts.account_id(),
            failure.day.to_string(),
            cause,
            instance,
            missing,
            plan.top_ups.len(),
            planned,
        )
    };
    let header = [
        "account_id",
        "fails_on",
        "cause",
        "instance_id",
        "missing",
        "top_ups",
        "planned",
    ];
    write_rows(&header, plan.accounts.iter().map(row))
}

/// What the budgets keep, account by account; each row has the worth of the whole set and its bound.
fn triage(book: &Book, plan: &Plan) -> Vec<u8> {
    let all = plan
        .accounts
        .iter()
        .filter_map(|plan| Some((plan.account, plan.triage.as_ref()?)));
    let rows = all.flat_map(|(account, triage)| {
        let texts = AccountTexts { book, account };
        let mut all: Vec<(InstanceIndex, bool)> = triage
            .kept
            .iter()
            .map(|instance| (*instance, true))
            .collect();
        all.extend(triage.let_go.iter().map(|instance| (*instance, false)));
        all.sort_unstable();
        let (worth, most) = (triage.worth.to_string(), triage.most.to_string());
        let row = move |(instance, kept): (InstanceIndex, bool)| {
            let budget = texts.money(triage.budget);
            (
                texts.account_id(),
                texts.instance_id(Some(instance)),
                kept,
                budget,
                worth.clone(),
                most.clone(),
            )
        };
        all.into_iter().map(row)
    });
    write_rows(
        &[
            "account_id",
            "instance_id",
            "kept",
            "budget",
            "worth",
            "most",
        ],
        rows,
    )
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

fn impossible(book: &Book, plan: &Plan) -> Vec<u8> {
    type ScenarioAction<'b> = (
        &'b str,
        &'b str,
        String,
        &'static str,
        String,
        String,
        &'static str,
    );
    let rows = plan.accounts.iter().flat_map(|plan| {
        let texts = AccountTexts {
            book,
            account: plan.account,
        };
        let unmet = plan.unmet.iter().map(|unmet| -> ScenarioAction<'_> {
            let instance = texts.instance_id(unmet.instance);
            let (day, by) = (unmet.day.to_string(), unmet.by.to_string());
            (
                texts.account_id(),
                instance,
                day,
                unmet.cause.as_word(),
                texts.money(unmet.missing),
                by,
                "demand",
            )
        });
        let lost = plan.lost.iter().map(|lost| -> ScenarioAction<'_> {
            let kind = if lost.asked { "asked" } else { "lost" };
            let day = lost.day.map(|day| day.to_string()).unwrap_or_default();
            (
                texts.account_id(),
                texts.instance_id(Some(lost.instance)),
                day,
                loss_word(lost.why),
                "".into(),
                "".into(),
                kind,
            )
        });
        unmet.chain(lost).collect::<Vec<_>>()
    });
    write_rows(
        &[
            "account_id",
            "instance_id",
            "date",
            "cause",
            "missing",
            "arrive_by",
            "kind",
        ],
        rows,
    )
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
    let rows = actions.iter().map(|action| {
        let account = match action.account {
            Some(AccountRef::Known(account)) => Some(book.account(account)),
            _ => None,
        };
        let instance = match action.target {
            Target::Instance(instance) => Some(book.instance(instance).id.as_str()),
            _ => None,
        };
        let amount = action
            .amount()
            .zip(account)
            .map(|(amount, account)| amount.display(account.currency).to_string());
        Row {
            date: action
                .sent
                .map_or(action.date, |sent| sent.date)
                .to_string()
                .parse()
                .expect("a day is a TOML date"),
            action: action.verb.name(),
            account_id: account.map(|account| account.id.as_str()),
            instance_id: instance,
            amount,
            months: action.verb.months(),
            flag: if let Verb::SetFlag(flag, _) = action.verb {
                Some(flag.name())
            } else {
                None
            },
            channel: action.sent.map(|sent| sent.channel.name()),
        }
    });
    let description = format!(
        "The cash plan of {}: the least money, as late as possible",
        book.name
    );
    let scenario = PlanScenario {
        description,
        extends,
        actions: rows.collect(),
    };
    toml::to_string(&scenario)
        .expect("a scenario has a TOML form")
        .into_bytes()
}

/// A picture and the name of its file, without ending.
pub struct PlanChart {
    /// The name.
    pub name: String,
    chart: FundingChart,
}

impl PlanChart {
    /// The bytes of the picture.
    ///
    /// # Errors
    /// The drawing library failed; data never causes it.
    pub fn draw_chart(&self, format: Format) -> Result<Vec<u8>, ChartError> {
        self.chart.render(format)
    }
}

/// The balances of the accounts with the largest top-ups, before and after. `floor` is the line that the plan holds.
pub fn pictures(
    book: &Book,
    plan: &Plan,
    floor: impl Fn(AccountIndex) -> Option<Money>,
) -> Vec<PlanChart> {
    let mut funded: Vec<(&AccountPlan, Money)> = plan
        .accounts
        .iter()
        .map(|plan| (plan, plan.top_ups.iter().map(|one| one.amount).sum()))
        .collect();
    funded.retain(|(plan, _)| !plan.top_ups.is_empty());
    funded.sort_by_key(|(plan, sum)| (std::cmp::Reverse(*sum), plan.account));
    funded.truncate(ACCOUNTS);
    let shown: BTreeSet<AccountIndex> = funded.iter().map(|(plan, _)| plan.account).collect();
    let mut planned = book.clone();
    planned.actions.extend(plan.actions(None));
    let (before, after) = (balances(book, &shown), balances(&planned, &shown));
    let mut names = UniqueNames::of_files();
    let picture = |(plan, _): (&AccountPlan, Money)| {
        let account = book.account(plan.account);
        let chart = FundingChart {
            title: format!(
                "Available balance of {} with the cash plan · {}",
                account.id, book.name
            ),
            subtitle: format!(
                "{} to {}, at the end of each day, {}",
                book.days.from, book.days.to, account.currency
            ),
            currency: chart::ChartCurrency {
                code: account.currency.code().to_owned(),
                digits: account.currency.digits(),
            },
            before: before.get(&plan.account).cloned().unwrap_or_default(),
            after: after.get(&plan.account).cloned().unwrap_or_default(),
            floor: floor(plan.account).map(Money::minor),
            inflows: plan.top_ups.iter().map(inflow).collect(),
        };
        let name = names.take(&format!(
            "plan-{}",
            part(account.id.as_str(), plan.account.0)
        ));
        PlanChart { name, chart }
    };
    funded.into_iter().map(picture).collect()
}

fn inflow(top_up: &TopUp) -> Inflow {
    Inflow {
        day: top_up.arrival.arrives.date(),
        amount: top_up.amount.minor(),
    }
}

type Points = BTreeMap<AccountIndex, Vec<(NaiveDate, i64)>>;

/// What is available at the ends of days, to the last day of the run.
fn balances(book: &Book, accounts: &BTreeSet<AccountIndex>) -> Points {
    let mut points = Points::new();
    let mut run = engine::open_accounts(book, accounts);
    let mut window = Window::default();
    while run
        .advance(&mut window)
        .expect("these accounts have been replayed before")
    {
        for balance in window.balances() {
            points
                .entry(balance.account)
                .or_default()
                .push((balance.date.date(), balance.available.minor()));
        }
    }
    let last: Day = book.days.to;
    for points in points.values_mut() {
        if let Some(&(_, amount)) = points.last().filter(|(day, _)| *day < last.date()) {
            points.push((last.date(), amount));
        }
    }
    points
}
