//! A book as files: what `closing/` holds, ready to be replayed from the day after the run.

use std::collections::BTreeMap;

use serde::Serialize;
use toml::value::Datetime;

use super::{profile, write_rows};
use crate::account::Account;
use crate::action::{AccountRef, Action, Target, Verb};
use crate::book::Book;
use crate::calendar::Day;
use crate::money::Currency;
use crate::selector::Column;
use crate::source;

/// `book.toml`.
#[derive(Serialize)]
struct Settings<'b> {
    name: &'b str,
    from: Datetime,
    to: Datetime,
    time_zone: &'b str,
    currency: &'b str,
    profile: &'b str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    product_profiles: BTreeMap<&'b str, &'b str>,
}

/// The files of a book, by name. Profiles are written out, so that built-in ones cannot change under it.
pub fn files(book: &Book) -> Vec<(&'static str, Vec<u8>)> {
    let profiles: Vec<String> = book.profiles.iter().map(profile::toml).collect();
    vec![
        ("book.toml", settings(book).into_bytes()),
        ("profiles.toml", profiles.join("\n").into_bytes()),
        ("accounts.csv", write_rows(source::ACCOUNT_COLUMNS, book.accounts.iter().map(AccountRow::of))),
        ("instances.csv", instances(book)),
        (
            "actions.csv",
            write_rows(source::ACTION_COLUMNS, book.actions.iter().map(|action| ActionRow::of(book, action))),
        ),
    ]
}

fn settings(book: &Book) -> String {
    let day = |day: Day| day.to_string().parse().expect("a day is a TOML date");
    let settings = Settings {
        name: &book.name,
        from: day(book.days.from),
        to: day(book.days.to),
        time_zone: &book.time_zone,
        currency: book.currency.code(),
        profile: &book.default_profile().name,
        product_profiles: book
            .product_profiles
            .iter()
            .map(|(product, profile)| (&**product, &*book.profile(*profile).name))
            .collect(),
    };
    toml::to_string(&settings).expect("settings have a TOML form")
}

/// A row of `accounts.csv`, its fields in the order of [`source::ACCOUNT_COLUMNS`].
#[derive(Serialize)]
struct AccountRow<'b> {
    account_id: &'b str,
    name: &'b str,
    cash: String,
    free_credit: String,
    frozen: String,
    credit_limit: String,
    alert_below: Option<String>,
    currency: &'b str,
    arrears_hours: Option<u32>,
    alert_days: u32,
}

impl<'b> AccountRow<'b> {
    fn of(account: &'b Account) -> Self {
        let text = |money: crate::money::Money| money.display(account.currency).to_string();
        Self {
            account_id: account.id.as_str(),
            name: account.name.as_deref().unwrap_or(""),
            cash: text(account.funds.cash),
            free_credit: text(account.funds.free_credit),
            frozen: text(account.funds.frozen),
            credit_limit: text(account.funds.credit_limit),
            alert_below: account.alert_below.map(text),
            currency: account.currency.code(),
            arrears_hours: account.arrears_hours,
            alert_days: account.alert_days,
        }
    }
}

fn instances(book: &Book) -> Vec<u8> {
    let tags = book.tag_keys.iter().map(|key| format!("tag:{key}"));
    let header = Column::NAMED.iter().map(|(name, _)| (*name).to_owned()).chain(tags);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header).expect("memory takes any row");
    for instance in &book.instances {
        let named = Column::NAMED.iter().map(|(_, column)| *column);
        let columns = named.chain((0..book.tag_keys.len()).map(Column::Tag));
        let cells = columns.map(|column| book.cell_text(instance, column).unwrap_or_default());
        writer.write_record(cells).expect("memory takes any row");
    }
    writer.into_inner().expect("memory takes any row")
}

/// A row of `actions.csv`, its fields in the order of [`source::ACTION_COLUMNS`].
#[derive(Serialize)]
struct ActionRow<'b> {
    date: String,
    action: &'b str,
    account_id: &'b str,
    instance_id: &'b str,
    r#where: &'b str,
    amount: Option<String>,
    months: Option<u32>,
    day: Option<u8>,
    flag: Option<&'b str>,
    price: Option<String>,
    note: &'b str,
}

impl<'b> ActionRow<'b> {
    fn of(book: &'b Book, action: &'b Action) -> Self {
        let (account_id, currency): (&str, Currency) = match &action.account {
            Some(AccountRef::Known(account)) => (book.account(*account).id.as_str(), book.account(*account).currency),
            Some(AccountRef::Unknown(id)) => (id, book.currency),
            None => ("", book.currency),
        };
        let (instance_id, r#where) = match &action.target {
            Target::Instance(instance) => (book.instance(*instance).id.as_str(), ""),
            Target::UnknownInstance(id) => (&**id, ""),
            Target::Where(selector) => ("", selector.text()),
            Target::Account => ("", ""),
        };
        Self {
            date: action.date.to_string(),
            action: action.verb.name(),
            account_id,
            instance_id,
            r#where,
            amount: action.amount().map(|amount| amount.display(currency).to_string()),
            months: action.verb.months(),
            day: if let Verb::RenewUntil(day) = action.verb { Some(day) } else { None },
            flag: if let Verb::SetFlag(flag, _) = action.verb { Some(flag.name()) } else { None },
            price: action.price().map(|price| price.to_string()),
            note: action.note.as_deref().unwrap_or(""),
        }
    }
}
