//! SHA-256 as `run.json` writes it: the only file that hashes.

use std::io::{Result, Write};

use sha2::{Digest, Sha256};

/// Hashes what is written to it.
#[derive(Clone, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// The hash of everything that was written, in hexadecimal.
    pub fn hex(self) -> String {
        self.0
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// The hash of some bytes, in hexadecimal.
pub fn hash(bytes: &[u8]) -> String {
    let mut hasher = Hasher::default();
    hasher.0.update(bytes);
    hasher.hex()
}

/// The hash of some bytes in base64, as a page names the scripts that it allows.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut hasher = Hasher::default();
    hasher.0.update(bytes);
    let hash = hasher.0.finalize();
    let mut text = String::new();
    for three in hash.chunks(3) {
        let bits = three
            .iter()
            .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - three.len()));
        let digit = |place: usize| char::from(DIGITS[(bits >> (18 - 6 * place) & 63) as usize]);
        text.extend((0..4).map(|place| {
            if place <= three.len() {
                digit(place)
            } else {
                '='
            }
        }));
    }
    text
}
