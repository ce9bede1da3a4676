//! Everything that a run writes. The rows of a section are put into words and added up as soon as they are there, while
//! they are at hand; while one window of days is replayed, the one before is numbered, hashed and written. Memory holds the
//! words of two windows and never the whole ledger.

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
use crate::engine::{self, RowSpan, RunningReplay, Window};
use crate::input::{self, Folder};
use crate::model::book::Book;
use crate::model::selector::Column;
use crate::output::csv::{self, BookTexts, FormattedRows, LedgerSheet};
use crate::output::hash::{Hasher, hash};
use crate::output::pictures::{self, StateChange, States};
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
struct RunAnswer {
    summary: Summary,
    demand: Demand,
    losses: Vec<Lost>,
}

/// Replays a book and writes its results into a folder.
pub(super) fn write_results(
    mut loaded: Loaded,
    scenario: Option<&str>,
    asked: &RunRequest<'_>,
    target: &OutputTarget<'_>,
) -> Result<Results, Failure> {
    let mut writer = Writer {
        staged: Staged::begin(target)?,
        hashes: BTreeMap::new(),
    };
    writer.append(LEDGER, &[csv::LEDGER_HEADER.as_bytes()])?;
    writer.append(BALANCES, &[csv::BALANCES_HEADER.as_bytes()])?;
    let Loaded { folder, book, .. } = &mut loaded;
    let book = &*book;
    let (inputs, (mut run, grouping)) = rayon::join(
        || hash_inputs(folder),
        || {
            rayon::join(
                || engine::start(book),
                || Grouping::group_by(book, asked.column),
            )
        },
    );
    let mut office = ResultPipeline::open_pipeline(&run, &grouping, asked);
    stream(
        &mut run,
        &mut office,
        &mut writer,
        &Progress::new(book.days),
    )
    .map_err(|stop| stop.into_failure((folder, scenario), book))?;
    // The disk takes them while the rest is made.
    [LEDGER, BALANCES]
        .into_iter()
        .try_for_each(|name| writer.staged.complete(name))?;
    let (came_to, charts) = office.write_windows(&run, asked, &mut writer)?;
    let RunAnswer {
        summary,
        demand,
        losses,
    } = came_to;
    let ending = run.finish();
    let record = RunRecord::record_of_run(inputs, (book, scenario), (&summary, &demand))
        .grouped_by(asked.by);
    let list = tasks::list(book, &summary);
    for (name, bytes) in output::tasks::files(book, &list) {
        writer.whole(name, &[&bytes])?;
    }
    let answer = answer::render(book, (&summary, &list), (&demand, &losses));
    drop(losses);
    // From here on the opening is needed no more; what takes most of the memory becomes the closing book.
    drop(grouping);
    let closing = ending.into_book(loaded.book);
    // Some come in many pieces, so that none is complete before the end.
    closing::write_closing(&closing, |name, pieces| {
        writer.append(&format!("closing/{name}"), pieces)
    })?;
    loaded
        .folder
        .taken_over()
        .try_for_each(|(name, bytes)| writer.whole(&format!("closing/{name}"), &[bytes]))?;
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
        let hash = || {
            pieces
                .iter()
                .for_each(|bytes| hasher.write_all(bytes).expect("a hash takes any bytes"))
        };
        let (written, ()) = rayon::join(
            || {
                pieces
                    .iter()
                    .try_for_each(|bytes| staged.append(name, bytes))
            },
            hash,
        );
        written
    }

    /// Adds a file to which nothing more comes.
    fn whole(&mut self, name: &str, pieces: &[&[u8]]) -> Result<(), Failure> {
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

/// Who sees the rows of a section as soon as they are written.
struct ShardWriter<'b> {
    tally: Tally<'b>,
    facts: LedgerFacts<'b>,
}

/// What is kept of a section's rows until it is their turn to be written.
#[derive(Default)]
struct ShardOutput {
    worded: FormattedRows,
    /// For each row of the ledger what it says for the chart of states, if there are charts.
    sights: Vec<Option<StateChange>>,
}

/// What is made of the rows of a run, section by section.
struct ResultPipeline<'b> {
    texts: BookTexts<'b>,
    clerks: Vec<ShardWriter<'b>>,
    states: Option<States<'b>>,
}

impl<'b> ResultPipeline<'b> {
    fn open_pipeline(
        run: &RunningReplay<'b>,
        grouping: &'b Grouping,
        asked: &RunRequest<'_>,
    ) -> Self {
        let book = run.book();
        let facts = run.parts().map(|accounts| grouping.facts_of(accounts));
        let (texts, tallies) = rayon::join(
            || BookTexts::texts_of_book(book),
            || Tally::open_parts(book, run.parts()),
        );
        Self {
            texts,
            clerks: tallies
                .into_iter()
                .zip(facts)
                .map(|(tally, facts)| ShardWriter { tally, facts })
                .collect(),
            states: asked.charts.then(|| States::states_over(book)),
        }
    }

    /// Replays the next days; false where no day is left.
    fn advance(
        &mut self,
        run: &mut RunningReplay<'_>,
        window: &mut Window<ShardOutput>,
    ) -> Result<bool, engine::Refusal> {
        let Self {
            texts,
            clerks,
            states,
        } = self;
        let has_charts = states.is_some();
        let goes_on = run.advance_with(window, clerks, |clerk, rows, kept| {
            texts.word(rows, &mut kept.worded);
            clerk
                .tally
                .tally_entries(rows.entries.iter(), rows.balances.iter());
            clerk.facts.collect_entries(rows.entries.iter());
            kept.sights.clear();
            kept.sights.extend(
                rows.entries
                    .iter()
                    .filter(|_| has_charts)
                    .map(States::sight),
            );
        })?;
        if let Some(states) = states {
            window.pieces().for_each(|piece| {
                states.count_changes(
                    piece.day,
                    piece.kept.sights.get(piece.entries).unwrap_or(&[]),
                )
            });
            window.last().into_iter().for_each(|last| states.pass(last));
        }
        Ok(goes_on)
    }

    /// Writes what the windows of a run came to: tables and charts; gives the answer and the number of charts.
    fn write_windows(
        self,
        run: &RunningReplay<'_>,
        asked: &RunRequest<'_>,
        writer: &mut Writer<'_>,
    ) -> Result<(RunAnswer, usize), Failure> {
        let book = run.book();
        let Self {
            texts,
            clerks,
            states,
        } = self;
        // Nothing is put into words any more, and a large book needs the memory.
        drop(texts);
        let clerk = clerks
            .into_iter()
            .reduce(ShardWriter::join)
            .expect("there is a clerk for what belongs to no account");
        let (summary, (spend, (monthly, spent))) = rayon::join(
            || clerk.tally.into_summary(),
            || {
                let tables = clerk.facts.into_tables();
                let by_account = || (monthly::monthly(book, &tables), demand::spent(&tables));
                rayon::join(|| monthly::spend(&tables), by_account)
            },
        );
        let demand = Demand::from_spent(
            book,
            spent,
            &Differing::accounts_that_differ(run),
            Detail::Accounts,
        );
        let losses = lost::losses(book, run.gone(), &summary.ended, book.days.from);
        writer.whole("monthly.csv", &[&monthly])?;
        writer.whole("demand.csv", &[&demand::demand_csv(book, &demand)])?;
        lost_csv::write_lost(book, &losses, |pieces| writer.append("lost.csv", pieces))?;
        writer.whole("spend.csv", &[&monthly::spend_csv(asked.by, &spend)])?;
        let pictures =
            states.map(|states| pictures::of_run(book, states, &summary, (asked.by, &spend)));
        let pictures = pictures.unwrap_or_default();
        for (name, bytes) in draw_pictures(&pictures)? {
            writer.whole(&name, &[&bytes])?;
        }
        Ok((
            RunAnswer {
                summary,
                demand,
                losses,
            },
            pictures.len(),
        ))
    }
}

impl ShardWriter<'_> {
    fn join(self, next: Self) -> Self {
        Self {
            tally: self.tally.join(next.tally),
            facts: self.facts.join(next.facts),
        }
    }
}

/// Replays and writes until nothing is left, each window while the one after it is replayed.
fn stream(
    run: &mut RunningReplay<'_>,
    office: &mut ResultPipeline<'_>,
    writer: &mut Writer<'_>,
    progress: &Progress,
) -> Result<(), Stop> {
    let (mut coming, mut present) = (Window::default(), Window::default());
    let mut sheets = PendingFiles::default();
    let mut goes_on = true;
    while goes_on {
        let write = || sheets.write_window(&present, writer);
        let (replayed, written) = rayon::join(|| office.advance(run, &mut coming), write);
        written.map_err(Stop::Write)?;
        goes_on = replayed.map_err(Stop::Replay)?;
        mem::swap(&mut coming, &mut present);
        if let Some(day) = present.last() {
            progress.reach(day);
        }
    }
    Ok(())
}

/// Files go to the system in pieces of about so many bytes, which stay in a processor's cache from being put together to
/// being hashed and written.
const PIECE: usize = 1 << 19;
/// So many rows are put together before their bytes are counted.
const ROWS: usize = 256;

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
                .extend_from_slice(kept.worded.balances(balances));
            for from in entries.clone().step_by(ROWS) {
                self.ledger
                    .add_rows(&kept.worded, from..entries.end.min(from + ROWS));
                self.pass_on(PIECE, writer)?;
            }
        }
        self.pass_on(0, writer)
    }

    /// Writes what has more than so many bytes.
    fn pass_on(&mut self, room: usize, writer: &mut Writer<'_>) -> Result<(), Failure> {
        if self.ledger.bytes().len() > room {
            writer.append(LEDGER, &[self.ledger.bytes()])?;
            self.ledger.clear();
        }
        if self.balances.len() > room {
            writer.append(BALANCES, &[&self.balances])?;
            self.balances.clear();
        }
        Ok(())
    }
}

/// Why a run does not reach its end.
enum Stop {
    Replay(engine::Refusal),
    Write(Failure),
}

impl Stop {
    fn into_failure(self, files: (&Folder, Option<&str>), book: &Book) -> Failure {
        match self {
            Self::Replay(refusal) => refused(files, book, refusal),
            Self::Write(failure) => failure,
        }
    }
}

/// The files of the charts, in both formats.
pub(super) fn draw_pictures(
    pictures: &[pictures::NamedChart],
) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    pictures::draw_all(pictures).map_err(|error| Failure::new(error.to_string(), "use --no-charts"))
}
