//! What bills give to the files of a book: charges, orders, prices, balances, and instances that only bills know.
//!
//! A cell that is filled in is left alone, whoever wrote it; only what is empty or missing is filled. Where a price came
//! from stands beside it: in `note` of prices.csv, in `price_note` of instances.csv.

use std::collections::{BTreeMap, BTreeSet};

use super::bills::{self, Billed, PaidTerm, TakenPrices};
use super::document::EditedTable;
use super::json::one_line;
use super::options::Options;
use crate::input;
use crate::model::instance::{ChargeType, State};

/// The files of a book by name.
pub(super) type Files = BTreeMap<String, String>;

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// What is left to do: flags of instances that only bills know, prices that contradict each other.
    pub(super) to_do: Vec<String>,
    /// Prices that bills gave.
    pub(super) priced: usize,
    /// The latest statement, for people.
    pub(super) until: Option<String>,
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

/// The most months of an order.
const MOST_MONTHS: u32 = 1200;

/// Puts what bills say into the files.
/// Rule **filled-cells**.
pub(super) fn apply(files: &mut Files, billed: &Billed, options: &Options) -> Applied {
    let mut applied = Applied::default();
    let mut instances = document(
        files,
        "instances.csv",
        &["instance_id", "account_id", "charge_type"],
    );
    add_unlisted(&mut instances, billed, options, &mut applied);
    let taken = TakenPrices::take_prices(&billed.charges, options);
    add_prices(files, &mut instances, &taken, &mut applied);
    add_orders(files, &instances, &taken, &mut applied);
    add_accounts(files, &instances, billed, options);
    for undecided in &taken.undecided {
        let (one, other) = &undecided.prices;
        applied.to_do.push(one_line(&format!(
            "decide which price of {} counts: its bills of {} give {one} and {other}",
            undecided.instance, undecided.paid_on
        )));
    }
    let listed = |id: &str| instances.find(&[("instance_id", id)]).is_some();
    for (id, day) in taken.resized.iter().filter(|(id, _)| listed(id)) {
        applied.to_do.push(one_line(&format!(
            "write the order of {id} into orders.csv and its price into instances.csv: it was resized on {day}, and no bill says \
             what was left of its payment or what it costs since"
        )));
    }
    for (id, day) in &taken.left {
        let Some(row) = instances.find(&[("instance_id", id)]) else {
            continue;
        };
        if instances.get(row, "charge_type") == ChargeType::Prepaid.name()
            && instances.get(row, "state").is_empty()
        {
            applied.to_do.push(one_line(&format!(
                "correct {id} in instances.csv: its bills say that it was returned or converted on {day}"
            )));
        }
    }
    applied.until = billed
        .charges
        .iter()
        .map(|charge| charge.bill_month)
        .max()
        .map(|month| month.to_string());
    files.insert("instances.csv".to_owned(), instances.to_csv());
    files.insert(
        input::bills::FILE.to_owned(),
        input::bills::write_bills(&billed.charges),
    );
    applied
}

fn document(files: &Files, name: &str, header: &[&str]) -> EditedTable {
    let parsed = files.get(name).and_then(|text| EditedTable::parse(text));
    parsed.unwrap_or_else(|| EditedTable::with_header(header))
}

/// Rule **billed-instance**.
fn add_unlisted(
    instances: &mut EditedTable,
    billed: &Billed,
    options: &Options,
    applied: &mut Applied,
) {
    let current = bills::current(&billed.charges);
    let listed: BTreeSet<String> = (0..instances.len())
        .map(|row| instances.get(row, "instance_id").to_owned())
        .collect();
    for (id, charge) in bills::unlisted(&current, options.from, |id| listed.contains(id)) {
        let end = charge
            .term
            .map(|term| term.end.to_string())
            .unwrap_or_default();
        instances.push(&[
            ("instance_id", id),
            ("account_id", charge.account.as_str()),
            ("product", &charge.product),
            ("region", &charge.region),
            ("charge_type", ChargeType::Prepaid.name()),
            ("renew_flag", "manual"),
            ("expires_on", &end),
        ]);
        for (key, value) in charge.tags.iter().filter(|(key, _)| *key != "owner") {
            instances.set(instances.len() - 1, &format!("tag:{key}"), value);
        }
        applied.to_do.push(one_line(&format!(
            "set renew_flag of {id} in instances.csv: only bills know it, and it stands as manual"
        )));
    }
}

/// The group of instances that one row of prices.csv is for.
type Priced = (String, String, String);

fn add_prices(
    files: &mut Files,
    instances: &mut EditedTable,
    taken: &TakenPrices,
    applied: &mut Applied,
) {
    let mut prices = document(
        files,
        "prices.csv",
        &[
            "product",
            "instance_type",
            "region",
            "monthly_price",
            "hourly_price",
        ],
    );
    let mut groups: BTreeMap<(Priced, &'static str), Vec<usize>> = BTreeMap::new();
    for row in 0..instances.len() {
        let column = match instances.get(row, "charge_type") {
            "PREPAID" => "monthly_price",
            _ => "hourly_price",
        };
        let is_gone = instances.get(row, "state") == "terminated";
        if !is_gone && instances.get(row, column).is_empty() {
            groups
                .entry((priced(instances, row), column))
                .or_default()
                .push(row);
        }
    }
    for ((of, column), rows) in groups {
        let found = if column == "monthly_price" {
            &taken.monthly
        } else {
            &taken.hourly
        };
        let made: Vec<_> = rows
            .iter()
            .map(|row| (*row, found.get(instances.get(*row, "instance_id"))))
            .collect();
        let first = made.first().and_then(|(_, found)| *found);
        let agree = first.is_some_and(|first| {
            made.iter()
                .all(|(_, found)| found.is_some_and(|found| found.price == first.price))
        });
        let listed = prices.find(&[
            ("product", &of.0),
            ("instance_type", &of.1),
            ("region", &of.2),
        ]);
        let is_filled = listed.is_some_and(|row| !prices.get(row, column).is_empty());
        if is_filled {
            continue;
        }
        if let (Some(first), true, false) = (first, agree, of.1.is_empty()) {
            let row = listed.unwrap_or_else(|| {
                prices.push(&[
                    ("product", &of.0),
                    ("instance_type", &of.1),
                    ("region", &of.2),
                ]);
                prices.len() - 1
            });
            prices.set(row, column, &first.price);
            prices.set(row, "note", &first.note);
            applied.priced += rows.len();
            continue;
        }
        for (row, found) in made {
            if let Some(found) = found {
                instances.set(row, column, &found.price);
                instances.set(row, "price_note", &found.note);
                applied.priced += 1;
            }
        }
    }
    files.insert("prices.csv".to_owned(), prices.to_csv());
}

fn priced(instances: &EditedTable, row: usize) -> Priced {
    let text = |column| instances.get(row, column).to_owned();
    let product = Some(text("product"))
        .filter(|product| !product.is_empty())
        .unwrap_or_else(|| "cvm".to_owned());
    (product, text("instance_type"), text("region"))
}

/// Orders of prepaid instances that are there and whose expiry the term does not pass. What earlier bills gave and later ones
/// ended is taken away again.
fn add_orders(
    files: &mut Files,
    instances: &EditedTable,
    taken: &TakenPrices,
    applied: &mut Applied,
) {
    let rows: BTreeMap<&str, usize> = (0..instances.len())
        .map(|row| (instances.get(row, "instance_id"), row))
        .collect();
    let mut orders = document(files, "orders.csv", ORDER_COLUMNS);
    let was_there = files.contains_key("orders.csv");
    for ended in &taken.ended {
        let cells = OrderCells::cells_of_term(ended);
        if let Some(at) = orders.find(&cells.known()) {
            orders.remove(at);
        }
    }
    for (at, order) in taken.orders.iter().enumerate() {
        let Some(row) = rows.get(order.instance.as_str()) else {
            continue;
        };
        let cells = OrderCells::cells_of_term(order);
        let is_there = instances.get(*row, "charge_type") == ChargeType::Prepaid.name()
            && instances.get(*row, "state") != State::Terminated.name();
        if !is_there
            || cells.end.as_str() > instances.get(*row, "expires_on")
            || order.is_negative()
        {
            continue;
        }
        if let Some(before) = at
            .checked_sub(1)
            .map(|at| &taken.orders[at])
            .filter(|before| before.overlaps(order))
        {
            applied.to_do.push(one_line(&format!(
                "write the order of {} from {} into orders.csv: its bills have another term until {}",
                order.instance, order.term.start, before.term.end
            )));
            continue;
        }
        match orders.find(&[
            ("instance_id", &order.instance),
            ("term_start", &cells.start),
        ]) {
            Some(at) => cells
                .all()
                .iter()
                .for_each(|(column, text)| orders.set(at, column, text)),
            None => orders.push(&cells.all()),
        }
    }
    if orders.len() > 0 || was_there {
        orders.sort_by(&["instance_id", "term_start"]);
        files.insert("orders.csv".to_owned(), orders.to_csv());
    }
}

/// The cells of an order.
struct OrderCells<'o> {
    instance: &'o str,
    start: String,
    end: String,
    months: String,
    cash: String,
    free_credit: String,
    new: &'static str,
}

impl<'o> OrderCells<'o> {
    fn cells_of_term(order: &'o PaidTerm) -> Self {
        Self {
            instance: &order.instance,
            start: order.term.start.to_string(),
            end: order.term.end.to_string(),
            months: order
                .months
                .filter(|months| *months <= MOST_MONTHS)
                .map(|months| months.to_string())
                .unwrap_or_default(),
            cash: bills::minor(order.cash, order.currency),
            free_credit: bills::minor(order.free_credit, order.currency),
            new: if order.new { "true" } else { "" },
        }
    }

    /// Those that bills give, and people would not change by chance.
    fn known(&self) -> [(&'static str, &str); 5] {
        [
            ("instance_id", self.instance),
            ("term_start", &self.start),
            ("term_end", &self.end),
            ("cash", &self.cash),
            ("free_credit", &self.free_credit),
        ]
    }

    fn all(&self) -> [(&'static str, &str); 7] {
        let [instance, start, end, cash, free_credit] = self.known();
        [
            instance,
            start,
            end,
            ("months", &self.months),
            cash,
            free_credit,
            ("new", self.new),
        ]
    }
}

/// Accounts that only bills know; balances of the cash ledger where no balance is there.
fn add_accounts(files: &mut Files, instances: &EditedTable, billed: &Billed, options: &Options) {
    let mut accounts = document(
        files,
        "accounts.csv",
        &["account_id", "cash", "free_credit", "frozen"],
    );
    let payers = billed
        .charges
        .iter()
        .map(|charge| charge.account.to_string());
    let owners = (0..instances.len()).map(|row| instances.get(row, "account_id").to_owned());
    let currencies: BTreeMap<String, &str> = billed
        .charges
        .iter()
        .map(|charge| (charge.account.to_string(), charge.currency.code()))
        .collect();
    for id in payers.chain(owners).collect::<BTreeSet<String>>() {
        if accounts.find(&[("account_id", &id)]).is_none() {
            accounts.push(&[("account_id", &id)]);
            let other = currencies
                .get(&id)
                .filter(|code| **code != options.currency.code());
            other
                .iter()
                .for_each(|code| accounts.set(accounts.len() - 1, "currency", code));
        }
    }
    let only = (accounts.len() == 1)
        .then_some(0)
        .filter(|row| accounts.get(*row, "cash").is_empty());
    if let (Some(row), Some(standing)) = (only, &billed.standing) {
        accounts.set(row, "cash", &bills::minor(standing.cash, options.currency));
        accounts.set(
            row,
            "free_credit",
            &bills::minor(standing.free_credit, options.currency),
        );
        accounts.set(
            row,
            "frozen",
            &bills::minor(standing.frozen, options.currency),
        );
    }
    files.insert("accounts.csv".to_owned(), accounts.to_csv());
}
