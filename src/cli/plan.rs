//! `renewcast plan`: how little money has to be there, and when, so that nothing fails.

mod answer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, ValueEnum};

use super::changes::Changes;
use super::diagnostics::shown_path;
use super::folder::{Loaded, load, name_of};
use super::output::OutputTarget;
use super::print::{say, warn};
use super::progress::AccountProgress;
use super::{Failure, Outcome, amount};
use crate::analysis::plan::{
    self, Cadence, InstanceValue, KeepRule, PaymentChannel, Plan, PlanQuestion, Tolerance,
};
use crate::input;
use crate::input::diagnostic::Diagnostics;
use crate::model::account::AccountIndex;
use crate::model::action::Channel;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::instance::InstanceIndex;
use crate::model::money::{Currency, Money};
use crate::model::selector::Selector;
use crate::output::chart::Format;
use crate::output::plan as files;

const EXAMPLES: &str = "\
Examples:
  renewcast plan data/example
  renewcast plan my-book --keep \"\\\"tag:env\\\" = 'prod'\"     only this must stay; flags of the rest are set to none
  renewcast plan my-book --cadence weekly --channel bank
  renewcast plan my-book --cadence 2027-01-05,2027-04-05 --reserve 500
  renewcast plan my-book --budget shop=500 --worth priority   what to keep with so much money
  renewcast plan my-book --tolerate reclaimed          as late as can be without losing anything for good

Put it into effect: paste the rows of actions.csv into that of the book, or copy scenarios/plan.toml into the scenarios
of the book and run it with --scenario plan.

Exit code 1: something that must be paid or kept is impossible; the answer and impossible.csv say why.";

/// Plan the money: the least top-ups, as late as possible, so that every renewal succeeds
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder of the book
    book: PathBuf,
    /// Keep the instances that match this condition, and no others [default: those with the flag auto or manual, unless people end them]
    #[arg(long, value_name = "CONDITION")]
    keep: Option<String>,
    /// Pay only what is due by flags and actions of the book: nobody renews anything besides
    #[arg(long, conflicts_with = "keep")]
    due_only: bool,
    /// When money can be sent: monthly (the first day, then each 1st), weekly (the first day, then Mondays), daily, or dates with commas between
    #[arg(long, value_name = "WHEN", default_value = "monthly")]
    cadence: CadenceArgument,
    /// How it is sent, with the working days of the profile [default: it is there at once]
    #[arg(long, value_enum)]
    channel: Option<ArrivalRule>,
    /// Leave so much in each account
    #[arg(long, value_name = "AMOUNT")]
    reserve: Option<String>,
    /// Let renewals be late, as long as nothing is reclaimed or stopped (overdue), or terminated (reclaimed)
    #[arg(long, value_enum, value_name = "STATE")]
    tolerate: Option<LateArgument>,
    /// What an account gets, once: [ACCOUNT=]AMOUNT. Where it does not suffice, the plan says which instances to keep
    #[arg(long, value_name = "MONEY", conflicts_with = "tolerate")]
    budget: Vec<String>,
    /// What instances are worth where the budget does not keep all: price, count, priority, or a tag such as tag:weight
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "price",
        requires = "budget"
    )]
    worth: String,
    #[command(flatten)]
    changes: Changes,
    /// Write into this folder [default: reports/<book>/cash-plan]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write into a folder that holds other files; none of them is touched
    #[arg(long)]
    force: bool,
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
    let out = arguments
        .out
        .clone()
        .unwrap_or_else(|| default_out(arguments));
    let target = OutputTarget::of_result((&out, arguments.force), "plan.json")?;
    let loaded = load(&arguments.book, &arguments.changes)?;
    let book = &loaded.book;
    let question = question(book, arguments)?;
    let way = PaymentChannel::channel_of_book(book, question.channel);
    refuse_impossible_question(book, way, &question)?;
    let progress = AccountProgress::for_count(book.accounts.len());
    let plan = plan::plan_and_count(book, &question, &|| progress.add_one());
    drop(progress);
    let plan = plan.map_err(|refusal| loaded.refused(arguments.changes.scenario(), refusal))?;
    let written = write_plan(&loaded, (&plan, &question), arguments, &target)?;
    say(answer::render(book, (&plan, &question.keep), way))?;
    say(format!(
        "Files in {}: {}",
        shown_path(&out),
        written.join(", ")
    ))?;
    Ok(if plan.is_impossible() {
        Outcome::Found
    } else {
        Outcome::Done
    })
}

fn question(book: &Book, arguments: &Arguments) -> Result<PlanQuestion, Failure> {
    Ok(PlanQuestion {
        cadence: arguments.cadence.0.clone(),
        channel: arguments.channel.map(|by| match by {
            ArrivalRule::Online => Channel::Online,
            ArrivalRule::Bank => Channel::Bank,
        }),
        keep: match arguments.keep.as_deref() {
            Some(text) => KeepRule::Matching(condition(book, "--keep", text)?),
            None if arguments.due_only => KeepRule::Due,
            None => KeepRule::Flagged,
        },
        reserve: arguments
            .reserve
            .as_deref()
            .map(|text| reserve(book, text))
            .transpose()?
            .unwrap_or_default(),
        tolerance: match arguments.tolerate {
            None => Tolerance::Nothing,
            Some(LateArgument::Overdue) => Tolerance::Overdue,
            Some(LateArgument::Reclaimed) => Tolerance::Reclaimed,
        },
        budgets: arguments
            .budget
            .iter()
            .map(|text| amount::of_account(book, ("--budget", text)))
            .collect::<Result<_, _>>()?,
        worth: if arguments.budget.is_empty() {
            BTreeMap::new()
        } else {
            worth(book, &arguments.worth)?
        },
    })
}

fn worth(book: &Book, text: &str) -> Result<BTreeMap<InstanceIndex, u128>, Failure> {
    let tag = |key: &str| {
        book.tag_keys
            .iter()
            .position(|known| **known == *key)
            .map(InstanceValue::Tag)
    };
    let worth = match text {
        "price" => Some(InstanceValue::Price),
        "count" => Some(InstanceValue::Count),
        "priority" => Some(InstanceValue::Priority),
        other => other.strip_prefix("tag:").and_then(tag),
    };
    let help =
        "--worth takes price, count, priority, or a tag with whole numbers, such as tag:weight";
    let worth = worth.ok_or_else(|| Failure::new(format!("there is no worth `{text}`"), help))?;
    plan::weigh(book, worth).map_err(|error| Failure::new(error.to_string(), help))
}

fn condition(book: &Book, option: &str, text: &str) -> Result<Selector, Failure> {
    let mut problems = Diagnostics::default();
    input::condition(book, option, text, &mut problems).ok_or(Failure::Input(problems))
}

/// The same amount in every currency of the book.
fn reserve(book: &Book, text: &str) -> Result<BTreeMap<Currency, Money>, Failure> {
    let amount = |currency: Currency| {
        let amount = Money::parse(text, currency);
        let help = "write a plain amount such as --reserve 500.00";
        let amount = amount.map_err(|error| {
            Failure::new(format!("`--reserve {text}` in {currency}: {error}"), help)
        })?;
        if amount.is_negative() {
            return Err(Failure::new(
                format!("`--reserve {text}` is below zero"),
                help,
            ));
        }
        Ok((currency, amount))
    };
    book.accounts
        .iter()
        .map(|account| amount(account.currency))
        .collect()
}

fn refuse_impossible_question(
    book: &Book,
    way: PaymentChannel<'_>,
    question: &PlanQuestion,
) -> Result<(), Failure> {
    if way.arrivals(&question.cadence).is_empty() {
        let message = format!(
            "no money can arrive from {} to {}",
            book.days.from, book.days.to
        );
        return Err(Failure::new(
            message,
            "give --cadence a date of the run, early enough for the channel",
        ));
    }
    if !plan::is_plannable(book) {
        let message = "the amounts of this book leave no room for those of a plan";
        return Err(Failure::new(
            message,
            "look for an amount with too many digits",
        ));
    }
    Ok(())
}

fn default_out(arguments: &Arguments) -> PathBuf {
    let reports = Path::new("reports").join(name_of(&arguments.book));
    arguments
        .changes
        .folder()
        .map_or(reports.clone(), |folder| reports.join(folder))
        .join("cash-plan")
}

/// Writes everything; the names of the files.
fn write_plan(
    loaded: &Loaded,
    (plan, question): (&Plan, &PlanQuestion),
    arguments: &Arguments,
    target: &OutputTarget<'_>,
) -> Result<Vec<String>, Failure> {
    let book = &loaded.book;
    let way = PaymentChannel::channel_of_book(book, question.channel);
    let mut made = files::files(book, plan, (way, arguments.changes.scenario()));
    if !made.iter().any(|(name, _)| name.starts_with("scenarios/")) {
        warn(
            "the scenario would be larger than a book may have; paste the rows of actions.csv instead",
        );
    }
    let names: Vec<String> = made.iter().map(|(name, _)| name.clone()).collect();
    let floor = |account: AccountIndex| {
        let account = book.account(account);
        let alert = account
            .alert_below
            .filter(|_| question.tolerance == Tolerance::Nothing);
        question.reserve.get(&account.currency).copied().max(alert)
    };
    let pictures = if arguments.no_charts {
        Vec::new()
    } else {
        files::pictures(book, plan, floor)
    };
    for picture in &pictures {
        for (format, ending) in [(Format::Svg, "svg"), (Format::Png, "png")] {
            let bytes = picture
                .draw_chart(format)
                .map_err(|error| Failure::new(error.to_string(), "use --no-charts"))?;
            made.push((format!("charts/{}.{ending}", picture.name), bytes));
        }
    }
    target.write_files(&made)?;
    let charts = (!pictures.is_empty()).then(|| "charts/".to_owned());
    Ok(names.into_iter().chain(charts).collect())
}
