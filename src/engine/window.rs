//! The rows of some days, in order: by date, then account id, then order of occurrence.
//!
//! Rows stay where the sections wrote them; a window knows in which order their pieces follow each other.

use std::ops::Range;

use crate::calendar::Day;
use crate::ledger::{Balance, Entry};

/// The rows of some days of a run. One that has been used keeps its room for the next days.
#[derive(Debug, Default)]
pub struct Window {
    pub(super) parts: Vec<Part>,
    pieces: Vec<Piece>,
    last: Option<Day>,
}

/// The rows that one section wrote, day after day.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// The number of the section's first account.
    pub first_account: usize,
    pub entries: Vec<Entry>,
    pub balances: Vec<Balance>,
    /// For each day with rows: how many entries and balances there are up to its end.
    days: Vec<(Day, usize, usize)>,
}

/// Neighbouring rows of one part and one day, and where they stand in that day.
#[derive(Clone, Debug)]
struct Piece {
    day: Day,
    place: Place,
    part: usize,
    entries: Range<usize>,
    balances: Range<usize>,
}

/// A place in a day: at an account, by its number, or before it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// Before the rows of the account with this number.
    Before(usize),
    /// Among the rows of the account with this number.
    At(usize),
}

impl Place {
    fn key(self) -> (usize, bool) {
        match self {
            Self::Before(account) => (account, false),
            Self::At(account) => (account, true),
        }
    }
}

/// A row that belongs to no account, and where it stands in its day.
#[derive(Clone, Debug)]
pub(super) struct Stray {
    pub entry: Entry,
    pub place: Place,
}

impl Window {
    /// The last day of the window, once it has any.
    pub fn last(&self) -> Option<Day> {
        self.last
    }

    /// The rows of the ledger, as runs of neighbours.
    pub fn runs(&self) -> impl Iterator<Item = &[Entry]> {
        self.pieces.iter().map(|piece| &self.parts[piece.part].entries[piece.entries.clone()])
    }

    /// The rows of the ledger.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.runs().flatten()
    }

    /// The number of its rows of the ledger.
    pub fn rows(&self) -> u64 {
        self.runs().map(|rows| rows.len() as u64).sum()
    }

    /// The balances noted at the ends of the days, as runs of neighbours; those of the opening come first.
    pub fn balance_runs(&self) -> impl Iterator<Item = &[Balance]> {
        self.pieces.iter().map(|piece| &self.parts[piece.part].balances[piece.balances.clone()])
    }

    /// The balances noted at the ends of the days.
    pub fn balances(&self) -> impl Iterator<Item = &Balance> {
        self.balance_runs().flatten()
    }

    /// Empties the window, with room for so many sections and for strays.
    pub(super) fn clear(&mut self, sections: usize) {
        self.parts.resize_with(sections + 1, Part::default);
        self.parts.iter_mut().for_each(Part::clear);
        self.pieces.clear();
        self.last = None;
    }

    /// Puts the rows of the sections up to `last` in order, and the strays, which are in order, between them.
    pub(super) fn put_in_order(&mut self, last: Day, strays: Vec<Stray>) {
        self.last = Some(last);
        for number in 0..self.parts.len() {
            let mut from = (0, 0);
            for at in 0..self.parts[number].days.len() {
                let (day, entries, balances) = self.parts[number].days[at];
                let split = strays.iter().any(|stray| stray.entry.date == day);
                self.add_day((day, number), (from.0..entries, from.1..balances), split);
                from = (entries, balances);
            }
        }
        let home = self.parts.len() - 1;
        for (at, stray) in strays.into_iter().enumerate() {
            let Stray { entry, place } = stray;
            self.pieces.push(Piece { day: entry.date, place, part: home, entries: at..at + 1, balances: 0..0 });
            self.parts[home].entries.push(entry);
        }
        self.pieces.sort_by_key(|piece| (piece.day, piece.place.key()));
    }

    /// Adds a part's rows of one day, account by account if something may stand between them.
    fn add_day(&mut self, (day, part): (Day, usize), (entries, balances): (Range<usize>, Range<usize>), split: bool) {
        let place = Place::At(self.parts[part].first_account);
        if !split {
            self.pieces.push(Piece { day, place, part, entries, balances });
            return;
        }
        self.pieces.push(Piece { day, place, part, entries: 0..0, balances });
        let mut from = entries.start;
        for rows in self.parts[part].entries[entries].chunk_by(|left, right| left.account == right.account) {
            let account = rows[0].account.map_or(0, |account| account.0 as usize);
            let entries = from..from + rows.len();
            from = entries.end;
            self.pieces.push(Piece { day, place: Place::At(account), part, entries, balances: 0..0 });
        }
    }
}

impl Part {
    fn clear(&mut self) {
        self.entries.clear();
        self.balances.clear();
        self.days.clear();
    }

    /// Marks the end of a day's rows.
    pub(super) fn end_day(&mut self, day: Day) {
        self.days.push((day, self.entries.len(), self.balances.len()));
    }
}
