//! `demand.csv`: the three sums of a run, by month and account; and what a run spent, for the first of them. Never replays.
//!
//! Rule **demand-file** of docs/spec.

use super::csv_buffer::{CellWord, CsvBuffer};
use super::monthly::month_text;
use crate::analysis::demand::{Demand, SpentByMonth};
use crate::engine::event::Event;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::money::Money;
use crate::tables::Tables;

/// The header of `demand.csv`.
const HEADER: &str = "month,account_id,as_funded,all_due_paid,all_kept\n";

/// What a run spent by month and account: renewals and usage of `monthly.csv`, refunds taken off.
pub fn spent(tables: &Tables<'_>) -> SpentByMonth {
    let mut months = Vec::new();
    for (key, total) in tables.by_account() {
        if matches!(key.event, Event::TopUp | Event::Credit) {
            continue;
        }
        match months.last_mut() {
            Some((month, account, sum)) if (*month, *account) == (key.month, key.account) => {
                *sum -= total.amount;
            }
            _ => months.push((key.month, key.account, -total.amount)),
        }
    }
    months.retain(|(_, _, sum)| *sum != Money::ZERO);
    SpentByMonth::of_months(months)
}

/// The bytes of `demand.csv`: each month that the run touches and each account. A sum that is not known is empty.
pub fn demand_csv(book: &Book, demand: &Demand) -> Vec<u8> {
    let mut buffer = CsvBuffer::default();
    buffer.push_text(HEADER);
    // Most rows have the month of the row before.
    let mut named = (Day::FIRST, CellWord::cell(""));
    for (month, account, sums) in demand.rows(book) {
        let account = book.account(account);
        if named.0 != month {
            named = (month, CellWord::cell(&month_text(month)));
        }
        buffer.word(&named.1);
        buffer.cell(account.id.as_str());
        for sum in [Some(sums.as_funded), sums.all_due_paid, sums.all_kept] {
            match sum {
                Some(sum) => buffer.amount(sum, account.currency),
                None => buffer.comma(),
            }
        }
        buffer.end_row();
    }
    buffer.into_bytes()
}
