//! Bills → charges, and what a book takes from them.
//!
//! | file | what it gives |
//! |---|---|
//! | billing `DescribeBillDetail`, `DescribeBillResourceSummary`; the exported detailed bill | charges |
//! | billing `DescribeBillList` | top-ups, withdrawals, transfers; balances; control totals |
//! | billing `DescribeDealsByCond` | months of orders |
//! | billing `DescribeBillSummaryByPayMode`, `…ByProduct` | control totals |
//! | FOCUS cost and usage | charges of any provider |
//! | `bills.csv` | charges as they are |
//!
//! Nothing is counted twice, nothing is lost without a word: rows read are rows used and rows left out with a reason.

mod archive;
mod deals;
mod derive;
mod detail;
mod focus;
mod headings;
mod ledger;
mod line;
mod meaning;
mod sheet;
mod totals;

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

pub use archive::Added;
pub(super) use sheet::is_table;

use super::field::Fields;
use super::json::{Node, one_line};
use super::options::{Options, Source};
use super::pricing::rounded;
use crate::input::diagnostic::{Code, Diagnostics, Place};
use crate::model::bill::{Charge, ChargeKind, StatementMonth};
use crate::model::calendar::Day;
use crate::model::id::AccountId;
use crate::model::money::Currency;
use archive::{Archive, Statement};
use deals::Deals;
use derive::{BilledPrice, Undecided};
use ledger::{CashLedger, MovementBalances};
use totals::{PageTotals, Summaries};

/// Members of responses that are about bills.
const MEMBERS: &[&str] = &[
    "DetailSet",
    "ResourceSummarySet",
    "TransactionList",
    "Deals",
    "SummaryOverview",
    ADJUSTMENTS,
];
/// The member of `DescribeBillAdjustInfo`, whose adjustments are in the detailed bill already.
const ADJUSTMENTS: &str = "Data";

/// Bills as they are read, before they are put together.
#[derive(Default)]
pub(super) struct Bills<'s> {
    charges: Vec<Charge>,
    ledger: CashLedger,
    deals: Deals,
    summaries: Summaries<'s>,
    pages: PageTotals,
    places: BTreeMap<String, Node<'s>>,
    /// Statements of which a list says that it has all rows.
    totals: BTreeSet<Statement>,
    read: usize,
}

/// Bills put together: what the archive of a book holds, and what was said on the way.
#[derive(Debug)]
pub(super) struct Billed {
    /// All charges, old and new.
    pub(super) charges: Vec<Charge>,
    /// How many rows of each sort.
    pub(super) added: Added,
    /// Sums by month, kind, account and currency of the rows that were read.
    pub(super) sums: Sums,
    /// The balances after the last movement up to the first day.
    pub(super) standing: Option<MovementBalances>,
    /// How many control totals agreed.
    pub(super) agreed: usize,
}

impl Billed {
    /// The account of all charges, if it is one; the first of several where nothing else can have an account.
    pub(super) fn payer(&self, alone: bool) -> Option<&AccountId> {
        let first = &self.charges.first()?.account;
        (alone || self.charges.iter().all(|charge| charge.account == *first)).then_some(first)
    }
}

/// Sums of charges by account, month, currency and kind.
pub type Sums = BTreeMap<(AccountId, StatementMonth, &'static str), BTreeMap<ChargeKind, Decimal>>;

impl<'s> Bills<'s> {
    /// Whether a response is about bills.
    pub(super) fn is_one(fields: &Fields<'s, '_>) -> bool {
        let is_adjustment = |fields: &Fields<'s, '_>| {
            let first = fields
                .get(ADJUSTMENTS)
                .and_then(Node::elements)?
                .first()
                .copied()?
                .members()?;
            Some(first.contains_key("AdjustAmount"))
        };
        MEMBERS.iter().any(|member| {
            fields.has(member) && (*member != ADJUSTMENTS || is_adjustment(fields) == Some(true))
        })
    }

    /// Whether nothing about bills was read.
    pub(super) fn is_empty(&self) -> bool {
        self.read == 0
    }

    /// Adds a response.
    pub(super) fn add_response(
        &mut self,
        response: Node<'s>,
        options: &Options,
        found: &mut Diagnostics,
    ) {
        let Some(mut fields) = Fields::fields_of(response, found) else {
            return;
        };
        self.read += 1;
        if fields.has("TransactionList") {
            let total = fields.whole::<usize>("Total");
            let entries = fields.list("TransactionList");
            self.count(
                ("the cash ledger".to_owned(), response),
                total.map(|total| total.value),
                || {
                    entries
                        .iter()
                        .map(|entry| entry.raw_text().to_owned())
                        .collect()
                },
            );
            return self.ledger.add_movements(response, options, found);
        }
        if fields.has(ADJUSTMENTS) {
            return;
        }
        if fields.has("Deals") {
            let entries = fields.list("Deals");
            return self.deals.add_deals(&entries, found);
        }
        if fields.has("SummaryOverview") {
            return self.summaries.add_summary(response, found);
        }
        self.add_detail(response, options, found);
    }

    fn add_detail(&mut self, response: Node<'s>, options: &Options, found: &mut Diagnostics) {
        let Some(mut fields) = Fields::fields_of(response, found) else {
            return;
        };
        let total = fields.whole::<usize>("Total").map(|total| total.value);
        let is_summed = fields.has("ResourceSummarySet");
        let entries = fields.list(if is_summed {
            "ResourceSummarySet"
        } else {
            "DetailSet"
        });
        let lines = if is_summed {
            detail::summed(&entries, found)
        } else {
            detail::lines(&entries, found)
        };
        let months: BTreeSet<&str> = lines
            .iter()
            .filter_map(|line| line.cell_text("BillMonth")?.get(..7))
            .collect();
        let what = if months.is_empty() {
            "the bill".to_owned()
        } else {
            format!(
                "the bill of {}",
                months.into_iter().collect::<Vec<_>>().join(", ")
            )
        };
        self.count((what, response), total, || {
            lines.iter().map(totals::identity).collect()
        });
        let charges = meaning::charges(&lines, options, found);
        if total.is_some() {
            self.totals.extend(charges.iter().map(archive::statement));
        }
        self.charges.extend(charges);
    }

    fn count(
        &mut self,
        (what, response): (String, Node<'s>),
        total: Option<usize>,
        ids: impl FnOnce() -> Vec<String>,
    ) {
        if let Some(total) = total {
            self.places.entry(what.clone()).or_insert(response);
            self.pages.add_page(what, total, ids().into_iter());
        }
    }

    /// Adds a table: a detailed bill, FOCUS, or the normal form; anything else is named once.
    pub(super) fn add_table(
        &mut self,
        source: &'s Source,
        options: &Options,
        found: &mut Diagnostics,
    ) {
        self.read += 1;
        if crate::input::bills::fits(&source.bytes) {
            let charges = crate::input::bills::read_bills(
                &source.name,
                &source.bytes,
                options.currency,
                found,
            );
            self.charges.extend(charges);
            return;
        }
        let before = found.errors();
        let is_detail = |heading: &[String]| {
            let names: Vec<&str> = heading
                .iter()
                .filter_map(|one| headings::name_of(one))
                .collect();
            headings::NEEDED.iter().all(|needed| names.contains(needed))
        };
        let Some(sheet) = sheet::open_sheet(
            source,
            |heading| focus::fits(heading) || is_detail(heading),
            found,
        ) else {
            if found.errors() == before {
                unknown_table(source, found);
            }
            return;
        };
        if sheet.len() == 0 {
            let message = format!("`{}` has a heading and no rows", source.name);
            found.push(
                Code::LeftOut,
                Place::of_file(&source.name),
                one_line(&message),
                "nothing to type: there is nothing in it",
            );
            return;
        }
        if focus::fits(sheet.heading()) {
            self.charges.extend(focus::charges(&sheet, options, found));
            return;
        }
        let lines = sheet.lines(
            |heading| headings::name_of(heading).map(str::to_owned),
            found,
        );
        if found.errors() == before {
            self.charges
                .extend(meaning::charges(&grouped(lines), options, found));
        }
    }

    /// Puts all of it together with the charges that a book has already.
    pub(super) fn into_billed(
        mut self,
        earlier: Vec<Charge>,
        options: &Options,
        found: &mut Diagnostics,
    ) -> Billed {
        let places = &self.places;
        self.pages.check_pages(
            |what| {
                places
                    .get(what)
                    .map_or_else(|| Place::of_file(""), |node| node.place())
            },
            found,
        );
        let mut added = Added::default();
        let mut charges = self.charges;
        let payers: BTreeSet<&AccountId> = charges.iter().map(|charge| &charge.account).collect();
        if let (Some(only), 1) = (payers.first().copied().cloned(), payers.len()) {
            // The ledger does not say whose it is.
            self.ledger
                .charges
                .iter_mut()
                .for_each(|charge| charge.account = only.clone());
        }
        charges.append(&mut self.ledger.charges);
        for charge in &mut charges {
            let months = self.deals.months(&charge.order);
            charge.months = charge.months.or(months);
        }
        let download = Archive::distinct(charges, &mut added, found);
        let mut agreed = self.summaries.compare(&download, found);
        for control in self.ledger.controls(&download) {
            agreed += 1;
            if !control.agrees() {
                let place = self
                    .places
                    .get("the cash ledger")
                    .map_or_else(|| Place::of_file(""), |node| node.place());
                control.report(place, found);
            }
        }
        let sums = sums(&download);
        let mut archive = Archive::from_charges(earlier);
        let is_gone = |charge: &Charge| {
            !charge.kind.is_movement() && (options.complete || self.summaries.cover(charge))
        };
        let file = download
            .first()
            .map(|charge| archive::file_of(charge).to_owned())
            .unwrap_or_default();
        let kept = archive.add_download(download, is_gone, &mut added, found);
        let kept = kept
            .iter()
            .filter(|charge| options.complete || self.totals.contains(&archive::statement(charge)));
        archive.refuse_two_kinds(found);
        warn_of_kept(&kept.collect::<Vec<_>>(), &file, options, found);
        Billed {
            charges: archive.into_rows(),
            added,
            sums,
            standing: self.ledger.last,
            agreed,
        }
    }
}

/// Warns of charges that the book has and a list of their month does not have, though all its rows are there: the list may have
/// been asked for with a filter, or they were withdrawn.
fn warn_of_kept(kept: &[&Charge], file: &str, options: &Options, found: &mut Diagnostics) {
    let Some(first) = kept.first() else { return };
    let (rows, are) = if kept.len() == 1 {
        ("row", "is")
    } else {
        ("rows", "are")
    };
    let message = format!(
        "{} {rows} of {} in the book {are} not in these files, `{}` for one: nothing of {} is taken away",
        kept.len(),
        first.bill_month,
        first.row_id,
        if kept.len() == 1 { "it" } else { "them" }
    );
    let help = if options.complete {
        "give the later download its day with --as-of, such as `--as-of 2026-11-12`"
    } else {
        "if the files are whole months, asked for without a filter: add --complete, and these rows are withdrawn"
    };
    found.push(
        Code::LeftOut,
        Place::of_file(file),
        one_line(&message),
        help,
    );
}

/// Rows of a table that are components of one line: the same bill and resource.
fn grouped(lines: Vec<line::BillLine<'_>>) -> Vec<line::BillLine<'_>> {
    let mut places: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut grouped: Vec<line::BillLine<'_>> = Vec::new();
    for line in lines {
        let bill = line
            .cell_text("BillId")
            .filter(|bill| *bill != "billVirtualId");
        let key = bill.map(|bill| (bill.to_owned(), line.text_or_empty("ResourceId")));
        match key.clone().and_then(|key| places.get(&key).copied()) {
            Some(at) => grouped[at].components.extend(line.components),
            None => {
                if let Some(key) = key {
                    places.insert(key, grouped.len());
                }
                grouped.push(line);
            }
        }
    }
    grouped
}

const INSTANCES: &str = "put a list that a console exported into `instances.csv`: `renewcast check` says how to name its columns";
/// Tables that are near to a bill: a heading that only they have, what they are, what to do.
/// Within so many bytes the heading of a table is looked for.
const HEAD: usize = 16 << 10;
const NEAR_MISSES: &[(&str, &str, &str)] = &[
    (
        "CostInBillingCurrency",
        "a cost export of Azure that is not FOCUS",
        "export it as `Cost and usage details (FOCUS)` and import that with `import focus`",
    ),
    (
        "lineItem/UnblendedCost",
        "a cost and usage report of AWS that is not FOCUS",
        "export it as FOCUS 1.x from Data Exports and import that with `import focus`",
    ),
    (
        "交易渠道",
        "the list of payments (收支明细)",
        "import the response of `billing DescribeBillList` instead",
    ),
    ("instance_id", "a list of instances, not a bill", INSTANCES),
    ("到期时间", "a list of instances, not a bill", INSTANCES),
    (
        "Expiration Time",
        "a list of instances, not a bill",
        INSTANCES,
    ),
];

fn unknown_table(source: &Source, found: &mut Diagnostics) {
    let head = &source.bytes[..source.bytes.len().min(HEAD)];
    let (text, _, _) = if std::str::from_utf8(head).is_ok() {
        encoding_rs::UTF_8.decode(head)
    } else {
        encoding_rs::GB18030.decode(head)
    };
    let near = NEAR_MISSES
        .iter()
        .find(|(heading, ..)| text.contains(heading));
    let (what, help) = near.map_or(
        (
            "a table whose heading is not that of a bill",
            "export the detailed bill (L3) with its heading, or FOCUS cost and usage rows",
        ),
        |(_, what, help)| (what, help),
    );
    let message = format!("`{}` is {what}", source.name);
    found.push(
        Code::UnknownAnswer,
        Place::of_file(&source.name),
        one_line(&message),
        help,
    );
}

fn sums(charges: &[Charge]) -> Sums {
    let mut sums = Sums::new();
    for charge in charges {
        let of = sums
            .entry((
                charge.account.clone(),
                charge.bill_month,
                charge.currency.code(),
            ))
            .or_default();
        *of.entry(charge.kind).or_default() += charge.amount;
    }
    sums
}

/// What a book takes from its charges.
#[derive(Debug)]
pub(super) struct TakenPrices {
    /// Payments for terms that are not over.
    pub(super) orders: Vec<PaidTerm>,
    /// Payments for such terms that a return, a conversion or a resize ended.
    pub(super) ended: Vec<PaidTerm>,
    /// Monthly prices by instance.
    pub(super) monthly: BTreeMap<String, BilledPrice>,
    /// Hourly prices by instance.
    pub(super) hourly: BTreeMap<String, BilledPrice>,
    /// Prices that two charges of one day contradict.
    pub(super) undecided: Vec<Undecided>,
    /// Instances that were returned or converted after their last payment, and the day.
    pub(super) left: BTreeMap<String, Day>,
    /// Instances that were resized within a term that is not over, and the day.
    pub(super) resized: BTreeMap<String, Day>,
}

impl TakenPrices {
    /// Orders and prices of the charges that count.
    pub(super) fn take_prices(charges: &[Charge], options: &Options) -> Self {
        let current = current(charges);
        let pricing = |product: &str| options.pricing(product);
        let (monthly, mut undecided) = derive::monthly_prices(&current, pricing);
        let (hourly, more) = derive::hourly_prices(&current);
        undecided.extend(more);
        let resized = derive::resized(&current, options.from)
            .into_iter()
            .map(|(id, day)| (id.to_owned(), day))
            .collect();
        let orders = derive::orders(&current, options.from);
        let ended = derive::ended(charges, &orders, options.from);
        let left = derive::left(&current, &orders);
        Self {
            orders,
            ended,
            left,
            monthly,
            hourly,
            undecided,
            resized,
        }
    }
}

/// The charges that count: of each id the latest.
pub(super) fn current(charges: &[Charge]) -> Vec<&Charge> {
    let mut latest: BTreeMap<&str, &Charge> = BTreeMap::new();
    for charge in charges {
        let known = latest.entry(&charge.row_id).or_insert(charge);
        if known.as_of < charge.as_of {
            *known = charge;
        }
    }
    latest.into_values().collect()
}

/// An amount as the book keeps it: rounded half up to minor units, once.
pub(super) fn minor(amount: Decimal, currency: Currency) -> String {
    rounded(amount, currency).to_string()
}

pub(in crate::input::import) use derive::{PaidTerm, unlisted};
