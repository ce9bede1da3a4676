//! Many runs of a book: what each comes to as a whole, limits that it must keep, and the efficient ones.

use std::collections::BTreeMap;

use super::figures::{AccountOutcome, GroupFigures, Measure, Sum};
use crate::model::money::Currency;
use crate::model::selector::Comparison;

/// What a run comes to as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunTotal {
    /// The money of the accounts of one currency, and the counts of all accounts.
    pub sum: Sum,
    /// What each group of instances has of it.
    pub parts: Vec<GroupFigures>,
}

impl RunTotal {
    /// Adds up all accounts; money that of one currency.
    pub fn total_in(outcomes: &[AccountOutcome], currency: Currency) -> Self {
        let figures = outcomes.iter().map(|outcome| &outcome.figures);
        let mut sum = Sum::sum_figures(figures.clone().filter(|one| one.currency == currency));
        sum.counts = Sum::sum_figures(figures).counts;
        let groups = outcomes.first().map_or(0, |outcome| outcome.parts.len());
        let mut parts = vec![GroupFigures::default(); groups];
        for outcome in outcomes {
            for (sum, part) in parts.iter_mut().zip(&outcome.parts) {
                *sum += *part;
            }
        }
        Self { sum, parts }
    }
}

/// A condition on a figure, such as `terminated = 0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The figure.
    pub measure: Measure,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what: minor units, or a count.
    pub bound: i64,
    /// The group of instances of which it is the figure; none for all.
    pub group: Option<usize>,
}

impl Limit {
    /// Whether a run keeps it. An unknown figure keeps none.
    pub fn is_kept(&self, total: &RunTotal) -> bool {
        self.figure(total)
            .is_some_and(|figure| self.comparison.holds(figure.cmp(&self.bound)))
    }

    /// The figure of a run that it is about: minor units, or a count; none where it is not known.
    pub fn figure(&self, total: &RunTotal) -> Option<i64> {
        let part = self.group.and_then(|group| total.parts.get(group));
        let part = part.map(|part| Sum {
            totals: part.totals,
            counts: part.counts,
            ..Sum::default()
        });
        part.unwrap_or(total.sum).get(self.measure)
    }

    /// How far a run is from keeping it, in millionths of its bound; 0 where it keeps it.
    fn excess(&self, total: &RunTotal) -> i128 {
        match self.figure(total) {
            _ if self.is_kept(total) => 0,
            Some(figure) => {
                let (figure, bound) = (i128::from(figure), i128::from(self.bound));
                ((figure - bound).abs() * MILLION / bound.abs().max(1)).max(1)
            }
            None => i128::from(i64::MAX),
        }
    }
}

/// Parts in which excesses over different limits are compared.
const MILLION: i128 = 1_000_000;

/// The run that is nearest to keeping all limits: it breaks the fewest, and of runs that break equally many it is the one
/// whose figures exceed their bounds least in all, in proportion to them; then the first.
/// Rule **nearest-run**.
pub fn nearest(totals: &[RunTotal], limits: &[Limit]) -> Option<usize> {
    (0..totals.len()).min_by_key(|number| {
        let total = &totals[*number];
        let broken = limits.iter().filter(|limit| !limit.is_kept(total)).count();
        let excess: i128 = limits.iter().map(|limit| limit.excess(total)).sum();
        (broken, excess, *number)
    })
}

/// Which of these pairs of cost and losses are efficient (the Pareto frontier): no other has less of one and not more of the
/// other.
pub fn frontier(points: &[(i64, i64)]) -> Vec<bool> {
    let mut cheapest: BTreeMap<i64, i64> = BTreeMap::new();
    for (cost, losses) in points {
        let least = cheapest.entry(*losses).or_insert(*cost);
        *least = (*least).min(*cost);
    }
    let mut best: Option<i64> = None;
    cheapest.retain(|_, cost| {
        let is_efficient = best.is_none_or(|best| *cost < best);
        best = best.filter(|_| !is_efficient).or(Some(*cost));
        is_efficient
    });
    points
        .iter()
        .map(|(cost, losses)| cheapest.get(losses) == Some(cost))
        .collect()
}
