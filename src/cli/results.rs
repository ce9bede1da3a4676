//! The result of a run, written while it is replayed: a pipeline with two buffers, each a window of days.
//!
//! ```text
//! window n+1: replay ──▶ each shard, side by side: format rows ── add to shard totals ── note state changes
//! window n:   number ──▶ hash and write
//! at the end: shard totals ──▶ tables, charts, answer ──▶ closing book ──▶ run.json
//! ```
//!
//! Rows are formatted and added up at once, while they are in the cache. Memory holds the formatted rows of two windows and
//! never the whole ledger.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::mem;

use rayon::prelude::*;

use super::folder::{Loaded, refused};
use super::output::{OutputTarget, Staged};
use super::progress::Progress;
use super::{Failure, answer};
use crate::analysis::demand::{Demand, Detail, Differing};
use crate::analysis::lost::{self, Lost};
use crate::analysis::summary::{Summary, Tally};
use crate::analysis::tasks;
use crate::engine::{self, Refusal, RowSpan, RunningReplay, Window};
use crate::input::{self, Folder};
use crate::model::selector::Column;
use crate::output::csv::{self, BookTexts, FormattedRows, LedgerSheet};
use crate::output::hash::{Hasher, hash};
use crate::output::pictures::{self, NamedChart, StateChange, States};
use crate::output::run_json::{Hashes, RunRecord};
use crate::output::{self, closing, demand, lost as lost_csv, monthly};
use crate::tables::{Grouping, LedgerFacts};

const LEDGER: &str = "ledger.csv";
const BALANCES: &str = "balances.csv";

/// What the command line asks for.
pub(super) struct RunRequest<'a> {
    /// The column by which spend is grouped, and its name.
    pub column: Column,
    pub by: &'a str,
    pub charts: bool,
}

/// What a run came to, once its files are in place.
pub(super) struct Results {
    pub summary: Summary,
    /// The answer in words.
    pub answer: String,
    /// The number of charts.
    pub charts: usize,
}

/// What a run comes to.
struct RunTotals {
    summary: Summary,
    demand: Demand,
    losses: Vec<Lost>,
    charts: usize,
}

/// Replays a book and writes its results into a folder.
pub(super) fn write_results(
    mut loaded: Loaded,
    request: &RunRequest<'_>,
    target: &OutputTarget,
) -> Result<Results, Failure> {
    let mut writer = Writer {
        staged: Staged::begin(target)?,
        hashes: BTreeMap::new(),
    };
    writer.append(LEDGER, &[csv::LEDGER_HEADER.as_bytes()])?;
    writer.append(BALANCES, &[csv::BALANCES_HEADER.as_bytes()])?;
    let (folder, book, scenario) = (&mut loaded.folder, &loaded.book, loaded.scenario.as_deref());
    let (inputs, (mut run, grouping)) = rayon::join(
        || hash_inputs(folder),
        || {
            rayon::join(
                || engine::start(book),
                || Grouping::group_by(book, request.column),
            )
        },
    );
    let mut pipeline = ResultPipeline::open_pipeline(&run, &grouping, request);
    pipeline
        .stream(&mut run, &mut writer)
        .map_err(|stop| match stop {
            Stop::Replay(refusal) => refused(folder, scenario, book, refusal),
            Stop::Write(failure) => failure,
        })?;
    // The disk takes them while the rest is made.
    [LEDGER, BALANCES]
        .into_iter()
        .try_for_each(|name| writer.staged.complete(name))?;
    let RunTotals {
        summary,
        demand,
        losses,
        charts,
    } = pipeline.write_totals(&run, request, &mut writer)?;
    let ending = run.finish();
    let record =
        RunRecord::record_of_run(inputs, book, scenario, &summary, &demand).grouped_by(request.by);
    let list = tasks::list(book, &summary);
    for (name, bytes) in output::tasks::files(book, &list) {
        writer.write_whole(name, &[&bytes])?;
    }
    let answer = answer::render(book, &summary, &list, &demand, &losses);
    drop(losses);
    // From here on the opening is needed no more; what takes most of the memory becomes the closing book.
    drop(grouping);
    let closing = ending.into_book(loaded.book);
    // Some come in many pieces, so that none is complete before the end.
    closing::write_closing(&closing, |name, pieces| {
        writer.append(&format!("closing/{name}"), pieces)
    })?;
    for (name, bytes) in loaded.folder.taken_over() {
        writer.write_whole(&format!("closing/{name}"), &[bytes])?;
    }
    // A large book takes a while to let go, and so does the disk.
    let (written, ()) = rayon::join(|| writer.finish(record), || drop(closing));
    written?;
    Ok(Results {
        summary,
        answer,
        charts,
    })
}

/// The hashes of the files of a book. What can be large and is never pointed at again is let go.
fn hash_inputs(folder: &mut Folder) -> Hashes {
    let files: Vec<(&str, &[u8])> = folder.iter().collect();
    let hashes = files
        .par_iter()
        .map(|(name, bytes)| ((*name).to_owned(), hash(bytes)))
        .collect();
    input::INVENTORY.iter().for_each(|name| folder.remove(name));
    hashes
}

/// Files in the making, and their hashes.
struct Writer<'t> {
    staged: Staged<'t>,
    hashes: BTreeMap<String, Hasher>,
}

impl Writer<'_> {
    /// Adds bytes to a file, and hashes them meanwhile.
    fn append(&mut self, name: &str, pieces: &[&[u8]]) -> Result<(), Failure> {
        let Self { staged, hashes } = self;
        let hasher = hashes.entry(name.to_owned()).or_default();
        let (written, ()) = rayon::join(
            || {
                pieces
                    .iter()
                    .try_for_each(|bytes| staged.append(name, bytes))
            },
            || {
                for bytes in pieces {
                    hasher.write_all(bytes).expect("a hash takes any bytes");
                }
            },
        );
        written
    }

    /// Adds a file to which nothing more comes.
    fn write_whole(&mut self, name: &str, pieces: &[&[u8]]) -> Result<(), Failure> {
        self.append(name, pieces)?;
        self.staged.complete(name)
    }

    /// Adds `run.json`, which names the hashes of all other files, and puts everything into place.
    fn finish(mut self, record: RunRecord) -> Result<(), Failure> {
        let hashes = self
            .hashes
            .into_iter()
            .map(|(name, hasher)| (name, hasher.hex()))
            .collect();
        self.staged.append("run.json", &record.bytes(hashes))?;
        self.staged.commit()
    }
}

/// What the rows of a shard come to.
struct ShardTotals<'b> {
    tally: Tally<'b>,
    facts: LedgerFacts<'b>,
}

impl ShardTotals<'_> {
    fn join(self, next: Self) -> Self {
        Self {
            tally: self.tally.join(next.tally),
            facts: self.facts.join(next.facts),
        }
    }
}

/// What is kept of a shard's rows until it is their turn to be written.
#[derive(Default)]
struct ShardOutput {
    formatted: FormattedRows,
    /// For each row of the ledger what it says for the chart of states, if there are charts.
    changes: Vec<Option<StateChange>>,
}

/// What is made of the rows of a run, shard by shard.
struct ResultPipeline<'b> {
    texts: BookTexts<'b>,
    totals: Vec<ShardTotals<'b>>,
    states: Option<States<'b>>,
}

impl<'b> ResultPipeline<'b> {
    fn open_pipeline(
        run: &RunningReplay<'b>,
        grouping: &'b Grouping,
        request: &RunRequest<'_>,
    ) -> Self {
        let book = run.book();
        let facts = run.parts().map(|accounts| grouping.facts_of(accounts));
        let (texts, tallies) = rayon::join(
            || BookTexts::texts_of_book(book),
            || Tally::open_parts(book, run.parts()),
        );
        let totals = tallies.into_iter().zip(facts);
        Self {
            texts,
            totals: totals
                .map(|(tally, facts)| ShardTotals { tally, facts })
                .collect(),
            states: request.charts.then(|| States::states_over(book)),
        }
    }

    /// Replays and writes until nothing is left, each window while the one after it is replayed.
    fn stream(&mut self, run: &mut RunningReplay<'_>, writer: &mut Writer<'_>) -> Result<(), Stop> {
        let progress = Progress::new(run.book().days);
        let (mut coming, mut present) = (Window::default(), Window::default());
        let mut pending = PendingFiles::default();
        let mut goes_on = true;
        while goes_on {
            let (replayed, written) = rayon::join(
                || self.advance(run, &mut coming),
                || pending.write_window(&present, writer),
            );
            written.map_err(Stop::Write)?;
            goes_on = replayed.map_err(Stop::Replay)?;
            mem::swap(&mut coming, &mut present);
            if let Some(day) = present.last() {
                progress.reach(day);
            }
        }
        Ok(())
    }

    /// Replays the next days; false where no day is left.
    fn advance(
        &mut self,
        run: &mut RunningReplay<'_>,
        window: &mut Window<ShardOutput>,
    ) -> Result<bool, Refusal> {
        let Self {
            texts,
            totals,
            states,
        } = self;
        let has_charts = states.is_some();
        let goes_on = run.advance_with(window, totals, |totals, rows, kept| {
            texts.word(rows, &mut kept.formatted);
            totals
                .tally
                .tally_entries(rows.entries.iter(), rows.balances.iter());
            totals.facts.collect_entries(rows.entries.iter());
            kept.changes.clear();
            if has_charts {
                kept.changes
                    .extend(rows.entries.iter().map(States::change_in));
            }
        })?;
        let Some(states) = states else {
            return Ok(goes_on);
        };
        for RowSpan {
            day, kept, entries, ..
        } in window.pieces()
        {
            states.count_changes(day, kept.changes.get(entries).unwrap_or(&[]));
        }
        if let Some(last) = window.last() {
            states.pass(last);
        }
        Ok(goes_on)
    }

    /// Writes what the run came to: tables and charts.
    fn write_totals(
        self,
        run: &RunningReplay<'_>,
        request: &RunRequest<'_>,
        writer: &mut Writer<'_>,
    ) -> Result<RunTotals, Failure> {
        let book = run.book();
        let Self {
            texts,
            totals,
            states,
        } = self;
        // No row is formatted any more, and a large book needs the memory.
        drop(texts);
        let totals = totals.into_iter().reduce(ShardTotals::join);
        let ShardTotals { tally, facts } =
            totals.expect("there is a shard for what belongs to no account");
        let (summary, (spend, (monthly, spent))) = rayon::join(
            || tally.into_summary(),
            || {
                let tables = facts.into_tables();
                rayon::join(
                    || monthly::spend(&tables),
                    || (monthly::monthly(book, &tables), demand::spent(&tables)),
                )
            },
        );
        let differing = Differing::accounts_that_differ(run);
        let demand = Demand::from_spent(book, spent, &differing, Detail::Accounts);
        let losses = lost::losses(book, run.gone(), &summary.ended, book.days.from);
        writer.write_whole("monthly.csv", &[&monthly])?;
        writer.write_whole("demand.csv", &[&demand::demand_csv(book, &demand)])?;
        lost_csv::write_lost(book, &losses, |pieces| writer.append("lost.csv", pieces))?;
        writer.write_whole("spend.csv", &[&monthly::spend_csv(request.by, &spend)])?;
        let charts =
            states.map(|states| pictures::of_run(book, states, &summary, request.by, &spend));
        let charts = charts.unwrap_or_default();
        for (name, bytes) in draw_pictures(&charts)? {
            writer.write_whole(&name, &[&bytes])?;
        }
        Ok(RunTotals {
            summary,
            demand,
            losses,
            charts: charts.len(),
        })
    }
}

/// Files go to the system in pieces of about this size, which stay in a processor's cache from being put together to being
/// hashed and written.
const WRITE_CHUNK_BYTES: usize = 1 << 19;
/// Rows that are put together before their bytes are counted.
const ROWS_AT_ONCE: usize = 256;

/// The bytes of the next piece of each file.
#[derive(Default)]
struct PendingFiles {
    ledger: LedgerSheet,
    balances: Vec<u8>,
}

impl PendingFiles {
    fn write_window(
        &mut self,
        window: &Window<ShardOutput>,
        writer: &mut Writer<'_>,
    ) -> Result<(), Failure> {
        for RowSpan {
            kept,
            entries,
            balances,
            ..
        } in window.pieces()
        {
            self.balances
                .extend_from_slice(kept.formatted.balances(balances));
            for from in entries.clone().step_by(ROWS_AT_ONCE) {
                let to = entries.end.min(from + ROWS_AT_ONCE);
                self.ledger.add_rows(&kept.formatted, from..to);
                self.pass_on(WRITE_CHUNK_BYTES, writer)?;
            }
        }
        self.pass_on(0, writer)
    }

    /// Writes the files that have more bytes than these.
    fn pass_on(&mut self, bytes: usize, writer: &mut Writer<'_>) -> Result<(), Failure> {
        if self.ledger.bytes().len() > bytes {
            writer.append(LEDGER, &[self.ledger.bytes()])?;
            self.ledger.clear();
        }
        if self.balances.len() > bytes {
            writer.append(BALANCES, &[&self.balances])?;
            self.balances.clear();
        }
        Ok(())
    }
}

/// Why a run does not reach its end.
enum Stop {
    Replay(Refusal),
    Write(Failure),
}

/// The files of the charts, in both formats.
pub(super) fn draw_pictures(charts: &[NamedChart]) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    pictures::draw_all(charts).map_err(|error| Failure::new(error.to_string(), "use --no-charts"))
}
