//! `bills.csv`: what was really charged, in the normal form. Read and written here; no replay looks at it.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::settings::currency;
use super::table::{CellReader, CsvRow, CsvTable, KnownColumns, TAG, columns};
use super::value::{Problem, day, months, shown};
use crate::input::cell;
use crate::input::diagnostic::{Code, Diagnostics};
use crate::model::bill::{self, BilledSpan, Charge, PaymentParts, StatementMonth};
use crate::model::calendar::Day;
use crate::model::id::AccountId;
use crate::model::money::Currency;

/// The name of the file in a book.
pub const FILE: &str = "bills.csv";

columns! {
    ROW_ID "row_id",
    PAID_ON "paid_on",
    ACCOUNT_ID "account_id",
    INSTANCE_ID "instance_id",
    KIND "kind",
    PRODUCT "product",
    INSTANCE_TYPE "instance_type",
    REGION "region",
    TERM_START "term_start",
    TERM_END "term_end",
    MONTHS "months",
    QUANTITY "quantity",
    UNIT "unit",
    HOURS "hours",
    LIST "list",
    AMOUNT "amount",
    TAX "tax",
    VOUCHER "voucher",
    FREE_CREDIT "free_credit",
    CASH "cash",
    CURRENCY "currency",
    ORDER_ID "order_id",
    REVERSES "reverses",
    BILL_MONTH "bill_month",
    AS_OF "as_of",
    SOURCE "source",
}

const COLUMNS: KnownColumns = KnownColumns {
    names: NAMES,
    required: &[ROW_ID, PAID_ON, ACCOUNT_ID, KIND, AMOUNT],
    tags: true,
    ids: &[ACCOUNT_ID, INSTANCE_ID],
    ..KnownColumns::NONE
};

/// The most hours that a row bills: a year of a thousand instances fits.
const MAX_HOURS: i64 = 10_000_000;
/// The columns that tell the normal form from other tables.
const TELLING: &[&str] = &["row_id", "paid_on", "kind", "amount"];

/// Whether a file is in the normal form, by its heading.
pub fn fits(bytes: &[u8]) -> bool {
    let line = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
    let names: Vec<&[u8]> = line
        .split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
        .collect();
    TELLING.iter().all(|name| names.contains(&name.as_bytes()))
}

/// The charges, in file order. `own` is the currency of rows that say none.
pub fn read_bills(
    file: &str,
    bytes: &[u8],
    own: Currency,
    diagnostics: &mut Diagnostics,
) -> Vec<Charge> {
    let mut charges = Vec::new();
    let Some(table) = CsvTable::open_table(file, bytes, COLUMNS, diagnostics) else {
        return charges;
    };
    table.rows(diagnostics, |row, diagnostics| {
        let mut cells = CellReader {
            row: &row,
            diagnostics,
        };
        let Some(mut charge) = read_charge(&mut cells, own) else {
            return;
        };
        charge.source = match cells.text(SOURCE) {
            Some(source) => source.to_owned(),
            None => format!("{file}:{}", row.line_number()),
        };
        let tags = table.tag_keys().iter().zip(NAMES.len()..);
        let tags = tags.filter_map(|(key, slot)| Some((key.clone(), cells.text(slot)?.to_owned())));
        charge.tags = tags.collect();
        charges.push(charge);
    });
    charges
}

/// A row without its source and tags.
fn read_charge(cells: &mut CellReader<'_, CsvRow<'_, '_>>, own: Currency) -> Option<Charge> {
    let before = cells.errors();
    let row_id = cells.need(ROW_ID, |text| Ok(text.to_owned()));
    let paid_on = cells.need(PAID_ON, day);
    let account = cells.need(ACCOUNT_ID, |text| Ok(AccountId::new(text)));
    let kind = cells.need_word(KIND);
    let amount = cells.need(AMOUNT, exact_amount);
    let [quantity, list, tax, voucher, free_credit, cash] =
        [QUANTITY, LIST, TAX, VOUCHER, FREE_CREDIT, CASH]
            .map(|slot| cells.read(slot, exact_amount));
    let currency = cells.read(CURRENCY, currency).unwrap_or(own);
    let term = read_term(cells);
    let months = cells.read(MONTHS, months);
    let hours = cells.count(HOURS, 0..=MAX_HOURS);
    let as_of = cells.read(AS_OF, day).or(paid_on);
    let month_paid = paid_on.map(StatementMonth::month_of);
    let bill_month = cells.read(BILL_MONTH, month).or(month_paid);
    let amount = amount?;
    let (voucher, free_credit) = (voucher.unwrap_or_default(), free_credit.unwrap_or_default());
    let paid = PaymentParts {
        voucher,
        free_credit,
        cash: cash.unwrap_or(amount - voucher - free_credit),
    };
    if paid.total() != amount {
        let sum = paid.total();
        cells.refuse(
            AMOUNT,
            Code::WrongSum,
            format!("voucher, free credit and cash come to {sum}, but the amount is {amount}"),
            "correct one of them: what is still unpaid counts as cash",
        );
    }
    let reverses = cells.text(REVERSES);
    let reverses = reverses.map(|ids| ids.split(';').map(|id| id.trim().to_owned()).collect());
    let [instance, product, instance_type, region, unit, order] =
        [INSTANCE_ID, PRODUCT, INSTANCE_TYPE, REGION, UNIT, ORDER_ID]
            .map(|slot| cells.text(slot).map(str::to_owned));
    let charge = Charge {
        row_id: row_id?,
        paid_on: paid_on?,
        account: account.flatten()?,
        instance,
        kind: kind?,
        product: product.unwrap_or_default(),
        instance_type: instance_type.unwrap_or_default(),
        region: region.unwrap_or_default(),
        term,
        months,
        quantity,
        unit: unit.unwrap_or_default(),
        hours,
        list,
        amount,
        tax,
        paid,
        currency,
        order: order.unwrap_or_default(),
        reverses: reverses.unwrap_or_default(),
        bill_month: bill_month?,
        as_of: as_of?,
        source: String::new(),
        tags: BTreeMap::new(),
    };
    (cells.errors() == before).then_some(charge)
}

fn read_term(cells: &mut CellReader<'_, CsvRow<'_, '_>>) -> Option<BilledSpan> {
    let [start, end] = [TERM_START, TERM_END].map(|slot| cells.read(slot, day));
    match (start, end) {
        (None, None) => {}
        (Some(start), Some(end)) if start < end => return Some(BilledSpan { start, end }),
        (Some(start), Some(end)) => cells.refuse(
            TERM_END,
            Code::BadDate,
            format!("the term ends on {end}, but starts on {start}"),
            format!("write a day after {start}, or leave both empty"),
        ),
        _ => cells.refuse(
            TERM_START,
            Code::MissingValue,
            "a term with only one of its days",
            "fill in both, or none",
        ),
    }
    None
}

fn exact_amount(text: &str) -> Result<Decimal, Problem> {
    bill::exact(text).ok_or_else(|| {
        let message = format!(
            "{} is not a number of at most 28 digits below 10^15",
            shown(text)
        );
        Problem::new(
            Code::BadAmount,
            message,
            "write a plain decimal, such as 1234.50",
        )
    })
}

fn month(text: &str) -> Result<StatementMonth, Problem> {
    StatementMonth::parse(text).ok_or_else(|| {
        let message = format!("{} is not a month of the form YYYY-MM", shown(text));
        Problem::new(
            Code::BadDate,
            message,
            "write the month as YYYY-MM, such as 2026-12",
        )
    })
}

/// The text of `bills.csv` with these charges, in their order.
pub fn write_bills(charges: &[Charge]) -> String {
    let tags: BTreeSet<&str> = charges
        .iter()
        .flat_map(|charge| charge.tags.keys().map(String::as_str))
        .collect();
    let names = NAMES.iter().map(|name| (*name).to_owned());
    let header = names.chain(tags.iter().map(|key| format!("{TAG}{key}")));
    let records = charges.iter().map(|charge| {
        let mut cells = cells_of(charge);
        cells.extend(tags.iter().map(|key| text_of(charge.tags.get(*key))));
        cells
    });
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in std::iter::once(header.collect()).chain(records) {
        let written = record.iter().map(|text| cell::written(text).into_owned());
        writer
            .write_record(written)
            .expect("all records of a file have its columns, and memory takes them");
    }
    let bytes = writer
        .into_inner()
        .expect("writing to memory does not fail");
    String::from_utf8(bytes).expect("texts stay texts in CSV")
}

/// The cells of a row, in the order of the columns.
fn cells_of(charge: &Charge) -> Vec<String> {
    let money = |amount: Decimal| bill::plain(amount, charge.currency);
    let end_of_term = |end: fn(&BilledSpan) -> Day| text_of(charge.term.as_ref().map(end));
    vec![
        charge.row_id.clone(),
        charge.paid_on.to_string(),
        charge.account.to_string(),
        text_of(charge.instance.as_ref()),
        charge.kind.name().to_owned(),
        charge.product.clone(),
        charge.instance_type.clone(),
        charge.region.clone(),
        end_of_term(|term| term.start),
        end_of_term(|term| term.end),
        text_of(charge.months),
        text_of(charge.quantity.map(|quantity| quantity.normalize())),
        charge.unit.clone(),
        text_of(charge.hours),
        text_of(charge.list.map(money)),
        money(charge.amount),
        text_of(charge.tax.map(money)),
        money(charge.paid.voucher),
        money(charge.paid.free_credit),
        money(charge.paid.cash),
        charge.currency.code().to_owned(),
        charge.order.clone(),
        charge.reverses.join(";"),
        charge.bill_month.to_string(),
        charge.as_of.to_string(),
        charge.source.clone(),
    ]
}

/// The text of a value; nothing of none.
fn text_of(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
