//! Books made in code: what the example of the crate prints, and the error that each broken rule of a book has.

use renewcast::input;
use renewcast::model::account::Account;
use renewcast::model::action::{Action, Target, Verb};
use renewcast::model::book::{Book, BookBuilder, BookError};
use renewcast::model::calendar::{Day, DayRange};
use renewcast::model::id::{AccountId, InstanceId};
use renewcast::model::instance::{Instance, State};
use renewcast::model::money::{Currency, Money, Price};

#[path = "../../examples/replay.rs"]
#[expect(dead_code, reason = "its main function prints what the test reads")]
mod replay;

fn day(text: &str) -> Day {
    Day::parse(text).expect("a date")
}

fn id() -> InstanceId {
    InstanceId::new("web-1").expect("an id")
}

/// One account with one instance.
fn builder(change: impl FnOnce(&mut Instance)) -> BookBuilder {
    let currency = Currency::from_code("CNY").expect("a currency");
    let days = DayRange::year_from(day("2026-12-01"));
    let mut builder = BookBuilder::new(days, currency, input::builtin_rules().swap_remove(0));
    builder.add_account(account("shop"));
    let product = builder.label("cvm");
    let price = Price::parse("59").expect("a price");
    let mut instance = Instance::prepaid(id(), product, price, day("2026-12-12"));
    change(&mut instance);
    builder.add_instance("shop", instance);
    builder
}

fn account(id: &str) -> Account {
    let id = AccountId::new(id).expect("an id");
    let currency = Currency::from_code("CNY").expect("a currency");
    Account::with_cash(id, currency, Money::from_minor(10_000))
}

fn error_of(change: impl FnOnce(&mut Instance)) -> BookError {
    builder(change).build().expect_err("a broken rule")
}

fn sound_book() -> Book {
    builder(|_| ()).build().expect("nothing is wrong with it")
}

#[test]
fn the_example_replays_a_book_made_in_code() {
    let ledger = replay::ledger().expect("the example runs");
    let ledger = String::from_utf8(ledger).expect("ledgers are UTF-8");
    let events = |event: &str| ledger.matches(&format!(",{event},")).count();
    // 400.00 pays for six months of 59.00; the seventh attempt fails.
    assert_eq!(events("renewed"), 6, "{ledger}");
    assert_eq!(events("terminated"), 1, "{ledger}");
}

/// A change that breaks an instance, and the error that names it.
type Broken = (fn(&mut Instance), BookError);

#[test]
fn each_broken_rule_of_an_instance_has_an_error() {
    let cases: [Broken; 6] = [
        (
            |one| one.monthly_price = None,
            BookError::MissingPrice(id()),
        ),
        (
            |one| one.renew_months = 7_000,
            BookError::PeriodNotOffered(id()),
        ),
        (
            |one| one.expires_on = None,
            BookError::ImpossibleState(id()),
        ),
        (
            |one| one.state = Some(State::Stopped),
            BookError::ImpossibleState(id()),
        ),
        (|one| one.anchor_day = Some(3), BookError::BadAnchor(id())),
        (
            |one| one.labels.tags = Box::new([None]),
            BookError::WrongTags(id()),
        ),
    ];
    for (change, error) in cases {
        assert_eq!(error_of(change), error);
    }
}

#[test]
fn a_book_keeps_its_ids_apart_and_knows_its_accounts() {
    let mut twice = builder(|_| ());
    twice.add_account(account("shop"));
    let id_of_shop = AccountId::new("shop").expect("an id");
    assert_eq!(
        twice.build().err(),
        Some(BookError::DuplicateAccount(id_of_shop))
    );

    let mut twice = builder(|_| ());
    twice.add_instance("shop", sound_book().instances.swap_remove(0));
    assert_eq!(
        twice.build().err(),
        Some(BookError::DuplicateInstance(id()))
    );

    let mut elsewhere = builder(|_| ());
    elsewhere.add_instance("lab", sound_book().instances.swap_remove(0));
    assert_eq!(
        elsewhere.build().err(),
        Some(BookError::UnknownAccount("lab".into()))
    );
}

#[test]
fn an_action_is_about_an_account_or_about_instances() {
    let renewal = Action {
        date: day("2026-12-10"),
        sent: None,
        account: None,
        target: Target::UnknownInstance("web-1".into()),
        verb: Verb::Renew(1),
        note: None,
    };
    let mut named = builder(|_| ());
    named.add_action(renewal.clone());
    let book = named.build().expect("the instance is found by its id");
    assert!(matches!(book.actions[0].target, Target::Instance(_)));

    let nothing = Action {
        target: Target::Account,
        ..renewal
    };
    let mut misdirected = builder(|_| ());
    misdirected.add_action(nothing.clone());
    let error = BookError::MisdirectedAction(Box::new(nothing));
    assert_eq!(misdirected.build().err(), Some(error));
}

#[test]
fn days_and_amounts_have_limits() {
    let mut book = sound_book();
    book.days.to = day("2026-11-30");
    assert_eq!(book.check(), Err(BookError::ImpossibleDays(book.days)));
    let mut book = sound_book();
    book.accounts[0].funds.cash = Money::from_minor(i64::MAX);
    assert_eq!(book.check(), Err(BookError::AmountsTooLarge));
}
