//! `DescribeDealsByCond` → the months of orders. Orders are not charges: bills have them.

use super::DEALS;
use crate::input::diagnostic::Code;
use crate::input::import::bills::Bills;
use crate::input::import::bills::line::whole_number;
use crate::input::import::field::{Fields, SourcedText};
use crate::input::import::json::Node;

/// Adds the orders of a response.
pub(crate) fn add_deals<'s>(bills: &mut Bills<'s>, fields: &mut Fields<'s, '_>) {
    for entry in fields.list(DEALS) {
        let Some(mut deal) = Fields::of_object(entry, &mut fields.cx) else {
            continue;
        };
        let Some((order, months)) = order_months(&mut deal) else {
            continue;
        };
        let id = &order.value;
        let before = *bills.order_months.entry(id.clone()).or_insert(months);
        if before != months {
            let message =
                format!("order `{id}` has {before} months here and {months} months there");
            let help = "import the newer of the two responses only";
            let code = Code::ConflictingAnswers;
            order.node.report(code, &message, help, &mut deal.cx);
        }
    }
}

fn order_months<'s>(deal: &mut Fields<'s, '_>) -> Option<(SourcedText<'s>, u32)> {
    let order = deal.take_name("OrderId")?;
    let unit = deal.plain_text("TimeUnit");
    let months_per_unit = match unit.as_deref() {
        Some("m") => 1,
        Some("y") => 12,
        _ => return None,
    };
    let span = deal.get("TimeSpan").and_then(Node::number_text)?;
    let span = whole_number(span).filter(|span| *span > 0)?;
    Some((order, span.checked_mul(months_per_unit)?))
}
