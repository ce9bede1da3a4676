//! The test oracle: a second, slow and obvious replay, written from the specification's text alone.
//! It visits every account, every day, every instance and every hour, and shares no code with the engine.
//! It never checks a book (only valid ones come here).

mod action;
mod convert;
mod dates;
mod day;
mod demand;
mod funds;
mod ledger;
mod matching;
mod notice;
mod number;
mod order;
mod postpaid;
mod price;
mod profile;
mod read;
mod refund;
mod refusal;
mod renewal;
mod resize;
mod rules;
mod selector;
mod state;
mod voucher;
#[cfg(test)]
mod worked;

use std::collections::{BTreeMap, BTreeSet};

use dates::{Date, plus_days};
use day::Replay;
use ledger::{DayEnd, balances_csv, ledger_csv, monthly_csv};
use read::Book;
use rules::Notes;

pub(crate) use demand::demand;
pub(crate) use rules::RULES;

/// What a run writes, byte for byte, and which rules it came across.
pub(crate) struct Outcome {
    /// ledger.csv
    pub(crate) ledger: String,
    /// balances.csv
    pub(crate) balances: String,
    /// monthly.csv
    pub(crate) monthly: String,
    /// Names of [`RULES`] that were applied.
    pub(crate) rules: BTreeSet<&'static str>,
    /// An action needs a price that is not there: the run stops, and nothing is written.
    pub(crate) is_refused: bool,
}

/// Replays a valid book, given as file name and text, with the program's built-in profiles as TOML.
pub(crate) fn replay(book: &BTreeMap<String, String>, builtin_profiles: &str) -> Outcome {
    let notes = Notes::new();
    let book = read::read(book, builtin_profiles, &notes);
    let mut replay = opening(&book, &notes);
    let mut day_ends = day_ends(&replay, plus_days(book.from, -1));
    while replay.today <= book.to && !replay.missing_price {
        day(&mut replay);
        day_ends.extend(self::day_ends(&replay, replay.today));
        replay.today = plus_days(replay.today, 1);
    }
    note_actions_outside(&book, &notes);
    Outcome {
        ledger: ledger_csv(&replay.entries),
        balances: balances_csv(&day_ends),
        monthly: monthly_csv(&replay.entries, &day_ends, book.from),
        is_refused: replay.missing_price,
        rules: notes.all(),
    }
}

fn opening<'a>(book: &'a Book, notes: &'a Notes) -> Replay<'a> {
    Replay {
        book,
        accounts: book.accounts.clone(),
        instances: book.instances.clone(),
        today: book.from,
        entries: Vec::new(),
        matched: Vec::new(),
        vouchers: book.vouchers.clone(),
        returns: book.returns.clone(),
        missing_price: false,
        keeps_all: false,
        notes,
    }
}

/// A day of all accounts; its rows by account id, then in order of occurrence (**row-order**).
fn day(replay: &mut Replay) {
    let first_row = replay.entries.len();
    replay.matched.clear();
    for account in 0..replay.accounts.len() {
        replay.day_of(account);
    }
    replay.homeless_actions();
    replay.entries[first_row..].sort_by(|left, right| left.account.cmp(&right.account));
}

fn day_ends(replay: &Replay, date: Date) -> Vec<DayEnd> {
    let accounts = replay.accounts.iter().cloned();
    accounts.map(|account| DayEnd { date, account }).collect()
}

/// Actions outside the run are checked and not carried out (**outside-run**).
fn note_actions_outside(book: &Book, notes: &Notes) {
    for action in &book.actions {
        notes.reached_if(action.date < book.from, "action/before-the-run");
        notes.reached_if(action.date > book.to, "action/after-the-run");
    }
}
