//! The column `detail`: what was set, or needed and there, and the note of the action. For people, not for programs.

use crate::action::{Action, Target, Verb};
use crate::book::Book;
use crate::event::{Event, Reason};
use crate::instance::ChargeType;
use crate::ledger::{Entry, Needed, Shortfall};
use crate::money::{Currency, Money};

/// The text of a row's `detail`; often empty.
pub(super) fn of(book: &Book, entry: &Entry) -> String {
    let currency = entry.account.map_or(book.currency, |account| book.account(account).currency);
    let action = entry.action.map(|action| book.action(action));
    let mut text = fact(entry, action, currency);
    if let Some(note) = action.and_then(|action| action.note.as_deref()) {
        let joint = if text.is_empty() { "" } else { "; " };
        text.push_str(joint);
        text.push_str(note);
    }
    text
}

fn fact(entry: &Entry, action: Option<&Action>, currency: Currency) -> String {
    match (entry.event, action.map(|action| action.verb)) {
        (Event::CreditLimitSet, Some(Verb::SetCreditLimit(limit))) => limit.display(currency).to_string(),
        (Event::FlagSet, Some(Verb::SetFlag(flag, None))) => flag.name().to_owned(),
        (Event::FlagSet, Some(Verb::SetFlag(flag, Some(months)))) => format!("{} {months}", flag.name()),
        (Event::PriceSet, Some(Verb::SetPrice(price))) => price.to_string(),
        (Event::RenewalFailed, _) => shortfall(entry, currency),
        (Event::Rejected, None) => format!("purchase: {}", shortfall(entry, currency)),
        (Event::Rejected, Some(verb)) => format!("{}: {}", verb.name(), rejection(entry, verb, currency)),
        _ => String::new(),
    }
}

fn rejection(entry: &Entry, verb: Verb, currency: Currency) -> String {
    let (prepaid, postpaid) = (ChargeType::Prepaid.name(), ChargeType::Postpaid.name());
    match entry.reason {
        Some(Reason::UnknownAccount) => "no such account".to_owned(),
        Some(Reason::UnknownInstance) => "no such instance".to_owned(),
        Some(Reason::NoMatch) => "no instance matches".to_owned(),
        Some(Reason::AlreadyTerminated) => "terminated".to_owned(),
        Some(Reason::NotPrepaid) => format!("needed {prepaid}, was {postpaid}"),
        Some(Reason::NotPostpaid) => format!("needed {postpaid}, was {prepaid}"),
        Some(Reason::NotStopped) => "needed stopped, was running".to_owned(),
        Some(Reason::InBin) => "needed running or overdue, was reclaimed".to_owned(),
        Some(Reason::PeriodNotOffered) => format!("{} months not offered", verb.months().unwrap_or(0)),
        Some(Reason::TargetTooNear) => match verb {
            Verb::RenewUntil(day) => format!("expires on day {day} already"),
            _ => String::new(),
        },
        _ => shortfall(entry, currency),
    }
}

fn shortfall(entry: &Entry, currency: Currency) -> String {
    let Some(Shortfall { needed, available }) = entry.shortfall else { return String::new() };
    let zero = Money::ZERO.display(currency);
    let available = available.display(currency);
    match needed {
        Needed::Price(price) => format!("needed {}, available {available}", price.display(currency)),
        Needed::MoreThanZero => format!("needed more than {zero}, available {available}"),
        Needed::AtLeastZero => format!("needed at least {zero}, available {available}"),
    }
}

/// The instance that a row names although the book has none such.
pub(super) fn named_instance<'b>(book: &'b Book, entry: &Entry) -> Option<&'b str> {
    match &book.action(entry.action?).target {
        Target::UnknownInstance(id) => Some(id),
        Target::Instance(instance) if entry.event == Event::Rejected => Some(book.instance(*instance).id.as_str()),
        _ => None,
    }
}
