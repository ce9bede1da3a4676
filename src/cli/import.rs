//! `renewcast import`: a book from what a cloud's own tools print.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::diagnostics::{counted, render, shown_path, visible};
use super::output::Target;
use super::say::{say, warn};
use super::{Failure, Outcome, folder};
use crate::calendar::Day;
use crate::id::AccountId;
use crate::import::{self, Imported, KnownProfile, Options, Source};
use crate::money::Currency;
use crate::source;

const EXAMPLES: &str = "\
Examples:
  tccli cvm DescribeInstances --Limit 100 > cvm.json
  tccli billing DescribeAccountBalance > balance.json
  renewcast import tencent cvm.json balance.json --out my-book
  renewcast check my-book        then fill in prices.csv until nothing is wrong";

/// Make a book from what a cloud's own tools print
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    cloud: Cloud,
}

#[derive(Subcommand)]
enum Cloud {
    Tencent(Tencent),
}

/// Answers of Tencent Cloud: DescribeInstances of cvm and lighthouse, DescribeDisks, DescribeRenewInstances, DescribeAccountBalance
#[derive(Args)]
#[command(after_help = EXAMPLES)]
struct Tencent {
    /// Files of answers as the tools print them, in any mix and order
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write the book into this folder
    #[arg(long, value_name = "BOOK")]
    out: PathBuf,
    /// The zone of the book's dates
    #[arg(long, default_value = "Asia/Shanghai")]
    zone: chrono_tz::Tz,
    /// The first day of the run [default: today in the zone]
    #[arg(long, value_name = "DATE", value_parser = Day::parse)]
    from: Option<Day>,
    /// The last day of the run [default: a year later]
    #[arg(long, value_name = "DATE", value_parser = Day::parse)]
    to: Option<Day>,
    /// The account of the instances, where no balance names one
    #[arg(long, value_name = "ID", default_value = "main", value_parser = account_id)]
    account: AccountId,
    /// The currency of all amounts
    #[arg(long, value_name = "CODE", default_value = "CNY", value_parser = currency)]
    currency: Currency,
    /// Replace a book that is there; it is kept as BOOK.before
    #[arg(long)]
    force: bool,
}

fn account_id(text: &str) -> Result<AccountId, String> {
    AccountId::new(text).ok_or_else(|| "an account needs an id".to_owned())
}

fn currency(text: &str) -> Result<Currency, String> {
    let known = || format!("no known currency; write one of {}", Currency::codes().collect::<Vec<_>>().join(", "));
    Currency::from_code(text).ok_or_else(known)
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let Cloud::Tencent(arguments) = &arguments.cloud;
    let target = Target::of_book(&arguments.out, arguments.force)?;
    let sources = arguments.files.iter().map(|file| {
        let bytes = folder::file(file)?;
        Ok(Source { name: file.display().to_string(), bytes })
    });
    let sources: Vec<Source> = sources.collect::<Result<_, Failure>>()?;
    let imported = import::tencent(&sources, &options(arguments)?).map_err(Failure::Input)?;
    let files = imported.files.iter().map(|(name, text)| ((*name).to_owned(), text.clone().into_bytes()));
    target.write(&files.collect::<Vec<_>>())?;
    report(&imported, arguments).map(|()| Outcome::Done)
}

#[expect(clippy::disallowed_methods, reason = "a run begins today unless the command line says otherwise")]
fn options(arguments: &Tencent) -> Result<Options, Failure> {
    let today = || Day::from(chrono::Utc::now().with_timezone(&arguments.zone).date_naive());
    let from = arguments.from.unwrap_or_else(today);
    let to = arguments.to.unwrap_or_else(|| from + 364);
    if to < from {
        return Err(Failure::new(
            format!("the run ends on {to}, before it begins on {from}"),
            "exchange --from and --to",
        ));
    }
    Ok(Options {
        name: folder::name_of(&arguments.out).display().to_string(),
        zone: arguments.zone,
        from,
        to,
        account: arguments.account.clone(),
        currency: arguments.currency,
        profiles: source::builtin_rules().iter().map(KnownProfile::from).collect(),
    })
}

fn report(imported: &Imported, arguments: &Tencent) -> Result<(), Failure> {
    if imported.notes.warnings() > 0 {
        warn(format!("{}\n", render(&imported.notes)));
    }
    let counts = imported.counts;
    let (instances, accounts) = (counted(counts.instances, "instance"), counted(counts.accounts, "account"));
    say(format!("{}: {instances}, {accounts} from {}", shown_path(&arguments.out), counted(counts.answers, "answer")))?;
    if !imported.to_do.is_empty() {
        say("\nTo do:")?;
    }
    for line in &imported.to_do {
        say(format!("  {}", visible(line)))?;
    }
    say(format!("\nThen: renewcast check {}", shown_path(&arguments.out)))
}
