//! Reading a book: from the bytes of its files to a checked book. The unit is the row of the inventory.

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use support::{folder, read};

fn ingest(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ingest, rows of instances.csv");
    group.sample_size(10);
    for name in ["company", "reseller"] {
        let (instances, folder) = folder(name);
        group.throughput(Throughput::Elements(u64::from(instances)));
        group.bench_function(name, |bencher| bencher.iter(|| read(&folder)));
    }
    group.finish();
}

criterion_group!(benches, ingest);
criterion_main!(benches);
