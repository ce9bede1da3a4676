//! The to-do list of a run: what people must pay and do so that nothing fails and nothing is lost that is to be kept.
//!
//! The list is the plan with its default cadence, of the accounts in which something fails or is lost; the others need
//! nothing. The terminal, `todo.csv`, reports and calendars show this list and make no other
//! (`docs/spec/answer.md`, **todo-list**).

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::plan::{
    self, AccountPlan, Cadence, FundingFailure, KeepRule, ListedTask, PlanQuestion, Tolerance,
};
use crate::analysis::summary::Summary;
use crate::engine::Refusal;
use crate::model::account::AccountIndex;
use crate::model::action::{AccountRef, Action, Target, Verb};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::{ChargeType, InstanceIndex, RenewFlag, State, StoppedBy};
use crate::model::money::Money;

/// What people must do.
#[derive(Clone, Debug, Default)]
pub struct TaskList {
    /// By date, account and action.
    pub lines: Vec<TaskLine>,
    /// What fails before anything can be done.
    pub unmet: Vec<(AccountIndex, FundingFailure)>,
    /// Instances that nothing saves any more, with the day on which they are gone.
    pub beyond: Vec<(InstanceIndex, Day)>,
    /// What the run spends with the list done, of the accounts in which something is to be done or helped.
    pub spend: BTreeMap<AccountIndex, Money>,
    /// Accounts without a list, since an action needs a price that is not known.
    pub unknown: Vec<(AccountIndex, Refusal)>,
    /// Whether the amounts of the book leave no room for those of a list.
    pub is_too_large: bool,
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskLine {
    /// Until when it is to be done: the last day on which nothing fails or stops.
    pub by: Day,
    /// The last day that saves the instance; of a top-up the same as `by`.
    pub latest: Day,
    /// The account that pays.
    pub account: AccountIndex,
    /// What is to be done.
    pub what: TaskKind,
    /// Of a top-up the last day on which nothing fails without the account's next one, of a renewal the new expiry date.
    pub covers_until: Option<Day>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskKind {
    /// Top up the account.
    TopUp {
        /// By this amount.
        amount: Money,
        /// What fails first without it.
        first: FundingFailure,
    },
    /// Start, renew or set the flag of an instance.
    Task(ListedTask),
}

impl TaskLine {
    /// The instance that it is about.
    pub fn instance(&self) -> Option<InstanceIndex> {
        match &self.what {
            TaskKind::TopUp { .. } => None,
            TaskKind::Task(task) => Some(task.instance),
        }
    }

    /// What it costs.
    pub fn amount(&self) -> Option<Money> {
        match &self.what {
            TaskKind::TopUp { amount, .. } => Some(*amount),
            TaskKind::Task(task) => task.cost,
        }
    }

    fn action(&self) -> Action {
        let instance = self.instance();
        let account = AccountRef::Known(self.account);
        Action {
            date: self.by,
            sent: None,
            account: instance.is_none().then_some(account),
            target: instance.map_or(Target::Account, Target::Instance),
            verb: self.verb(),
            note: Some("to do".into()),
        }
    }

    /// What is done, as an action of a book.
    pub fn verb(&self) -> Verb {
        match &self.what {
            TaskKind::TopUp { amount, .. } => Verb::TopUp(*amount),
            TaskKind::Task(task) => task.verb,
        }
    }

    /// Why, in one word.
    pub fn reason(&self) -> &'static str {
        match &self.what {
            TaskKind::TopUp { first, .. } => first.cause.name(),
            TaskKind::Task(task) => task.why.name(),
        }
    }
}

impl TaskList {
    /// What concerns an instance: its own lines, and the top-ups without which it fails first.
    #[must_use]
    pub fn of_instance(&self, instance: InstanceIndex) -> Self {
        let mut list = self.clone();
        list.lines.retain(|line| match &line.what {
            TaskKind::TopUp { first, .. } => first.instance == Some(instance),
            TaskKind::Task(task) => task.instance == instance,
        });
        list.unmet
            .retain(|(_, failure)| failure.instance == Some(instance));
        list.beyond.retain(|(one, _)| *one == instance);
        list.unknown.clear();
        list
    }

    /// The lines as actions of the book, dated `by`, in the order in which they count.
    pub fn actions(&self) -> Vec<Action> {
        self.lines.iter().map(TaskLine::action).collect()
    }
}

/// The question that the list answers, as a plan.
/// Rule **plan-default**.
pub fn question() -> PlanQuestion {
    PlanQuestion {
        cadence: Cadence::Monthly,
        channel: None,
        keep: KeepRule::Flagged,
        reserve: BTreeMap::new(),
        tolerance: Tolerance::Nothing,
        budgets: BTreeMap::new(),
        worth: BTreeMap::new(),
    }
}

/// The list of a book whose run came to this.
/// Rule **todo-sums**.
pub fn list(book: &Book, summary: &Summary) -> TaskList {
    list_of_accounts(book, &in_need(book, summary))
}

/// The list of an account whose run came to this; of other accounts nothing needs to be known.
pub fn list_of(book: &Book, account: AccountIndex, summary: &Summary) -> TaskList {
    let mut in_need = in_need(book, summary);
    in_need.retain(|one| *one == account);
    list_of_accounts(book, &in_need)
}

fn list_of_accounts(book: &Book, accounts: &BTreeSet<AccountIndex>) -> TaskList {
    if !plan::is_plannable(book) {
        return TaskList {
            is_too_large: true,
            ..TaskList::default()
        };
    }
    let mut list = TaskList::default();
    for (account, plan) in plan::plan_accounts(book, &question(), accounts, false, || ()) {
        match plan {
            Ok(plan) => list.add_plan(book, plan),
            Err(refusal) => list.unknown.push((account, refusal)),
        }
    }
    // Lines of one account on one day stay in the order of the plan.
    list.lines.sort_by_key(|line| (line.by, line.account));
    list
}

/// The accounts in which something fails, is refused, goes below a line or is not back, and not because its flag is `none`:
/// no other needs anything.
fn in_need(book: &Book, summary: &Summary) -> BTreeSet<AccountIndex> {
    let accounts = summary.accounts.iter();
    let short = accounts.filter(|account| account.is_short);
    // Where no action sets a flag or changes how an instance is charged, `none` stays `none`: that end is a decision.
    let is_fixed = !book.actions.iter().any(|action| {
        matches!(
            action.verb,
            Verb::SetFlag(..) | Verb::ToPrepaid(..) | Verb::ToPostpaid(..)
        )
    });
    let losses = summary.losses.iter().filter(|loss| {
        let listed = book.instance(loss.instance);
        let ends =
            listed.charge_type == ChargeType::Prepaid && listed.renew_flag == RenewFlag::None;
        !(is_fixed && ends)
    });
    let stopped = book.instances.iter().filter(|instance| {
        instance.state == Some(State::Stopped) && instance.stopped_by == StoppedBy::Arrears
    });
    let mut in_need: BTreeSet<AccountIndex> = short.map(|account| account.account).collect();
    in_need.extend(losses.map(|loss| book.instance(loss.instance).account));
    in_need.extend(stopped.map(|instance| instance.account));
    in_need.extend(&summary.refused);
    in_need
}

impl TaskList {
    fn add_plan(&mut self, book: &Book, plan: AccountPlan) {
        let account = plan.account;
        self.unmet
            .extend(plan.unmet.into_iter().map(|failure| (account, failure)));
        self.beyond.extend(plan.beyond);
        self.spend.insert(account, plan.spend);
        let later = plan.top_ups.iter().skip(1);
        let ends = later
            .map(|next| next.first.day.yesterday())
            .chain([book.days.to]);
        for (top_up, end) in plan.top_ups.iter().zip(ends) {
            let (amount, first) = (top_up.amount, top_up.first);
            self.lines.push(TaskLine {
                by: first.by,
                latest: first.by,
                account,
                what: TaskKind::TopUp { amount, first },
                covers_until: Some(end),
            });
        }
        self.lines
            .extend(plan.tasks.into_iter().map(|task| TaskLine {
                by: task.by,
                latest: task.latest,
                account,
                covers_until: task.expiry.filter(|_| matches!(task.verb, Verb::Renew(_))),
                what: TaskKind::Task(task),
            }));
    }
}
