//! Bounds the memory of a row: while a CSV file is read, rows longer than any run writes are refused. It parses no cell.

use std::io::{self, Read};

use crate::input::LONGEST_ROW;

/// A CSV file of which no more than a row that is too long is read.
pub(super) struct Bounded<R> {
    bytes: R,
    /// The bytes of the present row so far.
    length: usize,
    /// Whether a quote is open: a line end inside it ends no row.
    quoted: bool,
}

impl<R: Read> Bounded<R> {
    pub(super) fn bound_reader(bytes: R) -> Self {
        Self {
            bytes,
            length: 0,
            quoted: false,
        }
    }

    /// Whether a row that these bytes go on with is too long.
    fn is_too_long(&mut self, bytes: &[u8]) -> bool {
        let mut from = 0;
        for at in memchr::memchr2_iter(b'"', b'\n', bytes) {
            if bytes[at] == b'"' {
                self.quoted = !self.quoted;
            } else if !self.quoted {
                if self.length + (at - from) >= LONGEST_ROW {
                    return true;
                }
                (self.length, from) = (0, at + 1);
            }
        }
        self.length += bytes.len() - from;
        self.length >= LONGEST_ROW
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        if self.is_too_long(&buffer[..read]) {
            return Err(io::Error::other(format!(
                "a row has more than {} MiB",
                LONGEST_ROW >> 20
            )));
        }
        Ok(read)
    }
}
