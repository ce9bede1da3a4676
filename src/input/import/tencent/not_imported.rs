//! What answers hold and a book does not: vouchers and price totals, told in warnings so that nothing gets lost.
//!
//! Rule **voucher-import** of docs/spec.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::input::diagnostic::{Code, Diagnostics};
use crate::input::import::field::{Fields, SourcedValue};
use crate::input::import::json::Node;
use crate::input::import::options::Options;
use crate::model::calendar::Day;

/// What `Status` says of a voucher that can no longer be used.
const UNUSABLE: &[&str] = &["used", "cancel", "overdue"];
/// The first year of a real date; the interface writes `0002-11-30` where there is none.
const FIRST_YEAR: &str = "1900";

/// The usable vouchers of one file, by id.
#[derive(Default)]
pub(in crate::input::import) struct Vouchers<'s> {
    first: Option<Node<'s>>,
    balances: BTreeMap<String, Decimal>,
    total: Option<SourcedValue<'s, usize>>,
    listed: usize,
}

impl<'s> Vouchers<'s> {
    /// Adds the vouchers of an answer.
    pub(in crate::input::import) fn take(
        &mut self,
        answer: Node<'s>,
        options: &Options,
        found: &mut Diagnostics,
    ) {
        let Some(mut fields) = Fields::fields_of(answer, found) else {
            return;
        };
        if let Some(unit) = fields
            .take_text("Unit")
            .filter(|unit| unit.value != "micro")
        {
            fields.wrong::<()>(Code::BadValue, "Unit", unit.node, "not `micro`");
            return;
        }
        self.total = fields.whole("TotalCount").or(self.total.take());
        for entry in fields.list("VoucherInfos") {
            self.listed += 1;
            self.take_one(entry, options, fields.found);
        }
    }

    fn take_one(&mut self, entry: Node<'s>, options: &Options, found: &mut Diagnostics) {
        let Some(mut fields) = Fields::fields_of(entry, found) else {
            return;
        };
        let Some(id) = fields.needed_text("VoucherId") else {
            return;
        };
        let Some(balance) = fields.micro("Balance") else {
            return;
        };
        let status = fields
            .take_text("Status")
            .map(|said| said.value)
            .unwrap_or_default();
        let over = last_day(&mut fields, options).is_some_and(|day| day < options.from);
        if !over && !balance.is_zero() && !UNUSABLE.contains(&status.as_str()) {
            self.first.get_or_insert(id.node);
            self.balances.insert(id.value, balance);
        }
    }

    /// Says how many usable vouchers the file has, and their sum.
    pub(in crate::input::import) fn note(&self, options: &Options, found: &mut Diagnostics) {
        let Some(first) = self.first else { return };
        let sum = self
            .balances
            .values()
            .try_fold(Decimal::ZERO, |sum, balance| sum.checked_add(*balance));
        let sum = sum.map_or("more than can be added up".to_owned(), |sum| {
            format!("{sum} {}", options.currency)
        });
        let all = self
            .total
            .as_ref()
            .map(|total| total.value)
            .filter(|total| *total > self.listed);
        let pages = all
            .map(|total| format!("; the file lists {} of {total}", self.listed))
            .unwrap_or_default();
        let count = self.balances.len();
        let message =
            format!("usable vouchers are not part of the book: {count}, worth {sum}{pages}");
        let help = "a run pays from the balance alone; write those that it may use into `vouchers.csv`, with their products";
        found.push(Code::LeftOut, first.place(), message, help);
    }
}

/// The last day on which a voucher is valid, or none if it has no end.
fn last_day(fields: &mut Fields<'_, '_>, options: &Options) -> Option<Day> {
    let end = fields
        .take_text("EndTime")
        .filter(|end| end.value.as_str() >= FIRST_YEAR)?;
    fields
        .day_of(end, "EndTime", options.zone)
        .map(|day| day.value)
}

/// Says what a price answer holds: one total that names neither instances nor months.
pub(in crate::input::import) fn price(fields: &mut Fields<'_, '_>) {
    let place = fields.get("Price").unwrap_or(fields.node).place();
    let mut amounts = Vec::new();
    for part in ["InstancePrice", "BandwidthPrice", "DiskPrice"] {
        let Some(mut price) = fields.nested("Price") else {
            return;
        };
        let Some(item) = price.nested(part) else {
            continue;
        };
        for key in [
            "OriginalPrice",
            "DiscountPrice",
            "UnitPrice",
            "UnitPriceDiscount",
        ] {
            amounts.extend(
                item.get(key)
                    .and_then(Node::number_text)
                    .map(|digits| format!("`{part}.{key}` {digits}")),
            );
        }
    }
    let amounts = if amounts.is_empty() {
        "no amounts".to_owned()
    } else {
        amounts.join(", ")
    };
    let message = format!("a price that names neither instances nor months is left out: {amounts}");
    let help = "if it is of one instance and one month, put it into `monthly_price` in prices.csv";
    fields.found.push(Code::LeftOut, place, message, help);
}
