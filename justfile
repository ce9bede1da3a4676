# Lists the jobs.
default:
    @just --list

# What CI runs.
ci:
    .ci/run

# All tests.
test:
    cargo test

# Writes reports/example anew.
example:
    cargo run --release -- run data/example

# Formats, lints and documents.
check:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps
