//! `DescribeBillList` → movements that no bill has, and balances. Amounts are whole hundredths (fen).
//!
//! | `ActionType` | what it becomes |
//! |---|---|
//! | `recharge`, `advanceRecharge` | a charge `topup` |
//! | `cash`, `withdraw` | a charge `withdraw` |
//! | `agentin`, `agentout`, `transferin`, `transferout` | a charge `transfer` |
//! | `deduct`, `return`, `advancepay` | a control total: bills have the charge |
//! | `block`, `unblock` | nothing: no money moves |

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::totals::Control;
use crate::input::diagnostic::{Code, Diagnostics};
use crate::input::import::field::Fields;
use crate::input::import::json::{Node, one_line};
use crate::input::import::options::Options;
use crate::model::bill::{Charge, ChargeKind, PaymentParts, StatementMonth};
use crate::model::calendar::Day;
use crate::model::id::AccountId;

/// What the ledger of an account says.
#[derive(Debug, Default)]
pub(super) struct CashLedger {
    /// Movements that no bill has.
    pub(super) charges: Vec<Charge>,
    /// The balances after the last movement up to the first day of the book.
    pub(super) last: Option<MovementBalances>,
    /// Deductions by bill id: what left the account, positive.
    pub(super) deducted: BTreeMap<String, Decimal>,
    /// Rows read.
    pub(super) read: usize,
    /// Rows that move no money.
    pub(super) still: usize,
    /// Rows that bills have.
    pub(super) in_bills: usize,
}

/// The balances of an account after a movement.
#[derive(Clone, Debug)]
pub(in crate::input::import) struct MovementBalances {
    /// The moment, as the file writes it: texts of one form order like moments.
    pub(in crate::input::import) moment: String,
    /// Cash.
    pub(in crate::input::import) cash: Decimal,
    /// Free credit.
    pub(in crate::input::import) free_credit: Decimal,
    /// What is frozen.
    pub(in crate::input::import) frozen: Decimal,
}

/// What an action of the ledger is for bills.
enum MovementMeaning {
    Movement(ChargeKind),
    InBills,
    Still,
}

fn meaning(action: &str) -> Option<MovementMeaning> {
    Some(match action.to_lowercase().as_str() {
        "recharge" | "advancerecharge" | "advance_recharge" => {
            MovementMeaning::Movement(ChargeKind::TopUp)
        }
        "cash" | "withdraw" => MovementMeaning::Movement(ChargeKind::Withdraw),
        "agentin" | "agentout" | "agent_in" | "agent_out" | "transferin" | "transferout" => {
            MovementMeaning::Movement(ChargeKind::Transfer)
        }
        "deduct" | "return" | "advancepay" | "advance_pay" => MovementMeaning::InBills,
        "block" | "unblock" => MovementMeaning::Still,
        _ => return None,
    })
}

impl CashLedger {
    /// Adds a page of the ledger.
    pub(super) fn add_movements(
        &mut self,
        response: Node<'_>,
        options: &Options,
        found: &mut Diagnostics,
    ) {
        let Some(mut fields) = Fields::fields_of(response, found) else {
            return;
        };
        let entries = fields.list("TransactionList");
        for (at, entry) in entries.iter().enumerate() {
            self.read += 1;
            if let Some(fields) = Fields::fields_of(*entry, found) {
                self.add_row(fields, (at + 1, *entry), options);
            }
        }
    }

    fn add_row(
        &mut self,
        mut fields: Fields<'_, '_>,
        (number, entry): (usize, Node<'_>),
        options: &Options,
    ) {
        let amount = fields.hundredths("Amount");
        let (Some(action), Some(time)) = (
            fields.needed_text("ActionType"),
            fields.needed_text("OperationTime"),
        ) else {
            return;
        };
        let moment = time.value.clone();
        let Some(day) = fields.day_of(time, "OperationTime", options.zone) else {
            return;
        };
        let Some(amount) = amount else {
            return fields.missing("Amount");
        };
        self.remember(&mut fields, (moment.clone(), day.value), options);
        match meaning(&action.value) {
            None => {
                fields.wrong::<()>(
                    Code::BadValue,
                    "ActionType",
                    action.node,
                    "not a known kind of movement",
                );
            }
            Some(MovementMeaning::Still) => self.still += 1,
            Some(MovementMeaning::InBills) => {
                self.in_bills += 1;
                if let Some(bill) = fields.take_name("BillId") {
                    *self.deducted.entry(bill.value).or_default() -= amount;
                }
            }
            Some(MovementMeaning::Movement(kind)) => {
                let id = fields.take_name("BillId").map(|id| id.value);
                let row_id =
                    id.unwrap_or_else(|| format!("{}/{moment}/{}", options.account, kind.name()));
                let source = format!("{}:{number}", super::line::file_name(entry.file()));
                self.charges.push(movement(
                    (kind, amount),
                    (row_id, source),
                    day.value,
                    options,
                ));
            }
        }
    }

    fn remember(
        &mut self,
        fields: &mut Fields<'_, '_>,
        (moment, day): (String, Day),
        options: &Options,
    ) {
        let cash = fields.hundredths("Cash");
        let (Some(cash), true) = (cash, day <= options.from) else {
            return;
        };
        let free_credit = fields.hundredths("Incentive").unwrap_or_default();
        let frozen = fields.hundredths("Freezing").unwrap_or_default();
        if self.last.as_ref().is_none_or(|last| last.moment <= moment) {
            self.last = Some(MovementBalances {
                moment,
                cash,
                free_credit,
                frozen,
            });
        }
    }

    /// Holds the deductions against the charges: what a bill took from cash and free credit must be what left the account.
    pub(super) fn controls(&self, charges: &[Charge]) -> Vec<Control> {
        let mut billed: BTreeMap<&str, (Decimal, StatementMonth, AccountId)> = BTreeMap::new();
        for charge in charges.iter().filter(|charge| !charge.order.is_empty()) {
            let empty = (Decimal::ZERO, charge.bill_month, charge.account.clone());
            billed.entry(&charge.order).or_insert(empty).0 +=
                charge.paid.cash + charge.paid.free_credit;
        }
        let both = self
            .deducted
            .iter()
            .filter_map(|(bill, deducted)| Some((bill, deducted, billed.get(bill.as_str())?)));
        both.map(|(bill, deducted, (charged, month, account))| Control {
            what: one_line(&format!("order {bill} of account {account}")),
            month: *month,
            said: *deducted,
            summed: *charged,
            digits: 2,
        })
        .collect()
    }
}

fn movement(
    (kind, amount): (ChargeKind, Decimal),
    (row_id, source): (String, String),
    day: Day,
    options: &Options,
) -> Charge {
    Charge {
        row_id,
        paid_on: day,
        account: options.account.clone(),
        instance: None,
        kind,
        product: String::new(),
        instance_type: String::new(),
        region: String::new(),
        term: None,
        months: None,
        quantity: None,
        unit: String::new(),
        hours: None,
        list: None,
        amount,
        tax: None,
        paid: PaymentParts {
            cash: amount,
            ..PaymentParts::default()
        },
        currency: options.currency,
        order: String::new(),
        reverses: Vec::new(),
        bill_month: StatementMonth::month_of(day),
        as_of: options.as_of,
        source,
        tags: BTreeMap::new(),
    }
}
