//! The set of greatest worth that every payment leaves possible, by branch and bound in whole numbers.
//!
//! A candidate that is taken lowers what is left at each payment; a payment counts if one of its owners is taken. Whoever is
//! taken, what the set has spent by a payment is at most the greatest slack up to it: that bounds what can still be taken,
//! whole candidates first and a part of the last.

use std::cmp::{Ordering, Reverse};

use super::costs::{BalanceCheck, Costs};

/// So many branches are followed at most.
const BRANCHES: usize = 200_000;
/// So many payments are held against what can still be taken.
const CEILINGS: usize = 6;

/// The best set found, and the most that any set can be worth.
pub(super) fn best(costs: &Costs, worth: &[u128]) -> (Vec<bool>, u128) {
    let count = worth.len();
    let last = costs.spent(costs.checks.len());
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|one, other| density(worth, &last, *one, *other));
    let mut search = KnapsackSearch {
        costs,
        worth,
        ceilings: ceilings(costs, worth),
        order,
        left: costs.checks.iter().map(|check| check.slack).collect(),
        taken: vec![false; count],
    };
    if search.is_possible() {
        search.run()
    } else {
        (vec![false; count], 0)
    }
}

/// Greater worth for the same money comes first; what costs nothing before all.
fn density(worth: &[u128], cost: &[i64], one: usize, other: usize) -> Ordering {
    let price = |at: usize| u128::try_from(cost[at]).unwrap_or(0);
    let (left, right) = (
        worth[one].checked_mul(price(other)),
        worth[other].checked_mul(price(one)),
    );
    let by_density = match (left, right) {
        (Some(left), Some(right)) => right.cmp(&left),
        // Worths of many priorities: the greater one is beyond any price.
        _ => worth[other].cmp(&worth[one]),
    };
    by_density
        .then(Reverse(worth[one]).cmp(&Reverse(worth[other])))
        .then(one.cmp(&other))
}

/// A payment by which only so much can have been spent.
struct Ceiling {
    cap: i64,
    spent: Vec<i64>,
    order: Vec<usize>,
}

fn ceilings(costs: &Costs, worth: &[u128]) -> Vec<Ceiling> {
    let count = costs.checks.len();
    let step = count.div_ceil(CEILINGS).max(1);
    let ceiling = |at: usize| {
        let cap = costs.checks[..=at]
            .iter()
            .map(|check| check.slack)
            .max()
            .unwrap_or(0);
        let spent = costs.spent(at);
        let mut order: Vec<usize> = (0..worth.len()).collect();
        order.sort_by(|one, other| density(worth, &spent, *one, *other));
        Ceiling { cap, spent, order }
    };
    (0..count).rev().step_by(step).map(ceiling).collect()
}

struct KnapsackSearch<'c> {
    costs: &'c Costs,
    worth: &'c [u128],
    ceilings: Vec<Ceiling>,
    /// Candidates in the order in which they are decided.
    order: Vec<usize>,
    /// What each payment leaves.
    left: Vec<i64>,
    taken: Vec<bool>,
}

impl KnapsackSearch<'_> {
    /// Whether every payment that is made leaves enough.
    fn is_possible(&self) -> bool {
        let made = |check: &BalanceCheck| {
            check
                .owners
                .as_ref()
                .is_none_or(|owners| owners.iter().any(|at| self.taken[*at]))
        };
        self.costs
            .checks
            .iter()
            .zip(&self.left)
            .all(|(check, left)| *left >= 0 || !made(check))
    }

    fn take(&mut self, candidate: usize, taken: bool) {
        self.taken[candidate] = taken;
        let sign = if taken { -1 } else { 1 };
        let mut spent = 0;
        let mut payments = self.costs.payments[candidate].iter().peekable();
        let from = payments.peek().map_or(self.left.len(), |(at, _)| *at);
        for (at, left) in self.left.iter_mut().enumerate().skip(from) {
            while let Some((_, amount)) = payments.next_if(|(paid, _)| *paid == at) {
                spent += amount;
            }
            *left += sign * spent;
        }
    }

    /// Takes each candidate where that is possible, then goes back to the last one that was taken and leaves it out.
    fn run(&mut self) -> (Vec<bool>, u128) {
        let (mut depth, mut worth) = (0, 0);
        let mut path: Vec<usize> = Vec::new();
        let mut best = (0, self.taken.clone());
        let mut missed = 0;
        let mut branches = 0;
        let mut skipped = true;
        loop {
            while let Some(candidate) = self.order.get(depth).copied() {
                if skipped {
                    let bound = worth + self.bound(depth);
                    let hopeless = bound <= best.0 && branches > 0;
                    branches += 1;
                    if branches > BRANCHES && !hopeless {
                        missed = missed.max(bound);
                    }
                    if hopeless || branches > BRANCHES {
                        break;
                    }
                }
                self.take(candidate, true);
                skipped = !self.is_possible();
                if skipped {
                    self.take(candidate, false);
                } else {
                    path.push(depth);
                    worth += self.worth[candidate];
                }
                depth += 1;
            }
            if worth > best.0 {
                best = (worth, self.taken.clone());
            }
            let Some(last) = path.pop() else {
                return (best.1, best.0.max(missed));
            };
            let candidate = self.order[last];
            self.take(candidate, false);
            worth -= self.worth[candidate];
            (depth, skipped) = (last + 1, true);
        }
    }

    /// The most that the candidates from `depth` on can add.
    fn bound(&self, depth: usize) -> u128 {
        let mut open = vec![false; self.worth.len()];
        self.order[depth..].iter().for_each(|at| open[*at] = true);
        let all = self.order[depth..].iter().map(|at| self.worth[*at]).sum();
        self.ceilings
            .iter()
            .map(|ceiling| self.below(ceiling, &open))
            .fold(all, u128::min)
    }

    /// The most that open candidates can add below a ceiling, the last of them in part.
    fn below(&self, ceiling: &Ceiling, open: &[bool]) -> u128 {
        let spent = |at: usize| ceiling.spent[at];
        let used: i64 = (0..self.worth.len())
            .filter(|at| self.taken[*at])
            .map(spent)
            .sum();
        let mut room = ceiling.cap - used;
        let mut most = 0;
        for at in ceiling.order.iter().copied().filter(|at| open[*at]) {
            if spent(at) <= room.max(0) {
                room -= spent(at);
                most += self.worth[at];
                continue;
            }
            let (room, cost) = (
                u128::try_from(room).unwrap_or(0),
                u128::try_from(spent(at)).unwrap_or(1),
            );
            most += self.worth[at]
                .checked_mul(room)
                .map_or(self.worth[at], |part| part / cost);
            return most;
        }
        most
    }
}
