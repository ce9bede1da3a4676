//! The answer of a run in words: spend, balances, failures, losses, and what to do.

use std::fmt::Write as _;
use std::path::Path;

use super::diagnostics::{counted, shown_path, visible};
use super::ink::one_line;
pub(super) use super::ink::{BAD, HEAD};
use crate::book::Book;
use crate::calendar::Day;
use crate::instance::InstanceIndex;
use crate::money::{Currency, Money};
use crate::summary::{AccountSummary, Advice, Failure, GivenUp, Loss, LossEnd, Remedy, Summary, Surrender, Totals};

/// At most so many lines of a kind.
const LINES: usize = 8;

/// The whole answer.
pub(super) fn render(book: &Book, summary: &Summary) -> String {
    let mut text = format!("{HEAD}{}{HEAD:#}, {} to {}\n\n", visible(&book.name), book.days.from, book.days.to);
    let teller = Teller { book };
    section(&mut text, "Spend", summary.totals.iter().map(|(currency, totals)| teller.total(*currency, totals)));
    let mut accounts: Vec<&AccountSummary> = summary.accounts.iter().collect();
    accounts.sort_by_key(|account| (!account.is_short, account.account));
    section(&mut text, "Lowest available", accounts.iter().map(|account| teller.account(account)));
    section(&mut text, "Failed renewals", summary.failures.iter().map(|failure| teller.failure(failure)));
    let kept: Vec<&Loss> = summary.losses.iter().filter(|loss| day_of_termination(loss).is_none()).collect();
    let terminated = summary.losses.iter().filter_map(|loss| Some(Gone::Lost(day_of_termination(loss)?, loss)));
    let mut gone: Vec<Gone<'_>> = terminated.chain(summary.given_up.iter().map(Gone::GivenUp)).collect();
    gone.sort_by_key(Gone::day);
    section(&mut text, "Reclaimed or stopped", kept.iter().map(|loss| teller.kept(loss)));
    section(&mut text, "Terminated", gone.iter().map(|gone| teller.gone(gone)));
    if summary.rejected > 0 {
        let line = format!("{}; `rejected` in ledger.csv says why", counted(summary.rejected, "action"));
        section(&mut text, "Rejected", std::iter::once(line));
    }
    section(&mut text, "To do", summary.advice.iter().map(|advice| teller.advice(advice)));
    if summary.failures.is_empty() && summary.losses.is_empty() {
        text.push_str("Nothing fails and nothing is lost.\n");
    }
    text.trim_end().to_owned() + "\n"
}

/// Where the files are.
pub(super) fn files(out: &Path, charts: usize, rows: u64) -> String {
    let charts = if charts > 0 { format!(", {}", counted(charts, "chart")) } else { String::new() };
    let rows = counted(usize::try_from(rows).unwrap_or(usize::MAX), "row");
    format!(
        "Files in {}: ledger.csv ({}), balances.csv, monthly.csv, spend.csv, run.json, closing/{charts}",
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

/// The day on which a loss became final; none where it is or was in the bin only.
fn day_of_termination(loss: &Loss) -> Option<Day> {
    match loss.end {
        LossEnd::Terminated(day) | LossEnd::Destroyed(day) => Some(day),
        LossEnd::Recovered(_) | LossEnd::Kept => None,
    }
}

/// An instance that is gone.
enum Gone<'s> {
    /// It was in the bin, or stopped, because nobody paid.
    Lost(Day, &'s Loss),
    /// People gave it up.
    GivenUp(&'s GivenUp),
}

impl Gone<'_> {
    fn day(&self) -> Day {
        match self {
            Self::Lost(day, _) => *day,
            Self::GivenUp(one) => one.gone,
        }
    }
}

struct Teller<'b> {
    book: &'b Book,
}

impl Teller<'_> {
    fn id(&self, instance: InstanceIndex) -> String {
        visible(self.book.instance(instance).id.as_str())
    }

    /// An amount of the currency in which the instance is charged.
    fn money(&self, instance: InstanceIndex, money: Money) -> String {
        let account = self.book.account(self.book.instance(instance).account);
        money.display_grouped(account.currency).to_string()
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

    fn account(&self, summary: &AccountSummary) -> String {
        let account = self.book.account(summary.account);
        let text = |money: Money| money.display_grouped(account.currency).to_string();
        let short = if summary.is_short { format!("  {BAD}short{BAD:#}") } else { String::new() };
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

    fn failure(&self, failure: &Failure) -> String {
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

    fn kept(&self, loss: &Loss) -> String {
        let since = loss.reclaimed.map_or_else(|| "before the run".to_owned(), |day| format!("on {day}"));
        let id = self.id(loss.instance);
        match loss.end {
            LossEnd::Recovered(day) => format!("{id} {since}, back on {day}"),
            _ => format!("{id} {since}, {BAD}not back when the run ends{BAD:#}"),
        }
    }

    fn gone(&self, gone: &Gone<'_>) -> String {
        let day = gone.day();
        match gone {
            Gone::GivenUp(one) => {
                let id = self.id(one.instance);
                match one.how {
                    Surrender::Destroyed => format!("{id} on {day}, as asked"),
                    Surrender::Returned(returned) => format!("{id} on {day}, as asked: returned on {returned}"),
                    Surrender::ReturnedBefore => format!("{id} on {day}, as asked: returned before the run"),
                }
            }
            Gone::Lost(_, loss) => {
                let id = self.id(loss.instance);
                match (loss.end, loss.last_day) {
                    (LossEnd::Destroyed(_), _) => format!("{id} on {day}, as asked"),
                    (_, Some(last)) => format!("{BAD}{id} on {day}{BAD:#}, last day to save it {last}"),
                    (_, None) => format!("{BAD}{id} on {day}{BAD:#}"),
                }
            }
        }
    }

    fn advice(&self, advice: &Advice) -> String {
        let by = advice.by;
        match advice.what {
            Remedy::TopUp { account, amount, renewals } => {
                let account = self.book.account(account);
                let amount = amount.display_grouped(account.currency);
                let fail = if renewals == 1 { "1 renewal fails" } else { &format!("{renewals} renewals fail") };
                format!(
                    "by {by} top up {} by {} {amount}: {fail} that day",
                    visible(account.id.as_str()),
                    account.currency
                )
            }
            Remedy::Arrears { account, amount } => {
                let account = self.book.account(account);
                let amount = amount.display_grouped(account.currency);
                format!(
                    "by {by} top up {} by {} {amount} and more: its arrears stop instances",
                    visible(account.id.as_str()),
                    account.currency
                )
            }
            Remedy::Renew { instance } => format!("by {by} renew {}, or set its flag to auto", self.id(instance)),
        }
    }
}
