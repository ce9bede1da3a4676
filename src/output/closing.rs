//! A book as files: what `closing/` holds, ready to be replayed from the day after the run. Never changes the book.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::convert::Infallible;

use serde::Serialize;
use toml::value::Datetime;

use super::csv_buffer::{CellWord, CsvBuffer, FormattedDays};
use super::csv_buffers::stream;
use super::csv_columns::CsvColumns;
use super::padded_cells::PaddedCells;
use super::profile;
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
/// The days before the opening, and after it, whose texts are made once.
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
    append("accounts.csv", &[&accounts(book)])?;
    append("actions.csv", &[&actions(book, &book.actions)])?;
    append_any(&mut append, "vouchers.csv", vouchers(book))?;
    if !book.orders.as_slice().is_empty() {
        append(ORDERS, &[input::ORDER_COLUMNS.join(",").as_bytes(), b"\n"])?;
        stream(
            book.orders.as_slice(),
            |buffer, (instance, order)| sheet.order(buffer, *instance, order),
            |pieces| append(ORDERS, pieces),
        )?;
    }
    append_any(&mut append, "returns.csv", returns(book))?;
    append(INSTANCES, &[&sheet.header()])?;
    stream(
        &book.instances,
        |buffer, instance| sheet.write_instance_row(buffer, instance),
        |pieces| append(INSTANCES, pieces),
    )
}

/// Appends a file that a book has only where it has rows.
fn append_any<E>(
    append: &mut impl FnMut(&'static str, &[&[u8]]) -> Result<(), E>,
    name: &'static str,
    bytes: Option<Vec<u8>>,
) -> Result<(), E> {
    bytes.map_or(Ok(()), |bytes| append(name, &[&bytes]))
}

/// A day as a date of TOML.
pub(super) fn toml_day(day: Day) -> Datetime {
    day.to_string().parse().expect("a day is a TOML date")
}

fn settings(book: &Book) -> String {
    let settings = ClosingSettings {
        name: &book.name,
        from: toml_day(book.days.from),
        to: toml_day(book.days.to),
        time_zone: &book.time_zone,
        currency: book.currency.code(),
        holidays: book.holidays.iter().copied().map(toml_day).collect(),
        profile: &book.default_profile().name,
        product_profiles: book
            .product_profiles
            .iter()
            .map(|(product, profile)| (&**product, &*book.profile(*profile).name))
            .collect(),
    };
    toml::to_string(&settings).expect("settings have a TOML form")
}

fn accounts(book: &Book) -> Vec<u8> {
    CsvColumns::<&Account>::new()
        .column("account_id", |one| &one.id)
        .optional("name", |one| one.name.as_deref())
        .column("cash", |one| money_text(one, one.funds.cash))
        .column("free_credit", |one| money_text(one, one.funds.free_credit))
        .column("frozen", |one| money_text(one, one.funds.frozen))
        .column("credit_limit", |one| {
            money_text(one, one.funds.credit_limit)
        })
        .optional("alert_below", |one| Some(money_text(one, one.alert_below?)))
        .column("currency", |one| one.currency)
        .optional("arrears_hours", |one| one.arrears_hours)
        .column("alert_days", |one| one.alert_days)
        .write_input(input::ACCOUNT_COLUMNS, &book.accounts)
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
        let mut buffer = CsvBuffer::default();
        for (name, _) in Column::NAMED {
            buffer.cell(name);
        }
        for key in &self.book.tag_keys {
            buffer.cell(&format!("tag:{key}"));
        }
        buffer.end_row();
        buffer.into_bytes()
    }

    /// Writes a row of `instances.csv`, its cells in the order of [`Column::NAMED`]. The frequent ones are written without
    /// making a text of them first. Numbers and words of closed lists need no quotes.
    fn write_instance_row(&self, buffer: &mut CsvBuffer, instance: &Instance) {
        let labels = &instance.labels;
        buffer.cell(instance.id.as_str());
        self.ready(buffer, &self.accounts, Some(instance.account.0));
        let texts = [
            Some(labels.product),
            labels.instance_type,
            labels.region,
            labels.zone,
            labels.project,
            labels.name,
        ];
        for label in texts {
            self.label(buffer, label);
        }
        buffer.word(&self.charge_types[instance.charge_type as usize]);
        buffer.word(&self.renew_flags[instance.renew_flag as usize]);
        buffer.whole(instance.renew_months.into());
        optional(buffer, instance.monthly_price, CsvBuffer::price);
        optional(buffer, instance.hourly_price, CsvBuffer::price);
        self.day(buffer, instance.starts_on);
        self.day(buffer, instance.expires_on);
        optional(buffer, instance.anchor_day, |buffer, day| {
            buffer.whole(u64::from(day));
        });
        optional(buffer, instance.state, |buffer, state| {
            buffer.word(&self.states[state as usize]);
        });
        self.day(buffer, instance.since);
        for column in [Column::Priority, Column::Returned, Column::StoppedBy] {
            optional(
                buffer,
                self.book.cell_text(instance, column),
                |buffer, text| buffer.word_of(&text),
            );
        }
        for count in [instance.billed_hours, instance.downgrades] {
            buffer.whole_if_any(count.into());
        }
        for tag in 0..self.book.tag_keys.len() {
            self.label(buffer, labels.tags.get(tag).copied().flatten());
        }
        buffer.end_row();
    }

    /// Writes a row of `orders.csv`, its cells in the order of [`input::ORDER_COLUMNS`].
    fn order(&self, buffer: &mut CsvBuffer, instance: InstanceIndex, order: &Order) {
        let instance = self.book.instance(instance);
        let currency = self.book.account(instance.account).currency;
        buffer.cell(instance.id.as_str());
        buffer.day(&self.days, order.term.start);
        buffer.day(&self.days, order.term.end);
        buffer.whole_if_any(order.term.months.into());
        for money in [order.cash, order.free_credit] {
            buffer.amount(money, currency);
        }
        buffer.word_of(if order.new { "true" } else { "false" });
        buffer.end_row();
    }

    fn day(&self, buffer: &mut CsvBuffer, day: Option<Day>) {
        optional(buffer, day, |buffer, day| buffer.day(&self.days, day));
    }

    fn label(&self, buffer: &mut CsvBuffer, label: Option<Label>) {
        self.ready(buffer, &self.labels, label.map(Label::number));
    }

    fn ready(&self, buffer: &mut CsvBuffer, cells: &PaddedCells, number: Option<u32>) {
        optional(buffer, number, |buffer, number| {
            buffer.ready(cells, number as usize);
        });
    }
}

/// The spellings of a closed list as cells, in the order of its values.
fn words<T>(names: &[(&str, T)]) -> Vec<CellWord> {
    names.iter().map(|(name, _)| CellWord::cell(name)).collect()
}

/// Writes a cell with its comma; nothing is an empty one.
fn optional<T>(buffer: &mut CsvBuffer, value: Option<T>, write: impl FnOnce(&mut CsvBuffer, T)) {
    match value {
        Some(value) => write(buffer, value),
        None => buffer.comma(),
    }
}

fn money_text(account: &Account, money: Money) -> String {
    money.display(account.currency).to_string()
}

/// A row of `actions.csv`.
#[derive(Clone, Copy)]
struct ActionRow<'b> {
    book: &'b Book,
    action: &'b Action,
    account_id: &'b str,
    currency: Currency,
    instance_id: &'b str,
    condition: &'b str,
    voucher: Option<&'b Voucher>,
}

impl<'b> ActionRow<'b> {
    fn new(book: &'b Book, action: &'b Action) -> Self {
        let (account_id, currency) = match &action.account {
            Some(AccountRef::Known(account)) => {
                let account = book.account(*account);
                (account.id.as_str(), account.currency)
            }
            Some(AccountRef::Unknown(id)) => (&**id, book.currency),
            None => ("", book.currency),
        };
        let (instance_id, condition) = match &action.target {
            Target::Instance(instance) => (book.instance(*instance).id.as_str(), ""),
            Target::UnknownInstance(id) => (&**id, ""),
            Target::Where(selector) => ("", selector.source_text()),
            Target::Account => ("", ""),
        };
        let voucher = match action.verb {
            Verb::Voucher(grant) => Some(book.grant(grant)),
            _ => None,
        };
        Self {
            book,
            action,
            account_id,
            currency,
            instance_id,
            condition,
            voucher,
        }
    }

    fn amount_text(&self) -> Option<String> {
        let left = self.voucher.map(|voucher| voucher.left);
        self.action
            .amount()
            .or(left)
            .map(|amount| self.money_text(amount))
    }

    fn money_text(&self, money: Money) -> String {
        money.display(self.currency).to_string()
    }

    /// The new type of a resize.
    fn instance_type(&self) -> Option<&'b str> {
        match self.action.verb {
            Verb::Resize(_, Some(kind)) => Some(self.book.labels.label_text(kind)),
            _ => None,
        }
    }
}

/// The flag that an action sets.
pub(super) fn flag(verb: Verb) -> Option<&'static str> {
    match verb {
        Verb::SetFlag(flag, _) => Some(flag.name()),
        _ => None,
    }
}

/// The day of the month to which an action renews.
fn day_of_month(verb: Verb) -> Option<u8> {
    match verb {
        Verb::RenewUntil(day) => Some(day),
        _ => None,
    }
}

/// Rows of `actions.csv` about the accounts and instances of a book, below their header.
pub fn actions(book: &Book, actions: &[Action]) -> Vec<u8> {
    CsvColumns::<ActionRow<'_>>::new()
        .column("date", |row| {
            row.action.sent.map_or(row.action.date, |sent| sent.date)
        })
        .column("action", |row| row.action.verb.name())
        .column("account_id", |row| row.account_id)
        .column("instance_id", |row| row.instance_id)
        .column("where", |row| condition(row.condition))
        .optional("amount", |row| row.amount_text())
        .optional("months", |row| row.action.verb.months())
        .optional("day", |row| day_of_month(row.action.verb))
        .optional("flag", |row| flag(row.action.verb))
        .optional("price", |row| row.action.price())
        .optional("note", |row| row.action.note.as_deref())
        .optional("channel", |row| Some(row.action.sent?.channel.name()))
        .optional("voucher_id", |row| Some(&row.voucher?.id))
        .optional("valid_to", |row| Some(row.voucher?.valid_to))
        .optional("products", |row| Some(products(book, row.voucher?)))
        .optional("pay_mode", |row| Some(row.voucher?.pay_mode?.name()))
        .optional("min_order", |row| {
            Some(row.money_text(row.voucher?.min_order))
        })
        .optional("instance_type", |row| row.instance_type())
        .write_input(
            input::ACTION_COLUMNS,
            actions.iter().map(|action| ActionRow::new(book, action)),
        )
}

/// A condition as a cell that no spreadsheet runs. It is read as it stands, so parentheses take the place of an apostrophe.
fn condition(text: &str) -> Cow<'_, str> {
    if matches!(cell::written(text), Cow::Owned(_)) {
        format!("({text})").into()
    } else {
        text.into()
    }
}

/// What an account has of something.
#[derive(Clone, Copy)]
struct Holding<'b, T> {
    account: &'b Account,
    of: &'b T,
}

/// The rows of what each account has, sorted by a key within the account.
fn holdings<'b, T, K: Ord>(
    book: &'b Book,
    of_account: impl Fn(&'b Account) -> &'b [T],
    key: impl Fn(&'b T) -> K,
) -> Option<Vec<Holding<'b, T>>> {
    let mut rows = Vec::new();
    for account in &book.accounts {
        let mut sorted: Vec<&T> = of_account(account).iter().collect();
        sorted.sort_by_key(|one| key(one));
        rows.extend(sorted.into_iter().map(|of| Holding { account, of }));
    }
    (!rows.is_empty()).then_some(rows)
}

/// `vouchers.csv`, those of an account by id; none without a voucher.
fn vouchers(book: &Book) -> Option<Vec<u8>> {
    let rows = holdings(book, |one| &one.vouchers, |voucher| &voucher.id)?;
    let columns = CsvColumns::<&Holding<'_, Voucher>>::new()
        .column("voucher_id", |row| &row.of.id)
        .column("account_id", |row| &row.account.id)
        .column("amount", |row| money_text(row.account, row.of.left))
        .column("valid_from", |row| row.of.valid_from)
        .column("valid_to", |row| row.of.valid_to)
        .column("products", |row| products(book, row.of))
        .optional("pay_mode", |row| row.of.pay_mode.map(ChargeType::name))
        .column("min_order", |row| money_text(row.account, row.of.min_order));
    Some(columns.write_input(input::VOUCHER_COLUMNS, &rows))
}

/// The list of a voucher's products as a cell.
fn products(book: &Book, voucher: &Voucher) -> String {
    let products = voucher.products.iter();
    let names: Vec<&str> = products.map(|one| book.labels.label_text(*one)).collect();
    names.join(";")
}

/// `returns.csv`, those of an account by product and year; none without a return.
fn returns(book: &Book) -> Option<Vec<u8>> {
    let rows = holdings(
        book,
        |one| &one.returns,
        |one| (book.labels.label_text(one.product), one.year),
    )?;
    let columns = CsvColumns::<&Holding<'_, Returns>>::new()
        .column("account_id", |row| &row.account.id)
        .column("product", |row| book.labels.label_text(row.of.product))
        .column("year", |row| row.of.year)
        .column("returns", |row| row.of.count)
        .column("full_returns", |row| row.of.in_full);
    Some(columns.write_input(input::RETURN_COLUMNS, &rows))
}
