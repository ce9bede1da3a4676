//! The selector language, as text.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| renewcast_fuzz::selector(data));
