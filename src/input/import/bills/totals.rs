//! Control totals: what a file says its charges come to, against what they do come to.
//!
//! A total is compared with the decimals that it is printed with, rounded half up. Totals inside a file are not compared
//! with each other.

use rust_decimal::{Decimal, RoundingStrategy};

use super::line::BillLine;
use crate::input::diagnostic::{Code, Diagnostics, Place};
use crate::input::import::field::Fields;
use crate::input::import::json::{Node, one_line};
use crate::model::bill::{Charge, ChargeKind, StatementMonth, exact};

/// A total that a file says, and the sum that stands against it.
#[derive(Clone, Debug)]
pub(super) struct Control {
    /// Of what, for people.
    pub(super) what: String,
    /// Of which month.
    pub(super) month: StatementMonth,
    /// What the file says.
    pub(super) said: Decimal,
    /// What the charges come to.
    pub(super) summed: Decimal,
    /// The decimals that the file prints.
    pub(super) digits: u32,
}

impl Control {
    /// Whether both agree to the digits that are printed.
    pub(super) fn agrees(&self) -> bool {
        self.summed
            .round_dp_with_strategy(self.digits, RoundingStrategy::MidpointAwayFromZero)
            == self.said
    }

    /// Reports a total that does not agree.
    pub(super) fn report(&self, place: Place, found: &mut Diagnostics) {
        let digits = usize::try_from(self.digits).unwrap_or_default();
        let summed = self
            .summed
            .round_dp_with_strategy(self.digits, RoundingStrategy::MidpointAwayFromZero);
        let (said, difference) = (self.said, self.said - summed);
        let message = format!(
            "{} of {} is {said:.digits$} in this file, but the charges come to {summed:.digits$}: a difference of {difference:.digits$}",
            self.what, self.month
        );
        let help = match difference
            .checked_div(summed)
            .filter(|_| !summed.is_zero())
            .map(|ratio| ratio + Decimal::ONE)
        {
            Some(ratio)
                if ratio == Decimal::from(100) || ratio * Decimal::from(100) == Decimal::ONE =>
            {
                "one of the files is in hundredths (fen): save it once more in the main unit"
            }
            _ => {
                "import the bill and the totals of the same months, all pages, saved at the same time"
            }
        };
        found.push(Code::ConflictingAnswers, place, one_line(&message), help);
    }
}

/// A total of a summary: which charges it is of, and what it says.
#[derive(Debug)]
struct StatedTotal<'s> {
    node: Node<'s>,
    what: String,
    month: StatementMonth,
    kinds: Option<Vec<ChargeKind>>,
    prepaid: Option<bool>,
    product: Option<String>,
}

/// The totals of summaries, to be compared once all charges are there.
#[derive(Debug, Default)]
pub(super) struct Summaries<'s> {
    asked: Vec<(StatedTotal<'s>, Decimal, u32)>,
}

impl<'s> Summaries<'s> {
    /// Adds the totals of a `SummaryOverview`.
    pub(super) fn add_summary(&mut self, response: Node<'s>, found: &mut Diagnostics) {
        let Some(mut fields) = Fields::fields_of(response, found) else {
            return;
        };
        for entry in fields.list("SummaryOverview") {
            let Some(mut overview) = Fields::fields_of(entry, found) else {
                continue;
            };
            let mode = overview.take_text("PayMode").map(|mode| mode.value);
            let prepaid = mode.as_deref().map(|mode| mode == "prePay");
            let product = overview
                .take_text("BusinessCode")
                .map(|code| code.value.trim_start_matches("p_").to_owned());
            let details = overview.list("Detail");
            let own = overview
                .take_text("BillMonth")
                .and_then(|month| StatementMonth::parse(month.value.get(..7)?));
            let months: Vec<StatementMonth> = details
                .iter()
                .filter_map(|detail| month_of(*detail, found))
                .collect();
            let month = own.or_else(|| {
                months
                    .first()
                    .copied()
                    .filter(|first| months.iter().all(|month| month == first))
            });
            if let Some(month) = month {
                let named = mode
                    .as_deref()
                    .map_or_else(|| product.clone().unwrap_or_default(), str::to_owned);
                let asked = StatedTotal {
                    node: entry,
                    what: format!("the total of {named}"),
                    month,
                    kinds: None,
                    prepaid,
                    product,
                };
                self.ask(asked, found);
            }
            for detail in details {
                self.add_detail(detail, prepaid, found);
            }
        }
    }

    fn add_detail(&mut self, detail: Node<'s>, prepaid: Option<bool>, found: &mut Diagnostics) {
        let month = month_of(detail, found);
        let Some(mut fields) = Fields::fields_of(detail, found) else {
            return;
        };
        let action = fields
            .take_text("ActionType")
            .map(|action| action.value)
            .unwrap_or_default();
        // Only actions that are a kind by themselves can be told from each other in the normal form.
        let kinds = match action.as_str() {
            "prepay_purchase" => vec![ChargeKind::New],
            "prepay_renew" => vec![ChargeKind::Renew, ChargeKind::AutoRenew],
            "prepay_return" => vec![ChargeKind::Refund],
            "billVirtualId" => vec![ChargeKind::Round],
            _ => return,
        };
        let Some(month) = month else { return };
        let what = format!("the total of {action}");
        self.ask(
            StatedTotal {
                node: detail,
                what,
                month,
                kinds: Some(kinds),
                prepaid,
                product: None,
            },
            found,
        );
    }

    fn ask(&mut self, asked: StatedTotal<'s>, found: &mut Diagnostics) {
        let Some(mut fields) = Fields::fields_of(asked.node, found) else {
            return;
        };
        let Some(total) = fields
            .take_text("RealTotalCost")
            .filter(|total| total.value != "-")
        else {
            return;
        };
        match exact(&total.value) {
            Some(said) => {
                let decimals = total
                    .value
                    .split_once('.')
                    .map_or(0, |(_, decimals)| decimals.len());
                self.asked
                    .push((asked, said, u32::try_from(decimals).unwrap_or_default()));
            }
            None => {
                fields.wrong::<()>(Code::BadAmount, "RealTotalCost", total.node, "not a number");
            }
        }
    }

    /// Whether an agreeing total is of all charges like this one, so that it proves which of them there are.
    pub(super) fn cover(&self, charge: &Charge) -> bool {
        self.asked.iter().any(|(asked, ..)| {
            asked.kinds.is_none() && asked.month == charge.bill_month && asked.holds(charge)
        })
    }

    /// Compares all totals with the charges of their months; months without a single charge are not compared.
    pub(super) fn compare(&self, charges: &[Charge], found: &mut Diagnostics) -> usize {
        let mut compared = 0;
        for (asked, said, digits) in &self.asked {
            let in_month = charges
                .iter()
                .filter(|charge| charge.bill_month == asked.month && !charge.kind.is_movement());
            let mut in_month = in_month.peekable();
            if in_month.peek().is_none() {
                continue;
            }
            let summed = in_month
                .filter(|charge| asked.holds(charge))
                .map(|charge| charge.amount)
                .sum();
            let control = Control {
                what: asked.what.clone(),
                month: asked.month,
                said: *said,
                summed,
                digits: *digits,
            };
            compared += 1;
            if !control.agrees() {
                control.report(asked.node.place(), found);
            }
        }
        compared
    }
}

impl StatedTotal<'_> {
    fn holds(&self, charge: &Charge) -> bool {
        self.kinds
            .as_ref()
            .is_none_or(|kinds| kinds.contains(&charge.kind))
            && self
                .prepaid
                .is_none_or(|prepaid| charge.kind.is_prepaid() == prepaid)
            && self
                .product
                .as_ref()
                .is_none_or(|product| *product == charge.product)
    }
}

fn month_of(detail: Node<'_>, found: &mut Diagnostics) -> Option<StatementMonth> {
    let mut fields = Fields::fields_of(detail, found)?;
    fields
        .take_text("BillMonth")
        .and_then(|month| StatementMonth::parse(month.value.get(..7)?))
}

/// How many entries a list says it has, against those that are there.
#[derive(Debug, Default)]
pub(super) struct PageTotals {
    /// Distinct rows seen, by the total that their pages say and what they are of.
    lists: std::collections::BTreeMap<(String, usize), std::collections::BTreeSet<String>>,
}

impl PageTotals {
    /// Adds a page: of what, its `Total`, the ids of its rows.
    pub(super) fn add_page(
        &mut self,
        what: String,
        total: usize,
        ids: impl Iterator<Item = String>,
    ) {
        self.lists.entry((what, total)).or_default().extend(ids);
    }

    /// Reports lists of which a part is missing.
    pub(super) fn check_pages(&self, place: impl Fn(&str) -> Place, found: &mut Diagnostics) {
        for ((what, total), ids) in &self.lists {
            if ids.len() < *total {
                let missing = total - ids.len();
                let are = if missing == 1 { "is" } else { "are" };
                let message = format!(
                    "{} of {total} rows of {what} are there: {missing} {are} missing",
                    ids.len()
                );
                let help = "call again for the further pages (with the `Context` of the page before), and import all of them";
                found.push(
                    Code::ConflictingAnswers,
                    place(what),
                    one_line(&message),
                    help,
                );
            }
        }
    }
}

/// The id of a line for counting: its own, or all that it says.
pub(super) fn identity(line: &BillLine<'_>) -> String {
    line.cell_text("Id").map_or_else(
        || format!("{:?}{:?}", line.texts, line.components),
        str::to_owned,
    )
}
