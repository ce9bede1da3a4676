//! A CSV file that is larger than memory should be: read in pieces of whole rows, each of them a [`CsvTable`] of its own.

use std::io::Read;

use super::table::{CellReader, CsvRow, CsvTable, KnownColumns, LONGEST_ROW, Layout};
use crate::input::diagnostic::{Code, Diagnostics, Place};

/// The bytes of a piece, about.
const PIECE_BYTES: usize = 1 << 20;

/// A file under way.
pub(super) struct Stream<'w> {
    file: &'static str,
    columns: KnownColumns,
    bytes: Box<dyn Read + 'w>,
    /// What has been read: whole rows, then the beginning of another one.
    buffer: Vec<u8>,
    /// The bytes of it that are done.
    done: usize,
    /// Lines before the buffer.
    lines: usize,
    /// Where the columns are, once the header has been read.
    layout: Option<Layout>,
    is_over: bool,
}

impl<'w> Stream<'w> {
    /// Before its header.
    pub(super) fn over_bytes(
        file: &'static str,
        columns: KnownColumns,
        bytes: Box<dyn Read + 'w>,
    ) -> Self {
        Self {
            file,
            columns,
            bytes,
            buffer: Vec::new(),
            done: 0,
            lines: 0,
            layout: None,
            is_over: false,
        }
    }

    /// Reads the rows of the next piece, those of another width reported; the first piece begins with the header. False
    /// where nothing is left, or nothing can be read any more, which is reported.
    pub(super) fn advance(
        &mut self,
        diagnostics: &mut Diagnostics,
        mut read: impl FnMut(CellReader<'_, CsvRow<'_, '_>>),
    ) -> bool {
        if self.is_over {
            return false;
        }
        self.lines += memchr::memchr_iter(b'\n', &self.buffer[..self.done]).count();
        self.buffer.drain(..self.done);
        let Some(done) = self.fill(diagnostics) else {
            return false;
        };
        self.done = done;
        let piece = &self.buffer[..self.done];
        let table = match self.layout.take() {
            None => Self::open_piece(self.file, piece, self.columns, diagnostics),
            Some(layout) => CsvTable::open_next(self.file, piece, layout, self.lines, diagnostics),
        };
        let Some(table) = table else {
            self.is_over = true;
            return false;
        };
        table.rows(diagnostics, |row, diagnostics| {
            read(CellReader {
                row: &row,
                diagnostics,
            });
        });
        self.layout = Some(table.into_layout());
        true
    }

    /// The header and what comes with it. A column that nothing here reads is no fault of a result.
    fn open_piece<'p>(
        file: &'p str,
        piece: &'p [u8],
        columns: KnownColumns,
        diagnostics: &mut Diagnostics,
    ) -> Option<CsvTable<'p>> {
        let mut found = Diagnostics::default();
        let table = CsvTable::open_table(file, piece, columns, &mut found);
        if table.is_none() {
            found
                .iter()
                .cloned()
                .for_each(|one| diagnostics.push_found(one));
        }
        table
    }

    /// Reads on until the buffer has a piece of whole rows; its length, none where it cannot be read. A row that is too long
    /// is the last one that is looked at.
    fn fill(&mut self, diagnostics: &mut Diagnostics) -> Option<usize> {
        let mut wanted = PIECE_BYTES;
        loop {
            let more = wanted.saturating_sub(self.buffer.len());
            let read = self
                .bytes
                .by_ref()
                .take(more as u64)
                .read_to_end(&mut self.buffer);
            match read {
                Ok(read) if read < more => {
                    self.is_over = true;
                    return Some(self.buffer.len());
                }
                Ok(_) => {}
                Err(error) => {
                    self.is_over = true;
                    let message = format!("cannot read `{}`: {error}", self.file);
                    let help = "check that you may read the folder";
                    diagnostics.push(Code::Unreadable, Place::of_file(self.file), message, help);
                    return None;
                }
            }
            if let Some(end) = whole_rows(&self.buffer) {
                return Some(end);
            }
            if self.buffer.len() > LONGEST_ROW {
                self.is_over = true;
                return Some(self.buffer.len());
            }
            wanted *= 2;
        }
    }
}

/// The end of the last whole row; none where no row ends. The bytes begin with a row.
fn whole_rows(bytes: &[u8]) -> Option<usize> {
    let mut quoted = memchr::memchr_iter(b'"', bytes).count() % 2 == 1;
    let last = bytes.iter().rposition(|byte| {
        quoted ^= *byte == b'"';
        *byte == b'\n' && !quoted
    });
    last.map(|last| last + 1)
}
