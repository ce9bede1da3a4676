//! Buffers that are written side by side; one after the other they are a file, or a piece of one. Never knows what a row
//! is.

use crate::parallel::{self, prelude::*};

use super::csv_buffer::CsvBuffer;

/// The rows of a page.
const ROWS: usize = 4_096;
/// The rows of a batch of pages.
const BATCH: usize = 16 * ROWS;

/// Bytes that follow each other. Used ones keep their room for the next.
#[derive(Debug, Default)]
pub struct CsvBuffers {
    buffers: Vec<CsvBuffer>,
    used: usize,
}

impl CsvBuffers {
    /// The bytes, in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.buffers[..self.used].iter().map(CsvBuffer::bytes)
    }

    /// All bytes in one piece, below a header.
    pub(super) fn below(&self, header: &str) -> Vec<u8> {
        std::iter::once(header.as_bytes())
            .chain(self.iter())
            .collect::<Vec<_>>()
            .concat()
    }

    /// Lets every page be filled with its share of some rows.
    pub(super) fn fill<'r, R: Sync + 'r>(
        &mut self,
        runs: impl Iterator<Item = &'r [R]>,
        write: impl Fn(&mut CsvBuffer, usize, &[&'r [R]]) + Sync,
    ) {
        let shares = shares(runs);
        self.used = shares.len();
        if self.buffers.len() < self.used {
            self.buffers.resize_with(self.used, CsvBuffer::default);
        }
        self.buffers[..self.used]
            .par_iter_mut()
            .zip(shares)
            .for_each(|(buffer, (before, runs))| {
                buffer.clear();
                write(buffer, before, &runs);
            });
    }
}

/// Writes rows batch by batch and passes the pieces on, each batch while the next one is written.
pub(super) fn stream<R: Sync, E>(
    rows: &[R],
    write: impl Fn(&mut CsvBuffer, &R) + Sync,
    mut append: impl FnMut(&[&[u8]]) -> Result<(), E>,
) -> Result<(), E> {
    let write = |buffer: &mut CsvBuffer, _: usize, runs: &[&[R]]| {
        for row in runs.iter().copied().flatten() {
            write(buffer, row);
        }
    };
    let (mut coming, mut present) = (CsvBuffers::default(), CsvBuffers::default());
    for rows in rows.chunks(BATCH).chain([[].as_slice()]) {
        parallel::beside(
            || coming.fill(std::iter::once(rows), write),
            || append(&present.iter().collect::<Vec<_>>()),
        )?;
        std::mem::swap(&mut coming, &mut present);
    }
    Ok(())
}

/// Rows for one page after the other, with the number of the rows before them.
fn shares<'r, R>(runs: impl Iterator<Item = &'r [R]>) -> Vec<(usize, Vec<&'r [R]>)> {
    let mut shares: Vec<(usize, Vec<&[R]>)> = Vec::new();
    let (mut before, mut room) = (0, 0);
    for rows in runs.flat_map(|run| run.chunks(ROWS)) {
        match shares.last_mut().filter(|_| rows.len() <= room) {
            Some((_, share)) => share.push(rows),
            None => {
                shares.push((before, vec![rows]));
                room = ROWS;
            }
        }
        before += rows.len();
        room -= rows.len();
    }
    shares
}
