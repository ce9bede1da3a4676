//! Rows as their readers see them: cells by slot, each read or reported. Which file a row comes from makes no difference,
//! and nothing here knows what a column means.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono_tz::Tz;

use super::CsvTable;
use crate::input::diagnostic::{Code, Diagnostics, Place};
use crate::input::value::{Problem, amount, amount_from_zero, whole, word};
use crate::input::{cell, ids, misspelling};
use crate::model::money::{Currency, Factor, Money};
use crate::model::words::Word;

/// One row of cells, whatever file it comes from.
pub(in crate::input) trait InputRow {
    /// The text of a cell; empty is none.
    fn text(&self, slot: usize) -> Option<&str>;

    /// The text of a cell that is a condition, whose first apostrophe is its own; empty is none.
    fn condition(&self, slot: usize) -> Option<&str> {
        self.text(slot)
    }

    /// The name of a column.
    fn column(&self, slot: usize) -> &'static str;

    /// Where the cell is, or its row where there is none.
    fn place(&self, slot: usize) -> Place;

    /// The zone of the dates, where it is known.
    fn zone(&self) -> Option<Tz> {
        None
    }
}

/// Reads the cells of one row. What cannot be read is reported, and none.
pub(in crate::input) struct CellReader<'r, R> {
    pub row: &'r R,
    pub diagnostics: &'r mut Diagnostics,
}

impl<'r, R: InputRow> CellReader<'r, R> {
    /// The text of a cell; empty is none.
    pub(in crate::input) fn text(&self, slot: usize) -> Option<&'r str> {
        self.row.text(slot)
    }

    /// Reads a cell.
    pub(in crate::input) fn read<T>(
        &mut self,
        slot: usize,
        read: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        let text = self.text(slot)?;
        let value = read(text);
        value
            .map_err(|problem| self.report(slot, self.in_zone(problem, text)))
            .ok()
    }

    /// Reads a cell that must not be empty.
    pub(in crate::input) fn need<T>(
        &mut self,
        slot: usize,
        read: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        if self.text(slot).is_none() {
            let name = self.row.column(slot);
            self.refuse(
                slot,
                Code::MissingValue,
                format!("`{name}` is empty"),
                format!("fill in `{name}`"),
            );
        }
        self.read(slot, read)
    }

    /// One word of a closed list.
    pub(in crate::input) fn word<T: Word>(&mut self, slot: usize) -> Option<T> {
        let name = self.row.column(slot);
        self.read(slot, |text| word(name, text))
    }

    /// One word of a closed list, which must be there.
    pub(in crate::input) fn need_word<T: Word>(&mut self, slot: usize) -> Option<T> {
        let name = self.row.column(slot);
        self.need(slot, |text| word(name, text))
    }

    /// A whole number in a range.
    pub(in crate::input) fn count<N: TryFrom<i64>>(
        &mut self,
        slot: usize,
        range: RangeInclusive<i64>,
    ) -> Option<N> {
        let number = self.read(slot, |text| whole(text, *range.start(), *range.end()))?;
        N::try_from(number).ok()
    }

    /// An amount of any sign.
    pub(in crate::input) fn amount(&mut self, slot: usize, currency: Currency) -> Option<Money> {
        self.read(slot, |text| amount(text, currency))
    }

    /// An amount that is not negative; nothing where the cell is empty.
    pub(in crate::input) fn amount_or_zero(&mut self, slot: usize, currency: Currency) -> Money {
        let amount = self.read(slot, |text| amount_from_zero(text, currency));
        amount.unwrap_or(Money::ZERO)
    }

    /// A problem with a date whose cure is the date in the zone of the book.
    fn in_zone(&self, problem: Problem, text: &str) -> Problem {
        let zone = self.row.zone().filter(|_| problem.code == Code::BadDate);
        match zone.and_then(|zone| Some((zone, misspelling::date_in(text, zone)?))) {
            Some((zone, day)) => Problem {
                help: format!("write {day}, its date in {zone}"),
                ..problem
            },
            None => problem,
        }
    }

    /// Reports what is wrong with a cell.
    pub(in crate::input) fn report(&mut self, slot: usize, problem: Problem) {
        problem.report(|| self.row.place(slot), self.diagnostics);
    }

    /// [`CellReader::report`], from its parts.
    pub(in crate::input) fn refuse(
        &mut self,
        slot: usize,
        code: Code,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.report(slot, Problem::new(code, message, help));
    }

    /// How many errors there are so far, those of other rows included.
    pub(in crate::input) fn errors(&self) -> usize {
        self.diagnostics.errors()
    }
}

/// A cell that a scenario writes, and where it does.
pub(in crate::input) type Written = Arc<(String, Place)>;

/// What prices are multiplied with, and where a scenario says so.
pub(in crate::input) type Markup = (Factor, Arc<Place>);

/// A row of a CSV file, with cells that a scenario may have changed.
pub(in crate::input) struct CsvRow<'r, 'f> {
    pub(super) table: &'r CsvTable<'f>,
    pub(super) cells: &'r [Cow<'f, str>],
    pub(super) start: usize,
    changed: BTreeMap<usize, Written>,
    markups: Vec<Markup>,
}

impl<'r, 'f> CsvRow<'r, 'f> {
    /// The row as it stands in the file, from this byte on.
    pub(super) fn unchanged(
        table: &'r CsvTable<'f>,
        cells: &'r [Cow<'f, str>],
        start: usize,
    ) -> Self {
        Self {
            table,
            cells,
            start,
            changed: BTreeMap::new(),
            markups: Vec::new(),
        }
    }

    /// Replaces the text of a cell.
    pub(in crate::input) fn change(&mut self, slot: usize, written: &Written) {
        self.changed.insert(slot, Arc::clone(written));
    }

    /// Multiplies its prices.
    pub(in crate::input) fn mark_up(&mut self, markup: &Markup) {
        self.markups.push(markup.clone());
    }

    /// What its prices are multiplied with, one after the other.
    pub(in crate::input) fn markups(&self) -> &[Markup] {
        &self.markups
    }

    /// Whether it is as it stands in the file.
    pub(in crate::input) fn is_unchanged(&self) -> bool {
        self.changed.is_empty() && self.markups.is_empty()
    }

    /// The text of a cell as it stands in the file.
    pub(in crate::input) fn written(&self, slot: usize) -> Option<&str> {
        let position = (*self.table.layout.positions.get(slot)?)?;
        self.cells.get(position).map(Cow::as_ref)
    }

    /// The text without what cannot be seen at its ends.
    fn trimmed<'t>(&self, text: &'t str) -> &'t str {
        let trimmed = ids::trimmed(text);
        if trimmed.len() < text.len() {
            self.table.trims.store(true, Ordering::Relaxed);
        }
        trimmed
    }

    /// The byte where the row starts, for [`CsvTable::place_of_cell`].
    pub(in crate::input) fn start(&self) -> usize {
        self.start
    }

    /// Its line in the file.
    pub(in crate::input) fn line_number(&self) -> usize {
        self.table.line_number(self.start)
    }
}

impl InputRow for CsvRow<'_, '_> {
    fn text(&self, slot: usize) -> Option<&str> {
        // Most rows are unchanged: their readers do not look into the map.
        let changed = if self.changed.is_empty() {
            None
        } else {
            self.changed.get(&slot)
        };
        let text = match changed {
            Some(written) => written.0.as_str(),
            None => cell::read_cell(self.written(slot)?),
        };
        let text = if self.table.is_trimmed(slot) {
            self.trimmed(text)
        } else {
            text
        };
        (!text.is_empty()).then_some(text)
    }

    fn zone(&self) -> Option<Tz> {
        self.table.zone
    }

    fn condition(&self, slot: usize) -> Option<&str> {
        self.written(slot).filter(|text| !text.is_empty())
    }

    fn column(&self, slot: usize) -> &'static str {
        self.table.layout.columns.names[slot]
    }

    fn place(&self, slot: usize) -> Place {
        match self.changed.get(&slot) {
            Some(written) => written.1.clone(),
            None => self.table.place_of_cell(self.start, slot),
        }
    }
}
