//! What responses hold and a book does not: vouchers and price totals, named in warnings so that nothing gets lost.
//!
//! Rule **voucher-import** of docs/spec.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::input::diagnostic::Code;
use crate::input::import::context::Context;
use crate::input::import::field::{Fields, SourcedValue};
use crate::input::import::json::Node;

/// What `Status` says of a voucher that can no longer be used.
const UNUSABLE: &[&str] = &["used", "cancel", "overdue"];
/// The first year of a real date; the interface writes `0002-11-30` where there is none.
const FIRST_YEAR: &str = "1900";

/// The usable vouchers of one file, by id.
#[derive(Default)]
pub(crate) struct FileVouchers<'s> {
    first: Option<Node<'s>>,
    balances: BTreeMap<String, Decimal>,
    total: Option<SourcedValue<'s, usize>>,
    listed: usize,
}

impl<'s> FileVouchers<'s> {
    /// Adds the vouchers of a response.
    pub(crate) fn add_page(&mut self, response: Node<'s>, cx: &mut Context<'_>) {
        let Some(mut fields) = Fields::of_object(response, cx) else {
            return;
        };
        let unit = fields.take_text("Unit");
        if let Some(unit) = unit.filter(|unit| unit.value != "micro") {
            fields.wrong::<()>(Code::BadValue, "Unit", unit.node, "not `micro`");
            return;
        }
        self.total = fields.whole("TotalCount").or(self.total.take());
        for entry in fields.list("VoucherInfos") {
            self.listed += 1;
            let fields = Fields::of_object(entry, &mut fields.cx);
            fields.and_then(|fields| self.add_voucher(fields));
        }
    }

    fn add_voucher(&mut self, mut fields: Fields<'s, '_>) -> Option<()> {
        let id = fields.needed_text("VoucherId")?;
        let balance = fields.micro("Balance")?;
        let status = fields.plain_text("Status").unwrap_or_default();
        let end = fields.take_text("EndTime");
        // A voucher without an end has an impossible year.
        let end = end.filter(|end| end.value.as_str() >= FIRST_YEAR);
        let last_day = end.and_then(|end| fields.day_of(end, "EndTime"));
        let is_over = last_day.is_some_and(|day| day.value < fields.cx.options.from);
        if !is_over && !balance.is_zero() && !UNUSABLE.contains(&status.as_str()) {
            self.first.get_or_insert(id.node);
            self.balances.insert(id.value, balance);
        }
        Some(())
    }

    /// Says how many usable vouchers the file has, and their sum.
    pub(crate) fn note(&self, cx: &mut Context<'_>) {
        let Some(first) = self.first else { return };
        let mut balances = self.balances.values();
        let sum = balances.try_fold(Decimal::ZERO, |sum, balance| sum.checked_add(*balance));
        let sum = sum.map_or("more than can be added up".to_owned(), |sum| {
            format!("{sum} {}", cx.options.currency)
        });
        let pages = match &self.total {
            Some(total) if total.value > self.listed => {
                format!("; the file lists {} of {}", self.listed, total.value)
            }
            _ => String::new(),
        };
        let count = self.balances.len();
        let message =
            format!("usable vouchers are not part of the book: {count}, worth {sum}{pages}");
        let help = "a run pays from the balance alone; write those that it may use into `vouchers.csv`, with their products";
        first.report(Code::LeftOut, &message, help, cx);
    }
}

/// Says what a price response holds: one total that names neither instances nor months.
pub(crate) fn note_price(fields: &mut Fields<'_, '_>) {
    let node = fields.get("Price").unwrap_or(fields.node);
    let keys = [
        "OriginalPrice",
        "DiscountPrice",
        "UnitPrice",
        "UnitPriceDiscount",
    ];
    let mut amounts = Vec::new();
    for part in ["InstancePrice", "BandwidthPrice", "DiskPrice"] {
        let Some(mut price) = fields.nested("Price") else {
            return;
        };
        let Some(item) = price.nested(part) else {
            continue;
        };
        amounts.extend(keys.iter().filter_map(|key| {
            let digits = item.get(key)?.number_text()?;
            Some(format!("`{part}.{key}` {digits}"))
        }));
    }
    if amounts.is_empty() {
        amounts.push("no amounts".to_owned());
    }
    let amounts = amounts.join(", ");
    let message = format!("a price that names neither instances nor months is left out: {amounts}");
    let help = "if it is of one instance and one month, put it into `monthly_price` in prices.csv";
    node.report(Code::LeftOut, &message, help, &mut fields.cx);
}
