//! The choice of terms as a whole-number program, for a solver (simplex with branch and bound). The only file that knows it;
//! what it answers is checked by others in whole numbers.

#![expect(
    clippy::cast_precision_loss,
    clippy::float_arithmetic,
    reason = "the solver works with fractions; amounts are added up anew from the offers that it names"
)]

use microlp::{ComparisonOp, OptimizationDirection, Problem, SolveOptions, Variable};

use super::market::{Market, Picks};

/// Larger programs are left to the bound and its rounding.
const MAX_VARIABLES: usize = 1_500;
/// The most nodes of the solver's tree: a number, not a time, so that every machine answers alike.
const MAX_SOLVER_NODES: u64 = 400;

/// The offers that the solver chooses, if it chooses one of each. `known` is a choice that fits.
pub(super) fn solve(market: &Market, known: Option<&[usize]>) -> Option<Picks> {
    let variables: usize = market.offers.iter().map(Vec::len).sum();
    if variables > MAX_VARIABLES {
        return None;
    }
    let scale = scale(market);
    let mut problem = Problem::new(OptimizationDirection::Minimize);
    let mut chosen: Vec<Vec<Variable>> = Vec::new();
    for offers in &market.offers {
        let costs = offers.iter().map(|offer| offer.cost as f64 / scale);
        let variables: Vec<Variable> = costs.map(|cost| problem.add_binary_var(cost)).collect();
        chosen.push(variables);
    }
    for variables in &chosen {
        let one: Vec<_> = variables.iter().map(|variable| (*variable, 1.0)).collect();
        problem.add_constraint(one.as_slice(), ComparisonOp::Eq, 1.0);
    }
    for (month, room) in market.rooms.iter().enumerate() {
        let offers = market.offers.iter().flatten().zip(chosen.iter().flatten());
        let paid: Vec<_> = offers
            .filter(|(offer, _)| offer.paid[month] != 0)
            .map(|(offer, variable)| (*variable, offer.paid[month] as f64 / scale))
            .collect();
        if !paid.is_empty() {
            problem.add_constraint(paid.as_slice(), ComparisonOp::Le, *room as f64 / scale);
        }
    }

    let start = known.map(|picks| {
        let mut hints = Vec::new();
        for (variables, pick) in chosen.iter().zip(picks) {
            let numbered = variables.iter().enumerate();
            hints.extend(numbered.map(|(at, one)| (*one, f64::from(u8::from(at == *pick)))));
        }
        hints
    });
    let mut options = SolveOptions::default();
    (options.node_limit, options.warm_start) = (Some(MAX_SOLVER_NODES), start);
    let solution = problem.solve_with(options).ok()?.into_solution().ok()?;
    let picks = chosen.iter().map(|variables| {
        let mut values = variables.iter().map(|one| solution.var_value(*one));
        values.position(|value| value > 0.5)
    });
    picks.collect()
}

/// Amounts near one are what the solver is best at.
fn scale(market: &Market) -> f64 {
    let costs = market.offers.iter().flatten().map(|offer| offer.cost);
    let amounts = costs.chain(market.rooms.iter().copied()).map(i64::abs);
    amounts.max().unwrap_or(1).max(1) as f64 / 1_000.0
}
