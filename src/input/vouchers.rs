//! `vouchers.csv`: what is left of each voucher at the opening, and the cells that a granted voucher has too.

use std::collections::BTreeSet;

use super::accounts::known_account;
use super::settings::Settings;
use super::table::{CsvTable, InputRow, KnownColumns};
use super::value::{Problem, amount_above_zero, amount_from_zero, day, shown, word};
use crate::input::diagnostic::{Code, Diagnostics};
use crate::model::account::Account;
use crate::model::calendar::Day;
use crate::model::id::{Label, Labels};
use crate::model::instance::ChargeType;
use crate::model::money::{Currency, Money};
use crate::model::voucher::Voucher;

pub(super) const FILE: &str = "vouchers.csv";

pub(super) const COLUMNS: KnownColumns = KnownColumns {
    names: &[
        "voucher_id",
        "account_id",
        "amount",
        "valid_from",
        "valid_to",
        "products",
        "pay_mode",
        "min_order",
    ],
    required: &[VOUCHER_ID, ACCOUNT_ID, AMOUNT, VALID_FROM, VALID_TO],
    tags: false,
    ids: &[VOUCHER_ID, ACCOUNT_ID],
    prices: &[],
};
const VOUCHER_ID: usize = 0;
const ACCOUNT_ID: usize = 1;
const AMOUNT: usize = 2;
const VALID_FROM: usize = 3;
const VALID_TO: usize = 4;

/// Separates the products of a list.
const SEPARATOR: char = ';';

/// The slots of the cells that vouchers have in every file.
#[derive(Clone, Copy)]
pub(super) struct Slots {
    pub voucher_id: usize,
    pub amount: usize,
    pub valid_to: usize,
    pub products: usize,
    pub pay_mode: usize,
    pub min_order: usize,
}

impl Slots {
    /// All of them.
    pub(super) const fn all(self) -> [usize; 6] {
        [
            self.voucher_id,
            self.amount,
            self.valid_to,
            self.products,
            self.pay_mode,
            self.min_order,
        ]
    }
}

const SLOTS: Slots = Slots {
    voucher_id: VOUCHER_ID,
    amount: AMOUNT,
    valid_to: VALID_TO,
    products: 5,
    pay_mode: 6,
    min_order: 7,
};

/// The ids of all vouchers so far; each stands once in a book.
pub(super) type Ids = BTreeSet<Box<str>>;

/// Adds the vouchers of the file to their accounts.
pub(super) fn read_vouchers(
    bytes: &[u8],
    (settings, accounts): (&Settings, &mut [Account]),
    (labels, ids): (&mut Labels, &mut Ids),
    diagnostics: &mut Diagnostics,
) {
    let Some(mut table) = CsvTable::open_table(FILE, bytes, COLUMNS, diagnostics) else {
        return;
    };
    table.set_zone(&settings.time_zone);
    let errors = diagnostics.errors();
    table.rows(diagnostics, |row, diagnostics| {
        let account = known_account(&row, ACCOUNT_ID, accounts, diagnostics);
        let currency = account.map_or(settings.currency, |account| {
            accounts[account.0 as usize].currency
        });
        let valid_from = row.need((VALID_FROM, "valid_from"), diagnostics, day);
        let voucher = voucher(
            &row,
            SLOTS,
            (currency, valid_from),
            (labels, ids),
            diagnostics,
        );
        if let (Some(account), Some(voucher)) = (account, voucher) {
            accounts[account.0 as usize].vouchers.push(voucher);
        }
    });
    table.report_whole(errors, diagnostics);
}

/// Reads the cells of one voucher that is valid from a day on.
pub(super) fn voucher(
    row: &impl InputRow,
    slots: Slots,
    (currency, valid_from): (Currency, Option<Day>),
    (labels, ids): (&mut Labels, &mut Ids),
    diagnostics: &mut Diagnostics,
) -> Option<Voucher> {
    let id = row.need((slots.voucher_id, "voucher_id"), diagnostics, |text| {
        new_id(text, ids)
    });
    let left = row.need((slots.amount, "amount"), diagnostics, |text| {
        amount_above_zero(text, currency)
    });
    let valid_to = row.need((slots.valid_to, "valid_to"), diagnostics, |text| {
        let valid_to = day(text)?;
        match valid_from {
            Some(from) if valid_to < from => Err(ends_early(valid_to, from)),
            _ => Ok(valid_to),
        }
    });
    let products = row
        .text(slots.products)
        .map_or_else(Vec::new, |text| product_list(text, labels));
    let before = diagnostics.errors();
    let pay_mode = row.read_cell_as(slots.pay_mode, diagnostics, |text| {
        word(text, ChargeType::NAMES)
    });
    let min_order = row.read_cell_as(slots.min_order, diagnostics, |text| {
        amount_from_zero(text, currency)
    });
    let sound = diagnostics.errors() == before;
    let voucher = Voucher {
        id: id?,
        left: left?,
        valid_from: valid_from?,
        valid_to: valid_to?,
        products: products.into(),
        pay_mode,
        min_order: min_order.unwrap_or(Money::ZERO),
    };
    sound.then_some(voucher)
}

fn new_id(text: &str, ids: &mut Ids) -> Result<Box<str>, Problem> {
    if ids.insert(text.into()) {
        return Ok(text.into());
    }
    let message = format!("voucher {} stands twice", shown(text));
    Err(Problem::new(
        Code::DuplicateId,
        message,
        "give each voucher an id of its own",
    ))
}

fn ends_early(valid_to: Day, from: Day) -> Problem {
    let message = format!("the voucher ends on {valid_to}, before it begins on {from}");
    Problem::new(Code::BadDate, message, "write a later day into `valid_to`")
}

fn product_list(text: &str, labels: &mut Labels) -> Vec<Label> {
    let names = text
        .split(SEPARATOR)
        .map(str::trim)
        .filter(|name| !name.is_empty());
    names.map(|name| labels.intern(name)).collect()
}
