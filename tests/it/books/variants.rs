//! Variants of a book, for the laws that compare a run of one with a run of the other (docs/spec/replay.md, Laws).

use super::funds::minor_units;
use super::random::Random;
use super::table::Table;
use super::{Cells, Date, FLAGS, Files, HOURLY_PRICES, MONTHLY_PRICES, date, days_after};

/// The same book with the rows of all files but actions.csv and prices.csv in another order: the same outputs (**law-order**).
pub(crate) fn shuffled(book: &Files, seed: u64) -> Files {
    let mut random = Random::of(seed);
    let mut files = book.clone();
    for name in [
        "accounts.csv",
        "instances.csv",
        "vouchers.csv",
        "orders.csv",
        "returns.csv",
    ] {
        let Some(text) = book.get(name) else {
            continue;
        };
        let mut table = Table::parse(text);
        random.shuffle(&mut table.rows);
        files.insert(name.to_owned(), table.text());
    }
    files
}

/// What all amounts are multiplied with, so that prices with one decimal times a factor with two decimals, over 30 or over
/// 365 days, come out whole in a currency without decimals too.
const NO_ROUNDING: i128 = 10 * 100 * 30 * 73;

/// All amounts times `n`, in a variant of the book in which no rounding intervenes (**law-scale**).
///
/// Compare `scaled(book, n)` with `scaled(book, 1)`: the same events, amounts times `n`. Against the book itself, prices
/// are cut to one decimal and factors to two, every amount is 2,190,000 times as large, and actions whose selector names a
/// price are left out, because a literal in a selector is no amount. Where a profile rounds on the way or divides by the days
/// of a term, it gets the other rule. Numbers in `detail` grow with the amounts.
pub(crate) fn scaled(book: &Files, n: i128) -> Files {
    let mut files = book.clone();
    let columns: &[(&str, &[&str])] = &[
        (
            "accounts.csv",
            &[
                "cash",
                "free_credit",
                "frozen",
                "credit_limit",
                "alert_below",
            ],
        ),
        ("instances.csv", &["monthly_price", "hourly_price"]),
        ("prices.csv", &["monthly_price", "hourly_price"]),
        ("actions.csv", &["amount", "price", "min_order"]),
        ("vouchers.csv", &["amount", "min_order"]),
        ("orders.csv", &["cash", "free_credit"]),
    ];
    for (name, amounts) in columns {
        let Some(text) = book.get(*name) else {
            continue;
        };
        let mut table = Table::parse(text);
        if let Some(selector) = table.column("where") {
            table.rows.retain(|row| !row[selector].contains("_price"));
        }
        for amount in *amounts {
            let column = table.column(amount);
            for row in &mut table.rows {
                if let Some(column) = column {
                    let decimals = if amount.ends_with("price") { 1 } else { 2 };
                    row[column] = scaled_amount(&row[column], decimals, n);
                }
            }
        }
        files.insert((*name).to_owned(), table.text());
    }
    if let Some(profiles) = files.get_mut("profiles.toml") {
        *profiles = with_short_factors(profiles)
            .replace("\"average_2_decimals\"", "\"average\"")
            .replace("\"share\"", "\"hourly\"");
    }
    files
}

/// Cut to so many decimals, and multiplied.
fn scaled_amount(text: &str, decimals: u32, n: i128) -> String {
    if text.is_empty() {
        return String::new();
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let unit = 10_i128.pow(2 - decimals);
    let hundredths = i128::from(minor_units(digits, "CNY")) / unit * unit;
    let scaled = hundredths * (NO_ROUNDING / 100) * n;
    let sign = if scaled == 0 { "" } else { sign };
    format!("{sign}{scaled}")
}

/// Factors cut to two decimals. In a profile only factors are written `"0.…"`.
fn with_short_factors(profiles: &str) -> String {
    let mut text = String::new();
    for (place, piece) in profiles.split('"').enumerate() {
        let is_factor = place % 2 == 1 && piece.starts_with("0.");
        text.push_str(if place == 0 { "" } else { "\"" });
        text.push_str(if is_factor {
            &piece[..piece.len().min(4)]
        } else {
            piece
        });
    }
    text
}

/// The book with one more account and instances of its own, which no row of the book names (**law-accounts**).
///
/// No row of another account changes. Rows without an account may: a selector without `account_id` can match the new
/// instances, and its `no_match` row then vanishes. A selector can also find a new instance whose missing price stops the
/// run.
pub(crate) fn with_extra_account(book: &Files, seed: u64) -> Files {
    let mut random = Random::of(seed);
    let mut files = book.clone();
    let mut accounts = Table::parse(&book["accounts.csv"]);
    let id = random.pick(&["0-extra", "m-extra", "ω-extra"]);
    accounts.add_row(&Cells::from([
        ("account_id", id.to_owned()),
        ("cash", random.between(-50, 400).to_string()),
    ]));
    let mut instances = Table::parse(&book["instances.csv"]);
    for number in 1..=random.between(1, 4) {
        let cells = extra_instance(book, id, number, &mut random);
        instances.add_row(&cells);
    }
    files.insert("accounts.csv".to_owned(), accounts.text());
    files.insert("instances.csv".to_owned(), instances.text());
    files
}

fn extra_instance(book: &Files, account: &str, number: i64, random: &mut Random) -> Cells {
    let mut cells = Cells::from([
        ("instance_id", format!("{number}-of-{account}")),
        ("account_id", account.to_owned()),
        ("monthly_price", random.pick(MONTHLY_PRICES).to_owned()),
        ("hourly_price", random.pick(HOURLY_PRICES).to_owned()),
        ("renew_flag", random.pick(FLAGS).to_owned()),
    ]);
    if random.percent(60) {
        let expiry = days_after(opening(book), random.between(0, 30));
        cells.insert("charge_type", "PREPAID".to_owned());
        cells.insert("expires_on", expiry.to_string());
    } else {
        cells.insert("charge_type", "POSTPAID_BY_HOUR".to_owned());
    }
    cells
}

/// The `from` of a book.
fn opening(book: &Files) -> Date {
    let lines = book["book.toml"].lines();
    let from = lines.filter_map(|line| line.strip_prefix("from = ")).next();
    date(from.expect("a book says `from`"))
}
