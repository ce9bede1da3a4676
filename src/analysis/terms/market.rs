//! What is on offer: the periods of each instance, what a lifetime costs with each, and what it pays in which month.
//!
//! Rule **terms-ceiling** of docs/spec.

use std::collections::{BTreeMap, BTreeSet};

use super::{Choice, lifetime_cost};
use crate::engine::charge;
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::Entry;
use crate::engine::{Refusal, Simulation};
use crate::model::calendar::Day;
use crate::model::instance::{ChargeType, InstanceIndex, RenewFlag, State};
use crate::model::money::Money;

/// A period of an instance.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    pub months: u32,
    /// What the lifetime costs, in minor units.
    pub cost: i64,
    /// What is paid for it in each month of the run, vouchers included.
    pub paid: Vec<i64>,
}

/// The offers of an account.
pub(super) struct Market {
    /// The instances that renew themselves, by id.
    pub instances: Vec<InstanceIndex>,
    /// The offers of each, by months.
    pub offers: Vec<Vec<Offer>>,
    /// The numbers of the present offers.
    pub present: Vec<usize>,
    /// What the account pays in each month for everything else.
    fixed: Vec<i64>,
    months: Vec<Day>,
}

/// What an account pays in the months of a run.
pub(super) struct PaidByMonth {
    months: Vec<Day>,
    /// For terms that an instance pays by itself.
    of_instances: BTreeMap<InstanceIndex, Vec<i64>>,
    /// For everything else.
    fixed: Vec<i64>,
}

impl Market {
    pub(super) fn explore(
        opening: &Simulation<'_>,
        (lifetime, ample): (u32, Money),
    ) -> Result<Self, Refusal> {
        let book = opening.book();
        let instances: Vec<InstanceIndex> = opening
            .instances()
            .filter(|one| renews_itself(opening, *one))
            .collect();
        let periods = |instance: InstanceIndex| -> Vec<u32> {
            let listed = book.instance(instance);
            let offered = &book.profile(listed.profile).renew_periods;
            let fitting: BTreeSet<u32> = offered
                .iter()
                .copied()
                .filter(|months| *months <= lifetime)
                .collect();
            fitting
                .into_iter()
                .chain([listed.renew_months])
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect()
        };
        let mut offers: Vec<Vec<Offer>> = vec![Vec::new(); instances.len()];
        let all: BTreeSet<u32> = instances
            .iter()
            .flat_map(|instance| periods(*instance))
            .collect();
        for months in all {
            let choosing: Vec<(InstanceIndex, u32)> = instances
                .iter()
                .filter(|instance| periods(**instance).contains(&months))
                .map(|instance| (*instance, months))
                .collect();
            let mut paid = paid(opening, &choosing, ample)?;
            for (instance, _) in choosing {
                let at = instances
                    .binary_search(&instance)
                    .expect("it is one of the instances");
                let paid = paid
                    .of_instances
                    .remove(&instance)
                    .unwrap_or_else(|| vec![0; paid.months.len()]);
                let cost = cost(opening, instance, (months, lifetime));
                offers[at].push(Offer {
                    months,
                    cost: cost.minor(),
                    paid,
                });
            }
        }
        let is_present = |(instance, offers): (&InstanceIndex, &Vec<Offer>)| {
            let present = book.instance(*instance).renew_months;
            offers
                .iter()
                .position(|offer| offer.months == present)
                .expect("the present months are among the offers")
        };
        let present = instances.iter().zip(&offers).map(is_present).collect();
        let mut market = Self {
            present,
            instances,
            offers,
            fixed: Vec::new(),
            months: book.days.months().collect(),
        };
        market.fixed = paid(opening, &market.named(&market.present), ample)?.fixed;
        Ok(market)
    }

    /// What each month leaves for terms below a ceiling.
    pub(super) fn rooms(&self, ceiling: Money) -> Vec<i64> {
        self.fixed
            .iter()
            .map(|fixed| ceiling.minor() - fixed)
            .collect()
    }

    /// The instances with the months of their picks.
    pub(super) fn named(&self, picks: &[usize]) -> Vec<(InstanceIndex, u32)> {
        let offers = self
            .offers
            .iter()
            .zip(picks)
            .map(|(offers, pick)| offers[*pick].months);
        self.instances.iter().copied().zip(offers).collect()
    }

    /// The cheapest offer of each; of equal ones the present, then the shortest.
    pub(super) fn cheapest(&self) -> Vec<usize> {
        let least = |(offers, present): (&Vec<Offer>, &usize)| {
            let best = offers
                .iter()
                .enumerate()
                .min_by_key(|(at, offer)| (offer.cost, at != present, offer.months));
            best.map_or(0, |(at, _)| at)
        };
        self.offers.iter().zip(&self.present).map(least).collect()
    }

    /// The same choice, with the present offers wherever they cost no more and fit.
    pub(super) fn settled(&self, mut picks: Vec<usize>, rooms: &[i64]) -> Vec<usize> {
        let mut sums = self.sums(&picks);
        for (at, present) in self.present.iter().enumerate() {
            let (now, then) = (&self.offers[at][*present], &self.offers[at][picks[at]]);
            let paid = now.paid.iter().zip(&then.paid);
            let moved: Vec<i64> = sums
                .iter()
                .zip(paid)
                .map(|(sum, (now, then))| sum + now - then)
                .collect();
            if now.cost <= then.cost && moved.iter().zip(rooms).all(|(sum, room)| sum <= room) {
                (picks[at], sums) = (*present, moved);
            }
        }
        picks
    }

    pub(super) fn cost(&self, picks: &[usize]) -> i64 {
        self.offers
            .iter()
            .zip(picks)
            .map(|(offers, pick)| offers[*pick].cost)
            .sum()
    }

    /// What is paid for terms in each month.
    pub(super) fn sums(&self, picks: &[usize]) -> Vec<i64> {
        let mut sums = vec![0; self.months.len()];
        for (offers, pick) in self.offers.iter().zip(picks) {
            sums.iter_mut()
                .zip(&offers[*pick].paid)
                .for_each(|(sum, paid)| *sum += paid);
        }
        sums
    }

    pub(super) fn fits(&self, picks: &[usize], rooms: &[i64]) -> bool {
        self.sums(picks)
            .iter()
            .zip(rooms)
            .all(|(sum, room)| sum <= room)
    }

    /// A month that pays too much whatever is chosen, and by how much.
    /// Rule **terms-impossible**.
    pub(super) fn impossible(&self, rooms: &[i64]) -> Option<(Day, Money)> {
        let least = |month: usize| -> i64 {
            let least = self
                .offers
                .iter()
                .filter_map(|offers| offers.iter().map(|offer| offer.paid[month]).min());
            least.sum()
        };
        let months = self.months.iter().enumerate().zip(rooms);
        let mut too_much = months.map(|((at, month), room)| (*month, least(at), *room));
        let (month, least, room) = too_much.find(|(_, least, room)| least > room)?;
        Some((month, Money::from_minor(least - room)))
    }

    pub(super) fn money_of(&self, cost: i64) -> Money {
        Money::from_minor(cost.max(0))
    }

    pub(super) fn choice(&self, at: usize, present: usize, pick: usize) -> Choice {
        let (before, after) = (&self.offers[at][present], &self.offers[at][pick]);
        Choice {
            instance: self.instances[at],
            present: before.months,
            months: after.months,
            present_cost: Money::from_minor(before.cost),
            cost: Money::from_minor(after.cost),
        }
    }
}

fn renews_itself(opening: &Simulation<'_>, instance: InstanceIndex) -> bool {
    let listed = opening.book().instance(instance);
    let lives = opening.state(instance) != Some(State::Terminated);
    lives && listed.charge_type == ChargeType::Prepaid && listed.renew_flag == RenewFlag::Auto
}

/// What the lifetime of an instance costs with so many months.
fn cost(
    opening: &Simulation<'_>,
    instance: InstanceIndex,
    (months, lifetime): (u32, u32),
) -> Money {
    let book = opening.book();
    let listed = book.instance(instance);
    let monthly = listed
        .monthly_price
        .expect("a checked book gives every prepaid instance a monthly price");
    let currency = book.account(opening.account()).currency;
    let price = charge::renewal(book.profile(listed.profile), currency, monthly, months);
    lifetime_cost(opening, instance, (price, months, lifetime))
}

/// What an account pays in each month with ample money and these months.
pub(super) fn paid(
    opening: &Simulation<'_>,
    months: &[(InstanceIndex, u32)],
    ample: Money,
) -> Result<PaidByMonth, Refusal> {
    let mut trial = opening.clone();
    trial.add_opening_cash(ample);
    months
        .iter()
        .for_each(|(instance, months)| trial.set_months(*instance, *months));
    let days = trial.book().days;
    trial.advance(days.to)?;
    let calendar: Vec<Day> = days.months().collect();
    let mut paid = PaidByMonth {
        of_instances: BTreeMap::new(),
        fixed: vec![0; calendar.len()],
        months: calendar,
    };
    for entry in trial.take_entries() {
        let Some(spent) = spent(&entry) else { continue };
        let month = paid.months.partition_point(|month| *month <= entry.date) - 1;
        let chosen = entry.instance.filter(|one| {
            months
                .binary_search_by_key(one, |(known, _)| *known)
                .is_ok()
        });
        match chosen.filter(|_| pays_by_itself(&entry)) {
            Some(instance) => {
                let sums = paid
                    .of_instances
                    .entry(instance)
                    .or_insert_with(|| vec![0; paid.months.len()]);
                sums[month] += spent;
            }
            None => paid.fixed[month] += spent,
        }
    }
    Ok(paid)
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

/// The month that pays most, the first of equal ones.
pub(super) fn peak(paid: &PaidByMonth) -> Option<(Day, Money)> {
    let mut sums = paid.fixed.clone();
    for of_instance in paid.of_instances.values() {
        sums.iter_mut()
            .zip(of_instance)
            .for_each(|(sum, paid)| *sum += paid);
    }
    let months = paid.months.iter().zip(sums);
    months
        .rev()
        .max_by_key(|(_, sum)| *sum)
        .map(|(month, sum)| (*month, Money::from_minor(sum)))
}
