//! Lines of Tencent Cloud's bills → charges: what their names mean.
//!
//! | column of bills.csv | name of the interface |
//! |---|---|
//! | `row_id` | `Id`; else `BillId` and `ResourceId`; else account, month, kind, resource, term and a number among equal ones |
//! | `paid_on` | `PayTime` |
//! | `account_id`, `tag:owner` | `PayerUin`; `OwnerUin` where it is another one |
//! | `kind` | `ActionType`; in tables `ActionTypeName` |
//! | `term_start`, `term_end` | `FeeBeginTime`, `FeeEndTime` |
//! | `list`, `amount` | `Cost`, `RealCost`, summed over the components |
//! | `voucher`, `free_credit`, `cash` | `VoucherPayAmount`, `IncentivePayAmount`, `CashPayAmount` + `TransferPayAmount` |
//!
//! The `OrderId` of usage is the id of the resource, and is left out.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::input::diagnostic::Code;
use crate::input::import::bills::line::{BillLine, bare_charge, ends_a_span, whole_number};
use crate::input::import::context::{Context, one_line};
use crate::input::import::tencent::words;
use crate::model::bill::{BilledSpan, Charge, ChargeKind, PaymentParts, StatementMonth, exact};
use crate::model::calendar::Day;
use crate::model::id::AccountId;
use crate::model::money::Currency;

/// The monthly difference between eight decimals and two.
const ROUNDING_BILL: &str = "billVirtualId";

/// Members that name the orders that a refund takes back.
const REVERSED_ORDERS: &[&str] = &[
    "AssociatedOrder.PrepayPurchase",
    "AssociatedOrder.PrepayRenew",
    "AssociatedOrder.PrepayModifyUp",
    "AssociatedOrder.ReverseOrder",
    "AssociatedOrder.Original",
];

/// The charges that lines are. Of lines without an id of the source, equal ones of a file are several, and are numbered.
pub(crate) fn charges(lines: Vec<BillLine<'_>>, cx: &mut Context<'_>) -> Vec<Charge> {
    let mut equal: BTreeMap<String, usize> = BTreeMap::new();
    let mut charges = Vec::with_capacity(lines.len());
    for line in lines {
        let Some(mut charge) = charge(&line, cx) else {
            continue;
        };
        if line.cell_text("Id").is_none() && own_bill(&line).is_none() {
            let number = equal.entry(charge.row_id.clone()).or_default();
            *number += 1;
            if *number > 1 {
                charge.row_id = format!("{}/{number}", charge.row_id);
            }
        }
        charges.push(charge);
    }
    charges
}

/// The bill of a line, if it has one of its own.
pub(crate) fn own_bill<'l>(line: &'l BillLine<'_>) -> Option<&'l str> {
    let bill = line.cell_text("BillId");
    bill.filter(|bill| *bill != ROUNDING_BILL)
}

/// The charge that a line is; what it lacks is reported.
fn charge(line: &BillLine<'_>, cx: &mut Context<'_>) -> Option<Charge> {
    let before = cx.found.errors();
    let kind = kind(line, cx);
    let paid_on = line.day("PayTime", cx);
    let term = LineTerm {
        begin: line.day("FeeBeginTime", cx),
        end: line.day("FeeEndTime", cx),
    };
    if paid_on.is_none() {
        report_missing(line, "PayTime", cx);
    }
    let account = match line.cell_text("PayerUin") {
        Some(payer) => AccountId::new(payer),
        None => Some(cx.options.account.clone()),
    };
    let (kind, paid_on, account) = (kind?, paid_on?, account?);
    let bill_month = month(line, paid_on, cx)?;
    check_currency(line, cx);
    let money = LineAmounts::amounts_of_line(line, cx)?;
    let is_round = kind == ChargeKind::Round;
    let instance = line.cell_text("ResourceId").filter(|_| !is_round);
    let mut charge = Charge {
        account,
        instance: instance.map(str::to_owned),
        product: product(line),
        region: region(line),
        term: term.span(line, kind),
        list: money.list.filter(|_| !is_round),
        tax: money.tax,
        paid: money.paid,
        reverses: reverses(line, kind),
        bill_month,
        source: line.source.file_and_row(),
        tags: line.tags.clone(),
        ..bare_charge(kind, paid_on, money.amount, cx.options)
    };
    if kind == ChargeKind::Usage {
        charge.quantity = line.agreed("UsedAmount").and_then(exact);
        charge.unit = line.agreed("UsedAmountUnit").unwrap_or_default().to_owned();
        charge.hours = hours(line);
    } else {
        charge.months = months(line);
        charge.order = if is_round {
            String::new()
        } else {
            line.text_or_empty("OrderId")
        };
    }
    line.tag_owner("OwnerUin", &mut charge);
    charge.row_id = row_id(line, &charge);
    (cx.found.errors() == before).then_some(charge)
}

fn report_missing(line: &BillLine<'_>, name: &str, cx: &mut Context<'_>) {
    if !cx.found.has_errors() || line.cell_text(name).is_none() {
        let message = format!("the charge has no `{name}`");
        let help = "save the whole bill once more";
        line.report(Code::MissingValue, &message, help, cx);
    }
}

fn check_currency(line: &BillLine<'_>, cx: &mut Context<'_>) {
    let own = cx.options.currency;
    let other = line.cell_text("Currency").and_then(Currency::from_code);
    if let Some(other) = other.filter(|other| *other != own) {
        let message = format!("the charge is in {other}, and the book in {own}");
        let help = format!("add `--currency {other}`, or make a book of its own for it");
        line.report(Code::BadValue, &message, &help, cx);
    }
}

/// The source's own id; else the bill and the resource; else account, month, kind, resource and term.
fn row_id(line: &BillLine<'_>, charge: &Charge) -> String {
    if let Some(id) = line.cell_text("Id") {
        return id.to_owned();
    }
    let instance = charge.instance.as_ref();
    let instance = instance.map_or_else(String::new, |id| format!("/{id}"));
    if let Some(bill) = own_bill(line) {
        return format!("{bill}{instance}");
    }
    let (account, month, kind) = (&charge.account, charge.bill_month, charge.kind.name());
    let term = match charge.term {
        Some(term) => format!("/{}..{}", term.start, term.end),
        None => String::new(),
    };
    format!("{account}/{month}/{kind}{instance}{term}")
}

fn kind(line: &BillLine<'_>, cx: &mut Context<'_>) -> Option<ChargeKind> {
    if line.cell_text("BillId") == Some(ROUNDING_BILL) {
        return Some(ChargeKind::Round);
    }
    let names = ["ActionType", "ActionTypeName"].map(|name| line.cell_text(name));
    let mut names = names.into_iter().flatten().peekable();
    let first = names.peek().copied().unwrap_or("nothing");
    names.find_map(words::kind_of).or_else(|| {
        let message = format!("unknown transaction type `{}`", one_line(first));
        let help = "leave the row out, or report the name: it is new";
        line.report(Code::BadValue, &message, help, cx);
        None
    })
}

/// The statement: `BillMonth` where the source says it, else the month of the payment; usage settled on the first of a
/// month belongs to the month before.
fn month(line: &BillLine<'_>, paid_on: Day, cx: &mut Context<'_>) -> Option<StatementMonth> {
    let Some(text) = line.cell_text("BillMonth") else {
        let end = line.cell_text("FeeEndTime");
        let end = end.filter(|_| paid_on.day_of_month() == 1);
        let last_use = end.and_then(|end| Day::parse(end.get(..10)?).ok());
        let last_use = last_use.filter(|end| *end < paid_on);
        return Some(StatementMonth::month_of(last_use.unwrap_or(paid_on)));
    };
    let month = text.get(..7).and_then(StatementMonth::parse);
    month.or_else(|| chinese_month(text)).or_else(|| {
        let text = one_line(text);
        let message = format!("`BillMonth` is `{text}`: not a month such as `2026-10`");
        line.report(Code::BadDate, &message, "write the month as YYYY-MM", cx);
        None
    })
}

/// A month such as `2026年10月` or `202610`.
fn chinese_month(text: &str) -> Option<StatementMonth> {
    let digits: String = text.chars().filter(|c| !matches!(c, '年' | '月')).collect();
    let (year, month) = (
        digits.get(..4)?,
        digits.get(digits.len().saturating_sub(2)..)?,
    );
    StatementMonth::parse(&format!("{year}-{month}"))
}

/// The days on which a term begins and ends.
struct LineTerm {
    begin: Option<Day>,
    end: Option<Day>,
}

impl LineTerm {
    /// The term; a refund that begins and ends at one moment has none. An end that is included counts its day.
    fn span(&self, line: &BillLine<'_>, kind: ChargeKind) -> Option<BilledSpan> {
        let (start, end) = (self.begin?, self.end?);
        let is_usage = kind == ChargeKind::Usage;
        let (first, last) = (line.cell_text("FeeBeginTime"), line.cell_text("FeeEndTime"));
        if kind == ChargeKind::Round || (first == last && !is_usage) {
            return None;
        }
        // The end of a paid term is the civil day of its end, so that it agrees with the expiry date.
        let is_included = is_usage && (last.is_some_and(ends_a_span) || end <= start);
        let end = if is_included { end.tomorrow() } else { end };
        (start < end).then_some(BilledSpan { start, end })
    }
}

/// Months of a term by its time span and unit.
fn months(line: &BillLine<'_>) -> Option<u32> {
    let each = match line.agreed("TimeUnitName")?.to_lowercase().as_str() {
        "月" | "m" | "month" | "months" => 1,
        "年" | "y" | "year" | "years" => 12,
        _ => return None,
    };
    let span = whole_number(line.agreed("TimeSpan")?)?;
    (span > 0).then_some(span)?.checked_mul(each)
}

/// Whole hours of use.
fn hours(line: &BillLine<'_>) -> Option<u32> {
    let unit = line.agreed("TimeUnitName")?.to_lowercase();
    let is_hours = matches!(unit.as_str(), "小时" | "时" | "h" | "hour" | "hours");
    let span = whole_number(line.agreed("TimeSpan")?);
    span.filter(|_| is_hours)
}

/// The orders that a refund or a conversion takes back, without those that it names itself.
fn reverses(line: &BillLine<'_>, kind: ChargeKind) -> Vec<String> {
    let takes_back = [ChargeKind::Refund, ChargeKind::Convert, ChargeKind::Resize];
    if !takes_back.contains(&kind) {
        return Vec::new();
    }
    let names = REVERSED_ORDERS.iter();
    let names = names.filter_map(|name| line.cell_text(name));
    let ids = names.flat_map(|ids| ids.split([',', ';'])).map(str::trim);
    let mut orders: Vec<String> = ids.filter(|id| !id.is_empty()).map(str::to_owned).collect();
    orders.sort();
    orders.dedup();
    orders
}

/// The product as a book names it: the code of the business without its `p_`, or the product of a name in a table.
fn product(line: &BillLine<'_>) -> String {
    if let Some(code) = line.cell_text("BusinessCode") {
        return code.strip_prefix("p_").unwrap_or(code).to_owned();
    }
    let name = line.cell_text("BusinessCodeName").unwrap_or_default();
    words::product_of_name(name).unwrap_or(name).to_owned()
}

fn region(line: &BillLine<'_>) -> String {
    let code = line.cell_text("RegionCode");
    let code = code.filter(|code| code.contains('-'));
    let number = line.cell_text("RegionId").unwrap_or_default();
    let name = line.cell_text("RegionName").unwrap_or_default();
    let region = code.or_else(|| words::region_of(number, name));
    region.unwrap_or_default().to_owned()
}

/// The amounts of a line.
struct LineAmounts {
    list: Option<Decimal>,
    amount: Decimal,
    tax: Option<Decimal>,
    paid: PaymentParts,
}

impl LineAmounts {
    /// Sums up the components. An international bill gives the amount without tax, the voucher and the tax apart, and
    /// no cash: cash is what is left. What is still unpaid counts as cash too.
    fn amounts_of_line(line: &BillLine<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let before = cx.found.errors();
        let list = line.sum("Cost", cx);
        let tax = line.sum("TaxAmount", cx);
        let real = line.sum("RealCost", cx);
        let voucher = line.sum("VoucherPayAmount", cx).unwrap_or_default();
        let free_credit = line.sum("IncentivePayAmount", cx).unwrap_or_default();
        // Cash and transfers are what is left, but what is wrong with them is reported.
        line.sum("CashPayAmount", cx);
        line.sum("TransferPayAmount", cx);
        let net = real.or_else(|| line.sum("NetCost", cx));
        if cx.found.errors() > before {
            return None;
        }
        let Some(net) = net else {
            let help = "save the whole bill once more, with its amounts";
            line.report(Code::MissingValue, "the charge has no amount", help, cx);
            return None;
        };
        let amount = net + tax.unwrap_or_default();
        let paid = PaymentParts {
            voucher,
            free_credit,
            cash: amount - voucher - free_credit,
        };
        debug_assert_eq!(paid.total(), amount, "the parts of a payment add up to it");
        Some(Self {
            list,
            amount,
            tax,
            paid,
        })
    }
}
