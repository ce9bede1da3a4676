//! The rows of some days, in order: by date, then account id, then order of occurrence.
//!
//! What shards wrote stays where it is; a window knows in which order its pieces follow each other. It keeps the rows, or
//! whatever is made of them while they are in the cache.

use std::mem;
use std::ops::Range;

use crate::engine::ledger::{Balance, Entry};
use crate::model::calendar::Day;

/// Rows that a shard writes, in order.
#[derive(Clone, Debug, Default)]
pub struct ShardRows {
    /// Rows of the ledger.
    pub entries: Vec<Entry>,
    /// Balances noted at the ends of days; those of the opening come first.
    pub balances: Vec<Balance>,
}

/// The rows of some days of a run, or what is kept of them. One that has been used keeps its room for the next days.
#[derive(Debug)]
pub struct Window<K = ShardRows> {
    pub(super) parts: Vec<ShardPart<K>>,
    order: Vec<AccountRows>,
    last: Option<Day>,
}

/// What is kept of the rows of one shard.
#[derive(Debug, Default)]
pub(super) struct ShardPart<K> {
    pub kept: K,
    pub ends: Vec<RunEnd>,
}

/// How many rows there are up to the end of a day, or up to the end of an account's day where something may follow it.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunEnd {
    pub day: Day,
    pub place: DayPosition,
    pub entries: usize,
    pub balances: usize,
}

/// Neighbouring rows of one part, and where they stand.
#[derive(Clone, Debug)]
struct AccountRows {
    day: Day,
    place: DayPosition,
    part: usize,
    entries: Range<usize>,
    balances: Range<usize>,
}

/// A place in a day: at an account, by its number, or before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DayPosition {
    account: usize,
    is_at: bool,
}

impl DayPosition {
    /// Before the rows of the account with this number.
    pub(super) fn before(account: usize) -> Self {
        let is_at = false;
        Self { account, is_at }
    }

    /// Among the rows of the account with this number.
    pub(super) fn at(account: usize) -> Self {
        let is_at = true;
        Self { account, is_at }
    }
}

/// Rows that follow each other, as their numbers among those of a shard, and what is kept of that shard.
#[derive(Debug)]
pub struct RowSpan<'w, K> {
    /// The day of the rows.
    pub day: Day,
    /// What is kept of the shard's rows.
    pub kept: &'w K,
    /// Rows of the ledger.
    pub entries: Range<usize>,
    /// Balances.
    pub balances: Range<usize>,
}

impl<K> Default for Window<K> {
    fn default() -> Self {
        Self {
            parts: Vec::new(),
            order: Vec::new(),
            last: None,
        }
    }
}

impl<K> Window<K> {
    /// The last day of the window, once it has any.
    pub fn last(&self) -> Option<Day> {
        self.last
    }

    /// The number of its rows of the ledger.
    pub fn rows(&self) -> u64 {
        self.order.iter().map(|run| run.entries.len() as u64).sum()
    }

    /// Its pieces in order.
    pub fn pieces(&self) -> impl Iterator<Item = RowSpan<'_, K>> {
        self.order.iter().map(|run| RowSpan {
            day: run.day,
            kept: &self.parts[run.part].kept,
            entries: run.entries.clone(),
            balances: run.balances.clone(),
        })
    }

    /// Empties the window, with room for these parts.
    pub(super) fn clear(&mut self, parts: usize)
    where
        K: Default,
    {
        self.parts.resize_with(parts, ShardPart::default);
        self.parts.iter_mut().for_each(|part| part.ends.clear());
        self.order.clear();
        self.last = None;
    }

    /// Puts the rows of all parts, which reach up to `last`, in order.
    pub(super) fn put_in_order(&mut self, last: Day) {
        self.last = Some(last);
        for (number, part) in self.parts.iter().enumerate() {
            let (mut entries, mut balances) = (0, 0);
            self.order.extend(part.ends.iter().map(|end| AccountRows {
                day: end.day,
                place: end.place,
                part: number,
                entries: mem::replace(&mut entries, end.entries)..end.entries,
                balances: mem::replace(&mut balances, end.balances)..end.balances,
            }));
        }
        self.order.sort_by_key(|run| (run.day, run.place));
    }
}

impl Window {
    /// The rows of the ledger, as runs of neighbours.
    pub fn runs(&self) -> impl Iterator<Item = &[Entry]> {
        self.pieces()
            .map(|piece| &piece.kept.entries[piece.entries])
    }

    /// The rows of the ledger.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.runs().flatten()
    }

    /// The balances noted at the ends of the days, as runs of neighbours; those of the opening come first.
    pub fn balance_runs(&self) -> impl Iterator<Item = &[Balance]> {
        self.pieces()
            .map(|piece| &piece.kept.balances[piece.balances])
    }

    /// The balances noted at the ends of the days.
    pub fn balances(&self) -> impl Iterator<Item = &Balance> {
        self.balance_runs().flatten()
    }
}

impl ShardRows {
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.balances.clear();
    }
}
