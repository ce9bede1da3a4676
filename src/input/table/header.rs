//! The header of a table: which column is where, and what is meant by one that is not that of a book, such as the headings
//! of a console, or the right ones below other lines. Nothing here reads a row.
//!
//! Rule **duplicate-column** of docs/spec.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::{CsvTable, FOR_PEOPLE, LONGEST_ROW, MOST_COLUMNS, TAG, size};
use crate::input::diagnostic::{Code, Diagnostics, Place};
use crate::input::ids::{self, nearest};
use crate::input::rows::RowReader;
use crate::input::value::{Problem, shown};

/// The rows above a misplaced header, at most.
const MAX_ROWS_ABOVE: usize = 50;

impl CsvTable<'_> {
    /// Finds the columns; false where a row could not be read, which is reported.
    pub(super) fn read_header(&mut self, diagnostics: &mut Diagnostics) -> bool {
        let mut rows = RowReader::over_range(self.text, 0..self.text.len(), MOST_COLUMNS);
        if !rows.advance() {
            let message = format!("`{}` is empty", self.file);
            let help = format!(
                "write its header, such as `{}`",
                self.layout
                    .columns
                    .required_names()
                    .collect::<Vec<_>>()
                    .join(",")
            );
            diagnostics.push(
                Code::MissingColumn,
                Place::of_file(self.file),
                message,
                help,
            );
            return false;
        }
        let header = rows.cells();
        self.layout.width = header.len();
        self.header = rows.range();
        if self.layout.width > MOST_COLUMNS || self.header.len() >= LONGEST_ROW {
            let message = format!(
                "the header has more than {MOST_COLUMNS} columns, or more than {}",
                size(LONGEST_ROW)
            );
            let help = "leave out what stands behind the last column";
            diagnostics.push(
                Code::BadCsv,
                self.place_of_name(self.layout.width.min(MOST_COLUMNS)),
                message,
                help,
            );
            return false;
        }
        if let Some(problem) = other_separator(header) {
            problem.report(|| self.place_of_name(0), diagnostics);
            return false;
        }
        let (unknown, missing) = self.read_names(header, diagnostics);
        if !missing.is_empty()
            && let Some((start, problem)) = self
                .other_headings(&unknown, &missing)
                .or_else(|| self.header_below())
        {
            problem.report(|| self.place_of(start, 0), diagnostics);
            return false;
        }
        unknown
            .iter()
            .for_each(|(position, name)| self.report_unknown(name, *position, diagnostics));
        for name in &missing {
            let help = format!("add a column `{name}` to the header of `{}`", self.file);
            Problem::new(
                Code::MissingColumn,
                format!("there is no column `{name}`"),
                help,
            )
            .report(|| self.place_of_name(self.layout.width), diagnostics);
        }
        missing.is_empty()
    }

    /// Reads the names of a header: those that nothing reads, with their positions, and the required ones that are missing.
    fn read_names<'h>(
        &mut self,
        header: &'h [Cow<'_, str>],
        diagnostics: &mut Diagnostics,
    ) -> (Vec<(usize, &'h str)>, Vec<&'static str>) {
        let mut seen = BTreeMap::new();
        let mut unknown = Vec::new();
        for (position, name) in header.iter().map(Cow::as_ref).enumerate() {
            let first = *seen.entry(name).or_insert(position);
            if !self.is_known(name) {
                unknown.push((position, name));
            } else if first < position {
                self.report_duplicate_column(name, first, position, diagnostics);
            } else {
                self.add_column(name, position);
            }
        }
        let missing = self
            .layout
            .columns
            .required_names()
            .filter(|name| !seen.contains_key(name))
            .collect();
        (unknown, missing)
    }

    fn is_known(&self, name: &str) -> bool {
        let columns = self.layout.columns;
        let tag = name.strip_prefix(TAG).filter(|key| !key.is_empty());
        columns.names.contains(&name)
            || (columns.tags && tag.is_some())
            || FOR_PEOPLE.contains(&(self.file, name))
    }

    fn add_column(&mut self, name: &str, position: usize) {
        let mut names = self.layout.columns.names.iter();
        if let Some(slot) = names.position(|known| *known == name) {
            self.layout.positions[slot] = Some(position);
        } else if let Some(key) = name.strip_prefix(TAG) {
            self.layout.tag_keys.push(key.to_owned());
            self.layout.positions.push(Some(position));
        }
    }

    fn report_unknown(&self, name: &str, position: usize, diagnostics: &mut Diagnostics) {
        diagnostics.push_with(Code::UnknownColumn, || {
            let (message, otherwise) = match name {
                "" => (
                    format!("column {} has no name", position + 1),
                    "this column is ignored; name it or delete it",
                ),
                _ => (
                    format!("unknown column {}", shown(name)),
                    "this column is ignored; fix the name or delete it",
                ),
            };
            let help = match ids::heading(name, self.layout.columns.names) {
                Some(column) => format!("did you mean `{column}`?"),
                None => nearest(name, self.layout.columns.names.iter().copied(), otherwise),
            };
            (self.place_of_name(position), message, help)
        });
    }

    fn report_duplicate_column(
        &self,
        name: &str,
        first: usize,
        second: usize,
        diagnostics: &mut Diagnostics,
    ) {
        diagnostics.push_with(Code::DuplicateColumn, || {
            let message = format!(
                "duplicate column {} (columns {} and {})",
                shown(name),
                first + 1,
                second + 1
            );
            let help = "rename or delete one of them".to_owned();
            (self.place_of_name(second), message, help)
        });
    }

    /// A header whose names are headings of a console, reported once for the whole file: which column each of them is.
    fn other_headings(
        &self,
        unknown: &[(usize, &str)],
        missing: &[&str],
    ) -> Option<(usize, Problem)> {
        let named = unknown
            .iter()
            .filter_map(|(_, name)| Some((*name, ids::heading(name, self.layout.columns.names)?)));
        let mut taken = BTreeSet::new();
        let named: Vec<(&str, &str)> = named.filter(|(_, column)| taken.insert(*column)).collect();
        if named.len() < 2 {
            return None;
        }
        let renamed: Vec<String> = named
            .iter()
            .map(|(name, column)| format!("{} to `{column}`", shown(name)))
            .collect();
        let added: Vec<String> = missing
            .iter()
            .filter(|name| !taken.contains(**name))
            .map(|name| format!("`{name}`"))
            .collect();
        let added = if added.is_empty() {
            String::new()
        } else {
            format!("; add {}", added.join(", "))
        };
        let message = format!(
            "these are headings of a console, not the columns of `{}`",
            self.file
        );
        let help = format!(
            "rename {}{added}; or let `renewcast import` make the book from what the cloud's own tools print",
            renamed.join(", ")
        );
        Some((
            self.header.start,
            Problem::new(Code::MissingColumn, message, help),
        ))
    }

    /// A header that other lines stand above.
    fn header_below(&self) -> Option<(usize, Problem)> {
        let mut rows =
            RowReader::over_range(self.text, self.header.end..self.text.len(), MOST_COLUMNS);
        for _ in 0..MAX_ROWS_ABOVE {
            if !rows.advance() {
                return None;
            }
            if self
                .layout
                .columns
                .required_names()
                .all(|name| rows.cells().iter().any(|cell| cell == name))
            {
                let start = rows.range().start;
                let message = format!(
                    "the header stands on line {}, not at the top of the file",
                    self.line_number(start)
                );
                return Some((
                    start,
                    Problem::new(Code::MissingColumn, message, "delete the lines above it"),
                ));
            }
        }
        None
    }
}

/// A header whose names are separated by something else than commas.
fn other_separator(header: &[Cow<'_, str>]) -> Option<Problem> {
    let [only] = header else { return None };
    let (_, name) = [(';', "semicolons"), ('\t', "tabs")]
        .into_iter()
        .find(|(separator, _)| only.contains(*separator))?;
    let help = "save the file with commas between the cells, as `CSV UTF-8 (Comma delimited)`";
    Some(Problem::new(
        Code::BadCsv,
        format!("the columns are separated by {name}"),
        help,
    ))
}
