//! Balances → accounts. Which members of a response give a balance is known by the cloud's own reader.

use std::collections::BTreeMap;

use super::context::Context;
use super::field::SourcedValue;
use crate::input::diagnostic::Code;
use crate::model::id::AccountId;
use crate::model::money::{Currency, Money};

/// The amounts of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AccountAmounts {
    pub(crate) cash: Money,
    pub(crate) free_credit: Money,
    pub(crate) frozen: Money,
    pub(crate) credit_limit: Money,
}

impl AccountAmounts {
    /// The columns of accounts.csv and their cells.
    pub(crate) fn cells(self, currency: Currency) -> [(&'static str, String); 4] {
        [
            ("cash", self.cash),
            ("free_credit", self.free_credit),
            ("frozen", self.frozen),
            ("credit_limit", self.credit_limit),
        ]
        .map(|(column, amount)| (column, amount.display(currency).to_string()))
    }
}

/// What a response says of an account.
#[derive(Debug)]
pub(crate) struct AccountBalance<'s> {
    pub(crate) account: SourcedValue<'s, AccountId>,
    pub(crate) amounts: AccountAmounts,
}

/// The accounts of the book.
#[derive(Debug)]
pub(crate) struct AccountTable {
    /// Their amounts, unless no response gives them.
    pub(crate) rows: BTreeMap<AccountId, Option<AccountAmounts>>,
    /// The account of the instances.
    pub(crate) owner: AccountId,
    /// What is left to do.
    pub(crate) to_do: Vec<String>,
}

impl AccountTable {
    /// The accounts that the responses name, and the one that the instances belong to.
    pub(crate) fn from_balances(
        balances: Vec<AccountBalance<'_>>,
        payer: Option<&AccountId>,
        cx: &mut Context<'_>,
    ) -> Self {
        let mut known: BTreeMap<AccountId, AccountBalance<'_>> = BTreeMap::new();
        for balance in balances {
            let id = balance.account.value.clone();
            match known.get(&id) {
                Some(first) => report_contradictions(first, &balance, cx),
                None => drop(known.insert(id, balance)),
            }
        }
        let owner = match known.keys().next() {
            Some(only) if known.len() == 1 => only.clone(),
            _ => payer.unwrap_or(&cx.options.account).clone(),
        };
        let mut to_do = Vec::new();
        if known.len() > 1 {
            to_do.push(format!(
                "put the right account_id beside each instance in instances.csv: the responses name several accounts, and \
                 every instance is under {owner} now"
            ));
        }
        let known = known.into_iter();
        let mut rows: BTreeMap<_, _> = known.map(|(id, one)| (id, Some(one.amounts))).collect();
        rows.entry(owner.clone()).or_default();
        Self { rows, owner, to_do }
    }
}

fn report_contradictions(
    first: &AccountBalance<'_>,
    other: &AccountBalance<'_>,
    cx: &mut Context<'_>,
) {
    let currency = cx.options.currency;
    let (cells, others) = (first.amounts.cells(currency), other.amounts.cells(currency));
    for ((column, one), (_, another)) in cells.iter().zip(&others).filter(|(a, b)| a != b) {
        let (id, node) = (&other.account.value, other.account.node);
        let (file, other_file) = (first.account.node.file(), node.file());
        let message = format!(
            "`{column}` of account `{id}` is {one} in `{file}`, but {another} in `{other_file}`"
        );
        let help = "import the newer of the two responses only";
        node.report(Code::ConflictingAnswers, &message, help, cx);
    }
}
