//! The cheapest terms: for each instance the months of its auto-renewal that cost least over a lifetime, below a ceiling of
//! what an account may pay in a month.
//!
//! ```text
//! book ──▶ one replay with ample money for each period on offer   (market: what a term costs, and when it is paid)
//!           ├── no ceiling: each instance alone                    (exact)
//!           └── a ceiling: all instances of the account together   (solver finds, bound proves)
//!                 └──▶ the choice, replayed: what each month pays
//! ```
//!
//! Costs and payments are whole numbers. The solver works with fractions, so nothing that it says is taken as it is: its choice
//! is added up anew, and how much better another choice could be is bounded in whole numbers.

mod bound;
mod branch;
mod market;
mod solver;

use std::collections::BTreeMap;

use crate::engine::{self, Refusal, Simulation};
use crate::model::account::AccountIndex;
use crate::model::action::{AccountRef, Verb};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::InstanceIndex;
use crate::model::money::{Exact, Money};
use market::Market;

/// What is asked.
#[derive(Clone, Debug)]
pub struct TermsQuestion {
    /// For how many months each instance is needed.
    pub lifetime: u32,
    /// What accounts may pay in a calendar month of the run, for everything.
    pub ceilings: BTreeMap<AccountIndex, Money>,
}

/// The terms of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountTerms {
    /// The account.
    pub account: AccountIndex,
    /// Its instances that renew themselves, by id.
    pub choices: Vec<Choice>,
    /// The greatest sum of a month of the run with these terms, and the first day of that month.
    pub peak: Option<(Day, Money)>,
    /// The same with the present terms.
    pub present_peak: Option<(Day, Money)>,
    /// How good the choice is.
    pub quality: Quality,
}

/// The term of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The instance.
    pub instance: InstanceIndex,
    /// Its present months.
    pub present: u32,
    /// The chosen months.
    pub months: u32,
    /// What the lifetime costs with the present months.
    pub present_cost: Money,
    /// What it costs with the chosen ones.
    pub cost: Money,
}

/// How good a choice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// No other choice costs less.
    Cheapest,
    /// Another choice could cost less by at most so much.
    Within(Money),
    /// No choice stays below the ceiling: this month pays so much more at least.
    Impossible(Day, Money),
    /// None was found that stays below the ceiling, which proves nothing. The present terms stand.
    NotFound,
}

/// The cheapest terms of every account.
///
/// # Errors
/// The book cannot be replayed.
pub fn cheapest(book: &Book, question: &TermsQuestion) -> Result<Vec<AccountTerms>, Refusal> {
    cheapest_and_count(book, question, &|| ())
}

/// [`cheapest`], which calls `chosen` whenever the terms of another account are chosen, on any thread.
///
/// # Errors
/// As [`cheapest`].
pub fn cheapest_and_count(
    book: &Book,
    question: &TermsQuestion,
    chosen: &(dyn Fn() + Sync),
) -> Result<Vec<AccountTerms>, Refusal> {
    let ample = Money::from_minor(
        i64::try_from(book.largest_movement())
            .unwrap_or(i64::MAX / 4)
            .min(i64::MAX / 4),
    );
    let setting = TermsSetting { question, ample };
    let choose = |trial: Simulation<'_>| {
        let terms = setting.choose(&trial);
        chosen();
        terms
    };
    engine::ask_accounts(book, choose).into_iter().collect()
}

/// A month that pays more than an account has by its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverCeiling {
    /// The account.
    pub account: AccountIndex,
    /// The first day of the month.
    pub month: Day,
    /// What the month pays.
    pub paid: Money,
    /// What is available at the opening, with all that people plan to add until the end of the month.
    pub money: Money,
}

/// Whether the dearest month of these terms pays more than the account can have by then, even if nothing was paid before.
/// Rule **terms-money**.
pub fn beyond_money(book: &Book, terms: &AccountTerms) -> Option<OverCeiling> {
    let (month, paid) = terms.peak.filter(|_| !terms.choices.is_empty())?;
    let next = month.next_month_start();
    let added = book
        .actions
        .iter()
        .filter(|action| action.date < next)
        .filter_map(|action| match action.verb {
            Verb::TopUp(amount) | Verb::Credit(amount) => {
                (action.account == Some(AccountRef::Known(terms.account))).then_some(amount)
            }
            _ => None,
        });
    let money = book.account(terms.account).funds.available() + added.sum();
    let money = if money.is_negative() {
        Money::ZERO
    } else {
        money
    };
    (paid > money).then_some(OverCeiling {
        account: terms.account,
        month,
        paid,
        money,
    })
}

/// What all accounts share.
struct TermsSetting<'q> {
    question: &'q TermsQuestion,
    ample: Money,
}

impl TermsSetting<'_> {
    fn choose(&self, opening: &Simulation<'_>) -> Result<AccountTerms, Refusal> {
        let market = Market::explore(opening, (self.question.lifetime, self.ample))?;
        let present = market.present.clone();
        let ceiling = self.question.ceilings.get(&opening.account()).copied();
        let (picks, quality) = match ceiling.map(|ceiling| market.rooms(ceiling)) {
            None => (market.cheapest(), Quality::Cheapest),
            Some(rooms) => below(&market, &rooms),
        };
        let (picks, quality) = self.hold(opening, &market, (ceiling, picks, quality))?;
        let peak = market::peak(&market::paid(opening, &market.named(&picks), self.ample)?);
        let present_peak =
            market::peak(&market::paid(opening, &market.named(&present), self.ample)?);
        let choices = (0..market.instances.len())
            .map(|at| market.choice(at, present[at], picks[at]))
            .collect();
        Ok(AccountTerms {
            account: opening.account(),
            choices,
            peak,
            present_peak,
            quality,
        })
    }

    /// Replays a choice: where actions of people tie instances together, it could pay more than its parts.
    fn hold(
        &self,
        opening: &Simulation<'_>,
        market: &Market,
        (ceiling, picks, quality): (Option<Money>, Vec<usize>, Quality),
    ) -> Result<(Vec<usize>, Quality), Refusal> {
        let claimed = matches!(quality, Quality::Cheapest | Quality::Within(_));
        let Some(ceiling) = ceiling.filter(|_| claimed) else {
            return Ok((picks, quality));
        };
        let peak = market::peak(&market::paid(opening, &market.named(&picks), self.ample)?);
        let held = peak.is_none_or(|(_, sum)| sum <= ceiling);
        Ok(if held {
            (picks, quality)
        } else {
            (market.present.clone(), Quality::NotFound)
        })
    }
}

/// The best choice that is found below a ceiling, and how good it is.
fn below(market: &Market, rooms: &[i64]) -> (Vec<usize>, Quality) {
    if let Some((month, missing)) = market.impossible(rooms) {
        return (market.present.clone(), Quality::Impossible(month, missing));
    }
    let cheapest = market.cheapest();
    if market.fits(&cheapest, rooms) {
        return (cheapest, Quality::Cheapest);
    }
    let (prices, least) = bound::prove(market, rooms);
    let rounded = bound::round(market, rooms, &prices);
    let solved = solver::solve(market, rooms, rounded.as_deref());
    let found = rounded
        .into_iter()
        .chain(solved)
        .filter(|picks| market.fits(picks, rooms));
    let (best, proven) = branch::complete(
        (market, rooms),
        &prices,
        found.min_by_key(|picks| market.cost(picks)),
    );
    let Some(best) = best else {
        return (market.present.clone(), Quality::NotFound);
    };
    let best = market.settled(best, rooms);
    if proven {
        return (best, Quality::Cheapest);
    }
    let gap = market.money_of(market.cost(&best) - least);
    (
        best,
        if gap == Money::ZERO {
            Quality::Cheapest
        } else {
            Quality::Within(gap)
        },
    )
}

/// What a lifetime costs at the price of a term: as much of the terms as is used, rounded once.
/// Rule **terms-cost**.
fn lifetime_cost(
    trial: &Simulation<'_>,
    instance: InstanceIndex,
    (price, months, lifetime): (Money, u32, u32),
) -> Money {
    let book = trial.book();
    let currency = book.account(trial.account()).currency;
    let used = Exact::fraction(lifetime, months.max(1));
    (price.exact(currency) * used).round(
        currency,
        book.profile(book.instance(instance).profile).rounding,
    )
}
