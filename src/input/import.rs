//! A cloud's responses and bills → a book: what exists, what it is called, when it expires, what the account holds.
//!
//! Each cloud is a folder: [`tencent`] takes any mix of responses and recognises each by its shape. Whatever file says it, it
//! becomes an instance of an inventory, a balance of an account or a charge of a bill. Nothing is invented: prices come
//! from bills only, so the book comes with a list of what to fill in, and what a book cannot hold is named in a warning.
//!
//! Responses about one instance are joined by its id: they complete each other, and where they contradict each other the
//! import is refused. Times with a zone become their date in the book's zone; times without one are local already.
//!
//! Nothing here reads a file, the clock or the environment, and no amount passes through a floating-point number.

mod accounts;
mod billed;
mod bills;
mod book_files;
mod context;
mod document;
mod field;
mod inventory;
mod json;
mod no_json;
mod options;
mod pricing;
mod responses;
mod tencent;

pub use bills::{Added, Sums};
pub use options::{DEFAULT_PROFILE, KnownProfile, LifecycleRules, Options, Source};
pub use pricing::Pricing;

use std::collections::BTreeMap;

use crate::input;
use crate::input::diagnostic::{Code, Diagnostics};

use accounts::AccountTable;
use billed::AppliedBills;
use bills::sheet::{TableReader, is_table};
use bills::{Billed, focus};
use book_files::{ACCOUNTS, BookTables, INSTANCES, ORDERS, PRICES};
use context::{Context, one_line};
use document::EditedTable;
use inventory::{join, listing};
use json::ResponseFile;
use responses::ReadResponses;

/// The readers of tables, tried in this order. Another cloud is a folder beside `tencent`, a line here for its tables, and
/// one in [`read_sources`] for its responses.
const TABLES: &[TableReader] = &[focus::TABLE, tencent::bills::TABLE];

/// A book made from responses and bills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The files of the book, names relative to its folder: `book.toml`, `instances.csv`, `accounts.csv`, `prices.csv`, and
    /// with bills `bills.csv` and `orders.csv`.
    pub files: Vec<(String, String)>,
    /// What is left to do, a sentence each: the prices to fill in come first.
    pub to_do: Vec<String>,
    /// Warnings: what the sources hold and the book does not.
    pub notes: Diagnostics,
    /// How much it was.
    pub counts: ImportCounts,
    /// What came of bills, if there were any.
    pub bills: Option<BillReport>,
}

/// What came of bills, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillReport {
    /// How many rows of each sort.
    pub added: Added,
    /// Sums of what was read, by account, month, currency and kind.
    pub sums: Sums,
    /// Prices that bills gave.
    pub priced: usize,
    /// Control totals that agreed.
    pub agreed: usize,
    /// The month of the latest statement.
    pub until: Option<String>,
}

/// How much was read and written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Responses and tables that were recognised, those that give nothing to a book included.
    pub answers: usize,
    /// Rows of `instances.csv`.
    pub instances: usize,
    /// Rows of `accounts.csv`.
    pub accounts: usize,
    /// Prices to fill in.
    pub prices: usize,
}

/// Makes a book of Tencent Cloud's responses and of bills; the same files in any order give the same book.
/// Rule **nothing-invented**.
///
/// # Errors
/// Everything that is wrong with the files, with all warnings so far: text that is not JSON, shapes that are not
/// known, calls that failed, values that a book cannot take, responses that contradict each other.
pub fn tencent(sources: &[Source], options: &Options) -> Result<Imported, Diagnostics> {
    let mut found = Diagnostics::default();
    let cx = &mut Context {
        options,
        found: &mut found,
    };
    let files = response_files(sources);
    let ReadResponses {
        count,
        records,
        balances,
        bills,
        ..
    } = read_sources(&files, sources, cx);
    let has_bills = bills.read > 0;
    let billed = bills.into_billed(Vec::new(), cx);
    let payer = billed.payer(records.is_empty());
    let accounts = AccountTable::from_balances(balances, payer, cx);
    let records = join::by_id(records, cx);
    let is_nothing = has_bills && records.is_empty() && billed.charges.is_empty();
    if is_nothing && !cx.found.has_errors() {
        refuse_nothing(sources, cx);
    }
    if cx.found.has_errors() {
        return Err(found);
    }
    let listing = listing::list(&records, &tencent::CALLS, cx);
    let mut tables = BookTables::new();
    let instances = book_files::instance_table(&listing.rows, &accounts.owner);
    tables.insert(INSTANCES.to_owned(), instances);
    let account_table = book_files::account_table(&accounts, options.currency);
    tables.insert(ACCOUNTS.to_owned(), account_table);
    tables.insert(PRICES.to_owned(), book_files::price_table(&listing.rows));
    let applied = has_bills.then(|| billed::apply(&mut tables, &billed, options));
    let unpriced = book_files::unpriced(&tables);
    let counts = count_rows(&tables, count, unpriced.len());
    let mut to_do = unpriced;
    to_do.extend(book_files::unfunded(&tables[ACCOUNTS]));
    to_do.extend(accounts.to_do.into_iter().chain(listing.to_do));
    to_do.extend(applied.iter().flat_map(|applied| applied.to_do.clone()));
    let to_do: Vec<String> = to_do.iter().map(|sentence| one_line(sentence)).collect();
    let settings = book_files::settings(&tables, &to_do, options);
    let mut files = vec![("book.toml".to_owned(), settings)];
    files.extend(texts(tables, applied.as_ref().map(|_| &billed)));
    Ok(Imported {
        files,
        to_do,
        notes: found,
        counts,
        bills: applied.map(|applied| bill_report(billed, applied)),
    })
}

/// Adds bills to an existing book: new and corrected rows, nothing twice, nothing lost. Of its files only what bills
/// know and nobody has filled in is changed.
///
/// # Errors
/// As [`tencent`]; besides, a `bills.csv` of the book that cannot be read.
pub fn add_bills(
    sources: &[Source],
    options: &Options,
    mut book: BTreeMap<String, Vec<u8>>,
) -> Result<Imported, Diagnostics> {
    let mut found = Diagnostics::default();
    let cx = &mut Context {
        options,
        found: &mut found,
    };
    let earlier = book.remove(input::bills::FILE);
    let earlier = earlier.filter(|bytes| {
        let is_table = document::is_table(bytes);
        if !is_table {
            refuse_to_add(input::bills::FILE, cx);
        }
        is_table
    });
    let mut tables = changeable(book, cx);
    let files = response_files(sources);
    let responses = read_sources(&files, sources, cx);
    let earlier = earlier.map(|bytes| {
        input::bills::read_bills(input::bills::FILE, &bytes, options.currency, cx.found)
    });
    let billed = responses.bills.into_billed(earlier.unwrap_or_default(), cx);
    if let Some(first) = responses.records.first() {
        let message = "instances in a response are left out: `--add` adds bills only";
        let help = "import the inventory without `--add`";
        first.id.node.report(Code::LeftOut, message, help, cx);
    }
    if billed.added.read == 0 && !cx.found.has_errors() {
        refuse_nothing(sources, cx);
    }
    if cx.found.has_errors() {
        return Err(found);
    }
    let applied = billed::apply(&mut tables, &billed, options);
    let mut to_do = book_files::unpriced(&tables);
    let counts = count_rows(&tables, responses.count, to_do.len());
    to_do.extend(applied.to_do.iter().cloned());
    Ok(Imported {
        files: texts(tables, Some(&billed)).into_iter().collect(),
        to_do,
        notes: found,
        counts,
        bills: Some(bill_report(billed, applied)),
    })
}

/// The files of a book that bills change: a cell or a row of them.
pub const CHANGED_BY_BILLS: &[&str] = &[INSTANCES, ACCOUNTS, PRICES, ORDERS];

/// The columns without which a file cannot be added to.
fn key_columns(file: &str) -> &'static [&'static str] {
    match file {
        INSTANCES => &["instance_id", "account_id", "charge_type"],
        ACCOUNTS => &["account_id"],
        PRICES => &["instance_type"],
        ORDERS => &["instance_id", "term_start"],
        _ => &[],
    }
}

/// The files that can be changed cell by cell; others are reported, since nothing of them may be lost.
fn changeable(book: BTreeMap<String, Vec<u8>>, cx: &mut Context<'_>) -> BookTables {
    let mut tables = BookTables::new();
    for (name, bytes) in book {
        let table = str::from_utf8(&bytes).ok().and_then(EditedTable::parse);
        let mut keys = key_columns(&name).iter();
        match table.filter(|table| keys.all(|key| table.has(key))) {
            Some(table) => drop(tables.insert(name, table)),
            None => refuse_to_add(&name, cx),
        }
    }
    tables
}

fn refuse_to_add(name: &str, cx: &mut Context<'_>) {
    let message = format!(
        "`{name}` of the book cannot be added to: it is not a table with the columns of a book"
    );
    let help = "fix what `renewcast check` says about it first";
    cx.report_file(Code::BadCsv, name, &message, help);
}

/// Refuses files that leave nothing to work with.
fn refuse_nothing(sources: &[Source], cx: &mut Context<'_>) {
    let file = sources.first().map_or("", |source| &source.name);
    let message = "there are no charges in these files";
    let help = "import the bill itself: orders, totals and balances only complete it";
    cx.report_file(Code::UnknownAnswer, file, message, help);
}

/// The sources that are not tables.
fn response_files(sources: &[Source]) -> Vec<ResponseFile<'_>> {
    let files = sources.iter().filter(|source| !is_table(&source.bytes));
    files.map(ResponseFile::from_source).collect()
}

/// Reads all files: responses, then tables.
fn read_sources<'s>(
    files: &'s [ResponseFile<'s>],
    sources: &'s [Source],
    cx: &mut Context<'_>,
) -> ReadResponses<'s> {
    let mut responses = ReadResponses::default();
    for file in files {
        let nodes = json::responses(file, cx);
        tencent::add_responses(nodes, &mut responses, cx);
    }
    responses.pages.check_complete(cx);
    for source in sources.iter().filter(|source| is_table(&source.bytes)) {
        responses.count += 1;
        responses.bills.add_table(source, TABLES, cx);
    }
    responses
}

/// The texts of the files by name, `bills.csv` included.
fn texts(tables: BookTables, billed: Option<&Billed>) -> BTreeMap<String, String> {
    let tables = tables.into_iter();
    let mut texts: BTreeMap<_, _> = tables
        .map(|(name, table)| (name, table.into_csv()))
        .collect();
    if let Some(billed) = billed {
        let bills = input::bills::write_bills(&billed.charges);
        texts.insert(input::bills::FILE.to_owned(), bills);
    }
    texts
}

fn bill_report(billed: Billed, applied: AppliedBills) -> BillReport {
    BillReport {
        added: billed.added,
        sums: billed.sums,
        priced: applied.priced,
        agreed: billed.agreed,
        until: applied.until,
    }
}

fn count_rows(tables: &BookTables, answers: usize, prices: usize) -> ImportCounts {
    ImportCounts {
        answers,
        instances: tables[INSTANCES].len(),
        accounts: tables[ACCOUNTS].len(),
        prices,
    }
}
