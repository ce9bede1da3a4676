//! What a replay of the inputs writes, held against the files of a result and of the report beside it. It writes nothing.

use super::comparison::ReplayComparison;
use super::record::{FILE, WrittenRecord};
use super::report::{self, ReportClaims};
use super::sheet::CheckedFile;
use super::spend::{COLUMN, SPEND};
use super::violations::{Violation, Violations, mismatch, shown};
use super::{Inputs, WrittenFiles};
use crate::analysis::demand::{Demand, Detail, Differing};
use crate::analysis::lost;
use crate::analysis::summary::{Summary, Tally};
use crate::analysis::tasks;
use crate::engine::{self, Refusal, RowSpan, RunningReplay, Window};
use crate::input::diagnostic::Code;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::selector::Column;
use crate::output::csv::{BALANCES_HEADER, BookTexts, LEDGER_HEADER};
use crate::output::csv_buffers::CsvBuffers;
use crate::output::month::{self, Gather, LastMonth, MonthFacts, ReportPeriod, Sources};
use crate::output::pictures::{self, States};
use crate::output::{
    self as made, closing, demand, lost as lost_csv, monthly, report_json, run_json,
};
use crate::tables::{Grouping, Tables};

/// What was written, and by which files it says so.
pub(super) struct WrittenClaims<'s, 'w> {
    pub written: &'s WrittenFiles<'w>,
    pub record: &'s WrittenRecord,
    pub report: Option<&'s ReportClaims>,
    pub inputs: &'s Inputs<'s>,
}

/// Replays the book and holds every file that `run.json` and `report/report.json` list, and these two, against what it
/// comes to.
pub(super) fn check_replay(book: &Book, claims: &WrittenClaims<'_, '_>, found: &mut Violations) {
    let record = claims.record;
    let by = written_column(book, claims, found);
    let month = match claims.report {
        Some(report) => MonthReplay::start_month(book, report, claims.inputs, found),
        None => None,
    };
    let is_whole = by.is_some() && month.is_some() == claims.report.is_some();
    let by = by.unwrap_or_else(GroupedBy::unknown);
    let mut comparison = ReplayComparison::start_comparison(claims.written, &record.version, found);
    if compare_replay(book, claims, &by, month, &mut comparison).is_err() {
        let message = "this version cannot replay the inputs, and must write the same";
        return found.report_file(Code::OtherReplay, "ledger.csv", message);
    }
    for (name, bytes) in claims.inputs.folder.taken_over() {
        if record.inputs.contains_key(name) {
            comparison.compare_piece(&format!("closing/{name}"), bytes);
        }
    }
    if is_whole {
        let of_report = claims
            .report
            .into_iter()
            .flat_map(|report| report.outputs.keys());
        let of_run = record.outputs.iter().flat_map(|outputs| outputs.keys());
        comparison.refuse_others(of_run.chain(of_report));
    }
    comparison.finish();
}

/// Replays the book, and compares what each file is made of in the order in which it comes.
fn compare_replay(
    book: &Book,
    claims: &WrittenClaims<'_, '_>,
    by: &GroupedBy,
    month: Option<MonthReplay>,
    comparison: &mut ReplayComparison<'_, '_>,
) -> Result<(), Refusal> {
    let grouping = Grouping::group_by(book, by.column);
    let mut folds = ReplayFolds {
        states: claims
            .record
            .has_charts()
            .then(|| States::states_over(book)),
        gather: month
            .as_ref()
            .map(|month| Gather::gather_period(book, month.period)),
        tally: Tally::for_book(book),
    };
    let mut replay = engine::start(book);
    let tables = compare_rows(&mut replay, &grouping, &mut folds, comparison)?;
    let ReplayFolds {
        states,
        gather,
        tally,
    } = folds;
    let summary = tally.into_summary();
    for (name, bytes) in made::tasks::files(book, &tasks::list(book, &summary)) {
        comparison.compare_piece(name, &bytes);
    }
    comparison.compare_piece("monthly.csv", &monthly::monthly(book, &tables));
    let differing = Differing::accounts_that_differ(&replay);
    let sums = Demand::from_spent(book, demand::spent(&tables), &differing, Detail::Accounts);
    comparison.compare_piece("demand.csv", &demand::demand_csv(book, &sums));
    let losses = lost::losses(book, replay.gone(), &summary.ended, book.days.from);
    lost_csv::write_lost(book, &losses, |pieces| {
        comparison.compare_pieces("lost.csv", pieces.iter().copied());
        Ok::<(), Refusal>(())
    })?;
    if !by.name.is_empty() {
        let spend = monthly::spend(&tables);
        comparison.compare_piece(SPEND.file, &monthly::spend_csv(&by.name, &spend));
        if let Some(states) = states {
            let charts = pictures::of_run(book, states, &summary, (&by.name, &spend));
            compare_charts(&charts, comparison);
        }
    }
    let facts = gather.map(|gather| gather.into_facts(&replay));
    closing::write_closing(&replay.finish().into_book(book.clone()), |name, pieces| {
        comparison.compare_pieces(&format!("closing/{name}"), pieces.iter().copied());
        Ok::<(), Refusal>(())
    })?;
    if let (Some(month), Some(facts), Some(report)) = (month, facts, claims.report) {
        month.compare_report(book, claims.record, report, facts, comparison);
    }
    compare_record(book, claims.record, &summary, &sums, comparison);
    Ok(())
}

/// What is folded over the rows of a replay besides its tables.
struct ReplayFolds<'b> {
    states: Option<States<'b>>,
    gather: Option<Gather<'b>>,
    tally: Tally<'b>,
}

/// Replays all days, and holds `ledger.csv` and `balances.csv` against them.
fn compare_rows<'g>(
    replay: &mut RunningReplay<'_>,
    grouping: &'g Grouping,
    folds: &mut ReplayFolds<'_>,
    comparison: &mut ReplayComparison<'_, '_>,
) -> Result<Tables<'g>, Refusal> {
    let texts = BookTexts::texts_of_book(replay.book());
    let mut facts = grouping.facts();
    let (mut window, mut buffers) = (Window::default(), CsvBuffers::default());
    comparison.compare_piece("ledger.csv", LEDGER_HEADER.as_bytes());
    comparison.compare_piece("balances.csv", BALANCES_HEADER.as_bytes());
    let mut seq = 1;
    while replay.advance(&mut window)? {
        texts.ledger(seq, window.runs(), &mut buffers);
        comparison.compare_pieces("ledger.csv", buffers.iter());
        texts.balances(window.balance_runs(), &mut buffers);
        comparison.compare_pieces("balances.csv", buffers.iter());
        facts.collect_entries(window.entries());
        folds
            .tally
            .tally_entries(window.entries(), window.balances());
        if let Some(states) = &mut folds.states {
            count_states(states, &window);
        }
        if let Some(gather) = &mut folds.gather {
            gather.gather_window(&window);
        }
        seq += window.rows();
    }
    Ok(facts.into_tables())
}

fn count_states(states: &mut States<'_>, window: &Window) {
    for RowSpan {
        day, kept, entries, ..
    } in window.pieces()
    {
        let changes: Vec<_> = kept.entries[entries].iter().map(States::sight).collect();
        states.count_changes(day, &changes);
    }
    if let Some(last) = window.last() {
        states.pass(last);
    }
}

fn compare_charts(charts: &[pictures::NamedChart], comparison: &mut ReplayComparison<'_, '_>) {
    match pictures::draw_all(charts) {
        Ok(files) => {
            for (name, bytes) in files {
                comparison.compare_whole(&name, &bytes);
            }
        }
        Err(error) => {
            let message = format!("the charts cannot be drawn anew: {error}");
            comparison
                .found
                .report_file(Code::OtherReplay, FILE, message);
        }
    }
}

/// `run.json` names the hashes of all others, and so it is looked at where these are found to be right.
fn compare_record(
    book: &Book,
    record: &WrittenRecord,
    summary: &Summary,
    sums: &Demand,
    comparison: &mut ReplayComparison<'_, '_>,
) {
    let run = (book, record.scenario.as_deref());
    let mut anew = run_json::RunRecord::record_of_run(record.inputs.clone(), run, (summary, sums))
        .of_version(&record.version);
    if let Some(by) = &record.by {
        anew = anew.grouped_by(by);
    }
    let outputs = record.outputs.clone().unwrap_or_default();
    comparison.compare_sealing(FILE, &anew.bytes(outputs));
}

/// The column by which spend is grouped; its name is empty where the files do not tell.
struct GroupedBy {
    name: String,
    column: Column,
}

impl GroupedBy {
    fn unknown() -> Self {
        Self {
            name: String::new(),
            column: Column::Product,
        }
    }
}

const A_COLUMN: &str = "a column of the inventory";

/// The column by which spend is grouped, as `run.json` says; where it does not, as the first row of `spend.csv` does. None
/// where the book has no such column.
fn written_column(
    book: &Book,
    claims: &WrittenClaims<'_, '_>,
    found: &mut Violations,
) -> Option<GroupedBy> {
    let record = claims.record;
    if let Some(name) = &record.by {
        let column = book.column(name);
        if column.is_none() {
            let message = mismatch("by", A_COLUMN, shown(name.as_bytes()));
            found.report(Code::OtherReplay, FILE, &[], || {
                (record.place_of_key("by"), message)
            });
        }
        return Some(GroupedBy {
            name: name.clone(),
            column: column?,
        });
    }
    let mut sheet = CheckedFile::open_checked(claims.written, &SPEND, found)?;
    if !sheet.advance(found) {
        return Some(GroupedBy::unknown());
    }
    let name = String::from_utf8_lossy(sheet.cell(COLUMN)).into_owned();
    let column = book.column(&name);
    if column.is_none() {
        sheet.report(
            Violation::expected(Code::OtherReplay, COLUMN, A_COLUMN),
            found,
        );
    }
    Some(GroupedBy {
        name,
        column: column?,
    })
}

/// What a report was asked for.
struct MonthReplay {
    period: ReportPeriod,
    columns: Vec<(Column, String)>,
    last: Option<LastMonth>,
}

/// Why a report cannot be written anew.
struct NotReplayed {
    code: Code,
    message: String,
}

impl MonthReplay {
    /// As `report/report.json` says; none where the report cannot be written anew, which is reported.
    fn start_month(
        book: &Book,
        report: &ReportClaims,
        inputs: &Inputs<'_>,
        found: &mut Violations,
    ) -> Option<Self> {
        Self::read_month(book, report, inputs)
            .inspect_err(|NotReplayed { code, message }| {
                found.report_file(*code, report::FILE, format!("not replayed: {message}"));
            })
            .ok()
    }

    fn read_month(
        book: &Book,
        report: &ReportClaims,
        inputs: &Inputs<'_>,
    ) -> Result<Self, NotReplayed> {
        let month = Day::parse(&format!("{}-01", report.month)).ok();
        let period = month.and_then(|month| ReportPeriod::month_of_run(book.days, month));
        let period = period.ok_or_else(|| {
            let message = mismatch(
                "month",
                "a month of the run",
                shown(report.month.as_bytes()),
            );
            NotReplayed {
                code: Code::OtherReplay,
                message,
            }
        })?;
        let by = report.by.as_ref().ok_or_else(|| NotReplayed {
            code: Code::MissingValue,
            message: "missing `by`: the version that wrote the report did not say by which columns it sums".to_owned(),
        })?;
        let mut columns = Vec::new();
        for name in by {
            let column = book.column(name).ok_or_else(|| NotReplayed {
                code: Code::OtherReplay,
                message: mismatch("by", A_COLUMN, shown(name.as_bytes())),
            })?;
            columns.push((column, name.clone()));
        }
        let last = earlier_result(report, inputs, &period).map_err(|message| NotReplayed {
            code: Code::ChangedInput,
            message,
        })?;
        Ok(Self {
            period,
            columns,
            last,
        })
    }

    /// Writes the report anew.
    fn compare_report(
        self,
        book: &Book,
        record: &WrittenRecord,
        report: &ReportClaims,
        facts: MonthFacts,
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
        let files = match report_json::files(&month::report(&sources), &sources) {
            Ok(files) => files,
            Err(error) => {
                let message = format!("the workbook cannot be made anew: {error}");
                return comparison
                    .found
                    .report_file(Code::OtherReplay, report::FILE, message);
            }
        };
        for (name, bytes) in files {
            match name == report::FILE {
                true => comparison.compare_sealing(&name, &bytes),
                false => comparison.compare_whole(&name, &bytes),
            }
        }
    }
}

/// The earlier result that a report was compared with: the one that is given must be it.
fn earlier_result(
    report: &ReportClaims,
    inputs: &Inputs<'_>,
    period: &ReportPeriod,
) -> Result<Option<LastMonth>, String> {
    let (claimed, read) = match (&report.last, inputs.last) {
        (None, None) => return Ok(None),
        (None, Some(_)) => {
            return Err(
                "the report was compared with no earlier result; leave out --last".to_owned(),
            );
        }
        (Some(claimed), None) => {
            let [from, to] = [&claimed.from, &claimed.to].map(|day| shown(day.as_bytes()));
            return Err(format!(
                "the report was compared with an earlier result, from {from} to {to}, which must be given again by --last"
            ));
        }
        (Some(claimed), Some(read)) => (claimed, read),
    };
    let last = read(period)?;
    if last.ledger_hash() == claimed.ledger {
        return Ok(Some(last));
    }
    Err(format!(
        "the report was compared with another earlier result than --last: expected SHA-256 {} of its ledger, found {}",
        claimed.ledger,
        shown(last.ledger_hash().as_bytes())
    ))
}
