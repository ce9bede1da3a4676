//! The three sums of a run: its spend as funded, with everything paid that is due, and with everything kept.
//!
//! A run spends what its cash allows: it costs little where renewals fail and servers are lost. So its spend stands beside
//! what would be spent with ample cash at the opening, as `compare` takes it, and what keeping everything would cost that
//! nobody decided to end. Only the accounts are replayed again in which that makes a difference; nothing is kept of those
//! replays but sums. Currencies are never added.
//!
//! Rule **replayed-where-it-differs** of docs/spec.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::ops::Range;

use crate::engine::event::Event;
use crate::engine::ledger::Entry;
use crate::engine::{self, Refusal, ReplayOptions, RunningReplay, Window};
use crate::model::account::{AccountIndex, Movement};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::InstanceIndex;
use crate::model::money::{Currency, Money};

/// Spend three times over: paid for terms and hours, refunds taken off. A sum that cannot be told is none.
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
        self.all_due_paid = self
            .all_due_paid
            .zip(other.all_due_paid)
            .map(|(sum, more)| sum + more);
        self.all_kept = self
            .all_kept
            .zip(other.all_kept)
            .map(|(sum, more)| sum + more);
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
    /// By month, then account; what is nothing is left out.
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

/// How finely spend is told.
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
    /// Nothing yet, of these accounts, from the first day of a run on.
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
            let (Some(account), Some(movement)) = (entry.account, entry.movement) else {
                continue;
            };
            if matches!(entry.event, Event::TopUp | Event::Credit) {
                continue;
            }
            if entry.date >= self.month.1 {
                self.end_month();
                self.month = month_of(entry.date);
            }
            let amount = Movement::amount(movement);
            self.of_month[(account.0 - self.first) as usize] -= amount;
            if let Some(instance) = entry.instance.filter(|_| self.detail == Detail::Instances) {
                *self.spent.instances.entry(instance).or_default() -= amount;
            }
        }
    }

    fn end_month(&mut self) {
        for (number, sum) in (self.first..)
            .zip(&mut self.of_month)
            .filter(|(_, sum)| **sum != Money::ZERO)
        {
            self.spent
                .months
                .push((self.month.0, AccountIndex(number), std::mem::take(sum)));
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
    /// What keeps the two further sums from being told; of accounts in their order.
    pub untold: Vec<MissingSum>,
}

/// Some accounts replayed under other conditions.
#[derive(Clone, Debug, Default)]
struct Replayed {
    accounts: BTreeSet<AccountIndex>,
    /// Those that asked for a price that is not known.
    untold: BTreeSet<AccountIndex>,
    spent: SpentByMonth,
}

impl Demand {
    /// Of a run that spent so much; replays the accounts that differ.
    pub fn from_spent(
        book: &Book,
        as_funded: SpentByMonth,
        differing: &Differing,
        detail: Detail,
    ) -> Self {
        let Differing { short, lapsing } = differing;
        let Some(gift) = book.ample_cash() else {
            let accounts: BTreeSet<AccountIndex> = short.union(lapsing).copied().collect();
            let untold = Replayed {
                untold: accounts.clone(),
                accounts,
                spent: SpentByMonth::default(),
            };
            let why = (!untold.accounts.is_empty())
                .then_some(MissingSum::TooLarge)
                .into_iter()
                .collect();
            return Self {
                as_funded,
                all_due_paid: untold.clone(),
                all_kept: untold,
                untold: why,
            };
        };
        let ample = ReplayOptions {
            opening_cash: gift,
            keeps_all: false,
        };
        let (all_due_paid, lapsing_with_cash, mut refusals) = replay(book, short, ample, detail);
        let mut kept: BTreeSet<AccountIndex> = lapsing.difference(short).copied().collect();
        kept.extend(lapsing_with_cash.difference(&all_due_paid.untold));
        let (mut all_kept, _, more) = replay(
            book,
            &kept,
            ReplayOptions {
                keeps_all: true,
                ..ample
            },
            detail,
        );
        refusals.extend(more);
        refusals.sort_by_key(|(account, _)| *account);
        all_kept.untold.extend(&all_due_paid.untold);
        let untold = refusals
            .into_iter()
            .map(|(_, refusal)| MissingSum::Price(refusal))
            .collect();
        Self {
            as_funded,
            all_due_paid,
            all_kept,
            untold,
        }
    }

    /// The sums of each month that the run touches and each account, in this order.
    pub fn rows<'d>(
        &'d self,
        book: &'d Book,
    ) -> impl Iterator<Item = (Day, AccountIndex, ThreeSums)> + 'd {
        let mut own = Cursor::at_start_of(&self.as_funded);
        let mut paid = Cursor::at_start_of(&self.all_due_paid.spent);
        let mut kept = Cursor::at_start_of(&self.all_kept.spent);
        let accounts = move || {
            (0u32..)
                .zip(&book.accounts)
                .map(|(number, _)| AccountIndex(number))
        };
        let keys = book
            .days
            .months()
            .flat_map(move |month| accounts().map(move |account| (month, account)));
        keys.map(move |(month, account)| {
            let key = (month, account);
            let [own, paid, kept] = [&mut own, &mut paid, &mut kept].map(|cursor| cursor.at(key));
            (month, account, self.sums_of(account, [own, paid, kept]))
        })
    }

    /// The sums of an account, or of an instance of it, of what each of the three replays says.
    fn sums_of(&self, account: AccountIndex, [own, paid, kept]: [Money; 3]) -> ThreeSums {
        let all_due_paid = match &self.all_due_paid {
            of if of.untold.contains(&account) => None,
            of if of.accounts.contains(&account) => Some(paid),
            _ => Some(own),
        };
        let all_kept = match &self.all_kept {
            of if of.untold.contains(&account) => None,
            of if of.accounts.contains(&account) => Some(kept),
            _ => all_due_paid,
        };
        ThreeSums {
            as_funded: own,
            all_due_paid,
            all_kept,
        }
    }

    /// The sums of the run in each currency of its accounts.
    pub fn totals(&self, book: &Book) -> BTreeMap<Currency, ThreeSums> {
        let mut totals: BTreeMap<Currency, ThreeSums> = BTreeMap::new();
        for (_, account, sums) in self.rows(book) {
            totals
                .entry(book.account(account).currency)
                .or_default()
                .add_sums(sums);
        }
        totals
    }

    /// The sums of each instance in the whole run, by its number, of those that cost anything in any of the three; only
    /// where they were asked for.
    pub fn instances<'d>(
        &'d self,
        book: &'d Book,
    ) -> impl Iterator<Item = (InstanceIndex, ThreeSums)> + 'd {
        let replays = [
            &self.as_funded,
            &self.all_due_paid.spent,
            &self.all_kept.spent,
        ];
        let all: BTreeSet<InstanceIndex> = replays
            .iter()
            .flat_map(|spent| spent.instances.keys())
            .copied()
            .collect();
        all.into_iter().map(move |instance| {
            let amounts =
                replays.map(|spent| spent.instances.get(&instance).copied().unwrap_or_default());
            (
                instance,
                self.sums_of(book.instance(instance).account, amounts),
            )
        })
    }
}

/// Replays accounts with some means: what they spend, which of them let something lapse, and which cannot go on.
fn replay(
    book: &Book,
    accounts: &BTreeSet<AccountIndex>,
    means: ReplayOptions,
    detail: Detail,
) -> (
    Replayed,
    BTreeSet<AccountIndex>,
    Vec<(AccountIndex, Refusal)>,
) {
    if accounts.is_empty() {
        return (Replayed::default(), BTreeSet::new(), Vec::new());
    }
    let mut run = engine::open_with(book, accounts, means);
    run.pass_refusals();
    let of_part = |accounts| Spending::spend_from(book.days.from, accounts, detail);
    let mut parts: Vec<Spending> = run.parts().map(of_part).collect();
    let mut window: Window<()> = Window::default();
    let mut advance = || {
        let add = |part: &mut Spending, rows: &mut engine::ShardRows, (): &mut ()| {
            part.spend_entries(rows.entries.iter())
        };
        run.advance_with(&mut window, &mut parts, add)
            .expect("a run that passes refusals comes to its end")
    };
    while advance() {}
    let refusals: Vec<(AccountIndex, Refusal)> = run.refusals().collect();
    let untold = refusals.iter().map(|(account, _)| *account).collect();
    let spent = SpentByMonth::join(parts.into_iter().map(Spending::into_spent));
    (
        Replayed {
            accounts: accounts.clone(),
            untold,
            spent,
        },
        run.lapsing_accounts(),
        refusals,
    )
}

/// Amounts by month and account, looked up in ascending order.
struct Cursor<'s, I: Iterator<Item = &'s (Day, AccountIndex, Money)>>(Peekable<I>);

impl<'s> Cursor<'s, std::slice::Iter<'s, (Day, AccountIndex, Money)>> {
    fn at_start_of(spent: &'s SpentByMonth) -> Self {
        Self(spent.months.iter().peekable())
    }

    fn at(&mut self, key: (Day, AccountIndex)) -> Money {
        let here = self
            .0
            .next_if(|(month, account, _)| (*month, *account) == key);
        here.map_or(Money::ZERO, |(_, _, amount)| *amount)
    }
}
