//! One row of a ledger, read strictly: every cell is of its kind, and filled exactly where its event fills it. What rows
//! mean for each other is looked at elsewhere.

use super::rules::{CellRule, EventRule, MovementRule, Transition};
use super::sheet::{CheckedFile, CsvLayout};
use super::violations::Violation;
use crate::engine::ledger::columns::ledger_csv;
pub(super) use crate::engine::ledger::columns::ledger_csv::{
    ACCOUNT, AMOUNT, BALANCE, CASH, DATE, DETAIL, EVENT, FREE_CREDIT, HOURS, INSTANCE, MONTHS,
    REASON, SEQ, STATE, TERM_END as END, TERM_START as START, VOUCHER,
};
use crate::input::diagnostic::Code;
use crate::model::calendar::Day;
use crate::model::instance::State;

pub(super) const LEDGER: CsvLayout = CsvLayout {
    file: "ledger.csv",
    columns: ledger_csv::NAMES,
};

/// What the opening of an account, its currency, and what is available beyond its settled amount are known from.
pub(super) const OPENED_ACCOUNTS: &[&str] = &["balances.csv", "closing/"];

/// The longest term of a profile is far shorter.
const MAX_MONTHS: u16 = 9_999;
pub(super) const HOURS_PER_DAY: u16 = 24;

/// What a row moves, in minor units.
#[derive(Clone, Copy)]
pub(super) struct FundsMoved {
    pub amount: i128,
    pub voucher: i128,
    pub free_credit: i128,
    pub cash: i128,
}

impl FundsMoved {
    /// The amount in a column.
    pub(super) fn amount_of(&self, column: usize) -> i128 {
        match column {
            VOUCHER => self.voucher,
            FREE_CREDIT => self.free_credit,
            CASH => self.cash,
            _ => self.amount,
        }
    }
}

/// A term: `[start, end)`, and its months where it is counted in months.
#[derive(Clone, Copy)]
pub(super) struct WrittenTerm {
    pub start: Day,
    pub end: Day,
    pub months: Option<u32>,
}

/// A row of the ledger.
pub(super) struct WrittenRow {
    pub date: Day,
    pub rule: &'static EventRule,
    pub reason: &'static str,
    pub state: Option<State>,
    pub term: Option<WrittenTerm>,
    pub hours: Option<u16>,
    pub moved: Option<FundsMoved>,
    pub balance: Option<i128>,
}

impl WrittenRow {
    /// Reads the present row of a sheet; `digits` are the decimals of its account, none for a row of no account.
    pub(super) fn read_written_row(
        sheet: &CheckedFile<'_>,
        date: Day,
        digits: Option<u8>,
    ) -> Result<Self, Violation> {
        let rule = EventRule::rule_of_event(sheet.cell(EVENT))
            .ok_or_else(|| Violation::expected(Code::BadValue, EVENT, "an event of the ledger"))?;
        let cells = RowCells { sheet, rule };
        let reason = rule
            .reason(sheet.cell(REASON))
            .ok_or_else(|| wrong_reason(rule))?;
        cells.check_filled(INSTANCE, rule.instance)?;
        let (state, term, hours) = (cells.state()?, cells.term(reason)?, cells.hours()?);
        let (moved, balance) = match digits {
            Some(digits) => {
                let moved = cells.moved(digits)?;
                cells.check_filled(BALANCE, CellRule::Filled)?;
                (moved, Some(cells.moved_amount(BALANCE, digits)?))
            }
            None => {
                cells
                    .check_unmoved()
                    .map_err(|wrong| wrong.needing(&["balances.csv"]))?;
                (None, None)
            }
        };
        Ok(Self {
            date,
            rule,
            reason,
            state,
            term,
            hours,
            moved,
            balance,
        })
    }
}

fn wrong_reason(rule: &EventRule) -> Violation {
    let reasons = match rule.reasons {
        [] => "nothing".to_owned(),
        reasons => format!("one of {}", reasons.join(", ")),
    };
    let expected = format!("{reasons} in a row `{}`", rule.event);
    Violation::expected(Code::WrongReason, REASON, expected)
}

/// The cells of a row, and what its event says of them.
struct RowCells<'r, 'w> {
    sheet: &'r CheckedFile<'w>,
    rule: &'static EventRule,
}

impl RowCells<'_, '_> {
    fn is_empty(&self, column: usize) -> bool {
        self.sheet.cell(column).is_empty()
    }

    fn check_filled(&self, column: usize, rule: CellRule) -> Result<(), Violation> {
        let (code, expected) = match (rule, self.is_empty(column)) {
            (CellRule::Filled, true) => (Code::MissingValue, "a value"),
            (CellRule::Empty, false) => (Code::UnexpectedValue, "nothing"),
            _ => return Ok(()),
        };
        let expected = format!("{expected} in a row `{}`", self.rule.event);
        Err(Violation::expected(code, column, expected))
    }

    fn check_all_filled(&self, columns: &[usize], is_filled: bool) -> Result<(), Violation> {
        let rule = if is_filled {
            CellRule::Filled
        } else {
            CellRule::Empty
        };
        columns
            .iter()
            .try_for_each(|column| self.check_filled(*column, rule))
    }

    /// A row of no account of the book rejects an action, and has no amounts.
    fn check_unmoved(&self) -> Result<(), Violation> {
        if self.rule.step != Transition::Reject {
            let expected = "an account that `balances.csv` opens";
            return Err(Violation::expected(Code::UnknownAccount, ACCOUNT, expected));
        }
        self.check_all_filled(&[AMOUNT, VOUCHER, FREE_CREDIT, CASH, BALANCE], false)
    }

    fn state(&self) -> Result<Option<State>, Violation> {
        self.check_filled(STATE, self.rule.instance)?;
        let cell = self.sheet.cell(STATE);
        if cell.is_empty() {
            return Ok(None);
        }
        let known = State::NAMES
            .iter()
            .find(|(name, _)| name.as_bytes() == cell);
        let (_, state) = known
            .ok_or_else(|| Violation::expected(Code::BadValue, STATE, "a state of instances"))?;
        if self.is_empty(INSTANCE) {
            let expected = "nothing in a row without an instance";
            return Err(Violation::expected(Code::UnexpectedValue, STATE, expected));
        }
        Ok(Some(*state))
    }

    fn term(&self, reason: &str) -> Result<Option<WrittenTerm>, Violation> {
        let has_term = match self.rule.term {
            CellRule::Filled => true,
            CellRule::Either => !self.is_empty(START),
            CellRule::Empty => false,
        };
        let counts_months = self.rule.term == CellRule::Filled && reason != "unified";
        self.check_all_filled(&[START, END], has_term)?;
        self.check_all_filled(&[MONTHS], counts_months)?;
        if !has_term {
            return Ok(None);
        }
        let (start, end) = (self.sheet.date(START)?, self.sheet.date(END)?);
        if end <= start {
            let expected = format!("a day after `term_start` {start}");
            return Err(Violation::expected(Code::BrokenTerm, END, expected));
        }
        let months = counts_months.then(|| self.sheet.count_up_to(MONTHS, MAX_MONTHS));
        let months = months.transpose()?.map(u32::from);
        Ok(Some(WrittenTerm { start, end, months }))
    }

    fn hours(&self) -> Result<Option<u16>, Violation> {
        let has_hours = self.rule.step == Transition::Use;
        self.check_all_filled(&[HOURS], has_hours)?;
        has_hours
            .then(|| self.sheet.count_up_to(HOURS, HOURS_PER_DAY))
            .transpose()
    }

    fn moved(&self, digits: u8) -> Result<Option<FundsMoved>, Violation> {
        let moves = match self.rule.moves {
            MovementRule::Nothing => false,
            MovementRule::MaybeBack | MovementRule::Change => !self.is_empty(AMOUNT),
            _ => true,
        };
        self.check_all_filled(&[AMOUNT, VOUCHER, FREE_CREDIT, CASH], moves)?;
        if !moves {
            return Ok(None);
        }
        Ok(Some(FundsMoved {
            amount: self.moved_amount(AMOUNT, digits)?,
            voucher: self.moved_amount(VOUCHER, digits)?,
            free_credit: self.moved_amount(FREE_CREDIT, digits)?,
            cash: self.moved_amount(CASH, digits)?,
        }))
    }

    fn moved_amount(&self, column: usize, digits: u8) -> Result<i128, Violation> {
        self.sheet
            .read_amount(column, digits)
            .map_err(|wrong| wrong.needing(OPENED_ACCOUNTS))
    }
}
