//! The choice of terms as a whole-number program, for a solver. The only file that knows it; what it answers is checked by
//! others in whole numbers.

#![expect(
    clippy::cast_precision_loss,
    clippy::float_arithmetic,
    reason = "the solver works with fractions; amounts are added up anew from the offers that it names"
)]

use microlp::{ComparisonOp, OptimizationDirection, Problem, SolveOptions, Variable};

use super::market::Market;

/// Larger programs are left to the bound and its rounding.
const MOST_VARIABLES: usize = 1_500;
/// So many nodes of the solver's tree are visited at most: a number, not a time, so that every machine answers alike.
const NODES: u64 = 400;

/// The offers that the solver chooses, if it chooses one of each. `known` is a choice that fits.
pub(super) fn solve(market: &Market, rooms: &[i64], known: Option<&[usize]>) -> Option<Vec<usize>> {
    let variables: usize = market.offers.iter().map(Vec::len).sum();
    if variables > MOST_VARIABLES {
        return None;
    }
    let scale = scale(market, rooms);
    let mut problem = Problem::new(OptimizationDirection::Minimize);
    let chosen: Vec<Vec<Variable>> = market
        .offers
        .iter()
        .map(|offers| {
            offers
                .iter()
                .map(|offer| problem.add_binary_var(offer.cost as f64 / scale))
                .collect()
        })
        .collect();
    for variables in &chosen {
        let one: Vec<(Variable, f64)> = variables.iter().map(|variable| (*variable, 1.0)).collect();
        problem.add_constraint(one.as_slice(), ComparisonOp::Eq, 1.0);
    }
    for (month, room) in rooms.iter().enumerate() {
        let paid = market
            .offers
            .iter()
            .zip(&chosen)
            .flat_map(|(offers, variables)| offers.iter().zip(variables));
        let paid = paid.filter(|(offer, _)| offer.paid[month] != 0);
        let paid: Vec<(Variable, f64)> = paid
            .map(|(offer, variable)| (*variable, offer.paid[month] as f64 / scale))
            .collect();
        if !paid.is_empty() {
            problem.add_constraint(paid.as_slice(), ComparisonOp::Le, *room as f64 / scale);
        }
    }
    let start = known.map(|picks| {
        let all = chosen.iter().zip(picks);
        let hints = all.flat_map(|(variables, pick)| {
            variables
                .iter()
                .enumerate()
                .map(move |(at, variable)| (*variable, f64::from(u8::from(at == *pick))))
        });
        hints.collect()
    });
    let mut options = SolveOptions::default();
    (options.node_limit, options.warm_start) = (Some(NODES), start);
    let solution = problem.solve_with(options).ok()?.into_solution().ok()?;
    let pick = |variables: &Vec<Variable>| {
        variables
            .iter()
            .position(|one| solution.var_value(*one) > 0.5)
    };
    chosen.iter().map(pick).collect()
}

/// Amounts near one are what the solver is best at.
fn scale(market: &Market, rooms: &[i64]) -> f64 {
    let costs = market.offers.iter().flatten().map(|offer| offer.cost);
    costs
        .chain(rooms.iter().copied())
        .map(i64::abs)
        .max()
        .unwrap_or(1)
        .max(1) as f64
        / 1_000.0
}
