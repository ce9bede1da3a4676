//! Cells made once and copied often: ids and labels.

use std::collections::BTreeMap;

use crate::parallel::prelude::*;

use super::csv_buffer::{BLOCK, CsvBuffer};

/// Many cells with the comma behind them, equally far from each other, so that one look into memory finds a cell.
#[derive(Debug, Default)]
pub(super) struct PaddedCells {
    /// So many bytes for each cell; the last is its length, or [`LONG`].
    width: usize,
    bytes: Vec<u8>,
    long: BTreeMap<usize, Box<str>>,
}

/// So many cells are made by one thread in one go.
const SHARE: usize = 4_096;
/// The length of a cell that is among the long ones.
const LONG: u8 = u8::MAX;

impl PaddedCells {
    pub(super) fn pad_texts<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let texts: Vec<&str> = texts.collect();
        let longest = texts.iter().map(|text| text.len() + 1).max().unwrap_or(0);
        let width = longest.min(BLOCK - 1) + 1;
        let mut bytes = vec![0; texts.len() * width + BLOCK];
        let shares = bytes
            .par_chunks_mut(SHARE * width)
            .zip(texts.par_chunks(SHARE))
            .enumerate();
        let long = shares.flat_map_iter(|(share, (bytes, texts))| {
            let mut page = CsvBuffer::default();
            let cells = bytes.chunks_exact_mut(width).zip(texts).enumerate();
            let long = cells.filter_map(move |(number, (cell, text))| {
                let is_long = !page.fill(cell, text);
                is_long.then(|| (share * SHARE + number, Box::from(*text)))
            });
            long.collect::<Vec<_>>()
        });
        let long = long.collect::<Vec<_>>().into_iter().collect();
        Self { width, bytes, long }
    }

    /// About so many bytes have the cells with these numbers; long ones are not counted. To look at them all at once brings
    /// them near: a processor fetches many at a time, where one copy after the other waits for each.
    pub(super) fn sum(&self, numbers: impl Iterator<Item = usize>) -> usize {
        numbers
            .map(|number| usize::from(self.bytes[(number + 1) * self.width - 1]))
            .sum()
    }
}

impl CsvBuffer {
    /// Makes the bytes of a cell, with its length behind them; false where they do not fit.
    fn fill(&mut self, cell: &mut [u8], text: &str) -> bool {
        self.clear();
        self.cell(text);
        let Some((len, room)) = cell.split_last_mut() else {
            return false;
        };
        let made = self.bytes();
        let fitting = u8::try_from(made.len())
            .ok()
            .filter(|_| made.len() <= room.len());
        *len = fitting.unwrap_or(LONG);
        if fitting.is_some() {
            room[..made.len()].copy_from_slice(made);
        }
        fitting.is_some()
    }
}

impl CsvBuffer {
    /// Adds the cell with this number.
    #[inline]
    pub(super) fn ready(&mut self, cells: &PaddedCells, number: usize) {
        let start = number * cells.width;
        let len = cells.bytes[start + cells.width - 1];
        match cells.bytes[start..].first_chunk::<BLOCK>() {
            Some(block) if len != LONG => self.block(block, usize::from(len)),
            _ => self.cell(cells.long.get(&number).map_or("", |text| text)),
        }
    }
}
