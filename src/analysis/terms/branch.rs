//! All choices that fit, without those that cannot cost less than the best one: what is left proves that it is the cheapest.
//!
//! What a part of the instances has chosen, the bound of `bound` tells how little the rest can cost at any rate.
//!
//! Rule **terms-proof** of docs/spec.

use super::bound::{UNIT, priced};
use super::market::Market;

/// So many parts of choices are looked at most.
const MOST: usize = 300_000;
/// Accounts with more instances are left to the bound.
const MOST_INSTANCES: usize = 500;

/// The cheapest choice, starting from one that fits if one is known, and whether all others were ruled out.
pub(super) fn complete(
    (market, rooms): (&Market, &[i64]),
    prices: &[i128],
    known: Option<Vec<usize>>,
) -> (Option<Vec<usize>>, bool) {
    if market.offers.len() > MOST_INSTANCES {
        return (known, false);
    }
    let best = known.map(|picks| (market.cost(&picks), picks));
    let (rest, least) = suffixes(market, prices);
    let mut search = TermsSearch {
        market,
        prices,
        rest,
        least,
        left: rooms.to_vec(),
        picks: Vec::new(),
        best,
        looked_at: 0,
    };
    search.descend(0);
    let proven = search.looked_at <= MOST;
    (search.best.map(|(_, picks)| picks), proven)
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
    picks: Vec<usize>,
    best: Option<(i64, Vec<usize>)>,
    looked_at: usize,
}

/// What is chosen, and the least that is paid, from each instance on.
fn suffixes(market: &Market, prices: &[i128]) -> (Vec<i128>, Vec<Vec<i64>>) {
    let mut rest = vec![0];
    let mut least = vec![vec![0; prices.len()]];
    for (behind, offers) in market.offers.iter().rev().enumerate() {
        let chosen = offers
            .iter()
            .map(|offer| priced(offer, prices))
            .min()
            .unwrap_or(0);
        rest.push(rest[behind] + chosen);
        let of_month = |month: usize| {
            offers
                .iter()
                .map(|offer| offer.paid[month])
                .min()
                .unwrap_or(0)
        };
        least.push(
            (0..prices.len())
                .map(|month| least[behind][month] + of_month(month))
                .collect(),
        );
    }
    rest.reverse();
    least.reverse();
    (rest, least)
}

impl TermsSearch<'_> {
    fn descend(&mut self, cost: i64) {
        let at = self.picks.len();
        self.looked_at += 1;
        if self.looked_at > MOST || !self.can_be_cheaper(at, cost) {
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
            self.left
                .iter_mut()
                .zip(&offer.paid)
                .for_each(|(left, paid)| *left -= paid);
            self.picks.push(pick);
            self.descend(cost + offer.cost);
            self.picks.pop();
            self.left
                .iter_mut()
                .zip(&offer.paid)
                .for_each(|(left, paid)| *left += paid);
        }
    }

    /// Whether the instances from `at` on can fit, and all together cost less than the best choice.
    fn can_be_cheaper(&self, at: usize, cost: i64) -> bool {
        if self
            .left
            .iter()
            .zip(&self.least[at])
            .any(|(left, least)| left < least)
        {
            return false;
        }
        let Some((best, _)) = &self.best else {
            return true;
        };
        let room: i128 = self
            .left
            .iter()
            .zip(self.prices)
            .map(|(left, price)| i128::from(*left) * price)
            .sum();
        let bound = i128::from(cost) * UNIT + self.rest[at] - room;
        bound.div_euclid(UNIT) + i128::from(bound.rem_euclid(UNIT) > 0) < i128::from(*best)
    }
}
