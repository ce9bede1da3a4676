//! `DescribeBillSummaryByPayMode` and `…ByProduct` → control totals.

use super::SUMMARY;
use crate::input::diagnostic::Code;
use crate::input::import::bills::Bills;
use crate::input::import::bills::totals::StatedTotal;
use crate::input::import::field::Fields;
use crate::model::bill::{ChargeKind, StatementMonth, exact};

/// Adds the totals of a response.
pub(crate) fn add_totals<'s>(bills: &mut Bills<'s>, fields: &mut Fields<'s, '_>) {
    for entry in fields.list(SUMMARY) {
        if let Some(mut overview) = Fields::of_object(entry, &mut fields.cx) {
            add_overview(bills, &mut overview);
        }
    }
}

fn add_overview<'s>(bills: &mut Bills<'s>, overview: &mut Fields<'s, '_>) {
    let mode = overview.plain_text("PayMode");
    let prepaid = mode.as_deref().map(|mode| mode == "prePay");
    let product = overview.plain_text("BusinessCode");
    let product = product.map(|code| code.trim_start_matches("p_").to_owned());
    let details = overview.list("Detail");
    let own = bill_month(overview);
    let mut months = Vec::new();
    for detail in &details {
        let detail = Fields::of_object(*detail, &mut overview.cx);
        months.extend(detail.and_then(|mut detail| bill_month(&mut detail)));
    }
    months.dedup();
    let only = months.first().filter(|_| months.len() == 1).copied();
    if let Some(month) = own.or(only) {
        let name = mode.or_else(|| product.clone()).unwrap_or_default();
        let total = StatedTotal {
            prepaid,
            product,
            ..StatedTotal::of_month(overview.node, &name, month)
        };
        add_total(bills, overview, total);
    }
    for detail in details {
        if let Some(mut detail) = Fields::of_object(detail, &mut overview.cx) {
            add_detail(bills, &mut detail, prepaid);
        }
    }
}

fn add_detail<'s>(bills: &mut Bills<'s>, detail: &mut Fields<'s, '_>, prepaid: Option<bool>) {
    let month = bill_month(detail);
    let action = detail.plain_text("ActionType").unwrap_or_default();
    // Only actions that are a kind by themselves can be told from each other in the normal form.
    let kinds: &[ChargeKind] = match action.as_str() {
        "prepay_purchase" => &[ChargeKind::New],
        "prepay_renew" => &[ChargeKind::Renew, ChargeKind::AutoRenew],
        "prepay_return" => &[ChargeKind::Refund],
        "billVirtualId" => &[ChargeKind::Round],
        _ => return,
    };
    if let Some(month) = month {
        let total = StatedTotal {
            kinds,
            prepaid,
            ..StatedTotal::of_month(detail.node, &action, month)
        };
        add_total(bills, detail, total);
    }
}

/// Adds a total with the amount that its entry states, if it states one.
fn add_total<'s>(bills: &mut Bills<'s>, fields: &mut Fields<'s, '_>, total: StatedTotal<'s>) {
    let stated = fields.take_text("RealTotalCost");
    let Some(stated) = stated.filter(|stated| stated.value != "-") else {
        return;
    };
    let Some(amount) = exact(&stated.value) else {
        fields.wrong::<()>(
            Code::BadAmount,
            "RealTotalCost",
            stated.node,
            "not a number",
        );
        return;
    };
    let decimals = stated.value.split_once('.').unzip().1;
    let decimals = decimals.map_or(0, str::len);
    bills.totals.push(StatedTotal {
        total: amount,
        digits: u32::try_from(decimals).unwrap_or_default(),
        ..total
    });
}

fn bill_month(fields: &mut Fields<'_, '_>) -> Option<StatementMonth> {
    let month = fields.plain_text("BillMonth")?;
    StatementMonth::parse(month.get(..7)?)
}
