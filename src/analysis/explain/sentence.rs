//! Ledger rows as sentences, one for each row. They say what happened; which rule decided it, `rule` says.

use super::rule::could_be_paid;
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::{Basis, Entry, Needed};
use crate::model::account::AccountIndex;
use crate::model::action::{Action, Verb};
use crate::model::book::Book;
use crate::model::instance::State;
use crate::model::money::{Currency, Money};
use crate::model::order::Term;

/// Writes the story of an account or of one of its instances.
pub(super) struct StoryWriter<'b> {
    pub book: &'b Book,
    pub currency: Currency,
}

impl<'b> StoryWriter<'b> {
    pub(super) fn for_account(book: &'b Book, account: AccountIndex) -> Self {
        let currency = book.account(account).currency;
        Self { book, currency }
    }

    pub(super) fn money(&self, money: Money) -> String {
        money.display_grouped(self.currency).to_string()
    }

    fn money_text(&self, money: Money) -> String {
        format!("{} {}", self.money(money), self.currency)
    }

    /// The usage of days that follow each other.
    pub(super) fn usage_of_days(&self, days: &[Entry]) -> String {
        let hours: u32 = days.iter().map(|day| u32::from(day.hours)).sum();
        let paid: Money = days.iter().map(moved).sum();
        let (first, last) = (&days[0], &days[days.len() - 1]);
        let what = match first.state {
            Some(State::Stopped) => "hours while it is stopped",
            _ => "hours of use",
        };
        let (cost, left) = (self.money_text(-paid), self.money(last.balance));
        let (from, to) = (first.date, last.date);
        format!("{from} to {to}: {hours} {what} cost {cost}; {left} left.")
    }

    pub(super) fn sentence(&self, entry: &Entry) -> String {
        let instance = entry.instance.map(|index| &self.book.instance(index).id);
        let who = instance.map_or_else(|| "the account".to_owned(), |id| id.to_string());
        let text = match entry.event {
            Event::Renewed | Event::Recovered | Event::Purchased | Event::Usage => {
                self.payment(entry, &who)
            }
            Event::Returned
            | Event::Refunded
            | Event::Resized
            | Event::Converted
            | Event::FlagSet
            | Event::PriceSet => self.change(entry, &who),
            Event::TopUp | Event::Credit | Event::CreditLimitSet | Event::VoucherGranted => {
                self.funds_row(entry)
            }
            Event::Reminder | Event::BalanceAlert | Event::ArrearsForecast => {
                self.notice(entry, &who)
            }
            Event::RenewalFailed => {
                format!("auto-renewal of {who} fails: {}", self.missing(entry))
            }
            Event::Rejected => {
                let action = self.action(entry);
                let asked = action.map_or("the purchase", |action| action.verb.name());
                format!("{asked} of {who} is rejected: {}", self.missing(entry))
            }
            Event::Expired => {
                format!("the paid term of {who} ends; it is overdue and still usable")
            }
            Event::Reclaimed => format!("{who} is unpaid and goes to the recycle bin"),
            Event::Terminated if entry.reason == Some(Reason::User) => {
                format!("{who} is destroyed manually")
            }
            Event::Terminated => format!("{who} is gone for good, with its data"),
            Event::Stopped if entry.reason == Some(Reason::User) => {
                format!("{who} is stopped manually, without charge")
            }
            Event::Stopped => format!("{who} is stopped for arrears"),
            Event::Restored => format!("{who} runs again"),
        };
        format!("{}: {text}.", entry.date)
    }

    /// A term or hours that are paid.
    fn payment(&self, entry: &Entry, who: &str) -> String {
        let term = entry.term.map(term_text).unwrap_or_default();
        let how = match entry.reason {
            Some(Reason::Auto) => "automatically",
            Some(Reason::Unified) => "to a unified date",
            _ => "manually",
        };
        let what = match (entry.event, entry.reason) {
            (Event::Renewed, Some(Reason::Auto)) => format!("{who} auto-renews {term}"),
            (Event::Renewed, _) => format!("{who} is renewed {how} {term}"),
            (Event::Recovered, _) => format!("{who} is recovered from the bin {how} {term}"),
            (Event::Purchased, _) => format!("{who} is bought {term}"),
            _ if entry.state == Some(State::Stopped) => {
                format!("{who} is stopped, and {} hours are billed", entry.hours)
            }
            _ => format!("{who} runs for {} hours", entry.hours),
        };
        format!(
            "{what}: {}; {} left",
            self.cost(entry),
            self.money(entry.balance)
        )
    }

    /// What changes an instance.
    fn change(&self, entry: &Entry, who: &str) -> String {
        match entry.event {
            Event::Returned => {
                let refund = self.refund(entry);
                format!("{who} is returned and goes to the recycle bin: {refund}")
            }
            Event::Refunded => self.refund(entry),
            Event::Resized => {
                format!(
                    "{who} is resized{}: {}",
                    self.set_to(entry),
                    self.resize_cost(entry)
                )
            }
            Event::Converted => match self.action(entry).map(|action| action.verb) {
                Some(Verb::ToPrepaid(..)) => format!("{who} becomes prepaid"),
                _ => format!("{who} becomes postpaid"),
            },
            Event::FlagSet => format!("the renew flag of {who} is set{}", self.set_to(entry)),
            _ => format!("the price of {who} is set{}", self.set_to(entry)),
        }
    }

    /// What changes the funds of the account.
    fn funds_row(&self, entry: &Entry) -> String {
        let action = self.action(entry);
        let amount = self.money_text(moved(entry));
        match (entry.event, action.map(|action| action.verb)) {
            (Event::TopUp, _) => {
                let sent = action.and_then(|action| action.sent);
                let sent =
                    sent.map(|sent| format!(", sent on {} by {}", sent.date, sent.channel.name()));
                let balance = self.money(entry.balance);
                format!(
                    "topped up: {amount}{}; the balance is {balance}",
                    sent.unwrap_or_default()
                )
            }
            (Event::Credit, _) => format!("{amount} of free credit is added"),
            (Event::CreditLimitSet, _) => format!("the credit limit is set{}", self.set_to(entry)),
            (_, Some(Verb::Voucher(grant))) => {
                let voucher = self.book.grant(grant);
                let (id, left, until) =
                    (&voucher.id, self.money_text(voucher.left), voucher.valid_to);
                format!("voucher {id} for {left} is added, valid until {until}")
            }
            _ => "a voucher is added".to_owned(),
        }
    }

    fn notice(&self, entry: &Entry, who: &str) -> String {
        let left = self.money(entry.balance);
        match entry.event {
            Event::Reminder if entry.reason == Some(Reason::FundsShort) => {
                format!(
                    "a reminder is sent: the next renewal of {who} costs more than is available ({left} left)"
                )
            }
            Event::Reminder => format!("a reminder is sent: {who} expires"),
            Event::BalanceAlert => {
                format!(
                    "an alert is sent: the available balance is below the alert line ({left} left)"
                )
            }
            _ => {
                format!(
                    "a warning is sent: the balance covers less than three days of use ({left} left)"
                )
            }
        }
    }

    fn action(&self, entry: &Entry) -> Option<&Action> {
        entry.action.map(|action| self.book.action(action))
    }

    fn cost(&self, entry: &Entry) -> String {
        let cash = self.money_text(-moved(entry));
        match entry.movement.map(|movement| -movement.voucher) {
            None | Some(Money::ZERO) => cash,
            Some(voucher) => format!("{cash} and {} by voucher", self.money(voucher)),
        }
    }

    fn set_to(&self, entry: &Entry) -> String {
        let currency = self.currency;
        match self.action(entry).map(|action| action.verb) {
            Some(Verb::SetCreditLimit(limit)) => format!(" to {}", self.money_text(limit)),
            Some(Verb::SetFlag(flag, None)) => format!(" to {}", flag.name()),
            Some(Verb::SetFlag(flag, Some(months))) => {
                format!(" to {} for {}", flag.name(), months_text(months))
            }
            Some(Verb::SetPrice(price) | Verb::Resize(price, None)) => {
                format!(" to {price} {currency}")
            }
            Some(Verb::Resize(price, Some(kind))) => {
                let kind = self.book.labels.label_text(kind);
                format!(" to {kind} at {price} {currency}")
            }
            _ => String::new(),
        }
    }

    /// What a return, a resize or a conversion pays back.
    fn refund(&self, entry: &Entry) -> String {
        let amount = self.money_text(moved(entry));
        match entry.basis {
            Some(Basis::Refund {
                paid,
                consumed: Some(consumed),
            }) => {
                let (paid, consumed) = (self.money(paid), self.money(consumed));
                format!("{amount} is refunded: {paid} paid, {consumed} consumed")
            }
            Some(Basis::Refund { consumed: None, .. }) => format!("{amount} is refunded in full"),
            Some(Basis::PaymentUnknown) => "nothing is refunded: no payment is known".to_owned(),
            _ => "nothing is refunded: its term is over".to_owned(),
        }
    }

    /// What a new type or price costs or pays back.
    fn resize_cost(&self, entry: &Entry) -> String {
        if moved(entry) > Money::ZERO || entry.basis.is_some() {
            return self.refund(entry);
        }
        match entry.movement {
            Some(_) => format!("{} for the rest of its term", self.cost(entry)),
            None => "nothing is paid".to_owned(),
        }
    }

    fn missing(&self, entry: &Entry) -> String {
        let Some(short) = entry.shortfall() else {
            let reason = entry.reason.map(|reason| reason.name().replace('_', " "));
            return reason.unwrap_or_default();
        };
        let available = self.money(short.available);
        match short.needed {
            Needed::Price(_) if entry.event == Event::RenewalFailed && could_be_paid(entry) => {
                "an earlier renewal failed, so the later ones wait".to_owned()
            }
            Needed::Price(price) => {
                let missing = self.money(short.missing());
                let voucher = match short.voucher {
                    Money::ZERO => String::new(),
                    voucher => format!(" and a voucher for {}", self.money(voucher)),
                };
                let price = self.money(price);
                format!("{price} needed, {available}{voucher} available, {missing} short")
            }
            Needed::MoreThanZero => {
                format!("the available balance is {available} and must be above zero")
            }
            Needed::AtLeastZero => {
                format!("the available balance is {available} and must not be negative")
            }
        }
    }
}

/// What a row moves, without vouchers.
fn moved(entry: &Entry) -> Money {
    entry.moved_amount().unwrap_or_default()
}

fn term_text(term: Term) -> String {
    let (start, end) = (term.start, term.end);
    match term.months {
        0 => format!("from {start} to {end}"),
        months => format!("for {} from {start} to {end}", months_text(months)),
    }
}

fn months_text(months: u32) -> String {
    match months {
        1 => "1 month".to_owned(),
        _ => format!("{months} months"),
    }
}
