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

use super::line::{BillLine, ends_a_span};
use crate::input::diagnostic::{Code, Diagnostics};
use crate::input::import::options::Options;
use crate::model::bill::{BilledSpan, Charge, ChargeKind, PaymentParts, StatementMonth, exact};
use crate::model::calendar::Day;
use crate::model::id::AccountId;
use crate::model::money::Currency;

/// The monthly difference between eight decimals and two.
const ROUNDING_BILL: &str = "billVirtualId";

/// Codes and names of transactions. Names stand without the pay mode in front, which newer exports leave out.
const KINDS: &[(&str, ChargeKind)] = &[
    ("prepay_purchase", ChargeKind::New),
    ("prepay_renew", ChargeKind::Renew),
    ("prepay_modify", ChargeKind::Resize),
    ("prepay_modify_up", ChargeKind::Resize),
    ("prepay_modify_down", ChargeKind::Resize),
    ("prepay_return", ChargeKind::Refund),
    ("pre_to_post", ChargeKind::Convert),
    ("post_to_pre", ChargeKind::Convert),
    (ROUNDING_BILL, ChargeKind::Round),
    ("新购", ChargeKind::New),
    ("续费", ChargeKind::Renew),
    ("自动续费", ChargeKind::AutoRenew),
    ("配置变更", ChargeKind::Resize),
    ("升级", ChargeKind::Resize),
    ("降级", ChargeKind::Resize),
    ("退款", ChargeKind::Refund),
    ("包年包月转按量", ChargeKind::Convert),
    ("转按量", ChargeKind::Convert),
    ("按量转包年包月", ChargeKind::Convert),
    ("扣费", ChargeKind::Usage),
    ("小时结", ChargeKind::Usage),
    ("日结", ChargeKind::Usage),
    ("月结", ChargeKind::Usage),
    ("竞价实例小时结", ChargeKind::Usage),
    ("小时费用", ChargeKind::Usage),
    ("节省计划小时费用", ChargeKind::Usage),
    ("月度计费精度差异", ChargeKind::Round),
    ("冲正", ChargeKind::Adjust),
    ("保底扣款", ChargeKind::Adjust),
    ("调账扣费", ChargeKind::Adjust),
    ("调账补偿", ChargeKind::Adjust),
    ("优惠扣费", ChargeKind::Adjust),
    ("优惠补偿", ChargeKind::Adjust),
    ("monthly subscription purchase", ChargeKind::New),
    ("new monthly subscription", ChargeKind::New),
    ("purchase", ChargeKind::New),
    ("new purchase", ChargeKind::New),
    ("renewal", ChargeKind::Renew),
    ("monthly subscription renewal", ChargeKind::Renew),
    ("auto renewal", ChargeKind::AutoRenew),
    ("modification", ChargeKind::Resize),
    ("configuration modification", ChargeKind::Resize),
    (
        "monthly subscription specification adjustment",
        ChargeKind::Resize,
    ),
    ("refund", ChargeKind::Refund),
    ("monthly subscription refund", ChargeKind::Refund),
    ("monthly subscription to pay-as-you-go", ChargeKind::Convert),
    ("hourly settlement", ChargeKind::Usage),
    ("daily settlement", ChargeKind::Usage),
    ("monthly settlement", ChargeKind::Usage),
    ("pay-as-you-go deduction", ChargeKind::Usage),
    ("manual adjustment", ChargeKind::Adjust),
    ("compensation", ChargeKind::Adjust),
];

/// Pay modes that stand in front of the names of transactions.
const PAY_MODES: &[&str] = &[
    "包年包月",
    "按量计费",
    "monthly subscription ",
    "pay-as-you-go ",
    "pay-as-you-go: ",
];

/// The charge that a line is; what it lacks is reported.
fn charge(line: &BillLine<'_>, options: &Options, found: &mut Diagnostics) -> Option<Charge> {
    let before = found.errors();
    let kind = kind(line, found);
    let zone = options.zone;
    let paid_on = line.day("PayTime", zone, found);
    let (begin, end) = (
        line.day("FeeBeginTime", zone, found),
        line.day("FeeEndTime", zone, found),
    );
    let paid_on = paid_on.or_else(|| missing(line, "PayTime", found));
    let account = line
        .cell_text("PayerUin")
        .map_or_else(|| Some(options.account.clone()), AccountId::new);
    let (kind, paid_on, account) = (kind?, paid_on?, account?);
    let bill_month = month(line, paid_on, found)?;
    let said = line
        .cell_text("Currency")
        .and_then(Currency::from_code)
        .filter(|said| *said != options.currency);
    if let Some(said) = said {
        let message = format!(
            "the charge is in {said}, and the book in {}",
            options.currency
        );
        line.report(
            Code::BadValue,
            &message,
            &format!("add `--currency {said}`, or make a book of its own for it"),
            found,
        );
    }
    let money = LineAmounts::amounts_of_line(line, found)?;
    let is_usage = kind == ChargeKind::Usage;
    let instance = line
        .cell_text("ResourceId")
        .filter(|_| kind != ChargeKind::Round)
        .map(str::to_owned);
    let mut charge = Charge {
        row_id: String::new(),
        paid_on,
        instance,
        product: product(line, options),
        instance_type: String::new(),
        region: region(line),
        term: begin
            .zip(end)
            .and_then(|(begin, end)| term(line, (kind, begin, end))),
        months: if is_usage { None } else { months(line) },
        quantity: line
            .agreed("UsedAmount")
            .and_then(exact)
            .filter(|_| is_usage),
        unit: if is_usage {
            line.agreed("UsedAmountUnit").unwrap_or_default().to_owned()
        } else {
            String::new()
        },
        hours: if is_usage { hours(line) } else { None },
        list: money.list.filter(|_| kind != ChargeKind::Round),
        amount: money.amount,
        tax: money.tax,
        paid: money.paid,
        currency: options.currency,
        order: if is_usage || kind == ChargeKind::Round {
            String::new()
        } else {
            line.text_or_empty("OrderId")
        },
        reverses: reverses(line, kind),
        bill_month,
        as_of: options.as_of,
        source: line.spot.source(),
        tags: line.tags.clone(),
        kind,
        account,
    };
    if let Some(owner) = line
        .cell_text("OwnerUin")
        .filter(|owner| *owner != charge.account.as_str())
    {
        charge.tags.insert("owner".to_owned(), owner.to_owned());
    }
    charge.row_id = row_id(line, &charge);
    (found.errors() == before).then_some(charge)
}

fn missing<T>(line: &BillLine<'_>, name: &str, found: &mut Diagnostics) -> Option<T> {
    if found.errors() == 0 || line.cell_text(name).is_none() {
        let message = format!("the charge has no `{name}`");
        line.report(
            Code::MissingValue,
            &message,
            "save the whole bill once more",
            found,
        );
    }
    None
}

/// The charges that lines are. Of lines without an id of the source, equal ones of a file are several, and are numbered.
pub(super) fn charges(
    lines: &[BillLine<'_>],
    options: &Options,
    found: &mut Diagnostics,
) -> Vec<Charge> {
    let mut equal: BTreeMap<String, usize> = BTreeMap::new();
    let mut charges = Vec::with_capacity(lines.len());
    for line in lines {
        let Some(mut charge) = charge(line, options, found) else {
            continue;
        };
        let has_id = line.cell_text("Id").is_some()
            || line
                .cell_text("BillId")
                .is_some_and(|bill| bill != ROUNDING_BILL);
        if !has_id {
            let number = equal
                .entry(charge.row_id.clone())
                .and_modify(|number| *number += 1)
                .or_insert(1);
            if *number > 1 {
                charge.row_id = format!("{}/{number}", charge.row_id);
            }
        }
        charges.push(charge);
    }
    charges
}

/// The source's own id; else the bill and the resource; else account, month, kind, resource and term.
fn row_id(line: &BillLine<'_>, charge: &Charge) -> String {
    if let Some(id) = line.cell_text("Id") {
        return id.to_owned();
    }
    match (
        line.cell_text("BillId")
            .filter(|bill| *bill != ROUNDING_BILL),
        &charge.instance,
    ) {
        (Some(bill), Some(instance)) => format!("{bill}/{instance}"),
        (Some(bill), None) => bill.to_owned(),
        (None, _) => {
            let instance = charge
                .instance
                .as_deref()
                .map(|id| format!("/{id}"))
                .unwrap_or_default();
            let term = charge
                .term
                .map(|term| format!("/{}..{}", term.start, term.end))
                .unwrap_or_default();
            format!(
                "{}/{}/{}{instance}{term}",
                charge.account,
                charge.bill_month,
                charge.kind.name()
            )
        }
    }
}

fn kind(line: &BillLine<'_>, found: &mut Diagnostics) -> Option<ChargeKind> {
    if line.cell_text("BillId") == Some(ROUNDING_BILL) {
        return Some(ChargeKind::Round);
    }
    let said = [
        line.cell_text("ActionType"),
        line.cell_text("ActionTypeName"),
    ];
    if let Some(kind) = said.into_iter().flatten().find_map(known_kind) {
        return Some(kind);
    }
    let shown = said.into_iter().flatten().next().unwrap_or("nothing");
    let message = format!(
        "unknown transaction type `{}`",
        crate::input::import::json::one_line(shown)
    );
    line.report(
        Code::BadValue,
        &message,
        "leave the row out, or report the name: it is new",
        found,
    );
    None
}

fn known_kind(said: &str) -> Option<ChargeKind> {
    let said = said.trim().to_lowercase();
    if said.starts_with("postpay_deduct") {
        return Some(ChargeKind::Usage);
    }
    let look_up = |name: &str| {
        KINDS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, kind)| *kind)
    };
    look_up(&said).or_else(|| {
        PAY_MODES
            .iter()
            .find_map(|mode| look_up(said.strip_prefix(mode)?.trim()))
    })
}

/// The statement: `BillMonth` where the source says it, else the month of the payment; usage settled on the first of a
/// month belongs to the month before.
fn month(line: &BillLine<'_>, paid_on: Day, found: &mut Diagnostics) -> Option<StatementMonth> {
    let Some(text) = line.cell_text("BillMonth") else {
        let last_use = line
            .cell_text("FeeEndTime")
            .filter(|_| paid_on.day_of_month() == 1);
        let used = last_use
            .and_then(|end| Day::parse(end.get(..10)?).ok())
            .filter(|end| *end < paid_on);
        return Some(StatementMonth::month_of(used.unwrap_or(paid_on)));
    };
    let digits: String = text.chars().filter(|c| !matches!(c, '年' | '月')).collect();
    let month = StatementMonth::parse(text.get(..7).unwrap_or_default());
    let month = month.or_else(|| {
        StatementMonth::parse(&format!(
            "{}-{}",
            digits.get(..4)?,
            digits.get(digits.len().saturating_sub(2)..)?
        ))
    });
    if month.is_none() {
        let message = format!(
            "`BillMonth` is `{}`: not a month such as `2026-10`",
            crate::input::import::json::one_line(text)
        );
        line.report(Code::BadDate, &message, "write the month as YYYY-MM", found);
    }
    month
}

/// The term; a refund that begins and ends at one moment has none. An end that is included counts its day.
fn term(line: &BillLine<'_>, (kind, start, end): (ChargeKind, Day, Day)) -> Option<BilledSpan> {
    if kind == ChargeKind::Round {
        return None;
    }
    let same = line.cell_text("FeeBeginTime") == line.cell_text("FeeEndTime");
    if same && kind != ChargeKind::Usage {
        return None;
    }
    // The end of a paid term is the civil day of its end, so that it agrees with the expiry date.
    let is_included = kind == ChargeKind::Usage
        && (line.cell_text("FeeEndTime").is_some_and(ends_a_span) || end <= start);
    let end = if is_included { end.tomorrow() } else { end };
    (start < end).then_some(BilledSpan { start, end })
}

/// Months of a term by its time span and unit.
fn months(line: &BillLine<'_>) -> Option<u32> {
    let span = exact(line.agreed("TimeSpan")?)?;
    let each = match line.agreed("TimeUnitName")?.to_lowercase().as_str() {
        "月" | "m" | "month" | "months" => 1,
        "年" | "y" | "year" | "years" => 12,
        _ => return None,
    };
    let whole = u32::try_from(span)
        .ok()
        .filter(|whole| *whole > 0 && Decimal::from(*whole) == span)?;
    whole.checked_mul(each)
}

/// Whole hours of use.
fn hours(line: &BillLine<'_>) -> Option<u32> {
    let span = exact(line.agreed("TimeSpan")?)?;
    let is_hours = matches!(
        line.agreed("TimeUnitName")?.to_lowercase().as_str(),
        "小时" | "时" | "h" | "hour" | "hours"
    );
    u32::try_from(span)
        .ok()
        .filter(|whole| is_hours && Decimal::from(*whole) == span)
}

/// The orders that a refund or a conversion takes back, without those that it names itself.
fn reverses(line: &BillLine<'_>, kind: ChargeKind) -> Vec<String> {
    if !matches!(
        kind,
        ChargeKind::Refund | ChargeKind::Convert | ChargeKind::Resize
    ) {
        return Vec::new();
    }
    let names = [
        "PrepayPurchase",
        "PrepayRenew",
        "PrepayModifyUp",
        "ReverseOrder",
        "Original",
    ];
    let orders = names
        .iter()
        .filter_map(|name| line.cell_text(&format!("AssociatedOrder.{name}")));
    let mut orders: Vec<String> = orders
        .flat_map(|ids| ids.split([',', ';']))
        .map(|id| id.trim().to_owned())
        .collect();
    orders.retain(|id| !id.is_empty());
    orders.sort();
    orders.dedup();
    orders
}

/// The product as a book names it: the code of the business without its `p_`, or the product of a name in a table.
fn product(line: &BillLine<'_>, _: &Options) -> String {
    if let Some(code) = line.cell_text("BusinessCode") {
        return code.strip_prefix("p_").unwrap_or(code).to_owned();
    }
    let name = line.cell_text("BusinessCodeName").unwrap_or_default();
    product_of_name(name).map_or_else(|| name.to_owned(), str::to_owned)
}

/// Products by the names in bills: a word that the name holds, the product.
const PRODUCT_NAMES: &[(&str, &str)] = &[
    ("云服务器", "cvm"),
    ("Cloud Virtual Machine", "cvm"),
    ("CVM", "cvm"),
    ("轻量应用服务器", "lighthouse"),
    ("Lighthouse", "lighthouse"),
    ("云硬盘", "cbs"),
    ("Cloud Block Storage", "cbs"),
    ("云数据库MySQL", "cdb"),
    ("云数据库 MySQL", "cdb"),
    ("MySQL", "cdb"),
    ("Redis", "redis"),
    ("MongoDB", "mongodb"),
    ("PostgreSQL", "postgres"),
    ("NAT网关", "nat"),
    ("NAT Gateway", "nat"),
    ("公网IP", "eip"),
    ("公网 IP", "eip"),
    ("Elastic IP", "eip"),
    ("负载均衡", "clb"),
    ("Cloud Load Balancer", "clb"),
    ("对象存储", "cos"),
    ("Cloud Object Storage", "cos"),
];

pub(super) fn product_of_name(name: &str) -> Option<&'static str> {
    PRODUCT_NAMES
        .iter()
        .find(|(word, _)| name.contains(word))
        .map(|(_, product)| *product)
}

/// Regions by their numbers in bills, and by the words in their names.
const REGIONS: &[(&str, &str, &str)] = &[
    ("1", "广州", "ap-guangzhou"),
    ("4", "上海", "ap-shanghai"),
    ("5", "香港", "ap-hongkong"),
    ("8", "北京", "ap-beijing"),
    ("9", "新加坡", "ap-singapore"),
    ("11", "深圳", "ap-shenzhen"),
    ("15", "硅谷", "na-siliconvalley"),
    ("16", "成都", "ap-chengdu"),
    ("17", "法兰克福", "eu-frankfurt"),
    ("18", "首尔", "ap-seoul"),
    ("19", "重庆", "ap-chongqing"),
    ("21", "孟买", "ap-mumbai"),
    ("22", "弗吉尼亚", "na-ashburn"),
    ("23", "曼谷", "ap-bangkok"),
    ("25", "东京", "ap-tokyo"),
    ("33", "南京", "ap-nanjing"),
    ("", "Guangzhou", "ap-guangzhou"),
    ("", "Shanghai", "ap-shanghai"),
    ("", "Hong Kong", "ap-hongkong"),
    ("", "Beijing", "ap-beijing"),
    ("", "Singapore", "ap-singapore"),
    ("", "Silicon Valley", "na-siliconvalley"),
    ("", "Chengdu", "ap-chengdu"),
    ("", "Frankfurt", "eu-frankfurt"),
    ("", "Seoul", "ap-seoul"),
    ("", "Chongqing", "ap-chongqing"),
    ("", "Mumbai", "ap-mumbai"),
    ("", "Virginia", "na-ashburn"),
    ("", "Bangkok", "ap-bangkok"),
    ("", "Tokyo", "ap-tokyo"),
    ("", "Nanjing", "ap-nanjing"),
];

fn region(line: &BillLine<'_>) -> String {
    if let Some(code) = line
        .cell_text("RegionCode")
        .filter(|code| code.contains('-'))
    {
        return code.to_owned();
    }
    let number = line.cell_text("RegionId").unwrap_or_default();
    let name = line.cell_text("RegionName").unwrap_or_default();
    let known = REGIONS
        .iter()
        .find(|(known, _, _)| !known.is_empty() && *known == number);
    let known = known.or_else(|| REGIONS.iter().find(|(_, word, _)| name.contains(word)));
    known
        .map(|(_, _, region)| (*region).to_owned())
        .unwrap_or_default()
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
    /// no cash: cash is what is left.
    fn amounts_of_line(line: &BillLine<'_>, found: &mut Diagnostics) -> Option<Self> {
        let before = found.errors();
        let list = line.sum("Cost", found);
        let tax = line.sum("TaxAmount", found);
        let real = line.sum("RealCost", found);
        let voucher = line.sum("VoucherPayAmount", found).unwrap_or_default();
        let free_credit = line.sum("IncentivePayAmount", found).unwrap_or_default();
        let cash = line.sum("CashPayAmount", found);
        let transfer = line.sum("TransferPayAmount", found).unwrap_or_default();
        let net = real.or_else(|| line.sum("NetCost", found));
        if found.errors() > before {
            return None;
        }
        let Some(net) = net else {
            let message = "the charge has no amount";
            line.report(
                Code::MissingValue,
                message,
                "save the whole bill once more, with its amounts",
                found,
            );
            return None;
        };
        let amount = net + tax.unwrap_or_default();
        let cash = cash.map_or_else(|| amount - voucher - free_credit, |cash| cash + transfer);
        let paid = PaymentParts {
            voucher,
            free_credit,
            cash,
        };
        if paid.total() != amount {
            // What is still unpaid counts as cash.
            let paid = PaymentParts {
                cash: amount - voucher - free_credit,
                ..paid
            };
            return Some(Self {
                list,
                amount,
                tax,
                paid,
            });
        }
        Some(Self {
            list,
            amount,
            tax,
            paid,
        })
    }
}
