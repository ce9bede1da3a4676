//! The inputs of a result: their hashes, and what a replay of them writes.

use std::io::{BufRead, BufReader};

use super::findings::{Findings, shown};
use super::record::Record;
use super::sheet::Sheet;
use super::spend::{self, SPEND};
use super::{Inputs, Written};
use crate::book::Book;
use crate::diagnostic::{Code, Place};
use crate::engine::{self, Replay};
use crate::report::frame::Facts;
use crate::report::hash::hash;
use crate::report::{closing, csv, monthly};
use crate::selector::Column;
use crate::source;

/// The book of a run, if its files are those that the run read.
pub(super) fn read(inputs: &Inputs<'_>, record: &Record, found: &mut Findings) -> Option<Book> {
    let before = found.len();
    for (name, must) in &record.inputs {
        let file = inputs.shown(name);
        match inputs.folder.get(name).map(hash) {
            Some(is) if is == *must => {}
            Some(is) => {
                let message = format!("`{file}` has changed since the run: its SHA-256 is {is}, must be {must}");
                found.add_changed(&file, Code::ChangedInput, Place::of_file(&file), message);
            }
            None => {
                let message = format!("`{file}` is not there, must be: the run read it");
                found.add_changed(&file, Code::ChangedInput, Place::of_file(&file), message);
            }
        }
    }
    let read_today = source::FILES.iter().filter(|name| inputs.folder.get(name).is_some());
    for name in read_today.filter(|name| !record.inputs.contains_key(**name)) {
        let file = inputs.shown(name);
        let message = format!("`{file}` is there, must not be: the run did not read it");
        found.add_changed(&file, Code::ChangedInput, Place::of_file(&file), message);
    }
    if found.len() > before {
        return None;
    }
    let (book, problems) = source::read(inputs.folder, record.scenario.as_deref());
    if book.is_none() {
        for one in problems.iter() {
            let place = Place { file: inputs.shown(&one.place.file), ..one.place.clone() };
            found.add_read(one.code, place, (one.message.clone(), one.help.clone()));
        }
    }
    book
}

/// Replays the book and holds what that writes against the files, byte by byte.
pub(super) fn replay(book: &Book, (written, version): (&Written<'_>, &str), found: &mut Findings) {
    let Ok(Replay { ledger, closing }) = engine::replay(book) else {
        let message = "the inputs cannot be replayed by this version, which must write the same";
        return found
            .add(Code::OtherReplay, ("ledger.csv", &[]), || (Place::of_file("ledger.csv"), message.to_owned()));
    };
    let against = (written, version);
    compare(("ledger.csv", &csv::ledger(book, &ledger)), against, found);
    compare(("balances.csv", &csv::balances(book, &ledger)), against, found);
    for (name, bytes) in closing::files(&closing) {
        compare((&format!("closing/{name}"), &bytes), against, found);
    }
    let facts = Facts::of(book, &ledger);
    compare(("monthly.csv", &monthly::monthly(book, &facts)), against, found);
    if let Some((name, column)) = grouping(book, written, found) {
        let spend = monthly::spend(&facts.by_column(column));
        compare(("spend.csv", &monthly::spend_csv(&name, &spend)), against, found);
    }
}

/// The column that `spend.csv` is grouped by, as its first row says.
fn grouping(book: &Book, written: &Written<'_>, found: &mut Findings) -> Option<(String, Column)> {
    let mut sheet = Sheet::open(written, SPEND, found)?;
    let name = sheet.advance(found).then(|| String::from_utf8_lossy(sheet.cell(spend::COLUMN)).into_owned())?;
    let named = Column::NAMED.iter().find(|(known, _)| *known == name).map(|(_, column)| *column);
    let tag = || name.strip_prefix("tag:").and_then(|key| book.tag_keys.iter().position(|known| **known == *key));
    let column = named.or_else(|| tag().map(Column::Tag));
    if column.is_none() {
        found.add(Code::OtherReplay, (sheet.file, &[]), || {
            let message = format!("`column` is {}, must be a column of the inventory", shown(name.as_bytes()));
            (sheet.place(spend::COLUMN), message)
        });
    }
    column.map(|column| (name, column))
}

/// Reports the first line in which a file differs from what it must be.
fn compare((name, must): (&str, &[u8]), (written, version): (&Written<'_>, &str), found: &mut Findings) {
    let Some(file) = written.names.contains(name).then(|| written.open(name, found)).flatten() else { return };
    let mut file = BufReader::with_capacity(1 << 18, file);
    let mut lines = must.split_inclusive(|byte| *byte == b'\n');
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if let Err(error) = file.read_until(b'\n', &mut line) {
            return written.unreadable(name, &error, found);
        }
        let must = lines.next().unwrap_or(b"");
        if line == must {
            if line.is_empty() {
                return;
            }
            continue;
        }
        return found.add(Code::OtherReplay, (name, &[]), || {
            let place = Place::in_bytes(name, &line, difference(&line, must));
            let of_version = match version == env!("CARGO_PKG_VERSION") {
                true => String::new(),
                false => format!(" (written by version {version}, replayed by {})", env!("CARGO_PKG_VERSION")),
            };
            let must = match must {
                b"" => "no line".to_owned(),
                must => format!("`{}`", Place::in_bytes(name, must, difference(must, &line)).source),
            };
            let message = format!("a replay of the inputs writes another line, must be {must}{of_version}");
            (Place { line: number, ..place }, message)
        });
    }
}

/// The bytes of a line from the first that differs to the last.
fn difference(is: &[u8], must: &[u8]) -> std::ops::Range<usize> {
    let start = is.iter().zip(must).take_while(|(is, must)| is == must).count();
    let same_end = is[start..].iter().rev().zip(must[start.min(must.len())..].iter().rev());
    let end = is.len() - same_end.take_while(|(is, must)| is == must).count();
    start..end.max(start)
}
