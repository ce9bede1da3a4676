//! The money of an account, row by row: sources in their order, running balance, and nothing below zero that may not be.
//! What a price must be is not known here.

use super::row::{
    AMOUNT, BALANCE, CASH, FREE_CREDIT, FundsMoved, OPENED_ACCOUNTS, VOUCHER, WrittenRow,
};
use super::rules::{MovementRule, Transition};
use super::sheet::amount_text;
use super::spend::Spend;
use super::violations::Violation;
use crate::input::diagnostic::Code;
use crate::model::calendar::Day;

/// What an account holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AccountFunds {
    pub cash: i128,
    pub free_credit: i128,
    /// What a payment can use.
    pub available: i128,
}

impl AccountFunds {
    /// In the order of the columns of `balances.csv`.
    pub(super) fn amounts(self) -> [i128; 3] {
        [self.cash, self.free_credit, self.available]
    }

    /// What is available beyond cash and free credit.
    fn beyond(self) -> i128 {
        self.available - self.cash - self.free_credit
    }
}

/// The lowest available amount that was noted so far, and its date.
#[derive(Clone, Copy, Debug)]
pub(super) struct LowestNoted {
    pub available: i128,
    pub date: Day,
}

/// Rows and amounts of a month, spend positive.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MonthTally {
    /// Rows of each event of [`COUNTED`].
    pub counts: [u64; COUNTED.len()],
    pub topup: i128,
    pub credit: i128,
    pub spend: Spend,
}

/// What `monthly.csv` counts, in the order of its columns.
const COUNTED: [Transition; 6] = [
    Transition::Renew,
    Transition::Recover,
    Transition::Fail,
    Transition::Reclaim,
    Transition::End,
    Transition::Stop,
];

/// An account as its rows have left it.
#[derive(Clone, Debug)]
pub(super) struct AuditedAccount {
    /// Decimals of its currency.
    pub digits: u8,
    /// Its currency, where it is known.
    pub currency: Option<&'static str>,
    pub cash: i128,
    pub free_credit: i128,
    /// What is available beyond cash and free credit: the credit limit less what is frozen. None after a change of the
    /// limit whose size is not known.
    pub beyond: Option<i128>,
    /// What is frozen, where it is known.
    pub frozen: Option<i128>,
    /// What its last row in `balances.csv` says.
    pub noted: AccountFunds,
    pub lowest: LowestNoted,
    pub month: MonthTally,
    /// By how much the balance column is wrong, so that one wrong row is found once.
    drift: i128,
}

impl AuditedAccount {
    pub(super) fn opening(digits: u8, noted: AccountFunds, date: Day) -> Self {
        Self {
            digits,
            currency: None,
            cash: noted.cash,
            free_credit: noted.free_credit,
            beyond: Some(noted.beyond()),
            frozen: None,
            noted,
            lowest: LowestNoted {
                available: noted.available,
                date,
            },
            month: MonthTally::default(),
            drift: 0,
        }
    }

    pub(super) fn settled(&self) -> i128 {
        self.cash + self.free_credit
    }

    /// What it holds, where what is available is known.
    pub(super) fn funds(&self) -> Option<AccountFunds> {
        let available = self.settled() + self.beyond?;
        Some(AccountFunds {
            cash: self.cash,
            free_credit: self.free_credit,
            available,
        })
    }

    /// Takes what a file states as the true funds, so that one fault is found once.
    pub(super) fn adopt(&mut self, stated: AccountFunds) {
        (self.cash, self.free_credit) = (stated.cash, stated.free_credit);
        self.beyond = Some(stated.beyond());
    }

    /// Takes what is available as unchanged, after a change of the limit that no file shows.
    pub(super) fn keep_available(&mut self) {
        self.beyond = Some(self.noted.available - self.settled());
    }

    /// Carries out a row, and gives the first rule that its amounts break.
    pub(super) fn follow(&mut self, row: &WrittenRow) -> Result<(), Violation> {
        let before = self.clone();
        if let Some(moved) = row.moved {
            self.cash += moved.cash;
            self.free_credit += moved.free_credit;
        }
        self.count(row);
        // Noted whatever else is wrong with the row: a wrong balance must not be found again in the next one.
        let balance = self.check_balance(row, &before);
        if let Some(moved) = row.moved {
            before.check_sources(row, &moved)?;
            self.check_overdraft(row, &moved)?;
        }
        balance
    }

    fn text(&self, minor: i128) -> String {
        amount_text(minor, self.digits)
    }

    fn check_balance(&mut self, row: &WrittenRow, before: &Self) -> Result<(), Violation> {
        let Some(stated) = row.balance else {
            return Ok(());
        };
        let drift = stated - self.settled();
        let is_new = drift != 0 && drift != self.drift;
        self.drift = drift;
        if !is_new {
            return Ok(());
        }
        let mut expected = self.text(self.settled());
        if let Some(moved) = row.moved {
            let (opening, amount) = (self.text(before.settled()), self.text(moved.amount));
            expected += &format!(" ({opening} before the row, and its amount of {amount})");
        }
        Err(Violation::expected(Code::WrongSum, BALANCE, expected).needing(&["balances.csv"]))
    }

    /// Whether the amount is the sum of its sources, and these are used in their order.
    fn check_sources(&self, row: &WrittenRow, moved: &FundsMoved) -> Result<(), Violation> {
        let sum = moved.free_credit + moved.cash;
        if moved.amount != sum {
            let expected = format!("{} (the sum of `free_credit` and `cash`)", self.text(sum));
            return Err(Violation::expected(Code::WrongSum, AMOUNT, expected));
        }
        let check = RowAmounts {
            account: self,
            event: row.rule.event,
            moved,
        };
        match row.rule.moves {
            MovementRule::Nothing => Ok(()),
            MovementRule::Payment => check.paid(),
            MovementRule::Usage => {
                check.exactly(VOUCHER, 0)?;
                check.paid()
            }
            MovementRule::Cash => check.came_in(CASH, FREE_CREDIT),
            MovementRule::FreeCredit => check.came_in(FREE_CREDIT, CASH),
            MovementRule::Change if moved.amount <= 0 => check.paid(),
            MovementRule::Change | MovementRule::MaybeBack | MovementRule::Back => {
                check.came_back()
            }
        }
    }

    /// Whether a prepaid payment has left the available amount at or above zero.
    fn check_overdraft(&self, row: &WrittenRow, moved: &FundsMoved) -> Result<(), Violation> {
        let is_payment = match row.rule.moves {
            MovementRule::Payment => true,
            MovementRule::Change => moved.amount <= 0,
            _ => false,
        };
        let Some(funds) = self
            .funds()
            .filter(|funds| is_payment && funds.available < 0)
        else {
            return Ok(());
        };
        let available = self.text(funds.available);
        let message = format!(
            "`{}` leaves {available} available; expected at least {}",
            row.rule.event,
            self.text(0)
        );
        Err(Violation::new(Code::Overdrawn, AMOUNT, message).needing(OPENED_ACCOUNTS))
    }

    /// Counts the row for its month.
    fn count(&mut self, row: &WrittenRow) {
        let month = &mut self.month;
        let [renewal, usage, refund] = &mut month.spend;
        let amount = row.moved.map_or(0, |moved| moved.amount);
        match row.rule.step {
            Transition::TopUp => month.topup += amount,
            Transition::Credit => month.credit += amount,
            Transition::Renew | Transition::Recover | Transition::Buy | Transition::Resize => {
                *renewal -= amount;
            }
            Transition::Use => *usage -= amount,
            Transition::GiveBack | Transition::Refund => *refund += amount,
            _ => {}
        }
        if let Some(count) = COUNTED.iter().position(|step| *step == row.rule.step) {
            month.counts[count] += 1;
        }
    }
}

/// The amounts of a row beside the account as it was before.
struct RowAmounts<'r> {
    account: &'r AuditedAccount,
    event: &'static str,
    moved: &'r FundsMoved,
}

impl RowAmounts<'_> {
    /// A payment: free credit goes before cash.
    fn paid(&self) -> Result<(), Violation> {
        self.at_most(AMOUNT, 0)?;
        self.at_most(VOUCHER, 0)?;
        let free_credit = self.moved.amount.max(-self.account.free_credit.max(0));
        self.exactly(FREE_CREDIT, free_credit)
            .map_err(|wrong| wrong.needing(OPENED_ACCOUNTS))
    }

    /// A top-up or credit: one source grows, nothing else moves.
    fn came_in(&self, grows: usize, other: usize) -> Result<(), Violation> {
        self.exactly(VOUCHER, 0)?;
        self.exactly(other, 0)?;
        self.at_least(grows, 1)
    }

    fn came_back(&self) -> Result<(), Violation> {
        self.exactly(VOUCHER, 0)?;
        self.at_least(CASH, 0)?;
        self.at_least(FREE_CREDIT, 0)?;
        self.at_least(AMOUNT, 1)
    }

    fn exactly(&self, column: usize, minor: i128) -> Result<(), Violation> {
        self.check(column, minor, "", |found| found == minor)
    }

    fn at_most(&self, column: usize, minor: i128) -> Result<(), Violation> {
        self.check(column, minor, "at most ", |found| found <= minor)
    }

    fn at_least(&self, column: usize, minor: i128) -> Result<(), Violation> {
        self.check(column, minor, "at least ", |found| found >= minor)
    }

    fn check(
        &self,
        column: usize,
        minor: i128,
        bound: &str,
        holds: impl Fn(i128) -> bool,
    ) -> Result<(), Violation> {
        if holds(self.moved.amount_of(column)) {
            return Ok(());
        }
        let expected = format!(
            "{bound}{} in a row `{}`",
            self.account.text(minor),
            self.event
        );
        Err(Violation::expected(Code::WrongSum, column, expected))
    }
}
