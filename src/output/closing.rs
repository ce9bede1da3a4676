//! A book as files: what `closing/` holds, ready to be replayed from the day after the run.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::convert::Infallible;

use serde::Serialize;
use toml::value::Datetime;

use super::csv_buffer::{CellWord, CsvBuffer, FormattedDays};
use super::csv_buffers::stream;
use super::padded_cells::PaddedCells;
use super::{profile, write_rows};
use crate::input;
use crate::input::cell;
use crate::model::account::{Account, Returns};
use crate::model::action::{AccountRef, Action, Target, Verb};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::id::Label;
use crate::model::instance::{ChargeType, Instance, InstanceIndex, RenewFlag, State};
use crate::model::money::{Currency, Money};
use crate::model::order::Order;
use crate::model::selector::Column;
use crate::model::voucher::Voucher;

const INSTANCES: &str = "instances.csv";
const ORDERS: &str = "orders.csv";
/// So many days before and after the opening have their texts ready.
const DAYS_AROUND: i32 = 6 * 366;

/// `book.toml`.
#[derive(Serialize)]
struct ClosingSettings<'b> {
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

/// The files of a book, by name.
pub fn files(book: &Book) -> Vec<(&'static str, Vec<u8>)> {
    let mut files: Vec<(&'static str, Vec<u8>)> = Vec::new();
    let Ok(()) = write_closing(book, |name, pieces| -> Result<(), Infallible> {
        if files.last().is_none_or(|(last, _)| *last != name) {
            files.push((name, Vec::new()));
        }
        if let Some((_, bytes)) = files.last_mut() {
            bytes.extend_from_slice(&pieces.concat());
        }
        Ok(())
    });
    files
}

/// Passes the files of a book on piece by piece, one file after the other: `append(name, pieces)` adds to the end of file
/// `name`. Profiles are written out, so that built-in ones cannot change under the book.
///
/// # Errors
/// The first error of `append`.
pub fn write_closing<E>(
    book: &Book,
    mut append: impl FnMut(&'static str, &[&[u8]]) -> Result<(), E>,
) -> Result<(), E> {
    let profiles: Vec<String> = book.profiles.iter().map(profile::toml).collect();
    let sheet = ClosingRows::rows_of_book(book);
    append("book.toml", &[settings(book).as_bytes()])?;
    append("profiles.toml", &[profiles.join("\n").as_bytes()])?;
    append(
        "accounts.csv",
        &[&write_rows(
            input::ACCOUNT_COLUMNS,
            book.accounts.iter().map(AccountRow::row_of_account),
        )],
    )?;
    let actions = book
        .actions
        .iter()
        .map(|action| ActionRow::row_of_action(book, action));
    append(
        "actions.csv",
        &[&write_rows(input::ACTION_COLUMNS, actions)],
    )?;
    let vouchers: Vec<VoucherRow<'_>> = book
        .accounts
        .iter()
        .flat_map(|one| VoucherRow::all(book, one))
        .collect();
    let returns: Vec<ReturnsRow<'_>> = book
        .accounts
        .iter()
        .flat_map(|one| ReturnsRow::all(book, one))
        .collect();
    if !vouchers.is_empty() {
        append(
            "vouchers.csv",
            &[&write_rows(input::VOUCHER_COLUMNS, vouchers)],
        )?;
    }
    if !book.orders.as_slice().is_empty() {
        append(ORDERS, &[input::ORDER_COLUMNS.join(",").as_bytes(), b"\n"])?;
        stream(
            book.orders.as_slice(),
            |page, (instance, order)| sheet.order(page, *instance, order),
            |pieces| append(ORDERS, pieces),
        )?;
    }
    if !returns.is_empty() {
        append(
            "returns.csv",
            &[&write_rows(input::RETURN_COLUMNS, returns)],
        )?;
    }
    append(INSTANCES, &[&sheet.header()])?;
    stream(
        &book.instances,
        |page, instance| sheet.write_instance_row(page, instance),
        |pieces| append(INSTANCES, pieces),
    )
}

/// Rows of `actions.csv` about the accounts and instances of a book, below their header.
pub fn actions(book: &Book, actions: &[Action]) -> Vec<u8> {
    write_rows(
        input::ACTION_COLUMNS,
        actions
            .iter()
            .map(|action| ActionRow::row_of_action(book, action)),
    )
}

fn settings(book: &Book) -> String {
    let day = |day: Day| day.to_string().parse().expect("a day is a TOML date");
    let settings = ClosingSettings {
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

/// A row of `accounts.csv`, its fields in the order of [`input::ACCOUNT_COLUMNS`].
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
    fn row_of_account(account: &'b Account) -> Self {
        let text = |money: crate::model::money::Money| money.display(account.currency).to_string();
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

/// The rows of `instances.csv` and `orders.csv`, with the texts that they repeat.
struct ClosingRows<'b> {
    book: &'b Book,
    days: FormattedDays,
    labels: PaddedCells,
    accounts: PaddedCells,
    charge_types: Vec<CellWord>,
    renew_flags: Vec<CellWord>,
    states: Vec<CellWord>,
}

impl<'b> ClosingRows<'b> {
    fn rows_of_book(book: &'b Book) -> Self {
        Self {
            book,
            days: FormattedDays::from(book.days.from - DAYS_AROUND, 2 * DAYS_AROUND),
            labels: PaddedCells::pad_texts(book.labels.texts()),
            accounts: PaddedCells::pad_texts(
                book.accounts.iter().map(|account| account.id.as_str()),
            ),
            charge_types: words(ChargeType::NAMES),
            renew_flags: words(RenewFlag::NAMES),
            states: words(State::NAMES),
        }
    }

    fn header(&self) -> Vec<u8> {
        let mut page = CsvBuffer::default();
        let tags = self.book.tag_keys.iter().map(|key| format!("tag:{key}"));
        let names = Column::NAMED
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .chain(tags);
        names.for_each(|name| page.cell(&name));
        page.end_row();
        page.into_bytes()
    }

    /// Writes a row of `instances.csv`, its cells in the order of [`Column::NAMED`]. The frequent ones are written without
    /// making a text of them first. Numbers and words of closed lists need no quotes.
    fn write_instance_row(&self, page: &mut CsvBuffer, instance: &Instance) {
        let labels = &instance.labels;
        page.cell(instance.id.as_str());
        self.ready(page, &self.accounts, Some(instance.account.0));
        let texts = [
            Some(labels.product),
            labels.instance_type,
            labels.region,
            labels.zone,
            labels.project,
            labels.name,
        ];
        texts.into_iter().for_each(|label| self.label(page, label));
        page.word(&self.charge_types[instance.charge_type as usize]);
        page.word(&self.renew_flags[instance.renew_flag as usize]);
        page.whole(instance.renew_months.into());
        optional(page, instance.monthly_price, CsvBuffer::price);
        optional(page, instance.hourly_price, CsvBuffer::price);
        optional(page, instance.starts_on, |page, day| {
            page.day(&self.days, day)
        });
        optional(page, instance.expires_on, |page, day| {
            page.day(&self.days, day)
        });
        optional(page, instance.anchor_day, |page, day| {
            page.whole(u64::from(day))
        });
        optional(page, instance.state, |page, state| {
            page.word(&self.states[state as usize])
        });
        optional(page, instance.since, |page, day| page.day(&self.days, day));
        for column in [Column::Priority, Column::Returned, Column::StoppedBy] {
            optional(page, self.book.cell_text(instance, column), |page, text| {
                page.word_of(&text)
            });
        }
        for count in [instance.billed_hours, instance.downgrades] {
            page.whole_if_any(count.into());
        }
        let tags = (0..self.book.tag_keys.len()).map(|tag| labels.tags.get(tag).copied().flatten());
        tags.for_each(|label| self.label(page, label));
        page.end_row();
    }

    /// Writes a row of `orders.csv`, its cells in the order of [`input::ORDER_COLUMNS`].
    fn order(&self, page: &mut CsvBuffer, instance: InstanceIndex, order: &Order) {
        let instance = self.book.instance(instance);
        let currency = self.book.account(instance.account).currency;
        page.cell(instance.id.as_str());
        page.day(&self.days, order.term.start);
        page.day(&self.days, order.term.end);
        page.whole_if_any(order.term.months.into());
        for money in [order.cash, order.free_credit] {
            page.amount(money, currency);
        }
        page.word_of(if order.new { "true" } else { "false" });
        page.end_row();
    }

    fn label(&self, page: &mut CsvBuffer, label: Option<Label>) {
        self.ready(page, &self.labels, label.map(Label::number));
    }

    fn ready(&self, page: &mut CsvBuffer, cells: &PaddedCells, number: Option<u32>) {
        optional(page, number, |page, number| {
            page.ready(cells, number as usize)
        });
    }
}

/// The spellings of a closed list as cells, in the order of its values.
fn words<T>(names: &[(&str, T)]) -> Vec<CellWord> {
    names.iter().map(|(name, _)| CellWord::cell(name)).collect()
}

/// Writes a cell with its comma; nothing is an empty one.
fn optional<T>(page: &mut CsvBuffer, value: Option<T>, write: impl FnOnce(&mut CsvBuffer, T)) {
    match value {
        Some(value) => write(page, value),
        None => page.comma(),
    }
}

/// A row of `actions.csv`, its fields in the order of [`input::ACTION_COLUMNS`].
#[derive(Serialize)]
struct ActionRow<'b> {
    date: String,
    action: &'b str,
    account_id: &'b str,
    instance_id: &'b str,
    r#where: Cow<'b, str>,
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
    fn row_of_action(book: &'b Book, action: &'b Action) -> Self {
        let (account_id, currency): (&str, Currency) = match &action.account {
            Some(AccountRef::Known(account)) => (
                book.account(*account).id.as_str(),
                book.account(*account).currency,
            ),
            Some(AccountRef::Unknown(id)) => (id, book.currency),
            None => ("", book.currency),
        };
        let (instance_id, r#where) = match &action.target {
            Target::Instance(instance) => (book.instance(*instance).id.as_str(), ""),
            Target::UnknownInstance(id) => (&**id, ""),
            Target::Where(selector) => ("", selector.source_text()),
            Target::Account => ("", ""),
        };
        let grant = if let Verb::Voucher(grant) = action.verb {
            Some(book.grant(grant))
        } else {
            None
        };
        let text = |amount: Money| amount.display(currency).to_string();
        let amount = action.amount().or(grant.map(|voucher| voucher.left));
        Self {
            date: action
                .sent
                .map_or(action.date, |sent| sent.date)
                .to_string(),
            action: action.verb.name(),
            account_id,
            instance_id,
            r#where: condition(r#where),
            amount: amount.map(text),
            months: action.verb.months(),
            day: if let Verb::RenewUntil(day) = action.verb {
                Some(day)
            } else {
                None
            },
            flag: if let Verb::SetFlag(flag, _) = action.verb {
                Some(flag.name())
            } else {
                None
            },
            price: action.price().map(|price| price.to_string()),
            note: action.note.as_deref().unwrap_or(""),
            channel: action.sent.map(|sent| sent.channel.name()),
            voucher_id: grant.map(|voucher| &*voucher.id),
            valid_to: grant.map(|voucher| voucher.valid_to.to_string()),
            products: grant.map(|voucher| products(book, voucher)),
            pay_mode: grant
                .and_then(|voucher| voucher.pay_mode)
                .map(ChargeType::name),
            min_order: grant.map(|voucher| text(voucher.min_order)),
            instance_type: match action.verb {
                Verb::Resize(_, Some(kind)) => Some(book.labels.label_text(kind)),
                _ => None,
            },
        }
    }
}

/// A condition as a cell that no spreadsheet runs. It is read as it stands, so parentheses take the place of an apostrophe.
fn condition(text: &str) -> Cow<'_, str> {
    if matches!(cell::written(text), Cow::Owned(_)) {
        format!("({text})").into()
    } else {
        text.into()
    }
}

/// A row of `vouchers.csv`, its fields in the order of [`input::VOUCHER_COLUMNS`].
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
    let names: Vec<&str> = voucher
        .products
        .iter()
        .map(|product| book.labels.label_text(*product))
        .collect();
    names.join(";")
}

/// A row of `returns.csv`, its fields in the order of [`input::RETURN_COLUMNS`].
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
            product: book.labels.label_text(returns.product),
            year: returns.year,
            returns: returns.count,
            full_returns: returns.in_full,
        };
        let mut rows: Vec<Self> = account.returns.iter().map(row).collect();
        rows.sort_by_key(|row| (row.product, row.year));
        rows
    }
}
