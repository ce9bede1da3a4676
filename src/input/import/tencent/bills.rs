//! Tencent Cloud's bills: responses of billing, and the detailed bill that the console exports.
//!
//! | response | what it gives |
//! |---|---|
//! | `DescribeBillDetail`, `DescribeBillResourceSummary`; the exported detailed bill | charges |
//! | `DescribeBillList` | top-ups, withdrawals, transfers; balances; control totals |
//! | `DescribeDealsByCond` | months of orders |
//! | `DescribeBillSummaryByPayMode`, `…ByProduct` | control totals |
//! | `DescribeBillAdjustInfo` | nothing: the detailed bill has its adjustments |

mod cash_ledger;
mod deals;
mod detail;
mod meaning;
mod summary;
mod table;

pub(crate) use table::TABLE;

use crate::input::import::bills::Bills;
use crate::input::import::context::Context;
use crate::input::import::field::Fields;
use crate::input::import::json::Node;

/// The list of `DescribeBillAdjustInfo`.
const ADJUSTMENTS: &str = "Data";
/// The lists of the other responses about bills.
const DETAIL: &str = "DetailSet";
const RESOURCES: &str = "ResourceSummarySet";
const TRANSACTIONS: &str = "TransactionList";
const DEALS: &str = "Deals";
const SUMMARY: &str = "SummaryOverview";

/// Whether a response is about bills.
pub(crate) fn is_bill(fields: &Fields<'_, '_>) -> bool {
    let lists = [DETAIL, RESOURCES, TRANSACTIONS, DEALS, SUMMARY];
    if lists.iter().any(|list| fields.has(list)) {
        return true;
    }
    let entries = fields.get(ADJUSTMENTS).and_then(Node::elements);
    let first = entries.and_then(|entries| entries.first()?.members());
    first.is_some_and(|first| first.contains_key("AdjustAmount"))
}

/// Adds a response about bills.
pub(crate) fn add_response<'s>(bills: &mut Bills<'s>, response: Node<'s>, cx: &mut Context<'_>) {
    let Some(mut fields) = Fields::of_object(response, cx) else {
        return;
    };
    bills.read += 1;
    if fields.has(TRANSACTIONS) {
        cash_ledger::add_movements(bills, &mut fields);
    } else if fields.has(ADJUSTMENTS) {
        // The detailed bill has them.
    } else if fields.has(DEALS) {
        deals::add_deals(bills, &mut fields);
    } else if fields.has(SUMMARY) {
        summary::add_totals(bills, &mut fields);
    } else {
        detail::add_lines(bills, &mut fields);
    }
}
