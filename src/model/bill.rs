//! What was really charged: one [`Charge`] for each charge, refund or movement of money, as a statement says it.
//!
//! Amounts are exact decimals in the account's currency and are never rounded: statements have up to eight decimals.
//! No replay looks at charges; orders and prices are made of them, and forecasts are held against them.
//!
//! Rule **charge-kinds** of docs/spec.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;

use crate::model::calendar::Day;
use crate::model::id::AccountId;
use crate::model::money::Currency;
use crate::model::words::words;

words! {
    /// What a charge is for.
    pub enum ChargeKind {
        /// The first term of a prepaid instance.
        New = "new",
        /// A further term, by people or where the source does not name who renewed.
        Renew = "renew",
        /// A further term that the cloud renewed by itself.
        AutoRenew = "auto_renew",
        /// Another type or price within a term.
        Resize = "resize",
        /// What came back of a returned instance.
        Refund = "refund",
        /// A change between prepaid and postpaid.
        Convert = "convert",
        /// Hours, days or months of use.
        Usage = "usage",
        /// Money that came in.
        TopUp = "topup",
        /// Free credit that came in.
        Credit = "credit",
        /// Money that people took out.
        Withdraw = "withdraw",
        /// Money from or to another account.
        Transfer = "transfer",
        /// Tax on other charges.
        Tax = "tax",
        /// A correction of other charges.
        Adjust = "adjust",
        /// The difference between exact charges and whole minor units.
        Round = "round",
    }
}

impl ChargeKind {
    /// Whether it changes the balance by itself, so that its amount is the change; all others are charged.
    pub fn is_movement(self) -> bool {
        matches!(
            self,
            Self::TopUp | Self::Credit | Self::Withdraw | Self::Transfer
        )
    }

    /// Whether it belongs to prepaid instances.
    pub fn is_prepaid(self) -> bool {
        matches!(
            self,
            Self::New | Self::Renew | Self::AutoRenew | Self::Resize | Self::Refund | Self::Convert
        )
    }

    /// Whether it pays for a further term.
    pub fn is_renewal(self) -> bool {
        matches!(self, Self::Renew | Self::AutoRenew)
    }
}

/// A calendar month, `YYYY-MM`: the statement that a charge is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatementMonth(Day);

impl StatementMonth {
    /// The month that holds a day.
    pub fn month_of(day: Day) -> Self {
        Self(day.month_start())
    }

    /// Reads `YYYY-MM`.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == "2026-12".len())
            .then(|| Day::parse(&format!("{text}-01")).ok().map(Self))
            .flatten()
    }

    /// Its first day.
    pub fn first(self) -> Day {
        self.0
    }
}

impl fmt::Display for StatementMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_string()[..7])
    }
}

/// A span of days, `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BilledSpan {
    /// Its first day.
    pub start: Day,
    /// The day after its last.
    pub end: Day,
}

/// How a charge was paid; the parts add up to its amount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PaymentParts {
    /// By vouchers.
    pub voucher: Decimal,
    /// By free credit.
    pub free_credit: Decimal,
    /// By cash; what is still unpaid and transfers count as cash.
    pub cash: Decimal,
}

impl PaymentParts {
    /// All parts together.
    pub fn total(self) -> Decimal {
        self.voucher + self.free_credit + self.cash
    }
}

/// One row of `bills.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The source's own id of it, unique together with `as_of`.
    pub row_id: String,
    /// The day on which money moved, in the book's zone.
    pub paid_on: Day,
    /// Who pays.
    pub account: AccountId,
    /// The instance; none for top-ups, roundings and adjustments.
    pub instance: Option<String>,
    /// What it is for.
    pub kind: ChargeKind,
    /// The product as a book names it, or empty.
    pub product: String,
    /// The type, or empty.
    pub instance_type: String,
    /// The region, or empty.
    pub region: String,
    /// The term paid for; of usage the days of use.
    pub term: Option<BilledSpan>,
    /// The months of the order, where known.
    pub months: Option<u32>,
    /// How much was used, in `unit`.
    pub quantity: Option<Decimal>,
    /// The unit of `quantity`, or empty.
    pub unit: String,
    /// Hours of use, where they are whole.
    pub hours: Option<u32>,
    /// The price before discounts, where the source shows it.
    pub list: Option<Decimal>,
    /// The price after discounts, with tax, before vouchers and credit; of movements the change of the balance.
    pub amount: Decimal,
    /// The part of `amount` that is tax, where known.
    pub tax: Option<Decimal>,
    /// How it was paid.
    pub paid: PaymentParts,
    /// The account's currency.
    pub currency: Currency,
    /// The order, or empty.
    pub order: String,
    /// The orders that a refund takes back.
    pub reverses: Vec<String>,
    /// The statement that it is in.
    pub bill_month: StatementMonth,
    /// The day on which the source said so.
    pub as_of: Day,
    /// The file and row that it came from.
    pub source: String,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
}

impl Charge {
    /// Whether two rows say the same, wherever and whenever they were read.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let neutral = |charge: &Self| Self {
            as_of: self.as_of,
            source: String::new(),
            ..charge.clone()
        };
        neutral(self) == neutral(other)
    }

    /// The statement that the row belongs to.
    pub fn statement(&self) -> (AccountId, StatementMonth) {
        (self.account.clone(), self.bill_month)
    }
}

/// An amount as files hold it: the currency's decimals at least, and no zeros at the end beyond them.
pub fn plain(amount: Decimal, currency: Currency) -> String {
    let mut amount = amount.normalize();
    if amount.is_zero() {
        // Never `-0.00`.
        amount = Decimal::ZERO;
    }
    let digits = u32::from(currency.digits());
    if amount.scale() < digits {
        amount.rescale(digits);
    }
    amount.to_string()
}

/// Amounts are below this, so that sums of them never overflow.
const AMOUNT_BOUND: Decimal = Decimal::from_parts(2_764_472_320, 232_830, 0, false, 0);

/// Reads an exact decimal, with an exponent or without; none where 28 digits do not suffice, or from 10^15 on, or where it is no
/// number.
pub fn exact(text: &str) -> Option<Decimal> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let digits = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let is_plain = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().any(|b| b != b'.');
    let exponent: i64 = exponent
        .strip_prefix('+')
        .unwrap_or(exponent)
        .parse()
        .ok()
        .filter(|_| is_plain)?;
    let mantissa = Decimal::from_str_exact(mantissa).ok()?.normalize();
    let scale = i64::from(mantissa.scale()).checked_sub(exponent)?;
    let (tens, scale) = if scale < 0 {
        (10_i128.checked_pow(u32::try_from(-scale).ok()?)?, 0)
    } else {
        (1, scale)
    };
    let moved = mantissa.mantissa().checked_mul(tens)?;
    Decimal::try_from_i128_with_scale(moved, u32::try_from(scale).ok()?)
        .ok()
        .filter(|exact| exact.abs() < AMOUNT_BOUND)
        .map(|exact| exact.normalize())
}
