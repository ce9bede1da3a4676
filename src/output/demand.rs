//! `demand.csv`: the three sums of a run, by month and account; and what a run spent, for the first of them.
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
    let is_spend = |event: Event| !matches!(event, Event::TopUp | Event::Credit);
    for (key, total) in tables.by_account().filter(|(key, _)| is_spend(key.event)) {
        match months.last_mut() {
            Some((month, account, sum)) if (*month, *account) == (key.month, key.account) => {
                *sum -= total.amount
            }
            _ => months.push((key.month, key.account, -total.amount)),
        }
    }
    months.retain(|(_, _, sum)| *sum != Money::ZERO);
    SpentByMonth::of_months(months)
}

/// The bytes of `demand.csv`: each month that the run touches and each account. A sum that cannot be told is empty.
pub fn demand_csv(book: &Book, demand: &Demand) -> Vec<u8> {
    let mut page = CsvBuffer::default();
    page.push_text(HEADER);
    let mut name: Option<(Day, CellWord)> = None;
    for (month, account, sums) in demand.rows(book) {
        let account = book.account(account);
        if name.as_ref().is_none_or(|(named, _)| *named != month) {
            name = Some((month, CellWord::cell(&month_text(month))));
        }
        name.iter().for_each(|(_, text)| page.word(text));
        page.cell(account.id.as_str());
        for sum in [Some(sums.as_funded), sums.all_due_paid, sums.all_kept] {
            match sum {
                Some(sum) => page.amount(sum, account.currency),
                None => page.comma(),
            }
        }
        page.end_row();
    }
    page.into_bytes()
}
