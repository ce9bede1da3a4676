//! `renewcast terms`: which term each instance should renew by, and what that saves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::RangedU64ValueParser;

use super::answer::{BAD, HEAD, section};
use super::changes::Changes;
use super::diagnostics::{counted, shown_path, visible};
use super::folder::{load, name_of};
use super::output::OutputTarget;
use super::print::say;
use super::progress::AccountProgress;
use super::{Failure, Outcome, amount};
use crate::analysis::terms::{self, AccountTerms, Choice, OverCeiling, Quality, TermsQuestion};
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::money::{Currency, Money};
use crate::output::terms as files;

const EXAMPLES: &str = "\
Examples:
  renewcast terms data/example
  renewcast terms my-book --lifetime 36 --ceiling shop=5000 --ceiling lab=800
  cp reports/my-book/terms/scenarios/terms.toml my-book/scenarios/ && renewcast run my-book --scenario terms

What a lifetime costs is counted by consumption: of the last term only the part that is used. Terms longer than the
lifetime are not considered. A ceiling holds for everything that an account pays in a calendar month of the run. Where the
cheapest terms pay more in a month than the account has by then, what it has is its ceiling unless you say otherwise.

Exit code 1: a ceiling is impossible, or no terms were found that keep below it.";

/// Find the cheapest terms: by how many months each instance should renew itself
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder of the book
    book: PathBuf,
    /// For how many months each instance is needed
    #[arg(long, value_name = "MONTHS", default_value = "12", value_parser = RangedU64ValueParser::<u32>::new().range(1..=600))]
    lifetime: u32,
    /// What an account may pay in a calendar month: [ACCOUNT=]AMOUNT
    #[arg(long, value_name = "MONEY")]
    ceiling: Vec<String>,
    /// Take no ceiling where none is given, even where a month pays more than the account has
    #[arg(long)]
    no_ceiling: bool,
    #[command(flatten)]
    changes: Changes,
    /// Write into this folder [default: reports/<book>/terms]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write into a folder that holds other files; none of them is touched
    #[arg(long)]
    force: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let out = arguments
        .out
        .clone()
        .unwrap_or_else(|| default_out(arguments));
    let target = OutputTarget::of_result((&out, arguments.force), "terms.json")?;
    let loaded = load(&arguments.book, &arguments.changes)?;
    let book = &loaded.book;
    let ceilings = arguments
        .ceiling
        .iter()
        .map(|text| amount::of_account(book, ("--ceiling", text)));
    let mut question = TermsQuestion {
        lifetime: arguments.lifetime,
        ceilings: ceilings.collect::<Result<_, _>>()?,
    };
    if !crate::analysis::plan::is_plannable(book) {
        let message = "the amounts of this book leave no room for those of longer terms";
        return Err(Failure::new(
            message,
            "look for an amount with too many digits",
        ));
    }
    let cheapest = |question: &TermsQuestion| {
        let progress = AccountProgress::for_count(book.accounts.len());
        let terms = terms::cheapest_and_count(book, question, || progress.add_one());
        terms.map_err(|refusal| loaded.refused(arguments.changes.scenario(), refusal))
    };
    let mut terms = cheapest(&question)?;
    let mut notes = Vec::new();
    if !arguments.no_ceiling {
        let own: Vec<_> = terms
            .iter()
            .filter(|one| !question.ceilings.contains_key(&one.account))
            .collect();
        let beyond: Vec<_> = own
            .into_iter()
            .filter_map(|one| terms::beyond_money(book, one))
            .collect();
        notes.extend(beyond.iter().map(|beyond| ceiling(book, beyond)));
        question
            .ceilings
            .extend(beyond.iter().map(|beyond| (beyond.account, beyond.money)));
        if !beyond.is_empty() {
            terms = cheapest(&question)?;
        }
    }
    let made = files::files(book, &terms, arguments.changes.scenario());
    let names: Vec<&str> = made.iter().map(|(name, _)| name.as_str()).collect();
    target.write_files(&made)?;
    say(render(book, (&terms, &notes), arguments.lifetime))?;
    say(format!(
        "Files in {}: {}",
        shown_path(&out),
        names.join(", ")
    ))?;
    let missed = terms
        .iter()
        .any(|one| matches!(one.quality, Quality::Impossible(..) | Quality::NotFound));
    Ok(if missed {
        Outcome::Found
    } else {
        Outcome::Done
    })
}

fn default_out(arguments: &Arguments) -> PathBuf {
    let reports = Path::new("reports").join(name_of(&arguments.book));
    arguments
        .changes
        .folder()
        .map_or(reports.clone(), |folder| reports.join(folder))
        .join("terms")
}

/// Says that a month would pay more than there is, which then is the ceiling.
fn ceiling(book: &Book, beyond: &OverCeiling) -> String {
    let account = book.account(beyond.account);
    let text = |money: Money| money.display_grouped(account.currency).to_string();
    format!(
        "{}: the cheapest terms pay {} {} in {}, but by then there is only {}, top-ups included: that is taken as the ceiling",
        visible(account.id.as_str()),
        account.currency,
        text(beyond.paid),
        &beyond.month.to_string()[..7],
        text(beyond.money)
    )
}

fn render(book: &Book, (terms, notes): (&[AccountTerms], &[String]), lifetime: u32) -> String {
    let months = counted(lifetime as usize, "month");
    let mut text = format!(
        "{HEAD}The cheapest terms of {}{HEAD:#}, for {months}\n\n",
        visible(&book.name)
    );
    section(
        &mut text,
        "Ceilings (--no-ceiling takes none)",
        notes.iter().cloned(),
    );
    section(&mut text, "Savings", savings(book, terms).into_iter());
    let accounts: Vec<&AccountTerms> = terms.iter().filter(|one| !one.choices.is_empty()).collect();
    section(
        &mut text,
        "Accounts",
        accounts.iter().map(|one| account_terms(book, one)),
    );
    let changes = terms
        .iter()
        .flat_map(|terms| terms.choices.iter().map(move |choice| (terms, choice)));
    let mut changes: Vec<_> = changes
        .filter(|(_, choice)| choice.months != choice.present)
        .collect();
    changes.sort_by_key(|(_, choice)| (choice.cost - choice.present_cost, choice.instance));
    section(
        &mut text,
        "Changes",
        changes
            .iter()
            .map(|(terms, choice)| change(book, terms, choice)),
    );
    text.trim_end().to_owned() + "\n"
}

fn savings(book: &Book, terms: &[AccountTerms]) -> Vec<String> {
    let mut sums: BTreeMap<Currency, (Money, Money)> = BTreeMap::new();
    for terms in terms {
        let sum = sums
            .entry(book.account(terms.account).currency)
            .or_default();
        sum.0 += terms.choices.iter().map(|choice| choice.present_cost).sum();
        sum.1 += terms.choices.iter().map(|choice| choice.cost).sum();
    }
    let line = |(currency, (present, cost)): (Currency, (Money, Money))| {
        let text = |money: Money| money.display_grouped(currency).to_string();
        format!(
            "{currency} {}: {} instead of {}",
            text(present - cost),
            text(cost),
            text(present)
        )
    };
    sums.into_iter().map(line).collect()
}

fn account_terms(book: &Book, terms: &AccountTerms) -> String {
    let account = book.account(terms.account);
    let text = |money: Money| money.display_grouped(account.currency).to_string();
    let month = |day: Day| day.to_string()[..7].to_owned();
    let peak = |peak: Option<(Day, Money)>| {
        peak.map_or_else(
            || "0".to_owned(),
            |(day, sum)| format!("{} in {}", text(sum), month(day)),
        )
    };
    let changed = terms
        .choices
        .iter()
        .filter(|choice| choice.months != choice.present)
        .count();
    let quality = match terms.quality {
        Quality::Cheapest => "no choice is cheaper".to_owned(),
        Quality::Within(gap) => format!("no choice is cheaper by more than {}", text(gap)),
        Quality::Impossible(day, missing) => {
            format!(
                "{BAD}no choice keeps below the ceiling: {} too much in {}{BAD:#}",
                text(missing),
                month(day)
            )
        }
        Quality::NotFound => format!("{BAD}no terms were found that keep below the ceiling{BAD:#}"),
    };
    format!(
        "{}: {changed} of {} change; a month pays at most {} {} instead of {}; {quality}",
        visible(account.id.as_str()),
        counted(terms.choices.len(), "instance"),
        account.currency,
        peak(terms.peak),
        peak(terms.present_peak)
    )
}

fn change(book: &Book, terms: &AccountTerms, choice: &Choice) -> String {
    let currency = book.account(terms.account).currency;
    let text = |money: Money| money.display_grouped(currency).to_string();
    format!(
        "{}: {} instead of {}, {currency} {} instead of {}",
        visible(book.instance(choice.instance).id.as_str()),
        counted(choice.months as usize, "month"),
        choice.present,
        text(choice.cost),
        text(choice.present_cost)
    )
}
