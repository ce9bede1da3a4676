//! FOCUS cost and usage rows (versions 1.0 to 1.4), of any provider → charges.
//!
//! | column of bills.csv | FOCUS |
//! |---|---|
//! | `account_id`, `tag:owner` | `BillingAccountId`; `SubAccountId` where it is another one |
//! | `instance_id`, `product`, `region` | `ResourceId`, `ServiceName`, `RegionId` |
//! | `kind` | `ChargeCategory`, with `ChargeFrequency` of purchases |
//! | `term_start`, `term_end` | `ChargePeriodStart`, `ChargePeriodEnd`, in the book's zone |
//! | `list`, `amount`, `currency` | `ListCost`, `BilledCost`, `BillingCurrency` |
//! | `bill_month` | the month that holds the middle of the billing period |
//!
//! `NULL` is empty, and a time without a zone is UTC. FOCUS has no day of payment: it is the day on which the charge period
//! starts if that lies in the billing period, else the billing period's first day.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;

use super::line::BillLine;
use super::sheet::BillSheet;
use crate::input::diagnostic::{Code, Diagnostics};
use crate::input::import::json::one_line;
use crate::input::import::options::Options;
use crate::model::bill::{BilledSpan, Charge, ChargeKind, PaymentParts, StatementMonth, exact};
use crate::model::calendar::Day;
use crate::model::id::AccountId;
use crate::model::money::Currency;

/// The columns without which a table is no FOCUS table.
const NEEDED: &[&str] = &[
    "BilledCost",
    "BillingAccountId",
    "ChargeCategory",
    "ChargePeriodStart",
    "BillingPeriodStart",
];

/// Whether a heading is that of a FOCUS table.
pub(super) fn fits(heading: &[String]) -> bool {
    heading.iter().any(|name| name == "BilledCost")
        && heading.iter().any(|name| name == "ChargePeriodStart")
}

/// The charges of a table; what is wrong with a column is reported once, with its first row and how many there are.
pub(super) fn charges(
    sheet: &BillSheet<'_>,
    options: &Options,
    found: &mut Diagnostics,
) -> Vec<Charge> {
    let lines = sheet.lines(|heading| Some(heading.to_owned()), found);
    let missing: Vec<&str> = NEEDED
        .iter()
        .copied()
        .filter(|name| sheet.heading().iter().all(|heading| heading != name))
        .collect();
    if let (false, Some(first)) = (missing.is_empty(), lines.first()) {
        let message = format!("a FOCUS table without {}", missing.join(", "));
        first.report(
            Code::MissingColumn,
            &message,
            "export the cost and usage rows with all mandatory columns",
            found,
        );
        return Vec::new();
    }
    let mut wrong = FocusErrors::default();
    let mut same: BTreeMap<String, usize> = BTreeMap::new();
    let mut charges = Vec::with_capacity(lines.len());
    for line in &lines {
        let Some(mut charge) = charge(line, options, &mut wrong) else {
            continue;
        };
        let base = base_id(&charge, line);
        let number = same
            .entry(base.clone())
            .and_modify(|number| *number += 1)
            .or_insert(1);
        charge.row_id = format!("{base}/{number}");
        charges.push(charge);
    }
    wrong.report(found);
    charges
}

/// What is wrong, by column: the first line, its cell, the rule, and how many rows there are.
#[derive(Default)]
struct FocusErrors<'l, 's> {
    columns: BTreeMap<&'static str, (&'l BillLine<'s>, String, &'static str, usize)>,
}

impl<'l, 's> FocusErrors<'l, 's> {
    fn report_wrong<T>(
        &mut self,
        line: &'l BillLine<'s>,
        column: &'static str,
        rule: &'static str,
    ) -> Option<T> {
        let cell = line.cell_text(column).unwrap_or_default();
        self.columns
            .entry(column)
            .or_insert_with(|| (line, cell.to_owned(), rule, 0))
            .3 += 1;
        None
    }

    fn report(self, found: &mut Diagnostics) {
        for (column, (line, cell, rule, rows)) in self.columns {
            let count = if rows == 1 {
                "1 row".to_owned()
            } else {
                format!("{rows} rows")
            };
            let message = one_line(&format!(
                "`{column}` is `{cell}`: {rule} ({count} of this file)"
            ));
            line.report(
                Code::BadValue,
                &message,
                "export the table once more; nothing of it is imported",
                found,
            );
        }
    }
}

fn charge<'l, 's>(
    line: &'l BillLine<'s>,
    options: &Options,
    wrong: &mut FocusErrors<'l, 's>,
) -> Option<Charge> {
    let period = MomentSpan::read_span(line, ("BillingPeriodStart", "BillingPeriodEnd"), wrong);
    let used = MomentSpan::read_span(line, ("ChargePeriodStart", "ChargePeriodEnd"), wrong);
    let amount = needed_amount(line, "BilledCost", wrong);
    let list = optional_amount(line, "ListCost", wrong);
    let code = line.cell_text("BillingCurrency").unwrap_or_default();
    let currency = Currency::from_code(code)
        .or_else(|| wrong.report_wrong(line, "BillingCurrency", "not a currency such as CNY"));
    let kind = kind(line, amount.unwrap_or_default(), wrong);
    let account = line.cell_text("BillingAccountId").and_then(AccountId::new);
    let account =
        account.or_else(|| wrong.report_wrong(line, "BillingAccountId", "an account needs an id"));
    let (period, used, amount, currency, kind, account) =
        (period?, used?, amount?, currency?, kind?, account?);
    let zone = options.zone;
    let in_period = period.start <= used.start && used.start < period.end;
    let paid_on = day_in(if in_period { used.start } else { period.start }, zone)?;
    let (quantity, unit) = quantity(line);
    let is_usage = kind == ChargeKind::Usage;
    let hours = quantity.filter(|_| {
        is_usage
            && matches!(
                unit.to_lowercase().as_str(),
                "hours" | "hour" | "hrs" | "小时"
            )
    });
    let mut tags = tags(line);
    if let Some(owner) = line
        .cell_text("SubAccountId")
        .filter(|owner| *owner != account.as_str())
    {
        tags.insert("owner".to_owned(), owner.to_owned());
    }
    Some(Charge {
        row_id: String::new(),
        paid_on,
        instance: line.cell_text("ResourceId").map(str::to_owned),
        product: product(line),
        instance_type: String::new(),
        region: line.text_or_empty("RegionId"),
        term: span(used, zone),
        months: None,
        quantity: quantity.filter(|_| is_usage),
        unit: if is_usage { unit } else { String::new() },
        hours: hours.and_then(|hours| {
            u32::try_from(hours)
                .ok()
                .filter(|whole| Decimal::from(*whole) == hours)
        }),
        list,
        amount,
        tax: (kind == ChargeKind::Tax).then_some(amount),
        paid: PaymentParts {
            cash: amount,
            ..PaymentParts::default()
        },
        currency,
        order: String::new(),
        reverses: Vec::new(),
        bill_month: StatementMonth::month_of(day_in(period.middle(), zone)?),
        as_of: options.as_of,
        source: line.spot.source(),
        tags,
        kind,
        account,
    })
}

/// A span of moments.
#[derive(Clone, Copy)]
struct MomentSpan {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

impl MomentSpan {
    fn read_span<'l, 's>(
        line: &'l BillLine<'s>,
        (start, end): (&'static str, &'static str),
        wrong: &mut FocusErrors<'l, 's>,
    ) -> Option<Self> {
        let rule = "not a time such as 2026-10-31T16:00:00Z";
        let mut read = |name: &'static str| {
            line.cell_text(name)
                .and_then(moment)
                .or_else(|| wrong.report_wrong(line, name, rule))
        };
        let (start, end) = (read(start)?, read(end)?);
        // An end that is included, such as 15:59:59, is the moment before the real one.
        let end = if end.timestamp() % 60 == 59 {
            end + TimeDelta::seconds(1)
        } else {
            end
        };
        Some(Self { start, end })
    }

    fn middle(self) -> DateTime<Utc> {
        self.start + (self.end - self.start) / 2
    }
}

/// A moment; one without a zone is UTC.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.with_timezone(&Utc));
    }
    let shaped = text.replace('T', " ");
    let shaped = shaped.trim_end_matches('Z').trim_end_matches(" UTC");
    let forms = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"];
    let time = forms
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(shaped, form).ok());
    let time = time.or_else(|| {
        NaiveDate::parse_from_str(shaped, "%Y-%m-%d")
            .ok()?
            .and_hms_opt(0, 0, 0)
    });
    time.map(|time| time.and_utc())
}

fn day_in(moment: DateTime<Utc>, zone: Tz) -> Option<Day> {
    Day::parse(&moment.with_timezone(&zone).date_naive().to_string()).ok()
}

/// The days of use: an hour lies on one day; the end of a day is not another one.
fn span(used: MomentSpan, zone: Tz) -> Option<BilledSpan> {
    let start = day_in(used.start, zone)?;
    let last = if used.end > used.start {
        used.end - TimeDelta::seconds(1)
    } else {
        used.start
    };
    Some(BilledSpan {
        start,
        end: day_in(last, zone)?.max(start).tomorrow(),
    })
}

fn kind<'l, 's>(
    line: &'l BillLine<'s>,
    amount: Decimal,
    wrong: &mut FocusErrors<'l, 's>,
) -> Option<ChargeKind> {
    let frequency = line.cell_text("ChargeFrequency").unwrap_or_default();
    Some(match line.cell_text("ChargeCategory").unwrap_or_default() {
        "Usage" => ChargeKind::Usage,
        "Purchase" if amount < Decimal::ZERO => ChargeKind::Refund,
        "Purchase" if frequency == "Recurring" => ChargeKind::Renew,
        "Purchase" => ChargeKind::New,
        "Tax" => ChargeKind::Tax,
        "Credit" | "Adjustment" | "Refund" => ChargeKind::Adjust,
        _ => {
            return wrong.report_wrong(
                line,
                "ChargeCategory",
                "none of Usage, Purchase, Tax, Credit, Adjustment",
            );
        }
    })
}

fn needed_amount<'l, 's>(
    line: &'l BillLine<'s>,
    name: &'static str,
    wrong: &mut FocusErrors<'l, 's>,
) -> Option<Decimal> {
    let rule = "not a plain number such as 12.5";
    line.cell_text(name)
        .and_then(exact)
        .or_else(|| wrong.report_wrong(line, name, rule))
}

fn optional_amount<'l, 's>(
    line: &'l BillLine<'s>,
    name: &'static str,
    wrong: &mut FocusErrors<'l, 's>,
) -> Option<Decimal> {
    line.cell_text(name)?;
    needed_amount(line, name, wrong)
}

fn quantity(line: &BillLine<'_>) -> (Option<Decimal>, String) {
    let said = |quantity: &str, unit: &str| {
        Some((
            line.cell_text(quantity).and_then(exact)?,
            line.text_or_empty(unit),
        ))
    };
    let said =
        said("ConsumedQuantity", "ConsumedUnit").or_else(|| said("PricingQuantity", "PricingUnit"));
    said.map_or((None, String::new()), |(quantity, unit)| {
        (Some(quantity), unit)
    })
}

fn product(line: &BillLine<'_>) -> String {
    let name = line.cell_text("ServiceName").unwrap_or_default();
    super::meaning::product_of_name(name).map_or_else(|| name.to_owned(), str::to_owned)
}

/// Tags, which are one JSON object.
fn tags(line: &BillLine<'_>) -> BTreeMap<String, String> {
    let parsed = line
        .cell_text("Tags")
        .and_then(|text| serde_json::from_str::<BTreeMap<String, serde_json::Value>>(text).ok());
    let plain = parsed
        .unwrap_or_default()
        .into_iter()
        .filter(|(key, _)| !key.is_empty())
        .filter_map(|(key, value)| match value {
            serde_json::Value::String(text) => Some((key, text)),
            serde_json::Value::Bool(flag) => Some((key, flag.to_string())),
            serde_json::Value::Number(number) => Some((key, number.to_string())),
            _ => None,
        });
    plain.collect()
}

/// The id of a row without its running number.
fn base_id(charge: &Charge, line: &BillLine<'_>) -> String {
    let term = charge
        .term
        .map(|term| format!("{}..{}", term.start, term.end))
        .unwrap_or_default();
    let moment = line.cell_text("ChargePeriodStart").unwrap_or_default();
    let sku = line
        .cell_text("SkuPriceId")
        .or_else(|| line.cell_text("SkuId"))
        .unwrap_or_default();
    let (resource, kind) = (
        charge.instance.as_deref().unwrap_or_default(),
        charge.kind.name(),
    );
    format!(
        "{}/{}/{resource}/{sku}/{moment}/{term}/{kind}",
        charge.account, charge.bill_month
    )
}
