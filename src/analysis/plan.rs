//! The replay turned around: how little money has to be in the accounts, and when, so that nothing fails.
//!
//! ```text
//! book + question ──▶ the run with ample money from the first arrival on      (demand: what has to be there, and by when)
//!                      ├──▶ the least sums, as late as possible                (demand, or tolerant where being late is allowed)
//!                      ├──▶ what happens if one of them does not come          (consequences)
//!                      ├──▶ what a budget keeps that does not suffice          (selection)
//!                      └──▶ what no money can keep                             (demand: unmet and lost)
//! ```
//!
//! Accounts are planned on their own. With ample money the debits of an account are fixed in day and order, so what has to
//! be there before each of them is known, and the running maximum of what is missing is the least that can come
//! (`docs/model.md`, the plan). Everything is whole minor units. A plan never changes the book.

mod account;
mod arrivals;
mod consequences;
mod demand;
mod instance_value;
mod keep_rules;
mod listed;
mod selection;
mod tolerant;

use std::collections::{BTreeMap, BTreeSet};

use account::{AmpleRun, PlanSetting, with_steps};
pub use arrivals::{Arrival, Cadence, PaymentChannel};
pub use consequences::Consequence;
pub use instance_value::{InstanceValue, ValueError, month, weigh};
pub use listed::ListedTask;
pub use selection::Selection;

use crate::engine::{self, Refusal};
use crate::model::account::AccountIndex;
use crate::model::action::{AccountRef, Action, Channel, Target, Transfer, Verb};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::InstanceIndex;
use crate::model::money::{Currency, Money};
use crate::model::selector::Selector;

/// What must not be lost, and how money can come.
#[derive(Clone, Debug)]
pub struct PlanQuestion {
    /// On which days people can top up.
    pub cadence: Cadence,
    /// How they send it.
    pub channel: Option<Channel>,
    /// The instances to keep.
    pub keep: KeepRule,
    /// What must stay in each account of a currency.
    pub reserve: BTreeMap<Currency, Money>,
    /// How late a renewal may be.
    pub tolerance: Tolerance,
    /// What accounts get, if that is given: once, on the first day on which it can be there.
    pub budgets: BTreeMap<AccountIndex, Money>,
    /// What an instance is worth where the budget does not keep all.
    pub worth: BTreeMap<InstanceIndex, u128>,
}

/// Which instances are to be kept.
#[derive(Clone, Debug)]
pub enum KeepRule {
    /// Those with the flag `auto` or `manual`, unless people give them up: what the to-do list keeps.
    Flagged,
    /// What renews itself, and what the book's actions renew: nobody does anything besides paying.
    Due,
    /// Those that match, and no others.
    Matching(Selector),
}

/// How late a renewal may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tolerance {
    /// Every renewal succeeds when it is first tried, and hours are paid as they come.
    Nothing,
    /// Nothing goes to the recycle bin or is stopped in arrears.
    Overdue,
    /// Nothing is terminated.
    Reclaimed,
}

/// The plan of all accounts.
#[derive(Clone, Debug)]
pub struct Plan {
    /// By id of the account.
    pub accounts: Vec<AccountPlan>,
}

/// The plan of an account.
#[derive(Clone, Debug)]
pub struct AccountPlan {
    /// The account.
    pub account: AccountIndex,
    /// The least sums, by day.
    pub top_ups: Vec<TopUp>,
    /// What people have to do besides, by day.
    pub steps: Vec<InstanceStep>,
    /// The same with what is known of them, where the plan keeps [`KeepRule::Flagged`].
    pub tasks: Vec<ListedTask>,
    /// Instances to be kept that nothing saves any more, with the day on which they are gone; where the plan keeps
    /// [`KeepRule::Flagged`].
    pub beyond: Vec<(InstanceIndex, Day)>,
    /// When the account fails without any top-up of the plan; none: not in the run.
    pub runway: Option<FundingFailure>,
    /// What fails before the first money can be there.
    pub unmet: Vec<FundingFailure>,
    /// What is lost whatever is paid.
    pub lost: Vec<UnavoidableLoss>,
    /// What the run with the plan spends: renewals and usage, refunds taken off.
    pub spend: Money,
    /// What the budget keeps, where it does not keep all.
    pub triage: Option<Selection>,
}

/// What people do with an instance on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstanceStep {
    /// The day.
    pub day: Day,
    /// The instance.
    pub instance: InstanceIndex,
    /// What they do.
    pub verb: Verb,
}

/// A top-up of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopUp {
    /// When it is sent and arrives.
    pub arrival: Arrival,
    /// How much.
    pub amount: Money,
    /// What fails first without it. Its `by` is the last day on which the money is in time.
    pub first: FundingFailure,
    /// What happens if it does not come and all others do, by day.
    pub without: Vec<Consequence>,
}

/// Something that fails for want of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FundingFailure {
    /// The day on which it fails.
    pub day: Day,
    /// The last day on which money for it can come.
    pub by: Day,
    /// What fails.
    pub cause: NeedCause,
    /// Of which instance, if of one.
    pub instance: Option<InstanceIndex>,
    /// What is missing.
    pub missing: Money,
}

/// What money is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NeedCause {
    /// A renewal, by itself or by people.
    Renewal,
    /// A purchase.
    Purchase,
    /// A higher price, or the change to prepaid.
    Change,
    /// Hours of postpaid instances.
    Usage,
    /// The restart of an instance that arrears stopped.
    Restart,
    /// The reserve, or the line below which there are alerts.
    Floor,
}

impl NeedCause {
    /// The word in files.
    pub fn as_word(self) -> &'static str {
        match self {
            Self::Renewal => "renewal",
            Self::Purchase => "purchase",
            Self::Change => "change",
            Self::Usage => "usage",
            Self::Restart => "restart",
            Self::Floor => "floor",
        }
    }
}

/// An instance that no money keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnavoidableLoss {
    /// The instance.
    pub instance: InstanceIndex,
    /// The day on which it goes to the recycle bin, is stopped or is gone; none: before the run.
    pub day: Option<Day>,
    /// The day on which it is terminated; none where that is before the run or not within it.
    pub gone: Option<Day>,
    /// Why.
    pub why: UnavoidableCause,
    /// Whether the question asked for it to be kept.
    pub asked: bool,
}

/// Why an instance is lost whatever is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnavoidableCause {
    /// It is gone already when the run begins.
    Released,
    /// It is gone before the first money can be there.
    BeforeMoney,
    /// People give it up.
    People,
    /// Nobody renews it: it does not renew itself.
    NotRenewed,
}

/// Plans every account of a book.
///
/// # Errors
/// The book cannot be replayed.
pub fn plan(book: &Book, question: &PlanQuestion) -> Result<Plan, Refusal> {
    plan_and_count(book, question, || ())
}

/// [`plan`], which calls `planned` whenever another account is planned, on any thread.
///
/// # Errors
/// As [`plan`].
pub fn plan_and_count(
    book: &Book,
    question: &PlanQuestion,
    planned: impl Fn() + Sync,
) -> Result<Plan, Refusal> {
    let all = book.account_indexes().collect();
    let plans = plan_accounts(book, question, &all, true, planned).into_iter();
    Ok(Plan {
        accounts: plans.map(|(_, plan)| plan).collect::<Result<_, _>>()?,
    })
}

/// Plans some accounts of a book, each by itself, by id, and calls `planned` after each. Only `with_consequences` do the plans
/// say what happens without a top-up.
pub(crate) fn plan_accounts(
    book: &Book,
    question: &PlanQuestion,
    accounts: &BTreeSet<AccountIndex>,
    with_consequences: bool,
    planned: impl Fn() + Sync,
) -> Vec<(AccountIndex, Result<AccountPlan, Refusal>)> {
    let channel = PaymentChannel::channel_of_book(book, question.channel);
    let setting = PlanSetting {
        question,
        arrivals: &channel.arrivals(&question.cadence),
        ample: ample(book),
        plain_actions: selection::are_plain(book),
        with_consequences,
    };
    engine::ask_some(book, accounts, |opening| {
        let plan = setting.plan(&opening);
        planned();
        (opening.account(), plan)
    })
}

/// More than any account can need, and little enough to be added to any: see [`is_plannable`].
pub(crate) fn ample(book: &Book) -> Money {
    let most = Money::from_minor(i64::MAX / 4);
    book.ample_cash().unwrap_or(most)
}

/// Whether the amounts of a book leave room for those of a plan in 64 bits.
pub fn is_plannable(book: &Book) -> bool {
    book.largest_movement() <= i128::from(i64::MAX / 4)
}

impl Plan {
    /// Whether something that was asked for cannot be had.
    pub fn is_impossible(&self) -> bool {
        self.accounts.iter().any(|plan| {
            let selection = plan.triage.as_ref();
            let lets_go = selection.is_some_and(|selection| !selection.let_go.is_empty());
            !plan.unmet.is_empty() || lets_go || plan.lost.iter().any(|loss| loss.asked)
        })
    }

    /// The actions that put the plan into effect, by day; top-ups come first.
    pub fn actions(&self, channel: Option<Channel>) -> Vec<Action> {
        let mut actions = Vec::new();
        for plan in &self.accounts {
            actions.extend(plan.top_ups.iter().map(|top_up| Action {
                date: top_up.arrival.arrives,
                sent: channel.map(|channel| Transfer {
                    date: top_up.arrival.sent,
                    channel,
                }),
                account: Some(AccountRef::Known(plan.account)),
                target: Target::Account,
                verb: Verb::TopUp(top_up.amount),
                note: Some("cash plan".into()),
            }));
        }
        let steps = self.accounts.iter().flat_map(|plan| &plan.steps);
        actions.extend(steps.map(|step| Action {
            date: step.day,
            sent: None,
            account: None,
            target: Target::Instance(step.instance),
            verb: step.verb,
            note: Some("cash plan".into()),
        }));
        actions.sort_by_key(|action| action.date);
        actions
    }
}
