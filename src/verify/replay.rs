//! What a replay of the inputs writes, held against the files byte by byte while it goes on.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

use super::Written;
use super::findings::{Findings, shown};
use super::record::Record;
use super::sheet::Sheet;
use super::spend::{COLUMN, SPEND};
use crate::book::Book;
use crate::demand::{Demand, Detail, Differing};
use crate::diagnostic::{Code, Place};
use crate::engine::{self, Refusal, Window};
use crate::lost;
use crate::report::csv::{BALANCES_HEADER, LEDGER_HEADER, Texts};
use crate::report::frame::Grouping;
use crate::report::pages::Pages;
use crate::report::{self, closing, demand, lost as lost_csv, monthly};
use crate::selector::Column;
use crate::source::Folder;
use crate::summary::Tally;
use crate::tasks;

/// Replays the book that was read from these files; `record` is that of the run that wrote the result.
pub(super) fn check(
    (book, inputs): (&Book, &Folder),
    (written, record): (&Written<'_>, &Record),
    found: &mut Findings,
) {
    let mut comparison = Comparison { written, version: &record.version, files: BTreeMap::new(), found };
    let grouping = grouping(book, &mut comparison);
    if run(book, grouping, &mut comparison).is_err() {
        let message = "the inputs cannot be replayed by this version, which must write the same";
        let place = || (Place::of_file("ledger.csv"), message.to_owned());
        return comparison.found.add(Code::OtherReplay, ("ledger.csv", &[]), place);
    }
    let read = inputs.taken_over().filter(|(name, _)| record.inputs.contains_key(*name));
    read.for_each(|(name, bytes)| comparison.add(&format!("closing/{name}"), bytes));
    comparison.finish();
}

fn run(book: &Book, grouping: Option<(String, Column)>, comparison: &mut Comparison<'_, '_>) -> Result<(), Refusal> {
    let (by, column) = grouping.unwrap_or_else(|| (String::new(), Column::Product));
    let (texts, grouping) = (Texts::of(book), Grouping::of(book, column));
    let (mut facts, mut tally) = (grouping.facts(), Tally::open(book));
    let (mut window, mut pages) = (Window::default(), Pages::default());
    comparison.add("ledger.csv", LEDGER_HEADER.as_bytes());
    comparison.add("balances.csv", BALANCES_HEADER.as_bytes());
    let mut replay = engine::open(book);
    let mut seq = 1;
    while replay.advance(&mut window)? {
        texts.ledger(seq, window.runs(), &mut pages);
        pages.iter().for_each(|bytes| comparison.add("ledger.csv", bytes));
        texts.balances(window.balance_runs(), &mut pages);
        pages.iter().for_each(|bytes| comparison.add("balances.csv", bytes));
        facts.add(window.entries());
        tally.add(window.entries(), window.balances());
        seq += window.rows();
    }
    let summary = tally.close();
    for (name, bytes) in report::tasks::files(book, &tasks::list(book, &summary)) {
        // Older results have none; where it was taken away, the list of outputs says so.
        if comparison.written.names.contains(name) {
            comparison.add(name, &bytes);
        }
    }
    let tables = facts.close();
    comparison.add("monthly.csv", &monthly::monthly(book, &tables));
    let three_sums = Demand::of(book, demand::spent(&tables), &Differing::of(&replay), Detail::Accounts);
    comparison.add("demand.csv", &demand::demand_csv(book, &three_sums));
    let losses = lost::losses(book, replay.gone(), &summary.ended(), book.days.from);
    lost_csv::write(book, &losses, |pieces| {
        pieces.iter().for_each(|bytes| comparison.add("lost.csv", bytes));
        Ok::<(), Refusal>(())
    })?;
    if !by.is_empty() {
        comparison.add(SPEND.0, &monthly::spend_csv(&by, &monthly::spend(&tables)));
    }
    closing::write(&replay.close().into_book(book.clone()), |name, pieces| {
        pieces.iter().for_each(|bytes| comparison.add(&format!("closing/{name}"), bytes));
        Ok::<(), Refusal>(())
    })
}

/// The column that `spend.csv` is grouped by, as its first row says; none where it has no row.
fn grouping(book: &Book, comparison: &mut Comparison<'_, '_>) -> Option<(String, Column)> {
    let found = &mut *comparison.found;
    let mut sheet = Sheet::open(comparison.written, SPEND, found)?;
    let name = sheet.advance(found).then(|| String::from_utf8_lossy(sheet.cell(COLUMN)).into_owned())?;
    let named = Column::NAMED.iter().find(|(known, _)| *known == name).map(|(_, column)| *column);
    let tag = || name.strip_prefix("tag:").and_then(|key| book.tag_keys.iter().position(|known| **known == *key));
    let column = named.or_else(|| tag().map(Column::Tag));
    if column.is_none() {
        found.add(Code::OtherReplay, (sheet.file, &[]), || {
            let message = format!("`column` is {}, must be a column of the inventory", shown(name.as_bytes()));
            (sheet.place(COLUMN), message)
        });
    }
    column.map(|column| (name, column))
}

/// The files of the result that a replay writes too, each read as far as the replay has come.
struct Comparison<'c, 'w> {
    written: &'c Written<'w>,
    version: &'c str,
    files: BTreeMap<String, Option<Lines<'w>>>,
    found: &'c mut Findings,
}

/// A file, line by line.
struct Lines<'w> {
    file: BufReader<Box<dyn Read + 'w>>,
    /// The line that was read last, and its number.
    line: Vec<u8>,
    number: usize,
    /// What the replay has written of the next line.
    begun: Vec<u8>,
}

impl Comparison<'_, '_> {
    /// Holds the next bytes of a replay against a file, up to the first line that differs.
    fn add(&mut self, name: &str, bytes: &[u8]) {
        if !self.files.contains_key(name) {
            let is_there = self.written.names.contains(name);
            if !is_there && !self.found.is_changed(name) {
                let message = format!("`{name}` is not there, must be: a replay of the inputs writes it");
                self.found.add(Code::OtherReplay, (name, &[]), || (Place::of_file(name), message));
            }
            let file = is_there.then(|| self.written.open(name, self.found)).flatten();
            let lines = file.map(|file| {
                let file = BufReader::with_capacity(1 << 18, file);
                Lines { file, line: Vec::new(), number: 0, begun: Vec::new() }
            });
            self.files.insert(name.to_owned(), lines);
        }
        let Some(Some(lines)) = self.files.get_mut(name) else { return };
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let is_whole = piece.ends_with(b"\n");
            if !is_whole || !lines.begun.is_empty() {
                lines.begun.extend_from_slice(piece);
            }
            if !is_whole {
                return;
            }
            let begun = std::mem::take(&mut lines.begun);
            let must = if begun.is_empty() { piece } else { &begun };
            if !lines.goes_on(must) {
                return self.differs(name, must);
            }
        }
    }

    /// Ends every file: a replay that has come to its end writes no line more.
    fn finish(mut self) {
        for name in self.files.keys().cloned().collect::<Vec<_>>() {
            let Some(Some(lines)) = self.files.get_mut(&name) else { continue };
            let must = std::mem::take(&mut lines.begun);
            if !lines.goes_on(&must) {
                self.differs(&name, &must);
            }
        }
    }

    /// Reports the line at which a file differs, and looks no further into it.
    fn differs(&mut self, name: &str, must: &[u8]) {
        let Some(Some(lines)) = self.files.insert(name.to_owned(), None) else { return };
        let version = self.version;
        self.found.add(Code::OtherReplay, (name, &[]), || {
            let (line, number) = (&lines.line, lines.number);
            let place = Place::in_bytes(name, line, difference(line, must));
            let of_version = match version == env!("CARGO_PKG_VERSION") {
                true => String::new(),
                false => format!(" (written by version {version}, replayed by {})", env!("CARGO_PKG_VERSION")),
            };
            let must = match must {
                b"" => "no line".to_owned(),
                must => format!("`{}`", Place::in_bytes(name, must, difference(must, line)).source),
            };
            let message = format!("a replay of the inputs writes another line, must be {must}{of_version}");
            (Place { line: number, ..place }, message)
        });
    }
}

impl Lines<'_> {
    /// Reads the next line; whether it is the one that it must be. What cannot be read is none.
    fn goes_on(&mut self, must: &[u8]) -> bool {
        self.line.clear();
        self.number += 1;
        self.file.read_until(b'\n', &mut self.line).is_ok() && self.line == must
    }
}

/// The bytes of a line from the first that differs to the last.
fn difference(is: &[u8], must: &[u8]) -> std::ops::Range<usize> {
    let start = is.iter().zip(must).take_while(|(is, must)| is == must).count();
    let same_end = is[start..].iter().rev().zip(must[start.min(must.len())..].iter().rev());
    let end = is.len() - same_end.take_while(|(is, must)| is == must).count();
    start..end.max(start)
}
