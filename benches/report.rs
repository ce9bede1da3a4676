//! What is told about a ledger: the summary, and the tables by month, account and column. The unit is the row of the
//! ledger.

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use renewcast::analysis::summary::Tally;
use renewcast::engine::{self, Window};
use renewcast::model::book::Book;
use renewcast::model::selector::Column;
use renewcast::output::monthly;
use renewcast::tables::Grouping;
use support::{folder, read};

fn windows(book: &Book) -> Vec<Window> {
    let mut run = engine::start(book);
    let mut windows = Vec::new();
    loop {
        let mut window = Window::default();
        if !run
            .advance(&mut window)
            .expect("a generated book asks for nothing that is refused")
        {
            return windows;
        }
        windows.push(window);
    }
}

fn report(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("report, rows of ledger.csv");
    group.sample_size(10);
    let (_, folder) = folder("company");
    let book = read(&folder);
    let windows = windows(&book);
    group.throughput(Throughput::Elements(windows.iter().map(Window::rows).sum()));
    group.bench_function("summary", |bencher| {
        bencher.iter(|| {
            let mut tally = Tally::for_book(&book);
            windows
                .iter()
                .for_each(|window| tally.tally_entries(window.entries(), window.balances()));
            tally.into_summary()
        });
    });
    group.bench_function("tables", |bencher| {
        bencher.iter(|| {
            let grouping = Grouping::group_by(&book, Column::Region);
            let mut facts = grouping.facts();
            windows
                .iter()
                .for_each(|window| facts.collect_entries(window.entries()));
            monthly::monthly(&book, &facts.into_tables())
        });
    });
    group.finish();
}

criterion_group!(benches, report);
criterion_main!(benches);
