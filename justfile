# Lists the jobs.
default:
    @just --list

# All tests; a word picks some: `just test cli`.
test *words:
    cargo test {{words}}

# Format and lints, as CI asks for them.
check:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings

# Formats everything.
fmt:
    cargo fmt

# The documentation of the crate, without its dependencies.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

# Writes reports/example anew. Look at the difference, pictures included, before it is committed.
example:
    cargo run --release -- run data/example

# Writes anew what errors and the example are expected to say. Cases are worked out by hand and stay.
expected:
    UPDATE_EXPECTED=1 cargo test --test it -- errors:: example::
    git diff --stat -- data reports

# What CI runs.
ci:
    .ci/run
