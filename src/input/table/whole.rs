//! What only a whole file tells, after its rows have been read. It is read once more only where there is something to
//! report.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use super::{CsvTable, InputRow, TAG, cells};
use crate::input::cell;
use crate::input::diagnostic::{Code, Diagnostics};
use crate::input::value::{ambiguous_price, shown};
use crate::input::{ids, misspelling};

impl CsvTable<'_> {
    /// Reports ids and tags whose ends were left out, once for each column, and prices that may mean a thousand times as much.
    pub(in crate::input) fn report_whole(
        &self,
        errors_before: usize,
        diagnostics: &mut Diagnostics,
    ) {
        if self.trims.load(Ordering::Relaxed) {
            self.report_trimmed(diagnostics);
        }
        if diagnostics.errors() > errors_before && !self.layout.columns.prices.is_empty() {
            self.report_ambiguous_prices(diagnostics);
        }
    }

    fn report_trimmed(&self, diagnostics: &mut Diagnostics) {
        let mut found: BTreeMap<usize, (usize, usize, String)> = BTreeMap::new();
        self.rows(&mut Diagnostics::default(), |row, _| {
            for slot in (0..self.layout.positions.len()).filter(|slot| self.is_trimmed(*slot)) {
                let written = row.written(slot).map_or("", cell::read_cell);
                if ids::trimmed(written).len() < written.len() {
                    found
                        .entry(slot)
                        .or_insert_with(|| (0, row.start(), written.to_owned()))
                        .0 += 1;
                }
            }
        });
        for (slot, (count, start, written)) in found {
            diagnostics.push_with(Code::BlankEnds, || {
                let named = self
                    .layout
                    .columns
                    .names
                    .get(slot)
                    .map(|name| (*name).to_owned());
                let column = named.unwrap_or_else(|| {
                    format!(
                        "{TAG}{}",
                        self.layout.tag_keys[slot - self.layout.columns.names.len()]
                    )
                });
                let have = if count == 1 { "has" } else { "have" };
                let cells = cells(count);
                let message = format!(
                    "{cells} of {} {have} blanks or invisible characters at the ends",
                    shown(&column)
                );
                let help = format!(
                    "this one is read as {}: delete what is around it",
                    shown(ids::trimmed(&written))
                );
                (self.place_of_cell(start, slot), message, help)
            });
        }
    }

    fn report_ambiguous_prices(&self, diagnostics: &mut Diagnostics) {
        let mut has_decimal_comma = false;
        self.rows(&mut Diagnostics::default(), |row, _| {
            has_decimal_comma |= row
                .cells
                .iter()
                .any(|cell| misspelling::has_decimal_comma(cell));
        });
        if !has_decimal_comma {
            return;
        }
        self.rows(&mut Diagnostics::default(), |row, _| {
            for &slot in self.layout.columns.prices {
                if let Some(problem) = row.text(slot).and_then(ambiguous_price) {
                    problem.report(|| row.place(slot), diagnostics);
                }
            }
        });
    }
}
