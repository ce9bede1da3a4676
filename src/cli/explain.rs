//! `renewcast explain`: the story of one instance or account in plain sentences.

use std::path::PathBuf;

use anstream::println;
use anstyle::Style;
use clap::Args;

use super::folder::load;
use super::run::replay;
use super::{Failure, Outcome};
use crate::explain::{self, Story};

const EXAMPLES: &str = "\
Examples:
  renewcast explain data/example web-1
  renewcast explain data/example shop --scenario yearly";

/// Tell the story of one instance or account: what happens, what it costs, and by which rule
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder of the book
    book: PathBuf,
    /// The id of an instance, or of an account
    id: String,
    /// Apply scenarios/NAME.toml of the book
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let book = load(&arguments.book, arguments.scenario.as_deref())?.book;
    let replay = replay(&book, None)?;
    let story = if let Some(instance) = book.find_instance(&arguments.id) {
        explain::instance(&book, &replay.ledger, &replay.closing, instance)
    } else if let Some(account) = book.find_account(&arguments.id) {
        explain::account(&book, &replay.ledger, &replay.closing, account)
    } else {
        let message = format!("the book has no instance and no account `{}`", arguments.id);
        return Err(Failure::new(message, "take an id from instances.csv or accounts.csv"));
    };
    print(&story);
    Ok(Outcome::Done)
}

fn print(story: &Story) {
    const FAINT: Style = Style::new().dimmed();
    println!("{}\n", story.opening);
    for step in &story.steps {
        println!("{}", step.sentence);
        if let Some(rule) = &step.rule {
            println!("            {FAINT}rule of {rule}{FAINT:#}");
        }
    }
    println!("\n{}", story.closing);
}
