//! The audit of a ledger from its first row to its last, with `balances.csv` and the files by month in step.
//!
//! What is kept grows with accounts and instances, never with rows.

use super::balances::{AccountNumbers, Balances};
use super::instance_history::{InstanceHistory, InstanceRules};
use super::monthly::Months;
use super::names::SeenIds;
use super::row::{ACCOUNT, DATE, DETAIL, EVENT, INSTANCE, SEQ, WrittenRow};
use super::rules::{Phase, RULES, Transition};
use super::sheet::{CheckedFile, minor, whole};
use super::violations::{Violation, Violations, shown};
use super::{KnownDays, KnownInputs};
use crate::input::diagnostic::Code;
use crate::model::calendar::Day;

/// Reads a ledger and keeps what its rows come to.
pub(super) struct Audit<'b, 'w> {
    known: KnownInputs<'b>,
    pub accounts: AccountNumbers,
    /// Instances by number; those of the closing book first, in its order.
    pub instances: SeenIds,
    pub histories: Vec<InstanceHistory>,
    balances: Option<Balances<'w>>,
    pub months: Months<'w>,
    /// Rows by the number of their step.
    pub events: Vec<u64>,
    pub rows: u64,
    /// Whether there was a ledger to read.
    pub is_read: bool,
    last: Option<RowPosition>,
    /// The accounts of the present day's rows.
    touched: Vec<usize>,
}

/// Where in the order of rows the last one stands.
struct RowPosition {
    date: Day,
    account: Vec<u8>,
    phase: Phase,
    instance: Vec<u8>,
    event: &'static str,
}

impl<'b, 'w> Audit<'b, 'w> {
    pub(super) fn start_audit(
        known: KnownInputs<'b>,
        balances: Option<Balances<'w>>,
        accounts: AccountNumbers,
        months: Months<'w>,
    ) -> Self {
        let mut audit = Self {
            known,
            accounts,
            instances: SeenIds::default(),
            histories: Vec::new(),
            balances,
            months,
            events: vec![0; RULES.len()],
            rows: 0,
            is_read: false,
            last: None,
            touched: Vec::new(),
        };
        for instance in audit
            .known
            .closing
            .into_iter()
            .flat_map(|book| &book.instances)
        {
            audit.number_of_instance(instance.id.as_str().as_bytes());
        }
        for instance in audit
            .known
            .opening
            .into_iter()
            .flat_map(|book| &book.instances)
        {
            let number = audit.number_of_instance(instance.id.as_str().as_bytes());
            audit.histories[number] = InstanceHistory::opening(instance);
        }
        audit
    }

    fn number_of_instance(&mut self, id: &[u8]) -> usize {
        let number = self.instances.number_of_id(id);
        if number == self.histories.len() {
            self.histories.push(InstanceHistory::default());
        }
        number
    }

    /// Reads all rows, then ends the last day and the last month.
    pub(super) fn audit_ledger(&mut self, ledger: &mut CheckedFile<'w>, found: &mut Violations) {
        while ledger.advance(found) {
            self.rows = ledger.rows;
            if let Err(violation) = self.audit_row(ledger, found) {
                ledger.report(violation, found);
            }
        }
        (self.rows, self.is_read) = (ledger.rows, true);
        self.end_day(found);
        let KnownDays { from, to } = self.known.days;
        let reached = self.last.as_ref().map(|last| last.date);
        if let (Some(from), Some(to)) = (reached.or(from), to.or(reached)) {
            self.end_months(from, to.next_month_start(), found);
        }
    }

    /// Ends the files that are read in step; what stands in them beyond the ledger is reported.
    pub(super) fn finish(&mut self, spend: Option<CheckedFile<'w>>, found: &mut Violations) {
        if let Some(balances) = self.balances.take() {
            balances.finish(found);
        }
        self.months.finish(spend, found);
    }

    fn audit_row(
        &mut self,
        sheet: &CheckedFile<'_>,
        found: &mut Violations,
    ) -> Result<(), Violation> {
        let seq = self.rows;
        if whole(sheet.cell(SEQ)) != Some(seq) {
            sheet.report(Violation::expected(Code::WrongOrder, SEQ, seq), found);
        }
        let date = self.check_date(sheet, found)?;
        let account = self.find_account(sheet);
        let digits = account.map(|account| self.accounts.list[account].digits);
        let row = WrittenRow::read_written_row(sheet, date, digits)?;
        self.events[row.rule.step as usize] += 1;
        self.check_order(sheet, &row)?;
        if let Some(account) = account {
            if self.touched.last() != Some(&account) {
                self.touched.push(account);
            }
            if let Err(violation) = self.accounts.list[account].follow(&row) {
                sheet.report(violation, found);
            }
            if row.rule.step == Transition::Limit {
                self.set_limit(sheet, account)?;
            }
        }
        // A rejected action may name an instance that does not exist, or not in its account.
        let is_unknown = matches!(row.reason, "unknown_account" | "unknown_instance");
        if sheet.cell(INSTANCE).is_empty() || is_unknown {
            return Ok(());
        }
        self.audit_row_of_instance(sheet, account, &row)
    }

    /// The date of a row; one after the last ends the day, and the month.
    fn check_date(
        &mut self,
        sheet: &CheckedFile<'_>,
        found: &mut Violations,
    ) -> Result<Day, Violation> {
        let date = sheet.date(DATE)?;
        let KnownDays { from, to } = self.known.days;
        if let (Some(from), Some(to)) = (from, to)
            && (date < from || date > to)
        {
            let expected = format!("a day of the run, {from} to {to}");
            let violation = Violation::expected(Code::WrongOrder, DATE, expected);
            return Err(violation.needing(&["run.json"]));
        }
        match self.last.as_ref().map(|last| last.date) {
            Some(before) if before < date => {
                self.end_day(found);
                self.end_months(before, date, found);
            }
            Some(_) => {}
            None => self.end_months(from.unwrap_or(date), date, found),
        }
        Ok(date)
    }

    fn find_account(&self, sheet: &CheckedFile<'_>) -> Option<usize> {
        let name = sheet.cell(ACCOUNT);
        // Most rows are of the account of the row above.
        let same = self
            .touched
            .last()
            .filter(|account| self.accounts.names.id_of(**account) == name);
        same.copied().or_else(|| self.accounts.names.find(name))
    }

    /// Rows stand by date, then account id, then the phases of the day; within most phases by instance id.
    fn check_order(&mut self, sheet: &CheckedFile<'_>, row: &WrittenRow) -> Result<(), Violation> {
        let (account, instance) = (sheet.cell(ACCOUNT), sheet.cell(INSTANCE));
        let (phase, event) = (row.rule.phase(row.reason), row.rule.event);
        let check = match &self.last {
            Some(last) => last.check_next(row, phase, account, instance),
            None => Ok(()),
        };
        let last = self.last.get_or_insert_with(|| RowPosition {
            date: row.date,
            account: Vec::new(),
            phase,
            instance: Vec::new(),
            event,
        });
        (last.date, last.phase, last.event) = (last.date.max(row.date), phase, event);
        account.clone_into(&mut last.account);
        instance.clone_into(&mut last.instance);
        check
    }

    /// A credit limit that was set changes what is available; its amount is the fact of the row.
    fn set_limit(&mut self, sheet: &CheckedFile<'_>, account: usize) -> Result<(), Violation> {
        let account = &mut self.accounts.list[account];
        let detail = sheet.cell(DETAIL);
        let fact = detail.split(|byte| *byte == b';').next().unwrap_or(detail);
        let limit = minor(fact, account.digits);
        account.beyond = limit.and_then(|limit| Some(limit - account.frozen?));
        let expected = "the credit limit that was set";
        limit
            .map(drop)
            .ok_or_else(|| Violation::expected(Code::BadAmount, DETAIL, expected))
    }

    fn audit_row_of_instance(
        &mut self,
        sheet: &CheckedFile<'_>,
        account: Option<usize>,
        row: &WrittenRow,
    ) -> Result<(), Violation> {
        let number = self.number_of_instance(sheet.cell(INSTANCE));
        let closing = self.known.closing;
        let listed = closing.and_then(|closing| Some((closing, closing.instances.get(number)?)));
        let profile = listed.map(|(closing, instance)| closing.profile(instance.profile));
        let rules = InstanceRules {
            profile,
            from: self.known.days.from,
        };
        let check = self.histories[number].follow(row, rules);
        if let Some((closing, instance)) = listed {
            let owner = closing.account(instance.account).id.as_str();
            if account.is_some() && owner.as_bytes() != sheet.cell(ACCOUNT) {
                let expected = format!("`{owner}`");
                let violation = Violation::expected(Code::Disagrees, ACCOUNT, expected);
                return Err(violation.needing(&["closing/"]));
            }
        }
        check
    }

    /// Holds the accounts that the day touched against `balances.csv`.
    fn end_day(&mut self, found: &mut Violations) {
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup();
        if let (Some(last), Some(balances)) = (&self.last, &mut self.balances) {
            for account in &touched {
                balances.check_day_end(last.date, *account, &mut self.accounts, found);
            }
        }
        // The memory is used again the next day.
        touched.clear();
        self.touched = touched;
    }

    /// Ends the months from that of `last` up to that of `next`, which has begun.
    fn end_months(&mut self, last: Day, next: Day, found: &mut Violations) {
        let mut month = last.month_start();
        while month < next.month_start() {
            self.months.end(month, &mut self.accounts, found);
            month = month.next_month_start();
        }
    }
}

impl RowPosition {
    fn check_next(
        &self,
        row: &WrittenRow,
        phase: Phase,
        account: &[u8],
        instance: &[u8],
    ) -> Result<(), Violation> {
        if row.date > self.date {
            return Ok(());
        }
        if row.date < self.date {
            let expected = format!("{} or later, as in the row above", self.date);
            return Err(Violation::expected(Code::WrongOrder, DATE, expected));
        }
        if account != self.account {
            if account > &*self.account {
                return Ok(());
            }
            let expected = format!("an id after {} on {}", shown(&self.account), row.date);
            return Err(Violation::expected(Code::WrongOrder, ACCOUNT, expected));
        }
        if phase < self.phase {
            let message = format!(
                "`{}` belongs to {}; expected before {} on {}",
                row.rule.event,
                phase.as_word(),
                self.phase.as_word(),
                row.date
            );
            return Err(Violation::new(Code::WrongOrder, EVENT, message));
        }
        // The same instance may go on from expired to reclaimed.
        let goes_on = instance == self.instance
            && self.event == "expired"
            && row.rule.step == Transition::Reclaim;
        let is_next = instance > &*self.instance || goes_on;
        if phase == self.phase && phase.is_by_id() && !is_next {
            let expected = format!(
                "an id after {} among {}",
                shown(&self.instance),
                phase.as_word()
            );
            return Err(Violation::expected(Code::WrongOrder, INSTANCE, expected));
        }
        Ok(())
    }
}
