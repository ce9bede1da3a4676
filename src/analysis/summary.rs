//! The summary of a run: what is paid, how low the balances go, what fails and what is lost.
//!
//! A pure fold over the rows of a run: a [`Tally`] keeps what accounts and instances come to, not the rows. Accounts do not
//! depend on each other, so the tallies of some accounts and of the next ones can be joined.
//! Currencies are never added.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{AddAssign, Range};

use crate::analysis::losses::{Losses, RowMeaning};
use crate::engine::event::Event;
use crate::engine::ledger::{Balance, Entry};
use crate::model::account::AccountIndex;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::{Instance, InstanceIndex, State};
use crate::model::money::{Currency, Money};

/// What a run comes to.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Sums by currency.
    pub totals: BTreeMap<Currency, Totals>,
    /// How each account fares, by id.
    pub accounts: Vec<AccountSummary>,
    /// The auto-renewals that failed, each with its first and last day.
    pub failures: Vec<RenewalFailure>,
    /// The instances that go to the recycle bin unpaid, are stopped in arrears, or are terminated because nobody paid.
    pub losses: Vec<InstanceLoss>,
    /// The instances that are gone because people gave them up, with the day on which each is gone.
    pub ended: BTreeMap<InstanceIndex, Day>,
    /// The number of actions and purchases that were rejected.
    pub rejected: usize,
    /// The accounts in which a purchase, a payment by people or a start was refused for want of funds, by id.
    pub refused: Vec<AccountIndex>,
    /// The number of rows of each event that has any.
    pub events: BTreeMap<Event, u64>,
}

/// Sums in one currency, all positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Paid for prepaid terms.
    pub renewals: Money,
    /// Charged for hours.
    pub usage: Money,
    /// Cash and free credit that came in.
    pub income: Money,
    /// What came back of returned and converted instances.
    pub refunds: Money,
}

impl Totals {
    /// What is paid in all, refunds taken off.
    pub fn spend(&self) -> Money {
        self.renewals + self.usage - self.refunds
    }

    /// Adds what a row moves.
    pub fn count_event(&mut self, event: Event, amount: Money) {
        match event {
            Event::Usage => self.usage -= amount,
            Event::TopUp | Event::Credit => self.income += amount,
            Event::Returned | Event::Refunded => self.refunds += amount,
            _ => self.renewals -= amount,
        }
    }
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.renewals += other.renewals;
        self.usage += other.usage;
        self.income += other.income;
        self.refunds += other.refunds;
    }
}

/// How an account fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountSummary {
    /// The account.
    pub account: AccountIndex,
    /// Its lowest available balance over the opening and the ends of days.
    pub lowest: Balance,
    /// Its last balance.
    pub closing: Balance,
    /// Whether a renewal failed, an instance stopped, or the available balance fell below zero or the alert line.
    pub is_short: bool,
}

/// An instance whose auto-renewal failed, once or on several days until it was paid or lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenewalFailure {
    /// The instance.
    pub instance: InstanceIndex,
    /// The first day on which it failed.
    pub first: Day,
    /// The last day of the same row of attempts.
    pub last: Day,
    /// What was needed.
    pub needed: Money,
    /// What was there on the first day.
    pub available: Money,
}

/// An instance that was reclaimed, terminated, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstanceLoss {
    /// The instance.
    pub instance: InstanceIndex,
    /// The day of reclaiming, or of stopping; none where it lies before the run.
    pub reclaimed: Option<Day>,
    /// What became of it.
    pub end: LossEnd,
}

/// What became of a reclaimed or stopped instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossEnd {
    /// It was recovered.
    Recovered(Day),
    /// It is gone, because nobody paid in time.
    Terminated,
    /// It is gone, because people asked for it.
    Destroyed,
    /// It is still in the bin, or stopped, when the run ends.
    Kept,
}

impl Summary {
    /// The instances terminated because nobody paid in time.
    pub fn terminated(&self) -> impl Iterator<Item = &InstanceLoss> {
        let losses = self.losses.iter();
        losses.filter(|loss| loss.end == LossEnd::Terminated)
    }

    /// The number of rows of the ledger.
    pub fn rows(&self) -> u64 {
        self.events.values().sum()
    }
}

/// Folds the rows of neighbouring accounts into a summary.
#[derive(Clone, Debug)]
pub struct Tally<'b> {
    book: &'b Book,
    /// The number of the first account.
    first: u32,
    accounts: Vec<AccountTally>,
    events: [u64; Event::ALL.len()],
    failures: Vec<RenewalFailure>,
    /// The places of failures that go on.
    failing: BTreeMap<InstanceIndex, usize>,
    losses: Vec<NotedLoss>,
    ended: BTreeMap<InstanceIndex, Day>,
    /// What rows mean.
    meanings: Losses,
    /// The places of losses that are not decided.
    losing: BTreeMap<InstanceIndex, usize>,
    refused: BTreeSet<AccountIndex>,
}

/// What an account comes to so far.
#[derive(Clone, Copy, Debug, Default)]
struct AccountTally {
    totals: Totals,
    lowest: Option<Balance>,
    closing: Option<Balance>,
    /// Whether a renewal failed or an instance stopped.
    is_short: bool,
}

/// A loss, with the day on which it was noted.
#[derive(Clone, Copy, Debug)]
struct NotedLoss {
    noted: Day,
    loss: InstanceLoss,
}

impl<'b> Tally<'b> {
    /// No rows yet, only the instances that are in the recycle bin at the opening.
    pub fn for_book(book: &'b Book) -> Self {
        let all =
            0..u32::try_from(book.accounts.len()).expect("a book numbers its accounts in 32 bits");
        Self::open_parts(book, std::iter::once(all))
            .pop()
            .expect("there is a tally for each part")
    }

    /// [`for_book`](Self::for_book), for each of some ranges of accounts, which follow each other.
    pub fn open_parts(book: &'b Book, parts: impl Iterator<Item = Range<u32>>) -> Vec<Self> {
        let mut tallies: Vec<Self> = parts
            .map(|accounts| Self::for_accounts(book, accounts))
            .collect();
        for (index, instance) in book.numbered_instances() {
            if matches!(instance.state, Some(State::Reclaimed | State::Stopped)) {
                let behind = tallies.partition_point(|tally| tally.first <= instance.account.0);
                if let Some(its_own) = tallies[..behind].last_mut() {
                    its_own.note_opening(index, instance);
                }
            }
        }
        tallies
    }

    fn for_accounts(book: &'b Book, accounts: Range<u32>) -> Self {
        Self {
            book,
            first: accounts.start,
            accounts: vec![AccountTally::default(); accounts.len()],
            events: [0; Event::ALL.len()],
            failures: Vec::new(),
            failing: BTreeMap::new(),
            losses: Vec::new(),
            ended: BTreeMap::new(),
            meanings: Losses::default(),
            losing: BTreeMap::new(),
            refused: BTreeSet::new(),
        }
    }

    fn note_opening(&mut self, index: InstanceIndex, instance: &Instance) {
        self.meanings.note_opening(index, instance);
        if instance.state == Some(State::Reclaimed) && !instance.returned {
            self.lose(index, self.book.days.from.yesterday(), None);
        }
    }

    fn account_mut(&mut self, account: AccountIndex) -> &mut AccountTally {
        &mut self.accounts[(account.0 - self.first) as usize]
    }

    /// Adds the next rows of its accounts.
    pub fn tally_entries<'r>(
        &mut self,
        entries: impl Iterator<Item = &'r Entry>,
        balances: impl Iterator<Item = &'r Balance>,
    ) {
        for entry in entries {
            self.events[entry.event as usize] += 1;
            if let (Some(account), Some(amount)) = (entry.account, entry.moved_amount()) {
                let totals = &mut self.account_mut(account).totals;
                totals.count_event(entry.event, amount);
            }
            if let Some(instance) = entry.instance {
                self.add_instance_row(instance, entry);
            }
        }
        for balance in balances {
            let account = self.account_mut(balance.account);
            account.closing = Some(*balance);
            let lowest = account.lowest.get_or_insert(*balance);
            if balance.available < lowest.available {
                *lowest = *balance;
            }
        }
    }

    /// Adds what the accounts after these come to.
    pub fn join(mut self, next: Self) -> Self {
        self.accounts.extend(next.accounts);
        for (sum, rows) in self.events.iter_mut().zip(next.events) {
            *sum += rows;
        }
        self.failures.extend(next.failures);
        self.losses.extend(next.losses);
        self.ended.extend(next.ended);
        self.refused.extend(next.refused);
        self
    }

    /// What a row says about the life of its instance.
    fn add_instance_row(&mut self, instance: InstanceIndex, entry: &Entry) {
        match self.meanings.meaning_of_entry(entry) {
            Some(RowMeaning::Fails | RowMeaning::FailsAgain) => self.fail(instance, entry),
            Some(RowMeaning::Settled) => self.settle_failure(instance),
            Some(RowMeaning::Back) => {
                self.settle_failure(instance);
                if let Some(loss) = self.decide(instance) {
                    loss.end = LossEnd::Recovered(entry.date);
                }
            }
            Some(RowMeaning::Reclaimed) => self.lose(instance, entry.date, Some(entry.date)),
            Some(RowMeaning::Stopped) => {
                self.lose(instance, entry.date, Some(entry.date));
                self.mark_short(entry);
            }
            Some(RowMeaning::Lost) => self.terminate(instance, entry),
            Some(RowMeaning::GivenUp) => self.give_up(instance, entry),
            Some(RowMeaning::Refused) => self.refused.extend(entry.account),
            None => {}
        }
    }

    fn mark_short(&mut self, entry: &Entry) {
        if let Some(account) = entry.account {
            self.account_mut(account).is_short = true;
        }
    }

    fn fail(&mut self, instance: InstanceIndex, entry: &Entry) {
        self.mark_short(entry);
        let short = entry.shortfall();
        let Some((short, needed)) = short.and_then(|short| Some((short, short.price()?))) else {
            return;
        };
        let place = *self.failing.entry(instance).or_insert(self.failures.len());
        match self.failures.get_mut(place) {
            Some(failure) => failure.last = entry.date,
            None => self.failures.push(RenewalFailure {
                instance,
                first: entry.date,
                last: entry.date,
                needed,
                available: short.available,
            }),
        }
    }

    fn settle_failure(&mut self, instance: InstanceIndex) {
        // Most rows are renewals of instances that never failed.
        if !self.failing.is_empty() {
            self.failing.remove(&instance);
        }
    }

    fn lose(&mut self, instance: InstanceIndex, noted: Day, reclaimed: Option<Day>) {
        self.losing.insert(instance, self.losses.len());
        let loss = InstanceLoss {
            instance,
            reclaimed,
            end: LossEnd::Kept,
        };
        self.losses.push(NotedLoss { noted, loss });
    }

    /// Takes the loss of an instance that is not decided.
    fn decide(&mut self, instance: InstanceIndex) -> Option<&mut InstanceLoss> {
        let place = self.losing.remove(&instance)?;
        Some(&mut self.losses[place].loss)
    }

    fn terminate(&mut self, instance: InstanceIndex, entry: &Entry) {
        // No attempt follows.
        self.failing.remove(&instance);
        if !self.losing.contains_key(&instance) {
            self.lose(instance, entry.date, None);
        }
        if let Some(loss) = self.decide(instance) {
            loss.end = LossEnd::Terminated;
        }
    }

    /// People return an instance, destroy it, or returned it before and the bin lets it go.
    fn give_up(&mut self, instance: InstanceIndex, entry: &Entry) {
        if entry.event == Event::Returned {
            return;
        }
        self.failing.remove(&instance);
        self.ended.insert(instance, entry.date);
        if let Some(loss) = self.decide(instance) {
            loss.end = LossEnd::Destroyed;
        }
    }

    /// The summary, once the last rows have been added.
    pub fn into_summary(mut self) -> Summary {
        // Lists go by day; within a day by account, as they are. What is lost before the run has no day and goes by id.
        let eve = self.book.days.from.yesterday();
        self.failures.sort_by_key(|failure| failure.first);
        self.losses
            .sort_by_key(|one| (one.noted, (one.noted == eve).then_some(one.loss.instance)));
        let events = Event::ALL
            .iter()
            .map(|event| (*event, self.events[*event as usize]));
        let mut totals: BTreeMap<Currency, Totals> = BTreeMap::new();
        let mut accounts = Vec::new();
        for (account, tally) in self.book.accounts.iter().zip(&self.accounts) {
            *totals.entry(account.currency).or_default() += tally.totals;
            if let Some((lowest, closing)) = tally.lowest.zip(tally.closing) {
                let alert_line = account.alert_below.unwrap_or(Money::ZERO);
                accounts.push(AccountSummary {
                    account: lowest.account,
                    lowest,
                    closing,
                    is_short: tally.is_short || lowest.available < alert_line,
                });
            }
        }
        Summary {
            totals,
            accounts,
            rejected: usize::try_from(self.events[Event::Rejected as usize]).unwrap_or(usize::MAX),
            events: events.filter(|(_, rows)| *rows > 0).collect(),
            failures: self.failures,
            losses: self.losses.into_iter().map(|noted| noted.loss).collect(),
            ended: self.ended,
            refused: self.refused.into_iter().collect(),
        }
    }
}
