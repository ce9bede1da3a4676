//! `DescribeAccountBalance` → the balance of an account.
//!
//! | book | response |
//! |---|---|
//! | `cash` | `CashAccountBalance` + `IncomeIntoAccountBalance` − `OweAmount` |
//! | `free_credit` | `PresentAccountBalance` |
//! | `frozen` | `FreezeAmount` |
//! | `credit_limit` | `CreditAmount` |
//!
//! So `cash + free_credit − frozen` is `RealBalance`, and `available` is `RealCreditBalance`; where they are not, a
//! warning says so. Debts are negative cash: a book has no other place for them. Temporary credit is left out.
//!
//! Rule **imported-balance** of docs/spec.

use crate::input::diagnostic::Code;
use crate::input::import::accounts::{AccountAmounts, AccountBalance};
use crate::input::import::field::{Fields, SourcedValue};
use crate::input::import::json::Node;
use crate::model::id::AccountId;
use crate::model::money::Money;

/// Reads a balance; one without `Uin` is that of the account in the options.
pub(crate) fn read_balance<'s>(fields: &mut Fields<'s, '_>) -> Option<AccountBalance<'s>> {
    let uin = fields.take_name("Uin");
    let named = uin.and_then(|uin| AccountId::new(&uin.value).map(|id| uin.map(|_| id)));
    let account = named.unwrap_or_else(|| SourcedValue {
        value: fields.cx.options.account.clone(),
        node: fields.node,
    });
    let cash = fields.needed_fen("CashAccountBalance");
    let income = fields.needed_fen("IncomeIntoAccountBalance");
    let free_credit = positive(fields, "PresentAccountBalance");
    let frozen = positive(fields, "FreezeAmount");
    let owed = positive(fields, "OweAmount");
    let credit_limit = match fields.get("CreditAmount") {
        Some(_) => positive(fields, "CreditAmount")?,
        None => Money::ZERO,
    };
    let (free_credit, frozen) = (free_credit?, frozen?);
    let cash = cash?.value + income?.value - owed?;
    let usable = cash + free_credit - frozen;
    check_sum(fields, "RealBalance", usable);
    check_sum(fields, "RealCreditBalance", usable + credit_limit);
    warn_of_temporary_credit(fields);
    let amounts = AccountAmounts {
        cash,
        free_credit,
        frozen,
        credit_limit,
    };
    Some(AccountBalance { account, amounts })
}

/// A required amount that is not below zero.
fn positive(fields: &mut Fields<'_, '_>, key: &str) -> Option<Money> {
    let amount = fields.needed_fen(key)?;
    if amount.value.is_negative() {
        return fields.wrong(
            Code::NegativeAmount,
            key,
            amount.node,
            "an amount below zero",
        );
    }
    Some(amount.value)
}

/// Warns where a sum in the response is not the sum of its parts.
fn check_sum(fields: &mut Fields<'_, '_>, key: &str, sum: Money) {
    let Some(stated) = fields.fen(key).filter(|stated| stated.value != sum) else {
        return;
    };
    let currency = fields.cx.options.currency;
    let (says, parts) = (stated.value.display(currency), sum.display(currency));
    let message = format!(
        "`{key}` is {says} {currency}, but its parts make {parts} {currency}, which the book takes"
    );
    let help = "look at the account, then correct accounts.csv";
    let node = stated.node;
    node.report(Code::LeftOut, &message, help, &mut fields.cx);
}

/// Warns of temporary credit that has not ended before the book begins.
fn warn_of_temporary_credit(fields: &mut Fields<'_, '_>) {
    let mut is_itemised = false;
    for entry in fields.list("TempAmountInfoList") {
        let Some(mut item) = Fields::of_object(entry, &mut fields.cx) else {
            continue;
        };
        let amount = item.fen("TempAmount");
        let Some(amount) = amount.filter(|amount| amount.value != Money::ZERO) else {
            continue;
        };
        is_itemised = true;
        let end = item.day("EndTime").map(|end| end.value);
        if end.is_none_or(|end| end >= item.cx.options.from) {
            let until = end.map_or_else(String::new, |end| format!(" until {end}"));
            warn_of_credit(&mut item, amount.value, &until, amount.node);
        }
    }
    let total = fields.fen("TempCredit");
    let total = total.filter(|total| total.value != Money::ZERO && !is_itemised);
    if let Some(total) = total {
        warn_of_credit(fields, total.value, "", total.node);
    }
}

fn warn_of_credit(fields: &mut Fields<'_, '_>, amount: Money, until: &str, node: Node<'_>) {
    let currency = fields.cx.options.currency;
    let amount = amount.display(currency);
    let message = format!("temporary credit of {amount} {currency}{until} is not part of the book");
    let help = "to have it, add it to `credit_limit` in accounts.csv and take it away again with `set_credit_limit`";
    node.report(Code::LeftOut, &message, help, &mut fields.cx);
}
