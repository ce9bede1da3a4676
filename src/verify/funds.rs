//! The money of an account, row by row: sources in their order, running balance, and nothing below zero that may not be.

use super::row::{AMOUNT, BALANCE, CASH, FREE_CREDIT, FundsMoved, VOUCHER, WrittenRow};
use super::rules::{MovementRule, Transition};
use super::sheet::text_of;
use super::violations::Violation;
use crate::input::diagnostic::Code;

/// What the opening of an account, and what is available beyond its settled amount, are known from.
const OPENING: &[&str] = &["balances.csv", "closing/"];

/// What an account holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AccountFunds {
    pub cash: i128,
    pub free_credit: i128,
    /// What a payment can use.
    pub available: i128,
}

/// Rows and amounts of a month, spend positive.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MonthTally {
    /// Rows of `renewed`, `recovered`, `renewal_failed`, `reclaimed`, `terminated`, `stopped`.
    pub counts: [u64; 6],
    pub topup: i128,
    pub credit: i128,
    pub renewal: i128,
    pub usage: i128,
    pub refund: i128,
}

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
    /// The holding of its last row in `balances.csv`.
    pub noted: AccountFunds,
    /// The lowest available amount noted so far, and its date.
    pub lowest: (i128, crate::model::calendar::Day),
    pub month: MonthTally,
    /// By how much the balance column is wrong, so that one wrong row is found once.
    drift: i128,
}

impl AuditedAccount {
    pub(super) fn opening(
        digits: u8,
        noted: AccountFunds,
        date: crate::model::calendar::Day,
    ) -> Self {
        let AccountFunds {
            cash,
            free_credit,
            available,
        } = noted;
        Self {
            digits,
            currency: None,
            cash,
            free_credit,
            beyond: Some(available - cash - free_credit),
            frozen: None,
            noted,
            lowest: (available, date),
            month: MonthTally::default(),
            drift: 0,
        }
    }

    pub(super) fn settled(&self) -> i128 {
        self.cash + self.free_credit
    }

    /// The holding, with what is available where that is known.
    pub(super) fn holding(&self) -> Option<AccountFunds> {
        let available = self.settled() + self.beyond?;
        Some(AccountFunds {
            cash: self.cash,
            free_credit: self.free_credit,
            available,
        })
    }

    /// Takes a holding that a file states as the true one, so that one fault is found once.
    pub(super) fn adopt(&mut self, holding: AccountFunds) {
        let AccountFunds {
            cash,
            free_credit,
            available,
        } = holding;
        (self.cash, self.free_credit) = (cash, free_credit);
        self.beyond = Some(available - cash - free_credit);
    }

    /// Takes what is available as unchanged, after a change of the limit that no file shows.
    pub(super) fn keep_available(&mut self) {
        self.beyond = Some(self.noted.available - self.settled());
    }

    /// Carries out a row and tells the first thing that is wrong with its amounts.
    pub(super) fn follow(&mut self, row: &WrittenRow) -> Result<(), Violation> {
        let before = self.clone();
        if let Some(moved) = row.moved {
            self.cash += moved.cash;
            self.free_credit += moved.free_credit;
        }
        self.count(row);
        let balance = self.balance(row, &before);
        row.moved.map_or(Ok(()), |moved| {
            before
                .sources(row, &moved)
                .and_then(|()| self.not_overdrawn(row))
        })?;
        balance
    }

    fn text(&self, minor: i128) -> String {
        text_of(minor, self.digits)
    }

    fn balance(&mut self, row: &WrittenRow, before: &Self) -> Result<(), Violation> {
        let Some(stated) = row.balance else {
            return Ok(());
        };
        let must = self.settled();
        let drift = stated - must;
        if drift == 0 || drift == self.drift {
            self.drift = drift;
            return Ok(());
        }
        self.drift = drift;
        let sum = row.moved.map_or_else(String::new, |moved| {
            format!(
                ": {} before it and an amount of {}",
                self.text(before.settled()),
                self.text(moved.amount)
            )
        });
        let message = format!(
            "`balance` is {}, must be {}{sum}",
            self.text(stated),
            self.text(must)
        );
        Err(Violation::new(Code::WrongSum, BALANCE, message).needing(&["balances.csv"]))
    }

    /// Whether the amount is the sum of its sources, and these are used in their order.
    fn sources(&self, row: &WrittenRow, moved: &FundsMoved) -> Result<(), Violation> {
        let sum = moved.free_credit + moved.cash;
        if moved.amount != sum {
            let (amount, sum) = (self.text(moved.amount), self.text(sum));
            let message =
                format!("`amount` is {amount}, must be {sum}: the sum of `free_credit` and `cash`");
            return Err(Violation::new(Code::WrongSum, AMOUNT, message));
        }
        let signs = match row.rule.moves {
            MovementRule::Nothing => Ok(()),
            MovementRule::Payment => self.paid(moved, true),
            MovementRule::Usage => self.paid(moved, false),
            MovementRule::Cash => {
                self.came_in(moved, (CASH, moved.cash), (FREE_CREDIT, moved.free_credit))
            }
            MovementRule::FreeCredit => {
                self.came_in(moved, (FREE_CREDIT, moved.free_credit), (CASH, moved.cash))
            }
            MovementRule::MaybeBack | MovementRule::Back => self.came_back(moved),
            MovementRule::Change if moved.amount > 0 => self.came_back(moved),
            MovementRule::Change => self.paid(moved, true),
        };
        signs.map_err(|flaw| Violation {
            message: format!("{} in a row `{}`", flaw.message, row.rule.event),
            ..flaw
        })
    }

    /// A payment: free credit goes before cash.
    fn paid(&self, moved: &FundsMoved, takes_voucher: bool) -> Result<(), Violation> {
        self.at_most(AMOUNT, moved.amount, 0)?;
        if takes_voucher {
            self.at_most(VOUCHER, moved.voucher, 0)?;
        } else {
            self.exactly(VOUCHER, moved.voucher, 0)?;
        }
        let free_credit = moved.amount.max(-self.free_credit.max(0));
        self.exactly(FREE_CREDIT, moved.free_credit, free_credit)
            .map_err(|flaw| flaw.needing(OPENING))
    }

    /// A top-up or credit: one source grows, nothing else moves.
    fn came_in(
        &self,
        moved: &FundsMoved,
        grows: (usize, i128),
        other: (usize, i128),
    ) -> Result<(), Violation> {
        self.exactly(VOUCHER, moved.voucher, 0)?;
        self.exactly(other.0, other.1, 0)?;
        self.at_least(grows.0, grows.1, 1)
    }

    fn came_back(&self, moved: &FundsMoved) -> Result<(), Violation> {
        self.exactly(VOUCHER, moved.voucher, 0)?;
        self.at_least(CASH, moved.cash, 0)?;
        self.at_least(FREE_CREDIT, moved.free_credit, 0)?;
        self.at_least(AMOUNT, moved.amount, 1)
    }

    fn exactly(&self, column: usize, is: i128, must: i128) -> Result<(), Violation> {
        if is == must {
            Ok(())
        } else {
            Err(self.wrong(column, is, &format!("must be {}", self.text(must))))
        }
    }

    fn at_most(&self, column: usize, is: i128, most: i128) -> Result<(), Violation> {
        if is <= most {
            Ok(())
        } else {
            Err(self.wrong(column, is, &format!("must be at most {}", self.text(most))))
        }
    }

    fn at_least(&self, column: usize, is: i128, least: i128) -> Result<(), Violation> {
        if is >= least {
            Ok(())
        } else {
            Err(self.wrong(
                column,
                is,
                &format!("must be at least {}", self.text(least)),
            ))
        }
    }

    fn wrong(&self, column: usize, is: i128, must: &str) -> Violation {
        let name = super::row::LEDGER.1[column];
        Violation::new(
            Code::WrongSum,
            column,
            format!("`{name}` is {}, {must}", self.text(is)),
        )
    }

    /// Whether a prepaid payment has left the available amount at or above zero.
    fn not_overdrawn(&self, row: &WrittenRow) -> Result<(), Violation> {
        let is_payment = match (row.rule.moves, row.moved) {
            (MovementRule::Payment, _) => true,
            (MovementRule::Change, Some(moved)) => moved.amount <= 0,
            _ => false,
        };
        match self.holding() {
            Some(holding) if is_payment && holding.available < 0 => {
                let available = self.text(holding.available);
                let message = format!(
                    "`{}` leaves {available} available, must leave at least {}",
                    row.rule.event,
                    self.text(0)
                );
                Err(Violation::new(Code::Overdrawn, AMOUNT, message).needing(OPENING))
            }
            _ => Ok(()),
        }
    }

    /// Counts the row for its month.
    fn count(&mut self, row: &WrittenRow) {
        let month = &mut self.month;
        let amount = row.moved.map_or(0, |moved| moved.amount);
        match row.rule.step {
            Transition::TopUp => month.topup += amount,
            Transition::Credit => month.credit += amount,
            Transition::Renew | Transition::Recover | Transition::Buy | Transition::Resize => {
                month.renewal -= amount
            }
            Transition::Use => month.usage -= amount,
            Transition::GiveBack | Transition::Refund => month.refund += amount,
            _ => {}
        }
        let counted = [
            Transition::Renew,
            Transition::Recover,
            Transition::Fail,
            Transition::Reclaim,
            Transition::End,
            Transition::Stop,
        ];
        if let Some(count) = counted.iter().position(|step| *step == row.rule.step) {
            month.counts[count] += 1;
        }
    }
}
