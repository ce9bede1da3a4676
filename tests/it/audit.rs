//! The laws at a day's end: a book that no reader lets through stops the run, and the message says what is wrong.

use std::panic::{self, AssertUnwindSafe};

use renewcast::engine;
use renewcast::model::book::Book;
use renewcast::model::calendar::Day;
use renewcast::model::instance::State;
use renewcast::model::money::Money;

use crate::support::{Files, book};

/// An account with an instance at which its only day looks, since an action names it.
fn lawful_book() -> Book {
    let files = [
        ("book.toml", "from = 2026-12-01\nto = 2026-12-01\n"),
        ("accounts.csv", "account_id,cash\nmain,100.00\n"),
        (
            "instances.csv",
            "instance_id,account_id,charge_type,monthly_price,expires_on\ni-1,main,PREPAID,60,2026-12-20\n",
        ),
        (
            "actions.csv",
            "date,action,instance_id,flag\n2026-12-01,set_flag,i-1,none\n",
        ),
    ];
    book(
        &files
            .into_iter()
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .collect::<Files>(),
    )
}

/// What the run of the book says that stops it, once something was changed.
fn stopped_by(change: impl FnOnce(&mut Book)) -> Option<String> {
    let mut book = lawful_book();
    change(&mut book);
    let stopped = panic::catch_unwind(AssertUnwindSafe(|| engine::replay(&book).map(|_| ())));
    Some(
        *stopped
            .err()?
            .downcast::<String>()
            .expect("an assertion has a text"),
    )
}

fn day(text: &str) -> Day {
    Day::parse(text).expect("a date")
}

#[test]
fn a_lawful_book_is_replayed() {
    assert_eq!(stopped_by(|_| ()), None);
}

#[test]
fn free_credit_is_not_below_zero() {
    let said = stopped_by(|book| book.accounts[0].funds.free_credit = Money::from_minor(-1));
    assert_eq!(
        said.as_deref(),
        Some("2026-12-01 main: free credit below zero")
    );
}

#[test]
fn an_overdue_instance_is_past_its_expiry() {
    let said = stopped_by(|book| book.instances[0].state = Some(State::Overdue));
    assert_eq!(
        said.as_deref(),
        Some("2026-12-01 i-1: overdue with expiry 2026-12-20 since none")
    );
}

#[test]
fn a_reclaimed_instance_was_reclaimed_before_the_day_is_over() {
    let said = stopped_by(|book| {
        book.instances[0].state = Some(State::Reclaimed);
        book.instances[0].since = Some(day("2026-12-02"));
    });
    assert_eq!(
        said.as_deref(),
        Some("2026-12-01 i-1: reclaimed with expiry 2026-12-20 since 2026-12-02")
    );
}
