//! Which instances to keep where the money does not suffice for all.
//!
//! A set of instances is possible if the replay with the budget, and with everything else let go, shows no failure. Where
//! nothing but balances ties instances together, what each of them costs is known from one run with ample money, and a set is
//! possible if at every payment enough is left: a knapsack with many bounds, searched by `knapsack`. Where vouchers, actions of
//! people or arrears tie them together, every set is replayed. Either way the chosen set is replayed at the end.
//!
//! Rule **plan-budget** of docs/spec.

mod costs;
mod knapsack;

use super::arrivals::Arrival;
use super::demand::{Floors, Needs};
use super::keep_rules::{self, Doing};
use super::{AmpleRun, FundingFailure, KeepRules, PlanSetting, with_steps};
use crate::engine::event::Event;
use crate::engine::{PlannedStep, Refusal, Simulation};
use crate::model::action::{Target, Verb};
use crate::model::book::Book;
use crate::model::instance::{InstanceIndex, State};
use crate::model::money::Money;
use costs::Costs;

/// So many sets are replayed at most.
const REPLAYS: usize = 4_096;

/// What the budget keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The money there is, on the first day on which it can be there.
    pub budget: Money,
    /// What stays, by id.
    pub kept: Vec<InstanceIndex>,
    /// What is let go, by id.
    pub let_go: Vec<InstanceIndex>,
    /// What the kept ones are worth together.
    pub worth: u128,
    /// No set that the budget keeps is worth more than this.
    pub most: u128,
}

impl Selection {
    /// Whether no other set is worth more.
    pub fn is_best(&self) -> bool {
        self.worth == self.most
    }
}

/// An instance that could be let go, and what it is worth.
pub(super) type Candidate = (InstanceIndex, u128);

/// An account whose money does not suffice.
pub(super) struct FundsShortage<'s, 'b> {
    pub setting: &'s PlanSetting<'s>,
    /// The account before anything is done.
    pub opening: &'s Simulation<'b>,
    /// What is done so that all candidates stay.
    pub steps: &'s [Doing],
    pub keeps: &'s KeepRules<'s>,
    /// Those stopped at the opening that come back with ample money.
    pub returning: &'s [InstanceIndex],
    pub budget: Money,
    pub reserve: Option<Money>,
}

/// What comes of letting some instances go.
pub(super) struct SelectionOutcome<'b> {
    /// What is done.
    pub steps: Vec<Doing>,
    pub run: AmpleRun<'b>,
}

impl<'b> FundsShortage<'_, 'b> {
    /// The best set that is found.
    pub(super) fn solve(&self, candidates: &[Candidate]) -> Result<Selection, Refusal> {
        let total = candidates.iter().map(|(_, worth)| worth).sum();
        let (chosen, most) = match self.is_additive(candidates) {
            true => {
                let costs = Costs::costs_of_candidates(self, candidates)?;
                knapsack::best(
                    &costs,
                    &candidates
                        .iter()
                        .map(|(_, worth)| *worth)
                        .collect::<Vec<_>>(),
                )
            }
            false => self.best_by_replay(candidates, total)?,
        };
        let named = |wanted: bool| {
            let these = candidates
                .iter()
                .zip(&chosen)
                .filter(move |(_, chosen)| **chosen == wanted);
            these
                .map(|((instance, _), _)| *instance)
                .collect::<Vec<_>>()
        };
        let worth = candidates
            .iter()
            .zip(&chosen)
            .filter(|(_, chosen)| **chosen)
            .map(|((_, worth), _)| worth)
            .sum();
        Ok(Selection {
            budget: self.budget,
            kept: named(true),
            let_go: named(false),
            worth,
            most,
        })
    }

    /// What comes of letting these go, with the budget. What of them, or of those that were never to be kept, comes back from
    /// arrears is stopped on the day after.
    pub(super) fn outcome(
        &self,
        let_go: &[InstanceIndex],
    ) -> Result<SelectionOutcome<'b>, Refusal> {
        let stays = |doing: &&Doing| let_go.binary_search(&doing.1).is_err();
        let kept = self.steps.iter().filter(stays).copied();
        let gone = let_go
            .iter()
            .filter_map(|instance| keep_rules::let_go(self.opening, *instance));
        let mut steps: Vec<Doing> = kept.chain(gone).collect();
        let mut trial = self.trial(&steps, Some(self.budget));
        let mut all_gone = [let_go, &self.keeps.let_go].concat();
        all_gone.sort_unstable();
        let last = trial.book().days.to;
        let entries = keep_rules::advance(&mut trial, last, (&all_gone, &mut steps))?;
        steps.sort_by_key(keep_rules::order);
        Ok(SelectionOutcome {
            steps,
            run: AmpleRun {
                entries,
                end: trial,
            },
        })
    }

    /// The instances that could be let go, of those that are to be kept: with ample money they cost something by themselves,
    /// or by what is done for them.
    pub(super) fn candidates(&self) -> Vec<Candidate> {
        let asked = |instance: InstanceIndex| self.keeps.let_go.binary_search(&instance).is_err();
        let costly = |instance: InstanceIndex| {
            let renewed = self
                .steps
                .iter()
                .any(|(_, one, verb)| *one == instance && *verb != Verb::Stop);
            renewed
                || self.returning.binary_search(&instance).is_ok()
                || keep_rules::let_go(self.opening, instance).is_some()
        };
        let worth = |instance: InstanceIndex| {
            self.setting
                .question
                .worth
                .get(&instance)
                .copied()
                .unwrap_or(0)
        };
        let these = self
            .opening
            .instances()
            .filter(|instance| asked(*instance) && costly(*instance));
        these.map(|instance| (instance, worth(instance))).collect()
    }

    /// The account with what is done, and the budget on its way, if there is one.
    pub(super) fn trial(&self, steps: &[Doing], budget: Option<Money>) -> Simulation<'b> {
        let mut trial = with_steps(self.opening, steps);
        if let Some((first, budget)) = self.setting.first().zip(budget) {
            trial.add_step(first, PlannedStep::Receive(budget));
        }
        trial
    }

    /// What a run needs whose first money, so much, is taken off.
    pub(super) fn needs<'n>(&'n self, run: &AmpleRun<'n>, first_money: Money) -> Needs<'n> {
        let arrivals: &[Arrival] = &self.setting.arrivals[..1];
        Needs::needs_of_run(
            run,
            (arrivals, first_money),
            Floors {
                reserve: self.reserve,
                alert: None,
            },
        )
    }

    /// What fails in a run.
    pub(super) fn failures(&self, run: &AmpleRun<'_>) -> Vec<FundingFailure> {
        let needs = self.needs(run, Money::ZERO);
        let first = self.setting.first();
        // What was in trouble at the opening can wait for the first money.
        let waits = |failure: &FundingFailure| {
            let state = failure
                .instance
                .and_then(|instance| self.opening.state(instance));
            first.is_some_and(|first| failure.day < first)
                && state.is_some_and(|state| state != State::Running)
        };
        let unmet = needs.unmet.into_iter().filter(|failure| !waits(failure));
        unmet
            .chain(needs.top_ups.into_iter().map(|top_up| top_up.first))
            .collect()
    }

    /// Whether everything is paid that is not let go, and comes back.
    fn is_kept(&self, run: &AmpleRun<'_>, let_go: &[InstanceIndex]) -> bool {
        let is_back = |instance: InstanceIndex| {
            run.entries
                .iter()
                .any(|entry| entry.event == Event::Restored && entry.instance == Some(instance))
        };
        let mut returning = self
            .returning
            .iter()
            .filter(|instance| let_go.binary_search(instance).is_err());
        returning.all(|instance| is_back(*instance)) && self.failures(run).is_empty()
    }

    /// Whether what one instance costs does not depend on the others.
    fn is_additive(&self, candidates: &[Candidate]) -> bool {
        let book = self.opening.book();
        let account = book.account(self.opening.account());
        let running = |instance: InstanceIndex| {
            matches!(self.opening.state(instance), None | Some(State::Running))
        };
        account.vouchers.is_empty()
            && book.grants.is_empty()
            && account.arrears_hours.is_none()
            && candidates.iter().all(|(instance, _)| running(*instance))
            && self
                .opening
                .instances()
                .all(|instance| self.opening.state(instance) != Some(State::Stopped))
            && self.setting.plain_actions
    }

    /// Goes through sets of instances, those with the most valuable ones first, and replays each.
    fn best_by_replay(
        &self,
        candidates: &[Candidate],
        total: u128,
    ) -> Result<(Vec<bool>, u128), Refusal> {
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        order.sort_by_key(|at| (std::cmp::Reverse(candidates[*at].1), *at));
        let mut best: Option<(u128, Vec<bool>)> = None;
        let mut most = 0;
        let mut replays = 0;
        let mut waiting = vec![(0, vec![true; candidates.len()], total)];
        while let Some((depth, chosen, bound)) = waiting.pop() {
            if best.as_ref().is_some_and(|(worth, _)| bound <= *worth) {
                continue;
            }
            if replays == REPLAYS {
                most = most.max(bound);
                continue;
            }
            replays += 1;
            let let_go: Vec<_> = candidates
                .iter()
                .zip(&chosen)
                .filter(|(_, in_set)| !**in_set)
                .collect();
            let let_go: Vec<InstanceIndex> = let_go
                .into_iter()
                .map(|((instance, _), _)| *instance)
                .collect();
            if self.is_kept(&self.outcome(&let_go)?.run, &let_go) {
                best = Some((bound, chosen));
                continue;
            }
            // Every smaller set lacks a first one of these, in the order of worth; the least is left out first.
            for at in depth..order.len() {
                let mut fewer = chosen.clone();
                fewer[order[at]] = false;
                waiting.push((at + 1, fewer, bound - candidates[order[at]].1));
            }
        }
        let (worth, chosen) = best.unwrap_or((0, vec![false; candidates.len()]));
        Ok((chosen, most.max(worth)))
    }
}

/// Whether all actions of a book move money or prices alone, so that none meets an instance in another state if some other
/// instance is let go.
pub(super) fn are_plain(book: &Book) -> bool {
    book.actions
        .iter()
        .all(|action| match (action.target.clone(), action.verb) {
            (Target::Account, _) => true,
            (Target::Instance(_), Verb::SetPrice(_)) => true,
            _ => !book.days.contains(action.date),
        })
}
