//! Answers of a cloud's interface → a book: what exists, what it is called, when it expires, what the account holds.
//!
//! [`tencent`] takes any mix of answers and recognises each by its shape. It invents nothing: prices are not in these
//! answers, so the book comes with a list of what to fill in, and what a book cannot hold is named in a warning.
//!
//! | answer | what it gives |
//! |---|---|
//! | cvm `DescribeInstances` | instances: type, zone, project, tags, charge type, flag, expiry, isolation |
//! | lighthouse `DescribeInstances` | the same, with bundles as types and the day of isolation |
//! | cbs `DescribeDisks` | elastic disks as instances of their own; other disks follow their instance and are left out |
//! | billing `DescribeRenewInstances` | prepaid instances of all products: flag and renewal period |
//! | billing `DescribeAccountBalance` | accounts |
//! | billing `DescribeVoucherInfo`, cvm `InquiryPriceRenewInstances` | warnings that say what was in them |
//!
//! Answers about one instance are joined by its id: they complete each other, and where they contradict each other the
//! import is refused. Times with a zone become their date in the book's zone; times without one are local already.
//!
//! Nothing here reads a file, the clock or the environment, and no amount passes through a floating-point number.

mod account;
mod answer;
mod book;
mod field;
mod join;
mod json;
mod left_out;
mod listing;
mod near_miss;
mod no_json;
mod options;
mod pages;
mod sighting;
mod standing;

pub use options::{DEFAULT_PROFILE, KnownProfile, Options, Source};

use crate::diagnostic::Diagnostics;

use account::{Accounts, Balance};
use answer::{Answer, List, Recognised};
use field::Fields;
use json::{Page, one_line};
use left_out::Vouchers;
use listing::{Listing, list};
use pages::Pages;
use sighting::Sighting;

/// A book made from answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The files of the book, names relative to its folder: `book.toml`, `instances.csv`, `accounts.csv`, `prices.csv`.
    pub files: Vec<(&'static str, String)>,
    /// What is left to do, a sentence each: the prices to fill in come first.
    pub to_do: Vec<String>,
    /// Warnings: what the answers hold and the book does not.
    pub notes: Diagnostics,
    /// How much it was.
    pub counts: Counts,
}

/// How much was read and written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
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
///
/// # Errors
/// Everything that is wrong with the answers, with all warnings so far: text that is not JSON, shapes that are not
/// known, calls that failed, values that a book cannot take, answers that contradict each other.
pub fn tencent(sources: &[Source], options: &Options) -> Result<Imported, Diagnostics> {
    let mut found = Diagnostics::default();
    let pages: Vec<Page> = sources.iter().map(Page::of).collect();
    let gathered = gather(&pages, options, &mut found);
    let accounts = Accounts::of(gathered.balances, options, &mut found);
    let sightings = join::by_id(gathered.sightings, &mut found);
    if found.has_errors() {
        return Err(found);
    }
    let listing = list(&sightings, options, &mut found);
    Ok(written(&listing, &accounts, Outcome { answers: gathered.answers, notes: found }, options))
}

/// What came of the reading, beside the book.
struct Outcome {
    answers: usize,
    notes: Diagnostics,
}

fn written(listing: &Listing, accounts: &Accounts, outcome: Outcome, options: &Options) -> Imported {
    let prices = book::prices(&listing.rows);
    let mut to_do: Vec<String> = prices.iter().flat_map(book::PriceRow::to_do).collect();
    let counts = Counts {
        answers: outcome.answers,
        instances: listing.rows.len(),
        accounts: accounts.rows.len(),
        prices: to_do.len(),
    };
    to_do.extend(accounts.to_do.iter().chain(&listing.to_do).cloned());
    let to_do: Vec<String> = to_do.iter().map(|sentence| one_line(sentence)).collect();
    let files = vec![
        ("book.toml", book::settings(&listing.rows, &to_do, options)),
        ("instances.csv", book::instances_csv(&listing.rows, &accounts.owner)),
        ("accounts.csv", book::accounts_csv(&accounts.rows, options.currency)),
        ("prices.csv", book::prices_csv(&prices)),
    ];
    Imported { files, to_do, notes: outcome.notes, counts }
}

/// What all answers say, not yet joined.
#[derive(Default)]
struct Gathered<'s> {
    answers: usize,
    sightings: Vec<Sighting<'s>>,
    balances: Vec<Balance<'s>>,
    pages: Pages<'s>,
}

fn gather<'s>(pages: &'s [Page<'s>], options: &Options, found: &mut Diagnostics) -> Gathered<'s> {
    let mut gathered = Gathered::default();
    for page in pages {
        let mut vouchers = Vouchers::default();
        let mut unknown = Vec::new();
        for node in json::answers(page, found) {
            match Answer::recognise(node, found) {
                Recognised::Answer(answer) => {
                    gathered.answers += 1;
                    gathered.take(answer, &mut vouchers, options, found);
                }
                Recognised::Unknown(node) => unknown.push(node),
                Recognised::Failed => {}
            }
        }
        let (lists, unknown) = near_miss::bare_entries(unknown);
        gathered.answers += lists.len();
        near_miss::note_bare(&lists, found);
        lists.iter().for_each(|list| gathered.take_list(list, options, found));
        near_miss::report(&unknown, found);
        vouchers.note(options, found);
    }
    gathered.pages.check(found);
    gathered
}

impl<'s> Gathered<'s> {
    fn take(&mut self, answer: Answer<'s>, vouchers: &mut Vouchers<'s>, options: &Options, found: &mut Diagnostics) {
        match answer {
            Answer::Entries(entries) => self.take_list(&entries, options, found),
            Answer::Vouchers(node) => vouchers.take(node, options, found),
            Answer::Balance(node) => {
                let fields = Fields::of(node, found);
                self.balances.extend(fields.and_then(|mut fields| Balance::read(&mut fields, options)));
            }
            Answer::Nothing => {}
        }
    }

    fn take_list(&mut self, list: &List<'s>, options: &Options, found: &mut Diagnostics) {
        let read = |entry| Sighting::read(list.kind, entry, options.zone, &mut *found);
        let sightings: Vec<Sighting<'s>> = list.entries.iter().copied().filter_map(read).collect();
        self.pages.add(list, &sightings);
        self.sightings.extend(sightings);
    }
}
