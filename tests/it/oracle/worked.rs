//! Five small books whose ledgers were worked through by hand, row by row, against the text of the specification.
//! They use no built-in profile, so that nothing but the text decides.
//!
//! Each is a folder in `worked`: the files of a book, and the ledger that it has.

use std::fs;
use std::path::Path;

use super::replay;
use crate::support::Files;

/// The book in this folder has the ledger beside it.
fn assert_ledger(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/oracle/worked")
        .join(name);
    let mut files: Files = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{name}: {error}"))
        .map(|entry| {
            let entry = entry.expect("a file of the book");
            let file = entry.file_name().into_string().expect("a plain name");
            let text = fs::read_to_string(entry.path());
            (file, text.expect("files of books are UTF-8"))
        })
        .collect();
    let ledger = files
        .remove("ledger.csv")
        .expect("a worked book has a ledger");
    assert_eq!(replay(&files, "").ledger, ledger, "{name}");
}

/// A sticky anchor, an attempt list, retention from expiry, a unified date, a purchase.
#[test]
fn sticky_months_attempt_list_and_unified_date() {
    assert_ledger("sticky-months-attempt-list-and-unified-date");
}

/// Hours, the arrears clock over midnight, grace, restoring by funds and by people, alerts.
#[test]
fn hourly_usage_arrears_and_restore() {
    assert_ledger("hourly-usage-arrears-and-restore");
}

/// Mixed charge orders, list prices, selectors, and whose row it is.
#[test]
fn charge_order_selectors_and_homeless_rows() {
    assert_ledger("charge-order-selectors-and-homeless-rows");
}

/// States derived and given, terms that end in the past, a return and its recovery.
#[test]
fn bin_return_and_recovery() {
    assert_ledger("bin-return-and-recovery");
}

/// A currency without decimals, halves to even, purchases refused before the top-up.
#[test]
fn yen_purchases_and_halves() {
    assert_ledger("yen-purchases-and-halves");
}
