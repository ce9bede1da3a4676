//! How little any choice below a ceiling can cost, in whole numbers, and a choice near it: a Lagrangian bound, whose prices a
//! subgradient method improves.
//!
//! If each month had a price for what is paid in it, every instance would choose alone. The sum of what they choose, less the
//! price of all room there is, is no more than the cost of any choice that fits: whatever the prices, which only decide how
//! near the bound comes. So the bound holds even where the method stops early.

use super::market::{Market, Offer, Picks, best_offer, moved};

/// Prices of months are thousandths of a minor unit of cost for a minor unit paid.
pub(super) const PRICE_UNIT: i128 = 1_000;
/// Number of steps of the subgradient method.
const SUBGRADIENT_STEPS: i128 = 400;

/// The best bound that was found.
pub(super) struct LagrangianBound {
    /// Prices of months.
    pub prices: Vec<i128>,
    /// The cost that no choice can be below.
    pub least_cost: i64,
}

/// Improves the prices of months by the subgradient method.
pub(super) fn prove(market: &Market) -> LagrangianBound {
    let mut prices = vec![0; market.rooms.len()];
    debug_assert!(!prices.is_empty(), "a run touches a month");
    let mut best = (i128::MIN, prices.clone());
    for step in 1..=SUBGRADIENT_STEPS {
        let picks = choose_alone(market, &prices);
        let value = dual_value(market, &prices, &picks);
        if value > best.0 {
            best = (value, prices.clone());
        }
        let excess = market.sums(&picks).into_iter().zip(&market.rooms);
        // The subgradient: what each month pays beyond its room.
        let excess: Vec<i64> = excess.map(|(sum, room)| sum - room).collect();
        let worst = excess
            .iter()
            .map(|excess| excess.abs())
            .max()
            .unwrap_or(0)
            .max(1);
        for (price, excess) in prices.iter_mut().zip(excess) {
            // Dear months become dearer, idle ones cheaper, by less and less: else the prices would swing for ever.
            let change = i128::from(excess) * PRICE_UNIT / (i128::from(worst) * (1 + step / 8));
            *price = (*price + change / 4).max(0);
        }
    }
    LagrangianBound {
        prices: best.1,
        least_cost: i64::try_from(whole_units(best.0)).unwrap_or(i64::MIN),
    }
}

/// Rounds a bound up to minor units, since costs are whole.
pub(super) fn whole_units(bound: i128) -> i128 {
    bound.div_euclid(PRICE_UNIT) + i128::from(bound.rem_euclid(PRICE_UNIT) > 0)
}

/// What each instance chooses at these prices.
fn choose_alone(market: &Market, prices: &[i128]) -> Picks {
    let offers = market.offers.iter();
    offers
        .map(|offers| best_offer(offers, |_, offer| (priced(offer, prices), offer.months)))
        .collect()
}

/// The cost of an offer and of what it pays, at these prices.
pub(super) fn priced(offer: &Offer, prices: &[i128]) -> i128 {
    i128::from(offer.cost) * PRICE_UNIT + price_of(&offer.paid, prices)
}

/// The price of paying these sums in the months.
pub(super) fn price_of(sums: &[i64], prices: &[i128]) -> i128 {
    let months = sums.iter().zip(prices);
    months.map(|(sum, price)| i128::from(*sum) * price).sum()
}

fn dual_value(market: &Market, prices: &[i128], picks: &[usize]) -> i128 {
    let chosen: i128 = market
        .picked(picks)
        .map(|offer| priced(offer, prices))
        .sum();
    chosen - price_of(&market.rooms, prices)
}

/// A choice that fits, if one is found: what is chosen at these prices, mended where it pays too much, then made cheaper where
/// there is room (greedy, both ways).
pub(super) fn round(market: &Market, prices: &[i128]) -> Option<Picks> {
    let mut picks = choose_alone(market, prices);
    let mut sums = market.sums(&picks);
    while excess(market, &sums) > 0 {
        let (at, pick) = best_relief(market, &picks, &sums)?;
        let offers = &market.offers[at];
        sums = moved(&sums, &offers[picks[at]], &offers[pick]);
        picks[at] = pick;
    }
    improve(market, &mut picks, sums);
    Some(picks)
}

/// What months pay beyond their rooms.
fn excess(market: &Market, sums: &[i64]) -> i64 {
    let months = sums.iter().zip(&market.rooms);
    months.map(|(sum, room)| (sum - room).max(0)).sum()
}

/// The exchange of an offer that relieves the months most cheaply: its instance and its offer.
fn best_relief(market: &Market, picks: &[usize], sums: &[i64]) -> Option<(usize, usize)> {
    let present = excess(market, sums);
    let mut best: Option<(i128, (usize, usize))> = None;
    for (at, offers) in market.offers.iter().enumerate() {
        let taken = &offers[picks[at]];
        for (pick, offer) in offers.iter().enumerate() {
            let relief = present - excess(market, &moved(sums, taken, offer));
            if pick == picks[at] || relief <= 0 {
                continue;
            }
            let rank = i128::from(offer.cost - taken.cost) * PRICE_UNIT / i128::from(relief);
            if best.is_none_or(|(known, _)| rank < known) {
                best = Some((rank, (at, pick)));
            }
        }
    }
    best.map(|(_, exchange)| exchange)
}

/// Takes cheaper offers as long as one fits.
fn improve(market: &Market, picks: &mut [usize], mut sums: Vec<i64>) {
    loop {
        let mut changed = false;
        for (offers, pick) in market.offers.iter().zip(&mut *picks) {
            let taken = &offers[*pick];
            let cheaper = offers
                .iter()
                .enumerate()
                .filter(|one| one.1.cost < taken.cost);
            let fitting = cheaper
                .map(|(at, offer)| (offer.cost, at, moved(&sums, taken, offer)))
                .filter(|(.., moved)| market.has_room(moved))
                .min_by_key(|(cost, at, _)| (*cost, *at));
            if let Some((_, at, moved)) = fitting {
                (*pick, sums, changed) = (at, moved, true);
            }
        }
        if !changed {
            return;
        }
    }
}
