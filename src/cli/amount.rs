//! Arguments that give an account an amount.

use super::Failure;
use crate::model::account::AccountIndex;
use crate::model::book::Book;
use crate::model::money::Money;

/// Reads `ACCOUNT=AMOUNT`, or the amount alone where the book has one account.
pub(super) fn of_account(
    book: &Book,
    (option, text): (&str, &str),
) -> Result<(AccountIndex, Money), Failure> {
    let help = format!("write it like {option} shop=500.00");
    let (account, amount) = match (text.rsplit_once('='), book.accounts.as_slice()) {
        (Some((id, amount)), _) => {
            let account = book.find_account(id);
            (
                account.ok_or_else(|| {
                    Failure::new(format!("the book has no account `{id}`"), &help)
                })?,
                amount,
            )
        }
        (None, [_]) => (AccountIndex(0), text),
        (None, _) => {
            return Err(Failure::new(
                format!("`{option} {text}` names no account"),
                help,
            ));
        }
    };
    let amount = Money::parse(amount, book.account(account).currency);
    let amount =
        amount.map_err(|error| Failure::new(format!("`{option} {text}`: {error}"), &help))?;
    if amount.is_negative() {
        return Err(Failure::new(
            format!("`{option} {text}` is below zero"),
            help,
        ));
    }
    Ok((account, amount))
}
