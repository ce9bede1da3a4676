//! `renewcast explain`: the story of one instance or account in plain sentences.

use std::path::PathBuf;

use clap::Args;

use super::changes::Changes;
use super::diagnostics::visible;
use super::folder::load;
use super::ink::FAINT;
use super::say::say;
use super::{Failure, Outcome, answer};
use crate::engine;
use crate::explain::{self, Story};
use crate::source;
use crate::summary::Tally;
use crate::tasks;

const EXAMPLES: &str = "\
Examples:
  renewcast explain data/example shop-web-1
  renewcast explain data/example shop --scenario yearly";

/// Tell the story of one instance or account: what happens, what it costs, and by which rule
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder of the book
    book: PathBuf,
    /// The id of an instance, or of an account
    id: String,
    #[command(flatten)]
    changes: Changes,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let loaded = load(&arguments.book, &arguments.changes)?;
    let replay = engine::replay(&loaded.book);
    let replay = replay.map_err(|refusal| loaded.refused(arguments.changes.scenario(), refusal))?;
    let book = loaded.book;
    let mut tally = Tally::open(&book);
    tally.add(replay.ledger.entries.iter(), replay.ledger.balances.iter());
    let list = tasks::list(&book, &tally.close());
    let (story, list) = if let Some(instance) = book.find_instance(&arguments.id) {
        (explain::instance(&book, &replay.ledger, &replay.closing, instance), list.of_instance(instance))
    } else if let Some(account) = book.find_account(&arguments.id) {
        let mut list = list.of_account(account);
        list.beyond.retain(|(instance, _)| book.instance(*instance).account == account);
        (explain::account(&book, &replay.ledger, &replay.closing, account), list)
    } else {
        let message = format!("the book has no instance and no account `{}`", arguments.id);
        let instances = book.instances.iter().map(|one| one.id.as_str());
        let ids = instances.chain(book.accounts.iter().map(|one| one.id.as_str()));
        let help = source::meant_id(&arguments.id, ids);
        return Err(Failure::new(visible(&message), visible(&help)));
    };
    print(&story)?;
    let to_do = answer::tasks::render(&book, &list);
    if !to_do.is_empty() {
        say(format!("\n{}", to_do.trim_end()))?;
    }
    Ok(Outcome::Done)
}

fn print(story: &Story) -> Result<(), Failure> {
    say(format!("{}\n", visible(&story.opening)))?;
    for step in &story.steps {
        say(visible(&step.sentence))?;
        if let Some(rule) = &step.rule {
            say(format!("            {FAINT}rule of {}{FAINT:#}", visible(rule)))?;
        }
    }
    say(format!("\n{}", visible(&story.closing)))
}
