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
    let Some(name) = &arguments.name else {
        let width = input::builtin_profiles()
            .map(|(name, _)| name.len())
            .max()
            .unwrap_or(0);
        for (name, title) in input::builtin_profiles() {
            say(format!("{name:width$}  {title}"))?;
        }
        return Ok(Outcome::Done);
    };
    let text = text_of(name).ok_or_else(|| {
        Failure::new(
            format!("there is no built-in profile `{name}`"),
            "`renewcast profiles` lists them",
        )
    })?;
    say_own(text)?;
    Ok(Outcome::Done)
}

/// The table of a profile as it is written, with the comment above it.
fn text_of(name: &str) -> Option<&'static str> {
    let header = format!("\n[{name}]\n");
    let at = BUILTIN.find(&header)?;
    let start = BUILTIN[..at].rfind("\n\n").map_or(0, |blank| blank + 2);
    let end = BUILTIN[at..]
        .find("\n\n")
        .map_or(BUILTIN.len(), |blank| at + blank);
    Some(BUILTIN[start..end].trim_end())
}
