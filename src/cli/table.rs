//! Tables for a terminal: the first column to the left, numbers to the right. What is in the cells is up to the caller.

use unicode_width::UnicodeWidthStr;

use super::ink::{HEAD, one_line};

/// Between two columns.
const GAP: &str = "  ";

/// Rows of cells of the same number; the first row is the head.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(one_line(cell).width());
        }
    }
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let cell = one_line(cell);
            let blanks = " ".repeat(width - cell.width());
            line += &match column {
                0 => format!("{cell}{blanks}"),
                _ => format!("{GAP}{blanks}{cell}"),
            };
        }
        let line = line.trim_end();
        text += &match number {
            0 => format!("{HEAD}{line}{HEAD:#}\n"),
            _ => format!("{line}\n"),
        };
    }
    text
}
