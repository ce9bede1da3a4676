//! Bills → charges, and what a book takes from them. Which file says what is known by the readers: [`focus`] reads FOCUS
//! of any provider, `input::bills` the normal form, and each cloud's folder what is its own.
//!
//! Nothing is counted twice, nothing is lost without a word: rows read are rows used and rows left out with a reason.

mod archive;
pub(crate) mod derive;
pub(crate) mod focus;
pub(crate) mod line;
pub(crate) mod sheet;
pub(crate) mod totals;

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

pub use archive::Added;

use super::context::Context;
use super::json::Node;
use super::no_json::INSTANCE_LIST_HELP;
use super::options::Source;
use super::pricing::rounded;
use crate::input;
use crate::input::diagnostic::Code;
use crate::model::bill::{Charge, ChargeKind, StatementMonth};
use crate::model::id::AccountId;
use crate::model::money::Currency;
use archive::{Archive, Statement};
use sheet::TableReader;
use totals::{PageTotals, StatedTotal};

/// Bills as they are read, before they are put together.
#[derive(Default)]
pub(crate) struct Bills<'s> {
    pub(crate) charges: Vec<Charge>,
    /// Movements of money that no bill has, of a cash ledger, which does not say whose it is.
    pub(crate) movements: Vec<Charge>,
    /// What left the account by the cash ledger, positive, by bill.
    pub(crate) deducted: BTreeMap<String, Decimal>,
    /// The balances after the last movement up to the first day of the book.
    pub(crate) last_balance: Option<MovementBalances>,
    /// The months of orders.
    pub(crate) order_months: BTreeMap<String, u32>,
    /// Control totals.
    pub(crate) totals: Vec<StatedTotal<'s>>,
    pages: PageTotals<'s>,
    /// Statements of which a list says that it has all rows.
    whole: BTreeSet<Statement>,
    /// How many files and responses were read.
    pub(crate) read: usize,
}

/// The balances of an account after a movement.
#[derive(Clone, Debug)]
pub(crate) struct MovementBalances {
    /// The moment, as the file writes it: texts of one form order like moments.
    pub(crate) moment: String,
    pub(crate) cash: Decimal,
    pub(crate) free_credit: Decimal,
    pub(crate) frozen: Decimal,
}

/// Bills put together: what the archive of a book holds, and what came of the files.
#[derive(Debug)]
pub(crate) struct Billed {
    /// All charges, old and new.
    pub(crate) charges: Vec<Charge>,
    /// How many rows of each sort.
    pub(crate) added: Added,
    /// Sums of the rows that were read.
    pub(crate) sums: Sums,
    pub(crate) last_balance: Option<MovementBalances>,
    /// How many control totals were compared.
    pub(crate) agreed: usize,
}

impl Billed {
    /// The account of all charges, if it is one; the first of several where nothing else can have an account.
    pub(crate) fn payer(&self, is_alone: bool) -> Option<&AccountId> {
        let first = &self.charges.first()?.account;
        let is_only = || self.charges.iter().all(|charge| charge.account == *first);
        (is_alone || is_only()).then_some(first)
    }
}

/// Sums of charges by account, month, currency and kind.
pub type Sums = BTreeMap<(AccountId, StatementMonth, &'static str), BTreeMap<ChargeKind, Decimal>>;

/// What a cash ledger is called in messages.
pub(crate) const CASH_LEDGER: &str = "the cash ledger";

impl<'s> Bills<'s> {
    /// Adds the ids of a page of a list that says how many entries all its pages have.
    pub(crate) fn count_page(
        &mut self,
        what: &str,
        response: Node<'s>,
        total: Option<usize>,
        ids: impl Iterator<Item = String>,
    ) {
        if let Some(total) = total {
            self.pages.add_page(what, response, total, ids);
        }
    }

    /// Adds charges; `is_whole` if they are of a list that says how many rows it has.
    pub(crate) fn add_charges(&mut self, charges: Vec<Charge>, is_whole: bool) {
        if is_whole {
            self.whole.extend(charges.iter().map(archive::statement));
        }
        self.charges.extend(charges);
    }

    /// Adds a table: the normal form, or one that a reader knows; anything else is named once.
    pub(crate) fn add_table(
        &mut self,
        source: &'s Source,
        readers: &[TableReader],
        cx: &mut Context<'_>,
    ) {
        self.read += 1;
        let (name, bytes) = (&source.name, &source.bytes);
        if input::bills::fits(bytes) {
            let currency = cx.options.currency;
            let charges = input::bills::read_bills(name, bytes, currency, cx.found);
            return self.charges.extend(charges);
        }
        let before = cx.found.errors();
        let fits = |heading: &[String]| readers.iter().any(|reader| (reader.fits)(heading));
        let Some(sheet) = sheet::open_sheet(source, fits, cx) else {
            if cx.found.errors() == before {
                report_unknown_table(source, cx);
            }
            return;
        };
        if sheet.is_empty() {
            let message = format!("`{name}` has a heading and no rows");
            let help = "nothing to type: the file is empty";
            return cx.report_file(Code::LeftOut, name, &message, help);
        }
        let mut readers = readers.iter();
        if let Some(reader) = readers.find(|reader| (reader.fits)(&sheet.heading)) {
            self.charges.extend((reader.charges)(sheet, cx));
        }
    }

    /// Puts all of it together with the charges that a book has already.
    pub(crate) fn into_billed(mut self, earlier: Vec<Charge>, cx: &mut Context<'_>) -> Billed {
        self.pages.check_pages(cx);
        let charges = self.take_charges();
        let mut added = Added::default();
        let download = Archive::distinct(charges, &mut added, cx);
        let agreed = self.compare_totals(&download, cx);
        let sums = sums(&download);
        let is_complete = cx.options.complete;
        let is_gone = |charge: &Charge| {
            let is_covered = || self.totals.iter().any(|total| total.covers(charge));
            !charge.kind.is_movement() && (is_complete || is_covered())
        };
        let file = download.first().map(archive::file_of);
        let file = file.unwrap_or_default().to_owned();
        let mut archive = Archive::from_charges(earlier);
        let mut missing = archive.add_download(download, is_gone, &mut added, cx);
        missing.retain(|charge| is_complete || self.whole.contains(&archive::statement(charge)));
        archive.refuse_two_kinds(cx);
        warn_of_missing(&missing, &file, cx);
        Billed {
            charges: archive.into_rows(),
            added,
            sums,
            last_balance: self.last_balance,
            agreed,
        }
    }

    /// All charges and movements, with the months of their orders.
    fn take_charges(&mut self) -> Vec<Charge> {
        let mut charges = std::mem::take(&mut self.charges);
        let mut movements = std::mem::take(&mut self.movements);
        if let Some(payer) = charges.first().map(|charge| charge.account.clone())
            && charges.iter().all(|charge| charge.account == payer)
        {
            for movement in &mut movements {
                movement.account = payer.clone();
            }
        }
        charges.append(&mut movements);
        for charge in &mut charges {
            let months = self.order_months.get(&charge.order).copied();
            charge.months = charge.months.or(months);
        }
        charges
    }

    /// Compares all control totals with the charges and returns how many there were.
    fn compare_totals(&self, charges: &[Charge], cx: &mut Context<'_>) -> usize {
        let mut compared = 0;
        for total in &self.totals {
            if let Some(check) = total.compare(charges) {
                compared += 1;
                check.report_difference(|| total.node.place(), cx);
            }
        }
        for check in totals::check_deductions(&self.deducted, charges) {
            compared += 1;
            check.report_difference(|| self.pages.place_of(CASH_LEDGER), cx);
        }
        compared
    }
}

/// Warns of charges that the book has and a list of their month does not have, though all its rows are there: the list may have
/// been asked for with a filter, or they were withdrawn.
fn warn_of_missing(missing: &[Charge], file: &str, cx: &mut Context<'_>) {
    let Some(first) = missing.first() else { return };
    let (rows, are, them) = match missing.len() {
        1 => ("row", "is", "it"),
        _ => ("rows", "are", "them"),
    };
    let (count, month, id) = (missing.len(), first.bill_month, &first.row_id);
    let message = format!(
        "{count} {rows} of {month} in the book {are} not in these files, `{id}` for one: nothing of {them} is taken away"
    );
    let help = if cx.options.complete {
        archive::AS_OF_HELP
    } else {
        "if the files are whole months, asked for without a filter: add --complete, and these rows are withdrawn"
    };
    cx.report_file(Code::LeftOut, file, &message, help);
}

const AZURE_HELP: &str =
    "export it as `Cost and usage details (FOCUS)` and import that with `import focus`";
const AWS_HELP: &str =
    "export it as FOCUS 1.x from Data Exports and import that with `import focus`";
const PAYMENTS_HELP: &str = "import the response of `billing DescribeBillList` instead";
const INSTANCE_LIST: &str = "a list of instances, not a bill";
const BILL_HELP: &str =
    "export the detailed bill (L3) with its heading, or FOCUS cost and usage rows";

/// Tables that are close to a bill: a heading that only they have, what they are, what to do.
const NEAR_MISSES: &[(&str, &str, &str)] = &[
    (
        "CostInBillingCurrency",
        "a cost export of Azure that is not FOCUS",
        AZURE_HELP,
    ),
    (
        "lineItem/UnblendedCost",
        "a cost and usage report of AWS that is not FOCUS",
        AWS_HELP,
    ),
    ("交易渠道", "the list of payments (收支明细)", PAYMENTS_HELP),
    ("instance_id", INSTANCE_LIST, INSTANCE_LIST_HELP),
    ("到期时间", INSTANCE_LIST, INSTANCE_LIST_HELP),
    ("Expiration Time", INSTANCE_LIST, INSTANCE_LIST_HELP),
];

fn report_unknown_table(source: &Source, cx: &mut Context<'_>) {
    let head = sheet::head(&source.bytes);
    let encoding = match std::str::from_utf8(head) {
        Ok(_) => encoding_rs::UTF_8,
        Err(_) => encoding_rs::GB18030,
    };
    let (text, ..) = encoding.decode(head);
    let unknown = ("", "a table whose heading is not that of a bill", BILL_HELP);
    let mut near = NEAR_MISSES.iter();
    let near = near.find(|(heading, ..)| text.contains(heading));
    let (_, what, help) = near.unwrap_or(&unknown);
    let message = format!("`{}` is {what}", source.name);
    cx.report_file(Code::UnknownAnswer, &source.name, &message, help);
}

fn sums(charges: &[Charge]) -> Sums {
    let mut sums = Sums::new();
    for charge in charges {
        let key = (
            charge.account.clone(),
            charge.bill_month,
            charge.currency.code(),
        );
        *sums.entry(key).or_default().entry(charge.kind).or_default() += charge.amount;
    }
    sums
}

/// An amount as the book keeps it: rounded half up to minor units, once.
pub(crate) fn minor(amount: Decimal, currency: Currency) -> String {
    rounded(amount, currency).to_string()
}
