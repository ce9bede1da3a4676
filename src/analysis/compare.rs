//! Runs side by side: what each comes to, and which events differ.
//!
//! ```text
//! book of a scenario ──replay──▶ Case ─┬─ figures  sums, lows and counts of each account
//!                                      ├─ steps    what happened to each instance and account
//!                                      └─ curves   spend and balance, day by day
//! two cases ──▶ Difference: the steps that only one of them has
//! ```
//!
//! Pure folds over the windows of runs: no row is kept beyond what a comparison shows. Currencies are never added.

mod cache;
mod curves;
mod figures;
mod many;
mod needed;
mod steps;

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::{self, Refusal, Window};
use crate::model::account::AccountIndex;
use crate::model::book::Book;
use crate::model::calendar::{Day, DayRange};
use crate::model::money::Currency;

pub use cache::{Cache, CachedBook, replay};
pub use curves::{CurrencyCurve, Deltas};
pub use figures::{
    AccountOutcome, Counter, EventCounts, Figures, Fold, Group, GroupFigures, LowBalance, Measure,
    PrepaidValue, Sum,
};
pub use many::{Limit, RunTotal, frontier, nearest};
pub use needed::needed;
pub(crate) use needed::{Credit, least_to_restart};
pub use steps::{ComparedEvent, Difference, Steps, Subject, differences};

/// A run, as comparisons see it.
#[derive(Clone, Debug)]
pub struct ComparedRun {
    /// What it is called.
    pub name: String,
    /// Its days.
    pub days: DayRange,
    /// What each account comes to.
    pub figures: Vec<Figures>,
    /// What happened, by account and instance.
    pub steps: Steps,
    /// Spend and balance by currency, day by day.
    pub curves: BTreeMap<Currency, CurrencyCurve>,
}

impl ComparedRun {
    /// Replays a book, and once more with ample cash to see what it needs.
    ///
    /// # Errors
    /// The first action that needs a price which is not known.
    pub fn replaying(name: &str, book: &Book) -> Result<Self, Refusal> {
        Self::of_days(name, book, |_| ())
    }

    /// [`replaying`](Self::replaying), which calls `reached` with the last day of each stretch of days that is replayed.
    ///
    /// # Errors
    /// As [`replaying`](Self::replaying).
    pub fn of_days(name: &str, book: &Book, mut reached: impl FnMut(Day)) -> Result<Self, Refusal> {
        let mut run = engine::start(book);
        let mut window = Window::default();
        let mut fold = Fold::fold_over(book, &[]);
        let mut steps = Steps::steps_of(book);
        let mut curves = curves::open_curves(book);
        while run.advance(&mut window)? {
            fold.fold_window(&window);
            window.entries().for_each(|entry| steps.add_event_of(entry));
            curves::add_window_to(&mut curves, book, &window);
            window.last().into_iter().for_each(&mut reached);
        }
        let outcomes = fold.into_outcomes(run.orders()).into_iter();
        let mut figures: Vec<Figures> = outcomes.map(|outcome| outcome.figures).collect();
        let accounts = book.account_indexes().collect();
        for (figures, needed) in figures.iter_mut().zip(needed(book, &accounts)) {
            figures.needed = needed;
        }
        let curves = curves.into_iter();
        Ok(Self {
            name: name.to_owned(),
            days: book.days,
            figures,
            steps: steps.in_order(),
            curves: curves
                .map(|(currency, deltas)| (currency, deltas.sums()))
                .collect(),
        })
    }

    /// The sums of the accounts of one currency.
    pub fn sum(&self, currency: Currency) -> Sum {
        Sum::sum_figures(
            self.figures
                .iter()
                .filter(|figures| figures.currency == currency),
        )
    }

    /// The currencies of its accounts.
    pub fn currencies(&self) -> BTreeSet<Currency> {
        self.figures
            .iter()
            .map(|figures| figures.currency)
            .collect()
    }

    /// The counts of all accounts.
    pub fn counts(&self) -> EventCounts {
        Sum::sum_figures(self.figures.iter()).counts
    }
}

/// The ids that the numbers in cases stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunNames {
    /// Of accounts.
    pub accounts: Vec<Box<str>>,
    /// Of instances, each with its account.
    pub instances: Vec<(Box<str>, AccountIndex)>,
}

impl RunNames {
    /// Those of a book. A scenario neither adds nor renames any.
    pub fn ids_of_book(book: &Book) -> Self {
        let accounts = book.accounts.iter();
        let instances = book.instances.iter();
        Self {
            accounts: accounts.map(|account| account.id.as_str().into()).collect(),
            instances: instances
                .map(|instance| (instance.id.as_str().into(), instance.account))
                .collect(),
        }
    }

    /// The account of a subject.
    pub fn account_of(&self, subject: Subject) -> AccountIndex {
        match subject {
            Subject::Account(account) => account,
            Subject::Instance(instance) => self.instances[instance.0 as usize].1,
        }
    }

    /// The id of an account.
    pub fn account_id(&self, account: AccountIndex) -> &str {
        &self.accounts[account.0 as usize]
    }

    /// The id of an instance, none for an account.
    pub fn instance_id(&self, subject: Subject) -> Option<&str> {
        match subject {
            Subject::Account(_) => None,
            Subject::Instance(instance) => Some(&self.instances[instance.0 as usize].0),
        }
    }
}
