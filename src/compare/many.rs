//! Many runs of a book: what each comes to as a whole, limits that it must keep, and the efficient ones.

use std::collections::BTreeMap;

use super::cache::Outcome;
use super::figures::{Counts, Measure, Part, Sum};
use crate::money::Currency;
use crate::selector::Comparison;

/// What a run comes to as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Total {
    /// The money of the accounts of one currency, and how often what happened in all accounts.
    pub sum: Sum,
    /// What each group of instances has of it.
    pub parts: Vec<Part>,
}

impl Total {
    /// Adds up all accounts; money that of one currency.
    pub fn of(outcomes: &[Outcome], currency: Currency) -> Self {
        let figures = || outcomes.iter().map(|outcome| &outcome.figures);
        let mut sum = Sum::of(figures().filter(|figures| figures.currency == currency));
        sum.counts = figures().map(|figures| figures.counts).sum::<Counts>();
        let groups = outcomes.first().map_or(0, |outcome| outcome.parts.len());
        let mut parts = vec![Part::default(); groups];
        for outcome in outcomes {
            parts.iter_mut().zip(&outcome.parts).for_each(|(sum, part)| *sum += *part);
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
    /// Whether a run keeps it. A figure that cannot be told keeps none.
    pub fn is_kept(&self, total: &Total) -> bool {
        let part = self.group.and_then(|group| total.parts.get(group));
        let part = part.map(|part| Sum { totals: part.totals, counts: part.counts, ..Sum::default() });
        let figure = part.unwrap_or(total.sum).get(self.measure);
        figure.is_some_and(|figure| self.comparison.holds(figure.cmp(&self.bound)))
    }
}

/// Which of these pairs of cost and losses are efficient: none of the others has less of one and not more of the other.
pub fn frontier(points: &[(i64, i64)]) -> Vec<bool> {
    let mut cheapest: BTreeMap<i64, i64> = BTreeMap::new();
    for (cost, losses) in points {
        let least = cheapest.entry(*losses).or_insert(*cost);
        *least = (*least).min(*cost);
    }
    let mut best: Option<i64> = None;
    cheapest.retain(|_, cost| {
        let is_efficient = best.is_none_or(|best| *cost < best);
        best = Some(best.map_or(*cost, |best| best.min(*cost)));
        is_efficient
    });
    points.iter().map(|(cost, losses)| cheapest.get(losses) == Some(cost)).collect()
}
