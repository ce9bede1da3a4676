//! The detailed bill that the console exports → charges. Its headings become the names of the interface.

use std::collections::BTreeMap;

use super::meaning;
use crate::input::import::bills::line::BillLine;
use crate::input::import::bills::sheet::{BillSheet, SheetColumn, TableReader, tag_of};
use crate::input::import::context::Context;
use crate::input::import::tencent::words;
use crate::model::bill::Charge;

/// Detailed bills of the console.
pub(crate) const TABLE: TableReader = TableReader { fits, charges };

/// Names without which a table is not a detailed bill.
const NEEDED: &[&str] = &["ActionTypeName", "PayTime", "RealCost"];

/// Names that hold ids.
const IDS: &[&str] = &[
    "PayerUin",
    "OwnerUin",
    "OperateUin",
    "ResourceId",
    "OrderId",
    "BillId",
];

fn fits(heading: &[String]) -> bool {
    let names = heading.iter().filter_map(|one| words::name_of(one));
    let names: Vec<&str> = names.collect();
    NEEDED.iter().all(|needed| names.contains(needed))
}

fn column_of(heading: &str) -> SheetColumn {
    match words::name_of(heading) {
        Some(name) if IDS.contains(&name) => SheetColumn::Id(name.into()),
        Some(name) => SheetColumn::Named(name.into()),
        None => tag_of(heading).map_or(SheetColumn::Other, SheetColumn::Tag),
    }
}

fn charges(sheet: BillSheet<'_>, cx: &mut Context<'_>) -> Vec<Charge> {
    let before = cx.found.errors();
    let lines = sheet.into_lines(column_of, cx);
    if cx.found.errors() > before {
        return Vec::new();
    }
    meaning::charges(grouped(lines), cx)
}

/// Rows that are components of one line, because they have the same bill and resource, as one line.
fn grouped(lines: Vec<BillLine<'_>>) -> Vec<BillLine<'_>> {
    let mut places: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut grouped: Vec<BillLine<'_>> = Vec::new();
    for line in lines {
        if let Some(bill) = meaning::own_bill(&line) {
            let key = (bill.to_owned(), line.text_or_empty("ResourceId"));
            let place = *places.entry(key).or_insert(grouped.len());
            if let Some(first) = grouped.get_mut(place) {
                first.components.push(line.texts);
                continue;
            }
        }
        grouped.push(line);
    }
    grouped
}
