//! The to-do list in words: what to pay and do, until when, and what happens otherwise.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{BAD, HEAD};
use crate::analysis::demand::Demand;
use crate::analysis::plan::{self, FundingFailure, ListedTask, NeedCause};
use crate::analysis::remedy::RemedyReason;
use crate::analysis::tasks::{TaskKind, TaskLine, TaskList};
use crate::cli::diagnostics::{counted, visible};
use crate::engine::Refusal;
use crate::model::account::AccountIndex;
use crate::model::action::Verb;
use crate::model::book::Book;
use crate::model::instance::InstanceIndex;
use crate::model::money::{Currency, Money};

/// At most so many lines are shown.
const LINES: usize = 10;
/// At most so many things that nothing helps are shown.
const BEYOND: usize = 4;

/// The list, and what it cannot help.
pub(in crate::cli) fn render(book: &Book, list: &TaskList) -> String {
    let teller = TaskPrinter { book };
    let mut text = String::new();
    let mut beyond: Vec<String> = list
        .unmet
        .iter()
        .map(|(_, failure)| teller.unmet(failure))
        .collect();
    beyond.extend(list.beyond.iter().map(|(instance, day)| {
        let id = teller.id(*instance);
        format!("{BAD}{id} is lost on {day}{BAD:#}: nothing saves it any more")
    }));
    beyond.extend(
        list.unknown
            .iter()
            .map(|(_, refusal)| teller.unknown(refusal)),
    );
    if list.is_too_large {
        beyond
            .push("no list: the amounts of this book leave no room for those of a plan".to_owned());
    }
    put(&mut text, "Beyond help", (&beyond, BEYOND), None);
    let lines: Vec<String> = list
        .lines
        .iter()
        .take(LINES)
        .map(|line| teller.task_sentence(line))
        .collect();
    let more = (list.lines.len() > LINES).then(|| teller.more(&list.lines[LINES..]));
    put(&mut text, "To do", (&lines, LINES), more);
    if list.lines.iter().any(|line| line.instance().is_some()) {
        text.push_str(
            "  What should end on purpose: set its flag to none, and it is gone from this list, its money too.\n\n",
        );
    }
    text
}

/// Where the run with the list done spends another sum than if everything is kept: by how much, in each currency.
pub(in crate::cli) fn beside_all_kept(
    book: &Book,
    list: &TaskList,
    demand: &Demand,
) -> Vec<String> {
    let mut kept: BTreeMap<AccountIndex, Option<Money>> = BTreeMap::new();
    for (_, account, sums) in demand
        .rows(book)
        .filter(|(_, account, _)| list.spend.contains_key(account))
    {
        let sum = kept.entry(account).or_insert(Some(Money::ZERO));
        *sum = sum.zip(sums.all_kept).map(|(sum, more)| sum + more);
    }
    let mut differences: BTreeMap<Currency, Money> = BTreeMap::new();
    for (account, kept) in kept
        .into_iter()
        .filter_map(|(account, kept)| Some((account, kept?)))
    {
        *differences
            .entry(book.account(account).currency)
            .or_default() += list.spend[&account] - kept;
    }
    let told = differences
        .into_iter()
        .filter(|(_, difference)| *difference != Money::ZERO);
    let line = |(currency, difference): (Currency, Money)| {
        let (more, amount) = if difference.is_negative() {
            ("less", -difference)
        } else {
            ("more", difference)
        };
        format!(
            "With this list done the run spends {currency} {} {more} than if everything is kept: other days of payment \
             meet other prices, vouchers or terms.",
            amount.display_grouped(currency)
        )
    };
    told.map(line).collect()
}

fn put(text: &mut String, head: &str, (lines, most): (&[String], usize), more: Option<String>) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "{HEAD}{head}{HEAD:#}");
    lines.iter().take(most).for_each(|line| {
        let _ = writeln!(text, "  {line}");
    });
    let hidden = lines.len().saturating_sub(most);
    let more = more.or_else(|| (hidden > 0).then(|| format!("… and {hidden} more")));
    if let Some(more) = more {
        let _ = writeln!(text, "  {more}");
    }
    text.push('\n');
}

struct TaskPrinter<'b> {
    book: &'b Book,
}

impl TaskPrinter<'_> {
    fn id(&self, instance: InstanceIndex) -> String {
        visible(self.book.instance(instance).id.as_str())
    }

    fn task_sentence(&self, line: &TaskLine) -> String {
        let by = line.by;
        let account = self.book.account(line.account);
        let money = |amount: Money| {
            format!(
                "{} {}",
                account.currency,
                amount.display_grouped(account.currency)
            )
        };
        match &line.what {
            TaskKind::TopUp { amount, first } => {
                let covers = line.covers_until.filter(|day| *day < self.book.days.to);
                let covers = covers
                    .map(|day| format!("; lasts until {day}"))
                    .unwrap_or_default();
                let (amount, otherwise) = (money(*amount), self.failure(first));
                format!(
                    "by {by} top up {} by {amount}, or {otherwise}{covers}",
                    visible(account.id.as_str())
                )
            }
            TaskKind::Task(task) => {
                let cost = task
                    .cost
                    .map(|cost| format!(" ({})", money(cost)))
                    .unwrap_or_default();
                format!(
                    "by {by} {}{cost}, or {}",
                    self.doing(task),
                    self.otherwise(task)
                )
            }
        }
    }

    fn doing(&self, task: &ListedTask) -> String {
        let id = self.id(task.instance);
        match task.verb {
            Verb::Renew(months) => format!("renew {id} for {}", counted(months as usize, "month")),
            Verb::Start => format!("start {id}"),
            _ => format!("set the flag of {id} to auto"),
        }
    }

    /// What happens where a task is not done.
    fn otherwise(&self, task: &ListedTask) -> String {
        let is_dark = matches!(task.why, RemedyReason::InBin | RemedyReason::Stopped)
            || task.by >= task.latest;
        let lost = task.latest.tomorrow();
        let in_run = self.book.days.contains(lost);
        match (is_dark, in_run) {
            (true, true) => format!("it is lost on {lost}"),
            (true, false) => "it stays off".to_owned(),
            (false, true) => format!("it stops; lost on {lost}"),
            (false, false) => "it stops".to_owned(),
        }
    }

    fn failure(&self, first: &FundingFailure) -> String {
        let day = first.day;
        let of = first
            .instance
            .map(|instance| format!(" of {}", self.id(instance)))
            .unwrap_or_default();
        match first.cause {
            NeedCause::Renewal => format!("the renewal{of} fails on {day}"),
            NeedCause::Purchase => format!("the purchase{of} fails on {day}"),
            NeedCause::Change => format!("the change{of} fails on {day}"),
            NeedCause::Usage => format!("hours end in arrears on {day}"),
            NeedCause::Restart => format!(
                "{} does not start again on {day}",
                of.trim_start_matches(" of ")
            ),
            NeedCause::Floor => format!("it falls below its alert line on {day}"),
        }
    }

    fn unmet(&self, failure: &FundingFailure) -> String {
        let first = self.book.days.from;
        let when = if failure.by < first {
            "before the run"
        } else {
            "before any money can come"
        };
        format!(
            "{BAD}{}{BAD:#}: the money must be there {when}",
            self.failure(failure)
        )
    }

    fn unknown(&self, refusal: &Refusal) -> String {
        match refusal {
            Refusal::PriceMissing { instance, date, .. } => {
                let id = self.id(*instance);
                let account = visible(
                    self.book
                        .account(self.book.instance(*instance).account)
                        .id
                        .as_str(),
                );
                format!(
                    "no list for {account}: if all is kept, an action of {date} needs a price that {id} does not have"
                )
            }
        }
    }

    /// The lines that are not shown, and what their instances are worth a month.
    fn more(&self, lines: &[TaskLine]) -> String {
        let mut worth: BTreeMap<Currency, Money> = BTreeMap::new();
        let mut instances: Vec<InstanceIndex> =
            lines.iter().filter_map(TaskLine::instance).collect();
        instances.sort_unstable();
        instances.dedup();
        for instance in instances {
            let listed = self.book.instance(instance);
            *worth
                .entry(self.book.account(listed.account).currency)
                .or_default() += plan::month(self.book, listed);
        }
        let worth: Vec<String> = worth
            .into_iter()
            .map(|(currency, money)| {
                format!("{currency} {} a month", money.display_grouped(currency))
            })
            .collect();
        let worth = if worth.is_empty() {
            String::new()
        } else {
            format!(" ({})", worth.join(", "))
        };
        format!("… and {} more in todo.csv{worth}", lines.len())
    }
}
