//! The words of Tencent Cloud's bills → what they mean in `bills.csv`. The lists are in `words.toml`; FOCUS tables, whose
//! products are named as in other bills, ask here too.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::input::import::bills::sheet::plain_heading;
use crate::model::bill::ChargeKind;

/// The lists of `words.toml`.
#[derive(Deserialize)]
struct BillWords {
    pay_modes: Vec<String>,
    /// A product, then words of its names.
    products: Vec<Vec<String>>,
    /// A region, then its numbers and words of its names.
    regions: Vec<Vec<String>>,
    /// Headings by name.
    headings: BTreeMap<String, Vec<String>>,
    /// Transactions by kind.
    kinds: BTreeMap<String, Vec<String>>,
}

static WORDS: LazyLock<BillWords> = LazyLock::new(|| {
    toml::from_str(include_str!("words.toml")).expect("the program's own lists have their form")
});

/// The name that has this word among its words.
fn name_with_word(
    lists: &'static BTreeMap<String, Vec<String>>,
    word: &str,
) -> Option<&'static str> {
    let mut lists = lists.iter();
    let (name, _) = lists.find(|(_, words)| words.iter().any(|known| known == word))?;
    Some(name)
}

/// The first entry of the row that has a fitting word.
fn first_fitting(
    rows: &'static [Vec<String>],
    fits: impl Fn(&str) -> bool,
) -> Option<&'static str> {
    let mut rows = rows.iter();
    let row = rows.find(|row| row.iter().skip(1).any(|word| fits(word)))?;
    row.first().map(String::as_str)
}

/// The name of the interface that a heading of the console is.
pub(crate) fn name_of(heading: &str) -> Option<&'static str> {
    name_with_word(&WORDS.headings, &plain_heading(heading))
}

/// The product of a name in a bill.
pub(crate) fn product_of_name(name: &str) -> Option<&'static str> {
    first_fitting(&WORDS.products, |word| name.contains(word))
}

/// The region of a number, or else of a name, in a bill.
pub(crate) fn region_of(number: &str, name: &str) -> Option<&'static str> {
    let regions = &WORDS.regions;
    first_fitting(regions, |word| word == number)
        .or_else(|| first_fitting(regions, |word| !is_number(word) && name.contains(word)))
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The kind of a transaction by its code or name.
pub(crate) fn kind_of(transaction: &str) -> Option<ChargeKind> {
    let name = transaction.trim().to_lowercase();
    if name.starts_with("postpay_deduct") {
        return Some(ChargeKind::Usage);
    }
    let modes = WORDS.pay_modes.iter();
    let mut without_mode = modes.filter_map(|mode| name.strip_prefix(mode.as_str()));
    let kind = name_with_word(&WORDS.kinds, &name)
        .or_else(|| without_mode.find_map(|rest| name_with_word(&WORDS.kinds, rest.trim())))?;
    let mut words = ChargeKind::NAMES.iter();
    words.find(|(word, _)| *word == kind).map(|(_, kind)| *kind)
}
