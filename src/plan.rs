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
mod demand;
mod fate;
mod keeping;
mod late;
mod triage;
mod worth;

use std::collections::BTreeMap;

pub use arrivals::{Arrival, Cadence, Way};
use demand::{Floors, Needs};
pub use fate::Consequence;
pub use triage::Triage;
pub use worth::{Worth, WorthError, weigh};

use crate::account::AccountIndex;
use crate::action::{AccountRef, Action, Channel, Target, Transfer, Verb};
use crate::book::Book;
use crate::calendar::Day;
use crate::engine::{self, Refusal, Step, Trial};
use crate::instance::InstanceIndex;
use crate::ledger::Entry;
use crate::money::{Currency, Money};
use crate::selector::Selector;

/// What must not be lost, and how money can come.
#[derive(Clone, Debug)]
pub struct Question {
    /// On which days people can top up.
    pub cadence: Cadence,
    /// How they send it.
    pub channel: Option<Channel>,
    /// The instances to keep; none: what the book keeps by its flags and actions.
    pub keep: Option<Selector>,
    /// What must stay in each account of a currency.
    pub reserve: BTreeMap<Currency, Money>,
    /// How late a renewal may be.
    pub tolerance: Tolerance,
    /// What accounts get, if that is given: once, on the first day on which it can be there.
    pub budgets: BTreeMap<AccountIndex, Money>,
    /// What an instance is worth where the budget does not keep all.
    pub worth: BTreeMap<InstanceIndex, u128>,
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
    /// When the account fails without any top-up of the plan; none: not in the run.
    pub runway: Option<Failure>,
    /// What fails before the first money can be there.
    pub unmet: Vec<Failure>,
    /// What is lost whatever is paid.
    pub lost: Vec<Loss>,
    /// What the budget keeps, where it does not keep all.
    pub triage: Option<Triage>,
}

/// A top-up of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopUp {
    /// When it is sent and arrives.
    pub arrival: Arrival,
    /// How much.
    pub amount: Money,
    /// What fails first without it. Its `by` is the last day on which the money is in time.
    pub first: Failure,
    /// What happens if it does not come and all others do, by day.
    pub without: Vec<Consequence>,
}

/// Something that fails for want of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The day on which it fails.
    pub day: Day,
    /// The last day on which money for it can come.
    pub by: Day,
    /// What fails.
    pub cause: Cause,
    /// Of which instance, if of one.
    pub instance: Option<InstanceIndex>,
    /// What is missing.
    pub missing: Money,
}

/// What money is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
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

impl Cause {
    /// The word in files.
    pub fn name(self) -> &'static str {
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
pub struct Loss {
    /// The instance.
    pub instance: InstanceIndex,
    /// The day on which it goes to the recycle bin, is stopped or is gone; none: before the run.
    pub day: Option<Day>,
    /// Why.
    pub why: LossCause,
    /// Whether the question asked for it to be kept.
    pub asked: bool,
}

/// Why an instance is lost whatever is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossCause {
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
pub fn plan(book: &Book, question: &Question) -> Result<Plan, Refusal> {
    let way = Way::of(book, question.channel);
    let arrivals = way.arrivals(&question.cadence);
    let plain_actions = triage::are_plain(book);
    let setting = Setting { question, arrivals: &arrivals, ample: ample(book), plain_actions };
    let accounts = engine::ask_accounts(book, |trial| setting.plan(&trial));
    Ok(Plan { accounts: accounts.into_iter().collect::<Result<_, _>>()? })
}

/// More than any account can need, and little enough to be added to any: see [`is_plannable`].
fn ample(book: &Book) -> Money {
    Money::from_minor(i64::try_from(book.largest_movement()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4))
}

/// Whether the amounts of a book leave room for those of a plan in 64 bits.
pub fn is_plannable(book: &Book) -> bool {
    book.largest_movement() <= i128::from(i64::MAX / 4)
}

/// What the plans of all accounts share.
struct Setting<'q> {
    question: &'q Question,
    arrivals: &'q [Arrival],
    ample: Money,
    plain_actions: bool,
}

/// The run with ample money.
struct AmpleRun<'b> {
    entries: Vec<Entry>,
    end: Trial<'b>,
}

impl Setting<'_> {
    /// The first day on which money can be there.
    fn first(&self) -> Option<Day> {
        self.arrivals.first().map(|arrival| arrival.arrives)
    }

    fn plan(&self, opening: &Trial<'_>) -> Result<AccountPlan, Refusal> {
        let untouched = opening;
        let kept = self.question.keep.as_ref().map(|selector| opening.matching(selector));
        let mut opening = opening.clone();
        let (steps, run) = self.keep(&mut opening, kept.as_deref())?;
        let book = opening.book();
        let account = book.account(opening.account());
        let reserve = self.question.reserve.get(&account.currency).copied();
        let floors =
            Floors { reserve, alert: account.alert_below.filter(|_| self.question.tolerance == Tolerance::Nothing) };
        let needs = Needs::of(&run, (self.arrivals, self.ample), floors);
        let lost = demand::lost(&run, (&opening, kept.as_deref()), self.first());
        let (mut top_ups, unmet) = match self.question.tolerance {
            Tolerance::Nothing => (needs.top_ups, needs.unmet),
            tolerance => {
                let search = late::Search::new(self, &run, reserve, tolerance);
                (search.top_ups(&opening)?, late::unmet(needs.unmet, &run.entries, tolerance))
            }
        };
        let budget = self.question.budgets.get(&opening.account()).copied();
        let sum: Money = top_ups.iter().map(|top_up| top_up.amount).sum();
        if let Some(budget) = budget.filter(|budget| *budget < sum || !unmet.is_empty()) {
            let shortage = triage::Shortage { setting: self, opening: untouched, steps: &steps, budget, reserve };
            return self.choose(&shortage, kept.as_deref(), lost);
        }
        fate::tell(&opening, &mut top_ups)?;
        let (account, runway) = (opening.account(), needs.runway);
        Ok(AccountPlan { account, top_ups, steps, runway, unmet, lost, triage: None })
    }

    /// The plan of an account whose budget does not keep all.
    fn choose(
        &self,
        shortage: &triage::Shortage<'_, '_>,
        kept: Option<&[InstanceIndex]>,
        mut lost: Vec<Loss>,
    ) -> Result<AccountPlan, Refusal> {
        let candidates = shortage.candidates(kept);
        let (triage, steps) = shortage.solve(&candidates)?;
        let unmet = shortage.failures(&steps, triage.budget)?;
        let runway = shortage.failures(&steps, Money::ZERO)?.first().copied();
        let opening = shortage.trial(&steps, None);
        let top_up = runway.zip(self.arrivals.first()).filter(|_| triage.budget > Money::ZERO);
        let top_up = top_up.map(|(first, arrival)| TopUp {
            arrival: *arrival,
            amount: triage.budget,
            first,
            without: Vec::new(),
        });
        let mut top_ups: Vec<TopUp> = top_up.into_iter().collect();
        fate::tell(&opening, &mut top_ups)?;
        lost.retain(|loss| triage.let_go.binary_search(&loss.instance).is_err());
        let account = opening.account();
        Ok(AccountPlan { account, top_ups, steps, runway, unmet, lost, triage: Some(triage) })
    }

    /// What people have to do so that the kept instances stay, and the run with it and ample money.
    fn keep<'b>(&self, opening: &mut Trial<'b>, kept: Option<&[InstanceIndex]>) -> Result<Kept<'b>, Refusal> {
        let mut steps = kept.map(|kept| keeping::flags(opening, kept)).unwrap_or_default();
        loop {
            let mut trial = opening.clone();
            steps.iter().for_each(|(day, instance, verb)| trial.add(*day, Step::Do(*instance, *verb)));
            let run = self.ample_run(trial.clone())?;
            let more = kept.map(|kept| keeping::repairs(&run, (opening, kept), &steps, self.first()));
            let more = more.unwrap_or_default();
            if more.is_empty() {
                *opening = trial;
                steps.sort_by_key(|(day, instance, _)| (*day, *instance));
                return Ok((steps, run));
            }
            steps.extend(more);
        }
    }

    /// The run with ample money from the first arrival on.
    fn ample_run<'b>(&self, mut trial: Trial<'b>) -> Result<AmpleRun<'b>, Refusal> {
        if let Some(first) = self.first() {
            trial.add(first, Step::Receive(self.ample));
        }
        trial.advance(trial.book().days.to)?;
        let entries = trial.take_entries();
        Ok(AmpleRun { entries, end: trial })
    }
}

/// What people have to do, and the run with ample money.
type Kept<'b> = (Vec<(Day, InstanceIndex, Verb)>, AmpleRun<'b>);

impl Plan {
    /// Whether something that was asked for cannot be had.
    pub fn is_impossible(&self) -> bool {
        let asked = |plan: &AccountPlan| {
            !plan.unmet.is_empty() || plan.triage.is_some() || plan.lost.iter().any(|loss| loss.asked)
        };
        self.accounts.iter().any(asked)
    }

    /// The actions that put the plan into effect, by day; top-ups come first.
    pub fn actions(&self, channel: Option<Channel>) -> Vec<Action> {
        let top_ups = self.accounts.iter().flat_map(|plan| {
            plan.top_ups.iter().map(move |top_up| Action {
                date: top_up.arrival.arrives,
                sent: channel.map(|channel| Transfer { date: top_up.arrival.sent, channel }),
                account: Some(AccountRef::Known(plan.account)),
                target: Target::Account,
                verb: Verb::TopUp(top_up.amount),
                note: Some("cash plan".into()),
            })
        });
        let steps = self.accounts.iter().flat_map(|plan| &plan.steps).map(|(date, instance, verb)| Action {
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
