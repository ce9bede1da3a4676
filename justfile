# Lists the jobs.
default:
    @just --list

# All tests; a word picks some: `just test cli`.
test *words:
    cargo test {{words}}

# What takes hours: 10,000 random books for every law, plan option, to-do list and sum, 2,000 pairs of runs, every forgery.
full:
    BOOKS=10000 PAIRS=2000 FORGERIES=84 cargo test --release --test it -- laws:: planned:: tasks:: demand:: lost:: files:: proof::

# Format and lints, as CI asks for them.
check:
    cargo fmt --check
    cargo clippy --all-targets --features bench -- -D warnings

# Writes the licences of the crates anew, after Cargo.lock has changed.
licenses:
    .ci/licenses

# Formats everything.
fmt:
    cargo fmt

# The documentation of the crate, without its dependencies.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

# Writes reports/example anew. Look at the difference, pictures included, before it is committed.
example:
    cargo run --release -- run data/example
    cargo run --release -- report data/example --month 2027-01

# Writes anew what errors and the example are expected to say. Cases are worked out by hand and stay.
expected:
    UPDATE_EXPECTED=1 cargo test --test it -- errors:: example:: plan:: verify:: docs::
    git diff --stat -- data docs reports

# Looks for inputs that break the program, for so many seconds each: `just fuzz 600 books import`.
fuzz seconds="60" *targets:
    tests/fuzz/run {{seconds}} {{targets}}

# Changes the code in one small way at a time and asks the tests: `just mutants src/model/money.rs`. BOOKS=10000 asks for more.
mutants path="src/":
    BOOKS=${BOOKS:-300} cargo mutants --copy-target true --re '^{{path}}'

# Measures; a word picks some: `just bench replay`. The first build takes minutes.
bench *words:
    cargo bench --features bench --bench replay --bench ingest --bench write --bench report --bench sweep -- {{words}}

# Times the program beside what users would pick instead: `just compare 100000`. PEERS names another folder of peers.
compare *sizes:
    python3 benches/compare.py {{sizes}}

# What CI runs.
ci:
    .ci/run

# Figures of the source tree: lines of each room, shared names, packing. It fails where a limit is passed.
house:
    .ci/house
