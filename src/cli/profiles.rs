//! `renewcast profiles`: the built-in life-cycle rules.

use clap::Args;

use super::print::{say, say_own};
use super::{Failure, Outcome};
use crate::input;
use crate::model::profile::BUILTIN;

const EXAMPLES: &str = "\
Examples:
  renewcast profiles
  renewcast profiles tencent-mysql >> my-book/profiles.toml";

/// List the built-in profiles, or print one with its sources, ready to copy into profiles.toml
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The profile to print
    name: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    match &arguments.name {
        Some(name) => say_own(written_profile(name).ok_or_else(|| {
            let message = format!("there is no built-in profile `{name}`");
            Failure::new(message, "`renewcast profiles` lists them")
        })?)?,
        None => {
            let width = input::builtin_profiles()
                .map(|(name, _)| name.len())
                .max()
                .unwrap_or(0);
            for (name, title) in input::builtin_profiles() {
                say(format!("{name:width$}  {title}"))?;
            }
        }
    }
    Ok(Outcome::Done)
}

/// The table of a profile as it is written, with the comment above it.
fn written_profile(name: &str) -> Option<&'static str> {
    let (before, after) = BUILTIN.split_once(&format!("\n[{name}]\n"))?;
    let start = before.rfind("\n\n").map_or(0, |blank| blank + 2);
    let rest = after.find("\n\n").map_or(0, |blank| after.len() - blank);
    Some(BUILTIN[start..BUILTIN.len() - rest].trim_end())
}
