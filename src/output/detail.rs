//! The column `detail`: what was set, or needed and available, and the note of the action. For people, not for programs.

use crate::engine::event::{Event, Reason};
use crate::engine::ledger::{Basis, Entry, Needed, Shortfall};
use crate::model::action::{Target, Transfer, Verb};
use crate::model::book::Book;
use crate::model::instance::ChargeType;
use crate::model::money::{Currency, Money};
use crate::model::voucher::Voucher;

/// The text of a row's `detail`; often empty.
pub(super) fn detail_of_entry(book: &Book, entry: &Entry) -> String {
    let currency = entry
        .account
        .map_or(book.currency, |account| book.account(account).currency);
    let action = entry.action.map(|action| book.action(action));
    let mut text = fact(book, entry, currency);
    if let Some(note) = action.and_then(|action| action.note.as_deref()) {
        let joint = if text.is_empty() { "" } else { "; " };
        text.push_str(joint);
        text.push_str(note);
    }
    text
}

fn fact(book: &Book, entry: &Entry, currency: Currency) -> String {
    let action = entry.action.map(|action| book.action(action));
    match (entry.event, action.map(|action| action.verb)) {
        (Event::CreditLimitSet, Some(Verb::SetCreditLimit(limit))) => {
            limit.display(currency).to_string()
        }
        (Event::FlagSet, Some(Verb::SetFlag(flag, None))) => flag.name().to_owned(),
        (Event::FlagSet, Some(Verb::SetFlag(flag, Some(months)))) => {
            format!("{} {months}", flag.name())
        }
        (Event::PriceSet, Some(Verb::SetPrice(price))) => price.to_string(),
        (Event::TopUp, _) => action
            .and_then(|action| action.sent)
            .map_or_else(String::new, sent),
        (Event::VoucherGranted, Some(Verb::Voucher(grant))) => voucher(book.grant(grant), currency),
        (Event::Returned | Event::Refunded, _) => refund(entry, currency),
        (Event::Resized, Some(verb)) => resized(book, entry, verb, currency),
        (Event::Converted, Some(Verb::ToPrepaid(..))) => ChargeType::Prepaid.name().to_owned(),
        (Event::Converted, _) => ChargeType::Postpaid.name().to_owned(),
        (Event::RenewalFailed, _) => shortfall(entry, currency),
        (Event::Rejected, None) => format!("purchase: {}", shortfall(entry, currency)),
        (Event::Rejected, Some(verb)) => format!(
            "{}: {}",
            verb.name(),
            rejection(book, entry, verb, currency)
        ),
        _ => String::new(),
    }
}

fn sent(transfer: Transfer) -> String {
    format!("sent {} by {}", transfer.date, transfer.channel.name())
}

fn voucher(voucher: &Voucher, currency: Currency) -> String {
    format!(
        "{} {} until {}",
        voucher.id,
        voucher.left.display(currency),
        voucher.valid_to
    )
}

fn refund(entry: &Entry, currency: Currency) -> String {
    match entry.basis {
        Some(Basis::Refund {
            paid,
            consumed: Some(consumed),
        }) => {
            format!(
                "paid {}, consumed {}",
                paid.display(currency),
                consumed.display(currency)
            )
        }
        Some(Basis::Refund {
            paid,
            consumed: None,
        }) => format!("paid {}, in full", paid.display(currency)),
        Some(Basis::PaymentUnknown) => "no payment known".to_owned(),
        _ => String::new(),
    }
}

fn resized(book: &Book, entry: &Entry, verb: Verb, currency: Currency) -> String {
    let Verb::Resize(price, kind) = verb else {
        return String::new();
    };
    let kind = kind.map_or_else(String::new, |kind| {
        format!("{} ", book.labels.label_text(kind))
    });
    let refund = refund(entry, currency);
    let joint = if refund.is_empty() { "" } else { "; " };
    format!("{kind}{price}{joint}{refund}")
}

/// How many returns or downgrades there were.
fn refund_limit(book: &Book, entry: &Entry, verb: Verb) -> String {
    let (Some(Basis::Count(count)), Some(instance)) = (entry.basis, entry.instance) else {
        return String::new();
    };
    let product = book
        .labels
        .label_text(book.instance(instance).labels.product);
    match verb {
        Verb::Resize(..) => format!("{count} downgrades"),
        _ => format!("{count} returns of {product} in {}", entry.date.year()),
    }
}

fn rejection(book: &Book, entry: &Entry, verb: Verb, currency: Currency) -> String {
    let (prepaid, postpaid) = (ChargeType::Prepaid.name(), ChargeType::Postpaid.name());
    match entry.reason {
        Some(Reason::UnknownAccount) => "no such account".to_owned(),
        Some(Reason::UnknownInstance) => "no such instance".to_owned(),
        Some(Reason::NoMatch) => "no instance matches".to_owned(),
        Some(Reason::AlreadyTerminated) => "terminated".to_owned(),
        Some(Reason::NotPrepaid) => format!("needed {prepaid}, was {postpaid}"),
        Some(Reason::NotPostpaid) => format!("needed {postpaid}, was {prepaid}"),
        Some(Reason::NotStopped) => "needed stopped, was running".to_owned(),
        Some(Reason::NotRunning) => "needed running, was stopped".to_owned(),
        Some(Reason::RefundLimit) => refund_limit(book, entry, verb),
        Some(Reason::InBin) => "needed running or overdue, was reclaimed".to_owned(),
        Some(Reason::PeriodNotOffered) => {
            format!("{} months not offered", verb.months().unwrap_or(0))
        }
        Some(Reason::TargetTooNear) => match verb {
            Verb::RenewUntil(day) => format!("expires on day {day} already"),
            _ => String::new(),
        },
        _ => shortfall(entry, currency),
    }
}

fn shortfall(entry: &Entry, currency: Currency) -> String {
    let Some(Shortfall {
        needed,
        available,
        voucher,
    }) = entry.shortfall()
    else {
        return String::new();
    };
    let zero = Money::ZERO.display(currency);
    let available = available.display(currency);
    match needed {
        Needed::Price(price) if voucher == Money::ZERO => {
            format!("needed {}, available {available}", price.display(currency))
        }
        Needed::Price(price) => {
            format!(
                "needed {}, available {available}, voucher {}",
                price.display(currency),
                voucher.display(currency)
            )
        }
        Needed::MoreThanZero => format!("needed more than {zero}, available {available}"),
        Needed::AtLeastZero => format!("needed at least {zero}, available {available}"),
    }
}

/// The instance that a row names although the book has none such.
pub(super) fn named_instance<'b>(book: &'b Book, entry: &Entry) -> Option<&'b str> {
    match &book.action(entry.action?).target {
        Target::UnknownInstance(id) => Some(id),
        Target::Instance(instance) if entry.event == Event::Rejected => {
            Some(book.instance(*instance).id.as_str())
        }
        _ => None,
    }
}
