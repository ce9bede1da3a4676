//! Balances → accounts.
//!
//! | book | answer |
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

use std::collections::BTreeMap;

use crate::input::diagnostic::{Code, Diagnostics};
use crate::input::import::field::{Fields, SourcedValue};
use crate::input::import::json::{Node, one_line};
use crate::input::import::options::Options;
use crate::model::id::AccountId;
use crate::model::money::{Currency, Money};

/// The amounts of an account, by column of accounts.csv.
pub(in crate::input::import) type Amounts = [(&'static str, Money); 4];

/// What an answer says of an account.
#[derive(Debug)]
pub(in crate::input::import) struct AccountBalance<'s> {
    account: SourcedValue<'s, AccountId>,
    amounts: Amounts,
}

/// The accounts of the book.
#[derive(Debug)]
pub(in crate::input::import) struct AccountTable {
    /// Their amounts, unless no answer gives them.
    pub(in crate::input::import) rows: BTreeMap<AccountId, Option<Amounts>>,
    /// The account of the instances.
    pub(in crate::input::import) owner: AccountId,
    /// What is left to do.
    pub(in crate::input::import) to_do: Vec<String>,
}

impl<'s> AccountBalance<'s> {
    /// Reads an answer; one without `Uin` is of the given account.
    pub(in crate::input::import) fn read_balance(
        fields: &mut Fields<'s, '_>,
        options: &Options,
    ) -> Option<Self> {
        let currency = options.currency;
        let account = fields
            .take_name("Uin")
            .and_then(|uin| AccountId::new(&uin.value).map(|id| uin.map(|_| id)));
        let account = account.unwrap_or_else(|| SourcedValue {
            value: options.account.clone(),
            node: fields.node,
        });
        let cash = fields.needed_fen("CashAccountBalance", currency);
        let income = fields.needed_fen("IncomeIntoAccountBalance", currency);
        let [free_credit, frozen, owed] = ["PresentAccountBalance", "FreezeAmount", "OweAmount"]
            .map(|key| positive(fields, key, currency));
        let credit_limit = match fields.get("CreditAmount") {
            Some(_) => positive(fields, "CreditAmount", currency)?,
            None => Money::ZERO,
        };
        let (free_credit, frozen) = (free_credit?, frozen?);
        let cash = cash?.value + income?.value - owed?;
        let usable = cash + free_credit - frozen;
        check_sum(fields, "RealBalance", usable, currency);
        check_sum(fields, "RealCreditBalance", usable + credit_limit, currency);
        temporary_credit(fields, options);
        let amounts = [
            ("cash", cash),
            ("free_credit", free_credit),
            ("frozen", frozen),
            ("credit_limit", credit_limit),
        ];
        Some(Self { account, amounts })
    }
}

/// An amount that must be there and not below zero.
fn positive(fields: &mut Fields<'_, '_>, key: &str, currency: Currency) -> Option<Money> {
    let said = fields.needed_fen(key, currency)?;
    if said.value.is_negative() {
        return fields.wrong(Code::NegativeAmount, key, said.node, "an amount below zero");
    }
    Some(said.value)
}

/// Warns where a sum that the answer gives is not the sum of its parts.
fn check_sum(fields: &mut Fields<'_, '_>, key: &str, sum: Money, currency: Currency) {
    let Some(said) = fields.fen(key, currency).filter(|said| said.value != sum) else {
        return;
    };
    let (says, parts) = (said.value.display(currency), sum.display(currency));
    let message = format!(
        "`{key}` is {says} {currency}, but its parts make {parts} {currency}, which the book takes"
    );
    fields.found.push(
        Code::LeftOut,
        said.node.place(),
        message,
        "look at the account, then correct accounts.csv",
    );
}

/// Warns of temporary credit that has not ended before the book begins.
fn temporary_credit(fields: &mut Fields<'_, '_>, options: &Options) {
    let currency = options.currency;
    let mut named = false;
    for entry in fields.list("TempAmountInfoList") {
        let Some(mut one) = Fields::fields_of(entry, fields.found) else {
            continue;
        };
        let Some(amount) = one
            .fen("TempAmount", currency)
            .filter(|said| said.value != Money::ZERO)
        else {
            continue;
        };
        named = true;
        let end = one.day("EndTime", options.zone);
        if end.as_ref().is_none_or(|end| end.value >= options.from) {
            let until = end
                .map(|end| format!(" until {}", end.value))
                .unwrap_or_default();
            warn_of_credit(
                amount.map(|amount| format!("{} {currency}{until}", amount.display(currency))),
                fields.found,
            );
        }
    }
    let total = fields
        .fen("TempCredit", currency)
        .filter(|said| said.value != Money::ZERO && !named);
    if let Some(total) = total {
        warn_of_credit(
            total.map(|amount| format!("{} {currency}", amount.display(currency))),
            fields.found,
        );
    }
}

fn warn_of_credit(said: SourcedValue<'_, String>, found: &mut Diagnostics) {
    let message = format!("temporary credit of {} is not part of the book", said.value);
    let help = "to have it, add it to `credit_limit` in accounts.csv and take it away again with `set_credit_limit`";
    found.push(Code::LeftOut, said.node.place(), message, help);
}

impl AccountTable {
    /// The accounts that the answers name, and the one that the instances belong to.
    pub(in crate::input::import) fn from_balances(
        balances: Vec<AccountBalance<'_>>,
        payer: Option<&AccountId>,
        options: &Options,
        found: &mut Diagnostics,
    ) -> Self {
        let mut known: BTreeMap<AccountId, (Node<'_>, Amounts)> = BTreeMap::new();
        for AccountBalance { account, amounts } in balances {
            let (first, before) = known
                .entry(account.value.clone())
                .or_insert((account.node, amounts));
            contradictions(
                (*first, before),
                (&account, &amounts),
                options.currency,
                found,
            );
        }
        let owner = match known.keys().next() {
            Some(only) if known.len() == 1 => only.clone(),
            _ => payer.unwrap_or(&options.account).clone(),
        };
        let several = known.len() > 1;
        let mut rows: BTreeMap<AccountId, Option<Amounts>> = known
            .into_iter()
            .map(|(id, (_, amounts))| (id, Some(amounts)))
            .collect();
        rows.entry(owner.clone()).or_default();
        let to_do = to_do(&owner, several);
        Self { rows, owner, to_do }
    }
}

fn contradictions(
    (first, before): (Node<'_>, &Amounts),
    (account, amounts): (&SourcedValue<'_, AccountId>, &Amounts),
    currency: Currency,
    found: &mut Diagnostics,
) {
    for ((column, one), (_, other)) in before
        .iter()
        .zip(amounts)
        .filter(|(one, other)| one != other)
    {
        let (one, other) = (one.display(currency), other.display(currency));
        let (id, file, other_file) = (&account.value, first.file(), account.node.file());
        let message = format!(
            "`{column}` of account `{id}` is {one} in `{file}`, but {other} in `{other_file}`"
        );
        found.push(
            Code::ConflictingAnswers,
            account.node.place(),
            one_line(&message),
            "import the newer of the two answers only",
        );
    }
}

fn to_do(owner: &AccountId, several: bool) -> Vec<String> {
    let mut to_do = Vec::new();
    if several {
        to_do.push(format!(
            "put the right account_id beside each instance in instances.csv: the answers name several accounts, and \
             every instance stands under {owner} now"
        ));
    }
    to_do
}
