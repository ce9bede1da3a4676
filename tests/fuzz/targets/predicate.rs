//! The selector language, from conditions to text and back.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| renewcast_fuzz::predicate(data));
