//! Many runs of one book: each is read with its changes, and accounts that they do not reach are not replayed again. The
//! unit is the run.

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use renewcast::analysis::compare::{Cache, RunTotal, replay};
use renewcast::input::{self, Folder};
use renewcast::model::money::Currency;
use support::{folder, read};

/// The runs: terms of production, and top-ups that come late.
fn scenarios() -> Vec<String> {
    let months = ["1", "3", "6", "12"];
    let text = |months: &str, delay: usize| {
        let changes = [
            format!("renew_months={months} where \"tag:env\" = 'prod'"),
            format!("topups.delay_days={delay}"),
        ];
        input::quick_change(&changes).expect("these changes are right")
    };
    months
        .iter()
        .flat_map(|months| (0..6).map(move |delay| text(months, delay)))
        .collect()
}

/// Replays all of them and counts the accounts that had to be.
fn sweep(folder: &mut Folder, scenarios: &[String], currency: Currency) -> usize {
    let mut cache = Cache::default();
    for scenario in scenarios {
        folder.change(scenario);
        let book = input::read_book(folder, None)
            .0
            .expect("these changes go together");
        let task = cache.look_up(&book);
        let outcomes = replay(&book, &task.missing, &[]).expect("every price is known");
        cache.keep(&task, outcomes);
        let _ = RunTotal::total_in(
            &cache.outcomes(&task).expect("nothing was refused"),
            currency,
        );
    }
    cache.replayed()
}

fn sweeps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sweep, runs");
    group.sample_size(10);
    let (_, mut folder) = folder("company");
    let (scenarios, currency) = (scenarios(), read(&folder).currency);
    group.throughput(Throughput::Elements(scenarios.len() as u64));
    group.bench_function("company", |bencher| {
        bencher.iter(|| sweep(&mut folder, &scenarios, currency));
    });
    group.finish();
}

criterion_group!(benches, sweeps);
criterion_main!(benches);
