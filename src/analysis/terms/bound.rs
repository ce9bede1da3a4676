//! How little any choice below a ceiling can cost, in whole numbers, and a choice near it.
//!
//! If each month had a price for what is paid in it, every instance would choose alone. The sum of what they choose, less the
//! price of all room there is, is no more than the cost of any choice that fits: whatever the prices, which only decide how
//! near the bound comes.
//!
//! Rule **terms-proof** of docs/spec.

use super::market::{Market, Offer};

/// Prices of months are thousandths of a minor unit of cost for a minor unit paid.
pub(super) const UNIT: i128 = 1_000;
/// So many times the prices are corrected.
const ROUNDS: i128 = 400;

/// Prices of months, and the cost that no choice can be below.
pub(super) fn prove(market: &Market, rooms: &[i64]) -> (Vec<i128>, i64) {
    let mut prices = vec![0; rooms.len()];
    let mut best = (prices.clone(), i128::MIN);
    for round in 1..=ROUNDS {
        let picks = chosen(market, &prices);
        let value = value(market, rooms, (&prices, &picks));
        if value > best.1 {
            best = (prices.clone(), value);
        }
        let sums = market.sums(&picks);
        let worst = sums
            .iter()
            .zip(rooms)
            .map(|(sum, room)| (sum - room).abs())
            .max()
            .unwrap_or(0)
            .max(1);
        for ((price, sum), room) in prices.iter_mut().zip(&sums).zip(rooms) {
            // Dear months become dearer, idle ones cheaper, by less and less.
            let step = i128::from(sum - room) * UNIT / (i128::from(worst) * (1 + round / 8));
            *price = (*price + step / 4).max(0);
        }
    }
    let whole = best.1.div_euclid(UNIT) + i128::from(best.1.rem_euclid(UNIT) > 0);
    (best.0, i64::try_from(whole).unwrap_or(i64::MIN))
}

/// What each instance chooses at these prices.
fn chosen(market: &Market, prices: &[i128]) -> Vec<usize> {
    let least = |offers: &Vec<Offer>| {
        let best = offers
            .iter()
            .enumerate()
            .min_by_key(|(_, offer)| (priced(offer, prices), offer.months));
        best.map_or(0, |(at, _)| at)
    };
    market.offers.iter().map(least).collect()
}

pub(super) fn priced(offer: &Offer, prices: &[i128]) -> i128 {
    let paid: i128 = offer
        .paid
        .iter()
        .zip(prices)
        .map(|(paid, price)| i128::from(*paid) * price)
        .sum();
    i128::from(offer.cost) * UNIT + paid
}

fn value(market: &Market, rooms: &[i64], (prices, picks): (&[i128], &[usize])) -> i128 {
    let chosen: i128 = market
        .offers
        .iter()
        .zip(picks)
        .map(|(offers, pick)| priced(&offers[*pick], prices))
        .sum();
    let room: i128 = rooms
        .iter()
        .zip(prices)
        .map(|(room, price)| i128::from(*room) * price)
        .sum();
    chosen - room
}

/// A choice that fits, if one is found: what is chosen at these prices, mended where it pays too much, then made cheaper where
/// there is room.
pub(super) fn round(market: &Market, rooms: &[i64], prices: &[i128]) -> Option<Vec<usize>> {
    let mut picks = chosen(market, prices);
    let mut sums = market.sums(&picks);
    let excess = |sums: &[i64]| -> i64 {
        sums.iter()
            .zip(rooms)
            .map(|(sum, room)| (sum - room).max(0))
            .sum()
    };
    while excess(&sums) > 0 {
        let present = excess(&sums);
        let mut best: Option<(i128, usize, usize)> = None;
        for (at, offers) in market.offers.iter().enumerate() {
            for pick in (0..offers.len()).filter(|pick| *pick != picks[at]) {
                let less = present - excess(&moved(&sums, &offers[picks[at]], &offers[pick]));
                let dearer = i128::from(offers[pick].cost - offers[picks[at]].cost);
                // Dear for little relief comes last.
                let rank = if less > 0 {
                    dearer * UNIT / i128::from(less)
                } else {
                    continue;
                };
                if best.is_none_or(|(known, ..)| rank < known) {
                    best = Some((rank, at, pick));
                }
            }
        }
        let (_, at, pick) = best?;
        sums = moved(
            &sums,
            &market.offers[at][picks[at]],
            &market.offers[at][pick],
        );
        picks[at] = pick;
    }
    improve(market, rooms, (&mut picks, &mut sums));
    Some(picks)
}

/// Takes cheaper offers as long as one fits.
fn improve(market: &Market, rooms: &[i64], (picks, sums): (&mut [usize], &mut Vec<i64>)) {
    loop {
        let mut changed = false;
        for (at, offers) in market.offers.iter().enumerate() {
            let mut cheaper: Vec<usize> = (0..offers.len()).collect();
            cheaper.retain(|pick| offers[*pick].cost < offers[picks[at]].cost);
            cheaper.sort_by_key(|pick| (offers[*pick].cost, *pick));
            let fitting = cheaper.into_iter().find_map(|pick| {
                let moved = moved(sums, &offers[picks[at]], &offers[pick]);
                moved
                    .iter()
                    .zip(rooms)
                    .all(|(sum, room)| sum <= room)
                    .then_some((pick, moved))
            });
            if let Some((pick, moved)) = fitting {
                (picks[at], *sums, changed) = (pick, moved, true);
            }
        }
        if !changed {
            return;
        }
    }
}

/// What the months pay if one offer takes the place of another.
fn moved(sums: &[i64], from: &Offer, to: &Offer) -> Vec<i64> {
    sums.iter()
        .zip(from.paid.iter().zip(&to.paid))
        .map(|(sum, (from, to))| sum - from + to)
        .collect()
}
