//! `renewcast plan`: how little money is needed, and when, so that nothing fails.

mod answer;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};

use super::amount::{account_amount, plain_amount};
use super::changes::Changes;
use super::folder::{load, results_folder};
use super::output::OutputArguments;
use super::print::{say, warn};
use super::progress::AccountProgress;
use super::words::files_in;
use super::{Failure, Outcome, results};
use crate::analysis::plan::{
    self, Cadence, InstanceValue, KeepRule, PaymentChannel, Plan, PlanQuestion, Tolerance,
};
use crate::input;
use crate::input::diagnostic::Diagnostics;
use crate::model::action::Channel;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::InstanceIndex;
use crate::model::money::{Currency, Money};
use crate::model::selector::Selector;
use crate::output::plan as files;

const OUT: &str = "Write into this folder [default: reports/<book>/cash-plan]";
const EXAMPLES: &str = "\
Examples:
  renewcast plan data/example
  renewcast plan my-book --keep \"\\\"tag:env\\\" = 'prod'\"     keep only these; flags of the rest are set to none
  renewcast plan my-book --cadence weekly --channel bank
  renewcast plan my-book --cadence 2027-01-05,2027-04-05 --reserve 500
  renewcast plan my-book --budget shop=500 --worth priority   what to keep with this much money
  renewcast plan my-book --tolerate reclaimed          as late as possible without losing anything for good

Put it into effect: paste the rows of actions.csv into that of the book, or copy scenarios/plan.toml into the scenarios
of the book and run it with --scenario plan.

Exit code 1: something that must be paid or kept is impossible; the answer and impossible.csv say why.";

/// Plan the smallest top-ups, as late as possible, with which every renewal succeeds
#[derive(Args)]
#[command(after_help = EXAMPLES, mut_arg("out", |out| out.help(OUT)))]
pub(super) struct Arguments {
    /// The folder of the book
    book: PathBuf,
    /// Keep only instances that match this condition [default: flag auto or manual, unless an action ends them]
    #[arg(long, value_name = "CONDITION")]
    keep: Option<String>,
    /// Pay only what is due by the flags and actions of the book
    #[arg(long, conflicts_with = "keep")]
    due_only: bool,
    /// When money can be sent: monthly (the first day, then each 1st), weekly (the first day, then Mondays), daily, or dates separated by commas
    #[arg(long, value_name = "WHEN", default_value = "monthly")]
    cadence: CadenceArgument,
    /// Payment channel; delay in working days comes from the profile [default: arrives immediately]
    #[arg(long, value_enum)]
    channel: Option<ArrivalRule>,
    /// Keep at least this much in each account
    #[arg(long, value_name = "AMOUNT")]
    reserve: Option<String>,
    /// Worst state to allow: `overdue` or `reclaimed`
    #[arg(long, value_enum, value_name = "STATE")]
    tolerate: Option<LateArgument>,
    /// What an account gets, once: [ACCOUNT=]AMOUNT. If it is not enough, the plan says which instances to keep
    #[arg(long, value_name = "MONEY", conflicts_with = "tolerate")]
    budget: Vec<String>,
    /// How instances are valued when the budget cannot keep all: price, count, priority, or a tag such as tag:weight
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "price",
        requires = "budget"
    )]
    worth: String,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    output: OutputArguments,
    /// Draw no charts
    #[arg(long)]
    no_charts: bool,
}

#[derive(Clone)]
struct CadenceArgument(Cadence);

impl FromStr for CadenceArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self(match text {
            "monthly" => Cadence::Monthly,
            "weekly" => Cadence::Weekly,
            "daily" => Cadence::Daily,
            dates => {
                let dates = dates.split(',').map(|date| Day::parse(date.trim()));
                let dates = dates.collect::<Result<_, _>>();
                Cadence::On(dates.map_err(|error| {
                    format!("{error}; write monthly, weekly, daily, or dates such as 2027-01-05,2027-02-05")
                })?)
            }
        }))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ArrivalRule {
    Online,
    Bank,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LateArgument {
    Overdue,
    Reclaimed,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let results = results_folder(&arguments.book, &arguments.changes);
    let target = arguments
        .output
        .target(results.join("cash-plan"), "plan.json")?;
    let loaded = load(&arguments.book, &arguments.changes)?;
    let book = &loaded.book;
    let question = question(book, arguments)?;
    let channel = PaymentChannel::channel_of_book(book, question.channel);
    refuse_impossible_question(book, channel, &question)?;
    let progress = AccountProgress::for_count(book.accounts.len());
    let plan = plan::plan_and_count(book, &question, || progress.add_one());
    drop(progress);
    let plan = plan.map_err(|refusal| loaded.refused(refusal))?;
    let mut made = files::files(book, &plan, channel, arguments.changes.scenario());
    if !made.iter().any(|(name, _)| name.starts_with("scenarios/")) {
        warn(
            "the scenario would be larger than a book may have; paste the rows of actions.csv instead",
        );
    }
    let mut names: Vec<String> = made.iter().map(|(name, _)| name.clone()).collect();
    if !arguments.no_charts {
        let charts = draw_charts(book, &plan, &question)?;
        names.extend((!charts.is_empty()).then(|| "charts/".to_owned()));
        made.extend(charts);
    }
    target.write_files(&made)?;
    say(answer::render(book, &plan, &question.keep, channel))?;
    say(files_in(&target.out, &names))?;
    Ok(Outcome::found_if(plan.is_impossible()))
}

fn question(book: &Book, arguments: &Arguments) -> Result<PlanQuestion, Failure> {
    let budgets = arguments
        .budget
        .iter()
        .map(|text| account_amount(book, "--budget", text));
    let budgets = budgets.collect::<Result<BTreeMap<_, _>, Failure>>()?;
    let reserve = match &arguments.reserve {
        Some(text) => reserve(book, text)?,
        None => BTreeMap::new(),
    };
    Ok(PlanQuestion {
        cadence: arguments.cadence.0.clone(),
        channel: arguments.channel.map(|by| match by {
            ArrivalRule::Online => Channel::Online,
            ArrivalRule::Bank => Channel::Bank,
        }),
        keep: match arguments.keep.as_deref() {
            Some(text) => KeepRule::Matching(condition(book, text)?),
            None if arguments.due_only => KeepRule::Due,
            None => KeepRule::Flagged,
        },
        reserve,
        tolerance: match arguments.tolerate {
            None => Tolerance::Nothing,
            Some(LateArgument::Overdue) => Tolerance::Overdue,
            Some(LateArgument::Reclaimed) => Tolerance::Reclaimed,
        },
        worth: if budgets.is_empty() {
            BTreeMap::new()
        } else {
            worth(book, &arguments.worth)?
        },
        budgets,
    })
}

fn worth(book: &Book, text: &str) -> Result<BTreeMap<InstanceIndex, u128>, Failure> {
    let tag = text.strip_prefix("tag:");
    let tag = tag.and_then(|key| book.tag_keys.iter().position(|known| &**known == key));
    let value = match text {
        "price" => Some(InstanceValue::Price),
        "count" => Some(InstanceValue::Count),
        "priority" => Some(InstanceValue::Priority),
        _ => tag.map(InstanceValue::Tag),
    };
    let help =
        "--worth takes price, count, priority, or a tag with whole numbers, such as tag:weight";
    let value = value.ok_or_else(|| Failure::new(format!("there is no worth `{text}`"), help))?;
    plan::weigh(book, value).map_err(|error| Failure::new(error.to_string(), help))
}

fn condition(book: &Book, text: &str) -> Result<Selector, Failure> {
    let mut problems = Diagnostics::default();
    input::condition(book, "--keep", text, &mut problems).ok_or(Failure::Input(problems))
}

/// The same amount in every currency of the book.
fn reserve(book: &Book, text: &str) -> Result<BTreeMap<Currency, Money>, Failure> {
    let help = "write a plain amount such as --reserve 500.00";
    let mut reserve = BTreeMap::new();
    for currency in book.accounts.iter().map(|account| account.currency) {
        let given = format!("`--reserve {text}` in {currency}");
        reserve.insert(currency, plain_amount(&given, text, currency, help)?);
    }
    Ok(reserve)
}

fn refuse_impossible_question(
    book: &Book,
    channel: PaymentChannel<'_>,
    question: &PlanQuestion,
) -> Result<(), Failure> {
    if channel.arrivals(&question.cadence).is_empty() {
        let (from, to) = (book.days.from, book.days.to);
        return Err(Failure::new(
            format!("no money can arrive from {from} to {to}"),
            "give --cadence a date of the run, early enough for the channel",
        ));
    }
    if !plan::is_plannable(book) {
        return Err(Failure::new(
            "the amounts of this book are too large for a plan",
            "look for an amount with too many digits",
        ));
    }
    Ok(())
}

/// The files of the charts of accounts, each above the line below which it must not fall.
fn draw_charts(
    book: &Book,
    plan: &Plan,
    question: &PlanQuestion,
) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let charts = files::pictures(book, plan, |account| {
        let account = book.account(account);
        let is_strict = question.tolerance == Tolerance::Nothing;
        let alert = account.alert_below.filter(|_| is_strict);
        question.reserve.get(&account.currency).copied().max(alert)
    });
    results::draw_pictures(&charts)
}
