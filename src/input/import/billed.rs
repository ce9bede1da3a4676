//! What bills give to the tables of a book: orders, prices, balances, and instances that only bills know.
//!
//! A cell that is filled in is left alone, whoever wrote it; only what is empty or missing is filled. Where a price came
//! from is noted beside it: in `note` of prices.csv, in `price_note` of instances.csv.

use std::collections::{BTreeMap, BTreeSet};

use super::bills::derive::{self, BilledPrice, DerivedTerms, PaidTerm};
use super::bills::{self, Billed};
use super::book_files::{
    ACCOUNTS, BookTables, INSTANCES, MONTHLY_PRICE, ORDERS, PRICE_COLUMNS, PRICED, PRICES,
    open_price,
};
use super::context::one_line;
use super::document::EditedTable;
use super::options::Options;
use crate::model::bill::Charge;
use crate::model::calendar::Day;
use crate::model::instance::{ChargeType, State};

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct AppliedBills {
    /// What is left to do: flags of instances that only bills know, prices that contradict each other.
    pub(crate) to_do: Vec<String>,
    /// How many instances got a price from bills.
    pub(crate) priced: usize,
    /// The latest statement, for people.
    pub(crate) until: Option<String>,
}

/// The columns of orders.csv that bills fill.
const ORDER_COLUMNS: &[&str] = &[
    "instance_id",
    "term_start",
    "term_end",
    "months",
    "cash",
    "free_credit",
    "new",
];
/// The columns of an order that bills give and people would not change by chance.
const ORDER_IDENTITY: &[&str] = &[
    "instance_id",
    "term_start",
    "term_end",
    "cash",
    "free_credit",
];
/// What orders are sorted and replaced by.
const ORDER_KEY: &[&str] = &["instance_id", "term_start"];

/// The most months of an order.
const MAX_MONTHS: u32 = 1200;

/// Puts what bills say into the tables.
/// Rule **filled-cells**.
pub(crate) fn apply(tables: &mut BookTables, billed: &Billed, options: &Options) -> AppliedBills {
    let current = derive::current(&billed.charges);
    let derived = DerivedTerms::derive_terms(&billed.charges, &current, options);
    let header = &["instance_id", "account_id", "charge_type"];
    let mut instances = take(tables, INSTANCES, header);
    let mut applied = AppliedBills::default();
    applied.add_unlisted(&mut instances, &current, options);
    let mut prices = take(tables, PRICES, PRICE_COLUMNS);
    applied.add_prices(&mut prices, &mut instances, &derived);
    let rows = instances.index(&["instance_id"]);
    let rows = rows.iter().map(|(key, row)| (key[0].as_str(), *row));
    let rows: BTreeMap<&str, usize> = rows.collect();
    let had_orders = tables.contains_key(ORDERS);
    let mut orders = take(tables, ORDERS, ORDER_COLUMNS);
    applied.add_orders(&mut orders, &instances, &rows, &derived);
    if had_orders || orders.len() > 0 {
        orders.sort_by(ORDER_KEY);
        tables.insert(ORDERS.to_owned(), orders);
    }
    let header = &["account_id", "cash", "free_credit", "frozen"];
    let mut accounts = take(tables, ACCOUNTS, header);
    add_accounts(&mut accounts, &instances, billed, options);
    derived.undecided.iter().for_each(|one| applied.ask(one));
    for (id, day) in &derived.resized {
        if rows.contains_key(id) {
            applied.ask(&format!(
                "write the order of {id} into orders.csv and its price into instances.csv: it was resized on {day}, and no bill says \
                 what was left of its payment or what it costs since"
            ));
        }
    }
    applied.ask_about_left(&instances, &rows, &derived.left);
    let months = billed.charges.iter().map(|charge| charge.bill_month);
    applied.until = months.max().map(|month| month.to_string());
    tables.insert(INSTANCES.to_owned(), instances);
    tables.insert(PRICES.to_owned(), prices);
    tables.insert(ACCOUNTS.to_owned(), accounts);
    applied
}

/// Takes a table out of a book, or begins it.
fn take(tables: &mut BookTables, name: &str, header: &[&str]) -> EditedTable {
    let known = tables.remove(name);
    known.unwrap_or_else(|| EditedTable::with_header(header))
}

impl AppliedBills {
    fn ask(&mut self, sentence: &str) {
        self.to_do.push(one_line(sentence));
    }

    /// Adds the instances that only bills know.
    /// Rule **billed-instance**.
    fn add_unlisted(
        &mut self,
        instances: &mut EditedTable,
        current: &[&Charge],
        options: &Options,
    ) {
        let listed = instances.index(&["instance_id"]);
        let is_listed = |id: &str| listed.contains_key([id.to_owned()].as_slice());
        for (id, charge) in derive::unlisted(current, options.from, is_listed) {
            let end = charge.term.map(|term| term.end.to_string());
            let row = instances.push(&[
                ("instance_id", id),
                ("account_id", charge.account.as_str()),
                ("product", &charge.product),
                ("region", &charge.region),
                ("charge_type", ChargeType::Prepaid.name()),
                ("renew_flag", "manual"),
                ("expires_on", &end.unwrap_or_default()),
            ]);
            for (key, value) in charge.tags.iter().filter(|(key, _)| *key != "owner") {
                instances.set(row, &format!("tag:{key}"), value);
            }
            self.ask(&format!(
                "set renew_flag of {id} in instances.csv: only bills know it, and it is manual now"
            ));
        }
    }

    /// Fills in prices: of a type where all its instances agree, else of each instance.
    fn add_prices(
        &mut self,
        prices: &mut EditedTable,
        instances: &mut EditedTable,
        derived: &DerivedTerms<'_>,
    ) {
        let mut groups: BTreeMap<(Vec<String>, &str), Vec<usize>> = BTreeMap::new();
        for row in 0..instances.len() {
            if let Some(column) = open_price(instances, row) {
                let mut key = instances.key(row, PRICED);
                if key[0].is_empty() {
                    "cvm".clone_into(&mut key[0]);
                }
                groups.entry((key, column)).or_default().push(row);
            }
        }
        let mut listed = prices.index(PRICED);
        for ((key, column), rows) in groups {
            let known = listed.get(&key).copied();
            if known.is_some_and(|row| !prices.get(row, column).is_empty()) {
                continue;
            }
            let by_instance = match column {
                MONTHLY_PRICE => &derived.monthly,
                _ => &derived.hourly,
            };
            let found = rows.iter().map(|row| {
                let price = by_instance.get(instances.get(*row, "instance_id"));
                (*row, price)
            });
            let found: Vec<(usize, Option<&BilledPrice>)> = found.collect();
            let instance_type = key[1].clone();
            match agreed(&found).filter(|_| !instance_type.is_empty()) {
                Some(price) => {
                    let row = known.unwrap_or_else(|| prices.push(&cells(PRICED, &key)));
                    prices.set_all(row, &[(column, &price.price), ("note", &price.note)]);
                    listed.insert(key, row);
                    self.priced += rows.len();
                }
                None => {
                    for (row, price) in found {
                        if let Some(price) = price {
                            let cells = [(column, &*price.price), ("price_note", &price.note)];
                            instances.set_all(row, &cells);
                            self.priced += 1;
                        }
                    }
                }
            }
        }
    }

    /// Adds orders of prepaid instances that exist and whose expiry the term does not pass. What earlier bills gave and
    /// later ones ended is removed.
    fn add_orders(
        &mut self,
        orders: &mut EditedTable,
        instances: &EditedTable,
        rows: &BTreeMap<&str, usize>,
        derived: &DerivedTerms<'_>,
    ) {
        remove_ended(orders, &derived.ended);
        let mut known = orders.index(ORDER_KEY);
        let mut before: Option<&PaidTerm> = None;
        for order in &derived.orders {
            let earlier = before.replace(order);
            let earlier = earlier.filter(|earlier| earlier.overlaps(order));
            let Some(row) = rows.get(order.instance).copied() else {
                continue;
            };
            let texts = order_texts(order);
            let is_here = instances.get(row, "charge_type") == ChargeType::Prepaid.name()
                && instances.get(row, "state") != State::Terminated.name();
            let is_later = texts[2].as_str() > instances.get(row, "expires_on");
            if !is_here || is_later || order.is_negative() {
                continue;
            }
            if let Some(earlier) = earlier {
                self.ask(&format!(
                    "write the order of {} from {} into orders.csv: its bills have another term until {}",
                    order.instance, order.term.start, earlier.term.end
                ));
                continue;
            }
            let cells = cells(ORDER_COLUMNS, &texts);
            match known.get(&texts[..ORDER_KEY.len()]) {
                Some(at) => orders.set_all(*at, &cells),
                None => {
                    let row = orders.push(&cells);
                    known.insert(texts[..ORDER_KEY.len()].to_vec(), row);
                }
            }
        }
    }

    /// Asks about prepaid instances that left by their bills but are still in use in the book.
    fn ask_about_left(
        &mut self,
        instances: &EditedTable,
        rows: &BTreeMap<&str, usize>,
        left: &BTreeMap<&str, Day>,
    ) {
        for (id, day) in left {
            let is_in_use = rows.get(id).is_some_and(|row| {
                instances.get(*row, "charge_type") == ChargeType::Prepaid.name()
                    && instances.get(*row, "state").is_empty()
            });
            if is_in_use {
                self.ask(&format!(
                    "correct {id} in instances.csv: its bills say that it was returned or converted on {day}"
                ));
            }
        }
    }
}

/// The price on which all instances of a type agree.
fn agreed<'p>(found: &[(usize, Option<&'p BilledPrice>)]) -> Option<&'p BilledPrice> {
    let (_, first) = found.first()?;
    let first = (*first)?;
    let mut prices = found.iter().map(|(_, price)| *price);
    let agree = prices.all(|price| price.is_some_and(|price| price.price == first.price));
    agree.then_some(first)
}

fn remove_ended(orders: &mut EditedTable, ended: &[PaidTerm<'_>]) {
    let mut known: BTreeMap<Vec<String>, BTreeSet<usize>> = BTreeMap::new();
    for row in 0..orders.len() {
        let rows = known.entry(orders.key(row, ORDER_IDENTITY)).or_default();
        rows.insert(row);
    }
    let mut removed = BTreeSet::new();
    for term in ended {
        let [instance, start, end, _, cash, free_credit, _] = order_texts(term);
        let rows = known.get_mut([instance, start, end, cash, free_credit].as_slice());
        removed.extend(rows.and_then(BTreeSet::pop_first));
    }
    orders.remove(&removed);
}

/// The cells of an order, in the order of [`ORDER_COLUMNS`].
fn order_texts(order: &PaidTerm<'_>) -> [String; 7] {
    let months = order.months.filter(|months| *months <= MAX_MONTHS);
    [
        order.instance.to_owned(),
        order.term.start.to_string(),
        order.term.end.to_string(),
        months.map_or_else(String::new, |months| months.to_string()),
        bills::minor(order.cash, order.currency),
        bills::minor(order.free_credit, order.currency),
        if order.new { "true" } else { "" }.to_owned(),
    ]
}

/// Texts beside the columns that they are for.
fn cells<'c>(columns: &[&'c str], texts: &'c [String]) -> Vec<(&'c str, &'c str)> {
    let texts = texts.iter().map(String::as_str);
    columns.iter().copied().zip(texts).collect()
}

/// Adds accounts that only bills know, and balances of the cash ledger where the book has none.
fn add_accounts(
    accounts: &mut EditedTable,
    instances: &EditedTable,
    billed: &Billed,
    options: &Options,
) {
    let known = accounts.index(&["account_id"]);
    let owners = (0..instances.len()).map(|row| instances.get(row, "account_id"));
    let mut currencies: BTreeMap<&str, &str> = owners.map(|id| (id, "")).collect();
    for charge in &billed.charges {
        currencies.insert(charge.account.as_str(), charge.currency.code());
    }
    for (id, code) in currencies {
        if !known.contains_key([id.to_owned()].as_slice()) {
            let row = accounts.push(&[("account_id", id)]);
            if code != options.currency.code() {
                accounts.set(row, "currency", code);
            }
        }
    }
    let Some(balance) = &billed.last_balance else {
        return;
    };
    if accounts.len() == 1 && accounts.get(0, "cash").is_empty() {
        let [cash, free_credit, frozen] = [balance.cash, balance.free_credit, balance.frozen]
            .map(|amount| bills::minor(amount, options.currency));
        let cells = [
            ("cash", &*cash),
            ("free_credit", &free_credit),
            ("frozen", &frozen),
        ];
        accounts.set_all(0, &cells);
    }
}
