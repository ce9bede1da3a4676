//! The set of greatest worth that every payment leaves possible: a knapsack with many bounds, by branch and bound in whole
//! numbers. It never replays.
//!
//! A candidate that is taken lowers what is left at each payment; a payment counts if one of its owners is taken. Whoever is
//! taken, what the set has spent by a payment is at most the greatest slack up to it: that bounds what can still be taken,
//! whole candidates first and a part of the last (the linear relaxation).

use super::costs::{BalanceCheck, Costs};

/// The most branches that are followed.
const MAX_BRANCHES: usize = 200_000;
/// The most payments that bound what can still be taken.
const MAX_CEILINGS: usize = 6;

/// A set of candidates, and the most that any set can be worth.
pub(super) struct BestSet {
    /// For each candidate whether it is in the set.
    pub chosen: Vec<bool>,
    pub most: u128,
}

/// The best set found.
pub(super) fn best(costs: &Costs, worth: &[u128]) -> BestSet {
    debug_assert_eq!(
        costs.payments.len(),
        worth.len(),
        "each candidate has a worth"
    );
    let mut search = KnapsackSearch {
        costs,
        worth,
        ceilings: ceilings(costs, worth),
        order: by_density(worth, &costs.spent(costs.checks.len())),
        left: costs.checks.iter().map(|check| check.slack).collect(),
        taken: vec![false; worth.len()],
    };
    if search.is_possible() {
        return search.run();
    }
    BestSet {
        chosen: search.taken,
        most: 0,
    }
}

/// Candidates by worth for money, greatest first; what costs nothing before all.
fn by_density(worth: &[u128], cost: &[i64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..worth.len()).collect();
    order.sort_by(|one, other| {
        // Compares worth by cost without a division: both sides are multiplied by both costs.
        let of_one = worth[*one].checked_mul(u128::try_from(cost[*other]).unwrap_or(0));
        let of_other = worth[*other].checked_mul(u128::try_from(cost[*one]).unwrap_or(0));
        let by_worth = worth[*other].cmp(&worth[*one]);
        // Where worths of many priorities overflow, the greater one is beyond any price.
        let by_density = of_one
            .zip(of_other)
            .map_or(by_worth, |(one, other)| other.cmp(&one));
        by_density.then(by_worth).then(one.cmp(other))
    });
    order
}

/// A payment by which at most `cap` can have been spent.
struct Ceiling {
    cap: i64,
    /// What each candidate has spent by it.
    spent: Vec<i64>,
    order: Vec<usize>,
}

fn ceilings(costs: &Costs, worth: &[u128]) -> Vec<Ceiling> {
    let count = costs.checks.len();
    let step = count.div_ceil(MAX_CEILINGS).max(1);
    let chosen = (0..count).rev().step_by(step);
    chosen
        .map(|at| {
            let slacks = costs.checks[..=at].iter().map(|check| check.slack);
            let spent = costs.spent(at);
            Ceiling {
                cap: slacks.max().unwrap_or(0),
                order: by_density(worth, &spent),
                spent,
            }
        })
        .collect()
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
        let mut checks = self.costs.checks.iter().zip(&self.left);
        checks.all(|(check, left)| *left >= 0 || !self.is_made(check))
    }

    fn is_made(&self, check: &BalanceCheck) -> bool {
        let owners = check.owners.as_ref();
        owners.is_none_or(|owners| owners.iter().any(|at| self.taken[*at]))
    }

    fn take(&mut self, candidate: usize, taken: bool) {
        self.taken[candidate] = taken;
        let sign = if taken { -1 } else { 1 };
        let mut spent = 0;
        let mut payments = self.costs.payments[candidate].iter().peekable();
        let from = payments
            .peek()
            .map_or(self.left.len(), |payment| payment.check);
        for (at, left) in self.left.iter_mut().enumerate().skip(from) {
            while let Some(payment) = payments.next_if(|payment| payment.check == at) {
                spent += payment.amount;
            }
            *left += sign * spent;
        }
    }

    /// Takes each candidate where that is possible, then goes back to the last one that was taken and leaves it out.
    fn run(&mut self) -> BestSet {
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
                    if branches > MAX_BRANCHES && !hopeless {
                        missed = missed.max(bound);
                    }
                    if hopeless || branches > MAX_BRANCHES {
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
                return BestSet {
                    chosen: best.1,
                    most: missed.max(best.0),
                };
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
        let bounds = self
            .ceilings
            .iter()
            .map(|ceiling| self.below(ceiling, &open));
        bounds.fold(all, u128::min)
    }

    /// The most that open candidates can add below a ceiling, the last of them in part.
    fn below(&self, ceiling: &Ceiling, open: &[bool]) -> u128 {
        let spent = ceiling.spent.iter().zip(&self.taken);
        let used: i64 = spent
            .filter(|(_, taken)| **taken)
            .map(|(spent, _)| spent)
            .sum();
        let mut room = ceiling.cap - used;
        let mut most = 0;
        for at in ceiling.order.iter().copied().filter(|at| open[*at]) {
            let (worth, spent) = (self.worth[at], ceiling.spent[at]);
            if spent > room.max(0) {
                let part = worth.checked_mul(u128::try_from(room).unwrap_or(0));
                let spent = u128::try_from(spent).unwrap_or(1);
                return most + part.map_or(worth, |part| part / spent);
            }
            room -= spent;
            most += worth;
        }
        most
    }
}
