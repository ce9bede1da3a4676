//! The three sums (**as-funded**, **all-due-paid**, **all-kept**): each account replayed on its own, three times.
//! Says nothing of what happens, only what is spent.

use std::collections::BTreeMap;

use super::dates::{Date, plus_days};
use super::ledger::CsvText;
use super::number::money;
use super::opening;
use super::read::{self, Book};
use super::rules::Notes;

/// More than any account of a random book can need.
const AMPLE: i128 = 1_000_000_000_000_000;

/// Spend by `YYYY-MM`; none where a price is missing.
type Spend = Option<BTreeMap<String, i128>>;

/// demand.csv of a valid book.
pub(crate) fn demand(book: &BTreeMap<String, String>, builtin_profiles: &str) -> String {
    let notes = Notes::new();
    let book = read::read(book, builtin_profiles, &notes);
    let sums: Vec<[Spend; 3]> = (0..book.accounts.len())
        .map(|account| {
            let paid = spend(&book, account, AMPLE, false);
            // What cannot be told with ample cash cannot be told where everything is kept, either.
            let kept = paid
                .as_ref()
                .and_then(|_| spend(&book, account, AMPLE, true));
            [spend(&book, account, 0, false), paid, kept]
        })
        .collect();
    let mut file = CsvText::new("month,account_id,as_funded,all_due_paid,all_kept");
    for month in months(&book) {
        for (account, sums) in book.accounts.iter().zip(&sums) {
            let cell = |spend: &Spend| {
                let of_month = spend
                    .as_ref()
                    .map(|spend| spend.get(&month).copied().unwrap_or(0));
                of_month.map_or(String::new(), |sum| money(sum, account.digits))
            };
            let [own, paid, kept] = sums;
            file.row(&[
                month.clone(),
                account.id.clone(),
                cell(own),
                cell(paid),
                cell(kept),
            ]);
        }
    }
    file.text()
}

fn spend(book: &Book, account: usize, more_cash: i128, keeps_all: bool) -> Spend {
    let notes = Notes::new();
    let mut replay = opening(book, &notes);
    replay.accounts[account].cash += more_cash;
    replay.keeps_all = keeps_all;
    while replay.today <= book.to {
        replay.day_of(account);
        if replay.missing_price {
            return None;
        }
        replay.today = plus_days(replay.today, 1);
    }
    let mut spend = BTreeMap::new();
    let spends = |event: &str| !matches!(event, "topup" | "credit");
    for entry in replay
        .entries
        .iter()
        .filter(|entry| entry.movement.is_some() && spends(entry.event))
    {
        *spend.entry(month_of(entry.date)).or_insert(0) -= entry.amount();
    }
    Some(spend)
}

fn months(book: &Book) -> Vec<String> {
    let mut months = Vec::new();
    let mut day = book.from;
    while day <= book.to {
        if months.last() != Some(&month_of(day)) {
            months.push(month_of(day));
        }
        day = plus_days(day, 1);
    }
    months
}

fn month_of(day: Date) -> String {
    day.format("%Y-%m").to_string()
}
