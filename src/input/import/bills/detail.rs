//! `DescribeBillDetail` and `DescribeBillResourceSummary` → lines.

use std::collections::BTreeMap;

use super::line::{BillLine, LineSource, Texts};
use crate::input::diagnostic::Diagnostics;
use crate::input::import::field::Fields;
use crate::input::import::json::Node;

/// Members of a line that hold a list or an object, and are looked into by themselves.
const NESTED: &[&str] = &["ComponentSet", "Tags", "AssociatedOrder", "PriceInfo"];

/// Members of a resource summary that a component of a line has under another name.
const SUMMED: &[(&str, &str)] = &[
    ("TotalCost", "Cost"),
    ("RealTotalCost", "RealCost"),
    ("VoucherPayAmount", "VoucherPayAmount"),
    ("IncentivePayAmount", "IncentivePayAmount"),
    ("CashPayAmount", "CashPayAmount"),
    ("TransferPayAmount", "TransferPayAmount"),
];

/// The lines of a `DetailSet`.
pub(super) fn lines<'s>(entries: &[Node<'s>], found: &mut Diagnostics) -> Vec<BillLine<'s>> {
    entries
        .iter()
        .enumerate()
        .filter_map(|(at, entry)| read_line(*entry, at + 1, found))
        .collect()
}

/// The lines of a `ResourceSummarySet`, which have no components.
pub(super) fn summed<'s>(entries: &[Node<'s>], found: &mut Diagnostics) -> Vec<BillLine<'s>> {
    let mut lines = lines(entries, found);
    for line in &mut lines {
        let renamed = SUMMED
            .iter()
            .filter_map(|(from, to)| Some(((*to).to_owned(), line.texts.get(*from)?.clone())));
        line.components = vec![renamed.collect()];
    }
    lines
}

fn read_line<'s>(entry: Node<'s>, number: usize, found: &mut Diagnostics) -> Option<BillLine<'s>> {
    let mut fields = Fields::fields_of(entry, found)?;
    let mut texts = plain_members(entry);
    if let Some(orders) = fields.get("AssociatedOrder") {
        texts.extend(
            plain_members(orders)
                .into_iter()
                .map(|(name, text)| (format!("AssociatedOrder.{name}"), text)),
        );
    }
    let components = fields
        .list("ComponentSet")
        .into_iter()
        .map(plain_members)
        .collect();
    let tags = fields.list("Tags").into_iter().filter_map(tag).collect();
    Some(BillLine {
        spot: LineSource::Json(entry, number),
        texts,
        components,
        tags,
    })
}

/// The members of an object that are texts or numbers; numbers keep their digits.
fn plain_members(node: Node<'_>) -> Texts {
    let members = node.members().unwrap_or_default().into_iter();
    let plain = members
        .filter(|(name, _)| !NESTED.contains(&name.as_str()))
        .filter_map(|(name, value)| {
            let text = value
                .string()
                .or_else(|| value.number_text().map(str::to_owned))?;
            Some((name, text))
        });
    plain.collect()
}

fn tag(node: Node<'_>) -> Option<(String, String)> {
    let members: BTreeMap<String, String> = plain_members(node);
    let key = members.get("TagKey").or_else(|| members.get("Key"))?;
    let value = members
        .get("TagValue")
        .or_else(|| members.get("Value"))
        .cloned()
        .unwrap_or_default();
    (!key.is_empty()).then(|| (key.clone(), value))
}
