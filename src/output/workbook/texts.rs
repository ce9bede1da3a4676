//! The door for texts to a workbook: no other file of it writes one, and so all are fit to be shown and of a length that
//! spreadsheets take. Never knows a table.

use rust_xlsxwriter::{DocProperties, Format, TableColumn, Url, Worksheet, XlsxError};

use crate::input::shown::Shown;

/// The most units of UTF-16 of a cell; spreadsheets take 32,767.
const CELL: usize = 32_000;
/// The most of a heading of a native table, and of a link; spreadsheets take 255.
const HEADING: usize = 200;
const CUT: char = '…';

/// A text as a workbook has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text(String);

impl Text {
    /// A text that has a cell for itself.
    pub(super) fn cell(text: &str) -> Self {
        Self(cut(Shown::alone(text), CELL))
    }

    /// A sentence, in which texts may stand beside amounts.
    pub(super) fn sentence(text: &str) -> Self {
        Self(cut(Shown::visible(text), CELL))
    }

    /// A heading, which is short.
    pub(super) fn heading(text: &str) -> Self {
        Self(cut(Shown::alone(text), HEADING))
    }

    /// The same heading with a number behind it.
    pub(super) fn numbered(&self, number: usize) -> Self {
        Self(format!("{} {number}", self.0))
    }

    /// The characters.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Writes the text into a cell.
    pub(super) fn put(
        &self,
        sheet: &mut Worksheet,
        row: u32,
        column: u16,
        format: &Format,
    ) -> Result<(), XlsxError> {
        sheet.write_string_with_format(row, column, &self.0, format)?;
        Ok(())
    }

    /// Writes the text into the first cell of a row, as a link to another sheet.
    pub(super) fn put_link(
        &self,
        sheet: &mut Worksheet,
        row: u32,
        target: &str,
        format: &Format,
    ) -> Result<(), XlsxError> {
        let link = Url::new(format!("internal:'{target}'!A1")).set_text(&self.0);
        sheet.write_url_with_format(row, 0, link, format)?;
        Ok(())
    }

    /// The text as the heading of a column of a native table.
    pub(super) fn column(&self, format: Format) -> TableColumn {
        TableColumn::new()
            .set_header(&self.0)
            .set_header_format(format)
    }

    /// The text as the title of the whole workbook.
    pub(super) fn title(&self) -> DocProperties {
        DocProperties::new().set_title(&self.0)
    }
}

fn cut(text: Shown, longest: usize) -> String {
    let mut text = text.into_string();
    if text.encode_utf16().count() <= longest {
        return text;
    }
    let mut left = longest - CUT.len_utf16();
    let fitting = text.chars().take_while(|c| {
        let room = left.checked_sub(c.len_utf16());
        left = room.unwrap_or(0);
        room.is_some()
    });
    text.truncate(fitting.map(char::len_utf8).sum());
    // A word that was set apart may have lost its end.
    Shown::line(&(text + "…")).into_string()
}
