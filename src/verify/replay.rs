//! What a replay of the inputs writes, held against the files byte by byte while it goes on.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::record::{FILE, WrittenRecord};
use super::report::{self, ReportClaims};
use super::sheet::CheckedFile;
use super::spend::{COLUMN, SPEND};
use super::violations::{Violations, shown};
use super::{Earlier, Inputs, WrittenFiles};
use crate::analysis::demand::{Demand, Detail, Differing};
use crate::analysis::lost;
use crate::analysis::summary::{Summary, Tally};
use crate::analysis::tasks;
use crate::engine::{self, Refusal, RowSpan, Window};
use crate::input::diagnostic::{Code, Place};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::selector::Column;
use crate::output::csv::{BALANCES_HEADER, BookTexts, LEDGER_HEADER};
use crate::output::csv_buffers::CsvBuffers;
use crate::output::month::{self, Gather, LastMonth, MonthFacts, ReportPeriod, Sources};
use crate::output::monthly::SpendTable;
use crate::output::pictures::{self, States};
use crate::output::{
    self as made, closing, demand, lost as lost_csv, monthly, report_json, run_json,
};
use crate::tables::Grouping;

/// What was written, and by which files it says so.
pub(super) struct WrittenClaims<'s> {
    pub record: &'s WrittenRecord,
    pub report: Option<&'s ReportClaims>,
    pub inputs: &'s Inputs<'s>,
}

/// Replays the book and holds every file that `run.json` and `report/report.json` list, and these two, against what it
/// comes to.
pub(super) fn check_replay(
    book: &Book,
    (written, said): (&WrittenFiles<'_>, &WrittenClaims<'_>),
    found: &mut Violations,
) {
    let mut comparison = ReplayComparison {
        written,
        version: &said.record.version,
        files: BTreeMap::new(),
        found,
    };
    let by = grouping(book, said.record, &mut comparison);
    let month = said
        .report
        .map(|report| MonthReplay::start_month(book, (report, said.inputs.last), comparison.found));
    let is_whole = by.is_some() && month.as_ref().is_none_or(Option::is_some);
    let by = by.unwrap_or_else(Grouped::unknown);
    if run(book, (said, &by, month.flatten()), &mut comparison).is_err() {
        let message = "the inputs cannot be replayed by this version, which must write the same";
        let place = || (Place::of_file("ledger.csv"), message.to_owned());
        return comparison
            .found
            .report_violation(Code::OtherReplay, ("ledger.csv", &[]), place);
    }
    let read = said
        .inputs
        .folder
        .taken_over()
        .filter(|(name, _)| said.record.inputs.contains_key(*name));
    read.for_each(|(name, bytes)| comparison.compare_piece(&format!("closing/{name}"), bytes));
    if is_whole {
        comparison.refuse_others(said);
    }
    comparison.finish();
}

fn run(
    book: &Book,
    (said, by, month): (&WrittenClaims<'_>, &Grouped, Option<MonthReplay>),
    comparison: &mut ReplayComparison<'_, '_>,
) -> Result<(), Refusal> {
    let (texts, grouping) = (
        BookTexts::texts_of_book(book),
        Grouping::group_by(book, by.column),
    );
    let (mut facts, mut tally) = (grouping.facts(), Tally::for_book(book));
    let mut states = said.record.has_charts().then(|| States::states_over(book));
    let mut gather = month
        .as_ref()
        .map(|month| Gather::gather_period(book, month.period));
    let (mut window, mut pages) = (Window::default(), CsvBuffers::default());
    comparison.compare_piece("ledger.csv", LEDGER_HEADER.as_bytes());
    comparison.compare_piece("balances.csv", BALANCES_HEADER.as_bytes());
    let mut replay = engine::start(book);
    let mut seq = 1;
    while replay.advance(&mut window)? {
        texts.ledger(seq, window.runs(), &mut pages);
        pages
            .iter()
            .for_each(|bytes| comparison.compare_piece("ledger.csv", bytes));
        texts.balances(window.balance_runs(), &mut pages);
        pages
            .iter()
            .for_each(|bytes| comparison.compare_piece("balances.csv", bytes));
        facts.collect_entries(window.entries());
        tally.tally_entries(window.entries(), window.balances());
        states.iter_mut().for_each(|states| see(states, &window));
        gather
            .iter_mut()
            .for_each(|gather| gather.gather_window(&window));
        seq += window.rows();
    }
    let tables = facts.into_tables();
    let (summary, spend) = (tally.into_summary(), monthly::spend(&tables));
    for (name, bytes) in made::tasks::files(book, &tasks::list(book, &summary)) {
        comparison.compare_piece(name, &bytes);
    }
    comparison.compare_piece("monthly.csv", &monthly::monthly(book, &tables));
    let three_sums = Demand::from_spent(
        book,
        demand::spent(&tables),
        &Differing::accounts_that_differ(&replay),
        Detail::Accounts,
    );
    comparison.compare_piece("demand.csv", &demand::demand_csv(book, &three_sums));
    let losses = lost::losses(book, replay.gone(), &summary.ended(), book.days.from);
    lost_csv::write_lost(book, &losses, |pieces| {
        pieces
            .iter()
            .for_each(|bytes| comparison.compare_piece("lost.csv", bytes));
        Ok::<(), Refusal>(())
    })?;
    if !by.name.is_empty() {
        comparison.compare_piece(SPEND.0, &monthly::spend_csv(&by.name, &spend));
        states
            .into_iter()
            .for_each(|states| charts((book, states), &summary, (by, &spend), comparison));
    }
    let facts = gather.map(|gather| gather.into_facts(&replay));
    closing::write_closing(&replay.finish().into_book(book.clone()), |name, pieces| {
        pieces
            .iter()
            .for_each(|bytes| comparison.compare_piece(&format!("closing/{name}"), bytes));
        Ok::<(), Refusal>(())
    })?;
    if let (Some(month), Some(facts), Some(report)) = (month, facts, said.report) {
        month.check_month((book, said.record), (report, facts), comparison);
    }
    record(book, said.record, (&summary, &three_sums), comparison);
    Ok(())
}

fn see(states: &mut States<'_>, window: &Window) {
    for RowSpan {
        day, kept, entries, ..
    } in window.pieces()
    {
        let sights: Vec<_> = kept.entries[entries]
            .iter()
            .map(States::change_in)
            .collect();
        states.count_changes(day, &sights);
    }
    window.last().into_iter().for_each(|last| states.pass(last));
}

fn charts(
    (book, states): (&Book, States<'_>),
    summary: &Summary,
    (by, spend): (&Grouped, &SpendTable),
    comparison: &mut ReplayComparison<'_, '_>,
) {
    match pictures::draw_all(&pictures::of_run(book, states, summary, &by.name, spend)) {
        Ok(files) => files
            .iter()
            .for_each(|(name, bytes)| comparison.add_whole(name, bytes)),
        Err(error) => comparison
            .found
            .report_violation(Code::OtherReplay, (FILE, &[]), || {
                (
                    Place::of_file(FILE),
                    format!("the charts cannot be drawn anew: {error}"),
                )
            }),
    }
}

/// `run.json` names the hashes of all others, and so it is looked at where these are found to be right.
fn record(
    book: &Book,
    record: &WrittenRecord,
    (summary, three_sums): (&Summary, &Demand),
    comparison: &mut ReplayComparison<'_, '_>,
) {
    let anew = run_json::RunRecord::record_of_run(
        record.inputs.clone(),
        book,
        record.scenario.as_deref(),
        summary,
        three_sums,
    );
    let anew = anew.of_version(&record.version);
    let anew = match &record.by {
        Some(by) => anew.grouped_by(by),
        None => anew,
    };
    comparison.add_sealing(
        FILE,
        &anew.bytes(record.outputs.clone().unwrap_or_default()),
    );
}

/// The column by which spend is grouped.
struct Grouped {
    name: String,
    column: Column,
}

impl Grouped {
    fn unknown() -> Self {
        Self {
            name: String::new(),
            column: Column::Product,
        }
    }
}

/// The column by which spend is grouped, as `run.json` says; where it does not, as the first row of `spend.csv` does. None
/// where that is no column of the book.
fn grouping(
    book: &Book,
    record: &WrittenRecord,
    comparison: &mut ReplayComparison<'_, '_>,
) -> Option<Grouped> {
    let found = &mut *comparison.found;
    let must = |name: &str, key: &str| {
        format!(
            "`{key}` is {}, must be a column of the inventory",
            shown(name.as_bytes())
        )
    };
    let grouped = |name: &str| {
        Some(Grouped {
            name: name.to_owned(),
            column: book.column(name)?,
        })
    };
    if let Some(name) = &record.by {
        let by = grouped(name);
        if by.is_none() {
            found.report_violation(Code::OtherReplay, (FILE, &[]), || {
                (record.place_of_key("by"), must(name, "by"))
            });
        }
        return by;
    }
    let mut sheet = CheckedFile::open_checked(comparison.written, SPEND, found)?;
    if !sheet.advance(found) {
        return Some(Grouped::unknown());
    }
    let name = String::from_utf8_lossy(sheet.cell(COLUMN)).into_owned();
    let by = grouped(&name);
    if by.is_none() {
        found.report_violation(Code::OtherReplay, (sheet.file, &[]), || {
            (sheet.place_of_column(COLUMN), must(&name, "column"))
        });
    }
    by
}

/// What a report was asked for.
struct MonthReplay {
    period: ReportPeriod,
    columns: Vec<(Column, String)>,
    last: Option<LastMonth>,
}

impl MonthReplay {
    /// As `report/report.json` says; none where the report cannot be written anew, which is a finding.
    fn start_month(
        book: &Book,
        (report, last): (&ReportClaims, Option<&Earlier<'_>>),
        found: &mut Violations,
    ) -> Option<Self> {
        match Self::read_month(book, (report, last)) {
            Ok(month) => Some(month),
            Err((code, message)) => {
                found.report_violation(code, (report::FILE, &[]), || {
                    (
                        Place::of_file(report::FILE),
                        format!("not replayed: {message}"),
                    )
                });
                None
            }
        }
    }

    fn read_month(
        book: &Book,
        (report, last): (&ReportClaims, Option<&Earlier<'_>>),
    ) -> Result<Self, (Code, String)> {
        let month = Day::parse(&format!("{}-01", report.month)).ok();
        let period = month
            .and_then(|month| ReportPeriod::month_of_run(book.days, month))
            .ok_or_else(|| {
                let message = format!(
                    "`month` is {}, must be one of the run",
                    shown(report.month.as_bytes())
                );
                (Code::OtherReplay, message)
            })?;
        let by = report.by.as_ref().ok_or_else(|| {
            let message = "`by` is not there: the version that wrote the report did not say by which columns it sums";
            (Code::MissingValue, message.to_owned())
        })?;
        let column = |name: &String| {
            let message = || {
                format!(
                    "`by` is {}, must be a column of the inventory",
                    shown(name.as_bytes())
                )
            };
            Ok((
                book.column(name)
                    .ok_or_else(|| (Code::OtherReplay, message()))?,
                name.clone(),
            ))
        };
        let columns = by.iter().map(column).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            period,
            columns,
            last: earlier(report, last, &period)?,
        })
    }

    /// Writes the report anew.
    fn check_month(
        self,
        (book, record): (&Book, &WrittenRecord),
        (report, facts): (&ReportClaims, MonthFacts),
        comparison: &mut ReplayComparison<'_, '_>,
    ) {
        let sources = Sources {
            book,
            scenario: record.scenario.as_deref(),
            version: &report.version,
            inputs: &record.inputs,
            columns: self.columns,
            facts,
            last: self.last,
        };
        match report_json::files(&month::report(&sources), &sources) {
            Ok(files) => files
                .iter()
                .for_each(|(name, bytes)| match name == report::FILE {
                    true => comparison.add_sealing(name, bytes),
                    false => comparison.add_whole(name, bytes),
                }),
            Err(error) => {
                comparison
                    .found
                    .report_violation(Code::OtherReplay, (report::FILE, &[]), || {
                        (
                            Place::of_file(report::FILE),
                            format!("the workbook cannot be made anew: {error}"),
                        )
                    })
            }
        }
    }
}

/// The earlier result that a report was compared with: the one that is given must be it.
fn earlier(
    report: &ReportClaims,
    given: Option<&Earlier<'_>>,
    period: &ReportPeriod,
) -> Result<Option<LastMonth>, (Code, String)> {
    let wrong = |message: String| (Code::ChangedInput, message);
    let (must, last) = match (&report.last, given) {
        (None, None) => return Ok(None),
        (None, Some(_)) => {
            return Err(wrong(
                "the report was compared with no earlier result; leave out --last".to_owned(),
            ));
        }
        (Some(must), None) => {
            let (from, to) = (shown(must.from.as_bytes()), shown(must.to.as_bytes()));
            return Err(wrong(format!(
                "the report was compared with an earlier result, from {from} to {to}, which must be given again by --last"
            )));
        }
        (Some(must), Some(read)) => (must, read(period).map_err(wrong)?),
    };
    if last.ledger_hash() != must.ledger {
        let message = "the report was compared with another earlier result than --last: the SHA-256 of its ledger is";
        return Err(wrong(format!(
            "{message} {}, must be {}",
            shown(last.ledger_hash().as_bytes()),
            must.ledger
        )));
    }
    Ok(Some(last))
}

/// The files of the result that a replay writes too, each read as far as the replay has come.
struct ReplayComparison<'c, 'w> {
    written: &'c WrittenFiles<'w>,
    version: &'c str,
    files: BTreeMap<String, Option<LineReader<'w>>>,
    found: &'c mut Violations,
}

/// A file, line by line.
struct LineReader<'w> {
    file: BufReader<Box<dyn Read + 'w>>,
    /// The line that was read last, and its number.
    line: Vec<u8>,
    number: usize,
    /// What the replay has written of the next line.
    begun: Vec<u8>,
}

impl ReplayComparison<'_, '_> {
    /// Whether a file is there that a replay writes.
    fn begin(&mut self, name: &str) -> bool {
        let is_there = self.written.names.contains(name);
        if !is_there && !self.found.is_changed(name) {
            let message =
                format!("`{name}` is not there, must be: a replay of the inputs writes it");
            self.found
                .report_violation(Code::OtherReplay, (name, &[]), || {
                    (Place::of_file(name), message)
                });
        }
        is_there
    }

    /// Holds the next bytes of a replay against a file, up to the first line that differs.
    fn compare_piece(&mut self, name: &str, bytes: &[u8]) {
        if !self.files.contains_key(name) {
            let file = if self.begin(name) {
                self.written.open_file(name, self.found)
            } else {
                None
            };
            let lines = file.map(|file| {
                let file = BufReader::with_capacity(1 << 18, file);
                LineReader {
                    file,
                    line: Vec::new(),
                    number: 0,
                    begun: Vec::new(),
                }
            });
            self.files.insert(name.to_owned(), lines);
        }
        let Some(Some(lines)) = self.files.get_mut(name) else {
            return;
        };
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

    /// Holds a whole file against what is written anew. A text is told by its line, anything else by its byte.
    fn add_whole(&mut self, name: &str, bytes: &[u8]) {
        let is_text = !matches!(
            Path::new(name).extension().and_then(OsStr::to_str),
            Some("png" | "xlsx")
        );
        if is_text {
            self.compare_piece(name, bytes);
            return self.end(name);
        }
        let is = if self.begin(name) {
            self.written.bytes(name, self.found)
        } else {
            None
        };
        self.files.insert(name.to_owned(), None);
        let Some(is) = is.filter(|is| is != bytes) else {
            return;
        };
        let at = is
            .iter()
            .zip(bytes)
            .take_while(|(is, must)| is == must)
            .count()
            + 1;
        let (has, must) = (is.len(), bytes.len());
        let of_version = self.of_version();
        let sizes = if has == must {
            String::new()
        } else {
            format!("; it has {has} bytes, must have {must}")
        };
        self.found
            .report_violation(Code::OtherReplay, (name, &[]), || {
                let message = format!(
                    "a replay of the inputs writes other bytes from byte {at} on{sizes}{of_version}"
                );
                (Place::of_file(name), message)
            });
    }

    /// A file that has the hashes of others: it is looked at only where nothing was found so far, in them or elsewhere.
    fn add_sealing(&mut self, name: &str, bytes: &[u8]) {
        if self.found.len() == 0 {
            self.compare_piece(name, bytes);
            return self.end(name);
        }
        self.files.insert(name.to_owned(), None);
    }

    /// Finds what is listed, and what no replay writes.
    fn refuse_others(&mut self, said: &WrittenClaims<'_>) {
        let of_run = said.record.outputs.iter().flatten();
        let of_report = said.report.into_iter().flat_map(|report| &report.outputs);
        for (name, _) in of_run
            .chain(of_report)
            .filter(|(name, _)| !self.files.contains_key(*name))
        {
            let message =
                format!("`{name}` is there, must not be: a replay of the inputs does not write it");
            self.found
                .report_violation(Code::OtherReplay, (name, &[]), || {
                    (Place::of_file(name), message)
                });
        }
    }

    /// What is said besides where another version wrote the files.
    fn of_version(&self) -> String {
        match self.version == env!("CARGO_PKG_VERSION") {
            true => String::new(),
            false => format!(
                " (written by version {}, replayed by {})",
                self.version,
                env!("CARGO_PKG_VERSION")
            ),
        }
    }

    /// Ends every file: a replay that has come to its end writes no line more.
    fn finish(mut self) {
        for name in self.files.keys().cloned().collect::<Vec<_>>() {
            self.end(&name);
        }
    }

    /// Ends a file: nothing more comes to it.
    fn end(&mut self, name: &str) {
        let Some(Some(lines)) = self.files.get_mut(name) else {
            return;
        };
        let must = std::mem::take(&mut lines.begun);
        if !lines.goes_on(&must) {
            self.differs(name, &must);
        }
    }

    /// Reports the line at which a file differs, and looks no further into it.
    fn differs(&mut self, name: &str, must: &[u8]) {
        let Some(Some(lines)) = self.files.insert(name.to_owned(), None) else {
            return;
        };
        let of_version = self.of_version();
        self.found
            .report_violation(Code::OtherReplay, (name, &[]), || {
                let (line, number) = (&lines.line, lines.number);
                let place = Place::in_bytes(name, line, difference(line, must));
                let must = match must {
                    b"" => "no line".to_owned(),
                    must => format!(
                        "`{}`",
                        Place::in_bytes(name, must, difference(must, line)).source
                    ),
                };
                let message = format!(
                    "a replay of the inputs writes another line, must be {must}{of_version}"
                );
                (
                    Place {
                        line: number,
                        ..place
                    },
                    message,
                )
            });
    }
}

impl LineReader<'_> {
    /// Reads the next line; whether it is the one that it must be. What cannot be read is none.
    fn goes_on(&mut self, must: &[u8]) -> bool {
        self.line.clear();
        self.number += 1;
        self.file.read_until(b'\n', &mut self.line).is_ok() && self.line == must
    }
}

/// The bytes of a line from the first that differs to the last.
fn difference(is: &[u8], must: &[u8]) -> std::ops::Range<usize> {
    let start = is
        .iter()
        .zip(must)
        .take_while(|(is, must)| is == must)
        .count();
    let same_end = is[start..]
        .iter()
        .rev()
        .zip(must[start.min(must.len())..].iter().rev());
    let end = is.len() - same_end.take_while(|(is, must)| is == must).count();
    start..end.max(start)
}
