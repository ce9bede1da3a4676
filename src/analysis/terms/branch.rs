//! All choices that fit, without those that cannot cost less than the best one (branch and bound): what is left proves that it
//! is the cheapest.
//!
//! Once a part of the instances has chosen, the prices of `bound` say how little the rest can cost at any rate.

use super::bound::{PRICE_UNIT, price_of, priced, whole_units};
use super::market::{Market, Picks, add_to, least_paid};

/// The most partial choices that are looked at.
const MAX_NODES: usize = 300_000;
/// Accounts with more instances are left to the bound.
const MAX_INSTANCES: usize = 500;

/// The cheapest choice that was found.
pub(super) struct SearchResult {
    pub best: Option<Picks>,
    /// Whether all others were ruled out.
    pub is_proven: bool,
}

/// Searches for the cheapest choice, starting from one that fits if one is known.
pub(super) fn complete(market: &Market, prices: &[i128], known: Option<Picks>) -> SearchResult {
    if market.offers.len() > MAX_INSTANCES {
        return SearchResult {
            best: known,
            is_proven: false,
        };
    }
    let mut search = TermsSearch {
        market,
        prices,
        rest: vec![0],
        least: vec![vec![0; prices.len()]],
        left: market.rooms.clone(),
        picks: Vec::new(),
        best: known.map(|picks| (market.cost(&picks), picks)),
        nodes: 0,
    };
    search.bound_suffixes();
    search.descend(0);
    SearchResult {
        is_proven: search.nodes <= MAX_NODES,
        best: search.best.map(|(_, picks)| picks),
    }
}

struct TermsSearch<'m> {
    market: &'m Market,
    prices: &'m [i128],
    /// For each instance what it and those behind it choose at these prices, together.
    rest: Vec<i128>,
    /// The same for the least that they can pay in each month.
    least: Vec<Vec<i64>>,
    /// What each month leaves.
    left: Vec<i64>,
    picks: Picks,
    best: Option<(i64, Picks)>,
    nodes: usize,
}

impl TermsSearch<'_> {
    /// What is chosen, and the least that is paid, from each instance on.
    fn bound_suffixes(&mut self) {
        for (behind, offers) in self.market.offers.iter().rev().enumerate() {
            let chosen = offers.iter().map(|offer| priced(offer, self.prices)).min();
            self.rest.push(self.rest[behind] + chosen.unwrap_or(0));
            let months = self.least[behind].iter().enumerate();
            let least = months.map(|(month, least)| least + least_paid(offers, month));
            self.least.push(least.collect());
        }
        self.rest.reverse();
        self.least.reverse();
    }

    fn descend(&mut self, cost: i64) {
        let at = self.picks.len();
        self.nodes += 1;
        if self.nodes > MAX_NODES || !self.can_be_cheaper(at, cost) {
            return;
        }
        let market = self.market;
        let Some(offers) = market.offers.get(at) else {
            if self.best.as_ref().is_none_or(|(best, _)| cost < *best) {
                self.best = Some((cost, self.picks.clone()));
            }
            return;
        };
        let mut order: Vec<usize> = (0..offers.len()).collect();
        order.sort_by_key(|pick| (priced(&offers[*pick], self.prices), *pick));
        for pick in order {
            let offer = &offers[pick];
            let left = self.left.iter_mut().zip(&offer.paid);
            left.for_each(|(left, paid)| *left -= paid);
            self.picks.push(pick);
            self.descend(cost + offer.cost);
            self.picks.pop();
            add_to(&mut self.left, &offer.paid);
        }
    }

    /// Whether the instances from `at` on can fit, and all together cost less than the best choice.
    fn can_be_cheaper(&self, at: usize, cost: i64) -> bool {
        let mut months = self.left.iter().zip(&self.least[at]);
        if months.any(|(left, least)| left < least) {
            return false;
        }
        let Some((best, _)) = &self.best else {
            return true;
        };
        let room = price_of(&self.left, self.prices);
        let bound = i128::from(cost) * PRICE_UNIT + self.rest[at] - room;
        whole_units(bound) < i128::from(*best)
    }
}
