//! What people do on a day: the planned actions of a book.

use crate::model::account::AccountIndex;
use crate::model::calendar::Day;
use crate::model::id::Label;
use crate::model::instance::{InstanceIndex, RenewFlag};
use crate::model::money::{Money, Price};
use crate::model::selector::Selector;
use crate::model::voucher::GrantIndex;
use crate::model::words::words;

/// The number of an action in its book; numbers follow the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionIndex(pub u32);

/// One row of `actions.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// The day on which it is done; of a top-up the day on which it arrives.
    pub date: Day,
    /// How a top-up was sent, if the row says so.
    pub sent: Option<Transfer>,
    /// The account named, if any.
    pub account: Option<AccountRef>,
    /// The instances named, if any.
    pub target: Target,
    /// What is done.
    pub verb: Verb,
    /// What people wrote beside it.
    pub note: Option<Box<str>>,
}

/// A top-up on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The day on which it was sent.
    pub date: Day,
    /// How.
    pub channel: Channel,
}

words! {
    /// How a top-up is sent.
    pub enum Channel {
        /// Paid in the console.
        Online = "online",
        /// Transferred by a bank.
        Bank = "bank",
    }
}

/// An account that a row names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountRef {
    /// One of the book.
    Known(AccountIndex),
    /// None of the book, as written.
    Unknown(Box<str>),
}

/// What a row names beside an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Nothing: the action is about the account.
    Account,
    /// One instance of the inventory.
    Instance(InstanceIndex),
    /// One instance that the inventory does not list, as written.
    UnknownInstance(Box<str>),
    /// Every instance that matches on the day.
    Where(Selector),
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Cash grows.
    TopUp(Money),
    /// Free credit grows.
    Credit(Money),
    /// The credit limit is set.
    SetCreditLimit(Money),
    /// A term of these months is paid.
    Renew(u32),
    /// The term is extended to a day of the month, 1 to 28.
    RenewUntil(u8),
    /// The renew flag is set, and the months of an auto-renewal where given.
    SetFlag(RenewFlag, Option<u32>),
    /// The price of the instance's charge type is set.
    SetPrice(Price),
    /// The instance is given up.
    Terminate,
    /// A stopped postpaid instance is started.
    Start,
    /// A running postpaid instance is stopped without charge.
    Stop,
    /// The type, where given, and the price of the instance's charge type change.
    Resize(Price, Option<Label>),
    /// A postpaid instance becomes prepaid for these months, at a new monthly price where given.
    ToPrepaid(u32, Option<Price>),
    /// A prepaid instance becomes postpaid, at a new hourly price where given.
    ToPostpaid(Option<Price>),
    /// An account gets a voucher.
    Voucher(GrantIndex),
}

words! {
    /// The kinds of actions, as `action` spells them.
    pub enum ActionKind {
        /// Cash grows.
        TopUp = "topup",
        /// Free credit grows.
        Credit = "credit",
        /// The credit limit is set.
        SetCreditLimit = "set_credit_limit",
        /// A term is paid.
        Renew = "renew",
        /// The term is extended to a day of the month.
        RenewUntil = "renew_until",
        /// The renew flag is set.
        SetFlag = "set_flag",
        /// The price is set.
        SetPrice = "set_price",
        /// The instance is given up.
        Terminate = "terminate",
        /// A stopped postpaid instance is started.
        Start = "start",
        /// A running postpaid instance is stopped.
        Stop = "stop",
        /// The type and the price change.
        Resize = "resize",
        /// A postpaid instance becomes prepaid.
        ToPrepaid = "to_prepaid",
        /// A prepaid instance becomes postpaid.
        ToPostpaid = "to_postpaid",
        /// An account gets a voucher.
        Voucher = "voucher",
    }
}

impl ActionKind {
    /// Whether it is about an account; all others are about instances.
    pub fn is_about_account(self) -> bool {
        matches!(
            self,
            Self::TopUp | Self::Credit | Self::SetCreditLimit | Self::Voucher
        )
    }
}

impl Verb {
    /// Its kind.
    pub fn kind(self) -> ActionKind {
        match self {
            Self::TopUp(_) => ActionKind::TopUp,
            Self::Credit(_) => ActionKind::Credit,
            Self::SetCreditLimit(_) => ActionKind::SetCreditLimit,
            Self::Renew(_) => ActionKind::Renew,
            Self::RenewUntil(_) => ActionKind::RenewUntil,
            Self::SetFlag(..) => ActionKind::SetFlag,
            Self::SetPrice(_) => ActionKind::SetPrice,
            Self::Terminate => ActionKind::Terminate,
            Self::Start => ActionKind::Start,
            Self::Stop => ActionKind::Stop,
            Self::Resize(..) => ActionKind::Resize,
            Self::ToPrepaid(..) => ActionKind::ToPrepaid,
            Self::ToPostpaid(_) => ActionKind::ToPostpaid,
            Self::Voucher(_) => ActionKind::Voucher,
        }
    }

    /// The spelling of `action`.
    pub fn name(self) -> &'static str {
        self.kind().name()
    }

    /// The months that it asks for.
    pub fn months(self) -> Option<u32> {
        match self {
            Self::Renew(months) | Self::ToPrepaid(months, _) => Some(months),
            Self::SetFlag(_, months) => months,
            _ => None,
        }
    }
}

impl Action {
    /// The amount that it moves into an account.
    pub fn amount(&self) -> Option<Money> {
        match self.verb {
            Verb::TopUp(amount) | Verb::Credit(amount) | Verb::SetCreditLimit(amount) => {
                Some(amount)
            }
            _ => None,
        }
    }

    /// Whether it can concern many instances.
    pub fn is_selective(&self) -> bool {
        matches!(self.target, Target::Where(_))
    }

    /// The price that it sets.
    pub fn price(&self) -> Option<Price> {
        match self.verb {
            Verb::SetPrice(price) | Verb::Resize(price, _) => Some(price),
            Verb::ToPrepaid(_, price) | Verb::ToPostpaid(price) => price,
            _ => None,
        }
    }
}
