//! `renewcast import`: a book from the responses of a cloud's own tools.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use rust_decimal::Decimal;

use super::diagnostics::render;
use super::output::{OutputFile, OutputTarget};
use super::print::{say, warn};
use super::words::{counted, shown_path, visible};
use super::{Failure, Outcome, folder};
use crate::input;
use crate::input::import::{self, Imported, KnownProfile, LifecycleRules, Options, Source};
use crate::model::bill::ChargeKind;
use crate::model::calendar::{Day, DayRange};
use crate::model::id::AccountId;
use crate::model::money::Currency;

const EXAMPLES: &str = "\
Examples:
  tccli cvm DescribeInstances --Limit 100 > cvm.json
  tccli billing DescribeAccountBalance > balance.json
  renewcast import tencent cvm.json balance.json --out my-book
  renewcast check my-book        then fill in prices.csv until nothing is wrong
  tccli billing DescribeBillDetail --Month 2026-11 --Limit 100 --NeedRecordNum 1 > bill.json
  renewcast import tencent bill.json --out my-book --add --as-of 2026-12-02";

/// Make a book from the responses of a cloud's own tools
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    cloud: ImportSource,
}

#[derive(Subcommand)]
enum ImportSource {
    /// Responses of Tencent Cloud (instances, disks, renewals, balances, bills, orders) and its exported bills, CSV or XLSX
    Tencent(Responses),
    /// FOCUS 1.0 to 1.4 cost and usage rows of any provider, CSV
    Focus(Responses),
}

#[derive(Args)]
#[command(after_help = EXAMPLES)]
struct Responses {
    /// Files as the tools and the console write them, in any mix and order
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
    /// Add bills to an existing book; nothing in it is lost
    #[arg(long, conflicts_with = "force")]
    add: bool,
    /// The date of the bills [default: today in the zone]
    #[arg(long, value_name = "DATE", value_parser = Day::parse)]
    as_of: Option<Day>,
    /// The bills cover whole months: rows of these months that they no longer have get the amount 0
    #[arg(long)]
    complete: bool,
    /// Overwrite an existing book; it is kept as BOOK.before
    #[arg(long)]
    force: bool,
}

fn account_id(text: &str) -> Result<AccountId, String> {
    AccountId::new(text).ok_or_else(|| "an account needs an id".to_owned())
}

fn currency(text: &str) -> Result<Currency, String> {
    Currency::from_code(text).ok_or_else(|| {
        let known: Vec<&str> = Currency::codes().collect();
        format!("not a known currency; write one of {}", known.join(", "))
    })
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let (ImportSource::Tencent(arguments) | ImportSource::Focus(arguments)) = &arguments.cloud;
    let work = if arguments.add {
        OutputFile::Grown
    } else {
        OutputFile::Book
    };
    let target = OutputTarget::open_target(arguments.out.clone(), work, arguments.force)?;
    let mut sources = Vec::new();
    for path in &arguments.files {
        let bytes = folder::read_file(path)?;
        sources.push(Source {
            name: path.display().to_string(),
            bytes,
        });
    }
    let imported = if arguments.add {
        let book = folder::read_folder(&arguments.out)?;
        let rules = input::book_rules(&book).map_err(Failure::Input)?;
        let options = options(arguments, Some(&rules))?;
        import::add_bills(&sources, &options, changeable(&arguments.out, &book)?)
    } else {
        import::tencent(&sources, &options(arguments, None)?)
    };
    let imported = imported.map_err(Failure::Input)?;
    let files = imported
        .files
        .iter()
        .map(|(name, text)| (name.clone(), text.clone().into_bytes()));
    target.write_files(&files.collect::<Vec<_>>())?;
    print_import(&imported, &arguments.out).map(|()| Outcome::Done)
}

/// The files of a book that bills can change.
fn changeable(out: &Path, book: &input::Folder) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let mut files = BTreeMap::new();
    for name in import::CHANGED_BY_BILLS {
        if let Some(bytes) = book.get(name) {
            files.insert((*name).to_owned(), bytes.to_vec());
        }
    }
    let bills = out.join(input::bills::FILE);
    if bills.exists() {
        files.insert(input::bills::FILE.to_owned(), folder::read_file(&bills)?);
    }
    Ok(files)
}

/// Rule **imported-days**.
#[expect(
    clippy::disallowed_methods,
    reason = "a run begins today unless the command line says otherwise"
)]
fn options(arguments: &Responses, book: Option<&input::BookRules>) -> Result<Options, Failure> {
    let zone = book
        .and_then(|book| book.time_zone.parse().ok())
        .unwrap_or(arguments.zone);
    let today = Day::from(chrono::Utc::now().with_timezone(&zone).date_naive());
    let from = book
        .map(|book| book.from)
        .or(arguments.from)
        .unwrap_or(today);
    let to = arguments.to.unwrap_or(DayRange::year_from(from).to);
    if to < from {
        let message = format!("the run ends on {to}, before it begins on {from}");
        return Err(Failure::new(message, "exchange --from and --to"));
    }
    let followed = book.map(|book| LifecycleRules {
        default: KnownProfile::from(&book.default),
        products: book
            .products
            .iter()
            .map(|(name, profile)| (name.to_string(), profile.into()))
            .collect(),
    });
    Ok(Options {
        name: folder::name_of(&arguments.out).display().to_string(),
        zone,
        from,
        to,
        account: arguments.account.clone(),
        currency: book.map_or(arguments.currency, |book| book.currency),
        as_of: arguments.as_of.unwrap_or(today),
        complete: arguments.complete,
        profiles: input::builtin_rules()
            .iter()
            .map(KnownProfile::from)
            .collect(),
        followed,
    })
}

fn print_import(imported: &Imported, out: &Path) -> Result<(), Failure> {
    if imported.notes.warnings() > 0 {
        warn(format!("{}\n", render(&imported.notes)));
    }
    let counts = imported.counts;
    let instances = counted(counts.instances, "instance");
    let accounts = counted(counts.accounts, "account");
    let responses = counted(counts.answers, "response");
    let out = shown_path(out);
    say(format!("{out}: {instances}, {accounts} from {responses}"))?;
    imported.bills.iter().try_for_each(print_bills)?;
    if !imported.to_do.is_empty() {
        say("\nTo do:")?;
    }
    for line in &imported.to_do {
        say(format!("  {}", visible(line)))?;
    }
    say(format!("\nThen: renewcast check {out}"))
}

/// What came of bills: rows by sort, sums by statement.
fn print_bills(bills: &import::BillReport) -> Result<(), Failure> {
    let added = bills.added;
    let mut text = format!(
        "bills: {} read: {} new",
        counted(added.read, "row"),
        added.new
    );
    for (count, word) in [
        (added.corrected, "corrected"),
        (added.withdrawn, "withdrawn"),
        (added.known, "known"),
        (added.twice, "duplicate"),
    ] {
        if count > 0 {
            text += &format!(", {count} {word}");
        }
    }
    say(text)?;
    for ((account, month, currency), kinds) in &bills.sums {
        let (moved, charged): (Vec<_>, Vec<_>) =
            kinds.iter().partition(|(kind, _)| kind.is_movement());
        let mut parts = Vec::new();
        if !charged.is_empty() {
            let sum: Decimal = charged.iter().map(|(_, amount)| **amount).sum();
            parts.push(format!(
                "{} ({})",
                sum.normalize(),
                kinds_of_charge(&charged)
            ));
        }
        if !moved.is_empty() {
            parts.push(kinds_of_charge(&moved));
        }
        let account = visible(account.as_str());
        say(format!(
            "  {month} {account}: {currency} {}",
            parts.join("; ")
        ))?;
    }
    if bills.agreed > 0 {
        let agree = if bills.agreed == 1 { "agrees" } else { "agree" };
        say(format!(
            "  {} {agree}",
            counted(bills.agreed, "control total")
        ))?;
    }
    if bills.priced > 0 {
        let until = bills.until.as_deref().unwrap_or_default();
        say(format!(
            "  {} from bills to {until}",
            counted(bills.priced, "price")
        ))?;
    }
    Ok(())
}

fn kinds_of_charge(kinds: &[(&ChargeKind, &Decimal)]) -> String {
    let parts = kinds
        .iter()
        .map(|(kind, amount)| format!("{} {}", kind.name(), amount.normalize()));
    parts.collect::<Vec<_>>().join(", ")
}
