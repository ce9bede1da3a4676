//! How terms are priced, backwards: from what was paid to the price of a month or an hour.
//!
//! A price is the shortest decimal with which the formula of the profile gives the amount that was paid, to the cent;
//! of equally short ones the nearest to amount ÷ (months × factor).

use rust_decimal::{Decimal, RoundingStrategy};

use crate::model::money::{Currency, Factor, Money, Price, Rounding, Share};

/// How a product's terms are priced: what the rules of its profile say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pricing {
    /// Discount bands: the months from which a factor counts, and the factor, by months.
    pub discounts: Vec<(u32, Factor)>,
    /// How formulas are rounded.
    pub rounding: Rounding,
}

impl Pricing {
    /// The factor of a number of months: that of the largest band not above, 1 where there is none.
    fn factor(&self, months: u32) -> Factor {
        let mut bands = self.discounts.iter().rev();
        let band = bands.find(|(from, _)| *from <= months);
        band.map_or(Factor::ONE, |(_, factor)| *factor)
    }

    /// The list price of a month with which a term of `months` costs this amount.
    pub(crate) fn monthly(
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
    pub(crate) fn hourly(amount: Decimal, hours: u32) -> Option<Decimal> {
        let hours = Decimal::from(hours);
        let each = amount.checked_div(hours)?;
        (each * hours == amount).then(|| each.normalize())
    }

    fn shortest(&self, amount: Decimal, share: Share, currency: Currency) -> Option<Price> {
        let paid = Money::parse(&rounded(amount, currency).to_string(), currency).ok()?;
        let weight = Decimal::from(share.times).checked_mul(share.factor.decimal())?;
        let middle = amount.checked_div(weight)?;
        (0..=MAX_DECIMALS).find_map(|decimals| {
            let step = Decimal::new(1, decimals);
            let near = middle.round_dp_with_strategy(decimals, HALF_UP);
            let mut around = vec![near, near - step, near + step];
            around.retain(|price| *price >= Decimal::ZERO);
            around.sort_by_key(|price| ((*price - middle).abs(), *price));
            around.iter().find_map(|price| {
                let price = Price::parse(&price.normalize().to_string()).ok()?;
                let charged = price.charge(currency, share, self.rounding);
                (charged == paid).then_some(price)
            })
        })
    }
}

/// The most decimals of a price.
const MAX_DECIMALS: u32 = 10;
/// Half a unit is rounded away from zero.
const HALF_UP: RoundingStrategy = RoundingStrategy::MidpointAwayFromZero;

/// An amount in minor units, rounded half up once.
pub(crate) fn rounded(amount: Decimal, currency: Currency) -> Decimal {
    let digits = u32::from(currency.digits());
    let mut rounded = amount.round_dp_with_strategy(digits, HALF_UP);
    rounded.rescale(digits);
    rounded
}
