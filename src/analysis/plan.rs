//! The replay turned around: how little money has to be in the accounts, and when, so that nothing fails.
//!
//! ```text
//! book + question ──▶ the run with ample money from the first arrival on      (demand: what has to be there, and by when)
//!                      ├──▶ the least sums, as late as possible                (demand, or late where being late is allowed)
//!                      ├──▶ what happens if one of them does not come          (fate)
//!                      └──▶ what no money can keep                             (demand: unmet and lost)
//! ```
//!
//! Accounts are planned on their own. With ample money the debits of an account are fixed in day and order, so what has to
//! be there before each of them is known, and the running maximum of what is missing is the least that can come
//! (`docs/model.md`, the plan). Everything is whole minor units.

mod arrivals;
mod consequences;
mod demand;
mod instance_value;
mod keep_rules;
mod listed;
mod selection;
mod tolerant;

use std::collections::{BTreeMap, BTreeSet};

pub use arrivals::{Arrival, Cadence, PaymentChannel};
pub use consequences::Consequence;
use demand::{Floors, Needs};
pub use instance_value::{InstanceValue, ValueError, month, weigh};
use keep_rules::Doing;
pub use listed::ListedTask;
use selection::FundsShortage;
pub use selection::Selection;

use crate::engine::event::Event;
use crate::engine::ledger::Entry;
use crate::engine::{self, PlannedStep, Refusal, Simulation};
use crate::model::account::AccountIndex;
use crate::model::action::{AccountRef, Action, Channel, Target, Transfer, Verb};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::{InstanceIndex, State};
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
    pub steps: Vec<(Day, InstanceIndex, Verb)>,
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
    plan_and_count(book, question, &|| ())
}

/// [`plan`], which calls `planned` whenever another account is planned, on any thread.
///
/// # Errors
/// As [`plan`].
pub fn plan_and_count(
    book: &Book,
    question: &PlanQuestion,
    planned: &(dyn Fn() + Sync),
) -> Result<Plan, Refusal> {
    let all = (0u32..)
        .zip(&book.accounts)
        .map(|(number, _)| AccountIndex(number))
        .collect();
    let accounts = plan_accounts(book, question, (&all, true), planned).into_iter();
    Ok(Plan {
        accounts: accounts.map(|(_, plan)| plan).collect::<Result<_, _>>()?,
    })
}

/// Plans some accounts of a book, each by itself, by id, and calls `planned` after each. `tells` says whether the plan follows
/// what happens without a top-up.
pub(crate) fn plan_accounts(
    book: &Book,
    question: &PlanQuestion,
    (accounts, tells): (&BTreeSet<AccountIndex>, bool),
    planned: &(dyn Fn() + Sync),
) -> Vec<(AccountIndex, Result<AccountPlan, Refusal>)> {
    let way = PaymentChannel::channel_of_book(book, question.channel);
    let arrivals = way.arrivals(&question.cadence);
    let plain_actions = selection::are_plain(book);
    let setting = PlanSetting {
        question,
        arrivals: &arrivals,
        ample: ample(book),
        plain_actions,
        tells,
    };
    engine::ask_some(book, accounts, |trial| {
        let plan = setting.plan(&trial);
        planned();
        (trial.account(), plan)
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

/// What rows move out of an account, refunds taken off.
fn spend(entries: &[Entry]) -> Money {
    let spent = entries
        .iter()
        .filter(|entry| !matches!(entry.event, Event::TopUp | Event::Credit));
    spent
        .filter_map(|entry| entry.movement)
        .map(|movement| -movement.amount())
        .sum()
}

/// What the plans of all accounts share.
struct PlanSetting<'q> {
    question: &'q PlanQuestion,
    arrivals: &'q [Arrival],
    ample: Money,
    plain_actions: bool,
    tells: bool,
}

/// The run with ample money.
struct AmpleRun<'b> {
    entries: Vec<Entry>,
    end: Simulation<'b>,
}

impl PlanSetting<'_> {
    /// The first day on which money can be there.
    fn first(&self) -> Option<Day> {
        self.arrivals.first().map(|arrival| arrival.arrives)
    }

    fn plan(&self, opening: &Simulation<'_>) -> Result<AccountPlan, Refusal> {
        let kept = match &self.question.keep {
            KeepRule::Matching(selector) => Some(opening.matching(selector)),
            KeepRule::Flagged | KeepRule::Due => None,
        };
        let keeps = KeepRules::rules_at_opening(opening, kept.as_deref());
        let FundedPlan {
            steps,
            stops,
            tasks,
            beyond,
            run,
        } = self.keep(opening, &keeps)?;
        let prepared = with_steps(opening, &steps);
        let account = opening.book().account(opening.account());
        let reserve = self.question.reserve.get(&account.currency).copied();
        let floors = Floors {
            reserve,
            alert: account
                .alert_below
                .filter(|_| self.question.tolerance == Tolerance::Nothing),
        };
        let needs = Needs::needs_of_run(&run, (self.arrivals, self.ample), floors);
        let mut lost = demand::lost(&run, (opening, kept.as_deref()), self.first());
        lost.iter_mut()
            .for_each(|loss| loss.asked |= beyond.iter().any(|(one, _)| *one == loss.instance));
        let (mut top_ups, stops, unmet) = match self.question.tolerance {
            Tolerance::Nothing => (needs.top_ups, stops, needs.unmet),
            tolerance => {
                let search =
                    tolerant::LateSearch::new(self, &run, (reserve, tolerance), &keeps.let_go);
                let (top_ups, stops) = search.top_ups(&prepared)?;
                (
                    top_ups,
                    stops,
                    tolerant::unmet(needs.unmet, &run, tolerance),
                )
            }
        };
        let budget = self.question.budgets.get(&opening.account()).copied();
        let sum: Money = top_ups.iter().map(|top_up| top_up.amount).sum();
        if let Some(budget) = budget.filter(|budget| *budget < sum || !unmet.is_empty()) {
            let returning = &returning(opening, &run, &keeps.let_go);
            let shortage = FundsShortage {
                setting: self,
                opening,
                steps: &steps,
                keeps: &keeps,
                returning,
                budget,
                reserve,
            };
            return self.choose(&shortage, lost);
        }
        let steps = [steps, stops].concat();
        let prepared = with_steps(opening, &steps);
        if self.tells {
            consequences::tell(&prepared, &mut top_ups)?;
        }
        // What the list asks for is carried out in the run that it comes from.
        let is_list = !self.tells && tasks.len() == steps.len();
        let steps = if is_list {
            steps
        } else {
            settled(&prepared, &top_ups, steps)?
        };
        let (account, runway, spend) = (opening.account(), needs.runway, spend(&run.entries));
        Ok(AccountPlan {
            account,
            top_ups,
            steps,
            tasks,
            beyond,
            runway,
            unmet,
            lost,
            spend,
            triage: None,
        })
    }

    /// The plan of an account whose budget does not keep all.
    fn choose(
        &self,
        shortage: &FundsShortage<'_, '_>,
        mut lost: Vec<UnavoidableLoss>,
    ) -> Result<AccountPlan, Refusal> {
        let candidates = shortage.candidates();
        let triage = shortage.solve(&candidates)?;
        let kept = shortage.outcome(&triage.let_go)?;
        let unmet = shortage.failures(&kept.run);
        // What the run with the budget asks for and does not have without it.
        let needs = shortage.needs(&kept.run, triage.budget);
        let runway = needs.runway;
        let first = needs.top_ups.first().map(|top_up| top_up.first).or(runway);
        let (steps, budget) = (kept.steps, triage.budget);
        let prepared = with_steps(shortage.opening, &steps);
        let top_up = first
            .zip(self.arrivals.first())
            .filter(|_| budget > Money::ZERO);
        let top_up = top_up.map(|(first, arrival)| TopUp {
            arrival: *arrival,
            amount: budget,
            first,
            without: Vec::new(),
        });
        let mut top_ups: Vec<TopUp> = top_up.into_iter().collect();
        consequences::tell(&prepared, &mut top_ups)?;
        lost.retain(|loss| triage.let_go.binary_search(&loss.instance).is_err());
        let steps = settled(&prepared, &top_ups, steps)?;
        let account = prepared.account();
        let (tasks, beyond, spend) = (Vec::new(), Vec::new(), spend(&kept.run.entries));
        Ok(AccountPlan {
            account,
            top_ups,
            steps,
            tasks,
            beyond,
            runway,
            unmet,
            lost,
            spend,
            triage: Some(triage),
        })
    }

    /// What people have to do so that the kept instances stay, and the run with it and ample money.
    fn keep<'b>(
        &self,
        opening: &Simulation<'b>,
        keeps: &KeepRules<'_>,
    ) -> Result<FundedPlan<'b>, Refusal> {
        if matches!(self.question.keep, KeepRule::Flagged) {
            return self.keep_flagged(opening);
        }
        let mut steps = keeps
            .kept
            .map(|kept| keep_rules::flags(opening, kept))
            .unwrap_or_default();
        loop {
            let mut stops = Vec::new();
            let run = self.ample_run(with_steps(opening, &steps), (&keeps.let_go, &mut stops))?;
            let more = keeps
                .kept
                .map(|kept| keep_rules::repairs(&run, (opening, kept), &steps, self.first()));
            let more = more.unwrap_or_default();
            if more.is_empty() {
                return Ok(FundedPlan {
                    steps,
                    stops,
                    tasks: Vec::new(),
                    beyond: Vec::new(),
                    run,
                });
            }
            steps.extend(more);
        }
    }

    /// [`keep`](Self::keep), of what the to-do list keeps.
    fn keep_flagged<'b>(&self, opening: &Simulation<'b>) -> Result<FundedPlan<'b>, Refusal> {
        let listed::ListedAccount { tasks, beyond, run } =
            listed::keep(opening, self.first().map(|day| (day, self.ample)))?;
        let steps = tasks
            .iter()
            .map(|task| (task.by, task.instance, task.verb))
            .collect();
        Ok(FundedPlan {
            steps,
            stops: Vec::new(),
            tasks,
            beyond,
            run,
        })
    }

    /// The run with ample money from the first arrival on.
    fn ample_run<'b>(
        &self,
        mut trial: Simulation<'b>,
        let_go: (&[InstanceIndex], &mut Vec<Doing>),
    ) -> Result<AmpleRun<'b>, Refusal> {
        if let Some(first) = self.first() {
            trial.add_step(first, PlannedStep::Receive(self.ample));
        }
        let last = trial.book().days.to;
        let entries = keep_rules::advance(&mut trial, last, let_go)?;
        Ok(AmpleRun {
            entries,
            end: trial,
        })
    }
}

/// What is to be kept of an account.
struct KeepRules<'k> {
    /// The instances that are asked for; none: what the book keeps.
    kept: Option<&'k [InstanceIndex]>,
    /// Those that are not, where some are asked for.
    let_go: Vec<InstanceIndex>,
}

impl<'k> KeepRules<'k> {
    fn rules_at_opening(opening: &Simulation<'_>, kept: Option<&'k [InstanceIndex]>) -> Self {
        let is_let_go =
            |one: &InstanceIndex| kept.is_some_and(|kept| kept.binary_search(one).is_err());
        Self {
            kept,
            let_go: opening.instances().filter(is_let_go).collect(),
        }
    }
}

/// What people have to do, and the run with ample money.
struct FundedPlan<'b> {
    /// Flags, renewals and starts.
    steps: Vec<Doing>,
    /// Stops of what came back in this run.
    stops: Vec<Doing>,
    /// What is known of the steps, where the plan keeps what flags keep.
    tasks: Vec<ListedTask>,
    beyond: Vec<(InstanceIndex, Day)>,
    run: AmpleRun<'b>,
}

/// The instances stopped at the opening that come back, by id; not those that are let go anyway.
fn returning(
    opening: &Simulation<'_>,
    run: &AmpleRun<'_>,
    let_go: &[InstanceIndex],
) -> Vec<InstanceIndex> {
    let restored = run
        .entries
        .iter()
        .filter(|entry| entry.event == Event::Restored);
    let restored: BTreeSet<InstanceIndex> = restored.filter_map(|entry| entry.instance).collect();
    let was_stopped = |one: &InstanceIndex| opening.state(*one) == Some(State::Stopped);
    restored
        .into_iter()
        .filter(was_stopped)
        .filter(|one| let_go.binary_search(one).is_err())
        .collect()
}

/// The account with what is done, by day.
fn with_steps<'b>(opening: &Simulation<'b>, steps: &[Doing]) -> Simulation<'b> {
    let mut trial = opening.clone();
    let mut steps = steps.to_vec();
    steps.sort_by_key(keep_rules::order);
    steps
        .into_iter()
        .for_each(|(day, instance, verb)| trial.add_step(day, PlannedStep::Do(instance, verb)));
    trial
}

/// What of the steps the planned run carries out, by day.
fn settled(
    prepared: &Simulation<'_>,
    top_ups: &[TopUp],
    steps: Vec<Doing>,
) -> Result<Vec<Doing>, Refusal> {
    if steps.is_empty() {
        return Ok(steps);
    }
    let mut trial = prepared.clone();
    top_ups.iter().for_each(|top_up| {
        trial.add_step(top_up.arrival.arrives, PlannedStep::Receive(top_up.amount))
    });
    trial.advance(trial.book().days.to)?;
    let mut steps = keep_rules::carried_out(steps, &trial.take_entries());
    steps.sort_by_key(keep_rules::order);
    Ok(steps)
}

impl Plan {
    /// Whether something that was asked for cannot be had.
    pub fn is_impossible(&self) -> bool {
        let asked = |plan: &AccountPlan| {
            let lets_go = plan
                .triage
                .as_ref()
                .is_some_and(|triage| !triage.let_go.is_empty());
            !plan.unmet.is_empty() || lets_go || plan.lost.iter().any(|loss| loss.asked)
        };
        self.accounts.iter().any(asked)
    }

    /// The actions that put the plan into effect, by day; top-ups come first.
    pub fn actions(&self, channel: Option<Channel>) -> Vec<Action> {
        let top_ups = self.accounts.iter().flat_map(|plan| {
            plan.top_ups.iter().map(move |top_up| Action {
                date: top_up.arrival.arrives,
                sent: channel.map(|channel| Transfer {
                    date: top_up.arrival.sent,
                    channel,
                }),
                account: Some(AccountRef::Known(plan.account)),
                target: Target::Account,
                verb: Verb::TopUp(top_up.amount),
                note: Some("cash plan".into()),
            })
        });
        let steps =
            self.accounts
                .iter()
                .flat_map(|plan| &plan.steps)
                .map(|(date, instance, verb)| Action {
                    date: *date,
                    sent: None,
                    account: None,
                    target: Target::Instance(*instance),
                    verb: *verb,
                    note: Some("cash plan".into()),
                });
        let mut actions: Vec<Action> = top_ups.chain(steps).collect();
        actions.sort_by_key(|action| action.date);
        actions
    }
}
