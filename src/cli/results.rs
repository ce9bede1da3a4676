//! Everything that a run writes. While one window of days is replayed, the one before is put into words and the one
//! before that is written, so that memory holds a few windows and never the whole ledger.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::mem;
use std::path::Path;

use rayon::prelude::*;

use super::folder::Loaded;
use super::output::Staged;
use super::progress::Progress;
use super::{Failure, answer};
use crate::book::Book;
use crate::engine::{self, Run, Window};
use crate::report::chart::Format;
use crate::report::csv::{self, Texts};
use crate::report::frame::Facts;
use crate::report::hash::{Hasher, hash};
use crate::report::pages::Pages;
use crate::report::pictures::{self, States};
use crate::report::run_json::{Hashes, Record};
use crate::report::{closing, monthly};
use crate::selector::Column;
use crate::source::{self, Folder};
use crate::summary::{Summary, Tally};

const LEDGER: &str = "ledger.csv";
const BALANCES: &str = "balances.csv";

/// What the command line asks for.
pub(super) struct Asked<'a> {
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

/// Replays a book and writes its results into a folder.
pub(super) fn write(
    mut loaded: Loaded,
    scenario: Option<&str>,
    asked: &Asked<'_>,
    out: &Path,
) -> Result<Results, Failure> {
    let inputs = hash_inputs(&mut loaded.folder);
    let mut writer = Writer { staged: Staged::beside(out)?, hashes: BTreeMap::new() };
    writer.staged.replaces(&["charts"]);
    writer.append(LEDGER, &[csv::LEDGER_HEADER.as_bytes()])?;
    writer.append(BALANCES, &[csv::BALANCES_HEADER.as_bytes()])?;
    let book = &loaded.book;
    let mut run = engine::open(book);
    let mut folds = Folds::open(book, asked);
    stream(&mut run, &mut folds, &mut writer, &Progress::new(book.days))
        .map_err(|stop| stop.into_failure(&loaded, scenario))?;
    let ending = run.close();
    let (summary, charts) = folds.write(book, asked, &mut writer)?;
    let record = Record::of(inputs, (book, scenario), &summary);
    let answer = answer::render(book, &summary);
    // From here on the opening is needed no more; what takes most of the memory becomes the closing book.
    let closing = ending.into_book(loaded.book);
    closing::write(&closing, |name, pieces| writer.append(&format!("closing/{name}"), pieces))?;
    // A large book takes a while to let go, and so does the disk.
    let (written, ()) = rayon::join(|| writer.finish(record), || drop(closing));
    written?;
    Ok(Results { summary, answer, charts })
}

/// The hashes of the files of a book. What can be large and is never pointed at again is let go.
fn hash_inputs(folder: &mut Folder) -> Hashes {
    let files: Vec<(&str, &[u8])> = folder.iter().collect();
    let hashes = files.par_iter().map(|(name, bytes)| ((*name).to_owned(), hash(bytes))).collect();
    source::INVENTORY.iter().for_each(|name| folder.remove(name));
    hashes
}

/// Files in the making, and their hashes.
struct Writer {
    staged: Staged,
    hashes: BTreeMap<String, Hasher>,
}

impl Writer {
    /// Adds bytes to a file, and hashes them meanwhile.
    fn append(&mut self, name: &str, pieces: &[&[u8]]) -> Result<(), Failure> {
        let Self { staged, hashes } = self;
        let hasher = hashes.entry(name.to_owned()).or_default();
        let hash = || pieces.iter().for_each(|bytes| hasher.write_all(bytes).expect("a hash takes any bytes"));
        let (written, ()) = rayon::join(|| pieces.iter().try_for_each(|bytes| staged.append(name, bytes)), hash);
        written
    }

    /// Adds `run.json`, which names the hashes of all other files, and puts everything into place.
    fn finish(mut self, record: Record) -> Result<(), Failure> {
        let hashes = self.hashes.into_iter().map(|(name, hasher)| (name, hasher.hex())).collect();
        self.staged.append("run.json", &record.bytes(hashes))?;
        self.staged.commit()
    }
}

/// What is kept of the windows.
struct Folds<'b> {
    texts: Texts<'b>,
    rows: u64,
    tally: Tally<'b>,
    facts: Facts,
    states: Option<States<'b>>,
}

/// The files of a window in words.
#[derive(Default)]
struct Sheets {
    ledger: Pages,
    balances: Pages,
}

impl<'b> Folds<'b> {
    fn open(book: &'b Book, asked: &Asked<'_>) -> Self {
        Self {
            texts: Texts::of(book),
            rows: 0,
            tally: Tally::open(book),
            facts: Facts::open(book, asked.column),
            states: asked.charts.then(|| States::open(book)),
        }
    }

    fn add(&mut self, window: &Window, sheets: &mut Sheets) {
        let Self { texts, rows, tally, facts, states } = self;
        let ledger = || texts.ledger(*rows + 1, window.runs(), &mut sheets.ledger);
        let balances = || texts.balances(window.balance_runs(), &mut sheets.balances);
        let states = || states.iter_mut().for_each(|states| states.add(window));
        let sums = || rayon::join(|| facts.add(window.entries()), states);
        rayon::join(|| rayon::join(ledger, balances), || rayon::join(|| tally.add(window), sums));
        *rows += window.rows();
    }

    /// Writes what the windows came to: tables and charts; gives the summary and the number of charts.
    fn write(self, book: &Book, asked: &Asked<'_>, writer: &mut Writer) -> Result<(Summary, usize), Failure> {
        let (summary, tables) = (self.tally.close(), self.facts.close());
        let spend = monthly::spend(&tables);
        writer.append("monthly.csv", &[&monthly::monthly(book, &tables)])?;
        writer.append("spend.csv", &[&monthly::spend_csv(asked.by, &spend)])?;
        let pictures = self.states.map(|states| pictures::of_run(book, states, &summary, (asked.by, &spend)));
        let pictures = pictures.unwrap_or_default();
        for (name, bytes) in draw(&pictures)? {
            writer.append(&name, &[&bytes])?;
        }
        Ok((summary, pictures.len()))
    }
}

/// Replays, formats and writes until nothing is left, each a window behind the one before.
fn stream(run: &mut Run<'_>, folds: &mut Folds<'_>, writer: &mut Writer, progress: &Progress) -> Result<(), Stop> {
    let (mut coming, mut present) = (Window::default(), Window::default());
    let (mut sheets, mut past) = (Sheets::default(), Sheets::default());
    let mut idle_rounds = 0;
    while idle_rounds < 2 {
        let write = || {
            writer.append(LEDGER, &past.ledger.iter().collect::<Vec<_>>())?;
            writer.append(BALANCES, &past.balances.iter().collect::<Vec<_>>())
        };
        let format_and_write = || rayon::join(|| folds.add(&present, &mut sheets), write).1;
        let (replayed, written) = rayon::join(|| run.advance(&mut coming), format_and_write);
        written.map_err(Stop::Write)?;
        let goes_on = replayed.map_err(Stop::Replay)?;
        idle_rounds = if goes_on { 0 } else { idle_rounds + 1 };
        mem::swap(&mut coming, &mut present);
        mem::swap(&mut sheets, &mut past);
        if let Some(day) = present.last() {
            progress.reach(day);
        }
    }
    progress.finish();
    Ok(())
}

/// Why a run does not reach its end.
enum Stop {
    Replay(engine::Refusal),
    Write(Failure),
}

impl Stop {
    fn into_failure(self, loaded: &Loaded, scenario: Option<&str>) -> Failure {
        match self {
            Self::Replay(refusal) => loaded.refused(scenario, refusal),
            Self::Write(failure) => failure,
        }
    }
}

/// The files of the charts, in both formats.
pub(super) fn draw(pictures: &[pictures::Picture]) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let formats = [(Format::Svg, "svg"), (Format::Png, "png")];
    let files = pictures.par_iter().flat_map_iter(|picture| formats.map(|format| (picture, format)));
    let files = files.map(|(picture, (format, ending))| {
        let bytes = picture.draw(format).map_err(|error| Failure::new(error.to_string(), "use --no-charts"))?;
        Ok((format!("charts/{}.{ending}", picture.name), bytes))
    });
    files.collect()
}
