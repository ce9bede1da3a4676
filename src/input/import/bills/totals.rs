//! Control totals: what a file says its charges come to, against what they do come to.
//!
//! A total is compared with the decimals that it is printed with, rounded half up. Totals inside a file are not compared
//! with each other.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::{Decimal, RoundingStrategy};

use crate::input::diagnostic::{Code, Place};
use crate::input::import::context::Context;
use crate::input::import::json::Node;
use crate::model::bill::{Charge, ChargeKind, StatementMonth};
use crate::model::id::AccountId;

/// A total in a file, and the charges that it is of.
#[derive(Debug)]
pub(crate) struct StatedTotal<'s> {
    pub(crate) node: Node<'s>,
    /// Of what, for people.
    pub(crate) what: String,
    pub(crate) month: StatementMonth,
    /// The kinds of its charges; empty for all.
    pub(crate) kinds: &'static [ChargeKind],
    pub(crate) prepaid: Option<bool>,
    pub(crate) product: Option<String>,
    /// What the file says.
    pub(crate) total: Decimal,
    /// The decimals that the file prints.
    pub(crate) digits: u32,
}

impl<'s> StatedTotal<'s> {
    /// The total of all charges of a month, which is not yet known.
    pub(crate) fn of_month(node: Node<'s>, name: &str, month: StatementMonth) -> Self {
        Self {
            node,
            what: format!("the total of {name}"),
            month,
            kinds: &[],
            prepaid: None,
            product: None,
            total: Decimal::ZERO,
            digits: 0,
        }
    }

    fn counts(&self, charge: &Charge) -> bool {
        let is_prepaid = charge.kind.is_prepaid();
        (self.kinds.is_empty() || self.kinds.contains(&charge.kind))
            && self.prepaid.is_none_or(|prepaid| is_prepaid == prepaid)
            && self
                .product
                .as_ref()
                .is_none_or(|product| *product == charge.product)
    }

    /// Whether the total is of all charges like this one, so that it proves which of them there are.
    pub(crate) fn covers(&self, charge: &Charge) -> bool {
        self.kinds.is_empty() && self.month == charge.bill_month && self.counts(charge)
    }

    /// Compares the total with the charges of its month; none if there is not a single one.
    pub(crate) fn compare(&self, charges: &[Charge]) -> Option<TotalCheck> {
        let in_month =
            |charge: &&Charge| charge.bill_month == self.month && !charge.kind.is_movement();
        let mut in_month = charges.iter().filter(in_month).peekable();
        in_month.peek()?;
        let counted = in_month.filter(|charge| self.counts(charge));
        Some(TotalCheck {
            what: self.what.clone(),
            month: self.month,
            stated: self.total,
            summed: counted.map(|charge| charge.amount).sum(),
            digits: self.digits,
        })
    }
}

/// A total in a file, and what the charges come to.
#[derive(Clone, Debug)]
pub(crate) struct TotalCheck {
    what: String,
    month: StatementMonth,
    stated: Decimal,
    summed: Decimal,
    digits: u32,
}

impl TotalCheck {
    /// Reports a total that does not agree to the digits that are printed.
    pub(crate) fn report_difference(&self, place: impl FnOnce() -> Place, cx: &mut Context<'_>) {
        let rounding = RoundingStrategy::MidpointAwayFromZero;
        let summed = self.summed.round_dp_with_strategy(self.digits, rounding);
        if summed == self.stated {
            return;
        }
        let digits = usize::try_from(self.digits).unwrap_or_default();
        let (stated, difference) = (self.stated, self.stated - summed);
        let message = format!(
            "{} of {} is {stated:.digits$} in this file, but the charges come to {summed:.digits$}: a difference of {difference:.digits$}",
            self.what, self.month
        );
        let ratio = difference
            .checked_div(summed)
            .map(|ratio| ratio + Decimal::ONE);
        let is_hundredfold = ratio.is_some_and(|ratio| {
            ratio == Decimal::ONE_HUNDRED || ratio * Decimal::ONE_HUNDRED == Decimal::ONE
        });
        let help = if is_hundredfold {
            "one of the files is in hundredths (fen): save it once more in the main unit"
        } else {
            "import the bill and the totals of the same months, all pages, saved at the same time"
        };
        cx.report(Code::ConflictingAnswers, place(), &message, help);
    }
}

/// Compares deductions with charges: what a bill took from cash and free credit must be what left the account.
pub(crate) fn check_deductions(
    deducted: &BTreeMap<String, Decimal>,
    charges: &[Charge],
) -> Vec<TotalCheck> {
    let mut billed: BTreeMap<&str, (Decimal, StatementMonth, &AccountId)> = BTreeMap::new();
    for charge in charges.iter().filter(|charge| !charge.order.is_empty()) {
        let nothing = (Decimal::ZERO, charge.bill_month, &charge.account);
        let sum = billed.entry(&charge.order).or_insert(nothing);
        sum.0 += charge.paid.cash + charge.paid.free_credit;
    }
    let both = deducted.iter().filter_map(|(bill, stated)| {
        let (summed, month, account) = billed.get(bill.as_str())?;
        Some(TotalCheck {
            what: format!("order {bill} of account {account}"),
            month: *month,
            stated: *stated,
            summed: *summed,
            digits: 2,
        })
    });
    both.collect()
}

/// How many entries a list says it has, against those that were read.
#[derive(Debug, Default)]
pub(crate) struct PageTotals<'s> {
    /// The ids of the entries seen, by what they are of and the total that their pages say.
    lists: BTreeMap<(String, usize), BTreeSet<String>>,
    /// The first response about each thing.
    responses: BTreeMap<String, Node<'s>>,
}

impl<'s> PageTotals<'s> {
    /// Adds a page: what it is of, its total, and the ids of its entries.
    pub(crate) fn add_page(
        &mut self,
        what: &str,
        response: Node<'s>,
        total: usize,
        ids: impl Iterator<Item = String>,
    ) {
        self.responses.entry(what.to_owned()).or_insert(response);
        let list = self.lists.entry((what.to_owned(), total)).or_default();
        list.extend(ids);
    }

    /// The place of the first response about a thing.
    pub(crate) fn place_of(&self, what: &str) -> Place {
        let response = self.responses.get(what);
        response.map_or_else(|| Place::of_file(""), |node| node.place())
    }

    /// Reports lists of which a part is missing.
    pub(crate) fn check_pages(&self, cx: &mut Context<'_>) {
        for ((what, total), ids) in &self.lists {
            let seen = ids.len();
            if seen < *total {
                let missing = total - seen;
                let are = if missing == 1 { "is" } else { "are" };
                let message =
                    format!("found {seen} of {total} rows of {what}: {missing} {are} missing");
                let help = "call again for the further pages (with the `Context` of the page before), and import all of them";
                cx.report(
                    Code::ConflictingAnswers,
                    self.place_of(what),
                    &message,
                    help,
                );
            }
        }
    }
}
