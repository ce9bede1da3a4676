//! Valid books against the reference model.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| renewcast_fuzz::books(data));
