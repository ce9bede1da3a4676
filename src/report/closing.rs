//! A book as files: what `closing/` holds, ready to be replayed from the day after the run.

use std::collections::BTreeMap;

use serde::Serialize;
use toml::value::Datetime;

use super::{profile, write_rows};
use crate::account::{Account, Returns};
use crate::action::{AccountRef, Action, Target, Verb};
use crate::book::Book;
use crate::calendar::Day;
use crate::cell;
use crate::instance::{ChargeType, InstanceIndex};
use crate::money::{Currency, Money};
use crate::order::Order;
use crate::selector::Column;
use crate::source;
use crate::voucher::Voucher;

/// `book.toml`.
#[derive(Serialize)]
struct Settings<'b> {
    name: &'b str,
    from: Datetime,
    to: Datetime,
    time_zone: &'b str,
    currency: &'b str,
    profile: &'b str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    holidays: Vec<Datetime>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    product_profiles: BTreeMap<&'b str, &'b str>,
}

/// The files of a book, by name. Profiles are written out, so that built-in ones cannot change under it.
pub fn files(book: &Book) -> Vec<(&'static str, Vec<u8>)> {
    let profiles: Vec<String> = book.profiles.iter().map(profile::toml).collect();
    let mut files = vec![
        ("book.toml", settings(book).into_bytes()),
        ("profiles.toml", profiles.join("\n").into_bytes()),
        ("accounts.csv", write_rows(source::ACCOUNT_COLUMNS, book.accounts.iter().map(AccountRow::of))),
        ("instances.csv", instances(book)),
        (
            "actions.csv",
            write_rows(source::ACTION_COLUMNS, book.actions.iter().map(|action| ActionRow::of(book, action))),
        ),
    ];
    let vouchers: Vec<VoucherRow<'_>> = book.accounts.iter().flat_map(|one| VoucherRow::all(book, one)).collect();
    let orders: Vec<OrderRow<'_>> =
        book.orders.iter().flat_map(|(one, orders)| OrderRow::all(book, *one, orders)).collect();
    let returns: Vec<ReturnsRow<'_>> = book.accounts.iter().flat_map(|one| ReturnsRow::all(book, one)).collect();
    if !vouchers.is_empty() {
        files.push(("vouchers.csv", write_rows(source::VOUCHER_COLUMNS, vouchers)));
    }
    if !orders.is_empty() {
        files.push(("orders.csv", write_rows(source::ORDER_COLUMNS, orders)));
    }
    if !returns.is_empty() {
        files.push(("returns.csv", write_rows(source::RETURN_COLUMNS, returns)));
    }
    files
}

fn settings(book: &Book) -> String {
    let day = |day: Day| day.to_string().parse().expect("a day is a TOML date");
    let settings = Settings {
        name: &book.name,
        from: day(book.days.from),
        to: day(book.days.to),
        time_zone: &book.time_zone,
        currency: book.currency.code(),
        holidays: book.holidays.iter().map(|holiday| day(*holiday)).collect(),
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
        writer.write_record(cells.map(|text| cell::written(&text).into_owned())).expect("memory takes any row");
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
    channel: Option<&'b str>,
    voucher_id: Option<&'b str>,
    valid_to: Option<String>,
    products: Option<String>,
    pay_mode: Option<&'b str>,
    min_order: Option<String>,
    instance_type: Option<&'b str>,
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
        let grant = if let Verb::Voucher(grant) = action.verb { Some(book.grant(grant)) } else { None };
        let text = |amount: Money| amount.display(currency).to_string();
        let amount = action.amount().or(grant.map(|voucher| voucher.left));
        Self {
            date: action.sent.map_or(action.date, |sent| sent.date).to_string(),
            action: action.verb.name(),
            account_id,
            instance_id,
            r#where,
            amount: amount.map(text),
            months: action.verb.months(),
            day: if let Verb::RenewUntil(day) = action.verb { Some(day) } else { None },
            flag: if let Verb::SetFlag(flag, _) = action.verb { Some(flag.name()) } else { None },
            price: action.price().map(|price| price.to_string()),
            note: action.note.as_deref().unwrap_or(""),
            channel: action.sent.map(|sent| sent.channel.name()),
            voucher_id: grant.map(|voucher| &*voucher.id),
            valid_to: grant.map(|voucher| voucher.valid_to.to_string()),
            products: grant.map(|voucher| products(book, voucher)),
            pay_mode: grant.and_then(|voucher| voucher.pay_mode).map(ChargeType::name),
            min_order: grant.map(|voucher| text(voucher.min_order)),
            instance_type: match action.verb {
                Verb::Resize(_, Some(kind)) => Some(book.labels.text(kind)),
                _ => None,
            },
        }
    }
}

/// A row of `vouchers.csv`, its fields in the order of [`source::VOUCHER_COLUMNS`].
#[derive(Serialize)]
struct VoucherRow<'b> {
    voucher_id: &'b str,
    account_id: &'b str,
    amount: String,
    valid_from: String,
    valid_to: String,
    products: String,
    pay_mode: Option<&'static str>,
    min_order: String,
}

impl<'b> VoucherRow<'b> {
    /// The vouchers of an account, by id.
    fn all(book: &'b Book, account: &'b Account) -> Vec<Self> {
        let text = |amount: Money| amount.display(account.currency).to_string();
        let row = |voucher: &'b Voucher| Self {
            voucher_id: &voucher.id,
            account_id: account.id.as_str(),
            amount: text(voucher.left),
            valid_from: voucher.valid_from.to_string(),
            valid_to: voucher.valid_to.to_string(),
            products: products(book, voucher),
            pay_mode: voucher.pay_mode.map(ChargeType::name),
            min_order: text(voucher.min_order),
        };
        let mut rows: Vec<Self> = account.vouchers.iter().map(row).collect();
        rows.sort_by_key(|row| row.voucher_id);
        rows
    }
}

/// The list of a voucher's products as a cell.
fn products(book: &Book, voucher: &Voucher) -> String {
    let names: Vec<&str> = voucher.products.iter().map(|product| book.labels.text(*product)).collect();
    names.join(";")
}

/// A row of `orders.csv`, its fields in the order of [`source::ORDER_COLUMNS`].
#[derive(Serialize)]
struct OrderRow<'b> {
    instance_id: &'b str,
    term_start: String,
    term_end: String,
    months: Option<u32>,
    cash: String,
    free_credit: String,
    new: bool,
}

impl<'b> OrderRow<'b> {
    fn all(book: &'b Book, instance: InstanceIndex, orders: &[Order]) -> Vec<Self> {
        let instance = book.instance(instance);
        let currency = book.account(instance.account).currency;
        let text = |amount: Money| amount.display(currency).to_string();
        let row = |order: &Order| Self {
            instance_id: instance.id.as_str(),
            term_start: order.term.start.to_string(),
            term_end: order.term.end.to_string(),
            months: Some(order.term.months).filter(|months| *months > 0),
            cash: text(order.cash),
            free_credit: text(order.free_credit),
            new: order.new,
        };
        orders.iter().map(row).collect()
    }
}

/// A row of `returns.csv`, its fields in the order of [`source::RETURN_COLUMNS`].
#[derive(Serialize)]
struct ReturnsRow<'b> {
    account_id: &'b str,
    product: &'b str,
    year: i32,
    returns: u32,
    full_returns: u32,
}

impl<'b> ReturnsRow<'b> {
    /// The returns of an account, by product and year.
    fn all(book: &'b Book, account: &'b Account) -> Vec<Self> {
        let row = |returns: &Returns| Self {
            account_id: account.id.as_str(),
            product: book.labels.text(returns.product),
            year: returns.year,
            returns: returns.count,
            full_returns: returns.in_full,
        };
        let mut rows: Vec<Self> = account.returns.iter().map(row).collect();
        rows.sort_by_key(|row| (row.product, row.year));
        rows
    }
}
