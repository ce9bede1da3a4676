//! The plan of one account: what people do, the run with ample money, the least sums, and what the budget keeps.
//!
//! It knows no other account, and leaves each question of its own to a file beside it.

use std::collections::{BTreeMap, BTreeSet};

use super::demand::{self, Floors, Needs};
use super::selection::FundsShortage;
use super::{
    AccountPlan, Arrival, InstanceStep, KeepRule, ListedTask, PlanQuestion, Tolerance, TopUp,
    consequences, keep_rules, listed, tolerant,
};
use crate::engine::event::Event;
use crate::engine::ledger::Entry;
use crate::engine::{PlannedStep, Refusal, Simulation};
use crate::model::calendar::Day;
use crate::model::instance::{InstanceIndex, State};
use crate::model::money::Money;

/// What the plans of all accounts share.
pub(super) struct PlanSetting<'q> {
    pub question: &'q PlanQuestion,
    pub arrivals: &'q [Arrival],
    pub ample: Money,
    /// Whether the actions of the book let instances be planned apart.
    pub plain_actions: bool,
    /// Whether the plan follows what happens without a top-up.
    pub with_consequences: bool,
}

/// The run with ample money.
pub(super) struct AmpleRun<'b> {
    pub entries: Vec<Entry>,
    pub end: Simulation<'b>,
}

impl PlanSetting<'_> {
    /// The first day on which money can be there.
    pub(super) fn first(&self) -> Option<Day> {
        self.arrivals.first().map(|arrival| arrival.arrives)
    }

    pub(super) fn plan(&self, opening: &Simulation<'_>) -> Result<AccountPlan, Refusal> {
        let keeps = KeepSets::of_question(opening, &self.question.keep);
        let FundedPlan {
            steps,
            mut stops,
            tasks,
            beyond,
            run,
        } = self.keep(opening, &keeps)?;
        let tolerance = self.question.tolerance;
        let account = opening.book().account(opening.account());
        let reserve = self.question.reserve.get(&account.currency).copied();
        let alert = account.alert_below;
        let alert = alert.filter(|_| tolerance == Tolerance::Nothing);
        let floors = Floors { reserve, alert };
        let needs = Needs::needs_of_run(&run, self.arrivals, self.ample, floors);
        let mut lost = demand::lost(&run, opening, keeps.kept.as_ref(), self.first());
        for loss in &mut lost {
            loss.asked |= beyond.contains_key(&loss.instance);
        }
        let mut plan = AccountPlan {
            account: opening.account(),
            top_ups: needs.top_ups,
            steps,
            tasks,
            beyond: beyond.into_iter().collect(),
            runway: needs.runway,
            unmet: needs.unmet,
            lost,
            spend: spend(&run.entries),
            triage: None,
        };
        if tolerance != Tolerance::Nothing {
            let search = tolerant::LateSearch::search_late(self, &run, reserve, &keeps.let_go);
            (plan.top_ups, stops) = search.top_ups(&with_steps(opening, &plan.steps))?;
            plan.unmet = tolerant::unmet(plan.unmet, &run, tolerance);
        }
        let sum: Money = plan.top_ups.iter().map(|top_up| top_up.amount).sum();
        if let Some(budget) = self.question.budgets.get(&opening.account()).copied()
            && (budget < sum || !plan.unmet.is_empty())
        {
            let shortage = FundsShortage {
                setting: self,
                opening,
                steps: &plan.steps,
                returning: &returning(opening, &run, &keeps.let_go),
                let_go: &keeps.let_go,
                budget,
                reserve,
            };
            return self.plan_shortage(&shortage, plan.lost);
        }
        plan.steps.extend(stops);
        // What the list asks for is carried out in the run that it comes from.
        let is_list = !self.with_consequences && plan.tasks.len() == plan.steps.len();
        self.settle_steps(opening, &mut plan, is_list)?;
        Ok(plan)
    }

    /// The plan of an account whose budget does not keep all.
    fn plan_shortage(
        &self,
        shortage: &FundsShortage<'_, '_>,
        mut lost: Vec<super::UnavoidableLoss>,
    ) -> Result<AccountPlan, Refusal> {
        let selection = shortage.solve()?;
        let let_go: BTreeSet<InstanceIndex> = selection.let_go.iter().copied().collect();
        let kept = shortage.outcome(&let_go)?;
        // What the run with the budget asks for and does not have without it.
        let needs = shortage.needs(&kept.run, selection.budget);
        let first = needs.top_ups.first().map(|top_up| top_up.first);
        let first = first.or(needs.runway).zip(self.arrivals.first());
        let top_up = first.map(|(first, arrival)| TopUp {
            arrival: *arrival,
            amount: selection.budget,
            first,
            without: Vec::new(),
        });
        lost.retain(|loss| !let_go.contains(&loss.instance));
        let mut plan = AccountPlan {
            account: shortage.opening.account(),
            top_ups: top_up.into_iter().collect(),
            tasks: Vec::new(),
            beyond: Vec::new(),
            runway: needs.runway,
            unmet: shortage.failures(&kept.run),
            lost,
            spend: spend(&kept.run.entries),
            steps: kept.steps,
            triage: None,
        };
        plan.top_ups.retain(|top_up| top_up.amount > Money::ZERO);
        plan.triage = Some(selection);
        self.settle_steps(shortage.opening, &mut plan, false)?;
        Ok(plan)
    }

    /// Replays the planned run: what happens without each top-up, and which steps it carries out.
    fn settle_steps(
        &self,
        opening: &Simulation<'_>,
        plan: &mut AccountPlan,
        is_carried_out: bool,
    ) -> Result<(), Refusal> {
        let mut fork = with_steps(opening, &plan.steps);
        if self.with_consequences || plan.triage.is_some() {
            consequences::find(&fork, &mut plan.top_ups)?;
        }
        if plan.steps.is_empty() || is_carried_out {
            return Ok(());
        }
        for top_up in &plan.top_ups {
            fork.add_step(top_up.arrival.arrives, PlannedStep::Receive(top_up.amount));
        }
        fork.advance(fork.book().days.to)?;
        let steps = std::mem::take(&mut plan.steps);
        plan.steps = keep_rules::carried_out(steps, &fork.take_entries());
        plan.steps.sort_by_key(InstanceStep::rank);
        Ok(())
    }

    /// What people have to do so that the kept instances stay, and the run with it and ample money.
    fn keep<'b>(
        &self,
        opening: &Simulation<'b>,
        keeps: &KeepSets,
    ) -> Result<FundedPlan<'b>, Refusal> {
        if matches!(self.question.keep, KeepRule::Flagged) {
            let listed = listed::keep(opening, self.first(), self.ample)?;
            return Ok(FundedPlan {
                steps: listed.tasks.iter().map(ListedTask::step).collect(),
                stops: Vec::new(),
                tasks: listed.tasks,
                beyond: listed.beyond,
                run: listed.run,
            });
        }
        let kept = keeps.kept.as_ref();
        let mut steps = kept.map_or_else(Vec::new, |kept| keep_rules::flags(opening, kept));
        loop {
            let mut stops = Vec::new();
            let run = self.ample_run(opening, &steps, &keeps.let_go, &mut stops)?;
            let more = kept
                .zip(self.first())
                .map_or_else(Vec::new, |(kept, first)| {
                    keep_rules::repairs(&run, opening, kept, first).into_steps(&steps)
                });
            if more.is_empty() {
                return Ok(FundedPlan {
                    steps,
                    stops,
                    tasks: Vec::new(),
                    beyond: BTreeMap::new(),
                    run,
                });
            }
            steps.extend(more);
        }
    }

    /// The run with ample money from the first arrival on. What is let go and comes back is stopped.
    fn ample_run<'b>(
        &self,
        opening: &Simulation<'b>,
        steps: &[InstanceStep],
        let_go: &BTreeSet<InstanceIndex>,
        stops: &mut Vec<InstanceStep>,
    ) -> Result<AmpleRun<'b>, Refusal> {
        let mut end = with_steps(opening, steps);
        if let Some(first) = self.first() {
            end.add_step(first, PlannedStep::Receive(self.ample));
        }
        let last = opening.book().days.to;
        let entries = keep_rules::advance(&mut end, last, let_go, stops)?;
        Ok(AmpleRun { entries, end })
    }
}

/// What is to be kept of an account.
struct KeepSets {
    /// The instances that are asked for; none: what the book keeps.
    kept: Option<BTreeSet<InstanceIndex>>,
    /// Those that are not, where some are asked for.
    let_go: BTreeSet<InstanceIndex>,
}

impl KeepSets {
    fn of_question(opening: &Simulation<'_>, rule: &KeepRule) -> Self {
        let KeepRule::Matching(selector) = rule else {
            return Self {
                kept: None,
                let_go: BTreeSet::new(),
            };
        };
        let kept: BTreeSet<InstanceIndex> = opening.matching(selector).into_iter().collect();
        Self {
            let_go: opening
                .instances()
                .filter(|one| !kept.contains(one))
                .collect(),
            kept: Some(kept),
        }
    }
}

/// What people have to do, and the run with ample money.
struct FundedPlan<'b> {
    /// Flags, renewals and starts.
    steps: Vec<InstanceStep>,
    /// Stops of what came back in this run.
    stops: Vec<InstanceStep>,
    /// What is known of the steps, where the plan keeps what flags keep.
    tasks: Vec<ListedTask>,
    beyond: BTreeMap<InstanceIndex, Day>,
    run: AmpleRun<'b>,
}

/// The instances stopped at the opening that come back; not those that are let go anyway.
fn returning(
    opening: &Simulation<'_>,
    run: &AmpleRun<'_>,
    let_go: &BTreeSet<InstanceIndex>,
) -> BTreeSet<InstanceIndex> {
    let restored = run
        .entries
        .iter()
        .filter(|entry| entry.event == Event::Restored);
    restored
        .filter_map(|entry| entry.instance)
        .filter(|one| opening.state(*one) == Some(State::Stopped) && !let_go.contains(one))
        .collect()
}

/// The account with what is done, by day.
pub(super) fn with_steps<'b>(opening: &Simulation<'b>, steps: &[InstanceStep]) -> Simulation<'b> {
    let mut fork = opening.clone();
    let mut steps = steps.to_vec();
    steps.sort_by_key(InstanceStep::rank);
    steps.iter().for_each(|step| step.add_to(&mut fork));
    fork
}

/// What rows move out of an account, refunds taken off.
fn spend(entries: &[Entry]) -> Money {
    let rows = entries.iter();
    let spent = rows.filter(|entry| !matches!(entry.event, Event::TopUp | Event::Credit));
    -spent.filter_map(Entry::moved_amount).sum::<Money>()
}
