//! Putting a ledger into the bytes of `ledger.csv`. The unit is the row.

mod support;

use std::iter;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use renewcast::engine;
use renewcast::output::csv::BookTexts;
use renewcast::output::csv_buffers::CsvBuffers;
use support::{folder, read};

fn write(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("write, rows of ledger.csv");
    group.sample_size(10);
    let (_, folder) = folder("company");
    let book = read(&folder);
    let replay = engine::replay(&book).expect("a generated book asks for nothing that is refused");
    let rows = replay.ledger.entries.as_slice();
    let texts = BookTexts::texts_of_book(&book);
    let mut pages = CsvBuffers::default();
    group.throughput(Throughput::Elements(rows.len() as u64));
    group.bench_function("company", |bencher| {
        bencher.iter(|| texts.ledger(1, iter::once(rows), &mut pages));
    });
    group.finish();
}

criterion_group!(benches, write);
criterion_main!(benches);
