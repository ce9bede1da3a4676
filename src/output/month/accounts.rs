//! Tables with a row for each account: balances, the cash view, and the accrual view. Never replays anything.

use std::collections::BTreeMap;

use super::MonthView;
use super::accrual::{Amounts, Deferral};
use super::gather::AccountMonth;
use super::spend::{refunds, renewals, usage};
use super::sums::SpendSums;
use super::table::{ReportTable, RowExtent, Sense, Sign};
use super::table_rows::TableRows;
use crate::engine::event::Event;
use crate::model::account::{Account, AccountIndex};
use crate::model::instance::ChargeType;
use crate::model::money::Money;

const TOPUPS: &[Event] = &[Event::TopUp];
const CREDITS: &[Event] = &[Event::Credit];
/// An account in the month.
struct AccountRow<'v> {
    account: &'v Account,
    month: &'v AccountMonth,
    sums: SpendSums,
}

fn account_rows<'v>(view: &MonthView<'v>) -> Vec<AccountRow<'v>> {
    let mut sums = view.sums_by(|instance| view.book.instance(instance).account);
    let accounts = (0u32..).map(AccountIndex).zip(&view.book.accounts);
    let rows = accounts.zip(&view.facts.accounts);
    rows.map(|((index, account), month)| AccountRow {
        account,
        month,
        sums: sums.remove(&index).unwrap_or_default(),
    })
    .collect()
}

/// What each account has.
pub(super) fn balances(view: &MonthView<'_>) -> ReportTable {
    let mut table = TableRows::new(account_rows(view), |row| Some(row.account.currency));
    table.text("account_id", "Account", |row| row.account.id.as_str());
    table.text("name", "Name", |row| row.account.name.as_deref());
    table.currencies();
    table.figure("credit_line", "Credit line", |row| {
        row.account.funds.credit_limit
    });
    table.balance("before", "Before", |row| Some(row.month.before?.available));
    table.balance("lowest", "Lowest", |row| Some(row.month.low?.available));
    table.day("lowest_on", "Lowest on", |row| Some(row.month.low?.date));
    table.balance("at_end", "At the end", |row| {
        Some(row.month.last?.available)
    });
    table.balance("lowest_ahead", "Lowest ahead", |row| {
        Some(row.month.low_ahead?.available)
    });
    table.day("lowest_ahead_on", "Lowest ahead on", |row| {
        Some(row.month.low_ahead?.date)
    });
    table.figure("alert_below", "Alert below", |row| row.account.alert_below);
    table
        .count("alerts", "Alerts", |row| row.month.alerts)
        .unsummed();
    table.ledger_rows(|row| row.month.rows);
    table.table(
        "balances",
        "Balances and alerts",
        "From balances.csv, available at the ends of days: before the month, the lowest in it, at its end, and the lowest from here to the end of the \
         run. Available is cash and free credit, less what is frozen, and includes the credit line; the cash view below has cash and free credit alone. The credit line \
         is that of the opening. Alerts count balance alerts and forecasts of arrears in the month; ledger rows are those of the month that move the balance.",
    )
}

/// The deductions of the month, account by account.
pub(super) fn cash(view: &MonthView<'_>) -> ReportTable {
    let mut table = TableRows::new(account_rows(view), |row| Some(row.account.currency));
    table.text("account_id", "Account", |row| row.account.id.as_str());
    table.currencies();
    table
        .money("opening", "Opening", |row| row.month.opening)
        .sense(Sense::Balance);
    table
        .money("topups", "Top-ups", |row| row.month.topups)
        .summing(TOPUPS, Sign::AsIs);
    table
        .money("credits", "Credits", |row| row.month.credits)
        .summing(CREDITS, Sign::AsIs);
    renewals(&mut table, |row| row.sums);
    usage(&mut table, |row| row.sums);
    refunds(&mut table, |row| row.sums);
    table
        .money("closing", "Closing", |row| row.month.closing)
        .adding("opening + topups + credits - renewals - usage + refunds")
        .sense(Sense::Balance);
    table.ledger_rows(|row| row.month.rows);
    table.table(
        "cash",
        "Cash view",
        "What came into each account and was deducted from it, cash and free credit together: opening + top-ups + credits − \
         renewals − usage + refunds = closing. The ledger rows are those of the account in the month that have an \
         amount; renewals sum renewed, recovered, purchased and resized.",
    )
}

/// The cost of an account by day, from one kind of money.
struct AccrualRow<'v> {
    account: &'v Account,
    paid_with: &'static str,
    deferral: Deferral,
    /// Which of the two amounts of the deferral are meant.
    amount: fn(Amounts) -> Money,
    /// Usage and refunds, which vouchers do not pay.
    sums: SpendSums,
    rows: RowExtent,
}

impl AccrualRow<'_> {
    fn of(&self, amounts: Amounts) -> Money {
        (self.amount)(amounts)
    }

    fn cost(&self) -> Money {
        let spread = self.of(self.deferral.spread) + self.of(self.deferral.written_off);
        spread + self.sums.usage - self.sums.refunds
    }

    fn spend(&self) -> Money {
        self.of(self.deferral.paid) + self.sums.usage - self.sums.refunds
    }

    /// What is neither cost nor growth of the prepaid balance: zero, where no cent is lost.
    fn difference(&self) -> Money {
        let growth = self.of(self.deferral.closing) - self.of(self.deferral.opening);
        self.spend() - self.cost() - growth
    }
}

fn accrual_rows<'v>(view: &MonthView<'v>) -> Vec<AccrualRow<'v>> {
    let mut deferrals: BTreeMap<AccountIndex, Deferral> = BTreeMap::new();
    for (instance, deferral) in &view.facts.deferrals {
        let account = view.book.instance(*instance).account;
        *deferrals.entry(account).or_default() += *deferral;
    }
    let mut rows = Vec::new();
    for (number, AccountRow { account, sums, .. }) in (0u32..).zip(account_rows(view)) {
        let deferral = deferrals.remove(&AccountIndex(number)).unwrap_or_default();
        let funds = AccrualRow {
            account,
            paid_with: "cash and credit",
            deferral,
            amount: |amounts| amounts.funds,
            sums,
            rows: sums.rows,
        };
        let of_vouchers = [deferral.opening, deferral.paid, deferral.spread];
        let has_vouchers = of_vouchers.iter().any(|one| one.voucher != Money::ZERO);
        let vouchers = has_vouchers.then_some(AccrualRow {
            paid_with: "vouchers",
            amount: |amounts| amounts.voucher,
            sums: SpendSums::default(),
            ..funds
        });
        rows.push(funds);
        rows.extend(vouchers);
    }
    rows
}

/// The cost of the month by day, and how it follows from the deductions.
pub(super) fn accrual(view: &MonthView<'_>) -> ReportTable {
    let mut table = TableRows::new(accrual_rows(view), |row| Some(row.account.currency));
    table.text("account_id", "Account", |row| row.account.id.as_str());
    table.currencies();
    table.text("paid_with", "Paid with", |row| row.paid_with);
    table.money("deferred_start", "Prepaid, opening", |row| {
        row.of(row.deferral.opening)
    });
    table.money("paid", "Paid for terms", |row| row.of(row.deferral.paid));
    table.money("spread", "Expensed this month", |row| {
        row.of(row.deferral.spread)
    });
    table.money("written_off", "Written off", |row| {
        row.of(row.deferral.written_off)
    });
    table
        .money("deferred_end", "Prepaid, closing", |row| {
            row.of(row.deferral.closing)
        })
        .adding("deferred_start + paid - spread - written_off");
    table.money("usage", "Usage", |row| row.sums.usage);
    table.money("refunds", "Refunds", |row| row.sums.refunds);
    table
        .money("cost", "Cost", AccrualRow::cost)
        .adding("spread + written_off + usage - refunds");
    table
        .money("spend", "Spend", AccrualRow::spend)
        .adding("paid + usage - refunds");
    table
        .money("difference", "Difference", AccrualRow::difference)
        .adding("spend - cost - deferred_end + deferred_start");
    table.ledger_rows(|row| row.rows);
    table.table(
        "accrual",
        "Accrual view",
        format!(
            "Each payment is spread over the days of its term; usage and refunds count on their day. Prepaid at the opening + paid − \
             expensed − written off = prepaid at the closing; cost = expensed + written off + usage − refunds; spend − cost − growth of \
             the prepaid balance = difference, which is zero.{}",
            unknown_payments(view)
        ),
    )
}

/// A sentence about terms that began before the book and whose payment is not in it.
fn unknown_payments(view: &MonthView<'_>) -> String {
    let book = view.book;
    let prepaid = view.instances().filter(|(_, one)| {
        one.charge_type == ChargeType::Prepaid
            && one.exists()
            && one.expires_on.is_some_and(|day| day > book.days.from)
    });
    let unknown = prepaid.filter(|(index, _)| book.orders.of_instance(*index).next().is_none());
    let (count, noun) = match unknown.count() {
        0 => return String::new(),
        1 => (1, "instance"),
        count => (count, "instances"),
    };
    format!(
        " What was paid before the book for {count} {noun} is not in orders.csv, so none of it is expensed."
    )
}
