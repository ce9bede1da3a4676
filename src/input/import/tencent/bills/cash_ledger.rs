//! `DescribeBillList` → movements that no bill has, and balances. Amounts are whole hundredths (fen).
//!
//! | `ActionType` | what it becomes |
//! |---|---|
//! | `recharge`, `advanceRecharge` | a charge `topup` |
//! | `cash`, `withdraw` | a charge `withdraw` |
//! | `agentin`, `agentout`, `transferin`, `transferout` | a charge `transfer` |
//! | `deduct`, `return`, `advancepay` | a control total: bills have the charge |
//! | `block`, `unblock` | nothing: no money moves |

use super::TRANSACTIONS;
use crate::input::diagnostic::Code;
use crate::input::import::bills::line::{LineSource, bare_charge};
use crate::input::import::bills::{Bills, CASH_LEDGER, MovementBalances};
use crate::input::import::field::Fields;
use crate::model::bill::{Charge, ChargeKind};
use crate::model::calendar::Day;

/// What an action of the ledger is for bills.
enum MovementMeaning {
    Movement(ChargeKind),
    InBills,
    NoMoney,
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
        "block" | "unblock" => MovementMeaning::NoMoney,
        _ => return None,
    })
}

/// Adds a page of the ledger.
pub(crate) fn add_movements<'s>(bills: &mut Bills<'s>, fields: &mut Fields<'s, '_>) {
    let total = fields.whole("Total").map(|total| total.value);
    let entries = fields.list(TRANSACTIONS);
    let ids = entries.iter().map(|entry| entry.raw_text().to_owned());
    bills.count_page(CASH_LEDGER, fields.node, total, ids);
    for (number, entry) in (1..).zip(entries) {
        if let Some(mut movement) = Fields::of_object(entry, &mut fields.cx) {
            let source = LineSource::Json(entry, number);
            add_movement(bills, &mut movement, &source);
        }
    }
}

fn add_movement<'s>(
    bills: &mut Bills<'s>,
    fields: &mut Fields<'s, '_>,
    source: &LineSource<'s>,
) -> Option<()> {
    let amount = fields.hundredths("Amount");
    let action = fields.needed_text("ActionType");
    let time = fields.needed_text("OperationTime");
    let (action, time) = (action?, time?);
    let moment = time.value.clone();
    let day = fields.day_of(time, "OperationTime")?.value;
    let Some(amount) = amount else {
        fields.missing("Amount");
        return None;
    };
    remember_balances(bills, fields, &moment, day);
    let Some(meaning) = meaning(&action.value) else {
        let rule = "not a known kind of movement";
        return fields.wrong(Code::BadValue, "ActionType", action.node, rule);
    };
    match meaning {
        MovementMeaning::NoMoney => {}
        MovementMeaning::InBills => {
            if let Some(bill) = fields.take_name("BillId") {
                *bills.deducted.entry(bill.value).or_default() -= amount;
            }
        }
        MovementMeaning::Movement(kind) => {
            let options = fields.cx.options;
            let id = fields.take_name("BillId").map(|id| id.value);
            let derived_id = || format!("{}/{moment}/{}", options.account, kind.name());
            bills.movements.push(Charge {
                row_id: id.unwrap_or_else(derived_id),
                source: source.file_and_row(),
                ..bare_charge(kind, day, amount, options)
            });
        }
    }
    Some(())
}

/// Keeps the balances after the last movement up to the first day of the book.
fn remember_balances(bills: &mut Bills<'_>, fields: &mut Fields<'_, '_>, moment: &str, day: Day) {
    let cash = fields.hundredths("Cash");
    let Some(cash) = cash.filter(|_| day <= fields.cx.options.from) else {
        return;
    };
    let free_credit = fields.hundredths("Incentive").unwrap_or_default();
    let frozen = fields.hundredths("Freezing").unwrap_or_default();
    let last = bills.last_balance.as_ref();
    if last.is_none_or(|last| last.moment.as_str() <= moment) {
        bills.last_balance = Some(MovementBalances {
            moment: moment.to_owned(),
            cash,
            free_credit,
            frozen,
        });
    }
}
