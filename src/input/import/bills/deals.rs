//! `DescribeDealsByCond` → the months of orders. Orders make no charges: bills have them.

use std::collections::BTreeMap;

use crate::input::diagnostic::{Code, Diagnostics};
use crate::input::import::field::Fields;
use crate::input::import::json::{Node, one_line};
use crate::model::bill::exact;

/// Months by order.
#[derive(Debug, Default)]
pub(super) struct Deals {
    months: BTreeMap<String, u32>,
    /// How many orders were read.
    pub(super) read: usize,
}

impl Deals {
    /// Adds the orders of a response.
    pub(super) fn add_deals(&mut self, entries: &[Node<'_>], found: &mut Diagnostics) {
        for entry in entries {
            let Some(mut fields) = Fields::fields_of(*entry, found) else {
                continue;
            };
            let Some(order) = fields.take_name("OrderId") else {
                continue;
            };
            self.read += 1;
            let unit = fields
                .take_text("TimeUnit")
                .map(|unit| unit.value)
                .unwrap_or_default();
            let span = fields
                .get("TimeSpan")
                .and_then(Node::number_text)
                .and_then(exact);
            let each = match unit.as_str() {
                "m" => 1,
                "y" => 12,
                _ => continue,
            };
            let months = span.and_then(|span| {
                u32::try_from(span)
                    .ok()
                    .filter(|whole| span == (*whole).into())
            });
            let Some(months) = months
                .filter(|months| *months > 0)
                .and_then(|months| months.checked_mul(each))
            else {
                continue;
            };
            let before = *self.months.entry(order.value.clone()).or_insert(months);
            if before != months {
                let message = format!(
                    "order `{}` has {before} months here and {months} months there",
                    order.value
                );
                let help = "import the newer of the two responses only";
                found.push(
                    Code::ConflictingAnswers,
                    order.node.place(),
                    one_line(&message),
                    help,
                );
            }
        }
    }

    /// The months of an order, where a response says them.
    pub(super) fn months(&self, order: &str) -> Option<u32> {
        self.months.get(order).copied()
    }
}
