//! The ledger from its first row to its last, with `balances.csv` and `monthly.csv` in step.
//!
//! What is kept grows with accounts and instances, never with rows.

use super::balances::{AccountNumbers, Balances};
use super::instance_history::{InstanceHistory, InstanceRules};
use super::monthly::Months;
use super::names::SeenIds;
use super::row::{self, ACCOUNT, DATE, DETAIL, EVENT, INSTANCE, SEQ, WrittenRow};
use super::rules::{Phase, Transition};
use super::sheet::{CheckedFile, minor, whole};
use super::violations::{Violation, Violations, shown};
use crate::input::diagnostic::Code;
use crate::model::book::Book;
use crate::model::calendar::Day;

/// What a ledger is held against, where it is known.
pub(super) struct KnownInputs<'b> {
    pub from: Option<Day>,
    pub to: Option<Day>,
    pub closing: Option<&'b Book>,
    pub opening: Option<&'b Book>,
}

/// Reads a ledger and keeps what its rows come to.
pub(super) struct Audit<'b, 'w> {
    known: KnownInputs<'b>,
    pub accounts: AccountNumbers,
    pub instances: SeenIds,
    pub lives: Vec<InstanceHistory>,
    balances: Option<Balances<'w>>,
    pub months: Months<'w>,
    /// Rows by the number of their step.
    pub events: Vec<u64>,
    pub rows: u64,
    /// Whether there was a ledger to read.
    pub is_read: bool,
    place: Option<RowPosition>,
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
    pub(super) fn new(
        known: KnownInputs<'b>,
        (balances, accounts): (Option<Balances<'w>>, AccountNumbers),
        months: Months<'w>,
    ) -> Self {
        let mut instances = SeenIds::default();
        let mut lives = Vec::new();
        if let Some(closing) = known.closing {
            closing.instances.iter().for_each(|one| {
                instances.number_of_id(one.id.as_str().as_bytes());
            });
            lives.resize_with(instances.len(), InstanceHistory::default);
        }
        for one in known.opening.iter().flat_map(|book| &book.instances) {
            let number = instances.number_of_id(one.id.as_str().as_bytes());
            lives.resize_with(instances.len(), InstanceHistory::default);
            lives[number] = InstanceHistory::opening(one);
        }
        let events = vec![0; super::rules::RULES.len()];
        Self {
            known,
            accounts,
            instances,
            lives,
            balances,
            months,
            events,
            rows: 0,
            is_read: false,
            place: None,
            touched: Vec::new(),
        }
    }

    /// Reads all rows, then ends the last day and the last month.
    pub(super) fn audit_ledger(&mut self, ledger: &mut CheckedFile<'w>, found: &mut Violations) {
        while ledger.advance(found) {
            self.rows = ledger.rows;
            if let Err(flaw) = self.audit_row(ledger, found) {
                report(ledger, flaw, found);
            }
        }
        (self.rows, self.is_read) = (ledger.rows, true);
        self.end_day(found);
        let reached = self.place.as_ref().map(|place| place.date);
        if let (Some(from), Some(to)) = (reached.or(self.known.from), self.known.to.or(reached)) {
            self.end_months(from, Some(to.next_month_start()), found);
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
            let message = format!("`seq` is {}, must be {seq}", shown(sheet.cell(SEQ)));
            report(sheet, Violation::new(Code::WrongOrder, SEQ, message), found);
        }
        let date = self.date(sheet, found)?;
        let account = self.find_account(sheet);
        let digits = account.map(|account| self.accounts.list[account].digits);
        let row = WrittenRow::read_written_row(sheet, (date, digits))?;
        self.events[row.rule.step as usize] += 1;
        self.in_order(sheet, &row)?;
        if let Some(account) = account {
            self.touch(account);
            self.accounts.list[account].follow(&row).or_else(|flaw| {
                report(sheet, flaw, found);
                Ok(())
            })?;
            if row.rule.step == Transition::Limit {
                self.limit(sheet, account)?;
            }
        }
        if sheet.cell(INSTANCE).is_empty() || is_nobody(&row) {
            return Ok(());
        }
        self.audit_row_of_instance(sheet, account, &row)
    }

    /// The date of a row; one after the last ends the day, and the month.
    fn date(&mut self, sheet: &CheckedFile<'_>, found: &mut Violations) -> Result<Day, Violation> {
        let date = row::date(sheet, DATE)?;
        let outside =
            |from: Day, to: Day| format!("`date` is {date}, must lie in the run, {from} to {to}");
        match (self.known.from, self.known.to) {
            (Some(from), Some(to)) if date < from || date > to => {
                return Err(Violation::new(Code::WrongOrder, DATE, outside(from, to))
                    .needing(&["run.json"]));
            }
            _ => {}
        }
        let before = self.place.as_ref().map(|place| place.date);
        if let Some(before) = before.filter(|before| *before < date) {
            self.end_day(found);
            self.end_months(before, Some(date), found);
        } else if let (None, Some(from)) = (before, self.known.from) {
            self.end_months(from, Some(date), found);
        }
        Ok(date)
    }

    fn find_account(&self, sheet: &CheckedFile<'_>) -> Option<usize> {
        let name = sheet.cell(ACCOUNT);
        let same = self
            .touched
            .last()
            .filter(|account| self.accounts.names.id_of(**account) == name);
        same.copied().or_else(|| self.accounts.names.find(name))
    }

    /// Rows stand by date, then account id, then the phases of the day; within most phases by instance id.
    fn in_order(&mut self, sheet: &CheckedFile<'_>, row: &WrittenRow) -> Result<(), Violation> {
        let (account, instance, phase) = (
            sheet.cell(ACCOUNT),
            sheet.cell(INSTANCE),
            row.rule.phase(row.reason),
        );
        let held = match &self.place {
            Some(before) if row.date < before.date => {
                let message = format!(
                    "`date` is {}, must not lie before {} of the row above",
                    row.date, before.date
                );
                Err(Violation::new(Code::WrongOrder, DATE, message))
            }
            Some(before) if row.date > before.date => Ok(()),
            Some(before) if account != before.account => {
                let message = format!(
                    "`account_id` is {}, must stand before {} on {}",
                    shown(account),
                    shown(&before.account),
                    row.date
                );
                let is_later = account > &*before.account;
                if is_later {
                    Ok(())
                } else {
                    Err(Violation::new(Code::WrongOrder, ACCOUNT, message))
                }
            }
            Some(before) if phase < before.phase => {
                let message = format!(
                    "`{}` belongs to {}, must stand before {} on {}",
                    row.rule.event,
                    phase.as_word(),
                    before.phase.as_word(),
                    row.date
                );
                Err(Violation::new(Code::WrongOrder, EVENT, message))
            }
            Some(before)
                if phase == before.phase && phase.is_by_id() && !follows(before, instance, row) =>
            {
                let message = format!(
                    "`instance_id` is {}, must stand after {} among {}",
                    shown(instance),
                    shown(&before.instance),
                    phase.as_word()
                );
                Err(Violation::new(Code::WrongOrder, INSTANCE, message))
            }
            _ => Ok(()),
        };
        let place = self.place.get_or_insert_with(|| RowPosition::first(row));
        (place.date, place.phase, place.event) = (place.date.max(row.date), phase, row.rule.event);
        place.account.clear();
        place.account.extend_from_slice(account);
        place.instance.clear();
        place.instance.extend_from_slice(instance);
        held
    }

    fn touch(&mut self, account: usize) {
        if self.touched.last() != Some(&account) {
            self.touched.push(account);
        }
    }

    /// A credit limit that was set changes what is available; its amount is the fact of the row.
    fn limit(&mut self, sheet: &CheckedFile<'_>, account: usize) -> Result<(), Violation> {
        let account = &mut self.accounts.list[account];
        let detail = sheet.cell(DETAIL);
        let fact = detail.split(|byte| *byte == b';').next().unwrap_or(detail);
        let limit = minor(fact, account.digits);
        account.beyond = limit.and_then(|limit| Some(limit - account.frozen?));
        if limit.is_some() {
            return Ok(());
        }
        let message = format!(
            "`detail` is {}, must begin with the credit limit that was set",
            shown(detail)
        );
        Err(Violation::new(Code::BadAmount, DETAIL, message))
    }

    fn audit_row_of_instance(
        &mut self,
        sheet: &CheckedFile<'_>,
        account: Option<usize>,
        row: &WrittenRow,
    ) -> Result<(), Violation> {
        let number = self.instances.number_of_id(sheet.cell(INSTANCE));
        if number == self.lives.len() {
            self.lives.push(InstanceHistory::default());
        }
        let listed = self
            .known
            .closing
            .and_then(|closing| Some((closing, closing.instances.get(number)?)));
        let profile = listed.map(|(closing, one)| closing.profile(one.profile));
        let held = self.lives[number].follow(
            row,
            InstanceRules {
                profile,
                from: self.known.from,
            },
        );
        let owner =
            listed.map(|(closing, one)| closing.account(one.account).id.as_str().as_bytes());
        if let (Some(owner), Some(_)) =
            (owner.filter(|owner| *owner != sheet.cell(ACCOUNT)), account)
        {
            let message = format!(
                "`account_id` is {}, must be {}",
                shown(sheet.cell(ACCOUNT)),
                shown(owner)
            );
            return Err(Violation::new(Code::Disagrees, ACCOUNT, message).needing(&["closing/"]));
        }
        held
    }

    /// Holds the accounts that the day touched against `balances.csv`.
    fn end_day(&mut self, found: &mut Violations) {
        let Some(date) = self.place.as_ref().map(|place| place.date) else {
            return self.touched.clear();
        };
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup();
        for account in &touched {
            if let Some(balances) = &mut self.balances {
                balances.expect((date, *account), &mut self.accounts, found);
            }
        }
        touched.clear();
        self.touched = touched;
    }

    /// Ends the months from that of `last` up to that of `next`, which has begun.
    fn end_months(&mut self, last: Day, next: Option<Day>, found: &mut Violations) {
        let mut month = last.month_start();
        while next.is_some_and(|next| month < next.month_start()) {
            self.months.end(month, &mut self.accounts, found);
            month = month.next_month_start();
        }
    }
}

impl RowPosition {
    fn first(row: &WrittenRow) -> Self {
        let (account, instance) = (Vec::new(), Vec::new());
        Self {
            date: row.date,
            account,
            phase: Phase::Release,
            instance,
            event: row.rule.event,
        }
    }
}

/// Whether an instance may follow the last one of the same phase: the next by id, or itself from expired to reclaimed.
fn follows(before: &RowPosition, instance: &[u8], row: &WrittenRow) -> bool {
    let is_next = instance > before.instance.as_slice();
    let goes_on = instance == before.instance
        && before.event == "expired"
        && row.rule.step == Transition::Reclaim;
    is_next || goes_on
}

/// Whether a rejected action names an instance that is not there, or not in its account.
fn is_nobody(row: &WrittenRow) -> bool {
    matches!(row.reason, "unknown_account" | "unknown_instance")
}

fn report(sheet: &CheckedFile<'_>, flaw: Violation, found: &mut Violations) {
    let Violation {
        code,
        column,
        message,
        needs,
    } = flaw;
    found.report_violation(code, (sheet.file, needs), || {
        (sheet.place_of_column(column), message)
    });
}
