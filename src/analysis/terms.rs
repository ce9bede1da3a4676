//! The cheapest terms: for each instance the months of its auto-renewal that cost least over a lifetime, below a ceiling of
//! what an account may pay in a month.
//!
//! ```text
//! book ──▶ one replay with ample money for each period on offer   (market: what a term costs, and when it is paid)
//!           ├── no ceiling: each instance alone                    (exact)
//!           └── a ceiling: all instances of the account together   (bound and solver find, bound and branch prove)
//!                 └──▶ the choice, replayed: what each month pays
//! ```
//!
//! Costs and payments are whole numbers. The solver works with fractions, so nothing that it says is taken as it is: its choice
//! is added up anew, and how much better another choice could be is bounded in whole numbers. It never changes a book.

mod bound;
mod branch;
mod market;
mod solver;

use std::collections::BTreeMap;

use crate::analysis::plan::ample;
use crate::engine::{self, Refusal, Simulation};
use crate::model::account::AccountIndex;
use crate::model::action::{AccountRef, Verb};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::InstanceIndex;
use crate::model::money::Money;
use market::{Market, PaidByMonth, Picks};

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
    /// Another choice could cost less, by at most this amount.
    Within(Money),
    /// No choice stays below the ceiling: this month pays at least this much more.
    Impossible(Day, Money),
    /// None was found that stays below the ceiling, which proves nothing. The present terms stand.
    NotFound,
}

/// The cheapest terms of every account.
///
/// # Errors
/// The book cannot be replayed.
pub fn cheapest(book: &Book, question: &TermsQuestion) -> Result<Vec<AccountTerms>, Refusal> {
    cheapest_and_count(book, question, || ())
}

/// [`cheapest`], which calls `chosen` whenever the terms of another account are chosen, on any thread.
///
/// # Errors
/// As [`cheapest`].
pub fn cheapest_and_count(
    book: &Book,
    question: &TermsQuestion,
    chosen: impl Fn() + Sync,
) -> Result<Vec<AccountTerms>, Refusal> {
    let setting = TermsSetting {
        question,
        ample: ample(book),
    };
    let all = engine::ask_accounts(book, |opening| {
        let terms = setting.choose(&opening);
        chosen();
        terms
    });
    all.into_iter().collect()
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
    let mut money = book.account(terms.account).funds.available();
    for action in book.actions.iter().filter(|action| action.date < next) {
        if let Verb::TopUp(amount) | Verb::Credit(amount) = action.verb
            && action.account == Some(AccountRef::Known(terms.account))
        {
            money += amount;
        }
    }
    let money = money.max(Money::ZERO);
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
        let ceiling = self.question.ceilings.get(&opening.account()).copied();
        let market = Market::explore(opening, self.question.lifetime, self.ample, ceiling)?;
        let present_peak = self.peak(opening, &market, &market.present)?;
        let (mut picks, mut quality) = choose_below_ceiling(&market);
        let mut peak = self.peak(opening, &market, &picks)?;
        let is_over = ceiling
            .zip(peak)
            .is_some_and(|(ceiling, (_, sum))| sum > ceiling);
        // Where actions of people tie instances together, a choice can pay more than its parts.
        if is_over && matches!(quality, Quality::Cheapest | Quality::Within(_)) {
            (picks, quality, peak) = (market.present.clone(), Quality::NotFound, present_peak);
        }
        let offers = market.picked(&market.present).zip(market.picked(&picks));
        let choices = offers
            .zip(&market.instances)
            .map(|((present, chosen), instance)| Choice {
                instance: *instance,
                present: present.months,
                months: chosen.months,
                present_cost: Money::from_minor(present.cost),
                cost: Money::from_minor(chosen.cost),
            });
        Ok(AccountTerms {
            account: opening.account(),
            choices: choices.collect(),
            peak,
            present_peak,
            quality,
        })
    }

    /// The month that pays most with a choice, replayed.
    fn peak(
        &self,
        opening: &Simulation<'_>,
        market: &Market,
        picks: &[usize],
    ) -> Result<Option<(Day, Money)>, Refusal> {
        Ok(PaidByMonth::with_terms(opening, &market.terms(picks), self.ample)?.peak())
    }
}

/// The best choice that is found below the ceiling, and how good it is.
fn choose_below_ceiling(market: &Market) -> (Picks, Quality) {
    if let Some((month, missing)) = market.impossible() {
        return (market.present.clone(), Quality::Impossible(month, missing));
    }
    let cheapest = market.cheapest();
    if market.fits(&cheapest) {
        return (cheapest, Quality::Cheapest);
    }
    let bound = bound::prove(market);
    let rounded = bound::round(market, &bound.prices);
    let solved = solver::solve(market, rounded.as_deref());
    let found = rounded
        .into_iter()
        .chain(solved)
        .filter(|picks| market.fits(picks));
    let known = found.min_by_key(|picks| market.cost(picks));
    let searched = branch::complete(market, &bound.prices, known);
    let Some(best) = searched.best else {
        return (market.present.clone(), Quality::NotFound);
    };
    let best = market.keep_present(best);
    debug_assert!(market.fits(&best), "a choice below the ceiling fits");
    debug_assert!(
        market.cost(&best) >= bound.least_cost,
        "no choice is below the bound"
    );
    let gap = market.cost(&best) - bound.least_cost;
    if searched.is_proven || gap <= 0 {
        (best, Quality::Cheapest)
    } else {
        (best, Quality::Within(Money::from_minor(gap)))
    }
}
