//! Tables for a terminal: the first column to the left, numbers to the right.

use unicode_width::UnicodeWidthStr;

use super::ink::{HEAD, one_line};

/// Stands between two columns.
const GAP: &str = "  ";

/// Rows of cells of the same number; the first row is the head.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| one_line(cell)).collect())
        .collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.width())
            .max()
    };
    let widths: Vec<usize> = (0..columns)
        .map(|column| width(column).unwrap_or(0))
        .collect();
    let line = |(number, row): (usize, &Vec<String>)| {
        let cells = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, width))| {
                let blanks = " ".repeat(width - cell.width());
                if column == 0 {
                    format!("{cell}{blanks}")
                } else {
                    format!("{blanks}{cell}")
                }
            });
        let line = cells.collect::<Vec<_>>().join(GAP);
        let line = line.trim_end();
        if number == 0 {
            format!("{HEAD}{line}{HEAD:#}\n")
        } else {
            format!("{line}\n")
        }
    };
    rows.iter().enumerate().map(line).collect()
}
