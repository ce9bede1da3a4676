//! The answer of a run in words: spend, balances, failures, losses, and what to do. Every figure comes from the analysis.

pub(super) mod tasks;

use super::ink::BAD;
use super::lost::{counts, heading, lost_sentence};
use super::words::{BookWords, Sections, amount, book_head, counted};
use crate::analysis::demand::{Demand, MissingSum};
use crate::analysis::lost::{LossClass, Lost, count};
use crate::analysis::summary::{
    AccountSummary, InstanceLoss, LossEnd, RenewalFailure, Summary, Totals,
};
use crate::analysis::tasks::TaskList;
use crate::engine::Refusal;
use crate::model::book::Book;
use crate::model::money::{Currency, Money};

/// The whole answer.
pub(super) fn render(
    book: &Book,
    summary: &Summary,
    list: &TaskList,
    demand: &Demand,
    losses: &[Lost],
) -> String {
    let words = BookWords { book };
    let mut text = Sections::below(book_head(book));
    text.add("Spend", spend_lines(book, summary, demand).into_iter());
    let mut accounts: Vec<&AccountSummary> = summary.accounts.iter().collect();
    accounts.sort_by_key(|account| (!account.is_short, account.account));
    let lowest = accounts.iter().map(|account| account_line(words, account));
    text.add("Lowest available balance", lowest);
    text.add(
        "Failed renewals",
        summary.failures.iter().map(|one| failure_line(words, one)),
    );
    for class in LossClass::ALL.iter().copied() {
        let head = format!("{}: {}", heading(class), counts(&count(losses, class)));
        let lost: Vec<&Lost> = losses.iter().filter(|lost| lost.class == class).collect();
        text.add(
            &head,
            lost.into_iter().map(|lost| lost_sentence(words, lost)),
        );
    }
    let recovered = summary
        .losses
        .iter()
        .filter_map(|loss| recovery_line(words, loss));
    let recovered: Vec<String> = recovered.collect();
    text.add("Reclaimed or stopped, and recovered", recovered.into_iter());
    let rejected = (summary.rejected > 0).then(|| {
        format!(
            "{}; `rejected` in ledger.csv says why",
            counted(summary.rejected, "action")
        )
    });
    text.add_all("Rejected", rejected.into_iter());
    tasks::add(&mut text, book, list);
    for line in tasks::beside_all_kept(book, list, demand) {
        text.0 += &format!("  {line}\n\n");
    }
    if summary.failures.is_empty() && summary.losses.is_empty() {
        text.0 += "Nothing fails and nothing is lost.\n";
    }
    text.into_text()
}

/// What a run has written.
pub(super) fn written_files(charts: usize, rows: u64) -> String {
    let rows = counted(usize::try_from(rows).unwrap_or(usize::MAX), "row");
    let charts = if charts > 0 {
        format!(", {}", counted(charts, "chart"))
    } else {
        String::new()
    };
    format!(
        "ledger.csv ({rows}), balances.csv, monthly.csv, spend.csv, demand.csv, lost.csv, todo.csv, todo-actions.csv, run.json, closing/{charts}"
    )
}

/// Why the sums with ample cash are not known.
fn unknown_sum(book: &Book, why: MissingSum) -> String {
    match why {
        MissingSum::Price(Refusal::PriceMissing {
            action,
            instance,
            date,
            kind,
        }) => format!(
            "with ample cash `{}` on {date} needs the `{}` of {}, which the book does not have",
            book.action(action).verb.name(),
            kind.column(),
            BookWords { book }.instance(instance),
        ),
        MissingSum::TooLarge => {
            "the amounts of the book are too large for sums with ample cash".to_owned()
        }
    }
}

/// The three sums of each currency, and why two of them may not be known.
fn spend_lines(book: &Book, summary: &Summary, demand: &Demand) -> Vec<String> {
    let sums = demand.totals(book);
    let mut lines = Vec::new();
    for (currency, totals) in &summary.totals {
        lines.push(spend_line(*currency, totals));
        let sums = sums.get(currency).copied().unwrap_or_default();
        if sums.agree() {
            lines.push("the same if all that is due is paid, and if everything is kept".to_owned());
            continue;
        }
        for (sum, condition) in [
            (sums.all_due_paid, "if all that is due is paid"),
            (
                sums.all_kept,
                "if everything is kept that nobody decided to end",
            ),
        ] {
            lines.push(match sum {
                Some(sum) => format!("{} {condition}", amount(*currency, sum)),
                None => format!("{currency} not known {condition}"),
            });
        }
    }
    lines.extend(demand.untold.first().map(|why| unknown_sum(book, *why)));
    lines
}

fn spend_line(currency: Currency, totals: &Totals) -> String {
    let [spend, renewals, usage, refunds, income] = [
        totals.spend(),
        totals.renewals,
        totals.usage,
        totals.refunds,
        totals.income,
    ]
    .map(|money| money.display_grouped(currency).to_string());
    let refunds = match totals.refunds {
        Money::ZERO => String::new(),
        _ => format!(", refunds -{refunds}"),
    };
    format!("{currency} {spend}: renewals {renewals}, usage {usage}{refunds}; topped up: {income}")
}

fn account_line(words: BookWords<'_>, summary: &AccountSummary) -> String {
    let AccountSummary {
        account,
        lowest,
        closing,
        is_short,
        ..
    } = *summary;
    let short = if is_short {
        format!("  {BAD}short{BAD:#}")
    } else {
        String::new()
    };
    format!(
        "{}: {} on {}, {} at the end{short}",
        words.account(account),
        words.amount(account, lowest.available),
        lowest.date,
        words.money(account, closing.available)
    )
}

fn failure_line(words: BookWords<'_>, failure: &RenewalFailure) -> String {
    let RenewalFailure {
        instance,
        first,
        last,
        ..
    } = *failure;
    let days = if first == last {
        format!("on {first}")
    } else {
        format!("from {first} to {last}")
    };
    let account = words.book.instance(instance).account;
    let [needed, available] =
        [failure.needed, failure.available].map(|money| words.money(account, money));
    format!(
        "{} {days}: {needed} needed, {available} available",
        words.instance(instance)
    )
}

fn recovery_line(words: BookWords<'_>, loss: &InstanceLoss) -> Option<String> {
    let LossEnd::Recovered(day) = loss.end else {
        return None;
    };
    let since = loss
        .reclaimed
        .map_or("before the run".to_owned(), |day| format!("on {day}"));
    Some(format!(
        "{} {since}, recovered on {day}",
        words.instance(loss.instance)
    ))
}
