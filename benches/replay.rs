//! The engine alone: every window is replayed and looked at, none is kept or written. The unit is the instance-day: an
//! instance that the replay carries through a day.

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use renewcast::engine::{self, Window};
use renewcast::model::book::Book;
use support::{DAYS, folder, read};

/// Replays a book and counts its rows.
fn rows(book: &Book) -> u64 {
    let mut run = engine::start(book);
    let mut window = Window::default();
    let mut rows = 0;
    while run
        .advance(&mut window)
        .expect("a generated book asks for nothing that is refused")
    {
        rows += window.rows();
    }
    run.finish();
    rows
}

fn replay(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replay, instance-days");
    group.sample_size(10);
    for name in ["company", "reseller"] {
        let (instances, folder) = folder(name);
        let book = read(&folder);
        group.throughput(Throughput::Elements(u64::from(instances) * u64::from(DAYS)));
        group.bench_function(name, |bencher| bencher.iter(|| rows(&book)));
    }
    group.finish();
}

criterion_group!(benches, replay);
criterion_main!(benches);
