//! `renewcast generate`: a plausible random book of any size.

use std::path::PathBuf;

use clap::Args;
use clap::builder::RangedU64ValueParser;

use super::diagnostics::{counted, shown_path};
use super::output::{OutputTarget, Staged};
use super::print::say;
use super::{Failure, Outcome};
use crate::input::generate::{DEFAULT_DAYS, SampleSpec, write_sample};
use crate::model::calendar::Day;

const EXAMPLES: &str = "\
Examples:
  renewcast generate --out try
  renewcast generate --accounts 1000 --instances 100000 --seed 7 --out big";

/// Make a plausible random book; the same arguments give the same book
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// How many accounts
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = RangedU64ValueParser::<u32>::new().range(1..=10_000_000))]
    accounts: u32,
    /// How many instances
    #[arg(long, value_name = "M", default_value_t = 100, value_parser = RangedU64ValueParser::<u32>::new().range(1..=100_000_000))]
    instances: u32,
    /// Which of the many books of this size
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// The first day of the run
    #[arg(long, value_name = "DATE", default_value = "2026-12-01", value_parser = Day::parse)]
    from: Day,
    /// The length of the run
    #[arg(long, value_name = "DAYS", default_value_t = DEFAULT_DAYS, value_parser = RangedU64ValueParser::<u32>::new().range(1..=36_500))]
    days: u32,
    /// Write the book into this folder
    #[arg(long, value_name = "BOOK")]
    out: PathBuf,
    /// Replace a book that is there; it is kept as BOOK.before
    #[arg(long)]
    force: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let target = OutputTarget::of_book(&arguments.out, arguments.force)?;
    let Arguments {
        accounts,
        instances,
        seed,
        from,
        days,
        ..
    } = *arguments;
    let plan = SampleSpec {
        accounts,
        instances,
        seed,
        from,
        days,
    };
    let mut staged = Staged::begin(&target)?;
    write_sample(&plan, |name, piece| staged.append(name, piece))?;
    staged.commit()?;
    let (accounts, instances) = (
        counted(accounts as usize, "account"),
        counted(instances as usize, "instance"),
    );
    say(format!(
        "{}: {accounts}, {instances}, seed {seed}",
        shown_path(&arguments.out)
    ))?;
    say(format!(
        "\nThen: renewcast run {}",
        shown_path(&arguments.out)
    ))?;
    Ok(Outcome::Done)
}
