//! The answer of a run in words: spend, balances, failures, losses, and what to do.

pub(super) mod tasks;

use std::fmt::Write as _;
use std::path::Path;

use super::diagnostics::{counted, shown_path, visible};
use super::ink::one_line;
pub(super) use super::ink::{BAD, HEAD};
use super::lost;
use crate::analysis::demand::{Demand, MissingSum};
use crate::analysis::lost::{LossClass, Lost};
use crate::analysis::summary::{
    AccountSummary, InstanceLoss, LossEnd, RenewalFailure, Summary, Totals,
};
use crate::analysis::tasks::TaskList;
use crate::engine::Refusal;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::InstanceIndex;
use crate::model::money::{Currency, Money};

/// At most so many lines of a kind.
const LINES: usize = 8;

/// The whole answer.
pub(super) fn render(
    book: &Book,
    (summary, list): (&Summary, &TaskList),
    (demand, losses): (&Demand, &[Lost]),
) -> String {
    let mut text = format!(
        "{HEAD}{}{HEAD:#}, {} to {}\n\n",
        visible(&book.name),
        book.days.from,
        book.days.to
    );
    let teller = SummaryPrinter { book };
    let spend = teller.spend(summary, demand);
    section(&mut text, "Spend", spend.into_iter());
    let mut accounts: Vec<&AccountSummary> = summary.accounts.iter().collect();
    accounts.sort_by_key(|account| (!account.is_short, account.account));
    section(
        &mut text,
        "Lowest available",
        accounts.iter().map(|account| teller.account_line(account)),
    );
    section(
        &mut text,
        "Failed renewals",
        summary
            .failures
            .iter()
            .map(|failure| teller.failure(failure)),
    );
    for class in LossClass::ALL.iter().copied() {
        let (head, of_class) = lost::of_class(losses, class);
        section(
            &mut text,
            &head,
            of_class
                .into_iter()
                .map(|one| lost::lost_sentence(book, one)),
        );
    }
    let back = |loss: &InstanceLoss| {
        if let LossEnd::Recovered(day) = loss.end {
            Some(teller.back(loss, day))
        } else {
            None
        }
    };
    let back: Vec<String> = summary.losses.iter().filter_map(back).collect();
    section(
        &mut text,
        "Reclaimed or stopped, and back",
        back.into_iter(),
    );
    if summary.rejected > 0 {
        let line = format!(
            "{}; `rejected` in ledger.csv says why",
            counted(summary.rejected, "action")
        );
        section(&mut text, "Rejected", std::iter::once(line));
    }
    text.push_str(&tasks::render(book, list));
    for line in tasks::beside_all_kept(book, list, demand) {
        let _ = writeln!(text, "  {line}\n");
    }
    if summary.failures.is_empty() && summary.losses.is_empty() {
        text.push_str("Nothing fails and nothing is lost.\n");
    }
    text.trim_end().to_owned() + "\n"
}

/// Where the files are.
pub(super) fn files(out: &Path, charts: usize, rows: u64) -> String {
    let charts = if charts > 0 {
        format!(", {}", counted(charts, "chart"))
    } else {
        String::new()
    };
    let rows = counted(usize::try_from(rows).unwrap_or(usize::MAX), "row");
    format!(
        "Files in {}: ledger.csv ({}), balances.csv, monthly.csv, spend.csv, demand.csv, lost.csv, todo.csv, todo-actions.csv, run.json, closing/{charts}",
        shown_path(out),
        rows
    )
}

/// Adds lines below a head; only those that are shown are put into words.
pub(super) fn section(text: &mut String, head: &str, lines: impl ExactSizeIterator<Item = String>) {
    if lines.len() == 0 {
        return;
    }
    let _ = writeln!(text, "{HEAD}{head}{HEAD:#}");
    let more = lines.len().saturating_sub(LINES);
    for line in lines.take(LINES) {
        let _ = writeln!(text, "  {}", one_line(&line));
    }
    if more > 0 {
        let _ = writeln!(text, "  … and {more} more");
    }
    text.push('\n');
}

/// Why the sums with ample cash are not known.
pub(super) fn untold(book: &Book, why: MissingSum) -> String {
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
            visible(book.instance(instance).id.as_str()),
        ),
        MissingSum::TooLarge => {
            "the amounts of the book are too large for sums with ample cash".to_owned()
        }
    }
}

struct SummaryPrinter<'b> {
    book: &'b Book,
}

impl SummaryPrinter<'_> {
    fn id(&self, instance: InstanceIndex) -> String {
        visible(self.book.instance(instance).id.as_str())
    }

    /// An amount of the currency in which the instance is charged.
    fn money(&self, instance: InstanceIndex, money: Money) -> String {
        let account = self.book.account(self.book.instance(instance).account);
        money.display_grouped(account.currency).to_string()
    }

    /// The three sums of each currency, and why two of them may not be known.
    fn spend(&self, summary: &Summary, demand: &Demand) -> Vec<String> {
        let sums = demand.totals(self.book);
        let lines = summary.totals.iter().flat_map(|(currency, totals)| {
            let of = sums.get(currency).copied().unwrap_or_default();
            let own = self.total(*currency, totals);
            if of.agree() {
                return vec![
                    own,
                    "the same if all that is due is paid, and if everything is kept".to_owned(),
                ];
            }
            let line = |sum: Option<Money>, what: &str| match sum {
                Some(sum) => format!("{currency} {} {what}", sum.display_grouped(*currency)),
                None => format!("{currency} not known {what}"),
            };
            let paid = line(of.all_due_paid, "if all that is due is paid");
            vec![
                own,
                paid,
                line(
                    of.all_kept,
                    "if everything is kept that nobody decided to end",
                ),
            ]
        });
        lines
            .chain(demand.untold.first().map(|why| untold(self.book, *why)))
            .collect()
    }

    fn total(&self, currency: Currency, totals: &Totals) -> String {
        let text = |money: Money| money.display_grouped(currency).to_string();
        let refunds = match totals.refunds {
            Money::ZERO => String::new(),
            refunds => format!(", refunds -{}", text(refunds)),
        };
        format!(
            "{currency} {}: renewals {}, usage {}{refunds}; {} came in",
            text(totals.spend()),
            text(totals.renewals),
            text(totals.usage),
            text(totals.income)
        )
    }

    fn account_line(&self, summary: &AccountSummary) -> String {
        let account = self.book.account(summary.account);
        let text = |money: Money| money.display_grouped(account.currency).to_string();
        let short = if summary.is_short {
            format!("  {BAD}short{BAD:#}")
        } else {
            String::new()
        };
        let (lowest, closing) = (summary.lowest, summary.closing);
        format!(
            "{}: {} {} on {}, {} at the end{short}",
            visible(account.id.as_str()),
            account.currency,
            text(lowest.available),
            lowest.date,
            text(closing.available)
        )
    }

    fn failure(&self, failure: &RenewalFailure) -> String {
        let days = if failure.first == failure.last {
            format!("on {}", failure.first)
        } else {
            format!("from {} to {}", failure.first, failure.last)
        };
        let text = |money| self.money(failure.instance, money);
        format!(
            "{} {days}: {} needed, {} available",
            self.id(failure.instance),
            text(failure.needed),
            text(failure.available)
        )
    }

    fn back(&self, loss: &InstanceLoss, day: Day) -> String {
        let since = loss
            .reclaimed
            .map_or_else(|| "before the run".to_owned(), |day| format!("on {day}"));
        format!("{} {since}, back on {day}", self.id(loss.instance))
    }
}
