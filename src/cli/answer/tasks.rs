//! The to-do list in words: what to pay and do, until when, and what happens otherwise. The list itself comes from the
//! analysis.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::demand::Demand;
use crate::analysis::plan::{self, FundingFailure, ListedTask, NeedCause};
use crate::analysis::remedy::RemedyReason;
use crate::analysis::tasks::{TaskKind, TaskLine, TaskList};
use crate::cli::ink::BAD;
use crate::cli::words::{BookWords, Sections, amount, counted};
use crate::engine::Refusal;
use crate::model::account::AccountIndex;
use crate::model::action::Verb;
use crate::model::book::Book;
use crate::model::instance::InstanceIndex;
use crate::model::money::{Currency, Money};

/// The most lines of the list.
const MAX_TASKS: usize = 10;
/// The most losses and failures that nothing helps.
const MAX_BEYOND_HELP: usize = 4;

/// Adds the list, and what it cannot help.
pub(in crate::cli) fn add(text: &mut Sections, book: &Book, list: &TaskList) {
    let words = TaskWords {
        words: BookWords { book },
    };
    let beyond = words.beyond_help(list);
    let hidden = beyond.len().saturating_sub(MAX_BEYOND_HELP);
    let more = (hidden > 0).then(|| format!("… and {hidden} more"));
    text.add_all(
        "Beyond help",
        beyond.into_iter().take(MAX_BEYOND_HELP).chain(more),
    );
    let shown = list
        .lines
        .iter()
        .take(MAX_TASKS)
        .map(|line| words.task_sentence(line));
    let hidden = list
        .lines
        .get(MAX_TASKS..)
        .filter(|hidden| !hidden.is_empty());
    text.add_all(
        "To do",
        shown.chain(hidden.map(|hidden| words.more(hidden))),
    );
    if list.lines.iter().any(|line| line.instance().is_some()) {
        text.0 += "  To end an instance on purpose, set its flag to none: it leaves this list, and so does its money.\n\n";
    }
}

/// Where the run with the list done spends another sum than if everything is kept: by how much, in each currency.
pub(in crate::cli) fn beside_all_kept(
    book: &Book,
    list: &TaskList,
    demand: &Demand,
) -> Vec<String> {
    // None of an account whose sum is not known.
    let mut kept: BTreeMap<AccountIndex, Option<Money>> = BTreeMap::new();
    for (_, account, sums) in demand.rows(book) {
        if list.spend.contains_key(&account) {
            let sum = kept.entry(account).or_insert(Some(Money::ZERO));
            *sum = sum.zip(sums.all_kept).map(|(sum, more)| sum + more);
        }
    }
    let mut differences: BTreeMap<Currency, Money> = BTreeMap::new();
    for (account, kept) in kept {
        if let Some(kept) = kept {
            let currency = book.account(account).currency;
            *differences.entry(currency).or_default() += list.spend[&account] - kept;
        }
    }
    differences.retain(|_, difference| *difference != Money::ZERO);
    let lines = differences.into_iter().map(|(currency, difference)| {
        let (more, difference) =
            if difference.is_negative() { ("less", -difference) } else { ("more", difference) };
        {
            let difference = amount(currency, difference);
            let why = "other days of payment meet other prices, vouchers or terms";
            format!("With this list done the run spends {difference} {more} than if everything is kept: {why}.")
        }
    });
    lines.collect()
}

#[derive(Clone, Copy)]
struct TaskWords<'b> {
    words: BookWords<'b>,
}

impl TaskWords<'_> {
    /// What no line of the list helps.
    fn beyond_help(self, list: &TaskList) -> Vec<String> {
        let mut lines: Vec<String> = list
            .unmet
            .iter()
            .map(|(_, failure)| self.unmet(failure))
            .collect();
        lines.extend(list.beyond.iter().map(|(instance, day)| {
            let id = self.words.instance(*instance);
            format!("{BAD}{id} is lost on {day}{BAD:#}: nothing can save it")
        }));
        lines.extend(
            list.unknown
                .iter()
                .map(|(_, refusal)| self.unknown(refusal)),
        );
        if list.is_too_large {
            lines.push("no list: the amounts of this book are too large for a plan".to_owned());
        }
        lines
    }

    fn task_sentence(self, line: &TaskLine) -> String {
        let (by, account) = (line.by, line.account);
        match &line.what {
            TaskKind::TopUp { amount, first } => {
                let last = line
                    .covers_until
                    .filter(|day| *day < self.words.book.days.to);
                let lasts = last
                    .map(|day| format!("; lasts until {day}"))
                    .unwrap_or_default();
                format!(
                    "by {by} top up {} by {}, or {}{lasts}",
                    self.words.account(account),
                    self.words.amount(account, *amount),
                    self.failure(first)
                )
            }
            TaskKind::Task(task) => {
                let cost = task.cost.map(|cost| self.words.amount(account, cost));
                let cost = cost.map(|cost| format!(" ({cost})")).unwrap_or_default();
                format!(
                    "by {by} {}{cost}, or {}",
                    self.doing(task),
                    self.otherwise(task)
                )
            }
        }
    }

    fn doing(self, task: &ListedTask) -> String {
        let id = self.words.instance(task.instance);
        match task.verb {
            Verb::Renew(months) => format!("renew {id} for {}", counted(months as usize, "month")),
            Verb::Start => format!("start {id}"),
            _ => format!("set the flag of {id} to auto"),
        }
    }

    /// What happens where a task is not done.
    fn otherwise(self, task: &ListedTask) -> String {
        let is_off = matches!(task.why, RemedyReason::InBin | RemedyReason::Stopped)
            || task.by >= task.latest;
        let lost = task.latest.tomorrow();
        match (is_off, self.words.book.days.contains(lost)) {
            (true, true) => format!("it is lost on {lost}"),
            (true, false) => "it stays off".to_owned(),
            (false, true) => format!("it stops; lost on {lost}"),
            (false, false) => "it stops".to_owned(),
        }
    }

    fn failure(self, first: &FundingFailure) -> String {
        let (day, of) = (first.day, self.words.of_instance(first.instance));
        match first.cause {
            NeedCause::Renewal => format!("the renewal{of} fails on {day}"),
            NeedCause::Purchase => format!("the purchase{of} fails on {day}"),
            NeedCause::Change => format!("the change{of} fails on {day}"),
            NeedCause::Usage => format!("hourly usage ends in arrears on {day}"),
            NeedCause::Restart => format!("the restart{of} fails on {day}"),
            NeedCause::Floor => format!("it falls below its alert line on {day}"),
        }
    }

    fn unmet(self, failure: &FundingFailure) -> String {
        let is_past = failure.by < self.words.book.days.from;
        let when = if is_past {
            "before the run"
        } else {
            "before any money can arrive"
        };
        format!(
            "{BAD}{}{BAD:#}: the money is needed {when}",
            self.failure(failure)
        )
    }

    fn unknown(self, refusal: &Refusal) -> String {
        let Refusal::PriceMissing { instance, date, .. } = refusal;
        let account = self.words.book.instance(*instance).account;
        format!(
            "no list for {}: if all is kept, an action of {date} needs a price that {} does not have",
            self.words.account(account),
            self.words.instance(*instance)
        )
    }

    /// The lines that are not shown, and what their instances are worth a month.
    fn more(self, lines: &[TaskLine]) -> String {
        let book = self.words.book;
        let instances: BTreeSet<InstanceIndex> =
            lines.iter().filter_map(TaskLine::instance).collect();
        let mut worth: BTreeMap<Currency, Money> = BTreeMap::new();
        for instance in instances
            .into_iter()
            .map(|instance| book.instance(instance))
        {
            let currency = book.account(instance.account).currency;
            *worth.entry(currency).or_default() += plan::month(book, instance);
        }
        let worth: Vec<String> = worth
            .into_iter()
            .map(|(currency, money)| format!("{} a month", amount(currency, money)))
            .collect();
        let worth = if worth.is_empty() {
            String::new()
        } else {
            format!(" ({})", worth.join(", "))
        };
        format!("… and {} more in todo.csv{worth}", lines.len())
    }
}
