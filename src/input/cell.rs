//! Texts in cells of CSV files, such that no spreadsheet runs them as formulas.
//!
//! A spreadsheet runs a cell by its first character, in quotes or not. So a text that would be run is written with an
//! apostrophe in front, and so is one that looks as if that had been done. Whoever reads takes one apostrophe away: every
//! text comes back as it was. Signed numbers are not run, and stay.

use std::borrow::Cow;

/// What a formula begins with. The wide forms count where people type Chinese or Japanese.
const BEGINNINGS: &[char] = &['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
const APOSTROPHE: char = '\'';

/// Whether a spreadsheet would run the text.
pub fn is_formula(text: &str) -> bool {
    let mut characters = text.chars();
    let first = characters.next();
    let rest = characters.as_str();
    let is_number = matches!(first, Some('+' | '-'))
        && rest
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    first.is_some_and(|first| BEGINNINGS.contains(&first)) && !rest.is_empty() && !is_number
}

/// Whether a piece of a file can have a cell that [`is_formula`], by a look at the first byte of each cell: few files have to
/// be read a second time. It looks at all pairs of bytes, many at once.
pub fn may_hold_formulas(csv: &[u8]) -> bool {
    let pairs = csv.iter().zip(csv.get(1..).unwrap_or_default());
    pairs.fold(false, |found, (&one, &next)| {
        // A wide form begins with the last of these bytes.
        let begins = is_one_of(next, b"=+-@\t\xEF");
        let is_quoted = (one == b'"') & ends_cell(next);
        found | (ends_cell(one) & (begins | is_quoted))
    })
}

fn ends_cell(byte: u8) -> bool {
    is_one_of(byte, b",\"\n\r")
}

/// Without a branch, so that many bytes are compared at once.
fn is_one_of(byte: u8, bytes: &[u8]) -> bool {
    bytes
        .iter()
        .fold(false, |found, one| found | (byte == *one))
}

/// The text as it is written.
pub fn written(text: &str) -> Cow<'_, str> {
    if is_formula(text.trim_start_matches(APOSTROPHE)) {
        Cow::Owned(format!("{APOSTROPHE}{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text that was written.
pub fn read_cell(cell: &str) -> &str {
    match cell.strip_prefix(APOSTROPHE) {
        Some(text) if is_formula(text.trim_start_matches(APOSTROPHE)) => text,
        _ => cell,
    }
}
