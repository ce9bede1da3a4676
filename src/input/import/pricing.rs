//! How terms are priced, backwards: from what was paid to the price of a month or an hour.
//!
//! A price is the shortest decimal with which the formula of the profile gives the amount that was paid, to the cent;
//! of equally short ones the nearest to amount ÷ (months × factor).

use rust_decimal::{Decimal, RoundingStrategy};

use crate::model::money::{Currency, Factor, Money, Price, Rounding, Share};

/// How a product's terms are priced: what the rules of its profile say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pricing {
    /// Discount bands: from so many months on, the factor, by months.
    pub discounts: Vec<(u32, Factor)>,
    /// How formulas are rounded.
    pub rounding: Rounding,
}

impl Pricing {
    /// The factor of so many months: that of the largest band not above, 1 where there is none.
    fn factor(&self, months: u32) -> Factor {
        self.discounts
            .iter()
            .rev()
            .find(|(from, _)| *from <= months)
            .map_or(Factor::ONE, |(_, factor)| *factor)
    }

    /// The list price of a month with which a term of so many months costs this amount.
    pub(super) fn monthly(
        &self,
        amount: Decimal,
        months: u32,
        currency: Currency,
    ) -> Option<Price> {
        let share = Share {
            times: months,
            factor: self.factor(months),
            ..Share::ONCE
        };
        self.shortest(amount, share, currency)
    }

    /// The price of an hour with which this many hours cost this amount, where it is exact.
    pub(super) fn hourly(amount: Decimal, hours: u32) -> Option<Decimal> {
        let each = amount
            .checked_div(Decimal::from(hours))
            .filter(|_| hours > 0)?;
        (each * Decimal::from(hours) == amount).then(|| each.normalize())
    }

    fn shortest(&self, amount: Decimal, share: Share, currency: Currency) -> Option<Price> {
        const MOST_DECIMALS: u32 = 10;
        let paid = Money::parse(&rounded(amount, currency).to_string(), currency).ok()?;
        let weight = Decimal::from(share.times).checked_mul(share.factor.decimal())?;
        let middle = amount.checked_div(weight).filter(|_| !weight.is_zero())?;
        (0..=MOST_DECIMALS).find_map(|decimals| {
            let step = Decimal::new(1, decimals);
            let near =
                middle.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero);
            let mut around: Vec<Decimal> = [near, near - step, near + step]
                .into_iter()
                .filter(|one| *one >= Decimal::ZERO)
                .collect();
            around.sort_by_key(|one| ((*one - middle).abs(), *one));
            let fits = |price: &Decimal| {
                let price = Price::parse(&price.normalize().to_string()).ok()?;
                (price.charge(currency, share, self.rounding) == paid).then_some(price)
            };
            around.iter().find_map(fits)
        })
    }
}

/// An amount in minor units, rounded half up once.
pub(super) fn rounded(amount: Decimal, currency: Currency) -> Decimal {
    let mut rounded = amount.round_dp_with_strategy(
        u32::from(currency.digits()),
        RoundingStrategy::MidpointAwayFromZero,
    );
    rounded.rescale(u32::from(currency.digits()));
    rounded
}
