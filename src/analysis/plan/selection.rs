//! Which instances to keep where the money does not suffice for all.
//!
//! A set of instances is possible if the replay with the budget, and with everything else let go, shows no failure. Where
//! nothing but balances ties instances together, what each of them costs is known from one run with ample money, and a set is
//! possible if at every payment enough is left: `knapsack` searches these sets. Where vouchers, actions of people or arrears tie
//! them together, every set is replayed, best first. Either way the chosen set is replayed at the end.

mod costs;
mod knapsack;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::demand::{Floors, Needs};
use super::keep_rules;
use super::{AmpleRun, FundingFailure, InstanceStep, PlanSetting, with_steps};
use crate::engine::event::Event;
use crate::engine::{PlannedStep, Refusal, Simulation};
use crate::model::action::{Target, Verb};
use crate::model::book::Book;
use crate::model::instance::{InstanceIndex, State};
use crate::model::money::Money;
use costs::Costs;
use knapsack::BestSet;

/// The most sets that are replayed.
const MAX_REPLAYS: usize = 4_096;

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
pub(super) struct Candidate {
    pub instance: InstanceIndex,
    pub worth: u128,
}

/// An account whose money does not suffice.
pub(super) struct FundsShortage<'s, 'b> {
    pub setting: &'s PlanSetting<'s>,
    /// The account before anything is done.
    pub opening: &'s Simulation<'b>,
    /// What is done so that all candidates stay.
    pub steps: &'s [InstanceStep],
    /// What was never to be kept.
    pub let_go: &'s BTreeSet<InstanceIndex>,
    /// Those stopped at the opening that come back with ample money.
    pub returning: &'s BTreeSet<InstanceIndex>,
    pub budget: Money,
    pub reserve: Option<Money>,
}

/// What comes of letting some instances go.
pub(super) struct SelectionOutcome<'b> {
    /// What is done.
    pub steps: Vec<InstanceStep>,
    pub run: AmpleRun<'b>,
}

/// A set that has not been replayed.
struct OpenSet {
    /// Candidates before this place in the order are decided.
    depth: usize,
    chosen: Vec<bool>,
    worth: u128,
}

impl<'b> FundsShortage<'_, 'b> {
    /// The best set that is found.
    pub(super) fn solve(&self) -> Result<Selection, Refusal> {
        let candidates = self.candidates();
        let best = if self.is_additive(&candidates) {
            let costs = Costs::costs_of_candidates(self, &candidates)?;
            let worths: Vec<u128> = candidates.iter().map(|one| one.worth).collect();
            knapsack::best(&costs, &worths)
        } else {
            self.best_by_replay(&candidates)?
        };
        let mut selection = Selection {
            budget: self.budget,
            kept: Vec::new(),
            let_go: Vec::new(),
            worth: 0,
            most: best.most,
        };
        for (candidate, is_kept) in candidates.iter().zip(best.chosen) {
            if is_kept {
                selection.kept.push(candidate.instance);
                selection.worth += candidate.worth;
            } else {
                selection.let_go.push(candidate.instance);
            }
        }
        debug_assert!(
            selection.worth <= selection.most,
            "a bound holds for what is found"
        );
        Ok(selection)
    }

    /// What comes of letting these go, with the budget. What of them, or of those that were never to be kept, comes back from
    /// arrears is stopped on the day after.
    pub(super) fn outcome(
        &self,
        let_go: &BTreeSet<InstanceIndex>,
    ) -> Result<SelectionOutcome<'b>, Refusal> {
        let kept = self
            .steps
            .iter()
            .filter(|step| !let_go.contains(&step.instance));
        let gone = let_go
            .iter()
            .filter_map(|instance| keep_rules::let_go(self.opening, *instance));
        let mut steps: Vec<InstanceStep> = kept.copied().chain(gone).collect();
        let mut end = self.fork(&steps, Some(self.budget));
        let all_gone = let_go | self.let_go;
        let last = end.book().days.to;
        let entries = keep_rules::advance(&mut end, last, &all_gone, &mut steps)?;
        steps.sort_by_key(InstanceStep::rank);
        Ok(SelectionOutcome {
            steps,
            run: AmpleRun { entries, end },
        })
    }

    /// The instances that could be let go, of those that are to be kept: with ample money they cost something by themselves,
    /// or by what is done for them.
    fn candidates(&self) -> Vec<Candidate> {
        let renewed = self.steps.iter().filter(|step| step.verb != Verb::Stop);
        let renewed: BTreeSet<InstanceIndex> = renewed.map(|step| step.instance).collect();
        let worths = &self.setting.question.worth;
        let asked = self
            .opening
            .instances()
            .filter(|one| !self.let_go.contains(one));
        asked
            .filter(|instance| {
                renewed.contains(instance)
                    || self.returning.contains(instance)
                    || keep_rules::let_go(self.opening, *instance).is_some()
            })
            .map(|instance| Candidate {
                instance,
                worth: worths.get(&instance).copied().unwrap_or(0),
            })
            .collect()
    }

    /// The account with what is done, and the budget on its way, if there is one.
    fn fork(&self, steps: &[InstanceStep], budget: Option<Money>) -> Simulation<'b> {
        let mut fork = with_steps(self.opening, steps);
        if let Some((first, budget)) = self.setting.first().zip(budget) {
            fork.add_step(first, PlannedStep::Receive(budget));
        }
        fork
    }

    /// Alerts do not count where money is short.
    fn floors(&self) -> Floors {
        Floors {
            reserve: self.reserve,
            alert: None,
        }
    }

    /// What a run needs whose first money, this much, is taken off.
    pub(super) fn needs<'n>(&'n self, run: &AmpleRun<'n>, first_money: Money) -> Needs<'n> {
        Needs::needs_of_run(run, &self.setting.arrivals[..1], first_money, self.floors())
    }

    /// What fails in a run.
    pub(super) fn failures(&self, run: &AmpleRun<'_>) -> Vec<FundingFailure> {
        let needs = self.needs(run, Money::ZERO);
        let first = self.setting.first();
        let mut failures = needs.unmet;
        failures.retain(|failure| {
            let instance = failure.instance;
            let state = instance.and_then(|instance| self.opening.state(instance));
            // What was in trouble at the opening can wait for the first money.
            let is_early = first.is_some_and(|first| failure.day < first);
            !is_early || state.is_none_or(|state| state == State::Running)
        });
        failures.extend(needs.top_ups.into_iter().map(|top_up| top_up.first));
        failures
    }

    /// Whether everything is paid that is not let go, and comes back.
    fn is_kept(&self, run: &AmpleRun<'_>, let_go: &BTreeSet<InstanceIndex>) -> bool {
        let restored = run
            .entries
            .iter()
            .filter(|entry| entry.event == Event::Restored);
        let restored: BTreeSet<_> = restored.filter_map(|entry| entry.instance).collect();
        let mut returning = self.returning.difference(let_go);
        returning.all(|instance| restored.contains(instance)) && self.failures(run).is_empty()
    }

    /// Whether what one instance costs does not depend on the others.
    fn is_additive(&self, candidates: &[Candidate]) -> bool {
        let book = self.opening.book();
        let account = book.account(self.opening.account());
        let state = |instance| self.opening.state(instance);
        account.vouchers.is_empty()
            && book.grants.is_empty()
            && account.arrears_hours.is_none()
            && candidates
                .iter()
                .all(|one| matches!(state(one.instance), None | Some(State::Running)))
            && self
                .opening
                .instances()
                .all(|one| state(one) != Some(State::Stopped))
            && self.setting.plain_actions
    }

    /// Goes through sets of instances, those with the most valuable ones first, and replays each: branch and bound, where the
    /// worth of a set bounds that of its subsets.
    fn best_by_replay(&self, candidates: &[Candidate]) -> Result<BestSet, Refusal> {
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        order.sort_by_key(|at| (Reverse(candidates[*at].worth), *at));
        let mut best: Option<OpenSet> = None;
        let mut most = 0;
        let mut replays = 0;
        let mut waiting = vec![OpenSet {
            depth: 0,
            chosen: vec![true; candidates.len()],
            worth: candidates.iter().map(|one| one.worth).sum(),
        }];
        while let Some(set) = waiting.pop() {
            if best.as_ref().is_some_and(|best| set.worth <= best.worth) {
                continue;
            }
            if replays == MAX_REPLAYS {
                most = most.max(set.worth);
                continue;
            }
            replays += 1;
            let all = candidates.iter().zip(&set.chosen);
            let let_go = all.filter(|(_, chosen)| !**chosen);
            let let_go = let_go.map(|(candidate, _)| candidate.instance).collect();
            if self.is_kept(&self.outcome(&let_go)?.run, &let_go) {
                best = Some(set);
                continue;
            }
            // Children drop one more element each, least valuable first; every subset is reached once.
            for at in set.depth..order.len() {
                let mut chosen = set.chosen.clone();
                chosen[order[at]] = false;
                waiting.push(OpenSet {
                    depth: at + 1,
                    chosen,
                    worth: set.worth - candidates[order[at]].worth,
                });
            }
        }
        let worth = best.as_ref().map_or(0, |best| best.worth);
        let none = || vec![false; candidates.len()];
        Ok(BestSet {
            chosen: best.map_or_else(none, |best| best.chosen),
            most: most.max(worth),
        })
    }
}

/// Whether all actions of a book move money or prices alone, so that none meets an instance in another state if some other
/// instance is let go.
pub(super) fn are_plain(book: &Book) -> bool {
    let mut actions = book.actions.iter();
    actions.all(|action| match (&action.target, action.verb) {
        (Target::Account, _) | (Target::Instance(_), Verb::SetPrice(_)) => true,
        _ => !book.days.contains(action.date),
    })
}
