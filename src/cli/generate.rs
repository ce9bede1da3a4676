//! `renewcast generate`: a random sample book of any size.

use std::path::PathBuf;

use clap::Args;
use clap::builder::RangedU64ValueParser;

use super::output::{OutputFile, OutputTarget, Staged};
use super::print::say;
use super::words::{counted, shown_path};
use super::{Failure, Outcome};
use crate::input::generate::{DEFAULT_DAYS, SampleSpec, write_sample};
use crate::model::calendar::Day;

const EXAMPLES: &str = "\
Examples:
  renewcast generate --out try
  renewcast generate --accounts 1000 --instances 100000 --seed 7 --out big";

/// Generate a random sample book (reproducible with --seed)
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// How many accounts
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = RangedU64ValueParser::<u32>::new().range(1..=10_000_000))]
    accounts: u32,
    /// How many instances
    #[arg(long, value_name = "M", default_value_t = 100, value_parser = RangedU64ValueParser::<u32>::new().range(1..=100_000_000))]
    instances: u32,
    /// Random seed
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
    /// Overwrite an existing book; it is kept as BOOK.before
    #[arg(long)]
    force: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let Arguments {
        accounts,
        instances,
        seed,
        from,
        days,
        ..
    } = *arguments;
    let out = arguments.out.clone();
    let target = OutputTarget::open_target(out, OutputFile::Book, arguments.force)?;
    let mut staged = Staged::begin(&target)?;
    let spec = SampleSpec {
        accounts,
        instances,
        seed,
        from,
        days,
    };
    write_sample(&spec, |name, piece| staged.append(name, piece))?;
    staged.commit()?;
    let accounts = counted(accounts as usize, "account");
    let instances = counted(instances as usize, "instance");
    let out = shown_path(&arguments.out);
    say(format!(
        "{out}: {accounts}, {instances}, seed {seed}\n\nThen: renewcast run {out}"
    ))?;
    Ok(Outcome::Done)
}
