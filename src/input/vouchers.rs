//! `vouchers.csv`: what is left of each voucher at the opening, and the cells that a granted voucher has too.

use std::collections::BTreeSet;

use super::accounts::known_account;
use super::settings::Settings;
use super::table::{CellReader, CsvTable, InputRow, KnownColumns, columns};
use super::value::{Problem, amount_above_zero, day, shown};
use crate::input::diagnostic::{Code, Diagnostics};
use crate::model::account::Account;
use crate::model::calendar::Day;
use crate::model::id::{Label, Labels};
use crate::model::money::Currency;
use crate::model::voucher::Voucher;

pub(super) const FILE: &str = "vouchers.csv";

columns! {
    VOUCHER_ID "voucher_id",
    ACCOUNT_ID "account_id",
    AMOUNT "amount",
    VALID_FROM "valid_from",
    VALID_TO "valid_to",
    PRODUCTS "products",
    PAY_MODE "pay_mode",
    MIN_ORDER "min_order",
}

pub(super) const COLUMNS: KnownColumns = KnownColumns {
    names: NAMES,
    required: &[VOUCHER_ID, ACCOUNT_ID, AMOUNT, VALID_FROM, VALID_TO],
    ids: &[VOUCHER_ID, ACCOUNT_ID],
    ..KnownColumns::NONE
};

/// Separates the products of a list.
const SEPARATOR: char = ';';

/// What rows of several files add to a book.
#[derive(Default)]
pub(super) struct SharedParts {
    pub labels: Labels,
    /// The ids of all vouchers; a book has each once.
    pub voucher_ids: BTreeSet<Box<str>>,
    /// The vouchers that actions grant.
    pub grants: Vec<Voucher>,
}

/// The slots of the cells that vouchers have in every file.
#[derive(Clone, Copy)]
pub(super) struct VoucherSlots {
    pub voucher_id: usize,
    pub amount: usize,
    pub valid_to: usize,
    pub products: usize,
    pub pay_mode: usize,
    pub min_order: usize,
}

const SLOTS: VoucherSlots = VoucherSlots {
    voucher_id: VOUCHER_ID,
    amount: AMOUNT,
    valid_to: VALID_TO,
    products: PRODUCTS,
    pay_mode: PAY_MODE,
    min_order: MIN_ORDER,
};

/// Adds the vouchers of the file to their accounts.
pub(super) fn read_vouchers(
    bytes: &[u8],
    settings: &Settings,
    accounts: &mut [Account],
    parts: &mut SharedParts,
    diagnostics: &mut Diagnostics,
) {
    let Some(mut table) = CsvTable::open_table(FILE, bytes, COLUMNS, diagnostics) else {
        return;
    };
    table.set_zone(&settings.time_zone);
    table.read_rows(diagnostics, |mut cells| {
        let account = known_account(&mut cells, ACCOUNT_ID, accounts);
        let account = account.map(|account| &mut accounts[account.0 as usize]);
        let valid_from = cells.need(VALID_FROM, day);
        let currency = account
            .as_ref()
            .map_or(settings.currency, |account| account.currency);
        let reader = VoucherReader {
            slots: SLOTS,
            currency,
            valid_from,
        };
        let voucher = reader.read_voucher(&mut cells, parts);
        if let (Some(account), Some(voucher)) = (account, voucher) {
            account.vouchers.push(voucher);
        }
    });
}

/// Reads the cells of one voucher.
pub(super) struct VoucherReader {
    pub slots: VoucherSlots,
    pub currency: Currency,
    /// The first day on which it counts; none where that could not be read.
    pub valid_from: Option<Day>,
}

impl VoucherReader {
    pub(super) fn read_voucher(
        self,
        cells: &mut CellReader<'_, impl InputRow>,
        parts: &mut SharedParts,
    ) -> Option<Voucher> {
        let Self {
            slots,
            currency,
            valid_from,
        } = self;
        let id = cells.need(slots.voucher_id, |text| {
            new_id(text, &mut parts.voucher_ids)
        });
        let left = cells.need(slots.amount, |text| amount_above_zero(text, currency));
        let valid_to = cells.need(slots.valid_to, |text| {
            let valid_to = day(text)?;
            match valid_from {
                Some(from) if valid_to < from => Err(ends_early(valid_to, from)),
                _ => Ok(valid_to),
            }
        });
        let products = cells.text(slots.products);
        let products = products.map_or_else(Vec::new, |text| product_list(text, &mut parts.labels));
        let before = cells.errors();
        let pay_mode = cells.word(slots.pay_mode);
        let min_order = cells.amount_or_zero(slots.min_order, currency);
        let sound = cells.errors() == before;
        let voucher = Voucher {
            id: id?,
            left: left?,
            valid_from: valid_from?,
            valid_to: valid_to?,
            products: products.into(),
            pay_mode,
            min_order,
        };
        sound.then_some(voucher)
    }
}

fn new_id(text: &str, ids: &mut BTreeSet<Box<str>>) -> Result<Box<str>, Problem> {
    if ids.insert(text.into()) {
        return Ok(text.into());
    }
    let message = format!("duplicate voucher {}", shown(text));
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
    let names = text.split(SEPARATOR).map(str::trim);
    let names = names.filter(|name| !name.is_empty());
    names.map(|name| labels.intern(name)).collect()
}
