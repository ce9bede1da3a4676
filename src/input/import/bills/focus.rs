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

use super::line::{BillLine, bare_charge};
use super::sheet::{BillSheet, SheetColumn, TableReader, tag_of};
use crate::input::diagnostic::Code;
use crate::input::import::context::{Context, one_line};
use crate::input::import::field::day_in;
use crate::input::import::options::Options;
use crate::input::import::tencent;
use crate::model::bill::{BilledSpan, Charge, ChargeKind, StatementMonth, exact};
use crate::model::id::AccountId;
use crate::model::money::Currency;

/// The columns without which a table is not a FOCUS table.
const NEEDED: &[&str] = &[
    "BilledCost",
    "BillingAccountId",
    "ChargeCategory",
    "ChargePeriodStart",
    "BillingPeriodStart",
];

const KNOWN_CATEGORIES: &str = "expected Usage, Purchase, Tax, Credit or Adjustment";

/// FOCUS tables.
pub(crate) const TABLE: TableReader = TableReader { fits, charges };

fn fits(heading: &[String]) -> bool {
    has(heading, "BilledCost") && has(heading, "ChargePeriodStart")
}

fn has(heading: &[String], name: &str) -> bool {
    heading.iter().any(|known| known == name)
}

/// What a heading means: its own name, or a tag.
fn column_of(heading: &str) -> SheetColumn {
    tag_of(heading).map_or_else(|| SheetColumn::Named(heading.into()), SheetColumn::Tag)
}

/// The charges of a table; what is wrong with a column is reported once, with its first row and how many there are.
fn charges(sheet: BillSheet<'_>, cx: &mut Context<'_>) -> Vec<Charge> {
    let missing = NEEDED.iter().filter(|name| !has(&sheet.heading, name));
    let missing: Vec<&str> = missing.copied().collect();
    let lines = sheet.into_lines(column_of, cx);
    if let (false, Some(first)) = (missing.is_empty(), lines.first()) {
        let message = format!("a FOCUS table without {}", missing.join(", "));
        let help = "export the cost and usage rows with all mandatory columns";
        first.report(Code::MissingColumn, &message, help, cx);
        return Vec::new();
    }
    let mut errors = FocusErrors::new();
    let mut equal: BTreeMap<String, usize> = BTreeMap::new();
    let mut charges = Vec::with_capacity(lines.len());
    for line in lines {
        let mut row = FocusRow {
            line: &line,
            options: cx.options,
            errors: &mut errors,
        };
        if let Some(mut charge) = row.charge() {
            let base = base_id(&charge, &line);
            let number = equal.entry(base.clone()).or_default();
            *number += 1;
            charge.row_id = format!("{base}/{number}");
            charges.push(charge);
        }
    }
    for (column, error) in errors {
        let rows = match error.rows {
            1 => "1 row".to_owned(),
            rows => format!("{rows} rows"),
        };
        let cell = error.line.text_or_empty(column);
        let rule = error.rule;
        let message = one_line(&format!(
            "`{column}` is `{cell}`: {rule} ({rows} of this file)"
        ));
        let help = "export the table once more; nothing of it is imported";
        error.line.report(Code::BadValue, &message, help, cx);
    }
    charges
}

/// What is wrong, by column.
type FocusErrors<'s> = BTreeMap<&'static str, FocusError<'s>>;

/// What is wrong with a column: the first line with it, and how many rows there are.
struct FocusError<'s> {
    line: BillLine<'s>,
    rule: &'static str,
    rows: usize,
}

/// A row being read.
struct FocusRow<'r, 's> {
    line: &'r BillLine<'s>,
    options: &'r Options,
    errors: &'r mut FocusErrors<'s>,
}

impl FocusRow<'_, '_> {
    fn wrong<T>(&mut self, column: &'static str, rule: &'static str) -> Option<T> {
        let error = self.errors.entry(column);
        let error = error.or_insert_with(|| FocusError {
            line: self.line.clone(),
            rule,
            rows: 0,
        });
        error.rows += 1;
        None
    }

    fn charge(&mut self) -> Option<Charge> {
        let (line, zone) = (self.line, self.options.zone);
        let period = self.span("BillingPeriodStart", "BillingPeriodEnd");
        let used = self.span("ChargePeriodStart", "ChargePeriodEnd");
        let amount = self.needed_amount("BilledCost");
        let has_list = line.cell_text("ListCost").is_some();
        let list = has_list.then(|| self.needed_amount("ListCost")).flatten();
        let code = line.cell_text("BillingCurrency").unwrap_or_default();
        let currency = Currency::from_code(code)
            .or_else(|| self.wrong("BillingCurrency", "not a currency such as CNY"));
        let kind = self.kind(amount.unwrap_or_default());
        let account = line.cell_text("BillingAccountId").and_then(AccountId::new);
        let account = account.or_else(|| self.wrong("BillingAccountId", "an account needs an id"));
        let (period, used, amount) = (period?, used?, amount?);
        let (currency, kind, account) = (currency?, kind?, account?);
        let is_in_period = period.start <= used.start && used.start < period.end;
        let paid = if is_in_period {
            used.start
        } else {
            period.start
        };
        let mut charge = Charge {
            account,
            instance: line.cell_text("ResourceId").map(str::to_owned),
            product: product(line),
            region: line.text_or_empty("RegionId"),
            term: used.days(zone),
            list,
            tax: (kind == ChargeKind::Tax).then_some(amount),
            currency,
            bill_month: StatementMonth::month_of(day_in(period.middle(), zone)?),
            source: line.source.file_and_row(),
            tags: tags(line),
            ..bare_charge(kind, day_in(paid, zone)?, amount, self.options)
        };
        line.tag_owner("SubAccountId", &mut charge);
        if kind == ChargeKind::Usage {
            add_quantity(&mut charge, line);
        }
        Some(charge)
    }

    fn span(&mut self, start: &'static str, end: &'static str) -> Option<MomentSpan> {
        let start = self.moment(start)?;
        let end = self.moment(end)?;
        // An end that is included, such as 15:59:59, is the moment before the real one.
        let is_included = end.timestamp() % 60 == 59;
        let end = if is_included {
            end + TimeDelta::seconds(1)
        } else {
            end
        };
        Some(MomentSpan { start, end })
    }

    fn moment(&mut self, name: &'static str) -> Option<DateTime<Utc>> {
        let moment = self.line.cell_text(name).and_then(moment);
        moment.or_else(|| self.wrong(name, "not a time such as 2026-10-31T16:00:00Z"))
    }

    fn needed_amount(&mut self, name: &'static str) -> Option<Decimal> {
        let amount = self.line.cell_text(name).and_then(exact);
        amount.or_else(|| self.wrong(name, "not a plain number such as 12.5"))
    }

    fn kind(&mut self, amount: Decimal) -> Option<ChargeKind> {
        let category = self.line.cell_text("ChargeCategory").unwrap_or_default();
        let frequency = self.line.cell_text("ChargeFrequency");
        Some(match category {
            "Usage" => ChargeKind::Usage,
            "Purchase" if amount < Decimal::ZERO => ChargeKind::Refund,
            "Purchase" if frequency == Some("Recurring") => ChargeKind::Renew,
            "Purchase" => ChargeKind::New,
            "Tax" => ChargeKind::Tax,
            "Credit" | "Adjustment" | "Refund" => ChargeKind::Adjust,
            _ => return self.wrong("ChargeCategory", KNOWN_CATEGORIES),
        })
    }
}

/// A span of moments.
#[derive(Clone, Copy)]
struct MomentSpan {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

impl MomentSpan {
    fn middle(self) -> DateTime<Utc> {
        self.start + (self.end - self.start) / 2
    }

    /// The days of use: an hour lies on one day; the end of a day is not another one.
    fn days(self, zone: Tz) -> Option<BilledSpan> {
        let start = day_in(self.start, zone)?;
        let last = (self.end - TimeDelta::seconds(1)).max(self.start);
        let end = day_in(last, zone)?.max(start).tomorrow();
        Some(BilledSpan { start, end })
    }
}

/// A moment; one without a zone is UTC.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.with_timezone(&Utc));
    }
    let shaped = text.replace('T', " ");
    let shaped = shaped.trim_end_matches('Z').trim_end_matches(" UTC");
    let mut forms = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"].iter();
    let time = forms.find_map(|form| NaiveDateTime::parse_from_str(shaped, form).ok());
    let time = time.or_else(|| {
        let date = NaiveDate::parse_from_str(shaped, "%Y-%m-%d").ok()?;
        date.and_hms_opt(0, 0, 0)
    });
    time.map(|time| time.and_utc())
}

/// How much was used, and the hours where they are whole.
fn add_quantity(charge: &mut Charge, line: &BillLine<'_>) {
    let measures = [
        ("ConsumedQuantity", "ConsumedUnit"),
        ("PricingQuantity", "PricingUnit"),
    ];
    for (quantity, unit) in measures {
        let Some(quantity) = line.cell_text(quantity).and_then(exact) else {
            continue;
        };
        charge.quantity = Some(quantity);
        charge.unit = line.text_or_empty(unit);
        let unit = charge.unit.to_lowercase();
        if matches!(unit.as_str(), "hours" | "hour" | "hrs" | "小时") {
            let hours = u32::try_from(quantity).ok();
            charge.hours = hours.filter(|whole| Decimal::from(*whole) == quantity);
        }
        return;
    }
}

fn product(line: &BillLine<'_>) -> String {
    let name = line.cell_text("ServiceName").unwrap_or_default();
    let product = tencent::words::product_of_name(name);
    product.unwrap_or(name).to_owned()
}

/// Tags, which are one JSON object.
fn tags(line: &BillLine<'_>) -> BTreeMap<String, String> {
    let text = line.cell_text("Tags").unwrap_or_default();
    let parsed: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(text).unwrap_or_default();
    let tags = parsed.into_iter().filter_map(|(key, value)| match value {
        _ if key.is_empty() => None,
        serde_json::Value::String(text) => Some((key, text)),
        serde_json::Value::Bool(flag) => Some((key, flag.to_string())),
        serde_json::Value::Number(number) => Some((key, number.to_string())),
        _ => None,
    });
    tags.collect()
}

/// The id of a row without its running number.
fn base_id(charge: &Charge, line: &BillLine<'_>) -> String {
    let term = match charge.term {
        Some(term) => format!("{}..{}", term.start, term.end),
        None => String::new(),
    };
    let moment = line.cell_text("ChargePeriodStart").unwrap_or_default();
    let sku = line.cell_text("SkuPriceId");
    let sku = sku.or_else(|| line.cell_text("SkuId"));
    format!(
        "{}/{}/{}/{}/{moment}/{}/{}",
        charge.account,
        charge.bill_month,
        charge.instance.as_deref().unwrap_or_default(),
        sku.unwrap_or_default(),
        term,
        charge.kind.name()
    )
}
