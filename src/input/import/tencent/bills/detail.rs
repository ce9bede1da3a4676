//! `DescribeBillDetail` and `DescribeBillResourceSummary` → lines.

use std::collections::{BTreeMap, BTreeSet};

use super::{DETAIL, RESOURCES, meaning};
use crate::input::import::bills::Bills;
use crate::input::import::bills::line::{BillLine, LineSource, Texts};
use crate::input::import::field::Fields;
use crate::input::import::json::Node;

/// Members of a line that hold a list or an object, and are looked into by themselves.
const NESTED: &[&str] = &["ComponentSet", "Tags", "AssociatedOrder", "PriceInfo"];

/// Members of a resource summary that count as those of a component, and their names there.
const SUMMED: &[(&str, &str)] = &[
    ("TotalCost", "Cost"),
    ("RealTotalCost", "RealCost"),
    ("VoucherPayAmount", "VoucherPayAmount"),
    ("IncentivePayAmount", "IncentivePayAmount"),
    ("CashPayAmount", "CashPayAmount"),
    ("TransferPayAmount", "TransferPayAmount"),
];

/// Adds the lines of a response.
pub(crate) fn add_lines<'s>(bills: &mut Bills<'s>, fields: &mut Fields<'s, '_>) {
    let total = fields.whole("Total").map(|total| total.value);
    let is_summed = fields.has(RESOURCES);
    let mut lines = Vec::new();
    for (number, entry) in (1..).zip(fields.list(if is_summed { RESOURCES } else { DETAIL })) {
        if let Some(mut entry) = Fields::of_object(entry, &mut fields.cx) {
            let mut line = read_line(&mut entry, number);
            if is_summed {
                line.components = vec![summed(&line.texts)];
            }
            lines.push(line);
        }
    }
    let months = lines.iter().filter_map(|line| line.cell_text("BillMonth"));
    let months: BTreeSet<&str> = months.filter_map(|month| month.get(..7)).collect();
    let months = Vec::from_iter(months);
    let what = if months.is_empty() {
        "the bill".to_owned()
    } else {
        format!("the bill of {}", months.join(", "))
    };
    bills.count_page(&what, fields.node, total, lines.iter().map(identity));
    let charges = meaning::charges(lines, &mut fields.cx);
    bills.add_charges(charges, total.is_some());
}

/// The id of a line for counting: its own, or all that it says.
fn identity(line: &BillLine<'_>) -> String {
    let id = line.cell_text("Id").map(str::to_owned);
    id.unwrap_or_else(|| format!("{:?}{:?}", line.texts, line.components))
}

fn read_line<'s>(fields: &mut Fields<'s, '_>, number: usize) -> BillLine<'s> {
    let mut texts = plain_members(fields.node);
    if let Some(orders) = fields.get("AssociatedOrder") {
        let orders = plain_members(orders).into_iter();
        let named = orders.map(|(name, text)| (format!("AssociatedOrder.{name}").into(), text));
        texts.extend(named);
    }
    let components = fields.list("ComponentSet");
    BillLine {
        source: LineSource::Json(fields.node, number),
        texts,
        is_component: false,
        components: components.into_iter().map(plain_members).collect(),
        tags: fields.list("Tags").into_iter().filter_map(tag).collect(),
    }
}

/// The only component of a resource summary.
fn summed(texts: &Texts) -> Texts {
    let known = SUMMED.iter();
    let renamed = known.filter_map(|(from, to)| Some(((*to).into(), texts.get(*from)?.clone())));
    renamed.collect()
}

/// The members of an object that are texts or numbers; numbers keep their digits.
fn plain_members(node: Node<'_>) -> Texts {
    let mut texts = BTreeMap::new();
    for (name, value) in node.members().unwrap_or_default() {
        let number = || value.number_text().map(str::to_owned);
        if !NESTED.contains(&name.as_str())
            && let Some(text) = value.string().or_else(number)
        {
            texts.insert(name.into(), text);
        }
    }
    texts
}

fn tag(node: Node<'_>) -> Option<(String, String)> {
    let members = plain_members(node);
    let [key, value] = [["TagKey", "Key"], ["TagValue", "Value"]]
        .map(|[name, other]| members.get(name).or_else(|| members.get(other)).cloned());
    let key = key.filter(|key| !key.is_empty())?;
    Some((key, value.unwrap_or_default()))
}
