//! Tables of what happens: what is lost unless someone acts, balances, renewals that come due, events, and changes.

use std::collections::BTreeMap;

use super::MonthView;
use super::bridge::{Bridge, Parts};
use super::dues::{DueRenewal, RenewalOutcome};
use super::table::{
    ReportColumn, ReportTable, RowExtent, Sense, TableCell, count, day, money, rows, text_column,
};
use crate::analysis::deadline::{Deadline, DeadlineSubject};
use crate::analysis::lost::{self, LossClass, LossRemedy, Lost};
use crate::analysis::plan;
use crate::analysis::remedy::RemedyReason;
use crate::engine::event::Event;
use crate::engine::ledger::{Balance, Entry};
use crate::model::account::{AccountIndex, Movement};
use crate::model::action::Verb;
use crate::model::instance::{RenewFlag, State};
use crate::model::money::{Currency, Money};
use crate::output::monthly::{REFUNDS, RENEWALS};

/// The renewals that come due are counted within so many days.
const WITHIN: [i32; 3] = [30, 60, 90];

/// What the run loses from the month on, the dearest first.
/// Rule **report-losses**.
pub(super) fn act(view: &MonthView<'_>) -> ReportTable {
    let row = |lost: &Lost| {
        let instance = view.book.instance(lost.instance);
        let label = |label: Option<crate::model::id::Label>| {
            TableCell::text_or_empty(label.map(|label| view.book.labels.label_text(label)))
        };
        let mut cells = view.who(lost.instance).to_vec();
        cells.extend([
            label(Some(instance.labels.product)),
            TableCell::Text(class(lost.class).to_owned()),
            TableCell::of_day(lost.latest),
            TableCell::of_day(lost.stops_on),
            TableCell::Day(lost.lost_on),
            TableCell::Text(lost.currency.to_string()),
            TableCell::Money(lost.value, lost.currency),
            TableCell::Text(why(lost.cause).to_owned()),
            TableCell::text_or_empty(lost.cure.map(helps)),
            TableCell::text_or_empty(lost.flag.map(RenewFlag::name)),
        ]);
        cells.extend(
            (0..view.book.tag_keys.len())
                .map(|tag| label(instance.labels.tags.get(tag).copied().flatten())),
        );
        cells
    };
    let mut columns = view.who_columns().to_vec();
    columns.extend([
        text_column("product", "Product"),
        text_column("class", "Class"),
        day("latest", "Last day to act"),
        day("stops_on", "Stops"),
        day("lost_on", "Lost"),
        text_column("currency", "Currency"),
        money("monthly_value", "A month"),
        text_column("cause", "Why"),
        text_column("remedy", "What helps"),
        text_column("flag", "Flag"),
    ]);
    let tags = view.book.tag_keys.iter().map(|key| format!("tag:{key}"));
    columns.extend(tags.map(|name| ReportColumn {
        name: name.clone().into(),
        title: name.into(),
        ..text_column("", "")
    }));
    ReportTable {
        name: "act".to_owned(),
        title: "At risk, and ending on purpose".to_owned(),
        about: "What this run loses from this month on, the dearest first. Soon is within 30 days of the first day above; a month is the list price, 720 hours \
                where it is charged by the hour."
            .to_owned(),
        columns,
        rows: view.facts.losses.iter().map(row).collect(),
        is_whole: true,
    }
}

fn class(class: LossClass) -> &'static str {
    match class {
        LossClass::Soon => "at risk soon",
        LossClass::Later => "at risk later",
        LossClass::OnPurpose => "on purpose",
        LossClass::Impossible => "nothing helps",
    }
}

fn why(cause: lost::LostBecause) -> &'static str {
    match cause {
        lost::LostBecause::FundsShort => "its account cannot pay",
        lost::LostBecause::NotRenewed => "nobody renews it",
        lost::LostBecause::NoAttempt => "no auto-renewal reaches it",
        lost::LostBecause::Arrears => "stopped in arrears",
        lost::LostBecause::FlagNone => "its flag says not to renew",
        lost::LostBecause::Ended => "people end it",
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

/// The to-do list, from the month on.
pub(super) fn to_do(view: &MonthView<'_>) -> ReportTable {
    let from = view.facts.period.days.from;
    let row = |deadline: &Deadline| {
        let (what, why, latest) = match &deadline.matter {
            DeadlineSubject::TopUp(first) => ("top up", top_up_reason(first.cause), deadline.day),
            DeadlineSubject::Task(task) => (verb(task.verb), task_reason(task.why), task.latest),
            _ => return None,
        };
        let account = view.book.account(deadline.account);
        let instance = deadline
            .matter
            .instance()
            .map(|instance| view.book.instance(instance).id.to_string());
        Some(vec![
            TableCell::Day(deadline.day),
            TableCell::Day(latest),
            TableCell::Text(what.to_owned()),
            TableCell::Text(account.id.to_string()),
            TableCell::text_or_empty(instance.as_deref()),
            TableCell::Text(account.currency.to_string()),
            deadline.amount.map_or(TableCell::Empty, |amount| {
                TableCell::Money(amount, account.currency)
            }),
            TableCell::Text(why.to_owned()),
        ])
    };
    ReportTable {
        name: "to-do".to_owned(),
        title: "To do".to_owned(),
        about: "With all of it done by its first date, nothing fails or stops for want of money, and nothing is lost that is \
                not meant to end. Latest is the last day that saves an instance. The rows for actions.csv are in \
                todo-actions.csv of the run."
            .to_owned(),
        columns: vec![
            day("by", "By"),
            day("latest", "Latest"),
            text_column("action", "What"),
            text_column("account_id", "Account"),
            text_column("instance_id", "Instance"),
            text_column("currency", "Currency"),
            money("amount", "Amount").unsummed(),
            text_column("reason", "Why"),
        ],
        rows: view.facts.deadlines.iter().filter(|one| one.day >= from).filter_map(row).collect(),
        is_whole: true,
    }
}

fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Start => "start",
        Verb::SetFlag(..) => "set its flag to auto",
        _ => "renew",
    }
}

fn top_up_reason(cause: plan::NeedCause) -> &'static str {
    match cause {
        plan::NeedCause::Renewal => "or a renewal fails",
        plan::NeedCause::Purchase => "or a purchase fails",
        plan::NeedCause::Change => "or a change that people plan fails",
        plan::NeedCause::Usage => "or the account is in arrears",
        plan::NeedCause::Restart => "or what is stopped does not come back",
        plan::NeedCause::Floor => "or it ends a day below its alert line",
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

/// What each account has.
pub(super) fn balances(view: &MonthView<'_>) -> ReportTable {
    let row = |(number, month): (u32, &super::gather::AccountMonth)| {
        let account = view.book.account(AccountIndex(number));
        let amount = |money| TableCell::Money(money, account.currency);
        let available = |balance: Option<Balance>| {
            balance.map_or(TableCell::Empty, |balance| amount(balance.available))
        };
        let date =
            |balance: Option<Balance>| TableCell::of_day(balance.map(|balance| balance.date));
        vec![
            TableCell::Text(account.id.to_string()),
            TableCell::text_or_empty(account.name.as_deref()),
            TableCell::Text(account.currency.to_string()),
            amount(account.funds.credit_limit),
            available(month.before),
            available(month.low),
            date(month.low),
            available(month.last),
            available(month.low_ahead),
            date(month.low_ahead),
            account.alert_below.map_or(TableCell::Empty, amount),
            TableCell::Count(month.alerts),
            TableCell::Rows(month.rows),
        ]
    };
    let plain = |name, title| money(name, title).unsummed();
    let balance = |name, title| plain(name, title).sense(Sense::Balance);
    ReportTable {
        name: "balances".to_owned(),
        title: "Balances and alerts".to_owned(),
        about: "From balances.csv, available at the ends of days: before the month, the lowest in it, at its end, and the lowest from here to the end of the \
                run. Available is cash and free credit, less what is frozen, and includes the credit line; the cash view below has cash and free credit alone. The credit line \
                is that of the opening. Alerts count balance alerts and forecasts of arrears in the month; ledger rows are those of the month that move the balance."
            .to_owned(),
        columns: vec![
            text_column("account_id", "Account"),
            text_column("name", "Name"),
            text_column("currency", "Currency"),
            plain("credit_line", "Credit line"),
            balance("before", "Before"),
            balance("lowest", "Lowest"),
            day("lowest_on", "Lowest on"),
            balance("at_end", "At the end"),
            balance("lowest_ahead", "Lowest ahead"),
            day("lowest_ahead_on", "Lowest ahead on"),
            plain("alert_below", "Alert below"),
            count("alerts", "Alerts").unsummed(),
            rows(),
        ],
        rows: (0u32..).zip(&view.facts.accounts).map(row).collect(),
        is_whole: true,
    }
}

/// How many renewals come due, and what they cost.
pub(super) fn due_counts(view: &MonthView<'_>) -> ReportTable {
    let from = view.facts.period.days.from;
    let mut table_rows = Vec::new();
    for within in WITHIN {
        let mut sums: BTreeMap<Currency, (u64, u64, Money, RowExtent)> = BTreeMap::new();
        for due in view
            .facts
            .dues
            .iter()
            .filter(|due| due.expiry < from + within)
        {
            let sum = sums.entry(view.currency(due.instance)).or_default();
            sum.0 += 1;
            sum.1 += u64::from(matches!(
                due.outcome,
                RenewalOutcome::Failed(..) | RenewalOutcome::Unpaid(..)
            ));
            sum.2 += due.price.unwrap_or_default();
            sum.3.join(due.outcome.rows_of_outcome());
        }
        table_rows.extend(
            sums.into_iter()
                .map(|(currency, (count, unpaid, price, rows))| {
                    vec![
                        TableCell::Text(format!("{within} days, to {}", from + (within - 1))),
                        TableCell::Text(currency.to_string()),
                        TableCell::Count(count),
                        TableCell::Count(unpaid),
                        TableCell::Money(price, currency),
                        TableCell::Rows(rows),
                    ]
                }),
        );
    }
    ReportTable {
        name: "due-counts".to_owned(),
        title: "Renewals due".to_owned(),
        about: format!(
            "Expiry dates from {from} on, each range with those before it; the price includes what vouchers pay."
        ),
        columns: vec![
            text_column("within", "Within"),
            text_column("currency", "Currency"),
            count("renewals", "Renewals").unsummed(),
            count("not_paid", "Not paid").unsummed(),
            money("price", "Price").unsummed(),
            rows(),
        ],
        rows: table_rows,
        is_whole: true,
    }
}

/// The renewals that come due, one by one.
pub(super) fn dues(view: &MonthView<'_>) -> ReportTable {
    let from = view.facts.period.days.from;
    let row = |due: &DueRenewal| {
        let instance = view.book.instance(due.instance);
        let currency = view.currency(due.instance);
        let within = WITHIN
            .into_iter()
            .find(|within| due.expiry < from + *within)
            .unwrap_or(WITHIN[2]);
        let (what, on) = match due.outcome {
            RenewalOutcome::Paid(day, _) => ("paid", Some(day)),
            RenewalOutcome::Failed(day, _) => ("cannot be paid", Some(day)),
            RenewalOutcome::Unpaid(day, _) => ("nobody pays", Some(day)),
            RenewalOutcome::Ended(day, _) => ("ends before", Some(day)),
            RenewalOutcome::Open => ("after the run", None),
        };
        let mut cells = vec![
            TableCell::Day(due.expiry),
            TableCell::Count(within.unsigned_abs().into()),
        ];
        cells.extend(view.who(due.instance));
        cells.extend([
            TableCell::Text(instance.renew_flag.name().to_owned()),
            TableCell::Text(currency.to_string()),
            due.price
                .map_or(TableCell::Empty, |price| TableCell::Money(price, currency)),
            TableCell::Text(what.to_owned()),
            TableCell::of_day(on),
            TableCell::Rows(due.outcome.rows_of_outcome()),
        ]);
        cells
    };
    let mut columns = vec![
        day("expires_on", "Expires"),
        count("within_days", "Within").unsummed(),
    ];
    columns.extend(view.who_columns());
    columns.extend([
        text_column("renew_flag", "Flag"),
        text_column("currency", "Currency"),
        money("price", "Price"),
        text_column("outcome", "Outcome"),
        day("on", "On"),
        rows(),
    ]);
    ReportTable {
        name: "due".to_owned(),
        title: "Renewals due, one by one".to_owned(),
        about: "What each costs and what becomes of it in this run. The flag is that of the book's opening.".to_owned(),
        columns,
        rows: view.facts.dues.iter().map(row).collect(),
        is_whole: true,
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
    entries(
        view,
        ("events", "Failures, reclaims, recoveries, terminations"),
        "Every such row of the month.",
        |entry| SHOWN.contains(&entry.event),
    )
}

/// Every payment for a term in the month, and every refund.
pub(super) fn payments(view: &MonthView<'_>) -> ReportTable {
    entries(
        view,
        ("payments", "Terms paid and refunded"),
        "Every row of the month that pays for a term or pays back; amounts as in the ledger, so a deduction is below zero.",
        |entry| RENEWALS.contains(&entry.event) || REFUNDS.contains(&entry.event),
    )
}

/// The notices of the month.
pub(super) fn notices(view: &MonthView<'_>) -> ReportTable {
    let shown = |entry: &Entry| {
        matches!(
            entry.event,
            Event::Reminder | Event::BalanceAlert | Event::ArrearsForecast
        )
    };
    entries(
        view,
        ("notices", "Reminders and alerts"),
        "Every notice of the month, as the provider would send it.",
        shown,
    )
}

fn entries(
    view: &MonthView<'_>,
    (name, title): (&str, &str),
    about: &str,
    is_shown: impl Fn(&Entry) -> bool,
) -> ReportTable {
    let row = |(seq, entry): &(u64, Entry)| {
        let account = entry.account.map(|account| view.book.account(account));
        let amount = entry.movement.map(Movement::amount);
        let money = |money: Option<Money>| match (money, account) {
            (Some(money), Some(account)) => TableCell::Money(money, account.currency),
            _ => TableCell::Empty,
        };
        let name = entry
            .instance
            .and_then(|instance| view.book.instance(instance).labels.name);
        vec![
            TableCell::Day(entry.date),
            TableCell::Text(entry.event.name().to_owned()),
            TableCell::text_or_empty(
                entry
                    .instance
                    .map(|instance| view.book.instance(instance).id.as_str()),
            ),
            TableCell::text_or_empty(name.map(|name| view.book.labels.label_text(name))),
            TableCell::text_or_empty(account.map(|account| account.id.as_str())),
            TableCell::text_or_empty(entry.state.map(State::name)),
            TableCell::of_day(entry.term.map(|term| term.start)),
            TableCell::of_day(entry.term.map(|term| term.end)),
            TableCell::text_or_empty(account.map(|account| account.currency.code())),
            money(amount),
            money(account.is_some().then_some(entry.balance)),
            TableCell::text_or_empty(entry.reason.map(crate::engine::event::Reason::name)),
            TableCell::Text(crate::output::detail::detail_of_entry(view.book, entry)),
            TableCell::Rows(RowExtent::one(*seq)),
        ]
    };
    ReportTable {
        name: name.to_owned(),
        title: title.to_owned(),
        about: about.to_owned(),
        columns: vec![
            day("date", "Date"),
            text_column("event", "Event"),
            text_column("instance_id", "Instance"),
            text_column("name", "Name"),
            text_column("account_id", "Account"),
            text_column("state", "State"),
            day("term_start", "Term from"),
            day("term_end", "to"),
            text_column("currency", "Currency"),
            money("amount", "Amount"),
            money("balance", "Balance").unsummed(),
            text_column("reason", "Reason"),
            text_column("detail", "Detail"),
            rows(),
        ],
        rows: view
            .facts
            .rows
            .iter()
            .filter(|(_, entry)| is_shown(entry))
            .map(row)
            .collect(),
        is_whole: true,
    }
}

/// The rows of the ledger in the month, with the values of the columns by which the report sums.
pub(super) fn ledger(view: &MonthView<'_>) -> ReportTable {
    let mut table = entries(view, ("ledger", "Ledger rows of the month"), "", |_| true);
    table.is_whole = view.facts.has_usage;
    table.about = match view.facts.has_usage {
        true => "The figures above sum these rows, by their number in ledger.csv.".to_owned(),
        false => {
            "The rows of hourly usage are too many for this list: ledger.csv has them.".to_owned()
        }
    };
    let at = table.columns.len() - 1;
    for (column, name) in view
        .columns
        .iter()
        .filter(|(_, name)| !matches!(name.as_str(), "account_id" | "instance_id"))
        .rev()
    {
        table.columns.insert(
            at,
            ReportColumn {
                name: name.clone().into(),
                title: name.clone().into(),
                ..text_column("", "")
            },
        );
        for (row, (_, entry)) in table.rows.iter_mut().zip(&view.facts.rows) {
            let value = entry
                .instance
                .and_then(|instance| view.book.cell_text(view.book.instance(instance), *column));
            row.insert(at, TableCell::text_or_empty(value));
        }
    }
    table
}

/// A bridge: the two sums, and the parts between them.
pub(super) fn bridge(bridge: &Bridge, (name, title, from): (&str, &str, &str)) -> ReportTable {
    let mut table_rows = Vec::new();
    for (currency, parts) in &bridge.parts {
        let sum =
            |sums: &BTreeMap<Currency, Money>| sums.get(currency).copied().unwrap_or_default();
        let (start, end) = (sum(&bridge.from), sum(&bridge.to));
        let steps = || {
            bridge
                .steps
                .iter()
                .filter(|step| step.currency == *currency)
        };
        let behind = |part: fn(&Parts) -> Money| {
            let moved = steps().filter(|step| part(&step.parts) != Money::ZERO);
            TableCell::Rows(RowExtent::joined(moved.map(|step| step.to.rows)))
        };
        let lines = [
            (from, start, TableCell::Empty),
            ("new instances", parts.new, behind(|parts| parts.new)),
            (
                "ended instances and refunds",
                parts.ended,
                behind(|parts| parts.ended),
            ),
            ("price", parts.price, behind(|parts| parts.price)),
            ("term length", parts.term, behind(|parts| parts.term)),
            (
                "timing and hours",
                parts.timing,
                behind(|parts| parts.timing),
            ),
            ("not explained", end - start - parts.sum(), TableCell::Empty),
            (
                "spend of this month",
                end,
                TableCell::Rows(bridge.rows.get(currency).copied().unwrap_or_default()),
            ),
        ];
        table_rows.extend(lines.map(|(step, amount, rows)| {
            vec![
                TableCell::Text(step.to_owned()),
                TableCell::Text(currency.to_string()),
                TableCell::Money(amount, *currency),
                rows,
            ]
        }));
    }
    ReportTable {
        name: name.to_owned(),
        title: title.to_owned(),
        about: "Each instance's difference is told apart: new, or gone and cheaper; else refunds, then the same months or hours at \
                another price, terms of another length, and what falls into another month. The parts add up exactly. Ledger rows are \
                those of this month, of the instances behind a part."
            .to_owned(),
        columns: vec![text_column("step", "Step"), text_column("currency", "Currency"), money("amount", "Amount").unsummed(), rows()],
        rows: table_rows,
        is_whole: true,
    }
}

/// The instances of a bridge, the one that moves most first.
pub(super) fn movers(bridge: &Bridge, (name, title): (&str, &str)) -> ReportTable {
    let mut steps: Vec<_> = bridge.steps.iter().collect();
    steps.sort_by_key(|step| {
        (
            step.currency,
            std::cmp::Reverse(step.parts.sum().minor().abs()),
            &step.instance,
        )
    });
    let row = |step: &&super::bridge::SpendStep| {
        let Parts {
            new,
            ended,
            price,
            term,
            timing,
        } = step.parts;
        let amounts = [
            step.from.spend(),
            new,
            ended,
            price,
            term,
            timing,
            step.to.spend(),
            step.parts.sum(),
        ];
        let texts = [step.instance.as_str(), step.currency.code()]
            .map(|text| TableCell::Text(text.to_owned()));
        let amounts = amounts.map(|money| TableCell::Money(money, step.currency));
        texts
            .into_iter()
            .chain(amounts)
            .chain([TableCell::Rows(step.to.rows)])
            .collect()
    };
    let more = |name, title| money(name, title).sense(Sense::MoreCost);
    ReportTable {
        name: name.to_owned(),
        title: title.to_owned(),
        about: "The instances whose spend differs, the greatest difference first; ledger rows are those of this month."
            .to_owned(),
        columns: vec![
            text_column("instance_id", "Instance"),
            text_column("currency", "Currency"),
            money("before", "Before"),
            more("new", "New"),
            more("ended", "Ended"),
            more("price", "Price"),
            more("term_length", "Term length"),
            more("timing", "Timing"),
            money("now", "Now"),
            more("change", "Change"),
            rows(),
        ],
        rows: steps.iter().map(row).collect(),
        is_whole: true,
    }
}
