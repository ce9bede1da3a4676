//! One row of a ledger, read strictly: every cell is of its kind, and filled exactly where its event fills it.

use super::rules::{CellRule, EventRule, MovementRule, Transition};
use super::sheet::{CheckedFile, day, minor, whole};
use super::violations::{Violation, shown};
use crate::engine::ledger::columns::ledger_csv;
pub(super) use crate::engine::ledger::columns::ledger_csv::{
    ACCOUNT, AMOUNT, BALANCE, CASH, DATE, DETAIL, EVENT, FREE_CREDIT, HOURS, INSTANCE, MONTHS,
    REASON, SEQ, STATE, TERM_END as END, TERM_START as START, VOUCHER,
};
use crate::input::diagnostic::Code;
use crate::model::calendar::Day;
use crate::model::instance::State;

/// The columns of `ledger.csv`.
pub(super) const LEDGER: (&str, &[&str]) = ("ledger.csv", ledger_csv::NAMES);

/// The longest term of a profile is far shorter.
const MOST_MONTHS: u64 = 9_999;

/// What a row moves, in minor units.
#[derive(Clone, Copy)]
pub(super) struct FundsMoved {
    pub amount: i128,
    pub voucher: i128,
    pub free_credit: i128,
    pub cash: i128,
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
    pub hours: Option<u8>,
    pub moved: Option<FundsMoved>,
    pub balance: Option<i128>,
}

impl WrittenRow {
    /// Reads the present row of a sheet; `digits` are the decimals of its account, none for a row of no account.
    pub(super) fn read_written_row(
        sheet: &CheckedFile<'_>,
        (date, digits): (Day, Option<u8>),
    ) -> Result<Self, Violation> {
        let event = sheet.cell(EVENT);
        let rule = EventRule::rule_of_event(event).ok_or_else(|| {
            Violation::new(
                Code::BadValue,
                EVENT,
                format!("`event` is {}, which is no event", shown(event)),
            )
        })?;
        let cell = sheet.cell(REASON);
        let reason = rule.reason(cell).ok_or_else(|| wrong_reason(rule, cell))?;
        filled(sheet, rule, INSTANCE, rule.instance)?;
        let (state, term, hours) = (
            state(sheet, rule)?,
            term(sheet, (rule, reason))?,
            hours(sheet, rule)?,
        );
        let Some(digits) = digits else {
            nothing_moves(sheet, rule).map_err(|flaw| flaw.needing(&["balances.csv"]))?;
            return Ok(Self {
                date,
                rule,
                reason,
                state,
                term,
                hours,
                moved: None,
                balance: None,
            });
        };
        let moved = moved(sheet, rule, digits)?;
        filled(sheet, rule, BALANCE, CellRule::Filled)?;
        let balance = Some(amount(sheet, BALANCE, digits)?);
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

/// A row of no account of the book rejects an action, and has no amounts.
fn nothing_moves(sheet: &CheckedFile<'_>, rule: &EventRule) -> Result<(), Violation> {
    if rule.step != Transition::Reject {
        let account = shown(sheet.cell(ACCOUNT));
        let message = format!(
            "`{}` of {account}, which must be an account that `balances.csv` opens",
            rule.event
        );
        return Err(Violation::new(Code::UnknownAccount, ACCOUNT, message));
    }
    [AMOUNT, VOUCHER, FREE_CREDIT, CASH, BALANCE]
        .iter()
        .try_for_each(|column| filled(sheet, rule, *column, CellRule::Empty))
}

fn wrong_reason(rule: &EventRule, cell: &[u8]) -> Violation {
    let must = match rule.reasons {
        [] => "empty".to_owned(),
        reasons => format!("one of {}", reasons.join(", ")),
    };
    let message = format!(
        "`reason` is {}, of `{}` it must be {must}",
        shown(cell),
        rule.event
    );
    Violation::new(Code::WrongReason, REASON, message)
}

fn filled(
    sheet: &CheckedFile<'_>,
    rule: &EventRule,
    column: usize,
    must: CellRule,
) -> Result<(), Violation> {
    let cell = sheet.cell(column);
    match must {
        CellRule::Filled if cell.is_empty() => {
            let message = format!(
                "`{}` is empty, of `{}` it must be filled",
                sheet.column_name(column),
                rule.event
            );
            Err(Violation::new(Code::MissingValue, column, message))
        }
        CellRule::Empty if !cell.is_empty() => {
            let message = format!(
                "`{}` is {}, of `{}` it must be empty",
                sheet.column_name(column),
                shown(cell),
                rule.event
            );
            Err(Violation::new(Code::UnexpectedValue, column, message))
        }
        _ => Ok(()),
    }
}

fn state(sheet: &CheckedFile<'_>, rule: &EventRule) -> Result<Option<State>, Violation> {
    filled(sheet, rule, STATE, rule.instance)?;
    let cell = sheet.cell(STATE);
    if cell.is_empty() {
        return Ok(None);
    }
    let known = State::NAMES
        .iter()
        .find(|(name, _)| name.as_bytes() == cell)
        .map(|(_, state)| *state);
    let state = known.ok_or_else(|| {
        Violation::new(
            Code::BadValue,
            STATE,
            format!("`state` is {}, which is no state", shown(cell)),
        )
    })?;
    if sheet.cell(INSTANCE).is_empty() {
        let message = format!(
            "`state` is {}, without an instance it must be empty",
            shown(cell)
        );
        return Err(Violation::new(Code::UnexpectedValue, STATE, message));
    }
    Ok(Some(state))
}

fn term(
    sheet: &CheckedFile<'_>,
    (rule, reason): (&EventRule, &str),
) -> Result<Option<WrittenTerm>, Violation> {
    let is_there = rule.term == CellRule::Filled
        || (rule.term == CellRule::Either && !sheet.cell(START).is_empty());
    let must = if is_there {
        CellRule::Filled
    } else {
        CellRule::Empty
    };
    filled(sheet, rule, START, must)?;
    filled(sheet, rule, END, must)?;
    let counts_months = rule.term == CellRule::Filled && reason != "unified";
    filled(
        sheet,
        rule,
        MONTHS,
        if counts_months {
            CellRule::Filled
        } else {
            CellRule::Empty
        },
    )?;
    if !is_there {
        return Ok(None);
    }
    let (start, end) = (date(sheet, START)?, date(sheet, END)?);
    if end <= start {
        let message = format!("`term_end` is {end}, must lie after `term_start` {start}");
        return Err(Violation::new(Code::BrokenTerm, END, message));
    }
    let months = if counts_months {
        Some(read_number(sheet, MONTHS, MOST_MONTHS)?)
    } else {
        None
    };
    Ok(Some(WrittenTerm {
        start,
        end,
        months: months.and_then(|months| u32::try_from(months).ok()),
    }))
}

fn hours(sheet: &CheckedFile<'_>, rule: &EventRule) -> Result<Option<u8>, Violation> {
    let is_there = rule.step == Transition::Use;
    filled(
        sheet,
        rule,
        HOURS,
        if is_there {
            CellRule::Filled
        } else {
            CellRule::Empty
        },
    )?;
    let hours = if is_there {
        Some(read_number(sheet, HOURS, 24)?)
    } else {
        None
    };
    Ok(hours.and_then(|hours| u8::try_from(hours).ok()))
}

fn moved(
    sheet: &CheckedFile<'_>,
    rule: &EventRule,
    digits: u8,
) -> Result<Option<FundsMoved>, Violation> {
    let is_there = match rule.moves {
        MovementRule::Nothing => false,
        MovementRule::MaybeBack | MovementRule::Change => !sheet.cell(AMOUNT).is_empty(),
        _ => true,
    };
    let must = if is_there {
        CellRule::Filled
    } else {
        CellRule::Empty
    };
    [AMOUNT, VOUCHER, FREE_CREDIT, CASH]
        .iter()
        .try_for_each(|column| filled(sheet, rule, *column, must))?;
    if !is_there {
        return Ok(None);
    }
    Ok(Some(FundsMoved {
        amount: amount(sheet, AMOUNT, digits)?,
        voucher: amount(sheet, VOUCHER, digits)?,
        free_credit: amount(sheet, FREE_CREDIT, digits)?,
        cash: amount(sheet, CASH, digits)?,
    }))
}

fn amount(sheet: &CheckedFile<'_>, column: usize, digits: u8) -> Result<i128, Violation> {
    minor(sheet.cell(column), digits).ok_or_else(|| {
        let (name, cell) = (sheet.column_name(column), shown(sheet.cell(column)));
        Violation::new(
            Code::BadAmount,
            column,
            format!("`{name}` is {cell}, must be a plain amount with {digits} decimals"),
        )
        .needing(&["closing/", "balances.csv"])
    })
}

/// The date of a cell.
pub(super) fn date(sheet: &CheckedFile<'_>, column: usize) -> Result<Day, Violation> {
    day(sheet.cell(column)).ok_or_else(|| {
        let (name, cell) = (sheet.column_name(column), shown(sheet.cell(column)));
        Violation::new(
            Code::BadDate,
            column,
            format!("`{name}` is {cell}, must be a date of the form YYYY-MM-DD"),
        )
    })
}

fn read_number(sheet: &CheckedFile<'_>, column: usize, most: u64) -> Result<u64, Violation> {
    whole(sheet.cell(column))
        .filter(|number| (1..=most).contains(number))
        .ok_or_else(|| {
            let (name, cell) = (sheet.column_name(column), shown(sheet.cell(column)));
            Violation::new(
                Code::BadNumber,
                column,
                format!("`{name}` is {cell}, must be a whole number from 1 to {most}"),
            )
        })
}
