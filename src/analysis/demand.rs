//! The three sums of a run: its spend as funded, with everything paid that is due, and with everything kept.
//!
//! A run spends what its cash allows: it costs little where renewals fail and servers are lost. So its spend is shown beside
//! what would be spent with ample cash at the opening, as `compare` takes it, and what keeping everything would cost that
//! nobody decided to end. Only the accounts are replayed again in which that makes a difference; only sums are kept of those
//! replays. Currencies are never added.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::engine::event::Event;
use crate::engine::ledger::Entry;
use crate::engine::{self, Refusal, ReplayOptions, RunningReplay, Window};
use crate::model::account::AccountIndex;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::InstanceIndex;
use crate::model::money::{Currency, Money};

/// Spend three times over: paid for terms and hours, refunds taken off. A sum that is not known is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreeSums {
    /// Of the run as it is.
    pub as_funded: Money,
    /// With ample cash at the opening.
    pub all_due_paid: Option<Money>,
    /// The same, where besides what nobody decided to end is renewed and started.
    pub all_kept: Option<Money>,
}

impl Default for ThreeSums {
    fn default() -> Self {
        Self {
            as_funded: Money::ZERO,
            all_due_paid: Some(Money::ZERO),
            all_kept: Some(Money::ZERO),
        }
    }
}

impl ThreeSums {
    /// Whether all three are known and the same.
    pub fn agree(&self) -> bool {
        let own = Some(self.as_funded);
        self.all_due_paid == own && self.all_kept == own
    }

    /// Adds other sums; what is not known of one is not known of both.
    pub fn add_sums(&mut self, other: Self) {
        self.as_funded += other.as_funded;
        let due_paid = self.all_due_paid.zip(other.all_due_paid);
        self.all_due_paid = due_paid.map(|(sum, more)| sum + more);
        let kept = self.all_kept.zip(other.all_kept);
        self.all_kept = kept.map(|(sum, more)| sum + more);
    }
}

/// Why the two further sums of some accounts are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingSum {
    /// Ample cash would keep an instance of which an action then asks a price that the book does not have.
    Price(Refusal),
    /// The amounts of the book leave no room for ample cash.
    TooLarge,
}

/// What is spent by month and account, and by instance where that is asked for.
#[derive(Clone, Debug, Default)]
pub struct SpentByMonth {
    /// By month, then account; zeros are left out.
    months: Vec<(Day, AccountIndex, Money)>,
    instances: BTreeMap<InstanceIndex, Money>,
}

impl SpentByMonth {
    /// Of months and accounts in ascending order.
    pub fn of_months(months: Vec<(Day, AccountIndex, Money)>) -> Self {
        Self {
            months,
            instances: BTreeMap::new(),
        }
    }

    fn join(parts: impl Iterator<Item = Self>) -> Self {
        let mut all = Self::default();
        for part in parts {
            all.months.extend(part.months);
            all.instances.extend(part.instances);
        }
        all.months
            .sort_unstable_by_key(|(month, account, _)| (*month, *account));
        all
    }
}

/// How finely spend is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// By month and account.
    Accounts,
    /// By instance besides.
    Instances,
}

/// Adds up what the rows of neighbouring accounts spend.
#[derive(Clone, Debug)]
pub struct Spending {
    /// The number of the first account.
    first: u32,
    detail: Detail,
    /// The month under way, and the first day of the next one.
    month: (Day, Day),
    of_month: Vec<Money>,
    spent: SpentByMonth,
}

impl Spending {
    /// No rows yet, of these accounts, from the first day of a run on.
    pub fn spend_from(from: Day, accounts: Range<u32>, detail: Detail) -> Self {
        Self {
            first: accounts.start,
            detail,
            month: month_of(from),
            of_month: vec![Money::ZERO; accounts.len()],
            spent: SpentByMonth::default(),
        }
    }

    /// [`spend_from`](Self::spend_from), of all accounts of a book.
    pub fn of_all(book: &Book, detail: Detail) -> Self {
        let accounts =
            u32::try_from(book.accounts.len()).expect("a book numbers its accounts in 32 bits");
        Self::spend_from(book.days.from, 0..accounts, detail)
    }

    /// Adds the next rows.
    pub fn spend_entries<'r>(&mut self, entries: impl Iterator<Item = &'r Entry>) {
        for entry in entries {
            let (Some(account), Some(amount)) = (entry.account, entry.moved_amount()) else {
                continue;
            };
            if matches!(entry.event, Event::TopUp | Event::Credit) {
                continue;
            }
            debug_assert!(entry.date >= self.month.0, "rows come by day");
            if entry.date >= self.month.1 {
                self.end_month();
                self.month = month_of(entry.date);
            }
            self.of_month[(account.0 - self.first) as usize] -= amount;
            if let Some(instance) = entry.instance.filter(|_| self.detail == Detail::Instances) {
                *self.spent.instances.entry(instance).or_default() -= amount;
            }
        }
    }

    fn end_month(&mut self) {
        let accounts = (self.first..).map(AccountIndex);
        for (account, sum) in accounts.zip(&mut self.of_month) {
            if *sum != Money::ZERO {
                let amount = std::mem::take(sum);
                self.spent.months.push((self.month.0, account, amount));
            }
        }
    }

    /// What was spent, once the last rows have been added.
    pub fn into_spent(mut self) -> SpentByMonth {
        self.end_month();
        self.spent
    }
}

fn month_of(day: Day) -> (Day, Day) {
    (day.month_start(), day.next_month_start())
}

/// The accounts of a run in which more cash, or keeping everything, makes a difference.
#[derive(Clone, Debug)]
pub struct Differing {
    short: BTreeSet<AccountIndex>,
    lapsing: BTreeSet<AccountIndex>,
}

impl Differing {
    /// Asks a run of which no day is left.
    pub fn accounts_that_differ(run: &RunningReplay<'_>) -> Self {
        Self {
            short: run.short_accounts(),
            lapsing: run.lapsing_accounts(),
        }
    }
}

/// The three sums of a run, by month and account.
#[derive(Clone, Debug)]
pub struct Demand {
    as_funded: SpentByMonth,
    all_due_paid: Replayed,
    all_kept: Replayed,
    /// Why the two further sums are not known; of accounts in their order.
    pub untold: Vec<MissingSum>,
}

/// Some accounts replayed under other conditions.
#[derive(Clone, Debug, Default)]
struct Replayed {
    accounts: BTreeSet<AccountIndex>,
    /// Those whose sum is not known.
    unknown: BTreeSet<AccountIndex>,
    /// Those that asked for a price that is not known.
    refusals: Vec<(AccountIndex, Refusal)>,
    /// Those that let something lapse.
    lapsing: BTreeSet<AccountIndex>,
    spent: SpentByMonth,
}

impl Demand {
    /// Of a run that spent this; replays the accounts that differ.
    pub fn from_spent(
        book: &Book,
        as_funded: SpentByMonth,
        differing: &Differing,
        detail: Detail,
    ) -> Self {
        let Differing { short, lapsing } = differing;
        let Some(gift) = book.ample_cash() else {
            let unknown = Replayed {
                accounts: short | lapsing,
                unknown: short | lapsing,
                ..Replayed::default()
            };
            let is_unknown = !unknown.accounts.is_empty();
            return Self {
                as_funded,
                all_due_paid: unknown.clone(),
                all_kept: unknown,
                untold: is_unknown
                    .then_some(MissingSum::TooLarge)
                    .into_iter()
                    .collect(),
            };
        };
        let mut options = ReplayOptions {
            opening_cash: gift,
            keeps_all: false,
        };
        let all_due_paid = replay(book, short.clone(), options, detail);
        options.keeps_all = true;
        let kept = &(lapsing - short) | &(&all_due_paid.lapsing - &all_due_paid.unknown);
        let mut all_kept = replay(book, kept, options, detail);
        all_kept.unknown.extend(&all_due_paid.unknown);
        let mut refusals = [&all_due_paid.refusals[..], &all_kept.refusals].concat();
        refusals.sort_by_key(|(account, _)| *account);
        let refusals = refusals.into_iter();
        Self {
            as_funded,
            all_due_paid,
            all_kept,
            untold: refusals
                .map(|(_, refusal)| MissingSum::Price(refusal))
                .collect(),
        }
    }

    /// The sums of each month that the run touches and each account, in this order.
    pub fn rows<'d>(
        &'d self,
        book: &'d Book,
    ) -> impl Iterator<Item = (Day, AccountIndex, ThreeSums)> + 'd {
        let mut cursors = self.replays().map(|spent| SpentCursor {
            rest: &spent.months,
        });
        let months = book.days.months();
        let keys = months.flat_map(|month| book.account_indexes().map(move |one| (month, one)));
        keys.map(move |(month, account)| {
            let amounts = cursors.each_mut().map(|cursor| cursor.take(month, account));
            (month, account, self.sums_of(account, amounts))
        })
    }

    /// As funded, with all due paid, with all kept.
    fn replays(&self) -> [&SpentByMonth; 3] {
        [
            &self.as_funded,
            &self.all_due_paid.spent,
            &self.all_kept.spent,
        ]
    }

    /// The sums of an account, or of an instance of it, by what each of the three replays spent.
    fn sums_of(&self, account: AccountIndex, [own, paid, kept]: [Money; 3]) -> ThreeSums {
        let all_due_paid = self.all_due_paid.sum_of(account, paid, Some(own));
        ThreeSums {
            as_funded: own,
            all_due_paid,
            all_kept: self.all_kept.sum_of(account, kept, all_due_paid),
        }
    }

    /// The sums of the run in each currency of its accounts.
    pub fn totals(&self, book: &Book) -> BTreeMap<Currency, ThreeSums> {
        let mut totals: BTreeMap<Currency, ThreeSums> = BTreeMap::new();
        for (_, account, sums) in self.rows(book) {
            let total = totals.entry(book.account(account).currency);
            total.or_default().add_sums(sums);
        }
        totals
    }

    /// The sums of each instance in the whole run, by its number, of those that cost anything in any of the three; only
    /// where they were asked for.
    pub fn instances<'d>(
        &'d self,
        book: &'d Book,
    ) -> impl Iterator<Item = (InstanceIndex, ThreeSums)> + 'd {
        let replays = self.replays();
        let all = replays.iter().flat_map(|spent| spent.instances.keys());
        let all: BTreeSet<InstanceIndex> = all.copied().collect();
        all.into_iter().map(move |one| {
            let amounts = replays.map(|spent| spent.instances.get(&one).copied());
            let amounts = amounts.map(Option::unwrap_or_default);
            (one, self.sums_of(book.instance(one).account, amounts))
        })
    }
}

impl Replayed {
    /// The sum of an account; `otherwise` where it was not replayed.
    fn sum_of(
        &self,
        account: AccountIndex,
        spent: Money,
        otherwise: Option<Money>,
    ) -> Option<Money> {
        if self.unknown.contains(&account) {
            None
        } else if self.accounts.contains(&account) {
            Some(spent)
        } else {
            otherwise
        }
    }
}

/// Replays accounts with some options.
fn replay(
    book: &Book,
    accounts: BTreeSet<AccountIndex>,
    options: ReplayOptions,
    detail: Detail,
) -> Replayed {
    if accounts.is_empty() {
        return Replayed::default();
    }
    let mut run = engine::open_with(book, &accounts, options);
    run.pass_refusals();
    let mut parts: Vec<Spending> = run
        .parts()
        .map(|accounts| Spending::spend_from(book.days.from, accounts, detail))
        .collect();
    let mut window: Window<()> = Window::default();
    while run
        .advance_with(&mut window, &mut parts, |part, rows, ()| {
            part.spend_entries(rows.entries.iter());
        })
        .expect("a run that passes refusals comes to its end")
    {}
    let refusals: Vec<(AccountIndex, Refusal)> = run.refusals().collect();
    Replayed {
        accounts,
        unknown: refusals.iter().map(|(account, _)| *account).collect(),
        refusals,
        lapsing: run.lapsing_accounts(),
        spent: SpentByMonth::join(parts.into_iter().map(Spending::into_spent)),
    }
}

/// Amounts by month and account, looked up in ascending order.
struct SpentCursor<'s> {
    rest: &'s [(Day, AccountIndex, Money)],
}

impl SpentCursor<'_> {
    fn take(&mut self, month: Day, account: AccountIndex) -> Money {
        match self.rest.split_first() {
            Some((first, rest)) if (first.0, first.1) == (month, account) => {
                self.rest = rest;
                first.2
            }
            _ => Money::ZERO,
        }
    }
}
