//! Tables of what happens: what is lost unless someone acts, balances, renewals that come due, events, and changes.

use std::collections::BTreeMap;

use super::View;
use super::bridge::{Bridge, Parts};
use super::dues::{Due, Outcome};
use super::table::{Cell, Column, Rows, Sense, Table, count, day, money, rows, text};
use crate::analysis::deadline::{Deadline, Matter};
use crate::analysis::lost::{self, Class, Cure, Lost};
use crate::analysis::plan;
use crate::analysis::remedy::Why;
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
pub(super) fn act(view: &View<'_>) -> Table {
    let row = |lost: &Lost| {
        let instance = view.book.instance(lost.instance);
        let label = |label: Option<crate::model::id::Label>| {
            Cell::of(label.map(|label| view.book.labels.text(label)))
        };
        let mut cells = view.who(lost.instance).to_vec();
        cells.extend([
            label(Some(instance.labels.product)),
            Cell::Text(class(lost.class).to_owned()),
            Cell::of_day(lost.latest),
            Cell::of_day(lost.stops_on),
            Cell::Day(lost.lost_on),
            Cell::Text(lost.currency.to_string()),
            Cell::Money(lost.value, lost.currency),
            Cell::Text(why(lost.cause).to_owned()),
            Cell::of(lost.cure.map(helps)),
            Cell::of(lost.flag.map(RenewFlag::name)),
        ]);
        cells.extend(
            (0..view.book.tag_keys.len())
                .map(|tag| label(instance.labels.tags.get(tag).copied().flatten())),
        );
        cells
    };
    let mut columns = view.who_columns().to_vec();
    columns.extend([
        text("product", "Product"),
        text("class", "Class"),
        day("latest", "Last day to act"),
        day("stops_on", "Stops"),
        day("lost_on", "Lost"),
        text("currency", "Currency"),
        money("monthly_value", "A month"),
        text("cause", "Why"),
        text("remedy", "What helps"),
        text("flag", "Flag"),
    ]);
    let tags = view.book.tag_keys.iter().map(|key| format!("tag:{key}"));
    columns.extend(tags.map(|name| Column {
        name: name.clone().into(),
        title: name.into(),
        ..text("", "")
    }));
    Table {
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

fn class(class: Class) -> &'static str {
    match class {
        Class::Soon => "at risk soon",
        Class::Later => "at risk later",
        Class::OnPurpose => "on purpose",
        Class::Impossible => "nothing helps",
    }
}

fn why(cause: lost::Cause) -> &'static str {
    match cause {
        lost::Cause::FundsShort => "its account cannot pay",
        lost::Cause::NotRenewed => "nobody renews it",
        lost::Cause::NoAttempt => "no auto-renewal reaches it",
        lost::Cause::Arrears => "stopped in arrears",
        lost::Cause::FlagNone => "its flag says not to renew",
        lost::Cause::Ended => "people end it",
    }
}

/// What helps on the last day: a flag helps only until the last attempt, a renewal to the end.
fn helps(cure: Cure) -> &'static str {
    match cure {
        Cure::TopUp => "top up its account",
        Cure::SetFlag | Cure::Renew => "renew it",
        Cure::Start => "start it",
    }
}

/// The to-do list, from the month on.
pub(super) fn to_do(view: &View<'_>) -> Table {
    let from = view.facts.period.days.from;
    let row = |deadline: &Deadline| {
        let (what, why, latest) = match &deadline.matter {
            Matter::TopUp(first) => ("top up", top_up_reason(first.cause), deadline.day),
            Matter::Task(task) => (verb(task.verb), task_reason(task.why), task.latest),
            _ => return None,
        };
        let account = view.book.account(deadline.account);
        let instance = deadline
            .matter
            .instance()
            .map(|instance| view.book.instance(instance).id.to_string());
        Some(vec![
            Cell::Day(deadline.day),
            Cell::Day(latest),
            Cell::Text(what.to_owned()),
            Cell::Text(account.id.to_string()),
            Cell::of(instance.as_deref()),
            Cell::Text(account.currency.to_string()),
            deadline
                .amount
                .map_or(Cell::Empty, |amount| Cell::Money(amount, account.currency)),
            Cell::Text(why.to_owned()),
        ])
    };
    Table {
        name: "to-do".to_owned(),
        title: "To do".to_owned(),
        about: "With all of it done by its first date, nothing fails or stops for want of money, and nothing is lost that is \
                not meant to end. Latest is the last day that saves an instance. The rows for actions.csv are in \
                todo-actions.csv of the run."
            .to_owned(),
        columns: vec![
            day("by", "By"),
            day("latest", "Latest"),
            text("action", "What"),
            text("account_id", "Account"),
            text("instance_id", "Instance"),
            text("currency", "Currency"),
            money("amount", "Amount").unsummed(),
            text("reason", "Why"),
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

fn top_up_reason(cause: plan::Cause) -> &'static str {
    match cause {
        plan::Cause::Renewal => "or a renewal fails",
        plan::Cause::Purchase => "or a purchase fails",
        plan::Cause::Change => "or a change that people plan fails",
        plan::Cause::Usage => "or the account is in arrears",
        plan::Cause::Restart => "or what is stopped does not come back",
        plan::Cause::Floor => "or it ends a day below its alert line",
    }
}

fn task_reason(why: Why) -> &'static str {
    match why {
        Why::Flag => "its flag is not auto",
        Why::AttemptsOver => "no automatic attempt is left",
        Why::NoAttempts => "its profile never renews by itself",
        Why::InBin => "nothing renews it in the recycle bin",
        Why::Stopped => "it waits for people",
    }
}

/// What each account has.
pub(super) fn balances(view: &View<'_>) -> Table {
    let row = |(number, month): (u32, &super::gather::AccountMonth)| {
        let account = view.book.account(AccountIndex(number));
        let amount = |money| Cell::Money(money, account.currency);
        let available = |balance: Option<Balance>| {
            balance.map_or(Cell::Empty, |balance| amount(balance.available))
        };
        let date = |balance: Option<Balance>| Cell::of_day(balance.map(|balance| balance.date));
        vec![
            Cell::Text(account.id.to_string()),
            Cell::of(account.name.as_deref()),
            Cell::Text(account.currency.to_string()),
            amount(account.funds.credit_limit),
            available(month.before),
            available(month.low),
            date(month.low),
            available(month.last),
            available(month.low_ahead),
            date(month.low_ahead),
            account.alert_below.map_or(Cell::Empty, amount),
            Cell::Count(month.alerts),
            Cell::Rows(month.rows),
        ]
    };
    let plain = |name, title| money(name, title).unsummed();
    let balance = |name, title| plain(name, title).sense(Sense::Balance);
    Table {
        name: "balances".to_owned(),
        title: "Balances and alerts".to_owned(),
        about: "From balances.csv, available at the ends of days: before the month, the lowest in it, at its end, and the lowest from here to the end of the \
                run. Available is cash and free credit, less what is frozen, and includes the credit line; the cash view below has cash and free credit alone. The credit line \
                is that of the opening. Alerts count balance alerts and forecasts of arrears in the month; ledger rows are those of the month that move the balance."
            .to_owned(),
        columns: vec![
            text("account_id", "Account"),
            text("name", "Name"),
            text("currency", "Currency"),
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
pub(super) fn due_counts(view: &View<'_>) -> Table {
    let from = view.facts.period.days.from;
    let mut table_rows = Vec::new();
    for within in WITHIN {
        let mut sums: BTreeMap<Currency, (u64, u64, Money, Rows)> = BTreeMap::new();
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
                Outcome::Failed(..) | Outcome::Unpaid(..)
            ));
            sum.2 += due.price.unwrap_or_default();
            sum.3.join(due.outcome.row());
        }
        table_rows.extend(
            sums.into_iter()
                .map(|(currency, (count, unpaid, price, rows))| {
                    vec![
                        Cell::Text(format!("{within} days, to {}", from + (within - 1))),
                        Cell::Text(currency.to_string()),
                        Cell::Count(count),
                        Cell::Count(unpaid),
                        Cell::Money(price, currency),
                        Cell::Rows(rows),
                    ]
                }),
        );
    }
    Table {
        name: "due-counts".to_owned(),
        title: "Renewals due".to_owned(),
        about: format!(
            "Expiry dates from {from} on, each range with those before it; the price includes what vouchers pay."
        ),
        columns: vec![
            text("within", "Within"),
            text("currency", "Currency"),
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
pub(super) fn dues(view: &View<'_>) -> Table {
    let from = view.facts.period.days.from;
    let row = |due: &Due| {
        let instance = view.book.instance(due.instance);
        let currency = view.currency(due.instance);
        let within = WITHIN
            .into_iter()
            .find(|within| due.expiry < from + *within)
            .unwrap_or(WITHIN[2]);
        let (what, on) = match due.outcome {
            Outcome::Paid(day, _) => ("paid", Some(day)),
            Outcome::Failed(day, _) => ("cannot be paid", Some(day)),
            Outcome::Unpaid(day, _) => ("nobody pays", Some(day)),
            Outcome::Ended(day, _) => ("ends before", Some(day)),
            Outcome::Open => ("after the run", None),
        };
        let mut cells = vec![
            Cell::Day(due.expiry),
            Cell::Count(within.unsigned_abs().into()),
        ];
        cells.extend(view.who(due.instance));
        cells.extend([
            Cell::Text(instance.renew_flag.name().to_owned()),
            Cell::Text(currency.to_string()),
            due.price
                .map_or(Cell::Empty, |price| Cell::Money(price, currency)),
            Cell::Text(what.to_owned()),
            Cell::of_day(on),
            Cell::Rows(due.outcome.row()),
        ]);
        cells
    };
    let mut columns = vec![
        day("expires_on", "Expires"),
        count("within_days", "Within").unsummed(),
    ];
    columns.extend(view.who_columns());
    columns.extend([
        text("renew_flag", "Flag"),
        text("currency", "Currency"),
        money("price", "Price"),
        text("outcome", "Outcome"),
        day("on", "On"),
        rows(),
    ]);
    Table {
        name: "due".to_owned(),
        title: "Renewals due, one by one".to_owned(),
        about: "What each costs and what becomes of it in this run. The flag is that of the book's opening.".to_owned(),
        columns,
        rows: view.facts.dues.iter().map(row).collect(),
        is_whole: true,
    }
}

/// What befell instances in the month, and what was refused.
pub(super) fn happenings(view: &View<'_>) -> Table {
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
pub(super) fn payments(view: &View<'_>) -> Table {
    entries(
        view,
        ("payments", "Terms paid and refunded"),
        "Every row of the month that pays for a term or pays back; amounts as in the ledger, so a deduction is below zero.",
        |entry| RENEWALS.contains(&entry.event) || REFUNDS.contains(&entry.event),
    )
}

/// The notices of the month.
pub(super) fn notices(view: &View<'_>) -> Table {
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
    view: &View<'_>,
    (name, title): (&str, &str),
    about: &str,
    is_shown: impl Fn(&Entry) -> bool,
) -> Table {
    let row = |(seq, entry): &(u64, Entry)| {
        let account = entry.account.map(|account| view.book.account(account));
        let amount = entry.movement.map(Movement::amount);
        let money = |money: Option<Money>| match (money, account) {
            (Some(money), Some(account)) => Cell::Money(money, account.currency),
            _ => Cell::Empty,
        };
        let name = entry
            .instance
            .and_then(|instance| view.book.instance(instance).labels.name);
        vec![
            Cell::Day(entry.date),
            Cell::Text(entry.event.name().to_owned()),
            Cell::of(
                entry
                    .instance
                    .map(|instance| view.book.instance(instance).id.as_str()),
            ),
            Cell::of(name.map(|name| view.book.labels.text(name))),
            Cell::of(account.map(|account| account.id.as_str())),
            Cell::of(entry.state.map(State::name)),
            Cell::of_day(entry.term.map(|term| term.start)),
            Cell::of_day(entry.term.map(|term| term.end)),
            Cell::of(account.map(|account| account.currency.code())),
            money(amount),
            money(account.is_some().then_some(entry.balance)),
            Cell::of(entry.reason.map(crate::engine::event::Reason::name)),
            Cell::Text(crate::output::detail::of(view.book, entry)),
            Cell::Rows(Rows::one(*seq)),
        ]
    };
    Table {
        name: name.to_owned(),
        title: title.to_owned(),
        about: about.to_owned(),
        columns: vec![
            day("date", "Date"),
            text("event", "Event"),
            text("instance_id", "Instance"),
            text("name", "Name"),
            text("account_id", "Account"),
            text("state", "State"),
            day("term_start", "Term from"),
            day("term_end", "to"),
            text("currency", "Currency"),
            money("amount", "Amount"),
            money("balance", "Balance").unsummed(),
            text("reason", "Reason"),
            text("detail", "Detail"),
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
pub(super) fn ledger(view: &View<'_>) -> Table {
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
            Column {
                name: name.clone().into(),
                title: name.clone().into(),
                ..text("", "")
            },
        );
        for (row, (_, entry)) in table.rows.iter_mut().zip(&view.facts.rows) {
            let value = entry
                .instance
                .and_then(|instance| view.book.cell_text(view.book.instance(instance), *column));
            row.insert(at, Cell::of(value));
        }
    }
    table
}

/// A bridge: the two sums, and the parts between them.
pub(super) fn bridge(bridge: &Bridge, (name, title, from): (&str, &str, &str)) -> Table {
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
            Cell::Rows(Rows::joined(moved.map(|step| step.to.rows)))
        };
        let lines = [
            (from, start, Cell::Empty),
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
            ("not explained", end - start - parts.sum(), Cell::Empty),
            (
                "spend of this month",
                end,
                Cell::Rows(bridge.rows.get(currency).copied().unwrap_or_default()),
            ),
        ];
        table_rows.extend(lines.map(|(step, amount, rows)| {
            vec![
                Cell::Text(step.to_owned()),
                Cell::Text(currency.to_string()),
                Cell::Money(amount, *currency),
                rows,
            ]
        }));
    }
    Table {
        name: name.to_owned(),
        title: title.to_owned(),
        about: "Each instance's difference is told apart: new, or gone and cheaper; else refunds, then the same months or hours at \
                another price, terms of another length, and what falls into another month. The parts add up exactly. Ledger rows are \
                those of this month, of the instances behind a part."
            .to_owned(),
        columns: vec![text("step", "Step"), text("currency", "Currency"), money("amount", "Amount").unsummed(), rows()],
        rows: table_rows,
        is_whole: true,
    }
}

/// The instances of a bridge, the one that moves most first.
pub(super) fn movers(bridge: &Bridge, (name, title): (&str, &str)) -> Table {
    let mut steps: Vec<_> = bridge.steps.iter().collect();
    steps.sort_by_key(|step| {
        (
            step.currency,
            std::cmp::Reverse(step.parts.sum().minor().abs()),
            &step.instance,
        )
    });
    let row = |step: &&super::bridge::Step| {
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
        let texts =
            [step.instance.as_str(), step.currency.code()].map(|text| Cell::Text(text.to_owned()));
        let amounts = amounts.map(|money| Cell::Money(money, step.currency));
        texts
            .into_iter()
            .chain(amounts)
            .chain([Cell::Rows(step.to.rows)])
            .collect()
    };
    let more = |name, title| money(name, title).sense(Sense::MoreCost);
    Table {
        name: name.to_owned(),
        title: title.to_owned(),
        about: "The instances whose spend differs, the greatest difference first; ledger rows are those of this month."
            .to_owned(),
        columns: vec![
            text("instance_id", "Instance"),
            text("currency", "Currency"),
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
