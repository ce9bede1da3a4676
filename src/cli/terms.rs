//! `renewcast terms`: which term each instance should renew by, and what that saves.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use clap::builder::RangedU64ValueParser;

use super::amount::account_amount;
use super::changes::Changes;
use super::folder::{Loaded, load, results_folder};
use super::ink::{BAD, HEAD};
use super::output::OutputArguments;
use super::print::say;
use super::progress::AccountProgress;
use super::words::{BookWords, Sections, amount, counted, files_in, month, visible};
use super::{Failure, Outcome};
use crate::analysis::plan::is_plannable;
use crate::analysis::terms::{self, AccountTerms, Choice, OverCeiling, Quality, TermsQuestion};
use crate::model::account::AccountIndex;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::money::{Currency, Money};
use crate::output::terms as files;

const OUT: &str = "Write into this folder [default: reports/<book>/terms]";
const EXAMPLES: &str = "\
Examples:
  renewcast terms data/example
  renewcast terms my-book --lifetime 36 --ceiling shop=5000 --ceiling lab=800
  cp reports/my-book/terms/scenarios/terms.toml my-book/scenarios/ && renewcast run my-book --scenario terms

The cost of a lifetime counts only what is used of the last term. Terms longer than the lifetime are not considered. A
ceiling limits what an account pays in any calendar month of the run. Where the cheapest terms would pay more in a month
than the account has by then, what it has is the ceiling, unless --ceiling or --no-ceiling says otherwise.

Exit code 1: a ceiling is impossible, or no terms were found that keep below it.";

/// Find the cheapest terms: by how many months each instance should renew
#[derive(Args)]
#[command(after_help = EXAMPLES, mut_arg("out", |out| out.help(OUT)))]
pub(super) struct Arguments {
    /// The folder of the book
    book: PathBuf,
    /// For how many months each instance is needed
    #[arg(long, value_name = "MONTHS", default_value = "12", value_parser = RangedU64ValueParser::<u32>::new().range(1..=600))]
    lifetime: u32,
    /// What an account may pay in a calendar month: [ACCOUNT=]AMOUNT
    #[arg(long, value_name = "MONEY")]
    ceiling: Vec<String>,
    /// Set no ceiling where none is given, even if a month pays more than the account has
    #[arg(long)]
    no_ceiling: bool,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let results = results_folder(&arguments.book, &arguments.changes);
    let target = arguments
        .output
        .target(results.join("terms"), "terms.json")?;
    let loaded = load(&arguments.book, &arguments.changes)?;
    let book = &loaded.book;
    let ceilings = arguments
        .ceiling
        .iter()
        .map(|text| account_amount(book, "--ceiling", text));
    let mut question = TermsQuestion {
        lifetime: arguments.lifetime,
        ceilings: ceilings.collect::<Result<_, _>>()?,
    };
    if !is_plannable(book) {
        return Err(Failure::new(
            "the amounts of this book are too large for longer terms",
            "look for an amount with too many digits",
        ));
    }
    let mut terms = cheapest(&loaded, &question)?;
    let mut notes = Vec::new();
    if !arguments.no_ceiling {
        for one in &terms {
            if !question.ceilings.contains_key(&one.account)
                && let Some(beyond) = terms::beyond_money(book, one)
            {
                notes.push(ceiling_note(book, &beyond));
                question.ceilings.insert(beyond.account, beyond.money);
            }
        }
        if !notes.is_empty() {
            terms = cheapest(&loaded, &question)?;
        }
    }
    let made = files::files(book, &terms, arguments.changes.scenario());
    let names: Vec<&str> = made.iter().map(|(name, _)| name.as_str()).collect();
    target.write_files(&made)?;
    say(render(book, &terms, notes, arguments.lifetime))?;
    say(files_in(&target.out, &names))?;
    let mut qualities = terms.iter().map(|one| one.quality);
    Ok(Outcome::found_if(qualities.any(|quality| {
        matches!(quality, Quality::Impossible(..) | Quality::NotFound)
    })))
}

fn cheapest(loaded: &Loaded, question: &TermsQuestion) -> Result<Vec<AccountTerms>, Failure> {
    let progress = AccountProgress::for_count(loaded.book.accounts.len());
    let terms = terms::cheapest_and_count(&loaded.book, question, || progress.add_one());
    terms.map_err(|refusal| loaded.refused(refusal))
}

/// Says that a month would pay more than there is, which then is the ceiling.
fn ceiling_note(book: &Book, beyond: &OverCeiling) -> String {
    let words = BookWords { book };
    let account = beyond.account;
    format!(
        "{}: the cheapest terms pay {} in {}, but by then there is only {}, top-ups included: taken as the ceiling",
        words.account(account),
        words.amount(account, beyond.paid),
        month(beyond.month),
        words.money(account, beyond.money)
    )
}

fn render(book: &Book, terms: &[AccountTerms], notes: Vec<String>, lifetime: u32) -> String {
    let (name, months) = (visible(&book.name), counted(lifetime as usize, "month"));
    let words = BookWords { book };
    let mut text = Sections::below(format!(
        "{HEAD}The cheapest terms of {name}{HEAD:#}, for {months}"
    ));
    text.add("Ceilings (--no-ceiling sets none)", notes.into_iter());
    text.add("Savings", savings(book, terms).into_iter());
    let accounts: Vec<&AccountTerms> = terms.iter().filter(|one| !one.choices.is_empty()).collect();
    text.add(
        "Accounts",
        accounts.iter().map(|one| account_terms(words, one)),
    );
    let changes = terms
        .iter()
        .flat_map(|terms| terms.choices.iter().map(|choice| (terms.account, choice)))
        .filter(|(_, choice)| choice.months != choice.present);
    let mut changes: Vec<(AccountIndex, &Choice)> = changes.collect();
    changes.sort_by_key(|(_, choice)| (choice.cost - choice.present_cost, choice.instance));
    let changes = changes
        .iter()
        .map(|(account, choice)| change_line(words, *account, choice));
    text.add("Changes", changes);
    text.into_text()
}

/// What the lifetimes cost of all instances of a currency.
#[derive(Default)]
struct LifetimeCost {
    present: Money,
    chosen: Money,
}

fn savings(book: &Book, terms: &[AccountTerms]) -> Vec<String> {
    let mut sums: BTreeMap<Currency, LifetimeCost> = BTreeMap::new();
    for terms in terms {
        let sum = sums
            .entry(book.account(terms.account).currency)
            .or_default();
        sum.present += terms.choices.iter().map(|choice| choice.present_cost).sum();
        sum.chosen += terms.choices.iter().map(|choice| choice.cost).sum();
    }
    let lines = sums
        .into_iter()
        .map(|(currency, LifetimeCost { present, chosen })| {
            let saved = amount(currency, present - chosen);
            let [present, chosen] = [present, chosen].map(|money| money.display_grouped(currency));
            format!("{saved}: {chosen} instead of {present}")
        });
    lines.collect()
}

fn account_terms(words: BookWords<'_>, terms: &AccountTerms) -> String {
    let account = terms.account;
    let changed = terms
        .choices
        .iter()
        .filter(|choice| choice.months != choice.present)
        .count();
    let quality = match terms.quality {
        Quality::Cheapest => "proven minimum".to_owned(),
        Quality::Within(gap) => {
            format!("at most {} above the minimum", words.money(account, gap))
        }
        Quality::Impossible(day, missing) => format!(
            "{BAD}no choice keeps below the ceiling: {} too much in {}{BAD:#}",
            words.money(account, missing),
            month(day)
        ),
        Quality::NotFound => format!("{BAD}no terms were found that keep below the ceiling{BAD:#}"),
    };
    format!(
        "{}: {changed} of {} change; a month pays at most {} {} instead of {}; {quality}",
        words.account(account),
        counted(terms.choices.len(), "instance"),
        words.currency(account),
        peak(words, account, terms.peak),
        peak(words, account, terms.present_peak)
    )
}

fn peak(words: BookWords<'_>, account: AccountIndex, peak: Option<(Day, Money)>) -> String {
    match peak {
        Some((day, sum)) => format!("{} in {}", words.money(account, sum), month(day)),
        None => "0".to_owned(),
    }
}

fn change_line(words: BookWords<'_>, account: AccountIndex, choice: &Choice) -> String {
    format!(
        "{}: {} instead of {}, {} instead of {}",
        words.instance(choice.instance),
        counted(choice.months as usize, "month"),
        choice.present,
        words.amount(account, choice.cost),
        words.money(account, choice.present_cost)
    )
}
