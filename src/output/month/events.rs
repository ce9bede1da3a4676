//! Tables of what happens: what is lost unless someone acts, what is to be done, renewals that come due, and events. Never
//! decides what is lost or due.
//!
//! Rule **report-losses** of docs/spec.

use std::collections::BTreeMap;

use super::MonthView;
use super::dues::RenewalOutcome;
use super::table::{ReportTable, RowExtent};
use super::table_rows::TableRows;
use crate::analysis::deadline::{Deadline, DeadlineSubject};
use crate::analysis::lost::{LossClass, LossRemedy, LostBecause};
use crate::analysis::plan::NeedCause;
use crate::analysis::remedy::RemedyReason;
use crate::engine::event::{Event, Reason};
use crate::engine::ledger::Entry;
use crate::model::account::{Account, Movement};
use crate::model::action::Verb;
use crate::model::calendar::Day;
use crate::model::instance::{Instance, RenewFlag, State};
use crate::model::money::{Currency, Money};
use crate::output::detail::detail_of_entry;
use crate::output::monthly::{REFUNDS, RENEWALS};

/// The renewals that come due are counted within these numbers of days.
const WITHIN_DAYS: [i32; 3] = [30, 60, 90];

/// What the run loses from the month on, the most expensive first.
pub(super) fn act(view: &MonthView<'_>) -> ReportTable {
    let mut table = TableRows::new(&view.facts.losses, |lost| Some(lost.currency));
    view.add_names(&mut table, |lost| lost.instance);
    table.text("product", "Product", |lost| {
        view.label(Some(view.book.instance(lost.instance).labels.product))
    });
    table.text("class", "Class", |lost| class(lost.class));
    table.day("latest", "Last day to act", |lost| lost.latest);
    table.day("stops_on", "Stops", |lost| lost.stops_on);
    table.day("lost_on", "Lost", |lost| lost.lost_on);
    table.currencies();
    table.money("monthly_value", "A month", |lost| lost.value);
    table.text("cause", "Why", |lost| why(lost.cause));
    table.text("remedy", "What helps", |lost| lost.cure.map(helps));
    table.text("flag", "Flag", |lost| lost.flag.map(RenewFlag::name));
    for (tag, key) in view.book.tag_keys.iter().enumerate() {
        let name = format!("tag:{key}");
        table.text(name.clone(), name, |lost| {
            let tags = &view.book.instance(lost.instance).labels.tags;
            view.label(tags.get(tag).copied().flatten())
        });
    }
    table.table(
        "act",
        "At risk, and ending on purpose",
        "What this run loses from this month on, the most expensive first. Soon is within 30 days of the first day above; a month is the list price, 720 hours \
         where it is charged by the hour.",
    )
}

fn class(class: LossClass) -> &'static str {
    match class {
        LossClass::Soon => "at risk soon",
        LossClass::Later => "at risk later",
        LossClass::OnPurpose => "on purpose",
        LossClass::Impossible => "nothing helps",
    }
}

fn why(cause: LostBecause) -> &'static str {
    match cause {
        LostBecause::FundsShort => "its account cannot pay",
        LostBecause::NotRenewed => "nobody renews it",
        LostBecause::NoAttempt => "no auto-renewal reaches it",
        LostBecause::Arrears => "stopped in arrears",
        LostBecause::FlagNone => "its flag says not to renew",
        LostBecause::Ended => "people end it",
    }
}

/// What helps on the last day: a flag helps only until the last attempt, a renewal to the end.
fn helps(cure: LossRemedy) -> &'static str {
    match cure {
        LossRemedy::TopUp => "top up its account",
        LossRemedy::SetFlag | LossRemedy::Renew => "renew it",
        LossRemedy::Start => "start it",
    }
}

/// Something to be done.
struct ToDo<'v> {
    by: Day,
    latest: Day,
    action: &'static str,
    account: &'v Account,
    instance: Option<&'v Instance>,
    amount: Option<Money>,
    reason: &'static str,
}

impl<'v> ToDo<'v> {
    /// Of a date to act on; none of one that the book plans, or that comes after the first.
    fn of_deadline(view: &MonthView<'v>, deadline: &Deadline) -> Option<Self> {
        let (action, reason, latest) = match &deadline.matter {
            DeadlineSubject::TopUp(first) => ("top up", top_up_reason(first.cause), deadline.day),
            DeadlineSubject::Task(task) => (verb(task.verb), task_reason(task.why), task.latest),
            _ => return None,
        };
        let instance = deadline.matter.instance();
        Some(Self {
            by: deadline.day,
            latest,
            action,
            account: view.book.account(deadline.account),
            instance: instance.map(|instance| view.book.instance(instance)),
            amount: deadline.amount,
            reason,
        })
    }
}

/// The to-do list, from the month on.
pub(super) fn to_do(view: &MonthView<'_>) -> ReportTable {
    let from = view.facts.period.days.from;
    let ahead = view.facts.deadlines.iter().filter(|one| one.day >= from);
    let rows = ahead.filter_map(|deadline| ToDo::of_deadline(view, deadline));
    let mut table = TableRows::new(rows, |row| Some(row.account.currency));
    table.day("by", "By", |row| row.by);
    table.day("latest", "Latest", |row| row.latest);
    table.text("action", "What", |row| row.action);
    table.text("account_id", "Account", |row| row.account.id.as_str());
    table.text("instance_id", "Instance", |row| {
        Some(row.instance?.id.as_str())
    });
    table.currencies();
    table.money("amount", "Amount", |row| row.amount).unsummed();
    table.text("reason", "Why", |row| row.reason);
    table.table(
        "to-do",
        "To do",
        "With all of it done by its first date, nothing fails or stops for want of money, and nothing is lost that is \
         not meant to end. Latest is the last day that saves an instance. The rows for actions.csv are in \
         todo-actions.csv of the run.",
    )
}

fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Start => "start",
        Verb::SetFlag(..) => "set its flag to auto",
        _ => "renew",
    }
}

fn top_up_reason(cause: NeedCause) -> &'static str {
    match cause {
        NeedCause::Renewal => "or a renewal fails",
        NeedCause::Purchase => "or a purchase fails",
        NeedCause::Change => "or a change that people plan fails",
        NeedCause::Usage => "or the account is in arrears",
        NeedCause::Restart => "or what is stopped does not come back",
        NeedCause::Floor => "or it ends a day below its alert line",
    }
}

fn task_reason(why: RemedyReason) -> &'static str {
    match why {
        RemedyReason::Flag => "its flag is not auto",
        RemedyReason::AttemptsOver => "no automatic attempt is left",
        RemedyReason::NoAttempts => "its profile never renews by itself",
        RemedyReason::InBin => "nothing renews it in the recycle bin",
        RemedyReason::Stopped => "it waits for people",
    }
}

/// What comes due within a number of days, in a currency.
#[derive(Default)]
struct DueCount {
    renewals: u64,
    not_paid: u64,
    price: Money,
    rows: RowExtent,
}

/// How many renewals come due, and what they cost.
pub(super) fn due_counts(view: &MonthView<'_>) -> ReportTable {
    let from = view.facts.period.days.from;
    let mut counts: BTreeMap<(i32, Currency), DueCount> = BTreeMap::new();
    for due in &view.facts.dues {
        for within in WITHIN_DAYS
            .into_iter()
            .filter(|within| due.expiry < from + *within)
        {
            let currency = view.currency(due.instance);
            let count = counts.entry((within, currency)).or_default();
            count.renewals += 1;
            count.not_paid += u64::from(due.outcome.is_lost());
            count.price += due.price.unwrap_or_default();
            count.rows.join(due.outcome.rows_of_outcome());
        }
    }
    let mut table = TableRows::new(counts, |((_, currency), _)| Some(*currency));
    table.text("within", "Within", |((within, _), _)| {
        format!("{within} days, to {}", from + (within - 1))
    });
    table.currencies();
    table
        .count("renewals", "Renewals", |(_, count)| count.renewals)
        .unsummed();
    table
        .count("not_paid", "Not paid", |(_, count)| count.not_paid)
        .unsummed();
    table
        .money("price", "Price", |(_, count)| count.price)
        .unsummed();
    table.ledger_rows(|(_, count)| count.rows);
    table.table(
        "due-counts",
        "Renewals due",
        format!(
            "Expiry dates from {from} on, each range with those before it; the price includes what vouchers pay."
        ),
    )
}

/// The renewals that come due, one by one.
pub(super) fn dues(view: &MonthView<'_>) -> ReportTable {
    let rows = view
        .facts
        .dues
        .iter()
        .map(|due| (due, view.currency(due.instance)));
    let mut table = TableRows::new(rows, |(_, currency)| Some(*currency));
    table.day("expires_on", "Expires", |(due, _)| due.expiry);
    table
        .count("within_days", "Within", |(due, _)| {
            view.within_days(due.expiry)
        })
        .unsummed();
    view.add_names(&mut table, |(due, _)| due.instance);
    table.text("renew_flag", "Flag", |(due, _)| {
        view.book.instance(due.instance).renew_flag.name()
    });
    table.currencies();
    table.money("price", "Price", |(due, _)| due.price);
    table.text("outcome", "Outcome", |(due, _)| outcome(due.outcome));
    table.day("on", "On", |(due, _)| due.outcome.day());
    table.ledger_rows(|(due, _)| due.outcome.rows_of_outcome());
    table.table(
        "due",
        "Renewals due, one by one",
        "What each costs and what becomes of it in this run. The flag is that of the book's opening.",
    )
}

fn outcome(outcome: RenewalOutcome) -> &'static str {
    match outcome {
        RenewalOutcome::Paid(..) => "paid",
        RenewalOutcome::Failed(..) => "cannot be paid",
        RenewalOutcome::Unpaid(..) => "nobody pays",
        RenewalOutcome::Ended(..) => "ends before",
        RenewalOutcome::Open => "after the run",
    }
}

impl MonthView<'_> {
    /// The least of the counted numbers of days within which a day comes.
    fn within_days(&self, day: Day) -> u64 {
        let from = self.facts.period.days.from;
        let mut numbers = WITHIN_DAYS.into_iter();
        let within = numbers.find(|within| day < from + *within);
        within.unwrap_or(WITHIN_DAYS[2]).unsigned_abs().into()
    }
}

/// What befell instances in the month, and what was refused.
pub(super) fn happenings(view: &MonthView<'_>) -> ReportTable {
    const SHOWN: &[Event] = &[
        Event::RenewalFailed,
        Event::Expired,
        Event::Reclaimed,
        Event::Recovered,
        Event::Terminated,
        Event::Stopped,
        Event::Restored,
        Event::Returned,
        Event::Converted,
        Event::Rejected,
    ];
    let table = entries(view, |event| SHOWN.contains(&event));
    with_rows(table).table(
        "events",
        "Failures, reclaims, recoveries, terminations",
        "Every such row of the month.",
    )
}

/// Every payment for a term in the month, and every refund.
pub(super) fn payments(view: &MonthView<'_>) -> ReportTable {
    let table = entries(view, |event| {
        RENEWALS.contains(&event) || REFUNDS.contains(&event)
    });
    with_rows(table).table(
        "payments",
        "Terms paid and refunded",
        "Every row of the month that pays for a term or pays back; amounts as in the ledger, so a deduction is below zero.",
    )
}

/// The notices of the month.
pub(super) fn notices(view: &MonthView<'_>) -> ReportTable {
    const NOTICES: &[Event] = &[Event::Reminder, Event::BalanceAlert, Event::ArrearsForecast];
    let table = entries(view, |event| NOTICES.contains(&event));
    with_rows(table).table(
        "notices",
        "Reminders and alerts",
        "Every notice of the month, as the provider would send it.",
    )
}

/// A row of the ledger with what it is about.
struct LedgerLine<'v> {
    seq: u64,
    entry: &'v Entry,
    account: Option<&'v Account>,
    instance: Option<&'v Instance>,
}

/// The rows of the month with some events, but for the column of their numbers.
fn entries<'v>(
    view: &MonthView<'v>,
    is_shown: impl Fn(Event) -> bool,
) -> TableRows<LedgerLine<'v>> {
    let book = view.book;
    let shown = view
        .facts
        .rows
        .iter()
        .filter(|(_, entry)| is_shown(entry.event));
    let rows = shown.map(|(seq, entry)| LedgerLine {
        seq: *seq,
        entry,
        account: entry.account.map(|account| book.account(account)),
        instance: entry.instance.map(|instance| book.instance(instance)),
    });
    let mut table = TableRows::new(rows, |row| Some(row.account?.currency));
    table.day("date", "Date", |row| row.entry.date);
    table.text("event", "Event", |row| row.entry.event.name());
    table.text("instance_id", "Instance", |row| {
        Some(row.instance?.id.as_str())
    });
    table.text("name", "Name", |row| view.label(row.instance?.labels.name));
    table.text("account_id", "Account", |row| {
        Some(row.account?.id.as_str())
    });
    table.text("state", "State", |row| row.entry.state.map(State::name));
    table.day("term_start", "Term from", |row| Some(row.entry.term?.start));
    table.day("term_end", "to", |row| Some(row.entry.term?.end));
    table.currencies();
    table.money("amount", "Amount", |row| {
        row.entry.movement.map(Movement::amount)
    });
    table
        .money("balance", "Balance", |row| row.entry.balance)
        .unsummed();
    table.text("reason", "Reason", |row| row.entry.reason.map(Reason::name));
    table.text("detail", "Detail", |row| detail_of_entry(book, row.entry));
    table
}

fn with_rows(mut table: TableRows<LedgerLine<'_>>) -> TableRows<LedgerLine<'_>> {
    table.ledger_rows(|row| RowExtent::one(row.seq));
    table
}

/// The rows of the ledger in the month, with the values of the columns by which the report sums.
pub(super) fn ledger(view: &MonthView<'_>) -> ReportTable {
    let mut table = entries(view, |_| true);
    for (column, name) in view.columns {
        if !matches!(name.as_str(), "account_id" | "instance_id") {
            table.text(name.clone(), name.clone(), |row| {
                view.book.cell_text(row.instance?, *column)
            });
        }
    }
    let about = match view.facts.has_usage {
        true => "The figures above sum these rows, by their number in ledger.csv.",
        false => "The rows of hourly usage are too many for this list: ledger.csv has them.",
    };
    let table = with_rows(table).table("ledger", "Ledger rows of the month", about);
    ReportTable {
        is_whole: view.facts.has_usage,
        ..table
    }
}
