//! Proves a written result: no byte has changed since the run wrote it, and what it says holds together.
//!
//! ```text
//! run.json ── its digest ──▶ the hashes of all files
//! ledger.csv ── row by row, with balances, months and demand ──▶ spend.csv, closing/, the counts of run.json
//! the book, if it is given ── hashes, then a replay ──▶ every file of the run and of the report beside it, byte by byte
//! ```
//!
//! The checks of rows share no code with the engine but the table of moves. Nothing here opens a file: [`WrittenFiles`] is names
//! and a way to open them. Memory grows with accounts and instances, not with rows; only a replay holds what a run holds.

mod balances;
mod bounded;
mod closing;
mod comparison;
mod demand;
mod funds;
mod hashes;
mod instance_history;
mod ledger;
mod monthly;
mod names;
mod origin;
mod record;
mod replay;
mod report;
mod row;
mod rules;
mod sheet;
mod spend;
mod violations;

use std::collections::BTreeSet;
use std::io::{self, Read};

use crate::input::Folder;
use crate::input::diagnostic::{Code, Diagnostics};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::output::month::{LastMonth, ReportPeriod};
use balances::{AccountNumbers, BALANCES, Balances};
use bounded::Bounded;
use closing::Closing;
use demand::DEMAND;
pub use hashes::is_name_of_result;
use ledger::Audit;
use monthly::{MONTHLY, Months};
use record::WrittenRecord;
use row::LEDGER;
use sheet::CheckedFile;
use spend::SPEND;
use violations::Violations;

/// The files of a result, as the command line finds them.
pub struct WrittenFiles<'w> {
    /// Their names relative to the result, such as `closing/book.toml`.
    pub names: BTreeSet<String>,
    /// Those of them that are reached by a symbolic link, theirs or their folder's.
    pub links: BTreeSet<String>,
    /// Opens one of them; an error where it is no plain file.
    pub open: &'w dyn Fn(&str) -> io::Result<Box<dyn Read + 'w>>,
}

/// The book that a result is said to be of.
pub struct Inputs<'i> {
    /// Its files.
    pub folder: &'i Folder,
    /// What stands before their names in violations.
    pub shown_as: &'i str,
    /// The earlier result that the report beside the run compares with, if one is given.
    pub last: Option<&'i Earlier<'i>>,
}

/// Reads what an earlier result says of a month, or tells why it cannot be read.
pub type Earlier<'e> = dyn Fn(&ReportPeriod) -> Result<LastMonth, String> + 'e;

/// What was found, and what was looked at.
#[derive(Clone, Debug, Default)]
pub struct Proof {
    /// Everything that does not hold; nothing where the result is proven.
    pub findings: Diagnostics,
    /// Files that have not changed, `run.json` included.
    pub files: usize,
    /// Rows of the ledger.
    pub rows: u64,
    /// Accounts of the ledger.
    pub accounts: usize,
    /// Instances of the ledger and of the closing book.
    pub instances: usize,
    /// The inputs that have not changed, where a book was given; its replay writes all the files anew.
    pub inputs: Option<usize>,
    /// Whether the run drew charts.
    pub has_charts: bool,
    /// Whether there is a report beside the run.
    pub has_report: bool,
    /// Files that no run and no report wrote, and whose names neither uses.
    pub foreign: Vec<String>,
}

impl Proof {
    /// Whether everything holds.
    pub fn holds(&self) -> bool {
        self.findings.errors() + self.findings.warnings() == 0
    }

    /// Whether a file could not be read at all.
    pub fn is_unreadable(&self) -> bool {
        self.findings.iter().any(|one| one.code == Code::Unreadable)
    }
}

/// The days of a run, as far as they are known.
#[derive(Clone, Copy, Default)]
struct KnownDays {
    from: Option<Day>,
    to: Option<Day>,
}

/// What a ledger is held against, where it is known.
struct KnownInputs<'b> {
    days: KnownDays,
    closing: Option<&'b Book>,
    opening: Option<&'b Book>,
}

/// Reads a result, and its inputs if they are given, and finds everything that does not hold.
pub fn verify(written: &WrittenFiles<'_>, inputs: Option<&Inputs<'_>>) -> Proof {
    let mut found = Violations::default();
    hashes::refuse_links(written, &mut found);
    let record = WrittenRecord::read_record_file(written, &mut found);
    let hashes = hashes::check_hashes(written, record.as_ref(), &mut found);
    let proven = record.as_ref().filter(|_| !found.is_changed(record::FILE));
    let opening = proven
        .zip(inputs)
        .and_then(|(record, inputs)| origin::read_inputs(inputs, record, &mut found));
    let closing = Closing::read_closing(written, &mut found);
    let unchanged = closing
        .as_ref()
        .filter(|_| !found.is_changed(closing::FOLDER));
    let days = match proven.or(record.as_ref().filter(|_| unchanged.is_none())) {
        Some(record) => record.days_of_run(&mut found),
        None => KnownDays {
            from: None,
            to: unchanged.map(|closing| closing.book.days.from.yesterday()),
        },
    };
    let known = KnownInputs {
        days,
        closing: unchanged.map(|closing| &closing.book),
        opening: opening.as_ref(),
    };
    let audit = audit_rows(written, known, &mut found);
    if audit.is_read {
        if let Some(closing) = &closing {
            closing.check_closing(&audit, days, &mut found);
        }
        if let Some(record) = &record {
            closing::check_record(record, &audit, closing.as_ref(), &mut found);
        }
    }
    let (rows, accounts, instances) =
        (audit.rows, audit.accounts.list.len(), audit.instances.len());
    // A replay needs the memory.
    drop(audit);
    let mut replayed = None;
    if let (Some(record), Some(book), Some(inputs)) = (proven, &opening, inputs) {
        let report = hashes.report.as_ref();
        let claims = replay::WrittenClaims {
            written,
            record,
            report,
            inputs,
        };
        replay::check_replay(book, &claims, &mut found);
        replayed = Some(record.inputs.len());
    }
    Proof {
        findings: found.into_diagnostics(),
        files: hashes.unchanged,
        rows,
        accounts,
        instances,
        inputs: replayed,
        has_charts: record.is_some_and(|record| record.has_charts()),
        has_report: hashes.report.is_some(),
        foreign: hashes.foreign,
    }
}

/// Reads the ledger with the files in step, from the first row to the last.
fn audit_rows<'b, 'w>(
    written: &WrittenFiles<'w>,
    mut known: KnownInputs<'b>,
    found: &mut Violations,
) -> Audit<'b, 'w> {
    let [balances, monthly, ledger, spend, demand] =
        [&BALANCES, &MONTHLY, &LEDGER, &SPEND, &DEMAND]
            .map(|layout| CheckedFile::open_checked(written, layout, found));
    let (balances, accounts) = match balances {
        Some(sheet) => {
            let (balances, accounts) = Balances::open_balances(sheet, &mut known, found);
            (Some(balances), accounts)
        }
        None => (None, AccountNumbers::default()),
    };
    let months = Months::open_months(monthly, demand, found);
    let mut audit = Audit::start_audit(known, balances, accounts, months);
    if let Some(mut ledger) = ledger {
        audit.audit_ledger(&mut ledger, found);
        audit.finish(spend, found);
    }
    audit
}

impl<'w> WrittenFiles<'w> {
    /// A file at its beginning; one that cannot be opened is reported.
    fn open_file(&self, name: &str, found: &mut Violations) -> Option<Box<dyn Read + 'w>> {
        match (self.open)(name) {
            Ok(bytes) if name.ends_with(".csv") => Some(Box::new(Bounded::bound_reader(bytes))),
            Ok(bytes) => Some(bytes),
            Err(error) => {
                self.report_unreadable(name, &error, found);
                None
            }
        }
    }

    /// The bytes of a file.
    fn bytes(&self, name: &str, found: &mut Violations) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = self.open_file(name, found)?.read_to_end(&mut bytes);
        read.inspect_err(|error| self.report_unreadable(name, error, found))
            .ok()?;
        Some(bytes)
    }

    fn report_unreadable(&self, name: &str, error: &io::Error, found: &mut Violations) {
        if !found.is_changed(name) {
            found.add_changed(
                Code::Unreadable,
                name,
                format!("cannot read `{name}`: {error}"),
            );
        }
    }
}

impl Inputs<'_> {
    fn shown(&self, name: &str) -> String {
        format!("{}/{name}", self.shown_as)
    }
}
