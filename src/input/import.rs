//! Answers of a cloud's interface → a book: what exists, what it is called, when it expires, what the account holds.
//!
//! [`tencent`] takes any mix of answers and recognises each by its shape. It invents nothing: prices come
//! from bills only, so the book comes with a list of what to fill in, and what a book cannot hold is named in a warning.
//!
//! | answer | what it gives |
//! |---|---|
//! | cvm `DescribeInstances` | instances: type, zone, project, tags, charge type, flag, expiry, isolation |
//! | lighthouse `DescribeInstances` | the same, with bundles as types and the day of isolation |
//! | cbs `DescribeDisks` | elastic disks as instances of their own; other disks follow their instance and are left out |
//! | billing `DescribeRenewInstances` | prepaid instances of all products: flag and renewal period |
//! | billing `DescribeAccountBalance` | accounts |
//! | bills, of the interface, the console or as FOCUS | what was charged: `bills.csv`, and prices, orders and balances of it |
//! | billing `DescribeVoucherInfo`, cvm `InquiryPriceRenewInstances` | warnings that say what was in them |
//!
//! Answers about one instance are joined by its id: they complete each other, and where they contradict each other the
//! import is refused. Times with a zone become their date in the book's zone; times without one are local already.
//!
//! Nothing here reads a file, the clock or the environment, and no amount passes through a floating-point number.

mod billed;
mod bills;
mod document;
mod field;
mod json;
mod no_json;
mod options;
mod pricing;
mod tencent;

pub use bills::{Added, Sums};
pub use options::{DEFAULT_PROFILE, KnownProfile, LifecycleRules, Options, Source};
pub use pricing::Pricing;

use std::collections::BTreeMap;

use crate::input::diagnostic::{Code, Diagnostics, Place};

use billed::{Applied, Files};
use bills::{Billed, Bills};
use document::EditedTable;
use field::Fields;
use json::{ResponseFile, one_line};
use tencent::account::{AccountBalance, AccountTable};
use tencent::cloud_record::CloudRecord;
use tencent::listing::{Listing, list};
use tencent::not_imported::Vouchers;
use tencent::pages::SeenPages;
use tencent::response::{RecognisedResponse, ResponseList, ResponsePage};
use tencent::{book, join, near_miss};

/// A book made from answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The files of the book, names relative to its folder: `book.toml`, `instances.csv`, `accounts.csv`, `prices.csv`, and
    /// with bills `bills.csv` and `orders.csv`.
    pub files: Vec<(String, String)>,
    /// What is left to do, a sentence each: the prices to fill in come first.
    pub to_do: Vec<String>,
    /// Warnings: what the answers hold and the book does not.
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
    /// Answers that were recognised, those that give nothing to a book included.
    pub answers: usize,
    /// Rows of `instances.csv`.
    pub instances: usize,
    /// Rows of `accounts.csv`.
    pub accounts: usize,
    /// Prices to fill in.
    pub prices: usize,
}

/// Makes a book of Tencent Cloud's answers; the same answers in any order give the same book.
/// Rule **nothing-invented**.
///
/// # Errors
/// Everything that is wrong with the answers, with all warnings so far: text that is not JSON, shapes that are not
/// known, calls that failed, values that a book cannot take, answers that contradict each other.
pub fn tencent(sources: &[Source], options: &Options) -> Result<Imported, Diagnostics> {
    let mut found = Diagnostics::default();
    let pages = json_pages(sources);
    let mut gathered = gather(&pages, options, &mut found);
    gathered.take_tables(sources, options, &mut found);
    let bills = std::mem::take(&mut gathered.bills);
    let has_bills = !bills.is_empty();
    let billed = bills.into_billed(Vec::new(), options, &mut found);
    let payer = billed.payer(gathered.sightings.is_empty());
    let accounts = AccountTable::from_balances(gathered.balances, payer, options, &mut found);
    let sightings = join::by_id(gathered.sightings, &mut found);
    if has_bills && sightings.is_empty() && billed.charges.is_empty() && !found.has_errors() {
        refuse_nothing(sources, &mut found);
    }
    if found.has_errors() {
        return Err(found);
    }
    let listing = list(&sightings, options, &mut found);
    let outcome = ReadingOutcome {
        answers: gathered.answers,
        notes: found,
    };
    Ok(written(
        &listing,
        &accounts,
        has_bills.then_some(&billed),
        outcome,
        options,
    ))
}

/// Adds bills to a book that is there: new and corrected rows, nothing twice, nothing lost. Of its files only what bills
/// know and nobody has filled in is changed.
///
/// # Errors
/// As [`tencent`]; besides, a `bills.csv` of the book that cannot be read.
pub fn add_bills(
    sources: &[Source],
    options: &Options,
    book: BTreeMap<String, Vec<u8>>,
) -> Result<Imported, Diagnostics> {
    let mut found = Diagnostics::default();
    let book = changeable(book, &mut found);
    let pages = json_pages(sources);
    let mut gathered = gather(&pages, options, &mut found);
    gathered.take_tables(sources, options, &mut found);
    let file = crate::input::bills::FILE;
    let earlier = book.get(file).map_or_else(Vec::new, |text| {
        crate::input::bills::read_bills(file, text.as_bytes(), options.currency, &mut found)
    });
    let bills = std::mem::take(&mut gathered.bills);
    let billed = bills.into_billed(earlier, options, &mut found);
    if let Some(first) = gathered.sightings.first() {
        let message = "instances in a response are left out: `--add` adds bills only";
        found.push(
            Code::LeftOut,
            first.id.node.place(),
            message,
            "import the inventory without `--add`",
        );
    }
    if billed.added.read == 0 && !found.has_errors() {
        refuse_nothing(sources, &mut found);
    }
    if found.has_errors() {
        return Err(found);
    }
    let mut files: Files = book;
    let applied = billed::apply(&mut files, &billed, options);
    let report = bill_report(&billed, &applied);
    let mut to_do = unpriced(&files);
    let counts = ImportCounts {
        answers: gathered.answers,
        prices: to_do.len(),
        ..count(&files)
    };
    to_do.extend(applied.to_do);
    let files = files.into_iter().collect();
    Ok(Imported {
        files,
        to_do,
        notes: found,
        counts,
        bills: Some(report),
    })
}

/// The files of a book that bills change: a cell or a row of them.
pub const CHANGED_BY_BILLS: &[&str] =
    &["instances.csv", "accounts.csv", "prices.csv", "orders.csv"];

/// The columns without which a file cannot be added to.
const KEYS: &[(&str, &[&str])] = &[
    (
        "instances.csv",
        &["instance_id", "account_id", "charge_type"],
    ),
    ("accounts.csv", &["account_id"]),
    ("prices.csv", &["instance_type"]),
    ("orders.csv", &["instance_id", "term_start"]),
];

/// The texts of files that can be changed cell by cell; others are reported, since nothing of them may be lost.
fn changeable(book: BTreeMap<String, Vec<u8>>, found: &mut Diagnostics) -> Files {
    let mut files = Files::new();
    for (name, bytes) in book {
        let keys = KEYS
            .iter()
            .find(|(file, _)| *file == name)
            .map_or(&[][..], |(_, keys)| *keys);
        let text = String::from_utf8(bytes).ok();
        let is_whole = |text: &str| {
            EditedTable::parse(text).is_some_and(|table| keys.iter().all(|key| table.has(key)))
        };
        match text.filter(|text| is_whole(text)) {
            Some(text) => {
                files.insert(name, text);
            }
            None => {
                let message = format!(
                    "`{name}` of the book cannot be added to: it is not a table with the columns of a book"
                );
                found.push(
                    Code::BadCsv,
                    Place::of_file(&name),
                    message,
                    "mend what `renewcast check` says about it first",
                );
            }
        }
    }
    files
}

/// Refuses files that leave nothing to work with.
fn refuse_nothing(sources: &[Source], found: &mut Diagnostics) {
    let file = sources
        .first()
        .map(|source| source.name.as_str())
        .unwrap_or_default();
    let message = "there are no charges in these files";
    let help = "import the bill itself: orders, totals and balances only complete it";
    found.push(Code::UnknownAnswer, Place::of_file(file), message, help);
}

/// The sources that are not tables.
fn json_pages(sources: &[Source]) -> Vec<ResponseFile<'_>> {
    sources
        .iter()
        .filter(|source| !bills::is_table(&source.bytes))
        .map(ResponseFile::from_source)
        .collect()
}

/// What came of the reading, beside the book.
struct ReadingOutcome {
    answers: usize,
    notes: Diagnostics,
}

fn written(
    listing: &Listing,
    accounts: &AccountTable,
    billed: Option<&Billed>,
    outcome: ReadingOutcome,
    options: &Options,
) -> Imported {
    let mut files = Files::new();
    files.insert(
        "instances.csv".to_owned(),
        book::instances_csv(&listing.rows, &accounts.owner),
    );
    files.insert(
        "accounts.csv".to_owned(),
        book::accounts_csv(&accounts.rows, options.currency),
    );
    files.insert(
        "prices.csv".to_owned(),
        book::prices_csv(&book::prices(&listing.rows)),
    );
    let applied = billed.map(|billed| billed::apply(&mut files, billed, options));
    let mut to_do = unpriced(&files);
    let counts = ImportCounts {
        answers: outcome.answers,
        prices: to_do.len(),
        ..count(&files)
    };
    to_do.extend(unfunded(&files));
    to_do.extend(accounts.to_do.iter().chain(&listing.to_do).cloned());
    to_do.extend(
        applied
            .iter()
            .flat_map(|applied| applied.to_do.iter().cloned()),
    );
    let to_do: Vec<String> = to_do.iter().map(|sentence| one_line(sentence)).collect();
    let settings = book::settings(&products(&files), &to_do, options);
    let bills = billed
        .zip(applied.as_ref())
        .map(|(billed, applied)| bill_report(billed, applied));
    let files = std::iter::once(("book.toml".to_owned(), settings))
        .chain(files)
        .collect();
    Imported {
        files,
        to_do,
        notes: outcome.notes,
        counts,
        bills,
    }
}

fn bill_report(billed: &Billed, applied: &Applied) -> BillReport {
    BillReport {
        added: billed.added,
        sums: billed.sums.clone(),
        priced: applied.priced,
        agreed: billed.agreed,
        until: applied.until.clone(),
    }
}

fn table(files: &Files, name: &str) -> EditedTable {
    files
        .get(name)
        .and_then(|text| EditedTable::parse(text))
        .unwrap_or_default()
}

fn count(files: &Files) -> ImportCounts {
    let rows = |name| table(files, name).len();
    ImportCounts {
        instances: rows("instances.csv"),
        accounts: rows("accounts.csv"),
        ..ImportCounts::default()
    }
}

/// A sentence for each account whose cash nothing gives.
fn unfunded(files: &Files) -> Vec<String> {
    let accounts = table(files, "accounts.csv");
    let empty = (0..accounts.len()).filter(|row| accounts.get(*row, "cash").is_empty());
    let sentence = |row| {
        let id = accounts.get(row, "account_id");
        format!(
            "fill in cash of account {id} in accounts.csv: no answer gives its balance, and an empty cell counts as 0"
        )
    };
    empty.map(sentence).collect()
}

/// The products of a book's instances.
fn products(files: &Files) -> Vec<String> {
    let instances = table(files, "instances.csv");
    (0..instances.len())
        .map(|row| instances.get(row, "product").to_owned())
        .filter(|product| !product.is_empty())
        .collect()
}

/// A sentence for each price that an instance still needs.
fn unpriced(files: &Files) -> Vec<String> {
    let (instances, prices) = (table(files, "instances.csv"), table(files, "prices.csv"));
    let mut needed: BTreeMap<(String, String, String, &str), Vec<String>> = BTreeMap::new();
    for row in 0..instances.len() {
        let column = if instances.get(row, "charge_type") == "PREPAID" {
            "monthly_price"
        } else {
            "hourly_price"
        };
        if instances.get(row, "state") == "terminated" || !instances.get(row, column).is_empty() {
            continue;
        }
        let text = |name| instances.get(row, name).to_owned();
        let of = (text("product"), text("instance_type"), text("region"));
        let fits = |price: usize, name: &str, own: &str| matches!(prices.get(price, name), cell if cell.is_empty() || cell == own);
        let is_priced = (0..prices.len()).any(|price| {
            prices.get(price, "instance_type") == of.1
                && fits(price, "product", &of.0)
                && fits(price, "region", &of.2)
                && !prices.get(price, column).is_empty()
        });
        if !is_priced {
            needed
                .entry((of.0, of.1, of.2, column))
                .or_default()
                .push(text("instance_id"));
        }
    }
    let sentence = |((product, instance_type, region, column), ids): (
        (String, String, String, &str),
        Vec<String>,
    )| {
        if instance_type.is_empty() {
            return format!("fill in {column} of {} in instances.csv", ids.join(", "));
        }
        let place = if region.is_empty() {
            String::new()
        } else {
            format!(" in {region}")
        };
        let noun = if ids.len() == 1 {
            "instance"
        } else {
            "instances"
        };
        format!(
            "fill in {column} of {product} {instance_type}{place} ({} {noun}) in prices.csv",
            ids.len()
        )
    };
    needed.into_iter().map(sentence).collect()
}

/// What all answers say, not yet joined.
#[derive(Default)]
struct GatheredResponses<'s> {
    answers: usize,
    sightings: Vec<CloudRecord<'s>>,
    balances: Vec<AccountBalance<'s>>,
    pages: SeenPages<'s>,
    bills: Bills<'s>,
}

fn gather<'s>(
    pages: &'s [ResponseFile<'s>],
    options: &Options,
    found: &mut Diagnostics,
) -> GatheredResponses<'s> {
    let mut gathered = GatheredResponses::default();
    for page in pages {
        let mut vouchers = Vouchers::default();
        let mut unknown = Vec::new();
        for node in json::answers(page, found) {
            match ResponseList::recognise(node, found) {
                RecognisedResponse::Answer(answer) => {
                    gathered.answers += 1;
                    gathered.take(answer, &mut vouchers, options, found);
                }
                RecognisedResponse::Unknown(node) => unknown.push(node),
                RecognisedResponse::Failed => {}
            }
        }
        let (lists, unknown) = near_miss::bare_entries(unknown);
        gathered.answers += lists.len();
        near_miss::note_bare(&lists, found);
        lists
            .iter()
            .for_each(|list| gathered.take_list(list, options, found));
        near_miss::report(&unknown, found);
        vouchers.note(options, found);
    }
    gathered.pages.check_complete(found);
    gathered
}

impl<'s> GatheredResponses<'s> {
    fn take(
        &mut self,
        answer: ResponseList<'s>,
        vouchers: &mut Vouchers<'s>,
        options: &Options,
        found: &mut Diagnostics,
    ) {
        match answer {
            ResponseList::Entries(entries) => self.take_list(&entries, options, found),
            ResponseList::Vouchers(node) => vouchers.take(node, options, found),
            ResponseList::Balance(node) => {
                let fields = Fields::fields_of(node, found);
                self.balances.extend(
                    fields
                        .and_then(|mut fields| AccountBalance::read_balance(&mut fields, options)),
                );
            }
            ResponseList::Bill(node) => self.bills.add_response(node, options, found),
            ResponseList::Nothing => {}
        }
    }

    /// Adds the sources that are tables.
    fn take_tables(&mut self, sources: &'s [Source], options: &Options, found: &mut Diagnostics) {
        for source in sources
            .iter()
            .filter(|source| bills::is_table(&source.bytes))
        {
            self.answers += 1;
            self.bills.add_table(source, options, found);
        }
    }

    fn take_list(&mut self, list: &ResponsePage<'s>, options: &Options, found: &mut Diagnostics) {
        let read = |entry| CloudRecord::read_record(list.kind, entry, options.zone, &mut *found);
        let sightings: Vec<CloudRecord<'s>> =
            list.entries.iter().copied().filter_map(read).collect();
        self.pages.see_page(list, &sightings);
        self.sightings.extend(sightings);
    }
}
