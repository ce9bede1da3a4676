//! Replays a book that is made in code and prints its ledger: `cargo run --example replay`.

use std::error::Error;
use std::io::Write;

use renewcast::model::account::Account;
use renewcast::model::book::BookBuilder;
use renewcast::model::calendar::{Day, DayRange};
use renewcast::model::id::{AccountId, InstanceId};
use renewcast::model::instance::Instance;
use renewcast::model::money::{Currency, Money, Price};
use renewcast::{engine, input, output};

/// A year of one server that renews itself each month from 400.00.
pub(crate) fn ledger() -> Result<Vec<u8>, Box<dyn Error>> {
    let days = DayRange::year_from(Day::parse("2026-12-01")?);
    let currency = Currency::from_code("CNY").ok_or("no such currency")?;
    let mut book = BookBuilder::new(days, currency, input::builtin_rules().swap_remove(0));
    let shop = AccountId::new("shop").ok_or("an empty id")?;
    book.add_account(Account::with_cash(
        shop,
        currency,
        Money::from_minor(40_000),
    ));
    let (web, product) = (InstanceId::new("web-1"), book.label("cvm"));
    let (price, expiry) = (Price::parse("59")?, Day::parse("2026-12-12")?);
    let web = Instance::prepaid(web.ok_or("an empty id")?, product, price, expiry);
    book.add_instance("shop", web);
    let book = book.build()?;
    let replay = engine::replay(&book).map_err(|refusal| format!("{refusal:?}"))?;
    Ok(output::csv::ledger(&book, &replay.ledger))
}

fn main() -> Result<(), Box<dyn Error>> {
    Ok(std::io::stdout().write_all(&ledger()?)?)
}
