//! Arguments that are amounts, of an account or of a currency. No amount below zero leaves here.

use super::Failure;
use crate::model::account::AccountIndex;
use crate::model::book::Book;
use crate::model::money::{Currency, Money};

/// Reads `ACCOUNT=AMOUNT`, or the amount alone where the book has one account.
pub(super) fn account_amount(
    book: &Book,
    option: &str,
    text: &str,
) -> Result<(AccountIndex, Money), Failure> {
    let help = format!("write it like {option} shop=500.00");
    let (account, amount) = match (text.rsplit_once('='), book.accounts.as_slice()) {
        (Some((id, amount)), _) => {
            let account = book.find_account(id).ok_or_else(|| {
                Failure::new(format!("the book has no account `{id}`"), help.as_str())
            })?;
            (account, amount)
        }
        (None, [_]) => (AccountIndex(0), text),
        (None, _) => {
            return Err(Failure::new(
                format!("`{option} {text}` names no account"),
                help,
            ));
        }
    };
    let given = format!("`{option} {text}`");
    let amount = plain_amount(&given, amount, book.account(account).currency, &help)?;
    Ok((account, amount))
}

/// Reads an amount that is not below zero; `given` is what people typed, in backticks.
pub(super) fn plain_amount(
    given: &str,
    text: &str,
    currency: Currency,
    help: &str,
) -> Result<Money, Failure> {
    match Money::parse(text, currency) {
        Ok(amount) if amount.is_negative() => {
            Err(Failure::new(format!("{given} is below zero"), help))
        }
        parsed => parsed.map_err(|error| Failure::new(format!("{given}: {error}"), help)),
    }
}
