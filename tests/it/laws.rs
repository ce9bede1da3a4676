//! Random books against the reference model and the laws of the ledger.

use std::collections::BTreeSet;

use crate::books::random_book;
use crate::oracle;
use crate::support::{assert_same, builtin, run};

/// So many random books are compared.
const BOOKS: u64 = 10_000;

#[test]
fn the_engine_equals_the_reference_model() {
    let mut reached = BTreeSet::new();
    for seed in 0..BOOKS {
        let files = random_book(seed);
        let expected = oracle::replay(&files, builtin());
        let written = run(&files);
        let what = |file| format!("seed {seed}, {file}: model against engine");
        assert_same(&what("ledger.csv"), &expected.ledger, &written.ledger, &files);
        assert_same(&what("balances.csv"), &expected.balances, &written.balances, &files);
        assert_same(&what("monthly.csv"), &expected.monthly, &written.monthly, &files);
        reached.extend(expected.rules);
    }
    let missed: Vec<&str> = oracle::RULES.iter().filter(|rule| !reached.contains(*rule)).copied().collect();
    assert!(missed.is_empty(), "{} rules reached, never: {missed:?}", reached.len());
}
