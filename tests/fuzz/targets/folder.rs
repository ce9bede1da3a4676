//! All files of a book at once.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| renewcast_fuzz::folder(data));
