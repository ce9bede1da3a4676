//! `bills.csv`: what was really charged, in the normal form. Read and written here; no replay looks at it.

use rust_decimal::Decimal;

use super::settings::currency;
use super::table::{CsvRow, CsvTable, InputRow, KnownColumns, TAG};
use super::value::{Problem, day, months, shown, whole, word};
use crate::input::cell;
use crate::input::diagnostic::{Code, Diagnostics};
use crate::model::bill::{self, BilledSpan, Charge, ChargeKind, PaymentParts, StatementMonth};
use crate::model::id::AccountId;
use crate::model::money::Currency;

/// The name of the file in a book.
pub const FILE: &str = "bills.csv";

const COLUMNS: KnownColumns = KnownColumns {
    names: &[
        "row_id",
        "paid_on",
        "account_id",
        "instance_id",
        "kind",
        "product",
        "instance_type",
        "region",
        "term_start",
        "term_end",
        "months",
        "quantity",
        "unit",
        "hours",
        "list",
        "amount",
        "tax",
        "voucher",
        "free_credit",
        "cash",
        "currency",
        "order_id",
        "reverses",
        "bill_month",
        "as_of",
        "source",
    ],
    required: &[ROW_ID, PAID_ON, ACCOUNT_ID, KIND, AMOUNT],
    tags: true,
    ids: &[ACCOUNT_ID, INSTANCE_ID],
    prices: &[],
};
const ROW_ID: usize = 0;
const PAID_ON: usize = 1;
const ACCOUNT_ID: usize = 2;
const INSTANCE_ID: usize = 3;
const KIND: usize = 4;
const PRODUCT: usize = 5;
const INSTANCE_TYPE: usize = 6;
const REGION: usize = 7;
const TERM_START: usize = 8;
const TERM_END: usize = 9;
const MONTHS: usize = 10;
const QUANTITY: usize = 11;
const UNIT: usize = 12;
const HOURS: usize = 13;
const LIST: usize = 14;
const AMOUNT: usize = 15;
const TAX: usize = 16;
const VOUCHER: usize = 17;
const FREE_CREDIT: usize = 18;
const CASH: usize = 19;
const CURRENCY: usize = 20;
const ORDER_ID: usize = 21;
const REVERSES: usize = 22;
const BILL_MONTH: usize = 23;
const AS_OF: usize = 24;
const SOURCE: usize = 25;

/// The most hours that a row bills: a year of a thousand instances fits.
const MOST_HOURS: i64 = 10_000_000;

/// Whether a file is in the normal form, by its heading.
pub fn fits(bytes: &[u8]) -> bool {
    let line = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let names: Vec<&[u8]> = line
        .split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
        .collect();
    [b"row_id".as_slice(), b"paid_on", b"kind", b"amount"]
        .iter()
        .all(|name| {
            names
                .iter()
                .any(|known| known.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(known) == *name)
        })
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
        let line = table.line_number(row.start());
        charges.extend(charge(&row, own, diagnostics).map(|charge| {
            let source = row
                .text(SOURCE)
                .map_or_else(|| format!("{file}:{line}"), str::to_owned);
            let tags = table.tag_keys().iter().enumerate().filter_map(|(at, key)| {
                Some((key.clone(), row.text(COLUMNS.names.len() + at)?.to_owned()))
            });
            Charge {
                source,
                tags: tags.collect(),
                ..charge
            }
        }));
    });
    charges
}

fn charge(row: &CsvRow<'_, '_>, own: Currency, diagnostics: &mut Diagnostics) -> Option<Charge> {
    let before = diagnostics.errors();
    let text = |slot| row.text(slot).unwrap_or_default().to_owned();
    let row_id = row.need((ROW_ID, "row_id"), diagnostics, |text| Ok(text.to_owned()));
    let paid_on = row.need((PAID_ON, "paid_on"), diagnostics, day);
    let account = row.need((ACCOUNT_ID, "account_id"), diagnostics, |text| {
        Ok(AccountId::new(text))
    });
    let kind = row.need((KIND, "kind"), diagnostics, |text| {
        word(text, ChargeKind::WORDS)
    });
    let amount = row.need((AMOUNT, "amount"), diagnostics, parse_amount);
    let mut optional = |slot| row.read_cell_as(slot, diagnostics, parse_amount);
    let (quantity, list, tax) = (optional(QUANTITY), optional(LIST), optional(TAX));
    let (voucher, free_credit, cash) = (optional(VOUCHER), optional(FREE_CREDIT), optional(CASH));
    let currency = row
        .read_cell_as(CURRENCY, diagnostics, currency)
        .unwrap_or(own);
    let term = term(row, diagnostics);
    let months = row.read_cell_as(MONTHS, diagnostics, months);
    let hours = row.read_cell_as(HOURS, diagnostics, |text| whole(text, 0, MOST_HOURS));
    let as_of = row.read_cell_as(AS_OF, diagnostics, day).or(paid_on);
    let bill_month = row
        .read_cell_as(BILL_MONTH, diagnostics, month)
        .or(paid_on.map(StatementMonth::month_of));
    let amount = amount?;
    let paid = PaymentParts {
        voucher: voucher.unwrap_or_default(),
        free_credit: free_credit.unwrap_or_default(),
        cash: Decimal::ZERO,
    };
    let paid = PaymentParts {
        cash: cash.unwrap_or(amount - paid.voucher - paid.free_credit),
        ..paid
    };
    if paid.total() != amount {
        let message = format!(
            "voucher, free credit and cash come to {}, but the amount is {amount}",
            paid.total()
        );
        let problem = Problem::new(
            Code::WrongSum,
            message,
            "correct one of them: what is still unpaid counts as cash",
        );
        problem.report(|| row.place(AMOUNT), diagnostics);
    }
    let charge = Charge {
        row_id: row_id?,
        paid_on: paid_on?,
        account: account.flatten()?,
        instance: row.text(INSTANCE_ID).map(str::to_owned),
        kind: kind?,
        product: text(PRODUCT),
        instance_type: text(INSTANCE_TYPE),
        region: text(REGION),
        term,
        months,
        quantity,
        unit: text(UNIT),
        hours: hours.and_then(|hours| u32::try_from(hours).ok()),
        list,
        amount,
        tax,
        paid,
        currency,
        order: text(ORDER_ID),
        reverses: row
            .text(REVERSES)
            .map(|ids| ids.split(';').map(|id| id.trim().to_owned()).collect())
            .unwrap_or_default(),
        bill_month: bill_month?,
        as_of: as_of?,
        source: String::new(),
        tags: std::collections::BTreeMap::new(),
    };
    (diagnostics.errors() == before).then_some(charge)
}

fn term(row: &CsvRow<'_, '_>, diagnostics: &mut Diagnostics) -> Option<BilledSpan> {
    let start = row.read_cell_as(TERM_START, diagnostics, day);
    let end = row.read_cell_as(TERM_END, diagnostics, day);
    match (start, end) {
        (Some(start), Some(end)) if start < end => Some(BilledSpan { start, end }),
        (None, None) => None,
        (Some(start), Some(end)) => {
            let message = format!("the term ends on {end}, but starts on {start}");
            let problem = Problem::new(
                Code::BadDate,
                message,
                format!("write a day after {start}, or leave both empty"),
            );
            problem.report(|| row.place(TERM_END), diagnostics);
            None
        }
        _ => {
            let problem = Problem::new(
                Code::MissingValue,
                "a term with only one of its days",
                "fill in both, or none",
            );
            problem.report(|| row.place(TERM_START), diagnostics);
            None
        }
    }
}

fn parse_amount(text: &str) -> Result<Decimal, Problem> {
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
    let tags: std::collections::BTreeSet<&str> = charges
        .iter()
        .flat_map(|charge| charge.tags.keys().map(String::as_str))
        .collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = COLUMNS
        .names
        .iter()
        .map(|name| (*name).to_owned())
        .chain(tags.iter().map(|key| format!("{TAG}{key}")));
    let header: Vec<String> = header.collect();
    let all = charges.iter().map(|charge| {
        let tag = |key: &&str| charge.tags.get(*key).cloned().unwrap_or_default();
        cells(charge)
            .into_iter()
            .chain(tags.iter().map(tag))
            .collect()
    });
    for record in std::iter::once(header).chain(all) {
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

fn cells(charge: &Charge) -> Vec<String> {
    let money = |amount: Decimal| bill::plain(amount, charge.currency);
    let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
    vec![
        charge.row_id.clone(),
        charge.paid_on.to_string(),
        charge.account.to_string(),
        charge.instance.clone().unwrap_or_default(),
        charge.kind.word().to_owned(),
        charge.product.clone(),
        charge.instance_type.clone(),
        charge.region.clone(),
        charge
            .term
            .map(|term| term.start.to_string())
            .unwrap_or_default(),
        charge
            .term
            .map(|term| term.end.to_string())
            .unwrap_or_default(),
        number(charge.months),
        charge
            .quantity
            .map(|quantity| quantity.normalize().to_string())
            .unwrap_or_default(),
        charge.unit.clone(),
        number(charge.hours),
        charge.list.map(money).unwrap_or_default(),
        money(charge.amount),
        charge.tax.map(money).unwrap_or_default(),
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
