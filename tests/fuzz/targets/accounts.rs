//! `accounts.csv`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| renewcast_fuzz::accounts(data));
