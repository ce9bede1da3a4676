//! Headers that are not those of a book: the headings of a console, or the right ones below other lines.

use std::collections::BTreeSet;

use super::{CsvTable, MOST_COLUMNS};
use crate::input::diagnostic::Code;
use crate::input::ids;
use crate::input::rows::RowReader;
use crate::input::value::{Problem, shown};

/// So many rows may stand above a header that is looked for.
const LINES_ABOVE: usize = 50;

impl CsvTable<'_> {
    /// A header whose names are headings of a console, told once for the whole file: which column each of them is.
    pub(super) fn other_headings(
        &self,
        unknown: &[(usize, &str)],
        missing: &[&str],
    ) -> Option<(usize, Problem)> {
        let named = unknown
            .iter()
            .filter_map(|(_, name)| Some((*name, ids::heading(name, self.columns.names)?)));
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
    pub(super) fn header_below(&self) -> Option<(usize, Problem)> {
        let mut rows =
            RowReader::over_range(self.text, self.header.end..self.text.len(), MOST_COLUMNS);
        for _ in 0..LINES_ABOVE {
            if !rows.advance() {
                return None;
            }
            if self
                .required()
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
