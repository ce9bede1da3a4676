//! What is on offer: the periods of each instance, what a lifetime costs with each, and what it pays in which month.
//!
//! It never decides: `bound`, `branch` and `solver` choose among the offers.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::charge;
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::Entry;
use crate::engine::{Refusal, Simulation};
use crate::model::calendar::Day;
use crate::model::instance::{ChargeType, InstanceIndex, RenewFlag, State};
use crate::model::money::{Exact, Money};

/// A period of an instance.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    pub months: u32,
    /// What the lifetime costs, in minor units.
    pub cost: i64,
    /// What is paid for it in each month of the run, vouchers included.
    pub paid: Vec<i64>,
}

/// A choice: for each instance the number of its offer.
pub(super) type Picks = Vec<usize>;

/// The offers of an account.
pub(super) struct Market {
    /// The instances that renew themselves, by id.
    pub instances: Vec<InstanceIndex>,
    /// The offers of each, by months.
    pub offers: Vec<Vec<Offer>>,
    /// The present offers.
    pub present: Picks,
    /// What each month leaves for terms below the ceiling.
    pub rooms: Vec<i64>,
    months: Vec<Day>,
}

impl Market {
    /// Replays the account with each period on offer. Without a ceiling there is room for everything.
    pub(super) fn explore(
        opening: &Simulation<'_>,
        lifetime: u32,
        ample: Money,
        ceiling: Option<Money>,
    ) -> Result<Self, Refusal> {
        let mut offers: BTreeMap<InstanceIndex, Vec<Offer>> = BTreeMap::new();
        let mut instances_by_period: BTreeMap<u32, BTreeMap<InstanceIndex, u32>> = BTreeMap::new();
        let renewing = opening
            .instances()
            .filter(|one| renews_itself(opening, *one));
        for instance in renewing {
            offers.insert(instance, Vec::new());
            for months in periods(opening, instance, lifetime) {
                let choosing = instances_by_period.entry(months).or_default();
                choosing.insert(instance, months);
            }
        }
        for (months, choosing) in instances_by_period {
            let mut paid = PaidByMonth::with_terms(opening, &choosing, ample)?;
            for instance in choosing.into_keys() {
                let none = || vec![0; paid.months.len()];
                let offer = Offer {
                    months,
                    cost: lifetime_cost(opening, instance, months, lifetime).minor(),
                    paid: paid.of_instances.remove(&instance).unwrap_or_else(none),
                };
                offers.entry(instance).or_default().push(offer);
            }
        }
        let (instances, offers): (Vec<_>, Vec<_>) = offers.into_iter().unzip();
        let present = instances.iter().zip(&offers).map(|(instance, offers)| {
            let months = opening.book().instance(*instance).renew_months;
            let at = offers.iter().position(|offer| offer.months == months);
            at.expect("the present months are among the offers")
        });
        let mut market = Self {
            present: present.collect(),
            instances,
            offers,
            rooms: Vec::new(),
            months: opening.book().days.months().collect(),
        };
        let terms = market.terms(&market.present);
        let fixed = PaidByMonth::with_terms(opening, &terms, ample)?
            .fixed
            .into_iter();
        let room = |fixed| ceiling.map_or(i64::MAX, |ceiling| ceiling.minor() - fixed);
        market.rooms = fixed.map(room).collect();
        Ok(market)
    }

    /// The instances with the months of their picks.
    pub(super) fn terms(&self, picks: &[usize]) -> BTreeMap<InstanceIndex, u32> {
        let months = self.picked(picks).map(|offer| offer.months);
        self.instances.iter().copied().zip(months).collect()
    }

    /// The offers of a choice.
    pub(super) fn picked(&self, picks: &[usize]) -> impl Iterator<Item = &Offer> {
        let offers = self.offers.iter().zip(picks);
        offers.map(|(offers, pick)| &offers[*pick])
    }

    /// The cheapest offer of each; of equal ones the present, then the shortest.
    pub(super) fn cheapest(&self) -> Picks {
        let instances = self.offers.iter().zip(&self.present);
        instances
            .map(|(offers, present)| {
                best_offer(offers, |at, offer| {
                    (offer.cost, at != *present, offer.months)
                })
            })
            .collect()
    }

    /// The same choice, with the present offers wherever they cost no more and fit.
    pub(super) fn keep_present(&self, mut picks: Picks) -> Picks {
        let mut sums = self.sums(&picks);
        for (at, present) in self.present.iter().enumerate() {
            let (now, then) = (&self.offers[at][*present], &self.offers[at][picks[at]]);
            let moved = moved(&sums, then, now);
            if now.cost <= then.cost && self.has_room(&moved) {
                (picks[at], sums) = (*present, moved);
            }
        }
        picks
    }

    pub(super) fn cost(&self, picks: &[usize]) -> i64 {
        self.picked(picks).map(|offer| offer.cost).sum()
    }

    /// What is paid for terms in each month.
    pub(super) fn sums(&self, picks: &[usize]) -> Vec<i64> {
        let mut sums = vec![0; self.months.len()];
        self.picked(picks)
            .for_each(|offer| add_to(&mut sums, &offer.paid));
        sums
    }

    /// Whether each month can pay this for terms.
    pub(super) fn has_room(&self, sums: &[i64]) -> bool {
        sums.iter().zip(&self.rooms).all(|(sum, room)| sum <= room)
    }

    pub(super) fn fits(&self, picks: &[usize]) -> bool {
        self.has_room(&self.sums(picks))
    }

    /// A month that pays too much whatever is chosen, and by how much.
    pub(super) fn impossible(&self) -> Option<(Day, Money)> {
        (0..self.months.len()).find_map(|month| {
            let least: i64 = self
                .offers
                .iter()
                .map(|offers| least_paid(offers, month))
                .sum();
            let over = least > self.rooms[month];
            over.then(|| {
                (
                    self.months[month],
                    Money::from_minor(least - self.rooms[month]),
                )
            })
        })
    }
}

/// The number of the offer with the least rank.
pub(super) fn best_offer<K: Ord>(offers: &[Offer], rank: impl Fn(usize, &Offer) -> K) -> usize {
    let best = (0..offers.len()).min_by_key(|at| rank(*at, &offers[*at]));
    best.unwrap_or(0)
}

/// The least that any offer pays in a month.
pub(super) fn least_paid(offers: &[Offer], month: usize) -> i64 {
    offers
        .iter()
        .map(|offer| offer.paid[month])
        .min()
        .unwrap_or(0)
}

/// What the months pay if one offer takes the place of another.
pub(super) fn moved(sums: &[i64], from: &Offer, to: &Offer) -> Vec<i64> {
    let paid = from.paid.iter().zip(&to.paid);
    sums.iter()
        .zip(paid)
        .map(|(sum, (from, to))| sum - from + to)
        .collect()
}

pub(super) fn add_to(sums: &mut [i64], paid: &[i64]) {
    sums.iter_mut()
        .zip(paid)
        .for_each(|(sum, paid)| *sum += paid);
}

fn renews_itself(opening: &Simulation<'_>, instance: InstanceIndex) -> bool {
    let listed = opening.book().instance(instance);
    let lives = opening.state(instance) != Some(State::Terminated);
    lives && listed.charge_type == ChargeType::Prepaid && listed.renew_flag == RenewFlag::Auto
}

/// The periods that an instance can choose: those on offer within the lifetime, and its present one.
fn periods(opening: &Simulation<'_>, instance: InstanceIndex, lifetime: u32) -> BTreeSet<u32> {
    let listed = opening.book().instance(instance);
    let offered = opening.book().profile(listed.profile).renew_periods.iter();
    let fitting = offered.copied().filter(|months| *months <= lifetime);
    fitting.chain([listed.renew_months]).collect()
}

/// What a lifetime costs with terms of this many months: as much of the terms as is used, rounded once.
fn lifetime_cost(
    opening: &Simulation<'_>,
    instance: InstanceIndex,
    months: u32,
    lifetime: u32,
) -> Money {
    let book = opening.book();
    let listed = book.instance(instance);
    let monthly = listed
        .monthly_price
        .expect("a checked book gives every prepaid instance a monthly price");
    let currency = book.account(opening.account()).currency;
    let profile = book.profile(listed.profile);
    let price = charge::renewal(profile, currency, monthly, months);
    let used = Exact::fraction(lifetime, months.max(1));
    (price.exact(currency) * used).round(currency, profile.rounding)
}

/// What an account pays in the months of a run.
pub(super) struct PaidByMonth {
    months: Vec<Day>,
    /// For terms that an instance pays by itself.
    of_instances: BTreeMap<InstanceIndex, Vec<i64>>,
    /// For everything else.
    fixed: Vec<i64>,
}

impl PaidByMonth {
    /// Replays the account with ample money and these months.
    pub(super) fn with_terms(
        opening: &Simulation<'_>,
        terms: &BTreeMap<InstanceIndex, u32>,
        ample: Money,
    ) -> Result<Self, Refusal> {
        let mut fork = opening.clone();
        fork.add_opening_cash(ample);
        for (instance, months) in terms {
            fork.set_months(*instance, *months);
        }
        let days = fork.book().days;
        fork.advance(days.to)?;
        let months: Vec<Day> = days.months().collect();
        let none = vec![0; months.len()];
        let (mut of_instances, mut fixed) = (BTreeMap::new(), none.clone());
        for entry in fork.take_entries() {
            let Some(spent) = spent(&entry) else { continue };
            let month = months.partition_point(|month| *month <= entry.date) - 1;
            let chosen = entry.instance.filter(|one| terms.contains_key(one));
            match chosen.filter(|_| pays_by_itself(&entry)) {
                Some(instance) => {
                    of_instances.entry(instance).or_insert_with(|| none.clone())[month] += spent;
                }
                None => fixed[month] += spent,
            }
        }
        Ok(Self {
            months,
            of_instances,
            fixed,
        })
    }

    /// The month that pays most, the first of equal ones.
    pub(super) fn peak(&self) -> Option<(Day, Money)> {
        let mut sums = self.fixed.clone();
        self.of_instances
            .values()
            .for_each(|paid| add_to(&mut sums, paid));
        let months = self.months.iter().zip(sums).rev();
        let (month, sum) = months.max_by_key(|(_, sum)| *sum)?;
        Some((*month, Money::from_minor(sum)))
    }
}

/// What a row pays, vouchers included; what comes in or back is no payment.
fn spent(entry: &Entry) -> Option<i64> {
    let movement = entry
        .movement
        .filter(|movement| movement.amount() <= Money::ZERO)?;
    Some(-(movement.amount() + movement.voucher).minor())
}

/// Whether a row pays for a term of the instance's own months.
fn pays_by_itself(entry: &Entry) -> bool {
    match entry.event {
        Event::Renewed | Event::Recovered => entry.reason == Some(Reason::Auto),
        Event::Purchased => entry.action.is_none(),
        _ => false,
    }
}
